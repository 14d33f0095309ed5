"""Multiple answers: one example per platform, and every subset of options comes back from every encoding."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.values.choices import ENCODINGS, split_choices
from sources.values.refusal import Refused


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("2020 ; 2019", "spaced_semicolon", ("2020", "2019")),  # HelloAsso
        ('Partenaire ; Autre : "radio locale"', "spaced_semicolon", ("Partenaire", 'Autre : "radio locale"')),
        ("L'eau;le feu ; la terre", "spaced_semicolon", ("L'eau;le feu", "la terre")),
        ("Salariés; Étudiants", "semicolon", ("Salariés", "Étudiants")),  # Nextcloud Forms
        ("A;B;", "semicolon", ("A", "B")),  # Microsoft Forms
        ("Événement;", "semicolon", ("Événement",)),  # Démarche numérique
        ("Financer son projet;Gouvernance partagée", "semicolon", ("Financer son projet", "Gouvernance partagée")),
        ("Salariés,Étudiants,", "plain_comma", ("Salariés", "Étudiants")),  # Framaforms compact
        ("Demandeurs d'emploi,retraités", "plain_comma", ("Demandeurs d'emploi", "retraités")),
        (
            "Financer son projet | Gouvernance partagée",
            "pipe",
            ("Financer son projet", "Gouvernance partagée"),
        ),  # Eventbrite
        ("salaries etudiants", "plain_space", ("salaries", "etudiants")),  # Kobo, XML names
        ("Salariés\nÉtudiants\r\n", "newline", ("Salariés", "Étudiants")),
        ('["Salariés", "Étudiants"]', "json", ("Salariés", "Étudiants")),
        ("[]", "json", ()),
        ("null", "json", ()),
        ("[1, true]", "json", ("1", "true")),
        ('["L", "Salariés", "Étudiants"]', "grist", ("Salariés", "Étudiants")),
        ('["L"]', "grist", ()),
        ('["L", "L"]', "json", ("L",)),
        ("A ; a ; B", "spaced_semicolon", ("A", "B")),
        ("", "semicolon", ()),
        (None, "comma", ()),
        (" ; ", "semicolon", ()),
    ],
)
def test_encodings(text, encoding, expected):
    assert split_choices(text, encoding) == expected


OPTIONS = ("Salariés", "Étudiants", "Culture, sport", "Culture", "Sport, loisirs", "Demandeurs d'emploi", "Étudiants ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Salariés, Étudiants ", ("Salariés", "Étudiants")),  # Tally
        ("Culture, sport", ("Culture, sport",)),
        ("Culture, Salariés", ("Culture", "Salariés")),
        ("Salariés, Culture, sport, Étudiants", ("Salariés", "Culture, sport", "Étudiants")),
        # « Culture, sport » first would leave « loisirs » over
        ("Culture, Sport, loisirs", ("Culture", "Sport, loisirs")),
        ("salaries, DEMANDEURS D’EMPLOI", ("Salariés", "Demandeurs d'emploi")),
        # the free text of « Autre » may have commas
        ("Salariés, Autre, à préciser : radio", ("Salariés", "Autre, à préciser : radio")),
        ("Autre, à préciser : radio, Culture", ("Autre, à préciser : radio", "Culture")),
        ("Salariés", ("Salariés",)),
        ("radio", ("radio",)),
    ],
)
def test_comma_with_the_options(text, expected):
    assert split_choices(text, "comma", OPTIONS) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Salariés Étudiants", ("Salariés", "Étudiants")),
        ("Étudiants Demandeurs d'emploi", ("Étudiants", "Demandeurs d'emploi")),
        ("Culture, sport Culture", ("Culture, sport", "Culture")),
    ],
)
def test_space_with_the_options(text, expected):
    assert split_choices(text, "space", OPTIONS) == expected


@pytest.mark.parametrize(
    ("text", "encoding", "options", "rule"),
    [
        ("Salariés, Étudiants", "comma", (), "choix_ambigus"),
        ("Salariés Étudiants", "space", (), "choix_ambigus"),
        ("Salariés Élus", "space", OPTIONS, "choix_ambigus"),
        ("Élus", "space", OPTIONS, "choix_ambigus"),
        ('["E", "ZeroDivisionError"]', "grist", (), "choix_incompris"),
        ("Salariés", "json", (), "choix_incompris"),
        ('{"a": 1}', "json", (), "choix_incompris"),
        ('[["a"]]', "json", (), "choix_incompris"),
        ('["a",' + "[" * 3_000, "json", (), "choix_incompris"),
    ],
)
def test_refused(text, encoding, options, rule):
    with pytest.raises(Refused) as refused:
        split_choices(text, encoding, options)
    assert refused.value.rule == rule


def test_a_hostile_cell_is_read_in_reasonable_time():
    assert split_choices(", ".join(["Culture", "x"] * 5000), "comma", OPTIONS) == ("Culture", "x")


def test_one_answer_needs_no_options():
    assert split_choices("Salariés", "comma") == ("Salariés",)
    assert split_choices("Salariés", "space") == ("Salariés",)


def test_unknown_encoding():
    with pytest.raises(ValueError, match="tabs"):
        split_choices("a", "tabs")


SAFE = ("Salariés", "Étudiants", "Demandeurs d'emploi", "Élus et agents", "Autre (radio)")
JOINED = {
    "spaced_semicolon": " ; ".join,
    "semicolon": lambda answers: "".join(f"{answer};" for answer in answers),
    "comma": ", ".join,
    "plain_comma": ",".join,
    "pipe": " | ".join,
    "space": " ".join,
    "newline": "\n".join,
    "json": lambda answers: json.dumps(list(answers), ensure_ascii=False),
    "grist": lambda answers: json.dumps(["L", *answers]),
}


@given(st.lists(st.sampled_from(SAFE), unique=True), st.sampled_from(sorted(JOINED)))
def test_every_subset_comes_back(answers, encoding):
    assert split_choices(JOINED[encoding](answers), encoding, SAFE) == tuple(answers)


def test_every_encoding_is_tried():
    assert set(JOINED) | {"plain_space"} == set(ENCODINGS)
