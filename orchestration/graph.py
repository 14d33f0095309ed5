"""Every asset, check, job, schedule and sensor of one home, put together.

Does not belong here: the parts (`assets.py`, `watch.py`). Needs dbt's manifest, which is parsed first when it is
missing or stale (some seconds, once per change of the project).
"""

from __future__ import annotations

import dagster as dg

from orchestration import warehouse
from orchestration.assets import Step, gate_steps, night_resource, participants_step, source_steps, warehouse_step
from orchestration.home import Home, Settings
from orchestration.watch import (
    data_retention_job,
    every_night,
    failed_run,
    history_retention_job,
    late_sources,
    new_in_inbox,
    nightly_job,
)


def steps_of_a_night(home: Home) -> list[Step]:
    """In the order of a night."""
    manifest = warehouse.load_manifest(home)
    return [*source_steps(home), participants_step(home), warehouse_step(home, manifest), *gate_steps(home, manifest)]


def build_definitions(home: Home, settings: Settings, steps: list[Step] | None = None) -> dg.Definitions:
    """Every asset, check, job, schedule and sensor of one home."""
    parts = [step.definition for step in steps or steps_of_a_night(home)]
    job = nightly_job()
    retention, every_sunday = history_retention_job(home, settings)
    data_retention, every_month = data_retention_job(home)
    return dg.Definitions(
        assets=[part for part in parts if not isinstance(part, dg.AssetChecksDefinition)],
        asset_checks=[part for part in parts if isinstance(part, dg.AssetChecksDefinition)],
        jobs=[job, retention, data_retention],
        schedules=[every_night(home, settings, job), every_sunday, every_month],
        sensors=[new_in_inbox(home, job), failed_run(settings), late_sources(home, settings)],
        resources={"night": night_resource(home, settings)},
        executor=dg.in_process_executor,
    )
