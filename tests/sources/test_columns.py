"""What Arrow makes of a column, on every character there is and beside what DuckDB makes of it."""

import sys
import unicodedata
from itertools import product

import duckdb
import pyarrow as pa
import pytest

from sources.columns import any_filled, cleaned, distinct, filled, said, says
from sources.judge import MACROS

UNNAMED = {"Cn", "Co"}
"""Code points that no character has yet, and private ones: nine in ten, all alike, of which one in 61 is tried."""
CHARACTERS = [
    chr(code)
    for code in range(1, sys.maxunicode + 1)
    if (category := unicodedata.category(chr(code))) != "Cs" and (category not in UNNAMED or code % 61 == 0)
]


@pytest.fixture(scope="module")
def texts():
    around = [*filter(str.isspace, CHARACTERS), "\u200b", "\ufeff", "\u0301", "a"]
    pairs = map("".join, product(around, repeat=2))
    return pa.array([None, "", *CHARACTERS, *pairs, *(f"a{c} b" for c in CHARACTERS)], pa.string())


def test_a_cell_is_filled_when_cleaning_it_leaves_something(texts):
    assert filled(texts) == cleaned(texts).is_valid()
    assert filled(texts).false_count > 40 and filled(texts).true_count > 100_000


def test_sql_cleans_and_fills_as_arrow_does(texts):
    with duckdb.connect() as con:
        con.execute(MACROS)
        con.register("cell", pa.table({"text": texts}))
        by_sql = con.sql(
            "select clean(text) as text, coalesce(filled(text), false) as filled from cell"
        ).to_arrow_table()
    assert by_sql["text"].combine_chunks().equals(cleaned(texts))
    assert by_sql["filled"].combine_chunks().equals(filled(texts))


def test_words_are_told_without_case_or_accents():
    column = pa.array(["  Payé\u00a0en  LIGNE", "paye en ligne ", "payé", None, " "], pa.string())
    assert said(column).to_pylist() == ["paye en ligne", "paye en ligne", "paye", None, None]
    assert says(column, ["PAYÉ EN LIGNE", "autre"]).to_pylist() == [True, True, False, False, False]


def test_the_distinct_rows_of_columns_come_in_order():
    left, right = pa.array(["a", None, "a", "b", None]), pa.array([None, "x", None, "x", "x"])
    rows, codes = distinct([left, right])
    assert rows == [("a", None), (None, "x"), ("b", "x")] and codes.tolist() == [0, 1, 0, 2, 1]
    assert distinct([pa.array([], pa.string())] * 2)[0] == []


def test_one_filled_column_fills_a_row():
    columns = [pa.array(["a", " ", None]), pa.array([None, "b", "\u2003"])]
    assert any_filled(columns).to_pylist() == [True, True, False]
