"""What somebody decides by hand: split, merge, taking it back; who asks about a person, and what is on record of it."""

import contextlib
import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

sys.path.append(str(Path(__file__).parent))
from people import Lists, attended, row
from scanner import find

from identity.cipher import Tampered, VaultError
from identity.held import LANDED, held_on
from identity.matching import registry, steps
from identity.matching.constraints import (
    concerning,
    decide,
    decisions,
    forget,
    forget_again,
    in_force,
    pairs,
    path_of,
    undo,
)
from identity.matching.persons import identities_of_person, pairs_to_review, rows_of_person

HOME = {"organisation_text": "Les Jardins", "phone": "03 20 12 34 56"}


@pytest.fixture
def people(tmp_path):
    """Father and son, one name, one association, one telephone: a pair in the review band."""
    people = Lists(tmp_path)
    people.put(
        "a", row("Jean Dupont", "jean.dupont@free.fr", **HOME), row("Jean Dupont", "jdupont59@laposte.net", **HOME)
    )
    people.put("b", attended(None, "jean.dupont@free.fr"))
    people.match()
    return people


def held(people, **who):
    return held_on(people.vault, LANDED.empty_table(), purpose="person_rights", **who)


def uid_of(people, **who):
    return held(people, **who).uids[0]


def fingerprints(people, uid):
    return [int(identity.fingerprint, 16) for identity in identities_of_person(people.vault, uid, purpose="matching")]


@pytest.mark.nights
def test_merging_a_pair_to_review_makes_one_person_until_it_is_taken_back(people, monkeypatch):
    (pair,) = pairs_to_review(people.vault, purpose="matching")
    assert pair.evidence == "name+phone+organisation"
    left, right = fingerprints(people, pair.left_uid), fingerprints(people, pair.right_uid)
    decide(people.vault, "merge", left, right, reason="vu au guichet")
    merged = people.match()
    assert merged.review == 0
    assert people.groups() == [{"a1", "a2", "b1"}]
    with monkeypatch.context() as followed:
        followed.setattr(steps, "score", lambda *_: pytest.fail("what was decided was followed"))
        assert people.match() == merged
    assert {line["method"] for line in people.table("participant_link")} == {"manual", "exact_email"}
    undo(people.vault, 1, reason="erreur")
    people.match()
    assert people.groups() == [{"a1", "b1"}, {"a2"}]


@pytest.mark.nights
def test_who_is_split_from_the_best_of_two_namesakes_goes_to_the_other(tmp_path):
    people = Lists(tmp_path)
    people.put(
        "a",
        row("Jean Martin", "jean@banque.fr", organisation_text="Banque alimentaire"),
        row("Jean Martin", "jean@jardins.fr", organisation_text="Les Jardins"),
    )
    people.put("b", attended("Jean Martin", organisation_text="Les Jardins")).match()
    assert people.groups() == [{"a1"}, {"a2", "b1"}]
    known = identities_of_person(people.vault, uid_of(people, email="jean@jardins.fr"), purpose="matching")
    with_address, without = (
        [int(one.fingerprint, 16) for one in known if bool(one.email) is has] for has in (True, False)
    )
    decide(people.vault, "split", with_address, without, reason="c'est l'autre")
    people.match()
    assert people.groups() == [{"a1", "b1"}, {"a2"}]


@pytest.mark.nights
def test_splitting_a_person_holds_on_later_nights_until_it_is_taken_back(people):
    uid = uid_of(people, email="jean.dupont@free.fr")
    named, nameless = (
        [
            int(known.fingerprint, 16)
            for known in identities_of_person(people.vault, uid, purpose="matching")
            if bool(known.name) is has
        ]
        for has in (True, False)
    )
    decide(people.vault, "split", nameless, named, reason="un collègue a pris sa place")
    people.match()
    assert people.groups() == [{"a1"}, {"a2"}, {"b1"}]
    people.put("c", row("Jean Dupont", "jean.dupont@free.fr", event="A02")).match()
    assert {"b1"} in people.groups() and {"a1", "c1"} in people.groups()
    undo(people.vault, 1, reason="c'était bien lui")
    people.match()
    assert people.groups() == [{"a1", "b1", "c1"}, {"a2"}]


@pytest.mark.nights
def test_two_persons_that_nothing_else_ties_are_one_whenever_both_are_there_until_it_is_taken_back(tmp_path):
    people = Lists(tmp_path).put("a", row("Zoé Dupont", "zoe@un.fr")).put("b", row("Luc Martin", "luc@deux.fr"))
    people.match()
    zoe, luc = (fingerprints(people, uid_of(people, email=email)) for email in ("zoe@un.fr", "luc@deux.fr"))
    decide(people.vault, "merge", zoe, luc, reason="elle écrit de chez son mari")
    people.match()
    assert people.groups() == [{"a1", "b1"}]
    for source, other in ("ab", "ba"):
        delivered = people.deliveries[source, "d1"]
        people.take_back(source).match()
        assert people.groups() == [{f"{other}1"}]
        people.put(source, *delivered).match()
        assert people.groups() == [{"a1", "b1"}]
    undo(people.vault, 1, reason="erreur")
    people.match()
    assert people.groups() == [{"a1"}, {"b1"}]


def test_a_decision_has_an_author_a_date_and_a_reason_and_is_in_the_access_log(people):
    with pytest.raises(VaultError, match="motive"):
        decide(people.vault, "split", [1], [2], reason=" ")
    decide(people.vault, "split", [1], [2, 3], reason="deux personnes")
    (made,) = decisions(people.vault)
    assert (made.number, made.author, made.reason) == (1, "dpo", "deux personnes")
    assert made.decided_at.startswith("20")
    line = json.loads((people.vault.directory / "access.jsonl").read_text().splitlines()[-1])
    assert (line["action"], line["what"], line["who"], line["rows"]) == ("decide", ["matching/split"], "dpo", 3)


@pytest.mark.parametrize("text", ["[", '[{"left": [1]}]', '[{"left": [1], "right": [2]}]', "[1]", None])
def test_a_list_of_decisions_that_cannot_be_read_is_said(tmp_path, text):
    vault = Lists(tmp_path).vault
    decide(vault, "split", [1], [2], reason="deux personnes")
    if text is None:  # a harmed disk
        path_of(vault).write_bytes(b"\xff" + path_of(vault).read_bytes()[1:])
    else:
        path_of(vault).write_text(vault.cipher.seal_text(text, purpose="matching", context="decisions"))
    with pytest.raises(Tampered, match="illisible"):
        decisions(vault)


def test_of_two_decisions_on_one_pair_the_later_one_holds(people):
    decide(people.vault, "split", [1], [2], reason="a")
    decide(people.vault, "merge", [2], [1], reason="b")
    assert pairs(decisions(people.vault)) == (set(), {(1, 2)})
    undo(people.vault, 2, reason="c")
    assert pairs(decisions(people.vault)) == ({(1, 2)}, set())
    assert [decision.number for decision in in_force(decisions(people.vault))] == [1]
    with pytest.raises(VaultError, match="en vigueur"):
        undo(people.vault, 2, reason="d")


def test_a_person_is_found_by_address_or_name_and_its_rows_listed(people):
    by_address = held(people, email="Jean.Dupont@Free.fr").uids
    assert len(by_address) == 1 and len(held(people, name="DUPONT Jean").uids) == 2
    assert not held(people, name="Zoé Personne")
    with pytest.raises(VaultError, match="un nom"):
        held(people, email="jean.dupont")
    rows = rows_of_person(people.vault, by_address[0], purpose="person_rights")
    assert [(line.source, line.delivery_id, line.row_number) for line in rows] == [("a", "d1", 1), ("b", "d1", 1)]
    with pytest.raises(VaultError, match="Aucune personne"):
        rows_of_person(people.vault, "0" * 16, purpose="person_rights")


def test_a_person_is_told_by_her_address_first_and_the_most_probable_pair_before_the_others(tmp_path):
    cafe, people = {"organisation_text": "Café"}, Lists(tmp_path)
    people.put("a", attended("Zoé Charles", event="A02"), row("Jean Dupont", "jean.dupont@free.fr", **HOME))
    people.put("b", row("Zoé Charles", "zoe.charles@un.fr", event="A02", **cafe), attended("Zoé Charles", event="A02"))
    people.put("c", row("Zoé Charles", "zcharles@deux.fr", event="A03", **cafe))
    people.put("d", row("Jean Dupont", "jdupont59@laposte.net", event="A02", **HOME)).match()
    zoe = uid_of(people, email="zoe.charles@un.fr")
    found = identities_of_person(people.vault, zoe, purpose="matching")
    assert [
        (one.email, one.name, one.phone, one.organisation, one.postcode, one.scope, one.nb_rows) for one in found
    ] == [
        ("zoe.charles@un.fr", "charles zoe", None, "cafe", None, None, 1),
        (None, "charles zoe", None, None, None, "A02|2025", 2),
    ]
    rows = [
        (one.source, one.row_number, one.fingerprint) for one in rows_of_person(people.vault, zoe, purpose="matching")
    ]
    with_address, without = (one.fingerprint for one in found)
    assert rows == [("a", 1, without), ("b", 1, with_address), ("b", 2, without)]
    first, second = pairs_to_review(people.vault, purpose="matching")
    assert first.probability > second.probability
    assert {first.left, first.right} == {
        (email, "dupont jean", "+33320123456", "jardins", None)
        for email in ("jean.dupont@free.fr", "jdupont59@laposte.net")
    }
    uids = {second.left[0]: second.left_uid, second.right[0]: second.right_uid}
    assert uids == {"zoe.charles@un.fr": zoe, "zcharles@deux.fr": uid_of(people, email="zcharles@deux.fr")}


def test_nothing_is_told_without_a_known_purpose(people):
    with pytest.raises(VaultError, match="Finalité"):
        pairs_to_review(people.vault, purpose="curiosité")


def test_what_was_kept_is_given_to_no_connection_that_may_write_to_a_disk(tmp_path):
    vault = Lists(tmp_path).vault
    with contextlib.closing(duckdb.connect()) as con:
        with pytest.raises(ValueError, match="open_private"):
            registry.recall(con, vault, purpose="matching")
        with pytest.raises(ValueError, match="open_private"), registry.resumed(con, vault):
            pass


def test_no_identity_is_readable_in_what_matching_writes(people, tmp_path):
    canaries = ["jean.dupont", "jdupont59", "Dupont", "dupont jean", "0320123456", "320123456", "jardins"]
    assert find(tmp_path, canaries) == []
    columns = {name: set(people.table(name)[0]) for name in ("participant_row", "participant", "participant_link")}
    assert not set.union(*columns.values()) & {"email", "name", "phone", "uid", "fingerprint", "i"}


def test_the_search_for_identities_would_see_one(people, tmp_path):
    (people.out / "current" / "note.txt").write_text("jean.dupont@free.fr")
    assert find(tmp_path, ["jean.dupont"])


def test_reasons_that_an_older_list_brings_back_are_forgotten_again(people):
    (pair,) = pairs_to_review(people.vault, purpose="matching")
    left, right = fingerprints(people, pair.left_uid), fingerprints(people, pair.right_uid)
    decide(people.vault, "merge", left, right, reason="Jean Dupont l'a dit au téléphone")
    decide(people.vault, "split", [1], [2], reason="vu au guichet")
    path = path_of(people.vault)
    older, who = path.read_bytes(), held(people, name="Jean Dupont")
    theirs, named = concerning(people.vault, who.fingerprints, who.identifiers)
    assert [*theirs] == [*named], "of the other decision the tombstone says nothing"
    stone = replace(people.vault.tombstones.new(datetime(2026, 11, 25)), decisions=theirs, reasons=named)
    people.vault.tombstones.keep(stone)
    assert forget(people.vault, who.fingerprints, who.identifiers) == 1
    after = decisions(people.vault)
    assert "Dupont" not in str(after) and not after[0].left and not after[0].right
    unchanged = path.read_bytes()
    assert forget_again(people.vault, people.vault.tombstones.all()) == 0, "nothing came back"
    assert path.read_bytes() == unchanged
    path.write_bytes(older)
    assert forget_again(people.vault, people.vault.tombstones.all()) == 1
    again = decisions(people.vault)
    assert again[0] == replace(after[0], reason="(effacé)") and again[1] == after[1]
    assert "Dupont" not in str(people.vault.tombstones.all())
