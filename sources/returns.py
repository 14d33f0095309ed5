"""Workbooks that come back filled in: of what to fix, each line a correction; of unexplained differences, each an explanation.

Here: reading such a workbook, judging each filled line, keeping what is taken (`returned.py`), saying in French what is not and why.
A line is taken when it still speaks of a cell that is set aside, or of a difference, says who filled it and when, and does not
contradict another. Not here: writing the workbooks (publication), applying what they say (`landing.py`, `handover.py`).

The workbook (docs/architecture.md): a hidden sheet `observatoire-retour` with two columns, name and value (`kind`, `release`,
`made_on`), and one other sheet (or copies of it) whose header row has a cell « clé »; under it, in each row, a JSON list that names the line.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from identity.cipher import Cipher
from identity.vault import Vault
from rulebook.numbers import plural
from sources.contract import LoadedContract
from sources.entities import ENTITIES
from sources.headers import Unbound
from sources.inbox import RETURN_SHEET, RETURNS, Arrival, look
from sources.landing import NotReadAgain, Places, keep, original_path, refused_with
from sources.ledger import DeliveryReport, deliveries, open_ledger, record_delivery, record_sighting
from sources.note import Note
from sources.readers import Sheet, Unreadable, read_spreadsheet
from sources.returned import CORRECTIONS, EXPLANATIONS, in_force, subject_of, unsealed, write
from sources.values.refusal import quote
from sources.values.text import clean

KEY = "clé"
EMPTY = "(vide)"
"""Typed to say that the right value is no value at all."""

FILLED_IN = {
    CORRECTIONS: ("valeur corrigée", "auteur", "date"),
    EXPLANATIONS: ("explication", "ce qui en est fait", "auteur", "date"),
}
"""The columns that people fill in: without one of them what they typed cannot be told from what they left empty."""

MOST_NOTES = 200


@dataclass
class Returned:
    """One workbook (`workbook`: its delivery_id) as it is being judged: what is taken and of what (`seen`: what was typed first; `rows`: where),
    what is said, how many lines there are of each fate."""

    workbook: str
    kind: str
    release: int
    made_on: date
    lines: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    filled: int = 0
    unfilled: int = 0
    known: int = 0
    seen: dict[tuple, object] = field(default_factory=dict)
    rows: dict[tuple, dict[str, str | None]] = field(default_factory=dict)


def take_returns(
    places: Places, contracts: dict[str, LoadedContract], *, now: datetime | None = None
) -> list[DeliveryReport]:
    """Take every workbook that came back since the last time; a report each. Safe to repeat and to interrupt."""
    now = now or datetime.now(UTC).replace(microsecond=0)
    if places.returned is None:
        return []
    reports = []
    for arrival in look(places.inbox, places.ledger, contracts, returns_only=True).returns:
        if arrival.has_moved:
            continue
        vault = Vault(places.vault)
        keep(places.originals, arrival, vault.cipher)
        name = f"{arrival.source}/{arrival.path.name}"
        report = _take(places, places.returned, contracts, vault.cipher, arrival, name, now)
        with open_ledger(places.ledger) as ledger:
            if report is not None:
                record_delivery(ledger, report, "", now)
                reports.append(report)
            record_sighting(ledger, RETURNS, name, arrival.delivery_id, arrival.bytes, arrival.stamp, now)
    return reports


def _take(
    places: Places,
    directory: Path,
    contracts: dict[str, LoadedContract],
    cipher: Cipher,
    arrival: Arrival,
    name: str,
    now: datetime,
) -> DeliveryReport | None:
    """None when these bytes were taken before, under whatever name: what was said of them then stays."""
    report = DeliveryReport(RETURNS, arrival.delivery_id, arrival.sha256, name, arrival.bytes, now, "accepted")
    target = directory / f"{arrival.delivery_id}.json"
    if target.exists():
        with open_ledger(places.ledger) as ledger:
            if any(row["delivery_id"] == arrival.delivery_id for row in deliveries(ledger, RETURNS)):
                return None
        # the ledger is an older one, that a backup brought
        return replace(report, notes=(Note("deja_pris", "Ce classeur a déjà été pris en compte."),))
    original = original_path(places.originals, arrival.sha256)
    try:
        with cipher.open_decrypted(original, purpose="originals", context=arrival.sha256) as decrypted:
            sheets = read_spreadsheet(decrypted.path, file_name=arrival.path.name)
        returned, rows = _opened(sheets, arrival.delivery_id)
    except Unreadable as problem:
        return replace(report, outcome="refused", rule=problem.rule, message=problem.message)
    for row in rows:
        if returned.kind == CORRECTIONS:
            _corrected(returned, row, places, contracts, cipher, now)
        else:
            _explained(returned, row, places, now)
    if returned.kind == CORRECTIONS:
        _refuse_again(returned, places, contracts)
    if returned.lines:
        document = {
            "delivery_id": arrival.delivery_id,
            "file_name": name,
            "kind": returned.kind,
            "release": returned.release,
        }
        write(directory, document | {"received_at": now.isoformat(), "lines": returned.lines})
    refused = returned.filled - len(returned.lines) - returned.known
    summary = (
        f"rien n'y est rempli ({plural(returned.unfilled, 'ligne laissée vide', 'lignes laissées vides')})."
        if not returned.filled
        else f"{plural(returned.filled, 'ligne remplie', 'lignes remplies')} : {plural(len(returned.lines), 'prise', 'prises')} en compte, "
        f"{plural(returned.known, 'déjà connue', 'déjà connues')}, {plural(refused, 'refusée')} ; "
        f"{plural(returned.unfilled, 'laissée vide', 'laissées vides')}."
    )
    return replace(
        report,
        rows_read=returned.filled,
        rows_accepted=len(returned.lines),
        rows_duplicate=returned.known,
        rows_quarantined=refused,
        rows_structure=returned.unfilled,
        message=summary,
        notes=tuple(returned.notes[:MOST_NOTES]),
    )


def _opened(sheets: list[Sheet], workbook: str) -> tuple[Returned, list[dict[str, str | None]]]:
    """The workbook's hidden sheet, and the lines of the others as header → text (with `row` and `mark`, where a line stands, in words and in
    its identifier). Raises Unreadable."""
    hidden = next((sheet for sheet in sheets if sheet.name == RETURN_SHEET), None)
    facts = {row.get("c1"): row.get("c2") for row in (hidden.table.to_pylist() if hidden else [])}
    try:
        kind, release, made_on = facts["kind"], int(facts["release"]), date.fromisoformat(facts["made_on"])
    except (KeyError, TypeError, ValueError):
        raise _damaged() from None
    if kind not in (CORRECTIONS, EXPLANATIONS):
        raise _damaged()
    lines: list[dict[str, str | None]] = []
    copies = 0
    for sheet in sheets:
        found = None if sheet is hidden else _lines_of(sheet, kind)
        if found is None:
            continue
        for line in found:
            number = line["row"]
            # somebody who copies the sheet, and fills in the copy, is heard too
            if copies:
                line["row"] = f"{number} de la feuille « {sheet.name} »"
            line["mark"] = f"{copies}-{number}" if copies else number
        lines += found
        copies += 1
    if not copies:
        raise _damaged()
    return Returned(workbook, kind, release, made_on), lines


def _lines_of(sheet: Sheet, kind: str) -> list[dict[str, str | None]] | None:
    """The lines under a header row with a cell « clé », as header → text (with `row`); None without one. Raises Unreadable."""
    rows = sheet.table.to_pylist()
    for place, row in enumerate(rows):
        texts = {name: text for name, text in row.items() if name != "row_number" and text}
        if KEY in texts.values():
            headers = {name: clean(text).casefold() for name, text in texts.items()}
            if gone := [heading for heading in FILLED_IN[kind] if heading not in headers.values()]:
                raise _damaged(f"n'a plus de colonne « {' », « '.join(gone)} »")
            key = next(name for name, header in headers.items() if header == KEY)
            return [
                {header: line[name] for name, header in headers.items()} | {"row": str(line["row_number"])}
                for line in rows[place + 1 :]
                if line.get(key)
            ]
    return None


def _damaged(what: str = "ses lignes n'y sont plus reconnues") -> Unreadable:
    return Unreadable(
        "retour_abime",
        f"Ce classeur vient de l'observatoire mais {what} : repartez du classeur publié, sans supprimer ni renommer de "
        "colonne ni de feuille.",
    )


# --- one line ------------------------------------------------------------------------------------------------------


def _refuse(returned: Returned, row: dict[str, str | None], rule: str, sentence: str) -> None:
    returned.notes.append(Note(rule, f"Ligne {row['row']} : {sentence}"))


def _corrected(
    returned: Returned,
    row: dict[str, str | None],
    places: Places,
    contracts: dict[str, LoadedContract],
    cipher: Cipher,
    now: datetime,
) -> None:
    """One line of what to fix: taken as a correction, or a note."""
    filled = _filled(returned, row, now, "valeur corrigée", (str, str, int, str, str))
    if filled is None:
        return
    typed, (source, delivery_id, row_number, field_name, rule), author, on = filled
    cell = clean(row.get("cellule") or "") or f"ligne {row_number}"
    what = f"la cellule {cell}"
    aside = _set_aside(places, contracts, source, delivery_id, row_number, field_name, rule)
    if aside is None:
        return _refuse(
            returned, row, "sans_objet",
            f"{what} n'est plus mise de côté (fichier remplacé, ou déjà corrigé) : rien n'est changé.",
        )  # fmt: skip
    text = None if typed.casefold() == EMPTY else typed
    personal = bool(ENTITIES[contracts[source].contract.entity].personal)
    line: dict[str, Any] = {
        "source": source, "delivery_id": delivery_id, "row_number": row_number, "field": field_name,
    }  # fmt: skip
    subject = subject_of(line)
    if subject in returned.seen:
        if returned.seen[subject] == text:
            returned.known += 1
            return None
        return _refuse(returned, row, "deux_corrections", f"{what} est corrigée deux fois dans ce classeur : la première est gardée.")  # fmt: skip
    returned.seen[subject], returned.rows[subject] = text, row
    before = in_force(places.returned, CORRECTIONS).get(subject)
    expect = _expected(aside, rule, cipher, f"{source}/{delivery_id}", personal)
    if before is not None:
        if unsealed(before, before["text"], cipher) == text:
            returned.known += 1
            return None
        if returned.release <= before["release"]:
            said = _said_before("correction", before["author"], before["added_on"])
            return _refuse(returned, row, "deux_corrections", f"{what} {said}")
        expect = before["expect"] and {"text": unsealed(before, before["expect"]["text"], cipher)}
    line |= {
        "id": f"retour-{returned.workbook[:8]}-{row['mark']}",
        "file_name": aside["file_name"],
        "cell": cell,
        "text": text,
        "expect": expect,
        "sealed": personal,
        "author": author,
        "added_on": on.isoformat(),
    }
    returned.lines.append(_sealed(line, cipher) if personal else line)


def _refuse_again(returned: Returned, places: Places, contracts: dict[str, LoadedContract]) -> None:
    """Take back the corrections whose own value is refused where it would stand, each with a note. What cannot be read again now is the night's
    to say: its lines stay."""
    by_delivery: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in returned.lines:
        by_delivery.setdefault((line["source"], line["delivery_id"]), []).append(line)
    for (source, delivery_id), lines in by_delivery.items():
        with open_ledger(places.ledger) as ledger:
            row = next(row for row in deliveries(ledger, source) if row["delivery_id"] == delivery_id)
        besides = [line | {"release": returned.release} for line in lines]
        try:
            refused = refused_with(places, contracts[source], row, besides)
        except (NotReadAgain, Unreadable, Unbound):
            continue
        for line in lines:
            why = refused.get((line["row_number"], line["field"]))
            if why is not None:
                returned.lines.remove(line)
                _refuse(
                    returned, returned.rows[subject_of(line)], "valeur_refusee",
                    f"la valeur corrigée de la cellule {line['cell']} est refusée à son tour, rien n'est changé. {why}",
                )  # fmt: skip


def _explained(returned: Returned, row: dict[str, str | None], places: Places, now: datetime) -> None:
    """One unexplained difference: taken as an explanation, or a note."""
    filled = _filled(returned, row, now, "explication", (str, str, str, str, int | float | None))
    if filled is None:
        return
    cause, (programme_id, indicator, dimension, member, difference), author, on = filled
    treatment = clean(row.get("ce qui en est fait") or "")
    if not treatment:
        return _refuse(returned, row, "sans_suite", "dites dans « ce qui en est fait » quel chiffre est publié.")
    line: dict[str, Any] = {
        "programme_id": programme_id,
        "indicator": indicator,
        "dimension": dimension,
        "member": member,
        "expected_difference": difference,
        "cause": cause,
        "treatment": treatment,
        "author": author,
        "explained_on": on.isoformat(),
        "id": f"retour-{returned.workbook[:8]}-{row['mark']}",
    }
    subject, what = subject_of(line), f"le chiffre « {indicator} / {dimension} / {member} »"
    if subject in returned.seen:
        if returned.seen[subject] == (cause, treatment):
            returned.known += 1
            return None
        return _refuse(returned, row, "deux_explications", f"{what} est expliqué deux fois dans ce classeur : la première est gardée.")  # fmt: skip
    returned.seen[subject] = cause, treatment
    before = in_force(places.returned, EXPLANATIONS).get(subject)
    if before is not None:
        if all(before[name] == line[name] for name in ("cause", "treatment", "expected_difference")):
            returned.known += 1
            return None
        if returned.release <= before["release"]:
            said = _said_before("explication", before["author"], before["explained_on"])
            return _refuse(returned, row, "deux_explications", f"{what} {said}")
    returned.lines.append(line)


def _filled(
    returned: Returned, row: dict[str, str | None], now: datetime, heading: str, kinds: tuple[Any, ...]
) -> tuple[str, list[Any], str, date] | None:
    """What was typed under `heading`, the line's key, who filled it and when; None when nothing was, or with a note what does not hold."""
    typed = clean(row.get(heading) or "")
    if not typed:
        returned.unfilled += 1
        return None
    returned.filled += 1
    signed = _signed(returned, row, now)
    if signed is None:
        return None
    try:
        key = json.loads(row[KEY] or "")
    except ValueError:
        key = None
    if not isinstance(key, list) or len(key) != len(kinds) or not all(map(isinstance, key, kinds)):
        return _refuse(returned, row, "cle_abimee", "la cellule « clé » a été modifiée : repartez du classeur publié.")
    return typed, key, *signed


def _signed(returned: Returned, row: dict[str, str | None], now: datetime) -> tuple[str, date] | None:
    """Who filled the line and when; None, with a note, when one of them does not hold."""
    author = clean(row.get("auteur") or "") or ""
    if not re.search(r"[^\W\d_]{2}", author) or len(author) > 80:
        return _refuse(returned, row, "auteur", "la colonne « auteur » doit dire qui a rempli la ligne.")
    typed = clean(row.get("date") or "") or ""
    on = _date(typed)
    if on is None:
        return _refuse(returned, row, "date", f"la colonne « date » doit porter un jour, par exemple 27/11/2026 (lu : {quote(typed)}).")  # fmt: skip
    if on > now.date() + timedelta(days=1):
        return _refuse(returned, row, "date", f"la date {on:%d/%m/%Y} est dans le futur.")
    if on < returned.made_on - timedelta(days=1):
        return _refuse(returned, row, "date", f"la date {on:%d/%m/%Y} précède la version {returned.release}, faite le {returned.made_on:%d/%m/%Y}.")  # fmt: skip
    return author, on


def _date(text: str) -> date | None:
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d.%m.%Y"):
        with contextlib.suppress(ValueError):
            return datetime.strptime(text[:10], pattern).date()
    return None


def _said_before(kind: str, author: str, on: str) -> str:
    return (
        f"a déjà reçu une autre {kind}, de {author} le {date.fromisoformat(on):%d/%m/%Y} : elle est gardée. "
        "Pour en changer, remplissez le classeur d'une version plus récente."
    )


def _set_aside(
    places: Places, contracts: dict[str, LoadedContract], source: str, delivery_id: str, row_number: int, field_name: str, rule: str
) -> dict[str, Any] | None:  # fmt: skip
    """The refused cell a line speaks of, if it still is: its delivery in force, the cell refused by the same rule."""
    if (
        source not in contracts
        or field_name not in contracts[source].contract.fields
        or not re.fullmatch(r"[0-9a-f]{16}", delivery_id)
    ):
        return None  # fmt: skip
    with open_ledger(places.ledger) as ledger:
        states = {row["delivery_id"]: row["state"] for row in deliveries(ledger, source)}
    path = places.landing / "quarantine" / f"{source}__{delivery_id}.parquet"
    if states.get(delivery_id) != "accepted" or not path.exists():
        return None
    with contextlib.closing(duckdb.connect()) as con:
        found = con.execute(
            "select file_name, value from read_parquet($path) where row_number = $row and field = $field and rule = $rule limit 1",
            {"path": str(path), "row": int(row_number), "field": field_name, "rule": rule},
        ).fetchall()
    return {"file_name": found[0][0], "value": found[0][1]} if found else None


def _expected(
    aside: dict[str, Any], rule: str, cipher: Cipher, context: str, personal: bool
) -> dict[str, str | None] | None:
    """What the cell holds now, the guard in a later file of the same name; None when it was not kept."""
    if rule == "valeur_manquante":
        return {"text": None}
    if rule == "cle_en_double" or aside["value"] is None:  # a label of the key, or a field whose text is never kept
        return None
    return {
        "text": cipher.open_text(aside["value"], purpose="quarantine", context=context) if personal else aside["value"]
    }


def _sealed(line: dict[str, Any], cipher: Cipher) -> dict[str, Any]:
    """The line with what was typed about a person sealed."""

    def seal(text: str | None) -> str | None:
        return None if text is None else cipher.seal_text(text, purpose="quarantine", context=line["id"])

    return line | {"text": seal(line["text"]), "expect": line["expect"] and {"text": seal(line["expect"]["text"])}}
