"""dbt in this process, on a project of three models: what a build leaves, and what it says when it fails."""

import shutil

import duckdb
import pytest

from orchestration import warehouse
from orchestration.candidates import new_candidate
from orchestration.home import PROJECT, Home, Settings
from orchestration.warehouse import WarehouseError

pytestmark = pytest.mark.nights

FILES = {
    "dbt_project.yml": "name: tiny\nversion: '1.0'\nprofile: observatoire\nmodel-paths: [models]\nconfig-version: 2\n",
    "models/stg_a.sql": "select 1 as a union all select 2",
    "models/ind_a.sql": "select a from {{ ref('int_a') }}",
    "models/int_a.sql": "{{ config(materialized='ephemeral') }} select a from {{ ref('stg_a') }}",
    "models/ctl_graph.sql": "select {{ graph.nodes.values() | list | length if execute else 0 }} as nodes",
    "models/ctl_braces.sql": "select '{{ \"{{ 1 }}\" }}' as braces",
    "models/models.yml": """
version: 2
models:
  - {name: stg_a, description: One row per a.}
  - name: ind_a
    description: One row per a.
    config: {meta: {dataset: true}, materialized: table}
    columns:
      - name: a
        description: A number.
        data_type: integer
        config: {meta: {publish: true, privacy: none}}
        data_tests:
          - not_null
          - accepted_values: {arguments: {values: [1], quote: false}, config: {severity: warn}}
unit_tests:
  - name: never_at_night
    model: ind_a
    given: [{input: ref('stg_a'), rows: [{a: 1}]}]
    expect: {rows: [{a: 999}]}
""",
}


def project(root, **changed):
    for name, text in (FILES | changed).items():
        path = root / "dbt_project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copy(PROJECT / "dbt_project" / "profiles.yml", root / "dbt_project")
    return Home(root / "var", root).ensure()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return project(tmp_path_factory.mktemp("tiny"))


def test_a_build(home, capfd):
    moves = []
    candidate = new_candidate(home.warehouse, "run-number-one")
    built = warehouse.build(home, Settings(), candidate, lambda done, total: moves.append((done, total)))
    assert built.rows == {"ctl_braces": 1, "ctl_graph": 1, "ind_a": 2, "stg_a": 2}
    assert built.tests == 2 and len(built.warnings) == 1, "the unit test expects 999 and was not run"
    assert moves == sorted(moves) and moves[-1][0] == moves[-1][1]
    assert capfd.readouterr() == ("", ""), "dbt speaks to its log only"
    assert not candidate.database.with_name("warehouse.duckdb.wal").exists()
    with duckdb.connect(str(candidate.database)) as connection:  # for writing: dbt let go of the file
        assert connection.execute("select nodes from ctl_graph").fetchall()[0][0] > 3
        assert connection.execute("select braces from ctl_braces").fetchall() == [("{{ 1 }}",)], (
            "rendered once, not twice"
        )
    again = new_candidate(home.warehouse, "run-number-two")
    assert warehouse.build(home, Settings(), again, lambda *_: None).rows == built.rows, "another path, same manifest"
    assert not (home.dbt_project / "target").exists(), "the project is never written"


def test_an_interruption_is_no_failure_of_dbt(home, monkeypatch):
    """Dagster ends a run by an exception wherever it is; dbt gives it back as its own end."""
    from dbt.task.build import BuildTask

    def end(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(BuildTask, "run", end)
    with pytest.raises(KeyboardInterrupt):
        warehouse.build(home, Settings(), new_candidate(home.warehouse, "run-number-one"), lambda *_: None)


def test_what_a_night_runs_was_rendered_with_the_parsing(home):
    warehouse.load_manifest(home)
    sql = {node.name: node.raw_code for node in warehouse.parsed_manifest(home).nodes.values()}
    assert "ref(" not in sql["ind_a"] and '"warehouse"."main"."stg_a"' in sql["ind_a"]
    assert "{{" in sql["ctl_braces"], "what looks like a template once rendered stays one, for dbt to render"


def test_the_graph_and_the_dictionary(home):
    manifest = warehouse.load_manifest(home)
    models = {model.name: model for model in warehouse.models(manifest)}
    assert set(models) == {"stg_a", "ind_a", "ctl_braces", "ctl_graph"}
    assert models["ind_a"].reads == ("stg_a",), "through what leaves no table"
    assert (models["ind_a"].layer, models["stg_a"].layer) == ("indicators", "staging")
    entry = warehouse.dictionary(manifest)["models"]["ind_a"]
    assert entry["meta"]["dataset"] is True and entry["description"] == "One row per a."
    assert entry["columns"] == {
        "a": {"description": "A number.", "data_type": "integer", "meta": {"publish": True, "privacy": "none"}}
    }


def test_a_changed_project_is_parsed_again(home, monkeypatch):
    parsed = []
    monkeypatch.setattr(warehouse, "_parse", lambda *given: parsed.append(given[0]))
    warehouse.load_manifest(home)
    assert parsed == []
    model = home.dbt_project / "models" / "stg_a.sql"
    text = model.read_text()
    model.write_text(text + " ")
    warehouse.load_manifest(home)
    model.write_text(text)
    assert parsed == [home]
    for name in (warehouse.MANIFEST, warehouse.PACKED):
        path = home.dbt_target / name
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        assert not warehouse.is_parsed(home), "what was cut"
        path.write_bytes(whole)
    assert warehouse.is_parsed(home)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"models/stg_a.sql": "select 1 as a union all select cast('Jeanne Canari' as integer)"},
            r"Le modèle « (stg_a|ind_a) » n'a pas pu être construit \(One row per a\.\)",
        ),
        (
            {
                "models/ctl_graph.sql": "{{ config(materialized='table') }} select len(list(i)) as n from range(300000000) as numbers (i)"
            },
            r"« ctl_graph » n'a pas pu être construit : la mémoire permise .* ne suffit pas, memory_limit est à augmenter",
        ),
        ({"models/stg_a.sql": "select null::integer as a"}, r"Le test « not_null_ind_a_a » de ind_a a échoué"),
        (
            {
                "tests/every_promise_is_kept.sql": "select 'ind_a' as model, 'unique a' as promise, 2 as nb_broken -- {{ ref('ind_a') }}"
            },
            r"La table « ind_a » ne tient pas ce que dbt_project en promet : unique a \(2 cas\)",
        ),
        ({"models/stg_a.sql": "select {{ ref('nowhere') }}"}, r"dbt n'a pas pu lire son projet \(.*nowhere"),
    ],
)
def test_a_failure_is_one_sentence(tmp_path, changed, sentence):
    home = project(tmp_path, **changed)
    with pytest.raises(WarehouseError, match=sentence) as failed:
        warehouse.build(home, Settings(), new_candidate(home.warehouse, "0"), lambda *_: None)
    assert "Canari" not in failed.value.sentence and "\n" not in failed.value.sentence


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        (
            "select cast('Jeanne Canari' as integer) as a",
            "Runtime Error in model ind_a (models/ind_a.sql): Conversion Error",
        ),
        ("select error('Jeanne Canari') as a", "Runtime Error in model ind_a (models/ind_a.sql): Invalid Input Error"),
        ("select missing from (select 1 as a)", 'Binder Error: Referenced column "missing" not found'),
    ],
)
def test_the_details_of_a_failure_quote_no_cell(tmp_path, sql, told):
    home = project(tmp_path, **{"models/stg_a.sql": sql})
    with pytest.raises(WarehouseError) as failed:
        warehouse.build(home, Settings(), new_candidate(home.warehouse, "0"), lambda *_: None)
    assert told in failed.value.detail and "Canari" not in failed.value.detail


CONTRACT = """
version: 2
models:
  - name: ind_a
    description: One row per a.
    config: {materialized: table, contract: {enforced: true}}
    columns: [{name: a, data_type: integer}, {name: b, data_type: varchar}]
"""


@pytest.mark.parametrize(
    ("columns", "broken"),
    [
        ("1 as a, 'x' as b", ""),
        ("1::bigint as a, 'x' as b", "BIGINT"),
        ("1 as a", "b"),
        ("1 as a, 'x' as b, 2 as c", "c"),
        ("'x' as b, 1 as a", "a"),
    ],
    ids=("held", "another type", "one missing", "one more", "another order"),
)
def test_a_contract_is_held_by_the_table_that_was_made(tmp_path, columns, broken):
    home = project(tmp_path, **{"models/models.yml": CONTRACT, "models/ind_a.sql": f"select {columns}"})
    shutil.copytree(PROJECT / "dbt_project" / "macros", home.dbt_project / "macros")
    candidate = new_candidate(home.warehouse, "0")
    if not broken:
        assert warehouse.build(home, Settings(), candidate, lambda *_: None).rows["ind_a"] == 1
        return
    with pytest.raises(WarehouseError, match="Le modèle « ind_a » n'a pas pu être construit") as failed:
        warehouse.build(home, Settings(), candidate, lambda *_: None)
    assert "contract" in failed.value.detail and broken in failed.value.detail
