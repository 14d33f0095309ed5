"""A copy of the state directory, inside it, for as long as somebody works on the copy: what happens there happens nowhere else.

Belongs here: which parts are copied, and how. Does not belong here: what is done on the copy (`rehearsal`).

The night's lock is held as long as the copy is there: whoever has the lock and finds a copy knows that its maker died (`discard`).
Left out: warehouses, which each night builds anew, Dagster's history, logs, the preview.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from orchestration.home import Home
from publication import shelf

Leave = Callable[[str, list[str]], Iterable[str]]
"""What `shutil.copytree` asks of each folder: which of its names to leave out."""


@contextmanager
def copied(home: Home) -> Iterator[Home]:
    """A home of its own with the state of `home` and the same project, gone at the end. To be called under the lock of `home`."""
    from sources.erased_files import LIST, copied_from

    discard(home)
    home.copy.mkdir(mode=0o700)
    aside = Home(home.copy, home.project).ensure()
    journal = home.releases / shelf.HISTORY
    try:
        for place in (home.landing, home.vault, home.returned, home.crawls, home.dbt_target, journal, home.root / LIST):
            _copy(home, place, shutil.copy2)
        # what people sent, kept bytes and sealed releases are never written again in place: the copy may be other names of the same files
        _copy(home, home.inbox, _link, _not_read)
        for place in (home.originals, home.releases):
            _copy(home, place, _link, shutil.ignore_patterns(journal.name))
        with closing(sqlite3.connect(home.ledger)) as ledger, closing(sqlite3.connect(aside.ledger)) as same:
            ledger.backup(same)  # whole, whatever its journal holds and whoever reads it
        copied_from(home.vault, aside.vault)
        yield aside
    finally:
        discard(home)


def discard(home: Home) -> None:
    """The copy goes, or what is left of one. To be called under the lock of `home`."""
    shelf.discard(home.copy)


def _copy(home: Home, place: Path, copy: Callable[[str, str], object], but: Leave | None = None) -> None:
    target = home.copy / place.relative_to(home.root)
    if place.is_dir():
        shutil.copytree(place, target, symlinks=True, ignore=but, copy_function=copy, dirs_exist_ok=True)
    elif place.exists():
        copy(str(place), str(target))


def _not_read(folder: str, names: list[str]) -> list[str]:
    """What a night says of the inbox and leaves: what the system does not open, and what is neither a file nor a folder."""

    def is_read(path: Path) -> bool:
        try:
            return os.access(path, os.R_OK | os.X_OK) if path.is_dir() else path.is_file() and os.access(path, os.R_OK)
        except OSError:
            return False

    return [name for name in names if not is_read(Path(folder, name))]


def _link(source: str, target: str) -> None:
    """Another name of the same file; a copy where the file system, or the owner of the file, does not have it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
