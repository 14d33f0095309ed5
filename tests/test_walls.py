"""The walls between the rooms, and between the layers of the warehouse: no exception is listed anywhere."""

import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ROOMS = {
    "identity": set(),
    "sources": {"identity"},
    "expectations": set(),
    "publication": {"expectations"},
    "orchestration": {"identity", "sources", "expectations", "publication"},
}
#: Beneath the rooms: each may import it, and it imports none.
BENEATH = "rulebook"
#: Layer of a model (prefix of its name) → layers it may read; `source` is a table handed over by `sources`.
LAYERS = {
    "stg": {"source", "stg"},
    "int": {"source", "stg", "int"},
    "dim": {"source", "stg", "int", "dim", "fct", "bridge"},
    "fct": {"source", "stg", "int", "dim", "fct", "bridge"},
    "bridge": {"source", "stg", "int", "dim", "fct", "bridge"},
    "ind": {"dim", "fct", "bridge"},
    "ctl": {"source", "stg", "int", "dim", "fct", "bridge", "ind"},
}


def python_files(*folders: str) -> list[Path]:
    found = {folder: sorted((ROOT / folder).rglob("*.py")) for folder in folders}
    assert all(found.values()), "a wall around nothing holds whatever happens"
    return [path for paths in found.values() for path in paths if "__pycache__" not in path.parts]


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level or node.module is None or node.level == 1, "relative imports stay within a room"
            if not node.level:
                names.add(node.module)
    return names


def rooms_imported(text: str) -> set[str]:
    return {name.partition(".")[0] for name in imported(ast.parse(text))} & ROOMS.keys()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room):
    for path in python_files(room):
        wrong = rooms_imported(path.read_text(encoding="utf-8")) - ROOMS[room] - {room}
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_what_lies_beneath_the_rooms_imports_none():
    for path in python_files(BENEATH):
        assert not rooms_imported(path.read_text(encoding="utf-8")), path


def test_the_import_wall_can_fail():
    assert rooms_imported("import publication.shelf\nfrom orchestration import home\nimport json") == {
        "publication", "orchestration",
    }  # fmt: skip
    assert rooms_imported("def f():\n    from sources.ledger import Note") == {"sources"}


def test_nothing_of_the_product_reads_the_tests_or_the_benchmarks():
    for path in python_files(BENEATH, *ROOMS):
        assert not {name.partition(".")[0] for name in imported(ast.parse(path.read_text(encoding="utf-8")))} & {
            "tests", "benchmarks",
        }, path  # fmt: skip


def test_dagster_is_seen_by_orchestration_alone_and_dbt_by_its_warehouse_module():
    for path in python_files(BENEATH, *ROOMS):
        libraries = {name.partition(".")[0] for name in imported(ast.parse(path.read_text(encoding="utf-8")))}
        where = path.relative_to(ROOT)
        assert "dagster" not in libraries or where.parts[0] == "orchestration", where
        assert "dbt" not in libraries or where.as_posix() == "orchestration/warehouse.py", where


def test_only_home_knows_where_things_are():
    """No other module of `orchestration` names a directory of the state or asks for the home's environment variable."""
    named = re.compile(r"""["'](?:inbox|originals|vault|ledger\.sqlite|releases|warehouse|var)["']""")
    for path in python_files("orchestration"):
        if path.name == "home.py":
            continue
        code = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(code):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                joined = ast.unparse(node.right)
                assert not named.fullmatch(joined), f"{path.name}:{node.lineno} {joined}"
    for room in (BENEATH, "identity", "sources", "expectations", "publication"):
        for path in python_files(room):
            assert "OBSERVATOIRE_HOME" not in path.read_text(encoding="utf-8"), path


#: What writes, called on something.
WRITES = {"write_text", "write_bytes", "mkdir", "unlink", "rmtree", "rename", "replace", "symlink_to", "touch", "rmdir"}


def writes_of(text: str, place: str) -> list[int]:
    """Lines that call something that writes on an expression that names `place`."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            said = " ".join([ast.unparse(node.func.value), *(ast.unparse(argument) for argument in node.args)])
            if re.search(rf"\b{place}\b", said):
                found.append(node.lineno)
    return found


def test_publication_alone_writes_releases():
    for path in python_files(BENEATH, "identity", "sources", "expectations", "orchestration"):
        text = path.read_text(encoding="utf-8")
        lines = writes_of(text, "releases") + writes_of(text, "current_release")
        assert not lines, f"{path.relative_to(ROOT)}: {lines}"


def test_the_wall_around_releases_can_fail():
    assert writes_of("(home.releases / '3').mkdir()", "releases") == [1]
    assert writes_of("shutil.rmtree(home.releases)", "releases") == [1]
    assert writes_of("home.ledger.unlink()", "releases") == []


def sql_files() -> list[Path]:
    return sorted((ROOT / "dbt_project" / "models").rglob("*.sql"))


def layer(name: str) -> str:
    return name.partition("_")[0]


def reads(sql: str) -> set[str]:
    """Layers that a model reads. Comments do not count."""
    sql = re.sub(r"\{#.*?#\}|--[^\n]*", "", sql, flags=re.S)
    found = {layer(name) for name in re.findall(r"ref\(\s*['\"](\w+)['\"]", sql)}
    if re.search(r"source\(\s*['\"]", sql) or re.search(r"\b(?:landing|reference)\.\w+", sql):
        found.add("source")
    return found


def test_there_is_a_warehouse_to_hold_walls_in():
    layers = {layer(path.stem) for path in sql_files()}
    assert {"stg", "dim", "fct", "bridge", "ind"} <= layers <= LAYERS.keys()


@pytest.mark.parametrize("path", sql_files(), ids=lambda path: path.stem)
def test_a_model_reads_only_the_layers_it_may(path):
    wrong = reads(path.read_text(encoding="utf-8")) - LAYERS[layer(path.stem)]
    assert not wrong, f"{path.stem} reads {wrong}"


def test_the_layer_wall_can_fail():
    assert reads("select * from {{ ref('stg_events') }} join {{ source('landing', 'event') }}") == {"stg", "source"}
    assert reads("select * from landing.event -- ref('dim_event')") == {"source"}


def test_the_analysts_file_is_declared_with_every_table_that_leaves():
    declared = yaml.safe_load((ROOT / "dbt_project/models/exposures.yml").read_text(encoding="utf-8"))["exposures"]
    (theirs,) = [each["depends_on"] for each in declared if each["name"] == "analysts_file"]
    leaving = [path.stem for path in sql_files() if path.stem.startswith(("dim_", "bridge_", "fct_", "ind_"))]
    assert sorted(theirs) == sorted(f"ref('{name}')" for name in leaving)


def test_staging_is_one_model_per_entity_never_per_source():
    contracts = {path.stem for path in (ROOT / "sources" / "contracts").glob("*.yml")}
    staged = [path for path in sql_files() if layer(path.stem) == "stg"]
    for path in staged:
        assert not {source for source in contracts if source in path.read_text(encoding="utf-8")}, path.stem
    landed = re.compile(r"source\(\s*['\"]landing['\"]\s*,\s*['\"](\w+)['\"]")
    entities = {name for path in staged for name in landed.findall(path.read_text(encoding="utf-8"))}
    assert len(staged) <= len(entities)


def test_no_model_names_a_source():
    contracts = {path.stem for path in (ROOT / "sources" / "contracts").glob("*.yml")}
    for path in (*sql_files(), *python_files("orchestration")):
        assert not {source for source in contracts if source in path.read_text(encoding="utf-8")}, path.name


#: An indicator's code, as the models write it in quotes.
CODE = re.compile(r"'((?:EV|PA|PE|TE|OR|SA|QU)\d\d(?:_[a-z_]+)?)'")


def untraced(sql: str, traced: set[str]) -> set[str]:
    """Codes that a model makes and that no entry of `dbt_project/traces/` takes."""
    made = set(CODE.findall(re.sub(r"\{#.*?#\}|--[^\n]*", "", sql, flags=re.S)))
    return set() if "any" in traced else made - traced


@pytest.mark.parametrize(
    "path", sorted((ROOT / "dbt_project" / "models" / "indicators").glob("*.sql")), ids=lambda path: path.stem
)
def test_every_indicator_says_which_rows_make_it(path):
    from publication.trace.declared import read_files

    entries = read_files(ROOT / "dbt_project" / "traces").get(path.stem, [])
    missing = untraced(path.read_text(encoding="utf-8"), {code for entry in entries for code in entry["indicators"]})
    assert entries and not missing, (
        f"dbt_project/traces/{path.stem}.yml has no entry for {', '.join(sorted(missing)) or 'anything'}: add one "
        "(dbt_project/traces/README.md says how)"
    )


def test_an_indicator_that_no_row_makes_is_found():
    assert untraced("select 'EV01' as indicator union all select 'EV09' -- 'EV10'", {"EV01"}) == {"EV09"}
    assert untraced("select 'PA01_min'", {"PA01"}) == {"PA01_min"}
    assert untraced("select code", {"any"}) == set()
