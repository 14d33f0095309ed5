"""What the command says of its own use is French, and wrong usage ends with 2."""

import re

import pytest
import typer
from typer.testing import CliRunner

from orchestration import command, usage
from orchestration.home import Home


@pytest.fixture
def observatoire(tmp_path, monkeypatch):
    monkeypatch.setattr(Home, "from_environment", classmethod(lambda cls, environment=None: Home(tmp_path / "var")))
    return lambda *arguments: CliRunner().invoke(command.app, list(arguments), prog_name="observatoire")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("runn", "la commande 'runn' n'existe pas ; vouliez-vous dire 'run' ?"),
        ("nuit", "la commande 'nuit' n'existe pas"),
        ("releases liste", "la commande 'liste' n'existe pas ; vouliez-vous dire 'list' ?"),
        ("run --forc", "l'option --forc n'existe pas ; vouliez-vous dire --force ?"),
        ("run -x", "l'option -x n'existe pas"),
        ("run demain", "de trop : demain"),
        ("run --force=1", "l'option '--force' ne prend pas de valeur"),
        ("trace", "il manque l'argument 'dataset'"),
        ("releases rollback 1", "il manque l'option '--reason'"),
        ("releases rollback 1 --reason", "l'option '--reason' demande une valeur"),
        ("releases rollback un --reason x", "'number' : un nombre entier est attendu"),
        ("breach add a --persons -1", "'--persons' : un nombre d'au moins 0 est attendu"),
        ("breach add a --noticed hier", "'--noticed' : un jour et une heure sont attendus, par exemple 2026-03-31T09:30"),
        ("dagster --port 99999", "'--port' : un nombre d'au plus 65535 est attendu"),
        ("sources check /nulle/part", "'file' : '/nulle/part' n'existe pas"),
        ("sources check /tmp", "'file' : '/tmp' est un dossier ; un fichier est attendu"),
        ("retention --apply --dry-run", "--dry-run ou --apply, pas les deux"),
    ],
)  # fmt: skip
def test_wrong_usage_is_said_in_french_and_ends_with_2(observatoire, typed, said):
    done = observatoire(*typed.split())
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1] == f"Erreur : {said}" and not done.stdout
    assert "Traceback" not in done.output and not re.search("Usage|Try|Error|Invalid|Missing", done.output)


def test_wrong_usage_shows_how_to_use_the_command(observatoire):
    said = observatoire("releases", "rollback").stderr
    assert said.startswith(
        "Utilisation : observatoire releases rollback [OPTIONS] {number}\n"
        "Pour en savoir plus : observatoire releases rollback --help\n\n"
    )


def every_command(group: typer.core.TyperGroup, names: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [names]
    for name, inner in group.commands.items():
        found += every_command(inner, (*names, name)) if hasattr(inner, "commands") else [(*names, name)]
    return found


def test_the_help_of_every_command_is_french(observatoire):
    commands = every_command(typer.main.get_command(command.app))
    assert len(commands) > 35
    for names in commands:
        done = observatoire(*names, "--help")
        assert done.exit_code == 0 and done.stdout.startswith("Utilisation : observatoire"), names
        assert "Montre cette aide" in done.stdout and "\nOptions :\n" in done.stdout
        kinds = set(re.findall(r"<[^>]*>(?=  | *\n|\.\.\.)", done.stdout))
        assert kinds <= {"<nombre>", "<texte>", "<chemin>", "<fichier>", "<dossier>", "<jour et heure>"}, names
        assert not re.search(r"Usage|Commands|required|default|Show this|COMMAND ", done.stdout), names


def test_a_group_alone_shows_its_help(observatoire):
    done = observatoire("releases")
    assert done.exit_code == 2 and "\nCommandes :\n  list" in done.stderr and "Erreur" not in done.stderr


def test_an_interruption_is_said(observatoire, monkeypatch):
    def interrupted(*arguments, **options):
        raise typer.Abort

    monkeypatch.setattr(usage.TyperGroup, "main", interrupted)
    done = observatoire("status")
    assert (done.exit_code, done.stderr) == (1, "Interrompu.\n")
