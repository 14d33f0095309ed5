"""The audit beside the night: a process started early, asked once, ended with the night.

Belongs here: that process. Does not belong here: what is expected, the verdict's meaning. When anything goes wrong with the process
the night audits by itself: slower, the same verdict.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expectations.verdict import Verdict

ANSWER_WITHIN_S = 300


class Auditor:
    """At most one process. `start` returns at once; `audit` is None when there is no answer to rely on."""

    def __init__(self, project: Path):
        self._project = project
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begin importing; nothing on a machine with a single core, where it would only stand in the way."""
        if self._process is None and (os.cpu_count() or 1) > 1:
            secrets = ("OBSERVATOIRE_VAULT_KEY",)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "expectations.beside"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=self._project,
                env={name: value for name, value in os.environ.items() if name not in secrets},
            )

    def audit(self, directory: Path, suites: Path) -> Verdict | None:
        """The verdict of the process on a sealed candidate."""
        from expectations import Verdict

        process, self._process = self._process, None
        if process is None:
            return None
        question = json.dumps({"directory": str(directory), "suites": str(suites)}) + "\n"
        try:
            answer, _ = process.communicate(question, timeout=ANSWER_WITHIN_S)
            return Verdict.from_json(answer) if process.returncode == 0 else None
        except (OSError, ValueError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
            return None

    def stop(self) -> None:
        """End a process nobody asked."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
