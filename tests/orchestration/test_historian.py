"""The history of a night, written beside it: what the interface will show, and what a night does when nobody writes."""

import json
from datetime import UTC, datetime
from multiprocessing import Pipe

import dagster as dg
import pytest
from small_project import DATASETS, MANIFEST, SOURCE

from orchestration import rooms, warehouse
from orchestration.historian import Opening, ToldNight
from orchestration.history import NIGHTLY, night_with_history
from orchestration.night import StructureFailed
from orchestration.progress import listening


@pytest.fixture
def written(observatory, monkeypatch):
    """A home whose definitions another process can read, as it reads those of a project that dbt parsed."""
    # what the night says to its children, this process is to forget
    monkeypatch.setenv("DAGSTER_HOME", str(observatory.home.dagster))
    kept_in = observatory.home.dbt_target
    kept_in.mkdir(parents=True, exist_ok=True)
    (kept_in / warehouse.MANIFEST).write_text(json.dumps(MANIFEST))
    (kept_in / warehouse.PACKED).write_bytes(b"")
    (kept_in / warehouse.PARSED).write_text(json.dumps(warehouse._project_state(observatory.home)))
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


def test_a_night_that_stops_shows_where_it_stopped(written, monkeypatch):
    def broken(*_):
        raise RuntimeError("a cell of somebody")

    monkeypatch.setattr(rooms, "audit", broken)
    written.deliver_sample()
    assert night_with_history(written.home, written.settings).exit_code == 4
    with dg.DagsterInstance.from_config(str(written.home.dagster)) as instance:
        (run,) = instance.get_runs()
        steps = {step.step_key: step.status.value for step in instance.get_run_step_stats(run.run_id)}
    assert run.status.value == "FAILURE"
    assert (steps["candidate"], steps["verdict"]) == ("SUCCESS", "FAILURE")
    kept = [path for path in (written.home.dagster / "storage").rglob("*") if path.is_file()]
    assert kept and all(b"a cell of somebody" not in path.read_bytes() for path in kept)


def test_a_history_that_cannot_be_written_does_not_cost_the_night(written):
    (written.home.dbt_target / "manifest.json").write_text("{")
    written.deliver_sample()
    said = {}
    with listening(lambda step: said.update({step.key: (step.state, step.said)})):
        outcome = night_with_history(written.home, written.settings)
    assert (outcome.exit_code, outcome.release) == (0, 1)
    assert said["history"][0] == "failed" and "absent ou incomplet" in said["history"][1]
    (log,) = written.home.logs.glob("night-*.log")
    assert "absent ou incomplet" in log.read_text() and "JSONDecodeError" in log.read_text()


@pytest.fixture
def telling(observatory):
    listening, speaking = Pipe(duplex=False)
    log = observatory.home.logs / "night.log"
    opening = Opening(observatory.home, observatory.settings, "run", datetime.now(UTC), log)
    with listening, speaking:
        yield speaking, ToldNight(listening, opening)


def test_what_is_told_is_heard_in_any_order_and_as_often_as_asked(telling):
    speaking, night = telling
    for message in (("deliver:a", [1], 0.5), ("deliver:b", [2], 0.1), ("match", None, 2.0)):
        speaking.send(message)
    assert (night.deliver("b"), night.deliver("a"), night.match(), night.match()) == ([2], [1], None, None)
    assert night.seconds == {"deliver:a": 0.5, "deliver:b": 0.1, "match": 2.0}


def test_a_failure_told_is_raised_with_its_log(telling):
    speaking, night = telling
    speaking.send(("build", StructureFailed("Construction : n'a pas abouti.", night.log_file), 1.0))
    with pytest.raises(StructureFailed, match="n'a pas abouti") as failure:
        night.build()
    assert failure.value.log == night.log_file


def test_a_night_that_fell_silent_has_failed(telling):
    speaking, night = telling
    speaking.close()
    with pytest.raises(StructureFailed, match="interrompue"):
        night.publish()
