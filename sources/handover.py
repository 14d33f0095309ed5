"""What this room hands to dbt: the landed rows of the deliveries in force, the ledger, quarantine, explanations, references.

Here: filling the schemas `landing` and `reference` of a candidate warehouse, with tables, and with views on the landed files where these are
about persons. Not here: any rule on these rows (dbt).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from sources import references
from sources.contract import LoadedContract
from sources.copies import Copy, copies
from sources.corrections import Correction, load_corrections
from sources.entities import ENTITIES, LINEAGE
from sources.explanations import Explanation, given_up, load_ended_programmes, load_explanations, load_withdrawals
from sources.landed_files import BOUND, RECORDS
from sources.landing import Places
from sources.ledger import deliveries, open_ledger, showings
from sources.returned import returned_explanations, returned_without_texts, with_returned

_QUARANTINE = {
    "source": "VARCHAR", "delivery_id": "VARCHAR", "file_name": "VARCHAR", "sheet": "VARCHAR", "row_number": "INTEGER",
    "cell": "VARCHAR", "field": "VARCHAR", "rule": "VARCHAR", "message": "VARCHAR", "value": "VARCHAR",
    "delivered_at": "TIMESTAMP", "event_id": "VARCHAR", "programme_id": "VARCHAR", "organiser": "VARCHAR",
}  # fmt: skip
_DELIVERY = {
    "source": "VARCHAR", "source_title": "VARCHAR", "entity": "VARCHAR", "expected_every_days": "INTEGER",
    "delivery_id": "VARCHAR", "file_name": "VARCHAR", "document": "VARCHAR", "state": "VARCHAR", "received_at": "TIMESTAMP",
    "rows_read": "INTEGER", "rows_accepted": "INTEGER", "rows_quarantined": "INTEGER", "rows_duplicate": "INTEGER",
    "rows_structure": "INTEGER", "rows_replaced": "INTEGER", "rule": "VARCHAR", "message": "VARCHAR", "notes": "VARCHAR[]",
}  # fmt: skip
_BOUND = {
    "source": "VARCHAR", "delivery_id": "VARCHAR", "sheet": "VARCHAR", "field": "VARCHAR", "column_letter": "VARCHAR",
    "header": "VARCHAR",
}  # fmt: skip
_CORRECTION = {
    "source": "VARCHAR", "correction_id": "VARCHAR", "fields": "VARCHAR[]", "reason": "VARCHAR", "author": "VARCHAR",
    "added_on": "DATE",
}  # fmt: skip
_EXPLANATION = {
    "programme_id": "VARCHAR", "indicator": "VARCHAR", "dimension": "VARCHAR", "member": "VARCHAR",
    "expected_difference": "DOUBLE", "cause": "VARCHAR", "treatment": "VARCHAR", "author": "VARCHAR", "explained_on": "DATE",
}  # fmt: skip
_SHOWING = {
    "source": "VARCHAR",
    "document": "VARCHAR",
    "file_name": "VARCHAR",
    "delivery_id": "VARCHAR",
    "shown_at": "TIMESTAMP",
    "rank": "INTEGER",
}
_RECORD_SHOWN = {
    "source": "VARCHAR", "record_key": "VARCHAR", "delivered_at": "TIMESTAMP", "is_deleted": "BOOLEAN", "delivery_id": "VARCHAR",
}  # fmt: skip
_PREVIOUS_FIGURE = {
    "age": "INTEGER", "dataset": "VARCHAR", "programme_id": "VARCHAR", "indicator": "VARCHAR", "breakdown": "VARCHAR",
    "member": "VARCHAR", "value": "DOUBLE", "obs_status": "VARCHAR",
}  # fmt: skip
_COPIED_FILE = {"source": "VARCHAR", "delivery_id": "VARCHAR", "file_name": "VARCHAR", "read_as": "VARCHAR"}
_WITHDRAWAL = {"source": "VARCHAR", "delivery_id": "VARCHAR"}

VERSIONED = ("event", "organisation")
"""Entities of which every version ever accepted is handed over, for their history."""

EARLIER = "registration_earlier"
"""Rows of registrations that a later version of their document, or a later crawl, replaced: the milestones they gave are not lost."""

PARTICIPANT_TABLES = {
    "participant_row": {
        "source": "VARCHAR", "delivery_id": "VARCHAR", "row_number": "INTEGER", "participant_key": "BIGINT",
    },
    "participant": {
        "participant_key": "BIGINT", "pseudonym": "VARCHAR", "key_id": "VARCHAR", "programme_year": "INTEGER",
        "is_returning": "BOOLEAN", "nb_identities": "INTEGER",
    },
    "participant_link": {
        "participant_key": "BIGINT", "source_identity": "VARCHAR", "source": "VARCHAR", "basis": "VARCHAR",
        "method": "VARCHAR", "match_probability": "DOUBLE", "status": "VARCHAR", "evidence": "VARCHAR",
    },
}  # fmt: skip
"""What matching leaves: docs/architecture.md, part 1."""


def hand_over(
    con: duckdb.DuckDBPyConnection,
    places: Places,
    contracts: dict[str, LoadedContract],
    previous_figures: pa.Table | None = None,
) -> None:
    """Create and fill schemas `landing` and `reference` in `con`. Tables of entities nobody delivered exist, empty.

    `previous_figures`: what earlier releases printed, when there are any; this room knows nothing of them."""
    con.execute("create schema if not exists landing")
    references.load(con)
    with open_ledger(places.ledger) as ledger:
        known = [row for row in deliveries(ledger) if row["source"] in contracts]
        mistaken = given_up(known)
        known = [
            row | {"state": "superseded"} if (row["source"], row["delivery_id"]) in mistaken else row for row in known
        ]
        shown = showings(ledger)
        copied = [copy for loaded in contracts.values() for copy in copies(places.inbox, ledger, loaded.contract)]
    accepted = [row for row in known if row["state"] == "accepted"]
    crawled = _last_shown(con, places.landing)
    in_force = {entity: _files(places.landing / entity, _of(entity, accepted, contracts)) for entity in ENTITIES}
    _hand_over_rows(con, in_force, crawled)
    _hand_over_versions(con, places.landing, contracts, known, shown)
    superseded = [row for row in known if row["state"] == "superseded" and row["outcome"] == "accepted"]
    replaced_files = _files(places.landing / "registration", _of("registration", superseded, contracts))
    _hand_over_earlier(con, replaced_files, _of_platforms(in_force["registration"], crawled))
    _participants(con, places.landing / "participant" / "current")
    aside = _files(places.landing / "quarantine", [row for row in accepted if row["rows_quarantined"]])
    _table(con, "quarantine", _QUARANTINE, aside, has_grown=True)
    replaced = _rows_replaced(con, _of_platforms([path for files in in_force.values() for path in files], crawled))
    _rows(con, "delivery", _DELIVERY, [_delivery(row, contracts[row["source"]], replaced) for row in known])
    others = [_copy(each) for each in copied if each.is_another and each.delivery["state"] == "accepted"]
    _rows(con, "copied_file", _COPIED_FILE, others)
    _table(con, "bound", _BOUND, [path for path in _files(places.landing / BOUND, accepted) if Path(path).exists()])
    _corrected_rows(con)
    _rows(con, "correction", _CORRECTION, [_correction(name, item) for name, item in _corrections(contracts, places)])
    explained = with_returned(load_explanations(), returned_explanations(places.returned))
    _rows(con, "explanation", _EXPLANATION, [_explanation(item) for item in explained])
    _rows(con, "ended_programme", {"programme_id": "VARCHAR"}, [item.model_dump() for item in load_ended_programmes()])
    _table(con, "previous_figure", _PREVIOUS_FIGURE, [])
    if previous_figures is not None:
        con.register("handed", previous_figures)
        con.execute("insert into landing.previous_figure by name select * from handed")
        con.unregister("handed")
    _hide_typed_about_persons(con, contracts)


def _hand_over_rows(con: duckdb.DuckDBPyConnection, in_force: dict[str, list[str]], crawled: set[str]) -> None:
    """A table per entity, a view when its rows are about persons. `in_force`: its files. `crawled`: the sources that are platforms."""
    for entity in ENTITIES.values():
        columns, files = LINEAGE | entity.columns, in_force[entity.name]
        if entity.personal:
            crawls = _of_platforms(files, crawled)
            others = [path for path in files if path not in crawls]
            _view(con, entity.name, columns, (others, ""), (crawls, f"anti join {_REPLACED}"))
        else:
            _table(con, entity.name, columns, files, which=f"anti join {_REPLACED}")


def _hand_over_earlier(con: duckdb.DuckDBPyConnection, superseded: list[str], crawls: list[str]) -> None:
    """Rows of registrations that were replaced: those of these superseded files, and of these crawls in force what a later one showed."""
    columns = LINEAGE | ENTITIES["registration"].columns
    _view(con, EARLIER, columns, (superseded, ""), (crawls, f"semi join {_REPLACED}"))


def _hand_over_versions(
    con: duckdb.DuckDBPyConnection,
    landing: Path,
    contracts: dict[str, LoadedContract],
    known: list[dict],
    shown: list[dict],
) -> None:
    """Rows of superseded deliveries too, and what says until when each held: which bytes each document showed since when, which
    records a platform showed or deleted, which large withdrawals somebody confirmed."""
    versioned = {source for source, loaded in contracts.items() if loaded.contract.entity in VERSIONED}
    ever = [row for row in known if row["outcome"] == "accepted"]
    for name in VERSIONED:
        files = _files(landing / name, _of(name, ever, contracts))
        _table(con, f"{name}_version", LINEAGE | ENTITIES[name].columns, files)
    of_versions = [
        row | {"shown_at": datetime.fromisoformat(row["shown_at"]).replace(tzinfo=None)}
        for row in shown
        if row["source"] in versioned
    ]
    _rows(con, "showing", _SHOWING, of_versions)
    records = [str(path) for source in sorted(versioned) for path in (landing / RECORDS).glob(f"{source}__*.parquet")]
    _table(con, "record_shown", _RECORD_SHOWN, [])
    if records:
        con.execute(
            "insert into landing.record_shown by name select * exclude (filename), "
            "regexp_extract(filename, '__([0-9a-f]+)[.]parquet$', 1) as delivery_id from read_parquet($files, filename = true)",
            {"files": records},
        )
    _rows(con, "withdrawal", _WITHDRAWAL, [item.model_dump() for item in load_withdrawals() if not item.unread])


def _corrections(contracts: dict[str, LoadedContract], places: Places) -> list[tuple[str, Correction]]:
    """Declared, and come back in workbooks. What the latter set is not handed over: only which fields, why, by whom and when."""
    declared = [(name, item) for name, loaded in contracts.items() for item in load_corrections(loaded.contract)[0]]
    return declared + [
        (source, item) for source, item in returned_without_texts(places.returned) if source in contracts
    ]


def _hide_typed_about_persons(con: duckdb.DuckDBPyConnection, contracts: dict[str, LoadedContract]) -> None:
    """What was typed in a list of persons is sealed where it landed, and goes no further even so."""
    sources = [name for name, loaded in contracts.items() if ENTITIES[loaded.contract.entity].personal]
    con.execute(
        "update landing.quarantine set value = null where list_contains($sources, source)", {"sources": sources}
    )


def _correction(source: str, item: Correction) -> dict:
    return item.model_dump() | {"source": source, "correction_id": item.id, "fields": sorted(item.set)}


def _corrected_rows(con: duckdb.DuckDBPyConnection) -> None:
    """One row per landed row and correction that changed it: few, so that no table downstream carries a list."""
    each = " union all ".join(
        f"select source, delivery_id, row_number, unnest(corrections) as correction_id from landing.{entity}"
        for entity in ENTITIES
    )
    con.execute(f"create or replace table landing.corrected_row as {each}")


def _last_shown(con: duckdb.DuckDBPyConnection, landing: Path) -> set[str]:
    """When each record of a platform was last shown, or deleted: earlier rows of it are replaced. The sources that are platforms."""
    columns = {"source": "VARCHAR", "record_key": "VARCHAR", "delivered_at": "TIMESTAMP"}
    _rows(con, "last_shown", columns, [])
    files = [str(path) for path in (landing / RECORDS).glob("*.parquet")]
    if files:
        con.execute(
            "insert into landing.last_shown select source, record_key, max(delivered_at) from read_parquet($files) group by all",
            {"files": files},
        )
    return {source for (source,) in con.execute("select distinct source from landing.last_shown").fetchall()}


_REPLACED = (
    "landing.last_shown as last on last.source = landed.source and last.record_key = landed.record_key "
    "and landed.delivered_at < last.delivered_at"
)
"""SQL: of each record of a platform only the rows of the crawl that showed it last are in force (anti join), none when it was deleted since."""


def _rows_replaced(con: duckdb.DuckDBPyConnection, files: list[str]) -> dict[tuple[str, str], int]:
    """How many rows of each (source, delivery_id) of these files of platforms a later crawl replaced."""
    if not files:
        return {}
    rows = con.execute(
        f"select source, delivery_id, count(*) from read_parquet($files, union_by_name = true) as landed semi join {_REPLACED} group by all",
        {"files": files},
    )
    return {(source, delivery_id): count for source, delivery_id, count in rows.fetchall()}


def _participants(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Whose the rows are, as `identity.matching` left it without any identity."""
    for name, columns in PARTICIPANT_TABLES.items():
        path = folder.resolve() / f"{name}.parquet"
        _view(con, name, columns, ([str(path)] if path.exists() else [], ""))


def _of(entity: str, rows: list[dict], contracts: dict[str, LoadedContract]) -> list[dict]:
    return [row for row in rows if contracts[row["source"]].contract.entity == entity]


def _files(folder: Path, rows: list[dict]) -> list[str]:
    return [str(folder / f"{row['source']}__{row['delivery_id']}.parquet") for row in rows]


def _of_platforms(files: list[str], crawled: set[str]) -> list[str]:
    return [path for path in files if Path(path).name.rpartition("__")[0] in crawled]


def _table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: dict[str, str],
    files: list[str],
    *,
    has_grown: bool = False,
    which: str = "",
) -> None:
    """`has_grown`: files written before some of the columns existed are among them. `which`: a join that says which of their rows."""
    _rows(con, name, columns, [])
    if files:
        con.execute(
            f"insert into landing.{name} by name select * from read_parquet($files, union_by_name = {has_grown}) as landed {which}",
            {"files": files},
        )


def _view(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], *parts: tuple[list[str], str]) -> None:
    """The rows of lists of persons, by the hundred thousand, where they landed: to copy them each night takes longer than to read them there.

    `parts`: files, and the join that says which of their rows."""
    typed = ", ".join(f'cast(landed."{column}" as {type_}) as "{column}"' for column, type_ in columns.items())
    selects = [
        f"select {typed} from read_parquet([{', '.join(map(_literal, files))}]) as landed {which}"
        for files, which in parts
        if files
    ]
    if selects:
        con.execute(f"create or replace view landing.{name} as {' union all '.join(selects)}")
    else:
        _rows(con, name, columns, [])


def _literal(path: str) -> str:
    quoted = str(Path(path).resolve()).replace("'", "''")
    return f"'{quoted}'"


def _rows(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[dict]) -> None:
    definition = ", ".join(f'"{column}" {type_}' for column, type_ in columns.items())
    con.execute(f"create or replace table landing.{name} ({definition})")
    if rows:
        con.register("handed", pa.Table.from_pylist([{column: row[column] for column in columns} for row in rows]))
        con.execute(f"insert into landing.{name} select * from handed")
        con.unregister("handed")


def _delivery(row: dict, loaded: LoadedContract, replaced: dict[tuple[str, str], int]) -> dict:
    contract = loaded.contract
    return row | {
        "document": contract.files.document_of(row["file_name"]),
        "source_title": contract.title,
        "entity": contract.entity,
        "expected_every_days": contract.expected_every_days,
        "rows_replaced": replaced.get((row["source"], row["delivery_id"]), 0),
        "received_at": datetime.fromisoformat(row["received_at"]).replace(tzinfo=None),
        "notes": [note.message for note in row["notes"]],
    }


def _copy(copy: Copy) -> dict:
    source = copy.delivery["source"]
    return {"source": source, "delivery_id": copy.delivery_id, "file_name": copy.file_name, "read_as": copy.read_as}


def _explanation(item: Explanation) -> dict:
    return item.model_dump()
