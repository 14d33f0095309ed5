"""What two releases tell together that neither does: the difference of two sums is what makes it.

Belongs here: for each sum over events that an earlier release prints, the equation that it still is between numbers of today. Does not belong
here: numbers that are printed as they were, and old secrets (`earlier`); what is made of an equation (`suppression`, `audit`).

A sum of then is what its events had then. Of those that were hidden, an attacker supposes that they have the same today. Where that is so, what
the sum has grown by is what came since and what is known to have changed: a department has five more, three of them at an event whose line is
printed both times, so that its new event has two. Persons are counted once each, however many events they come to: where their difference is
that of the events, a reader may well suppose that nobody came to two, as of one release.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from publication.disclosure.cells import EVENT, Cells, Events, Naming, same
from publication.disclosure.earlier import (
    NOTHING,
    GivenAway,
    Printed,
    Told,
    keep_uncertain,
    members_of_events,
    numbers_of,
    secret_and_gone,
)
from publication.disclosure.system import THEN

#: Of the name of a number that an event had which is gone.
GONE = "gone"
#: A breakdown and one of its members.
About = tuple[str, str]
#: Σ coefficient × variable = what was printed.
Sum = tuple[list[tuple[int, float]], float]


def tie(
    cells: Cells,
    earlier: Iterable[Printed],
    numbers: Told,
    unsaid: Callable[[Printed], set[tuple]],
    before: Callable[[Printed], Events],
    today: Events,
    naming: Naming,
    found: GivenAway,
) -> None:
    """Add the equations. What an earlier release prints is a number of its own, public as long as that release is: one of `found.sums`. What an
    event had that is gone is one too, to stay uncertain where it was secret. `unsaid`, `before`: the names of the numbers that
    a release keeps, and its list of events."""
    system, lines = cells.system, {line.lasting_name for line in cells.lines}
    is_unknown = ~np.array(system.unhideable(), dtype=bool)
    sums = cache(lambda programme_id: _Sums(cells, programme_id, today.get(programme_id, ()), is_unknown))
    wanted: dict[int, float] = {}
    for printed in earlier:
        own = sums(printed.programme_id)
        stood = members_of_events(before(printed).get(printed.programme_id, ())) if own.quantities else None
        if not stood:
            continue
        beside, secret = _Beside(own, stood), secret_and_gone(printed, lines, naming)
        had = numbers_of(printed, beside.gone, naming)
        for terms, constant in beside.still_true(numbers(printed), unsaid(printed), had):
            for index, _ in terms:
                what, *of = system.variables[index].name
                if what == GONE and 0 < system.variables[index].true_value < (width := secret.get(of[0], 0.0)):
                    wanted[index] = width
            then = system.variable((THEN, *terms, constant), value=constant, lower=-math.inf, is_public=True)
            system.equation([*terms, (then, -1.0)])
            found.sums[then] += printed.releases
    keep_uncertain(system, wanted)


@dataclass(frozen=True)
class _Quantity:
    """What is counted, and where its numbers of today are: of each sum (−1: not printed), and of each event."""

    key: tuple
    sums: np.ndarray
    events: np.ndarray

    def name(self, event: About) -> tuple:
        programme, quantity, traits, when = self.key
        return (programme, quantity, traits, event, when)


class _Sums:
    """The sums over events of one programme today, of the quantities of which a number is asked for."""

    def __init__(self, cells: Cells, programme_id: str, events: Iterable[frozenset[About]], is_asked: np.ndarray):
        self.system, variables = cells.system, cells.system.variables
        known = [variable.upper if variable.lower == variable.upper else variable.value for variable in variables]
        self.values = np.array(known, dtype=float)
        self.is_public = np.array([variable.is_public for variable in variables], dtype=bool)
        self.stands = members_of_events(events)
        self.place = {event: place for place, event in enumerate(self.stands)}
        #: each event in each of its sums
        self.pairs = [
            (event, about) for event, members in self.stands.items() for about in sorted(members) if about[0] != EVENT
        ]
        self.about: dict[About, int] = {}
        for _, about in self.pairs:
            self.about.setdefault(about, len(self.about))
        self.quantities = [each for each in self._quantities(cells, programme_id) if is_asked[each.events].any()]

    def _quantities(self, cells: Cells, programme_id: str) -> Iterator[_Quantity]:
        sums: dict[tuple, dict[About, int]] = defaultdict(dict)
        numbers: dict[tuple, dict[About, int]] = defaultdict(dict)
        for name, index in cells.system.by_name.items():
            if name[0] == "atom":
                numbers[name[1]] |= {about: index for about in name[2] if about[0] == EVENT}
            elif name[0] == programme_id and len(name) == 5:
                programme, quantity, traits, about, when = name
                (numbers if about[0] == EVENT else sums)[programme, quantity, traits, when][about] = index
        for key, by_about in sums.items():
            if self.place and self.place.keys() <= numbers[key].keys():
                yield _Quantity(
                    key,
                    np.array([by_about.get(about, -1) for about in self.about]),
                    np.array([numbers[key][event] for event in self.place]),
                )


class _Beside:
    """The sums of an earlier release beside those of today: one entry for each event in each sum of either. Events that are gone come after those
    of today."""

    def __init__(self, today: _Sums, stood: Mapping[About, frozenset[About]]):
        self.today = today
        self.gone = [event for event in stood if event not in today.place]
        place = today.place | {event: len(today.place) + rank for rank, event in enumerate(self.gone)}
        stayed = {event for event in today.place if stood.get(event) == today.stands[event]}
        was = [event in stayed or about in stood.get(event, ()) for event, about in today.pairs]
        left = [
            (event, about)
            for event in stood
            if event not in stayed
            for about in sorted(stood[event] - today.stands.get(event, frozenset()))
            if about in today.about
        ]
        entries = [(place[event], today.about[about]) for event, about in (*today.pairs, *left)]
        self.event, self.about = np.array(entries, int).reshape(-1, 2).T
        self.is_in = np.arange(len(entries)) < len(today.pairs)
        self.was_in = np.array(was + [True] * len(left), dtype=bool)

    def still_true(self, then: np.ndarray, unsaid: Collection[tuple], had: Mapping[tuple, float]) -> Iterator[Sum]:
        """For each sum of which the events that were hidden then have what they had. `had`: what was printed of the events that are gone."""
        events = [*self.today.place, *self.gone]
        for quantity in self.today.quantities:
            own = np.append(then[quantity.events], [had.get(quantity.name(event), math.nan) for event in self.gone])
            is_hidden = np.isnan(own)
            own[is_hidden] = 0.0  # unless a line keeps what there was
            is_hidden[is_hidden] = [quantity.name(events[n]) in unsaid for n in np.flatnonzero(is_hidden)]
            yield from self._equations(quantity, then[quantity.sums], own, is_hidden)

    def _equations(
        self, quantity: _Quantity, sums: np.ndarray, then: np.ndarray, is_hidden: np.ndarray
    ) -> Iterator[Sum]:
        """`sums`, `then`: what was printed of the sums, and of the events, of which `is_hidden` says that they were hidden."""
        today, nb_sums = self.today, len(self.today.about)
        now = np.append(today.values[quantity.events], np.zeros(len(self.gone)))
        stays = is_hidden | same(now, then)
        # what was hidden is as much today; of what was printed, what it was is known
        coefficient = self.is_in * 1.0 - (self.was_in & stays[self.event])
        changed = self.was_in & ~stays[self.event]
        constant = sums - np.bincount(self.about[changed], then[self.event[changed]], nb_sums)
        moves = np.flatnonzero(coefficient)
        event, about, weight = self.event[moves], self.about[moves], coefficient[moves]
        rest = constant - today.values[quantity.sums] + np.bincount(about, weight * now[event], nb_sums)
        rest[quantity.sums < 0] = math.nan
        is_gone = event >= len(self.today.place)
        now[len(today.place) :] = self._had(event[is_gone], about[is_gone], rest)
        of_gone = np.bincount(about[is_gone], now[event[is_gone]], nb_sums)
        says_more = (np.bincount(about, minlength=nb_sums) > 0) | ~today.is_public[quantity.sums]
        for place in np.flatnonzero(says_more & same(rest, of_gone)).tolist():
            own = about == place
            terms = [
                (self._number(quantity, at, now), -times)
                for at, times in zip(event[own].tolist(), weight[own].tolist(), strict=True)
            ]
            yield [(int(quantity.sums[place]), 1.0), *terms], float(constant[place])

    def _number(self, quantity: _Quantity, place: int, now: np.ndarray) -> int:
        if place < len(self.today.place):
            return int(quantity.events[place])
        had = float(now[place])
        name = (GONE, quantity.name(self.gone[place - len(self.today.place)]), had)
        return self.today.system.variable(name, value=had)

    def _had(self, event: np.ndarray, about: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """What each of the events that are gone had: what is left of the sums in which no other is, as most of them say; else nan."""
        found = np.full(len(self.gone), math.nan)
        nb_in = np.bincount(about, minlength=len(rest))
        for place in np.unique(event).tolist():
            left = rest[about[(event == place) & (nb_in[about] == 1)]]
            left = left[left > -NOTHING]
            if len(left):
                found[place - len(self.today.place)] = left[same(left[:, None], left).sum(axis=1).argmax()]
        return found
