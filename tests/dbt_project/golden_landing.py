"""A landing zone made from the golden rows: what `sources` hands over, without `sources` parsing anything.

Here: golden CSV → tables `landing.*` of docs/architecture.md in a DuckDB file, beside the real reference tables and
explanations. Not here: any expected result of an indicator.
"""

from __future__ import annotations

import calendar
import csv
from datetime import UTC, date, datetime, time
from pathlib import Path

import duckdb
import pyarrow as pa

from sources import references
from sources.entities import ENTITIES, LINEAGE
from sources.explanations import load_explanations

GOLDEN = Path(__file__).parents[1] / "golden"

DELIVERY_COLUMNS = (
    "source VARCHAR, delivery_id VARCHAR, file_name VARCHAR, document VARCHAR, state VARCHAR, entity VARCHAR, received_at TIMESTAMP, "
    "rows_read INTEGER, rows_accepted INTEGER, rows_quarantined INTEGER, rows_duplicate INTEGER, rows_structure INTEGER, "
    "rows_replaced INTEGER, "
    "message VARCHAR, source_title VARCHAR, expected_every_days INTEGER"
)
QUARANTINE_COLUMNS = (
    "source VARCHAR, delivery_id VARCHAR, file_name VARCHAR, sheet VARCHAR, row_number INTEGER, cell VARCHAR, "
    "field VARCHAR, rule VARCHAR, message VARCHAR, value VARCHAR, event_id VARCHAR, programme_id VARCHAR, organiser VARCHAR"
)
EXPLANATION_COLUMNS = (
    "programme_id VARCHAR, indicator VARCHAR, dimension VARCHAR, member VARCHAR, dataset VARCHAR, cause VARCHAR, "
    "treatment VARCHAR, author VARCHAR, explained_on DATE, expected_difference DOUBLE"
)

LINEAGE_COLUMNS = {
    "bound": "source VARCHAR, delivery_id VARCHAR, sheet VARCHAR, field VARCHAR, column_letter VARCHAR, header VARCHAR",
    "correction": "source VARCHAR, correction_id VARCHAR, fields VARCHAR[], reason VARCHAR, author VARCHAR, added_on DATE",
    "corrected_row": "source VARCHAR, delivery_id VARCHAR, row_number INTEGER, correction_id VARCHAR",
}

HISTORY_COLUMNS = {
    "showing": "source VARCHAR, document VARCHAR, file_name VARCHAR, delivery_id VARCHAR, shown_at TIMESTAMP, rank INTEGER",
    "record_shown": "source VARCHAR, record_key VARCHAR, delivered_at TIMESTAMP, is_deleted BOOLEAN, delivery_id VARCHAR",
    "withdrawal": "source VARCHAR, delivery_id VARCHAR",
    "ended_programme": "programme_id VARCHAR",
    "copied_file": "source VARCHAR, delivery_id VARCHAR, file_name VARCHAR, read_as VARCHAR",
    "previous_figure": "age INTEGER, dataset VARCHAR, programme_id VARCHAR, indicator VARCHAR, breakdown VARCHAR, "
    "member VARCHAR, value DOUBLE, obs_status VARCHAR",
}

PARTICIPANT_TABLES = {
    "participant_row": "source VARCHAR, delivery_id VARCHAR, row_number INTEGER, participant_key BIGINT",
    "participant": "participant_key BIGINT, pseudonym VARCHAR, key_id VARCHAR, programme_year INTEGER, is_returning BOOLEAN, "
    "nb_identities INTEGER",
    "participant_link": "participant_key BIGINT, source_identity VARCHAR, source VARCHAR, basis VARCHAR, method VARCHAR, "
    "match_probability DOUBLE, status VARCHAR, evidence VARCHAR",
}

STATUS = {"tenu": "held", "annoncé": "announced"}
MODALITY = {"presentiel": "in_person", "visio": "online", "unknown": "unknown"}
PLACE = {"located": "located", "not_applicable_online": "online", "missing": "unknown", "inferred": "deduced"}
COUNT = {
    "exact": "exact",
    "exact_listed_names": "listed",
    "approx": "approximate",
    "qualitative": "qualitative",
    "missing": "missing",
    "not_applicable": "missing",
}
DATE = {"day": "day", "month": "month", "year": "year", "inferred": "day", "period": "range"}
PRECISION = {
    "rounded to unit": "rounded",
    "approx": "approximate",
    "implicit zero": "implicit_zero",
    "exact": "exact",
    "text": "text",
    "qualitative": "qualitative",
}
PROGRAMME = {
    "HDF": "HDF-CONF-2023",
    "CVL18": "CVL-CONF-2018",
    "CVL24": "CVL-CONCERT-2024",
    "ERR25": "ERROL-CONSULT-2025",
    "AVI24": "AVISE-RNA-2024",
}
# the lines that no workbook holds: the warehouse derives them
DERIVED = {"HDF-S1", "HDF-S2", "HDF-S3", "HDF-X1", "HDF-X2", "HDF-X3"}
# « une vingtaine » ± 20 %, « environ N » ± 10 % (BRIEF, approximation convention)
BOUNDS = {"HDF-O1": (16, 24), "CVL18-01": (135, 165), "ERR25-01": (12, 18), "AVI24-01": (24, 36)}


def golden(name: str) -> list[dict[str, str]]:
    """The rows of tests/golden/<name>.csv, as texts."""
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def programme_of(agg_id: str) -> str:
    """HDF-D62 → HDF-CONF-2023."""
    return PROGRAMME[agg_id.split("-")[0]]


def fill(warehouse: Path) -> None:
    """Create `warehouse` with schemas `reference` and `landing`, as `sources` would hand them over."""
    figures = [row for row in golden("reconciliation") if row["agg_id"] not in DERIVED]
    with duckdb.connect(str(warehouse)) as con:
        references.load(con)
        con.execute("create schema landing")
        for name, entity in ENTITIES.items():
            columns = LINEAGE | entity.columns
            con.execute(f"create table landing.{name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")
        for name in ("event", "organisation"):
            con.execute(f"create table landing.{name}_version as from landing.{name}")
        con.execute("create table landing.registration_earlier as from landing.registration")
        for name, columns in (HISTORY_COLUMNS | PARTICIPANT_TABLES).items():
            con.execute(f"create table landing.{name} ({columns})")
        con.execute(f"create table landing.delivery ({DELIVERY_COLUMNS})")
        con.execute(f"create table landing.quarantine ({QUARANTINE_COLUMNS})")
        con.execute(f"create table landing.explanation ({EXPLANATION_COLUMNS})")
        for name, columns in LINEAGE_COLUMNS.items():
            con.execute(f"create table landing.{name} ({columns})")
        events = [event_row(row) for row in golden("events")]
        insert(con, "event", events)
        insert(con, "event_version", events)
        insert(con, "published_figure", [figure_row(number, row) for number, row in enumerate(figures, start=2)])
        insert(con, "explanation", [item.model_dump() for item in load_explanations()])
        insert(
            con,
            "delivery",
            [
                delivery("hdf_2023_programme", "event", sum(e["source"] == "hdf_2023_programme" for e in events)),
                delivery("evenements_ess", "event", sum(e["source"] == "evenements_ess" for e in events)),
                delivery("chiffres_publies", "published_figure", len(figures)),
            ],
        )


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[dict]) -> None:
    """Append `rows` to landing.<table>, columns by name."""
    con.register("handed", pa.Table.from_pylist(rows))
    con.execute(f"insert into landing.{table} by name select * from handed")
    con.unregister("handed")


def delivery(source: str, entity: str, nb_rows: int) -> dict:
    """A delivery of which every row was accepted."""
    return {
        "source": source,
        "delivery_id": f"{source:0<16.16}",
        "file_name": f"{source}.csv",
        "document": f"{source}.csv",
        "state": "accepted",
        "entity": entity,
        "received_at": datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None),
        "rows_read": nb_rows,
        "rows_accepted": nb_rows,
        "rows_quarantined": 0,
        "rows_duplicate": 0,
        "rows_structure": 0,
        "rows_replaced": 0,
        "message": None,
        "source_title": source,
        "expected_every_days": None,
    }


def lineage(source: str, row_number: int) -> dict:
    """The columns common to all landed rows."""
    return {
        "source": source,
        "delivery_id": f"{source:0<16.16}",
        "file_name": f"{source}.csv",
        "sheet": None,
        "row_number": row_number,
        "delivered_at": datetime(2026, 1, 5, tzinfo=UTC).replace(tzinfo=None),
        "corrections": [],
    }


def event_row(row: dict[str, str]) -> dict:
    """One golden event as `sources` would land it."""
    source = "hdf_2023_programme" if row["list_rank"] else "evenements_ess"
    label = row["organiser_label_published"] or None
    return lineage(source, int(row["list_rank"] or 0) + 1) | {
        "event_id": row["event_id"],
        "programme_id": row["programme_id"],
        "parent_event_id": row["parent_event_id"] or None,
        "event_kind": row["event_kind"],
        "event_status": STATUS[row["event_status"]],
        "counts_in_programme": row["counts_in_programme"] == "1",
        "title": row["title_published"],
        "organiser_text": label,
        "organiser_labels": label.split(" / ") if label else [],
        "themes": row["theme_codes"].split(";") if row["theme_codes"] else [],
        "theme_scheme": row["theme_scheme"] or None,
        "starts_on": day(row["date_start"], last=False),
        "ends_on": day(row["date_end"], last=True),
        "date_precision": DATE[row["date_precision"]],
        "date_text": row["date_text_published"] or None,
        "start_time": time.fromisoformat(row["start_time"]) if row["start_time"] else None,
        "end_time": time.fromisoformat(row["end_time"]) if row["end_time"] else None,
        "place_label": row["place_label_published"] or None,
        "venue": row["venue"] or None,
        "commune_code": row["insee_code"] or None,
        "department_code": row["dept_code"] or None,
        "region_code": row["region_code"] or None,
        "place_status": PLACE[row["location_status"]],
        "modality": MODALITY[row["modality"]],
        "modality_basis": (row["modality_basis"] or "missing").split(":")[0].split(" ")[0],
        "participants": number(row["participants_value"]),
        "participants_lower": number(row["participants_lower"]),
        "participants_upper": number(row["participants_upper"]),
        "participants_precision": COUNT[row["participants_status"]],
        "participants_text": row["participants_text_published"] or None,
    }


def figure_row(row_number: int, row: dict[str, str]) -> dict:
    """One golden published figure as `sources` would land it."""
    value = float(row["published"]) if row["published"].replace(".", "").isdigit() else None
    lower, upper = BOUNDS.get(row["agg_id"], (value, value))
    return lineage("chiffres_publies", row_number) | {
        "programme_id": programme_of(row["agg_id"]),
        "indicator": row["indicator"],
        "dimension": row["dimension"],
        "member": row["member"],
        "figure_text": row["published"],
        "figure_value": value,
        "figure_lower": lower,
        "figure_upper": upper,
        "figure_precision": PRECISION[row["published_precision"]],
        "document": row["agg_id"].split("-")[0],
    }


def number(text: str) -> int | None:
    """« 150 » → 150, « » → None."""
    return int(text) if text else None


def day(text: str, *, last: bool) -> date | None:
    """The first or last day of a day, month or year: « 2023-12 » → 1 or 31 December."""
    parts = [int(part) for part in text.split("-")] if text else []
    if not parts:
        return None
    year, month = parts[0], parts[1] if len(parts) > 1 else (12 if last else 1)
    if len(parts) == 3:
        return date(*parts)
    return date(year, month, calendar.monthrange(year, month)[1] if last else 1)
