"""Answers come in the order of what was asked, from one thread or two, and what went wrong is raised."""

import threading

import pytest

from identity.side_by_side import MANY_ROWS, of_each


@pytest.mark.parametrize("rows", [1, MANY_ROWS])
def test_answers_come_in_order_and_a_mistake_is_raised(rows):
    assert of_each(lambda n: 10 // n, [5, 2, 1], rows=rows) == [2, 5, 10]
    with pytest.raises(ZeroDivisionError):
        of_each(lambda n: 10 // n, [5, 0, 1], rows=rows)


def test_two_are_asked_at_once():
    together = threading.Barrier(2, timeout=10)
    assert sorted(of_each(lambda _: together.wait(), range(2), rows=MANY_ROWS)) == [0, 1]
