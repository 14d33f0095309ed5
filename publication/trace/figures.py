"""Running the entries on a released warehouse: every figure made again from its rows, and the rows of one figure.

Belongs here: the two queries around an entry's own SQL, and comparing. Does not belong here: files and cells (`origin`),
how anything is printed. The warehouse is opened read-only and closed to the rest of the machine: an entry is SQL that
came with the release.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from publication.trace.declared import MEASURES, Trace, Traces, entry_of

NEAR = 1e-12
"""Relative difference allowed between two sums of the same fractions taken in another order."""

IDENTITY = ("programme_id", "indicator", "breakdown", "member")


@dataclass(frozen=True)
class Mismatch:
    """A figure that its rows do not give: the measure, what is released and what is recomputed. `measure` is empty when no entry
    says how the figure is made."""

    dataset: str
    figure: tuple[str, ...]
    measure: str
    released: float | None = None
    recomputed: float | None = None

    def sentence(self) -> str:
        name = " / ".join(self.figure)
        if not self.measure:
            return f"{name} : aucun tracé ne dit de quelles lignes ce chiffre est fait"
        return f"{name} : {self.measure} vaut {_said(self.released)}, ses lignes donnent {_said(self.recomputed)}"


def mismatches(connection: duckdb.DuckDBPyConnection, traces: Traces, dataset: str) -> list[Mismatch]:
    """Figures of one dataset that do not recompute exactly, totals first. A figure kept secret is not looked at."""
    found = []
    groups: dict[int, tuple[Trace, list[dict[str, Any]]]] = {}
    for figure in released(connection, dataset):
        trace = entry_of(traces, dataset, figure["indicator"], figure["breakdown"])
        if trace is None:
            found.append(Mismatch(dataset, identity(figure), ""))
        else:
            groups.setdefault(id(trace), (trace, []))[1].append(figure)
    for trace, figures in groups.values():
        made = recomputed(connection, trace)
        for figure in figures:
            again = made.get(tuple(figure[name] for name in trace.key), {})
            if not is_secret(figure):
                found += _compared(dataset, figure, again, trace)
    return sorted(found, key=lambda mismatch: (mismatch.figure[2] != "total", mismatch.figure))


def released(connection: duckdb.DuckDBPyConnection, dataset: str) -> list[dict[str, Any]]:
    """Every figure of one dataset as it was released."""
    columns = ", ".join((*IDENTITY, *MEASURES, "obs_status", "conf_status"))
    return _rows(connection.execute(f'SELECT {columns} FROM main."{dataset}" ORDER BY ALL'))


def recomputed(connection: duckdb.DuckDBPyConnection, trace: Trace) -> dict[tuple[str, ...], dict[str, Any]]:
    """Measures of every figure of one entry, by the columns of its key."""
    formulas = ", ".join(f"{formula} AS {measure}_again" for measure, formula in measures_of(trace).items())
    key = ", ".join(trace.key)
    rows = _rows(
        connection.execute(f"WITH behind AS ({trace.rows}) SELECT {key}, {formulas} FROM behind GROUP BY {key}")
    )
    return {
        tuple(row[name] for name in trace.key): {measure: row[f"{measure}_again"] for measure in measures_of(trace)}
        for row in rows
    }


def rows_behind(connection: duckdb.DuckDBPyConnection, trace: Trace, figure: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of one figure, those without anything behind them left out; also how they are found: `delivery_key`, `row_number`."""
    return _chosen(connection, trace.rows, trace.key, figure)


def rows_beside(connection: duckdb.DuckDBPyConnection, trace: Trace, figure: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lines shown with the figure and not counted."""
    return _chosen(connection, trace.beside.rows, trace.key, figure) if trace.beside else []


def measures_of(trace: Trace) -> dict[str, str]:
    """Measure → formula, those that the entry gives."""
    return {name: formula for name in MEASURES if (formula := getattr(trace, name)) is not None}


def identity(figure: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(figure[name] or "") for name in IDENTITY)


def is_secret(figure: Mapping[str, Any]) -> bool:
    """Suppressed by disclosure control: no value to compare, and no row may be told."""
    return figure["obs_status"] == "Q" or (figure["conf_status"] or "F") != "F"


def same(released: Any, again: Any) -> bool:
    """Equal, or two sums of the same fractions."""
    if released is None or again is None:
        return released is None and again is None
    return math.isclose(float(released), float(again), rel_tol=NEAR, abs_tol=0)


def _compared(dataset: str, figure: Mapping[str, Any], again: Mapping[str, Any], trace: Trace) -> list[Mismatch]:
    compared = [name for name in measures_of(trace) if name == "value" or figure[name] is not None]
    return [
        Mismatch(dataset, identity(figure), measure, figure[measure], again.get(measure))
        for measure in compared
        if not same(figure[measure], again.get(measure))
    ]


def _chosen(
    connection: duckdb.DuckDBPyConnection, rows: str, key: Sequence[str], figure: Mapping[str, Any]
) -> list[dict[str, Any]]:
    where = " AND ".join(f"behind.{name} IS NOT DISTINCT FROM ${name}" for name in key)
    found = _rows(
        connection.execute(f"WITH behind AS ({rows}) SELECT * FROM behind WHERE {where}", {k: figure[k] for k in key})
    )
    return [row for row in found if row.get("event_key") is not None or row.get("delivery_key") is not None]


def _rows(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _said(value: Any) -> str:
    return "rien" if value is None else f"{float(value):.12g}".replace(".", ",")
