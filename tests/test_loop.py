"""The loop with the people who type: what the portal gives to fix comes back filled in, is applied, traced, and expires."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import openpyxl
import pytest

from publication import returns
from publication.labels import Labels
from sources.corrections import applicable
from sources.handover import hand_over
from sources.inbox import RETURNS, is_a_return, look
from sources.landing import Places, deliver
from sources.ledger import deliveries, open_ledger
from sources.returned import returned_corrections, returned_explanations, with_returned
from sources.returns import take_returns
from tests.sources.deliveries import CONTRACTS, NOW, ROWS, programme, settle

SOURCE = "hdf_2023_programme"
ROOT = Path(__file__).parents[1]
BAD = [3, "URSCOP", "Rendez-vous", "TRANSITION SOCIALE", 62, "ARRAS", "32 avril", 12]
DAY = "23/11/2026"


@pytest.fixture(scope="module")
def landed_once(tmp_path_factory):
    """A programme whose third row has an impossible date, landed, and the workbooks of a first release: copied for each test."""
    home = tmp_path_factory.mktemp("loop") / "home"
    programme(home, [*ROWS, BAD])
    return Desk(home).first()


@pytest.fixture
def desk(landed_once, tmp_path):
    return landed_once.copied(tmp_path / "home")


class Desk:
    """One source in one home: landing it, the workbooks a release of it gives, filling and sending them back."""

    def __init__(self, home, source: str = SOURCE):
        self.home, self.source = home, source
        names = ("inbox", "originals", "landing", "ledger.sqlite", "vault", "crawls", "corrections")
        self.places = Places(*(home / name for name in names))
        self.public, self.nights, self.reports, self.first_books = home / "public1", 0, [], []

    def first(self):
        self.reports = self.land()
        self.first_books = self.released()
        return self

    def copied(self, home):
        shutil.copytree(self.home, home)
        other = Desk(home, self.source)
        other.nights, other.reports, other.first_books = self.nights, self.reports, self.first_books
        return other

    def land(self):
        self.nights += 1
        return deliver(self.places, CONTRACTS[self.source], now=NOW + timedelta(hours=self.nights))

    def books(self) -> list[returns.Book]:
        return self.first_books

    def released(self, release: int = 1) -> list[returns.Book]:
        """The workbooks a release of tonight would give."""
        candidate, self.public = self.home / "candidate", self.home / f"public{release}"
        candidate.mkdir(exist_ok=True)
        self.public.mkdir(exist_ok=True)
        (candidate / "warehouse.duckdb").unlink(missing_ok=True)
        with duckdb.connect(str(candidate / "warehouse.duckdb")) as con:
            hand_over(con, self.places, CONTRACTS)
        return self.write_books(release)

    def write_books(self, release: int = 1) -> list[returns.Book]:
        return returns.write(self.public, self.home / "candidate", Labels(), release=release, made_at=NOW)

    def send_back(self, book: returns.Book, folder: str = RETURNS, name: str = "rempli.xlsx", **cells: str):
        """Fill the first line of a workbook as the organiser would, and drop it into the inbox."""
        opened = openpyxl.load_workbook(self.public / book.path)
        sheet = opened.worksheets[0]
        heads = {cell.value: cell.column for cell in sheet[4]}
        for heading, text in cells.items():
            sheet.cell(5, heads[heading.replace("_", " ")]).value = text
        path = self.home / "inbox" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        opened.save(path)
        return settle(path)

    def take(self, days: int = 1):
        return take_returns(self.places, CONTRACTS, now=NOW + timedelta(days=days))

    def landed(self, columns: str) -> list[tuple]:
        with duckdb.connect() as con:
            files = str(self.places.landing / "event" / f"{SOURCE}__*.parquet")
            return con.execute(
                f"select {columns} from read_parquet($f) qualify delivered_at = max(delivered_at) over () order by event_id",
                {"f": files},
            ).fetchall()


FILLED = {"Valeur_corrigée": "21 avril", "Auteur": "Zélie Exemple", "Date": DAY}


def test_the_workbook_says_what_to_fix_and_locks_the_rest(desk):
    (book,) = desk.books()
    assert (book.path, book.lines) == (f"retours/a-corriger--{SOURCE}.xlsx", 1)
    opened = openpyxl.load_workbook(desk.public / book.path)
    sheet = opened.worksheets[0]
    line = {sheet.cell(4, cell.column).value: cell for cell in sheet[5]}
    assert (line["Fichier"].value, line["Feuille"].value, line["Cellule"].value) == (
        "recap.xlsx",
        "Ateliers 2023",
        "G7",
    )
    assert (line["Colonne"].value, line["Valeur lue"].value) == ("Date", "32 avril")
    assert "32 avril" in line["Problème"].value and line["Quoi faire"].value
    assert sheet.protection.sheet and line["Problème"].protection.locked
    for name in ("Valeur corrigée", "Auteur", "Date"):
        assert not line[name].protection.locked and line[name].value is None
    assert sheet.column_dimensions["L"].hidden and opened["observatoire-retour"].sheet_state == "hidden"
    assert is_a_return(desk.public / book.path)


@pytest.mark.parametrize("folder", [RETURNS, SOURCE], ids=["retours", "its source"])
def test_a_filled_line_is_applied_the_next_night_and_traced(desk, folder):
    (book,) = desk.books()
    desk.send_back(book, folder, **FILLED)
    (report,) = desk.take()
    assert (report.rows_read, report.rows_accepted, report.rows_structure) == (1, 1, 0), report.notes
    assert desk.take() == [], "taken once"
    (landed,) = desk.land()
    assert (landed.rows_accepted, landed.rows_quarantined) == (3, 0)
    assert desk.landed("starts_on::varchar, corrections")[2] == ("2023-04-21", [f"retour-{report.delivery_id[:8]}-5"])
    assert desk.land() == [], "nothing is new"
    assert desk.released(2) == [], "nothing is left to fix"
    with duckdb.connect(str(desk.home / "candidate" / "warehouse.duckdb")) as con:
        ((fields, author, on),) = con.execute("select fields, author, added_on::varchar from landing.correction where correction_id like 'retour-%'").fetchall()  # fmt: skip
        assert (fields, author, on) == (["date"], "Zélie Exemple", "2026-11-23")
        assert con.execute("select row_number from landing.corrected_row").fetchall() == [(7,)]


def test_it_expires_when_the_source_is_fixed(desk):
    (book,) = desk.books()
    desk.send_back(book, **FILLED)
    desk.take()
    desk.land()
    programme(desk.home, [*ROWS, [*BAD[:6], "22 avril", 12]])
    (report,) = desk.land()
    assert report.rows_accepted == 3 and desk.landed("starts_on::varchar")[-1] == ("2023-04-22",)
    assert any("ne s'applique plus : la source a changé à cet endroit" in note.message for note in report.notes)


def test_it_still_holds_in_a_later_file_where_nothing_was_fixed(desk):
    (book,) = desk.books()
    desk.send_back(book, **FILLED)
    desk.take()
    programme(desk.home, [[1, "COLLECTIF PHARE", "Coconstruire", "TRANSITION SOCIALE", *ROWS[0][4:]], ROWS[1], BAD])
    reports = desk.land()
    assert all(report.rows_quarantined == 0 for report in reports), reports


@pytest.mark.parametrize(
    ("cells", "rule", "said"),
    [
        ({"Auteur": ""}, "auteur", "qui a rempli"),
        ({"Auteur": "?"}, "auteur", "qui a rempli"),
        ({"Date": ""}, "date", "doit porter un jour"),
        ({"Date": "bientôt"}, "date", "« bientôt »"),
        ({"Date": "27/11/2099"}, "date", "futur"),
        ({"Date": "01/01/2020"}, "date", "précède la version 1"),
        (
            {"Valeur_corrigée": "33 avril"},
            "valeur_refusee",
            "la valeur corrigée de la cellule G7 est refusée à son tour",
        ),
        ({"clé": "[]"}, "cle_abimee", "repartez du classeur publié"),
        ({"clé": json.dumps([SOURCE, "0" * 16, 7, "date", "x"])}, "sans_objet", "n'est plus mise de côté"),
        ({"clé": json.dumps([SOURCE, "../../../etc", 7, "date", "x"])}, "sans_objet", "n'est plus mise de côté"),
    ],
)
def test_a_line_that_cannot_be_taken_says_why(desk, cells, rule, said):
    (book,) = desk.books()
    desk.send_back(book, **(FILLED | cells))
    (report,) = desk.take()
    assert (report.rows_read, report.rows_accepted, report.rows_quarantined) == (1, 0, 1)
    (note,) = report.notes
    assert note.rule == rule and said in note.message and note.message.startswith("Ligne 5 : ")
    assert desk.land() == [] and not desk.places.returned.exists()


def test_lines_left_empty_are_counted_and_ignored(desk):
    (book,) = desk.books()
    desk.send_back(book, Auteur="Zélie Exemple", Date=DAY)
    (report,) = desk.take()
    assert (report.rows_read, report.rows_structure, report.notes) == (0, 1, ())
    assert report.message == "rien n'y est rempli (1 ligne laissée vide)."


def in_a_copy_of_the_sheet(path, heading: str, text: str | None) -> None:
    """Copy the filled sheet of a workbook and type something in the copy."""
    opened = openpyxl.load_workbook(path)
    copied = opened.copy_worksheet(opened.worksheets[0])
    copied.title = "Ma copie"
    copied.cell(5, next(cell.column for cell in copied[4] if cell.value == heading)).value = text
    opened.save(path)
    settle(path)


def test_a_copy_of_the_sheet_is_read_too(desk):
    """Of two values for one cell the first is kept, and where the other stands is said."""
    (book,) = desk.books()
    for name, first, second, said in (
        ("contraires.xlsx", "20 avril", "21 avril", (1, 0, 1)),
        ("copie.xlsx", None, "22 avril", (0, 0, 1)),
    ):
        path = desk.send_back(book, name=name, **(FILLED | {"Valeur_corrigée": first}))
        in_a_copy_of_the_sheet(path, "Valeur corrigée", second)
        (report,) = desk.take()
        assert (report.rows_accepted, report.rows_duplicate, report.rows_quarantined) == said
        assert report.notes[0].message.startswith("Ligne 5 de la feuille « Ma copie » : la cellule ")
    desk.land()
    assert desk.landed("starts_on::varchar")[-1] == ("2023-04-20",)


@pytest.mark.parametrize("first", [None, "21 avril"])
def test_a_line_of_a_copied_sheet_is_one_line(desk, first):
    (book,) = desk.books()
    path = desk.send_back(book, **(FILLED | {"Valeur_corrigée": first}))
    in_a_copy_of_the_sheet(path, "Valeur corrigée", "21 avril")
    (report,) = desk.take()
    assert (report.rows_accepted, report.rows_duplicate, report.notes) == (1, first is not None, ())
    desk.land()
    assert desk.landed("starts_on::varchar")[-1] == ("2023-04-21",)


def test_a_line_already_corrected_is_without_object(desk):
    (book,) = desk.books()
    desk.send_back(book, **FILLED)
    desk.take()
    desk.land()
    desk.send_back(book, name="encore.xlsx", **(FILLED | {"Valeur_corrigée": "23 avril"}))
    (report,) = desk.take(2)
    assert report.notes[0].rule == "sans_objet"


def test_two_corrections_of_one_cell(desk):
    """The first is kept; the same one again is known; another one needs a more recent workbook."""
    (book,) = desk.books()
    desk.send_back(book, **FILLED)
    desk.take()
    desk.send_back(book, name="meme.xlsx", **(FILLED | {"Auteur": "Quelqu’un d’autre"}))
    (again,) = desk.take(2)
    assert (again.rows_duplicate, again.notes) == (1, ())
    desk.send_back(book, name="autre.xlsx", **(FILLED | {"Valeur_corrigée": "23 avril"}))
    (other,) = desk.take(3)
    assert other.notes[0].rule == "deux_corrections" and "Zélie Exemple le 23/11/2026" in other.notes[0].message
    desk.land()
    assert desk.landed("starts_on::varchar")[-1] == ("2023-04-21",)


def test_a_correction_that_is_itself_wrong_is_not_taken_and_is_corrected_from_the_same_workbook(desk):
    (book,) = desk.books()
    desk.send_back(book, **(FILLED | {"Valeur_corrigée": "33 avril"}))
    (report,) = desk.take()
    assert "0 prise en compte, 0 déjà connue, 1 refusée" in report.message
    assert "« 33 avril »" in report.notes[0].message and desk.land() == []
    desk.send_back(book, name="seconde.xlsx", **FILLED)
    (report,) = desk.take(2)
    assert report.rows_accepted == 1, report.notes
    (landed,) = desk.land()
    assert (landed.rows_accepted, landed.rows_quarantined) == (3, 0)
    assert desk.landed("starts_on::varchar")[-1] == ("2023-04-21",)


def test_an_empty_value_can_be_the_right_one(tmp_path):
    programme(tmp_path, [*ROWS, [*BAD[:6], "21 avril", "beaucoup trop (12 ?) ou 13"]])
    desk = Desk(tmp_path).first()
    (book,) = desk.books()
    desk.send_back(book, **(FILLED | {"Valeur_corrigée": "(vide)"}))
    (report,) = desk.take()
    assert report.rows_accepted == 1, report.notes
    desk.land()
    assert desk.landed("participants, starts_on::varchar")[-1] == (None, "2023-04-21")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda sheet: sheet.delete_cols(12), "ses lignes n'y sont plus reconnues"),
        (lambda sheet: sheet.delete_cols(10, 2), "n'a plus de colonne « auteur », « date »"),
        (lambda sheet: sheet.cell(4, 9, "Bonne valeur"), "n'a plus de colonne « valeur corrigée »"),
    ],
)
def test_a_damaged_workbook_is_refused_with_what_to_do(desk, harm, said):
    (book,) = desk.books()
    path = desk.send_back(book, **FILLED)
    opened = openpyxl.load_workbook(path)
    harm(opened.worksheets[0])
    opened.save(path)
    settle(path)
    (report,) = desk.take()
    assert (report.outcome, report.rule) == ("refused", "retour_abime")
    assert said in report.message and "repartez du classeur publié" in report.message


def test_anything_else_in_the_folder_of_returns_is_said(desk):
    path = desk.home / "inbox" / RETURNS / "note.txt"
    path.parent.mkdir(parents=True)
    path.write_text("bonjour")
    seen = look(desk.places.inbox, desk.places.ledger, CONTRACTS)
    assert [note.rule for note in seen.notes] == ["pas_un_retour"] and not seen.returns and desk.take() == []


def test_the_same_bytes_under_another_name_are_taken_once(desk):
    (book,) = desk.books()
    path = desk.send_back(book, **FILLED)
    copy = path.with_name("copie.xlsx")
    copy.write_bytes(path.read_bytes())
    settle(copy)
    (report,) = desk.take()
    path.write_bytes(copy.read_bytes())
    settle(path)
    assert desk.take(2) == [], "the same bytes, written again"

    def kept():
        with open_ledger(desk.places.ledger) as ledger:
            return [(row["rows_accepted"], row["message"]) for row in deliveries(ledger, RETURNS)]

    assert kept() == [(1, report.message)] and "1 prise en compte" in report.message, "what was said of it stays"
    with open_ledger(desk.places.ledger) as ledger:
        ledger.execute("delete from delivery where source = ?", (RETURNS,))
        ledger.execute("delete from sighting where source = ?", (RETURNS,))
        ledger.commit()
    assert [report.notes[0].rule for report in desk.take(3)] == ["deja_pris"], "an older ledger came back"


def test_corrections_of_one_delivery_do_not_speak_of_another(desk):
    (book,) = desk.books()
    desk.send_back(book, **FILLED)
    desk.take()
    from identity.vault import Vault

    found = returned_corrections(desk.places.returned, SOURCE, Vault(desk.places.vault).cipher)
    delivery_id = found[0].at.delivery_id
    assert applicable(found, delivery_id, "autre nom.xlsx") == found
    assert applicable(found, "f" * 16, "recap.xlsx") == found
    assert applicable(found, "f" * 16, "autre.xlsx") == ()


# --- what is typed about persons -----------------------------------------------------------------------------------

PERSONAL = "mess_eventbrite"
TYPED = "99/99/24 Canarinette"


@pytest.fixture(scope="module")
def sold_once(tmp_path_factory):
    """Two places sold, the second on an impossible day typed beside a name."""
    home = tmp_path_factory.mktemp("tickets") / "home"
    header = (
        next((ROOT / "sources" / "samples" / PERSONAL).glob("*.csv")).read_text(encoding="utf-8-sig").splitlines()[0]
    )
    columns = {name: place for place, name in enumerate(header.split(","))}
    lines = [header]
    for number, day in ((1, "09/24/24 18:12"), (2, TYPED)):
        cells = [""] * len(columns)
        for name, text in {
            "Attendee #": f"10{number}", "Order #": f"20{number}", "Order Date": day, "First Name": "Léa", "Last Name": "CANARINETTE",
            "Email": f"lea{number}@canarinette.example", "Attendee Status": "Attending", "Événement choisi": "MESS24-011", "Édition": "MESS-2024",
            "Ticket Type": "Entrée générale", "Total Paid": "0.00",
        }.items():  # fmt: skip
            cells[columns[name]] = text
        lines.append(",".join(cells))
    path = home / "inbox" / PERSONAL / "report.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    settle(path)
    return Desk(home, PERSONAL).first()


@pytest.fixture
def tickets(sold_once, tmp_path):
    return sold_once.copied(tmp_path / "home")


def test_what_was_typed_about_a_person_is_never_in_a_workbook_and_comes_back_sealed(tickets):
    assert tickets.reports[0].rows_quarantined == 1
    (book,) = tickets.books()
    sheet = openpyxl.load_workbook(tickets.public / book.path).worksheets[0]
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value]
    assert not any("Canarinette" in text or TYPED in text for text in cells)
    tickets.send_back(book, **(FILLED | {"Valeur_corrigée": "09/25/24 10:00"}))
    (report,) = tickets.take()
    assert report.rows_accepted == 1, report.notes
    kept = "".join(path.read_text(encoding="utf-8") for path in tickets.places.returned.glob("*.json"))
    assert "09/25/24" not in kept and "Canarinette" not in kept and '"sealed": true' in kept
    (landed,) = tickets.land()
    assert (landed.rows_accepted, landed.rows_quarantined) == (2, 0)


def _at(desk, cipher):
    """(source, delivery_id, row_number) of what came back, as one thing each."""
    from types import SimpleNamespace

    found = returned_corrections(desk.places.returned, desk.source, cipher)
    return [
        SimpleNamespace(source=desk.source, delivery_id=c.at.delivery_id, row_number=c.at.row_number) for c in found
    ]


def test_what_came_back_is_forgotten_with_the_person(tickets):
    from identity.vault import Vault
    from sources.returned import forget

    (book,) = tickets.books()
    tickets.send_back(book, **(FILLED | {"Valeur_corrigée": "09/25/24 10:00"}))
    tickets.take()
    cipher = Vault(tickets.places.vault).cipher
    ((_, _, row),) = {(a.source, a.delivery_id, a.row_number) for a in _at(tickets, cipher)}
    assert forget(tickets.places.returned, cipher, mentions=lambda text: "personne" in text) == 0
    assert forget(tickets.places.returned, cipher, mentions=lambda text: "Canarinette" in text) == 1, (
        "what was typed before"
    )
    assert returned_corrections(tickets.places.returned, PERSONAL, cipher) == () and row == 3


def test_a_row_that_was_erased_is_not_corrected_any_more(tickets):
    from identity.vault import Vault
    from sources.returned import forget

    (book,) = tickets.books()
    tickets.send_back(book, **(FILLED | {"Valeur_corrigée": "09/25/24 10:00"}))
    tickets.take()
    cipher = Vault(tickets.places.vault).cipher
    rows = [(a.source, a.delivery_id, a.row_number) for a in _at(tickets, cipher)]
    assert forget(tickets.places.returned, cipher, rows=[(PERSONAL, "0" * 16, rows[0][2])]) == 0
    assert forget(tickets.places.returned, cipher, rows=rows) == 1


# --- differences to explain ----------------------------------------------------------------------------------------

EXPLAINED = {"Explication": "L’atelier de décembre manquait.", "Ce_qui_en_est_fait": "Publier 36.", "Auteur": "Zélie Exemple", "Date": DAY}  # fmt: skip


@pytest.fixture
def differing(desk):
    """The workbook of one printed figure, 35, that differs from ours, 36, and another that is explained."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def line(member: str, explained: bool | None) -> dict:
        return {
            "programme_id": "HDF-CONF-2023", "indicator": "nb_evenements", "breakdown": "total", "member": member, "value": 36.0,
            "figure_text": "35 ateliers", "difference": 1.0, "blocks_dataset": "ind_events", "is_explained": explained, "conf_status": "F",
        }  # fmt: skip

    data = desk.home / "candidate" / "data"
    data.mkdir()
    lines = [
        line("total", False),
        line("autre", True),
        line("concorde", None),
        line("secret", False) | {"conf_status": "A"},
    ]
    pq.write_table(pa.Table.from_pylist(lines), data / "ind_reconciliation.parquet")
    books = desk.write_books()
    assert [book.path for book in books] == [f"retours/a-corriger--{SOURCE}.xlsx", "retours/ecarts-a-expliquer.xlsx"]
    return desk, books[1]


def test_a_difference_explained_in_the_workbook_is_an_explanation(differing):
    desk, book = differing
    assert book.lines == 1, "neither what is explained, nor what agrees, nor what is secret"
    desk.send_back(book, **EXPLAINED)
    (report,) = desk.take()
    assert report.rows_accepted == 1, report.notes
    (found,) = returned_explanations(desk.places.returned)
    assert (found.programme_id, found.indicator, found.dimension, found.member) == ("HDF-CONF-2023", "nb_evenements", "total", "total")  # fmt: skip
    assert (found.expected_difference, found.cause, found.treatment) == (1.0, EXPLAINED["Explication"], "Publier 36.")
    with duckdb.connect() as con:
        hand_over(con, desk.places, CONTRACTS)
        rows = con.execute("select author, expected_difference from landing.explanation where member = 'total' and dimension = 'total'").fetchall()  # fmt: skip
        assert rows == [("Zélie Exemple", 1.0)], "another difference will not be explained by it"


def test_an_explanation_without_what_is_done_about_it_is_refused(differing):
    desk, book = differing
    desk.send_back(book, **(EXPLAINED | {"Ce_qui_en_est_fait": ""}))
    (report,) = desk.take()
    assert report.notes[0].rule == "sans_suite" and returned_explanations(desk.places.returned) == ()


def test_two_explanations_of_one_figure(differing):
    desk, book = differing
    desk.send_back(book, **EXPLAINED)
    desk.take()
    desk.send_back(book, name="autre.xlsx", **(EXPLAINED | {"Explication": "Erreur de frappe."}))
    (report,) = desk.take(2)
    assert report.notes[0].rule == "deux_explications" and "de Zélie Exemple" in report.notes[0].message


def test_an_explanation_that_came_back_replaces_the_declared_one_of_the_same_figure():
    from sources.explanations import load_explanations

    declared = load_explanations()
    newer = declared[0].model_copy(update={"cause": "Autre cause.", "expected_difference": -2.0})
    both = with_returned(declared, (newer,))
    assert len(both) == len(declared) and newer in both and declared[0] not in both


# --- per organiser -------------------------------------------------------------------------------------------------


def organised(desk, *whose: tuple[int, str | None]) -> None:
    """What the warehouse says of refused rows: (row_number, organiser), as `fct_quarantine` and `dim_organisation` hold it."""
    with duckdb.connect(str(desk.home / "candidate" / "warehouse.duckdb")) as con:
        con.execute("create or replace table main.dim_organisation (organisation_key bigint, name varchar)")
        con.execute(
            "create or replace table main.fct_quarantine (source varchar, delivery_id varchar, row_number integer, organisation_key bigint)"
        )
        for key, (row_number, name) in enumerate(whose):
            if name:
                con.execute("insert into main.dim_organisation values (?, ?)", [key, name])
            con.execute(
                "insert into main.fct_quarantine select source, delivery_id, row_number, ? from landing.quarantine where row_number = ?",
                [key if name else None, row_number],
            )


def keys_in(desk, book) -> list[int]:
    sheet = openpyxl.load_workbook(desk.public / book.path).worksheets[0]
    column = next(cell.column for cell in sheet[4] if cell.value == "clé")
    return [json.loads(sheet.cell(row, column).value)[2] for row in range(5, sheet.max_row + 1)]


@pytest.fixture
def three_bad(tmp_path):
    programme(tmp_path / "home", [*ROWS, BAD, [4, *BAD[1:]], [5, *BAD[1:]]])
    return Desk(tmp_path / "home").first()


def test_each_organiser_has_a_workbook_with_no_other_ones_rows(three_bad):
    rows = keys_in(three_bad, three_bad.books()[0])
    assert len(rows) == 3, "nobody is known yet: they stand together, in the workbook of their source"
    organised(three_bad, (rows[0], "URSCOP Hauts-de-France"), (rows[1], "L’APES"), (rows[2], None))
    books = three_bad.write_books(2)
    assert {book.path.removeprefix("retours/a-corriger--"): keys_in(three_bad, book) for book in books} == {
        "l-apes.xlsx": [rows[1]],
        "urscop-hauts-de-france.xlsx": [rows[0]],
        f"{SOURCE}.xlsx": [rows[2]],
    }
    assert books[0].title == "L’APES"
    three_bad.send_back(books[0], **FILLED)
    (report,) = three_bad.take()
    assert report.rows_accepted == 1 and three_bad.land()[0].rows_quarantined == 2


def test_two_organisers_of_one_name_are_not_mixed(three_bad):
    rows = keys_in(three_bad, three_bad.books()[0])
    organised(three_bad, *((row, "Association locale") for row in rows))
    books = three_bad.write_books(2)
    assert len({book.path for book in books}) == 3 and [keys_in(three_bad, book) for book in books] == [
        [row] for row in rows
    ]


def test_more_lines_than_a_workbook_holds_go_to_the_next_one_and_the_rest_is_said(three_bad, monkeypatch):
    monkeypatch.setattr("publication.returns.books.MOST_LINES", 1)
    monkeypatch.setattr("publication.returns.books.MOST_BOOKS", 2)
    first, second = three_bad.write_books(2)
    assert second.path.endswith("--2.xlsx") and (first.left_out, second.left_out) == (0, 1)
    says = openpyxl.load_workbook(three_bad.public / second.path).worksheets[0]["A2"].value
    assert "2 sur 2" in says and "corrigez plutôt votre fichier" in says


# --- LibreOffice ---------------------------------------------------------------------------------------------------


def as_ods(xlsx: Path, target: Path) -> Path:
    """The workbook as LibreOffice saves it: every sheet in content.xml, the hidden one last."""
    from xml.sax.saxutils import escape, quoteattr

    from tests.sources.readers.reader_files import write_ods

    tables = ""
    for sheet in openpyxl.load_workbook(xlsx).worksheets:
        tables += f"<table:table table:name={quoteattr(sheet.title)}>"
        for row in sheet.iter_rows(values_only=True):
            cells = (
                f'<table:table-cell office:value-type="string"><text:p>{escape(str(text))}</text:p></table:table-cell>'
                if text is not None
                else "<table:table-cell/>"
                for text in row
            )
            tables += f"<table:table-row>{''.join(cells)}</table:table-row>"
        tables += "</table:table>"
    made = write_ods(target, tables)
    return settle(made if made == target else made.rename(target))


def test_a_workbook_saved_as_ods_is_taken_like_another(desk):
    (book,) = desk.books()
    filled = desk.send_back(book, **FILLED)
    ods = as_ods(filled, filled.with_suffix(".ods"))
    filled.unlink()
    assert is_a_return(ods)
    (report,) = desk.take()
    assert (report.file_name, report.rows_accepted) == (f"{RETURNS}/rempli.ods", 1), report.notes
    assert desk.land()[0].rows_quarantined == 0


def test_another_ods_in_the_returns_is_not_one(desk, tmp_path):
    from tests.sources.readers.reader_files import write_ods

    assert not is_a_return(write_ods(tmp_path / "liste.ods", '<table:table table:name="Feuille1"/>'))
    (tmp_path / "faux.ods").write_bytes(b"observatoire-retour")
    assert not is_a_return(tmp_path / "faux.ods")
