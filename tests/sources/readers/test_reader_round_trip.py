"""Properties: whatever rows are written through whatever dialect, none is lost, moved or changed.

`OBSERVATOIRE_EXAMPLES` multiplies the number of examples (1 by default, for instance 50 for a night).
"""

import codecs
import os
import tempfile
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sources.readers import read_delimited
from sources.readers.encoding import is_macintosh
from sources.readers.signature import signature_of
from sources.readers.spreadsheet_worker import convert

FACTOR = int(os.environ.get("OBSERVATOIRE_EXAMPLES", "1"))
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "cp1252": b"",
}
LETTERS = st.characters(codec="cp1252", exclude_characters="\0", exclude_categories=["Cs"])
NASTY = st.sampled_from(
    ['"', '""', ";", ",", "\t", "|", "\n", "\r\n", "\r", " ", "\xa0", "'", "\\", "=", "œ", "…", "€"]
)
CELLS = st.one_of(st.just(""), st.lists(st.one_of(LETTERS, NASTY), max_size=6).map("".join))
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=8)


def write_cell(cell, delimiter, always):
    """Quote by the rule of RFC 4180, everywhere or only where needed."""
    needed = any(character in cell for character in (delimiter, '"', "\n", "\r"))
    return '"' + cell.replace('"', '""') + '"' if always or needed else cell


@settings(max_examples=200 * FACTOR, suppress_health_check=list(HealthCheck))
@given(
    rows=ROWS,
    delimiter=st.sampled_from([";", ",", "\t", "|"]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    always=st.booleans(),
    final=st.booleans(),
    sep=st.booleans(),
)
def test_delimited_round_trip(rows, delimiter, ending, encoding, always, final, sep):
    lines = [delimiter.join(write_cell(cell, delimiter, always) for cell in row) for row in rows]
    text = (f"sep={delimiter}{ending}" if sep else "") + ending.join(lines) + (ending if final else "")
    content = ENCODINGS[encoding] + text.encode(encoding)
    expected = {number: row for number, row in enumerate(rows, 1) if any(row)}
    assume(expected and signature_of(content) == "text")
    assume(sep or not text.lower().lstrip('"').startswith("sep="))
    assume(encoding != "cp1252" or not (is_utf8(content) or is_macintosh(content)))
    # a line that stands whole in its first cell is put back into columns
    assume(not any(row[0].count(delimiter) >= 3 and not any(row[1:]) for row in rows))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "delivered"
        path.write_bytes(content)
        (sheet,) = read_delimited(path, delimiter=delimiter, file_name="liste.csv")
    assert by_row(sheet.table) == {number: trimmed(row) for number, row in expected.items()}


XML_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
TYPED = st.one_of(st.none(), XML_TEXT, st.integers(-(10**14), 10**14), st.booleans())


@settings(max_examples=40 * FACTOR, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.lists(TYPED, min_size=1, max_size=4), min_size=1, max_size=6), skipped=st.integers(0, 3))
def test_spreadsheet_round_trip(rows, skipped):
    workbook = openpyxl.Workbook()
    for i, row in enumerate(rows, 1 + skipped):
        for j, value in enumerate(row, 1):
            cell = workbook.active.cell(i, j)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    expected = {i: [shown(value) for value in row] for i, row in enumerate(rows, 1 + skipped)}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "delivered"
        workbook.save(path)
        convert(path, "liste.xlsx", None, Path(directory))
        table = open_arrow(Path(directory) / "0.arrow")
    assert by_row(table) == {number: trimmed(row) for number, row in expected.items() if any(row)}


def is_utf8(content):
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not content.isascii()


def by_row(table):
    """Row number → cells as text, empty ones at the end left out."""
    return {row.pop("row_number"): trimmed([cell or "" for cell in row.values()]) for row in table.to_pylist()}


def trimmed(row):
    while row and not row[-1]:
        row = row[:-1]
    return row


def shown(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "VRAI" if value else "FAUX"
    return str(value)


def open_arrow(path):
    import pyarrow as pa

    with pa.OSFile(str(path)) as source:
        return pa.ipc.open_file(source).read_all()
