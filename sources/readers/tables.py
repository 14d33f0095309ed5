"""Several tables in one sheet, header rows stacked on one another, headers that repeat: sheet in, sheet out.

Belongs here: choosing rows by what their cells say, and making one header row of several.
Does not belong here: bytes, values, the meaning of a header (contracts). Rows of data keep their cells and their row
numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from rulebook.numbers import agreed, plural
from sources.readers.sheet import Note, Sheet, Unreadable, enumerate_in_french
from sources.values.text import as_typed, clean, fold, strip_accents

SHOWN_SECTIONS = 12


def cut(
    sheet: Sheet,
    *,
    after: Sequence[str] = (),
    at: Sequence[str] = (),
    until: Sequence[str] = (),
    until_gap: bool = False,
    besides: Sequence[str] = (),
    alone: bool = True,
    quotes: bool = True,
) -> Sheet:
    """The table that begins after the row named by one of `after`, or at the row named by one of `at` (its own header).

    A row is named by its first filled cell: the same text once folded (« Attendee Details »), or a pattern with `*` for
    any text, accents and case aside (`2. *`), so that a section is found by its shape when its label is translated.

    `until`: the table ends before the first row named by one of these; `until_gap`: or before the first blank row below
    its first row; otherwise with the sheet.
    `alone`: rows named by `after` and `until` have no other filled cell, so that somebody called « 3. Bob » ends no table.

    Rows outside the table are counted in a note (`hors_tableau`), but for the sections that one of `besides` names: what they say is known, and
    of no use. Raises Unreadable: `section_absente` (the sentence
    names the rows that stand alone if it `quotes`), `section_en_double`, `section_vide`; ValueError unless exactly one of `after`
    and `at` is given.
    """
    if bool(after) == bool(at):
        raise ValueError("give either `after` or `at`")
    rows = _rows(sheet)
    start = _start(sheet, rows, _names(after or at), alone and bool(after), quotes) + bool(after)
    ends = _names(until)
    end = len(rows)
    for index in range(start, len(rows)):
        row = rows[index]
        gap = until_gap and index > start and row.number > rows[index - 1].number + 1
        named = index >= start + bool(at) and row.named(ends, alone)
        if gap or named:
            end = index
            break
    if end == start:
        raise Unreadable(
            "section_vide",
            f"La section « {rows[start - 1].text} »{_of(sheet)} ne contient aucune ligne, pas même d'en-tête : "
            "vérifiez que le fichier est complet et refaites l'export.",
        )
    return replace(
        sheet,
        table=sheet.table.slice(start, end - start),
        notes=(
            *sheet.notes,
            *_outside(rows, start, end, _names((*besides, *after)), _names((*after, *until, *besides))),
        ),
    )


def named_rows(sheet: Sheet, names: Sequence[str]) -> set[int]:
    """Numbers of the rows that stand alone and are named by one of `names` (as `cut` names them)."""
    known = _names(names)
    return {row.number for row in _rows(sheet) if row.named(known, alone=True)}


def stack_headers(
    sheet: Sheet,
    *,
    rows: int,
    skip: int = 0,
    fill: Sequence[int] = (),
    without: Sequence[str] = (),
    alone: Sequence[str] = (),
) -> Sheet:
    """One header row instead of the first `rows` (after `skip` filled rows of title), named `Question [Option]`.

    `fill`: which of the header rows (1 = the first) stretch to the right over the empty cells that follow, as merged
    cells and Framaforms' questions do, wherever a lower row has a label.
    `without`: labels that name no column and end the stretch of the one before (« Submission Details »).
    `alone`: labels of the last row that nothing above qualifies (a simple question after a grid).
    Labels are compared folded. A label repeated just below itself counts once.

    The new row has the number of the last header row; rows below keep theirs; the skipped rows are left out. Raises
    Unreadable `entetes_absents` if the sheet has fewer rows; ValueError if `fill` names a row beyond `rows`.
    """
    if not all(1 <= each <= rows for each in fill):
        raise ValueError("`fill` names header rows from 1 to `rows`")
    if sheet.table.num_rows < skip + rows:
        raise Unreadable(
            "entetes_absents",
            f"Le tableau{_of(sheet)} n'a que {plural(sheet.table.num_rows, 'ligne remplie', 'lignes remplies')} alors que "
            f"{plural(skip + rows, 'est attendue', 'sont attendues')} pour le titre et l'en-tête : vérifiez les options de l'export.",
        )
    head = sheet.table.slice(skip, rows).to_pylist()
    names = sheet.table.column_names[1:]
    labels = [[as_typed(row[name]) for name in names] for row in head]
    dropped, standing = {fold(each) for each in without}, {fold(each) for each in alone}
    for depth, row in enumerate(labels, start=1):
        below = [any(lower[column] for lower in labels[depth:]) for column in range(len(names))]
        labels[depth - 1] = _stretch(row, below, depth in fill, dropped)
    merged = [
        name if name and fold(name) in standing else _bracketed([row[column] for row in labels])
        for column, name in enumerate(labels[-1])
    ]
    return _with_header(sheet, merged, head[-1]["row_number"], sheet.table.slice(skip + rows))


def number_duplicates(sheet: Sheet) -> Sheet:
    """The same sheet, the first row of which has no header twice: the second « État » becomes « État (2) ».

    For exports in which a repeated header is normal (pretix, Google Forms, Framaforms): the order of the columns is
    then the platform's, and stable. See `number_labels` for what counts as the same.
    """
    if sheet.table.num_rows == 0:
        return sheet
    head = sheet.table.slice(0, 1).to_pylist()[0]
    number = head.pop("row_number")
    return _with_header(sheet, number_labels(list(head.values())), number, sheet.table.slice(1))


def number_labels(labels: Sequence[str | None]) -> list[str | None]:
    """`labels` with ` (2)`, ` (3)`… after those that stand already to the left, compared folded, as headers are bound.

    A number already taken by another label is passed over; empty labels stay empty.
    """
    keys = [_key(label) if label else "" for label in labels]
    taken = {key for key in keys if key}
    seen: set[str] = set()
    named: list[str | None] = []
    for label, key in zip(labels, keys, strict=True):
        if not label or key not in seen:
            seen.add(key)
            named.append(label)
            continue
        occurrence = 2
        while _key(f"{label} ({occurrence})") in taken:
            occurrence += 1
        numbered = f"{label.rstrip()} ({occurrence})"
        named.append(numbered)
        taken.add(_key(numbered))
    return named


@dataclass(frozen=True)
class _Row:
    """What matters of a row: its number, its first filled cell, how many are filled."""

    number: int
    text: str
    filled: int

    def named(self, names: Sequence[str | re.Pattern], alone: bool) -> bool:
        if alone and self.filled != 1:
            return False
        plain = strip_accents(clean(self.text))
        return any(
            fold(self.text) == name if isinstance(name, str) else name.fullmatch(plain) is not None for name in names
        )


def _rows(sheet: Sheet) -> list[_Row]:
    columns = [
        pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), pa.scalar(None, pa.string()), column)
        for column in sheet.table.columns[1:]
    ]
    if not columns:
        return []
    first = pc.coalesce(*columns).to_pylist()
    filled = pc.cast(pc.is_valid(columns[0]), pa.int32())
    for column in columns[1:]:
        filled = pc.add(filled, pc.cast(pc.is_valid(column), pa.int32()))
    numbers = sheet.table.column("row_number").to_pylist()
    return [_Row(*each) for each in zip(numbers, (text or "" for text in first), filled.to_pylist(), strict=True)]


def _names(names: Sequence[str]) -> list[str | re.Pattern]:
    return [_pattern(name) if "*" in name else fold(name) for name in names]


def _pattern(name: str) -> re.Pattern:
    return re.compile(".+".join(re.escape(part) for part in strip_accents(clean(name)).split("*")))


def _start(sheet: Sheet, rows: list[_Row], names: Sequence[str | re.Pattern], alone: bool, quotes: bool) -> int:
    found = [index for index, row in enumerate(rows) if row.named(names, alone)]
    if not found:
        heads = [f"« {row.text} »" for row in rows if row.filled == 1]
        present = f" (sections présentes : {enumerate_in_french(heads, SHOWN_SECTIONS) or 'aucune'})" if quotes else ""
        raise Unreadable(
            "section_absente",
            f"Le tableau attendu n'a pas été trouvé{_of(sheet)}{present} : vérifiez que c'est le bon rapport, sans "
            "ligne supprimée.",
        )
    if len(found) > 1:
        numbers = ", ".join(str(rows[index].number) for index in found)
        raise Unreadable(
            "section_en_double",
            f"La section « {rows[found[0]].text} » apparaît plusieurs fois{_of(sheet)} (lignes {numbers}) : déposez "
            "un fichier par rapport.",
        )
    return found[0]


def _outside(
    rows: list[_Row], start: int, end: int, known: Sequence[str | re.Pattern], sections: Sequence[str | re.Pattern]
) -> tuple[Note, ...]:
    """Numbers, and the names of `sections`, which the contract says: what else stands outside the table may be people. Sections named by one of
    `known` are left out."""
    parts = [*_unknown(rows[:start], known, sections), *_unknown(rows[end:], known, sections)]
    if not parts:
        return ()
    lines = ", ".join(
        f"{part[0].number}{f' à {part[-1].number}' if len(part) > 1 else ''}{f' (« {part[0].text} »)' if part[0].named(sections, alone=True) else ''}"
        for part in parts
    )
    count = sum(map(len, parts))
    message = (
        f"{plural(count, 'ligne remplie', 'lignes remplies')} hors du tableau lu (lignes {rows[start].number} à {rows[end - 1].number}) "
        f"{agreed(count, 'est laissée', 'sont laissées')} de côté : {agreed(count, 'ligne')} {lines}."
    )
    return (Note("hors_tableau", message),)


def _unknown(
    rows: list[_Row], known: Sequence[str | re.Pattern], sections: Sequence[str | re.Pattern]
) -> list[list[_Row]]:
    """The rows that are in no known section, by section: one ends before the title of another, or where a row stands alone below a blank one."""
    found: list[list[_Row]] = [[]]
    inside = False
    for index, row in enumerate(rows):
        is_title = row.named(sections, alone=True)
        if row.named(known, alone=True):
            inside = True
        elif is_title or (row.filled == 1 and (index == 0 or row.number > rows[index - 1].number + 1)):
            inside = False
        if inside or is_title:
            found.append([])
        if not inside:
            found[-1].append(row)
    return [part for part in found if part]


def _stretch(row: list[str | None], below: list[bool], filled: bool, dropped: set[str]) -> list[str | None]:
    """One header row without its `dropped` labels, stretched to the right where `below` has something to qualify."""
    stretched: list[str | None] = []
    current = None
    for label, wanted in zip(row, below, strict=True):
        if label:
            current = None if fold(label) in dropped else label
            stretched.append(current)
        else:
            stretched.append(current if filled and wanted else None)
    return stretched


def _bracketed(parts: Sequence[str | None]) -> str | None:
    """`A`, `A [B]`, `A [B] [C]`; a part equal to the one before counts once."""
    kept: list[str] = []
    for part in parts:
        if part and (not kept or fold(part) != fold(kept[-1])):
            kept.append(part)
    return " ".join([kept[0], *(f"[{part}]" for part in kept[1:])]) if kept else None


def _with_header(sheet: Sheet, labels: Sequence[str | None], number: int, body: pa.Table) -> Sheet:
    columns = [pa.array([number], pa.int32()), *(pa.array([label], pa.string()) for label in labels)]
    header = pa.table(columns, names=sheet.table.column_names)
    return replace(sheet, table=pa.concat_tables([header, body]))


def _key(label: str) -> str:
    """Folded; a label made of signs only (`#`, `€`) is compared as it is."""
    return fold(label) or clean(label)


def _of(sheet: Sheet) -> str:
    return f" dans la feuille « {sheet.name} »" if sheet.name else ""
