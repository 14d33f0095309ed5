"""Is there anything new since the last good night? Answered before anything heavy is imported.

Looks at every file of the inbox against the ledger, and at everything else that decides what is published: contracts,
corrections, explanations, decisions on who is one person, references, dbt project, suites, code of the rooms, versions
of the libraries. Standard library only. Does not belong here: doing anything about it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from orchestration.candidates import write_json
from orchestration.fingerprint import Memory, files_under, group_hash, sha256
from orchestration.home import Home
from rulebook.numbers import plural

LIBRARIES = (
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
    "pandas",
    "pyarrow",
    "python-calamine",
    "openpyxl",
    "phonenumbers",
    "splink",
)

RETURNS = "retours"
"""How the ledger names the workbooks that come back (sources.inbox.RETURNS)."""

LEFT = "il reste à publier ce qu'une nuit interrompue, une relecture, un rapprochement ou un effacement a laissé"
"""What `leave_for_next_night` left, in words."""

WORDS = {
    "contracts": "des contrats ont changé",
    "corrections": "des corrections ont changé",
    "explanations": "des explications d'écarts ont changé",
    "references": "des référentiels ont changé",
    "dbt_project": "des modèles de l'entrepôt ont changé",
    "suites": "des règles de contrôle ont changé",
    "calendar": "le calendrier de publication a changé",
    "approvals": "des approbations ont été données",
    "withdrawals": "une version a été retirée",
    "decisions": "des décisions de rapprochement ont été prises",
    "code": "le programme a changé",
    "libraries": "des bibliothèques ont changé",
}


@dataclass(frozen=True)
class Novelty:
    """What one look found. `reasons` (French) is empty when there is nothing to do; `notes` are for whoever runs it; `nb_closed`: files and
    folders of the inbox that the system does not open."""

    files_looked_at: int
    waiting: dict[str, int]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprint: dict[str, str]
    nb_closed: int = 0

    @property
    def is_new(self) -> bool:
        return bool(self.reasons)

    @property
    def is_only_returns(self) -> bool:
        """Whether workbooks that came back are all that is new: when nothing of them is taken, a night has nothing to do."""
        return len(self.reasons) == 1 and self.waiting.keys() == {RETURNS}


def is_anything_new(home: Home) -> Novelty:
    """One look at the inbox and at everything that decides what is published."""
    from identity.matched import current_version
    from identity.under_way import is_any_under_way
    from sources.erased_files import are_tombstones_new, is_lost, replaced_since
    from sources.inbox import look

    seen = look(home.inbox, home.ledger, sources_with_contract(home))
    waiting: dict[str, int] = {}
    for arrival in seen.arrivals:
        waiting[arrival.source] = waiting.get(arrival.source, 0) + 1
    if seen.returns:
        waiting[RETURNS] = len(seen.returns)
    last = last_night(home)
    now = fingerprint(home)
    reasons = []
    if waiting:
        count = sum(waiting.values())
        reasons.append(f"{plural(count, 'livraison')} à lire ({', '.join(sorted(waiting))})")
    if last is None:
        reasons.append("aucune nuit n'a encore abouti")
    else:
        before = last.get("fingerprint", {})
        # what the program of that night did not look at, only another program does
        changed = {group if group in before else "code" for group in WORDS if before.get(group) != now[group]}
        reasons += [words for group, words in WORDS.items() if group in changed]
        if any(datetime.fromisoformat(until) <= datetime.now(UTC) for until in last.get("embargoes", ())):
            reasons.append("un embargo est levé")
        if last.get("release") is not None and not _is_on_shelf(home, last["release"]):
            reasons.append("la version publiée a disparu")
        matched = current_version(home.participants)
        if last.get("matched", matched) != matched:
            reasons.append(
                "le rapprochement des personnes n'est plus celui de la dernière nuit (sauvegarde rétablie ?)"
            )
    platforms = sources_on_platforms(home)
    if platforms:
        reasons.append(f"des plateformes à interroger ({', '.join(platforms)})")
    if is_any_under_way(home.vault):
        reasons.append("un effacement interrompu est à terminer")
    elif is_lost(home.vault):
        reasons.append("la liste des fichiers d'où une personne a été effacée est illisible : tous sont à reprendre")
    elif replaced_since(home.vault) or are_tombstones_new(home.vault):
        reasons.append("des fichiers d'où une personne avait été effacée ont été remplacés (sauvegarde rétablie ?)")
    if home.unfinished.exists():
        reasons.append(LEFT)
    notes = tuple(note.message for note in seen.notes)
    nb_closed = sum(note.rule == "inaccessible" for note in seen.notes)
    return Novelty(seen.nb_files, waiting, tuple(reasons), notes, now, nb_closed)


def _is_on_shelf(home: Home, release: int) -> bool:
    """Whether readers have a release, and the one that the last night left is there too: an older shelf lacks it, when a backup is put back."""
    return home.current_release.exists() and (home.releases / str(release)).is_dir()


def any_return(home: Home) -> bool:
    """Whether a workbook of the observatory came back filled in and was not taken yet."""
    from sources.inbox import look

    return bool(look(home.inbox, home.ledger, sources_with_contract(home), returns_only=True).returns)


def sources_with_contract(home: Home) -> list[str]:
    return sorted(path.stem for path in home.contracts.glob("*.yml"))


def sources_on_platforms(home: Home) -> list[str]:
    """Sources whose contract has an `api` section: only their platform knows whether there is anything new."""
    return sorted(
        path.stem for path in home.contracts.glob("*.yml") if re.search(rb"^api:", path.read_bytes(), re.MULTILINE)
    )


def fingerprint(home: Home) -> dict[str, str]:
    """A hash per group of `WORDS`. The memory of hashes stands in `warehouse/`: only changed files are read."""
    remembered = home.warehouse / "hashes.json"
    memory = _read_json(remembered) or {}
    size, before = len(memory), dict(memory)
    groups: dict[str, tuple[Path, ...]] = {
        "contracts": (home.contracts,),
        "corrections": (home.corrections,),
        "explanations": (home.explanations,),
        "references": (home.references,),
        "dbt_project": (home.dbt_project,),
        "suites": (home.suites,),
        "calendar": (home.calendar,),
    }
    data = {path for roots in groups.values() for path in roots}
    hashes = {group: _hash(home, files_under(*roots), memory) for group, roots in groups.items()}
    code = [
        path
        for path in files_under(*home.rooms_with_rules)
        if home.samples not in path.parents and not data & {path, *path.parents}
    ]
    hashes["code"] = _hash(home, code, memory)
    hashes["approvals"] = _nb_decisions(home, b"approved")
    # taken without the night's lock: a night that is past its matching says by this that it did not follow them
    hashes["decisions"] = sha256(home.decisions, memory) if home.decisions.exists() else ""
    hashes["withdrawals"] = _nb_decisions(home, b"withdrawn")
    hashes["libraries"] = " ".join(f"{name}={_version(name)}" for name in LIBRARIES)
    if len(memory) != size or memory != before:
        home.warehouse.mkdir(parents=True, exist_ok=True)
        write_json(remembered, memory)
    return hashes


def last_night(home: Home) -> dict | None:
    """The record of the last night that went to its end, or None."""
    return _read_json(home.last_night)


def left_by_last_night(home: Home) -> dict | None:
    """What `leave_for_next_night` said, empty when that cannot be read; None when nothing is left."""
    return (_read_json(home.unfinished) or {}) if home.unfinished.exists() else None


def leave_for_next_night(home: Home, **facts: object) -> None:
    """Say that something was landed that no night has published yet: the next one has to, whatever else is new."""
    home.warehouse.mkdir(parents=True, exist_ok=True)
    write_json(home.unfinished, facts)


def _hash(home: Home, files: list[Path], memory: Memory) -> str:
    return group_hash(home.project, files, memory)


def _nb_decisions(home: Home, event: bytes) -> str:
    """How many decisions of a kind the journal of the releases holds: it only grows."""
    try:
        return str((home.releases / "history.jsonl").read_bytes().count(b'"event": "%b"' % event))
    except OSError:
        return "0"


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _read_json(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
