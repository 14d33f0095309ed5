"""Text that a program decoded wrongly before the file was saved, put right where that is certain: sheet in, sheet out.

Belongs here: applying the repair to the cells of a sheet, headers included, and saying how many. Does not belong here: what
is certain (`sources/values/mojibake.py`), the encoding of the file itself (`encoding`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.side_by_side import of_each
from rulebook.numbers import agreed, plural
from sources.bytes_of_texts import bytes_of, rows_with
from sources.readers.sheet import Note, Sheet
from sources.values.mojibake import repair

_LETTERS, _FIRST, _LAST = 0xC3, 0x82, 0xB4
"""What any such damage holds: a leading byte of UTF-8 read as a letter (U+00C2 to U+00F4, here in UTF-8), and one that may follow."""


def repaired(sheet: Sheet) -> Sheet:
    """The same sheet, its damaged cells repaired; a note counts them (`texte_repare`) and quotes none, they may be people."""
    found = of_each(_repaired, sheet.table.columns, rows=sheet.table.num_rows)
    nb_repaired = sum(nb for _, nb in found)
    if not nb_repaired:
        return sheet
    message = (
        f"{plural(nb_repaired, 'cellule contenait', 'cellules contenaient')} des lettres abîmées par un programme (« Ã© » au lieu de « é ») : "
        f"{agreed(nb_repaired, 'elle est réparée', 'elles sont réparées')}, car une seule lecture est possible. Enregistrez la liste en "
        "« CSV UTF-8 », ou en classeur."
    )
    table = pa.table([column for column, _ in found], names=sheet.table.column_names)
    return replace(sheet, table=table, notes=(*sheet.notes, Note("texte_repare", message)))


def _repaired(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    if not pa.types.is_string(column.type):
        return column, 0
    suspects = [texts.take(pa.array(rows)) for texts in column.chunks if len(rows := _suspect(texts))]
    if not suspects:
        return column, 0
    texts = pc.unique(pa.chunked_array(suspects)).drop_null().to_pylist()
    better = {text: fixed for text in texts for fixed, done in [repair(text)] if done}
    if not better:
        return column, 0
    at = pc.index_in(column, value_set=pa.array(list(better), pa.string()))
    chosen = pa.array(list(better.values()), pa.string()).take(at.combine_chunks())
    return pc.coalesce(pa.chunked_array([chosen]), column), len(at) - at.null_count


def _suspect(texts: pa.Array) -> np.ndarray:
    """The rows that may be damaged."""

    def damage(block: np.ndarray) -> np.ndarray:
        found = np.zeros(len(block), np.bool_)
        at = np.flatnonzero(block[:-2] == _LETTERS)
        following = block[at + 1]
        found[at] = (following >= _FIRST) & (following <= _LAST) & (block[at + 2] > 0x7F)
        return found

    return rows_with(damage, *bytes_of(texts), beyond=2)
