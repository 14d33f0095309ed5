"""Words chosen from a list (status, format, yes or no), and cells that hold several labels.

What belongs here: matching and splitting. What does not: the lists themselves, which stand in the contracts and in
`sources/references/`.
"""

import re
from collections.abc import Mapping, Sequence

from sources.values.refusal import Refused, quote
from sources.values.text import clean, fold

SEPARATORS = (" / ", "|", ";", "\n")


def match_choice(text: str, words: Mapping[str, Sequence[str]]) -> str:
    """The key of `words` whose accepted words include the text, compared folded. The keys are not accepted words.

    Raises `Refused`, with the first accepted word of each key, when nothing matches (an empty text included: whether a
    cell may be empty is for the contract to say).
    """
    key = _key(text)
    for choice, accepted in words.items():
        if any(_key(word) == key for word in accepted):
            return choice
    known = ", ".join(quote(accepted[0]) for accepted in words.values() if accepted)
    raise Refused("mot_inconnu", f"{quote(text)} n'est pas un mot attendu ici. Écrivez l'un de ceux-ci : {known}.")


def _key(text: str) -> str:
    """Folded; a text made of signs only (« ✓ », « ✗ ») is compared as it is."""
    return fold(text) or clean(text)


def split_labels(text: str | None, separators: tuple[str, ...] | list[str] = SEPARATORS) -> tuple[str, ...]:
    """The labels of a cell, cleaned, in order, without blanks or repetitions.

    A separator with spaces around it (` / `) only splits where the spaces are, so that « Citiz Arras/Lille » stays
    whole; a slash inside a name is common. The caller looks the whole text up first: some labels hold a separator.
    """
    if text is None:
        return ()
    pattern = "|".join(re.escape(s).replace(r"\ ", r"\s+") for s in separators)
    labels = {fold(part): clean(part) for part in reversed(re.split(pattern, text)) if clean(part)}
    return tuple(reversed(labels.values()))
