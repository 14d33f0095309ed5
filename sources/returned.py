"""What came back in workbooks, kept as data: one file per workbook, and reading them back as corrections and explanations.

Here: the files of `corrections/` in the home. They are written once, and changed only to forget a person; a later one may
replace a line of an earlier. Texts about persons are sealed. Not here: reading the workbooks (`returns.py`), applying corrections (`corrections.py`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from identity.cipher import Cipher
from sources.corrections import At, Correction
from sources.explanations import Explanation

CORRECTIONS, EXPLANATIONS = "corrections", "explications"
REASON = "Valeur corrigée par qui l'avait saisie, dans le classeur de retour de la version {release}."


def documents(directory: Path | None) -> Iterator[dict[str, Any]]:
    """Every workbook that was taken, oldest first."""
    if directory is None or not directory.is_dir():
        return
    found = [json.loads(path.read_text(encoding="utf-8")) for path in directory.glob("*.json")]
    yield from sorted(found, key=lambda document: (document["received_at"], document["delivery_id"]))


def in_force(directory: Path | None, kind: str) -> dict[tuple, dict[str, Any]]:
    """The lines of one kind that stand, by what they speak of: the last taken for each cell or figure."""
    lines: dict[tuple, dict[str, Any]] = {}
    for document in documents(directory):
        if document["kind"] == kind:
            for line in document["lines"]:
                lines[subject_of(line)] = line | {"workbook": document["delivery_id"], "release": document["release"]}
    return lines


def subject_of(line: dict[str, Any]) -> tuple:
    """What a line speaks of: a cell of a row of a delivery, or a printed figure."""
    names = ("source", "delivery_id", "row_number", "field") if "field" in line else ("programme_id", "indicator", "dimension", "member")  # fmt: skip
    return tuple(line[name] for name in names)


def returned_corrections(
    directory: Path | None, source: str, cipher: Cipher, besides: Sequence[dict[str, Any]] = ()
) -> tuple[Correction, ...]:
    """Corrections of one source, their texts unsealed; as if the lines `besides` had been taken."""
    found = []
    lines = in_force(directory, CORRECTIONS) | {subject_of(line): line for line in besides}
    for line in lines.values():
        if line["source"] == source:
            expect = {} if line["expect"] is None else {line["field"]: unsealed(line, line["expect"]["text"], cipher)}
            found.append(_correction(line, expect, unsealed(line, line["text"], cipher)))
    return tuple(sorted(found, key=lambda item: item.id))


def returned_without_texts(directory: Path | None) -> list[tuple[str, Correction]]:
    """(source, correction) of every line, for whoever says that a row was corrected and not what was typed."""
    lines = in_force(directory, CORRECTIONS).values()
    return [(line["source"], _correction(line, {}, None)) for line in sorted(lines, key=lambda line: line["id"])]


def returned_hash(directory: Path | None, source: str) -> str:
    """What decides how deliveries of a source are corrected; '' when nothing came back for it."""
    lines = [line for line in in_force(directory, CORRECTIONS).values() if line["source"] == source]
    if not lines:
        return ""
    text = json.dumps(sorted(lines, key=lambda line: line["id"]), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def returned_explanations(directory: Path | None) -> tuple[Explanation, ...]:
    """What came back about differences, as if it had been declared in `explanations.yml`."""
    names = Explanation.model_fields
    return tuple(
        Explanation(**{name: value for name, value in line.items() if name in names})
        for line in in_force(directory, EXPLANATIONS).values()
    )


def with_returned(declared: tuple[Explanation, ...], returned: tuple[Explanation, ...]) -> tuple[Explanation, ...]:
    """One explanation per figure: what came back is asked for only when the declared one no longer explains, and replaces it."""
    by_figure = {(e.programme_id, e.indicator, e.dimension, e.member): e for e in (*declared, *returned)}
    return tuple(by_figure.values())


def forget(
    directory: Path | None,
    cipher: Cipher,
    *,
    rows: Collection[tuple[str, str, int]] = (),
    mentions: Callable[[str], bool] | None = None,
) -> int:
    """Drop the lines of rows (source, delivery_id, row_number) that were erased, and those that mention a person. How many went."""
    if directory is None:
        return 0
    gone, rows = 0, set(rows)
    for document in list(documents(directory)):
        kept = []
        for line in document["lines"]:
            erased = (line.get("source"), line.get("delivery_id"), line.get("row_number")) in rows
            if not erased and not (mentions and any(map(mentions, _texts(line, cipher)))):
                kept.append(line)
        if len(kept) < len(document["lines"]):
            gone += len(document["lines"]) - len(kept)
            write(directory, document | {"lines": kept})
    return gone


NO_AUTHOR = "auteur non conservé"
"""Stands for a name whose time has passed."""


def forget_authors(directory: Path | None, before: date, *, apply: bool) -> int:
    """Take away the names under the lines that are older; the lines stand. How many had one."""
    gone = 0
    for document in list(documents(directory)):
        old = [_written_on(line) < before and line["author"] != NO_AUTHOR for line in document["lines"]]
        gone += sum(old)
        if directory is not None and apply and any(old):
            lines = [
                line | {"author": NO_AUTHOR} if is_old else line
                for line, is_old in zip(document["lines"], old, strict=True)
            ]
            write(directory, document | {"lines": lines})
    return gone


def _written_on(line: dict[str, Any]) -> date:
    return date.fromisoformat(line["added_on" if "field" in line else "explained_on"])


def nb_mentioning(directory: Path | None, cipher: Cipher, mentions: Callable[[str], bool]) -> int:
    """How many lines mention a person."""
    lines = [line for document in documents(directory) for line in document["lines"]]
    return sum(any(map(mentions, _texts(line, cipher))) for line in lines)


def _texts(line: dict[str, Any], cipher: Cipher) -> list[str]:
    """What somebody typed in a line."""
    texts = [line.get("author"), line.get("cause"), line.get("treatment")]
    if "field" in line:
        expected = (line["expect"] or {}).get("text")
        texts += [unsealed(line, line["text"], cipher), unsealed(line, expected, cipher)]
    return [text for text in texts if text]


def write(directory: Path, document: dict[str, Any]) -> None:
    """Beside, then renamed: a reader sees no workbook or all its lines."""
    target = directory / f"{document['delivery_id']}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    aside.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(aside, target)


def unsealed(line: dict[str, Any], text: str | None, cipher: Cipher) -> str | None:
    """A text of a line in the clear; of a list of persons it is sealed under the line's id."""
    if text is None or not line["sealed"]:
        return text
    return cipher.open_text(text, purpose="quarantine", context=line["id"])


def _correction(line: dict[str, Any], expect: dict[str, str | None], text: str | None) -> Correction:
    return Correction(
        id=line["id"],
        at=At(delivery_id=line["delivery_id"], file_name=line["file_name"], row_number=line["row_number"]),
        expect=expect,
        set={line["field"]: text},
        reason=REASON.format(release=line["release"]),
        author=line["author"],
        added_on=date.fromisoformat(line["added_on"]),
    )
