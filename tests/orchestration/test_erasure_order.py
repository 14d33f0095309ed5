"""The parts of an erasure that stand between the rooms: delay, certificate, traces, and what the next night notices."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from identity.mentions import Identifiers
from orchestration import erasure, rooms
from orchestration.command import app
from orchestration.doctor import _erasures
from orchestration.erasure import LAYERS, Certificate, month_later, scrub
from orchestration.home import Home
from orchestration.novelty import is_anything_new
from sources.erased_files import is_erased, remember, tombstones_applied

WHO = Identifiers(emails=frozenset(["ana@exemple.test"]), names=frozenset([("Ana", "Partie")]))


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        ("2026-11-20", "2026-12-20"), ("2026-12-31", "2027-01-31"), ("2027-01-31", "2027-02-28"),
        ("2028-01-30", "2028-02-29"), ("2026-10-31", "2026-11-30"),
    ],
)  # fmt: skip
def test_a_month_later(asked, due):
    assert month_later(date.fromisoformat(asked)) == date.fromisoformat(due)


NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("9999-12-15", "15/12/9999 n'est pas encore venu"), ("2026-11-27", "n'est pas encore venu"), ("2026-11-25", None),
        ("2018-05-25", None), ("2018-05-24", "25/05/2018"), ("0001-01-01", "25/05/2018"),
    ],
)  # fmt: skip
def test_nobody_asked_after_today_nor_before_there_was_a_law(day, said):
    why = erasure.why_not_asked_on(date.fromisoformat(day), NOW)
    assert (why is None) if said is None else said in why


def certificate(erased_at="2026-12-20T10:00:00+00:00", **more):
    counts = dict.fromkeys(LAYERS, 0) | {"rows": 3}
    return Certificate("ab12", "2026-11-20", "2026-12-20", erased_at, False, counts, **more)


def test_a_certificate_says_every_layer_the_delay_and_no_identity(tmp_path):
    home = Home(tmp_path / "var").ensure()
    erasure.keep_certificate(home, certificate())
    text = (home.certificates / "ab12.txt").read_text(encoding="utf-8")
    assert "dans le délai" in text and all(words in text for words in LAYERS.values())
    assert erasure.certificates(home) == [certificate()]
    assert certificate("2026-12-21T10:00:00+00:00").text().count("hors délai") == 1
    assert "minimum" in certificate(resumed=True).text() and "minimum" not in text
    assert set(json.loads((home.certificates / "ab12.json").read_text())) == {
        "id", "asked_on", "due_on", "erased_at", "objection", "counts", "resumed", "is_day_corrected",
    }  # fmt: skip


def test_a_log_and_a_database_lose_what_names_the_person_and_nothing_else(tmp_path):
    log, database, other = tmp_path / "x.log", tmp_path / "x.sqlite", tmp_path / "y.log"
    log.write_text("un\nfichier Ana Partie.csv\ntrois ana@exemple.test\n", encoding="utf-8")
    other.write_text("Anatole Partie\n", encoding="utf-8")
    with closing(sqlite3.connect(database)) as con:
        con.execute("pragma journal_mode = wal")
        con.execute("create table t (a text, n integer, b blob)")
        con.executemany(
            "insert into t values (?, ?, ?)",
            [("de ANA PARTIE", 1, b"x"), ("Paul", 2, None), ("ana@exemple.test", 3, None)],
        )
        con.commit()
    assert [scrub(path, WHO) for path in (log, database, other, tmp_path / "absent")] == [2, 2, 0, 0]
    assert log.read_text(encoding="utf-8") == "un\nfichier (effacé).csv\ntrois (effacé)\n"
    with closing(sqlite3.connect(database)) as con:
        assert con.execute("select a, n from t order by n").fetchall() == [
            ("de (effacé)", 1),
            ("Paul", 2),
            ("(effacé)", 3),
        ]
    left = b"".join(path.read_bytes() for path in tmp_path.glob("x.*"))
    assert b"ana@exemple" not in left and b"ANA PARTIE" not in left


@pytest.fixture
def home(tmp_path) -> Home:
    """A home without contracts, where one file was left by an erasure."""
    project = tmp_path / "project"
    (project / "sources" / "contracts").mkdir(parents=True)
    made = Home(tmp_path / "var", project).ensure()
    kept = made.landing / "kept.parquet"
    kept.write_bytes(b"without the person")
    remember(made.vault, "billets", "abc", [kept])
    return made


def reasons(home):
    return [reason for reason in is_anything_new(home).reasons if "sauvegarde" in reason]


def test_a_file_that_a_backup_replaced_is_something_new(home):
    assert is_erased(home.vault, "billets", "abc") and not is_erased(home.vault, "billets", "def")
    assert not reasons(home)
    (home.landing / "kept.parquet").write_bytes(b"with the person again")
    assert len(reasons(home)) == 1
    (home.landing / "kept.parquet").unlink()
    assert len(reasons(home)) == 1, "nor may it just be gone"


def test_a_tombstone_that_comes_from_a_copy_is_something_new(home):
    folder = home.vault / "tombstones"
    folder.mkdir()
    (folder / "0123456789abcdef.enc").write_bytes(b"sealed")
    assert len(reasons(home)) == 1
    tombstones_applied(home.vault)
    assert not reasons(home)


def test_a_list_that_cannot_be_read_stops_no_night_and_is_said(home, monkeypatch):
    (home.vault / "erased_files.json").write_text("")
    assert not reasons(home), "its twin is whole"
    assert [
        f.sentence
        for f in _erasures(home)
        if "erased_files.json est illisible" in f.sentence and "double" in f.sentence
    ]
    (home.root / "erased_files.json").write_text("[]")
    assert [reason for reason in is_anything_new(home).reasons if "illisible" in reason]
    assert ["sauvegarde" in f.sentence for f in _erasures(home)] == [True, True]
    monkeypatch.setattr(rooms, "contracts", lambda home: {})
    erasure.erase_again(home, NOW)
    assert not [*_erasures(home)] and not [r for r in is_anything_new(home).reasons if "illisible" in r]


@pytest.mark.parametrize("left", ["", "null", "[]", "{}", '{"id": "ab12"}'])
def test_a_certificate_that_cannot_be_read_is_named_and_hides_no_other(home, left, monkeypatch):
    erasure.keep_certificate(home, certificate())
    (home.certificates / "cd34.json").write_text(left)
    assert erasure.certificates(home) == [certificate()]
    assert [f.sentence for f in _erasures(home) if "cd34.json est illisible" in f.sentence]
    monkeypatch.setattr(Home, "from_environment", classmethod(lambda cls: home))
    listed = CliRunner().invoke(app, ["person", "certificates"])
    assert listed.exit_code == 0 and "ab12" in listed.output and "cd34.json est illisible" in listed.output


def test_nothing_is_erased_again_where_nothing_came_back(home, monkeypatch):
    monkeypatch.setattr(erasure, "vault_of", lambda home: pytest.fail("nobody opens the vault for nothing"))
    assert erasure.erase_again(home, datetime(2026, 11, 25, tzinfo=UTC)) == 0


def test_without_the_erasure_done_again_there_is_no_night(home, monkeypatch):
    from small_project import whole_night

    from orchestration.home import Settings

    def fails(home, now):
        raise OSError("disk")

    (home.landing / "kept.parquet").write_bytes(b"with the person again")
    monkeypatch.setattr("orchestration.night.Auditor", _Nobody)
    monkeypatch.setattr("orchestration.night.Builder", _Nobody)
    monkeypatch.setattr(erasure, "erase_again", fails)
    outcome = whole_night(home, Settings())
    assert outcome.exit_code == 4 and "Effacements" in outcome.sentence and outcome.release is None


class _Nobody:
    def __init__(self, *_):
        """Nothing beside the night."""

    def start(self):
        """Nothing."""

    stop = start
