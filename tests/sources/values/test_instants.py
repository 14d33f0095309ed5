"""Instants: the dialect of each platform, read by hand; the two nights when the clocks change; Python and SQL agree."""

from datetime import UTC, datetime
from typing import get_args

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.values.instants import Order, parse_instant, sql_instant
from sources.values.refusal import Refused


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DIALECTS = [
    # (text, order, instant in UTC); Paris is UTC+1 in winter, UTC+2 in summer
    ("2025-10-02T09:14:22.1337+02:00", None, "2025-10-02 07:14:22.133700"),  # HelloAsso API
    ("2025-11-22T00:08:12.473Z", None, "2025-11-22 00:08:12.473"),  # pretix API
    ("2025-11-18T08:57:00Z", None, "2025-11-18 08:57:00"),  # pretix, Eventbrite
    ("2025-10-02 10:11:12 +0200", None, "2025-10-02 08:11:12"),  # Démarche numérique
    ("2025-11-18 17:00:00+00:00", None, "2025-11-18 17:00:00"),  # NocoDB
    ("2025-11-18T18:09:45+01:00", None, "2025-11-18 17:09:45"),  # Nextcloud Forms
    ("2025-11-18T17:09:50", None, "2025-11-18 16:09:50"),  # local unless the contract gives another zone
    ("2025-11-19 10:12:31", None, "2025-11-19 09:12:31"),  # LimeSurvey, Tally, Typeform, Billetweb, spreadsheets
    ("2025-11-18 10:02", None, "2025-11-18 09:02:00"),  # Grist
    ("2026-11-22 1:37am", None, "2026-11-22 00:37:00"),  # Grist
    ("2026-11-22 12:37am", None, "2026-11-21 23:37:00"),
    ("2026/07/29 3:08:24 PM UTC+3", None, "2026-07-29 12:08:24"),  # Google Forms
    ("2025/11/19 9:05:01 AM UTC+1", None, "2025-11-19 08:05:01"),
    ("2025/11/19 9:05:01 AM UTC-3:30", None, "2025-11-19 12:35:01"),
    ("2025/11/19 9:05:01 AM UTC", None, "2025-11-19 09:05:01"),
    ("02/10/2025 09:14", "dmy", "2025-10-02 07:14:00"),  # HelloAsso
    ("01/10/2019 20:36:00", "dmy", "2019-10-01 18:36:00"),  # HelloAsso before 2020
    ("18/11/2025 11:45:31", "dmy", "2025-11-18 10:45:31"),  # BigBlueButton, Google Sheets
    ("22/11/2026 01:08", None, "2026-11-22 00:08:00"),  # pretix, the day above 12
    ("13/04/2021 09:01", None, "2021-04-13 07:01:00"),
    ("05/12/2025 10:00", "dmy", "2025-12-05 09:00:00"),  # the last month, which no order could not be
    ("01/01/2000 12:00", "dmy", "2000-01-01 11:00:00"),
    ("2025-11-22T00:08:12.4731239Z", None, "2025-11-22 00:08:12.473123"),
    ("2025-10-02 10:11:12 +02", None, "2025-10-02 08:11:12"),
    ("20/11/2025 - 10:12", "dmy", "2025-11-20 09:12:00"),  # Framaforms
    ("11/29/24 22:28", "mdy", "2024-11-29 21:28:00"),  # Eventbrite
    ("11/03/25 8:05", "mdy", "2025-11-03 07:05:00"),
    ("Mar 28, 2020 08:07:27", None, "2020-03-28 07:07:27"),  # Zoom
    ("Nov 19, 2025 6:26 PM", None, "2025-11-19 17:26:00"),
    ("Mar 8, 2020 08:07:27", None, "2020-03-08 07:07:27"),
    ("08/30/2026 11:05:00 AM", "mdy", "2026-08-30 09:05:00"),  # Zoom
    ("11/18/2025 01:02:20 PM", "mdy", "2025-11-18 12:02:20"),
    ("11/18/2020, 9:50:12 AM", "mdy", "2020-11-18 08:50:12"),  # Teams
    ("11/18/25, 1:03:31 PM", "mdy", "2025-11-18 12:03:31"),
    ("11/18/25, 12:01:39 PM", "mdy", "2025-11-18 11:01:39"),
    ("11/18/25, 1:03:31\u202fPM", "mdy", "2025-11-18 12:03:31"),
    ("15/11/22, 09:30:17", "dmy", "2022-11-15 08:30:17"),
    ("13/04/2021 à 09:01:31", "dmy", "2021-04-13 07:01:31"),
    ("05/04/2021 à 09:01:31", None, "2021-04-05 07:01:31"),  # the French « à »
    ("18 novembre 2025 à 18h04", None, "2025-11-18 17:04:00"),
    ("1er août 2025 9:00", None, "2025-08-01 07:00:00"),
    ("lundi, novembre 17, 2025 - 10:05", None, "2025-11-17 09:05:00"),  # Framaforms, long
    ("mar, 18/11/2025 - 10:05", "dmy", "2025-11-18 09:05:00"),  # Framaforms, medium
    ("Tue, 18 Nov 2025 10:05:00 +0100", None, "2025-11-18 09:05:00"),  # the header of a message
    ("mardi 18 novembre 2025 10 h 05", None, "2025-11-18 09:05:00"),
    ("18 Nov. 2025 9h", None, "2025-11-18 08:00:00"),
    # a date alone is midnight, local
    ("2025-12-03", None, "2025-12-02 23:00:00"),
    ("06/04/2023", "dmy", "2023-04-05 22:00:00"),
    ("05/05/2025", None, "2025-05-04 22:00:00"),  # both readings are the same
    ("25/11/18 10:00", "ymd", "2025-11-18 09:00:00"),
    ("18.11.2025 10:00", "dmy", "2025-11-18 09:00:00"),
    ("18-11-2025 10:00", "dmy", "2025-11-18 09:00:00"),
    # the clocks: 02:30 does not exist on 30 March 2025 and exists twice on 26 October 2025
    ("2025-03-30 01:59:59", None, "2025-03-30 00:59:59"),
    ("2025-03-30 02:30:00", None, "2025-03-30 01:30:00"),
    ("2025-03-30 03:00:00", None, "2025-03-30 01:00:00"),
    ("2025-10-26 01:59:59", None, "2025-10-25 23:59:59"),
    ("2025-10-26 02:30:00", None, "2025-10-26 01:30:00"),
    ("26/10/2025 02:30", "dmy", "2025-10-26 01:30:00"),
    ("2025-10-26 03:00:00", None, "2025-10-26 02:00:00"),
    ("2025-10-26T02:30:00+02:00", None, "2025-10-26 00:30:00"),  # an offset says which
]


@pytest.mark.parametrize(("text", "order", "expected"), DIALECTS)
def test_dialects(text, order, expected):
    assert parse_instant(text, order=order) == utc(expected)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "  ",
        "--",
        "-",
        "n.d.",
        "null",
        "0000-00-00 00:00:00",
        "0000-00-00",
        "1980-01-01 00:00:00",
        "1980-01-01",
    ],
)
def test_nothing_typed(text):
    assert parse_instant(text) is None


def test_the_zone_of_the_contract():
    assert parse_instant("2025-11-18T17:09:50", zone="UTC") == utc("2025-11-18 17:09:50")  # Kobo, Typeform
    assert parse_instant("2025-11-18 10:00", zone="Indian/Reunion") == utc("2025-11-18 06:00")
    assert parse_instant("2025-11-18 10:00 +0100", zone="Indian/Reunion") == utc("2025-11-18 09:00")


def test_numbers_only_when_the_contract_says_so():
    assert parse_instant("1763456531", epoch=True) == utc("2025-11-18 09:02:11")  # Grist
    assert parse_instant("1763456531.0", epoch=True) == utc("2025-11-18 09:02:11")
    assert parse_instant("1763456531250", epoch=True) == utc("2025-11-18 09:02:11.250")
    for text, hint in (("1763456531", "epoch"), ("1763456531250", "epoch"), ("45988", "27/11/2025")):
        with pytest.raises(Refused) as refused:
            parse_instant(text)
        assert refused.value.rule == "instant_en_numero"
        assert hint in refused.value.message


@pytest.mark.parametrize(
    ("text", "order", "rule"),
    [
        ("05/04/2021 09:01:31", None, "ordre_jour_mois"),
        ("11/12/24 22:28", None, "ordre_jour_mois"),
        ("11/29/24 22:28", None, "ordre_jour_mois"),  # never deduced
        ("11/29/24 22:28", "dmy", "ordre_contraire"),
        ("29/11/24 22:28", "mdy", "ordre_contraire"),
        ("13/04/2021", "ymd", "ordre_contraire"),
        ("12/13/2025", "dmy", "ordre_contraire"),
        ("31/04/2025 10:00", "dmy", "instant_impossible"),
        ("2025-11-18 10:00 +1600", None, "instant_impossible"),
        ("2025-11-18 10:00 +0260", None, "instant_impossible"),
        ("13/13/2025", "dmy", "instant_impossible"),
        ("2025-02-29", None, "instant_impossible"),
        ("18/11/2025 24:05", "dmy", "instant_impossible"),
        ("08/30/2026 13:05:00 AM", "mdy", "instant_impossible"),
        ("08/30/2026 00:05:00 AM", "mdy", "instant_impossible"),
        ("2025-11-18 10:00 +2900", None, "instant_impossible"),
        ("3/1/6517", "dmy", "instant_hors_limites"),
        ("01/01/1970 01:00", "dmy", "instant_hors_limites"),
        ("1/1/70", "dmy", "instant_hors_limites"),
        ("mardi", None, "instant_incompris"),
        ("Mao 28, 2020", None, "instant_incompris"),
        ("2025-11-18 environ", None, "instant_incompris"),
        ("hier à 10h", None, "instant_incompris"),
        ("10:12", None, "instant_incompris"),
        ("2025-11-18/10-12-2025", None, "instant_incompris"),
    ],
)
def test_refused(text, order, rule):
    with pytest.raises(Refused) as refused:
        parse_instant(text, order=order)
    assert refused.value.rule == rule
    assert "«" in refused.value.message


@pytest.mark.parametrize(
    ("text", "order", "said"),
    [
        ("05/04/2021 09:01:31", None, "les deux se lisent"),
        ("11/12/24 22:28", None, "les deux se lisent"),
        ("11/13/24 22:28", None, "le mois semble devant"),
        ("11/29/24 22:28", "dmy", "n'a pas le jour devant"),
        ("29/11/24 22:28", "mdy", "n'a pas le mois devant"),
        ("1/1/70", "dmy", "l'année 1970"),
        ("1763456531", None, "de secondes depuis 1970 (18/11/2025 09:02 UTC)"),
        ("1763456531250", None, "de millisecondes depuis 1970"),
    ],
)
def test_a_refusal_says_how_the_text_was_understood(text, order, said):
    with pytest.raises(Refused) as refused:
        parse_instant(text, order=order)
    assert said in refused.value.message
    if order is None and "/" in text:
        assert "order: dmy" in refused.value.message and "order: mdy" in refused.value.message


CONNECTION = duckdb.connect()


def in_sql(texts, order, zone="Europe/Paris"):
    rows = CONNECTION.execute(
        f"select {sql_instant('text', order=order, zone=zone)} from (select unnest(?::varchar[]) as text)", [texts]
    ).fetchall()
    return [None if at is None else at.replace(tzinfo=UTC) for (at,) in rows]


def in_python(text, order, zone="Europe/Paris"):
    try:
        return parse_instant(text, order=order, zone=zone)
    except Refused as refused:
        return refused.rule


@pytest.mark.parametrize("order", [None, *get_args(Order)])
def test_sql_reads_what_python_reads(order):
    """Every text of these tests, under every order: SQL leaves it or reads the same."""
    texts = [text for text, *_ in DIALECTS]
    texts += ["05/04/2021 09:01:31", "11/29/24 22:28", "3/1/6517", "15/11/22", "15/11/70 10:00", "31/04/2025 10:00"]
    texts += ["18/11/2025 24:05", "--", "", "1763456531", "45988", "2025-11-18T10:00:00.1234567Z", "05/03/12025"]
    for text, read in zip(texts, in_sql(texts, order), strict=True):
        assert read is None or read == in_python(text, order), text


def test_sql_reads_the_common_dialects():
    """Those worth the detour: not one of them is left to Python."""
    common = [(text, order, at) for text, order, at in DIALECTS if not any(sign in text for sign in "UN.é\u202f")]
    left = []
    for text, order, at in common:
        (read,) = in_sql([text], order)
        assert read in (None, utc(at))
        if read is None:
            left.append(text)
    # hours without a padding space, « à » without order, d/m without order, separators other than the slash, y/m/d
    assert len(left) <= 0.3 * len(common), left


def test_the_shape_of_a_text_is_checked_before_its_format():
    """%Y alone reads « 22 » as the year 22 (DuckDB 2.0): the formats are never used without `sql_instant`."""
    assert CONNECTION.execute("select year(try_strptime('15/11/22', '%d/%m/%Y'))").fetchall() == [(22,)]
    assert in_sql(["15/11/22 10:00", "15/11/2 10:00"], "dmy") == [utc("2022-11-15 09:00"), None]


def test_sql_does_not_roll_impossible_days_over():
    """DuckDB 2.0 does with %z."""
    texts = ["2025-02-30T20:50:14-0800", "2025-09-31 15:02:31+01:00", "2025-02-30T20:50:14Z", "2025-02-30 20:50:14"]
    assert in_sql(texts, None) == [None] * 4
    assert in_sql(["2025-02-28T20:50:14-0800"], None) == [utc("2025-03-01 04:50:14")]


clocks = st.one_of(
    st.builds("{:02d}:{:02d}:{:02d}".format, st.integers(0, 25), st.integers(0, 60), st.integers(0, 60)),
    st.builds("{}:{:02d} {}".format, st.integers(0, 13), st.integers(0, 59), st.sampled_from(["AM", "PM", "pm"])),
)
days = st.one_of(
    st.builds(
        "{}/{:02d}/{}".format, st.integers(0, 32), st.integers(0, 32), st.sampled_from([2025, 25, 5, 69, 1899, 2099])
    ),
    st.builds("{}-{:02d}-{:02d}".format, st.sampled_from([2025, 25, 2101]), st.integers(0, 13), st.integers(0, 32)),
    st.sampled_from(["30/03/2025", "2025-10-26", "26/10/25", "03/30/2025", "Mar 30, 2025", "Oct 26, 2025"]),
)
written = st.builds(
    "{}{}{}{}".format,
    days,
    st.sampled_from([" ", ", ", "T", " - ", " à "]),
    clocks,
    st.sampled_from(["", "Z", " +0130"]),
)


@pytest.mark.nights
@settings(max_examples=25)
@given(
    st.lists(written, min_size=10, max_size=40),
    st.sampled_from([None, *get_args(Order)]),
    st.sampled_from(["Europe/Paris", "Indian/Reunion"]),
)
def test_sql_never_reads_otherwise_than_python(texts, order, zone):
    for text, read in zip(texts, in_sql(texts, order, zone), strict=True):
        assert read is None or read == in_python(text, order, zone), text


@settings(max_examples=300)
@given(st.text(alphabet="0123456789/-:., TZapmà", max_size=24), st.sampled_from([None, *get_args(Order)]))
def test_any_text_is_read_or_refused(text, order):
    result = in_python(text, order)
    assert result is None or isinstance(result, str) or result.tzinfo is UTC
