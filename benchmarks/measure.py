"""Wall, processor and memory of a command with all its children, from /proc.

`peak_mb` is the largest sum over the process tree of the proportional set size (a page shared by two processes counts half in each),
looked at twenty times a second, or less often where a look takes long: the kernel then counts a million pages, and holds the process
meanwhile. Not here: what is measured.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

#: Between two looks passes at least so many times what one took.
REST = 50


@dataclass(frozen=True)
class Measure:
    """Seconds, seconds of processor (user and system, children included), megabytes."""

    wall_s: float
    cpu_s: float
    peak_mb: float

    def rounded(self) -> dict[str, float]:
        return {name: round(value, 1 if name == "peak_mb" else 2) for name, value in asdict(self).items()}


def measure(
    command: list[str], environment: dict[str, str] | None = None, *, cwd: Path | None = None
) -> tuple[Measure, int, str]:
    """Run `command` to its end: the measure, its exit code, what it printed (both streams)."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
        cwd=cwd,
    )
    lines: list[str] = []
    assert process.stdout is not None
    reading = threading.Thread(target=lines.extend, args=(process.stdout,))
    reading.start()
    peak, usage, status = 0.0, None, 0
    while usage is None:
        ended, status, found = os.wait4(process.pid, os.WNOHANG)
        if ended:
            usage = found
            break
        looked = time.perf_counter()
        peak = max(peak, tree_mb(process.pid))
        time.sleep(max(0.05, REST * (time.perf_counter() - looked)))
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    reading.join()
    peak = max(peak, usage.ru_maxrss / 1024 if not peak else 0.0)
    return Measure(wall, usage.ru_utime + usage.ru_stime, peak), process.returncode, "".join(lines)


def tree_mb(pid: int) -> float:
    """Proportional set size of a process and its descendants, in megabytes; what ended meanwhile counts nothing."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
                    break
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return total / 1024
