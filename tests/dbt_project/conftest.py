"""One candidate per session, built from the golden landing as a night would build it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import golden_landing
import pytest
from ruamel.yaml import YAML

PROJECT = Path(__file__).parents[2] / "dbt_project"


@dataclass(frozen=True)
class Candidate:
    """A built warehouse: its file, a connection to it, dbt's manifest, the results of the build, and where dbt writes."""

    warehouse: Path
    connection: duckdb.DuckDBPyConnection
    manifest: Any
    results: list[Any]
    target: Path

    def rows(self, sql: str, *parameters: Any) -> list[tuple]:
        return self.connection.execute(sql, parameters).fetchall()

    def compiled(self, name: str) -> str:
        """The SQL dbt ran for a model or a test."""
        return next(result.node.compiled_code for result in self.results if result.node.name == name)

    def invoke(self, *arguments: str) -> Any:
        return invoke(self.warehouse, self.target, *arguments, manifest=self.manifest)

    def spoiled(self, directory: Path, *statements: str) -> duckdb.DuckDBPyConnection:
        """A connection to a copy on which `statements` were executed. Same file name: compiled SQL names the database."""
        copy = shutil.copy(self.warehouse, directory / self.warehouse.name)
        con = duckdb.connect(str(copy))
        for statement in statements:
            con.execute(statement)
        return con


def invoke(warehouse: Path, target: Path, *arguments: str, manifest: Any = None) -> Any:
    """One dbt command in this process, on `warehouse`. Parses when no manifest is given."""
    from dbt.cli.main import dbtRunner

    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    options += ["--log-path", str(target / "logs"), "--log-level", "none", "--no-write-json"]
    before = os.environ.get("OBSERVATOIRE_CANDIDATE")
    os.environ["OBSERVATOIRE_CANDIDATE"] = str(warehouse)
    try:
        return dbtRunner(manifest=manifest).invoke([*arguments, *options])
    finally:
        if before is None:
            del os.environ["OBSERVATOIRE_CANDIDATE"]
        else:
            os.environ["OBSERVATOIRE_CANDIDATE"] = before


@pytest.fixture(scope="session")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Candidate]:
    directory = tmp_path_factory.mktemp("candidate")
    warehouse, target = directory / "warehouse.duckdb", directory / "target"
    golden_landing.fill(warehouse)
    manifest = invoke(warehouse, target, "parse", "--no-partial-parse").result
    # an open connection of this process spares dbt a checkpoint after each model
    # (as the profile has it opened, or DuckDB refuses to open the file a second time)
    profile = YAML(typ="safe").load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    config = profile["observatoire"]["outputs"]["candidate"]["config_options"]
    connection = duckdb.connect(str(warehouse), config=config)
    run = invoke(warehouse, target, "build", "--exclude-resource-type", "unit_test", manifest=manifest)
    assert run.result, run.exception
    failed = [
        f"{r.node.name}: {r.message}" for r in run.result.results if str(r.status) in ("error", "fail", "skipped")
    ]
    assert not failed, "\n".join(failed)
    connection.execute("checkpoint")
    yield Candidate(warehouse, connection, manifest, list(run.result.results), target)
    connection.close()
