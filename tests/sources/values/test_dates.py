"""Dates: every text of the deliveries, the traps of French spreadsheets, every refusal with its sentence."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.values.dates import MONTH_NAMES, WEEKDAY_NAMES, DateValue, outer_days, parse_date
from sources.values.refusal import Refused


def day(text: str) -> date:
    return date.fromisoformat(text)


def value(starts_on, ends_on=None, precision="day", start=None, end=None):
    clock = [time.fromisoformat(at) if at else None for at in (start, end)]
    return DateValue(day(starts_on), day(ends_on or starts_on), precision, *clock)


# text, year of the programme or section, expected: as established from the documents
DELIVERED = [
    ("6 avril", 2023, value("2023-04-06")),
    ("12 octobre", 2023, value("2023-10-12")),
    ("décembre", 2023, value("2023-12-01", "2023-12-31", "month")),
    ("LE 6 AVRIL", 2023, value("2023-04-06")),
    ("DÉCEMBRE", 2023, value("2023-12-01", "2023-12-31", "month")),
    ("JEUDI 2 MARS", 2023, value("2023-03-02")),
    ("27 mars 2023 de 13h30 à 17h", 2023, value("2023-03-27", None, "day", "13:30", "17:00")),
    ("lundi 6 novembre", 2023, value("2023-11-06")),
    ("12 décembre 2023", 2023, value("2023-12-12")),
    ("24 janvier (2024)", 2023, value("2024-01-24")),
    ("en 2024", 2023, value("2024-01-01", "2024-12-31", "year")),
    ("2 octobre 2018", 2018, value("2018-10-02")),
    ("28 juin 2018", 2018, value("2018-06-28")),
    ("en avril dernier", 2024, value("2024-04-01", "2024-04-30", "month")),
    ("entre avril et juillet 2024", 2024, value("2024-04-01", "2024-07-31", "range")),
    ("entre avril et juillet 2024 (implicite)", 2024, value("2024-04-01", "2024-07-31", "range")),
    ("25 février 2025", 2025, value("2025-02-25")),
    ("22 avril 2025, de 8h30 à 11h", 2025, value("2025-04-22", None, "day", "08:30", "11:00")),
    (
        "13 mai 2025, accueil à 8h15, début à 8h30, fin à 10h30",
        2025,
        value("2025-05-13", None, "day", "08:30", "10:30"),
    ),
    ("Mardi 8 octobre … 9 octobre", 2024, value("2024-10-08", "2024-10-09")),
    ("Mardi 8 octobre matin", 2024, value("2024-10-08")),
    ("La journée du 9 octobre", 2024, value("2024-10-09")),
    ("", 2024, DateValue()),
]

SPREADSHEETS = [
    ("12 novembre 2025", value("2025-11-12")),
    ("mardi 4/11/25", value("2025-11-04")),
    ("12/11/2025", value("2025-11-12")),
    ("12.11.2025", value("2025-11-12")),
    ("12-11-2025", value("2025-11-12")),
    ("du 20 au 22/11/2025", value("2025-11-20", "2025-11-22")),
    ("20-22/11/2025", value("2025-11-20", "2025-11-22")),
    ("du 28 novembre au 2 décembre 2025", value("2025-11-28", "2025-12-02")),
    ("28 décembre au 2 janvier 2026", value("2025-12-28", "2026-01-02")),
    ("8 et 9 octobre 2024", value("2024-10-08", "2024-10-09")),
    ("1er mars 2024", value("2024-03-01")),
    ("29 février 2024", value("2024-02-29")),
    ("d'avril à juillet 2024", value("2024-04-01", "2024-07-31", "range")),
    ("d’avril à juillet 2024", value("2024-04-01", "2024-07-31", "range")),
    ("entre le 3 et le 7 avril 2023", value("2023-04-03", "2023-04-07", "range")),
    ("2023-04-06", value("2023-04-06")),
    ("2023-04-06 09:30:00", value("2023-04-06", None, "day", "09:30")),
    ("2023-04-06 00:00:00", value("2023-04-06")),
    ("2023-04-06 au 2023-04-08", value("2023-04-06", "2023-04-08")),
    ("2025-11-12T18:30:00+01:00", value("2025-11-12", None, "day", "18:30")),
    ("2025-06-30T22:30:00Z", value("2025-07-01", None, "day", "00:30")),  # summer time in Paris
    ("2023-04", value("2023-04-01", "2023-04-30", "month")),
    ("de 9h à 12h le 6 avril 2023", value("2023-04-06", None, "day", "09:00", "12:00")),
    ("vendredi 12 janv. 2024 à 9 heures 30", value("2024-01-12", None, "day", "09:30")),
    ("l'après-midi du 6 avril 2023", value("2023-04-06")),
    ("6 avril 2023 après midi", value("2023-04-06")),
    ("6\u00a0avril\u202f2023", value("2023-04-06")),
    ("6 ao&ucirc;t 2023", value("2023-08-06")),
    ("n.d.", DateValue()),
    ("-", DateValue()),
    ("à définir", DateValue()),
    (None, DateValue()),
    ("du 6 avril 2023 au 9", value("2023-04-06", "2023-04-09")),
    ("du 1er février 2021 au 3 avril 2023", value("2021-02-01", "2023-04-03")),
    ("du 15 avril 2023 à mai 2023", value("2023-04-15", "2023-05-31", "range")),
    ("avril et mai 2023", value("2023-04-01", "2023-05-31", "range")),
    ("6 avril 2023 à 18:30", value("2023-04-06", None, "day", "18:30")),
    ("6 avril 2023 début 18h à 20h", value("2023-04-06", None, "day", "18:00", "20:00")),
    ("du 6 avril 2023 18h au 7 avril 2023 9h", value("2023-04-06", "2023-04-07", "day", "18:00", "09:00")),
]

REFUSED = [
    (
        "31 février 2024",
        "date_inexistante",
        "« 31 février 2024 » : le 31/2/2024 (jour/mois/année) n'existe pas. Corrigez le jour ou le mois.",
    ),
    (
        "11/13/2025",
        "date_inexistante",
        "« 11/13/2025 » : le 11/13/2025 (jour/mois/année) n'existe pas. Corrigez le jour ou le mois.",
    ),
    (
        "0 avril 2023",
        "date_inexistante",
        "« 0 avril 2023 » : le 0/4/2023 (jour/mois/année) n'existe pas. Corrigez le jour ou le mois.",
    ),
    (
        "lundi 6 avril 2023",
        "jour_de_semaine_contradictoire",
        "« lundi 6 avril 2023 » : le 6 avril 2023 est un jeudi, pas un lundi. Corrigez le jour ou la date.",
    ),
    (
        "45988",
        "date_en_numero",
        "« 45988 » est un numéro de jour de tableur, sans doute le jeudi 27 novembre 2025. Donnez à la cellule le "
        "format « date », ou écrivez la date en toutes lettres.",
    ),
    (
        "12/11/1825",
        "annee_absurde",
        "« 12/11/1825 » : l'année 1825 n'est pas possible pour un événement. Corrigez l'année.",
    ),
    (
        "12/11/2205",
        "annee_absurde",
        "« 12/11/2205 » : l'année 2205 n'est pas possible pour un événement. Corrigez l'année.",
    ),
    (
        "6 avril",
        "annee_absente",
        "« 6 avril » ne dit pas l'année, et rien autour ne la donne. Écrivez l'année, par exemple 06/04/2023.",
    ),
    ("jeudi 6", "mois_absent", "« jeudi 6 » ne dit pas le mois. Écrivez la date en entier, par exemple 06/04/2023."),
    (
        "en complément",
        "date_incomprise",
        "« en complément » n'est pas une date comprise (« complement »). Écrivez le jour, le mois et l'année, par "
        "exemple 06/04/2023.",
    ),
    (
        "« le premier ESSPRESSO régional »",
        "date_incomprise",
        "« le premier ESSPRESSO régional » n'est pas une date comprise (« premier »). Écrivez le jour, le mois et "
        "l'année, par exemple 06/04/2023.",
    ),
    (
        "14:30",
        "date_incomprise",
        "« 14:30 » ne contient pas de date. Écrivez le jour, le mois et l'année, par exemple 06/04/2023.",
    ),
    (
        "après le 6 avril 2023",
        "date_incomprise",
        "« après le 6 avril 2023 » n'est pas une date comprise (« apres »). Écrivez le jour, le mois et l'année, par "
        "exemple 06/04/2023.",
    ),
    (
        "avr-23",
        "date_ambigue",
        "« avr-23 » peut se lire de deux façons : 23 est le jour, ou l'année. Écrivez le jour avant le mois et l'année en "
        "entier, par exemple 06/04/2023 ou avril 2023.",
    ),
    (
        "3 et 17 octobre 2024",
        "dates_multiples",
        "« 3 et 17 octobre 2024 » contient plusieurs dates. Mettez une date, ou une période, par ligne.",
    ),
    (
        "6 avril 2023, 9 mai 2023",
        "dates_multiples",
        "« 6 avril 2023, 9 mai 2023 » contient plusieurs dates. Mettez une date, ou une période, par ligne.",
    ),
    (
        "3, 5 et 7 avril 2023",
        "dates_multiples",
        "« 3, 5 et 7 avril 2023 » contient plusieurs dates. Mettez une date, ou une période, par ligne.",
    ),
    (
        "06/04/2023 (mercredi)",
        "jour_de_semaine_contradictoire",
        "« 06/04/2023 (mercredi) » : le 6 avril 2023 est un jeudi, pas un mercredi. Corrigez le jour ou la date.",
    ),
    (
        "6 avril 2023 de 9h à 9h",
        "heures_inversees",
        "« 6 avril 2023 de 9h à 9h » : la fin (09h00) ne vient pas après le début (09h00). Corrigez les heures.",
    ),
    (
        "du 9 au 6 avril 2023",
        "dates_inversees",
        "« du 9 au 6 avril 2023 » : la fin (jeudi 6 avril 2023) vient avant le début (dimanche 9 avril 2023). Corrigez "
        "l'une des deux dates.",
    ),
    (
        "6 avril 2023 17h-14h",
        "heures_inversees",
        "« 6 avril 2023 17h-14h » : la fin (14h00) ne vient pas après le début (17h00). Corrigez les heures.",
    ),
    (
        "6 avril 2023 9h, 11h, 14h",
        "heures_multiples",
        "« 6 avril 2023 9h, 11h, 14h » contient plus de deux heures. Gardez l'heure de début et l'heure de fin.",
    ),
    (
        "6 avril 2023 à 25h",
        "heure_inexistante",
        "« 6 avril 2023 à 25h » : 25h n'est pas une heure. Écrivez l'heure de 0h00 à 23h59.",
    ),
]


@pytest.mark.parametrize(("text", "year", "expected"), DELIVERED)
def test_every_delivered_text(text, year, expected):
    assert parse_date(text, year=year) == expected


@pytest.mark.parametrize(("text", "expected"), SPREADSHEETS)
def test_texts_of_spreadsheets(text, expected):
    assert parse_date(text) == expected


@pytest.mark.parametrize(("text", "rule", "message"), REFUSED)
def test_refusals_say_what_to_do(text, rule, message):
    with pytest.raises(Refused) as refusal:
        parse_date(text)
    assert (refusal.value.rule, refusal.value.message) == (rule, message)


@pytest.mark.parametrize("offset", ["+99:99", "-24:00", "+9999"])
def test_an_offset_that_no_place_has(offset):
    with pytest.raises(Refused) as refused:
        parse_date(f"2025-11-05T18:30:00{offset}")
    assert refused.value.rule == "decalage_inexistant" and offset in refused.value.message


def test_a_weekday_that_contradicts_a_year_of_the_context_suggests_writing_the_year():
    with pytest.raises(Refused, match="ou écrivez l'année si ce n'est pas 2023"):
        parse_date("mardi 8 octobre", year=2023)
    assert parse_date("mardi 8 octobre", year=2024) == value("2024-10-08")


@pytest.mark.parametrize("text", ["avr-23", "avril 23", "avr. 23", "janv-24"])
def test_a_month_before_two_digits_is_never_a_period_of_the_year_around(text):
    with pytest.raises(Refused) as refusal:
        parse_date(text, year=2023)
    assert refusal.value.rule == "date_ambigue"


def test_the_year_of_the_text_wins_over_the_context():
    assert parse_date("24 janvier 2024", year=2023) == value("2024-01-24")


def test_the_month_of_the_context_completes_a_day_alone():
    assert parse_date("jeudi 6", year=2023, month=4) == value("2023-04-06")
    assert parse_date("8 et 9", year=2023, month=4) == value("2023-04-08", "2023-04-09")
    assert parse_date("5 mai", year=2023, month=4) == value("2023-05-05")
    assert parse_date("du 5 au 8 mai", year=2023, month=4) == value("2023-05-05", "2023-05-08")
    assert parse_date("mai", year=2023, month=4).precision == "month"
    with pytest.raises(Refused, match="est un jeudi, pas un vendredi"):
        parse_date("vendredi 6", year=2023, month=4)


def test_a_period_over_new_year_takes_its_first_day_from_the_context():
    assert parse_date("du 28 décembre au 2 janvier", year=2025) == value("2025-12-28", "2026-01-02")


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        ([value("2023-04-07"), DateValue(), value("2023-04-06")], value("2023-04-06", "2023-04-07")),
        (
            [value("2023-04-06"), value("2023-05-01", "2023-05-31", "month")],
            value("2023-04-06", "2023-05-31", "range"),
        ),
        (
            [value("2023-04-06", start="14:00"), value("2023-04-06", start="09:00"), value("2023-04-06")],
            value("2023-04-06", start="09:00", end="14:00"),
        ),
        ([value("2023-04-06", start="09:00"), value("2023-04-06", start="09:00")], value("2023-04-06", start="09:00")),
        ([value("2023-04-06", start="00:00"), value("2023-04-06", start="23:59")], value("2023-04-06")),
        (
            [value("2023-04-06", start="00:00"), value("2023-04-06", start="02:00")],
            value("2023-04-06", start="00:00", end="02:00"),
        ),
        (
            [value("2023-04-06", start="20:00"), value("2023-04-06", start="23:59")],
            value("2023-04-06", start="20:00", end="23:59"),
        ),
        ([value("2023-04-06", start="09:00"), value("2023-04-07", start="09:00")], value("2023-04-06", "2023-04-07")),
        ([DateValue(), value("2023-04-06", start="00:00")], value("2023-04-06", start="00:00")),
        ([DateValue()], DateValue()),
    ],
)
def test_the_sessions_of_one_event_are_one_date(sessions, expected):
    assert outer_days(sessions) == expected


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31)), st.booleans())
def test_a_date_written_in_full_comes_back(when, with_weekday):
    written = f"{when.day} {MONTH_NAMES[when.month - 1]} {when.year}"
    if with_weekday:
        written = f"{WEEKDAY_NAMES[when.weekday()]} {written}".upper()
    assert parse_date(written) == DateValue(when, when, "day")
    assert parse_date(f"{when:%d/%m}/{when.year}") == DateValue(when, when, "day")


@given(st.text(max_size=40))
def test_any_text_gives_a_date_or_a_refusal(text):
    try:
        found = parse_date(text, year=2023)
    except Refused as refusal:
        assert refusal.rule and refusal.message.endswith(".")
    else:
        assert found.precision == "missing" or found.starts_on <= found.ends_on
