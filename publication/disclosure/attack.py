"""What somebody can work out from what is printed: bounds of a hidden number, by linear programming.

Belongs here: the attacker's programs on one system, and what their dual says of the rows that would have stopped the
attack. Does not belong here: which rows are suppressed (`suppression`), what is concluded (`audit`).

The solver runs on one thread with a fixed seed: the same system gives the same bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import highspy
import numpy as np

from publication.disclosure.system import Equation, System

TOLERANCE = 1e-6
#: A secret number, and the single contributor who attacks it and knows its own; None: anybody.
Attack = tuple[int, int | None]


class Unsolved(Exception):
    """The solver gave neither a bound nor a proof that there is none."""


class Contradiction(Exception):
    """No numbers at all fit what is printed: the equations do not describe these tables."""


@dataclass(frozen=True)
class Bound:
    """One end of the attacker's interval. `point`: numbers that fit what is printed and reach it; empty when nothing stops it."""

    value: float
    slope: tuple[float, ...] = ()  # reduced costs of the program, minimising
    point: np.ndarray = field(default_factory=lambda: np.empty(0))


def quiet_solver() -> highspy.Highs:
    """One thread and a fixed seed: the same system gives the same answer."""
    solver = highspy.Highs()
    solver.silent()
    for option, value in (("threads", 1), ("random_seed", 0), ("parallel", "off")):
        solver.setOptionValue(option, value)
    return solver


class Attacker:
    """The polytope of everything that fits what is printed. `hidden` and `known` may be changed between two attacks."""

    def __init__(self, system: System):
        self.system = system
        self.solver = quiet_solver()
        # a night has few thousand small programs that differ by one cost: presolving each again would cost more
        self.solver.setOptionValue("presolve", "off")
        self.solver.setOptionValue("simplex_strategy", 4)
        for variable in system.variables:
            self.solver.addVar(variable.lower, variable.upper)
        for equation in system.equations:
            indices = [index for index, _ in equation.terms]
            weights = [coefficient for _, coefficient in equation.terms]
            low = -math.inf if equation.at_most else equation.constant
            self.solver.addRow(low, equation.constant, len(indices), indices, weights)
        self.bounds = [(variable.lower, variable.upper) for variable in system.variables]

    def print(self, hidden: list[bool], known: frozenset[int] = frozenset()) -> None:
        """Fix what is printed, and what one contributor knows of itself; free the rest."""
        for index, variable in enumerate(self.system.variables):
            if hidden[index] and index not in known:
                wanted = (variable.lower, variable.upper)
            else:
                value = variable.true_value
                wanted = (value, value)
            if wanted != self.bounds[index]:
                self.solver.changeColBounds(index, *wanted)
                self.bounds[index] = wanted

    def has_solution(self) -> bool:
        """Whether any numbers at all fit what is printed."""
        return self._run() == highspy.HighsModelStatus.kOptimal

    def lowest(self, index: int) -> Bound:
        return self._end(index, 1.0)

    def highest(self, index: int) -> Bound:
        bound = self._end(index, -1.0)
        return Bound(-bound.value, bound.slope, bound.point)

    def _end(self, index: int, cost: float) -> Bound:
        """The minimum of cost × variable; −inf when there is none."""
        self.solver.changeColCost(index, cost)
        try:
            status = self._run()
            if status == highspy.HighsModelStatus.kOptimal:
                solution = self.solver.getSolution()
                value = self.solver.getInfo().objective_function_value
                return Bound(value, tuple(solution.col_dual), np.array(solution.col_value))
            if status in (
                highspy.HighsModelStatus.kUnbounded,
                highspy.HighsModelStatus.kUnboundedOrInfeasible,
            ):
                if status != highspy.HighsModelStatus.kUnbounded:
                    self._fits(index)
                return Bound(-math.inf)
            if status == highspy.HighsModelStatus.kInfeasible:
                raise Contradiction("no numbers fit what is printed")
            raise Unsolved(str(status))
        finally:
            self.solver.changeColCost(index, 0.0)

    def _run(self) -> highspy.HighsModelStatus:
        self.solver.run()
        status = self.solver.getModelStatus()
        if status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kUnbounded):
            return status
        self.solver.clearSolver()  # a stale basis can lead the simplex astray: once more from nothing
        self.solver.run()
        return self.solver.getModelStatus()

    def _fits(self, index: int) -> None:
        """Raises Contradiction when « unbounded or infeasible » was infeasible."""
        self.solver.changeColCost(index, 0.0)
        self.solver.clearSolver()
        self.solver.run()
        if self.solver.getModelStatus() not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kUnbounded):
            raise Contradiction("no numbers fit what is printed")


class Sameness:
    """Which numbers are those of a single contributor itself: nothing is learnt from them.

    A part of what it is alone in is itself or nobody; what it is a part of and equals one too is itself under another
    name (somebody alone in a month is alone in the event of that month).
    """

    def __init__(self, system: System):
        self.system = system
        self.attacker: Attacker | None = None
        self.known: dict[tuple[int, int], bool] = {}

    def is_own(self, single: int, other: int) -> bool:
        value, own = self.system.variables[other].true_value, self.system.variables[single].true_value
        if value > own:
            return False
        if (single, other) not in self.known:
            self.known[single, other] = self._part_of(other, single) or (value == own and self._part_of(single, other))
        return self.known[single, other]

    def _part_of(self, part: int, whole: int) -> bool:
        if self.attacker is None:
            self.attacker = Attacker(self.system)
        solver = self.attacker.solver
        solver.changeColCost(part, -1.0)
        try:
            return self.attacker.lowest(whole).value >= -TOLERANCE
        finally:
            solver.changeColCost(part, 0.0)


class KnownAnyway(Protocol):
    """What a single contributor knows without any table."""

    def is_own(self, single: int, other: int) -> bool: ...

    def farthest(self, single: int, number: int, way: int, is_wide: bool) -> float: ...


class Nearby:
    """What a single contributor knows of a part whatever is hidden: its own number under other names, and what follows from
    public facts. Nothing more can be asked of the tables: were they not published at all, it would know as much.

    In a large part only the equations around are read. That is to know too little: more is then asked, never less.
    """

    #: Variables of a part that is read whole.
    MOST = 600
    #: Terms of an equation that is read in a larger one, at first and when nothing else settles it.
    FEW_TERMS, MANY_TERMS = 8, 10_000

    def __init__(self, part: System):
        self.part = part
        self.sameness: Sameness | None = None
        self.attacker: Attacker | None = None
        self.equations: dict[int, list[list[int]]] = {}
        self.known: dict[tuple, float | bool] = {}

    def is_own(self, single: int, other: int) -> bool:
        if len(self.part.variables) <= self.MOST:
            self.sameness = self.sameness or Sameness(self.part)
            return self.sameness.is_own(single, other)
        near, one, two = self._around(single, other, self.FEW_TERMS)
        return self._once(("own", *shape(near, one, two)), lambda: Sameness(near).is_own(one, two))

    def farthest(self, single: int, number: int, way: int, is_wide: bool = False) -> float:
        """How low (way −1) or high (1) the number can seem to this contributor, with everything hidden that may be.

        `is_wide`: read the longer equations too, which takes longer.
        """
        if len(self.part.variables) <= self.MOST:
            attacker = self.attacker = self.attacker or Attacker(self.part)
            return self._once((single, number, way), lambda: _farthest(attacker, single, number, way))
        near, one, two = self._around(single, number, self.MANY_TERMS if is_wide else self.FEW_TERMS)
        return self._once(("far", way, *shape(near, one, two)), lambda: _farthest(Attacker(near), one, two, way))

    def _once(self, key: tuple, found: Callable[[], Any]) -> Any:
        if key not in self.known:
            self.known[key] = found()
        return self.known[key]

    def _around(self, single: int, number: int, most_terms: int) -> tuple[System, int, int]:
        """The equations of the two numbers, and those of the numbers in these."""
        variables = self.part.variables
        if most_terms not in self.equations:
            by_variable: list[list[int]] = [[] for _ in variables]
            for place, equation in enumerate(self.part.equations):
                if len(equation.terms) <= most_terms:
                    for index, _ in equation.terms:
                        if not variables[index].is_public:
                            by_variable[index].append(place)
            self.equations[most_terms] = by_variable
        of, near, kept = self.equations[most_terms], {single, number}, set()
        for _ in range(2):
            kept = {e for index in near for e in of[index]}
            near |= {index for e in kept for index, _ in self.part.equations[e].terms}
        places = {index: place for place, index in enumerate(sorted(near))}
        system = System([variables[index] for index in places])
        for e in sorted(kept):
            equation = self.part.equations[e]
            terms = tuple((places[index], c) for index, c in equation.terms)
            system.equations.append(Equation(terms, equation.constant, equation.at_most))
        return system, places[single], places[number]


def _farthest(attacker: Attacker, single: int, number: int, way: int) -> float:
    attacker.print([not variable.is_public for variable in attacker.system.variables], frozenset([single]))
    return attacker.lowest(number).value if way < 0 else attacker.highest(number).value


def shape(system: System, *asked: int) -> tuple:
    """All that an attack on these numbers depends on when the rest is hidden: systems of one shape are attacked once."""
    return (
        *((number, system.variables[number].value) for number in asked),
        tuple((v.lower, v.upper, v.value if v.is_public else None) for v in system.variables),
        tuple((e.terms, e.constant, e.at_most) for e in system.equations),
    )


def feasible(system: System) -> bool:
    """Whether any numbers satisfy the equations."""
    return Attacker(system).has_solution()
