"""From bytes to landed rows: every row is accepted, quarantined with its cell and a sentence, or an exact duplicate."""

import hashlib
import shutil
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import openpyxl
import pytest
from deliveries import CONTRACTS, HEADER, NOW, ROWS, land, places, programme, raw, settle

from identity.cipher import Tampered
from identity.vault import Vault
from sources import landed_files, landing
from sources.contract import LoadedContract
from sources.explanations import Withdrawal
from sources.handover import hand_over
from sources.kinds import References
from sources.landing import NotReadAgain, deliver, judge_file
from sources.ledger import deliveries, open_ledger

CSV_HEADER = (
    "Référence;Programme;Rattaché à;Nature;Statut;Organisateur(s);Intitulé;Thèmes;Date;Lieu;Salle;Région;Format;"
    "Participants;Compte dans le programme"
)


def csv(*rows: str, header: str = CSV_HEADER) -> bytes:
    return "\r\n".join([header, *rows, ""]).encode("cp1252")


def event(
    ref="E1",
    status="tenu",
    date="25 février 2025",
    place="",
    participants="",
    counts="Oui",
    programme="ERROL-CONSULT-2025",
):
    return f"{ref};{programme};;consultation;{status};nous (Errol);Consultation;;{date};{place};;Centre-Val de Loire;;{participants};{counts}"


def quarantine(home):
    files = str(home / "landing" / "quarantine" / "*.parquet")
    return duckdb.sql(f"select cell, field, rule, message, value from '{files}' order by row_number, field").fetchall()


def landed(home, entity="event", columns="*"):
    return duckdb.sql(f"select {columns} from '{home}/landing/{entity}/*.parquet' order by row_number").fetchall()


def test_a_good_programme_lands(tmp_path):
    programme(tmp_path)
    (report,) = land(tmp_path)
    assert (report.outcome, report.rows_read, report.rows_accepted, report.rows_structure) == ("accepted", 2, 2, 1)
    rows = landed(
        tmp_path,
        columns="event_id, commune_code, department_code, starts_on::varchar, participants, themes, row_number",
    )
    assert rows == [
        ("HDF23-A01", "59632", "59", "2023-04-06", 65, ["ECO"], 5),
        ("HDF23-A02", "59183", "59", "2023-04-14", 150, ["ECO"], 6),
    ]


def test_no_row_lands_whose_identity_is_not_kept(tmp_path, monkeypatch):
    folder = tmp_path / "inbox" / "mess_zoom"
    folder.mkdir(parents=True)
    sample = sorted((Path(__file__).parents[2] / "sources" / "samples" / "mess_zoom").iterdir())[0]
    settle(Path(shutil.copyfile(sample, folder / sample.name)))

    def full(*_):
        raise OSError("no space left")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="no space left"):
        broken.setattr(Vault, "store", full)
        deliver(places(tmp_path), CONTRACTS["mess_zoom"], now=NOW)
    assert not [path for path in (tmp_path / "landing").rglob("*") if path.is_file()]
    (report,) = deliver(places(tmp_path), CONTRACTS["mess_zoom"], now=NOW)
    assert report.rows_accepted and len(landed(tmp_path, "attendance")) == report.rows_accepted


def nothing_is_written(home):
    written = [
        path for folder in ("landing", "vault/identities") for path in (home / folder).rglob("*") if path.is_file()
    ]
    with open_ledger(places(home).ledger) as ledger:
        return not written and not deliveries(ledger)


def test_nothing_is_written_of_a_delivery_whose_bytes_are_not_kept(tmp_path, monkeypatch):
    programme(tmp_path)
    zoom = tmp_path / "inbox" / "mess_zoom" / "liste.csv"
    zoom.parent.mkdir(parents=True)
    zoom.write_bytes(b"pas un export")
    settle(zoom)
    sources = ["mess_zoom", "hdf_2023_programme"]

    def full(*_):
        time.sleep(0.2)  # the delivery has been read and judged, or refused, meanwhile
        raise OSError("no space left")

    for source in sources:
        with monkeypatch.context() as broken, pytest.raises(OSError, match="no space left"):
            broken.setattr("sources.landing.keep", full)
            deliver(places(tmp_path), CONTRACTS[source], now=NOW)
    assert nothing_is_written(tmp_path)
    assert [deliver(places(tmp_path), CONTRACTS[source], now=NOW)[0].outcome for source in sources] == [
        "held", "accepted",
    ]  # fmt: skip


def test_bytes_are_kept_before_anything_is_written_and_whatever_becomes_of_them(tmp_path, monkeypatch):
    path = programme(tmp_path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    original, slow, written = tmp_path / "originals" / sha256[:2] / sha256, landing.keep, []

    def keep(*arguments):
        time.sleep(0.2)
        return slow(*arguments)

    def write(*arguments, **options):
        written.append(original.exists())
        return _write_aside(*arguments, **options)

    def crash(*_):
        raise RuntimeError("a mistake of the program")

    _write_aside = landed_files._write_aside
    monkeypatch.setattr(landing, "keep", keep)
    with monkeypatch.context() as broken, pytest.raises(landing.NotLanded, match="RuntimeError"):
        broken.setattr(landing, "judge_file", crash)
        land(tmp_path)
    assert original.exists() and nothing_is_written(tmp_path)
    original.unlink()
    monkeypatch.setattr(landed_files, "_write_aside", write)
    assert land(tmp_path)[0].outcome == "accepted"
    assert written and all(written)


def test_bytes_that_change_while_they_are_read_are_not_landed(tmp_path, monkeypatch):
    path, hold = programme(tmp_path), landing.held_in_memory

    def hold_late(file):
        path.write_bytes(path.read_bytes() + b"\0")
        return hold(file)

    monkeypatch.setattr(landing, "held_in_memory", hold_late)
    with pytest.raises(Tampered):
        land(tmp_path)
    assert nothing_is_written(tmp_path) and not [*(tmp_path / "originals").rglob("*.*")]


def test_what_moved_since_the_look_is_for_the_next_one_and_the_others_land(tmp_path, monkeypatch):
    gone, written = programme(tmp_path, name="1_parti.xlsx"), programme(tmp_path, name="2_ecrit.xlsx")
    programme(tmp_path, name="3_lu.xlsx")
    found = landing.look

    def look(*arguments):
        seen = found(*arguments)
        gone.unlink()
        written.write_bytes(b"plus tard")
        return seen

    monkeypatch.setattr(landing, "look", look)
    assert [report.file_name for report in land(tmp_path)] == ["3_lu.xlsx"]
    monkeypatch.setattr(landing, "look", found)
    assert [report.file_name for report in land(tmp_path)] == ["2_ecrit.xlsx"]


def test_the_same_bytes_again_do_nothing_and_new_bytes_supersede(tmp_path):
    programme(tmp_path)
    land(tmp_path)
    assert land(tmp_path) == []
    programme(tmp_path, [*ROWS, [3, "UDES", "Autre", "TRANSITION SOCIALE", 59, "LILLE", "20 avril", 12]])
    (report,) = land(tmp_path)
    assert report.rows_accepted == 3
    with open_ledger(places(tmp_path).ledger) as ledger:
        assert [row["state"] for row in deliveries(ledger)] == ["superseded", "accepted"]


def test_an_original_is_kept_encrypted_and_opens_to_the_same_bytes(tmp_path):
    path = programme(tmp_path)
    (report,) = land(tmp_path)
    original = tmp_path / "originals" / report.sha256[:2] / report.sha256
    assert b"PK" not in original.read_bytes()[:64]
    with Vault(tmp_path / "vault").cipher.open_decrypted(
        original, purpose="originals", context=report.sha256
    ) as opened:
        assert opened.path.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("row", "cell", "rule", "words"),
    [
        ([3, "UDES", "T", None, 59, "LILLE", "31 avril", 5], "G7", None, ["31 avril"]),
        ([3, "UDES", "T", None, 59, "LILLE", "6 avril", -4], "H7", None, ["-4"]),
        ([3, "UDES", "T", None, 59, "LILLE", "6 avril", 10**9], "H7", None, ["1000000000"]),
        ([3, "UDES", "T", None, 59, "LILLE", "6 avril", "voir fiche"], "H7", None, ["voir fiche"]),
        ([3, "UDES", "T", None, 59, "LILLLE-SUR-RIEN", "6 avril", 5], "F7", "commune_inconnue", ["LILLLE-SUR-RIEN"]),
        ([3, "UDES", "T", None, 62, "LILLE", "6 avril", 5], "F7", "departement_contradictoire", ["59"]),
        ([3, "UDES", "T", None, 99, "LILLE", "6 avril", 5], "E7", None, ["99"]),
        ([3, "UDES", None, None, 59, "LILLE", "6 avril", 5], "C7", "valeur_manquante", ["Intitulé"]),
        ([3, "UDES", "T", "TRANSITION LUNAIRE", 59, "LILLE", "6 avril", 5], "D7", None, ["LUNAIRE"]),
        ([1, "UDES", "Autre chose", None, 59, "LILLE", "6 avril", 5], "A7", "cle_en_double", ["ligne 5", "HDF23-A01"]),
    ],
)
def test_a_bad_cell_is_quarantined_with_a_sentence(tmp_path, row, cell, rule, words):
    programme(tmp_path, [*ROWS, row])
    (report,) = land(tmp_path)
    assert (report.rows_read, report.rows_accepted, report.rows_quarantined) == (3, 2, 1)
    ((found_cell, _, found_rule, message, _),) = quarantine(tmp_path)
    assert found_cell == cell
    assert rule is None or found_rule == rule
    for word in words:
        assert word in message


def test_every_bad_cell_of_a_row_is_named_and_the_row_counts_once(tmp_path):
    programme(tmp_path, [*ROWS, [3, "UDES", None, None, 62, "LILLE", "31 avril", -1]])
    (report,) = land(tmp_path)
    assert report.rows_quarantined == 1
    assert [cell for cell, *_ in quarantine(tmp_path)] == ["G7", "H7", "F7", "C7"]


def test_an_exact_duplicate_is_counted_as_such(tmp_path):
    programme(tmp_path, [*ROWS, ROWS[0]])
    (report,) = land(tmp_path)
    assert (report.rows_read, report.rows_accepted, report.rows_duplicate) == (3, 2, 1)


def test_totals_sections_and_repeated_headers_are_structure(tmp_path):
    programme(tmp_path, [*ROWS, HEADER, ["OCTOBRE 2023"], [None, "TOTAL", "2 ateliers", None, None, None, None, 216]])
    (report,) = land(tmp_path)
    assert (report.rows_read, report.rows_structure) == (2, 4)
    assert [note.rule for note in report.notes] == ["total_different"]
    assert "H9" in report.notes[0].message and "215" in report.notes[0].message


def test_a_day_far_from_its_programme_or_from_its_section_is_refused(tmp_path):
    days = [
        "06/04/99",
        "6 avril 2016",
        "du 30 décembre 2023 au 2 janvier 2032",
        "2 janvier",
        "8 octobre",
        "2 janvier 2024",
    ]
    rows = [[number, *ROWS[0][1:6], day, 5] for number, day in enumerate(days, 1)]
    programme(tmp_path, [["DÉCEMBRE 2023"], *rows, ["AVRIL 2024"], [7, *ROWS[0][1:6], "2 mai", 5]])
    (report,) = land(tmp_path)
    assert [(cell, rule) for cell, _, rule, *_ in quarantine(tmp_path)] == [
        ("G6", "annee_lointaine"), ("G7", "annee_lointaine"), ("G8", "annee_lointaine"), ("G9", "annee_douteuse"),
    ]  # fmt: skip
    messages = [message for *_, message, _ in quarantine(tmp_path)]
    assert messages[0] == (
        "« 06/04/99 » : l'année 2099 est à plus de 5 ans de celle du programme (2023). Corrigez l'année, ou le programme de la ligne."
    )
    assert "sous décembre 2023" in messages[3]
    kept = landed(tmp_path, columns="starts_on::varchar")
    assert kept == [("2023-10-08",), ("2024-01-02",), ("2024-05-02",)]


def test_exports_put_end_to_end_have_their_second_header_set_aside_with_its_mark(tmp_path):
    first, second = csv(event("E1")).decode("cp1252"), csv(event("E2")).decode("cp1252")
    raw(tmp_path, "evenements_ess", "a.csv", f"\ufeff{first}\ufeff{second}".encode())
    (report,) = land(tmp_path, "evenements_ess")
    assert (report.rows_accepted, report.rows_quarantined, report.rows_structure) == (2, 0, 1)


def test_a_line_longer_than_its_header_is_refused_since_its_cells_may_have_moved(tmp_path):
    raw(tmp_path, "evenements_ess", "a.csv", csv(event("E1"), event("E2") + ";Oui", event("E3") + ";;;"))
    (report,) = land(tmp_path, "evenements_ess")
    assert (report.rows_accepted, report.rows_quarantined) == (2, 1)
    (found,) = quarantine(tmp_path)
    assert found == (
        None, None, "cellules_en_trop", "La ligne 3 a plus de cellules que l'en-tête (à partir de P3) : un séparateur dans un texte, sans "
        "doute. Mettez ce texte entre guillemets, ou retirez ce qui dépasse.", None,
    )  # fmt: skip


def test_a_cell_beside_the_table_of_a_workbook_is_said(tmp_path):
    programme(tmp_path, [[*ROWS[0], None, "à revoir"], ROWS[1], ["TOTAL", *[None] * 7, "vu"]])
    (report,) = land(tmp_path)
    assert report.rows_accepted == 2
    assert [(note.rule, note.message) for note in report.notes if "entete" in note.rule] == [
        ("cellules_sans_entete", "Cellule sans en-tête, que rien ne lit : J5.")
    ]


def test_a_number_is_the_same_with_its_sign_or_a_point(tmp_path):
    numbers = ["n°3", "N° 4", "5.", "006", "7 bis", "n° 1"]
    programme(tmp_path, [*ROWS, *([number, *ROWS[0][1:]] for number in numbers)])
    (report,) = land(tmp_path)
    found = duckdb.sql(f"select event_id from '{tmp_path}/landing/event/*.parquet' order by row_number").fetchall()
    assert [event[0].removeprefix("HDF23-A") for event in found] == ["01", "02", "03", "04", "05", "006", "7 bis"]
    assert (report.rows_duplicate, report.rows_quarantined) == (1, 0), "the last one says the first row again"


def test_a_file_with_another_separator_is_told_so_before_its_header(tmp_path):
    sample = Path(__file__).parents[2] / "sources" / "samples" / "evenements_ess" / "evenements_ess_regions.csv"
    raw(tmp_path, "evenements_ess", "a.csv", sample.read_bytes().replace(b";", b"\t"))
    (report,) = land(tmp_path, "evenements_ess")
    assert (report.outcome, report.rule) == ("held", "entete_introuvable")
    assert report.message.startswith(
        "Le séparateur prévu (point-virgule) n'apparaît pas ; le fichier semble séparé par : tabulation."
    )


def test_a_file_that_announces_another_separator_is_told_so_before_its_header(tmp_path):
    sample = Path(__file__).parents[2] / "sources" / "samples" / "evenements_ess" / "evenements_ess_regions.csv"
    raw(tmp_path, "evenements_ess", "a.csv", b"sep=,\r\n" + sample.read_bytes())
    (report,) = land(tmp_path, "evenements_ess")
    assert report.outcome == "held"
    assert report.message.startswith(
        "La première ligne (« sep= ») annonce le séparateur virgule alors que point-virgule était prévu. "
    )


def test_two_stray_quotes_do_not_glue_rows(tmp_path):
    """Three events of the sample would be gone without a word."""
    sample = Path(__file__).parents[2] / "sources" / "samples" / "evenements_ess" / "evenements_ess_regions.csv"
    lines = [line.split(";") for line in sample.read_text("cp1252").splitlines()]
    lines[3][10], lines[6][10] = '"Salle', 'Salle"'
    raw(tmp_path, "evenements_ess", "a.csv", "\r\n".join(map(";".join, lines)).encode("cp1252"))
    (report,) = land(tmp_path, "evenements_ess")
    assert (report.outcome, report.rule) == ("refused", "guillemets")
    assert "ouvert à la ligne 4 qui n'est refermé qu'à la ligne 7" in report.message


def test_a_name_that_begins_like_a_total_is_a_row(tmp_path):
    totals = [[None, "Total général"], [None, "TOTAL : 2 ateliers"], ["Moyenne sur 2 ateliers"]]
    programme(tmp_path, [*ROWS, [None, "Totalement libre", *ROWS[0][2:]], *totals])
    (report,) = land(tmp_path)
    assert (report.rows_read, report.rows_quarantined, report.rows_structure) == (3, 1, 4)
    assert [(cell, rule) for cell, _, rule, *_ in quarantine(tmp_path)] == [("A7", "valeur_manquante")]


def test_an_organiser_called_total_is_a_row_and_totals_that_say_more_are_none(tmp_path):
    named = [[None, "Total Solidaire", *ROWS[0][2:]], [None, "Total Solidaire", "Café", None, None, None, "6 avril"]]
    totals = [
        [None, "TOTAL", "ateliers", None, None, None, None, 215],
        [None, "Total général", "2 ateliers", None, None, None, "nd", 215],
        [None, "Total du Nord", None, "#DIV/0!", 59, None, None, "150,5 %"],
    ]
    programme(tmp_path, [*ROWS, *named, *totals])
    (report,) = land(tmp_path)
    assert (report.rows_read, report.rows_quarantined, report.rows_structure) == (4, 2, 4)
    assert [(cell, rule) for cell, _, rule, *_ in quarantine(tmp_path)] == [("A7", "valeur_manquante"), ("A8", "valeur_manquante")]  # fmt: skip


def test_a_header_below_many_lines_is_told_with_its_row_and_found_once_the_contract_looks_there(tmp_path):
    above = ["Récapitulatif", *(f"Consigne {n}" for n in range(1, 12)), "Date"]
    programme(tmp_path, above=above)
    (report,) = land(tmp_path)
    assert (report.outcome, report.rule) == ("held", "entete_introuvable")
    assert report.message.startswith(
        "La ligne 14 ressemble à l'en-tête, qui n'est cherché que jusqu'à la ligne 10 : supprimez les lignes qui la précèdent"
    )
    assert "« header_within: 14 »" in report.message
    loaded = CONTRACTS["hdf_2023_programme"]
    layout = loaded.contract.layout.model_copy(update={"header_within": 14})
    loaded = replace(loaded, contract=loaded.contract.model_copy(update={"layout": layout}))
    judged, _ = judge_file(loaded, programme(tmp_path, above=above), "recap.xlsx", References(), NOW)
    assert judged.rows_accepted == 2


@pytest.mark.parametrize(
    ("header", "rule", "words"),
    [
        ([*HEADER, "Budget"], "colonnes_inattendues", ["« Budget »", "colonne I", "Colonnes attendues"]),
        ([h if h != "Date" else None for h in HEADER], "colonnes_inattendues", ["obligatoire absente « Date »", "colonne G"]),
        ([h if h != "Participants" else "Nombre de participants" for h in HEADER], "colonnes_inattendues", ["Nombre de participants", "« Participants » reformulé"]),
        ([h if h != "Dépt" else "Lieu" for h in HEADER], "entetes_en_double", ["colonne E", "colonne F"]),
        (["a", "b", "c", "d", "e", "f", "g", "h"], "entete_introuvable", ["« N° »", "Structure organisatrice"]),
    ],
)  # fmt: skip
def test_a_header_that_does_not_fit_holds_the_delivery(tmp_path, header, rule, words):
    programme(tmp_path)
    land(tmp_path)
    rows = [[*row, 1000] for row in ROWS]
    programme(tmp_path, rows, header)
    (report,) = land(tmp_path)
    assert (report.outcome, report.rule) == ("held", rule)
    for word in words:
        assert word in report.message
    with open_ledger(places(tmp_path).ledger) as ledger:
        assert [row["state"] for row in deliveries(ledger)] == ["accepted", "held"], (
            "the last good delivery stays in force"
        )


def test_columns_in_another_order_are_bound_by_name(tmp_path):
    order = [6, 7, 0, 5, 4, 3, 2, 1]
    programme(tmp_path, [[row[i] for i in order] for row in ROWS], [HEADER[i] for i in order])
    (report,) = land(tmp_path)
    assert report.rows_accepted == 2
    assert landed(tmp_path, columns="event_id, participants") == [("HDF23-A01", 65), ("HDF23-A02", 150)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["vide"]),
        (b"PK\x03\x04 un classeur", ["tableur"]),
        ((CSV_HEADER + '\r\nE1;ERROL-CONSULT-2025;;a;tenu;"nous').encode("cp1252"), ["coup"]),
        (b"<!doctype html><html><body>Connexion</body></html>", ["page web"]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(tmp_path, content, words):
    raw(tmp_path, "evenements_ess", "export.csv", content)
    (report,) = land(tmp_path, "evenements_ess")
    assert report.outcome == "refused"
    for word in words:
        assert word in report.message.lower()


def test_a_file_of_another_kind_is_refused(tmp_path):
    raw(tmp_path, "evenements_ess", "export.pdf", b"%PDF-1.7")
    (report,) = land(tmp_path, "evenements_ess")
    assert report.outcome == "refused" and "*.csv" in report.message


def test_announced_events_and_approximate_counts_land_as_such(tmp_path):
    content = csv(
        event("E1", participants="une quinzaine d'acteurs"),
        event("E2", status="annoncé"),
        event("E3", participants="en grand nombre"),
        event("E4", status="peut-être"),
        event("E5", programme="INCONNU-2025"),
    )
    raw(tmp_path, "evenements_ess", "export.csv", content)
    (report,) = land(tmp_path, "evenements_ess")
    assert (report.rows_read, report.rows_accepted, report.rows_quarantined) == (5, 3, 2)
    columns = "event_id, event_status, participants, participants_lower, participants_upper, participants_precision"
    assert landed(tmp_path, columns=columns) == [
        ("E1", "held", 15, 12, 18, "approximate"),
        ("E2", "announced", None, None, None, "missing"),
        ("E3", "held", None, None, None, "qualitative"),
    ]
    assert [cell for cell, *_ in quarantine(tmp_path)] == ["E5", "B6"]


def test_a_correction_applies_while_its_guard_holds_and_says_when_it_does_not(tmp_path):
    raw(
        tmp_path,
        "evenements_ess",
        "a.csv",
        csv(event("CVL18-C02", programme="CVL-CONF-2018", date="« le premier ESSPRESSO régional »")),
    )
    (report,) = land(tmp_path, "evenements_ess")
    assert landed(tmp_path, columns="starts_on::varchar, corrections") == [("2018-10-02", ["cvl18-c02-date"])]
    assert report.rows_accepted == 1
    raw(tmp_path, "evenements_ess", "a.csv", csv(event("CVL18-C02", programme="CVL-CONF-2018", date="2 octobre 2018")))
    (report,) = land(tmp_path, "evenements_ess")
    assert any(
        note.rule == "correction_sans_objet" and "cvl18-c02-date ne s'applique plus" in note.message
        for note in report.notes
    )


def test_a_changed_contract_reads_its_deliveries_again(tmp_path, monkeypatch):
    programme(tmp_path)
    land(tmp_path)
    monkeypatch.setattr("sources.landing.code_hash", lambda: "another program")
    (report,) = deliver(places(tmp_path), CONTRACTS["hdf_2023_programme"], now=NOW)
    assert report.rows_accepted == 2
    assert deliver(places(tmp_path), CONTRACTS["hdf_2023_programme"], now=NOW) == []


def that_reads_no_longer(loaded: LoadedContract, what: str) -> LoadedContract:
    """The contract, after somebody renamed a column or the files it expects."""
    contract = loaded.contract
    if what == "column":
        title = contract.fields["title"].model_copy(update={"headers": ("Titre de l'atelier",)})
        changed = contract.model_copy(update={"fields": {**contract.fields, "title": title}})
    else:
        changed = contract.model_copy(update={"files": contract.files.model_copy(update={"pattern": "autre*.xlsx"})})
    return replace(loaded, contract=changed, sha256=f"another {what}")


def states(home) -> list[str]:
    with open_ledger(places(home).ledger) as ledger:
        return [row["state"] for row in deliveries(ledger)]


@pytest.mark.parametrize("what", ["column", "files"])
def test_what_a_changed_contract_no_longer_reads_stays_as_it_was_read_and_is_said(tmp_path, what):
    programme(tmp_path)
    programme(tmp_path, [[3, "UDES", "Autre", "TRANSITION SOCIALE", 59, "LILLE", "20 avril", 12]], name="autre.xlsx")
    land(tmp_path)
    before = sorted(map(str, landed(tmp_path)))
    loaded = that_reads_no_longer(CONTRACTS["hdf_2023_programme"], what)
    for _ in range(2):
        with pytest.raises(
            NotReadAgain, match="le contrat ne lit plus « [ar].*ce qui en avait été lu reste en place"
        ) as said:
            deliver(places(tmp_path), loaded, now=NOW)
        assert ("« autre.xlsx »" in str(said.value).partition(" : ")[0]) == (what == "column")
        assert sorted(map(str, landed(tmp_path))) == before and states(tmp_path) == ["accepted", "accepted"]
    land(tmp_path)
    assert sorted(map(str, landed(tmp_path))) == before and land(tmp_path) == []


def test_what_a_changed_contract_no_longer_reads_goes_when_somebody_confirmed_it(tmp_path, monkeypatch):
    programme(tmp_path)
    (first,) = land(tmp_path)
    confirmed = Withdrawal(
        source=first.source, delivery_id=first.delivery_id, reason="Refait.", author="obs", confirmed_on=NOW.date()
    )
    loaded = that_reads_no_longer(CONTRACTS["hdf_2023_programme"], "column")
    monkeypatch.setattr("sources.landing.load_withdrawals", lambda: (confirmed,))
    with pytest.raises(NotReadAgain):  # that it rightly leaves out events says nothing of its own rows
        deliver(places(tmp_path), loaded, now=NOW)
    assert states(tmp_path) == ["accepted"]
    gone = confirmed.model_copy(update={"unread": True})
    monkeypatch.setattr("sources.landing.load_withdrawals", lambda: (confirmed, gone))
    (report,) = deliver(places(tmp_path), loaded, now=NOW)
    assert report.outcome == "held" and states(tmp_path) == ["held"]
    assert deliver(places(tmp_path), loaded, now=NOW) == []


def test_identities_go_with_the_rows_and_the_log_says_why(tmp_path, monkeypatch):
    sheets = list(sheets_of(tmp_path, "MESS25-013", "MESS25-031"))
    (first, other) = land(tmp_path, "mess_emargement")
    gone = Withdrawal(
        source=first.source, delivery_id=first.delivery_id, unread=True, reason="Refait.", author="obs", confirmed_on=NOW.date()
    )  # fmt: skip
    records = tmp_path / "landing" / "record" / f"{first.source}__{first.delivery_id}.parquet"
    records.parent.mkdir(exist_ok=True)
    records.touch()
    monkeypatch.setattr("sources.landing.load_withdrawals", lambda: (gone,))
    with pytest.raises(NotReadAgain):
        deliver(places(tmp_path), that_reads_another_name_column(), now=NOW + timedelta(days=900))
    vault = Vault(places(tmp_path).vault)
    assert len(sheets) == 2 and [stored.delivery_id for stored in vault.deliveries()] == [other.delivery_id]
    assert not list((tmp_path / "landing").rglob(f"*{first.delivery_id}*"))
    (line,) = [line for line in vault.log.lines() if line["action"] == "erase"]
    assert (line["purpose"], line["what"], line["rows"]) == (
        "replay",
        [f"{first.source}/{first.delivery_id}"],
        first.rows_accepted,
    )


def test_an_earlier_version_that_a_changed_contract_no_longer_reads_stays_without_a_word(tmp_path):
    """The organiser renamed a column in the next version of the file, and the contract followed."""
    programme(tmp_path)
    land(tmp_path)
    loaded = that_reads_no_longer(CONTRACTS["hdf_2023_programme"], "column")
    renamed = [name if not name.startswith("Intitulé") else "Titre de l'atelier" for name in HEADER]
    programme(tmp_path, ROWS[:1], renamed)
    (report,) = deliver(places(tmp_path), loaded, now=NOW + timedelta(days=900))
    assert report.outcome == "accepted" and states(tmp_path) == ["superseded", "accepted"]
    assert len(landed(tmp_path)) == 3
    assert deliver(places(tmp_path), loaded, now=NOW + timedelta(days=900)) == []


def test_what_a_backup_put_back_lacks_is_landed_again(tmp_path):
    """An older `landing/` or `vault/` over a newer ledger: the files of the deliveries between the two are not there."""
    sample = Path(__file__).parents[2] / "sources" / "samples" / "mess_zoom" / "MESS25-006.csv"
    raw(tmp_path, "mess_zoom", sample.name, sample.read_bytes())
    raw(tmp_path, "evenements_ess", "a.csv", csv(event("E1"), event("E2", date="32/13/2023")))
    (first,), (other,) = land(tmp_path, "mess_zoom"), land(tmp_path, "evenements_ess")
    assert other.rows_quarantined == 1
    for report, place in (
        (first, "landing/attendance/{}.parquet"),
        (first, "vault/identities/{}.parquet.enc"),
        (other, "landing/event/{}.parquet"),
        (other, "landing/quarantine/{}.parquet"),
    ):
        path = tmp_path / place.format(f"{report.source}__{report.delivery_id}")
        path.unlink()
        (again,) = land(tmp_path, report.source)
        assert path.exists() and (again.rows_read, again.rows_accepted) == (report.rows_read, report.rows_accepted)
        assert land(tmp_path, report.source) == []


@pytest.mark.parametrize("size", [0, 2, 500])
def test_a_landed_file_that_was_cut_is_landed_again(tmp_path, size):
    programme(tmp_path)
    (first,) = land(tmp_path)
    (path,) = (tmp_path / "landing" / "event").glob("*.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    assert [report.delivery_id for report in land(tmp_path)] == [first.delivery_id]
    assert path.read_bytes() == whole and land(tmp_path) == []


def processing_hashes(home):
    with open_ledger(places(home).ledger) as ledger:
        return {row["file_name"]: row["processing_hash"] for row in deliveries(ledger)}


@pytest.mark.parametrize("harm", [lambda path: path.write_bytes(path.read_bytes()[:-20]), Path.unlink])
def test_a_lost_original_is_named_stops_no_other_delivery_and_is_kept_again_when_its_bytes_come_back(
    tmp_path, monkeypatch, harm
):
    lost = programme(tmp_path)
    (first,) = land(tmp_path)
    other = programme(
        tmp_path, [*ROWS, [3, "UDES", "Autre", "TRANSITION SOCIALE", 59, "LILLE", "20 avril", 12]], name="autre.xlsx"
    )
    land(tmp_path)
    harm(tmp_path / "originals" / first.sha256[:2] / first.sha256)
    before, read_by = sorted(map(str, landed(tmp_path))), processing_hashes(tmp_path)
    monkeypatch.setattr("sources.landing.code_hash", lambda: "another program")
    with pytest.raises(NotReadAgain, match=f"« {lost.name} » sont abîmés") as said:
        land(tmp_path)
    assert other.name not in str(said.value) and sorted(map(str, landed(tmp_path))) == before
    again = {name for name, hashed in processing_hashes(tmp_path).items() if hashed != read_by[name]}
    assert again == {other.name}
    lost.write_bytes(lost.read_bytes())
    settle(lost)
    (report,) = land(tmp_path)
    assert report.sha256 == first.sha256 and land(tmp_path) == []


def test_a_crash_before_the_ledger_is_written_loses_nothing(tmp_path, monkeypatch):
    programme(tmp_path)
    monkeypatch.setattr("sources.landing.record_delivery", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        land(tmp_path)
    monkeypatch.undo()
    (report,) = land(tmp_path)
    assert report.rows_accepted == 2


def test_a_list_of_persons_without_its_header_quotes_no_row(tmp_path):
    book = openpyxl.load_workbook(ATTENDANCE)
    sheet = book.active
    number = next(cell.row for cell in sheet["A"] if cell.value == "N°")
    sheet.delete_rows(number)
    names = [
        cell.value
        for row in sheet.iter_rows(min_row=number)
        for cell in row
        if isinstance(cell.value, str) and len(cell.value) > 3
    ]
    sheet.cell(number, sheet.max_column, "Signature")
    path = tmp_path / "inbox" / "mess_emargement" / "MESS25-013.xlsx"
    path.parent.mkdir(parents=True)
    book.save(path)
    settle(path)
    (report,) = land(tmp_path, "mess_emargement")
    assert (report.outcome, report.rule) == ("held", "colonnes_inattendues")
    assert "colonnes inconnues A, B, C" in report.message and "absentes « NOM »" in report.message
    assert len(names) > 20 and not [name for name in names if name in report.message.split("En-têtes attendus")[0]]


def test_a_replay_over_which_the_program_fails_stops_no_other(tmp_path, monkeypatch):
    for name in ("a", "b", "c"):
        programme(tmp_path, name=f"{name}.xlsx", above=(name,))
    land(tmp_path)
    read = landing.read_delivery

    def fails(contract, path, file_name):
        return 1 / 0 if file_name == "b.xlsx" else read(contract, path, file_name)

    with monkeypatch.context() as broken:
        broken.setattr(landing, "read_delivery", fails)
        broken.setattr(landing, "code_hash", lambda: "another program")
        with pytest.raises(landing.NotLanded, match="« b.xlsx » .ZeroDivisionError. : il sera relu"):
            land(tmp_path)
        with open_ledger(places(tmp_path).ledger) as ledger:
            new = {row["file_name"]: row["processing_hash"] for row in deliveries(ledger)}
        assert new["a.xlsx"] == new["c.xlsx"] != new["b.xlsx"]
    assert len(list((tmp_path / "landing" / "event").iterdir())) == 3, "what was landed of it stays"


def test_a_sheet_before_the_list_and_a_missing_part_of_a_key_are_told(tmp_path):
    book = openpyxl.load_workbook(ATTENDANCE)
    number = next(cell.row for cell in book.active["A"] if cell.value == "N°")
    book.active.cell(number, 4).value = "Prénoms"
    path = tmp_path / "inbox" / "mess_emargement" / "MESS25-013.xlsx"
    path.parent.mkdir(parents=True)
    book.save(path)
    settle(path)
    (report,) = land(tmp_path, "mess_emargement")
    assert "colonne obligatoire absente « Prénom ». Colonnes du fichier" in report.message
    assert "absente « NOM »" not in report.message and report.message.split("attendues")[1].count("« NOM »") == 1
    list_of = book.active.title
    book.create_sheet("Mode d'emploi", 0)["A1"] = "Cochez les présents"
    book.save(path)
    settle(path)
    (report,) = land(tmp_path, "mess_emargement")
    assert report.rule == "entete_introuvable"
    assert report.message.startswith(
        f"Seule la première feuille remplie est lue, et le classeur en a 2 : mettez celle de la liste (« {list_of} » en a les colonnes) en premier"
    )


def test_two_names_for_the_same_bytes_are_one_delivery(tmp_path):
    path = programme(tmp_path)
    copy = path.with_name("copie.xlsx")
    copy.write_bytes(path.read_bytes())
    settle(copy)
    assert len(land(tmp_path)) == 1
    with open_ledger(places(tmp_path).ledger) as ledger:
        assert [row["state"] for row in deliveries(ledger)] == ["accepted"]


def test_a_file_refused_for_its_name_is_read_once_it_has_a_good_one(tmp_path, monkeypatch):
    path = programme(tmp_path)
    path = path.rename(path.with_suffix(".xls"))
    (report,) = land(tmp_path)
    assert (report.outcome, report.rule) == ("refused", "fichier_inattendu")
    assert report.message.endswith("« recap.xls » n'en est pas un. Enregistrez-le dans ce format et redéposez-le.")
    path.rename(path.with_suffix(".xlsx"))
    monkeypatch.setattr("sources.landing.code_hash", lambda: "another program")
    (report,) = land(tmp_path)
    assert (report.outcome, report.rows_accepted) == ("accepted", 2) and not land(tmp_path)
    with open_ledger(places(tmp_path).ledger) as ledger:
        assert [(row["file_name"], row["state"]) for row in deliveries(ledger)] == [("recap.xlsx", "accepted")]


def test_a_file_refused_for_its_name_is_told_what_it_is(tmp_path):
    raw(tmp_path, "hdf_2023_programme", "recap.pdf", b"%PDF-1.7")
    assert land(tmp_path)[0].message.endswith(
        "c’est un PDF, dont aucun chiffre ne peut être repris sûrement. Envoyez le tableau d'origine (.xlsx, .ods ou .csv)."
    )


def test_a_good_name_counts_beside_a_bad_one(tmp_path):
    path = programme(tmp_path)
    shutil.copy2(path, path.with_name("a.ods"))
    assert [report.outcome for report in land(tmp_path)] == ["refused", "accepted"] and not land(tmp_path)


ATTENDANCE = Path(__file__).parents[2] / "sources" / "samples" / "mess_emargement" / "MESS25-013.xlsx"


def sheets_of(home, *names):
    """Attendance sheets of these events, each with bytes of its own."""
    for rank, name in enumerate(names):
        book = openpyxl.load_workbook(ATTENDANCE)
        book.properties.title = str(rank)
        folder = home / "inbox" / "mess_emargement"
        folder.mkdir(parents=True, exist_ok=True)
        book.save(folder / f"{name}.xlsx")
        settle(folder / f"{name}.xlsx")
        yield folder / f"{name}.xlsx"


def events_of(home):
    rows = f"from '{home}/landing/attendance/*.parquet' group by all order by all"
    return duckdb.sql(f"select event_id, file_name, min(delivery_id) {rows}").fetchall()


def test_a_file_whose_name_says_its_event_is_read_again_under_its_new_name(tmp_path):
    first, second = sheets_of(tmp_path, "MESS25-031", "MESS25-014")
    land(tmp_path, "mess_emargement")
    before = {event: delivery for event, _, delivery in events_of(tmp_path)}
    first.rename(first.with_name("MESS25-013.xlsx"))
    (report,) = land(tmp_path, "mess_emargement")
    assert (report.file_name, report.rows_accepted) == ("MESS25-013.xlsx", 9)
    assert events_of(tmp_path) == [
        ("MESS25-013", "MESS25-013.xlsx", before["MESS25-031"]),
        ("MESS25-014", "MESS25-014.xlsx", before["MESS25-014"]),
    ]
    assert not land(tmp_path, "mess_emargement")
    # a copy under another name is one delivery, and so is a name that no file of the source has
    shutil.copy2(second, second.with_name("MESS25-015.xlsx"))
    second.with_name("MESS25-013.xlsx").rename(second.with_name("MESS25-016.ods"))
    assert not land(tmp_path, "mess_emargement")
    assert [event for event, *_ in events_of(tmp_path)] == ["MESS25-013", "MESS25-014"]


def that_reads_another_name_column() -> LoadedContract:
    """The contract of signed sheets, after somebody renamed the column of family names."""
    loaded = CONTRACTS["mess_emargement"]
    fields, other = dict(loaded.contract.fields), "NOM DE FAMILLE"
    composed = tuple(other if header == "NOM" else header for header in fields["attendance_id"].compose)
    fields["attendance_id"] = fields["attendance_id"].model_copy(update={"compose": composed})
    fields["family_name"] = fields["family_name"].model_copy(update={"headers": (other,)})
    return replace(loaded, contract=loaded.contract.model_copy(update={"fields": fields}), sha256="another column")


def test_a_file_that_is_renamed_while_its_contract_changed_keeps_its_rows(tmp_path):
    first, other = sheets_of(tmp_path, "MESS25-013", "MESS25-031")
    land(tmp_path, "mess_emargement")
    before = events_of(tmp_path)
    first.rename(first.with_name("MESS25-014.xlsx"))
    for _ in range(2):
        with pytest.raises(NotReadAgain, match="le contrat ne lit plus «") as said:
            deliver(places(tmp_path), that_reads_another_name_column(), now=NOW + timedelta(days=900))
        assert "MESS25-014.xlsx" in str(said.value) and other.name in str(said.value)
        assert events_of(tmp_path) == before and states(tmp_path) == ["accepted", "accepted"]
    land(tmp_path, "mess_emargement")
    assert sorted(event for event, *_ in events_of(tmp_path)) == ["MESS25-014", "MESS25-031"]


def test_a_copy_under_the_name_of_another_event_is_told(tmp_path):
    (sheet,) = sheets_of(tmp_path, "MESS25-014")
    for name in ("MESS25-015", "MESS25-014 (1)", "Copie de MESS25-014"):
        shutil.copy2(sheet, sheet.with_name(f"{name}.xlsx"))
    land(tmp_path, "mess_emargement")
    # the first one by name is read: « Copie de MESS25-014 » is no event
    told = [("MESS25-014 (1).xlsx", "Copie de MESS25-014.xlsx"), ("MESS25-014.xlsx", "Copie de MESS25-014.xlsx"), ("MESS25-015.xlsx", "Copie de MESS25-014.xlsx")]  # fmt: skip
    assert copied_files(tmp_path) == told
    shutil.rmtree(sheet.parent)
    sheet.parent.symlink_to(sheet.parent)
    assert copied_files(tmp_path) == told, "a folder that the system does not open is not an empty one"


def test_a_copy_is_read_under_its_name_once_the_other_shows_something_else(tmp_path):
    sheet, other = sheets_of(tmp_path, "MESS25-014", "MESS25-016")
    land(tmp_path, "mess_emargement")
    shutil.copy2(sheet, sheet.with_name("MESS25-015.xlsx"))
    shutil.copy2(sheet, sheet.with_name("MESS25-014 (1).xlsx"))
    land(tmp_path, "mess_emargement")
    assert copied_files(tmp_path) == [("MESS25-015.xlsx", "MESS25-014.xlsx")]
    sheet.with_name("MESS25-014 (1).xlsx").unlink()
    other.replace(sheet)
    land(tmp_path, "mess_emargement")
    assert [event for event, *_ in events_of(tmp_path)] == ["MESS25-014", "MESS25-015"]
    assert copied_files(tmp_path) == []


def copied_files(home):
    with duckdb.connect() as con:
        hand_over(con, places(home), {"mess_emargement": CONTRACTS["mess_emargement"]})
        return con.execute("select file_name, read_as from landing.copied_file order by all").fetchall()


def test_two_files_that_exchange_their_names_exchange_their_events(tmp_path):
    first, second = sheets_of(tmp_path, "MESS25-013", "MESS25-014")
    land(tmp_path, "mess_emargement")
    before = {event: delivery for event, _, delivery in events_of(tmp_path)}
    aside = first.rename(first.with_suffix(".part"))
    second.rename(first)
    aside.rename(second)
    assert len(land(tmp_path, "mess_emargement")) == 2
    assert {event: delivery for event, _, delivery in events_of(tmp_path)} == {
        "MESS25-013": before["MESS25-014"],
        "MESS25-014": before["MESS25-013"],
    }


def test_a_sheet_sent_back_empty_says_so(tmp_path):
    programme(tmp_path, ROWS)
    land(tmp_path)
    programme(tmp_path, [])
    (report,) = land(tmp_path)
    assert (report.outcome, report.rows_read) == ("accepted", 0)
    (said,) = [note.message for note in report.notes if note.rule == "aucune_ligne"]
    assert said.startswith("Aucune ligne sous l'en-tête (ligne ") and "il remplace ce qu'il disait avant" in said


def test_hundreds_of_unknown_columns_make_a_sentence_that_can_be_read(tmp_path):
    programme(tmp_path, ROWS, [*HEADER, *(f"Colonne {n}" for n in range(200))])
    (report,) = land(tmp_path)
    assert report.outcome == "held" and len(report.message) < 2500 and "autres colonnes inconnues" in report.message
