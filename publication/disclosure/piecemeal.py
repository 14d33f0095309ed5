"""A safe pattern of a large part, block by block, in a time that grows with the number of blocks.

Belongs here: for each protected number, and for each contributor that knows its own, a movement of a few blocks that takes it
as far as it must seem able to go; the rows that such a movement needs are suppressed. Does not belong here: the blocks and
their program (`blocks`), the cheapest pattern of a small part (`suppression`), the check of what is chosen (`audit`).

The order is that of the modular approach: what costs nothing first (movements of numbers that are hidden anyway), then the
nearest blocks, then more of them. Every movement is kept: it is the proof that the audit reads again.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

import highspy
import numpy as np

from publication.disclosure.attack import TOLERANCE, Attack, Contradiction, Nearby, quiet_solver
from publication.disclosure.blocks import REACHES, REACHES_OF_WHAT_IS_HIDDEN, Blocks, Move, Reach
from publication.disclosure.suppression import Pattern
from publication.disclosure.system import Part

#: Programs on every block of a part: each may take a second.
MOST_WHOLE = 20


@dataclass(frozen=True)
class Aim:
    """A number that must seem able to go down to (`way` −1), or up to (1), `need`."""

    number: int
    way: int
    need: float


@dataclass(frozen=True)
class Chosen:
    """`moves`: what the pattern leaves possible, from `point`. `missed`: attacks that nothing was found against."""

    pattern: Pattern
    point: np.ndarray
    moves: list[Move]
    missed: list[Attack]


def by_blocks(part: Part, *, deadline: float = math.inf, hidden: Collection[int] | None = None) -> Chosen:
    """Rows to suppress in one part. What could not be protected is said, and is for the caller to hide whole or hold back.

    `hidden`: rows that are to be suppressed whatever is found; then nothing else is, and nothing takes long.
    """
    return _Choice(part, deadline, hidden).made()


def point_of(part: Part) -> np.ndarray:
    """The values of a part, those that nobody needed to compute included. Raises Contradiction when there are none."""
    point = np.array([variable.value for variable in part.variables], dtype=float)
    if np.isnan(point).any():
        unknown = np.flatnonzero(np.isnan(point))
        column = {int(index): place for place, index in enumerate(unknown)}
        solver = quiet_solver()
        for index in unknown:
            solver.addVar(part.variables[index].lower, part.variables[index].upper)
        for equation in part.equations:
            left = [(column[i], c) for i, c in equation.terms if i in column]
            if left:
                rest = equation.constant - math.fsum(c * point[i] for i, c in equation.terms if i not in column)
                low = -math.inf if equation.at_most else rest
                solver.addRow(low, rest, len(left), [i for i, _ in left], [c for _, c in left])
        solver.run()
        if solver.getModelStatus() not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty):
            raise Contradiction("no numbers fit what is printed")
        point[unknown] = solver.getSolution().col_value
    return point


@dataclass
class _Choice:
    part: Part
    deadline: float
    hidden: Collection[int] | None = None
    moves: list[Move] = field(default_factory=list)
    singles: list[frozenset[int]] = field(default_factory=list)  # of each move: whose own number it moves
    missed: list[Attack] = field(default_factory=list)
    nb_whole: int = 0

    def __post_init__(self) -> None:
        part = self.part
        self.point = point_of(part)
        self.blocks = Blocks(part, self.point)
        self.shown_by = part.shown_by()
        self.suppressed = {number for number, row in enumerate(part.rows) if row.is_forced}
        self.reaches = REACHES if self.hidden is None else REACHES_OF_WHAT_IS_HIDDEN
        self._suppress(set(self.hidden or ()) - self.suppressed)
        self.nearby = Nearby(part)
        #: for each aim, the moves that reach it
        self.reached: dict[Aim, list[int]] = {aim: [] for aim in self._aims()}

    def _aims(self) -> Iterator[Aim]:
        for index, variable in enumerate(self.part.variables):
            for way, need in ((-1, variable.need_low), (1, variable.need_high)):
                if need is not None and self._missing(index, need) * way > 0:
                    yield Aim(index, way, need)

    def _missing(self, index: int, need: float) -> float:
        """How far a number is from what must seem possible; 0 when it is near enough."""
        missing = need - self.point[index]
        return missing if abs(missing) > TOLERANCE * max(1.0, abs(need)) else 0.0

    # --- anybody ---------------------------------------------------------------------------------------------------

    def made(self) -> Chosen:
        waiting = self._by_block(self.reached)
        for reach in self.reaches:
            waiting = self._by_block(aim for _, aims in waiting.items() for aim in self._settled(aims, reach))
        self.missed += [(aim.number, None) for aims in waiting.values() for aim in aims]
        self._settle_singles()
        cost = sum(self.part.rows[row].cost for row in self.suppressed if not self.part.rows[row].is_forced)
        return Chosen(Pattern(frozenset(self.suppressed), cost), self.point, self.moves, self.missed)

    def _by_block(self, aims: Iterable[Aim]) -> dict[int, list[Aim]]:
        found: dict[int, list[Aim]] = defaultdict(list)
        for aim in aims:
            found[int(self.blocks.block[aim.number])].append(aim)
        return found

    def _settled(self, aims: list[Aim], reach: Reach, still: tuple[int, ...] = ()) -> list[Aim]:
        """Those of the aims (of one block) that this reach does not settle."""
        left = []
        for way in (-1, 1):
            group = [aim for aim in aims if aim.way == way and (still or not self.reached[aim])]
            if group and not self._moved(group, reach, still):
                left += [aim for aim in group if len(group) == 1 or not self._moved([aim], reach, still)]
        return left

    def _moved(self, aims: list[Aim], reach: Reach, still: tuple[int, ...]) -> bool:
        """Whether one movement settles all these aims."""
        if time.monotonic() > self.deadline or (reach.all and self.nb_whole >= MOST_WHOLE):
            return False
        self.nb_whole += reach.all
        block = int(self.blocks.block[aims[0].number])
        least = {aim.number: aim.need - self.point[aim.number] for aim in aims}
        move = self.blocks.move(block, reach, least, still)
        if move is None:
            return False
        self._keep(move)
        return True

    def _suppress(self, rows: set[int]) -> None:
        self.suppressed |= rows
        for row in rows:
            self.blocks.hide(self.part.rows[row].shows, self.part.rows[row].cost)

    def _keep(self, move: Move) -> None:
        more = {row for index in move.places.tolist() for row in self.shown_by[index]} - self.suppressed
        self._suppress(more)
        number = len(self.moves)
        self.moves.append(move)
        self.singles.append(frozenset(move.places[self.blocks.is_single[move.places]].tolist()))
        for index, by in zip(move.places.tolist(), move.by.tolist(), strict=True):
            variable = self.part.variables[index]
            for way, need in ((-1, variable.need_low), (1, variable.need_high)):
                if need is None or by * way < abs(self._missing(index, need)) - TOLERANCE:
                    continue
                if (aim := Aim(index, way, need)) in self.reached:
                    self.reached[aim].append(number)

    # --- somebody who knows its own number -------------------------------------------------------------------------

    def _settle_singles(self) -> None:
        asked: dict[tuple[int, int], list[Aim]] = defaultdict(list)
        for aim, numbers in self.reached.items():
            if numbers:
                for single in self._in_all(numbers):
                    own = self._asked_by(single, aim)
                    if own is not None:
                        asked[single, int(self.blocks.block[aim.number])].append(own)
        for reach in self.reaches:
            later: dict[tuple[int, int], list[Aim]] = defaultdict(list)
            for (single, block), aims in asked.items():
                for aim in self._settled(aims, reach, still=(single,)):
                    left = self._asked_of_all(single, aim) if reach is self.reaches[0] else aim
                    if left is not None:
                        later[single, block].append(left)
            asked = later
        for (single, _), aims in asked.items():
            self.missed += [(aim.number, single) for aim in aims if self._asked_of_all(single, aim, is_wide=True)]

    def _in_all(self, numbers: list[int]) -> list[int]:
        """Single contributors whose own number moves in each of these moves."""
        common = self.singles[numbers[0]]
        for number in numbers[1:]:
            if not common:
                break
            common = common & self.singles[number]
        return sorted(common)

    def _asked_by(self, single: int, aim: Aim) -> Aim | None:
        """What must seem possible to a single contributor; None when that is so already."""
        if aim.number == single:
            return None
        need = aim.need
        if aim.way < 0 and need == 0:
            need += self.part.variables[single].true_value  # a count that includes it cannot be thought lower
        if self._missing(aim.number, need) * aim.way <= 0:
            return None
        return Aim(aim.number, aim.way, need)

    def _asked_of_all(self, single: int, aim: Aim, is_wide: bool = False) -> Aim | None:
        """The aim, less what no table could hide from this contributor."""
        if self.nearby.is_own(single, aim.number):
            return None
        far = self.nearby.farthest(single, aim.number, aim.way, is_wide)
        need = max(aim.need, far) if aim.way < 0 else min(aim.need, far)
        return Aim(aim.number, aim.way, need) if self._missing(aim.number, need) * aim.way > 0 else None
