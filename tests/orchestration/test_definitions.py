"""What Dagster is shown, of the real project: it loads without a manifest, and holds an asset or a check for everything."""

import importlib
import json
import logging

import dagster as dg
import pytest

from orchestration import assets, rooms, warehouse
from orchestration.history import DAGSTER_YAML, prepare_dagster_home
from orchestration.home import Home, Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("definitions") / "var")


@pytest.fixture(scope="module")
def defs(home):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSERVATOIRE_HOME", str(home.root))
        assert not home.manifest.exists()
        return importlib.reload(importlib.import_module("orchestration.definitions")).defs


def test_they_load_and_are_valid(defs):
    dg.Definitions.validate_loadable(defs)


def test_every_source_model_and_expectation_is_there(defs, home):
    graph = defs.resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    manifest = json.loads(home.manifest.read_text())
    models = {model.name for model in warehouse.models(manifest)}
    sources = {f"sources/{source}" for source in rooms.contracts(home)}
    assert keys == models | sources | {"participants", "handover", "candidate", "verdict", "release"}
    checks = {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys}
    expected = {(s.dataset, e.id) for s in rooms.suites(home) if s.dataset in models for e in s.expectations}
    assert expected <= checks and expected
    assert {(source, "deliveries_readable") for source in sources} <= checks
    assert all(graph.get(key).description for key in graph.get_all_asset_keys())
    assert {graph.get(dg.AssetKey("release")).group_name} == {"publication"}


def test_the_way_goes_from_sources_to_release(defs, home):
    graph = defs.resolve_asset_graph()
    above = graph.get_ancestor_asset_keys(dg.AssetKey("release"))
    assert {dg.AssetKey(["sources", source]) for source in rooms.contracts(home)} <= above
    assert {dg.AssetKey("handover"), dg.AssetKey("candidate"), dg.AssetKey("verdict")} <= above
    for model in warehouse.models(json.loads(home.manifest.read_text())):
        if model.name.startswith("ind_"):
            assert dg.AssetKey(model.name) in above


def test_everything_that_should_run_by_itself_does(defs):
    assert {s.name: s.default_status.value for s in defs.schedules} == {
        "every_night": "RUNNING",
        "every_sunday": "RUNNING",
        "every_month": "RUNNING",
    }
    assert {s.name: s.default_status.value for s in defs.sensors} == dict.fromkeys(
        ("new_in_inbox", "failed_run", "late_sources"), "RUNNING"
    )


def test_retention_is_counted_on_demand_and_done_each_month(defs, home):
    job = defs.resolve_job_def("data_retention")
    op = "forget_what_is_too_old"
    done = job.execute_in_process(run_config={"ops": {op: {"config": {"apply": False}}}}, raise_on_error=True)
    assert done.success
    (schedule,) = [each for each in defs.schedules if each.name == "every_month"]
    assert schedule.cron_schedule == "30 5 1 * *" and not home.unfinished.exists()


def test_a_manifest_that_is_current_is_not_parsed_again(defs, home, monkeypatch):
    def parse(*_):
        raise AssertionError("parsed again")

    monkeypatch.setattr(warehouse, "_parse", parse)
    assert warehouse.load_manifest(home)["nodes"]


def test_dagster_home(home, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    monkeypatch.setenv("OBSERVATOIRE_HOME", "elsewhere")
    prepare_dagster_home(home, Settings())
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled
        assert instance.get_settings("retention")["schedule"]["purge_after_days"] == 90
        assert (home.dagster / "storage" / "event_log.db").exists()
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
    assert "enabled: false" in DAGSTER_YAML


def test_the_real_project_keeps_nothing_in_dbt_from_one_night_to_the_next(defs, home):
    """History is computed from what was landed: a candidate starts from an empty file."""
    manifest = warehouse.load_manifest(home)
    assert not [node for node in manifest["nodes"].values() if node["resource_type"] == "snapshot"]
    undescribed = [name for name, model in warehouse.dictionary(manifest)["models"].items() if not model["description"]]
    assert undescribed == []


def test_a_check_that_only_warns_is_a_warning_in_the_log_of_the_run():
    def show(_night):
        checks = [
            dg.AssetCheckResult(passed=passed, check_name=name, severity=dg.AssetCheckSeverity.WARN)
            for name, passed in (("bad", False), ("good", True))
        ]
        yield dg.MaterializeResult(
            metadata={"summary": "1 livraison, 1 à corriger avant d'être lue"}, check_results=checks
        )

    specs = [dg.AssetCheckSpec(name, asset="s") for name in ("bad", "good")]
    step = assets._step(show, key=dg.AssetKey("s"), check_specs=specs)
    with dg.DagsterInstance.ephemeral() as instance:
        night = dg.ResourceDefinition.hardcoded_resource(object())
        done = dg.materialize([step.definition], resources={"night": night}, instance=instance)
        said = [entry.user_message for entry in instance.all_logs(done.run_id) if entry.level == logging.WARNING]
    assert done.success and said == ["bad: 1 livraison, 1 à corriger avant d'être lue"]
