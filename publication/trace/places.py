"""Where rows stand: events, deliveries, the columns their fields were read from, corrections, rows set aside beside them.

Belongs here: reading these tables of a released warehouse once. Does not belong here: which rows are behind a figure
(`figures`). Nothing here says who a person is: rows about persons have a delivery and a number, no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import duckdb

Row = dict[str, Any]

ROWS_OF_A_SHEET, BETWEEN_SHEETS = 10_000_000, " / "
"""How the landing zone numbers the rows of sheets that are read as one, and what stands between their names (`sources/readers/together.py`)."""


@dataclass(frozen=True)
class File:
    """One delivery: what it is called and what became of its rows. `columns`: field → (letter or None, header)."""

    key: int
    source: str
    source_title: str
    delivery_id: str
    file_name: str
    received_at: str
    sheet: str | None
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    columns: dict[str, tuple[tuple[str | None, str | None], ...]] = field(default_factory=dict)

    def row(self, row_number: int) -> int | str:
        """A row as whoever has the file finds it: 12, « 12 (feuille « Mai ») » where several sheets were read as one."""
        row, sheet = self._row_and_sheet(row_number)
        return f"{row}{sheet}" if sheet else row

    def place(self, aside: Aside) -> int | str:
        """A refused cell as whoever has the file finds it, its row when it has none."""
        row, sheet = self._row_and_sheet(aside.row_number)
        if not sheet:
            return aside.cell or row
        return f"{aside.cell or f'ligne {row}'}{sheet}"

    def _row_and_sheet(self, row_number: int) -> tuple[int, str]:
        names = (self.sheet or "").split(BETWEEN_SHEETS)
        if len(names) == 1:
            return row_number, ""
        rank, row = divmod(row_number, ROWS_OF_A_SHEET)
        return row, f" (feuille « {names[rank]} »)"

    def cells(self, fields: Iterable[str], row_number: int | None) -> list[tuple[str, str | None]]:
        """(cell, header) of some fields in one row: (« G17 », « Participants »); a path stands for a record of a platform."""
        return [
            (f"{letter}{self.row(row_number)}" if letter else header or "", header if letter else None)
            for name in fields
            for letter, header in self.columns.get(name, ())
            if row_number is not None
        ]


@dataclass(frozen=True)
class Correction:
    correction_id: str
    fields: str
    reason: str
    added_on: str


@dataclass(frozen=True)
class Aside:
    """A refused cell of a file: where, and what to do about it."""

    row_number: int
    cell: str | None
    message: str


@dataclass(frozen=True)
class Places:
    """Everything about where rows stand in one released warehouse."""

    files: dict[int, File]
    events: dict[int, Row]
    corrections: dict[tuple[int, int], tuple[Correction, ...]]
    aside: dict[int, tuple[Aside, ...]]

    @cached_property
    def rank(self) -> dict[int, int]:
        """Place of each event among all of them."""
        return {key: number for number, key in enumerate(self.events)}

    def of(self, row: Row) -> tuple[int | None, int | None]:
        """(delivery_key, row_number) of a row behind a figure: its own, else those of its event."""
        if row.get("delivery_key") is not None:
            return row["delivery_key"], row.get("row_number")
        event = self.event_of(row)
        return event.get("delivery_key"), event.get("row_number")

    def event_of(self, row: Row) -> Row:
        """The event of a row; empty when it has none."""
        key = row.get("event_key")
        return {} if key is None else self.events.get(key, {})

    def rank_of(self, row: Row) -> int:
        """Place of the event of a row among all of them; after the last when it has none."""
        key, last = row.get("event_key"), len(self.rank)
        return last if key is None else self.rank.get(key, last)

    def file(self, delivery_key: int | None) -> File | None:
        return None if delivery_key is None else self.files.get(delivery_key)


MOST_REFUSED = 200
"""Refused cells that are told per delivery; a delivery of a million rows may have as many."""

REFUSED = f"""
SELECT delivery_key, row_number, cell, message FROM fct_quarantine
QUALIFY row_number() OVER (PARTITION BY delivery_key ORDER BY row_number, cell, rule) <= {MOST_REFUSED}
ORDER BY delivery_key, row_number, cell, rule
"""

# only lines that are shown: a correction of a list of persons may have changed every row of it
CORRECTIONS_OF_LINES = """
SELECT correction.* FROM fct_correction AS correction
INNER JOIN fct_delivery AS delivery USING (delivery_key)
SEMI JOIN (SELECT source, delivery_id, row_number FROM dim_event {figures}) AS line
    ON line.source = delivery.source AND line.delivery_id = delivery.delivery_id AND line.row_number = correction.row_number
ORDER BY correction.delivery_key, correction.row_number, correction.correction_id
"""
FIGURES = "UNION ALL SELECT source, delivery_id, row_number FROM fct_published_figure"


def read(connection: duckdb.DuckDBPyConnection) -> Places:
    """The places of one warehouse; releases made before a table existed have none of it."""
    tables = {
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
        ).fetchall()
    }

    def rows(table: str, sql: str) -> list[Row]:
        if table not in tables:
            return []
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    columns: dict[int, dict[str, list[tuple[str | None, str | None]]]] = {}
    sheets: dict[int, str | None] = {}
    for row in rows("fct_landed_column", "SELECT * FROM fct_landed_column ORDER BY delivery_key, field, length(column_letter), column_letter, header"):  # fmt: skip
        columns.setdefault(row["delivery_key"], {}).setdefault(row["field"], []).append(
            (row["column_letter"], row["header"])
        )
        sheets[row["delivery_key"]] = row["sheet"]
    files = {
        row["delivery_key"]: File(
            key=row["delivery_key"],
            source=row["source"],
            source_title=row["source_title"] or row["source"],
            delivery_id=row["delivery_id"],
            file_name=row["file_name"],
            received_at=str(row["received_at"])[:10],
            sheet=sheets.get(row["delivery_key"]),
            rows_read=row["rows_read"],
            rows_accepted=row["rows_accepted"],
            rows_quarantined=row["rows_quarantined"],
            rows_duplicate=row["rows_duplicate"],
            columns={name: tuple(found) for name, found in columns.get(row["delivery_key"], {}).items()},
        )
        for row in rows("fct_delivery", "SELECT * FROM fct_delivery")
    }
    by_id = {(file.source, file.delivery_id): file.key for file in files.values()}
    events = {
        row["event_key"]: row | {"delivery_key": by_id.get((row["source"], row["delivery_id"]))}
        for row in rows(
            "dim_event",
            "SELECT event_key, event_id, title, starts_on, date_text, place_label, source, delivery_id, row_number FROM dim_event "
            "ORDER BY starts_on NULLS LAST, event_id",
        )
    }
    corrections: dict[tuple[int, int], list[Correction]] = {}
    for row in rows(
        "fct_correction", CORRECTIONS_OF_LINES.format(figures=FIGURES if "fct_published_figure" in tables else "")
    ):
        corrections.setdefault((row["delivery_key"], row["row_number"]), []).append(
            Correction(row["correction_id"], row["fields"] or "", row["reason"] or "", str(row["added_on"] or ""))
        )
    aside: dict[int, list[Aside]] = {}
    for row in rows("fct_quarantine", REFUSED):
        aside.setdefault(row["delivery_key"], []).append(Aside(row["row_number"], row["cell"], row["message"]))
    return Places(
        files,
        events,
        {place: tuple(found) for place, found in corrections.items()},
        {key: tuple(found) for key, found in aside.items()},
    )
