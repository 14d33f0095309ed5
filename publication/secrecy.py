"""The secrecy of a candidate's tables, once: while its verdict is awaited, as if that had nothing against any of them, else afterwards.

Belongs here: which tables could leave at all, settling their secrecy early, and the condition under which that stands: the same bytes,
rules and shelf. Does not belong here: the secrecy itself (`disclosure`), what becomes of a table (`decision`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from publication import disclosure, shelf, tables


@dataclass(frozen=True)
class Settled:
    """What `disclosure.protect` says of `tables`; `known_by`: all that it depends on."""

    tables: Mapping[str, pa.Table]
    protected: disclosure.Protected
    known_by: object


def looked_at(data: bytes, *, may_be_empty: bool) -> tuple[pa.Table | None, list[str]]:
    """The table, and why it may not leave although the verdict has nothing against it."""
    try:
        table = tables.read_parquet(data)
    except pa.ArrowException:
        return None, ["Le fichier du tableau est illisible."]
    return table, disclosure.reasons(table) if table.num_rows or may_be_empty else ["Le tableau est vide."]


def foresee(candidate: Path, releases: Path) -> Settled:
    """The secrecy of every table of a sealed candidate that could leave. Raises PolicyError, OSError."""
    fresh = {}
    for path in sorted((candidate / "data").glob("*.parquet")):
        data = path.read_bytes()
        table, reasons = looked_at(data, may_be_empty=True)
        if table is not None and not reasons:
            fresh[path.stem] = (hashlib.sha256(data).hexdigest(), table)
    return settle_secrecy(fresh, disclosure.read(), candidate, releases)


def settle_secrecy(
    fresh: Mapping[str, tuple[str, pa.Table]],
    policies: disclosure.Policies,
    candidate: Path,
    releases: Path,
    foreseen: Settled | None = None,
) -> Settled:
    """The secrecy of these tables (by name, with the sha256 of their bytes): what was foreseen if it is of them alone, else worked out."""
    known_by = {name: digest for name, (digest, _) in fresh.items()}, policies, shelf.history(releases)
    if foreseen is not None and foreseen.known_by == known_by:
        return foreseen
    given = {name: table for name, (_, table) in fresh.items()}
    protected = disclosure.protect(
        given,
        policies,
        events=lambda: disclosure.public_events(candidate / "warehouse.duckdb"),
        releases=releases,
    )
    return Settled(given, protected, known_by)
