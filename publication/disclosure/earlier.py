"""What is already public: the tables of every release that was not withdrawn are part of what an attacker has.

Belongs here: the distinct tables that earlier releases print, numbers of today that they give away already, and numbers
they keep secret that today's tables would give away. Does not belong here: today's secrets (`suppression`, `audit`).

Nobody outside knows which numbers changed between two releases. An attacker supposes that they did not: a line secret in
an old table and printed today is put in its place there. When that contradicts the old totals, the number changed and
nothing is learnt; when it fits, an old secret may come out, and the lines that were secret with it stay secret.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from publication import shelf, tables
from publication.disclosure import public_events
from publication.disclosure.cells import (
    EVENT,
    KEY,
    READ,
    SECONDARY,
    SMALL,
    Cells,
    Events,
    Naming,
    said,
    same,
    stream,
    whens,
)
from publication.disclosure.last_look import CONFIDENTIAL
from publication.disclosure.system import Division, Part, System, Variable

if TYPE_CHECKING:  # with the solver, only when a line is secret
    from publication.disclosure.attack import Attack

#: What the solver may be wrong by: an interval that is no wider is a number.
NOTHING = 1e-6


@dataclass(frozen=True, eq=False)
class Printed:
    """What one or several earlier releases print alike of one programme: its lines of the watched tables. A number is named by its programme and
    tied to no other's: each is looked at apart, once for all the releases that say the same of it.

    `secret`: lines printed « s », by lasting name, with the conf_status that the report on secrecy gives them. `releases`: one of several with the same bytes. `warehouse`:
    of the first."""

    programme_id: str
    tables: dict[str, pa.Table]
    secret: dict[tuple, str]
    releases: list[int] = field(default_factory=list)
    warehouse: Path | None = None


def releases_with(releases: Path, datasets: Iterable[str]) -> list[Printed]:
    """All that earlier releases print of these datasets, programme by programme, in the order of the first release that does."""
    found: dict[bytes, Printed] = {}
    seen: set[tuple] = set()
    divided: dict[tuple, dict[str, _Lines]] = {}
    last: dict[str, dict[str, _Lines]] = defaultdict(dict)
    hidden = set(shelf.unannounced(releases))
    wanted = sorted(datasets)
    for number in shelf.directories(releases):
        if number in hidden:
            continue
        release = shelf.read_release(releases / str(number))
        status = {name: release.datasets[name] for name in wanted if name in release.datasets}
        same = tuple(
            (name, entry.sha256, _why_secret(release.disclosure.get(name, {})))
            for name, entry in sorted(status.items())
            if entry.is_available
        )
        if not same or same in seen:
            continue
        seen.add(same)
        by_programme: dict[str, list[_Lines]] = defaultdict(list)
        for entry in same:
            if entry not in divided:  # a table that did not change is not read twice
                dataset, _, why = entry
                last[dataset] = divided[entry] = _by_programme(
                    release.public / "data", dataset, dict(why), last[dataset]
                )
            for programme_id, lines in divided[entry].items():
                by_programme[programme_id].append(lines)
        for programme_id, own in sorted(by_programme.items()):
            said = hashlib.sha256(b"".join(lines.digest for lines in own)).digest()
            if said not in found:
                tables_ = {lines.dataset: lines.table for lines in own}
                found[said] = Printed(programme_id, tables_, secret_lines(tables_), warehouse=release.warehouse)
            found[said].releases.append(number)
    return list(found.values())


@dataclass(frozen=True)
class _Lines:
    """The lines of one programme in one table; `digest`: of what they say."""

    dataset: str
    table: pa.Table
    digest: bytes


def _why_secret(report: Mapping) -> tuple[tuple[str, str], ...]:
    """(cell, conf_status) of the report on the secrecy of a table: its lines do not say why they are secret."""
    return tuple((entry["cell"], entry["conf_status"]) for entry in report.get("cells", ()))


def _by_programme(data: Path, dataset: str, why: Mapping[str, str], before: Mapping[str, _Lines]) -> dict[str, _Lines]:
    """The lines of each programme, secret ones with why they are; those that are what they were `before` are so."""
    table = tables.read_parquet((data / f"{dataset}.parquet").read_bytes(), {*READ, "conf_status"})
    table = _with_reasons(table, why)
    programmes = table["programme_id"].combine_chunks().dictionary_encode()
    starts = np.flatnonzero(np.diff(programmes.indices.to_numpy(), prepend=-1, append=-1)).tolist()
    runs: dict[str, list[pa.Table]] = defaultdict(list)
    for start, end in pairwise(starts):
        runs[programmes[start].as_py()].append(table.slice(start, end - start))
    found = {}
    for programme_id, own in ((programme_id, pa.concat_tables(some)) for programme_id, some in runs.items()):
        if programme_id in before and own.equals(before[programme_id].table):
            found[programme_id] = before[programme_id]
            continue
        said = hashlib.sha256(f"{dataset} ".encode())
        said.update(stream(own))
        found[programme_id] = _Lines(dataset, own, said.digest())
    return found


def _with_reasons(table: pa.Table, why: Mapping[str, str]) -> pa.Table:
    """The conf_status of each secret line as the report has it. A line it does not know is held secret by itself. Releases made before tables
    kept silent about it say it themselves."""
    statuses = table["conf_status"].to_pylist()
    unsaid = [place for place, status in enumerate(statuses) if status == CONFIDENTIAL]
    if not unsaid:
        return table
    names = list(zip(*(table[column].take(unsaid).to_pylist() for column in KEY), strict=True))
    for place, name in zip(unsaid, names, strict=True):
        statuses[place] = why.get("|".join(name), SMALL)
    column = table.column_names.index("conf_status")
    return table.set_column(column, "conf_status", pa.array(statuses, table.schema.field(column).type))


def secret_lines(printed: Mapping[str, pa.Table]) -> dict[tuple, str]:
    """conf_status of every line that a table prints as secret, by its lasting name."""
    found = {}
    for name, table in printed.items():
        is_secret = pc.equal(table["obs_status"], "Q").to_pylist()
        if any(is_secret):
            lines = list(zip(*(table[column].to_pylist() for column in KEY), strict=True))
            for line, when, hidden, conf in zip(lines, whens(lines), is_secret, table["conf_status"].to_pylist(), strict=True):  # fmt: skip
                if hidden:
                    found[name, *line[:4], when] = conf
    return found


#: Every number that the lines of a programme give away, as `cells.Numbers` tells them: asked for where they are needed, read once.
Told = Callable[[Printed], np.ndarray]


def of_all(system: System, numbers: Told) -> Told:
    """The same, of variables too that were added since they were told: earlier releases print none of them."""
    return cache(
        lambda printed: np.append(told := numbers(printed), np.full(len(system.variables) - len(told), math.nan))
    )


def restated(
    printed: Printed, then: np.ndarray, before: Events, today: Events, cells: Cells, naming: Naming
) -> np.ndarray:
    """What was printed `then`, with every event where it stands today: an event that is gone is taken out of the old sums, one that moved is in
    those of its new place. inf: the sum cannot be restated, the event was secret. `before`: the list of events then."""
    at = cells.system.by_name
    stood, stands = (members_of_events(events.get(printed.programme_id, ())) for events in (before, today))
    moved = {event for event, members in stood.items() if members != stands.get(event)}
    if not moved or not stands:
        return then
    then = then.copy()
    for (programme, quantity, traits, event, when), value in numbers_of(printed, moved, naming).items():
        if naming.words.quantities[quantity].adds_up == "events":
            old, new = stood[event], stands.get(event, frozenset())
            for about, sign in (*((about, -1.0) for about in old - new), *((about, 1.0) for about in new - old)):
                index = at.get((programme, quantity, traits, about, when))
                if index is not None:
                    then[index] += math.inf if math.isnan(value) else sign * value
    for name, index in at.items():
        if name[0] == "complement" and all(side in at for side in name[1:]):
            then[index] = then[at[name[2]]] - then[at[name[1]]]
    return then


def members_of_events(
    events: Iterable[frozenset[tuple[str, str]]],
) -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    """By event, where it stands."""
    return {about: members for members in events for about in members if about[0] == EVENT}


def numbers_of(printed: Printed, events: Collection[tuple[str, str]], naming: Naming) -> dict[tuple, float]:
    """What an earlier release prints of these events, by name: 0 where it says that there is nothing, nan where it is silent."""
    found: dict[tuple, float] = {}
    crossed = [name for name, names in naming.words.crossed_breakdowns.items() if EVENT in names]
    own = [member for _, member in events]
    for dataset, table in sorted(printed.tables.items()) if events else ():
        is_own = pc.and_(pc.equal(table["breakdown"], EVENT), pc.is_in(table["member"], pa.array(own, pa.string())))
        rows = table.filter(pc.or_(is_own, pc.is_in(table["breakdown"], pa.array(crossed, pa.string())))).to_pylist()
        lines = [tuple(row[column] for column in KEY) for row in rows]
        for row, line, when in zip(rows, lines, whens(lines), strict=True):
            nothing = 0.0 if row["obs_status"] != "Q" and row["n_with_data"] == 0 else math.nan
            for column, name in naming.of(dataset, line[:4], when):
                if name[3] in events and math.isnan(found.get(name, math.nan)):
                    number = said(row, column)
                    found[name] = nothing if number is None else number
    return found


def events_of(warehouse: Path | None) -> Events:
    """The list of events of an earlier release; empty where it has none."""
    return public_events.read(warehouse) if warehouse and warehouse.exists() else {}


@dataclass
class GivenAway:
    """Secret numbers of today that earlier releases tell, or narrow more than anything that is hidden today could make good. What nothing
    can keep is not asked for any more; `needs`: what was. `sums`: variables that stand for what earlier releases print, and which do."""

    needs: dict[int, tuple[float | None, float | None]] = field(default_factory=dict)
    sums: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def let_go(self, system: System, index: int, low: float = math.inf, high: float = -math.inf) -> None:
        """Ask for no more than `low` to `high`; for nothing where these are no interval."""
        variable = system.variables[index]
        self.needs.setdefault(index, (variable.need_low, variable.need_high))
        if high - low <= NOTHING:
            variable.need_low = variable.need_high = None
        if variable.need_low is not None:
            variable.need_low = max(variable.need_low, low)
        if variable.need_high is not None:
            variable.need_high = min(variable.need_high, high)

    def as_if_first(self, system: System) -> System:
        """The system as it would be without any earlier release: what is to be kept when those that tell are withdrawn."""
        alone = replace(system, variables=[replace(variable, is_public=False) for variable in system.variables])
        for index, (low, high) in self.needs.items():
            alone.variables[index].need_low, alone.variables[index].need_high = low, high
        return alone


def mark_public(cells: Cells, earlier: Iterable[Printed], numbers: Told) -> GivenAway:
    """Mark the numbers that earlier releases print as they are today, and let the secret ones go."""
    found, today = GivenAway(), _values(cells.system)
    is_rest = np.array([variable.name[0] == "complement" for variable in cells.system.variables], dtype=bool)
    for printed in earlier:
        for index in np.flatnonzero(same(today, numbers(printed)) & ~is_rest).tolist():
            variable = cells.system.variables[index]
            variable.is_public = True
            if variable.is_sensitive:
                found.let_go(cells.system, index)
    _forget_what_follows(cells, found)
    return found


def keep_beside_what_is_gone(cells: Cells, earlier: Iterable[Printed], numbers: Told, naming: Naming) -> None:
    """A secret line of an earlier release that today's tables have no more, like that of a cancelled event, or of a table that is refused today, is
    tied to nothing today. What was hidden for its sake stays hidden, and a number that it keeps is hidden where another line shows it: both are to be
    as uncertain as it was to be, unless nothing can make them so."""
    system, rows = cells.system, {line.lasting_name: number for number, line in enumerate(cells.lines)}
    roots = cache(lambda: system.divided().root.tolist())
    wanted: dict[int, float] = {}

    def hold(row: int, index: int, width: float, then: np.ndarray) -> None:
        if width and math.isnan(then[index]) and not system.variables[index].is_public:
            system.rows[row].is_held = True
            wanted[index] = max(wanted.get(index, 0.0), width)

    for printed in earlier:
        secret = secret_and_gone(printed, rows.keys(), naming)
        if not secret:
            continue
        root, then = roots(), numbers(printed)
        of_quantity: dict[tuple, float] = {}
        for name, least in secret.items():
            of_quantity[name[:2]] = max(of_quantity.get(name[:2], 0.0), least)
            index = system.by_name.get(name)
            if index is not None and 0 < system.variables[index].true_value < least:  # as it was, if nothing changed
                for row in system.shown_by()[index]:
                    if not system.rows[row].is_fixed:
                        hold(row, index, least, then)
        widths: dict[int, float] = {}  # by part
        for index, variable in enumerate(system.variables):
            widths[root[index]] = max(widths.get(root[index], 0.0), of_quantity.get(variable.name[:2], 0.0))
        for name, conf in printed.secret.items():
            if conf == SECONDARY and name in rows:
                for index in system.rows[rows[name]].shows:
                    hold(rows[name], index, widths[root[index]], then)
    keep_uncertain(system, wanted)


def keep_uncertain(system: System, wanted: Mapping[int, float]) -> None:
    """Ask that numbers which are no secret by themselves be as uncertain as this, where anything can make them so: to hide the line of one is
    of no use when it follows from others."""
    from publication.disclosure.audit import attacked

    asked = {index for index in wanted if not system.variables[index].is_sensitive}
    if not asked:
        return
    for part in system.divided(system.unhideable()).parts(asked):
        own = sorted(asked.intersection(part.places))
        for index in own:
            variable, width = system.variables[index], wanted[index]
            value = variable.true_value
            variable.need_low, variable.need_high = max(variable.lower, value - width), max(value, width)
        found = attacked(part, part.hideable(), [(part.at[index], None) for index in own])
        said = {part.places[finding.variable] for finding in found}
        told = {part.places[finding.variable] for finding in found if not finding.is_enough}
        for index in own:
            if index in told or index not in said:
                system.variables[index].need_low = system.variables[index].need_high = None


def secret_and_gone(printed: Printed, names: Collection[tuple], naming: Naming) -> dict[tuple, float]:
    """The numbers of lines that were secret by themselves and are none of today's; how uncertain they must stay."""
    found: dict[tuple, float] = {}
    for dataset, *line, when in (
        name for name in printed.secret if name not in names and printed.secret[name] != SECONDARY
    ):
        threshold = naming.policies.threshold(dataset, *line[1:3])
        if threshold and threshold.level == "protected":
            for column, number in naming.of(dataset, tuple(line), when):
                found[number] = max(found.get(number, 0.0), float(threshold.least(column)))
    return found


def _forget_what_follows(cells: Cells, found: GivenAway) -> None:
    """A complement of two public numbers is public."""
    for index, variable in enumerate(cells.system.variables):
        if variable.name[0] == "complement" and variable.is_sensitive:
            sides = [cells.system.by_name.get(name) for name in variable.name[1:]]
            if all(side is not None and cells.system.variables[side].is_public for side in sides):
                found.let_go(cells.system, index)
                variable.is_public = True


def let_go_what_follows(cells: Cells, narrow: Collection[Attack], found: GivenAway) -> bool:
    """Let go, of the secret numbers that come out of what leaves, those that would if nothing more was printed today, and would not if
    nothing had been before: what is left of their intervals then is asked for still. Whether there are any."""
    if not narrow:
        return False
    coming_out, anyway = _come_out(cells.system, narrow), _come_out(found.as_if_first(cells.system), narrow)
    told = coming_out.keys() - anyway.keys()
    for index in told:
        found.let_go(cells.system, index, *coming_out[index])
    return bool(told)


def told_by(
    cells: Cells, earlier: Sequence[Printed], numbers: Told, suppressed: set[int], found: GivenAway
) -> dict[int, list[int]]:
    """For each number that was let go, the releases that print it, or a number tied to it that today's tables hide: those to withdraw."""
    alone = found.as_if_first(cells.system)
    division = alone.divided([not is_hidden for is_hidden in alone.hidden(suppressed)])
    told, today = {}, _values(cells.system)
    for index in found.needs:
        tied = [
            place
            for part in division.parts([index])
            for place, variable in zip(part.places, part.variables, strict=True)
            if not variable.is_public
        ]
        telling = {
            release
            for printed in earlier
            if same(today[tied], numbers(printed)[tied]).any()
            for release in printed.releases
        }
        told[index] = sorted(telling.union(*(found.sums[place] for place in tied if place in found.sums)))
    return told


def _come_out(system: System, narrow: Collection[Attack]) -> dict[int, tuple[float, float]]:
    """The secret numbers beside these that come out although all that may be hidden is, and between what they are then known to lie."""
    from publication.disclosure.audit import attacked

    found = {}
    for part in system.divided(system.unhideable()).parts(index for index, _ in narrow):
        asked = [
            (part.at[index], None if single is None else part.at[single])
            for index, single in narrow
            if index in part.at
        ]
        for finding in attacked(part, part.hideable(), asked):
            if not finding.is_enough:
                found[part.places[finding.variable]] = finding.low, finding.high
    return found


def _values(system: System) -> np.ndarray:
    """Today's numbers; nan where nothing says one."""
    return np.array([variable.value for variable in system.variables], dtype=float)


class Betrayal:
    """Rows that must stay secret so that today's tables do not give away what earlier ones keep secret.

    Past the deadline everything that was secret stays so.
    """

    def __init__(self, cells: Cells, earlier: Sequence[Printed], numbers: Told, deadline: float = math.inf):
        self.cells, self.earlier, self.numbers, self.deadline = cells, earlier, numbers, deadline
        self.rows_by_name = {line.lasting_name: number for number, line in enumerate(cells.lines)}
        self.parts = cache(cells.system.divided)
        self.old_secrets = OldSecrets()

    def of(self, suppressed: set[int]) -> tuple[set[int], dict[int, float]]:
        """Rows to suppress besides these; and how uncertain the numbers must stay that were secret in them."""
        system, stay = self.cells.system, set()
        wanted: dict[int, float] = {}
        hidden_today = system.hidden(suppressed)
        for printed in self.earlier:
            old_rows = {
                self.rows_by_name[name]: conf for name, conf in printed.secret.items() if name in self.rows_by_name
            }
            shown_again = set(old_rows) - suppressed
            if not shown_again:
                continue  # everything that was secret then is secret today
            if time.monotonic() > self.deadline:
                stay |= shown_again
                continue
            then = self.numbers(printed)
            needed = self._needed(old_rows, then)
            for part in self.parts().parts(index for row in shown_again for index in system.rows[row].shows):
                would_stay = shown_again.intersection(part.row_places)
                width = max((needed[place] for place in part.places if place in needed), default=0.0)
                if would_stay <= stay or not width:
                    continue
                if np.isinf(then[part.places]).any() or self.old_secrets.are_narrowed(part, then, needed, hidden_today):
                    stay |= would_stay
                    for index in (index for row in would_stay for index in system.rows[row].shows):
                        if math.isnan(then[index]) and not system.variables[index].is_public:
                            wanted[index] = max(width, wanted.get(index, 0.0))
        return stay, wanted

    def _needed(self, old_rows: Mapping[int, str], then: np.ndarray) -> dict[int, float]:
        """How wide each number that was secret then must stay; what a policy has since declared public is no secret any more."""
        secret, widths = set(), defaultdict(list)
        for row, conf in old_rows.items():
            line = self.cells.lines[row]
            if conf != SECONDARY and line.threshold.level == "protected":
                secret |= set(line.columns.values())
            if line.threshold.minimum:
                for column, index in line.columns.items():
                    widths[index].append(line.threshold.least(column))
        return {index: float(max(widths[index], default=1)) for index in secret if math.isnan(then[index])}


class OldSecrets:
    """Whether today's numbers narrow what earlier releases keep secret. Releases that say the same around a secret are asked once."""

    def __init__(self) -> None:
        self._sums: dict[int, _Sums] = {}
        self._divided: dict[tuple, Division] = {}
        self._known: dict[tuple, bool | None] = {}

    def are_narrowed(
        self, part: Part, then: np.ndarray, needed: Mapping[int, float], hidden_today: Sequence[bool]
    ) -> bool:
        """Whether one is when today's numbers are put in the old tables, as far as they fit.

        What was printed then ties nothing together: each old secret is looked for among the few numbers that it is tied to.
        """
        from publication.disclosure.attack import Attacker

        values = then[part.places]
        # the parts are those of one division, which lasts as long as this
        sums = self._sums[id(part)] = self._sums.get(id(part)) or _Sums(part)
        if sums.contradict(values):
            return False
        known = ~np.isnan(values)
        asked = (id(part), known.tobytes())
        divided = self._divided[asked] = self._divided.get(asked) or part.divided(known.tolist())
        secret = [n for n, place in enumerate(part.places) if place in needed and not known[n]]
        for few in sorted(divided.parts(secret), key=lambda found: len(found.variables)):
            unknown = [(n, part.places[n]) for n in few.places if not known[n]]
            wanted = {at: needed[place] for at, (_, place) in enumerate(unknown) if place in needed}
            shown = [(at, part.variables[n].value) for at, (n, place) in enumerate(unknown) if not hidden_today[place]]
            supposed = {at: value for at, value in shown if value is not None}
            found = self._is_narrowed(_then(few, values[few.places]), wanted, supposed)
            if found is None:
                return False  # the old tables do not follow today's equations
            if found:
                return Attacker(_then(part, values)).has_solution()
        return False

    def _is_narrowed(self, few: System, wanted: Mapping[int, float], supposed: Mapping[int, float]) -> bool | None:
        from publication.disclosure.attack import shape

        asked = (shape(few), tuple(wanted.items()), tuple(supposed.items()))
        if asked not in self._known:
            self._known[asked] = _is_narrowed(few, wanted, supposed)
        return self._known[asked]


class _Sums:
    """The equations of a system, to set many tables against."""

    def __init__(self, system: System):
        self.at = np.array([index for e in system.equations for index, _ in e.terms])
        self.weight = np.array([weight for e in system.equations for _, weight in e.terms])
        self.start = np.cumsum([0, *(len(e.terms) for e in system.equations)])[:-1]
        self.constant = np.array([e.constant for e in system.equations])
        self.least = np.array([-math.inf if e.at_most else -NOTHING for e in system.equations])

    def contradict(self, values: np.ndarray) -> bool:
        """Whether numbers that are all known do not add up. Of an equation that speaks of another nothing is said."""
        if not len(self.start):
            return False
        over = np.add.reduceat(self.weight * values[self.at], self.start) - self.constant
        return bool(((over > NOTHING) | (over < self.least)).any())


def _then(system: System, values: np.ndarray) -> System:
    """What was left to find in a system when these numbers of it were printed (nan: not)."""
    known = (~np.isnan(values)).tolist()
    old = System(equations=system.equations)
    for variable, value, is_known in zip(system.variables, values.tolist(), known, strict=True):
        then = value if is_known else None
        old.variables.append(Variable(variable.name, then, min(variable.lower, then or 0.0), variable.upper))
    return old.given(known)


def _is_narrowed(system: System, needed: Mapping[int, float], supposed: Mapping[int, float]) -> bool | None:
    """Whether one of the numbers comes out when others are what is supposed of them, as far as that fits; None when nothing fits the system."""
    from publication.disclosure.attack import Attacker, Contradiction, Unsolved

    attacker, variables = Attacker(system), system.variables
    if not attacker.has_solution():
        return None

    def fits(indices: Sequence[int]) -> bool:
        """Whether these are what is supposed of them, besides the others that were found to be; they are left so when they are."""
        for index in indices:
            variables[index].value = supposed[index]
        suppose()
        if attacker.has_solution():
            return True
        for index in indices:
            variables[index].value = None
        return False

    def suppose() -> None:
        attacker.print([variable.value is None for variable in variables])

    # one after the other: what does not fit changed since, and says nothing of then. Several at once while they do fit
    left, nb_fit = sorted(supposed, key=lambda i: (i in needed, i)), 0
    while left:
        at_once = max(1, nb_fit // 4)
        if fits(left[:at_once]):
            left, nb_fit = left[at_once:], nb_fit + at_once
        else:
            left, nb_fit = left if at_once > 1 else left[1:], 0
    suppose()
    low, high = np.full(len(variables), math.inf), np.full(len(variables), -math.inf)
    # what is found of one number is a point that may prove that others move enough
    for index in sorted(needed, key=lambda i: (variables[i].value is not None, i)):
        least, value = needed[index] - NOTHING, variables[index].value
        if high[index] >= low[index] + least:
            continue
        if value is not None:
            low[index] = high[index] = value
            variables[index].value = None
            suppose()
        for attack in (attacker.highest, attacker.lowest):
            try:
                bound = attack(index)
            except (Contradiction, Unsolved):
                return True
            low[index], high[index] = min(low[index], bound.value), max(high[index], bound.value)
            if value is None and len(bound.point):
                np.minimum(low, bound.point, out=low)
                np.maximum(high, bound.point, out=high)
            if high[index] >= low[index] + least:
                break
        else:
            return True
        variables[index].value = value
    return False
