"""A power cut, for tests of any room: a call after which, or before which, nothing happens any more."""

from collections.abc import Callable, Iterator
from typing import Any


class PowerCut(BaseException):
    """Nobody catches it."""


def cut(real: Callable, calls: Iterator[int], moment: int, *, after: bool) -> Callable:
    """`real`, whose `moment`-th call is the last thing that happens, or (`after` false) the first that does not. `calls` counts from 1, and may be
    that of other functions too."""

    def last(*args: Any, **kwargs: Any) -> Any:
        is_last = next(calls) == moment
        if is_last and not after:
            raise PowerCut
        done = real(*args, **kwargs)
        if is_last:
            raise PowerCut
        return done

    return last
