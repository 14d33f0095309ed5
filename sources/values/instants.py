"""Instants written by platforms and spreadsheets (« commandé le », « arrivé à »), as aware datetimes in UTC.

Grammar (case, accents and kinds of space do not matter):

    text   := [ weekday [ "," ] ] date [ link clock ] | number
    date   := year sep month sep day                  « 2025-10-02 », « 2026/07/29 »
            | n sep n sep ( year | yy )               « 13/04/2021 », « 11/29/24 »: see the order below
            | month-name day "," year                 « Mar 28, 2020 »
            | day month-name year                     « 18 novembre 2025 », « 18 Nov 2025 »
    sep    := "/" | "-" | "."
    link   := "T" | " " | "," | " - " | " à "
    clock  := hours ( ":" | [ " " ] "h" [ " " ] ) minutes [ ":" seconds [ "." fraction ] ] [ "AM" | "PM" ] [ zone ]
    zone   := "Z" | "UTC" | [ "UTC" | "GMT" ] ( "+" | "-" ) hours [ [ ":" ] minutes ]

**Order of day and month.** The contract says it (`dmy`, `mdy`, or `ymd` for two-digit years in front). Untold, only what
cannot be read in two ways is read: the year in front, a month by its name, the French « à », a first number above 12, or
twice the same number. A month in front is never deduced (`11/29/24` needs `mdy`): the other half of the same column
would be read the other way round without a sign. Years of two digits follow POSIX: 69 to 99 are 19xx, 00 to 68 are 20xx.

**Time zone.** A text without zone is local in `zone`. The hour that does not exist in spring (02:30 on 30 March 2025)
and the hour that exists twice in autumn (02:30 on 26 October 2025) are read as the later of the two instants they could
mean: 01:30 UTC in both cases, 03:30 summer time and 02:30 winter time. It is also what DuckDB does, so that the two ways
of parsing agree. A date alone is midnight, local.

`sql_instant` gives the DuckDB expression that reads the common dialects of this grammar, and nothing else than this
grammar reads; what it leaves NULL is for `parse_instant`. Every text that it reads, `parse_instant` reads the same.

What does not belong here: days of events as people type them (`dates.py`), durations (`durations.py`).
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo

from sources.values.dates import LAST_YEAR, MONTH_NAMES, TIMEZONE
from sources.values.refusal import Refused, quote
from sources.values.text import clean, is_missing, strip_accents

FIRST_YEAR_OF_PLATFORMS = 2000
"""Before, nobody registered or answered online: 1970 is a program's zero, and a row so old would be erased by its retention."""

Order = Literal["dmy", "mdy", "ymd"]

_MONTHS = {strip_accents(name): number for number, name in enumerate(MONTH_NAMES, 1)}
_MONTHS |= {"janv": 1, "fev": 2, "fevr": 2, "avr": 4, "juil": 7, "aou": 8, "sept": 9}
_ENGLISH: tuple[str, ...] = ("january", "february", "march", "april", "may", "june")
_ENGLISH += ("july", "august", "september", "october", "november", "december")
_MONTHS |= {key: number for number, name in enumerate(_ENGLISH, 1) for key in (name, name[:3])}

_CLOCK = (
    r"(?:(?P<link>t| a |, a | ?, ?| - | )(?P<hours>\d{1,2})(?::(?P<minutes>\d{2})(?::(?P<seconds>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"| ?h ?(?P<h_minutes>\d{2})?) ?(?P<half>[ap]\.?m\.?)? ?(?P<zone>z|(?:utc|gmt) ?[+−-]\d{1,2}(?::?\d{2})?|[+−-]\d{2}(?::?\d{2})?|utc|gmt)?)?"
)
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})" + _CLOCK)
_NUMERIC = re.compile(r"(?P<first>\d{1,2})(?P<sep>[-/.])(?P<second>\d{1,2})(?P=sep)(?P<third>\d{4}|\d{2})" + _CLOCK)
NUMERIC_DAY = r"^\D*\d{1,2}[-/.]\d{1,2}[-/.]\d{2}"
PROVES_ORDER = {
    "dmy": r"^\D*(?:1[3-9]|2\d|3[01])[-/.]\d{1,2}[-/.]\d{2}",
    "mdy": r"^\D*\d{1,2}[-/.](?:1[3-9]|2\d|3[01])[-/.]\d{2}",
}
"""Of a column: texts whose day and month are told apart by their order alone, and those of them that can be read in no other order."""
_MONTH_FIRST = re.compile(r"(?P<name>[a-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})" + _CLOCK)
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})(?:er)? (?P<name>[a-z]{3,9})\.? (?P<year>\d{4})" + _CLOCK)
_NEVER = re.compile(
    r"0000-00-00(?: 00:00:00)?"  # MySQL's « never », in the answers of Billetweb and Weezevent
    r"|1980-01-01(?: 00:00(?::00)?)?"  # LimeSurvey's, where answers are anonymous: no instant is kept of them
)
_WEEKDAY = re.compile(
    r"(?:lun|mar|mer|jeu|ven|sam|dim)(?:\.|di|credi|dredi|medi|anche)?,? |(?:mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?,? "
)
_EPOCH = re.compile(r"(\d{9,10})(?:[.,]\d+)?|(\d{12,13})")
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?")

_SLASHED_CLOCKS = (" %H:%M", " %H:%M:%S", ", %I:%M:%S %p", ", %H:%M:%S", " %I:%M:%S %p", " %I:%M %p", "", " - %H:%M")
_ALWAYS: tuple[str, ...] = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%SZ")
_ALWAYS += ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%d %H:%M:%S %z")
_ALWAYS += ("%Y-%m-%d %H:%M:%S%z", "%Y/%m/%d %H:%M:%S", "%b %d, %Y %H:%M:%S", "%b %d, %Y %I:%M %p")


def _slashed(day_and_month: str) -> tuple[str, ...]:
    return tuple(f"{day_and_month}/{year}{clock}" for clock in _SLASHED_CLOCKS for year in ("%Y", "%y"))


SQL_FORMATS: dict[str, tuple[str, ...]] = {
    "dmy": (*_slashed("%d/%m"), "%d/%m/%Y à %H:%M:%S", *_ALWAYS),
    "mdy": (*_slashed("%m/%d"), *_ALWAYS),
    "ymd": _ALWAYS,
}
"""DuckDB strptime formats per order: with `%z` an offset is read, with a final `Z` the time is UTC, else it is local.

Never by themselves: strptime takes numbers of any width (« 22 » is a year for `%Y`), see `sql_instant`."""

_SQL_PATTERNS = {
    "%Y": r"20\d\d",
    "%y": r"(?:[0-5]\d|6[0-8])",
    **dict.fromkeys(("%M", "%S"), r"\d{2}"),
    **dict.fromkeys(("%m", "%d", "%H", "%I"), r"\d{1,2}"),
    "%f": r"\d{1,6}",
    "%b": "[A-Za-z]{3}",
    "%p": "[AaPp][Mm]",
    "%z": r"[+-]\d{2}:?\d{2}",
}


def parse_instant(
    text: str | None,
    *,
    order: Order | None = None,
    zone: str = TIMEZONE,
    epoch: bool = False,
) -> datetime | None:
    """The instant written, aware and in UTC, to the microsecond; None when nothing was typed, or what programs write for « never ».

    `epoch` accepts seconds (9 or 10 digits) and milliseconds (12 or 13 digits) since 1970. Raises `Refused`, with what
    to put in the contract when the order is missing.
    """
    if text is None or not text[:1].isdigit() and is_missing(text):
        return None
    shown = clean(text)
    folded = shown.lower() if shown.isascii() else strip_accents(shown)
    if _NEVER.fullmatch(folded):
        return None
    if (weekday := _WEEKDAY.match(folded)) and not _MONTH_FIRST.fullmatch(folded):
        folded = folded[weekday.end() :]
    if folded[0].isdigit() and (number := _from_number(shown, folded, epoch)):
        return number
    if match := _YEAR_FIRST.fullmatch(folded):
        return _instant(shown, match, int(match["year"]), int(match["month"]), int(match["day"]), zone)
    if match := _NUMERIC.fullmatch(folded):
        return _instant(shown, match, *_year_month_day(shown, match, order), zone)
    if (match := _MONTH_FIRST.fullmatch(folded) or _DAY_FIRST.fullmatch(folded)) and match["name"] in _MONTHS:
        return _instant(shown, match, int(match["year"]), _MONTHS[match["name"]], int(match["day"]), zone)
    raise Refused(
        "instant_incompris",
        f"{quote(shown)} n'est pas une date avec son heure. Écrivez le jour, le mois, l'année et l'heure, "
        "par exemple 06/04/2023 14:30.",
    )


def sql_instant(expression: str, *, order: Order | None = None, zone: str = TIMEZONE) -> str:
    """The DuckDB expression (TIMESTAMP, in UTC) that reads the common dialects in `expression`, NULL for all others.

    `expression` is SQL of type VARCHAR, trimmed; it stands many times in the result: give a column. One branch per
    format, chosen by its shape, because a list given to try_strptime costs a microsecond for each format that fails.
    """
    branches = (
        f"when regexp_full_match({expression}, {_literal(_shape(form))}) then {_sql_reading(expression, form, zone)}"
        for form in SQL_FORMATS[order or "ymd"]
    )
    return f"case {' '.join(branches)} end"


def _shape(form: str) -> str:
    """The regular expression of what a format may read."""
    pieces = re.split(r"(%[A-Za-z])", form)
    return "".join(_SQL_PATTERNS[piece] if piece in _SQL_PATTERNS else piece.replace(".", r"\.") for piece in pieces)


def _sql_reading(expression: str, form: str, zone: str) -> str:
    parsed = f"try_strptime({expression}, {_literal(form)})"
    if "%z" in form:
        # with %z, DuckDB 2.0 turns 30 February into 2 March
        day = f"try_strptime(left({expression}, 10), '%Y-%m-%d')"
        return f"case when {day} is not null then timezone('UTC', {parsed}) end"
    return parsed if form.endswith("Z") else f"timezone('UTC', timezone({_literal(zone)}, {parsed}))"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _from_number(shown: str, folded: str, epoch: bool) -> datetime | None:
    """A count of seconds or milliseconds; None when the text is no number. A spreadsheet's day number is refused."""
    if match := _EPOCH.fullmatch(folded):
        seconds = float(folded.replace(",", ".")) if match[1] else int(folded) / 1000
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(seconds * 1_000_000))
        if not epoch:
            raise Refused(
                "instant_en_numero",
                f"{quote(shown)} est un nombre, sans doute de {'secondes' if match[1] else 'millisecondes'} depuis 1970 "
                f"({at:%d/%m/%Y %H:%M} UTC). Écrivez la date et l'heure, ou dites à l'observatoire que cette colonne est écrite ainsi (`epoch: true`).",
            )
        return at
    if _SERIAL.fullmatch(folded):
        days = float(folded.replace(",", "."))
        local = datetime(1899, 12, 30) + timedelta(seconds=round(days * 86_400))
        raise Refused(
            "instant_en_numero",
            f"{quote(shown)} est un numéro de jour de tableur, sans doute le {local:%d/%m/%Y}. "
            "Donnez à la cellule le format « date », ou écrivez la date en toutes lettres.",
        )
    return None


def _year_month_day(shown: str, match: re.Match, order: Order | None) -> tuple[int, int, int]:
    first, second, third = int(match["first"]), int(match["second"]), int(match["third"])
    if order == "ymd":
        if len(match["third"]) == 4:
            raise Refused(
                "ordre_contraire",
                f"{quote(shown)} ne commence pas par l'année, alors que la colonne est lue ainsi. Corrigez la cellule ; "
                "si toute la colonne est écrite autrement, dites-le à l'observatoire (`order`).",
            )
        return _century(first), second, third
    year = third if len(match["third"]) == 4 else _century(third)
    if order is None and ((match["link"] or "").strip(", ") == "a" or first > 12 or first == second):
        order = "dmy"
    if order is None:
        written = "le mois semble devant (`order: mdy`)" if second > 12 else "les deux se lisent"
        raise Refused(
            "ordre_jour_mois",
            f"{quote(shown)} : on ne peut pas savoir si le jour ou le mois est devant ; {written}. "
            "Commencez par l'année (2025-11-12), ou dites à l'observatoire si toute la colonne met le jour devant (`order: dmy`) ou le mois (`order: mdy`).",
        )
    day, month = (first, second) if order == "dmy" else (second, first)
    if month > 12 >= day:
        raise Refused(
            "ordre_contraire",
            f"{quote(shown)} n'a pas le {'jour' if order == 'dmy' else 'mois'} devant, alors que la colonne est lue "
            f"ainsi. Corrigez la cellule ; si toute la colonne est écrite autrement, dites-le à l'observatoire (`order`).",
        )
    return year, month, day


def _century(year: int) -> int:
    return year + (1900 if year >= 69 else 2000)


def _instant(shown: str, match: re.Match, year: int, month: int, day: int, zone: str) -> datetime:
    hours, minutes = int(match["hours"] or 0), int(match["minutes"] or match["h_minutes"] or 0)
    if match["half"]:
        if not 1 <= hours <= 12:
            raise _impossible(shown)
        hours = hours % 12 + (12 if match["half"].startswith("p") else 0)
    if not FIRST_YEAR_OF_PLATFORMS <= year <= LAST_YEAR:
        raise Refused(
            "instant_hors_limites",
            f"{quote(shown)} donne l'année {year}. Vérifiez l'année, et écrivez-la sur quatre chiffres.",
        )
    microseconds = int((match["fraction"] or "")[:6].ljust(6, "0"))
    try:
        local = datetime(year, month, day, hours, minutes, int(match["seconds"] or 0), microseconds)
    except ValueError as error:
        raise _impossible(shown) from error
    offset = match["zone"]
    if not offset:
        return _utc(local, zone)
    digits = re.sub(r"\D", "", offset)
    hours_off, minutes_off = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits or 0), 0)
    if hours_off > 15 or minutes_off > 59:
        raise _impossible(shown)
    ahead = timedelta(hours=hours_off, minutes=minutes_off)
    return local.replace(tzinfo=timezone(-ahead if re.search("[−-]", offset) else ahead)).astimezone(UTC)


def _utc(local: datetime, zone: str) -> datetime:
    """The later of the two instants that a local time may mean (they differ only when the clocks change)."""
    first, second = (local.replace(tzinfo=_zone(zone), fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    return max(first.astimezone(UTC), second.astimezone(UTC))


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _impossible(shown: str) -> Refused:
    return Refused(
        "instant_impossible", f"{quote(shown)} n'existe pas dans le calendrier ou sur l'horloge. Corrigez-la."
    )
