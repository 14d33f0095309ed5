"""Durations of connections and meetings, in minutes.

Grammar: hours, minutes and seconds with their units (« 2 h 44 m », « 1h18 », « 46 min 3 s », « 48s »), a clock of three
parts (« 00:44:10 »), or a bare number, which is minutes (« 75 », « 46,5 »). A clock of two parts is refused: « 1:30 » is
one hour and a half, or one minute and a half.

What does not belong here: adding up the connections of one person (their intervals are united, not summed).
"""

import re

from sources.values.refusal import Refused, quote
from sources.values.text import clean, is_missing, strip_accents

_UNITS = re.compile(
    r"(?:(?P<hours>\d{1,9}(?:[.,]\d+)?) ?h(?:eures?|ours?|rs?)?\.?)?[ ,]*"
    r"(?:(?P<minutes>\d{1,9}(?:[.,]\d+)?) ?(?:m(?:in(?:ute)?s?|n)?\.?|(?=$)))?[ ,]*"
    r"(?:(?P<seconds>\d{1,9}(?:[.,]\d+)?) ?s(?:ec(?:onde?)?s?)?\.?)?"
)
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)(?:[.,]\d+)?")


def parse_minutes(text: str | None) -> float | None:
    """The duration in minutes, seconds as a fraction; None when nothing was typed. Raises `Refused`."""
    if text is None or is_missing(text):
        return None
    shown = clean(text)
    folded = strip_accents(shown)
    if clock := _CLOCK.fullmatch(folded):
        return int(clock[1]) * 60 + int(clock[2]) + int(clock[3]) / 60
    units = _UNITS.fullmatch(folded)
    if units and any(units.groups()):
        hours, minutes, seconds = (_number(part) for part in units.groups())
        return hours * 60 + minutes + seconds / 60
    if re.fullmatch(r"\d{1,3}:\d{2}", folded):
        raise Refused(
            "duree_ambigue",
            f"{quote(shown)} peut être des heures et des minutes, ou des minutes et des secondes. "
            "Écrivez par exemple 1 h 30, ou 01:30:00.",
        )
    raise Refused(
        "duree_incomprise",
        f"{quote(shown)} n'est pas une durée. Écrivez un nombre de minutes (75), ou des heures et des minutes (1 h 15).",
    )


def _number(text: str | None) -> float:
    return float(text.replace(",", ".")) if text else 0.0
