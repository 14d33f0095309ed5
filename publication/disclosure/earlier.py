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
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from publication import shelf, tables
from publication.disclosure.cells import KEY, READ, SECONDARY, Cells
from publication.disclosure.system import Part, System, Variable


@dataclass(frozen=True, eq=False)
class Printed:
    """What one or several earlier releases print alike of one programme: its lines of the watched tables. A number is named by its programme and
    tied to no other's: each is looked at apart, once for all the releases that say the same of it.

    `secret`: lines printed « s », by name, with their conf_status. `releases`: one of several with the same bytes."""

    programme_id: str
    tables: dict[str, pa.Table]
    secret: dict[tuple, str]
    releases: list[int] = field(default_factory=list)


def releases_with(releases: Path, datasets: Iterable[str]) -> list[Printed]:
    """All that earlier releases print of these datasets, programme by programme, in the order of the first release that does."""
    found: dict[bytes, Printed] = {}
    seen: set[tuple] = set()
    divided: dict[tuple, dict[str, _Lines]] = {}
    hidden = set(shelf.unannounced(releases))
    wanted = sorted(datasets)
    for number in shelf.directories(releases):
        if number in hidden:
            continue
        release = shelf.read_release(releases / str(number))
        status = {name: release.datasets[name] for name in wanted if name in release.datasets}
        same = tuple((name, entry.sha256) for name, entry in sorted(status.items()) if entry.is_available)
        if not same or same in seen:
            continue
        seen.add(same)
        by_programme: dict[str, list[_Lines]] = defaultdict(list)
        for entry in same:
            if entry not in divided:  # a table that did not change is not read twice
                divided[entry] = _by_programme(release.public / "data", entry[0])
            for programme_id, lines in divided[entry].items():
                by_programme[programme_id].append(lines)
        for programme_id, own in sorted(by_programme.items()):
            said = hashlib.sha256(b"".join(lines.digest for lines in own)).digest()
            if said not in found:
                tables_ = {lines.dataset: lines.table for lines in own}
                found[said] = Printed(programme_id, tables_, secret_lines(tables_))
            found[said].releases.append(number)
    return list(found.values())


@dataclass(frozen=True)
class _Lines:
    """The lines of one programme in one table; `digest`: of what they say."""

    dataset: str
    table: pa.Table
    digest: bytes


def _by_programme(data: Path, dataset: str) -> dict[str, _Lines]:
    table = tables.read_parquet((data / f"{dataset}.parquet").read_bytes())
    table = table.select([name for name in table.column_names if name in READ or name == "conf_status"])
    found = {}
    for programme_id in table["programme_id"].unique().to_pylist():
        own = table.filter(pc.equal(table["programme_id"], programme_id))
        written = pa.BufferOutputStream()
        with pa.ipc.new_stream(written, own.schema) as stream:
            stream.write_table(own.combine_chunks())
        said = hashlib.sha256(f"{dataset} ".encode())
        said.update(written.getvalue())
        found[programme_id] = _Lines(dataset, own, said.digest())
    return found


def secret_lines(printed: Mapping[str, pa.Table]) -> dict[tuple, str]:
    """conf_status of every line that a table prints as secret."""
    return {
        (name, *(row[column] for column in KEY)): row["conf_status"]
        for name, table in printed.items()
        for row in table.filter(pc.equal(table["obs_status"], "Q")).select([*KEY, "conf_status"]).to_pylist()
    }


#: Every number that the lines of a programme give away, by name: asked for where they are needed, read once.
Numbers = Callable[[Printed], Mapping[tuple, float]]


@dataclass
class GivenAway:
    """Secret numbers of today that earlier releases tell, which nothing that is hidden today can keep. They are not asked for any more;
    `needs`: what was."""

    needs: dict[int, tuple[float | None, float | None]] = field(default_factory=dict)

    def let_go(self, system: System, index: int) -> None:
        variable = system.variables[index]
        self.needs[index] = (variable.need_low, variable.need_high)
        variable.need_low = variable.need_high = None

    def as_if_first(self, system: System) -> System:
        """The system as it would be without any earlier release: what is to be kept when those that tell are withdrawn."""
        alone = replace(system, variables=[replace(variable, is_public=False) for variable in system.variables])
        for index, (low, high) in self.needs.items():
            alone.variables[index].need_low, alone.variables[index].need_high = low, high
        return alone


def mark_public(cells: Cells, earlier: Iterable[Printed], numbers: Numbers) -> GivenAway:
    """Mark the numbers that earlier releases print as they are today, and let the secret ones go."""
    found = GivenAway()
    for printed in earlier:
        for name, value in numbers(printed).items():
            index = cells.system.by_name.get(name)
            if index is None or name[0] == "complement":
                continue
            today = cells.system.variables[index]
            if _is_printed(today, value):
                today.is_public = True
                if today.is_sensitive:
                    found.let_go(cells.system, index)
    _forget_what_follows(cells, found)
    return found


def _forget_what_follows(cells: Cells, found: GivenAway) -> None:
    """A complement of two public numbers is public."""
    for index, variable in enumerate(cells.system.variables):
        if variable.name[0] == "complement" and variable.is_sensitive:
            sides = [cells.system.by_name.get(name) for name in variable.name[1:]]
            if all(side is not None and cells.system.variables[side].is_public for side in sides):
                found.let_go(cells.system, index)
                variable.is_public = True


def let_go_what_follows(cells: Cells, narrow: Collection[int], found: GivenAway) -> bool:
    """Let go, of the secret numbers that come out of what leaves, those that would if nothing more was printed today, and would not if
    nothing had been before. Whether there are any."""
    told = _come_out(cells.system, narrow) - _come_out(found.as_if_first(cells.system), narrow)
    for index in told:
        found.let_go(cells.system, index)
    return bool(told)


def told_by(
    cells: Cells, earlier: Sequence[Printed], numbers: Numbers, suppressed: set[int], found: GivenAway
) -> dict[int, list[int]]:
    """For each number that was let go, the releases that print it, or a number tied to it that today's tables hide: those to withdraw."""
    alone = found.as_if_first(cells.system)
    division = alone.divided([not is_hidden for is_hidden in alone.hidden(suppressed)])
    told = {}
    for index in found.needs:
        tied = [variable for part in division.parts([index]) for variable in part.variables if not variable.is_public]
        told[index] = sorted(
            {
                release
                for printed in earlier
                if any(_is_printed(variable, numbers(printed).get(variable.name)) for variable in tied)
                for release in printed.releases
            }
        )
    return told


def _come_out(system: System, narrow: Collection[int]) -> set[int]:
    """The secret numbers beside these that come out although all that may be hidden is."""
    from publication.disclosure.audit import attacked

    return {
        part.places[finding.variable]
        for part in system.divided(system.unhideable()).parts(narrow)
        for finding in attacked(part, part.hideable())
        if not finding.is_enough
    }


def _is_printed(variable: Variable, number: float | None) -> bool:
    """Whether an earlier number is today's."""
    if variable.value is None or number is None:
        return False
    return math.isclose(variable.value, number, rel_tol=1e-9, abs_tol=1e-9)


class Betrayal:
    """Rows that must stay secret so that today's tables do not give away what earlier ones keep secret.

    Past the deadline everything that was secret stays so.
    """

    def __init__(self, cells: Cells, earlier: Sequence[Printed], numbers: Numbers, deadline: float = math.inf):
        self.cells, self.earlier, self.numbers, self.deadline = cells, earlier, numbers, deadline
        self.rows_by_name = {row.name: number for number, row in enumerate(cells.system.rows)}
        self.parts = cache(cells.system.divided)

    def of(self, suppressed: set[int]) -> set[int]:
        """Rows to suppress besides these."""
        system, stay = self.cells.system, set()
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
            needed, hidden_today = self._needed(old_rows, then), system.hidden(suppressed)
            for part in self.parts().parts(index for row in shown_again for index in system.rows[row].shows):
                if _gives_away(part, then, needed, hidden_today):
                    stay |= shown_again.intersection(part.row_places)
        return stay

    def _needed(self, old_rows: Mapping[int, str], then: Mapping) -> dict[int, float]:
        """How wide each number that was secret then must stay; what a policy has since declared public is no secret any more."""
        secret, widths = set(), defaultdict(list)
        for row, conf in old_rows.items():
            line = self.cells.lines[row]
            if conf != SECONDARY and line.threshold.level == "protected":
                secret |= set(line.columns.values())
            if line.threshold.minimum:
                for column, index in line.columns.items():
                    widths[index].append(line.threshold.least(column))
        names = self.cells.system.variables
        return {index: float(max(widths[index], default=1)) for index in secret if names[index].name not in then}


def _gives_away(
    part: Part, then: Mapping[tuple, float], needed: Mapping[int, float], hidden_today: Sequence[bool]
) -> bool:
    """Whether an old secret is narrowed when today's numbers are put in the old tables, as far as they fit.

    What was printed then ties nothing together: each old secret is looked for among the few numbers that it is tied to.
    """
    from publication.disclosure.attack import Attacker

    values = [then.get(variable.name) for variable in part.variables]
    known = [value is not None for value in values]
    old = System(equations=part.equations)
    for variable, value in zip(part.variables, values, strict=True):
        old.variables.append(Variable(variable.name, value, min(variable.lower, value or 0.0), variable.upper))
    left = old.given(known)
    if not Attacker(left).has_solution():
        return False  # the old tables do not follow today's equations
    unknown = [index for index, is_known in enumerate(known) if not is_known]
    place = [part.places[index] for index in unknown]
    parts = left.divided().parts(n for n, index in enumerate(place) if index in needed)
    for few in sorted(parts, key=lambda found: len(found.variables)):
        asked = {n: needed[place[index]] for n, index in enumerate(few.places) if place[index] in needed}
        shown = [(n, index) for n, index in enumerate(few.places) if not hidden_today[place[index]]]
        today = {n: part.variables[unknown[index]].value for n, index in shown}
        supposed = {n: value for n, value in today.items() if value is not None}
        if _is_narrowed(few, asked, supposed):
            return True
    return False


def _is_narrowed(system: System, needed: Mapping[int, float], supposed: Mapping[int, float]) -> bool:
    """Whether one of the numbers comes out when others are what is supposed of them, as far as that fits."""
    from publication.disclosure.attack import Attacker, Contradiction, Unsolved

    attacker, variables = Attacker(system), system.variables

    def suppose() -> None:
        attacker.print([variable.value is None for variable in variables])

    for index in sorted(supposed, key=lambda i: (i in needed, i)):
        variables[index].value = supposed[index]
        suppose()
        if not attacker.has_solution():
            variables[index].value = None  # this number changed since: it says nothing of then
    suppose()
    low, high = np.full(len(variables), math.inf), np.full(len(variables), -math.inf)
    # what is found of one number is a point that may prove that others move enough
    for index in sorted(needed, key=lambda i: (variables[i].value is not None, i)):
        least, value = needed[index] - 1e-6, variables[index].value
        if high[index] - low[index] >= least:
            continue
        variables[index].value = None
        try:
            if value is not None:
                suppose()
            bounds = attacker.highest(index), attacker.lowest(index)
        except (Contradiction, Unsolved):
            return True
        variables[index].value = value
        if bounds[0].value - bounds[1].value < least:
            return True
        if value is None:
            for point in (bound.point for bound in bounds if len(bound.point)):
                np.minimum(low, point, out=low)
                np.maximum(high, point, out=high)
    return False
