"""From tables of the tidy shape to a system of numbers tied by equations.

Belongs here: what each line gives away, which lines are secret by themselves, and every equation that a reader of the
release can write: parts and totals, shares and their complements, events and their breakdowns. Does not belong here:
thresholds (`policy`), solving.

A number is named by its programme, its quantity, the personal traits it is restricted to, and the events it is about:
the women of April are `(programme, personnes, ((gender, F),), (month, 2023-04))`. Two lines that name the same number
share it, whatever their tables.

Totals over events use the public list of events: each number is a sum over *atoms*, the events that stand in exactly the
same members of every breakdown. An event of two themes is in the sums of both, and themes do not add up to the total:
a model where they did would be wrong in both directions. Without that list, parts are compared with their total.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

import numpy as np
import pyarrow as pa

from publication.disclosure.policy import Counted, Counts, Policies, Threshold, Vocabulary
from publication.disclosure.system import Equation, System, Variable

KEY = ("programme_id", "indicator", "breakdown", "member", "period")
TOTAL = ("total", "total")
EVENT = "event"
COLUMNS = ("value", "lower", "upper", "numerator", "denominator", "n_with_data", "n_total")
#: Columns that say that a line has a number.
NUMBERS = ("value", "lower", "upper", "numerator", "denominator")
#: All that is read of a table.
READ = {*KEY, *COLUMNS, *NUMBERS, "obs_status"}
_VALUES = (*NUMBERS, "n_with_data", "n_total")
#: Columns that are about a whole, when the line is one of its parts.
WHOLES = ("denominator", "n_with_data", "n_total")

#: Hiding a line costs what it counts; hiding a total, so many times as much.
COST_OF_A_TOTAL = 10
#: How often what lines say is carried on, from sums to sums of sums.
MOST_SUMS_OF_SUMS = 6
#: What a bound may be wrong by.
ROUNDING = 1e-9
#: conf_status of what is secret by itself: too few contributors, one dominant contributor
SMALL, DOMINATED, SECONDARY = "A", "O", "D"

#: For each programme, the events as the set of (breakdown, member) each of them stands in.
Events = Mapping[str, Sequence[frozenset[tuple[str, str]]]]


@dataclass(frozen=True)
class Line:
    """One line of a table that a policy watches. `columns`: the number that each column gives away. `beside`: those of other lines, which follow."""

    dataset: str
    place: int
    key: tuple[str, ...]
    threshold: Threshold
    columns: dict[str, int]
    primary: str = ""  # conf_status when it is secret by itself
    when: str = ""  # its period, where its member comes with several
    beside: tuple[int, ...] = ()

    @property
    def name(self) -> tuple[str, ...]:
        return (self.dataset, *self.key)

    @property
    def lasting_name(self) -> tuple[str, ...]:
        """What it is called in other releases: the period of a programme that goes on is longer from one to the next."""
        return (self.dataset, *self.key[:4], self.when)


@dataclass
class Cells:
    """The system of one release, and which line of which table each of its rows is."""

    system: System = field(default_factory=System)
    lines: list[Line] = field(default_factory=list)
    uncovered: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # dataset → indicators, no rule
    contradicted: dict[str, list[tuple]] = field(
        default_factory=lambda: defaultdict(list)
    )  # dataset → keys of lines that say another number than a line before, of what both are said to count
    shared_out: dict[tuple, list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )  # (denominator, how) → numerators
    not_additive: set[tuple] = field(default_factory=set)  # sums over events that the values contradict
    unsaid: set[tuple] = field(default_factory=set)  # numbers that exist and that a line without a number keeps
    unsaid_atoms: dict[tuple, int] = field(default_factory=dict)  # of these, what stands for them in the sums

    @property
    def has_secrets(self) -> bool:
        return any(variable.is_sensitive for variable in self.system.variables)


def read(tables: Mapping[str, pa.Table], policies: Policies) -> Cells:
    """Every watched line of the tables, and which are secret by themselves. No equation yet: most nights need none."""
    cells, naming = Cells(), Naming(policies)
    for dataset, table in sorted(tables.items()):
        _read_table(cells, dataset, table, naming)
    for dataset, policy in policies.policies.items():
        for codes in policy.together:
            _together(cells, dataset, codes)
    return cells


def said(row: Mapping, column: str) -> float | None:
    """The number that a column of a line gives away; None where it is empty. That of an upper bound is what the numerator is divided by there,
    without the noise of a division."""
    if column != "upper":
        return None if row[column] is None else float(row[column])
    return round(row["numerator"] / row["upper"], 9) if row["numerator"] and row["upper"] else None


class Naming:
    """What the columns of a line give away is named by the line's key: once, however many releases have that line."""

    def __init__(self, policies: Policies):
        self.policies, self.words = policies, policies.vocabulary
        self._known: dict[tuple, list[tuple[str, tuple]]] = {}

    def of(self, dataset: str, line: tuple[str, ...], when: str) -> list[tuple[str, tuple]]:
        """(column, name of its number) of the columns that count something. `line`: its KEY without the period. `when`: the period of a line
        whose member comes with several."""
        asked = (dataset, line, when)
        if asked not in self._known:
            self._known[asked] = list(self._named(dataset, line, when))
        return self._known[asked]

    def _named(self, dataset: str, line: tuple[str, ...], when: str) -> Iterator[tuple[str, tuple]]:
        programme_id, indicator, breakdown, member = line
        policy = self.policies.policies.get(dataset)
        counts = policy.counts.get(indicator) if policy else None
        if counts is not None:
            for column, counted in counts.named.items():
                part = _part(breakdown, member, counts, counted, column, self.words)
                yield column, (programme_id, counted.of, *part, when)


# --- what other tables print of these numbers -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Layout:
    """What the lines of a table name, whatever they print. `names`, `columns`: for each line, the numbers that it may give away, by id (−1: no
    more), and which of `_VALUES` says each. `top`, `base`: where numerator and denominator are among these; `rest`: what is left between them."""

    names: np.ndarray
    columns: np.ndarray
    top: np.ndarray
    base: np.ndarray
    rest: np.ndarray


class Numbers:
    """Every number of a system that other tables print, by the name that `read` gives it. No line is judged, and none is named twice: of a year of
    releases, most lines are those of the day before with other numbers."""

    def __init__(self, system: System, naming: Naming):
        self.naming, self.count = naming, len(system.variables)
        self._ids, self._names = dict(system.by_name), [variable.name for variable in system.variables]
        self._layouts: dict[tuple[str, bytes], _Layout] = {}

    def of(self, tables: Mapping[str, pa.Table]) -> np.ndarray:
        """For each variable of the system, what the tables print; nan where they do not."""
        datasets = sorted(tables)
        given = [self._given(dataset, tables[dataset]) for dataset in datasets]
        found = np.full(len(self._names), math.nan)
        for named, values, _ in reversed(given):  # the first line that names a number says it
            said = named >= 0
            found[named[said][::-1]] = values[said][::-1]
        rests = []
        for dataset, (named, values, layout) in zip(datasets, given, strict=True):
            rest, other = layout.rest, (named >= 0) & ~same(found[named], values)
            if other.any():
                found = self._unlike(dataset, named, values, other, found)
                lines = np.flatnonzero(other.any(axis=1))
                rest = rest.copy()
                rest[lines] = self._rests(*(each[lines] for each in _sides(named, layout)))
            rests.append((rest, *_sides(named, layout)))
        for rest, top, base in rests:
            kept = (rest >= 0) & (top >= 0) & (base >= 0) & (found[top] <= found[base])
            found[rest[kept]] = found[base[kept]] - found[top[kept]]
        return found[: self.count]

    def unsaid(self, tables: Mapping[str, pa.Table]) -> set[tuple]:
        """The names of the numbers that there are, and that the tables do not print."""
        found: set[tuple] = set()
        for dataset, table in sorted(tables.items()):
            layout = self._given(dataset, table)[2]
            status, with_data = (table[name].to_pylist() for name in ("obs_status", "n_with_data"))
            has_number = np.column_stack([table[name].is_valid().to_numpy() for name in NUMBERS]).any(axis=1)
            for place in np.flatnonzero(~has_number).tolist():
                if _keeps(status[place], with_data[place]):
                    found.update(self._names[name] for name in layout.names[place] if name >= 0)
        return found

    def _given(self, dataset: str, table: pa.Table) -> tuple[np.ndarray, np.ndarray, _Layout]:
        """What each line names and says (−1: nothing), in the order of `_Layout.names`."""
        asked = (dataset, stream(table.select(KEY)))
        layout = self._layouts[asked] = self._layouts.get(asked) or self._layout(dataset, table)
        values = np.column_stack([table[name].cast(pa.float64()).to_numpy() for name in _VALUES])
        top, upper = _VALUES.index("numerator"), _VALUES.index("upper")
        says = (values[:, top] != 0) & (values[:, upper] != 0)  # as `said`
        divided = np.divide(values[:, top], values[:, upper], out=np.full(len(values), math.nan), where=says)
        values[:, upper] = divided.round(9)
        values = np.take_along_axis(values, layout.columns, axis=1)
        return np.where(~np.isnan(values), layout.names, -1), values, layout

    def _layout(self, dataset: str, table: pa.Table) -> _Layout:
        lines = list(zip(*(table[name].to_pylist() for name in KEY), strict=True))
        named = [self.naming.of(dataset, line[:4], when) for line, when in zip(lines, whens(lines), strict=True)]
        shape = (len(lines), max([1, *map(len, named)]))
        names, columns = np.full(shape, -1), np.zeros(shape, int)
        top, base = np.full(len(lines), -1), np.full(len(lines), -1)
        for place, own in enumerate(named):
            for rank, (column, name) in enumerate(own):
                names[place, rank], columns[place, rank] = self._id(name), _VALUES.index(column)
            said = [column for column, _ in own]
            if "numerator" in said and "denominator" in said:
                top[place], base[place] = said.index("numerator"), said.index("denominator")
        layout = _Layout(names, columns, top, base, top)
        return replace(layout, rest=self._rests(*_sides(names, layout)))

    def _rests(self, top: np.ndarray, base: np.ndarray) -> np.ndarray:
        """For each numerator and denominator, what is left between them; −1 where the system has no such number."""
        rests = np.full(len(top), -1)
        for place in np.flatnonzero((top >= 0) & (base >= 0)).tolist():
            over, under = self._names[top[place]], self._names[base[place]]
            rests[place] = self._ids.get(_rest(over, 0.0, under, 0.0, self.naming.words) or (), -1)
        return rests

    def _unlike(
        self, dataset: str, named: np.ndarray, values: np.ndarray, other: np.ndarray, found: np.ndarray
    ) -> np.ndarray:
        """What is found, with the numbers that are others than those known by their name; they are named so in `named`."""
        for place in zip(*(places.tolist() for places in other.nonzero()), strict=True):
            named[place] = self._id((*self._names[named[place]], dataset))
            if named[place] >= len(found):
                found = np.append(found, np.full(len(self._names) - len(found), math.nan))
            if math.isnan(found[named[place]]):
                found[named[place]] = values[place]
        return found

    def _id(self, name: tuple) -> int:
        if name not in self._ids:
            self._ids[name] = len(self._names)
            self._names.append(name)
        return self._ids[name]


def _sides(named: np.ndarray, layout: _Layout) -> list[np.ndarray]:
    """For each line, its numerator and its denominator among the numbers that it names; −1 where it has none."""
    lines = np.arange(len(named))
    return [np.where(places >= 0, named[lines, places], -1) for places in (layout.top, layout.base)]


def stream(table: pa.Table) -> bytes:
    """The rows as bytes that only the same rows have."""
    written = pa.BufferOutputStream()
    with pa.ipc.new_stream(written, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return written.getvalue().to_pybytes()


def same(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each number is the other: `_same`, of many at once."""
    return np.abs(some - others) <= np.maximum(1e-9 * np.maximum(np.abs(some), np.abs(others)), 1e-9)


# --- lines ---------------------------------------------------------------------------------------------------------


def _read_table(cells: Cells, dataset: str, table: pa.Table, naming: Naming) -> None:
    policies = naming.policies
    policy = policies.policies.get(dataset)
    rows = table.select([name for name in table.column_names if name in READ]).to_pylist()
    thresholds: dict[tuple[str, str], Threshold | None] = {}
    dominant = {
        (
            row["programme_id"],
            row["indicator"].removesuffix("_max_share"),
            row["breakdown"],
            row["member"],
            row["period"],
        ): row
        for row in rows
        if str(row["indicator"]).endswith("_max_share")
    }
    for place, (row, when) in enumerate(zip(rows, whens([_key(row) for row in rows]), strict=True)):
        names = naming.of(dataset, _member(row), when)
        if all(row.get(column) is None for column in NUMBERS):
            if _keeps(row["obs_status"], row["n_with_data"]):
                cells.unsaid.update(name for _, name in names)
            if all(said(row, column) is None for column, _ in names):
                continue  # otherwise it says of how many persons it has nothing
        what = (row["indicator"], row["breakdown"])
        if what not in thresholds:
            thresholds[what] = policies.threshold(dataset, *what)
        if policy is None or (threshold := thresholds[what]) is None:
            cells.uncovered[dataset].add(row["indicator"])
            continue
        counts = policy.counts.get(row["indicator"])
        if counts is None:
            continue  # free, and no protected number depends on it: the grammar of the policies sees to it
        columns = {
            column: _variable(cells, policies, name, number, dataset)
            for column, name in names
            if (number := said(row, column)) is not None
        }
        line = Line(dataset, place, _key(row), threshold, columns, when=when)
        if any(cells.system.variables[columns[column]].name != name for column, name in names if column in columns):
            cells.contradicted[dataset].append(line.key)
        line = _judged(cells, line, row, dominant.get(_key(row)), policies)
        shown = [line.columns[name] for name in line.columns]
        if row["breakdown"] in counts.splits and {"numerator", "denominator"} <= line.columns.keys():
            how = (line.columns["denominator"], row["indicator"], row["breakdown"])
            cells.shared_out[how].append(line.columns["numerator"])
        total = row["breakdown"] == "total"
        size = max((abs(row[name]) for name in ("value", "numerator") if name in line.columns and row[name]), default=1)
        cells.system.row(
            line.name,
            shown,
            cost=max(1, math.ceil(size)) * (COST_OF_A_TOTAL if total else 1),
            is_primary=bool(line.primary),
            is_fixed=threshold.level == "free",
            group=(dataset, row["programme_id"], row["indicator"], row["breakdown"]),
        )
        cells.lines.append(line)


def _together(cells: Cells, dataset: str, codes: Sequence[str]) -> None:
    """Lines of one member that give each other away show the same numbers: to hide one of them would be of no use."""
    by_member: dict[tuple, list[int]] = defaultdict(list)
    for number, line in enumerate(cells.lines):
        if line.dataset == dataset and line.key[1] in codes:
            by_member[line.key[0], *line.key[2:]].append(number)
    for numbers in by_member.values():
        shown = tuple(dict.fromkeys(index for number in numbers for index in cells.system.rows[number].shows))
        for number in numbers:
            line = cells.lines[number]
            cells.system.rows[number].shows = shown
            cells.lines[number] = replace(line, beside=tuple(i for i in shown if i not in line.columns.values()))


def _keeps(status: str, n_with_data: int | None) -> bool:
    """Whether a line without a number keeps one that there is. Otherwise it says that there is nothing to count."""
    return status != "M" and n_with_data != 0


def whens(lines: Sequence[tuple[str, ...]]) -> list[str]:
    """For each line of a table (its KEY), its period where its member comes with several: it is then part of the number's name."""
    first: dict[tuple, str] = {}
    repeated = {line[:4] for line in lines if first.setdefault(line[:4], line[4]) != line[4]}
    return [line[4] if line[:4] in repeated else "" for line in lines]


_member = itemgetter(*KEY[:4])
_key = itemgetter(*KEY)


def _part(
    breakdown: str, member: str, counts: Counts, counted: Counted, column: str, words: Vocabulary
) -> tuple[tuple, tuple[str, str]]:
    """(personal traits, events) that a column of this line is about."""
    names: tuple[str, ...] = words.crossed_breakdowns.get(breakdown, ())
    members = member.split("|")
    if len(names) != len(members):
        names, members = (breakdown,), [member]
    traits, events = counted.where, TOTAL
    for name, each in zip(names, members, strict=True):
        if name in counts.splits:
            if column not in WHOLES:
                traits = {**traits, name: each}
        elif name in words.person_breakdowns:
            traits = {**traits, name: each}
        elif name != "total":
            events = (name, each)
    return tuple(sorted(traits.items())) if traits else (), events


def _unlike(name: tuple, known: float | None, value: float, dataset: str) -> tuple:
    """The name of a number beside the one `known` by it: another where the tables do not mean the same number; nothing links them then."""
    return name if known is None or _same(known, value) else (*name, dataset)


def _variable(cells: Cells, policies: Policies, name: tuple, value: float, dataset: str) -> int:
    quantity = policies.vocabulary.quantities[name[1]]
    existing = cells.system.by_name.get(name)
    name = _unlike(name, None if existing is None else cells.system.variables[existing].true_value, value, dataset)
    lower, upper = -math.inf if quantity.may_be_negative else 0.0, math.inf
    if name[3][0] == quantity.public_by:
        lower = upper = value
    elif value >= quantity.at_least > 0:
        lower = quantity.at_least
    is_single = value == 1 and not quantity.is_sum
    return cells.system.variable(name, value=value, lower=lower, upper=upper, is_single=is_single)


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


# --- what is secret by itself --------------------------------------------------------------------------------------


def _judged(cells: Cells, line: Line, row: Mapping, dominant: Mapping | None, policies: Policies) -> Line:
    """The line with the reason why it is secret, and its numbers marked with the protection they need."""
    system, threshold = cells.system, line.threshold
    rest = (
        None if policies.policies[line.dataset].counts[row["indicator"]].is_mean else _complement(cells, line, policies)
    )
    is_trait = row["breakdown"] in policies.vocabulary.person_breakdowns
    if is_trait and not set(policies.vocabulary.nobody).isdisjoint(row["member"].split("|")):
        return line
    numbers = {**line.columns, **({"complement": rest} if rest is not None else {})}
    small = [
        name
        for name in threshold.look_at
        if name in numbers and _is_small(system.variables[numbers[name]].true_value, threshold.least(name))
    ]
    dominated = bool(
        threshold.dominance and dominant and dominant["value"] is not None and dominant["value"] > threshold.dominance
    )
    if not small and not dominated:
        return line
    base = system.variables[line.columns["denominator"]].true_value if "denominator" in line.columns else math.inf
    for name in threshold.protect:
        if name in numbers:
            counted = system.variables[numbers[name]].name
            quantity = counted[1][1] if counted[0] == "complement" else counted[1]
            is_sum = policies.vocabulary.quantities[quantity].is_sum
            most = math.inf if name == "denominator" else base
            if name == "complement":
                most -= system.variables[numbers["numerator"]].lower
            _protect(system, numbers[name], threshold, name, most, is_sum)
    return replace(line, primary=SMALL if small else DOMINATED)


def _complement(cells: Cells, line: Line, policies: Policies) -> int | None:
    """What is left of the denominator: latent, and as telling as the numerator. A sum has none."""
    if "numerator" not in line.columns or "denominator" not in line.columns:
        return None
    system = cells.system
    top, base = line.columns["numerator"], line.columns["denominator"]
    over, under = system.variables[top], system.variables[base]
    name = _rest(over.name, over.true_value, under.name, under.true_value, policies.vocabulary)
    if name is None:
        return None
    if name in system.by_name:
        return system.by_name[name]
    rest = system.variable(name, value=under.true_value - over.true_value)
    system.equation([(top, 1.0), (rest, 1.0), (base, -1.0)])
    return rest


def _rest(over: tuple, over_value: float, under: tuple, under_value: float, words: Vocabulary) -> tuple | None:
    """The name of what is left of the number `under` when `over` is taken from it; None where that counts nothing."""
    if over == under or over_value > under_value or words.quantities[over[1]].is_sum:
        return None
    return ("complement", over, under)


def _is_small(value: float, least: int) -> bool:
    return 0 < value < least


def _protect(system: System, index: int, threshold: Threshold, column: str, base: float, is_sum: bool) -> None:
    """The interval that the attacker must be left with: 0 (or what the line itself says) to the threshold, or the sum to some percent."""
    variable = system.variables[index]
    value = variable.true_value
    if is_sum:
        spread = max(abs(value), 1.0) * (threshold.percent or 10.0) / 100
        _need(variable, max(variable.lower, value - spread), value + spread)
    elif value < (least := threshold.least(column)):
        _need(variable, max(0.0, variable.lower), max(value, min(float(least), base)))


def _need(variable: Variable, low: float, high: float) -> None:
    variable.need_low = low if variable.need_low is None else min(variable.need_low, low)
    variable.need_high = high if variable.need_high is None else max(variable.need_high, high)


# --- equations -----------------------------------------------------------------------------------------------------


def tie(cells: Cells, policies: Policies, events: Events) -> None:
    """Add every equation between the numbers."""
    system, quantities = cells.system, policies.vocabulary.quantities
    groups: dict[tuple, dict[tuple[str, str], int]] = defaultdict(
        dict
    )  # (programme, quantity, traits, when) → events → variable
    for name, index in list(system.by_name.items()):
        if name[0] != "complement" and len(name) == 5:
            programme, quantity, traits, about, when = name
            groups[programme, quantity, traits, when][about] = index
    for key, members in groups.items():
        programme, quantity, _, _ = key
        if quantities[quantity].adds_up == "events":
            if not (events.get(programme) and _sums_over_atoms(cells, key, members, events[programme])):
                _sums_of_parts(system, members)
        else:
            # counted once each: when the parts happen to add up, a reader may well suppose that they do
            _sums_of_parts(system, members)
    _sums_over_traits(system, groups)
    for (total, indicator, breakdown), parts in cells.shared_out.items():
        _parts(system, parts, total, (indicator, breakdown), has_others=len(parts) == 1)
    _relations(system, groups, policies, cells.unsaid_atoms)
    _units(system, groups, quantities)
    _within_what_lines_say(system)


def _within_what_lines_say(system: System) -> None:
    """Ask of no number what nobody thinks of it: three events that have answers have three at the least, whatever is hidden. What lines say by
    being there (`Quantity.at_least`, `public_by`) goes through the equations, from sum to sum, until nothing is narrower."""
    lower = np.array([variable.lower for variable in system.variables])
    upper = np.array([variable.upper for variable in system.variables])
    said = (lower > 0) | ((upper < np.inf) & (upper > 0))
    if not said.any():
        return
    for _ in range(MOST_SUMS_OF_SUMS):
        narrower = False
        for equation in system.equations:
            places = [index for index, _ in equation.terms]
            if said[places].any():
                narrower |= _narrow(equation, places, lower, upper, said)
        if not narrower:
            break
    for index in np.flatnonzero(said):
        variable = system.variables[index]
        if variable.value is not None and variable.need_low is not None:
            variable.need_low = max(variable.need_low, min(float(lower[index]), variable.value))
        if variable.value is not None and variable.need_high is not None:
            variable.need_high = min(variable.need_high, max(float(upper[index]), variable.value))


def _narrow(equation: Equation, places: list[int], lower: np.ndarray, upper: np.ndarray, said: np.ndarray) -> bool:
    """Bounds of the numbers of one equation that follow from those of its others; whether any is narrower."""
    times = np.array([coefficient for _, coefficient in equation.terms])
    least = np.where(times > 0, times * lower[places], times * upper[places])
    most = np.where(times > 0, times * upper[places], times * lower[places])
    before = lower[places], upper[places]
    highest = equation.constant - _of_the_others(least)
    lowest = np.full(len(places), -np.inf) if equation.at_most else equation.constant - _of_the_others(most)
    low, high = np.where(times > 0, (lowest, highest), (highest, lowest)) / times
    lower[places], upper[places] = np.maximum(before[0], low), np.minimum(before[1], high)
    changed = (lower[places] > before[0] + ROUNDING) | (upper[places] < before[1] - ROUNDING)
    said[places] |= changed
    return bool(changed.any())


def _of_the_others(bounds: np.ndarray) -> np.ndarray:
    """For each of these bounds, the sum of all others; infinite where one of them is."""
    is_infinite = np.isinf(bounds)
    finite = np.where(is_infinite, 0.0, bounds)
    endless = bounds[is_infinite][0] if is_infinite.any() else 0.0  # of one sign: all are the least, or all the most
    return np.where(is_infinite.sum() - is_infinite > 0, endless, finite.sum() - finite)


def _sums_over_atoms(
    cells: Cells, key: tuple, members: Mapping[tuple[str, str], int], events: Sequence[frozenset[tuple[str, str]]]
) -> bool:
    """Each number as a sum over the events that stand in it; False when the values contradict that."""
    used = {breakdown for breakdown, _ in members} - {"total"}
    if not used:
        return False
    atoms = sorted({tuple(sorted(p for p in event if p[0] in used)) for event in events})
    inside: dict[tuple[str, str], list[int]] = defaultdict(list)  # places of the atoms of each member
    for place, atom in enumerate(atoms):
        for about in (TOTAL, *atom):
            inside[about].append(place)
    alone = [_event_of(atom) for atom in atoms] if EVENT in used else [None] * len(atoms)
    empty = _without_a_line(cells, key, members, alone) if EVENT in used else set()
    if not _fits(cells.system, members, atoms, inside, empty):
        empty = set()
        if not _fits(cells.system, members, atoms, inside, empty):
            cells.not_additive.add(key)
            return False
    latent = []
    for place, (atom, event) in enumerate(zip(atoms, alone, strict=True)):
        if event and event in members and inside[event] == [place]:
            latent.append(members[event])  # the number of the event itself
            continue
        index = cells.system.variable(("atom", key, atom), upper=0.0 if place in empty else math.inf)
        latent.append(index)
        if event and _of_event(key, event) in cells.unsaid:
            cells.unsaid_atoms[_of_event(key, event)] = index
    for about, index in members.items():
        parts = [latent[place] for place in inside.get(about, ())]
        if parts != [index]:
            cells.system.equation([(index, -1.0), *((part, 1.0) for part in parts)])
    return True


def _event_of(atom: tuple) -> tuple[str, str] | None:
    return next((about for about in atom if about[0] == EVENT), None)


def _of_event(key: tuple, event: tuple[str, str]) -> tuple:
    programme, quantity, traits, when = key
    return (programme, quantity, traits, event, when)


def _without_a_line(
    cells: Cells, key: tuple, members: Mapping[tuple[str, str], int], alone: Sequence[tuple[str, str] | None]
) -> set[int]:
    """Places of the events that the lines by event say are nothing: everybody knows that they add nothing."""
    return {
        place
        for place, event in enumerate(alone)
        if event is None or (event not in members and _of_event(key, event) not in cells.unsaid)
    }


def _fits(
    system: System,
    members: Mapping[tuple[str, str], int],
    atoms: Sequence[tuple],
    inside: Mapping[tuple[str, str], Sequence[int]],
    empty: set[int],
) -> bool:
    """Whether some numbers of the atoms give the values of all the members."""
    from publication.disclosure.attack import feasible

    values = {about: system.variables[index].true_value for about, index in members.items()}
    if any(values[about] for about in values if about not in inside) or min(values.values()) < 0:
        return False
    given = dict.fromkeys(empty, 0.0)
    for about, value in values.items():
        if len(inside.get(about, ())) == 1:  # the only event of a member has its number
            [place] = inside[about]
            if not _same(given.setdefault(place, value), value):
                return False
    trial = System()
    latent = {place: trial.variable((place,)) for place in range(len(atoms)) if place not in given}
    for about, value in values.items():
        places = inside.get(about, ())
        rest = value - math.fsum(given[place] for place in places if place in given)
        left = [(latent[place], 1.0) for place in places if place in latent]
        if left:
            trial.equation(left, rest)
        elif not _same(rest, 0.0):
            return False
    return not trial.equations or feasible(trial)


def _sums_of_parts(system: System, members: Mapping[tuple[str, str], int]) -> None:
    """For each breakdown: its members add up to the total, or leave a rest, or overlap."""
    by_breakdown: dict[str, list[int]] = defaultdict(list)
    for (breakdown, _), index in members.items():
        if breakdown != "total":
            by_breakdown[breakdown].append(index)
    total = members.get(TOTAL)
    if total is not None:
        for breakdown, parts in by_breakdown.items():
            _parts(system, parts, total, breakdown)


def _parts(system: System, parts: Sequence[int], total: int, what: Hashable, has_others: bool = False) -> None:
    """Tie parts to their total. `has_others`: some parts have no line, even where they happen to be nobody."""
    values = [system.variables[index].true_value for index in parts]
    whole = system.variables[total].true_value
    for index, value in zip(parts, values, strict=True):
        variable = system.variables[index]
        if variable.need_high is not None and value <= whole < variable.need_high:
            variable.need_high = whole  # nobody thinks that a part exceeds its total
    terms = [(index, 1.0) for index in parts]
    if _same(math.fsum(values), whole) and not has_others:
        system.equation([*terms, (total, -1.0)])
    elif math.fsum(values) <= whole + 1e-9:
        rest = system.variable(("rest", system.variables[total].name, what))
        system.equation([*terms, (rest, 1.0), (total, -1.0)])
    else:
        _each_at_most(system, parts, total)
        system.equation([(total, 1.0), *((index, -1.0) for index in parts)], 0.0, at_most=True)


def _each_at_most(system: System, parts: Iterable[int], total: int) -> None:
    whole = system.variables[total].true_value
    for index in parts:
        if system.variables[index].true_value <= whole + 1e-9:
            system.equation([(index, 1.0), (total, -1.0)], 0.0, at_most=True)


def _sums_over_traits(system: System, groups: Mapping[tuple, Mapping[tuple[str, str], int]]) -> None:
    """Women and men and others make the persons whose gender is known, everywhere."""
    children: dict[tuple, dict[str, list[tuple[str, int]]]] = defaultdict(lambda: defaultdict(list))
    for (programme, quantity, traits, when), members in groups.items():
        for about, index in members.items():
            for position, (trait, member) in enumerate(traits):
                fewer = traits[:position] + traits[position + 1 :]
                children[programme, quantity, fewer, about, when][trait].append((member, index))
    for (programme, quantity, traits, about, when), by_trait in children.items():
        total = groups.get((programme, quantity, traits, when), {}).get(about)
        if total is None:
            continue
        for trait, parts in by_trait.items():
            named = [index for member, index in parts if member != "unknown"]
            every = [index for _, index in parts]
            whole = system.variables[total].true_value
            enough = math.fsum(system.variables[index].true_value for index in every) <= whole + 1e-9
            # women alone are printed: where everybody is a woman, no reader can know it from that
            _parts(system, every if enough else named, total, trait, has_others=len(parts) == 1)


def _relations(system: System, groups: Mapping, policies: Policies, unsaid: Mapping[tuple, int]) -> None:
    """What ties quantities of different names, wherever all are printed and the values agree, or where one is unsaid."""
    wheres = {(key[0], key[3], about) for key, members in groups.items() for about in members}
    fixed = {index for row in system.rows if row.is_fixed for index in row.shows}
    complements = _complements(system)
    for programme, when, about in sorted(wheres):
        for relation in policies.vocabulary.relations:
            terms, known = [], 0
            for term in relation.terms:
                traits = tuple(sorted(term.where.items()))
                index = groups.get((programme, term.of, traits, when), {}).get(about)
                known += index is not None
                if index is None:
                    index = unsaid.get((programme, term.of, traits, about, when))
                if index is not None:
                    terms.append((index, term.times))
            if len(terms) == len(relation.terms) and known >= len(terms) - 1:
                if known == len(terms) and not _agrees(system, terms, relation.at_most):
                    continue
                system.equation(terms, 0.0, relation.at_most)
                if not relation.at_most:
                    _within_what_is_fixed(system, terms, fixed, complements)
                elif sorted(times for _, times in terms) == [-1, 1]:  # a part that is at most a whole
                    _within_what_is_fixed(system, [(n, -times) for n, times in terms], fixed, {})


def _agrees(system: System, terms: Sequence[tuple[int, float]], at_most: bool) -> bool:
    total = math.fsum(system.variables[index].true_value * times for index, times in terms)
    return total <= 1e-9 if at_most else abs(total) <= 1e-9


def _within_what_is_fixed(
    system: System,
    terms: Sequence[tuple[int, float]],
    fixed: set[int],
    complements: Mapping[tuple, Sequence[Variable]],
) -> None:
    """Nobody thinks that a part exceeds a public whole: no more than that is asked of it."""
    wholes = [index for index, times in terms if times > 0]
    if len(wholes) != 1 or wholes[0] not in fixed:
        return
    whole = system.variables[wholes[0]].true_value
    for part in (system.variables[index] for index, times in terms if times < 0):
        if part.value is not None and part.value <= whole:
            for variable in (part, *complements.get(_shared_out(part.name), ())):
                if variable.need_high is not None and variable.value == part.value:
                    variable.need_high = min(variable.need_high, whole)


def _complements(system: System) -> Mapping[tuple, Sequence[Variable]]:
    """What is left of a total: who came, as those who are not absent. By what they are parts of."""
    found: dict[tuple, list[Variable]] = defaultdict(list)
    for variable in system.variables:
        if variable.name[0] == "complement":
            found[_shared_out(variable.name[1])].append(variable)
    return found


def _shared_out(name: tuple) -> tuple:
    """A number without what it says of its traits."""
    programme, quantity, traits, about, when = name[:5]
    return (programme, quantity, tuple(trait for trait, _ in traits), about, when)


def _units(system: System, groups: Mapping, quantities: Mapping) -> None:
    """A sum of marks is at most the number of marks times the highest."""
    for (programme, quantity, traits, when), members in groups.items():
        most = quantities[quantity].each_at_most
        if most is None:
            continue
        units = groups.get((programme, most.of, traits, when), {})
        for about, index in members.items():
            if (
                about in units
                and system.variables[index].value <= most.is_ * system.variables[units[about]].value + 1e-9
            ):
                system.equation([(index, 1.0), (units[about], -most.is_)], 0.0, at_most=True)
