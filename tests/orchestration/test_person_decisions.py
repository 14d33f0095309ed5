"""`observatoire person show|split|merge|undo|review|decisions`: what is shown, and that the next night has something to do."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from identity.held import LANDED, held_on
from identity.matching import registry
from identity.matching.constraints import decide, decisions, path_of
from identity.vault import Vault
from orchestration import erasure
from orchestration.command import app
from orchestration.home import Home
from sources.erased_files import replaced_since

sys.path.append(str(Path(__file__).parents[1] / "identity"))
from people import Lists, row

CANARIES = ("dupont", "free.fr", "laposte", "0320123456", "jardins")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("OBSERVATOIRE_HOME", str(tmp_path))
    monkeypatch.setenv("OBSERVATOIRE_ACTOR", "dpo")
    people = Lists(tmp_path)
    told = {"organisation_text": "Les Jardins", "phone": "03 20 12 34 56"}
    people.put(
        "a", row("Jean Dupont", "jean.dupont@free.fr", **told), row("Jean Dupont", "jdupont59@laposte.net", **told)
    )
    people.match()
    return people


def said(*arguments, code=0):
    done = CliRunner().invoke(app, ["person", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_the_review_band_is_listed_without_identities_unless_a_purpose_is_given(home):
    listed = said("review")
    assert "nom + téléphone + structure" in listed
    assert not [canary for canary in CANARIES if canary in listed.lower()]
    assert "--purpose" in said("review", "--reveal", code=2)
    assert "jean.dupont@free.fr" in said("review", "--reveal", "--purpose", "matching")


@pytest.mark.nights
def test_a_pair_is_merged_shown_and_taken_back_and_the_next_night_has_it_to_do(home):
    left, right = said("review").split()[:2]
    assert "n° 1" in said("merge", left, right, "--reason", "vu au guichet")
    assert Home.from_environment().unfinished.exists()
    home.match()
    (uid,) = held_on(home.vault, LANDED.empty_table(), name="Jean Dupont", purpose="matching").uids
    shown = said("show", uid)
    assert "2 identités" in shown and not [canary for canary in CANARIES if canary in shown.lower()]
    listed = said("decisions")
    assert "réunion" in listed and "vu au guichet" in listed and "dpo" in listed
    one, other = (line.split()[0] for line in shown.splitlines()[1:])
    said("split", uid, one, other, "--reason", "rien ne resterait", code=2)
    said("split", uid, "0" * 16, "--reason", "inconnue", code=2)
    assert "n° 2" in said("split", uid, one, "--reason", "ce sont le père et le fils")
    home.match()
    assert home.groups() == [{"a1"}, {"a2"}]
    assert "n° 3" in said("undo", "2", "--reason", "non")


def test_an_older_list_of_decisions_put_back_alone_is_noticed_and_a_decision_is_no_older_list(home):
    here = Home.from_environment()
    left, right = said("review").split()[:2]
    said("merge", left, right, "--reason", "vu au guichet")
    said("undo", "1", "--reason", "Jean Dupont a appelé")
    home.match()
    before = path_of(home.vault).read_bytes()
    told = said("erase", "jean.dupont@free.fr", "--purpose", "person_rights", "--yes")
    steps = ("Recherche", "Livraisons", "Rapprochement", "Versions publiées", "Journaux", "Certificat d'effacement")
    assert sorted(steps, key=told.index) == [*steps], "somebody who waits knows for what"
    erased = decisions(Vault(here.vault))
    assert "Dupont" not in str(erased) and not replaced_since(here.vault)
    path_of(home.vault).write_bytes(before)
    assert replaced_since(here.vault) == {erasure.DECISIONS}
    erasure.erase_again(here, datetime.now(UTC))
    assert [each.left + each.right for each in decisions(Vault(here.vault))] == [
        each.left + each.right for each in erased
    ]
    assert "Dupont" not in str(decisions(Vault(here.vault))) and not replaced_since(here.vault)
    # put back, and somebody decides before the night
    path_of(home.vault).write_bytes(before)
    decide(Vault(here.vault), "split", [1], [2], reason="deux personnes")
    erasure.remember_decisions(here)
    assert "Dupont" not in str(decisions(Vault(here.vault))) and not replaced_since(here.vault)


def test_an_unknown_person_is_one_sentence(home):
    known = said("review").split()[0]
    nobody = "0" * 16
    for command in (
        ("show", nobody),
        ("merge", known, nobody, "--reason", "x"),
        ("split", nobody, known, "--reason", "x"),
    ):
        assert "Aucune personne" in said(*command, code=4)
    assert not decisions(home.vault)
    for no_number in ("Jean", "f" * 17):
        assert "16 chiffres" in said("show", no_number, code=4)
    registry.forget(home.vault)
    assert "lancez une nuit" in said("show", "0" * 16, code=4)
