"""Notes of satisfaction on the scale they were given on, and recommendations from 0 to 10.

Grammar of a note: a number on the scale of the contract (« 4 », « 4,5 »), a number and its own scale (« 8/10 »,
« 4 sur 5 »), a number and its label (« 5 - Très utile »), stars (« ★★★★☆ »), or a word of the contract
(« Très satisfait »: 5). « Sans avis » is no note.

A note is kept with the scale it was given on; `note_out_of_5` brings it to 5 in proportion (8/10 is 4), as the
definition of indicator SA01 says. The words of a scale of four are given their note out of 5 by the contract: in
proportion, 3 out of 4 (« satisfait ») would be 3.75, and not counted among the satisfied (4 and more out of 5, SA02).

What does not belong here: means, shares, the net promoter score (dbt).
"""

import re
from dataclasses import dataclass

from sources.values.refusal import Refused, quote
from sources.values.text import clean, fold, is_missing

_NO_OPINION = frozenset(
    {"sans avis", "sans opinion", "sans objet", "ne se prononce pas", "nspp", "nsp", "ne sait pas", "je ne sais pas"}
    | {"non concerne", "non concernee", "pas d avis", "pas concerne", "pas concernee"}
)
_NUMBER = r"(?P<note>[-−]?\d{1,9}(?:[.,]\d+)?)"
_FORMS = (
    re.compile(rf"{_NUMBER} ?(?:/|sur) ?(?P<scale>\d{{1,9}}(?:[.,]0+)?)"),
    re.compile(rf"{_NUMBER}(?: ?(?:étoiles?|points?|pts?))?", re.IGNORECASE),
    re.compile(rf"{_NUMBER} ?(?:[-–—:=.)] ?|\()(?=[^\W\d_]).*", re.DOTALL),
)
_STARS = re.compile(r"(?P<full>[★⭐*]+)(?P<empty>[☆✩]*)")
_VARIATION = "\ufe0f"


@dataclass(frozen=True)
class Score:
    """A note and the best note of its scale."""

    note: float
    scale: float

    @property
    def note_out_of_5(self) -> float:
        return self.note * 5 / self.scale


def parse_score(
    text: str | None, *, best: float, worst: float = 1, words: dict[str, float] | None = None
) -> Score | None:
    """The note, or None when none was given. `best` and `worst` bound the scale of the question; `words` are its labels.

    A scale written in the cell is believed (« 8/10 » where the contract says 5). Raises `Refused` for a note outside its
    scale and for words that are not in the contract.
    """
    if text is None or is_missing(text):
        return None
    shown = clean(text.replace(_VARIATION, ""))
    notes = {fold(word): float(note) for word, note in (words or {}).items()}
    if fold(shown) and fold(shown) in notes:
        return _within(shown, notes[fold(shown)], best, worst)
    if fold(shown) in _NO_OPINION:
        return None
    if stars := _STARS.fullmatch(shown.replace(" ", "")):
        return _within(shown, len(stars["full"]), len(shown.replace(" ", "")) if stars["empty"] else best, worst)
    for form in _FORMS:
        if match := form.fullmatch(shown):
            own = match.groupdict().get("scale")
            scale = _number(own) if own else best
            if not scale:
                raise Refused(
                    "echelle_nulle",
                    f"{quote(shown)} est une note sur 0. Écrivez la note seule, ou avec la plus haute de son échelle, par exemple 4/5 ; videz la "
                    "cellule s'il n'y a pas de note.",
                )
            return _within(shown, _number(match["note"]), scale, worst if scale == best else 0)
    known = f" ou l'une de ces réponses : {', '.join(quote(word) for word in words)}" if words else ""
    raise Refused(
        "note_incomprise",
        f"{quote(shown)} n'est pas une note. Écrivez un nombre de {_plain(worst)} à {_plain(best)}{known}.",
    )


def parse_recommendation(text: str | None) -> int | None:
    """How likely a person is to recommend, from 0 to 10: « 9 », « 9/10 », « 10 - Très probablement ». Raises `Refused`."""
    score = parse_score(text, best=10, worst=0)
    if score is None:
        return None
    if score.scale != 10 or score.note != int(score.note):
        raise Refused(
            "recommandation_incomprise",
            f"{quote(text or '')} n'est pas une recommandation. Écrivez un nombre entier de 0 à 10.",
        )
    return int(score.note)


def _within(shown: str, note: float, best: float, worst: float) -> Score:
    if not worst <= note <= best:
        raise Refused(
            "note_hors_echelle",
            f"{quote(shown)} sort de l'échelle, qui va de {_plain(worst)} à {_plain(best)}. Corrigez la note ; si l'échelle est une "
            "autre, dites-le à l'observatoire.",
        )
    return Score(float(note), float(best))


def _number(text: str) -> float:
    return float(text.replace(",", ".").replace("−", "-"))


def _plain(number: float) -> str:
    return f"{number:g}".replace(".", ",")
