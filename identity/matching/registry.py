"""What matching keeps in the vault: which rows are which identity, and which identities are which person.

Here: two encrypted files, written when matching ends and read by whoever asks about a person. Not here: any decision.

    <vault>/matching/identity.parquet.enc   fingerprint, uid and the normal forms of each identity
    <vault>/matching/row.parquet.enc        source, delivery_id, row_number, fingerprint, year
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from identity.cipher import VaultError
from identity.keys import private_directory
from identity.vault import Vault, refuse_leaky

FOLDER = "matching"
_TABLES = {
    "identity": "select x.fingerprint, p.uid, x.email, x.name, x.given, x.family, x.phone, x.org, x.postcode, x.scope, x.first_at "
    "from identity x join person_of p using (i) order by x.fingerprint",
    "row": "select n.source, n.delivery_id, r.row_number, x.fingerprint, l.year from row_identity r join delivery_no n using (d) "
    "join landed l using (d, row_number) join identity x using (i) order by n.source, n.delivery_id, r.row_number",
}


def keep(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Keep the identities and rows of `con` in place of those kept before."""
    folder = private_directory(vault.directory / FOLDER)
    for table, query in _TABLES.items():
        reader = con.sql(query).to_arrow_reader(128 * 1024)
        with (
            vault.cipher.create(folder / f"{table}.parquet.enc", purpose="matching", context=table) as file,
            pq.ParquetWriter(file, reader.schema, compression="zstd", write_statistics=False) as parquet,
        ):
            for batch in reader:
                parquet.write_batch(batch)


def recall(con: duckdb.DuckDBPyConnection, vault: Vault, *, purpose: str) -> None:
    """Register what was kept in `con` as `kept_identity` and `kept_row`; logged first. Raises VaultError before any matching."""
    refuse_leaky(con)
    tables = {table: _read(vault, table) for table in _TABLES}
    vault.log.record(
        purpose, "read", [f"{FOLDER}/{table}" for table in tables], sum(t.num_rows for t in tables.values())
    )
    for table, content in tables.items():
        con.register(f"kept_{table}", content)


def _read(vault: Vault, table: str) -> pa.Table:
    path = vault.directory / FOLDER / f"{table}.parquet.enc"
    if not path.exists():
        raise VaultError("Aucun rapprochement n'a encore été fait : lancez une nuit (observatoire run).")
    with vault.cipher.open_decrypted(path, purpose="matching", context=table) as decrypted, decrypted.open() as file:
        return pq.read_table(file)
