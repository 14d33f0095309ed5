"""Identifiers, which are text: the SIRET and SIREN of organisations, and postcodes.

What belongs here: what a spreadsheet program did to them (a decimal, an exponent, spaces) and what can be undone. What
does not: looking an organisation up (`sources/references/`), or making up a key (contracts).

A SIRET has 14 digits, its first 9 are the SIREN; both end with a Luhn digit, except the offices of La Poste, whose digits
sum to a multiple of 5 (`stdnum.fr.siret` knows them). A number cell of 14 digits is exact in the spreadsheet's floating
point (below 2⁵³): `99900011000018.0` is recovered. `9,99E+13`, or the zeros it leaves when it is opened again
(`99900000000000`), has lost its digits for good.

A SIRET is never refused: an attendance does not depend on it. `Siret.state` says what it is worth and `Siret.message`
what to tell the person who typed it.
"""

import re
from dataclasses import dataclass

from rulebook.numbers import plural
from sources.values.refusal import quote
from sources.values.text import clean, fold, is_missing

_FLOAT = re.compile(r"(\d+)[.,]0+")
_EXPONENT = re.compile(r"(\d)(?:[.,](\d+))?e\+?(\d{1,2})")
_LABEL = re.compile(
    r"^(?:(?:le |n[°ºo]\.? ?|numero |code )*(?:siret|siren)\b ?(?:n[°ºo]\.? ?)?[:=]? ?)+", re.IGNORECASE
)
_SEPARATORS = re.compile(r"[\s.\-–_/]+")
_RNA = re.compile(r"w\w{9}", re.IGNORECASE)

_SAME_AS_ABOVE = frozenset({"idem", "id", "ibidem", "voir ci dessus", "meme", "pareil"})
_NO_NUMBER = frozenset(
    {
        "aucun",
        "aucune",
        "sans",
        "pas de siret",
        "pas de siren",
        "sans siret",
        "sans objet",
        "so",
        "s o",
        "non",
        "x",
        "0",
    }
    | {"en cours", "en cours d immatriculation", "en cours de creation", "en creation", "a completer", "a venir"}
    | {"demande en cours", "non concerne", "non concernee", "ne sait pas", "nsp", "pas encore", "particulier"}
)


@dataclass(frozen=True)
class Siret:
    """What a cell gives of a SIRET. `state`:

    - `valid`: `siret` and `siren`, or `siren` alone when nine digits were typed;
    - `invalid_checksum`: 14 or 9 digits that no organisation has; `siren` is kept when its own digit is right;
    - `invalid_format`: anything else that was typed;
    - `irrecoverable`: digits lost by a spreadsheet program;
    - `missing`: nothing, or a word that says so.
    """

    siret: str | None = None
    siren: str | None = None
    state: str = "missing"
    message: str | None = None


def parse_siret(text: str | None) -> Siret:
    """The SIRET, or the SIREN alone, with what it is worth. Spaces, dots, dashes and « SIRET : » do not matter."""
    if text is not None and re.fullmatch("[0-9]{9}|[0-9]{14}", text):
        return _judged(text, text)
    if text is None or is_missing(text):
        return Siret()
    shown = clean(text)
    key = fold(shown)
    if key in _SAME_AS_ABOVE:
        return Siret(
            message=f"{quote(shown)} : répétez le SIRET sur chaque ligne, une ligne peut être triée ou déplacée."
        )
    if key in _NO_NUMBER:
        return Siret()
    bare = _LABEL.sub("", shown)
    if exponent := _EXPONENT.fullmatch(bare.lower()):
        digits = _expanded(exponent)
        if digits is None:
            return _irrecoverable(shown)
    else:
        whole = _FLOAT.fullmatch(bare)
        digits = whole[1] if whole and len(whole[1]) in (9, 14) else _SEPARATORS.sub("", bare)
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) not in (9, 14):
        return Siret(state="invalid_format", message=_why_not_a_siret(shown, digits))
    return _judged(shown, digits)


def parse_postcode(text: str | None) -> str | None:
    """A French postcode with its five digits: « 42 000 », and 1000, a number cell that lost its zero (01000). Anything else
    (a foreign code) stays as typed."""
    if text is None or is_missing(text):
        return None
    shown = clean(text)
    whole = _FLOAT.fullmatch(shown)
    digits = whole[1] if whole else shown.replace(" ", "")
    return digits.zfill(5) if re.fullmatch(r"[0-9]{4,5}", digits) else shown


def _judged(shown: str, digits: str) -> Siret:
    from stdnum.fr import siren, siret

    if not digits.strip("0"):
        return Siret()
    if len(digits) == 9:
        if siren.is_valid(digits):
            return Siret(siren=digits, state="valid")
        return Siret(state="invalid_checksum", message=_wrong_digit(shown, "SIREN"))
    if digits.endswith("00000"):  # establishments are numbered from 00001: these zeros are a rounding
        return _irrecoverable(shown)
    if siret.is_valid(digits):
        return Siret(digits, digits[:9], "valid")
    known = digits[:9] if siren.is_valid(digits[:9]) else None
    return Siret(siren=known, state="invalid_checksum", message=_wrong_digit(shown, "SIRET"))


def _expanded(match: re.Match) -> str | None:
    """The whole number of a scientific notation that shows all its digits, else None."""
    units, decimals, power = match[1], match[2] or "", int(match[3])
    return units + decimals if len(decimals) == power else None


def _irrecoverable(shown: str) -> Siret:
    return Siret(
        state="irrecoverable",
        message=f"{quote(shown)} a perdu ses derniers chiffres dans le tableur. Donnez à la colonne le format « texte » "
        "et recopiez le SIRET depuis l'annuaire des entreprises.",
    )


def _wrong_digit(shown: str, kind: str) -> str:
    return f"{quote(shown)} n'est le {kind} d'aucune organisation : un chiffre est faux. Vérifiez-le sur l'avis de situation."


def _why_not_a_siret(shown: str, digits: str) -> str:
    if _RNA.fullmatch(digits):
        return f"{quote(shown)} est un numéro d'association (RNA). Le SIRET a 14 chiffres ; laissez la cellule vide sans SIRET."
    if re.fullmatch(r"[0-9]+", digits):
        advice = "un SIRET en a 14, un SIREN 9"
        if len(digits) == 28:
            advice += ". Mettez un seul SIRET par cellule"
        elif len(digits) in (8, 13):
            advice += ". Un zéro a pu disparaître au début : donnez à la colonne le format « texte »"
        return f"{quote(shown)} a {plural(len(digits), 'chiffre')} : {advice}."
    return f"{quote(shown)} n'est pas un SIRET. Écrivez ses 14 chiffres, ou laissez la cellule vide."
