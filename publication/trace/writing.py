"""The documents of a release, written as files; of a large one in a process beside the one that publishes.

To find the rows behind tens of thousands of figures is Python's work, on one core, that keeps pages and workbook waiting. Belongs here:
which warehouse each document is made from, and who writes it: `python -m publication.trace.writing` writes those of one question. Does
not belong here: what a document says (`documents`).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from publication.trace.declared import of_dictionary
from publication.trace.documents import documents, write
from publication.warehouse import opened

MANY_ROWS = 20_000
"""From how many figures on a process is worth the third of a second that it takes to begin."""


@dataclass(frozen=True)
class Made:
    """Datasets whose figures one release made, and what they are traced by."""

    release: int
    warehouse: str
    dictionary: str
    datasets: Sequence[str]


def write_all(public: Path, made: Sequence[Made], *, rows: int) -> None:
    """Every document, under `public`. `rows`: how many figures there are."""
    # what the process leaves undone, for whatever reason, is done here
    if rows < MANY_ROWS or (os.cpu_count() or 1) < 2 or not _written_beside(public, made):
        _write(public, made)


def _write(public: Path, made: Sequence[Made]) -> None:
    for each in made:
        with opened(Path(each.warehouse)) as connection:
            traces = of_dictionary(Path(each.dictionary))
            for found in documents(connection, traces, each.datasets, release=each.release):
                write(public, found)


def _written_beside(public: Path, made: Sequence[Made]) -> bool:
    """Whether the process did it. It ends when its input does, with this one; what interrupts both is not done again here."""
    question = {"public": str(public.resolve()), "made": [asdict(each) for each in made]}
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "publication.trace.writing"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith("OBSERVATOIRE_")},
        )  # fmt: skip
    except OSError:
        return False
    assert process.stdin is not None
    try:
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()
    if code == -signal.SIGINT:
        raise KeyboardInterrupt
    return code == 0


def _answer() -> None:
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_who_asked, daemon=True).start()
    _write(Path(asked["public"]), [Made(**each) for each in asked["made"]])


def _end_with_who_asked() -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing more comes: this waits for the end
    os._exit(1)


if __name__ == "__main__":
    _answer()
