"""What may be quoted of a cell that is refused: everybody reads why, and a cell may hold whatever was pasted into it.

Here: the one pass that every finding of `judge.py` takes before it is told. What looks like an address or a telephone is never quoted, nor is a
cell of numbers, dates or known words in which two words or more are none of theirs: they may be somebody's name. Its place is said all the same, so
that who typed it finds it.
Not here: cells of free text (a title is quoted), what an accepted row prints (`judge.py`), sealing the cells of persons (`landed_files.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from rulebook import contacts
from sources.columns import whole
from sources.contract import Contract
from sources.entities import ENTITIES
from sources.kinds import TRUTHS, References
from sources.values.dates import MONTH_NAMES, WEEKDAY_NAMES
from sources.values.departments import DEPARTMENTS, REGIONS
from sources.values.quantities import AINES
from sources.values.refusal import quote
from sources.values.text import clean, fold

NOT_QUOTED = "(valeur non citée : elle pourrait nommer quelqu'un)"
MASKED = "(valeur masquée)"
NOTHING_QUOTED = (
    "La cellule contient une valeur qui n'est pas attendue ici, et qui n'est pas citée car elle pourrait nommer quelqu'un. "
    "Corrigez-la, ou videz-la."
)

MOST_UNEXPLAINED = 1
"""Words of a cell that nothing explains and that are quoted: a typing error, a unit. Two may be a first name and a family name."""

ANY_TEXT = ("text", "identifier", "labels", "personal")
"""Kinds of slots that no vocabulary closes."""

_COMMON = frozenset(
    fold(
        """
        au aux avec ce ces cette car chez dans de des dont rien du elle elles en entre est et etait etaient etc eu il ils la le les leur leurs lors mais
        meme ne ni nos notre nous on ont ou par pas peu plus pour puis quand que qui quoi sa sans sauf se selon ses seul seule seuls sera seront si
        soit son sont sous sur tout toute toutes tous tres un une uns unes vers via voir vos votre vous donc ainsi aussi alors encore non oui peut etre
        afin ayant avant apres autour autre autres aucun aucune beaucoup bien chaque combien comme deja depuis environ env estime estimee
        estimation approximatif approximativement approx pres presque quasi quasiment loin maximum minimum min moins moyenne total totaux totale
        plusieurs quelques nombreux nombreuses nombre moitie tiers quart demi demie double
        personne personnes pers participant participants participante participantes participation participations present presents presente
        presentes presence presences inscrit inscrits inscrite inscrites inscription inscriptions absent absents adulte adultes enfant enfants
        acteur acteurs actrice actrices adherent adherents adherente adherentes membre membres pax public publics salarie salaries salariee
        benevole benevoles etudiant etudiants etudiante eleve eleves jeune jeunes habitant habitants structure structures association associations
        atelier ateliers evenement evenements rencontre rencontres conference conferences seance seances session sessions edition reunion reunions
        groupe groupes foule salle salles complet complete comble pleine plein liste listes nominative emargement feuille papier
        connecte connectes connectees connexion connexions ligne distance distanciel presentiel visio visioconference webinaire zoom teams hybride
        site lieu place places date dates heure heures min mn minute minutes seconde secondes jour jours journee journees semaine semaines mois
        trimestre semestre annee annees an ans matin matinee midi apm aprem soir soiree nuit week end hier demain aujourd hui debut fin courant
        mi printemps ete automne hiver rentree ouverture fermeture accueil er re nd eme ieme ere
        jusqu qu quelqu lundis mardis mercredis jeudis vendredis samedis dimanches janv fevr fev avr juil sept oct nov dec lun mar mer jeu ven dim
        euro euros eur centime centimes ttc ht gratuit gratuite gratuits payant payante prix libre montant tarif offert offerte cheque especes
        connu connue connus definir defini definie preciser precise precisee confirmer confirme confirmee venir communique communiquee renseigne
        renseignee attente cours inconnu inconnue disponible compter compte comptes comptage recompter ajouter supprimer modifier corriger verifier
        erreur faux fausse vrai vraie doute annule annulee annulation reporte reportee report tenu tenue maintenu maintenue prevu prevue prevus
        passe passee termine terminee realise realisee accepte acceptee refuse refusee dossier fait faite reste hors contre test essai nd nc na nr ras
        sais sait savoir fois note notes sur point points pourcent satisfait satisfaite moyen excellent mauvais mauvaise
        salle maison mairie theatre cinema mediatheque bibliotheque centre universite lycee college ecole campus amphi amphitheatre hotel gare
        rue avenue boulevard chemin quai ville commune communes agglo agglomeration metropole departement departements region regions pays
        partout territoire territoires national nationale regional regionale local locale nord sud est ouest saint cedex arrondissement
        zero deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt vingts trente quarante cinquante soixante cent
        cents mille dizaines centaines milliers
        colonne ligne lignes cellule cellules tableau question texte valeur mot mots chiffre chiffres numero ref reference
        """
    ).split()
)  # fmt: skip
"""Words, folded, that people write beside a number, a date or a word of a list."""

_FIRST_NAMES = frozenset({"aude", "barthelemy", "martin", "pierre"})
"""Words of departments and regions that name people as well."""

_WORD = re.compile(r"[^\W\d_]{2,}")
_INITIAL = re.compile(r"\b[^\W\d_a-zà-ÿ]\.")
_QUOTED = re.compile(r"« ([^«»]*) »")
_LONG_NUMBER = re.compile(r"\b[1-9]\d{8}\b")
"""A telephone whose 0 a spreadsheet program has eaten."""


Strange = Callable[[str], list[str]]
"""The words of a text, folded, that nothing explains in its column."""


def quotable(contract: Contract, references: References, raw: dict[str, pa.Array], findings: pa.Table) -> pa.Table:
    """The findings (row_number, field, rule, message, value) without what may not be quoted: `value` is null where the message does not say all of it.

    In a source about persons `value` stays: it is sealed as it lands, and its sentence masked.
    """
    if not findings.num_rows:
        return findings
    entity = ENTITIES[contract.entity]
    at = pc.index_in(whole(findings["row_number"]), value_set=raw["row_number"]).to_pylist()
    strange_in: dict[str, Strange | None] = {}
    told: dict[tuple, tuple] = {}
    lines = []
    for index, name, message, value in zip(
        at, *(findings[column].to_pylist() for column in ("field", "message", "value")), strict=True
    ):
        text = raw[name][index].as_py() if name in raw and index is not None else None
        line = name, message, value, text
        if line not in told:
            declared = contract.fields.get(name)
            if declared is not None and text in declared.as_said:
                text = None  # the contract says it, nobody typed it
            if name in entity.slots and name not in strange_in:
                strange_in[name] = _strange(contract, references, name)
            instead = MASKED if entity.personal else NOT_QUOTED
            strange = _words if declared is not None and declared.privacy != "none" else strange_in.get(name)
            said, shown = _told(message, value, text, strange, instead)
            told[line] = said, value if entity.personal else shown
        lines.append(told[line])
    for position, column in enumerate(("message", "value")):
        texts = pa.array([line[position] for line in lines], pa.string())
        findings = findings.set_column(findings.schema.get_field_index(column), column, texts)
    return findings


def _told(
    message: str | None, value: str | None, text: str | None, strange: Strange | None, instead: str
) -> tuple[str | None, str | None]:
    if message is not None and text is not None and strange is not None:
        if strange is _words or not is_citable(text, strange):
            message, value = _without(message, text, instead, strange(contacts.hidden(text))), None
        elif _LONG_NUMBER.search(text):
            message, value = _LONG_NUMBER.sub("(téléphone ?)", message), None
    message = None if message is None else contacts.hidden(message)
    return message, None if contacts.holds(value) else value


def is_citable(text: str, strange: Strange | None = None) -> bool:
    """Whether what a cell holds, where a number, a date or a known word is expected, may be repeated to everybody."""
    return len((strange or _unexplained)(contacts.hidden(text))) <= MOST_UNEXPLAINED


def _words(text: str) -> list[str]:
    """The words of a text, folded, and its initials: « Z. Quenouille » has two."""
    return [*_WORD.findall(fold(text)), *_INITIAL.findall(text)]


def _without(message: str, text: str, instead: str, typed: list[str]) -> str:
    """The message without its quotations of the cell, whole, or in part where they say a word that was `typed`. Where one would be left – a
    quotation inside a quotation –, a sentence that quotes nothing."""
    for quoted in (quote(clean(text)), quote(text)):
        message = message.replace(quoted, f"« {instead} »")
    message = _QUOTED.sub(lambda found: f"« {instead} »" if set(typed) & set(_words(found[1])) else found[0], message)
    left = {word for word in typed if len(word) > 2} & set(_words(message.replace(instead, "")))
    if left and instead == NOT_QUOTED:
        return NOTHING_QUOTED
    first, mark, others = message.partition(NOT_QUOTED)
    return first + mark + others.replace(NOT_QUOTED, "(valeur non citée)")


def _strange(contract: Contract, references: References, name: str) -> Strange | None:
    """What tells the words that a slot does not expect; None for one of free text."""
    slot, field = ENTITIES[contract.entity].slots[name], contract.fields.get(name)
    if slot.kind in ANY_TEXT:
        return None
    if slot.kind == "place":
        return lambda text: _no_commune(text, references)
    said: list[str] = [*slot.choices]
    if field is not None:
        said += [*field.options, *field.ticked, *field.words]
        said += [word for accepted in field.words.values() for word in accepted]
    if slot.kind == "programme":
        said += [
            row[column] for row in references.programmes.values() for column in ("programme_id", "title", "series")
        ]
    if slot.kind == "themes":
        said += [text for scheme in references.themes.values() for texts in scheme.words.values() for text in texts]
        said += [text for scheme in references.themes.values() for text in (*scheme.words, *scheme.all_words)]
    known = {word for text in said for word in _words(text)}
    return lambda text: [word for word in _unexplained(text) if word not in known]


def _unexplained(text: str) -> list[str]:
    return [word for word in _words(text) if word not in _everywhere()]


def _no_commune(text: str, references: References) -> list[str]:
    """Words of no commune: a name of several words stands for a commune wherever it is, one of one word only where all others do, for « Marie » is
    a commune too."""
    words, rest, is_name = fold(text).split(), [], references.gazetteer.is_name
    while words:
        length = next((n for n in range(min(8, len(words)), 1, -1) if is_name(" ".join(words[:n]))), 0)
        rest += [] if length else words[:1]
        words = words[length or 1 :]
    strange = [*_unexplained(" ".join(rest)), *_INITIAL.findall(text)]
    return [] if all(map(is_name, strange)) else strange


@cache
def _everywhere() -> frozenset[str]:
    """Words that leave no cell unquoted: common ones, months and days, numbers, departments and regions, yes and no."""
    texts = [
        *MONTH_NAMES, *WEEKDAY_NAMES, *AINES, *(name for name, _ in DEPARTMENTS.values()), *REGIONS.values(),
        *(word for words in TRUTHS.values() for word in words),
    ]  # fmt: skip
    return _COMMON | {word for text in texts for word in _words(text)} - _FIRST_NAMES
