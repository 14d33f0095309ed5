"""The landing zone: from the bytes of a file to landed rows, quarantine, and a line in the ledger.

Here: keeping the bytes first, reading and judging a delivery, writing its Parquet files, recording it, and doing all of it again
when the contract, the corrections or the code changed. Not here: looking at the inbox (`inbox.py`), the judgement of
rows (`judge.py`), what dbt receives (`handover.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import duckdb

from sources.contract import LoadedContract
from sources.corrections import load_corrections
from sources.entities import ENTITIES, LINEAGE
from sources.headers import Unbound
from sources.inbox import Arrival, look
from sources.judge import Judged, judge
from sources.kinds import References
from sources.ledger import DeliveryReport, Note, deliveries, open_ledger, record_delivery, record_sighting
from sources.readers import Unreadable, read


@dataclass(frozen=True)
class Places:
    """Where the landing zone keeps things."""

    inbox: Path
    originals: Path
    landing: Path
    ledger: Path


def deliver(places: Places, loaded: LoadedContract, *, now: datetime | None = None) -> list[DeliveryReport]:
    """Land everything new of one source, and land again what an older contract, correction or program landed.

    Returns a report per delivery handled (none when there is nothing to do). Safe to repeat and to interrupt.
    """
    now = now or datetime.now(UTC).replace(microsecond=0)
    contract = loaded.contract
    processing_hash = processing_hash_of(loaded)
    seen = look(places.inbox, places.ledger, [contract.source])
    reports = []
    with open_ledger(places.ledger) as ledger:
        for arrival in seen.renewed:
            record_sighting(
                ledger, contract.source, arrival.path.name, arrival.delivery_id, arrival.bytes, arrival.stamp, now
            )
        landed = {row["delivery_id"]: row for row in deliveries(ledger, contract.source)}
    for rank, arrival in enumerate(seen.arrivals):
        original = keep(places.originals, arrival)
        with open_ledger(places.ledger) as ledger:
            if arrival.delivery_id not in landed:
                # deliveries of one night are ordered too: the later one wins where both describe the same thing
                received_at = now + timedelta(microseconds=rank)
                report = _land(places, loaded, arrival.path.name, arrival.sha256, original, received_at)
                record_delivery(ledger, report, processing_hash, now)
                landed[arrival.delivery_id] = {"processing_hash": processing_hash}
                reports.append(report)
            record_sighting(
                ledger, contract.source, arrival.path.name, arrival.delivery_id, arrival.bytes, arrival.stamp, now
            )
    for row in landed.values():
        if row["processing_hash"] != processing_hash:
            reports.append(replay(places, loaded, row, now))
    return reports


def replay(places: Places, loaded: LoadedContract, row: dict, now: datetime) -> DeliveryReport:
    """Judge a known delivery again from its kept bytes. `row` is one of `ledger.deliveries`."""
    original = original_path(places.originals, row["sha256"])
    report = _land(
        places, loaded, row["file_name"], row["sha256"], original, datetime.fromisoformat(row["received_at"])
    )
    with open_ledger(places.ledger) as ledger:
        record_delivery(ledger, report, processing_hash_of(loaded), now)
    return report


def processing_hash_of(loaded: LoadedContract) -> str:
    """What decides how a delivery of this source is read: its contract, its corrections, the program, the references."""
    return hashlib.sha256(f"{loaded.sha256}{load_corrections(loaded.contract)[1]}{code_hash()}".encode()).hexdigest()


@cache
def code_hash() -> str:
    """Hash of everything in this room that decides how a row is read: program and references, not the contracts."""
    room = Path(__file__).parent
    left_out = ("contracts", "corrections", "samples", "__pycache__", "explanations.yml")
    digest = hashlib.sha256()
    for path in sorted(room.rglob("*")):
        relative = path.relative_to(room)
        if path.is_file() and not any(part in left_out for part in relative.parts):
            digest.update(str(relative).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def original_path(originals: Path, sha256: str) -> Path:
    """Where the bytes with this hash are kept."""
    return originals / sha256[:2] / sha256


def keep(originals: Path, arrival: Arrival) -> Path:
    """Copy the bytes under their own hash, durable and read-only, before anything reads them."""
    target = original_path(originals, arrival.sha256)
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with arrival.path.open("rb") as source, aside.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
        with aside.open("rb") as copy:
            if hashlib.file_digest(copy, "sha256").hexdigest() != arrival.sha256:
                raise OSError(f"{arrival.source}/{arrival.path.name} changed while it was being copied")
        aside.chmod(0o444)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)
    return target


def judge_file(
    con: duckdb.DuckDBPyConnection,
    loaded: LoadedContract,
    path: Path,
    file_name: str,
    references: References,
    today: datetime,
) -> tuple[Judged, str | None]:
    """Read and judge one file in `con` (tables `accepted`, `quarantined`). Returns the counts and the sheet's name.

    Raises Unreadable or Unbound (the delivery is refused or held); both carry `rule` and a French `message`.
    """
    contract = loaded.contract
    if not fnmatch(file_name.lower(), contract.files.pattern.lower()):
        raise Unreadable(
            "fichier_inattendu",
            f"La source « {contract.source} » attend des fichiers « {contract.files.pattern} » ; « {file_name} » n'en est pas un. "
            "Enregistrez-le dans ce format et redéposez-le.",
        )
    options = (
        {"sheet": contract.files.sheet}
        if contract.files.shape == "spreadsheet"
        else {"delimiter": contract.files.delimiter}
    )
    sheets = read(path, file_name=file_name, shape=contract.files.shape, **options)
    filled = [sheet for sheet in sheets if sheet.table.num_rows]
    if not filled:
        raise Unreadable(
            "fichier_vide", f"« {file_name} » ne contient aucune ligne. Vérifiez l'enregistrement et redéposez-le."
        )
    sheet = filled[0]
    corrections, _ = load_corrections(contract)
    judged = judge(con, contract, sheet, corrections, references, today.date())
    other = [
        Note("feuille_non_lue", f"La feuille « {extra.name} » n'est pas lue : le contrat ne la nomme pas.")
        for extra in filled[1:]
    ]
    reader_notes = tuple(Note(note.rule, note.message) for note in sheet.notes)
    return (
        Judged(judged.rows_read, judged.rows_accepted, judged.rows_quarantined, judged.rows_duplicate, judged.rows_structure,
               reader_notes + tuple(other) + judged.notes),
        sheet.name,
    )  # fmt: skip


@cache
def _references() -> References:
    return References()


def _land(
    places: Places, loaded: LoadedContract, file_name: str, sha256: str, original: Path, received_at: datetime
) -> DeliveryReport:
    """Read, judge and write one delivery. Whatever is wrong with the file ends as a report, never as an exception."""
    contract = loaded.contract
    delivery_id = sha256[:16]
    common = dict(
        source=contract.source, delivery_id=delivery_id, sha256=sha256, file_name=file_name,
        bytes=original.stat().st_size, received_at=received_at,
    )  # fmt: skip
    name = f"{contract.source}__{delivery_id}.parquet"
    accepted_path, quarantine_path = places.landing / contract.entity / name, places.landing / "quarantine" / name
    with contextlib.closing(duckdb.connect(config={"threads": 2})) as con:
        try:
            judged, sheet = judge_file(con, loaded, original, file_name, _references(), received_at)
        except (Unreadable, Unbound) as problem:
            accepted_path.unlink(missing_ok=True)
            quarantine_path.unlink(missing_ok=True)
            outcome = "held" if isinstance(problem, Unbound) else "refused"
            return DeliveryReport(**common, outcome=outcome, rule=problem.rule, message=problem.message)
        lineage = {
            "source": contract.source, "delivery_id": delivery_id, "file_name": file_name, "sheet": sheet,
            "delivered_at": received_at.astimezone(UTC).replace(tzinfo=None),
        }  # fmt: skip
        columns = ", ".join(f'"{column}"' for column in ENTITIES[contract.entity].columns)
        _write(con, accepted_path, f"select {_lineage()}, {columns} from accepted order by row_number", lineage)
        if judged.rows_quarantined:
            _write(
                con, quarantine_path,
                "select $source as source, $delivery_id as delivery_id, $file_name as file_name, cast($sheet as varchar) as sheet, "
                "row_number, cell, field, rule, message, value, cast($delivered_at as timestamp) as delivered_at from quarantined",
                lineage,
            )  # fmt: skip
        else:
            quarantine_path.unlink(missing_ok=True)
    return DeliveryReport(
        **common, outcome="accepted", rows_read=judged.rows_read, rows_accepted=judged.rows_accepted,
        rows_quarantined=judged.rows_quarantined, rows_duplicate=judged.rows_duplicate,
        rows_structure=judged.rows_structure, notes=judged.notes,
    )  # fmt: skip


def _lineage() -> str:
    own = ("row_number", "corrections")
    return ", ".join(name if name in own else f"cast(${name} as {type_}) as {name}" for name, type_ in LINEAGE.items())


def _write(con: duckdb.DuckDBPyConnection, path: Path, query: str, parameters: dict) -> None:
    """Write the query's rows as Parquet beside `path`, then rename: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    con.execute(f"create or replace temp table leaving as {query}", parameters)
    con.execute(f"copy leaving to '{str(aside).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)")
    os.replace(aside, path)
