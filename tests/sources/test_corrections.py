"""Corrections: until when they hold, what they need to be read, and which delivery they speak of."""

from datetime import date

import pyarrow as pa
import pytest

from sources.contract import CONTRACTS, ContractError, load_contract
from sources.corrections import At, Correction, applicable, apply_corrections, load_corrections

DECLARED = """
  - id: {id}
    match: {{event_id: A1}}
    expect: {{{expected}: bientôt}}
    set: {{date: 2 octobre 2018}}
    reason: Le programme imprimé donne le jour.
    author: observatoire
    added_on: 2026-11-22
"""
TODAY = date(2026, 12, 1)


def correction(number=1, **changes) -> Correction:
    given = {"match": {"event_id": "A1"}, "expect": {"date": "bientôt"}, "set": {"date": "2 octobre 2018"}} | changes
    return Correction(id=f"c{number}", reason="Le programme.", author="observatoire", added_on=TODAY, **given)


def applied(*corrections, event_id="A1", text="bientôt", today=TODAY):
    """What the only row says afterwards, the corrections that it had, and the rules of the notes."""
    raw = {name: pa.array([value], pa.string()) for name, value in (("event_id", event_id), ("date", text))}
    raw["row_number"] = pa.array([7], pa.int32())
    notes = apply_corrections(raw, corrections, today)
    had = raw["corrections"][0].as_py() if "corrections" in raw else []
    return raw["date"][0].as_py(), had, [(note.rule, note.message) for note in notes]


def test_a_correction_holds_until_its_last_day_and_not_after():
    ending = correction(expires_on=TODAY)
    assert applied(ending) == ("2 octobre 2018", ["c1"], [])
    assert applied(ending, today=date(2026, 12, 2)) == (
        "bientôt",
        [],
        [("correction_perimee", "La correction c1 a expiré le 01/12/2026 : elle n'est plus appliquée.")],
    )


def test_why_a_correction_does_not_apply():
    text, had, [(rule, message)] = applied(correction(), text="3 octobre")
    assert (text, had, rule) == ("3 octobre", [], "correction_sans_objet") and "la source a changé" in message
    _, _, [(rule, message)] = applied(correction(), event_id="A2")
    assert rule == "correction_sans_objet" and "ne trouve pas sa ligne" in message


def test_one_that_names_its_row_is_for_that_row():
    def at(row_number):
        place = At(delivery_id="d1", file_name="a.csv", row_number=row_number)
        return correction(match={}, expect={}, at=place)

    assert applied(at(7))[:2] == ("2 octobre 2018", ["c1"])
    assert applied(at(8))[:2] == ("bientôt", [])


def test_one_that_names_its_row_follows_the_file_only_with_its_guard():
    def speaks(delivery_id, file_name, **changes):
        item = correction(match={}, at=At(delivery_id="d1", file_name="a.csv", row_number=7), **changes)
        return applicable((item,), delivery_id, file_name) == (item,)

    assert speaks("d1", "b.csv", expect={}) and speaks("d2", "a.csv")
    assert not speaks("d2", "a.csv", expect={}) and not speaks("d2", "b.csv")
    assert applicable((correction(),), "d2", "b.csv") == (correction(),)


@pytest.mark.parametrize("changes", [{"match": {}}, {"expect": {}}, {"expect": {"title": "bientôt"}}])
def test_a_declared_correction_says_where_and_what_it_expects(changes):
    with pytest.raises(ValueError, match="« match » doit dire|sa garde dans « expect »"):
        correction(**changes)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([("un", "date"), ("un", "date")], "portent le même id"),
        ([("un", "date, datte")], "champ inconnu datte"),
    ],
)
def test_a_file_of_corrections_is_read_strictly(tmp_path, lines, said):
    contract = load_contract(CONTRACTS / "evenements_ess.yml").contract
    text = "".join(DECLARED.format(id=name, expected=expected) for name, expected in lines)
    (tmp_path / "evenements_ess.yml").write_text(f"corrections:{text.replace('date, datte', 'date: bientôt, datte')}")
    with pytest.raises(ContractError, match=said):
        load_corrections(contract, tmp_path)
