"""Folding, cleaning, signs of absence, choices, labels, themes, departments."""

import ast
import csv
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sources
from sources import references
from sources.values.departments import ALL, DEPARTMENTS, REGIONS, parse_department, parse_region
from sources.values.refusal import Refused
from sources.values.text import clean, fold, is_blank, is_missing
from sources.values.themes import parse_themes
from sources.values.vocabulary import match_choice, split_labels

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("MONT-ST-ÉLOI", "mont saint eloi"),
        ("Mont-Saint-Éloi", "mont saint eloi"),
        ("Ste-Marie", "sainte marie"),
        ("St. Ouen", "saint ouen"),
        ("EMMAÛS CONNECT", "emmaus connect"),
        ("Emmaüs Connect", "emmaus connect"),
        ("l'agence", "l agence"),
        ("l’agence", "l agence"),
        ("HAUTS LES COOP !", "hauts les coop"),
        ("Vœux de l'ESS", "voeux de l ess"),
        ("État, Région, CRESS + structures organisatrices", "etat region cress structures organisatrices"),
        ("  (co-organisateurs)\u00a0", "co organisateurs"),
        ("4ème_atelier", "4eme atelier"),
        ("𝗔𝘁𝗲𝗹𝗶𝗲𝗿 ℂ, Ǽgir", "atelier c aegir"),
        ("", ""),
    ],
)
def test_fold(text, key):
    assert fold(text) == key


@given(st.text(max_size=40))
def test_fold_is_stable(text):
    assert fold(fold(text)) == fold(text)


def test_clean():
    assert clean(" Cre\u0301ation\u00a0d&#39;un\u202ftiers&nbsp;lieu\n\t! \ufeff") == "Création d'un tiers lieu !"
    assert clean("R&D") == "R&D"


def test_blank_and_missing():
    assert is_blank(None) and is_blank(" \u00a0") and not is_blank("-")
    for text in (None, "", "-", "--", "?", "…", "n.d.", "N/A", "NC", "Non communiqué", "à préciser"):
        assert is_missing(text), text
    for text in ("0", "X", "aucun", "non", "idem"):
        assert not is_missing(text), text


WORDS = {"held": ["tenu", "réalisé"], "announced": ["annoncé", "à venir"], "cancelled": ["annulé"]}


@pytest.mark.parametrize(("text", "choice"), [("tenu", "held"), ("RÉALISÉ ", "held"), ("A venir", "announced")])
def test_choice(text, choice):
    assert match_choice(text, WORDS) == choice


def test_choice_refused_lists_the_words():
    with pytest.raises(Refused) as refusal:
        match_choice("peut-être", WORDS)
    assert refusal.value.rule == "mot_inconnu"
    assert refusal.value.message == (
        "« peut-être » n'est pas un mot attendu ici. Écrivez l'un de ceux-ci : « tenu », « annoncé », « annulé »."
    )


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("CHAIR'ESS / LE MOUVEMENT ASSOCIATIF", ("CHAIR'ESS", "LE MOUVEMENT ASSOCIATIF")),
        ("la Région / l'agence / CRESS", ("la Région", "l'agence", "CRESS")),
        ("CITIZ ARRAS/LILLE", ("CITIZ ARRAS/LILLE",)),
        ("APES ; apes;\u00a0Galilée", ("APES", "Galilée")),
        (" ", ()),
        (None, ()),
    ],
)
def test_labels(text, labels):
    assert split_labels(text) == labels


def test_labels_with_other_separators():
    assert split_labels("a, b / c", (",",)) == ("a", "b / c")


SCHEMES = references.theme_schemes()
with (HERE / "theme_cells.csv").open(encoding="utf-8", newline="") as file:
    THEME_CELLS = [(row["scheme"], row["text"], tuple(row["codes"].split(";"))) for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("scheme", "text", "codes"),
    [
        *THEME_CELLS,
        ("Errol-2025", "METIERS, IA", ("METIERS", "IA")),
        ("Errol-2025", "IA", ("IA",)),
        ("HDF2023-transitions", "les quatre transitions", ("ECOL", "SOC", "ECO", "ORG")),
        ("HDF2023-transitions", "écologique, sociale;", ("ECOL", "SOC")),
        ("HDF2023-transitions", "sociale et économique", ("SOC", "ECO")),
        ("HDF2023-transitions", "SOCIALE\nSOCIALE", ("SOC",)),
        ("CVL2024-thematiques", "jeunesse et sensibilisation, bien vivre/vie locale", ("JEUNESSE", "BIEN_VIVRE")),
        ("CVL2024-thematiques", "", ()),
        ("Avise-2024", None, ()),
    ],
)
def test_themes(scheme, text, codes):
    assert parse_themes(text, SCHEMES[scheme]) == codes


def test_themes_refused():
    with pytest.raises(Refused) as refusal:
        parse_themes("TRANSITION SOCIALE | numérique", SCHEMES["HDF2023-transitions"])
    assert refusal.value.rule == "theme_inconnu"
    assert refusal.value.message == (
        "« numérique » n'est pas un thème connu, dans « TRANSITION SOCIALE | numérique ». Les thèmes de ce programme "
        "sont : « Transition écologique », « Transition sociale », « Transition économique », « Transition "
        "organisationnelle »."
    )
    with pytest.raises(Refused, match="3 TRANSITIONS"):
        parse_themes("3 TRANSITIONS", SCHEMES["HDF2023-transitions"])
    with pytest.raises(Refused, match="Ce programme n'a pas de thèmes"):
        parse_themes("climat", SCHEMES["Avise-2024"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2", "02"),
        ("2.0", "02"),
        ("02", "02"),
        ("59", "59"),
        ("059", "59"),
        ("2A", "2A"),
        ("2b", "2B"),
        ("974", "974"),
        ("tous", ALL),
        ("TOUS", ALL),
        ("Aisne (02)", "02"),
        ("02 - Aisne", "02"),
        ("Nord", "59"),
        ("le Pas-de-Calais", "62"),
        ("Département du Nord", "59"),
        ("Loiret", "45"),
        ("Val-d’Oise", "95"),
        ("", None),
        (None, None),
        ("n.d.", None),
    ],
)
def test_departments(text, code):
    assert parse_department(text) == code


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        (
            "99",
            "departement_inconnu",
            "« 99 » : il n'y a pas de département 99. Écrivez son numéro (59) ou son nom (Nord).",
        ),
        (
            "20",
            "departement_inconnu",
            "« 20 » : la Corse a deux départements. Écrivez 2A (Corse-du-Sud) ou 2B (Haute-Corse).",
        ),
        (
            "Lille",
            "departement_inconnu",
            "« Lille » n'est pas un département. Écrivez son numéro (59) ou son nom (Nord).",
        ),
        (
            "Aisne (59)",
            "departement_contradictoire",
            "« Aisne (59) » : 59 est le numéro du département Nord, et Aisne a le numéro 02. Corrigez l'un des deux.",
        ),
    ],
)
def test_departments_refused(text, rule, message):
    with pytest.raises(Refused) as refusal:
        parse_department(text)
    assert (refusal.value.rule, refusal.value.message) == (rule, message)


def test_regions():
    assert parse_region("Hauts-de-France") == "32"
    assert parse_region("Région Centre Val-de-Loire") == "24"
    assert parse_region("Île-de-France") == "11"
    assert parse_region("32") == "32"
    assert parse_region(" ") is None
    with pytest.raises(Refused, match="« Picardie » n'est pas une région. Écrivez son nom actuel"):
        parse_region("Picardie")


def test_departments_and_regions_are_those_of_the_reference():
    with duckdb.connect() as con:
        references.load(con)
        departments = con.execute("SELECT code, name, region_code FROM reference.department").fetchall()
        regions = con.execute("SELECT code, name FROM reference.region").fetchall()
    assert {code: (name, region) for code, name, region in departments} == DEPARTMENTS
    assert dict(regions) == REGIONS


@given(st.text(max_size=20))
def test_any_text_gives_a_department_or_a_refusal(text):
    try:
        assert parse_department(text) in {*DEPARTMENTS, ALL, None}
    except Refused as refusal:
        assert refusal.message.endswith(".")


def test_parsers_import_nothing_heavy():
    names = "counts dates departments figures places quantities text themes vocabulary"
    program = (
        "import sys\n"
        f"for name in {names!r}.split(): __import__('sources.values.' + name)\n"
        "print(sorted({'duckdb', 'numpy', 'pandas', 'pyarrow', 'zoneinfo'} & set(sys.modules)))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=HERE.parents[2]
    )
    assert printed.stdout.strip() == "[]"


def test_signs_are_told_apart():
    words = {"true": ["✓", "oui"], "false": ["✗"]}
    assert [match_choice(text, words) for text in ("✓", " ✗", "Oui")] == ["true", "false", "true"]
    with pytest.raises(Refused):
        match_choice("?", words)


def test_no_sentence_for_organisers_speaks_of_a_contract():
    room = Path(sources.__file__).parent
    for path in [*(room / "values").glob("*.py"), *(room / name for name in ("headers.py", "judge.py", "layouts.py"))]:
        said = [node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
        assert not [text for text in said if isinstance(text, str) and "contrat" in text.casefold()], path.name
