"""Printed figures: every figure of the documents gives the value established by hand."""

import csv
from pathlib import Path

import pytest

from sources.values.figures import FigureValue, parse_figure
from sources.values.refusal import Refused

with (Path(__file__).parent / "printed_figures.csv").open(encoding="utf-8", newline="") as file:
    PRINTED = list(csv.DictReader(file))


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: row["figure_text"])
def test_every_printed_figure(row):
    found = parse_figure(row["figure_text"], row["precision_word"])
    assert found.value == (float(row["value"]) if row["value"] else None)


def test_forty_nine_figures_were_delivered():
    assert len(PRINTED) == 49


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("33 des 36 ateliers", "exact", FigureValue(33, 33, 33, "exact")),
        ("SEPT ENJEUX", "exact", FigureValue(7, 7, 7, "exact")),
        ("seconde / 2e", "exact", FigureValue(2, 2, 2, "exact")),
        ("2e", "exact", FigureValue(2, 2, 2, "exact")),
        ("10,2 %", "exact", FigureValue(10.2, 10.2, 10.2, "exact")),
        ("32 personnes", "rounded to unit", FigureValue(32, 31.5, 32.5, "rounded")),
        ("14,7 %", "arrondi", FigureValue(14.7, 14.65, 14.75, "rounded")),
        ("Une vingtaine", "approx", FigureValue(20, 16, 24, "approximate")),
        ("environ 150 personnes", "approx", FigureValue(150, 135, 165, "approximate")),
        ("d'avril à novembre", "text", FigureValue(11, None, None, "text")),
        ("d’ici 2021", "texte", FigureValue(2021, None, None, "text")),
        # no precision given
        ("36 ateliers", None, FigureValue(36, 36, 36, "exact")),
        ("1055", "", FigureValue(1055, 1055, 1055, "exact")),
        ("une trentaine", None, FigureValue(30, 24, 36, "approximate")),
        ("en grand nombre", "qualitative", FigureValue(None, None, None, "qualitative")),
        ("(absent)", "implicit zero", FigureValue(None, None, None, "implicit_zero")),
    ],
)
def test_values_and_bounds(text, word, expected):
    found = parse_figure(text, word)
    assert found == FigureValue(
        *(None if n is None else pytest.approx(n) for n in (expected.value, expected.lower, expected.upper)),
        expected.precision,
    )


@pytest.mark.parametrize(
    ("text", "word", "rule", "message"),
    [
        (
            "Une vingtaine",
            "exact",
            "precision_contradictoire",
            "« Une vingtaine » ne va pas avec la précision « exact ». Corrigez l'un ou l'autre.",
        ),
        (
            "36 ateliers",
            "approx",
            "precision_contradictoire",
            "« 36 ateliers » ne va pas avec la précision « approx ». Corrigez l'un ou l'autre.",
        ),
        (
            "150 personnes",
            "qualitative",
            "precision_contradictoire",
            "« 150 personnes » ne va pas avec la précision « qualitative ». Corrigez l'un ou l'autre.",
        ),
        (
            "plus de 1.055 personnes",
            "approx",
            "chiffre_ambigu",
            "« plus de 1.055 personnes » peut se lire de deux façons. Écrivez les milliers sans point ni virgule, par exemple "
            "1055.",
        ),
        (
            "1,055",
            "",
            "chiffre_ambigu",
            "« 1,055 » peut se lire de deux façons. Écrivez les milliers sans point ni virgule, par exemple 1055.",
        ),
        (
            "des ateliers",
            "exact",
            "chiffre_incompris",
            "« des ateliers » ne commence pas par un nombre qui se lise d'une seule façon. Recopiez le chiffre tel qu'il est imprimé, par exemple "
            "« 36 ateliers », ou choisissez la précision « qualitatif ».",
        ),
        (
            "bientôt",
            "text",
            "chiffre_incompris",
            "« bientôt » ne nomme ni mois ni année. Recopiez la période telle qu'elle est imprimée.",
        ),
        (
            "36 ateliers",
            "à peu près",
            "mot_inconnu",
            "« à peu près » n'est pas un mot attendu ici. Écrivez l'un de ceux-ci : « exact », « rounded to unit », "
            "« approx », « text », « qualitative », « implicit zero ».",
        ),
    ],
)
def test_refusals(text, word, rule, message):
    with pytest.raises(Refused) as refusal:
        parse_figure(text, word)
    assert (refusal.value.rule, refusal.value.message) == (rule, message)


@pytest.mark.parametrize("text", ["15 - 3", "2023-11 ateliers", "5-120"])
@pytest.mark.parametrize("word", [None, "exact", "approx"])
def test_a_dash_that_makes_no_range(text, word):
    with pytest.raises(Refused) as refusal:
        parse_figure(text, word)
    assert refusal.value.rule == "chiffre_incompris"


@pytest.mark.parametrize("text", ["9" * 16, "9" * 400, "9" * 5_000 + " ateliers", "9" * 5_000 + "e"])
def test_more_digits_than_any_figure_has(text):
    with pytest.raises(Refused) as refusal:
        parse_figure(text, "exact")
    assert refusal.value.rule == "chiffre_incompris"


@pytest.mark.parametrize(
    ("text", "value"), [("13,333 %", 13.333), ("0,133", 0.133), ("11,8333", 11.8333), ("1 055", 1055)]
)
def test_decimals_that_are_no_thousands(text, value):
    assert parse_figure(text, None).value == value
