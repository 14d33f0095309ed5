"""Rows of data that look otherwise than the others: by a colour behind the text, struck, or with cells merged. Nothing reads what a look means; it is said.

Belongs here: which looks are worth a word. Does not belong here: how a look is read from a workbook (`sources/readers/looks.py`).
"""

from __future__ import annotations

import numpy as np

from rulebook.numbers import plural
from sources.note import Note
from sources.readers.sheet import MERGED, PARTLY_STRUCK, STRUCK, Mark, Sheet, enumerate_in_french

RARE = 1 / 3
"""Share of the rows of data from which a colour or a merge is layout: one row in two in a striped table, all of them in a coloured column."""


def notes_on_looks(sheet: Sheet, numbers: np.ndarray) -> list[Note]:
    """`numbers`: the rows of data, in order: titles, headers and totals are coloured for their own reasons."""
    struck = merged = coloured = np.zeros(len(numbers), dtype=bool)
    for mark in sheet.marks:
        here = within(mark, numbers)
        if mark.look.startswith(PARTLY_STRUCK):  # refused, by `judge`
            continue
        if mark.look == STRUCK:
            struck = struck | here
        elif here.sum() >= RARE * len(numbers):
            continue
        elif mark.look == MERGED:
            merged = here
        else:
            coloured = coloured | here
    said = []
    if struck.any():
        said.append(
            Note(
                "texte_barre",
                plural(
                    int(struck.sum()),
                    "ligne au texte barré, lue comme les autres",
                    "lignes au texte barré, lues comme les autres",
                )
                + f" : {_rows(sheet, numbers[struck])}. Si le trait veut dire « annulé », "
                "écrivez-le dans une colonne, ou retirez la ligne.",
            )
        )
    if merged.any():
        said.append(
            Note(
                "cellules_fusionnees_en_ligne",
                plural(int(merged.sum()), "ligne aux cellules fusionnées", "lignes aux cellules fusionnées")
                + f" sur plusieurs colonnes, dont seule la première est remplie : {_rows(sheet, numbers[merged])}. "
                "Défusionnez-les et remplissez chaque colonne.",
            )
        )
    if coloured.any():
        said.append(
            Note(
                "lignes_colorees",
                plural(int(coloured.sum()), "ligne d'une autre couleur", "lignes d'une autre couleur")
                + f" que les autres : {_rows(sheet, numbers[coloured])}. Rien ne lit cette couleur : si elle a un sens (annulé, à confirmer), "
                "écrivez-le dans une colonne.",
            )
        )
    return said


def within(mark: Mark, numbers: np.ndarray) -> np.ndarray:
    """Which of these rows look so."""
    firsts, lasts = np.array(mark.spans, dtype=np.int64).T
    at = np.searchsorted(firsts, numbers, side="right") - 1
    return (at >= 0) & (numbers <= lasts[at])


def _rows(sheet: Sheet, numbers: np.ndarray) -> str:
    return enumerate_in_french(sheet.rows(numbers.tolist()))
