"""What nobody could read, or of which no row was accepted, has its time too: counted first, then gone, and said."""

import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest
from small_project import an_hour_old
from ticket_office import PROGRAMME, TICKETS, home_with

from identity.vault import Vault, open_private
from orchestration import rooms
from orchestration.console import Lines
from orchestration.home import Home
from orchestration.retention import by_rule, retention, sentences
from orchestration.status import print_status
from sources.landing import original_path
from sources.ledger import deliveries, open_ledger
from sources.redaction import read_kept

WRITTEN = datetime(2020, 3, 1, tzinfo=UTC)
BEFORE, AFTER = datetime(2023, 2, 28, tzinfo=UTC), datetime(2023, 3, 2, tzinfo=UTC)
BILLETS = (
    TICKETS
    + """\
  registered_at: {headers: [Date], order: dmy}
  full_name: {headers: [Nom], privacy: direct}
"""
)
HEADER = "Billet;Statut;Date;Prix;Nom;Courriel"
FILES = {
    "billets/attente.csv": f"{HEADER};Allergies\nB1;ok;01/02/2020 09:00;1;Ana Partie;ana@exemple.test;noix\n",
    "billets/liste.xlsx": "PK Ana Partie ana@exemple.test",
    "billets/refus.csv": f"{HEADER}\nB2;ok;01/02/2020 09:00;dix;Ana Partie;ana@exemple.test\nB3;ok;01/02/2020 09:00;onze;;\n",
    "programme/attente.csv": "Code;Titre;Contact\nE1;Atelier;ana@exemple.test\n",
}


@pytest.fixture
def home(tmp_path) -> Home:
    """A home with four files written in March 2020 and read in January 2023: one waits, one has an unexpected name, one gives only refused
    rows, and one of a source that announces nobody waits."""
    made = home_with(tmp_path, {"billets": BILLETS, "programme": PROGRAMME}, FILES, WRITTEN.timestamp())
    for contract in rooms.contracts(made).values():
        rooms.deliver(made, contract, datetime(2023, 1, 10, tzinfo=UTC))
    return made


def ledger_of(home: Home) -> dict[str, dict]:
    with open_ledger(home.ledger) as ledger:
        return {f"{row['source']}/{row['file_name']}": row for row in deliveries(ledger)}


def kept_of(home: Home, row: dict) -> bytes:
    path = original_path(home.originals, row["sha256"])
    with Vault(home.vault).cipher.open_decrypted(path, purpose="originals", context=row["sha256"]) as decrypted:
        return decrypted.path.read_bytes()


def status_of(home: Home, capsys) -> str:
    capsys.readouterr()
    print_status(home, Lines())
    return capsys.readouterr().out


def counts(home: Home, now: datetime, *, apply: bool = False) -> tuple[int, int]:
    report = by_rule(retention(home, now, apply=apply))
    return report["unread_files"], report["refused_rows"]


def test_a_file_that_nobody_read_and_rows_that_were_all_refused_go_at_their_time(home, capsys):
    before = ledger_of(home)
    assert {name: row["outcome"] for name, row in before.items()} == {
        "billets/attente.csv": "held",
        "billets/liste.xlsx": "refused",
        "billets/refus.csv": "accepted",
        "programme/attente.csv": "held",
    }
    assert counts(home, BEFORE) == (0, 0)
    assert counts(home, AFTER) == (2, 1), "the row without a name or an address says nothing of a person"
    assert ledger_of(home) == before and b"ana@exemple.test" in kept_of(home, before["billets/attente.csv"])

    assert counts(home, AFTER, apply=True) == (2, 1), "what the dry run said"
    after = ledger_of(home)
    for name, row in after.items():
        assert (b"Ana" in kept_of(home, row) or b"ana@" in kept_of(home, row)) == name.startswith("programme/"), name
        for count in ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate"):
            assert row[count] == before[name][count], (name, count)
    gone = [name for name, row in after.items() if row["rule"] == "original_efface"]
    assert gone == ["billets/attente.csv", "billets/liste.xlsx"]
    assert all(after[name]["state"] == "refused" and "il n'en reste rien" in after[name]["message"] for name in gone)
    assert [path.name for path in (home.inbox / "billets").iterdir()] == [], "nor in the inbox"
    said = status_of(home, capsys)
    assert "Fichiers dont il ne reste rien" in said and "billets / liste.xlsx" in said
    assert "programme / attente.csv (en attente, livraison " in said and "billets / attente.csv (" not in said
    assert counts(home, AFTER, apply=True) == (0, 0), "once"


def test_the_original_of_no_delivery_goes_at_its_time_too(home):
    left = home.originals / "ab" / f"ab{'0' * 62}"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"of a night that was interrupted")
    os.utime(left, (BEFORE.timestamp(),) * 2)
    assert counts(home, AFTER, apply=True) == (2, 1) and left.exists(), "written three years later than the others"
    assert counts(home, datetime(AFTER.year + 4, 1, 1, tzinfo=UTC), apply=True) == (2, 0) and not left.exists()


def test_a_file_of_a_source_that_announces_nobody_has_its_time_from_its_reception(home):
    assert counts(home, datetime(2026, 1, 9, tzinfo=UTC))[0] == 2
    assert counts(home, datetime(2026, 1, 11, tzinfo=UTC), apply=True)[0] == 3
    assert b"ana@" not in kept_of(home, ledger_of(home)["programme/attente.csv"])


def test_the_file_stays_gone_when_its_contract_changes_or_it_comes_back_to_the_inbox(home):
    retention(home, AFTER, apply=True)
    contract = home.contracts / "billets.yml"
    contract.write_text(f"{contract.read_text(encoding='utf-8')}ignore: [Allergies]\n", encoding="utf-8")
    (home.inbox / "billets" / "attente.csv").write_text(FILES["billets/attente.csv"], encoding="utf-8")
    os.utime(home.inbox / "billets" / "attente.csv", (WRITTEN.timestamp(), WRITTEN.timestamp() + 5))
    rooms.deliver(home, rooms.contracts(home)["billets"], AFTER)
    row = ledger_of(home)["billets/attente.csv"]
    assert (row["rule"], row["rows_accepted"]) == ("original_efface", 0)
    assert b"ana@" not in kept_of(home, row)


def test_what_a_source_without_contract_left_goes_whole_when_all_of_it_is_too_old(home):
    path = home.inbox / "billets" / "lue.csv"
    path.write_text(f"{HEADER}\nB9;ok;01/03/2020 09:00;1;Zoé Juste;zoe@exemple.test\n", encoding="utf-8")
    os.utime(path, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    rooms.deliver(home, rooms.contracts(home)["billets"], datetime(2023, 1, 11, tzinfo=UTC))
    (home.contracts / "billets.yml").unlink()
    assert by_rule(retention(home, BEFORE, apply=False))["registrations"] == 0
    for apply in (False, True):
        report = by_rule(retention(home, AFTER, apply=apply))
        assert (report["registrations"], report["unread_files"], report.get("left", 0)) == (1, 3, 0), (
            "the list whose every row was refused too"
        )
    after = ledger_of(home)
    assert b"zoe@" not in kept_of(home, after["billets/lue.csv"])
    assert b"ana@" not in kept_of(home, after["billets/attente.csv"])
    assert (after["billets/lue.csv"]["rows_accepted"], after["billets/lue.csv"]["rule"]) == (1, "original_efface")
    assert not list(Path(home.landing / "registration").glob(f"*{after['billets/lue.csv']['delivery_id']}*"))
    again = retention(home, AFTER, apply=True)
    assert not any(due.count for due in again if due.rule != "year_keys"), sentences(again, apply=True)


def test_a_workbook_that_came_back_goes_too_from_whatever_folder(home):
    book = openpyxl.Workbook()
    book.active.append(["Cellule", "Valeur corrigée", "Auteur", "Date", "clé"])
    book.active.append(["G7", "ana@exemple.test", "Ana Partie", "2020-02-28", '["billets", "0", 7, "date", "x"]'])
    hidden = book.create_sheet("observatoire-retour")
    for fact in (("kind", "corrections"), ("release", "1"), ("made_on", "2020-02-22")):
        hidden.append(fact)
    path = home.inbox / "billets" / "rempli.xlsx"
    book.save(path)
    an_hour_old(path)
    rooms.take_returns(home, rooms.contracts(home), WRITTEN)
    row = ledger_of(home)["retours/billets/rempli.xlsx"]
    assert counts(home, AFTER)[0] == 3 and kept_of(home, row).startswith(b"PK")
    assert counts(home, AFTER, apply=True)[0] == 3
    left = ledger_of(home)["retours/billets/rempli.xlsx"]
    assert kept_of(home, left) == b"OBSREDACTED1\n" and not path.exists()
    assert (left["outcome"], left["message"]) == (row["outcome"], row["message"]), "what was said of it stays"


PLANNED = PROGRAMME.replace(
    'pattern: "*.csv", shape: delimited, delimiter: ";"', 'pattern: "*.xlsx", shape: spreadsheet'
)


def planned(path: Path) -> None:
    """A programme that names persons where nothing reads: in a title, a column, a row of its own, a remark, another sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Animé par Inès Ailleurs"], ["Code", "Titre", "Date", "Intervenants"], ["E1", "Atelier", "01/02/2020", "Inès Ailleurs"],
        ["E2", "Débat", "02/02/2020", None], ["E3", None, None, "Inès Ailleurs"], [None, None, None, "Inès Ailleurs absente"],
    ):  # fmt: skip
        sheet.append(row)
    sheet["B3"].comment = openpyxl.comments.Comment("à revoir", "Inès Ailleurs")
    book.create_sheet("Inès Ailleurs").append(["ines@exemple.test"])
    path.parent.mkdir()
    book.save(path)
    an_hour_old(path)


def said_in(home: Home, row: dict) -> str:
    """The cells that are left of a delivery that was redacted."""
    path = original_path(home.originals, row["sha256"])
    with Vault(home.vault).cipher.open_decrypted(path, purpose="originals", context=row["sha256"]) as decrypted:
        return str([sheet.table.to_pylist() for sheet in read_kept(decrypted.path).sheets])


def landed_of(home: Home, source: str) -> list[tuple]:
    with duckdb.connect() as con:
        events = con.execute(f"from '{home.landing}/event/{source}__*.parquet' order by row_number").fetchall()
        files = [str(path) for path in (home.landing / "quarantine").glob(f"{source}__*.parquet")]
        refused = "select row_number, cell, rule from read_parquet($files) order by all"
        return [*events, *(con.execute(refused, {"files": files}).fetchall() if files else [])]


@pytest.mark.nights
def test_what_nothing_reads_of_an_accepted_file_goes_at_its_time_and_the_rest_is_read_as_before(tmp_path):
    made = home_with(
        tmp_path,
        {"planning": PLANNED.replace("source: programme", "source: planning") + "ignore: [Intervenants]\n"},
        {},
        0,
    )
    planned(made.inbox / "planning" / "p.xlsx")
    loaded = rooms.contracts(made)["planning"]
    rooms.deliver(made, loaded, WRITTEN)
    row, landed = ledger_of(made)["planning/p.xlsx"], landed_of(made, "planning")
    assert [each[0] for each in landed[2:]] == [5, 6, 6], "two rows are refused, one of nothing but a remark"

    assert by_rule(retention(made, BEFORE, apply=False))["unread"] == 0
    assert by_rule(retention(made, AFTER, apply=False))["unread"] == 1
    assert kept_of(made, row).startswith(b"PK"), "a dry run"
    done = by_rule(retention(made, AFTER, apply=True))
    assert (done["unread"], done["left"]) == (1, 0)
    assert landed_of(made, "planning") == landed
    assert not (made.inbox / "planning" / "p.xlsx").exists()
    said = said_in(made, row)
    assert "Inès" not in said and "ines@" not in said and "Atelier" in said
    assert by_rule(retention(made, AFTER, apply=False))["unread"] == 0, "once"

    planned_again = loaded.path.read_text(encoding="utf-8").replace("title: {", "venue: {headers: [Date2]}\n  title: {")
    loaded.path.write_text(planned_again, encoding="utf-8")
    rooms.deliver(made, rooms.contracts(made)["planning"], AFTER)
    assert landed_of(made, "planning") == landed, "read again by a changed contract"


def test_titles_and_remarks_of_every_sheet_go_where_all_are_read(tmp_path):
    every = PLANNED.replace("shape: spreadsheet", "shape: spreadsheet, every_sheet: true")
    made = home_with(
        tmp_path, {"planning": every.replace("source: programme", "source: planning") + "ignore: [Avec]\n"}, {}, 0
    )
    book = openpyxl.Workbook()
    for number in (1, 2):
        sheet = book.active if number == 1 else book.create_sheet("Mai")
        for row in (
            ["Animé par Inès"],
            ["Code", "Titre", "Date", "Avec"],
            [f"E{number}", "Atelier", "01/02/2020", "Inès"],
        ):
            sheet.append(row)
    path = made.inbox / "planning" / "p.xlsx"
    path.parent.mkdir()
    book.save(path)
    an_hour_old(path)
    rooms.deliver(made, rooms.contracts(made)["planning"], WRITTEN)
    landed = landed_of(made, "planning")
    done = by_rule(retention(made, AFTER, apply=True))
    assert (done["unread"], done["left"], len(landed)) == (1, 0, 2)
    assert landed_of(made, "planning") == landed and "Inès" not in said_in(made, ledger_of(made)["planning/p.xlsx"])


@pytest.mark.nights
def test_what_nothing_reads_of_a_list_goes_although_a_person_of_it_stays(tmp_path):
    ana, zoe = "1;Ana Partie;ana@exemple.test", "1;Zoé Juste;zoe@exemple.test"
    files = {
        "billets/l.csv": f"{HEADER};Allergies\nB1;ok;01/02/2020 09:00;{ana};\nB2;ok;01/02/2022 09:00;{zoe};noix\n",
        "billets/m.csv": f"{HEADER}\nB3;ok;01/02/2024 09:00;{zoe}\n",
    }
    made = home_with(tmp_path, {"billets": f"{BILLETS}ignore: [Allergies]\n"}, files, WRITTEN.timestamp())
    rooms.deliver(made, rooms.contracts(made)["billets"], WRITTEN)
    rooms.match(made, rooms.contracts(made))
    assert by_rule(retention(made, datetime(2025, 1, 31, tzinfo=UTC), apply=False))["unread"] == 0, "a row is recent"
    late = datetime(2025, 2, 3, tzinfo=UTC)
    assert by_rule(retention(made, late, apply=True))["unread"] == 1
    said = said_in(made, ledger_of(made)["billets/l.csv"])
    assert "Zoé" in said
    assert "Ana" not in said and "noix" not in said
    assert by_rule(retention(made, late, apply=True))["unread"] == 0


@pytest.mark.nights
def test_diets_and_needs_land_nowhere_and_go_from_what_is_kept_a_month_later(tmp_path):
    lines = f"{HEADER};Régime alimentaire;Besoins d'accessibilité;Code promo\nB1;ok;01/02/2020 09:00;1;Ana Partie;ana@exemple.test;sansgluten;fauteuil;ESS10\n"
    contract = f'{BILLETS}ignore: [Régime alimentaire, "Besoins d\'accessibilité", Code promo]\n'
    made = home_with(tmp_path, {"billets": contract}, {"billets/l.csv": lines}, WRITTEN.timestamp())
    rooms.deliver(made, rooms.contracts(made)["billets"], WRITTEN)
    with open_private() as con, duckdb.connect() as plain:
        Vault(made.vault).load(con, purpose="verification")
        landed = plain.execute(f"from '{made.landing}/registration/*.parquet'").fetchall()
        stored = str([con.execute("from identities").fetchall(), landed])
    assert "Ana" in stored and "sansgluten" not in stored and "fauteuil" not in stored
    assert by_rule(retention(made, datetime(2020, 2, 29, tzinfo=UTC), apply=False))["logistics"] == 0
    soon = datetime(2020, 3, 2, tzinfo=UTC)
    assert by_rule(retention(made, soon, apply=False))["logistics"] == 1
    assert by_rule(retention(made, soon, apply=True))["logistics"] == 1
    said = said_in(made, ledger_of(made)["billets/l.csv"])
    assert "Ana" in said and "ESS10" in said
    assert "sansgluten" not in said and "fauteuil" not in said
    assert not list((made.inbox / "billets").iterdir())
    assert by_rule(retention(made, soon, apply=True))["logistics"] == 0
