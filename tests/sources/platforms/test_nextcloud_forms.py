"""Nextcloud Forms: reports, one of which is anonymous and one of which is an attempt to run a formula."""

from datetime import datetime

from shipped import FILES, land

FILE = "nextcloud_forms/Fiche de synthèse (réponses).csv"


def test_reports(tmp_path):
    landed = land(tmp_path, "nextcloud_forms", FILE)
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("event_id") == ["Coopérative L’Établi", "'=cmd|calc"]
    assert landed.column("submitted_at") == [datetime(2025, 11, 18, 17, 9, 45), datetime(2025, 11, 19, 8, 1)]
    assert landed.column("audiences") == [["Salariés", "Étudiants"], None]
    assert landed.column("person_basis") == ["none", "name"]
    assert [row["full_name"] for row in landed.identities] == ["Yann LE GOFF"]
    assert not landed.leaks("LE GOFF", "ylegoff")


def test_reports_keep_their_key_when_others_arrive(tmp_path):
    before = land(tmp_path, "nextcloud_forms", FILE)
    header, *lines = (FILES / FILE).read_text("utf-8-sig").rstrip().splitlines()
    newest = '"","Anonymous user","2025-11-20T18:09:45+01:00","Mutuelle du Vallon","Autre chose","4"'
    same_second = '"","Anonymous user","2025-11-19T09:01:00+01:00","Tiers-lieu","",""'
    content = "\n".join([header, newest, *lines, same_second])
    after = land(tmp_path, "nextcloud_forms", content.encode(), name="a.csv")
    assert after.counts == (4, 4, 0, 0, 0)
    assert after.column("report_id")[1:3] == before.column("report_id")
    assert len(set(after.column("report_id"))) == 4
    assert after.column("audiences")[0] == ["Autre"]
