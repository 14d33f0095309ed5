"""What Arrow reads of regular text is what Python's csv reads, and the rest is left to it."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.readers import regular
from sources.readers.regular import read_regular, reads_like_rows
from sources.readers.sheet import TableBuilder


def by_record(text: str):
    builder = TableBuilder("« a.csv »")
    builder.add(1, list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True)))
    return builder.finish()


@pytest.mark.nights
@settings(max_examples=1000)
@given(st.text(alphabet='a;"\n\r ', min_size=1, max_size=24))
def test_what_is_read_is_what_csv_reads(text):
    table = read_regular(text.encode(), ";")
    if table is not None:
        assert table.to_pydict() == by_record(text).to_pydict()


@settings(max_examples=300)
@given(st.lists(st.lists(st.text(alphabet='aé;"\n ,'), min_size=4, max_size=4), min_size=1, max_size=5), st.booleans())
def test_what_csv_writes_is_regular(rows, everywhere):
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=";", quoting=csv.QUOTE_ALL if everywhere else csv.QUOTE_MINIMAL).writerows(rows)
    text = written.getvalue()
    table = read_regular(text.encode(), ";")
    if (
        "\n\n" in text
        or "\n\r" in text
        or not any(map(any, rows))
        or any(reads_like_rows(cell, 4, ";") for row in rows for cell in row)
    ):
        assert table is None
    else:
        assert table.to_pydict() == by_record(text).to_pydict()


@pytest.mark.parametrize(
    "text",
    ["", "\na;b", "a;b\n\nc;d", "a;b\nc", 'a;b"c\nd;e', '"a"b;c\nd;e', '"a;b\nc;d', "a\0;b", "a;" + "b" * 200_000],
    ids=[
        "empty",
        "blank first",
        "blank line",
        "short",
        "stray quote",
        "text after quote",
        "open quote",
        "NUL",
        "huge cell",
    ],
)
def test_what_is_not_regular_is_left_to_the_strict_reader(text):
    assert read_regular(text.encode(), ";") is None


def test_rows_without_a_cell_are_left_out_and_keep_their_number():
    assert read_regular(b"a;b\n;\nc;d\n", ";").to_pydict() == {
        "row_number": [1, 3], "c1": ["a", "c"], "c2": ["b", "d"]
    }  # fmt: skip


@pytest.mark.parametrize("breaks", ["\n\n", "\n\r\n", "\r\r"])
@pytest.mark.parametrize("letters", range(1, 6))
def test_a_blank_line_is_seen_where_two_looks_meet(monkeypatch, breaks, letters):
    monkeypatch.setattr(regular, "_BLOCK", 4)
    assert read_regular(f"{'a' * letters}{breaks}b".encode(), ";") is None
    assert read_regular(f"{'a' * letters}\nb".encode(), ";").num_rows == 2


def test_a_text_of_more_than_two_gigabytes_is_read_in_several_blocks():
    class SaysItIsLong(bytes):
        def __len__(self):
            return 1 << 31

    assert read_regular(SaysItIsLong(b"a;b\nc;d\n"), ";").to_pydict() == read_regular(b"a;b\nc;d\n", ";").to_pydict()
