"""The door: personal columns of a delivery go to the vault, its rows keep a pseudonym.

Here: `split`, the one function `sources` calls on accepted rows before they land. Not here: what is personal (contracts say),
the text of refused cells (`Cipher.seal_text`), saying that two pseudonyms are one person.

Which pseudonym a row gets, and its basis:

    email   the e-mail cell holds an address      HMAC(year's key, `email`, address)
    name    no address, but a name and an event   HMAC(year's key, `name+event`, source, event, name)
    erased  the address is a stand-in             as `email`: an erased person still counts once (tombstones.py)
    none    neither                               NULL

An address makes one pseudonym per programme year; a name only identifies within one event of one source. A shared
mailbox makes one pseudonym for all who use it, and two homonyms at one event make one: matching, which sees
the identities, tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from identity.pseudonyms import normalise_emails, normalise_names, pseudonyms_under
from identity.tombstones import STAND_IN_DOMAIN
from identity.vault import IDENTITIES, MAP_ROLES, TEXT_ROLES, Vault, refuse_leaky

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
    con: duckdb.DuckDBPyConnection,
    table: str,
    *,
    personal: Mapping[str, str],
    row_id: str,
    year: int | str,
    event_scope: Sequence[str] = (),
    vault: Vault,
    source: str,
    delivery_id: str,
    alongside: Mapping[str, str] | None = None,
) -> Split:
    """Replace the personal columns of `table` by `person_key, person_key_id, person_basis`; keep them in the vault.

    `personal`: column → role (one of TEXT_ROLES, each at most once, or of MAP_ROLES); these columns are dropped.
    `alongside`: column → role, copied into the vault (evidence for matching) and left in the table.
    `row_id`: integer column, unique, not null: `row_number` in the vault. `year`: the programme year, or the column that
    holds it, filled in every row. `event_scope`: columns that name the event within its source; a name identifies nobody
    where one of them is null.
    `con`: of `open_private`; `table`: one of its tables, temporary or not. The identities are durable in the vault before a
    column is dropped; when this raises, the table has its rows and columns as before. Raises ValueError on a wrong call, VaultError on an unusable vault.
    """
    roles = {**personal, **(alongside or {})}
    refuse_leaky(con)
    columns = _check_call(con, table, personal, roles, row_id, year, event_scope)
    column_of = _column_of(roles)
    people = _people(con, table, column_of.get("email"), row_id, year)
    email = normalise_emails(people["email_typed"])
    name = _names_in_events(con, table, column_of, event_scope, source, wanted=pc.is_null(email))
    keys = _keys(people, email, name, vault)
    with _beside(con, keys) as beside:
        _check_alignment(con, table, row_id, beside)
        query = _identities_query(table, personal, roles, beside)
        rows = con.sql(query, params={"source": source, "delivery_id": delivery_id}).to_arrow_reader(_BATCH_ROWS)
        with rows:  # an open result would hold the connection after a failure
            identities = (batch.cast(IDENTITIES) for batch in rows)
            nb_stored = vault.store(source, delivery_id, pa.RecordBatchReader.from_batches(IDENTITIES, identities))
        _replace(con, table, [column for column in columns if column not in personal], beside)
    nb_filled, nb_email = keys.num_rows - people["email_typed"].null_count, keys.num_rows - email.null_count
    nb_name = keys.num_rows - name.null_count
    return Split(keys.num_rows, nb_email, nb_name, keys.num_rows - nb_email - nb_name, nb_filled - nb_email, nb_stored)


_BATCH_ROWS = 128 * 1024


def _check_call(
    con: duckdb.DuckDBPyConnection,
    table: str,
    personal: Mapping[str, str],
    roles: Mapping[str, str],
    row_id: str,
    year: int | str,
    event_scope: Sequence[str],
) -> list[str]:
    """The columns of the table; ValueError for a call that cannot be meant. Messages name columns, never values."""
    columns = [row[0] for row in con.execute(f"describe {_quoted(table)}").fetchall()]
    named = [*roles, row_id, *event_scope, *([year] if isinstance(year, str) else [])]
    if absent := [column for column in named if column not in columns]:
        raise ValueError(f"{table} has no column {', '.join(absent)}")
    if taken := [column for column in PERSON_COLUMNS if column in columns]:
        raise ValueError(f"{table} already has {', '.join(taken)}")
    if unknown := sorted({role for role in roles.values() if role not in TEXT_ROLES and role not in MAP_ROLES}):
        raise ValueError(f"unknown role {', '.join(unknown)}; roles: {', '.join((*TEXT_ROLES, *MAP_ROLES))}")
    held = [role for role in roles.values() if role in TEXT_ROLES]
    if twice := sorted({role for role in held if held.count(role) > 1}):
        raise ValueError(
            f"two columns with the role {', '.join(twice)}: only {', '.join(MAP_ROLES)} may be given to several"
        )
    if row_id in personal or set(event_scope) & personal.keys():
        raise ValueError("row_id and event_scope stay in the row: they cannot be personal")
    return columns


def _column_of(roles: Mapping[str, str]) -> dict[str, str]:
    return {role: column for column, role in roles.items() if role in TEXT_ROLES}


_PEOPLE = pa.schema([("row_number", pa.int32()), ("year", pa.int32()), ("email_typed", pa.string())])


def _people(
    con: duckdb.DuckDBPyConnection, table: str, email: str | None, row_id: str, year: int | str
) -> dict[str, pa.Array]:
    """row_number, year, email_typed of each row. The table is put in the order of `row_id` first when it is not."""
    query = (
        f"select try_cast({_quoted(row_id)} as integer) as row_number, "
        f"try_cast({year if isinstance(year, int) else _quoted(year)} as integer) as year, "
        f"{_text(email)} as email_typed from {_quoted(table)}"
    )
    people = _columns(con, query, _PEOPLE)
    if not _increasing(people["row_number"]):
        con.execute(
            f"create or replace {_kind(con, table)} {_quoted(table)} as from {_quoted(table)} order by {_quoted(row_id)}"
        )
        people = _columns(con, query, _PEOPLE)
        if not _increasing(people["row_number"]):
            raise ValueError(f"{row_id} does not identify the rows of {table}: some are null or repeated")
    if people["year"].null_count:
        raise ValueError(
            f"{people['year'].null_count} rows of {table} have no programme year: no key can be chosen for them"
        )
    return people


def _increasing(numbers: pa.Array) -> bool:
    return not numbers.null_count and pc.all(pc.less(numbers[:-1], numbers[1:])).as_py() is not False


def _names_in_events(
    con: duckdb.DuckDBPyConnection,
    table: str,
    column_of: Mapping[str, str],
    event_scope: Sequence[str],
    source: str,
    wanted: pa.BooleanArray,
) -> pa.Array:
    """What identifies a person by name: source, event and normalised name; null where not `wanted` or where one is missing.

    Source and event columns are each preceded by their length: no two events read the same.
    """
    given, family, full = (_text(column_of.get(role)) for role in ("given_name", "family_name", "full_name"))
    nothing = pa.nulls(len(wanted), pa.string())
    if not event_scope or not column_of.keys() & {"given_name", "family_name", "full_name"}:
        return nothing
    event = " || ".join(f"length({text}) || ':' || {text}" for text in ["$source", *map(_text, event_scope)])
    name = f"case when {given} is not null and {family} is not null then {given} || ' ' || {family} else coalesce({full}, {given}, {family}) end"
    with _beside(con, pa.table({"wanted": wanted})) as beside:
        query = f"select {name} as name_typed, {event} as event from {_quoted(table)} t {beside} where k.wanted"
        found = _columns(
            con, query, pa.schema([("name_typed", pa.string()), ("event", pa.string())]), {"source": source}
        )
    names = pc.binary_join_element_wise(found["event"], normalise_names(found["name_typed"]), "|")
    return pc.replace_with_mask(nothing, wanted, names)


def _check_alignment(con: duckdb.DuckDBPyConnection, table: str, row_id: str, beside: str) -> None:
    """Nobody's pseudonym may land on somebody else's row: a table read in another order stops everything."""
    astray = con.execute(
        f"select count(*) from {_quoted(table)} t {beside} where t.{_quoted(row_id)} is distinct from k.row_number"
    ).fetchall()[0][0]
    if astray:
        raise RuntimeError(
            f"{astray} rows of {table} are not where they were a moment ago: preserve_insertion_order must be on"
        )


def _keys(people: Mapping[str, pa.Array], email: pa.Array, name: pa.Array, vault: Vault) -> pa.Table:
    """email, person_key, person_key_id, person_basis: one row per row of `people`, in the same order."""
    identified = pc.or_(pc.is_valid(email), pc.is_valid(name))
    person_key = person_key_id = pa.nulls(len(email), pa.string())
    for year in sorted(pc.unique(people["year"].filter(identified)).to_pylist()):
        key = vault.keyring.key_for(year)
        rows = pc.and_(identified, pc.equal(people["year"], year))
        hashed = pc.coalesce(
            pseudonyms_under(key, EMAIL_DOMAIN, email.filter(rows)),
            pseudonyms_under(key, NAME_DOMAIN, name.filter(rows)),
        )
        person_key = pc.replace_with_mask(person_key, rows, hashed)
        person_key_id = pc.if_else(rows, key.key_id, person_key_id)
    basis = pc.if_else(pc.is_valid(email), "email", pc.if_else(pc.is_valid(name), "name", "none"))
    stands_in = pc.fill_null(pc.ends_with(email, f"@{STAND_IN_DOMAIN}"), False)
    basis = pc.if_else(stands_in, "erased", basis)
    return pa.table(
        {
            "row_number": people["row_number"],
            "email": email,
            "person_key": person_key,
            "person_key_id": person_key_id,
            "person_basis": basis,
        }
    )


@contextmanager
def _beside(con: duckdb.DuckDBPyConnection, columns: pa.Table) -> Iterator[str]:
    """The SQL that puts `columns`, as `k`, beside the rows of a table in their order: no sort, no hash table, no copy."""
    con.register("door_beside", columns)
    try:
        yield "positional join door_beside k"
    finally:
        con.unregister("door_beside")


def _columns(
    con: duckdb.DuckDBPyConnection, query: str, schema: pa.Schema, params: Mapping[str, str] | None = None
) -> dict[str, pa.Array]:
    table = con.sql(query, params=dict(params or {})).to_arrow_table(_BATCH_ROWS).cast(schema)
    return {
        field.name: pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], field.type)
        for field, column in zip(schema, table.columns, strict=True)
    }


def _identities_query(table: str, personal: Mapping[str, str], roles: Mapping[str, str], beside: str) -> str:
    """The rows of IDENTITIES: those of the table where a personal column is filled."""
    column_of = _column_of(roles)
    texts = [f"{_text(column_of.get(role), 't.')} as {role}" for role in TEXT_ROLES if role != "email"]
    maps = [f"{_map([column for column, held in roles.items() if held == role])} as {role}" for role in MAP_ROLES]
    typed = _text(column_of.get("email"), "t.")
    filled = " or ".join(f"{_text(column, 't.')} is not null" for column in personal) or "false"
    return (
        f"select $source as source, $delivery_id as delivery_id, k.row_number, k.person_key, k.person_key_id, k.person_basis, "
        f"k.email, case when {typed} is distinct from k.email then {typed} end as email_typed, {', '.join(texts + maps)} "
        f"from {_quoted(table)} t {beside} where {filled}"
    )


def _map(columns: Sequence[str]) -> str:
    """SQL of a map from column name to text, without the empty ones; null when all are."""
    texts = [_text(column, "t.") for column in columns]
    if not texts:
        return "cast(null as map(varchar, varchar))"
    if len(texts) == 1:
        return f"case when {texts[0]} is not null then map([{_literal(columns[0])}], [{texts[0]}]) end"
    entries = ", ".join(
        f"{{'key': {_literal(column)}, 'value': {text}}}" for column, text in zip(columns, texts, strict=True)
    )
    filled = " or ".join(f"{text} is not null" for text in texts)
    return f"case when {filled} then map_from_entries(list_filter([{entries}], lambda e: e.value is not null)) end"


def _replace(con: duckdb.DuckDBPyConnection, table: str, kept: Sequence[str], beside: str) -> None:
    columns = ", ".join([*(f"t.{_quoted(column)}" for column in kept), *(f"k.{column}" for column in PERSON_COLUMNS)])
    con.execute(
        f"create or replace {_kind(con, table)} {_quoted(table)} as select {columns} from {_quoted(table)} t {beside}"
    )


def _kind(con: duckdb.DuckDBPyConnection, table: str) -> str:
    temporary = con.execute("select bool_or(temporary) from duckdb_tables() where table_name = ?", [table]).fetchall()[
        0
    ][0]
    return "temp table" if temporary else "table"


def _text(column: str | None, prefix: str = "") -> str:
    """SQL of a cell as text, null when blank."""
    return "cast(null as varchar)" if column is None else f"nullif(trim({prefix}{_quoted(column)}::varchar), '')"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
