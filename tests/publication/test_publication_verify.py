"""verify and diff: one byte, one file, one cell."""

import json
import shutil

import duckdb
import hand_made
import pytest

from publication import releases
from publication.files import sums


@pytest.fixture
def open_release(started_desk):
    """A release copied out of the shelf, writable, to be spoilt."""
    release = releases.show(started_desk.releases, 1)
    for path in [release.path, *release.path.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return release


def found(release) -> dict[str, str]:
    return {p.path: p.problem for p in releases.verify(release) if "lecture seule" not in p.problem}


def test_an_untouched_release_is_whole(small_desk):
    assert releases.verify(small_desk.night()) == []


FILES = (
    "public/index.html",
    "public/data/ind_events.csv",
    "public/data/ind_events.parquet",
    "public/observatoire.xlsx",
    "public/QUALITE.json",
    "public/CHANGELOG.md",
    "public/SHA256SUMS",
    "analysts/warehouse.duckdb",
)


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit(open_release, name):
    path = open_release.path / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert name in found(open_release)


def test_release_json_is_known_to_the_journal(open_release):
    path = open_release.path / "release.json"
    document = json.loads(path.read_text())
    document["datasets"]["ind_events"]["reserves"] = ["inventée"]
    path.write_text(json.dumps(document))
    assert "release.json" in found(releases.show(open_release.path.parent, 1))


@pytest.mark.parametrize("name", ["public/index.html", "analysts/warehouse.duckdb", "public/data/ind_events.csv"])
def test_a_missing_file(open_release, name):
    (open_release.path / name).unlink()
    assert found(open_release)[name] in ("manque", "ne se lit pas") or "ouvre" in found(open_release)[name]


@pytest.mark.parametrize("name", ["public/extra.html", "analysts/warehouse.duckdb.wal", "extra"])
def test_an_extra_file(open_release, name):
    (open_release.path / name).write_text("")
    assert "n’était pas" in found(open_release)[name]


def test_what_can_be_written_to_is_a_problem(open_release):
    assert any("lecture seule" in p.problem for p in releases.verify(open_release))


def test_the_three_forms_are_compared_cell_by_cell_even_when_digests_agree(open_release):
    """Somebody edits the CSV and recomputes the list: the sealed table still contradicts it."""
    path = open_release.public / "data" / "ind_events.csv"
    path.write_text(
        path.read_text().replace("EV01,total,total,2023-04/2023-12,36,", "EV01,total,total,2023-04/2023-12,37,")
    )
    (open_release.public / "SHA256SUMS").write_text(sums(open_release.public))
    assert found(open_release)["public/data/ind_events.csv"] == "1 cellule n’est pas celle du tableau contrôlé"


def test_the_warehouse_is_compared_too(open_release, tmp_path):
    copy = tmp_path / "w.duckdb"
    shutil.copy(open_release.warehouse, copy)
    with duckdb.connect(str(copy)) as c:
        c.execute("UPDATE ind_events SET value = 37 WHERE indicator = 'EV01'")
    shutil.copy(copy, open_release.warehouse)
    assert "analysts/warehouse.duckdb (ind_events)" in found(open_release)


def test_a_withheld_dataset_in_the_warehouse_is_a_problem(small_desk, tmp_path):
    made = small_desk.candidate()
    release = small_desk.publish(made, hand_made.failed(small_desk.verdict(made), "ind_events"))
    assert releases.verify(release) == []
    copy = tmp_path / "w.duckdb"
    shutil.copy(release.warehouse, copy)
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as c:
        c.execute("CREATE TABLE ind_events AS SELECT 1 AS value")
    release.warehouse.chmod(0o644)
    shutil.copy(copy, release.warehouse)
    assert any("retenu" in p.problem for p in releases.verify(release))


def test_diff_says_rows_and_cells(small_desk):
    first = small_desk.night()
    rows = [r for r in hand_made.events(35) if r[4] != "60"]
    rows.append(hand_made.row("ind_events", "EV04", "department", "75", 1))
    second = small_desk.night(ind_events=rows)
    changes = releases.diff(first, second)
    assert [(c.kind, c.key[2], c.key[4], c.column, c.old, c.new) for c in changes] == [
        ("changed", "EV01", "total", "value", "36", "35"),
        ("removed", "EV04", "60", "", "0", ""),
        ("added", "EV04", "75", "", "", "1"),
    ]
    assert [c.kind for c in releases.diff(second, first)] == ["changed", "added", "removed"]
    assert releases.diff(first, first) == []


def test_show_and_list(small_desk):
    small_desk.night()
    small_desk.night(ind_events=hand_made.events(35))
    assert [r.number for r in releases.list_releases(small_desk.releases)] == [1, 2]
    assert releases.show(small_desk.releases).number == 2 and releases.show(small_desk.releases, 1).number == 1
    with pytest.raises(releases.NoRelease):
        releases.show(small_desk.releases, 3)
