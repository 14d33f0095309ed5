"""What becomes of each dataset of a candidate, before the first file of a release is written.

Belongs here: the decision, by the verdict, the secrecy of what could leave, and the calendar; the fingerprint that tells whether there is
anything new. Does not belong here: which lines are secret (`disclosure`), what waits (`waiting`), files (`files`), the shelf's pointer
(`publish`).

What becomes of a dataset:

    published               the verdict has nothing against it
    published_with_reserve  it ships, and its reserves ship with it
    carried                 refused tonight (by the verdict, or because a secret could be worked out): the bytes of the last good version ship again, with the reasons
    withheld                refused, and no good version exists: it ships nowhere, with the reasons

New figures that nothing refuses may still have to wait (`calendar.yml`): the table is then `carried` or `withheld` too, and its status says
for what it waits. Nothing of them leaves meanwhile; `preview` shows them beside the shelf to whoever approves.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from expectations import Verdict, refusals
from expectations import suite as suites_on_disk
from expectations.verdict import of_other_bytes
from publication import calendar as calendars
from publication import disclosure, labels, shelf, tables, versions, waiting
from publication.secrecy import Settled, looked_at, settle_secrecy
from publication.shelf import CARRIED, PUBLISHED, WITH_RESERVE, WITHHELD, DatasetStatus, Release


class Refused(Exception):
    """Nothing was released. The message is a French sentence for staff; `datasets`: what became of each, when every one of them was
    kept back and no release exists that could stand in."""

    def __init__(self, sentence: str, datasets: Mapping[str, DatasetStatus] | None = None):
        super().__init__(sentence)
        self.datasets = dict(datasets or {})


@dataclass(frozen=True)
class Shipped:
    """One dataset as it goes out: its status, and its sealed bytes when it is available."""

    status: DatasetStatus
    data: bytes | None = None
    table: pa.Table | None = None


@dataclass(frozen=True)
class Desk:
    """What the door decides from: the candidate and its verdict, the shelf, the rules, the hour; `foreseen`: asked for the secrecy that was
    settled before the verdict was known, when there is any."""

    candidate: Path
    verdict: Verdict
    releases: Path
    now: datetime
    suites: Path = suites_on_disk.SUITES
    calendar: Path = calendars.CALENDAR
    foreseen: Callable[[], Settled | None] = lambda: None


@dataclass(frozen=True)
class Opened:
    """The shelf before a decision: the release that is current, and the number of the next one."""

    base: Release | None
    number: int


@dataclass(frozen=True)
class Decided:
    """What becomes of every dataset. `ready`: what would leave if nothing had to wait; `shipped`: what leaves; `waits`: what does not yet."""

    base: Release | None
    number: int
    ready: Mapping[str, Shipped]
    shipped: Mapping[str, Shipped]
    waits: Mapping[str, DatasetStatus]
    secrecy: Mapping[str, dict]
    secrecy_if_ready: Mapping[str, dict]


def open_shelf(desk: Desk) -> Opened:
    """The shelf, swept, for a candidate that the verdict speaks of. To be called with the shelf locked. Raises Refused, in French: nothing may leave."""
    shelf.sweep(desk.releases, now=desk.now)
    refuse_other_candidate(desk.candidate, desk.verdict, desk.suites)
    current = shelf.current_number(desk.releases)
    base = shelf.read_release(desk.releases / str(current)) if current is not None else None
    return Opened(base, shelf.next_number(desk.releases))


def settle(desk: Desk, opened: Opened | None = None) -> Decided:
    """Everything that is decided of the datasets. To be called with the shelf locked. Raises Refused, in French: nothing may leave."""
    opened = opened or open_shelf(desk)
    base, number = opened.base, opened.number
    judged = decide(desk.candidate, desk.verdict, desk.suites, base, number)
    try:
        calendar = calendars.read(desk.calendar, judged)
    except calendars.CalendarError as error:
        raise Refused(f"Le calendrier de publication ne peut pas être suivi, rien n’est publié. {error}") from None
    ready, secrecy = keep_secrets(judged, desk, base)
    before = released_tables(base) if base and calendar else {}
    given = waiting.approvals(desk.releases) if calendar else {}
    waits = waiting.kept_back(ready, base, before, calendar, given, desk.now)
    shipped, left = dict(ready), {name: report for name, report in secrecy.items() if name not in waits}
    for name, status in waits.items():
        last = _last_good(name, base, status.reasons)
        shipped[name] = replace(last, status=replace(last.status, waits=status.waits, until=status.until))
        if base and name in base.disclosure:
            left[name] = base.disclosure[name]
    return Decided(base, number, ready, shipped, waits, left, secrecy)


def refuse_other_candidate(candidate: Path, verdict: Verdict, suites: Path) -> None:
    """Refused unless the verdict speaks of exactly these bytes and was given by exactly these suites."""
    reasons = of_other_bytes(verdict, candidate, suites)
    if reasons:
        raise Refused(" ".join([*reasons, "Rien n’est publié."]))


def decide(candidate: Path, verdict: Verdict, suites: Path, base: Release | None, number: int) -> dict[str, Shipped]:
    """What becomes of every dataset that has a suite, a table in the candidate, or a place in the last release."""
    against = refusals(verdict, candidate, suites)
    for name in base.datasets if base else ():
        against.setdefault(name, ["Le tableau est absent de la version candidate."])
    shipped = {}
    for name in sorted(against):
        reasons, data, table = list(against[name]), b"", None
        if not reasons:
            data = (candidate / "data" / f"{name}.parquet").read_bytes()
            suite = suites_on_disk.read_suite(suites / f"{name}.yml")
            table, reasons = looked_at(data, may_be_empty=suite.may_be_empty)
        if reasons or table is None:
            shipped[name] = _last_good(name, base, tuple(reasons))
            continue
        reserves = tuple(outcome.sentence() for outcome in verdict.reserves(name))
        shipped[name] = Shipped(
            DatasetStatus(
                status=WITH_RESERVE if reserves else PUBLISHED,
                from_release=number,
                reserves=reserves,
                sha256=hashlib.sha256(data).hexdigest(),
                rows=table.num_rows,
            ),
            data,
            table,
        )
    return shipped


def keep_secrets(
    shipped: Mapping[str, Shipped], desk: Desk, base: Release | None
) -> tuple[dict[str, Shipped], dict[str, dict]]:
    """The datasets as they may leave, and the report on their secrecy. What could be worked out is not published.

    Every file of the release is written from these tables: nothing further down sees a secret number.
    """
    fresh = {name: entry for name, entry in shipped.items() if entry.status.status in (PUBLISHED, WITH_RESERVE)}
    try:
        policies = disclosure.read()
    except disclosure.PolicyError as error:
        refused = (f"Les règles du secret statistique sont illisibles, rien ne peut être publié : {error}",)
        return {name: _last_good(name, base, refused) if name in fresh else e for name, e in shipped.items()}, {}
    of_tonight = {name: (entry.status.digest, entry.table) for name, entry in fresh.items()}
    settled = settle_secrecy(of_tonight, policies, desk.candidate, desk.releases, desk.foreseen())
    protected = settled.protected
    kept = dict(shipped)
    secrecy = {name: base.disclosure[name] for name in shipped if base and name in base.disclosure}
    for name, entry in fresh.items():
        reasons = protected.reasons.get(name) or disclosure.reasons(protected.tables[name])
        if reasons:
            kept[name] = _last_good(name, base, tuple(reasons))
            continue
        secrecy[name] = protected.report[name]
        table = disclosure.as_printed(protected.tables[name])
        as_sealed = entry.data if table is settled.tables[name] else None
        data = as_sealed or tables.parquet_bytes(table)
        reserves = (*entry.status.reserves, *protected.reserves.get(name, ()))
        status = replace(
            entry.status,
            status=WITH_RESERVE if reserves else PUBLISHED,
            reserves=reserves,
            sha256=hashlib.sha256(data).hexdigest(),
        )
        kept[name] = Shipped(status, data, table)
    return kept, secrecy


def _last_good(name: str, base: Release | None, reasons: tuple[str, ...]) -> Shipped:
    """The dataset as the last release holds it, if its bytes are still those that were released."""
    if base is None or (last := base.datasets.get(name)) is None or not last.is_available:
        return Shipped(DatasetStatus(WITHHELD, None, reasons))
    try:
        data = (base.public / "data" / f"{name}.parquet").read_bytes()
    except OSError:
        data = b""
    if hashlib.sha256(data).hexdigest() != last.sha256:
        damaged = f"Le fichier de la version {base.number} est endommagé : il n’est pas reporté."
        return Shipped(DatasetStatus(WITHHELD, None, (*reasons, damaged)))
    return Shipped(
        replace(last, status=CARRIED, reasons=reasons, waits="", until=None), data, tables.read_parquet(data)
    )


def fingerprint_of(shipped: Mapping[str, Shipped], supply: labels.Supply, names: labels.Labels) -> str:
    """Hash of what makes a release new: bytes, statuses, reasons, reserves; what the figures mean; deliveries and rows set aside.

    `from_release` is left out (it would make every night new), and so are instants of deliveries.
    """
    content = {
        "datasets": {
            name: [e.status.sha256, e.status.status, e.status.reasons, e.status.reserves] for name, e in shipped.items()
        },
        "definitions": versions.definitions_of(
            {n: e.table for n, e in shipped.items() if e.table is not None and e.status.status != CARRIED},
            names.indicators,
        ),
        "deliveries": [[str(v) for k, v in row.items() if k != "received_at"] for row in supply.deliveries],
        "quarantine": [[str(v) for v in row.values()] for row in supply.quarantine],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def already_released(releases: Path, base: Release) -> set[str]:
    """Fingerprints of `current` and of what was rolled back from since the last publication."""
    fingerprints, withdrawn = {base.fingerprint}, shelf.withdrawn(releases)
    for entry in reversed(shelf.history(releases)):
        if entry["event"] == "published":
            break
        if entry["event"] == "rolled_back" and entry["previous"] in withdrawn:
            fingerprints.add(withdrawn[entry["previous"]]["fingerprint"])
        elif entry["event"] == "rolled_back" and (releases / str(entry["previous"])).is_dir():
            fingerprints.add(shelf.read_release(releases / str(entry["previous"])).fingerprint)
    return fingerprints


def released_tables(release: Release) -> dict[str, pa.Table]:
    """The datasets of a release that can still be read, by name; `verify` says which cannot."""
    found = {}
    for name, status in release.datasets.items():
        if status.is_available:
            with contextlib.suppress(OSError, pa.ArrowException):
                found[name] = tables.read_parquet((release.public / "data" / f"{name}.parquet").read_bytes())
    return found
