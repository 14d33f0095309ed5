"""dbt, in this process: parse once per state of the project, build one candidate, say in one sentence what went wrong.

Belongs here: how dbt is called, its manifest and its dictionary. Does not belong here: SQL, and what is done with a
candidate before and after (`night.py`).

The manifest is parsed with a fixed candidate path and then handed to dbt as an object: the path of the night's
candidate changes every night, and dbt parses everything again when an environment variable of the profile changes.
SQL is rendered at the same time, once: it depends on nothing but the project. `dbt` is imported inside functions (2 seconds).
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orchestration.candidates import Candidate, write_json
from orchestration.fingerprint import Memory, files_under, group_hash
from orchestration.home import Home, Settings
from rulebook.numbers import plural

PROMISE, ALL_PROMISES = "keeps", "every_promise_is_kept"
PARSED_WITH = "/dev/null/observatoire/warehouse.duckdb"
NO_MEMORY = "la mémoire permise à l'entrepôt ne suffit pas, memory_limit est à augmenter dans dbt_project/profiles.yml"
_FAILURE = re.compile(r"(?P<place>[\w ]+ Error in \w+ \w+ \([^\n)]*\))(?:\n\s*(?P<kind>[A-Z][\w ]* Error): )?")
"""How a message of dbt begins: its own kind of error and the node, then the kind of DuckDB's."""
_SPEAKS_OF_SQL = frozenset({"Parser Error", "Binder Error", "Catalog Error", "Out of Memory Error"})
"""What DuckDB says before it reads a row, and of its memory: it quotes the SQL of the project."""
LAYERS = {"stg": "staging", "int": "intermediate", "dim": "star", "fct": "star", "bridge": "star"}
LAYERS |= {"ctl": "controls", "ind": "indicators"}


class WarehouseError(Exception):
    """dbt could not parse or build. `sentence` (French) names models and tests; `detail`, for a log, what the database said of them where
    it speaks of SQL, and only the kind of error where it may quote a value."""

    def __init__(self, sentence: str, detail: str = ""):
        super().__init__(sentence)
        self.sentence = sentence
        self.detail = detail


@dataclass(frozen=True)
class Model:
    """One node of dbt that leaves a table or view in the candidate, and what it reads."""

    name: str
    description: str
    layer: str
    kind: str
    path: str
    reads: tuple[str, ...]
    reads_landing: bool


@dataclass(frozen=True)
class Built:
    """What a build left: rows and seconds per model, tests that ran, and those that only warn (names)."""

    rows: dict[str, int]
    seconds: dict[str, float]
    tests: int
    warnings: tuple[str, ...]


def load_manifest(home: Home) -> dict[str, Any]:
    """dbt's manifest as JSON, parsed first when it is missing or speaks of another state of the project."""
    if not is_parsed(home):
        with _one_parser(home.dbt_target):
            _parse(home, home.dbt_target)
    return json.loads(home.manifest.read_text(encoding="utf-8"))


def is_parsed(home: Home) -> bool:
    """Whether this home has the manifest of the project as it is now, copied from the installation if need be."""
    with _one_parser(home.dbt_target):
        if not _is_parsed(home, home.dbt_target) and _is_parsed(home, home.installed_manifest_dir):
            _copy_parsed(home.installed_manifest_dir, home.dbt_target)
        return _is_parsed(home, home.dbt_target)


def parse_at_installation(home: Home) -> None:
    """Parse the project once beside it (`make install` does), so that no first night has to: some eight seconds."""
    with _one_parser(home.installed_manifest_dir):
        if not _is_parsed(home, home.installed_manifest_dir):
            _parse(home, home.installed_manifest_dir)


def models(manifest: dict[str, Any]) -> list[Model]:
    """Models, seeds and snapshots, dependencies first. `reads` names only such nodes; sources are `reads_landing`."""
    nodes = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed", "snapshot") and node["config"].get("materialized") != "ephemeral"
    }
    ephemeral = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["config"].get("materialized") == "ephemeral"
    }

    def parents(unique_id: str) -> Iterator[str]:
        for parent in manifest["nodes"][unique_id]["depends_on"].get("nodes", []):
            if parent in ephemeral:
                yield from parents(parent)
            else:
                yield parent

    found: dict[str, Model] = {}

    def add(unique_id: str) -> None:
        node = nodes[unique_id]
        if node["name"] in found:
            return
        above = sorted(set(parents(unique_id))) if node["resource_type"] != "seed" else []
        for parent in above:
            if parent in nodes:
                add(parent)
        found[node["name"]] = Model(
            name=node["name"],
            description=node.get("description", ""),
            layer=_layer(node),
            kind=node["config"].get("materialized", node["resource_type"]),
            path=node["original_file_path"],
            reads=tuple(nodes[parent]["name"] for parent in above if parent in nodes),
            reads_landing=any(parent.startswith("source.") for parent in above),
        )

    for unique_id in sorted(nodes):
        add(unique_id)
    return list(found.values())


def dictionary(manifest: dict[str, Any]) -> dict[str, Any]:
    """The data dictionary that is sealed with a candidate: `{"models": {name: {description, layer, meta, columns}}}`.

    `columns` is `{name: {description, data_type, meta}}`, in the order of dbt's YAML, the only home of a column.
    """
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed", "snapshot")]
    return {
        "models": {
            node["name"]: {
                "description": node.get("description", ""),
                "layer": _layer(node),
                "meta": node.get("meta") or node["config"].get("meta") or {},
                "columns": {
                    column["name"]: {
                        "description": column.get("description", ""),
                        "data_type": column.get("data_type"),
                        "meta": column.get("meta") or (column.get("config") or {}).get("meta") or {},
                    }
                    for column in node.get("columns", {}).values()
                },
            }
            for node in sorted(nodes, key=lambda node: node["name"])
        }
    }


def build(
    home: Home, settings: Settings, candidate: Candidate, moved: Callable[[int, int], None], parsed: Any = None
) -> Built:
    """`dbt build` on the candidate: models and data tests, without unit tests (they run in the test suite).

    `parsed`: a manifest of `parsed_manifest` that no build has used yet; one is loaded otherwise.

    `moved(done, total)` is called after each node. Raises WarehouseError; the candidate is then the caller's to throw
    away.
    """
    manifest = load_manifest(home)
    folded = _folded(manifest)
    total = sum(node["resource_type"] != "unit_test" for node in manifest["nodes"].values()) - len(folded)
    done = 0

    def on_event(event: Any) -> None:
        nonlocal done
        if event.info.name == "NodeFinished":
            done += 1
            moved(min(done, total), total)

    options = ["--exclude-resource-type", "unit_test", "--threads", str(settings.dbt_threads), "--no-write-json"]
    options += ["--exclude", f"test_name:{PROMISE}"] if folded else []
    result = _invoke(home, "build", options, candidate.database, parsed or parsed_manifest(home), on_event)
    if not result.success:
        raise _explained(result, candidate.database)
    seconds = {r.node.name: r.execution_time for r in result.result.results if r.node.resource_type != "test"}
    tests = [r for r in result.result.results if r.node.resource_type == "test"]
    warnings = tuple(sorted(r.node.name for r in tests if str(r.status) == "warn"))
    return Built(_row_counts(candidate), seconds, len(tests) + max(len(folded) - 1, 0), warnings)


def _folded(manifest: dict[str, Any]) -> list[str]:
    """The tests of the models that one node asks together at night (`tests/every_promise_is_kept.sql`); none without that node."""
    tests = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "test"}
    if not any(node["name"] == ALL_PROMISES for node in tests.values()):
        return []
    return [key for key, node in tests.items() if (node.get("test_metadata") or {}).get("name") == PROMISE]


def warm_up(home: Home, parsed: Any) -> None:
    """Have dbt read its project and profile and register its adapter, as each command does first: a second of a first build."""
    _invoke(home, "list", ["--select", "dim_date", "--output", "name"], Path(PARSED_WITH), parsed)


def _layer(node: dict[str, Any]) -> str:
    if node["resource_type"] in ("seed", "snapshot"):
        return node["resource_type"]
    return LAYERS.get(node["name"].partition("_")[0], "other")


@contextmanager
def _one_parser(kept_in: Path) -> Iterator[None]:
    """The definitions of `dagster dev` and a night may want to parse at the same moment: the second one waits."""
    kept_in.mkdir(parents=True, exist_ok=True)
    with (kept_in / "parse.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _project_state(home: Home) -> str:
    """Hash of the project's files and of what parses them. The memory of hashes stands beside the manifest."""
    remembered = home.dbt_target / "files.json"
    try:
        memory: Memory = json.loads(remembered.read_text())
    except (OSError, ValueError):
        memory = {}
    before = json.dumps(memory)
    state = group_hash(home.dbt_project, files_under(home.dbt_project), memory)
    if json.dumps(memory) != before:
        write_json(remembered, memory)
    return f"{state} dbt-core {version('dbt-core')} dbt-duckdb {version('dbt-duckdb')}"


MANIFEST, PACKED, PARSED = "manifest.json", "manifest.msgpack", "parsed.json"


def _is_parsed(home: Home, kept_in: Path) -> bool:
    try:
        parsed = json.loads((kept_in / PARSED).read_text())
    except (OSError, ValueError):
        return False
    return parsed == _parsed_state(home, kept_in)


def _parsed_state(home: Home, kept_in: Path) -> dict[str, Any]:
    """Of what the files beside it were made, and how large each is: one that was cut is parsed again."""
    sizes = {path.name: path.stat().st_size for path in (kept_in / MANIFEST, kept_in / PACKED) if path.is_file()}
    return {"project": _project_state(home), "sizes": sizes}


def _parse(home: Home, kept_in: Path) -> None:
    project = _project_state(home)
    result = _invoke(home, "parse", [], Path(PARSED_WITH))
    if not result.success:
        raise _explained(result)
    # copied out of dbt's own directory, which every later command rewrites in place; `parsed.json` last
    _replace(_own_target(home) / "manifest.json", kept_in / MANIFEST)
    rendered = _own_target(home) / "rendered.msgpack"
    rendered.write_bytes(_rendered(home, (_own_target(home) / "partial_parse.msgpack").read_bytes()))
    _replace(rendered, kept_in / PACKED)
    write_json(kept_in / PARSED, _parsed_state(home, kept_in) | {"project": project})


def _rendered(home: Home, packed: bytes) -> bytes:
    """The packed manifest with the SQL that dbt makes of it in the place of each template that a night runs: dbt finds nothing left to
    render there, and so compiles no template of Jinja at night, a fifth of a small build. What it cannot render now it renders, or
    explains, at night."""
    from dbt.clients.jinja import get_rendered
    from dbt.parser.manifest import extended_mashumaro_encoder

    manifest = _unpacked(packed)
    with TemporaryDirectory() as directory:
        # the same name of a database as a candidate's, since relations bear it
        database = Path(directory) / Path(PARSED_WITH).name
        options = ["--no-populate-cache", "--exclude", f"test_name:{PROMISE}", "resource_type:unit_test"]
        _invoke(home, "compile", options, database, manifest)
    kept = _unpacked(packed)
    for name, node in manifest.nodes.items():
        code = node.compiled_code if getattr(node, "compiled", False) else None
        if code and get_rendered(code, {}) is code:
            kept.nodes[name].raw_code = code
    return kept.to_msgpack(extended_mashumaro_encoder)


def _copy_parsed(source: Path, target: Path) -> None:
    for name in (MANIFEST, PACKED, PARSED):
        _replace(source / name, target / name)


def _replace(source: Path, target: Path) -> None:
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(source, aside)
    os.replace(aside, target)


def parsed_manifest(home: Home) -> Any:
    """A fresh Manifest object for each build: dbt changes it while compiling."""
    return _unpacked((home.dbt_target / PACKED).read_bytes())


def _unpacked(packed: bytes) -> Any:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = Manifest.from_msgpack(packed, decoder=extended_mashumuro_decoder)
    # what SQL sees as `graph` is not packed with the rest
    manifest.build_flat_graph()
    return manifest


def _own_target(home: Home) -> Path:
    return home.dbt_target / "target"


def _invoke(
    home: Home,
    command: str,
    options: list[str],
    database: Path,
    manifest: Any = None,
    on_event: Callable[[Any], None] | None = None,
) -> Any:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt_common.events.event_manager_client import ctx_set_event_manager

    from orchestration.dbt_events import HeardEvents

    arguments = [
        command,
        *("--project-dir", str(home.dbt_project), "--profiles-dir", str(home.dbt_project)),
        *("--target-path", str(_own_target(home)), "--log-path", str(home.logs)),
        *("--log-level", "none", "--log-level-file", "none", "--no-use-colors", "--no-use-colors-file"),
        *("--no-send-anonymous-usage-stats", "--no-version-check", "--no-print"),
        *options,
    ]
    with _environment(OBSERVATOIRE_CANDIDATE=str(database), DO_NOT_TRACK="1"):
        ctx_set_event_manager(HeardEvents())
        try:
            return dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else []).invoke(arguments)
        finally:
            DuckDBConnectionManager.close_all_connections()


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _explained(result: Any, database: Path | None = None) -> WarehouseError:
    """One sentence naming the first model or test that failed and its description, and how many others. Raises the interruption that dbt
    took for an end of its own."""
    if result.exception is not None and not isinstance(result.exception, Exception):
        raise result.exception
    failed = [r for r in getattr(result.result, "results", None) or [] if str(r.status) in ("error", "fail")]
    if not failed:
        detail = str(result.exception or "").strip()
        # what dbt says of its own project quotes SQL and YAML, never a row
        cause = " ".join(detail.split())[:300]
        return WarehouseError(f"dbt n'a pas pu lire son projet{f' ({cause})' if cause else ''}.", detail)
    # a failed model explains the tests that could not pass because of it
    failed.sort(key=lambda r: (r.node.resource_type == "test", r.node.name))
    first, others = failed[0].node, len(failed) - 1
    if first.name == ALL_PROMISES and database is not None and str(failed[0].status) == "fail":
        return _unkept(first.compiled_code, database)
    if first.resource_type == "test":
        table = (getattr(first, "attached_node", None) or "").rpartition(".")[2]
        sentence = f"Le test « {first.name} »{f' de {table}' if table else ''} a échoué"
    else:
        sentence = f"Le modèle « {first.name} » n'a pas pu être construit"
    if "Out of Memory Error" in (failed[0].message or ""):
        return WarehouseError(f"{sentence} : {NO_MEMORY}.", str(failed[0].message))
    description = " ".join((first.description or "").split())
    sentence += f" ({description})" if description else ""
    sentence += f", et {plural(others, 'autre')}." if others else "."
    return WarehouseError(sentence, "\n".join(f"{r.node.name}: {_without_values(r)}" for r in failed))


def _without_values(result: Any) -> str:
    """What dbt says of a node that failed. A conversion, a constraint or an overflow quotes the value: of such an error its kind is left."""
    message = str(result.message or "")
    # a test that fails tells a count, and a template speaks of columns
    if str(result.status) == "fail" or message.startswith("Compilation Error in "):
        return message
    known = _FAILURE.match(message)
    if known is None:
        return "an error of no known kind"
    if known["kind"] in _SPEAKS_OF_SQL:
        return message
    return ": ".join(part for part in known.groups() if part)


def _unkept(sql: str, database: Path) -> WarehouseError:
    """Which tables do not hold what is written beside them: names and counts, never a value."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        broken = connection.execute(sql).fetchall()
    model, promise, count = broken[0]
    others = f", et {plural(len(broken) - 1, 'autre')}" if len(broken) > 1 else ""
    return WarehouseError(
        f"La table « {model} » ne tient pas ce que dbt_project en promet : {promise} ({count} cas){others}.",
        "\n".join(f"{model}: {promise} ({count})" for model, promise, count in broken),
    )


def _row_counts(candidate: Candidate) -> dict[str, int]:
    """Rows of every table of `main`, from a connection of its own: dbt must have let go of the file."""
    import duckdb

    with duckdb.connect(str(candidate.database), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'main'"
        ).fetchall()
        return {
            name: connection.execute(f'select count(*) from main."{name}"').fetchall()[0][0]
            for (name,) in sorted(names)
        }
