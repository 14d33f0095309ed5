"""What matching found and where it left it, for processes that match nothing: they need not import what it takes."""

from dataclasses import dataclass
from pathlib import Path

CURRENT = "current"
"""The link beside the tables of participants that says which readers see."""


@dataclass(frozen=True)
class Matched:
    """What matching found. rows: landed rows of somebody; identities, persons, participants (person × programme year);
    review: pairs of persons for somebody to look at."""

    rows: int
    identities: int
    persons: int
    participants: int
    review: int


def current_version(participants: Path) -> str | None:
    """The name of the tables that readers see (`matching/outcome.py`); None when they see none."""
    current = participants / CURRENT
    return current.resolve().name if current.exists() else None
