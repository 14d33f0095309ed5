"""The verdict: what each expectation found on one candidate, and why a dataset may not be published.

Belongs here: plain frozen records, their JSON, and `refusals`, which `publication` asks before it
writes anything. It trusts the suites and the candidate on disk, never what the verdict says of itself: a verdict
that forgot an expectation, weakened a severity, or speaks of other bytes is a refusal.
Does not belong here: running expectations (`auditing`), pandas or Great Expectations, and any raw value: keys of
rows, counts and sentences only, because verdicts are published in QUALITE.json.

Sentences are in French: staff read them beside the table that was kept back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from expectations.candidate import DATA, NotSealable, hash_and_changes
from expectations.french import spaced
from rulebook.numbers import plural

BLOQUANT = "bloquant"
RESERVE = "reserve"
MAX_KEYS = 20


@dataclass(frozen=True)
class Outcome:
    """What one expectation found. `rows`: rows of the table it looked into, which `may_be_empty` when its suite says so. `error` (French): it
    could not judge."""

    dataset: str
    expectation_id: str
    severity: str
    success: bool
    rows: int
    failing_keys: tuple[dict[str, str], ...] = ()
    observed: str = ""
    why: str = ""
    what_to_do: str = ""
    error: str = ""
    may_be_empty: bool = False

    @property
    def had_rows(self) -> bool:
        return self.rows > 0 or self.may_be_empty

    @property
    def is_blocking(self) -> bool:
        """Whether it keeps the table back when it does not hold: declared so, or it could not judge."""
        return self.severity != RESERVE or bool(self.error) or not self.had_rows

    @property
    def holds(self) -> bool:
        """Judged, on at least one row where there must be one, and found true. An expectation that could not judge never holds."""
        return self.success is True and not self.error and self.had_rows

    def sentence(self) -> str:
        """One paragraph for staff: what was expected, what was found, what to do."""
        found = self.error or self.observed
        return " ".join(part for part in (self.why, found, self.what_to_do) if part)


@dataclass(frozen=True)
class Verdict:
    """All outcomes of one audit, bound to the bytes of one candidate and to the suites that judged it."""

    candidate_hash: str
    suites_hash: str
    audited_at: str
    outcomes: tuple[Outcome, ...] = field(default_factory=tuple)

    def of(self, dataset: str) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.dataset == dataset)

    def blocking(self, dataset: str) -> tuple[Outcome, ...]:
        """Outcomes that keep the dataset back: a failed `bloquant`, or anything that could not be judged."""
        return tuple(outcome for outcome in self.of(dataset) if not outcome.holds and outcome.is_blocking)

    def reserves(self, dataset: str) -> tuple[Outcome, ...]:
        """Failed reservations: the table may be published, and carries them."""
        return tuple(outcome for outcome in self.of(dataset) if not outcome.holds and not outcome.is_blocking)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Verdict:
        """Raises ValueError on anything that is not exactly what `to_json` writes."""
        try:
            record = json.loads(text)
            outcomes = tuple(_outcome(item) for item in record.pop("outcomes"))
            verdict = cls(**record, outcomes=outcomes)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("not a verdict") from error
        if not all(isinstance(v, str) for v in (verdict.candidate_hash, verdict.suites_hash, verdict.audited_at)):
            raise ValueError("not a verdict")
        return verdict


def _outcome(record: dict[str, Any]) -> Outcome:
    outcome = Outcome(**{**record, "failing_keys": tuple(dict(key) for key in record["failing_keys"])})
    if not isinstance(outcome.success, bool) or isinstance(outcome.rows, bool) or not isinstance(outcome.rows, int):
        raise ValueError("not a verdict")
    return outcome


def tally(outcomes: Iterable[Outcome]) -> str:
    """« 412 menés ; non satisfaits : 1 bloquant, 2 réserves »: a check that could not judge is blocking."""
    judged = list(outcomes)
    failed = [outcome for outcome in judged if not outcome.holds]
    blocking = sum(outcome.is_blocking for outcome in failed)
    unmet = f"{plural(blocking, 'bloquant')}, {plural(len(failed) - blocking, 'réserve')}"
    return f"{plural(len(judged), 'mené')} ; non satisfaits : {unmet}"


def not_judged(outcomes: Iterable[Outcome]) -> list[str]:
    """Why checks could not judge: one sentence for all those of one table that could not for one reason (an empty table stops forty)."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.error:
            # what differs stands in brackets: which control was not there
            found.setdefault(outcome.error.partition(" (")[0].rstrip("."), []).append(outcome)
    return [
        f"Le contrôle « {several[0].expectation_id} » n’a pas pu conclure : {several[0].error}"
        if len(several) == 1
        else f"{len(several)} contrôles n’ont pas pu conclure : {reason}."
        for reason, several in found.items()
    ]


def refusals(verdict: Verdict, directory: Path, suites: Path | None = None) -> dict[str, list[str]]:
    """Why each dataset of this candidate may not be published, in French sentences; none when it may. Every dataset that has a suite
    or a table in the candidate is told.

    Fails closed: whatever cannot be read, recomputed or found is a reason.
    """
    from expectations.suite import SUITES, SuiteError, read_suites

    directory, suites = Path(directory), Path(suites or SUITES)
    general = of_other_bytes(verdict, directory, suites)
    try:
        by_dataset = {suite.dataset: suite for suite in read_suites(suites)}
    except (SuiteError, OSError):
        by_dataset = {}
        general.append("Les règles de contrôle sont illisibles : rien ne peut être publié.")
    datasets = sorted(by_dataset.keys() | {path.stem for path in (directory / DATA).glob("*.parquet")})
    return {
        name: [spaced(reason) for reason in general + _of_dataset(verdict, directory, name, by_dataset.get(name))]
        for name in datasets
    }


def of_other_bytes(verdict: Verdict, directory: Path, suites: Path) -> list[str]:
    """Why the verdict does not speak of exactly these bytes, or was not given by exactly these suites, in French; empty when it does."""
    from expectations.suite import suites_hash

    try:
        actual, changed = hash_and_changes(directory)
    except (NotSealable, OSError):
        return ["La version candidate n’est pas scellée ou ne peut pas être relue."]
    reasons = []
    if not verdict.candidate_hash or verdict.candidate_hash != actual:
        reasons.append("L’audit porte sur d’autres fichiers que ceux de la version candidate.")
    if changed:
        reasons.append(f"Des fichiers ont changé depuis le scellement de la version candidate ({len(changed)}).")
    try:
        if not verdict.suites_hash or verdict.suites_hash != suites_hash(suites):
            reasons.append("Les règles de contrôle ont changé depuis l’audit : l’audit est à refaire.")
    except OSError:
        reasons.append("Les règles de contrôle sont illisibles.")
    return reasons


def _of_dataset(verdict: Verdict, directory: Path, dataset: str, suite: Any) -> list[str]:
    if suite is None:
        return ["Aucune règle de contrôle n’existe pour ce tableau."]
    reasons = []
    if not (directory / DATA / f"{dataset}.parquet").is_file():
        reasons.append("Le tableau est absent de la version candidate.")
    outcomes: dict[str, list[Outcome]] = {}
    for outcome in verdict.of(dataset):
        outcomes.setdefault(outcome.expectation_id, []).append(outcome)
    for expectation in suite.expectations:
        found = outcomes.pop(expectation.id, [])
        if not found:
            reasons.append(f"Le contrôle « {expectation.id} » n’a pas été exécuté.")
        for outcome in found:
            if outcome.error:
                continue
            if outcome.rows <= 0 and not suite.may_be_empty:
                reasons.append(f"Le contrôle « {expectation.id} » n’a porté sur aucune ligne.")
            elif not outcome.success and expectation.severity == BLOQUANT:
                # the severity and the sentences are those of the suite on disk, not those the verdict claims
                parts = (expectation.why, outcome.observed, expectation.what_to_do)
                reasons.append(" ".join(part for part in parts if part))
    reasons += not_judged(verdict.of(dataset))
    # an outcome that no suite asked for cannot come from these suites
    reasons += [f"Le contrôle « {name} » n’existe pas dans les règles." for name in sorted(outcomes)]
    return reasons
