"""Sheets of one workbook that are one list, a sheet a month or an event: several sheets in, one out, and back.

Belongs here: numbering their rows apart (`ROWS_OF_A_SHEET`) and telling whose each remark is. Does not belong here: which sheets are one list
(`sources/layouts.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from rulebook.numbers import agreed, plural
from sources.readers.sheet import ROWS_OF_A_SHEET, Mark, Note, Sheet, Unreadable
from sources.values.text import fold

BETWEEN = " / "
"""Between the names of sheets read as one; a spreadsheet program has no name with a slash."""


SEARCHED_ROWS = 20
"""Rows of a sheet among which its header is looked for."""

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


def rows_alike(one: pa.Table, other: pa.Table) -> int:
    """How many rows stand in a sheet below a header that is that of another: three words at least, and four in five of either. 0 when it is none.
    (The sheets of one export of a platform share half of their columns, and are other tables.)"""
    (_, own), (rank, theirs) = _header(one), _header(other)
    is_same = len(own & theirs) >= max(3, 0.8 * len(own), 0.8 * len(theirs))
    return other.num_rows - rank - 1 if is_same else 0


def _header(table: pa.Table) -> tuple[int, set[str]]:
    """The row among the first that holds most words, with its rank; what begins with a figure is none."""
    rows = table.slice(0, SEARCHED_ROWS).to_pylist()
    words = [{fold(text) for text in list(row.values())[1:] if text and not text[:1].isdigit()} for row in rows]
    return max(enumerate(words), key=lambda each: len(each[1]), default=(0, set()))


def alike_but_not_read(read: str | None, others: Sequence[tuple[str | None, int]]) -> Note:
    """What there is to say of sheets that have the columns of the one that is read, each with its rows."""
    names = ", ".join(f"« {name} » ({plural(nb_rows, 'ligne')})" for name, nb_rows in others)
    alike = agreed(len(others), "une autre a", "d'autres ont")
    return Note(
        "feuilles_semblables",
        f"Seule la feuille « {read} » est lue, et {alike} les mêmes colonnes : {names}, soit "
        f"{plural(sum(nb for _, nb in others), 'ligne')} que rien ne lit. Si c'est la même liste, réunissez-les en une seule feuille "
        "et redéposez le classeur, ou demandez à l'observatoire de les lire toutes (« every_sheet »).",
    )


def is_of_part(rows: pa.Table, rank: int) -> pa.ChunkedArray:
    """Which rows stand in the sheet of this rank."""
    return pc.equal(pc.divide(rows["row_number"], ROWS_OF_A_SHEET), rank)


def _renumbered(table: pa.Table, by: int) -> pa.Table:
    numbers = pc.add(table["row_number"], pa.scalar(by, pa.int32()))
    return table.set_column(0, "row_number", numbers) if by else table
