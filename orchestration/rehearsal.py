"""`observatoire rehearse`: the next night on a copy of the state; what it would publish, and how that differs from what is published.

Run from another checkout (other models, contracts, corrections, controls) with the same OBSERVATOIRE_HOME, it is what a change of rules does to
the figures. Belongs here: the night without history or alerts, the comparison. Does not belong here: its steps (`night`), the words (`command`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestration.home import Home, Settings
from orchestration.home_copy import copied
from orchestration.lock import only_one_night
from orchestration.night import Night, Outcome

if TYPE_CHECKING:
    from publication.changelog import Change
    from publication.shelf import Release


@dataclass(frozen=True)
class Rehearsed:
    """How the night would end. `before`: the release that is current, `after`: the one it would make, None when it would make none;
    `changes`: from one to the other, where there are both; `waiting`: what the tables that would wait (`outcome.waits`) would change in
    `before` once they leave."""

    outcome: Outcome
    before: Release | None = None
    after: Release | None = None
    changes: tuple[Change, ...] = ()
    waiting: tuple[Change, ...] = ()


def rehearse(home: Home, settings: Settings) -> Rehearsed:
    """The next night, and nothing of it stays but its log when it fails. Platforms are asked as at night. Raises AnotherNight, and VaultError where
    the identities cannot be read."""
    with only_one_night(home.ensure().lock):
        _record(home)
        return _rehearsed(home, replace(settings, alert_smtp="", alert_webhook="", heartbeat_url=""))


def _rehearsed(home: Home, quiet: Settings) -> Rehearsed:
    from publication import preview, releases

    with copied(home) as aside, _in(aside):
        night = Night(aside, quiet)
        with night.under_lock():
            night.builder.start()
            night.auditor.start()
            outcome = night.whole()
        for log in aside.logs.iterdir():
            shutil.move(log, home.logs / log.name)
        before = releases.current(home.releases)
        waiting = tuple(preview.changes(aside.preview, before))
        if not outcome.changed:
            return Rehearsed(outcome, before, waiting=waiting)
        after = releases.show(aside.releases)
        return Rehearsed(outcome, before, after, tuple(releases.diff(before, after)) if before else (), waiting)


def _record(home: Home) -> None:
    """The access log of the home says that its identities are read: what the copy's own says of it goes with the copy."""
    from identity.keys import holds_identities
    from identity.vault import Vault
    from sources.ledger import deliveries, open_ledger

    if holds_identities(home.vault):
        vault = Vault(home.vault)
        held = {(stored.source, stored.delivery_id) for stored in vault.deliveries()}
        with open_ledger(home.ledger) as ledger:
            rows = sum(
                row["rows_accepted"] for row in deliveries(ledger) if (row["source"], row["delivery_id"]) in held
            )
        vault.log.record("matching", "read", ["/".join(key) for key in sorted(held)], rows)


@contextmanager
def _in(home: Home) -> Iterator[None]:
    """Processes begun meanwhile work in this home (`Home.from_environment`)."""
    name = "OBSERVATOIRE_HOME"
    known = os.environ.get(name)
    os.environ[name] = str(home.root)
    try:
        yield
    finally:
        if known is None:
            del os.environ[name]
        else:
            os.environ[name] = known
