"""`observatoire person`: the persons behind the rows, for those who may know.

Belongs here: arguments, and the words around what `identity` answers. Does not belong here: who is who, what a decision does.
Nothing of an identity is shown unless `--reveal` is asked with a purpose; every question is in the access log.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.exit_codes import FAILED
from orchestration.home import Home
from orchestration.usage import App
from rulebook.numbers import agreed, plural

if TYPE_CHECKING:
    from identity.held import Held
    from identity.vault import Vault
    from orchestration.console import Lines
    from orchestration.erasure import Certificate, Everywhere
    from sources.erasure import Standing

app = App("Les personnes derrière les lignes, et leurs droits.")

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
    lines.say(f"Personne {uid} : {plural(len(found), 'identité')}.")
    for identity in found:
        known = [
            word
            for word, value in (("adresse", identity.email), ("nom", identity.name), ("téléphone", identity.phone))
            if value
        ]
        where = f"{plural(identity.nb_rows, 'ligne')}, {', '.join(sorted(sources[identity.fingerprint]))}"
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
def review(
    reveal: Annotated[bool, typer.Option("--reveal", help="Montrer noms et adresses ; demande une finalité.")] = False,
    purpose: Annotated[str, typer.Option("--purpose", help="La finalité, écrite au journal des accès.")] = "",
    limit: Annotated[int, typer.Option(help="Combien de paires, les plus probables d'abord.")] = 20,
) -> None:
    """Les paires qui pourraient être une même personne, et ce qui le fait penser ; elles ne sont pas réunies."""
    from identity.matching.persons import pairs_to_review
    from orchestration.console import Lines

    lines = Lines()
    found = pairs_to_review(_vault(), purpose=_purpose(reveal, purpose))
    if not found:
        lines.say("Aucune paire à examiner.")
    for pair in found[:limit]:
        lines.say(
            f"{pair.left_uid}  {pair.right_uid}  {pair.probability:.2f}".replace(".", ",")
            + f"  {_words(pair.evidence)}"
        )
        if reveal:
            for told in (pair.left, pair.right):
                lines.say(f"      {' ; '.join(text for text in told if text)}")
    if len(found) > limit:
        lines.say(f"… et {plural(len(found) - limit, 'autre')} (--limit).")
    if found:
        lines.say("Une même personne : observatoire person merge A B --reason … ; sinon, rien à faire.")


EVIDENCE = {
    "name": "nom", "email": "adresse", "phone": "téléphone", "organisation": "structure", "postcode": "code postal", "event": "événement",
}  # fmt: skip


def _words(evidence: str) -> str:
    return " + ".join(EVIDENCE.get(word, word) for word in evidence.split("+"))


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
    from orchestration.erasure import remember_decisions
    from orchestration.novelty import leave_for_next_night

    home = Home.from_environment()
    remember_decisions(home)
    leave_for_next_night(home)
    Lines().say(f"Décision n° {number} enregistrée. Lancez `observatoire run` pour qu'elle prenne effet.")


def _numbers(fingerprints: Iterable[str]) -> list[int]:
    return [int(fingerprint, 16) for fingerprint in fingerprints]


def _vault() -> Vault:
    from identity.vault import Vault

    return Vault(Home.from_environment().ensure().vault)


NOTHING = "Rien n'est tenu sur cette personne."
NO_SUCH_NUMBER = "Aucune personne ni participant de ce numéro."

Who = Annotated[
    str,
    typer.Argument(
        help="Une adresse électronique, un nom entre guillemets, le numéro d'une personne ou d'un participant."
    ),
]
Purpose = Annotated[str, typer.Option("--purpose", help="La finalité, écrite au journal des accès : person_rights…")]
SameName = Annotated[
    bool, typer.Option("--same-name", help="Prendre aussi les lignes au même nom, sans adresse, d'autres événements.")
]
Ticket = Annotated[
    bool,
    typer.Option(
        "--ticket", help="Ce qui est donné est le numéro d'un billet (« événement/numéro » si plusieurs l'ont)."
    ),
]


@app.command()
def find(who: Who, purpose: Purpose, same_name: SameName = False, ticket: Ticket = False) -> None:
    """Dit ce qui est tenu sur une personne : combien de lignes, dans quelles sources. Ne montre aucune identité."""
    from orchestration.console import Lines

    home, lines = Home.from_environment().ensure(), Lines()
    found = _held(home, who, purpose, same_name, ticket)
    stands = _everywhere(home, found, purpose, lines)
    if not found and not stands:
        lines.say(_nothing(who, ticket))
        return
    _say_what_is_held(lines, home, found, stands)


@app.command()
def export(
    who: Who,
    purpose: Purpose,
    output: Annotated[Path, typer.Option("--output", help="Le dossier à créer.")],
    same_name: SameName = False,
    ticket: Ticket = False,
) -> None:
    """Écrit tout ce qui est tenu sur une personne, pour elle (JSON et page lisible). À remettre, puis à détruire."""
    from datetime import UTC, datetime

    from identity.retention import load_rules
    from orchestration.console import Lines
    from orchestration.person_export import gather, write

    home, lines = Home.from_environment().ensure(), Lines()
    found, stands = _one_person(home, who, purpose, same_name, ticket, lines)
    if output.exists():
        raise typer.BadParameter(f"« {output} » existe déjà : rien n'est écrasé")
    document = gather(home, found, stands, purpose=purpose, now=datetime.now(UTC).replace(microsecond=0))
    for path in write(document, output):
        lines.say(f"✓ {path}")
    _say_what_is_held(lines, home, found, stands)
    for sentence in load_rules().unwritten():
        lines.say(f"! {sentence}")
    lines.say("Ces fichiers contiennent l'identité en clair : remettez-les à la personne, puis détruisez-les.")


@app.command()
def erase(
    who: Who,
    purpose: Purpose,
    asked_on: Annotated[
        str | None, typer.Option("--asked-on", help="Jour de la demande (AAAA-MM-JJ) ; par défaut, ce jour.")
    ] = None,
    objection: Annotated[
        bool, typer.Option("--objection", help="La personne s'oppose aussi à tout traitement futur (article 21).")
    ] = False,
    same_name: SameName = False,
    ticket: Ticket = False,
    yes: Annotated[bool, typer.Option("--yes", help="Effacer ; sans elle, dit seulement ce qui le serait.")] = False,
) -> None:
    """Efface une personne de partout et remet un certificat. Les lignes restent comptées, sans identité. Sans retour."""
    from datetime import UTC, date, datetime

    from orchestration import erasure
    from orchestration.console import Lines
    from orchestration.lock import AnotherNight, only_one_night
    from orchestration.progress import listening

    home, lines = Home.from_environment().ensure(), Lines()
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        day = date.fromisoformat(asked_on) if asked_on else now.date()
    except ValueError:
        raise typer.BadParameter(f"« {asked_on} » n'est pas un jour (AAAA-MM-JJ)") from None
    if why := erasure.why_not_asked_on(day, now):
        raise typer.BadParameter(f"--asked-on : {why}")
    try:
        if yes:
            with only_one_night(home.lock), listening(lines.hear):
                for certificate in erasure.finish(home, now):
                    lines.say("Un effacement avait été interrompu : le voici terminé.")
                    _say_certificate(lines, home, certificate)
        found, stands = _one_person(home, who, purpose, same_name, ticket, lines)
        _say_what_is_held(lines, home, found, stands)
        if not yes:
            lines.say("Rien n'est effacé. Ajoutez --yes pour effacer : il n'y a pas de retour.")
            return
        with only_one_night(home.lock), listening(lines.hear):
            made = erasure.erase(home, found, asked_on=day, now=now, purpose=purpose, objection=objection)
    except AnotherNight as busy:
        lines.say(str(busy))
        raise typer.Exit(FAILED) from None
    except BaseException:
        _say_what_is_under_way(lines, home)
        raise
    if made is None:
        _say_what_is_under_way(lines, home)
        raise typer.Exit(FAILED)
    _say_certificate(lines, home, made)
    lines.say("Lancez `observatoire run` pour reconstruire l'entrepôt.")


def _say_what_is_under_way(lines: Lines, home: Home) -> None:
    from identity.under_way import is_any_under_way
    from orchestration.erasure import waiting

    if is_any_under_way(home.vault):
        lines.say("! Un effacement a commencé et n'est pas terminé : `observatoire run` va jusqu'au bout.")
        for sentence in waiting(home):
            lines.say(f"! Il faut d'abord : {sentence}.")


def _say_certificate(lines: Lines, home: Home, certificate: Certificate) -> None:
    for line in certificate.text().splitlines():
        lines.say(line)
    lines.say(f"Certificat : {home.certificates / certificate.id}.txt")


@app.command()
def certificates() -> None:
    """Les effacements menés : quand, dans quel délai, combien de lignes."""
    from orchestration import erasure
    from orchestration.console import Lines

    home, lines = Home.from_environment().ensure(), Lines()
    made, damaged = erasure.certificates(home), erasure.damaged_certificates(home)
    if not made and not damaged:
        lines.say("Aucun effacement n'a été mené.")
    lines.table(
        [
            (each.id, each.asked_on, each.erased_at[:10], "oui" if each.is_on_time else "non", each.counts["rows"])
            for each in made
        ],
        ("certificat", "demandé le", "effacé le", "dans le délai", "lignes"),
    )
    for path in damaged:
        lines.say(f"! {erasure.why_damaged(path)}.")
    _say_what_is_under_way(lines, home)


@app.command()
def log(
    limit: Annotated[int, typer.Option("--last", help="Combien de lignes montrer.")] = 50,
) -> None:
    """Le journal des accès aux identités : qui, quand, pourquoi, quoi, combien. Vérifie d'abord qu'il est entier."""
    from identity.access import PURPOSES
    from orchestration.console import Lines

    access, lines = _vault().log, Lines()
    total = access.verify()
    shown = access.lines()[-limit:]
    lines.say(f"Journal entier et authentique : {plural(total, 'ligne')}.")
    actions = {"read": "lecture", "erase": "effacement", "decide": "décision"}
    lines.table(
        [
            (
                line["n"],
                line["at"][:16].replace("T", " "),
                line["who"],
                actions.get(line["action"], line["action"]),
                PURPOSES.get(line["purpose"], line["purpose"]),
                line["rows"],
                ", ".join(line["what"][:3])
                + (f" et {plural(len(line['what']) - 3, 'autre')}" if len(line["what"]) > 3 else ""),
            )
            for line in shown
        ],
        ("n°", "quand (UTC)", "qui", "quoi", "finalité", "lignes", "où"),
    )


def _held(home: Home, who: str, purpose: str, same_name: bool, is_ticket: bool) -> Held:
    from identity.access import PURPOSES
    from orchestration.erasure import held

    if purpose not in PURPOSES:
        raise typer.BadParameter(f"--purpose : l'une de {', '.join(PURPOSES)}")
    return held(home, who, purpose=purpose, same_name=same_name, is_ticket=is_ticket)


def _everywhere(home: Home, found: Held, purpose: str, lines: Lines) -> Everywhere:
    from datetime import UTC, datetime

    from orchestration.erasure import everywhere
    from orchestration.progress import listening

    _say_what_is_not_read(lines, home)
    with listening(lines.hear):
        return everywhere(home, found, purpose=purpose, now=datetime.now(UTC).replace(microsecond=0))


def _say_what_is_not_read(lines: Lines, home: Home) -> None:
    """Only a night reads what came into the inbox since the last one: nothing here finds anybody in it."""
    from orchestration.novelty import sources_with_contract
    from sources.inbox import look

    seen = look(home.inbox, home.ledger, sources_with_contract(home))
    waiting = len(seen.arrivals) + len(seen.returns) + sum(note.rule == "en_cours_d_ecriture" for note in seen.notes)
    if waiting:
        count = plural(waiting, "fichier du dépôt n'est pas encore lu", "fichiers du dépôt ne sont pas encore lus")
        lines.say(f"! {count} : cette personne y est peut-être. Lancez `observatoire run`, puis redemandez.")


def _one_person(
    home: Home, who: str, purpose: str, same_name: bool, is_ticket: bool, lines: Lines
) -> tuple[Held, Everywhere]:
    """The rights of one person are not those of its namesakes: several are not guessed between."""
    found = _held(home, who, purpose, same_name, is_ticket)
    if found.nb_persons > 1:
        numbers = f", ou par le numéro de la bonne ({', '.join(found.uids)})" if found.uids else ""
        raise typer.BadParameter(f"plusieurs personnes répondent : précisez par l'adresse{numbers}")
    stands = _everywhere(home, found, purpose, lines)
    if not found.rows and not stands:
        lines.say(_nothing(who, is_ticket))
        raise typer.Exit(0)
    return found, stands


def _nothing(who: str, is_ticket: bool) -> str:
    from orchestration.erasure import is_number

    return NO_SUCH_NUMBER if is_number(who) and not is_ticket else NOTHING


def _say_what_is_held(lines: Lines, home: Home, found: Held, stands: Everywhere) -> None:
    from orchestration.erasure import participants_of

    per_source: dict[str, int] = {}
    for source, _, _ in found.rows:
        per_source[source] = per_source.get(source, 0) + 1
    lines.say(
        f"{plural(len(found.rows), 'ligne tenue', 'lignes tenues')} sur cette personne{' :' if found.rows else '.'}"
    )
    if found.rows:
        lines.table([(source, count) for source, count in sorted(per_source.items())], ("source", "lignes"))
    if found.uids:
        lines.say(f"{agreed(len(found.uids), 'Personne')} : {', '.join(found.uids)}")
    participants = sorted(participants_of(home, found.rows))
    if participants:
        lines.say(f"{agreed(len(participants), 'Participant')} dans l'entrepôt : {', '.join(map(str, participants))}")
    elsewhere = [
        (
            row["source"],
            row["file_name"] if not found.identifiers.is_in(row["file_name"]) else "(son nom la cite)",
            *where,
        )
        for row, standing in stands.deliveries
        if any(
            where := (len(_beyond(found, row, standing)) + len(standing.cells), "oui" if standing.is_in_bytes else "")
        )
    ]
    if elsewhere:
        lines.say("Ailleurs que dans ses propres lignes (une remarque, un payeur, un fichier qui n'a pas pu être lu) :")
        lines.table(elsewhere, ("source", "fichier", "mentions", "hors des cellules"))
    for count, one, many in (
        (stands.nb_returned, "ligne de classeurs de retour", "lignes de classeurs de retour"),
        (stands.nb_names, "nom de fichier ou de dossier", "noms de fichiers ou de dossiers"),
        (stands.nb_inbox, "fichier du dépôt que rien ne lit", "fichiers du dépôt que rien ne lit"),
        (stands.nb_unrecorded, "original d'une lecture interrompue", "originaux de lectures interrompues"),
        (stands.nb_decisions, "décision de rapprochement", "décisions de rapprochement"),
    ):
        if count:
            lines.say(f"Et dans {plural(count, one, many)}.")
    for _, standing in stands.deliveries:
        if standing.stays:
            lines.say(f"! Un effacement n'y touchera pas, et restera en cours : {standing.stays}.")
    if found.namesakes:
        count = len(found.namesakes)
        lines.say(
            f"! {plural(count, 'ligne porte', 'lignes portent')} le même nom sans adresse, à d'autres événements : peut-être un homonyme. "
            f"Vérifiez ; --same-name {agreed(count, 'la prend', 'les prend')} aussi."
        )


def _beyond(found: Held, row: dict, standing: Standing) -> set[int]:
    """Rows of a delivery that an erasure would take and that are not among those held: a meal sold with a ticket, a row left out."""
    held = {
        number
        for source, delivery_id, number in found.rows
        if (source, delivery_id) == (row["source"], row["delivery_id"])
    }
    return set(standing.rows) - held
