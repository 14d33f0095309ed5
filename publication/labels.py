"""What the codes of a candidate are called, read from its own `dim_` tables, and what was delivered to make it.

Belongs here: reading names, definitions, signs, deliveries and quarantine out of the candidate's warehouse. Does not
belong here: inventing a name. A code without a label is printed as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from publication.wording import BREAKDOWNS, MEMBERS, UNITS, long_month

Row = dict[str, Any]


@dataclass(frozen=True)
class Sign:
    """A printed sign and what it means."""

    printed: str
    meaning: str
    status: str = ""


@dataclass(frozen=True)
class Labels:
    indicators: dict[str, Row] = field(default_factory=dict)
    programmes: dict[str, Row] = field(default_factory=dict)
    territories: dict[tuple[str, str], str] = field(default_factory=dict)
    themes: dict[tuple[str, str], str] = field(default_factory=dict)
    organisations: dict[str, str] = field(default_factory=dict)
    signs: dict[tuple[str, str], Sign] = field(default_factory=dict)
    legend: tuple[Sign, ...] = ()

    def indicator(self, code: str) -> str:
        return self.indicators.get(code, {}).get("name_fr") or code

    def programme(self, code: str | None) -> str:
        if not code:
            return "Tous programmes"
        return self.programmes.get(code, {}).get("title") or code

    def breakdown(self, code: str) -> str:
        return BREAKDOWNS.get(code, code.replace("_", " ").capitalize())

    def theme(self, code: str, programme_id: str | None) -> str:
        scheme = self.programmes.get(programme_id or "", {}).get("theme_scheme") or ""
        return self.themes.get((scheme, code)) or self.themes.get(("", code)) or code

    def member(self, breakdown: str, member: str, programme_id: str | None = None) -> str:
        """The label of one member; codes of territories stay beside their names."""
        if (breakdown, member) in MEMBERS:
            return MEMBERS[breakdown, member]
        if breakdown == "month":
            return long_month(member).capitalize()
        if breakdown == "theme":
            return self.theme(member, programme_id)
        if breakdown == "theme_count":
            return f"{member} thème{'s' if member not in ('0', '1') else ''}"
        if breakdown == "organisation":
            return self.organisations.get(member, member)
        if breakdown == "department_theme" and "|" in member:
            place, theme = member.split("|", 1)
            where = self.member("department", place, programme_id)
            return f"{where} × {self.member('theme', theme, programme_id)}"
        name = self.territories.get((breakdown, member))
        if name:
            return f"{name} ({member})" if breakdown in ("department", "commune") else name
        return member

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
    with duckdb.connect(str(warehouse), read_only=True, config={"enable_external_access": "false"}) as connection:
        tables = {
            (schema, name): set(columns)
            for schema, name, columns in connection.execute(
                "SELECT table_schema, table_name, list(column_name) FROM information_schema.columns GROUP BY ALL"
            ).fetchall()
        }

        def rows(schema: str, table: str, *, order: str = "ALL", wanted: Iterable[str] = ()) -> list[Row]:
            columns = tables.get((schema, table))
            if columns is None:
                return []
            listed = [c for c in wanted if c in columns] or ["*"]
            select = ", ".join(c if c == "*" else f'"{c}"' for c in listed)
            cursor = connection.execute(f'SELECT {select} FROM "{schema}"."{table}" ORDER BY {order}')
            names = [column[0] for column in cursor.description]
            found = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
            return [{**dict.fromkeys(wanted), **row} for row in found]

        statuses = rows("main", "dim_observation_status", order="1") or rows("reference", "observation_status")
        labels = Labels(
            indicators={row.get("code") or row.get("indicator"): row for row in rows("main", "dim_indicator")},
            programmes={row["programme_id"]: row for row in rows("main", "dim_programme")},
            territories=_territories(rows("main", "dim_territory")),
            themes=_themes(rows("main", "dim_theme")),
            organisations={
                str(row.get("organisation_id")): row.get("name") or row.get("organisation_name") or ""
                for row in rows("main", "dim_organisation")
            },
            signs=_signs(statuses),
            legend=tuple(
                Sign(row["printed_sign"], row["meaning"] or "", row["status"] or "")
                for row in statuses
                if row["printed_sign"] and not row["printed_sign"].startswith("(")
            ),
        )
        supply = Supply(
            deliveries=tuple(rows("landing", "delivery", wanted=DELIVERY)),
            # values are never read: what staff need is the cell and the sentence
            quarantine=tuple(rows("landing", "quarantine", wanted=QUARANTINE)),
        )
    return labels, supply


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


def _territories(rows: list[Row]) -> dict[tuple[str, str], str]:
    """(level, code) -> name; a territory without a level is known at every level."""
    names: dict[tuple[str, str], str] = {}
    for row in rows:
        code = row.get("territory_code") or row.get("code")
        name = row.get("territory_name") or row.get("name")
        level = row.get("level") or row.get("territory_level") or row.get("kind")
        if code and name:
            names[str(level), str(code)] = name
    return names


def _themes(rows: list[Row]) -> dict[tuple[str, str], str]:
    names: dict[tuple[str, str], str] = {}
    for row in rows:
        code = row.get("theme_code") or row.get("code")
        label = row.get("label") or row.get("theme_label") or row.get("name") or code
        if code:
            names[row.get("theme_scheme") or row.get("scheme") or "", str(code)] = label
            names.setdefault(("", str(code)), label)
    return names


def _signs(rows: list[Row]) -> dict[tuple[str, str], Sign]:
    """(obs_status, conf_status) -> sign. Where several statuses share a pair (A, F), the one without a sign stands."""
    signs: dict[tuple[str, str], Sign] = {}
    for row in sorted(rows, key=lambda r: bool(r["printed_sign"])):
        pair = (row["obs_status"], row["conf_status"])
        signs.setdefault(pair, Sign(row["printed_sign"] or "", row["meaning"] or "", row["status"] or ""))
    return signs
