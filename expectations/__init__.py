"""Expectations: one suite per published dataset, and the verdict on one candidate.

Belongs here: sealing a candidate (`seal`), judging it (`audit`), and the record that `publication` asks before it
opens its door (`Verdict`, `refusals`).
Does not belong here: anything users see. This room writes the exports and the manifest of a candidate, never a
release; it repairs nothing, computes no indicator, and decides nothing: it says what holds.

Importing the package costs milliseconds: pandas, DuckDB and Great Expectations are imported by the functions that
need them, when they run.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expectations.auditing import audit
    from expectations.candidate import (
        NotSealable,
        candidate_hash,
        hash_and_changes,
        seal,
    )
    from expectations.suite import SuiteError, read_suites, suites_hash
    from expectations.verdict import Outcome, Verdict, refusals

_HOME = {
    "audit": "auditing",
    "NotSealable": "candidate",
    "candidate_hash": "candidate",
    "hash_and_changes": "candidate",
    "seal": "candidate",
    "SuiteError": "suite",
    "read_suites": "suite",
    "suites_hash": "suite",
    "Outcome": "verdict",
    "Verdict": "verdict",
    "refusals": "verdict",
}

__all__ = [
    "NotSealable",
    "Outcome",
    "SuiteError",
    "Verdict",
    "audit",
    "candidate_hash",
    "hash_and_changes",
    "read_suites",
    "refusals",
    "seal",
    "suites_hash",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
