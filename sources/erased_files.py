"""Which files somebody was erased from, and whether one of them has been replaced since: a backup that came back.

Here: the list `erased_files.json`, its stamps, the comparison. Read every night before anything heavy, so that this module
imports the standard library only. Not here: erasing (`erasure.py`), persons: the list names deliveries and files.

The list is kept twice, in the vault and beside it, and both must hold: an older vault put back has an older list, and the identities of who
was erased since; so may the home have an older one, when the vault alone is kept.

Of a list that cannot be read, the other takes the place. Where neither can, nobody knows what was erased from where: everything counts as
replaced, until all of it was gone through again (`is_lost`, `found_again`).

    {"deliveries": {"source/delivery_id": {"<path from the home>": "<size:mtime:inode>", …}}, "tombstones": ["<id>", …]}
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path

LIST = "erased_files.json"
TOMBSTONES = "tombstones"
ABSENT = "absent"
_LOST = "is_lost"


def remember(vault: Path, source: str, delivery_id: str, files: Iterable[Path]) -> None:
    """The files of an erased delivery are as they must be now."""
    stamps = {os.path.relpath(path, vault.parent): stamp_of(path) for path in files}
    for path, known in _lists(vault).items():
        known["deliveries"][f"{source}/{delivery_id}"] = stamps
        _write(path, known)


def rewritten(vault: Path, file: Path, before: str) -> None:
    """A file was written anew on purpose, whose stamp was `before`: where it was then as it must be, it still is."""
    name = os.path.relpath(file, vault.parent)
    for path, known in _lists(vault).items():
        stamped = [stamps for stamps in known["deliveries"].values() if stamps.get(name) == before]
        for stamps in stamped:
            stamps[name] = stamp_of(file)
        if stamped:
            _write(path, known)


def tombstones_applied(vault: Path) -> None:
    """Every tombstone that is there was applied to every delivery that is there."""
    for path, known in _lists(vault).items():
        known["tombstones"] = _tombstones(vault)
        _write(path, known)


def copied_from(original: Path, vault: Path) -> None:
    """The lists of a copied home speak of its own files, where those of the original are as they must be."""
    for path, known in _lists(vault).items():
        for stamps in known["deliveries"].values():
            for name, stamp in stamps.items():
                if stamp_of(original.parent / name) == stamp:
                    stamps[name] = stamp_of(vault.parent / name)
        if path.exists():
            _write(path, known)


def is_erased(vault: Path, source: str, delivery_id: str) -> bool:
    """Whether somebody was erased from this delivery."""
    return (source, delivery_id) in erased_deliveries(vault)


def erased_deliveries(vault: Path) -> set[tuple[str, str]]:
    return {tuple(key.split("/")) for known in _lists(vault).values() for key in known["deliveries"]}


def replaced_since(vault: Path) -> set[tuple[str, str]]:
    """(source, delivery_id) of the deliveries of which a file is no longer the one that was left by the erasure."""
    return {
        tuple(key.split("/"))
        for known in _lists(vault).values()
        for key, stamps in known["deliveries"].items()
        if any(stamp_of(vault.parent / path) != stamp for path, stamp in stamps.items())
    }


def are_tombstones_new(vault: Path) -> bool:
    """Whether a tombstone was brought (with the copy of a vault) that was not applied here; or nobody knows which were (`is_lost`)."""
    stones = set(_tombstones(vault))
    return any(stones - set(known["tombstones"]) or known.get(_LOST) for known in _lists(vault).values())


def is_lost(vault: Path) -> bool:
    """Whether no list could be read, and not every delivery was gone through again since."""
    return any(known.get(_LOST) for known in _lists(vault).values())


def found_again(vault: Path) -> None:
    """Every delivery that is there was gone through: the lists say again what was erased from where."""
    for path, known in _lists(vault).items():
        if known.pop(_LOST, None):
            _write(path, known)


def unreadable(vault: Path) -> list[Path]:
    """The lists that are there and cannot be read: cut by a disk that was full, or damaged."""
    return [path for path in _places(vault) if path.exists() and _read(path) is None]


def mend(vault: Path) -> None:
    """Write a list that cannot be read again from the other."""
    damaged = unreadable(vault)
    known = _lists(vault) if damaged else {}
    for path in damaged:
        _write(path, known[path])


def stamp_of(path: Path) -> str:
    """`size:mtime:inode`, or ABSENT."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ABSENT
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}"


def _tombstones(vault: Path) -> list[str]:
    return sorted(path.stem for path in (vault / TOMBSTONES).glob("*.enc"))


def _places(vault: Path) -> tuple[Path, Path]:
    return vault / LIST, vault.parent / LIST


def _lists(vault: Path) -> dict[Path, dict]:
    """Both lists, by their place; where there is one alone, as of before there were two, or that can be read, each is that one."""
    places = _places(vault)
    there = [path for path in places if path.exists()]
    found = {path: known for path in there if (known := _read(path)) is not None}
    instead = next(iter(found.values()), {_LOST: True} if there else {})
    # of one list that stands for both, each has its own copy: they are changed in place
    return {path: {"deliveries": {}, "tombstones": []} | deepcopy(found.get(path, instead)) for path in places}


def _read(path: Path) -> dict | None:
    """One list; None when its bytes are not those of one."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    is_list = (
        isinstance(known, dict)
        and isinstance(known.get("deliveries", {}), dict)
        and all(isinstance(stamps, dict) for stamps in known.get("deliveries", {}).values())
        and isinstance(known.get("tombstones", []), list)
    )
    return known if is_list else None


def _write(path: Path, known: dict) -> None:
    """Durable when this returns, whole or not at all."""
    aside = path.with_name(f".{LIST}.{os.getpid()}")
    with aside.open("w", encoding="utf-8") as file:
        file.write(json.dumps(known, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
