"""The only door: from a candidate and the verdict on exactly its bytes to a release.

Belongs here: writing a release so that a reader never sees half of one. Nothing else writes `releases/`, except `releases.rollback`, which
moves the pointer only. Does not belong here: what becomes of each dataset (`decision`), the files (`files`).

When no new release is made (`Release.changed` is False and nothing at all is left behind):
  - the candidate gives what `current` already holds: same bytes of every dataset, same statuses, reasons and reserves,
    same deliveries and rows set aside;
  - or it gives what somebody rolled back from since the last publication. Otherwise the next night, with nothing new,
    would silently undo the rollback. Any new fact makes a new release, carried on from the version rolled back to.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import Verdict
from expectations import suite as suites_on_disk
from publication import calendar as calendars
from publication import contacts, labels, shelf, warehouse
from publication.decision import (
    Desk,
    Opened,
    Refused,
    already_released,
    fingerprint_of,
    open_shelf,
    refuse_other_candidate,
    settle,
)
from publication.files import beside, copy_rows, write_files
from publication.secrecy import Settled
from publication.shelf import Release

if TYPE_CHECKING:
    from publication.portal.drawing import Renderer

SHELF_FREE_WITHIN_S = 120
"""Whoever looks at what waits, or goes back to another version, holds the shelf for seconds: a whole night is not lost for that."""


def publish(
    candidate: Path,
    verdict: Verdict,
    releases: Path,
    *,
    now: datetime,
    suites: Path = suites_on_disk.SUITES,
    calendar: Path = calendars.CALENDAR,
    renderer: Renderer | None = None,
    foreseen: Callable[[], Settled | None] = lambda: None,
) -> Release:
    """Release what the verdict and the calendar allow. Raises Refused when nothing may be: then readers see nothing new.

    `renderer`: a process to draw the charts while the rest is written; without one they are drawn here. `foreseen`: as in `Desk`.
    """
    desk = Desk(Path(candidate), verdict, Path(releases), now, Path(suites), Path(calendar), foreseen)
    try:
        with shelf.locked(desk.releases, SHELF_FREE_WITHIN_S):
            return _publish(desk, renderer)
    except shelf.Busy as busy:
        raise Refused(str(busy)) from None


def _publish(desk: Desk, renderer: Renderer | None) -> Release:
    opened = open_shelf(desk)
    aside = desk.releases / f"{shelf.TEMPORARY}{opened.number}"
    # another candidate makes another release, as a rule
    is_other = opened.base is None or opened.base.candidate_hash != desk.verdict.candidate_hash
    try:
        # kept open: each that names or counts something reads it by itself
        with beside() as worker, warehouse.opened(desk.candidate / "warehouse.duckdb"):
            copied = copy_rows(desk, aside, worker) if is_other else None
            release = _released(desk, opened, aside, worker, copied, renderer)
    except (Exception, KeyboardInterrupt):  # of a full disk too: the next night needs the room
        shelf.discard(aside)
        raise
    if not release.changed:
        shelf.discard(aside)
    return release


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
    # a table that may be empty is no reason for a release
    if not any(entry.data is not None and entry.status.rows for entry in shipped.values()):
        reasons = " ".join(dict.fromkeys(r for entry in shipped.values() for r in entry.status.reasons))
        raise Refused(
            f"Aucun tableau ne peut être publié, et aucune version antérieure n’existe. {reasons}".strip(),
            None if base else {name: entry.status for name, entry in shipped.items()},
        )

    names, supply = labels.read(candidate / "warehouse.duckdb")
    fingerprint = fingerprint_of(shipped, supply, names)
    # what somebody went back from would have come again, were its approval not taken back: that is nothing new either
    prints = {fingerprint, fingerprint_of(decided.ready, supply, names)}
    if base is not None and prints & already_released(releases, base):
        return replace(base, changed=False)
    contacts.refuse({name: entry.table for name, entry in shipped.items() if entry.table is not None}, names, supply)

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
