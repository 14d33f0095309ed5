"""Taking an erased person out of the releases: the only way in which a released file ever changes.

Belongs here: the analysts' files of every release, their seals, the note that is left. Does not belong here: who is erased.
Public files hold aggregates and stay byte for byte what they were.

A release is immutable for everybody, and the law is above it (RGPD art. 17): the analysts' warehouse is written again without the
person, `release.json` gets its new digest and a note (when, how many rows, nothing else), the journal a line `redacted`; `verify`
then holds the release to these. In the tables that have a `participant_key`:

- the rows of the person stay, so that no count moves, under another key;
- what singles the person out (QUASI) is emptied, what another system knows the row by (KEYS) is replaced by tokens, `is_erased` says so;
- the evidence of matching (`bridge_participant_link`) goes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from publication import shelf
from publication.shelf import Release
from publication.warehouse import WRITTEN_AS

QUASI = (
    "organisation_key", "organisation_id", "organisation_text", "siret", "siren", "postcode", "commune_code", "commune_text",
    "epci_code", "department_code",
)  # fmt: skip
"""Columns that single a person out in a row about the person."""

KEYS = (
    "registration_id",
    "registration_key",
    "attendance_id",
    "attendance_key",
    "response_id",
    "response_key",
    "order_id",
    "pseudonym",
)
"""Columns under which the row is known elsewhere, or to another table: equal before, equal after."""

EVIDENCE = "bridge_participant_link"


@dataclass(frozen=True)
class Renamed:
    """What takes the place of a person in the releases: `participants` maps each participant key to another; `token` gives 32
    hex digits for a column and a value, the same for the same; `rows`: landed rows (source, delivery_id, row_number) that go also where
    they are no participant's."""

    participants: Mapping[int, int]
    token: Callable[[str, str], str]
    rows: Collection[tuple[str, str, int]] = ()


@dataclass(frozen=True)
class RedactedRelease:
    number: int
    nb_rows: int


def redact(
    releases: Path, renamed: Renamed, *, now: datetime, moved: Callable[[int, int], None] = lambda done, total: None
) -> list[RedactedRelease]:
    """Take the person out of every release that holds it; which ones, with the rows concerned. Raises Refused when somebody publishes.

    Safe to repeat: a release that does not hold the person is left alone. `moved(done, total)` is called before each release.
    """
    from publication.decision import Refused

    releases = Path(releases)
    if not (renamed.participants or renamed.rows) or not releases.is_dir():
        return []
    done = []
    try:
        with shelf.locked(releases):
            numbers = shelf.directories(releases)
            for nb_done, number in enumerate(numbers):
                moved(nb_done, len(numbers))
                directory = releases / str(number)
                if (directory / shelf.RELEASE_FILE).exists():
                    rows = _redact_one(shelf.read_release(directory), renamed, now)
                    if rows:
                        done.append(RedactedRelease(number, rows))
    except shelf.Busy as busy:
        raise Refused(str(busy)) from None
    return done


def _redact_one(release: Release, renamed: Renamed, now: datetime) -> int:
    warehouse = release.warehouse
    if not warehouse.exists() or not rows_in(warehouse, renamed):
        return 0
    aside = release.path.parent / f"{shelf.TEMPORARY}redacted-{release.number}"
    if aside.exists():
        shelf.remove(aside)
    aside.mkdir()
    made = aside / warehouse.name
    rows = rewrite(warehouse, made, renamed)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    files = release.files | {warehouse.relative_to(release.path).as_posix(): digest}
    written = [(made, warehouse)]
    note = {"at": now.isoformat(), "rows": rows, "why": "Effacement à la demande d’une personne (RGPD, article 17)."}
    redacted = replace(release, files=files, redactions=(*release.redactions, note))
    made = aside / shelf.RELEASE_FILE
    made.write_text(redacted.as_json(), encoding="utf-8")
    written.append((made, release.path / shelf.RELEASE_FILE))
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    shelf.note(release.path.parent, "redacted", at=now, release=release.number, sha256=digest, rows=rows)
    for made, place in written:
        _put(made, place)
    shelf.remove(aside)
    return rows


def _put(made: Path, place: Path) -> None:
    """Put a file in the place of a sealed one: its directory is opened for the time of one rename."""
    os.chmod(made, 0o444)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    mode = stat.S_IMODE(place.parent.stat().st_mode)
    os.chmod(place.parent, 0o755)
    try:
        os.replace(made, place)
    finally:
        os.chmod(place.parent, mode)
    shelf.sync_directory(place.parent)


def participants_of(releases: Path, rows: Collection[tuple[str, str, int]]) -> set[int]:
    """Keys under which the releases know who these landed rows (source, delivery_id, row_number) belong to: an earlier night may have
    given the person another key than tonight's."""
    found: set[int] = set()
    for directory in (Path(releases) / str(number) for number in shelf.directories(Path(releases))):
        path = directory / "analysts" / "warehouse.duckdb"
        if not path.exists():
            continue
        with _opened(path) as (con, tables):
            delivery, columns = tables.get("fct_delivery", ("", {}))
            if not {"delivery_key", "source", "delivery_id"} <= columns.keys():
                continue
            asked = _table(**{name: [row[index] for row in rows] for index, name in enumerate(_COORDINATES)})
            con.register("wanted", asked)
            for place, own in tables.values():
                if {"participant_key", "delivery_key", "row_number"} <= own.keys():
                    keys = con.execute(
                        f"select distinct t.participant_key from {place} t join {delivery} d on d.delivery_key = t.delivery_key join wanted w "
                        "on w.source = d.source and w.delivery_id = d.delivery_id and w.row_number = t.row_number "
                        "where t.participant_key is not null"
                    ).fetchall()
                    found |= {int(key) for (key,) in keys}
    return found


def rows_in(path: Path, renamed: Renamed) -> int:
    """How many rows of the warehouse are the person's."""
    with _opened(path) as (con, tables):
        _ask(con, tables, renamed)
        return sum(
            con.execute(f"select count(*) from {place} where {_is_theirs(columns)}").fetchall()[0][0]
            for place, columns in tables.values()
            if "participant_key" in columns
        )


def _ask(con: duckdb.DuckDBPyConnection, tables: Mapping[str, tuple[str, Mapping[str, str]]], renamed: Renamed) -> None:
    """Tables `renamed` (participants), and of rows that are no participant's `bare_row` (delivery_key, row_number), `bare_place`."""
    con.register("names", _table(before=[*renamed.participants], after=[*renamed.participants.values()]))
    con.execute("create temp table renamed as select before::bigint as before, after::bigint as after from names")
    con.execute("create temp table bare_row (delivery_key varchar, row_number bigint)")
    con.execute("create temp table bare_place (registration_key bigint)")
    delivery, known = tables.get("fct_delivery", ("", {}))
    if not renamed.rows or not {"delivery_key", *_COORDINATES[:2]} <= known.keys():
        return
    con.register(
        "wanted", _table(**{name: [row[index] for row in renamed.rows] for index, name in enumerate(_COORDINATES)})
    )
    con.execute(
        f"insert into bare_row select d.delivery_key, w.row_number from {delivery} d join wanted w using (source, delivery_id)"
    )
    place, columns = tables.get("fct_registration", ("", {}))
    if {"registration_key", *_OF_A_ROW} <= columns.keys():
        con.execute(
            f"insert into bare_place select registration_key from {place} where {_is_theirs(columns)} and participant_key is null"
        )


_OF_A_ROW = ("participant_key", "delivery_key", "row_number", "is_erased")
"""Columns of a table whose rows are landed rows about persons."""


def _is_theirs(columns: Mapping[str, str]) -> str:
    """SQL: whether a row is the person's; where it is no participant's and was not erased yet, by its place in a delivery."""
    is_theirs = '"participant_key" in (select before from renamed)'
    if not columns.keys() >= set(_OF_A_ROW):
        return is_theirs
    places = "or registration_key in (from bare_place)" if "registration_key" in columns else ""
    bare = f"(delivery_key::varchar, row_number::bigint) in (select (delivery_key, row_number) from bare_row) {places}"
    return f"coalesce(case when participant_key is null then not is_erased and ({bare}) else {is_theirs} end, false)"


def rewrite(path: Path, made: Path, renamed: Renamed) -> int:
    """Write `made`, the warehouse without the person; how many rows were the person's. A new file: nothing of the old bytes is left."""
    rows = 0
    with _opened(path) as (con, tables):
        con.create_function("token", renamed.token, ["VARCHAR", "VARCHAR"], "VARCHAR")
        _ask(con, tables, renamed)
        con.execute(f"attach '{_quoted(made)}' as made ({WRITTEN_AS})")
        con.execute("begin")
        for name, (place, columns) in tables.items():
            chosen, found = _chosen(con, name, place, columns)
            rows += found
            con.execute(f'create table made.main."{name}" as {chosen}')
        con.execute("commit")
        con.execute("checkpoint made")
        con.execute("detach made")
    return rows


def _chosen(con: duckdb.DuckDBPyConnection, name: str, place: str, columns: Mapping[str, str]) -> tuple[str, int]:
    """The query of a table without the person, in its order, and how many of its rows are the person's."""
    if "participant_key" not in columns:
        return f"select * from {place}", 0
    is_theirs = _is_theirs(columns)
    found = con.execute(f"select count(*) from {place} where {is_theirs}").fetchall()[0][0]
    if name == EVIDENCE:
        return f"select * from {place} where participant_key is null or not ({is_theirs})", found
    changed = []
    for column, type_ in columns.items():
        quoted = f'"{column}"'
        if column == "participant_key":
            changed.append(f"coalesce((select after from renamed where before = {quoted}), {quoted}) as {quoted}")
        elif column in QUASI:
            changed.append(f"case when not coalesce({is_theirs}, false) then {quoted} end as {quoted}")
        elif column == "is_erased":
            changed.append(f"{quoted} or coalesce({is_theirs}, false) as {quoted}")
        elif column in KEYS:
            token = f"token('{column}', {quoted}::varchar)"
            token = token if type_ == "VARCHAR" else f"('0x' || substr({token}, 1, 15))::bigint::{type_}"
            changed.append(f"case when {is_theirs} and {quoted} is not null then {token} else {quoted} end as {quoted}")
        else:
            changed.append(quoted)
    return f"select {', '.join(changed)} from {place}", found


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, tuple[str, dict[str, str]]]]]:
    """A connection, and the tables of a warehouse: name → (where it stands in SQL, column → type), in their order."""
    con = duckdb.connect(config={"threads": "1", "preserve_insertion_order": "true"})
    try:
        con.execute(f"attach '{_quoted(path)}' as kept (read_only)")
        found = con.execute(
            "select table_name, column_name, data_type from duckdb_columns() where database_name = 'kept' and schema_name = 'main' "
            "order by table_oid, column_index"
        ).fetchall()
        tables: dict[str, tuple[str, dict[str, str]]] = {}
        for name, column, type_ in found:
            tables.setdefault(name, (f'kept.main."{name}"', {}))[1][column] = type_
        yield con, tables
    finally:
        con.close()


_COORDINATES = ("source", "delivery_id", "row_number")


def _table(**columns: list) -> pa.Table:
    types = {name: pa.string() if name in ("source", "delivery_id") else pa.int64() for name in columns}
    return pa.table({name: pa.array(values, types[name]) for name, values in columns.items()})


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
