"""A person's identifiers are found however they are spelt, and nobody else's are."""

import pyarrow as pa
import pytest

from identity.mentions import MASK, Crowd, Identifiers, is_telling, tickets_in

WHO = Identifiers(
    emails=frozenset(["jeanne.canari@exemple.test"]),
    names=frozenset([("Jeanne", "Canari-Lévêque")]),
    phones=frozenset(["06 12 34 98 76"]),
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Jeanne Canari-Lévêque", MASK),
        ("JEANNE CANARI LEVEQUE", MASK),
        ("CANARI-LÉVÊQUE, Jeanne", MASK),
        ("avec Jeanne\u00a0Canari-Le\u0301ve\u0302que et Paul", f"avec {MASK} et Paul"),
        ("<Jeanne.Canari@Exemple.test>", f"<{MASK}>"),
        ("tél. 06.12.34.98.76", f"tél. {MASK}"),
        ("+33 6 12 34 98 76", MASK),
    ],
)
def test_every_spelling_is_masked(text, masked):
    assert WHO.is_in(text) and WHO.masked(text) == masked


@pytest.mark.parametrize(
    "text", ["Bœrge Weiß-Sørłund", "Boerge Weiss-Sorlund", "BŒRGE WEIẞ-SØRŁUND", "Weiß Sorlund, Bœrge"]
)
def test_a_letter_that_no_accent_explains_is_the_plain_one(text):
    for name in (("Bœrge", "Weiß-Sørłund"), ("Boerge", "Weiss-Sorlund")):
        who = Identifiers(names=frozenset([name]))
        assert who.masked(text) == MASK and who.suspects(pa.chunked_array([[text]])).to_pylist() == [True]
    assert Crowd(names=frozenset(["boerge sorlund weiss"])).is_in(f"avec {text}")


@pytest.mark.parametrize(
    "text",
    [
        "Jeanne", "Canari-Lévêque", "Jeanne Canari", "marie-jeanne.canari@exemple.test", "jeanne.canari@exemple.testament",
        "06 12 34 98 77", "", None, "Anne Canari-Lévêque",
    ],
)  # fmt: skip
def test_nobody_else_is_masked(text):
    assert not WHO.is_in(text)


def test_the_number_of_a_ticket_is_masked_when_no_text_holds_it_by_chance():
    who = Identifiers(tickets=frozenset(["CANARI9", "45371234", "R-12", "B1", "2025", "billet"]))
    text = "le canari9 (n° 45371234) ; R-12, B1, billet 2025 ; CANARI90, 453712345"
    assert who.masked(text) == f"le {MASK} (n° {MASK}) ; R-12, B1, billet 2025 ; CANARI90, 453712345"
    assert who.suspects(pa.chunked_array([[text, "rien"]])).to_pylist() == [True, False]
    assert not who.without_tickets.is_in(text)


@pytest.mark.parametrize(
    ("number", "is_told"),
    [("A-1234", True), ("A-123", False), ("4537-123", True), ("453-712", False), ("ABCDEFGH", False)],
)
def test_signs_are_no_part_of_what_makes_a_ticket_telling(number, is_told):
    assert is_telling(number) is is_told


def test_tickets_of_these_lengths_are_found_alone_and_joined_to_something():
    text = "n° 45371234, billet HA-45371235, A1/45371236 ; ni 453712345, ni 4537123"
    assert tickets_in(text, {8}) == ["45371234", "45371235", "45371236"]
    assert tickets_in(text, {11}) == ["HA-45371235", "A1/45371236"]


def test_a_name_in_two_cells_counts_when_both_stand_in_the_row():
    assert WHO.parts_in(["A1", "CANARI-LEVEQUE", "jeanne", None]) == [1, 2]
    assert WHO.parts_in(["A1", "CANARI-LEVEQUE", "Paul", None]) == []


def test_a_first_name_and_a_family_name_of_two_spellings_are_no_name():
    known = Identifiers(names=frozenset([("Jeanne", "Canari"), ("Jehanne", "Canari-Lévêque")]))
    assert known.parts_in(["Jeanne", "Canari"]) == [0, 1] and known.parts_in(["Jeanne", "Canari-Lévêque"]) == []


@pytest.mark.parametrize("text", ["Wilhelmine Trotskaya", "TROTSKAYA Wilhelmine", "export_Wilhelmine_Trotskaya.csv"])
def test_a_name_typed_in_one_cell_is_found_either_way_round(text):
    asked = Identifiers(names=frozenset([("Wilhelmine Trotskaya", None)]))
    assert asked.is_in(text) and "rotskaya" not in asked.masked(text).lower()
    assert asked.parts_in(["trotskaya", None, "Wilhelmine"]) == [0, 2]
    assert asked.suspects(pa.chunked_array([["Trotskaya", "Paul"]])).to_pylist() == [True, False]
    assert not asked.is_in("Wilhelmine") and not Identifiers(names=frozenset([("Trotskaya", None)])).is_in(text)


def test_a_column_is_searched_at_once():
    column = pa.chunked_array([["Jeanne", None, "Paul"], ["écrit à jeanne.canari@exemple.test", "Jeannette"]])
    assert WHO.suspects(column).to_pylist() == [True, False, False, True, False]


def test_letters_beyond_ascii_are_searched_as_plain_ones_are():
    who = Identifiers(names=frozenset([("Zoé", "Cœur")]))
    column = pa.array(["COEUR Zoe", "Cœur Zoé", "coeur", "Zoe\u0301 Cœur", None, "Paul Œil", "Cœur"])
    assert who.suspects(column).to_pylist() == [True, True, True, True, False, False, True]


def test_nothing_identifies_nobody():
    nobody = Identifiers()
    assert not nobody and not nobody.is_in("Jeanne") and nobody.masked("Jeanne") == "Jeanne"


@pytest.mark.parametrize(
    ("text", "is_in"),
    [
        ("CANARI-LÉVÊQUE Jeanne 09:00 42 min", True),
        ("1 Jeanne.Canari@Exemple.test; oui", True),
        ("2. Participants", False),
        ("Jeanne Martin", False),
        ("Jeanne et Canari-Lévêque", False),
    ],
)
def test_somebody_of_a_crowd_is_found_by_an_address_or_the_words_of_a_name(text, is_in):
    crowd = Crowd(frozenset(["jeanne.canari@exemple.test"]), frozenset(["canari jeanne leveque", "martin paul"]))
    assert crowd.is_in(text) == is_in


def test_two_crowds_are_one():
    both = Crowd(emails=frozenset(["jeanne.canari@exemple.test"])) | Crowd(names=frozenset(["martin paul"]))
    assert both.is_in("Paul MARTIN") and both.is_in("jeanne.canari@exemple.test") and not both.is_in("Paul Canari")
