"""The tables of a page: one block per breakdown, its members as rows, its indicators as columns.

Belongs here: laying out the rows of one dataset and programme, and choosing what is folded. Does not belong here: markup, how
a figure is written (`figures`), what is drawn (`charts`, `maps`). The layout loses nothing: every row of the dataset is
one cell of one block.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from publication.labels import Labels
from publication.portal import charts, maps
from publication.portal.charts import Chart, Line
from publication.portal.maps import Map
from publication.wording import long_period, uncapitalised

MOST_COLUMNS = 9  # beyond, a table does not fit a sheet of paper: the block has a second one
MOST_BESIDE = 4  # columns of a table that fits beside its drawing; a wider one stands under its drawings
SHORT = 16  # a longer block is folded
FIRST = ("total", "month", "year", "department", "region", "theme", "modality", "role")
ALWAYS_SHOWN = ("month", "department", "theme")

COVERAGE = re.compile(
    r"(?:(?:Au moins(?: [\d\s]+)? : e|E)ffectif connu pour \d+ événements? sur \d+"
    r"|Non significatif : \d+ événements? sur \d+ avec un effectif connu)\.\s*"
)
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀÉÈÊÎÔ])")


@dataclass(frozen=True)
class Column:
    code: str
    title: str
    unit: str


@dataclass(frozen=True)
class Entry:
    """One member: its cells in the order of the columns, None where the dataset says nothing. `about`: the indicators that a note speaks of,
    when it does not speak of all. `without`: which notes of its table, by their place, it does not say."""

    member: str
    label: str
    period: str  # when it is not that of the programme
    coverage: str  # n/N, when all its cells share it
    notes: tuple[str, ...]
    cells: tuple[Line | None, ...]
    is_aside: bool
    about: Mapping[str, str]
    without: tuple[int, ...] = ()

    def tells_of(self, note: str) -> list[str]:
        """The indicators that one of its notes speaks of."""
        return self.about[note].split() if note in self.about else [c.row["indicator"] for c in self.cells if c]

    def has_figure(self, codes: Collection[str]) -> bool:
        """Whether it shows a number of one of these indicators."""
        return any(c and c.row["indicator"] in codes and c.printed.number is not None for c in self.cells)


@dataclass(frozen=True)
class Table:
    """The members of a breakdown as rows, the indicators as columns."""

    columns: tuple[Column, ...]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()  # what every entry that has a figure says
    about: Mapping[str, str] = field(default_factory=dict)  # as that of an entry

    @cached_property  # a template asks it for every row
    def has_coverage(self) -> bool:
        return any(entry.coverage for entry in self.entries)


@dataclass(frozen=True)
class Block:
    """`sheets`: the pages where its rows stand, when they are not on that of their programme; `first_row`: the place of its first row
    among those of its table, when it is one of these sheets."""

    id: str
    breakdown: str
    title: str
    tables: tuple[Table, ...]
    is_folded: bool
    charts: tuple[Chart, ...] = ()
    map: Map | None = None
    sheets: tuple["Sheet", ...] = ()
    first_row: int = 0

    @property
    def is_drawn(self) -> bool:
        return bool(self.charts or self.map)

    @property
    def stands_beside(self) -> bool:
        return self.is_drawn and len(self.tables[0].columns) <= MOST_BESIDE

    @property
    def size(self) -> int:
        return len(self.tables[0].entries)

    @property
    def last_row(self) -> int:
        return self.first_row + self.size - 1


@dataclass(frozen=True)
class Sheet:
    """A page of a block that is too long for that of its programme."""

    page: str
    block: Block


def blocks(lines: Sequence[Line], labels: Labels, period: str) -> list[Block]:
    """The blocks of one dataset and programme, totals first, long lists last. `period`: that of the programme."""
    by_breakdown: dict[str, list[Line]] = {}
    for line in lines:
        by_breakdown.setdefault(line.row["breakdown"], []).append(line)

    def rank(breakdown: str) -> tuple:
        long = _is_long(by_breakdown[breakdown])
        place = FIRST.index(breakdown) if breakdown in FIRST else len(FIRST)
        return (long, place, labels.breakdown(breakdown))

    found = [_block(by_breakdown[breakdown], labels, period) for breakdown in sorted(by_breakdown, key=rank)]
    answer = charts.in_parts(lines)
    return [replace(b, charts=(answer,)) if answer and b.breakdown == "total" else b for b in found]


def _is_long(lines: Sequence[Line]) -> bool:
    members = len({line.row["member"] for line in lines})
    return members > SHORT and lines[0].row["breakdown"] not in ALWAYS_SHOWN


def _block(lines: list[Line], labels: Labels, period: str) -> Block:
    first = lines[0]
    breakdown = first.row["breakdown"]
    series = charts.chosen(lines)
    drawn = None
    if breakdown == "department" and series:
        drawn = maps.drawn(series[0], charts.title(series[0][0]), charts.says(series[0]))
    tables = _tables(lines, labels, period)
    left = series[1:] if drawn else series
    if len(tables[0].columns) <= MOST_BESIDE:
        left = left[: 0 if drawn else 1]
    return Block(
        id=slug("-".join((first.row["programme_id"] or "", breakdown))),
        breakdown=breakdown,
        title="Ensemble" if breakdown == "total" else f"Par {uncapitalised(labels.breakdown(breakdown))}",
        tables=tables,
        is_folded=_is_long(lines),
        charts=tuple(map(charts.chart, left)),
        map=drawn,
    )


def _tables(lines: list[Line], labels: Labels, period: str) -> tuple[Table, ...]:
    codes = list(dict.fromkeys(line.row["indicator"] for line in lines))
    most = len(codes) if lines[0].row["breakdown"] == "total" else MOST_COLUMNS  # totals are printed as rows
    tables = []
    for start in range(0, len(codes), most):
        wanted = codes[start : start + most]
        units: dict[str, str] = {}
        rows: dict[tuple[str, str], dict[str, list[Line]]] = {}
        for line in lines:
            code = line.row["indicator"]
            if code in wanted:
                units.setdefault(code, labels.unit_of(line.row))
                rows.setdefault((line.row["member"], line.row["period"] or ""), {}).setdefault(code, []).append(line)
        entries = []
        for (member, when), cells in rows.items():
            # a repeated key is shown as often as it stands in the dataset
            for turn in range(max(map(len, cells.values()))):
                chosen = [cells[c][turn] if len(cells.get(c, ())) > turn else None for c in wanted]
                entries.append(_entry(member, "" if when in (period, member, "") else long_period(when), chosen))
        columns = tuple(Column(c, labels.indicator(c), units[c]) for c in wanted)
        tables.append(Table(columns, *_common_notes(_coverages_in_place(entries))))
    return tuple(tables)


def _coverages_in_place(entries: list[Entry]) -> list[Entry]:
    """n/N in a column of its own, or beside each figure where most members have several."""
    covered = [entry for entry in entries if any(cell and cell.printed.coverage for cell in entry.cells)]
    if 2 * sum(bool(entry.coverage) for entry in covered) >= len(covered):
        return entries
    return [replace(entry, coverage="") for entry in entries]


def _common_notes(entries: list[Entry]) -> tuple[tuple[Entry, ...], tuple[str, ...], dict[str, str]]:
    """What every figure of some indicators says is said once, under the table; what some say of other indicators than the rest is said of all of
    these. A secret has none of it."""
    every = list(dict.fromkeys(cell.row["indicator"] for entry in entries for cell in entry.cells if cell))
    said_by: dict[str, set[int]] = {}
    speaks_of: dict[str, set[str]] = {}
    for place, entry in enumerate(entries):
        for note in entry.notes:
            said_by.setdefault(note, set()).add(place)
            speaks_of.setdefault(note, set()).update(entry.tells_of(note))
    shared = {
        note: [code for code in every if code in speaks_of[note]]
        for note, places in said_by.items()
        if len(places) >= 3
        and not any(e.has_figure(speaks_of[note]) for place, e in enumerate(entries) if place not in places)
    }
    kept = (
        replace(
            entry,
            notes=tuple(note for note in entry.notes if note not in shared),
            without=tuple(place for place, note in enumerate(shared) if note not in entry.notes),
        )
        for entry in entries
    )
    return tuple(kept), tuple(shared), {note: " ".join(c) for note, c in shared.items() if len(c) < len(every)}


def _entry(member: str, period: str, cells: list[Line | None]) -> Entry:
    shown = [cell for cell in cells if cell is not None]
    coverages = {cell.printed.coverage for cell in shown}
    said = {cell.row["indicator"]: notes([cell.row.get("caveat") or ""]) for cell in shown}
    found = dict.fromkeys(note for each in said.values() for note in each)
    of = {note: [code for code, each in said.items() if note in each] for note in found}
    return Entry(
        member=member,
        label=shown[0].member,
        period=period,
        coverage=coverages.pop() if len(coverages) == 1 else "",
        notes=tuple(found),
        cells=tuple(cells),
        is_aside=charts.is_aside(shown[0].row),
        about={note: " ".join(codes) for note, codes in of.items() if len(codes) < len(said)},
    )


def notes(caveats: Iterable[str]) -> tuple[str, ...]:
    """Distinct sentences, without those that n/N, « au moins » or the sign beside the figure already say."""
    sentences = [part for text in caveats for part in SENTENCE.split(COVERAGE.sub("", text)) if part.strip()]
    return tuple(dict.fromkeys(sentences))


def slug(text: str) -> str:
    """What stands in a file name and in an anchor."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "x"
