"""What nothing reads of an accepted delivery: where it stands, and what is kept without it.

Other sheets, columns that the contract ignores, rows that it leaves out, titles and other tables of the sheet that is read. Persons may stand
there (speakers, authors of remarks) of whom no row tells when they came. Here: emptying these cells, so that the rest is read as before. Not here: from
when on (`orchestration/retention.py`), what takes the place of the kept bytes (`redaction.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from identity.mentions import MASK
from sources.columns import any_filled, whole
from sources.contract import Contract
from sources.headers import Binding, unread_columns
from sources.judge import Judged
from sources.readers.sheet import ROWS_OF_A_SHEET, Sheet, sheet_schema
from sources.readers.tables import named_rows
from sources.redaction import READ_BESIDE_DATA, STRUCTURE, Kept, with_slots


def without_unread(
    contract: Contract, kept: Kept, read_sheet: int, binding: Binding, judged: Judged, words: Sequence[str] = ()
) -> tuple[Kept, int]:
    """`kept` without what nothing reads, and how many cells that were. `judged`: what its sheet number `read_sheet`, bound by `binding`, gave.
    With `words`, only ignored columns go, those in whose header a word begins with one of them.

    A row stays a row: one with no other cell is left with the mask. Rows of totals, titles of months and repeated headers stay whole: they are read.
    """
    columns = _columns(contract, binding, words)
    data, left_out = set(judged.tables["raw"]["row_number"].to_pylist()), _left_out(judged)
    if words:
        table, nb_cells = _without_cells(kept.sheets[read_sheet].table, data | left_out, columns)
        sheets, slots = list(kept.sheets), kept.slots
    else:
        sheet = kept.sheets[read_sheet]
        table, nb_outside = _masked_rows(sheet.table, left_out | _outside(contract, sheet, binding, judged))
        table, nb_cells = _without_cells(table, data, columns)
        others = [other.table for index, other in enumerate(kept.sheets) if index != read_sheet]
        nb_cells += nb_outside + sum(map(_nb_said, others))
        sheets = [Sheet(None, sheet_schema(0).empty_table())] * len(kept.sheets)
        slots = with_slots(kept.slots, [(number, STRUCTURE, None) for number in sorted(left_out)])
    if not nb_cells:
        return kept, 0
    sheets[read_sheet] = replace(kept.sheets[read_sheet], table=table)
    return replace(kept, sheets=tuple(sheets), slots=slots, is_redacted=True), nb_cells


def reads_the_same(before: Judged, after: Judged) -> bool:
    """Whether two judgements give the same rows, accepted and refused, of the same records, and the same counts."""
    counts = ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_structure")
    return all(getattr(before, name) == getattr(after, name) for name in counts) and all(
        before.tables[name].equals(after.tables[name]) for name in ("accepted", "quarantined", "record")
    )


def _left_out(judged: Judged) -> set[int]:
    structure = judged.tables["structure"]
    reasons = zip(structure["row_number"].to_pylist(), structure["reason"].to_pylist(), strict=True)
    return {number for number, reason in reasons if reason not in READ_BESIDE_DATA}


def _outside(contract: Contract, sheet: Sheet, binding: Binding, judged: Judged) -> set[int]:
    """Filled rows of the sheet that are neither its header nor below it in the table that is read, nor what tells where that one begins and ends."""
    layout, table = contract.layout, sheet.table
    filled = table.filter(any_filled([whole(column) for column in table.columns[1:]]))["row_number"].to_pylist()
    body = judged.tables["body"]["row_number"].to_pylist()
    landmarks: set[int] = set()
    if (cut := layout.table) is not None:
        landmarks = named_rows(sheet, [*cut.after, *cut.until, *cut.besides])
    nb_headers = layout.stacked_headers.rows if layout.stacked_headers else 1
    headers: list[int] = []
    for rank in range(len(sheet.parts) or 1):
        own = [number for number in filled if not sheet.parts or number // ROWS_OF_A_SHEET == rank]
        below = [number for number in body if not sheet.parts or number // ROWS_OF_A_SHEET == rank]
        first = min(below, default=rank * ROWS_OF_A_SHEET + binding.header_row + 1)
        headers += [number for number in own if number < first][-nb_headers:]
    return set(filled) - {*headers, *landmarks, *body}


def _columns(contract: Contract, binding: Binding, words: Sequence[str]) -> list[int]:
    """Columns that nothing is read from. In a line of text, a cell under no header tells that the line has a separator too many."""
    unread = unread_columns(contract, binding, words)
    if contract.files.shape == "delimited":
        unread = [index for index in unread if binding.labels[index]]
    return unread


def _without_cells(table: pa.Table, rows: set[int], columns: Sequence[int]) -> tuple[pa.Table, int]:
    """`table` without the cells of these columns (0-based) in these rows; how many said something."""
    if not columns:
        return table, 0
    here = _are(table, rows)
    only = pc.and_(here, pc.invert(any_filled([whole(c) for i, c in enumerate(table.columns[1:]) if i not in columns])))
    nb_cells = 0
    for rank, column in enumerate(columns):
        name = f"c{column + 1}"
        texts = whole(table[name])
        nb_cells += _nb_said_in(texts.filter(here))
        left = pa.scalar(None if rank else MASK, pa.string())
        texts = pc.if_else(here, pc.if_else(only, left, pa.scalar(None, pa.string())), texts)
        table = table.set_column(column + 1, name, texts)
    return table, nb_cells


def _masked_rows(table: pa.Table, rows: set[int]) -> tuple[pa.Table, int]:
    """`table` with nothing but the mask in these rows; how many cells said something."""
    here, nb_cells = _are(table, rows), 0
    if not here.true_count:
        return table, 0
    for column, name in enumerate(table.column_names[1:], start=1):
        texts = whole(table[name])
        nb_cells += _nb_said_in(texts.filter(here))
        left = pa.scalar(MASK if column == 1 else None, pa.string())
        table = table.set_column(column, name, pc.if_else(here, left, texts))
    return table, nb_cells


def _are(table: pa.Table, rows: set[int]) -> pa.BooleanArray:
    return pc.is_in(whole(table["row_number"]), pa.array(sorted(rows), pa.int32()))


def _nb_said(table: pa.Table) -> int:
    return sum(_nb_said_in(whole(column)) for column in table.columns[1:])


def _nb_said_in(texts: pa.Array) -> int:
    return pc.sum(pc.fill_null(pc.not_equal(texts, MASK), False)).as_py() or 0
