"""What is asked of Great Expectations, and how it is set up.

It takes some ten milliseconds to answer, whatever the number of rows, and the tables have most of their expectations in common. So
trials that ask the same (class, arguments, types of the columns) are one question: their columns stand one below the other, and the
rows that fail go back to the trial that brought them. A question is first asked for a yes or a no, then, after a no, for the
positions of the rows; never for a value.

Belongs here: questions and answers. Does not belong here: which rows a trial has, what the verdict says of it (`trial`).
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from expectations.lean_import import lean_import
from expectations.trial import PLACES, Trial

COLUMN_NAMES = "ExpectTableColumnsToMatchOrderedList"

#: Stands first in the columns of a key: a key is unique among the rows of its own trial.
WHOSE = "whose"


def ask_all(trials: list[Trial]) -> None:
    """Give each trial its `success` and its `failing` rows, or its `error`. Raises what opening a context raises."""
    questions: dict[str, list[Trial]] = {}
    for trial in trials:
        questions.setdefault(_question(trial), []).append(trial)
    with quiet():
        context = open_context()
        for question in questions.values():
            try:
                _ask(question, context)
            except Exception as error:
                for trial in question:
                    trial.interrupted(error)


def _question(trial: Trial) -> str:
    e = trial.expectation
    types = [str(column.dtype) for column in trial.columns]
    # a class that judges a table has nothing to say of its rows, unless the tables are the same
    table = "" if e.judges == "rows" else trial.header if e.expectation == COLUMN_NAMES else id(trial)
    return json.dumps([e.expectation, _arguments(trial), types, table], default=repr)


def _arguments(trial: Trial) -> dict[str, Any]:
    """Those of the expectation; its columns are named by their place."""
    kwargs = trial.expectation.kwargs
    if trial.expectation.expectation == COLUMN_NAMES:
        return kwargs
    places: dict[str, Any] = {place: place for place in PLACES if place in kwargs}
    if "column_list" in kwargs:
        places["column_list"] = [WHOSE, *map(str, range(len(kwargs["column_list"])))]
    return {**kwargs, **places}


def _frame(trials: list[Trial]) -> Any:
    """The columns of the trials one below the other, under the names that `_arguments` gives; rows are numbered from 0."""
    import numpy as np
    import pandas as pd

    if trials[0].expectation.expectation == COLUMN_NAMES:
        return pd.DataFrame(columns=trials[0].header)
    arguments = _arguments(trials[0])
    listed = arguments.get("column_list", [WHOSE])[1:]
    names = [*(place for place in PLACES if place in arguments), *listed]
    columns = zip(names, zip(*(trial.columns for trial in trials), strict=True), strict=True)
    frame = pd.DataFrame({name: pd.concat(parts, ignore_index=True) for name, parts in columns})
    if listed:
        frame.insert(0, WHOSE, np.repeat(np.arange(len(trials)), [len(trial.positions) for trial in trials]))
    return frame


def _ask(trials: list[Trial], context: Any) -> None:
    """One question. When the answer does not say which trials it is about, they are asked one by one."""
    import great_expectations.expectations as gxe
    import numpy as np

    asked = trials[0].expectation
    try:
        expectation = getattr(gxe, asked.expectation)(**_arguments(trials[0]))
    except Exception as error:
        for trial in trials:
            trial.error = f"Les arguments du contrôle sont incorrects ({type(error).__name__})."
        return
    validator = _validator(_frame(trials), context)
    answer = _answer(validator, expectation, "BOOLEAN_ONLY")
    holds = answer is not None and answer.success is True
    failing: list[int] = []
    if answer is not None and not holds and asked.judges == "rows":
        answer = _answer(validator, expectation, "COMPLETE")
        failing = sorted(int(n) for n in (answer and answer.result.get("unexpected_index_list")) or ())
    if len(trials) > 1 and (answer is None or (asked.judges == "rows" and not holds and not failing)):
        for trial in trials:
            _ask([trial], context)
        return
    ends = np.cumsum([len(trial.positions) for trial in trials])
    parts = np.split(np.array(failing, int), np.searchsorted(failing, ends[:-1]))
    for trial, end, part in zip(trials, ends, parts, strict=True):
        if answer is None:
            # never the message: it may quote a cell
            trial.error = "Le contrôle a échoué techniquement : type de colonne inattendu ?"
        trial.failing = [int(n) for n in part - (end - len(trial.positions))]
        trial.success = holds or (len(trials) > 1 and asked.judges == "rows" and not trial.failing)


def _validator(frame: Any, context: Any) -> Any:
    """As a batch makes it for itself, which would hash the frame twice to give it a name that nobody asks for."""
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.validator.validator import Validator

    engine = PandasExecutionEngine(batch_data_dict={"rows": frame})
    return Validator(execution_engine=engine, data_context=context)


def _answer(validator: Any, expectation: Any, detail: str) -> Any:
    """The result, or None when Great Expectations raised."""
    # without index column names the index itself is returned: the number of the row in the frame
    how = {"result_format": detail, "exclude_unexpected_values": True}
    with _configured_once():
        (result,) = validator.graph_validate([expectation.configuration], {"result_format": how})
    return None if _raised(result.exception_info) else result


@contextmanager
def _configured_once() -> Iterator[None]:
    """GX writes the configuration of an expectation anew for each key it looks up there, fifty times for each: a third of an audit.
    While this lasts, each has one."""
    from great_expectations.expectations.expectation import Expectation

    kind: Any = Expectation  # no type allows to replace a property of it
    written: dict[int, tuple[Expectation, Any]] = {}  # the expectation too: its `id` is its own as long as it is kept
    as_it_comes = kind.configuration

    def configuration(self: Expectation) -> Any:
        if id(self) not in written:
            written[id(self)] = self, as_it_comes.fget(self)
        return written[id(self)][1]

    kind.configuration = property(configuration)
    try:
        yield
    finally:
        kind.configuration = as_it_comes


def _raised(exception_info: Any) -> bool:
    """GX gives one record, or one per metric when a metric failed."""
    if not exception_info:
        return False
    if "raised_exception" in exception_info:
        return bool(exception_info["raised_exception"])
    return True


def open_context() -> Any:
    """An ephemeral context: no store on disk, no progress bar."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with lean_import():
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


@contextmanager
def quiet() -> Iterator[None]:
    """GX logs the traceback of a failed metric, cells included: nothing of it may reach a log file."""
    logger = logging.getLogger("great_expectations")
    level, propagate = logger.level, logger.propagate
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        try:
            yield
        finally:
            logger.setLevel(level)
            logger.propagate = propagate
