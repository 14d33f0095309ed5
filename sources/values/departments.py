"""Departments and regions as people type them: codes with their zero lost, names, or both.

What belongs here: the official codes and names, and the spellings accepted for them. What does not: communes
(`places.py`). The two tables repeat those of `sources/references/territory/2023/`, so that reading a department opens
no file; a test holds them equal.
"""

import re

from sources.values.refusal import Refused, quote
from sources.values.text import clean, fold, is_missing

ALL = "all"

# code → name
REGIONS = {
    "01": "Guadeloupe",
    "02": "Martinique",
    "03": "Guyane",
    "04": "La Réunion",
    "06": "Mayotte",
    "11": "Île-de-France",
    "24": "Centre-Val de Loire",
    "27": "Bourgogne-Franche-Comté",
    "28": "Normandie",
    "32": "Hauts-de-France",
    "44": "Grand Est",
    "52": "Pays de la Loire",
    "53": "Bretagne",
    "75": "Nouvelle-Aquitaine",
    "76": "Occitanie",
    "84": "Auvergne-Rhône-Alpes",
    "93": "Provence-Alpes-Côte d'Azur",
    "94": "Corse",
    "975": "Saint-Pierre-et-Miquelon",
    "977": "Saint-Barthélemy",
    "978": "Saint-Martin",
    "984": "Terres australes et antarctiques françaises",
    "986": "Wallis et Futuna",
    "987": "Polynésie française",
    "988": "Nouvelle-Calédonie",
    "989": "Île de Clipperton",
}

# code → (name, code of the region)
DEPARTMENTS = {
    "01": ("Ain", "84"),
    "02": ("Aisne", "32"),
    "03": ("Allier", "84"),
    "04": ("Alpes-de-Haute-Provence", "93"),
    "05": ("Hautes-Alpes", "93"),
    "06": ("Alpes-Maritimes", "93"),
    "07": ("Ardèche", "84"),
    "08": ("Ardennes", "44"),
    "09": ("Ariège", "76"),
    "10": ("Aube", "44"),
    "11": ("Aude", "76"),
    "12": ("Aveyron", "76"),
    "13": ("Bouches-du-Rhône", "93"),
    "14": ("Calvados", "28"),
    "15": ("Cantal", "84"),
    "16": ("Charente", "75"),
    "17": ("Charente-Maritime", "75"),
    "18": ("Cher", "24"),
    "19": ("Corrèze", "75"),
    "21": ("Côte-d'Or", "27"),
    "22": ("Côtes-d'Armor", "53"),
    "23": ("Creuse", "75"),
    "24": ("Dordogne", "75"),
    "25": ("Doubs", "27"),
    "26": ("Drôme", "84"),
    "27": ("Eure", "28"),
    "28": ("Eure-et-Loir", "24"),
    "29": ("Finistère", "53"),
    "2A": ("Corse-du-Sud", "94"),
    "2B": ("Haute-Corse", "94"),
    "30": ("Gard", "76"),
    "31": ("Haute-Garonne", "76"),
    "32": ("Gers", "76"),
    "33": ("Gironde", "75"),
    "34": ("Hérault", "76"),
    "35": ("Ille-et-Vilaine", "53"),
    "36": ("Indre", "24"),
    "37": ("Indre-et-Loire", "24"),
    "38": ("Isère", "84"),
    "39": ("Jura", "27"),
    "40": ("Landes", "75"),
    "41": ("Loir-et-Cher", "24"),
    "42": ("Loire", "84"),
    "43": ("Haute-Loire", "84"),
    "44": ("Loire-Atlantique", "52"),
    "45": ("Loiret", "24"),
    "46": ("Lot", "76"),
    "47": ("Lot-et-Garonne", "75"),
    "48": ("Lozère", "76"),
    "49": ("Maine-et-Loire", "52"),
    "50": ("Manche", "28"),
    "51": ("Marne", "44"),
    "52": ("Haute-Marne", "44"),
    "53": ("Mayenne", "52"),
    "54": ("Meurthe-et-Moselle", "44"),
    "55": ("Meuse", "44"),
    "56": ("Morbihan", "53"),
    "57": ("Moselle", "44"),
    "58": ("Nièvre", "27"),
    "59": ("Nord", "32"),
    "60": ("Oise", "32"),
    "61": ("Orne", "28"),
    "62": ("Pas-de-Calais", "32"),
    "63": ("Puy-de-Dôme", "84"),
    "64": ("Pyrénées-Atlantiques", "75"),
    "65": ("Hautes-Pyrénées", "76"),
    "66": ("Pyrénées-Orientales", "76"),
    "67": ("Bas-Rhin", "44"),
    "68": ("Haut-Rhin", "44"),
    "69": ("Rhône", "84"),
    "70": ("Haute-Saône", "27"),
    "71": ("Saône-et-Loire", "27"),
    "72": ("Sarthe", "52"),
    "73": ("Savoie", "84"),
    "74": ("Haute-Savoie", "84"),
    "75": ("Paris", "11"),
    "76": ("Seine-Maritime", "28"),
    "77": ("Seine-et-Marne", "11"),
    "78": ("Yvelines", "11"),
    "79": ("Deux-Sèvres", "75"),
    "80": ("Somme", "32"),
    "81": ("Tarn", "76"),
    "82": ("Tarn-et-Garonne", "76"),
    "83": ("Var", "93"),
    "84": ("Vaucluse", "93"),
    "85": ("Vendée", "52"),
    "86": ("Vienne", "75"),
    "87": ("Haute-Vienne", "75"),
    "88": ("Vosges", "44"),
    "89": ("Yonne", "27"),
    "90": ("Territoire de Belfort", "27"),
    "91": ("Essonne", "11"),
    "92": ("Hauts-de-Seine", "11"),
    "93": ("Seine-Saint-Denis", "11"),
    "94": ("Val-de-Marne", "11"),
    "95": ("Val-d'Oise", "11"),
    "971": ("Guadeloupe", "01"),
    "972": ("Martinique", "02"),
    "973": ("Guyane", "03"),
    "974": ("La Réunion", "04"),
    "975": ("Saint-Pierre-et-Miquelon", "975"),
    "976": ("Mayotte", "06"),
    "977": ("Saint-Barthélemy", "977"),
    "978": ("Saint-Martin", "978"),
    "984": ("Terres australes et antarctiques françaises", "984"),
    "986": ("Wallis et Futuna", "986"),
    "987": ("Polynésie française", "987"),
    "988": ("Nouvelle-Calédonie", "988"),
    "989": ("Île de Clipperton", "989"),
}

_ALL_WORDS = frozenset(
    {"tous", "toutes", "tout", "tous les departements", "tous departements", "region", "toute la region", "regional"}
)
_DEPARTMENT_BY_NAME = {fold(name): code for code, (name, _) in DEPARTMENTS.items()}
_REGION_BY_NAME = {fold(name): code for code, name in REGIONS.items()}
_INTRODUCTION = re.compile(r"^(?:(?:departement|dept|dpt|dep|region|de|du|des|d|la|le|les|l) )+")
_CODE = re.compile(r"\b(?:0?(\d{1,3})(?:[.,]0)?|(2[ab]))\b", re.IGNORECASE)


def parse_department(text: str | None) -> str | None:
    """The official code: `2` → `02`, `2b` → `2B`, « Aisne (02) » → `02`, « Nord » → `59`; `tous` → `ALL`; blank → None.

    Raises `Refused` for an unknown code or name, for `20` (Corsica has two), and when code and name contradict.
    """
    if text is None or is_missing(text):
        return None
    shown = clean(text)
    if fold(shown) in _ALL_WORDS:
        return ALL
    code_match = _CODE.search(shown)
    code = _official_code(shown, code_match) if code_match else None
    words = fold(_CODE.sub(" ", shown, count=1) if code_match else shown)
    name = _INTRODUCTION.sub("", words + " ").strip()
    named = _DEPARTMENT_BY_NAME.get(name) or _DEPARTMENT_BY_NAME.get(words)
    if name and named is None:
        raise Refused(
            "departement_inconnu",
            f"{quote(shown)} n'est pas un département. Écrivez son numéro (59) ou son nom (Nord).",
        )
    if code and named and code != named:
        raise Refused(
            "departement_contradictoire",
            f"{quote(shown)} : {code} est le numéro du département {DEPARTMENTS[code][0]}, et "
            f"{DEPARTMENTS[named][0]} a le numéro {named}. Corrigez l'un des deux.",
        )
    return code or named


def parse_region(text: str | None) -> str | None:
    """The official code of a region given by name or code: « Hauts-de-France » → `32`; blank → None. Raises Refused."""
    if text is None or is_missing(text):
        return None
    key = fold(text)
    name = _INTRODUCTION.sub("", key + " ").strip()
    code = _REGION_BY_NAME.get(key) or _REGION_BY_NAME.get(name)
    if code is None and clean(text) in REGIONS:
        code = clean(text)
    if code is None:
        raise Refused(
            "region_inconnue",
            f"{quote(text)} n'est pas une région. Écrivez son nom actuel, par exemple Hauts-de-France.",
        )
    return code


def label(code: str) -> str:
    """« Nord (59) »."""
    return f"{DEPARTMENTS[code][0]} ({code})"


def _official_code(shown: str, match: re.Match) -> str:
    code = match[2].upper() if match[2] else match[1].zfill(2)
    if code == "20":
        raise Refused(
            "departement_inconnu",
            f"{quote(shown)} : la Corse a deux départements. Écrivez 2A (Corse-du-Sud) ou 2B (Haute-Corse).",
        )
    if code not in DEPARTMENTS:
        raise Refused(
            "departement_inconnu",
            f"{quote(shown)} : il n'y a pas de département {code}. Écrivez son numéro (59) ou son nom (Nord).",
        )
    return code
