"""The one table a contract reads from the sheets of a file: choosing the sheet, then flattening its layout.

Here: from what a reader gives to one header row and its data rows. Not here: reading bytes (`readers/`), binding the header
(`headers.py`), rows (`judge.py`).
"""

from __future__ import annotations

from pathlib import Path

from sources.contract import Contract, Layout
from sources.entities import ENTITIES
from sources.note import Note
from sources.readers import Sheet, Unreadable, read
from sources.readers.records import Pairs
from sources.readers.repaired import repaired
from sources.readers.tables import cut, number_duplicates, stack_headers


def read_sheets(contract: Contract, path: Path, file_name: str) -> list[Sheet]:
    """The sheets of a file, read as the contract says. Raises Unreadable."""
    options = contract.files.options
    if "pairs" in options:
        options["pairs"] = [Pairs(pair.path, pair.name, pair.value) for pair in options["pairs"]]
    return read(path, file_name=file_name, shape=contract.files.shape, **options)


def the_table(contract: Contract, sheets: list[Sheet], file_name: str) -> tuple[Sheet, list[Note]]:
    """The first filled sheet, flat; and a note per sheet nobody reads. Raises Unreadable."""
    filled = [sheet for sheet in sheets if sheet.table.num_rows] or (sheets if contract.files.shape == "json" else [])
    if not filled:
        raise Unreadable(
            "fichier_vide", f"« {file_name} » ne contient aucune ligne. Vérifiez l'enregistrement et redéposez-le."
        )
    others = [
        Note("feuille_non_lue", f"La feuille « {other.name} » n'est pas lue : seule la première feuille remplie l'est.")
        for other in filled[1:]
    ]
    quotes = not ENTITIES[contract.entity].personal
    return flat(contract.layout, repaired(filled[0]), quotes=quotes), others


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
