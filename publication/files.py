"""The files of a release, from what is decided to leave.

Belongs here: which files there are, in which order and beside which others they are written, the digests over them. Does not belong here:
the content of each (`tables`, `workbook`, `warehouse`, `changelog`, `package`, `portal`, `returns`, `trace`), the decision (`decision`).
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from publication import changelog, labels, quality, shelf, tables, versions, waiting, warehouse, wording
from publication.decision import Desk, Shipped, released_tables
from publication.shelf import CARRIED, DatasetStatus, Release
from publication.trace.writing import Made, write_all

if TYPE_CHECKING:
    from publication.portal.drawing import Renderer


SUMS = "SHA256SUMS"
#: Earlier releases that one names, and reads.
MOST_EARLIER = 100


def beside() -> ThreadPoolExecutor:
    """Who copies and traces rows, in that order: DuckDB's work, on the core that secrets and pages leave free."""
    return ThreadPoolExecutor(max_workers=1)


def copy_rows(desk: Desk, aside: Path, worker: ThreadPoolExecutor) -> Future:
    """Begin the analysts' warehouse of the release that is written `aside`: the rows that no decision changes."""
    place = aside / "analysts" / "warehouse.duckdb"
    place.parent.mkdir(parents=True)
    return worker.submit(warehouse.copy_rows, desk.candidate, place)


def write_files(
    release: Release,
    desk: Desk,
    shipped: Mapping[str, Shipped],
    waits: Mapping[str, DatasetStatus],
    names: labels.Labels,
    supply: labels.Supply,
    base: Release | None,
    *,
    worker: ThreadPoolExecutor,
    copied: Future | None = None,
    previewed: Sequence[waiting.Waiting] = (),
    renderer: Renderer | None = None,
) -> Release:
    """Every file of the release under `release.path`; the release with the digests of what it is made of. Of a preview (`previewed`: what it
    is about) the descriptions for catalogues and the workbooks to send are left out. `copied`: what `copy_rows` began, if it did."""
    # slow to import, and of no use on a night that changes nothing
    from publication import package, portal, returns, workbook

    candidate, releases, now, public = desk.candidate, desk.releases, desk.now, release.public
    verdict = waiting.silent(desk.verdict, waits)
    copied = copied or copy_rows(desk, release.path, worker)
    contents = _write_tables(public / "data", shipped)
    shutil.copyfile(candidate / "dictionary.json", release.dictionary)
    traced = worker.submit(_write_rows, copied, release, contents, releases)
    before = released_tables(base) if base else {}
    changes = changelog.compare(before, contents)
    revised = changelog.revised(changes, names) if base else set()
    moved = changelog.statuses_changed(base.datasets if base else {}, release.datasets)
    announced = _announced_before(releases, release.number)
    version = _version(release, base, [entry.version for entry in announced], before, contents, names)
    release = replace(
        release,
        revisions=changelog.counted(changes),
        version=version.number,
        step=version.step,
        definitions=_definitions(release, base, contents, names),
    )
    earlier = [(entry.number, entry.made_at, entry.said) for entry in announced]
    (public / "CHANGELOG.md").write_text(
        (f"> {wording.NOT_PUBLISHED}\n\n" if release.is_preview else "")
        + changelog.markdown(release.number, now, changes, moved, names, release.previous, earlier, version, revised),
        encoding="utf-8",
    )
    if base:
        (public / changelog.REVISIONS).write_bytes(changelog.as_csv(changes))
    (public / "QUALITE.json").write_text(quality.write(verdict, release.datasets, release.disclosure), encoding="utf-8")
    books = []
    if not release.is_preview:
        books = returns.write(public, candidate, names, waits, release=release.number, made_at=now)
    edition = portal.Edition(
        release=release,
        tables=contents,
        labels=names,
        supply=supply,
        verdict=verdict,
        changes=changes if base else [],
        moved=moved if base else [],
        earlier=earlier,
        revised=revised,
        before=before,
        made_at=now,
        books=books,
        previewed=previewed,
    )
    pages = portal.Portal(public, edition, renderer)  # its charts are drawn while the rest is written
    workbook.write(
        public / "observatoire.xlsx", contents, pages.lines, release.datasets, names, release=release, made_at=now
    )
    if not release.is_preview:
        issued = _issued(release, releases)
        package.write(
            package.Package(
                publisher=package.read_publisher(),
                release=release,
                version=version,
                made_at=now,
                tables=package.tables_of(contents, release.dictionary, names, issued),
                labels=names,
                supply=supply,
                public=public,
            )
        )
    traced.result()
    portal.write(pages)
    return _with_digests(release)


def _write_tables(folder: Path, shipped: Mapping[str, Shipped]) -> dict[str, pa.Table]:
    """The tables that leave, as Parquet and as CSV in a new folder; each by its name."""
    folder.mkdir(parents=True)
    contents = {}
    for name, entry in shipped.items():
        if entry.data is not None and entry.table is not None:
            (folder / f"{name}.parquet").write_bytes(entry.data)
            (folder / f"{name}.csv").write_bytes(tables.csv_bytes(entry.table))
            contents[name] = entry.table
    return contents


def _with_digests(release: Release) -> Release:
    """Write the digests over everything else, in `public/` and in release.json; the release with those it keeps."""
    (release.public / SUMS).write_text(sums(release.public), encoding="utf-8")
    kept = ("analysts/warehouse.duckdb", "analysts/dictionary.json", f"public/{SUMS}")
    release = replace(
        release, files={path: hashlib.sha256((release.path / path).read_bytes()).hexdigest() for path in kept}
    )
    (release.path / shelf.RELEASE_FILE).write_text(release.as_json(), encoding="utf-8")
    return release


def _write_rows(copied: Future, release: Release, contents: Mapping[str, pa.Table], releases: Path) -> None:
    """What leaves, into the warehouse of analysts, and where each public figure comes from in it."""
    copied.result()
    warehouse.add_figures(contents, release.warehouse)
    write_all(release.public, _made(release, contents, releases), rows=sum(t.num_rows for t in contents.values()))


def _definitions(
    release: Release, base: Release | None, contents: Mapping[str, pa.Table], names: labels.Labels
) -> versions.Definitions:
    """What the figures mean: of tonight's tables by tonight's definitions, of a carried one by those it was made with."""
    found = versions.definitions_of(contents, names.indicators)
    carried = {name for name, status in release.datasets.items() if status.status == CARRIED}
    kept = base.definitions if base else {}
    return {name: kept.get(name, made) if name in carried else made for name, made in found.items()}


def _version(
    release: Release,
    base: Release | None,
    given: Iterable[str],
    before: Mapping[str, pa.Table],
    contents: Mapping[str, pa.Table],
    names: labels.Labels,
) -> versions.Version:
    """`given`: versions that others have."""
    now = (_definitions(release, base, contents, names), contents)
    return versions.next_version(given, (base.definitions, before) if base else None, now)


def _issued(release: Release, releases: Path) -> dict[str, str]:
    """Date of the release that made each table: tonight, or that of the one it is carried from."""
    dates = {}
    for name in release.datasets:
        made_by = release.made_by(name, releases)
        with contextlib.suppress(OSError):
            made_at = release.made_at if made_by is release else shelf.read_release(made_by.path).made_at
            dates[name] = made_at[:10]
    return dates


def _made(release: Release, datasets: Iterable[str], releases: Path) -> list[Made]:
    """What each figure of each dataset is traced in; of a carried one, the release that made it."""
    made_by: dict[Path, tuple[Release, list[str]]] = {}
    for name in datasets:
        made = release.made_by(name, releases)
        made_by.setdefault(made.path, (made, []))[1].append(name)
    return [
        Made(made.number, str(made.warehouse.resolve()), str(made.dictionary.resolve()), names)
        for made, names in made_by.values()
        if made.warehouse.exists()
    ]


def sums(public: Path) -> str:
    """What `sha256sum --check` reads in `public/`: every file but the list itself."""
    files = sorted(path for path in public.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(public).as_posix()}\n" for p in files)


class _Announced(NamedTuple):
    """A release that was published, there still or withdrawn since, and what is said of it."""

    number: int
    made_at: str
    said: str
    version: str


def _announced_before(releases: Path, number: int) -> list[_Announced]:
    """The last releases announced before the one of this number, newest first. A version comes after all those given before it."""
    hidden = set(shelf.unannounced(releases))
    before = [n for n in shelf.directories(releases) if n < number and n not in hidden]
    kept = [shelf.read_release(releases / str(n)) for n in before[-MOST_EARLIER:]]
    told = [_Announced(r.number, r.made_at, changelog.summary(r.revisions), r.version) for r in kept]
    for gone, entry in shelf.withdrawn(releases).items():
        said = f"retirée le {wording.long_date(entry['at'])} : {entry['reason']}"
        told.append(_Announced(gone, entry["made_at"], said, entry["version"]))
    return sorted((entry for entry in told if entry.number < number), reverse=True)[:MOST_EARLIER]
