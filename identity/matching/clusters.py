"""Pairs and constraints → persons.

Here: connected components over accepted pairs, what must stay apart, and the lasting uid of each person. Not here: which pairs are accepted
(`exact.py`, `scoring.py`), what somebody decided (`constraints.py`).

Only components that hold two identities which must stay apart are looked at pair by pair: their pairs are taken
strongest first (then by fingerprint), and one that would join what must stay apart is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import numpy as np
import pyarrow as pa

from identity.matching.keyed import keyed
from identity.vault import Vault


def components(n: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest node of each node's component, for `n` nodes and the edges (a, b)."""
    label = np.arange(n, dtype=np.int64)
    while a.size:
        left, right = label[a], label[b]
        apart = left != right
        if not apart.any():
            break
        a, b, left, right = a[apart], b[apart], left[apart], right[apart]
        low = np.minimum(left, right)
        np.minimum.at(label, np.maximum(left, right), low)
        while True:
            jumped = label[label]
            if np.array_equal(jumped, label):
                break
            label = jumped
    return label


def split_apart(
    members: Iterable[int], edges: Iterable[tuple[int, int]], apart: Iterable[tuple[int, int]]
) -> dict[int, int]:
    """member → smallest member of its group, when the pairs `apart` must not share a group. `edges` strongest first."""
    group = {member: {member} for member in members}
    enemies: dict[int, set[int]] = {member: set() for member in group}
    for x, y in apart:
        enemies[x].add(y)
        enemies[y].add(x)
    for x, y in edges:
        left, right = group[x], group[y]
        if left is right or any(not enemies[member].isdisjoint(right) for member in left):
            continue
        left |= right
        for member in right:
            group[member] = left
    return {member: min(found) for member, found in group.items()}


def make_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Create `person_of` (i, label) from `identity`, `pair` and `apart` (a, b: identities that must stay apart)."""
    n = con.execute("select count(*) from identity").fetchall()[0][0]
    edges = con.execute("select a, b from pair").fetchnumpy()
    label = components(n, np.asarray(edges["a"], dtype=np.int64), np.asarray(edges["b"], dtype=np.int64))
    apart = con.execute("select a, b from apart").fetchall()
    torn = {int(label[x]) for x, y in apart if label[x] == label[y]}
    if torn:
        _tear(con, label, torn, apart)
    con.register(
        "label_read", pa.table({"i": pa.array(np.arange(n, dtype=np.int32)), "label": pa.array(label.astype(np.int32))})
    )
    con.execute("create or replace temp table person_of as from label_read")
    con.unregister("label_read")


def _tear(con: duckdb.DuckDBPyConnection, label: np.ndarray, torn: set[int], apart: list[tuple[int, int]]) -> None:
    members = np.flatnonzero(np.isin(label, list(torn))).tolist()
    con.register("torn", pa.table({"i": pa.array(members, pa.int32())}))
    edges = con.execute(
        "select a, b from pair where a in (from torn) order by method <> 'manual', probability desc, a, b"
    ).fetchall()
    con.unregister("torn")
    inside = set(members)
    for member, smallest in split_apart(members, edges, [p for p in apart if inside.issuperset(p)]).items():
        label[member] = smallest


def name_persons(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Create `person` (label, uid UBIGINT) and add `uid` to `person_of`.

    The uid is a keyed hash of the person's first identity: the earliest by the instants of the data, then by fingerprint. It does
    not depend on the order of deliveries, and stays when later ones add to the person. It leaves out organisation and
    postcode, which are corrected more often than names and addresses; where this would give two persons one uid, the
    second is told by all of its identity.
    """
    con.execute(f"""
        create or replace temp table person as
        with first as (
            select p.label, arg_min(p.i, (x.first_at, x.fingerprint)) as i from person_of p join identity x using (i) group by p.label),
        told as (
            select f.label, x.first_at, x.fingerprint, {keyed(con, vault, "person", _WHO)} as uid from first f join identity x using (i))
        select label, case when row_number() over (partition by uid order by first_at, fingerprint) = 1 then uid
            else xor(uid, fingerprint) end as uid from told;
        create or replace temp table person_of as select p.i, p.label, q.uid from person_of p join person q using (label);
    """)


_WHO = "concat_ws(chr(31), coalesce(x.email, ''), case when x.email is null then coalesce(x.phone, x.scope, '') else '' end, coalesce(x.name, ''))"
