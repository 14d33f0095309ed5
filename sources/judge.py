"""Judging the rows of one sheet: accepted, quarantined with a sentence, or an exact duplicate. Nothing else can happen.

Here: setting structure rows aside, parsing each distinct text once, finding duplicates, and the two tables that come out,
`accepted` and `quarantined`. Column by column, by Arrow; Python sees distinct values only.
Not here: reading bytes, the text of a slot (`origins.py`), the ledger, files on disk.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cache

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.side_by_side import of_each
from identity.vault import open_private
from rulebook import contacts
from rulebook.numbers import agreed, plural
from sources import redaction
from sources.citable import is_citable, quotable
from sources.columns import (
    FILLED,
    SPACES,
    UNTIDY,
    alike,
    any_filled,
    cleaned,
    distinct,
    equal_to,
    filled,
    nothing,
    unaccented,
    whole,
)
from sources.contract import MOST_ABOVE, Contract, header_key
from sources.corrections import Correction, apply_corrections
from sources.entities import ENTITIES, PERSON, Entity
from sources.headers import Binding, Unbound, bind, column_letter, header_below, places
from sources.kinds import EXPRESSION_KINDS, References, is_far_from_section, mappings
from sources.kinds import Mapping as Parse
from sources.looks import notes_on_looks, within
from sources.note import Note
from sources.origins import cell, left_out, origin
from sources.readers import Sheet
from sources.readers.sheet import PARTLY_STRUCK, ROWS_OF_A_SHEET, enumerate_in_french
from sources.readers.together import apart, is_of_part
from sources.values.dates import MONTH_NAMES, parse_date
from sources.values.figures import parse_figure
from sources.values.instants import NUMERIC_DAY, PROVES_ORDER
from sources.values.refusal import Refused, quote
from sources.values.text import clean

MANY_ROWS = 2_000
"""From how many rows on SQL reads what it can (`Mapping.sql`): to prepare it takes as long as to parse a thousand texts."""

MACROS = rf"""
create or replace macro clean(text) as case when not regexp_matches(text, '{UNTIDY}') then nullif(text, '') else
    nullif(trim(regexp_replace(nfc_normalize(text), '{SPACES}', ' ', 'g')), '') end;
create or replace macro filled(text) as regexp_matches(text, '{FILLED}');
"""
"""For whoever looks at a judged delivery in SQL: the same as `columns.cleaned` and `columns.filled`."""

FINDING = pa.schema(
    [("row_number", pa.int32())] + [(name, pa.string()) for name in ("field", "rule", "message", "value")]
)


@dataclass(frozen=True)
class Judged:
    """Row counts of one sheet, and what is worth saying of it. rows_read = accepted + quarantined + duplicate."""

    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    rows_structure: int
    notes: tuple[Note, ...]
    tables: Mapping[str, pa.Table] = field(default_factory=dict, repr=False, compare=False)


@contextmanager
def in_sql(**tables: pa.Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to ask these tables in SQL, private: they are gone with it. The database behind it, in memory and without a table of
    its own, is made once per process: that takes longer than to judge a small delivery."""
    with closing(_database().cursor()) as con:
        for name, table in tables.items():
            con.register(name, table)
        yield con


@cache
def _database() -> duckdb.DuckDBPyConnection:
    con = open_private()
    con.execute(MACROS)
    return con


def judge(
    contract: Contract,
    sheet: Sheet,
    corrections: tuple[Correction, ...],
    references: References,
    today: date,
    file_name: str = "",
    slots: pa.Table | None = None,
) -> Judged:
    """Judge `sheet`. The tables that come out: `accepted` (canonical columns, row_number, corrections), `quarantined`
    (row_number, cell, field, rule, message, value), `record` (row_number, record_key), `bound` (field, column_letter, header), and
    how they came to be: `body` (rows below the header), `structure` (row_number, reason), `raw` (the text of each slot), `canonical`
    (all rows, as they are read), `duplicate` (row_number), `redaction`.
    `slots`: what erased rows go on saying (`redaction.SLOTS`). Raises headers.Unbound when the header does not fit, or a section is not
    understood, or a column has day and month the other way round.
    """
    slots = redaction.SLOTS.empty_table() if slots is None else slots
    if not sheet.table.num_columns - 1:  # a page of an API without any record has no header to bind
        return _nothing(contract)
    binding, below = bind_sheet(contract, sheet)
    body = _only(below, any_filled([cell(below, index) for index in range(below.num_columns - 1)]))
    notes = [
        Note("colonne_facultative_absente", f"Colonne facultative absente : {_first_header(contract, name)}.")
        for name in binding.absent
    ]
    structure, sections = _structure(contract, binding, sheet, body, slots)
    raw = _read_raw(contract, binding, sheet, body, structure, sections, file_name, slots)
    notes += _sheets_without_rows(binding, sheet, raw["row_number"])
    if contract.layout.days_of_section:
        notes += _months_without_rows(sheet, sections, raw["row_number"])
    elif contract.layout.sections == "month":
        notes += _titles_as_dates(contract, sheet, body, structure)
    notes += _pasted_twice(contract, sheet, body, raw["row_number"])
    notes += notes_on_looks(sheet, raw["row_number"].to_numpy())
    notes += _contacts_taken_out(contract, binding, sheet, raw)
    notes += apply_corrections(raw, corrections, today)
    if corrections:
        notes += _contacts_taken_out(contract, binding, sheet, raw)
    canonical, findings = _canonical(contract, raw, mappings(contract, references))
    _no_column_is_backwards(contract, raw, findings)
    beyond, beside = _under_no_header(contract, binding, sheet, body, raw["row_number"])
    notes += beside
    shortened = _shortened_keys(contract, binding, body, raw["row_number"])
    findings = pa.concat_tables([findings, beyond, shortened, _struck_in_part(binding, sheet, body, raw)])
    findings = redaction.pinned_refusals(findings, slots)
    duplicates, conflicts = _repeated(contract, sheet, canonical, findings)
    findings = quotable(contract, references, raw, _sorted(pa.concat_tables([findings, conflicts])))
    gone = pc.or_(_is_among(canonical, findings["row_number"]), _is_among(canonical, duplicates))
    is_accepted = pc.invert(gone)
    entity = ENTITIES[contract.entity]
    accepted = _only(canonical.select(["row_number", "corrections", *judged_columns(entity)]), is_accepted)
    tables = {
        "redaction": slots, "body": body, "raw": pa.table(raw), "canonical": canonical, "accepted": accepted,
        "structure": pa.table({"row_number": pa.array(structure, pa.int32()), "reason": pa.array(structure.values(), pa.string())}),
        "duplicate": pa.table({"row_number": duplicates}),
        "quarantined": _quarantined(contract, binding, sheet, findings),
        "bound": _bound(contract, binding), "record": _record_keys(contract, binding, body, slots),
    }  # fmt: skip
    notes += _control_totals(contract, binding, sheet, body, structure, accepted)
    read = _only(tables["raw"], is_accepted)
    notes += _unknown_words(contract, binding, sheet, read, accepted)
    notes += _rounded_amounts(contract, binding, sheet, read)
    if contract.layout.sections and "date" in binding.columns:
        notes += _far_from_their_section(binding, sheet, read, accepted)
    nb_quarantined = pc.count_distinct(findings["row_number"]).as_py()
    return Judged(len(gone), accepted.num_rows, nb_quarantined, len(duplicates), len(structure), tuple(notes), tables)


def _only(rows: pa.Table, wanted: pa.BooleanArray) -> pa.Table:
    """The rows wanted: nothing is copied when all are."""
    return rows if pc.all(wanted, skip_nulls=False).as_py() else rows.filter(wanted)


def _nothing(contract: Contract) -> Judged:
    entity = ENTITIES[contract.entity]
    texts, columns = list(entity.personal), {name: _ARROW[type_] for name, type_ in entity.columns.items()}
    kept = [("row_number", pa.int32()), ("corrections", pa.list_(pa.string()))]
    kept += [(name, columns.get(name, pa.string())) for name in judged_columns(entity)]
    tables = {
        "accepted": pa.schema(kept).empty_table(),
        "quarantined": QUARANTINED.empty_table(),
        "record": RECORD.empty_table(),
        "bound": BOUND.empty_table(),
        "redaction": redaction.SLOTS.empty_table(),
        "raw": pa.schema([("row_number", pa.int32()), *((name, pa.string()) for name in texts)]).empty_table(),
    }
    return Judged(0, 0, 0, 0, 0, (), tables)


BOUND = pa.schema([(name, pa.string()) for name in ("field", "column_letter", "header")])
RECORD = pa.schema([("row_number", pa.int32()), ("record_key", pa.string())])
QUARANTINED = pa.schema([FINDING.field("row_number"), ("cell", pa.string()), *list(FINDING)[1:]])


def _bound(contract: Contract, binding: Binding) -> pa.Table:
    """The columns of the sheet each field was read from. A JSON record has paths instead of letters."""
    rows = [
        (name, None if contract.files.shape == "json" else column_letter(index), binding.labels[index])
        for name, indexes in binding.columns.items()
        for index in indexes
    ]
    return _table(rows, BOUND)


def _table(rows: Sequence[tuple], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table([pa.array(values, each.type) for values, each in zip(columns, schema, strict=True)], schema)


def _record_keys(contract: Contract, binding: Binding, body: pa.Table, slots: pa.Table) -> pa.Table:
    """The key of the platform's record each row came from, as `clients.bundle.key_text` writes it. All rows of a
    record are replaced together when the platform shows it again. Empty for a source that is not asked by API."""
    if contract.api is None:
        return RECORD.empty_table()
    columns = [binding.column_of(path) for path in contract.api.key]
    texts = ["''" if column is None else f"coalesce(c{column + 1}, '')" for column in columns]
    key = texts[0] if len(texts) == 1 else f"cast(to_json(list_value({', '.join(texts)})) as varchar)"
    with in_sql(body=body) as con:
        keys = con.sql(f"select {key} from body").to_arrow_table().column(0)
    numbers = whole(body["row_number"])
    keys = redaction.pinned_texts(numbers, whole(keys), slots, redaction.RECORD)
    return pa.table([numbers, keys], schema=RECORD)


def bind_sheet(contract: Contract, sheet: Sheet) -> tuple[Binding, pa.Table]:
    """Bind the header of a sheet; how, and the rows below. Where several sheets are read as one, each has its header, and the columns that are
    read stand in the same places: the binding is that of the first. Raises headers.Unbound."""
    bound: list[Binding] = []
    below: list[pa.Table] = []
    for rank, part in enumerate(apart(sheet)):
        try:
            binding = _bind_table(contract, part.table)
        except Unbound as unbound:
            raise Unbound(unbound.rule, _in_sheet(part, sheet, unbound.message)) from None
        if bound and (moved := places(contract, binding) ^ places(contract, bound[0])):
            header, index = min(moved, key=lambda place: (place[1], place[0]))
            raise Unbound(
                "feuilles_differentes",
                f"Les feuilles « {sheet.parts[0]} » et « {part.name} » n'ont pas leurs colonnes aux mêmes places (par exemple « {header} », en "
                f"colonne {column_letter(index)} dans une seule des deux). Mettez les mêmes colonnes dans le même ordre partout, et redéposez le "
                "classeur.",
            )
        bound.append(binding)
        header_row = rank * ROWS_OF_A_SHEET + binding.header_row
        rows = sheet.table.filter(is_of_part(sheet.table, rank)) if sheet.parts else sheet.table
        below.append(rows.slice(np.searchsorted(whole(rows["row_number"]).to_numpy(), header_row, side="right")))
    return bound[0], pa.concat_tables(below)


def _bind_table(contract: Contract, table: pa.Table) -> Binding:
    try:
        return bind(contract, _first_rows(table, contract.layout.header_within), _FilledTwice(table))
    except Unbound as found:
        is_sheet = contract.files.shape in ("delimited", "spreadsheet")
        below = header_below(contract, _first_rows(table, MOST_ABOVE)) if is_sheet else None
        if below is None:
            raise
        raise Unbound(found.rule, f"{below} {found.message}") from None


def _first_rows(table: pa.Table, nb_rows: int) -> list[tuple[int, tuple[str | None, ...]]]:
    columns = (column.to_pylist() for column in table.slice(0, nb_rows).columns)
    return [(row[0], row[1:]) for row in zip(*columns, strict=True)]


def _in_sheet(part: Sheet, sheet: Sheet, message: str) -> str:
    return f"Feuille « {part.name} » : {message}" if sheet.parts else message


def _sheets_without_rows(binding: Binding, sheet: Sheet, numbers: pa.Array) -> list[Note]:
    filled_parts = (
        set((numbers.to_numpy() // ROWS_OF_A_SHEET).tolist()) if sheet.parts else {0} if len(numbers) else set()
    )
    return [
        Note(
            "aucune_ligne",
            _in_sheet(
                part, sheet,
                f"Aucune ligne sous l'en-tête (ligne {binding.header_row}) : la feuille est vide, ou n'a pas été remplie. Si elle devait l'être, "
                "redéposez le fichier rempli ; il remplace ce qu'il disait avant.",
            ),
        )
        for rank, part in enumerate(apart(sheet))
        if rank not in filled_parts
    ]  # fmt: skip


def _pasted_twice(contract: Contract, sheet: Sheet, body: pa.Table, numbers: pa.Array) -> list[Note]:
    """A list whose second half says its first half again, cell by cell: pasted twice, no doubt. Where rows carry a key of their own they are
    exact duplicates; where a rank tells them apart (`ranked`), each counts."""
    half, is_odd = divmod(len(numbers), 2)
    if half < 2 or is_odd or not any(field.ranked for field in contract.fields.values()):
        return []
    rows = _only(body, _is_among(body, numbers))
    cells = [cell(rows, index) for index in range(rows.num_columns - 1)]
    if not all(texts.slice(0, half).equals(texts.slice(half)) for texts in cells) or not alike(cells).any():
        return []
    first, last = sheet.row(numbers[half].as_py()), sheet.row(numbers[-1].as_py())
    return [
        Note(
            "liste_en_double",
            f"Les lignes {first} à {last} redisent une à une celles d'avant : la liste semble collée deux fois, et chaque ligne compte deux fois. "
            "Si c'est le cas, retirez-les et redéposez le fichier.",
        )
    ]


@dataclass(frozen=True)
class _FilledTwice:
    """Whether a column says something in two rows at least, looked at when asked: a column with a header is not."""

    table: pa.Table

    def __getitem__(self, index: int) -> bool:
        return filled(cell(self.table, index)).true_count > 1


def _structure(
    contract: Contract, binding: Binding, sheet: Sheet, body: pa.Table, slots: pa.Table
) -> tuple[dict[int, str], dict[int, str]]:
    """The rows that are no data (sections, totals, repeated headers, what the contract leaves out) with the reason, and the month
    that each section opens."""
    numbers, layout = whole(body["row_number"]), contract.layout
    found: dict[int, str] = {}
    sections = {}

    def put(rows: pa.BooleanArray, reason: str) -> None:
        for number in numbers.filter(rows).to_pylist():
            found.setdefault(number, reason)

    if layout.sections or layout.totals:
        first, nb_filled = _first_texts(body)
    if layout.sections == "month":
        alone = pc.equal(nb_filled, 1)
        months = map(_month_section, first.filter(alone).to_pylist())
        sections = {
            number: month for number, month in zip(numbers.filter(alone).to_pylist(), months, strict=True) if month
        }
        found = dict.fromkeys(sections, "section")
    for text in layout.totals:
        put(_totals(body, first, text), "total")
    put(_repeats(body, binding.labels), "entête répété")
    for item in layout.left_out:
        rows = left_out(body, binding, item)
        if rows is not None:
            put(rows, item.reason)
    found = redaction.pinned_structure(found, slots)
    if layout.days_of_section:
        quotes = not ENTITIES[contract.entity].personal
        _all_sections_are_read(sheet, numbers.filter(alone), first.filter(alone), found, quotes)
    return found, {number: month for number, month in sections.items() if found.get(number) == "section"}


def _all_sections_are_read(
    sheet: Sheet, numbers: pa.Array, texts: pa.Array, structure: dict[int, str], quotes: bool
) -> None:
    """Raises headers.Unbound for a row alone in a sheet whose days are those of the section above them: it may be a month nobody understood.
    `quotes`: whether the sentence may say it. In a list of persons it may be a name."""
    for number, text in zip(numbers.to_pylist(), texts.to_pylist(), strict=True):
        if number not in structure and _MONTH_AS_DATE.fullmatch(text or ""):
            raise Unbound(
                "section_incomprise",
                f"Ligne {sheet.row(number)} : titre de mois écrit comme une date{f' ({quote(text)})' if quotes else ''}, que le tableur a changé, alors que les dates qui "
                f"suivent prennent le mois de leur titre. {_WRITE_THE_MONTH}",
            )
        if number not in structure:
            raise Unbound(
                "section_incomprise",
                f"Ligne {sheet.row(number)} : {quote(text) if quotes else 'un texte'} est seul sur sa ligne et n'est pas un mois, alors que les dates qui suivent prennent le mois "
                "de leur titre. Écrivez le mois et l'année, par exemple « AVRIL 2023 », ou complétez la ligne. Si c'est une note ou un total, "
                "dites-le à l'observatoire (qui peut l'ajouter à « totals »).",
            )


_MONTH_AS_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-01")
_WRITE_THE_MONTH = "Donnez à la cellule le format « texte », puis écrivez le mois et l'année, par exemple « MAI 2023 »."


def _titles_as_dates(contract: Contract, sheet: Sheet, body: pa.Table, structure: dict[int, str]) -> list[Note]:
    """Dates alone in their row, the first of a month, where titles of months are expected: a spreadsheet program makes a date of « mai 2023 »,
    and shows the month. They are no titles, and no event either: their rows lack the rest."""
    first, nb_filled = _first_texts(body)
    alone, quotes = pc.equal(nb_filled, 1), not ENTITIES[contract.entity].personal
    texts = zip(whole(body["row_number"]).filter(alone).to_pylist(), first.filter(alone).to_pylist(), strict=True)
    return [
        Note(
            "titre_de_mois_en_date",
            f"Ligne {sheet.row(number)} : titre de mois écrit comme une date{f' ({quote(text)})' if quotes else ''}, sans doute par le tableur ; il n'est pas lu comme un "
            f"titre. {_WRITE_THE_MONTH}",
        )
        for number, text in texts
        if text and number not in structure and _MONTH_AS_DATE.fullmatch(text)
    ]


def _months_without_rows(sheet: Sheet, sections: dict[int, str], numbers: pa.Array) -> list[Note]:
    """Titles of months under which another one follows at once: an empty month, or a title out of its place, and then the days are another
    month's."""
    lines, rows = sorted(sections), numbers.to_numpy()
    return [
        Note(
            "mois_sans_ligne",
            f"Ligne {sheet.row(line)} : aucun événement entre « {_in_words(sections[line])} » et « {_in_words(sections[after])} » (ligne {sheet.row(after)}), dont les "
            "lignes qui suivent prennent le mois. Vérifiez que le second titre est à sa place.",
        )
        for line, after in itertools.pairwise(lines)
        if sheet.name_of(line) == sheet.name_of(after) and not ((rows > line) & (rows < after)).any()
    ]


def _in_words(month: str) -> str:
    return f"{MONTH_NAMES[int(month[5:]) - 1]} {month[:4]}"


def _first_texts(body: pa.Table) -> tuple[pa.Array, pa.Array]:
    """The first text of each row, and how many of its cells are filled."""
    cells = [cell(body, index) for index in range(body.num_columns - 1)]
    are_filled = [filled(texts) for texts in cells]
    blank = nothing(body.num_rows)
    first = pc.coalesce(*(pc.if_else(known, texts, blank) for known, texts in zip(are_filled, cells, strict=True)))
    nb_filled = sum(known.cast(pa.int8()).to_numpy(zero_copy_only=False).astype(np.int32) for known in are_filled)
    return cleaned(first), pa.array(nb_filled)


_SHORTENED = r"^\s*\d[.,]\d+E\+\d{2}\s*$"
"""A long number as Excel shows it, and writes it in a CSV: « 1,94416E+10 »."""


def _shortened_keys(contract: Contract, binding: Binding, body: pa.Table, numbers: pa.Array) -> pa.Table:
    """Rows whose key a spreadsheet program has shortened: two places of one order would be told for one, or for a double."""
    entity = ENTITIES[contract.entity]
    slots = [slot.name for slot in entity.slots.values() if set(entity.key) & set(slot.columns)]
    found: dict[int, tuple] = {}
    for name in slots:
        for index in binding.columns.get(name, ()):
            shortened = pc.fill_null(pc.match_substring_regex(cell(body, index), _SHORTENED), False)
            if not shortened.true_count:
                continue
            message = (
                f"Le tableur a abrégé le numéro de la colonne {quote(clean(binding.labels[index] or ''))} : ses derniers chiffres sont perdus, et plusieurs "
                "lignes se confondraient. Redéposez l'export tel que la plateforme le donne, sans l'ouvrir dans un tableur."
            )
            for number in body.filter(pc.and_(shortened, _is_among(body, numbers)))["row_number"].to_pylist():
                found.setdefault(number, (number, name, "numero_abrege", message, None))
    return _table(list(found.values()), FINDING)


def _no_column_is_backwards(contract: Contract, raw: dict[str, pa.Array], findings: pa.Table) -> None:
    """Raises headers.Unbound for a column some of whose dates are refused for the order of day and month, while others are read in the order of
    the contract, and none of these can be read in no other: a platform that changed its order would have its first twelve days of
    each month read as months."""
    refused = findings.filter(pc.equal(findings["rule"], "ordre_contraire"))
    for name in pc.unique(refused["field"]).to_pylist():
        order = contract.fields[name].order
        if order not in PROVES_ORDER:
            continue
        contrary = refused.filter(pc.equal(refused["field"], name))["row_number"]
        texts = raw[name].filter(pc.invert(pc.is_in(raw["row_number"], value_set=whole(contrary))))
        nb_read = pc.match_substring_regex(texts, NUMERIC_DAY).true_count
        if not nb_read or pc.match_substring_regex(texts, PROVES_ORDER[order]).true_count:
            continue
        first, other = ("jour", "mois") if order == "dmy" else ("mois", "jour")
        raise Unbound(
            "colonne_a_l_envers",
            f"La colonne {_first_header(contract, name)} est lue avec le {first} devant, mais {plural(len(contrary), 'date n’a', 'dates n’ont')} de "
            f"sens qu'avec le {other} devant, et aucune n'impose le {first} : {plural(nb_read, 'autre date serait lue', 'autres dates seraient lues')} à "
            "l'envers. Redéposez l'export avec les dates que la plateforme donne d'habitude ; si elles sont maintenant écrites ainsi, dites-le à "
            "l'observatoire (`order`). S'il s'agit d'une faute de frappe, corrigez cette date.",
        )


def _struck_in_part(binding: Binding, sheet: Sheet, body: pa.Table, raw: dict[str, pa.Array]) -> pa.Table:
    """Rows with a cell of which a part is struck: « ~~65~~ 70 » reads 6570, and nobody's number is to be that. Not where a correction says it."""
    found: dict[int, tuple] = {}
    for mark in sheet.marks:
        if not mark.look.startswith(PARTLY_STRUCK):
            continue
        letters = mark.look.removeprefix(PARTLY_STRUCK).strip()
        for name, columns in binding.columns.items():
            for index in columns:
                if column_letter(index) != letters or name not in raw:
                    continue
                here = pa.array(within(mark, raw["row_number"].to_numpy()))
                numbers = raw["row_number"].filter(here)
                rows = body.filter(_is_among(body, numbers))
                texts = zip(
                    numbers.to_pylist(), cell(rows, index).to_pylist(), raw[name].filter(here).to_pylist(), strict=True
                )
                for number, shown, read in texts:
                    if shown and read and clean(shown) in clean(read):
                        message = (
                            f"Une partie du texte de la cellule {letters}{sheet.row(number)} est barrée, et le reste non : les deux se liraient à la "
                            "suite. Effacez ce qui est barré, et redéposez le fichier."
                        )
                        found.setdefault(number, (number, name, "texte_barre_en_partie", message, None))
    return _table(list(found.values()), FINDING)


def _under_no_header(
    contract: Contract, binding: Binding, sheet: Sheet, body: pa.Table, numbers: pa.Array
) -> tuple[pa.Table, list[Note]]:
    """What stands in a row of data under no header (in more rows than one, it holds the delivery). A line of text that is longer than its
    header has a separator too many, and its cells may have moved: it is refused. A cell beside a spreadsheet's table is said."""
    unnamed = [index for index, label in enumerate(binding.labels) if not (label and header_key(label))]
    if not unnamed:
        return FINDING.empty_table(), []
    rows = body.filter(_is_among(body, numbers))
    found: dict[int, int] = {}
    for index in unnamed:
        for number in rows["row_number"].filter(filled(cell(rows, index))).to_pylist():
            found.setdefault(number, index)
    cells = {number: f"{column_letter(index)}{sheet.row(number)}" for number, index in found.items()}
    if contract.files.shape == "delimited":
        sentence = (
            "La ligne {} a plus de cellules que l'en-tête (à partir de {}) : un séparateur dans un texte, sans doute. Mettez ce texte entre "
            "guillemets, ou retirez ce qui dépasse."
        )
        said = [
            (number, None, "cellules_en_trop", sentence.format(number, place), None) for number, place in cells.items()
        ]
        return _table(said, FINDING), []
    if not cells:
        return FINDING.empty_table(), []
    message = (
        f"{agreed(len(cells), 'Cellule')} sans en-tête, que rien ne lit : {enumerate_in_french([*cells.values()])}."
    )
    return FINDING.empty_table(), [Note("cellules_sans_entete", message)]


def _begins(texts: pa.Array, word: str) -> pa.BooleanArray:
    """Rows whose text begins with this word, whole (« Totalement libre » is no total), case and accents aside."""
    prefix = _plain(word)
    whole_word = r"(\P{L}|$)" if prefix[-1].isalpha() else ""
    return pc.fill_null(pc.match_substring_regex(unaccented(texts), f"^{re.escape(prefix)}{whole_word}"), False)


def _plain(word: str) -> str:
    return unaccented(pa.array([word], pa.string()))[0].as_py()


def _totals(body: pa.Table, first: pa.Array, word: str) -> pa.BooleanArray:
    """Rows of totals, or of notes: they begin with this word, and where more words follow it (« Total général », but « Total Solidaire » too),
    no other cell has words without a figure, as the cells of an organiser's row have."""
    begins = _begins(first, word)
    candidates = body.filter(begins)
    says_more = pc.match_substring_regex(
        unaccented(first.filter(begins)), r"^\P{L}*" + re.escape(_plain(word)) + r".*\p{L}"
    )
    worded = [pc.match_substring_regex(cell(candidates, index), _WORDS) for index in range(body.num_columns - 1)]
    nb_worded = sum(pc.fill_null(each, False).to_numpy(zero_copy_only=False).astype(np.int32) for each in worded)
    nb_worded -= pc.match_substring_regex(first.filter(begins), _WORDS).to_numpy(zero_copy_only=False)
    is_total = pc.invert(pc.and_(says_more, pa.array(nb_worded > 0)))
    return pc.replace_with_mask(begins, begins, is_total)


_WORDS = r"^[^\d#]*\p{L}{3}[^\d#]*$"
"""A cell of words: no « 36 ateliers », no « #DIV/0! », no « nd »."""


def _repeats(body: pa.Table, labels: Sequence[str | None]) -> pa.BooleanArray:
    """Rows that say the header again."""
    rows = pa.repeat(True, body.num_rows)
    for index, label in enumerate(labels):
        if not rows.true_count:
            break
        texts = cell(body, index)
        # exports put end to end have their mark before the second header
        rows = pc.and_(rows, equal_to(texts if index else pc.utf8_ltrim(texts, "\ufeff"), label))
    return rows


def _read_raw(
    contract: Contract,
    binding: Binding,
    sheet: Sheet,
    body: pa.Table,
    structure: dict[int, str],
    sections: dict[int, str],
    file_name: str,
    slots: pa.Table,
) -> dict[str, pa.Array]:
    """The rows of data: `row_number`, the text of each slot, the `section` they stand in, `corrections` (none yet)."""
    rows = body.filter(pc.invert(_is_among(body, pa.array(structure, pa.int32())))) if structure else body
    numbers = whole(rows["row_number"])

    def text(name: str) -> pa.Array:
        return redaction.pinned_texts(numbers, origin(contract, name, rows, binding, file_name, sheet), slots, name)

    # dates, themes and places are read in their programme, which an organisation has not
    names = list(dict.fromkeys([*ENTITIES[contract.entity].slots, "programme"]))
    raw = {"row_number": numbers} | dict(zip(names, of_each(text, names, rows=len(numbers)), strict=True))
    raw["section"] = _sections(numbers, _months_of_sheets(contract, sheet) | sections)
    raw["corrections"] = _repeat([], "VARCHAR[]", len(numbers))
    return raw


PRINTED = ("text", "labels", "place")
"""Kinds of the slots whose text is printed as it was typed."""


def _contacts_taken_out(contract: Contract, binding: Binding, sheet: Sheet, raw: dict[str, pa.Array]) -> list[Note]:
    """Take out of what a release prints of an event or an organisation the addresses and telephones typed beside it: « Collectif Phare
    zq@exemple.test » is « Collectif Phare », in the rows of `raw` as everywhere after. The row stays; its cell is said."""
    entity, cells = ENTITIES[contract.entity], []
    if entity.name in redaction.PERSON_ENTITIES:  # no row of these is printed
        return []
    for name, slot in entity.slots.items():
        if slot.kind not in PRINTED or name not in contract.fields:
            continue
        found = pc.fill_null(pc.match_substring_regex(raw[name], contacts.CONTACT), False)
        if not found.true_count:
            continue
        before = raw[name].filter(found)
        after = pa.array([contacts.removed(text) for text in before.to_pylist()], pa.string())
        raw[name] = pc.replace_with_mask(raw[name], found, after)
        changed = raw["row_number"].filter(found).filter(pc.not_equal(before, after))
        cells += [_cell_of(contract, binding, sheet, name, number) for number in changed.to_pylist()]
    if not cells:
        return []
    message = (
        f"Une adresse électronique ou un téléphone a été retiré de {enumerate_in_french(cells)} : ce texte est publié. Retirez-le de la "
        "cellule, ou mettez-le dans la colonne du contact."
    )
    return [Note("contact_retire", message)]


def _cell_of(contract: Contract, binding: Binding, sheet: Sheet, name: str, number: int) -> str:
    """Where a row says a field: E12, the path of a JSON record, or the header where it is read from no column."""
    if name not in binding.columns:
        return f"« {name} » (ligne {sheet.row(number)})"
    column = binding.columns[name][0]
    if contract.files.shape == "json":
        return quote(binding.labels[column] or name)
    return f"{column_letter(column)}{sheet.row(number)}"


def _months_of_sheets(contract: Contract, sheet: Sheet) -> dict[int, str | None]:
    """Where several sheets are read as one, the month that the title of each opens (« Avril 2023 »): none goes on into the next sheet."""
    if contract.layout.sections is None:
        return {}
    return {rank * ROWS_OF_A_SHEET: _month_section(name) for rank, name in enumerate(sheet.parts)}


def _sections(numbers: pa.Array, sections: Mapping[int, str | None]) -> pa.Array:
    """The last section above each row; null above the first."""
    if not sections:
        return nothing(len(numbers))
    starts = sorted(sections)
    at = np.searchsorted(starts, numbers.to_numpy(), side="right")
    return pa.array([None, *(sections[start] for start in starts)], pa.string()).take(pa.array(at))


def _first_header(contract: Contract, name: str) -> str:
    declared = contract.fields[name]
    headers = declared.headers[:1] or declared.compose
    return " + ".join(quote(header) for header in headers) or name


def _month_section(text: str) -> str | None:
    """« AVRIL 2023 » → 2023-04; None for any other text."""
    try:
        value = parse_date(text)
    except Refused:
        return None
    return f"{value.starts_on:%Y-%m}" if value.precision == "month" else None


_ARROW = {
    "VARCHAR": pa.string(),
    "VARCHAR[]": pa.list_(pa.string()),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP": pa.timestamp("us"),
    "DECIMAL(12,2)": pa.decimal128(12, 2),
}


def _repeat(value: object, duckdb_type: str, rows: int) -> pa.Array:
    if value is None:
        return pa.nulls(rows, _ARROW[duckdb_type])
    return pa.array([value], _ARROW[duckdb_type]).take(pa.array(np.zeros(rows, np.int32)))


def _canonical(contract: Contract, raw: dict[str, pa.Array], parses: list[Parse]) -> tuple[pa.Table, pa.Table]:
    """The canonical columns of every row of `raw`, and what is wrong with some (FINDING)."""
    entity, numbers = ENTITIES[contract.entity], raw["row_number"]
    required = [name for name, each in contract.fields.items() if each.required]
    are_filled = of_each(filled, [raw[name] for name in required], rows=len(numbers))
    findings = [
        _finding(raw, name, pc.invert(known), *_missing(contract, name))
        for name, known in zip(required, are_filled, strict=True)
    ]
    missing = {name: found["row_number"] for name, found in zip(required, findings, strict=True)}
    parsed_slots = {mapping.slot.name for mapping in parses}
    columns = {"row_number": numbers, "corrections": raw["corrections"]}
    texts = {
        name: raw[slot.name]
        for slot in entity.slots.values()
        if slot.kind in EXPRESSION_KINDS and slot.name not in parsed_slots
        for name in slot.columns or ([slot.name] if slot.role else [])
    }
    columns |= zip(texts, of_each(cleaned, texts.values(), rows=len(numbers)), strict=True)
    read_by_sql = _read_by_sql(raw, parses) if len(numbers) >= MANY_ROWS else {}

    def read(mapping: Parse) -> tuple[list[pa.Array], pa.Array | None, pa.Array | None, pa.Array | None]:
        if (blank := _nothing_said(contract, mapping)) is not None:
            types = mapping.slot.columns.values()
            blanks = [_repeat(value, type_, len(numbers)) for value, type_ in zip(blank, types, strict=True)]
            return blanks, None, None, None
        return _parsed(mapping, raw, read_by_sql.get(mapping.slot.name))

    for mapping, (values, rules, messages, at_fault) in zip(
        parses, of_each(read, parses, rows=len(numbers)), strict=True
    ):
        columns |= zip(mapping.slot.columns, values, strict=True)
        # a place is read with its department and its format: the cell that is wrong is the one to correct
        for slot in () if at_fault is None else pc.unique(at_fault.drop_null()).to_pylist():
            refused = pc.fill_null(pc.equal(at_fault, slot), False)
            if slot in missing:
                refused = pc.and_(refused, pc.invert(pc.is_in(numbers, value_set=whole(missing[slot]))))
            declared = contract.fields.get(slot)
            value = raw[slot] if declared is None or declared.privacy == "none" else None
            findings.append(_finding(raw, slot, refused, rules, messages, value))
    return pa.table(columns), pa.concat_tables([FINDING.empty_table(), *findings])


def _missing(contract: Contract, name: str) -> tuple[str, str]:
    return "valeur_manquante", _missing_sentence(contract, name)


def _finding(
    raw: dict[str, pa.Array],
    name: str,
    rows: pa.BooleanArray,
    rule: pa.Array | str,
    message: pa.Array | str,
    value: pa.Array | None = None,
) -> pa.Table:
    """What is wrong with a slot of some rows (FINDING)."""
    numbers = raw["row_number"].filter(rows)
    columns = [
        each.filter(rows) if isinstance(each, pa.Array) else pa.repeat(pa.scalar(each, pa.string()), len(numbers))
        for each in (name, rule, message, value)
    ]
    return pa.table([numbers, *columns], schema=FINDING)


def _nothing_said(contract: Contract, mapping: Parse) -> tuple | None:
    """What a parse gives when the contract reads none of its columns and that is nothing: true of half of the slots of an entity.
    A section gives dates their year only. None for any other parse."""
    if any(name in contract.fields for name in mapping.inputs):
        return None
    try:
        values = mapping.parse(*(None,) * len(mapping.inputs))
    except Refused:
        return None
    return values if all(value in (None, []) for value in values) else None


def _read_by_sql(raw: dict[str, pa.Array], parses: list[Parse]) -> dict[str, pa.Array]:
    """slot → what SQL alone reads of its column (`Mapping.sql`), null elsewhere."""
    expressions = {
        name: mapping.sql(f'"{name}"')
        for mapping in parses
        if mapping.sql and raw[name := mapping.slot.name].null_count < len(raw["row_number"])
    }
    if not expressions:
        return {}
    with in_sql(raw=pa.table({name: raw[name] for name in expressions})) as con:
        found = con.sql(f"select {', '.join(expressions.values())} from raw").to_arrow_table()
    return {name: whole(column) for name, column in zip(expressions, found.columns, strict=True)}


def _parsed(
    mapping: Parse, raw: dict[str, pa.Array], known: pa.Array | None
) -> tuple[list[pa.Array], pa.Array | None, pa.Array | None, pa.Array | None]:
    """The columns of a slot, and the rule, the message and the slot at fault of the rows that were refused (None when none was). Each distinct text
    is parsed once; not those whose one value is `known`."""
    inputs, types = [raw[name] for name in mapping.inputs], list(mapping.slot.columns.values())
    left = None
    if known is not None:
        left = pc.is_null(known)
        inputs = [column.filter(left) for column in inputs]
    texts, codes = distinct(inputs)
    parsed, rules, messages, at_fault = [], [], [], []
    for row in texts:
        rule = message = slot = None
        try:
            parsed.append(mapping.parse(*row))
        except Refused as refused:
            parsed.append((None,) * len(types))
            rule, message, slot = refused.rule, refused.message, refused.slot or mapping.slot.name
            message = message.encode(errors="replace").decode()
        except (OSError, MemoryError):  # the machine, or the references: no cell is to blame
            raise
        except Exception:
            parsed.append((None,) * len(types))
            (rule, message), slot = UNREAD, mapping.slot.name
        rules.append(rule)
        messages.append(message)
        at_fault.append(slot)
    arrow_types = [_ARROW[type_] for type_ in types]
    made = [_fitting([row[index] for row in parsed], type_) for index, type_ in enumerate(arrow_types)]
    if beyond := set().union(*(each for _, each in made)):
        for rank in beyond:
            parsed[rank] = (None,) * len(types)
            (rules[rank], messages[rank]), at_fault[rank] = UNREAD, mapping.slot.name
        made = [_fitting([row[index] for row in parsed], type_) for index, type_ in enumerate(arrow_types)]
    at = pa.array(codes)

    def of_rows(values: pa.Array, before: pa.Array | None = None) -> pa.Array:
        column = values.take(at)
        if left is None:
            return column
        return pc.replace_with_mask(pa.nulls(len(left), values.type) if before is None else before, left, column)

    columns = [of_rows(values, known) for values, _ in made]
    if not any(rules):
        return columns, None, None, None
    return columns, *(of_rows(pa.array(each, pa.string())) for each in (rules, messages, at_fault))


UNREAD = (
    "valeur_illisible",
    "Cette valeur ne peut pas être lue : elle est trop grande, trop longue, ou écrite d'une façon que rien ne prévoit. Corrigez la cellule, ou "
    "videz-la ; si elle est juste, signalez-la à l'observatoire.",
)
"""Rule and sentence of a value that a parser fails on without having refused it, or gives more of than its column holds: it costs its row, not
the delivery. Neither the value nor the failure's own text is quoted: it may be a person's."""


def _fitting(values: list, type_: pa.DataType) -> tuple[pa.Array, set[int]]:
    """The values as Arrow holds them, and the ranks of those that it does not: looked for one by one only when there are some."""
    with suppress(*_DOES_NOT_FIT):
        return pa.array(values, type_), set()
    beyond = set()
    for rank, value in enumerate(values):
        try:
            pa.scalar(value, type_)
        except _DOES_NOT_FIT:
            beyond.add(rank)
    return pa.array([None if rank in beyond else value for rank, value in enumerate(values)], type_), beyond


_DOES_NOT_FIT = (pa.ArrowInvalid, pa.ArrowTypeError, ArithmeticError, ValueError, TypeError)


def _sorted(findings: pa.Table) -> pa.Table:
    return findings.sort_by([("row_number", "ascending"), ("field", "ascending")]) if findings.num_rows else findings


def _is_among(rows: pa.Table, numbers: pa.Array | pa.ChunkedArray) -> pa.BooleanArray:
    """Rows whose `row_number` is one of these."""
    return pc.is_in(whole(rows["row_number"]), value_set=whole(numbers))


def _quarantined(contract: Contract, binding: Binding, sheet: Sheet, findings: pa.Table) -> pa.Table:
    """The findings with the cell each stands in: E12 in a sheet, the path of a JSON record otherwise."""

    def place(number: int, name: str) -> str | None:
        if name not in binding.columns:
            return None
        column = binding.columns[name][0]
        if contract.files.shape == "json":
            return binding.labels[column] or ""
        return f"{column_letter(column)}{number % ROWS_OF_A_SHEET if sheet.parts else number}"

    rows = zip(findings["row_number"].to_pylist(), findings["field"].to_pylist(), strict=True)
    cells = pa.array([place(*row) for row in rows], pa.string())
    return findings.add_column(1, QUARANTINED.field("cell"), cells)


def judged_columns(entity: Entity) -> list[str]:
    """The columns of `accepted` but row_number and corrections: those that land, and the personal slots as text."""
    return [name for name in entity.columns if name not in PERSON] + list(entity.personal)


def _repeated(contract: Contract, sheet: Sheet, canonical: pa.Table, findings: pa.Table) -> tuple[pa.Array, pa.Table]:
    """The rows that repeat an earlier one in every column, and a finding for those that carry the key of an earlier row with other
    values: the first stays. Only rows that share a key are compared whole. The code of an event is one whatever its letters (`_in_one_writing`)."""
    entity = ENTITIES[contract.entity]
    sound = canonical
    if findings.num_rows:
        sound = canonical.filter(pc.invert(_is_among(canonical, findings["row_number"])))
    # the last column of a key is the one that tells most rows apart
    compared = {f"compared {name}": whole(sound[name]) for name in entity.key}
    if entity.name == "event":
        compared = {name: _in_one_writing(codes) for name, codes in compared.items()}
    codes = alike(list(reversed(compared.values())))
    shared = np.bincount(codes)[codes] > 1 if len(codes) else codes
    if not shared.any():
        return pa.array([], pa.int32()), FINDING.empty_table()
    for name, texts in compared.items():
        sound = sound.append_column(name, texts)
    columns, keys = (", ".join(f'"{name}"' for name in names) for names in (judged_columns(entity), compared))
    key_slot = next(slot.name for slot in entity.slots.values() if entity.key[-1] in slot.columns)
    sealed = contract.fields[key_slot].sealed if key_slot in contract.fields else False
    label = "'(clé scellée)'" if sealed else " || ' / ' || ".join(f'"{name}"' for name in entity.key)
    query = f"""with twin as (select *, row_number() over (partition by {columns} order by row_number) > 1 as is_twin from sharing)
        select row_number, {label}, first_value(row_number) over w, first_value({label}) over w from twin where not is_twin
        window w as (partition by {keys} order by row_number)
        union all select row_number, null, null, null from twin where is_twin order by row_number"""
    with in_sql(sharing=sound.filter(pa.array(shared))) as con:
        found = con.execute(query).fetchall()
    duplicates = pa.array([number for number, _, first, _ in found if first is None], pa.int32())
    conflicts = [
        (
            number, key_slot, "cle_en_double",
            None if shown is None else f"La ligne {sheet.row(first)} porte déjà « {before} » avec d'autres valeurs. "
            "Gardez une seule des deux lignes, ou corrigez la référence."
            if before == shown else f"La ligne {sheet.row(first)} porte déjà « {before} », que seules des majuscules ou la forme d'un signe "
            f"distinguent de « {shown} ». Gardez une seule des deux lignes, ou donnez à l'une une autre référence.",
            shown,
        )
        for number, shown, first, before in found
        if first not in (None, number)
    ]  # fmt: skip
    return duplicates, _table(conflicts, FINDING)


def _in_one_writing(codes: pa.Array) -> pa.Array:
    """Codes as they are compared: small letters, full-width ones made plain, any dash a hyphen. Lists name an event in any of these."""
    return pc.replace_substring_regex(pc.utf8_lower(pc.utf8_normalize(codes, "NFKC")), "[\u2010-\u2015\u2212]", "-")


def _missing_sentence(contract: Contract, name: str) -> str:
    return f"La cellule {_first_header(contract, name)} est vide alors qu'elle est obligatoire. Complétez-la, ou retirez la ligne."


def _control_totals(
    contract: Contract, binding: Binding, sheet: Sheet, body: pa.Table, structure: dict[int, str], accepted: pa.Table
) -> list[Note]:
    """Compare the totals printed in each sheet with its rows. Said, never repaired."""
    notes = []
    for control in contract.layout.control_totals:
        if control.field not in binding.columns:
            continue
        column = binding.columns[control.field][0]
        totals = [number for number, reason in structure.items() if reason == "total"]
        rows = body.filter(_is_among(body, pa.array(totals, pa.int32())))
        rows = rows.filter(_begins(_first_texts(rows)[0], control.row))
        printed = zip(rows["row_number"].to_pylist(), cleaned(cell(rows, column)).to_pylist(), strict=True)
        for row_number, text in printed:
            own = accepted.filter(is_of_part(accepted, row_number // ROWS_OF_A_SHEET)) if sheet.parts else accepted
            counted = pc.sum(own[control.field]).as_py() if control.measure == "sum" else own.num_rows
            place = f"{column_letter(column)}{sheet.row(row_number)}"
            if text is not None and _printed_figure(text) != counted:
                printed_text = f" ({quote(text)})" if is_citable(text) else ""
                message = f"Le total imprimé en {place}{printed_text} ne correspond pas aux lignes lues ({counted})."
                notes.append(Note("total_different", message))
    return notes


def _unknown_words(contract: Contract, binding: Binding, sheet: Sheet, raw: pa.Table, accepted: pa.Table) -> list[Note]:
    """Statuses that no vocabulary knows: the rows (`raw`, `accepted`: the same ones) are kept as `unknown`, and the cells are reported where each word
    stands first. The words are never quoted: rows with a status are people's, and cells that have moved put a name there, in as many rows as
    a family has."""
    notes = []
    for slot in ENTITIES[contract.entity].slots.values():
        if slot.kind != "status" or slot.name not in binding.columns:
            continue
        rows = raw.filter(pc.equal(accepted[next(iter(slot.columns))], "unknown"))
        words = cleaned(whole(rows[slot.name])).to_pylist()
        first: dict[str, int] = {}
        for word, row_number in zip(words, rows["row_number"].to_pylist(), strict=True):
            if word is not None:
                first.setdefault(word, row_number)
        if not first:
            continue
        cells = list(dict.fromkeys(_cell_of(contract, binding, sheet, slot.name, number) for number in first.values()))
        known = ", ".join(quote(accepted[0]) for accepted in contract.fields[slot.name].words.values() if accepted)
        message = (
            f"{agreed(len(first), 'Statut inconnu', 'Statuts inconnus')} en {enumerate_in_french(cells)} "
            f"({plural(len(words) - words.count(None), 'ligne')}) : écrivez un des mots du modèle{f' ({known})' if known else ''}, "
            "ou demandez à l'observatoire d'ajouter celui-ci."
        )
        notes.append(Note("mot_inconnu", message))
    return notes


_MORE_THAN_CENTS, _NOISE = r"[.,]\d\d\d*[1-9]\D*$", r"[.,]\d*(0{8}|9{8})"
"""Of an amount: decimals beyond the cents, and those of a sum of floats (« 12.299999999999999 »), which no accountant misses."""


def _rounded_amounts(contract: Contract, binding: Binding, sheet: Sheet, raw: pa.Table) -> list[Note]:
    """Amounts with more than two decimals, read to the cent (`raw`: the accepted rows)."""
    found: list[str] = []
    for slot in ENTITIES[contract.entity].slots.values():
        if slot.kind != "amount" or slot.name not in binding.columns:
            continue
        texts = whole(raw[slot.name])
        more, noise = (pc.match_substring_regex(texts, pattern) for pattern in (_MORE_THAN_CENTS, _NOISE))
        rounded = pc.fill_null(pc.and_(more, pc.invert(noise)), False)
        numbers = raw["row_number"].filter(rounded).to_pylist()
        found += [_cell_of(contract, binding, sheet, slot.name, number) for number in numbers]
    if not found:
        return []
    return [
        Note(
            "montant_arrondi",
            plural(
                len(found),
                "montant a plus de deux décimales et est lu",
                "montants ont plus de deux décimales et sont lus",
            )
            + f" au centime le plus proche : {enumerate_in_french([*dict.fromkeys(found)])}. Si ce n'est pas le montant payé, écrivez-le avec deux décimales.",
        )
    ]


def _far_from_their_section(binding: Binding, sheet: Sheet, raw: pa.Table, accepted: pa.Table) -> list[Note]:
    """Dates that say their year, months away from the section they stand in (`raw`, `accepted`: the same rows). They are kept: one of the two is
    a typing error, perhaps. Without a year they are refused (`kinds`)."""
    rows = zip(
        raw["row_number"].to_pylist(), raw["section"].to_pylist(), accepted["starts_on"].to_pylist(), strict=True
    )
    letter = column_letter(binding.columns["date"][0])
    far = [
        f"{letter}{sheet.row(number)} (« {MONTH_NAMES[day.month - 1]} {day.year} » sous « {MONTH_NAMES[int(section[5:]) - 1]} {section[:4]} »)"
        for number, section, day in rows
        if section and day and is_far_from_section(day, section)
    ]
    if not far:
        return []
    return [
        Note(
            "date_loin_du_titre",
            plural(
                len(far),
                "date loin du mois sous lequel elle est rangée",
                "dates loin du mois sous lequel elles sont rangées",
            )
            + f" : {enumerate_in_french(far, MOST_FAR)}. La date écrite est gardée : si son année est fausse, corrigez-la ; sinon, déplacez la ligne.",
        )
    ]


MOST_FAR = 5
"""How many cells a remark on dates names."""


def _printed_figure(text: str) -> float | None:
    try:
        return parse_figure(text, None).value
    except Refused:
        return None
