"""A person is taken out of a delivery: the bytes go, the counts stay, and what brings the person back does not."""

import io
import shutil
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest
from deliveries import NOW, places, raw, settle

from identity.mentions import Crowd, Identifiers
from identity.tombstones import BY_NAME, OF_NOBODY, STAND_IN_DOMAIN
from identity.vault import Vault, open_private
from sources.contract import load_contract
from sources.erased_files import (
    are_tombstones_new,
    found_again,
    is_erased,
    is_lost,
    mend,
    remember,
    replaced_since,
    tombstones_applied,
    unreadable,
)
from sources.erasure import (
    Going,
    clear_inbox,
    erase_in,
    forget_pages,
    mentioned_in_bytes,
    names_citing,
    reapply,
    refused_people,
)
from sources.handover import hand_over
from sources.landing import NotReadAgain, deliver, original_path, replay
from sources.ledger import deliveries, open_ledger, rename_files
from sources.redaction import DISPUTED, REFUSED, SLOTS, STRUCTURE, Kept, is_redacted, read_kept, with_slots, write_kept

TICKETS = """\
source: billets
title: Billets
entity: registration
files: {pattern: "*.csv", shape: delimited, delimiter: ";"}
layout:
  left_out: [{header: Tarif, words: [Repas], reason: repas}]
fields:
  registration_id: {compose: [Commande, Tarif], ranked: true, required: true}
  order: {headers: [Commande]}
  event: {constant: HDF23-A01}
  programme: {constant: HDF-CONF-2023}
  status: {headers: [Statut], required: true, words: {registered: [Validé], cancelled: [Annulé]}}
  registered_at: {headers: [Date], order: dmy}
  ticket: {headers: [Tarif]}
  price: {headers: [Prix]}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
  email: {headers: [Courriel], privacy: direct}
  payer_name: {headers: [Payeur], privacy: direct}
  organisation: {headers: [Structure], privacy: indirect}
  postcode: {headers: [CP], privacy: indirect}
  gender: {headers: [Genre], privacy: indirect}
  comment: {headers: [Remarque], privacy: direct}
ignore: [Régime]
"""
SHEET = """\
source: emargement
title: Émargement
entity: attendance
files: {pattern: "*.xlsx", shape: spreadsheet}
fields:
  attendance_id: {compose: [Nom, Prénom], sealed: true, required: true}
  event: {constant: HDF23-A01}
  programme: {constant: HDF-CONF-2023}
  present: {constant: "oui", rules: [{header: Signature, filled: true, gives: "oui"}], blank: null}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
  signature: {headers: [Signature], privacy: direct}
"""
HEADER = "Commande;Tarif;Statut;Date;Prix;Nom;Prénom;Courriel;Payeur;Structure;CP;Genre;Remarque;Régime"
LINES = [
    "A1;Plein;Validé;01/03/2023 09:00;10;Canari-Lévêque;Jeanne;Jeanne.Canari@exemple.test;;Les Serins;59000;F;;sans arachide",
    "A1;Plein;Validé;01/03/2023 09:00;10;Martin;Paul;paul@exemple.test;Jeanne CANARI-LEVEQUE;;;H;Vient avec jeanne canari lévêque;",
    "A1;Repas;Validé;01/03/2023 09:00;10;Canari-Lévêque;Jeanne;jeanne.canari@exemple.test;;;;;;végétarien",
    "A2;Plein;Validé;02/03/2023 09:00;dix;Canari-Lévêque;Jeanne;jeanne.canari@exemple.test;;;;F;;",
    "A3;Réduit;Annulé;02/03/2023 10:00;5;Canari-Lévêque;Jeanne;jeanne.canari@exemple.test;;;75001;F;;",
    "A3;Réduit;Annulé;02/03/2023 10:00;5;Canari-Lévêque;Jeanne;jeanne.canari@exemple.test;;;75001;F;;",
    "A4;Plein;Validé;02/03/2023 11:00;5;Durand;Ana;ana@exemple.test;;;;F;;",
]
MASKS = Identifiers(emails=frozenset(["jeanne.canari@exemple.test"]), names=frozenset([("Jeanne", "Canari-Lévêque")]))


def in_clear(vault: Vault, home) -> str:
    """Everything the home holds, decrypted by who has the key, in lower case."""
    found = []
    for path in sorted((home / "originals").rglob("*")):
        if path.is_file():
            with vault.cipher.open_decrypted(path, purpose="originals", context=path.name) as decrypted:
                found.append(_text(decrypted.path.read_bytes()))
    with open_private() as con:
        vault.load(con, purpose="verification")
        found.append(str(con.execute("from identities").fetchall()))
    with closing(duckdb.connect()) as con:
        for path in (home / "landing").rglob("*.parquet"):
            found.append(str(con.execute(f"from '{path}'").fetchall()))
    for path in (home / "inbox").rglob("*"):
        found.append(_text(path.read_bytes()) if path.is_file() else "")
    return "\n".join(found).lower()


def _text(data: bytes) -> str:
    start = data.find(b"PK\x03\x04")
    if start < 0:
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data[start:])) as archive:
        parts = [archive.read(name) for name in archive.namelist()]
    return "\n".join(
        str(pq.read_table(io.BytesIO(part)).to_pylist()) if part[:4] == b"PAR1" else part.decode("utf-8", "replace")
        for part in parts
    )


class Home:
    def __init__(self, root):
        self.root, self.places, self.nights = root, places(root), 0
        self.contracts = {}
        for text in (TICKETS, SHEET):
            path = root / f"{text.split()[1]}.yml"
            path.write_text(text, encoding="utf-8")
            self.contracts[path.stem] = load_contract(path)

    @property
    def vault(self):
        return Vault(self.places.vault)

    def tickets(self, lines=LINES, name="ventes.csv"):
        return raw(self.root, "billets", name, "\r\n".join([HEADER, *lines, ""]).encode())

    def sheet(self, *people, name="feuille.xlsx"):
        book = openpyxl.Workbook()
        for row in (("Nom", "Prénom", "Signature"), *people):
            book.active.append(row)
        path = self.root / "inbox" / "emargement" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        book.save(path)
        return settle(path)

    def night(self):
        self.nights += 1
        now = NOW + timedelta(days=self.nights)
        return [report for loaded in self.contracts.values() for report in deliver(self.places, loaded, now=now)]

    def rows(self, entity="registration", what="*"):
        with closing(duckdb.connect()) as con:
            hand_over(con, self.places, self.contracts)
            return con.execute(f"select {what} from landing.{entity} order by all").fetchall()

    def ledger(self):
        with open_ledger(self.places.ledger) as ledger:
            return deliveries(ledger)

    def bury(self, **more):
        stones = self.vault.tombstones
        stone = stones.new(datetime(2026, 11, 25))
        fields = {"emails": (stones.of_email("jeanne.canari@exemple.test"),)} | more
        stone = replace(stone, **fields)
        stones.keep(stone)
        return stone

    def erase(self, masks=MASKS):
        now = NOW + timedelta(days=40)
        return [
            done
            for row in self.ledger()
            if (done := erase_in(self.places, self.contracts[row["source"]], row, Going(masks), now=now))
        ]


@pytest.fixture
def home(tmp_path, without_references):
    return Home(tmp_path)


def counts(home):
    """What indicators are made of: places and persons by status, gender, ticket, price and instant."""
    with closing(duckdb.connect()) as con:
        hand_over(con, home.places, home.contracts)
        return con.execute(
            "select status, gender, ticket, price, registered_at, count(*), count(distinct person_key), "
            "count(distinct registration_id) from landing.registration group by all order by all"
        ).fetchall()


def kept_counts(home):
    return [
        tuple(row[f"rows_{what}"] for what in ("read", "accepted", "quarantined", "duplicate", "structure"))
        for row in home.ledger()
    ]


def test_the_person_goes_from_every_byte_and_the_counts_stay(home):
    home.tickets()
    home.night()
    before, ledger = counts(home), kept_counts(home)
    assert ledger == [(6, 5, 1, 0, 1)] and "canari" in in_clear(home.vault, home.root)
    home.bury()
    (done,) = home.erase()
    clear_inbox(home.places)
    assert (done.rows, done.nb_refused, done.nb_emptied) == ((2, 4, 5, 6, 7), 1, 1) and len(done.cells) == 2
    left = in_clear(home.vault, home.root)
    assert not [word for word in ("canari", "arachide", "végétarien", "serins", "59000", "75001") if word in left]
    assert "martin" in left and "paul@exemple.test" in left, "the others are all there"
    assert counts(home) == before and kept_counts(home) == ledger
    basis = home.rows(what="person_basis, count(*) over (partition by person_basis)")
    assert sorted(set(basis)) == [("email", 2), ("erased", 3)]
    assert home.rows(what="organisation_text, postcode") == [(None, None)] * 5


def test_a_file_that_only_mentions_the_person_loses_the_mentions(home):
    home.tickets(LINES[1:2])
    home.night()
    before = counts(home)
    (done,) = home.erase()
    clear_inbox(home.places)
    left = in_clear(home.vault, home.root)
    assert (done.rows, len(done.cells), counts(home)) == ((), 2, before)
    assert "canari" not in left and "vient avec (effacé)" in left and "paul@exemple.test" in left


def test_who_goes_later_leaves_those_who_went_before_as_they_were(home):
    home.tickets()
    home.night()
    before, ledger = counts(home), kept_counts(home)
    home.bury()
    home.erase()
    first = home.rows(what="registration_id, person_key")
    home.bury(emails=(home.vault.tombstones.of_email("ana@exemple.test"),))
    (done,) = home.erase(masks=None)
    assert (done.rows, counts(home), kept_counts(home)) == ((8,), before, ledger)
    assert len(set(first) & set(home.rows(what="registration_id, person_key"))) == 4


def test_what_is_erased_is_landed_the_same_by_a_replay(home):
    home.tickets()
    home.night()
    home.bury()
    home.erase()
    landed, (row,) = home.rows(), home.ledger()
    replay(home.places, home.contracts["billets"], row, NOW)
    assert home.rows() == landed


def test_a_rank_does_not_move_when_another_row_of_its_order_goes(home):
    home.tickets()
    home.night()
    ids = {row[0] for row in home.rows(what="registration_id")}
    assert {"A1 / Plein", "A1 / Plein #2"} <= ids
    home.bury()
    home.erase()
    after = {row[0] for row in home.rows(what="registration_id")}
    assert "A1 / Plein #2" in after and "A1 / Plein" not in after and len(after) == len(ids)


def test_the_tally_of_a_sealed_key_and_of_a_list_without_addresses(home):
    home.tickets(LINES[:1])
    home.sheet(("Canari-Lévêque", "Jeanne", "JCL"), ("Martin", "Paul", "PM"))
    home.night()
    before = home.rows("attendance", "count(*), count(distinct attendance_id), count(is_present)")
    stones = home.vault.tombstones
    home.bury(names=(stones.of_name("HDF23-A01", "canari jeanne leveque"),))
    assert {done.source for done in home.erase()} == {"billets", "emargement"}
    clear_inbox(home.places)
    assert home.rows("attendance", "count(*), count(distinct attendance_id), count(is_present)") == before
    left = in_clear(home.vault, home.root)
    assert "canari" not in left and "jcl" not in left and "martin" in left
    keys = {row[0] for row in home.rows(what="person_key")}
    assert keys <= {row[0] for row in home.rows("attendance", "person_key")}, "one tally in both lists"


@pytest.mark.parametrize(
    ("said", "ends", "is_somebody"),
    [
        ({"Courriel": "jeanne.canari@exemple.test"}, f"@{STAND_IN_DOMAIN}", True),
        ({"Tél": "06 12 34 56 99"}, f"@{STAND_IN_DOMAIN}", True),
        ({}, BY_NAME, True),
        ({"Courriel": "néant", "Tél": "-"}, BY_NAME, True),
        ({"Nom": "", "Prénom": "", "Courriel": "Jeanne Canari"}, BY_NAME, True),
        ({"Nom": ""}, OF_NOBODY, False),
        ({"Nom": "", "Courriel": "néant", "Tél": "06 12 34 56 99"}, OF_NOBODY, False),
        ({"Nom": "", "Prénom": "", "Tél": "06 12 34 56 99"}, OF_NOBODY, False),
    ],
)
def test_each_row_goes_on_being_known_by_what_it_was_known_by(home, said, ends, is_somebody):
    path = home.root / "billets.yml"
    phone = "  phone: {headers: [Tél], privacy: direct}\n  comment:"
    path.write_text(TICKETS.replace("  comment:", phone), encoding="utf-8")
    home.contracts["billets"] = load_contract(path)
    cells = dict(zip(HEADER.split(";"), LINES[0].split(";"), strict=True)) | {"Courriel": "", "Tél": ""} | said
    raw(home.root, "billets", "ventes.csv", "\r\n".join([";".join(cells), ";".join(cells.values()), ""]).encode())
    home.night()
    (delivery,) = home.ledger()
    home.bury(rows=(f"billets/{delivery['delivery_id']}/2",))
    home.erase()
    stand_ins = []
    for _ in range(2):
        with open_private() as con:
            home.vault.load(con, purpose="verification")
            stand_ins += con.execute("select email from identities").fetchall()
        home.erase(masks=None)
    ((stand_in,),) = set(stand_ins)
    assert stand_in[32:] == ends
    assert home.rows(what="person_key is not null, person_basis") == [(is_somebody, "erased")]


@pytest.mark.parametrize("first", ["Structure", "CP", "Nom"])
def test_the_mask_that_keeps_a_row_is_read_as_nothing_in_whichever_column_it_stands(home, first):
    cells = dict(zip(HEADER.split(";"), LINES[0].split(";"), strict=True))
    cells = {first: cells[first]} | cells
    raw(home.root, "billets", "ventes.csv", "\r\n".join([";".join(cells), ";".join(cells.values()), ""]).encode())
    home.night()
    home.bury()
    home.erase()
    assert home.rows(what="organisation_text, postcode, person_basis") == [(None, None, "erased")]
    with open_private() as con:
        home.vault.load(con, purpose="verification")
        assert con.execute("select family_name, given_name from identities").fetchall() == [(None, None)]


def test_a_new_file_with_the_person_lands_as_the_same_tally(home):
    home.tickets(LINES[:1])
    home.night()
    home.bury()
    home.erase()
    ((tally, token),) = home.rows(what="person_key, registration_id")
    path = home.tickets([*LINES[:1], LINES[6]])
    home.night()
    assert home.rows(what="person_key, registration_id").count((tally, token)) == 1
    assert len(home.rows()) == 2
    assert clear_inbox(home.places) == 1 and not path.exists()
    assert "canari" not in in_clear(home.vault, home.root)


@pytest.mark.parametrize("made", ["now", "before lengths stood with fingerprints"])
def test_a_later_file_that_quotes_the_address_or_the_ticket_of_who_was_erased_loses_it(home, made):
    fingerprint = home.vault.tombstones.of_ticket("CANARI9-1")
    home.bury(tickets=(fingerprint if made == "now" else fingerprint.partition(":")[2],))
    quoting = LINES[6].replace(";F;;", ";F;voir canari9-1 (Jeanne.Canari@exemple.test);canari9-1 aussi")
    late = (
        LINES[6]
        .replace("A4", "A5")
        .replace("02/03/2023", "01/12/2026")
        .replace(";F;;", ";F;avec jeanne.canari@exemple.test;")
    )
    other = LINES[6].replace("A4", "CANARI9-1")
    home.tickets([quoting, late, other])
    home.night()
    with open_private() as con:
        home.vault.load(con, purpose="verification")
        said = con.execute("select row_number, free_text, email from identities order by 1").fetchall()
    assert said == [
        (2, {"comment": "voir (effacé) ((effacé))"}, "ana@exemple.test"),
        (3, {"comment": "avec jeanne.canari@exemple.test"}, "ana@exemple.test"),
        (4, None, "ana@exemple.test"),
    ], "what is later is new, and the number of a row is its own"
    clear_inbox(home.places)
    assert in_clear(home.vault, home.root).count("canari9-1") == 3, "in its own row: the cell, its number, its order"
    before = home.ledger()
    home.night()
    assert home.ledger() == before


def test_a_participation_after_the_erasure_is_a_new_one(home):
    home.bury()
    home.tickets([LINES[0].replace("01/03/2023", "01/12/2026"), LINES[0].replace("A1", "A9")])
    home.night()
    assert sorted(row[0] for row in home.rows(what="person_basis")) == ["email", "erased"]


def test_without_a_tombstone_nobody_is_erased(home):
    home.tickets()
    home.night()
    assert home.erase(masks=None) == [] and "canari" in in_clear(home.vault, home.root)


@pytest.mark.parametrize("kept", ["vault/erased_files.json", "erased_files.json"])
def test_either_list_of_erased_files_tells_that_something_older_came_back(tmp_path, kept):
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "identities").write_text("tally")
    (vault / "tombstones").mkdir()
    (vault / "tombstones" / "one.enc").touch()
    tombstones_applied(vault)
    remember(vault, "s", "d", [vault / "identities"])
    assert not replaced_since(vault)
    (vault / "identities").write_text("somebody again")
    for other in {"vault/erased_files.json", "erased_files.json"} - {kept}:
        (tmp_path / other).unlink()
    assert replaced_since(vault) == {("s", "d")} and is_erased(vault, "s", "d")
    remember(vault, "s", "d", [vault / "identities"])
    assert not replaced_since(vault) and len(list(tmp_path.rglob("erased_files.json"))) == 2
    assert not are_tombstones_new(vault)


@pytest.mark.parametrize(
    "left", ["", "null", "[]", '{"deliveries": ["s/d"]}', '{"tombstones": 3}', '{"deliveries": {"s']
)
@pytest.mark.parametrize("damaged", ["vault/erased_files.json", "erased_files.json"])
def test_of_a_list_that_cannot_be_read_the_other_takes_the_place(tmp_path, damaged, left):
    vault = tmp_path / "vault"
    vault.mkdir()
    remember(vault, "s", "d", [vault / "identities"])
    whole = (tmp_path / damaged).read_text()
    (tmp_path / damaged).write_text(left)
    assert is_erased(vault, "s", "d") and not is_lost(vault) and not replaced_since(vault)
    assert unreadable(vault) == [tmp_path / damaged]
    mend(vault)
    assert not unreadable(vault) and (tmp_path / damaged).read_text() == whole


def test_where_no_list_can_be_read_everything_is_gone_through_again(home, tmp_path):
    home.tickets()
    home.night()
    shutil.copytree(tmp_path / "landing", tmp_path / "backup")
    home.bury()
    (done,) = home.erase()
    landed, vault = home.rows(), home.places.vault
    tombstones_applied(vault)
    for path in (vault / "erased_files.json", tmp_path / "erased_files.json"):
        path.write_text("")
    shutil.copytree(tmp_path / "backup", tmp_path / "landing", dirs_exist_ok=True)
    assert home.rows() != landed and is_lost(vault) and are_tombstones_new(vault)
    mend(vault)
    assert is_lost(vault), "there is nothing to write them from"
    assert reapply(home.places, home.contracts, NOW, everywhere=True) == 1
    assert home.rows() == landed and is_lost(vault), "an interruption would begin again"
    tombstones_applied(vault)
    found_again(vault)
    assert not is_lost(vault) and not are_tombstones_new(vault) and not unreadable(vault)
    assert is_erased(vault, done.source, done.delivery_id) and not replaced_since(vault)


@pytest.mark.nights
@pytest.mark.parametrize("layer", ["originals", "landing", "identities", "vault", "inbox"])
def test_a_backup_that_comes_back_is_erased_again(home, tmp_path, layer):
    path = home.tickets()
    home.night()
    folders = {
        "originals": "originals",
        "landing": "landing",
        "identities": "vault/identities",
        "inbox": "inbox",
        "vault": "vault",
    }
    shutil.copytree(tmp_path / folders[layer], tmp_path / "backup")
    home.bury()
    (done,) = home.erase()
    stones, key = home.vault.tombstones, f"{done.source}/{done.delivery_id}"
    (stone,) = stones.all()
    stones.keep(replace(stone, cells={key: done.cells}, rows=tuple(f"{key}/{row}" for row in done.rows)))
    clear_inbox(home.places)
    landed = home.rows()
    assert not replaced_since(home.places.vault)
    shutil.copytree(tmp_path / "backup", tmp_path / folders[layer], dirs_exist_ok=True)
    assert "canari" in in_clear(home.vault, home.root) or home.rows() != landed
    settle(path) if path.exists() else None
    home.night()
    reapply(home.places, home.contracts, NOW + timedelta(days=50))
    clear_inbox(home.places)
    assert "canari" not in in_clear(home.vault, home.root)
    assert home.rows() == landed and not replaced_since(home.places.vault)


def test_a_backup_of_a_source_that_was_retired_since_goes_whole(home, tmp_path):
    path = home.tickets()
    home.night()
    for layer in ("originals", "landing", "vault"):
        shutil.copytree(tmp_path / layer, tmp_path / "backup" / layer)
    home.bury()
    home.erase()
    path.unlink()
    shutil.copytree(tmp_path / "backup", tmp_path, dirs_exist_ok=True)
    assert "canari" in in_clear(home.vault, home.root)
    retired = {name: loaded for name, loaded in home.contracts.items() if name != "billets"}
    shutil.rmtree(tmp_path / "backup")
    assert reapply(home.places, retired, NOW + timedelta(days=50)) == 1
    assert "canari" not in in_clear(home.vault, home.root)
    assert not replaced_since(home.places.vault) and reapply(home.places, retired, NOW + timedelta(days=50)) == 0


def with_another_column(home):
    path = home.root / "billets.yml"
    path.write_text(TICKETS.replace("[Nom]", "[Nom de famille]"), encoding="utf-8")
    return home.contracts | {"billets": load_contract(path)}


def test_a_backup_of_what_its_contract_no_longer_reads_is_said_and_keeps_the_rows_of_others(home, tmp_path):
    home.tickets()
    home.night()
    for layer in ("originals", "landing", "vault/identities"):
        shutil.copytree(tmp_path / layer, tmp_path / "backup" / layer)
    stone = home.bury()
    (done,) = home.erase()
    rows = tuple(f"{done.source}/{done.delivery_id}/{row}" for row in done.rows)
    home.vault.tombstones.keep(replace(stone, rows=rows))
    shutil.copytree(tmp_path / "backup", tmp_path, dirs_exist_ok=True)
    before = home.rows()
    for _ in range(2):
        with pytest.raises(NotReadAgain, match="le contrat ne lit plus « ventes.csv »"):
            reapply(home.places, with_another_column(home), NOW + timedelta(days=50))
    assert home.rows() == before and replaced_since(home.places.vault)
    assert reapply(home.places, home.contracts, NOW + timedelta(days=50)) == 1
    assert {row[0] for row in home.rows(what="person_basis")} == {"email", "erased"}


def test_a_home_that_was_copied_keeps_what_its_contract_no_longer_reads(home, tmp_path):
    """Other stamps, the same files: nobody is back, and nothing is to be done."""
    home.tickets()
    home.night()
    home.bury(cells={})
    home.erase()
    before = home.rows()
    for layer in ("originals", "landing", "vault/identities"):
        (tmp_path / layer).rename(tmp_path / "aside")
        shutil.copytree(tmp_path / "aside", tmp_path / layer)
        shutil.rmtree(tmp_path / "aside")
    assert replaced_since(home.places.vault)
    assert reapply(home.places, with_another_column(home), NOW + timedelta(days=50)) == 1
    assert home.rows() == before and not replaced_since(home.places.vault)


def test_a_delivery_that_goes_whole_leaves_no_identity(home):
    home.tickets()
    home.night()
    (row,) = home.ledger()
    done = erase_in(home.places, home.contracts["billets"], row, Going(whole=True, purpose="retention"), now=NOW)
    clear_inbox(home.places)
    assert done.is_emptied and not home.vault.deliveries() and "canari" not in in_clear(home.vault, home.root)
    assert not list(home.places.landing.rglob("*.parquet")) and not replaced_since(home.places.vault)
    erased = [(line["purpose"], line["rows"]) for line in home.vault.log.lines() if line["action"] == "erase"]
    assert erased == [("retention", 5)]


@pytest.mark.parametrize(
    ("data", "is_there"),
    [
        (b'{"nom": "Canari-L\\u00e9v\\u00EAque", "prenom": 1, "de": "Jeanne Canari-L\\u00e9v\\u00eaque"}', True),
        (b'{"de": "Jeanne Canari-L\\u00e8ve"}', False),
        ("<row><c><is><t>Canari-Lévêque</t></is></c>\n  <c><is><t>Jeanne</t></is></c></row>".encode(), True),
        (
            "<row><c><is><t>Canari-Lévêque</t></is></c><c><is><t>Paul</t></is></c><c><t>Jeanne</t></c></row>".encode(),
            False,
        ),
    ],
)
def test_bytes_that_nothing_reads_mention_a_person_across_cells_and_escapes(tmp_path, data, is_there):
    path = tmp_path / "octets"
    path.write_bytes(data)
    assert mentioned_in_bytes(path, MASKS) == is_there
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", data)
    assert mentioned_in_bytes(path, MASKS) == is_there


def test_a_delivery_that_was_never_read_loses_the_person_too(home):
    raw(
        home.root,
        "billets",
        "autre.csv",
        b"Nom;Mail\r\nCanari-L\xe9v\xeaque;jeanne.canari@exemple.test\r\nMartin;p@exemple.test\r\n",
    )
    raw(home.root, "billets", "abime.csv", b"PK\x03\x04 jeanne.canari@exemple.test")
    home.night()
    outcomes = {row["file_name"]: row["outcome"] for row in home.ledger()}
    assert outcomes == {"autre.csv": "held", "abime.csv": "refused"}
    done = home.erase()
    clear_inbox(home.places)
    assert sorted(each.is_emptied for each in done) == [False, True]
    assert {row["file_name"]: row["outcome"] for row in home.ledger()} == outcomes
    left = in_clear(home.vault, home.root)
    assert "canari" not in left and "martin" in left


def test_free_text_alone_goes_after_its_time(home):
    home.tickets()
    home.night()
    before, (row,) = counts(home), home.ledger()
    done = erase_in(home.places, home.contracts["billets"], row, Going(blanks={"comment": [2, 3, 4]}), now=NOW)
    assert done.nb_blanked == 1 and done.rows == ()
    assert "vient avec" in in_clear(home.vault, home.root), "the copy of the inbox is still there"
    clear_inbox(home.places)
    assert "vient avec" not in in_clear(home.vault, home.root)
    assert counts(home) == before
    with open_private() as con:
        home.vault.load(con, purpose="verification")
        assert con.execute("select count(*) from identities where free_text is not null").fetchall() == [(0,)]


def test_a_signature_that_says_presence_can_go(home):
    home.sheet(("Martin", "Paul", "PM"), ("Durand", "Ana", None))
    home.night()
    before = home.rows("attendance", "attendance_id, is_present")
    (row,) = home.ledger()
    erase_in(home.places, home.contracts["emargement"], row, Going(blanks={"signature": [2, 3]}), now=NOW)
    assert home.rows("attendance", "attendance_id, is_present") == before
    with open_private() as con:
        home.vault.load(con, purpose="verification")
        assert con.execute("select count(signature), count(family_name) from identities").fetchall() == [(0, 2)]


def test_a_row_that_loses_its_last_cell_is_still_a_row_and_names_nobody(home):
    home.sheet(("Martin", "Paul", "PM"), ("Durand", "Ana", "AD"))
    home.night()
    before = home.rows("attendance", "attendance_id, is_present")
    (row,) = home.ledger()
    blanks = dict.fromkeys(("family_name", "given_name", "signature"), [2])
    erase_in(home.places, home.contracts["emargement"], row, Going(blanks=blanks), now=NOW)
    assert home.rows("attendance", "attendance_id, is_present") == before and len(before) == 2
    with open_private() as con:
        home.vault.load(con, purpose="verification")
        assert con.execute("select family_name, given_name from identities").fetchall() == [("Durand", "Ana")]


def test_a_mention_in_another_sheet_goes_whatever_the_row_of_that_number_is(home):
    path = home.root / "emargement.yml"
    left_out = "layout: {left_out: [{header: Signature, words: [repas], reason: repas}]}\nfields:"
    path.write_text(SHEET.replace("fields:", left_out), encoding="utf-8")
    home.contracts["emargement"] = load_contract(path)
    home.sheet(("Martin", "Paul", "PM"), ("Durand", "Ana", "repas"))
    book = openpyxl.load_workbook(home.root / "inbox" / "emargement" / "feuille.xlsx")
    other = book.create_sheet("Notes")
    for line in (("Notes",), ("Salle 2",), ("Vu avec Jeanne Canari-Lévêque",)):
        other.append(line)
    book.save(home.root / "inbox" / "emargement" / "feuille.xlsx")
    settle(home.root / "inbox" / "emargement" / "feuille.xlsx")
    home.night()
    (done,) = home.erase()
    clear_inbox(home.places)
    left = in_clear(home.vault, home.root)
    assert (done.rows, done.cells) == ((), ((1, 3, 1),)) and "canari" not in left and "durand" in left


def test_pages_of_an_unfinished_crawl_go(home):
    running = home.places.crawls / "billets" / "running"
    running.mkdir(parents=True)
    (running / "00001.page").write_bytes(b"x")
    assert forget_pages(home.places) == 1 and not running.exists()


def test_what_is_kept_says_what_it_is(home, tmp_path):
    home.tickets(LINES[:1])
    home.night()
    (row,) = home.ledger()
    original = original_path(home.places.originals, row["sha256"])

    def kept_as_table():
        with home.vault.cipher.open_decrypted(original, purpose="originals", context=row["sha256"]) as decrypted:
            return is_redacted(decrypted.path)

    assert not kept_as_table()
    home.bury()
    home.erase()
    assert kept_as_table()


@pytest.mark.parametrize("known_by", ["name", "row"])
def test_a_double_of_an_erased_row_and_a_dispute_over_its_key_stay_what_they_were(home, known_by):
    """A double, or a row refused for carrying the same key, would be accepted once the first row has lost its key."""
    plain = SHEET.replace("compose: [Nom, Prénom], sealed: true", "headers: [Place]").replace(
        "  signature", "  full_name"
    )
    plain = plain.replace("full_name: {headers: [Signature]", "comment: {headers: [Signature]")
    path = home.root / "emargement.yml"
    path.write_text(plain, encoding="utf-8")
    home.contracts["emargement"] = load_contract(path)
    book = openpyxl.Workbook()
    for row in (
        ("Place", "Nom", "Prénom", "Signature"),
        ("P1", "Canari-Lévêque", "Jeanne", "oui"),
        ("P1", "Canari-Lévêque", "Jeanne", "oui"),
        ("P1", "Martin", "Paul", "oui"),
        ("P2", "Martin", "Paul", "oui"),
    ):
        book.active.append(row)
    file = home.root / "inbox" / "emargement" / "feuille.xlsx"
    file.parent.mkdir(parents=True)
    book.save(file)
    settle(file)
    home.night()
    ledger = kept_counts(home)
    assert ledger == [(4, 2, 1, 1, 0)]
    (row,) = home.ledger()
    told = {
        "name": {"names": (home.vault.tombstones.of_name("HDF23-A01", "canari jeanne leveque"),)},
        "row": {"rows": (f"emargement/{row['delivery_id']}/2",)},
    }
    home.bury(**told[known_by])
    (done,) = home.erase(masks=None)
    assert done.rows == (2, 3) and kept_counts(home) == ledger
    assert clear_inbox(home.places) == 1
    assert "canari" not in in_clear(home.vault, home.root) and "martin" in in_clear(home.vault, home.root)
    assert home.rows("quarantine", "row_number, rule") == [(4, "cle_en_double")]
    # the row that stays refused is somebody's, who is found and erased too
    people = refused_people(home.places, home.contracts, "person_rights").to_pylist()
    assert [(who["row_number"], who["name"]) for who in people] == [(4, "Paul Martin")]
    home.bury(names=(home.vault.tombstones.of_name("HDF23-A01", "martin paul"),))
    (done,) = home.erase(masks=None)
    assert done.rows == (4, 5) and kept_counts(home) == ledger
    assert "martin" not in in_clear(home.vault, home.root)
    assert home.rows("quarantine", "row_number, rule") == [(4, "personne_effacee")]
    assert not refused_people(home.places, home.contracts, "person_rights").num_rows


def test_a_disputed_row_that_an_earlier_program_pinned_like_an_erased_one_is_somebodys(tmp_path):
    lines = [(2, "email", None), (2, REFUSED, None), (4, REFUSED, None), (5, STRUCTURE, None)]
    path = tmp_path / "kept"
    with path.open("wb") as file:
        write_kept(file, Kept((), slots=with_slots(SLOTS.empty_table(), lines)))
    kept = read_kept(path)
    assert kept.erased_rows == {2, 5}
    assert kept.slots.to_pylist()[2] == {"row_number": 4, "slot": DISPUTED, "text": None}


def test_a_file_named_after_the_person_gets_another_name_and_stays_in_force(home):
    home.tickets([LINES[6]], name="Jeanne Canari-Lévêque lot 1.csv")
    home.tickets([LINES[1].split(";Jeanne CANARI")[0] + ";;;;H;;"], name="jeanne canari lévêque LOT 2.csv")
    home.night()
    home.tickets([LINES[6].replace("A4", "A5")], name="Jeanne Canari-Lévêque lot 1.csv")
    home.night()
    states, rows = [row["state"] for row in home.ledger()], home.rows(what="registration_id")
    assert sorted(states) == ["accepted", "accepted", "superseded"]
    names = names_citing(home.places, MASKS, home.bury())
    for _ in ("once", "again, after an interruption"):
        with open_ledger(home.places.ledger) as ledger:
            assert len(rename_files(ledger, names)) == 3
    assert not names_citing(home.places, MASKS, home.bury())
    for row in home.ledger():
        erase_in(home.places, home.contracts["billets"], row, Going(MASKS), now=NOW, renamed=True)
    assert clear_inbox(home.places) == 2
    assert [row["state"] for row in home.ledger()] == states and home.rows(what="registration_id") == rows
    assert "canari" not in in_clear(home.vault, home.root)
    assert {name for (name,) in home.rows(what="file_name")} == {
        row["file_name"] for row in home.ledger() if row["state"] == "accepted"
    }


CONTACTS = """\
source: annuaire
title: Annuaire
entity: organisation
files: {pattern: "*.csv", shape: delimited, delimiter: ";"}
fields:
  organisation_id: {headers: [N°], required: true}
  name: {headers: [Structure], required: true}
  contact_name: {headers: [Contact], privacy: direct}
  contact_email: {headers: [Courriel], privacy: direct}
  contact_phone: {headers: [Tél], privacy: direct}
"""


def test_a_contact_goes_and_the_organisation_stays(home):
    path = home.root / "annuaire.yml"
    path.write_text(CONTACTS, encoding="utf-8")
    home.contracts["annuaire"] = load_contract(path)
    lines = [
        "N°;Structure;Contact;Courriel;Tél",
        "1;Les Serins;Jeanne Canari;jeanne.canari@exemple.test;0612",
        "2;Autre;;;",
    ]
    raw(home.root, "annuaire", "a.csv", "\r\n".join([*lines, ""]).encode())
    home.night()
    before = home.rows("organisation", "organisation_id")
    (row,) = home.ledger()
    home.bury(rows=(f"annuaire/{row['delivery_id']}/2",))
    (done,) = home.erase()
    clear_inbox(home.places)
    assert done.nb_blanked == 3 and not done.rows
    assert home.rows("organisation", "organisation_id") == before and len(before) == 2
    assert not [word for word in ("canari", "0612") if word in in_clear(home.vault, home.root)]
    assert not home.erase(masks=None), "nothing of the person is left to be erased again"


def test_a_refused_row_that_only_a_name_tells_is_erased_with_the_person(home):
    path = home.root / "feuille.yml"
    path.write_text(
        SHEET.replace("source: emargement", "source: feuille").replace('pattern: "*.xlsx", shape: spreadsheet', 'pattern: "*.csv", shape: delimited, delimiter: ";"').replace(
            'present: {constant: "oui", rules: [{header: Signature, filled: true, gives: "oui"}], blank: null}',
            'present: {headers: [Présence], required: true, words: {"true": [oui], "false": [non]}}',
        ),
        encoding="utf-8",
    )  # fmt: skip
    home.contracts["feuille"] = load_contract(path)
    lines = ["Nom;Prénom;Signature;Présence", "Canari-Lévêque;Jeanne;;peut-être", "Martin;Paul;PM;oui"]
    raw(home.root, "feuille", "f.csv", "\r\n".join([*lines, ""]).encode())
    home.night()
    before = kept_counts(home)
    assert before == [(2, 1, 1, 0, 0)]
    home.bury(emails=(), names=(home.vault.tombstones.of_name("HDF23-A01", "canari jeanne leveque"),))
    (done,) = home.erase()
    clear_inbox(home.places)
    assert (done.rows, done.nb_refused, kept_counts(home)) == ((2,), 1, before)
    assert "canari" not in in_clear(home.vault, home.root)


def test_who_goes_in_a_crowd_goes_from_the_other_parts_of_the_file_too(home):
    """As retention takes them: the other sheet of a workbook, rows that the contract leaves out, not the rows of who stays."""
    home.tickets()
    home.sheet(("Canari-Lévêque", "Jeanne", "JCL"), ("Martin", "Paul", "PM"))
    path = home.root / "inbox" / "emargement" / "feuille.xlsx"
    book = openpyxl.load_workbook(path)
    other = book.create_sheet("Inscrits")
    for row in (("Inscrits à l'atelier",), (1, "CANARI LEVEQUE", "Jeanne"), (2, "Martin", "Paul")):
        other.append(row)
    book.save(path)
    settle(path)
    home.night()
    before = counts(home), kept_counts(home)
    crowd = Crowd(frozenset(["jeanne.canari@exemple.test"]), frozenset(["canari jeanne leveque"]))
    stone = home.vault.tombstones.new(datetime(2026, 11, 25))
    theirs = {"billets": (2, 6, 7), "emargement": (2,)}
    for row in home.ledger():
        going = Going(gone=dict.fromkeys(theirs[row["source"]], stone), crowd=crowd, refused=stone)
        erase_in(home.places, home.contracts[row["source"]], row, going, now=NOW + timedelta(days=40))
    clear_inbox(home.places)
    left = in_clear(home.vault, home.root)
    assert "végétarien" not in left and "canari leveque" not in left.replace("jeanne canari-leveque", "")
    assert "inscrits à l'atelier" in left and "'c2': 'martin', 'c3': 'paul'" in left
    assert (counts(home), kept_counts(home)) == before
