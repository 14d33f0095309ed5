"""The macros that rows are judged with, on every character there is."""

import sys
import unicodedata
from itertools import product

import duckdb
import pyarrow as pa

from sources.judge import MACROS


def test_a_cell_is_filled_when_cleaning_it_leaves_something():
    characters = [chr(code) for code in range(1, sys.maxunicode + 1) if unicodedata.category(chr(code)) != "Cs"]
    around = [*filter(str.isspace, characters), "\u200b", "\ufeff", "\u0301", "a"]
    texts = [None, "", *characters, *map("".join, product(around, repeat=2))]
    with duckdb.connect() as con:
        con.execute(MACROS)
        con.register("cell", pa.table({"text": pa.array(texts, pa.string())}))
        differ = con.execute("select text from cell where coalesce(filled(text), false) <> (clean(text) is not null)")
        assert differ.fetchall() == []
        blank, filled = con.execute(
            "select count(*) filter (not filled(text)), count_if(filled(text)) from cell"
        ).fetchone()
    assert blank > len(around) and filled > 100_000
