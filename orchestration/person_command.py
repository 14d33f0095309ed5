"""`observatoire person`: the persons behind the rows, for those who may know.

Belongs here: arguments, and the words around what `identity` answers. Does not belong here: who is who, what a decision does.
Nothing of an identity is shown unless `--reveal` is asked with a purpose; every question is in the access log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.home import Home

if TYPE_CHECKING:
    from identity.vault import Vault

app = typer.Typer(help="Les personnes derrière les lignes, et leurs droits.", no_args_is_help=True)

Uid = Annotated[str, typer.Argument(help="Le numéro de la personne (16 chiffres hexadécimaux).")]
Reason = Annotated[str, typer.Option("--reason", help="Pourquoi ; reste avec la décision.")]


@app.command()
def show(
    uid: Uid,
    reveal: Annotated[bool, typer.Option("--reveal", help="Montrer noms et adresses ; demande une finalité.")] = False,
    purpose: Annotated[str, typer.Option("--purpose", help="La finalité, écrite au journal des accès.")] = "",
) -> None:
    """Les identités réunies en une personne : d'où elles viennent, sans les nommer."""
    from identity.matching.persons import identities_of_person, rows_of_person
    from orchestration.console import Lines

    vault, said = _vault(), _purpose(reveal, purpose)
    sources: dict[str, set[str]] = {}
    for row in rows_of_person(vault, uid, purpose=said):
        sources.setdefault(row.fingerprint, set()).add(row.source)
    lines = Lines()
    found = identities_of_person(vault, uid, purpose=said)
    lines.say(f"Personne {uid} : {len(found)} identité(s).")
    for identity in found:
        known = [
            word
            for word, value in (("adresse", identity.email), ("nom", identity.name), ("téléphone", identity.phone))
            if value
        ]
        where = f"{identity.nb_rows} ligne(s), {', '.join(sorted(sources[identity.fingerprint]))}"
        lines.say(f"  {identity.fingerprint}  {' + '.join(known)}  ({where})")
        if reveal:
            told = (identity.email, identity.name, identity.phone, identity.organisation, identity.postcode)
            lines.say(f"      {' ; '.join(text for text in told if text)}")


@app.command()
def split(
    uid: Uid,
    apart: Annotated[list[str], typer.Argument(help="Les identités à séparer des autres (voir `person show`).")],
    reason: Reason,
) -> None:
    """Sépare des identités d'une personne ; la prochaine nuit en fait deux personnes. Se reprend par `person undo`."""
    from identity.matching.constraints import decide
    from identity.matching.persons import identities_of_person

    vault = _vault()
    known = {identity.fingerprint for identity in identities_of_person(vault, uid, purpose="matching")}
    if unknown := sorted(set(apart) - known):
        raise typer.BadParameter(f"{', '.join(unknown)} : pas une identité de cette personne")
    rest = known - set(apart)
    if not rest:
        raise typer.BadParameter("il ne resterait rien de l'autre côté : laissez au moins une identité")
    _decided(decide(vault, "split", _numbers(apart), _numbers(rest), reason=reason).number)


@app.command()
def merge(uid: Uid, other: Uid, reason: Reason) -> None:
    """Réunit deux personnes en une, par exemple une paire à examiner. Se reprend par `person undo`."""
    from identity.matching.constraints import decide
    from identity.matching.persons import identities_of_person

    vault = _vault()
    left, right = (
        [identity.fingerprint for identity in identities_of_person(vault, one, purpose="matching")]
        for one in (uid, other)
    )
    if left == right:
        raise typer.BadParameter("c'est déjà une seule et même personne")
    _decided(decide(vault, "merge", _numbers(left), _numbers(right), reason=reason).number)


@app.command()
def undo(number: Annotated[int, typer.Argument(help="Le numéro de la décision.")], reason: Reason) -> None:
    """Reprend une décision : la prochaine nuit rapproche comme si elle n'avait pas été prise."""
    from identity.matching.constraints import undo as take_back

    _decided(take_back(_vault(), number, reason=reason).number)


@app.command()
def decisions() -> None:
    """Les décisions prises à la main : qui, quand, pourquoi."""
    from identity.matching.constraints import decisions as made
    from identity.matching.constraints import in_force
    from orchestration.console import Lines

    lines, all_made = Lines(), made(_vault())
    alive = {decision.number for decision in in_force(all_made)}
    words = {"split": "séparation", "merge": "réunion", "undo": "reprise"}
    if not all_made:
        lines.say("Aucune décision.")
    lines.table(
        [
            (
                decision.number,
                words[decision.kind] + (f" de {decision.undone}" if decision.undone else ""),
                decision.decided_at[:16].replace("T", " "),
                decision.author,
                decision.reason,
                "en vigueur" if decision.number in alive else "",
            )
            for decision in all_made
        ],
        ("n°", "décision", "prise le (UTC)", "par", "motif", ""),
    )


def _purpose(reveal: bool, purpose: str) -> str:
    from identity.access import PURPOSES

    if not reveal:
        return "matching"
    if purpose not in PURPOSES:
        raise typer.BadParameter(f"--reveal demande --purpose, l'une de : {', '.join(PURPOSES)}")
    return purpose


def _decided(number: int) -> None:
    from orchestration.console import Lines
    from orchestration.novelty import leave_for_next_night

    leave_for_next_night(Home.from_environment())
    Lines().say(f"Décision n° {number} enregistrée. Lancez `observatoire run` pour qu'elle prenne effet.")


def _numbers(fingerprints: object) -> list[int]:
    return [int(fingerprint, 16) for fingerprint in fingerprints]


def _vault() -> Vault:
    from identity.vault import Vault

    return Vault(Home.from_environment().ensure().vault)
