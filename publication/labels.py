"""What the codes of a candidate are called, read from its own `dim_` tables, and what was delivered to make it.

Belongs here: reading names, definitions, signs, deliveries and quarantine out of the candidate's warehouse. Does not
belong here: inventing a name. A code without a label is printed as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publication.warehouse import opened
from publication.wording import BREAKDOWNS, MEMBERS, UNITS, capitalised, document_words, long_month
from rulebook import contacts

Row = dict[str, Any]

ORDER = {breakdown: place for place, breakdown in enumerate(BREAKDOWNS)}


@dataclass(frozen=True)
class Sign:
    """A printed sign and what it means."""

    printed: str
    meaning: str
    status: str = ""


@dataclass(frozen=True)
class Labels:
    """Names by code, as the candidate gives them: rows of `dim_indicator` and `dim_programme` by code, territories by (level, code), themes by
    (scheme, code), events by (programme, code), members by (programme, breakdown, code) with their rank, signs by (obs_status, conf_status)."""

    indicators: dict[str, Row] = field(default_factory=dict)
    programmes: dict[str, Row] = field(default_factory=dict)
    territories: dict[tuple[str, str], str] = field(default_factory=dict)
    themes: dict[tuple[str, str], str] = field(default_factory=dict)
    organisations: dict[str, str] = field(default_factory=dict)
    events: dict[tuple[str, str], str] = field(default_factory=dict)
    members: dict[tuple[str, str, str], tuple[str, int]] = field(default_factory=dict)
    signs: dict[tuple[str, str], Sign] = field(default_factory=dict)
    legend: tuple[Sign, ...] = ()

    def indicator(self, code: str) -> str:
        return self.indicators.get(code, {}).get("name_fr") or capitalised(document_words(code))

    def programme(self, code: str | None) -> str:
        if not code:
            return "Tous programmes"
        return self.programmes.get(code, {}).get("title") or code

    def breakdown(self, code: str) -> str:
        return BREAKDOWNS.get(code) or capitalised(document_words(code))

    def member(self, breakdown: str, member: str, programme_id: str | None = None) -> str:
        """The label of one member. One that left `dim_breakdown` (of a table carried on) is looked up by its code."""
        if (known := self.members.get((programme_id or "", breakdown, member))) is not None:
            return capitalised(known[0])
        scheme = self.programmes.get(programme_id or "", {}).get("theme_scheme") or ""
        label = (
            self.territories.get((breakdown, member))
            or (self.themes.get((scheme, member)) if breakdown == "theme" else None)
            or (self.organisations.get(member) if breakdown == "organiser" else None)
        )
        if breakdown == "month":
            label = long_month(member)
        if breakdown == "event":
            label = self.events.get((programme_id or "", member))
        if label is None and (ours := MEMBERS.get((breakdown, member))) is not None:
            label = ours[0]
        return capitalised(label or member)

    def rank(self, row: Mapping[str, Any]) -> tuple:
        """Where a row stands: largest programmes first, then by indicator, breakdown and the rank of its member."""
        key = (row.get("programme_id") or "", row.get("breakdown") or "", row.get("member") or "")
        place = ORDER.get(key[1], len(ORDER))
        size = self.programmes.get(key[0], {}).get("nb_events") or 0
        return (-size, key[0], row.get("indicator") or "", place, key[1], self._place(key), key[2])

    def _place(self, key: tuple[str, str, str]) -> int:
        return (self.members.get(key) or MEMBERS.get(key[1:]) or ("", 1000))[1]

    def unit_of(self, row: Mapping[str, Any]) -> str:
        """The unit of one row, in words; a code that has none is printed as it is."""
        unit = row.get("unit") or self.indicators.get(row.get("indicator") or "", {}).get("unit") or ""
        return UNITS.get(unit, unit.replace("_", " "))


@dataclass(frozen=True)
class Supply:
    """What was delivered, and what of it was set aside."""

    deliveries: tuple[Row, ...] = ()
    quarantine: tuple[Row, ...] = ()

    @property
    def data_until(self) -> str | None:
        """Date of the last accepted delivery, ISO."""
        moments = [str(d["received_at"])[:10] for d in self.deliveries if d["state"] == "accepted" and d["received_at"]]
        return max(moments, default=None)


def read(warehouse: Path) -> tuple[Labels, Supply]:
    """Names and supply of one candidate. Tables that do not exist leave their part empty."""
    with opened(warehouse) as connection:
        tables = {
            (schema, name): set(columns)
            for schema, name, columns in connection.execute(
                "SELECT table_schema, table_name, list(column_name) FROM information_schema.columns GROUP BY ALL"
            ).fetchall()
        }

        def rows(
            schema: str, table: str, *, order: str = "ALL", wanted: Iterable[str] = (), where: str = "true"
        ) -> list[Row]:
            columns = tables.get((schema, table))
            if columns is None:
                return []
            listed = [c for c in wanted if c in columns] or ["*"]
            select = ", ".join(c if c == "*" else f'"{c}"' for c in listed)
            cursor = connection.execute(f'SELECT {select} FROM "{schema}"."{table}" WHERE {where} ORDER BY {order}')
            names = [column[0] for column in cursor.description]
            found = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
            return [{**dict.fromkeys(wanted), **row} for row in found]

        statuses = rows("main", "dim_observation_status")
        labels = Labels(
            indicators={row["code"]: row for row in rows("main", "dim_indicator", wanted=INDICATOR)},
            programmes={row["programme_id"]: row for row in rows("main", "dim_programme", wanted=PROGRAMME)},
            territories={
                (row["level"], row["code"]): row["name"]
                for row in rows(
                    "main",
                    "dim_territory",
                    wanted=("level", "code", "name", "vintage"),
                    where="level <> 'commune'",  # 35,000 of them, and dim_breakdown names those that events met
                    order="vintage",
                )
            },
            themes={(row["scheme"], row["code"]): row["label"] for row in rows("main", "dim_theme")},
            organisations={row["organisation_id"]: row["name"] for row in rows("main", "dim_organisation")},
            events=_events(
                rows("main", "dim_event", wanted=EVENT), rows("main", "dim_programme", wanted=PROGRAMME_KEY)
            ),
            members={
                (row["programme_id"], row["breakdown"], row["member"]): (row["label"], row["rank"])
                for row in rows(
                    "main", "dim_breakdown", wanted=("programme_id", "breakdown", "member", "label", "rank")
                )
            },
            signs=_signs(statuses),
            legend=tuple(
                Sign(row["printed_sign"], row["meaning"] or "", row["status"] or "")
                for row in statuses
                if row["printed_sign"] and not row["printed_sign"].startswith("(")
            ),
        )
        supply = Supply(
            deliveries=tuple(
                _hidden(row, "file_name", "message") for row in rows("landing", "delivery", wanted=DELIVERY)
            ),
            # values are never read: what staff need is the cell and the sentence
            quarantine=tuple(
                _hidden(row, "file_name", "sheet") for row in rows("landing", "quarantine", wanted=QUARANTINE)
            ),
        )
    return labels, supply


def _hidden(row: Row, *columns: str) -> Row:
    """A row that says nothing where one of these texts holds a contact: the name of a file cannot be mended once it was received."""
    held = [name for name in columns if contacts.holds(row[name])]
    return row | dict.fromkeys(held, "(contient une adresse électronique ou un téléphone)") if held else row


INDICATOR = (
    "code",
    "dataset",
    "name_fr",
    "unit",
    "formula",
    "grain",
    "denominator",
    "missing_rule",
    "approximate_rule",
    "rounding",
    "disclosure_rule",
    "practice",
)
PROGRAMME = (
    "programme_id",
    "title",
    "region_code",
    "region_name",
    "year",
    "series",
    "theme_scheme",
    "territory_vintage",
    "period",
    "nb_events",
    "caveat",
)
DELIVERY = (
    "source",
    "delivery_id",
    "file_name",
    "state",
    "entity",
    "received_at",
    "rows_read",
    "rows_accepted",
    "rows_quarantined",
    "rows_duplicate",
    "rows_structure",
    "message",
    "source_title",
    "expected_every_days",
)
QUARANTINE = ("source", "delivery_id", "file_name", "sheet", "row_number", "cell", "field", "rule", "message")


EVENT = ("programme_key", "code", "title")
PROGRAMME_KEY = ("programme_key", "programme_id")


def _events(events: list[Row], programmes: list[Row]) -> dict[tuple[str, str], str]:
    """(programme_id, code) -> title. Candidates made before events had codes give none."""
    named = {row["programme_key"]: row["programme_id"] for row in programmes}
    return {
        (named[row["programme_key"]], row["code"]): row["title"]
        for row in events
        if row["code"] and row["title"] and row["programme_key"] in named
    }


def _signs(rows: list[Row]) -> dict[tuple[str, str], Sign]:
    """(obs_status, conf_status) -> sign. Where several statuses share a pair (A, F), the one without a sign stands."""
    signs: dict[tuple[str, str], Sign] = {}
    for row in sorted(rows, key=lambda r: bool(r["printed_sign"])):
        pair = (row["obs_status"], row["conf_status"])
        signs.setdefault(pair, Sign(row["printed_sign"] or "", row["meaning"] or "", row["status"] or ""))
    return signs
