"""Figures as they were printed in a document, with the precision the document gives them.

What belongs here: reading the number a printed wording stands for. What does not: comparing it with ours (dbt), or
explaining a difference (`sources/explanations.yml`).

| precision word | figure_precision | value and bounds |
|---|---|---|
| exact | exact | the first number: « 33 des 36 ateliers » 33, « SEPT ENJEUX » 7, « seconde / 2e » 2, « 10,2 % » 10.2 |
| rounded to unit, arrondi | rounded | the same, ± half the last digit printed |
| approx, environ | approximate | as in `quantities.py`: « une vingtaine » 20, 16 to 24 |
| text, texte | text | the end of a period as a month number (« entre avril et novembre 2023 » 11), else a year |
| qualitative | qualitative | no value: « en grand nombre » |
| implicit zero | implicit_zero | no value: the document does not print the line |
"""

import re
from dataclasses import dataclass

from sources.values.dates import MONTH_NAMES
from sources.values.quantities import normalise, read_quantity
from sources.values.refusal import Refused, quote
from sources.values.text import clean, is_blank, strip_accents
from sources.values.vocabulary import match_choice

PRECISION_WORDS = {
    "exact": ["exact"],
    "rounded": ["rounded to unit", "rounded", "arrondi", "arrondi à l'unité"],
    "approximate": ["approx", "approximate", "approximatif", "approché", "environ"],
    "text": ["text", "texte"],
    "qualitative": ["qualitative", "qualitatif"],
    "implicit_zero": ["implicit zero", "zéro implicite"],
}

_TWO_READINGS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}[.,]\d{3}(?! ?%|\d)")
"""One sign before exactly three digits: 1055, or 1 and a little. A percentage has no thousands."""

_ORDINALS = {"premier": 1, "premiere": 1, "second": 2, "seconde": 2, "deuxieme": 2, "troisieme": 3, "quatrieme": 4}
_ORDINALS |= {"cinquieme": 5, "sixieme": 6, "septieme": 7, "huitieme": 8, "neuvieme": 9, "dixieme": 10}
_MONTHS = [strip_accents(name) for name in MONTH_NAMES]


@dataclass(frozen=True)
class FigureValue:
    """A printed figure in the unit it was printed in (a percentage is 10.2, not 0.102); bounds as in `CountValue`."""

    value: float | None
    lower: float | None
    upper: float | None
    precision: str


def parse_figure(text: str | None, precision_word: str | None) -> FigureValue:
    """Read a printed figure, told how precise the document is; untold, the wording says whether it is approximate.

    Raises `Refused` when the two do not fit, or when no number is found where there should be one.
    """
    shown = clean(text or "")
    normalised = normalise(shown)
    if precision_word is None or is_blank(precision_word):
        read = read_quantity(normalised)
        precision = "approximate" if read and read[0].approximate else "exact"
    else:
        precision = match_choice(precision_word, PRECISION_WORDS)
    if precision in ("qualitative", "implicit_zero"):
        if re.search(r"\d", shown):
            raise _contradiction(shown, precision_word)
        return FigureValue(None, None, None, precision)
    if precision == "text":
        return FigureValue(_calendar_figure(shown, normalised), None, None, precision)
    if precision == "exact" and (ordinal := _ordinal(normalised)) is not None:
        return FigureValue(float(ordinal), float(ordinal), float(ordinal), precision)
    if _TWO_READINGS.search(normalised):
        raise Refused(
            "chiffre_ambigu",
            f"{quote(shown)} peut se lire de deux façons. Écrivez les milliers sans point ni virgule, par exemple 1055.",
        )
    read = read_quantity(normalised)
    if read is None:
        raise Refused(
            "chiffre_incompris",
            f"{quote(shown)} ne commence pas par un nombre qui se lise d'une seule façon. Recopiez le chiffre tel qu'il est imprimé, par exemple "
            "« 36 ateliers », ou choisissez la précision « qualitatif ».",
        )
    quantity = read[0]
    if quantity.approximate != (precision == "approximate"):
        raise _contradiction(shown, precision_word)
    lower, upper = quantity.lower, quantity.upper
    if precision == "rounded":
        half = 0.5 / 10**quantity.decimals
        lower, upper = quantity.value - half, quantity.value + half
    value, low, high = (None if n is None else float(n) for n in (quantity.value, lower, upper))
    return FigureValue(value, low, high, precision)


def _calendar_figure(shown: str, normalised: str) -> float:
    """The number of the last month named, else the last year."""
    months = [word for word in re.findall(r"[a-z]+", normalised) if word in _MONTHS]
    if months:
        return float(_MONTHS.index(months[-1]) + 1)
    years = re.findall(r"\b(?:19|20)\d{2}\b", normalised)
    if years:
        return float(years[-1])
    raise Refused(
        "chiffre_incompris",
        f"{quote(shown)} ne nomme ni mois ni année. Recopiez la période telle qu'elle est imprimée.",
    )


def _ordinal(normalised: str) -> int | None:
    """« 2e », « 1re », « seconde » at the beginning of the text."""
    digits = re.match(r"(\d{1,9}) ?(?:er|ere|re|e|eme|nd|nde)\b", normalised)
    if digits:
        return int(digits[1])
    word = re.match(r"[a-z]+", normalised)
    return _ORDINALS.get(word[0]) if word else None


def _contradiction(shown: str, precision_word: str | None) -> Refused:
    return Refused(
        "precision_contradictoire",
        f"{quote(shown)} ne va pas avec la précision {quote(precision_word or '')}. Corrigez l'un ou l'autre.",
    )
