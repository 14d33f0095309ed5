"""Numbers of participants as typed in a list: exact, approximate with bounds, qualitative, listed, or missing.

What belongs here: the words that may stand beside the number of a crowd. What does not: the arithmetic of
approximations (`quantities.py`, where the convention and its source are), figures printed in documents (`figures.py`).

Missing is never zero: an empty cell, `-` or `n.d.` gives no value, and only a typed `0` or `aucun` gives 0.
"""

import re
from dataclasses import dataclass

from sources.values.quantities import normalise, read_quantity
from sources.values.refusal import Refused, quote
from sources.values.text import clean, fold, is_missing

_ENDING = r"(?:[ ./·•(-]*e?[ ./·•)-]*s?)?"  # présent·e·s, participant(e)s, inscrit.es
_PEOPLE = re.compile(
    rf"(?:(?:de|des|d) )?(?:personnes?|pers\b\.?|participants?{_ENDING}|presents?{_ENDING}|inscrits?{_ENDING}"
    rf"|acteurs?|actrices?|adherents?{_ENDING}|membres?|pax|p\b\.?)"
    rf"(?: (?:presents?|engages?|inscrits?|mobilises?|participants?){_ENDING})?[ .]*"
)
_QUALITATIVE = re.compile(
    r"\b(?:nombreu\w+|grand nombre|bon nombre|plusieurs|beaucoup|quelques|foule|salle comble|salle pleine|complet"
    r"|(?:dizaines|centaines) d\w*|peu)\b"
)
_LISTED = re.compile(r"\bliste (?:nominative|d emargement|des (?:participant\w*|present\w*|nom\w*))")


@dataclass(frozen=True)
class CountValue:
    """A number of persons and its bounds. `precision`: exact, approximate, qualitative, listed or missing.

    `lower` and `upper` equal `value` when exact, or when a list of names was counted; all three are None when
    qualitative, missing, or listed and not counted yet; `upper` is None when the wording is open (« plus de 100 »).
    """

    value: int | None = None
    lower: int | None = None
    upper: int | None = None
    precision: str = "missing"


def parse_count(text: str | None, *, maximum: int = 100_000) -> CountValue:
    """Read a number of participants as typed: `65`, `65 PARTICIPANTS`, `30 env.`, `une quinzaine d'acteurs`, `trois`.

    « (liste nominative) » is `listed`: somebody counts the names, and « 19 (liste nominative) » says how many. « en
    grand nombre » is `qualitative`. Raises `Refused` for a negative number, one above `maximum`, one that is not whole,
    and any text not understood.
    """
    if text is None or is_missing(text):
        return CountValue()
    shown = clean(text)
    if _LISTED.search(fold(shown)):
        counted = re.match(r"(\d{1,5})\b", shown)
        number = int(counted[1]) if counted else None
        return CountValue(number, number, number, "listed")
    normalised = re.sub(r"^\((.*)\)$", r"\1", normalise(shown)).strip()
    normalised = re.sub(r"^aucune?\b", "0", normalised)
    if re.match(r"[-−–] ?\d", normalised):
        raise Refused(
            "compte_negatif",
            f"{quote(shown)} : un nombre de participants ne peut pas être négatif. Corrigez-le, ou laissez la cellule "
            "vide si vous ne le connaissez pas.",
        )
    if re.match(r"\d{1,3}[.,]\d{3}\b", normalised):
        raise Refused(
            "compte_ambigu",
            f"{quote(shown)} peut se lire de deux façons. Écrivez le nombre sans point ni virgule, par exemple 1055.",
        )
    read = read_quantity(normalised)
    if read is None or not _PEOPLE.fullmatch(read[1]) and read[1].strip(" .") != "":
        if _QUALITATIVE.search(fold(shown)) and not re.search(r"\d", shown):
            return CountValue(precision="qualitative")
        raise Refused(
            "compte_incompris",
            f"{quote(shown)} n'est pas un nombre de participants. Écrivez un nombre (65) ou un ordre de grandeur "
            "(environ 150, une vingtaine, entre 15 et 20), ou laissez la cellule vide si vous ne le connaissez pas.",
        )
    quantity = read[0]
    value, lower, upper = quantity.value, quantity.lower, quantity.upper
    if not (isinstance(value, int) and isinstance(lower, int | None) and isinstance(upper, int | None)):
        raise Refused(
            "compte_non_entier",
            f"{quote(shown)} n'est pas un nombre entier de participants. Écrivez un nombre sans virgule.",
        )
    if max(value, upper or 0) > maximum:
        raise Refused(
            "compte_excessif",
            f"{quote(shown)} dépasse {maximum:,} participants".replace(",", " ")
            + ". Vérifiez que ce n'est pas un numéro de téléphone, un code postal ou un montant.",
        )
    precision = "approximate" if quantity.approximate else "exact"
    return CountValue(value, lower, upper, precision)
