"""Billetweb, Weezevent, Yurplan and Livestorm, of which only the APIs are known. One row per place."""

import json
from datetime import datetime
from decimal import Decimal

import pytest
from shipped import FILES, land

PROGRAMME = {"PROGRAMME-A-PRECISER": "ERROL-CONSULT-2025"}
LIVESTORM = PROGRAMME | {"EVENEMENT-A-PRECISER": "EV-2025-12"}
BILLETWEB = "billetweb/api_attendees.json"
WEEZEVENT = "weezevent/api_participant_list_full1.json"
PERSON = "livestorm/api_session_people.PARTIAL.json"
PEOPLE = (
    "DURAND-LEROY",
    "LE GOFF",
    "ÇELIK",
    "Ferreira",
    "PETIT",
    "Zoé",
    "@example.org",
    "0600000000",
    "06 00 00 00 01",
)


def test_billetweb(tmp_path):
    """One came, one is expected, one is cancelled, one has not paid; all four were bought by the first."""
    landed = land(tmp_path, "billetweb_api", BILLETWEB, edits=PROGRAMME)
    assert landed.counts == (4, 4, 0, 0, 0)
    assert landed.column("registration_id") == ["9000000", "9000002", "9000004", "9000005"]
    assert landed.column("status") == ["attended", "registered", "cancelled", "waiting"]
    assert landed.column("checked_in") == [True, False, False, False]
    assert landed.column("checked_in_at") == [datetime(2025, 11, 18, 7, 57, 12), None, None, None]
    assert landed.rows[0]["registered_at"] == datetime(2025, 10, 20, 6, 1, 9)
    assert landed.rows[2]["updated_at"] == datetime(2025, 11, 10, 16, 0)
    assert landed.column("price") == [Decimal("0"), Decimal("0"), Decimal("0"), Decimal("12.50")]
    assert set(landed.column("event_id")) == {"1220831"}
    assert landed.column("siret")[1:3] == ["99900013600013", "99900015100012"]
    assert [row["family_name"] for row in landed.identities][2:] == ["ÇELIK", "Ferreira da Silva"]
    assert {row["other"]["payer_name"] for row in landed.identities} == {"Maëlle DURAND-LEROY"}
    assert len(set(landed.column("person_key"))) == 4
    assert not landed.leaks(*PEOPLE)


def test_a_cancelled_ticket_that_was_used_stays_cancelled(tmp_path):
    attendees = json.loads((FILES / BILLETWEB).read_text("utf-8"))
    attendees[0]["disabled"] = "1"
    landed = land(tmp_path, "billetweb_api", json.dumps(attendees).encode(), name="a.json", edits=PROGRAMME)
    assert landed.column("status")[0] == "cancelled"


def test_weezevent(tmp_path):
    """A deleted participant has no name left: still a row, cancelled, and nobody."""
    landed = land(tmp_path, "weezevent_api", WEEZEVENT, edits=PROGRAMME)
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("registration_id") == ["58000001", "58000002"]
    assert landed.column("event_id") == ["251249"] * 2
    assert landed.column("status") == ["attended", "cancelled"]
    assert landed.column("checked_in_at") == [datetime(2025, 11, 18, 8, 2, 41), None]
    assert landed.column("registered_at") == [datetime(2025, 10, 12, 12, 3, 22)] * 2
    assert landed.column("person_basis") == ["email", "none"]
    assert landed.column("organisation_text") == ["Association Les Ressorts", None]
    (zoe,) = landed.identities
    assert (zoe["email"], zoe["other"]["payer_name"]) == ("zoe.petit@example.org", "Zoé PETIT")
    assert not landed.leaks(*PEOPLE)


@pytest.mark.parametrize(("paid", "status"), [(True, "registered"), (False, "waiting")])
def test_a_weezevent_place_nobody_scanned(tmp_path, paid, status):
    page = json.loads((FILES / WEEZEVENT).read_text("utf-8"))
    page["participants"][1] |= {"deleted": "0", "paid": paid}
    landed = land(tmp_path, "weezevent_api", json.dumps(page).encode(), name="a.json", edits=PROGRAMME)
    assert landed.column("status") == ["attended", status]


def test_yurplan(tmp_path):
    landed = land(tmp_path, "yurplan_api", "yurplan/api_recentlyUpdatedOrders.PARTIAL.json", edits=PROGRAMME)
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["registration_id"], row["event_id"], row["status"]) == ("880001", "77001", "unknown")
    assert row["updated_at"] == datetime(2025, 10, 9, 8, 53, 20)  # 1760000000


def test_a_field_of_yurplan_nobody_has_seen_holds_the_page(tmp_path):
    page = {"results": [{"id": 1, "updated_at": 1760000000, "event": {"id": 2}, "state": "paid"}]}
    landed = land(tmp_path, "yurplan_api", json.dumps(page).encode(), name="a.json", edits=PROGRAMME)
    assert landed.report.outcome == "held" and "« state »" in landed.report.message


def test_livestorm(tmp_path):
    landed = land(tmp_path, "livestorm_api", PERSON, edits=LIVESTORM)
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert row["registration_id"] == "a1b2c3d4-0000-4000-8000-000000000001"
    assert (row["status"], row["event_id"]) == ("attended", "EV-2025-12")
    assert row["registered_at"] == datetime(2025, 11, 1, 12, 26, 40)  # 1762000000
    assert row["organisation_text"] == "SCIC Énergies d’Ici"
    assert landed.identities[0]["email"] == "zoe.petit@example.org"
    assert not landed.leaks(*PEOPLE)


def test_livestorm_absent_and_staff(tmp_path):
    page = json.loads((FILES / PERSON).read_text("utf-8"))
    absent, staff = (json.loads(json.dumps(page["data"][0])) for _ in range(2))
    absent["id"], staff["id"] = "absent", "staff"
    absent["attributes"]["registrant_detail"]["attended"] = False
    staff["attributes"]["role"] = "team_member"
    page["data"] = [absent, staff]
    landed = land(tmp_path, "livestorm_api", json.dumps(page).encode(), name="a.json", edits=LIVESTORM)
    assert landed.counts == (1, 1, 0, 0, 1)
    assert landed.column("status") == ["no_show"]
