"""Matching, step by step: read, identify, join, name, write.

Here: the order, and what it costs in accesses to the vault. Not here: any rule.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from identity.matching.clusters import name_persons
from identity.matching.constraints import decisions, pairs
from identity.matching.identities import IDENTITY_COLUMNS, identify
from identity.matching.joining import join
from identity.matching.model import load_model
from identity.matching.outcome import make_participants, write_participants
from identity.matching.registry import keep
from identity.vault import Vault, open_private


@dataclass(frozen=True)
class Matched:
    """What matching found. rows: landed rows of somebody; identities, persons, participants (person × programme year)."""

    rows: int
    identities: int
    persons: int
    participants: int
    review: int


def match(vault: Vault, rows: pa.Table, out_dir: Path) -> Matched:
    """Tell which of `rows` are one person, and write the tables of `outcome.py` under `out_dir`.

    `rows`: source, delivery_id, row_number, entity, event_id, year, is_present, seen_at (`sources.persons.ROWS`). Rows of
    which the vault has no identity are nobody's. Raises VaultError when the vault cannot be read.
    """
    with contextlib.closing(open_private()) as con:
        _landed(con, rows)
        _typed(con, vault)
        identify(con, vault)
        con.execute("""
            create or replace temp table on_list as
            select distinct r.i, l.event_id || '|' || l.year as event, d from landed l join row_identity r using (d, row_number)
            where l.event_id is not null""")
        join(con, load_model(), *pairs(decisions(vault)))
        name_persons(con, vault)
        con.execute("""
            create or replace temp table best_pair as
            select i, arg_min(method, (rank, -probability, other)) as method, arg_min(probability, (rank, -probability, other)) as probability,
                arg_min(evidence, (rank, -probability, other)) as evidence
            from (select *, list_position(['exact_email', 'same_name_event', 'model', 'manual'], method) as rank
                  from (select a as i, b as other, method, probability, evidence from pair union all select b, a, method, probability, evidence from pair))
            group by i;
        """)
        make_participants(con, vault)
        version = _version(con)
        write_participants(con, out_dir, version)
        keep(con, vault)
        counts = [
            con.execute(f"select count(*) from {table}").fetchall()[0][0]
            for table in ("participant_row", "identity", "person", "participant", "doubt")
        ]
    return Matched(*counts)


def _landed(con, rows: pa.Table) -> None:
    con.register("landed_read", rows)
    con.execute("""
        create or replace temp table delivery_no as
        select (row_number() over (order by source, delivery_id))::integer as d, source, delivery_id
        from (select distinct source, delivery_id from landed_read);
        create or replace temp table landed as
        select n.d, r.row_number, r.event_id, r.year, coalesce(r.is_present, false) as is_present, r.seen_at
        from landed_read r join delivery_no n using (source, delivery_id)
    """)
    con.unregister("landed_read")


def _typed(con, vault: Vault) -> None:
    """Create `typed` with the identities of the deliveries in force that have any."""
    held = {(stored.source, stored.delivery_id) for stored in vault.deliveries()}
    wanted = [
        delivery
        for delivery in con.execute("select source, delivery_id from delivery_no order by d").fetchall()
        if delivery in held
    ]
    vault.load(con, purpose="matching", deliveries=wanted, name="identities", columns=IDENTITY_COLUMNS)
    con.execute(f"""
        create or replace temp table typed as
        select n.d, v.row_number, {", ".join(IDENTITY_COLUMNS)} from identities v join delivery_no n using (source, delivery_id)""")
    con.unregister("identities")


def _version(con) -> str:
    found = con.execute("select sum(hash(r)::hugeint)::varchar, count(*) from participant_row r").fetchall()
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]
