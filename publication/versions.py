"""The version of a release in three numbers, and why it moved: 2.1.0.

Belongs here: what makes a version major (a definition changed: somebody who compares the figures with older ones must know),
minor (new figures: a period, a programme, an indicator, a table) or a patch (the same figures revised). Does not belong
here: deciding whether a release is made (`publish`), its number on the shelf, which counts releases one by one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from publication.wording import dataset_title
from rulebook.numbers import plural

FIRST = "1.0.0"
MAJOR, MINOR, PATCH = "major", "minor", "patch"
WORDS = {MAJOR: "majeure", MINOR: "mineure", PATCH: "correctif", "": "première version"}

DEFINING = (
    "unit",
    "formula",
    "grain",
    "denominator",
    "missing_rule",
    "approximate_rule",
    "rounding",
    "disclosure_rule",
)
"""Columns of a definition that change what a figure means; its name and who prints it do not."""

COLUMNS = "columns"

Definitions = dict[str, dict[str, str]]
"""By dataset: a digest of its columns, and of the definition of each indicator it prints."""


@dataclass(frozen=True)
class Version:
    """`number` as major.minor.patch; `step`: what moved it ('' for the first); `reasons`: French sentences."""

    number: str
    step: str = ""
    reasons: tuple[str, ...] = ()

    def sentence(self) -> str:
        why = f" : {' '.join(self.reasons)}" if self.reasons else "."
        return f"Version {self.number}, {WORDS[self.step]}{why}"


def definitions_of(tables: Mapping[str, pa.Table], indicators: Mapping[str, Mapping[str, Any]]) -> Definitions:
    """Digests of what the figures of some tables mean."""
    found: Definitions = {}
    for dataset, table in tables.items():
        columns = [[field.name, str(field.type)] for field in table.schema]
        found[dataset] = {COLUMNS: _digest(columns)}
        for code in sorted({str(code) for code in table["indicator"].to_pylist()}):
            row = indicators.get(code)
            if row is not None:  # figures named in the words of a document have no definition of ours
                found[dataset][code] = _digest([row.get(name) or "" for name in DEFINING])
    return found


def next_version(
    earlier: Iterable[str],
    before: tuple[Definitions, Mapping[str, pa.Table]] | None,
    now: tuple[Definitions, Mapping[str, pa.Table]],
) -> Version:
    """The version of what is about to be released. `earlier`: versions ever given; `before`: definitions and tables of the
    release it follows, None for the first one.

    A version is never given twice: after a return to an earlier release, the next one still comes after all.
    """
    given = [parsed(text) for text in earlier if text]
    if before is None:
        return Version(FIRST if not given else written(_moved(max(given), MAJOR)))
    reasons, step = _changed(before[0], now[0]), MAJOR
    if not reasons:
        reasons, step = _new(before[1], now[1]), MINOR
    if not reasons:
        reasons, step = [], PATCH
    return Version(written(_moved(max(given, default=parsed(FIRST)), step)), step, tuple(reasons))


def parsed(text: str) -> tuple[int, int, int]:
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch


def written(numbers: tuple[int, int, int]) -> str:
    return ".".join(map(str, numbers))


def _moved(numbers: tuple[int, int, int], step: str) -> tuple[int, int, int]:
    major, minor, patch = numbers
    return {MAJOR: (major + 1, 0, 0), MINOR: (major, minor + 1, 0), PATCH: (major, minor, patch + 1)}[step]


def _changed(before: Definitions, now: Definitions) -> list[str]:
    """What no longer means the same, or is no longer there; a table withheld for a time is not a change of definition."""
    reasons = []
    for dataset in sorted(before.keys() & now.keys()):
        old, new = before[dataset], now[dataset]
        title = dataset_title(dataset)
        if old[COLUMNS] != new[COLUMNS]:
            reasons.append(f"Les colonnes du tableau « {title} » ont changé.")
        redefined = [code for code in old if code != COLUMNS and code in new and old[code] != new[code]]
        gone = [code for code in old if code not in new]
        if redefined:
            reasons.append(f"Définition changée dans « {title} » : {', '.join(redefined)}.")
        if gone:
            reasons.append(f"N’est plus publié dans « {title} » : {', '.join(gone)}.")
    return reasons


def _new(before: Mapping[str, pa.Table], now: Mapping[str, pa.Table]) -> list[str]:
    """Tables, indicators, programmes and periods that the release before did not have."""
    reasons = [f"Nouveau tableau : « {dataset_title(name)} »." for name in sorted(now.keys() - before.keys())]
    for words, column in (
        ("Nouvel indicateur", "indicator"),
        ("Nouveau programme", "programme_id"),
        ("Nouvelle période", "period"),
    ):
        known = {(name, value) for name, table in before.items() for value in table[column].to_pylist()}
        fresh = {
            str(value)
            for name, table in now.items()
            if name in before
            for value in table[column].to_pylist()
            if (name, value) not in known and value is not None
        }
        if fresh:
            shown = sorted(fresh)[:12]
            more = f" et {plural(len(fresh) - 12, 'autre')}" if len(fresh) > 12 else ""
            reasons.append(f"{words} : {', '.join(shown)}{more}.")
    return reasons


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()[:16]
