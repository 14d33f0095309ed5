"""JSON exports and pages of platform APIs: records in, one sheet of raw text out.

Belongs here: nested objects to columns named by dotted paths, lists to rows or to one cell, label/value pairs to
columns. Does not belong here: decoding JSON (`json_documents`), fetching pages (clients), types of values, meaning of
columns (contracts).

The sheet has a header in row 1, made of dotted paths (`order.code`, `positions.attendee_name`), then one row per
record: the record of index i (from 0, counted over all the documents of the file) is row i + 2, and stays so when the
same file is read again. With `explode`, what is counted is the rows that come out. Columns stand in the order of
first appearance, those of an exploded list after those of the records that hold it.

What a cell says:

- null and an absent key are an empty cell (null); a text "" stays "".
- a number is the text of the file (`12.50`, `1E3`), a boolean VRAI or FAUX.
- a list of scalars is joined with ` ; ` (`join_list`), as JSON text when the join could not be taken apart again;
  `split_list` undoes it.
- a list of objects gives one column per path (`payments.state`), each cell being the list of what the objects say.

What makes a column: any scalar, null included, except a null where other records have an object (`invoice_address` beside
`invoice_address.company`). An empty list or object says nothing and makes none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rulebook.numbers import agreed, plural
from sources.readers.encoding import find_encoding
from sources.readers.json_documents import records_of, require_json, too_deep
from sources.readers.sheet import MAX_CELLS, MAX_COLUMNS, Note, Sheet, Unreadable
from sources.readers.tables import number_labels

SEPARATOR = " ; "
BATCH_ROWS = 4_096
MAX_DEPTH = 64
NO_LABEL = "(sans libellé)"

Row = dict[int, str | None]


@dataclass(frozen=True)
class Pairs:
    """A list of label/value objects that becomes one column per label, named `<path>.<label>`.

    `path`: dotted path of the list from the record. `name`: path of the label in each object.
    `value`: path of the value, or several of which the first that is there and not null counts (Typeform: `text`,
    `number`, `choices.labels`…); a value that is an object or a list is flattened like any other.
    The second object with the same label is `<path>.<label> (2)`; one without label is `<path>.(sans libellé)`.
    """

    path: str
    name: str
    value: str | tuple[str, ...]


def read_records(
    path: Path,
    *,
    file_name: str,
    records: str = "",
    explode: str = "",
    keep_empty: bool = False,
    pairs: Sequence[Pairs] = (),
    leave_out: Sequence[str] = (),
    tagged_lists: bool = False,
    encoding: str | None = None,
) -> list[Sheet]:
    """The single sheet of a JSON file, of JSON Lines, or of a bundle of pages (one JSON document per line); its `name` None.

    `records`: dotted path to the list in each document, "" when the document is the list or a single record.
    `explode`: dotted path, from the record, of a list whose every element gives a row, what is above being repeated;
    lists met on the way are exploded too. A record without an element gives no row, or one if `keep_empty`; a note says
    how many.
    `pairs`: see Pairs. `leave_out`: paths that are not read at all, with everything under them.
    `tagged_lists`: lists start with a code, as Grist writes them: `["L", a, b]` is a list, `["d", n]` a date, `["E", …]`
    an error (empty cell, with a note).
    `encoding`: as for text tables (mark, else strict UTF-8, else cp1252).

    No record at all (`{"results": []}`) gives a sheet of 0 rows without header: an answer, not an error.
    Raises Unreadable: the rules of `encoding` and `json_documents`, `trop_de_colonnes`, `tableau_demesure`.
    """
    path = Path(path)
    require_json(path, file_name)
    found = find_encoding(path, file_name=file_name, declared=encoding)
    layout = _Layout(file_name, pairs, leave_out, tagged_lists)
    rows = _Exploded(layout, tuple(explode.split(".")) if explode else (), keep_empty)
    table = _Table(layout)
    try:
        for record in records_of(path, found, file_name=file_name, records=records):
            for row in rows.of(record):
                table.add(row)
    except RecursionError:
        raise too_deep(file_name) from None
    rows.refuse_wrong_path()
    return [Sheet(None, table.finish(), (*found.notes, *rows.notes(), *layout.notes(), *table.notes()))]


def join_list(values: Sequence[str | None]) -> str | None:
    """One cell for a list: joined with ` ; ` when splitting gives the same list back, else a JSON array of texts and nulls.

    The JSON form serves when an element contains the separator, when one among several is null or "", and when the
    joined text would itself begin with `[`. A list of nothing but nulls is an empty cell.
    """
    texts = [value for value in values if value is not None]
    if not texts:
        return None
    joined = SEPARATOR.join(texts)
    decidable = len(texts) == len(values) and not joined.startswith("[") and joined.split(SEPARATOR) == texts
    if decidable and (len(texts) == 1 or "" not in texts):
        return joined
    return json.dumps(list(values), ensure_ascii=False)


def split_list(cell: str | None) -> list[str | None]:
    """The list that `join_list` made `cell` of."""
    if cell is None:
        return []
    return json.loads(cell) if cell.startswith("[") else list(cell.split(SEPARATOR))


class _Node:
    """One path: its column once something was met there, and how lists and objects found there are to be read."""

    __slots__ = ("children", "column", "depth", "known", "label", "left_out", "pairs")

    def __init__(self, label: str | None, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise RecursionError
        self.label, self.depth = label, depth
        self.children: dict[str, _Node] = {}
        self.column: int | None = None
        self.known: dict[str, int] = {}  # the columns of the children, for the most frequent case
        self.pairs: tuple[tuple[str, ...], tuple[tuple[str, ...], ...]] | None = None
        self.left_out = False

    def child(self, key: str) -> _Node:
        found = self.children.get(key)
        if found is None:
            found = self.children[key] = _Node(key if self.label is None else f"{self.label}.{key}", self.depth + 1)
        return found


class _Layout:
    """The tree of paths, shared by all the records of a file, and the flattening of one value into a row."""

    def __init__(self, file_name: str, pairs: Sequence[Pairs], leave_out: Sequence[str], tagged_lists: bool) -> None:
        self.file_name = file_name
        self.root = _Node(None)
        self.columns: list[_Node] = []
        self.tagged_lists = tagged_lists
        self.errors = 0
        for each in pairs:
            values = (each.value,) if isinstance(each.value, str) else tuple(each.value)
            self.at(each.path).pairs = _steps(each.name), tuple(_steps(value) for value in values)
        for path in leave_out:
            self.at(path).left_out = True

    def at(self, path: str) -> _Node:
        node = self.root
        for key in path.split("."):
            node = node.child(key)
        return node

    def put(self, node: _Node, value: Any, row: Row) -> None:
        """Write `value`, found at `node`, into `row`."""
        kind = type(value)
        if kind is dict:
            known = node.known
            for key, inner in value.items():
                if (inner is None or type(inner) is str) and key in known:
                    row[known[key]] = inner
                elif not (child := node.child(key)).left_out:
                    self.put(child, inner, row)
                    if child.column is not None:
                        known[key] = child.column
        elif kind is list:
            if value:
                self._put_list(node, value, row)
        else:
            column = node.column if node.column is not None else self._new_column(node)
            row[column] = _text(value)

    def _put_list(self, node: _Node, value: list, row: Row) -> None:
        if node.pairs is not None and all(type(each) is dict for each in value):
            self.put(node, _as_object(value, *node.pairs), row)
        elif self.tagged_lists and type(value[0]) is str and len(value[0]) == 1 and value[0].isalpha():
            self._put_tagged(node, value, row)
        elif any(type(each) in (dict, list) for each in value):
            parts: list[Row] = []
            for each in value:
                parts.append({})
                self.put(node, each, parts[-1])
            for column in dict.fromkeys(chain.from_iterable(parts)):
                row[column] = join_list([part.get(column) for part in parts])
        else:
            column = node.column if node.column is not None else self._new_column(node)
            row[column] = join_list([_text(each) for each in value])

    def _put_tagged(self, node: _Node, value: list, row: Row) -> None:
        """Grist's encoding of cells: https://support.getgrist.com/code/modules/GristData/ (CellValue)."""
        code, *rest = value
        if code == "E":
            self.errors += 1
            rest = []
        self.put(node, rest[0] if code in ("d", "D") and rest else rest, row)

    def _new_column(self, node: _Node) -> int:
        if len(self.columns) == MAX_COLUMNS:
            raise Unreadable(
                "trop_de_colonnes",
                f"« {self.file_name} » a plus de {MAX_COLUMNS} champs différents : vérifiez l'export, ou le chemin des "
                "enregistrements dans le contrat.",
            )
        node.column = len(self.columns)
        self.columns.append(node)
        return node.column

    def notes(self) -> tuple[Note, ...]:
        if not self.errors:
            return ()
        message = plural(
            self.errors,
            "cellule contient une erreur de formule sur la plateforme : elle est lue comme vide.",
            "cellules contiennent une erreur de formule sur la plateforme : elles sont lues comme vides.",
        )
        return (Note("cellule_en_erreur", message),)


class _Exploded:
    """The rows of each record."""

    def __init__(self, layout: _Layout, path: tuple[str, ...], keep_empty: bool) -> None:
        self.layout, self.path, self.keep_empty = layout, path, keep_empty
        self.records = self.without = 0
        self.met = False
        self.lists: dict[str, None] = {}

    def of(self, record: dict[str, Any]) -> list[Row]:
        self.records += 1
        if not self.path:
            row: Row = {}
            self.layout.put(self.layout.root, record, row)
            return [row]
        return self._rows(record, self.layout.root, self.path)

    def _rows(self, value: Any, node: _Node, path: tuple[str, ...]) -> list[Row]:
        if not path or type(value) is not dict:
            row: Row = {}
            self.layout.put(node, value, row)
            return [row]
        row = {}
        self.layout.put(node, {key: inner for key, inner in value.items() if key != path[0]}, row)
        if not self.met:
            self.lists |= {key: None for key, inner in value.items() if type(inner) is list}
        inner = value.get(path[0])
        self.met = self.met or (path[0] in value and len(path) == 1)
        elements = inner if type(inner) is list else [] if inner is None else [inner]
        child = node.child(path[0])
        below = [row | each for element in elements for each in self._rows(element, child, path[1:])]
        if elements:
            return below
        self.without += 1
        return [row] if self.keep_empty else []

    def refuse_wrong_path(self) -> None:
        """A path found in no record would otherwise lose them all."""
        if self.path and self.records and not self.met:
            there = ", ".join(f"« {each} »" for each in self.lists) or "aucune"
            raise Unreadable(
                "liste_absente",
                f"Dans « {self.layout.file_name} », aucun enregistrement n'a de liste « {'.'.join(self.path)} » "
                f"(listes présentes : {there}). Corrigez le chemin « explode » du contrat, ou refaites l'export.",
            )

    def notes(self) -> tuple[Note, ...]:
        if not self.without:
            return ()
        one, many = (
            ("a donné une ligne", "ont donné une ligne chacun")
            if self.keep_empty
            else ("n'a donné aucune ligne", "n'ont donné aucune ligne")
        )
        records = plural(self.without, "enregistrement")
        message = f"{records} dont la liste « {'.'.join(self.path)} » est vide {agreed(self.without, one, many)}."
        return (Note("liste_vide", message),)


class _Table:
    """Rows in, Arrow out, by batches: a hundred thousand records never exist as Python objects."""

    def __init__(self, layout: _Layout) -> None:
        self.layout = layout
        self.rows: list[Row] = []
        self.batches: list[pa.Table] = []
        self.first_number = 2
        self.empty = self.repaired = 0
        self.filled: set[int] = set()

    def add(self, row: Row) -> None:
        self.rows.append(row)
        if len(self.rows) == BATCH_ROWS:
            self._flush()

    def finish(self) -> pa.Table:
        """Header row, then the rows; wholly empty ones are left out and their numbers skipped."""
        self._flush()
        kept = [i for i, node in enumerate(self.layout.columns) if i in self.filled or not _has_columns(node)]
        if not self.batches:
            return pa.table([pa.array([], pa.int32())], names=["row_number"])
        labels = number_labels([self._clean(self.layout.columns[i].label or "") or None for i in kept])
        header = {"row_number": pa.array([1], pa.int32())}
        header |= {f"p{i}": pa.array([label], pa.string()) for i, label in zip(kept, labels, strict=True)}
        schema = pa.schema(
            [("row_number", pa.int32()), *((f"p{i}", pa.string()) for i in range(len(self.layout.columns)))]
        )
        whole = pa.concat_tables([schema.empty_table(), pa.table(header), *self.batches], promote_options="default")
        whole = whole.select(["row_number", *(f"p{i}" for i in kept)])
        return whole.rename_columns(["row_number", *(f"c{i}" for i in range(1, len(kept) + 1))])

    def _flush(self) -> None:
        width = len(self.layout.columns)
        numbers = range(self.first_number, self.first_number + len(self.rows))
        self.first_number += len(self.rows)
        sound = [(number, row) for number, row in zip(numbers, self.rows, strict=True) if any(row.values())]
        self.empty += len(self.rows) - len(sound)
        self.rows = []
        if not sound:
            return
        if width * self.first_number > MAX_CELLS:
            raise Unreadable(
                "tableau_demesure",
                f"« {self.layout.file_name} » forme un tableau de plus de {MAX_CELLS // 1_000_000} millions de "
                "cellules : découpez l'export, ou écartez des champs dans le contrat (« leave_out »).",
            )
        columns = {"row_number": pa.array([number for number, _ in sound], pa.int32())}
        every = range(width)
        for i, values in enumerate(zip(*(map(row.get, every) for _, row in sound), strict=True)):
            column = self._column(values)
            if column.null_count < len(column):
                self.filled.add(i)
                columns[f"p{i}"] = column
        self.batches.append(pa.table(columns))

    def _column(self, values: Sequence[str | None]) -> pa.Array:
        try:
            column = pa.array(values, pa.string())
        except UnicodeEncodeError:
            column = None
        if column is None or pc.any(pc.match_substring(column, "\0")).as_py():
            column = pa.array([None if value is None else self._clean(value) for value in values], pa.string())
        return column

    def _clean(self, text: str) -> str:
        """Without NUL, and with the halves of characters that JSON allows to escape (`\\ud800`) as U+FFFD."""
        cleaned = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "")
        self.repaired += cleaned != text
        return cleaned

    def notes(self) -> tuple[Note, ...]:
        notes = []
        if self.empty:
            message = plural(
                self.empty,
                "enregistrement entièrement vide a été laissé de côté.",
                "enregistrements entièrement vides ont été laissés de côté.",
            )
            notes.append(Note("enregistrement_vide", message))
        if self.repaired:
            message = plural(self.repaired, "texte contenait", "textes contenaient")
            message += " un caractère impossible (nul ou incomplet), retiré ou remplacé par �."
            notes.append(Note("caractere_invalide", message))
        return tuple(notes)


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _text(value: Any) -> str | None:
    if type(value) is bool:
        return "VRAI" if value else "FAUX"
    return value if type(value) is str else None


def _get(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if type(value) is dict else None
    return value


def _as_object(elements: list[dict], name: tuple[str, ...], values: tuple[tuple[str, ...], ...]) -> dict[str, Any]:
    """Label/value objects to one object; labels met again are numbered."""
    found: dict[str, Any] = {}
    for element in elements:
        label = _text(_get(element, name)) or NO_LABEL
        value = next(_present(element, values), None)
        key, occurrence = label, 1
        while key in found:
            occurrence += 1
            key = f"{label} ({occurrence})"
        found[key] = value
    return found


def _present(element: dict, paths: tuple[tuple[str, ...], ...]) -> Iterator[Any]:
    for path in paths:
        value = _get(element, path)
        if value is not None:
            yield value


def _has_columns(node: _Node) -> bool:
    return any(child.column is not None or _has_columns(child) for child in node.children.values())
