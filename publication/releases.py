"""Reading, checking, comparing and pointing back: everything done to releases that exist.

Belongs here: the answers of `observatoire releases list|show|verify|diff|rollback|withdraw` and the helper of readers, `pin`.
Does not belong here: making a release (`publish`).
"""

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from publication import shelf, tables, trace, warehouse
from publication.changelog import Change, compare
from publication.decision import Refused, released_tables
from publication.files import SUMS
from publication.redaction import QUASI
from publication.shelf import Release
from publication.wording import dataset_title, long_date
from rulebook.numbers import grouped, plural


@dataclass(frozen=True)
class Problem:
    """Something about a release that is not as it was released. `path` is relative to the release."""

    path: str
    problem: str


class NoRelease(Exception):
    """There is no such release; the message is French."""


def list_releases(releases: Path) -> list[Release]:
    """Every release that was announced, oldest first."""
    hidden = set(shelf.unannounced(Path(releases)))
    return [shelf.read_release(Path(releases) / str(n)) for n in shelf.directories(Path(releases)) if n not in hidden]


def current(releases: Path) -> Release | None:
    number = shelf.current_number(Path(releases))
    return None if number is None else shelf.read_release(Path(releases) / str(number))


def show(releases: Path, number: int | None = None) -> Release:
    """One release, the current one without a number. Raises NoRelease, in French."""
    number = shelf.current_number(Path(releases)) if number is None else number
    if number is None:
        raise NoRelease("Aucune version n’est publiée.")
    if gone := shelf.withdrawn(Path(releases)).get(number):
        raise NoRelease(f"La version {number} a été retirée le {long_date(gone['at'])} : {gone['reason']}")
    if number not in shelf.directories(Path(releases)) or number in shelf.unannounced(Path(releases)):
        raise NoRelease(f"La version {number} n’existe pas.")
    return shelf.read_release(Path(releases) / str(number))


@contextlib.contextmanager
def pin(releases: Path) -> Iterator[Release]:
    """The current release, resolved once: all that is read through it is of one version, whatever comes meanwhile.

    A reader that resolves `current` for each file mixes versions; releases are never changed, and only `withdraw` removes one,
    so a pinned one stays whole.
    """
    yield show(Path(releases))


# --- verify --------------------------------------------------------------------------------------------------------


def verify(release: Release) -> list[Problem]:
    """Everything in a release that is not as released; empty when it is whole.

    Digests of every byte (the journal holds that of release.json, release.json that of the list and of the warehouse,
    the list those of all public files), missing and extra files, write permissions, the three forms of each dataset (CSV,
    Parquet, table of the warehouse) compared cell by cell, and every figure made again from the rows of the warehouse. Where somebody
    was erased, a figure made of what her rows no longer say may lack as many rows, and no more (`left_by_erasure`).
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(Exception):  # what does not open is said below
            stack.enter_context(warehouse.opened(release.warehouse))  # kept open: each table is read by itself
        return [*_bytes(release), *_permissions(release), *_tables(release)]


def _tables(release: Release) -> list[Problem]:
    problems = []
    for name, status in release.datasets.items():
        if status.is_available:
            problems += _forms(release, name, status)
            problems += _recomputed(release, name)
    try:
        present = set(warehouse.table_names(release.warehouse))
    except Exception as error:  # duckdb raises many kinds; any of them means that it does not open
        return [*problems, Problem("analysts/warehouse.duckdb", f"ne s’ouvre pas ({type(error).__name__})")]
    for name, status in release.datasets.items():
        if not status.is_available and name in present:
            problems.append(Problem("analysts/warehouse.duckdb", f"contient {name}, qui est retenu"))
    return problems


def _bytes(release: Release) -> list[Problem]:
    expected = {path: digest for path, digest in release.files.items()}
    try:
        for line in (release.public / SUMS).read_text(encoding="utf-8").splitlines():
            digest, _, path = line.partition("  ")
            expected[f"public/{path}"] = digest
    except (OSError, UnicodeDecodeError):
        return [Problem(f"public/{SUMS}", "manque ou ne se lit pas")]
    expected[shelf.RELEASE_FILE] = _announced(release)
    found = {p.relative_to(release.path).as_posix() for p in release.path.rglob("*") if not p.is_dir()}
    problems = [Problem(path, "manque") for path in sorted(expected.keys() - found)]
    problems += [Problem(path, "n’était pas dans la version publiée") for path in sorted(found - expected.keys())]
    for path in sorted(expected.keys() & found):
        if expected[path] and hashlib.sha256((release.path / path).read_bytes()).hexdigest() != expected[path]:
            problems.append(Problem(path, "ses octets ne sont pas ceux qui ont été publiés"))
    return problems


def _announced(release: Release) -> str:
    """Digest of release.json as the journal has it; empty when the journal does not know."""
    for entry in reversed(shelf.history(release.path.parent)):
        if entry["event"] in ("prepared", "redacted") and entry["release"] == release.number:
            return entry["sha256"]
    return ""


def _permissions(release: Release) -> list[Problem]:
    problems = []
    for folder, _, files in os.walk(release.path):
        for name in [".", *files]:
            path = Path(folder) / name
            if path.stat().st_mode & 0o222:
                relative = path.relative_to(release.path).as_posix()
                problems.append(Problem(relative, "peut être modifié : il devrait être en lecture seule"))
    return problems


def _forms(release: Release, name: str, status: shelf.DatasetStatus) -> list[Problem]:
    parquet_path, csv_path = f"public/data/{name}.parquet", f"public/data/{name}.csv"
    try:
        data = (release.path / parquet_path).read_bytes()
        rows = tables.csv_rows(tables.read_parquet(data))
    except Exception as error:  # pyarrow raises many kinds; any of them means that it does not read
        return [Problem(parquet_path, f"ne se lit pas ({type(error).__name__})")]
    problems = []
    if hashlib.sha256(data).hexdigest() != status.sha256:
        problems.append(Problem(parquet_path, "n’est pas le tableau qui a été contrôlé"))
    try:
        written = tables.read_csv((release.path / csv_path).read_bytes())
        problems += _differences(csv_path, rows, written, in_order=True)
    except (OSError, UnicodeDecodeError):
        problems.append(Problem(csv_path, "ne se lit pas"))
    try:
        loaded = tables.csv_rows(warehouse.read(release.warehouse, name))
        problems += _differences(f"analysts/warehouse.duckdb ({name})", rows, loaded, in_order=False)
    except Exception as error:  # as above
        problems.append(Problem(f"analysts/warehouse.duckdb ({name})", f"ne se lit pas ({type(error).__name__})"))
    return problems


def _differences(path: str, sealed: list[list[str]], other: list[list[str]], *, in_order: bool) -> list[Problem]:
    """Cells of `other` that are not those of `sealed`. A table of a database has no order."""
    if in_order and sealed == other or Counter(map(tuple, sealed)) == Counter(map(tuple, other)):
        return [] if not in_order or sealed == other else [Problem(path, "les lignes ne sont pas dans l’ordre publié")]
    if len(sealed) != len(other):
        return [Problem(path, f"{plural(len(other) - 1, 'ligne')} au lieu de {grouped(len(sealed) - 1)}")]
    if not in_order:
        sealed, other = [sealed[0], *sorted(sealed[1:])], [other[0], *sorted(other[1:])]
    cells = sum(a != b for left, right in zip(sealed, other, strict=True) for a, b in zip(left, right, strict=False))
    return [
        Problem(path, f"{plural(cells, 'cellule n’est pas celle', 'cellules ne sont pas celles')} du tableau contrôlé")
    ]


MOST_MISMATCHES = 20


def _recomputed(release: Release, name: str) -> list[Problem]:
    """Figures that the rows of the warehouse do not give; a carried dataset is made again where it was made."""
    made_by = release.made_by(name, release.path.parent)
    where = f"analysts/warehouse.duckdb ({name})"
    if not made_by.warehouse.exists():
        return [
            Problem(where, f"reporté de la version {made_by.number}, qui n’est plus là : ne peut pas être recalculé")
        ]
    try:
        found = [mismatch for mismatch, is_left_by_erasure in _mismatches(made_by, name) if not is_left_by_erasure]
    except Exception as error:  # duckdb raises many kinds; any of them means that the figures cannot be made again
        return [Problem(where, f"ne peut pas être recalculé ({type(error).__name__})")]
    problems = [Problem(where, mismatch.sentence()) for mismatch in found[:MOST_MISMATCHES]]
    if len(found) > MOST_MISMATCHES:
        problems.append(
            Problem(where, f"et {plural(len(found) - MOST_MISMATCHES, 'autre chiffre', 'autres chiffres')}")
        )
    return problems


def left_by_erasure(release: Release) -> list[trace.Mismatch]:
    """Figures of a whole release that its rows give but for those of persons who were erased."""
    found = []
    for name, status in release.datasets.items():
        made_by = release.made_by(name, release.path.parent)
        if status.is_available and made_by.warehouse.exists():
            found += [mismatch for mismatch, is_left_by_erasure in _mismatches(made_by, name) if is_left_by_erasure]
    return found


def _mismatches(made_by: Release, name: str) -> list[tuple[trace.Mismatch, bool]]:
    """Figures that their rows do not give, and whether the erasure of persons explains it."""
    traces = trace.of_dictionary(made_by.dictionary)
    if not traces:  # released before figures could be traced
        return []
    with trace.opened(made_by.warehouse) as connection:
        found = trace.mismatches(connection, traces, name)
    nb_rows = sum(note["rows"] for note in shelf.read_release(made_by.path).redactions)
    return [(mismatch, _is_left_by_erasure(mismatch, traces, nb_rows)) for mismatch in found]


def _is_left_by_erasure(mismatch: trace.Mismatch, traces: trace.Traces, nb_rows: int) -> bool:
    """Whether a figure counts what an erasure empties (`redaction.QUASI`) in rows about persons, and lacks no more than the `nb_rows` rows
    that it emptied. A ratio is held by its two parts, a bound goes when it is no longer sure."""
    _, indicator, breakdown, _ = mismatch.figure
    entry = trace.entry_of(traces, mismatch.dataset, indicator, breakdown)
    if not nb_rows or entry is None or not entry.counts_persons_by(QUASI):
        return False
    if (mismatch.measure == "value" and entry.denominator) or (
        mismatch.measure in ("lower", "upper") and mismatch.recomputed is None
    ):
        return True
    return 0 < (mismatch.released or 0) - (mismatch.recomputed or 0) <= nb_rows


def nb_recomputable(release: Release) -> int:
    """Figures of a release that its rows can make again: all but those of tables released before traces, and secret ones."""
    count = 0
    for name, status in release.datasets.items():
        made_by = release.made_by(name, release.path.parent)
        if status.is_available and made_by.warehouse.exists() and trace.of_dictionary(made_by.dictionary):
            with trace.opened(made_by.warehouse) as connection:
                count += sum(not trace.is_secret(figure) for figure in trace.released(connection, name))
    return count


# --- compare, point back, withdraw ---------------------------------------------------------------------------------


def diff(before: Release, after: Release) -> list[Change]:
    """Rows added and removed, cells changed, from one release to another."""
    return compare(released_tables(before), released_tables(after))


def rollback(releases: Path, number: int, *, reason: str, now: datetime) -> Release:
    """Point `current` to an earlier (or later) release and write down why. Rebuilds nothing, removes nothing.

    A night with nothing new leaves the pointer there (see `publish`). Raises NoRelease when it does not exist, Refused
    when no reason is given, when it is damaged, or when somebody is publishing.
    """
    releases = Path(releases)
    if not reason.strip():
        raise Refused("Un retour en arrière demande une raison, qui reste au journal.")
    try:
        with shelf.locked(releases):
            shelf.sweep(releases, now=now)
            release = show(releases, number)
            previous = shelf.current_number(releases)
            if previous == number:
                return replace(release, changed=False)
            if problems := verify(release):
                first = problems[0]
                raise Refused(f"La version {number} est endommagée ({first.path} : {first.problem}).")
            shelf.note(releases, "rolled_back", at=now, release=number, previous=previous, reason=reason.strip())
            shelf.point(releases, number)
            return release
    except shelf.Busy as busy:
        raise Refused(str(busy)) from None


def withdrawable(releases: Path, numbers: Collection[int]) -> list[Release]:
    """Earlier releases that may leave the shelf together. Raises NoRelease when one does not exist, Refused when readers are sent to one, or
    when one that stays carries a table of it."""
    asked, pointed = [show(releases, number) for number in sorted(set(numbers))], shelf.current_number(releases)
    for release in asked:
        if release.number == pointed:
            raise Refused(
                f"La version {pointed} est celle en place. Remettez-en d’abord une autre (`observatoire releases rollback`), ou corrigez "
                "ce qui doit l’être et laissez la nuit en faire une nouvelle."
            )
    gone = {release.number for release in asked}
    for kept in list_releases(releases):
        needed = {state.from_release: name for name, state in kept.datasets.items() if state.from_release in gone}
        if kept.number not in gone and needed:
            number, dataset = min(needed.items())
            advice = (
                " Attendez que ce tableau soit publié de nouveau."
                if kept.number == pointed
                else " Retirez-les ensemble."
            )
            raise Refused(
                f"La version {kept.number} montre « {dataset_title(dataset)} » tel que l’a fait la version {number}, et le vérifie sur ses "
                f"lignes : elle ne peut pas rester sans elle.{advice}"
            )
    return asked


def withdraw(releases: Path, numbers: Collection[int], *, reason: str, now: datetime) -> list[Release]:
    """Remove earlier releases for good and write down why; their numbers and versions are not given again. What they alone had printed is
    no longer known to whoever attacks a secret (`disclosure.earlier`). Raises as `withdrawable`, and Refused when no reason is given or
    somebody is publishing."""
    releases = Path(releases)
    if not reason.strip():
        raise Refused("Un retrait demande une raison, qui reste au journal et se lit dans les versions suivantes.")
    try:
        with shelf.locked(releases):
            shelf.sweep(releases, now=now)
            gone = withdrawable(releases, numbers)
            for release in gone:
                facts = {"release": release.number, "version": release.version, "made_at": release.made_at}
                # what a return from it goes on refusing: the same release, the approvals of what it alone showed
                facts |= {"fingerprint": release.fingerprint, "contents": release.contents}
                shelf.note(releases, "withdrawn", at=now, **facts, reason=reason.strip())
            shelf.sweep(releases, now=now)
            return gone
    except shelf.Busy as busy:
        raise Refused(str(busy)) from None
