"""`make bench SIZE=100000`: three nights of the floor and of the system on the same deliveries, in one run.

    cold     an empty home, everything delivered
    delta    one row in a hundred more, in files of their own
    noop     nothing new

The system is the command itself in a home of its own. The floor (`benchmarks/floor`) has no state: its delta night does everything again,
its noop hashes every file. Results go to `results.json`, the machine to `environment.json`, the table to the screen and the README.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Measure, measure
from benchmarks.region import deliveries, world

HERE = Path(__file__).parent
RESULTS, ENVIRONMENT, README = HERE / "results.json", HERE / "environment.json", HERE / "README.md"
SAMPLES = HERE.parent / "sources" / "samples"
REAL = ("chiffres_publies", "evenements_ess", "hdf_2023_programme")
NIGHTS = ("cold", "delta", "noop")
_HASH_ALL = "import hashlib, pathlib, sys; [hashlib.file_digest(p.open('rb'), 'sha256') for p in pathlib.Path(sys.argv[1]).rglob('*') if p.is_file()]"


def fill(home: Path, size: int) -> world.World:
    """Put the deliveries of a year in the inbox of `home`; the year that they tell, to be closed."""
    made = world.make(world.Size.of(size))
    deliveries.write(made, home / "inbox", "base")
    for source in REAL:  # the small real deliveries, without which some datasets would be empty and refused
        shutil.copytree(SAMPLES / source, home / "inbox" / source, copy_function=shutil.copyfile)
    return made


def settle(folder: Path) -> None:
    """Make the files that were just written old enough to be believed complete, each a moment younger than the one before it by name:
    a delivery is dated by its file. Files settled before are left as they are."""
    now = time.time()
    fresh = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime > now - 60)
    for rank, path in enumerate(fresh):
        os.utime(path, (now - 70 + rank / 1000,) * 2)


def run(
    size: int, keep: Path | None = None, *, floor: bool = True, verbose: bool = False
) -> dict[str, dict[str, dict[str, float]]]:
    """{night: {who: {wall_s, cpu_s, peak_mb}}} for one size. Raises RuntimeError with what was printed when a run fails."""
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        root = keep or Path(temporary)
        home, night = root / "home", root / "night"
        for old in (home, night):
            shutil.rmtree(old, ignore_errors=True)
        made = fill(home, size)
        deliveries.write(made, night, "night")
        made.con.close()
        results: dict[str, dict[str, dict[str, float]]] = {}
        for name in NIGHTS:
            if name == "delta":
                shutil.copytree(night, home / "inbox", dirs_exist_ok=True, copy_function=shutil.copyfile)
            settle(home / "inbox")
            results[name] = {}
            if floor:
                results[name]["floor"] = _floor(name, home / "inbox", root / f"floor_{name}.duckdb").rounded()
            results[name]["system"] = system(home, verbose=verbose).rounded()
        return results


def _floor(night: str, inbox: Path, database: Path) -> Measure:
    database.unlink(missing_ok=True)
    command = (
        [sys.executable, "-c", _HASH_ALL, str(inbox)]
        if night == "noop"
        else [sys.executable, "-m", "benchmarks.floor", str(inbox), str(database)]
    )
    taken, code, said = measure(command, {"PYTHONPATH": str(HERE.parent)})
    if code:
        raise RuntimeError(f"floor, {night}: exit {code}\n{said}")
    return taken


def system(home: Path, *, verbose: bool = False) -> Measure:
    """One night of the command. Raises RuntimeError with what was printed when it fails."""
    command = [str(Path(sys.executable).with_name("observatoire")), "run"]
    taken, code, said = measure(command, {"OBSERVATOIRE_HOME": str(home)}, cwd=HERE.parent)
    if verbose:
        print("\n".join(line for line in said.splitlines() if not re.match(r"^✓ +0,0 s", line)), f"(exit {code})")
    if code not in (0, 3):
        raise RuntimeError(f"system: exit {code}\n{said}")
    return taken


def environment() -> dict[str, object]:
    import duckdb

    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "",
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "processors": os.cpu_count(), "processor": model, "memory_mb": memory,
        "load_before": round(os.getloadavg()[0], 1), "python": platform.python_version(), "duckdb": duckdb.__version__, "system": platform.release(),
    }  # fmt: skip


def derived(results: dict) -> dict[str, float | None]:
    """t0_s: the cold night at 1,000 rows; marginal_ratio: (T(1 M) − t0) / floor(1 M), None while a size is missing."""
    t0 = results.get("1000", {}).get("cold", {}).get("system", {}).get("wall_s")
    largest = results.get("1000000", {}).get("cold", {})
    marginal = (
        (largest["system"]["wall_s"] - t0) / largest["floor"]["wall_s"]
        if t0 is not None and "floor" in largest
        else None
    )
    return {"t0_s": t0, "marginal_ratio": None if marginal is None else round(marginal, 2)}


def table(results: dict) -> str:
    """The results as a Markdown table, and the two derived figures below."""
    lines = [
        "| rows | night | who | wall s | cpu s | peak MB | ratio to the floor |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for size in sorted(results, key=int):
        for night in NIGHTS:
            for who, taken in results[size].get(night, {}).items():
                floor = results[size][night].get("floor", {}).get("wall_s")
                ratio = f"{taken['wall_s'] / floor:.1f}" if who == "system" and floor else ""
                lines.append(
                    f"| {int(size):,} | {night} | {who} | {taken['wall_s']:.1f} | {taken['cpu_s']:.1f} | {taken['peak_mb']:.0f} | {ratio} |"
                )
    figures = derived(results)
    lines += [
        "",
        f"Fixed cost t0: {_said(figures['t0_s'], ' s')}. Marginal ratio (T(1 M) − t0) / floor(1 M): {_said(figures['marginal_ratio'])}.",
    ]
    return "\n".join(lines)


def _said(value: float | None, unit: str = "") -> str:
    return "not measured" if value is None else f"{value}{unit}"


def _write(size: int, measured: dict) -> None:
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    machines = json.loads(ENVIRONMENT.read_text()) if ENVIRONMENT.exists() else {}
    results[str(size)], machines[str(size)] = measured, environment()
    for path, content in ((RESULTS, results), (ENVIRONMENT, machines)):
        ordered = {key: content[key] for key in sorted(content, key=int)}
        path.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    start, end = "<!-- results -->\n", "<!-- end of results -->"
    before, _, rest = text.partition(start)
    README.write_text(before + start + table(results) + "\n" + end + rest.partition(end)[2], encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", type=int, help="rows of the ticketing platforms: 1000, 100000, 1000000")
    parser.add_argument("--keep", type=Path, help="work in this directory and leave it")
    parser.add_argument("--no-floor", action="store_true", help="measure the system only; results are not kept")
    parser.add_argument("--verbose", action="store_true", help="show the steps of each night")
    asked = parser.parse_args()
    measured = run(asked.size, asked.keep, floor=not asked.no_floor, verbose=asked.verbose)
    if not asked.no_floor:
        _write(asked.size, measured)
    print(table({str(asked.size): measured}))


if __name__ == "__main__":
    main()
