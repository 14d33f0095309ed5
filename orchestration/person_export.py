"""Everything held on one person, for the person: right of access and portability (RGPD art. 15 and 20).

Belongs here: gathering it from every layer and writing it, once for programs (JSON) and once to be read (HTML). Does not belong
here: who the person is (`identity.held`), how long things are kept (`identity/retention.yml`).
"""

from __future__ import annotations

import contextlib
import html
import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration import rooms
from orchestration.erasure import vault_of
from orchestration.home import Home
from rulebook.numbers import plural

if TYPE_CHECKING:
    from identity.held import Held
    from orchestration.erasure import Everywhere
    from sources.contract import LoadedContract


BESIDE = {
    "delivered_at": "date du fichier", "sheet": "feuille", "corrections": "corrections appliquées", "record_key": "numéro chez la plateforme",
    "person_key": "clé chiffrée de la personne", "person_key_id": "année de cette clé", "person_basis": "ce qui reconnaît la personne",
    "participants_lower": "participants, au moins", "participants_upper": "participants, au plus",
    "participants_precision": "participants, précision", "participants_text": "participants, tel qu'écrit",
    "registered_lower": "inscrits, au moins", "registered_upper": "inscrits, au plus", "registered_precision": "inscrits, précision",
    "registered_text": "inscrits, tel qu'écrit", "status_text": "état de l'inscription, tel qu'écrit", "siren": "SIREN de la structure",
    "siret_state": "contrôle du SIRET", "satisfaction_scale": "échelle de la note", "theme_scheme": "liste de thèmes",
    "commune_code": "code de la commune", "department_code": "code du département", "region_code": "code de la région",
    "place_status": "précision du lieu", "modality": "sur place ou à distance", "modality_basis": "d'où vient cette réponse",
    "email_typed": "adresse électronique, telle qu'écrite",
    "annee_de_programme": "année de programme", "deja_venue_une_annee_precedente": "déjà venue une année précédente",
    "nb_identites_reunies": "nombre d'identités réunies",
}  # fmt: skip
"""What the page calls the columns that neither a field of a contract nor a role of the vault has the name of."""
CODES = {
    "person_basis": {
        "email": "son adresse électronique",
        "name": "son nom",
        "none": "rien",
        "erased": "rien (effacée)",
    },
    "gender": {"F": "femme", "M": "homme", "other": "autre"},
    "siret_state": {
        "valid": "juste",
        "invalid_checksum": "sa clé de contrôle est fausse",
        "invalid_format": "pas un SIRET",
        "irrecoverable": "chiffres perdus par un tableur",
        "missing": "aucun",
    },
}


def gather(home: Home, found: Held, stands: Everywhere, *, purpose: str, now: datetime) -> dict[str, Any]:
    """What is held: for each row its source, its cells as they were sent, what was read in them, what was derived, for how long."""
    from identity.retention import load_rules
    from identity.vault import open_private
    from sources.ledger import deliveries, open_ledger

    vault, contracts = vault_of(home), rooms.contracts(home)
    rules = load_rules()
    with open_ledger(home.ledger) as ledger:
        known = {(row["source"], row["delivery_id"]): row for row in deliveries(ledger)}
    in_vault: dict[tuple[str, str], list[int]] = {}
    for source, delivery_id, number in found.rows:
        in_vault.setdefault((source, delivery_id), []).append(number)
    by_delivery, mentions = dict(in_vault), []
    for delivery, standing in stands.deliveries:
        key, file_name = (delivery["source"], delivery["delivery_id"]), delivery["file_name"]
        if standing.rows:
            by_delivery[key] = sorted({*by_delivery.get(key, ()), *standing.rows})
        mentions += [
            {"source": key[0], "fichier": file_name, "ligne": _in_its_sheet(contracts.get(key[0]), row)}
            for _, row, _ in standing.cells
        ]
        if standing.is_in_bytes:
            mentions.append({"source": key[0], "fichier": file_name, "ligne": None})
    with contextlib.closing(open_private()) as con:
        vault.load(con, purpose=purpose, deliveries=in_vault, name="held_rows")
        identities = {
            (row["source"], row["delivery_id"], row["row_number"]): row
            for delivery, numbers in in_vault.items()
            for row in con.sql(
                "from held_rows where source = $source and delivery_id = $delivery and list_contains($numbers, row_number)",
                params={"source": delivery[0], "delivery": delivery[1], "numbers": numbers},
            )
            .to_arrow_table()
            .to_pylist()
        }
    rows = []
    for (source, delivery_id), numbers in sorted(by_delivery.items()):
        loaded, delivery = contracts.get(source), known.get((source, delivery_id), {})
        entity = loaded.contract.entity if loaded else ""
        cells = rooms.cells_of_rows(home, loaded, delivery, numbers) if loaded and delivery else {}
        landed = _landed(home, entity, source, delivery_id, numbers)
        participants = _derived(home, source, delivery_id, numbers)
        for number in sorted(numbers):
            identity = identities.get((source, delivery_id, number), {})
            rows.append(
                {
                    "source": source,
                    "titre": loaded.contract.title if loaded else source,
                    "fichier": delivery.get("file_name", ""),
                    "recu_le": delivery.get("received_at", ""),
                    "en_vigueur": delivery.get("state") == "accepted",
                    "ligne": _in_its_sheet(loaded, number),
                    "cellules": cells.get(number, {}),
                    "identite": {
                        name: value for name, value in identity.items() if value and name not in ("source", "delivery_id", "row_number")
                    },
                    "lu": landed.get(number, {}),
                    "deduit": participants.get(number, {}),
                    "conservation": [rule.sentence() for rule in rules if rule.concerns(entity)],
                    "base_legale": rules.legal_basis,
                }
            )  # fmt: skip
    return {
        "objet": "Données à caractère personnel tenues par l'observatoire (RGPD, articles 15 et 20)",
        "fait_le": now.isoformat(),
        "responsable": rules.answerable(),
        "destinataires": list(rules.recipients),
        "droits": "Rectification, effacement, limitation, opposition : auprès du responsable. Réclamation : CNIL, www.cnil.fr.",
        "nb_lignes": len(rows),
        "mentions_dans_des_lignes_d_autres_personnes": mentions,
        "mentions_dans_des_classeurs_de_retour": stands.nb_returned,
        "fichiers_dont_le_nom_la_cite": stands.nb_names,
        "fichiers_du_depot_non_lus_qui_la_citent": stands.nb_inbox,
        "originaux_de_lectures_interrompues_qui_la_citent": stands.nb_unrecorded,
        "decisions_de_rapprochement_sur_elle": stands.nb_decisions,
        "lignes_au_meme_nom_non_rattachees": len(found.namesakes),
        "lignes": rows,
    }


def _in_its_sheet(loaded: LoadedContract | None, number: int) -> int:
    """A row as the spreadsheet program shows it, where several sheets are read as one."""
    from sources.readers.sheet import ROWS_OF_A_SHEET

    return number % ROWS_OF_A_SHEET if loaded is not None and loaded.contract.files.every_sheet else number


def _landed(home: Home, entity: str, source: str, delivery_id: str, numbers: list[int]) -> dict[int, dict[str, Any]]:
    import duckdb

    path = home.landing / entity / f"{source}__{delivery_id}.parquet"
    if not entity or not path.exists():
        return {}
    with contextlib.closing(duckdb.connect()) as con:
        rows = con.sql(
            "from read_parquet($path) where list_contains($rows, row_number)",
            params={"path": str(path), "rows": numbers},
        ).to_arrow_table()
    left_out = ("source", "delivery_id", "file_name", "row_number")
    return {
        row["row_number"]: {
            name: str(value) for name, value in row.items() if value not in (None, []) and name not in left_out
        }
        for row in rows.to_pylist()
    }


def _derived(home: Home, source: str, delivery_id: str, numbers: list[int]) -> dict[int, dict[str, Any]]:
    """The pseudonym under which matching knows the row, and whether it took the person for one who came before."""
    import duckdb

    folder = home.participants / "current"
    if not (folder / "participant_row.parquet").exists():
        return {}
    with contextlib.closing(duckdb.connect()) as con:
        rows = con.execute(
            f"select row_number, pseudonym, programme_year, is_returning, nb_identities from '{folder}/participant_row.parquet' "
            f"join '{folder}/participant.parquet' using (participant_key) "
            "where source = $source and delivery_id = $delivery and list_contains($rows, row_number)",
            {"source": source, "delivery": delivery_id, "rows": numbers},
        ).fetchall()
    names = ("pseudonyme", "annee_de_programme", "deja_venue_une_annee_precedente", "nb_identites_reunies")
    return {number: dict(zip(names, derived, strict=True)) for number, *derived in rows}


def write(document: dict[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write `donnees.json` and `donnees.html` in a new directory, readable by its owner alone. Raises FileExistsError."""
    folder.mkdir(parents=True, mode=0o700)
    as_json, as_html = folder / "donnees.json", folder / "donnees.html"
    for path, text in (
        (as_json, json.dumps(document, ensure_ascii=False, indent=1, default=str)),
        (as_html, page(document)),
    ):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
    return as_json, as_html


def called() -> dict[str, str]:
    """What the page calls each field of the vault, each landed column and what was deduced: a person reads it, not a program."""
    from orchestration.register import DATA, ROLES
    from sources.entities import ENTITIES

    words = ROLES | BESIDE
    for slot in (slot for entity in ENTITIES.values() if entity.personal for slot in entity.slots.values()):
        own = ROLES.get(slot.role or "") or DATA[slot.name]
        words |= {name: own for name in (slot.name, *slot.columns) if name not in BESIDE}
    return words


def page(document: dict[str, Any]) -> str:
    """The document as one page that needs nothing else, in words: the other file has the names of the fields."""
    said, words = html.escape, called()

    def cell(name: str, value: object) -> str:
        if isinstance(value, bool) or name.startswith("is_"):
            return "oui" if str(value) == "True" else "non"
        return said(CODES.get(name, {}).get(str(value), str(value)))

    parts = [
        '<!doctype html><html lang="fr"><meta charset="utf-8"><title>Vos données</title>',
        "<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}"
        "th,td{border:1px solid #bbb;padding:.2em .6em;text-align:left;vertical-align:top}</style>",
        f"<h1>{said(document['objet'])}</h1><p>Fait le {_day(document['fait_le'])}.</p><p>"
        + "<br>".join(said(f"{title} : {who}") for title, who in document["responsable"].items())
        + "</p>",
        f"<p>Destinataires : {said(' ; '.join(document['destinataires']))}.</p><p>{said(document['droits'])}</p>",
        f"<p>{plural(document['nb_lignes'], 'ligne vous concerne', 'lignes vous concernent')}. Vous mentionnent aussi : "
        f"{plural(len(document['mentions_dans_des_lignes_d_autres_personnes']), 'cellule d’autres lignes', 'cellules d’autres lignes')}, "
        f"{plural(document['mentions_dans_des_classeurs_de_retour'], 'ligne', 'lignes')} de classeurs de retour, "
        f"{plural(document['fichiers_dont_le_nom_la_cite'], 'nom de fichier', 'noms de fichiers')} et "
        f"{plural(document['fichiers_du_depot_non_lus_qui_la_citent'], 'fichier non lu', 'fichiers non lus')}.</p>",
    ]
    for row in document["lignes"]:
        parts.append(
            f"<h2>{said(row['titre'])}, ligne {row['ligne']}</h2><p>Fichier « {said(row['fichier'])} », reçu le "
            f"{_day(row['recu_le'])}{'' if row['en_vigueur'] else ' (remplacé depuis)'}.</p>"
        )
        for title, name in (
            ("Ce qui a été envoyé", "cellules"), ("Ce qui est gardé au coffre", "identite"), ("Ce qui en a été lu", "lu"),
            ("Ce qui en a été déduit", "deduit"),
        ):  # fmt: skip
            if row[name]:
                # what was sent is shown as it was, under its own headers
                names = {} if name == "cellules" else words
                lines = "".join(
                    f"<tr><th>{said(names.get(key, str(key)))}</th><td>{cell(key, value) if names else said(str(value))}</td></tr>"
                    for key, value in row[name].items()
                )
                parts.append(f"<h3>{title}</h3><table>{lines}</table>")
        kept = "".join(f"<li>{said(sentence)}</li>" for sentence in row["conservation"])
        parts.append(f"<h3>Pourquoi et combien de temps</h3><p>{said(row['base_legale'])}</p><ul>{kept}</ul>")
    return "".join(parts) + "</html>\n"


def _day(instant: str) -> str:
    return datetime.fromisoformat(instant).strftime("%d/%m/%Y") if instant else "(date inconnue)"
