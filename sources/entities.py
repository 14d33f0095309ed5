"""The canonical entities: what a contract can feed, slot by slot, and the columns that land.

Here: names, grain and column types of `event`, `published_figure`… A slot is what a contract fills from one column of a
delivery; its kind (`kinds.py`) turns the text of the slot into one or more landed columns.
Not here: how text is parsed (`values/`), which columns a particular source has (`contracts/`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

LINEAGE = {
    "source": "VARCHAR",
    "delivery_id": "VARCHAR",
    "file_name": "VARCHAR",
    "sheet": "VARCHAR",
    "row_number": "INTEGER",
    "delivered_at": "TIMESTAMP",
    "corrections": "VARCHAR[]",
}


KIND_COLUMNS: dict[str, dict[str, str]] = {
    "text": {"": "VARCHAR"},
    "identifier": {"": "VARCHAR"},
    "choice": {"": "VARCHAR"},
    "boolean": {"": "BOOLEAN"},
    "count": {"": "INTEGER", "_lower": "INTEGER", "_upper": "INTEGER", "_precision": "VARCHAR", "_text": "VARCHAR"},
    "figure": {"_text": "VARCHAR", "_value": "DOUBLE", "_lower": "DOUBLE", "_upper": "DOUBLE", "_precision": "VARCHAR"},
    "programme": {"programme_id": "VARCHAR"},
    "labels": {"organiser_text": "VARCHAR", "organiser_labels": "VARCHAR[]"},
    "themes": {"themes": "VARCHAR[]", "theme_scheme": "VARCHAR"},
    "date": {
        "starts_on": "DATE",
        "ends_on": "DATE",
        "date_precision": "VARCHAR",
        "date_text": "VARCHAR",
        "start_time": "TIME",
        "end_time": "TIME",
    },
    "place": {
        "place_label": "VARCHAR",
        "commune_code": "VARCHAR",
        "department_code": "VARCHAR",
        "region_code": "VARCHAR",
        "place_status": "VARCHAR",
        "modality": "VARCHAR",
        "modality_basis": "VARCHAR",
    },
    "hint": {},
}
"""Landed columns of each kind of slot. A name that is empty or starts with `_` is prefixed with the slot's column; a
`hint` lands nothing of its own: a neighbour reads it (a department helps to find a commune)."""


@dataclass(frozen=True)
class Slot:
    """One canonical field of an entity. `column` renames what lands, `choices` closes the values of a choice."""

    name: str
    kind: str
    required: bool = False
    choices: tuple[str, ...] = ()
    column: str | None = None

    @property
    def columns(self) -> dict[str, str]:
        """The landed columns of this slot, name → DuckDB type."""
        prefix = self.column or self.name
        return {
            (prefix + name if not name or name.startswith("_") else name): type_
            for name, type_ in KIND_COLUMNS[self.kind].items()
        }


@dataclass(frozen=True)
class Entity:
    """One canonical entity: its grain in one sentence, its slots, and the landed columns that identify a row."""

    name: str
    grain: str
    key: tuple[str, ...]
    slots: dict[str, Slot] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, str]:
        """Every landed column but the lineage, in order, name → DuckDB type."""
        return {name: type_ for slot in self.slots.values() for name, type_ in slot.columns.items()}


def _entity(name: str, grain: str, key: tuple[str, ...], *slots: Slot) -> Entity:
    return Entity(name, grain, key, {slot.name: slot for slot in slots})


EVENT_STATUSES = ("held", "announced", "cancelled", "postponed", "unknown")
MODALITIES = ("in_person", "online", "hybrid")

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        _entity(
            "event",
            "One row per event as its organiser describes it",
            ("event_id",),
            Slot("event_id", "identifier", required=True),
            Slot("programme", "programme", required=True),
            Slot("parent", "identifier", column="parent_event_id"),
            Slot("kind", "text", column="event_kind"),
            Slot("status", "choice", required=True, choices=EVENT_STATUSES, column="event_status"),
            Slot("counts", "boolean", required=True, column="counts_in_programme"),
            Slot("title", "text", required=True),
            Slot("organisers", "labels"),
            Slot("themes", "themes"),
            Slot("date", "date"),
            Slot("place", "place"),
            Slot("department", "hint"),
            Slot("region", "hint"),
            Slot("format", "hint", choices=MODALITIES),
            Slot("venue", "text"),
            Slot("participants", "count"),
        ),
        _entity(
            "published_figure",
            "One row per figure printed elsewhere before",
            ("programme_id", "indicator", "dimension", "member"),
            Slot("programme", "programme", required=True),
            Slot("indicator", "text", required=True),
            Slot("dimension", "text", required=True),
            Slot("member", "text", required=True),
            Slot("figure", "figure", required=True),
            Slot("precision", "hint"),
            Slot("document", "text"),
        ),
    )
}
