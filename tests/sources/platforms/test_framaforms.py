"""Framaforms: every export of one form, read as answers and as reports; values worked out by hand from the files."""

from datetime import datetime

import pytest
from shipped import FILES, land

PEOPLE = ("Penser au micro", "retraités", "192.0.2.1", "192.0.2.2")

TEXTS = [
    "resultats_tsv_separate.tsv",
    "resultats_csv_compact.csv",
    "resultats_header_keys.tsv",
    "resultats_excel_ancien_utf16le_tab.xls",
    "resultats_fr.UNVERIFIED_LABELS.tsv",
]


@pytest.mark.parametrize("file", TEXTS)
def test_answers(tmp_path, file):
    landed = land(tmp_path, "framaforms_satisfaction", f"framaforms/{file}")
    assert landed.counts == (2, 2, 0, 0, 0)
    first, second = landed.rows
    assert (first["row_number"], first["response_id"], first["event_id"]) == (
        4,
        "1000456",
        "Forum « Entreprendre autrement »",
    )
    # 10:12 and 23:59 in Paris, in winter
    assert first["submitted_at"] == datetime(2025, 11, 20, 9, 12)
    assert second["submitted_at"] == datetime(2025, 11, 19, 22, 59)
    # « Satisfait » and « Peu satisfait », in the words of the template
    assert [(row["satisfaction"], row["satisfaction_scale"]) for row in landed.rows] == [(4, 5), (2, 5)]
    # the free text of « Autre » says that something else was answered, and no more
    assert landed.column("selections") == [["Salariés", "Étudiants"], ["Demandeurs d'emploi", "Autre"]]
    assert landed.column("siret") == ["99900011000018", "99900016900014"]
    assert landed.column("is_complete") == [True, True]
    assert [row["free_text"]["comment"] for row in landed.identities if row["free_text"]] == [
        'Très bien, à "refaire" ! Penser au micro.'
    ]
    assert not landed.leaks(*PEOPLE)
    assert landed.leaks("Tiers-lieu La Manivelle"), "the same search finds what does land"


@pytest.mark.parametrize(
    ("template", "file", "submitted"),
    [
        *(("framaforms_fiche", file, datetime(2025, 11, 19, 22, 59)) for file in TEXTS),
        # the sample's workbook has the same time in both rows
        ("framaforms_fiche_xlsx", "resultats_xlsx.xlsx", datetime(2025, 11, 20, 9, 12)),
    ],
)
def test_reports(tmp_path, template, file, submitted):
    landed = land(tmp_path, template, f"framaforms/{file}")
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("report_id") == ["1000456", "1000123"]
    assert landed.column("submitted_at") == [datetime(2025, 11, 20, 9, 12), submitted]
    # « 120 », and « une trentaine », which is 30 give or take a fifth
    columns = ("participants", "participants_lower", "participants_upper", "participants_precision")
    assert [tuple(row[name] for name in columns) for row in landed.rows] == [
        (120, 120, 120, "exact"),
        (30, 24, 36, "approximate"),
    ]
    assert landed.column("audiences") == [["Salariés", "Étudiants"], ["Demandeurs d'emploi", "Autre"]]
    assert not landed.leaks(*PEOPLE)


def draft(number: str) -> bytes:
    """The sample with its last answer left as a draft, under another SID."""
    text = (FILES / "framaforms/resultats_tsv_separate.tsv").read_text("utf-8")
    old = '"1"\t"1000123"\t"19/11/2025 - 23:59"\t"19/11/2025 - 23:59"\t"19/11/2025 - 23:59"\t"0"'
    assert text.count(old) == 1
    return text.replace(old, f'"1"\t"{number}"\t"19/11/2025 - 23:59"\t""\t"19/11/2025 - 23:59"\t"1"').encode()


def test_a_draft_is_an_incomplete_answer_and_no_report(tmp_path):
    landed = land(tmp_path, "framaforms_satisfaction", draft("1000123"), name="a.tsv")
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("is_complete") == [True, False]
    landed = land(tmp_path, "framaforms_fiche", draft("1000123"), name="a.tsv")
    assert landed.counts == (1, 1, 0, 0, 1)
    assert landed.column("report_id") == ["1000456"]


def test_a_question_added_to_the_form_holds_the_delivery(tmp_path):
    content = (FILES / "framaforms/resultats_tsv_separate.tsv").read_text("utf-8")
    content = content.replace('"N° SIRET"', '"Numéro RNA"')
    landed = land(tmp_path, "framaforms_satisfaction", content.encode(), name="a.tsv")
    assert (landed.report.outcome, landed.rows) == ("held", [])
    assert "« Numéro RNA »" in landed.report.message
