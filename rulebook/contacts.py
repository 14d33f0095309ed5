"""E-mail addresses and telephone numbers that stand in a text about something else: hidden where it is quoted, taken out where it is printed.

What belongs here: finding them by their look alone. What does not: reading those of somebody's own column (`sources/values/people.py`), whose they are
(`identity/`), names, which look like any other words (`sources/citable.py`).
"""

import re

EMAIL = r"[^\s@]@[^\s@]+\.[A-Za-z]{2}"
"""With a domain: « Solid@rité » and « Jeun'ESS@Lille » are titles."""
_SPACE = "[\\s\u00a0\u2007\u2009\u202f]"  # Arrow does not know all spaces as such
_PAIRS = "|".join(rf"(?:{each}\d{{2}}){{4}}" for each in ("", _SPACE + "{1,2}", r"\.", r"\. ", "-", "/"))
PHONE = rf"(?:(?:\+|\b00)33(?:{_SPACE}|[./-]){{0,2}}(?:\(0\){_SPACE}?)?|\b0)[1-9](?:{_PAIRS})"
"""Pairs that the same sign parts everywhere: « 06/04/2023 14:30 » is no telephone."""
CONTACT = f"{EMAIL}|{PHONE}"
"""Read alike by Python and by Arrow. What `hidden` leaves never matches it, but for a longer number, which is no telephone."""

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2}\S*")
_ADDRESS = re.compile(r"[^\s@<>()\[\]:;,/|\"'«»]+@[^\s@<>()\[\]:;,/|\"'«»]+\.[A-Za-z]{2,}")
_PHONE = re.compile(rf"{PHONE}(?!\d)")

# « Tél. : 06 12 34 56 78 », « (contact : zq@exemple.test) »: the word that announces it, and what is around it, go with it
_ANNOUNCED = r"[\s(\[<]*(?:\b(?:t[eé]l(?:[eé]phone)?|portable|port|mobile|fixe|e-?mail|m[eé]l|courriel|contact|adresse)\b\.?\s*:?\s*)*"
_REMOVED = [
    re.compile(f"{_ANNOUNCED}(?:{each.pattern})[\\s)\\]>]*", re.IGNORECASE) for each in (_ADDRESS, _EMAIL, _PHONE)
]
_AROUND = " \t-–—:,;/|+&"


def hidden(text: str) -> str:
    """The text, with words in place of every address and telephone number."""
    if "@" in text:
        text = _EMAIL.sub("(adresse électronique)", text)
    return _PHONE.sub("(téléphone)", text)


def holds(text: str | None) -> bool:
    return text is not None and hidden(text) != text


def removed(text: str) -> str:
    """The text without them: « Collectif Phare – zq@exemple.test » is « Collectif Phare ». Untouched where it holds none."""
    if not holds(text):
        return text
    for each in _REMOVED:
        text = each.sub(" ", text)
    return re.sub(r" +([,;])", r"\1", " ".join(text.split())).strip(_AROUND)
