"""Text tables: CSV, TSV, « CSV (séparateur : point-virgule) », UTF-16 exports of Teams.

Belongs here: separator, quotes, records, row numbers, and the signs that a file was cut.
Does not belong here: encodings (`encoding`), what the bytes are (`signature`), headers and types (contracts).

The separator is the one of a first line `sep=;`, else the contract's, else it is deduced from the first 50 filled
records of the first 64 KB: among ; , tab and |, those that give at least two cells in half of the records or more; of
these the one whose most frequent width occurs most often, then the widest, then in that order. If none qualifies the
file has one column.

Quotes are strict: text after a closing quote, a quote still open at the end, or a cell between quotes that holds what reads like
rows of the table (two stray quotes, rows apart), is refused with its line, because a lenient reader would glue rows together. Cells keep their text, spaces included; only NUL characters are removed, with
a note.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from rulebook.numbers import plural
from sources.readers.encoding import Encoding, find_encoding
from sources.readers.regular import read_regular, reads_like_rows
from sources.readers.sheet import MAX_CELL, Note, Sheet, TableBuilder, Unreadable, sheet_schema
from sources.readers.signature import empty_file, require_text

MAX_BYTES = 1 << 30
CHUNK_ROWS = 4_096
SAMPLE_CHARACTERS = 65_536
SAMPLE_RECORDS = 50
CANDIDATES = (";", ",", "\t", "|")
NO_DELIMITER = "\x1f"
"""Stands for "one column": the ASCII unit separator, which nobody types."""

_SEP_LINE = re.compile(r'"?sep=(.)"?[ \t]*(\r\n|\n|\r|$)', re.IGNORECASE)
_NAMES = {
    ";": "point-virgule",
    ",": "virgule",
    "\t": "tabulation",
    "|": "barre verticale",
    NO_DELIMITER: "aucun (une seule colonne)",
}


def read_delimited(
    path: Path, *, delimiter: str | None = None, encoding: str | None = None, file_name: str
) -> list[Sheet]:
    """The single sheet of a delimited file, its `name` None.

    `delimiter`: one character, or None to deduce it; `encoding`: a codec name, or None for the rule of `encoding`.
    `row_number` counts records as a spreadsheet program shows them: a quoted line break starts no row, a blank line is
    a row, a first line `sep=;` is none. Short rows are padded with nulls, long ones make further columns.
    Raises Unreadable: the rules of `signature` and `encoding`, `fichier_trop_gros`, `fichier_vide`, `guillemets`,
    `fichier_coupe`, `trop_de_colonnes`, `tableau_demesure`.
    """
    path = Path(path)
    _refuse_size(path, file_name)
    require_text(path, file_name)
    found = find_encoding(path, file_name=file_name, declared=encoding)
    sep, skip_lines, sep_notes = _choose_delimiter(path, found, delimiter)
    table, cut_notes = _read_records(path, found, sep, skip_lines, file_name)
    if table.num_rows == 0:
        raise empty_file(file_name)
    table, wrapped_notes = _unwrapped(table, sep)
    taken_out = plural(found.nuls, "caractère nul a été retiré", "caractères nuls ont été retirés")
    nul_notes = (Note("octets_nuls", f"{taken_out} du texte."),) if found.nuls else ()
    return [Sheet(None, table, (*found.notes, *sep_notes, *nul_notes, *cut_notes, *wrapped_notes))]


def _unwrapped(table: pa.Table, delimiter: str) -> tuple[pa.Table, tuple[Note, ...]]:
    """The table with its lines that stand whole in their first cell put back into columns: a spreadsheet program of another separator opened the
    file in one column, and saved between quotes the lines that had some. Only where they give as many cells as the others have, two of them filled; and
    of a table of one column, where the first line gives a name to each."""
    first, others = table.column(1), table.columns[2:]
    suspects = pc.fill_null(pc.match_substring(first, delimiter), False)
    for column in others if pc.any(suspects).as_py() else ():
        suspects = pc.and_(suspects, pc.is_null(column))
    numbers = pc.indices_nonzero(suspects).to_pylist()
    cells = {number: _cells(first[number].as_py(), delimiter) for number in numbers}
    widths = {len(row) for row in cells.values()}
    width = len(others) + 1
    if width == 1:  # all of them, the header too, or it is a table of one column
        is_a_table = len(widths) == 1 and len(cells) == table.num_rows > 1 and all(cells[0])
        width = widths.pop() if is_a_table else 0
    wrapped = {number: row for number, row in cells.items() if len(row) == width >= 4 and sum(map(bool, row)) > 1}
    if not wrapped:
        return table, ()
    columns = [column.to_pylist() for column in table.columns[1:]]
    columns += [[None] * table.num_rows for _ in range(width - len(columns))]
    for number, row in wrapped.items():
        for column, text in zip(columns, row, strict=True):
            column[number] = text or None
    made = [table.column(0), *(pa.chunked_array([pa.array(column, pa.string())]) for column in columns)]
    message = plural(
        len(wrapped),
        "ligne était tout entière dans sa première cellule, entre guillemets, et a été remise en colonnes",
        "lignes étaient tout entières dans leur première cellule, entre guillemets, et ont été remises en colonnes",
    )
    message += (
        " : le fichier a été ouvert puis enregistré par un tableur. Déposez l'export tel que la plateforme le donne."
    )
    return pa.table(made, schema=sheet_schema(width)), (Note("lignes_entre_guillemets", message),)


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line; none when it is no line of a table."""
    try:
        (row,) = csv.reader(io.StringIO(line, newline=""), delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return []
    return row


def deduce_delimiter(sample: str) -> str:
    """The separator of the first records of a text, by the rule stated at the head of this module.

    A last record that `sample` may have cut does not count.
    """
    scores = []
    for rank, candidate in enumerate(CANDIDATES):
        widths = _widths(sample, candidate)
        several = Counter(width for width in widths if width >= 2)
        if not several or sum(several.values()) * 2 < len(widths):
            continue
        count, width = max((count, width) for width, count in several.items())
        scores.append((count, width, -rank, candidate))
    return max(scores)[-1] if scores else NO_DELIMITER


def _refuse_size(path: Path, file_name: str) -> None:
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(
            "fichier_trop_gros", f"« {file_name} » dépasse {MAX_BYTES >> 20} Mo : découpez-le en plusieurs fichiers."
        )


def _choose_delimiter(path: Path, found: Encoding, declared: str | None) -> tuple[str, int, tuple[Note, ...]]:
    """Separator, number of lines to skip (the `sep=` line), notes."""
    with _text(path, found) as text:
        sample = text.read(SAMPLE_CHARACTERS).replace("\0", "")
        if len(sample) < SAMPLE_CHARACTERS and not sample.endswith(("\n", "\r")):
            sample += "\n"
    if line := _SEP_LINE.match(sample):
        notes: tuple[Note, ...] = ()
        if declared is not None and declared != line[1]:
            message = f"La première ligne (« sep= ») annonce le séparateur {_named(line[1])} alors que {_named(declared)} était prévu."
            notes = (Note("separateur_annonce", message),)
        return line[1], 1, notes
    if declared is None:
        deduced = deduce_delimiter(sample)
        return deduced, 0, (Note("separateur_deduit", f"Séparateur déduit des premières lignes : {_named(deduced)}."),)
    if declared not in sample and (other := deduce_delimiter(sample)) != NO_DELIMITER:
        message = (
            f"Le séparateur prévu ({_named(declared)}) n'apparaît pas ; le fichier semble séparé par : {_named(other)}. "
            "Enregistrez-le avec le séparateur prévu."
        )
        return declared, 0, (Note("separateur_inattendu", message),)
    return declared, 0, ()


def _widths(sample: str, delimiter: str) -> list[int]:
    """Cells per filled record; the last record is left out unless the sample ends with a line break."""
    records = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    widths = []
    try:
        for record in records:
            if any(record):
                widths.append(len(record))
            if len(widths) > SAMPLE_RECORDS:
                break
    except csv.Error:
        pass
    whole = sample.endswith(("\n", "\r")) and len(widths) <= SAMPLE_RECORDS
    return widths if whole else widths[:-1] or widths


def _read_records(
    path: Path, found: Encoding, delimiter: str, skip_lines: int, file_name: str
) -> tuple[pa.Table, tuple[Note, ...]]:
    if not found.nuls and not skip_lines:
        regular = read_regular(_utf8(path, found), delimiter)
        if regular is not None:
            return regular, ()
    builder = TableBuilder(f"« {file_name} »")
    number, lines_read, width = 1, 0, 0
    last_two: list[list[str]] = []
    with _text(path, found) as text, _own_cell_limit():
        records = csv.reader(_lines(text, found, skip_lines), delimiter=delimiter, strict=True)
        try:
            while chunk := list(islice(records, CHUNK_ROWS)):
                width = width or _width(chunk)
                if records.line_num - lines_read > len(chunk):  # some record stands on several lines
                    rank = _with_rows_in_a_cell(chunk, width, delimiter)
                    if rank is not None:
                        raise _glued(path, found, delimiter, skip_lines, file_name, number + rank)
                lines_read = records.line_num
                builder.add(number, chunk)
                number += len(chunk)
                last_two = [record for record in last_two + chunk[-2:] if record][-2:]
        except csv.Error as error:
            raise _quote_error(path, found, delimiter, skip_lines, file_name) from error
    return builder.finish(), _cut_notes(found, last_two, number - 1)


def _width(records: list[list[str]]) -> int:
    """How many cells most of the filled records have; 0 when none is filled."""
    counted = Counter(len(record) for record in records if any(record))
    return max(counted, key=lambda width: counted[width], default=0)


def _with_rows_in_a_cell(records: list[list[str]], width: int, delimiter: str) -> int | None:
    """The rank of the first record with a cell that reads like rows. A record all in its first cell may be one whole line between quotes."""
    for rank, record in enumerate(records):
        if any(record[1:]) and any(reads_like_rows(text, width, delimiter) for text in record):
            return rank
    return None


def _glued(path: Path, found: Encoding, delimiter: str, skip_lines: int, file_name: str, number: int) -> Unreadable:
    """Read again up to this record to say on which lines of the text it starts and ends."""
    with _text(path, found) as text, _own_cell_limit():
        records = csv.reader(_lines(text, found, skip_lines), delimiter=delimiter, strict=True)
        for _ in islice(records, number - 1):
            pass
        start = records.line_num + 1 + skip_lines
        next(records)
        end = records.line_num + skip_lines
    return Unreadable(
        "guillemets",
        f"« {file_name} » a un guillemet ouvert à la ligne {start} qui n'est refermé qu'à la ligne {end} : ce qui est entre les deux se lit comme "
        "des lignes du tableau, qui seraient perdues. Retirez les guillemets en trop de ces lignes, ou refaites l'export, et renvoyez le fichier. Si c'est le texte d'une cellule, mettez-le sur une "
        "seule ligne.",
    )


def _utf8(path: Path, found: Encoding) -> bytes:
    with open(path, "rb") as file:
        file.seek(found.mark_bytes)
        data = file.read()
    return data if found.codec == "utf-8" else data.decode(found.codec, found.errors).encode()


@contextmanager
def _own_cell_limit() -> Iterator[None]:
    """The csv module has one limit for the whole process, which any library may have moved."""
    before = csv.field_size_limit(MAX_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


@contextmanager
def _text(path: Path, found: Encoding) -> Iterator[io.TextIOWrapper]:
    with open(path, "rb") as file:
        file.seek(found.mark_bytes)
        with io.TextIOWrapper(file, encoding=found.codec, errors=found.errors, newline="") as text:
            yield text


def _lines(text: io.TextIOWrapper, found: Encoding, skip_lines: int) -> Iterator[str]:
    """Lines ended by LF, CR or CRLF only: `str.splitlines` would also cut at U+0085 or U+2028."""
    lines: Iterator[str] = islice(text, skip_lines, None) if skip_lines else text
    return map(_without_nuls, lines) if found.nuls else lines


def _without_nuls(line: str) -> str:
    return line.replace("\0", "")


def _cut_notes(found: Encoding, last_two: list[list[str]], last_number: int) -> tuple[Note, ...]:
    """A last row shorter than the one before it, and no line break at the end: perhaps the rest never arrived.

    The row is kept. Programs that write no final line break still write all the cells of the last row.
    """
    if found.ends_with_newline or len(last_two) < 2 or len(last_two[1]) >= len(last_two[0]):
        return ()
    message = (
        f"La dernière ligne ({last_number}) n'a que {plural(len(last_two[1]), 'cellule')} au lieu de {len(last_two[0])} et ne se termine "
        "pas par un retour à la ligne : le fichier a peut-être été coupé, vérifiez qu'il est complet."
    )
    return (Note("fin_de_fichier", message),)


def _quote_error(path: Path, found: Encoding, delimiter: str, skip_lines: int, file_name: str) -> Unreadable:
    """Read again record by record to say on which line of the text the faulty record starts."""
    start = 1 + skip_lines
    with _text(path, found) as text, _own_cell_limit():
        records = csv.reader(_lines(text, found, skip_lines), delimiter=delimiter, strict=True)
        try:
            for _ in records:
                start = records.line_num + 1 + skip_lines
        except csv.Error as error:
            reason = str(error)
    if "unexpected end of data" in reason:
        return Unreadable(
            "fichier_coupe",
            f"« {file_name} » est coupé : un guillemet ouvert à la ligne {start} n'est jamais refermé ; "
            "refaites l'export, ou corrigez ce guillemet, et renvoyez le fichier complet.",
        )
    if "field limit" in reason:
        return Unreadable(
            "guillemets",
            f"« {file_name} » contient, à partir de la ligne {start}, une cellule de plus de "
            f"{MAX_CELL} caractères : "
            "un guillemet ouvert n'y est sans doute pas refermé ; corrigez-le et renvoyez le fichier.",
        )
    return Unreadable(
        "guillemets",
        f"« {file_name} » a des guillemets mal placés à la ligne {start} : une cellule qui commence par un "
        "guillemet doit finir par "
        'un guillemet, et les guillemets intérieurs être doublés ("") ; corrigez-la ou refaites l\'export.',
    )


def _named(delimiter: str) -> str:
    return _NAMES.get(delimiter, f"« {delimiter} »")
