"""One reader per file shape: bytes in, sheets of raw text out, or one sentence in French saying why not.

Belongs here: `delimited` (CSV and its cousins), `spreadsheet` (workbooks, in a child process), `records` (JSON), the
`dialects` of single programs, `tables` (several tables or header rows in one sheet), what they share.
Does not belong here: contracts, headers, types of values, platform APIs. No cell is dropped, cleaned or interpreted.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sources.readers.delimited import read_delimited
from sources.readers.dialects import read_learning_dashboard
from sources.readers.records import Pairs, read_records
from sources.readers.sheet import Note, Sheet, Unreadable
from sources.readers.spreadsheet import read_spreadsheet

__all__ = ["Note", "Pairs", "Sheet", "Unreadable", "read", "read_delimited", "read_records", "read_spreadsheet"]

_READERS: dict[str, Callable[..., list[Sheet]]] = {
    "delimited": read_delimited,
    "json": read_records,
    "learning_dashboard": read_learning_dashboard,
    "spreadsheet": read_spreadsheet,
}


def read(path: Path, *, file_name: str, shape: str, **options: Any) -> list[Sheet]:
    """Read the bytes at `path`, delivered under `file_name`, as the contract's `shape`, one of `_READERS`.

    `options`: `delimiter`, `encoding` for delimited; `sheet` for spreadsheet; `records`, `explode`, `keep_empty`,
    `pairs`, `leave_out`, `tagged_lists`, `encoding` for json; `encoding` for learning_dashboard. `file_name` is shown, never opened nor
    believed: a workbook renamed .csv, or text renamed .xlsx, is refused with what to do. Raises Unreadable (see each
    reader), and ValueError for an unknown shape, which is a mistake of the contract and not of the sender.
    """
    if shape not in _READERS:
        raise ValueError(f"unknown shape {shape!r}, expected one of {sorted(_READERS)}")
    return _READERS[shape](path, file_name=file_name, **options)
