"""Binding the header row of a sheet to the fields of a contract, by normalised name and never by position.

Here: finding the header row, binding, and the sentence that lists unmapped, missing and available columns when it fails.
Not here: values.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from sources.contract import Contract, ContractField, header_key
from sources.entities import ENTITIES


class Unbound(Exception):
    """The header row, or that of a section, does not fit the contract: the delivery is held. `rule` and a French `message`."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule, self.message = rule, message


@dataclass(frozen=True)
class Binding:
    """Which columns (0-based) feed which field – one, or several for a composed one; optional fields the sheet does not
    have; header row number (1-based); the header labels, for cells that have no letter."""

    header_row: int
    columns: dict[str, tuple[int, ...]]
    absent: tuple[str, ...]
    labels: tuple[str | None, ...]

    def column_of(self, header: str) -> int | None:
        """The column with this header, or None."""
        return next(
            (index for index, label in enumerate(self.labels) if label and header_key(label) == header_key(header)),
            None,
        )


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
    owner = {header_key(header): name for name, field in contract.fields.items() for header in field.headers}
    ignored = {header_key(header) for header in [*contract.ignore, *contract.headers_besides()]}
    within = [row for row in rows if row[0] <= rows[0][0] + contract.layout.header_within - 1] if rows else []

    def known(cells: tuple[str | None, ...]) -> int:
        return len({header_key(cell) for cell in cells if cell} & (owner.keys() | ignored))

    if not within or max(known(cells) for _, cells in within) == 0:
        seen = "; ".join(" | ".join(cell for cell in cells if cell)[:120] for _, cells in within[:3])
        # without its header, a list of people begins with people: their names stay out of the ledger
        read = "" if ENTITIES[contract.entity].personal else f" (lu : « {seen} »)"
        raise Unbound(
            "entete_introuvable",
            f"Aucune ligne d'en-tête reconnue dans les {contract.layout.header_within} premières lignes{read}. "
            f"En-têtes attendus : {_expected(contract)}. Remettez la ligne d'en-tête du modèle et redéposez le fichier.",
        )
    header_row, cells = max(within, key=lambda row: known(row[1]))

    claims: dict[str, list[int]] = {}
    unmapped: list[int] = []
    for index, cell in enumerate(cells):
        label = header_key(cell) if cell else ""
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
    here = [header_key(cell) if cell else "" for cell in cells]
    for name, field in contract.fields.items():
        indexes = [here.index(header_key(header)) for header in field.compose if header_key(header) in here]
        if field.compose and (len(indexes) == len(field.compose) or (indexes and not field.required)):
            claims[name] = indexes
    missing = [
        name for name, field in contract.fields.items() if field.required and _read(field) and name not in claims
    ]
    if unmapped or missing:
        raise Unbound("colonnes_inattendues", _sentence(contract, cells, unmapped, missing, claims))
    absent = tuple(name for name, field in contract.fields.items() if _read(field) and name not in claims)
    return Binding(header_row, {name: tuple(indexes) for name, indexes in claims.items()}, absent, cells)


def _read(field: ContractField) -> tuple[str, ...]:
    """The headers a field is read from; none for a constant."""
    return field.headers or field.compose


def _expected(contract: Contract) -> str:
    return ", ".join(f"« {_read(field)[0]} »" for field in contract.fields.values() if _read(field))


def _sentence(
    contract: Contract,
    cells: tuple[str | None, ...],
    unmapped: list[int],
    missing: list[str],
    claims: dict[str, list[int]],
) -> str:
    """Lists what is unmapped, what is missing, what is available, and proposes the likely match of a reworded header."""
    free = {header_key(h): h for name, field in contract.fields.items() if name not in claims for h in field.headers}
    parts = []
    for index in unmapped:
        label = cells[index]
        column = f"colonne {column_letter(index)}"
        if not label:
            parts.append(f"la {column} a des valeurs mais pas d'en-tête")
            continue
        close = difflib.get_close_matches(header_key(label), free, n=1, cutoff=0.5)
        hint = f" (est-ce « {free[close[0]]} » reformulé ?)" if close else ""
        parts.append(f"colonne inconnue « {label} » ({column}){hint}")
    for name in missing:
        parts.append(f"colonne obligatoire absente « {_read(contract.fields[name])[0]} »")
    available = ", ".join(f"« {cell} »" for cell in cells if cell)
    return (
        f"{'; '.join(parts)}. Colonnes du fichier : {available}. Colonnes attendues : {_expected(contract)}. "
        "Remettez l'en-tête du modèle, ou demandez à l'observatoire d'ajouter ce libellé au contrat de la source."
    )
