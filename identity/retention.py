"""How long things are kept: the rules of `retention.yml`, their grammar, and the dates they give.

Here: reading and saying the rules, and from which day each keeps. Not here: what is too old by them, of rows as of the vault
(`orchestration/retention.py`), erasing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

import rulebook
from identity.vault import MAP_ROLES, TEXT_ROLES
from rulebook.numbers import plural
from rulebook.strict import Strict

RULES = Path(__file__).with_name("retention.yml")

UNWRITTEN = "non renseigné"

What = Literal["persons", "slot", "unread", "quarantine", "authors", "log", "certificates", "links", "keys"]


class Keep(Strict):
    """A duration: one of three units."""

    days: int | None = Field(default=None, ge=1)
    months: int | None = Field(default=None, ge=1)
    years: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_unit(self) -> Keep:
        if sum(value is not None for value in (self.days, self.months, self.years)) != 1:
            raise ValueError("donnez une durée dans une seule unité : days, months ou years")
        return self

    def before(self, now: datetime) -> datetime:
        """What is older than this is kept no longer. Whole months: 31 March less one month is 28 February."""
        if self.days is not None:
            from datetime import timedelta

            return now - timedelta(days=self.days)
        months = now.year * 12 + now.month - 1 - (self.months or 12 * (self.years or 0))
        year, month = divmod(months, 12)
        for day in range(now.day, 27, -1):
            try:
                return now.replace(year=year, month=month + 1, day=day)
            except ValueError:
                continue
        return now.replace(year=year, month=month + 1)

    def sentence(self) -> str:
        if self.days is not None:
            return plural(self.days, "jour")
        if self.months is not None:
            return f"{self.months} mois"
        return plural(self.years or 0, "an")


class Rule(Strict):
    """One rule. `entities`, `roles`: of which rows and cells, for `persons` and `slot`. `headers`: of which unread columns alone, by the
    beginnings of words in their headers, for `unread`."""

    id: str
    title: str
    what: What
    entities: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    keep: Keep
    from_: str = Field(alias="from")
    why: str

    @model_validator(mode="after")
    def _coherent(self) -> Rule:
        if (self.what in ("persons", "slot")) != bool(self.entities):
            raise ValueError("« entities » va avec « what: persons » et « what: slot », et avec eux seuls")
        if (self.what == "slot") != bool(self.roles):
            raise ValueError("« roles » va avec « what: slot », et avec lui seul")
        if self.headers and self.what != "unread":
            raise ValueError("« headers » va avec « what: unread », et avec lui seul")
        if unknown := [role for role in self.roles if role not in (*TEXT_ROLES, *MAP_ROLES)]:
            raise ValueError(f"rôle inconnu : {', '.join(unknown)}")
        return self

    def sentence(self) -> str:
        return f"{self.title[0].upper()}{self.title[1:]} : {self.keep.sentence()} après {self.from_}. {self.why}"

    def concerns(self, entity: str) -> bool:
        return entity in self.entities


class Contact(Strict):
    """Who answers for a processing, and how they are reached."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: str = Field(min_length=1)
    contact: str = Field(min_length=1)

    def sentence(self) -> str:
        return f"{self.name}, {self.contact}"


class Rules(Strict):
    """Every rule, and what the person is told with them. `controller`, `joint_controllers`, `officer` (RGPD, art. 30(1)(a)): as the
    observatory wrote them, or nothing."""

    controller: Contact | None = None
    joint_controllers: tuple[Contact, ...] = ()
    officer: Contact | None = None
    legal_basis: str
    recipients: tuple[str, ...]
    rules: tuple[Rule, ...]

    def __iter__(self) -> Iterator[Rule]:  # type: ignore[override]
        return iter(self.rules)

    def answerable(self) -> dict[str, str]:
        """Who answers for the processing, title → name and contact."""
        joint = {"Responsables conjoints": " ; ".join(each.sentence() for each in self.joint_controllers)}
        return {
            "Responsable": self.controller.sentence() if self.controller else UNWRITTEN,
            **(joint if self.joint_controllers else {}),
            "Délégué à la protection des données": self.officer.sentence() if self.officer else UNWRITTEN,
        }

    def unwritten(self) -> list[str]:
        """What the law asks to be said of them that nobody wrote, and where to write it."""
        ask = "écrivez son nom et ses coordonnées en tête d'identity/retention.yml"
        controller = f"Le responsable du traitement est {UNWRITTEN} : {ask}, sous « controller » (RGPD, article 30)."
        officer = f"Le délégué à la protection des données est {UNWRITTEN} : s'il y en a un, {ask}, sous « officer »."
        return [*([] if self.controller else [controller]), *([] if self.officer else [officer])]

    def of(self, what: What) -> list[Rule]:
        return [rule for rule in self.rules if rule.what == what]


class RetentionError(Exception):
    """The rules cannot be used; a French sentence."""


@dataclass(frozen=True)
class Due:
    """What one rule would take, or took. `counted`: in words, « 12 lignes »."""

    rule: str
    title: str
    count: int
    counted: str


def load_rules(path: Path = RULES) -> Rules:
    """Raises RetentionError."""
    rules = rulebook.read(path, Rules, RetentionError)
    ids = [rule.id for rule in rules]
    if len(set(ids)) != len(ids):
        raise RetentionError(f"{path.name} : deux règles portent le même id.")
    return rules


def refused_values_before(now: datetime) -> datetime | None:
    """Before when no refused value is kept by the shipped rules, nor written again; None when they set no term. Raises RetentionError."""
    return max((rule.keep.before(now) for rule in _shipped().of("quarantine")), default=None)


@cache
def _shipped() -> Rules:
    return load_rules()
