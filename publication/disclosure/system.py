"""What a table publishes, as numbers tied by equations: plain data, no solver.

Belongs here: variables (numbers somebody may want to know), rows (lines of a table; printing one gives away the
variables it shows), equations that everybody knows hold, and their separation into parts that share nothing. Does not
belong here: where they come from (`cells`), attacking (`attack`), choosing what to hide (`suppression`).

A variable is *hidden* when every row that shows it is suppressed. A variable that no row shows is *latent*: always
hidden, like the persons of one combination of themes, of which only sums are printed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

INFINITE = math.inf
#: Of the name of a variable that stands for what an earlier release prints.
THEN = "then"


@dataclass
class Variable:
    """One number. `value` may be None for a latent one whose value nobody here needs.

    `need_low`, `need_high`: for a number to protect, the attacker's interval must reach down to the first and up to the
    second. `is_single`: one contributor alone makes it, and therefore knows it.
    """

    name: tuple
    value: float | None = None
    lower: float = 0.0
    upper: float = INFINITE
    need_low: float | None = None
    need_high: float | None = None
    is_single: bool = False
    is_public: bool = False  # printed elsewhere for ever: an earlier release, a public list

    @property
    def true_value(self) -> float:
        """The value of a number that has one: a row shows it, or it follows from what rows show."""
        if self.value is None:
            raise ValueError(f"nothing says the value of {self.name}")
        return self.value

    @property
    def is_sensitive(self) -> bool:
        return self.need_low is not None or self.need_high is not None


@dataclass
class Row:
    """One line of a table. `shows`: indices of variables. `group`: what is suppressed together as a last resort."""

    name: tuple
    shows: tuple[int, ...]
    cost: float = 1.0
    is_primary: bool = False
    is_held: bool = False  # was secret in an earlier release, or would have to be if there were none
    is_fixed: bool = False  # may never be suppressed (a public fact)
    group: tuple = ()

    @property
    def is_forced(self) -> bool:
        return self.is_primary or self.is_held


@dataclass(frozen=True)
class Equation:
    """Σ coefficient × variable = constant (or ≤ constant)."""

    terms: tuple[tuple[int, float], ...]
    constant: float = 0.0
    at_most: bool = False


@dataclass
class System:
    """Variables, rows and equations; the order of each is part of the answer (ties are broken by it)."""

    variables: list[Variable] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    by_name: dict[tuple, int] = field(default_factory=dict)
    _written: set[Equation] = field(default_factory=set, repr=False, compare=False)
    _shown: tuple = field(default=((-1, -1), []), repr=False, compare=False)
    _tied: tuple = field(default=((-1, -1),), repr=False, compare=False)

    def variable(self, name: tuple, **facts: Any) -> int:
        """The index of the variable of this name, made if there is none."""
        if name not in self.by_name:
            self.by_name[name] = len(self.variables)
            self.variables.append(Variable(name, **facts))
        return self.by_name[name]

    def row(self, name: tuple, shows: Iterable[int], **facts: Any) -> int:
        self.rows.append(Row(name, tuple(dict.fromkeys(shows)), **facts))
        return len(self.rows) - 1

    def equation(self, terms: Iterable[tuple[int, float]], constant: float = 0.0, at_most: bool = False) -> None:
        """Add Σ coefficient × variable = constant (`at_most`: ≤), once however often it is written; `terms` of one variable are summed."""
        summed: dict[int, float] = defaultdict(float)
        for index, coefficient in terms:
            summed[index] += coefficient
        kept = tuple((index, c) for index, c in sorted(summed.items()) if c)
        equation = Equation(kept, constant, at_most)
        if kept and equation not in self._written:
            self._written.add(equation)
            self.equations.append(equation)

    def shown_by(self) -> list[list[int]]:
        """For each variable, the rows that show it."""
        size = (len(self.variables), len(self.rows))
        if self._shown[0] != size:
            rows: list[list[int]] = [[] for _ in self.variables]
            for number, row in enumerate(self.rows):
                for index in row.shows:
                    rows[index].append(number)
            self._shown = (size, rows)
        return self._shown[1]

    def hidden(self, suppressed: set[int]) -> list[bool]:
        """For each variable, whether nothing gives it away when these rows are suppressed."""
        hidden = [not variable.is_public for variable in self.variables]
        for number, row in enumerate(self.rows):
            if number not in suppressed:
                for index in row.shows:
                    hidden[index] = False
        return hidden

    def unhideable(self) -> list[bool]:
        """For each variable, whether it is known whatever is suppressed: printed elsewhere, or by a row that never is."""
        known = [v.is_public or v.lower == v.upper for v in self.variables]
        for row in self.rows:
            if row.is_fixed and not row.is_forced:
                for index in row.shows:
                    known[index] = True
        return known

    def hideable(self) -> set[int]:
        """Every row that may be suppressed."""
        return {number for number, row in enumerate(self.rows) if row.is_forced or not row.is_fixed}

    def parts(self, known: Sequence[bool] | None = None) -> list[Part]:
        """Independent systems, in the order of their first variable.

        `known`: numbers that the attacker has; they tie nothing together. Each part whose equations speak of one has a copy
        of it, public and not asked to be protected. Without it, all that shares an equation or a row is one part.
        """
        return self.divided(known).parts(range(len(self.variables)))

    def sensitive_parts(self, known: Sequence[bool]) -> list[Part]:
        """The parts where an unknown number is to be protected."""
        return self.divided(known).parts(n for n, variable in enumerate(self.variables) if variable.is_sensitive)

    def divided(self, known: Sequence[bool] | None = None) -> Division:
        """The same before any part is written: most hold nothing that anybody asks about."""
        return Division(self, known or [False] * len(self.variables))

    def tied(self) -> tuple[np.ndarray, np.ndarray]:
        """Which variables each row, then each equation speaks of: their indices end to end, and where each begins."""
        size = (len(self.rows), len(self.equations))
        if self._tied[0] != size:
            ties = [*(row.shows for row in self.rows), *([i for i, _ in e.terms] for e in self.equations)]
            start = np.cumsum([0, *map(len, ties)])
            flat = np.fromiter(chain.from_iterable(ties), np.int64, start[-1])
            self._tied = (size, flat, start)
        return self._tied[1:]

    def given(self, known: Sequence[bool]) -> System:
        """What is left to find when these numbers are known: the others, tied by the same equations less what is known."""
        unknown = [index for index, is_known in enumerate(known) if not is_known]
        at = {index: place for place, index in enumerate(unknown)}
        left = System([self.variables[index] for index in unknown])
        for e in self.equations:
            terms = tuple([(at[index], c) for index, c in e.terms if index in at])
            taken = math.fsum(c * self.variables[index].true_value for index, c in e.terms if index not in at)
            left.equations.append(Equation(terms, e.constant - taken, e.at_most))
        return left


class Division:
    """A system divided into independent parts, each written when it is asked for."""

    def __init__(self, system: System, known: Sequence[bool]):
        self.system, self.known = system, np.array(known, dtype=bool)
        count, (flat, start) = len(system.variables), system.tied()
        tie = np.repeat(np.arange(len(start) - 1), np.diff(start))
        unknown = ~self.known[flat]
        ends, tie = flat[unknown], tie[unknown]
        together = tie[1:] == tie[:-1]
        #: for each variable, the first one of its part
        self.root = components(count, ends[:-1][together], ends[1:][together])
        is_first = np.ones(len(tie), dtype=bool)
        is_first[1:] = ~together
        nb_rows = len(system.rows)
        self._rows = _by_part(self.root[ends[is_first]], tie[is_first], tie[is_first] < nb_rows)
        self._equations = _by_part(self.root[ends[is_first]], tie[is_first] - nb_rows, tie[is_first] >= nb_rows)
        unknown = np.flatnonzero(~self.known)
        self._variables = _by_part(self.root[unknown], unknown)
        self._written: dict[int, Part] = {}

    def parts(self, of: Iterable[int]) -> list[Part]:
        """The parts that hold one of these variables, in the order of their first variable. One that is known is in none."""
        asked = np.fromiter(of, np.int64)
        return [self._part(root) for root in np.unique(self.root[asked[~self.known[asked]]]).tolist()]

    def _part(self, root: int) -> Part:
        if root not in self._written:
            self._written[root] = self._write(root)
        return self._written[root]

    def _write(self, root: int) -> Part:
        system, part = self.system, Part()
        for index in self._variables(root):
            part.place(index, system.variables[index])
        at = part.at
        for number in self._rows(root):
            row = system.rows[number]
            self._copy_known(part, row.shows)
            shows = tuple([at[index] for index in row.shows])
            part.rows.append(Row(row.name, shows, row.cost, row.is_primary, row.is_held, row.is_fixed, row.group))
            part.row_places.append(number)
        for number in self._equations(root):
            equation = system.equations[number]
            self._copy_known(part, [index for index, _ in equation.terms])
            terms = tuple([(at[index], coefficient) for index, coefficient in equation.terms])
            part.equations.append(Equation(terms, equation.constant, equation.at_most))
        return part

    def _copy_known(self, part: Part, indices: Iterable[int]) -> None:
        for index in indices:
            if index not in part.at:
                v = self.system.variables[index]
                value = v.lower if v.value is None else v.value
                part.place(index, Variable(v.name, value, v.lower, v.upper, is_single=v.is_single, is_public=True))


def _by_part(root: np.ndarray, what: np.ndarray, kept: np.ndarray | None = None) -> Callable[[int], list[int]]:
    """What belongs to each part, in order."""
    if kept is not None:
        root, what = root[kept], what[kept]
    order = np.argsort(root, kind="stable")
    root, what = root[order], what[order]
    return lambda part: what[slice(*np.searchsorted(root, [part, part + 1]))].tolist()


def components(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """For each of `count` nodes, the smallest node that a chain of edges leads to. An edge ties first[i] and second[i].

    scipy.sparse.csgraph does as much, and takes half a second of every night to import.
    """
    label = np.arange(count)
    while True:
        low = np.minimum(label[first], label[second])
        lower = label.copy()
        for ends in (first, second):
            np.minimum.at(lower, label[ends], low)
        while not np.array_equal(lower, lower[lower]):
            lower = lower[lower]
        if np.array_equal(lower, label):
            return label
        label = lower


@dataclass
class Part(System):
    """A system that is part of another. `places`, `row_places`: where its variables and rows are in the whole; `at`: the reverse."""

    places: list[int] = field(default_factory=list)
    row_places: list[int] = field(default_factory=list)

    at: dict[int, int] = field(default_factory=dict, repr=False)

    def place(self, index: int, variable: Variable) -> None:
        """Add a variable of the whole."""
        self.at[index] = self.by_name[variable.name] = len(self.variables)
        self.variables.append(variable)
        self.places.append(index)
