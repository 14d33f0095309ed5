"""LimeSurvey: the exports of one real survey (61 answers, 9 never submitted), and the synthetic ones of another.

Counts of the real exports were made with Python's csv and json modules, which do not read them in the product.
"""

import re
from datetime import datetime

import pytest
from shipped import FILES, land

EXPORTS = [
    ("limesurvey", "responses.code.short.csv"),
    ("limesurvey", "responses.full.long.csv"),
    ("limesurvey_xls", "responses.full.long.xls"),
    ("limesurvey_api", "responses.code.short.json"),
]
ASKED = ["Financement & mécénat", "Autre"]


@pytest.mark.parametrize(("template", "file"), EXPORTS)
def test_the_real_survey_in_each_of_its_exports(tmp_path, template, file):
    landed = land(tmp_path, template, f"limesurvey/{file}")
    assert landed.counts == (61, 61, 0, 0, 0)
    assert landed.column("response_id") == [str(number) for number in range(1, 62)]
    assert (landed.column("is_complete").count(True), landed.column("is_complete").count(False)) == (52, 9)
    notes = landed.column("satisfaction")
    assert [notes.count(note) for note in (5, 3, 1, None)] == [19, 15, 11, 16]
    first, third = landed.rows[0], landed.rows[2]
    # never submitted, and Financement and « Logement » ticked, in 2026 winter time
    assert (first["submitted_at"], first["selections"], first["participant_category"]) == (None, ASKED, "Bénévole")
    assert (third["submitted_at"], third["selections"]) == (datetime(2026, 11, 2, 9, 1, 7), ["Numérique"])
    assert (third["commune_text"], third["participant_category"]) == ("SAINT-ÉTIENNE", "Autre")
    # the workbook has lost this organisation, « =2+3 asso », and says which cells
    assert third["organisation_text"] == (None if template == "limesurvey_xls" else "=2+3 asso")
    assert ("formule_sans_valeur" in [note.rule for note in landed.report.notes]) == (template == "limesurvey_xls")
    comments = [row["free_text"]["comment"] for row in landed.identities if row["free_text"]]
    assert comments == ['Très bien ! À refaire "vite" ; merci'] * 13
    assert not landed.leaks("À refaire", "Logement", "Stagiaire")


def test_no_answer_ticked_is_not_a_question_never_shown_where_the_export_tells(tmp_path):
    """Answer 5 saw the question and ticked nothing: "" everywhere in JSON, « Non » in the long CSV, nothing in the short one."""
    fifth = {file: land(tmp_path, template, f"limesurvey/{file}").rows[4]["selections"] for template, file in EXPORTS}
    assert fifth == {
        "responses.code.short.csv": None,
        "responses.full.long.csv": [],
        "responses.full.long.xls": [],
        "responses.code.short.json": [],
    }


def test_an_anonymous_answer_has_no_instant_rather_than_one_of_1980(tmp_path):
    """LimeSurvey writes 1 January 1980 for those it keeps no instant of: a row so old would be erased by its retention at once."""
    text = (FILES / "limesurvey/responses.full.long.csv").read_text("utf-8-sig")
    content = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "1980-01-01 00:00:00", text)
    landed = land(tmp_path, "limesurvey", content.encode(), name="reponses.csv")
    assert landed.counts == (61, 61, 0, 0, 0) and set(landed.column("submitted_at")) == {None}
    assert landed.column("is_complete").count(True) == 52


# what the template becomes for the synthetic survey
ANOTHER_FORM = """\
source: autre_formulaire
title: Bilan des structures
entity: feedback
files: {shape: delimited}
fields:
  response_id: {headers: [id, Response ID], required: true}
  submitted_at: {headers: [submitdate, Date submitted]}
  complete:
    constant: "non"
    rules:
      - {header: submitdate, filled: true, gives: "oui"}
      - {header: Date submitted, filled: true, gives: "oui"}
  organisation: {headers: [G1Q1, "Quel est le nom de votre structure ?"], privacy: indirect}
  siret: {headers: [G1SIRET, "N° SIRET"], privacy: indirect}
  selections:
    ticked:
      Affiches: ["G2Q1[SQ001]", "Comment avez-vous communiqué ? [Affiches]"]
      Réseaux sociaux: ["G2Q1[SQ002]", "Comment avez-vous communiqué ? [Réseaux sociaux]"]
      Autre: ["G2Q1[other]", "Comment avez-vous communiqué ? [Other]"]
  satisfaction:
    headers: ["G2NOTE[2]", "Votre satisfaction [Contenu]"]
    words: {"5": [A1, Très satisfait], "2": [A3, Peu satisfait]}
  comment: {headers: [G4TXT, Commentaires], privacy: direct}
ignore: [lastpage, startlanguage, seed, startdate, datestamp, Last page, Start language, Date started, Date last action,
  "G2NOTE[1]", "Votre satisfaction [Organisation]", G3DATE, "Date de l'événement", G3MONTANT, Budget (€)]
"""


@pytest.mark.parametrize(
    ("file", "files"),
    [
        ("results-survey123456_code_short_semicolon.csv", "{shape: delimited}"),
        ("results-survey123456_full_long_comma.csv", "{shape: delimited}"),
        ("rc2_export_responses_decoded.json", "{shape: json, records: responses}"),
    ],
)
def test_another_form_has_a_contract_like_the_template(tmp_path, file, files):
    text = ANOTHER_FORM.replace("{shape: delimited}", files)
    landed = land(tmp_path, "autre_formulaire", f"limesurvey/{file}", text=text)
    assert landed.counts == (2, 2, 0, 0, 0)
    first, second = landed.rows
    assert (first["response_id"], first["submitted_at"]) == ("1", datetime(2025, 11, 19, 9, 12, 31))
    assert (first["organisation_text"], first["siret"]) == ("Coopérative L’Établi", "99900011000018")
    # « A3 » and « Peu satisfait »; posters ticked, the press as « other »
    assert (first["satisfaction"], first["selections"]) == (2, ["Affiches", "Autre"])
    # left on the first page: the questions that follow were never shown, « N/A » in the long export
    columns = ("is_complete", "submitted_at", "organisation_text", "satisfaction", "selections", "siret_state")
    assert [second[name] for name in columns] == [False, None, None, None, None, "missing"]
    assert len([row for row in landed.identities if row["free_text"]]) == 1
    assert not landed.leaks("Presse locale", "SOMME(A1)", 'Ligne "2"')


def test_an_empty_survey_exports_one_blank_record(tmp_path):
    header = (FILES / "limesurvey/responses.code.short.csv").read_bytes().split(b"\r\n")[0]
    blank = b";".join([b'""'] * 29)
    landed = land(tmp_path, "limesurvey", header + b"\r\n" + blank + b"\r\n\r\n", name="vide.csv")
    assert (landed.report.outcome, landed.counts) == ("accepted", (0, 0, 0, 0, 0))
