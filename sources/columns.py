"""Columns of text, each looked at as a whole by Arrow: cleaned, filled or not, compared without case or accents, made distinct.

Here: what judging rows asks of any column. A statement of SQL costs more to prepare than most deliveries have rows to read.
Not here: the meaning of a text (`values/`), which column feeds which field (`origins.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.side_by_side import of_each
from sources.bytes_of_texts import NO_BYTE, bytes_of, first_bytes, rows_with

UNTIDY = r"^ | $|  |[^ -~\x{00A1}-\x{024F}\x{2010}-\x{2027}\x{2030}-\x{205E}\x{20AC}\x{2600}-\x{27BF}]"
"""What a text must not have to be clean already: spaces around or side by side, and any character but those of Latin
alphabets, of punctuation and of a few signs, which NFC leaves alone. Looking costs a tenth of cleaning."""

SPACES = r"[\s\x{00A0}\x{2007}\x{2009}\x{202F}]+"
FILLED = r"[^\s\p{Zs}]"
_SPACE = ord(" ")
_SURELY_FILLS = np.zeros(256, np.bool_)
_SURELY_FILLS[_SPACE + 1 : NO_BYTE] = True
_SURELY_FILLS[[0xC2, 0xE1, 0xE2, 0xE3]] = False
_PERHAPS_FILLS = ~_SURELY_FILLS
_PERHAPS_FILLS[NO_BYTE] = False
"""What the first byte of a text tells: no space of Unicode begins with the former, one may with the latter."""
_AROUND = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

_NOTHING = pa.scalar(None, pa.string())


def whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column in one piece."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def nothing(rows: int) -> pa.Array:
    """A column without a text."""
    return pa.nulls(rows, pa.string())


def same(text: str, rows: int) -> pa.Array:
    """A column of one text."""
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def cleaned(column: pa.Array) -> pa.Array:
    """NFC, every kind of space collapsed to one, trimmed; null where nothing is left."""
    untidy = _matching(column, _perhaps_untidy(column), UNTIDY)
    if not len(untidy):
        return _not_empty(column)
    spaced = pc.replace_substring_regex(pc.utf8_normalize(column.take(pa.array(untidy)), "NFC"), SPACES, " ")
    texts = _not_empty(pc.utf8_trim(spaced, _AROUND))
    return pc.replace_with_mask(_not_empty(column), pa.array(_mask(untidy, len(column))), texts)


def filled(column: pa.Array) -> pa.BooleanArray:
    """Whether `cleaned` gives something, at a tenth of its price."""
    first = first_bytes(column)
    said = _SURELY_FILLS[first]
    said[_matching(column, np.flatnonzero(_PERHAPS_FILLS[first]), FILLED)] = True
    return pc.and_(pa.array(said), column.is_valid()) if column.null_count else pa.array(said)


def _perhaps_untidy(column: pa.Array) -> np.ndarray:
    """The rows that `UNTIDY` may match, by their bytes: all of those that it does, and few others."""
    characters, starts = bytes_of(column)
    begin, end = starts[:-1], starts[1:]
    around = np.flatnonzero(begin < end)
    around = around[(characters[begin[around]] == _SPACE) | (characters[end[around] - 1] == _SPACE)]

    def odd(block: np.ndarray) -> np.ndarray:
        spaces = block == _SPACE
        strange = (block < _SPACE) | (block == 0x7F) | (block == 0xC2) | (block > 0xC8)
        strange[:-1] |= spaces[:-1] & spaces[1:]
        return strange

    return np.union1d(around, rows_with(odd, characters, starts, beyond=1))


def _matching(column: pa.Array, rows: np.ndarray, pattern: str) -> np.ndarray:
    """Those of `rows` (indices) whose text this expression matches."""
    if not len(rows):
        return rows
    matches = pc.fill_null(pc.match_substring_regex(column.take(pa.array(rows)), pattern), False)
    return rows[matches.to_numpy(zero_copy_only=False)]


def _mask(rows: np.ndarray, length: int) -> np.ndarray:
    mask = np.zeros(length, np.bool_)
    mask[rows] = True
    return mask


def any_filled(columns: Sequence[pa.Array]) -> pa.BooleanArray:
    """Rows in which one column at least is filled. Looks no further than the column that settles the last row."""
    found = filled(columns[0])
    for column in columns[1:]:
        if pc.all(found).as_py():
            break
        found = pc.or_(found, filled(column))
    return found


def said(column: pa.Array) -> pa.Array:
    """The cleaned text without case or accents."""
    return unaccented(cleaned(column))


def unaccented(column: pa.Array) -> pa.Array:
    bare = pc.replace_substring_regex(pc.utf8_normalize(column, "NFD"), r"\p{M}+", "")
    return pc.utf8_lower(pc.utf8_normalize(bare, "NFC"))


def says(column: pa.Array, words: Sequence[str]) -> pa.BooleanArray:
    """Rows whose text is one of these words, case and accents aside; false for null."""
    wanted = unaccented(pa.array(list(words), pa.string()))
    texts = column.dictionary_encode()
    is_said = pc.is_in(said(texts.dictionary), value_set=wanted, skip_nulls=True)
    return pc.fill_null(is_said.take(texts.indices), False)


def equal_to(column: pa.Array, text: str | None) -> pa.BooleanArray:
    """Rows whose text is this one; null is equal to null."""
    return pc.is_null(column) if text is None else pc.fill_null(pc.equal(column, text), False)


def distinct(columns: Sequence[pa.Array]) -> tuple[list[tuple], np.ndarray]:
    """The distinct rows of some columns, in the order in which they come, and for each row the index of its own."""
    codes = alike(columns)
    firsts = np.empty(codes.max(initial=-1) + 1, np.int64)
    firsts[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    texts = (column.take(pa.array(firsts)).to_pylist() for column in columns)
    return list(zip(*texts, strict=True)), codes


def alike(columns: Sequence[pa.Array]) -> np.ndarray:
    """For each row the index of its distinct row, in the order in which these come."""
    codes, *others = of_each(_codes, columns, rows=len(columns[0]))
    for own in others:
        if codes.max(initial=-1) + 1 == len(codes):  # no two rows are alike
            break
        codes = _codes(pa.array(codes.astype(np.int64) * (own.max(initial=0) + 1) + own))
    return codes


def _codes(column: pa.Array) -> np.ndarray:
    return column.dictionary_encode(null_encoding="encode").indices.to_numpy(zero_copy_only=False)


def _not_empty(column: pa.Array) -> pa.Array:
    empty = pc.equal(column, "")
    return pc.if_else(empty, _NOTHING, column) if pc.any(empty).as_py() else column
