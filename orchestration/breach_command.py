"""`observatoire breach`: the journal of personal data breaches.

Belongs here: arguments, and the words around what `identity.breaches` keeps. Does not belong here: whether to notify.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from orchestration.usage import App
from rulebook.numbers import plural

app = App("Le journal des violations de données (RGPD, article 33).")

PARIS = ZoneInfo("Europe/Paris")
Moment = Annotated[datetime | None, typer.Option(help="Jour et heure, 2026-11-25T09:30, à Paris.")]


@app.command()
def add(
    text: Annotated[str, typer.Argument(help="Ce qui s'est passé, les conséquences probables, ce qui a été fait.")],
    noticed: Moment = None,
    persons: Annotated[int | None, typer.Option(min=0, help="Combien de personnes, si c'est connu.")] = None,
    about: Annotated[int | None, typer.Option(help="Le numéro de la violation que ceci complète.")] = None,
    notified: Moment = None,
) -> None:
    """Inscrit une violation, ou ce qui s'ajoute à une violation (suite, notification). Rien ne s'efface ni ne se change ensuite."""
    from identity.breaches import Breaches
    from identity.vault import Vault
    from orchestration.console import Lines
    from orchestration.home import Home

    vault = Vault(Home.from_environment().ensure().vault)
    entry = Breaches(vault.directory, vault.cipher).add(
        text, who=vault.log.actor, now=datetime.now(UTC).replace(microsecond=0), noticed_at=_aware(noticed), nb_persons=persons,
        about=about, notified_at=_aware(notified),
    )  # fmt: skip
    lines = Lines()
    lines.say(f"Inscrite sous le numéro {entry.number}.")
    if entry.about is None and entry.notified_at is None:
        lines.say(
            f"À notifier à la CNIL avant le {_said(entry.notify_before)}, sauf si elle ne présente pas de risque pour les personnes."
        )


@app.command("list")
def list_() -> None:
    """Toutes les violations inscrites, leur suite, et le délai de 72 heures."""
    from identity.breaches import Breaches
    from identity.vault import Vault
    from orchestration.console import Lines
    from orchestration.home import Home

    vault = Vault(Home.from_environment().ensure().vault)
    entries, lines = Breaches(vault.directory, vault.cipher).entries(), Lines()
    for first in (entry for entry in entries if entry.about is None):
        chain = [first, *(entry for entry in entries if entry.about == first.number)]
        notified = next((entry.notified_at for entry in chain if entry.notified_at), None)
        kept = (
            f"notifiée le {_said(notified)}"
            if notified
            else f"non notifiée, délai jusqu'au {_said(first.notify_before)}"
        )
        if notified and notified > first.notify_before:
            kept += ", hors délai : dites-en la raison"
        persons = next((entry.nb_persons for entry in reversed(chain) if entry.nb_persons is not None), None)
        how_many = "nombre de personnes inconnu" if persons is None else plural(persons, "personne")
        lines.say(f"{first.number}. Constatée le {_said(first.noticed_at)} ; {how_many} ; {kept}.")
        for entry in chain:
            lines.say(f"     {_said(entry.written_at)}, {entry.who} : {entry.text}")
    if not entries:
        lines.say("Aucune violation inscrite.")


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=PARIS).astimezone(UTC)


def _said(moment: datetime) -> str:
    return f"{moment.astimezone(PARIS):%d/%m/%Y à %H:%M}"
