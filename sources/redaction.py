"""A delivery some of whose cells were erased: what is kept in the place of its bytes, and how cells are erased from it.

Here: the *redacted table* that replaces a kept original, reading it back as a reader would, and redacting what was read.
Not here: who is erased (`identity.tombstones`), which deliveries are concerned and what follows (`erasure.py`).

A kept original is bytes that nobody can edit: a workbook, an export, pages of a platform. When a person must go, its
place is taken (same name, same hash: the hash still says which delivery it was) by what the reader had made of it, sheets of text,
without the cells concerned. Judging it again gives the same accepted rows as before, one by one:

- a row of an erased person has no cell left. What its slots said that is no identity is *pinned* beside the sheets, its address
  is a stand-in, its keys are tokens: it still counts once, as the same unknown person in every list;
- a row that was refused stays refused, without saying why any more; so does a row of somebody else that was refused for carrying the key of
  an erased row, and it goes on saying whose it is;
- elsewhere (a payer, a remark, a title) what mentions the person is masked.

Format, encrypted like the bytes it replaces: MAGIC, then a ZIP of `about.json`, `slots.parquet`, `sheet-<n>.parquet`.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from identity.mentions import MASK, Crowd, Identifiers
from identity.pseudonyms import normalise_emails, normalise_names
from identity.tombstones import STAND_IN_DOMAIN, Sought, Tombstone, Tombstones
from sources.contract import Contract
from sources.entities import ENTITIES, Entity
from sources.headers import Binding
from sources.readers import Sheet, Unreadable
from sources.readers.sheet import sheet_of

MAGIC = b"OBSREDACTED1\n"

RECORD, REFUSED, DISPUTED, STRUCTURE = "#record", "#refused", "#disputed", "#structure"
"""Names among the slots of a pinned row: the key of its record, that it was refused, that it was refused and is not erased, that it was no row of data."""

_REFUSALS = {
    REFUSED: (
        "personne_effacee",
        "Ligne d'une personne effacée à sa demande : elle avait été mise de côté, elle n'est plus lisible. Rien à faire.",
    ),
    DISPUTED: (
        "cle_en_double",
        "Cette ligne porte la clé d'une autre ligne, effacée depuis : elle reste de côté. Si elle est juste, donnez-lui sa propre clé et redéposez le fichier.",
    ),
}
"""Rule and message of pinned refusals: they say nothing of an erased person."""

ERASED_KEY = "erased:"
"""What the record key of an erased row begins with: its platform knows no such record, and never deletes it."""

READ_BESIDE_DATA = ("section", "total", "entête répété")
"""Reasons for which a row is no data and is read all the same; for any other, its contract leaves it out."""

SLOTS = pa.schema([("row_number", pa.int32()), ("slot", pa.string()), ("text", pa.string())])

PERSON_ENTITIES = ("registration", "attendance", "feedback")
"""Entities whose rows are persons: their rows are erased whole. Elsewhere a person is a contact, and only these cells go."""

QUASI = ("organisation", "siret", "postcode", "commune")
"""Slots that single a person out although they name nobody: they go with the person."""

OWN_ROLES = ("email", "given_name", "family_name", "full_name", "phone", "signature")
"""Roles of the cells in which a row says whose it is."""

KEYS = ("registration_id", "order", "attendance_id", "registration", "response_id")
"""Slots under which another system knows the row: tokens take their place."""


@dataclass(frozen=True)
class Kept:
    """A delivery as it was read: its sheets, the record keys it deletes, and the pinned slots of its erased rows."""

    sheets: tuple[Sheet, ...]
    deleted: tuple[str, ...] | None = None
    slots: pa.Table = field(default_factory=SLOTS.empty_table)
    is_redacted: bool = False

    @property
    def erased_rows(self) -> set[int]:
        """Rows of nobody any more: those of erased persons, and those that were no data."""
        pinned = zip(*(self.slots[name].to_pylist() for name in SLOTS.names), strict=True)
        stand_in = f"@{STAND_IN_DOMAIN}"
        return {
            number
            for number, slot, text in pinned
            if slot in (REFUSED, STRUCTURE) or (text is not None and text.endswith(stand_in))
        }


@dataclass(frozen=True)
class Redacted:
    """What `redact` took away: rows of erased persons, cells masked elsewhere (sheet, row_number, column), cells of slots. `nb_emptied`:
    how many of `rows` were no data, so that nothing of them is counted on. `nb_unread`: cells that nothing reads (`unread.py`)."""

    kept: Kept
    rows: tuple[int, ...] = ()
    cells: tuple[tuple[int, int, int], ...] = ()
    nb_blanked: int = 0
    nb_emptied: int = 0
    nb_unread: int = 0

    @property
    def has_changed(self) -> bool:
        return bool(self.rows or self.cells or self.nb_blanked or self.nb_unread)


# --- the file ------------------------------------------------------------------------------------------------------


def write_kept(file: BinaryIO | io.RawIOBase, kept: Kept) -> None:
    """Write the redacted table in place of a delivery's bytes."""
    file.write(MAGIC)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        about = {
            "sheets": [sheet.beside() for sheet in kept.sheets],
            "deleted": kept.deleted,
        }
        archive.writestr("about.json", json.dumps(about, ensure_ascii=False))
        archive.writestr("slots.parquet", _parquet(kept.slots))
        for index, sheet in enumerate(kept.sheets):
            archive.writestr(f"sheet-{index}.parquet", _parquet(sheet.table))
    file.write(packed.getbuffer())


def write_nothing(file: BinaryIO | io.RawIOBase) -> None:
    """Write in place of bytes that could not be read and held the person: nothing of them is left."""
    file.write(MAGIC)


def is_redacted(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


EMPTIED = "original_efface"
"""The rule by which a delivery is refused of which nothing is left."""

NOTHING_LEFT = (
    "Ce fichier n'avait pas pu être lu, et il n'en reste rien : une personne qui y figurait a demandé l'effacement, ou sa durée de "
    "conservation est passée. S'il est encore utile, redemandez-le."
)


def read_kept(path: Path) -> Kept:
    """The inverse of `write_kept`. Raises Unreadable EMPTIED where nothing was left."""
    with path.open("rb") as file:
        file.seek(len(MAGIC))
        packed = file.read()
    if not packed:
        raise Unreadable(EMPTIED, NOTHING_LEFT)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        about = json.loads(archive.read("about.json"))
        sheets = tuple(
            sheet_of(pq.read_table(io.BytesIO(archive.read(f"sheet-{index}.parquet"))), *beside)
            for index, beside in enumerate(about["sheets"])
        )
        slots = _told_apart(pq.read_table(io.BytesIO(archive.read("slots.parquet"))).cast(SLOTS))
    deleted = None if about["deleted"] is None else tuple(about["deleted"])
    return Kept(sheets, deleted, slots, is_redacted=True)


def _told_apart(slots: pa.Table) -> pa.Table:
    """An earlier program pinned a disputed row as refused, like an erased one: of that one every slot about a person is pinned too."""
    erased = slots.filter(pc.equal(slots["slot"], "email"))["row_number"].combine_chunks()
    disputed = pc.and_(pc.equal(slots["slot"], REFUSED), pc.invert(pc.is_in(slots["row_number"], value_set=erased)))
    return slots.set_column(1, "slot", pc.if_else(disputed, pa.scalar(DISPUTED), slots["slot"]))


def _parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd", write_statistics=False)
    return out.getvalue()


# --- who is concerned ----------------------------------------------------------------------------------------------

_INSTANTS = ("registered_at", "joined_at", "submitted_at")


def erased_persons(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    tombstones: Tombstones,
    delivery_id: str,
    sought: Sought | None = None,
) -> dict[int, Tombstone]:
    """Rows of a judged delivery that belong to persons erased before, or to who is `sought`. `con` holds what `judge` made of it."""
    entity = ENTITIES[contract.entity]
    if not entity.personal or not (sought or tombstones.all()):
        return {}
    return tombstones.covering(people_of(con, entity), contract.source, delivery_id, sought)


def people_of(con: duckdb.DuckDBPyConnection, entity: Entity, *, with_places: bool = True) -> pa.Table:
    """row_number, email, name, phone (as typed), event_id, registration_id, at: every row of data of a judged delivery, accepted or not, that
    was not erased before and still says something of a person, or (`with_places`) the number of a ticket (an organisation stays when its contact goes)."""
    says_something = ", ".join(
        [*(f'raw."{name}"' for name in entity.personal), *(_places(entity) if with_places else [])]
    )
    query = (
        f"{_people(entity)} where row_number not in (select row_number from redaction "
        f"where slot = '{REFUSED}' or ends_with(text, '@{STAND_IN_DOMAIN}')) and coalesce({says_something}, null) is not null order by row_number"
    )
    return con.sql(query).to_arrow_table().combine_chunks()


def instants_of(con: duckdb.DuckDBPyConnection, entity: Entity) -> dict[int, datetime | None]:
    """Every row of data of a judged delivery, and its own instant (UTC), where it says one."""
    return dict(
        con.execute(
            f"select row_number, {_instant(entity)} from raw left join canonical a using (row_number)"
        ).fetchall()
    )


def _instant(entity: Entity) -> str:
    """SQL: the instant that a row says of itself."""
    said = [f"a.{name}" for name in _INSTANTS if name in entity.columns]
    return f"coalesce({', '.join([*said, 'cast(null as timestamp)'])})"


def _places(entity: Entity) -> list[str]:
    """SQL: the number of the place that a row is about, where its entity says one."""
    return ["a.registration_id"] if "registration_id" in entity.columns else []


def _people(entity: Entity) -> str:
    """SQL: what `people_of` gives, of every row."""
    slot = {role: name for name, role in entity.personal.items()}
    email, given, family, full, phone = (
        f'raw."{slot[role]}"' if role in slot else "cast(null as varchar)"
        for role in ("email", "given_name", "family_name", "full_name", "phone")
    )
    event = "a.event_id" if "event_id" in entity.columns else "cast(null as varchar)"
    return (
        f"select raw.row_number, nullif(trim({email}), '') as email, nullif(trim(case when {given} is not null and {family} is not null "
        f"then {given} || ' ' || {family} else coalesce({full}, {given}, {family}) end), '') as name, {phone} as phone, {event} as event_id, "
        f"{(*_places(entity), 'cast(null as varchar)')[0]} as registration_id, "
        f"{_instant(entity)} as at from raw left join canonical a using (row_number)"
    )


# --- redacting what was read and judged ----------------------------------------------------------------------------


def redact(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    kept: Kept,
    read_sheet: int,
    binding: Binding | None,
    *,
    covered: Mapping[int, Tombstone] | None = None,
    masks: Identifiers | None = None,
    rows: Iterable[int] = (),
    cells: Iterable[tuple[int, int, int]] = (),
    blanks: Mapping[str, Sequence[int]] | None = None,
    crowd: Crowd | None = None,
) -> Redacted:
    """`kept` without what is asked to go; `con` holds what `judge` made of its sheet number `read_sheet`, bound by `binding` (None
    when it did not fit the contract: nothing of it landed).

    `covered`: rows of erased persons → their tombstone. `masks`: identifiers to be masked wherever they stand. `rows`: rows
    to be emptied that are no data (a meal sold with a ticket). `cells`: (sheet, row_number, column from 1) to be masked whole. `blanks`: slots → rows in which they are emptied (retention).
    `crowd`: persons of `covered`, looked for outside the rows of data (another part of a report, another sheet).
    """
    entity = ENTITIES[contract.entity]
    tables, slots = [sheet.table for sheet in kept.sheets], kept.slots
    theirs: dict[int, Tombstone] = {}
    disputed: set[int] = set()
    if binding is not None and covered:
        theirs, disputed = _with_twins(con, entity, covered)
    whole, contacts = (theirs, {}) if entity.name in PERSON_ENTITIES else ({}, theirs)
    data = _numbers(con, "raw") if binding is not None else set()
    gone = whole.keys() | (set(rows) - data)
    masked = set(cells)
    if masks:
        found, alone = _mentions(con, tables, read_sheet, entity, binding, masks, whole, data)
        masked |= found
        gone |= alone
    if crowd:
        found, alone = _crowded(con, tables, read_sheet, crowd, data)
        masked |= found
        gone |= alone
    pinned: list[tuple[int, str, str | None]] = []
    nb_blanked = 0
    if binding is not None:
        pinned = _pinned(con, entity, whole, gone - whole.keys(), masks)
        pinned += [(row, DISPUTED, None) for row in sorted(disputed)]
        if blanked := _with_contacts(entity, blanks or {}, contacts):
            tables[read_sheet], extra, nb_blanked = _blanked(
                con, contract, entity, tables[read_sheet], binding, blanked
            )
            pinned += [line for line in extra if line[0] not in gone]
        pinned += _ranks_of_others(con, contract, gone) if gone else []
    if gone:
        tables[read_sheet] = _emptied(tables[read_sheet], gone)
        slots = slots.filter(pc.invert(pc.is_in(slots["row_number"], pa.array(sorted(gone), pa.int32()))))
    masked = {cell for cell in masked if not (cell[0] == read_sheet and cell[1] in gone)}
    tables = _masked(tables, masked, masks)
    slots = with_slots(slots, pinned)
    sheets = tuple(replace(sheet, table=table) for sheet, table in zip(kept.sheets, tables, strict=True))
    return Redacted(
        replace(kept, sheets=sheets, slots=slots, is_redacted=True),
        tuple(sorted(gone)),
        tuple(sorted(masked)),
        nb_blanked,
        len(gone - whole.keys()),
    )


def _with_contacts(
    entity: Entity, blanks: Mapping[str, Sequence[int]], contacts: Mapping[int, Tombstone]
) -> dict[str, Sequence[int]]:
    """Slots → rows in which they are emptied: `blanks`, and all that is said of a contact that goes."""
    blanked = dict(blanks)
    for slot in entity.personal if contacts else ():
        blanked[slot] = sorted({*blanked.get(slot, ()), *contacts})
    return blanked


def _pinned(
    con: duckdb.DuckDBPyConnection,
    entity: Entity,
    whole: Mapping[int, Tombstone],
    others: set[int],
    masks: Identifiers | None,
) -> list[tuple[int, str, str | None]]:
    """What erased rows go on saying. `others` are rows that were no data: they stay so."""
    lines: list[tuple[int, str, str | None]] = [(row, STRUCTURE, None) for row in sorted(others)]
    if not whole:
        return lines
    wanted = sorted(whole)
    refused = {
        row for (row,) in con.execute(
            "select distinct row_number from quarantined where list_contains($rows, row_number)", {"rows": wanted}
        ).fetchall()
    }  # fmt: skip
    slots = dict.fromkeys([*entity.slots, "programme"])
    said = [name for name in slots if name not in entity.personal and name not in QUASI]
    columns = ", ".join(f'"{name}"' for name in said)
    stand_ins = _stand_ins(con, entity, whole)
    texts = con.execute(
        f"select row_number, {columns} from raw where list_contains($rows, row_number)", {"rows": wanted}
    )
    for number, *values in texts.fetchall():
        stone = whole[number]
        lines += [(number, name, None) for name in (*entity.personal, *QUASI) if name in entity.slots]
        if number in refused:
            lines.append((number, REFUSED, None))
            lines += [(number, name, None) for name in said]
            continue
        lines += [
            (number, name, _still_said(stone, name, text, masks)) for name, text in zip(said, values, strict=True)
        ]
        if "email" in entity.slots:
            lines.append((number, "email", stand_ins[number]))
    records = con.execute(
        "select row_number, record_key from record where list_contains($rows, row_number)", {"rows": wanted}
    )
    for number, key in records.fetchall():
        erased = key if key.startswith(ERASED_KEY) else ERASED_KEY + whole[number].token("record", key)
        lines.append((number, RECORD, erased))
    return list({(number, slot): (number, slot, text) for number, slot, text in lines}.values())


def _still_said(stone: Tombstone, slot: str, text: str | None, masks: Identifiers | None) -> str | None:
    """A token in the place of a key, any other text without its mentions of the person."""
    if text is None:
        return None
    if slot in KEYS:
        return stone.token("key", text)
    return masks.masked(text) if masks else text


def _stand_ins(con: duckdb.DuckDBPyConnection, entity: Entity, whole: Mapping[int, Tombstone]) -> dict[int, str]:
    """What takes the place of the address in each row: by what it is known by, as matching reads it, so that it goes on counting so."""
    from identity.matching.normal import phones

    query = f"{_people(entity)} where list_contains($rows, row_number)"
    said = con.sql(query, params={"rows": [*whole]}).to_arrow_table()
    # a name typed in the column of addresses
    typed = pc.if_else(pc.match_substring(said["email"], "@"), pa.scalar(None, pa.string()), said["email"])
    emails, names = normalise_emails(said["email"]), normalise_names(pc.coalesce(said["name"], typed))
    possible = phones(set(said["phone"].drop_null().to_pylist()))
    found = {}
    known = (said["row_number"], emails, names, said["phone"], said["event_id"])
    for number, email, name, phone, event in zip(*(column.to_pylist() for column in known), strict=True):
        stone = whole[number]
        if email is not None:
            found[number] = email if email.endswith(f"@{STAND_IN_DOMAIN}") else stone.stand_in
        elif name is not None and phone in possible:
            found[number] = stone.stand_in
        else:
            is_somebody = name is not None and event is not None
            found[number] = stone.stand_in_by_name if is_somebody else stone.stand_in_of_nobody
    return found


def _with_twins(
    con: duckdb.DuckDBPyConnection, entity: Entity, covered: Mapping[int, Tombstone]
) -> tuple[dict[int, Tombstone], set[int]]:
    """`covered` with the exact duplicates of its rows, and the rows of others that were refused for carrying the key of one: neither
    may be accepted in the place of a row that lost its key."""
    known = dict(covered)
    if _numbers(con, "duplicate"):
        columns = con.execute("select column_name from (describe canonical)").fetchall()
        same = ", ".join(f'"{name}"' for (name,) in columns if name not in ("row_number", "corrections"))
        twins = con.execute(
            f"select row_number, first_value(row_number) over (partition by {same} order by row_number) from canonical "
            f"where hash({same}) in (select hash({same}) from canonical where row_number in (select row_number from duplicate))"
        ).fetchall()
        firsts = {first: known[number] for number, first in twins if number in known}
        known |= {number: firsts[first] for number, first in twins if first in firsts}
    key = " and ".join(f'a."{name}" = q."{name}"' for name in entity.key)
    disputes = con.execute(
        f"select distinct q.row_number, a.row_number from canonical q join accepted a on {key} where q.row_number in "
        "(select row_number from quarantined where rule = 'cle_en_double')"
    ).fetchall()
    disputed = {number for number, holder in disputes if holder in known}
    return known, disputed - known.keys()


def _ranks_of_others(
    con: duckdb.DuckDBPyConnection, contract: Contract, gone: set[int]
) -> list[tuple[int, str, str | None]]:
    """Keys of the other rows that were told apart by their rank: a row that goes must not move theirs."""
    lines: list[tuple[int, str, str | None]] = []
    for name, declared in contract.fields.items():
        if declared.ranked:
            rows = con.execute(
                f'select row_number, "{name}" from raw where not list_contains($rows, row_number)',
                {"rows": sorted(gone)},
            ).fetchall()
            lines += [(number, name, text) for number, text in rows]
    return lines


def _blanked(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    entity: Entity,
    table: pa.Table,
    binding: Binding,
    blanks: Mapping[str, Sequence[int]],
) -> tuple[pa.Table, list[tuple[int, str, str | None]], int]:
    """The sheet without the cells of some slots in some rows; what other fields read there is pinned first."""
    lines: list[tuple[int, str, str | None]] = []
    nb_blanked = 0
    for slot, rows in blanks.items():
        columns = binding.columns.get(slot, ())
        if not rows or slot not in entity.personal or not columns:
            continue
        for reader in sorted(_readers_of(contract, binding, set(columns)) - set(entity.personal)):
            texts = con.execute(
                f'select row_number, "{reader}" from raw where list_contains($rows, row_number)', {"rows": [*rows]}
            )
            lines += [(number, reader, text) for number, text in texts.fetchall()]
        chosen = pc.is_in(table["row_number"], pa.array(sorted(rows), pa.int32()))
        for column in columns:
            name = f"c{column + 1}"
            going = pc.and_(chosen, pc.is_valid(table[name]))
            nb_blanked += pc.sum(going).as_py() or 0
            emptied = pc.if_else(going, pa.scalar(None, pa.string()), table[name])
            table = table.set_column(table.schema.get_field_index(name), name, emptied)
    # a row that has lost its only cells is still a row
    first = table.column_names[1]
    empty = pc.is_null(pc.coalesce(*table.columns[1:]))
    if pc.any(empty).as_py():
        table = table.set_column(1, first, pc.if_else(empty, pa.scalar(MASK), table[first]))
        numbers = table["row_number"].filter(empty).to_pylist()
        feeding = [name for name, columns in binding.columns.items() if 0 in columns]
        lines += [(number, name, None) for number in numbers for name in feeding if name in entity.personal]
    return table, lines, nb_blanked


def _readers_of(contract: Contract, binding: Binding, columns: set[int]) -> set[str]:
    """Fields that read one of these columns, alone, put together, or in a condition."""
    found = {name for name, own in binding.columns.items() if columns & set(own)}
    for name, declared in contract.fields.items():
        headers = [rule.header for rule in declared.rules] + ([declared.when.header] if declared.when else [])
        headers += [header for accepted in declared.ticked.values() for header in accepted]
        if {binding.column_of(header) for header in headers} & columns:
            found.add(name)
    return found


def _mentions(
    con: duckdb.DuckDBPyConnection,
    tables: Sequence[pa.Table],
    read_sheet: int,
    entity: Entity,
    binding: Binding | None,
    masks: Identifiers,
    whole: Mapping[int, Tombstone],
    data: set[int],
) -> tuple[set[tuple[int, int, int]], set[int]]:
    """Cells that mention the person, and rows of the read sheet that hold nothing but the person and are no data: all of them when
    the sheet did not fit its contract, rows that the contract leaves out otherwise."""
    own: set[int] = set()
    keys: set[int] = set()
    left_out: set[int] = set()
    if binding is not None:
        left_out = _left_out(con)
        names = [slot for slot, role in entity.personal.items() if role in OWN_ROLES]
        own = {column for slot in names for column in binding.columns.get(slot, ())}
        keys = {column for slot in KEYS for column in binding.columns.get(slot, ())}
    cells: set[tuple[int, int, int]] = set()
    rows: set[int] = set()
    for index, table in enumerate(tables):
        is_read = index == read_sheet
        for number, values in _suspects(table, masks):
            if is_read and number in whole:
                continue
            theirs, numbers = (own, keys) if is_read and number in data else (set(), set())
            mentioned = {
                column
                for column, text in enumerate(values)
                if (masks.without_tickets if column in numbers else masks).is_in(text)
            }
            parts = set(masks.parts_in(None if column in theirs else text for column, text in enumerate(values)))
            # somebody else's own name that reads like the erased person's is a homonym's: it stays
            mentioned = (mentioned - theirs) | parts
            if not mentioned:
                continue
            if is_read and number not in data and (binding is None or number in left_out):
                rows.add(number)
            else:
                cells |= {(index, number, column + 1) for column in mentioned}
    return cells, rows


def _crowded(
    con: duckdb.DuckDBPyConnection, tables: Sequence[pa.Table], read_sheet: int, crowd: Crowd, data: set[int]
) -> tuple[set[tuple[int, int, int]], set[int]]:
    """As `_mentions`, of many persons, outside the rows of `data`: there a row that names one of them is about her."""
    cells: set[tuple[int, int, int]] = set()
    rows: set[int] = set()
    left_out = _left_out(con)
    for index, table in enumerate(tables):
        if index == read_sheet:
            table = table.filter(pc.invert(pc.is_in(table["row_number"], pa.array(sorted(data), pa.int32()))))
        for number, *values in zip(*(column.to_pylist() for column in table.columns), strict=True):
            if not crowd.is_in(" ".join(text for text in values if text is not None)):
                continue
            if index == read_sheet and number in left_out:
                rows.add(number)
            else:
                cells |= {(index, number, column) for column, text in enumerate(values, 1) if text is not None}
    return cells, rows


def _left_out(con: duckdb.DuckDBPyConnection) -> set[int]:
    """Rows of the read sheet that its contract leaves out, and that tell it nothing."""
    return _numbers(con, f"structure where reason not in {READ_BESIDE_DATA}")


def _suspects(table: pa.Table, masks: Identifiers) -> list[tuple[int, list[str | None]]]:
    """(row_number, cells) of the rows that may mention the person."""
    names = table.column_names[1:]
    if not names:
        return []
    found = table.filter(reduce(pc.or_, (masks.suspects(table[name]) for name in names)))
    return [(line["row_number"], [line[name] for name in names]) for line in found.to_pylist()]


def _numbers(con: duckdb.DuckDBPyConnection, table: str) -> set[int]:
    return {row for (row,) in con.execute(f"select row_number from {table}").fetchall()}


def _emptied(table: pa.Table, rows: set[int]) -> pa.Table:
    """Rows without a cell but the mask in the first one: an empty row would not be a row."""
    chosen = pc.is_in(table["row_number"], pa.array(sorted(rows), pa.int32()))
    for index, name in enumerate(table.column_names[1:], start=1):
        filler = pa.scalar(MASK if index == 1 else None, pa.string())
        table = table.set_column(index, name, pc.if_else(chosen, filler, table[name]))
    return table


def _masked(
    tables: Sequence[pa.Table], cells: Iterable[tuple[int, int, int]], masks: Identifiers | None
) -> list[pa.Table]:
    tables = list(tables)
    by_column: dict[tuple[int, int], set[int]] = {}
    for sheet, number, column in cells:
        by_column.setdefault((sheet, column), set()).add(number)
    for (sheet, column), numbers in by_column.items():
        table, name = tables[sheet], f"c{column}"
        if name not in table.column_names:
            continue
        chosen = pc.is_in(table["row_number"], pa.array(sorted(numbers), pa.int32()))
        texts = [
            text if not here or text is None else masks.masked(text) if masks and masks.is_in(text) else MASK
            for text, here in zip(table[name].to_pylist(), chosen.to_pylist(), strict=True)
        ]
        tables[sheet] = table.set_column(table.schema.get_field_index(name), name, pa.array(texts, pa.string()))
    return tables


def with_slots(slots: pa.Table, lines: Sequence[tuple[int, str, str | None]]) -> pa.Table:
    """The pinned slots with these lines (row_number, slot, text) in place of what they say again; the last of two holds."""
    if not lines:
        return slots
    last = list({(number, slot): (number, slot, text) for number, slot, text in lines}.values())
    said = {(number, slot) for number, slot, _ in last}
    keep = [pair not in said for pair in zip(slots["row_number"].to_pylist(), slots["slot"].to_pylist(), strict=True)]
    added = [pa.array([line[index] for line in last], SLOTS.field(index).type) for index in range(3)]
    return pa.concat_tables([slots.filter(pa.array(keep, pa.bool_())), pa.table(added, schema=SLOTS)])


# --- judging it again ----------------------------------------------------------------------------------------------


def pinned_structure(structure: dict[int, str], slots: pa.Table) -> dict[int, str]:
    """After the rows that are no data were found (row_number → reason): those that were data, or were none, stay so."""
    rows = list(zip(slots["row_number"].to_pylist(), slots["slot"].to_pylist(), strict=True))
    data = {number for number, slot in rows if slot != STRUCTURE}
    none = {number: "ligne effacée" for number, slot in rows if slot == STRUCTURE}
    return none | {number: reason for number, reason in structure.items() if number not in data}


def pinned_texts(numbers: pa.Array, texts: pa.Array, slots: pa.Table, slot: str) -> pa.Array:
    """Put back in the column of a slot what the erased rows go on saying; `numbers` of its rows."""
    pinned = slots.filter(pc.equal(slots["slot"], slot))
    if not pinned.num_rows:
        return texts
    at = pc.index_in(numbers, value_set=pinned["row_number"].combine_chunks())
    return pc.if_else(pc.is_valid(at), pinned["text"].combine_chunks().take(at), texts)


def pinned_refusals(findings: pa.Table, slots: pa.Table) -> pa.Table:
    """Rows that were refused when somebody was erased are refused, for one reason that says nothing of them."""
    for slot, (rule, message) in _REFUSALS.items():
        refused = slots.filter(pc.equal(slots["slot"], slot))["row_number"].combine_chunks()
        if not len(refused):
            continue
        others = findings.filter(pc.invert(pc.is_in(findings["row_number"], value_set=refused)))
        said = {"rule": rule, "message": message}
        columns = [
            refused if name == "row_number" else pa.repeat(pa.scalar(said.get(name), pa.string()), len(refused))
            for name in findings.column_names
        ]
        findings = pa.concat_tables([others, pa.table(columns, schema=findings.schema)])
    return findings
