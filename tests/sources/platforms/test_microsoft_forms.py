"""Microsoft Forms: the workbook of a form, and that of a quiz, whose header is in row 2."""

from datetime import datetime

from shipped import land


def test_answers(tmp_path):
    landed = land(tmp_path, "microsoft_forms", "msforms/reponses_fr.xlsx")
    assert landed.counts == (2, 2, 0, 0, 0)
    # number 2 was deleted
    assert landed.column("response_id") == ["1", "3"]
    assert landed.column("submitted_at") == [datetime(2025, 11, 18, 17, 9, 45), datetime(2025, 11, 19, 8, 1)]
    assert landed.column("satisfaction") == [5, None]
    # « Salariés;Étudiants; », then « Autre ; précisé; », of which the second part was typed
    assert landed.column("selections") == [["Salariés", "Étudiants"], ["Autre"]]
    # « Structure : » has a no-break space
    assert landed.column("organisation_text") == ["Coopérative L’Établi", "SCIC Énergies d’Ici"]
    # « anonymous » is nobody
    assert landed.column("person_basis") == ["none", "email"]
    assert [(row["email"], row["full_name"]) for row in landed.identities] == [
        ("yann.legoff@example.org", "LE GOFF Yann")
    ]
    assert [note.rule for note in landed.report.notes] == []
    assert not landed.leaks("yann.legoff@example.org", "LE GOFF", "précisé")


def test_a_quiz(tmp_path):
    landed = land(tmp_path, "microsoft_forms_quiz", "msforms/quiz_fr_header_on_row2.xlsx")
    assert landed.counts == (1, 1, 0, 0, 0)
    (row,) = landed.rows
    assert (row["row_number"], row["response_id"], row["submitted_at"]) == (3, "1", datetime(2025, 11, 18, 17, 9))
    assert (row["organisation_text"], row["satisfaction"]) == ("Association Les Ressorts", None)
    assert (row["person_basis"], landed.identities) == ("none", [])
