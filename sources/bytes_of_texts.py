"""The UTF-8 of a column of texts, all of it at once: where some byte stands tells which rows are worth an expression.

Here: the bytes, the first of each text, the rows that hold some. Looking at bytes costs a tenth of an expression, and most texts need
nothing more. Not here: what the bytes mean to whoever looks for them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

_BLOCK = 1 << 18
"""Bytes looked at together: what a processor keeps near."""


def bytes_of(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of the texts one after the other, and where each begins; last, where they end. A null may have bytes of its own."""
    if not len(column):
        return np.empty(0, np.uint8), np.zeros(1, np.int32)
    _, offsets, characters = column.buffers()
    starts = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4)
    nb = starts[-1] - starts[0]
    found = np.frombuffer(characters, np.uint8, nb, starts[0]) if nb else np.empty(0, np.uint8)
    return found, starts - starts[0] if starts[0] else starts


NO_BYTE = 0xFF
"""Stands for a text without any: UTF-8 does not have it."""


def first_bytes(column: pa.Array) -> np.ndarray:
    """The first byte of each text, NO_BYTE where there is none."""
    characters, starts = bytes_of(column)
    firsts = np.full(len(column), NO_BYTE, np.uint8)
    some = starts[:-1] < starts[1:]
    firsts[some] = characters[starts[:-1][some]]
    return firsts


def rows_with(
    wanted: Callable[[np.ndarray], np.ndarray], characters: np.ndarray, starts: np.ndarray, beyond: int = 0
) -> np.ndarray:
    """The rows (indices, each once) with a byte that `wanted` points at in a block of bytes. It is shown `beyond` bytes more than it is asked
    about, when there are, to look at neighbours: they may belong to the next text."""
    found = [np.empty(0, np.int64)]
    for start in range(0, len(characters), _BLOCK):
        block = characters[start : start + _BLOCK + beyond]
        found.append(np.flatnonzero(wanted(block)[:_BLOCK]) + start)
    return np.unique(np.searchsorted(starts, np.concatenate(found), side="right") - 1)
