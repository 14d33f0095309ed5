"""The files of a release: what a spreadsheet, an analyst and a printer find in them."""

import csv
import io
import json
import re
import subprocess
import zipfile

import duckdb
import hand_made
import openpyxl
import pyarrow as pa
import pytest
from hand_made import Desk

from publication import tables, warehouse


@pytest.fixture(scope="module")
def release(tmp_path_factory, stock):
    desk = Desk(tmp_path_factory.mktemp("files"), stock)
    made = desk.candidate()
    verdict = hand_made.failed(desk.verdict(made), "ind_events", "reserve")
    return desk.publish(made, hand_made.failed(verdict, "ind_territories"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_neutralised(start):
    table = pa.table({"caveat": [f"{start}cmd|' /C calc'!A0"], "value": [-1.5]})
    (_, cells) = tables.read_csv(tables.csv_bytes(table))
    assert cells == [f"'{start}cmd|' /C calc'!A0", "-1.5"]


def test_numbers_of_a_csv():
    table = pa.table(
        {
            "x": pa.array([36.0, 31.96969696969697, None, float("nan"), -0.5, 1e-7]),
            "n": pa.array([1055, None, 0, 1, 2, 3], pa.int32()),
            "t": ["02", "", None, "a,b", 'g"', "é"],
        }
    )
    assert tables.csv_bytes(table).decode().splitlines() == [
        "x,n,t",
        "36,1055,02",
        "31.96969696969697,,",
        ",0,",
        ',1,"a,b"',
        '-0.5,2,"g"""',
        "1e-07,3,é",
    ]


def test_csv_has_the_tidy_header_and_the_order_of_the_sealed_table(release):
    text = (release.public / "data" / "ind_participation.csv").read_bytes().decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == tables.TIDY
    sealed = tables.read_parquet((release.public / "data" / "ind_participation.parquet").read_bytes()).to_pylist()
    assert [r["member"] for r in rows] == [r["member"] for r in sealed]
    assert next(r for r in rows if r["obs_status"] == "Q")["value"] == ""


def test_formula_in_a_cause_is_text_everywhere(release):
    text = (release.public / "data" / "ind_reconciliation.csv").read_text()
    assert "'=HYPERLINK" in text and ",=HYPERLINK" not in text and ',"=HYPERLINK' not in text
    book = openpyxl.load_workbook(release.public / "observatoire.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert [cell for cell in cells if isinstance(cell.value, str) and "HYPERLINK" in cell.value]


def sheet_rows(release, title):
    sheet = openpyxl.load_workbook(release.public / "observatoire.xlsx")[title]
    heads = [c.value for c in sheet[6]]
    return sheet, [dict(zip(heads, row, strict=False)) for row in sheet.iter_rows(min_row=7) if row[1].value]


def test_workbook_prints_signs_bounds_coverage_and_floors(release):
    sheet, rows = sheet_rows(release, "Participation")
    by = {(r["Code"].value, r["Modalité"].value, r["Programme"].value[:3]): r for r in rows}
    total = by["PA01", "Total", "Con"]
    assert total["Valeur"].value == 1055 and total["Précision"].value == "au moins"
    assert total["Couverture (n/N)"].value == "33/36" and total["Encadrement"].value is None
    estimated = by["PA01", "Total", "Str"]
    assert estimated["Signe"].value == "e" and estimated["Encadrement"].value == "12\u00a0à\u00a018"
    assert by["PA01", "À distance", "Con"]["Valeur"].value == "///"
    assert by["PE02", "Elus", "Con"]["Valeur"].value == "s"
    mean = by["PA07", "Total", "Con"]
    assert mean["Valeur"].value == pytest.approx(1055 / 33) and mean["Valeur"].number_format.endswith(";0")
    assert by["PA01", "Nord", "Con"]["Précision"].value == "au moins"
    assert by["PA01", "Aisne", "Con"]["Précision"].value is None
    assert sheet.freeze_panes == "D7" and sheet.auto_filter.ref.startswith("A6:")
    assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.paperSize == 9
    assert sheet.page_setup.fitToWidth == 1 and sheet.sheet_properties.pageSetUpPr.fitToPage


def test_workbook_shares_have_their_decimals(release):
    _, rows = sheet_rows(release, "Événements")
    share = next(r for r in rows if r["Code"].value == "EV06")
    assert share["Valeur"].value == pytest.approx(5 / 34) and share["Valeur"].number_format == '0.0"\u202f"%'
    assert next(r for r in rows if r["Code"].value == "EV09")["Valeur"].value == "…"


def test_workbook_says_what_is_reserved_and_withheld(release):
    book = openpyxl.load_workbook(release.public / "observatoire.xlsx")
    guide = [[c.value for c in row] for row in book["Lire ce classeur"].iter_rows()]
    statuses = {row[0]: row[1] for row in guide}
    assert statuses["Événements"] == "publié avec réserve" and statuses["Territoires"] == "retenu"
    assert "///" in statuses and "e" in statuses
    text = "\n".join(str(c.value) for row in book["Territoires"].iter_rows() for c in row if c.value)
    assert "35 au lieu de 36" in text and "0,8" not in text and "26.5" not in text
    notes = "\n".join(str(c.value) for row in book["Événements"].iter_rows() for c in row if c.value)
    assert "Réserve\u00a0: Toutes les fiches sont arrivées. 33 fiches sur 36." in notes


def test_quality_file_holds_every_expectation(release):
    document = json.loads((release.public / "QUALITE.json").read_text())
    entry = document["datasets"]["ind_territories"]
    assert entry["status"] == "withheld" and len(entry["expectations"]) == 2
    failed = next(o for o in entry["expectations"] if not o["holds"])
    assert failed["observed"] == "35 au lieu de 36." and failed["what_to_do"]
    assert document["candidate_hash"] == release.candidate_hash


def test_changelog_has_keys_old_and_new(desk):
    desk.night()
    rows = hand_made.events(35)
    release = desk.night(ind_events=rows)
    text = (release.public / "CHANGELOG.md").read_text()
    assert "Par rapport à la version 1 : 1\u00a0cellule révisée." in text
    assert "| ind_events / HDF-CONF-2023 / EV01 / total / total / 2023-04/2023-12 | valeur | 36 | 35 |" in text
    assert (release.public / "revisions.csv").read_text().splitlines() == [
        "dataset,programme_id,indicator,breakdown,member,period,occurrence,change,column,old,new",
        "ind_events,HDF-CONF-2023,EV01,total,total,2023-04/2023-12,,changed,value,36,35",
    ]
    overview = text.partition("## En résumé")[2].partition("## Cellules révisées")[0].splitlines()
    assert [line.split(" | ")[2:] for line in overview if line.startswith("| Événements")] == [
        ["Nombre d'événements tenus", "1", "1", "0", "0 |"]
    ]
    _, sheet = sheet_rows(release, "Événements")
    assert next(r for r in sheet if r["Code"].value == "EV01")["Signe"].value == "r"


def test_sums_are_what_sha256sum_checks(release):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd=release.public,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_analysts_get_the_star_and_nothing_else(release):
    names = warehouse.table_names(release.warehouse)
    assert "fct_event_count" in names and "dim_territory" in names
    assert all(n.startswith(("dim_", "fct_", "bridge_", "ind_")) for n in names)
    assert "ind_territories" not in names and "ind_events" in names
    assert b"canari@example.org" not in release.warehouse.read_bytes()


def test_the_analysts_file_has_the_older_storage(release):
    """Bytes 12–20 of the main header hold the storage version; 64 is that of duckdb 0.10 to 1.x, 2.0 writes more."""
    with duckdb.connect(str(release.warehouse), read_only=True) as c:
        (tags,) = c.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchone()
    assert tags["storage_version"] == f"{warehouse.STORAGE_VERSION}+"
    assert int.from_bytes(release.warehouse.read_bytes()[12:20], "little") < 100


def test_a_carried_dataset_is_in_the_warehouse_as_it_was(desk):
    desk.night()
    made = desk.candidate(ind_events=hand_made.events(35))
    release = desk.publish(made, hand_made.failed(desk.verdict(made), "ind_events"))
    rows = warehouse.read(release.warehouse, "ind_events").to_pylist()
    assert [r["value"] for r in rows if r["indicator"] == "EV01"] == [36]


def test_one_locked_down_reader_of_the_analysts_file(release):
    with duckdb.connect(str(release.warehouse), read_only=True, config={"enable_external_access": "false"}) as c:
        with pytest.raises(duckdb.Error):
            c.execute("SELECT * FROM read_text('/etc/hostname')").fetchall()
        assert c.execute("SELECT count(*) FROM fct_event_count").fetchall() == [(1,)]


def test_rows_of_the_workbook_are_written_once_and_high_enough(release):
    """A program that does not fit rows to their text would print lines over one another; a row written twice is a damaged book."""
    with zipfile.ZipFile(release.public / "observatoire.xlsx") as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/"):
                numbers = re.findall(r'<row r="(\d+)"', book.read(name).decode())
                assert len(numbers) == len(set(numbers)), name
    sheet = openpyxl.load_workbook(release.public / "observatoire.xlsx")["Événements"]
    themed = next(row for row in sheet.iter_rows(min_row=7) if row[1].value == "EV02")
    assert len(themed[12].value) > sheet.column_dimensions["M"].width
    assert sheet.row_dimensions[themed[0].row].height >= 2 * 13


def test_the_printed_reconciliation_leaves_out_what_repeats(release):
    sheet = openpyxl.load_workbook(release.public / "observatoire.xlsx")["Rapprochement"]
    hidden = {sheet.cell(6, openpyxl.utils.column_index_from_string(letter)).value for letter, d in sheet.column_dimensions.items() if d.hidden}  # fmt: skip
    assert "Nombre imprimé" in hidden and "Imprimé" not in hidden and "Explication" not in hidden
