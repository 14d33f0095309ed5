"""Dates as French organisers type them, with the precision they really have.

Grammar (accents, case, HTML entities and kinds of space do not matter):

    text     := [ "du" | "entre" ] moment [ link moment ] { time }
    moment   := [ weekday ] day month [ year ]     « mardi 8 octobre 2024 », « 1er mars », « 24 janvier (2024) »
              | [ weekday ] day "/" month [ "/" year ]    also "-" or "." ; the day always comes first
              | [ weekday ] day                    when the other moment, or the context, gives the month
              | month [ year ] | year              « décembre », « en 2024 »
              | ISO 8601 date or instant           « 2023-04-06 », « 2025-11-12T18:30:00+01:00 »
    link     := "au" | "à" | "et" | "-" | "…"
    time     := [ "accueil" | "début" | "fin" | "de" | "à" ] hours ( "h" | ":" ) [ minutes ]

Words that add nothing are let through (`le`, `en`, `journée`, `matin`, `dernier`, `implicite`…, see `_FILLERS`); any
other word refuses the text. A weekday that contradicts its date refuses it: one of the two is a typing error, and only
the organiser knows which. Years of two digits are 20xx; but a month before them (« avr-23 », as spreadsheet programs write
a month) refuses the text: it is the 23rd of April, or April 2023.

Precision: `day` when the first and the last day are known (« du 20 au 22/11/2025 » is three known days); `month` and
`year` when only these are; `range` when the event lies somewhere between two bounds (« entre avril et juillet 2024 »,
« d'avril à juillet »); `missing` when nothing was typed. `starts_on` and `ends_on` are always the outer days.

What does not belong here: guessing. `dateparser`, which fits most of these texts, was not taken: it reads the
missing parts from today's date, falls back from day-month to month-day, and returns something for texts that hold no
date at all; here each of these is a refusal that the organiser can answer. Dates of one source that no grammar should
know (« le premier ESSPRESSO régional ») are declared in `sources/corrections/`.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from sources.values.refusal import Refused, quote
from sources.values.text import clean, is_missing, strip_accents

FIRST_YEAR, LAST_YEAR = 1900, 2100
TIMEZONE = "Europe/Paris"

MONTH_NAMES = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
WEEKDAY_NAMES = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")

_MONTHS = {strip_accents(name): number for number, name in enumerate(MONTH_NAMES, 1)}
_MONTHS |= {"janv": 1, "jan": 1, "fev": 2, "fevr": 2, "avr": 4, "juil": 7, "juill": 7, "aou": 8, "sept": 9, "sep": 9}
_MONTHS |= {"oct": 10, "nov": 11, "dec": 12}
_WEEKDAYS = {name: number for number, name in enumerate(WEEKDAY_NAMES)}
_FILLERS = frozenset(
    {"le", "la", "les", "l", "en", "du", "de", "des", "d", "mois", "date", "journee", "journees", "implicite"}
    | {"matin", "matinee", "midi", "apres-midi", "apres midi", "soir", "soiree"}
    | {"dernier", "derniere", "prochain", "prochaine", "courant"}
)
_LINKS = frozenset({"au", "a", "et", "-", "…", "puis"})

_ISO = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[t ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(z|[+-]\d{2}:?\d{2})?)?"
)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?")
_TIME = re.compile(
    r"(?:\b(accueil|debut|fin)\s*(?:a|des|:|vers)?\s*|\b(?:de|a|des|vers|jusqu[’' ]a)\s+)?"
    r"(?<![\d/.])(\d{1,2})\s*(?:h(?:eures?)?\s*(\d{2})?(?!\d)(?:\s*(?:mn|min))?|:(\d{2})(?::\d{2})?)\b"
)
_NUMBER = re.compile(r"\d+")
_PARTS = {
    "iso": ("year", "month", "day"),
    "numeric": ("day", "month", "year"),
    "day_month": ("day", "month"),
    "year": ("year",),
    "day": ("day",),
}
_TOKEN = re.compile(
    r"(?P<iso>\d{4}-\d{2}-\d{2}(?!\d))"
    r"|(?P<numeric>\d{1,2}(?P<separator>[/.-])\d{1,2}(?P=separator)(?:\d{4}|\d{2})(?!\d))"
    r"|(?P<day_month>\d{1,2}/\d{1,2}(?![\d/]))"
    r"|(?P<year>\d{4}(?!\d))"
    r"|(?P<day>\d{1,2}(?!\d)\s?(?:er\b)?)"
    r"|(?P<word>apres[ -]midi\b|[a-z]+)"
    r"|(?P<link>…|\.\.\.|[-–—→])"
    r"|(?P<skip>[\s.,;:()’'«»\"]+)"
    r"|(?P<other>.)"
)


@dataclass(frozen=True)
class DateValue:
    """First and last day, with the precision of both, and the hours when they were typed (local time)."""

    starts_on: date | None = None
    ends_on: date | None = None
    precision: str = "missing"
    start_time: time | None = None
    end_time: time | None = None


class _Moment(NamedTuple):
    """One date as written, before the context fills it."""

    day: int | None = None
    month: int | None = None
    year: int | None = None
    weekday: int | None = None

    @property
    def lacks_month(self) -> bool:
        return self.day is not None and self.month is None


def parse_date(text: str | None, *, year: int | None = None, month: int | None = None) -> DateValue:
    """Read a date as typed.

    `year` is that of the context (programme, section « AVRIL 2023 »), used only when the text leaves it out; so is `month`, of a day alone. Raises
    `Refused`; the day number of a spreadsheet program (45988) with the date it would be (27 November 2025).
    """
    if text is None or is_missing(text):
        return DateValue()
    shown = clean(text)
    folded = strip_accents(shown).replace("...", "…")
    if _SERIAL.fullmatch(folded):
        raise _serial(shown)
    if iso := _ISO.fullmatch(folded):
        return _from_iso(shown, iso)
    if iso_month := re.fullmatch(r"(\d{4})-(\d{2})", folded):
        only = [_Moment(year=int(iso_month[1]), month=int(iso_month[2]))]
        return _span(shown, only, only, False, (None, None))
    hours, rest = _take_times(shown, folded)
    moments, link, between = _take_moments(shown, rest)
    if not moments:
        raise Refused(
            "date_incomprise",
            f"{quote(shown)} ne contient pas de date. Écrivez le jour, le mois et l'année, par exemple 06/04/2023.",
        )
    filled = _fill(shown, moments, year, month)
    if len(moments) > 2 or (len(moments) == 2 and not _is_period(shown, filled, link, between)):
        raise Refused(
            "dates_multiples", f"{quote(shown)} contient plusieurs dates. Mettez une date, ou une période, par ligne."
        )
    return _span(shown, moments, filled, between, hours)


def outer_days(values: list[DateValue]) -> DateValue:
    """Several dates of one event (its sessions) as one: from the first day to the last, with its hours if it has one day.

    00:00 and 23:59 are how agendas write a whole day.
    """
    known = [value for value in values if value.starts_on is not None]
    if len(known) <= 1:
        return known[0] if known else DateValue()
    first = min(value.starts_on for value in known if value.starts_on)
    last = max(value.ends_on for value in known if value.ends_on)
    exact = all(value.precision == "day" for value in known)
    hours = sorted(value.start_time for value in known if value.start_time is not None) if first == last else []
    whole = hours and hours[0] == time(0, 0) and hours[-1] == time(23, 59)
    start, end = (None, None) if whole or not hours else (hours[0], hours[-1] if hours[-1] > hours[0] else None)
    return DateValue(first, last, "day" if exact else "range", start, end)


def _is_period(shown: str, filled: list[_Moment], link: str | None, between: bool) -> bool:
    """Whether two moments bound a period. « 8 et 9 octobre » do, « 3 et 17 octobre » are two events."""
    if link is None:
        return False
    if link != "et" or between or not all(moment.day for moment in filled):
        return True
    first, last = (_bounds(shown, moment)[0] for moment in filled)
    return (last - first).days == 1


def _serial(shown: str) -> Refused:
    """Days since 30 December 1899, the origin that makes spreadsheet programs right from March 1900 on."""
    at = datetime(1899, 12, 30) + timedelta(minutes=round(float(shown.replace(",", ".")) * 24 * 60))
    return Refused(
        "date_en_numero",
        f"{quote(shown)} est un numéro de jour de tableur, sans doute le {_in_full(at.date())}. "
        "Donnez à la cellule le format « date », ou écrivez la date en toutes lettres.",
    )


def _from_iso(shown: str, match: re.Match) -> DateValue:
    day = _make(shown, int(match[1]), int(match[2]), int(match[3]))
    if match[4] is None:
        return DateValue(day, day, "day")
    at = _clock(shown, match[4], match[5])
    if match[7]:
        from zoneinfo import ZoneInfo  # only instants of platforms need the time zones

        offset = "+00:00" if match[7] == "z" else match[7]
        try:
            instant = datetime.fromisoformat(f"{day}T{at:%H:%M}{offset}").astimezone(ZoneInfo(TIMEZONE))
        except ValueError:
            raise Refused(
                "decalage_inexistant",
                f"{quote(shown)} : {offset} n'est pas un décalage horaire. Écrivez la date et l'heure de France, par exemple 06/04/2023 18h30.",
            ) from None
        return DateValue(instant.date(), instant.date(), "day", instant.time())
    # a spreadsheet writes midnight for a date without hour
    return DateValue(day, day, "day", None if at == time(0, 0) else at)


def _take_times(shown: str, folded: str) -> tuple[tuple[time | None, time | None], str]:
    """The hours of start and end, and the text without them. The hour of the doors (« accueil ») is left out."""
    found = [(match[1], _clock(shown, match[2], match[3] or match[4])) for match in _TIME.finditer(folded)]
    start = next((at for role, at in found if role == "debut"), None)
    end = next((at for role, at in found if role == "fin"), None)
    plain = [at for role, at in found if role is None]
    if start is None and plain:
        start = plain.pop(0)
    if end is None and plain:
        end = plain.pop(0)
    if plain:
        raise Refused(
            "heures_multiples",
            f"{quote(shown)} contient plus de deux heures. Gardez l'heure de début et l'heure de fin.",
        )
    return (start, end), _TIME.sub(" ", folded)


def _take_moments(shown: str, rest: str) -> tuple[list[_Moment], str | None, bool]:
    """The moments in order; the link between the first two, if any; whether « entre » opens the text."""
    moments: list[_Moment] = []
    link = weekday = None
    between = False
    for token in _TOKEN.finditer(rest):
        kind, value = token.lastgroup, token[0]
        if said := _said(kind, value):
            if moments and _completes(said, moments[-1]):
                moments[-1] = moments[-1]._replace(**said)
            else:
                moments.append(_Moment(weekday=weekday, **said))
                weekday = None
        elif value in _WEEKDAYS:
            weekday = _WEEKDAYS[value]
        elif value == "entre" and not moments:
            between = True
        elif kind == "link" or value in _LINKS or (value == "jusqu" and moments):
            link = value if moments else None
        elif kind != "skip" and value not in _FILLERS:
            raise Refused(
                "date_incomprise",
                f"{quote(shown)} n'est pas une date comprise (« {value} »). "
                "Écrivez le jour, le mois et l'année, par exemple 06/04/2023.",
            )
    if weekday is not None and moments and moments[-1].weekday is None:
        moments[-1] = moments[-1]._replace(weekday=weekday)
    return moments, link, between


def _said(kind: str | None, value: str) -> dict[str, int]:
    """The parts of a date that a token says: none for a link, or a word that is no month."""
    if kind == "word":
        return {"month": _MONTHS[value]} if value in _MONTHS else {}
    if kind is None or kind not in _PARTS:
        return {}
    said = dict(zip(_PARTS[kind], map(int, _NUMBER.findall(value)), strict=True))
    if kind == "numeric" and said["year"] < 100:
        said["year"] += 2000
    return said


def _completes(said: dict[str, int], last: _Moment) -> bool:
    """Whether a month alone comes after its day, or a year alone after its month."""
    if len(said) > 1:
        return False
    return last.lacks_month if "month" in said else "year" in said and bool(last.month) and last.year is None


def _fill(shown: str, moments: list[_Moment], year: int | None, month: int | None) -> list[_Moment]:
    """Give each moment the month and year it borrows from the other one, then those of the context."""
    first, last = moments[0], moments[-1]
    if len(moments) == 2 and first.month and first.day is None and last.lacks_month:
        raise Refused(
            "date_ambigue",
            f"{quote(shown)} peut se lire de deux façons : {last.day} est le jour, ou l'année. Écrivez le jour avant le mois et "
            "l'année en entier, par exemple 06/04/2023 ou avril 2023.",
        )
    first, last = _with_years(shown, *_with_months(shown, first, last, month), year)
    return [first, last] if len(moments) == 2 else [first]


def _with_months(shown: str, first: _Moment, last: _Moment, month: int | None) -> tuple[_Moment, _Moment]:
    """A day alone takes the month of the other moment, else that of the context."""
    if last.lacks_month:
        last = last._replace(month=first.month)
    if first.lacks_month:
        first = first._replace(month=last.month)
    if first.lacks_month and last.lacks_month:
        first, last = first._replace(month=month), last._replace(month=month)
    if first.lacks_month or last.lacks_month:
        raise Refused(
            "mois_absent", f"{quote(shown)} ne dit pas le mois. Écrivez la date en entier, par exemple 06/04/2023."
        )
    return first, last


def _with_years(shown: str, first: _Moment, last: _Moment, year: int | None) -> tuple[_Moment, _Moment]:
    """A moment takes the year of the other, else that of the context; a period that ends in an earlier month ends a year later."""
    wraps = bool(first.month and last.month and first.month > last.month)
    if first.year is None:
        first = first._replace(year=last.year - wraps if last.year else year)
    if first.year is None:
        raise Refused(
            "annee_absente",
            f"{quote(shown)} ne dit pas l'année, et rien autour ne la donne. Écrivez l'année, par exemple 06/04/2023.",
        )
    if last.year is None:
        last = last._replace(year=first.year + wraps)
    return first, last


def _span(
    shown: str, given: list[_Moment], filled: list[_Moment], vague: bool, hours: tuple[time | None, time | None]
) -> DateValue:
    """Outer days of the filled moments and their common precision; refuses what contradicts the calendar."""
    for as_typed, moment in zip(given, filled, strict=True):
        _check_weekday(shown, moment, year_typed=as_typed.year is not None)
    starts_on, ends_on = _bounds(shown, filled[0])[0], _bounds(shown, filled[-1])[1]
    if ends_on < starts_on:
        raise Refused(
            "dates_inversees",
            f"{quote(shown)} : la fin ({_in_full(ends_on)}) vient avant le début ({_in_full(starts_on)}). "
            "Corrigez l'une des deux dates.",
        )
    start_time, end_time = hours
    if starts_on == ends_on and start_time and end_time and end_time <= start_time:
        raise Refused(
            "heures_inversees",
            f"{quote(shown)} : la fin ({end_time:%Hh%M}) ne vient pas après le début ({start_time:%Hh%M}). "
            "Corrigez les heures.",
        )
    if len(filled) == 2:
        precision = "day" if all(moment.day for moment in filled) and not vague else "range"
    else:
        precision = "day" if filled[0].day else "month" if filled[0].month else "year"
    return DateValue(starts_on, ends_on, precision, start_time, end_time)


def _bounds(shown: str, moment: _Moment) -> tuple[date, date]:
    """First and last day of a day, a month or a year."""
    assert moment.year is not None
    if moment.day is not None:
        assert moment.month is not None
        day = _make(shown, moment.year, moment.month, moment.day)
        return day, day
    first_month, last_month = (moment.month, moment.month) if moment.month else (1, 12)
    first = _make(shown, moment.year, first_month, 1)
    return first, _make(shown, moment.year, last_month, calendar.monthrange(moment.year, last_month)[1])


def _check_weekday(shown: str, moment: _Moment, *, year_typed: bool) -> None:
    if moment.weekday is None or moment.day is None:
        return
    assert moment.year is not None and moment.month is not None
    day = _make(shown, moment.year, moment.month, moment.day)
    if day.weekday() != moment.weekday:
        otherwise = "" if year_typed else f", ou écrivez l'année si ce n'est pas {day.year}"
        raise Refused(
            "jour_de_semaine_contradictoire",
            f"{quote(shown)} : le {_in_full(day, weekday=False)} est un {WEEKDAY_NAMES[day.weekday()]}, pas un "
            f"{WEEKDAY_NAMES[moment.weekday]}. Corrigez le jour ou la date{otherwise}.",
        )


def _make(shown: str, year: int, month: int, day: int) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Refused(
            "annee_absurde",
            f"{quote(shown)} : l'année {year} n'est pas possible pour un événement. Corrigez l'année.",
        )
    try:
        return date(year, month, day)
    except ValueError:
        raise Refused(
            "date_inexistante",
            f"{quote(shown)} : le {day}/{month}/{year} (jour/mois/année) n'existe pas. Corrigez le jour ou le mois.",
        ) from None


def _clock(shown: str, hours: str, minutes: str | None) -> time:
    try:
        return time(int(hours), int(minutes or 0))
    except ValueError:
        raise Refused(
            "heure_inexistante",
            f"{quote(shown)} : {hours}h{minutes or ''} n'est pas une heure. Écrivez l'heure de 0h00 à 23h59.",
        ) from None


def _in_full(day: date, *, weekday: bool = True) -> str:
    name = f"{WEEKDAY_NAMES[day.weekday()]} " if weekday else ""
    return f"{name}{'1er' if day.day == 1 else day.day} {MONTH_NAMES[day.month - 1]} {day.year}"
