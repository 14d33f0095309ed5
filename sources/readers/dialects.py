"""Text files that no rule of delimited files describes, named one by one.

Belongs here: the learning dashboard of BigBlueButton.
Does not belong here: anything a separator, an encoding and strict quotes can read (`delimited`).
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from rulebook.numbers import plural
from sources.readers.delimited import MAX_BYTES
from sources.readers.encoding import find_encoding
from sources.readers.sheet import Note, Sheet, TableBuilder, Unreadable
from sources.readers.signature import empty_file, require_text

DASHBOARD_COLUMNS = 12
"""Name, moderator, score, talk, webcam, messages, reactions, polls, raised hands, join, left, duration: polls come after."""

_END_OF_RECORD = re.compile(r'"\r?\n(?=")')


def read_learning_dashboard(path: Path, *, file_name: str, encoding: str | None = None) -> list[Sheet]:
    """The single sheet of the file « learning dashboard » of BigBlueButton, its `name` None; header in row 1, persons below.

    Format: `bbb-learning-dashboard/src/services/UserService.js` of bigbluebutton/bigbluebutton. The header is not
    quoted, although a poll question may hold a comma; values are all quoted and never escape a quote; the last row
    gathers the answers to anonymous polls, one per line in a cell. So: records end with a quote and a line break,
    values are cut at `","`, and a piece of header that begins with a space continues the question before it. The
    anonymous row is no person: it is left out, with a note that counts its answers. Raises Unreadable: the rules of
    `signature` and `encoding`, `fichier_trop_gros`, `fichier_vide`, `entete_decalee` (the questions cannot be told
    apart), `guillemets` (a row that does not have the columns of the others).
    """
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(
            "fichier_trop_gros", f"« {file_name} » dépasse {MAX_BYTES >> 20} Mo : découpez-le en plusieurs fichiers."
        )
    require_text(path, file_name)
    found = find_encoding(path, file_name=file_name, declared=encoding)
    text = path.read_bytes()[found.mark_bytes :].decode(found.codec, found.errors).replace("\0", "")
    first_line, _, body = text.partition("\n")
    if not first_line.strip():
        raise empty_file(file_name)
    records = [_values(each) for each in _END_OF_RECORD.split(body.strip("\r\n"))] if body.strip() else []
    width = len(records[0]) if records else None
    header = _header(first_line.rstrip("\r"), width, file_name)
    for number, record in enumerate(records, start=2):
        if len(record) != len(header):
            raise Unreadable(
                "guillemets",
                f"« {file_name} » a {plural(len(record), 'valeur')} à l'enregistrement {number} au lieu de {len(header)} : un "
                "guillemet ou une virgule d'un nom décale les colonnes ; corrigez cette ligne et renvoyez le fichier.",
            )
    notes = list(found.notes)
    if records and _is_anonymous(records[-1]):
        answers = sum(len(cell.splitlines()) for cell in records.pop()[DASHBOARD_COLUMNS:])
        message = f"La dernière ligne réunit {plural(answers, 'réponse')} à des sondages anonymes : ce n'est pas une personne."
        notes.append(Note("reponses_anonymes", message))
    builder = TableBuilder(f"« {file_name} »")
    builder.add(1, [header, *records])
    return [Sheet(None, builder.finish(), tuple(notes))]


def _values(record: str) -> list[str]:
    return record.removeprefix('"').removesuffix('"').split('","')


def _header(line: str, width: int | None, file_name: str) -> list[str]:
    """The header in `width` columns: pieces of a question cut at its own commas are put back together."""
    if line.startswith('"'):
        return next(csv.reader(io.StringIO(line)))
    pieces = line.split(",")
    header, questions = pieces[:DASHBOARD_COLUMNS], pieces[DASHBOARD_COLUMNS:]
    if width is None or len(pieces) == width:
        return pieces
    if width == DASHBOARD_COLUMNS + 1:
        return [*header, ",".join(questions)]
    joined: list[str] = []
    for piece in questions:
        if joined and piece.startswith(" "):
            joined[-1] += "," + piece
        else:
            joined.append(piece)
    if len(header) + len(joined) != width:
        raise Unreadable(
            "entete_decalee",
            f"Dans « {file_name} », les questions des sondages contiennent des virgules et ne peuvent pas être "
            f"distinguées ({plural(width - DASHBOARD_COLUMNS, 'colonne')} de réponses) : mettez chaque question de la première ligne entre "
            "guillemets, ainsi que les autres en-têtes, et renvoyez le fichier.",
        )
    return [*header, *joined]


def _is_anonymous(record: list[str]) -> bool:
    """By shape, since the word is translated: nothing but a name and answers; a person has at least a time of "
    "arrival."""
    return not any(record[1:DASHBOARD_COLUMNS])
