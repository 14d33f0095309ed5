"""What changed between two releases, cell by cell.

Belongs here: comparing tables and writing the comparison. Does not belong here: deciding whether a release is made.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache

import numpy as np
import pyarrow as pa

from publication.figures import Rounding, printed, write
from publication.labels import Labels
from publication.shelf import DatasetStatus
from publication.tables import KEY, by_key, csv_cell, csv_of
from publication.versions import Version
from publication.wording import (
    RECONCILIATION,
    STATUSES,
    cell_column,
    dataset_title,
    long_date,
    long_period,
    plural,
    uncapitalised,
)

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
FIGURE = ("value", "lower", "upper")
REVISIONS = "revisions.csv"
"""Every change, for programs; the text names the first MOST_LISTED of each kind, beyond which nobody reads."""
MOST_LISTED = 1000
MOST_DECIMALS = 20
"""Two numbers that differ by less are read alike."""


@dataclass(frozen=True)
class Change:
    """One cell changed (`column`, `old`, `new`), or one row added or removed (`column` empty, its value shown)."""

    dataset: str
    kind: str
    key: tuple[str, ...]
    column: str = ""
    old: str = ""
    new: str = ""


def compare(old: Mapping[str, pa.Table], new: Mapping[str, pa.Table]) -> list[Change]:
    """Changes from one set of datasets to another, in the order of the keys."""
    changes: list[Change] = []
    for dataset in sorted(old.keys() | new.keys()):
        if dataset in old and dataset in new and old[dataset].equals(new[dataset]):
            continue
        if dataset in old and dataset in new:
            before, after = map(by_key, _differing(old[dataset], new[dataset]))
        else:
            before, after = (_values(tables.get(dataset)) for tables in (old, new))
        for key in sorted(before.keys() | after.keys()):
            if key not in before:
                changes.append(Change(dataset, ADDED, key, new=csv_cell(after[key].get("value"))))
            elif key not in after:
                changes.append(Change(dataset, REMOVED, key, old=csv_cell(before[key].get("value"))))
            elif before[key] != after[key]:
                changes.extend(_cells(dataset, key, before[key], after[key]))
    return changes


def _values(table: pa.Table | None) -> dict[tuple[str, ...], dict]:
    """Rows by their key, none without a table: of those that come or go whole only the value is told."""
    return {} if table is None else by_key(table.select([n for n in (*KEY, "value") if n in table.column_names]))


def _differing(old: pa.Table, new: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Both tables without the rows that stand in both, cell for cell: of a region's figures, three in four. Whole where their columns
    differ or cannot be numbered, or where a table says a row twice."""
    if old.schema != new.schema or any(pa.types.is_nested(kind) for kind in old.schema.types):
        return old, new
    rows = np.zeros(old.num_rows + new.num_rows, dtype=np.int64)
    for column in pa.concat_tables([old, new]).columns:
        cells = column.combine_chunks().dictionary_encode(null_encoding="encode").indices.to_numpy()
        rows = np.unique(rows * (len(rows) + 1) + cells, return_inverse=True)[1]
    before, after = rows[: old.num_rows], rows[old.num_rows :]
    if len(np.unique(before)) < len(before) or len(np.unique(after)) < len(after):
        return old, new
    return old.filter(~np.isin(before, after)), new.filter(~np.isin(after, before))


def revised(changes: Sequence[Change], labels: Labels) -> set[tuple[str, ...]]:
    """Keys whose printed figure is not what it was: less than its rounding is a revised cell, and no revised figure."""

    @cache  # thousands of events have the same few numbers
    def shown(indicator: str, breakdown: str, column: str, text: str) -> str:
        return _printed(indicator, breakdown, column, text, labels)

    return {
        c.key
        for c in changes
        if c.kind == CHANGED and c.column in FIGURE
        for indicator, breakdown in [_place(c)]
        if shown(indicator, breakdown, c.column, c.old) != shown(indicator, breakdown, c.column, c.new)
    }


def counted(changes: Sequence[Change]) -> dict[str, int]:
    return {kind: sum(c.kind == kind for c in changes) for kind in (ADDED, REMOVED, CHANGED)}


def summary(counts: Mapping[str, int]) -> str:
    """« 2 cellules révisées, 1 ligne ajoutée »."""
    parts = [
        plural(counts.get(CHANGED, 0), "cellule révisée", "cellules révisées") if counts.get(CHANGED) else "",
        plural(counts.get(ADDED, 0), "ligne ajoutée", "lignes ajoutées") if counts.get(ADDED) else "",
        plural(counts.get(REMOVED, 0), "ligne retirée", "lignes retirées") if counts.get(REMOVED) else "",
    ]
    return ", ".join(part for part in parts if part) or "aucun chiffre n’a changé"


def statuses_changed(
    old: Mapping[str, DatasetStatus], new: Mapping[str, DatasetStatus]
) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """(dataset, status before, status now, reasons) where they differ."""
    rows = []
    for dataset in sorted(old.keys() | new.keys()):
        before = old[dataset].status if dataset in old else ""
        after = new[dataset].status if dataset in new else ""
        if before != after:
            reasons = new[dataset].reasons or new[dataset].reserves if dataset in new else ()
            rows.append((dataset, before, after, reasons))
    return rows


def where(change: Change, labels: Labels) -> str:
    """The key of a change in words: « Événements tenus, département : Nord (59) — programme »."""
    named = dict(zip(KEY, change.key, strict=False))
    text = labels.indicator(named.get("indicator", ""))
    breakdown, member = named.get("breakdown", ""), named.get("member", "")
    if breakdown and breakdown != "total":
        label = labels.member(breakdown, member, named["programme_id"])
        text += f", {uncapitalised(labels.breakdown(breakdown))} : {label}"
    if named.get("period") and named["period"] != "total":
        text += f", {long_period(named['period'])}"
    return f"{text} — {labels.programme(named.get('programme_id'))}"


def in_words(change: Change, labels: Labels) -> tuple[str, str]:
    """What stood before and what stands now, as the tables print it; of two numbers that would be printed alike, the fewest decimals that
    tell them apart."""
    indicator, breakdown = _place(change)
    old, new = (_printed(indicator, breakdown, change.column, text, labels) for text in (change.old, change.new))
    numbers = [float(text) for text in (change.old, change.new) if _NUMBER.fullmatch(text)]
    if len(numbers) < 2 or (old != new and change.column in FIGURE):
        return old, new
    is_share = change.column in FIGURE and labels.indicators.get(indicator, {}).get("unit") == "share"
    for decimals in range(MOST_DECIMALS):
        old, new = (write(number, Rounding(decimals), is_share) for number in numbers)
        if old != new:
            break
    return old, new


def _place(change: Change) -> tuple[str, str]:
    """The indicator of a change and its breakdown: of its key, what tells how a figure is rounded."""
    return change.key[_INDICATOR], change.key[_BREAKDOWN]


_INDICATOR, _BREAKDOWN = KEY.index("indicator"), KEY.index("breakdown")


def _printed(indicator: str, breakdown: str, column: str, text: str, labels: Labels) -> str:
    """A cell of a revision as the tables print it: a figure by the rounding of its indicator, what a code means."""
    unit = labels.indicators.get(indicator, {}).get("unit")
    if column in ("", *FIGURE) and _NUMBER.fullmatch(text):
        row = {"indicator": indicator, "breakdown": breakdown, "unit": unit, "value": float(text)}
        return printed(row, labels).text
    if column == "unit":
        return labels.unit_of({"unit": text}) or text
    if column == "reconciliation_status":
        return RECONCILIATION.get(text, text)
    if column == "blocks_dataset":
        return dataset_title(text)
    pair = {"obs_status": (text, "F"), "conf_status": ("Q", text)}.get(column)
    if pair in labels.signs:
        return labels.signs[pair].meaning
    if pair == ("Q", "F"):
        return "libre"
    return {"true": "oui", "false": "non"}.get(text) or _exact(text)


_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def _exact(text: str) -> str:
    """A cell of a file as it is read: French figures when it is a number, with all of its decimals; the words otherwise."""
    if not _NUMBER.fullmatch(text):
        return text
    number = Decimal(text)
    return write(float(number), Rounding(max(0, -int(number.normalize().as_tuple().exponent))))


def markdown(
    number: int,
    made_at: datetime,
    changes: Sequence[Change],
    moved: Sequence[tuple[str, str, str, tuple[str, ...]]],
    labels: Labels,
    previous: int | None,
    earlier: Sequence[tuple[int, str, str]],
    version: Version,
    figures: Collection[tuple[str, ...]],
) -> str:
    """CHANGELOG.md of one release. `earlier`: (number, date, summary) of those before, newest first. `figures`: those that are `revised`."""
    lines = [f"# Version {number}, {long_date(made_at)}", "", version.sentence(), ""]
    if previous is None:
        lines += [f"Première version : {plural(counted(changes)[ADDED], 'ligne')}.", ""]
    else:
        lines += [f"Par rapport à la version {previous} : {summary(counted(changes))}.", ""]
    if moved and previous is not None:
        lines += [
            "## Tableaux dont le statut a changé",
            "",
            "| tableau | avant | maintenant | pourquoi |",
            "|---|---|---|---|",
        ]
        for dataset, before, after, reasons in moved:
            lines.append(
                _line(dataset_title(dataset), STATUSES.get(before, "—"), STATUSES.get(after, "—"), " ".join(reasons))
            )
        lines.append("")
    if previous is not None:
        lines += _overview(changes, figures, labels)
        for kind, title in ((CHANGED, "Cellules révisées"), (ADDED, "Lignes ajoutées"), (REMOVED, "Lignes retirées")):
            lines += _section(kind, title, changes, labels)
    if earlier:
        lines += ["## Versions précédentes", "", "| version | date | ce qui avait changé |", "|---|---|---|"]
        lines += [_line(str(n), long_date(at), text) for n, at, text in earlier]
        lines.append("")
    return "\n".join(lines)


def _overview(changes: Sequence[Change], figures: Collection[tuple[str, ...]], labels: Labels) -> list[str]:
    """How much changed of each indicator of each programme: what a reader looks at before tens of thousands of cells."""
    if not changes:
        return []
    counts: dict[tuple[str, ...], Counter[str]] = {}
    for key in figures:
        counts.setdefault(key[:3], Counter())["figures"] += 1
    for change in changes:
        counts.setdefault(change.key[:3], Counter())[change.kind] += 1
    lines = [
        "## En résumé",
        "",
        "| tableau | programme | indicateur | chiffres révisés | cellules révisées | lignes ajoutées | lignes retirées |",
    ]
    lines.append("|---|---|---|---|---|---|---|")
    for (dataset, programme, indicator), found in sorted(counts.items()):
        told = (str(found[what]) for what in ("figures", CHANGED, ADDED, REMOVED))
        lines.append(_line(dataset_title(dataset), labels.programme(programme), labels.indicator(indicator), *told))
    return [*lines, ""]


def figures_first(changes: Sequence[Change]) -> list[Change]:
    """Revised cells, values first, then bounds, then what goes with them: one event more changes n and N on every line of its programme, and a
    list that is cut must not be made of these."""
    changed = (change for change in changes if change.kind == CHANGED)
    return sorted(changed, key=lambda change: (change.column != "value", change.column not in FIGURE))


def _section(kind: str, title: str, changes: Sequence[Change], labels: Labels) -> list[str]:
    chosen = figures_first(changes) if kind == CHANGED else [change for change in changes if change.kind == kind]
    if not chosen:
        return []
    lines = [f"## {title}", "", "| chiffre | clé | colonne | avant | après |", "|---|---|---|---|---|"]
    for change in chosen[:MOST_LISTED]:
        cells = (cell or "(vide)" for cell in in_words(change, labels))
        column = cell_column(change.column or "value")
        lines.append(_line(where(change, labels), " / ".join(change.key), column, *cells))
    if len(chosen) > MOST_LISTED:
        lines += ["", f"Et {plural(len(chosen) - MOST_LISTED, 'autre')} : tout est dans `{REVISIONS}`."]
    return [*lines, ""]


def as_csv(changes: Sequence[Change]) -> bytes:
    """`revisions.csv`: a line per change. `occurrence`: « #2 » and so on for a row that its table says again."""
    columns = [*KEY, "occurrence", "change", "column", "old", "new"]
    absent = [""] * (len(KEY) + 1)
    return csv_of([columns, *((*c.key, *absent[len(c.key) :], c.kind, c.column, c.old, c.new) for c in changes)])


def _line(*cells: str) -> str:
    return "| " + " | ".join(escaped(cell) for cell in cells) + " |"


def escaped(cell: str) -> str:
    """Text that neither ends a cell nor opens a tag where the file is shown as a page."""
    for raw, safe in (("\\", "\\\\"), ("|", "\\|"), ("\n", " "), ("\r", " "), ("<", "&lt;")):
        cell = cell.replace(raw, safe)
    return cell


def _cells(dataset: str, key: tuple[str, ...], before: dict, after: dict) -> list[Change]:
    found = []
    for column in dict.fromkeys([*before, *after]):
        if column in KEY or before.get(column) == after.get(column):
            continue
        old, new = csv_cell(before.get(column)), csv_cell(after.get(column))
        if old != new:
            found.append(Change(dataset, CHANGED, key, column, old, new))
    return found
