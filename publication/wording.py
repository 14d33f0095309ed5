"""French words that pages and workbook share and that no definition carries: titles of datasets, breakdowns, units.

Belongs here: the observatory's own wording. Does not belong here: names of indicators, territories, themes,
programmes, organisations (`labels`, from the candidate), sentences of expectations (`expectations`).
"""

from datetime import date, datetime

THIN = "\u202f"  # narrow no-break space: before ; ! ? % and between thousands
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
    "organisation": "Organisation",
    "organisation_family": "Famille de l’ESS",
    "size_band": "Tranche d’effectif",
    "participant_category": "Catégorie de participants",
    "gender": "Genre",
    "event": "Événement",
}

# breakdowns that are read in their own order, not by size
ORDERED_BREAKDOWNS = ("month", "year", "period", "theme_count", "size_band")

MEMBERS = {
    ("total", "total"): "Ensemble",
    ("month", "undated"): "Non daté",
    ("department", "online"): "À distance",
    ("department", "unknown"): "Non localisé",
    ("region", "unknown"): "Non localisé",
    ("epci", "unknown"): "Non localisé",
    ("commune", "unknown"): "Non localisé",
    ("theme", "none"): "Non renseigné",
    ("modality", "in_person"): "En présentiel",
    ("modality", "online"): "À distance",
    ("modality", "hybrid"): "Présentiel et distance",
    ("modality", "unknown"): "Non renseignée",
    ("role", "any"): "Tout rôle",
    ("role", "lead"): "Chefs de file",
}

UNITS = {
    "share": "%",
    "event": "événements",
    "events": "événements",
    "attendance": "participations",
    "attendances": "participations",
    "attendances_per_event": "participations par événement",
    "attendances_per_100k": "pour 100 000 habitants",
    "per_100k": "pour 100 000 habitants",
    "organisation": "structures",
    "organisations": "structures",
    "person": "personnes",
    "persons": "personnes",
    "registration": "inscriptions",
    "registrations": "inscriptions",
    "day": "jours",
    "days": "jours",
    "score": "note",
    "score_5": "sur 5",
    "count": "",
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


def long_month(period: str) -> str:
    """`2023-04` as « avril 2023 »; anything else unchanged."""
    year, _, month = period.partition("-")
    if year.isdigit() and len(year) == 4 and month.isdigit() and 1 <= int(month) <= 12:
        return f"{MONTHS[int(month) - 1]}{NBSP}{year}"
    return period


def typeset(text: str) -> str:
    """French spaces before ; : ! ? % and inside guillemets, where the author typed an ordinary one."""
    for sign in ";!?%":
        text = text.replace(f" {sign}", f"{THIN}{sign}")
    return text.replace(" :", f"{NBSP}:").replace("« ", f"«{NBSP}").replace(" »", f"{NBSP}»")


def plural(count: int, one: str, many: str | None = None) -> str:
    """« 1 ligne », « 12 lignes »; in French zero is singular."""
    word = one if abs(count) < 2 else (many or f"{one}s")
    return f"{grouped(count)}{NBSP}{word}"


def grouped(number: int) -> str:
    """« 1 055 » with a narrow no-break space."""
    return f"{number:,}".replace(",", THIN)
