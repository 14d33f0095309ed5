"""The grammar of a suite: what `suites/<dataset>.yml` may say, read strictly.

One suite per published dataset. An expectation is a Great Expectations class with its arguments, the table it looks
into (`data` or `control`), perhaps some of its rows (`where`) and computed columns (`compute`), a severity, and two
French texts for staff. What holds for every table of the tidy shape is written once in `suites/shared/` and included.

Belongs here: reading, refusing what is not in the grammar, and the hash of all the suites.
Does not belong here: running them (`audit`), importing Great Expectations (4 seconds): the classes a suite may use are
listed here, so that a misspelt one is refused before anything runs.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, model_validator

import rulebook
from expectations.french import spaced
from rulebook.strict import Strict

SUITES = Path(__file__).parent / "suites"
SHARED = "shared"

#: What each class judges: `rows` (with the keys of the failing ones) or the `table` as a whole.
CLASSES: dict[str, Literal["rows", "table"]] = {
    "ExpectColumnDistinctValuesToContainSet": "table",
    "ExpectColumnPairValuesAToBeGreaterThanB": "rows",
    "ExpectColumnPairValuesToBeEqual": "rows",
    "ExpectColumnValuesToBeBetween": "rows",
    "ExpectColumnValuesToBeInSet": "rows",
    "ExpectColumnValuesToBeNull": "rows",
    "ExpectColumnValuesToMatchRegex": "rows",
    "ExpectColumnValuesToNotBeNull": "rows",
    "ExpectColumnValuesToNotMatchRegex": "rows",
    "ExpectCompoundColumnsToBeUnique": "rows",
    "ExpectTableColumnsToMatchOrderedList": "table",
}

#: Arguments that would weaken the class behind the suite's back, or that the audit sets itself.
RESERVED = {"mostly", "row_condition", "condition_parser", "result_format", "meta", "catch_exceptions", "severity"}

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10), AfterValidator(spaced)]


class SuiteError(Exception):
    """A suite on disk does not follow the grammar; the message names the file and what is wrong."""


class Expectation(Strict):
    """One expectation.

    `where` and `compute` are pandas expressions over the columns. A `where` that matches no row is a failure, unless
    `may_be_absent` says that the case described may legitimately not occur (nobody online, no estimated figure):
    its twin in the tests then proves that the condition can match. With `each_programme`, every programme of the
    published table must be among the rows judged: a sum checked for one programme says nothing of the others.
    """

    id: Id
    expectation: str
    kwargs: dict[str, Any] = Field(default_factory=dict)
    on: Literal["data", "control"] = "data"
    where: str | None = None
    compute: dict[Id, str] = Field(default_factory=dict)
    may_be_absent: bool = False
    each_programme: bool = False
    severity: Literal["bloquant", "reserve"]
    why: Sentence
    what_to_do: Sentence

    @model_validator(mode="after")
    def _class_and_arguments(self) -> Expectation:
        if self.expectation not in CLASSES:
            raise ValueError(f"{self.id} : attente inconnue « {self.expectation} » ; possibles : {', '.join(CLASSES)}")
        if forbidden := RESERVED & self.kwargs.keys():
            raise ValueError(f"{self.id} : arguments interdits ici : {', '.join(sorted(forbidden))}")
        return self

    @property
    def judges(self) -> Literal["rows", "table"]:
        return CLASSES[self.expectation]


class _SuiteFile(Strict):
    """What one file says, before what it includes. `may_be_empty`: the table may legitimately have no row (nothing was delivered of what it
    speaks of); a control must then count what it should hold."""

    dataset: Annotated[str, StringConstraints(pattern=r"^ind_[a-z0-9_]+$")]
    may_be_empty: bool = False
    include: tuple[Id, ...] = ()
    expectations: tuple[Expectation, ...] = ()


class Suite(_SuiteFile):
    """All expectations of one dataset, those of the included files first."""

    @model_validator(mode="after")
    def _ids_and_severity(self) -> Suite:
        ids = [expectation.id for expectation in self.expectations]
        if repeated := {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"deux attentes portent le même id : {', '.join(sorted(repeated))}")
        if not any(expectation.severity == "bloquant" for expectation in self.expectations):
            raise ValueError("une suite a au moins une attente « severity: bloquant »")
        return self


class _Shared(Strict):
    expectations: tuple[Expectation, ...] = Field(min_length=1)


def read_suites(directory: Path = SUITES) -> list[Suite]:
    """Every suite on disk, by dataset name. Raises SuiteError when one departs from the grammar or none is there."""
    suites = [read_suite(path) for path in sorted(Path(directory).glob("*.yml"))]
    if not suites:
        raise SuiteError("aucune suite de contrôles dans le dossier")
    return suites


def read_suite(path: Path) -> Suite:
    """One suite, its included files expanded. The file's name is the dataset's. Raises SuiteError, in French with the line."""
    own = rulebook.read(path, _SuiteFile, SuiteError)
    shared = [rulebook.read(path.parent / SHARED / f"{name}.yml", _Shared, SuiteError) for name in own.include]
    included = [expectation for file in shared for expectation in file.expectations]
    try:
        suite = Suite(**{**dict(own), "expectations": (*included, *own.expectations)})
    except ValidationError as error:
        raise SuiteError(rulebook.sentences(path.name, error)) from None
    if suite.dataset != path.stem:
        raise SuiteError(f"{path.name} parle de {suite.dataset} : un fichier par tableau, à son nom.")
    return suite


def suites_hash(directory: Path = SUITES) -> str:
    """sha256 over the names and bytes of every suite and shared file."""
    directory = Path(directory)
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*.yml")):
        digest.update(path.relative_to(directory).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
