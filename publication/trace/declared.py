"""How figures are made from rows: the entries of `dbt_project/traces/<dataset>.yml`, sealed in the dictionary of a candidate.

Belongs here: the grammar of an entry and finding the one of a figure. Does not belong here: running it (`figures`), any
SQL: the entries hold it, beside the models they retrace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

import rulebook
from rulebook.strict import Strict

ANY = "any"
EVENT, TERRITORY = "event", "territory"
SHOWN = (EVENT, TERRITORY)
ONLY_COUNTED = ("person", "organisation", "answer")
MEASURES = ("value", "numerator", "denominator", "lower", "upper")


class TraceError(Exception):
    """An entry does not follow the grammar. The message is French and names file and line."""


class Beside(Strict):
    """Other lines to show with a figure, which no formula counts."""

    title: str
    fields: tuple[str, ...]
    rows: str


class Trace(Strict):
    """How the figures of some indicators are made: rows of the released warehouse, and formulas over those of one figure."""

    indicators: tuple[str, ...]
    one_row_is: Literal["event", "territory", "person", "organisation", "answer"]
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

    @model_validator(mode="after")
    def _counts_persons_only(self) -> Trace:
        if self.shows and not self.is_shown:
            raise ValueError("« shows » imprimerait ligne à ligne ce qui est seulement compté")
        return self

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


class _TraceFile(BaseModel):
    """Other keys hold what entries share (`&lists`)."""

    model_config = ConfigDict(frozen=True)

    dataset: str
    traces: tuple[Trace, ...]


def read_files(directory: Path) -> dict[str, list[dict[str, Any]]]:
    """The entries of every file of `directory`, by dataset, as they go into the dictionary. Raises TraceError."""
    found = {}
    for path in sorted(Path(directory).glob("*.yml")):
        file = rulebook.read(path, _TraceFile, TraceError)
        if file.dataset != path.stem:
            raise TraceError(
                f"{path.name} : « dataset » vaut {file.dataset} mais le fichier s'appelle {path.stem}.yml."
            )
        found[path.stem] = [trace.model_dump(mode="json", exclude_unset=True) for trace in file.traces]
    return found


def parse(entries: Mapping[str, list[Mapping[str, Any]]]) -> Traces:
    """Entries by dataset, checked. Raises TraceError."""
    try:
        return {dataset: tuple(map(Trace.model_validate, listed)) for dataset, listed in entries.items()}
    except ValidationError as error:
        raise TraceError(rulebook.sentences("dictionary.json", error)) from None


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
