"""Dagster's own home, and one night shown there as a run of its job.

Belongs here: `dagster.yaml`, the instance, the run. Does not belong here: the steps, what is printed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from orchestration.historian import Historian, Opening, ToldNight
from orchestration.home import Home, Settings
from orchestration.night import Night, Outcome, StructureFailed

if TYPE_CHECKING:
    from dagster import DagsterInstance

NIGHTLY = "nightly"
#: Tag of a run: who asked for it. The command tells of its own failures, the failure sensor of the others.
BY, COMMAND = "observatoire/by", "command"

DAGSTER_YAML = """\
# Written by `observatoire`; changes made here are overwritten.
telemetry:
  enabled: false
nux:
  enabled: false
run_storage:
  module: dagster._core.storage.runs
  class: SqliteRunStorage
  config: {{base_dir: {storage}}}
# one file for all runs: a third of the writes of one file per run
event_log_storage:
  module: orchestration.event_log
  class: OneEngineEventLogStorage
  config: {{base_dir: {storage}}}
schedule_storage:
  module: dagster._core.storage.schedules
  class: SqliteScheduleStorage
  config: {{base_dir: {storage}}}
# one writer at a time: one run, and one run per pool
concurrency:
  runs:
    max_concurrent_runs: 1
  pools:
    granularity: run
    default_limit: 1
# a slot outlives a cancelled run unless told otherwise
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 60
retention:
  schedule:
    purge_after_days: {days}
  sensor:
    purge_after_days:
      skipped: 7
      failure: {days}
      success: {days}
"""


def prepare_dagster_home(home: Home, settings: Settings) -> None:
    """Write `dagster/dagster.yaml` and point DAGSTER_HOME to it, for this process and its children."""
    home.ensure()
    text = DAGSTER_YAML.format(storage=home.dagster / "storage", days=settings.keep_runs_days)
    path = home.dagster / "dagster.yaml"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["OBSERVATOIRE_HOME"] = str(home.root)


def night_with_history(home: Home, settings: Settings) -> Outcome:
    """One whole night, its history written beside it. Raises AnotherNight; any other failure is an Outcome."""
    prepare_dagster_home(home, settings)
    night = Night(home, settings, str(uuid4()))
    with night.under_lock():
        historian = Historian(Opening(home, settings, night.run_id, night.now, night.log_file))
        night.tell = historian.tell
        night.builder.start()
        historian.start()
        night.auditor.start()
        try:
            outcome = night.whole()
        finally:
            _finish(night, historian)
    return outcome


def _finish(night: Night, historian: Historian) -> None:
    """Wait for the last line. A history that is missing is said, and costs the night nothing."""
    with suppress(StructureFailed), night.step("history", "Historique dans Dagster", "n'a pas été écrit") as running:
        if not historian.finish():
            sentence = (
                "Historique dans Dagster : absent ou incomplet pour cette nuit ; les chiffres n'en dépendent pas. Si cela se répète, "
                f"déplacez {night.home.dagster} ailleurs : il n'a que l'historique, et la nuit suivante en commence un autre."
            )
            raise StructureFailed(sentence, night.log(sentence))
        running.say("écrit")


def write_history(opening: Opening, told: ToldNight) -> None:
    """One run of the job `nightly`, its steps shown as they were told, at the time they took. Raises whatever Dagster raises."""
    from orchestration.graph import build_definitions, steps_of_a_night
    from orchestration.run_record import RunRecord

    try:
        told.make_ready()
    except StructureFailed as failure:
        _write_stopped(opening, str(failure), told.ended)
        return
    steps = steps_of_a_night(opening.home)
    job = build_definitions(opening.home, opening.settings, steps).resolve_job_def(NIGHTLY)
    with _instance(opening.home) as instance:
        record = RunRecord(instance, job, opening.run_id, {BY: COMMAND})
        record.begin(opening.now)
        began, failed = opening.now, False
        for step in steps:
            key, assets = step.definition.op.name, sorted(step.definition.keys)
            if failed:
                record.step_skipped(key, began, assets)
                continue
            record.step_began(key, began)
            try:
                shown = list(step.show(told))
            except StructureFailed as failure:
                failed = True
                record.step_failed(key, str(failure), told.ended, assets)
            except Exception as mistake:
                # of this program: the run must not stay open, and the words of the mistake may quote a cell
                record.step_failed(key, type(mistake).__name__, told.ended, assets)
                record.end(told.ended)
                raise
            else:
                only = assets[0] if len(assets) == 1 else None
                record.step_ended(key, shown, told.ended, (told.ended - began).total_seconds(), only)
            began = told.ended
        record.end(began)
        forget_old(instance, opening.home, opening.settings, opening.now)


def _write_stopped(opening: Opening, sentence: str, ended: datetime) -> None:
    """The run of a night that stopped before its first source. The steps of a night are read from its rules, and these may be what is
    broken: its job has one step, which has no table."""
    import dagster as dg

    from orchestration.run_record import RunRecord

    @dg.op
    def rules() -> None:
        """What a night does before it reads a source."""

    @dg.job(name=NIGHTLY)
    def stopped() -> None:
        rules()

    with _instance(opening.home) as instance:
        record = RunRecord(instance, stopped, opening.run_id, {BY: COMMAND})
        record.begin(opening.now)
        record.step_began(rules.name, opening.now)
        record.step_failed(rules.name, sentence, ended, [])
        record.end(ended)


def forget_old(instance: DagsterInstance, home: Home, settings: Settings, now: datetime) -> tuple[int, int]:
    """Dagster keeps every event for ever, 1.7 MB a night. Finished runs and log files older than OBSERVATOIRE_KEEP_RUNS_DAYS go; how many of each.
    The last good night stays whatever its age, and so does the run that made a table last."""
    import dagster as dg

    limit = now - timedelta(days=settings.keep_runs_days)
    logs = [path for path in home.logs.glob("*.log*") if path.stat().st_mtime < limit.timestamp()]
    for path in logs:
        path.unlink()
    finished = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    old = {run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=finished, created_before=limit))}
    if old:
        good = instance.get_runs(dg.RunsFilter(job_name=NIGHTLY, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1)
        made = [record.asset_entry.last_materialization for record in instance.get_asset_records()]
        old -= {run.run_id for run in good} | {event.run_id for event in made if event is not None}
    for run_id in old:
        instance.delete_run(run_id)
    return len(old), len(logs)


@contextmanager
def _instance(home: Home) -> Iterator[DagsterInstance]:
    """The persistent instance, writing its some five hundred events per night without waiting for the disk at each.

    In WAL mode, `synchronous = normal` keeps the file whole whatever happens; a power cut may cost the last events of the
    history, never a release. A connection kept open spares a checkpoint at each of Dagster's short ones. Measured on 460
    events: 14 s instead of 42 on a busy disk.
    """
    import sqlite3

    from dagster import DagsterInstance
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def without_waiting(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("pragma synchronous = normal")

    event.listen(Engine, "connect", without_waiting)
    try:
        with DagsterInstance.from_config(str(home.dagster)) as instance, ExitStack() as kept_open:
            for path in (home.dagster / "storage").glob("*.db"):
                connection = kept_open.enter_context(closing(sqlite3.connect(path)))
                connection.execute("select count(*) from sqlite_master").fetchall()
            yield instance
    finally:
        event.remove(Engine, "connect", without_waiting)
