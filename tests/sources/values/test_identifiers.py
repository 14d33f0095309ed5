"""SIRETs, whole, ruined and recovered. The checksums of 732 829 320 00074 are worked out by hand below."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.values.identifiers import Siret, parse_siret

# SIREN 732829320, doubling every second digit from the right: 7 (3→6) 2 (8→16→7) 2 (9→18→9) 3 (2→4) 0
# = 7+6+2+7+2+9+3+4+0 = 40, a multiple of 10.
# SIRET 73282932000074, from the right: 4 (7→14→5) 0 0 0 0 0 (2→4) 3 (9→18→9) 2 (8→16→7) 2 (3→6) … 7→14→5
SIRET, SIREN = "73282932000074", "732829320"


@pytest.mark.parametrize(
    "text",
    [
        SIRET,
        "732 829 320 00074",
        "732\u00a0829\u202f320 00074",
        "732.829.320.00074",
        "73282932000074.0",
        "73282932000074,0",
    ]
    + [
        "SIRET : 732 829 320 00074",
        "N° SIRET 73282932000074",
        "732829320-00074",
        "7.3282932000074E+13",
        "siret:73282932000074",
    ],
)
def test_siret(text):
    assert parse_siret(text) == Siret(SIRET, SIREN, "valid")


@pytest.mark.parametrize(
    "text", ["99900011000018", "99900016900014", "999 000 136 00013", "99900012800010", "99900011000018.0"]
)
def test_sirets_of_the_samples(text):
    assert parse_siret(text).state == "valid"


@pytest.mark.parametrize("text", [SIREN, "732 829 320", "732829320.0", "SIREN 732829320"])
def test_siren_alone(text):
    assert parse_siret(text) == Siret(None, SIREN, "valid")


def test_la_poste():
    """35600000049837: 3+5+6+4+9+8+3+7 = 45, a multiple of 5; its head office follows Luhn."""
    assert parse_siret("35600000049837").state == "valid"
    assert parse_siret("35600000000048").state == "valid"
    assert parse_siret("35600000049838") == Siret(
        None, "356000000", "invalid_checksum", parse_siret("35600000049838").message
    )


@pytest.mark.parametrize(
    "text", ["9,99E+13", "9.99E+13", "9,99e13", "7,3282932E+13", "99900000000000", "73282932000000", "1E+14"]
)
def test_digits_lost(text):
    value = parse_siret(text)
    assert (value.siret, value.siren, value.state) == (None, None, "irrecoverable")
    assert "tableur" in value.message


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "-",
        "idem",
        "IDEM",
        "en cours",
        "En cours d'immatriculation",
        "néant",
        "NÉANT",
        "aucun",
        "n.c.",
        "x",
        "0",
    ]
    + ["pas de SIRET", "non concerné", "00000000000000", "en attente"],
)
def test_missing(text):
    value = parse_siret(text)
    assert (value.siret, value.siren, value.state) == (None, None, "missing")


def test_idem_says_to_repeat():
    assert "répétez" in parse_siret("idem").message
    assert parse_siret("néant").message is None


@pytest.mark.parametrize(
    ("text", "siren"),
    [("73282932000075", SIREN), ("73282932100074", None), ("73282932000047", SIREN)],
)
def test_wrong_digit(text, siren):
    value = parse_siret(text)
    assert (value.siret, value.siren, value.state) == (None, siren, "invalid_checksum")
    assert "un chiffre est faux" in value.message


def test_wrong_siren():
    assert parse_siret("732829321").state == "invalid_checksum"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("7328293200007", "13 chiffres"),
        ("73282932", "zéro"),
        ("W2A1000001", "RNA"),
        (f"{SIRET} / 99900011000018", "un seul SIRET"),
        ("voir avec le trésorier", "14 chiffres"),
        ("٧٣٢٨٢٩٣٢٠", "14 chiffres"),
    ],
)
def test_not_a_siret(text, said):
    value = parse_siret(text)
    assert (value.siret, value.siren, value.state) == (None, None, "invalid_format")
    assert said in value.message


@given(st.integers(0, 13), st.integers(1, 9))
def test_every_single_wrong_digit_is_found(position, shift):
    """What Luhn promises."""
    wrong = str((int(SIRET[position]) + shift) % 10)
    value = parse_siret(SIRET[:position] + wrong + SIRET[position + 1 :])
    assert value.siret is None


@given(st.text(max_size=30))
def test_never_refused(text):
    assert parse_siret(text).state in {"valid", "invalid_checksum", "invalid_format", "irrecoverable", "missing"}
