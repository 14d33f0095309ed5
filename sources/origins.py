"""From the rows below a header to the text of each slot: what the contract says a field is read from, column by column.

Here: conditions on other columns, columns put together or ranked, ticked answers, constants; which rows a contract leaves out.
Not here: binding the header (`headers.py`), what a text means (`kinds.py`), accepting or refusing a row (`judge.py`).
"""

from __future__ import annotations

import json
from pathlib import PurePath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.columns import cleaned, distinct, filled, nothing, same, says, whole
from sources.contract import Contract, ContractField, LeftOut
from sources.headers import Binding
from sources.kinds import TRUTHS
from sources.readers import Sheet

_NOT_TICKED = pa.array([*TRUTHS["false"], "no"], pa.string())
"""What stands in the column of an answer that was not chosen, beside nothing. Anything else is a tick: `X`, `1`, `Y`, the
answer itself, the text of « Autre »."""


def cell(rows: pa.Table, column: int) -> pa.Array:
    """A column of a sheet, counted from 0."""
    return whole(rows.column(column + 1))


def origin(contract: Contract, name: str, rows: pa.Table, binding: Binding, file_name: str, sheet: Sheet) -> pa.Array:
    """The text of a slot in each row: what the first rule that holds gives, else its column, its columns put together (and
    ranked), its ticked answers, its constant, the name of the file or of the sheet, or nothing."""
    field, nb_rows = contract.fields.get(name), rows.num_rows
    if field is None:
        columns = binding.columns.get(name)
        return cell(rows, columns[0]) if columns else nothing(nb_rows)
    if field.file_name:
        text = same(PurePath(file_name).stem, nb_rows)
    elif field.sheet_name:
        text = sheet.names_of(whole(rows["row_number"]))
    else:
        ticked = _ticked(field, rows, binding)
        text = _own_text(field, rows, binding.columns.get(name)) if ticked is None else ticked
    if field.when:
        holds = _holds(rows, binding, field.when.header, field.when.words)
        text = nothing(nb_rows) if holds is None else pc.if_else(holds, text, nothing(nb_rows))
    for rule in reversed(field.rules):
        holds = _holds(rows, binding, rule.header, rule.words, is_filled=rule.filled)
        if holds is not None:
            text = pc.if_else(holds, same(rule.gives, nb_rows), text)
    return text


def left_out(rows: pa.Table, binding: Binding, item: LeftOut) -> pa.BooleanArray | None:
    """The rows that a contract does not read; None when the column that would say it is not there."""
    return _holds(rows, binding, item.header, item.words, is_empty=item.empty)


def _holds(
    rows: pa.Table,
    binding: Binding,
    header: str,
    words: tuple[str, ...],
    *,
    is_filled: bool = False,
    is_empty: bool = False,
) -> pa.BooleanArray | None:
    """A condition on another column: one of `words`, anything, or nothing; None when it is not there."""
    column = binding.column_of(header)
    if column is None:
        return None
    texts = cell(rows, column)
    conditions = [says(texts, words)] if words else []
    conditions += [filled(texts)] if is_filled else []
    conditions += [pc.invert(filled(texts))] if is_empty else []
    found = conditions[0]
    for condition in conditions[1:]:
        found = pc.or_(found, condition)
    return found


def _ticked(field: ContractField, rows: pa.Table, binding: Binding) -> pa.Array | None:
    """The answers that have a column each, as a JSON list: null when none of the cells says anything, which an export
    that tells a blank cell from a question never shown keeps apart from a list without answers. None without such a column.
    """
    answers, ticks, shown = [], [], None
    for answer, headers in field.ticked.items():
        column = next((column for header in headers if (column := binding.column_of(header)) is not None), None)
        if column is None:
            continue
        texts = cell(rows, column)
        is_shown = pc.fill_null(pc.not_equal(pc.utf8_upper(pc.utf8_trim(texts, " ")), "N/A"), False)
        is_ticked = pc.invert(pc.is_in(pc.utf8_lower(cleaned(texts)), value_set=_NOT_TICKED))
        answers.append(answer)
        ticks.append(pc.and_(pc.and_(is_shown, filled(texts)), is_ticked))
        shown = is_shown if shown is None else pc.or_(shown, is_shown)
    if shown is None:
        return None
    chosen, codes = distinct(ticks)
    lists = [[answer for answer, ticked in zip(answers, each, strict=True) if ticked] for each in chosen]
    texts = pa.array([json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in lists], pa.string())
    return pc.if_else(shown, texts.take(pa.array(codes)), nothing(rows.num_rows))


def _own_text(field: ContractField, rows: pa.Table, columns: tuple[int, ...] | None) -> pa.Array:
    nb_rows = rows.num_rows
    if field.constant is not None:
        return same(field.constant, nb_rows)
    if columns is None:
        return nothing(nb_rows)
    text = cell(rows, columns[0])
    if field.compose:
        text = _composed([cleaned(cell(rows, column)) for column in columns], field.between)
    if field.ranked:
        text = _ranked(text)
    if field.nothing:
        text = pc.if_else(says(text, field.nothing), nothing(nb_rows), text)
    if field.blank is not None:
        text = pc.if_else(filled(text), text, same(field.blank, nb_rows))
    return text


def _composed(parts: list[pa.Array], between: str) -> pa.Array:
    """What there is of several texts, put together; null where there is nothing of any (Arrow's own join would lose the row)."""
    known = pc.is_valid(pc.coalesce(*parts))
    joined = pc.binary_join_element_wise(*(part.filter(known) for part in parts), between, null_handling="skip")
    return pc.replace_with_mask(nothing(len(known)), known, joined)


def _ranked(texts: pa.Array) -> pa.Array:
    """Texts that come again are followed by their rank: `a`, `a #2`, `a #3`."""
    _, codes = distinct([texts])
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ranks = np.empty(len(codes), np.int64)
    ranks[order] = np.arange(len(codes)) - np.repeat(starts, np.diff(starts, append=len(codes))) + 1
    ranks = pa.array(ranks)
    suffix = pc.if_else(pc.equal(ranks, 1), "", pc.binary_join_element_wise(" #", ranks.cast(pa.string()), ""))
    return pc.binary_join_element_wise(texts, suffix, "")
