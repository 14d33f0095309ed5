"""What matching keeps in the vault from night to night, so that a night costs what changed.

Here: encrypted tables, written when matching ends, read when it begins again and by whoever asks about a person. Not here: any
decision. Nothing here decides: without it, or when the program, the model or a key changed, all is computed again, and is the same.

    <vault>/matching/<table>.parquet.enc
        delivery   source, delivery_id, seal (of its file in the vault), sum (of what the landed rows say)
        row        source, delivery_id, row_number, i
        identity   i, its normal forms, uid of the person, `cluster`: the smallest of all that any evidence ties to it, and
                   method, probability, evidence: why it is in its person
        scored     a, b, bits, probability, evidence, method, is_apart: pairs that Splink scored
        doubt      i, other, method, probability, evidence: pairs for somebody to look at
        decided    a, b, is_apart: what decisions by hand said of the identities that were there
        written    version: the name of the tables that left the vault (`outcome.py`)
        alias      uid, year, key_id, pseudonym       alias_identity   i, year, key_id, source_identity (its 16 hex digits as a number)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from identity.cipher import Decrypted, Tampered, VaultError, WrongKey
from identity.keys import private_directory
from identity.vault import Vault, refuse_leaky

FOLDER = "matching"
TABLES = {
    "delivery": "source varchar, delivery_id varchar, seal varchar, sum varchar",
    "row": "source varchar, delivery_id varchar, row_number integer, i ubigint",
    "identity": "i ubigint, email varchar, is_generic boolean, name varchar, given varchar, family varchar, roots varchar, is_known boolean, "
    "phone varchar, org varchar, postcode varchar, scope varchar, uid ubigint, cluster ubigint, method varchar, probability double, "
    "evidence varchar",
    "scored": "a ubigint, b ubigint, bits double, probability double, evidence varchar, method varchar, is_apart boolean",
    "doubt": "i ubigint, other ubigint, method varchar, probability double, evidence varchar",
    "decided": "a ubigint, b ubigint, is_apart boolean",
    "written": "version varchar",
    "alias": "uid ubigint, year integer, key_id varchar, pseudonym varchar",
    "alias_identity": "i ubigint, year integer, key_id varchar, source_identity ubigint",
}
_ROW_GROUP_ROWS = 256 * 1024


@cache
def program() -> str:
    """A hash of what decides: this package, its lists and model, and the libraries it asks."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.iterdir()):
        if path.suffix in (".py", ".csv", ".yml"):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for library in ("splink", "phonenumbers", "duckdb"):
        digest.update(f"{library} {version(library)}\n".encode())
    return digest.hexdigest()[:16]


def keep(con: duckdb.DuckDBPyConnection, vault: Vault, tables: Iterable[str]) -> None:
    """Keep the tables `keep_<table>` of `con` in place of those kept before. `delivery` is kept last, and is the one read first: a night
    that stops in between leaves nothing that could be taken for whole."""
    _path(vault, "delivery").unlink(missing_ok=True)
    private_directory(vault.directory / FOLDER)
    for table in tables:
        names = ", ".join(column.split(" ")[0] for column in TABLES[table].split(", "))
        reader = con.sql(f"select {names} from keep_{table}").to_arrow_reader(_ROW_GROUP_ROWS)
        with (
            vault.cipher.create(_path(vault, table), purpose="matching", context=table) as file,
            pq.ParquetWriter(file, reader.schema.with_metadata({"program": program()}), compression="zstd", compression_level=1,
                             write_statistics=False, use_dictionary=_REPEATING) as parquet,
        ):  # fmt: skip
            for batch in reader:
                parquet.write_batch(batch, row_group_size=_ROW_GROUP_ROWS)


_REPEATING = [
    "source", "delivery_id", "seal", "method", "evidence", "key_id", "year", "given", "roots", "org", "postcode", "probability", "bits",
]  # fmt: skip


def forget(vault: Vault) -> None:
    """Remove all that is kept: the next matching computes it again, without whoever was erased meanwhile."""
    for table in TABLES:
        _path(vault, table).unlink(missing_ok=True)


def recall(
    con: duckdb.DuckDBPyConnection,
    vault: Vault,
    *,
    purpose: str,
    tables: Iterable[str] = ("identity", "row", "doubt"),
    columns: Mapping[str, list[str]] = MappingProxyType({}),
) -> None:
    """Make `kept_<table>` in `con` for a question, with `i` as `fingerprint`; logged first. `columns`: of these tables, only those. Raises
    VaultError before any matching."""
    refuse_leaky(con)
    if not _path(vault, "delivery").exists():
        raise VaultError("Aucun rapprochement n'a encore été fait : lancez une nuit (observatoire run).")
    read = {table: _read(vault, table, columns.get(table)) for table in tables}
    vault.log.record(purpose, "read", [f"{FOLDER}/{table}" for table in read], sum(t.num_rows for t in read.values()))
    for table, content in read.items():
        named = content.append_column("fingerprint", content["i"]) if "i" in content.column_names else content
        con.register(f"kept_{table}", named)


@contextmanager
def resumed(con: duckdb.DuckDBPyConnection, vault: Vault) -> Iterator[bool]:
    """Make `kept_<table>` in `con` for the next matching, as long as the block lasts; all empty, and False, when what was kept cannot serve.

    They are views on the decrypted files: what is not asked of them is never unpacked."""
    refuse_leaky(con)
    with ExitStack() as opened:
        try:
            whole = _path(vault, "delivery").exists() and _made_by(vault) == program().encode()
            found = {table: opened.enter_context(_decrypted(vault, table)).path for table in TABLES} if whole else {}
        except (Tampered, WrongKey, OSError, pa.ArrowException):
            found = {}
        if found:
            rows = pq.read_metadata(found["row"]).num_rows
            vault.log.record("matching", "read", [f"{FOLDER}/{table}" for table in found], rows)
        for table, columns in TABLES.items():
            if found:
                con.execute(f"create or replace temp view kept_{table} as from read_parquet('{found[table]}')")
            else:
                con.execute(f"create or replace temp table kept_{table} ({columns})")
        yield bool(found)


def seal_of(vault: Vault, source: str, delivery_id: str) -> str:
    """What tells one file of identities from another of the same delivery: the random salt in its header."""
    with vault.identities_path(source, delivery_id).open("rb") as file:
        return file.read(64).hex()


def _made_by(vault: Vault) -> bytes:
    with _decrypted(vault, "delivery") as kept:
        return (pq.read_schema(kept.path).metadata or {}).get(b"program", b"")


def _path(vault: Vault, table: str) -> Path:
    return vault.directory / FOLDER / f"{table}.parquet.enc"


def _decrypted(vault: Vault, table: str) -> AbstractContextManager[Decrypted]:
    return vault.cipher.open_decrypted(_path(vault, table), purpose="matching", context=table)


def _read(vault: Vault, table: str, columns: list[str] | None) -> pa.Table:
    with _decrypted(vault, table) as kept:
        return pq.read_table(kept.path, columns=columns)
