"""The year that comes with the program: `python -m benchmarks.region.samples` writes `sources/samples/mess_*` again from the seed."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.region import deliveries, world

SAMPLES = Path(__file__).parents[2] / "sources" / "samples"
SIZE = world.Size(registrations=1_900, persons=900, events=75, files_of_events=1)
SEED = 2025


def write(folder: Path) -> world.World:
    """The sample year under `folder`, one directory per source; the world it tells of, with its table `written`."""
    made = world.make(SIZE, SEED)
    deliveries.write(made, folder)
    return made


def main() -> None:
    for old in SAMPLES.glob("mess_*"):
        shutil.rmtree(old)
    write(SAMPLES)


if __name__ == "__main__":
    main()
