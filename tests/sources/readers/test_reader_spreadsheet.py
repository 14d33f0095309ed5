"""Workbooks read through the child process, and what happens when the child dies."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from reader_files import biff_workbook, ole_container, write_ods, write_xlsx

from sources.readers import Unreadable, read_spreadsheet, spreadsheet
from sources.readers.archive import ArchiveLimits
from sources.readers.spreadsheet import ChildLimits
from sources.readers.spreadsheet_worker import cell_text

ROOT = Path(__file__).resolve().parents[3]


def rows(sheet):
    return [tuple(row.values()) for row in sheet.table.to_pylist()]


def rules(sheet):
    return [note.rule for note in sheet.notes]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        ("02000", "02000"),
        (" à midi ", " à midi "),
        (12.0, "12"),
        (12.5, "12.5"),
        (-0.0, "0"),
        (1e-07, "0.0000001"),
        (99900011000018.0, "99900011000018"),
        (1234567890123456.0, "1234567890123456"),
        (1.234567890123457e19, "1.234567890123457e+19"),
        (True, "VRAI"),
        (False, "FAUX"),
        (dt.date(2023, 4, 6), "2023-04-06"),
        (dt.datetime(2023, 4, 6), "2023-04-06"),
        (dt.datetime(2023, 4, 6, 9, 30), "2023-04-06 09:30:00"),
        (dt.datetime(2023, 4, 6, 9, 29, 59, 999_000), "2023-04-06 09:30:00"),
        (dt.time(14, 0), "14:00:00"),
        (dt.timedelta(hours=30, minutes=15), "30:15:00"),
        (dt.timedelta(hours=-1), "-01:00:00"),
    ],
)
def test_cell_text(value, text):
    assert cell_text(value) == text


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    """Title, gaps, every type of cell, an error, a far too long number, a hidden sheet, an empty one."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Programme"
    sheet["B3"] = "PROGRAMME"
    values = [
        "02000",
        2000,
        12.5,
        dt.datetime(2023, 4, 6),
        dt.datetime(2023, 4, 6, 9, 30),
        dt.time(9, 30),
        True,
        "#N/A",
    ]
    for column, value in enumerate(values, 1):
        sheet.cell(5, column, value)
    sheet["C7"] = 12345678901234567890
    workbook.create_sheet("Listes").sheet_state = "hidden"
    workbook["Listes"]["A1"] = "Oui"
    workbook.create_sheet("Feuil3")
    path = tmp_path_factory.mktemp("programme") / "sans_extension"
    workbook.save(path)
    return path


def test_all_sheets_in_order_with_true_row_numbers(programme):
    first, hidden, empty = read_spreadsheet(programme, file_name="programme.xlsx")
    assert [first.name, hidden.name, empty.name] == ["Programme", "Listes", "Feuil3"]
    assert rows(first) == [
        (3, None, "PROGRAMME", *[None] * 6),
        (5, "02000", "2000", "12.5", "2023-04-06", "2023-04-06 09:30:00", "09:30:00", "VRAI", "#N/A"),
        (7, None, None, "1.234567890123457e+19", *[None] * 5),
    ]
    assert rules(first) == ["cellule_en_erreur", "nombre_arrondi"] and "C7" in first.notes[1].message
    assert rows(hidden) == [(1, "Oui")] and rules(hidden) == ["feuille_masquee"]
    assert empty.table.num_rows == 0 and empty.table.column_names == ["row_number"]


def test_only_the_sheet_named(programme):
    (sheet,) = read_spreadsheet(programme, file_name="programme.xlsx", sheet="Listes")
    assert rows(sheet) == [(1, "Oui")]


def test_a_missing_sheet_is_named_and_those_of_the_sender_are_not(programme):
    with pytest.raises(Unreadable) as reason:
        read_spreadsheet(programme, file_name="programme.xlsx", sheet="programme")
    assert reason.value.rule == "feuille_absente"
    assert "n'a pas de feuille « programme » (3 feuilles, d'un autre nom)" in reason.value.message
    assert not any(name in reason.value.message for name in ("Programme", "Listes", "Feuil3")), "it is published"


def test_named_sheet_empty(programme):
    with pytest.raises(Unreadable) as reason:
        read_spreadsheet(programme, file_name="programme.xlsx", sheet="Feuil3")
    assert reason.value.rule == "feuille_vide"


def test_empty_workbook(tmp_path):
    openpyxl.Workbook().save(tmp_path / "vide.xlsx")
    with pytest.raises(Unreadable) as reason:
        read_spreadsheet(tmp_path / "vide.xlsx", file_name="vide.xlsx")
    assert reason.value.rule == "fichier_vide"


def test_ods(tmp_path):
    """Repeated rows, VRAI, a comment that is no value, a time of day, an error, a merge; hidden row and sheet."""
    cells = (
        '<table:table-cell office:value-type="string" table:number-rows-spanned="3"><office:annotation><text:p>note</text:p></office:annotation>'
        "<text:p>LE GOFF</text:p></table:table-cell>"
        '<table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>VRAI</text:p></table:table-cell>'
        '<table:table-cell office:value-type="time" office:time-value="PT09H30M00S"><text:p>9:30</text:p></table:table-cell>'
        '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
        'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
        '<table:table-cell table:formula="of:=A1"/>'
    )
    table = (
        '<table:table table:name="Présence" table:style-name="ta1"><table:table-row table:number-rows-repeated="2"/>'
        f'<table:table-row table:visibility="collapse">{cells}</table:table-row>'
        '<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="float" office:value="29"/>'
        '</table:table-row><table:table-row table:number-rows-repeated="1048570"/></table:table>'
    )
    styles = '<style:style style:name="ta1" style:family="table"><style:table-properties table:display="false"/></style:style>'
    (sheet,) = read_spreadsheet(write_ods(tmp_path / "liste", table, styles=styles), file_name="liste.ods")
    assert sheet.name == "Présence"
    assert rows(sheet) == [
        (3, "LE GOFF", "VRAI", "09:30:00", "#DIV/0!"),
        (4, "29", None, None, None),
        (5, "29", None, None, None),
    ]
    assert rules(sheet) == [
        "feuille_masquee",
        "lignes_masquees",
        "formule_sans_valeur",
        "cellule_en_erreur",
        "cellules_fusionnees",
        "commentaires",
    ]
    assert "A3:A5" in sheet.notes[4].message
    assert "E3" in sheet.notes[2].message and "D3" in sheet.notes[3].message


def test_old_xls(tmp_path):
    path = tmp_path / "ancien.xls"
    path.write_bytes(biff_workbook({(1, 0): "Dépt", (1, 1): "Présents", (3, 0): "02", (3, 1): 12.0}))
    (sheet,) = read_spreadsheet(path, file_name="ancien.xls")
    assert sheet.name == "Feuil1"
    assert rows(sheet) == [(2, "Dépt", "Présents"), (4, "02", "12")]
    assert rules(sheet) == ["format_ancien"]


def test_error_cells_alone_on_their_row_are_not_lost(tmp_path):
    data = '<row r="1"><c r="A1"><v>1</v></c></row><row r="9"><c r="C9" t="e"><v>#REF!</v></c></row>'
    footer = "<headerFooter><oddFooter>Page &amp;P</oddFooter></headerFooter>"
    path = write_xlsx(tmp_path / "a", f"<sheetData>{data}</sheetData>{footer}")
    (sheet,) = read_spreadsheet(path, file_name="a.xlsx")
    assert rows(sheet) == [(1, "1", None, None), (9, None, None, "#REF!")]


@pytest.mark.parametrize(
    "content",
    [
        ole_container({"EncryptionInfo": b"\4\0", "EncryptedPackage": b"secret"}),
        biff_workbook({(0, 0): "x"}, encrypted=True),
    ],
)
def test_password(tmp_path, content):
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as reason:
        read_spreadsheet(path, file_name="a.xlsx")
    assert reason.value.rule == "mot_de_passe"


def test_ole_that_is_no_workbook(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(ole_container({"Contents": b"text"}))
    with pytest.raises(Unreadable) as reason:
        read_spreadsheet(path, file_name="a.xls")
    assert reason.value.rule == "classeur_endommage"


def dense_rows(count):
    return "".join(f'<row r="{i}"><c r="A{i}"><v>{i}</v></c><c r="Z{i}"><v>1</v></c></row>' for i in range(1, count))


@pytest.mark.nights
@pytest.mark.parametrize(
    ("limits", "cause"),
    [
        (ChildLimits(memory_bytes=256 << 20), "mémoire"),
        (ChildLimits(wall_seconds=0.05), "secondes"),
        (ChildLimits(cpu_seconds=1), "secondes de calcul"),
    ],
)
def test_a_child_that_dies_is_a_reason(tmp_path, limits, cause):
    path = write_xlsx(tmp_path / "a", f"<sheetData>{dense_rows(150_000)}</sheetData>")
    with pytest.raises(Unreadable) as reason:
        read_spreadsheet(path, file_name="lourd.xlsx", limits=limits)
    assert reason.value.rule == "classeur_trop_lourd" and cause in reason.value.message


def test_an_abort_in_the_library_is_a_reason(tmp_path, monkeypatch):
    """A far cell that would pass the scan makes calamine abort the process: the parent survives and says why."""
    data = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    path = write_xlsx(tmp_path / "a", data)
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30));"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0));"
        "from python_calamine import CalamineWorkbook as W;"
        f"W.from_filelike(open({str(path)!r}, 'rb')).get_sheet_by_index(0)"
    )
    died = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE)
    assert died.returncode == -6
    monkeypatch.setattr(
        spreadsheet, "_run_child", lambda *_: spreadsheet._cause(died.returncode, died.stderr, ChildLimits())
    )
    with pytest.raises(Unreadable, match="signal 6") as reason:
        read_spreadsheet(path, file_name="lointain.xlsx")
    assert reason.value.rule == "classeur_trop_lourd"


@pytest.mark.nights
def test_the_process_that_forks_outlives_its_forks_and_is_replaced_when_it_dies(tmp_path):
    honest = write_xlsx(tmp_path / "a", "<sheetData><row r='1'><c r='A1'><v>1</v></c></row></sheetData>")
    heavy = write_xlsx(tmp_path / "b", f"<sheetData>{dense_rows(150_000)}</sheetData>")
    read_spreadsheet(honest, file_name="a.xlsx")
    opener = spreadsheet._opener()
    with pytest.raises(Unreadable, match="mémoire"):
        read_spreadsheet(heavy, file_name="lourd.xlsx", limits=ChildLimits(memory_bytes=256 << 20))
    assert len(read_spreadsheet(honest, file_name="a.xlsx")) == 1 and spreadsheet._opener().pid == opener.pid
    opener.kill()
    assert len(read_spreadsheet(honest, file_name="a.xlsx")) == 1 and spreadsheet._opener().pid != opener.pid


def test_the_child_imports_nothing_heavy():
    script = (
        "import sys, sources.readers.spreadsheet_worker;"
        "print([name for name in ('pandas', 'duckdb', 'dagster', 'dbt', 'openpyxl', 'pydantic') if name in sys.modules])"
    )
    seen = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


def test_an_honest_large_sheet_is_within_the_limits():
    """200,000 rows × 10 columns: 93 MB of XML in 7 MB, 2 million cells (measured on a sheet written by openpyxl)."""
    limits = ArchiveLimits()
    assert limits.inflated_bytes > 93_000_000 * 3
    assert limits.ratio > 93 / 7 * 5
    assert limits.cells > 2_000_000 * 5
