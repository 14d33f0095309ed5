"""What `observatoire sources check` and `sources new` print: a trial or a draft, in French lines.

Belongs here: display. Does not belong here: judging a file (`sources/trial.py`), drafting (`sources/drafts.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from orchestration.console import Lines
from rulebook.numbers import grouped, plural

if TYPE_CHECKING:
    from sources.drafts import Draft
    from sources.trial import ColumnTrial, Trial

MAX_LINES = 40
LONGEST_HEADER = 48


def print_trial(trial: Trial, lines: Lines) -> None:
    """The conservation line, then per column, then per row."""
    from sources.trial import KIND_NAMES

    judged = trial.judged
    lines.say(
        f"{'✓' if trial.whole else '!'} {trial.source} : {plural(judged.rows_read, 'ligne lue', 'lignes lues')} = "
        f"{plural(judged.rows_accepted, 'acceptée')} + {grouped(judged.rows_quarantined)} en quarantaine + {grouped(judged.rows_duplicate)} en double"
        f" ({judged.rows_structure} de structure)"
    )
    if trial.sheet.parts:
        lines.say(
            f"    Feuilles lues comme une seule liste : {', '.join(f'« {name} »' for name in trial.sheet.parts)}."
        )
    elif trial.sheet.name:
        lines.say(f"    Feuille « {trial.sheet.name} ».")
    for note in trial.notes:
        lines.say(f"    {note.message}")
    lines.say("Colonnes")
    rows = [_column(column, KIND_NAMES) for column in trial.columns]
    lines.table(rows, ("", "en-tête", "donne", "remplies", "lues", "refusées", "forme"))
    if trial.constants:
        lines.say(f"  Sans colonne, fixés par le contrat : {', '.join(trial.constants)}")
    if trial.absent:
        lines.say(f"  Sans colonne dans ce fichier : {', '.join(trial.absent)}")
    lines.say("Lignes")
    sentences = _sentences(trial)
    for sentence in sentences[:MAX_LINES]:
        lines.say(f"    {sentence}")
    if len(sentences) > MAX_LINES:
        lines.say(f"    … et {plural(len(sentences) - MAX_LINES, 'autre cellule refusée', 'autres cellules refusées')}")
    quarantined = sorted({cell.row_number for cell in trial.refused})
    for said, numbers in (
        ("acceptées", trial.accepted),
        ("en quarantaine", quarantined),
        ("en double", trial.duplicates),
    ):
        if numbers:
            lines.say(f"  {said} : {_rows(trial, numbers)}")
    for reason, count in Counter(reason for _, reason in trial.structure).items():
        lines.say(f"  structure, {reason} : {_rows(trial, [n for n, r in trial.structure if r == reason])} ({count})")


def _sentences(trial: Trial) -> list[str]:
    """One sentence per refused cell; rows refused for the same reason, away from any cell, are said together."""
    alike: dict[str, list[int]] = {}
    for cell in trial.refused:
        if not cell.cell:
            alike.setdefault(cell.message, []).append(cell.row_number)
    said = [f"{_rows(trial, numbers)} : {message}" for message, numbers in alike.items()]
    return said + [f"cellule {cell.cell} : {cell.message}" for cell in trial.refused if cell.cell]


def _column(column: ColumnTrial, names: dict[str, str]) -> tuple[object, ...]:
    gives = ", ".join(f"{name} ({names.get(kind, kind)})" for name, kind in column.fields) or f"– {column.use} –"
    refused = ", ".join(f"{rule} × {count}" for rule, count in column.refused.items())
    header = column.header if len(column.header) <= LONGEST_HEADER else column.header[: LONGEST_HEADER - 1] + "…"
    return (
        column.cell or "",
        header,
        gives,
        column.filled,
        column.parsed if column.fields else "–",
        refused,
        column.form or "",
    )


def _rows(trial: Trial, numbers: Sequence[int]) -> str:
    """Rows, in each sheet that they stand in where several are read as one."""
    from sources.readers.sheet import ROWS_OF_A_SHEET

    if not trial.sheet.parts:
        return spans(numbers)
    by_sheet: dict[str | None, list[int]] = {}
    for number in numbers:
        by_sheet.setdefault(trial.sheet.name_of(number), []).append(number % ROWS_OF_A_SHEET)
    return " ; ".join(f"feuille « {name} », {spans(own)}" for name, own in by_sheet.items())


def spans(numbers: Iterable[int], shown: int = 12) -> str:
    """[2, 3, 4, 7] → « 2 à 4, 7 »: at most `shown` spans, then how many rows are left."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    texts = [str(a) if a == b else f"{a} à {b}" for a, b in found[:shown]]
    left = sum(b - a + 1 for a, b in found[shown:])
    word = "ligne " if len(found) == 1 and found[0][0] == found[0][1] else "lignes "
    return word + ", ".join(texts) + (f" et {plural(left, 'autre')}" if left else "")


def print_draft(draft: Draft, lines: Lines, said_where: Sequence[str]) -> None:
    """The reasons, what is left to a person, and where to go from here."""
    for reason in draft.reasons[:MAX_LINES]:
        lines.say(f"    {reason}")
    if len(draft.reasons) > MAX_LINES:
        lines.say(
            f"    … et {plural(len(draft.reasons) - MAX_LINES, 'autre raison', 'autres raisons')}, dans le fichier"
        )
    if left := sorted(set(re.findall(r"\b[A-Z]+-A-PRECISER\b|\bA-PRECISER\b", draft.yaml))):
        lines.say(f"À remplacer : {', '.join(left)}.")
    if draft.open_slots:
        lines.say(f"À compléter, champs obligatoires : {', '.join(draft.open_slots)}.")
    if draft.to_check:
        lines.say(f"À vérifier, {plural(len(draft.to_check), 'colonne')} sous « ignore ».")
    if draft.problem and not draft.open_slots:
        lines.say(f"Le contrat n'est pas encore valide : {draft.problem}")
    for line in said_where:
        lines.say(line)
