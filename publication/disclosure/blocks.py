"""A large system as small blocks and the sums that run through many of them.

Belongs here: the same system as arrays, which numbers move together, which blocks can take what another gives up, and the
linear program on a few of them. Does not belong here: which rows are suppressed and when that is enough (`piecemeal`).

A *block* is what short equations and common lines tie: an event, its registrations, who came and who did not. A *sum* is a
longer equation, like the total of a department. Whatever moves within a few blocks while all other numbers stay as they
are fits the whole system, so that a program on a few blocks proves what one on all of them would. This is how large tables are
done elsewhere too: by subtables, each with what ties it to the others (De Wolf, HiTaS: A Heuristic Approach to Cell Suppression in
Hierarchical Tables, 2002; in τ-ARGUS and sdcTable), or by small cubes of cells that can move (Repsilber, Das Quaderverfahren, 1999).
Unlike them, the proof is kept, and read again by the audit.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from publication.disclosure.attack import TOLERANCE, quiet_solver
from publication.disclosure.system import THEN, Part, components

#: An equation with more unknown numbers than this runs through blocks.
MOST_TERMS = 8
#: What one number moves is at most so many times the largest need: more never helps, and blocks with much to give look alike.
ROOM = 4
#: Neighbours of one signature that are looked at, at most.
MANY = 24
#: A movement costs a little even where it is hidden, more where somebody knows its own number: few numbers move.
STEP, STEP_OF_A_SINGLE = 1e-3, 1e-2
NOTHING = np.array([], dtype=np.int64)


@dataclass(frozen=True)
class Move:
    """Numbers that move, and by how much, while all others stay: what then holds fits every equation."""

    places: np.ndarray
    by: np.ndarray


@dataclass(frozen=True)
class Reach:
    """Which neighbours may move: so many blocks of the very same sums that are hidden already, so many that are printed (the cheapest),
    so many of each of the nearest `signatures`; the totals; all.
    """

    hidden: int = 5
    signatures: int = 0
    hidden_near: int = 0
    printed: int = 0
    printed_near: int = 0
    totals: bool = False
    all: bool = False

    @property
    def is_free(self) -> bool:
        return not (self.printed or self.all)


#: What costs nothing first, totals last.
REACHES = (
    Reach(),
    Reach(printed=6),
    Reach(hidden=8, signatures=12, hidden_near=2, printed=8, printed_near=2),
    Reach(hidden=24, signatures=60, hidden_near=3, printed=24, printed_near=4),
    Reach(hidden=24, signatures=60, hidden_near=3, printed=24, printed_near=4, totals=True),
    Reach(all=True),
)
REACHES_OF_WHAT_IS_HIDDEN = (Reach(), Reach(hidden=24, signatures=60, hidden_near=3))


class Blocks:
    """One part as arrays. `point`: numbers that fit it. `price`: what hiding each number would cost now; 0 for hidden ones."""

    def __init__(self, part: Part, point: np.ndarray):
        self.part, self.point = part, point
        variables = part.variables
        self.can_move = np.array([not variable.is_public for variable in variables])
        self.down = point - np.array([variable.lower for variable in variables])
        self.up = np.array([variable.upper for variable in variables]) - point
        self.is_single = np.array([variable.is_single for variable in variables])
        needs = [abs(need - v) for variable, v in zip(variables, point, strict=True) for need in (variable.need_low, variable.need_high) if need is not None]  # fmt: skip
        self.room = ROOM * max(1.0, *needs) if needs else math.inf
        self._write(part)
        self._divide(part)
        self.price = np.zeros(len(variables))
        self.cost = np.zeros(len(variables))  # of each block
        np.add.at(self.price, *_shown(part))
        np.add.at(self.cost, self.block, self.price)
        self.solver = quiet_solver()
        self.solver.setOptionValue("presolve", "off")
        self._programs: dict[bytes, np.ndarray | None] = {}
        self._moves: dict[tuple, np.ndarray | None] = {}
        self._shapes: dict[int, bytes] = {}
        self._place = np.zeros(len(variables), dtype=np.int64)
        self._best: dict[tuple, tuple[list[int], list[int]]] = {}

    def _write(self, part: Part) -> None:
        """Equations on what can move, as one row of (equation, variable, coefficient) per term."""
        equations = part.equations
        count = np.array([len(equation.terms) for equation in equations], dtype=np.int64)
        flat = [term for equation in equations for term in equation.terms]
        variable = np.array([index for index, _ in flat], dtype=np.int64)
        coefficient = np.array([c for _, c in flat], dtype=float)
        equation = np.repeat(np.arange(len(equations)), count)
        sums = np.zeros(len(equations))
        np.add.at(sums, equation, coefficient * self.point[variable])
        self.is_inequality = np.array([e.at_most for e in equations], dtype=bool)
        constants = np.array([e.constant for e in equations], dtype=float)
        self.slack = np.where(self.is_inequality, np.maximum(constants - sums, 0.0), 0.0)
        # what a release leaves of a sum may be of few events, which are no more one block for that
        self.is_left = np.zeros(len(equations), dtype=bool)
        self.is_left[equation[np.array([v.name[:1] == (THEN,) for v in part.variables], dtype=bool)[variable]]] = True
        kept = self.can_move[variable]
        self.term_equation, self.term_variable, self.term_coefficient = (
            equation[kept],
            variable[kept],
            coefficient[kept],
        )

    def _divide(self, part: Part) -> None:
        size = np.bincount(self.term_equation, minlength=len(part.equations))
        self.is_sum = (size > MOST_TERMS) | self.is_left
        short = ~self.is_sum[self.term_equation]
        first = np.full(len(part.equations), -1)
        first[self.term_equation[::-1]] = self.term_variable[::-1]
        left, right = [first[self.term_equation[short]]], [self.term_variable[short]]
        for row in part.rows:
            moving = [index for index in row.shows if self.can_move[index]]
            left.append(np.full(len(moving), moving[0] if moving else 0))
            right.append(np.array(moving, dtype=np.int64))
        self.block = components(len(part.variables), np.concatenate(left), np.concatenate(right))
        self.members = _grouped(self.block[self.can_move], np.flatnonzero(self.can_move))
        owner = self.block[self.term_variable]
        self.inner = _grouped(owner[short], np.flatnonzero(short))
        self.outer = _grouped(owner[~short], np.flatnonzero(~short))
        self.signature = {b: tuple(np.unique(self.term_equation[terms]).tolist()) for b, terms in self.outer.items()}
        self.total_of = self._totals()
        self.alike = self._alike()
        self.near: dict[tuple, tuple[list[tuple], list[int]]] = {}

    def _totals(self) -> dict[int, int]:
        """For each sum, the block of the only number that the others make."""
        linked = np.concatenate([*self.outer.values(), NOTHING])
        equation, negative = self.term_equation[linked], self.term_coefficient[linked] < 0
        below = np.bincount(equation[negative], minlength=len(self.is_sum))
        above = np.bincount(equation[~negative], minlength=len(self.is_sum))
        alone = np.where(negative, below[equation] == 1, above[equation] == 1)
        blocks = self.block[self.term_variable[linked[alone]]]
        return dict(zip(equation[alone].tolist(), blocks.tolist(), strict=True))

    def _alike(self) -> dict[tuple, np.ndarray]:
        """Blocks of the same sums: those where nobody knows its own number first, then those that can give most in each sum."""
        linked = np.concatenate([*self.outer.values(), NOTHING])
        owner, variable = self.block[self.term_variable[linked]], self.term_variable[linked]
        gives, single = np.zeros(len(self.block)), np.zeros(len(self.block))
        self.least = np.full(len(self.block), self.room / ROOM)
        np.add.at(gives, owner, np.minimum(self.down[variable], self.room))
        np.minimum.at(self.least, owner, self.down[variable])
        gives /= np.maximum(np.bincount(owner, minlength=len(gives)), 1)
        np.add.at(single, self.block[self.can_move], self.is_single[self.can_move])
        totals = set(self.total_of.values())
        found: dict[tuple, list[int]] = defaultdict(list)
        for b in sorted(self.signature.keys() - totals, key=lambda b: (single[b] > 0, -self.least[b], -gives[b], b)):
            found[self.signature[b]].append(b)
        return {sums: np.array(blocks) for sums, blocks in found.items()}

    # --- neighbours ------------------------------------------------------------------------------------------------

    def neighbours(self, block: int, reach: Reach) -> list[int]:
        """This block, and those that may take what it gives up."""
        if reach.all:
            return [block, *(b for b in self.members if b != block)]
        sums = self.signature.get(block, ())
        if not sums:
            return [block]
        chosen = dict.fromkeys([block])
        others, totals = self._near(sums)
        for place, other in enumerate([sums, *others[: reach.signatures]]):
            hidden, printed = self._best_of(other)
            alike = place == 0
            chosen |= dict.fromkeys(hidden[: reach.hidden + 1 if alike else reach.hidden_near])
            chosen |= dict.fromkeys(printed[: reach.printed if alike else reach.printed_near])
        if reach.totals:
            chosen |= dict.fromkeys(totals)
        elif reach.is_free:
            chosen |= dict.fromkeys(total for total in totals if self.cost[total] == 0)
        return list(chosen)

    def _best_of(self, sums: tuple) -> tuple[list[int], list[int]]:
        """The hidden blocks of these sums; and printed ones, by turns the cheapest and the cheapest of those that have most to give."""
        if sums not in self._best:
            blocks = self.alike.get(sums, NOTHING)  # a total is alone in its sums
            cost = self.cost[blocks]
            printed = blocks[cost > 0]
            cheapest = printed[np.argsort(self.cost[printed], kind="stable")[:MANY]]
            richest = printed[np.lexsort((self.cost[printed], -self.least[printed]))[:MANY]]
            by_turns = np.stack([cheapest, richest], axis=1).ravel()
            self._best[sums] = blocks[cost == 0][: MANY + 1].tolist(), list(dict.fromkeys(by_turns.tolist()))
        return self._best[sums]

    def _near(self, sums: tuple) -> tuple[list[tuple], list[int]]:
        """Other signatures that share sums with this one, the nearest first; and the totals of its sums."""
        if sums not in self.near:
            mine = set(sums)
            shared = {other: len(mine.intersection(other)) for other in self.alike if other != sums}
            near = sorted((other for other in shared if shared[other]), key=lambda other: (-shared[other], other))
            self.near[sums] = near, sorted({self.total_of[equation] for equation in sums if equation in self.total_of})
        return self.near[sums]

    def hide(self, variables: Iterable[int], price: float) -> None:
        """A line that these numbers would have been printed in is suppressed."""
        for index in variables:
            if self.can_move[index]:
                block = int(self.block[index])
                self.price[index] -= price
                self.cost[block] -= price
                self._shapes.pop(block, None)
                self._best.pop(self.signature.get(block, ()), None)

    # --- the program -----------------------------------------------------------------------------------------------

    def move(self, block: int, reach: Reach, least: Mapping[int, float], still: Iterable[int] = ()) -> Move | None:
        """The cheapest movement in reach of a block in which each of `least` moves so much (up, or down when negative).

        `still`: numbers that may not move. None when there is none.
        """
        blocks, is_free = self.neighbours(block, reach), reach.is_free
        own = self.members[block]
        asked = tuple((int(np.searchsorted(own, number)), by) for number, by in least.items())
        around = [number for number in still if self.block[number] in blocks]
        fixed = tuple(
            (self.block[n] == block, int(np.searchsorted(own, n)) if self.block[n] == block else n) for n in around
        )
        # two blocks of one shape among the same neighbours move alike
        key = (self._shape(block), *((b, self.cost[b]) for b in blocks[1:]), asked, fixed, is_free)
        if key not in self._moves:
            self._moves[key] = self._moved(blocks, asked, around, is_free)
        by = self._moves[key]
        if by is None:
            return None
        moved = np.flatnonzero(by)
        return Move(np.concatenate([self.members[b] for b in blocks])[moved], by[moved])

    def _shape(self, block: int) -> bytes:
        """All that a program reads of a block."""
        if block not in self._shapes:
            members = self.members[block]
            terms = np.concatenate([self.inner.get(block, NOTHING), self.outer.get(block, NOTHING)])
            equation = self.term_equation[terms]
            is_sum = self.is_sum[equation]
            named = np.where(is_sum, equation, -1 - np.unique(equation, return_inverse=True)[1])
            place = np.searchsorted(members, self.term_variable[terms])
            read = [self.price[members], self.up[members], self.down[members], self.is_single[members]]
            read += [named, place, self.term_coefficient[terms], self.is_inequality[equation], self.slack[equation]]
            self._shapes[block] = b"|".join(array.tobytes() for array in read)
        return self._shapes[block]

    def _moved(
        self, blocks: Sequence[int], asked: Iterable[tuple[int, float]], still: Iterable[int], is_free: bool
    ) -> np.ndarray | None:
        """By how much each number of these blocks moves. `asked`: places in the first block, and by how much at least."""
        columns = np.concatenate([self.members[b] for b in blocks])
        count = len(columns)
        self._place[columns] = np.arange(count)
        most = np.concatenate([np.minimum(self.up[columns], self.room), np.minimum(self.down[columns], self.room)])
        price = self.price[columns]
        if is_free:
            most[np.tile(price > 0, 2)] = 0.0
        for number in still:
            most[[self._place[number], self._place[number] + count]] = 0.0
        lower = np.zeros(2 * count)
        for place, by in asked:
            here, other = (place, place + count) if by > 0 else (place + count, place)
            if most[here] < abs(by) - TOLERANCE:
                return None
            lower[here], most[here], most[other] = abs(by), max(most[here], abs(by)), 0.0
        terms = np.concatenate([*(self.inner[b] for b in blocks if b in self.inner), *(self.outer[b] for b in blocks if b in self.outer), NOTHING])  # fmt: skip
        terms = terms[np.argsort(self.term_equation[terms], kind="stable")]
        equations, size = np.unique(self.term_equation[terms], return_counts=True)
        # one column for what a number goes up by, one for what it goes down by
        index = np.repeat(self._place[self.term_variable[terms]], 2)
        index[1::2] += count
        value = np.repeat(self.term_coefficient[terms], 2)
        value[1::2] *= -1
        start = np.concatenate([[0], 2 * np.cumsum(size)]).astype(np.int32)
        step = np.where(self.is_single[columns], STEP_OF_A_SINGLE, STEP)
        low = np.where(self.is_inequality[equations], -math.inf, 0.0)
        arrays = (
            np.tile(price + step, 2),
            lower,
            most,
            low,
            self.slack[equations],
            start,
            index.astype(np.int32),
            value,
        )
        key = b"|".join(array.tobytes() for array in arrays)
        if key not in self._programs:
            self._programs[key] = self._solved(arrays)
        return self._programs[key]

    def _solved(self, arrays: tuple[np.ndarray, ...]) -> np.ndarray | None:
        cost, lower, upper, low, high, start, index, value = arrays
        solver = self.solver
        solver.passModel(
            len(cost), len(low), len(index), int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMinimize), 0.0,
            cost, lower, upper, low, high, start, index, value, np.zeros(len(cost), dtype=np.int32),
        )  # fmt: skip
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        values = np.array(solver.getSolution().col_value)
        by = values[: len(cost) // 2] - values[len(cost) // 2 :]
        by[np.abs(by) <= TOLERANCE] = 0.0
        return by


def _shown(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """For each number that a line prints, the number and what hiding the line costs now."""
    shown = [(index, 0.0 if row.is_forced else row.cost) for row in part.rows for index in row.shows]
    return np.array([index for index, _ in shown], dtype=np.int64), np.array([cost for _, cost in shown], dtype=float)


def _grouped(keys: np.ndarray, values: np.ndarray) -> dict[int, np.ndarray]:
    """The values of each key, in order."""
    order = np.argsort(keys, kind="stable")
    names, starts = np.unique(keys[order], return_index=True)
    return dict(zip(names.tolist(), np.split(values[order], starts)[1:], strict=True))
