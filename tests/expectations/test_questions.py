"""Trials that ask the same are one question, and each has its own answer."""

import pandas as pd
import pytest

from expectations import questions
from expectations.suite import Expectation
from expectations.trial import Table, Trial

ARGUMENTS = {
    "ExpectColumnValuesToBeBetween": {"column": "value", "min_value": 0},
    "ExpectColumnValuesToNotBeNull": {"column": "value"},
    "ExpectColumnPairValuesAToBeGreaterThanB": {"column_A": "total", "column_B": "value", "or_equal": True},
    "ExpectCompoundColumnsToBeUnique": {"column_list": ["member", "value"]},
    "ExpectColumnDistinctValuesToContainSet": {"column": "value", "value_set": [1, 2]},
    "ExpectTableColumnsToMatchOrderedList": {"column_list": ["member", "value", "total"]},
}


def _trial(table, name, **more):
    expectation = Expectation(
        id="one",
        expectation=name,
        kwargs=ARGUMENTS[name],
        severity="bloquant",
        why="Une raison qui se lit.",
        what_to_do="Un geste qui se fait.",
        **more,
    )
    trial = Trial("ind_x", expectation, Table(pd.DataFrame(table)))
    trial.prepare("", set())
    assert not trial.error
    return trial


def _asked(monkeypatch, *trials):
    """How many questions the trials made, and what each trial knows afterwards."""
    asked, ask = [], questions._ask
    monkeypatch.setattr(questions, "_ask", lambda *question: (asked.append(question), ask(*question)))
    questions.ask_all(list(trials))
    return len(asked), [(trial.success, trial.failing) for trial in trials]


GOOD = {"member": ["a", "b"], "value": [1.0, 2.0], "total": [2.0, 2.0]}


@pytest.mark.parametrize(
    ("name", "bad", "failing"),
    [
        ("ExpectColumnValuesToBeBetween", {**GOOD, "value": [1.0, -1.0]}, [1]),
        ("ExpectColumnValuesToNotBeNull", {**GOOD, "value": [None, 1.0]}, [0]),
        ("ExpectColumnPairValuesAToBeGreaterThanB", {**GOOD, "value": [1.0, 3.0]}, [1]),
        ("ExpectCompoundColumnsToBeUnique", {"member": ["c", "c"], "value": [1.0, 1.0], "total": [2.0, 2.0]}, [0, 1]),
    ],
)
def test_the_rows_that_fail_go_back_to_the_trial_that_brought_them(monkeypatch, name, bad, failing):
    trials = [_trial(table, name) for table in (GOOD, bad, GOOD)]
    assert _asked(monkeypatch, *trials) == (1, [(True, []), (False, failing), (True, [])])


def test_a_key_may_be_that_of_another_trial(monkeypatch):
    trials = [_trial(GOOD, "ExpectCompoundColumnsToBeUnique"), _trial(GOOD, "ExpectCompoundColumnsToBeUnique")]
    assert _asked(monkeypatch, *trials) == (1, [(True, []), (True, [])])


def test_rows_are_those_of_the_condition(monkeypatch):
    name = "ExpectColumnValuesToBeBetween"
    bad = {**GOOD, "value": [-1.0, -2.0]}
    trials = [_trial(bad, name, where="member == 'b'"), _trial(bad, name, where="member == 'a'"), _trial(GOOD, name)]
    assert _asked(monkeypatch, *trials) == (1, [(False, [0]), (False, [0]), (True, [])])
    assert [list(trial.positions) for trial in trials[:2]] == [[1], [0]]


def test_what_is_said_of_a_table_is_said_of_no_other(monkeypatch):
    name = "ExpectColumnDistinctValuesToContainSet"
    trials = [
        _trial({**GOOD, "value": [1.0, 1.0]}, name),
        _trial({**GOOD, "value": [2.0, 2.0]}, name),
        _trial(GOOD, name),
    ]
    assert _asked(monkeypatch, *trials) == (3, [(False, []), (False, []), (True, [])])


def test_tables_with_other_columns_are_other_questions(monkeypatch):
    name = "ExpectTableColumnsToMatchOrderedList"
    trials = [_trial(GOOD, name), _trial(GOOD, name), _trial({**GOOD, "more": [1, 2]}, name)]
    assert _asked(monkeypatch, *trials) == (2, [(True, []), (True, []), (False, [])])


def test_columns_of_another_type_are_another_question(monkeypatch):
    name = "ExpectColumnValuesToBeBetween"
    trials = [_trial(GOOD, name), _trial({**GOOD, "value": ["1", "2"]}, name)]
    nb, answers = _asked(monkeypatch, *trials)
    assert (nb, answers[0]) == (2, (True, []))
    assert not trials[0].error and "techniquement" in trials[1].error


def test_a_trial_that_cannot_be_judged_leaves_the_others_their_answers(monkeypatch):
    """Cells of any kind are of one type for pandas: the question fails as a whole, and each trial is asked alone."""
    name = "ExpectColumnValuesToBeBetween"
    cells = ([1, 2], [1, {}], [1, -1])
    trials = [_trial({**GOOD, "value": pd.Series(c, dtype=object)}, name) for c in cells]
    nb, answers = _asked(monkeypatch, *trials)
    assert nb == 4 and (answers[0], answers[2]) == ((True, []), (False, [1]))
    assert [bool(trial.error) for trial in trials] == [False, True, False]


def test_a_no_without_a_row_is_not_a_yes(monkeypatch):
    """Should Great Expectations refuse and name no row, nobody is told that all is well."""
    answer = questions._answer

    def nameless(*question):
        said = answer(*question)
        said.result.pop("unexpected_index_list", None)
        return said

    monkeypatch.setattr(questions, "_answer", nameless)
    name = "ExpectColumnValuesToBeBetween"
    trials = [_trial(GOOD, name), _trial({**GOOD, "value": [1.0, -1.0]}, name)]
    assert _asked(monkeypatch, *trials) == (3, [(True, []), (False, [])])
