"""Where a new delivery quotes somebody who was erased before, in a row of somebody else or in none: an address, the number of a ticket.

Here: finding and masking these cells in what was read. Not here: the rows that are the person's own (`redaction.erased_persons`), names, of which
a tombstone knows nothing but at an event, what an erasure finds in what is kept already (`redaction.redact`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from identity.mentions import Identifiers
from identity.tombstones import Quote, Tombstones
from sources.columns import whole
from sources.entities import Entity
from sources.headers import Binding
from sources.readers import Sheet
from sources.redaction import KEYS, OWN_ROLES, instants_of

TEXTS = ("text", "labels", "personal")
"""Kinds of the slots in which somebody may write about somebody else."""


def without_quotes(
    con: duckdb.DuckDBPyConnection,
    sheets: Sequence[Sheet],
    read_sheet: int,
    binding: Binding,
    entity: Entity,
    covered: Collection[int],
    tombstones: Tombstones,
) -> tuple[Sheet, ...]:
    """The sheets with what they quote masked: themselves where they quote nobody. `con` holds what `judge` made of the one that is read; `covered`:
    its rows that go whole.

    In a row of data, what its own columns say is the row's, and a row that is later than the erasure may quote the person again.
    """
    data = whole(con.sql("select row_number from raw").to_arrow_table()["row_number"])
    own = _own_columns(binding, entity)
    quotes = {
        (index, name): found
        for index, sheet in enumerate(sheets)
        for column, name in enumerate(sheet.table.column_names[1:])
        if (found := _quoted(sheet.table, name, tombstones, data if index == read_sheet and column in own else None))
    }
    if not quotes:
        return tuple(sheets)
    instants, tables = instants_of(con, entity), [sheet.table for sheet in sheets]
    for (index, name), found in quotes.items():
        table, is_read = tables[index], index == read_sheet
        is_own = is_read and table.column_names.index(name) - 1 in own
        texts = []
        for number, text in zip(table["row_number"].to_pylist(), table[name].to_pylist(), strict=True):
            is_data = is_read and number in instants
            stays = text not in found or (is_data and (is_own or number in covered))
            texts.append(text if stays else _masked(text, found[text], is_data, instants.get(number)))
        tables[index] = table.set_column(table.column_names.index(name), name, pa.array(texts, pa.string()))
    return tuple(replace(sheet, table=table) for sheet, table in zip(sheets, tables, strict=True))


def _quoted(table: pa.Table, name: str, tombstones: Tombstones, but: pa.Array | None) -> dict[str, list[Quote]]:
    """What the texts of a column quote, those of the rows `but` left aside."""
    pattern = "|".join(["@"] * tombstones.know("emails") + ["[0-9]"] * tombstones.know("tickets"))
    if not pattern:
        return {}
    texts = whole(table[name])
    perhaps = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    if but is not None:
        perhaps = pc.and_(perhaps, pc.invert(pc.is_in(whole(table["row_number"]), value_set=but)))
    return tombstones.quoted(texts.filter(perhaps).unique().to_pylist())


def _own_columns(binding: Binding, entity: Entity) -> set[int]:
    """The columns in which a row speaks of itself: whose it is, its numbers, its dates, its amounts."""
    return {
        index
        for slot, columns in binding.columns.items()
        if entity.personal.get(slot) in OWN_ROLES or slot in KEYS or entity.slots[slot].kind not in TEXTS
        for index in columns
    }


def _masked(text: str, quotes: Sequence[Quote], is_data: bool, instant: datetime | None) -> str:
    theirs = [quote for quote in quotes if not is_data or quote.holds(instant)]
    emails = frozenset(quote.email for quote in theirs if quote.email)
    return Identifiers(emails=emails, tickets=frozenset(quote.ticket for quote in theirs if quote.ticket)).masked(text)
