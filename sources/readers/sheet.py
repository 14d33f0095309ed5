"""What every reader gives back: sheets of raw text, notes, or one sentence saying why the file cannot be read.

Belongs here: the shape of a sheet, the notes, the exception, and the accumulator that turns rows into Arrow.
Does not belong here: any file format, any header, any type of value. A cell is text and stays as it was typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import pyarrow as pa
import pyarrow.compute as pc

from rulebook import contacts
from rulebook.numbers import plural
from sources.note import Note

MAX_CELL = 131_072
"""Characters of one cell of a text table; more is a quote that was never closed."""
MAX_COLUMNS = 16_384
"""Columns of the widest spreadsheet program (XFD)."""

MAX_CELLS = 50_000_000
"""Rows × columns of one sheet, padding included: above, the file is not a table of people and events."""


STRUCK = "barré"
"""The look of text with a line through it."""

PARTLY_STRUCK = "barré en partie, colonne"
"""With the letters of a column, the look of its cells of which a part of the text has a line through it, and the rest none: « ~~65~~ 70 »,
that every library reads 6570."""

MERGED = "fusionné"
"""The look of cells that are one over several columns of a row: the first is filled, whatever the others were to say."""

ROWS_OF_A_SHEET = 10_000_000
"""Of several sheets read as one (`together`), the rows of the second are numbered from here, those of the third from twice as much: more than any
spreadsheet program has."""

Spans = list[list[int]]
"""Rows, first and last, in the order in which they were met."""


@dataclass(frozen=True)
class Mark:
    """How filled cells look in some rows. `look`: STRUCK, PARTLY_STRUCK and a column, MERGED, or a name of the colour behind the text. `spans`: these rows, 1-based, first and
    last, in order, at least one."""

    look: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Sheet:
    """One sheet. `name` is None for a delimited file.

    `table`: `row_number` int32 (1-based, as the spreadsheet program shows it) then `c1 … cN` string, null = empty cell.
    Wholly empty rows are left out and their numbers skipped; an empty sheet has 0 rows and no `c` column.
    `parts`: the names of the sheets that it was put together from, in the order of their rows (`ROWS_OF_A_SHEET`); none of any other.
    """

    name: str | None
    table: pa.Table
    notes: tuple[Note, ...] = ()
    marks: tuple[Mark, ...] = ()
    parts: tuple[str, ...] = ()

    def beside(self) -> list:
        """What is known of the sheet beside its table, for JSON; `sheet_of` takes it back."""
        marks = [[mark.look, mark.spans] for mark in self.marks]
        return [self.name, [[note.rule, note.message] for note in self.notes], marks, self.parts]

    def row(self, number: int) -> str:
        """A row as whoever has the workbook finds it: « 12 », « 12 (feuille « Mai ») »."""
        if not self.parts:
            return str(number)
        part, row = divmod(number, ROWS_OF_A_SHEET)
        return f"{row} (feuille « {self.parts[part]} »)"

    def rows(self, numbers: Sequence[int]) -> list[str]:
        """[3, 4, 5, 9] gives ["3 à 5", "9"]."""
        return [
            self.row(first)
            if first == last
            else f"{first % ROWS_OF_A_SHEET if self.parts else first} à {self.row(last)}"
            for first, last in row_spans(numbers)
        ]

    def name_of(self, number: int) -> str | None:
        """The sheet that a row stands in."""
        return self.parts[number // ROWS_OF_A_SHEET] if self.parts else self.name

    def names_of(self, numbers: pa.Array) -> pa.Array:
        """The sheet that each row stands in."""
        if not self.parts:
            return pa.repeat(pa.scalar(self.name, pa.string()), len(numbers))
        return pa.array(self.parts, pa.string()).take(pc.divide(numbers, ROWS_OF_A_SHEET))


def sheet_of(
    table: pa.Table, name: str | None, notes: list, marks: list | None = None, parts: list | None = None
) -> Sheet:
    """The sheet of a table and of what `Sheet.beside` gave. `marks`, `parts`: None in what was written before there were any."""
    read = (Mark(look, tuple((first, last) for first, last in spans)) for look, spans in marks or ())
    return Sheet(name, table, tuple(Note(rule, message) for rule, message in notes), tuple(read), tuple(parts or ()))


class Unreadable(Exception):
    """The file, or the sheet asked for, cannot be read. `message` is one French sentence for who sent it, without the addresses and telephones of
    the names it quotes."""

    def __init__(self, rule: str, message: str) -> None:
        message = contacts.hidden(message)
        super().__init__(message)
        self.rule = rule
        self.message = message


@dataclass
class TableBuilder:
    """Rows in, Arrow out, one record batch per call of `add`, so that a million rows never exist as Python objects.

    Raises Unreadable (`trop_de_colonnes`, `tableau_demesure`) with `where` (« le fichier … ») in the sentence.
    """

    where: str
    tables: list[pa.Table] = field(default_factory=list)
    width: int = 0
    rows: int = 0

    def add(self, first_number: int, rows: Sequence[Sequence[str | None]]) -> None:
        """Append consecutive rows, the first of which the spreadsheet program numbers `first_number`.

        "" and None are both an empty cell; rows may have different lengths.
        """
        numbers: Sequence[int] = range(first_number, first_number + len(rows))
        if not all(map(any, rows)):
            kept = [(number, row) for number, row in zip(numbers, rows, strict=True) if any(row)]
            if not kept:
                return
            numbers, rows = [number for number, _ in kept], [row for _, row in kept]
        width = max(map(len, rows))
        self._refuse_absurd(width, numbers[-1], len(rows))
        columns = [pa.array(numbers, pa.int32())]
        columns += [_text_column(values) for values in zip_longest(*rows)]
        self.tables.append(pa.table(columns, schema=sheet_schema(width)))

    def finish(self) -> pa.Table:
        """The table of all rows added; narrower batches are padded with nulls."""
        if not self.tables:
            return pa.table([pa.array([], pa.int32())], schema=sheet_schema(0))
        schema = sheet_schema(self.width)
        return pa.concat_tables([schema.empty_table(), *self.tables], promote_options="default")

    def _refuse_absurd(self, width: int, last_number: int, added: int) -> None:
        self.width = max(self.width, width)
        self.rows += added
        if self.width > MAX_COLUMNS:
            raise Unreadable(
                "trop_de_colonnes",
                f"{self.where} a {self.width} colonnes vers la ligne {last_number}, alors qu'un tableur n'en admet que "
                f"{MAX_COLUMNS} : vérifiez le séparateur et renvoyez le fichier.",
            )
        if self.width * self.rows > MAX_CELLS:
            raise Unreadable(
                "tableau_demesure",
                f"{self.where} forme un tableau de plus de {MAX_CELLS // 1_000_000} millions de cellules : "
                "découpez-le en plusieurs fichiers, ou supprimez les colonnes inutiles.",
            )


def cell_name(row: int, column: int) -> str:
    """Address of a cell as the spreadsheet program shows it; `row` and `column` are 1-based: (3, 28) gives "AB3"."""
    return f"{column_name(column)}{row}"


def column_name(column: int) -> str:
    """Letters of a 1-based column: 1 gives "A", 16384 gives "XFD"."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def enumerate_in_french(items: Sequence[str], shown: int = 10) -> str:
    """ "A1, B2 et 3 autres": at most `shown` items, then how many are left."""
    if len(items) <= shown:
        return ", ".join(items)
    return f"{', '.join(items[:shown])} et {plural(len(items) - shown, 'autre')}"


def extend(spans: Spans, first: int, last: int) -> None:
    """Add rows to spans that end before them, or with them."""
    if spans and first <= spans[-1][1] + 1:
        spans[-1][1] = max(spans[-1][1], last)
    else:
        spans.append([first, last])


def row_spans(numbers: Sequence[int]) -> Spans:
    """[3, 4, 5, 9] gives [[3, 5], [9, 9]]."""
    spans: Spans = []
    for number in numbers:
        extend(spans, number, number)
    return spans


def row_ranges(numbers: Sequence[int]) -> list[str]:
    """[3, 4, 5, 9] gives ["3 à 5", "9"]."""
    return [str(first) if first == last else f"{first} à {last}" for first, last in row_spans(numbers)]


def sheet_schema(width: int) -> pa.Schema:
    """Of a table with `width` columns."""
    return pa.schema([("row_number", pa.int32()), *((f"c{i}", pa.string()) for i in range(1, width + 1))])


def _text_column(values: Sequence[str | None]) -> pa.Array:
    column = pa.array(values, pa.string())
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
