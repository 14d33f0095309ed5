"""The analysts' copy of the warehouse: one DuckDB file per release, read-only, that older DuckDB versions open.

Belongs here: choosing tables and copying them. Only `dim_`, `fct_`, `bridge_` and `ind_` tables leave the candidate;
its staging, landing, reference and control tables do not. An `ind_` table is written from the Parquet bytes that
ship, so that the three forms of one figure cannot differ: a withheld dataset has none, a carried one is that of its
release. Columns that the dictionary marks `privacy: direct` never leave. The file stands under `analysts/` and is not public: facts
of persons are in it, one row each, under a pseudonym; only its `ind_` tables are protected (`disclosure`). Does not belong here: any computation.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

PREFIXES = ("dim_", "fct_", "bridge_")

# duckdb 2.0 writes files that 1.x cannot open unless told otherwise; 1.2 is the oldest that dbt-duckdb 1.11 meets.
STORAGE_VERSION = "v1.2.0"
WRITTEN_AS = f"STORAGE_VERSION '{STORAGE_VERSION}', BLOCK_SIZE 65536"
"""How such a file is attached. Its blocks are a quarter of DuckDB's own: a column of a small table fills one, and releases are kept. Half the file at 20,000
registrations; at a million the same, as is the time to write it."""


def copy_rows(candidate: Path, target: Path) -> None:
    """Begin `target` with the rows that no decision changes: the `dim_`, `fct_` and `bridge_` tables of the candidate."""
    hidden = private_columns(candidate / "dictionary.json")
    with _written(target, candidate / "warehouse.duckdb") as connection:
        for name, columns in _star(connection):
            kept = [column for column in columns if (name, column) not in hidden]
            if kept:
                chosen = ", ".join(f'"{column}"' for column in kept)
                connection.execute(f'CREATE TABLE shipped.main."{name}" AS SELECT {chosen} FROM made.main."{name}"')


def add_figures(datasets: Mapping[str, pa.Table], target: Path) -> None:
    """Complete `target` with the tables that ship, by name."""
    with _written(target) as connection:
        for name, table in sorted(datasets.items()):
            connection.register("sealed", table)
            connection.execute(f'CREATE TABLE shipped.main."{name}" AS SELECT * FROM sealed')
            connection.unregister("sealed")


@contextmanager
def _written(target: Path, made: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that writes `shipped`, the target, and reads `made`. One thread: the same rows give the same bytes."""
    connection = duckdb.connect(config={"threads": "1", "preserve_insertion_order": "true"})
    try:
        if made:
            connection.execute(f"ATTACH '{_quoted(made)}' AS made (READ_ONLY)")
        connection.execute(f"ATTACH '{_quoted(target)}' AS shipped ({WRITTEN_AS})")
        # what follows touches nothing outside these two files
        connection.execute("SET enable_external_access = false")
        connection.execute("BEGIN")  # one commit, not one write to the disk per table
        yield connection
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT shipped")
        connection.execute("DETACH shipped")
    finally:
        connection.close()
    if target.with_name(f"{target.name}.wal").exists():
        raise OSError(f"{target.name} was closed with a write-ahead log beside it")


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a warehouse, a candidate's or a release's, that reads nothing else. The first costs 30 ms, others a millisecond while one is open."""
    connection = duckdb.connect(
        str(path), read_only=True, config={"enable_external_access": "false", "lock_configuration": "true"}
    )
    try:
        yield connection
    finally:
        connection.close()


def read(path: Path, table: str) -> pa.Table:
    """One table of an analysts' file, in the order it was written."""
    with opened(path) as connection:
        return connection.sql(f'SELECT * FROM main."{table}"').to_arrow_table()


def table_names(path: Path) -> list[str]:
    with opened(path) as connection:
        names = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")
        return sorted(name for (name,) in names.fetchall())


def private_columns(dictionary: Path) -> set[tuple[str, str]]:
    """(model, column) marked `privacy: direct` in the dictionary that is sealed with a candidate."""
    models = json.loads(dictionary.read_text(encoding="utf-8"))["models"]
    return {
        (model, name)
        for model, body in models.items()
        for name, column in body.get("columns", {}).items()
        if (column.get("meta") or {}).get("privacy") == "direct"
    }


def _star(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str]]]:
    found = connection.execute(
        "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
        "WHERE database_name = 'made' AND schema_name = 'main' GROUP BY ALL ORDER BY 1"
    ).fetchall()
    return [(name, columns) for name, columns in found if name.startswith(PREFIXES)]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
