"""How figures are printed. Expected texts were written by hand, from the definitions and the printed synthesis."""

import csv
from pathlib import Path

import pytest

from publication import figures
from publication.figures import Rounding
from publication.labels import Labels, Sign

ROOT = Path(__file__).parents[2]
LABELS = Labels(
    indicators={
        "PA01": {"rounding": "entier; total approximatif arrondi à la dizaine", "missing_rule": "« au moins » si n<N"},
        "PA07": {"rounding": "entier si n<50 (demi vers le pair interdit: arrondi commercial), 1 déc. sinon"},
        "PA08": {"rounding": "0,5"},
        "EV06": {"rounding": "1 déc. %"},
        "TE01": {"rounding": "entier"},
        "SA03": {"rounding": "entier, signe; IC95"},
        "PA11": {"rounding": "2 déc."},
    },
    signs={
        ("A", "F"): Sign("", "valeur normale"),
        ("E", "F"): Sign("e", "estimé"),
        ("M", "F"): Sign("///", "sans objet"),
        ("Q", "A"): Sign("s", "secret"),
    },
)


def show(indicator, value, **more):
    row = {"indicator": indicator, "value": value, "obs_status": "A", "conf_status": "F", "breakdown": "total", **more}
    shown = figures.printed(row, LABELS)
    assert figures.Printing(LABELS).of(row | {"member": "x"}, revised=False) == shown
    return shown


@pytest.mark.parametrize(
    ("indicator", "value", "more", "text"),
    [
        ("PA01", 1055.0, {}, "1\u202f055"),
        ("PA01", 1234567.0, {}, "1\u202f234\u202f567"),
        ("PA07", 1055 / 33, {"n_with_data": 33}, "32"),
        ("PA07", 28.5, {"n_with_data": 33}, "29"),
        ("PA07", 2.5, {"n_with_data": 4}, "3"),
        ("PA07", 31.25, {"n_with_data": 50}, "31,3"),
        ("PA08", 18.0, {}, "18"),
        ("PA08", 16.5, {}, "16,5"),
        ("PA08", 16.25, {}, "16,5"),
        ("EV06", 5 / 34, {"unit": "share"}, "14,7\u202f%"),
        ("EV06", 0.0005, {"unit": "share"}, "0,1\u202f%"),
        ("TE01", 0.8, {"unit": "share"}, "80\u202f%"),
        ("TE01", 0.145, {"unit": "share"}, "15\u202f%"),
        ("SA03", 12.0, {}, "+12"),
        ("SA03", -12.0, {}, "−12"),
        ("PA11", 1.005, {}, "1,01"),
        ("PA01", 0.0, {}, "0"),
        ("PA01", 152.0, {"obs_status": "E", "lower": 135.0, "upper": 165.0}, "150"),
        ("PA01", 15.0, {"obs_status": "E", "lower": 12.0, "upper": 18.0}, "15"),  # 20 would leave its bounds
        ("XX99", 3.14, {}, "3,1"),
        ("XX99", 3.0, {}, "3"),
    ],
)
def test_rounding_is_half_up_and_french(indicator, value, more, text):
    assert show(indicator, value, **more).text == text


def test_missing_is_its_sign_and_never_zero():
    assert show("PA01", None, obs_status="M").text == "///"
    assert show("PA01", None, obs_status="Q", conf_status="A").text == "s"
    assert show("PA01", None).text == "n.d."
    assert show("PA01", float("nan")).text == "n.d."


def test_a_status_nobody_declared_is_seen():
    assert show("PA01", 3.0, obs_status="Z").sign == "Z"


def test_a_secret_is_printed_s_whatever_its_reason():
    """Secondary suppression and dominance are statuses that a warehouse's list of signs may not have."""
    assert [show("PA01", None, obs_status="Q", conf_status=c).text for c in ("A", "D", "O")] == ["s", "s", "s"]


def test_a_sign_is_explained_once_with_all_that_it_means():
    pairs = [("s", "secret"), ("", ""), ("s", "secret secondaire"), ("s", "secret"), ("X", ""), ("///", "sans objet")]
    assert figures.by_sign(pairs) == [("s", "secret ; secret secondaire"), ("///", "sans objet")]


def test_at_least_only_when_something_is_missing():
    assert show("PA01", 1055.0, n_with_data=33, n_total=36).full == "au\u00a0moins\u00a01\u202f055"
    assert show("PA01", 140.0, n_with_data=5, n_total=5).full == "140"
    assert show("PA07", 32.0, n_with_data=33, n_total=36).full == "32"


def test_totals_of_what_was_received_are_floors_by_their_definition():
    with (ROOT / "sources" / "references" / "indicators.csv").open(encoding="utf-8") as file:
        labels = Labels(indicators={row["code"]: row for row in csv.DictReader(file)})
    partial = {"value": 10.0, "n_with_data": 1, "n_total": 2, "obs_status": "P", "conf_status": "F"}
    floors = [code for code in labels.indicators if figures.printed({"indicator": code, **partial}, labels).at_least]
    assert floors == ["PA01", "PA02", "PA03", "PA06", "PA09"]
    # persons of half the lists: all known, or some by their name alone
    persons = {"indicator": "PA09", **partial}
    assert figures.printed({**persons, "lower": 10.0}, labels).full == "au\u00a0moins\u00a010"
    named = figures.printed({**persons, "lower": 9.0, "obs_status": "E"}, labels)
    assert (named.full, named.bounds) == ("10", "au\u00a0moins\u00a09")


def test_bounds():
    estimated = show("PA01", 15.0, lower=12.0, upper=18.0, obs_status="E", breakdown="department")
    assert (estimated.text, estimated.sign, estimated.bounds) == ("15", "e", "12\u00a0à\u00a018")
    assert show("PA01", 15.0, lower=15.0, upper=15.0).bounds == ""
    assert figures.bounds(121.0, None, Rounding()) == "au\u00a0moins\u00a0121"
    assert figures.bounds(None, 9.0, Rounding()) == "au\u00a0plus\u00a09"


def test_an_approximate_total_is_rounded_to_the_ten():
    assert show("PA01", 1055.0, obs_status="E").text == "1\u202f060"
    assert show("PA01", 1055.0, obs_status="E", breakdown="department").text == "1\u202f055"


def test_not_zero_but_rounds_to_zero():
    tiny = show("EV06", 0.0001, unit="share")
    assert (tiny.text, tiny.sign) == ("0,0\u202f%", "ε")
    assert tiny.meaning.startswith("non nul"), "the status alone would call it « valeur normale »"


def test_coverage():
    assert show("PA01", 1.0, n_with_data=33, n_total=36).coverage == "33/36"
    assert show("PA01", 1.0, n_with_data=1033, n_total=1036).coverage == "1\u202f033/1\u202f036"


def test_families_sizes_and_events_have_names_and_a_place():
    from publication.labels import Labels

    labels = Labels(events={("P", "E1"): "café des communs"})
    assert labels.member("organisation_family", "ess_company", "P") == "Sociétés commerciales de l’ESS"
    assert labels.member("event", "E1", "P") == "Café des communs"
    assert labels.member("event", "E2", "P") == "E2"
    order = [
        labels.rank({"programme_id": "P", "breakdown": "size_band", "member": m}) for m in ("none", "1_9", "10_49")
    ]
    assert order == sorted(order)


def test_rows_that_differ_in_what_is_printed_are_not_taken_for_one_another():
    printing = figures.Printing(LABELS)
    row = {
        "indicator": "TE01",
        "value": 5.0,
        "obs_status": "A",
        "conf_status": "F",
        "breakdown": "event",
        "member": "A",
    }
    assert printing.of(row, revised=False) is printing.of(row | {"member": "B"}, revised=False)
    others = [
        printing.of(row | more, revised=False).full for more in ({"value": 6.0}, {"obs_status": "M"}, {"unit": "share"})
    ]
    assert others == ["6", "5", "500\u202f%"] and printing.of(row | {"obs_status": "M"}, revised=False).sign == "///"
    assert printing.of(row, revised=True).sign == "r"
