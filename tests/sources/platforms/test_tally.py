"""Tally: the exported CSV, the sheet published with HTML entities in its headers, the pages of the API."""

from datetime import datetime

import pytest
from shipped import FILES, land


@pytest.mark.parametrize("file", ["export.csv", "gsheet_published_html_entities.csv"])
def test_answers(tmp_path, file):
    landed = land(tmp_path, "tally", f"tally/{file}")
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("response_id") == ["PgYbzQ", "QhZcA1"]
    # 23:25:40 and 07:00:00 in Paris; the API says 22:25:40 UTC of the first
    assert landed.column("submitted_at") == [datetime(2025, 11, 18, 22, 25, 40), datetime(2025, 11, 19, 6)]
    # 9 out of 10
    assert [(row["satisfaction"], row["satisfaction_scale"]) for row in landed.rows] == [(4.5, 10), (None, None)]
    assert landed.column("selections") == [["Salariés", "Étudiants"], ["Autre"]]
    assert landed.column("organisation_text") == ["Coopérative L’Établi", "Mutuelle du Vallon"]
    assert [row["free_text"]["comment"] for row in landed.identities if row["free_text"]] == ["ligne1 ligne2"]
    assert not landed.leaks("ligne1", "ligne2")


def test_the_api(tmp_path):
    landed = land(tmp_path, "tally_api", "tally/api_submissions.json")
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["response_id"], row["submitted_at"]) == ("PgYbzQ", datetime(2025, 11, 18, 22, 25, 40))
    assert (row["is_complete"], row["organisation_text"]) == (True, "Coopérative L’Établi")
    assert row["selections"] == ["Salariés", "Étudiants"]


def test_a_note_out_of_its_scale_is_quarantined(tmp_path):
    content = (FILES / "tally/export.csv").read_text("utf-8").replace('ligne2",9', 'ligne2",12')
    landed = land(tmp_path, "tally", content.encode(), name="a.csv")
    assert landed.counts == (2, 1, 1, 0, 0)
    (refused,) = landed.quarantine
    assert (refused["cell"], refused["rule"]) == ("N2", "note_hors_echelle")
    assert not landed.leaks("ligne1")
