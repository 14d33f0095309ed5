"""What the command says of its own use, in French: `--help`, and what is wrong with what was typed. typer's words are English.

Belongs here: typer's words, and their French. Does not belong here: any command (`command.py`), what a value means to it (its own sentences).
typer translates nothing by itself; it lets a context choose its formatter, a group its class, and its exceptions carry what they speak of.
"""

from __future__ import annotations

import re
import sys
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

import rulebook

_HEADINGS = {"Arguments": "Arguments", "Options": "Options", "Commands": "Commandes"}
_HELP = {
    "Show this message and exit.": "Montre cette aide, et rien d'autre.",
    "[required]": "[obligatoire]",
    "[default: ": "[par défaut : ",
    "<int>": "<nombre>",
    "<int range>": "<nombre>",
    "<str>": "<texte>",
    "<path>": "<chemin>",
    "<file>": "<fichier>",
    "<directory>": "<dossier>",
    "<list[str]>": "<texte>",
    "<list[int]>": "<nombre>",
    "<datetime>": "<jour et heure>",
}
_MESSAGES = (
    (r"No such command (?P<name>'.*?')\.", "la commande {name} n'existe pas"),
    (r"No such command (?P<name>'.*?')\. Did you mean (?P<near>.*)\?", "la commande {name} n'existe pas ; vouliez-vous dire {near} ?"),
    (r"Missing command\.", "il manque la commande"),
    (r"Got unexpected extra argument\(s\) \((?P<extra>.*)\)", "de trop : {extra}"),
    (r"Option (?P<name>'.*') requires an argument\.", "l'option {name} demande une valeur"),
    (r"Option (?P<name>'.*') does not take a value\.", "l'option {name} ne prend pas de valeur"),
    (r"\w+ (?P<path>'.*') does not exist\.", "{path} n'existe pas"),
    (r"\w+ (?P<path>'.*') is a directory\.", "{path} est un dossier ; un fichier est attendu"),
    (r"\w+ (?P<path>'.*') is a file\.", "{path} est un fichier ; un dossier est attendu"),
    (r"\w+ (?P<path>'.*') is not readable\.", "{path} ne peut pas être lu"),
)  # fmt: skip
"""What typer says in words only, without an exception of its own."""


class Formatter(typer.Context.formatter_class):  # type: ignore[valid-type, misc]  # typer names its formatter nowhere else
    """The help, with French words around what the commands say."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or "Utilisation : ")

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{_HEADINGS.get(heading, heading)} :\n")

    def write_dl(self, rows: Any, *arguments: Any, **options: Any) -> None:
        super().write_dl([tuple(_translated(text) for text in row) for row in rows], *arguments, **options)


class Context(typer.Context):
    formatter_class = Formatter


class _Listed:
    """A command of a list is told by the first paragraph of its help, whole: typer cuts it after 45 letters."""

    help: str | None

    def get_short_help_str(self, limit: int = 0) -> str:
        return " ".join((self.help or "").partition("\n\n")[0].split())


class Command(_Listed, TyperCommand):
    context_class = Context


class Group(_Listed, TyperGroup):
    context_class = Context

    def main(  # type: ignore[override]  # typer's options go on as they came
        self, args: Any = None, prog_name: str | None = None, *, standalone_mode: bool = True, **options: Any
    ) -> Any:
        """As typer's, which prints what is wrong before anybody else can when it is to end the process."""
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **options)
        try:
            code = super().main(args, prog_name, standalone_mode=False, **options)
        except typer.TyperException as error:
            _end(error)
        except typer.Abort:
            typer.echo("Interrompu.", err=True)
            sys.exit(1)
        sys.exit(code or 0)


class App(typer.Typer):
    """A group of commands whose help and errors are French."""

    def __init__(self, help: str, cls: type[Group] = Group):
        super().__init__(
            cls=cls,
            help=help,
            no_args_is_help=True,
            add_completion=False,
            subcommand_metavar="COMMANDE [ARGUMENTS]...",
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
        )

    def command(self, name: str | None = None, **options: Any) -> Any:
        return super().command(name, **{"cls": Command} | options)


def _translated(text: str) -> str:
    for said, french in _HELP.items():
        text = text.replace(said, french)
    return text


def _end(error: typer.TyperException) -> NoReturn:
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
        typer.echo(error.message, err=True)
        sys.exit(error.exit_code)
    context = getattr(error, "ctx", None)
    if context is not None:
        typer.echo(context.get_usage(), err=True)
        typer.echo(f"Pour en savoir plus : {context.command_path} --help\n", err=True)
    typer.echo(f"Erreur : {sentence(error)}", err=True)
    sys.exit(error.exit_code)


def sentence(error: typer.TyperException) -> str:
    """What was wrong with what was typed."""
    kind, hint = type(error).__name__, _hint(error)
    known: Any = error  # typer keeps the classes of its exceptions to itself
    if kind == "NoSuchOption":
        near = f" ; vouliez-vous dire {', '.join(sorted(known.possibilities))} ?" if known.possibilities else ""
        return f"l'option {known.option_name} n'existe pas{near}"
    if kind == "MissingParameter":
        what = "l'option" if getattr(known.param, "param_type_name", "") == "option" else "l'argument"
        return f"il manque {what} {hint}"
    said = _message(error)
    return f"{hint} : {said}" if hint else said


def _hint(error: typer.TyperException) -> str:
    """The option or the argument that an exception speaks of, or nothing."""
    hint, parameter = getattr(error, "param_hint", None), getattr(error, "param", None)
    if hint is None and parameter is not None:
        hint = parameter.get_error_hint()
    return hint if isinstance(hint, str) else " / ".join(hint or ())


def _message(error: typer.TyperException) -> str:
    from pydantic import ValidationError

    if isinstance(error.__cause__, ValidationError):
        return rulebook.what(error.__cause__.errors()[0])
    for pattern, french in _MESSAGES:
        if found := re.fullmatch(pattern, error.message, re.DOTALL):
            return french.format(**found.groupdict())
    return error.message
