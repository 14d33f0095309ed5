"""A safe pattern soon, when the cheapest one would take too long.

Belongs here: for each protected number, the cheapest way to move it as far as it must seem able to go; the rows that move
are suppressed. Then rows that turn out to be of no use are printed again. Does not belong here: the exact choice
(`suppression`), which is tried first.

The sums of absolute movements are linear, so that each step is a linear program (Kelly, Golden and Assad, 1992); what is
hidden already moves for nothing. Every step leaves a set of numbers that fit what is printed, hence the proof that the
pattern is safe; the audit asks for it again all the same.
"""

from __future__ import annotations

import math
import time

import highspy
import numpy as np

from publication.disclosure.attack import TOLERANCE, Attacker, Nearby, quiet_solver
from publication.disclosure.suppression import (
    MOST_POINTS,
    NoPattern,
    OutOfTime,
    Pattern,
    Reach,
    Search,
)
from publication.disclosure.system import System, Variable


def quickly(system: System, *, deadline: float = math.inf) -> Pattern:
    """A safe pattern of one part, not always the cheapest. Raises OutOfTime, or NoPattern when there is none."""
    suppressed = {number for number, row in enumerate(system.rows) if row.is_forced}
    mover = _Mover(system, suppressed)
    _settle(system, mover, deadline)
    attacker, nearby = Attacker(system), Nearby(system)
    # single contributors: hiding more for one may matter for another, so until nothing moves any more
    while _settle_singles(system, mover, nearby, deadline):
        pass
    _tidy(system, mover, attacker, nearby, deadline)
    cost = sum(system.rows[row].cost for row in mover.suppressed if not system.rows[row].is_forced)
    return Pattern(frozenset(mover.suppressed), cost)


def _settle(system: System, mover: _Mover, deadline: float) -> None:
    reach = Reach(system)
    for index in reach.sensitive:
        if time.monotonic() > deadline:
            raise OutOfTime
        if not reach.goes_low(index):
            reach.add(mover.move(index, high=reach.need_low[index]))
        if not reach.goes_high(index):
            reach.add(mover.move(index, low=reach.need_high[index]))


def _settle_singles(system: System, mover: _Mover, nearby: Nearby, deadline: float) -> bool:
    """Whether anything more had to be hidden."""
    before = len(mover.suppressed)
    for single, variable in enumerate(system.variables):
        if not variable.is_single or not system.hidden(mover.suppressed)[single]:
            continue
        reach = Reach(system, single)
        reach.mix(np.array(mover.points[-MOST_POINTS:]), single, variable.true_value)
        if reach.is_enough():
            continue
        reach.leave_out_own(single, nearby)
        for index in reach.sensitive:
            if time.monotonic() > deadline:
                raise OutOfTime
            if not reach.goes_low(index):
                reach.ask_no_more(index, -1, [single], nearby)
                reach.add(mover.move(index, high=reach.need_low[index], still=single))
            if not reach.goes_high(index):
                reach.ask_no_more(index, 1, [single], nearby)
                reach.add(mover.move(index, low=reach.need_high[index], still=single))
    return len(mover.suppressed) > before


def _tidy(system: System, mover: _Mover, attacker: Attacker, nearby: Nearby, deadline: float) -> None:
    """Print again what hides nothing, the dearest rows first."""
    optional = [n for n in mover.suppressed if not system.rows[n].is_forced]
    for number in sorted(optional, key=lambda n: (-system.rows[n].cost, n)):
        if time.monotonic() > deadline:
            return  # what is suppressed is safe already
        fewer = mover.suppressed - {number}
        hidden = system.hidden(fewer)
        printed = [i for i in system.rows[number].shows if not hidden[i]]
        points = np.array(mover.points)
        values = np.array([system.variables[i].value for i in printed])
        left = points[(np.abs(points[:, printed] - values) <= TOLERANCE).all(axis=1)] if len(points) else points
        search = Search(system, attacker, nearby, hidden, deadline, points=list(left))
        if not search.cuts(first=True):
            mover.suppressed, mover.points = fewer, search.points


class _Mover:
    """Numbers that fit the equations, as near to the true ones as they can be, at the price of the rows that move."""

    def __init__(self, system: System, suppressed: set[int]):
        self.system, self.suppressed = system, set(suppressed)
        self.points: list[np.ndarray] = []
        self.shown_by = system.shown_by()
        self.solver = quiet_solver()
        self.solver.setOptionValue("presolve", "off")
        for variable in system.variables:
            self.solver.addVar(variable.lower, variable.upper)
        for equation in system.equations:
            low = -math.inf if equation.at_most else equation.constant
            indices = [index for index, _ in equation.terms]
            self.solver.addRow(low, equation.constant, len(indices), indices, [c for _, c in equation.terms])
        self.moves: dict[int, tuple[int, int]] = {}
        for index, variable in enumerate(system.variables):
            if self.shown_by[index] or variable.is_public:
                self._movable(index, variable)
        self._price()

    def _movable(self, index: int, variable: Variable) -> None:
        """x = value + up − down, with up and down to be paid for."""
        fixed = variable.is_public or any(
            self.system.rows[row].is_fixed and not self.system.rows[row].is_forced for row in self.shown_by[index]
        )
        first = self.solver.getNumCol()
        for _ in range(2):
            self.solver.addVar(0.0, 0.0 if fixed else math.inf)
        self.moves[index] = (first, first + 1)
        self.solver.addRow(variable.true_value, variable.true_value, 3, [index, first, first + 1], [1.0, -1.0, 1.0])

    def _price(self) -> None:
        """What it would cost to hide a number that is printed now; nothing for the others."""
        for index, columns in self.moves.items():
            left = [row for row in self.shown_by[index] if row not in self.suppressed]
            for column in columns:
                self.solver.changeColCost(column, float(sum(self.system.rows[row].cost for row in left)))

    def move(
        self, index: int, *, low: float | None = None, high: float | None = None, still: int | None = None
    ) -> np.ndarray:
        """Suppress what must be for the number to be able to reach `low` or more (`high` or less). Raises NoPattern."""
        variable = self.system.variables[index]
        bounds = (variable.lower if low is None else low, variable.upper if high is None else high)
        self.solver.changeColBounds(index, *bounds)
        if still is not None:
            own = self.system.variables[still]
            self.solver.changeColBounds(still, own.true_value, own.true_value)
        try:
            self.solver.run()
            if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                self.solver.clearSolver()
                self.solver.run()
            if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                raise NoPattern("nothing hides this number")
            values = self.solver.getSolution().col_value
        finally:
            self.solver.changeColBounds(index, variable.lower, variable.upper)
            if still is not None:
                own = self.system.variables[still]
                self.solver.changeColBounds(still, own.lower, own.upper)
        point = np.array(values[: len(self.system.variables)])
        moved = [i for i in self.moves if abs(point[i] - self.system.variables[i].true_value) > TOLERANCE]
        more = {row for i in moved for row in self.shown_by[i]} - self.suppressed
        if more:
            self.suppressed |= more
            self._price()
        self.points.append(point)
        return point
