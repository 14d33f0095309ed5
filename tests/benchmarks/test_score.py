"""Scores of rows written by hand, and the truth against itself. The rooms themselves are scored by `make score`."""

import csv
import re
from collections import Counter

import duckdb
import pytest

from benchmarks import score
from benchmarks.region import deliveries, truth, world


def test_pairs_counted_by_hand():
    """A A A B B C said 1 1 2 2 2 nobody: of one person 3 + 1, said 1 + 3, both 1 (A, 1) + 1 (B, 2)."""
    found = score.pairs([("A", 1), ("A", 1), ("A", 2), ("B", 2), ("B", 2), ("C", None)])
    assert (found.true, found.said, found.both) == (4, 4, 2)
    assert (found.precision, found.recall) == (0.5, 0.5)
    whole = score.pairs([("A", 1), ("A", 1), ("B", None)])
    assert (whole.precision, whole.recall) == (1.0, 1.0)
    assert score.pairs([("A", None), ("A", None)]).recall == 0, "rows of nobody are not found"


def test_stability_counted_by_hand():
    assert score.stability({"r1": 7, "r2": 8, "r3": None}, {"r1": 7, "r2": 9, "r3": None, "r4": 1}) == pytest.approx(
        2 / 3
    )
    assert score.stability({}, {"r1": 1}) == 1


def test_a_figure_holds_or_not():
    determined = truth.Figure("EV01", "P", "total", "total", 12, 12, 12)
    assert determined.holds((12.0, None, None)) and not determined.holds((13.0, 12.0, 14.0))
    assert not determined.holds(None) and not determined.holds((None, None, None))
    matched = truth.Figure("PA02", "P", "total", "total", 100, 97, 109)
    assert (
        matched.holds((97, None, None)) and matched.holds((109, None, None)) and not matched.holds((96.9, None, None))
    )
    # « une trentaine » where 28 came: 30 must be printed, between bounds that hold 28
    declared = truth.Figure("PA01", "P", "total", "total", 28, 30, 30, is_bounded=True)
    assert declared.holds((30, 22.5, 37.5)) and declared.holds((30, 22.5, None))
    assert (
        not declared.holds((30, 29, 31))
        and not declared.holds((30, None, None))
        and not declared.holds((28, 22.5, 37.5))
    )
    recognised = truth.Figure("PA09", "P", "total", "total", 100, 97, 109, is_bounded=True, slack=9)
    assert (
        recognised.holds((104, 95, 106))
        and recognised.holds((109, 109, 109))
        and not recognised.holds((109, 109.5, 112))
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    made = world.make(world.Size.of(900))
    deliveries.write(made, tmp_path_factory.mktemp("told"), "base")
    return made, truth.figures(made)


def test_the_truth_adds_up(told):
    made, figures = told
    value = {f.key: f.value for f in figures}
    held = value["EV01", "MESS-2025", "total", "total"]
    themed = made.con.execute(
        "select count(distinct event) from event join event_theme using (event) where status = 'held' and counts and parent is null and year = 2025"
    ).fetchall()[0][0]
    fractions = sum(v for (code, programme, *_), v in value.items() if code == "EV03" and programme == "MESS-2025")
    months = sum(v for (code, programme, *_), v in value.items() if code == "EV05" and programme == "MESS-2025")
    assert fractions == pytest.approx(themed) and months <= held <= world.Size.of(900).events
    assert all(f.lower <= f.value <= f.upper for f in figures if not f.is_bounded or f.slack)
    assert all(0.75 * f.value <= f.lower <= 1.4 * f.value for f in figures if f.indicator in ("PA01", "PA07", "PA08"))
    assert value["PA09", "MESS-2025", "total", "total"] <= value["PA02", "MESS-2025", "total", "total"]
    assert {f.indicator for f in figures if f.is_determined} >= {"EV01", "EV04", "EV05", "EV09", "QU01", "SA01", "TE03"}
    with (truth.TERRITORY.parents[1] / "indicators.csv").open(encoding="utf-8") as definitions:
        codes = {row["code"] for row in csv.DictReader(definitions) if re.fullmatch("[A-Z]{2}[0-9]{2}", row["code"])}
    assert {f.indicator for f in figures} == codes and len(codes) == 38
    assert {f.indicator for f in figures if f.programme == "MESS-2025" and 0 < f.value < 1} >= {"EV09", "OR02", "PE02"}


def test_events_add_up_to_their_month_department_and_programme(told):
    """Matching that finds everybody: what `as_matched` says of each event adds up, and the shows-up rate of an event is its own."""
    made, figures = told
    made.con.execute(
        "create or replace temp table said as select source, file_name, row_number, person as participant_key from written where person is not null"
    )
    found = truth.figures_as_matched(made)
    sums = Counter()
    for figure in found:
        sums[figure.indicator, figure.programme, figure.breakdown] += figure.value
    for code in ("PA02", "PA03", "PA06"):
        for breakdown in ("month", "department", "modality", "event"):
            assert sums[code, "MESS-2025", breakdown] == sums[code, "MESS-2025", "total"] > 0, (code, breakdown)
    came = {f.member: f.value for f in found if (f.indicator, f.breakdown) == ("PA04", "event")}
    assert len(set(came.values())) > 3 and all(0 <= value <= 1 for value in came.values())
    total = {(f.indicator, f.programme): f.value for f in figures if f.breakdown == "total"}
    assert total["PA02", "MESS-2025"] == sums["PA02", "MESS-2025", "total"]
    truth.prepare(made)


def test_candidatures_and_withdrawn_events_counted_by_hand():
    """Five candidatures, one incomplete: 3 of 4 accepted. Of these three, one is held, one cancelled, one announced: 1 of the 2 known. An
    event gone from the programme counts when somebody came to it."""
    made = world.World(world.Size.of(600), 1, duckdb.connect())
    made.con.execute(
        """create table event as select * from (values
            (1, 'held', 'accepted', false), (2, 'cancelled', 'accepted', false), (3, 'announced', 'accepted', false),
            (4, 'cancelled', 'refused', false), (5, 'announced', 'incomplete', false), (6, 'held', null, false),
            (7, 'held', null, true), (8, 'held', null, true)) t (event, status, application, is_withdrawn);
        alter table event add column programme varchar default 'P'; alter table event add column counts boolean default true;
        alter table event add column parent int; create table seen as select 8 as event, 'p1' as who"""
    )
    value = {code: made.con.execute(truth.DETERMINED[code, "total"]).fetchall() for code in ("EV01", "EV09", "EV10")}
    assert value == {"EV01": [("P", "total", 3)], "EV09": [("P", "total", 0.75)], "EV10": [("P", "total", 0.5)]}


def test_the_same_seed_tells_the_same_and_another_does_not(told):
    made, _ = told
    again, other = world.make(world.Size.of(900)), world.make(world.Size.of(900), seed=7)
    for table in ("person", "place", "presence"):
        assert again.con.execute(f"from {table}").fetchall() == made.con.execute(f"from {table}").fetchall()
    assert other.con.execute("from person").fetchall() != made.con.execute("from person").fetchall()


def test_an_indicator_that_is_absent_or_wrong_fails_the_score(told, capsys):
    _, figures = told
    ours = {f.key: (f.lower, f.value, f.value) for f in figures}
    assert score._indicators(figures, ours)
    key = next(key for key in ours if key[0] == "EV05")
    assert not score._indicators(figures, ours | {key: (ours[key][0] + 1, None, None)})
    assert not score._indicators(figures, {other: value for other, value in ours.items() if other != key})
    assert "✗ EV05" in capsys.readouterr().out


def test_what_is_counted_by_hand_stands_beside_ours_and_is_judged_alike(capsys):
    figures = [
        truth.Figure("EV01", "P", "total", "total", 12, 12, 12),
        truth.Figure("PA09", "P", "total", "total", 100, 97, 109, is_bounded=True),
        truth.Figure("PA09", "P", "month", "2025-11", 40, 39, 44, is_bounded=True),
        truth.Figure("PA10", "P", "total", "total", 1, 1, 1),
    ]
    ours = {figure.key: (figure.value, None, None) for figure in figures}
    score._beside({figures[0].key: 11, figures[1].key: 110, figures[2].key: 41}, figures, ours)
    said = capsys.readouterr().out.split("\n")
    assert [line.split() for line in said if line.startswith("  EV01")] == [["EV01", "P", "12", "11", "12"]]
    assert "as they must be: 1 of 3 by hand, 3 of 3 ours" in said and not any("PA10" in line for line in said)


def test_names_are_examples_only(told):
    """Every address ends in .example and every phone is one that Arcep keeps for fiction."""
    made, _ = told
    addresses, phones = made.con.execute(
        "select count(*) filter (email not like '%.example' or email2 not like '%.example'), "
        "count(*) filter (phone[1:6] not in ('063998', '019900', '026191', '035301', '046571', '053649')) from person"
    ).fetchall()[0]
    assert (addresses, phones) == (0, 0)
