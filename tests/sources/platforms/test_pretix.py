"""pretix: positions of orders (every CSV, the workbook, the API) as registrations, check-in lists as attendance.

The counts of the real exports were made with Python's csv and json modules, status by status: of the 210 positions 50 are
meals; of the 160 places 29 are cancelled or expired, 28 were scanned with success (as in the check-in log), 8 wait.
"""

import json
from collections import Counter
from datetime import datetime
from decimal import Decimal

import pytest
from shipped import FILES, land

from identity import side_by_side
from sources import judge

PROGRAMME = {"PROGRAMME-A-PRECISER": "ERROL-CONSULT-2025"}
PEOPLE = ("DURAND-LEROY", "Yann", "ÇELIK", "Zoé", "@example.org", "600000001")
REAL_PEOPLE = ("Gwenaëlle", "Œuvrard", "Škoda", "Nguyễn", "exemple.fr", "33320000006")
REAL = {"registered": 95, "cancelled": 29, "attended": 28, "waiting": 8}


@pytest.mark.parametrize(
    ("template", "file"),
    [
        ("pretix", "pretix/positions_fr_semicolon.csv"),
        ("pretix_virgules", "pretix/positions_fr_default_commas_quotenonnumeric.csv"),
    ],
)
def test_positions(tmp_path, template, file):
    """A cancelled position stands in a paid order; « pending (confirmed) » is unpaid with a valid ticket."""
    landed = land(tmp_path, template, file, edits=PROGRAMME)
    assert landed.counts == (4, 4, 0, 0, 0)
    assert landed.column("registration_id") == ["A0B1C-1", "A0B1C-2", "Z9Y8X-1", "Q7R6S-1"]
    assert landed.column("event_id") == ["forum-ess-25"] * 4
    assert landed.column("status") == ["attended", "cancelled", "waiting", "attended"]
    assert landed.column("checked_in") == [True, False, False, True]
    assert landed.column("price") == [Decimal("10"), Decimal("10"), Decimal("1250"), Decimal("0")]
    assert set(landed.column("registered_at")) == {datetime(2025, 10, 2, 7, 14, 22)}
    assert landed.column("organisation_text")[1:3] == ["SCIC Énergies d’Ici", "Fondation Terre & Mer"]
    yann = landed.identities[1]
    assert yann["email"] == "yann.legoff@example.org"
    assert not landed.leaks(*PEOPLE)


def test_a_confirmed_order_nobody_scanned_is_registered(tmp_path):
    content = (
        (FILES / "pretix/positions_fr_semicolon.csv").read_text("utf-8").replace("Entrée principale, Atelier 1", "")
    )
    landed = land(tmp_path, "pretix", content.encode(), name="a.csv", edits=PROGRAMME)
    assert landed.column("status")[3] == "registered"


@pytest.mark.parametrize(
    ("template", "file"),
    [
        ("pretix", "pretix/journee-ess.orderlist.positions.semicolon.csv"),
        ("pretix", "pretix/journee-ess.orderlist.positions.mc-ungrouped.csv"),
        ("pretix_virgules", "pretix/journee-ess.orderlist.positions.default.csv"),
        ("pretix_virgules", "pretix/journee-ess.orderlist.positions.excel.csv"),
        ("pretix_xlsx", "pretix/journee-ess.orderlist.xlsx"),
    ],
)
def test_real_positions(tmp_path, template, file):
    landed = land(tmp_path, template, file, edits=PROGRAMME)
    assert landed.counts == (160, 160, 0, 0, 50)
    assert Counter(landed.column("status")) == REAL
    assert Counter(landed.column("checked_in")) == {True: 28, False: 132}
    rows = {row["registration_id"]: row for row in landed.rows}
    assert "UEK3D-2" not in rows, "a meal"
    assert [rows[f"CLX7L-{n}"]["status"] for n in (1, 2, 3)] == ["attended", "registered", "cancelled"]
    assert rows["CLX7L-1"]["registered_at"] == datetime(2026, 11, 22, 0, 7, 50)
    assert rows["ELGQU-1"]["price"] == Decimal("15")
    assert rows["BPKEC-1"]["commune_text"] == "Saint-Étienne"
    assert not landed.leaks(*REAL_PEOPLE)


def test_a_large_export_is_read_as_a_small_one(tmp_path, monkeypatch):
    """From some number of rows on, SQL reads the usual identifiers and instants, and two threads share the columns."""
    file = "pretix/journee-ess.orderlist.positions.semicolon.csv"
    small = land(tmp_path / "small", "pretix", file, edits=PROGRAMME)
    assert small.report.rows_read < judge.MANY_ROWS
    monkeypatch.setattr(judge, "MANY_ROWS", 0)
    monkeypatch.setattr(side_by_side, "MANY_ROWS", 0)
    large = land(tmp_path / "large", "pretix", file, edits=PROGRAMME)
    apart = {"delivered_at", "person_key", "person_key_id"}  # of another night, and of another vault
    assert [{name: row[name] for name in row.keys() - apart} for row in large.rows] == [
        {name: row[name] for name in row.keys() - apart} for row in small.rows
    ]
    assert large.counts == small.counts and any(row["registered_at"] for row in large.rows)


def test_who_pays_is_not_who_comes(tmp_path):
    landed = land(tmp_path, "pretix", "pretix/journee-ess.orderlist.positions.semicolon.csv", edits=PROGRAMME)
    rows = {row["registration_id"]: row for row in landed.rows}
    second = next(row for row in landed.identities if row["row_number"] == rows["CLX7L-2"]["row_number"])
    assert (second["full_name"], second["email"]) == ("Jean-Marc Škoda", None)
    assert second["other"]["payer_email"] == "p6@exemple.fr"
    assert rows["CLX7L-1"]["person_basis"] == "email" and rows["CLX7L-2"]["person_basis"] == "name"
    assert len({rows[f"CLX7L-{n}"]["person_key"] for n in (1, 2, 3)}) == 3


def test_an_organiser_s_export_holds_several_events(tmp_path):
    """325 positions: 160 places and 50 meals of one event, 115 of the other; 208 paid, 27 of them scanned besides."""
    landed = land(tmp_path, "pretix", "pretix/org.orderlist.positions.semicolon.csv", edits=PROGRAMME)
    assert landed.counts == (275, 275, 0, 0, 50)
    assert Counter(landed.column("event_id")) == {"journee-ess": 160, "webinaires": 115}
    assert Counter(landed.column("status")) == {"registered": 208, "cancelled": 33, "attended": 27, "waiting": 7}


def test_more_orders_change_no_key(tmp_path):
    file = "pretix/positions_fr_semicolon.csv"
    before = land(tmp_path, "pretix", file, edits=PROGRAMME)
    lines = (FILES / file).read_text("utf-8").splitlines()
    new = lines[1].replace("A0B1C", "NEW99")
    more = land(tmp_path, "pretix", "\n".join([lines[0], new, *lines[1:]]).encode(), name="b.csv", edits=PROGRAMME)
    assert more.column("registration_id") == ["NEW99-1", *before.column("registration_id")]


def test_orders_of_the_api(tmp_path):
    landed = land(tmp_path, "pretix_api", "pretix/api_orders_page.json", edits=PROGRAMME)
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["registration_id"], row["event_id"], row["status"]) == ("A0B1C-1", "forum-ess-25", "attended")
    assert row["checked_in_at"] == datetime(2025, 11, 18, 7, 57, 1)
    assert row["registered_at"] == datetime(2025, 10, 2, 7, 14, 22)
    assert row["price"] == Decimal("10")
    assert not landed.leaks(*PEOPLE)


@pytest.mark.parametrize(
    ("page", "places", "meals", "statuses"),
    [
        ("orders.p1", 66, 22, {"registered": 29, "attended": 20, "cancelled": 14, "waiting": 3}),
        ("orders.p2", 66, 20, {"registered": 43, "attended": 8, "cancelled": 11, "waiting": 4}),
        ("orders.p3", 26, 7, {"registered": 23, "cancelled": 2, "waiting": 1}),
        # two places and a meal cancelled inside paid orders
        ("orders.with_canceled_positions", 68, 23, {"registered": 29, "attended": 20, "cancelled": 16, "waiting": 3}),
    ],
)
def test_real_orders_of_the_api(tmp_path, page, places, meals, statuses):
    landed = land(tmp_path, "pretix_api", f"pretix/journee-ess.{page}.json", edits=PROGRAMME)
    assert landed.counts == (places, places, 0, 0, meals)
    assert Counter(landed.column("status")) == statuses
    assert not landed.leaks(*REAL_PEOPLE)


def test_the_api_and_the_export_give_a_place_one_key(tmp_path):
    (tmp_path / "csv").mkdir()
    (tmp_path / "api").mkdir()
    export = land(tmp_path / "csv", "pretix", "pretix/journee-ess.orderlist.positions.semicolon.csv", edits=PROGRAMME)
    page = land(
        tmp_path / "api", "pretix_api", "pretix/journee-ess.orders.with_canceled_positions.json", edits=PROGRAMME
    )
    status = dict(zip(export.column("registration_id"), export.column("status"), strict=True))
    assert {row["registration_id"]: row["status"] for row in page.rows}.items() <= status.items()


def test_orders_that_are_no_registration(tmp_path):
    page = json.loads((FILES / "pretix/api_orders_page.json").read_text("utf-8"))
    (order,) = page["results"]
    place = order["positions"][0] | {"checkins": []}
    late = {"datetime": "2025-11-18T10:00:00Z"}
    orders = [
        order | {"code": "TEST1", "testmode": True, "positions": [place]},
        order | {"code": "MEAL1", "positions": [place | {"item": 3}]},
        order | {"code": "PEND1", "status": "n", "valid_if_pending": True, "positions": [place]},
        order | {"code": "WAIT1", "status": "n", "positions": [place]},
        order | {"code": "TWICE", "positions": [place | {"checkins": [late, *order["positions"][0]["checkins"]]}]},
        order | {"code": "GONE1", "positions": [order["positions"][0] | {"canceled": True}]},
    ]
    landed = land(
        tmp_path, "pretix_api", json.dumps(page | {"results": orders}).encode(), name="a.json", edits=PROGRAMME
    )
    assert landed.counts == (4, 4, 0, 0, 2)
    assert landed.column("status") == ["registered", "waiting", "attended", "cancelled"]
    assert landed.rows[2]["checked_in_at"] == datetime(2025, 11, 18, 7, 57, 1), "the first time"


def test_check_in_list(tmp_path):
    landed = land(tmp_path, "pretix_pointage", "pretix/checkin_list_fr_semicolon.csv", name="EV-1.csv", edits=PROGRAMME)
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("event_id") == ["EV-1"] * 2
    assert landed.column("is_present") == [True, False]
    assert landed.column("joined_at") == [datetime(2025, 11, 18, 7, 57), None]
    assert all("DURAND" not in key for key in landed.column("attendance_id"))
    assert not landed.leaks(*PEOPLE)


@pytest.mark.parametrize(
    ("template", "file"),
    [
        ("pretix_pointage", "pretix/journee-ess.checkinlist.semicolon.csv"),
        ("pretix_pointage_virgules", "pretix/journee-ess.checkinlist.default.csv"),
        ("pretix_pointage_virgules", "pretix/journee-ess.checkinlist.csvexcel.csv"),
        ("pretix_pointage_xlsx", "pretix/journee-ess.checkinlist.xlsx"),
    ],
)
def test_real_check_in_list(tmp_path, template, file):
    """131 places: 28 scanned, as in the log. The list leaves meals and cancelled places out by itself."""
    landed = land(tmp_path, template, file, edits=PROGRAMME)
    assert landed.counts == (131, 131, 0, 0, 0)
    assert Counter(landed.column("is_present")) == {True: 28, False: 103}
    assert len(set(landed.column("attendance_id"))) == 131
    assert not landed.leaks(*REAL_PEOPLE)


def test_one_more_name_changes_no_key_of_a_check_in_list(tmp_path):
    file = "pretix/checkin_list_fr_semicolon.csv"
    before = land(tmp_path, "pretix_pointage", file, name="EV-1.csv", edits=PROGRAMME)
    lines = (FILES / file).read_text("utf-8").splitlines()
    more = "\n".join([lines[0], lines[1].replace("Maëlle", "Aïcha"), *lines[1:]])
    after = land(tmp_path, "pretix_pointage", more.encode(), name="EV-1.csv", edits=PROGRAMME)
    assert after.column("attendance_id")[1:] == before.column("attendance_id")
