"""A person planted in a spreadsheet, an export and a platform is erased everywhere; totals stay; a backup does not bring the person back.

One home: a night, an erasure, backups and the organiser's file put back, another night. Every byte is searched, decrypted with the keys
of the vault.
"""

import copy
import csv
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import openpyxl
import pytest
from command_line import observatoire
from test_end_to_end import ROOT, copy_of_the_project

from identity.matching import constraints
from identity.tombstones import Tombstones
from identity.under_way import ErasuresUnderWay, is_any_under_way
from orchestration import erasure
from orchestration.home import Home
from orchestration.novelty import is_anything_new
from orchestration.retention import by_rule, retention
from publication import redaction
from publication.releases import verify
from publication.shelf import read_release
from tests.identity.opened import opened
from tests.identity.scanner import find
from tests.power_cut import PowerCut, cut

pytestmark = pytest.mark.nights

CANARIES = ("Canarinette", "jeanne.canarinette@exemple.test", "06 12 34 56 99", "arachide-canari")
WHO = "jeanne.canarinette@exemple.test"

TICKETS = """\
source: billets
title: Billets
entity: registration
files: {pattern: "*.csv", shape: delimited, delimiter: ";"}
fields:
  registration_id: {headers: [Billet], required: true}
  event: {constant: HDF23-A01}
  programme: {constant: HDF-CONF-2023}
  status: {headers: [Statut], required: true, words: {registered: [Validé], cancelled: [Annulé]}}
  registered_at: {headers: [Date], order: dmy}
  price: {headers: [Prix]}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
  email: {headers: [Courriel], privacy: direct}
  phone: {headers: [Tél], privacy: direct}
  payer_name: {headers: [Payeur], privacy: direct}
  gender: {headers: [Genre], privacy: indirect}
  comment: {headers: [Remarque], privacy: direct}
ignore: [Régime]
"""
SHEET = """\
source: feuilles
title: Feuilles d'émargement
entity: attendance
files: {pattern: "*.xlsx", shape: spreadsheet}
fields:
  attendance_id: {compose: [Nom, Prénom], ranked: true, sealed: true, required: true}
  event: {constant: HDF23-A01}
  programme: {constant: HDF-CONF-2023}
  present: {constant: "true"}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
  signature: {headers: [Signature], privacy: direct}
"""
PLATFORM = """\
source: plateforme
title: Plateforme d'essai
entity: registration
api:
  platform: rest
  base_url: http://127.0.0.1:{port}
  paths: [/places]
  records: results
  count: count
  key: [code]
  paging: {{style: page, param: page, more: next}}
  auth: {{env: {{token: TEST_TOKEN}}, headers: {{Authorization: "Token {{token}}"}}}}
  full_every_days: 0
  deadline_s: 5
files: {{shape: json, records: results, explode: seats}}
fields:
  registration_id: {{headers: [seats.id], required: true}}
  order: {{headers: [code]}}
  event: {{constant: HDF23-A02}}
  programme: {{constant: HDF-CONF-2023}}
  status: {{headers: [seats.state], words: {{registered: [ok], cancelled: [gone]}}}}
  registered_at: {{headers: [at]}}
  full_name: {{headers: [seats.name], privacy: direct}}
  email: {{headers: [seats.mail], privacy: direct}}
"""
EXPORT = [
    "Billet;Statut;Date;Prix;Nom;Prénom;Courriel;Tél;Payeur;Genre;Remarque;Régime",
    f"B1;Validé;01/03/2023 09:00;10;Canarinette;Jeanne;{WHO};06 12 34 56 99;;F;;arachide-canari",
    "B2;Validé;01/03/2023 09:00;10;Martin;Paul;paul@exemple.test;;Jeanne Canarinette;H;Vient avec Jeanne CANARINETTE;",
    f"B3;Validé;02/03/2023 09:00;Canarinette;Canarinette;Jeanne;{WHO};;;F;;",
    "B4;Validé;02/03/2023 11:00;5;Durand;Ana;ana@exemple.test;;;F;;",
]


def seat(id_: str, name: str, mail: str) -> dict:
    return {"id": id_, "state": "ok", "name": name, "mail": mail}


RECORDS = [
    {"code": "P1", "at": "2023-03-05T10:00:00+01:00", "seats": [
        seat("p1", "Jeanne Canarinette", WHO), seat("p2", "Ana Durand", "ana@exemple.test")]},
    {"code": "P2", "at": "2023-03-06T10:00:00+01:00", "seats": [seat("p3", "Paul Martin", "paul@exemple.test")]},
]  # fmt: skip


class Shows(BaseHTTPRequestHandler):
    def do_GET(self):
        content = json.dumps({"count": len(RECORDS), "results": RECORDS, "next": None}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Quiet."""


class Place:
    """A project with three sources of persons, its home, and the command. `first`: a copy of the home as the first night left it."""

    first: Path

    def __init__(self, root: Path, port: int):
        self.project, self.home, self.said = copy_of_the_project(root / "project"), root / "var", []
        for text in (TICKETS, SHEET, PLATFORM.format(port=port)):
            path = self.project / "sources" / "contracts" / f"{text.split()[1]}.yml"
            path.write_text(text, encoding="utf-8")
        for source in ("hdf_2023_programme", "evenements_ess", "chiffres_publies"):
            shutil.copytree(ROOT / "sources" / "samples" / source, self.home / "inbox" / source)
        self.put("billets", "ventes.csv", "\r\n".join([*EXPORT, ""]).encode())
        book = openpyxl.Workbook()
        for row in (
            ("Nom", "Prénom", "Signature"),
            ("Canarinette", "Jeanne", "J. Canarinette"),
            ("Durand", "Ana", "AD"),
        ):
            book.active.append(row)
        book.save(root / "feuille.xlsx")
        self.put("feuilles", "feuille.xlsx", (root / "feuille.xlsx").read_bytes())

    def put(self, source: str, name: str, content: bytes) -> Path:
        path = self.home / "inbox" / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (time.time() - 60, time.time() - 60))
        return path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ, "OBSERVATOIRE_HOME": str(self.home), "PYTHONPATH": str(self.project), "TEST_TOKEN": "x",
            "OBSERVATOIRE_ACTOR": "dpo",
        }  # fmt: skip
        command = [sys.executable, "-m", "orchestration.command", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.project, timeout=600, env=environment)
        self.said.append(done.stdout + done.stderr)
        return done

    def totals(self) -> dict[str, object]:
        """What the last night counted: rows and persons of every table of facts, and every published figure."""
        release = (self.home / "releases" / "current").resolve()
        found: dict[str, object] = {}
        for path in sorted((release / "public" / "data").glob("*.csv")):
            lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
            # the caveat, last, says that an organisation went with its person
            found[path.name] = [line[:-1] for line in lines] if path.stem == "ind_organisations" else lines
        with closing(duckdb.connect(str(release / "analysts" / "warehouse.duckdb"), read_only=True)) as con:
            for table, columns in con.execute(
                "select table_name, list(column_name) from duckdb_columns() where table_name like 'fct_%' group by all"
            ).fetchall():
                persons = "count(distinct participant_key)" if "participant_key" in columns else "0"
                if table != "fct_landed_column":
                    found[table] = con.execute(f"select count(*), {persons} from {table}").fetchall()
        (candidate,) = self.home.glob("warehouse/2*/warehouse.duckdb")
        with closing(duckdb.connect(str(candidate), read_only=True)) as con:
            found["participants"] = con.execute(
                "select programme_year, is_returning, count(*) from landing.participant group by all order by all"
            ).fetchall()
            for entity in ("registration", "attendance"):
                found[entity] = con.execute(
                    f"select event_id, gender, count(*), count(distinct participant_key) from landing.{entity} "
                    "left join landing.participant_row using (source, delivery_id, row_number) group by all order by all"
                ).fetchall()
            found["deliveries"] = con.execute(
                "select source, rows_read, rows_accepted, rows_quarantined, rows_duplicate from landing.delivery order by all"
            ).fetchall()
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shows)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Place(tmp_path_factory.mktemp("erasure"), server.server_address[1])
    assert made.run("run").returncode in (0, 3), made.said[-1]
    made.first = shutil.copytree(made.home, made.home.with_name("first"), symlinks=True)
    yield made
    server.shutdown()
    server.server_close()


def test_a_person_is_erased_everywhere_and_stays_so(place, tmp_path):
    before = place.totals()
    seen = find(opened(place.home, tmp_path / "before"), CANARIES)
    assert {hit.path.split("/")[0] for hit in seen} == {"home", "clear"}
    in_clear = {hit.path.split("-", 1)[1] for hit in seen if hit.path.startswith("clear")}
    assert {"originals", "identities", "matching"} <= in_clear and any(name.startswith("0-") for name in in_clear)
    backup = shutil.copytree(place.home / "landing", tmp_path / "backup")
    old_originals = shutil.copytree(place.home / "originals", tmp_path / "originals")

    found = place.run("person", "find", WHO, "--purpose", "person_rights")
    assert found.returncode == 0 and "4 lignes tenues" in found.stdout, place.said[-1]
    assert "Canarinette" not in found.stdout and "06 12" not in found.stdout
    output = tmp_path / "export"
    exported = place.run("person", "export", WHO, "--purpose", "person_rights", "--output", str(output))
    assert exported.returncode == 0, place.said[-1]
    told = json.loads((output / "donnees.json").read_text(encoding="utf-8"))
    assert {row["source"] for row in told["lignes"]} == {"billets", "feuilles", "plateforme"}
    assert "arachide-canari" in json.dumps(told) and "Canarinette" in (output / "donnees.html").read_text(
        encoding="utf-8"
    )
    assert told["nb_lignes"] == 4, "the refused one too"
    assert len(told["mentions_dans_des_lignes_d_autres_personnes"]) == 2
    assert all(row["conservation"] and row["base_legale"] and row["cellules"] for row in told["lignes"])

    asked = place.run("person", "erase", WHO, "--purpose", "person_rights")
    assert "Rien n'est effacé" in asked.stdout and not list(place.home.glob("vault/tombstones/*"))
    erased = place.run("person", "erase", WHO, "--purpose", "person_rights", "--yes", "--asked-on", "2025-11-20")
    assert erased.returncode == 0 and "Certificat d'effacement" in erased.stdout, place.said[-1]
    (certificate,) = place.home.glob("vault/certificates/*.json")
    counts = json.loads(certificate.read_text(encoding="utf-8"))["counts"]
    assert counts["rows"] == 4 and counts["refused"] == 1 and counts["originals"] == 3 and counts["inbox"] == 2
    assert not find(opened(place.home, tmp_path / "after"), CANARIES)

    # backups of the landing zone and of the originals, and the organiser's file, come back
    shutil.copytree(backup, place.home / "landing", dirs_exist_ok=True)
    shutil.copytree(old_originals, place.home / "originals", dirs_exist_ok=True)
    place.put("billets", "ventes.csv", "\r\n".join([*EXPORT, ""]).encode())
    again = place.run("run")
    assert again.returncode in (0, 3) and re.search("effacées? de nouveau", again.stdout), place.said[-1]
    assert not find(opened(place.home, tmp_path / "gone"), CANARIES)
    assert place.totals() == before, "the warehouse was built again, from what is left"
    assert place.run("releases", "verify", "1").returncode == 0, place.said[-1]
    log = place.run("person", "log")
    assert log.returncode == 0 and "effacement" in log.stdout and "Canarinette" not in log.stdout


@pytest.mark.parametrize(
    ("owner", "name", "call", "after"),
    [
        (Tombstones, "keep", 1, False), (ErasuresUnderWay, "keep", 3, False), (constraints, "forget", 1, True),
        (redaction, "redact", 1, True), (erasure, "scrub", 2, False), (ErasuresUnderWay, "forget", 1, False),
    ],
    ids=["before anything", "one delivery done", "decisions forgotten", "releases redacted", "logs half searched", "certificate written"],
)  # fmt: skip
def test_an_interrupted_erasure_is_carried_out_to_its_certificate(
    place, tmp_path, monkeypatch, owner, name, call, after
):
    here = copy.copy(place)
    here.home = shutil.copytree(place.first, tmp_path / "var", symlinks=True)
    (here.home / "logs").mkdir(exist_ok=True)
    (here.home / "logs" / "left.log").write_text(f"refusé : {WHO}\n", encoding="utf-8")
    home, now = Home(here.home, here.project), datetime.now(UTC).replace(microsecond=0)
    found = erasure.held(home, WHO, purpose="person_rights")
    day = date(2025, 11, 20)
    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        patch.setattr(owner, name, cut(getattr(owner, name), itertools.count(1), call, after=after))
        erasure.erase(home, found, asked_on=day, now=now, purpose="person_rights")
    assert is_any_under_way(home.vault) and "un effacement interrompu est à terminer" in is_anything_new(home).reasons
    # the next `run` or `person erase --yes` of anybody does this first
    made = erasure.finish(home, now)
    (certificate,) = erasure.certificates(home)
    assert made == ([certificate] if name != "forget" or owner is constraints else [])
    assert certificate.resumed == bool(made) and certificate.asked_on == "2025-11-20"
    whole = {"rows": 4, "refused": 1, "originals": 3, "inbox": 2, "releases": 1, "traces": 1}
    least = dict(whole) if name == "keep" and owner is Tombstones or not made else {"originals": 2}
    assert all(least.get(layer, 0) <= certificate.counts[layer] <= count for layer, count in whole.items())
    assert not is_any_under_way(home.vault) and not erasure.finish(home, now)
    assert not find(opened(here.home, tmp_path / "opened"), CANARIES)
    assert not verify(read_release(home.releases / "1"))


KNOWN_BY_NAME = "Victoire Nguyen-Prétendu"
"""Of the invented year: a registration and a presence, neither with an address, a telephone nor an organisation."""


def indicators(home: Path) -> dict[str, list[tuple]]:
    """Every line of every indicator of the only candidate, before any secrecy; the caveat is last."""
    (database,) = home.glob("warehouse/*/warehouse.duckdb")
    with closing(duckdb.connect(str(database), read_only=True)) as con:
        names = con.execute(
            "select table_name from information_schema.tables where table_name like 'ind!_%' escape '!'"
        )
        return {name: con.execute(f"from main.{name} order by all").fetchall() for (name,) in names.fetchall()}


def test_no_figure_moves_when_somebody_known_by_a_name_alone_is_erased(own_home):
    before = indicators(own_home)
    assert any("connues par leur nom seul" in str(line[-1]) for line in before["ind_participation"])
    erased = observatoire(own_home, "person", "erase", KNOWN_BY_NAME, "--purpose", "person_rights", "--yes")
    assert erased.returncode == 0 and "2  lignes effacées" in erased.stdout, erased.stdout
    again = observatoire(own_home, "run")
    assert again.returncode == 0, again.stdout
    after = indicators(own_home)
    assert after.keys() == before.keys() and len(before) == 8
    organisations = [[line[:-1] for line in each.pop("ind_organisations")] for each in (before, after)]
    assert organisations[0] == organisations[1], "the caveat alone says that somebody was erased"
    assert {name: lines for name, lines in after.items() if lines != before[name]} == {}


def persons(home: Path) -> list[tuple]:
    """Of the only candidate: rows that name somebody, and persons, by what they are known by."""
    (database,) = home.glob("warehouse/*/warehouse.duckdb")
    with closing(duckdb.connect(str(database), read_only=True)) as con:
        found = (
            "select programme_year, is_returning, has_address, count(*) from dim_participant group by all order by all"
        )
        rows = (
            f"select '{name}', count(*), count(participant_key) from fct_{name}" for name in ("attendance", "feedback")
        )
        return [*con.execute(found).fetchall(), *(con.execute(query).fetchone() for query in rows)]


def test_no_figure_moves_when_everybody_was_kept_long_enough_but_those_of_organisations_which_say_why(own_home):
    before, known = indicators(own_home), persons(own_home)
    report = by_rule(retention(Home(own_home), datetime(2030, 1, 1, tzinfo=UTC), apply=True))
    assert report["registrations"] > 500 and report["left"] == 0
    again = observatoire(own_home, "run")
    assert again.returncode == 0, again.stdout
    after = indicators(own_home)
    assert persons(own_home) == known, "a row that named nobody names nobody"
    organisations = after.pop("ind_organisations")
    assert {name: lines for name, lines in after.items() if lines != before[name]} == {}
    assert not any("n’a nommé son organisation" in str(line[-1]) for line in organisations)
    assert sum("personnes effacées" in str(line[-1]) for line in organisations) > 20
