"""Texts made comparable (`fold`) or presentable (`clean`), and the ways people write « nothing ».

Not here: vocabularies (`vocabulary.py`), and any repair of a badly decoded file – encodings are the readers' business.
"""

import html
import re
import unicodedata

# Letters that decomposition leaves alone.
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_SAINT = {"st": "saint", "ste": "sainte"}
_NOT_WORD = re.compile(r"[\W_]+")
_ZERO_WIDTH = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_DASHES_AND_DOTS = re.compile(r"[\s\-–—−_.?/…*]+")

# What people write in a cell to say that they do not know. Folded.
_MISSING = frozenset(
    {"nd", "n d", "nc", "n c", "na", "n a", "nr", "n r", "vide", "neant", "null", "none", "inconnu", "inconnue"}
    | {f"non {word}{e}" for word in ("communique", "renseigne", "connu", "disponible") for e in ("", "e")}
    | {"pas d information", "a definir", "a preciser", "a confirmer", "a venir", "en attente"}
)


def strip_accents(text: str) -> str:
    """Lower case without accents or ligatures; punctuation and spaces are kept.

    A superscript or a fraction stays what it is: « 65¹ » is 65 with a footnote, not 651.
    """
    if text.isascii():
        return text.lower()
    pieces = (c if c.isnumeric() and not c.isdecimal() else unicodedata.normalize("NFKD", c) for c in text)
    # what is decomposed may be a capital (« ℂ ») or a ligature (« ǽ »)
    lowered = "".join(pieces).lower().translate(_LIGATURES)
    return "".join(c for c in lowered if not unicodedata.combining(c))


def fold(text: str) -> str:
    """The key under which labels and names are compared (`label_key`, `name_key`).

    Lower case, accents and ligatures folded, apostrophes and punctuation to one space, the words `st` → `saint` and
    `ste` → `sainte`, trimmed: « MONT-ST-ÉLOI » and « Mont-Saint-Éloi » give `mont saint eloi`.
    """
    words = _NOT_WORD.sub(" ", strip_accents(_ZERO_WIDTH.sub("", text))).split()
    return " ".join(_SAINT.get(word, word) for word in words)


def clean(text: str) -> str:
    """The text as it should be shown: NFC, HTML entities unescaped, every kind of space collapsed to one, trimmed."""
    unescaped = html.unescape(text) if "&" in text else text
    return " ".join(_ZERO_WIDTH.sub("", unicodedata.normalize("NFC", unescaped)).split())


def is_blank(text: str | None) -> bool:
    """True when nothing was typed: None, empty, or only spaces."""
    return text is None or not clean(text)


def as_typed(text: str | None) -> str | None:
    """The text as it should be shown, None when nothing was typed."""
    return None if text is None else clean(text) or None


def is_missing(text: str | None) -> bool:
    """True when nothing was typed, or only a sign of absence: `-`, `?`, `…`, `n.d.`, `NC`, `non communiqué`…"""
    if is_blank(text):
        return True
    assert text is not None
    return _DASHES_AND_DOTS.fullmatch(clean(text)) is not None or fold(text) in _MISSING
