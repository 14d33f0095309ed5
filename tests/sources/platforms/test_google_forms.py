"""Google Forms: the downloaded CSV, the CSV and the workbook of the linked sheet; two questions have the same title."""

from datetime import datetime

import pytest
from shipped import FILES, land

PEOPLE = ("maelle.durand-leroy@example.org", "awa.ndiaye@example.org", "le son", "Super !", "radio")
EXPORTS = [
    ("google_forms", "forms_download_zip_fr.csv", datetime(2025, 11, 18, 17, 4, 12)),
    ("google_forms_feuille", "sheets_export_fr.csv", datetime(2025, 11, 18, 17, 4, 12)),
    # the cell of the workbook holds 345 milliseconds more, below the second that is shown
    ("google_forms_xlsx", "sheets_export_fr.xlsx", datetime(2025, 11, 18, 17, 4, 12)),
]


@pytest.mark.parametrize(("template", "file", "submitted"), EXPORTS)
def test_answers(tmp_path, template, file, submitted):
    landed = land(tmp_path, template, f"googleforms/{file}")
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("submitted_at") == [submitted, datetime(2025, 11, 19, 8, 5, 1)]
    # the first « Votre note sur 5 » is read, 5; the second, 4, is another question
    assert landed.column("satisfaction") == [5, None]
    # « Autre, à préciser : radio » is free text whatever separates the answers
    assert landed.column("selections") == [["Financer son projet", "Gouvernance partagée"], ["Autre"]]
    assert landed.column("organisation_text") == ["Coopérative L’Établi", None]
    assert [row["email"] for row in landed.identities] == list(PEOPLE[:2])
    assert [row["free_text"]["comment"] for row in landed.identities] == ["Super !", 'A "améliorer", le son']
    assert not landed.leaks(*PEOPLE)


@pytest.mark.parametrize("template", ["google_forms", "google_forms_feuille"])
def test_answers_keep_their_key_when_the_form_goes_on(tmp_path, template):
    file = next(file for name, file, _ in EXPORTS if name == template)
    before = land(tmp_path, template, f"googleforms/{file}", name="reponses.csv")
    more = (FILES / "googleforms" / file).read_bytes().rstrip(b"\n")
    more += b"\n2025/11/20 10:00:00,nadia@example.org,,3,,,,,\n"
    after = land(tmp_path, template, more, name="reponses.csv")
    assert after.counts == (3, 3, 0, 0, 0)
    assert after.column("response_id")[:2] == before.column("response_id")
    assert len(set(after.column("response_id"))) == 3


def test_two_answers_of_one_person_at_one_second_are_told_apart(tmp_path):
    lines = (FILES / "googleforms/sheets_export_fr.csv").read_text("utf-8").rstrip("\n")
    content = lines + "\n19/11/2025 09:05:01,awa.ndiaye@example.org,,2,,,,,\n"
    landed = land(tmp_path, "google_forms_feuille", content.encode(), name="a.csv")
    assert landed.counts == (3, 3, 0, 0, 0)
    assert landed.column("satisfaction") == [5, None, 2]


def test_an_option_that_nobody_declared_is_not_kept(tmp_path):
    content = (FILES / "googleforms/sheets_export_fr.csv").read_text("utf-8")
    content = content.replace("Gouvernance partagée", "Appelez Maëlle")
    landed = land(tmp_path, "google_forms_feuille", content.encode(), name="a.csv")
    assert landed.column("selections") == [["Financer son projet", "Autre"], ["Autre"]]
    assert not landed.leaks("Appelez Maëlle")
