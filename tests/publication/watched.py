"""Watched tables by a few lines each, their lists of events, and what becomes of them when secrets are kept.

Belongs here: lines, tables and lists that several tests of `publication.disclosure` are made of. Not here: whole candidates (`hand_made`).
"""

import hand_made
import pyarrow as pa

from publication import disclosure
from publication.disclosure.policy import read

POLICIES = read()
NAMES = [column.split()[0] for column in hand_made.TIDY.split(", ")]
TYPES = {"DOUBLE": pa.float64(), "INTEGER": pa.int32(), "VARCHAR": pa.string()}
SCHEMA = pa.schema([(c.split()[0], TYPES[c.split()[1]]) for c in hand_made.TIDY.split(", ")])


def table(rows) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(NAMES, row, strict=True)) for row in rows], schema=SCHEMA)


def share(indicator, breakdown, member, top, base, dataset="ind_participants", **more) -> tuple:
    value = top / base if base else None
    return hand_made.row(
        dataset, indicator, breakdown, member, value, numerator=top, denominator=base, unit="share", **more
    )


def count(indicator, breakdown, member, value, dataset="ind_participation", **more) -> tuple:
    return hand_made.row(dataset, indicator, breakdown, member, float(value), unit="person", **more)


def protect(*rows, events=dict, **more):
    by_dataset = {}
    for row in rows:
        by_dataset.setdefault(row[0], []).append(row)
    return disclosure.protect({name: table(r) for name, r in by_dataset.items()}, POLICIES, events=events, **more)


def signs(result, dataset="ind_participants") -> dict[str, str]:
    return {
        f"{row['indicator']}|{row['breakdown']}|{row['member']}": row["obs_status"] + "/" + row["conf_status"]
        for row in result.tables[dataset].to_pylist()
    }


def nothing(indicator, event, n_with_data=0):
    return hand_made.row(
        "ind_participation", indicator, "event", event, None, obs_status="L", n_with_data=n_with_data, n_total=1
    )


def public(*names):
    return {hand_made.HDF: [frozenset({("total", "total"), ("event", name)}) for name in names]}


def walk_ins():
    """Of 40 present at a1, 2 of the 3 registered and 38 others; at a2, 10 of 20 and 30 others."""
    return [
        count("PA02", "event", "a1", 40),
        count("PA02", "event", "a2", 40),
        count("PA06", "event", "a1", 38),
        count("PA06", "event", "a2", 30),
        share("PA04", "event", "a1", 2, 3, "ind_participation"),
        share("PA04", "event", "a2", 10, 20, "ind_participation"),
    ]


CATEGORIES = [
    share("PE02", "participant_category", member, n, 100)
    for member, n in (("elected", 3), ("agent", 20), ("ess", 60), ("other", 17))
]
