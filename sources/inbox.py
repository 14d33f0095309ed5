"""Looking at the inbox: which files are new, which are known, which are still being written, which belong nowhere.

Here: listing and hashing, compared with the ledger. This module is imported every night before anything heavy, so it
imports the standard library only. Not here: reading what the files say.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from sources.ledger import open_ledger, stamps
from sources.note import Note
from sources.zipped import UNREADABLE

STILL_WRITTEN_WITHIN_S = 2.0
"""A file is believed to be complete once nobody has written to it for so long."""

EPOCH, NO_TIME_BEFORE = datetime(1970, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC)

RETURNS = "retours"
"""Folder of the inbox, and name in the ledger, for workbooks of the observatory that come back filled in."""

RETURN_SHEET = "observatoire-retour"
"""Hidden sheet by which such a workbook is known, in whatever folder it was put and whatever its name has become."""

_PASSING = (".part", ".tmp", ".crdownload", ".filepart", ".swp")


@dataclass(frozen=True)
class Arrival:
    """A file of the inbox whose bytes are not those its name showed last. `stamp` is its stat as it was hashed."""

    source: str
    path: Path
    sha256: str
    bytes: int
    stamp: str

    @property
    def delivery_id(self) -> str:
        return self.sha256[:16]

    @property
    def has_moved(self) -> bool:
        """Whether the file was written again or taken away since it was hashed: it is then for the next look."""
        try:
            return stamp_of_file(self.path) != self.stamp
        except OSError:
            return True

    def delivered_at(self, now: datetime) -> datetime:
        """When its sender last wrote it, by the file's own time: the same whether it is read the night it comes or years later.
        A time that is not one (to come, or before 2000: an archive without dates) gives way to `now`."""
        written = EPOCH + timedelta(microseconds=int(self.stamp.split(":")[1]) // 1000)
        return written if NO_TIME_BEFORE <= written <= now else now


@dataclass(frozen=True)
class Look:
    """One look at the inbox: how many files were looked at, what arrived, what renewed its stamp only, what to say."""

    nb_files: int
    arrivals: tuple[Arrival, ...]
    renewed: tuple[Arrival, ...]
    notes: tuple[Note, ...]
    returns: tuple[Arrival, ...] = ()


def look(inbox: Path, ledger_path: Path, sources: Iterable[str], *, returns_only: bool = False) -> Look:
    """Compare every file of `inbox/<source>/` with the ledger. Files whose size, times and inode have not moved since they
    were hashed are known; the others are hashed. A workbook that comes back filled in is a return wherever it lies; with
    `returns_only` nothing else is hashed."""
    known: dict[tuple[str, str], tuple[str, str]] = {}
    if ledger_path.exists():
        with open_ledger(ledger_path) as ledger:
            known = stamps(ledger)
    nb_files, arrivals, renewed, returns, notes = 0, [], [], [], []
    began = time.time()
    for found in _listed(inbox, {*sources, RETURNS}):
        if isinstance(found, Note):
            notes.append(found)
            continue
        source, place = found.parent.name, f"{found.parent.name}/{found.name}"
        before, returned = known.get((source, found.name)), known.get((RETURNS, place))
        try:
            if not stat.S_ISREG(found.lstat().st_mode):
                notes.append(_note("pas_un_fichier", place))
                continue
            stamp = stamp_of_file(found)
            nb_files += 1
            if stamp in (before and before[0], returned and returned[0]):
                continue
            is_return = is_a_return(found)
            if source == RETURNS and not is_return:
                notes.append(_note("pas_un_retour", place))
                continue
            if returns_only and not is_return:
                continue
            arrival = _hash_when_still(source, found, stamp, began)
        except FileNotFoundError:
            continue  # taken away since the folder was listed: as if it had been before
        except OSError as error:
            notes.append(_unreachable(place, error))
            continue
        if arrival is None:
            notes.append(_note("en_cours_d_ecriture", place))
        elif is_return:
            returns.append(arrival)
        elif before and before[1] == arrival.delivery_id:
            renewed.append(arrival)
        else:
            arrivals.append(arrival)
    return Look(nb_files, tuple(arrivals), tuple(renewed), tuple(notes), tuple(returns))


def readable(inbox: Path, sources: Iterable[str]) -> set[Path]:
    """The files of these sources that a look at the inbox reads: those that land, or say why not. All others are read by nobody."""
    return {
        found
        for found in _listed(inbox, set(sources))
        if not isinstance(found, Note) and found.is_file() and not found.is_symlink()
    }


def _listed(inbox: Path, folders: set[str]) -> Iterator[Path | Note]:
    """What lies in these folders of the inbox, by name, but for what programs write beside a file; what is out of place is a note."""
    for folder in sorted(inbox.iterdir()) if inbox.is_dir() else []:
        if not folder.is_dir():
            yield _note("fichier_hors_dossier", folder.name)
            continue
        try:
            paths = sorted(folder.iterdir())
        except OSError as error:
            yield _unreachable(folder.name, error)
            continue
        if folder.name not in folders:
            if paths:
                yield _note("dossier_sans_contrat", folder.name)
            continue
        for path in paths:
            if path.name.startswith((".", "~$")) or path.name.lower().endswith(_PASSING):
                continue
            yield path if path.name == shown(path.name) else _note("nom_illisible", f"{folder.name}/{path.name}")


def shown(name: str) -> str:
    """A name of the file system as a line may show it: what is not UTF-8 in it (« é » as a Latin-1 program writes it), or ends the line, or
    commands a terminal, becomes « ? »."""
    return "".join("?" if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in name)


_SENTENCES = {
    "fichier_hors_dossier": "« {} » est à la racine du dépôt : rangez-le dans le dossier de sa source.",
    "dossier_sans_contrat": "Le dossier « {} » n'a pas de contrat : ses fichiers ne sont pas lus.",
    "nom_illisible": "Le nom de « {} » n'est pas en UTF-8, ou a un retour à la ligne ou un autre caractère invisible : renommez ce fichier, "
    "il n'est pas lu.",
    "pas_un_fichier": "« {} » n'est pas un fichier ordinaire : il n'est pas lu.",
    "pas_un_retour": "« {} » n'est pas un classeur de retour de l'observatoire : rangez-le dans le dossier de sa source, ou "
    "redéposez le classeur sans supprimer ses feuilles.",
    "en_cours_d_ecriture": "« {} » est encore en cours d'écriture : il sera lu la prochaine fois.",
}


def _note(rule: str, name: str) -> Note:
    return Note(rule, _SENTENCES[rule].format(shown(name)))


def _unreachable(name: str, error: OSError) -> Note:
    """What the system does not let be read holds back neither the other files nor the other sources."""
    refused = isinstance(error, PermissionError)
    why = "vérifiez à qui il appartient et ses droits" if refused else "vérifiez le disque ou le partage"
    return Note(
        "inaccessible", f"« {shown(name)} » ne peut pas être ouvert : {why}. Il sera lu dès qu'il pourra l'être."
    )


def is_a_return(path: Path) -> bool:
    """Whether a file is a workbook with the hidden sheet of the observatory's returns. Looks for the name of the sheet only.
    Raises OSError when the file cannot be opened."""
    listed = _LISTS_OF_SHEETS.get(path.suffix.lower())
    if listed is None:
        return False
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as book, book.open(listed) as sheets:
                before = b""
                for _ in range(_MOST_PIECES):
                    piece = sheets.read(_PIECE)
                    if RETURN_SHEET.encode() in before + piece:
                        return True
                    if not piece:
                        return False
                    before = piece[-len(RETURN_SHEET) :]
        except UNREADABLE:
            return False  # not a workbook, or a damaged one: the reader of its source will say so
    return False


_LISTS_OF_SHEETS = {".xlsx": "xl/workbook.xml", ".xlsm": "xl/workbook.xml", ".ods": "content.xml"}
"""Where a workbook names its sheets. LibreOffice's names each beside its cells: all of it is looked through, up to a bound."""

_PIECE, _MOST_PIECES = 1 << 20, 64


def stamp_of_file(path: Path) -> str:
    """What of a file changes when it is written again, without reading it."""
    found = path.stat()
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{found.st_ino}"


def _hash_when_still(source: str, path: Path, stamp: str, began: float) -> Arrival | None:
    """Hash a file whose stat does not move; None when it does. A fresh one is looked at again once it is not: of a hundred that came
    together, the first waits for all, and one that was written since the look `began` for none."""
    written = path.stat().st_mtime
    age = time.time() - written
    if is_fresh := 0 <= age < STILL_WRITTEN_WITHIN_S:
        if written > began:
            return None
        time.sleep(STILL_WRITTEN_WITHIN_S - age)
        if stamp_of_file(path) != stamp:
            return None
    sha256, size = _hash(path) if is_fresh else _hash_once(path, stamp)
    return Arrival(source, path, sha256, size, stamp) if stamp_of_file(path) == stamp else None


def _hash(path: Path) -> tuple[str, int]:
    """The sha256 (hex) and the size of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size


@lru_cache(maxsize=1 << 12)
def _hash_once(path: Path, stamp: str) -> tuple[str, int]:
    """As `_hash`, once per process and stamp: whoever asks whether there is anything new looks before the night does."""
    return _hash(path)
