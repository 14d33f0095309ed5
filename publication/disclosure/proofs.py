"""Movements given as a proof that numbers are uncertain, each checked against every equation.

Belongs here: the check, and what the movements that hold prove. Does not belong here: finding them (`piecemeal`), concluding
(`audit`). A movement is believed when, added to numbers that fit what is known, it changes nothing that is known, and what it
gives fits every bound and every equation: somebody who reads what is printed cannot tell it from the truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from publication.disclosure.attack import TOLERANCE
from publication.disclosure.blocks import NOTHING, Move
from publication.disclosure.system import System


@dataclass(frozen=True)
class Proof:
    """Movements of numbers of a system. `places`: those it speaks of; `point`: a value of each that fits with all others."""

    places: np.ndarray
    point: np.ndarray
    moves: Sequence[Move]


class Proven:
    """What the movements that hold prove. `of`: for each number, those that move it, and to what."""

    def __init__(self, system: System, known: Sequence[bool], proofs: Sequence[Proof]):
        self.is_single = np.array([variable.is_single for variable in system.variables], dtype=bool)
        self.point = np.array([variable.value for variable in system.variables], dtype=float)
        for proof in proofs:
            unsaid = np.isnan(self.point[proof.places])
            self.point[proof.places[unsaid]] = proof.point[unsaid]
        moves = [move for proof in proofs for move in proof.moves]
        size = [len(move.places) for move in moves]
        self.move = np.repeat(np.arange(len(moves)), size)
        self.place = np.concatenate([NOTHING, *(move.places for move in moves)])
        self.by = np.concatenate([[], *(move.by for move in moves)])
        self._drop(self._wrong(system, np.array(known, dtype=bool), len(moves)))

    def _wrong(self, system: System, known: np.ndarray, count: int) -> np.ndarray:
        """For each movement, whether it fails."""
        wrong = np.zeros(count, dtype=bool)
        after = self.point[self.place] + self.by
        lower = np.array([variable.lower for variable in system.variables])[self.place]
        upper = np.array([variable.upper for variable in system.variables])[self.place]
        holds = ~known[self.place] & (after >= lower - TOLERANCE) & (after <= upper + TOLERANCE)
        wrong[self.move[~holds]] = True
        moving = np.zeros(len(system.variables), dtype=bool)
        moving[self.place] = True
        touched = [e for e in system.equations if any(moving[index] for index, _ in e.terms)]
        length = np.array([len(e.terms) for e in touched], dtype=np.int64)
        flat = [term for e in touched for term in e.terms]
        variable = np.array([index for index, _ in flat], dtype=np.int64)
        coefficient = np.array([c for _, c in flat], dtype=float)
        equation = np.repeat(np.arange(len(touched)), length)
        constant = np.array([e.constant for e in touched])
        at_most = np.array([e.at_most for e in touched], dtype=bool)
        gap = constant - np.bincount(equation, coefficient * self.point[variable], len(touched))
        scale = TOLERANCE * np.maximum(
            1.0, np.bincount(equation, np.abs(coefficient * self.point[variable]), len(touched))
        )
        # the numbers themselves must fit where anything moves; « not greater » is false of what is not a number
        unfit = ~np.where(at_most, gap >= -scale, np.abs(gap) <= scale)
        order = np.argsort(variable, kind="stable")
        first = np.searchsorted(variable[order], np.arange(len(system.variables) + 1))
        times = (first[1:] - first[:-1])[self.place]
        entry = np.repeat(np.arange(len(self.place)), times)
        offset = np.arange(len(entry)) - np.repeat(np.cumsum(times) - times, times)
        term = order[first[self.place[entry]] + offset]
        pair, where = np.unique(self.move[entry] * len(touched) + equation[term], return_inverse=True)
        change = np.bincount(where, self.by[entry] * coefficient[term], len(pair))
        move, touches = pair // len(touched), pair % len(touched)
        room = np.where(at_most[touches], np.maximum(gap[touches], 0.0), 0.0) + 10 * TOLERANCE
        holds = (change <= room) & (at_most[touches] | (change >= -10 * TOLERANCE)) & ~unfit[touches]
        wrong[move[~holds]] = True
        return wrong

    def _drop(self, wrong: np.ndarray) -> None:
        kept = ~wrong[self.move]
        self.move, self.place, self.by = self.move[kept], self.place[kept], self.by[kept]
        order = np.argsort(self.place, kind="stable")
        self._order, self._sorted = order, self.place[order]
        own = self.is_single[self.place]
        singles: dict[int, set[int]] = defaultdict(set)
        for move, place in zip(self.move[own].tolist(), self.place[own].tolist(), strict=True):
            singles[move].add(place)
        self._singles = {move: frozenset(places) for move, places in singles.items()}

    def of(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Movements of this number, and the values they take it to."""
        here = self._order[slice(*np.searchsorted(self._sorted, [number, number + 1]))]
        return self.move[here], self.point[number] + self.by[here]

    def singles(self, move: int) -> frozenset[int]:
        """Single contributors whose own number this movement moves."""
        return self._singles.get(int(move), frozenset())
