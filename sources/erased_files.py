"""Which files somebody was erased from, and whether one of them has been replaced since: a backup that came back.

Here: the list `<vault>/erased_files.json`, its stamps, the comparison. Read every night before anything heavy, so that this module
imports the standard library only. Not here: erasing (`erasure.py`), persons: the list names deliveries and files.

    {"deliveries": {"source/delivery_id": {"<path from the home>": "<size:mtime:inode>", …}}, "tombstones": ["<id>", …]}
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

LIST = "erased_files.json"
TOMBSTONES = "tombstones"
ABSENT = "absent"


def remember(vault: Path, source: str, delivery_id: str, files: Iterable[Path]) -> None:
    """The files of an erased delivery are as they must be now."""
    known = _read(vault)
    stamps = {os.path.relpath(path, vault.parent): stamp_of(path) for path in files}
    known["deliveries"][f"{source}/{delivery_id}"] = stamps
    _write(vault, known)


def tombstones_applied(vault: Path) -> None:
    """Every tombstone that is there was applied to every delivery that is there."""
    known = _read(vault)
    known["tombstones"] = _tombstones(vault)
    _write(vault, known)


def is_erased(vault: Path, source: str, delivery_id: str) -> bool:
    """Whether somebody was erased from this delivery."""
    return f"{source}/{delivery_id}" in _read(vault)["deliveries"]


def erased_deliveries(vault: Path) -> set[tuple[str, str]]:
    return {tuple(key.split("/")) for key in _read(vault)["deliveries"]}


def replaced_since(vault: Path) -> set[tuple[str, str]]:
    """(source, delivery_id) of the deliveries of which a file is no longer the one that was left by the erasure."""
    return {
        tuple(key.split("/"))
        for key, stamps in _read(vault)["deliveries"].items()
        if any(stamp_of(vault.parent / path) != stamp for path, stamp in stamps.items())
    }


def are_tombstones_new(vault: Path) -> bool:
    """Whether a tombstone was brought (with the copy of a vault) that was not applied here."""
    return bool(set(_tombstones(vault)) - set(_read(vault)["tombstones"]))


def stamp_of(path: Path) -> str:
    """`size:mtime:inode`, or ABSENT."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ABSENT
    return f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}"


def _tombstones(vault: Path) -> list[str]:
    return sorted(path.stem for path in (vault / TOMBSTONES).glob("*.enc"))


def _read(vault: Path) -> dict:
    try:
        known = json.loads((vault / LIST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = {}
    return {"deliveries": {}, "tombstones": []} | known


def _write(vault: Path, known: dict) -> None:
    path = vault / LIST
    aside = path.with_name(f".{LIST}.{os.getpid()}")
    aside.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    os.replace(aside, path)
