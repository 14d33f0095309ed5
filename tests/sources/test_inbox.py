"""The look at the inbox: new, known, renewed, still being written, belonging nowhere."""

import io
import os
import sqlite3
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from sources import inbox as inbox_module
from sources.erasure import mentioned_in_bytes
from sources.inbox import is_a_return, look
from sources.ledger import DeliveryReport, deliveries, open_ledger, record_delivery, record_sighting, showings
from sources.readers import Unreadable, read_spreadsheet

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def put(inbox: Path, source: str, name: str, text: str, age: float = 60) -> Path:
    path = inbox / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def record(ledger_path: Path, arrival, outcome="accepted") -> None:
    with open_ledger(ledger_path) as ledger:
        report = DeliveryReport(
            arrival.source, arrival.delivery_id, arrival.sha256, arrival.path.name, arrival.bytes, NOW, outcome
        )
        record_delivery(ledger, report, "h", NOW)
        record_sighting(
            ledger, arrival.source, arrival.path.name, arrival.delivery_id, arrival.bytes, arrival.stamp, NOW
        )


def test_a_file_is_new_once(tmp_path):
    inbox, ledger = tmp_path / "inbox", tmp_path / "ledger.sqlite"
    put(inbox, "a", "x.csv", "1")
    first = look(inbox, ledger, ["a"])
    assert first.nb_files == 1 and [arrival.path.name for arrival in first.arrivals] == ["x.csv"]
    record(ledger, first.arrivals[0])
    second = look(inbox, ledger, ["a"])
    assert second.nb_files == 1 and not second.arrivals and not second.renewed


def test_touching_a_file_is_not_a_delivery_and_new_bytes_are(tmp_path):
    inbox, ledger = tmp_path / "inbox", tmp_path / "ledger.sqlite"
    path = put(inbox, "a", "x.csv", "1")
    record(ledger, look(inbox, ledger, ["a"]).arrivals[0])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    touched = look(inbox, ledger, ["a"])
    assert not touched.arrivals and len(touched.renewed) == 1
    stat = path.stat()
    path.write_text("2")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert len(look(inbox, ledger, ["a"]).arrivals) == 1, "same size and modification time do not hide new bytes"


def test_a_file_is_hashed_once_per_process_until_it_moves(tmp_path, monkeypatch):
    inbox, ledger, hashed = tmp_path / "inbox", tmp_path / "ledger.sqlite", []
    path, of_file = put(inbox, "a", "x.csv", "1"), inbox_module._hash
    monkeypatch.setattr(inbox_module, "_hash", lambda path: hashed.append(path.read_text()) or of_file(path))
    first, again = (look(inbox, ledger, ["a"]).arrivals[0] for _ in range(2))
    assert first == again and hashed == ["1"]
    stat = path.stat()
    path.write_text("2")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert look(inbox, ledger, ["a"]).arrivals[0].sha256 != first.sha256 and hashed == ["1", "2"]
    monkeypatch.setattr(inbox_module, "STILL_WRITTEN_WITHIN_S", 60.0)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    os.utime(path)
    for _ in range(2):  # still being written, perhaps: nothing is remembered of it
        look(inbox, ledger, ["a"])
    assert hashed == ["1", "2", "2", "2"]


def test_what_belongs_nowhere_is_said(tmp_path):
    inbox = tmp_path / "inbox"
    put(inbox, "sans_contrat", "x.csv", "1")
    put(inbox, "a", "~$x.xlsx", "verrou")
    put(inbox, "a", "x.csv.part", "en cours")
    (inbox / "perdu.csv").write_text("1")
    (inbox / "a" / "dossier").mkdir()
    for name, target in (("lien.csv", "/etc/hostname"), ("nulle_part.csv", "/nulle/part"), ("soi.csv", "soi.csv")):
        (inbox / "a" / name).symlink_to(target)
    seen = look(inbox, tmp_path / "ledger.sqlite", ["a"])
    assert seen.nb_files == 0 and not seen.arrivals
    assert sorted(note.rule for note in seen.notes) == [
        "dossier_sans_contrat",
        "fichier_hors_dossier",
        *["pas_un_fichier"] * 4,
    ]


def test_a_file_being_written_waits(tmp_path, monkeypatch):
    inbox = tmp_path / "inbox"
    monkeypatch.setattr(inbox_module, "STILL_WRITTEN_WITHIN_S", 2.0)
    path, waited = put(inbox, "a", "x.csv", "1", age=0.5), []
    monkeypatch.setattr(time, "sleep", lambda seconds: waited.append(seconds) or path.write_text("12"))
    seen = look(inbox, tmp_path / "ledger.sqlite", ["a"])
    assert not seen.arrivals and [note.rule for note in seen.notes] == ["en_cours_d_ecriture"]
    assert 1 < waited[0] <= 1.5, "a pause of a copy may last so long"


def test_a_file_written_since_the_look_began_is_not_waited_for(tmp_path, monkeypatch):
    inbox = tmp_path / "inbox"
    monkeypatch.setattr(inbox_module, "STILL_WRITTEN_WITHIN_S", 2.0)
    paths, waited = [put(inbox, "a", f"{number}.csv", "1", age=0.5) for number in range(9)], []

    def meanwhile(seconds):
        waited.append(seconds)
        for path in paths[5:]:
            path.write_text("12")

    monkeypatch.setattr(time, "sleep", meanwhile)
    seen = look(inbox, tmp_path / "ledger.sqlite", ["a"])
    assert [arrival.path.name for arrival in seen.arrivals] == ["0.csv", "1.csv", "2.csv", "3.csv", "4.csv"]
    assert [note.rule for note in seen.notes] == ["en_cours_d_ecriture"] * 4
    assert len(waited) == 5


def test_a_file_that_cannot_be_read_holds_back_no_other(tmp_path, monkeypatch):
    inbox, ledger = tmp_path / "inbox", tmp_path / "ledger.sqlite"
    put(inbox, "a", "ferme.csv", "1")
    put(inbox, "a", "lu.csv", "2")
    put(inbox, "fermé", "x.csv", "3")
    put(inbox, "retours", "fermé.xlsx", "4")
    closed, list_of, open_of = {inbox / "fermé"}, Path.iterdir, Path.open

    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", lambda path: refuse(path) if path in closed else list_of(path))
    monkeypatch.setattr(
        Path, "open", lambda path, *how: refuse(path) if path.stem in ("ferme", "fermé") else open_of(path, *how)
    )
    seen = look(inbox, ledger, ["a", "fermé"])
    assert [arrival.path.name for arrival in seen.arrivals] == ["lu.csv"]
    assert [note.rule for note in seen.notes] == ["inaccessible"] * 3
    assert "« a/ferme.csv » ne peut pas être ouvert" in seen.notes[0].message and "ses droits" in seen.notes[0].message


def test_a_file_that_is_taken_away_meanwhile_was_not_there(tmp_path, monkeypatch):
    inbox, ledger = tmp_path / "inbox", tmp_path / "ledger.sqlite"
    for name in ("1.csv", "2.csv", "3.csv"):
        put(inbox, "a", name, name)
    stamped, hashed = inbox_module.stamp_of_file, inbox_module._hash

    def stamp(path):
        (inbox / "a" / "1.csv").unlink(missing_ok=True)
        return stamped(path)

    def hash_of(path):
        (inbox / "a" / "2.csv").unlink(missing_ok=True)
        return hashed(path)

    monkeypatch.setattr(inbox_module, "stamp_of_file", stamp)
    monkeypatch.setattr(inbox_module, "_hash", hash_of)
    seen = look(inbox, ledger, ["a"])
    assert [arrival.path.name for arrival in seen.arrivals] == ["3.csv"] and not seen.notes


def test_a_name_that_cannot_be_shown_is_said_and_holds_back_no_other(tmp_path):
    inbox = tmp_path / "inbox"
    put(inbox, "a", "lu.csv", "1")
    put(inbox, "a", "deux\nlignes.csv", "3")
    put(inbox, "a", "\x1b[31mrouge\x9b.csv", "4")
    (inbox / "a" / os.fsdecode("enquête.csv".encode("latin-1"))).write_text("2")
    (inbox / os.fsdecode("équipe".encode("latin-1")) / "x").mkdir(parents=True)
    seen = look(inbox, tmp_path / "ledger.sqlite", ["a"])
    assert [arrival.path.name for arrival in seen.arrivals] == ["lu.csv"]
    assert sorted(note.rule for note in seen.notes) == ["dossier_sans_contrat", *["nom_illisible"] * 3]
    assert any("« a/enqu?te.csv » n'est pas en UTF-8" in note.message for note in seen.notes)
    said = "".join(note.message for note in seen.notes)
    assert said.encode() and said.isprintable(), "a log can be written of it, and a terminal shows it"
    assert "« a/deux?lignes.csv »" in said and "« a/?[31mrouge?.csv »" in said


def test_the_last_accepted_sighting_is_in_force(tmp_path):
    inbox, ledger_path = tmp_path / "inbox", tmp_path / "ledger.sqlite"

    def states() -> dict[str, str]:
        with open_ledger(ledger_path) as ledger:
            return {row["sha256"]: row["state"] for row in ledger.execute("select sha256, state from standing")}

    def arrive(text: str, outcome: str = "accepted") -> str:
        put(inbox, "a", "x.csv", text)
        arrival = look(inbox, ledger_path, ["a"]).arrivals[0]
        record(ledger_path, arrival, outcome)
        return arrival.sha256

    one = arrive("1")
    two = arrive("22")
    assert states() == {one: "superseded", two: "accepted"}
    held = arrive("333", "held")
    assert states() == {one: "superseded", two: "accepted", held: "held"}
    assert arrive("1") == one
    assert states() == {one: "accepted", two: "superseded", held: "superseded"}, "what was held has been replaced"


def test_a_delivery_is_dated_by_its_file_and_not_by_its_reading(tmp_path):
    inbox = tmp_path / "inbox"
    path = put(inbox, "a", "x.csv", "1")
    for written, dated in [
        (datetime(2025, 3, 1, 12, tzinfo=UTC), datetime(2025, 3, 1, 12, tzinfo=UTC)),
        (datetime(2027, 1, 1, tzinfo=UTC), NOW),  # a clock ahead
        (datetime(1980, 1, 1, tzinfo=UTC), NOW),  # an archive that keeps no dates
    ]:
        os.utime(path, (written.timestamp(), written.timestamp()))
        (arrival,) = look(inbox, tmp_path / "ledger.sqlite", ["a"]).arrivals
        assert arrival.delivered_at(NOW) == dated


def test_a_ledger_of_before_gets_the_columns_it_lacks(tmp_path):

    path = tmp_path / "ledger.sqlite"
    put(tmp_path / "inbox", "a", "x.csv", "1")
    (arrival,) = look(tmp_path / "inbox", path, ["a"]).arrivals
    record(path, arrival)
    with sqlite3.connect(path) as old:
        old.execute("drop view standing")
        old.execute("alter table delivery drop column delivered_at")
        old.execute("alter table sighting drop column shown_at")
        old.execute("pragma user_version = 0")
        old.execute("alter table sighting drop column document")
    with open_ledger(path) as ledger:
        assert [row["delivered_at"] for row in deliveries(ledger)] == [NOW.isoformat()]
        assert [(row["shown_at"], row["document"]) for row in showings(ledger)] == [(NOW.isoformat(), "x.csv")]


def test_what_each_file_showed_is_told_in_order(tmp_path):
    inbox, ledger_path = tmp_path / "inbox", tmp_path / "ledger.sqlite"
    for text in ("first", "second", "first"):
        put(inbox, "a", "x.csv", text)
        (arrival,) = look(inbox, ledger_path, ["a"]).arrivals
        record(ledger_path, arrival)
    with open_ledger(ledger_path) as ledger:
        told = showings(ledger)
    assert [row["rank"] for row in told] == [1, 2, 3]
    assert told[0]["delivery_id"] == told[2]["delivery_id"] != told[1]["delivery_id"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_spoiled_inside_stops_nobody(tmp_path, method):
    """Whatever packs it: the inbox is looked through, its reader says it is damaged, and an erasure looks into its other parts."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("xl/workbook.xml", bytes(range(256)) * 40)
        archive.writestr("notes.xml", "Ada Fictive")
    content = bytearray(packed.getvalue())
    data = content.index(b"xl/workbook.xml") + len(b"xl/workbook.xml")
    content[data + 9 : data + 40] = b"\xff" * 31
    path = put(tmp_path / "inbox", "a", "x.xlsx", "")
    path.write_bytes(content)
    assert not is_a_return(path) and len(look(tmp_path / "inbox", tmp_path / "ledger.sqlite", ["a"]).arrivals) == 1
    assert mentioned_in_bytes(path, SimpleNamespace(is_in=lambda text: "Fictive" in text))
    with pytest.raises(Unreadable) as damaged:
        read_spreadsheet(path, file_name="x.xlsx")
    assert damaged.value.rule == "classeur_endommage"
