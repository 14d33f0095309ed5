"""What the project of `conftest.Observatory` holds, files as an inbox wants them, and a night without history."""

import os
import time
from pathlib import Path

from orchestration.home import Home, Settings
from orchestration.night import Night, Outcome

SOURCE = "evenements_ess"
DATASETS = ("ind_events", "ind_quality")


def an_hour_old(path: Path) -> Path:
    """A file that nobody is still writing."""
    then = time.time() - 3600
    os.utime(path, (then, then))
    return path


def node(name, parents=(), resource_type="model", **more):
    return {
        "name": name,
        "resource_type": resource_type,
        "description": f"One row per {name}.",
        "config": {"materialized": "table"},
        "original_file_path": f"models/{name}.sql",
        "depends_on": {"nodes": list(parents)},
        "columns": {},
        **more,
    }


MANIFEST = {
    "nodes": {
        "model.t.stg_events": node("stg_events", ["source.t.landing.event"]),
        "model.t.fct_event_count": node("fct_event_count", ["model.t.stg_events"]),
        **{f"model.t.{name}": node(name, ["model.t.fct_event_count"]) for name in DATASETS},
        "test.t.unique": node("unique", ["model.t.ind_events"], "test"),
    }
}


def whole_night(home: Home, settings: Settings | None = None) -> Outcome:
    """One night that leaves no history in Dagster. Raises AnotherNight; every other failure is an Outcome with exit code 4."""
    night = Night(home, settings)
    with night.under_lock():
        return night.whole()
