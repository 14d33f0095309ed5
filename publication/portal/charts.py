"""Bars: which series of a dataset is worth drawing, in what order, and what it shows in words.

Belongs here: the choice, as plain data. Does not belong here: drawing (`drawing`), markup, colours. Bars start at zero; they
are sorted by size, except what has an order of its own (months). A member without a value keeps its line and its sign: an
absence is shown, not skipped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from publication.figures import SECRET, Printed
from publication.wording import NBSP, ORDERED_BREAKDOWNS, plural, short_month, uncapitalised
from rulebook.numbers import grouped

# (dataset, breakdown) -> indicators worth drawing, the best first
PREFERRED = {
    ("ind_events", "theme"): ("EV02",),
    ("ind_events", "department"): ("EV04",),
    ("ind_events", "month"): ("EV05",),
    ("ind_participation", "theme"): ("PA07", "PA01"),
    ("ind_participation", "department"): ("PA01", "PA07"),
    ("ind_participation", "month"): ("PA01", "PA07"),
    ("ind_territories", "department"): ("TE04",),
}
# breakdowns that a list says better than bars
NOT_DRAWN = ("total", "role", "modality", "theme_count", "department_theme", "epci", "commune", "organiser", "event")
MOST_BARS = 14
MOST_TOPS = 3  # members that share the highest figure and are named
LAST = ("online", "unknown", "undated", "none")
TIME = ("month", "year", "period")
SIGNS = "preε"
RAISED = str.maketrans(SIGNS, "ᵖʳᵉᵋ")


@dataclass(frozen=True)
class Parts:
    """How a share of a total answers the question of its dataset: its parts, largest meaning first, in words. `unanswered`: those of whom
    nothing is known, when the share is of the others; `beside`: the indicator that says how far it reaches."""

    indicator: str
    counted: str
    others: str
    unanswered: str
    of: tuple[str, str]
    beside: str = ""


IN_PARTS = {
    "ind_satisfaction": Parts(
        "SA02", "Note d’au moins 4", "Note de moins de 4", "Réponse sans note", ("note", "notes"), "SA04"
    ),
    "ind_quality": Parts("QU01", "Effectif connu", "", "Effectif inconnu", ("événement tenu", "événements tenus")),
}


@dataclass(frozen=True)
class Line:
    """One row of a dataset as the pages need it."""

    row: dict
    printed: Printed
    programme: str
    indicator: str
    breakdown: str
    member: str


@dataclass(frozen=True)
class Bar:
    label: str
    figure: str  # as printed, with its sign; never empty
    value: float | None
    lower: float | None = None
    upper: float | None = None
    is_aside: bool = False  # not a place or a theme: « à distance », « non localisé »


@dataclass(frozen=True)
class Chart:
    """One series to draw; `bars` in the order in which they stand. `says`: the same in words; `whole`: what a bar of full length is worth, that
    of the longest when it is not said."""

    name: str
    title: str
    says: str
    bars: tuple[Bar, ...]
    is_upright: bool
    whole: float | None = None


def marked(figure: Printed, *, short: bool = False) -> str:
    """« au moins 450 ᵖ », « ≥ 450 ᵖ » when short, « /// »: a figure and its sign of one letter as plain text. Of an estimate that is incomplete,
    also what is certain: « 450 ᵉ (≥ 430) », « ≥ 430 ᵉ » when short."""
    at_least = figure.floor or (figure.text if figure.at_least else "")
    text = f"≥\u202f{at_least}" if short and at_least else figure.full
    if figure.number is not None and figure.sign in tuple(SIGNS):
        text += f"\u202f{figure.sign.translate(RAISED)}"
    return f"{text} (≥\u202f{figure.floor})" if figure.floor and not short else text


def chosen(lines: Sequence[Line]) -> list[list[Line]]:
    """The series of one dataset, programme and breakdown that are worth drawing, the best first; often one, or none."""
    if not lines or lines[0].row["breakdown"] in NOT_DRAWN:
        return []
    series: dict[str, list[Line]] = {}
    for line in lines:
        series.setdefault(line.row["indicator"], []).append(line)
    first = lines[0].row
    wanted = PREFERRED.get((first["dataset"], first["breakdown"]), ())
    preferred = [series[code] for code in wanted if is_drawable(series.get(code, ()))]
    return preferred or [found for found in series.values() if is_drawable(found)][:1]


def is_aside(row: dict) -> bool:
    """Whether the member is none of its breakdown: « à distance », « sans thème ». « Aucun salarié » is a size like any other."""
    return row["member"] in LAST and (row["breakdown"], row["member"]) != ("size_band", "none")


def is_drawable(lines: Sequence[Line]) -> bool:
    """Three members or more, three sizes above zero, and not all the same: else the table says it better."""
    values = [line.printed.number for line in lines if line.printed.number is not None]
    sizes = [value for value in values if value > 0]
    return len(lines) >= 3 and len(sizes) >= 3 and min(values) >= 0 and len(set(sizes)) > 1


def chart(lines: Sequence[Line]) -> Chart:
    """The bars of one series."""
    first = lines[0]
    ordered = first.row["breakdown"] in ORDERED_BREAKDOWNS
    total = len(lines)
    if not ordered:
        lines = sorted(lines, key=lambda x: (is_aside(x.row), -(x.printed.number or 0)))[:MOST_BARS]
    upright = first.row["breakdown"] in TIME and len(lines) <= MOST_BARS
    return Chart(
        name=_name(first.row),
        title=title(first),
        says=says(lines, total),
        bars=tuple(
            Bar(
                label=_short_label(x) if upright else x.member,
                figure=marked(x.printed, short=upright),
                value=x.printed.number,
                lower=x.row.get("lower") if x.printed.bounds else None,
                upper=x.row.get("upper") if x.printed.bounds else None,
                is_aside=is_aside(x.row),
            )
            for x in lines
        ),
        is_upright=upright,
    )


def in_parts(lines: Sequence[Line]) -> Chart | None:
    """The share that answers the question of a dataset, as the parts of its whole, in one programme; None without a figure of it."""
    parts = IN_PARTS.get(lines[0].row["dataset"]) if lines else None
    if parts is None:
        return None
    totals = {line.row["indicator"]: line for line in lines if line.row["breakdown"] == "total"}
    share = totals.get(parts.indicator)
    if share is None or share.printed.number is None or share.row["numerator"] is None or not share.row["denominator"]:
        return None
    row, known = share.row, int(share.row["denominator"])
    counted = int(row["numerator"])
    whole = max(known, row["n_total"] or 0)
    left = whole - known if parts.others else known - counted
    bars = [Bar(parts.counted, f"{grouped(counted)} ({marked(share.printed)})", counted)]
    if parts.others:
        bars.append(Bar(parts.others, grouped(known - counted), known - counted))
    bars.append(Bar(parts.unanswered, grouped(left), left, is_aside=True))
    text = f"{parts.counted}{NBSP}: {grouped(counted)} sur {plural(known, *parts.of)}. {parts.unanswered}{NBSP}: {grouped(left)}."
    beside = totals.get(parts.beside)
    if beside is not None and beside.printed.number is not None:
        text += f" {beside.indicator}{NBSP}: {beside.printed.full}."
    others = [line for line in lines if line.row["indicator"] == parts.indicator and line is not share]
    secret = sum(line.printed.text == SECRET for line in others)
    if secret:
        text += f" Par {uncapitalised(others[0].breakdown)}{NBSP}: {SECRET} (secret) pour {grouped(secret)} sur {grouped(len(others))}."
    return Chart(_name(row), share.indicator, text, tuple(bars), False, whole)


def counts(name: str, heading: str, says: str, counted: Iterable[tuple[str, int]]) -> Chart:
    """How many of each, the most first, as parts of them all."""
    counted = list(counted)
    bars = tuple(Bar(label, grouped(number), number) for label, number in counted)
    return Chart(name, heading, says, bars, False, sum(number for _, number in counted))


def _name(row: dict) -> str:
    return ".".join(str(row[name]) for name in ("dataset", "programme_id", "indicator", "breakdown"))


def _short_label(line: Line) -> str:
    """« sept. 2023 »; the label as it is for what is no month."""
    short = short_month(line.row["member"])
    return line.member if short == line.row["member"] else short


def title(line: Line) -> str:
    """The indicator, and what it is broken down by when its name does not say so."""
    by = uncapitalised(line.breakdown)
    return line.indicator if by.lower() in line.indicator.lower() else f"{line.indicator}, par {by}"


def _said(figure: Printed) -> str:
    return f"{figure.full} ({figure.bounds})" if figure.floor else figure.full


def _named(line: Line) -> str:
    """A member inside a sentence: months have no capital."""
    return uncapitalised(line.member) if line.row["breakdown"] == "month" else line.member


def says(lines: Iterable[Line], total: int | None = None) -> str:
    """What the chart shows, in one or two sentences. Of figures that are minimums, only what is known is said."""
    lines = list(lines)
    shown = [line for line in lines if line.printed.number is not None and not is_aside(line.row)]
    most = max((line.printed.number for line in shown if line.printed.number is not None), default=None)
    top = [line for line in shown if line.printed.number == most]
    text = ""
    if top:
        known = " connu" if any(line.printed.at_least or line.printed.floor for line in shown) else ""
        named = ", ".join(map(_named, top[:MOST_TOPS])) + (
            f" et {len(top) - MOST_TOPS} de plus" if len(top) > MOST_TOPS else ""
        )
        text = f"Le plus élevé{known} : {named}, {_said(top[0].printed)}."
    empty = [_named(line) for line in shown if line.printed.number == 0]
    absent = [f"{_named(line)} ({line.printed.text})" for line in lines if line.printed.number is None]
    if empty:
        text += f" Aucun : {', '.join(empty)}."
    if absent:
        text += f" Sans valeur : {', '.join(absent)}."
    if total and total > len(lines):
        text += f" Les {len(lines)} premiers sur {total}."
    return text
