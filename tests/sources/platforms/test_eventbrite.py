"""Eventbrite: the attendee report, and the API. One row per ticket; months come first."""

import json
from datetime import datetime
from decimal import Decimal

import pytest
from shipped import FILES, land

EDITS = {"EVENEMENT-A-PRECISER": "EV-2025-12", "PROGRAMME-A-PRECISER": "ERROL-CONSULT-2025"}
API = {"PROGRAMME-A-PRECISER": "ERROL-CONSULT-2025"}
CSV = "eventbrite/attendee_report_en_2025.csv"
PAGE = "eventbrite/api_event_attendees_page1.json"
PEOPLE = ("DURAND-LEROY", "LE GOFF", "Derya", "ÇELIK", "@example.org")


def test_attendee_report(tmp_path):
    landed = land(tmp_path, "eventbrite", CSV, edits=EDITS)
    assert landed.counts == (4, 4, 0, 0, 0)
    assert landed.column("registration_id") == ["19441583423", "19441583424", "19441700883", "19441700999"]
    assert landed.column("order_id")[:2] == ["11911912243"] * 2
    assert landed.column("status") == ["registered", "attended", "cancelled", "cancelled"]
    assert landed.column("checked_in") == [False, True, False, False]
    assert landed.column("registered_at")[1:3] == [datetime(2025, 10, 29, 21, 28), datetime(2025, 11, 3, 7, 5)]
    assert landed.column("price") == [Decimal("0"), Decimal("0"), Decimal("18.50"), Decimal("0")]
    assert landed.rows[2]["organisation_text"] == 'Mutuelle, coopérative "Vallon"'
    assert not landed.leaks(*PEOPLE)


def test_numbers_that_a_spreadsheet_shortened_are_refused_rather_than_taken_for_one_place(tmp_path):
    """Saved by Excel, two places of one order have the number 1,94416E+10, and everything else alike."""
    first, second, *others = (FILES / CSV).read_text("utf-8-sig").splitlines()
    twins = [second.replace("19441583423", '"1,94416E+10"')] * 2
    landed = land(tmp_path, "eventbrite", "\n".join([first, *twins, *others]).encode(), edits=EDITS, name="EV.csv")
    assert landed.counts == (5, 3, 2, 0, 0)
    assert {(row["cell"], row["rule"]) for row in landed.quarantine} == {
        ("I2", "numero_abrege"),
        ("I3", "numero_abrege"),
    }
    assert "« Attendee # »" in landed.quarantine[0]["message"]


def test_a_place_whose_holder_is_not_named_yet_is_nobody(tmp_path):
    landed = land(tmp_path, "eventbrite", CSV, edits=EDITS)
    assert landed.column("person_basis") == ["email", "email", "email", "none"]
    assert [row["row_number"] for row in landed.identities] == [2, 3, 4]
    assert landed.report.notes == (), "« Info Requested » is not an address that could not be read"


def test_more_attendees_change_no_key(tmp_path):
    before = land(tmp_path, "eventbrite", CSV, edits=EDITS)
    lines = (FILES / CSV).read_text("utf-8-sig").splitlines()
    new = lines[1].replace("19441583423", "19441799999")
    more = land(tmp_path, "eventbrite", "\n".join([lines[0], new, *lines[1:]]).encode(), name="b.csv", edits=EDITS)
    assert more.column("registration_id")[1:] == before.column("registration_id")
    assert more.column("person_key")[1:] == before.column("person_key")


def test_attendees_of_the_api(tmp_path):
    landed = land(tmp_path, "eventbrite_api", PAGE, edits=API)
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["registration_id"], row["order_id"], row["event_id"]) == ("19441583423", "11911912243", "151214834641")
    assert (row["status"], row["checked_in"], row["price"]) == ("attended", True, Decimal("0"))
    assert row["registered_at"] == datetime(2025, 10, 29, 21, 28, 11)
    assert row["updated_at"] == datetime(2025, 11, 4, 8, 31, 2)
    assert landed.identities[0]["email"] == "maelle.durand-leroy@example.org"
    assert not landed.leaks(*PEOPLE)


@pytest.mark.parametrize(
    ("flags", "word", "status"),
    [
        ({"refunded": True, "cancelled": True, "checked_in": True}, "Checked In", "refunded"),
        ({"cancelled": True, "checked_in": True}, "Checked In", "cancelled"),
        ({}, "Attending", "registered"),
        ({}, "Unpaid", "waiting"),
        ({}, "Deleted", "cancelled"),
        ({}, "Transferred", "unknown"),
    ],
)
def test_the_first_flag_that_holds_says_the_status(tmp_path, flags, word, status):
    page = json.loads((FILES / PAGE).read_text("utf-8"))
    attendee = page["attendees"][0]
    attendee |= {"refunded": False, "cancelled": False, "checked_in": False, "status": word} | flags
    landed = land(tmp_path, "eventbrite_api", json.dumps(page).encode(), name="a.json", edits=API)
    assert landed.column("status") == [status]
