"""The history of a night, written beside it: what the interface will show, and what a night does when nobody writes."""

import json
from datetime import UTC, datetime, timedelta
from multiprocessing import Pipe
from uuid import uuid4

import dagster as dg
import pytest
from small_project import DATASETS, MANIFEST, SOURCE

from orchestration import rooms, warehouse
from orchestration.assets import check_name
from orchestration.historian import Opening, ToldNight
from orchestration.history import BY, COMMAND, NIGHTLY, night_with_history, prepare_dagster_home, write_history
from orchestration.night import StructureFailed
from orchestration.progress import listening

pytestmark = pytest.mark.nights


@pytest.fixture
def written(observatory, monkeypatch):
    """A home whose definitions another process can read, as it reads those of a project that dbt parsed."""
    # what the night says to its children, this process is to forget
    monkeypatch.setenv("DAGSTER_HOME", str(observatory.home.dagster))
    kept_in = observatory.home.dbt_target
    kept_in.mkdir(parents=True, exist_ok=True)
    (kept_in / warehouse.MANIFEST).write_text(json.dumps(MANIFEST))
    (kept_in / warehouse.PACKED).write_bytes(b"")
    (kept_in / warehouse.PARSED).write_text(json.dumps(warehouse._parsed_state(observatory.home, kept_in)))
    return observatory


def test_a_night_with_history(written):
    """Two nights as runs of Dagster's job, in the persistent instance: what the interface will show."""
    observatory = written
    observatory.real_audit()
    observatory.deliver_sample()
    outcome = night_with_history(observatory.home, observatory.settings)
    assert (outcome.exit_code, outcome.release) == (0, 1)
    observatory.spoil(*DATASETS[:1])
    observatory.total = 37
    assert night_with_history(observatory.home, observatory.settings).exit_code == 3
    with dg.DagsterInstance.from_config(str(observatory.home.dagster)) as instance:
        runs = instance.get_runs()
        assert [(run.job_name, run.status.value) for run in runs] == [(NIGHTLY, "SUCCESS")] * 2
        landed = instance.get_latest_materialization_event(dg.AssetKey(["sources", SOURCE]))
        assert landed is not None
        release = instance.get_latest_materialization_event(dg.AssetKey("release")).asset_materialization
        assert release.metadata["release"].value == 2
        assert release.metadata["datasets"].value["ind_events"] == "carried"
        assert release.metadata["seconds"].value > 0
        storage = instance.event_log_storage
        landed_well = [dg.AssetCheckKey(dg.AssetKey(["sources", SOURCE]), "deliveries_readable")]
        keys = landed_well + [
            dg.AssetCheckKey(dg.AssetKey(suite.dataset), check_name(expectation.id))
            for suite in rooms.suites(observatory.home)
            for expectation in suite.expectations
        ]
        checks = storage.get_latest_asset_check_execution_by_key(keys)
        steps = {step.step_key: step for step in instance.get_run_step_stats(runs[0].run_id)}
    assert {check.run_id for check in checks.values()} == {runs[0].run_id} and len(checks) == len(keys) > 2
    assert {check.status.value for check in checks.values()} == {"SUCCEEDED", "FAILED"}
    assert {step.status.value for step in steps.values()} == {"SUCCESS"}
    order = [f"sources__{SOURCE}", "participants", "build_warehouse", "candidate", "verdict", "expectations", "release"]
    assert sorted(steps) == sorted(order)
    # each at the time it took, not when it was told: one begins where the other ended
    assert [steps[key].end_time for key in order[:-1]] == [steps[key].start_time for key in order[1:]]
    assert steps["release"].end_time - steps["release"].start_time >= release.metadata["seconds"].value - 0.1


def test_a_night_that_stops_shows_where_it_stopped(written, monkeypatch):
    def broken(*_):
        raise RuntimeError("a cell of somebody")

    monkeypatch.setattr(rooms, "audit", broken)
    written.deliver_sample()
    assert night_with_history(written.home, written.settings).exit_code == 4
    with dg.DagsterInstance.from_config(str(written.home.dagster)) as instance:
        (run,) = instance.get_runs()
        steps = {step.step_key: step.status.value for step in instance.get_run_step_stats(run.run_id)}
        planned = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
        missing = {record.event_log_entry.dagster_event.asset_key for record in planned.records}
    assert run.status.value == "FAILURE"
    assert missing == {dg.AssetKey("verdict"), dg.AssetKey("release")}, "what the interface shows as failed"
    assert (steps["candidate"], steps["verdict"], steps["release"]) == ("SUCCESS", "FAILURE", "SKIPPED")
    kept = [path for path in (written.home.dagster / "storage").rglob("*") if path.is_file()]
    assert kept and all(b"a cell of somebody" not in path.read_bytes() for path in kept)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"sources/contracts/{SOURCE}.yml", "source: 3\n"),
        ("expectations/suites/ind_events.yml", "dataset: ind_events\nexpectation: []\n"),
        ("sources/explanations.yml", "explanations: []\nwithdrawals: [\n"),
    ],
)
def test_a_night_that_a_broken_rule_stops_is_a_failed_run_that_says_so(written, path, text):
    (written.home.project / path).write_text(text, encoding="utf-8")
    outcome = night_with_history(written.home, written.settings)
    assert outcome.exit_code == 4 and path.rpartition("/")[2] in outcome.sentence
    with dg.DagsterInstance.from_config(str(written.home.dagster)) as instance:
        (run,) = instance.get_runs()
        steps = {step.step_key: step.status.value for step in instance.get_run_step_stats(run.run_id)}
        (failed,) = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    assert (run.job_name, run.status.value, run.tags[BY]) == (NIGHTLY, "FAILURE", COMMAND)
    assert steps == {"rules": "FAILURE"}
    assert failed.event_log_entry.dagster_event.event_specific_data.error.message == outcome.sentence


def test_a_mistake_of_the_history_leaves_no_run_open(written, monkeypatch):
    def broken(*_):
        raise RuntimeError("a cell of somebody")

    monkeypatch.setattr("orchestration.assets.freshness", broken)
    opening = Opening(written.home, written.settings, str(uuid4()), datetime.now(UTC), written.home.logs / "night.log")
    prepare_dagster_home(written.home, written.settings)
    listening, speaking = Pipe(duplex=False)
    with listening, speaking, pytest.raises(RuntimeError):
        speaking.send(("make_ready", None, 0.0, opening.now))
        speaking.send((f"deliver:{SOURCE}", [], 1.0, opening.now))
        write_history(opening, ToldNight(listening, opening))
    with dg.DagsterInstance.from_config(str(written.home.dagster)) as instance:
        assert [run.status.value for run in instance.get_runs()] == ["FAILURE"]
    kept = [path for path in (written.home.dagster / "storage").rglob("*") if path.is_file()]
    assert kept and all(b"a cell of somebody" not in path.read_bytes() for path in kept)


def test_a_night_forgets_the_runs_that_are_too_old(written):
    prepare_dagster_home(written.home, written.settings)
    runs = []
    for days in (0, written.settings.keep_runs_days + 1):
        now = datetime.now(UTC) + timedelta(days=days)
        opening = Opening(written.home, written.settings, str(uuid4()), now, written.home.logs / "night.log")
        listening, speaking = Pipe(duplex=False)
        with listening:
            with speaking:
                speaking.send(("make_ready", None, 0.0, now))
            write_history(opening, ToldNight(listening, opening))
        with dg.DagsterInstance.from_config(str(written.home.dagster)) as instance:
            runs.append({run.run_id for run in instance.get_runs()})
    assert len(runs[0]) == 1 and not runs[0] & runs[1]


def test_events_that_come_together_are_kept_together_or_not_at_all(written):
    prepare_dagster_home(written.home, written.settings)
    with dg.DagsterInstance.from_config(str(written.home.dagster)) as instance:
        storage = instance.event_log_storage
        event = dg.EventLogEntry(None, 10, "something", "run", 0.0, None, "job", None)
        storage.store_event_batch([event, event])
        with pytest.raises(Exception, match="not an event"):
            storage.store_event_batch([event, "not an event"])
        storage.store_event(event)
        assert [entry.user_message for entry in storage.get_logs_for_run("run")] == ["something"] * 3


def test_a_history_that_cannot_be_written_does_not_cost_the_night(written):
    (written.home.ensure().dagster / "storage").write_text("no folder")
    written.deliver_sample()
    said = {}
    with listening(lambda step: said.update({step.key: (step.state, step.said)})):
        outcome = night_with_history(written.home, written.settings)
    assert (outcome.exit_code, outcome.release) == (0, 1)
    assert said["history"][0] == "failed" and f"déplacez {written.home.dagster} ailleurs" in said["history"][1]
    (log,) = written.home.logs.glob("night-*.log")
    assert "absent ou incomplet" in log.read_text() and "FileExistsError: errno 17" in log.read_text()


@pytest.fixture
def telling(observatory):
    listening, speaking = Pipe(duplex=False)
    log = observatory.home.logs / "night.log"
    opening = Opening(observatory.home, observatory.settings, "run", datetime.now(UTC), log)
    with listening, speaking:
        yield speaking, ToldNight(listening, opening)


def test_what_is_told_is_heard_in_any_order_and_as_often_as_asked(telling):
    speaking, night = telling
    for step, found, seconds in (("deliver:a", [1], 0.5), ("deliver:b", [2], 0.1), ("match", None, 2.0)):
        speaking.send((step, found, seconds, night.now + timedelta(seconds=len(step))))
    assert (night.deliver("b"), night.deliver("a"), night.match(), night.match()) == ([2], [1], None, None)
    assert night.seconds == {"deliver:a": 0.5, "deliver:b": 0.1, "match": 2.0}
    assert night.ended == night.now + timedelta(seconds=9), "the latest end of what was asked for"


def test_a_failure_told_is_raised_with_its_log(telling):
    speaking, night = telling
    failed = StructureFailed("Construction : n'a pas abouti.", night.log_file)
    speaking.send(("build", failed, 1.0, night.now))
    with pytest.raises(StructureFailed, match="n'a pas abouti") as failure:
        night.build()
    assert failure.value.log == night.log_file


def test_a_night_that_fell_silent_has_failed(telling):
    speaking, night = telling
    speaking.close()
    with pytest.raises(StructureFailed, match="interrompue"):
        night.publish()
