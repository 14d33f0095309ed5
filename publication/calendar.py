"""When new figures of a table may leave: `calendar.yml`, read strictly.

Belongs here: the grammar of the calendar, and French sentences about it. Does not belong here: what becomes of a table that has to wait
(`waiting`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import PlainValidator, field_validator

import rulebook
from rulebook.strict import Strict

CALENDAR = Path(__file__).with_name("calendar.yml")
ZONE = "Europe/Paris"
EXAMPLE = "2026-12-01T09:00 Europe/Paris"
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::00)?(?: +([A-Za-z]+(?:/[A-Za-z_]+)*))?")


class CalendarError(Exception):
    """The calendar cannot be followed; the message is a French sentence that names the line."""


def _instant(said: Any) -> datetime:
    text = said if isinstance(said, str) else str(said)
    found = _INSTANT.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"« {text[:60]} » n’est pas un instant ; écrivez le jour, l’heure et le fuseau, par exemple {EXAMPLE}"
        )
    day, hour, zone = found.groups()
    try:
        where = ZoneInfo(zone or ZONE)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"le fuseau « {zone[:60]} » n’existe pas ; écrivez par exemple {ZONE}") from None
    try:
        return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=where)
    except ValueError:
        raise ValueError(f"« {text[:60]} » n’existe pas au calendrier ; écrivez par exemple {EXAMPLE}") from None


class Rule(Strict):
    """What new figures of one table wait for: somebody's approval, an instant (with its time zone), both or nothing."""

    approval: Literal["required", "none"] = "none"
    embargo: Annotated[datetime, PlainValidator(_instant)] | None = None

    @property
    def needs_approval(self) -> bool:
        return self.approval == "required"


Calendar = Mapping[str, Rule]


class _CalendarFile(Strict):
    datasets: dict[str, Rule] = {}

    @field_validator("datasets", mode="before")
    @classmethod
    def _nothing_is_no_rule(cls, said: Any) -> Any:
        if isinstance(said, dict):
            return {name: {} if rule is None else rule for name, rule in said.items()}
        return {} if said is None else said


def read(path: Path, known: Collection[str]) -> Calendar:
    """The rule of each table that has one. Raises CalendarError, also for a table that is not among the `known` ones."""
    rules = rulebook.read(path, _CalendarFile, CalendarError).datasets
    for name in rules:
        if name not in known:
            raise CalendarError(
                f"{path.name} : « {name[:60]} » n’est pas un tableau ; attendu : {', '.join(sorted(known))}."
            )
    return rules
