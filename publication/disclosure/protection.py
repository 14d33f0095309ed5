"""From the tables of the night to the tables that may leave, and the report on their secrecy.

Belongs here: the order of the steps, the time budget and its fallback, the marks of secret lines, the reasons for which a
table is kept back. Does not belong here: the programs themselves (`suppression`, `audit`), reading the warehouse's files
otherwise than for the list of events.

Fails closed: a line that no rule covers, a number that can be worked out, a solver that does not conclude, all keep the
table back. The solver is imported only when a line is secret.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from publication.disclosure import cells as reading
from publication.disclosure import differences
from publication.disclosure import earlier as past
from publication.disclosure.cells import SECONDARY, Cells, Events
from publication.disclosure.last_look import HIDDEN
from publication.disclosure.policy import Policies, Threshold
from publication.disclosure.system import Part, System

if TYPE_CHECKING:  # with the solver, only when a line is secret
    from publication.disclosure.attack import Attack
    from publication.disclosure.audit import Audited
    from publication.disclosure.proofs import Proof

#: Seconds for all the programs of a night; then whole breakdowns are suppressed.
BUDGET = 300.0
#: Rows of a part for which the cheapest pattern is looked for. A larger one is settled block by block.
MOST_ROWS = 250
#: Cuts in search of the cheapest pattern, before a good one is taken.
MOST_CUTS = 60
#: Nights are not asked to settle a secret that keeps moving.
MAX_ROUNDS = 8
#: Lines named to whoever has to mend a rule.
NAMED = 3

NO_RULE = "Aucune règle de secret ne couvre {codes} : l’ajouter à publication/disclosure/policies/{dataset}.yml."
CONTRADICTED = (
    "Des lignes ne disent pas le même nombre que d’autres de ce qu’elles sont censées compter aussi ({lines}) : rien ne lie plus ces nombres aux "
    "autres, et ce qui est masqué ne peut pas être vérifié. Donner à chacun sa grandeur dans publication/disclosure/policies/{dataset}.yml, ou "
    "corriger son calcul."
)
NOT_SAFE = (
    "{said} : ce qui y est masqué pourrait être retrouvé à partir des autres chiffres publiés ({lines}). Une règle de "
    "publication/disclosure/policies/ tient sans doute pour public ce qui la redonne : voir docs/secret.md, « Changer une règle »."
)
NOT_CHECKED = "Le secret n’a pas pu être vérifié ({kind}) : le tableau n’est pas publié."
ALREADY_PUBLIC = (
    "Une case désormais secrète se lit encore dans une version publique, ou s’en déduit : la retirer (« observatoire releases withdraw "
    "{releases} »)."
)
OTHER_BYTES = "Un chiffre protégé n’est plus celui du tableau d’origine : le tableau n’est pas publié."

FEW = "trop peu de {contributors}, "
ALMOST_ALL = "une seule structure qui fait presque tout le chiffre, "
FOR_ANOTHER = "masqué pour qu’une autre case ne puisse pas être retrouvée"
NOT_SIGNIFICANT = "Non significatif : moins de {significant} {contributors}."


@dataclass
class Protected:
    """`tables`: what may leave, by dataset. `reasons`: why the others may not. `report`: for QUALITE.json.

    `reserves`: what is to be said beside a table that leaves.
    """

    tables: dict[str, pa.Table]
    reasons: dict[str, list[str]] = field(default_factory=dict)
    report: dict[str, dict] = field(default_factory=dict)
    reserves: dict[str, list[str]] = field(default_factory=dict)


def protect(
    tables: Mapping[str, pa.Table],
    policies: Policies,
    *,
    events: Callable[[], Events] = dict,
    releases: Path | None = None,
    budget: float = BUDGET,
) -> Protected:
    """Suppress what must be, attack what is left, and keep back what does not resist.

    `events`: asked for the public list of events when a secret needs it. `releases`: the shelf, for what earlier
    releases print.
    """
    cells = reading.read(tables, policies)
    result = Protected(dict(tables), report={name: _nothing_secret() for name in tables})
    for dataset, codes in cells.uncovered.items():
        named = ", ".join(sorted(codes))
        result.reasons[dataset] = [NO_RULE.format(codes=named, dataset=dataset)]
    for dataset, keys in cells.contradicted.items():
        lines = ", ".join("|".join(key) for key in keys[:NAMED])
        result.reasons.setdefault(dataset, []).append(CONTRADICTED.format(lines=lines, dataset=dataset))
    try:
        # also what is refused today, and printed as it was
        earlier = past.releases_with(releases, policies.watched()) if releases else []
        if cells.has_secrets or any(printed.secret for printed in earlier):
            _protect(result, tables, cells, policies, events(), earlier, time.monotonic() + budget)
        else:
            result.tables = {name: _not_significant(table, name, cells) for name, table in tables.items()}
    except Exception as error:  # whatever the solver or a spoiled release does, nothing leaves unaudited
        for name in {line.dataset for line in cells.lines if line.threshold.level != "free"}:
            result.reasons.setdefault(name, []).append(NOT_CHECKED.format(kind=type(error).__name__))
    return result


def _protect(
    result: Protected,
    tables: Mapping[str, pa.Table],
    cells: Cells,
    policies: Policies,
    events: Events,
    earlier: list[past.Printed],
    deadline: float,
) -> None:
    reading.tie(cells, policies, events)
    naming = reading.Naming(policies)
    read = reading.Numbers(cells.system, naming)
    printed_then = cache(lambda printed: read.of(printed.tables))
    lists = lru_cache(maxsize=2)(past.events_of)  # of a year of releases, all would fill the memory
    given_away = past.mark_public(cells, earlier, printed_then)
    unsaid, before = (lambda printed: read.unsaid(printed.tables)), (lambda printed: lists(printed.warehouse))
    differences.tie(cells, earlier, printed_then, unsaid, before, events, naming, given_away)
    numbers = past.of_all(cells.system, printed_then)
    restated = cache(lambda printed: past.restated(printed, numbers(printed), before(printed), events, cells, naming))
    past.keep_beside_what_is_gone(cells, earlier, numbers, naming)
    _hold_alone(cells, given_away, deadline)
    settled: dict[tuple, Settled] = {}
    attempt = _attempt(tables, cells, restated, earlier, deadline, settled)
    for _ in range(MAX_ROUNDS if earlier else 0):
        if not past.let_go_what_follows(cells, attempt.audited.attacks, given_away):
            break
        _hold_alone(cells, given_away, deadline)
        attempt = _attempt(tables, cells, restated, earlier, deadline, settled)
    result.tables |= attempt.tables
    for dataset, reason in _not_safe(cells, attempt).items():
        result.reasons.setdefault(dataset, []).append(reason)
    for name in {name[0] for name in attempt.audited.wrong}:
        result.reasons.setdefault(name, []).append(OTHER_BYTES)
    told_by = past.told_by(cells, earlier, numbers, attempt.suppressed, given_away) if given_away.needs else {}
    _report(result, cells, attempt, told_by, earlier)


def _hold_alone(cells: Cells, given_away: past.GivenAway, deadline: float) -> None:
    """Hold what would hide the numbers that earlier releases tell, were there none: the day those are withdrawn, this one tells nothing."""
    if not given_away.needs:
        return
    alone = given_away.as_if_first(cells.system)
    for part in alone.divided(alone.unhideable()).parts(given_away.needs):
        for number in _settled(part, deadline).suppressed:
            cells.system.rows[number].is_held = True


@dataclass(frozen=True)
class _Attempt:
    """What was chosen, what it leaves of the tables, and what an attacker finds in that."""

    suppressed: set[int]
    whole: set[tuple]
    effort: Effort
    tables: dict[str, pa.Table]
    audited: Audited


def _attempt(
    given: Mapping[str, pa.Table],
    cells: Cells,
    numbers: past.Told,
    earlier: list[past.Printed],
    deadline: float,
    settled: dict[tuple, Settled],
) -> _Attempt:
    from publication.disclosure.audit import audit

    effort = Effort()
    suppressed, whole = _chosen(cells, numbers, earlier, deadline, effort, settled)
    left = {
        name: _not_significant(_marked(table, name, cells, suppressed), name, cells) for name, table in given.items()
    }
    left = _without_numbers(left)
    return _Attempt(suppressed, whole, effort, left, audit(cells, left, effort.proofs))


def _not_safe(cells: Cells, attempt: _Attempt) -> dict[str, str]:
    """Why a dataset may not leave: how many of its numbers come out, and the first lines that were to hide them."""
    showing = _showing(cells)
    count: Counter[str] = Counter()
    lines: dict[str, dict[str, None]] = defaultdict(dict)
    for variable in sorted({finding.variable for finding in attempt.audited.narrow}):
        shown_by = showing(variable)
        count.update({line.dataset for line in shown_by})
        for line in shown_by:
            lines[line.dataset]["|".join(line.key)] = None
    reasons = {}
    for dataset, nb in count.items():
        said = "Une case n’est pas à l’abri" if nb == 1 else f"{nb} cases ne sont pas à l’abri"
        reasons[dataset] = NOT_SAFE.format(said=said, lines=", ".join([*lines[dataset]][:NAMED]))
    return reasons


# --- the choice ----------------------------------------------------------------------------------------------------


@dataclass
class Effort:
    """What the choice leaves behind. `proofs`: for the audit. `by_blocks`: rows of the parts too large for the cheapest pattern."""

    proofs: list[Proof] = field(default_factory=list)
    by_blocks: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Settled:
    """What was chosen of one part: rows to suppress, breakdowns suppressed whole, and of a large part the proof."""

    suppressed: set[int]
    whole: set[tuple]
    proof: Proof | None = None


def _chosen(
    cells: Cells,
    numbers: past.Told,
    earlier: list[past.Printed],
    deadline: float,
    effort: Effort,
    settled: dict[tuple, Settled],
) -> tuple[set[int], set[tuple]]:
    """Rows to suppress, and the breakdowns suppressed whole because no better answer was found in time. `settled`: what is known of parts,
    few of which ask for another answer from one round to the next."""
    system = cells.system
    betrayal = past.Betrayal(cells, earlier, numbers, deadline)
    for _ in range(MAX_ROUNDS):
        suppressed, whole = _solved(cells, deadline, effort, settled)
        stay, wanted = betrayal.of(suppressed)
        if not stay:
            return suppressed, whole
        for number in stay:
            system.rows[number].is_held = True
        past.keep_uncertain(system, wanted)
    names = {name for printed in earlier for name in printed.secret}
    for line, row in zip(cells.lines, system.rows, strict=True):
        row.is_held = row.is_held or line.lasting_name in names
    return _solved(cells, deadline, effort, settled)


def _solved(
    cells: Cells, deadline: float, effort: Effort, settled: dict[tuple, Settled]
) -> tuple[set[int], set[tuple]]:
    system = cells.system
    suppressed = {number for number, row in enumerate(system.rows) if row.is_forced}
    whole: set[tuple] = set()
    effort.proofs, effort.by_blocks = [], set()
    for part in system.sensitive_parts(system.unhideable()):
        # all that two rounds may differ in: what is unknown comes first
        nb_known = sum(variable.is_public for variable in part.variables)
        sensitive = tuple(n for n, variable in enumerate(part.variables) if variable.is_sensitive)
        asked = (nb_known, tuple(part.places), sensitive, tuple(n for n, row in enumerate(part.rows) if row.is_forced))
        answer = settled[asked] = settled.get(asked) or _settled(part, deadline)
        suppressed |= answer.suppressed
        whole |= answer.whole
        if answer.proof:
            effort.proofs.append(answer.proof)
            effort.by_blocks |= set(part.row_places)
    return suppressed, whole


def _settled(part: Part, deadline: float) -> Settled:
    chosen, whole, proof = _by_blocks(part, deadline) if _is_large(part) else _exactly(part, deadline)
    return Settled({part.row_places[number] for number in chosen}, whole, proof)


def _is_large(part: Part) -> bool:
    from publication.disclosure.audit import MOST_VARIABLES

    return len(part.rows) > MOST_ROWS or len(part.variables) > MOST_VARIABLES


def _exactly(part: Part, deadline: float) -> tuple[Collection[int], set[tuple], None]:
    chosen = _pattern(part, deadline)
    if chosen is not None:
        return chosen, set(), None
    whole = next((rows for rows in _wholes(part) if _is_safe(part, rows)), part.hideable())
    return whole, {part.rows[number].group for number in whole}, None


def _by_blocks(part: Part, deadline: float) -> tuple[Collection[int], set[tuple], Proof]:
    """Rows to suppress in a part that is too large for one program; whole breakdowns where something is not settled
    that may be."""
    from publication.disclosure.piecemeal import by_blocks
    from publication.disclosure.proofs import Proof

    chosen, whole = by_blocks(part, deadline=deadline), set()
    lost = _lost(part, chosen.missed) if time.monotonic() < deadline else set()
    for rows in (*_wholes(part), part.hideable()):
        if lost.issuperset(chosen.missed):
            break
        chosen, whole = by_blocks(part, hidden=rows), {part.rows[number].group for number in rows}
    places = np.array(part.places)
    moves = [replace(move, places=places[move.places]) for move in chosen.moves]
    return chosen.pattern.suppressed, whole, Proof(places, chosen.point, moves)


def _lost(part: Part, missed: Collection[Attack]) -> set[Attack]:
    """The attacks that succeed although all that may be hidden is: to hide more for their sake is of no use."""
    from publication.disclosure.audit import attacked

    found = attacked(part, part.hideable(), [*dict.fromkeys(missed)]) if missed else ()
    return {(finding.variable, finding.single) for finding in found if not finding.is_enough}


def _pattern(part: System, deadline: float) -> frozenset[int] | None:
    """Rows to suppress in one part: the cheapest, or else some that are enough; None when none is found in time."""
    from publication.disclosure.attack import Unsolved
    from publication.disclosure.perturbation import quickly
    from publication.disclosure.suppression import NoPattern, OutOfTime, solve

    try:
        return solve(part, deadline=deadline, most_cuts=MOST_CUTS).suppressed
    except (OutOfTime, Unsolved):
        pass
    except NoPattern:
        return None
    try:
        return quickly(part, deadline=deadline).suppressed
    except (OutOfTime, Unsolved, NoPattern):
        return None


def _wholes(part: System) -> Iterable[set[int]]:
    """Every row of the breakdowns where something is secret: of those indicators, then of all that are tied to them."""
    groups = {row.group for row in part.rows if row.is_forced}
    breakdowns = {group[-1] for group in groups}
    for chosen in (lambda row: row.group in groups, lambda row: row.group[-1] in breakdowns):
        yield {n for n, row in enumerate(part.rows) if row.is_forced or (chosen(row) and not row.is_fixed)}


def _is_safe(part: System, rows: set[int]) -> bool:
    from publication.disclosure.audit import attacked

    return all(finding.is_enough for finding in attacked(part, set(rows)))


# --- the tables ----------------------------------------------------------------------------------------------------


def _marked(table: pa.Table, dataset: str, cells: Cells, suppressed: set[int]) -> pa.Table:
    """The table with its secret lines emptied of every number, and marked."""
    secret = {
        line.place: line for number, line in enumerate(cells.lines) if line.dataset == dataset and number in suppressed
    }
    if not secret:
        return table
    changes: dict[str, dict[int, object]] = {name: dict.fromkeys(secret) for name in HIDDEN}
    changes["obs_status"] = dict.fromkeys(secret, "Q")
    changes["conf_status"] = {place: line.primary or SECONDARY for place, line in secret.items()}
    changes["caveat"] = {place: _remark(line.threshold) for place, line in secret.items()}
    for name in ("n_with_data", "n_total"):  # how many events, or how many people: the second is a number to hide
        changes[name] = {place: None for place, line in secret.items() if name in line.columns}
    return _changed(table, changes)


def _remark(threshold: Threshold) -> str:
    """Beside a secret line: every reason that its rule knows, never which it is."""
    found = FEW.format(contributors=threshold.contributors) if threshold.minimum else ""
    found += ALMOST_ALL if threshold.dominance else ""
    return f"Secret statistique : {found}{'ou ' if found else ''}{FOR_ANOTHER}."


def _without_numbers(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables with no number in the remarks beside a secret line: a remark may count what that line hides."""
    keys = {
        name: list(zip(*(table[column].to_pylist() for column in ("programme_id", "breakdown", "member")), strict=True))
        for name, table in tables.items()
    }
    is_secret = {name: pc.equal(table["obs_status"], "Q").to_pylist() for name, table in tables.items()}
    secret = {key for name in tables for key, hidden in zip(keys[name], is_secret[name], strict=True) if hidden}
    cleared = {}
    for name, table in tables.items():
        remarks = {}
        for place, remark in enumerate(table["caveat"].to_pylist()):
            if remark and keys[name][place] in secret:
                text = _unnumbered(remark)
                if text != remark:
                    remarks[place] = text
        cleared[name] = _changed(table, {"caveat": remarks}) if remarks else table
    return cleared


def _unnumbered(remark: str) -> str | None:
    """The sentences of a remark that hold no digit; None when there is none."""
    sentences = [sentence for sentence in re.split(r"(?<=[.!?»])\s+", remark) if not re.search(r"\d", sentence)]
    return " ".join(sentences) or None


def _not_significant(table: pa.Table, dataset: str, cells: Cells) -> pa.Table:
    """Figures on few contributors, though not secret, are printed « n.s. »."""
    few = {}
    for line in cells.lines:
        least = line.threshold.significant
        if line.dataset == dataset and least and "denominator" in line.columns:
            count = cells.system.variables[line.columns["denominator"]].true_value
            if count < least and table["obs_status"][line.place].as_py() in ("A", "P", "E"):
                few[line.place] = NOT_SIGNIFICANT.format(significant=least, contributors=line.threshold.contributors)
    if not few:
        return table
    return _changed(table, {"obs_status": dict.fromkeys(few, "N"), "caveat": few})


def _changed(table: pa.Table, changes: Mapping[str, Mapping[int, object]]) -> pa.Table:
    """The same table with some cells replaced; types, order and other cells as they were."""
    for name, cells in changes.items():
        if name in table.column_names and cells:
            column = table[name].to_pylist()
            for place, value in cells.items():
                column[place] = value
            index = table.column_names.index(name)
            table = table.set_column(index, table.schema.field(name), pa.array(column, table.schema.field(name).type))
    return table


# --- the report ----------------------------------------------------------------------------------------------------


def _nothing_secret() -> dict:
    return {"primary": 0, "secondary": 0, "cells": []}


def _showing(cells: Cells) -> Callable[[int], list[reading.Line]]:
    """For each number, the protected lines that show it, or the numbers it is the complement of."""
    lines: dict[int, list[reading.Line]] = defaultdict(list)
    for line in cells.lines:
        if line.threshold.level == "protected":
            for index in line.columns.values():
                lines[index].append(line)

    def of(variable: int) -> list[reading.Line]:
        name = cells.system.variables[variable].name
        sides = name[1:] if name[0] == "complement" else ()
        wanted = {variable, *(cells.system.by_name[side] for side in sides if side in cells.system.by_name)}
        return [line for index in sorted(wanted) for line in lines.get(index, ())]

    return of


def _report(
    result: Protected,
    cells: Cells,
    attempt: _Attempt,
    told_by: Mapping[int, list[int]],
    earlier: Iterable[past.Printed],
) -> None:
    """Counts, names of lines, widths of intervals; never a number of a table."""
    suppressed, findings = attempt.suppressed, attempt.audited.findings
    singles = sum(finding.single is not None for finding in findings)
    widths, showing = attempt.audited.widths(), _showing(cells)
    for dataset in result.tables:
        lines = [(n, line) for n, line in enumerate(cells.lines) if line.dataset == dataset and n in suppressed]
        report = {
            "primary": sum(bool(line.primary) for _, line in lines),
            "secondary": sum(not line.primary for _, line in lines),
            "cells": [
                {
                    "cell": "|".join(line.key),
                    "conf_status": line.primary or SECONDARY,
                    **_width(widths, line, cells),
                }
                for _, line in lines
            ],
        }
        if lines:
            held = [cells.system.rows[n].name for n, _ in lines if cells.system.rows[n].is_held]
            report |= {
                "numbers": len(cells.system.variables),
                "equations": len(cells.system.equations),
                "attacks": len(findings) - singles,
                "attacks_by_single_contributors": singles,
                "earlier_releases": sorted({release for printed in earlier for release in printed.releases}),
                "held": ["|".join(name[1:]) for name in held],
                "suppressed_whole": sorted("|".join(group[1:]) for group in attempt.whole if group[0] == dataset),
            }
            if by_blocks := sum(n in attempt.effort.by_blocks for n, _ in lines):
                report["settled_by_blocks"] = by_blocks
        public = sorted(
            {
                release
                for index, releases in told_by.items()
                if any(line.dataset == dataset for line in showing(index))
                for release in releases
            }
        )
        if public:
            report["already_public_in"] = public
            result.reserves[dataset] = [ALREADY_PUBLIC.format(releases=" ".join(map(str, public)))]
        result.report[dataset] = report


def _width(widths: Mapping[int, float], line: reading.Line, cells: Cells) -> dict:
    """Width of the interval left to the attacker, for the protected numbers of a line; absent for the others.

    What is settled by blocks is at least so wide.
    """
    sensitive = [index for index in line.columns.values() if cells.system.variables[index].is_sensitive]
    if not sensitive:
        return {}
    width = min(widths.get(index, math.inf) for index in sensitive)
    return {"width": None if math.isinf(width) else round(width, 3)}
