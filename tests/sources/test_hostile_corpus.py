"""Files no honest program writes, dropped in an inbox by a careless or hostile hand: each ends in a named reason, through the whole
landing, and the process that lands goes on with the next one.
"""

import io
import random
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from deliveries import HEADER, ROWS, land, places, programme, raw

from sources.ledger import deliveries, open_ledger

sys.path.append(str(Path(__file__).parent / "readers"))
from reader_files import biff_workbook, ole_container, write_ods, write_xlsx, write_zip, xlsx_parts

CSV = "Id_evenement;Programme;Parent;Nature;Statut;Compte;Intitulé"
ONE = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>'
FAR = '<row r="1"><c r="A1"><v>1</v></c></row>'


def workbook(edit: Callable | None = None, header=HEADER, rows=ROWS) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Ateliers 2023"
    for line in (["Titre"], [None], header, ["AVRIL 2023"], *rows):
        book.active.append(line)
    if edit:
        edit(book)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def built(write: Callable, *arguments, **options) -> Callable[[Path], bytes]:
    return lambda directory: write(directory / "made", *arguments, **options).read_bytes()


def inflating(directory: Path) -> bytes:
    parts = xlsx_parts(ONE)
    with zipfile.ZipFile(directory / "made", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        with archive.open("xl/sharedStrings.xml", "w") as stream:
            for _ in range(200):
                stream.write(b" " * 1_000_000)
    return (directory / "made").read_bytes()


def lying_size(directory: Path) -> bytes:
    parts = xlsx_parts(ONE) | {"xl/sharedStrings.xml": "<sst>" + " " * 50_000 + "</sst>"}
    content = write_zip(directory / "made", parts).read_bytes()
    return content.replace(struct.pack("<I", 50_011), struct.pack("<I", 10))


def encrypted_entry(directory: Path) -> bytes:
    content = bytearray(write_xlsx(directory / "made", ONE).read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


DOCTYPE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><sst><si><t>&b;</t></si></sst>'
MANIFEST = '<manifest:file-entry manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'

WORKBOOKS: dict[str, tuple[bytes | Callable[[Path], bytes], str]] = {
    "empty": (b"", "fichier_vide"),
    "only zeros": (bytes(4096), "fichier_binaire"),
    "noise": (noise(4096), "fichier_binaire"),
    "a text": ("N°;Structure\n1;Phare\n".encode(), "texte_au_lieu_de_classeur"),
    "a web page": (b"<!DOCTYPE html><html><body>Connexion</body></html>", "page_web"),
    "a pdf": (b"%PDF-1.7\n%%EOF", "pdf"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(200), "fichier_binaire"),
    "a zip of anything": (built(write_zip, {"photo.jpg": b"x" * 100}), "pas_un_classeur"),
    "a word document": (built(write_zip, {"word/document.xml": "<w/>", "[Content_Types].xml": "<T/>"}), "pas_un_classeur"),
    "cut in half": (lambda _: workbook()[:2500], "fichier_tronque"),
    "without its end": (lambda _: workbook()[:-30], "fichier_tronque"),
    "one byte spoiled": (lambda _: workbook().replace(b"xl/workbook.xml", b"xl/workbooq.xml", 1), "fichier_tronque"),
    "200 MB in one": (inflating, "archive_demesuree"),
    "a size that lies": (lying_size, "archive_trompeuse"),
    "far cell": (built(write_xlsx, f'<sheetData>{FAR}<row r="1048576"><c r="XFD1048576"><v>9</v></c></row></sheetData>'), "cellule_lointaine"),
    "far row number": (built(write_xlsx, '<sheetData><row r="99999999999"><c><v>1</v></c></row></sheetData>'), "cellule_lointaine"),
    "absurd merge": (built(write_xlsx, f'{ONE}<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'), "fusion_demesuree"),
    "entities": (built(write_zip, xlsx_parts(ONE) | {"xl/sharedStrings.xml": DOCTYPE}), "xml_dangereux"),
    "malformed sheet": (built(write_xlsx, "<sheetData><row>"), "classeur_endommage"),
    "no sheet declared": (built(write_zip, {k: v for k, v in xlsx_parts(ONE).items() if "sheet1" not in k}), "classeur_endommage"),
    "encrypted package": (ole_container({"EncryptedPackage": b"x" * 100, "EncryptionInfo": b"y" * 100}), "mot_de_passe"),
    "encrypted entry": (encrypted_entry, "mot_de_passe"),
    "encrypted ods": (built(write_ods, "", manifest=MANIFEST), "mot_de_passe"),
    "encrypted xls": (biff_workbook({(0, 0): "a"}, encrypted=True), "mot_de_passe"),
    "an ole that is none": (ole_container({"Rien": b"x"}), "classeur_endommage"),
    "repeated for ever": (
        built(write_ods, '<table:table table:name="A"><table:table-row table:number-rows-repeated="1048576"><table:table-cell '
              'table:number-columns-repeated="16384" office:value-type="float" office:value="1"/></table:table-row></table:table>'),
        "cellule_lointaine",
    ),
    "an empty workbook": (lambda _: workbook(lambda book: book.active.delete_rows(1, 9)), "feuille_vide"),
    "another sheet": (lambda _: workbook(lambda book: setattr(book.active, "title", "Brouillon")), "feuille_absente"),
    "no header": (lambda _: workbook(header=list("abcdefgh")), "entete_introuvable"),
    "an unknown column": (lambda _: workbook(header=[*HEADER, "Budget"], rows=[[*row, 1] for row in ROWS]), "colonnes_inattendues"),
    "a missing column": (lambda _: workbook(header=[h if h != "Lieu" else None for h in HEADER]), "colonnes_inattendues"),
    "two headers alike": (lambda _: workbook(header=[h if h != "Dépt" else "Lieu" for h in HEADER]), "entetes_en_double"),
}  # fmt: skip

TEXTS: dict[str, tuple[bytes, str]] = {
    "empty text": (b"", "fichier_vide"),
    "only a mark": (b"\xef\xbb\xbf", "fichier_vide"),
    "only blank lines": (b"\n\n\n", "fichier_vide"),
    "a renamed workbook": (workbook(), "classeur_au_lieu_de_csv"),
    "a page of login": (b"<!doctype html><html><body>Connexion</body></html>", "page_web"),
    "a compressed text": (b"\x1f\x8b\x08" + noise(200), "fichier_binaire"),
    "noise as text": (bytes(range(256)) * 8, "fichier_binaire"),
    "utf-32": (b"\xff\xfe\x00\x00" + CSV.encode("utf-32-le"), "encodage_inconnu"),
    "cut inside a character": ((CSV + "é").encode()[:-1], "fichier_coupe"),
    "an open quote": ((CSV + '\nE1;ERROL-CONSULT-2025;;a;tenu;"nous').encode(), "fichier_coupe"),
    "text after a quote": ((CSV + '\nE1;"ERROL"x;;a;tenu;oui;T\n').encode(), "guillemets"),
    "20,000 columns": (b";" .join([b"a"] * 20_000), "trop_de_colonnes"),
    "a huge cell": (CSV.encode() + b'\nE1;"' + b"x" * 200_000 + b'"', "guillemets"),
    "another table": (b"nom;age\nPhare;3\n", "entete_introuvable"),
    "a separator that is not": (CSV.replace(";", "§").encode() + b"\nx\n", "entete_introuvable"),
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("home")
    programme(home)
    land(home)
    return home


def reason(home: Path, source: str, name: str, content: bytes) -> tuple[str, str, str]:
    path = raw(home, source, name, content)
    (report,) = land(home, source)
    path.unlink()
    return report.outcome, report.rule, report.message


@pytest.mark.parametrize("kind", WORKBOOKS)
def test_a_hostile_workbook_ends_in_a_named_reason(home, tmp_path, kind):
    content, rule = WORKBOOKS[kind]
    content = content(tmp_path) if callable(content) else content
    outcome, found, message = reason(home, "hdf_2023_programme", f"{kind}.xlsx", content)
    assert (outcome in ("held", "refused"), found) == (True, rule), message
    assert message.endswith((".", "»")) and "Traceback" not in message and "Error" not in message


@pytest.mark.parametrize("kind", TEXTS)
def test_a_hostile_text_ends_in_a_named_reason(home, kind):
    content, rule = TEXTS[kind]
    outcome, found, message = reason(home, "evenements_ess", f"{kind}.csv", content)
    assert (outcome in ("held", "refused"), found) == (True, rule), message
    assert message.endswith((".", "»")) and "Traceback" not in message and "Error" not in message


def test_they_are_many_and_the_good_delivery_is_still_in_force(home):
    assert len(WORKBOOKS) + len(TEXTS) >= 40
    with open_ledger(places(home).ledger) as ledger:
        states = [row["state"] for row in deliveries(ledger)]
    assert states.count("accepted") == 1
    (landed,) = (home / "landing" / "event").glob("*.parquet")
    assert pq.read_metadata(landed).num_rows == len(ROWS)
