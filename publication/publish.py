"""The only door: from a candidate and the verdict on exactly its bytes to a release.

Belongs here: the decision for each dataset, and writing a release so that a reader never sees half of one. Nothing
else writes `releases/`, except `releases.rollback`, which moves the pointer only. Does not belong here: the content of
the files (`tables`, `workbook`, `warehouse`, `changelog`, `portal`).

What becomes of a dataset:

    published               the verdict has nothing against it
    published_with_reserve  it ships, and its reserves ship with it
    carried                 refused tonight (by the verdict, or because a secret could be worked out): the bytes of the last good version ship again, with the reasons
    withheld                refused, and no good version exists: it ships nowhere, with the reasons

New figures that nothing refuses may still have to wait (`calendar.yml`): the table is then `carried` or `withheld` too, and its status says
for what it waits. Nothing of them leaves meanwhile; `preview` shows them beside the shelf to whoever approves.

When no new release is made (`Release.changed` is False and nothing at all is left behind):
  - the candidate gives what `current` already holds: same bytes of every dataset, same statuses, reasons and reserves,
    same deliveries and rows set aside;
  - or it gives what somebody rolled back from since the last publication. Otherwise the next night, with nothing new,
    would silently undo the rollback. Any new fact makes a new release, carried on from the version rolled back to.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from expectations import Verdict, hash_and_changes, refusals, suites_hash
from expectations import suite as suites_on_disk
from expectations.candidate import NotSealable
from publication import calendar as calendars
from publication import (
    changelog,
    disclosure,
    labels,
    quality,
    shelf,
    tables,
    trace,
    versions,
    waiting,
    warehouse,
    wording,
)
from publication.shelf import CARRIED, PUBLISHED, WITH_RESERVE, WITHHELD, DatasetStatus, Release

if TYPE_CHECKING:
    from publication.portal.drawing import Renderer


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
    """What the door decides from: the candidate and its verdict, the shelf, the rules, the hour."""

    candidate: Path
    verdict: Verdict
    releases: Path
    now: datetime
    suites: Path = suites_on_disk.SUITES
    calendar: Path = calendars.CALENDAR


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


@dataclass(frozen=True)
class Opened:
    """The shelf before a decision: the release that is current, and the number of the next one."""

    base: Release | None
    number: int


def publish(
    candidate: Path,
    verdict: Verdict,
    releases: Path,
    *,
    now: datetime,
    suites: Path = suites_on_disk.SUITES,
    calendar: Path = calendars.CALENDAR,
    renderer: Renderer | None = None,
) -> Release:
    """Release what the verdict and the calendar allow. Raises Refused when nothing may be: then readers see nothing new.

    `renderer`: a process to draw the charts while the rest is written; without one they are drawn here.
    """
    desk = Desk(Path(candidate), verdict, Path(releases), now, Path(suites), Path(calendar))
    try:
        with shelf.locked(desk.releases):
            return _publish(desk, renderer)
    except shelf.Busy as busy:
        raise Refused(str(busy)) from None


def open_shelf(desk: Desk) -> Opened:
    """The shelf, swept, for a candidate that the verdict speaks of. To be called with the shelf locked."""
    shelf.sweep(desk.releases, now=desk.now)
    refuse_other_candidate(desk.candidate, desk.verdict, desk.suites)
    current = shelf.current_number(desk.releases)
    base = shelf.read_release(desk.releases / str(current)) if current is not None else None
    return Opened(base, shelf.next_number(desk.releases))


def settle(desk: Desk, opened: Opened | None = None) -> Decided:
    """Everything that is decided of the datasets. To be called with the shelf locked."""
    opened = opened or open_shelf(desk)
    base, number = opened.base, opened.number
    judged = decide(desk.candidate, desk.verdict, desk.suites, base, number)
    try:
        calendar = calendars.read(desk.calendar, judged)
    except calendars.CalendarError as error:
        raise Refused(f"Le calendrier de publication ne peut pas être suivi, rien n’est publié. {error}") from None
    ready, secrecy = keep_secrets(judged, desk.candidate, desk.releases, base)
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


def _publish(desk: Desk, renderer: Renderer | None) -> Release:
    opened = open_shelf(desk)
    aside = desk.releases / f"{shelf.TEMPORARY}{opened.number}"
    # another candidate makes another release, as a rule
    is_other = opened.base is None or opened.base.candidate_hash != desk.verdict.candidate_hash
    try:
        with beside() as worker:
            copied = copy_rows(desk, aside, worker) if is_other else None
            release = _released(desk, opened, aside, worker, copied, renderer)
    except Refused:
        shelf.discard(aside)
        raise
    if not release.changed:
        shelf.discard(aside)
    return release


def beside() -> ThreadPoolExecutor:
    """Who copies and traces rows, in that order: DuckDB's work, on the core that secrets and pages leave free."""
    return ThreadPoolExecutor(max_workers=1)


def copy_rows(desk: Desk, aside: Path, worker: ThreadPoolExecutor) -> Future:
    """Begin the analysts' warehouse of the release that is written `aside`: the rows that no decision changes."""
    place = aside / "analysts" / "warehouse.duckdb"
    place.parent.mkdir(parents=True)
    return worker.submit(warehouse.copy_rows, desk.candidate, place)


def _released(
    desk: Desk,
    opened: Opened,
    aside: Path,
    worker: ThreadPoolExecutor,
    copied: Future | None,
    renderer: Renderer | None,
) -> Release:
    candidate, verdict, releases, now = desk.candidate, desk.verdict, desk.releases, desk.now
    decided = settle(desk, opened)
    base, number, shipped = decided.base, decided.number, decided.shipped
    current = base.number if base else None
    if not any(entry.data is not None for entry in shipped.values()):
        reasons = " ".join(dict.fromkeys(r for entry in shipped.values() for r in entry.status.reasons))
        raise Refused(
            f"Aucun tableau ne peut être publié, et aucune version antérieure n’existe. {reasons}".strip(),
            None if base else {name: entry.status for name, entry in shipped.items()},
        )

    names, supply = labels.read(candidate / "warehouse.duckdb")
    fingerprint = fingerprint_of(shipped, supply, names)
    # what somebody went back from would have come again, were its approval not taken back: that is nothing new either
    prints = {fingerprint, fingerprint_of(decided.ready, supply, names)}
    if base is not None and prints & _already_released(releases, base):
        return replace(base, changed=False)

    release = Release(
        number=number,
        path=aside,
        made_at=now.isoformat(),
        candidate_hash=verdict.candidate_hash,
        suites_hash=verdict.suites_hash,
        datasets={name: entry.status for name, entry in shipped.items()},
        fingerprint=fingerprint,
        previous=current,
        data_until=supply.data_until,
        disclosure=dict(decided.secrecy),
    )
    release = write_files(
        release, desk, shipped, decided.waits, names, supply, base, worker=worker, copied=copied, renderer=renderer
    )
    shelf.seal(aside)
    refuse_other_candidate(candidate, verdict, desk.suites)  # nobody wrote to the candidate while it was read
    digest = hashlib.sha256((aside / shelf.RELEASE_FILE).read_bytes()).hexdigest()
    shelf.note(releases, "prepared", at=now, release=number, sha256=digest)
    place = releases / str(number)
    if place.exists():  # numbers are never reused: somebody else wrote here
        raise Refused(f"Le dossier de la version {number} existe déjà : il n’est pas remplacé.")
    os.rename(aside, place)
    shelf.sync_directory(releases)
    shelf.point(releases, number)
    shelf.note(releases, "published", at=now, release=number, previous=current)
    return replace(release, path=place)


# --- the decision --------------------------------------------------------------------------------------------------


def refuse_other_candidate(candidate: Path, verdict: Verdict, suites: Path) -> None:
    """Refused unless the verdict speaks of exactly these bytes and was given by exactly these suites."""
    try:
        actual, changed = hash_and_changes(candidate)
    except (NotSealable, OSError):
        raise Refused("La version candidate n’est pas scellée ou ne peut pas être relue : rien n’est publié.") from None
    if not verdict.candidate_hash or verdict.candidate_hash != actual:
        raise Refused("L’audit porte sur d’autres fichiers que ceux de la version candidate : rien n’est publié.")
    if changed:
        raise Refused("Des fichiers de la version candidate ont changé depuis son scellement : rien n’est publié.")
    try:
        rules = suites_hash(suites)
    except OSError:
        raise Refused("Les règles de contrôle sont illisibles : rien n’est publié.") from None
    if not verdict.suites_hash or verdict.suites_hash != rules:
        raise Refused("Les règles de contrôle ont changé depuis l’audit : l’audit est à refaire, rien n’est publié.")


def decide(candidate: Path, verdict: Verdict, suites: Path, base: Release | None, number: int) -> dict[str, Shipped]:
    """What becomes of every dataset that has a suite, a table in the candidate, or a place in the last release."""
    against = refusals(verdict, candidate, None, suites)
    for name in base.datasets if base else ():
        against.setdefault(name, ["Le tableau est absent de la version candidate."])
    shipped = {}
    for name in sorted(against):
        reasons, data, table = list(against[name]), b"", None
        if not reasons:
            data = (candidate / "data" / f"{name}.parquet").read_bytes()
            table, reasons = _looked_at(data)
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


def _looked_at(data: bytes) -> tuple[pa.Table | None, list[str]]:
    """The table, and why it may not leave although the verdict has nothing against it."""
    try:
        table = tables.read_parquet(data)
    except pa.ArrowException:
        return None, ["Le fichier du tableau est illisible."]
    return table, ["Le tableau est vide."] if table.num_rows == 0 else disclosure.reasons(table)


def keep_secrets(
    shipped: Mapping[str, Shipped], candidate: Path, releases: Path, base: Release | None
) -> tuple[dict[str, Shipped], dict[str, dict]]:
    """The datasets as they may leave, and the report on their secrecy. What could be worked out is not published.

    Every file of the release is written from these tables: nothing further down sees a secret number.
    """
    fresh = {name: entry for name, entry in shipped.items() if entry.status.status in (PUBLISHED, WITH_RESERVE)}
    try:
        policies = disclosure.read()
    except disclosure.PolicyError:
        refused = ("Les règles du secret statistique sont illisibles : rien ne peut être publié.",)
        return {name: _last_good(name, base, refused) if name in fresh else e for name, e in shipped.items()}, {}
    protected = disclosure.protect(
        {name: entry.table for name, entry in fresh.items()},
        policies,
        events=lambda: disclosure.public_events(candidate / "warehouse.duckdb"),
        releases=releases,
    )
    kept = dict(shipped)
    secrecy = {name: base.disclosure[name] for name in shipped if base and name in base.disclosure}
    for name, entry in fresh.items():
        reasons = protected.reasons.get(name) or disclosure.reasons(protected.tables[name])
        if reasons:
            kept[name] = _last_good(name, base, tuple(reasons))
            continue
        secrecy[name] = protected.report[name]
        table = protected.tables[name]
        data = entry.data if table is entry.table else tables.parquet_bytes(table)
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
    last = base.datasets.get(name) if base else None
    if last is None or not last.is_available:
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


def _already_released(releases: Path, base: Release) -> set[str]:
    """Fingerprints of `current` and of what was rolled back from since the last publication."""
    fingerprints = {base.fingerprint}
    for entry in reversed(shelf.history(releases)):
        if entry["event"] == "published":
            break
        if entry["event"] == "rolled_back" and (releases / str(entry["previous"])).is_dir():
            fingerprints.add(shelf.read_release(releases / str(entry["previous"])).fingerprint)
    return fingerprints


# --- the files -----------------------------------------------------------------------------------------------------


def write_files(
    release: Release,
    desk: Desk,
    shipped: Mapping[str, Shipped],
    waits: Mapping[str, DatasetStatus],
    names: labels.Labels,
    supply: labels.Supply,
    base: Release | None,
    *,
    worker: ThreadPoolExecutor,
    copied: Future | None = None,
    previewed: Sequence[waiting.Waiting] = (),
    renderer: Renderer | None = None,
) -> Release:
    """Every file of the release under `release.path`; the release with the digests of what it is made of. Of a preview (`previewed`: what it
    is about) the descriptions for catalogues and the workbooks to send are left out. `copied`: what `copy_rows` began, if it did."""
    from publication import (
        package,
        portal,
        returns,
        workbook,
    )  # slow to import, and of no use on a night that changes nothing

    candidate, releases, now = desk.candidate, desk.releases, desk.now
    verdict = waiting.silent(desk.verdict, waits)
    public, data = release.public, release.public / "data"
    data.mkdir(parents=True)
    copied = copied or copy_rows(desk, release.path, worker)
    contents: dict[str, pa.Table] = {}
    for name, entry in shipped.items():
        if entry.data is not None and entry.table is not None:
            (data / f"{name}.parquet").write_bytes(entry.data)
            contents[name] = entry.table
            (data / f"{name}.csv").write_bytes(tables.csv_bytes(contents[name]))
    shutil.copyfile(candidate / "dictionary.json", release.dictionary)
    traced = worker.submit(_write_rows, copied, release, contents, releases)
    before = released_tables(base) if base else {}
    changes = changelog.compare(before, contents)
    moved = changelog.statuses_changed(base.datasets if base else {}, release.datasets)
    counts = changelog.counted(changes)
    version = _version(release, base, releases, before, contents, names)
    release = replace(
        release,
        revisions=counts,
        version=version.number,
        step=version.step,
        definitions=_definitions(release, base, contents, names),
    )
    earlier = [(r.number, r.made_at, changelog.summary(r.revisions)) for r in _before(releases, release)]
    (public / "CHANGELOG.md").write_text(
        (f"> {wording.NOT_PUBLISHED}\n\n" if release.is_preview else "")
        + changelog.markdown(release.number, now, changes, moved, names, release.previous, earlier, version),
        encoding="utf-8",
    )
    (public / "QUALITE.json").write_text(quality.write(verdict, release.datasets, release.disclosure), encoding="utf-8")
    revised = changelog.revised(changes) if base else set()
    edition = portal.Edition(
        release=release,
        tables=contents,
        labels=names,
        supply=supply,
        verdict=verdict,
        changes=changes if base else [],
        moved=moved if base else [],
        earlier=earlier,
        revised=revised,
        before=before,
        made_at=now,
        books=[]
        if release.is_preview
        else returns.write(public, candidate, names, waits, release=release.number, made_at=now),
        previewed=previewed,
    )
    pages = portal.Portal(public, edition, renderer)  # its charts are drawn while the rest is written
    workbook.write(
        public / "observatoire.xlsx",
        contents,
        pages.lines,
        release.datasets,
        names,
        release=release,
        made_at=now,
    )
    if not release.is_preview:
        package.write(
            package.Package(
                publisher=package.read_publisher(),
                release=release,
                version=version,
                made_at=now,
                tables=package.tables_of(contents, release.dictionary, names, _issued(release, releases)),
                labels=names,
                supply=supply,
                public=public,
            )
        )
    traced.result()
    portal.write(pages)
    (public / SUMS).write_text(sums(public), encoding="utf-8")
    release = replace(
        release,
        files={
            path: hashlib.sha256((release.path / path).read_bytes()).hexdigest()
            for path in ("analysts/warehouse.duckdb", "analysts/dictionary.json", f"public/{SUMS}")
        },
    )
    (release.path / shelf.RELEASE_FILE).write_text(release.as_json(), encoding="utf-8")
    return release


def _write_rows(copied: Future, release: Release, contents: Mapping[str, pa.Table], releases: Path) -> None:
    """What leaves, into the warehouse of analysts, and where each public figure comes from in it."""
    copied.result()
    warehouse.add_figures(contents, release.warehouse)
    for found in _origins(release, contents, releases):
        trace.write(release.public, found)


def _definitions(
    release: Release, base: Release | None, contents: Mapping[str, pa.Table], names: labels.Labels
) -> versions.Definitions:
    """What the figures mean: of tonight's tables by tonight's definitions, of a carried one by those it was made with."""
    found = versions.definitions_of(contents, names.indicators)
    carried = {name for name, status in release.datasets.items() if status.status == CARRIED}
    kept = base.definitions if base else {}
    return {name: kept.get(name, made) if name in carried else made for name, made in found.items()}


def _version(
    release: Release,
    base: Release | None,
    releases: Path,
    before: Mapping[str, pa.Table],
    contents: Mapping[str, pa.Table],
    names: labels.Labels,
) -> versions.Version:
    given = [earlier.version for earlier in _before(releases, release, limit=10**6)]
    now = (_definitions(release, base, contents, names), contents)
    return versions.next_version(given, (base.definitions, before) if base else None, now)


def _issued(release: Release, releases: Path) -> dict[str, str]:
    """Date of the release that made each table: tonight, or that of the one it is carried from."""
    dates = {}
    for name in release.datasets:
        made_by = release.made_by(name, releases)
        with contextlib.suppress(OSError):
            made_at = release.made_at if made_by is release else shelf.read_release(made_by.path).made_at
            dates[name] = made_at[:10]
    return dates


def _origins(release: Release, datasets: Iterable[str], releases: Path) -> Iterator[dict[str, dict]]:
    """Where each figure of each dataset comes from, by programme; of a carried one, in the release that made it."""
    made_by: dict[Path, tuple[Release, list[str]]] = {}
    for name in datasets:
        made = release.made_by(name, releases)
        made_by.setdefault(made.path, (made, []))[1].append(name)
    for made, names in made_by.values():
        if made.warehouse.exists():
            with trace.opened(made.warehouse) as connection:
                yield from trace.documents(connection, trace.of_dictionary(made.dictionary), names, release=made.number)


SUMS = "SHA256SUMS"


def sums(public: Path) -> str:
    """What `sha256sum --check` reads in `public/`: every file but the list itself."""
    files = sorted(path for path in public.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(public).as_posix()}\n" for p in files)


def released_tables(release: Release) -> dict[str, pa.Table]:
    """The datasets of a release that can still be read, by name; `verify` says which cannot."""
    found = {}
    for name, status in release.datasets.items():
        if status.is_available:
            with contextlib.suppress(OSError, pa.ArrowException):
                found[name] = tables.read_parquet((release.public / "data" / f"{name}.parquet").read_bytes())
    return found


def _before(releases: Path, release: Release, limit: int = 100) -> list[Release]:
    """Releases announced before this one, newest first."""
    hidden = set(shelf.unannounced(releases))
    numbers = [n for n in reversed(shelf.directories(releases)) if n < release.number and n not in hidden]
    return [shelf.read_release(releases / str(n)) for n in numbers[:limit]]
