"""The door: personal columns of a delivery go to the vault, its rows keep a pseudonym.

Here: `split`, the one function `sources` calls on accepted rows before they land. Not here: what is personal (contracts say),
the text of refused cells (`Cipher.seal_text`), saying that two pseudonyms are one person.

Which pseudonym a row gets, and its basis:

    email   the e-mail cell holds an address      HMAC(year's key, `email`, address)
    name    no address, but a name and an event   HMAC(year's key, `name+event`, source, event, name)
    erased  the address is a stand-in             as `email`: an erased person still counts once, whichever of her two
                                                  stand-ins a row has (tombstones.py); NULL in a row that named nobody
    none    neither                               NULL

An address makes one pseudonym per programme year; a name only identifies within one event of one source. A shared
mailbox makes one pseudonym for all who use it, and two homonyms at one event make one: matching, which sees
the identities, tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from identity.pseudonyms import normalise_emails, normalise_names, pseudonyms_under
from identity.side_by_side import of_each
from identity.tombstones import BY_NAME, OF_NOBODY, STAND_IN_DOMAIN
from identity.vault import IDENTITIES, MAP_ROLES, TEXT_ROLES, Vault

EMAIL_DOMAIN = "email"
NAME_DOMAIN = "name+event"
PERSON_COLUMNS = ("person_key", "person_key_id", "person_basis")


@dataclass(frozen=True)
class Split:
    """What the door saw, in rows. rows = nb_email + nb_name + nb_none; nb_not_email: filled e-mail cells without an address."""

    rows: int
    nb_email: int
    nb_name: int
    nb_none: int
    nb_not_email: int
    nb_stored: int


def split(
    table: pa.Table,
    *,
    personal: Mapping[str, str],
    row_id: str,
    year: int | str,
    event_scope: Sequence[str] = (),
    vault: Vault,
    source: str,
    delivery_id: str,
    alongside: Mapping[str, str] | None = None,
    meanwhile: Callable[[pa.Table], object] = lambda rows: None,
) -> tuple[pa.Table, Split]:
    """The rows of `table`, by `row_id`, with `person_key, person_key_id, person_basis` in place of its personal columns, which are kept
    in the vault.

    `personal`: column → role (one of TEXT_ROLES, each at most once, or of MAP_ROLES); these columns are dropped.
    `alongside`: column → role, copied into the vault (evidence for matching) and left in the table.
    `row_id`: integer column, unique, not null: `row_number` in the vault. `year`: the programme year, or the integer column that
    holds it, filled in every row. `event_scope`: columns that name the event within its source; a name identifies nobody
    where one of them is null.
    `meanwhile`: is given the rows while their identities are written, to prepare what comes after.
    The identities are durable in the vault before a table without them is given. Raises ValueError on a wrong call, VaultError on an
    unusable vault.
    """
    roles = {**personal, **(alongside or {})}
    _check_call(table, personal, roles, row_id, year, event_scope)
    table = _by_number(table, row_id)
    years = _years(table, year)
    read = list({*roles, *event_scope})
    texts = of_each(lambda column: _text(table, column), read, rows=table.num_rows)
    cells = dict(zip(read, texts, strict=True))
    typed = {role: cells[column] for column, role in roles.items() if role in TEXT_ROLES}
    email_typed = typed.get("email", pa.nulls(table.num_rows, pa.string()))
    email = normalise_emails(email_typed)
    name = _names_in_events(typed, [cells[column] for column in event_scope], source, wanted=pc.is_null(email))
    person = _person(years, email, name, vault)
    numbers = _whole(table[row_id]).cast(pa.int32())
    identities = _identities(numbers, cells, personal, roles, email, person, source, delivery_id)
    kept = table.drop_columns(list(personal))
    for column, values in person.items():
        kept = kept.append_column(column, values)
    with ThreadPoolExecutor(max_workers=1) as beside:
        storing = beside.submit(vault.store, source, delivery_id, identities)
        meanwhile(kept)
        nb_stored = storing.result()
    rows, nb_filled, nb_email = table.num_rows, _nb_filled(email_typed), _nb_filled(email)
    nb_name = _nb_filled(name)
    return kept, Split(rows, nb_email, nb_name, rows - nb_email - nb_name, nb_filled - nb_email, nb_stored)


def _check_call(
    table: pa.Table,
    personal: Mapping[str, str],
    roles: Mapping[str, str],
    row_id: str,
    year: int | str,
    event_scope: Sequence[str],
) -> None:
    """ValueError for a call that cannot be meant. Messages name columns, never values."""
    columns, numbers = table.column_names, [row_id, *([year] if isinstance(year, str) else [])]
    if absent := [column for column in [*roles, *numbers, *event_scope] if column not in columns]:
        raise ValueError(f"the table has no column {', '.join(absent)}")
    if texts := [column for column in numbers if not pa.types.is_integer(table.schema.field(column).type)]:
        raise ValueError(f"{', '.join(texts)} is not a column of integers")
    if taken := [column for column in PERSON_COLUMNS if column in columns]:
        raise ValueError(f"the table already has {', '.join(taken)}")
    if unknown := sorted({role for role in roles.values() if role not in TEXT_ROLES and role not in MAP_ROLES}):
        raise ValueError(f"unknown role {', '.join(unknown)}; roles: {', '.join((*TEXT_ROLES, *MAP_ROLES))}")
    held = [role for role in roles.values() if role in TEXT_ROLES]
    if twice := sorted({role for role in held if held.count(role) > 1}):
        raise ValueError(
            f"two columns with the role {', '.join(twice)}: only {', '.join(MAP_ROLES)} may be given to several"
        )
    if row_id in personal or set(event_scope) & personal.keys():
        raise ValueError("row_id and event_scope stay in the row: they cannot be personal")


def _by_number(table: pa.Table, row_id: str) -> pa.Table:
    numbers = _whole(table[row_id])
    if not _increasing(numbers):
        table = table.sort_by(row_id)
        if not _increasing(_whole(table[row_id])):
            raise ValueError(f"{row_id} does not identify the rows of the table: some are null or repeated")
    return table


def _increasing(numbers: pa.Array) -> bool:
    return not numbers.null_count and pc.all(pc.less(numbers[:-1], numbers[1:])).as_py() is not False


def _years(table: pa.Table, year: int | str) -> pa.Array:
    years = pa.repeat(year, table.num_rows) if isinstance(year, int) else _whole(table[year])
    if years.null_count:
        raise ValueError(f"{years.null_count} rows of the table have no programme year: no key can be chosen for them")
    return years.cast(pa.int32())


def _names_in_events(
    typed: Mapping[str, pa.Array], event_scope: Sequence[pa.Array], source: str, wanted: pa.BooleanArray
) -> pa.Array:
    """What identifies a person by name: source, event and normalised name; null where not `wanted` or where one is missing.

    Source and event columns are each preceded by their length: no two events read the same.
    """
    nothing = pa.nulls(len(wanted), pa.string())
    if not event_scope or not typed.keys() & {"given_name", "family_name", "full_name"}:
        return nothing
    given, family, full = (
        typed.get(role, nothing).filter(wanted) for role in ("given_name", "family_name", "full_name")
    )
    both = pc.binary_join_element_wise(given, family, " ")
    name = normalise_names(pc.coalesce(both, full, given, family))
    scope = [column.filter(wanted) for column in event_scope]
    lengths = [pc.utf8_length(column).cast(pa.string()) for column in scope]
    pieces = [piece for length, column in zip(lengths, scope, strict=True) for piece in (length, ":", column)]
    event = pc.binary_join_element_wise(f"{len(source)}:{source}", *pieces, "")
    return pc.replace_with_mask(nothing, wanted, pc.binary_join_element_wise(event, name, "|"))


def _person(years: pa.Array, email: pa.Array, name: pa.Array, vault: Vault) -> dict[str, pa.Array]:
    """The PERSON_COLUMNS of each row."""
    stands_in = pc.fill_null(pc.ends_with(email, f"@{STAND_IN_DOMAIN}"), False)
    if pc.any(stands_in).as_py():  # one tally, whatever its rows were known by, of those that named somebody
        email = pc.if_else(pc.ends_with(email, OF_NOBODY), pa.scalar(None, pa.string()), email)
        email = pc.replace_substring(email, BY_NAME, f"@{STAND_IN_DOMAIN}")
    identified = pc.or_(pc.is_valid(email), pc.is_valid(name))
    person_key = person_key_id = pa.nulls(len(email), pa.string())
    for year in sorted(pc.unique(years.filter(identified)).to_pylist()):
        key = vault.keyring.key_for(year)
        rows = pc.and_(identified, pc.equal(years, year))
        hashed = pc.coalesce(
            pseudonyms_under(key, EMAIL_DOMAIN, email.filter(rows)),
            pseudonyms_under(key, NAME_DOMAIN, name.filter(rows)),
        )
        person_key = pc.replace_with_mask(person_key, rows, hashed)
        person_key_id = pc.if_else(rows, key.key_id, person_key_id)
    basis = pc.if_else(pc.is_valid(email), "email", pc.if_else(pc.is_valid(name), "name", "none"))
    basis = pc.if_else(stands_in, "erased", basis)
    return dict(zip(PERSON_COLUMNS, (person_key, person_key_id, basis), strict=True))


def _identities(
    numbers: pa.Array,
    cells: Mapping[str, pa.Array],
    personal: Mapping[str, str],
    roles: Mapping[str, str],
    email: pa.Array,
    person: Mapping[str, pa.Array],
    source: str,
    delivery_id: str,
) -> pa.Table:
    """The rows of IDENTITIES: those where a personal column is filled."""
    rows, nothing = len(numbers), pa.nulls(len(numbers), pa.string())
    columns = {"source": pa.repeat(source, rows), "delivery_id": pa.repeat(delivery_id, rows), "row_number": numbers}
    columns |= {role: nothing for role in TEXT_ROLES}
    columns |= {role: cells[column] for column, role in roles.items() if role in TEXT_ROLES}
    is_normal = pc.fill_null(pc.equal(columns["email"], email), False)
    columns |= {"email": email, "email_typed": pc.if_else(is_normal, nothing, columns["email"]), **person}
    for role in MAP_ROLES:
        columns[role] = _map({column: cells[column] for column, held in roles.items() if held == role}, rows)
    filled = np.zeros(rows, np.bool_)
    for column in personal:
        filled |= pc.is_valid(cells[column]).to_numpy(zero_copy_only=False)
    table = pa.table([columns[name] for name in IDENTITIES.names], schema=IDENTITIES)
    return table if filled.all() else table.filter(pa.array(filled))


def _map(columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """A map from column name to text, without the empty ones; null when all are."""
    if not columns:
        return pa.nulls(rows, IDENTITIES.field(MAP_ROLES[0]).type)
    filled = np.stack([pc.is_valid(texts).to_numpy(zero_copy_only=False) for texts in columns.values()], axis=1)
    row, column = np.nonzero(filled)
    names = pa.array(list(columns), pa.string()).take(pa.array(column))
    texts = pa.concat_arrays(list(columns.values())).take(pa.array(column * rows + row))
    ends = np.cumsum(filled.sum(axis=1))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    empty = np.append(~filled.any(axis=1), False)
    return pa.MapArray.from_arrays(pa.array(offsets, mask=empty), names, texts)


def _text(table: pa.Table, column: str) -> pa.Array:
    """The cells of a column as text, null when blank."""
    texts = pc.utf8_trim(_whole(table[column]).cast(pa.string()), _BLANKS)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


_BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Every space of Unicode (category Zs)."""


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _nb_filled(column: pa.Array) -> int:
    return len(column) - column.null_count
