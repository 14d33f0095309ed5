"""The register says every personal field of the shipped contracts and templates, with a duration and recipients."""

import csv
import io
from dataclasses import replace

import pytest

from identity.retention import Contact, load_rules
from orchestration.home import PROJECT, Home
from orchestration.register import DATA, PERSONS, ROLES, as_csv, lines, markdown, write_register
from sources.contract import load_contracts
from sources.entities import ENTITIES

TEMPLATES = PROJECT / "sources" / "templates"


@pytest.fixture(scope="module")
def loaded():
    return load_contracts(PROJECT / "sources" / "contracts") | load_contracts(TEMPLATES)


@pytest.fixture(scope="module")
def found(loaded):
    return lines(loaded, load_rules())


def test_every_personal_field_is_there_with_a_duration(loaded, found):
    said = {(line.source, line.champ) for line in found}
    personal = {
        (source, name)
        for source, each in loaded.items()
        for name, field in each.contract.fields.items()
        if field.privacy != "none" and ENTITIES[each.contract.entity].personal
    }
    assert personal and personal <= said
    assert not any(line.conservation.startswith("à fixer") for line in found)
    assert all(line.destinataires and line.base_legale and line.colonnes for line in found)


def test_every_field_has_a_name_in_french():
    slots = [slot for entity in ENTITIES.values() if entity.personal for slot in entity.slots.values()]
    assert [slot.name for slot in slots if slot.role not in ROLES and slot.name not in DATA] == []


def test_a_field_without_a_duration_would_show(loaded):
    rules = load_rules()
    fewer = rules.model_copy(update={"rules": tuple(rule for rule in rules if rule.what != "persons")})
    assert any(line.conservation.startswith("à fixer") for line in lines(loaded, fewer))


def test_identities_are_for_the_officer_alone(found):
    direct = {line.destinataires for line in found if line.nature == "identifiante"}
    others = {line.destinataires for line in found if line.nature != "identifiante"}
    assert len(direct) == 1 and "délégué" in direct.pop() and not any("délégué" in text for text in others)


def test_a_key_made_of_names_is_said_to_be_one(found):
    sealed = [line for line in found if line.champ == "attendance_id" and "Prénom" in line.colonnes]
    assert sealed and {line.nature for line in sealed} == {"empreinte à clé d'une donnée identifiante"}


def test_the_shortest_duration_is_said(found):
    comments = {line.conservation for line in found if line.donnee == "texte libre"}
    assert comments == {"6 mois après la réponse ou la réception"}
    emails = {line.conservation for line in found if line.champ == "email"}
    assert emails == {"3 ans après la dernière participation de la personne"}


def test_it_is_written_for_people_and_for_spreadsheets(tmp_path, found):
    (markdown_path, csv_path), unwritten = write_register(Home(tmp_path / "var"), tmp_path / "registre")
    rows = list(csv.DictReader(io.StringIO(csv_path.read_text(encoding="utf-8"))))
    shipped = load_contracts(PROJECT / "sources" / "contracts")
    assert rows and {row["source"] for row in rows} <= shipped.keys()
    text = markdown_path.read_text(encoding="utf-8")
    assert "Article 30" in text and all(f"`{row['source']}`" in text for row in rows)
    assert "- Responsable : non renseigné\n" in text, "who answers for it is never made up"
    assert [sentence.split(" est ")[0] for sentence in unwritten] == [
        "Le responsable du traitement",
        "Le délégué à la protection des données",
    ]
    odd = replace(found[0], colonnes="a|b")
    assert "a\\|b" in markdown([odd], load_rules()) and "a|b" in as_csv([odd])


def test_whose_the_data_are_is_said_of_every_field(found):
    assert PERSONS.keys() == {name for name, entity in ENTITIES.items() if entity.personal}
    of = {(line.traitement, line.champ): line.personnes for line in found}
    assert of["inscriptions", "email"] == "personnes inscrites à un événement"
    assert of["inscriptions", "payer_email"] == "personnes qui paient une place"
    assert of["contributions d'ateliers", "text"] == (
        "personnes qui participent à un atelier ; personnes qu'un texte libre cite"
    )
    assert "- Personnes concernées : personnes" in markdown(found, load_rules())


def test_who_answers_for_it_is_said_as_it_was_written(found):
    written = {
        "controller": Contact(name="la CRESS", contact="12 rue du Test"),
        "joint_controllers": (Contact(name="la Ville", contact="mairie@exemple.test"),),
        "officer": Contact(name="la déléguée", contact="dpo@exemple.test"),
    }
    rules = load_rules().model_copy(update=written)
    text = markdown(found, rules)
    assert (
        "- Responsable : la CRESS, 12 rue du Test\n- Responsables conjoints : la Ville, mairie@exemple.test\n" in text
    )
    assert "- Délégué à la protection des données : la déléguée, dpo@exemple.test\n" in text
    assert rules.unwritten() == [] and "non renseigné" not in text
