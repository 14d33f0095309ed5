"""The attack on what is about to be printed: nothing leaves that somebody could work out.

Belongs here: reading back the protected tables, the attacker's programs on what they leave, single contributors who know
their own number, and the report. Does not belong here: choosing what to hide. Nothing that the choice says of itself is
trusted: what is known is what the protected tables print, cell by cell, and the programs are written anew with the known
numbers as constants.

The report names lines and widths of intervals, never a number of a table.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import highspy
import numpy as np
import pyarrow as pa

from publication.disclosure.attack import TOLERANCE, Attack, Contradiction, Nearby, Unsolved, quiet_solver
from publication.disclosure.cells import COLUMNS, KEY, Cells, said
from publication.disclosure.proofs import Proof, Proven
from publication.disclosure.suppression import Reach
from publication.disclosure.system import Division, Part, System, Variable

#: Unknown numbers of a part for which every end of every interval is computed.
MOST_VARIABLES = 600
#: Programs on a larger one, for what is not proven.
MOST_PROGRAMS = 20
#: Attacks on a larger one that are asked for by themselves.
MOST_ASKED = 100


@dataclass(frozen=True)
class Finding:
    """One protected number under attack: between `low` and `high`, infinite where nothing bounds it; `single`: who knew its own."""

    variable: int
    low: float
    high: float
    is_enough: bool
    single: int | None = None

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass
class Audited:
    """What the attack found. `wrong`: lines whose printed number is not that of the table."""

    findings: list[Finding] = field(default_factory=list)
    wrong: list[tuple] = field(default_factory=list)

    @property
    def narrow(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.is_enough]

    @property
    def attacks(self) -> list[Attack]:
        """Those that find a number: anybody's, and of what nobody finds, those of single contributors."""
        found = dict.fromkeys((finding.variable, finding.single) for finding in self.narrow)
        return [attack for attack in found if attack[1] is None or (attack[0], None) not in found]

    def widths(self) -> dict[int, float]:
        """What anybody is left with, by variable."""
        found: dict[int, float] = {}
        for finding in self.findings:
            if finding.single is None:
                found[finding.variable] = min(finding.width, found.get(finding.variable, math.inf))
        return found


def audit(cells: Cells, printed: Mapping[str, pa.Table], proofs: Sequence[Proof] = ()) -> Audited:
    """Attack the printed tables. `proofs`: movements that show that large parts are uncertain; each is checked.

    Raises what the solver raises when it cannot conclude: nothing is then published.
    """
    known, wrong = _known(cells, printed)
    audited = Audited(wrong=wrong)
    audited.findings = _attacked(cells.system, known, proofs)
    return audited


def attacked(system: System, suppressed: set[int], asked: Collection[Attack] | None = None) -> list[Finding]:
    """The attack on a system whose suppressed rows are given: for tables that are not of the tidy shape. `asked`: of large parts these attacks
    alone, each by programs of its own; nothing is said of those that are too many."""
    return _attacked(system, [not is_hidden for is_hidden in system.hidden(suppressed)], asked=asked)


def _known(cells: Cells, printed: Mapping[str, pa.Table]) -> tuple[list[bool], list[tuple]]:
    """For each variable, whether the printed tables (or earlier ones) give it."""
    known = [variable.is_public for variable in cells.system.variables]
    wrong = []
    columns = {name: {c: table[c].to_pylist() for c in (*KEY, *COLUMNS)} for name, table in printed.items()}
    for line in cells.lines:
        table = columns[line.dataset]
        if tuple(table[name][line.place] for name in KEY) != line.key:
            wrong.append(line.name)
            continue
        cell = {column: table[column][line.place] for column in COLUMNS}
        for column, index in line.columns.items():
            if cell[column] is not None:
                known[index] = True
                number = said(cell, column)
                if number is None or not math.isclose(
                    number, cells.system.variables[index].true_value, rel_tol=1e-9, abs_tol=1e-9
                ):
                    wrong.append(line.name)
        if cell["value"] is not None:
            # a printed share gives both its terms to who knows one of them: a line is printed whole or not at all
            for index in (*line.columns.values(), *line.beside):
                known[index] = True
    return known, wrong


def _attacked(
    system: System, known: Sequence[bool], proofs: Sequence[Proof] = (), asked: Collection[Attack] | None = None
) -> list[Finding]:
    """Part by part: what is known ties nothing together, so that most of what is hidden is a few numbers at a time.

    Parts of one shape are attacked once. A large one is attacked where the proofs do not show that it is uncertain.
    """
    findings = [
        Finding(index, variable.true_value, variable.true_value, _is_met(variable)) for index, variable in enumerate(system.variables) if variable.is_sensitive and known[index]
    ]  # fmt: skip
    closed, proven = _Closed(system), None
    for part in system.sensitive_parts(known):
        if len(part.variables) <= MOST_VARIABLES:
            findings += _part_attacked(part, _ClosedPart(closed, part))
        else:
            proven = proven or Proven(system, known, proofs)
            large = _Large(part, _ClosedPart(closed, part), proven)
            findings += large.attacked() if asked is None else large.each(asked)
    return findings


def _is_met(variable: Variable) -> bool:
    """Whether a number may be known: what must seem possible is that number alone."""
    reach = Reach(System([variable]))
    reach.add(np.array([variable.value]))
    return reach.is_enough()


class _Closed:
    """The system with everything hidden that may be: what it gives to somebody, no choice of rows could keep."""

    def __init__(self, system: System):
        self.system = system
        self.division: Division | None = None
        self.parts: dict[int, tuple[Nearby, int]] = {}

    def of(self, number: int) -> tuple[Nearby, int]:
        """The part that a number of the system is in, and its place there."""
        if number not in self.parts:
            self.division = self.division or self.system.divided(self.system.unhideable())
            [part] = self.division.parts([number])
            nearby = Nearby(part)
            self.parts |= {place: (nearby, n) for n, place in enumerate(part.places)}
        return self.parts[number]

    def is_own(self, single: int, other: int) -> bool:
        (nearby, one), (other_nearby, two) = self.of(single), self.of(other)
        return nearby is other_nearby and nearby.is_own(one, two)

    def farthest(self, single: int, number: int, way: int, is_wide: bool) -> float:
        (nearby, one), (other_nearby, two) = self.of(single), self.of(number)
        return nearby.farthest(one, two, way, is_wide) if nearby is other_nearby else way * math.inf


@dataclass
class _ClosedPart:
    """The same, asked by places in one part."""

    closed: _Closed
    part: Part

    def is_own(self, single: int, other: int) -> bool:
        return self.closed.is_own(self.part.places[single], self.part.places[other])

    def farthest(self, single: int, number: int, way: int, is_wide: bool) -> float:
        return self.closed.farthest(self.part.places[single], self.part.places[number], way, is_wide)


def _part_attacked(part: Part, closed: _ClosedPart) -> list[Finding]:
    known = [variable.is_public for variable in part.variables]
    place = part.places
    program = _Program(part, known)
    reach, findings = Reach(part), []
    points: list[np.ndarray] = []
    for index in reach.sensitive:
        low, high = (program.end(index, way, reach, points) for way in (1.0, -1.0))
        findings.append(Finding(place[index], low, high, reach.goes_low(index) and reach.goes_high(index)))
    found = np.array(points)
    for single, variable in enumerate(part.variables):
        if not variable.is_single or known[single]:
            continue
        knowing = Reach(part, single)
        knowing.mix(found, single, variable.true_value)
        if knowing.is_enough():
            continue
        knowing.leave_out_own(single, closed)
        informed = _Program(part, [k or index == single for index, k in enumerate(known)])
        for index in knowing.sensitive:
            if knowing.goes_low(index) and knowing.goes_high(index):
                continue
            low, high = (informed.end(index, way, knowing, []) for way in (1.0, -1.0))
            for way, goes in ((-1, knowing.goes_low), (1, knowing.goes_high)):
                if not goes(index):
                    knowing.ask_no_more(index, way, [single], closed)
            enough = knowing.goes_low(index) and knowing.goes_high(index)
            findings.append(Finding(place[index], low, high, enough, place[single]))
    return findings


class _Large:
    """One part with too many unknown numbers for a program on each: what is proven, then programs on what is not.

    A width is then what is proven of it: the interval is at least so wide.
    """

    def __init__(self, part: Part, closed: _ClosedPart, proven: Proven):
        self.part, self.closed, self.proven = part, closed, proven
        self.known = [variable.is_public for variable in part.variables]
        self.left = MOST_PROGRAMS
        self.program: tuple[int | None, _Program] | None = None  # the last, and who knows its own number in it

    def attacked(self) -> list[Finding]:
        reach, findings = Reach(self.part), []
        asked: dict[int, list[tuple[int, int]]] = {}  # single → numbers, ways
        for index in reach.sensitive:
            move, value = self.proven.of(self.part.places[index])
            own = self.part.variables[index].true_value
            reach.low[index], reach.high[index] = min([own, *value]), max([own, *value])
            for way, goes in ((-1, reach.goes_low), (1, reach.goes_high)):
                if goes(index):
                    singles = self._in_all(self._far_enough(reach, index, way, move, value))
                else:
                    singles = self._moved_by_a_program(index, way, reach)
                for single in singles:
                    asked.setdefault(single, []).append((index, way))
            findings.append(
                Finding(self.part.places[index], reach.low[index], reach.high[index], reach.goes_low(index) and reach.goes_high(index))
            )  # fmt: skip
        return findings + [finding for single, ends in asked.items() for finding in self._informed(single, ends)]

    def each(self, asked: Iterable[Attack]) -> list[Finding]:
        """What these attacks find in this part, each by programs of its own; the first of them, where they are many."""
        findings, at = [], self.part.at
        for number, single in [attack for attack in asked if attack[0] in at][:MOST_ASKED]:
            self.left, index = 2, at[number]
            if single is not None:
                findings += self._informed(at[single], [(index, -1), (index, 1)])
                continue
            reach = Reach(self.part, numbers=[index])
            reach.low[index] = reach.high[index] = self.part.variables[index].true_value
            for way, goes in ((-1, reach.goes_low), (1, reach.goes_high)):
                if not goes(index):
                    self._moved_by_a_program(index, way, reach)
            findings.append(Finding(number, reach.low[index], reach.high[index], reach.is_enough()))
        return findings

    def _moved_by_a_program(self, index: int, way: int, reach: Reach) -> list[int]:
        """Single contributors whose number moves in what a program finds for this end; none when it finds nothing that is far enough."""
        point = self._solve(None, index, way, reach)
        if point is None:
            return []
        reach.low[index], reach.high[index] = min(reach.low[index], point[index]), max(reach.high[index], point[index])
        if not (reach.goes_low if way < 0 else reach.goes_high)(index):
            return []  # what anybody finds
        return [
            n
            for n, variable in enumerate(self.part.variables)
            if variable.is_single and abs(point[n] - variable.true_value) > TOLERANCE
        ]

    def _far_enough(self, reach: Reach, index: int, way: int, move: np.ndarray, value: np.ndarray) -> np.ndarray | None:
        """Movements that take a number where it must seem able to go; None when it is there."""
        need = (reach.need_low if way < 0 else reach.need_high).get(index)
        if need is None or (need - self.part.variables[index].true_value) * way <= 0:
            return None
        return move[(need - value) * way <= TOLERANCE * max(1.0, abs(need))]

    def _in_all(self, moves: np.ndarray | None) -> list[int]:
        """Single contributors whose own number moves in all of these movements."""
        if moves is None:
            return []
        common = self.proven.singles(moves[0])
        for move in moves[1:]:
            if not common:
                break
            common = common & self.proven.singles(move)
        return sorted(self.part.at[single] for single in common)

    def _informed(self, single: int, ends: list[tuple[int, int]]) -> list[Finding]:
        """What a single contributor finds where all that is proven moves its own number."""
        reach, findings = Reach(self.part, single, {index for index, _ in ends}), []
        for index, way in ends:
            move, value = self.proven.of(self.part.places[index])
            still = np.array([self.part.places[single] not in self.proven.singles(m) for m in move], dtype=bool)
            own = self.part.variables[index].true_value
            reach.low[index], reach.high[index] = min([own, *value[still]]), max([own, *value[still]])
            goes = reach.goes_low if way < 0 else reach.goes_high
            if goes(index) or self.closed.is_own(single, index):
                continue
            reach.ask_no_more(index, way, [single], self.closed)
            if not goes(index):
                reach.ask_no_more(index, way, [single], self.closed, is_wide=True)
            if not goes(index) and (point := self._solve(single, index, way, reach)) is not None:
                reach.low[index] = min(reach.low[index], point[index])
                reach.high[index] = max(reach.high[index], point[index])
            if not goes(index):
                findings.append(Finding(self.part.places[index], reach.low[index], reach.high[index], False, self.part.places[single]))  # fmt: skip
        return findings

    def _solve(self, single: int | None, index: int, way: int, reach: Reach) -> np.ndarray | None:
        """Numbers that fit and go as far as this end must seem to, or as they can. None when no program is left: what is not concluded counts as
        found by the attacker.
        """
        if self.left <= 0:
            return None
        self.left -= 1
        if self.program is None or self.program[0] != single:
            known = [known or n == single for n, known in enumerate(self.known)]
            self.program = single, _Program(self.part, known)
        program = self.program[1]
        points: list[np.ndarray] = []
        with program.stopped_at(index, (reach.need_low if way < 0 else reach.need_high)[index], way):
            program.end(index, -float(way), Reach(self.part, numbers=()), points)
        return points[0]


class _Program:
    """The unknown numbers alone; what is known is in the constants."""

    def __init__(self, part: System, known: list[bool]):
        self.part, self.known = part, known
        self.column: dict[int, int] = {}
        self.point = np.array([variable.value if k else 0.0 for variable, k in zip(part.variables, known, strict=True)])
        self.unknown = np.flatnonzero(~np.array(known, dtype=bool))
        self.solver = quiet_solver()
        for index, variable in enumerate(part.variables):
            if not known[index]:
                self.column[index] = len(self.column)
                self.solver.addVar(variable.lower, variable.upper)
        for equation in part.equations:
            left = [(self.column[i], c) for i, c in equation.terms if i in self.column]
            constant = equation.constant - math.fsum(
                c * part.variables[i].true_value for i, c in equation.terms if i not in self.column
            )
            if left:
                low = -math.inf if equation.at_most else constant
                self.solver.addRow(low, constant, len(left), [i for i, _ in left], [c for _, c in left])

    @contextmanager
    def stopped_at(self, index: int, value: float, way: int) -> Iterator[None]:
        """Let a number go no farther than this, so that nothing is unbounded."""
        variable, column = self.part.variables[index], self.column[index]
        ends = (max(variable.lower, value), variable.upper) if way < 0 else (variable.lower, min(variable.upper, value))
        self.solver.changeColBounds(column, *ends)
        try:
            yield
        finally:
            self.solver.changeColBounds(column, variable.lower, variable.upper)

    def end(self, index: int, way: float, reach: Reach, points: list) -> float:
        """The lowest (way 1) or highest (way −1) value; infinite when nothing bounds it."""
        variable = self.part.variables[index]
        if self.known[index]:
            value = variable.true_value
            reach.low[index], reach.high[index] = min(reach.low[index], value), max(reach.high[index], value)
            return value
        column = self.column[index]
        self.solver.changeColCost(column, way)
        try:
            status = self._run()
        finally:
            self.solver.changeColCost(column, 0.0)
        if status == highspy.HighsModelStatus.kUnbounded:
            reach.low[index], reach.high[index] = (
                (-math.inf, reach.high[index]) if way > 0 else (reach.low[index], math.inf)
            )
            return -math.inf if way > 0 else math.inf
        point = self.point.copy()
        point[self.unknown] = self.solver.getSolution().col_value
        reach.add(point)
        points.append(point)
        return float(point[index])

    def _run(self) -> highspy.HighsModelStatus:
        self.solver.run()
        status = self.solver.getModelStatus()
        if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kUnbounded):
            # presolve may leave open which of the two it is, a stale basis lead the simplex astray: once more from nothing
            self.solver.setOptionValue("presolve", "off")
            self.solver.clearSolver()
            self.solver.run()
            status = self.solver.getModelStatus()
            self.solver.setOptionValue("presolve", "choose")
        if status == highspy.HighsModelStatus.kInfeasible:
            raise Contradiction("no numbers fit what is printed")
        if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kUnbounded):
            raise Unsolved(str(status))
        return status


def is_exact(finding: Finding) -> bool:
    """Whether somebody can work out the number itself."""
    return finding.width <= TOLERANCE
