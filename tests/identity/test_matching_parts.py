"""The parts of matching: components, constraints, the declared model, normal forms, keyed hashes."""

import hashlib
import re
import sys
from pathlib import Path

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent))
from people import Lists, row

from identity.matching import normal
from identity.matching.clusters import components, split_apart
from identity.matching.keyed import keyed, pseudonym
from identity.matching.model import PATH, ModelError, load_model
from identity.matching.registry import recall
from identity.pseudonyms import normalise_names, pseudonyms_under
from identity.vault import Vault, open_private


@pytest.mark.nights
@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20))
def test_components_are_those_of_a_walk(edges):
    a, b = (np.array([edge[side] for edge in edges], dtype=np.int64) for side in (0, 1))
    label = components(12, a, b)
    for start in range(12):
        seen, todo = {start}, [start]
        while todo:
            node = todo.pop()
            near = {y for x, y in edges if x == node} | {x for x, y in edges if y == node}
            todo += near - seen
            seen |= near
        assert label[start] == min(seen)


@pytest.mark.nights
@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] != p[1]), max_size=5),
)
def test_what_must_stay_apart_does_and_the_rest_is_joined(edges, apart):
    group = split_apart(range(8), edges, apart)
    assert all(group[x] != group[y] for x, y in apart)
    for x, y in edges:
        if group[x] != group[y]:
            left = {member for member in group if group[member] == group[x]}
            right = {member for member in group if group[member] == group[y]}
            assert any((p in left and q in right) or (q in left and p in right) for p, q in apart)


def test_the_strongest_pair_wins_where_both_cannot_hold():
    assert split_apart([1, 2, 3], [(1, 2), (2, 3)], [(1, 3)]) == {1: 1, 2: 1, 3: 3}
    assert split_apart([1, 2, 3], [(2, 3), (1, 2)], [(1, 3)]) == {1: 1, 2: 2, 3: 2}


def test_the_model_weighs_as_it_says():
    model = load_model()
    accept, review = model.accept_from, model.review_from
    same = dict(name="same_words")
    assert model.probability(**same) < accept, "a name alone makes nobody"
    assert model.probability(**same, organisation="same") >= accept
    assert model.probability(**same, phone="same") >= accept
    assert review <= model.probability(**same, email="different", organisation="same") < accept, "two addresses wait"
    assert model.probability(**same, email="different", organisation="same", postcode="same") >= accept
    assert model.probability(name="different", phone="same", organisation="same", postcode="same") < accept


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("prior: 1.0e-5", "prior: 0.9", "prior"),
        ("{m: 0.85, u: 0.01}", "{m: 0.95, u: 0.01}", "la somme des « m »"),
        ("accept_from: 0.99", "accept_from: 0.6", "review_from"),
        ("margin_bits: 3", "margin_bits: 3\nmargins: 3", "margins"),
        ("    alike: ", "    nearly: ", "« comparisons » doit dire, dans cet ordre"),
    ],
)
def test_a_model_that_does_not_hold_together_is_refused(tmp_path, before, after, said):
    text = PATH.read_text(encoding="utf-8")
    assert before in text
    changed = tmp_path / "model.yml"
    changed.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ModelError, match=said):
        load_model.__wrapped__(changed)


@pytest.fixture(scope="module")
def con():
    with open_private() as con:
        normal.install(con)
        yield con


@pytest.mark.parametrize(
    "typed",
    ["06 12 34 56 78", "0612345678", "06.12.34.56.78", "+33612345678", "0033 6 12 34 56 78", "+33 (0)6 12 34 56 78"],
)
def test_french_numbers_need_no_library_and_get_what_it_gives(con, typed):
    found = con.execute("select n_phone(n_digits(?))", [typed]).fetchall()[0][0]
    assert found == "+33612345678"
    number = phonenumbers.parse(typed.replace("(0)", ""), "FR")
    assert found == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_other_numbers_are_left_to_the_library(con):
    typed = ["+32 2 555 12 12", "12", "rappeler le soir"]
    assert con.execute("select count(n_phone(n_digits(t))) from (select unnest(?) as t)", [typed]).fetchall() == [(0,)]
    assert normal.phones(typed) == {"+32 2 555 12 12": "+3225551212"}


def test_names_fold_as_the_door_folds_them(con):
    names = ["Mme DUPONT-LÉVÊQUE Zoé", "Zoé Dupont Lévêque", "Cœur d'Alène Éric", "M. Jean  MARTIN"]
    folded = "array_to_string(list_sort(n_untitled(string_split(n_fold(name), ' '))), ' ')"
    found = con.execute(f"select {folded} from (select unnest($names) as name)", {"names": names}).fetchall()
    assert [name for (name,) in found] == normalise_names(pa.array(names)).to_pylist()


NAMES = [
    # typed, given name, family name, what the given name is a form of, whether it is in the list
    ({"full_name": "Zoé Dupont-Lévêque"}, "zoe", "dupont leveque", "zoe", True),
    ({"full_name": "M. Jean Dupont"}, "jean", "dupont", "jean", True),
    ({"full_name": "Jean Pierre Dupont"}, "jean", "pierre dupont", "jean", True),
    ({"full_name": "DUPONT-LEROY Jean-Pierre"}, "jean pierre", "dupont leroy", "jean pierre", True),
    ({"full_name": "  Mme Zoé DUPONT , LEROY"}, "zoe", "dupont leroy", "zoe", True),
    ({"full_name": "MME LEROY Zoé"}, "zoe", "leroy", "zoe", True),
    ({"full_name": "MARTIN Bob Jean"}, "bob jean", "martin", "robert", True),
    ({"full_name": "Fred Martin"}, "fred", "martin", "frederic|frederique", True),
    ({"full_name": "Ymir MARTIN"}, "ymir", "martin", "ymir", False),
    ({"full_name": " PAUL MARTIN "}, "paul", "martin", "paul", True),
    ({"full_name": "Mme PAUL ROUX"}, "paul", "roux", "paul", True),
    ({"full_name": "LI Wei"}, "wei", "li", "wei", False),
    ({"full_name": "علي Dupont"}, "علي", "dupont", "علي", False),
    ({"full_name": "Li Wu"}, "li", "wu", "li", False),
    ({"full_name": "Paul R. Martin"}, "paul", "r martin", "paul", True),
    ({"given_name": "M. Jean-Pierre", "family_name": "Leroy"}, "jean pierre", "leroy", "jean pierre", True),
    ({"given_name": "Bob Jean", "family_name": "Leroy"}, "bob jean", "leroy", "robert", True),
    ({"given_name": "Ymir", "family_name": "Leroy"}, "ymir", "leroy", "ymir", False),
    ({"given_name": "Jean", "family_name": "Roy", "full_name": "Paul Roy"}, "jean", "roy", "jean", True),
    ({"given_name": "J.", "family_name": "Roy"}, "j", "roy", "j", False),
    ({"given_name": "Jean", "family_name": "R."}, "jean", "r", "jean", True),
    ({"given_name": "Jean", "family_name": "Inconnu"}, "jean", "inconnu", "jean", True),
    ({"given_name": "Invitée", "family_name": "Durand"}, "invitee", "durand", "invitee", False),
    ({"given_name": "Paul", "full_name": "Paul Petit"}, "paul", "petit", "paul", True),
    ({"given_name": "Paul Leroux"}, "paul", "leroux", "paul", True),
    ({"family_name": "Paul Le Roux"}, "paul", "le roux", "paul", True),
    ({"email_typed": "Paul Legrand"}, "paul", "legrand", "paul", True),
    ({"email_typed": "Paul Legrand", "full_name": "Jean Legrand"}, "jean", "legrand", "jean", True),
    ({"email_typed": "Paul Legrand", "given_name": "Jean Petit"}, "jean", "petit", "jean", True),
    ({"email_typed": "Paul Legrand", "family_name": "Jean Grand"}, "jean", "grand", "jean", True),
    ({"email_typed": "paul petit@asso", "family_name": "Luc Petit"}, "luc", "petit", "luc", True),
]
NOBODY = [
    {"full_name": "J. D."}, {"full_name": "12 12"}, {"full_name": "Participant inconnu"}, {"full_name": "DUPONT"}, {"full_name": "-"},
    {"given_name": "J.", "family_name": "D."}, {"given_name": "Invité", "family_name": "12"}, {"given_name": "M.", "family_name": "Dupont"},
    {"email_typed": "jean martin@asso"}, {"phone": "0612345678"}, {"full_name": "Jean Dupont", "event": None},
]  # fmt: skip
OTHERWISE = [
    # typed, address, whether several people read it, telephone, organisation, postcode, whether it holds at one event only
    ({"phone": "+32 2 555 12 12"}, None, False, "+3225551212", None, None, False),
    ({"phone": "0032 25 55 12 12"}, None, False, "+3225551212", None, None, False),
    ({"phone": "03-20/12.34(56)", "event": None}, None, False, "+33320123456", None, None, False),
    ({"phone": "rappeler le soir"}, None, False, None, None, None, True),
    ({"organisation_text": "Association les Jardins de l'Oise"}, None, False, None, "jardins oise", None, True),
    ({"organisation_text": "L'Association"}, None, False, None, None, None, True),
    ({"phone": "rappeler le soir", "organisation_text": "L'Association"}, None, False, None, None, None, True),
    ({"postcode": " 59 000"}, None, False, None, None, "59000", True),
    ({"postcode": " "}, None, False, None, None, None, True),
    ({"email": "zoe@asso.fr", "phone": "06_12 34 56 78"}, "zoe@asso.fr", False, "+33612345678", None, None, False),
    ({"email": "zoe@asso.fr", "email_typed": "Zoé (asso)"}, "zoe@asso.fr", False, None, None, None, False),
    ({"email": "vie.associative@asso.fr"}, "vie.associative@asso.fr", True, None, None, None, False),
    ({"email": "vie-associative@asso.fr"}, "vie-associative@asso.fr", True, None, None, None, False),
    ({"email": "no_reply@asso.fr"}, "no_reply@asso.fr", True, None, None, None, False),
    ({"email": "contact2@asso.fr", "event": None}, "contact2@asso.fr", False, None, None, None, False),
]


def test_what_a_row_says_of_who_has_one_form(tmp_path):
    rows = [
        *(row(**typed) for typed, *_ in NAMES),
        *(row(f"Luc {number}", **typed) for number, (typed, *_) in enumerate(OTHERWISE)),
        row(None, "luc@asso.fr"), *(row(**typed) for typed in NOBODY),
    ]  # fmt: skip
    people = Lists(tmp_path).put("a", *rows)
    people.match()
    with open_private() as con:
        recall(con, people.vault, purpose="matching")
        found = con.execute("""
            select given, family, roots, is_known, name, email, is_generic, phone, org, postcode, scope is not null
            from kept_row join kept_identity using (i) order by row_number""").fetchall()
    names, others, nameless = found[: len(NAMES)], found[len(NAMES) : -1], found[-1]
    assert [line[:4] for line in names] == [tuple(said) for _, *said in NAMES]
    assert [line[4] for line in names] == [
        " ".join(sorted(f"{given} {family}".split())) for _, given, family, *_ in NAMES
    ]
    assert [line[5:] for line in others] == [tuple(said) for _, *said in OTHERWISE], "and the last rows are nobody"
    assert nameless == (None, None, None, False, None, "luc@asso.fr", False, None, None, None, False)


def test_nicknames_are_folded_and_belong_to_somebody():
    table = normal.nicknames()
    roots = dict(zip(table["name"].to_pylist(), table["roots"].to_pylist(), strict=True))
    assert roots["fred"] == ["frederic", "frederique"] and roots["jean"] == ["jean"]
    assert all(re.fullmatch(r"[a-z]+(?: [a-z]+)*", name) for name in roots)
    assert all(root in roots for found in roots.values() for root in found)


def test_keyed_hashes_of_a_column_are_those_of_the_library(tmp_path):
    vault = Vault(tmp_path / "vault", {})
    key = vault.keyring.key_for(2025)
    with open_private() as con:
        text = "Zoé|dupont"
        of_identities, of_persons = (keyed(con, vault, domain, "$t") for domain in ("identity", "person"))
        [(here, elsewhere, hashed)] = con.execute(
            f"select {of_identities}, {of_persons}, {pseudonym(con, key, 'person', '$t')}", {"t": text}
        ).fetchall()
    secret = bytes.fromhex(vault.cipher.mac("matching", b"identity")).ljust(64, b"\0")
    assert here == int.from_bytes(hashlib.sha256(secret + text.encode()).digest()[:8], "big") != elsewhere
    assert hashed == pseudonyms_under(key, "person", pa.array([text]))[0].as_py()
