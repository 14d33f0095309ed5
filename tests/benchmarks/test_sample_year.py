"""The sample year is what the generator writes, and its deliveries land as it says: each mistake is found, nothing else is."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.region import samples
from sources.contract import load_contracts
from sources.landing import Places, deliver

pytestmark = pytest.mark.nights

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


@pytest.mark.parametrize(
    ("source", "encoding", "newline", "least"),
    [
        ("mess_helloasso", "utf-8-sig", "\r\n", 0.8),
        ("mess_emargement_saisi", "utf-8-sig", "\r\n", 0.4),
        ("mess_teams", "utf-16", "\r\n", 0.5),
        ("mess_zoom", "utf-8-sig", "\n", 0.5),
    ],
)
def test_each_row_stands_where_the_generator_says(year, source, encoding, newline, least):
    """The address on a line is that of the person the truth names, unless it was left out or spoilt; on the line below it is not."""
    folder, world = year
    address = dict(world.con.execute("select person, email from person where email is not null").fetchall())
    rows = world.con.execute(
        "select file_name, row_number, person from written where source = ? order by all", [source]
    ).fetchall()
    lines = {
        path.name: path.read_bytes().decode(encoding).lower().split(newline)
        for path in (folder / "inbox" / source).iterdir()
    }
    here = sum(address.get(person, "?") in lines[name][number - 1] for name, number, person in rows)
    below = sum(address.get(person, "?") in lines[name][number] for name, number, person in rows)
    assert here >= least * len(rows) > 0 and below < 0.25 * len(rows)
