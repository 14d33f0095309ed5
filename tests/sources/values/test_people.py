"""Phones, e-mails, civilities – and no sentence that repeats any of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.values.people import MESSAGES, normalise_phones, parse_email, parse_gender
from sources.values.refusal import Refused
from sources.values.text import fold


def rule_of(parse, text):
    with pytest.raises(Refused) as refused:
        parse(text)
    assert refused.value.message == MESSAGES[refused.value.rule]
    return refused.value.rule


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("06 00 00 00 01", "+33600000001"),
        ("06-00-00-00-02", "+33600000002"),
        ("06/00/00/00/02", "+33600000002"),
        ("06.12.34.56.78", "+33612345678"),
        ("612345678", "+33612345678"),  # the 0 eaten by a spreadsheet
        ("612345678.0", "+33612345678"),
        ("320010203", "+33320010203"),
        ("+33 (0)6 00 00 00 02", "+33600000002"),
        ("+33 6 00 00 00 02", "+33600000002"),
        ("0033600000002", "+33600000002"),
        ("33600000000", "+33600000000"),  # Zoom, dial-in
        ("'+33320000000", "+33320000000"),  # pretix, against formulas
        ("Tél. : 03 20 00 00 00", "+33320000000"),
        ("06\u00a000\u202f00 00 01", "+33600000001"),
        ("0262 12 34 56", "+262262123456"),  # Réunion
        ("0692123456", "+262692123456"),
        ("0590 12 34 56", "+590590123456"),
        ("+32 2 555 12 12", "+3225551212"),
    ],
)
def test_phone(text, expected):
    assert normalise_phones(text) == (expected,)


@pytest.mark.parametrize("text", ["", None, "--", "néant"])
def test_no_phone(text):
    assert normalise_phones(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "06 00 00 00 01 / 03 20 00 00 00",
        "0600000001/0320000000",
        "06 00 00 00 01 ou 03 20 00 00 00",
        "0600000001;320000000",
    ]
    + ["06 00 00 00 01\n03 20 00 00 00", "06 00 00 00 01 - 03 20 00 00 00", "06.00.00.00.01, 03.20.00.00.00 (bureau)"],
)
def test_several_phones(text):
    assert normalise_phones(text) == ("+33600000001", "+33320000000")


def test_the_same_phone_twice_is_one():
    assert normalise_phones("06 00 00 00 01 / 0600000001") == ("+33600000001",)


@pytest.mark.parametrize(
    "text",
    ["06 00 00 00", "0400000000", "400000000", "12345", "le soir", "0600 FLOWER", "06 00 00 00 01 poste 12", "6,12E+08"]
    + ["06 00 00 00 01 / 12", "99900011000018", "+33 9"],
)
def test_not_a_phone(text):
    assert rule_of(normalise_phones, text) == "telephone_invalide"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maelle.durand-leroy@example.org", "maelle.durand-leroy@example.org"),
        ("P51@Exemple.FR", "P51@exemple.fr"),
        (" JM.DUPONT@EXEMPLE.FR ", "JM.DUPONT@exemple.fr"),
        ("mailto:zoe@exemple.fr", "zoe@exemple.fr"),
        ("Zoé PETIT <zoe@exemple.fr>", "zoe@exemple.fr"),
        ("PETIT, Zoé <zoe@exemple.fr>;", "zoe@exemple.fr"),
        ("zoe@exemple.fr <zoe@exemple.fr>", "zoe@exemple.fr"),
        ("zoe@exemple.fr <mailto:zoe@exemple.fr>", "zoe@exemple.fr"),
        ("<zoe@exemple.fr>", "zoe@exemple.fr"),
        ("zoe@exemple.fr;", "zoe@exemple.fr"),
        ("zoe@exemple.fr.", "zoe@exemple.fr"),
        ("zoe@exemple.fr ; Zoe@exemple.fr", "zoe@exemple.fr"),
        ("Zoé Petit <zoe@exemple.fr", "zoe@exemple.fr"),
        ("awa+ess@sous.exemple.coop", "awa+ess@sous.exemple.coop"),
        ("contact@bücher.example", "contact@xn--bcher-kva.example"),
        ("", None),
        (None, None),
        ("--", None),
        ("anonymous", None),
        ("n.c.", None),
    ],
)
def test_email(text, expected):
    assert parse_email(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a@exemple.fr; b@exemple.fr",
        "a@exemple.fr, b@exemple.fr",
        "a@exemple.fr b@exemple.fr",
        "a@exemple.fr/b@exemple.fr",
    ]
    + ["a@exemple.fr\nb@exemple.fr", "Zoé <a@exemple.fr>, Awa <b@exemple.fr>"],
)
def test_several_emails(text):
    assert rule_of(parse_email, text) == "plusieurs_adresses"


@pytest.mark.parametrize(
    "text",
    [
        "ylegoff@example,org",
        "Zoé PETIT",
        "Info Requested",
        "zoe@exemple",
        "zoe@@exemple.fr",
        "@exemple.fr",
        "zoe@",
        "zoe@.fr",
    ]
    + [
        "zoe petit@exemple.fr",
        "zoé@exemple.fr",
        "zoe.@exemple.fr",
        "zoe@exem_ple.fr",
        "zoe@exemple.f",
        "06 00 00 00 01",
    ]
    + ["zoe@-exemple.fr", "zoe@exemple..fr", "x" * 65 + "@exemple.fr", "zoe at exemple.fr"],
)
def test_not_an_email(text):
    assert rule_of(parse_email, text) == "adresse_invalide"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mme", "F"),
        ("Mme.", "F"),
        ("Madame", "F"),
        ("Mlle", "F"),
        ("F", "F"),
        ("Femme", "F"),
        ("Féminin", "F"),
        ("une femme", "F"),
    ]
    + [("M.", "M"), ("M", "M"), ("Mr", "M"), ("Monsieur", "M"), ("H", "M"), ("homme", "M"), ("Masculin", "M")]
    + [("Autre", "other"), ("Mx", "other"), ("non-binaire", "other"), ("Autre / non binaire", "other")]
    + [("", None), (None, None), ("--", None), ("Dr", None), ("Maître", None), ("Ne souhaite pas répondre", None)],
)
def test_gender(text, expected):
    assert parse_gender(text) == expected


@pytest.mark.parametrize("text", ["Mme/M.", "Zoé", "Madame la Présidente", "1"])
def test_not_a_gender(text):
    assert rule_of(parse_gender, text) == "civilite_inconnue"


# Invented so that no French sentence holds three of their letters in a row.
CANARIES = {
    "name": ["Zykwoj", "ZYKWOJ Qhuxif", "Qhuxif (Zykwoj Qhuxif)"],
    "email": ["zykwoj@qhuxif", "zykwoj@qhuxif.vjk wqp@vjk.zyk", "zykwoj.qhuxif@vjk.zyk; wqzp@vjk.zyk", "Zykwoj Qhuxif"],
    "phone": ["06 99 87 65", "0698765432 / 0612", "zykwoj 0698765432", "0698765432 ou 0756789012"],
}


@pytest.mark.parametrize("parse", [normalise_phones, parse_email, parse_gender])
@pytest.mark.parametrize("text", [text for texts in CANARIES.values() for text in texts])
def test_a_refusal_never_repeats_what_was_typed(parse, text):
    try:
        parse(text)
    except Refused as refused:
        said = fold(f"{refused.rule} {refused.message} {refused.args} {refused!r}").replace(" ", "")
        typed = fold(text).replace(" ", "")
        assert not {typed[i : i + 3] for i in range(len(typed) - 2)} & {said[i : i + 3] for i in range(len(said) - 2)}
        assert refused.__cause__ is None
        assert refused.__context__ is None  # a traceback would repeat it


def test_every_refusal_is_met():
    """The test above looks at all the sentences there are."""
    met = set()
    for text in [text for texts in CANARIES.values() for text in texts]:
        for parse in (normalise_phones, parse_email, parse_gender):
            try:
                parse(text)
            except Refused as refused:
                met.add(refused.rule)
    assert met == set(MESSAGES)


@settings(max_examples=150)
@given(st.one_of(st.text(max_size=30), st.text(alphabet="0123456789+ ./-@;,abcMDJE<>()é'", max_size=30)))
def test_the_sentences_are_constants(text):
    for parse in (normalise_phones, parse_email, parse_gender):
        try:
            parse(text)
        except Refused as refused:
            assert refused.message == MESSAGES[refused.rule]
