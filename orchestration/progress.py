"""How a step says that it started, moved, ended or failed, and in how many seconds.

Belongs here: the record of a step, the clock, and the one listener of the moment (the command sets it; Dagster's assets
run in the same thread and speak to it). Does not belong here: any display (`console.py`), any step (`night.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from orchestration import interruption

State = Literal["started", "moving", "done", "failed"]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Step:
    """One sentence about one step. `seconds` since it started; `done`/`total` while it moves (0 = unknown)."""

    key: str
    title: str
    state: State = "started"
    seconds: float = 0.0
    said: str = ""
    done: int = 0
    total: int = 0


Listener = Callable[[Step], None]


def _silence(step: Step) -> None:
    """Nobody listens."""


_listener: ContextVar[Listener] = ContextVar("listener", default=_silence)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within, `listener` hears what steps say; then the one before it does again."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Running:
    """A step under way: `say` what it found, `move` when it can tell how far it is."""

    def __init__(self, key: str, title: str):
        self._step = Step(key, title)
        self._started = time.perf_counter()
        self.said = ""

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def say(self, sentence: str) -> None:
        self.said = sentence

    def move(self, done: int, total: int) -> None:
        self.tell("moving", done=done, total=total)

    def over(self, items: Sequence[Item]) -> Iterator[Item]:
        """Each item, having told how many came before it."""
        for done, item in enumerate(items):
            self.move(done, len(items))
            yield item

    def tell(self, state: State, done: int = 0, total: int = 0) -> None:
        _listener.get()(replace(self._step, state=state, seconds=self.seconds, said=self.said, done=done, total=total))


@contextmanager
def step(key: str, title: str) -> Iterator[Running]:
    """Time what is inside and tell the listener. An exception is told as a failure and goes on."""
    running = Running(key, title)
    running.tell("started")
    try:
        with interruption.kept():
            yield running
    except BaseException as error:
        if not isinstance(error, Exception):
            running.say(f"{title} : interrompu")
        elif not running.said:
            running.say(f"{title} : n'a pas abouti ({type(error).__name__})")  # its text may quote a cell
        running.tell("failed")
        raise
    running.tell("done")
