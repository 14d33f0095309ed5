"""Amounts of HelloAsso, pretix and spreadsheets."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.values.amounts import parse_amount
from sources.values.refusal import Refused


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("5,00", "5"),  # HelloAsso, pretix
        ("1250,00", "1250"),
        ("12,50", "12.5"),
        ("12.50", "12.5"),  # Billetweb
        ("18.50", "18.5"),  # Eventbrite
        ("1250.5", "1250.5"),  # LimeSurvey
        ("1\u00a0250,50 €", "1250.5"),
        ("1\u202f250,50\u00a0€", "1250.5"),
        ("1 330,50", "1330.5"),
        ("80", "80"),
        ("80.0", "80"),
        ("0", "0"),
        ("0,00", "0"),
        ("Gratuit", "0"),
        ("GRATUIT", "0"),
        ("Entrée libre", "0"),
        ("€ 12", "12"),
        ("12 euros", "12"),
        ("12€", "12"),
        ("15 EUR TTC", "15"),
        ("1.250,50", "1250.5"),
        ("1,250.50", "1250.5"),
        ("1 250 000", "1250000"),
        # computed by a formula: half up to the cent
        ("0,125", "0.13"),
        ("4,1667", "4.17"),
        ("4.166666666666667", "4.17"),
        ("12.299999999999999", "12.30"),
        ("12,5049", "12.50"),
        ("9 999 999 999,99", "9999999999.99"),
        ("12.00000000000000000000", "12"),
    ],
)
def test_amounts(text, amount):
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", [None, "", "--", "n.c."])
def test_nothing_typed(text):
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("text", "amount"), [("1500", "15"), ("1250", "12.5"), ("0", "0"), ("1999.0", "19.99"), ("5", "0.05")]
)
def test_cents(text, amount):
    """HelloAsso's API."""
    assert parse_amount(text, unit="cent") == Decimal(amount)


def test_minus_nothing_is_nothing():
    assert parse_amount("-0,00") == 0


@pytest.mark.parametrize(
    ("text", "unit", "rule"),
    [
        ("15 à 20 €", "euro", "montant_incompris"),
        ("15-20", "euro", "montant_incompris"),
        ("prix libre", "euro", "montant_incompris"),
        ("12 $", "euro", "montant_incompris"),
        ("12,50 CHF", "euro", "montant_incompris"),
        ("environ 12", "euro", "montant_incompris"),
        ("1,2,3", "euro", "montant_incompris"),
        ("1,5E+3", "euro", "montant_incompris"),
        ("12 34", "euro", "montant_incompris"),
        ("1.250", "euro", "montant_ambigu"),
        ("12,500", "euro", "montant_ambigu"),
        ("-12,50", "euro", "montant_negatif"),
        ("10000000000", "euro", "montant_excessif"),
        ("9999999999,995", "euro", "montant_excessif"),
        ("1000000000000", "cent", "montant_excessif"),
        ("12,50", "cent", "montant_non_entier"),
    ],
)
def test_refused(text, unit, rule):
    with pytest.raises(Refused) as refused:
        parse_amount(text, unit=unit)
    assert refused.value.rule == rule
    assert text in refused.value.message


@given(st.decimals(0, 999_999, places=2))
def test_every_amount_in_french(amount):
    written = f"{amount:,.2f}".replace(",", "\u202f").replace(".", ",")
    assert parse_amount(f"{written} €") == amount
    assert parse_amount(written.replace("\u202f", "")) == amount
