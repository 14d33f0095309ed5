"""The body of the sheets, written as the XML that it is.

openpyxl takes two thirds of the time of a publication to write some ten thousand cells one by one; here they cost a few
milliseconds. Belongs here: cells of text and numbers, and putting them into the book that openpyxl made (styles,
headings, panes, filters and paper stay its job). Does not belong here: what a cell says.
"""

import io
import math
import re
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter

from publication.tables import neutralised

MOST_CHARACTERS = 32767


def safe_text(text: str) -> str:
    """What a cell can hold: no control character (the file would not open), no formula, no more than Excel's limit."""
    return neutralised(ILLEGAL_CHARACTERS_RE.sub("", text))[:MOST_CHARACTERS]


LINE = 13.2
"""Points that one line of ten-point text takes."""


def height_of(texts: Mapping[int, str], widths: Mapping[int, float]) -> float:
    """Points that wrapped texts need in columns of these widths: characters of eleven points, of which ten-point text takes fewer than it loses at the ends of lines."""
    lines = max((math.ceil(len(text) / widths[column]) for column, text in texts.items() if text), default=1)
    return max(lines, 1) * LINE


@lru_cache(maxsize=65536)  # the same words stand on hundreds of rows
def _of_text(text: str, style: int) -> str:
    """A cell of text, after its place."""
    if not text:
        return f' s="{style}"/>'  # its line goes on
    return f' s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(safe_text(text))}</t></is></c>'


class Rows:
    """Rows of one sheet below its headings. Columns are counted from 1; a style is the number that the book gave it."""

    def __init__(self, columns: int):
        self._letters = [get_column_letter(column) for column in range(1, columns + 1)]
        self._written: list[str] = []
        self.last = 0

    def add(self, row: int, cells: Mapping[int, tuple[str | float, int]], height: float | None = None) -> None:
        """One row; empty texts leave an empty cell, numbers that are none leave no cell. `height` in points: not every program fits the row to
        its text before it prints."""
        fitted = f' ht="{height:g}" customHeight="1"' if height else ""
        parts = [f'<row r="{row}"{fitted}>']
        for column, (content, style) in cells.items():
            if isinstance(content, str):
                parts.append(f'<c r="{self._letters[column - 1]}{row}"{_of_text(content, style)}')
            elif math.isfinite(content):
                parts.append(f'<c r="{self._letters[column - 1]}{row}" s="{style}"><v>{content!r}</v></c>')
        self._written.append("".join([*parts, "</row>"]))
        self.last = max(self.last, row)

    @property
    def xml(self) -> str:
        return "".join(self._written)

    @property
    def reach(self) -> str:
        """Last cell of the sheet, for readers that trust its declared size."""
        return f"{self._letters[-1]}{self.last}"


def save(book: Workbook, path: Path, bodies: Mapping[str, Rows]) -> None:
    """Write the book with the rows of `bodies`, by title of sheet, after what each sheet already holds."""
    made = io.BytesIO()
    book.save(made)
    names = {f"xl/worksheets/sheet{n}.xml": bodies.get(sheet.title) for n, sheet in enumerate(book.worksheets, 1)}
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            rows = names.get(entry.filename)
            if rows is not None and rows.last:
                text = data.decode("utf-8")
                text = text.replace("</sheetData>", f"{rows.xml}</sheetData>", 1)
                data = re.sub(r'<dimension ref="[^"]*"', f'<dimension ref="A1:{rows.reach}"', text, count=1).encode()
            new.writestr(entry, data, zipfile.ZIP_DEFLATED)
