"""What is secret, table by table: `policies/<dataset>.yml` and `vocabulary.yml`, read strictly.

Belongs here: the grammar of the policies and the rule that applies to one line of a table. Does not belong here: numbers
(`cells`), hiding (`suppression`). An unknown key, a quantity or a threshold set that nobody defined, a line that no rule
covers: all are errors, because what no rule covers would be published.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

import rulebook
from rulebook.strict import Strict

HERE = Path(__file__).parent
POLICIES = HERE / "policies"
VOCABULARY = HERE / "vocabulary.yml"

Looked = Literal["value", "lower", "upper", "numerator", "denominator", "complement"]
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10)]


class PolicyError(Exception):
    """A policy on disk does not follow the grammar; the message names the file and what is wrong."""


class Threshold(Strict):
    """A named set of thresholds.

    `level`: `free` (never hidden), `linked` (hidden only to protect something else), `protected`. A line is secret when one
    of the numbers it is to `look_at` lies between 1 and `minimum` − 1 (`complement`: denominator − numerator), or when one
    contributor makes more than `dominance` of it. `minimum_in_all` is that of the denominator, when it is another. What is then protected: the numbers of `protect` that are small, as
    counts between 0 and the threshold; sums to ± `percent`. Below `significant` the figure is printed « n.s. ».
    """

    level: Literal["free", "linked", "protected"]
    why: Why
    minimum: int | None = Field(default=None, ge=2)
    minimum_in_all: int | None = Field(default=None, ge=2)
    significant: int | None = Field(default=None, ge=2)
    dominance: float | None = Field(default=None, gt=0, lt=1)
    percent: float | None = Field(default=None, gt=0, lt=100)
    look_at: tuple[Looked, ...] = ()
    protect: tuple[Looked, ...] = ()
    contributors: str = ""

    @model_validator(mode="after")
    def _says_what_it_protects(self) -> Threshold:
        if self.level == "protected" and not (self.minimum and self.look_at and self.protect and self.contributors):
            raise ValueError(
                "avec « level: protected », donnez « minimum », « look_at », « protect » et « contributors »"
            )
        if self.level != "protected" and (
            self.minimum or self.minimum_in_all or self.dominance or self.look_at or self.protect
        ):
            raise ValueError("seul un jeu de seuils « level: protected » a des nombres")
        return self

    def least(self, column: str) -> int:
        """From which number on a column of a line may be printed."""
        return (self.minimum_in_all if column == "denominator" else None) or self.minimum or 0


class PerUnit(Strict):
    of: str
    is_: float = Field(alias="is")


class Quantity(Strict):
    """What lines count. `adds_up`: over events, or never (persons, who come to several). `each_at_most`: how much of it goes at most with
    one of another quantity (the sum of notes: 1 per answer). `at_least`: what there is wherever there is a line, as its existence says.
    `public_by`: the breakdown whose members everybody knows the number of, whatever is hidden."""

    why: Why
    adds_up: Literal["events", "never"]
    is_sum: bool = False
    may_be_negative: bool = False
    each_at_most: PerUnit | None = None
    at_least: int = Field(default=0, ge=0)
    public_by: str = ""


class Counted(Strict):
    """What a column counts: a quantity, and the part of it (`where: {gender: F}`)."""

    of: str
    where: dict[str, str] = {}


class Divisor(Counted):
    """What a column is the numerator divided by: of a mean, the upper bound is that of the fewest persons there may be."""

    divides: Literal["numerator"]


class Term(Counted):
    times: float = 1


class Relation(Strict):
    """Σ times × quantity = 0 (or ≤ 0) wherever the numbers are printed and agree with it."""

    why: Why
    terms: tuple[Term, ...] = Field(min_length=2)
    at_most: bool = False


class Vocabulary(Strict):
    """`nobody`: members that say that a trait is not known; they are nobody's trait."""

    thresholds: dict[str, Threshold]
    quantities: dict[str, Quantity]
    relations: tuple[Relation, ...] = ()
    person_breakdowns: tuple[str, ...]
    crossed_breakdowns: dict[str, tuple[str, str]]
    nobody: tuple[str, ...] = ()


class Counts(Strict):
    """What the columns of one indicator count. `splits`: the breakdown whose members share the denominator out. `is_mean`: the numerator is no
    part of the denominator, and nobody is left when one is taken from the other."""

    value: Counted | None = None
    lower: Counted | None = None
    upper: Divisor | None = None
    numerator: Counted | None = None
    denominator: Counted | None = None
    n_with_data: Counted | None = None
    n_total: Counted | None = None
    splits: tuple[str, ...] = ()
    is_mean: bool = False

    @functools.cached_property
    def named(self) -> dict[str, Counted]:
        columns = ("value", "lower", "upper", "numerator", "denominator", "n_with_data", "n_total")
        return {name: counted for name in columns if (counted := getattr(self, name)) is not None}


class Rule(Strict):
    """Which threshold set applies to which indicators (by the beginning of their code) and breakdowns (all by default)."""

    indicators: tuple[str, ...] = Field(min_length=1)
    breakdowns: tuple[str, ...] = ()
    threshold: str
    why: Why

    def covers(self, indicator: str, breakdown: str) -> bool:
        if self.breakdowns and breakdown not in self.breakdowns:
            return False
        return any(
            indicator == code or (code.endswith("*") and indicator.startswith(code[:-1])) for code in self.indicators
        )


class Policy(Strict):
    """The rules of one dataset, the first that covers a line applies. `together`: indicators of which, for one member, whoever has a line and
    what is public has the numbers of the others too."""

    dataset: str
    why: Why
    rules: tuple[Rule, ...] = Field(min_length=1)
    counts: dict[str, Counts] = {}
    together: tuple[tuple[str, ...], ...] = ()

    def rule(self, indicator: str, breakdown: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.covers(indicator, breakdown)), None)


class Policies(Strict):
    """All policies and what they speak of."""

    vocabulary: Vocabulary
    policies: dict[str, Policy]

    def threshold(self, dataset: str, indicator: str, breakdown: str) -> Threshold | None:
        """The set that applies to a line; None when no rule covers it."""
        policy = self.policies.get(dataset)
        rule = policy.rule(indicator, breakdown) if policy else None
        return self.vocabulary.thresholds[rule.threshold] if rule else None

    def watched(self) -> set[str]:
        """The datasets of which a line may be hidden."""
        return {
            name
            for name, policy in self.policies.items()
            if any(self.vocabulary.thresholds[rule.threshold].level != "free" for rule in policy.rules)
        }


@functools.lru_cache(maxsize=4)
def read(directory: Path = POLICIES, vocabulary: Path = VOCABULARY) -> Policies:
    """Every policy of the directory. Raises PolicyError."""
    words = rulebook.read(vocabulary, Vocabulary, PolicyError)
    for relation in words.relations:
        if strange := sorted({term.of for term in relation.terms} - words.quantities.keys()):
            raise PolicyError(
                f"{Path(vocabulary).name} : une relation entre des grandeurs inconnues : {', '.join(strange)}."
            )
    policies = {}
    for path in sorted(Path(directory).glob("*.yml")):
        policy = rulebook.read(path, Policy, PolicyError)
        if policy.dataset != path.stem:
            raise PolicyError(f"{path.name} parle de {policy.dataset} : un fichier par tableau, à son nom.")
        if problems := list(_undefined(policy, words)):
            raise PolicyError(f"{path.name} : {' ; '.join(problems)}.")
        policies[policy.dataset] = policy
    return Policies(vocabulary=words, policies=policies)


def _undefined(policy: Policy, words: Vocabulary) -> Iterable[str]:
    for rule in policy.rules:
        if rule.threshold not in words.thresholds:
            yield f"le jeu de seuils {rule.threshold} n’existe pas"
        elif words.thresholds[rule.threshold].level == "protected":
            for code in rule.indicators:
                if code not in policy.counts:
                    yield f"{code} est protégé, et rien ne dit ce qu’il compte"
    for code, counts in policy.counts.items():
        for counted in counts.named.values():
            if counted.of not in words.quantities:
                yield f"{code} compte la grandeur inconnue {counted.of}"
    for code in (code for codes in policy.together for code in codes if code not in policy.counts):
        yield f"{code} se déduit d’un autre indicateur, et rien ne dit ce qu’il compte"
