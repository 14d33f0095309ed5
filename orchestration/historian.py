"""The history of a night, written beside it: a process of its own writes the run of Dagster's job `nightly` from what the night tells.

Importing Dagster and writing its thousand events takes as long as landing the demo: with a second core the night does not wait for
either. Belongs here: the two ends of the telling. Does not belong here: the run (`history.py`), the steps (`night.py`). What is told
crosses a pipe of this computer as pickled objects of this program; nobody else can write there.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from orchestration import failures
from orchestration.beside import environment_beside, step_back
from orchestration.home import Home, Settings
from orchestration.night import StructureFailed
from orchestration.process import run_process

if TYPE_CHECKING:
    from expectations.verdict import Verdict
    from identity.matched import Matched
    from orchestration.candidates import Candidate
    from orchestration.warehouse import Built
    from publication.shelf import Release
    from sources.ledger import DeliveryReport

WRITTEN_WITHIN_S = 600
_END = None


@dataclass(frozen=True)
class Opening:
    """The first thing told."""

    home: Home
    settings: Settings
    run_id: str
    now: datetime
    log: Path


class Historian:
    """The night's end. Telling never waits for the one who listens, and never fails: a history is not worth a night."""

    def __init__(self, opening: Opening):
        self._opening = opening
        self._told: SimpleQueue[Any] = SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._speaker: threading.Thread | None = None

    def start(self) -> None:
        listening, speaking = Pipe(duplex=False)
        with listening:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "orchestration.historian", str(listening.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[listening.fileno()],
                cwd=Path(__file__).parents[1],
                env=environment_beside(),
                process_group=0,  # an interruption from the keyboard is the night's: it tells of it by falling silent
            )
        self._speaker = threading.Thread(target=self._speak, args=(speaking,), daemon=True)
        self._speaker.start()
        self._told.put(self._opening)

    def tell(self, step: str, found: Any, seconds: float) -> None:
        """What a step of the night found, or the StructureFailed it ended with."""
        self._told.put((step, found, seconds, datetime.now(UTC)))

    def finish(self) -> bool:
        """Wait for the last line; whether all was written down."""
        self._told.put(_END)
        assert self._process is not None
        try:
            return self._process.wait(WRITTEN_WITHIN_S) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False

    def _speak(self, speaking: Connection) -> None:
        with speaking, contextlib.suppress(OSError):
            while (message := self._told.get()) is not _END:
                speaking.send(message)


class ToldNight:
    """The history's end: has the methods of `Night` that the assets call, each giving what the night told when it tells it. `ended`:
    when the step asked for last did."""

    def __init__(self, listening: Connection, opening: Opening):
        self.now = opening.now
        self.log_file = opening.log
        self.seconds: dict[str, float] = {}
        self.ended = opening.now
        self._listening = listening
        self._heard: dict[str, tuple[Any, datetime]] = {}

    def make_ready(self) -> None:
        self._wait_for("make_ready")

    def deliver(self, source: str) -> list[DeliveryReport]:
        return self._wait_for(f"deliver:{source}")

    def match(self) -> Matched | None:
        return self._wait_for("match")

    def build(self) -> tuple[Candidate, Built]:
        return self._wait_for("build")

    def seal(self) -> tuple[Candidate, str]:
        return self._wait_for("seal")

    def is_sealed(self) -> bool:
        return bool(self.seal())

    def audit(self) -> tuple[Candidate, Verdict]:
        return self._wait_for("audit")

    verdict = audit

    def publish(self) -> Release:
        return self._wait_for("publish")

    def _wait_for(self, step: str) -> Any:
        """Raises StructureFailed when the step failed, or when the night fell silent before it."""
        while step not in self._heard:
            try:
                told, found, seconds, ended = self._listening.recv()
            except EOFError:
                told, found, seconds = step, StructureFailed("La nuit s'est interrompue avant cette étape."), 0.0
                ended = datetime.now(UTC)
            self._heard[told], self.seconds[told] = (found, ended), seconds
        found, ended = self._heard[step]
        self.ended = max(self.ended, ended)
        if isinstance(found, StructureFailed):
            raise found
        return found


def main() -> None:
    step_back(3)
    with Connection(int(sys.argv[1]), writable=False) as listening:
        opening = listening.recv()
        os.environ["OBSERVATOIRE_HOME"] = str(opening.home.root)
        try:
            from orchestration.history import write_history

            write_history(opening, ToldNight(listening, opening))
        except Exception as error:
            with opening.log.open("a", encoding="utf-8") as log:
                log.write(failures.for_log(error))
            raise SystemExit(1) from None


if __name__ == "__main__":
    run_process(main)
