"""The attack on what is about to be printed: nothing leaves that somebody could work out.

Belongs here: reading back the protected tables, the attacker's programs on what they leave, single contributors who know
their own number, and the report. Does not belong here: choosing what to hide. Nothing that the choice says of itself is
trusted: what is known is what the protected tables print, cell by cell, and the programs are written anew with the known
numbers as constants.

The report names lines and widths of intervals, never a number of a table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np
import pyarrow as pa

from publication.disclosure.attack import TOLERANCE, Contradiction, Sameness, Unsolved, quiet_solver
from publication.disclosure.cells import COLUMNS, KEY, Cells
from publication.disclosure.suppression import Reach
from publication.disclosure.system import System


@dataclass(frozen=True)
class Finding:
    """One protected number under attack. `width` is infinite when nothing bounds it; `single`: who knew its own."""

    variable: int
    width: float
    is_enough: bool
    single: int | None = None


@dataclass
class Audited:
    """What the attack found. `wrong`: lines whose printed number is not that of the table."""

    findings: list[Finding] = field(default_factory=list)
    wrong: list[tuple] = field(default_factory=list)

    @property
    def narrow(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.is_enough]

    def width(self, variable: int) -> float:
        return min((f.width for f in self.findings if f.variable == variable and f.single is None), default=math.inf)


def audit(cells: Cells, printed: Mapping[str, pa.Table]) -> Audited:
    """Attack the printed tables. Raises what the solver raises when it cannot conclude: nothing is then published."""
    known, wrong = _known(cells, printed)
    audited = Audited(wrong=wrong)
    for part, place in _parts(cells.system):
        if any(variable.is_sensitive for variable in part.variables):
            audited.findings += _attacked(part, [known[index] for index in place], place)
    return audited


def attacked(system: System, suppressed: set[int]) -> list[Finding]:
    """The attack on a system whose suppressed rows are given: for tables that are not of the tidy shape."""
    hidden = system.hidden(suppressed)
    return _attacked(system, [not is_hidden for is_hidden in hidden], list(range(len(hidden))))


def _known(cells: Cells, printed: Mapping[str, pa.Table]) -> tuple[list[bool], list[tuple]]:
    """For each variable, whether the printed tables (or earlier ones) give it."""
    known = [variable.is_public for variable in cells.system.variables]
    wrong = []
    columns = {name: {c: table[c].to_pylist() for c in (*KEY, *COLUMNS)} for name, table in printed.items()}
    for line in cells.lines:
        table = columns.get(line.dataset)
        if table is None:
            continue  # not printed at all
        if tuple(table[name][line.place] for name in KEY) != line.key:
            wrong.append(line.name)
            continue
        for column, index in line.columns.items():
            cell = table[column][line.place]
            if cell is not None:
                known[index] = True
                if not math.isclose(cell, cells.system.variables[index].value, rel_tol=1e-9, abs_tol=1e-9):
                    wrong.append(line.name)
        ratio = table["value"][line.place]
        if ratio is not None and "value" not in line.columns:
            # a printed share gives both its terms to who knows one of them: a line is printed whole or not at all
            for index in line.columns.values():
                known[index] = True
    return known, wrong


def _parts(system: System) -> list[tuple[System, list[int]]]:
    """Independent parts, each with the place of its variables in the whole."""
    return [(part, [system.by_name[variable.name] for variable in part.variables]) for part in system.parts()]


def _attacked(part: System, known: list[bool], place: list[int]) -> list[Finding]:
    program, sameness = _Program(part, known), Sameness(part)
    reach, points, findings = Reach(part), [], []
    for index in reach.sensitive:
        low, high = (program.end(index, way, reach, points) for way in (1.0, -1.0))
        findings.append(Finding(place[index], high - low, reach.goes_low(index) and reach.goes_high(index)))
    found = np.array(points)
    for single, variable in enumerate(part.variables):
        if not variable.is_single or known[single]:
            continue
        knowing = Reach(part, single)
        knowing.mix(found, single, variable.value)
        if knowing.is_enough():
            continue
        knowing.leave_out_own(single, sameness)
        informed = _Program(part, [k or index == single for index, k in enumerate(known)])
        for index in knowing.sensitive:
            if knowing.goes_low(index) and knowing.goes_high(index):
                continue
            low, high = (informed.end(index, way, knowing, []) for way in (1.0, -1.0))
            enough = knowing.goes_low(index) and knowing.goes_high(index)
            findings.append(Finding(place[index], high - low, enough, place[single]))
    return findings


class _Program:
    """The unknown numbers alone; what is known is in the constants."""

    def __init__(self, part: System, known: list[bool]):
        self.part, self.known = part, known
        self.column = {}
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
                c * part.variables[i].value for i, c in equation.terms if i not in self.column
            )
            if left:
                low = -math.inf if equation.at_most else constant
                self.solver.addRow(low, constant, len(left), [i for i, _ in left], [c for _, c in left])

    def end(self, index: int, way: float, reach: Reach, points: list) -> float:
        """The lowest (way 1) or highest (way −1) value; infinite when nothing bounds it."""
        variable = self.part.variables[index]
        if self.known[index]:
            reach.low[index] = min(reach.low[index], variable.value)
            reach.high[index] = max(reach.high[index], variable.value)
            return variable.value
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
        if status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
            self.solver.setOptionValue("presolve", "off")
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
