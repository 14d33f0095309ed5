"""A candidate: the files one build made, closed, listed and named by the hash of their bytes.

    warehouse.duckdb            what dbt built, checkpointed, no `.wal`
    data/<dataset>.parquet      each published table (`ind_*`), sorted, as the bytes that would ship
    control/<dataset>.parquet   the counts that the expectations judge: `ctl_<x>` belongs to the dataset `ind_<x>`
    dictionary.json             models, columns and `meta`, from dbt's manifest
    MANIFEST.json               sha256 and size of each file above, and nothing else

Belongs here: sealing a directory, recomputing its hash, saying which bytes are no longer those that were sealed.
Does not belong here: any judgement on what the tables say (suites, `audit`), any date (the same bytes must
always give the same hash), any decision to publish.

The same rows give the same Parquet bytes: rows sorted by key then by every other column, one row group, fixed
writer options, no schema metadata. Only the pinned pyarrow writes its version into the file.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any, BinaryIO

WAREHOUSE = "warehouse.duckdb"
DICTIONARY = "dictionary.json"
MANIFEST = "MANIFEST.json"
DATA = "data"
CONTROL = "control"

#: Columns that sort (and name) a row of a published table, then of a control table.
DATA_KEY = ("programme_id", "indicator", "breakdown", "member", "period")
CONTROL_KEY = ("control", "programme_id", "member")

_TABLE = re.compile(r"(ind|ctl)_[a-z0-9_]+")


class NotSealable(Exception):
    """The directory cannot be (or was not) sealed; the message is for the engineer on duty."""


def seal(directory: Path, dictionary: dict[str, Any]) -> str:
    """Export the `ind_*` and `ctl_*` tables of `directory/warehouse.duckdb`, list every file; the candidate hash.

    Sealing again replaces the exports of an earlier seal. Raises NotSealable when the warehouse is missing, still
    open for writing, has a `.wal` beside it, or holds no `ind_*` table.
    """
    directory = Path(directory)
    warehouse = directory / WAREHOUSE
    _refuse_open_warehouse(warehouse)
    for folder in (DATA, CONTROL):
        shutil.rmtree(directory / folder, ignore_errors=True)
        (directory / folder).mkdir()
    (directory / MANIFEST).unlink(missing_ok=True)
    _export(warehouse, directory)
    (directory / DICTIONARY).write_bytes(_json(dictionary))
    _refuse_open_warehouse(warehouse)
    manifest = _manifest(_files(directory))
    (directory / MANIFEST).write_bytes(manifest)
    return hashlib.sha256(manifest).hexdigest()


def candidate_hash(directory: Path) -> str:
    """The hash of the bytes that are there now: that of the seal if and only if no file changed, came or went.

    MANIFEST.json itself is rebuilt, not trusted. Raises NotSealable when there is nothing to hash.
    """
    return _hash(_files_to_seal(Path(directory)))


def read_manifest(directory: Path) -> dict[str, dict[str, Any]]:
    """`{relative path: {"sha256": …, "bytes": …}}` as it was sealed. Raises NotSealable when missing or unreadable."""
    try:
        files = json.loads((Path(directory) / MANIFEST).read_bytes())["files"]
        return {str(path): {"sha256": str(e["sha256"]), "bytes": int(e["bytes"])} for path, e in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotSealable(f"{MANIFEST} is missing or unreadable ({type(error).__name__})") from error


def hash_and_changes(directory: Path) -> tuple[str, list[str]]:
    """The `candidate_hash`, and the relative paths whose bytes are not those of MANIFEST.json: changed, gone, or come since.

    Raises NotSealable.
    """
    directory = Path(directory)
    now = _files_to_seal(directory)
    sealed = read_manifest(directory)
    changed = sorted(path for path in sealed.keys() | now.keys() if sealed.get(path) != now.get(path))
    wal = f"{WAREHOUSE}.wal"
    return _hash(now), changed + ([wal] if (directory / wal).exists() else [])


def _files_to_seal(directory: Path) -> dict[str, dict[str, Any]]:
    if not (directory / WAREHOUSE).is_file():
        raise NotSealable(f"no {WAREHOUSE} in the candidate")
    return _files(directory)


def _hash(files: dict[str, dict[str, Any]]) -> str:
    return hashlib.sha256(_manifest(files)).hexdigest()


def _refuse_open_warehouse(warehouse: Path) -> None:
    if not warehouse.is_file():
        raise NotSealable(f"no {WAREHOUSE} in the candidate")
    if warehouse.with_name(f"{WAREHOUSE}.wal").exists():
        raise NotSealable(f"{WAREHOUSE}.wal exists: CHECKPOINT and close the warehouse before sealing")


def _export(warehouse: Path, directory: Path) -> None:
    import duckdb

    try:
        # read_only alone is no sandbox: nothing outside the file may be read while we export it
        connection = duckdb.connect(str(warehouse), read_only=True, config={"enable_external_access": "false"})
    except duckdb.Error as error:
        raise NotSealable(f"{WAREHOUSE} cannot be opened read-only: is a writer still open?") from error
    with connection:
        tables = [
            name
            for (name,) in connection.sql(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY ALL"
            ).fetchall()
            if _TABLE.fullmatch(name)
        ]
        if not any(name.startswith("ind_") for name in tables):
            raise NotSealable("no ind_* table in the warehouse")
        for name in tables:
            folder, key = (DATA, DATA_KEY) if name.startswith("ind_") else (CONTROL, CONTROL_KEY)
            dataset = "ind_" + name.removeprefix("ind_").removeprefix("ctl_")
            write_parquet(_sorted_table(connection, name, key), directory / folder / f"{dataset}.parquet")


def _sorted_table(connection: Any, name: str, key: tuple[str, ...]) -> Any:
    """Every row, columns in model order; ties on the key are broken by all other columns, so the order is total."""
    relation = connection.sql(f'SELECT * FROM main."{name}"')
    order = [column for column in key if column in relation.columns]
    order += [column for column in relation.columns if column not in order]
    return relation.order(", ".join(f'"{column}" ASC NULLS LAST' for column in order)).to_arrow_table()


def write_parquet(table: Any, where: Path | BinaryIO) -> None:
    """An Arrow table as a candidate seals it, and as it ships: the same rows give the same bytes."""
    import pyarrow.parquet as parquet

    parquet.write_table(
        table.replace_schema_metadata(None).combine_chunks(),
        where,
        row_group_size=max(table.num_rows, 1),
        version="2.6",
        compression="zstd",
        compression_level=9,
        use_dictionary=True,
        write_statistics=True,
        store_schema=False,
    )


def _manifest(files: dict[str, dict[str, Any]]) -> bytes:
    return _json({"files": files})


def _files(directory: Path) -> dict[str, dict[str, Any]]:
    """What a candidate is made of. Anything else in the directory (dbt's own logs and target) is not part of it."""
    paths = [directory / WAREHOUSE, directory / DICTIONARY]
    for folder in (DATA, CONTROL):
        paths += (path for path in (directory / folder).rglob("*") if path.is_file())
    return {
        path.relative_to(directory).as_posix(): {"sha256": _sha256(path), "bytes": path.stat().st_size}
        for path in sorted(paths)
        if path.is_file()
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
