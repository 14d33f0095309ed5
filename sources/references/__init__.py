"""Lists that give sense to what organisers type: territories, themes, organisations, indicators.

What belongs here: facts with a source, as files beside this module, and their loading. `README.md` says where each
comes from. What does not: figures of events, personal names, corrections of one source (`sources/corrections/`), and
explanations of differences (`sources/explanations.yml`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sources.values.places import Commune, Gazetteer
from sources.values.themes import ThemeScheme

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
        "programme_id VARCHAR, title VARCHAR, region_code VARCHAR, year INTEGER, series VARCHAR, theme_scheme VARCHAR, "
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
    "legal_category": (
        "legal_categories.csv",
        "code VARCHAR, label VARCHAR, family VARCHAR, perimeter VARCHAR, note VARCHAR, label_source VARCHAR, status VARCHAR",
    ),
    "activity_exclusion": (
        "activity_exclusions.csv",
        "code VARCHAR, nomenclature VARCHAR, label VARCHAR, reason VARCHAR, status VARCHAR",
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


def gazetteer() -> Gazetteer:
    """The communes of the vintage in use, ready to locate labels; builds in about 0.2 s, so build it once per process."""
    import pyarrow.parquet as pq  # reading a value needs no table until a place has to be found

    directory = DIRECTORY / "territory" / str(VINTAGE)

    def table(name: str, *columns: str) -> Iterator[tuple]:
        read = pq.read_table(directory / name, columns=list(columns))
        return zip(*(column.to_pylist() for column in read.columns), strict=True)

    postcodes: dict[str, set[str]] = {}
    for postcode, code in table("postcode.parquet", "postcode", "commune_code"):
        postcodes.setdefault(postcode, set()).add(code)
    return Gazetteer(
        map(Commune._make, table("commune.parquet", *Commune._fields)),
        postcodes=postcodes,
        aliases=[(row["label_key"], row["commune_code"]) for row in rows("place_aliases.csv")],
        never_located=[row["label_key"] for row in rows("places_never_located.csv")],
    )


def theme_schemes() -> dict[str, ThemeScheme]:
    """The schemes of `themes.csv` and of the programmes, by name; a programme without themes has an empty scheme."""
    programmes = rows("programmes.csv")
    words: dict[str, dict[str, tuple[str, ...]]] = {p["theme_scheme"]: {} for p in programmes if p["theme_scheme"]}
    for row in sorted(rows("themes.csv"), key=lambda row: int(row["rank"])):
        words.setdefault(row["scheme"], {})[row["code"]] = (row["label"], *row["accepted"].split("|"))
    all_words = {row["scheme"]: tuple(filter(None, row["all_words"].split("|"))) for row in rows("theme_schemes.csv")}
    return {name: ThemeScheme(name, words[name], all_words.get(name, ())) for name in words}


def rows(file_name: str) -> list[dict[str, str]]:
    """The rows of one of the CSV files beside this module, as texts; an empty cell is an empty text."""
    with (DIRECTORY / file_name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _header(file_name: str) -> list[str]:
    with (DIRECTORY / file_name).open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))
