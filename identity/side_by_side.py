"""The same question to each of many columns, on two cores.

Here: `of_each`. Not here: what is asked. Arrow lets go of Python's lock while it looks at a column, so that threads are enough; what is asked
must change nothing but what it gives back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MANY_ROWS = 20_000
"""From how many rows on a second thread is worth starting."""


def of_each(question: Callable[[Asked], Answer], asked: Iterable[Asked], *, rows: int) -> list[Answer]:
    """`question` of each, in their order; `rows`: how long the columns are. What the first of them raises is raised."""
    if rows < MANY_ROWS:
        return [question(one) for one in asked]
    with ThreadPoolExecutor(max_workers=2) as threads:
        return list(threads.map(question, asked))
