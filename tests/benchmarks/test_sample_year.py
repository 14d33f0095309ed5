"""The sample year is what the generator writes, and its deliveries land as it says: each mistake is found, nothing else is."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.region import samples
from sources.contract import load_contracts
from sources.landing import Places, deliver

COMMITTED = samples.SAMPLES


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("mess_*/*"))
    }


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    folder = tmp_path_factory.mktemp("year")
    return folder, samples.write(folder / "inbox")


def test_the_committed_samples_are_the_generator_s(year):
    folder, _ = year
    written = digests(folder / "inbox")
    assert written == digests(COMMITTED), "run `make samples` and commit what it wrote"
    assert len(written) <= 20 and sum(path.stat().st_size for path in COMMITTED.glob("mess_*/*")) < 1_500_000


def test_the_deliveries_land_as_the_generator_says(year):
    folder, world = year
    places = Places(*(folder / name for name in ("inbox", "originals", "landing", "ledger.sqlite", "vault", "crawls")))
    said = Counter()
    for source, file_name, fate, rows in world.con.execute(
        "select source, file_name, fate, count(*) from written group by all"
    ).fetchall():
        said[source, file_name, fate] = rows
    files = 0
    for source, loaded in load_contracts().items():
        if not source.startswith("mess_"):
            continue
        for report in deliver(places, loaded):
            files += 1
            assert report.outcome == "accepted", report.message
            counts = (report.rows_accepted, report.rows_quarantined, report.rows_duplicate)
            expected = tuple(said[source, report.file_name, fate] for fate in ("kept", "quarantined", "duplicate"))
            assert counts == expected, f"{source}/{report.file_name}: {report.notes}"
    assert files == len({(source, file_name) for source, file_name, _ in said})


def test_each_row_stands_where_the_generator_says(year):
    """The address written on a line is that of the person the truth names, unless it was spoilt: most are not."""
    folder, world = year
    address = dict(world.con.execute("select person, email from person where email is not null").fetchall())
    rows = world.con.execute(
        "select file_name, row_number, person from written where source in ('mess_helloasso', 'mess_emargement_saisi')"
    ).fetchall()
    lines = {
        path.name: path.read_text(encoding="utf-8-sig").split("\r\n" if "\r\n" in path.read_text("utf-8-sig") else "\n")
        for source in ("mess_helloasso", "mess_emargement_saisi")
        for path in (folder / "inbox" / source).iterdir()
    }
    found = sum(address.get(person, "?") in lines[file_name][number - 1].lower() for file_name, number, person in rows)
    astray = sum(
        address.get(person, "?") in lines[file_name][number].lower()
        for file_name, number, person in rows
        if number < len(lines[file_name])
    )
    assert found > 0.5 * len(rows) > 500 and astray < 0.1 * len(rows)
