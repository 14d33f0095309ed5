"""What a text looks like – an e-mail, a day, a number – and what a column of texts looks like. Counts and kinds, no value.

Not here: what a column means (`mapping.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from rulebook.numbers import plural
from sources.entities import Slot
from sources.kinds import TRUTHS
from sources.values.counts import parse_count
from sources.values.dates import parse_date
from sources.values.departments import parse_department, parse_region
from sources.values.instants import parse_instant
from sources.values.people import normalise_phones, parse_email
from sources.values.refusal import Refused
from sources.values.text import clean, fold, is_missing

IN_FRENCH = {
    "email": ("adresse électronique", "adresses électroniques"),
    "phone": ("téléphone", "téléphones"),
    "siret": ("SIRET", "SIRET"),
    "number": ("nombre", "nombres"),
    "amount": ("montant", "montants"),
    "date": ("date", "dates"),
    "instant": ("date avec son heure", "dates avec leur heure"),
    "time": ("heure", "heures"),
    "boolean": ("oui ou non", "oui ou non"),
    "url": ("adresse web", "adresses web"),
    "long": ("texte long", "textes longs"),
    "text": ("texte", "textes"),
}
OF_PERSONS = ("email", "phone")
"""What only the vault may keep."""
TYPED = ("email", "phone", "siret", "number", "amount", "date", "instant", "time", "url")
"""What stands below a header and is none."""

SAMPLE = 400
"""Distinct texts looked at in each column: enough to know what it holds."""
LONG = 80

_TRUTHS = frozenset(fold(word) for words in TRUTHS.values() for word in words) | {"yes", "no", "on", "off"}
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?%?")
_AMOUNT = re.compile(r"[-+]?[\d\s]+(?:[.,]\d+)?\s*(?:€|euros?|eur)", re.IGNORECASE)
_TIME = re.compile(r"\d{1,2}\s?[:hH]\s?(?:\d{2}(?::\d{2})?)?(?:\s?[-–à]\s?\d{1,2}\s?[:hH]\s?(?:\d{2})?)?")
_PHONE = re.compile(r"(?:\+|0|\()[\d\s().+/-]{8,}|[67]\d{8}|[1-9](?:[ .]\d{2}){4}")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_EXPONENT = re.compile(r"\d[.,]\d+E\+?1[0-4]", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}\s?[:h]\s?\d{2}", re.IGNORECASE)


@lru_cache(maxsize=50_000)
def kind_of(text: str) -> str:
    """One of `IN_FRENCH`: what `text`, which is not blank, looks like."""
    shown = clean(text).removeprefix("'")
    if "@" in shown and _reads(parse_email, shown):
        return "email"
    if _URL.match(shown):
        return "url"
    if fold(shown) in _TRUTHS:
        return "boolean"
    digits = re.sub(r"[\s.\-]", "", shown)
    if re.fullmatch(r"\d{14}", digits) or _EXPONENT.fullmatch(shown):
        return "siret"
    if _PHONE.fullmatch(shown) and _reads(normalise_phones, shown):
        return "phone"
    if _NUMBER.fullmatch(shown):
        return "number"
    if _AMOUNT.fullmatch(shown):
        return "amount"
    if _TIME.fullmatch(shown):
        return "time"
    if len(shown) > LONG:
        return "long"
    if any(char.isdigit() for char in shown):
        if _CLOCK.search(shown) and any(_reads(parse_instant, shown, order=order) for order in ("dmy", "mdy")):
            return "instant"
        if _is_day(shown) or _reads(parse_instant, shown, order="mdy"):
            return "date"
    return "text"


def _reads(parse: Callable, text: str, **options: object) -> bool:
    try:
        parse(text, **options)
    except Refused:
        return False
    return True


def _is_day(text: str) -> bool:
    """A day, even without its year: a section of the sheet, or the programme, may say it."""
    try:
        parse_date(text)
    except Refused as refused:
        return refused.rule in ("annee_absente", "jour_de_semaine_contradictoire")
    return True


@dataclass(frozen=True)
class Column:
    """One column below its header: how many cells are filled, how many texts are distinct, and of which kinds.

    `texts` (distinct, with how often) are for deciding; they are never shown as they are.
    """

    index: int
    label: str
    filled: int
    kinds: Counter
    texts: Counter

    @property
    def distinct(self) -> int:
        return len(self.texts)

    @property
    def kind(self) -> str | None:
        """The kind of four cells in five, or None."""
        if not self.filled:
            return None
        kind, count = self.kinds.most_common(1)[0]
        return kind if count * 5 >= self.filled * 4 else None

    @property
    def of_persons(self) -> bool:
        """Whether one cell in five, or more, is an e-mail address or a phone number."""
        return bool(self.filled) and sum(self.kinds[kind] for kind in OF_PERSONS) * 5 >= self.filled

    def said(self) -> str:
        """« 12 valeurs, dates » – for the person who reads the draft."""
        if not self.filled:
            return "colonne vide"
        shown = [IN_FRENCH[kind][1] for kind, _ in self.kinds.most_common(2)]
        return f"{plural(self.filled, 'valeur')}, {' ou '.join(shown)}"


def column(index: int, label: str, texts: Iterable[str | None]) -> Column:
    """The profile of a column from its cells, blank ones included."""
    found = Counter(clean(text) for text in texts if text and clean(text))
    looked_at = dict(list(found.items())[:SAMPLE])
    kinds: Counter = Counter()
    for text, count in looked_at.items():
        kinds["text" if is_missing(text) else kind_of(text)] += count
    return Column(index, label, sum(found.values()), kinds, found)


def read_as(slot: Slot, seen: Column) -> int | None:
    """How many cells of the column the parser of this slot would understand; None where any text is good."""
    accepted = _KINDS_OF_SLOT.get((slot.role or "") if slot.kind == "personal" else slot.kind)
    if accepted is not None:
        return sum(seen.kinds[kind] for kind in accepted)
    parse = _PARSERS.get(slot.name if slot.kind == "hint" else slot.kind)
    if parse is None:
        return None
    return sum(count for text, count in list(seen.texts.items())[:SAMPLE] if parse(text))


_KINDS_OF_SLOT = {
    "email": ("email",),
    "phone": ("phone",),
    "siret": ("siret",),
    "boolean": ("boolean",),
    "amount": ("number", "amount"),
    "score": ("number",),
    "recommendation": ("number",),
    "instant": ("instant", "date"),
    "minutes": ("number", "time", "text"),
}
_PARSERS: dict[str, Callable[[str], bool]] = {
    "date": _is_day,
    "count": lambda text: _reads(parse_count, text),
    "department": lambda text: _reads(parse_department, text),
    "region": lambda text: _reads(parse_region, text),
}
