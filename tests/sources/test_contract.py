"""The contract grammar: what is wrong is said in French, with the file and the line."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sources.contract import CONTRACTS, ContractError, load_contract, load_contracts

GOOD = """\
source: essai
title: Un essai
entity: published_figure
files:
  shape: delimited
  delimiter: ";"
fields:
  programme: {headers: [Programme]}
  indicator: {headers: [Indicateur]}
  dimension: {headers: [Dimension]}
  member: {headers: [Modalité]}
  figure: {headers: [Chiffre]}
"""


def written(tmp_path: Path, text: str, name: str = "essai.yml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_every_shipped_contract_is_valid():
    contracts = load_contracts()
    assert set(contracts) == {path.stem for path in CONTRACTS.glob("*.yml")}


def test_a_good_contract_loads(tmp_path):
    assert load_contract(written(tmp_path, GOOD)).contract.entity == "published_figure"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("shape: delimited", "shape: delimited\n  series: '('"), ["series", "n'est pas une expression régulière"]),
        (("title: Un essai", "titre: Un essai"), ["essai.yml, ligne 2", "titre", "clé inconnue"]),
        (("shape: delimited", "shape: pdf"), ["ligne 5", "« pdf » inconnue", "delimited"]),
        (("  figure: {headers: [Chiffre]}\n", ""), ["champ obligatoire", "figure"]),
        (("{headers: [Chiffre]}", "{headers: [Chiffre], constant: a}"), ["ligne 12", "soit « headers »"]),
        (("headers: [Chiffre]", "headers: [modalite]"), ["réclamé deux fois", "member", "figure"]),
        (("figure: {", "surface: {"), ["champ inconnu", "surface"]),
        (("entity: published_figure", "entity: rien"), ["entité inconnue « rien »", "event"]),
        (("source: essai", "source: autre"), ["le fichier s'appelle essai.yml"]),
        (("title: Un essai", "title: [Un"), ["ligne", "YAML illisible"]),
        (("title: Un essai", "title: a\ntitle: b"), ["ligne 3", "une clé est écrite deux fois"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, expected):
    with pytest.raises(ContractError) as caught:
        load_contract(written(tmp_path, GOOD.replace(*change)))
    for words in expected:
        assert words in str(caught.value)


def test_words_that_libyaml_refuses_are_read(tmp_path):
    text = GOOD.replace("[Chiffre]", "[h:m, Combien?]")
    assert load_contract(written(tmp_path, text)).contract.fields["figure"].headers == ("h:m", "Combien?")


def test_a_mistake_beside_a_word_that_only_libyaml_reads_is_named(tmp_path):
    text = GOOD.replace("Un essai", "Un\tessai").replace("shape", "shap")
    with pytest.raises(ContractError, match="essai.yml, ligne 2 : YAML illisible"):
        load_contract(written(tmp_path, text))


@pytest.mark.nights
def test_libyaml_reads_the_rules_that_ship_as_the_slow_reader_does():
    assert YAML(typ="safe").Parser is not YAML(typ="safe", pure=True).Parser
    root = CONTRACTS.parents[1]
    paths = [
        path for room in ("sources", "identity", "expectations", "publication") for path in (root / room).rglob("*.yml")
    ]
    assert len(paths) > 40
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert YAML(typ="safe").load(text) == YAML(typ="safe", pure=True).load(text), path


def test_all_contracts_are_read_before_complaining(tmp_path):
    written(tmp_path, GOOD.replace("title", "titre"))
    written(tmp_path, "source: second\n", "second.yml")
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    assert "essai.yml" in str(caught.value) and "second.yml" in str(caught.value)


def test_a_choice_needs_its_words(tmp_path):
    text = CONTRACTS.joinpath("evenements_ess.yml").read_text(encoding="utf-8")
    text = text.replace("source: evenements_ess", "source: essai")
    broken = text.replace(
        "    words: {held: [tenu], announced: [annoncé], cancelled: [annulé], postponed: [reporté]}\n", ""
    )
    assert broken != text
    with pytest.raises(ContractError, match="words"):
        load_contract(written(tmp_path, broken))
    with pytest.raises(ContractError, match="valeur inconnue fini"):
        load_contract(written(tmp_path, text.replace("held: [tenu]", "fini: [tenu]")))
