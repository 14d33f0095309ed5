"""Who is one person and who is not, on two to five rows each: the bad inputs of the trade."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from people import Lists, attended, groups_of, row

from identity.tombstones import BY_NAME, OF_NOBODY, STAND_IN_DOMAIN


def test_one_address_written_twice_is_one_person(tmp_path):
    assert groups_of(tmp_path, a=[row("Zoé Dupont", "zoe@asso.fr")], b=[attended("DUPONT Zoe", "zoe@asso.fr")]) == [
        {"a1", "b1"}
    ]


def test_a_row_of_one_number_in_another_delivery_or_source_is_another_row(tmp_path):
    zoe, jean, paul = (
        row("Zoé Dupont", "zoe@asso.fr"),
        row("Jean Martin", "jean@asso.fr"),
        row("Paul Petit", "paul@asso.fr"),
    )
    people = Lists(tmp_path).put("a", zoe, jean).put("a", jean, paul, delivery="d2").put("b", paul, zoe)
    people.deliveries["c", "d1"] = [zoe]  # of which the vault has nothing
    people.match()
    assert people.groups() == [{"a1", "b2"}, {"a2", "ad21"}, {"ad22", "b1"}]
    people.put("a", zoe, jean, delivery="d2").match()
    assert people.groups() == [{"a1", "ad21", "b2"}, {"a2", "ad22"}, {"b1"}], (
        "though its rows say the same of events and years"
    )
    links = [
        (link["participant_key"], link["source_identity"], link["source"]) for link in people.table("participant_link")
    ]
    assert len(links) == len(set(links)) == 4


def test_the_same_person_twice_in_one_event_is_one(tmp_path):
    twice = [attended("Zoé Dupont"), attended("Mme DUPONT Zoé")]
    assert groups_of(tmp_path, a=twice) == [{"a1", "a2"}]


def test_a_shared_mailbox_makes_one_person_per_name_and_gives_nameless_rows_to_none(tmp_path):
    rows = [
        row("Paul Martin", "contact@asso.fr"), row("Julie Durand", "contact@asso.fr"), row(None, "contact@asso.fr"),
        row("MARTIN Paul", "contact@asso.fr"),
    ]  # fmt: skip
    assert groups_of(tmp_path, a=rows) == [{"a1", "a4"}, {"a2"}, {"a3"}]


def test_a_couple_with_one_mailbox_and_one_telephone_is_two(tmp_path):
    rows = [
        row("Jean Dupont", "famille.dupont@free.fr", phone="03 20 12 34 56"),
        row("Marie Dupont", "famille.dupont@free.fr", phone="+33 3 20 12 34 56"),
    ]
    assert groups_of(tmp_path, a=rows) == [{"a1"}, {"a2"}]


def test_who_gives_no_name_has_that_of_its_own_address(tmp_path):
    assert groups_of(tmp_path, a=[row("Zoé Dupont", "zoe@asso.fr")], b=[attended(None, "zoe@asso.fr")]) == [
        {"a1", "b1"}
    ]


def test_a_name_typed_in_the_column_of_addresses_counts_as_the_name(tmp_path):
    rows = [attended(None, email_typed="Zoé Dupont")]
    assert groups_of(tmp_path, a=[row("Zoé Dupont", "zoe@asso.fr")], b=rows) == [{"a1", "b1"}]


def test_without_an_address_a_name_holds_within_its_event_only(tmp_path):
    lists = {
        "a": [row("Zoé Dupont", "zoe@asso.fr")],
        "b": [attended("Zoé Dupont"), attended("Zoé Dupont", event="A02")],
    }
    assert groups_of(tmp_path, **lists) == [{"a1", "b1"}, {"b2"}]


def test_two_people_of_one_name_stay_two_and_a_bare_name_between_them_is_given_to_neither(tmp_path):
    lists = {
        "a": [row("Jean Martin", "jean.martin@un.fr"), row("Jean Martin", "jmartin62@deux.fr")],
        "b": [attended("Jean Martin")],
    }
    assert groups_of(tmp_path, **lists) == [{"a1"}, {"a2"}, {"b1"}]


def test_between_two_people_of_one_name_the_organisation_decides(tmp_path):
    lists = {
        "a": [
            row("Jean Martin", "jean.martin@un.fr", organisation_text="La Ressourcerie"),
            row("Jean Martin", "jmartin62@deux.fr", organisation_text="Café Citoyen"),
        ],
        "b": [attended("Jean Martin", organisation_text="Association Café citoyen")],
    }
    assert groups_of(tmp_path, **lists) == [{"a1"}, {"a2", "b1"}]


@pytest.mark.parametrize(
    ("said", "whose"), [(None, {"a2", "b1", "b2"}), ("Café", {"a2", "b1", "b2"}), ("Fablab", {"b2"})]
)
def test_a_second_line_of_one_list_goes_with_the_first_unless_it_says_another_organisation(tmp_path, said, whose):
    lists = {
        "a": [
            row("Jean Martin", "jean.martin@un.fr", organisation_text="La Ressourcerie"),
            row("Jean Martin", "jmartin62@deux.fr", organisation_text="Café Citoyen"),
        ],
        "b": [
            attended("Jean Martin", organisation_text="Café citoyen"),
            attended("Jean Martin", organisation_text=said),
        ],
    }
    assert whose in groups_of(tmp_path, **lists)


def test_who_is_like_somebody_of_the_round_before_goes_to_the_same_person(tmp_path):
    rows = [
        row("Zoé Hubert", "zoe@asso.fr", phone="0612345678"),
        row("Zoé Hubert", phone="0612345678", organisation_text="Les Jardins", event="A02"),
        row("Zoé Hubert", organisation_text="Les Jardins", event="A03"),
        row("Zoé Legrand", "famille@asso.fr"), row("Zoé Legrand Petit", "famille@asso.fr"), row(None, "famille@asso.fr"),
    ]  # fmt: skip
    assert groups_of(tmp_path, a=rows) == [{"a1", "a2", "a3"}, {"a4", "a5", "a6"}]


def test_two_lists_of_presences_of_one_event_are_both_hers_who_registered(tmp_path):
    lists = {"a": [row("Zoé Dupont", "zoe@asso.fr")], "b": [attended("Zoé Dupont")], "c": [attended("Zoé Dupont")]}
    assert groups_of(tmp_path, **lists) == [{"a1", "b1", "c1"}]


def test_on_an_address_of_more_than_twenty_names_only_equal_names_are_one_person(tmp_path):
    others = ["Zoé Adam", "Jean Barre", "Anne Caron", "Luc David", "Marie Ernst", "Paul Faure", "Rose Gilet", "Hugo Henry", "Inès Imbert",
              "Jules Joly", "Karim Kern", "Léo Leroy", "Maud Marin", "Noé Noir", "Olga Ott", "Rémi Remy", "Sara Simon", "Théo Tardy"]  # fmt: skip
    asked = ["Fred Martin", "Frédéric Martin", "Fred Martin"]
    for more, one in ((others, {"a1", "a2", "b1"}), ([*others, "Ulla Uhl"], {"a1", "b1"})):
        people = Lists(tmp_path / str(len(more))).put(
            "a", *(row(name, "stage@asso.fr") for name in [*asked[:2], *more])
        )
        people.put("b", row(asked[2], "stage@asso.fr", event="A02"), row(None, "stage@asso.fr")).match()
        assert people.groups()[0] == one and {"b2"} in people.groups()


def test_father_and_son_of_one_association_stay_two(tmp_path):
    rows = [
        row("Jean Dupont", "jean.dupont@free.fr", organisation_text="Les Jardins"),
        row("Julien Dupont", "julien.dupont@free.fr", organisation_text="Les Jardins"),
    ]
    assert groups_of(tmp_path, a=rows) == [{"a1"}, {"a2"}]


def test_a_telephone_alone_joins_nobody_but_with_the_name_it_does(tmp_path):
    rows = [
        row("Jean Dupont", phone="06 12 34 56 78"),
        row("Marie Dupont", phone="0612345678"),
        row("Dupont Jean", phone="+33612345678", event="A02"),
    ]
    assert groups_of(tmp_path, a=rows) == [{"a1", "a3"}, {"a2"}]


def test_what_leaves_says_what_each_identity_is_known_by_and_why_it_is_in_its_person(tmp_path):
    people = Lists(tmp_path).put("a", row("Zoé Dupont", "zoe@asso.fr"), attended("Zoé Dupont"))
    people.put("b", row("Zoé Dupont", "zoe@asso.fr", phone="0612345678")).put("c", row(None, "contact@asso.fr"))
    people.put("d", row("Paul Petit", phone="0612345678")).put("e", row("Jean Roy")).match()
    links = people.table("participant_link")
    told = [
        (link["source"], link["basis"], link["method"], link["evidence"], link["match_probability"] == 1)
        for link in links
    ]
    assert sorted(told) == [
        ("a", "email", "exact_email", "email+name", True), ("a", "name", "same_name_event", "name+event", False),
        ("b", "email", "exact_email", "email+name", True), ("c", "email", "exact_email", "email", True),
        ("d", "phone", "model", "phone+name", True), ("e", "name", "same_name_event", "name+event", True),
    ]  # fmt: skip
    assert {link["status"] for link in links} == {"accepted"}
    assert len({(link["participant_key"], link["source_identity"]) for link in links}) == 6
    assert sorted(one["nb_identities"] for one in people.table("participant")) == [1, 1, 1, 3]


@pytest.mark.parametrize("said", ["Invité 12", "Anonyme", "Zoé", ""])
def test_what_names_nobody_is_nobody(tmp_path, said):
    assert groups_of(tmp_path, a=[attended(said or None)]) == []


def test_one_pseudonym_per_programme_year_and_who_comes_back_is_known(tmp_path):
    people = Lists(tmp_path).put(
        "a",
        row("Zoé Dupont", "zoe@asso.fr", year=2024, at="2024-03-01"),
        attended("Zoé Dupont", "zoe@asso.fr", year=2025),
    )
    again = {"email": "zoe@asso.fr", "phone": "0612345678", "year": 2024}
    people.put("b", attended("Zoé Dupont", **again), row("Zoé Dupont", **again)).match()
    first, second = sorted(people.table("participant"), key=lambda line: line["programme_year"])
    assert (first["programme_year"], first["is_returning"]) == (2024, False)
    assert (second["programme_year"], second["is_returning"]) == (2025, True)
    assert first["pseudonym"] != second["pseudonym"]
    assert first["participant_key"] == int(first["pseudonym"][:15], 16)
    keys = people.keys()
    assert keys["a", "d1", 1] == keys["b", "d1", 1] == first["participant_key"] != keys["a", "d1", 2]
    links = {line["participant_key"]: line["source_identity"] for line in people.table("participant_link")}
    assert len(set(links.values())) == 2, "nothing that leaves links two programme years"


def test_who_only_registered_before_does_not_come_back(tmp_path):
    people = Lists(tmp_path).put(
        "a", row("Zoé Dupont", "zoe@asso.fr", year=2024), row("Zoé Dupont", "zoe@asso.fr", year=2025)
    )
    people.match()
    assert [line["is_returning"] for line in people.table("participant")] == [False, False]


def test_a_mistyped_address_is_recognised_by_the_name(tmp_path):
    rows = [row("Zoé Dupont", "zoe.dupont@asso.fr"), row("Zoé Dupont", "zoe.dupnot@asso.fr", event="A02")]
    assert groups_of(tmp_path, a=rows) == [{"a1", "a2"}]


def test_a_number_in_an_address_is_another_address(tmp_path):
    rows = [row("Zoé Dupont", "zoe.dupont@free.fr"), row("Zoé Dupont", "zoe.dupont2@free.fr", event="A02")]
    assert groups_of(tmp_path, a=rows) == [{"a1"}, {"a2"}]


@pytest.mark.parametrize("said", ["Fred Martin", "MARTIN Frédéric", "Martin Frederic", "F. Martin", "Frédéric Martinn"])
def test_nicknames_inversions_initials_and_slips_are_recognised_at_one_event(tmp_path, said):
    lists = {"a": [row("Frédéric Martin", "fm@asso.fr"), row("Julie Durand", "jd@asso.fr")], "b": [attended(said)]}
    assert groups_of(tmp_path, **lists) == [{"a1", "b1"}, {"a2"}]


def test_another_given_name_of_the_family_is_somebody_else(tmp_path):
    assert groups_of(tmp_path, a=[row("Jean Dupont", "jd@free.fr")], b=[attended("Jeanne Dupont")]) == [{"a1"}, {"b1"}]


def test_name_and_organisation_join_what_has_no_address_over_two_events(tmp_path):
    lists = {
        "a": [attended("Zoé Dupont", organisation_text="Les Jardins de l'Oise")],
        "b": [attended("Zoé Dupont", event="A02", organisation_text="Les jardins de l’Oise")],
        "c": [attended("Zoé Dupont", event="A03", organisation_text="Banque alimentaire")],
    }
    assert groups_of(tmp_path, **lists) == [{"a1", "b1"}, {"c1"}]


def test_father_and_son_of_one_name_association_and_telephone_stay_two_and_wait_for_somebody(tmp_path):
    home = {"organisation_text": "Les Jardins", "phone": "03 20 12 34 56"}
    both = [row("Jean Dupont", email, **home) for email in ("jean.dupont@free.fr", "jdupont59@laposte.net")]
    people = Lists(tmp_path).put("a", *both, *(line | {"year": 2024} for line in both))
    assert people.match().review == 1
    assert people.groups() == [{"a1"}, {"a2"}, {"a3"}, {"a4"}]
    links = people.table("participant_link")
    year_of = {one["participant_key"]: one["programme_year"] for one in people.table("participant")}
    doubts = [line for line in links if line["status"] == "review"]
    assert sorted(year_of[doubt["participant_key"]] for doubt in doubts) == [2024, 2025]
    said = {(link["source_identity"], year_of[link["participant_key"]]) for link in links}
    assert len(said) == len({identity for identity, _ in said}) == 4, "nothing that leaves links two programme years"
    for doubt in doubts:
        assert 0.7 <= doubt["match_probability"] < 0.99
        assert (doubt["method"], doubt["evidence"]) == ("model", "name+phone+organisation")


@pytest.mark.parametrize(
    ("other", "event"), [("Café citoyen", "A03"), ("Café citoyens", "A01")], ids=["alike", "one a little more"]
)
def test_who_could_be_either_of_two_persons_is_listed_for_both_and_given_to_none(tmp_path, other, event):
    lists = {
        "a": [
            row("Jean Martin", "jean.martin@un.fr", organisation_text="Café citoyen"),
            row("Jean Martin", "jmartin62@deux.fr", organisation_text=other, event="A02" if event == "A03" else event),
        ],
        "b": [attended("Jean Martin", organisation_text="Café citoyen", event=event)],
    }
    people = Lists(tmp_path)
    for source, rows in lists.items():
        people.put(source, *rows)
    people.match()
    assert people.groups() == [{"a1"}, {"a2"}, {"b1"}]
    keys = people.keys()
    told = {
        line["participant_key"]
        for line in people.table("participant_link")
        if line["source"] == "b" and line["status"] == "review"
    }
    assert told == {keys["a", "d1", 1], keys["a", "d1", 2]}


def test_two_places_of_one_list_with_two_addresses_and_telephones_are_two_people_whoever_else_is_alike(tmp_path):
    rows = [
        row("Zoé Dupont", "zoe.dupont@asso.fr", phone="0612345678", postcode="59000"),
        row("Zoé Dupont", "zoe.dupomt@asso.fr", phone="0687654321", postcode="59000"),
    ]
    assert groups_of(tmp_path, a=rows) == [{"a1"}, {"a2"}]
    rows[1]["event_id"] = "A02"
    assert groups_of(tmp_path / "else", a=rows) == [{"a1", "a2"}], "at two events nothing says that they are two"


def test_an_erased_person_stays_one_and_known_by_what_each_row_had(tmp_path):
    """Two addresses stand for her: that of rows that had one, and that of rows that had a name alone."""
    people = Lists(tmp_path).put("a", row(None, f"{'ab' * 16}@{STAND_IN_DOMAIN}"))
    people.match()
    nobody = attended(None, f"{'ab' * 16}{OF_NOBODY}")
    people.put("b", attended(None, f"{'ab' * 16}{BY_NAME}"), attended(None, f"{'cd' * 16}{BY_NAME}"), nobody).match()
    assert people.groups() == [{"a1", "b1"}, {"b2"}], "also when she comes back later"
    keys = people.keys()
    known = [(line["participant_key"], line["basis"]) for line in people.table("participant_link")]
    one, other = keys["a", "d1", 1], keys["b", "d1", 2]
    assert sorted(known) == sorted([(one, "email"), (one, "name"), (other, "name")])
