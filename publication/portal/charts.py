"""Bars: which series of a dataset are worth drawing, and how long each bar is.

Belongs here: choice and geometry, as plain data for the templates. Does not belong here: markup, colours. Bars start at
zero; they are sorted by size, except what has an order of its own (months). A member without a value keeps its line
and its sign: an absence is shown, not skipped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from publication.figures import Printed
from publication.wording import ORDERED_BREAKDOWNS, short_month

# dataset -> series worth drawing first, as (indicator, breakdown)
PREFERRED = {
    "ind_events": (("EV05", "month"), ("EV04", "department"), ("EV02", "theme")),
    "ind_participation": (("PA01", "month"), ("PA01", "department"), ("PA07", "theme")),
    "ind_territories": (("TE04", "department"),),
}
MOST_BARS = 14
LAST = ("online", "unknown", "undated", "none")


@dataclass(frozen=True)
class Bar:
    label: str
    printed: Printed
    percent: float  # of the longest bar
    is_aside: bool = False  # not a place or a theme: « à distance », « non localisé »


@dataclass(frozen=True)
class Chart:
    indicator: str
    breakdown: str
    programme_id: str
    title: str
    says: str
    bars: tuple[Bar, ...]
    is_upright: bool


@dataclass(frozen=True)
class Line:
    """One row of a dataset as the pages need it."""

    row: dict
    printed: Printed
    programme: str
    indicator: str
    breakdown: str
    member: str


def charts(dataset: str, lines: Sequence[Line], programme_id: str) -> list[Chart]:
    """At most three charts for one programme: the preferred series, else the first that have three bars or more."""
    series: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.row["programme_id"] == programme_id and line.row["breakdown"] not in ("total", "role"):
            series.setdefault((line.row["indicator"], line.row["breakdown"]), []).append(line)
    drawable = {key: found for key, found in series.items() if _is_drawable(found)}
    chosen = [key for key in PREFERRED.get(dataset, ()) if key in drawable]
    if dataset not in PREFERRED:
        chosen = list(drawable)[:2]
    return [_chart(drawable[key]) for key in chosen[:3]]


def _is_drawable(lines: Sequence[Line]) -> bool:
    values = [line.printed.number for line in lines if line.printed.number is not None]
    sizes = [value for value in values if value > 0]
    return 3 <= len(lines) <= 40 and len(sizes) >= 3 and min(values) >= 0 and len(set(sizes)) > 1


def _chart(lines: Sequence[Line]) -> Chart:
    first = lines[0]
    ordered = first.row["breakdown"] in ORDERED_BREAKDOWNS
    if not ordered:
        lines = sorted(lines, key=lambda x: (x.row["member"] in LAST, -(x.printed.number or 0)))[:MOST_BARS]
    longest = max(line.printed.number or 0 for line in lines)
    upright = ordered and len(lines) <= 14
    bars = tuple(
        Bar(
            short_month(x.row["member"]) if upright and x.row["breakdown"] == "month" else x.member,
            x.printed,
            round(100 * (x.printed.number or 0) / longest, 2),
            x.row["member"] in LAST,
        )
        for x in lines
    )
    return Chart(
        indicator=first.row["indicator"],
        breakdown=first.row["breakdown"],
        programme_id=first.row["programme_id"],
        title=_title(first),
        says=_says(lines),
        bars=bars,
        is_upright=upright,
    )


def _title(line: Line) -> str:
    """The indicator, and what it is broken down by when its name does not say so."""
    by = line.breakdown.lower()
    return line.indicator if by in line.indicator.lower() else f"{line.indicator}, par {by}"


def _says(lines: Iterable[Line]) -> str:
    """What the chart shows, in one sentence."""
    shown = [line for line in lines if line.printed.number is not None and line.row["member"] not in LAST]
    top = max(shown, key=lambda line: line.printed.number, default=None)
    text = f"Le plus élevé : {top.member}, {top.printed.full}." if top else ""
    empty = [line.member for line in shown if line.printed.number == 0]
    absent = [f"{line.member} ({line.printed.text})" for line in lines if line.printed.number is None]
    if empty:
        text += f" Aucun : {', '.join(empty)}."
    if absent:
        text += f" Sans valeur : {', '.join(absent)}."
    return text
