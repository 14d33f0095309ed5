"""`retours/`: one workbook per organiser who has cells to fix, one of the differences nobody has explained.

A cell is its organiser's when the warehouse can tell whose row it is (`fct_quarantine`), its source's otherwise: nobody receives the rows of
another. Belongs here: the lines and the look of these workbooks. Every cell is locked but those to fill; a hidden sheet says what the book
is, a hidden column names each line. Nothing typed about a person is in them: the candidate does not hold it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from publication.labels import Labels
from publication.tables import csv_cell, read_parquet
from publication.trace.places import ROWS_OF_A_SHEET
from publication.warehouse import opened
from publication.wording import OBSERVATORY, dataset_title, document_words, plain_letters, plural, typeset
from publication.workbook_rows import height_of, safe_text

FOLDER = "retours"
MARK = "observatoire-retour"
KEY = "clé"
MOST_LINES = 2000
"""Lines of one workbook: what opens at once in a spreadsheet program, and what somebody may fill in."""
MOST_SHOWN = 60
MOST_BOOKS = 5
"""Workbooks of one organiser. Whoever has more to fix corrects the file and sends it again, and is told so."""

RECONCILIATION = "ind_reconciliation"
CORRECTIONS, EXPLANATIONS = "corrections", "explications"

_INK, _ACCENT, _FILL, _LINE = "1F2A33", "0B5563", "FFF7DB", "C5CED2"
_HAIR = Border(*(Side(style="hair", color=_LINE) for _ in range(4)))

# (heading, width, to fill)
TO_FIX = (
    ("Source", 22, False),
    ("Fichier", 26, False),
    ("Feuille", 16, False),
    ("Cellule", 9, False),
    ("Colonne", 20, False),
    ("Valeur lue", 20, False),
    ("Problème", 40, False),
    ("Quoi faire", 40, False),
    ("Valeur corrigée", 22, True),
    ("Auteur", 18, True),
    ("Date", 12, True),
    (KEY, 10, False),
)
TO_EXPLAIN = (
    ("Programme", 30, False),
    ("Chiffre", 24, False),
    ("Ventilation", 16, False),
    ("Modalité", 22, False),
    ("Imprimé", 14, False),
    ("Le nôtre", 10, False),
    ("Différence", 11, False),
    ("Tableau qui attend", 18, False),
    ("Explication", 44, True),
    ("Ce qui en est fait", 34, True),
    ("Auteur", 18, True),
    ("Date", 12, True),
    (KEY, 10, False),
)


@dataclass(frozen=True)
class Book:
    """One workbook that was written: its path under `public/`, for whom, how many lines it holds and how many stand in no workbook;
    `shown`: its first lines, for the page that leads to it."""

    path: str
    kind: str
    title: str
    lines: int
    left_out: int
    shown: Sequence[tuple] = ()


def write(
    public: Path, candidate: Path, labels: Labels, waits: Collection[str] = (), *, release: int, made_at: datetime
) -> list[Book]:
    """Write every workbook there is reason to write, from what the candidate sets aside and does not explain. Of tables that wait (`waits`)
    no new figure is in them."""
    found: list[Book] = []
    taken: set[str] = set()
    for whose in _set_aside(candidate / "warehouse.duckdb"):
        name = whose.name if whose.name not in taken else f"{whose.name}-{len(taken)}"
        taken.add(name)
        kept = whose.rows[: MOST_LINES * MOST_BOOKS]
        parts = [kept[start : start + MOST_LINES] for start in range(0, len(kept), MOST_LINES)]
        for number, rows in enumerate(parts, 1):
            part = f", {number} sur {len(parts)}" if len(parts) > 1 else ""
            left_out = len(whose.rows) - len(kept) if number == len(parts) else 0
            says = (
                f"{plural(len(rows), 'cellule')} à corriger{part}. Remplissez « Valeur corrigée », « Auteur » et « Date » des lignes que vous "
                "pouvez corriger, laissez les autres vides, et renvoyez le classeur tel quel. Pour vider une cellule, écrivez (vide)."
            )
            if left_out:
                says += f" {plural(left_out, 'cellule')} de plus ne sont dans aucun classeur : corrigez plutôt votre fichier et renvoyez-le."
            path = f"{FOLDER}/a-corriger--{name}{f'--{number}' if number > 1 else ''}.xlsx"
            title = f"{whose.title}{part}"
            made = _book(public, path, CORRECTIONS, title, says, "À corriger", TO_FIX, rows, release, made_at)
            found.append(replace(made, left_out=left_out, shown=rows[:MOST_SHOWN]))
    rows = []
    if RECONCILIATION not in waits:
        rows = list(_unexplained(candidate / "data" / f"{RECONCILIATION}.parquet", labels, waits))
    if rows:
        says = (
            f"{plural(len(rows), 'chiffre déjà imprimé diffère', 'chiffres déjà imprimés diffèrent')} du nôtre sans explication : les tableaux "
            "concernés attendent. Dites pourquoi, et quel chiffre est publié, puis renvoyez le classeur tel quel."
        )
        left_out, rows = len(rows[MOST_LINES:]), rows[:MOST_LINES]
        if left_out:
            says += f" {plural(left_out, 'autre chiffre viendra', 'autres chiffres viendront')} quand ceux-ci seront expliqués."
        path = f"{FOLDER}/ecarts-a-expliquer.xlsx"
        made = _book(
            public, path, EXPLANATIONS, "Écarts à expliquer", says, "À expliquer", TO_EXPLAIN, rows, release, made_at
        )
        found.append(replace(made, left_out=left_out))
    return found


@dataclass
class Whose:
    """The lines of one organiser, or of one source when nobody can tell whose they are; `name` stands in the file's."""

    name: str
    title: str
    rows: list[tuple]


def _set_aside(warehouse: Path) -> list[Whose]:
    """Who has cells set aside: organisers by name, then sources; each one's lines in the order of its files and rows."""
    with opened(warehouse) as connection:
        columns = {
            (schema, name, column)
            for schema, name, column in connection.execute(
                "SELECT table_schema, table_name, column_name FROM information_schema.columns"
            ).fetchall()
        }
        if ("landing", "quarantine", "rule") not in columns:
            return []
        header = "NULL"
        if ("landing", "bound", "header") in columns:
            header = (
                "(SELECT string_agg(DISTINCT bound.header, ' + ') FROM landing.bound AS bound WHERE bound.source = aside.source "
                "AND bound.delivery_id = aside.delivery_id AND bound.field = aside.field)"
            )
        organisers = (
            "SELECT NULL AS source, NULL AS delivery_id, NULL AS row_number, NULL::VARCHAR[] AS organiser WHERE false"
        )
        if ("main", "fct_quarantine", "organisation_key") in columns:
            organisers = (
                "SELECT source, delivery_id, row_number, any_value([organisation_key::VARCHAR, name]) AS organiser "
                "FROM main.fct_quarantine JOIN main.dim_organisation USING (organisation_key) GROUP BY source, delivery_id, row_number"
            )
        rows = connection.execute(
            f"WITH whose AS ({organisers}) "
            "SELECT aside.source, coalesce(delivery.title, aside.source), aside.file_name, aside.sheet, "
            "coalesce(aside.cell, 'ligne ' || case when aside.sheet is null then aside.row_number "
            f"else aside.row_number % {ROWS_OF_A_SHEET} end), {header}, aside.value, aside.message, aside.delivery_id, "
            "aside.row_number, aside.field, aside.rule, whose.organiser FROM landing.quarantine AS aside "
            "LEFT JOIN (SELECT source, any_value(source_title) AS title FROM landing.delivery GROUP BY source) AS delivery USING (source) "
            "LEFT JOIN whose ON whose.source = aside.source AND whose.delivery_id = aside.delivery_id AND whose.row_number = aside.row_number "
            "ORDER BY whose.organiser IS NULL, whose.organiser[2], whose.organiser[1], aside.source, aside.file_name, aside.row_number, "
            "aside.cell, aside.rule"
        ).fetchall()
    found: dict[tuple[str, str], Whose] = {}
    for *cells, organiser in rows:
        source, title, file_name, sheet, cell, column, value, message, delivery_id, row_number, field, rule = cells
        problem, _, advice = (message or "").partition(". ")
        line_key = json.dumps([source, delivery_id, row_number, field, rule], ensure_ascii=False)
        line = (
            title,
            file_name,
            sheet,
            cell,
            column,
            value,
            problem,
            advice or "Écrire la valeur juste.",
            None,
            None,
            None,
            line_key,
        )
        key, name = organiser or ("", "")
        whose = Whose(_file_name(name), name, []) if name else Whose(source, title, [])
        found.setdefault((key, "" if name else source), whose).rows.append(line)
    return list(found.values())


def _file_name(organiser: str) -> str:
    """« APES – Hauts-de-France » as `apes-hauts-de-france`."""
    return re.sub(r"[^a-z0-9]+", "-", plain_letters(organiser)).strip("-")[:60] or "structure"


def _unexplained(path: Path, labels: Labels, waits: Collection[str]) -> Iterable[tuple]:
    """Printed figures that differ from ours and that nobody has explained; of a secret figure nothing is said."""
    if not path.exists():
        return
    for row in read_parquet(path.read_bytes()).to_pylist():
        if row.get("is_explained") is not False or (row["conf_status"] or "F") != "F" or row["blocks_dataset"] in waits:
            continue
        key = [row["programme_id"], row["indicator"], row["breakdown"], row["member"], row["difference"]]
        yield (
            labels.programme(row["programme_id"]),
            document_words(row["indicator"]),
            document_words(row["breakdown"]),
            row["member"],
            row["figure_text"],
            csv_cell(row["value"]),
            csv_cell(row["difference"]),
            dataset_title(row["blocks_dataset"] or ""),
            None,
            None,
            None,
            None,
            json.dumps(key, ensure_ascii=False),
        )


def _book(
    public: Path,
    path: str,
    kind: str,
    title: str,
    says: str,
    sheet_title: str,
    columns: Sequence[tuple[str, float, bool]],
    rows: Sequence[tuple],
    release: int,
    made_at: datetime,
) -> Book:
    book = Workbook()
    book.properties.creator = OBSERVATORY
    book.properties.title = title
    book.properties.created = book.properties.modified = made_at.replace(tzinfo=None)
    sheet = book.active
    sheet.title = sheet_title
    _lay_out(sheet, title, says, columns, rows)
    _sign(book.create_sheet(MARK), kind, release, made_at)
    _paper(sheet, title, release)
    (public / path).parent.mkdir(exist_ok=True)
    book.save(public / path)
    return Book(path, kind, title, len(rows), 0)


HEADER_ROW = 4


def _lay_out(
    sheet: Worksheet, title: str, says: str, columns: Sequence[tuple[str, float, bool]], rows: Sequence[tuple]
) -> None:
    visible = sum(width for name, width, _ in columns if name != KEY)
    sheet["A1"], sheet["A2"] = safe_text(typeset(title)), safe_text(typeset(says))
    sheet["A1"].font = Font(name="Calibri", size=16, bold=True, color=_ACCENT)
    sheet["A2"].alignment = Alignment(wrap_text=True, vertical="top")
    sheet.merge_cells(start_row=2, start_column=1, end_row=2, end_column=len(columns) - 1)
    sheet.row_dimensions[2].height = height_of({1: says}, {1: visible}) + 4
    wrap = Alignment(wrap_text=True, vertical="top")
    to_fill = PatternFill("solid", fgColor=_FILL)
    for column, (name, width, fillable) in enumerate(columns, 1):
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = width
        sheet.column_dimensions[letter].hidden = name == KEY
        head = sheet.cell(HEADER_ROW, column, name)
        head.font = Font(name="Calibri", bold=True, color="FFFFFF")
        head.fill = PatternFill("solid", fgColor="8A5A00" if fillable else _ACCENT)
        head.alignment = Alignment(wrap_text=True, vertical="center")
    widths = {column: width for column, (name, width, _) in enumerate(columns, 1) if name != KEY}
    for number, row in enumerate(rows, HEADER_ROW + 1):
        texts = {column: safe_text(str(text)) for column, text in enumerate(row, 1) if text is not None}
        for column, (name, _, fillable) in enumerate(columns, 1):
            cell = sheet.cell(number, column)
            if column in texts:
                cell.value, cell.data_type = texts[column], "s"
            cell.alignment, cell.border = wrap, _HAIR
            if fillable:
                cell.fill, cell.protection = to_fill, Protection(locked=False)
                cell.number_format = "dd/mm/yyyy" if name == "Date" else "@"
        sheet.row_dimensions[number].height = height_of({c: t for c, t in texts.items() if c in widths}, widths) + 2
    sheet.freeze_panes = f"A{HEADER_ROW + 1}"
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False
    sheet.sheet_view.showGridLines = False


def _sign(sheet: Worksheet, kind: str, release: int, made_at: datetime) -> None:
    """The hidden sheet that tells the inbox what this is."""
    facts = {"kind": kind, "release": str(release), "made_on": made_at.date().isoformat()}
    for row, (name, value) in enumerate(facts.items(), 1):
        sheet.cell(row, 1, name)
        sheet.cell(row, 2, value)
    sheet.sheet_state = "hidden"
    sheet.protection.sheet = True


def _paper(sheet: Worksheet, title: str, release: int) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    sheet.oddFooter.left.text = f"{OBSERVATORY}, version {release}"
    sheet.oddFooter.center.text = title.replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"
