"""The directories in which a warehouse is built aside, and how far each of them got.

    warehouse/<name>/            the candidate: what `expectations.seal` lists, nothing else
    warehouse/<name>.json        how far it got, beside it so that the candidate's bytes are only its own
    warehouse/<name>.verdict.json

A name is never reused: DuckDB goes on reading the old file of a path within one process.
Does not belong here: what goes into a candidate, whether it may be published.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_AT = "%Y%m%dT%H%M%S%f"
BUILDING, BUILT, SEALED, AUDITED, PUBLISHED = STATES = ("building", "built", "sealed", "audited", "published")


@dataclass(frozen=True)
class Candidate:
    """One directory of `warehouse/`, named after its instant (UTC) and its run."""

    directory: Path

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def database(self) -> Path:
        return self.directory / "warehouse.duckdb"

    @property
    def record_file(self) -> Path:
        return self.directory.with_name(f"{self.name}.json")

    @property
    def verdict_file(self) -> Path:
        return self.directory.with_name(f"{self.name}.verdict.json")

    @property
    def record(self) -> dict:
        try:
            return json.loads(self.record_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {"state": BUILDING}

    @property
    def state(self) -> str:
        return self.record.get("state", BUILDING)

    def reached(self, state: str) -> bool:
        return STATES.index(self.state) >= STATES.index(state)

    def mark(self, state: str, **facts: object) -> None:
        """Say how far it got, once it did. A candidate that was published stays so when a step is done again."""
        state = max(state, self.state, key=STATES.index)
        write_json(self.record_file, {**self.record, **facts, "state": state})

    def throw_away(self) -> None:
        """Remove it whole. Its parts are made writable first: a sealed file may be read-only."""
        if self.directory.exists():
            for folder, _, _ in os.walk(self.directory):
                os.chmod(folder, 0o755)
            shutil.rmtree(self.directory)
        self.record_file.unlink(missing_ok=True)
        self.verdict_file.unlink(missing_ok=True)


def new_candidate(warehouse: Path, run_id: str) -> Candidate:
    """An empty directory whose name no other candidate ever had, after those of all that are there even when the clock was put back."""
    at = datetime.now(UTC)
    for other in candidates(warehouse)[-1:]:
        at = max(
            at, datetime.strptime(other.name.partition("-")[0], _AT).replace(tzinfo=UTC) + timedelta(microseconds=1)
        )
    candidate = Candidate(warehouse / f"{at:{_AT}}-{run_id[:8]}")
    candidate.directory.mkdir(parents=True)
    candidate.mark(BUILDING, run_id=run_id)
    return candidate


def candidates(warehouse: Path) -> list[Candidate]:
    """Oldest first."""
    return [Candidate(path) for path in sorted(warehouse.glob("2*T*-*")) if path.is_dir()]


def latest(warehouse: Path, state: str) -> Candidate | None:
    """The newest candidate that got at least to `state`."""
    return next((c for c in reversed(candidates(warehouse)) if c.reached(state)), None)


def prune(warehouse: Path, keep: Candidate | None = None) -> list[str]:
    """Throw away all but the last good one (published, or waiting as a whole to be) and `keep`. To be called under the lock; names removed."""
    good = next((c for c in reversed(candidates(warehouse)) if c.reached(PUBLISHED) or c.record.get("waits")), None)
    kept = {c.name for c in (good, keep) if c}
    removed = [c for c in candidates(warehouse) if c.name not in kept]
    for candidate in removed:
        candidate.throw_away()
    return [candidate.name for candidate in removed]


def write_json(path: Path, record: object) -> None:
    """Whole or not at all: written aside, then renamed."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)  # what a full disk took of it is of no use, and in the way
        raise
