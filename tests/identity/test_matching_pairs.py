"""Pairs on each side of every rule that tells whether two rows are one person, all read in one night: no pair has a name of another."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from people import Lists, row

SHARED, OWN = "contact@{}.fr", "moi@{}.fr"
HOME, OFFICE = {"phone": "06 12 34 56 78"}, {"phone": "03 20 00 00 00"}


def org(name):
    return {"organisation_text": name}


def near(name):
    return org(name) | {"postcode": "59000"}


ONE_ADDRESS = [
    # address, name, name, persons
    (SHARED, "Fred Lambert", "Frédéric Lambert", 1),
    (SHARED, "Fred Masson", "Frédéric Masson Leroy", 1),
    (SHARED, "Fred Noël Hardy", "Frédéric Noël", 1),
    (SHARED, "Anne Payet", "Anne Payet Levêque", 1),
    (SHARED, "Anne Payen Levêque", "Anne Payen", 1),
    *((SHARED, f"Anne {name}", f"Marie Anne {name}", 1) for name in ("Rolland", "Royer", "Robin")),
    *((SHARED, f"Marie Anne {name}", f"Anne {name}", 1) for name in ("Vidal", "Vasseur", "Verdier")),
    (SHARED, "Fred Lombard", "Frédéric Tessier", 2),
    (SHARED, "Fred Masset Leroy", "Frédéric Masset Tessier", 2),
    (SHARED, "Zoé Guillot", "Zoé Guillet", 1),
    (SHARED, "Zoé Renaud", "Zoé Renault", 2),
    (SHARED, "J. Morel", "Jean Morel", 1),
    (SHARED, "Jean Maurel", "J. Maurel", 1),
    (SHARED, "P. Colin", "Jean Colin", 2),
    (SHARED, "J. Collet", "Jean Collot", 2),
    (SHARED, "Jean Aubry", "Julie Aubry", 2),
    (SHARED, "Kélian Fabre", "Kelyan Fabre", 1),
    (SHARED, "Malo Prévost", "Mallo Prévost", 1),
    (SHARED, "Julien Pasquier", "Jullien Pasquier", 1),
    (SHARED, "Kélian Roger", "Kelyan Tanguy", 2),
    (SHARED, "Ondine Brunet", "Ombine Brunet", 2),
    (SHARED, "Lou Roche", "Lau Roche", 2),
    (SHARED, "Lou Gomez", "Loou Gomez", 2),
    (SHARED, "Loou Munoz", "Lou Munoz", 2),
    (SHARED, "Daniel Leroux", "Danièle Leroux", 2),
    (SHARED, "Chr Dubois", "Christophe Dubois", 1),
    (SHARED, "Christophe Dumas", "Chr Dumas", 1),
    (SHARED, "Ch Dubosc", "Christophe Dubosc", 2),
    (SHARED, "Cri Duval", "Christophe Duval", 2),
    (SHARED, "Chr Renard", "Christophe Olivier", 2),
    (SHARED, "Jean Fournier", "Jeanne Fournier", 2),
    (SHARED, "Anne Perrin", "Anne Schmitt", 2),
    # the same two at another address, whom nothing tells to be the first two
    (SHARED, "Fred Lambert", "Frédéric Lambert", 1),
    (OWN, "Anne Poulain", "Anne Weber", 1),
    (OWN, "Fred Prigent", "Frédéric Weiss", 1),
    (OWN, "Frédéric Pruvost", "Fred Wagner", 1),
    (OWN, "Zoé Pottier", None, 1),
    (OWN, None, "Zoé Poirier", 1),
    (OWN, "Anne Cordier", "Marie Cordier", 2),
    (OWN, "Lou Besson", "Lau Besson", 2),
]


def test_names_on_one_address(tmp_path):
    people = Lists(tmp_path)
    for side, at in ((1, "A01"), (2, "A02")):
        people.put(
            f"s{side}",
            *(row(case[side], case[0].format(f"asso{number}"), event=at) for number, case in enumerate(ONE_ADDRESS)),
        )
    people.match()
    keys = people.keys()
    found = [1 + (keys["s1", "d1", at] != keys["s2", "d1", at]) for at in range(1, len(ONE_ADDRESS) + 1)]
    assert [case for case, nb in zip(ONE_ADDRESS, found, strict=True) if nb != case[3]] == []
    assert len(set(keys.values())) == sum(found), "and nobody is somebody of another address"


ONE, TWO, WAIT = "one", "two", "to review"

ELSEWHERE = [
    # on two lists of two events, without an address unless it is said
    (row("Zoé Adam"), row("Zoé Adam"), TWO),
    (row("Zoé Arnaud", **HOME), row("Zoé Arnaud", **HOME), ONE),
    (row("Zoé Aubert", postcode="59000"), row("Zoé Aubert", postcode="59 000"), ONE),
    (row("Zoé Bailly", postcode="59000"), row("Zoé Bailly", postcode="62000"), TWO),
    # a telephone at home or at the office
    (row("Jean Barbier", **OFFICE), row("Paul Baron", **OFFICE), TWO),
    (row("Jean Barre", **HOME), row("Julien Barre", **HOME), TWO),
    (row("Julien Benard", **HOME), row("Julie Bénart", **HOME), TWO),
    (row("Fred Berger", **HOME), row("Frédéric Bergier", **HOME), ONE),
    (row("Zoé Blin", **HOME), row("Zoé Belin", **HOME), ONE),
    (row("Zoé Mailland", **HOME), row("Zoé Meillard", **HOME), ONE),
    (row("Zoé Blanchard", **HOME), row("Zoé Blanchet", **HOME), ONE),
    (row("Paul Maillard", **HOME), row("Paul Maillet", **HOME), TWO),
    (row("Zoé Girard", **HOME), row("Zoé Girault", **HOME), TWO),
    (row("Kélian Renaud", **HOME), row("Kelyan Renault", **HOME), ONE),
    (row("Bob Guérin", **HOME), row("Robert Guérot", **HOME), ONE),
    (row("Jo Lacoste", **HOME), row("Joseph Lacaste", **HOME), ONE),
    (row("Anne Ott", **HOME), row("Anne Ott Lefebvre Martin", **HOME), ONE),
    (row("Nolwenn Boulay", **HOME), row("Noelwen Bouley", **HOME), TWO),
    (row("Jean Bouvier", "jean@un.fr", **OFFICE), row("Jean Bouvier", "bouvier@deux.fr", **OFFICE), TWO),
    # an organisation
    (row("Zoé Bertin", **org("Atelier vélo")), row("Zoé Bertin", **org("Association Atelier Vélo")), ONE),
    (row("Zoé Besnard", **near("Jardins")), row("Zoé Besnard", **near("Les Jardins de Cocagne")), ONE),
    (row("Zoé Briand", **near("Jardins de Cocagne")), row("Zoé Briand", **near("Cocagne")), ONE),
    (row("Zoé Bodin", **near("Régie quartier")), row("Zoé Bodin", **near("Regie quartiers nord")), ONE),
    (row("Zoé Bonnet", **near("Atelier vélo")), row("Zoé Bonnet", **near("Atelier bois")), WAIT),
    (row("Fred Bouchard", **org("Café")), row("Frédéric Bouchard", **org("Café")), ONE),
    (row("Zoé Bourdon", **org("Café")), row("Zoé Bourdin", **org("Café")), ONE),
    (row("Jean Carlier", **org("Café")), row("Julien Carlier", **org("Café")), TWO),
    # two addresses
    (row("Zoé Caron", "zoe.caron@un.fr"), row("Zoé Caron", "caronz@deux.fr"), TWO),
    (row("Zoé Charles", "zoe.charles@un.fr", **org("Café")), row("Zoé Charles", "zcharles@deux.fr", **org("Café")), WAIT),
    (row("Amélie Roux", "amelie.roux@asso.fr"), row("Amélie Roux", "amelie.ruox@asso.fr"), ONE),
    (row("Ludovic Clerc", "ludovic.clerc@asso.fr"), row("Ludovic Clerc", "ldovic.clerc@asso.fr"), ONE),
    (row("Ludovic Cohen", "ludovic.cohen@asso.fr"), row("Ludovic Cohen", "ludvic.coehn@asso.fr"), ONE),
    (row("Ludovic Conte", "ludovic.conte@asso.fr"), row("Ludovic Conte", "ldvic.conte@asso.fr"), ONE),
    (row("Ludovic Costa", "ludovic.costa@asso.fr"), row("Ludovic Costa", "ludvic.cosat@aso.fr"), TWO),
    (row("Fred Mallet", "fredo@asso.fr"), row("Frédéric Mallet", "fredo@aso.fr"), ONE),
    (row("Fred Millet", "contact@asso.fr"), row("Frédéric Millet", "contact@aso.fr"), TWO),
    (
        row("Bruno Picard", "picard@un.fr", postcode="59000", **org("Café"), **OFFICE),
        row("Bruno Picard", "bruno@deux.fr", postcode="59000", **org("Café"), **OFFICE),
        ONE,
    ),
]  # fmt: skip

AT_ONE_EVENT = [
    (row("Zoé Daniel"), row("Zoé Daniel"), ONE),
    (row("Zoé David", "zoe@un.fr"), row("Zoé David", "david@deux.fr"), ONE),
    (row("Fred Delattre", "fred@un.fr"), row("Frédéric Delattre"), ONE),
    (row("Zoé Denis", "zoe@trois.fr"), row("Zoé Dennis"), ONE),
    (row("Zoé Devaux", "zoe@quatre.fr"), row("Zoé Duhamel"), TWO),
    # of one office, or of one family: all but the given name
    (row("Jean Dufour", **OFFICE, **near("Café")), row("Julien Dufour", **OFFICE, **near("Café")), TWO),
]

ON_ONE_LIST = [
    (row("Zoé Etienne", "zoe@un.fr"), row("Zoé Etienne", "etienne@deux.fr"), TWO),
    (row("Zoé Fabre", "zoe@trois.fr"), row("Zoé Fabre"), ONE),
    (row("Zoé Fayard", "zoe.fayard@asso.fr"), row("Zoé Fayard", "zoe.fayadr@asso.fr"), ONE),
    (row("Zoé Evrard", **org("Jardins")), row("Zoé Evrard"), ONE),
    (row("Zoé Faure", **org("Jardins")), row("Zoé Faure", **org("Banque alimentaire")), ONE),
    (row("Zoé Ferrand", **org("Jardins")), row("Zoé Ferrand", **org("Jardins de Cocagne")), ONE),
]


@pytest.mark.parametrize(
    ("pairs", "lists", "events"),
    [(ELSEWHERE, 2, 2), (AT_ONE_EVENT, 2, 1), (ON_ONE_LIST, 1, 1)],
    ids=["elsewhere", "at one event", "on one list"],
)
def test_pairs_that_are_one_or_two(tmp_path, pairs, lists, events):
    people, rows = Lists(tmp_path), {}
    for number, (left, right, _) in enumerate(pairs):
        for side, line in enumerate((left, right)):
            rows.setdefault(f"s{side % lists}", []).append(line | {"event_id": f"A{number}-{side % events}"})
    for source, lines in rows.items():
        people.put(source, *lines)
    people.match()
    keys = people.keys()
    waiting = {line["participant_key"] for line in people.table("participant_link") if line["status"] == "review"}
    wrong = []
    for number, (left, right, said) in enumerate(pairs):
        one, other = (
            (keys["s0", "d1", 2 * number + 1], keys["s0", "d1", 2 * number + 2])
            if lists == 1
            else (keys["s0", "d1", number + 1], keys["s1", "d1", number + 1])
        )
        found = ONE if one == other else WAIT if {one, other} & waiting else TWO
        if found != said:
            wrong.append((left["full_name"], right["full_name"], found))
    assert wrong == []
    assert len(set(keys.values())) == sum(1 if said == ONE else 2 for *_, said in pairs)
