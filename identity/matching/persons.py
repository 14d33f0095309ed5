"""Questions about one person: whose rows, which identities, which pairs wait for somebody.

Here: answers from what matching kept in the vault. Every question has a purpose and is logged before it is answered. Not here:
who goes by a name or an address (`identity/held.py`), erasing, exporting, deciding (`constraints.py`).

A person is named by its uid (16 hex digits), which never leaves the vault's side: the warehouse knows pseudonyms only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from identity.cipher import VaultError
from identity.matching.registry import recall
from identity.vault import Vault, open_private


@dataclass(frozen=True)
class Row:
    """A landed row of a person."""

    source: str
    delivery_id: str
    row_number: int
    fingerprint: str


@dataclass(frozen=True)
class KeptIdentity:
    """One source identity of a person, in normal form. Personal: to be shown to who has a purpose only."""

    fingerprint: str
    email: str | None
    name: str | None
    phone: str | None
    organisation: str | None
    postcode: str | None
    scope: str | None
    nb_rows: int


@dataclass(frozen=True)
class PairToReview:
    """Two persons that might be one. `left`, `right`: address, name, telephone, organisation, postcode. Personal: to be shown to who has a
    purpose only."""

    left_uid: str
    right_uid: str
    probability: float
    evidence: str
    left: tuple[str | None, ...]
    right: tuple[str | None, ...]


@contextlib.contextmanager
def _kept(vault: Vault, purpose: str) -> Iterator[duckdb.DuckDBPyConnection]:
    with contextlib.closing(open_private()) as con:
        recall(con, vault, purpose=purpose)
        yield con


def rows_of_person(vault: Vault, uid: str, *, purpose: str) -> list[Row]:
    """Every row that matching gave to this person, by source, delivery and row. Raises VaultError for an unknown uid."""
    with _kept(vault, purpose) as con:
        found = con.execute(
            "select r.source, r.delivery_id, r.row_number, printf('%016x', r.i) from kept_row r "
            "join kept_identity x using (i) where x.uid = ? order by all",
            [_number(uid)],
        ).fetchall()
    if not found:
        raise VaultError(f"Aucune personne {uid} : son numéro a pu changer depuis la dernière nuit.")
    return [Row(*row) for row in found]


def identities_of_person(vault: Vault, uid: str, *, purpose: str) -> list[KeptIdentity]:
    """The source identities of a person, those with an address first. Raises VaultError for an unknown uid."""
    with _kept(vault, purpose) as con:
        found = con.execute(
            "select printf('%016x', i), email, name, phone, org, postcode, scope, nb from kept_identity x "
            "join (select i, count(*) as nb from kept_row group by all) using (i) where x.uid = ? order by email nulls last, i",
            [_number(uid)],
        ).fetchall()
    if not found:
        raise VaultError(f"Aucune personne {uid} : son numéro a pu changer depuis la dernière nuit.")
    return [KeptIdentity(*row) for row in found]


def pairs_to_review(vault: Vault, *, purpose: str) -> list[PairToReview]:
    """The pairs of the review band, the most probable first."""
    told = "[{x}.email, {x}.name, {x}.phone, {x}.org, {x}.postcode]"
    with _kept(vault, purpose) as con:
        found = con.execute(
            "select printf('%016x', x.uid), printf('%016x', y.uid), d.probability, d.evidence, "
            f"{told.format(x='x')}, {told.format(x='y')} from kept_doubt d "
            "join kept_identity x on x.i = d.i join kept_identity y on y.i = d.other order by d.probability desc, 1, 2"
        ).fetchall()
    return [
        PairToReview(one, other, probability, evidence, tuple(left), tuple(right))
        for one, other, probability, evidence, left, right in found
    ]


def _number(uid: str) -> int:
    try:
        number = int(uid, 16)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 64:
        raise VaultError("Le numéro d'une personne a 16 chiffres hexadécimaux.")
    return number
