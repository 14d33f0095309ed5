"""Regular delimited text, read by Arrow: the shape of nearly every export, ten times faster than record by record.

Regular means that no reader could understand it otherwise: every record has the same number of cells, no line is blank, no
character is NUL, every quote opens a cell, closes one, or is doubled inside one, and no cell holds what reads like rows. Of anything else `read_regular` says nothing,
and `delimited` reads it record by record, or says what is wrong and where.
Does not belong here: encodings, separators, sentences.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from sources.readers.sheet import MAX_CELL, MAX_CELLS, MAX_COLUMNS, sheet_schema

_LF, _CR = b"\n\r"
_BLOCK = 1 << 20
"""Bytes looked at together: what a processor keeps near."""

_LARGEST_BLOCK = (1 << 31) - 1
"""Arrow counts the bytes of a block in 32 bits. A gigabyte of another encoding is more once it is UTF-8."""


def read_regular(text: bytes, delimiter: str) -> pa.Table | None:
    """The table of a sheet (`sheet.Sheet.table`) from UTF-8 `text` without a mark, or None when it is not regular."""
    if len(delimiter.encode()) > 1 or not text or text[:1] in (b"\n", b"\r") or b"\0" in text or _has_blank_line(text):
        return None
    if not _quotes_are_regular(text, delimiter):
        return None
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(text),
            # one block where that can be: pieces would be put together again for each look at a column
            read_options=arrow_csv.ReadOptions(autogenerate_column_names=True, block_size=min(len(text) + 1, _LARGEST_BLOCK)),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=True, check_utf8=False,
                default_column_type=pa.string(),
            ),
        )  # fmt: skip
    except pa.ArrowInvalid:
        return None
    width, rows = table.num_columns, table.num_rows
    if width > MAX_COLUMNS or width * rows > MAX_CELLS or _longest_cell(table) > MAX_CELL:
        return None
    lines = text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
    if lines > rows and _has_rows_in_a_cell(table, delimiter):
        return None
    numbers = pa.array(np.arange(1, rows + 1, dtype=np.int32))
    table = pa.table([numbers, *table.columns], schema=sheet_schema(width))
    if any(column.null_count == 0 for column in table.columns[1:]):
        return table
    filled = pc.is_valid(table.column(1))
    for column in table.columns[2:]:
        filled = pc.or_(filled, pc.is_valid(column))
    table = table.filter(filled)
    return table if table.num_rows else None


NARROW = 4
"""Columns of a table below which a line of a comment, with its one separator, reads like a row."""


def reads_like_rows(text: str, width: int, delimiter: str) -> bool:
    """Whether a quoted cell holds rows of its table of `width` columns: a line between its first and its last has the separators of a row, or its
    two lines have them together. Two stray quotes, rows apart, glue what stands between them into one cell. Separators followed by a space
    are those of a sentence (« oui, merci »)."""
    if width < NARROW or ("\n" not in text and "\r" not in text):
        return False
    tight = re.compile(re.escape(delimiter) + r"(?! )")
    found = [len(tight.findall(line)) for line in re.split(r"\r\n|\n|\r", text)]
    return max(found[1:-1], default=sum(found)) >= width - 1


def _has_rows_in_a_cell(table: pa.Table, delimiter: str) -> bool:
    """Whether any cell reads like rows: only those with the separators of one are looked at."""
    if table.num_columns < NARROW:
        return False
    for column in table.columns:
        suspects = pc.greater_equal(pc.count_substring(column, delimiter), table.num_columns - 1)
        if pc.any(suspects).as_py() and any(
            reads_like_rows(text, table.num_columns, delimiter)
            for text in column.filter(pc.fill_null(suspects, False)).to_pylist()
        ):
            return True
    return False


def _longest_cell(table: pa.Table) -> int:
    """In bytes."""
    return max((pc.max(pc.binary_length(column)).as_py() or 0 for column in table.columns), default=0)


def _has_blank_line(text: bytes) -> bool:
    """Whether a line break is followed by another: LF by LF or CR, CR by CR."""
    characters = np.frombuffer(text, np.uint8)
    for start in range(0, len(characters), _BLOCK):
        block = characters[start : start + _BLOCK + 1]
        before, after = block[:-1], block[1:]
        if (((before == _LF) & ((after == _LF) | (after == _CR))) | ((before == _CR) & (after == _CR))).any():
            return True
    return False


def _quotes_are_regular(text: bytes, delimiter: str) -> bool:
    """Whether quotes alternately open a cell (after a separator, a line break or a quote) and close it (before one)."""
    characters = np.frombuffer(text, np.uint8)
    neighbour = np.zeros(256, np.bool_)
    neighbour[[*delimiter.encode(), *b'\n\r"']] = True
    seen = 0
    for start in range(0, len(characters), _BLOCK):
        quotes = np.flatnonzero(characters[start : start + _BLOCK] == ord('"')) + start
        opening, closing = quotes[seen % 2 :: 2], quotes[(seen + 1) % 2 :: 2]
        before = opening[opening > 0] - 1
        after = closing[closing < len(characters) - 1] + 1
        if not (neighbour[characters[before]].all() and neighbour[characters[after]].all()):
            return False
        seen += len(quotes)
    return seen % 2 == 0
