"""Several answers in one cell, in the encodings of the form platforms.

| encoding | example | seen in |
|---|---|---|
| `spaced_semicolon` | `Newsletter ; Réseaux sociaux` | HelloAsso |
| `semicolon` | `Salariés; Étudiants`, `A;B;` | Nextcloud Forms, Microsoft Forms, Google Forms, Démarche numérique (linked lists) |
| `comma` | `Salariés, Étudiants` with the options | pretix, Tally, Google Sheets, Démarche numérique, Grist |
| `plain_comma` | `Salariés,Étudiants,` | Framaforms compact, NocoDB: the contract states that no option has a comma |
| `pipe` | `Newsletter \\| Radio` | Eventbrite |
| `space` | `Salariés Étudiants` with the options | Kobo, labels |
| `plain_space` | `salaries etudiants` | Kobo, XML names, which have no space |
| `newline` | one per line | cells typed by hand |
| `json` | `["A", "B"]` | APIs |
| `grist` | `["L", "A", "B"]` | Grist's API |

`comma` and `space` cannot be split without knowing the options: « Culture, sport » may be one of them. Given these, a cell
is cut so that the fewest pieces are left over, then into the fewest and longest options. What is left over in a comma
list is the free text of « Autre »; in a space list the cell is refused.

What does not belong here: one column per option (`X`, `1`, `Oui`, the label), which is for the reader; labels of
organisers (`vocabulary.split_labels`).
"""

import json
import re
from collections.abc import Iterable
from typing import Literal, get_args

from sources.values.refusal import Refused, quote
from sources.values.text import clean, fold, is_blank

Encoding = Literal[
    "spaced_semicolon", "semicolon", "comma", "plain_comma", "pipe", "space", "plain_space", "newline", "json", "grist"
]
ENCODINGS: tuple[str, ...] = get_args(Encoding)

_SEPARATORS = {
    "spaced_semicolon": r"\s+;\s+|\s+;$",
    "semicolon": ";",
    "plain_comma": ",",
    "pipe": r"\|",
    "plain_space": r"\s+",
    "newline": r"[\r\n]+",
}


def split_choices(text: str | None, encoding: Encoding, options: Iterable[str] = ()) -> tuple[str, ...]:
    """The answers, cleaned, in order, each once; () when nothing was chosen.

    With `options`, an answer that folds like one of them is returned as that option is written. Raises `Refused` when the
    cell cannot be cut with certainty (`choix_ambigus`) or is not in the encoding (`choix_incompris`).
    """
    if encoding not in ENCODINGS:
        raise ValueError(f"{encoding!r} is not an encoding of choices: {', '.join(ENCODINGS)}")
    if text is None or is_blank(text):
        return ()
    known = {fold(option): clean(option) for option in options}
    if encoding in ("json", "grist"):
        answers = _from_json(text, encoding)
    elif encoding in ("comma", "space"):
        answers = _fewest(text, encoding, known)
    else:
        answers = re.split(_SEPARATORS[encoding], text)
    cleaned = [clean(answer) for answer in answers]
    unique = {fold(answer) or answer: known.get(fold(answer), answer) for answer in reversed(cleaned) if answer}
    return tuple(reversed(unique.values()))


def _from_json(text: str, encoding: str) -> list[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # thousands of brackets: nobody's answers
        raise _not_a_list(text) from error
    if value is None:
        return []
    if not isinstance(value, list) or any(isinstance(item, list | dict) for item in value):
        raise _not_a_list(text)
    if encoding == "grist" and value:
        if value[0] != "L":
            raise _not_a_list(text)
        value = value[1:]
    return [item if isinstance(item, str) else json.dumps(item) for item in value if item is not None]


def _not_a_list(text: str) -> Refused:
    return Refused(
        "choix_incompris",
        f"{quote(text)} n'est pas une liste de réponses. Si c'est une formule en erreur, corrigez-la à la source ; sinon, "
        "dites à l'observatoire comment les réponses y sont écrites (`encoding`).",
    )


def _fewest(text: str, encoding: str, known: dict[str, str]) -> list[str]:
    """The cut with the fewest pieces that are no option, then with the fewest options; free pieces in a row are one."""
    separator = ", " if encoding == "comma" else " "
    pieces = clean(text).removesuffix(",").split(separator)
    if len(pieces) == 1 and (encoding == "comma" or not known):
        return pieces
    if not known:
        raise _ambiguous(text)

    longest = max(option.count(separator) + 1 for option in known.values())
    # for the pieces from each start: free pieces, options, end of the first part; computed from the last piece back
    best: list[tuple[int, int, int]] = [(0, 0, len(pieces))]
    for start in reversed(range(len(pieces))):
        free, chosen, _ = best[-1]
        cuts = [(free + 1, chosen, start + 1)]
        for end in range(start + 1, min(start + longest, len(pieces)) + 1):
            if fold(separator.join(pieces[start:end])) in known:
                free, chosen, _ = best[len(pieces) - end]
                cuts.append((free, chosen + 1, end))
        best.append(min(cuts, key=lambda cut: (cut[0], cut[1], -cut[2])))
    best.reverse()
    if encoding == "space" and best[0][0]:
        raise _ambiguous(text)

    answers: list[str] = []
    leftover: list[str] = []
    start = 0
    while start < len(pieces):
        end = best[start][2]
        part = separator.join(pieces[start:end])
        if fold(part) in known:
            answers += [separator.join(leftover), part] if leftover else [part]
            leftover = []
        else:
            leftover.append(part)
        start = end
    if leftover:
        answers.append(separator.join(leftover))
    return answers


def _ambiguous(text: str) -> Refused:
    return Refused(
        "choix_ambigus",
        f"{quote(text)} ne peut pas être séparé en réponses sans les connaître toutes. Donnez "
        "à l'observatoire la liste complète des réponses possibles.",
    )
