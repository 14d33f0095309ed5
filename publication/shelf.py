"""The shelf of releases: numbered directories, the pointer `current`, the journal of what was decided, the lock.

Belongs here: where releases stand and how the pointer moves. Does not belong here: what is inside a release
(`publish`) or how two of them compare (`releases`).

Layout of `releases/`:

    1/ 2/ 3/ …        immutable (directories 0555, files 0444), numbers are never used twice
    current           symbolic link to one number, moved by one atomic replace
    history.jsonl     append-only: `prepared`, `published`, `rolled_back`, `withdrawn`, `discarded`, `redacted`, `approved`
    .lock             one writer at a time (flock: freed by the kernel when the writer dies)
    .tmp-…            a release being written; whatever a crash left is swept by the next writer

A directory that the journal calls `prepared` and never `published`, and that `current` does not point to, is what a
crash left between the rename and the pointer: nobody was ever sent there; it is swept too, its number is not reused. So is one
that the journal calls `withdrawn`, whatever brought it back.
Nothing is ever swept that the journal does not positively name.
"""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

CURRENT = "current"
HISTORY = "history.jsonl"
RELEASE_FILE = "release.json"
TEMPORARY = ".tmp-"
#: Files seen to the disk together, which answers for several in the time of one (134 of a small release: 0.33 s one by one, 0.04 so).
SYNCED_AT_ONCE = 8

PUBLISHED = "published"
WITH_RESERVE = "published_with_reserve"
CARRIED = "carried"
WITHHELD = "withheld"

APPROVAL, EMBARGO = "approval", "embargo"


class Busy(Exception):
    """Another writer holds the shelf."""


class Damaged(OSError):
    """What stands on the shelf is not what the publisher put there. The message is French: what, and what to do."""


@dataclass(frozen=True)
class DatasetStatus:
    """What became of one dataset. `reasons`: why it is not tonight's; `reserves`: what travels with it. `waits`: when new figures
    passed every check and are kept for somebody's approval or an instant (`until`, ISO), which of the two."""

    status: str
    from_release: int | None
    reasons: tuple[str, ...] = ()
    reserves: tuple[str, ...] = ()
    sha256: str | None = None
    rows: int = 0
    waits: str = ""
    until: str | None = None

    @property
    def is_available(self) -> bool:
        return self.status != WITHHELD

    @property
    def digest(self) -> str:
        """The sha256 of a dataset that is available."""
        if self.sha256 is None:
            raise ValueError(f"a dataset that is {self.status} has no bytes")
        return self.sha256


@dataclass(frozen=True)
class Release:
    """One release as its `release.json` tells it. `changed` is False when publish() found nothing new; `is_preview`: it never will be one,
    somebody only looks at it; `redactions`: when a person was taken out of its analysts' files, and of how many rows (`redaction.py`)."""

    number: int
    path: Path
    made_at: str
    candidate_hash: str
    suites_hash: str
    datasets: dict[str, DatasetStatus]
    fingerprint: str
    previous: int | None = None
    files: dict[str, str] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    data_until: str | None = None
    disclosure: dict[str, dict] = field(default_factory=dict)
    version: str = ""  # major.minor.patch; empty in releases made before versions
    step: str = ""  # major, minor or patch: what moved it
    definitions: dict[str, dict[str, str]] = field(default_factory=dict)
    redactions: tuple[dict, ...] = ()
    changed: bool = True
    is_preview: bool = False

    @property
    def public(self) -> Path:
        return self.path / "public"

    @property
    def warehouse(self) -> Path:
        return self.path / "analysts" / "warehouse.duckdb"

    @property
    def contents(self) -> dict[str, str]:
        """The sha256 of each dataset that it shows."""
        return {name: status.sha256 for name, status in self.datasets.items() if status.sha256}

    @property
    def dictionary(self) -> Path:
        """What each table and column of the warehouse is, and how each figure is made from its rows."""
        return self.path / "analysts" / "dictionary.json"

    def made_by(self, dataset: str, releases: Path) -> "Release":
        """The release whose warehouse made the figures of a dataset: an earlier one when it was carried on. Only `number` and
        the paths of the answer are to be relied on."""
        number = self.datasets[dataset].from_release
        if number is None or number == self.number:
            return self
        return replace(self, number=number, path=releases / str(number))

    def as_json(self) -> str:
        document = asdict(self)
        for transient in ("path", "changed", "is_preview"):
            document.pop(transient)
        return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def read_release(directory: Path) -> Release:
    """What `release.json` says of the release in `directory`. Its bytes are not checked (`releases.verify` does)."""
    try:
        document = json.loads((directory / RELEASE_FILE).read_text(encoding="utf-8"))
        document["datasets"] = {
            name: DatasetStatus(**{**entry, "reasons": tuple(entry["reasons"]), "reserves": tuple(entry["reserves"])})
            for name, entry in document["datasets"].items()
        }
        document["redactions"] = tuple(document.get("redactions", ()))
        return Release(path=directory, **document)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError) as error:
        is_there = directory.exists()
        raise Damaged(
            f"La version {directory.name} {'est abîmée' if is_there else 'n’est plus là'} ({directory / RELEASE_FILE if is_there else directory}) : "
            "remettez ce dossier d’une sauvegarde. À défaut, si c’est elle qui est en "
            "place, montrez-en une autre (`observatoire releases rollback`), ou, s’il n’y en a pas, ôtez le lien "
            f"{directory.parent / CURRENT} : la nuit suivante en fait une nouvelle."
        ) from error


# --- the journal ---------------------------------------------------------------------------------------------------


def history(releases: Path) -> list[dict]:
    """Every decision, oldest first. A last line cut by a crash is left out: what it announced did not happen."""
    try:
        lines = (releases / HISTORY).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        with contextlib.suppress(json.JSONDecodeError):
            entries.append(json.loads(line))
    return entries


def note(releases: Path, event: str, *, at: datetime, **facts: Any) -> None:
    """Append one line and see it to the disk."""
    line = json.dumps({"at": at.isoformat(), "event": event, **facts}, ensure_ascii=False)
    path = releases / HISTORY
    with path.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = "\n" + line
        file.write((line + "\n").encode())
        file.flush()
        os.fsync(file.fileno())


# --- the numbers ---------------------------------------------------------------------------------------------------


def directories(releases: Path) -> list[int]:
    """Numbers present on the shelf, prepared or published, in order."""
    if not releases.is_dir():
        return []
    return sorted(int(p.name) for p in releases.iterdir() if p.name.isdigit() and p.is_dir() and not p.is_symlink())


def unannounced(releases: Path) -> list[int]:
    """Numbers on the shelf that nobody is sent to: the journal calls them prepared and never published, or withdrawn, and `current` does
    not point to them."""
    out_of_sight, pointed = _prepared_only(releases) | withdrawn(releases).keys(), current_number(releases)
    return [n for n in directories(releases) if n in out_of_sight and n != pointed]


def withdrawn(releases: Path) -> dict[int, dict]:
    """What the journal says of each release that was withdrawn, by number: `at`, `reason`, `version`, `made_at`, `fingerprint`, `contents`."""
    return {entry["release"]: entry for entry in history(releases) if entry["event"] == "withdrawn"}


def _prepared_only(releases: Path) -> set[int]:
    entries = history(releases)
    published = {entry["release"] for entry in entries if entry["event"] == "published"}
    return {entry["release"] for entry in entries if entry["event"] == "prepared"} - published


def next_number(releases: Path) -> int:
    named = [entry["release"] for entry in history(releases) if "release" in entry]
    return max([0, *named, *directories(releases)]) + 1


# --- the pointer ---------------------------------------------------------------------------------------------------


def current_number(releases: Path) -> int | None:
    """Where `current` points; None before the first release. Raises Damaged when it is no link."""
    try:
        return int(os.readlink(releases / CURRENT))
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise Damaged(
            f"{releases / CURRENT} n’est plus un lien vers une version : ôtez-le, puis remettez en place la dernière version "
            "(`observatoire releases list`, puis `rollback`) ; sans cela, la nuit suivante en fait une nouvelle."
        ) from error


def point(releases: Path, number: int) -> None:
    """Move `current`. A reader sees the old number or the new one, never neither."""
    aside = releases / f"{TEMPORARY}{CURRENT}"
    with contextlib.suppress(FileNotFoundError):
        aside.unlink()
    aside.symlink_to(str(number))
    os.replace(aside, releases / CURRENT)
    sync_directory(releases)


# --- the disk ------------------------------------------------------------------------------------------------------


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable: a rename is not before its directory is."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal(directory: Path) -> None:
    """Everything under `directory` on the disk and read-only."""
    folders, files = [], []
    for folder, _, names in os.walk(directory, topdown=False):
        folders.append(folder)
        files += [os.path.join(folder, name) for name in names]
    with ThreadPoolExecutor(SYNCED_AT_ONCE) as threads:
        for _ in threads.map(_seal_file, files):
            pass
    for folder in folders:
        os.chmod(folder, 0o555)
        sync_directory(Path(folder))


def _seal_file(path: str) -> None:
    os.chmod(path, 0o444)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(directory: Path) -> None:
    """Remove a directory that `seal` may have made read-only."""
    for folder, _, _ in os.walk(directory):
        os.chmod(folder, stat.S_IRWXU)
    shutil.rmtree(directory)


def discard(directory: Path) -> None:
    """Remove a directory, if it is there."""
    if directory.exists():
        remove(directory)


def sweep(releases: Path, *, now: datetime) -> None:
    """Remove what a crash left. Called with the lock held."""
    for path in releases.glob(f"{TEMPORARY}*"):
        if path.is_symlink() or path.is_file():
            path.unlink()
        else:
            remove(path)
    pointed = current_number(releases)
    if pointed is not None and pointed in _prepared_only(releases):
        note(releases, "published", at=now, release=pointed)  # the crash came after the pointer, before this line
    told = withdrawn(releases)
    for number in unannounced(releases):
        if number not in told:
            note(releases, "discarded", at=now, release=number)
        aside = releases / f"{TEMPORARY}discarded-{number}"
        os.rename(releases / str(number), aside)
        remove(aside)


@contextlib.contextmanager
def locked(releases: Path, within_s: float = 0) -> Iterator[None]:
    """Hold the shelf alone. Raises Busy when somebody else holds it and has not let go `within_s` seconds later."""
    releases.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(releases / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        until = time.monotonic() + within_s
        while not _take(descriptor):
            if time.monotonic() >= until:
                raise Busy("Une autre publication est en cours : rien n'a été fait.")
            time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
