"""The command, in this process: words, exit codes, and never a stack trace."""

import contextlib
import os
import shutil
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_project import SOURCE, an_hour_old, whole_night
from typer.testing import CliRunner

from identity.vault import Vault
from orchestration import alerts, command, history, rooms
from orchestration import home as homes
from orchestration import night as nights
from sources.ledger import DeliveryReport, open_ledger, record_delivery, record_sighting


@pytest.fixture
def observatoire(observatory, monkeypatch):
    """Run the command on this observatory; nights go without Dagster (test_historian runs some with it)."""
    monkeypatch.setattr(homes.Home, "from_environment", classmethod(lambda cls, environment=None: observatory.home))
    monkeypatch.setattr(history, "night_with_history", lambda home, settings: whole_night(home, settings))

    def run(*arguments):
        done = CliRunner().invoke(command.app, list(arguments))
        assert "Traceback" not in done.output
        return done.exit_code, done.output

    return run


def test_demo_then_nothing_new_then_status(observatoire, observatory, monkeypatch):
    code, said = observatoire("demo")
    assert code == 0, said
    assert "1 exemple copié, 0 déjà là." in said
    assert f"Livraisons « {SOURCE} » – 1 livraison, 24 lignes" in said
    assert all(line.split()[1][0].isdigit() for line in said.splitlines() if line.startswith("✓")), (
        "seconds of each step"
    )
    assert "Version 1 : " in said
    monkeypatch.setattr(alerts, "heartbeat", lambda settings: ["Le signal de vie n'a pas pu partir."])
    code, said = observatoire("demo")
    assert (
        code == 0
        and "0 exemple copié, 1 déjà là, laissé tel quel." in said
        and "Rien de nouveau : 1 fichier du dépôt" in said
    )
    assert said.endswith("! Le signal de vie n'a pas pu partir.\n"), "a night with nothing to do is alive"
    code, said = observatoire("status")
    assert code == 0
    line = next(line for line in said.splitlines() if SOURCE in line)
    assert line.split()[:6] == [SOURCE, "1", "24", "24", "0", "0"]
    assert "Version 1" in said and "publié" in said and "Contrôles : 4 menés" in said and "pas lu" not in said
    (observatory.home.inbox / "egare.csv").write_text("a;b")
    assert "Dans le dépôt, pas lu\n  « egare.csv » est à la racine du dépôt" in observatoire("status")[1]
    assert observatoire("run", "--force")[0] == 0


def test_demo_never_replaces_what_somebody_delivered(observatoire, observatory):
    mine = observatory.deliver_sample()
    mine.write_text("mine")
    an_hour_old(mine)
    observatoire("demo")
    assert mine.read_text() == "mine"


def test_what_is_worth_saying_of_a_delivery_is_said(observatoire, observatory):
    mine = observatory.deliver_sample()
    mine.write_bytes(mine.read_bytes() + b"\0\0")
    an_hour_old(mine)
    assert "0 en double, 1 remarque" in observatoire("run")[1]
    remarks = f"Remarques sur les livraisons en vigueur\n  {SOURCE} / {mine.name} : 2 caractères nuls"
    assert remarks in observatoire("status")[1]


def test_a_version_that_came_last_and_does_not_count_is_said(observatoire, observatory):
    with open_ledger(observatory.home.ledger) as ledger:
        for name, came, written in (("v2.csv", 1, 9), ("v3.csv", 2, 8)):
            at, when = datetime(2025, 6, came, tzinfo=UTC), datetime(2025, 5, written, tzinfo=UTC)
            record_delivery(ledger, DeliveryReport(SOURCE, name, name, name, 1, at, "accepted"), "", at)
            record_sighting(ledger, SOURCE, name, name, 1, name, at, when, "une liste")
    said = (
        "Versions arrivées qui ne comptent pas\n  "
        + SOURCE
        + " : « v3.csv » est plus ancien (08/05/2025) que « v2.csv »"
    )
    assert said in observatoire("status")[1]


def test_exit_codes_of_run(observatoire, observatory, monkeypatch):
    assert observatoire("run")[0] == 0
    observatory.spoil("ind_events")
    code, said = observatoire("run", "--force")
    assert code == 3 and "ind_events : reporté" in said
    code, said = observatoire("run")
    assert code == 0 and "Toujours retenu : ind_events" in said

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rooms, "seal", full)
    code, said = observatoire("run", "--force")
    assert code == 4 and "Scellement de la version candidate : n'a pas abouti (le disque est plein," in said
    assert said.count("le disque est plein") == 1 and "No space" not in said and "Rien n'a été publié" in said
    assert observatoire("run", "--fast")[0] == 2
    assert observatoire("nights")[0] == 2


def test_an_interruption_is_no_failure_of_the_library_that_was_asked_something(observatoire, observatory, monkeypatch):
    """DuckDB ends a query by an error of its own: a source that fails would stop no night."""

    def query(*_):
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        raise RuntimeError("Query interrupted")

    observatory.deliver_sample()
    with monkeypatch.context() as patch:
        patch.setattr(rooms, "deliver", query)
        code, said = observatoire("run")
    assert code == 4 and f"Livraisons « {SOURCE} » : interrompu" in said and "RuntimeError" not in said
    assert said.endswith("Interrompu : rien n'a été publié.\n")
    assert not observatory.home.current_release.exists()
    assert observatoire("run")[0] == 0 and observatory.home.current_release.exists()


def test_a_disk_that_takes_not_even_the_log_is_told_all_the_same(observatoire, observatory, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(nights.Night, "log_file", Path("/dev/full"))
    monkeypatch.setattr(rooms, "deliver", full)
    code, said = observatoire("demo")
    assert code in (3, 4) and f"Livraisons « {SOURCE} » : n'ont pas pu être lues (le disque est plein," in said
    monkeypatch.setattr(nights, "leave_for_next_night", full)
    code, said = observatoire("run")
    assert code == 4 and "La nuit : n'a pas abouti (le disque est plein," in said and "Rien n'a été publié" in said


def test_somebody_is_told_of_a_night_that_could_not_begin(observatoire, observatory, monkeypatch):
    told = []
    monkeypatch.setattr(alerts, "send", lambda settings, subject, lines: told.append((subject, *lines)) or [])
    shutil.rmtree(observatory.home.root)
    observatory.home.root.write_text("a file")
    code, said = observatoire("run")
    assert code == 4 and "Un fichier est là où un dossier est attendu" in said and str(observatory.home.root) in said
    assert told == [
        ("Observatoire : la nuit n'a rien publié", "Un fichier est là où un dossier est attendu, le déplacer")
    ]


def test_what_the_system_does_not_open_is_told_each_night_without_its_name(observatoire, observatory, monkeypatch):
    told = []
    monkeypatch.setattr(alerts, "send", lambda settings, subject, lines: told.append(lines) or [])
    closed = observatory.deliver_sample().with_name("Jeanne Canari.csv")
    closed.write_text("a;b")
    may = Path.open

    def open_file(path, *how, **named):
        if path.name == closed.name:
            raise PermissionError(13, "Permission denied", str(path))
        return may(path, *how, **named)

    monkeypatch.setattr(Path, "open", open_file)
    assert observatoire("run")[0] == 3
    code, said = observatoire("run")
    assert (
        code == 3
        and "Rien de nouveau" in said
        and "« programme/Jeanne Canari.csv » ne peut pas être ouvert" in said.replace(SOURCE, "programme")
    )
    assert len(told) == 2 and "1 fichier ou dossier du dépôt ne peut pas" in told[0][0] and "Canari" not in str(told)


def test_a_second_run_at_the_same_time_says_so(observatoire, observatory, monkeypatch):
    from orchestration.lock import AnotherNight

    def busy(*_):
        raise AnotherNight("Une autre nuit est en cours (processus 1, depuis 04:00:00 UTC) : rien n'a été fait.")

    monkeypatch.setattr(history, "night_with_history", busy)
    code, said = observatoire("run")
    assert code == 4 and "Une autre nuit est en cours" in said


def test_an_unforeseen_error_goes_to_the_log(observatoire, observatory, monkeypatch):
    cell = "Canari"

    def broken(*_):
        raise ValueError(f"cell of {cell}")

    monkeypatch.setattr(rooms, "contracts", broken)
    code, said = observatoire("status")
    assert code == 4 and "Canari" not in said
    log = observatory.home.logs / "command.log"
    assert str(log) in said and "builtins.ValueError" in log.read_text() and "in broken" in log.read_text()
    assert "cell of Canari" not in log.read_text(), "where and which kind, not what it quotes"


def test_what_is_wrong_with_the_vault_is_a_sentence(observatoire, observatory, monkeypatch):
    assert observatoire("person", "log")[0] == 0
    monkeypatch.setenv("OBSERVATOIRE_VAULT_KEY", "ab" * 32)
    code, said = observatoire("person", "log")
    assert code == 4 and "n'est pas celle du coffre" in said and "imprévue" not in said

    monkeypatch.setattr(rooms, "match", lambda *_: Vault(observatory.home.vault))
    code, said = observatoire("demo")
    assert code == 4 and "Rapprochement des personnes : La clé maîtresse" in said and "rien n'a été modifié" in said

    (observatory.home.vault / "identities").mkdir()
    (observatory.home.vault / "identities" / "liste__0.parquet.enc").touch()
    code, said = observatoire("run")
    assert code == 4 and "Règles et coffre : La clé maîtresse" in said and "Livraisons «" not in said, (
        "once, not for each source"
    )


def test_a_contract_that_is_wrong_is_a_sentence(observatoire, observatory):
    (observatory.home.contracts / "autre.yml").write_text("source: autre\ntypo: 1\n")
    code, said = observatoire("sources", "check")
    assert code == 4 and "autre.yml" in said and "clé inconnue" in said


def spoilt_delivery(observatory):
    """The sample with one date that is no date."""
    path = observatory.deliver_sample()
    text = path.read_bytes().decode("cp1252")
    header, first, rest = text.split("\n", 2)
    cells = first.split(";")
    cells[header.split(";").index("Date")] = "32/13/2023"
    path.write_bytes("\n".join((header, ";".join(cells), rest)).encode("cp1252"))
    return an_hour_old(path)


def test_quarantine(observatoire, observatory):
    assert observatoire("quarantine", "list") == (0, "Aucune ligne en quarantaine.\n")
    spoilt_delivery(observatory)
    observatoire("run")
    code, said = observatoire("quarantine", "list")
    assert code == 0 and said.splitlines()[1].split()[0] == SOURCE and said.split()[-1] == "1"
    code, said = observatoire("quarantine", "show", SOURCE)
    assert code == 0 and "32/13/2023" in said and "cellule" in said
    code, said = observatoire("quarantine", "replay", SOURCE)
    assert code == 0 and "1 en quarantaine" in said and "observatoire run" in said
    assert "Il reste à publier" in observatoire("status")[1] and "il reste à publier" in observatoire("doctor")[1]
    assert "une relecture" in observatoire("run")[1], "what was read again is published by the next night"
    assert observatoire("quarantine", "show", "inconnue")[0] == 2


def test_status_names_the_source_that_the_last_night_could_not_read(observatoire, observatory, monkeypatch):
    observatory.deliver_sample()
    observatoire("run")
    with monkeypatch.context() as broken:
        broken.setattr(rooms, "deliver", lambda *_: 1 / 0)
        assert observatoire("run", "--force")[0] == 3
    assert f"Source {SOURCE} : la dernière nuit n'a pas pu la lire" in " ".join(observatoire("status")[1].split())
    observatoire("run")
    assert "n'a pas pu la lire" not in observatoire("status")[1]


def test_sources_check(observatoire, observatory, tmp_path):
    path = spoilt_delivery(observatory)
    code, said = observatoire("sources", "check", str(path))
    assert code == 3 and "24 lignes lues = 23 acceptées + 1 en quarantaine + 0 en double" in said
    assert not observatory.home.ledger.exists(), "nothing is landed"
    stray = tmp_path / "x.csv"
    stray.write_text("a;b\n1;2\n")
    code, said = observatoire("sources", "check", str(stray), "--source", SOURCE)
    assert code == 3 and f"✗ {SOURCE}" in said and "observatoire sources new" in said
    assert observatoire("sources", "check", str(tmp_path / "nowhere.csv"))[0] == 2


def test_releases(observatoire, observatory, tmp_path):
    assert observatoire("releases", "list")[1] == "Aucune version publiée.\n"
    code, said = observatoire("releases", "show")
    assert code == 4 and "Aucune version" in said
    observatory.night()
    observatory.total = 37
    observatory.night()
    assert observatoire("releases", "list")[1].splitlines()[-1].split()[-2:] == ["en", "place"]
    code, said = observatoire("releases", "diff", "1")
    assert code == 0 and "36 → 37" in said.replace(".0", "")
    (told,) = {line.split(" : ")[0] for line in said.splitlines() if line.endswith("→ 37")}
    assert told.count("ind_events") == 1, told
    code, said = observatoire("releases", "diff", "1", "--output", str(tmp_path / "tout.csv"))
    assert code == 0 and "36,37" in (tmp_path / "tout.csv").read_text()
    assert observatoire("releases", "verify")[0] == 0
    assert observatoire("releases", "rollback", "1")[0] == 2, "a reason is needed"
    code, said = observatoire("releases", "rollback", "1", "--reason", "essai")
    assert code == 0 and observatory.current == 1
    code, said = observatoire("run")
    assert code == 0 and "Rien de nouveau" in said and "la version 1 reste en place" in said, said
    assert "Version 1" in observatoire("releases", "show")[1]
    assert observatoire("releases", "show", "9")[0] == 4
    code, said = observatoire("releases", "withdraw", "2", "--reason", "un nom y était")
    assert code == 0 and "serait retirée" in said and "--yes" in said
    assert observatoire("releases", "show", "2")[0] == 0
    assert observatoire("releases", "withdraw", "2", "--yes")[0] == 2, "a reason is needed"
    code, said = observatoire("releases", "withdraw", "1", "--reason", "x", "--yes")
    assert code == 4 and "celle en place" in said
    code, said = observatoire("releases", "withdraw", "2", "--reason", "un nom y était", "--yes")
    assert code == 0 and "La version 2, faite le " in said and "est retirée" in said
    code, said = observatoire("releases", "show", "2")
    assert code == 4 and "a été retirée le" in said and "un nom y était" in said
    assert "  retirée le " in observatoire("releases", "list")[1].splitlines()[-1]
    page = observatory.home.releases / "1" / "public" / "index.html"
    page.chmod(0o644)
    page.write_text("<html>changed")
    code, said = observatoire("releases", "verify", "1")
    assert code == 4 and "index.html" in said


def test_doctor(observatoire, observatory, monkeypatch):
    monkeypatch.setenv("OBSERVATOIRE_ALERT_WEBHOOK", "https://hooks.example.org/s3cret")
    code, said = observatoire("doctor")
    assert code == 0, said
    assert "s3cret" not in said and "webhook (hooks.example.org)" in said
    observatory.home.vault.chmod(0o755)
    code, said = observatoire("doctor")
    assert code == 4 and "chmod 700" in said
    observatory.home.explanations.write_text("withdrawals: [\n")
    assert "✗ déclarations : explanations.yml, ligne" in observatoire("doctor")[1]


def test_doctor_of_what_is_damaged_or_not_there(observatoire, observatory):
    assert observatoire("demo")[0] == 0
    assert "✓ lignes lues" in observatoire("doctor")[1]
    (landed,) = (observatory.home.landing / "event").glob("*.parquet")
    whole = landed.read_bytes()
    landed.write_bytes(whole[:100] + b"\xa5" * 400 + whole[500:])  # a disk that rots leaves the end as it was
    code, said = observatoire("doctor")
    assert code == 4 and f"✗ lignes lues : landing/event/{landed.name} : abîmé. Ôtez-le" in said
    landed.unlink()
    observatoire("run", "--force")
    assert landed.read_bytes() == whole
    observatory.home.ledger.write_bytes(b"no ledger" * 100)
    observatory.home.current_release.unlink()
    observatory.home.current_release.symlink_to("7")
    code, said = observatoire("doctor")
    assert (
        code == 4 and "✗ registre : Le registre des livraisons" in said and "✗ version en place : La version 7" in said
    )
    code, said = observatoire("run")
    assert code == 4 and "est abîmé : remettez celui de la dernière sauvegarde" in said
    root = observatory.home.root
    shutil.rmtree(root)
    assert f"✓ dossier : {root} (n'existe pas encore" in observatoire("doctor")[1] and not root.exists()
    root.write_text("a file")
    code, said = observatoire("doctor")
    assert code == 4 and f"✗ dossier : {root} : {root} est un fichier" in said


@pytest.mark.parametrize("name", ["var?1", "a\\b", "a*b", "a[b]c"])
def test_a_home_whose_name_the_engine_reads_otherwise_is_refused(observatoire, observatory, name):
    observatory.home = homes.Home(observatory.home.root / name, observatory.home.project)
    for command_name in ("run", "doctor"):
        code, said = observatoire(command_name)
        assert code == 4 and f"{name} : le moteur de calcul lit autrement" in said, said
    assert not observatory.home.ledger.exists() and not observatory.home.vault.exists()


def test_help_says_what_everything_does(observatoire):
    code, said = observatoire("--help")
    assert code == 0
    for name in ("demo", "run", "status", "doctor", "quarantine", "releases", "sources"):
        assert name in said
    assert observatoire("quarantine", "--help")[0] == observatoire("releases", "rollback", "--help")[0] == 0


def test_a_breach_is_written_down_followed_and_listed(observatoire):
    assert observatoire("breach", "list") == (0, "Aucune violation inscrite.\n")
    code, said = observatoire("breach", "add", "Une feuille a été envoyée à tort.", "--noticed", "2026-01-10T09:00")
    assert code == 0 and "numéro 1" in said and "avant le 13/01/2026 à 09:00" in said
    assert (
        observatoire(
            "breach", "add", "CNIL informée.", "--about", "1", "--notified", "2026-01-14T09:00", "--persons", "12"
        )[0]
        == 0
    )
    code, said = observatoire("breach", "list")
    assert (
        code == 0 and "12 personnes ; notifiée le 14/01/2026 à 09:00, hors délai" in said and "envoyée à tort" in said
    )
    assert observatoire("breach", "add", "Sans date.")[0] == 4


def test_the_interface_can_be_ended_when_a_shell_started_it_in_the_background(observatoire, monkeypatch):
    monkeypatch.chdir(".")  # the command goes to the project's folder: come back
    found = []
    monkeypatch.setattr("os.execv", lambda *_: found.append(signal.getsignal(signal.SIGINT)))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as what ends with « & » in a script is started
    try:
        assert observatoire("dagster")[0] == 0
    finally:
        signal.signal(signal.SIGINT, before)
    assert found == [signal.SIG_DFL]
