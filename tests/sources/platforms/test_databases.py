"""Airtable, Baserow, NocoDB: the pages of their APIs."""

from datetime import date, datetime

from shipped import land

FORUM = "Mois de l'ESS 2025 – Forum « Entreprendre autrement »"


def test_airtable(tmp_path):
    landed = land(tmp_path, "airtable", "airtable/list_records_page1.json")
    assert landed.counts == (2, 1, 1, 0, 0)
    (row,) = landed.rows
    assert (row["registration_id"], row["event_id"]) == ("recAAAAAAAAAAAAA1", FORUM)
    assert (row["registered_at"], row["status"]) == (datetime(2025, 11, 18, 17), "registered")
    # a linked record is its identifier
    assert row["organisation_text"] == "recBBBBBBBBBBBBB1"
    # the second record has no field at all
    assert [(each["row_number"], each["field"], each["rule"]) for each in landed.quarantine] == [
        (3, "event", "valeur_manquante")
    ]


def test_baserow(tmp_path):
    landed = land(tmp_path, "baserow", "baserow/rows_page1.json")
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["event_id"], row["title"], row["starts_on"]) == ("BASEROW-1", FORUM, date(2025, 11, 18))
    assert (row["organiser_labels"], row["event_status"]) == (["Mutuelle du Vallon"], "announced")


def test_nocodb(tmp_path):
    landed = land(tmp_path, "nocodb", "nocodb/records_page1.json")
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["event_id"], row["title"], row["event_status"]) == ("NOCODB-1", FORUM, "announced")
    assert (row["starts_on"], row["date_precision"]) == (None, "missing")
