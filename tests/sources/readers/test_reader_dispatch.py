"""The door of the readers: the declared shape must be the shape of the bytes, whatever the name says."""

import zipfile

import openpyxl
import pytest
from reader_files import ole_container, write_zip

from sources.readers import Unreadable, read


def test_workbook_renamed_csv_says_what_to_do(tmp_path):
    path = tmp_path / "liste.csv"
    openpyxl.Workbook().save(path)
    with pytest.raises(Unreadable) as reason:
        read(path, file_name="liste.csv", shape="delimited", delimiter=";")
    assert reason.value.rule == "classeur_au_lieu_de_csv"
    assert "« liste.csv »" in reason.value.message and "CSV UTF-8" in reason.value.message


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"Nom;Note\nForum;4\n", "texte_au_lieu_de_classeur"),
        (b"\xff\xfe" + "Nom\tNote\n".encode("utf-16-le"), "texte_au_lieu_de_classeur"),
        (b"<html><table><tr><td>Nom</td></tr></table></html>", "page_web"),
        (b"%PDF-1.4", "pdf"),
        (b"GIF89a" + bytes(50), "fichier_binaire"),
        (b"", "fichier_vide"),
        (b"PK\x03\x04" + bytes(30), "fichier_tronque"),
    ],
)
def test_anything_else_renamed_xlsx(tmp_path, content, rule):
    path = tmp_path / "liste.xlsx"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as reason:
        read(path, file_name="liste.xlsx", shape="spreadsheet")
    assert reason.value.rule == rule and "« liste.xlsx »" in reason.value.message


@pytest.mark.parametrize("shape", ["spreadsheet", "delimited"])
@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"Index/Document.iwa": b"x", "preview.jpg": b"x" * 70_000, "Metadata/Properties.plist": b"x"}, "d'Apple (Numbers, Pages) : ouvrez-le dans Numbers, puis « Fichier », « Exporter vers »"),
        ({"[Content_Types].xml": "<T/>", "word/document.xml": "<w/>"}, "un document de traitement de texte"),
        ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<a/>"}, "un document de traitement de texte"),
        ({"[Content_Types].xml": "<T/>", "ppt/presentation.xml": "<p/>"}, "une présentation"),
        ({"[Content_Types].xml": "<T/>", "xl/workbook.bin": b"x"}, "(.xlsb) : ouvrez-le dans Excel"),
        ({"avril.xlsx": write_zip, "__MACOSX/._avril.xlsx": b"x", "mai.csv": "a;b\n"}, "une archive zip qui contient 2 fichiers : décompressez-la et déposez chacun"),
    ],
)  # fmt: skip
def test_another_document_is_told_for_what_it_is_and_how_to_export_it(tmp_path, shape, parts, words):
    inner = write_zip(tmp_path / "inner", {"[Content_Types].xml": "<T/>"}).read_bytes()
    made = {name: inner if content is write_zip else content for name, content in parts.items()}
    with zipfile.ZipFile(tmp_path / "liste", "w") as stored:
        for name, content in made.items():
            stored.writestr(name, content)
    with pytest.raises(Unreadable) as reason:
        read(tmp_path / "liste", file_name="liste.xlsx", shape=shape)
    assert reason.value.rule == "pas_un_classeur" and words in reason.value.message


def test_a_document_of_old_word_and_a_saved_message_are_told(tmp_path):
    for stream, words in (("WordDocument", "traitement de texte"), ("__properties_version1.0", "sa pièce jointe")):
        path = tmp_path / "liste.xls"
        path.write_bytes(ole_container({stream: b"x" * 100}))
        with pytest.raises(Unreadable, match=words):
            read(path, file_name="liste.xls", shape="spreadsheet")


def test_text_named_xls_is_text_when_the_contract_says_so(tmp_path):
    """Old Framaforms « Excel » exports are UTF-16 tabulated text."""
    path = tmp_path / "resultats.xls"
    path.write_bytes(b"\xff\xfe" + '"Fiche"\t"Note"\n"1"\t"4"\n'.encode("utf-16-le"))
    (sheet,) = read(path, file_name="resultats.xls", shape="delimited", delimiter="\t")
    assert sheet.table.to_pylist()[1] == {"row_number": 2, "c1": "1", "c2": "4"}


def test_file_name_is_never_a_path(tmp_path):
    path = tmp_path / "original"
    path.write_bytes(b"a;b\n")
    (sheet,) = read(path, file_name="../../etc/passwd", shape="delimited", delimiter=";")
    assert sheet.table.num_rows == 1


def test_unknown_shape_is_a_mistake_of_the_contract(tmp_path):
    with pytest.raises(ValueError, match="unknown shape 'parquet'"):
        read(tmp_path / "x", file_name="x", shape="parquet")
