"""French typography of the sentences that staff read: the spaces that must not break.

Belongs here: spaces. Does not belong here: any wording. Suites are written with ordinary spaces, which people can see
in an editor; what is printed has the right ones.
"""

from __future__ import annotations

import re

NO_BREAK = "\u00a0"
NARROW = "\u202f"


def spaced(text: str) -> str:
    """« mot » : 1 055 ; oui ? 14 % → the same words, with no-break spaces where French wants them."""
    text = re.sub(r"«[ \u00a0]?", f"«{NO_BREAK}", text)
    text = re.sub(r"[ \u00a0]?»", f"{NO_BREAK}»", text)
    text = re.sub(r" (?=:(?:\s|$))", NO_BREAK, text)
    text = re.sub(r" (?=[;?!%])", NARROW, text)
    return re.sub(r"(?<=\d) (?=\d{3}\b)", NARROW, text)
