"""Which column feeds which field: the entity that fits best, and for each column the slot and the reason, in French.

Evidence, from the strongest: a template or a contract of the same entity has this header; the header says a known word; the
values look like what the slot holds. A header whose values contradict it is not believed. Not here: the YAML (`writing.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rulebook.numbers import agreed, grouped, plural
from sources.contract import LoadedContract, header_key
from sources.drafting.lookalikes import OF_PERSONS, Column, read_as
from sources.drafting.words import HALLMARKS, WORDS
from sources.entities import ENTITIES, Entity, Slot
from sources.values.text import fold

FROM_TEMPLATE, WHOLE_WORD, INSIDE, BY_VALUES = 3.0, 2.5, 1.6, 1.0
AGREEING = 0.5
CONSTANTS = ("programme", "event", "status", "counts")
"""Required slots that a contract may give a fixed value."""


_folded = lru_cache(maxsize=1 << 12)(fold)
_pattern = lru_cache(maxsize=None)(re.compile)


@dataclass(frozen=True)
class Known:
    """A header that a shipped template or contract reads: for which entity and slot, and where it was met."""

    entity: str
    slot: str
    where: str


def known_headers(
    templates: Mapping[str, LoadedContract], contracts: Mapping[str, LoadedContract]
) -> dict[str, tuple[Known, ...]]:
    """header key → what templates and contracts read it as."""
    found: dict[str, list[Known]] = {}
    for word, loaded in [("du modèle", templates), ("du contrat", contracts)]:
        for name, each in sorted(loaded.items()):
            for slot, read in each.contract.fields.items():
                for header in read.headers:
                    found.setdefault(header_key(header), []).append(Known(each.contract.entity, slot, f"{word} {name}"))
    return {key: tuple(places) for key, places in found.items()}


@dataclass(frozen=True)
class Match:
    """A column proposed for a slot. `reason` is French and quotes no value."""

    slot: Slot
    column: Column
    score: float
    reason: str


@dataclass
class Proposal:
    """What a sheet could feed: the entity, a match per slot (several for a slot made of columns), and the columns left,
    each with what to look at."""

    entity: Entity
    score: float
    matches: dict[str, list[Match]] = field(default_factory=dict)
    left: list[tuple[Column, str]] = field(default_factory=list)

    @property
    def by_headers(self) -> bool:
        """Whether a header at least says something, beyond what values look like."""
        return any(match.score >= INSIDE for matches in self.matches.values() for match in matches) or any(
            "serait" in said or "son nom" in said for _, said in self.left
        )

    @property
    def missing(self) -> list[Slot]:
        """Required slots without a column."""
        return [slot for slot in self.entity.slots.values() if slot.required and slot.name not in self.matches]


def propose(columns: Iterable[Column], known: dict[str, tuple[Known, ...]], *, only: str | None = None) -> Proposal:
    """The best entity for these columns (or the one named `only`), and its mapping. Ties go to the order of the entities."""
    columns = list(columns)
    proposals = [_for_entity(entity, columns, known) for entity in ENTITIES.values()]
    best = max((each for each in proposals if only in (None, each.entity.name)), key=lambda each: each.score)
    _say_what_is_left(best, columns, proposals)
    return best


def _for_entity(entity: Entity, columns: list[Column], known: dict[str, tuple[Known, ...]]) -> Proposal:
    matches = [
        match
        for column in columns
        for slot in entity.slots.values()
        if (match := _match(entity, slot, column, known)) is not None
    ]
    order = {slot: rank for rank, slot in enumerate(entity.slots)}
    matches.sort(key=lambda match: (-match.score, match.column.index, order[match.slot.name]))
    proposal, taken = Proposal(entity, 0.0), set()
    for match in matches:
        several = match.slot.name == "present" and match.score >= WHOLE_WORD
        if match.column.index in taken or (match.slot.name in proposal.matches and not several):
            continue
        taken.add(match.column.index)
        proposal.matches.setdefault(match.slot.name, []).append(match)
    proposal.score = _score(proposal, columns)
    return proposal


def _score(proposal: Proposal, columns: list[Column]) -> float:
    entity, matches = proposal.entity, proposal.matches
    score = sum(max(match.score for match in found) for found in matches.values())
    score += 1.5 * sum(1 for slot in HALLMARKS[entity.name] if slot in matches)
    unheard = [slot for slot in proposal.missing if slot.name not in CONSTANTS and slot.name not in _keys(entity)]
    score -= 2.5 * len(unheard)
    if not any(slot in matches for slot in HALLMARKS[entity.name]):
        score -= 3
    if not entity.personal:
        score -= 1.5 * sum(1 for column in columns if column.of_persons or _names_a_person(column))
    return score


def _keys(entity: Entity) -> list[str]:
    return [slot.name for slot in entity.slots.values() if set(slot.columns) & set(entity.key)]


def _names_a_person(column: Column) -> bool:
    words = WORDS["registration"]
    return any(re.fullmatch(words[slot], _folded(column.label)) for slot in ("given_name", "full_name", "email"))


def _match(entity: Entity, slot: Slot, column: Column, known: dict[str, tuple[Known, ...]]) -> Match | None:
    evidence = _evidence(entity, slot, column, known)
    if evidence is None:
        return None
    score, reason = evidence
    if _is_contradicted(entity, slot, column, by_template=score >= FROM_TEMPLATE):
        return None
    readable = read_as(slot, column)
    if readable is not None and column.filled:
        if readable * 2 < column.filled:
            return None
        score += AGREEING * readable / column.filled
        reason += f" ; {plural(readable, 'valeur')} sur {grouped(column.filled)} {agreed(readable, 'se lit', 'se lisent')} comme {_as(slot)}"
    return Match(slot, column, score, reason)


def _evidence(
    entity: Entity, slot: Slot, column: Column, known: dict[str, tuple[Known, ...]]
) -> tuple[float, str] | None:
    """The strongest that speaks for the slot: its weight, and what it is in French."""
    label, word = _folded(column.label), WORDS[entity.name].get(slot.name)
    if "naissance" in label:
        return None
    for each in known.get(header_key(column.label), ()):
        if each.slot == slot.name and each.entity == entity.name:
            return FROM_TEMPLATE, f"en-tête identique à celui {each.where}"
    if word and _pattern(word).fullmatch(label):
        return WHOLE_WORD, "l'en-tête le dit"
    if word and len(label) > 3 and (inside := _inside(word, label)):
        return INSIDE, f"l'en-tête contient « {inside} »"
    if _by_values(slot, column):
        return BY_VALUES, "l'en-tête ne dit rien, les valeurs si"
    return None


def _is_contradicted(entity: Entity, slot: Slot, column: Column, *, by_template: bool) -> bool:
    """Whether the values are none of this slot, whatever the header says. A template is believed more (`by_template`): its titles may
    be numbers, its keys may come twice."""
    is_no_name = column.kind in _NOT_NAMES
    if slot.kind == "personal":
        return is_no_name and slot.role not in (*OF_PERSONS, "signature", "free_text")
    if column.of_persons:
        return True
    if by_template:
        return False
    if slot.kind in ("text", "labels", "themes", "place"):
        return is_no_name and slot.name not in _OFTEN_NUMBERS
    return slot.kind == "identifier" and slot.name in _keys(entity) and column.distinct < column.filled


_OFTEN_NUMBERS = ("postcode", "headcount", "member", "dimension")
_NOT_NAMES = ("number", "amount", "date", "instant", "time", "boolean", "siret", "url")


def _inside(word: str, label: str) -> str | None:
    """The longest whole alternative of `word` found inside the header; open ones (`.*`) do not count."""
    plain = word.replace("( .*)?", "")
    if ".*" in plain:
        return None
    found = [match.group(0).strip() for match in _pattern(rf"\b(?:{plain})\b").finditer(label)]
    found = [each for each in found if len(each) > 3 and each not in _VAGUE]
    return max(found, key=len) if found else None


_VAGUE = (
    "participant",
    "participante",
    "personne",
    "action",
    "type",
    "mode",
    "code",
    "statut",
    "etat",
    "etablissement",
    "site",
)
"""Words that stand in too many headers to say anything when they are not the whole of one."""


def _by_values(slot: Slot, column: Column) -> bool:
    """Values that say it alone: addresses, phones and SIRET numbers are nothing else."""
    wanted = {"email": "email", "phone": "phone", "siret": "siret"}.get(slot.role or slot.kind)
    return wanted is not None and column.filled > 0 and column.kind == wanted


def _as(slot: Slot) -> str:
    named = {
        "date": "des dates", "instant": "des dates", "count": "des nombres de personnes", "siret": "des SIRET", "boolean": "oui ou non",
        "department": "des départements", "region": "des régions", "email": "des adresses électroniques", "phone": "des téléphones",
        "amount": "des montants", "score": "des notes", "recommendation": "des notes", "minutes": "des durées",
    }  # fmt: skip
    kind = slot.role if slot.kind == "personal" else slot.name if slot.kind == "hint" else slot.kind
    return named.get(kind or "", "attendu")


def _say_what_is_left(proposal: Proposal, columns: list[Column], proposals: list[Proposal]) -> None:
    read = {match.column.index for matches in proposal.matches.values() for match in matches}
    for column in columns:
        if column.index in read:
            continue
        said = column.said()
        if column.of_persons or _names_a_person(column):
            said += " ; semble nommer des personnes, à ne lire que dans un champ « privacy: direct »"
        elif slot := _elsewhere(column, proposal, proposals):
            said += f" ; {slot}"
        proposal.left.append((column, said))


def _elsewhere(column: Column, proposal: Proposal, proposals: list[Proposal]) -> str | None:
    """Why a column that a word or its values would map stays out: its slot is taken, or belongs to another entity."""
    word = next(
        (slot for slot, word in WORDS[proposal.entity.name].items() if _pattern(word).fullmatch(_folded(column.label))),
        None,
    )
    if word in proposal.matches:
        return f"« {word} » est déjà lu dans « {proposal.matches[word][0].column.label} »"
    if word is not None:
        return f"son nom dit « {word} », ses valeurs non"
    for other in proposals:
        for slot, matches in other.matches.items():
            if other is not proposal and any(m.column.index == column.index and m.score >= WHOLE_WORD for m in matches):
                return f"serait « {slot} » pour une source de type {other.entity.name}"
    return None
