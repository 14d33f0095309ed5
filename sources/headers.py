"""Binding the header row of a sheet to the fields of a contract, by normalised name and never by position.

Here: finding the header row, binding, and the sentence that lists unmapped, missing and available columns when it fails.
Not here: values.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rulebook import contacts
from rulebook.numbers import plural
from sources.contract import MOST_ABOVE, Contract, ContractField, header_key
from sources.entities import ENTITIES
from sources.readers.sheet import enumerate_in_french
from sources.values.text import fold

MOST_UNKNOWN = 10
"""Unknown columns that a sentence names one by one."""

Cells = tuple[str | None, ...]


class Unbound(Exception):
    """The header row, or that of a section, does not fit the contract: the delivery is held. `rule` and a French `message`, without the addresses
    and telephones of what it quotes."""

    def __init__(self, rule: str, message: str) -> None:
        message = contacts.hidden(message)
        super().__init__(message)
        self.rule, self.message = rule, message


@dataclass(frozen=True)
class Binding:
    """Which columns (0-based) feed which field – one, or several for a composed one; optional fields the sheet does not
    have; header row number (1-based); the header labels, for cells that have no letter."""

    header_row: int
    columns: dict[str, tuple[int, ...]]
    absent: tuple[str, ...]
    labels: Cells

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


class HasData(Protocol):
    """Whether the column at an index has any text below its header."""

    def __getitem__(self, index: int, /) -> bool: ...


def bind(contract: Contract, rows: list[tuple[int, Cells]], has_data: HasData) -> Binding:
    """Find and bind the header among `rows` ((row_number, cells), the first of the sheet).

    Raises Unbound: no header row, a column nobody expects, a required column missing, two columns claiming one field.
    """
    found = header_row(contract, rows)
    if found is None:
        raise _without_header(contract, rows)
    number, cells = found
    labels = [header_key(cell) if cell else "" for cell in cells]
    owner = {header_key(header): name for name, field in contract.fields.items() for header in field.headers}
    known = _known(contract)
    claims: dict[str, list[int]] = {}
    unmapped: list[int] = []
    for index, label in enumerate(labels):
        if label in owner:
            claims.setdefault(owner[label], []).append(index)
        elif label not in known and (label or has_data[index]):
            unmapped.append(index)
    _refuse_twice(cells, claims)
    claims |= _composed(contract, labels)
    absent = [name for name, field in contract.fields.items() if _read(field) and name not in claims]
    missing = _lacking([contract.fields[name] for name in absent if contract.fields[name].required], labels)
    if unmapped or missing:
        if _is_header(contract, labels, known):
            sentence = _sentence(contract, number, cells, unmapped, missing, claims)
        else:
            sentence = _sentence_without_cells(contract, number, unmapped, missing)
        raise Unbound("colonnes_inattendues", sentence)
    return Binding(number, {name: tuple(indexes) for name, indexes in claims.items()}, tuple(absent), cells)


def header_row(contract: Contract, rows: list[tuple[int, Cells]]) -> tuple[int, Cells] | None:
    """The first of the rows that hold most headers of the contract, where its layout lets a header be; None when none holds any."""
    known = _known(contract)

    def nb_known(row: tuple[int, Cells]) -> int:
        return len({header_key(cell) for cell in row[1] if cell} & known)

    best = max(_within(contract, rows), key=nb_known, default=None)
    return best if best is not None and nb_known(best) else None


def places(contract: Contract, binding: Binding) -> set[tuple[str, int]]:
    """The columns that are read, by their normalised header, and where each stands."""
    read = _known_to_be_read(contract)
    return {(key, index) for index, label in enumerate(binding.labels) if label and (key := header_key(label)) in read}


def header_below(contract: Contract, rows: list[tuple[int, Cells]]) -> str | None:
    """Where no header fits, what there is to say of a row below those that are looked at, when it holds more headers of the contract."""
    above, rows = _within(contract, rows), [row for row in rows if row[0] < rows[0][0] + MOST_ABOVE]
    met = {number: len({header_key(cell) for cell in cells if cell} & _known(contract)) for number, cells in rows}
    most = max((number for number, _ in rows[len(above) :]), key=lambda number: met[number], default=0)
    if met.get(most, 0) < 2 or met[most] <= max(met[number] for number, _ in above):
        return None
    return (
        f"La ligne {most} ressemble à l'en-tête, qui n'est cherché que jusqu'à la ligne {rows[0][0] + contract.layout.header_within - 1} : supprimez "
        "les lignes qui la précèdent et redéposez le fichier, ou demandez à l'observatoire de chercher plus bas (« header_within: "
        f"{most - rows[0][0] + 1} »)."
    )


def headers_met(contract: Contract, rows: list[tuple[int, Cells]]) -> tuple[int, set[str]]:
    """Where the header stands among the first rows of a sheet, and the headers of the contract that it holds, normalised; (0, nothing) without."""
    found = header_row(contract, rows)
    return (
        (0, set()) if found is None else (found[0], {header_key(cell) for cell in found[1] if cell} & _known(contract))
    )


def _within(contract: Contract, rows: list[tuple[int, Cells]]) -> list[tuple[int, Cells]]:
    return [row for row in rows if row[0] < rows[0][0] + contract.layout.header_within]


def _known(contract: Contract) -> set[str]:
    """The normalised names of all the columns that a contract speaks of, read or ignored."""
    return _known_to_be_read(contract) | {header_key(header) for header in contract.ignore}


def _known_to_be_read(contract: Contract) -> set[str]:
    read = [header for field in contract.fields.values() for header in field.headers]
    return {header_key(header) for header in [*read, *contract.headers_besides()]}


def unread_columns(contract: Contract, binding: Binding, words: Sequence[str] = ()) -> list[int]:
    """The columns (0-based) of a bound sheet that nothing is read from: ignored ones, and those without a header; with `words`, those alone in
    whose header a word begins with one of them."""
    read = _known_to_be_read(contract) | {header_key(path) for path in (contract.api.key if contract.api else ())}
    unread = [index for index, label in enumerate(binding.labels) if not label or header_key(label) not in read]
    return [index for index in unread if not words or says(binding.labels[index], words)]


def passes_over(contract: Contract, words: Sequence[str]) -> bool:
    """Whether a contract leaves unread a column in whose header a word begins with one of these; true without words."""
    return not words or any(says(header, words) for header in (*contract.ignore, *(contract.files.leave_out or ())))


def says(header: str | None, words: Sequence[str]) -> bool:
    return any(f" {fold(word)}" in f" {fold(header or '')}" for word in words)


def _without_header(contract: Contract, rows: list[tuple[int, Cells]]) -> Unbound:
    seen = "; ".join(
        " | ".join(contacts.hidden(cell) for cell in cells if cell)[:120] for _, cells in _within(contract, rows)[:3]
    )
    # without its header, a list of people begins with people: their names stay out of the ledger
    read = "" if ENTITIES[contract.entity].personal else f" (lu : « {seen} »)"
    return Unbound(
        "entete_introuvable",
        f"Aucune ligne d'en-tête reconnue dans les {contract.layout.header_within} premières lignes{read}. "
        f"En-têtes attendus : {_expected(contract)}. Remettez la ligne d'en-tête du modèle et redéposez le fichier.",
    )


def _refuse_twice(cells: Cells, claims: dict[str, list[int]]) -> None:
    """Raise Unbound for the first field that several columns claim."""
    for name, indexes in claims.items():
        if len(indexes) > 1:
            places = ", ".join(f"« {cells[i]} » (colonne {column_letter(i)})" for i in indexes)
            raise Unbound(
                "entetes_en_double",
                f"Plusieurs colonnes portent le même en-tête : {places}. On ne peut pas savoir laquelle lire pour « {name} » : "
                "renommez ou supprimez celle qui est en trop.",
            )


def _composed(contract: Contract, labels: list[str]) -> dict[str, list[int]]:
    """The columns of each composed field that the sheet has: all of them for a required field, one at least for another."""
    found: dict[str, list[int]] = {}
    for name, field in contract.fields.items():
        keys = [header_key(header) for header in field.compose]
        indexes = [labels.index(key) for key in keys if key in labels]
        if indexes and (len(indexes) == len(keys) or not field.required):
            found[name] = indexes
    return found


def _read(field: ContractField) -> tuple[str, ...]:
    """The headers a field is read from; none for a constant."""
    return field.headers or field.compose


def _expected(contract: Contract) -> str:
    headers = (header for field in contract.fields.values() for header in field.headers[:1] or field.compose)
    return ", ".join(f"« {header} »" for header in dict.fromkeys(headers))


def _lacking(fields: list[ContractField], labels: list[str]) -> list[str]:
    """The headers of these fields that a sheet has not: of a composed one, the parts that it lacks."""
    headers = (
        header for field in fields for header in field.headers[:1] or field.compose if header_key(header) not in labels
    )
    return list(dict.fromkeys(headers))


def _is_header(contract: Contract, labels: list[str], known: set[str]) -> bool:
    """Whether a row may be quoted: in a list of persons without its header, the row that says most of it (« Signature ») is a person's."""
    filled = [label for label in labels if label]
    is_read_by_rows = contract.files.shape != "json" and ENTITIES[contract.entity].personal
    return not is_read_by_rows or sum(label in known for label in filled) * 2 >= len(filled)


def _sentence_without_cells(contract: Contract, number: int, unmapped: list[int], missing: list[str]) -> str:
    """Says which columns are unmapped and missing, and quotes none of the row."""
    unknown = ", ".join(map(column_letter, unmapped))
    absent = ", ".join(f"« {header} »" for header in missing)
    parts = [
        f"colonnes inconnues {unknown}" if unmapped else "",
        f"colonnes obligatoires absentes {absent}" if missing else "",
    ]
    return (
        f"Peu d'en-têtes du modèle sont reconnus (ligne {number}) : {' ; '.join(filter(None, parts))}. "
        f"En-têtes attendus : {_expected(contract)}. Remettez la ligne d'en-tête du modèle et redéposez le fichier."
    )


def _sentence(
    contract: Contract,
    number: int,
    cells: Cells,
    unmapped: list[int],
    missing: list[str],
    claims: dict[str, list[int]],
) -> str:
    """Lists what is unmapped, what is missing, what is available, and proposes the likely match of a reworded header. Of a header that holds an
    address or a telephone, where it stands."""
    free = {header_key(h): h for name, field in contract.fields.items() if name not in claims for h in field.headers}
    parts = []
    for index in unmapped:
        label = cells[index]
        column = f"colonne {column_letter(index)}"
        if not label:
            parts.append(f"la {column} a des valeurs mais pas d'en-tête")
            continue
        if contacts.holds(label):
            parts.append(
                f"colonne inconnue (cellule {column_letter(index)}{number} : adresse électronique ou téléphone)"
            )
            continue
        close = difflib.get_close_matches(header_key(label), free, n=1, cutoff=0.5)
        hint = f" (est-ce « {free[close[0]]} » reformulé ?)" if close else ""
        parts.append(f"colonne inconnue « {label} » ({column}){hint}")
    if len(parts) > MOST_UNKNOWN:
        parts[MOST_UNKNOWN:] = [
            f"et {plural(len(parts) - MOST_UNKNOWN, 'autre colonne inconnue', 'autres colonnes inconnues')}"
        ]
    parts += [f"colonne obligatoire absente « {header} »" for header in missing]
    available = enumerate_in_french(
        [
            f"cellule {column_letter(index)}{number}" if contacts.holds(cell) else f"« {cell} »"
            for index, cell in enumerate(cells)
            if cell
        ],
        shown=40,
    )
    return (
        f"{' ; '.join(parts)}. Colonnes du fichier : {available}. Colonnes attendues : {_expected(contract)}. "
        "Remettez l'en-tête du modèle, ou demandez à l'observatoire de lire aussi cette colonne."
    )
