"""How many, in French: digits, number words, approximations, and the bounds each wording stands for.

Shared by `counts.py` (attendance typed in a list) and `figures.py` (figures printed in a document); the words that may
follow a quantity are their business.

Convention for approximations, with N the number written (an expert proposal of the observatory, to be confirmed):

| wording | bounds |
|---|---|
| « une quinzaine » and other -aine words | N ± 20 % |
| « environ N », « N env. », « ~N » | N ± 10 % |
| « près de N », « presque N » | 0.9 N to N − 1 |
| « plus de N », « N+ » | N + 1 and up |
| « moins de N » | 0 to N − 1 |
| « au moins N » | N and up |
| « au plus N », « jusqu'à N » | 0 to N |
| « entre A et B », « A à B », « A-B » | A to B |

A dash alone may be a sum, a day or a month: « 15 - 3 », « 2023-11 », « 5-120 » are no range, since a range goes up, to ten times its lower bound
at most.

Bounds of whole numbers are rounded outwards (lower down, upper up: « une douzaine » is 9 to 15). The value is N, or the
middle of A and B rounded half up, brought inside the bounds when the wording excludes N: `lower ≤ value ≤ upper` always
holds.
"""

import math
import re
from dataclasses import dataclass
from functools import cache

from sources.values.text import clean, strip_accents

AINES = {
    "huitaine": 8,
    "dizaine": 10,
    "douzaine": 12,
    "quinzaine": 15,
    "vingtaine": 20,
    "trentaine": 30,
    "quarantaine": 40,
    "cinquantaine": 50,
    "soixantaine": 60,
    "centaine": 100,
}

WIDEST_RANGE = 10
"""How many times its lower bound the upper one of a range written with a dash is, at most."""

MOST_DECIMALS = 20
"""Of a written number: what a computed cell has at most. Beyond, half of the last one is nothing to a float."""

_SMALL = ["zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze"]
_SMALL += ["treize", "quatorze", "quinze", "seize", "dix sept", "dix huit", "dix neuf"]
_TENS = ["", "", "vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre vingt", "quatre vingt"]

_WORD = "|".join(sorted({w for name in _SMALL + _TENS for w in name.split()} | {"une", "vingts", "cents?", "mille"}))
_NUMBER_WORDS = re.compile(rf"\b(?:{_WORD})\b(?:[ -]et[ -](?:une?|onze)\b|[ -](?:{_WORD})\b)*")
_TOO_LONG = re.compile(r"(?<![\d.,])\d{16}")
"""More digits than a spreadsheet keeps: a card, two numbers glued together, no quantity."""
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?!\d)")
_NUMBER = r"\d+(?:[.,]\d+)?"
_AMOUNT = rf"(?:(?:\d+ )?(?:{'|'.join(AINES)})s?|{_NUMBER})(?![\d])"
_ABOUT = r"(?:environ|env\b\.?|approximativement|approx\b\.?|autour de|a peu pres|aux alentours de|~|±|\+/-)"
_FORMS = [
    (form, re.compile(pattern + r"(?P<rest>.*)"))
    for form, pattern in (
        ("between", rf"entre (?P<n>{_AMOUNT}) et (?P<m>{_AMOUNT})"),
        ("between", rf"(?:de )?(?P<n>{_AMOUNT}) ?(?:a|(?P<dash>[-–])) ?(?P<m>{_AMOUNT})"),
        ("about", rf"{_ABOUT} ?(?P<n>{_AMOUNT})"),
        ("nearly", rf"(?:pres d[e ]|presque|quasiment|pas loin d[e ]) ?(?P<n>{_AMOUNT})"),
        ("more", rf"(?:plus d[e ]|\+ ?d[e ]|>) ?(?P<n>{_AMOUNT})"),
        ("more", rf"(?P<n>{_AMOUNT}) ?(?:\+|et plus\b)"),
        ("less", rf"(?:moins d[e ]|<) ?(?P<n>{_AMOUNT})"),
        ("at least", rf"(?:au moins|au minimum|minimum|>=|≥) ?(?P<n>{_AMOUNT})"),
        ("at most", rf"(?:au plus|au maximum|maximum|max\.?|jusqu a|<=|≤) ?(?P<n>{_AMOUNT})"),
        ("plain", rf"(?P<n>{_AMOUNT})"),
    )
]


@dataclass(frozen=True)
class Quantity:
    """A number and its bounds; an open bound is None. `decimals` is how many were written."""

    value: float
    lower: float | None
    upper: float | None
    approximate: bool
    decimals: int = 0


def normalise(text: str) -> str:
    """Lower case without accents, apostrophes to spaces, thousands joined, number words as digits."""
    folded = re.sub(r"['’]", " ", strip_accents(clean(text)))
    folded = _THOUSANDS.sub(lambda match: match[0].replace(" ", ""), folded)
    return _NUMBER_WORDS.sub(lambda match: _digits(match[0]), folded)


def read_quantity(normalised: str) -> tuple[Quantity, str] | None:
    """The quantity a normalised text begins with, and the words after it; None when it begins with none."""
    for form, pattern in _FORMS:
        match = pattern.fullmatch(normalised)
        if match is None:
            continue
        if _TOO_LONG.search(match[0].removesuffix(match["rest"])):
            return None
        rest = match["rest"]
        about = re.search(_ABOUT, rest)
        if about:
            rest = rest[: about.start()] + rest[about.end() :]
        n, is_aine, decimals = _amount(match["n"])
        if form == "plain":
            form = "aine" if is_aine else "about" if about else "plain"
        if form == "about" and is_aine:
            form = "aine"
        if form == "between":
            m = _amount(match["m"])[0]
            if match.groupdict().get("dash") and not n <= m <= WIDEST_RANGE * n:
                return None
            return Quantity(_half_up((n + m) / 2), min(n, m), max(n, m), True), rest.strip()
        lower, upper = _bounds(form, n)
        value = max(n, lower) if upper is None else min(max(n, lower), upper)
        return Quantity(value, lower, upper, form != "plain", decimals), rest.strip()
    return None


def _bounds(form: str, n: float) -> tuple[float, float | None]:
    """The table of the module's docstring. Whole numbers in, whole numbers out, computed without floats."""
    share = {"aine": 2, "about": 1, "nearly": 1}.get(form, 0)
    low = n * (10 - share) // 10 if isinstance(n, int) else n * (10 - share) / 10
    high = -(-n * (10 + share) // 10) if isinstance(n, int) else n * (10 + share) / 10
    return {
        "plain": (n, n),
        "aine": (low, high),
        "about": (low, high),
        "nearly": (low, n - 1),
        "more": (n + 1, None),
        "less": (0, max(n - 1, 0)),
        "at least": (n, None),
        "at most": (0, n),
    }[form]


def _amount(text: str) -> tuple[float, bool, int]:
    """The number, whether it is an -aine word, and the decimals written."""
    words = text.split()
    aine = words[-1].removesuffix("s")
    if aine in AINES:
        return AINES[aine] * (int(words[0]) if len(words) > 1 else 1), True, 0
    whole, _, fraction = text.replace(",", ".").partition(".")
    number = float(f"{whole}.{fraction}") if fraction.strip("0") else int(whole)
    return number, False, min(len(fraction), MOST_DECIMALS)


def _half_up(number: float) -> int:
    return math.floor(number + 0.5)


def _digits(words: str) -> str:
    """The digits of a run of number words, or the run itself when it is not one number (« deux trois »)."""
    key = words.replace("-", " ").replace("vingts", "vingt").replace("cents", "cent")
    key = re.sub(r"\bune\b", "un", key)
    number = _numbers().get(key)
    return words if number is None else str(number)


@cache
def _numbers() -> dict[str, int]:
    """Every number from 0 to 1000 by its words, without hyphens or plural marks."""
    return {_spell(n): n for n in range(1000)} | {"mille": 1000}


def _spell(n: int) -> str:
    if n >= 100:
        hundreds = "cent" if n < 200 else f"{_SMALL[n // 100]} cent"
        return hundreds if n % 100 == 0 else f"{hundreds} {_spell(n % 100)}"
    if n < 20:
        return _SMALL[n]
    tens, unit = divmod(n, 10)
    if tens in (7, 9):
        unit += 10
    if unit == 0:
        return _TENS[tens]
    joined = " et " if unit in (1, 11) and tens < 8 else " "
    return f"{_TENS[tens]}{joined}{_SMALL[unit]}"
