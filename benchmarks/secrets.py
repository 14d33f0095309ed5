"""`make secrets EVENTS=5000`: what keeping secrets costs, on the tables of one programme of so many events, without a night.

Here: drawing public events, who registered, came and answered, and the watched tables that follow, each line with the columns that
the warehouse gives it; the measure. Not here: deliveries (`region/`), three whole nights (`bench.py`), what is secret (the policies).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict

import duckdb
import numpy as np
import pyarrow as pa

PROGRAMME, PERIOD = "MESS-2025", "2025-10/2025-12"
MONTHS = ("2025-10", "2025-11", "2025-12")
TIDY = (
    "dataset VARCHAR, programme_id VARCHAR, indicator VARCHAR, breakdown VARCHAR, member VARCHAR, period VARCHAR, "
    "value DOUBLE, lower DOUBLE, upper DOUBLE, numerator DOUBLE, denominator DOUBLE, n_with_data INTEGER, n_total INTEGER, "
    "unit VARCHAR, obs_status VARCHAR, conf_status VARCHAR, caveat VARCHAR"
)

#: For each indicator: its dataset, the columns that it fills, and the events that count, over the rows of one cell.
SUMS = {
    "PA02": ("participation", "sum(present) AS value", "present IS NOT NULL"),
    "PA03": ("participation", "sum(registered) AS value", "true"),
    "PA04": ("participation", "sum(came) AS numerator, sum(registered) AS denominator", "present IS NOT NULL"),
    "PA05": ("participation", "sum(registered - came) AS numerator, sum(registered) AS denominator", "present IS NOT NULL"),
    "PA06": ("participation", "sum(present - came) AS value", "present IS NOT NULL"),
    "PE01": ("participants", "sum(women) AS numerator, nullif(sum(gendered), 0) AS denominator", "gendered > 0"),
    "QU02": ("quality", "sum(present) AS numerator, nullif(sum(present), 0) AS denominator", "present IS NOT NULL"),
    "SA01": ("satisfaction", "sum(notes) / 4 AS numerator, sum(answers) AS denominator", "answers > 0"),
    "SA02": ("satisfaction", "sum(satisfied) AS numerator, sum(answers) AS denominator", "answers > 0"),
    "SA04": ("satisfaction", "sum(answers) AS numerator, sum(present) AS denominator", "answers > 0 AND present > 0"),
}  # fmt: skip
BY_PLACE = ("PA02", "PA03", "PA04", "PA05", "PA06")


def draw(nb_events: int, tiny: float = 0.6, seed: int = 1) -> duckdb.DuckDBPyConnection:
    """Table `event`, one row each. `tiny`: the share of events where one to four registered."""
    rng = np.random.default_rng(seed)
    is_tiny = rng.random(nb_events) < tiny
    registered = np.where(is_tiny, rng.integers(1, 5, nb_events), 5 + rng.geometric(1 / 35, nb_events))
    came = rng.binomial(registered, 0.7)
    present = came + rng.binomial(np.maximum(came, 1), 0.08)
    gendered = rng.binomial(present, 0.85)
    has_sheet = rng.random(nb_events) < 0.7
    answers = rng.binomial(present, 0.25)
    drawn = {
        "event": [f"MESS25-{number:05}" for number in range(nb_events)],
        "department": rng.choice(["02", "59", "60", "62", "80"], nb_events, p=[0.08, 0.45, 0.12, 0.25, 0.10]),
        "month": rng.choice(MONTHS, nb_events, p=[0.2, 0.6, 0.2]),
        "modality": rng.choice(["in_person", "online", "hybrid"], nb_events, p=[0.72, 0.22, 0.06]),
        "theme": rng.choice(["ALIM", "CULT", "ECOL", "EMPL", "FINA", "NUME", "SANT"], nb_events),
        "registered": registered,
        "came": came,
        "present": present,
        "gendered": gendered,
        "women": rng.binomial(gendered, 0.55),
        "answers": answers,
        "satisfied": rng.binomial(answers, 0.8),
        "notes": rng.binomial(4 * answers, 0.8),
        "has_sheet": has_sheet,
    }
    con = duckdb.connect()
    con.register("drawn", pa.table({name: pa.array(column) for name, column in drawn.items()}))
    con.execute(
        "CREATE TABLE event AS SELECT * EXCLUDE (present, gendered, women, has_sheet), CASE WHEN has_sheet THEN present END AS present, "
        "CASE WHEN has_sheet THEN gendered END AS gendered, CASE WHEN has_sheet THEN women END AS women FROM drawn"
    )
    return con


def tables(con: duckdb.DuckDBPyConnection) -> dict[str, pa.Table]:
    """The watched tables, in the columns of the tidy shape."""
    con.execute(f"CREATE TABLE tidy ({TIDY})")
    for code, (dataset, columns, counts) in SUMS.items():
        breakdowns = ("total", "event", *(("department", "month", "modality") if code in BY_PLACE else ()))
        for breakdown in breakdowns:
            member = "'total'" if breakdown == "total" else breakdown
            con.execute(f"""
                INSERT INTO tidy BY NAME
                SELECT 'ind_{dataset}' AS dataset, '{PROGRAMME}' AS programme_id, '{code}' AS indicator, '{breakdown}' AS breakdown,
                    {member} AS member, {"month" if breakdown == "month" else f"'{PERIOD}'"} AS period, {columns},
                    count(*) AS n_with_data, count(*) AS n_total, 'person' AS unit, 'A' AS obs_status, 'F' AS conf_status
                FROM event WHERE {counts} GROUP BY ALL""")
    con.execute(
        "UPDATE tidy SET n_with_data = denominator, n_total = denominator WHERE indicator IN ('PE01', 'SA01', 'SA02')"
    )
    con.execute("UPDATE tidy SET value = numerator / denominator WHERE denominator > 0")
    ordered = con.sql("FROM tidy ORDER BY dataset, programme_id, indicator, breakdown, member, period").to_arrow_table()
    return {
        name: ordered.filter(pa.compute.equal(ordered["dataset"], name)).combine_chunks()
        for name in sorted(set(ordered["dataset"].to_pylist()))
    }


def public_events(con: duckdb.DuckDBPyConnection) -> dict[str, list[frozenset[tuple[str, str]]]]:
    """Which event stands in which month, department, modality and theme, as `publication.disclosure.public_events` reads it."""
    names = ("event", "department", "month", "modality", "theme")
    rows = con.execute(f"SELECT {', '.join(names)} FROM event ORDER BY event").fetchall()
    return {PROGRAMME: [frozenset({("total", "total"), *zip(names, row, strict=True)}) for row in rows]}


def measure(nb_events: int, tiny: float, seed: int = 1) -> dict[str, object]:
    """What `protect` costs and hides."""
    from publication import disclosure

    con = draw(nb_events, tiny, seed)
    drawn, events = tables(con), public_events(con)
    policies = disclosure.read()
    wall, cpu = time.monotonic(), time.process_time()
    protected = disclosure.protect(drawn, policies, events=lambda: events)
    found: dict[str, object] = {
        "events": nb_events,
        "tiny": tiny,
        "lines": sum(table.num_rows for table in drawn.values()),
        "cpu_s": round(time.process_time() - cpu, 1),
        "wall_s": round(time.monotonic() - wall, 1),
        "kept_back": protected.reasons,
    }
    totals: dict[str, int] = defaultdict(int)
    for report in protected.report.values():
        for name in ("primary", "secondary"):
            totals[name] += report[name]
    return {**found, **totals}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int)
    parser.add_argument("--tiny", type=float, default=0.6)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(measure(given.events, given.tiny, given.seed), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
