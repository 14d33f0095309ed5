"""The register of processing (RGPD art. 30), generated: one line per field that a contract reads, so that it cannot be out of date.

Belongs here: crossing contracts, entities and retention rules, and writing them for people (Markdown) and for spreadsheets (CSV).
Does not belong here: any rule: privacy is said by the contracts, durations by `identity/retention.yml`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import rooms
from orchestration.home import Home

if TYPE_CHECKING:
    from identity.retention import Rules
    from sources.contract import LoadedContract
    from sources.entities import Entity, Slot

ROLES = {
    "email": "adresse électronique", "given_name": "prénom", "family_name": "nom", "full_name": "nom complet", "phone": "téléphone",
    "organisation_text": "structure", "postcode": "code postal", "address": "adresse postale", "signature": "signature",
    "free_text": "texte libre", "consent": "consentement", "other": "autre donnée d'identité (payeur)",
}  # fmt: skip
DATA = {
    "event": "événement", "programme": "programme", "submitted_at": "date d'envoi", "participants": "nombre de participants",
    "registered": "nombre d'inscrits", "audiences": "publics venus", "order": "numéro de commande", "status": "état de l'inscription",
    "registered_at": "date d'inscription", "updated_at": "date de modification", "cancelled_at": "date d'annulation",
    "checked_in_at": "heure de passage", "checked_in": "passage à l'entrée", "ticket": "billet ou tarif", "price": "prix",
    "first_time": "première venue", "gender": "genre", "category": "catégorie de participant", "organisation": "structure",
    "siret": "SIRET de la structure", "postcode": "code postal", "commune": "commune", "present": "présence",
    "joined_at": "heure d'arrivée", "left_at": "heure de départ", "duration": "durée de présence", "mode": "sur place ou à distance",
    "role": "rôle", "registration": "numéro d'inscription", "complete": "réponse achevée", "satisfaction": "note de satisfaction",
    "recommendation": "note de recommandation", "levers": "leviers cités", "selections": "réponses choisies",
    "kind": "nature de la contribution", "themes": "thèmes", "name": "nom de la structure", "legal_category": "catégorie juridique",
    "activity": "activité", "family": "famille de l'ESS", "headcount": "effectif salarié", "is_ess": "appartenance à l'ESS",
    "place": "lieu", "department": "département", "region": "région", "format": "format",
    "report_id": "numéro de la fiche", "registration_id": "numéro d'inscription", "attendance_id": "numéro de la présence",
    "response_id": "numéro de la réponse", "contribution_id": "numéro de la contribution", "organisation_id": "numéro de la structure",
}  # fmt: skip
"""Fields that have no role in an identity."""
PRIVACY = {"direct": "identifiante", "indirect": "indirectement identifiante", "none": "non personnelle"}
WHERE = {
    "direct": "coffre chiffré ; l'entrepôt n'a qu'un pseudonyme",
    "indirect": "zone d'atterrissage et entrepôt, sans identité",
    "none": "zone d'atterrissage et entrepôt",
}
ENTITIES_FR = {
    "event": "événements", "event_report": "fiches de synthèse", "registration": "inscriptions", "attendance": "présences",
    "feedback": "réponses aux enquêtes", "contribution": "contributions d'ateliers", "organisation": "structures",
    "published_figure": "chiffres déjà publiés",
}  # fmt: skip
PERSONS = {
    "event_report": "personnes qui rendent compte d'un événement", "registration": "personnes inscrites à un événement",
    "attendance": "personnes présentes à un événement", "feedback": "personnes qui répondent à une enquête",
    "contribution": "personnes qui participent à un atelier", "organisation": "contacts des structures",
}  # fmt: skip
"""Whose the rows of an entity are: the categories of persons (art. 30(1)(c))."""
PAYERS, CITED = "personnes qui paient une place", "personnes qu'un texte libre cite"
STAFF = "personnes de l'observatoire qui consultent le coffre (journal des accès) ou qui corrigent"
"""In no contract: what the observatory writes itself."""


@dataclass(frozen=True)
class Line:
    """One field of one source."""

    source: str
    titre: str
    traitement: str
    personnes: str
    champ: str
    donnee: str
    colonnes: str
    nature: str
    lieu: str
    conservation: str
    destinataires: str
    base_legale: str


def lines(contracts: Mapping[str, LoadedContract], rules: Rules) -> list[Line]:
    """Every field that is personal or lands beside persons, by source."""
    from sources.entities import ENTITIES

    found = []
    for source, loaded in sorted(contracts.items()):
        contract = loaded.contract
        entity = ENTITIES[contract.entity]
        if not entity.personal:
            continue
        for name, field in contract.fields.items():
            slot = entity.slots[name]
            read = [*field.headers, *field.compose, *(header for each in field.ticked.values() for header in each)]
            found.append(
                Line(
                    source=source,
                    titre=contract.title,
                    traitement=ENTITIES_FR.get(entity.name, entity.name),
                    personnes=" ; ".join(persons_of(entity, slot)),
                    champ=name,
                    donnee=ROLES.get(slot.role or "") or DATA[name],
                    colonnes=" ; ".join(read) or "(valeur fixe)",
                    nature="empreinte à clé d'une donnée identifiante" if field.sealed else PRIVACY[field.privacy],
                    lieu=WHERE[field.privacy],
                    conservation=retention_of(entity, slot, rules),
                    destinataires=recipients_of(field.privacy, rules),
                    base_legale=rules.legal_basis,
                )
            )
    return found


def retention_of(entity: Entity, slot: Slot, rules: Rules) -> str:
    """The shortest rule that reaches the field: that of its cell, else that of its person."""
    own = [rule for rule in rules.of("slot") if rule.concerns(entity.name) and slot.role in rule.roles]
    whole = [rule for rule in rules.of("persons") if rule.concerns(entity.name)]
    for rule in (*own, *whole):
        return f"{rule.keep.sentence()} après {rule.from_}"
    return "sans limite (aucune personne)" if not slot.role else "à fixer : aucune règle ne l'atteint"


def persons_of(entity: Entity, slot: Slot) -> list[str]:
    """Whom the field is about."""
    if slot.role == "other":
        return [PAYERS]
    return [PERSONS[entity.name], *([CITED] if slot.role == "free_text" else [])]


def recipients_of(privacy: str, rules: Rules) -> str:
    """Identities go to the data protection officer alone; the rest to the team; nothing personal to the public."""
    team, officer, *_ = rules.recipients
    return officer if privacy == "direct" else team


def write_register(home: Home, folder: Path) -> tuple[list[Path], list[str]]:
    """`registre.md` and `registre.csv` in `folder`; the paths, and what nobody wrote that a register must say."""
    from identity.retention import load_rules

    contracts, rules = rooms.contracts(home), load_rules()
    found = lines(contracts, rules)
    folder.mkdir(parents=True, exist_ok=True)
    markdown_path, csv_path = folder / "registre.md", folder / "registre.csv"
    markdown_path.write_text(markdown(found, rules), encoding="utf-8")
    csv_path.write_text(as_csv(found), encoding="utf-8")
    return [markdown_path, csv_path], rules.unwritten()


def as_csv(found: list[Line]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([each.name for each in fields(Line)])
    writer.writerows(astuple(line) for line in found)
    return out.getvalue()


def markdown(found: list[Line], rules: Rules) -> str:
    """One section per source, then the durations. Nothing in it names a person."""
    parts = [
        "# Registre des traitements",
        "",
        "Article 30 du RGPD. Écrit d'après les contrats des sources et les durées de conservation en vigueur : ne le corrigez pas à la main,",
        "changez le contrat ou `identity/retention.yml`, puis `observatoire register`.",
        "",
        *(f"- {title} : {who}" for title, who in rules.answerable().items()),
        f"- Base légale : {rules.legal_basis}",
        f"- Destinataires : {' ; '.join(rules.recipients)}",
        f"- Personnes concernées : {_persons(found, STAFF)}",
        "- Finalité : organiser les événements de l'économie sociale et solidaire, en rendre compte, produire des statistiques publiques",
        "- Transferts hors de l'Union européenne : aucun par l'observatoire",
        "- Sécurité : identités chiffrées dans un coffre, pseudonymes renouvelés chaque année, journal des accès, secret statistique",
    ]
    for source in dict.fromkeys(line.source for line in found):
        own = [line for line in found if line.source == source]
        parts += ["", f"## {own[0].titre} (`{source}`) : {own[0].traitement}", ""]
        parts += [f"Personnes concernées : {_persons(own)}.", ""]
        parts += ["| champ | donnée | colonnes | nature | conservation | destinataires |", "|---|---|---|---|---|---|"]
        parts += [
            f"| {line.champ} | {_cell(line.donnee)} | {_cell(line.colonnes)} | {line.nature} | {line.conservation} | {line.destinataires} |"
            for line in own
        ]
    parts += ["", "## Durées de conservation", "", *(f"- {rule.sentence()}" for rule in rules), ""]
    return "\n".join(parts)


def _persons(found: list[Line], *others: str) -> str:
    return " ; ".join(dict.fromkeys([*(each for line in found for each in line.personnes.split(" ; ")), *others]))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
