"""How cells look where people make it mean something: a colour behind the text, struck text. Read of the XML, told by rows.

Belongs here: which formats of a workbook colour or strike (XLSX, ODS), which texts strike a part of themselves, and the rows that have such a cell. Does not belong here: what a look
may mean, and which rows are worth a word (`sources/looks.py`): a header is coloured too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from xml.parsers import expat

from sources.readers.sheet import PARTLY_STRUCK, STRUCK, Mark, Spans, column_name, extend

_WHITE_INDEXES = {"1", "9", "64", "65"}
"""Of the indexed colours: white twice, and what the system takes for text and paper."""


class XlsxStyles:
    """Handlers for the styles.xml of an XLSX workbook. `looks(format)`: what the cells of a format show, by its number in `cellXfs`."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self._list = ""  # fonts, fills or cellXfs: others have elements of the same names
        self._fills: list[str | None] = []
        self._is_struck: list[bool] = []
        self._formats: list[tuple[int, int]] = []
        parser.StartElementHandler = self._start

    def looks(self, number: str) -> Iterable[str]:
        """STRUCK, and the colour behind the text, when the cells of this format have them."""
        if not number.isdecimal() or int(number) >= len(self._formats):
            return
        font, fill = self._formats[int(number)]
        if font < len(self._is_struck) and self._is_struck[font]:
            yield STRUCK
        if fill < len(self._fills) and (colour := self._fills[fill]):
            yield colour

    def marks(self, spans_of: dict[str, Spans]) -> tuple[Mark, ...]:
        """The marks of a sheet whose filled cells of each format stand in these rows."""
        found: dict[str, Spans] = defaultdict(list)
        for number, spans in spans_of.items():
            for look in self.looks(number):
                found[look] += spans
        return marks(found)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match self._list, tag.rpartition(" ")[2]:
            case _, ("fonts" | "fills" | "cellXfs" | "cellStyleXfs" | "dxfs") as name:
                self._list = name
            case "fonts", "font":
                self._is_struck.append(False)
            case "fonts", "strike" if self._is_struck:
                self._is_struck[-1] = attributes.get("val", "1") not in ("0", "false")
            case "fills", "fill":
                self._fills.append(None)
            case "fills", "fgColor" if self._fills:
                self._fills[-1] = _xlsx_colour(attributes)
            case "cellXfs", "xf":
                self._formats.append((_number(attributes, "fontId"), _number(attributes, "fillId")))


class StruckTexts:
    """Handlers for the shared strings of an XLSX workbook, or for a sheet: the texts with a struck run, whole or in part. Slow: for the parts
    where something is struck. `strings`: look of a shared string, by its rank; `cells`: look of a cell, by its row and column."""

    def __init__(self, parser: expat.XMLParserType, shared: Mapping[int, str]) -> None:
        self.strings: dict[int, str] = {}
        self.cells: dict[tuple[int, int], str] = {}
        self._parser, self._shared = parser, shared
        self._rank = self._row = self._column = 0
        self._is_shared = self._is_struck = self._is_phonetic = False
        self._kinds: set[bool] = set()
        self._texts: list[str] = []
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(" ")[2]:
            case "row":
                self._row, self._column = _number(attributes, "r") or self._row + 1, 0
            case "c":
                self._is_shared = attributes.get("t") == "s"
                self._column = _column(attributes.get("r", "")) or self._column + 1
            case "si" | "is":
                self._kinds, self._is_struck = set(), False
            case "r":
                self._is_struck = False
            case "strike":
                self._is_struck = attributes.get("val", "1") not in ("0", "false")
            case "rPh":
                self._is_phonetic = True
            case "v" | "t":
                self._texts = []
                self._parser.CharacterDataHandler = self._texts.append

    def _end(self, tag: str) -> None:
        match tag.rpartition(" ")[2]:
            case "t":
                self._parser.CharacterDataHandler = None
                if not self._is_phonetic and "".join(self._texts).strip():
                    self._kinds.add(self._is_struck)
            case "r":
                self._is_struck = False
            case "rPh":
                self._is_phonetic = False
            case "v":
                self._parser.CharacterDataHandler = None
                rank = "".join(self._texts).strip() if self._is_shared else ""
                if rank.isdecimal() and (look := self._shared.get(int(rank[:12]))):
                    self.cells[self._row, self._column] = look
            case "is" if True in self._kinds:
                self.cells[self._row, self._column] = self._look()
            case "si":
                if True in self._kinds:
                    self.strings[self._rank] = self._look()
                self._rank += 1

    def _look(self) -> str:
        return STRUCK if self._kinds == {True} else PARTLY_STRUCK


def spans_of_texts(cells: Mapping[tuple[int, int], str]) -> dict[str, Spans]:
    """The rows of each look of `StruckTexts.cells`; of those struck in part, column by column."""
    found: dict[str, Spans] = defaultdict(list)
    for (row, column), look in sorted(cells.items()):
        extend(found[look if look == STRUCK else partly_struck(column)], row, row)
    return found


def partly_struck(column: int) -> str:
    """The look of a column, counted from 1, whose cells are struck in part."""
    return f"{PARTLY_STRUCK} {column_name(column)}"


def _column(address: str) -> int:
    number = 0
    for letter in address.rstrip("0123456789")[:5].upper():
        number = number * 26 + max(ord(letter) - 64, 0)
    return number


def _number(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(name, "0")
    return int(text) if text.isdecimal() else 0


def _xlsx_colour(attributes: dict[str, str]) -> str | None:
    """A name for a colour, None when it is that of the paper."""
    if rgb := attributes.get("rgb", "").upper()[-6:]:
        return None if rgb == "FFFFFF" else rgb
    if theme := attributes.get("theme"):
        tint = attributes.get("tint", "0")
        return None if theme == "0" and tint == "0" else f"theme {theme} {tint}"
    index = attributes.get("indexed", "")
    return f"index {index}" if index and index not in _WHITE_INDEXES else None


def ods_look(tag: str, attributes: dict[str, str]) -> str | None:
    """STRUCK or a colour, when this element of an ODS style (`table-cell-properties`, `text-properties`) asks for it."""
    said = {key.rpartition(" ")[2]: value.lower() for key, value in attributes.items()}
    if tag == "table-cell-properties":
        colour = said.get("background-color", "transparent")
        return None if colour in ("transparent", "#ffffff") else colour
    struck = said.get("text-line-through-style", said.get("text-line-through-type", "none"))
    return None if struck == "none" else STRUCK


def marks(spans_of: dict[str, Spans]) -> tuple[Mark, ...]:
    """One mark per look, its rows in order, each once."""
    found = []
    for look, spans in sorted(spans_of.items()):
        merged: Spans = []
        for first, last in sorted(spans):
            extend(merged, first, last)
        found.append(Mark(look, tuple((first, last) for first, last in merged)))
    return tuple(found)
