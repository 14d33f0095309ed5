"""The one table a contract reads from the sheets of a file: choosing the sheet, or those that are one list, then flattening its layout.

Here: from what a reader gives to one header row and its data rows. Not here: reading bytes (`readers/`), binding the header
(`headers.py`), rows (`judge.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc

from sources.contract import Contract, Layout
from sources.entities import ENTITIES
from sources.headers import headers_met
from sources.note import Note
from sources.readers import Sheet, Unreadable, read
from sources.readers.records import Pairs
from sources.readers.repaired import repaired
from sources.readers.tables import cut, number_duplicates, stack_headers
from sources.readers.together import alike_but_not_read, apart, together


def read_sheets(contract: Contract, path: Path, file_name: str) -> list[Sheet]:
    """The sheets of a file, read as the contract says. Raises Unreadable."""
    options = contract.files.options
    if "pairs" in options:
        options["pairs"] = [Pairs(pair.path, pair.name, pair.value) for pair in options["pairs"]]
    return as_one(contract, read(path, file_name=file_name, shape=contract.files.shape, **options))


def as_one(contract: Contract, sheets: Sequence[Sheet]) -> list[Sheet]:
    """The sheets of a file, those that have the columns of the contract put together where it reads every one of them."""
    if not contract.files.every_sheet or any(sheet.parts for sheet in sheets):
        return list(sheets)
    found = alike(contract, [sheet for sheet in sheets if sheet.table.num_rows])
    if len(found) < 2:
        alone = [sheet for sheet, _ in found]
        return [*alone, *(sheet for sheet in sheets if sheet not in alone)]
    chosen = [sheet for sheet, _ in found]
    return [together(chosen), *(sheet for sheet in sheets if sheet not in chosen)]


def alike(contract: Contract, sheets: Sequence[Sheet]) -> list[tuple[Sheet, int]]:
    """The sheets that have a header of the contract, half at least of the one that has most of it, and how many rows each has below."""
    met = []
    for sheet in sheets:
        with contextlib.suppress(Unreadable):
            rows = flat(contract.layout, repaired(sheet)).table
            head = rows.slice(0, contract.layout.header_within).to_pylist()
            at, headers = headers_met(contract, [(row.pop("row_number"), tuple(row.values())) for row in head])
            met.append((sheet, pc.sum(pc.greater(rows["row_number"], at)).as_py(), headers))
    most = max((headers for *_, headers in met), key=len, default=set())
    return [(sheet, nb_rows) for sheet, nb_rows, headers in met if len(headers) > 1 and len(headers) * 2 >= len(most)]


def the_table(contract: Contract, sheets: list[Sheet], file_name: str) -> tuple[Sheet, list[Note]]:
    """The first filled sheet, flat; and what there is to say of those that nobody reads. Raises Unreadable."""
    filled = [sheet for sheet in sheets if sheet.table.num_rows] or (sheets if contract.files.shape == "json" else [])
    if not filled:
        raise Unreadable(
            "fichier_vide", f"« {file_name} » ne contient aucune ligne. Vérifiez l'enregistrement et redéposez-le."
        )
    quotes = not ENTITIES[contract.entity].personal
    parts = [flat(contract.layout, repaired(part), quotes=quotes) for part in apart(filled[0])]
    if not filled[0].parts:
        return parts[0], _not_read(contract, filled)
    whole = together(parts)
    return replace(whole, notes=(*filled[0].notes, *whole.notes)), _not_read(contract, filled)


def _not_read(contract: Contract, filled: list[Sheet]) -> list[Note]:
    """What there is to say of the sheets after the first, which is read."""
    every = contract.files.every_sheet
    rows = {} if every or len(filled) == 1 else {sheet.name: nb for sheet, nb in alike(contract, filled)}
    with_columns = [sheet for sheet in filled[1:] if sheet.name in rows] if filled[0].name in rows else []
    said = []
    if with_columns:
        said.append(alike_but_not_read(filled[0].name, [(sheet.name, rows[sheet.name]) for sheet in with_columns]))
    which = "celles qui ont les colonnes attendues le sont" if every else "seule la première feuille remplie l'est"
    return said + [
        Note("feuille_non_lue", f"La feuille « {other.name} » n'est pas lue : {which}.")
        for other in filled[1:]
        if other not in with_columns
    ]


def flat(layout: Layout, sheet: Sheet, *, quotes: bool = True) -> Sheet:
    """The sheet with one header row above its data, as `layout` describes it. Raises Unreadable.

    `quotes`: whether a sentence may name the rows that look like titles. In a list of persons they may be names."""
    if layout.table is not None:
        table = layout.table
        sheet = cut(
            sheet, after=table.after, at=table.at, until=table.until, until_gap=table.until_gap, besides=table.besides, quotes=quotes
        )  # fmt: skip
    if layout.stacked_headers is not None:
        stacked = layout.stacked_headers
        sheet = stack_headers(
            sheet, rows=stacked.rows, skip=stacked.skip, fill=stacked.fill, without=stacked.without, alone=stacked.alone
        )
    return number_duplicates(sheet) if layout.number_duplicates else sheet
