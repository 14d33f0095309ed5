"""Sheets of one workbook that are one list, a sheet a month or an event: several sheets in, one out, and back.

Belongs here: numbering their rows apart (`ROWS_OF_A_SHEET`) and telling whose each remark is. Does not belong here: which sheets are one list
(`sources/layouts.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from sources.readers.sheet import ROWS_OF_A_SHEET, Mark, Note, Sheet, Unreadable

BETWEEN = " / "
"""Between the names of sheets read as one; a spreadsheet program has no name with a slash."""


MOST_SHEETS = 200
"""Sheets whose rows can be told apart."""


def together(sheets: Sequence[Sheet]) -> Sheet:
    """The sheets as one. The rows of the first keep their numbers; narrower ones have nulls at the right. Raises Unreadable (`trop_de_feuilles`)."""
    if len(sheets) > MOST_SHEETS:
        raise Unreadable(
            "trop_de_feuilles",
            f"Le classeur a {len(sheets)} feuilles à lire comme une seule liste, et {MOST_SHEETS} au plus le sont : répartissez-les dans plusieurs "
            "classeurs.",
        )
    tables, notes, marks = [], [], []
    for rank, sheet in enumerate(sheets):
        first = rank * ROWS_OF_A_SHEET
        tables.append(_renumbered(sheet.table, first))
        notes += [Note(note.rule, f"Feuille « {sheet.name} » : {note.message}") for note in sheet.notes]
        marks += [Mark(mark.look, tuple((a + first, b + first) for a, b in mark.spans)) for mark in sheet.marks]
    parts = tuple((sheet.name or "").replace(BETWEEN, "/") for sheet in sheets)
    table = pa.concat_tables(tables, promote_options="default")
    return Sheet(BETWEEN.join(parts), table, tuple(notes), tuple(marks), parts)


def apart(sheet: Sheet) -> list[Sheet]:
    """The sheets that `sheet` was put together from, without its remarks; itself when it was not."""
    if not sheet.parts:
        return [sheet]
    found = []
    for rank, name in enumerate(sheet.parts):
        first = rank * ROWS_OF_A_SHEET
        table = _renumbered(sheet.table.filter(is_of_part(sheet.table, rank)), -first)
        marks = [
            Mark(mark.look, spans)
            for mark in sheet.marks
            if (spans := tuple((a - first, b - first) for a, b in mark.spans if first <= a < first + ROWS_OF_A_SHEET))
        ]
        found.append(replace(sheet, name=name, table=table, notes=(), marks=tuple(marks), parts=()))
    return found


def is_of_part(rows: pa.Table, rank: int) -> pa.ChunkedArray:
    """Which rows stand in the sheet of this rank."""
    return pc.equal(pc.divide(rows["row_number"], ROWS_OF_A_SHEET), rank)


def _renumbered(table: pa.Table, by: int) -> pa.Table:
    numbers = pc.add(table["row_number"], pa.scalar(by, pa.int32()))
    return table.set_column(0, "row_number", numbers) if by else table
