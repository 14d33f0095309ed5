"""The landing zone: from the bytes of a file to landed rows, quarantine, and a line in the ledger.

Here: keeping the bytes first, reading and judging a delivery, writing its Parquet files, recording it, and doing all of it again
when the contract, the corrections or the code changed. Not here: looking at the inbox (`inbox.py`), the judgement of
rows (`judge.py`), what dbt receives (`handover.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from identity.cipher import Cipher
from identity.door import split
from identity.pseudonyms import pseudonyms_under
from identity.vault import Vault, open_private
from sources.clients.bundle import content_of, open_bundle
from sources.clients.outcomes import PlatformDown
from sources.contract import Contract, LoadedContract
from sources.corrections import Correction, applicable, load_corrections
from sources.entities import ENTITIES, LINEAGE
from sources.erased_files import is_erased, remember
from sources.headers import Binding, Unbound
from sources.inbox import Arrival, look
from sources.judge import Judged, bind_sheet, judge
from sources.kinds import References
from sources.layouts import read_sheets, the_table
from sources.ledger import (
    DeliveryReport,
    deliveries,
    follow_series,
    forget_delivery,
    open_ledger,
    record_delivery,
    record_sighting,
)
from sources.note import Note
from sources.readers import Unreadable
from sources.redaction import (
    ERASED_KEY,
    Kept,
    erased_persons,
    is_redacted,
    read_kept,
    redact,
    write_kept,
    write_nothing,
)
from sources.returned import forget, returned_corrections, returned_hash
from sources.sql import literal
from sources.values.refusal import quote
from sources.values.text import clean


@dataclass(frozen=True)
class Places:
    """Where the landing zone keeps things."""

    inbox: Path
    originals: Path
    landing: Path
    ledger: Path
    vault: Path
    crawls: Path
    returned: Path | None = None


def deliver(places: Places, loaded: LoadedContract, *, now: datetime | None = None) -> list[DeliveryReport]:
    """Land everything new of one source, and land again what an older contract, correction or program landed.

    Returns a report per delivery handled (none when there is nothing to do). Safe to repeat and to interrupt.
    """
    now = now or datetime.now(UTC).replace(microsecond=0)
    contract = loaded.contract
    processing_hash = processing_hash_of(loaded, places.returned)
    seen = look(places.inbox, places.ledger, [contract.source])
    with open_ledger(places.ledger) as ledger:
        for arrival in seen.renewed:
            record_sighting(
                ledger, contract.source, arrival.path.name, arrival.delivery_id, arrival.bytes, arrival.stamp, now
            )
        follow_series(ledger, contract.source, contract.files.document_of)
        landed = {row["delivery_id"]: row for row in deliveries(ledger, contract.source)}
    as_before = all(row["processing_hash"] == processing_hash for row in landed.values() if row["delivery_id"] != CRAWL)
    if not seen.arrivals and as_before and contract.api is None:
        return []
    vault = Vault(places.vault)
    reports = [] if contract.api is None else _crawl(places, vault, loaded, processing_hash, now)
    for rank, arrival in enumerate(seen.arrivals):
        keep(places.originals, arrival, vault.cipher)
        with open_ledger(places.ledger) as ledger:
            if arrival.delivery_id not in landed:
                # deliveries of one night are ordered too: the later one wins where both describe the same thing
                received_at = now + timedelta(microseconds=rank)
                report = _land(
                    places,
                    vault,
                    loaded,
                    arrival.path.name,
                    arrival.sha256,
                    received_at,
                    arrival.delivered_at(received_at),
                )
                record_delivery(ledger, report, processing_hash, now)
                landed[arrival.delivery_id] = {"processing_hash": processing_hash}
                reports.append(report)
            record_sighting(
                ledger, contract.source, arrival.path.name, arrival.delivery_id, arrival.bytes, arrival.stamp, now,
                arrival.delivered_at(now), contract.files.document_of(arrival.path.name),
            )  # fmt: skip
    for row in landed.values():
        if row["processing_hash"] != processing_hash and row["delivery_id"] != CRAWL:
            reports.append(replay(places, loaded, row, now))
    return reports


CRAWL = "api"
"""`delivery_id` of the standing report that a platform did not answer; it goes with the next crawl that ends well."""


def _crawl(
    places: Places, vault: Vault, loaded: LoadedContract, processing_hash: str, now: datetime
) -> list[DeliveryReport]:
    """Ask the source's platform for what is new and land it. A platform that is down is a refused delivery: what was
    landed before stays in force, and the report says why nothing newer came."""
    from sources.clients.crawl import collect, confirm  # requests, only for a source that asks a platform

    contract = loaded.contract
    try:
        crawl = collect(
            contract.api, source=contract.source, state=places.crawls, environ=os.environ, cipher=vault.cipher, now=now,
            known_keys=lambda: record_keys_in_force(places.landing, contract.source),
        )  # fmt: skip
    except PlatformDown as down:
        report = DeliveryReport(
            contract.source, CRAWL, "", contract.api.title, 0, now, "refused", rule=down.rule, message=down.message
        )
        with open_ledger(places.ledger) as ledger:
            record_delivery(ledger, report, processing_hash, now)
        return [report]
    with open_ledger(places.ledger) as ledger:
        forget_delivery(ledger, contract.source, CRAWL)
    bundle = crawl.bundle
    if bundle is None:
        return []
    with open_bundle(bundle, vault.cipher) as decrypted, decrypted.open() as plain:
        target = original_path(places.originals, bundle.sha256)
        vault.cipher.encrypt_file(plain, target, purpose="originals", context=bundle.sha256, sha256=bundle.sha256)
    report = _land(places, vault, loaded, bundle.file_name, bundle.sha256, now, now)
    report = replace(report, notes=(*crawl.notes, *report.notes))
    with open_ledger(places.ledger) as ledger:
        record_delivery(ledger, report, processing_hash, now)
        record_sighting(ledger, contract.source, bundle.file_name, report.delivery_id, bundle.bytes, bundle.sha256, now)
    confirm(crawl, state=places.crawls, cipher=vault.cipher)
    return [report]


RECORDS = "record"
"""Folder of `landing/` with, per delivery of a source asked by API, the keys of the records it showed or deleted."""


BOUND = "bound"
"""Folder of `landing/` with, per accepted delivery, the columns of its sheet that each field was read from."""


def record_keys_in_force(landing: Path, source: str) -> set[str]:
    """Keys of the records of a source that its platform showed last, and did not delete since."""
    files = [str(path) for path in (landing / RECORDS).glob(f"{source}__*.parquet")]
    if not files:
        return set()
    with contextlib.closing(duckdb.connect()) as con:
        rows = con.execute(
            # what the platform knows: the rows of erased persons carry keys of our own
            "select record_key from read_parquet($files) where not starts_with(record_key, $erased) "
            "group by record_key having not arg_max(is_deleted, delivered_at)",
            {"files": files, "erased": ERASED_KEY},
        ).fetchall()
    return {row[0] for row in rows}


def replay(places: Places, loaded: LoadedContract, row: dict, now: datetime) -> DeliveryReport:
    """Judge a known delivery again from its kept bytes. `row` is one of `ledger.deliveries`."""
    received_at, delivered_at = (datetime.fromisoformat(row[name]) for name in ("received_at", "delivered_at"))
    report = _land(places, Vault(places.vault), loaded, row["file_name"], row["sha256"], received_at, delivered_at)
    if is_erased(places.vault, source := loaded.contract.source, report.delivery_id):
        remember_erased(places, source, report.delivery_id, row["sha256"])
    with open_ledger(places.ledger) as ledger:
        record_delivery(ledger, report, processing_hash_of(loaded, places.returned), now)
    return report


def processing_hash_of(loaded: LoadedContract, returned: Path | None = None) -> str:
    """What decides how a delivery of this source is read: its contract, its corrections (declared, and come back in workbooks), the
    program, the references."""
    corrections = load_corrections(loaded.contract)[1] + returned_hash(returned, loaded.contract.source)
    return hashlib.sha256(f"{loaded.sha256}{corrections}{code_hash()}".encode()).hexdigest()


@cache
def code_hash() -> str:
    """Hash of everything in this room that decides how a row is read: program and references, not the contracts, and not the
    clients of platforms, which decide what is asked."""
    room = Path(__file__).parent
    left_out = ("contracts", "corrections", "samples", "templates", "clients", "__pycache__", "explanations.yml")
    digest = hashlib.sha256()
    for path in sorted(room.rglob("*")):
        relative = path.relative_to(room)
        if path.is_file() and not any(part in left_out for part in relative.parts):
            digest.update(str(relative).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def original_path(originals: Path, sha256: str) -> Path:
    """Where the bytes with this hash are kept."""
    return originals / sha256[:2] / sha256


def keep(originals: Path, arrival: Arrival, cipher: Cipher) -> Path:
    """Keep the bytes under their own hash, encrypted and durable, before anything reads them."""
    target = original_path(originals, arrival.sha256)
    if not target.exists():
        with arrival.path.open("rb") as source:
            cipher.encrypt_file(source, target, purpose="originals", context=arrival.sha256, sha256=arrival.sha256)
    return target


def spoken_corrections(
    places: Places, vault: Vault, contract: Contract, kept: Kept, delivery_id: str, file_name: str
) -> tuple[Correction, ...]:
    """Corrections that came back in workbooks and speak of this delivery. A row of somebody who was erased has nothing left to correct,
    and nothing comes back into it."""
    returned = returned_corrections(places.returned, contract.source, vault.cipher)
    gone = kept.erased_rows if returned else set()
    return tuple(
        item for item in applicable(returned, delivery_id, file_name) if item.at and item.at.row_number not in gone
    )


def keep_redacted(originals: Path, cipher: Cipher, sha256: str, kept: Kept | None) -> None:
    """Put a redacted table (nothing at all when None) in the place of kept bytes, durable and in one rename."""
    with cipher.create(original_path(originals, sha256), purpose="originals", context=sha256) as file:
        write_nothing(file) if kept is None else write_kept(file, kept)


def bound_sheet(
    con: duckdb.DuckDBPyConnection, contract: Contract, kept: Kept, file_name: str
) -> tuple[int, Binding | None]:
    """Which of the sheets of a delivery its contract reads, and how its header is bound; None when it does not fit."""
    index = next((index for index, sheet in enumerate(kept.sheets) if sheet.table.num_rows), 0)
    try:
        sheet, _ = the_table(contract, list(kept.sheets), file_name)
        width = sheet.table.num_columns - 1
        con.register("sheet", sheet.table)
        return index, bind_sheet(con, contract, width) if width else None
    except (Unreadable, Unbound):
        return index, None
    finally:
        con.unregister("sheet")


def judge_file(
    con: duckdb.DuckDBPyConnection,
    loaded: LoadedContract,
    path: Path,
    file_name: str,
    references: References,
    today: datetime,
    kept: Kept | None = None,
    returned: tuple[Correction, ...] = (),
) -> tuple[Judged, str | None]:
    """Read and judge one file in `con` (tables `accepted`, `quarantined`). Returns the counts and the sheet's name. `kept`: what
    it holds, when it was read already. `returned`: corrections that came back in workbooks and speak of this delivery.

    Raises Unreadable or Unbound (the delivery is refused or held); both carry `rule` and a French `message`.
    """
    contract = loaded.contract
    kept = kept or read_delivery(contract, path, file_name)
    sheet, others = the_table(contract, list(kept.sheets), file_name)
    corrections, _ = load_corrections(contract)
    judged = judge(con, contract, sheet, (*corrections, *returned), references, today.date(), file_name, kept.slots)
    return replace(judged, notes=(*sheet.notes, *others, *judged.notes)), sheet.name


def read_delivery(contract: Contract, path: Path, file_name: str) -> Kept:
    """The sheets of a delivery: of its bytes, or of what is kept in their place since somebody was erased. Raises Unreadable."""
    if not is_bundle(contract, file_name) and not fnmatch(file_name.lower(), contract.files.pattern.lower()):
        raise Unreadable(
            "fichier_inattendu",
            f"La source « {contract.source} » attend des fichiers « {contract.files.pattern} » ; « {file_name} » n'en est pas un. "
            "Enregistrez-le dans ce format et redéposez-le.",
        )
    return read_kept(path) if is_redacted(path) else Kept(tuple(read_sheets(contract, path, file_name)))


def is_bundle(contract: Contract, file_name: str) -> bool:
    """Whether a delivery is what a platform's API gave, rather than a file somebody sent."""
    return contract.api is not None and re.fullmatch(r"api-[0-9TZ]+\.jsonl", file_name) is not None


def remember_erased(places: Places, source: str, delivery_id: str, sha256: str) -> None:
    """Note how the files of a delivery are, now that somebody was erased from it: another file in their place is a backup."""
    name = f"{source}__{delivery_id}.parquet"
    folders = [places.landing / folder for folder in (*ENTITIES, "quarantine", RECORDS)]
    landed = [path for folder in folders if (path := folder / name).exists()]
    identities = places.vault / "identities" / f"{name}.enc"
    remember(places.vault, source, delivery_id, [original_path(places.originals, sha256), identities, *landed])


@cache
def _references() -> References:
    return References()


def _land(
    places: Places,
    vault: Vault,
    loaded: LoadedContract,
    file_name: str,
    sha256: str,
    received_at: datetime,
    delivered_at: datetime,
    *,
    again: bool = False,
) -> DeliveryReport:
    """Read, judge and write one delivery. Whatever is wrong with the file ends as a report, never as an exception.

    Persons who were erased are taken out of the kept original first, then it lands (`again`).
    """
    contract, entity = loaded.contract, ENTITIES[loaded.contract.entity]
    delivery_id = sha256[:16]
    original = original_path(places.originals, sha256)
    name = f"{contract.source}__{delivery_id}.parquet"
    accepted_path, quarantine_path = places.landing / entity.name / name, places.landing / "quarantine" / name
    bound_path = places.landing / BOUND / name
    with contextlib.ExitStack() as stack:
        decrypted = stack.enter_context(vault.cipher.open_decrypted(original, purpose="originals", context=sha256))
        con = stack.enter_context(contextlib.closing(open_private()))
        path, deleted = decrypted.path, None
        if is_bundle(contract, file_name) and not is_redacted(path):
            content = stack.enter_context(content_of(decrypted.path, contract.api.key, contract.api.records))
            path, deleted = content.rows, content.deleted
        common = dict(
            source=contract.source, delivery_id=delivery_id, sha256=sha256, file_name=file_name,
            bytes=decrypted.size, received_at=received_at, delivered_at=delivered_at,
        )  # fmt: skip
        try:
            kept = read_delivery(contract, path, file_name)
            spoken = spoken_corrections(places, vault, contract, kept, delivery_id, file_name)
            judged, sheet = judge_file(con, loaded, path, file_name, _references(), delivered_at, kept, spoken)
        except (Unreadable, Unbound) as problem:
            accepted_path.unlink(missing_ok=True)
            quarantine_path.unlink(missing_ok=True)
            bound_path.unlink(missing_ok=True)
            outcome = "held" if isinstance(problem, Unbound) else "refused"
            return DeliveryReport(**common, outcome=outcome, rule=problem.rule, message=problem.message)
        notes, deleted = list(judged.notes), deleted if kept.deleted is None else kept.deleted
        covered = erased_persons(con, contract, vault.tombstones, delivery_id)
        if covered and again:
            raise RuntimeError("erased persons are still in what was kept after their erasure")
        if covered:
            # somebody who was erased is back: in new bytes, or in old ones that a backup brought
            sheet_read = bound_sheet(con, contract, kept, file_name)
            redacted = redact(con, contract, replace(kept, deleted=deleted), *sheet_read, covered=covered)
            keep_redacted(places.originals, vault.cipher, sha256, redacted.kept)
            forget(places.returned, vault.cipher, rows=[(contract.source, delivery_id, number) for number in covered])
            report = _land(places, vault, loaded, file_name, sha256, received_at, delivered_at, again=True)
            remember_erased(places, contract.source, delivery_id, sha256)
            return report
        if entity.personal:
            notes += _split_identities(con, contract, vault, delivery_id, delivered_at)
            _seal_refused_values(con, vault.cipher, f"{contract.source}/{delivery_id}")
        lineage = {
            "source": contract.source, "delivery_id": delivery_id, "file_name": file_name, "sheet": sheet,
            "delivered_at": delivered_at.astimezone(UTC).replace(tzinfo=None),
        }  # fmt: skip
        columns = ", ".join(f'"{column}"' for column in entity.columns)
        _write(
            con, accepted_path,
            f"select {_lineage()}, {columns} from accepted left join record using (row_number) order by row_number", lineage,
        )  # fmt: skip
        _write(
            con, bound_path,
            "select $source as source, $delivery_id as delivery_id, cast($sheet as varchar) as sheet, field, column_letter, header from bound",
            {name: lineage[name] for name in ("source", "delivery_id", "sheet")},
        )  # fmt: skip
        if deleted is not None:
            _write_record_keys(con, places.landing / RECORDS / name, deleted, lineage)
        if judged.rows_quarantined:
            _write(
                con, quarantine_path,
                "select $source as source, $delivery_id as delivery_id, $file_name as file_name, cast($sheet as varchar) as sheet, "
                "row_number, cell, field, rule, message, value, cast($delivered_at as timestamp) as delivered_at, "
                f"{_whose(contract)} from quarantined left join canonical using (row_number)",
                lineage,
            )  # fmt: skip
        else:
            quarantine_path.unlink(missing_ok=True)
    return DeliveryReport(
        **common, outcome="accepted", rows_read=judged.rows_read, rows_accepted=judged.rows_accepted,
        rows_quarantined=judged.rows_quarantined, rows_duplicate=judged.rows_duplicate,
        rows_structure=judged.rows_structure, notes=tuple(notes),
    )  # fmt: skip


def _split_identities(
    con: duckdb.DuckDBPyConnection, contract: Contract, vault: Vault, delivery_id: str, delivered_at: datetime
) -> list[Note]:
    """Send the personal slots of `accepted` to the vault; the rows keep a pseudonym of their programme year."""
    entity, source = ENTITIES[contract.entity], contract.source
    years = {name: int(row["year"]) for name, row in _references().programmes.items() if row["year"]}
    instants = [name for slot in entity.slots.values() if slot.kind == "instant" for name in slot.columns]
    in_programme = (
        f"case programme_id {' '.join(f'when {literal(name)} then {year}' for name, year in years.items())} end"
        if years and "programme_id" in entity.columns
        else "null"
    )
    year = ", ".join([in_programme, *(f'year("{name}")' for name in instants), str(delivered_at.year)])
    con.execute("alter table accepted add column person_year integer")
    con.execute(f"update accepted set person_year = coalesce({year})")
    for name, field in contract.fields.items():
        if field.sealed:
            for column in entity.slots[name].columns:
                _seal_key(con, vault, column)
    seen = split(
        con, "accepted", personal=entity.personal, row_id="row_number", year="person_year",
        event_scope=[name for name in ("event_id",) if name in entity.columns], vault=vault, source=source,
        delivery_id=delivery_id,
        alongside={name: name for name in ("organisation_text", "postcode") if name in entity.columns},
    )  # fmt: skip
    if not seen.nb_not_email:
        return []
    return [
        Note(
            "adresses_illisibles",
            f"{seen.nb_not_email} cellule(s) d'adresse ne contiennent pas une adresse électronique : ces lignes sont gardées, "
            "la personne y est reconnue à son nom seulement.",
        )
    ]


def _seal_key(con: duckdb.DuckDBPyConnection, vault: Vault, column: str) -> None:
    """A key made of personal columns becomes its fingerprint under the key of its programme year: the same row delivered
    again has the same key, and nobody can read or try names on it."""
    years = con.execute(f'select distinct person_year from accepted where "{column}" is not null').fetchall()
    for (year,) in years:
        texts = con.sql(
            f'select distinct "{column}" from accepted where person_year = $year and "{column}" is not null',
            params={"year": year},
        )
        typed = texts.to_arrow_table().column(0).combine_chunks()
        sealed = pseudonyms_under(vault.keyring.key_for(year), "row key", typed)
        con.register("sealed_key", pa.table({"typed": typed, "sealed": sealed}))
        con.execute(
            f'update accepted set "{column}" = s.sealed from sealed_key s where person_year = ? and "{column}" = s.typed',
            [year],
        )
        con.unregister("sealed_key")


def _seal_refused_values(con: duckdb.DuckDBPyConnection, cipher: Cipher, context: str) -> None:
    """In a delivery about persons, what was typed in a refused cell is kept sealed, and its sentence no longer quotes it."""
    refused = con.execute("select distinct value, message from quarantined where value is not null").fetchall()
    for value, message in refused:
        said = message
        for quoted in (quote(clean(value)), quote(value)):
            said = said.replace(quoted, "« (valeur masquée) »")
        con.execute(
            "update quarantined set value = ?, message = ? where value = ? and message = ?",
            [cipher.seal_text(value, purpose="quarantine", context=context), said, value, message],
        )


def _lineage() -> str:
    own = ("row_number", "corrections", "record_key")
    return ", ".join(name if name in own else f"cast(${name} as {type_}) as {name}" for name, type_ in LINEAGE.items())


def _whose(contract: Contract) -> str:
    """SQL of what a refused row says of its organiser: the event it is of, or the first organiser of the event that it is."""
    columns, organisers = ENTITIES[contract.entity].columns, contract.fields.get("organisers")
    said = {name: name if name in columns else "cast(null as varchar)" for name in ("event_id", "programme_id")}
    is_said = organisers is not None and organisers.privacy == "none" and "organiser_labels" in columns
    said["organiser"] = "coalesce(organiser_labels[1], organiser_text)" if is_said else "cast(null as varchar)"
    return ", ".join(f"{expression} as {name}" for name, expression in said.items())


def _write_record_keys(con: duckdb.DuckDBPyConnection, path: Path, deleted: tuple[str, ...], lineage: dict) -> None:
    """The keys a bundle shows and deletes, accepted rows or not: what they replace is decided at the handover."""
    con.register("deleted_key", pa.table({"record_key": pa.array(deleted, pa.string())}))
    query = (
        "select $source as source, cast($delivered_at as timestamp) as delivered_at, record_key, is_deleted from "
        "(select distinct record_key, false as is_deleted from record union all select record_key, true from deleted_key)"
    )
    _write(con, path, query, {name: lineage[name] for name in ("source", "delivered_at")})
    con.unregister("deleted_key")


def _write(con: duckdb.DuckDBPyConnection, path: Path, query: str, parameters: dict) -> None:
    """Write the query's rows as Parquet beside `path`, then rename: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    con.execute(f"copy ({query}) to {literal(str(aside))} (format parquet, compression zstd)", parameters)
    os.replace(aside, path)
