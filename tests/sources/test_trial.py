"""What a file would give, before anything lands: the same as landing it, said per column and per row, and nothing written."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from deliveries import CONTRACTS, contract, land, programme
from typer.testing import CliRunner

from orchestration import command
from orchestration.trial_report import spans
from sources.contract import load_contract
from sources.headers import Unbound
from sources.inbox import RETURN_SHEET
from sources.readers import Unreadable
from sources.trial import Trial, try_contracts, try_file

FILES = Path(__file__).with_name("platforms") / "files"
ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "sources" / "templates"
TODAY = datetime(2026, 11, 22, 4, tzinfo=UTC)


SIGNED = """\
source: essai
title: Un essai
entity: attendance
files: {pattern: "*.csv", shape: delimited, delimiter: ";"}
layout: {totals: [TOTAL]}
fields:
  attendance_id: {compose: [Nom, Arrivée], sealed: true, required: true}
  event: {constant: E1}
  present: {headers: [Présent], words: {"true": [oui], "false": [non]}}
  joined_at: {headers: [Arrivée], order: dmy}
  full_name: {headers: [Nom], privacy: direct}
ignore: [Remarque]
"""
LINES = """\
Nom;Présent;Arrivée;Remarque
Jeanne Canari;oui;12/11/2025 09:00;
Paul Merle;Paul Canari;12/11/2025 09:01;bavard
Jeanne Canari;oui;12/11/2025 09:00;
Awa Pinson;non;hier Canari;
TOTAL;3;;
"""


def tried(tmp_path: Path, text: str = SIGNED, lines: str = LINES) -> Trial:
    path = tmp_path / "liste.csv"
    path.write_text(lines, encoding="utf-8")
    return try_file(contract(tmp_path, text), path, file_name="liste.csv", today=TODAY)


def test_each_row_is_accepted_quarantined_duplicate_or_structure(tmp_path):
    trial = tried(tmp_path)
    judged = trial.judged
    assert (judged.rows_read, judged.rows_accepted, judged.rows_quarantined, judged.rows_duplicate) == (4, 1, 2, 1)
    assert (trial.accepted, trial.duplicates, trial.structure) == ((2,), (4,), ((6, "total"),))
    assert [(cell.row_number, cell.cell, cell.field, cell.rule) for cell in trial.refused] == [
        (3, "B3", "present", "mot_inconnu"),
        (5, "C5", "joined_at", "instant_incompris"),
    ]
    assert not trial.whole


def test_each_column_says_what_it_feeds_and_how_much_of_it_is_read(tmp_path):
    name, present, joined, remark = tried(tmp_path).columns
    assert (name.cell, name.use, name.fields) == (
        "A",
        "lue",
        (("full_name", "personal"), ("attendance_id", "identifier")),
    )
    assert name.personal and name.form is None and (name.filled, name.parsed) == (4, 4)
    assert (present.filled, present.parsed, present.refused) == (4, 3, {"mot_inconnu": 1})
    assert (joined.filled, joined.parsed, joined.refused) == (4, 3, {"instant_incompris": 1})
    assert joined.form is None, "it is part of the key too, which has no form to show"
    assert (remark.use, remark.fields, remark.filled) == ("ignorée", (), 1)


def test_the_form_of_dates_and_counts_is_shown_without_a_value(tmp_path):
    programme(tmp_path)
    path = tmp_path / "inbox" / "hdf_2023_programme" / "recap.xlsx"
    trial = try_file(CONTRACTS["hdf_2023_programme"], path, file_name="recap.xlsx", today=TODAY)
    forms = {column.header: column.form for column in trial.columns}
    # « 6 avril » and « 14 avril » have two forms; 65 and 150 too: the first of the most frequent
    assert forms["Date"] in ("9 a", "99 a") and forms["Participants"] in ("99", "999")
    assert forms["Intitulé de l’atelier"] is None
    assert trial.constants == ("programme", "kind", "status", "counts")
    (report,) = land(tmp_path)
    assert (report.rows_read, report.rows_accepted) == (trial.judged.rows_read, trial.judged.rows_accepted) == (2, 2)


def test_sentences_about_people_quote_nothing(tmp_path):
    refused = tried(tmp_path).refused
    assert refused
    for cell in refused:
        assert "Canari" not in cell.message and "(valeur masquée)" in cell.message


def test_a_list_of_people_without_a_header_is_not_quoted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Canari;Jeanne\nMerle;Awa\n", encoding="utf-8")
    trials, others = try_contracts(CONTRACTS, path, file_name="a.csv", today=TODAY)
    assert not trials and {each.rule for each in others if each.nearness == 0} == {"entete_introuvable"}
    assert not any("Canari" in each.message for each in others)


def test_the_nearest_contract_speaks_first(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Référence;Programme;Intitulé;Nature;Météo\nA1;P;Forum;atelier;pluie\n", encoding="utf-8")
    trials, others = try_contracts(CONTRACTS, path, file_name="a.csv", today=TODAY)
    assert not trials and others[0].source == "evenements_ess" and "colonne inconnue « Météo »" in others[0].message
    assert others[0].nearness > max(each.nearness for each in others[1:]), (
        "the others know no column of it, or expect workbooks"
    )


def test_held_and_refused_files_raise_their_sentence(tmp_path):
    with pytest.raises(Unbound, match="colonne inconnue « Météo »"):
        tried(tmp_path, lines="Nom;Présent;Arrivée;Météo\nA;oui;12/11/2025 09:00;pluie\n")
    with pytest.raises(Unreadable, match="coupé"):
        tried(tmp_path, lines='Nom;Présent;Arrivée\n"A;oui;12/11/2025 09:00\n')


@pytest.mark.parametrize(
    ("template", "file"),
    [
        ("tally", "tally/export.csv"),
        ("framaforms_fiche", "framaforms/resultats_tsv_separate.tsv"),
        ("zoom_webinar", "zoom/webinar_attendee_report_2025.csv"),
        ("pretix", "pretix/positions_fr_semicolon.csv"),
        ("kobo_api", "kobo/api_v2_data.json"),
        ("bigbluebutton", "bigbluebutton/learning_dashboard_en_labels_fr_values.csv"),
        ("emargement_groupes", "spreadsheets/lo_emargement.xlsx"),
        ("partenaires", "tableurs/partenaires_mojibake_utf8_lu_en_cp1252.csv"),
    ],
)
def test_every_shape_is_described_by_its_own_headers(template, file):
    loaded, path = load_contract(TEMPLATES / f"{template}.yml"), FILES / file
    trial = try_file(loaded, path, file_name=path.name, today=TODAY)
    header = [column.header for column in trial.columns]
    assert header and len(trial.accepted) + len(trial.duplicates) + trial.judged.rows_quarantined == (
        trial.judged.rows_read
    )
    assert any(column.use == "lue" for column in trial.columns)


@pytest.fixture
def observatoire(tmp_path, monkeypatch):
    """The command on a home that does not exist, in a working directory of its own."""
    monkeypatch.setenv("OBSERVATOIRE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(command.app, ["sources", *map(str, arguments)])
        assert "Traceback" not in done.output
        assert not (tmp_path / "home").exists(), "nothing is written in the home"
        return done.exit_code, done.output

    return run


def test_check_says_columns_and_rows_and_writes_nothing(observatoire, tmp_path):
    contract(tmp_path, SIGNED)
    (tmp_path / "liste.csv").write_text(LINES, encoding="utf-8")
    code, said = observatoire("check", "liste.csv", "--source", "essai.yml")
    assert code == 3
    assert "! essai : 4 lignes lues = 1 acceptée + 2 en quarantaine + 1 en double (1 de structure)" in said
    assert re.search(r"^ +B +Présent +present \(oui ou non\) +4 +3 +mot_inconnu × 1", said, re.MULTILINE)
    assert re.search(r"^ +D +Remarque +– ignorée – +1", said, re.MULTILINE)
    assert "cellule B3 : " in said and "acceptées : ligne 2" in said and "structure, total : ligne 6" in said
    for canary in ("Canari", "Merle", "Pinson", "bavard"):
        assert canary not in said
    (tmp_path / "bonne.csv").write_text("Nom;Présent;Arrivée\nAwa;oui;12/11/2025 09:00\n", encoding="utf-8")
    code, said = observatoire("check", "bonne.csv", "--source", "essai.yml")
    assert code == 0 and "✓ essai : 1 ligne lue = 1 acceptée" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bonne.csv", "essai.yml", "liste.csv"]


def test_check_finds_the_contract_by_itself(observatoire, tmp_path):
    sample = ROOT / "sources" / "samples" / "evenements_ess" / "evenements_ess_regions.csv"
    code, said = observatoire("check", shutil.copy(sample, tmp_path))
    assert code == 0 and said.startswith("✓ evenements_ess : 24 lignes lues = 24 acceptées")
    (tmp_path / "autre.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    code, said = observatoire("check", "autre.csv")
    assert code == 3 and "✗ evenements_ess" in said and "observatoire sources new autre.csv" in said
    assert observatoire("check", "autre.csv", "--source", "inconnue")[0] == 2
    assert observatoire("check", "absent.csv")[0] == 2


def test_a_returned_workbook_is_no_delivery(observatoire, tmp_path):
    book = openpyxl.Workbook()
    book.create_sheet(RETURN_SHEET)
    book.save(tmp_path / "rempli.xlsx")
    code, said = observatoire("check", "rempli.xlsx")
    assert code == 3 and "classeur de retour" in said and "inbox/retours" in said and "sources new" not in said


def test_a_file_that_is_no_table_is_a_sentence(observatoire, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"%PDF-1.7")
    code, said = observatoire("check", "a.csv")
    assert code == 3 and "PDF" in said and "sources new" not in said
    code, said = observatoire("new", "a.csv")
    assert code == 3 and "est un PDF" in said and not (tmp_path / "a.yml").exists()


def test_new_writes_a_contract_and_never_over_another(observatoire, tmp_path):
    sample = FILES / "helloasso" / "export_billetterie_2025_bom_semicolon_crlf.csv"
    code, said = observatoire("new", sample, "--name", "forum_2026")
    assert code == 0 and "✓ Ébauche écrite dans forum_2026.yml" in said and "modèle helloasso" in said
    assert "À remplacer : EVENEMENT-A-PRECISER, PROGRAMME-A-PRECISER." in said
    assert load_contract(tmp_path / "forum_2026.yml").contract.entity == "registration"
    before = (tmp_path / "forum_2026.yml").read_bytes()
    code, said = observatoire("new", sample, "--name", "forum_2026")
    assert code == 2 and "existe déjà" in said and (tmp_path / "forum_2026.yml").read_bytes() == before
    code, said = observatoire("new", sample, "--name", "forum_2026", "--output", "-")
    assert code == 0 and said == before.decode(), "only the contract, to be piped"
    assert observatoire("new", sample, "--name", "Forum 2026")[0] == 2
    code, said = observatoire("new", sample, "--output", "billets.yml")
    assert code == 0 and load_contract(tmp_path / "billets.yml").contract.source == "billets"
    assert observatoire("new", sample, "--output", "billets.yaml.txt", "--name", "billets")[0] == 2


def test_the_example_of_the_readme(observatoire, tmp_path):
    """Its contract is valid, takes the file it describes, and a draft of this file proposes the same mapping."""
    yaml = re.search(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    (tmp_path / "ateliers_2026.yml").write_text(yaml, encoding="utf-8")
    book = openpyxl.Workbook()
    for row in [
        ["N°", "Intitulé", "Date", "Lieu", "Participants", "Remarques"],
        [1, "Coopérer", "06/04/2023", "Lille", 65, None],
        [2, "Financer", "14/04/2023", "Dunkerque", "une vingtaine", "salle pleine"],
    ]:
        book.active.append(row)
    book.save(tmp_path / "ateliers.xlsx")
    code, said = observatoire("check", "ateliers.xlsx", "--source", "ateliers_2026.yml")
    assert code == 0 and "2 lignes lues = 2 acceptées + 0 en quarantaine + 0 en double" in said
    code, said = observatoire("new", "ateliers.xlsx", "--output", "-")
    assert code == 0
    for line in (
        'event_id: {headers: ["N°"], required: true}',
        "title: {headers: [Intitulé], required: true}",
        "date: {headers: [Date]}",
        "place: {headers: [Lieu]}",
        "participants: {headers: [Participants]}",
        "# obligatoire : programme: {constant: PROGRAMME-A-PRECISER}",
        "- Remarques   # à vérifier : 1 valeur",
    ):
        assert f"  {line}" in said, line


def test_spans():
    assert spans([2, 3, 4, 7]) == "lignes 2 à 4, 7" and spans([5]) == "ligne 5"
    assert spans(range(1, 60, 2), shown=3) == "lignes 1, 3, 5 et 27 autres"
