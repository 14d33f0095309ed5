"""What earlier releases printed, as one table that the next candidate is set against before it is judged.

Belongs here: reading the figures of the release people see and of a few before it. Does not belong here: what may differ and what
may not (dbt counts it in `ctl_*`, the suites judge it).
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from publication import shelf
from publication.decision import released_tables

KEPT = 7
"""Releases looked at: the median of these resists one odd night."""

WITHOUT_CODES = frozenset({"ind_reconciliation"})
"""Datasets that speak the words of documents: they have no figure that should come back."""

SCHEMA = pa.schema(
    [
        ("age", pa.int32()),
        ("dataset", pa.string()),
        ("programme_id", pa.string()),
        ("indicator", pa.string()),
        ("breakdown", pa.string()),
        ("member", pa.string()),
        ("value", pa.float64()),
        ("obs_status", pa.string()),
    ]
)


def previous_figures(releases: Path) -> pa.Table:
    """Figures of the current release (`age` 0) and the totals of those announced before it (1, 2, …); empty before the first.

    Values are as printed: what disclosure control hid has none."""
    releases = Path(releases)
    current = shelf.current_number(releases)
    if current is None:
        return SCHEMA.empty_table()
    hidden = set(shelf.unannounced(releases))
    numbers = [n for n in reversed(shelf.directories(releases)) if n <= current and n not in hidden][:KEPT]
    found = []
    for age, number in enumerate(numbers):
        for dataset, table in released_tables(shelf.read_release(releases / str(number))).items():
            if dataset in WITHOUT_CODES:
                continue
            rows = table if age == 0 else table.filter(pc.equal(table["breakdown"], "total"))
            columns = {"age": pa.array([age] * rows.num_rows, pa.int32())}
            columns |= {field.name: rows[field.name].cast(field.type) for field in SCHEMA if field.name != "age"}
            found.append(pa.table(columns, schema=SCHEMA))
    return pa.concat_tables(found) if found else SCHEMA.empty_table()
