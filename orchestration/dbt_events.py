"""Which of dbt's events are made into messages: those that somebody hears.

dbt turns each of some forty events per model into a protobuf message, for a debug log that the night does not write: a tenth of the
processor of a small build. Does not belong here: what is done on an event (`warehouse.py`).
"""

from __future__ import annotations

from typing import Any

from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

HEARD = frozenset({"NodeFinished"})


class HeardEvents(EventManager):
    """dbt's own manager, deaf to what is only of use to its debugger."""

    def fire_event(
        self, e: BaseEvent, level: EventLevel | None = None, node: Any = None, *more: Any, **named: Any
    ) -> None:
        if (level or e.level_tag()) is EventLevel.DEBUG and type(e).__name__ not in HEARD:
            return
        super().fire_event(e, level, node, *more, **named)
