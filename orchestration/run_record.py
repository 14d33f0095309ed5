"""A run of a Dagster job that took place elsewhere, written down in Dagster's own events: what its interface shows of a run.

Executing the job only to have its steps say what the night already knows costs three times as many events (an output, its handling
and a plan for each table and check) and gives every step the time of its telling. The night of the demo: 9 s of processor, 3 now.
Belongs here: which events make a run, in which order, at which time. Does not belong here: what a step shows (`assets.py`), where it
comes from (`historian.py`). Events are Dagster's internal classes: the version is pinned by the lock, the tests read them back
through its public instance.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import dagster as dg
from dagster import DagsterEvent, DagsterEventType, DagsterInstance, EventLogEntry, JobDefinition
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.definitions.dependency import NodeHandle
from dagster._core.events import (
    AssetMaterializationPlannedData,
    JobFailureData,
    RunFailureReason,
    StepMaterializationData,
)
from dagster._core.execution.plan.handle import StepHandle
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData, StepSuccessData
from dagster._core.storage.tags import EXTERNALLY_MANAGED_ASSETS_TAG
from dagster._utils.error import SerializableErrorInfo

from orchestration.assets import Shown


class RunRecord:
    """One run, written as it goes on: `begin`, then for each step `step_began` and one of `step_ended`, `step_failed`,
    `step_skipped`, then `end`. Times are UTC."""

    def __init__(self, instance: DagsterInstance, job: JobDefinition, run_id: str, tags: dict[str, str]):
        self._instance = instance
        self._run = instance.create_run_for_job(job, run_id=run_id, tags=tags | {EXTERNALLY_MANAGED_ASSETS_TAG: "true"})
        self._failure: DagsterEvent | None = None

    def begin(self, at: datetime) -> None:
        self._tell(at, self._event(DagsterEventType.RUN_START, f"Started execution of run for {self._run.job_name!r}."))

    def step_began(self, step: str, at: datetime) -> None:
        self._tell(at, self._event(DagsterEventType.STEP_START, f"Started execution of step {step!r}.", step=step))

    def step_ended(
        self, step: str, shown: Iterable[Shown], at: datetime, seconds: float, asset: dg.AssetKey | None = None
    ) -> None:
        """With what the step shows, tables and checks, in one transaction. `asset`: the one meant where a table is not named."""
        events = [event for result in shown for event in self._results(step, result, asset)]
        done = f"Finished execution of step {step!r} in {seconds:.1f}s."
        events.append(self._event(DagsterEventType.STEP_SUCCESS, done, StepSuccessData(seconds * 1000), step))
        self._instance.event_log_storage.store_event_batch([self._entry(event, at) for event in events])

    def step_failed(self, step: str, sentence: str, at: datetime, assets: Iterable[dg.AssetKey]) -> None:
        """With a sentence that the caller answers for: no traceback, which quotes what it meets. `assets`: what it would have made."""
        self._wanted(step, assets, at)
        said = SerializableErrorInfo(sentence, [], None)
        data = StepFailureData(said, None, ErrorSource.USER_CODE_ERROR)
        failure = self._event(DagsterEventType.STEP_FAILURE, f"Execution of step {step!r} failed.", data, step)
        self._failure = self._failure or failure
        self._tell(at, failure)

    def step_skipped(self, step: str, at: datetime, assets: Iterable[dg.AssetKey]) -> None:
        self._wanted(step, assets, at)
        self._tell(at, self._event(DagsterEventType.STEP_SKIPPED, f"Skipped execution of step {step!r}.", step=step))

    def end(self, at: datetime) -> None:
        """Failed when a step did."""
        if self._failure is None:
            done = f"Finished execution of run for {self._run.job_name!r}."
            self._tell(at, self._event(DagsterEventType.RUN_SUCCESS, done))
            return
        data = JobFailureData(
            self._failure.step_failure_data.error, RunFailureReason.STEP_FAILURE, first_step_failure_event=self._failure
        )
        what = f"Execution of run for {self._run.job_name!r} failed. Steps failed: {[self._failure.step_key]}."
        self._tell(at, self._event(DagsterEventType.RUN_FAILURE, what, data))

    def _wanted(self, step: str, assets: Iterable[dg.AssetKey], at: datetime) -> None:
        """A table that was planned in a failed run, and is not in it, is shown as failed."""
        kind = DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        events = [
            self._event(
                kind, f"{step!r} was to make {asset.to_user_string()!r}.", AssetMaterializationPlannedData(asset), step
            )
            for asset in assets
        ]
        self._instance.event_log_storage.store_event_batch([self._entry(event, at) for event in events])

    def _results(self, step: str, result: Shown, asset: dg.AssetKey | None) -> Iterable[DagsterEvent]:
        asset = result.asset_key or asset
        assert asset is not None, f"{step} shows a result of no table"
        if isinstance(result, dg.AssetCheckResult):
            yield self._checked(step, result, asset)
            return
        made = dg.AssetMaterialization(asset, metadata=result.metadata)
        what = f"Materialized value {made.label}."
        yield self._event(DagsterEventType.ASSET_MATERIALIZATION, what, StepMaterializationData(made), step)
        for check in result.check_results:
            yield self._checked(step, check, asset)

    def _checked(self, step: str, check: dg.AssetCheckResult, asset: dg.AssetKey) -> DagsterEvent:
        assert check.check_name is not None  # Dagster's own wait for the name of a step; ours all have one
        found = AssetCheckEvaluation(
            asset_key=asset,
            check_name=check.check_name,
            passed=check.passed,
            metadata=check.metadata,
            severity=check.severity,
            description=check.description,
        )
        what = f"Asset check {found.check_name!r} on {asset.to_user_string()!r} {'passed' if found.passed else 'did not pass'}."
        return self._event(DagsterEventType.ASSET_CHECK_EVALUATION, what, found, step)

    def _event(self, kind: DagsterEventType, message: str, data: Any = None, step: str | None = None) -> DagsterEvent:
        return DagsterEvent(
            event_type_value=kind.value,
            job_name=self._run.job_name,
            step_handle=StepHandle(NodeHandle(step, None)) if step else None,
            step_kind_value="COMPUTE" if step else None,
            event_specific_data=data,
            message=message,
            step_key=step,
        )

    def _entry(self, event: DagsterEvent, at: datetime) -> EventLogEntry:
        return EventLogEntry(
            error_info=None,
            level=logging.ERROR if event.is_failure else logging.DEBUG,
            user_message=event.message or "",
            run_id=self._run.run_id,
            timestamp=at.timestamp(),
            step_key=event.step_key,
            job_name=self._run.job_name,
            dagster_event=event,
        )

    def _tell(self, at: datetime, event: DagsterEvent) -> None:
        self._instance.handle_new_event(self._entry(event, at))
