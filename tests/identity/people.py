"""Rows of lists written by hand, for matching: what the vault has of each and what the landed rows say, without files."""

from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from identity.matching import match
from identity.vault import IDENTITIES, Vault

ROWS = pa.schema(
    [
        ("source", pa.string()), ("delivery_id", pa.string()), ("row_number", pa.int32()),
        ("event_id", pa.string()), ("year", pa.int32()), ("is_present", pa.bool_()), ("seen_at", pa.timestamp("us")),
    ]
)  # fmt: skip
LANDED = ("event_id", "year", "is_present", "seen_at")


def row(name=None, email=None, *, event="A01", year=2025, at="2025-03-01", is_present=False, **more):
    """One row of a list. `name`: as typed in one column; `given_name`, `family_name`, `phone`, `organisation_text`… as needed."""
    return {
        "full_name": name, "email": email, "event_id": event, "year": year, "is_present": is_present,
        "seen_at": None if at is None else datetime.fromisoformat(at), **more,
    }  # fmt: skip


def attended(name=None, email=None, **more):
    return row(name, email, **{"is_present": True, "at": None, **more})


class Lists:
    """Deliveries of people and what matching makes of them. A delivery is a list of `row`s; its id follows from its name."""

    def __init__(self, place: Path):
        self.vault = Vault(place / "vault", {"OBSERVATOIRE_ACTOR": "dpo"})
        self.out = place / "participant"
        self.deliveries: dict[tuple[str, str], list[dict]] = {}

    def put(self, source, *rows, delivery="d1"):
        self.deliveries[source, delivery] = list(rows)
        people = [
            {"source": source, "delivery_id": delivery, "row_number": number, "person_basis": "none"}
            | {key: value for key, value in line.items() if key not in LANDED}
            for number, line in enumerate(rows, 1)
        ]
        self.vault.store(source, delivery, pa.Table.from_pylist(people, IDENTITIES))
        return self

    def take_back(self, source, delivery="d1"):
        del self.deliveries[source, delivery]
        return self

    def rows(self) -> pa.Table:
        lines = [
            {"source": source, "delivery_id": delivery, "row_number": number, **{key: line[key] for key in LANDED}}
            for (source, delivery), rows in self.deliveries.items()
            for number, line in enumerate(rows, 1)
        ]
        return pa.Table.from_pylist(lines, ROWS)

    def match(self):
        return match(self.vault, self.rows(), self.out)

    def table(self, name: str) -> list[dict]:
        found = duckdb.sql(f"from '{self.out}/current/{name}.parquet'").to_arrow_table()
        return found.to_pylist()

    def keys(self) -> dict[tuple[str, str, int], int]:
        """(source, delivery, row number) → participant_key."""
        return {
            (line["source"], line["delivery_id"], line["row_number"]): line["participant_key"]
            for line in self.table("participant_row")
        }

    def groups(self) -> list[set[str]]:
        """The rows of each person, as `<source><row number>` (with the delivery when it is not d1), by their first row."""
        found: dict[int, set[str]] = {}
        for (source, delivery, number), key in sorted(self.keys().items()):
            found.setdefault(key, set()).add(f"{source}{'' if delivery == 'd1' else delivery}{number}")
        return list(found.values())


def groups_of(place: Path, **lists) -> list[set[str]]:
    """Match these lists (source → rows) in an empty vault, and give the rows of each person."""
    people = Lists(place)
    for source, rows in lists.items():
        people.put(source, *rows)
    people.match()
    return people.groups()
