"""Lists that give sense to what organisers type: territories, themes, organisations, indicators.

What belongs here: facts with a source, as files beside this module, and their loading. `README.md` says where each
comes from. What does not: figures of events, personal names, corrections of one source (`sources/corrections/`), and
explanations of differences (`sources/explanations.yml`).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

DIRECTORY = Path(__file__).parent
VINTAGE = 2023

# Parquet tables, one file per vintage: territory/<vintage>/<table>.parquet
TERRITORY_TABLES = ("region", "department", "epci", "commune")

# table → (file, columns and types). A column of the file that is not listed here stays out of the warehouse.
CSV_TABLES = {
    "programme": (
        "programmes.csv",
        "programme_id VARCHAR, title VARCHAR, region_code VARCHAR, year INTEGER, theme_scheme VARCHAR, "
        "territory_vintage INTEGER, audience VARCHAR, caveat VARCHAR",
    ),
    "theme": ("themes.csv", "scheme VARCHAR, code VARCHAR, label VARCHAR, rank INTEGER"),
    "organisation": (
        "organisations.csv",
        "organisation_id VARCHAR, name VARCHAR, kind VARCHAR, siren VARCHAR, network VARCHAR",
    ),
    "organisation_alias": (
        "organisation_aliases.csv",
        "label_key VARCHAR, programme_id VARCHAR, organisation_id VARCHAR, rank INTEGER",
    ),
    "indicator": (
        "indicators.csv",
        "code VARCHAR, dataset VARCHAR, name_fr VARCHAR, name_en VARCHAR, unit VARCHAR, formula VARCHAR, "
        "grain VARCHAR, denominator VARCHAR, missing_rule VARCHAR, approximate_rule VARCHAR, rounding VARCHAR, "
        "disclosure_rule VARCHAR, practice VARCHAR",
    ),
    "observation_status": (
        "observation_statuses.csv",
        "status VARCHAR, printed_sign VARCHAR, obs_status VARCHAR, conf_status VARCHAR, meaning VARCHAR",
    ),
    "document_recount": (
        "document_recounts.csv",
        "programme_id VARCHAR, indicator VARCHAR, dimension VARCHAR, member VARCHAR, value DOUBLE, "
        "relation VARCHAR, source VARCHAR, note VARCHAR",
    ),
}


def load(con: duckdb.DuckDBPyConnection) -> None:
    """Create schema `reference` in `con` with the tables of docs/architecture.md, replacing an earlier one.

    An empty cell is NULL. All vintages present are loaded; `commune` is unique by (vintage, kind, code), because a
    commune déléguée may bear the code of the commune it belongs to.
    """
    con.execute("CREATE SCHEMA IF NOT EXISTS reference")
    for table in TERRITORY_TABLES:
        con.execute(
            f"CREATE OR REPLACE TABLE reference.{table} AS SELECT * FROM read_parquet(?)",
            [str(DIRECTORY / "territory" / "*" / f"{table}.parquet")],
        )
    for table, (file_name, columns) in CSV_TABLES.items():
        con.execute(f"CREATE OR REPLACE TABLE reference.{table} ({columns})")
        names = ", ".join(column.split()[0] for column in columns.split(", "))
        con.execute(
            f"INSERT INTO reference.{table} SELECT {names} FROM read_csv(?, header = true, all_varchar = true, "
            "delim = ',', quote = '\"', escape = '\"', nullstr = '', auto_detect = false, columns = ?)",
            [str(DIRECTORY / file_name), dict.fromkeys(_header(file_name), "VARCHAR")],
        )


def rows(file_name: str) -> list[dict[str, str]]:
    """The rows of one of the CSV files beside this module, as texts; an empty cell is an empty text."""
    with (DIRECTORY / file_name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _header(file_name: str) -> list[str]:
    with (DIRECTORY / file_name).open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))
