"""Small files built by hand for the tests of the readers: raw XLSX and ODS archives, an OLE container, a BIFF workbook.

Belongs here: bytes that no honest library would write. Honest workbooks are written with openpyxl in the tests.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
ODS_NAMESPACES = (
    " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for prefix, name in [("office", "office"), ("table", "table"), ("text", "text"), ("style", "style")]
    )
    + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    + ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
)


def xlsx_parts(*sheets: str, states: tuple[str, ...] = ()) -> dict[str, str | bytes]:
    """Parts of a workbook whose sheets S1, S2… have the given inner XML (`<sheetData>…`)."""
    declared = "".join(
        f'<sheet name="S{i}" sheetId="{i}" r:id="rId{i}"' + (f' state="{states[i - 1]}"/>' if states else "/>")
        for i in range(1, len(sheets) + 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{i}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(sheets) + 1)
    )
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{declared}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}">{relations}</Relationships>',
    }
    for i, inner in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{i}.xml"] = f'{HEAD}<worksheet xmlns="{MAIN}">{inner}</worksheet>'
    return parts


def write_zip(path: Path, parts: dict[str, str | bytes]) -> Path:
    """A deflated archive of `parts`, in their order."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def write_xlsx(path: Path, *sheets: str, states: tuple[str, ...] = ()) -> Path:
    """A raw XLSX of the given sheets."""
    return write_zip(path, xlsx_parts(*sheets, states=states))


def write_ods(path: Path, tables: str, *, styles: str = "", manifest: str = "") -> Path:
    """A raw ODS whose `<office:spreadsheet>` holds `tables`."""
    namespace = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    return write_zip(
        path,
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f"{HEAD}<office:document-content {ODS_NAMESPACES}><office:automatic-styles>{styles}"
            f"</office:automatic-styles><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>"
            "</office:document-content>",
            "META-INF/manifest.xml": f'{HEAD}<manifest:manifest xmlns:manifest="{namespace}">{manifest}</manifest:manifest>',
        },
    )


def ole_container(streams: dict[str, bytes]) -> bytes:
    """A compound file (512-byte sectors) with the given streams, each padded to 4,096 bytes so that none is "mini"."""
    sectors: list[bytes] = []
    chains: list[int] = []
    entries = [_ole_entry("Root Entry", 5, child=1, start=0xFFFFFFFE, size=0)]
    for index, (name, content) in enumerate(streams.items(), 1):
        content = content.ljust(4096, b"\0")
        count = -(-len(content) // 512)
        first = len(sectors)
        sectors += [content[i * 512 : (i + 1) * 512].ljust(512, b"\0") for i in range(count)]
        chains += [*range(first + 1, first + count), 0xFFFFFFFE]
        right = index + 1 if index < len(streams) else 0xFFFFFFFF
        entries.append(_ole_entry(name, 2, right=right, start=first, size=len(content)))
    directory = b"".join(entries)
    directory += b"".join(_ole_entry("", 0) for _ in range(-len(entries) % 4))
    directory_start = len(sectors)
    count = len(directory) // 512
    sectors += [directory[i * 512 : (i + 1) * 512] for i in range(count)]
    chains += [*range(directory_start + 1, directory_start + count), 0xFFFFFFFE]
    fat_sector = len(sectors)
    chains += [0xFFFFFFFD]
    fat = struct.pack("<128I", *(chains + [0xFFFFFFFF] * (128 - len(chains))))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, directory_start, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", fat_sector, *[0xFFFFFFFF] * 108)
    return header + b"".join(sectors) + fat


def _ole_entry(
    name: str, kind: int, *, right: int = 0xFFFFFFFF, child: int = 0xFFFFFFFF, start: int = 0, size: int = 0
) -> bytes:
    raw = name.encode("utf-16-le")
    length = len(raw) + 2 if name else 0
    entry = raw.ljust(64, b"\0") + struct.pack("<HBBIII", length, kind, 1, 0xFFFFFFFF, right, child)
    return entry + bytes(16 + 4 + 16) + struct.pack("<IQ", start, size)


def biff_workbook(cells: dict[tuple[int, int], str | float], *, encrypted: bool = False, remark_by: str = "") -> bytes:
    """An Excel 97 workbook (.xls) of one sheet « Feuil1 »; keys are 0-based (row, column). `remark_by`: who wrote a remark at A1."""
    sheet = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for (row, column), value in cells.items():
        if isinstance(value, str):
            text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
            sheet += _biff(0x0204, struct.pack("<HHH", row, column, 0) + text)
        else:
            sheet += _biff(0x0203, struct.pack("<HHHd", row, column, 0, value))
    if remark_by:
        author = struct.pack("<HB", len(remark_by), 1) + remark_by.encode("utf-16-le")
        sheet += _biff(0x001C, struct.pack("<HHHH", 0, 0, 0, 1) + author + b"\0")
    sheet += _biff(0x000A, b"")
    opening = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    if encrypted:
        opening += _biff(0x002F, struct.pack("<HHH", 1, 1, 1) + bytes(48))
    name = "Feuil1".encode("latin-1")
    offset = len(opening) + 4 + 6 + 2 + len(name) + 4
    bound = _biff(0x0085, struct.pack("<IBBBB", offset, 0, 0, len(name), 0) + name)
    return ole_container({"Workbook": opening + bound + _biff(0x000A, b"") + sheet})


def _biff(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data
