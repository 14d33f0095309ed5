"""Themes of an event: a cell with one or several of the themes of its programme's scheme.

What belongs here: reading such a cell against a scheme. What does not: the schemes, which are data
(`sources/references/themes.csv` and `theme_schemes.csv`; load them with `sources.references.theme_schemes()`).
"""

import re
from dataclasses import dataclass

from sources.values.refusal import Refused, quote
from sources.values.text import clean, fold, is_missing

# Tried in this order, so that « jeunesse et sensibilisation » is one theme and « sociale et économique » are two.
_SEPARATORS = (r"[|;\n]", r"[,+]", r"/| & ", r"\s+et\s+")


@dataclass(frozen=True)
class ThemeScheme:
    """The themes of a programme: code → accepted words, in rank order, and the words that mean all of them."""

    scheme: str
    words: dict[str, tuple[str, ...]]
    all_words: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self.words)


def parse_themes(text: str | None, scheme: ThemeScheme) -> tuple[str, ...]:
    """The codes of the themes named, in the order of the cell, each once; () when nothing was typed.

    « 4 TRANSITIONS » gives all codes of the scheme. Raises `Refused` (`theme_inconnu`) with the accepted words.
    """
    if is_missing(text):
        return ()
    shown = clean(text.replace("\n", " | ")) if text else ""
    known = {fold(word): code for code, words in scheme.words.items() for word in (code, *words)}
    if fold(shown) in {fold(word) for word in scheme.all_words}:
        return scheme.codes
    return tuple(dict.fromkeys(_read(shown, shown, known, scheme, _SEPARATORS)))


def _read(part: str, shown: str, known: dict[str, str], scheme: ThemeScheme, separators: tuple[str, ...]) -> list[str]:
    """The codes of a part: itself a theme, or split by the next separator that splits it."""
    code = known.get(fold(part))
    if code:
        return [code]
    for position, separator in enumerate(separators):
        pieces = [piece for piece in re.split(separator, part) if fold(piece)]
        if len(pieces) > 1 or (pieces and pieces[0] != part):
            rest = separators[position + 1 :]
            return [code for piece in pieces for code in _read(piece, shown, known, scheme, rest)]
    accepted = ", ".join(quote(words[0]) for words in scheme.words.values())
    advice = f"Les thèmes de ce programme sont : {accepted}." if accepted else "Ce programme n'a pas de thèmes."
    raise Refused("theme_inconnu", f"{quote(part)} n'est pas un thème connu, dans {quote(shown)}. {advice}")
