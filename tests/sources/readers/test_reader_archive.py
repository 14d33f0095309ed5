"""Hostile and broken archives: each is refused with its rule before any spreadsheet library sees it."""

import struct
import zipfile

import openpyxl
import pytest
from reader_files import HEAD, MAIN, ole_container, write_ods, write_xlsx, write_zip, xlsx_parts

from sources.readers.archive import ArchiveLimits, refuse_encrypted, scan
from sources.readers.sheet import STRUCK, Unreadable, cell_name

ONE_CELL = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>'
MEGABYTE = 1_000_000


def refusal(path, **options):
    with pytest.raises(Unreadable) as reason:
        scan(path, file_name="classeur.xlsx", **options)
    assert "« classeur.xlsx »" in reason.value.message
    return reason.value


def rules(facts):
    return [note.rule for note in facts.notes()]


@pytest.mark.parametrize(
    ("position", "name"), [((1, 1), "A1"), ((9, 26), "Z9"), ((3, 28), "AB3"), ((1_048_576, 16_384), "XFD1048576")]
)
def test_cell_names(position, name):
    assert cell_name(*position) == name


@pytest.mark.parametrize(
    "data",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>9</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>',
    ],
)
def test_one_far_cell_is_refused_with_its_address(tmp_path, data):
    reason = refusal(write_xlsx(tmp_path / "a", f"<sheetData>{data}</sheetData>"))
    assert reason.rule == "cellule_lointaine" and "XFD1048576" in reason.message


def test_far_cells_on_two_axes_are_both_named(tmp_path):
    data = '<row r="1"><c r="XFD1"><v>1</v></c></row><row r="90000"><c r="A90000"><v>9</v></c></row>'
    reason = refusal(write_xlsx(tmp_path / "a", f"<sheetData>{data}</sheetData>"))
    assert reason.rule == "cellule_lointaine" and "A90000 et XFD1" in reason.message


def test_rows_beyond_any_spreadsheet_are_refused(tmp_path):
    data = '<sheetData><row r="99999999999"><c><v>1</v></c></row></sheetData>'
    assert refusal(write_xlsx(tmp_path / "a", data)).rule == "cellule_lointaine"


def test_empty_styled_far_cells_do_not_count(tmp_path):
    data = (
        '<sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
    )
    (facts,) = scan(write_xlsx(tmp_path / "a", data), file_name="x")
    assert (facts.last_row, facts.last_column) == (1, 1)


def test_declared_dimension_is_not_believed(tmp_path):
    rows = "".join(f'<row r="{i}"><c r="B{i}"><v>{i}</v></c></row>' for i in range(1, 101))
    (facts,) = scan(write_xlsx(tmp_path / "a", f'<dimension ref="A1"/><sheetData>{rows}</sheetData>'), file_name="x")
    assert (facts.last_row, facts.last_column) == (100, 2)


def test_positions_left_out_are_counted(tmp_path):
    data = '<row r="4"><c><v>1</v></c><c r="D4"><v>2</v></c><c><v>3</v></c></row><row><c t="e"><v>#N/A</v></c></row>'
    (facts,) = scan(write_xlsx(tmp_path / "a", f"<sheetData>{data}</sheetData>"), file_name="x")
    assert (facts.last_row, facts.last_column, facts.texts) == (5, 5, {(5, 1): "#N/A"})


def test_200_megabytes_in_one_are_refused(tmp_path):
    path = tmp_path / "bomb.xlsx"
    parts = xlsx_parts(ONE_CELL)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        with archive.open("xl/sharedStrings.xml", "w") as stream:
            stream.write(b"<sst><si><t>")
            for _ in range(200):
                stream.write(b" " * MEGABYTE)
    assert path.stat().st_size < MEGABYTE
    assert refusal(path).rule == "archive_demesuree"


def test_total_size_is_bounded_whatever_the_ratio(tmp_path):
    path = write_zip(tmp_path / "a", xlsx_parts(ONE_CELL) | {f"xl/media/{i}.png": bytes(MEGABYTE) for i in range(5)})
    assert refusal(path, limits=ArchiveLimits(inflated_bytes=4 * MEGABYTE)).rule == "archive_demesuree"


def test_too_many_entries(tmp_path):
    path = write_zip(tmp_path / "a", xlsx_parts(ONE_CELL) | {f"x{i}": "" for i in range(30)})
    assert refusal(path, limits=ArchiveLimits(entries=30)).rule == "archive_demesuree"


def test_file_too_heavy(tmp_path):
    assert (
        refusal(write_xlsx(tmp_path / "a", ONE_CELL), limits=ArchiveLimits(file_bytes=100)).rule == "fichier_trop_gros"
    )


def test_declared_size_is_not_believed(tmp_path):
    """An entry that declares 10 bytes and inflates to 50,000 is read to its real end, then refused."""
    path = write_zip(tmp_path / "a", xlsx_parts(ONE_CELL) | {"xl/sharedStrings.xml": "<sst>" + " " * 50_000 + "</sst>"})
    size = struct.pack("<I", 50_011)
    content = path.read_bytes()
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, struct.pack("<I", 10)))
    assert refusal(path).rule == "archive_trompeuse"


def test_two_entries_of_one_name(tmp_path):
    path = tmp_path / "a"
    write_xlsx(path, ONE_CELL)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("XL/worksheets/sheet1.xml", "<worksheet/>")
    assert refusal(path).rule == "archive_trompeuse"


def test_billion_laughs(tmp_path):
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><sst><si><t>&l9;</t></si></sst>'
    assert (
        refusal(write_zip(tmp_path / "a", xlsx_parts(ONE_CELL) | {"xl/sharedStrings.xml": bomb})).rule
        == "xml_dangereux"
    )


def test_external_entity_in_ods(tmp_path):
    path = tmp_path / "a"
    write_zip(
        path,
        {"content.xml": '<!DOCTYPE x SYSTEM "file:///etc/passwd"><office:document-content xmlns:office="urn:x"/>'},
    )
    assert refusal(path).rule == "xml_dangereux"


def test_svg_picture_with_doctype_is_honest(tmp_path):
    parts = xlsx_parts(ONE_CELL) | {"xl/media/logo.svg": '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY n "x">]><svg/>'}
    assert len(scan(write_zip(tmp_path / "a", parts), file_name="x")) == 1


def test_sheet_hidden_among_pictures_is_refused(tmp_path):
    parts = xlsx_parts(ONE_CELL)
    parts["xl/media/sheet.xml"] = parts.pop("xl/worksheets/sheet1.xml")
    relations = str(parts["xl/_rels/workbook.xml.rels"])
    parts["xl/_rels/workbook.xml.rels"] = relations.replace("worksheets/sheet1.xml", "media/sheet.xml")
    assert refusal(write_zip(tmp_path / "a", parts)).rule == "classeur_endommage"


def test_absurd_merge(tmp_path):
    merge = '<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    reason = refusal(write_xlsx(tmp_path / "a", ONE_CELL + merge))
    assert reason.rule == "fusion_demesuree" and "A1:XFD1048576" in reason.message


def test_truncated_archive(tmp_path):
    path = write_xlsx(tmp_path / "a", ONE_CELL)
    path.write_bytes(path.read_bytes()[:-40])
    assert refusal(path).rule == "fichier_tronque"


def test_spoiled_byte(tmp_path):
    path = write_zip(tmp_path / "a", xlsx_parts(ONE_CELL) | {"xl/media/x.bin": bytes(range(256)) * 40})
    content = bytearray(path.read_bytes())
    at = content.index(b"xl/media/x.bin") + 60
    content[at] ^= 0xFF
    path.write_bytes(content)
    assert refusal(path).rule in ("fichier_tronque", "classeur_endommage")


def test_malformed_sheet(tmp_path):
    reason = refusal(write_xlsx(tmp_path / "a", "<sheetData><row>"))
    assert reason.rule == "classeur_endommage" and "sheet1.xml" in reason.message


def test_malformed_drawing_is_not_our_business(tmp_path):
    parts = xlsx_parts(ONE_CELL) | {
        "xl/drawings/vmlDrawing1.vml": "<xml><br></xml>",
        "customXml/item1.xml": "<a><b></a>",
    }
    assert len(scan(write_zip(tmp_path / "a", parts), file_name="x")) == 1


@pytest.mark.parametrize("parts", [{"word/document.xml": "<document/>"}, {"photo.jpg": b"\xff\xd8"}])
def test_zip_that_is_no_workbook(tmp_path, parts):
    assert refusal(write_zip(tmp_path / "a", parts)).rule == "pas_un_classeur"


def test_encrypted_workbook(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(ole_container({"EncryptionInfo": b"\4\0\4\0", "EncryptedPackage": b"secret"}))
    with pytest.raises(Unreadable) as reason:
        refuse_encrypted(path, file_name="x.xlsx")
    assert reason.value.rule == "mot_de_passe"


def test_encrypted_ods(tmp_path):
    manifest = '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
    assert refusal(write_ods(tmp_path / "a", "", manifest=manifest)).rule == "mot_de_passe"


def test_encrypted_zip_entry(tmp_path):
    path = write_xlsx(tmp_path / "a", ONE_CELL)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert refusal(path).rule == "mot_de_passe"


def test_what_people_hide_is_reported(tmp_path):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["Nom", "Présents"])
    for i in range(4):
        sheet.append([f"Atelier {i}", i])
    for row in (2, 3, 5, 40):
        sheet.row_dimensions[row].hidden = True
    sheet.column_dimensions["B"].hidden = True
    sheet["B6"] = "=SUM(B2:B5)"
    sheet["A2"].comment = openpyxl.comments.Comment("À confirmer", "CRESS")
    sheet.merge_cells("A3:A4")
    sheet.merge_cells("A5:B5")
    workbook.create_sheet("Listes").sheet_state = "veryHidden"
    workbook.save(tmp_path / "a.xlsx")
    facts, hidden = scan(tmp_path / "a.xlsx", file_name="a.xlsx")
    assert {note.rule: note.message for note in facts.notes()} == {
        "lignes_masquees": "3 lignes masquées ou filtrées, lues comme les autres : 2 à 3, 5.",
        "colonnes_masquees": "Colonne masquée, lue comme les autres : B.",
        "formule_sans_valeur": "Cellule B6 : formule sans résultat enregistré, lue comme vide ; ouvrez le classeur dans "
        "votre tableur, enregistrez-le et renvoyez-le.",
        "cellules_fusionnees": "Cellules fusionnées sur plusieurs lignes, seule la première est remplie : A3:A4.",
        "commentaires": "Commentaire de cellule, que rien ne lit : A2. Écrivez dans une colonne ce qui doit être lu.",
    }
    assert hidden.name == "Listes" and rules(hidden) == ["feuille_masquee"]


def test_formats_of_filled_cells_are_told_by_rows(tmp_path):
    fonts = '<fonts><font/><font><strike/></font><font><strike val="0"/></font></fonts>'
    colours = ('rgb="FFFF0000"', 'rgb="FFFFFFFF"', 'theme="0"', 'theme="5" tint="0.4"', 'indexed="64"', 'indexed="13"')
    solid = "".join(
        f'<fill><patternFill patternType="solid"><fgColor {colour}/></patternFill></fill>' for colour in colours
    )
    fills = f'<fills><fill><patternFill/></fill><fill><patternFill patternType="gray125"/></fill>{solid}</fills>'
    formats = [(0, 0), (1, 0), (2, 0), *((0, fill) for fill in range(2, 8)), (1, 2), (9, 99)]
    listed = "".join(f'<xf fontId="{font}" fillId="{fill}"/>' for font, fill in formats)
    unused = '<cellStyleXfs><xf fontId="1" fillId="2"/></cellStyleXfs>'
    dxfs = "<dxfs><dxf><font><strike/></font><fill><patternFill><fgColor rgb='FF00FF00'/></patternFill></fill></dxf></dxfs>"
    styles = f'{HEAD}<styleSheet xmlns="{MAIN}">{fonts}{fills}{unused}<cellXfs>{listed}</cellXfs>{dxfs}</styleSheet>'
    rows = "".join(f'<row r="{n}"><c r="A{n}" s="{n - 1}"><v>1</v></c></row>' for n in range(1, 13))
    rows += '<row r="13"><c r="A13" t="str" s="9"><v>a</v></c><c r="B13" s="3"/></row>'
    parts = xlsx_parts(f"<sheetData>{rows}</sheetData>") | {"xl/styles.xml": styles}
    (facts,) = scan(write_zip(tmp_path / "a", parts), file_name="x")
    assert {mark.look: mark.spans for mark in facts.marks} == {
        STRUCK: ((2, 2), (10, 10), (13, 13)),
        "FF0000": ((4, 4), (10, 10), (13, 13)),
        "theme 5 0.4": ((7, 7),),
        "index 13": ((9, 9),),
    }


def test_stored_results_of_formulas_are_not_reported(tmp_path):
    cells = (
        '<c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>""</f><v></v></c><c r="C1"><f>NOW()</f><v/></c>'
        '<c r="D1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="E1" t="e"><v/></c><c r="F1"><v>7</v></c>'
    )
    (facts,) = scan(write_xlsx(tmp_path / "a", f'<sheetData><row r="1">{cells}</row></sheetData>'), file_name="x")
    assert facts.formulas_without_value == [(1, 3)]
    assert facts.texts == {(1, 4): "#DIV/0!"}


def test_prefixed_tags_are_the_same_sheet(tmp_path):
    parts = xlsx_parts("")
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts["xl/worksheets/sheet1.xml"] = (
        f'<x:worksheet xmlns:x="{main}"><x:sheetData><x:row r="2" hidden="1"><x:c r="C2"><x:v>1</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    (facts,) = scan(write_zip(tmp_path / "a", parts), file_name="x")
    assert (facts.last_row, facts.last_column, facts.hidden_rows) == (2, 3, [2])


def test_ods_repetitions_are_counted_not_expanded(tmp_path):
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/>'
    table = (
        f'<table:table table:name="A"><table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    )
    reason = refusal(write_ods(tmp_path / "a", table + "</table:table>"))
    assert reason.rule == "cellule_lointaine" and "feuille « A »" in reason.message and "XFD1048576" in reason.message


def test_looks_and_comments_of_an_ods_are_told_by_rows(tmp_path):
    def style(name, properties):
        return f'<style:style style:name="{name}" style:family="table-cell">{properties}</style:style>'

    styles = (
        style("red", '<style:table-cell-properties fo:background-color="#ff0000"/>')
        + style("white", '<style:table-cell-properties fo:background-color="#FFFFFF"/>')
        + style("struck", '<style:text-properties style:text-line-through-style="solid"/>')
        + style("plain", '<style:text-properties style:text-line-through-style="none" fo:color="#00ff00"/>')
    )

    def row(name, again=1, inside=""):
        cell = f'<table:table-cell table:style-name="{name}" office:value-type="string">{inside}<text:p>a</text:p></table:table-cell>'
        return f'<table:table-row table:number-rows-repeated="{again}">{cell}<table:table-cell table:style-name="red"/></table:table-row>'

    comment = "<office:annotation><text:p>À confirmer</text:p></office:annotation>"
    rows = row("white") + row("red", 2) + row("struck") + row("plain", inside=comment) + row("red")
    tables = f'<table:table table:name="A">{rows}</table:table><table:table table:name="B">{row("plain")}</table:table>'
    first, second = scan(write_ods(tmp_path / "a", tables, styles=styles), file_name="x")
    assert {mark.look: mark.spans for mark in first.marks} == {"#ff0000": ((2, 3), (6, 6)), STRUCK: ((4, 4),)}
    assert (first.commented, second.marks, second.commented) == (["A5"], (), [])


def test_ods_empty_tail_is_honest(tmp_path):
    table = (
        '<table:table table:name="A"><table:table-row><table:table-cell office:value-type="string"><text:p>x</text:p>'
        '</table:table-cell><table:table-cell table:number-columns-repeated="16383"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048575"><table:table-cell table:number-columns-repeated="16384"/>'
        "</table:table-row></table:table>"
    )
    (facts,) = scan(write_ods(tmp_path / "a", table), file_name="x")
    assert (facts.last_row, facts.last_column, rules(facts)) == (1, 1, [])
