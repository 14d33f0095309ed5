"""KoboToolbox: CSV with XML names or labels, the workbook with its repeats, the pages of the API."""

from datetime import datetime

import pytest
from shipped import FILES, land

FORUM = "Mois de l'ESS 2025 – Forum « Entreprendre autrement »"
FIRST, SECOND = (f"9f1c1d3e-0000-4000-8000-00000000000{number}" for number in (1, 2))
# _submission_time is in UTC, without saying so
SUBMITTED = [datetime(2025, 11, 18, 17, 9, 50), datetime(2025, 11, 19, 8, 1, 2)]
SPEAKERS = ("Zoé PETIT", "Yann LE GOFF")


@pytest.mark.parametrize("file", ["export_labels_fr_semicolon.csv", "export_xml_values_semicolon.csv"])
def test_answers(tmp_path, file):
    landed = land(tmp_path, "kobo_satisfaction", f"kobo/{file}")
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("response_id") == [FIRST, SECOND]
    assert landed.column("event_id") == [FORUM, "Atelier"]
    assert landed.column("submitted_at") == SUBMITTED
    assert [(row["satisfaction"], row["satisfaction_scale"]) for row in landed.rows] == [(4, 5), (None, None)]
    # 1, 1, 0; then three blanks, which is no answer
    assert landed.column("selections") == [["Salariés", "Étudiants"], None]
    assert landed.column("siret") == ["99900011000018", "99900016900014"]


def test_zero_in_every_column_is_an_answer_without_a_tick(tmp_path):
    content = (FILES / "kobo/export_xml_values_semicolon.csv").read_text("utf-8")
    content = content.replace('"salaries etudiants";"1";"1";"0"', '"";"0";"0";"0"')
    landed = land(tmp_path, "kobo_satisfaction", content.encode(), name="a.csv")
    assert landed.column("selections") == [[], None]


def test_reports_of_the_workbook(tmp_path):
    landed = land(tmp_path, "kobo_fiche_xlsx", "kobo/export_labels_with_repeat.xlsx")
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.rows[0]["sheet"] == "Fiche de synthèse"
    assert landed.column("report_id") == [FIRST, SECOND]
    assert landed.column("event_id") == [FORUM, "Atelier"]
    assert landed.column("submitted_at") == SUBMITTED
    assert landed.column("audiences") == [["Salariés", "Étudiants"], None]
    assert landed.column("participants_precision") == ["missing", "missing"]
    assert not landed.leaks(*SPEAKERS)


def test_speakers_of_the_workbook(tmp_path):
    landed = land(tmp_path, "kobo_intervenants_xlsx", "kobo/export_labels_with_repeat.xlsx")
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("attendance_id") == [f"{FIRST} / 1", f"{FIRST} / 2"]
    assert landed.column("event_id") == [FIRST, FIRST]
    assert landed.column("organisation_text") == ["Association Les Ressorts", "SCIC Énergies d’Ici"]
    assert landed.column("attendance_role") == ["intervenant", "intervenant"]
    assert landed.column("is_present") == [True, True]
    assert tuple(row["full_name"] for row in landed.identities) == SPEAKERS
    assert not landed.leaks(*SPEAKERS)


def test_reports_of_the_api(tmp_path):
    landed = land(tmp_path, "kobo_api", "kobo/api_v2_data.json")
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["report_id"], row["event_id"], row["submitted_at"]) == (FIRST, FORUM, SUBMITTED[0])
    # « salaries etudiants », in the words of the template
    assert row["audiences"] == ["Salariés", "Étudiants"]
    assert not landed.leaks(*SPEAKERS)


def test_speakers_of_the_api(tmp_path):
    landed = land(tmp_path, "kobo_api_intervenants", "kobo/api_v2_data.json")
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("attendance_id") == [FIRST, f"{FIRST} #2"]
    assert landed.column("event_id") == [FORUM, FORUM]
    assert tuple(row["full_name"] for row in landed.identities) == SPEAKERS
    assert not landed.leaks(*SPEAKERS)
