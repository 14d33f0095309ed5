"""`observatoire.xlsx`: the tables as staff print them.

Belongs here: one sheet per dataset with French labels, printed signs, bounds and coverage, after a sheet that says how
to read them. Numbers stay numbers at full precision: the format rounds what is seen. Does not belong here: any text
or figure that the candidate and the verdict do not carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from publication.figures import EPSILON, REVISED, Printed, by_sign
from publication.labels import Labels
from publication.shelf import WITHHELD, DatasetStatus, Release
from publication.tables import TIDY, csv_cell
from publication.wording import (
    EXTRA_COLUMNS,
    OBSERVATORY,
    RECONCILIATION,
    dataset_question,
    dataset_title,
    long_period,
    presented,
    state,
    typeset,
    version,
)
from publication.workbook_rows import Rows, height_of, safe_text, save

if TYPE_CHECKING:
    from publication.portal.charts import Line

# (heading, width in characters)
COLUMNS = (
    ("Programme", 24),
    ("Code", 8),
    ("Indicateur", 27),
    ("Ventilation", 14),
    ("Modalité", 24),
    ("Période", 14),
    ("Précision", 9),
    ("Valeur", 10),
    ("Signe", 6),
    ("Encadrement", 12),
    ("Couverture (n/N)", 11),
    ("Unité", 14),
    ("Remarque", 38),
)
EXTRA_WIDTHS = {"explanation": 36, "treatment": 28, "figure_text": 14, "reconciliation_status": 14}
EXTRA_WIDTH = 11
# columns that a printed sheet does without: they stay in the book, folded
FOLDED = {
    "ind_reconciliation": (
        "Code",
        "Période",
        "Précision",
        "Encadrement",
        "Unité",
        "figure_value",
        "recomputed",
        "event_ids",
    ),
}
HEADER_ROW = 6
NUMERIC = {"Valeur", "Encadrement", "Couverture (n/N)"}

_INK, _BAND, _ACCENT, _LINE = "1F2A33", "E8EFF1", "0B5563", "C5CED2"
_HAIR = Border(bottom=Side(style="hair", color=_LINE))


def write(
    path: Path,
    tables: Mapping[str, pa.Table],
    lines: Mapping[str, Sequence[Line]],
    statuses: Mapping[str, DatasetStatus],
    labels: Labels,
    *,
    release: Release,
    made_at: datetime,
) -> None:
    """`lines`: those of each table, as the portal labels, prints and orders them."""
    called = version(release)
    book = Workbook()
    book.properties.title = f"{OBSERVATORY}, {called}"
    book.properties.version = release.version
    book.properties.creator = OBSERVATORY
    book.properties.created = book.properties.modified = made_at.replace(tzinfo=None)
    looks = _Looks(book)
    _guide(book.active, statuses, labels, called, presented(release))
    bodies = {}
    for dataset, status in statuses.items():
        sheet = book.create_sheet(dataset_title(dataset)[:31])
        table = tables.get(dataset)
        bodies[sheet.title] = _sheet(sheet, dataset, table, lines.get(dataset, ()), status, labels, looks, called)
    save(book, path, bodies)


def number_format(figure: Printed) -> str:
    """A format that shows what the portal shows: narrow spaces between thousands, comma by the reader's locale."""
    fraction = f".{'0' * figure.decimals}" if figure.decimals else ""
    if figure.is_share:
        return f'0{fraction}"\u202f"%'
    if figure.signed:
        return f"+0{fraction};\u22120{fraction};0{fraction}"
    thousands, millions = f'#"\u202f"000{fraction}', f'#"\u202f"000"\u202f"000{fraction}'
    return f"[>=1000000]{millions};[>=1000]{thousands};0{fraction}"


class _Looks:
    """Numbers that the book gives to the styles of the body, each style built once."""

    def __init__(self, book: Workbook):
        self._book, self._scratch = book, book.active.cell(1, 1)
        self._known: dict[tuple[str, str], int] = {}

    def of(self, kind: str, number_format: str = "General") -> int:
        if (kind, number_format) not in self._known:
            size = 9 if kind == "note" else 10
            before = copy(self._scratch._style)
            self._scratch.font = Font(name="Calibri", size=size, color=_INK)
            self._scratch.border = Border() if kind == "note" else _HAIR
            self._scratch.alignment = _ALIGNMENTS[kind]
            self._scratch.number_format = number_format
            self._known[kind, number_format] = self._book._cell_styles.add(copy(self._scratch._style))
            self._scratch._style = before
        return self._known[kind, number_format]


_ALIGNMENTS = {
    "text": Alignment(vertical="top", wrap_text=True),
    "number": Alignment(vertical="top", horizontal="right"),
    "sign": Alignment(vertical="top", horizontal="center"),
    "note": Alignment(vertical="top"),
}


def _text(sheet: Worksheet, row: int, column: int, text: str, **look: Any) -> None:
    """A cell of headings and notes."""
    cell = sheet.cell(row, column)
    if text:
        cell.value, cell.data_type = safe_text(text), "s"
    for name, value in look.items():
        setattr(cell, name, value)


def _sheet(
    sheet: Worksheet,
    dataset: str,
    table: pa.Table | None,
    lines: Sequence[Line],
    status: DatasetStatus,
    labels: Labels,
    looks: _Looks,
    called: str,
) -> Rows:
    _text(sheet, 1, 1, dataset_title(dataset), font=Font(name="Calibri", size=16, bold=True, color=_ACCENT))
    _text(sheet, 2, 1, typeset(dataset_question(dataset)), font=Font(name="Calibri", size=11, color=_INK))
    _text(sheet, 3, 1, status_sentence(status), font=Font(name="Calibri", size=10, italic=True, color=_INK))
    _text(sheet, 4, 1, _first_line(status), font=Font(name="Calibri", size=10, color=_INK))
    if table is None or status.status == WITHHELD:
        row = HEADER_ROW
        _text(sheet, row, 1, "Ce tableau n’est pas publié dans cette version.")
        _paper(sheet, dataset, called, None)
        sheet.column_dimensions["A"].width = 100
        rows = Rows(1)
        _footnotes(rows, row + 2, status, (), looks)
        return rows
    extra = [name for name in table.column_names if name not in TIDY]
    headings = [heading for heading, _ in COLUMNS] + [EXTRA_COLUMNS.get(name, name) for name in extra]
    head = Font(name="Calibri", size=10, bold=True, color="FFFFFF")
    widths: dict[int, float] = {}
    for column, heading in enumerate(headings, 1):
        side = "right" if heading in NUMERIC else "left"
        _text(
            sheet,
            HEADER_ROW,
            column,
            heading,
            font=head,
            fill=PatternFill("solid", fgColor=_ACCENT),
            alignment=Alignment(horizontal=side, vertical="center", wrap_text=True),
        )
        name = heading if column <= len(COLUMNS) else extra[column - len(COLUMNS) - 1]
        width = COLUMNS[column - 1][1] if column <= len(COLUMNS) else EXTRA_WIDTHS.get(name, EXTRA_WIDTH)
        sheet.column_dimensions[get_column_letter(column)].width = width
        if name in FOLDED.get(dataset, ()):
            sheet.column_dimensions[get_column_letter(column)].hidden = True
        else:
            widths[column] = width  # what is folded makes no row higher
    sheet.row_dimensions[HEADER_ROW].height = height_of({c: headings[c - 1] for c in widths}, widths) + 4
    signs: set[tuple[str, str]] = set()
    rows = Rows(len(headings))
    last = HEADER_ROW
    for last, line in enumerate(lines, HEADER_ROW + 1):
        signs.add((line.printed.sign, line.printed.meaning))
        _row(rows, last, line, extra, labels, looks, widths)
    sheet.freeze_panes = f"D{HEADER_ROW + 1}"  # a cell of openpyxl there would make its row twice
    sheet.auto_filter.ref = f"A{HEADER_ROW}:{get_column_letter(len(headings))}{last}"
    _footnotes(rows, last + 2, status, by_sign(sorted(signs)), looks)
    _paper(sheet, dataset, called, HEADER_ROW)
    return rows


def _row(
    rows: Rows,
    at: int,
    line: Line,
    extra: Sequence[str],
    labels: Labels,
    looks: _Looks,
    widths: Mapping[int, float],
) -> None:
    plain, right, sign = looks.of("text"), looks.of("number"), looks.of("sign")
    row, figure, number = line.row, line.printed, line.printed.number
    cells: dict[int, tuple[str | float, int]] = {
        1: (typeset(line.programme), plain),
        2: (row["indicator"] or "", plain),
        3: (typeset(line.indicator), plain),
        4: (line.breakdown, plain),
        5: (typeset(line.member), plain),
        6: (long_period(row["period"] or ""), plain),
        7: ("au moins" if figure.at_least else "", plain),
        8: (figure.text, right) if number is None else (number, looks.of("number", number_format(figure))),
        9: ("" if number is None else figure.sign, sign),
        10: (figure.bounds, right),
        11: (figure.coverage, right),
        12: (labels.unit_of(row), plain),
        13: (typeset(row["caveat"] or ""), plain),
    }
    for column, name in enumerate(extra, len(COLUMNS) + 1):
        content = row[name]
        if name == "reconciliation_status":
            content = RECONCILIATION.get(content, content)
        elif name == "blocks_dataset":
            content = dataset_title(content or "")
        elif isinstance(content, bool):
            content = "oui" if content else "non"
        if isinstance(content, int | float):
            cells[column] = (content, right)
        elif content is not None:
            cells[column] = (content if isinstance(content, str) else csv_cell(content), plain)
    texts = {column: content for column, (content, _) in cells.items() if isinstance(content, str) and column in widths}
    rows.add(at, cells, height_of(texts, widths))


def status_sentence(status: DatasetStatus) -> str:
    return f"Statut : {state(status)}."


def _first_line(status: DatasetStatus) -> str:
    notes = status.reasons or status.reserves
    return f"{notes[0]} (suite en bas de page)" if len(notes) > 1 else notes[0] if notes else ""


def _footnotes(rows: Rows, at: int, status: DatasetStatus, signs: Sequence[tuple[str, str]], looks: _Looks) -> None:
    notes = [f"{sign} : {meaning}" for sign, meaning in signs]
    notes += [f"Pourquoi ce tableau n’est pas celui de la nuit : {text}" for text in status.reasons]
    notes += [f"Réserve : {text}" for text in status.reserves]
    for offset, text in enumerate(notes):
        rows.add(at + offset, {1: (typeset(text), looks.of("note"))})


def _paper(sheet: Worksheet, dataset: str, called: str, header: int | None) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.3
    sheet.page_margins.top, sheet.page_margins.bottom = 0.4, 0.6
    sheet.page_margins.header = sheet.page_margins.footer = 0.25
    sheet.print_options.horizontalCentered = True
    sheet.sheet_view.showGridLines = False
    if header:
        sheet.print_title_rows = f"{header}:{header}"
    sheet.oddFooter.left.text = f"{OBSERVATORY}, {called}"
    sheet.oddFooter.center.text = dataset_title(dataset)
    sheet.oddFooter.right.text = "&P / &N"


def _guide(
    sheet: Worksheet,
    statuses: Mapping[str, DatasetStatus],
    labels: Labels,
    called: str,
    says: str,
) -> None:
    """First sheet: what this book is, what became of each table, what the signs mean."""
    sheet.title = "Lire ce classeur"
    title, strong = Font(name="Calibri", size=16, bold=True, color=_ACCENT), Font(name="Calibri", size=11, bold=True)
    band = PatternFill("solid", fgColor=_BAND)
    wrap = Alignment(wrap_text=True, vertical="top")
    widths = {1: 28, 2: 26, 3: 90}
    for column, width in widths.items():
        sheet.column_dimensions[get_column_letter(column)].width = width
    _text(sheet, 1, 1, OBSERVATORY, font=title)
    _text(sheet, 2, 1, says)
    row = 4
    for column, heading in enumerate(("Tableau", "Statut", "Pourquoi, et ce qui l’accompagne"), 1):
        _text(sheet, row, column, heading, font=strong, fill=band)
    for dataset, status in statuses.items():
        row += 1
        standing = state(status)
        _text(sheet, row, 1, dataset_title(dataset), alignment=wrap)
        _text(sheet, row, 2, standing, alignment=wrap)
        why = typeset(" ".join((*status.reasons, *status.reserves)))
        _text(sheet, row, 3, why, alignment=wrap)
        sheet.row_dimensions[row].height = height_of({2: standing, 3: why}, widths) + 2
    row += 2
    for column, heading in enumerate(("Signe", "", "Signification"), 1):
        _text(sheet, row, column, heading, font=strong, fill=band)
    for sign, meaning in legend(labels):
        row += 1
        _text(sheet, row, 1, sign, alignment=wrap)
        _text(sheet, row, 3, typeset(meaning), alignment=wrap)
        sheet.row_dimensions[row].height = height_of({3: meaning}, widths) + 2
    row += 2
    for text in (
        "Une case vide n’est jamais un zéro : un zéro est écrit 0, une absence porte un signe.",
        "« au moins » : le total ne compte que les événements dont l’effectif est connu ; n/N dit combien.",
        "Encadrement : la source dit « une quinzaine », « environ » ; le chiffre est compris entre les deux bornes.",
        "Les valeurs sont gardées à pleine précision : l’arrondi n’est qu’à l’affichage, la moitié vers le haut. Seuls une médiane, au demi près, "
        "et un total approché, à la dizaine, sont arrondis ici : leur valeur est dans les fichiers CSV et Parquet.",
        "Les définitions, les règles et les seuils de secret sont dans METHODOLOGIE.md, à côté de ce classeur ; ce qui a changé, dans CHANGELOG.md.",
        "Licence Ouverte 2.0 (etalab-2.0) : citez l’observatoire et la date de la version.",
    ):
        _text(sheet, row, 1, typeset(text))
        row += 1
    _paper(sheet, "", called, None)
    sheet.oddFooter.center.text = "Lire ce classeur"


def legend(labels: Labels) -> list[tuple[str, str]]:
    """(sign, meaning) of every sign a table may print; one line per sign."""
    lines = dict(by_sign((sign.printed, sign.meaning) for sign in labels.legend))
    lines.setdefault(REVISED, "révisé depuis la version précédente")
    lines.setdefault(EPSILON, "non nul mais inférieur à la moitié de l’unité d’arrondi")
    return list(lines.items())
