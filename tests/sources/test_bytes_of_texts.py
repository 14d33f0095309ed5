"""Which rows hold some bytes: slices, nulls, texts without any, and what stands on the edge of two blocks."""

import numpy as np
import pyarrow as pa
import pytest

from sources import bytes_of_texts
from sources.bytes_of_texts import NO_BYTE, bytes_of, first_bytes, rows_with

COLUMN = pa.array(["gone", "é!", None, "", "a!", "!b", "c"], pa.string())[1:]


def test_the_bytes_of_a_slice_begin_with_its_first_text():
    characters, starts = bytes_of(COLUMN)
    assert bytes(characters) == "é!a!!bc".encode() and starts.tolist() == [0, 3, 3, 3, 5, 7, 8]
    assert bytes_of(COLUMN[:0])[1].tolist() == [0] and bytes_of(pa.nulls(2, pa.string()))[1].tolist() == [0, 0, 0]


def test_the_first_byte_of_each_text_is_told():
    assert first_bytes(COLUMN).tolist() == [0xC3, NO_BYTE, NO_BYTE, ord("a"), ord("!"), ord("c")]
    assert first_bytes(pa.nulls(1, pa.string())).tolist() == [NO_BYTE]


@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_rows_are_found_once_wherever_blocks_end(monkeypatch, block):
    monkeypatch.setattr(bytes_of_texts, "_BLOCK", block)
    column = pa.array(["a!!!", "b", "!", "!!"], pa.string())
    marks = lambda block: block == ord("!")  # noqa: E731
    assert rows_with(marks, *bytes_of(column)).tolist() == [0, 2, 3]

    def twice(block: np.ndarray) -> np.ndarray:
        found = marks(block)
        found[:-1] &= found[1:]
        found[-1:] = False
        return found

    # the mark of « ! » is followed by that of the next text: whoever looks at neighbours looks at the text again
    assert rows_with(twice, *bytes_of(column), beyond=1).tolist() == [0, 2, 3]
    assert rows_with(marks, *bytes_of(pa.nulls(3, pa.string()))).tolist() == []
