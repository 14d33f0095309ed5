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
    "record_key": "VARCHAR",
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
    "instant": {"": "TIMESTAMP"},
    "status": {"": "VARCHAR", "_text": "VARCHAR"},
    "amount": {"": "DECIMAL(12,2)"},
    "score": {"": "DOUBLE", "_scale": "DOUBLE"},
    "recommendation": {"": "INTEGER"},
    "minutes": {"": "DOUBLE"},
    "gender": {"": "VARCHAR"},
    "postcode": {"": "VARCHAR"},
    "siret": {"siret": "VARCHAR", "siren": "VARCHAR", "siret_state": "VARCHAR"},
    "event_ref": {"event_id": "VARCHAR"},
    "choices": {"": "VARCHAR[]"},
    "hint": {},
    "personal": {},
}
"""Landed columns of each kind of slot. A name that is empty or starts with `_` is prefixed with the slot's column; a
`hint` lands nothing of its own: a neighbour reads it (a department helps to find a commune). A `personal` slot lands
nothing: its text goes to the vault and the row keeps PERSON columns."""

PERSON = {"person_key": "VARCHAR", "person_key_id": "VARCHAR", "person_basis": "VARCHAR"}
"""What identity/door.py leaves in a row in place of its personal slots."""


@dataclass(frozen=True)
class Slot:
    """One canonical field of an entity. `column` renames what lands, `choices` closes the values of a choice, `role` is
    that of a personal field in the vault."""

    name: str
    kind: str
    required: bool = False
    choices: tuple[str, ...] = ()
    column: str | None = None
    role: str | None = None

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
        own = {name: type_ for slot in self.slots.values() for name, type_ in slot.columns.items()}
        return own | PERSON if self.personal else own

    @property
    def personal(self) -> dict[str, str]:
        """The personal slots, name → role in the vault."""
        return {slot.name: slot.role for slot in self.slots.values() if slot.role}


def _entity(name: str, grain: str, key: tuple[str, ...], *slots: Slot) -> Entity:
    return Entity(name, grain, key, {slot.name: slot for slot in slots})


EVENT_STATUSES = ("held", "announced", "cancelled", "postponed", "unknown")
APPLICATION_STATUSES = ("accepted", "refused", "pending", "dropped", "incomplete")
"""What became of a candidature: `dropped` was closed without a decision, `incomplete` was never admissible."""
MODALITIES = ("in_person", "online", "hybrid")
REGISTRATION_STATUSES = ("registered", "waiting", "cancelled", "refunded", "attended", "no_show", "unknown")
CONTRIBUTIONS = ("lever", "brake", "good_practice", "tool")

_PERSON_SLOTS = (
    Slot("email", "personal", role="email"),
    Slot("given_name", "personal", role="given_name"),
    Slot("family_name", "personal", role="family_name"),
    Slot("full_name", "personal", role="full_name"),
    Slot("phone", "personal", role="phone"),
    Slot("gender", "gender"),
    Slot("category", "text", column="participant_category"),
    Slot("organisation", "text", column="organisation_text"),
    Slot("siret", "siret"),
    Slot("postcode", "postcode"),
    Slot("commune", "text", column="commune_text"),
    Slot("comment", "personal", role="free_text"),
)
"""What a registration, an attendance or an answer says of the person."""

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
            Slot("application", "choice", choices=APPLICATION_STATUSES, column="application_status"),
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
            "event_report",
            "One row per report sent after an event, with its declared attendance",
            ("report_id",),
            Slot("report_id", "identifier", required=True),
            Slot("event", "event_ref", required=True),
            Slot("programme", "programme"),
            Slot("submitted_at", "instant"),
            Slot("participants", "count"),
            Slot("registered", "count"),
            Slot("audiences", "choices"),
            Slot("reporter_email", "personal", role="email"),
            Slot("reporter_name", "personal", role="full_name"),
            Slot("comment", "personal", role="free_text"),
        ),
        _entity(
            "registration",
            "One row per registered place and its latest status",
            ("event_id", "registration_id"),
            Slot("registration_id", "identifier", required=True),
            Slot("order", "identifier", column="order_id"),
            Slot("event", "event_ref", required=True),
            Slot("programme", "programme"),
            Slot("status", "status", required=True, choices=REGISTRATION_STATUSES),
            Slot("registered_at", "instant"),
            Slot("updated_at", "instant"),
            Slot("cancelled_at", "instant"),
            Slot("checked_in_at", "instant"),
            Slot("checked_in", "boolean"),
            Slot("ticket", "text"),
            Slot("price", "amount"),
            Slot("first_time", "boolean", column="is_first_time"),
            *_PERSON_SLOTS,
            Slot("payer_email", "personal", role="other"),
            Slot("payer_name", "personal", role="other"),
        ),
        _entity(
            "attendance",
            "One row per line of a sign-in sheet, check-in or connection",
            ("event_id", "attendance_id"),
            Slot("attendance_id", "identifier", required=True),
            Slot("event", "event_ref", required=True),
            Slot("programme", "programme"),
            Slot("present", "boolean", column="is_present"),
            Slot("joined_at", "instant"),
            Slot("left_at", "instant"),
            Slot("duration", "minutes", column="minutes"),
            Slot("mode", "choice", choices=MODALITIES),
            Slot("role", "text", column="attendance_role"),
            Slot("registration", "identifier", column="registration_id"),
            *_PERSON_SLOTS,
            Slot("signature", "personal", role="signature"),
        ),
        _entity(
            "feedback",
            "One row per answer to a satisfaction survey",
            ("response_id",),
            Slot("response_id", "identifier", required=True),
            Slot("event", "event_ref"),
            Slot("programme", "programme"),
            Slot("submitted_at", "instant"),
            Slot("complete", "boolean", column="is_complete"),
            Slot("satisfaction", "score"),
            Slot("recommendation", "recommendation"),
            Slot("first_time", "boolean", column="is_first_time"),
            Slot("levers", "choices"),
            Slot("selections", "choices"),
            *_PERSON_SLOTS,
        ),
        _entity(
            "contribution",
            "One row per lever, brake, good practice or tool reported by a workshop",
            ("contribution_id",),
            Slot("contribution_id", "identifier", required=True),
            Slot("event", "event_ref", required=True),
            Slot("programme", "programme"),
            Slot("kind", "choice", required=True, choices=CONTRIBUTIONS, column="contribution_kind"),
            Slot("themes", "themes"),
            Slot("text", "personal", role="free_text"),
        ),
        _entity(
            "organisation",
            "One row per organisation as known by a directory",
            ("organisation_id",),
            Slot("organisation_id", "identifier", required=True),
            Slot("name", "text", required=True, column="organisation_name"),
            Slot("siret", "siret"),
            Slot("legal_category", "identifier"),
            Slot("activity", "identifier", column="activity_code"),
            Slot("family", "text", column="declared_family"),
            Slot("headcount", "text", column="headcount_band"),
            Slot("is_ess", "boolean"),
            Slot("place", "place"),
            Slot("department", "hint"),
            Slot("region", "hint"),
            Slot("format", "hint", choices=MODALITIES),
            Slot("postcode", "postcode"),
            Slot("contact_email", "personal", role="email"),
            Slot("contact_name", "personal", role="full_name"),
            Slot("contact_phone", "personal", role="phone"),
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
