"""Places as typed in a list: a commune and its department, « en visio », both, or nothing.

What belongs here: finding the one commune a label names, and what the label says of the modality. What does not:
addresses and rooms (they stay text), EPCI (dbt joins them from the commune), and deducing a place from an organiser –
never done.

Decisions:

- A commune is found by its whole folded name only, in the department typed beside it or after it (« WALLERS (59) »,
  « Cepoy (Loiret) », « 59000 Lille »). Close names are offered in the refusal, never taken.
- Communes déléguées and associées, and the arrondissements of Paris, Lyon and Marseille, give their commune.
- A place with a commune is `in_person`, `inferred`: somebody names a town, nobody says how people took part.
- An online event has no department, even when one was typed beside it: participants connect from anywhere. The region
  is kept.
- A department without a commune is `located` at the level of the department: `commune_code` is None, and the modality
  stays unknown, since organisers of online events type their own department too.
- Nothing typed is `unknown`; the region of the context is kept.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import NamedTuple

from sources.values import departments
from sources.values.departments import ALL, DEPARTMENTS, REGIONS
from sources.values.refusal import Refused, quote
from sources.values.text import clean, fold, is_missing

_ONLINE = re.compile(
    r"\b(?:en )?(?:visio(?: ?conference)?s?|distanciel|webinaires?|zoom|teams|online|virtuel|en ligne|a distance)\b"
)
_IN_PERSON = re.compile(r"\b(?:en )?(?:presentiel|presence)\b")
_HYBRID = re.compile(r"\b(?:en )?(?:hybride|mixte|bimodal)\b")
_CONNECTORS = re.compile(r"\b(?:et|ou|en|sur|par|via|a|la|le|plus|lien|reunion|format|evenement|uniquement|100)\b")
_DEPARTMENT_NUMBER = re.compile(r"\s*(?:\d{1,3}|2[ab])\s*", re.IGNORECASE)
_POSTCODE = re.compile(r"\b\d{5}\b")
_PARENTHESIS = re.compile(r"\(([^()]*)\)")
_DEPARTMENT_AT_END = re.compile(r"^(.*\D)[\s,-]+(\d{2,3}|2[ab])$", re.IGNORECASE)
_ARRONDISSEMENT = re.compile(r"^(paris|lyon|marseille) (\d{1,2})(?:er|e|eme)?(?: arrondissement)?$")
_CEDEX = re.compile(r"\bcedex(?: \d+)?$")


class Commune(NamedTuple):
    """One row of `reference.commune`; `parent_code` is set for what is part of a commune. A tuple: there are 37,000."""

    code: str
    name: str
    name_key: str
    department_code: str
    region_code: str
    kind: str
    parent_code: str | None


@dataclass(frozen=True)
class Place:
    """Official codes of a place; `status` located, online or unknown; modality and what it rests on."""

    commune_code: str | None = None
    department_code: str | None = None
    region_code: str | None = None
    status: str = "unknown"
    modality: str = "unknown"
    modality_basis: str = "missing"


class Gazetteer:
    """The communes of one vintage by name. Build it once (`sources.references.gazetteer()`), then call `locate`."""

    def __init__(
        self,
        communes: Iterable[Commune],
        *,
        postcodes: Mapping[str, Set[str]] | None = None,
        aliases: Iterable[tuple[str, str]] = (),
        never_located: Iterable[str] = (),
    ) -> None:
        """`postcodes`: postcode → commune codes; `aliases`: folded label, commune code."""
        self._by_name: dict[str, list[Commune]] = {}
        self._current: dict[str, Commune] = {}
        for commune in communes:
            self._by_name.setdefault(commune.name_key, []).append(commune)
            if commune.kind == "commune":
                self._current[commune.code] = commune
        for label_key, code in aliases:
            alias = self._current[code]._replace(name_key=label_key, kind="alias", parent_code=code)
            self._by_name.setdefault(label_key, []).append(alias)
        self._postcodes = postcodes or {}
        self._never_located = frozenset(never_located)

    def communes(self) -> Iterable[Commune]:
        """The communes in their own right, without their parts."""
        return self._current.values()

    def is_name(self, name: str) -> bool:
        """Whether a folded text is the name of a commune, or one of those that are known to be of none."""
        return name in self._by_name or name in self._never_located

    def locate(self, label: str | None, *, department: str | None = None, region: str | None = None) -> Place:
        """The place a label names.

        `department` is a code, `ALL` or None, as `parse_department` gives it; `region` a code that narrows the search
        and is kept when nothing finer is known. Raises `Refused`: `commune_inconnue`, `commune_ambigue`,
        `departement_contradictoire`, `region_contradictoire`, `lieu_non_localisable`.
        """
        typed = None if department == ALL else department
        if label is None or is_missing(label):
            return self._without_commune(typed, region)
        shown = clean(label)
        key = fold(shown)
        if key in self._never_located:
            raise Refused(
                "lieu_non_localisable",
                f"{quote(shown)} est le nom d'une structure, pas d'une commune. Écrivez la commune où l'événement a eu "
                "lieu.",
            )
        rest, modality = _take_modality(key)
        if not rest:
            if modality == "online":
                return Place(region_code=region, status="online", modality="online", modality_basis="stated")
            located = self._without_commune(typed, region)
            return replace(located, modality=modality, modality_basis="stated") if modality else located
        commune = self._find(shown if modality is None else rest, shown, typed, region)
        return Place(
            commune.code,
            commune.department_code,
            commune.region_code,
            "located",
            "in_person" if modality is None else "hybrid" if modality == "online" else modality,
            "inferred" if modality is None else "stated",
        )

    def _without_commune(self, department: str | None, region: str | None) -> Place:
        if department is None:
            return Place(region_code=region)
        _check_region(f"département {department}", DEPARTMENTS[department][1], region)
        return Place(None, department, DEPARTMENTS[department][1], "located")

    def _find(self, label: str, shown: str, typed: str | None, region: str | None) -> Commune:
        name, postcode, written = fold(label), None, None
        if not self._candidates(name):
            name, postcode, written = _split(label)
        if postcode and written is None:
            written = self._department_of_postcode(postcode)
        if typed and written and typed != written:
            raise Refused(
                "departement_contradictoire",
                f"{quote(shown)} porte le département {departments.label(written)}, mais la colonne du département dit "
                f"{departments.label(typed)}. Corrigez l'un des deux.",
            )
        department = typed or written
        found = self._narrowed(self._candidates(name), department, postcode, region)
        if len(found) != 1:
            raise self._not_one(found, shown, name, department)
        _check_region(shown, found[0].region_code, region)
        return found[0]

    def _narrowed(
        self, everywhere: list[Commune], department: str | None, postcode: str | None, region: str | None
    ) -> list[Commune]:
        """Those of the department; of several, those of the postcode, then of the region, where there are any."""
        found = [c for c in everywhere if department is None or c.department_code == department]
        if postcode and len(found) > 1:
            found = [c for c in found if c.code in self._postcodes.get(postcode, ())] or found
        if region and len(found) > 1:
            found = [c for c in found if c.region_code == region] or found
        return found

    def _not_one(self, found: list[Commune], shown: str, name: str, department: str | None) -> Refused:
        if found:
            return Refused(
                "commune_ambigue",
                f"{quote(shown)} est le nom de plusieurs communes : {_list_communes(found)}. "
                "Écrivez le numéro du département entre parenthèses.",
            )
        elsewhere = self._candidates(name)
        if elsewhere and department:
            return Refused(
                "departement_contradictoire",
                f"{quote(shown)} n'est pas une commune du département {departments.label(department)} ; ce nom existe "
                f"dans : {_list_departments(elsewhere)}. Corrigez la commune ou le département.",
            )
        return Refused("commune_inconnue", self._unknown(shown, name, department))

    def _candidates(self, name: str) -> list[Commune]:
        """The communes a folded name may stand for, each once. Inside a department the commune of that very name wins
        over a commune déléguée of the same name."""
        if arrondissement := _ARRONDISSEMENT.match(name):
            number = int(arrondissement[2])
            name = f"{arrondissement[1]} {number}{'er' if number == 1 else 'e'} arrondissement"
        named = self._by_name.get(name, [])
        in_own_right = {c.department_code for c in named if c.kind == "commune"}
        kept = [c for c in named if c.kind == "commune" or c.department_code not in in_own_right]
        return list({c.code: c for c in (self._current[c.parent_code or c.code] for c in kept)}.values())

    def _department_of_postcode(self, postcode: str) -> str | None:
        """The department of its communes when they share one; for a CEDEX, which has none, that of the first digits."""
        codes = self._postcodes.get(postcode)
        if codes:
            found = {self._current[code].department_code for code in codes}
            return found.pop() if len(found) == 1 else None
        return postcode[:2] if postcode[:2] in DEPARTMENTS else None

    def _unknown(self, shown: str, name: str, department: str | None) -> str:
        """The sentence for a name that no commune bears, with the closest names of the department."""
        where = f" dans le département {departments.label(department)}" if department else ""
        close: list[str] = []
        if department:
            names = {c.name_key: c.name for c in self.communes() if c.department_code == department}
            inside = [known for known in names if len(known) > 3 and f" {known} " in f" {name} "]
            begins = [known for known in names if known.startswith(f"{name} ")]
            keys = dict.fromkeys(inside + begins + difflib.get_close_matches(name, names, n=3, cutoff=0.75))
            close = [names[key] for key in keys][:3]
        advice = f"Vouliez-vous dire {' ou '.join(close)} ? " if close else ""
        return (
            f"{quote(shown)} n'est pas une commune connue{where}. {advice}"
            "Écrivez le seul nom de la commune, « en visio », ou laissez la cellule vide."
        )


def _take_modality(key: str) -> tuple[str, str | None]:
    """What is left of a folded label without its words of modality, and the modality they state."""
    online, in_person, hybrid = (pattern.search(key) for pattern in (_ONLINE, _IN_PERSON, _HYBRID))
    if not (online or in_person or hybrid):
        return key, None
    rest = key
    for pattern in (_ONLINE, _IN_PERSON, _HYBRID):
        rest = pattern.sub(" ", rest)
    words = rest.split()
    # connecting words around what is left; inside a name (« Villers en Argonne ») they stay
    while words and _CONNECTORS.fullmatch(words[0]):
        words.pop(0)
    while words and _CONNECTORS.fullmatch(words[-1]):
        words.pop()
    modality = "hybrid" if hybrid or (online and in_person) else "online" if online else "in_person"
    return " ".join(words), modality


def _split(label: str) -> tuple[str, str | None, str | None]:
    """Folded name, postcode and department code written in a label. A remark in parentheses is left out."""
    written = None
    if parenthesis := _PARENTHESIS.search(label):
        written = _department_or_none(parenthesis[1])
        postcode_inside = _POSTCODE.search(parenthesis[1])
        label = _PARENTHESIS.sub(" ", label) + (f" {postcode_inside[0]}" if postcode_inside else "")
    postcode = _POSTCODE.search(label)
    if postcode:
        label = label.replace(postcode[0], " ")
    label = clean(label)
    name = _CEDEX.sub("", fold(label)).strip()
    if written is None and not _ARRONDISSEMENT.match(name) and (at_end := _DEPARTMENT_AT_END.match(label)):
        written = _department_or_none(at_end[2])
        name = fold(at_end[1]) if written else name
    return name, postcode[0] if postcode else None, written


def _department_or_none(text: str) -> str | None:
    """The department a text names, None when it names something else; a number that no department has is refused."""
    if _DEPARTMENT_NUMBER.fullmatch(text):
        return departments.parse_department(text)
    try:
        code = departments.parse_department(text)
    except Refused:
        return None
    return None if code == ALL else code


def _check_region(shown: str, found: str, expected: str | None) -> None:
    if expected and found != expected:
        raise Refused(
            "region_contradictoire",
            f"{quote(shown)} est en région {REGIONS[found]}, pas en région {REGIONS[expected]}. "
            "Corrigez le lieu ou la région, ou écrivez le département entre parenthèses.",
        )


def _list_departments(communes: list[Commune]) -> str:
    return ", ".join(departments.label(code) for code in sorted({c.department_code for c in communes}))


def _list_communes(communes: list[Commune]) -> str:
    listed = sorted(communes, key=lambda c: c.code)
    if len({c.department_code for c in listed}) < len(listed):
        return ", ".join(f"{c.name} ({c.code})" for c in listed)
    return _list_departments(listed)
