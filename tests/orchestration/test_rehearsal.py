"""A night rehearsed on a copy says what the next one would do, and leaves everything as it was."""

import csv
import fcntl
import os
import shutil
from pathlib import Path

import pytest
from small_project import SOURCE, an_hour_old
from test_command import observatoire  # noqa: F401
from ticket_office import TICKETS

from identity.vault import Vault
from orchestration import night as nights
from orchestration import rooms
from orchestration.home import Home, Settings
from orchestration.home_copy import copied
from orchestration.lock import only_one_night
from orchestration.rehearsal import rehearse
from sources.erased_files import remember, replaced_since


def everything(home: Home) -> dict:
    """Every file and link of a home, with its bytes, mode, time and inode; not the lock, which says who held it last."""
    found = {}
    for folder, folders, names in os.walk(home.root):
        for path in (Path(folder, name) for name in (*folders, *names)):
            stat = path.lstat()
            content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[path] = content, stat.st_mode, stat.st_mtime_ns if content is not None else 0, stat.st_ino
    del found[home.lock]
    return found


@pytest.mark.nights
def test_what_the_night_would_change_is_said_and_nothing_changes(observatoire, observatory, tmp_path):  # noqa: F811
    observatory.deliver_sample()
    observatory.night()
    mine = observatory.deliver_sample()
    mine.write_bytes(b"".join(mine.read_bytes().splitlines(keepends=True)[:-1]))
    an_hour_old(mine)
    observatory.total = 37
    before = everything(observatory.home)
    code, said = observatoire("rehearse", "--output", str(tmp_path / "changes.csv"))
    assert everything(observatory.home) == before
    assert code == 0 and f"« {SOURCE} » – 1 livraison, 23 lignes : 23 acceptées" in said
    assert "La nuit publierait la version 2 (1.0.1). De la version 1 à elle : 1\u00a0cellule révisée." in said
    assert "EV01 / total / total" in said and "value 36 → 37" in said
    with (tmp_path / "changes.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 1
    assert observatory.night().release == 2
    assert "La nuit ne changerait rien : la version 2 resterait en place." in observatoire("rehearse")[1]


def test_a_first_night_can_be_rehearsed(observatoire, observatory):  # noqa: F811
    observatory.deliver_sample()
    code, said = observatoire("rehearse")
    assert code == 0 and "La nuit publierait la version 1 (1.0.0), la première." in said
    assert observatory.current is None


def test_other_rules_on_the_same_state(observatory, tmp_path):
    """From another checkout: its rules, the real state."""
    observatory.deliver_sample()
    observatory.night()
    other = shutil.copytree(observatory.home.project, tmp_path / "checkout")
    (other / "sources" / "contracts" / f"{SOURCE}.yml").write_text("source: [\n")
    before = everything(observatory.home)
    found = rehearse(Home(observatory.home.root, other), Settings())
    assert found.outcome.exit_code == 4 and f"{SOURCE}.yml" in found.outcome.sentence and found.after is None
    assert everything(observatory.home) == before


def test_the_access_log_says_that_the_identities_were_read(observatory):
    contract = observatory.home.contracts / "billets.yml"
    contract.write_text(TICKETS, encoding="utf-8")
    tickets = observatory.home.inbox / "billets" / "v.csv"
    tickets.parent.mkdir()
    tickets.write_text("Billet;Statut;Prix;Courriel\nB1;ok;1;ana@exemple.test\nB2;ok;1;zoe@exemple.test\n")
    an_hour_old(tickets)
    observatory.night()
    log = Vault(observatory.home.vault).log
    before = log.lines()
    rehearse(observatory.home, Settings())
    [line] = log.lines()[len(before) :]
    assert (line["purpose"], line["action"], line["rows"]) == ("matching", "read", 2)
    assert [what.split("/")[0] for what in line["what"]] == ["billets"] and log.verify()


def test_a_rehearsal_that_fails_alerts_nobody_and_keeps_its_log(observatoire, observatory, monkeypatch):  # noqa: F811
    def fails(home, candidate, loaded):
        raise ZeroDivisionError

    observatory.settings = Settings(
        alert_webhook="https://alertes.exemple.test", heartbeat_url="https://vie.exemple.test"
    )
    monkeypatch.setattr(rooms, "hand_over", fails)
    monkeypatch.setattr(nights, "send", lambda settings, *_: pytest.fail("alert") if settings.alert_webhook else [])
    monkeypatch.setattr(
        nights, "heartbeat", lambda settings: pytest.fail("heartbeat") if settings.heartbeat_url else []
    )
    monkeypatch.setattr(Settings, "from_environment", classmethod(lambda cls: observatory.settings))
    observatory.deliver_sample()
    code, said = observatoire("rehearse")
    assert code == 4 and "Remise à l'entrepôt : n'a pas abouti (ZeroDivisionError)" in said
    assert "La nuit ne publierait rien" in said and not observatory.home.copy.exists()
    assert "ZeroDivisionError" in "".join(path.read_text() for path in observatory.home.logs.glob("night-*.log"))
    assert not observatory.home.unfinished.exists(), "nothing is left for the next night either"


@pytest.mark.nights
def test_a_table_that_would_be_refused_is_named(observatoire, observatory):  # noqa: F811
    observatory.deliver_sample()
    observatory.night()
    observatory.spoil("ind_events")
    code, said = observatoire("rehearse")
    assert code == 3 and "ind_events : reporté de la dernière bonne version" in said


@pytest.mark.nights
def test_what_waits_for_an_approval_is_shown_too(observatoire, observatory, tmp_path):  # noqa: F811
    observatory.deliver_sample()
    observatory.night()
    observatory.rule("{ind_events: {approval: required}}")
    observatory.total = 37
    code, said = observatoire("rehearse", "--output", str(tmp_path / "changes.csv"))
    assert code == 3 and "ind_events : de nouveaux chiffres attendent une approbation" in said
    assert "une fois partis :\n  ind_events : 1\u00a0cellule révisée" in said and "value 36 → 37" in said
    with (tmp_path / "changes.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [line["new"] for line in csv.DictReader(file)] == ["37"]


def test_what_a_night_does_not_read_of_the_inbox_stops_no_rehearsal(observatory, monkeypatch):
    delivered = observatory.deliver_sample()
    os.mkfifo(delivered.with_name("tube.csv"))
    (delivered.with_name("boucle.csv")).symlink_to("boucle.csv")
    closed = observatory.home.inbox / "fermé"
    (closed / "x").mkdir(parents=True)
    may = os.access  # root may everything
    monkeypatch.setattr(os, "access", lambda path, how: Path(path) != closed and may(path, how))
    with copied(observatory.home) as aside:
        assert [path.name for path in (aside.inbox / SOURCE).iterdir()] == [delivered.name]
        assert not (aside.inbox / "fermé").exists()


def test_not_during_a_night(observatoire, observatory):  # noqa: F811
    observatory.home.lock.touch()
    with observatory.home.lock.open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, said = observatoire("rehearse")
    assert code == 4 and "Une autre nuit est en cours" in said and not observatory.home.copy.exists()


def test_what_a_rehearsal_that_died_left_goes_with_the_next_night(observatory):
    observatory.deliver_sample()
    observatory.night()
    with only_one_night(observatory.home.lock):
        kept = copied(observatory.home)
        kept.__enter__()
    assert (observatory.home.copy / "vault").is_dir() and (observatory.home.copy / "releases" / "1").is_dir()
    observatory.night()
    assert not observatory.home.copy.exists()


def test_files_somebody_was_erased_from_are_as_they_must_be_in_the_copy(observatory):
    observatory.deliver_sample()
    observatory.night()
    home = observatory.home
    as_left, replaced = home.inbox / "as_left.csv", home.inbox / "replaced.csv"
    for path in (as_left, replaced):
        path.write_text("x")
    remember(home.vault, SOURCE, "aaaa", [as_left, home.ledger])
    remember(home.vault, SOURCE, "bbbb", [replaced])
    replaced.write_text("somebody came back")
    assert replaced_since(home.vault) == {(SOURCE, "bbbb")}
    with only_one_night(home.lock), copied(home) as aside:
        assert aside.root.stat().st_mode & 0o777 == 0o700
        assert replaced_since(aside.vault) == {(SOURCE, "bbbb")}
