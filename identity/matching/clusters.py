"""Pairs and constraints → persons.

Here: connected components over accepted pairs, what must stay apart, and the lasting uid of each person. Not here: which pairs are accepted
(`exact.py`, `scoring.py`), what somebody decided (`constraints.py`).

Only components that hold two identities which must stay apart are looked at pair by pair: their pairs are taken
strongest first (an address with a name before an address alone, then by fingerprint), and one that would join what must stay apart is left out.

Identities go by their number here: their rank by fingerprint among those that are joined now (`node`, see `joining.py`).
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
    label = np.arange(n, dtype=np.int32)
    while a.size:
        a, b = label[a], label[b]
        apart = a != b
        a, b = a[apart], b[apart]
        np.minimum.at(label, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(jumped := label[label], label):
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


def label_components(con: duckdb.DuckDBPyConnection, edges: str) -> None:
    """Create `cluster_of` (n, cluster): the smallest identity of the component of each of `node`, for the query `edges` (a, b)."""
    nodes = con.execute("select i from node order by n").fetchnumpy()["i"].astype(np.uint64)
    _keep(con, "cluster_of", cluster=nodes[components(nodes.size, *_pairs(con, edges))])


def make_persons(con: duckdb.DuckDBPyConnection) -> None:
    """Create `person_of` (n, label, is_held: somebody of the person has an address) from `node`, `pair` and `apart` (a, b: identities that must
    stay apart)."""
    has_mail = (
        con.execute("select basis = 'email' as has_mail from node order by n").fetchnumpy()["has_mail"].astype(bool)
    )
    label = components(has_mail.size, *_pairs(con, "select a, b from pair"))
    left, right = _pairs(con, "select a, b from apart")
    torn = np.unique(label[left][label[left] == label[right]])
    if torn.size:
        members = np.flatnonzero(np.isin(label, torn))
        label[members] = _tear(con, members, left, right)
    held = np.zeros(label.size, dtype=bool)
    held[label[has_mail]] = True
    _keep(con, "person_of", label=label, is_held=held[label])


def _pairs(con: duckdb.DuckDBPyConnection, query: str) -> tuple[np.ndarray, np.ndarray]:
    found = con.execute(query).fetchnumpy()
    return np.asarray(found["a"], dtype=np.int32), np.asarray(found["b"], dtype=np.int32)


def _keep(con: duckdb.DuckDBPyConnection, table: str, **columns: np.ndarray) -> None:
    size = next(iter(columns.values())).size
    con.register("label_read", pa.table({"n": np.arange(size, dtype=np.int32), **columns}))
    con.execute(f"create or replace temp table {table} as from label_read")
    con.unregister("label_read")


def _tear(con: duckdb.DuckDBPyConnection, members: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The smallest identity of the group of each of `members`, of whom no `left` may be with its `right`."""
    con.register("torn", pa.table({"n": members}))
    edges = con.execute("""
        select a, b from pair join reason using (r) where a in (from torn)
        order by method <> 'manual', probability desc, evidence = 'email', a, b""").fetchall()
    con.unregister("torn")
    inside = np.isin(left, members) & np.isin(right, members)
    apart = zip(left[inside].tolist(), right[inside].tolist(), strict=True)
    smallest = split_apart(members.tolist(), edges, apart)
    return np.array([smallest[member] for member in members.tolist()], dtype=np.int32)


def name_persons(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Create `person` (label, uid). `first_seen` (n, first_at): the earliest instant that the data give each of `node`.

    The uid is a keyed hash of the person's first identity: the earliest by the instants of the data, then by fingerprint. It does
    not depend on the order of deliveries, and stays when later ones add to the person. It leaves out organisation and
    postcode, which are corrected more often than names and addresses; where this would give two persons one uid, the
    second is told by all of its identity.
    """
    con.execute(f"""
        create or replace temp table person as
        with first as (
            select label, n, first_at from person_of join first_seen using (n)
            qualify row_number() over (partition by label order by first_at, n) = 1),
        told as (
            select f.label, i, f.first_at, {keyed(con, vault, "person", _WHO)} as uid from first f join node using (n) join everyone x using (i))
        select label, case when row_number() over (partition by uid order by first_at, i) = 1 then uid else xor(uid, i) end as uid from told""")


_WHO = "concat_ws(chr(31), coalesce(x.email, ''), case when x.email is null then coalesce(x.phone, x.scope, '') else '' end, coalesce(x.name, ''))"
