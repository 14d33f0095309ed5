"""What is already public: releases are never withdrawn, so that their tables are part of what an attacker has.

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
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from publication import shelf, tables
from publication.disclosure.cells import KEY, SECONDARY, Cells, read
from publication.disclosure.policy import Policies
from publication.disclosure.system import System, Variable


@dataclass(frozen=True, eq=False)
class Programme:
    """What some releases print alike of one programme. A number is named by its programme and tied to no other's: each is read apart,
    once for all the releases that say the same of it."""

    programme_id: str
    tables: dict[str, pa.Table]

    def numbers(self, policies: Policies) -> dict[Hashable, float | None]:
        """Every number that its lines give away, by name."""
        return {variable.name: variable.value for variable in read(self.tables, policies).system.variables}


@dataclass(frozen=True)
class Printed:
    """The watched tables of one earlier release. `secret`: lines printed « s », by name, with their conf_status."""

    release: int
    programmes: list[Programme]
    secret: dict[tuple, str]


def releases_with(releases: Path, datasets: Iterable[str]) -> list[Printed]:
    """Earlier releases, oldest first, that print these datasets; one of several with the same bytes."""
    found, seen, known = [], set(), {}
    hidden = set(shelf.unannounced(releases))
    wanted = sorted(datasets)
    for number in shelf.directories(releases):
        if number in hidden:
            continue
        release = shelf.read_release(releases / str(number))
        status = {name: release.datasets[name] for name in wanted if name in release.datasets}
        available = {name: entry for name, entry in status.items() if entry.is_available}
        same = tuple((name, entry.sha256) for name, entry in sorted(available.items()))
        if not available or same in seen:
            continue
        seen.add(same)
        read_back = {
            name: tables.read_parquet((release.public / "data" / f"{name}.parquet").read_bytes()) for name in available
        }
        found.append(Printed(number, _by_programme(read_back, known), secret_lines(read_back)))
    return found


def _by_programme(printed: Mapping[str, pa.Table], known: dict[bytes, Programme]) -> list[Programme]:
    """The tables, programme by programme; those that `known` has already are not kept twice."""
    found = []
    names = {name for table in printed.values() for name in table["programme_id"].unique().to_pylist()}
    for programme_id in sorted(names):
        own = {name: table.filter(pc.equal(table["programme_id"], programme_id)) for name, table in printed.items()}
        said = hashlib.sha256()
        for name, table in sorted(own.items()):
            written = pa.BufferOutputStream()
            with pa.ipc.new_stream(written, table.schema) as stream:
                stream.write_table(table.combine_chunks())
            said.update(f"{name} {written.tell()} ".encode() + written.getvalue())
        found.append(known.setdefault(said.digest(), Programme(programme_id, own)))
    return found


def secret_lines(printed: Mapping[str, pa.Table]) -> dict[tuple, str]:
    """conf_status of every line that a table prints as secret."""
    return {
        (name, *(row[column] for column in KEY)): row["conf_status"]
        for name, table in printed.items()
        for row in table.filter(pc.equal(table["obs_status"], "Q")).to_pylist()
    }


def mark_public(cells: Cells, earlier: Iterable[Printed], policies: Policies) -> dict[int, list[int]]:
    """Mark the numbers that earlier releases print as they are today; for secret ones, the releases that do.

    What is printed for ever cannot be protected any more: it is no longer asked for, and the report says which release to
    withdraw.
    """
    given_away: dict[int, list[int]] = {}
    said_by: dict[Programme, list[int]] = defaultdict(list)
    for printed in earlier:
        for programme in printed.programmes:
            said_by[programme].append(printed.release)
    for programme, releases in said_by.items():
        for name, value in programme.numbers(policies).items():
            index = cells.system.by_name.get(name)
            if index is None or name[0] == "complement":
                continue
            today = cells.system.variables[index]
            if today.value is not None and math.isclose(today.value, value, rel_tol=1e-9, abs_tol=1e-9):
                today.is_public = True
                if today.is_sensitive:
                    given_away.setdefault(index, []).extend(releases)
    for index, releases in given_away.items():
        releases.sort()
        cells.system.variables[index].need_low = cells.system.variables[index].need_high = None
    _forget_what_follows(cells)
    return given_away


def _forget_what_follows(cells: Cells) -> None:
    """A complement of two public numbers is public."""
    for variable in cells.system.variables:
        if variable.name[0] == "complement" and variable.is_sensitive:
            sides = [cells.system.by_name.get(name) for name in variable.name[1:]]
            if all(side is not None and cells.system.variables[side].is_public for side in sides):
                variable.need_low = variable.need_high = None
                variable.is_public = True


def betrayed(
    cells: Cells,
    suppressed: set[int],
    earlier: Iterable[Printed],
    numbers: Callable[[Programme], Mapping[Hashable, float | None]],
    parts: Callable[[], Sequence[System]],
    deadline: float = math.inf,
) -> set[int]:
    """Rows that must stay secret so that today's tables do not give away what earlier ones keep secret.

    `numbers` of a programme that was printed, `parts` of today's system: asked for when an old secret is at stake. Past the deadline
    everything that was secret stays so.
    """
    rows_by_name = {row.name: number for number, row in enumerate(cells.system.rows)}
    today = set(suppressed)
    stay: set[int] = set()
    for printed in earlier:
        old_rows = {rows_by_name[name]: conf for name, conf in printed.secret.items() if name in rows_by_name}
        shown_again = set(old_rows) - today
        if not shown_again:
            continue  # everything that was secret then is secret today
        if time.monotonic() > deadline:
            stay |= shown_again
            continue
        names = {cells.system.rows[row].name for row in shown_again}
        about = {name[1] for name in names}
        then: dict[Hashable, float | None] = {}
        for programme in printed.programmes:
            if programme.programme_id in about:
                then |= numbers(programme)
        hidden_today = cells.system.hidden(today)
        for part in parts():
            again = {row.name for row in part.rows} & names
            if again and _gives_away(cells, part, then, old_rows, hidden_today):
                stay |= {rows_by_name[name] for name in again}
    return stay


def _gives_away(
    cells: Cells, part: System, then: Mapping, old_rows: Mapping[int, str], hidden_today: list[bool]
) -> bool:
    """Whether an old secret is narrowed when today's numbers are put in the old tables, as far as they fit."""
    from publication.disclosure.attack import Attacker, Contradiction, Unsolved

    place = [cells.system.by_name[variable.name] for variable in part.variables]
    # what a policy has since declared public is no secret any more
    protected = {n for n, line in enumerate(cells.lines) if line.threshold.level == "protected"}
    secret = [row for row, conf in old_rows.items() if conf != SECONDARY and row in protected]
    targets = set(place) & _numbers(cells.system, secret, then)
    old = System(equations=part.equations)
    for variable in part.variables:
        value = then.get(variable.name)
        old.variables.append(Variable(variable.name, value, min(variable.lower, value or 0.0), variable.upper))
    attacker = Attacker(old)

    def fits() -> bool:
        attacker.print([variable.value is None for variable in old.variables])
        return attacker.has_solution()

    if not fits():
        return False  # the old tables do not follow today's equations
    candidates = [
        index
        for index, variable in enumerate(part.variables)
        if old.variables[index].value is None and not hidden_today[place[index]] and variable.value is not None
    ]
    for index in sorted(candidates, key=lambda i: (place[i] in targets, i)):
        old.variables[index].value = part.variables[index].value
        if not fits():
            old.variables[index].value = None  # this number changed since: it says nothing of then
    for index, variable in enumerate(old.variables):
        if place[index] not in targets:
            continue
        supposed, variable.value = variable.value, None
        try:
            attacker.print([v.value is None for v in old.variables])
            width = attacker.highest(index).value - attacker.lowest(index).value
        except (Contradiction, Unsolved):
            width = 0.0
        variable.value = supposed
        if width < _needed_width(cells, place[index], old_rows) - 1e-6:
            return True
    return False


def _numbers(system: System, rows: list[int], then: Mapping) -> set[int]:
    """Variables that these rows would show and that nothing printed then gives."""
    return {index for row in rows for index in system.rows[row].shows if system.variables[index].name not in then}


def _needed_width(cells: Cells, target: int, rows: Mapping[int, str]) -> float:
    widths = [
        line.threshold.least(column)
        for number, line in enumerate(cells.lines)
        if number in rows and line.threshold.minimum
        for column, index in line.columns.items()
        if index == target
    ]
    return float(max(widths, default=1))
