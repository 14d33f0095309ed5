"""Hashes of files, by group, with a memory of what was already hashed.

Belongs here: bytes and their hashes. Does not belong here: what a changed hash means (`novelty.py`).
A file is read again only when its size, mtime, ctime or inode differ from the memory: looking at the whole project
costs a few milliseconds.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

#: path → [size, mtime_ns, ctime_ns, inode, sha256]
Memory = dict[str, list]

_LEFT_OUT = {"__pycache__", "target", "logs", "dbt_packages", ".user.yml", ".ruff_cache", ".pytest_cache"}


def files_under(*roots: Path) -> list[Path]:
    """Every file under the roots (a root may be a file, or be absent), sorted, without caches and build products."""
    found: list[Path] = []
    for root in roots:
        if root.is_file():
            found.append(root)
            continue
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
            found += (Path(folder) / name for name in sorted(names) if name not in _LEFT_OUT)
    return found


def sha256(path: Path, memory: Memory) -> str:
    """The file's hash, from `memory` when its stat is the same; `memory` is brought up to date."""
    stat = path.stat()
    signature = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
    known = memory.get(str(path))
    if known and known[:4] == signature:
        return known[4]
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    memory[str(path)] = [*signature, digest]
    return digest


def group_hash(base: Path, files: Iterable[Path], memory: Memory) -> str:
    """One hash for names (relative to `base`) and bytes."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(base).as_posix()}\0{sha256(path, memory)}\n".encode())
    return digest.hexdigest()
