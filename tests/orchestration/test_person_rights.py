"""`observatoire person find|erase` for who is known to nobody: from a refused row, a remark, a payer, a file that does not fit."""

import hashlib
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest
from openpyxl.comments import Comment
from ticket_office import PROGRAMME, TICKETS, home_with
from typer.testing import CliRunner

from identity.matching.constraints import decide, decisions
from identity.vault import IDENTITIES, Vault, open_private
from orchestration import erasure, rooms
from orchestration.command import app
from orchestration.doctor import examine
from orchestration.home import Home, Settings
from orchestration.person_command import NO_SUCH_NUMBER, NOTHING
from sources.explanations import Withdrawal
from sources.landing import original_path
from sources.ledger import deliveries, open_ledger
from sources.returned import nb_mentioning, write

sys.path.append(str(Path(__file__).parents[1] / "identity"))
from scanner import find

sys.path.append(str(Path(__file__).parents[1] / "sources" / "readers"))
from reader_files import biff_workbook, write_ods

from rulebook.numbers import plural

CONTRACT = (
    TICKETS
    + """\
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
  payer_name: {compose: [Nom payeur, Prénom payeur], between: " ", privacy: direct}
  comment: {headers: [Remarque], privacy: direct}
"""
)
HEADER = "Billet;Statut;Prix;Nom;Prénom;Courriel;Nom payeur;Prénom payeur;Remarque"
LINES = [
    "CANARI1;ok;1;Durand;Ana;ana@exemple.test;Bellavoix;Gontran;merci à TROTSKAYA Wilhelmine",
    "B2;ok;dix;Vrimbault;Eustache;eustache@exemple.test;;;",
    "B3;ok;1;Homonyme;Zoé;zoe@un.test;;;",
    "B4;ok;neuf;Homonyme;Zoé;zoe@deux.test;;;",
]


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """A home with a list that landed, one whose header does not fit, one that no contract reads, and a workbook that came back."""
    files = {
        "billets/ventes.csv": "\n".join([HEADER, *LINES, ""]),
        "billets/autres.csv": f"{HEADER};Régime\nB9;ok;1;Brissac;Aldegonde;ab@exemple.test;;;;vegan\n",
        "divers/liste_Aldegonde_Brissac.csv": "rien",
    }
    made = home_with(tmp_path, {"billets": CONTRACT}, files, time.time() - 60)
    rooms.deliver(made, rooms.contracts(made)["billets"], datetime.now(UTC))
    line = {
        "id": "x", "source": "billets", "delivery_id": "0" * 16, "file_name": "v.csv", "row_number": 2, "field": "price",
        "expect": None, "text": "1", "sealed": False, "author": "Perpétue Lachenois", "added_on": "2026-11-20",
    }  # fmt: skip
    about = {"delivery_id": "f" * 16, "kind": "corrections", "release": 1, "received_at": "2026-11-20"}
    write(rooms.places(made).returned, about | {"lines": [line]})
    monkeypatch.setattr(Home, "from_environment", classmethod(lambda cls: made))
    return made


def said(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["person", *arguments, "--purpose", "person_rights"])
    assert done.exit_code == code, done.output
    return done.output


def traces(home: Home, word: str, clear: Path) -> list:
    """Where the word stands in what the originals, decrypted into `clear`, and the inbox hold."""
    vault = Vault(home.vault)
    clear.mkdir()
    for path in home.originals.rglob("*"):
        if path.is_file():
            with vault.cipher.open_decrypted(path, purpose="originals", context=path.name) as decrypted:
                data = decrypted.path.read_bytes()
            # past the mark of a redacted table there is an archive, which the scanner opens
            (clear / path.name).write_bytes(data[max(data.find(b"PK\x03\x04"), 0) :])
    return find(clear, [word]) + find(home.inbox, [word])


def test_a_folder_that_the_system_does_not_open_is_not_passed_over(home, monkeypatch):
    closed, scan = str(home.inbox / "divers"), os.scandir

    def refuse(path):
        if str(path) == closed:
            raise PermissionError(13, "Permission denied", closed)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert f"Accès refusé, vérifier à qui appartiennent les fichiers et leurs droits : {closed}" in said(
        "find", "Aldegonde Brissac", code=4
    )


@pytest.mark.nights
@pytest.mark.parametrize(
    ("who", "gone", "rows", "emptied"),
    [
        ("Eustache Vrimbault", "vrimbault", 1, 0),
        ("eustache@exemple.test", "vrimbault", 1, 0),
        ("Wilhelmine Trotskaya", "trotskaya", 0, 0),
        ("Gontran Bellavoix", "bellavoix", 0, 0),
        ("Aldegonde Brissac", "brissac", 0, 1),
    ],
)
def test_who_is_only_mentioned_is_found_and_erased(home, who, gone, rows, emptied, tmp_path):
    assert traces(home, gone, tmp_path / "before")
    found = said("find", who)
    assert plural(rows, "ligne tenue", "lignes tenues") in found and (rows or "Ailleurs" in found), found
    assert "Rien n'est effacé" in said("erase", who)
    said("erase", who, "--yes")
    assert not traces(home, gone, tmp_path / "after")
    (certificate,) = home.certificates.glob("*.json")
    counts = json.loads(certificate.read_text("utf-8"))["counts"]
    assert counts["deliveries"] == 1 and counts["rows"] + counts["rows_emptied"] + counts["cells"] > 0
    assert (counts["rows"], counts["rows_emptied"]) == (rows, emptied), "what a held file holds is counted nowhere"
    assert said("find", who).endswith(f"{NOTHING}\n")
    with open_ledger(home.ledger) as ledger:
        assert {row["rows_read"] for row in deliveries(ledger)} == {0, 4}, "the counts stay"


@pytest.mark.nights
def test_who_is_left_in_the_original_of_an_interrupted_reading_or_in_a_reason_is_found_and_erased(home, tmp_path):
    vault = Vault(home.vault)
    other = tmp_path / "remplacé.csv"  # another file took its name before a night read it again
    other.write_text(f"{HEADER}\nB7;ok;dix;Oubliette;Philomène;;;;\n", encoding="utf-8")
    sha256 = hashlib.sha256(other.read_bytes()).hexdigest()
    kept = original_path(home.originals, sha256)
    kept.parent.mkdir(exist_ok=True)
    with other.open("rb") as bytes_:
        vault.cipher.encrypt_file(bytes_, kept, purpose="originals", context=sha256)
    decide(vault, "merge", [1], [2], reason="elle connaît Sidonie Pimprenelle")
    for who, where in (("Philomène Oubliette", "1 original d'une lecture"), ("Sidonie Pimprenelle", "1 décision")):
        assert f"Et dans {where}" in said("find", who)
        said("erase", who, "--asked-on", "2025-11-03", "--yes")
        assert NOTHING in said("find", who)
    assert not kept.exists() and [decision.reason for decision in decisions(vault)] == ["elle connaît (effacé)"]
    assert len(list(home.originals.rglob("*/*"))) == 2, "those of the ledger stay"


def rewritten(home: Home, before: str, after: str, source: str = "billets") -> None:
    contract = home.project / "sources" / "contracts" / f"{source}.yml"
    text = contract.read_text(encoding="utf-8")
    assert before in text
    contract.write_text(text.replace(before, after), encoding="utf-8")


def sales(home: Home) -> dict:
    """The list that landed, as the ledger has it."""
    with open_ledger(home.ledger) as ledger:
        (row,) = [row for row in deliveries(ledger) if row["file_name"] == "ventes.csv"]
    return row


def bases(home: Home) -> list[tuple[int, str]]:
    files = str(home.landing / "registration" / "*.parquet")
    return duckdb.sql(
        "select row_number, person_basis from read_parquet($files) order by 1", params={"files": files}
    ).fetchall()


NO_LONGER_READ = {"files": ('"*.csv"', '"attendees-*.csv"'), "column": ("[Nom]", "[Nom de famille]")}


@pytest.mark.nights
@pytest.mark.parametrize("who", ["ana@exemple.test", "Gontran Bellavoix"])
@pytest.mark.parametrize("changed", NO_LONGER_READ)
def test_rows_in_force_that_nothing_reads_any_more_stay_and_so_does_the_erasure_under_way(home, changed, who):
    before, kept = bases(home), original_path(home.originals, sales(home)["sha256"]).read_bytes()
    assert len(before) == 2
    rewritten(home, *NO_LONGER_READ[changed])
    asked = said("erase", who)
    assert (
        "Un effacement n'y touchera pas" in asked and "ne lit plus « ventes.csv »" in asked and "unread: true" in asked
    )
    stays = said("erase", who, "--yes", code=4)
    assert "Il faut d'abord : le contrat ne lit plus « ventes.csv »" in stays and "Certificat" not in stays
    assert original_path(home.originals, sales(home)["sha256"]).read_bytes() == kept
    assert bases(home) == before and sales(home)["outcome"] == "accepted"
    assert erasure.finish(home, datetime.now(UTC)) == [] and len(erasure.waiting(home)) == 1
    assert bases(home) == before and not erasure.certificates(home)
    rewritten(home, *NO_LONGER_READ[changed][::-1])
    (certificate,) = erasure.finish(home, datetime.now(UTC))
    assert certificate.counts["emptied"] == 0 and not erasure.waiting(home)
    assert [row for row, _ in bases(home)] == [row for row, _ in before] and sales(home)["rows_read"] == 4
    assert said("find", who).endswith(f"{NOTHING}\n")


@pytest.mark.nights
@pytest.mark.parametrize("changed", [*NO_LONGER_READ, "contract"])
def test_they_go_once_somebody_confirmed_that_they_may(home, changed, monkeypatch, tmp_path):
    if changed == "contract":
        (home.project / "sources" / "contracts" / "billets.yml").unlink()
    else:
        rewritten(home, *NO_LONGER_READ[changed])
    said("erase", "ana@exemple.test", "--yes", code=4)
    delivery = sales(home)
    confirmed = Withdrawal(
        source="billets", delivery_id=delivery["delivery_id"], unread=True, reason="Refait.", author="obs", confirmed_on="2026-11-25"
    )  # fmt: skip
    monkeypatch.setattr("sources.landing.load_withdrawals", lambda: (confirmed,))
    assert len(erasure.finish(home, datetime.now(UTC))) == 1 and not erasure.waiting(home)
    assert not traces(home, "ana@exemple.test", tmp_path / "after") and not Vault(home.vault).deliveries()
    assert not list((home.landing / "registration").glob("*.parquet"))
    assert said("find", "ana@exemple.test").endswith(f"{NOTHING}\n")


SIGNED = """\
source: emargement
title: Émargement
entity: attendance
files: {pattern: "*.xlsx", shape: spreadsheet}
fields:
  attendance_id: {headers: [N°], required: true}
  event: {constant: E1}
  present: {constant: "true"}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
"""


@pytest.mark.nights
@pytest.mark.parametrize("is_number", [False, True])
def test_who_is_known_by_name_in_a_source_without_contract_any_more_is_not_certified(home, is_number, tmp_path):
    contract = home.project / "sources" / "contracts" / "emargement.yml"
    contract.write_text(SIGNED, encoding="utf-8")
    book = openpyxl.Workbook()
    for line in (
        ("N°", "Nom", "Prénom"),
        (1, "Archambault", "Solène"),
        (2, "Martin", "Paul"),
        (3, "Quimerch", "Solène"),
    ):
        book.active.append(line)
    (home.inbox / "emargement").mkdir()
    path = home.inbox / "emargement" / "feuille.xlsx"
    book.save(path)
    os.utime(path, (time.time() - 60,) * 2)
    rooms.deliver(home, rooms.contracts(home)["emargement"], datetime.now(UTC))
    rooms.match(home, rooms.contracts(home))
    found = said("find", "Solène Quimerch")
    who = found.partition("Personne : ")[2].split()[0] if is_number else "Solène Quimerch"
    contract.unlink()
    assert "n'a plus de contrat pour lire « feuille.xlsx »" in said("erase", who)
    assert "n'a plus de contrat pour lire « feuille.xlsx »" in said("erase", who, "--yes", code=4)
    contract.write_text(SIGNED, encoding="utf-8")
    (certificate,) = erasure.finish(home, datetime.now(UTC))
    assert certificate.counts["rows"] == 1 and not traces(home, "quimerch", tmp_path / "after")
    assert "martin" in str(opened_identities(home)).lower() and "quimerch" not in str(opened_identities(home)).lower()


def opened_identities(home: Home) -> list:
    with open_private() as con:
        Vault(home.vault).load(con, purpose="verification")
        return con.execute("from identities").fetchall()


def test_nothing_is_certified_while_the_vault_still_says_who_it_is(home):
    """The kept bytes are lost: nothing can be redacted and landed again."""
    original_path(home.originals, sales(home)["sha256"]).unlink()
    stays = said("erase", "ana@exemple.test", "--yes", code=4)
    assert "les octets conservés de « ventes.csv » sont abîmés ou absents" in stays and not erasure.certificates(home)
    assert "1 ligne tenue" in said("find", "ana@exemple.test")


def test_identities_that_an_earlier_release_left_of_a_delivery_without_rows_go(home):
    vault = Vault(home.vault)
    vault.store("billets", "0" * 16, IDENTITIES.empty_table())
    said("erase", "Perpétue Lachenois", "--yes")
    assert [stored.delivery_id for stored in vault.deliveries()] == [sales(home)["delivery_id"]]


def test_files_of_the_inbox_that_never_land_are_found_and_go(home):
    billets, list_ = home.inbox / "billets", f"{HEADER}\nC7;ok;1;Quimerch;Solène;solene@exemple.test;;;\n".encode()
    (billets / "anciens").mkdir()
    latin = os.fsdecode("d\xe9j\xe0.csv".encode("latin-1"))
    for name in ("anciens/liste.csv", "liste2.csv.part", ".~lock.liste.csv#", latin):
        (billets / name).write_bytes(list_)
    waits = billets / "attend.csv"
    waits.write_bytes(list_)
    (billets / "anciens" / "autre.csv").write_bytes(b"Paul Martin")
    found = said("find", "solene@exemple.test")
    assert "Et dans 4 fichiers du dépôt que rien ne lit." in found
    said("erase", "solene@exemple.test", "--yes")
    (certificate,) = erasure.certificates(home)
    assert certificate.counts["inbox"] == 4
    left = {path for path in billets.rglob("*") if path.is_file()}
    assert left == {billets / name for name in ("ventes.csv", "autres.csv", "attend.csv", "anciens/autre.csv")}, (
        "what will be read is for the door"
    )


def test_a_copy_of_an_erased_file_that_never_lands_goes_whatever_its_bytes_show(home):
    """As a workbook does in which nothing stands beside a name."""
    copy = home.inbox / "billets" / "anciens" / "x.csv"
    copy.parent.mkdir()
    copy.write_bytes((home.inbox / "billets" / "ventes.csv").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sources.erasure.mentioned_in_bytes", lambda *_: False)
        assert "1 fichier du dépôt" in said("find", "ana@exemple.test")
        said("erase", "ana@exemple.test", "--yes")
    assert not copy.exists()


def test_a_folder_of_the_inbox_that_is_named_after_somebody_gets_another_name(home):
    (home.inbox / "divers" / "Aldegonde Brissac" / "vide").mkdir(parents=True)
    (home.inbox / "Brissac_Aldegonde").mkdir()
    (home.inbox / "Brissac_Aldegonde" / "photo.txt").write_text("rien")
    assert "Et dans 2 noms de fichiers ou de dossiers." in said("find", "Aldegonde Brissac")
    said("erase", "Aldegonde Brissac", "--yes")
    names = [str(path.relative_to(home.inbox)) for path in home.inbox.rglob("*")]
    assert not [name for name in names if "brissac" in name.lower()]
    masked = [name.partition("/")[2] for name in names if name.startswith("(effacé ")]
    assert sorted(masked) == ["", "photo.txt"] and len([name for name in names if name.endswith(")/vide")]) == 1
    assert said("find", "Aldegonde Brissac").endswith(f"{NOTHING}\n")


def test_who_filled_in_a_workbook_is_found_and_erased(home):
    assert "1 ligne de classeurs de retour" in said("find", "Perpétue Lachenois")
    said("erase", "Perpétue Lachenois", "--yes")
    mentions = nb_mentioning(rooms.places(home).returned, Vault(home.vault).cipher, lambda text: "Lachenois" in text)
    assert mentions == 0


@pytest.mark.nights
def test_an_erasure_that_stops_in_the_middle_is_said_and_ended_by_the_next_one(home, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(erasure, "_matched_again", lambda *_: os.kill(os.getpid(), signal.SIGINT))
        stopped = said("erase", "Perpétue Lachenois", "--asked-on", "2025-10-20", "--yes", code=4)
    for shown in (stopped, CliRunner().invoke(app, ["person", "certificates"]).output):
        assert "Un effacement a commencé et n'est pas terminé" in shown
    assert [finding.sentence for finding in examine(home, Settings()) if finding.name == "effacement"]
    assert "terminé" not in said("find", "Perpétue Lachenois"), "a question changes nothing"
    ended = said("erase", "Gontran Bellavoix", "--yes")
    assert "Un effacement avait été interrompu : le voici terminé." in ended
    first, second = sorted(erasure.certificates(home), key=lambda made: made.asked_on)
    assert (first.counts["returned"], first.resumed, first.due_on) == (1, True, "2025-11-20")
    assert (second.counts["cells"], second.resumed) == (2, False)
    assert "terminé" not in CliRunner().invoke(app, ["person", "certificates"]).output
    assert not [finding for finding in examine(home, Settings()) if finding.name == "effacement"]


@pytest.mark.nights
@pytest.mark.parametrize(
    ("noted", "asked_on"), [("9999-12-15", None), ("2062-01-10", None), ("2017-03-01", "2018-05-25")]
)
def test_a_day_that_cannot_be_is_refused_and_one_that_was_noted_stops_no_night(home, noted, asked_on, monkeypatch):
    refused = said("erase", "Perpétue Lachenois", "--asked-on", noted, "--yes", code=2)
    assert "--asked-on" in refused and not list(home.vault.glob("under_way/*")) and not erasure.certificates(home)
    with monkeypatch.context() as patch:  # as a program that took any day left it
        patch.setattr(erasure, "why_not_asked_on", lambda *_: None)
        patch.setattr(erasure, "_matched_again", lambda *_: os.kill(os.getpid(), signal.SIGINT))
        said("erase", "Perpétue Lachenois", "--asked-on", noted, "--yes", code=4)
    [ended] = erasure.finish(home, datetime.now(UTC))
    assert ended.is_day_corrected and "impossible" in ended.text()
    assert (
        ended.asked_on == (asked_on or ended.asked_on)
        and ended.asked_on <= datetime.now().astimezone().date().isoformat()
    )
    assert ended.is_on_time == (asked_on is None)


CHECK_INS = """\
source: passages
title: Passages
entity: attendance
files: {pattern: "*.csv", shape: delimited, delimiter: ";"}
fields:
  attendance_id: {compose: [Billet, Heure], required: true}
  event: {constant: E1}
  registration: {headers: [Billet]}
  joined_at: {headers: [Heure], order: dmy}
"""


def deliver_check_ins(home, *tickets):
    (home.project / "sources" / "contracts" / "passages.yml").write_text(CHECK_INS, encoding="utf-8")
    lines = ["Billet;Heure", *(f"{ticket};01/03/2023 09:00" for ticket in tickets), ""]
    path = home.inbox / "passages" / f"liste_{len(tickets)}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")
    rooms.deliver(home, rooms.contracts(home)["passages"], datetime.now(UTC))


@pytest.mark.nights
@pytest.mark.parametrize(
    ("who", "ticket", "rows"),
    [("E1/CANARI9", "CANARI9", 1), ("ana@exemple.test", "CANARI1", 2), ("CANARI1", "CANARI1", 2)],
)
def test_a_presence_known_by_its_ticket_alone_goes_with_whose_it_is(home, who, ticket, rows, tmp_path):
    deliver_check_ins(home, "CANARI9", "CANARI1", "B3")
    is_ticket = () if "@" in who else ("--ticket",)
    assert plural(rows, "ligne tenue", "lignes tenues") in said("find", who, *is_ticket)
    assert "passages" in said("export", who, *is_ticket, "--output", str(tmp_path / "out"))
    said("erase", who, *is_ticket, "--yes")
    assert said("find", ticket, "--ticket").endswith(f"{NOTHING}\n")
    assert not traces(home, ticket, tmp_path / "after") and not find(home.landing, [ticket])
    deliver_check_ins(home, "B4", ticket)  # a later list says it again
    files = str(home.landing / "attendance" / "*.parquet")
    held = duckdb.sql(f"select registration_id, person_basis from read_parquet('{files}')").fetchall()
    assert ticket not in dict(held) and [basis for _, basis in held].count("erased") == 2 and len(held) == 5
    told = duckdb.sql(f"from read_parquet('{home.landing}/registration/*.parquet')").fetchall()
    if rows == 2:
        assert {number for number, basis in held if basis == "erased"} <= {
            cell for row in told for cell in row if isinstance(cell, str)
        }


def respelled(home, event):
    """The list of check-ins is of this event from now on."""
    contract = home.project / "sources" / "contracts" / "passages.yml"
    contract.write_text(CHECK_INS.replace("E1", event).replace("  joined", NAME + "  joined"), encoding="utf-8")
    return rooms.contracts(home)["passages"]


@pytest.mark.parametrize("who", ["CANARI9", "E1/CANARI9", "CANARI8"])
@pytest.mark.nights
def test_a_ticket_is_masked_where_a_remark_or_a_name_of_file_quotes_it(home, who, tmp_path):
    """CANARI8 is nobody's line: a remark alone quotes it."""
    number = who.rpartition("/")[2]
    deliver_check_ins(home, "CANARI9", "CANARI1")
    path = home.inbox / "billets" / f"rendu_{number}.csv"
    path.write_text(f"{HEADER}\nB7;ok;1;Durand;Zoé;z@exemple.test;;;échange du {number} ce matin\n", encoding="utf-8")
    os.utime(path, (time.time() - 60,) * 2)
    rooms.deliver(home, rooms.contracts(home)["billets"], datetime.now(UTC))
    assert traces(home, number, tmp_path / "before")
    assert "Et dans 1 nom de fichier ou de dossier." in said("find", who, "--ticket")
    said("erase", who, "--ticket", "--yes")
    with open_ledger(home.ledger) as ledger:
        assert not [row for row in deliveries(ledger) if number in row["file_name"]]
    assert not traces(home, number, tmp_path / "after")
    files = {"files": str(home.landing / "registration" / "*.parquet")}
    basis = "select count(*), count(*) filter (where person_basis = 'erased') from read_parquet($files)"
    assert duckdb.sql(basis, params=files).fetchall() == [(3, 0)], "nobody else's line goes"


NAME = "  full_name: {headers: [Nom], privacy: direct}\n"


@pytest.mark.nights
def test_an_event_spelled_in_another_case_is_one_event_for_the_rights_of_persons(home):
    (home.project / "sources" / "contracts" / "programme.yml").write_text(PROGRAMME, encoding="utf-8")
    (home.inbox / "programme").mkdir()
    (home.inbox / "programme" / "p.csv").write_text("Code;Titre\nE1;Visite\n", encoding="utf-8")
    rooms.deliver(home, rooms.contracts(home)["programme"], datetime.now(UTC))
    (home.inbox / "passages").mkdir()
    for number, event in enumerate(("e1", "E1")):
        loaded = respelled(home, event)
        lines = "Billet;Heure;Nom\nCANARI1;01/03/2023 09:00;\nB8;01/03/2023 09:00;Ana Durand\nB9;01/03/2023 09:00;Paul Autre\n"
        (home.inbox / "passages" / f"{number}.csv").write_text(lines + "\n" * number, encoding="utf-8")
        rooms.deliver(home, loaded, datetime.now(UTC))
        rights = str(home.landing / "attendance" / "*.parquet")
        basis = "select person_basis, count(*) from read_parquet($files) group by all"
        if number == 0:
            assert "3 lignes tenues" in said("find", "ana@exemple.test") and "3 lignes tenues" in said(
                "find", "Ana Durand"
            )
            assert "3 lignes tenues" in said("find", "e1/CANARI1", "--ticket")
            said("erase", "ana@exemple.test", "--yes")
        held = dict(duckdb.sql(basis, params={"files": rights}).fetchall())
        assert held == {"erased": 2 * (number + 1), "name": number + 1}, event


def test_a_ticket_of_several_events_or_of_none_is_not_guessed(home):
    deliver_check_ins(home, "CANARI1")
    contract = home.project / "sources" / "contracts" / "passages.yml"
    contract.write_text(contract.read_text("utf-8").replace("E1", "E2"), encoding="utf-8")
    rooms.deliver(home, rooms.contracts(home)["passages"], datetime.now(UTC))
    assert "« E1/CANARI1 », « E2/CANARI1 »" in said("erase", "CANARI1", "--ticket", code=4)
    assert said("find", "B8", "--ticket").endswith(f"{NOTHING}\n")


PERSON = "C1;ok;1;Durand;Ana;ana@exemple.test;;;;vu par Ursule Tancarville"
ROWS = [line.split(";") for line in (f"{HEADER};Régime", PERSON)]


def xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    for line in ROWS:
        book.active.append(line)
    book.active["A2"].comment = Comment("à rappeler", "Hortense Quillebeuf")
    book.create_sheet("Intervenants").append(["Mélusine Vatierville", "plénière"])
    book.save(path)


def ods(path: Path) -> None:
    remark = "<office:annotation><text:p>à rappeler par Hortense <text:span>Quille</text:span>beuf</text:p></office:annotation>"
    cells = [[f"<text:p>{text}</text:p>" for text in line] for line in [*ROWS, ["Mélusine Vatierville"]]]
    cells[1][0] += remark
    lines = [
        "".join(f'<table:table-cell office:value-type="string">{cell}</table:table-cell>' for cell in line).join(
            ("<table:table-row>", "</table:table-row>")
        )
        for line in cells
    ]
    write_ods(
        path,
        f'<table:table table:name="Ventes">{lines[0]}{lines[1]}</table:table>'
        f'<table:table table:name="Intervenants">{lines[2]}</table:table>',
    )


def xls(path: Path) -> None:
    cells = {(row, column): text for row, line in enumerate(ROWS) for column, text in enumerate(line)}
    path.write_bytes(biff_workbook(cells, remark_by="Hortense Quillebeuf"))


WHO = ["Hortense Quillebeuf", "Ursule Tancarville", "Mélusine Vatierville"]


@pytest.mark.nights
@pytest.mark.parametrize(
    ("made", "who"),
    [*((xlsx, who) for who in WHO), *((ods, who) for who in WHO), *((xls, who) for who in WHO[:2])],
)
def test_who_is_named_where_nothing_of_a_workbook_is_read_is_found_and_erased(home, made, who, tmp_path):
    file = f"c.{made.__name__}"
    contract = CONTRACT.replace("billets\n", "classeur\n", 1).replace(
        '"*.csv", shape: delimited, delimiter: ";"', f'"{file}", shape: spreadsheet'
    )
    (home.project / "sources" / "contracts" / "classeur.yml").write_text(
        f"{contract}ignore: [Régime]\n", encoding="utf-8"
    )
    (home.inbox / "classeur").mkdir()
    made(home.inbox / "classeur" / file)
    os.utime(home.inbox / "classeur" / file, (time.time() - 60,) * 2)
    rooms.deliver(home, rooms.contracts(home)["classeur"], datetime.now(UTC))
    assert file in said("find", who)
    said("erase", who, "--yes")
    assert not traces(home, who.split()[1], tmp_path / "after")
    assert said("find", who).endswith(f"{NOTHING}\n")
    with open_ledger(home.ledger) as ledger:
        (row,) = [row for row in deliveries(ledger) if row["source"] == "classeur"]
    assert (row["state"], row["rows_accepted"]) == ("accepted", 1), "what is read of it counts as before"


def test_a_file_that_no_night_has_read_is_said_to_whoever_asks_for_somebody(home, monkeypatch):
    assert "dépôt" not in said("find", "nouvelle@exemple.test")
    for name in ("demain.csv", "en cours.csv"):
        (home.inbox / "billets" / name).write_text(f"{HEADER}\nB8;ok;1;Neuve;Ida;nouvelle@exemple.test;;;\n")
    os.utime(home.inbox / "billets" / "demain.csv", (time.time() - 60,) * 2)
    monkeypatch.setattr("sources.inbox.STILL_WRITTEN_WITHIN_S", 0.1)
    for command in ("find", "erase"):
        asked = said(command, "nouvelle@exemple.test")
        assert "2 fichiers du dépôt ne sont pas encore lus" in asked and NOTHING in asked
    rooms.deliver(home, rooms.contracts(home)["billets"], datetime.now(UTC))
    asked = said("find", "nouvelle@exemple.test")
    assert "dépôt" not in asked and "1 ligne tenue" in asked


def test_two_addresses_under_one_name_are_not_guessed_between(home):
    assert "précisez par l'adresse" in said("erase", "Zoé Homonyme", code=2)
    assert "1 ligne tenue" in said("find", "zoe@un.test")


def test_nobody_is_nobody_and_the_question_is_in_the_log(home):
    assert said("find", "Absente Personnage").endswith(f"{NOTHING}\n")
    lines = Vault(home.vault).log.lines()
    assert ["originals"] in [line["what"] for line in lines] and not [x for x in lines if "Absente" in str(x)]


def test_a_number_of_sixteen_digits_is_looked_for_among_persons_and_participants(home):
    with open_ledger(home.ledger) as ledger:
        [delivery] = [row["delivery_id"] for row in deliveries(ledger) if row["file_name"] == "ventes.csv"]
    (home.participants / "current").mkdir(parents=True)
    path = home.participants / "current" / "participant_row.parquet"
    with duckdb.connect() as con:
        rows = f"select 'billets' as source, '{delivery}' as delivery_id, 2 as row_number, 1234567890123456 as participant_key"
        con.execute(f"copy ({rows}) to '{path}' (format parquet)")
    told = said("find", "1234567890123456")
    assert "1 ligne tenue" in told and "Participant dans l'entrepôt : 1234567890123456" in told
    for nobody in ("1234567890123457", "12", "0123456789abcdef", "9" * 40):
        assert said("find", nobody).endswith(f"{NO_SUCH_NUMBER}\n"), nobody
