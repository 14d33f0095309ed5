"""When new figures of a table may leave: `calendar.yml`, read strictly.

Belongs here: the grammar of the calendar, and French sentences that name the line for whoever wrote it. Does not belong here: what
becomes of a table that has to wait (`waiting`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rulebook import not_read

CALENDAR = Path(__file__).with_name("calendar.yml")
ZONE = "Europe/Paris"
EXAMPLE = "2026-12-01T09:00 Europe/Paris"
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(?::00)?(?: +([A-Za-z]+(?:/[A-Za-z_]+)*))?")


class CalendarError(Exception):
    """The calendar cannot be followed; the message is a French sentence that names the line."""


@dataclass(frozen=True)
class Rule:
    """What new figures of one table wait for: somebody's approval, an instant (with its time zone), both or nothing."""

    approval: bool = False
    embargo: datetime | None = None


Calendar = Mapping[str, Rule]


def read(path: Path, known: Collection[str]) -> Calendar:
    """The rule of each table that has one. Raises CalendarError, also for a table that is not among the `known` ones."""
    from ruamel.yaml import YAML, YAMLError

    try:
        root = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise CalendarError(not_read(path.name, error)) from None
    rules: dict[str, Rule] = {}
    for _, node in _pairs(path, root, ("datasets",)):
        for name, described in _pairs(path, node, sorted(known), "un tableau"):
            rules[name.value] = _rule(path, described)
    return rules


def _rule(path: Path, described: Any) -> Rule:
    approval, embargo = False, None
    for key, node in _pairs(path, described, ("approval", "embargo")):
        text = getattr(node, "value", "")
        if key.value == "approval":
            if text not in ("required", "none"):
                raise _wrong(path, node, "« approval » vaut « required » ou « none »")
            approval = text == "required"
        else:
            embargo = _instant(path, node, text)
    return Rule(approval, embargo)


def _instant(path: Path, node: Any, text: Any) -> datetime:
    found = _INSTANT.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise _wrong(
            path,
            node,
            f"« {_short(text)} » n’est pas un instant ; écrivez le jour, l’heure et le fuseau, par exemple {EXAMPLE}",
        )
    day, hour, zone = found.groups()
    try:
        where = ZoneInfo(zone or ZONE)
    except (KeyError, ValueError, OSError):
        raise _wrong(path, node, f"le fuseau « {_short(zone)} » n’existe pas ; écrivez par exemple {ZONE}") from None
    try:
        return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=where)
    except ValueError:
        raise _wrong(
            path, node, f"« {_short(text)} » n’existe pas au calendrier ; écrivez par exemple {EXAMPLE}"
        ) from None


def _pairs(path: Path, node: Any, allowed: Collection[str], what: str = "une clé connue") -> Iterator[tuple[Any, Any]]:
    """(key, value) of a mapping, each key one of the allowed ones and once. An empty value is an empty mapping."""
    if node is None or (isinstance(node.value, str) and node.value in ("", "null", "~")):
        return
    if not all(isinstance(pair, tuple) for pair in node.value):
        raise _wrong(path, node, f"il faut ici des lignes « clé : valeur », par exemple « embargo: {EXAMPLE} »")
    seen: set[str] = set()
    for key, value in node.value:
        if key.value not in allowed:
            raise _wrong(path, key, f"« {_short(key.value)} » n’est pas {what} ; attendu : {', '.join(allowed)}")
        if key.value in seen:
            raise _wrong(path, key, f"« {key.value} » est écrit deux fois ; gardez une seule des deux")
        seen.add(key.value)
        yield key, value


def _wrong(path: Path, node: Any, what: str) -> CalendarError:
    return CalendarError(f"{path.name}, ligne {node.start_mark.line + 1} : {what}.")


def _short(text: Any) -> str:
    return text if isinstance(text, str) and len(text) <= 60 else f"{str(text)[:60]}…"
