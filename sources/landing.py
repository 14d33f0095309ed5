"""The landing zone: from the bytes of a file to landed rows, quarantine, and a line in the ledger.

Here: keeping the bytes first, reading, judging, writing and recording a delivery, and doing all of it again when the contract, the
corrections or the code changed. Not here: looking at the inbox (`inbox.py`), the judgement of rows (`judge.py`), the files of an accepted
delivery (`landed_files.py`), what dbt receives (`handover.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb

from identity.cipher import Cipher, Decrypted, Tampered, VaultError, held_in_memory
from identity.keys import IDENTITIES_FOLDER
from identity.retention import refused_values_before
from identity.vault import Vault
from sources.clients.api import ApiShape
from sources.clients.bundle import content_of, open_bundle
from sources.clients.outcomes import PlatformDown
from sources.contract import Contract, LoadedContract
from sources.copies import copies
from sources.corrections import Correction, applicable, load_corrections
from sources.entities import ENTITIES
from sources.erased_files import is_erased, remember
from sources.explanations import given_up, load_withdrawals
from sources.headers import Binding, Unbound
from sources.inbox import Arrival, look
from sources.judge import Judged, bind_sheet, in_sql, judge
from sources.kinds import References
from sources.landed_files import BOUND, RECORDS, sealed, write_judged
from sources.layouts import alike, as_one, read_sheets, the_table
from sources.ledger import (
    DeliveryReport,
    deliveries,
    follow_series,
    forget_delivery,
    leave_as_read,
    open_ledger,
    overtaken,
    overtaken_sentence,
    record_delivery,
    record_sighting,
)
from sources.note import OVERTAKEN, Note
from sources.quotes import without_quotes
from sources.readers import Sheet, Unreadable
from sources.readers.signature import other_document
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


class NotReadAgain(Exception):
    """Deliveries in force that could not be read again, because their kept bytes are `lost`, the contract no longer reads them (`unread`:
    why, by what they are called) or there is none any more (`orphans`): what was landed of them stays. The message is French, for who runs
    the night."""

    def __init__(
        self,
        source: str,
        *,
        lost: Sequence[str] = (),
        unread: Mapping[str, str] | None = None,
        orphans: Sequence[str] = (),
    ):
        self.lost, self.unread, self.orphans = list(lost), dict(unread or {}), list(orphans)
        causes = []
        if self.lost:
            names = ", ".join(f"« {name} »" for name in self.lost)
            causes.append(
                f"les octets conservés de {names} sont abîmés ou absents : déposer de nouveau dans inbox/{source}/, ou rétablir une "
                "sauvegarde, puis relancer"
            )
        confirm = (
            "si leurs lignes ne doivent plus compter, le confirmer sous « withdrawals » dans sources/explanations.yml, avec "
            "`unread: true`"
        )
        if self.unread:
            names = ", ".join(self.unread)
            causes.append(
                f"le contrat ne lit plus {names} : y remettre ce qui les lisait, ou, {confirm} ({' '.join(self.unread.values())})"
            )
        if self.orphans:
            names = ", ".join(self.orphans)
            causes.append(f"la source « {source} » n'a plus de contrat pour lire {names} : l'y remettre, ou, {confirm}")
        super().__init__(f"{' ; '.join(causes)} ; ce qui en avait été lu reste en place")


class NotLanded(Exception):
    """Deliveries over which the program itself failed, each by its file's name (a crawl by its platform's): the others of the source are landed.
    The message is French and quotes none of what the failures say, which may be a cell; they are its cause."""

    def __init__(self, failed: Mapping[str, Exception], besides: str = ""):
        names = ", ".join(f"« {name} » ({type(error).__name__})" for name, error in failed.items())
        more = f" ; {besides}" if besides else ""
        super().__init__(
            f"le programme a échoué sur {names} : {'ils seront relus' if len(failed) > 1 else 'il sera relu'} la nuit prochaine, et ce qui en avait été "
            f"lu reste en place ; les autres livraisons de la source sont lues{more}."
        )
        self.__cause__ = ExceptionGroup("deliveries", list(failed.values()))


_OF_THE_PLACE = (OSError, MemoryError, VaultError, NotReadAgain)
"""What says nothing against one file: it ends the landing of the source, and has its own words."""


def deliver(places: Places, loaded: LoadedContract, *, now: datetime | None = None) -> list[DeliveryReport]:
    """Land everything new of one source, and land again what an older contract, correction or program landed, or what is not there any more.

    Returns a report per delivery handled (none when there is nothing to do). Safe to repeat and to interrupt. Raises NotReadAgain, and NotLanded
    where the program failed over some: either way everything else was handled.
    """
    now = now or datetime.now(UTC).replace(microsecond=0)
    contract = loaded.contract
    processing_hash = processing_hash_of(loaded, places.returned)
    seen = look(places.inbox, places.ledger, [contract.source])
    with open_ledger(places.ledger) as ledger:
        for arrival in seen.renewed:
            keep(places.originals, arrival, Vault(places.vault).cipher)
            record_sighting(
                ledger, contract.source, arrival.path.name, arrival.delivery_id, arrival.bytes, arrival.stamp, now
            )
        follow_series(ledger, contract.source, contract.files.document_of)
        ledger.commit()
        known = deliveries(ledger, contract.source)
        mistaken = given_up(known)
        to_read_again = [
            row
            for row in known
            if row["delivery_id"] != CRAWL
            and (contract.source, row["delivery_id"]) not in mistaken
            and (row["processing_hash"] != processing_hash or not _is_in_place(places, contract, row))
        ]
        if not (seen.arrivals or to_read_again or contract.api or _under_another_name(places, ledger, contract)):
            return []
        failed: dict[str, Exception] = {}
        reports: list[DeliveryReport] = []
        if contract.api is not None:
            try:
                reports += _crawl(places, Vault(places.vault), loaded, contract.api, processing_hash, now)
            except _OF_THE_PLACE:
                raise
            except Exception as error:
                failed[contract.api.title] = error
        # what was refused for its name is read under any other
        landed = {row["delivery_id"] for row in known if row["rule"] != UNEXPECTED}
        reports += _land_arrivals(places, loaded, ledger, seen.arrivals, landed, processing_hash, now, failed)
        late = {row["delivery_id"]: overtaken_sentence(row) for row in overtaken(ledger, contract.source)}
        for at, report in enumerate(reports):
            if report.delivery_id in late:
                reports[at] = replace(report, notes=(*report.notes, Note(OVERTAKEN, late[report.delivery_id])))
        moved = _under_another_name(places, ledger, contract)
    done = {*moved, *(report.delivery_id for report in reports)}
    again = [*moved.values(), *(row for row in to_read_again if row["delivery_id"] not in done)]
    besides = ""
    try:
        reports += _read_again(places, loaded, again, processing_hash, now, failed)
    except NotReadAgain as found:
        if not failed:
            raise
        besides = str(found)
    if failed:
        raise NotLanded(failed, besides)
    return reports


def _under_another_name(places: Places, ledger: sqlite3.Connection, contract: Contract) -> dict[str, dict]:
    """Deliveries whose file lies in the inbox under another name alone, by their id, with that name: to be read again under it."""
    return {
        copy.delivery_id: copy.delivery | {"file_name": copy.file_name}
        for copy in reversed(copies(places.inbox, ledger, contract))
        # what an erased person was taken out of keeps the name that the erasure gave it
        if not copy.is_original_there and not is_erased(places.vault, contract.source, copy.delivery_id)
    }


def _land_arrivals(
    places: Places,
    loaded: LoadedContract,
    ledger: sqlite3.Connection,
    arrivals: Sequence[Arrival],
    landed: Collection[str],
    processing_hash: str,
    now: datetime,
    failed: dict[str, Exception],
) -> list[DeliveryReport]:
    """Land the files whose bytes are not among the `landed` ones, and note where each stands. What the program failed over is added to `failed`,
    by file name, and noted nowhere: it arrives again the next night."""
    contract, vault = loaded.contract, Vault(places.vault)
    landed = set(landed)
    reports: list[DeliveryReport] = []
    for rank, arrival in enumerate(arrivals):
        if arrival.has_moved:
            continue
        if arrival.delivery_id in landed:
            keep(places.originals, arrival, vault.cipher)
        else:
            # deliveries of one night are ordered too: the later one wins where both describe the same thing
            received_at = now + timedelta(microseconds=rank)
            try:
                report = _land(
                    places, vault, loaded, arrival.path.name, arrival.sha256, received_at,
                    arrival.delivered_at(received_at), arrival=arrival,
                )  # fmt: skip
            except _OF_THE_PLACE:
                raise
            except Exception as error:
                failed[arrival.path.name] = error
                continue
            record_delivery(ledger, report, processing_hash, now)
            if report.rule != UNEXPECTED:
                landed.add(arrival.delivery_id)
            reports.append(report)
        record_sighting(
            ledger, contract.source, arrival.path.name, arrival.delivery_id, arrival.bytes, arrival.stamp, now,
            arrival.delivered_at(now), contract.files.document_of(arrival.path.name),
        )  # fmt: skip
        ledger.commit()
    return reports


def _read_again(
    places: Places,
    loaded: LoadedContract,
    rows: Sequence[dict],
    processing_hash: str,
    now: datetime,
    failed: dict[str, Exception],
) -> list[DeliveryReport]:
    """Replay deliveries, each whatever becomes of the others; those over which the program fails are added to `failed`. What the contract no
    longer reads stays as it was read, without a word once a later version has replaced it; it goes when somebody confirmed that. Raises
    NotReadAgain for those in force that could not be."""
    if not rows:
        return []
    source = loaded.contract.source
    confirmed = may_go_unread(source)
    reports: list[DeliveryReport] = []
    lost: list[str] = []
    unread: dict[str, str] = {}
    for row in rows:
        try:
            reports.append(replay(places, loaded, row, now, may_go=row["delivery_id"] in confirmed))
        except NotReadAgain as found:
            lost += found.lost
            if not found.unread:
                continue
            with open_ledger(places.ledger) as ledger:
                in_force = {each["delivery_id"] for each in deliveries(ledger, source) if each["state"] == "accepted"}
                if row["delivery_id"] in in_force:
                    unread |= found.unread
                else:
                    leave_as_read(ledger, source, row["delivery_id"], processing_hash)
        except _OF_THE_PLACE:
            raise
        except Exception as error:
            failed[row["file_name"]] = error
    if lost or unread:
        raise NotReadAgain(source, lost=lost, unread=unread)
    return reports


def may_go_unread(source: str) -> set[str]:
    """The deliveries of a source whose rows may go when nothing reads them any more: somebody confirmed it. Raises ContractError."""
    return {item.delivery_id for item in load_withdrawals() if item.source == source and item.unread}


def _is_in_place(places: Places, contract: Contract, row: dict) -> bool:
    """Whether the files that the ledger speaks of are there, and whole: a backup that was put back lacks those of later nights, and a copy
    or a disk that stopped in the middle leaves part of one."""
    if row["outcome"] != "accepted":
        return True
    entity, name = ENTITIES[contract.entity], f"{contract.source}__{row['delivery_id']}.parquet"
    files = [places.landing / entity.name / name]
    if row["rows_quarantined"]:
        files.append(places.landing / "quarantine" / name)
    if entity.personal:
        files.append(places.vault / IDENTITIES_FOLDER / f"{name}.enc")
    return all(path.exists() and (path.suffix != ".parquet" or _ends_as_parquet(path)) for path in files)


def _ends_as_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-min(len(_PARQUET), path.stat().st_size), os.SEEK_END)
        return file.read() == _PARQUET


_PARQUET = b"PAR1"
"""The last bytes of every Parquet file: one that was cut has others, or none."""


CRAWL = "api"
"""`delivery_id` of the standing report that a platform did not answer; it goes with the next crawl that ends well."""


def _crawl(
    places: Places, vault: Vault, loaded: LoadedContract, api: ApiShape, processing_hash: str, now: datetime
) -> list[DeliveryReport]:
    """Ask the source's platform for what is new and land it. A platform that is down is a refused delivery: what was
    landed before stays in force, and the report says why nothing newer came."""
    from sources.clients.crawl import collect, confirm  # requests, only for a source that asks a platform

    contract = loaded.contract
    try:
        crawl = collect(
            api, source=contract.source, state=places.crawls, environ=os.environ, cipher=vault.cipher, now=now,
            known_keys=lambda: record_keys_in_force(places.landing, contract.source),
        )  # fmt: skip
    except PlatformDown as down:
        report = DeliveryReport(
            contract.source, CRAWL, "", api.title, 0, now, "refused", rule=down.rule, message=down.message
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


def replay(
    places: Places, loaded: LoadedContract, row: dict, now: datetime, *, may_go: bool = False, purpose: str = "replay"
) -> DeliveryReport:
    """Judge a known delivery again from its kept bytes. `row` is one of `ledger.deliveries`. Raises NotReadAgain.

    `may_go`: what was landed of it goes when the contract no longer reads it; otherwise it stays, and NotReadAgain says so. Its identities go
    with its rows, under this `purpose`. What was typed in its refused cells does not come back past its term (`identity/retention.yml`): the kept
    bytes have it longer."""
    received_at, delivered_at = (datetime.fromisoformat(row[name]) for name in ("received_at", "delivered_at"))
    stays = not may_go and row["outcome"] == "accepted" and _is_in_place(places, loaded.contract, row)
    limit = refused_values_before(now)
    report = _land(
        places, Vault(places.vault), loaded, row["file_name"], row["sha256"], received_at, delivered_at,
        stays=stays, with_values=limit is None or delivered_at >= limit, purpose=purpose,
    )  # fmt: skip
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
    """Keep the bytes under their own hash, encrypted and durable, before anything is written of them.

    What is kept of them already stays as it is (persons may have been erased from it), unless it is damaged.
    """
    target = original_path(originals, arrival.sha256)
    with (
        contextlib.suppress(FileNotFoundError, Tampered),
        cipher.open_decrypted(target, purpose="originals", context=arrival.sha256),
    ):
        return target
    with arrival.path.open("rb") as source:
        cipher.encrypt_file(source, target, purpose="originals", context=arrival.sha256, sha256=arrival.sha256)
    return target


@contextlib.contextmanager
def _while_kept(originals: Path, arrival: Arrival, cipher: Cipher) -> Iterator[tuple[Decrypted, Future[Path]]]:
    """The bytes of a file, in memory, and the end of their keeping, which goes on meanwhile: `result` says that they are kept,
    or raises. They are either way when the block ends: whatever becomes of a delivery, its bytes are not lost."""
    with (
        arrival.path.open("rb") as file,
        held_in_memory(file) as held,
        ThreadPoolExecutor(max_workers=1) as beside,
    ):
        yield held, beside.submit(keep, originals, replace(arrival, path=held.path), cipher)


def spoken_corrections(
    places: Places,
    vault: Vault,
    contract: Contract,
    kept: Kept,
    delivery_id: str,
    file_name: str,
    besides: Sequence[dict] = (),
) -> tuple[Correction, ...]:
    """Corrections that came back in workbooks and speak of this delivery (`besides`: lines that are not taken yet). A row of somebody who was
    erased has nothing left to correct, and nothing comes back into it."""
    returned = returned_corrections(places.returned, contract.source, vault.cipher, besides)
    gone = kept.erased_rows if returned else set()
    return tuple(
        item for item in applicable(returned, delivery_id, file_name) if item.at and item.at.row_number not in gone
    )


def refused_with(
    places: Places, loaded: LoadedContract, row: dict, lines: Sequence[dict]
) -> dict[tuple[int, str], str]:
    """(row, field) → why it is refused, of a known delivery (`row`: one of `ledger.deliveries`) read with these lines of a workbook besides its
    corrections. Nothing is written; of persons, no sentence quotes what was typed. Raises NotReadAgain, Unreadable, Unbound."""
    contract, vault, file_name = loaded.contract, Vault(places.vault), row["file_name"]
    with contextlib.ExitStack() as stack:
        decrypted, _ = stack.enter_context(_opened(places, vault, contract.source, file_name, row["sha256"], None))
        path, _ = stack.enter_context(records_in(contract, decrypted.path, file_name))
        kept = read_delivery(contract, path, file_name)
        spoken = spoken_corrections(places, vault, contract, kept, row["delivery_id"], file_name, lines)
        delivered_at = datetime.fromisoformat(row["delivered_at"])
        judged, _ = judge_file(loaded, path, file_name, _references(), delivered_at, kept, spoken)
    refused = judged.tables["quarantined"]
    if ENTITIES[contract.entity].personal:
        refused = sealed(refused, vault.cipher, f"{contract.source}/{row['delivery_id']}")
    return {(each["row_number"], each["field"]): each["message"] for each in refused.to_pylist()}


def keep_redacted(originals: Path, cipher: Cipher, sha256: str, kept: Kept | None) -> None:
    """Put a redacted table (nothing at all when None) in the place of kept bytes, durable and in one rename."""
    with cipher.create(original_path(originals, sha256), purpose="originals", context=sha256) as file:
        write_nothing(file) if kept is None else write_kept(file, kept)


def bound_sheet(contract: Contract, kept: Kept, file_name: str) -> tuple[int, Binding | None]:
    """Which of the sheets of a delivery its contract reads, and how its header is bound; None when it does not fit."""
    index = next((index for index, sheet in enumerate(kept.sheets) if sheet.table.num_rows), 0)
    try:
        sheet, _ = the_table(contract, list(kept.sheets), file_name)
        return index, bind_sheet(contract, sheet)[0] if sheet.table.num_columns > 1 else None
    except (Unreadable, Unbound):
        return index, None


def judge_file(
    loaded: LoadedContract,
    path: Path,
    file_name: str,
    references: References,
    today: datetime,
    kept: Kept | None = None,
    returned: tuple[Correction, ...] = (),
) -> tuple[Judged, Sheet]:
    """Read and judge one file. Returns what came out and the sheet it was read from. `kept`: what it holds, when it was read already. `returned`: corrections that came back in workbooks and speak of this delivery.

    Raises Unreadable or Unbound (the delivery is refused or held); both carry `rule` and a French `message`.
    """
    contract = loaded.contract
    kept = kept or read_delivery(contract, path, file_name)
    sheet, others = the_table(contract, list(kept.sheets), file_name)
    corrections, _ = load_corrections(contract)
    try:
        judged = judge(contract, sheet, (*corrections, *returned), references, today.date(), file_name, kept.slots)
    except Unbound as found:
        why = [note.message for note in sheet.notes if note.rule in OTHER_SEPARATOR]
        if others and not sheet.parts:
            filled = [each for each in kept.sheets if each.table.num_rows]
            likely = [f"« {each.name} »" for each, _ in alike(contract, filled[1:])]
            why.append(
                f"Seule la première feuille remplie est lue, et le classeur en a {len(filled)} : mettez celle de la liste"
                f"{f' ({likely[0]} en a les colonnes)' if likely else ''} en premier, ou déposez un classeur qui n'a qu'elle."
            )
        raise Unbound(found.rule, " ".join([*why, found.message])) from None
    return replace(judged, notes=(*sheet.notes, *others, *judged.notes)), sheet


OTHER_SEPARATOR = ("separateur_inattendu", "separateur_annonce")
"""Remarks of the reader that say why no header is found."""


def read_delivery(contract: Contract, path: Path, file_name: str) -> Kept:
    """The sheets of a delivery: of its bytes, or of what is kept in their place since somebody was erased. Raises Unreadable."""
    kept = read_kept(path) if is_redacted(path) else None  # that nothing is left is said whatever its name
    if not is_bundle(contract, file_name) and not contract.files.expects(file_name):
        what, to_do = other_document(path) or (None, "enregistrez-le dans ce format et redéposez-le")
        raise Unreadable(
            UNEXPECTED,
            f"La source « {contract.source} » attend des fichiers « {contract.files.pattern} » ; « {file_name} » n'en est pas un"
            f"{f', c’est {what}' if what else ''}. {to_do[0].upper()}{to_do[1:]}.",
        )
    return (
        replace(kept, sheets=tuple(as_one(contract, kept.sheets)))
        if kept
        else Kept(tuple(read_sheets(contract, path, file_name)))
    )


UNEXPECTED = "fichier_inattendu"
"""The rule by which a file is refused for its name."""


def is_bundle(contract: Contract, file_name: str) -> bool:
    """Whether a delivery is what a platform's API gave, rather than a file somebody sent."""
    return contract.api is not None and re.fullmatch(r"api-[0-9TZ]+\.jsonl", file_name) is not None


@contextlib.contextmanager
def records_in(contract: Contract, path: Path, file_name: str) -> Iterator[tuple[Path, tuple[str, ...] | None]]:
    """Where the rows of a decrypted delivery stand, and the keys of the records that are no more: None of a file, and of what an erasure
    left of a bundle, which says them itself."""
    if contract.api is None or not is_bundle(contract, file_name) or is_redacted(path):
        yield path, None
        return
    with content_of(path, contract.api.key, contract.api.records) as content:
        yield content.rows, content.deleted


def forget_landed(places: Places, vault: Vault, source: str, delivery_id: str, *, purpose: str) -> None:
    """Remove all that landed of a delivery: its identities, logged first, then its rows, refused ones too, and what is said beside them."""
    vault.forget_delivery(source, delivery_id, purpose=purpose)
    for folder in (*ENTITIES, "quarantine", RECORDS, BOUND):
        (places.landing / folder / f"{source}__{delivery_id}.parquet").unlink(missing_ok=True)


def remember_erased(places: Places, source: str, delivery_id: str, sha256: str) -> None:
    """Note how the files of a delivery are, now that somebody was erased from it: another file in their place is a backup."""
    name = f"{source}__{delivery_id}.parquet"
    folders = [places.landing / folder for folder in (*ENTITIES, "quarantine", RECORDS)]
    landed = [path for folder in folders if (path := folder / name).exists()]
    identities = places.vault / IDENTITIES_FOLDER / f"{name}.enc"
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
    arrival: Arrival | None = None,
    stays: bool = False,
    again: bool = False,
    with_values: bool = True,
    purpose: str = "replay",
) -> DeliveryReport:
    """Read, judge and write one delivery. Whatever is wrong with the file ends as a report, never as an exception; but NotReadAgain when
    kept bytes are lost, or when what was landed of them `stays` rather than give way to a reading that does not fit.

    `arrival`: a file of the inbox, perhaps not kept yet: its bytes are kept while they are read, and nothing is written before they are.
    Persons who were erased are taken out of the kept original first, then it lands (`again`). `with_values`: as in `write_judged`. `purpose`: why
    identities go, where they do.
    """
    contract, delivery_id = loaded.contract, sha256[:16]
    with contextlib.ExitStack() as stack:
        decrypted, keeping = stack.enter_context(_opened(places, vault, contract.source, file_name, sha256, arrival))
        path, deleted = stack.enter_context(records_in(contract, decrypted.path, file_name))
        report = DeliveryReport(
            contract.source, delivery_id, sha256, file_name, decrypted.size, received_at, "accepted",
            delivered_at=delivered_at,
        )  # fmt: skip
        problem: Unreadable | Unbound | None = None
        try:
            kept = read_delivery(contract, path, file_name)
            spoken = spoken_corrections(places, vault, contract, kept, delivery_id, file_name)
            judged, sheet = judge_file(loaded, path, file_name, _references(), delivered_at, kept, spoken)
        except (Unreadable, Unbound) as found:
            problem = found
        if keeping is not None:
            keeping.result()
        if problem is not None and stays:
            named = f"« {file_name} » (livraison {delivery_id})"
            raise NotReadAgain(contract.source, unread={named: problem.message}) from problem
        if problem is not None:
            forget_landed(places, vault, contract.source, delivery_id, purpose=purpose)
            outcome = "held" if isinstance(problem, Unbound) else "refused"
            return replace(report, outcome=outcome, rule=problem.rule, message=problem.message)
        if kept.deleted is not None:
            deleted = kept.deleted
        left = _without_erased(vault, contract, replace(kept, deleted=deleted), judged, file_name, delivery_id)
        if left is not None and again:
            raise RuntimeError("erased persons are still in what was kept after their erasure")
        if left is not None:
            # somebody who was erased is back: in new bytes, or in old ones that a backup brought
            redacted, covered = left
            keep_redacted(places.originals, vault.cipher, sha256, redacted)
            forget(places.returned, vault.cipher, rows=[(contract.source, delivery_id, number) for number in covered])
            report = _land(
                places,
                vault,
                loaded,
                file_name,
                sha256,
                received_at,
                delivered_at,
                again=True,
                with_values=with_values,
                purpose=purpose,
            )
            remember_erased(places, contract.source, delivery_id, sha256)
            return report
        lineage = {
            "source": contract.source, "delivery_id": delivery_id, "file_name": file_name, "sheet": sheet.name,
            "delivered_at": delivered_at.astimezone(UTC).replace(tzinfo=None),
        }  # fmt: skip
        notes = write_judged(
            places.landing, vault, contract, judged, deleted, lineage, delivered_at, _references(), sheet,
            with_values=with_values,
        )  # fmt: skip
    return replace(
        report, rows_read=judged.rows_read, rows_accepted=judged.rows_accepted,
        rows_quarantined=judged.rows_quarantined, rows_duplicate=judged.rows_duplicate,
        rows_structure=judged.rows_structure, notes=(*judged.notes, *notes),
    )  # fmt: skip


@contextlib.contextmanager
def _opened(
    places: Places, vault: Vault, source: str, file_name: str, sha256: str, arrival: Arrival | None
) -> Iterator[tuple[Decrypted, Future[Path] | None]]:
    """The bytes of a delivery, and the end of their keeping when it goes on meanwhile (`_while_kept`). Raises NotReadAgain."""
    original = original_path(places.originals, sha256)
    if arrival is not None and not original.exists():
        with _while_kept(places.originals, arrival, vault.cipher) as opened:
            yield opened
        return
    if arrival is not None:
        keep(places.originals, arrival, vault.cipher)
    with contextlib.ExitStack() as stack:
        try:
            decrypted = stack.enter_context(vault.cipher.open_decrypted(original, purpose="originals", context=sha256))
        except (FileNotFoundError, Tampered) as error:
            raise NotReadAgain(source, lost=[file_name]) from error
        yield decrypted, None


def _without_erased(
    vault: Vault, contract: Contract, kept: Kept, judged: Judged, file_name: str, delivery_id: str
) -> tuple[Kept, list[int]] | None:
    """What is left of a delivery without the persons who were erased, and which rows were theirs; None when it holds none of them."""
    if not vault.tombstones.all():
        return None
    index, binding = bound_sheet(contract, kept, file_name)
    if binding is None:
        return None
    with in_sql(**judged.tables) as con:
        covered = erased_persons(con, contract, vault.tombstones, delivery_id)
        sheets = without_quotes(con, kept.sheets, index, binding, ENTITIES[contract.entity], covered, vault.tombstones)
        if not covered and sheets == kept.sheets:
            return None
        kept = replace(kept, sheets=sheets, is_redacted=True)
        redacted = redact(con, contract, kept, index, binding, covered=covered)
    return redacted.kept, sorted(covered)
