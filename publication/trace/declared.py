"""How figures are made from rows: the entries of `dbt_project/traces/<dataset>.yml`, sealed in the dictionary of a candidate.

Belongs here: the grammar of an entry and finding the one of a figure. Does not belong here: running it (`figures`), any
SQL: the entries hold it, beside the models they retrace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

ANY = "any"
EVENT, TERRITORY = "event", "territory"
SHOWN = (EVENT, TERRITORY)
ONLY_COUNTED = ("person", "organisation", "answer")
MEASURES = ("value", "numerator", "denominator", "lower", "upper")


class TraceError(Exception):
    """An entry does not follow the grammar; the message is for the engineer who wrote it."""


@dataclass(frozen=True)
class Beside:
    """Other lines to show with a figure, which no formula counts."""

    title: str
    fields: tuple[str, ...]
    rows: str


@dataclass(frozen=True)
class Trace:
    """How the figures of some indicators are made: rows of the released warehouse, and formulas over those of one figure."""

    dataset: str
    indicators: tuple[str, ...]
    one_row_is: str
    rows: str
    value: str
    numerator: str | None = None
    denominator: str | None = None
    lower: str | None = None
    upper: str | None = None
    breakdowns: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    shows: str | None = None
    beside: Beside | None = None

    @property
    def is_shown(self) -> bool:
        """Whether its rows may be listed one by one; persons, organisations and answers are only counted."""
        return self.one_row_is in SHOWN

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that name one figure in the rows."""
        own = ("indicator",) if ANY in self.indicators else ()
        return ("programme_id", *own, "breakdown", "member")

    def counts_persons_by(self, columns: Collection[str]) -> bool:
        """Whether it counts rows about persons by what one of these columns says of them."""
        said = " ".join((self.rows, self.value))
        return self.one_row_is in ONLY_COUNTED and re.search(rf"\b({'|'.join(columns)})\b", said) is not None

    def takes(self, indicator: str, breakdown: str) -> bool:
        return (ANY in self.indicators or indicator in self.indicators) and (
            not self.breakdowns or breakdown in self.breakdowns
        )


Traces = Mapping[str, tuple[Trace, ...]]
"""Entries by dataset."""


def read_files(directory: Path) -> dict[str, list[dict[str, Any]]]:
    """The entries of every file of `directory`, by dataset, as they go into the dictionary. Raises TraceError."""
    from ruamel.yaml import YAML

    found = {}
    for path in sorted(Path(directory).glob("*.yml")):
        document = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("dataset") != path.stem:
            raise TraceError(f"{path.name}: `dataset` is not {path.stem}")
        found[path.stem] = [dict(entry) for entry in document.get("traces") or ()]
    parse(found)
    return found


def parse(entries: Mapping[str, list[Mapping[str, Any]]]) -> Traces:
    """Entries by dataset, checked. Raises TraceError."""
    return {dataset: tuple(_entry(dataset, entry) for entry in listed) for dataset, listed in entries.items()}


def of_dictionary(path: Path) -> Traces:
    """The entries sealed in a dictionary.json; none when the file is absent (releases made before traces) or has none."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return parse(document.get("traces") or {})


def entry_of(traces: Traces, dataset: str, indicator: str, breakdown: str) -> Trace | None:
    """The entry of one figure: one that names its breakdown before one that takes them all."""
    taking = [trace for trace in traces.get(dataset, ()) if trace.takes(indicator, breakdown)]
    return max(taking, key=lambda trace: (bool(trace.breakdowns), ANY not in trace.indicators), default=None)


def _entry(dataset: str, entry: Mapping[str, Any]) -> Trace:
    known = {field.name for field in fields(Trace)} - {"dataset"}
    if unknown := entry.keys() - known:
        raise TraceError(f"{dataset}: unknown keys in a trace: {', '.join(sorted(unknown))}")
    if missing := {"indicators", "one_row_is", "rows", "value"} - entry.keys():
        raise TraceError(f"{dataset}: missing in a trace: {', '.join(sorted(missing))}")
    if entry["one_row_is"] not in (*SHOWN, *ONLY_COUNTED):
        raise TraceError(
            f"{dataset}: one_row_is: {entry['one_row_is']!r} is none of {', '.join((*SHOWN, *ONLY_COUNTED))}"
        )
    if entry.get("shows") and entry["one_row_is"] not in SHOWN:
        raise TraceError(f"{dataset}: {entry['indicators']}: `shows` would print what is only counted")
    beside = entry.get("beside")
    values = dict(entry) | {
        "indicators": tuple(entry["indicators"]),
        "breakdowns": tuple(entry.get("breakdowns") or ()),
        "fields": tuple(entry.get("fields") or ()),
        "beside": Beside(beside["title"], tuple(beside["fields"]), beside["rows"]) if beside else None,
    }
    return Trace(dataset=dataset, **values)
