"""Events: OpenAgenda, the candidatures of Démarche numérique, and a programme kept in a workbook."""

import json
from datetime import date, time

import openpyxl
import pytest
from shipped import FILES, land

PROGRAMME = {"PROGRAMME-A-PRECISER": "ERROL-CONSULT-2025"}
PAGE = "openagenda/v2_events_page1.json"
CSV = "demarche_numerique/dossiers_candidature-mois-ess_2025-10-06_09-30.csv"
API = "demarche_numerique/graphql_getDemarche_page1.json"
WORKBOOK = "tableurs/programme_mois_ess_2025.xlsx"
EMAILS = ("maelle.durand-leroy@example.org", "derya.celik", "supprime@example.org", "inst1@example.org", "zoe.petit")


def test_openagenda(tmp_path):
    """An event in Ajaccio over two days, and one online that was cancelled."""
    landed = land(tmp_path, "openagenda_api", PAGE, edits=PROGRAMME)
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("event_id") == ["91000001", "91000002"]
    assert landed.column("event_status") == ["announced", "cancelled"]
    assert landed.column("title") == ["Forum « Entreprendre autrement »", "Atelier annulé"]
    forum, workshop = landed.rows
    assert (forum["starts_on"], forum["ends_on"], forum["date_precision"]) == (
        date(2025, 11, 18),
        date(2025, 11, 19),
        "day",
    )
    assert (forum["commune_code"], forum["venue"], forum["modality"]) == ("2A004", "La Manivelle", "in_person")
    assert (workshop["place_status"], workshop["modality"]) == ("online", "online")
    assert not landed.leaks("contact@example.org", "04 00 00 00 00")


def test_openagenda_next_page_and_one_day(tmp_path):
    page = json.loads((FILES / "openagenda/v2_events_page2_last.json").read_text("utf-8"))
    page["events"][0]["timings"].pop()
    page["events"].append(page["events"][0])  # the same event, found in a second agenda
    page["events"][1] = page["events"][1] | {"originAgenda": {"uid": 60000002, "title": "Un autre agenda"}}
    landed = land(tmp_path, "openagenda_api", json.dumps(page).encode(), name="a.json", edits=PROGRAMME)
    assert landed.counts == (2, 1, 0, 1, 0)
    (row,) = landed.rows
    assert (row["event_id"], row["event_status"]) == ("91000003", "postponed")
    assert (row["starts_on"], row["ends_on"]) == (date(2025, 11, 18), date(2025, 11, 18))
    assert (row["start_time"], row["end_time"]) == (time(9), time(17, 30))


def test_openagenda_online_events_only(tmp_path):
    page = json.loads((FILES / PAGE).read_text("utf-8"))
    page["events"] = page["events"][1:]
    landed = land(tmp_path, "openagenda_api", json.dumps(page).encode(), name="a.json", edits=PROGRAMME)
    assert landed.column("place_status") == ["online"]


@pytest.mark.parametrize(
    ("template", "file"), [("demarche_numerique", CSV), ("demarche_numerique_xlsx", CSV.replace(".csv", ".xlsx"))]
)
def test_candidatures(tmp_path, template, file):
    """One accepted, one being written, one closed (a double)."""
    landed = land(tmp_path, template, file, edits=PROGRAMME)
    assert landed.counts == (3, 3, 0, 0, 0)
    assert landed.column("event_id") == ["19000001", "19000002", "19000003"]
    assert landed.column("event_status") == ["announced", "announced", "unknown"]
    assert landed.column("counts_in_programme") == [True, False, False]
    assert landed.column("starts_on") == [date(2025, 11, 18), date(2025, 11, 12), date(2025, 11, 18)]
    assert landed.column("commune_code") == ["2A004", "35238", None]
    assert landed.column("organiser_text") == ["COOPÉRATIVE L’ÉTABLI", "SCIC DE LA MANIVELLE", None]
    # « 0 » is what a blank number becomes: nothing is read of it
    assert landed.column("participants_precision") == ["missing"] * 3
    assert not landed.leaks(*EMAILS)


def test_a_state_nobody_knows_is_refused_with_the_words_that_are(tmp_path):
    content = (FILES / CSV).read_text("utf-8").replace("Classé sans suite", "Abandonné")
    landed = land(tmp_path, "demarche_numerique", content.encode(), name="a.csv", edits=PROGRAMME)
    assert landed.counts == (3, 2, 1, 0, 0)
    assert {(row["cell"], row["rule"]) for row in landed.quarantine} == {("AJ4", "mot_inconnu")}
    assert "« Accepté »" in landed.quarantine[0]["message"]


def test_candidatures_of_individuals(tmp_path):
    file = "demarche_numerique/dossiers_procedure_particuliers.csv"
    landed = land(tmp_path, "demarche_numerique_particuliers", file, edits=PROGRAMME)
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["event_id"], row["event_status"], row["counts_in_programme"]) == ("19000050", "unknown", False)
    assert row["starts_on"] == date(2025, 11, 12)
    assert not landed.leaks("PETIT", "Zoé", "zoe.petit")


def test_candidatures_of_the_api(tmp_path):
    landed = land(tmp_path, "demarche_numerique_api", API, edits=PROGRAMME)
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["event_id"], row["event_status"], row["counts_in_programme"]) == ("19000001", "announced", True)
    assert (row["title"], row["starts_on"]) == ("Forum « Entreprendre autrement »", date(2025, 11, 18))
    assert (row["commune_code"], row["organiser_text"]) == ("2A004", "Coopérative L’Établi")
    assert not landed.leaks(*EMAILS)


def test_an_error_of_the_api_is_refused_with_its_own_words(tmp_path):
    landed = land(tmp_path, "demarche_numerique_api", "demarche_numerique/graphql_error_http200.json", edits=PROGRAMME)
    assert landed.report.outcome == "refused" and "Demarche not found" in landed.report.message


def test_organisations_of_the_candidatures(tmp_path):
    """The third file has no name of organisation: refused, not lost."""
    landed = land(tmp_path, "demarche_numerique_organisations", CSV)
    assert landed.counts == (3, 2, 1, 0, 0)
    first, second = landed.rows
    assert (first["siret"], first["siren"], first["legal_category"]) == ("99900011000018", "999000110", "9220")
    assert (first["activity_code"], first["headcount_band"], first["postcode"]) == ("9499Z", "11", "20000")
    assert (second["organisation_name"], second["siret"]) == ("SCIC DE LA MANIVELLE", "99900016900014")
    ((cell, rule),) = [(row["cell"], row["rule"]) for row in landed.quarantine]
    assert (cell, rule) == ("V4", "valeur_manquante")
    assert [row["email"] for row in landed.identities] == [
        "maelle.durand-leroy@example.org",
        "derya.celik@example.org",
    ]
    assert not landed.leaks(*EMAILS)


def test_programme_workbook(tmp_path):
    """Six events: one has a cross for a number, one says « idem » everywhere; below stand a total and a footnote."""
    landed = land(tmp_path, "programme", WORKBOOK, edits=PROGRAMME | {"A-PRECISER-{}": "MESS25-{}"})
    assert landed.counts == (6, 4, 2, 0, 2)
    assert landed.column("event_id") == ["MESS25-1", "MESS25-3", "MESS25-4", "MESS25-5"]
    assert landed.column("event_status") == ["held", "announced", "held", "held"]
    assert landed.column("participants") == [98, None, 9, 1034]
    assert landed.column("starts_on") == [date(2025, 11, day) for day in (18, 4, 27, 20)]
    assert landed.rows[3]["ends_on"] == date(2025, 11, 22)
    assert landed.column("commune_code") == ["2A004", "02408", "2B033", "97411"]
    assert landed.column("organiser_text")[0] == "Coopérative L’Établi"
    assert [(row["cell"], row["rule"]) for row in landed.quarantine] == [
        ("K7", "compte_incompris"),
        ("I11", "departement_inconnu"),
    ]
    assert not landed.leaks("612345678", "06 00 00 00 01", "04.00.00.00.00")


def test_a_cancelled_event_of_a_programme(tmp_path):
    """The line « 4bis », once its « idem » are written out."""
    book = openpyxl.load_workbook(FILES / WORKBOOK)
    for cell, text in {"E11": "Association Les Ressorts", "H11": "BASTIA", "I11": "2b", "K7": None}.items():
        book.active[cell] = text
    book.save(tmp_path / "corrige.xlsx")
    landed = land(tmp_path, "programme", (tmp_path / "corrige.xlsx").read_bytes(), name="p.xlsx", edits=PROGRAMME)
    assert landed.counts == (6, 6, 0, 0, 2)
    again = next(row for row in landed.rows if row["event_id"] == "A-PRECISER-4bis")
    assert (again["event_status"], again["participants_precision"]) == ("cancelled", "missing")
