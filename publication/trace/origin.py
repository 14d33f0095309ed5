"""One figure, from its value to the cells it comes from.

Belongs here: the rows of a figure put where they stand. Does not belong here: printing. Events are listed one by one;
persons, organisations and answers are counted per file, for staff. Of a figure kept secret nothing is told.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import duckdb

from publication.trace import figures, places
from publication.trace.declared import Trace
from publication.trace.places import Aside, Correction, File

PLACED = (*figures.IDENTITY, "row_number")
"""Columns of a row behind a figure that say which figure, and where the row stands."""


@dataclass(frozen=True)
class Line:
    """One row behind a figure. `shown`: what it brings to it. `cells`: (cell, header). `name`: the event, or else the row, in any release;
    `says`: all that the figure takes from it."""

    name: tuple[str, ...]
    says: tuple[tuple[str, str], ...]
    title: str
    when: str
    where: str
    shown: float | str | None
    file: File | None
    row_number: int | None
    cells: tuple[tuple[str, str | None], ...]
    corrections: tuple[Correction, ...]


@dataclass(frozen=True)
class Origin:
    """Where one figure comes from. `counted`: rows per file when they may only be counted. `aside`: refused cells of these files."""

    figure: dict[str, Any]
    trace: Trace | None
    recomputed: float | None
    lines: tuple[Line, ...]
    beside: tuple[Line, ...]
    counted: tuple[tuple[File | None, int], ...]
    aside: tuple[tuple[File, tuple[Aside, ...]], ...]

    @property
    def is_exact(self) -> bool:
        return self.trace is not None and figures.same(self.figure["value"], self.recomputed)


def origin(
    connection: duckdb.DuckDBPyConnection, where: places.Places, trace: Trace | None, figure: dict[str, Any]
) -> Origin:
    """The origin of one released figure (a row of `figures.released`)."""
    if trace is None or figures.is_secret(figure):
        return Origin(figure, trace, None, (), (), (), ())
    made = figures.recomputed(connection, trace)
    again = made.get(tuple(figure[name] for name in trace.key), {}).get("value")
    rows = figures.rows_behind(connection, trace, figure)
    beside = figures.rows_beside(connection, trace, figure)
    lines: tuple[Line, ...] = ()
    counted: tuple[tuple[File | None, int], ...] = ()
    if trace.is_shown:
        lines = tuple(_lines(where, trace.fields, trace.shows, rows))
    else:
        # a row that carries places of its own and has none stands for an event that nobody came to
        tally = Counter(
            where.of(row)[0] for row in rows if "delivery_key" not in row or row["delivery_key"] is not None
        )
        counted = tuple(
            (where.file(key), number)
            for key, number in sorted(tally.items(), key=lambda pair: (-pair[1], pair[0] or 0))
        )
    shown_beside = tuple(_lines(where, trace.beside.fields if trace.beside else (), None, beside))
    keys = dict.fromkeys(line.file.key for line in (*lines, *shown_beside) if line.file)
    keys |= dict.fromkeys(file.key for file, _ in counted if file)
    aside = tuple((where.files[key], where.aside[key]) for key in keys if key in where.aside)
    return Origin(figure, trace, again, lines, shown_beside, counted, aside)


def _lines(where: places.Places, fields: tuple[str, ...], shows: str | None, rows: list[dict[str, Any]]) -> list[Line]:
    """One line per event or other row, in the order of the events; what an event brings is said once."""
    rows = sorted(rows, key=lambda row: (where.rank_of(row), row.get("row_number") or 0))
    same: dict[tuple, list[dict[str, Any]]] = {}
    for row in rows:
        same.setdefault((row.get("event_key"), row.get("delivery_key"), row.get("row_number")), []).append(row)
    lines = []
    for alike in same.values():
        row = alike[0]
        event = where.event_of(row)
        delivery, number = where.of(row)
        file = where.file(delivery)
        lines.append(
            Line(
                name=_name(event, file, number),
                says=_says(alike),
                title=" ".join(part for part in (event.get("event_id"), event.get("title")) if part),
                when=str(event.get("starts_on") or event.get("date_text") or ""),
                where=event.get("place_label") or "",
                shown=row.get(shows) if shows else None,
                file=file,
                row_number=number,
                cells=tuple(file.cells(fields, number)) if file else (),
                corrections=where.corrections.get((file.key, number), ()) if file and number is not None else (),
            )
        )
    return lines


def _name(event: dict[str, Any], file: File | None, row_number: int | None) -> tuple[str, ...]:
    """An event by its source and identifier; another row by its file and place."""
    if event:
        return (event["source"], event["event_id"])
    return (file.source, file.file_name, str(row_number)) if file else ()


def _says(rows: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """(column, value) of some rows, without the keys that place them."""
    return tuple(
        sorted(
            (name, str(value))
            for row in rows
            for name, value in row.items()
            if name not in PLACED and not name.endswith("_key")
        )
    )
