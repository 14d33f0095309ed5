"""Which rows to suppress so that no protected number can be worked out, at the least cost.

Belongs here: the mixed-integer master, the cuts that the attacker's programs give it, the time budget. Does not belong
here: what is sensitive, what a row costs (`cells`), the independent check of the answer (`audit`).

The master chooses the rows; the attacker answers with the bounds it reaches; each bound that is too narrow gives a
*capacity cut*: by the dual of its program, the hidden variables together must be able to move by what is missing. A cut
Σ aᵢ zᵢ ≥ r is strengthened to Σ min(aᵢ, r) zᵢ ≥ r (Fischetti and Salazar, 2001). Before any attack, no equation may have
exactly one hidden variable. Equal costs are settled by the order of the rows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import highspy
import numpy as np

from publication.disclosure.attack import TOLERANCE, Attacker, Bound, KnownAnyway, Nearby, quiet_solver
from publication.disclosure.system import System

# a coefficient under this moves nothing that anybody could see
NEGLIGIBLE = 1e-7
# segments are drawn between so many points at most
MOST_POINTS = 400


class OutOfTime(Exception):
    """The budget is spent and no pattern is proved safe."""


class NoPattern(Exception):
    """Even with everything suppressed that may be, some number can be worked out."""


@dataclass(frozen=True)
class Pattern:
    """Rows to suppress (primary and held ones included), and what the others among them cost."""

    suppressed: frozenset[int]
    cost: float


def solve(system: System, *, deadline: float = math.inf, most_cuts: int | None = None) -> Pattern:
    """The cheapest safe pattern of one part. `deadline`: on the clock of `time.monotonic`.

    `most_cuts`: how many to learn from before giving up; a count and not a time, so that a slow night gives the same
    tables as a fast one.

    Raises OutOfTime, NoPattern, or what the attacker raises when the equations contradict each other.
    """
    master = _Master(system)
    attacker, nearby = Attacker(system), Nearby(system)
    shown_by = system.shown_by()
    values = np.array([variable.value for variable in system.variables], dtype=float)
    points = np.empty((0, len(values)))
    while True:
        if most_cuts is not None and master.cuts > most_cuts:
            raise OutOfTime
        suppressed = master.choose(deadline)
        hidden = system.hidden(suppressed)
        printed = ~np.array(hidden, dtype=bool)
        # what was found of another pattern holds for this one where it agrees with all that is printed now
        agree = (np.abs(points[:, printed] - values[printed]) <= TOLERANCE).all(axis=1)
        search = Search(system, attacker, nearby, hidden, deadline, points=list(points[agree]))
        cuts = search.cuts()
        points = np.array(search.points).reshape(-1, len(values))
        if not cuts:
            cost = sum(system.rows[row].cost for row in suppressed if not system.rows[row].is_forced)
            return Pattern(frozenset(suppressed), cost)
        if not any(master.add(cut, shown_by) for cut in cuts):
            raise NoPattern("the same cuts come back")


@dataclass(frozen=True)
class Cut:
    """Σ weight × (variable is hidden) ≥ 1."""

    weights: tuple[tuple[int, float], ...]


class Reach:
    """What points already found prove: how low and how high each variable can go, without solving anything.

    `single`: the one who attacks knows its own number, which may be part of others: a count that includes it cannot be
    thought lower than that. `numbers`: those that are asked about; all by default.
    """

    def __init__(self, system: System, single: int | None = None, numbers: Iterable[int] | None = None):
        numbers = range(len(system.variables)) if numbers is None else numbers
        self.sensitive = [i for i in numbers if system.variables[i].is_sensitive and i != single]
        own = 0.0 if single is None else system.variables[single].true_value
        self.low = np.full(len(system.variables), math.inf)
        self.high = np.full(len(system.variables), -math.inf)
        needs = [(system.variables[index].need_low, system.variables[index].need_high) for index in self.sensitive]
        self.need_low = {
            i: low + own if low == 0 else low
            for i, (low, _) in zip(self.sensitive, needs, strict=True)
            if low is not None
        }
        self.need_high = {i: high for i, (_, high) in zip(self.sensitive, needs, strict=True) if high is not None}

    def add(self, point: np.ndarray) -> None:
        if len(point):
            np.minimum(self.low, point, out=self.low)
            np.maximum(self.high, point, out=self.high)

    def mix(self, points: np.ndarray, single: int, value: float) -> None:
        """Points where the single contributor's number is the true one, on the segments between those found.

        What fits what is printed is convex: between a point where the number is too high and one where it is too low
        lies one where it is right.
        """
        if not len(points):
            return
        gap = points[:, single] - value
        right = points[np.abs(gap) <= TOLERANCE]
        if len(right):
            self.add(right.min(axis=0))
            self.add(right.max(axis=0))
        above, below = points[gap > TOLERANCE], points[gap < -TOLERANCE]
        if not len(above) or not len(below):
            return
        up, down = gap[gap > TOLERANCE][:, None], -gap[gap < -TOLERANCE][None, :]
        share = down / (up + down)
        for index in self.sensitive:
            if not (self.goes_low(index) and self.goes_high(index)):
                mixed = share * above[:, index][:, None] + (1 - share) * below[:, index][None, :]
                self.low[index] = min(self.low[index], mixed.min())
                self.high[index] = max(self.high[index], mixed.max())

    def goes_low(self, index: int) -> bool:
        need = self.need_low.get(index)
        return need is None or self.low[index] <= need + _slack(need)

    def goes_high(self, index: int) -> bool:
        need = self.need_high.get(index)
        return need is None or self.high[index] >= need - _slack(need)

    def is_enough(self) -> bool:
        return all(self.goes_low(i) and self.goes_high(i) for i in self.sensitive)

    def leave_out_own(self, single: int, nearby: KnownAnyway) -> None:
        """Nothing is learnt of oneself."""
        self.sensitive = [
            i for i in self.sensitive if (self.goes_low(i) and self.goes_high(i)) or not nearby.is_own(single, i)
        ]

    def ask_no_more(
        self, index: int, way: int, known: Iterable[int], nearby: KnownAnyway, is_wide: bool = False
    ) -> None:
        """No table can hide what a single contributor knows without any."""
        for single in known:
            far = nearby.farthest(single, index, way, is_wide)
            if way < 0:
                self.need_low[index] = max(self.need_low[index], far)
            else:
                self.need_high[index] = min(self.need_high[index], far)


@dataclass
class Search:
    """One pattern under attack. `points`: everything found that fits what it prints."""

    system: System
    attacker: Attacker
    nearby: Nearby
    hidden: list[bool]
    deadline: float
    points: list = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hideable = [bool(rows) for rows in self.system.shown_by()]

    def cuts(self, first: bool = False) -> list[Cut]:
        """Cuts that the pattern violates; the attacks of single contributors come when no plain attack succeeds.

        `first`: one is enough.
        """
        reach = Reach(self.system)
        if self.points:
            found = np.array(self.points)
            reach.add(found.min(axis=0))
            reach.add(found.max(axis=0))
        self.attacker.print(self.hidden)
        cuts = self.attack(frozenset(), reach, first)
        if cuts:
            return cuts
        for single, variable in enumerate(self.system.variables):
            if variable.is_single and self.hidden[single]:
                reach = Reach(self.system, single)
                reach.mix(np.array(self.points[-MOST_POINTS:]), single, variable.true_value)
                if reach.is_enough():
                    continue
                reach.leave_out_own(single, self.nearby)
                self.attacker.print(self.hidden, frozenset([single]))
                cuts += self.attack(frozenset([single]), reach, first)
                if first and cuts:
                    return cuts
        return cuts

    def attack(self, known: frozenset[int], reach: Reach, first: bool = False) -> list[Cut]:
        """Cuts against the attacks that succeed when these variables are known besides what is printed."""
        cuts: list[Cut] = []
        for index in reach.sensitive:
            if first and cuts:
                break
            if not reach.goes_low(index):
                bound = self._solved(self.attacker.lowest(index), reach)
                if not reach.goes_low(index):
                    reach.ask_no_more(index, -1, known, self.nearby)
                if (missing := bound.value - reach.need_low[index]) > _slack(reach.need_low[index]):
                    cuts.append(self._cut(bound, missing, known))
            if not reach.goes_high(index):
                bound = self._solved(self.attacker.highest(index), reach)
                if not reach.goes_high(index):
                    reach.ask_no_more(index, 1, known, self.nearby)
                if (missing := reach.need_high[index] - bound.value) > _slack(reach.need_high[index]):
                    cuts.append(self._cut(bound, missing, known))
        return cuts

    def _solved(self, bound: Bound, reach: Reach) -> Bound:
        if time.monotonic() > self.deadline:
            raise OutOfTime
        reach.add(bound.point)
        if len(bound.point):
            self.points.append(bound.point)
        return bound

    def _cut(self, bound: Bound, missing: float, known: frozenset[int]) -> Cut:
        """What is missing of one bound, as what must be hidden besides or instead.

        With d the reduced costs of the minimisation, hiding variable j lets the bound fall by d·(value − lower) when
        d > 0 and by −d·(upper − value) when d < 0. `missing` counts from the present pattern; what is hidden already
        is counted back in, so that the cut speaks of any pattern.
        """
        room: dict[int, float] = {}
        for j, variable in enumerate(self.system.variables):
            slope = bound.slope[j]
            if not self.hideable[j] or variable.is_public or j in known or abs(slope) < NEGLIGIBLE:
                continue
            far = variable.true_value - variable.lower if slope > 0 else variable.upper - variable.true_value
            if self.hidden[j] and math.isinf(far):
                continue  # a dual that is feasible has no slope there; what is left is rounding
            room[j] = abs(slope) * far
        needed = missing + sum(amount for j, amount in room.items() if self.hidden[j])
        weights = ((j, min(amount, needed) / needed) for j, amount in room.items())
        return Cut(tuple((j, weight) for j, weight in weights if weight > NEGLIGIBLE))


def _slack(level: float) -> float:
    return TOLERANCE * max(1.0, abs(level))


class _Master:
    """The choice of rows: binary, one thread, exact."""

    def __init__(self, system: System):
        self.system = system
        self.solver = quiet_solver()
        self.solver.setOptionValue("mip_rel_gap", 0.0)
        self.solver.setOptionValue("mip_abs_gap", 0.0)
        self.cuts = 0
        self.seen: set[tuple] = set()
        self.column: dict[tuple, int] = {}
        count = max(1, len(system.rows))
        for number, row in enumerate(system.rows):
            low = 1.0 if row.is_forced else 0.0
            high = 0.0 if row.is_fixed and not row.is_forced else 1.0
            self.solver.addVar(low, high)
            # costs are whole numbers: what is added for the order of the rows never sums to one
            tie = (number + 1) / (count * (count + 1))
            self.solver.changeColCost(number, 0.0 if row.is_forced else row.cost + tie)
            self.solver.changeColIntegrality(number, highspy.HighsVarType.kInteger)
        self._no_lone_variable()

    def _no_lone_variable(self) -> None:
        """In no equation may one variable alone be hidden: it would be what is left of the total."""
        shown_by = self.system.shown_by()
        hideable = [bool(rows) and not v.is_public for rows, v in zip(shown_by, self.system.variables, strict=True)]
        for equation in self.system.equations:
            indices = [index for index, _ in equation.terms]
            if equation.at_most or any(not shown_by[index] for index in indices):
                continue  # a latent variable is hidden anyway
            for index in indices:
                if not hideable[index]:
                    continue
                others = [other for other in indices if other != index and hideable[other]]
                rows = shown_by[index]
                if self.system.variables[index].is_sensitive:
                    self._at_least([(self.zed(other, shown_by), 1.0) for other in others], 1.0)
                elif len(rows) == 1 and len(self.system.rows[rows[0]].shows) == 1:
                    row = self.system.rows[rows[0]]
                    if not row.is_forced:
                        terms = [(self.zed(other, shown_by), 1.0) for other in others]
                        self._at_least([*terms, (rows[0], -1.0)], 0.0)

    def zed(self, index: int, shown_by: list[list[int]]) -> int:
        """The column that says whether a variable is hidden: its row's, or one below those of all its rows."""
        rows = tuple(shown_by[index])
        if len(rows) == 1:
            return rows[0]
        if rows not in self.column:
            self.solver.addVar(0.0, 1.0)
            self.column[rows] = self.solver.getNumCol() - 1
            for row in rows:
                self._at_least([(row, 1.0), (self.column[rows], -1.0)], 0.0)
        return self.column[rows]

    def add(self, cut: Cut, shown_by: list[list[int]]) -> bool:
        """Whether the cut is new."""
        terms: dict[int, float] = {}
        for index, weight in cut.weights:
            column = self.zed(index, shown_by)
            terms[column] = min(1.0, terms.get(column, 0.0) + weight)
        key = tuple(sorted((column, round(weight, 9)) for column, weight in terms.items()))
        if key in self.seen:
            return False
        self.seen.add(key)
        self.cuts += 1
        self._at_least(sorted(terms.items()), 1.0)
        return True

    def _at_least(self, terms: list[tuple[int, float]], level: float) -> None:
        self.solver.addRow(level, math.inf, len(terms), [c for c, _ in terms], [w for _, w in terms])

    def choose(self, deadline: float) -> set[int]:
        left = deadline - time.monotonic()
        if left <= 0:
            raise OutOfTime
        if not math.isinf(left):
            self.solver.setOptionValue("time_limit", self.solver.getRunTime() + left)
        self.solver.run()
        status = self.solver.getModelStatus()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            raise NoPattern("no pattern protects every number")
        if status == highspy.HighsModelStatus.kModelEmpty or not self.system.rows:
            return set()
        if status != highspy.HighsModelStatus.kOptimal:
            raise OutOfTime
        values = self.solver.getSolution().col_value
        return {row for row in range(len(self.system.rows)) if values[row] > 0.5}
