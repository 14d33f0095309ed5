"""The file of the ledger, while a night reads and writes it."""

from sources.ledger import kept_open, open_ledger, stamps


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
