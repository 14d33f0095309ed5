"""The same deliveries give the same star and the same figures, whatever the nights on which they were read.

Three days of five small lists, with corrections, overlaps and versions of several names, read night by night, all at once, in another order with one file
twice, and read again by another program: same content of every table that leaves. Only when a delivery was received differs.
"""

import os
import shutil
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from identity.vault import Vault
from orchestration import rooms, warehouse
from orchestration.candidates import new_candidate
from orchestration.home import Home, Settings
from sources.contract import load_contract

pytestmark = pytest.mark.nights

CONTRACTS = {
    "eq_programme": """
entity: event
fields:
  event_id: {headers: [Code], required: true}
  programme: {constant: MESS-2025}
  status: {headers: [Statut], required: true, words: {held: [tenu], announced: [annoncé]}}
  counts: {constant: "oui"}
  title: {headers: [Titre], required: true}
  organisers: {headers: [Organisateur]}
  date: {headers: [Date]}
  participants: {headers: [Effectif]}
""",
    "eq_billets": """
entity: registration
fields:
  registration_id: {headers: [Billet], required: true}
  event: {headers: [Code], required: true}
  programme: {constant: MESS-2025}
  status: {headers: [Statut], required: true, words: {registered: [validé], cancelled: [annulé]}}
  registered_at: {headers: [Le], order: dmy}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
  email: {headers: [Courriel], privacy: direct}
  organisation: {headers: [Structure], privacy: indirect}
""",
    "eq_places": """
entity: registration
fields:
  registration_id: {headers: [Billet], required: true}
  event: {headers: [Code], required: true}
  programme: {constant: MESS-2025}
  status: {headers: [Statut], required: true, words: {registered: [validé], waiting: [en attente], cancelled: [annulé]}}
  registered_at: {headers: [Le], order: dmy}
  updated_at: {headers: [Changé le], order: dmy}
  email: {headers: [Courriel], privacy: direct}
""",
    "eq_feuilles": """
entity: attendance
fields:
  attendance_id: {headers: [Ligne], required: true}
  event: {headers: [Code], required: true}
  programme: {constant: MESS-2025}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
  email: {headers: [Courriel], privacy: direct}
  organisation: {headers: [Structure], privacy: indirect}
""",
    "eq_enquete": """
entity: feedback
fields:
  response_id: {headers: [N°], required: true}
  event: {headers: [Code]}
  programme: {constant: MESS-2025}
  submitted_at: {headers: [Le], order: dmy}
  satisfaction: {headers: [Note]}
  recommendation: {headers: [Reco]}
""",
}
SHAPE = 'source: {name}\ntitle: Liste d’essai {name}\nfiles: {{pattern: "*.csv", shape: delimited, delimiter: ";"}}'

DAYS = {
    1: {
        "eq_programme": "Code;Statut;Titre;Organisateur;Date;Effectif\nQ1;annoncé;Atelier;APES;04/11/2025;\n"
        "Q2;tenu;Visite;Avise;05/11/2025;12\n",
        "eq_billets": "Billet;Code;Statut;Le;Nom;Prénom;Courriel;Structure\n"
        "B1;Q1;validé;01/10/2025 09:00;Exemple-Une;Zélie;zelie@un.example;APES\n"
        "B2;Q1;validé;02/10/2025 09:00;Exemple-Deux;Noé;noe@deux.example;Le Fil\n",
        "eq_places": "Billet;Code;Statut;Le;Changé le;Courriel\n"
        "P1;Q1;en attente;01/10/2025 10:00;02/10/2025 10:00;zelie@un.example\n"
        "P2;Q1;annulé;01/10/2025 11:00;03/10/2025 11:00;noe@deux.example\n"
        "P3;Q1;validé;01/10/2025 12:00;01/10/2025 12:00;eve@trois.example\n",
    },
    2: {
        "eq_programme": "Code;Statut;Titre;Organisateur;Date;Effectif\nQ1;tenu;Atelier corrigé;APES;04/11/2025;3\n",
        "eq_billets": "Billet;Code;Statut;Le;Nom;Prénom;Courriel;Structure\n"
        "B2;Q1;annulé;02/10/2025 09:00;Exemple-Deux;Noé;noe@deux.example;Le Fil\n"
        "B3;Q1;validé;03/10/2025 09:00;Exemple-Trois;Ève;eve@trois.example;\n",
        "eq_places": "Billet;Code;Statut;Le;Changé le;Courriel\n"
        "P1;Q1;validé;01/10/2025 10:00;05/10/2025 10:00;zelie@un.example\n",
        "eq_feuilles": "Ligne;Code;Nom;Prénom;Courriel;Structure\nL1;Q1;EXEMPLE-UNE;Zelie;ZELIE@un.example;L'APES\n"
        "L2;Q1;Exemple-Trois;Eve;;Le Fil\nL3;Q9;Exemple-Neuf;Max;max@neuf.example;\n",
    },
    3: {
        "eq_feuilles": "Ligne;Code;Nom;Prénom;Courriel;Structure\nL2;Q1;Exemple-Trois;Ève;eve@trois.example;Le Fil\n"
        "L4;Q2;Exemple-Une;Zélie;zelie@un.example;APES\nL5;q1;EXEMPLE-DEUX;Noe;;\n",
        "eq_enquete": "N°;Code;Le;Note;Reco\nR1;Q1;06/11/2025 10:00;4;9\nR2;;07/11/2025 10:00;5;10\n",
    },
}
FIRST = datetime(2025, 12, 1, 8, tzinfo=UTC)
SETTINGS = Settings(dbt_threads=2)


@pytest.fixture(scope="module")
def contracts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contracts")
    for name, text in CONTRACTS.items():
        # the files of one list are versions of it, whatever their names
        series = ', series: "csv$"}' if name == "eq_places" else "}"
        (folder / f"{name}.yml").write_text(SHAPE.format(name=name).replace("}", series) + text, encoding="utf-8")
    return {name: load_contract(folder / f"{name}.yml") for name in CONTRACTS}


@pytest.fixture(scope="module")
def home_of(tmp_path_factory):
    """A function that makes a home; all of them hold the same keys, since pseudonyms are made with them."""
    keys = tmp_path_factory.mktemp("keys") / "vault"
    Vault(keys).keyring.key_for(2025)

    def make(name):
        home = Home(tmp_path_factory.mktemp(name) / "var").ensure()
        shutil.copytree(keys, home.vault, dirs_exist_ok=True)
        return home

    return make


def drop(home, day, *, named="{day}.csv"):
    """Put the files of a day in the inbox, written on that day."""
    for source, text in DAYS[day].items():
        path = home.inbox / source / named.format(day=day)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written = (FIRST + timedelta(days=day)).timestamp()
        os.utime(path, (written, written))


def read(home, contracts, *, day):
    """One night, up to the warehouse."""
    for loaded in contracts.values():
        rooms.deliver(home, loaded, FIRST + timedelta(days=day, hours=20))
    rooms.match(home, contracts)


def build(home, contracts):
    """The file of a warehouse built from all that this home landed."""
    candidate = new_candidate(home.warehouse, "equivalence")
    rooms.hand_over(home, candidate, contracts)
    warehouse.build(home, SETTINGS, candidate, lambda done, total: None)
    return candidate.database


def content(database):
    """Rows and hash of every table that leaves, by name."""
    with duckdb.connect(str(database), read_only=True) as con:
        tables = con.execute(
            "select table_name from duckdb_tables() where schema_name = 'main' order by all"
        ).fetchall()
        found = {}
        for (name,) in tables:
            if name.startswith(("dim_", "fct_", "bridge_", "ind_")):
                columns = "* exclude (received_at)" if name == "fct_delivery" else "*"
                found[name] = con.execute(
                    "select count(*), md5(string_agg(line, chr(10) order by line)) "
                    f"from (select cast(row as varchar) as line from (select {columns} from {name}) as row)"
                ).fetchall()
    return found


@pytest.fixture(scope="module")
def night_by_night(home_of, contracts):
    home = home_of("nights")
    for day in DAYS:
        drop(home, day)
        read(home, contracts, day=day)
    return build(home, contracts)


@pytest.fixture(scope="module")
def content_by_night(night_by_night):
    return content(night_by_night)


def test_the_lists_reach_every_kind_of_table(content_by_night):
    rows = {name: found[0][0] for name, found in content_by_night.items()}
    for name in (
        "dim_event",
        "dim_event_history",
        "dim_participant",
        "fct_registration",
        "fct_attendance",
        "fct_feedback",
    ):
        assert rows[name] > 1, name
    # the atelier was announced, then held
    assert rows["dim_event_history"] > 2


def test_a_version_that_shows_less_loses_no_milestone(night_by_night):
    """P1 waited before she had her place; P2 was cancelled and is not shown any more; P3, gone while it held, is no place."""
    with duckdb.connect(str(night_by_night), read_only=True) as con:
        places = con.execute(
            "select registration_id, status, registered_at, waiting_at, cancelled_at, is_registered from fct_registration "
            "where source = 'eq_places' order by all"
        ).fetchall()
    # Paris is two hours ahead in October
    assert places == [
        ("P1", "registered", datetime(2025, 10, 1, 8), datetime(2025, 10, 2, 8), None, False),
        ("P2", "cancelled", datetime(2025, 10, 1, 9), None, datetime(2025, 10, 3, 9), False),
    ]


def test_an_event_typed_in_another_case_is_the_event_and_its_names_are_those_of_its_other_lists(night_by_night):
    """L5 came to « q1 » without an address: it is Noé, who had a place at Q1."""
    with duckdb.connect(str(night_by_night), read_only=True) as con:
        came = con.execute(
            "select event.event_id, count(distinct place.participant_key) from fct_attendance as line "
            "join dim_event as event using (event_key) join fct_registration as place using (event_key, participant_key) "
            "join fct_delivery as file on file.delivery_key = line.delivery_key "
            "where file.source = 'eq_feuilles' and line.row_number = 4 and file.file_name = '3.csv' group by all"
        ).fetchall()
    assert came == [("Q1", 1)]


def test_one_backfill_gives_what_as_many_nights_gave(content_by_night, home_of, contracts):
    home = home_of("backfill")
    for day in DAYS:
        drop(home, day)
    read(home, contracts, day=3)
    assert content(build(home, contracts)) == content_by_night


def test_another_order_a_file_twice_and_all_read_again_give_the_same(content_by_night, home_of, contracts, monkeypatch):
    home = home_of("shuffled")
    for night, day in enumerate((3, 1, 2), start=10):
        drop(home, day)
        read(home, contracts, day=night)
    drop(home, 2, named="z-copie-{day}.csv")
    read(home, contracts, day=14)
    monkeypatch.setattr("sources.landing.code_hash", lambda: "another program")
    read(home, contracts, day=30)
    assert content(build(home, contracts)) == content_by_night


@pytest.mark.parametrize(
    "change",
    [
        "update dim_event set title = 'Autre' where event_id = 'Q1'",
        "delete from fct_attendance where row_number = 2",
        "update ind_events set value = value + 1e-9 where indicator = 'EV01' and breakdown = 'total' and programme_id = 'MESS-2025'",
    ],
)
def test_a_changed_cell_is_another_content(night_by_night, content_by_night, tmp_path, change):
    copy = shutil.copy(night_by_night, tmp_path / "copy.duckdb")
    with duckdb.connect(str(copy)) as con:
        con.execute(change)
    assert content(copy) != content_by_night
