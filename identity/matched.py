"""What matching found, to be told to processes that match nothing: they need not import what it takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Matched:
    """What matching found. rows: landed rows of somebody; identities, persons, participants (person × programme year);
    review: pairs of persons for somebody to look at."""

    rows: int
    identities: int
    persons: int
    participants: int
    review: int
