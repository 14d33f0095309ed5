"""The tables of a release as bytes: Parquet as sealed, CSV written from it.

Belongs here: the shape all datasets share, its key, and how one cell is written in a text file. Does not belong here:
how a figure is shown to a person (`figures`).
"""

import csv
import datetime as dt
import io
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from expectations.candidate import write_parquet

KEY = ("dataset", "programme_id", "indicator", "breakdown", "member", "period")
FIGURES = ("value", "lower", "upper", "numerator", "denominator", "n_with_data", "n_total")
TIDY = (*KEY, *FIGURES, "unit", "obs_status", "conf_status", "caveat")

# A spreadsheet program takes a text that starts so for a formula (CWE-1236).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
QUOTED = re.compile(r'[,"\r\n]')


def read_parquet(data: bytes, columns: Collection[str] | None = None) -> pa.Table:
    """The table, or those of these columns that it has."""
    # one small file: the threads and the dataset layer of read_table cost more than the reading
    file = pq.ParquetFile(pa.BufferReader(data))
    wanted = None if columns is None else [name for name in file.schema_arrow.names if name in columns]
    return file.read(wanted, use_threads=False)


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as a candidate seals it."""
    sink = pa.BufferOutputStream()
    write_parquet(table, sink)
    return sink.getvalue().to_pybytes()


def neutralised(text: str) -> str:
    """The text, with an apostrophe before it when a spreadsheet program would run it."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def csv_cell(value: object) -> str:
    """One cell of a CSV: dot decimals, no thousands, integral numbers without a decimal, empty when there is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return neutralised(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return neutralised("|".join(csv_cell(item) for item in value))
    return str(value)


def csv_rows(table: pa.Table) -> list[list[str]]:
    """Header and rows in the order of the table, one string per cell."""
    return [list(table.column_names), *map(list, _rows(table, csv_cell))]


def csv_bytes(table: pa.Table) -> bytes:
    """UTF-8, commas, line feeds."""
    rows = [map(_quoted, table.column_names), *_rows(table, lambda value: _quoted(csv_cell(value)))]
    return "".join(",".join(row) + "\n" for row in rows).encode("utf-8")


def _rows(table: pa.Table, written: Callable[[Any], str]) -> Iterator[tuple[str, ...]]:
    """The rows, each distinct value of a column written once."""
    columns = []
    for column in table.columns:
        if pa.types.is_nested(column.type):
            columns.append([written(value) for value in column.to_pylist()])
            continue
        encoded = column.combine_chunks().dictionary_encode()
        words = [*map(written, encoded.dictionary.to_pylist()), written(None)]
        places = encoded.indices.fill_null(len(words) - 1).to_numpy()
        columns.append(np.array(words, dtype=object)[places].tolist())
    return zip(*columns, strict=True)


def text_csv(columns: Sequence[str], rows: Iterable[Mapping]) -> bytes:
    """Rows given as mappings, in the same form as `csv_bytes`."""
    return csv_of([columns, *([csv_cell(row[name]) for name in columns] for row in rows)])


def csv_of(lines: Iterable[Iterable[str]]) -> bytes:
    """Lines whose cells are written already, in the same form."""
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines).encode("utf-8")


def _quoted(cell: str) -> str:
    """Python's writer leaves a lone carriage return bare, and its reader then sees two lines."""
    return '"' + cell.replace('"', '""') + '"' if QUOTED.search(cell) else cell


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def by_key(table: pa.Table) -> dict[tuple[str, ...], dict]:
    """Rows by the columns of KEY that the table has; a repeated key gets its rank, so that no row is lost."""
    names = [name for name in KEY if name in table.column_names]
    keys = zip(*(map(_keyed, table[name].to_pylist()) for name in names), strict=True)
    rows: dict[tuple[str, ...], dict] = {}
    for key, row in zip(keys, table.to_pylist(), strict=True):
        rank = 2
        while key in rows:
            key = (*key[: len(names)], f"#{rank}")
            rank += 1
        rows[key] = row
    return rows


def _keyed(value: Any) -> str:
    return "" if value is None else str(value)
