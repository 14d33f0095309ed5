"""What the bench measures and prints, on figures computed by hand; the floor on deliveries of a few hundred places."""

import json
import subprocess
import sys
import time

import duckdb
import pytest

from benchmarks import bench, floor, score
from benchmarks.floor.__main__ import build
from benchmarks.measure import measure, tree_mb
from benchmarks.region import deliveries, world

pytestmark = pytest.mark.nights

RESULTS = {
    "1000": {"cold": {"floor": {"wall_s": 0.5, "cpu_s": 0.6, "peak_mb": 90.0}, "system": {"wall_s": 12.0, "cpu_s": 14.0, "peak_mb": 600.0}}},
    "1000000": {"cold": {"floor": {"wall_s": 8.0, "cpu_s": 12.0, "peak_mb": 700.0}, "system": {"wall_s": 28.0, "cpu_s": 40.0, "peak_mb": 1500.0}}},
}  # fmt: skip


def test_the_derived_figures():
    assert bench.derived(RESULTS) == {"t0_s": 12.0, "marginal_ratio": 2.0}  # (28 − 12) / 8
    assert bench.derived({"1000": RESULTS["1000"]}) == {"t0_s": 12.0, "marginal_ratio": None}
    assert "| 1,000,000 | cold | system | 28.0 | 40.0 | 1500 | 3.5 |" in bench.table(RESULTS)
    assert bench.table({}).endswith("not measured.")


def test_the_tree_of_a_command_is_measured():
    eats = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'x = bytearray(60_000_000); sum(range(9_000_000)); import time; time.sleep(0.3)'])"
    taken, code, said = measure([sys.executable, "-c", f"{eats}; print('done')"])
    assert code == 0 and said == "done\n"
    assert taken.peak_mb > 60 and taken.cpu_s > 0.1 and taken.wall_s >= 0.3
    assert tree_mb(2**22) == 0, "a process that ended weighs nothing"
    assert measure([sys.executable, "-c", "raise SystemExit(3)"])[1] == 3


def test_results_are_kept_per_size(tmp_path, monkeypatch):
    for name in ("RESULTS", "ENVIRONMENT", "README"):
        monkeypatch.setattr(bench, name, tmp_path / getattr(bench, name).name)
    bench.README.write_text("before\n<!-- results -->\nstale\n<!-- end of results -->\nafter\n")
    bench._write(1000, RESULTS["1000"])
    bench._write(1000000, RESULTS["1000000"])
    assert json.loads(bench.RESULTS.read_text()) == RESULTS
    assert bench.README.read_text().startswith(
        "before\n<!-- results -->\n| rows"
    ) and bench.README.read_text().endswith("-->\nafter\n")
    assert "stale" not in bench.README.read_text()


def test_files_settle_in_the_order_of_their_names(tmp_path):
    for name in ("b.csv", "a.csv", "c.csv"):
        (tmp_path / name).write_text("x")
    bench.settle(tmp_path)
    times = [(tmp_path / name).stat().st_mtime for name in ("a.csv", "b.csv", "c.csv")]
    assert times == sorted(set(times)) and time.time() - times[-1] > 60
    bench.settle(tmp_path)
    assert times == [(tmp_path / name).stat().st_mtime for name in ("a.csv", "b.csv", "c.csv")]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("floor")
    made = world.make(world.Size.of(600))
    deliveries.write(made, folder / "inbox", "base")
    build(folder / "inbox", folder / "floor.duckdb")
    return made, folder


def test_the_floor_reads_what_was_written(built):
    """Events held, and places of one platform, as the world knows them."""
    made, folder = built
    with duckdb.connect(str(folder / "floor.duckdb"), read_only=True) as con:
        events = con.execute("select programme, EV01 from ind_events where breakdown = 'total' order by 1").fetchall()
        places = con.execute("select count(*) from fct_registration where source = 2").fetchall()[0][0]
    assert events == made.con.execute(
        "select programme, count(*) from event where status = 'held' and not is_misprinted and counts and parent is null group by 1 order by 1"
    ).fetchall()  # fmt: skip
    assert (
        places
        == made.con.execute("select count(*) from place where platform = 'pretix' and order_no % 100 <> 99").fetchall()[
            0
        ][0]
    )


def test_the_figures_of_the_floor_are_told_apart_by_place(built, tmp_path):
    _, folder = built
    said = score.by_hand(folder / "inbox", tmp_path / "again.duckdb")
    with duckdb.connect(str(folder / "floor.duckdb"), read_only=True) as con:
        held = con.execute(
            "select sum(EV01) from ind_events where breakdown = 'month' and programme = 'MESS-2025'"
        ).fetchall()
        persons = con.execute(
            "select PA09 from ind_unique where breakdown = 'total' and programme = 'MESS-2025'"
        ).fetchall()
    by_month = [value for key, value in said.items() if key[:3] == ("EV01", "MESS-2025", "month")]
    assert [(sum(by_month),)] == held and [(said["PA09", "MESS-2025", "total", "total"],)] == persons
    assert {code for code, *_ in said} >= {"EV08", "OR01", "PA01", "SA03", "TE02", "QU01"}


def test_the_floor_is_a_command(built, tmp_path):
    _, folder = built
    command = [sys.executable, "-m", floor.__name__, str(folder / "nowhere"), str(tmp_path / "x.duckdb")]
    assert subprocess.run(command, capture_output=True).returncode != 0, "an empty inbox is not a floor"


def test_the_two_parts_of_a_world_are_the_whole(tmp_path):
    made = world.make(world.Size.of(600))
    deliveries.write(made, tmp_path / "all", "all")
    count = "select count(*) from written where source = 'mess_helloasso'"
    whole = made.con.execute(count).fetchall()[0][0]
    made.con.execute("delete from written")
    deliveries.write(made, tmp_path / "base", "base")
    base = made.con.execute(count).fetchall()[0][0]
    deliveries.write(made, tmp_path / "night", "night")
    both = made.con.execute(count).fetchall()[0][0]
    assert base < both == whole
