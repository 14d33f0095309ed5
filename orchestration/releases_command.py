"""`observatoire releases`: what was published, what changed, what waits.

Belongs here: arguments, and the words around what `publication` finds. Does not belong here: what a release is, what has to wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.console import Lines
from orchestration.exit_codes import FAILED
from orchestration.home import Home
from orchestration.usage import App
from rulebook.numbers import grouped, plural

MAX_LINES = 40

app = App("Les versions publiées.")

Output = Annotated[Path | None, typer.Option("--output", help="Le fichier CSV à écrire, de tous les changements.")]
Number = Annotated[int | None, typer.Argument(help="Numéro de version ; par défaut, celle en place.")]


@app.command("list")
def list_all() -> None:
    """Toutes les versions, de la plus ancienne à la plus récente, celles qui ont été retirées comprises."""
    from publication import releases, shelf
    from publication.wording import long_date

    home, lines = _home(), Lines()
    current = releases.current(home.releases)
    rows: list[tuple[Any, ...]] = []
    for release in releases.list_releases(home.releases):
        kept = [name for name, state in release.datasets.items() if state.status in ("carried", "withheld")]
        mark = "en place" if current and release.number == current.number else ""
        rows.append(
            (
                release.number,
                release.version or "–",
                release.made_at[:16].replace("T", " "),
                len(release.datasets) - len(kept),
                len(kept),
                mark,
            )
        )
    for number, gone in shelf.withdrawn(home.releases).items():
        made_at = gone["made_at"][:16].replace("T", " ")
        rows.append((number, gone["version"] or "–", made_at, "", "", f"retirée le {long_date(gone['at'])}"))
    rows.sort()
    lines.table(rows, ("version", "définitions.périodes.révisions", "faite le (UTC)", "publiés", "retenus", ""))
    if not rows:
        lines.say("Aucune version publiée.")


@app.command("show")
def show(number: Number = None) -> None:
    """Une version : ses tableaux, leur état et pourquoi."""
    from publication import releases
    from publication.wording import state as standing

    home, lines = _home(), Lines()
    release = releases.show(home.releases, number)
    lines.say(
        f"Version {release.number}{f' ({release.version})' if release.version else ''}, faite le {release.made_at[:16].replace('T', ' à ')} UTC, dans {release.path}"
    )
    for name, state in sorted(release.datasets.items()):
        lines.say(f"  {name} : {standing(state)}, {plural(state.rows, 'ligne')}")
        for sentence in (*state.reasons, *state.reserves):
            lines.say(f"      {sentence}")


@app.command("verify")
def verify(number: Number = None) -> None:
    """Vérifie qu'une version est restée telle qu'elle a été publiée, octet par octet, et recalcule chacun de ses chiffres."""
    from publication import releases

    home, lines = _home(), Lines()
    release = releases.show(home.releases, number)
    problems = releases.verify(release)
    for problem in problems:
        lines.say(f"✗ {problem.path} : {problem.problem}")
    if problems:
        raise typer.Exit(FAILED)
    made_again = releases.nb_recomputable(release)
    if release.redactions:
        left = {mismatch.figure: mismatch for mismatch in releases.left_by_erasure(release)}
        lines.say(
            f"✓ La version {release.number} est intacte, aux effacements près ({len(release.redactions)}) : ses lignes redonnent "
            f"{grouped(made_again - len(left))} de ses {plural(made_again, 'chiffre')}."
        )
        for mismatch in left.values():
            lines.say(f"  {mismatch.sentence()} : les lignes effacées ne disent plus ni structure ni territoire")
        return
    lines.say(f"✓ La version {release.number} est intacte ; ses lignes redonnent ses {plural(made_again, 'chiffre')}.")


@app.command("diff")
def diff(
    before: Annotated[int, typer.Argument(help="Version de départ.")],
    after: Annotated[int | None, typer.Argument(help="Version d'arrivée ; par défaut, celle en place.")] = None,
    output: Output = None,
) -> None:
    """Ce qui a changé d'une version à une autre, cellule par cellule."""
    from publication import releases

    home, lines = _home(), Lines()
    old, new = releases.show(home.releases, before), releases.show(home.releases, after)
    changes = releases.diff(old, new)
    lines.say(f"De la version {old.number} à la version {new.number} : {plural(len(changes), 'changement')}.")
    say_changes(lines, changes, output)
    if changes:
        lines.say(f"Pourquoi un chiffre a changé : observatoire trace TABLEAU INDICATEUR --since {old.number}")


@app.command("rollback")
def rollback(
    number: Annotated[int, typer.Argument(help="Version à remettre en place.")],
    reason: Annotated[str, typer.Option("--reason", help="Pourquoi ; reste au journal.")],
) -> None:
    """Remet en place une version antérieure, sans rien reconstruire."""
    from datetime import UTC, datetime

    from publication import releases

    home, lines = _home(), Lines()
    now = datetime.now(UTC).replace(microsecond=0)
    release = releases.rollback(home.releases, number, reason=reason, now=now)
    lines.say(f"La version {release.number} est {'de nouveau ' if release.changed else 'déjà '}en place.")


@app.command("withdraw")
def withdraw(
    numbers: Annotated[list[int], typer.Argument(help="Versions à retirer.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Pourquoi ; reste au journal, et se lit dans les versions suivantes.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Retirer ; sans elle, dit seulement ce qui le serait.")] = False,
) -> None:
    """Supprime des versions antérieures : ce qu'elles étaient seules à dire n'est plus tenu pour public. Sans retour."""
    from datetime import UTC, datetime

    from publication import releases

    home, lines = _home(), Lines()
    now = datetime.now(UTC).replace(microsecond=0)
    gone = (
        releases.withdraw(home.releases, numbers, reason=reason, now=now)
        if yes
        else releases.withdrawable(home.releases, numbers)
    )
    for release in gone:
        state = "est retirée" if yes else "serait retirée"
        lines.say(f"La version {release.number}, faite le {release.made_at[:16].replace('T', ' à ')} UTC, {state}.")
    if yes:
        lines.say(
            "Retirez aussi ce qui en a été copié ailleurs : site, portail de données, envois. La nuit suivante en tient compte."
        )
    else:
        lines.say("Rien n'est retiré. Ajoutez --yes pour retirer : il n'y a pas de retour.")


@app.command("waiting")
def waiting() -> None:
    """Ce qui attend une approbation ou la fin d'un embargo, et ce que cela changerait."""
    from orchestration.approval import print_waiting

    print_waiting(_home(), Lines())


@app.command("preview")
def preview() -> None:
    """Écrit l'aperçu de ce qui attend : un portail à part, jamais publié."""
    from orchestration.approval import preview

    preview(_home(), Lines())


@app.command("approve")
def approve(
    dataset: Annotated[str, typer.Argument(help="Le tableau à approuver : ind_events…")],
    by: Annotated[str, typer.Option("--by", help="Votre rôle ; par défaut, le compte de cette machine.")] = "",
    seen: Annotated[
        str, typer.Option("--seen", help="L'empreinte de ce que vous avez regardé ; par défaut, celle de l'aperçu.")
    ] = "",
) -> None:
    """Approuve ce que montre l'aperçu d'un tableau, et le publie s'il n'attend rien d'autre."""
    from orchestration import rooms
    from orchestration.approval import approve

    home, lines = _home(), Lines()
    known = [suite.dataset for suite in rooms.suites(home)]
    if dataset not in known:
        raise typer.BadParameter(f"« {dataset} » n'est pas un tableau ; tableaux : {', '.join(known)}")
    raise typer.Exit(approve(home, lines, dataset, by, seen))


def say_changes(lines: Any, changes: Sequence[Any], output: Path | None) -> None:
    from publication import changelog

    for change in changes[:MAX_LINES]:
        lines.say(f"  {_change(change)}")
    if output is not None:
        output.write_bytes(changelog.as_csv(changes))
        lines.say(f"Tous sont dans {output}")
    elif len(changes) > MAX_LINES:
        lines.say(f"  … et {plural(len(changes) - MAX_LINES, 'autre')} : --output FICHIER.csv les écrit tous")


def _change(change: Any) -> str:
    """One change in one line."""
    key = " / ".join(part for part in change.key if part)
    if change.kind in ("added", "removed"):
        return f"{'+' if change.kind == 'added' else '-'} {key}"
    return f"~ {key} : {change.column} {change.old or 'vide'} → {change.new or 'vide'}"


def _home() -> Home:
    return Home.from_environment().ensure()
