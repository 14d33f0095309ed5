"""One sign-in sheet saved by LibreOffice in four formats: same rows, same numbers, differences only where formats differ.

`files/lo_emargement.*`: invented people; merged header, hidden row 7 and column J, formulas, an #N/A, cp1252 losses.
"""

from pathlib import Path

import pytest

from sources.readers import read
from sources.readers.archive import scan
from sources.readers.sheet import MERGED

FILES = Path(__file__).parent / "files"
ROW_NUMBERS = [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]


def first_sheet(name, **options):
    return read(FILES / name, file_name=name, **options)[0]


@pytest.fixture(scope="module")
def sheets():
    return {
        "ods": first_sheet("lo_emargement.ods", shape="spreadsheet"),
        "xlsx": first_sheet("lo_emargement.xlsx", shape="spreadsheet"),
        "cp1252": first_sheet("lo_emargement.fr.semicolon.cp1252.csv", shape="delimited", delimiter=";"),
        "utf-16": first_sheet("lo_emargement.tab.utf16.csv", shape="delimited", delimiter="\t"),
    }


def column(sheet, name):
    return dict(zip(sheet.table["row_number"].to_pylist(), sheet.table[name].to_pylist(), strict=True))


@pytest.mark.parametrize("form", ["ods", "xlsx", "cp1252", "utf-16"])
def test_same_rows_in_every_format(sheets, form):
    sheet = sheets[form]
    assert sheet.table["row_number"].to_pylist() == ROW_NUMBERS
    assert sheet.table.num_columns == 16
    assert column(sheet, "c1")[5] == "Nom de la\nstructure"
    assert column(sheet, "c6")[7] == "JM.DUPONT@EXEMPLE.FR "
    assert column(sheet, "c11")[7] == "1 250,50 €"


@pytest.mark.parametrize("form", ["ods", "xlsx"])
def test_workbooks_give_values_not_their_looks(sheets, form):
    assert column(sheets[form], "c11")[6] == "1250.5"
    assert column(sheets[form], "c13")[6] == "2026-11-03 14:05:00"
    assert column(sheets[form], "c14")[6] == "09:30:00"
    assert column(sheets[form], "c13")[14] == "#N/A"
    rules = [note.rule for note in sheets[form].notes]
    assert rules == ["lignes_masquees", "colonnes_masquees", "cellule_en_erreur", "cellules_fusionnees", "commentaires"]


def test_text_exports_give_looks(sheets):
    assert column(sheets["utf-16"], "c11")[6] == "1\xa0250,50 €"
    assert column(sheets["utf-16"], "c4")[8] == "Nguyễn"
    assert column(sheets["cp1252"], "c4")[8] == "Nguy?n"


@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
def test_rows_with_cells_merged_across_columns_are_marked(suffix):
    path = FILES / f"lo_emargement.{suffix}"
    found = [[mark.spans for mark in facts.marks if mark.look == MERGED] for facts in scan(path, file_name=path.name)]
    assert found[0] == [((1, 2), (4, 4))], "title and header"
