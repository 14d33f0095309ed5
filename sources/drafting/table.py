"""Where the table stands in a sheet: title rows, one or two header rows, sections, totals, and the profile of each column.

The header is the first row of which distinct texts – no date, no number, no address – fill six columns in ten, above rows
that fill the same columns. Not here: what a column means (`mapping.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date

from rulebook.numbers import plural
from sources.contract import Layout, header_key
from sources.drafting.lookalikes import OF_PERSONS, TYPED, Column, column, kind_of
from sources.drafting.words import WORDS
from sources.headers import Cells
from sources.layouts import flat
from sources.readers import Sheet, Unreadable
from sources.values.dates import DateValue, parse_date
from sources.values.refusal import Refused
from sources.values.text import clean, fold, strip_accents

SEARCHED_ROWS = 30
BELOW = 30
PROFILED_ROWS = 20_000
_SHARE = 0.6
_TOTALS = ("TOTAL", "Sous-total", "Moyenne", "Somme")
_FOOTNOTES = ("*", "Saisi par", "Source", "NB")

Row = tuple[int, Cells]


@dataclass(frozen=True)
class Found:
    """The table of a sheet: the layout that makes it flat, its columns, and French sentences on what stands around it."""

    layout: Layout
    header_row: int
    columns: tuple[Column, ...]
    nb_rows: int
    hints: tuple[str, ...]
    unnamed: tuple[int, ...]


def find_table(sheet: Sheet, file_name: str) -> Found:
    """Raises Unreadable (`entete_introuvable`) when no row can be a header: nothing of the sheet is quoted, it may be people."""
    rows = _rows(sheet, SEARCHED_ROWS + BELOW)
    position, stacked = _header(rows)
    if position is None:
        raise Unreadable(
            "entete_introuvable",
            f"« {file_name} » n'a pas de ligne d'en-tête reconnaissable{_of(sheet)} : donnez un nom à chaque colonne, sur une "
            "ligne au-dessus des données, et recommencez.",
        )
    layout, table, above = _flattened(sheet, rows, position, stacked)
    # once cut or stacked, the header is the first row
    header_row = rows[position + stacked][0]
    body = _rows(table, PROFILED_ROWS)
    index = next(i for i, row in enumerate(body) if row[0] == header_row)
    reach = header_row - body[0][0] + 1
    if reach > 10:
        layout["header_within"] = reach
    labels, below = body[index][1], body[index + 1 :]
    data, months, around, said = _structure(labels, below)
    if any(months) and (alone := _columns_of_days(labels, data)):
        around["days_of_section"] = True
        said.append("les jours n'ont pas de mois : c'est celui de la ligne au-dessus qui ne porte qu'un mois")
        data = [
            (number, tuple(_in_its_month(cell, month) if i in alone else cell for i, cell in enumerate(cells)))
            for (number, cells), month in zip(data, months, strict=True)
        ]
    columns, unnamed = _columns(labels, data)
    return Found(Layout(**layout, **around), header_row, columns, len(data), (*above, *said), unnamed)


def _flattened(sheet: Sheet, rows: list[Row], position: int, stacked: int) -> tuple[dict, Sheet, list[str]]:
    """The layout that gives each column one name, the sheet read by it, and what to say of the header and of what stands above."""
    layout: dict = {}
    said = [f"{plural(position, 'ligne de titre', 'lignes de titre')} au-dessus de l'en-tête"] if position else []
    lower = rows[position + stacked][1]
    twice = len({header_key(cell) for cell in lower if cell}) < sum(1 for cell in lower if cell)
    if part := _numbered_part(sheet, rows[:position]):
        layout["table"] = part
        said = [
            f"partie numérotée d'un rapport (« {part['after'][0]} »), reconnue à son numéro ; les autres ne sont pas lues"
        ]
    elif position and (stacked or twice):
        layout["table"] = {"at": [clean(_first(rows[position][1]))]}
    if stacked:
        layout["stacked_headers"] = {"rows": 2, "fill": [1]}
        said.append("en-tête sur deux lignes, lues « Groupe [Colonne] »")
    if twice and not stacked:
        layout["number_duplicates"] = True
        said.append("des en-têtes se répètent : le deuxième devient « … (2) »")
    try:
        return layout, flat(Layout(**layout), sheet), said
    except Unreadable:  # the text above the table names several rows
        skipped = {"stacked_headers": {"rows": 2, "fill": [1], "skip": position}} if stacked else {}
        return skipped, flat(Layout(**skipped), sheet), said


def _numbered_part(sheet: Sheet, above: list[Row]) -> dict | None:
    """The part of a report in several (« 2. Participants »: those of Teams, in any language) that begins above the header, and the others; None
    where the rows above have no number."""
    mine = max((number for _, cells in above if (number := _part_number(cells))), default=0)
    if not mine:
        return None
    others = {number for _, cells in _rows(sheet, PROFILED_ROWS) if (number := _part_number(cells))} - {mine}
    part: dict = {"after": [f"{mine}. *"]}
    if mine + 1 in others:
        part["until"] = [f"{mine + 1}. *"]
    return part | ({"besides": [f"{number}. *" for number in sorted(others)]} if others else {})


def _part_number(cells: Cells) -> int:
    """2 of a row that says « 2. Participants » and nothing else; 0 of any other."""
    found = re.match(r"([1-9])\. \S", clean(_first(cells))) if len(_filled(cells)) == 1 else None
    return int(found[1]) if found else 0


def _columns(labels: Cells, data: list[Row]) -> tuple[tuple[Column, ...], tuple[int, ...]]:
    """The profile of each named column, and the places of those that hold texts under no name."""
    columns, unnamed = [], []
    for i, label in enumerate(labels):
        cells = [row[1][i] for row in data]
        if label and clean(label):
            columns.append(column(i, clean(label), cells))
        elif sum(1 for cell in cells if cell and clean(cell)) > 1:
            unnamed.append(i)
    return tuple(columns), tuple(unnamed)


def _rows(sheet: Sheet, limit: int) -> list[Row]:
    return [(row.pop("row_number"), tuple(row.values())) for row in sheet.table.slice(0, limit).to_pylist()]


def _first(cells: Cells) -> str:
    return next(cell for cell in cells if cell and clean(cell))


def _filled(cells: Cells) -> list[int]:
    return [index for index, cell in enumerate(cells) if cell and clean(cell)]


def _header(rows: list[Row]) -> tuple[int | None, int]:
    """Index of the header among `rows` – of the upper one when there are two – and 1 for two.

    The first row that can be one is: a later one would be a row of data, and its cells would be quoted as headers.
    """
    for index, (_, cells) in enumerate(rows[:SEARCHED_ROWS]):
        below = rows[index + 1 : index + 1 + BELOW]
        width = _width(cells, below)
        names = _names(cells)
        if names is None or len(names) < max(min(2, width), _SHARE * width):
            continue
        if below and not any(len(set(_filled(other)) & set(names)) * 2 >= len(names) for _, other in below):
            continue
        return _with_groups(rows, index)
    return None, 0


def _width(cells: Cells, below: list[Row]) -> int:
    """The columns of the table: those filled here or in two rows below."""
    count = [0] * len(cells)
    for _, other in below:
        for index in _filled(other):
            count[index] += 1
    return sum(1 for index, cell in enumerate(cells) if (cell and clean(cell)) or count[index] > 1)


def _names(cells: Cells) -> dict[int, str] | None:
    """The distinct names of a row by column; None when it holds what cannot stand in a header."""
    found: dict[int, str] = {}
    for index in _filled(cells):
        text = clean(cells[index] or "")
        kind = kind_of(text)
        if kind in (*OF_PERSONS, "siret", "url", "instant"):
            return None
        if kind in ("text", "long", "boolean") and header_key(text) not in found.values():
            found[index] = header_key(text)
    return found


def _with_groups(rows: list[Row], index: int) -> tuple[int, int]:
    """The row found may be the lower of two, or the upper."""
    if index and _group(rows[index - 1], rows[index]):
        return index - 1, 1
    if index + 2 < len(rows) and _group(rows[index], rows[index + 1]):
        return index, 1
    return index, 0


def _group(upper: Row, lower: Row) -> bool:
    """Whether `upper` names groups of the columns of `lower`: a name stretches over at least two of them, and wherever the
    upper row is empty between two names, the lower one has a name."""
    above, below = _filled(upper[1]), set(_filled(lower[1]))
    if upper[0] + 1 != lower[0] or len(above) < 2:
        return False
    names = [clean(upper[1][i] or "") for i in above]
    if any(kind_of(name) not in ("text", "long") or name.endswith(":") for name in names):
        return False
    if any(kind_of(clean(lower[1][i] or "")) in TYPED for i in below) or len(below) <= 2:
        return False
    last = max([*above, *below])
    gaps = [i for i in range(above[0], last + 1) if i not in above]
    return bool(gaps) and all(i in below for i in gaps) and any(i in below for i in above)


def _columns_of_days(labels: Cells, data: list[Row]) -> list[int]:
    """The columns of dates, by their header, of which half of the texts or more are days without their month (« jeudi 6 »)."""
    found = []
    for i, label in enumerate(labels):
        texts = [text for _, cells in data if (text := clean(cells[i] or ""))]
        alone = sum(_read_date(text) == "mois_absent" for text in texts)
        if label and re.fullmatch(WORDS["event"]["date"], fold(label)) and alone * 2 >= len(texts) > 0:
            found.append(i)
    return found


def _read_date(text: str, **context: int) -> DateValue | str:
    """A date, or the rule by which it is refused."""
    try:
        return parse_date(text, **context)
    except Refused as refused:
        return refused.rule


def _in_its_month(text: str | None, month: date | None) -> str | None:
    """The day that a cell says under the title of its month, in full; any other text as it is."""
    if not text or month is None:
        return text
    found = _read_date(text, year=month.year, month=month.month)
    return text if isinstance(found, str) or found.starts_on is None else found.starts_on.isoformat()


def _structure(labels: Cells, below: list[Row]) -> tuple[list[Row], list[date | None], dict, list[str]]:
    """The rows of data, the month under which each stands, the layout of the others, and what to say of them."""
    header, width = _cleaned(labels), len(_filled(labels))
    data: list[Row] = []
    months: list[date | None] = []
    section = None
    totals: Counter[str] = Counter()
    sections = repeated = lonely = 0
    for number, cells in below:
        filled = _filled(cells)
        if not filled:
            continue
        first = clean(_first(cells))
        if _cleaned(cells) == header:
            repeated += 1
        elif len(filled) == 1 and width > 1 and (month := _month(first)):
            section = month
            sections += 1
        elif marker := _marker(first, len(filled), width):
            totals[marker] += 1
        else:
            lonely += len(filled) == 1 and width > 2
            data.append((number, cells))
            months.append(section)
    layout = ({"sections": "month"} if sections else {}) | ({"totals": list(totals)} if totals else {})
    said = {
        plural(sections, "ligne ne porte", "lignes ne portent")
        + " qu'un mois : il donne l'année aux dates qui suivent": sections,
        plural(
            totals.total(),
            "ligne de total ou de note, reconnue à son début",
            "lignes de total ou de note, reconnues à leur début",
        )
        + f" : {', '.join(totals)}": totals,
        plural(
            repeated, "en-tête répété plus bas, laissé de côté", "en-têtes répétés plus bas, laissés de côté"
        ): repeated,
        plural(
            lonely,
            "ligne n'a qu'une cellule remplie : à vérifier, c'est peut-être un titre",
            "lignes n'ont qu'une cellule remplie : à vérifier, ce sont peut-être des titres",
        ): lonely,
    }
    return data, months, layout, [sentence for sentence, found in said.items() if found]


def _cleaned(cells: Cells) -> list[str | None]:
    return [clean(cell) if cell else None for cell in cells]


def _marker(first: str, nb_filled: int, width: int) -> str | None:
    """What the first text of a row of few cells begins with, when that makes it a total or a footnote."""
    if nb_filled * 2 <= max(width, 2) and (total := next((m for m in _TOTALS if _begins(first, m)), None)):
        return total
    if nb_filled == 1 and width > 1:
        return next((m for m in _FOOTNOTES if _begins(first, m)), None)
    return None


def _begins(text: str, marker: str) -> bool:
    plain, mark = strip_accents(text), strip_accents(marker)
    return plain.startswith(mark) and (not mark[-1].isalpha() or not plain[len(mark) : len(mark) + 1].isalpha())


def _month(text: str) -> date | None:
    """The first day of a month (« AVRIL 2023 »); None for any other text."""
    found = _read_date(text)
    return found.starts_on if not isinstance(found, str) and found.precision == "month" else None


def _of(sheet: Sheet) -> str:
    return f" dans la feuille « {sheet.name} »" if sheet.name else ""
