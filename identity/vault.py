"""The vault: the identities of each delivery, encrypted, one file per delivery.

Here: what an identity row is, storing, loading for a job that has a purpose, forgetting.
Not here: taking identities out of a delivery (`door.py`), keys (`keys.py`), formats of encryption (`cipher.py`).

    <vault>/master.key       absent when the key comes from the environment
    <vault>/keyring.json     pseudonym keys, wrapped
    <vault>/access.jsonl     who read what and why; access.head
    <vault>/breaches.sealed  journal of breaches, once there is one
    <vault>/identities/<source>__<delivery_id>.parquet.enc
    <vault>/identities/keys.json           fingerprints of the keys they may be named under
    <vault>/tombstones/<id>.enc            who was erased (tombstones.py)
    <vault>/under_way/<id>.enc             who is being erased (under_way.py)
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from identity.access import AccessLog
from identity.cipher import Cipher, VaultError, sync_directory
from identity.keys import IDENTITIES_FOLDER, Keyring, open_master_key, private_directory
from identity.tombstones import Tombstones
from identity.under_way import ErasuresUnderWay

_TEXT_MAP = pa.map_(pa.string(), pa.string())

TEXT_ROLES = (
    "email",
    "given_name",
    "family_name",
    "full_name",
    "phone",
    "organisation_text",
    "postcode",
    "address",
    "signature",
)
"""Personal fields of which a row has one: a column each."""
MAP_ROLES = ("free_text", "consent", "other")
"""Personal fields of which a row may have several: a map from the canonical field to its text."""

IDENTITIES = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("delivery_id", pa.string(), nullable=False),
        pa.field("row_number", pa.int32(), nullable=False),
        ("person_key", pa.string()),
        ("person_key_id", pa.string()),
        pa.field("person_basis", pa.string(), nullable=False),
        ("email", pa.string()),
        ("email_typed", pa.string()),
        *[(role, pa.string()) for role in TEXT_ROLES if role != "email"],
        *[(role, _TEXT_MAP) for role in MAP_ROLES],
    ]
)
"""One row per row of a delivery that holds something personal; `(source, delivery_id, row_number)` is its key.

`email` is normalised; `email_typed` is what was typed where it differs (a cell that holds no address has only that).
`person_key, person_key_id, person_basis` are those of the landed row. Every other column is as typed.
"""

_ROW_KEY = ("source", "delivery_id", "row_number")
_SOURCE = re.compile(r"[a-z][a-z0-9_]{0,99}")
_DELIVERY = re.compile(r"[A-Za-z0-9-]{1,64}")
_SUFFIX = ".parquet.enc"
_ROW_GROUP_ROWS = 128 * 1024
PART_ROWS = 4 * _ROW_GROUP_ROWS
"""How many identities `Vault.load_in_parts` holds at once."""


@dataclass(frozen=True)
class StoredDelivery:
    """A delivery whose identities are in the vault. `bytes` of the encrypted file."""

    source: str
    delivery_id: str
    bytes: int


class Vault:
    """The vault in one directory (0700), opened with its master key. Everything sealed in it is 0600."""

    def __init__(self, directory: Path, environ: Mapping[str, str] = os.environ) -> None:
        """Open the vault, made on first use. Raises VaultError (WrongKey, Tampered) with a French sentence."""
        self.directory = private_directory(directory)
        self.cipher = Cipher(open_master_key(self.directory, environ))
        self.keyring = Keyring(self.directory, self.cipher)
        self.log = AccessLog(self.directory, self.cipher, environ)
        self.tombstones = Tombstones(self.directory, self.cipher)
        self.under_way = ErasuresUnderWay(self.directory, self.cipher)

    def __repr__(self) -> str:
        return f"<Vault {self.directory}>"

    def store(self, source: str, delivery_id: str, identities: pa.Table | pa.RecordBatchReader) -> int:
        """Keep the identities of a delivery, in place of those it had; the number of rows.

        `identities` has the schema IDENTITIES; a reader is consumed batch by batch. Durable when this returns.
        Raises TypeError for another schema.
        """
        path = self.identities_path(source, delivery_id)
        if not identities.schema.equals(IDENTITIES):
            raise TypeError(f"identities do not have the schema of the vault: {', '.join(identities.schema.names)}")
        batches = identities.to_batches() if isinstance(identities, pa.Table) else identities
        rows = 0
        with (
            self.cipher.create(path, purpose="identities", context=_context(source, delivery_id)) as file,
            pq.ParquetWriter(
                file, IDENTITIES, compression="zstd", use_dictionary=_REPEATING, write_statistics=False
            ) as parquet,
        ):
            for batch in batches:
                parquet.write_batch(batch, row_group_size=_ROW_GROUP_ROWS)
                rows += batch.num_rows
        return rows

    def load(
        self,
        con: duckdb.DuckDBPyConnection,
        *,
        purpose: str,
        deliveries: Iterable[tuple[str, str]] | None = None,
        name: str = "identities",
        columns: Sequence[str] | None = None,
    ) -> int:
        """Register the identities of `deliveries` (source, delivery_id; all when None) in `con` as `name`; the number of rows.

        `columns`: only these, beside source, delivery_id and row_number.

        `con` must come from `open_private`. The access is logged before anything is given. Raises VaultError for an
        unknown purpose, a delivery that is not there, or bytes that do not open.
        """
        refuse_leaky(con)
        wanted = (
            [(stored.source, stored.delivery_id) for stored in self.deliveries()]
            if deliveries is None
            else [*deliveries]
        )
        names = None if columns is None else [*_ROW_KEY, *columns]
        tables = [self._read(source, delivery_id, names) for source, delivery_id in wanted]
        empty = IDENTITIES.empty_table() if names is None else IDENTITIES.empty_table().select(names)
        table = pa.concat_tables([empty, *tables])
        self.log.record(purpose, "read", [_context(*delivery) for delivery in wanted], table.num_rows)
        con.register(name, table)
        return table.num_rows

    def load_in_parts(
        self,
        con: duckdb.DuckDBPyConnection,
        *,
        purpose: str,
        deliveries: Iterable[tuple[str, str]],
        name: str,
        columns: Sequence[str],
    ) -> Iterator[int]:
        """As `load`, but never more than PART_ROWS rows at once: each part takes the place of the one before it as `name`, and is logged
        before it is given. Yields the number of rows of each."""
        refuse_leaky(con)
        for part in _in_parts(self._batches(deliveries, [*_ROW_KEY, *columns])):
            about = sorted({_context(batch["source"][0].as_py(), batch["delivery_id"][0].as_py()) for batch in part})
            table = pa.Table.from_batches(part)
            self.log.record(purpose, "read", about, table.num_rows)
            con.register(name, table)
            yield table.num_rows
            con.unregister(name)

    def deliveries(self) -> list[StoredDelivery]:
        """What the vault holds, by source then delivery. Reads no identity."""
        found = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            source, separator, delivery_id = path.name.removesuffix(_SUFFIX).rpartition("__")
            if separator and not source.startswith("."):
                found.append(StoredDelivery(source, delivery_id, path.stat().st_size))
        return found

    def forget_delivery(self, source: str, delivery_id: str, *, purpose: str) -> bool:
        """Remove the identities of a delivery, logged first; False when there were none."""
        path = self.identities_path(source, delivery_id)
        leftovers = [*self._folder.glob(f".{path.name}.*")]
        if not path.exists() and not leftovers:
            return False
        rows = self._read(source, delivery_id, columns=["row_number"]).num_rows if path.exists() else 0
        self.log.record(purpose, "erase", [_context(source, delivery_id)], rows)
        for file in [path, *leftovers]:
            file.unlink(missing_ok=True)
        sync_directory(self._folder)
        return True

    @property
    def _folder(self) -> Path:
        return private_directory(self.directory / IDENTITIES_FOLDER)

    def identities_path(self, source: str, delivery_id: str) -> Path:
        """The encrypted file of a delivery's identities, there or not. Raises ValueError for names that cannot be those of a file."""
        if not _SOURCE.fullmatch(source) or not _DELIVERY.fullmatch(delivery_id):
            raise ValueError("source or delivery_id cannot name a file of the vault")
        return self._folder / f"{source}__{delivery_id}{_SUFFIX}"

    def _read(self, source: str, delivery_id: str, columns: list[str] | None = None) -> pa.Table:
        with self._open(source, delivery_id) as file:
            table = pq.read_table(file, columns=columns)
        schema = IDENTITIES if columns is None else pa.schema([IDENTITIES.field(name) for name in columns])
        return table.select(schema.names).cast(schema)

    def _batches(self, deliveries: Iterable[tuple[str, str]], columns: list[str]) -> Iterator[pa.RecordBatch]:
        """The rows of these deliveries, one after the other, PART_ROWS at most in each batch; none is empty."""
        schema = pa.schema([IDENTITIES.field(name) for name in columns])
        for source, delivery_id in deliveries:
            with self._open(source, delivery_id) as file:
                for batch in pq.ParquetFile(file).iter_batches(PART_ROWS, columns=columns):
                    yield batch.select(columns).cast(schema)

    @contextmanager
    def _open(self, source: str, delivery_id: str) -> Iterator[BinaryIO]:
        path, context = self.identities_path(source, delivery_id), _context(source, delivery_id)
        if not path.exists():
            raise VaultError(f"Le coffre n'a pas d'identités pour la livraison {context}.")
        with (
            self.cipher.open_decrypted(path, purpose="identities", context=context) as decrypted,
            decrypted.open() as file,
        ):
            yield file


def _in_parts(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Small batches together, PART_ROWS rows at most."""
    part: list[pa.RecordBatch] = []
    for batch in batches:
        if part and sum(held.num_rows for held in part) + batch.num_rows > PART_ROWS:
            yield part
            part = []
        part.append(batch)
    if part:
        yield part


# A dictionary of values that hardly repeat costs time and saves nothing.
_REPEATING = ["source", "delivery_id", "person_key_id", "person_basis"]


def open_private(*, memory_limit: str | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection fit for personal data: in memory, unable to spill to a temporary directory.

    Nor does it take a Python variable for a table that is not there (`python_enable_replacements`).
    """
    limit = {} if memory_limit is None else {"memory_limit": memory_limit}
    return duckdb.connect(
        ":memory:", config={"threads": 2, "temp_directory": "", "python_enable_replacements": False, **limit}
    )


def refuse_leaky(con: duckdb.DuckDBPyConnection) -> None:
    """Raise ValueError unless nothing that `con` holds can reach a disk by itself."""
    files = con.execute("select count(*) from duckdb_databases() where not internal and path is not null").fetchall()[
        0
    ][0]
    spill = con.execute("select current_setting('temp_directory')").fetchall()[0][0]
    if files or spill:
        raise ValueError(
            "personal data needs a connection of identity.vault.open_private: in memory, without temp_directory"
        )


def _context(source: str, delivery_id: str) -> str:
    return f"{source}/{delivery_id}"
