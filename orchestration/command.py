"""The `observatoire` command, in French: staff run it too.

Belongs here: arguments, exit codes, and the words around what other modules find. Imports are inside the commands:
`--help` and a night with nothing new must be immediate. Exit codes of `run` and `demo`: 0 released or nothing changed,
3 some dataset withheld or carried, some source or file of the inbox unreadable, 4 the structure failed (or another night holds the lock)
and nothing was released. Wrong usage is 2 everywhere. A stack trace goes to a file of `logs/`, never to the screen.
"""

from __future__ import annotations

import re
import shlex
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestration import breach_command, failures, interruption, person_command, releases_command, system_errors
from orchestration.exit_codes import DONE, FAILED, NOT_WHOLE
from orchestration.home import Home, Settings
from orchestration.process import run_process
from orchestration.usage import App, Group
from rulebook.numbers import agreed, grouped, plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from publication.changelog import Change

NOTHING_PUBLISHED = "Observatoire : la nuit n'a rien publié"


class Quiet(Group):
    """Whatever goes wrong is one sentence on the screen; what an engineer needs is in a log file."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with interruption.remembered(), interruption.kept():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("Interrompu : rien n'a été publié.", err=True)
        except BaseException as error:
            # typer's own exceptions (usage, exit, abort) know how to end
            if hasattr(error, "exit_code") or isinstance(error, typer.Abort | SystemExit):
                raise
            typer.echo(_sentence_of(error), err=True)
        raise typer.Exit(FAILED)


app = App(
    "L'observatoire de l'économie sociale et solidaire : des fichiers reçus aux chiffres publiés.\n\n"
    "L'état est dans le dossier que dit OBSERVATOIRE_HOME (sans elle, « var » à côté du programme). Chaque commande finit par 0 quand elle a fait ce "
    "qui est demandé, par 2 quand elle est mal écrite, par 4 quand c'est impossible, la raison étant dite ; « COMMANDE --help » dit le reste.",
    Quiet,
)
quarantine_app = App("Les lignes refusées, et pourquoi.")
sources_app = App("Les sources et leurs contrats.")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(releases_command.app, name="releases")
app.add_typer(sources_app, name="sources")
app.add_typer(person_command.app, name="person")
app.add_typer(breach_command.app, name="breach")


@app.command()
def demo() -> None:
    """Remplit le dépôt avec les exemples fournis, puis lance une nuit."""
    from orchestration.demo import fill_inbox

    home = _home()
    copied, left = fill_inbox(home)
    lines = _lines()
    as_it_is = f", {agreed(len(left), 'laissé tel quel', 'laissés tels quels')}" if left else ""
    said = plural(len(copied), "exemple copié", "exemples copiés")
    lines.say(f"Dépôt {home.inbox} : {said}, {grouped(len(left))} déjà là{as_it_is}.")
    _run(lines, force=False)


@app.command()
def run(
    force: Annotated[bool, typer.Option("--force", help="Refaire la nuit même si rien n'est nouveau.")] = False,
) -> None:
    """Une nuit : livraisons, entrepôt, contrôles, publication. Ne fait rien si rien n'est nouveau.

    Finit par 0 quand une version est faite ou que rien n'est nouveau, par 3 quand un tableau est retenu ou reporté, ou qu'une source (ou un
    fichier du dépôt) n'a pas pu être lue, par 4 quand rien n'a pu être publié (ou qu'une autre nuit est en cours).
    """
    _run(_lines(), force)


def _run(lines: Any, force: bool) -> None:
    """Somebody is told of whatever the night could not tell of itself: it had not begun."""
    from orchestration.alerts import send
    from orchestration.lock import AnotherNight

    try:
        code = _night_if_owed(_home(), lines, force)
    except AnotherNight as busy:
        lines.say(str(busy))
        code = FAILED
    except Exception as error:
        lines.say(_sentence_of(error))
        for failure in send(Settings.from_environment(), NOTHING_PUBLISHED, [_cause_of(error)]):
            lines.say(f"! {failure}")
        code = FAILED
    raise typer.Exit(code)


def _night_if_owed(home: Home, lines: Any, force: bool) -> int:
    from orchestration.alerts import heartbeat, send
    from orchestration.novelty import is_anything_new, last_night
    from publication.shelf import current_number

    seen = is_anything_new(home)
    for note in seen.notes:
        lines.say(f"! {note}")
    not_opened = NOT_WHOLE if seen.nb_closed else DONE
    if not_opened:
        told = plural(
            seen.nb_closed,
            "fichier ou dossier du dépôt ne peut pas être ouvert (voir observatoire status)",
            "fichiers ou dossiers du dépôt ne peuvent pas être ouverts (voir observatoire status)",
        )
        for failure in send(Settings.from_environment(), "Observatoire : une partie du dépôt n'est pas lue", [told]):
            lines.say(f"! {failure}")
    is_new = seen.is_new
    if seen.is_only_returns and not force:
        from orchestration.night import take_returns_alone

        said, is_new = take_returns_alone(home)
        for sentence in said:
            lines.say(f"Classeur de retour {sentence}")
    if not is_new and not force:
        last = last_night(home) or {}
        # somebody may have gone back to another one since that night
        number = current_number(home.releases)
        in_place = "aucune version n'est en place" if number is None else f"la version {number} reste en place"
        files = plural(seen.files_looked_at, "fichier du dépôt", "fichiers du dépôt")
        lines.say(f"Rien de nouveau : {files} et toutes les règles ont été regardés ; {in_place}.")
        kept = [name for name, status in last.get("datasets", {}).items() if status in ("carried", "withheld")]
        if kept:
            lines.say(
                f"Toujours {agreed(len(kept), 'retenu')} : {', '.join(sorted(kept))} (voir `observatoire status`)."
            )
        for failure in heartbeat(Settings.from_environment()):
            lines.say(f"! {failure}")
        return not_opened
    lines.say(f"Nuit commencée : {' ; '.join(seen.reasons) or 'demandée'}.")
    return _night(home, lines) or not_opened


def _night(home: Home, lines: Any) -> int:
    import time

    from orchestration.alerts import send
    from orchestration.history import night_with_history
    from orchestration.night import kept_back_lines
    from orchestration.progress import listening

    settings = Settings.from_environment()
    started = time.perf_counter()
    with listening(lines.hear):
        outcome = night_with_history(home, settings)
    seconds = f"{time.perf_counter() - started:.1f}".replace(".", ",")
    if outcome.sentence:
        lines.say_once(outcome.sentence)
    for line in kept_back_lines(outcome):
        lines.say(f"  {line}")
    if outcome.release is not None:
        lines.say(f"Version {outcome.release} : {home.current_release / 'public' / 'index.html'}  ({seconds} s)")
    else:
        lines.say(f"Rien n'a été publié ; ce qui l'était le reste. Détails : {home.logs}  ({seconds} s)")
        for failure in send(settings, NOTHING_PUBLISHED, [outcome.sentence]):
            lines.say(f"! {failure}")
    return outcome.exit_code


@app.command()
def rehearse(output: releases_command.Output = None) -> None:
    """Répète la prochaine nuit sur une copie : ce qui serait publié et ce qui changerait, sans que rien change ici.

    Finit comme finirait cette nuit (voir « run »).
    """
    from orchestration.night import kept_back_lines
    from orchestration.progress import listening
    from orchestration.rehearsal import rehearse as rehearse_night
    from publication import changelog

    home, lines = _home(), _lines()

    def by_table(changes: Iterable[Change]) -> None:
        for dataset, its in groupby(changes, attrgetter("dataset")):
            lines.say(f"  {dataset} : {changelog.summary(changelog.counted(list(its)))}")

    lines.say("Répétition sur une copie de l'état : rien n'est publié, rien ne change ici.")
    with listening(lines.hear):
        found = rehearse_night(home, Settings.from_environment())
    if found.outcome.sentence:
        lines.say_once(found.outcome.sentence)
    for line in kept_back_lines(found.outcome):
        lines.say(f"  {line}")
    if found.after is not None:
        edition = f"la version {found.after.number} ({found.after.version})"
        if found.before is None:
            lines.say(f"La nuit publierait {edition}, la première.")
        else:
            said = changelog.summary(changelog.counted(found.changes))
            lines.say(f"La nuit publierait {edition}. De la version {found.before.number} à elle : {said}.")
            by_table(found.changes)
    elif found.outcome.release is not None:
        lines.say(f"La nuit ne changerait rien : la version {found.outcome.release} resterait en place.")
    else:
        lines.say(f"La nuit ne publierait rien ; ce qui est publié le resterait. Détails : {home.logs}")
    if found.waiting:
        lines.say("Ce que changeraient les tableaux qui attendraient, une fois partis :")
        by_table(found.waiting)
    changes = (*found.changes, *found.waiting)
    if found.before is not None:
        releases_command.say_changes(lines, changes, output)
    raise typer.Exit(found.outcome.exit_code)


@app.command()
def status() -> None:
    """Livraisons, quarantaine, contrôles, version publiée, fraîcheur des sources."""
    from orchestration.status import print_status

    print_status(_home(), _lines())


@app.command()
def doctor() -> None:
    """Versions, droits, disque, registre, lignes lues, configuration, contrats : tout est-il prêt pour une nuit ?

    Finit par 0 quand tout l'est, par 4 quand une ligne commence par ✗.
    """
    from orchestration.doctor import examine

    lines = _lines()
    findings = []
    for finding in examine(Home.from_environment(), Settings.from_environment()):
        findings.append(finding)
        lines.say(f"{'✓' if finding.fine else '✗'} {finding.name} : {finding.sentence}")
    if not all(finding.fine for finding in findings):
        raise typer.Exit(FAILED)


@app.command()
def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Dire seulement ce qui partirait (par défaut).")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Supprimer ce qui a dépassé sa durée. Sans retour.")] = False,
) -> None:
    """Ce qui a dépassé sa durée de conservation (identity/retention.yml) : le dit, ou le supprime."""
    from datetime import UTC, datetime

    from orchestration import retention as kept
    from orchestration.lock import only_one_night
    from orchestration.progress import listening

    if dry_run and apply:
        raise typer.BadParameter("--dry-run ou --apply, pas les deux")
    home, lines = _home(), _lines()
    with only_one_night(home.lock), listening(lines.hear):
        report = kept.retention(home, datetime.now(UTC).replace(microsecond=0), apply=apply)
    for sentence in kept.sentences(report, apply=apply):
        lines.say(sentence)
    if not apply and any(due.count for due in report):
        lines.say("Rien n'est supprimé. Pour supprimer : observatoire retention --apply")


@app.command()
def register(
    folder: Annotated[Path, typer.Argument(help="Le dossier où écrire (créé s'il manque).")],
) -> None:
    """Écrit le registre des traitements (RGPD, article 30) d'après les contrats : chaque champ, sa source, sa durée."""
    from orchestration.register import write_register

    lines = _lines()
    paths, missing = write_register(Home.from_environment(), folder)
    for path in paths:
        lines.say(f"✓ {path}")
    for sentence in missing:
        lines.say(f"! {sentence}")


@app.command()
def dagster(
    port: Annotated[int, typer.Option(help="Port de l'interface.", min=1, max=65535)] = 3000,
) -> None:
    """Ouvre l'interface de Dagster sur cette machine, avec l'historique des nuits et le calendrier en marche."""
    import os
    import signal
    import sys

    from orchestration.history import prepare_dagster_home

    home = _home()
    prepare_dagster_home(home, Settings.from_environment())
    os.chdir(home.project)
    # what a shell starts in the background ignores SIGINT, and Dagster takes SIGTERM as it takes SIGINT: nothing would end it
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    program = str(Path(sys.executable).with_name("dagster"))
    os.execv(program, [program, "dev", "--host", "127.0.0.1", "--port", str(port)])


@quarantine_app.command("list")
def quarantine_list(source: Annotated[str | None, typer.Argument(help="Une source.")] = None) -> None:
    """Compte les lignes refusées par source, fichier et règle."""
    from orchestration.status import quarantine

    home, lines = _home(), _lines()
    _known(home, source)
    found = quarantine(home, source)
    if not found:
        lines.say("Aucune ligne en quarantaine.")
    lines.table(
        [(line.source, line.file_name, line.rule, line.rows) for line in found],
        ("source", "fichier", "règle", "lignes"),
    )


@quarantine_app.command("show")
def quarantine_show(source: Annotated[str, typer.Argument(help="La source.")]) -> None:
    """Montre chaque ligne refusée d'une source : où, et quoi faire."""
    from orchestration.status import quarantined_rows
    from sources.entities import ENTITIES

    home, lines = _home(), _lines()
    is_sealed = ENTITIES[_known(home, source)[source].contract.entity].personal
    rows = quarantined_rows(home, source)
    if not rows:
        lines.say("Aucune ligne en quarantaine.")
    for file_name, sheet, row_number, cell, _, value, message in rows:
        place = f"cellule {cell}" if cell else f"ligne {row_number}"
        where = ", ".join(part for part in (file_name, f"feuille {sheet}" if sheet else "", place) if part)
        typed = f" « {value} »" if value and not is_sealed else ""
        lines.say(f"{where}{typed}\n    {message}")


@quarantine_app.command("replay")
def quarantine_replay(
    source: Annotated[str | None, typer.Argument(help="Une source ; par défaut, toutes.")] = None,
) -> None:
    """Relit les livraisons refusées ou mises en quarantaine, après un changement de contrat ou de correction."""
    from datetime import UTC, datetime

    from orchestration import rooms
    from orchestration.lock import AnotherNight, only_one_night
    from orchestration.night import delivery_sentence
    from orchestration.novelty import leave_for_next_night
    from orchestration.status import deliveries, not_given_up
    from sources.landing import NotReadAgain

    home, lines = _home(), _lines()
    contracts = _known(home, source)
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        with only_one_night(home.lock):
            waiting = [
                row
                for row in not_given_up(home, deliveries(home, source))
                if row["source"] in contracts
                and (row["state"] in ("held", "refused") or (row["state"] == "accepted" and row["rows_quarantined"]))
            ]
            if waiting:
                leave_for_next_night(home)
            for row in waiting:
                try:
                    report = rooms.replay(home, contracts[row["source"]], row, now)
                    said = report.message or delivery_sentence([report])
                except NotReadAgain as found:
                    said = str(found)
                lines.say(f"{row['source']} / {row['file_name']} : {said}")
    except AnotherNight as busy:
        lines.say(str(busy))
        raise typer.Exit(FAILED) from None
    lines.say("Lancez `observatoire run` pour publier ce qui a changé." if waiting else "Rien à relire.")


@app.command()
def trace(
    dataset: Annotated[str, typer.Argument(help="Le tableau : ind_events, ind_participation…")],
    indicator: Annotated[str, typer.Argument(help="Le code de l'indicateur, PA01 ; ou les mots d'un document.")],
    programme: Annotated[str | None, typer.Option("--programme", help="Code du programme.")] = None,
    breakdown: Annotated[str | None, typer.Option("--breakdown", help="Ventilation : department, theme…")] = None,
    member: Annotated[str | None, typer.Option("--member", help="Modalité : 62, ECOL, 2023-04…")] = None,
    release: Annotated[int | None, typer.Option("--release", help="Version ; par défaut, celle en place.")] = None,
    since: Annotated[
        int | None, typer.Option("--since", help="Pourquoi il n'est plus ce qu'il était dans cette version.")
    ] = None,
) -> None:
    """D'où vient un chiffre : les lignes qui le font, et pour chacune la livraison, le fichier, la feuille et la cellule.

    Finit par 4 quand ces lignes ne redonnent pas exactement le chiffre publié, ou qu'il n'existe pas.
    """
    from orchestration.trace_command import print_trace

    exact = print_trace(_home(), _lines(), dataset, indicator, programme, breakdown, member, release, since)
    if not exact:
        raise typer.Exit(FAILED)


@sources_app.command("check")
def sources_check(
    file: Annotated[
        Path | None, typer.Argument(help="Un fichier ; sans lui, les contrats seuls.", exists=True, dir_okay=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="La source dont c'est une livraison, ou un contrat (.yml).")
    ] = None,
) -> None:
    """Essaie un fichier sur son contrat : dit ce qui arriverait, colonne par colonne et ligne par ligne, sans rien déposer.

    Finit par 3 quand une ligne ou le fichier serait refusé.
    """
    from datetime import UTC, datetime

    from orchestration import rooms
    from orchestration.trial_report import print_trial

    home, lines = Home.from_environment(), _lines()
    written = Path(source) if source is not None and source.endswith(".yml") and Path(source).is_file() else None
    contracts = rooms.contract_at(written) if written else _known(home, source)
    if file is None:
        lines.say(f"{plural(len(contracts), 'contrat valide', 'contrats valides')} : {', '.join(contracts)}.")
        return
    folder = file.absolute().parent.name
    named = next(iter(contracts)) if written else source or (folder if folder in contracts else None)
    if rooms.is_a_return(file):
        lines.say(
            f"« {file.name} » est un classeur de retour de l'observatoire, qui ne s'essaie pas : déposez-le tel quel dans {rooms.returns_folder(home)}. "
            "La nuit suivante lit ses lignes, et `observatoire status` dit ce qui en est pris."
        )
        raise typer.Exit(NOT_WHOLE)
    trials, others = rooms.try_file({named: contracts[named]} if named else contracts, file, datetime.now(UTC))
    for trial in trials:
        print_trial(trial, lines)
    unreadable = None if trials else rooms.why_unreadable(file)
    if unreadable and named is None:
        lines.say(f"✗ {unreadable}")
    elif not trials and others:
        nearest = others[0]
        lines.say(f"✗ {nearest.source} : {nearest.message}")
        if named is None and len(others) > 1:
            lines.say(
                f"Aucun des {len(others)} contrats ne va à ce fichier ; voilà pourquoi le plus proche n'y va pas."
            )
    if not trials and not unreadable:
        lines.say(f"Pour ébaucher un contrat d'après lui : observatoire sources new {shlex.quote(str(file))}")
    if not all(trial.whole for trial in trials) or not trials:
        raise typer.Exit(NOT_WHOLE)


@sources_app.command("new")
def sources_new(
    file: Annotated[Path, typer.Argument(help="Un fichier de la future source.", exists=True, dir_okay=False)],
    output: Annotated[
        str | None, typer.Option("--output", help="Où écrire l'ébauche ; « - » l'affiche. Par défaut, ./<source>.yml.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Le nom de la source ; par défaut, d'après le nom du fichier.")
    ] = None,
) -> None:
    """Ébauche un contrat d'après un fichier : sa forme, ses colonnes, ce qu'elles donneraient et pourquoi. À relire."""
    from orchestration import rooms
    from orchestration.trial_report import print_draft
    from sources.headers import Unbound
    from sources.readers import Unreadable

    home, lines = Home.from_environment(), _lines()
    source = name or (Path(output).stem if output and output != "-" else rooms.source_name(file))
    if re.fullmatch(r"[a-z][a-z0-9_]*", source) is None:
        raise typer.BadParameter(f"« {source} » n'est pas un nom de source : des minuscules, des chiffres et « _ »")
    target = None if output == "-" else Path(output or f"{source}.yml")
    if target is not None and target.stem != source:
        raise typer.BadParameter(f"le fichier d'un contrat porte le nom de sa source : {source}.yml")
    if target is not None and target.exists():
        raise typer.BadParameter(f"« {target} » existe déjà : choisissez un autre nom, ou déplacez-le")
    try:
        draft = rooms.draft_contract(home, file, source)
    except (Unreadable, Unbound) as problem:
        lines.say(f"✗ {problem.message}")
        raise typer.Exit(NOT_WHOLE) from None
    if target is None:
        typer.echo(draft.yaml, nl=False)
        return
    with target.open("x", encoding="utf-8") as stream:
        stream.write(draft.yaml)
    lines.say(f"✓ Ébauche écrite dans {target}")
    where = (
        f"Relisez-la, puis essayez-la : observatoire sources check {shlex.quote(str(file))} --source {target}",
        f"Ensuite, déplacez-la dans {home.contracts} et déposez les fichiers dans {home.inbox / source}.",
    )
    print_draft(draft, lines, where)


def _home() -> Home:
    return Home.from_environment().ensure()


def _lines() -> Any:
    from orchestration.console import Lines

    return Lines()


def _known(home: Home, source: str | None) -> dict[str, Any]:
    """The contracts; a source without one is wrong usage."""
    from orchestration import rooms

    contracts = rooms.contracts(home)
    if source is not None and source not in contracts:
        raise typer.BadParameter(f"« {source} » n'a pas de contrat ; sources : {', '.join(contracts)}")
    return contracts


def _sentence_of(error: BaseException) -> str:
    """A sentence made for people is shown as it is; anything else is logged, and the log named."""
    log = _log(error)
    if failures.is_made_for_people(error):
        return str(error)
    where = ""
    if isinstance(error, OSError) and system_errors.told(error):
        # of two files, what was written: what was read is not where the place lacks
        where = f" : {error.filename2 or error.filename}" if error.filename else ""
    return f"{_cause_of(error)}{where} (détails : {log})"


def _cause_of(error: BaseException) -> str:
    """Without the name of a file, which may be that of a person: an alert may say it."""
    if failures.is_made_for_people(error):
        return str(error)
    cause = system_errors.told(error) if isinstance(error, OSError) else ""
    return f"{cause[0].upper()}{cause[1:]}" if cause else f"Erreur imprévue ({type(error).__name__})"


def _log(error: BaseException) -> str:
    path = Home.from_environment().logs / "command.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(failures.for_log(error))
    except OSError:
        return "le journal n'a pas pu être écrit"
    return str(path)


def main() -> None:
    """The command `observatoire`."""
    run_process(app)


if __name__ == "__main__":
    main()
