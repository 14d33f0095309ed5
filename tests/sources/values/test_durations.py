"""Durations of Teams, Zoom and BigBlueButton, in minutes worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.values.durations import parse_minutes
from sources.values.refusal import Refused


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2 h 44 m", 164),  # Teams, French, 2021
        ("1 h 18 m", 78),
        ("25 m 24 s", 25.4),
        ("48 s", 0.8),
        ("1h 18m", 78),  # Teams, English, since 2022
        ("59m 55s", 59 + 55 / 60),
        ("48s", 0.8),
        ("12m ", 12),
        ("1 h 18 min", 78),
        ("46 min 3 s", 46.05),
        ("00:44:10", 44 + 10 / 60),  # BigBlueButton
        ("01:18:00", 78),
        ("00:59:55", 59 + 55 / 60),
        ("77", 77),  # Zoom
        ("77.0", 77),
        ("46,5", 46.5),
        ("0", 0),
        ("1h18", 78),
        ("1h", 60),
        ("1,5 h", 90),
        ("2 heures", 120),
        ("1 heure 30 minutes", 90),
        ("1h\u00a005\u202fmin", 65),
        ("90 mn", 90),
        ("1h 2m 3s", 62.05),
        (None, None),
        ("", None),
        ("--", None),
        ("-", None),
    ],
)
def test_minutes(text, minutes):
    assert parse_minutes(text) == (None if minutes is None else pytest.approx(minutes, abs=1e-9))


@pytest.mark.parametrize(
    ("text", "rule"),
    [("1:30", "duree_ambigue"), ("44:10", "duree_ambigue")]
    + [
        (text, "duree_incomprise")
        for text in ("une heure", "-5", "1h 90x", "m 5", "h", ",", "12:61:00", "1 jour", "5 s 3 m", "1234567890 h")
    ],
)
def test_refused(text, rule):
    with pytest.raises(Refused) as refused:
        parse_minutes(text)
    assert refused.value.rule == rule
    assert text in refused.value.message


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_three_ways_of_writing_one_duration(hours, minutes, seconds):
    expected = pytest.approx(hours * 60 + minutes + seconds / 60)
    assert parse_minutes(f"{hours}h {minutes}m {seconds}s") == expected
    assert parse_minutes(f"{hours} h {minutes} min {seconds} s") == expected
    assert parse_minutes(f"{hours:02d}:{minutes:02d}:{seconds:02d}") == expected
