"""What matching needs to know of the landed rows of persons, beside their identities: which row, which event, which year.

Here: the description of the rows in force of registrations, attendances and answers, without anything personal; how an event is spelled. Not here:
identities (the vault has them), who is who (`identity.matching`), what dbt receives (`handover.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from identity.keys import YEARS
from sources.contract import LoadedContract
from sources.entities import ENTITIES
from sources.landed_files import RECORDS
from sources.landing import Places
from sources.ledger import deliveries, open_ledger
from sources.references import rows as reference_rows

FIRST_YEAR, LAST_YEAR = YEARS.start, YEARS.stop - 1

# entity → (instants in the order that gives a row its year, when the row was made, whether the person came)
_ENTITIES = {
    "registration": (
        ("registered_at", "updated_at", "cancelled_at", "checked_in_at"),
        "coalesce(registered_at, updated_at, checked_in_at, cancelled_at)",
        "coalesce(checked_in, false) or checked_in_at is not null or coalesce(status = 'attended', false)",
    ),
    "attendance": (("joined_at", "left_at"), "coalesce(joined_at, left_at)", "coalesce(is_present, true)"),
    "feedback": (("submitted_at",), "submitted_at", "false"),
}


def rows_of_persons(places: Places, contracts: dict[str, LoadedContract]) -> pa.Table:
    """The rows in force of the entities about persons: source, delivery_id, row_number INTEGER, event_id, year INTEGER (of the
    programme, else of the row's first instant, else of the delivery), is_present BOOLEAN, seen_at TIMESTAMP (null where the row does
    not say). A record that its platform showed again or deleted since is left out.

    An event is spelled as its programme spells it when only the case of letters differs and one event alone has these letters."""
    with open_ledger(places.ledger) as ledger:
        ever = [row for row in deliveries(ledger) if row["source"] in contracts and row["outcome"] == "accepted"]
    known = [row for row in ever if row["state"] == "accepted"]
    years = {row["programme_id"]: int(row["year"]) for row in reference_rows("programmes.csv") if row["year"]}
    selects, params = [], {}
    for entity, (instants, seen_at, is_present) in _ENTITIES.items():
        files = _files(places, contracts, entity, known)
        if not files:
            continue
        assert set(instants) <= ENTITIES[entity].columns.keys()
        params[entity] = files
        # an instant typed in another century gives no year: there is no key for it
        year = ", ".join(
            f"case when year({instant}) between {FIRST_YEAR} and {LAST_YEAR} then year({instant}) end"
            for instant in instants
        )
        selects.append(
            "select source, delivery_id, row_number, coalesce(spelled.event_id, said.event_id) as event_id, "
            # the door chose the key of the pseudonym by the year: its choice is the year of the row
            f"coalesce(try_cast(split_part(person_key_id, '-', 1) as integer), py.year, {year}, year(delivered_at))::integer as year, "
            f"{is_present} as is_present, {seen_at} as seen_at, record_key, delivered_at "
            f"from read_parquet(${entity}, union_by_name = true) said left join programme_year py using (programme_id) "
            "left join spelled on spelled.letters = lower(said.event_id)"
        )
    if not selects:
        return ROWS.empty_table()
    records = [str(path) for path in (places.landing / RECORDS).glob("*.parquet")]
    replaced = ""
    if records:
        params["records"] = records
        replaced = (
            " anti join (select source, record_key, max(delivered_at) as last_at from read_parquet($records) group by all) l "
            "on l.source = r.source and l.record_key = r.record_key and r.delivered_at < l.last_at"
        )
    with contextlib.closing(duckdb.connect()) as con:
        con.register(
            "programme_year", pa.table({"programme_id": list(years), "year": pa.array(years.values(), pa.int32())})
        )
        # as in dbt, an event that is not shown any more is still one
        con.register("spelled", _spellings(_files(places, contracts, "event", ever)))
        query = f"select {', '.join(ROWS.names)} from ({' union all '.join(selects)}) r{replaced}"
        return pa.Table.from_batches(
            (batch.cast(ROWS) for batch in con.sql(query, params=params).to_arrow_reader()), ROWS
        ).unify_dictionaries()


def with_spelled_events(rows: pa.Table, landing: Path) -> pa.Table:
    """`rows` with their event (`event_id`, text) spelled as `rows_of_persons` spells it, by all that the landing zone describes."""
    known = _spellings([str(path) for path in (landing / "event").glob("*.parquet")])
    typed = rows["event_id"]
    at = pc.index_in(pc.utf8_lower(typed), value_set=known["letters"].combine_chunks())
    spelled = pc.coalesce(known["event_id"].combine_chunks().take(at), typed)
    return rows.set_column(rows.schema.get_field_index("event_id"), "event_id", spelled)


def _spellings(described: Sequence[str]) -> pa.Table:
    """letters (lower case), event_id: of the events that these landed files describe, those whose letters no other event has."""
    if not described:
        return pa.table({"letters": pa.array([], pa.string()), "event_id": pa.array([], pa.string())})
    with contextlib.closing(duckdb.connect()) as con:
        return con.sql(
            "select lower(event_id) as letters, min(event_id) as event_id from read_parquet($files) "
            "group by letters having count(distinct event_id) = 1",
            params={"files": list(described)},
        ).to_arrow_table()


def _files(places: Places, contracts: dict[str, LoadedContract], entity: str, known: list[dict]) -> list[str]:
    """Where the rows of this entity landed, of these deliveries."""
    return [
        str(places.landing / entity / f"{row['source']}__{row['delivery_id']}.parquet")
        for row in known
        if contracts[row["source"]].contract.entity == entity
    ]


ROWS = pa.schema(
    [
        ("source", pa.dictionary(pa.int32(), pa.string())),
        ("delivery_id", pa.dictionary(pa.int32(), pa.string())),
        ("row_number", pa.int32()),
        ("event_id", pa.dictionary(pa.int32(), pa.string())),
        ("year", pa.int32()),
        ("is_present", pa.bool_()),
        ("seen_at", pa.timestamp("us")),
    ]
)
