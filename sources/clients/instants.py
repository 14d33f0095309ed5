"""Instants as platforms write them, in both directions: what a watermark is read from and sent as.

Here: ISO 8601 with or without offset, epoch seconds or milliseconds, a fixed format in a zone. Not here: dates typed by people
(`sources.values`).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

MILLISECONDS_FROM = 1e11
"""An epoch beyond this (year 5138 in seconds) is in milliseconds."""


def read_instant(value: Any, zone: str) -> datetime | None:
    """An aware UTC instant, None when the value says none (`0000-00-00 00:00:00`, null). Naive texts are in `zone`."""
    text = str(value).strip() if value is not None and not isinstance(value, bool) else ""
    try:
        seconds = float(text)
        if math.isfinite(seconds) and seconds > 0:
            return datetime.fromtimestamp(seconds / 1000 if seconds >= MILLISECONDS_FROM else seconds, UTC)
        return None
    except (ValueError, OverflowError, OSError):
        pass
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_instant(instant: datetime, how: str, zone: str) -> str:
    """`how`: `iso` (UTC, `2026-11-22T01:11:40Z`), `epoch` (seconds), or a strftime format in `zone`. Rounded down to the second."""
    instant = instant.astimezone(UTC).replace(microsecond=0)
    if how == "iso":
        return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
    if how == "epoch":
        return str(int(instant.timestamp()))
    return instant.astimezone(ZoneInfo(zone)).strftime(how)
