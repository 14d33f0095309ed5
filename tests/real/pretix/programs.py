"""Programs that the tests install for themselves from the Python index, and processes that end with the tests.

Here: a virtual environment per program under OBSERVATOIRE_TEST_CACHE (default `.cache/`), made once; starting a server,
waiting for it, ending it by its own process id. Not here: what pretix or mitmproxy need to run (`recipe.py`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]


def cache() -> Path:
    path = Path(os.environ.get("OBSERVATOIRE_TEST_CACHE") or ROOT / ".cache")
    path.mkdir(parents=True, exist_ok=True)
    return path.resolve()


def installed(*requirements: str) -> Path:
    """The `bin` directory of an environment that holds exactly these requirements, made when it is not there yet."""
    directory = cache() / "_".join(requirements).replace("==", "-")

    def make() -> None:
        uv = _uv()
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, directory / "venv"], check=True)
        python = directory / "venv" / "bin" / "python"
        subprocess.run([uv, "pip", "install", "-q", "--python", python, *requirements], check=True)

    once(directory, make)
    return directory / "venv" / "bin"


def once(directory: Path, make: Callable[[], None]) -> None:
    """Fill `directory` with `make`, unless that was done: what an interruption left is removed first."""
    with (directory.parent / f".{directory.name}.lock").open("w") as lock:
        # The directory is touched by the holder of the lock alone: another process waits for the whole of it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (directory / "done").exists():
            return
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        make()
        (directory / "done").touch()


@contextmanager
def running(command: list, log: Path, ready: Callable[[], bool], **options) -> Iterator[subprocess.Popen]:
    """A process from when it is ready to the end of the block. Its last lines are shown when it does not start."""
    with log.open("wb") as out:
        process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=subprocess.STDOUT, **options)
    try:
        give_up = time.monotonic() + 120
        while not ready():
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    assert found, "uv is installed by `make install`"
    return found
