"""What a release says of the one before: every row that came, went or changed, and no other."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publication.changelog import ADDED, CHANGED, REMOVED, Change, compare
from publication.tables import csv_rows

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "member": st.sampled_from(["59", "62", "80", None]),
            "value": st.sampled_from([None, 0.0, 1.0, float("nan")]),
            "unit": st.sampled_from(["event", None]),
        }
    ),
    max_size=6,
)


def table(rows: list[dict], **columns: pa.DataType) -> pa.Table:
    names = {"member": pa.string(), "value": pa.float64(), "unit": pa.string()} | columns
    return pa.table({n: pa.array([row.get(n) for row in rows], kind) for n, kind in names.items()})


def changes(old: list[dict], new: list[dict]) -> list[Change]:
    return compare({"d": table(old)}, {"d": table(new)})


def test_rows_that_come_go_and_change():
    old = [{"member": "59", "value": 1.0}, {"member": "62", "value": 2.0}, {"member": "80", "value": 3.0}]
    new = [{"member": "59", "value": 1.0}, {"member": "62", "value": 2.5, "unit": "event"}, {"member": "02"}]
    assert changes(old, new) == [
        Change("d", ADDED, ("02",)),
        Change("d", CHANGED, ("62",), "value", "2", "2.5"),
        Change("d", CHANGED, ("62",), "unit", "", "event"),
        Change("d", REMOVED, ("80",), old="3"),
    ]


def test_a_row_said_twice_that_is_said_once_went():
    twice = [{"member": "59", "value": 1.0}] * 2
    assert changes(twice, twice[:1]) == [Change("d", REMOVED, ("59", "#2"), old="1")]
    assert changes(twice[:1], twice) == [Change("d", ADDED, ("59", "#2"), new="1")]


def test_a_column_that_is_new():
    old, new = table([{"member": "59"}]), table([{"member": "59", "note": "?"}], note=pa.string())
    assert compare({"d": old}, {"d": new}) == [Change("d", CHANGED, ("59",), "note", "", "?")]


@pytest.mark.parametrize("words", [["a"], ["a", "b"]])
def test_a_column_of_lists(words):
    old, new = (table([{"member": "59", "words": w}], words=pa.list_(pa.string())) for w in (["a"], words))
    assert [c.new for c in compare({"d": old}, {"d": new})] == (["a|b"] if len(words) > 1 else [])


@given(ROWS, ROWS)
def test_nothing_that_differs_is_left_untold(old, new):
    told = changes(old, new)
    came = sum(c.kind == ADDED for c in told) - sum(c.kind == REMOVED for c in told)
    assert len(old) + came == len(new)
    assert changes(old, old) == []
    assert told or sorted(csv_rows(table(old))) == sorted(csv_rows(table(new)))


def test_the_same_rows_in_another_order_are_no_change():
    rows = [{"member": str(n), "value": n / 3} for n in range(500)]
    assert changes(rows, rows[::-1]) == []
