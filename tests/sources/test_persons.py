"""What matching is told of the landed rows: which year, whether the person came, and only the rows in force."""

from datetime import datetime, timedelta

import duckdb
import pytest
from deliveries import CONTRACTS, NOW, places

from sources.entities import ENTITIES, LINEAGE
from sources.landed_files import RECORDS
from sources.ledger import DeliveryReport, open_ledger, record_delivery, record_sighting
from sources.persons import rows_of_persons

SOURCE_OF = {}
for name, loaded in CONTRACTS.items():
    SOURCE_OF.setdefault(loaded.contract.entity, name)


class Landed:
    """Rows landed by hand: entity and cells, in one delivery per call."""

    def __init__(self, home):
        self.places, self.number = places(home), 0

    def put(self, entity, *rows, file_name=None):
        self.number += 1
        source, delivery_id = SOURCE_OF[entity], f"{self.number:016x}"
        at = NOW + timedelta(days=self.number)
        columns = LINEAGE | ENTITIES[entity].columns
        path = self.places.landing / entity / f"{source}__{delivery_id}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as con:
            con.execute(f"create table t ({', '.join(f'{name} {type_}' for name, type_ in columns.items())})")
            for number, cells in enumerate(rows, 1):
                line = {
                    "source": source,
                    "delivery_id": delivery_id,
                    "row_number": number,
                    "delivered_at": at.replace(tzinfo=None),
                    **cells,
                }
                con.execute(
                    f"insert into t ({', '.join(line)}) values ({', '.join('?' * len(line))})", list(line.values())
                )
            con.execute(f"copy t to '{path}' (format parquet)")
        report = DeliveryReport(
            source,
            delivery_id,
            delivery_id * 4,
            file_name or f"{self.number}.csv",
            1,
            at,
            "accepted",
            rows_read=len(rows),
            rows_accepted=len(rows),
        )
        with open_ledger(self.places.ledger) as ledger:
            record_delivery(ledger, report, "p", at)
            record_sighting(ledger, source, report.file_name, delivery_id, 1, "s", at)
        return source, delivery_id, at

    def rows(self, *columns):
        table = rows_of_persons(self.places, CONTRACTS)
        return sorted(zip(*(table[column].to_pylist() for column in columns), strict=True), key=str)


@pytest.fixture
def landed(tmp_path):
    return Landed(tmp_path)


def test_a_row_has_the_year_of_its_key_else_programme_instant_or_delivery(landed):
    landed.put(
        "feedback",
        {
            "response_id": "a",
            "person_key_id": "2022-1",
            "programme_id": "HDF-CONF-2023",
            "submitted_at": datetime(2024, 5, 1),
        },
        {"response_id": "b", "programme_id": "HDF-CONF-2023", "submitted_at": datetime(2024, 1, 15)},
        {"response_id": "c", "submitted_at": datetime(2024, 5, 1)},
        {"response_id": "d", "submitted_at": datetime(204, 5, 1)},
        {"response_id": "e"},
    )
    assert landed.rows("row_number", "year") == [(1, 2022), (2, 2023), (3, 2024), (4, 2026), (5, 2026)]


def test_a_programme_over_two_calendar_years_is_one_year_of_persons(landed):
    """Registered in December, come in January, asked in March of the year after: one key, so one person, of the programme's year."""
    event = {"event_id": "A01", "programme_id": "HDF-CONF-2023"}
    landed.put("registration", {**event, "registered_at": datetime(2022, 12, 20)})
    landed.put("attendance", {**event, "joined_at": datetime(2023, 1, 9)})
    landed.put("feedback", {**event, "submitted_at": datetime(2024, 3, 1)})
    assert landed.rows("event_id", "year") == [("A01", 2023)] * 3


def test_two_programmes_in_one_season_keep_their_own_years(landed):
    for programme, instant in (("HDF-CONF-2023", datetime(2024, 1, 15)), ("CVL-CONCERT-2024", datetime(2023, 12, 15))):
        landed.put("registration", {"event_id": programme, "programme_id": programme, "registered_at": instant})
    assert landed.rows("event_id", "year") == [("CVL-CONCERT-2024", 2024), ("HDF-CONF-2023", 2023)]


def test_an_event_is_spelled_as_the_programme_spells_it_unless_two_have_these_letters(landed):
    landed.put("event", *({"event_id": name} for name in ("MESS25-013", "e1A", "e1a")))
    landed.put("event", {"event_id": "MESS25-013"})
    landed.put("attendance", *({"event_id": name} for name in ("mess25-013", "MESS25-013", "E1A", "e1a", "ev-9", None)))
    said = ["MESS25-013", "MESS25-013", "E1A", "e1a", "ev-9", None]
    assert landed.rows("row_number", "event_id") == list(enumerate(said, 1))


def test_who_came_is_who_signed_checked_in_or_is_said_to_have_attended(landed):
    landed.put(
        "registration",
        *(
            {"status": status, "checked_in": here}
            for status, here in (("registered", None), ("attended", None), ("registered", True))
        ),
    )
    landed.put("attendance", {"is_present": None}, {"is_present": False})
    landed.put("feedback", {"submitted_at": datetime(2025, 1, 1)})
    said = {
        "attendance": [(1, True), (2, False)], "feedback": [(1, False)], "registration": [(1, False), (2, True), (3, True)],
    }  # fmt: skip
    assert landed.rows("source", "row_number", "is_present") == sorted(
        (SOURCE_OF[entity], *row) for entity, rows in said.items() for row in rows
    )


def test_only_deliveries_in_force_and_records_as_shown_last_count(landed):
    landed.put("attendance", {"event_id": "A01"}, file_name="same.csv")
    landed.put("attendance", {"event_id": "A02"}, file_name="same.csv")
    source, _, at = landed.put(
        "registration", {"event_id": "A03", "record_key": "r1"}, {"event_id": "A04", "record_key": "r2"}
    )
    assert landed.rows("event_id") == [("A02",), ("A03",), ("A04",)]
    folder = landed.places.landing / RECORDS
    folder.mkdir()
    later = at.replace(tzinfo=None) + timedelta(days=1)
    with duckdb.connect() as con:
        con.execute(
            f"copy (select '{source}' as source, timestamp '{later}' as delivered_at, 'r1' as record_key, true as is_deleted) "
            f"to '{folder}/{source}__x.parquet' (format parquet)"
        )
    assert landed.rows("event_id") == [("A02",), ("A04",)]


def test_nothing_landed_is_no_row(landed):
    assert rows_of_persons(landed.places, CONTRACTS).num_rows == 0
