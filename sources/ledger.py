"""The ledger: every delivery ever seen, what became of it, and which file of the inbox showed it last.

Here: the SQLite file `ledger.sqlite` and the only statements that touch it. A delivery is identified by `(source,
delivery_id)`; a *sighting* is a file name of the inbox showing some bytes at some time. Files are versions of a *document*: one
each, by its name, unless the contract says more (`FileShape.series`). Which delivery is in force follows from the sightings: the last
accepted one of each document, in the order in which its files were written; the earlier ones are superseded, and so is a held
or refused one that has been replaced since.
Not here: rows of deliveries (`landing/`), personal data.
"""

from __future__ import annotations

import json
import sqlite3
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sources.note import Note

_LATER_COLUMNS = {
    "delivery": {"delivered_at": "received_at"},
    "sighting": {"shown_at": "seen_at", "document": "file_name"},
}
"""Columns that a ledger made before them lacks, and the column that fills them then."""

_SCHEMA = """
create table if not exists delivery (
    source text not null, delivery_id text not null, sha256 text not null, file_name text not null, bytes integer not null,
    received_at text not null, processing_hash text not null, processed_at text not null,
    outcome text not null check (outcome in ('accepted', 'held', 'refused')), rule text, message text,
    rows_read integer not null, rows_accepted integer not null, rows_quarantined integer not null,
    rows_duplicate integer not null, rows_structure integer not null, notes text not null, delivered_at text,
    primary key (source, delivery_id),
    check (rows_read = rows_accepted + rows_quarantined + rows_duplicate));
create table if not exists sighting (
    sighting_id integer primary key, source text not null, file_name text not null, delivery_id text not null,
    bytes integer not null, stamp text not null, seen_at text not null, shown_at text, document text);
create index if not exists sighting_file on sighting (source, file_name, sighting_id);
drop view if exists standing;
create view standing as
with shown as (
    select s.source, s.file_name, s.document, s.delivery_id, s.sighting_id, d.outcome = 'accepted' as is_accepted,
        max(s.shown_at) over (partition by s.source, s.file_name order by s.sighting_id) as from_at
    from sighting s join delivery d using (source, delivery_id)),
ranked as (
    select source, delivery_id, is_accepted,
        row_number() over (partition by source, document order by from_at desc, file_name desc, sighting_id desc) as age,
        row_number() over (partition by source, document, is_accepted order by from_at desc, file_name desc, sighting_id desc) as age_of_outcome
    from shown),
last as (
    select source, delivery_id, max(age = 1) as is_last_seen, max(is_accepted and age_of_outcome = 1) as is_last_accepted
    from ranked group by source, delivery_id)
select d.*,
    case when d.outcome <> 'accepted' and coalesce(l.is_last_seen, 1) then d.outcome
         when d.outcome = 'accepted' and l.is_last_accepted then 'accepted'
         else 'superseded' end as state
from delivery d left join last l using (source, delivery_id);
"""


_VERSION = zlib.crc32(f"{_LATER_COLUMNS}{_SCHEMA}".encode()) >> 1
"""Kept in the file (`user_version`, 31 bits): it is opened twice per source and night, and made once."""


@dataclass(frozen=True)
class DeliveryReport:
    """What became of one delivery. Row counts obey rows_read = rows_accepted + rows_quarantined + rows_duplicate.

    `received_at` is when we got it, `delivered_at` when its sender last wrote it (the crawl, for a platform): history and « the
    later one is right » go by the second, so that late reading changes nothing.
    """

    source: str
    delivery_id: str
    sha256: str
    file_name: str
    bytes: int
    received_at: datetime
    outcome: str
    rule: str | None = None
    message: str | None = None
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_structure: int = 0
    notes: tuple[Note, ...] = field(default=())
    delivered_at: datetime | None = None


class LedgerError(OSError):
    """The ledger cannot be used. The message is French: what it is, what to do."""


_WRONG = {
    "NOTADB": "est abîmé : remettez celui de la dernière sauvegarde, et ce qui est arrivé depuis sera relu du dépôt. Sans sauvegarde, "
    "déplacez-le ailleurs, avec {name}-wal et {name}-shm s'ils existent : seul ce qui est encore dans le dépôt sera relu",
    "BUSY": "est tenu par un autre programme : fermez ce programme, puis relancez",
    "FULL": "ne peut pas être écrit, le disque est plein : libérez de la place, puis relancez",
    "CANTOPEN": "ne peut pas être ouvert : vérifiez à qui appartiennent ce fichier et son dossier, et leurs droits",
    "IOERR": "ne peut pas être lu ou écrit, le disque ne répond pas comme il devrait : vérifiez sa place et son état",
}
"""By SQLite's names of what is wrong (`SQLITE_NOTADB`)."""

_WRONG |= {"CORRUPT": _WRONG["NOTADB"], "LOCKED": _WRONG["BUSY"]}
_WRONG |= dict.fromkeys(("READONLY", "PERM"), _WRONG["CANTOPEN"])


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What SQLite finds wrong with the file, in words; what is wrong with a statement stays what it is."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", None) or ""
        wrong = _WRONG.get((name.split("_") + [""])[1])  # of SQLITE_IOERR_WRITE, what comes first
        if wrong is None:
            raise
        raise LedgerError(f"Le registre des livraisons {path} {wrong.format(name=path.name)}.") from error


@contextmanager
def open_ledger(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the ledger, created when absent; commits on success, rolls back on error, always closes. Raises LedgerError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _told(path):
        connection = sqlite3.connect(path, timeout=30)
    with closing(connection), _told(path):
        connection.row_factory = sqlite3.Row
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        if connection.execute("pragma user_version").fetchone()[0] != _VERSION:
            _add_later_columns(connection)
            connection.executescript(f"{_SCHEMA} pragma user_version = {_VERSION};")
        with connection:
            yield connection


def look_through(path: Path) -> None:
    """Raises LedgerError when something is wrong with a ledger that is there."""
    with open_ledger(path) as ledger:
        if (said := ledger.execute("pragma quick_check(1)").fetchone()[0]) != "ok":
            raise LedgerError(
                f"Le registre des livraisons {path} {_WRONG['CORRUPT'].format(name=path.name)}."
            ) from ValueError(said)


@contextmanager
def kept_open(path: Path) -> Iterator[None]:
    """Meanwhile `open_ledger` costs a third: whoever closes a ledger last puts its journal away and waits for the disk twice."""
    with ExitStack() as held:
        with suppress(OSError, sqlite3.Error):  # whoever needs the ledger says what is wrong with it
            with open_ledger(path):
                pass  # it is there, with its journal
            connection = held.enter_context(closing(sqlite3.connect(path)))
            connection.execute("select count(*) from sighting").fetchall()
        yield


def _add_later_columns(connection: sqlite3.Connection) -> None:
    for table, columns in _LATER_COLUMNS.items():
        present = {row["name"] for row in connection.execute(f"pragma table_info({table})")}
        for column, filled_with in columns.items():
            if present and column not in present:
                connection.execute("drop view if exists standing")
                connection.execute(f"alter table {table} add column {column} text")
                connection.execute(f"update {table} set {column} = {filled_with}")
                connection.commit()


def stamps(ledger: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str]]:
    """The last sighting of each file: (source, file_name) → (stamp, delivery_id)."""
    rows = ledger.execute(
        "select source, file_name, stamp, delivery_id from sighting where sighting_id in "
        "(select max(sighting_id) from sighting group by source, file_name)"
    )
    return {(row["source"], row["file_name"]): (row["stamp"], row["delivery_id"]) for row in rows}


def record_sighting(
    ledger: sqlite3.Connection,
    source: str,
    file_name: str,
    delivery_id: str,
    size: int,
    stamp: str,
    now: datetime,
    shown_at: datetime | None = None,
    document: str | None = None,
) -> None:
    """Say that `file_name`, a version of `document`, shows the bytes of `delivery_id`, since `shown_at`. The same bytes under a new stamp only renew the
    stamp."""
    last = stamps(ledger).get((source, file_name))
    if last and last[1] == delivery_id:
        ledger.execute(
            "update sighting set stamp = ? where sighting_id = "
            "(select max(sighting_id) from sighting where source = ? and file_name = ?)",
            (stamp, source, file_name),
        )
        return
    ledger.execute(
        "insert into sighting (source, file_name, delivery_id, bytes, stamp, seen_at, shown_at, document) values (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source,
            file_name,
            delivery_id,
            size,
            stamp,
            now.isoformat(),
            (shown_at or now).isoformat(),
            document or file_name,
        ),
    )


def follow_series(ledger: sqlite3.Connection, source: str, document_of: Callable[[str], str]) -> None:
    """Say again which document each file of a source is a version of: its contract may have changed."""
    names = ledger.execute("select distinct file_name, document from sighting where source = ?", (source,)).fetchall()
    for name, before in names:
        if (document := document_of(name)) != before:
            ledger.execute(
                "update sighting set document = ? where source = ? and file_name = ?", (document, source, name)
            )


def record_delivery(ledger: sqlite3.Connection, report: DeliveryReport, processing_hash: str, now: datetime) -> None:
    """Write (or rewrite, after a replay) what became of one delivery."""
    ledger.execute(
        "insert or replace into delivery values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            report.source, report.delivery_id, report.sha256, report.file_name, report.bytes,
            report.received_at.isoformat(), processing_hash, now.isoformat(), report.outcome, report.rule,
            report.message, report.rows_read, report.rows_accepted, report.rows_quarantined, report.rows_duplicate,
            report.rows_structure,
            json.dumps([[note.rule, note.message] for note in report.notes], ensure_ascii=False),
            (report.delivered_at or report.received_at).isoformat(),
        ),
    )  # fmt: skip


def leave_as_read(ledger: sqlite3.Connection, source: str, delivery_id: str, processing_hash: str) -> None:
    """Note that what now decides was asked about a delivery, and leaves what was read of it as it is."""
    ledger.execute(
        "update delivery set processing_hash = ? where source = ? and delivery_id = ?",
        (processing_hash, source, delivery_id),
    )


def empty_delivery(ledger: sqlite3.Connection, source: str, delivery_id: str, rule: str, message: str) -> None:
    """Say that nothing is left of a delivery that no contract reads: its counts stay, and what was said of one that was accepted."""
    ledger.execute(
        "update delivery set rule = ?, message = case when outcome = 'accepted' then message else ? end, "
        "outcome = case when outcome = 'accepted' then outcome else 'refused' end where source = ? and delivery_id = ?",
        (rule, message, source, delivery_id),
    )


def forget_delivery(ledger: sqlite3.Connection, source: str, delivery_id: str) -> None:
    """Take back a report that no longer says anything (a platform that answers again). Rows of a delivery are never forgotten."""
    ledger.execute(
        "delete from delivery where source = ? and delivery_id = ? and rows_read = 0 and not exists "
        "(select 1 from sighting s where s.source = delivery.source and s.delivery_id = delivery.delivery_id)",
        (source, delivery_id),
    )


def showings(ledger: sqlite3.Connection) -> list[dict[str, Any]]:
    """Which accepted delivery each document showed, since when, in the order written (`rank`, from 1 per document)."""
    rows = ledger.execute(
        "select source, document, file_name, delivery_id, shown_at, "
        "row_number() over (partition by source, document order by from_at, file_name, sighting_id) as rank "
        "from (select s.*, max(s.shown_at) over (partition by s.source, s.file_name order by s.sighting_id) as from_at "
        "from sighting s join delivery d using (source, delivery_id) where d.outcome = 'accepted') order by source, document, rank"
    )
    return [dict(row) for row in rows]


def deliveries(ledger: sqlite3.Connection, source: str | None = None) -> list[dict[str, Any]]:
    """Every delivery with its `state` (accepted, held, refused, superseded), oldest first; `notes` as list of Note."""
    rows = ledger.execute(
        "select * from standing where ? is null or source = ? order by received_at, source, delivery_id",
        (source, source),
    )
    return [dict(row) | {"notes": [Note(*note) for note in json.loads(row["notes"])]} for row in rows]


def overtaken(ledger: sqlite3.Connection, source: str | None = None) -> list[dict[str, Any]]:
    """Accepted deliveries that came after the one in force of their document, and that their file's own time puts before it: `source,
    delivery_id, file_name`, the file in force, `by`, and when each was written. One that came before is simply replaced."""
    last: dict[tuple[str, str], dict[str, Any]] = {}
    shown = [row for row in showings(ledger) if source in (None, row["source"])]
    for row in shown:
        last[row["source"], row["document"]] = row
    came = {(row["source"], row["delivery_id"]): row for row in deliveries(ledger, source)}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in shown:
        key, by = (row["source"], row["delivery_id"]), last[row["source"], row["document"]]
        is_later = came[key]["received_at"] > came[row["source"], by["delivery_id"]]["received_at"]
        if came[key]["state"] == "superseded" and is_later and row["file_name"] != by["file_name"]:
            found[key] = {
                "source": row["source"], "delivery_id": row["delivery_id"], "file_name": row["file_name"],
                "written_at": datetime.fromisoformat(row["shown_at"]),
                "by": by["file_name"], "by_written_at": datetime.fromisoformat(by["shown_at"]),
            }  # fmt: skip
    return list(found.values())


def overtaken_sentence(row: Mapping[str, Any]) -> str:
    """In French, what `overtaken` says of one delivery: what to do when it is the right one."""
    from zoneinfo import ZoneInfo  # a look at the inbox needs no time zones

    moments = [at.astimezone(ZoneInfo("Europe/Paris")) for at in (row["written_at"], row["by_written_at"])]
    days = [f"{at:%d/%m/%Y}" for at in moments]
    if days[0] == days[1]:
        days = [f"{at:%d/%m/%Y à %H:%M:%S}" for at in moments]
    than = "est plus ancien" if row["written_at"] < row["by_written_at"] else "n'est pas plus récent"
    return (
        f"« {row['file_name']} » {than} ({days[0]}) que « {row['by']} » ({days[1]}) : il ne compte pas. "
        "Enregistrez-le de nouveau si c'est le bon."
    )


def rename_files(ledger: sqlite3.Connection, renamed: Mapping[str, str]) -> set[tuple[str, str]]:
    """Give other names to delivered files (a name may be a person's), everywhere; the (source, delivery_id) that showed one, also when it
    has its other name already. Which delivery is in force does not change: names that were equal stay equal, names that differed must stay different."""
    touched: set[tuple[str, str]] = set()
    for before, after in renamed.items():
        for table in ("delivery", "sighting"):
            found = ledger.execute(
                f"update {table} set file_name = ? where file_name in (?, ?) returning source, delivery_id",
                (after, before, after),
            )
            touched |= {(row["source"], row["delivery_id"]) for row in found.fetchall()}
        documents = (after, before, unicodedata.normalize("NFC", before))
        ledger.execute("update sighting set document = ? where document in (?, ?)", documents)
    return touched


def file_names(ledger: sqlite3.Connection) -> set[str]:
    """Every name under which a file was delivered."""
    rows = ledger.execute("select file_name from delivery union select file_name from sighting")
    return {row["file_name"] for row in rows}
