import hashlib
import hmac
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.cipher import Cipher, Secret
from identity.keys import Keyring
from identity.pseudonyms import (
    NotAnEmail,
    normalise_email,
    normalise_emails,
    normalise_names,
    pseudonyms_under,
)


@pytest.fixture
def keyring(tmp_path):
    return Keyring(tmp_path, Cipher(Secret(b"k" * 32)))


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("marie.dupont@asso.fr", "marie.dupont@asso.fr"),
        ("  Marie.DUPONT@Asso.FR \n", "marie.dupont@asso.fr"),
        ("Marie Dupont <marie@asso.fr>", "marie@asso.fr"),
        ('"Dupont, Marie" <marie@asso.fr>', "marie@asso.fr"),
        ("mailto:marie@asso.fr", "marie@asso.fr"),
        ("MAILTO: marie@asso.fr?subject=Bonjour", "marie@asso.fr"),
        ("<marie@asso.fr>;", "marie@asso.fr"),
        ("marie@asso.fr (secrétariat)", "marie@asso.fr"),
        ("marie @ asso.fr", "marie@asso.fr"),
        ("marie@asso.fr", "marie@asso.fr"),
        ("marie\u200b@asso.fr\ufeff", "marie@asso.fr"),
        ("\u00a0marie@asso.fr\u00a0", "marie@asso.fr"),
        ("m.a.r.i.e+ess@gmail.com", "m.a.r.i.e+ess@gmail.com"),
        ("o'neil_1@sous.domaine.asso.fr", "o'neil_1@sous.domaine.asso.fr"),
        ("contact@café.fr", "contact@xn--caf-dma.fr"),
        ("contact@XN--CAF-DMA.fr", "contact@xn--caf-dma.fr"),
        ("rené@asso.fr", "rené@asso.fr"),
        (unicodedata.normalize("NFD", "rené@asso.fr"), "rené@asso.fr"),
    ],
)
def test_one_address_however_it_is_typed(typed, address):
    assert normalise_email(typed) == address
    assert normalise_email(address) == address


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("", "sans_arobase"),
        ("Marie Dupont", "sans_arobase"),
        ("06 12 34 56 78", "sans_arobase"),
        ("marie@asso.fr, paul@asso.fr", "plusieurs_adresses"),
        ("<marie@asso.fr> <paul@asso.fr>", "plusieurs_adresses"),
        ("marie@@asso.fr", "plusieurs_adresses"),
        ("marie dupont@asso.fr", "espace"),
        ("@asso.fr", "avant_arobase"),
        ("marie..dupont@asso.fr", "avant_arobase"),
        ("marie.@asso.fr", "avant_arobase"),
        ("a" * 65 + "@asso.fr", "avant_arobase"),
        ("marie@asso", "domaine"),
        ("marie@asso.f", "domaine"),
        ("marie@-asso.fr", "domaine"),
        ("marie@asso..fr", "domaine"),
        ("marie@192.168.0.1", "domaine"),
        ("marie@" + "a" * 64 + ".fr", "domaine"),
        ("marie@" + "é" * 300 + ".fr", "domaine"),
        ("m" * 2000, "trop_long"),
    ],
)
def test_what_is_not_an_address_is_named_and_not_repeated(typed, rule):
    with pytest.raises(NotAnEmail) as caught:
        normalise_email(typed)
    assert caught.value.rule == rule
    assert not typed or typed not in str(caught.value)


_pieces = st.sampled_from(
    [
        "a",
        "É",
        "ß",
        ".",
        "@",
        "-",
        "+",
        " ",
        "x.fr",
        "fr",
        "<",
        ">",
        "mailto:",
        "\n",
        "\u200b",
        "\x00",
        "İ",
        "1",
        "_",
        "@a.fr",
    ]
)
_texts = st.one_of(st.text(max_size=40), st.lists(_pieces, max_size=10).map("".join))


@pytest.mark.nights
@settings(max_examples=200)
@given(st.lists(_texts, max_size=20))
def test_a_column_is_normalised_as_its_texts_are(texts):
    texts = [text for text in texts if _encodable(text)]

    def one(text):
        try:
            return normalise_email(text)
        except NotAnEmail:
            return None

    expected = [one(text) for text in texts]
    assert normalise_emails(pa.array([*texts, None], pa.string())).to_pylist() == [*expected, None]
    for address in expected:
        assert address is None or normalise_email(address) == address


def _encodable(text):
    return not any(0xD800 <= ord(character) < 0xE000 for character in text)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Zoé Dupont-Lévêque", "dupont leveque zoe"),
        ("DUPONT LEVEQUE Zoe", "dupont leveque zoe"),
        ("Mme DUPONT-LÉVÊQUE, Zoé", "dupont leveque zoe"),
        (unicodedata.normalize("NFD", "Zoé Dupont-Lévêque"), "dupont leveque zoe"),
        ("Zoé\u00a0 Dupont\u2011Lévêque", "dupont leveque zoe"),
        ("Cœur de L'Œuvre", "coeur de l oeuvre"),
        ("M. Jean Martin", "jean martin"),
        ("Jean M. Martin", "jean m martin"),
        ("Łukasz Großmann", "grossmann lukasz"),
        ("Du\u00adpont Marie", "dupont marie"),
        ("Marie", None),
        ("Mme Dupont", None),
        ("A B", None),
        ("", None),
        ("-- ?", None),
        ("Invité 12", None),
        ("non renseigné", None),
        ("12 34", None),
    ],
)
def test_one_name_whatever_accents_case_and_order(typed, key):
    assert normalise_names(pa.array([typed])).to_pylist() == [key]


def test_a_column_of_names():
    names = pa.chunked_array([["Zoé Dupont", None], ["DUPONT zoe", "Marie"]])
    assert normalise_names(names).to_pylist() == ["dupont zoe", None, "dupont zoe", None]
    assert normalise_names(pa.array([], pa.string())).to_pylist() == []


def test_the_pseudonym_is_half_of_an_hmac(keyring):
    key = keyring.key_for(2026)
    values = ["marie@asso.fr", None, "paul@asso.fr", "marie@asso.fr", "é"]
    expected = [
        value and hmac.new(key.secret.reveal(), b"email\0" + value.encode(), hashlib.sha256).hexdigest()[:32]
        for value in values
    ]
    for column in (
        pa.array(values),
        pa.chunked_array([values[:2], values[2:]]),
        pa.array(values).dictionary_encode(),
        pa.array(values, pa.large_string()),
        pa.array(values)[0:5],
    ):
        assert pseudonyms_under(keyring.key_for(2026), "email", column).to_pylist() == expected
    assert pseudonyms_under(keyring.key_for(2026), "email", pa.array(values)[2:4]).to_pylist() == expected[2:4]
    assert pseudonyms_under(keyring.key_for(2026), "email", pa.array([], pa.string())).to_pylist() == []
    assert pseudonyms_under(keyring.key_for(2026), "email", pa.array([None], pa.string())).to_pylist() == [None]


def test_another_year_another_domain_or_another_vault_gives_another_pseudonym(keyring, tmp_path):
    address = pa.array(["marie@asso.fr"])
    other = Keyring(tmp_path / "other", Cipher(Secret(b"k" * 32)))
    seen = {
        pseudonyms_under(keyring.key_for(2026), "email", address)[0].as_py(),
        pseudonyms_under(keyring.key_for(2027), "email", address)[0].as_py(),
        pseudonyms_under(keyring.key_for(2026), "name+event", address)[0].as_py(),
        pseudonyms_under(other.key_for(2026), "email", address)[0].as_py(),
    }
    assert len(seen) == 4
    assert {len(pseudonym) for pseudonym in seen} == {32}


def test_after_its_key_is_destroyed_a_pseudonym_cannot_be_computed_again(keyring):
    address = pa.array(["marie@asso.fr"])
    before = pseudonyms_under(keyring.key_for(2026), "email", address)
    keyring.destroy("2026-1")
    assert pseudonyms_under(keyring.key_for(2026), "email", address) != before


@pytest.mark.parametrize("domain", ["", "e\0mail"])
def test_a_domain_that_could_run_into_the_value_is_refused(keyring, domain):
    with pytest.raises(ValueError):
        pseudonyms_under(keyring.key_for(2026), domain, pa.array(["x"]))
