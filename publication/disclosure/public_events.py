"""The list of events that everybody has: which event stands in which month, department, theme…

Belongs here: reading it from the candidate's warehouse. Does not belong here: what is made of it (`cells`).
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from publication.disclosure.cells import Events
from publication.warehouse import opened


def read(warehouse: Path) -> Events:
    """For each programme, its counted events as sets of (breakdown, member); empty when the warehouse has no such list."""
    with opened(warehouse) as connection:
        found = connection.execute(
            "SELECT count(*) FROM duckdb_columns() WHERE schema_name = 'main' AND column_name = 'breakdown_key' "
            "AND table_name IN ('bridge_event_breakdown', 'dim_breakdown')"
        ).fetchall()
        if found != [(2,)]:
            return {}
        rows = connection.execute(
            "SELECT programme_id, event_key, breakdown, member FROM main.bridge_event_breakdown AS link "
            "JOIN main.dim_breakdown USING (breakdown_key, breakdown, member) ORDER BY ALL"
        ).fetchall()
    stands: dict[str, dict[int, set[tuple[str, str]]]] = defaultdict(lambda: defaultdict(set))
    for programme, event, breakdown, member in rows:
        stands[programme][event].add((breakdown, member))
    return {
        programme: [frozenset(members) for _, members in sorted(by_event.items())]
        for programme, by_event in stands.items()
    }
