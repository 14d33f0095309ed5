"""Looking at what waits, and approving it.

Belongs here: the list of what waits, a portal of how it would look, written beside the shelf and never part of a release, and the line of
the journal that approves a content. It goes through the same decisions and the same secrecy as a publication. Does not belong here:
releasing: after an approval, `publish` is asked again, and opens by itself.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from publication import calendar as calendars
from publication import changelog, labels, shelf, tables, waiting
from publication.decision import Decided, Desk, Refused, released_tables, settle
from publication.files import beside, write_files
from publication.shelf import Release
from publication.waiting import FRESH, Waiting

SHOWN = "apercu.json"
"""In the preview: the content (sha256) of each table that it shows and that waits."""


def list_waiting(desk: Desk) -> list[Waiting]:
    """What waits, as it would leave now. Raises Refused."""
    try:
        with shelf.locked(desk.releases):
            return _waiting(desk, settle(desk))
    except shelf.Busy as busy:
        raise Refused(str(busy)) from None


def preview(desk: Desk, place: Path) -> list[Waiting]:
    """Write under `place` the portal of what would leave if nothing had to wait; what waits. With nothing that waits there is no preview.

    Raises Refused, also while somebody else writes on the shelf."""
    try:
        with shelf.locked(desk.releases):
            decided = settle(desk)
            found = _waiting(desk, decided)
            if not found:
                shelf.discard(place)
                return []
            aside = desk.releases / f"{shelf.TEMPORARY}preview"
            try:
                _draw(desk, decided, found, aside)
                _swap(aside / "public", place)
            finally:
                shelf.discard(aside)
            return found
    except shelf.Busy as busy:
        raise Refused(str(busy)) from None


def changes(place: Path, before: Release | None) -> list[changelog.Change]:
    """What the tables that the preview at `place` shows and that wait would change in `before`; nothing without a preview."""
    try:
        shown = json.loads((place / SHOWN).read_text(encoding="utf-8"))
    except OSError:
        return []
    new = {name: tables.read_parquet((place / "data" / f"{name}.parquet").read_bytes()) for name in shown}
    old = released_tables(before) if before else {}
    return changelog.compare({name: old[name] for name in new.keys() & old.keys()}, new)


def _draw(desk: Desk, decided: Decided, found: list[Waiting], aside: Path) -> None:
    names, supply = labels.read(desk.candidate / "warehouse.duckdb")
    release = Release(
        number=decided.number,
        path=aside,
        made_at=desk.now.isoformat(),
        candidate_hash=desk.verdict.candidate_hash,
        suites_hash=desk.verdict.suites_hash,
        datasets={name: entry.status for name, entry in decided.ready.items()},
        fingerprint="",
        previous=decided.base.number if decided.base else None,
        data_until=supply.data_until,
        disclosure=dict(decided.secrecy_if_ready),
        is_preview=True,
    )
    with beside() as worker:
        write_files(release, desk, decided.ready, {}, names, supply, decided.base, worker=worker, previewed=found)
    shown = {waits.dataset: waits.sha256 for waits in found}
    (aside / "public" / SHOWN).write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")


def _swap(made: Path, place: Path) -> None:
    """Put the preview in its place, for its owner alone: what it shows is not public yet."""
    os.chmod(made, 0o700)
    shelf.discard(place)
    os.rename(made, place)


def approve(desk: Desk, dataset: str, place: Path, *, by: str, seen: str = "") -> Waiting | None:
    """Note that the content of a table that waits was looked at and may leave; what it waits for then, None when nothing of it waits.
    Raises Refused.

    What was looked at is what the preview at `place` shows, or the fingerprint `seen`; when the content that waits is another, nothing
    is approved. A content that is approved already stays so.
    """
    if not by.strip() or "@" in by or len(by) > 80:
        raise Refused("Dites qui approuve par son rôle, par exemple --by direction (80 signes au plus, pas d’adresse).")
    try:
        with shelf.locked(desk.releases):
            decided = settle(desk)
            if dataset not in decided.shipped:
                raise Refused(f"«\u00a0{dataset}\u00a0» n’est pas un tableau. Tableaux : {', '.join(decided.shipped)}.")
            found = next((each for each in _waiting(desk, decided) if each.dataset == dataset), None)
            status = decided.ready[dataset].status
            if found is None and status.status not in FRESH:
                raise Refused(
                    f"«\u00a0{dataset}\u00a0» ne passe pas ses contrôles, une approbation n’y change rien. {' '.join(status.reasons)}"
                )
            if found is None:
                return None
            if not _was_seen(found, place, seen):
                raise Refused(
                    f"Ce qui attend n’est pas ce qui a été regardé (empreinte {found.fingerprint}) : refaites l’aperçu avec "
                    "`observatoire releases preview`, regardez-le, puis approuvez."
                )
            if found.may_be_approved:
                shelf.note(desk.releases, "approved", at=desk.now, dataset=dataset, sha256=found.sha256, by=by.strip())
            return next(each for each in _waiting(desk, settle(desk)) if each.dataset == dataset)
    except shelf.Busy as busy:
        raise Refused(str(busy)) from None


def _was_seen(found: Waiting, place: Path, seen: str) -> bool:
    if seen:
        return len(seen) >= 8 and found.sha256.startswith(seen.lower())
    try:
        shown = json.loads((place / SHOWN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return shown.get(found.dataset) == found.sha256


def _waiting(desk: Desk, decided: Decided) -> list[Waiting]:
    """Tables of the calendar, that quote one, or that waited when the current release was made, whose new figures are not in it."""
    rules = calendars.read(desk.calendar, decided.shipped)
    given = waiting.approvals(desk.releases)
    before = released_tables(decided.base) if decided.base else {}
    waited = {name for name, status in decided.base.datasets.items() if status.waits} if decided.base else set()
    found = []
    for name, entry in decided.ready.items():
        status = decided.waits.get(name)
        if entry.status.status not in FRESH or (
            status is None and (name not in {*rules, *waited} or waiting.is_same(name, entry, decided.base))
        ):
            continue
        needs = name in rules and rules[name].needs_approval
        old = {name: before[name]} if name in before else {}
        changes = changelog.compare(old, {name: entry.table})
        found.append(
            Waiting(
                dataset=name,
                sha256=entry.status.digest,
                reasons=status.reasons if status else (),
                waits=status.waits if status else "",
                approved=given.get((name, entry.status.digest)),
                needs_approval=needs,
                changed=changelog.summary(changelog.counted(changes)),
            )
        )
    return found
