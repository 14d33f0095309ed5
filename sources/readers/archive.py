"""The archive that an XLSX or ODS file is, looked at before any spreadsheet library touches it.

Belongs here: what makes an archive dangerous or cut (entries, bytes really inflated, entities, far cells, passwords),
and what the spreadsheet library does not tell (hidden rows, formulas without a stored result, error cells, comments, colours).
Does not belong here: values of cells. Nothing here trusts a declared size, a declared dimension or an entry's name.

Every entry is inflated once by blocks and forgotten; every entry that looks like XML goes through expat, which refuses
DOCTYPE.
"""

from __future__ import annotations

import copy
import mmap
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import basename, dirname, join, normpath
from xml.parsers import expat

from rulebook.numbers import agreed, plural
from sources.readers.looks import StruckTexts, XlsxStyles, marks, ods_look, partly_struck, spans_of_texts
from sources.readers.sheet import (
    MERGED,
    STRUCK,
    Mark,
    Note,
    Spans,
    Unreadable,
    cell_name,
    column_name,
    enumerate_in_french,
    extend,
    row_ranges,
)
from sources.zipped import SPOILED

MB = 1_000_000
_BLOCK = 1 << 20
_DIGITS = "0123456789"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_KNOWN_ROOTS = {"workbook", "worksheet", "sst", "styleSheet", "Relationships", "Types", "document-content", "manifest"}
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_CALCEXT = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "


@dataclass(frozen=True)
class ArchiveLimits:
    """What an honest workbook does not reach. 200,000 rows × 10 columns inflate to about 100 MB, ten times their zip.

    `ratio` (inflated / deflated) is judged per entry, above `ratio_from_bytes` inflated. `cells` bounds the
    rectangle that holds every filled cell of a sheet, since the spreadsheet library builds it whole.
    """

    file_bytes: int = 100 * MB
    entries: int = 5_000
    inflated_bytes: int = 400 * MB
    ratio: int = 100
    ratio_from_bytes: int = 10 * MB
    rows: int = 1_048_576
    columns: int = 16_384
    cells: int = 20_000_000
    merged_cells: int = 1_000_000


@dataclass
class SheetFacts:
    """What the XML of one sheet says beside its values. Rows and columns are 1-based.

    `texts` holds cells that the spreadsheet library returns empty though they show a text (errors such as `#N/A`);
    `has_iso_durations` says that it returns times of day as "PT09H30M00S" (ODS).
    """

    name: str | None = None
    hidden: bool = False
    last_row: int = 0
    last_column: int = 0
    far_row: str = ""
    far_column: str = ""
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    formulas_without_value: list[tuple[int, int]] = field(default_factory=list)
    error_cells: list[tuple[int, int]] = field(default_factory=list)
    merged_down: list[str] = field(default_factory=list)
    merged_across: Spans = field(default_factory=list)
    commented: list[str] = field(default_factory=list)
    marks: tuple[Mark, ...] = ()
    texts: dict[tuple[int, int], str] = field(default_factory=dict)
    has_iso_durations: bool = False

    def notes(self) -> tuple[Note, ...]:
        """The facts as French sentences, for whoever typed the sheet."""
        return tuple(Note(rule, message) for rule, message in self._sentences())

    def _sentences(self) -> Iterator[tuple[str, str]]:
        if self.hidden:
            yield "feuille_masquee", "La feuille est masquée ; elle a été lue comme les autres."
        if self.hidden_rows:
            rows = enumerate_in_french(row_ranges(self.hidden_rows))
            counted = plural(
                len(self.hidden_rows),
                "ligne masquée ou filtrée, lue comme les autres",
                "lignes masquées ou filtrées, lues comme les autres",
            )
            yield "lignes_masquees", f"{counted} : {rows}."
        if columns := _column_ranges(self.hidden_columns, self.last_column):
            is_one = len(columns) == 1 and columns[0].isalpha()
            said = "Colonne masquée, lue" if is_one else "Colonnes masquées, lues"
            yield "colonnes_masquees", f"{said} comme les autres : {enumerate_in_french(columns)}."
        if self.formulas_without_value:
            yield (
                "formule_sans_valeur",
                f"{_addresses(self.formulas_without_value)} : formule sans résultat enregistré, lue comme "
                "vide ; ouvrez le classeur dans votre tableur, enregistrez-le et renvoyez-le.",
            )
        if self.error_cells:
            yield (
                "cellule_en_erreur",
                f"{_addresses(self.error_cells)} : la formule donne une erreur, gardée telle quelle.",
            )
        if self.merged_down:
            cells = enumerate_in_french(self.merged_down)
            yield (
                "cellules_fusionnees",
                f"Cellules fusionnées sur plusieurs lignes, seule la première est remplie : {cells}.",
            )
        if self.commented:
            cells = enumerate_in_french(self.commented)
            yield (
                "commentaires",
                f"{agreed(len(self.commented), 'Commentaire')} de cellule, que rien ne lit : {cells}. Écrivez dans une colonne ce qui doit être lu.",
            )


def scan(path: Path, *, file_name: str, limits: ArchiveLimits = ArchiveLimits()) -> list[SheetFacts]:
    """Look through the whole archive at `path`; the facts of its sheets, in the order of the workbook.

    Raises Unreadable: `fichier_trop_gros`, `fichier_tronque`, `mot_de_passe`, `archive_demesuree`, `archive_trompeuse`,
    `xml_dangereux`, `classeur_endommage`, `pas_un_classeur`, `cellule_lointaine`, `fusion_demesuree`.
    """
    return _Scan(path, f"« {file_name} »", limits).run()


def refuse_encrypted(path: Path, *, file_name: str) -> None:
    """Raise Unreadable (`mot_de_passe`) if the OLE container at `path` wraps an encrypted workbook."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data.find(_ENCRYPTED_PACKAGE) >= 0:
            raise password(f"« {file_name} »")


def password(where: str) -> Unreadable:
    """The reason given for any kind of encrypted workbook."""
    return Unreadable(
        "mot_de_passe",
        f"{where} est protégé par un mot de passe : retirez-le (Fichier, Informations) et renvoyez le classeur.",
    )


DAMAGED = "classeur_endommage"


def damaged(where: str, part: str = "") -> Unreadable:
    """The reason given when the archive opens but its content does not hold."""
    inside = f" (partie {part})" if part else ""
    return Unreadable(
        DAMAGED,
        f"{where} est endommagé{inside} : ouvrez-le dans votre tableur, enregistrez-le sous un autre nom et "
        "renvoyez-le.",
    )


class _Scan:
    """One pass over one archive. `where` opens every sentence."""

    def __init__(self, path: Path, where: str, limits: ArchiveLimits) -> None:
        self.path, self.where, self.limits = path, where, limits
        self.inflated = 0
        self.parts: dict[str, _Part] = {}

    def run(self) -> list[SheetFacts]:
        if self.path.stat().st_size > self.limits.file_bytes:
            raise self._too_big(f"pèse plus de {self.limits.file_bytes // MB} Mo")
        try:
            with zipfile.ZipFile(self.path) as archive:
                for entry in self._entries(archive):
                    self._inflate(archive, entry)
                self._find_struck_texts(archive)
        except zipfile.BadZipFile as error:
            raise self._cut() from error
        except SPOILED as error:
            raise damaged(self.where) from error
        return self._sheets()

    def _entries(self, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        entries = archive.infolist()
        if len(entries) > self.limits.entries:
            raise self._too_big(f"contient plus de {self.limits.entries} éléments", "archive_demesuree")
        if len({entry.filename.lower() for entry in entries}) < len(entries):
            raise self._lying("deux éléments y portent le même nom")
        if any(entry.flag_bits & 0x1 for entry in entries):
            raise password(self.where)
        return entries

    def _inflate(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        """Inflate one entry to its real end: zipfile itself would stop at the declared size."""
        unbounded = copy.copy(entry)
        unbounded.file_size = self.limits.inflated_bytes + _BLOCK + 1
        part, size = None, 0
        with archive.open(unbounded) as stream:
            while block := stream.read(_BLOCK):
                if size == 0 and _looks_like_xml(entry.filename, block):
                    part = self.parts[_key(entry.filename)] = _Part(entry.filename, self.where, self.limits)
                size += len(block)
                self._count(len(block), size, entry)
                if part:
                    part.feed(block)
        if size != entry.file_size:
            raise self._lying(f"la taille de {entry.filename} est fausse")
        if part:
            part.close()

    def _find_struck_texts(self, archive: zipfile.ZipFile) -> None:
        """Read again the parts where something is struck inside a text, and the sheets that show a shared one: nearly always none."""
        entries = {_key(entry.filename): entry for entry in archive.infolist()}
        shared: dict[int, str] = {}
        for key, part in self.parts.items():
            if part.root == "sst" and part.strikes:
                shared |= self._struck_texts(archive, entries[key], {}).strings
        for key, part in self.parts.items():
            if part.root == "worksheet" and part.sheets and (part.strikes or shared):
                part.spans_of_texts = spans_of_texts(self._struck_texts(archive, entries[key], shared).cells)

    def _struck_texts(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shared: dict[int, str]) -> StruckTexts:
        parser = expat.ParserCreate(namespace_separator=" ")
        found = StruckTexts(parser, shared)
        with archive.open(entry) as stream:
            while block := stream.read(_BLOCK):
                parser.Parse(block, False)
        return found

    def _count(self, added: int, size: int, entry: zipfile.ZipInfo) -> None:
        self.inflated += added
        if self.inflated > self.limits.inflated_bytes:
            raise self._too_big(
                f"occupe plus de {self.limits.inflated_bytes // MB} Mo une fois décompressé", "archive_demesuree"
            )
        if size > self.limits.ratio_from_bytes and size > self.limits.ratio * max(entry.compress_size, 1):
            raise self._too_big(
                f"se décompresse plus de {self.limits.ratio} fois (bombe de décompression)", "archive_demesuree"
            )

    def _sheets(self) -> list[SheetFacts]:
        content = self.parts.get("content.xml")
        manifest = self.parts.get("meta-inf/manifest.xml")
        if manifest and manifest.encrypted:
            raise password(self.where)
        if workbook := self._workbook_name():
            return self._workbook_sheets(workbook)
        if content and content.root == "document-content":
            return content.sheets
        raise Unreadable(
            "pas_un_classeur",
            f"{self.where} est une archive zip mais pas un classeur .xlsx, .xlsm ou .ods : enregistrez le "
            "tableau dans l'un de ces formats et renvoyez-le.",
        )

    def _workbook_name(self) -> str | None:
        """Key of the XLSX workbook part, which the package declares; usually xl/workbook.xml, not always."""
        declared = self._targets("_rels/.rels").values()
        return next(
            (name for name in map(_key, declared) if name in self.parts and self.parts[name].root == "workbook"), None
        )

    def _targets(self, relations: str) -> dict[str, str]:
        return self.parts[relations].targets if relations in self.parts else {}

    def _workbook_sheets(self, workbook: str) -> list[SheetFacts]:
        folder = dirname(workbook)
        targets = self._targets(join(folder, "_rels", basename(workbook) + ".rels"))
        styles = next((part.styles for part in self.parts.values() if part.styles), None)
        sheets = []
        for name, state, relation in self.parts[workbook].declared_sheets:
            place = _key(join(folder, targets.get(relation, "")))
            part = self.parts.get(place)
            if part is None:
                raise damaged(self.where, f"feuille « {name} »")
            facts = part.sheets[0] if part.sheets else SheetFacts()
            facts.name, facts.hidden = name, state in ("hidden", "veryHidden")
            facts.commented = self._commented(place)
            looks = styles.marks(part.spans_of_formats) if styles else ()
            others = part.spans_of_texts | ({MERGED: facts.merged_across} if facts.merged_across else {})
            facts.marks = (*looks, *marks(others))
            sheets.append(facts)
        return sheets

    def _commented(self, sheet: str) -> list[str]:
        targets = self._targets(join(dirname(sheet), "_rels", basename(sheet) + ".rels")).values()
        parts = [self.parts.get(_key(join(dirname(sheet), target))) for target in targets]
        return [cell for part in parts if part for cell in part.commented]

    def _too_big(self, what: str, rule: str = "fichier_trop_gros") -> Unreadable:
        return Unreadable(
            rule,
            f"{self.where} {what} : copiez les seules cellules utiles dans un classeur neuf, et renvoyez celui-ci.",
        )

    def _lying(self, what: str) -> Unreadable:
        return Unreadable(
            "archive_trompeuse",
            f"{self.where} a une structure anormale ({what}) : ouvrez-le dans votre tableur, enregistrez-le "
            "sous un autre nom et renvoyez-le.",
        )

    def _cut(self) -> Unreadable:
        return Unreadable(
            "fichier_tronque",
            f"{self.where} est incomplet ou abîmé : le transfert a sans doute été interrompu, renvoyez le "
            "classeur entier.",
        )


class _Part:
    """One XML part, streamed. After `close`: `root`, and what that root holds (`sheets`, "
    "`declared_sheets`, `targets`…)."""

    def __init__(self, name: str, where: str, limits: ArchiveLimits) -> None:
        self.name, self.where, self.limits = name, where, limits
        self.root = ""
        self.sheets: list[SheetFacts] = []
        self.declared_sheets: list[tuple[str, str, str]] = []
        self.targets: dict[str, str] = {}
        self.styles: XlsxStyles | None = None
        self.spans_of_formats: dict[str, Spans] = {}
        self.spans_of_texts: dict[str, Spans] = {}
        self.strikes = False
        self._tail = b""
        self.commented: list[str] = []
        self.encrypted = False
        self.finish: Callable[[], None] = lambda: None
        self.broken = False
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._root

    def feed(self, block: bytes, final: bool = False) -> None:
        if self.broken:
            return
        if not self.strikes:
            self.strikes = b"strike" in self._tail + block[:5] or b"strike" in block
            self._tail = block[-5:]
        try:
            self.parser.Parse(block, final)
        except expat.ExpatError as error:
            if self.root in _KNOWN_ROOTS or not self.root:
                raise damaged(self.where, self.name) from error
            self.broken = True

    def close(self) -> None:
        self.feed(b"", final=True)
        self.finish()

    def _doctype(self, *_: object) -> None:
        raise Unreadable(
            "xml_dangereux",
            f"{self.where} contient une déclaration DOCTYPE ({self.name}), qu'aucun tableur n'écrit : il "
            "n'a pas été ouvert. Recopiez le tableau dans un classeur neuf.",
        )

    def _root(self, tag: str, attributes: dict[str, str]) -> None:
        self.root = tag.rpartition(" ")[2]
        self.parser.StartElementHandler = None
        match self.root:
            case "worksheet":
                worksheet = _Worksheet(self.parser, tag.removesuffix("worksheet"), self.where, self.limits)
                self.sheets, self.finish = [worksheet.facts], worksheet.finish
                self.spans_of_formats = worksheet.spans_of_formats
            case "styleSheet":
                self.styles = XlsxStyles(self.parser)
            case "document-content":
                self.sheets = _OdsContent(self.parser, self.where, self.limits).sheets
            case "workbook" | "Relationships" | "manifest" | "comments":
                self.parser.StartElementHandler = self._declaration

    def _declaration(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(" ")[2]:
            case "sheet":
                relation = next((value for key, value in attributes.items() if key.endswith(" id")), "")
                self.declared_sheets.append((attributes.get("name", ""), attributes.get("state", ""), relation))
            case "comment":
                self.commented.append(attributes.get("ref", ""))
            case "Relationship":
                self.targets[attributes.get("Id", "")] = attributes.get("Target", "")
            case "encryption-data":
                self.encrypted = True


class _Bounds:
    """Keeps the rectangle of filled cells of a sheet within the limits, and names the cell that breaks them."""

    def __init__(self, where: str, limits: ArchiveLimits) -> None:
        self.where, self.limits = where, limits

    def fill(self, facts: SheetFacts, row: int, column: int, address: str) -> None:
        """The cell at `row`, `column` holds something."""
        if row > facts.last_row:
            facts.last_row, facts.far_row = row, address
        if column > facts.last_column:
            facts.last_column, facts.far_column = column, address
        outside = facts.last_row > self.limits.rows or facts.last_column > self.limits.columns
        if outside or facts.last_row * facts.last_column > self.limits.cells:
            raise self._far(facts)

    def _far(self, facts: SheetFacts) -> Unreadable:
        addresses = " et ".join(dict.fromkeys((facts.far_row, facts.far_column)))
        sheet = f", feuille « {facts.name} »," if facts.name else ""
        return Unreadable(
            "cellule_lointaine",
            f"{self.where}{sheet} a une cellule remplie très loin du tableau ({addresses}) : supprimez les "
            "lignes et colonnes inutiles, enregistrez et renvoyez le classeur.",
        )


class _Worksheet:
    """Handlers for an XLSX sheet: `c` gives the position of a cell, `v` or `is` say that it is filled.

    Called millions of times: attributes come as a flat list [name, value, …], half the price of a dictionary.
    """

    def __init__(self, parser: expat.XMLParserType, namespace: str, where: str, limits: ArchiveLimits) -> None:
        self.parser, self.where, self.limits = parser, where, limits
        self.facts = SheetFacts()
        self.bounds = _Bounds(where, limits)
        self.columns: dict[str, int] = {}
        self.spans_of_formats: dict[str, Spans] = {}
        self.last_row_of_format: dict[str, int] = {}
        self.row = self.column = 0
        self.row_text = "0"
        self.cell_row = 0
        self.attributes: list[str] = []
        self.row_is_hidden = self.is_formula = self.is_pending = False
        self.collected: list[str] = []
        parser.ordered_attributes = True
        parser.StartElementHandler = self._dispatcher(namespace)

    def finish(self) -> None:
        self._end_cell()

    def _dispatcher(self, namespace: str) -> Callable[[str, list[str]], None]:
        handlers = {
            namespace + "c": self._on_c,
            namespace + "v": self._on_v,
            namespace + "is": self._on_is,
            namespace + "f": self._on_f,
            namespace + "row": self._on_row,
            namespace + "col": self._on_col,
            namespace + "mergeCell": self._on_merge,
        }
        handler_of = handlers.get

        def start(tag: str, attributes: list[str]) -> None:
            if handler := handler_of(tag):
                handler(attributes)

        return start

    def _on_row(self, flat: list[str]) -> None:
        self._end_cell()
        attributes = _mapping(flat)
        self.row = _integer(attributes.get("r", "")) or self.row + 1
        self.row_text, self.column = str(self.row), 0
        self.row_is_hidden = attributes.get("hidden") in ("1", "true")

    def _on_c(self, attributes: list[str]) -> None:
        if self.is_pending:
            self._end_cell()
        self.attributes = attributes
        if attributes and attributes[0] == "r":
            address = attributes[1]
            if address.endswith(self.row_text) and (column := self.columns.get(address[: -len(self.row_text)])):
                self.column, self.cell_row = column, self.row
                return
        self._place(_mapping(attributes).get("r", ""))

    def _place(self, address: str) -> None:
        """The general case: first cell of its column, position left out, or row other than that of `row`."""
        letters = address.rstrip(_DIGITS)
        digits = address[len(letters) :]
        self.column = self._column(letters) if letters else self.column + 1
        self.cell_row = int(digits[:12]) if digits else self.row

    def _on_v(self, attributes: list[str]) -> None:
        self._on_is(attributes)
        if self.is_formula or "e" in self.attributes:
            self.is_pending = True
            self.parser.CharacterDataHandler = self.collected.append
            self.parser.EndElementHandler = self._end_v

    def _end_v(self, _: str) -> None:
        self.parser.CharacterDataHandler = self.parser.EndElementHandler = None

    def _on_is(self, _: list[str]) -> None:
        facts = self.facts
        if self.cell_row > facts.last_row or self.column > facts.last_column:
            self.bounds.fill(facts, self.cell_row, self.column, cell_name(self.cell_row, self.column))
        if self.row_is_hidden and facts.hidden_rows[-1:] != [self.row]:
            facts.hidden_rows.append(self.row)
        if len(flat := self.attributes) > 2:
            if flat[2] == "s":
                cell_format = flat[3]
            elif len(flat) > 4:
                cell_format = _mapping(flat).get("s", "")
            else:  # a type alone
                return
            if self.last_row_of_format.get(cell_format) != self.cell_row:
                self.last_row_of_format[cell_format] = self.cell_row
                extend(self.spans_of_formats.setdefault(cell_format, []), self.cell_row, self.cell_row)

    def _on_f(self, _: list[str]) -> None:
        self.is_formula = self.is_pending = True

    def _on_col(self, flat: list[str]) -> None:
        attributes = _mapping(flat)
        if attributes.get("hidden") in ("1", "true"):
            span = _integer(attributes.get("min", "")), _integer(attributes.get("max", ""))
            self.facts.hidden_columns.append(span)

    def _on_merge(self, attributes: list[str]) -> None:
        reference = _mapping(attributes).get("ref", "")
        first, _, last = reference.partition(":")
        (top, left), (bottom, right) = self._position(first), self._position(last or first)
        height, width = bottom - top + 1, right - left + 1
        if height * width > self.limits.merged_cells:
            raise Unreadable(
                "fusion_demesuree",
                f"{self.where} a une fusion de cellules démesurée ({reference}) : annulez-la, enregistrez "
                "et renvoyez le classeur.",
            )
        if height > 1:
            self.facts.merged_down.append(reference)
        elif width > 1:
            self.facts.merged_across.append([top, top])

    def _end_cell(self) -> None:
        """Called at the next cell, at the next row and at the end of the part."""
        if not self.is_pending:
            return
        value = "".join(self.collected).strip()
        position = self.cell_row, self.column
        kind = _mapping(self.attributes).get("t", "")
        if kind == "e" and value:
            self.facts.error_cells.append(position)
            self.facts.texts[position] = value
        elif self.is_formula and not value and kind != "str":
            self.facts.formulas_without_value.append(position)
        self.is_formula = self.is_pending = False
        self.collected.clear()

    def _position(self, address: str) -> tuple[int, int]:
        address = address.replace("$", "")
        letters = address.rstrip(_DIGITS)
        return _integer(address[len(letters) :]), self._column(letters)

    def _column(self, letters: str) -> int:
        """Number of a column from its letters, kept for the next cell; beyond four letters it is out of any sheet."""
        number = 0
        for letter in letters[:5].upper():
            number = number * 26 + max(ord(letter) - 64, 0)
        self.columns[letters] = number
        return number


class _OdsContent:
    """Handlers for the content.xml of an ODS file: every sheet is in it, runs of equal rows and cells are "
    "counted once."""

    def __init__(self, parser: expat.XMLParserType, where: str, limits: ArchiveLimits) -> None:
        self.parser = parser
        self.sheets: list[SheetFacts] = []
        self.bounds = _Bounds(where, limits)
        self.hidden_styles: set[str] = set()
        self.looks: dict[str, list[str]] = {}
        self.spans_of_looks: dict[str, Spans] = {}
        self.style = self.cell_style = ""
        self.comments = self.columns_seen = 0
        self.row = self.column = self.repeated_rows = self.repeated_columns = 0
        self.row_is_hidden = self.filled = self.needs_text = self.in_cell = False
        self.is_error = self.is_formula = False
        self.paragraphs: list[str] = []
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag.rpartition(" ")[2]:
            case "style":
                self.style = next((value for key, value in attributes.items() if key.endswith(" name")), "")
            case ("table-cell-properties" | "text-properties") as kind:
                if look := ods_look(kind, attributes):
                    self.looks.setdefault(self.style, []).append(look)
            case "table-properties":
                if attributes.get(_TABLE + "display") == "false":
                    self.hidden_styles.add(self.style)
            case "table" if tag.startswith(_TABLE):
                self._table(attributes)
            case "table-row":
                self._row(attributes)
            case "table-cell" | "covered-table-cell":
                self._cell(attributes)
            case "table-column":
                self._column(attributes)
            case "annotation":
                self.comments += 1
                if self.sheets:
                    self.sheets[-1].commented.append(cell_name(self.row, self.column))
                self.parser.CharacterDataHandler = None
            case "p" if self.in_cell and not self.comments:
                self._paragraph()
            case "span" if self.in_cell and not self.comments:
                style = next((value for key, value in attributes.items() if key.endswith(" style-name")), "")
                if STRUCK in self.looks.get(style, ()):
                    last = self.row + self.repeated_rows - 1
                    extend(self.spans_of_looks.setdefault(partly_struck(self.column), []), self.row, last)

    def _end(self, tag: str) -> None:
        match tag.rpartition(" ")[2]:
            case "table-cell" | "covered-table-cell":
                self._end_cell()
            case "table-row":
                self.row += self.repeated_rows
            case "annotation":
                self.comments -= 1
            case "table" if tag.startswith(_TABLE) and self.sheets:
                self.sheets[-1].marks = marks(self.spans_of_looks)
            case "p":
                self.parser.CharacterDataHandler = None

    def _table(self, attributes: dict[str, str]) -> None:
        name = attributes.get(_TABLE + "name")
        hidden = attributes.get(_TABLE + "style-name") in self.hidden_styles
        self.sheets.append(SheetFacts(name=name, hidden=hidden, has_iso_durations=True))
        self.row, self.columns_seen, self.spans_of_looks = 1, 1, {}

    def _column(self, attributes: dict[str, str]) -> None:
        repeated = _repeated(attributes, "number-columns-repeated")
        if attributes.get(_TABLE + "visibility") in ("collapse", "filter") and self.sheets:
            self.sheets[-1].hidden_columns.append((self.columns_seen, self.columns_seen + repeated - 1))
        self.columns_seen += repeated

    def _row(self, attributes: dict[str, str]) -> None:
        self.repeated_rows = _repeated(attributes, "number-rows-repeated")
        self.row_is_hidden = attributes.get(_TABLE + "visibility") in ("collapse", "filter")
        self.column = 1

    def _cell(self, attributes: dict[str, str]) -> None:
        self.repeated_columns = _repeated(attributes, "number-columns-repeated")
        kind = attributes.get(_OFFICE + "value-type")
        self.is_error = attributes.get(_CALCEXT + "value-type") == "error"
        self.is_formula = kind is None and _TABLE + "formula" in attributes
        self.needs_text = kind is None or self.is_error
        self.in_cell = True
        self.cell_style = attributes.get(_TABLE + "style-name", "")
        self.filled = False
        self.paragraphs = []
        self._merge(attributes)
        if kind is not None:
            self._fill()

    def _merge(self, attributes: dict[str, str]) -> None:
        height, width = (_repeated(attributes, f"number-{lines}-spanned") for lines in ("rows", "columns"))
        if height == 1 < width:
            extend(self.spans_of_looks.setdefault(MERGED, []), self.row, self.row)
        elif height > 1 and self.sheets:
            right = self.column + width - 1
            first, last = cell_name(self.row, self.column), cell_name(self.row + height - 1, right)
            self.sheets[-1].merged_down.append(f"{first}:{last}")

    def _paragraph(self) -> None:
        if not self.filled:
            self._fill()
        if self.needs_text:
            self.paragraphs.append("")
            self.parser.CharacterDataHandler = self._character

    def _character(self, text: str) -> None:
        self.paragraphs[-1] += text

    def _end_cell(self) -> None:
        text = "\n".join(self.paragraphs).strip() if self.needs_text else ""
        position = self.row, self.column
        if self.sheets:
            if text:
                self._keep_text(text)
            if self.is_error:
                self.sheets[-1].error_cells.append(position)
            elif self.is_formula and not text:
                self.sheets[-1].formulas_without_value.append(position)
        self.column += self.repeated_columns
        self.in_cell = False

    def _keep_text(self, text: str) -> None:
        for row in range(self.row, self.row + self.repeated_rows):
            for column in range(self.column, self.column + self.repeated_columns):
                self.sheets[-1].texts[row, column] = text

    def _fill(self) -> None:
        """The cell, and its repetitions to the right and down, hold something."""
        self.filled = True
        if not self.sheets:
            return
        facts = self.sheets[-1]
        row, column = self.row + self.repeated_rows - 1, self.column + self.repeated_columns - 1
        if row > facts.last_row or column > facts.last_column:
            self.bounds.fill(facts, row, column, cell_name(row, column))
        if self.row_is_hidden and facts.hidden_rows[-1:] != [row]:
            facts.hidden_rows.extend(range(self.row, row + 1))
        for look in self.looks.get(self.cell_style, ()):
            extend(self.spans_of_looks.setdefault(look, []), self.row, row)


def _looks_like_xml(name: str, block: bytes) -> bool:
    """VML drawings are markup but not XML; pictures may be SVG with a DOCTYPE. A sheet declared there is "
    "refused later."""
    if name.lower().startswith(("xl/media/", "pictures/")) or name.lower().endswith(".vml"):
        return False
    head = block[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))


def _key(name: str) -> str:
    """Entry names compared as spreadsheet programs do: without case, from the root of the archive."""
    return normpath(name.replace("\\", "/").lower()).lstrip("/")


def _repeated(attributes: dict[str, str], name: str) -> int:
    return max(_integer(attributes.get(_TABLE + name, "")), 1)


def _mapping(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _integer(text: str) -> int:
    """0 when `text` is not a plain number; long numbers are cut, they are out of bounds anyway."""
    return int(text[:12]) if text.isascii() and text.isdigit() else 0


def _addresses(positions: list[tuple[int, int]]) -> str:
    names = [cell_name(row, column) for row, column in positions]
    return f"{agreed(len(names), 'Cellule')} {enumerate_in_french(names)}"


def _column_ranges(spans: list[tuple[int, int]], last_column: int) -> list[str]:
    """Letters of the hidden columns that hold something; hidden columns beyond the table hide nothing."""
    names = []
    for first, last in spans:
        last = min(last, last_column)
        if 1 <= first <= last:
            names.append(column_name(first) if first == last else f"{column_name(first)} à {column_name(last)}")
    return names
