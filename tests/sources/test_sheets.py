"""A workbook with a sheet a month, or an event: read as one list where its contract says so, told where it does not."""

from dataclasses import replace

import duckdb
import openpyxl
import pytest
from deliveries import NOW, contract, places, settle

from identity.mentions import Identifiers
from identity.vault import Vault
from publication.trace.places import BETWEEN_SHEETS, Aside, File
from publication.trace.places import ROWS_OF_A_SHEET as NUMBERED_BY
from sources.contract import ContractError
from sources.erasure import Going, erase_in
from sources.landing import deliver
from sources.ledger import deliveries, open_ledger
from sources.readers.sheet import ROWS_OF_A_SHEET
from sources.readers.together import BETWEEN

TEXT = """\
source: essai
title: Un essai
entity: event
files: {pattern: "*.xlsx", shape: spreadsheet, every_sheet: true}
layout: {sections: month, totals: [TOTAL], control_totals: [{row: TOTAL, field: participants, measure: sum}]}
fields:
  event_id: {headers: ["N°"], required: true}
  programme: {constant: HDF-CONF-2023}
  status: {constant: held}
  counts: {constant: "oui"}
  title: {headers: [Intitulé], required: true}
  date: {headers: [Date]}
  participants: {headers: [Participants]}
"""
PRESENCES = """\
source: essai
title: Un essai
entity: attendance
files: {pattern: "*.xlsx", shape: spreadsheet, every_sheet: true}
fields:
  attendance_id: {compose: [Nom, Prénom], ranked: true, sealed: true, required: true}
  event: {sheet_name: true}
  programme: {constant: HDF-CONF-2023}
  present: {constant: "oui"}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
"""
HEADER = ["N°", "Intitulé", "Date", "Participants"]


def book(home, name="a.xlsx", **sheets):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title.replace("_", " "))
        for row in rows:
            sheet.append(row)
    path = home / "inbox" / "essai" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save(path)
    return settle(path)


def land(home, text=TEXT):
    (report,) = deliver(places(home), contract(home, text), now=NOW)
    return report


def said(report):
    return {note.rule: note.message for note in report.notes}


APRIL = [
    ["Ateliers d'avril"],
    HEADER,
    ["E1", "Un", "3 avril", 10],
    ["E2", "Deux", "4 avril", 20],
    ["TOTAL", None, None, 30],
]
MAY = [
    HEADER,
    ["E3", "Trois", "5 mai", 5],
    ["E1", "Un", "3 avril", 10],
    ["E2", "Autre", "6 mai", 1],
    ["TOTAL", None, None, 6],
]
HOW_TO = [["Remplissez une feuille par mois"], ["N°", "un numéro"]]


def test_every_sheet_with_the_columns_is_one_list_whose_rows_keep_their_sheet(tmp_path):
    book(tmp_path, Notice=HOW_TO, Avril_2023=APRIL, Mai_2023=MAY, Juin_2023=[HEADER])
    report = land(tmp_path)
    assert (report.rows_read, report.rows_accepted, report.rows_quarantined, report.rows_duplicate) == (5, 3, 1, 1)
    rows = duckdb.sql(
        f"select event_id, sheet, row_number % {ROWS_OF_A_SHEET} from '{tmp_path}/landing/event/*.parquet' order by row_number"
    ).fetchall()
    assert rows == [("E1", "Avril 2023", 3), ("E2", "Avril 2023", 4), ("E3", "Mai 2023", 2)]
    ((sheet, cell, message),) = duckdb.sql(
        f"select sheet, cell, message from '{tmp_path}/landing/quarantine/*.parquet'"
    ).fetchall()
    assert (sheet, cell) == ("Mai 2023", "A4")
    assert message.startswith("La ligne 4 (feuille « Avril 2023 ») porte déjà « E2 »")
    notes = said(report)
    assert notes["total_different"].startswith("Le total imprimé en D5 (feuille « Mai 2023 ») (« 6 »)"), (
        "April's is right"
    )
    assert notes["aucune_ligne"].startswith("Feuille « Juin 2023 » : Aucune ligne")
    assert "« Notice » n'est pas lue" in notes["feuille_non_lue"]


def test_the_month_of_its_title_gives_a_sheet_its_year_and_does_not_go_on_into_the_next(tmp_path):
    book(tmp_path, Avril_2024=[HEADER, ["E1", "Un", "3 avril", 1]], Suite=[HEADER, ["E2", "Deux", "4 avril", 1]])
    assert land(tmp_path).rows_accepted == 2
    days = duckdb.sql(
        f"select starts_on::varchar from '{tmp_path}/landing/event/*.parquet' order by row_number"
    ).fetchall()
    assert days == [("2024-04-03",), ("2023-04-04",)]


@pytest.mark.parametrize(
    ("second", "rule", "words"),
    [
        ([["Intitulé", "N°", "Date", "Participants"], ["Trois", "E3", "5 mai", 5]], "feuilles_differentes", "n'ont pas leurs colonnes aux mêmes places"),
        ([["N°", "Nom", "Date", "Participants"], ["E3", "Trois", "5 mai", 5]], "colonnes_inattendues", "Feuille « Mai » : colonne inconnue « Nom »"),
    ],
)  # fmt: skip
def test_a_sheet_with_other_columns_holds_the_workbook(tmp_path, second, rule, words):
    book(tmp_path, Avril=APRIL, Mai=second)
    report = land(tmp_path)
    assert (report.outcome, report.rule) == ("held", rule) and words in report.message


def test_where_one_sheet_is_read_those_like_it_are_told_with_their_rows(tmp_path):
    book(tmp_path, Avril=APRIL, Mai=MAY, Notice=HOW_TO)
    report = land(tmp_path, TEXT.replace(", every_sheet: true", ""))
    assert report.rows_read == 2
    assert "« Mai » (4 lignes), soit 4 lignes que rien ne lit" in said(report)["feuilles_semblables"]
    assert "« Notice »" in said(report)["feuille_non_lue"] and "« Mai »" not in said(report)["feuille_non_lue"]


def test_the_title_of_a_sheet_is_its_event_and_a_person_goes_from_every_sheet(tmp_path, without_references):
    line = ["Canari-Lévêque", "Jeanne"]
    book(tmp_path, E1=[["Nom", "Prénom"], ["Martin", "Paul"], line], E2=[["Nom", "Prénom"], line, ["Durand", "Ana"]])
    report = land(tmp_path, PRESENCES)
    assert report.rows_accepted == 4, "the same person at two events is no double"
    events = f"select event_id, sheet from '{tmp_path}/landing/attendance/*.parquet' order by row_number"
    before = duckdb.sql(events).fetchall()
    assert before == [("E1", "E1"), ("E1", "E1"), ("E2", "E2"), ("E2", "E2")]
    stones = Vault(places(tmp_path).vault).tombstones
    stones.keep(
        replace(stones.new(NOW), names=tuple(stones.of_name(event, "canari jeanne leveque") for event in ("E1", "E2")))
    )
    with open_ledger(places(tmp_path).ledger) as ledger:
        (row,) = deliveries(ledger)
    masks = Identifiers(names=frozenset([("Jeanne", "Canari-Lévêque")]))
    gone = erase_in(places(tmp_path), contract(tmp_path, PRESENCES), row, Going(masks), now=NOW)
    assert gone is not None and gone.rows == (3, ROWS_OF_A_SHEET + 2)
    assert duckdb.sql(events).fetchall() == before
    assert report.rows_accepted == 4


def test_a_row_is_shown_as_it_stands_in_its_sheet():
    assert (NUMBERED_BY, BETWEEN_SHEETS) == (ROWS_OF_A_SHEET, BETWEEN), "two rooms, one numbering"
    file = File(1, "s", "S", "d", "a.xlsx", "", "Avril / Mai", 0, 0, 0, 0, {"title": (("B", "Titre"),)})
    assert file.cells(["title"], ROWS_OF_A_SHEET + 7) == [("B7 (feuille « Mai »)", "Titre")]
    assert file.place(Aside(3, "G3", "…")) == "G3 (feuille « Avril »)"
    assert file.place(Aside(3, None, "…")) == "ligne 3 (feuille « Avril »)"


def test_a_workbook_of_too_many_sheets_is_refused(tmp_path):
    book(tmp_path, **{f"S{n}": [HEADER, [f"E{n}", "Un"]] for n in range(201)})
    assert land(tmp_path).rule == "trop_de_feuilles"


def test_one_sheet_or_every_one(tmp_path):
    with pytest.raises(ContractError, match="une seule feuille"):
        contract(tmp_path, TEXT.replace("every_sheet: true", "every_sheet: true, sheet: Avril"))
    with pytest.raises(ContractError, match="sheet_name"):
        contract(
            tmp_path, PRESENCES.replace('"*.xlsx", shape: spreadsheet, every_sheet: true', '"*", shape: delimited')
        )


def test_a_sheet_called_by_its_contract_is_read_and_those_like_it_are_told(tmp_path):
    book(tmp_path, Programme=APRIL, Programme_suite=MAY, Notice=HOW_TO)
    report = land(tmp_path, TEXT.replace("every_sheet: true", "sheet: Programme"))
    assert report.rows_read == 2
    assert "« Programme suite » (4 lignes), soit 4 lignes que rien ne lit" in said(report)["feuilles_semblables"]
