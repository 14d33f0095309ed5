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
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

INFINITE = math.inf


@dataclass
class Variable:
    """One number. `value` may be None for a latent one whose value nobody here needs.

    `need_low`, `need_high`: for a number to protect, the attacker's interval must reach down to the first and up to the
    second. `is_single`: one contributor alone makes it, and therefore knows it.
    """

    name: Hashable
    value: float | None = None
    lower: float = 0.0
    upper: float = INFINITE
    need_low: float | None = None
    need_high: float | None = None
    is_single: bool = False
    is_public: bool = False  # printed elsewhere for ever: an earlier release, a public list

    @property
    def is_sensitive(self) -> bool:
        return self.need_low is not None or self.need_high is not None


@dataclass
class Row:
    """One line of a table. `shows`: indices of variables. `group`: what is suppressed together as a last resort."""

    name: Hashable
    shows: tuple[int, ...]
    cost: float = 1.0
    is_primary: bool = False
    is_held: bool = False  # was secret in an earlier release, and stays so
    is_fixed: bool = False  # may never be suppressed (a public fact)
    group: Hashable = None

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
    by_name: dict[Hashable, int] = field(default_factory=dict)
    _written: set[Equation] = field(default_factory=set, repr=False, compare=False)
    _shown: tuple = field(default=((-1, -1), []), repr=False, compare=False)

    def variable(self, name: Hashable, **facts) -> int:
        """The index of the variable of this name, made if there is none."""
        if name not in self.by_name:
            self.by_name[name] = len(self.variables)
            self.variables.append(Variable(name, **facts))
        return self.by_name[name]

    def row(self, name: Hashable, shows: Iterable[int], **facts) -> int:
        self.rows.append(Row(name, tuple(dict.fromkeys(shows)), **facts))
        return len(self.rows) - 1

    def equation(self, terms: Iterable[tuple[int, float]], constant: float = 0.0, at_most: bool = False) -> None:
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

    def parts(self) -> list[System]:
        """Independent systems, in the order of their first variable. Rows keep their names."""
        above = list(range(len(self.variables)))

        def root(index: int) -> int:
            while above[index] != index:
                above[index] = above[above[index]]
                index = above[index]
            return index

        def join(indices: list[int]) -> None:
            roots = sorted({root(index) for index in indices})
            for other in roots[1:]:
                above[other] = roots[0]

        for row in self.rows:
            join(list(row.shows))
        for equation in self.equations:
            join([index for index, _ in equation.terms])
        parts: dict[int, System] = {}
        place: list[tuple[System, int]] = []
        for index, variable in enumerate(self.variables):
            part = parts.setdefault(root(index), System())
            place.append((part, len(part.variables)))
            part.by_name[variable.name] = len(part.variables)
            part.variables.append(variable)
        for row in self.rows:
            if row.shows:
                part = place[row.shows[0]][0]
                part.rows.append(
                    Row(
                        row.name,
                        tuple(place[index][1] for index in row.shows),
                        row.cost,
                        row.is_primary,
                        row.is_held,
                        row.is_fixed,
                        row.group,
                    )
                )
        for equation in self.equations:
            part = place[equation.terms[0][0]][0]
            terms = tuple((place[index][1], coefficient) for index, coefficient in equation.terms)
            part.equations.append(Equation(terms, equation.constant, equation.at_most))
        return list(parts.values())
