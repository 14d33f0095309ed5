"""JSON text to records, one at a time: a file, JSON Lines, or a bundle of pages with one JSON document per line.

Belongs here: reading the text by pieces, finding the list of records in each document, and the sentences that say why
a text is not JSON, was cut, repeats a key or has its list elsewhere. Does not belong here: columns (`records`),
platforms, contracts.

Numbers come as the text that stands in the file (`12.50`, `99900011000018`), never as floats. Documents are separated
by a line break and may themselves span several lines. Python objects of one record live at a time, whatever the size
of the file.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from rulebook.numbers import plural
from sources.readers.delimited import MAX_BYTES
from sources.readers.encoding import Encoding
from sources.readers.sheet import Unreadable
from sources.readers.signature import empty_file, signature

CHUNK_CHARACTERS = 1 << 20
SHOWN_PATHS = 12

_SPACES = re.compile(r"[ \t\n\r]*")
_LONGEST_FRAGMENT = 16
"""A literal or an escape cut by the end of the text fails at most this far from it (`-Infinity`, `\\ud83d\\ude00`)."""


class _Repeated(ValueError):
    """An object has the same key twice; `args[0]` is the key."""


class _NotJson(ValueError):
    """`NaN`, `Infinity`: Python writes them, JSON has no such number."""


def records_of(path: Path, found: Encoding, *, file_name: str, records: str = "") -> Iterator[dict[str, Any]]:
    """Every record of the file, in order: objects whose leaves are str, bool or None.

    `found`: how to open the text. `records`: dotted path to the list in each document; "" when the document is itself
    the list, or a single record. A key that contains a dot cannot be reached. Raises Unreadable, perhaps after some
    records were given: `fichier_vide`, `fichier_coupe`, `json_illisible`, `cle_en_double`, `json_trop_profond`,
    `liste_absente` (the sentence lists the paths of the lists there are), `enregistrement_inattendu`.
    """
    steps = tuple(records.split(".")) if records else ()
    with open(path, "rb") as file:
        file.seek(found.mark_bytes)
        with io.TextIOWrapper(file, encoding=found.codec, errors=found.errors, newline="") as stream:
            yield from _Text(stream, file_name).records(steps)


def require_json(path: Path, file_name: str) -> None:
    """Pass if `path` holds text that is not a web page; raise Unreadable saying what it holds otherwise."""
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(
            "fichier_trop_gros", f"« {file_name} » dépasse {MAX_BYTES >> 20} Mo : découpez-le en plusieurs fichiers."
        )
    match signature(path):
        case "text":
            return
        case "empty":
            raise empty_file(file_name)
        case "html" | "xml":
            raise Unreadable(
                "page_web",
                f"« {file_name} » contient une page web ou du XML et non du JSON : la session avait peut-être "
                "expiré, ou la plateforme était en panne ; refaites l'export et renvoyez-le.",
            )
        case _:
            raise Unreadable(
                "fichier_binaire",
                f"« {file_name} » n'est pas du texte JSON (classeur, PDF, archive ou image) : refaites l'export au "
                "format JSON.",
            )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        times = Counter(key for key, _ in pairs)
        raise _Repeated(next(key for key, _ in pairs if times[key] > 1))
    return found


def _refuse_constant(name: str) -> None:
    raise _NotJson(name)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_refuse_constant, strict=True
)


class _Text:
    """A text of JSON of which only the part being read is in memory."""

    def __init__(self, stream: io.TextIOBase, file_name: str) -> None:
        self.stream, self.file_name = stream, file_name
        self.text, self.at, self.done = "", 0, False
        self.line, self.given = 1, 0
        self.crossed_line = True

    def records(self, steps: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        documents = 0
        while self.peek():
            if not self.crossed_line:
                raise self.bad("un texte suit la fin du document sur la même ligne")
            documents += 1
            others = _Others()
            if not (yield from self._descend(steps, (), others)):
                raise self.no_list(".".join(steps), documents, others)
            self.crossed_line = False
        if not documents:
            raise empty_file(self.file_name)

    def _descend(
        self, steps: tuple[str, ...], above: tuple[str, ...], others: _Others
    ) -> Generator[dict[str, Any], None, bool]:
        """Give the records of the value that starts here; returns whether the list was there. Always reads the
        whole value."""
        opening = self.peek()
        if not steps and opening == "[":
            yield from self._elements()
            return True
        if not steps and not above:
            yield self._record(self.value())
            return True
        if not steps or opening != "{":
            others.note(above, self.value())
            return False
        found, keys = False, set()
        for key in self._keys():
            if key in keys:
                raise self.repeated(key)
            keys.add(key)
            if key == steps[0]:
                found = yield from self._descend(steps[1:], (*above, key), others)
            else:
                others.note((*above, key), self.value())
        return found

    def _keys(self) -> Iterator[str]:
        """The keys of the object that starts here; the caller reads each value before asking for the next key."""
        self.at += 1
        if self.peek() == "}":
            self.at += 1
            return
        while True:
            if self.peek() != '"':
                raise self.unexpected("un nom de champ entre guillemets est attendu")
            key = self.value()
            if self.peek() != ":":
                raise self.unexpected("« : » est attendu")
            self.at += 1
            yield key
            if not self._another("}"):
                return

    def _elements(self) -> Iterator[dict[str, Any]]:
        self.at += 1
        if self.peek() == "]":
            self.at += 1
            return
        while True:
            yield self._record(self.value())
            if not self._another("]"):
                return

    def _another(self, closing: str) -> bool:
        char = self.peek()
        if char not in (closing, ","):
            raise self.unexpected(f"« , » ou « {closing} » est attendu")
        self.at += 1
        return char == ","

    def _record(self, value: Any) -> dict[str, Any]:
        self.given += 1
        if type(value) is not dict:
            raise Unreadable(
                "enregistrement_inattendu",
                f"Dans « {self.file_name} », l'enregistrement n° {self.given} n'est pas une fiche {{champ: valeur}} "
                f"mais {_kind(value)} : vérifiez l'export, ou le chemin « records » du contrat.",
            )
        return value

    def peek(self) -> str:
        """The next character that is not a space, or "" at the end; says in `crossed_line` whether a line was ended."""
        while True:
            spaces = _SPACES.match(self.text, self.at)
            end = spaces.end() if spaces else self.at
            if end > self.at:
                self.crossed_line = (
                    self.crossed_line or "\n" in self.text[self.at : end] or "\r" in self.text[self.at : end]
                )
                self.at = end
            if end < len(self.text):
                return self.text[end]
            if not self.fill():
                return ""

    def value(self) -> Any:
        """Decode the value that starts here."""
        if not self.peek():
            raise self.cut()
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
                if self.done or end < len(self.text) or self.text[end - 1] in '}]"':
                    self.at = end
                    return value
            except _Repeated as error:
                raise self.repeated(error.args[0]) from None
            except _NotJson as error:
                raise self.bad(f"« {error.args[0]} » n'est pas un nombre") from None
            except json.JSONDecodeError as error:
                near_end = error.pos >= len(self.text) - _LONGEST_FRAGMENT or error.msg.startswith("Unterminated")
                if not near_end:
                    self.at = error.pos
                    raise self.bad(_reason(error.msg)) from None
                if self.done:
                    raise (self.cut() if _ends_there(error, self.text) else self.bad(_reason(error.msg))) from None
            except RecursionError:
                raise too_deep(self.file_name) from None
            self.fill()

    def fill(self) -> bool:
        """Forget what was read and append at least as much as is kept, so that a long value is not decoded too "
        "often."""
        if self.done:
            return False
        kept = self.text[self.at :]
        chunk = self.stream.read(max(CHUNK_CHARACTERS, len(kept)))
        self.line += self.text.count("\n", 0, self.at)
        self.done = not chunk
        self.text, self.at = kept + chunk, 0
        return bool(chunk)

    def unexpected(self, expected: str) -> Unreadable:
        return self.bad(expected) if self.peek() else self.cut()

    def bad(self, what: str) -> Unreadable:
        line = self.line + self.text.count("\n", 0, self.at)
        return Unreadable(
            "json_illisible",
            f"« {self.file_name} » n'est pas du JSON valide, ligne {line}, après {plural(self.given, 'enregistrement')} : "
            f"{what}. Refaites l'export depuis la plateforme sans modifier le fichier.",
        )

    def cut(self) -> Unreadable:
        return Unreadable(
            "fichier_coupe",
            f"« {self.file_name} » est coupé : il s'arrête avant la fin, après "
            f"{plural(self.given, 'enregistrement entier', 'enregistrements entiers')}. Refaites l'export et renvoyez le fichier complet.",
        )

    def repeated(self, key: str) -> Unreadable:
        return Unreadable(
            "cle_en_double",
            f"Dans « {self.file_name} », une même fiche (enregistrement n° {self.given + 1}) donne deux fois le "
            f"champ « {key} » : on "
            "ne peut pas savoir laquelle des deux valeurs est la bonne ; refaites l'export.",
        )

    def no_list(self, path: str, document: int, others: _Others) -> Unreadable:
        there = ", ".join(f"« {each} »" for each in others.lists[:SHOWN_PATHS]) or "aucune"
        said = f" La plateforme a répondu : « {others.complaint} »." if others.complaint else ""
        return Unreadable(
            "liste_absente",
            f"Dans « {self.file_name} », le document n° {document} n'a pas de liste « {path} » (listes présentes : "
            f"{there}).{said} "
            "Corrigez le chemin « records » du contrat, ou refaites l'export.",
        )


class _Others:
    """What a document has besides the list looked for: the paths of its other lists, and an error it may carry."""

    def __init__(self) -> None:
        self.lists: list[str] = []
        self.complaint = ""

    def note(self, path: tuple[str, ...], value: Any) -> None:
        if type(value) is list:
            self.lists.append(".".join(path) or "(le document lui-même)")
            if path == ("errors",) and value and type(value[0]) is dict and type(value[0].get("message")) is str:
                self.complaint = value[0]["message"][:200]
        elif type(value) is dict and len(path) < 8 and len(self.lists) < SHOWN_PATHS:
            for key, inner in value.items():
                self.note((*path, key), inner)


def too_deep(file_name: str) -> Unreadable:
    """The reason given for objects nested beyond what any platform writes."""
    return Unreadable(
        "json_trop_profond",
        f"« {file_name} » emboîte trop de niveaux les uns dans les autres pour être un export : vérifiez le fichier.",
    )


def _ends_there(error: json.JSONDecodeError, text: str) -> bool:
    """Whether the text simply stops at the error, rather than going on with something else."""
    rest = text[error.pos :].rstrip()
    if error.msg.startswith("Unterminated") or not rest:
        return True
    return any(literal.startswith(rest) for literal in ("true", "false", "null", "-")) or rest.startswith("\\")


def _reason(message: str) -> str:
    if message.startswith("Invalid control character"):
        return "un retour à la ligne ou une tabulation se trouve tel quel dans un texte"
    if message.startswith("Unterminated"):
        return "un guillemet n'est pas refermé"
    if message.startswith("Invalid \\"):
        return "une barre oblique inverse est mal employée dans un texte"
    return "la ponctuation (accolades, crochets, virgules, guillemets) n'est pas celle du JSON"


def _kind(value: Any) -> str:
    match value:
        case list():
            return "une liste"
        case None:
            return "vide (null)"
        case bool():
            return "un oui/non"
        case _:
            return "un texte ou un nombre"
