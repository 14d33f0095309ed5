"""What `observatoire` prints: French lines, a moving line on a terminal, plain lines elsewhere.

Belongs here: display. Does not belong here: what is displayed (`status.py`, `night.py`).
Dagster's steps capture the standard output of the process, so the console keeps a copy of the descriptor it started
with.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from orchestration.progress import Step

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

MARKS = {"done": "✓", "failed": "✗"}


class Lines:
    """Prints lines; listens to steps."""

    def __init__(self) -> None:
        self._out = _own_copy(sys.stdout)
        self._moving: tuple[Progress, TaskID] | None = None
        self._heard = ""

    def say(self, line: str = "") -> None:
        try:
            self._out.write(f"{line}\n")
            self._out.flush()
        except OSError:
            # the reader left (`… | head`), the disk of its file is full, its terminal is gone: what is under way is not for its eyes only
            self._out = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115

    def say_once(self, line: str) -> None:
        """Unless a failed step just said it."""
        if line != self._heard:
            self.say(line)

    def table(self, rows: Iterable[Sequence[object]], header: Sequence[str] = ()) -> None:
        """Columns as wide as their widest cell, numbers to the right. Nothing at all without rows."""
        cells = [[str(cell) for cell in row] for row in rows]
        if not cells:
            return
        lines = [list(header), *cells] if header else cells
        widths = [max(len(line[i]) for line in lines) for i in range(len(cells[0]))]
        right = [all(row[i].replace(" ", "").isdigit() or row[i] == "–" for row in cells) for i in range(len(widths))]
        for line in lines:
            padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True))
            self.say("  " + "  ".join(padded).rstrip())

    def hear(self, step: Step) -> None:
        """The listener of `progress.listening`."""
        if step.state in MARKS:
            self._still()
            seconds = f"{step.seconds:.1f}".replace(".", ",")
            # the sentence of a failure already names its step
            self._heard = step.said
            text = step.said if step.state == "failed" else " – ".join(part for part in (step.title, step.said) if part)
            self.say(f"{MARKS[step.state]} {seconds:>6} s  {text}")
        elif self._out.isatty():
            self._move(step)

    def _move(self, step: Step) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        if self._moving is None:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
            progress = Progress(*columns, console=Console(file=self._out), transient=True)
            progress.start()
            self._moving = progress, progress.add_task(step.title, total=step.total or None)
        progress, task = self._moving
        progress.update(task, description=step.title, completed=step.done, total=step.total or None)

    def _still(self) -> None:
        if self._moving is not None:
            self._moving[0].stop()
            self._moving = None


def _own_copy(stream: TextIO) -> TextIO:
    try:
        return os.fdopen(os.dup(stream.fileno()), "w", encoding="utf-8", errors="replace", closefd=True)
    except (OSError, AttributeError, io.UnsupportedOperation):
        return stream
