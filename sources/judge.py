"""Judging the rows of one sheet: accepted, quarantined with a sentence, or an exact duplicate. Nothing else can happen.

Here: setting structure rows aside, parsing each distinct text once, joining the results back, finding duplicates, and
the two tables that come out, `accepted` and `quarantined`. All by SQL over the sheet; Python sees distinct values only.
Not here: reading bytes, the ledger, files on disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath

import duckdb
import pyarrow as pa

from sources import redaction
from sources.contract import Contract, ContractField, LeftOut
from sources.corrections import Correction, apply_corrections
from sources.entities import ENTITIES, PERSON, Entity
from sources.headers import Binding, bind, column_letter
from sources.kinds import EXPRESSION_KINDS, TRUTHS, Mapping, References, mappings
from sources.note import Note
from sources.readers import Sheet
from sources.sql import literal
from sources.values.dates import parse_date
from sources.values.figures import parse_figure
from sources.values.refusal import Refused, quote

_NOT_TICKED = ", ".join(map(literal, (*TRUTHS["false"], "no")))
"""What stands in the column of an answer that was not chosen, beside nothing. Anything else is a tick: `X`, `1`, `Y`, the
answer itself, the text of « Autre »."""

MANY_ROWS = 2_000
"""From how many rows on SQL reads what it can (`Mapping.sql`): to prepare it twice takes as long as to parse a thousand texts."""

_CLEAN = r"^ | $|  |[^ -~\x{00A1}-\x{024F}\x{2010}-\x{2027}\x{2030}-\x{205E}\x{20AC}\x{2600}-\x{27BF}]"
"""What a text must not have to be clean already: spaces around or side by side, and any character but those of Latin
alphabets, of punctuation and of a few signs, which NFC leaves alone. Looking costs a tenth of cleaning."""

MACROS = rf"""
create or replace macro clean(text) as case when not regexp_matches(text, '{_CLEAN}') then nullif(text, '') else
    nullif(trim(regexp_replace(nfc_normalize(text), '[\s\x{{00A0}}\x{{2007}}\x{{2009}}\x{{202F}}]+', ' ', 'g')), '') end;
create or replace macro said(text) as lower(strip_accents(clean(text)));
create or replace macro filled(text) as regexp_matches(text, '[^\s\p{{Zs}}]');
"""
"""`filled`: whether `clean` gives something, at a tenth of its price; a wide sheet asks it of every column."""


@dataclass(frozen=True)
class Judged:
    """Row counts of one sheet, and what is worth saying of it. rows_read = accepted + quarantined + duplicate."""

    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    rows_structure: int
    notes: tuple[Note, ...]


def judge(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    sheet: Sheet,
    corrections: tuple[Correction, ...],
    references: References,
    today: date,
    file_name: str = "",
    slots: pa.Table | None = None,
) -> Judged:
    """Judge `sheet`; leaves in `con` the tables `accepted` (canonical columns, row_number, corrections), `quarantined`
    (row_number, cell, field, rule, message, value), `record` (row_number, record_key) and `bound` (field, column_letter, header).
    `slots`: what erased rows go on saying (`redaction.SLOTS`). Raises headers.Unbound when the header does not fit.
    """
    con.execute(MACROS)
    con.register("sheet", sheet.table)
    con.register("redaction", redaction.SLOTS.empty_table() if slots is None else slots)
    con.execute("create or replace temp table bound (field varchar, column_letter varchar, header varchar)")
    width = sheet.table.num_columns - 1
    if not width:  # a page of an API without any record has no header to bind
        return _nothing(con, contract)
    binding = bind_sheet(con, contract, width)
    _read_bound(con, contract, binding)
    notes = _read_raw(con, contract, binding, width, file_name)
    _read_record_keys(con, contract, binding)
    rows_structure = _count(con, "structure")
    notes += apply_corrections(con, corrections, today)
    parses = mappings(contract, references)
    if _count(con, "raw") < MANY_ROWS:
        parses = [replace(mapping, sql=None) for mapping in parses]
    for index, mapping in enumerate(parses):
        if not _says_nothing(contract, mapping):
            _parse_distinct(con, index, mapping)
    _judge_rows(con, contract, binding, parses)
    notes += _control_totals(con, contract, binding) + _unknown_words(con, contract, binding)
    rows_read, rows_accepted = _count(con, "raw"), _count(con, "accepted")
    rows_quarantined = con.execute("select count(distinct row_number) from quarantined").fetchall()[0][0]
    return Judged(rows_read, rows_accepted, rows_quarantined, _count(con, "duplicate"), rows_structure, tuple(notes))


def _nothing(con: duckdb.DuckDBPyConnection, contract: Contract) -> Judged:
    entity = ENTITIES[contract.entity]
    columns = ", ".join(f'"{name}" {entity.columns.get(name, "varchar")}' for name in judged_columns(entity))
    con.execute(f"create or replace temp table accepted (row_number int, corrections varchar[], {columns})")
    con.execute(
        "create or replace temp table quarantined (row_number int, cell varchar, field varchar, rule varchar, message varchar, "
        "value varchar)"
    )
    con.execute("create or replace temp table record (row_number int, record_key varchar)")
    con.unregister("sheet")
    return Judged(0, 0, 0, 0, 0, ())


def _read_bound(con: duckdb.DuckDBPyConnection, contract: Contract, binding: Binding) -> None:
    """Table `bound`: the columns of the sheet each field was read from. A JSON record has paths instead of letters."""
    rows = [
        (name, None if contract.files.shape == "json" else column_letter(index), binding.labels[index])
        for name, indexes in binding.columns.items()
        for index in indexes
    ]
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    con.register(
        "bound_rows", pa.table([pa.array(c, pa.string()) for c in columns], ["field", "column_letter", "header"])
    )
    con.execute("insert into bound select * from bound_rows")
    con.unregister("bound_rows")


def _read_record_keys(con: duckdb.DuckDBPyConnection, contract: Contract, binding: Binding) -> None:
    """Table `record`: the key of the platform's record each row came from, as `clients.bundle.key_text` writes it. All rows of a
    record are replaced together when the platform shows it again. Empty for a source that is not asked by API."""
    con.execute("create or replace temp table record (row_number int, record_key varchar)")
    if contract.api is None:
        return
    columns = [binding.column_of(path) for path in contract.api.key]
    texts = ["''" if column is None else f"coalesce(c{column + 1}, '')" for column in columns]
    key = texts[0] if len(texts) == 1 else f"cast(to_json(list_value({', '.join(texts)})) as varchar)"
    con.execute(f"insert into record select row_number, {key} from body")
    redaction.pin_records(con)


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return con.execute(f"select count(*) from {table}").fetchall()[0][0]


def bind_sheet(con: duckdb.DuckDBPyConnection, contract: Contract, width: int) -> Binding:
    """Bind the header of the table `sheet` of `con`, `width` columns wide. Raises headers.Unbound."""
    con.execute(MACROS)
    within = contract.layout.header_within
    rows = con.execute(f"select * from sheet order by row_number limit {within}").fetchall()
    return bind(contract, [(row[0], tuple(row[1:])) for row in rows], _FilledTwice(con))


@dataclass(frozen=True)
class _FilledTwice:
    """Whether a column says something in two rows at least, looked at when asked: a column with a header is not."""

    con: duckdb.DuckDBPyConnection

    def __getitem__(self, index: int) -> bool:
        look = f"select count(*) from (select 1 from sheet where clean(c{index + 1}) is not null limit 2)"
        return self.con.execute(look).fetchall()[0][0] > 1


def _read_raw(
    con: duckdb.DuckDBPyConnection, contract: Contract, binding: Binding, width: int, file_name: str
) -> list[Note]:
    """Split the rows below the header into `structure` (sections, totals, repeated headers) and `raw` (data)."""
    cells = [f"c{i}" for i in range(1, width + 1)]
    looked_at = "".join(f", said(c{column}) as said_{column}" for column in _columns_with_conditions(contract, binding))
    if contract.layout.sections or contract.layout.totals:
        first = f"clean(coalesce({', '.join(f'case when filled({cell}) then {cell} end' for cell in cells)}))"
        looked_at += f", {first} as first_text, {' + '.join(f'coalesce(filled({cell}), false)::int' for cell in cells)} as nb_filled"
    # a view: of wide exports only the columns that are mapped are ever copied, and a row is looked at up to its first text
    con.execute(
        f"create or replace temp view body as select *{looked_at} from sheet where row_number > {binding.header_row} "
        f"and (filled(c1) or filled(concat_ws('', {', '.join(cells)})))"
    )
    con.execute("create or replace temp table structure (row_number int, reason varchar, section varchar)")
    if contract.layout.sections == "month":
        alone = con.execute("select row_number, first_text from body where nb_filled = 1").fetchall()
        for row_number, text in alone:
            section = _month_section(text)
            if section:
                con.execute("insert into structure values (?, 'section', ?)", [row_number, section])
    if contract.layout.totals:
        marked = " or ".join(
            f"starts_with(word, lower(strip_accents({literal(text)})))" for text in contract.layout.totals
        )
        con.execute(
            "insert into structure select row_number, 'total', null from "
            f"(select row_number, lower(strip_accents(first_text)) as word from body) where ({marked}) "
            "and row_number not in (select row_number from structure)"
        )
    header = con.execute(f"select {', '.join(cells)} from sheet where row_number = {binding.header_row}").fetchall()[0]
    same = " and ".join(f"{cell} is not distinct from ?" for cell in cells)
    con.execute(f"insert into structure select row_number, 'entête répété', null from body where {same}", list(header))

    for item in contract.layout.left_out:
        _leave_out(con, binding, item)
    redaction.pin_structure(con)
    # dates, themes and places are read in their programme, which an organisation has not
    slots = dict.fromkeys([*ENTITIES[contract.entity].slots, "programme"])
    columns = ", ".join(f'{_origin(contract.fields.get(name), binding, name, file_name)} as "{name}"' for name in slots)
    sections = (
        "asof left join (select row_number, section from structure where section is not null) s on body.row_number >= s.row_number"
        if contract.layout.sections
        else "cross join (select cast(null as varchar) as section) s"
    )
    con.execute(
        f"create or replace temp table raw as select body.row_number, {columns}, s.section, cast([] as varchar[]) as corrections "
        f"from body {sections} where body.row_number not in (select row_number from structure)"
    )
    redaction.pin_slots(con, slots)
    return [
        Note("colonne_facultative_absente", f"Colonne facultative absente : {_first_header(contract, name)}.")
        for name in binding.absent
    ]


def _columns_with_conditions(contract: Contract, binding: Binding) -> list[int]:
    """The columns, counted from 1, whose words decide what other columns mean: each is folded once per row."""
    headers = [item.header for item in contract.layout.left_out]
    for field in contract.fields.values():
        headers += [rule.header for rule in field.rules] + ([field.when.header] if field.when else [])
    return sorted({column + 1 for header in headers if (column := binding.column_of(header)) is not None})


def _first_header(contract: Contract, name: str) -> str:
    field = contract.fields[name]
    headers = field.headers[:1] or field.compose
    return " + ".join(quote(header) for header in headers) or name


def _origin(field: ContractField | None, binding: Binding, name: str, file_name: str) -> str:
    """The SQL of a slot's text: what the first rule that holds gives, else its column, its columns put together (and
    ranked), its ticked answers, its constant, the file's name, or nothing."""
    rules = [
        f"when {condition} then {literal(rule.gives)}"
        for rule in (field.rules if field else ())
        if (condition := _holds(binding, rule.header, rule.words, filled=rule.filled))
    ]
    if field is not None and field.file_name:
        own = literal(PurePath(file_name).stem)
    else:
        own = _ticked(field, binding) or _own_text(field, binding.columns.get(name))
    if field is not None and field.when:
        own = f"case when {_holds(binding, field.when.header, field.when.words) or 'false'} then {own} end"
    return f"case {' '.join(rules)} else {own} end" if rules else own


def _ticked(field: ContractField | None, binding: Binding) -> str | None:
    """SQL of the answers that have a column each, as a JSON list: NULL when none of the cells says anything, which an export
    that tells a blank cell from a question never shown keeps apart from a list without answers. None without such a column.
    """
    cells = {}
    for answer, headers in (field.ticked if field else {}).items():
        columns = [column for header in headers if (column := binding.column_of(header)) is not None]
        if columns:
            cell = f"body.c{columns[0] + 1}"
            cells[answer] = f"case when upper(trim({cell})) <> 'N/A' then {cell} end"
    if not cells:
        return None
    answers = ", ".join(
        f"case when clean({cell}) is not null and lower(clean({cell})) not in ({_NOT_TICKED}) then {literal(answer)} end"
        for answer, cell in cells.items()
    )
    said = f"coalesce({', '.join(cells.values())}) is not null"
    return f"case when {said} then cast(to_json(list_filter([{answers}], lambda a: a is not null)) as varchar) end"


def _own_text(field: ContractField | None, columns: tuple[int, ...] | None) -> str:
    if field is not None and field.constant is not None:
        return literal(field.constant)
    if columns is None:
        return "cast(null as varchar)"
    text = f"body.c{columns[0] + 1}"
    if field is None:
        return text
    if field.compose:
        cells = ", ".join(f"clean(body.c{i + 1})" for i in columns)
        text = f"nullif(concat_ws({literal(field.between)}, {cells}), '')"
    if field.ranked:
        rank = f"row_number() over (partition by {text} order by body.row_number)"
        text = f"{text} || case when {rank} > 1 then ' #' || {rank} else '' end"
    for word in field.nothing:
        text = f"case when {_says(text, word)} then null else {text} end"
    if field.blank is not None:
        text = f"coalesce(case when clean({text}) is not null then {text} end, {literal(field.blank)})"
    return text


def _holds(
    binding: Binding, header: str, words: tuple[str, ...], *, filled: bool = False, empty: bool = False
) -> str | None:
    """SQL of a condition on another column of `body`: one of `words`, anything, or nothing; None when it is not there."""
    column = binding.column_of(header)
    if column is None:
        return None
    cell = f"body.c{column + 1}"
    said = f"body.said_{column + 1} in ({', '.join(f'lower(strip_accents({literal(word)}))' for word in words)})"
    conditions = [f"coalesce({said}, false)"] if words else []
    conditions += [f"clean({cell}) is not null"] if filled else []
    conditions += [f"clean({cell}) is null"] if empty else []
    return f"({' or '.join(conditions)})"


def _says(text: str, word: str) -> str:
    """SQL: the text is this word, case and accents aside; false for null."""
    return f"coalesce(said({text}) = lower(strip_accents({literal(word)})), false)"


def _leave_out(con: duckdb.DuckDBPyConnection, binding: Binding, item: LeftOut) -> None:
    """Put the rows a contract does not read among the structure rows."""
    condition = _holds(binding, item.header, item.words, empty=item.empty)
    if condition:
        con.execute(
            f"insert into structure select row_number, {literal(item.reason)}, null from body where {condition} "
            "and row_number not in (select row_number from structure)"
        )


def _month_section(text: str) -> str | None:
    """« AVRIL 2023 » → 2023-04; None for any other text."""
    try:
        value = parse_date(text)
    except Refused:
        return None
    return f"{value.starts_on:%Y-%m}" if value.precision == "month" else None


def _says_nothing(contract: Contract, mapping: Mapping) -> bool:
    """Whether the contract reads none of the columns of a parse, which then gives nothing: true of half of the slots of an entity.
    A section gives dates their year only."""
    return not any(name in contract.fields for name in mapping.inputs) and all(
        value in (None, []) for value in _parsed_blank(mapping)
    )


def _parsed_blank(mapping: Mapping) -> tuple:
    try:
        return mapping.parse(*(None,) * len(mapping.inputs))
    except Refused:
        return (Refused,)


def _nothing_of(mapping: Mapping) -> list[str]:
    """SQL of each column of a slot that no column of the delivery feeds."""
    blank = zip(mapping.slot.columns.values(), _parsed_blank(mapping), strict=True)
    return [f"cast({'[]' if value == [] else 'null'} as {type_})" for type_, value in blank]


def _parse_distinct(con: duckdb.DuckDBPyConnection, index: int, mapping: Mapping) -> None:
    """Table `parse_<index>`: the distinct inputs, the slot's columns, and rule and message of what was refused. What SQL alone reads
    (`Mapping.sql`) is not in it."""
    inputs = ", ".join(f'"{name}"' for name in mapping.inputs)
    left = f" where {mapping.sql(_input(mapping))} is null" if mapping.sql else ""
    rows = con.execute(f"select distinct {inputs} from raw{left}").fetchall()
    columns = mapping.slot.columns
    width = len(columns)
    parsed = []
    for row in rows:
        try:
            parsed.append((*row, *mapping.parse(*row), None, None))
        except Refused as refused:
            parsed.append((*row, *(None,) * width, refused.rule, refused.message))
    names = [f"in_{i}" for i in range(len(mapping.inputs))] + [f"out_{i}" for i in range(width)] + ["rule", "message"]
    types = ["VARCHAR"] * len(mapping.inputs) + list(columns.values()) + ["VARCHAR", "VARCHAR"]
    arrow = pa.table({name: _arrow([row[i] for row in parsed], types[i]) for i, name in enumerate(names)})
    con.register("parsed", arrow)
    con.execute(f"create or replace temp table parse_{index} as select * from parsed")
    con.unregister("parsed")


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


def _arrow(values: list, duckdb_type: str) -> pa.Array:
    return pa.array(values, _ARROW[duckdb_type])


def _judge_rows(con: duckdb.DuckDBPyConnection, contract: Contract, binding: Binding, parses: list[Mapping]) -> None:
    """Tables `accepted`, `quarantined` and `duplicate` from `raw` and the parses."""
    entity = ENTITIES[contract.entity]
    parsed_slots = {mapping.slot.name for mapping in parses}
    columns = [
        f'clean(raw."{slot.name}") as "{name}"'
        for slot in entity.slots.values()
        if slot.kind in EXPRESSION_KINDS and slot.name not in parsed_slots
        for name in slot.columns or ([slot.name] if slot.role else [])
    ]
    joins = []
    for index, mapping in enumerate(parses):
        if _says_nothing(contract, mapping):
            columns += [
                f'{nothing} as "{name}"'
                for nothing, name in zip(_nothing_of(mapping), mapping.slot.columns, strict=True)
            ]
            continue
        fast = f"{mapping.sql(_input(mapping))}, " if mapping.sql else ""
        columns += [f'coalesce({fast}p{index}.out_{i}) as "{name}"' for i, name in enumerate(mapping.slot.columns)]
        on = " and ".join(f'raw."{name}" is not distinct from p{index}.in_{i}' for i, name in enumerate(mapping.inputs))
        joins.append(f"left join parse_{index} p{index} on {on}")
    con.execute(
        f"create or replace temp table canonical as select raw.row_number, raw.corrections, {', '.join(columns)} "
        f"from raw {' '.join(joins)}"
    )

    findings = [
        _finding(contract, mapping, index)
        for index, mapping in enumerate(parses)
        if not _says_nothing(contract, mapping)
        and con.execute(f"select count(*) from parse_{index} where rule is not null").fetchall()[0][0]
    ]
    findings += [
        f"""select row_number, '{name}', 'valeur_manquante', {literal(_missing_sentence(contract, name))}, null
            from raw where clean("{name}") is null"""
        for name, field in contract.fields.items()
        if field.required
    ]
    con.execute(
        "create or replace temp table finding (row_number int, field varchar, rule varchar, message varchar, value varchar)"
    )
    if findings:
        con.execute("insert into finding " + " union all ".join(findings))
    con.execute(
        "delete from finding where rule <> 'valeur_manquante' and exists (select 1 from finding f where "
        "f.rule = 'valeur_manquante' and f.row_number = finding.row_number and f.field = finding.field)"
    )
    redaction.pin_refusals(con)

    names = ", ".join(f'"{name}"' for name in judged_columns(entity))
    con.execute(
        "create or replace temp view sound as from canonical where row_number not in (select row_number from finding)"
    )
    _find_duplicates(con, names)
    _find_key_conflicts(con, contract, entity)
    con.execute(
        f"create or replace temp table accepted as select row_number, corrections, {names} from sound "
        "where row_number not in (select row_number from duplicate)"
    )
    cells = " ".join(f"when '{name}' then {_cell(contract, binding, i[0])}" for name, i in binding.columns.items())
    con.execute(
        f"create or replace temp table quarantined as select row_number, case field {cells} end as cell, field, rule, message, "
        "value from finding order by row_number, field"
    )


def _find_duplicates(con: duckdb.DuckDBPyConnection, names: str) -> None:
    """Table `duplicate`: the rows that repeat an earlier one in every column. Only rows of one hash are compared whole."""
    con.execute(
        f"create or replace temp table twin as select row_number from (select row_number, count(*) over (partition by h) as nb "
        f"from (select row_number, hash({names}) as h from sound)) where nb > 1"
    )
    con.execute(
        "create or replace temp table duplicate as select row_number from (select row_number, row_number() over "
        f"(partition by {names} order by row_number) as nth from sound where row_number in (select row_number from twin)) where nth > 1"
    )


def judged_columns(entity: Entity) -> list[str]:
    """The columns of `accepted` but row_number and corrections: those that land, and the personal slots as text."""
    return [name for name in entity.columns if name not in PERSON] + list(entity.personal)


def _cell(contract: Contract, binding: Binding, column: int) -> str:
    """SQL of where a value stands: E12 in a sheet, the path of a JSON record otherwise."""
    if contract.files.shape == "json":
        return literal(binding.labels[column] or "")
    return f"'{column_letter(column)}' || row_number"


def _input(mapping: Mapping) -> str:
    """SQL of the text that a parse of one column reads."""
    return f'raw."{mapping.inputs[0]}"'


def _finding(contract: Contract, mapping: Mapping, index: int) -> str:
    slot = mapping.slot.name
    field = contract.fields.get(slot)
    value = f'raw."{slot}"' if field is None or field.privacy == "none" else "cast(null as varchar)"
    on = " and ".join(f'raw."{name}" is not distinct from p.in_{i}' for i, name in enumerate(mapping.inputs))
    return (
        f"""select row_number, '{slot}', p.rule, p.message, {value} from raw join (from parse_{index} where rule is not null) p on {on} """
        "where p.rule is not null"
    )


def _find_key_conflicts(con: duckdb.DuckDBPyConnection, contract: Contract, entity: Entity) -> None:
    """Rows that carry the key of an earlier row with other values: quarantined, the first stays."""
    keys = ", ".join(f'"{name}"' for name in entity.key)
    same = " and ".join(f'shared."{name}" is not distinct from kept."{name}"' for name in entity.key)
    key_slot = next(slot.name for slot in entity.slots.values() if entity.key[-1] in slot.columns)
    sealed = contract.fields[key_slot].sealed if key_slot in contract.fields else False
    label = "'(clé scellée)'" if sealed else " || ' / ' || ".join(f'"{name}"' for name in entity.key)
    con.execute(
        f"""insert into finding
        with kept as (from sound where row_number not in (select row_number from duplicate)),
             shared as (select {keys} from kept group by all having count(*) > 1),
             ranked as (select row_number, {label} as label, first_value(row_number) over w as first_row, row_number() over w as rank
                        from kept where exists (select 1 from shared where {same})
                        window w as (partition by {keys} order by row_number))
        select row_number, '{key_slot}', 'cle_en_double',
            'La ligne ' || first_row || ' porte déjà « ' || label || ' » avec d''autres valeurs. '
            || 'Gardez une seule des deux lignes, ou corrigez la référence.', label
        from ranked where rank > 1"""
    )


def _missing_sentence(contract: Contract, name: str) -> str:
    return f"La cellule {_first_header(contract, name)} est vide alors qu'elle est obligatoire. Complétez-la, ou retirez la ligne."


def _control_totals(con: duckdb.DuckDBPyConnection, contract: Contract, binding: Binding) -> list[Note]:
    """Compare the totals printed in the sheet with its rows. Said, never repaired."""
    notes = []
    for control in contract.layout.control_totals:
        if control.field not in binding.columns:
            continue
        column = binding.columns[control.field][0]
        printed = con.execute(
            f"select b.row_number, clean(b.c{column + 1}) from body b join structure s using (row_number) where s.reason = 'total' "
            "and starts_with(lower(strip_accents(b.first_text)), lower(strip_accents(?))) and clean(b.c"
            f"{column + 1}) is not null",
            [control.row],
        ).fetchall()
        counted = con.execute(
            f'select sum("{control.field}") from accepted'
            if control.measure == "sum"
            else "select count(*) from accepted"
        ).fetchall()[0][0]
        for row_number, text in printed:
            cell = f"{column_letter(column)}{row_number}"
            if _printed_figure(text) != counted:
                notes.append(
                    Note(
                        "total_different",
                        f"Le total imprimé en {cell} (« {text} ») ne correspond pas aux lignes lues ({counted}).",
                    )
                )
    return notes


def _unknown_words(con: duckdb.DuckDBPyConnection, contract: Contract, binding: Binding) -> list[Note]:
    """Statuses that no vocabulary knows: the rows are kept as `unknown` and their cells are reported. The word is quoted when
    several rows share it and it has letters only: alone, or with digits, it may be a person's."""
    notes = []
    for slot in ENTITIES[contract.entity].slots.values():
        if slot.kind != "status" or slot.name not in binding.columns:
            continue
        rows = con.execute(
            f'select clean(raw."{slot.name}") as word, count(*), min(row_number) from raw join accepted using (row_number) '
            f"where accepted.\"{slot.name}\" = 'unknown' and word is not null group by 1 order by 3"
        ).fetchall()
        for word, count, row_number in rows:
            place = (
                binding.labels[binding.columns[slot.name][0]]
                if contract.files.shape == "json"
                else (f"{column_letter(binding.columns[slot.name][0])}{row_number}")
            )
            said = f"{quote(word)} " if count > 2 and re.fullmatch(r"[^\W\d_]+( [^\W\d_]+)*", word) else ""
            notes.append(
                Note(
                    "mot_inconnu",
                    f"Statut inconnu {said}en {place} ({count} ligne(s)) : ajoutez ce mot au contrat de la source.",
                )
            )
    return notes


def _printed_figure(text: str) -> float | None:
    try:
        return parse_figure(text, None).value
    except Refused:
        return None
