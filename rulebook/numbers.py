"""How a French sentence says a number: thousands apart, and words that agree with it.

Here: what every sentence that counts needs, in plain text, with ordinary spaces. Not here: the spaces of a printed page, which bind the number
to its word (`publication.wording`). It imports nothing.
"""

from __future__ import annotations

THIN = "\u202f"  # narrow no-break space: between thousands


def plural(count: int, one: str, many: str | None = None) -> str:
    """« 0 ligne », « 1 ligne est gardée », « 1 204 lignes sont gardées »: without `many`, `one` with an s."""
    return f"{grouped(count)} {agreed(count, one, many)}"


def agreed(count: int, one: str, many: str | None = None) -> str:
    """The words alone; in French zero is singular."""
    return one if abs(count) < 2 else (many or f"{one}s")


def grouped(number: int) -> str:
    """« 1 055 »."""
    return f"{number:,}".replace(",", THIN)
