"""Pairs and constraints → persons.

Here: connected components over accepted pairs, what must stay apart, and the lasting uid of each person. Not here: which pairs are accepted
(`exact.py`, `scoring.py`), what somebody decided (`constraints.py`).

Only components that hold two identities which must stay apart are looked at pair by pair: their pairs are taken
strongest first (an address with a name before an address alone, then by fingerprint), and one that would join what must stay apart is left out.
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


def label_components(con: duckdb.DuckDBPyConnection, edges: str, into: str, column: str) -> None:
    """Create table `into` (i, `column`): the smallest identity of the component of each of `identity`, for the query `edges` (a, b)."""
    nodes, label = _labels(con, edges)
    _keep(con, into, column, nodes, label)


def make_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Create `person_of` (i, label) from `identity`, `pair` and `apart` (a, b: identities that must stay apart)."""
    nodes, label = _labels(con, "select a, b from pair")
    apart = con.execute("select a, b from apart").fetchall()
    if apart:
        left, right = (
            label[np.searchsorted(nodes, np.array(side, dtype=np.uint64))] for side in zip(*apart, strict=True)
        )
        torn = np.unique(left[left == right])
        if torn.size:
            members = nodes[np.isin(label, torn)]
            label[np.isin(nodes, members)] = _tear(con, members.tolist(), apart)
    _keep(con, "person_of", "label", nodes, label)


def _labels(con: duckdb.DuckDBPyConnection, edges: str) -> tuple[np.ndarray, np.ndarray]:
    """The identities, increasing, and the smallest identity of the component of each."""
    nodes = con.execute("select i from identity order by i").fetchnumpy()["i"].astype(np.uint64)
    found = con.execute(edges).fetchnumpy()
    a, b = (np.searchsorted(nodes, np.asarray(found[side], dtype=np.uint64)) for side in ("a", "b"))
    return nodes, nodes[components(nodes.size, a, b)] if nodes.size else nodes


def _keep(con: duckdb.DuckDBPyConnection, table: str, column: str, nodes: np.ndarray, label: np.ndarray) -> None:
    con.register("label_read", pa.table({"i": nodes, column: label}))
    con.execute(f"create or replace temp table {table} as from label_read")
    con.unregister("label_read")


def _tear(con: duckdb.DuckDBPyConnection, members: list[int], apart: list[tuple[int, int]]) -> np.ndarray:
    """The smallest identity of the group of each of `members`."""
    con.register("torn", pa.table({"i": pa.array(members, pa.uint64())}))
    edges = con.execute(
        "select a, b from pair where a in (from torn) order by method <> 'manual', probability desc, evidence = 'email', a, b"
    ).fetchall()
    con.unregister("torn")
    inside = set(members)
    smallest = split_apart(members, edges, [pair for pair in apart if inside.issuperset(pair)])
    return np.array([smallest[member] for member in members], dtype=np.uint64)


def name_persons(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Add `uid` to `person_of`. `first_seen` (i, first_at): the earliest instant that the data give each of `identity`.

    The uid is a keyed hash of the person's first identity: the earliest by the instants of the data, then by fingerprint. It does
    not depend on the order of deliveries, and stays when later ones add to the person. It leaves out organisation and
    postcode, which are corrected more often than names and addresses; where this would give two persons one uid, the
    second is told by all of its identity.
    """
    con.execute(f"""
        create or replace temp table person as
        with first as (
            select p.label, arg_min(p.i, (f.first_at, p.i)) as i, min(f.first_at) as first_at
            from person_of p join first_seen f using (i) group by p.label),
        told as (
            select f.label, f.i, f.first_at, {keyed(con, vault, "person", _WHO)} as uid from first f join identity x using (i))
        select label, case when row_number() over (partition by uid order by first_at, i) = 1 then uid else xor(uid, i) end as uid from told;
        create or replace temp table person_of as select p.i, p.label, q.uid from person_of p join person q using (label);
    """)


_WHO = "concat_ws(chr(31), coalesce(x.email, ''), case when x.email is null then coalesce(x.phone, x.scope, '') else '' end, coalesce(x.name, ''))"
