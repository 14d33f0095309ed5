"""Known errors of a source, declared in `corrections/<source>.yml` and applied to the text before it is judged.

Here: the grammar of a correction and its application. A correction carries a guard, `expect`: when the source is fixed it
no longer matches, is not applied, and the delivery says so. Not here: hidden patches in SQL, explanations of differences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from rulebook.strict import Strict
from sources.columns import cleaned, equal_to
from sources.contract import Contract, ContractError, load_yaml
from sources.note import Note

CORRECTIONS = Path(__file__).with_name("corrections")


class At(Strict):
    """One row of one delivery, or the same row of a later file of the same name while the text there is the expected one."""

    delivery_id: str
    file_name: str
    row_number: int


class Correction(Strict):
    """One declared correction: rows where `match` holds and the text is still `expect` get the text of `set`.

    One that came back in a workbook names its row instead (`at`): the bytes of a delivery never change, so that they are a
    guard by themselves where what was typed is not known.
    """

    id: str
    match: dict[str, str] = Field(default_factory=dict)
    at: At | None = None
    expect: dict[str, str | None] = Field(default_factory=dict)
    set: dict[str, str | None] = Field(min_length=1)
    reason: str
    author: str
    added_on: date
    expires_on: date | None = None

    @model_validator(mode="after")
    def _guarded(self) -> Correction:
        if not self.at and not self.match:
            raise ValueError("« match » doit dire à quelles lignes la correction s'applique")
        if not self.at and self.set.keys() - self.expect.keys():
            raise ValueError("chaque champ de « set » doit avoir sa garde dans « expect » (le texte que l'on corrige)")
        return self


class _CorrectionFile(Strict):
    corrections: tuple[Correction, ...]


def load_corrections(contract: Contract, directory: Path = CORRECTIONS) -> tuple[tuple[Correction, ...], str]:
    """The corrections of one source and the hash of the file they come from ('' when there is none). Raises ContractError."""
    path = directory / f"{contract.source}.yml"
    if not path.exists():
        return (), ""
    corrections = load_yaml(path, _CorrectionFile).corrections
    ids = [correction.id for correction in corrections]
    if len(set(ids)) != len(ids):
        raise ContractError(f"{path.name} : deux corrections portent le même id.")
    for correction in corrections:
        unknown = (correction.match.keys() | correction.expect.keys()) - contract.fields.keys()
        if unknown:
            raise ContractError(
                f"{path.name} : correction {correction.id} : champ inconnu {', '.join(sorted(unknown))}."
            )
    return corrections, hashlib.sha256(path.read_bytes()).hexdigest()


def applicable(corrections: tuple[Correction, ...], delivery_id: str, file_name: str) -> tuple[Correction, ...]:
    """Those that may speak of one delivery: all but the ones that name a row of another."""

    def speaks(item: Correction) -> bool:
        if item.at is None or item.at.delivery_id == delivery_id:
            return True
        return item.at.file_name == file_name and item.set.keys() <= item.expect.keys()

    return tuple(item for item in corrections if speaks(item))


def apply_corrections(raw: dict[str, pa.Array], corrections: tuple[Correction, ...], today: date) -> list[Note]:
    """Apply to the columns of a delivery (the slots as text, `row_number`, `corrections`). Returns what did not apply, and why."""
    notes = []
    applied: dict[int, list[str]] = {}
    for correction in corrections:
        if correction.expires_on and today > correction.expires_on:
            notes.append(Note("correction_perimee", f"La correction {correction.id} a expiré le {correction.expires_on:%d/%m/%Y} : elle n'est plus appliquée."))  # fmt: skip
            continue
        matched = _where(raw, correction, correction.match)
        guarded = _where(raw, correction, {**correction.match, **correction.expect})
        if guarded.true_count:
            for name, text in correction.set.items():
                raw[name] = pc.if_else(guarded, pa.scalar(text, pa.string()), raw[name])
            for index in pc.indices_nonzero(guarded).to_pylist():
                applied.setdefault(index, []).append(correction.id)
            continue
        message = (
            f"La correction {correction.id} ne s'applique plus : la source a changé à cet endroit. Retirez-la ou mettez-la à jour."
            if matched.true_count
            else f"La correction {correction.id} ne trouve pas sa ligne dans cette livraison."
        )
        notes.append(Note("correction_sans_objet", message))
    if applied:
        rows = range(len(raw["row_number"]))
        raw["corrections"] = pa.array([applied.get(index, []) for index in rows], pa.list_(pa.string()))
    return notes


def _where(raw: dict[str, pa.Array], correction: Correction, conditions: Mapping[str, str | None]) -> pa.BooleanArray:
    numbers = raw["row_number"]
    rows = pc.equal(numbers, correction.at.row_number) if correction.at else pc.is_valid(numbers)
    for name, text in conditions.items():
        shown = cleaned(pa.array([text], pa.string()))[0].as_py()
        rows = pc.and_(rows, equal_to(cleaned(raw[name]), shown))
    return rows
