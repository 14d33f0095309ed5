"""An interruption from the keyboard stays one, also where the library that was asked something ends with an error of its own (DuckDB does).

Belongs here: remembering that it came. Does not belong here: what is said or left of what it stops.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

_came: ContextVar[list[int] | None] = ContextVar("came", default=None)


@contextmanager
def remembered() -> Iterator[None]:
    """Within, an interruption is raised as ever, and known to `kept`. Left alone where it is ignored, and outside the main thread."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    came: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        came.append(number)
        signal.default_int_handler(number, frame)

    token = _came.set(came)
    signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _came.reset(token)


@contextmanager
def kept() -> Iterator[None]:
    """An error that is raised inside after an interruption came is that interruption."""
    try:
        yield
    except Exception as error:
        if _came.get():
            raise KeyboardInterrupt from error
        raise
