"""The audit: every suite run on one candidate, and the verdict.

Great Expectations (`questions`) judges pandas columns read from exactly the bytes listed in the candidate's manifest.

Belongs here: reading tables, running suites, and refusing to conclude from nothing. Great Expectations succeeds on an empty table, an
all-null column, an empty suite; here, no rows, no value (`trial`), a missing table, column or control, and any exception are
failures with a sentence, and never an exception out of `audit`.
Does not belong here: what is expected (suites), what follows from it (`publication`), writing files, the network.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from expectations.candidate import CONTROL, DATA, NotSealable, hash_and_changes, read_manifest
from expectations.french import spaced
from expectations.questions import ask_all, open_context, quiet
from expectations.suite import SUITES, Expectation, Suite, SuiteError, read_suites, suites_hash
from expectations.trial import Table, Trial
from expectations.verdict import BLOQUANT, Outcome, Verdict

FOLDERS = {"data": DATA, "control": CONTROL}


def audit(
    directory: Path,
    *,
    suites: Path = SUITES,
    datasets: Iterable[str] | None = None,
    now: datetime | None = None,
) -> Verdict:
    """The verdict on the candidate in `directory`. Never raises: what cannot be judged is a failed outcome.

    `datasets` restricts the audit while working on a suite; a partial verdict publishes only what it judged.
    """
    directory, suites = Path(directory), Path(suites)
    audited_at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    found, broken = _seal(directory)
    try:
        to_run, rules = read_suites(suites), suites_hash(suites)
    except (SuiteError, OSError):
        outcome = _not_judged("suites", "suites", "Les règles de contrôle sont illisibles ou absentes.")
        return Verdict(found, "", audited_at, (outcome,))
    names = {suite.dataset for suite in to_run}
    outcomes: list[Outcome] = []
    for path in sorted((directory / DATA).glob("*.parquet")):
        if path.stem not in names:
            outcomes.append(_not_judged(path.stem, "suite", "Aucune règle de contrôle n’existe pour ce tableau."))
    wanted = names if datasets is None else set(datasets)
    trials = [trial for suite in to_run if suite.dataset in wanted for trial in _trials(suite, directory, broken)]
    try:
        ask_all([trial for trial in trials if trial.success is None and not trial.error])
    except Exception as error:  # the promise of this module: a verdict, whatever happens
        for trial in trials:
            trial.interrupted(error)
    return Verdict(found, rules, audited_at, (*outcomes, *map(_outcome, trials)))


def warm_up() -> None:
    """Import what an audit needs and open its context: most of the time of a first audit."""
    import pandas as pd
    import pyarrow.parquet  # noqa: F401

    with quiet():
        open_context()
        pd.eval("1 == 1", engine="python")


def _trials(suite: Suite, directory: Path, broken: str) -> list[Trial]:
    tables = {
        on: _read(directory, f"{folder}/{suite.dataset}.parquet", suite.may_be_empty and on == "data")
        for on, folder in FOLDERS.items()
    }
    trials = [Trial(suite.dataset, expectation, tables[expectation.on]) for expectation in suite.expectations]
    for trial in trials:
        try:
            trial.prepare(broken, tables["data"].programmes)
        except Exception as error:
            trial.interrupted(error)
    return trials


def _outcome(trial: Trial) -> Outcome:
    try:
        return trial.outcome()
    except Exception as error:
        trial.interrupted(error)
        return _not_judged(trial.dataset, trial.expectation.id, trial.error, trial.expectation)


def _read(directory: Path, relative: str, may_be_empty: bool) -> Table:
    """The bytes are read once: hashed, compared with the manifest, then parsed from memory."""
    import pyarrow.parquet as parquet

    try:
        content = (directory / relative).read_bytes()
        sealed = read_manifest(directory).get(relative, {}).get("sha256")
    except (OSError, NotSealable):
        return Table(error=f"Le fichier {relative} est absent de la version candidate.")
    if hashlib.sha256(content).hexdigest() != sealed:
        return Table(error=f"Le fichier {relative} n’est plus celui qui a été scellé.")
    try:
        frame = parquet.read_table(io.BytesIO(content)).to_pandas()
    except Exception as error:
        return Table(error=f"Le fichier {relative} est illisible ({type(error).__name__}).")
    empty = f"Le tableau {relative} est vide : rien de ce qui a été reçu n’y donne de ligne."
    return Table(frame, "" if len(frame) or may_be_empty else empty, may_be_empty)


def _seal(directory: Path) -> tuple[str, str]:
    """The hash of the candidate, or nothing, and the sentence to give for every expectation when it is not what was sealed."""
    try:
        found, changed = hash_and_changes(directory)
    except (NotSealable, OSError):
        return "", "La version candidate n’est pas scellée."
    return found, "Des fichiers ont changé depuis le scellement de la version candidate." if changed else ""


def _not_judged(dataset: str, name: str, sentence: str, expectation: Expectation | None = None) -> Outcome:
    return Outcome(
        dataset=dataset,
        expectation_id=name,
        severity=expectation.severity if expectation else BLOQUANT,
        success=False,
        rows=0,
        why=expectation.why if expectation else "",
        what_to_do=expectation.what_to_do if expectation else "",
        error=spaced(sentence),
    )
