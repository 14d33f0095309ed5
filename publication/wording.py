"""French words that pages and workbook share and that no definition carries: titles of datasets, breakdowns, units.

Belongs here: the observatory's own wording. Does not belong here: names of indicators, territories, themes,
programmes, organisations (`labels`, from the candidate), sentences of expectations (`expectations`).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from rulebook.numbers import THIN, agreed, grouped

if TYPE_CHECKING:
    from publication.shelf import DatasetStatus, Release

NBSP = "\u00a0"  # no-break space: before a colon, inside guillemets

OBSERVATORY = "Observatoire de l’économie sociale et solidaire"

# dataset -> (short title, the question it answers)
DATASETS = {
    "ind_events": ("Événements", "Combien d’événements ont eu lieu, où, quand et sur quels thèmes ?"),
    "ind_participation": ("Participation", "Combien de participations, et combien en moyenne par événement ?"),
    "ind_organisations": ("Organisations", "Quelles organisations étaient représentées ?"),
    "ind_participants": ("Participants", "Qui sont les personnes venues ?"),
    "ind_territories": ("Territoires", "Quelle part du territoire les événements ont-ils touchée ?"),
    "ind_satisfaction": ("Satisfaction", "Les personnes venues sont-elles satisfaites ?"),
    "ind_quality": ("Qualité des remontées", "Jusqu’où peut-on se fier à ces chiffres ?"),
    "ind_reconciliation": (
        "Rapprochement",
        "Les chiffres déjà imprimés ailleurs sont-ils ceux que donnent les données, et sinon pourquoi ?",
    ),
}

STATUSES = {
    "published": "publié",
    "published_with_reserve": "publié avec réserve",
    "carried": "reporté",
    "withheld": "retenu",
}

WAITS = {"approval": "en attente d’approbation", "embargo": "sous embargo"}

NOT_PUBLISHED = "Aperçu : rien de ce qui suit n’est publié. Ne le diffusez pas."

BREAKDOWNS = {
    "total": "Ensemble",
    "month": "Mois",
    "year": "Année",
    "department": "Département",
    "region": "Région",
    "epci": "Intercommunalité",
    "commune": "Commune",
    "theme": "Thème",
    "theme_count": "Nombre de thèmes",
    "department_theme": "Département et thème",
    "modality": "Modalité",
    "role": "Rôle",
    "organiser": "Structure organisatrice",
    "organisation_family": "Famille de l’ESS",
    "size_band": "Tranche d’effectif",
    "participant_category": "Catégorie de participants",
    "category": "Catégorie de participants",
    "gender": "Genre",
    "event": "Événement",
}

# members of breakdowns whose codes are ours: (breakdown, member) -> (label, place)
MEMBERS = {
    ("organisation_family", "association"): ("Associations", 1),
    ("organisation_family", "cooperative"): ("Coopératives", 2),
    ("organisation_family", "mutual"): ("Mutuelles", 3),
    ("organisation_family", "foundation"): ("Fondations", 4),
    ("organisation_family", "ess_company"): ("Sociétés commerciales de l’ESS", 5),
    ("organisation_family", "non_ess"): ("Hors ESS", 6),
    ("organisation_family", "unknown"): ("Famille inconnue", 9),
    ("size_band", "none"): ("Aucun salarié", 1),
    ("size_band", "1_9"): ("1 à 9 salariés", 2),
    ("size_band", "10_49"): ("10 à 49 salariés", 3),
    ("size_band", "50_249"): ("50 à 249 salariés", 4),
    ("size_band", "250_more"): ("250 salariés et plus", 5),
    ("size_band", "unknown"): ("Effectif inconnu", 9),
    ("event", "unknown"): ("Sans événement nommé", 9999),
}

# breakdowns that are read in their own order, not by size
ORDERED_BREAKDOWNS = ("month", "year", "period", "theme_count", "size_band")

UNITS = {
    "share": "",  # the sign % is in the figure
    "event": "événements",
    "mention": "mentions",
    "attendance": "participations",
    "attendance_per_event": "par événement",
    "attendance_per_person": "par personne",
    "registration": "inscriptions",
    "person": "personnes",
    "organisation": "structures",
    "organiser": "structures",
    "per_100k": "pour 100 000 habitants",
    "score": "sur 5",
    "nps": "points",
    "relative_gap": "écart relatif",
    "day": "jours",
    "month_number": "mois (numéro)",
    "number": "",
    "theme": "thèmes",
    "title": "intitulé",
    "label": "libellé",
}

# columns that only the reconciliation has
EXTRA_COLUMNS = {
    "figure_text": "Imprimé",
    "figure_value": "Nombre imprimé",
    "recomputed": "Le nôtre, à la précision imprimée",
    "difference": "Différence",
    "reconciliation_status": "Résultat",
    "blocks_dataset": "Tableau concerné",
    "is_explained": "Expliqué",
    "explanation": "Explication",
    "treatment": "Ce qui en est fait",
    "event_ids": "Événements",
}

# columns of every table, as a revision names them
CELL_COLUMNS = {
    "value": "valeur",
    "lower": "borne basse",
    "upper": "borne haute",
    "numerator": "numérateur",
    "denominator": "dénominateur",
    "n_with_data": "renseignés (n)",
    "n_total": "concernés (N)",
    "unit": "unité",
    "obs_status": "statut",
    "conf_status": "secret",
    "caveat": "remarque",
}

RECONCILIATION = {
    "match": "concorde",
    "MISMATCH": "diffère",
    "implicit_zero_match": "zéro non imprimé",
    "compatible_approx": "compatible",
    "not_recomputable": "non recalculable",
    "derived_from_names": "compté d’après une liste",
    "TITLE_CONFLICT": "intitulé en double",
    "LABEL_CONFLICT": "libellés différents",
    "EXTERNAL_CONFLICT": "contredit par un autre document",
}

DELIVERY_STATES = {
    "accepted": "acceptée",
    "held": "en attente",
    "refused": "refusée",
    "superseded": "remplacée",
}

MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)


SHORT_MONTHS = {
    "janvier": "janv.",
    "février": "févr.",
    "avril": "avr.",
    "juillet": "juil.",
    "septembre": "sept.",
    "octobre": "oct.",
    "novembre": "nov.",
    "décembre": "déc.",
}


def dataset_title(dataset: str) -> str:
    return DATASETS.get(dataset, (dataset.removeprefix("ind_").replace("_", " ").capitalize(), ""))[0]


def dataset_question(dataset: str) -> str:
    return DATASETS.get(dataset, ("", ""))[1]


def long_date(moment: date | datetime | str | None) -> str:
    """« 6 avril 2023 », « 1er mai 2023 »; empty when there is none."""
    if not moment:
        return ""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    day = "1er" if moment.day == 1 else str(moment.day)
    return f"{day}{NBSP}{MONTHS[moment.month - 1]}{NBSP}{moment.year}"


def version(release: Release) -> str:
    """« version 3 (1.2.0) »."""
    if release.is_preview:
        return "aperçu non publié"
    return f"version {release.number}" + (f" ({release.version})" if release.version else "")


def presented(release: Release) -> str:
    """« Version 3 (1.2.0), publiée le 6 avril 2024, sur les données reçues jusqu’au 4 avril 2024. »"""
    until = f", sur les données reçues jusqu’au {long_date(release.data_until)}" if release.data_until else ""
    if release.is_preview:
        return f"Aperçu préparé le {long_date(release.made_at)}, non publié{until}."
    return f"{capitalised(version(release))}, publiée le {long_date(release.made_at)}{until}."


def state(status: DatasetStatus) -> str:
    """« publié avec réserve », « reporté de la version 3, sous embargo »."""
    words = (
        f"reporté de la version{NBSP}{status.from_release}" if status.status == "carried" else STATUSES[status.status]
    )
    return f"{words}, {WAITS[status.waits]}" if status.waits else words


def cell_column(name: str) -> str:
    """A column of a table as a revision names it."""
    return CELL_COLUMNS.get(name) or uncapitalised(EXTRA_COLUMNS.get(name, name))


def uncapitalised(label: str) -> str:
    """A label inside a sentence: « Famille de l’ESS » as « famille de l’ESS »."""
    return label[:1].lower() + label[1:]


def long_month(period: str) -> str:
    """`2023-04` as « avril 2023 »; anything else unchanged."""
    year, _, month = period.partition("-")
    if year.isdigit() and len(year) == 4 and month.isdigit() and 1 <= int(month) <= 12:
        return f"{MONTHS[int(month) - 1]}{NBSP}{year}"
    return period


@lru_cache(maxsize=4096)
def long_period(period: str) -> str:
    """`2023-04/2023-12` as « avril à décembre 2023 », `2023-04` as « avril 2023 »; a year as it is."""
    if period == "undated":
        return "non daté"
    first, _, last = period.partition("/")
    if not last:
        return long_month(first)
    if first[:4] == last[:4]:
        return f"{long_month(first).split(NBSP)[0]} à {long_month(last)}"
    return f"{long_month(first)} à {long_month(last)}"


def document_words(code: str) -> str:
    """A code in the words of a document, `nb_evenements`, made readable: « nombre d’événements »."""
    words = code.replace("_", " ")
    words = re.sub(r"^nb (?=[aeiouhéè])", "nombre d’", words)
    words = re.sub(r"^nb ", "nombre de ", words)
    for plain, accented in (
        ("evenement", "événement"),
        ("donnee", "donnée"),
        ("identite", "somme des parties"),
        ("departement", "département"),
    ):
        words = words.replace(plain, accented)
    return words.replace("periode", "période").replace("libelle", "libellé").replace("echeance", "échéance")


def short_month(period: str) -> str:
    """`2023-09` as « sept. 2023 »; anything else unchanged."""
    words = long_month(period).split(NBSP)
    if len(words) != 2:
        return period
    return f"{SHORT_MONTHS.get(words[0], words[0])} {words[1]}"


def plain_letters(text: str) -> str:
    """Without accents or capitals: the key by which titles are sorted, « Émargements » before « Enquête »."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


def capitalised(text: str) -> str:
    """First letter in capitals, the rest as it is."""
    return text[:1].upper() + text[1:]


_BOUND = re.compile(rf"(?<=n°) (?=\d)|(?<=\d) (?=(?:{'|'.join(MONTHS)})\b)|(?<=1er) (?=(?:{'|'.join(MONTHS)})\b)")


@lru_cache(maxsize=65536)  # the same names and caveats stand on hundreds of rows
def typeset(text: str) -> str:
    """French spaces before ; : ! ? % and inside guillemets, where the author typed an ordinary one; days stay with their month, numbers with
    their « n° »; curly apostrophes."""
    text = re.sub(r"(?<=\w)'(?=\w)", "’", text)
    for sign in ";!?%":
        text = text.replace(f" {sign}", f"{THIN}{sign}")
    text = _BOUND.sub(NBSP, text)
    return text.replace(" :", f"{NBSP}:").replace("« ", f"«{NBSP}").replace(" »", f"{NBSP}»")


def plural(count: int, one: str, many: str | None = None) -> str:
    """« 1 ligne », « 12 lignes », the number bound to its word: what `rulebook.numbers` says, on a page."""
    return f"{grouped(count)}{NBSP}{agreed(count, one, many)}"
