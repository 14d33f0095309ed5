"""One cell that no parser expected costs its row, with a sentence; never the delivery, let alone the night."""

import functools
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from deliveries import CONTRACTS, NOW, contract, places, raw
from hypothesis import given, settings
from hypothesis import strategies as st

from sources import judge
from sources.contract import load_contract
from sources.kinds import _BUILDERS, References, mappings
from sources.landing import deliver
from sources.values.refusal import Refused

LIST = """\
source: essai
title: Un essai
entity: registration
files: {shape: delimited, delimiter: ";"}
fields:
  registration_id: {headers: [N]}
  event: {headers: [Événement]}
  status: {constant: registered}
  registered_at: {headers: [Inscrit le], order: dmy}
  price: {headers: [Tarif]}
"""
ANSWERS = """\
source: essai
title: Un essai
entity: feedback
files: {shape: delimited, delimiter: ";"}
fields:
  response_id: {headers: [N]}
  event: {headers: [Événement]}
  satisfaction: {headers: [Note]}
  selections: {headers: [Publics], encoding: plain_comma, options: [B]}
"""


def delivered(home, text, content):
    """The report, and the rule, cell and sentence of each refusal."""
    loaded = contract(home, text)
    raw(home, "essai", "a.csv", content.encode())
    (report,) = deliver(places(home), loaded, now=NOW)
    assert report.outcome == "accepted", report.message
    if not report.rows_quarantined:
        return report, []
    files = f"{home}/landing/quarantine/*.parquet"
    return report, duckdb.sql(f"select rule, cell, message from '{files}' order by row_number").fetchall()


@pytest.mark.parametrize("price", ["4,1667", "0,125", "4.166666666666667"])
def test_a_price_computed_by_a_formula_is_read_to_the_cent_and_said(tmp_path, price):
    report, refused = delivered(
        tmp_path, LIST, f"N;Événement;Inscrit le;Tarif\n1;A;06/04/2023;{price}\n2;A;07/04/2023;5,50\n"
    )
    assert (report.rows_accepted, refused) == (2, [])
    (note,) = [note for note in report.notes if note.rule == "montant_arrondi"]
    assert "1 montant" in note.message and ": D2." in note.message


def test_the_noise_of_a_sum_is_not_said(tmp_path):
    report, _ = delivered(tmp_path, LIST, "N;Événement;Inscrit le;Tarif\n1;A;06/04/2023;12.299999999999999\n")
    assert "montant_arrondi" not in [note.rule for note in report.notes]


def test_a_price_that_no_column_holds_is_refused(tmp_path):
    report, refused = delivered(
        tmp_path, LIST, "N;Événement;Inscrit le;Tarif\n1;A;06/04/2023;33612345678\n2;A;07/04/2023;5\n"
    )
    assert (report.rows_accepted, [found[:2] for found in refused]) == (1, [("montant_excessif", "D2")])


@pytest.mark.parametrize(
    ("cell", "place", "rule"),
    [
        ("0/0;A", "C2", "echelle_nulle"),
        ("0 sur 0;A", "C2", "echelle_nulle"),
        ('5;"[""a"",' + "[" * 3_000 + '"', "D2", "choix_incompris"),
    ],
)
def test_an_answer_that_crashed(tmp_path, cell, place, rule):
    report, refused = delivered(tmp_path, ANSWERS, f"N;Événement;Note;Publics\n1;A;{cell}\n2;A;4;B\n")
    assert (report.rows_accepted, [found[:2] for found in refused]) == (1, [(rule, place)])


@pytest.mark.parametrize("failure", [KeyError("Dupont"), RecursionError("Dupont"), ZeroDivisionError("Dupont")])
def test_what_a_parser_did_not_expect_is_refused_without_a_word_of_it(tmp_path, monkeypatch, failure):
    def parse(text, **_):
        if text == "7":
            raise failure
        return None

    monkeypatch.setattr("sources.kinds.parse_score", parse)
    report, refused = delivered(tmp_path, ANSWERS, "N;Événement;Note;Publics\n1;A;7;B\n2;A;4;B\n")
    assert (report.rows_accepted, refused) == (1, [("valeur_illisible", "C2", judge.UNREAD[1])])
    assert "Dupont" not in refused[0][2] and "7" not in refused[0][2]


def test_what_a_machine_fails_on_stops(tmp_path, monkeypatch):
    """A disk that is gone is no fault of a cell, and must not empty a list row by row."""

    def parse(text, **_):
        raise OSError("disk")

    monkeypatch.setattr("sources.kinds.parse_score", parse)
    with pytest.raises(OSError):
        delivered(tmp_path, ANSWERS, "N;Événement;Note;Publics\n1;A;7;B\n")


@pytest.mark.parametrize(
    ("values", "type_", "beyond"),
    [
        ([1, 2**40, None], pa.int32(), {1}),
        (["a", "\ud800"], pa.string(), {1}),
        ([1.5, "x"], pa.float64(), {1}),
        ([[], ["a"], ["\ud800"]], pa.list_(pa.string()), {2}),
    ],
)
def test_the_values_that_a_column_does_not_hold_are_told_one_by_one(values, type_, beyond):
    column, found = judge._fitting(values, type_)
    assert found == beyond and [each is None for each in column.to_pylist()] == [
        rank in beyond or value is None for rank, value in enumerate(values)
    ]


@functools.cache
def every_mapping():
    """kind → its parses in all shipped contracts and templates, each once."""
    templates = [load_contract(path) for path in sorted(Path("sources/templates").glob("*.yml"))]
    found: dict[str, dict] = {}
    references = References()
    for loaded in (*CONTRACTS.values(), *templates):
        for mapping in mappings(loaded.contract, references):
            field = loaded.contract.fields.get(mapping.slot.name)
            found.setdefault(mapping.slot.kind, {}).setdefault(repr(field), mapping)
    return {kind: list(parses.values()) for kind, parses in found.items()}


def test_every_kind_is_asked():
    assert set(every_mapping()) >= set(_BUILDERS)


PIECES = [
    *"0123456789/:;,.-–+[]{}()\"'%€★ TZ²½٣\n\t",
    "00",
    "9" * 30,
    "9" * 4_400,
    "[" * 3_000,
    '["',
    '["a",',
    "e+99",
    "h",
    " sur ",
    " à ",
]
PIECES += [
    "2025-11-05T18:30:00",
    "+99:99",
    "31/12/2025",
    "1/2/25",
    "45988",
    "dizaines",
    "environ ",
    "entre ",
    " et ",
    "mai",
    "lundi ",
    "oui",
    "nan",
]
PIECES += ["inf", "\\ud800", "null", "true", "1e400", "12,5", "min", "s", "Lille", "59", "+33"]
TEXTS = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(PIECES), max_size=7).map("".join))


@pytest.mark.nights
@settings(max_examples=300, deadline=timedelta(seconds=20))
@given(TEXTS, st.sampled_from([None, "2023-05"]), st.integers(0, 1_000))
def test_any_text_gives_a_value_or_a_refusal(text, section, which):
    for parses in every_mapping().values():
        mapping = parses[which % len(parses)]
        inputs = [section if name == "section" else text for name in mapping.inputs]
        try:
            values = mapping.parse(*inputs)
        except Refused as refused:
            assert refused.rule and refused.message.encode(errors="replace")
            continue
        for value, type_ in zip(values, mapping.slot.columns.values(), strict=True):
            pa.scalar(value, judge._ARROW[type_])
            assert not isinstance(value, float) or abs(value) < float("inf")


@pytest.mark.parametrize("text", ["[", "[abc", "[1]", '[["2025-11-05T18:30:00Z"]]', "[" * 3_000])
def test_a_cell_that_only_begins_like_a_list_of_instants(text):
    references, pretix = References(), load_contract(Path("sources/templates/pretix_api.yml")).contract
    (parse,) = [each.parse for each in mappings(pretix, references) if each.slot.name == "checked_in_at"]
    with pytest.raises(Refused) as refused:
        parse(text)
    assert refused.value.rule == "liste_incomprise"
    assert parse('["2025-11-05T18:30:00Z", null]') == parse("2025-11-05T18:30:00Z ; 2025-11-05T19:30:00Z")
