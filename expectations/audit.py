"""The audit: every suite run on one candidate, and the verdict.

Great Expectations judges pandas frames read from exactly the bytes listed in the candidate's manifest. It is asked
twice: all the expectations of a table at once for a yes or a no, then the failing ones again for the positions of
their rows. Only positions are asked for, never values; what the verdict shows of a row is its key, when the key looks
like a code, and the `detail` of a control, stripped of anything that looks like an address or a phone number.

Belongs here: running suites, and refusing to conclude from nothing. Great Expectations succeeds on an empty table, an
all-null column, an empty suite; here, no rows, no value, a missing table, column or control, and any exception are
failures with a sentence, and never an exception out of `audit`.
Does not belong here: what is expected (suites), what follows from it (`publication`), writing files, the network.
"""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import multiprocessing
import os
import re
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from expectations.candidate import (
    CONTROL,
    CONTROL_KEY,
    DATA,
    DATA_KEY,
    NotSealable,
    candidate_hash,
    changed_since_seal,
    read_manifest,
)
from expectations.french import spaced
from expectations.lean_import import lean_import
from expectations.suite import SUITES, Expectation, Suite, SuiteError, read_suites, suites_hash
from expectations.verdict import BLOQUANT, MAX_KEYS, Outcome, Verdict

FOLDERS = {"data": DATA, "control": CONTROL}
KEYS = {"data": DATA_KEY, "control": CONTROL_KEY}

#: Shown in place of a key that does not look like a code: what stands there may be a person's.
NOT_A_CODE = "(illisible)"
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_|./:-]{0,63}")
_PHONE = re.compile(r"(?<!\d)(?:\+?33|0)\s?[1-9](?:[\s.-]?\d{2}){4}(?!\d)")
_EMAIL = re.compile(r"\S+@\S+")
_MAX_DETAILS = 5
_MAX_OBSERVED = 600


def audit(
    directory: Path,
    *,
    suites: Path = SUITES,
    datasets: Iterable[str] | None = None,
    now: datetime | None = None,
    processes: int = 1,
) -> Verdict:
    """The verdict on the candidate in `directory`. Never raises: what cannot be judged is a failed outcome.

    `datasets` restricts the audit while working on a suite; a partial verdict publishes only what it judged. `processes`: how
    many forks share the suites; more than one only where nothing else runs in this process.
    """
    directory, suites = Path(directory), Path(suites)
    audited_at = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    try:
        to_run, rules = read_suites(suites), suites_hash(suites)
    except (SuiteError, OSError):
        outcome = _not_judged("suites", "suites", "Les règles de contrôle sont illisibles ou absentes.")
        return Verdict(_hash_or_nothing(directory), "", audited_at, (outcome,))
    names = {suite.dataset for suite in to_run}
    outcomes: list[Outcome] = []
    for path in sorted((directory / DATA).glob("*.parquet")):
        if path.stem not in names:
            outcomes.append(_not_judged(path.stem, "suite", "Aucune règle de contrôle n’existe pour ce tableau."))
    wanted = names if datasets is None else set(datasets)
    broken = _broken_seal(directory)
    judge = functools.partial(_judge, directory=directory, broken=broken, batches=functools.cache(_batches))
    outcomes += _each([suite for suite in to_run if suite.dataset in wanted], judge, processes)
    return Verdict(_hash_or_nothing(directory), rules, audited_at, tuple(outcomes))


def _each(suites: list[Suite], judge: Callable[[Suite], list[Outcome]], processes: int) -> Iterator[Outcome]:
    """The outcomes of every suite in their order, the longest suites begun first when several forks share them."""
    if processes < 2 or len(suites) < 2:
        for suite in suites:
            yield from judge(suite)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_inherit, initargs=(judge,)) as pool:
        asked = {
            suite.dataset: pool.submit(_inherited, suite)
            for suite in sorted(suites, key=lambda suite: -len(suite.expectations))
        }
        for suite in suites:
            try:
                yield from asked[suite.dataset].result()
            except BrokenExecutor:
                sentence = "Le contrôle s’est interrompu : le processus qui le menait a été arrêté."
                yield from (_not_judged(suite.dataset, e.id, sentence, e) for e in suite.expectations)


_judge_here: Callable[[Suite], list[Outcome]]


def _inherit(judge: Callable[[Suite], list[Outcome]]) -> None:
    global _judge_here
    _judge_here = judge


def _inherited(suite: Suite) -> list[Outcome]:
    return _judge_here(suite)


def warm_up() -> None:
    """Import what an audit needs and open its context: most of the time of a first audit."""
    import pandas as pd
    import pyarrow.parquet  # noqa: F401

    with _quiet():
        _batches()
        pd.DataFrame({"a": [1]}).query("a == 1", engine="python")


def _judge(suite: Suite, directory: Path, broken: str, batches: Callable[[], Any]) -> list[Outcome]:
    try:
        tables = {on: _read(directory, f"{folder}/{suite.dataset}.parquet") for on, folder in FOLDERS.items()}
        programmes = tables["data"].programmes()
        trials = [_Trial(expectation, tables[expectation.on]) for expectation in suite.expectations]
        for trial in trials:
            trial.prepare(broken, programmes)
        with _quiet():
            _run_all([trial for trial in trials if not trial.error], batches())
        outcomes = [trial.outcome(suite.dataset) for trial in trials]
    except Exception as error:  # the promise of this module: a verdict, whatever happens
        sentence = f"Le contrôle s’est interrompu ({type(error).__name__})."
        outcomes = [_not_judged(suite.dataset, e.id, sentence, e) for e in suite.expectations]
    return outcomes or [_not_judged(suite.dataset, "suite", "La liste des contrôles de ce tableau est vide.")]


@dataclass
class _Table:
    """A frame read from verified bytes, or the reason why there is none."""

    frame: Any = None
    error: str = ""

    @property
    def rows(self) -> int:
        return 0 if self.frame is None else len(self.frame)

    def programmes(self) -> set[str]:
        if self.frame is None or "programme_id" not in self.frame.columns:
            return set()
        return set(self.frame["programme_id"].dropna())


def _read(directory: Path, relative: str) -> _Table:
    """The bytes are read once: hashed, compared with the manifest, then parsed from memory."""
    import pyarrow.parquet as parquet

    try:
        content = (directory / relative).read_bytes()
        sealed = read_manifest(directory).get(relative, {}).get("sha256")
    except (OSError, NotSealable):
        return _Table(error=f"Le fichier {relative} est absent de la version candidate.")
    if hashlib.sha256(content).hexdigest() != sealed:
        return _Table(error=f"Le fichier {relative} n’est plus celui qui a été scellé.")
    try:
        frame = parquet.read_table(io.BytesIO(content)).to_pandas()
    except Exception as error:
        return _Table(error=f"Le fichier {relative} est illisible ({type(error).__name__}).")
    return _Table(frame, "" if len(frame) else f"Le tableau {relative} est vide.")


class _Trial:
    """One expectation, the rows it is to judge, and what came of it."""

    def __init__(self, expectation: Expectation, table: _Table) -> None:
        self.expectation = expectation
        self.table = table
        self.frame: Any = None
        self.error = ""
        self.success: bool | None = None
        self.positions: list[int] = []

    @property
    def group(self) -> tuple[str, ...]:
        """Trials of one group are judged on one frame. What GX costs is the number of frames, not of rows."""
        e = self.expectation
        if not (e.where or e.compute):
            return e.on, "whole"
        if e.expectation in _IGNORES_NULLS:
            return e.on, "pooled"
        return e.on, "alone", e.id

    @property
    def kwargs(self) -> dict[str, Any]:
        kwargs = self.expectation.kwargs
        return {**kwargs, "column": self.pooled_name} if self.group[1] == "pooled" else kwargs

    @property
    def pooled_name(self) -> str:
        return f"{self.expectation.kwargs['column']} ({self.expectation.id})"

    def prepare(self, broken: str, programmes: set[str]) -> None:
        """Select the rows, compute the columns, and refuse to judge nothing. Sets `error`, or `success` when the case
        that the expectation describes may be absent, and is."""
        self.error = broken or self.table.error
        if self.error:
            return
        expectation = self.expectation
        try:
            frame = self.table.frame
            if expectation.where is not None:
                frame = frame.query(expectation.where, engine="python")
            computed = {name: frame.eval(text, engine="python") for name, text in expectation.compute.items()}
            self.frame = frame.assign(**computed) if computed else frame
        except Exception as error:
            kind = type(error).__name__
            self.error = f"Lignes impossibles à choisir : colonne absente ou type inattendu ({kind})."
            return
        columns = _columns(expectation)
        on_control = expectation.on == "control"
        if missing := [name for name in columns if name not in self.frame.columns]:
            self.error = f"Colonne absente : {', '.join(missing)}."
        elif expectation.each_programme and (absent := programmes - set(self.frame.get("programme_id", ()))):
            self.error = f"Rien à contrôler pour : {', '.join(sorted(_code(name) for name in absent))}."
        elif on_control and (unknown := int(self.frame[columns].isna().any(axis=1).sum())):
            # a count that could not be made is not a count that agrees
            self.error = f"Un contrôle n’a pas donné de résultat ({_counted(unknown, 'ligne', 'lignes')})."
        elif not self._something_to_judge(columns):
            if expectation.may_be_absent:
                self.success = True
            else:
                where = f" ({expectation.where})" if expectation.where else ""
                self.error = f"Aucune valeur à contrôler{where} : la ligne ou le contrôle attendu est absent."

    def _something_to_judge(self, columns: list[str]) -> bool:
        if not len(self.frame):
            return False
        if self.expectation.expectation in _JUDGES_NULLS or not columns:
            return True
        return bool(self.frame[columns].notna().all(axis=1).any())

    def outcome(self, dataset: str) -> Outcome:
        if self.success is None and not self.error:
            self.error = "Le contrôle n’a rendu aucun résultat."
        failed = not self.success and not self.error
        return Outcome(
            dataset=dataset,
            expectation_id=self.expectation.id,
            severity=self.expectation.severity,
            success=bool(self.success) and not self.error,
            rows=self.table.rows,
            failing_keys=tuple(self._keys()) if failed else (),
            observed="" if self.error else spaced(self._observed(failed)),
            why=self.expectation.why,
            what_to_do=self.expectation.what_to_do,
            error=spaced(self.error),
        )

    def _keys(self) -> Iterator[dict[str, str]]:
        names = [name for name in KEYS[self.expectation.on] if name in self.table.frame.columns]
        for position in self.positions[:MAX_KEYS]:
            row = self.table.frame.loc[position]
            yield {name: _code(row[name]) for name in names}

    def _observed(self, failed: bool) -> str:
        judged = len(self.frame)
        if not failed:
            return _counted(judged, "ligne contrôlée", "lignes contrôlées")
        if self.expectation.judges == "table":
            return _observed_of_table(self.expectation, self.frame)
        text = f"{_counted(len(self.positions), 'ligne', 'lignes')} en défaut sur {judged}"
        if self.expectation.on == "control" and "detail" in self.table.frame.columns:
            details = self.table.frame.loc[self.positions[:_MAX_DETAILS], "detail"].dropna()
            text += "".join(f" ; {_without_persons(str(detail))}" for detail in details)
        return text[:_MAX_OBSERVED] + "."


#: On one column, empty cells are passed over: a column emptied outside `where` says the same as the rows of `where`.
_IGNORES_NULLS = {
    "ExpectColumnValuesToBeBetween",
    "ExpectColumnValuesToBeInSet",
    "ExpectColumnValuesToMatchRegex",
    "ExpectColumnValuesToNotMatchRegex",
}
_JUDGES_NULLS = {"ExpectColumnValuesToNotBeNull", "ExpectColumnValuesToBeNull", "ExpectCompoundColumnsToBeUnique"}


def _columns(expectation: Expectation) -> list[str]:
    """The columns an expectation looks into. The list of columns itself is what the ordered-list class judges."""
    if expectation.expectation == "ExpectTableColumnsToMatchOrderedList":
        return []
    kwargs = expectation.kwargs
    named = [kwargs[name] for name in ("column", "column_A", "column_B") if name in kwargs]
    return [str(name) for name in (*named, *kwargs.get("column_list", ()))]


def _run_all(trials: list[_Trial], batches: Any) -> None:
    """One validation per group of trials for the verdicts, then one for the rows of those that failed."""
    groups: dict[tuple[str, ...], list[_Trial]] = {}
    for trial in trials:
        if trial.success is None:
            groups.setdefault(trial.group, []).append(trial)
    for group in groups.values():
        frame = _pooled(group) if group[0].group[1] == "pooled" else group[0].frame
        _validate(batches, frame, group, "BOOLEAN_ONLY")
        failed = [t for t in group if t.success is False and not t.error and t.expectation.judges == "rows"]
        if failed:
            _validate(batches, frame, failed, "COMPLETE")


def _pooled(trials: list[_Trial]) -> Any:
    """One frame for many conditions: a column per trial, empty outside its own rows; positions are those of the table."""
    import pandas as pd

    index = trials[0].table.frame.index
    return pd.DataFrame({t.pooled_name: t.frame[t.expectation.kwargs["column"]].reindex(index) for t in trials})


def _validate(batches: Any, frame: Any, trials: list[_Trial], detail: str) -> None:
    """Run the trials on `frame` and store success, or positions of the failing rows, or an error in each."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    asked: dict[str, _Trial] = {}
    suite = gx.ExpectationSuite(name="suite")
    for trial in trials:
        e = trial.expectation
        try:
            suite.expectations.append(getattr(gxe, e.expectation)(**trial.kwargs, meta={"id": e.id}))
            asked[e.id] = trial
        except Exception as error:
            trial.error = f"Les arguments du contrôle sont incorrects ({type(error).__name__})."
    if not asked:
        return
    # without index column names the index itself is returned: the position of the row in the sealed table
    how = {"result_format": detail, "exclude_unexpected_values": True}
    with _configured_once():
        results = batches.get_batch({"dataframe": frame}).validate(suite, result_format=how).results
    for result in results:
        trial = asked[result.expectation_config.meta["id"]]
        if _raised(result.exception_info):
            # never the message: it may quote a cell
            trial.error = "Le contrôle a échoué techniquement : type de colonne inattendu ?"
        elif detail == "BOOLEAN_ONLY":
            trial.success = result.success is True
        else:
            trial.positions = sorted(int(position) for position in result.result.get("unexpected_index_list") or ())


@contextmanager
def _configured_once() -> Iterator[None]:
    """GX writes the configuration of an expectation anew for each key it looks up there, fifty times for each: a third of an audit.
    While this lasts, each has one."""
    from great_expectations.expectations.expectation import Expectation

    written: dict[int, tuple[Expectation, Any]] = {}  # the expectation too: its `id` is its own as long as it is kept
    as_it_comes = Expectation.configuration

    def configuration(self: Expectation) -> Any:
        if id(self) not in written:
            written[id(self)] = self, as_it_comes.fget(self)
        return written[id(self)][1]

    Expectation.configuration = property(configuration)
    try:
        yield
    finally:
        Expectation.configuration = as_it_comes


def _raised(exception_info: Any) -> bool:
    """GX gives one record, or one per metric when a metric failed."""
    if not exception_info:
        return False
    if "raised_exception" in exception_info:
        return bool(exception_info["raised_exception"])
    return True


def _batches() -> Any:
    """Where frames are handed over: one ephemeral context per audit, no store on disk, no progress bar."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with lean_import():
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("candidate").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("whole")


@contextmanager
def _quiet() -> Iterator[None]:
    """GX logs the traceback of a failed metric, cells included: nothing of it may reach a log file."""
    logger = logging.getLogger("great_expectations")
    level, propagate = logger.level, logger.propagate
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        try:
            yield
        finally:
            logger.setLevel(level)
            logger.propagate = propagate


def _observed_of_table(expectation: Expectation, frame: Any) -> str:
    """Only words of the suite itself, and column names, are repeated."""
    if expectation.expectation == "ExpectColumnDistinctValuesToContainSet":
        present = set(frame[expectation.kwargs["column"]].dropna())
        return f"Manque : {', '.join(str(v) for v in expectation.kwargs['value_set'] if v not in present)}."
    columns = [name if re.fullmatch(r"[a-z0-9_]{1,40}", str(name)) else NOT_A_CODE for name in frame.columns]
    return f"Colonnes trouvées : {', '.join(columns)}."[:_MAX_OBSERVED]


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} {one if n < 2 else many}"


def _code(value: Any) -> str:
    """A key as shown: a code, nothing, or a sign that it is not one."""
    if value is None or value != value:
        return ""
    text = str(value)
    return text if _CODE.fullmatch(text) and not _PHONE.search(text) else NOT_A_CODE


def _without_persons(text: str) -> str:
    return _PHONE.sub(NOT_A_CODE, _EMAIL.sub(NOT_A_CODE, text))[:240].rstrip(" .")


def _broken_seal(directory: Path) -> str:
    """The sentence to give for every expectation when the candidate is not what was sealed."""
    try:
        changed = changed_since_seal(directory)
    except (NotSealable, OSError):
        return "La version candidate n’est pas scellée."
    return "Des fichiers ont changé depuis le scellement de la version candidate." if changed else ""


def _hash_or_nothing(directory: Path) -> str:
    try:
        return candidate_hash(directory)
    except (NotSealable, OSError):
        return ""


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


class _Callable(types.ModuleType):
    """`expectations.audit` is this module and the function at once, whichever was imported first."""

    def __call__(self, *args: Any, **kwargs: Any) -> Verdict:
        return audit(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
