"""Sections by month whose rows give the day alone, where the contract says so."""

from datetime import datetime

import duckdb
import openpyxl
import pytest
from deliveries import NOW, contract, landed, places, raw

from sources.contract import ContractError
from sources.landing import deliver

TEXT = """\
source: essai
title: Un essai
entity: event
files: {shape: delimited, delimiter: ";"}
layout: {sections: month, days_of_section: true, totals: [TOTAL]}
fields:
  event_id: {headers: ["N°"], required: true}
  programme: {constant: HDF-CONF-2023}
  status: {constant: held}
  counts: {constant: "oui"}
  title: {headers: [Intitulé], required: true}
  date: {headers: [Date], split: [";"]}
"""


def delivered(home, content, text=TEXT):
    raw(home, "essai", "a.csv", content.encode())
    (report,) = deliver(places(home), contract(home, text), now=NOW)
    return report


def refused(home):
    return duckdb.sql(f"select cell, rule, message from '{home}/landing/quarantine/*.parquet' order by 1").fetchall()


def test_the_month_of_a_section_completes_its_days(tmp_path):
    content = (
        "N°;Intitulé;Date\nAVRIL 2023;;\n1;A;jeudi 6\n2;B;7\n3;C;le 1er à 9h30\n4;D;du 20 au 22\n5;E;8 mai\n6;F;8 mai 2024\n7;G;\n"
        "Mai 2024;;\n8;H;jeudi 9\nTOTAL;;\n9;I;10\n"
    )
    rows = landed(tmp_path, TEXT, content, "event_id, starts_on::varchar, ends_on::varchar, date_precision")
    assert rows == [
        ("1", "2023-04-06", "2023-04-06", "day"),
        ("2", "2023-04-07", "2023-04-07", "day"),
        ("3", "2023-04-01", "2023-04-01", "day"),
        ("4", "2023-04-20", "2023-04-22", "day"),
        ("5", "2023-05-08", "2023-05-08", "day"),
        ("6", "2024-05-08", "2024-05-08", "day"),
        ("7", None, None, "missing"),
        ("8", "2024-05-09", "2024-05-09", "day"),
        ("9", "2024-05-10", "2024-05-10", "day"),
    ]


def test_a_weekday_that_is_not_that_of_the_date_and_a_day_that_the_month_has_not_are_set_aside(tmp_path):
    report = delivered(tmp_path, "N°;Intitulé;Date\nAVRIL 2023;;\n1;A;vendredi 6\n2;B;31\n3;C;du 28 au 2\n4;D;7\n")
    assert (report.rows_accepted, report.rows_quarantined) == (1, 3)
    found = refused(tmp_path)
    assert [(cell, rule) for cell, rule, _ in found] == [
        ("C3", "jour_de_semaine_contradictoire"),
        ("C4", "date_inexistante"),
        ("C5", "dates_inversees"),
    ]
    assert "le 6 avril 2023 est un jeudi, pas un vendredi" in found[0][2]


def test_a_day_above_the_first_section_has_no_month(tmp_path):
    assert delivered(tmp_path, "N°;Intitulé;Date\n1;A;6\nAVRIL 2023;;\n2;B;6\n").rows_accepted == 1
    assert [(cell, rule) for cell, rule, _ in refused(tmp_path)] == [("C2", "mois_absent")]


def test_a_month_without_rows_is_said_and_the_last_title_counts(tmp_path):
    content = (
        "N°;Intitulé;Date\nAOÛT 2023;;\n1;A;30\nSEPTEMBRE 2023;;\nOCTOBRE 2023;;\n2;B;12\nTOTAL;;\nNOVEMBRE 2023;;\n"
    )
    report = delivered(tmp_path, content)
    found = duckdb.sql(f"select starts_on::varchar from '{tmp_path}/landing/event/*.parquet' order by 1").fetchall()
    assert found == [("2023-08-30",), ("2023-10-12",)]
    (note,) = report.notes
    assert note.rule == "mois_sans_ligne"
    assert note.message.startswith("Ligne 4 : aucun événement entre « septembre 2023 » et « octobre 2023 » (ligne 5)")


def test_a_date_whose_year_is_not_that_of_its_title_is_kept_and_said(tmp_path):
    report = delivered(tmp_path, "N°;Intitulé;Date\nJUIN 2023;;\n1;A;15 juin 2022\n2;B;15 juin\n3;C;2 juillet 2023\n")
    assert report.rows_accepted == 3
    (note,) = report.notes
    assert note.rule == "date_loin_du_titre" and note.message.startswith(
        "1 date loin du mois sous lequel elle est rangée : C3 (« juin 2022 » sous « juin 2023 »). La date écrite est gardée"
    )


@pytest.mark.parametrize("heading", ["AVRL 2023", "AVRIL", "2023", "Printemps"])
def test_a_heading_that_is_no_month_holds_the_delivery(tmp_path, heading):
    report = delivered(tmp_path, f"N°;Intitulé;Date\nMARS 2023;;\n1;A;6\n{heading};;\n2;B;6\n")
    assert (report.outcome, report.rule) == ("held", "section_incomprise")
    assert report.message.startswith(f"Ligne 4 : « {heading} » est seul sur sa ligne et n'est pas un mois")
    assert "par exemple « AVRIL 2023 »" in report.message


def workbook(home, text):
    """A list whose second title Excel made a date of, shown as « mai 2023 »."""
    book = openpyxl.Workbook()
    for row in (
        ("N°", "Intitulé", "Date"),
        ("AVRIL 2023",),
        (1, "A", "6 avril"),
        (datetime(2023, 5, 1),),
        (2, "B", "9 mai"),
    ):
        book.active.append(row)
    book.active["A4"].number_format = "mmmm yyyy"
    path = home / "inbox" / "essai" / "a.xlsx"
    path.parent.mkdir(parents=True)
    book.save(path)
    loaded = contract(
        home, text.replace('{shape: delimited, delimiter: ";"}', '{pattern: "*.xlsx", shape: spreadsheet}')
    )
    (report,) = deliver(places(home), loaded, now=NOW)
    return report


def test_a_title_that_excel_made_a_date_holds_the_delivery_and_is_called_so(tmp_path):
    report = workbook(tmp_path, TEXT)
    assert (report.outcome, report.rule) == ("held", "section_incomprise")
    assert report.message.startswith("Ligne 4 : titre de mois écrit comme une date (« 2023-05-01 »)")


def test_a_title_that_excel_made_a_date_is_said_where_titles_give_their_year_only(tmp_path):
    report = workbook(tmp_path, TEXT.replace("days_of_section: true, ", ""))
    assert (report.rows_accepted, [cell for cell, *_ in refused(tmp_path)]) == (2, ["B4"])
    (note,) = report.notes
    assert note.rule == "titre_de_mois_en_date"
    assert note.message.startswith("Ligne 4 : titre de mois écrit comme une date (« 2023-05-01 »)")


def test_without_the_key_a_section_gives_its_year_only(tmp_path):
    text = TEXT.replace("days_of_section: true, ", "")
    report = delivered(tmp_path, "N°;Intitulé;Date\nAVRIL 2024;;\n1;A;6\n2;B;samedi 6 avril\nUne note;;\n", text)
    assert report.rows_accepted == 1
    assert [(cell, rule) for cell, rule, _ in refused(tmp_path)][:2] == [
        ("B5", "valeur_manquante"),
        ("C3", "mois_absent"),
    ]


def test_the_key_goes_with_sections(tmp_path):
    with pytest.raises(ContractError, match="ligne 5 : layout : « days_of_section » va avec « sections: month »"):
        contract(tmp_path, TEXT.replace("sections: month, ", ""))
