"""What the bytes are, whatever the file is called: text, workbook, PDF, web page, another document, other.

Belongs here: magic bytes, the names of an archive's entries, and the sentence that tells the sender what was received instead of what was expected.
Does not belong here: looking inside a workbook (`archive`), choosing an encoding (`encoding`). A file name is only ever
shown to people, never opened and never believed.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from sources.readers.sheet import Unreadable

HEAD_BYTES = 65_536

_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_BINARY = {
    b"\x89PNG": "une image",
    b"\xff\xd8\xff": "une image",
    b"GIF8": "une image",
    b"\x1f\x8b": "une archive compressée",
    b"7z\xbc\xaf\x27\x1c": "une archive compressée",
    b"Rar!": "une archive compressée",
    b"PAR1": "un fichier Parquet",
    b"SQLite format 3": "une base de données",
    b"{\\rtf": "un document de traitement de texte",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MARKUP = re.compile(rb"\s*<(!doctype html|html|head|body|table|script|meta)\b", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml\b", re.IGNORECASE)
_CONTROL = bytes(set(range(32)) - {0, 9, 10, 11, 12, 13, 26, 27, 31})
_AS_CSV = "ouvrez-le dans votre tableur, puis « Enregistrer sous » au format CSV UTF-8, et renvoyez ce fichier-là"
_AS_WORKBOOK = (
    "ouvrez-le dans votre tableur, puis « Enregistrer sous » au format .xlsx ou .ods, et renvoyez ce fichier-là"
)


_ENTRY = re.compile(rb"PK\x01\x02.{24}(..).{16}", re.DOTALL)
"""An entry of the list that ends a zip, up to its name, the length of which is captured."""
_OPEN_TEXT = b"application/vnd.oasis.opendocument.text"
_AS_XLSX = "au format .xlsx, et renvoyez ce fichier-là"
_IN_A_TEXT = (
    "un document de traitement de texte (Word, LibreOffice), et non un tableau",
    (f"copiez le tableau dans une feuille de calcul neuve, enregistrez-la {_AS_XLSX}"),
)
_STREAMS = {
    "WordDocument": _IN_A_TEXT,
    "PowerPoint Document": ("une présentation, et non un tableau", f"copiez le tableau dans une feuille de calcul neuve, enregistrez-la {_AS_XLSX}"),
    "__properties_version1.0": ("un message de courriel", "ouvrez-le et déposez sa pièce jointe"),
}  # fmt: skip
"""Streams of the containers of old Office that are no workbooks."""
_PDF = (
    "un PDF, dont aucun chiffre ne peut être repris sûrement",
    "envoyez le tableau d'origine (.xlsx, .ods ou .csv)",
)
_WORKBOOK_STREAMS = ("Workbook", "Book", "EncryptedPackage")
_ZIPPED = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv", ".txt", ".json", ".pdf", ".numbers", ".docx")


def other_document(path: Path) -> tuple[str, str] | None:
    """What a file is that no reader reads although it may well hold a list (« est … »), and what to do with it; None of any other. Only the two ends of an archive
    are looked at: it is not opened."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
        kind = signature_of(head)
        if kind == "ole":
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                held = [name for name in (*_WORKBOOK_STREAMS, *_STREAMS) if data.find(name.encode("utf-16-le")) >= 0]
            return None if not held or held[0] in _WORKBOOK_STREAMS else _STREAMS[held[0]]
        if kind != "zip":
            return _PDF if kind == "pdf" else None
        file.seek(max(0, path.stat().st_size - HEAD_BYTES))
        return _archive(head, _entries(file.read()))


def _entries(tail: bytes) -> list[str]:
    """The names that the list at the end of an archive holds, as far as these last bytes go."""
    end = tail.rfind(b"PK\x05\x06")
    listed = tail[max(0, end - int.from_bytes(tail[end + 12 : end + 16], "little")) : max(0, end)]
    found = []
    for entry in _ENTRY.finditer(listed):
        length = int.from_bytes(entry[1], "little")
        found.append(listed[entry.end() : entry.end() + length].decode("utf-8", "replace"))
    return found


def _archive(head: bytes, names: list[str]) -> tuple[str, str] | None:
    if any(name.endswith(".iwa") or name in ("Index.zip", "index.apxl") for name in names):
        return "un document d'Apple (Numbers, Pages)", (
            "ouvrez-le dans Numbers, puis « Fichier », « Exporter vers », « Excel… », et renvoyez le fichier .xlsx"
        )
    if "word/document.xml" in names or _OPEN_TEXT in head[:128]:
        return _IN_A_TEXT
    if "ppt/presentation.xml" in names:
        return _STREAMS["PowerPoint Document"]
    if "xl/workbook.bin" in names:
        return "un classeur Excel binaire (.xlsb)", f"ouvrez-le dans Excel, puis « Enregistrer sous » {_AS_XLSX}"
    files = [name for name in names if name.lower().endswith(_ZIPPED) and not name.startswith("__MACOSX/")]
    if files and "[Content_Types].xml" not in names and not head[30:].startswith(b"mimetype"):
        several = len(files) > 1
        return f"une archive zip qui contient {f'{len(files)} fichiers' if several else 'un fichier'}", (
            f"décompressez-la et déposez {'chacun de ces fichiers' if several else 'ce fichier'}"
        )
    return None


def _refuse_other_document(path: Path, file_name: str) -> None:
    if (found := other_document(path)) is not None:
        what, to_do = found
        raise Unreadable("pas_un_classeur", f"« {file_name} » est {what} : {to_do}.")


def signature(path: Path) -> str:
    """One of `empty`, `zip`, `ole`, `pdf`, `html`, `xml`, `binary`, `text`, from the first 64 KB of `path`."""
    with open(path, "rb") as file:
        return signature_of(file.read(HEAD_BYTES))


def signature_of(head: bytes) -> str:
    """Same as `signature`, from bytes."""
    if not head:
        return "empty"
    if head.startswith(_ZIP):
        return "zip"
    if head.startswith(_OLE):
        return "ole"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(tuple(_OTHER_BINARY)):
        return "binary"
    if head.startswith(_UTF16):
        return "text"
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(text):
        return "html"
    if _XML.match(text):
        return "xml"
    return "binary" if _is_binary(text) else "text"


def require_text(path: Path, file_name: str) -> None:
    """Pass if `path` holds text; raise Unreadable saying what it holds otherwise."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    match signature_of(head):
        case "text":
            return
        case "empty":
            raise empty_file(file_name)
        case "zip" | "ole":
            _refuse_other_document(path, file_name)
            raise Unreadable(
                "classeur_au_lieu_de_csv",
                f"« {file_name} » est attendu en texte (CSV) mais contient un classeur (Excel, LibreOffice) "
                f"ou une archive zip : changer l'extension ne suffit pas, {_AS_CSV}.",
            )
        case "html" | "xml" as kind:
            what = "une page web (HTML)" if kind == "html" else "du XML"
            raise Unreadable(
                "page_web",
                f"« {file_name} » contient {what} et non un tableau CSV : la session avait peut-être expiré lors du "
                "téléchargement ; refaites l'export CSV depuis la plateforme et renvoyez-le.",
            )
        case "pdf":
            raise _is_pdf(file_name)
        case _:
            raise Unreadable(
                "fichier_binaire",
                f"« {file_name} » contient {_binary_name(head)} et non un tableau CSV : {_AS_CSV}.",
            )


def require_workbook(path: Path, file_name: str) -> str:
    """Return `zip` or `ole` if `path` can be a workbook; raise Unreadable saying what it holds otherwise."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    match signature_of(head):
        case "zip" | "ole" as kind:
            _refuse_other_document(path, file_name)
            return kind
        case "empty":
            raise empty_file(file_name)
        case "text":
            raise Unreadable(
                "texte_au_lieu_de_classeur",
                f"« {file_name} » est attendu comme classeur (Excel, LibreOffice) mais contient du texte, "
                f"sans doute un CSV renommé : {_AS_WORKBOOK}.",
            )
        case "html" | "xml":
            raise Unreadable(
                "page_web",
                f"« {file_name} » contient une page web ou du XML, pas un classeur : {_AS_WORKBOOK}.",
            )
        case "pdf":
            raise _is_pdf(file_name)
        case _:
            raise Unreadable(
                "fichier_binaire",
                f"« {file_name} » contient {_binary_name(head)}, pas un classeur : {_AS_WORKBOOK}.",
            )


def empty_file(file_name: str) -> Unreadable:
    """The reason given for a file without a byte or without a filled cell."""
    return Unreadable(
        "fichier_vide",
        f"« {file_name} » est vide : vérifiez que l'export contient bien des lignes, puis renvoyez-le.",
    )


def _is_pdf(file_name: str) -> Unreadable:
    what, to_do = _PDF
    return Unreadable("pdf", f"« {file_name} » est {what} : {to_do}.")


def _is_binary(head: bytes) -> bool:
    """A few stray NUL or control bytes are a text that travelled badly; many are no text at all."""
    nuls = head.count(0)
    controls = len(head) - len(head.translate(None, _CONTROL))
    return (nuls >= 8 and nuls > len(head) // 5) or (controls >= 8 and controls > len(head) // 50)


def _binary_name(head: bytes) -> str:
    return next((name for magic, name in _OTHER_BINARY.items() if head.startswith(magic)), "des données binaires")
