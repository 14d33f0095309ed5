"""When a night is asked for, who is told, what is forgotten."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from small_project import SOURCE, an_hour_old

from orchestration import watch
from orchestration.freshness import Freshness
from orchestration.history import forget_old, prepare_dagster_home
from orchestration.home import Settings
from orchestration.lock import only_one_night
from orchestration.watch import failure_lines, second_look


def looks(*states):
    """What `second_look` answers to each (waiting, busy) in turn."""
    cursor, answers = None, []
    for waiting, busy in states:
        cursor, ask, _ = second_look(cursor, waiting, busy)
        answers.append(ask)
    return answers


A, B, A2 = {"s/a.csv": "10:1"}, {"s/a.csv": "10:1", "s/b.csv": "5:9"}, {"s/a.csv": "12:2"}


@pytest.mark.parametrize(
    ("states", "asked"),
    [
        ([({}, False)], [False]),
        ([(A, False), (A, False)], [False, True]),  # the same bytes seen twice
        ([(A, False), (A2, False), (A2, False)], [False, False, True]),  # still being written at the first look
        ([(A, False), (A, False), (A, False)], [False, True, False]),  # asked once: the run may take its time
        (
            [(A, False), (A, False), (A, False), ({}, False), (A, False), (A, False)],
            [False, True, False, False, False, True],
        ),
        ([(A, False), (A, False), (B, False), (B, False)], [False, True, False, True]),  # another file came
        ([(A, True), (A, True), (A, False)], [False, False, True]),  # a night was under way
    ],
)
def test_two_looks(states, asked):
    assert looks(*states) == asked


def test_a_cursor_that_cannot_be_read_starts_again():
    cursor, ask, _ = second_look("{'not': json", A, False)
    assert not ask and second_look(cursor, A, False)[1]


@pytest.fixture
def job():
    return watch.nightly_job()


def test_the_sensor_sees_a_delivery_and_waits_for_a_night_under_way(observatory, job):
    sensor = watch.new_in_inbox(observatory.home, job)
    with dg.DagsterInstance.ephemeral() as instance:

        def look(cursor):
            return sensor(context := dg.build_sensor_context(instance, cursor=cursor)), context.cursor

        answer, cursor = look(None)
        assert isinstance(answer, dg.SkipReason)
        an_hour_old(observatory.deliver_sample())
        answer, cursor = look(cursor)
        assert isinstance(answer, dg.SkipReason) and "second regard" in answer.skip_message
        with only_one_night(observatory.home.lock):
            answer, cursor = look(cursor)
            assert isinstance(answer, dg.SkipReason) and "en cours" in answer.skip_message
        answer, cursor = look(cursor)
        assert isinstance(answer, dg.RunRequest) and answer.run_key is None
        answer, cursor = look(cursor)
        assert isinstance(answer, dg.SkipReason)


def test_the_schedule_runs_at_four_in_paris_and_skips_when_nothing_is_new(observatory, job, monkeypatch):
    alive = []
    monkeypatch.setattr(watch, "heartbeat", alive.append)
    schedule = watch.every_night(observatory.home, Settings(), job)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 4 * * *", "Europe/Paris")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2024, 3, 31, 2, 0, tzinfo=UTC))
    assert isinstance(schedule(context), dg.RunRequest)
    observatory.night()
    assert alive == []
    answer = schedule(context)
    assert isinstance(answer, dg.SkipReason) and "Rien de nouveau" in answer.skip_message
    assert alive == [Settings()], "a night with nothing to do was there"


def test_a_clock_that_was_ahead_is_said():
    assert Freshness("a", "A", None, -1).sentence() == "aujourd'hui", "an hour or so"
    assert Freshness("a", "A", 7, -364).sentence().startswith("dans 364 j (l'horloge avançait")


def test_a_source_that_becomes_late_is_told_once(observatory, monkeypatch):
    sent = []
    monkeypatch.setattr(watch, "send", lambda settings, subject, lines: sent.append(lines) or [])
    contract = observatory.home.contracts / f"{SOURCE}.yml"
    contract.write_text("expected_every_days: 7\n" + contract.read_text())
    sensor = watch.late_sources(observatory.home, Settings())
    cursor = None
    for _ in range(2):
        context = dg.build_sensor_context(cursor=cursor)
        sensor(context)
        cursor = context.cursor
    assert sent == [[f"source {SOURCE} : rien reçu"]]
    an_hour_old(observatory.deliver_sample())
    observatory.night()
    context = dg.build_sensor_context(cursor=cursor)
    sensor(context)
    assert json.loads(context.cursor) == [] and len(sent) == 1


def test_a_failed_run_is_told_without_data(observatory, monkeypatch):
    from orchestration import rooms
    from orchestration.graph import build_definitions

    def broken(*_):
        raise ValueError("Jeanne Canari, jeanne@example.org")

    monkeypatch.setattr(rooms, "seal", broken)
    shutil.rmtree(observatory.home.samples)
    with dg.DagsterInstance.ephemeral() as instance:
        done = (
            build_definitions(observatory.home, observatory.settings)
            .resolve_job_def("nightly")
            .execute_in_process(instance=instance, raise_on_error=False)
        )
        failures = [event for event in done.all_events if event.is_step_failure]
        assert failure_lines(failures) == [
            "candidate : Scellement de la version candidate : n'a pas abouti (ValueError)."
        ]
        assert failure_lines([]) == ["L'exécution n'a pas pu commencer ou a été interrompue."]


@pytest.mark.nights
def test_old_runs_are_forgotten_but_the_last_good_night_and_what_made_a_table_last(observatory, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(observatory.home.dagster))
    prepare_dagster_home(observatory.home, observatory.settings)

    @dg.asset(check_specs=[dg.AssetCheckSpec("whole", asset="table")])
    def table():
        """A table."""
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name="whole", passed=True)])

    @dg.asset
    def not_made_any_more():
        """A table that a source had."""

    @dg.op
    def nothing():
        """Nothing."""

    @dg.job(name="nightly")
    def nightly():
        nothing()

    settings, now = Settings(keep_runs_days=1), datetime.now(UTC)
    with dg.DagsterInstance.from_config(str(observatory.home.dagster)) as instance:
        makes = [dg.materialize(made, instance=instance) for made in ([table, not_made_any_more], [table], [table])]
        nights = [nightly.execute_in_process(instance=instance) for _ in range(2)]
        assert forget_old(instance, observatory.home, settings, now) == (0, 0)
        assert forget_old(instance, observatory.home, settings, now + timedelta(days=2)) == (2, 0)
        kept = {makes[0].run_id, makes[2].run_id, nights[1].run_id}
        assert {run.run_id for run in instance.get_runs()} == kept
        checks = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey("table"), "whole"), limit=9
        )
        assert {check.run_id for check in checks} == {makes[0].run_id, makes[2].run_id}


def test_the_retention_job_runs_and_forgets_old_logs(observatory):
    old = observatory.home.logs / "night-old.log"
    old.write_text("x")
    an_hour_old(old)
    job, schedule = watch.history_retention_job(observatory.home, Settings(keep_runs_days=1))
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(instance=instance).success
    assert old.exists(), "an hour is not a day"
    assert schedule.cron_schedule == "0 5 * * 0"
