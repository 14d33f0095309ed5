"""What somebody decided by hand: these identities are not one person, or these two persons are one.

Here: the list of decisions, kept encrypted in the vault with author, date and reason, and the pairs that follow from it. Nothing is ever removed
from the list: taking a decision back is a decision too. Not here: what the night makes of these pairs (`clusters.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Literal

from identity.cipher import Tampered, VaultError
from identity.keys import locked, private_directory, replace_file
from identity.matching.registry import FOLDER
from identity.mentions import MASK, Identifiers
from identity.tombstones import Tombstone
from identity.vault import Vault

Kind = Literal["split", "merge", "undo"]
_FILE = "decisions.sealed"


@dataclass(frozen=True)
class Decision:
    """One decision. `left`, `right`: fingerprints of identities; `undone`: the number of the decision that this one takes back."""

    number: int
    kind: Kind
    left: tuple[int, ...]
    right: tuple[int, ...]
    author: str
    decided_at: str
    reason: str
    undone: int | None = None


def decisions(vault: Vault) -> list[Decision]:
    """Every decision, oldest first. Raises Tampered."""
    path = path_of(vault)
    if not path.exists():
        return []
    sealed = path.read_text(encoding="ascii", errors="replace")
    text = vault.cipher.open_text(sealed, purpose="matching", context="decisions")
    try:
        return [
            Decision(**{**line, "left": tuple(line["left"]), "right": tuple(line["right"])})
            for line in json.loads(text)
        ]
    except (ValueError, KeyError, TypeError):
        raise Tampered("La liste des décisions de rapprochement est illisible.") from None


def decide(
    vault: Vault, kind: Kind, left: Iterable[int], right: Iterable[int], *, reason: str, undone: int | None = None
) -> Decision:
    """Add a decision, logged in the access log. The next matching follows it. Raises VaultError without a reason."""
    reason = reason.strip()
    if not reason:
        raise VaultError("Une décision de rapprochement se motive : dites pourquoi.")
    left, right = tuple(left), tuple(right)
    vault.log.record("matching", "decide", [f"{FOLDER}/{kind}"], len(left) + len(right))
    private_directory(vault.directory / FOLDER)
    with locked(vault.directory):
        made = decisions(vault)
        decision = Decision(
            len(made) + 1, kind, left, right, vault.log.actor, datetime.now(UTC).isoformat(timespec="seconds"), reason, undone,
        )  # fmt: skip
        _write(vault, [*made, decision])
    return decision


def path_of(vault: Vault) -> Path:
    """The file of the list, which is there once somebody decided."""
    return vault.directory / FOLDER / _FILE


def undo(vault: Vault, number: int, *, reason: str) -> Decision:
    """Take back decision `number`. Raises VaultError when there is none in force."""
    if number not in {decision.number for decision in in_force(decisions(vault))}:
        raise VaultError(f"Aucune décision n° {number} en vigueur.")
    return decide(vault, "undo", (), (), reason=reason, undone=number)


def in_force(made: Sequence[Decision]) -> list[Decision]:
    """Splits and merges that nobody took back."""
    undone = {decision.undone for decision in made}
    return [decision for decision in made if decision.kind != "undo" and decision.number not in undone]


def pairs(made: Sequence[Decision]) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """Pairs of fingerprints (smaller first) to keep apart, and to join. Of two decisions on one pair the later one holds."""
    verdicts: dict[tuple[int, int], Kind] = {}
    for decision in in_force(made):
        for x, y in product(decision.left, decision.right):
            verdicts[min(x, y), max(x, y)] = decision.kind
    apart = {pair for pair, kind in verdicts.items() if kind == "split"}
    return apart, verdicts.keys() - apart


def concerning(
    vault: Vault, fingerprints: Iterable[int], masks: Identifiers
) -> tuple[dict[str, tuple[int, ...]], tuple[str, ...]]:
    """What `forget` would take: decisions (`key_of`) → the fingerprints, and the decisions whose reason names the person. So a tombstone
    says it, and it is taken again from an older list that was put back."""
    gone, made = set(fingerprints), decisions(vault)
    theirs = {key_of(decision): tuple(x for x in (*decision.left, *decision.right) if x in gone) for decision in made}
    named = tuple(key_of(decision) for decision in made if masks.is_in(decision.reason))
    return {key: found for key, found in theirs.items() if found}, named


def key_of(decision: Decision) -> str:
    """Tells a decision from another of the same number, of a list that went on otherwise."""
    return f"{decision.number} {decision.decided_at}"


def forget_again(vault: Vault, tombstones: Iterable[Tombstone]) -> int:
    """Take erased persons out of a list of decisions that an older vault brought back; of how many. What their reasons said goes whole: nobody
    knows any more which words named the person."""
    theirs: dict[str, set[int]] = {}
    named: set[str] = set()
    for stone in tombstones:
        named |= {*stone.reasons}
        for key, found in stone.decisions.items():
            theirs.setdefault(key, set()).update(found)
    return _replace_each(
        vault,
        lambda decision: _without(
            decision, theirs.get(key_of(decision), set()),
            MASK if key_of(decision) in named and MASK not in decision.reason else decision.reason,
        ),
    )  # fmt: skip


def forget(vault: Vault, fingerprints: Iterable[int], masks: Identifiers) -> int:
    """Take the identities of an erased person, and what names the person in a reason, out of the decisions; how many held some.

    The decisions stay, with their numbers: about nobody, they decide nothing any more.
    """
    gone = set(fingerprints)
    return _replace_each(vault, lambda decision: _without(decision, gone, masks.masked(decision.reason)))


def _without(decision: Decision, gone: set[int], reason: str) -> Decision:
    left, right = (tuple(x for x in side if x not in gone) for side in (decision.left, decision.right))
    return replace(decision, left=left, right=right, reason=reason)


def _replace_each(vault: Vault, change: Callable[[Decision], Decision]) -> int:
    """Write the list anew where one of its decisions changes; how many do."""
    with locked(vault.directory):
        made = decisions(vault)
        kept = [change(decision) for decision in made]
        changed = sum(before != after for before, after in zip(made, kept, strict=True))
        if changed:
            _write(vault, kept)
    return changed


def _write(vault: Vault, made: Sequence[Decision]) -> None:
    text = json.dumps([asdict(item) for item in made], ensure_ascii=False)
    sealed = vault.cipher.seal_text(text, purpose="matching", context="decisions")
    replace_file(path_of(vault), sealed.encode("ascii"))
