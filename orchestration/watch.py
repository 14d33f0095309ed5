"""When nights happen by themselves, who is told when they go wrong, and how long their history is kept.

Belongs here: schedule, sensors, the retention job; `dagster dev` makes all of them effective (default status RUNNING),
because an observatory whose nights must be switched on by hand has no nights. Does not belong here: the steps.

- `every_night`: 04:00 Europe/Paris (02:30 does not exist one night a year); skipped, saying so, when nothing is new.
- `new_in_inbox`: two looks a minute apart must see the same bytes waiting; then one run. The cursor holds what was
  seen and what a run was asked for, neither a clock nor a run key: a file that is late is seen when it comes, a set of
  files that a run could not land is not asked for again until it changes (the schedule tries every night).
- `failed_run`, `late_sources`: alerts. Datasets kept back are told by the night itself, since a failed check is no
  failed run.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as Job

from orchestration import rooms
from orchestration.alerts import heartbeat, send
from orchestration.freshness import freshness
from orchestration.history import BY, COMMAND, NIGHTLY, forget_old
from orchestration.home import Home, Settings
from orchestration.lock import is_night_under_way
from orchestration.night import take_returns_alone
from orchestration.novelty import Novelty, is_anything_new, sources_with_contract
from rulebook.numbers import plural

UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def nightly_job() -> Job:
    return dg.define_asset_job(
        NIGHTLY,
        selection=dg.AssetSelection.all(),
        description="One night: deliver every source, build aside, seal, audit, publish what may be.",
        executor_def=dg.in_process_executor,
    )


def every_night(home: Home, settings: Settings, job: Job) -> dg.ScheduleDefinition:
    @dg.schedule(
        job=job,
        cron_schedule="0 4 * * *",
        execution_timezone="Europe/Paris",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def every_night() -> dg.RunRequest | dg.SkipReason:
        """Every night at 04:00 in Paris, when there is anything new."""
        seen = is_anything_new(home)
        if not seen.is_new or not _is_night_owed(home, seen):
            heartbeat(settings)  # what it could not reach will miss it, and say so
            return dg.SkipReason(
                f"Rien de nouveau : {plural(seen.files_looked_at, 'fichier regardé', 'fichiers regardés')}, aucune règle changée."
            )
        return dg.RunRequest(tags={"observatoire/why": "; ".join(seen.reasons)[:200]})

    return every_night


def _is_night_owed(home: Home, seen: Novelty) -> bool:
    """Whether what is new is more than workbooks that came back without anything to take; these are taken, and `status` says so."""
    return not seen.is_only_returns or take_returns_alone(home)[1]


def second_look(cursor: str | None, waiting: dict[str, str], busy: bool) -> tuple[str, bool, str]:
    """(new cursor, whether to ask for a run, why not). `waiting` maps files of the inbox to their stat."""
    before = _cursor(cursor)
    asked = before["asked"]
    if not waiting:
        return json.dumps({"seen": {}, "asked": {}}), False, "Rien n'attend dans le dépôt."
    if busy:
        return json.dumps({"seen": waiting, "asked": asked}), False, "Une nuit est en cours."
    if waiting == asked:
        return json.dumps({"seen": waiting, "asked": asked}), False, "Déjà demandé : la prochaine nuit réessaiera."
    if waiting != before["seen"]:
        return json.dumps({"seen": waiting, "asked": asked}), False, "Arrivée remarquée : un second regard suit."
    return json.dumps({"seen": waiting, "asked": waiting}), True, ""


def _cursor(text: str | None) -> dict[str, dict[str, str]]:
    try:
        found = json.loads(text or "")
        return {"seen": dict(found["seen"]), "asked": dict(found["asked"])}
    except (ValueError, KeyError, TypeError):
        return {"seen": {}, "asked": {}}


def new_in_inbox(home: Home, job: Job) -> dg.SensorDefinition:
    @dg.sensor(job=job, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
    def new_in_inbox(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """Deliveries of the inbox that the ledger does not know, seen the same twice."""
        from sources.inbox import look

        seen = look(home.inbox, home.ledger, sources_with_contract(home))
        waiting = {
            f"{arrival.source}/{arrival.path.name}": arrival.stamp for arrival in (*seen.arrivals, *seen.returns)
        }
        running = context.instance.get_runs(dg.RunsFilter(job_name=NIGHTLY, statuses=UNDER_WAY), limit=1)
        cursor, ask, why_not = second_look(context.cursor, waiting, bool(running) or is_night_under_way(home.lock))
        context.update_cursor(cursor)
        if ask and not seen.arrivals and not _is_night_owed(home, is_anything_new(home)):
            return dg.SkipReason("Rien n'est à prendre dans les classeurs de retour.")
        return dg.RunRequest() if ask else dg.SkipReason(why_not)

    return new_in_inbox


def failed_run(settings: Settings) -> dg.SensorDefinition:
    @dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=30)
    def failed_run(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        """Tell somebody that a run failed. The command tells of its own runs itself."""
        if context.dagster_run.tags.get(BY) == COMMAND:
            return dg.SkipReason("La commande a déjà prévenu.")
        lines = failure_lines(context.get_step_failure_events())
        for failure in send(settings, f"Observatoire : l'exécution « {context.dagster_run.job_name} » a échoué", lines):
            context.log.warning(failure)
        return None

    return failed_run


def failure_lines(events: Iterable[dg.DagsterEvent]) -> list[str]:
    """Steps that failed, with the night's own sentence when there is one: never the text of another exception."""
    lines = []
    for event in events:
        error = event.step_failure_data.error
        while error is not None and error.cls_name != "StructureFailed":
            error = error.cause
        sentence = (
            error.message.partition(": ")[2].strip() if error else "erreur imprévue, voir le journal de l'exécution"
        )
        lines.append(f"{event.step_key} : {sentence}")
    return lines or ["L'exécution n'a pas pu commencer ou a été interrompue."]


def late_sources(home: Home, settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(minimum_interval_seconds=6 * 3600, default_status=dg.DefaultSensorStatus.RUNNING)
    def late_sources(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        """Tell somebody once when a source becomes late."""
        late = {f.source: f for f in freshness(home, rooms.contracts(home), datetime.now(UTC)) if f.is_late}
        told = set(json.loads(context.cursor or "[]"))
        context.update_cursor(json.dumps(sorted(late)))
        new = sorted(late.keys() - told)
        if new:
            lines = [f"source {source} : {late[source].sentence()}" for source in new]
            for failure in send(settings, "Observatoire : des sources sont en retard", lines):
                context.log.warning(failure)
        return dg.SkipReason(f"{plural(len(late), 'source')} en retard, {plural(len(new), 'nouvelle')}.")

    return late_sources


def history_retention_job(home: Home, settings: Settings) -> tuple[dg.JobDefinition, dg.ScheduleDefinition]:
    """Where Dagster runs the nights, what the command does at the end of its own."""

    @dg.op(description="Delete finished runs and log files that are older than OBSERVATOIRE_KEEP_RUNS_DAYS.")
    def forget_old_runs(context: dg.OpExecutionContext) -> None:
        runs, logs = forget_old(context.instance, home, settings, datetime.now(UTC))
        context.log.info(f"{runs} runs and {logs} log files removed")

    @dg.job(description="Keeps Dagster's history bounded.", executor_def=dg.in_process_executor)
    def history_retention() -> None:
        forget_old_runs()

    schedule = dg.ScheduleDefinition(
        name="every_sunday",
        job=history_retention,
        cron_schedule="0 5 * * 0",
        execution_timezone="Europe/Paris",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return history_retention, schedule


def data_retention_job(home: Home) -> tuple[dg.JobDefinition, dg.ScheduleDefinition]:
    """Personal data go when their time has come (`identity/retention.yml`): first of each month, under the night's lock. Launched with
    `apply: false`, the job counts and says."""

    @dg.op(
        config_schema={"apply": dg.Field(bool, default_value=True, description="false: a dry run")},
        description="Erase what was kept long enough, or only count it.",
    )
    def forget_what_is_too_old(context: dg.OpExecutionContext) -> None:
        from orchestration.lock import only_one_night
        from orchestration.retention import by_rule, retention, sentences

        apply = context.op_config["apply"]
        with only_one_night(home.ensure().lock):
            report = retention(home, datetime.now(UTC).replace(microsecond=0), apply=apply)
        for sentence in sentences(report, apply=apply):
            context.log.info(sentence)
        context.add_output_metadata(dict(by_rule(report)))

    @dg.job(description="Durées de conservation (RGPD).", executor_def=dg.in_process_executor)
    def data_retention() -> None:
        forget_what_is_too_old()

    schedule = dg.ScheduleDefinition(
        name="every_month",
        job=data_retention,
        cron_schedule="30 5 1 * *",
        execution_timezone="Europe/Paris",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return data_retention, schedule
