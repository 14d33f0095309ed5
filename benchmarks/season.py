"""`make season NIGHTS=60`: what a night costs after many. Organisers export the whole list every night, a little longer each time, and correct a
title of the programme: each night replaces every list, and makes a release.

Here: the nights, the measure of the first and of the last of them. Not here: the deliveries themselves (`region/`), three nights beside
hand-written SQL (`bench.py`).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

import openpyxl

from benchmarks.bench import fill, settle, system
from benchmarks.measure import Measure

LISTS = (
    "mess_emargement_saisi",
    "mess_enquete",
    "mess_eventbrite",
    "mess_helloasso",
    "mess_partenaires",
    "mess_pretix",
    "mess_satisfaction",
)
PROGRAMME = "mess_programme"
COMPARED = 5
"""Nights at either end. The very first, when everything is new, is none of them."""


def run(size: int, nights: int, root: Path) -> list[tuple[Measure, int]]:
    """What each night took, and the megabytes of the home after it. Raises RuntimeError with what was printed when one fails."""
    home = root / "home"
    shutil.rmtree(home, ignore_errors=True)
    fill(home, size).con.close()
    lists = {path: records(path.read_bytes()) for name in LISTS for path in (home / "inbox" / name).iterdir()}
    taken = []
    for night in range(1, nights + 1):
        for path, lines in lists.items():
            half = len(lines) // 2
            path.write_bytes(b"".join(lines[: half + (len(lines) - half) * night // nights]))
        for path in (home / "inbox" / PROGRAMME).iterdir():
            correct_a_title(path, night)
        settle(home / "inbox")
        found = system(home)
        size_mb = sum(path.stat().st_size for path in home.rglob("*") if path.is_file() and not path.is_symlink()) >> 20
        taken.append((found, size_mb))
        print(
            f"{night:4} {found.wall_s:6.1f} s {found.cpu_s:6.1f} cpu s {found.peak_mb:6.0f} MB, home {size_mb} MB",
            flush=True,
        )
    return taken


def records(data: bytes) -> list[bytes]:
    """The lines of a list, those that a quoted cell goes over as one."""
    found: list[bytes] = []
    is_open = False
    for line in data.splitlines(keepends=True):
        if is_open:
            found[-1] += line
        else:
            found.append(line)
        is_open ^= line.count(b'"') % 2 == 1
    return found


def correct_a_title(path: Path, night: int) -> None:
    """Another word at the end of the longest text of another row."""
    book = openpyxl.load_workbook(path)
    rows = list(book.worksheets[0].iter_rows(min_row=6))
    texts = [cell for cell in rows[night % len(rows)] if isinstance(cell.value, str)]
    if texts:
        longest = max(texts, key=lambda cell: len(cell.value))
        longest.value = f"{longest.value} ({night})"
    book.save(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nights", type=int, nargs="?", default=60)
    parser.add_argument("--size", type=int, default=20_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="season-") as temporary:
        taken = run(given.size, given.nights, Path(temporary))
    print("| nights | wall s | cpu s | peak MB | home MB |\n|---|---:|---:|---:|---:|")
    for name, some in (
        (f"2 to {COMPARED + 1}", taken[1 : COMPARED + 1]),
        (f"{given.nights - COMPARED + 1} to {given.nights}", taken[-COMPARED:]),
    ):
        wall, cpu, peak = (
            statistics.median(getattr(each, key) for each, _ in some) for key in ("wall_s", "cpu_s", "peak_mb")
        )
        print(f"| {name} | {wall:.1f} | {cpu:.1f} | {peak:.0f} | {some[-1][1]} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
