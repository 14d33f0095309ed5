"""A trial: one expectation, the rows of a table that it is to judge, and what the verdict says of it.

Belongs here: choosing rows and computing columns, refusing to judge nothing (no row, no value, a control that gave no result), and
what may be shown of a row: its key, when the key looks like a code, and the `detail` of a control, stripped of anything that looks
like an address or a phone number. Does not belong here: judging the rows (`questions`), reading tables (`audit`).
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from expectations.candidate import CONTROL_KEY, DATA_KEY
from expectations.french import NO_BREAK, spaced
from expectations.suite import Expectation
from expectations.verdict import MAX_KEYS, Outcome
from rulebook.numbers import agreed

KEYS = {"data": DATA_KEY, "control": CONTROL_KEY}

#: Arguments that name a column; `column_list` names several.
PLACES = ("column", "column_A", "column_B")

#: Shown in place of a key that does not look like a code: what stands there may be a person's.
NOT_A_CODE = "(illisible)"
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_|./:-]{0,63}")
_PHONE = re.compile(r"(?<!\d)(?:\+?33|0)\s?[1-9](?:[\s.-]?\d{2}){4}(?!\d)")
_EMAIL = re.compile(r"\S+@\S+")
_MAX_DETAILS = 5
_MAX_OBSERVED, _MAX_DETAIL = 600, 240
MORE = ", …"


@dataclass
class Table:
    """A frame read from verified bytes, or the reason why there is none."""

    frame: Any = None
    error: str = ""
    may_be_empty: bool = False

    @property
    def rows(self) -> int:
        return 0 if self.frame is None else len(self.frame)

    @functools.cached_property
    def whole(self) -> _Rows:
        return _Rows(self.frame)

    @functools.cached_property
    def programmes(self) -> set[str]:
        if self.frame is None or "programme_id" not in self.frame.columns:
            return set()
        return set(self.frame["programme_id"].dropna())


class _Rows(Mapping[str, Any]):
    """Some rows of a frame, by column. A column is only cut out when an expression or an expectation names it."""

    def __init__(self, frame: Any, positions: Any = None) -> None:
        self._frame = frame
        self.positions = range(len(frame)) if positions is None else positions
        self._column = functools.cache(frame.__getitem__ if positions is None else lambda n: frame[n].iloc[positions])

    def __getitem__(self, name: str) -> Any:
        return self._column(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._frame.columns)

    def __len__(self) -> int:
        return len(self._frame.columns)

    def computed(self, expression: str) -> Any:
        """The column of a pandas expression over these columns, and nothing else. Raises whatever pandas does."""
        import pandas as pd

        # a dictionary of its own: pandas writes into it
        named = {name: self[name] for name in self if name in expression}
        column = pd.eval(expression, engine="python", resolvers=[named], local_dict={}, global_dict={})
        if not isinstance(column, pd.Series) or len(column) != len(self.positions):
            raise TypeError("not a column of these rows")
        return column

    def where(self, condition: str) -> _Rows:
        """Those of all the rows of the frame for which `condition` holds. Raises TypeError when it is no condition."""
        holds = self.computed(condition)
        if holds.dtype != bool:
            raise TypeError("not a condition")
        return _Rows(self._frame, holds.to_numpy().nonzero()[0])


class Trial:
    """One expectation, the rows it is to judge, and what came of it."""

    def __init__(self, dataset: str, expectation: Expectation, table: Table) -> None:
        self.dataset = dataset
        self.expectation = expectation
        self.table = table
        #: Of the rows to judge, in the table.
        self.positions: Any = ()
        #: What the expectation looks into, in the order in which its arguments name the columns: pandas series.
        self.columns: list[Any] = []
        self.error = ""
        self.success: bool | None = None
        #: Among the rows judged, which fail.
        self.failing: list[int] = []

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns that there are."""
        return (*self.table.frame.columns, *self.expectation.compute)

    def prepare(self, broken: str, programmes: set[str]) -> None:
        """Select the rows, compute the columns, and refuse to judge nothing. Sets `error`, or `success` when the case
        that the expectation describes may be absent, and is."""
        self.error = broken or self.table.error
        if self.error:
            return
        import numpy as np

        expectation = self.expectation
        try:
            rows = self.table.whole if expectation.where is None else self.table.whole.where(expectation.where)
            computed = {name: rows.computed(text) for name, text in expectation.compute.items()}
        except Exception as error:
            kind = type(error).__name__
            self.error = f"Lignes impossibles à choisir : colonne absente ou type inattendu ({kind})."
            return
        names = columns_named(expectation)
        if missing := [name for name in names if name not in computed and name not in rows]:
            self.error = f"Colonne absente : {', '.join(missing)}."
            return
        self.positions = rows.positions
        self.columns = [computed[name] if name in computed else rows[name] for name in names]
        unknown = functools.reduce(operator.or_, (column.isna().to_numpy() for column in self.columns), np.False_)
        if expectation.each_programme and (absent := programmes - set(rows.get("programme_id", ()))):
            self.error = f"Rien à contrôler pour : {', '.join(sorted(_code(name) for name in absent))}."
        elif expectation.on == "control" and unknown.any():
            # a count that could not be made is not a count that agrees
            self.error = f"Un contrôle n’a pas donné de résultat ({_counted(int(unknown.sum()), *self._unit())})."
        elif not len(self.positions) or (expectation.expectation not in _JUDGES_NULLS and unknown.all()):
            if expectation.may_be_absent or (self.table.may_be_empty and not self.table.rows):
                self.success = True
            else:
                where = f" ({expectation.where})" if expectation.where else ""
                self.error = f"Aucune valeur à contrôler : la ligne ou le contrôle attendu est absent{where}."

    def interrupted(self, error: Exception) -> None:
        """Never the message: it may quote a cell."""
        self.success, self.error = None, f"Le contrôle s’est interrompu ({type(error).__name__})."

    def outcome(self) -> Outcome:
        """What the verdict says: a trial that nothing answered, or that was interrupted, is an error and does not hold."""
        if self.success is None and not self.error:
            self.error = "Le contrôle n’a rendu aucun résultat."
        failed = not self.success and not self.error
        return Outcome(
            dataset=self.dataset,
            expectation_id=self.expectation.id,
            severity=self.expectation.severity,
            success=bool(self.success) and not self.error,
            rows=self.table.rows,
            failing_keys=tuple(self._keys()) if failed else (),
            observed="" if self.error else spaced(self._observed(failed)),
            why=self.expectation.why,
            what_to_do=self.expectation.what_to_do,
            error=spaced(self.error),
            may_be_empty=self.table.may_be_empty,
        )

    def _keys(self) -> Iterator[dict[str, str]]:
        names = [name for name in KEYS[self.expectation.on] if name in self.table.frame.columns]
        for row in self._failing_rows(MAX_KEYS)[names].to_dict("records"):
            yield {name: _code(row[name]) for name in names}

    def _observed(self, failed: bool) -> str:
        judged = len(self.positions)
        one, many = self._unit()
        if not failed:
            checked = "contrôlée" if one == "ligne" else "contrôlé"
            return _counted(judged, f"{one} {checked}", f"{many} {checked}s")
        if self.expectation.judges == "table":
            return self._observed_of_table()
        text = f"{_counted(len(self.failing), one, many)} en défaut sur{NO_BREAK}{judged}"
        if self.expectation.on == "control" and "detail" in self.table.frame.columns:
            details = self._failing_rows(_MAX_DETAILS)["detail"].dropna()
            text += "".join(f" ; {_without_persons(str(detail))}" for detail in details)
        elif events := self._events_at_fault():
            text += f" ; {events}"
        text = shortened(text, _MAX_OBSERVED)
        return text if text.endswith(MORE) else text + "."

    def _events_at_fault(self) -> str:
        """« MESS25-001, MESS25-014 »: the events, when the rows that fail are of some; whom to ask is said by no other column."""
        rows = self._failing_rows(MAX_KEYS)
        if "breakdown" not in rows.columns or not (rows["breakdown"] == "event").all():
            return ""
        events = list(dict.fromkeys(_code(member) for member in rows["member"]))
        return ", ".join(events[:_MAX_DETAILS]) + (MORE if len(events) > _MAX_DETAILS else "")

    def _unit(self) -> tuple[str, str]:
        """What was judged, one and several: rows of the table; of a control, the programmes that it has a row each for."""
        if self.expectation.on != "control":
            return "ligne", "lignes"
        programmes = self.table.frame.iloc[self.positions].get("programme_id")
        if programmes is not None and programmes.notna().all() and programmes.is_unique:
            return "programme", "programmes"
        return "cas", "cas"

    def _failing_rows(self, at_most: int) -> Any:
        return self.table.frame.iloc[[self.positions[nth] for nth in self.failing[:at_most]]]

    def _observed_of_table(self) -> str:
        """Only words of the suite itself, and column names, are repeated."""
        if self.expectation.expectation == "ExpectColumnDistinctValuesToContainSet":
            present = set(self.columns[0].dropna())
            return f"Manque : {', '.join(str(v) for v in self.expectation.kwargs['value_set'] if v not in present)}."
        columns = [name if re.fullmatch(r"[a-z0-9_]{1,40}", str(name)) else NOT_A_CODE for name in self.header]
        return shortened(f"Colonnes trouvées : {', '.join(columns)}.", _MAX_OBSERVED)


_JUDGES_NULLS = {"ExpectColumnValuesToNotBeNull", "ExpectColumnValuesToBeNull", "ExpectCompoundColumnsToBeUnique"}


def columns_named(expectation: Expectation) -> list[str]:
    """The columns an expectation looks into. The list of columns itself is what the ordered-list class judges."""
    if expectation.expectation == "ExpectTableColumnsToMatchOrderedList":
        return []
    kwargs = expectation.kwargs
    named = [kwargs[place] for place in PLACES if place in kwargs]
    return [str(name) for name in (*named, *kwargs.get("column_list", ()))]


def _counted(n: int, one: str, many: str) -> str:
    return f"{n}{NO_BREAK}{agreed(n, one, many)}"


def _code(value: Any) -> str:
    """A key as shown: a code, nothing, or a sign that it is not one."""
    if value is None or value != value:
        return ""
    text = str(value)
    return text if _CODE.fullmatch(text) and not _PHONE.search(text) else NOT_A_CODE


def _without_persons(text: str) -> str:
    return shortened(_PHONE.sub(NOT_A_CODE, _EMAIL.sub(NOT_A_CODE, text)).rstrip(" ."), _MAX_DETAIL)


def shortened(text: str, most: int) -> str:
    """A text of at most `most` characters; of a longer one the first whole items, and a sign that there are more."""
    if len(text) <= most:
        return text
    kept = text[: most - len(MORE)]
    return (kept.rpartition(", ")[0] or kept) + MORE
