"""The files of an accepted delivery: its rows with their pseudonyms, what was refused, sealed, and where each field was read.

Here: what was judged → Parquet under `landing/`, identities in the vault. Not here: reading and judging (`judge.py`), when a delivery lands
(`landing.py`), what dbt receives (`handover.py`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from identity.cipher import Cipher, aside_of
from identity.door import split
from identity.pseudonyms import pseudonyms_under
from identity.vault import Vault
from rulebook.numbers import plural
from sources.columns import whole
from sources.contract import Contract
from sources.entities import ENTITIES, LINEAGE, Entity
from sources.judge import Judged
from sources.kinds import References
from sources.note import Note
from sources.readers import Sheet
from sources.values.refusal import masked

RECORDS = "record"
"""Folder of `landing/` with, per delivery of a source asked by API, the keys of the records it showed or deleted."""

BOUND = "bound"
"""Folder of `landing/` with, per accepted delivery, the columns of its sheet that each field was read from."""


def damaged(landing: Path) -> list[Path]:
    """Files of accepted deliveries whose bytes are no longer rows, all read through. What is removed of them lands again from the kept bytes."""
    return [
        path
        for folder in (*ENTITIES, "quarantine")
        for path in sorted((landing / folder).glob("*.parquet"))
        if not _is_whole(path)
    ]


def _is_whole(path: Path) -> bool:
    try:
        with pq.ParquetFile(path) as file:
            for _ in file.iter_batches():
                pass
    except (OSError, pa.ArrowException):
        return False
    return True


def write_judged(
    landing: Path,
    vault: Vault,
    contract: Contract,
    judged: Judged,
    deleted: tuple[str, ...] | None,
    lineage: dict,
    delivered_at: datetime,
    references: References,
    sheet: Sheet,
    *,
    with_values: bool = True,
) -> list[Note]:
    """The Parquet files of an accepted delivery, its identities in the vault; what there is to say of these. `deleted`: keys of the
    records that a platform says are gone, None for a file. `lineage`: what each row says of the delivery. `sheet`: what they were read from: where
    several were read as one, each row says its own. `with_values`: what was typed in a refused cell is kept beside its sentence."""
    entity, delivery_id = ENTITIES[contract.entity], lineage["delivery_id"]
    name = f"{contract.source}__{delivery_id}.parquet"
    accepted_path, quarantine_path = landing / entity.name / name, landing / "quarantine" / name
    rows, quarantined, bound = (judged.tables[table] for table in ("accepted", "quarantined", "bound"))
    notes: list[Note] = []

    def prepare(rows: pa.Table) -> None:
        landed = _of_its_sheet(_landed(rows, lineage, judged.tables["record"], entity), sheet)
        _write_aside(accepted_path, landed, unlike={*_ALONE, *_instants(entity), entity.key[-1]})

    try:
        if entity.personal:
            # two long writings of a large delivery, beside each other; the rows are in place once their identities are
            notes = _without_identities(rows, contract, vault, delivery_id, delivered_at, references, prepare)
            quarantined = sealed(quarantined, vault.cipher, f"{contract.source}/{delivery_id}")
        else:
            prepare(rows)
        if not with_values:
            at = quarantined.schema.get_field_index("value")
            quarantined = quarantined.set_column(at, "value", pa.nulls(quarantined.num_rows, pa.string()))
        os.replace(aside_of(accepted_path), accepted_path)
    finally:
        aside_of(accepted_path).unlink(missing_ok=True)
    _write(landing / BOUND / name, _told(bound, lineage, ("source", "delivery_id", "sheet"), bound.column_names))
    if deleted is not None:
        _write(landing / RECORDS / name, _record_keys(judged.tables["record"], deleted, lineage))
    if judged.rows_quarantined:
        refused = _whose(contract, quarantined, judged.tables["canonical"])
        told = _told(refused, lineage, lineage, refused.column_names).select(QUARANTINE)
        _write(quarantine_path, _of_its_sheet(told, sheet))
    else:
        quarantine_path.unlink(missing_ok=True)
    return notes


def _without_identities(
    accepted: pa.Table,
    contract: Contract,
    vault: Vault,
    delivery_id: str,
    delivered_at: datetime,
    references: References,
    meanwhile: Callable[[pa.Table], None],
) -> list[Note]:
    """Send the personal slots of accepted rows to the vault, and the rows, which keep a pseudonym of their programme year, to `meanwhile`."""
    entity, source = ENTITIES[contract.entity], contract.source
    years = _programme_years(accepted, contract, delivered_at, references)
    keys = [column for name, field in contract.fields.items() if field.sealed for column in entity.slots[name].columns]

    def sealed(rows: pa.Table) -> None:
        for column in keys:
            key = _sealed_key(whole(rows[column]), whole(rows["person_year"]), vault)
            rows = rows.set_column(rows.schema.get_field_index(column), column, key)
        meanwhile(rows)

    _, seen = split(
        accepted.append_column("person_year", years), personal=entity.personal, row_id="row_number", year="person_year",
        event_scope=[name for name in ("event_id",) if name in entity.columns], vault=vault, source=source,
        delivery_id=delivery_id,
        alongside={name: name for name in ("organisation_text", "postcode") if name in entity.columns}, meanwhile=sealed,
    )  # fmt: skip
    if not seen.nb_not_email:
        return []
    message = plural(
        seen.nb_not_email,
        "cellule d'adresse ne contient pas une adresse électronique : sa ligne est gardée",
        "cellules d'adresse ne contiennent pas une adresse électronique : leurs lignes sont gardées",
    )
    return [Note("adresses_illisibles", f"{message}, la personne y est reconnue à son nom seulement.")]


def _programme_years(
    accepted: pa.Table, contract: Contract, delivered_at: datetime, references: References
) -> pa.Array:
    """The year whose key a row gets: its programme's, else that of the first instant it says, else the delivery's."""
    entity, found = ENTITIES[contract.entity], []
    if "programme_id" in entity.columns:
        years = {name: int(row["year"]) for name, row in references.programmes.items() if row["year"]}
        at = pc.index_in(accepted["programme_id"], value_set=pa.array(years, pa.string()))
        found.append(pa.array(years.values(), pa.int64()).take(whole(at)))
    found += [whole(pc.year(accepted[name])) for name in _instants(entity)]
    return pc.coalesce(*found, pa.repeat(delivered_at.year, accepted.num_rows))


def _instants(entity: Entity) -> list[str]:
    return [name for slot in entity.slots.values() if slot.kind == "instant" for name in slot.columns]


def _sealed_key(column: pa.Array, years: pa.Array, vault: Vault) -> pa.Array:
    """A key made of personal columns becomes its fingerprint under the key of its programme year: the same row delivered
    again has the same key, and nobody can read or try names on it."""
    for year in sorted(pc.unique(years.filter(pc.is_valid(column))).to_pylist()):
        rows = pc.and_(pc.equal(years, year), pc.is_valid(column))
        sealed = pseudonyms_under(vault.keyring.key_for(year), "row key", column.filter(rows))
        column = pc.replace_with_mask(column, rows, sealed)
    return column


def sealed(quarantined: pa.Table, cipher: Cipher, context: str) -> pa.Table:
    """In a delivery about persons, what was typed in a refused cell is kept sealed, and its sentence no longer quotes it."""
    pairs = list(zip(quarantined["value"].to_pylist(), quarantined["message"].to_pylist(), strict=True))
    said_sealed = {}
    for value, message in dict.fromkeys(pairs):
        if value is not None:
            hidden = cipher.seal_text(value, purpose="quarantine", context=context)
            said_sealed[value, message] = hidden, masked(message, value)
    for index, name in enumerate(("value", "message")):
        texts = pa.array([said_sealed.get(pair, pair)[index] for pair in pairs], pa.string())
        quarantined = quarantined.set_column(quarantined.schema.get_field_index(name), name, texts)
    return quarantined


QUARANTINE = (
    "source", "delivery_id", "file_name", "sheet", "row_number", "cell", "field", "rule", "message", "value",
    "delivered_at", "event_id", "programme_id", "organiser",
)  # fmt: skip
_TIME = pa.timestamp("us")


def _told(table: pa.Table, lineage: dict, said: Iterable[str], names: Iterable[str]) -> pa.Table:
    """The columns `names` of a table, after what each of its rows says of the delivery."""
    told = {name: pa.scalar(lineage[name], _TIME if name == "delivered_at" else pa.string()) for name in said}
    return pa.table(
        {name: pa.repeat(value, table.num_rows) for name, value in told.items()} | {name: table[name] for name in names}
    )


def _of_its_sheet(rows: pa.Table, sheet: Sheet) -> pa.Table:
    if not sheet.parts:
        return rows
    names = sheet.names_of(whole(rows["row_number"]))
    return rows.set_column(rows.schema.get_field_index("sheet"), "sheet", names)


def _landed(rows: pa.Table, lineage: dict, record: pa.Table, entity: Entity) -> pa.Table:
    """Accepted rows as they land: where each comes from, then the columns of the entity."""
    at = pc.index_in(rows["row_number"], value_set=whole(record["row_number"]))
    rows = rows.append_column("record_key", whole(record["record_key"]).take(whole(at)))
    return _told(rows, lineage, lineage, rows.column_names).select([*LINEAGE, *entity.columns])


def _whose(contract: Contract, quarantined: pa.Table, canonical: pa.Table) -> pa.Table:
    """Refused rows with what they say of their organiser: the event each is of, or the first organiser of the event that it is."""
    columns, organisers = ENTITIES[contract.entity].columns, contract.fields.get("organisers")
    at = pc.index_in(quarantined["row_number"], value_set=whole(canonical["row_number"]))
    rows = canonical.take(whole(at))
    nobody = pa.nulls(rows.num_rows, pa.string())
    for name in ("event_id", "programme_id"):
        quarantined = quarantined.append_column(name, rows[name] if name in columns else nobody)
    if organisers is not None and organisers.privacy == "none" and "organiser_labels" in columns:
        said = zip(rows["organiser_labels"].to_pylist(), rows["organiser_text"].to_pylist(), strict=True)
        nobody = pa.array([labels[0] if labels else text for labels, text in said], pa.string())
    return quarantined.append_column("organiser", nobody)


def _record_keys(record: pa.Table, deleted: tuple[str, ...], lineage: dict) -> pa.Table:
    """The keys a bundle shows and deletes, accepted rows or not: what they replace is decided at the handover."""
    shown = pc.unique(record["record_key"]).to_pylist()
    keys = pa.table(
        {
            "record_key": pa.array([*shown, *deleted], pa.string()),
            "is_deleted": pa.array([False] * len(shown) + [True] * len(deleted), pa.bool_()),
        }
    )
    return _told(keys, lineage, ("source", "delivered_at"), keys.column_names)


_ROW_GROUP_ROWS = 128 * 1024

_ALONE = ("row_number", "record_key", "person_key", "order_id")
"""Columns that hardly repeat, as instants do: a dictionary of their values costs time and saves nothing."""


def _write(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet beside `path`, then rename: a reader sees the old file or the new one."""
    _write_aside(path, table)
    os.replace(aside_of(path), path)


def _write_aside(path: Path, table: pa.Table, *, unlike: Collection[str] = ()) -> None:
    """Write a table as Parquet beside `path`. `unlike`: columns that hardly repeat."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table, aside_of(path), compression="zstd", row_group_size=_ROW_GROUP_ROWS, store_schema=False,
        use_dictionary=[name for name in table.column_names if name not in unlike],
    )  # fmt: skip
