"""Typeform: the CSV, one column per choice, and the pages of the API."""

from datetime import datetime

from shipped import FILES, land

FIRST, SECOND = "odwdp4nzj1xg6m9l36odwdp4nzlv2gcw", "odwdp4nzj1xg6m9l36odwdp4nzlv2gcx"


def test_answers(tmp_path):
    landed = land(tmp_path, "typeform", "typeform/responses.csv")
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("response_id") == [FIRST, SECOND]
    assert landed.column("submitted_at") == [datetime(2025, 11, 18, 16, 41, 38), None]
    assert landed.column("is_complete") == [True, False]
    assert landed.column("recommendation") == [9, None]
    assert landed.column("selections") == [["Salariés", "Étudiants"], ["Autre"]]
    assert landed.column("organisation_text") == ["Coopérative L’Établi", None]
    assert not landed.leaks("retraités")


def test_the_api(tmp_path):
    landed = land(tmp_path, "typeform_api", "typeform/api_responses.json")
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["response_id"], row["submitted_at"]) == (FIRST, datetime(2025, 11, 18, 16, 41, 38))
    assert (row["recommendation"], row["is_complete"]) == (9, True)
    assert (row["selections"], row["organisation_text"]) == (["Salariés", "Étudiants"], "Coopérative L’Établi")


def test_two_questions_that_propose_the_same_choice(tmp_path):
    content = (FILES / "typeform/responses.csv").read_text("utf-8")
    content = content.replace("Acceptez-vous ?", "Salariés").replace(",9,1,", ",9,Salariés,").replace(",,0,", ",,,")
    edits = {"  - Acceptez-vous ?\n": "  - Salariés (2)\n"}
    landed = land(tmp_path, "typeform", content.encode(), name="a.csv", edits=edits)
    assert landed.column("selections") == [["Salariés", "Étudiants"], ["Autre"]]
