"""Scores of rows written by hand, and the truth against itself. The rooms themselves are scored by `make score`."""

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
    determined = truth.Figure("EV01", "P", "total", "total", 12, 12, 12, True)
    assert determined.holds(12.0) and not determined.holds(13) and not determined.holds(None)
    bounded = truth.Figure("PA09", "P", "total", "total", 100, 97, 109, False)
    assert bounded.holds(97) and bounded.holds(109) and not bounded.holds(96.9) and not bounded.holds(None)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    made = world.make(world.Size.of(900))
    deliveries.write(made, tmp_path_factory.mktemp("told"), "base")
    return made, truth.figures(made)


def test_the_truth_adds_up(told):
    made, figures = told
    value = {(f.indicator, f.programme, f.breakdown, f.member): f.value for f in figures}
    held = value["EV01", "MESS-2025", "total", "total"]
    themed = made.con.execute(
        "select count(distinct event) from event join event_theme using (event) where status = 'held' and counts and parent is null and year = 2025"
    ).fetchall()[0][0]
    fractions = sum(v for (code, programme, *_), v in value.items() if code == "EV03" and programme == "MESS-2025")
    months = sum(v for (code, programme, *_), v in value.items() if code == "EV05" and programme == "MESS-2025")
    assert fractions == pytest.approx(themed) and months <= held <= world.Size.of(900).events
    assert all(f.lower <= f.value <= f.upper for f in figures)
    assert value["PA09", "MESS-2025", "total", "total"] <= value["PA02", "MESS-2025", "total", "total"]
    assert {f.indicator for f in figures if f.is_determined} >= {"EV01", "EV04", "EV05", "QU01", "SA01"}


def test_the_same_seed_tells_the_same_and_another_does_not(told):
    made, _ = told
    again, other = world.make(world.Size.of(900)), world.make(world.Size.of(900), seed=7)
    for table in ("person", "place", "presence"):
        assert again.con.execute(f"from {table}").fetchall() == made.con.execute(f"from {table}").fetchall()
    assert other.con.execute("from person").fetchall() != made.con.execute("from person").fetchall()


def test_an_indicator_that_is_absent_or_wrong_fails_the_score(told, capsys):
    _, figures = told
    ours = {(f.indicator, f.programme, f.breakdown, f.member): (f.value, None, None) for f in figures}
    assert score._indicators(figures, ours)
    key = next(key for key in ours if key[0] == "EV05")
    assert not score._indicators(figures, ours | {key: (ours[key][0] + 1, None, None)})
    assert not score._indicators(figures, {other: value for other, value in ours.items() if other != key})
    assert "✗ EV05" in capsys.readouterr().out


def test_names_are_examples_only(told):
    """Every address ends in .example and every phone is one that Arcep keeps for fiction."""
    made, _ = told
    addresses, phones = made.con.execute(
        "select count(*) filter (email not like '%.example' or email2 not like '%.example'), "
        "count(*) filter (phone[1:6] not in ('063998', '019900', '026191', '035301', '046571', '053649')) from person"
    ).fetchall()[0]
    assert (addresses, phones) == (0, 0)
