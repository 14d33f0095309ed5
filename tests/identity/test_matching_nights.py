"""The same deliveries give the same persons and the same keys, in any order, at once or night by night, with what was kept or without."""

import contextlib
import random
import shutil
import sys
from datetime import datetime
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from people import Lists, attended, row

from identity.matching import registry, steps
from identity.matching.constraints import decide, decisions, in_force, undo
from identity.tombstones import BY_NAME, STAND_IN_DOMAIN
from identity.vault import open_private

pytestmark = pytest.mark.nights

TABLES = ("participant_row", "participant", "participant_link")
NAMES = (
    "Jean Dupont",
    "Jean Dupond",
    "DUPONT Jean",
    "Jeanne Dupont",
    "Fred Martin",
    "Frédéric Martin",
    "J. Dupont",
    None,
)
ADDRESSES = ("jean.dupont@un.fr", "jean.dupnot@un.fr", "contact@asso.fr", "jd@deux.fr", None, None)
TELEPHONES = ("0612345678", "03 20 12 34 56", None, None)
ORGANISATIONS = ("Les Jardins", "Café citoyen", None)


def some_rows(chance, count):
    return [
        row(
            chance.choice(NAMES), chance.choice(ADDRESSES), event=chance.choice(("A01", "A02", None)), phone=chance.choice(TELEPHONES),
            organisation_text=chance.choice(ORGANISATIONS), postcode=chance.choice(("59000", "62000", None)),
            is_present=chance.choice((False, True)), year=chance.choice((2024, 2025)),
            at=chance.choice((None, "2024-02-01", "2025-03-01")),
        )
        for _ in range(count)
    ]  # fmt: skip


def forget_what_was_kept(people):
    registry.forget(people.vault)


def decide_at_random(people, chance, known):
    """Take one decision back, and decide about identities that are there or were."""
    with contextlib.closing(open_private()) as con:
        registry.recall(con, people.vault, purpose="matching", tables=("identity",))
        known |= {i for (i,) in con.execute("select i from kept_identity").fetchall()}
    if made := in_force(decisions(people.vault)):
        undo(people.vault, chance.choice(made).number, reason="au hasard")
    for kind in ("merge", "split", "merge"):
        left, right, other = chance.sample(sorted(known), 3)
        decide(people.vault, kind, [left], [right, other], reason="au hasard")


def tables(people):
    return {name: people.table(name) for name in TABLES}


@pytest.mark.parametrize("seed", [2, 6])
def test_nights_one_by_one_give_what_all_at_once_gives(tmp_path, seed):
    chance = random.Random(seed)
    people, known = Lists(tmp_path), set()
    for source, delivery, count in (("s0", "d0", 8), ("s1", "d1", 8), ("s0", "d0", 5), ("s0", "d2", 3)):
        if people.deliveries:
            decide_at_random(people, chance, known)
        by_night = people.put(source, *some_rows(chance, count), delivery=delivery).match()
    grown = tables(people)
    assert grown["participant_row"]
    forget_what_was_kept(people)
    shuffled = list(people.deliveries.items())
    chance.shuffle(shuffled)
    people.deliveries = dict(shuffled)
    assert people.match() == by_night
    assert tables(people) == grown


def test_identities_read_in_parts_give_what_all_at_once_gives(tmp_path, monkeypatch):
    people = Lists(tmp_path).put("a", *some_rows(random.Random(5), 20)).put("b", *some_rows(random.Random(6), 9))
    at_once = people.match()
    whole = tables(people)
    forget_what_was_kept(people)
    monkeypatch.setattr("identity.vault.PART_ROWS", 4)
    assert people.match() == at_once and tables(people) == whole


def test_a_night_with_nothing_new_identifies_and_writes_nothing(tmp_path, monkeypatch):
    people = Lists(tmp_path).put("a", row("Zoé Dupont", "zoe@asso.fr"), row("Jean Martin", "jm@asso.fr"))
    first, written = people.match(), (people.out / "current").resolve().stat().st_mtime_ns
    monkeypatch.setattr(steps, "score", lambda *_: pytest.fail("there is nothing to score"))
    assert people.match() == first
    assert (people.out / "current").resolve().stat().st_mtime_ns == written
    people.put("b", row("Zoé Dupont", "zoe@asso.fr"))
    with pytest.raises(pytest.fail.Exception):
        people.match()


def test_what_was_kept_is_computed_again_after_another_program_an_interruption_or_harm_to_a_file(tmp_path, monkeypatch):
    people = Lists(tmp_path).put("a", row("Zoé Dupont", "zoe@asso.fr"), attended("Zoé Dupont"))
    kept, scored, score = people.vault.directory / "matching", [], steps.score
    monkeypatch.setattr(steps, "score", lambda *given: scored.append(1) or score(*given))

    def is_computed_again():
        before = len(scored)
        people.match()
        assert people.groups() == [{"a1", "a2"}]
        return len(scored) > before

    assert is_computed_again() and not is_computed_again()
    monkeypatch.setattr(registry, "program", lambda: "another")
    assert is_computed_again() and not is_computed_again()
    whole = (kept / "row.parquet.enc").read_bytes()
    for harm in (b"", whole[:-1], whole[:99] + bytes([whole[99] ^ 1]) + whole[100:]):
        (kept / "row.parquet.enc").write_bytes(harm)
        assert is_computed_again()
    (kept / "scored.parquet.enc").unlink()
    assert is_computed_again()
    shutil.rmtree(people.out)
    assert is_computed_again() and not is_computed_again()
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(steps, "make_participants", interrupted)
        people.put("b", attended("Zoé Dupont")).match()
    people.take_back("b")
    assert is_computed_again() and not is_computed_again()


@pytest.mark.parametrize("links", [True, False], ids=["link kept", "link followed"])
def test_tables_that_an_older_backup_put_back_alone_are_written_again(tmp_path, links):
    people = Lists(tmp_path).put("a", row("Zoé Dupont", "zoe@asso.fr"))
    people.match()
    shutil.copytree(people.out, tmp_path / "backup", symlinks=links)
    last = people.put("b", row("Zoé Dupont", "zoe@asso.fr")).match()
    shutil.rmtree(people.out)
    shutil.copytree(tmp_path / "backup", people.out, symlinks=links)
    assert people.groups() == [{"a1"}]
    assert people.match() == last
    assert people.groups() == [{"a1", "b1"}]


def interrupted(*_):
    raise KeyboardInterrupt


def test_only_pairs_of_who_is_new_are_scored(tmp_path, monkeypatch):
    people = Lists(tmp_path).put(
        "a", row("Zoé Dupont", "zoe@asso.fr", phone="0612345678"), row("Zoé Dupont", phone="0612345678", event="A02")
    )
    people.match()
    scored = []

    def seen(con, model):
        score(con, model)
        scored.append(con.execute("select count(*) from scored").fetchall()[0][0])

    score = steps.score
    monkeypatch.setattr(steps, "score", seen)
    people.put("b", attended("Jean Martin", organisation_text="Les Jardins")).match()
    assert scored == [0]
    people.put("c", attended("Jean Martin", organisation_text="Les Jardins", event="A02")).match()
    assert scored == [0, 1]
    assert people.groups() == [{"a1", "a2"}, {"b1", "c1"}]


def test_rows_that_say_something_else_are_matched_anew_though_the_vault_holds_the_same_of_them(tmp_path):
    people = Lists(tmp_path).put(
        "a", row("Zoé Dupont", "zoe@asso.fr", year=2024, is_present=True, at="2024-03-01"), row("Zoé Leroy-Dupont", "zoe@asso.fr"),
        attended("Zoé Dupont"), row("Jean Martin", "jean@asso.fr"),
    ).put("b", attended("Jean Martin"))  # fmt: skip
    people.match()
    before, rows = tables(people), people.deliveries["a", "d1"]
    changes = (
        (0, "is_present", False),
        (2, "event_id", "A02"),
        (1, "seen_at", datetime(2023, 1, 1)),
        (0, "year", 2025),
        (3, None, None),
    )
    for number, column, value in changes:
        if column:
            rows[number] = rows[number] | {column: value}
        else:
            del rows[number]
        people.match()
        assert tables(people) != before, column
        before = tables(people)
    forget_what_was_kept(people)
    people.match()
    assert tables(people) == before


def test_a_person_keeps_its_key_when_later_lists_add_to_it(tmp_path):
    people = Lists(tmp_path).put("a", row("Zoé Dupont", "zoe@asso.fr", at="2025-01-10"))
    people.match()
    before = people.keys()["a", "d1", 1]
    later = row("Zoé Dupont-Leroy", "zoe@asso.fr", at="2025-02-10", phone="0612345678")
    people.put(
        "b", later, attended("Zoé Leroy", "zoe@asso.fr"), row("Zoé Dupont", "zoe@asso.fr", at="2025-06-10")
    ).match()
    assert set(people.keys().values()) == {before}


def test_a_key_of_a_year_that_was_destroyed_gives_new_pseudonyms_at_once(tmp_path):
    people = Lists(tmp_path).put("a", row("Zoé Dupont", "zoe@asso.fr"))
    people.match()
    before = people.table("participant")[0]
    people.vault.keyring.destroy(before["key_id"])
    people.match()
    after = people.table("participant")[0]
    assert after["key_id"] != before["key_id"] and after["pseudonym"] != before["pseudonym"]


def test_a_delivery_taken_back_leaves_nothing(tmp_path):
    people = Lists(tmp_path).put("a", row("Zoé Dupont", "zoe@asso.fr")).put("b", attended("Jean Martin"))
    people.match()
    people.take_back("b").match()
    assert people.groups() == [{"a1"}]
    assert len(people.table("participant")) == 1
    forget_what_was_kept(people)  # as the time of storage does, once it has taken the last ones
    people.take_back("a").match()
    assert people.groups() == [] == people.table("participant")


@pytest.mark.parametrize(
    "now", [[row("Paul Petit", "paul@asso.fr")], None], ids=["sent again without them", "taken back"]
)
def test_who_was_tied_to_a_row_that_went_is_matched_anew(tmp_path, now):
    people, cafe = Lists(tmp_path), {"organisation_text": "Café citoyen"}
    people.put("a", row("Jean Martin", "jean.martin@un.fr", **cafe), row("Zoé Dupont", "zoe@asso.fr"))
    people.put(
        "b",
        row("Jean Martin", "jmartin62@deux.fr", event="A02", **cafe),
        row("Zoé Leroy", "zoe@asso.fr", at="2025-01-01"),
    )
    people.put(
        "c", attended("Jean Martin", event="A03", **cafe), row("Zoé Leroy", "zoe@asso.fr", at="2025-06-01")
    ).match()
    assert people.groups() == [{"a1"}, {"a2", "b2", "c2"}, {"b1"}, {"c1"}]
    counted = (people.put("b", *now) if now else people.take_back("b")).match()
    assert people.groups()[:2] == [{"a1", "c1"}, {"a2", "c2"}]
    by_night = tables(people)
    forget_what_was_kept(people)
    assert people.match() == counted
    assert tables(people) == by_night, "also whose first row it was"


def test_who_no_change_reaches_stays_beside_who_is_new_for_the_same_reasons(tmp_path):
    people = Lists(tmp_path)
    for source, name, code in (("a", "Lambert", "ab"), ("b", "Poirier", "cd")):
        one, other, cafe = {"event": f"{source}1"}, {"event": f"{source}2"}, {"organisation_text": f"Café {name}"}
        people.put(
            source,
            row(f"Zoé {name}", f"zoe@{name}.fr", **one), row(f"Zoé {name}", f"zoe@{name}.fr", postcode="59000", **other),
            row(None, f"contact@{name}.fr", **one), row(f"Luc {name}", **one), row(f"Jean {name}", phone="0612345678", **one),
            row(f"Anne {name}", **cafe, **one), row(f"Anne {name}", **cafe, **other),
            row(f"Fred {name}", **cafe, **one), row(f"Frédéric {name}", **cafe, **other),
            row(None, f"{code * 16}@{STAND_IN_DOMAIN}", **one), attended(None, f"{code * 16}{BY_NAME}", **one),
        )  # fmt: skip
        counted = people.match()
    by_night = tables(people)
    forget_what_was_kept(people)
    assert people.match() == counted and tables(people) == by_night
    assert counted.rows == counted.identities == 22
    assert (
        len(
            {
                (link["basis"], link["method"], link["evidence"], link["match_probability"])
                for link in by_night["participant_link"]
            }
        )
        > 6
    )
