"""A process started early beside the night, asked one question, ended with the night.

Two of the night's libraries take longer to import than to work: dbt and Great Expectations. On a machine with a second core their
processes import while the night reads and lands. Belongs here: such a process and the exchange with it, one JSON document per
line. Does not belong here: what is asked.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Message = dict[str, Any]
SECRETS = ("OBSERVATOIRE_VAULT_KEY",)
ANSWER_WITHIN_S = 3600


def environment_beside() -> dict[str, str]:
    """This process's environment without what only the night needs to know."""
    return {name: value for name, value in os.environ.items() if name not in SECRETS}


def step_back(behind: int) -> None:
    """In the process: let the night, and who is needed sooner, go first where both want a core."""
    os.nice(5 * behind)


class Beside:
    """At most one process running `python -m <module>` from the project. It reads one line, writes lines, and ends."""

    def __init__(self, module: str, project: Path):
        self._module = module
        self._project = project
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begin importing; nothing on a machine with a single core, where it would only stand in the way."""
        if self._process is None and (os.cpu_count() or 1) > 1:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=self._project,
                env=environment_beside(),
            )

    def ask(self, question: Message, heard: Callable[[Message], None] = lambda message: None) -> Message | None:
        """The last message the process wrote; `heard` is called with each. None when it was not started, or failed before it wrote
        anything: the night then does the work itself. One question per process."""
        process, self._process = self._process, None
        if process is None:
            return None
        last: Message | None = None
        too_long = threading.Timer(ANSWER_WITHIN_S, process.kill)
        too_long.start()
        assert process.stdin is not None and process.stdout is not None
        try:
            with contextlib.suppress(OSError, ValueError):
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.close()
                for line in process.stdout:
                    last = json.loads(line)
                    heard(last)
        finally:
            too_long.cancel()
            _end(process)
        return last

    def stop(self) -> None:
        """End a process nobody asked."""
        if self._process is not None:
            _end(self._process)
            self._process = None


def _end(process: subprocess.Popen[str]) -> None:
    """A process that wrote its last line has a moment to leave by itself."""
    for stream in filter(None, (process.stdin, process.stdout)):
        with contextlib.suppress(OSError):
            stream.close()
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answer() -> Message | None:
    """In the process: the question, or None when nobody asks any more."""
    line = sys.stdin.readline()
    return json.loads(line) if line.strip() else None


def say(message: Message) -> None:
    """In the process: one line."""
    sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
    sys.stdout.flush()
