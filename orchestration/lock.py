"""One night at a time, whoever starts it: the command, Dagster's daemon, or a person in its interface.

`flock`, not `lockf`: a POSIX lock is lost when any descriptor of the file is closed in the process. Not re-entrant: nobody who holds it asks for it
again, and two threads of one process are two nights.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

#: `is_night_under_way` holds the lock for an instant, which is no other night.
LOOKING_TAKES_S = 0.1


class AnotherNight(Exception):
    """Somebody holds the lock. The message is French and says who and since when, when it is known."""


@contextmanager
def only_one_night(path: Path) -> Iterator[None]:
    """Hold the lock at `path`, or raise AnotherNight at once (it outwaits whoever only looks)."""
    descriptor = _take(path)
    try:
        yield
    finally:
        os.ftruncate(descriptor, 0)
        # explicit, so that a child that inherited the descriptor does not keep the night locked
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def is_night_under_way(path: Path) -> bool:
    """Whether this or another process holds the lock now. Takes nothing."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        return False
    finally:
        os.close(descriptor)


def _take(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    give_up = time.monotonic() + LOOKING_TAKES_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            if time.monotonic() > give_up:
                holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace")
                os.close(descriptor)
                raise AnotherNight(_who(holder)) from None
            time.sleep(0.01)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "since": f"{datetime.now(UTC):%H:%M:%S} UTC"}).encode(), 0)
    return descriptor


def _who(holder: str) -> str:
    try:
        record = json.loads(holder)
        return f"Une autre nuit est en cours (processus {record['pid']}, depuis {record['since']}) : rien n'a été fait."
    except (ValueError, KeyError, TypeError):
        return "Une autre nuit est en cours : rien n'a été fait."
