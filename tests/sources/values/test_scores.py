"""Notes and recommendations, as the forms export them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.values.refusal import Refused
from sources.values.scores import Score, parse_recommendation, parse_score

# The scale of the Framaforms sample, brought to 5 by its contract.
WORDS = {"Très satisfait": 5, "Satisfait": 4, "Moyennement satisfait": 3, "Peu satisfait": 2, "Insatisfait·e": 1}


@pytest.mark.parametrize(
    ("text", "best", "score"),
    [
        ("5", 5, Score(5, 5)),
        ("4,5", 5, Score(4.5, 5)),
        ("4.0", 5, Score(4, 5)),
        ("4/5", 5, Score(4, 5)),
        ("4 / 5", 5, Score(4, 5)),
        ("4 sur 5", 5, Score(4, 5)),
        ("8/10", 10, Score(8, 10)),
        ("8/10", 5, Score(8, 10)),  # the cell says its own scale
        ("0/10", 5, Score(0, 10)),
        ("5 - Très utile", 5, Score(5, 5)),
        ("1 – Pas du tout utile", 5, Score(1, 5)),
        ("3 : moyen", 5, Score(3, 5)),
        ("3 (moyen)", 5, Score(3, 5)),
        ("4 étoiles", 5, Score(4, 5)),
        ("★★★★", 5, Score(4, 5)),
        ("★★★★☆", 5, Score(4, 5)),
        ("⭐️⭐️⭐️", 5, Score(3, 5)),
        ("★★☆☆", 5, Score(2, 4)),
        ("Très satisfait", 5, Score(5, 5)),
        ("TRES SATISFAIT ", 5, Score(5, 5)),
        ("Insatisfait·e", 5, Score(1, 5)),
        ("", 5, None),
        (None, 5, None),
        ("N/A", 5, None),
        ("Sans avis", 5, None),
    ],
)
def test_scores(text, best, score):
    assert parse_score(text, best=best, words=WORDS) == score


def test_out_of_five():
    assert Score(8, 10).note_out_of_5 == 4
    assert Score(4, 5).note_out_of_5 == 4
    assert Score(0, 10).note_out_of_5 == 0
    assert Score(3, 4).note_out_of_5 == 3.75


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("6", "note_hors_echelle"),
        ("0", "note_hors_echelle"),
        ("-1", "note_hors_echelle"),
        ("11/10", "note_hors_echelle"),
        ("0/5", "note_hors_echelle"),
        ("★★★★★★", "note_hors_echelle"),
        ("999", "note_hors_echelle"),
        ("0/0", "echelle_nulle"),
        ("0 sur 0", "echelle_nulle"),
        ("4/0,0", "echelle_nulle"),
        ("1234567890", "note_incomprise"),
        ("Bof", "note_incomprise"),
        ("4 ou 5", "note_incomprise"),
        ("4-5", "note_incomprise"),
        ("18/11/2025", "note_incomprise"),
    ],
)
def test_refused(text, rule):
    with pytest.raises(Refused) as refused:
        parse_score(text, best=5, words=WORDS)
    assert refused.value.rule == rule
    assert text in refused.value.message


def test_a_refusal_lists_the_words_of_the_contract():
    with pytest.raises(Refused) as refused:
        parse_score("Bof", best=5, words=WORDS)
    assert "Très satisfait" in refused.value.message
    assert "de 1 à 5" in refused.value.message


def test_zero_where_the_scale_begins_at_zero():
    assert parse_score("0", best=10, worst=0) == Score(0, 10)


@pytest.mark.parametrize(
    ("text", "value"),
    [("9", 9), ("0", 0), ("10", 10), ("9.0", 9), ("9/10", 9), ("10 - Très probablement", 10), ("", None), (None, None)],
)
def test_recommendation(text, value):
    assert parse_recommendation(text) == value


@pytest.mark.parametrize("text", ["11", "8,5", "4/5", "oui", "-1"])
def test_not_a_recommendation(text):
    with pytest.raises(Refused):
        parse_recommendation(text)


@given(st.integers(1, 5), st.sampled_from(["{}", "{}/5", "{} sur 5", "{},0", "{} - libellé"]))
def test_every_way_of_writing_a_note(note, form):
    assert parse_score(form.format(note), best=5) == Score(note, 5)
    assert parse_score("★" * note + "☆" * (5 - note), best=5) == Score(note, 5)
