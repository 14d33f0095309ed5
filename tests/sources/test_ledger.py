"""The file of the ledger, while a night reads and writes it."""

import sqlite3
from contextlib import closing

import pytest

from sources import ledger as ledgers
from sources.ledger import LedgerError, kept_open, look_through, open_ledger, stamps


def test_a_ledger_kept_open_puts_its_journal_away_once(tmp_path):
    path, journal = tmp_path / "landing" / "ledger.sqlite", tmp_path / "landing" / "ledger.sqlite-wal"
    with kept_open(path):
        for _ in range(2):
            with open_ledger(path) as ledger:
                assert stamps(ledger) == {}
            assert journal.exists()
    assert path.exists() and not journal.exists()


def test_a_damaged_ledger_is_for_whoever_reads_it_to_say(tmp_path):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"not a database" * 100)
    with kept_open(path):
        assert path.read_bytes().startswith(b"not a database")
    with pytest.raises(LedgerError, match=r"ledger\.sqlite est abîmé : remettez celui de la dernière sauvegarde"):
        look_through(path)


def test_a_ledger_cut_in_the_middle_is_said_to_be_damaged(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path) as ledger:
        look_through(path)
        ledger.executemany("insert into sighting (source, file_name, document, delivery_id, bytes, stamp, seen_at, shown_at) values ('a', ?, '', '', 0, '', '', '')", [(f"{n}.csv",) for n in range(500)])  # fmt: skip
    path.write_bytes(path.read_bytes()[:-8192])
    with pytest.raises(LedgerError, match="est abîmé"):
        look_through(path)


def test_a_ledger_that_another_program_holds_says_so(tmp_path, monkeypatch):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path):
        pass
    connect = sqlite3.connect
    monkeypatch.setattr(ledgers.sqlite3, "connect", lambda path, timeout: connect(path, timeout=0.01))
    with closing(connect(path)) as other:
        other.execute("begin exclusive")
        with pytest.raises(LedgerError, match="est tenu par un autre programme"), open_ledger(path) as ledger:
            ledger.execute("insert into sighting (source) values ('a')")
