"""A tombstone recognises an erased person, says nothing of them, and covers what existed."""

from dataclasses import replace
from datetime import datetime

import pyarrow as pa
import pytest

from identity.tombstones import STAND_IN_DOMAIN, Sought
from identity.vault import Vault

ERASED_AT = datetime(2026, 11, 25, 12)
PEOPLE = pa.schema(
    [("row_number", pa.int32()), ("email", pa.string()), ("name", pa.string()), ("event_id", pa.string()),
     ("registration_id", pa.string()), ("at", pa.timestamp("us"))]
)  # fmt: skip


def people(*rows):
    """Of each row: number, address, name, event, instant, and the number of its place where it says one."""
    columns = zip(*((*row[:4], *(row[5:] or [None]), row[4]) for row in rows), strict=True)
    return pa.table([list(column) for column in columns], schema=PEOPLE)


@pytest.fixture
def stones(tmp_path):
    return Vault(tmp_path / "vault").tombstones


@pytest.fixture
def stone(stones):
    made = replace(
        stones.new(ERASED_AT), emails=(stones.of_email("jeanne@exemple.test"),),
        names=(stones.of_name("E1", "canari jeanne"),), rows=("billets/abc/9", "autre/abc/5"),
    )  # fmt: skip
    stones.keep(made)
    return made


def covered(stones, *rows, source="billets", delivery_id="abc"):
    return sorted(stones.covering(people(*rows), source, delivery_id))


def test_the_address_the_name_at_the_event_and_the_row_are_recognised(stones, stone):
    rows = [
        (1, "Jeanne@Exemple.test", None, None, None),
        (2, None, "CANARI Jeanne", "E1", None),
        (3, None, "CANARI Jeanne", "E2", None),
        (4, "autre@exemple.test", "Jeanne Canari", "E1", None),
        (9, None, None, None, None),
    ]
    assert covered(stones, *rows) == [1, 2, 9]
    assert covered(stones, *rows, delivery_id="def") == [1, 2], "coordinates are those of one delivery"


def test_an_event_is_its_letters_whatever_their_case_and_was_not_always(stones):
    before = replace(
        stones.new(ERASED_AT),
        names=(stones._name_typed("E1", "canari jeanne"),),
        places=(stones._place_typed("E1", "B7"),),
    )
    now = replace(
        stones.new(ERASED_AT), names=(stones.of_name("E2", "canari jeanne"),), places=(stones.of_place("E2", "B7"),)
    )
    for stone in (before, now):
        stones.keep(stone)
    events = ["E1", "e1", "E2", "e2"]
    rows = [(number, None, "Jeanne Canari", event, None) for number, event in enumerate(events, 1)]
    rows = [(*row, None) for row in rows]
    rows += [(number, None, None, event, None, "B7") for number, event in enumerate(events, 5)]
    assert covered(stones, *rows) == [1, 3, 4, 5, 7, 8]


def test_who_is_only_sought_is_found_in_the_rows_that_an_erasure_would_take(stones, stone):
    stone = replace(
        stone, places=(stones.of_place("E1", "B7"),), names=(*stone.names, stones.of_name("@a@b.test", "canari jeanne"))
    )
    rows = [
        (1, "Jeanne@Exemple.test", "Paul Canari", None, None),
        (2, None, "CANARI Jeanne", "E1", None),
        (3, None, "CANARI Jeanne", "E2", None),
        (4, None, None, "E1", None, "B7"),
        (5, None, None, "E1", None, "B8"),
        (6, None, "Paul Canari", "E1", None, "B7"),
        (7, "a@b.test", "Jeanne Canari", None, None),
        (8, "a@b.test", "Ana Canari", None, None),
        (9, "autre@exemple.test", "Paul Canari", None, None),
    ]
    sought = Sought(stone, frozenset(["jeanne@exemple.test"]), frozenset(["canari jeanne"]))
    table = people(*((*row, None)[:6] for row in rows))
    assert sorted(stones.covering(table, "billets", "abc", sought)) == [1, 2, 4, 7, 9]
    stones.keep(stone)
    assert sorted(stones.covering(table, "billets", "abc")) == [1, 2, 4, 7, 9]


def test_what_comes_after_the_erasure_is_new_unless_the_person_objected(stones, stone):
    before, after = datetime(2026, 11, 25, 11), datetime(2026, 11, 25, 13)
    rows = [(1, "jeanne@exemple.test", None, None, before), (2, "jeanne@exemple.test", None, None, after)]
    assert covered(stones, *rows) == [1]
    stones.keep(replace(stone, objection=True))
    assert covered(stones, *rows) == [1, 2]


def test_what_was_written_when_the_person_was_erased_is_covered(stones, stone):
    assert covered(stones, (1, "jeanne@exemple.test", None, None, ERASED_AT)) == [1]


def test_one_tombstone_with_an_address_is_enough_to_look_for_addresses(stones, stone):
    stones.keep(stones.new(ERASED_AT))
    assert stones.know("emails") and not stones.know("tickets")


def test_the_file_holds_no_identity_even_for_who_has_the_key(stones, stone, tmp_path):
    (path,) = (tmp_path / "vault" / "tombstones").iterdir()
    with stones._cipher.open_decrypted(path, purpose="tombstones", context=path.stem) as decrypted:
        text = decrypted.path.read_text()
    assert stone.id in text and "jeanne" not in text and "canari" not in text
    assert b"jeanne" not in path.read_bytes()


def test_the_stand_in_is_the_same_everywhere_and_not_made_of_the_person(stones, stone):
    ((_, found),) = stones.covering(people((1, "jeanne@exemple.test", None, None, None)), "x", "y").items()
    assert found.stand_in == stone.stand_in and stone.stand_in.endswith(f"@{STAND_IN_DOMAIN}")
    assert stones.new(ERASED_AT).stand_in != stone.stand_in
    assert covered(stones, (1, stone.stand_in, None, None, None)) == [], "who was erased is not erased again"


def test_once_the_secret_is_gone_the_person_is_still_recognised_and_the_tally_is_not(stones, stone):
    assert stones.forget_secrets(datetime(2026, 11, 25, 11)) == 0
    assert stones.forget_secrets(datetime(2027, 12, 25)) == 1
    (kept,) = stones.all()
    assert kept.secret is None
    with pytest.raises(ValueError, match="no secret"):
        kept.token("person")
    (found,) = stones.covering(people((1, "jeanne@exemple.test", None, None, None)), "x", "y").values()
    assert found.stand_in != stone.stand_in
