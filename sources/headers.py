"""Binding the header row of a sheet to the fields of a contract, by normalised name and never by position.

Here: finding the header row, binding, and the sentence that lists unmapped, missing and available columns when it fails.
Not here: values.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from sources.contract import Contract
from sources.values.text import fold


class Unbound(Exception):
    """The header row does not fit the contract: the delivery is held. `rule` and a French `message`."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule, self.message = rule, message


@dataclass(frozen=True)
class Binding:
    """Which column (0-based) feeds which field; optional fields the sheet does not have; header row number (1-based)."""

    header_row: int
    columns: dict[str, int]
    absent: tuple[str, ...]


def column_letter(index: int) -> str:
    """0 → A, 25 → Z, 26 → AA: the column as the spreadsheet program names it."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def bind(contract: Contract, rows: list[tuple[int, tuple[str | None, ...]]], has_data: list[bool]) -> Binding:
    """Find and bind the header among `rows` ((row_number, cells), the first of the sheet).

    `has_data[i]` says whether column i has any text below. Raises Unbound: no header row, a column nobody expects,
    a required column missing, two columns claiming one field.
    """
    owner = {fold(header): name for name, field in contract.fields.items() for header in field.headers}
    ignored = {fold(header) for header in contract.ignore}
    within = [row for row in rows if row[0] <= rows[0][0] + contract.layout.header_within - 1] if rows else []

    def known(cells: tuple[str | None, ...]) -> int:
        return len({fold(cell) for cell in cells if cell} & (owner.keys() | ignored))

    if not within or max(known(cells) for _, cells in within) == 0:
        seen = "; ".join(" | ".join(cell for cell in cells if cell)[:120] for _, cells in within[:3])
        raise Unbound(
            "entete_introuvable",
            f"Aucune ligne d'en-tête reconnue dans les {contract.layout.header_within} premières lignes (lu : « {seen} »). "
            f"En-têtes attendus : {_expected(contract)}. Remettez la ligne d'en-tête du modèle et redéposez le fichier.",
        )
    header_row, cells = max(within, key=lambda row: known(row[1]))

    claims: dict[str, list[int]] = {}
    unmapped: list[int] = []
    for index, cell in enumerate(cells):
        label = fold(cell) if cell else ""
        if label in owner:
            claims.setdefault(owner[label], []).append(index)
        elif label not in ignored and (label or has_data[index]):
            unmapped.append(index)
    twice = {name: indexes for name, indexes in claims.items() if len(indexes) > 1}
    if twice:
        name, indexes = next(iter(twice.items()))
        places = ", ".join(f"« {cells[i]} » (colonne {column_letter(i)})" for i in indexes)
        raise Unbound(
            "entetes_en_double",
            f"Plusieurs colonnes portent le même en-tête : {places}. On ne peut pas savoir laquelle lire pour « {name} » : "
            "renommez ou supprimez celle qui est en trop.",
        )
    missing = [
        name for name, field in contract.fields.items() if field.required and field.headers and name not in claims
    ]
    if unmapped or missing:
        raise Unbound("colonnes_inattendues", _sentence(contract, cells, unmapped, missing, claims))
    absent = tuple(name for name, field in contract.fields.items() if field.headers and name not in claims)
    return Binding(header_row, {name: indexes[0] for name, indexes in claims.items()}, absent)


def _expected(contract: Contract) -> str:
    return ", ".join(f"« {field.headers[0]} »" for field in contract.fields.values() if field.headers)


def _sentence(
    contract: Contract,
    cells: tuple[str | None, ...],
    unmapped: list[int],
    missing: list[str],
    claims: dict[str, list[int]],
) -> str:
    """Lists what is unmapped, what is missing, what is available, and proposes the likely match of a reworded header."""
    free = {fold(h): h for name, field in contract.fields.items() if name not in claims for h in field.headers}
    parts = []
    for index in unmapped:
        label = cells[index]
        column = f"colonne {column_letter(index)}"
        if not label:
            parts.append(f"la {column} a des valeurs mais pas d'en-tête")
            continue
        close = difflib.get_close_matches(fold(label), free, n=1, cutoff=0.5)
        hint = f" (est-ce « {free[close[0]]} » reformulé ?)" if close else ""
        parts.append(f"colonne inconnue « {label} » ({column}){hint}")
    for name in missing:
        parts.append(f"colonne obligatoire absente « {contract.fields[name].headers[0]} »")
    available = ", ".join(f"« {cell} »" for cell in cells if cell)
    return (
        f"{'; '.join(parts)}. Colonnes du fichier : {available}. Colonnes attendues : {_expected(contract)}. "
        "Remettez l'en-tête du modèle, ou demandez à l'observatoire d'ajouter ce libellé au contrat de la source."
    )
