"""What a file is, by its bytes alone: a workbook, a delimited text, JSON, the learning dashboard of BigBlueButton.

Here: the shape, its options, the sheets it gives, and what is worth saying of them. Not here: where the table stands in a
sheet (`table.py`). The name of the file is shown and never believed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rulebook.numbers import plural
from sources.readers import Sheet, Unreadable, read
from sources.readers.delimited import NO_DELIMITER, deduce_delimiter
from sources.readers.encoding import SHOWN, find_encoding
from sources.readers.json_documents import too_deep
from sources.readers.records import Pairs
from sources.readers.repaired import repaired
from sources.readers.signature import signature
from sources.readers.together import rows_alike

MAX_JSON_BYTES = 100 << 20
_LABEL_KEYS = ("label", "question", "name", "title", "question_identifier", "questionId", "key", "libelle")
_VALUE_KEYS = ("value", "answer", "text", "stringValue", "valeur", "reponse")
_DEPTH = 6


@dataclass
class Reading:
    """A file once its bytes are understood. `options` are those of the contract's `files`; `hints` are French sentences for
    the comments of a draft; `sheets` the sheets in the order a person should look at them, visible and filled first; `lists`
    the paths of the lists of records of a JSON document."""

    path: Path
    file_name: str
    shape: str
    options: dict[str, Any]
    sheets: list[Sheet]
    hints: list[str] = field(default_factory=list)
    lists: frozenset[str] = frozenset()

    @property
    def sheet(self) -> Sheet:
        return self.sheets[0]


def look_at(path: Path, file_name: str) -> Reading:
    """Read the file for what it is. Raises Unreadable, with the sentence for the person who has the file."""
    kind = signature(path)
    if kind in ("zip", "ole"):
        return _workbook(path, file_name)
    if kind == "text":
        text = _beginning(path, file_name)
        if text.lstrip()[:1] in ("{", "["):
            return _json(path, file_name)
        if _is_dashboard(text):
            sheets = read(path, file_name=file_name, shape="learning_dashboard")
            return Reading(path, file_name, "learning_dashboard", {}, sheets, ["tableau de bord de BigBlueButton"])
    return _delimited(path, file_name)


def _beginning(path: Path, file_name: str) -> str:
    found = find_encoding(path, file_name=file_name)
    with open(path, "rb") as file:
        file.seek(found.mark_bytes)
        return file.read(65_536).decode(found.codec, "replace")


def _workbook(path: Path, file_name: str) -> Reading:
    sheets = _repaired(read(path, file_name=file_name, shape="spreadsheet"))
    filled = [sheet for sheet in sheets if sheet.table.num_rows]
    hidden = {sheet.name for sheet in filled if any(note.rule == "feuille_masquee" for note in sheet.notes)}
    ordered = sorted(filled, key=lambda sheet: sheet.name in hidden)
    chosen, others = ordered[0], ordered[1:]
    hints = [f"feuille « {chosen.name} », la première visible et remplie"]

    def named(several: list[Sheet]) -> str:
        return ", ".join(
            f"« {other.name} »{' (masquée)' if other.name in hidden else ''}, {plural(other.table.num_rows, 'ligne remplie', 'lignes remplies')}"
            for other in several
        )

    alike = [other for other in others if other.name not in hidden and rows_alike(chosen.table, other.table)]
    if alike:
        hints.append(
            f"feuilles de mêmes colonnes, à lire comme une seule liste (« every_sheet ») : {named(alike)} ; pour n'en lire qu'une, mettez "
            "« sheet » à la place ; le nom de la feuille peut être une valeur (« sheet_name: true »), celui de l'événement par exemple"
        )
    if left := [other for other in others if other not in alike]:
        hints.append(f"autres feuilles, non lues : {named(left)}")
    options: dict[str, Any] = {"every_sheet": True} if alike else {"sheet": chosen.name} if len(filled) > 1 else {}
    return Reading(path, file_name, "spreadsheet", options, ordered, hints)


def _delimited(path: Path, file_name: str) -> Reading:
    sheets = read(path, file_name=file_name, shape="delimited")
    found = find_encoding(path, file_name=file_name)
    hints = [f"texte en {SHOWN[found.codec]}{', avec sa marque' if found.mark_bytes else ''}"]
    beginning = _beginning(path, file_name)
    if beginning.lstrip('"')[:4].lower() == "sep=":
        return Reading(
            path, file_name, "delimited", {}, _repaired(sheets), [*hints, "séparateur annoncé par la 1re ligne"]
        )
    delimiter = deduce_delimiter(beginning)
    if delimiter == NO_DELIMITER:
        return Reading(path, file_name, "delimited", {}, _repaired(sheets), [*hints, "une seule colonne"])
    return Reading(path, file_name, "delimited", {"delimiter": delimiter}, _repaired(sheets), hints)


def _repaired(sheets: list[Sheet]) -> list[Sheet]:
    return [repaired(sheet) for sheet in sheets]


def _is_dashboard(text: str) -> bool:
    """Its header is not quoted, and everything below is: twelve columns or more, the second TRUE or FALSE."""
    header, _, body = text.partition("\n")
    first = body.split("\n", 1)[0]
    return (
        not header.startswith('"')
        and header.count(",") >= 11
        and re.match(r'"[^"]*","(?:TRUE|FALSE)",', first, re.IGNORECASE) is not None
    )


def _json(path: Path, file_name: str) -> Reading:
    if path.stat().st_size > MAX_JSON_BYTES:
        raise Unreadable(
            "fichier_trop_gros",
            f"« {file_name} » dépasse {MAX_JSON_BYTES >> 20} Mo : faites l'ébauche du contrat sur un extrait, une page suffit.",
        )
    documents = list(_documents(path, file_name))
    lists = [found for document in documents for found in _lists(document, ())]
    records, elements = max(
        lists,
        key=lambda found: (len(found[1]), -found[0].count(".")),
        default=("", documents),
    )
    options: dict[str, Any] = {"records": records} if records else {}
    hints = [f"JSON, {plural(len(elements), 'enregistrement')}" + (f" dans la liste « {records} »" if records else "")]
    pairs, nested = [], []
    for inner, items in _nested(elements):
        labelled = _as_pairs(inner, items)
        if labelled:
            pairs.append(labelled)
        else:
            nested.append(inner)
    if pairs:
        options["pairs"] = pairs
        hints.append("« pairs » : ces listes d'étiquettes et de valeurs deviennent une colonne par étiquette")
    hints += [f"pour une ligne par élément de la liste « {each} » : explode: {each}" for each in nested]
    if _is_tagged(elements):
        options["tagged_lists"] = True
        hints.append("listes écrites à la façon de Grist, un code devant")
    shown = {**options, "pairs": [Pairs(**pair) for pair in pairs]} if pairs else options
    sheets = read(path, file_name=file_name, shape="json", **shown)
    if not sheets[0].table.num_columns > 1 or not elements:
        raise Unreadable(
            "aucun_enregistrement",
            f"« {file_name} » ne contient aucun enregistrement, donc aucune colonne à décrire : refaites l'ébauche sur une page "
            "qui en a au moins un.",
        )
    return Reading(path, file_name, "json", options, _repaired(sheets), hints, frozenset(each for each, _ in lists))


def _is_tagged(elements: list) -> bool:
    """Whether lists begin with the codes of Grist's cells (`["L", …]` a list, `["d", n]` a day)."""
    fields = (element.get("fields") for element in elements if isinstance(element, dict))
    values = [value for each in fields if isinstance(each, dict) for value in each.values()]
    lists = [value for value in values if isinstance(value, list) and value]
    return bool(lists) and all(value[0] in ("L", "d", "D", "E", "R", "r", "O") for value in lists)


def _documents(path: Path, file_name: str) -> Iterator[Any]:
    found = find_encoding(path, file_name=file_name)
    text = path.read_bytes()[found.mark_bytes :].decode(found.codec, found.errors)
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        at += len(text[at:]) - len(text[at:].lstrip())
        if at == len(text):
            return
        try:
            document, at = decoder.raw_decode(text, at)
        except RecursionError:
            raise too_deep(file_name) from None
        except ValueError:
            read(path, file_name=file_name, shape="json")  # says what is wrong, and where
            raise Unreadable("json_illisible", f"« {file_name} » n'est pas du JSON : refaites l'export.") from None
        yield document


def _lists(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, list]]:
    """The lists of objects of a document, with their dotted paths; an empty list is one, an answer without record."""
    if isinstance(value, list):
        if all(isinstance(each, dict) for each in value):
            yield ".".join(path), value
    elif isinstance(value, dict) and len(path) < _DEPTH:
        for key, inner in value.items():
            if "." not in key:
                yield from _lists(inner, (*path, key))


def _nested(elements: list) -> list[tuple[str, list]]:
    """The lists of objects inside the records, all their elements together, by path."""
    found: dict[str, list] = {}
    for element in elements:
        for path, items in _lists(element, ()) if isinstance(element, dict) else ():
            if path:
                found.setdefault(path, []).extend(items)
    return [(path, items) for path, items in found.items() if items]


def _as_pairs(path: str, items: list[dict]) -> dict | None:
    keys = set.intersection(*(set(item) for item in items))
    label = next((key for key in _LABEL_KEYS if key in keys and all(isinstance(i[key], str) for i in items)), None)
    value = next((key for key in _VALUE_KEYS if key in keys and key != label), None)
    return {"path": path, "name": label, "value": value} if label and value else None
