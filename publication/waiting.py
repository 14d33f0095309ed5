"""New figures that passed every check and wait all the same: for somebody's approval, for an instant, or for the table they quote.

Belongs here: which tables wait, what was approved, saying so. An approval is a line of the journal and holds for one content (the
sha256 of the protected table, as it would ship): other content needs another, the same content later is still approved, and going back
to a release without it takes the approval back. Does not belong here: the grammar of the calendar (`calendar`), publishing (`publish`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publication import shelf
from publication.calendar import ZONE, Calendar, Rule
from publication.shelf import APPROVAL, CARRIED, EMBARGO, PUBLISHED, WITH_RESERVE, DatasetStatus, Release
from publication.tables import csv_rows
from publication.wording import NBSP, dataset_title, long_date

if TYPE_CHECKING:
    import pyarrow as pa

    from publication.decision import Shipped

FRESH = (PUBLISHED, WITH_RESERVE)
QUOTES = "blocks_dataset"
"""Column of a table that quotes the figures of others: which table each of its rows quotes."""

Approvals = Mapping[tuple[str, str], dict[str, Any]]


@dataclass(frozen=True)
class Waiting:
    """New figures of one table that have not left. `waits`: what for ('' when the next publication takes them), `sha256`: the content that an
    approval is of, `approved`: the line of the journal, `changed`: what they change in words."""

    dataset: str
    sha256: str
    reasons: tuple[str, ...] = ()
    waits: str = ""
    approved: Mapping[str, Any] | None = None
    needs_approval: bool = False
    changed: str = ""

    @property
    def fingerprint(self) -> str:
        return self.sha256[:12]

    @property
    def may_be_approved(self) -> bool:
        return self.needs_approval and self.approved is None

    @property
    def command(self) -> str:
        return f"observatoire releases approve {self.dataset} --seen {self.fingerprint}"

    def sentence(self) -> str:
        said = [*self.reasons]
        if self.approved is not None:
            said.append(f"Approuvés par {self.approved['by']} le {long_date(self.approved['at'])}.")
        if not self.waits:
            said.append("Ils paraissent à la prochaine publication.")
        return " ".join(said)


def approvals(releases: Path) -> Approvals:
    """Lines of the journal that hold, by (dataset, sha256)."""
    given: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in shelf.history(releases):
        if entry["event"] == "approved":
            given[entry["dataset"], entry["sha256"]] = entry
        elif entry["event"] == "rolled_back" and entry.get("previous") is not None:
            left, taken = (_contents(releases, entry[which]) for which in ("previous", "release"))
            for content in left - taken:
                given.pop(content, None)
    return given


def _contents(releases: Path, number: int) -> set[tuple[str, str]]:
    if gone := shelf.withdrawn(releases).get(number):
        return set(gone["contents"].items())
    try:
        return set(shelf.read_release(releases / str(number)).contents.items())
    except OSError:
        return set()


def kept_back(
    ready: Mapping[str, Shipped],
    base: Release | None,
    before: Mapping[str, pa.Table],
    calendar: Calendar,
    given: Approvals,
    now: datetime,
) -> dict[str, DatasetStatus]:
    """What waits among the tables that could leave now: reasons, `waits` and `until` are those to print in their place. `before`: the
    tables of the current release, `base`.

    A table whose bytes are those of the current release has nothing new and never waits.
    """
    found: dict[str, DatasetStatus] = {}
    for name, entry in ready.items():
        if entry.status.status in FRESH and name in calendar and not is_same(name, entry, base):
            is_approved = (name, entry.status.digest) in given
            status = _judged(calendar[name], is_approved, now)
            if status is not None:
                found[name] = status
    for name, entry in ready.items():
        if name not in found and entry.status.status in FRESH and not is_same(name, entry, base):
            quoted = [other for other in found if other != name and _says_of(entry.table, before.get(name), other)]
            if quoted:
                found[name] = _quoting(quoted, found)
    return found


def is_same(name: str, entry: Shipped, base: Release | None) -> bool:
    last = base.datasets.get(name) if base else None
    return last is not None and last.is_available and last.sha256 == entry.status.sha256


def _judged(rule: Rule, is_approved: bool, now: datetime) -> DatasetStatus | None:
    """None when the table may leave."""
    needs = rule.needs_approval and not is_approved
    if rule.embargo is not None and now < rule.embargo:
        until = rule.embargo.astimezone(UTC).isoformat()
        reasons = [f"De nouveaux chiffres sont sous embargo jusqu’au {instant(rule.embargo)}."]
        reasons += ["Ils attendent aussi une approbation."] if needs else []
        return DatasetStatus(CARRIED, None, tuple(reasons), waits=EMBARGO, until=until)
    if needs:
        return DatasetStatus(CARRIED, None, ("De nouveaux chiffres attendent une approbation.",), waits=APPROVAL)
    return None


def _says_of(table: pa.Table | None, before: pa.Table | None, quoted: str) -> bool:
    """Whether a table says of another what the current release does not say already."""
    return _rows_on(table, quoted) != _rows_on(before, quoted)


def _rows_on(table: pa.Table | None, quoted: str) -> list[list[str]]:
    if table is None or QUOTES not in table.column_names:
        return []
    place = table.column_names.index(QUOTES)
    return sorted(row for row in csv_rows(table)[1:] if row[place] == quoted)


def _quoting(quoted: list[str], found: Mapping[str, DatasetStatus]) -> DatasetStatus:
    until = [when for name in quoted if (when := found[name].until)]
    names = ", ".join(f"«{NBSP}{dataset_title(name)}{NBSP}»" for name in quoted)
    reason = f"De nouveaux chiffres citent {names}, qui attend : ils attendent avec."
    waits = EMBARGO if until else APPROVAL
    return DatasetStatus(CARRIED, None, (reason,), waits=waits, until=max(until) if until else None)


def silent(verdict: Any, names: Mapping[str, Any]) -> Any:
    """The verdict without what it found in tables that wait: whether a check holds is said, no figure of theirs is."""
    return replace(
        verdict,
        outcomes=tuple(
            replace(outcome, observed="", failing_keys=()) if outcome.dataset in names else outcome
            for outcome in verdict.outcomes
        ),
    )


def instant(moment: datetime) -> str:
    """« 1er décembre 2026 à 9 h 00 (heure de Paris) »."""
    zone = getattr(moment.tzinfo, "key", "UTC")
    where = "heure de Paris" if zone == ZONE else zone
    return f"{long_date(moment)} à {moment.hour}{NBSP}h{NBSP}{moment.minute:02d} ({where})"
