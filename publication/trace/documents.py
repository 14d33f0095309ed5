"""The origin of every figure of a table, small enough for a page that opens from a disk: one document per programme.

Belongs here: what a reader of the portal may know, without repeating anything: events, files and sets of events are written
once and pointed at. Persons, organisations and answers are only counted, and never per file or per event: a table crossed
with a personal attribute must not say at which event its few members were. Of a figure kept secret nothing is told.

A document:

    {"dataset", "programme", "release",
     "files":   [{"source", "file", "sheet", "received", "read", "accepted", "aside", "twice",
                  "columns": {field: [[letter or null, header], …]}, "refused": [[cell or row, sentence], …]}],
     "events":  [[id, title, first day or date text, place, file, row, [corrections]], …],
     "corrections": [[name, fields, reason, date], …],
     "ways":    [{"row": "event", "fields": […], "shows": column or null, "beside": title or null}, …],
     "sets":    ["0-11,14", …]           events, as ranges of their places in the list
     "values":  [[12, null, 35], …]      what each event of a set brings, in the order of the set
     "figures": {"EV01|total|total": [way, set or null, values or null, number of rows, [[file, row], …] or null, [files] or null]}}

`figures` is keyed by indicator, breakdown and member. The cell of a field is its letter and the row of the event.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from publication.trace import figures, places
from publication.trace.declared import Trace, Traces, entry_of

FOLDER = "origine"
MOST_EVENTS = 2000
"""Events beyond these are counted and not listed: a document stays under half a megabyte."""
MOST_REFUSED = 100

Document = dict[str, Any]


def documents(
    connection: duckdb.DuckDBPyConnection, traces: Traces, datasets: Iterable[str], *, release: int
) -> Iterator[dict[str, Document]]:
    """For each dataset, one document per programme that it has figures for. What several entries ask of the warehouse is asked once."""
    where = places.read(connection)
    by_figure = functools.cache(functools.partial(_by_figure, connection))
    for dataset in datasets:
        drafts: dict[str, _Draft] = {}
        by_trace: dict[int, tuple[Trace, list[dict[str, Any]]]] = {}
        for figure in figures.released(connection, dataset):
            trace = entry_of(traces, dataset, figure["indicator"], figure["breakdown"])
            if trace is not None and not figures.is_secret(figure):
                by_trace.setdefault(id(trace), (trace, []))[1].append(figure)
        for trace, listed in by_trace.values():
            asked = (trace.key, trace.is_shown, trace.shows)
            behind = by_figure(trace.rows, *asked)
            beside = by_figure(trace.beside.rows, *asked) if trace.beside else {}
            for figure in listed:
                programme = figure["programme_id"] or ""
                draft = drafts.setdefault(programme, _Draft(dataset, programme, release, where))
                key = tuple(figure[name] for name in trace.key)
                draft.add(figure, trace, behind.get(key, []), beside.get(key, []))
        yield {programme: draft.document() for programme, draft in sorted(drafts.items())}


def file_name(dataset: str, programme: str) -> str:
    """Where a page finds the document: relative to `public/`."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", lambda found: "".join(f"_{ord(c):x}_" for c in found[0]), programme) or "_"
    return f"{FOLDER}/{dataset}--{safe}.js"


def write(public: Path, found: dict[str, Document]) -> list[str]:
    """Write documents as scripts, which a page opened from a disk may load (it may not fetch JSON). Returns their paths.

    Each calls `observatoire_origine(document)`, which the page defines.
    """
    written = []
    for programme, document in found.items():
        name = file_name(document["dataset"], programme)
        (public / name).parent.mkdir(exist_ok=True)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        (public / name).write_text(f"observatoire_origine({text});\n", encoding="utf-8")
        written.append(name)
    return written


def ranges(numbers: Iterable[int]) -> str:
    """0, 1, 2, 5 → « 0-2,5 »."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def numbers(text: str) -> Iterator[int]:
    """« 0-2,5 » → 0, 1, 2, 5."""
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


class _Draft:
    """A document being written: everything is written once and pointed at by its place."""

    def __init__(self, dataset: str, programme: str, release: int, where: places.Places):
        self._head = {"dataset": dataset, "programme": programme, "release": release}
        self._where = where
        self._events: dict[int, int] = {}
        self._files: dict[int, int] = {}
        self._corrections: dict[Any, int] = {}
        self._sets: dict[str, int] = {}
        self._values: dict[str, int] = {}
        self._ways: dict[int, int] = {}
        self._way_records: list[dict[str, Any]] = []
        self._figures: dict[str, tuple[int, list[dict[str, Any]], Trace, list[Any] | None]] = {}

    def add(self, figure: dict[str, Any], trace: Trace, rows: Sequence[dict], beside: Sequence[dict]) -> None:
        if id(trace) not in self._ways:
            self._ways[id(trace)] = len(self._way_records)
            self._way_records.append(
                {
                    "row": trace.one_row_is,
                    "fields": [*trace.fields, *(trace.beside.fields if trace.beside else ())],
                    "shows": trace.shows,
                    "beside": trace.beside.title if trace.beside else None,
                }
            )
        for row in rows:
            if trace.is_shown and row.get("event_key") in self._where.rank:
                self._events.setdefault(row["event_key"], 0)
        lines = [list(self._where.of(row)) for row in beside]
        self._figures["|".join(figures.identity(figure)[1:])] = (
            self._ways[id(trace)],
            list(rows),
            trace,
            lines or None,
        )

    def document(self) -> Document:
        ordered = sorted(self._events, key=self._where.rank.__getitem__)
        listed = {key: number for number, key in enumerate(ordered[:MOST_EVENTS])}
        # in this order: files are numbered as they are met
        events = [self._event(key) for key in listed]
        behind = self._files_behind()
        figures_out = {name: self._figure(*found, listed, behind) for name, found in self._figures.items()}
        return self._head | {
            "events": events,
            "corrections": [[c.correction_id, c.fields, c.reason, c.added_on] for c in self._corrections],
            "ways": self._way_records,
            "sets": list(self._sets),
            "values": [json.loads(text) for text in self._values],
            "figures": figures_out,
            "files": [self._file_record(key) for key in self._files],
        }

    def _event(self, key: int) -> list[Any]:
        event = self._where.events[key]
        applied = self._where.corrections.get((event["delivery_key"], event["row_number"]), ())
        return [
            event["event_id"],
            event["title"],
            str(event["starts_on"] or event["date_text"] or ""),
            event["place_label"] or "",
            self._file(event["delivery_key"]),
            self._row(event["delivery_key"], event["row_number"]),
            [_once(self._corrections, item) for item in applied],
        ]

    def _files_behind(self) -> dict[int, set[int]]:
        """Of rows that are only counted: the files behind all the figures of their entry, never those of one figure."""
        behind: dict[int, set[int]] = {}
        for way, rows, trace, _ in self._figures.values():
            if not trace.is_shown:
                keys = (self._where.of(row)[0] for row in rows)
                behind.setdefault(way, set()).update(key for key in keys if key in self._where.files)
        return behind

    def _figure(
        self,
        way: int,
        rows: list[dict[str, Any]],
        trace: Trace,
        beside: list[Any] | None,
        listed: dict[int, int],
        behind: dict[int, set[int]],
    ) -> list[Any]:
        shown = _shown(rows, listed, trace) if trace.is_shown else {}
        return [
            way,
            _once(self._sets, ranges(shown)) if trace.is_shown else None,
            _once(self._values, json.dumps(list(shown.values()))) if trace.shows else None,
            len({row.get("event_key") for row in rows}) if trace.is_shown else None,
            [[self._file(key), self._row(key, number)] for key, number in beside if key in self._where.files]
            if beside
            else None,
            None if trace.is_shown else sorted(self._file(key) for key in behind[way]),
        ]

    def _file(self, key: int | None) -> int | None:
        return None if key not in self._where.files else _once(self._files, key)

    def _row(self, key: int | None, number: int | None) -> int | str | None:
        file = self._where.file(key)
        return number if file is None or number is None else file.row(number)

    def _file_record(self, key: int) -> dict[str, Any]:
        file = self._where.files[key]
        asked = {name for way in self._way_records for name in way["fields"]}
        refused = self._where.aside.get(key, ())
        return {
            "source": file.source_title,
            "file": file.file_name,
            "sheet": file.sheet,
            "received": file.received_at,
            "read": file.rows_read,
            "accepted": file.rows_accepted,
            "aside": file.rows_quarantined,
            "twice": file.rows_duplicate,
            "columns": {name: list(map(list, found)) for name, found in file.columns.items() if name in asked},
            "refused": [[file.place(item), item.message] for item in refused[:MOST_REFUSED]],
        }


def _once(known: dict[Any, int], thing: Any) -> int:
    """The place of a thing in a list that holds each once."""
    return known.setdefault(thing, len(known))


def _shown(rows: Sequence[dict], listed: dict[int, int], trace: Trace) -> dict[int, Any]:
    """Place of each listed event of a figure → what it brings."""
    found: dict[int, Any] = {}
    for row in rows:
        key = row.get("event_key")
        if key in listed:
            found.setdefault(listed[key], _plain(row.get(trace.shows)) if trace.shows else None)
    return dict(sorted(found.items()))


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() else round(value, 6)
    return value if value is None or isinstance(value, int | str) else str(value)


def _by_figure(
    connection: duckdb.DuckDBPyConnection, rows: str, key: tuple[str, ...], is_shown: bool, shows: str | None
) -> dict[tuple, list[dict[str, Any]]]:
    """Rows of all figures of an entry, by the columns of its key; for those that are only counted, one per file and a count."""
    columns: set[str] = {name for name, *_ in connection.execute(f"DESCRIBE ({rows})").fetchall()}
    wanted = [name for name in ("event_key", "delivery_key", "row_number", shows) if name in columns]
    if not is_shown:
        wanted = [name for name in ("delivery_key",) if name in columns] or [n for n in wanted if n == "event_key"]
    select = ", ".join([*key, *wanted])
    behind = " OR ".join(f"{name} IS NOT NULL" for name in wanted if name in ("event_key", "delivery_key")) or "true"
    cursor = connection.execute(f"SELECT DISTINCT {select} FROM ({rows}) AS behind WHERE {behind} ORDER BY ALL")
    names = [column[0] for column in cursor.description]
    found: dict[tuple, list[dict[str, Any]]] = {}
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        found.setdefault(tuple(row[name] for name in key), []).append(row)
    return found
