"""Rows that a colour or a stroke tells apart: read like the others, and said."""

import openpyxl
import pytest
from deliveries import NOW, contract, places
from openpyxl.styles import Font, PatternFill

from sources.landing import deliver

TEXT = """\
source: essai
title: Un essai
entity: event
files: {pattern: "*.xlsx", shape: spreadsheet}
layout: {sections: month, totals: [TOTAL]}
fields:
  event_id: {headers: ["N°"], required: true}
  programme: {constant: HDF-CONF-2023}
  status: {constant: held}
  counts: {constant: "oui"}
  title: {headers: [Intitulé], required: true}
"""
RED, GREY, WHITE = (PatternFill("solid", fgColor=colour) for colour in ("FFFF0000", "FFD9D9D9", "FFFFFFFF"))


def remarks(home, paint):
    """The remarks on a list of nine events in rows 3 to 11, below a header and a section, above a total."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (("N°", "Intitulé"), ("AVRIL 2023", None), *((n, f"Atelier {n}") for n in range(1, 10)), ("TOTAL", 9)):
        sheet.append(row)
    paint(sheet)
    place = home / "inbox" / "essai"
    place.mkdir(parents=True)
    book.save(place / "a.xlsx")
    (report,) = deliver(places(home), contract(home, TEXT), now=NOW)
    assert (report.rows_accepted, report.rows_structure) == (9, 2)
    return {note.rule: note.message for note in report.notes}


def fill(cells, colour):
    for cell in cells:
        cell.fill = colour


def test_struck_and_coloured_rows_are_said_and_counted_like_the_others(tmp_path):
    def paint(sheet):
        fill([*sheet[1], *sheet[2], *sheet[12]], GREY)  # what is no data is coloured for its own reasons
        fill([sheet["A4"], sheet["B5"]], RED)
        fill(sheet[7], WHITE)
        sheet["B9"].font = Font(strike=True)
        sheet["A12"].font = Font(strike=True)

    assert remarks(tmp_path, paint) == {
        "lignes_colorees": "2 lignes d'une autre couleur que les autres : 4 à 5. Rien ne lit cette couleur : si elle a un sens (annulé, à confirmer), "
        "écrivez-le dans une colonne.",
        "texte_barre": "1 ligne au texte barré, lue comme les autres : 9. Si le trait veut dire « annulé », écrivez-le dans une colonne, ou "
        "retirez la ligne.",
    }


@pytest.mark.parametrize(
    "where",
    [
        pytest.param(lambda sheet: [cell for n in range(3, 12, 2) for cell in sheet[n]], id="one row in two"),
        pytest.param(lambda sheet: sheet["A"], id="a column"),
        pytest.param(lambda sheet: [sheet["D40"]], id="an empty cell"),
    ],
)
def test_colours_of_the_whole_table_are_no_remark(tmp_path, where):
    assert remarks(tmp_path, lambda sheet: fill(where(sheet), GREY)) == {}


def test_a_row_of_two_colours_counts_once(tmp_path):
    def paint(sheet):
        fill([sheet["A4"]], RED)
        fill([sheet["B4"]], GREY)

    assert remarks(tmp_path, paint)["lignes_colorees"].startswith("1 ligne d'une autre couleur")


def test_cells_merged_across_columns_of_a_few_rows_are_said(tmp_path):
    def paint(sheet):
        for row in (2, 5, 12):  # a section and the total are merged as a rule
            sheet.merge_cells(f"{chr(65 + (row == 5))}{row}:D{row}")

    assert remarks(tmp_path, paint) == {
        "cellules_fusionnees_en_ligne": "1 ligne aux cellules fusionnées sur plusieurs colonnes, dont seule la première est remplie : 5. "
        "Défusionnez-les et remplissez chaque colonne."
    }


def test_cells_merged_across_columns_of_every_row_are_layout(tmp_path):
    assert remarks(tmp_path, lambda sheet: [sheet.merge_cells(f"B{n}:C{n}") for n in range(1, 13)]) == {}
