"""`observatoire releases waiting`, `preview` and `approve`: what waits, how it would look, letting it leave.

Belongs here: finding the candidate that waits, and the words. Does not belong here: what has to wait, what an approval is of
(`publication`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from identity.access import system_user
from orchestration import rooms
from orchestration.candidates import SEALED, Candidate, latest
from orchestration.exit_codes import DONE, FAILED, NOT_WHOLE
from orchestration.home import Home
from orchestration.lock import is_night_under_way
from orchestration.night import Night, StructureFailed
from publication.decision import Refused
from publication.preview import approve as note_approval
from publication.preview import list_waiting
from publication.preview import preview as write_preview
from publication.waiting import Waiting

if TYPE_CHECKING:
    from orchestration.console import Lines
    from publication.decision import Desk

PAGE = "index.html"


def print_waiting(home: Home, lines: Lines) -> None:
    _between_nights(home)
    found = list_waiting(_desk(home)) if _candidate(home) else []
    _say(lines, found)
    if found and (home.preview / PAGE).exists():
        lines.say(f"Aperçu, non publié : {home.preview / PAGE}")


def preview(home: Home, lines: Lines) -> None:
    _between_nights(home)
    found = write_preview(_desk(home), home.preview) if _candidate(home) else []
    _say(lines, found)
    if found:
        lines.say(f"Aperçu écrit, non publié : {home.preview / PAGE}")


def approve(home: Home, lines: Lines, dataset: str, by: str, seen: str) -> int:
    """Note the approval, then publish what need not wait any more. An exit code: 3 when the table goes on waiting for want of an approval."""
    night = Night(home)
    with night.under_lock():
        desk = _desk(home)
        try:
            found = note_approval(desk, dataset, home.preview, by=by or system_user(), seen=seen)
        except Refused as refused:
            lines.say(str(refused))
            return NOT_WHOLE
        if found is None:
            lines.say(f"Rien n'attend pour {dataset} : ce qui est publié est à jour.")
            return DONE
        is_new = found.approved is not None and found.approved["at"] == desk.now.isoformat()
        said = "approuvé" if is_new else "déjà approuvé" if found.approved else "ne demande pas d'approbation"
        lines.say(f"{dataset} ({found.fingerprint}) : {said}. {found.sentence()}")
        if found.waits:
            return DONE
        try:
            release = night.publish()
        except StructureFailed as failure:
            lines.say(failure.sentence)
            return night.outcome.exit_code if night.outcome else FAILED
        lines.say(f"Version {release.number} : {home.current_release / 'public' / PAGE}")
        return DONE


def _say(lines: Lines, found: list[Waiting]) -> None:
    if not found:
        lines.say("Rien n'attend : tout ce qui tient est publié.")
    for waits in found:
        lines.say(f"{waits.dataset} ({waits.fingerprint}) : {waits.changed}. {waits.sentence()}")
        if waits.may_be_approved:
            lines.say(f"    {waits.command}")


def _candidate(home: Home) -> Candidate | None:
    """The one that a publication without a night would take."""
    return latest(home.warehouse, SEALED)


def _between_nights(home: Home) -> None:
    """Raises Refused while a night makes another candidate: what waits is not known, and looking would hold the shelf."""
    if is_night_under_way(home.lock):
        raise Refused("Une nuit est en cours : ce qui attend sera connu quand elle sera finie.")


def _desk(home: Home) -> Desk:
    """The newest candidate, its verdict, the shelf. Raises Refused when there is none that the rules in force have judged."""
    candidate = _candidate(home)
    verdict = rooms.bound_verdict(home, candidate) if candidate else None
    if candidate is None or verdict is None:
        raise Refused(
            "Il n'y a pas de version candidate contrôlée par les règles en vigueur : lancez `observatoire run --force`."
        )
    return rooms.desk(home, candidate, verdict, _now())


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
