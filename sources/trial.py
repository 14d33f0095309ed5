"""What a file would give if it were delivered: per column and per row, before anything lands.

Here: reading and judging a file as a night would, in memory, and describing it; choosing among contracts the one a file is for.
Not here: landing (`landing.py`), the words of the screen (`orchestration/trial_report.py`). Nothing is written anywhere, and what
is said of a column of persons is counted, never quoted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

import duckdb

from sources.contract import Contract, LoadedContract, header_key
from sources.drafting.template_fit import fit
from sources.entities import ENTITIES
from sources.headers import Unbound, column_letter
from sources.judge import Judged, in_sql
from sources.kinds import References
from sources.landing import judge_file
from sources.layouts import read_sheets, the_table
from sources.note import Note
from sources.readers import Sheet, Unreadable
from sources.values.refusal import masked
from sources.values.text import clean

KIND_NAMES = {
    "text": "texte", "identifier": "identifiant", "choice": "mot d'une liste", "boolean": "oui ou non", "count": "nombre de personnes",
    "figure": "chiffre", "programme": "programme", "labels": "organismes", "themes": "thèmes", "date": "date", "place": "lieu",
    "instant": "date et heure", "status": "statut", "amount": "montant", "score": "note", "recommendation": "note de 0 à 10",
    "minutes": "durée", "gender": "civilité", "siret": "SIRET", "event_ref": "événement", "choices": "choix multiple",
    "hint": "indice pour ses voisins", "personal": "personne (coffre)", "postcode": "code postal",
}  # fmt: skip
_FORMS = ("date", "instant", "count", "amount", "score", "recommendation", "minutes", "figure")
"""Kinds of which the form of a value (99/99/9999) helps, and cannot name anybody."""


@dataclass(frozen=True)
class ColumnTrial:
    """One column of the file. `cell`: its letter, None in JSON. `use`: `lue`, `condition` (a rule reads it) or `ignorée`.

    `fields`: what it feeds, with the kind of each. `filled`, `parsed`: cells of the rows of data. `refused`: rule → cells.
    `form`: the most frequent form of its values (9 for a digit, a for a letter), None for persons and free texts.
    """

    header: str
    cell: str | None
    use: str
    fields: tuple[tuple[str, str], ...]
    filled: int
    parsed: int
    refused: Mapping[str, int]
    form: str | None

    @property
    def personal(self) -> bool:
        return any(kind == "personal" for _, kind in self.fields)


@dataclass(frozen=True)
class RefusedCell:
    """A quarantined cell: where, which rule, and the sentence for the person who typed it."""

    row_number: int
    cell: str | None
    field: str
    rule: str
    message: str


@dataclass(frozen=True)
class Trial:
    """What a file would give with one contract. Row numbers are those of the spreadsheet program; `constants` are the fields
    that no column feeds."""

    source: str
    entity: str
    sheet: Sheet
    judged: Judged
    columns: tuple[ColumnTrial, ...]
    constants: tuple[str, ...]
    absent: tuple[str, ...]
    accepted: tuple[int, ...]
    duplicates: tuple[int, ...]
    structure: tuple[tuple[int, str], ...]
    refused: tuple[RefusedCell, ...]
    notes: tuple[Note, ...]

    @property
    def whole(self) -> bool:
        """Whether every row would land, or is there already."""
        return self.judged.rows_quarantined == 0


def try_file(
    loaded: LoadedContract, path: Path, *, file_name: str, today: datetime, references: References | None = None
) -> Trial:
    """Judge a file as a delivery of this contract, without landing it.

    Raises Unreadable (it would be refused) or Unbound (it would be held), both with `rule` and a French `message`.
    """
    contract = loaded.contract
    try:
        judged, sheet = judge_file(loaded, path, file_name, references or References(), today)
    except Unbound as unbound:
        raise Unbound(unbound.rule, _unquoted(unbound)) from None
    if not judged.rows_read and not judged.rows_structure:
        return Trial(contract.source, contract.entity, sheet, judged, (), (), (), (), (), (), (), judged.notes)
    table, _ = the_table(contract, read_sheets(contract, path, file_name), file_name)
    with in_sql(**judged.tables) as con:
        columns = _columns(con, contract, table)
        read = {name for column in columns for name, _ in column.fields}
        fed_alone = [n for n, f in contract.fields.items() if f.constant is not None or f.file_name or f.sheet_name]
        absent = [n for n in contract.fields if n not in read and n not in fed_alone]
        return Trial(
            contract.source, contract.entity, sheet, judged, columns, tuple(fed_alone), tuple(absent),
            accepted=_numbers(con, "accepted"), duplicates=_numbers(con, "duplicate"),
            structure=tuple(con.execute("select row_number, reason from structure order by row_number").fetchall()),
            refused=_refused(con, contract, sheet), notes=judged.notes,
        )  # fmt: skip


def _unquoted(unbound: Unbound) -> str:
    """The sentence without the rows it may quote: where no header is found, they are perhaps people."""
    return re.sub(r" \(lu : «.*?»\)(?=\. En-têtes attendus)", "", unbound.message, flags=re.DOTALL)


def _numbers(con: duckdb.DuckDBPyConnection, table: str) -> tuple[int, ...]:
    return tuple(number for (number,) in con.execute(f"select row_number from {table} order by 1").fetchall())


def _columns(con: duckdb.DuckDBPyConnection, contract: Contract, sheet: Sheet) -> tuple[ColumnTrial, ...]:
    feeds = _feeds(contract)
    conditions = {header_key(h) for h in contract.headers_besides()}
    refused: dict[str, Counter[str]] = {}
    for name, rule in con.execute("select field, rule from quarantined").fetchall():
        refused.setdefault(name, Counter())[rule] += 1
    found = []
    for index, label in enumerate(_header(contract, sheet)):
        if not label:
            continue
        fields = feeds.get(header_key(label), ())
        use = "lue" if fields else "condition" if header_key(label) in conditions else "ignorée"
        texts = con.execute(
            f"select clean(c{index + 1}), count(*) from body where clean(c{index + 1}) is not null "
            "and row_number not in (select row_number from structure) group by 1"
        ).fetchall()
        filled = sum(count for _, count in texts)
        own = refused.get(fields[0][0], Counter()) if fields else Counter()
        unread = sum(count for rule, count in own.items() if rule not in ("valeur_manquante", "cle_en_double"))
        form = _form(texts) if fields and all(kind in _FORMS for _, kind in fields) else None
        cell = None if contract.files.shape == "json" else column_letter(index)
        found.append(ColumnTrial(clean(label), cell, use, fields, filled, filled - unread, dict(own), form))
    return tuple(found)


def _feeds(contract: Contract) -> dict[str, tuple[tuple[str, str], ...]]:
    """Header key → (field, kind of its slot) of the fields that a column feeds: first the one that is this column alone."""
    slots = ENTITIES[contract.entity].slots
    found: dict[str, dict[tuple[str, str], None]] = {}
    alone = [(header, name) for name, field in contract.fields.items() for header in field.headers]
    together = [
        (header, name)
        for name, field in contract.fields.items()
        for header in (*field.compose, *(h for accepted in field.ticked.values() for h in accepted))
    ]
    for header, name in (*alone, *together):
        found.setdefault(header_key(header), {})[name, slots[name].kind] = None
    return {key: tuple(fields) for key, fields in found.items()}


def _header(contract: Contract, sheet: Sheet) -> tuple[str | None, ...]:
    met = fit(contract, sheet)
    assert met is not None  # the sheet was bound
    rows = sheet.table.slice(0, contract.layout.header_within).to_pylist()
    return next(tuple(row.values())[1:] for row in rows if row["row_number"] == met.header_row)


def _form(texts: list[tuple[str, int]]) -> str | None:
    forms: Counter = Counter()
    for text, count in texts:
        forms[re.sub(r"[^\W\d_]+", "a", re.sub(r"\d", "9", text))[:24]] += count
    return forms.most_common(1)[0][0] if forms else None


def _refused(con: duckdb.DuckDBPyConnection, contract: Contract, sheet: Sheet) -> tuple[RefusedCell, ...]:
    """The quarantined cells; where an entity is about persons, no sentence quotes what was typed."""
    is_personal = bool(ENTITIES[contract.entity].personal)
    slots = set(ENTITIES[contract.entity].slots)
    found = []
    rows = con.execute(
        "select row_number, cell, field, rule, message, value from quarantined order by row_number, cell, field"
    )
    for number, cell, name, rule, message, value in rows.fetchall():
        if is_personal and name in slots and not _said_by_contract(contract, name):
            typed = con.execute(f'select "{name}" from raw where row_number = ?', [number]).fetchall()
            for text in {value, *(text for (text,) in typed)} - {None}:
                message = masked(message, text)
        where = f"{cell} (feuille « {sheet.name_of(number)} »)" if cell and sheet.parts else cell
        found.append(RefusedCell(number, where, name, rule, message))
    return tuple(found)


def _said_by_contract(contract: Contract, name: str) -> bool:
    return name in contract.fields and contract.fields[name].constant is not None


@dataclass(frozen=True)
class NoFit:
    """Why a contract does not take a file, and how near it came: the headers it knows, -1 when it cannot read the file, -2 when
    it expects files of another name."""

    source: str
    nearness: int
    rule: str
    message: str


def try_contracts(
    contracts: Mapping[str, LoadedContract], path: Path, *, file_name: str, today: datetime
) -> tuple[list[Trial], list[NoFit]]:
    """The file with every contract whose pattern it has: what those it fits would give, and why the others would not, the
    nearest first."""
    trials, others, references = [], [], References()
    for name, loaded in contracts.items():
        try:
            trials.append(try_file(loaded, path, file_name=file_name, today=today, references=references))
        except (Unreadable, Unbound) as problem:
            others.append(NoFit(name, _nearness(loaded.contract, path, file_name), problem.rule, problem.message))
    return trials, sorted(others, key=lambda each: (-each.nearness, each.source))


def _nearness(contract: Contract, path: Path, file_name: str) -> int:
    if not fnmatch(file_name.lower(), contract.files.pattern.lower()):
        return -2
    try:
        table, _ = the_table(contract, read_sheets(contract, path, file_name), file_name)
    except Unreadable:
        return -1
    met = fit(contract, table) if table.table.num_columns > 1 else None
    return len(met.known) if met else 0
