"""What is one person's, by address, name or number: what a homonym carries is not."""

import sys
from pathlib import Path

import pyarrow as pa
import pytest

sys.path.append(str(Path(__file__).parent))
from people import Lists, attended, row

from identity.held import LANDED, held_on
from identity.matching.constraints import decide
from identity.matching.persons import identities_of_person

HOUSE = "famille@exemple.test"


def landed(people: Lists) -> pa.Table:
    rows = people.rows()
    rows = rows.append_column("registration_id", pa.nulls(len(rows), pa.string()))
    return rows.select(LANDED.names).cast(LANDED)


def held(people: Lists, **who):
    return held_on(people.vault, landed(people), purpose="person_rights", **who)


@pytest.fixture
def split_homonyms(tmp_path) -> Lists:
    """Two Hugo Tour behind one address, told apart by hand: one lives in 59000, the other in 62000."""
    people = Lists(tmp_path)
    people.put("a", row("Hugo Tour", HOUSE, postcode="59000"), row("Hugo Tour", HOUSE, postcode="62000"))
    people.match()
    (uid,) = held(people, email=HOUSE).uids
    one, other = (int(each.fingerprint, 16) for each in identities_of_person(people.vault, uid, purpose="matching"))
    decide(people.vault, "split", [one], [other], reason="le père et le fils")
    people.match()
    return people


@pytest.mark.nights
def test_a_homonym_behind_the_same_address_keeps_what_is_his(split_homonyms):
    assert len(held(split_homonyms, email=HOUSE).uids) == 2, "one address, two persons"
    for uid in held(split_homonyms, email=HOUSE).uids:
        found = held(split_homonyms, uid=uid)
        assert len(found.rows) == 1 and found.emails == ()
        assert found.shared == (), "this name behind this address is also the other's"


def test_two_names_behind_one_address_are_known_by_their_names(tmp_path):
    people = Lists(tmp_path).put("a", row("Ana Tour", HOUSE), row("Paul Tour", HOUSE))
    people.match()
    found = held(people, name="Ana Tour")
    assert (found.rows, found.shared) == ((("a", "d1", 1),), ((HOUSE, "ana tour"),))


@pytest.mark.nights
def test_a_name_at_an_event_is_not_the_persons_where_a_homonym_came_too(tmp_path):
    people = Lists(tmp_path).put("a", attended("Hugo Tour", postcode="59000"), attended("Hugo Tour", postcode="62000"))
    people.match()
    assert held(people, name="Hugo Tour").names_at == (("A01", "hugo tour"),)
    identities = [
        int(each.fingerprint, 16)
        for uid in held(people, name="Hugo Tour").uids
        for each in identities_of_person(people.vault, uid, purpose="matching")
    ]
    decide(people.vault, "split", identities[:1], identities[1:], reason="deux personnes")
    people.match()
    uids = held(people, name="Hugo Tour").uids
    assert len(uids) == 2
    for uid in uids:
        found = held(people, uid=uid)
        assert len(found.rows) == 1 and found.names_at == ()


def test_a_name_is_the_same_with_and_without_accents_in_any_order(tmp_path):
    zoe = [
        row("Zoé Lévêque", "zoe@exemple.test"),
        row("LEVEQUE Zoe"),
        row("Mme Zoé  Lévêque"),
        row("Zoe Leveque", event="A02"),
    ]
    people = Lists(tmp_path).put(
        "a", *zoe, row("Léa Lévêque"), row("Zoe Levequet"), row("Zoé Lévêque", "autre@exemple.test")
    )
    found = held(people, email="zoe@exemple.test")
    assert [number for _, _, number in found.rows] == [1, 2, 3] and [number for _, _, number in found.namesakes] == [4]
    taken = held(people, email="zoe@exemple.test", same_name=True)
    assert [number for _, _, number in taken.rows] == [1, 2, 3, 4]
    # where she is known to be, she is recognised in a later file
    assert {event for event, _ in taken.names_at} == {*(event for event, _ in found.names_at), "A02"}
    assert [number for _, _, number in held(people, name="leveque zoé").rows] == [1, 2, 3, 4, 7]
