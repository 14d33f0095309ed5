"""What has been kept long enough goes, and nothing else: counted first, then done, by the rules of the file."""

import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import duckdb
import pytest
import yaml_rules
from ticket_office import PROGRAMME, TICKETS, home_with

from identity.retention import RetentionError, load_rules
from identity.vault import Vault, open_private
from orchestration import erasure, rooms
from orchestration.home import Home
from orchestration.retention import _refused_values, by_rule, retention, sentences
from publication import redaction
from sources.erased_files import replaced_since
from sources.erasure import erase_in
from sources.landing import remember_erased
from sources.ledger import deliveries, open_ledger
from sources.redaction import PERSON_ENTITIES
from sources.returned import NO_AUTHOR, returned_explanations, returned_without_texts, write
from tests.power_cut import PowerCut, cut

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
CONTRACT = (
    TICKETS
    + """\
  registered_at: {headers: [Date], order: dmy}
  full_name: {headers: [Nom], privacy: direct}
  comment: {headers: [Remarque], privacy: direct}
"""
)
LINES = [
    "Billet;Statut;Date;Prix;Nom;Courriel;Remarque",
    "B1;ok;01/03/2020 09:00;1;Ana Partie;ana@exemple.test;il y a longtemps",
    "B2;ok;01/03/2020 09:00;1;Paul Fidèle;paul@exemple.test;fidèle un jour",
    "B3;ok;01/11/2026 09:00;1;Paul Fidèle;paul@exemple.test;fidèle encore",
    "B4;ok;01/02/2023 09:00;1;Zoé Juste;zoe@exemple.test;",
    "B5;ok;01/03/2020 09:00;dix;Ana Partie;ana@exemple.test;refusée",
]


@pytest.fixture
def home(tmp_path) -> Home:
    """A home with one list, received long ago, of four tickets and a refused one."""
    files = {"billets/ventes.csv": "\n".join([*LINES, ""])}
    made = home_with(tmp_path, {"billets": CONTRACT}, files, time.time() - 60)
    rooms.deliver(made, rooms.contracts(made)["billets"], datetime(2020, 4, 1, tzinfo=UTC))
    quarantine = next((made.landing / "quarantine").glob("*.parquet"))
    _aged(quarantine)
    return made


def _aged(path: Path) -> None:
    """A refused row received in 2020: what a file says of its own day is not what is tested here."""
    with duckdb.connect() as con:
        con.execute(
            f"create table t as select * replace (timestamp '2020-04-01 00:00:00' as delivered_at) from '{path}'"
        )
        con.execute(f"copy t to '{path}' (format parquet)")


def people(home: Home) -> list[tuple]:
    with open_private() as con:
        Vault(home.vault).load(con, purpose="verification")
        return con.execute(
            "select row_number, full_name, free_text is not null from identities where not ends_with(email, '.invalid') order by 1"
        ).fetchall()


def refused(home: Home) -> list[tuple]:
    with duckdb.connect() as con:
        return con.execute(f"select value is null from '{home.landing}/quarantine/*.parquet'").fetchall()


def test_a_dry_run_counts_and_changes_nothing(home):
    before = people(home)
    report = by_rule(retention(home, NOW, apply=False))
    assert (report["registrations"], report["free_text"], report["refused_values"]) == (2, 1, 1)
    assert people(home) == before and refused(home) == [(False,)]
    assert "à supprimer" in sentences(retention(home, NOW, apply=False), apply=False)[0]


def test_persons_go_by_their_last_participation_and_free_text_by_its_age(home):
    retention(home, NOW, apply=True)
    assert people(home) == [(3, "Paul Fidèle", False), (4, "Paul Fidèle", True)]
    assert refused(home) == [(True,)]
    with duckdb.connect() as con:
        counts = con.execute(
            f"select count(*), count(distinct person_key), count(*) filter (person_basis = 'erased') from '{home.landing}/registration/*.parquet'"
        ).fetchall()
    assert counts == [(4, 4, 2)], "two persons are tallies now; the third is known by one pseudonym a year"
    again = by_rule(retention(home, NOW, apply=True))
    assert not any(count for rule, count in again.items() if rule != "year_keys"), again
    assert home.unfinished.exists(), "the next night builds again"


def test_what_an_interruption_leaves_names_nobody_who_went(home, monkeypatch):
    rooms.match(home, rooms.contracts(home))
    with open_ledger(home.ledger) as ledger:
        [known] = [(row["source"], row["delivery_id"]) for row in deliveries(ledger)]
    gone = erasure.participants_of(home, [(*known, 2), (*known, 5)])
    redacted: list[set] = []
    monkeypatch.setattr(redaction, "redact", lambda _, renamed, **__: redacted.append(set(renamed.participants)))
    with monkeypatch.context() as patch:
        patch.setattr("sources.erasure.erase_in", cut(erase_in, count(1), 1, after=True))
        with pytest.raises(PowerCut):
            retention(home, NOW, apply=True)
    assert len(gone) == 2 and redacted == [gone], "their rows, which told who they were in the releases, are gone"
    assert home.unfinished.exists() and people(home) == [(3, "Paul Fidèle", False), (4, "Paul Fidèle", True)]
    rooms.match(home, rooms.contracts(home))
    assert not erasure.participants_of(home, [(*known, 2)]) & gone


def test_somebody_who_came_in_time_stays(home):
    assert by_rule(retention(home, datetime(2023, 2, 28, tzinfo=UTC), apply=False))["registrations"] == 0
    assert by_rule(retention(home, datetime(2023, 3, 2, tzinfo=UTC), apply=False))["registrations"] == 1, (
        "Ana, not Paul"
    )


def test_the_log_the_certificates_the_links_and_the_keys_have_their_time(home):
    vault = Vault(home.vault)
    stone = vault.tombstones.new(datetime(2020, 1, 1, tzinfo=UTC))
    vault.tombstones.keep(stone)
    erasure.keep_certificate(
        home, erasure.Certificate("ab", "2020-01-01", "2020-02-01", "2020-01-05T00:00:00+00:00", False, {"rows": 1})
    )
    vault.keyring.key_for(2019)
    report = by_rule(retention(home, NOW, apply=True))
    assert (report["erasure_links"], report["certificates"], report["year_keys"]) == (1, 1, 1)
    assert Vault(home.vault).tombstones.all()[0].secret is None
    assert not list(home.certificates.iterdir()) and "2019-1" not in vault.keyring.key_ids()
    assert "2026-1" in vault.keyring.key_ids(), "a key that names somebody stays"
    assert by_rule(retention(home, datetime(2028, 1, 1, tzinfo=UTC), apply=False))["access_log"] > 0


def test_the_shipped_rules_cover_every_entity_of_persons():
    rules = load_rules()
    assert {entity for rule in rules.of("persons") for entity in rule.entities} == set(PERSON_ENTITIES)
    assert {rule.what for rule in rules} == {
        "persons",
        "slot",
        "unread",
        "quarantine",
        "authors",
        "log",
        "certificates",
        "links",
        "keys",
    }
    said = {rule.id: rule.sentence() for rule in rules}
    assert "3 ans après la dernière participation" in said["registrations"] and "6 mois" in said["free_text"]


@pytest.mark.parametrize("spoilt", yaml_rules.SPOILT)
def test_rules_that_cannot_be_meant_are_refused(tmp_path, spoilt):
    path = tmp_path / "retention.yml"
    path.write_text(yaml_rules.GOOD.replace(*spoilt), encoding="utf-8")
    with pytest.raises(RetentionError, match="retention.yml"):
        load_rules(path)


def test_the_rules_of_the_twins_are_good(tmp_path):
    path = tmp_path / "retention.yml"
    path.write_text(yaml_rules.GOOD, encoding="utf-8")
    assert [rule.id for rule in load_rules(path)] == ["a", "b"]


CHECK_IN = """\
source: pointage
title: Pointage
entity: attendance
files: {pattern: "*.csv", shape: delimited, delimiter: ";"}
fields:
  attendance_id: {headers: [N]}
  registration: {headers: [Billet]}
  event: {constant: E1}
  present: {constant: "oui"}
  full_name: {headers: [Prénom], privacy: direct}
"""


def test_a_presence_stays_with_its_place_when_both_go(tmp_path):
    """A list of presences by numbers of tickets, with a first name or nothing: each is whose ticket it is."""
    files = {
        "billets/ventes.csv": "\n".join([*LINES[:5], ""]),
        "pointage/liste.csv": "N;Billet;Prénom\n1;B1;Ana\n2;B2;\n3;B4;\n4;B9;\n",
    }
    made = home_with(tmp_path, {"billets": CONTRACT, "pointage": CHECK_IN}, files, time.time() - 60)
    for contract in rooms.contracts(made).values():
        rooms.deliver(made, contract, datetime(2020, 4, 1, tzinfo=UTC))
    report = by_rule(retention(made, NOW, apply=True))
    assert (report["registrations"], report["left"]) == (2, 0)
    ids = "select list(registration_id order by row_number) from read_parquet($path)"
    with duckdb.connect() as con:
        places, presences = (
            con.execute(ids, {"path": f"{made.landing}/{entity}/*.parquet"}).fetchone()[0]
            for entity in ("registration", "attendance")
        )
    assert presences == [places[0], "B2", places[3], "B9"], "Paul stays, and B9 is no ticket"
    assert not {"B1", "B4"} & {*places, *presences}
    assert not by_rule(retention(made, NOW, apply=True))["registrations"], "once"


def test_the_day_of_an_event_is_known_whatever_the_case_of_its_identifier(tmp_path):
    files = {
        "programme/p.csv": "Code;Titre;Date\ne1;Visite;04/11/2025\n",
        "pointage/liste.csv": "N;Billet;Prénom\n1;;Ana Partie\n",
    }
    made = home_with(tmp_path, {"programme": PROGRAMME, "pointage": CHECK_IN}, files, datetime(2020, 4, 1).timestamp())
    for contract in rooms.contracts(made).values():
        rooms.deliver(made, contract, NOW)
    assert not by_rule(retention(made, NOW, apply=False))["registrations"]


def test_the_names_of_authors_go_and_what_they_corrected_stays(home):
    def line(number: int, day: str) -> dict:
        return {
            "id": f"c{number}", "source": "billets", "delivery_id": "0" * 16, "file_name": "v.csv", "row_number": number, "field": "price",
            "expect": None, "text": "1", "sealed": False, "author": "Perpétue Lachenois", "added_on": day,
        }  # fmt: skip

    explained = {
        "programme_id": "P", "indicator": "I", "dimension": "total", "member": "", "expected_difference": 1, "cause": "x", "treatment": "y",
        "author": "Perpétue Lachenois", "explained_on": "2023-11-24",
    }  # fmt: skip
    about = {"release": 1, "received_at": "2023-11-20"}
    lines = [line(2, "2023-11-24"), line(3, "2023-11-26")]
    write(home.returned, about | {"delivery_id": "e" * 16, "kind": "corrections", "lines": lines})
    write(home.returned, about | {"delivery_id": "f" * 16, "kind": "explications", "lines": [explained]})
    before = {path.name: path.read_bytes() for path in home.returned.iterdir()}
    assert by_rule(retention(home, NOW, apply=False))["correction_authors"] == 2
    assert {path.name: path.read_bytes() for path in home.returned.iterdir()} == before
    assert by_rule(retention(home, NOW, apply=True))["correction_authors"] == 2
    found = returned_without_texts(home.returned)
    assert [correction.author for _, correction in found] == [NO_AUTHOR, "Perpétue Lachenois"]
    assert returned_explanations(home.returned)[0].author == NO_AUTHOR
    assert home.unfinished.exists() and by_rule(retention(home, NOW, apply=True))["correction_authors"] == 0


def replaced(home: Home) -> set:
    return replaced_since(home.vault)


def test_a_refused_value_that_went_comes_back_by_no_reading_and_passes_for_no_backup(tmp_path):
    """Nobody's time has come, and somebody was erased from the list: its files are watched."""
    lines = [
        *LINES[:1],
        "B3;ok;01/11/2026 09:00;1;Paul Fidèle;paul@exemple.test;",
        "B6;ok;01/11/2026 09:00;dix;Zoé;z@un.test;",
    ]
    files = {"billets/ventes.csv": "\n".join([*lines, ""])}
    home = home_with(tmp_path, {"billets": CONTRACT}, files, datetime(2026, 2, 1, tzinfo=UTC).timestamp())
    [contract] = rooms.contracts(home).values()
    rooms.deliver(home, contract, NOW)
    assert refused(home) == [(False,)], "whoever sends an old file may still see what to correct in it"
    with open_ledger(home.ledger) as ledger:
        [row] = deliveries(ledger)
    remember_erased(rooms.places(home), row["source"], row["delivery_id"], row["sha256"])
    assert by_rule(retention(home, NOW, apply=True))["refused_values"] == 1
    assert refused(home) == [(True,)] and not replaced(home)
    rooms.replay(home, contract, row, NOW)
    assert refused(home) == [(True,)] and not replaced(home), "as after an upgrade: the kept bytes still hold it"
    assert not by_rule(retention(home, NOW, apply=False))["refused_values"]
    rooms.replay(home, contract, row, datetime(2026, 7, 1, tzinfo=UTC))
    assert refused(home) == [(False,)], "within its term it is kept"


def test_a_backup_that_came_back_before_the_turn_of_retention_still_shows(home):
    with open_ledger(home.ledger) as ledger:
        [row] = deliveries(ledger)
    remember_erased(rooms.places(home), row["source"], row["delivery_id"], row["sha256"])
    quarantine = next((home.landing / "quarantine").glob("*.parquet"))
    _aged(quarantine)
    assert replaced(home)
    _refused_values(home, datetime(2026, 5, 25, tzinfo=UTC), apply=True)
    assert refused(home) == [(True,)] and replaced(home)
