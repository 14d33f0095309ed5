"""Matching, step by step: what changed, identify it, score it, join again what it touches, name, write.

Here: the order, and what is kept for the next time. Not here: any rule.

Each night looks at every row in force, but identifies only the deliveries that changed, scores only pairs with an identity
that gained or lost a row, or that a decision newly speaks of, and joins again only what evidence ties to such an identity. What comes out is
what doing everything again would give.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import duckdb
import pyarrow as pa

from identity.matched import Matched, current_version
from identity.matching.clusters import name_persons
from identity.matching.constraints import decisions, pairs
from identity.matching.exact import LIST_NAME, MAIL, PHONE_NAME
from identity.matching.identities import IDENTITY_COLUMNS, begin, finish, identify
from identity.matching.joining import affected, join
from identity.matching.model import load_model
from identity.matching.outcome import make_participants, write_participants
from identity.matching.registry import TABLES, keep, resumed, seal_of
from identity.matching.scoring import score
from identity.vault import Vault, open_private


def match(vault: Vault, rows: pa.Table, out_dir: Path) -> Matched:
    """Tell which of `rows` are one person, and write the tables of `outcome.py` under `out_dir`.

    `rows`: source, delivery_id, row_number, event_id, year, is_present, seen_at (`sources.persons.ROWS`). Rows of
    which the vault has no identity are nobody's. Raises VaultError when the vault cannot be read, ModelError when the model cannot be used.
    """
    with contextlib.closing(open_private()) as con, resumed(con, vault) as is_resumed:
        _landed(con, rows)
        _what_changed(con, vault)
        _identify(con, vault)
        _touched(con, vault)
        if is_resumed and _nothing_changed(con, vault, out_dir):
            return _counted(con, "kept")
        model = load_model()
        _on_list(con)
        score(con, model)
        con.execute("alter table scored rename to scored_now")
        affected(con)
        _tables_of_the_affected(con)
        join(con, model)
        _first_seen(con)
        name_persons(con, vault)
        _put_together(con)
        keep(con, vault, LARGE)
        con.execute("drop view keep_identity; drop table everyone; drop table keep_scored")
        make_participants(con, vault)
        version = _version(con)
        write_participants(con, out_dir, version)
        con.execute("create or replace temp table keep_written as select $version as version", {"version": version})
        keep(con, vault, (table for table in reversed(TABLES) if table not in LARGE))
        return _counted(con, "keep")


LARGE = ("identity", "scored")
"""What is kept as soon as it is known, to make room for the rest."""


def _landed(con: duckdb.DuckDBPyConnection, rows: pa.Table) -> None:
    con.register("landed_read", rows)
    con.execute("""
        create or replace temp table delivery_no as
        select (row_number() over (order by source, delivery_id))::integer as d, source, delivery_id
        from (select distinct source, delivery_id from landed_read);
        create or replace temp table event_no as
        select (row_number() over (order by event_id, year))::integer as e, event_id, year, event_id || '|' || year as event
        from (select distinct event_id, year from landed_read);
        create or replace temp table landed as
        select n.d, r.row_number, e.e, r.year, r.is_present, r.seen_at
        from landed_read r join delivery_no n using (source, delivery_id) left join event_no e using (event_id, year)""")
    con.unregister("landed_read")


def _what_changed(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Create `keep_delivery`, with `d` and `is_changed`, for the deliveries that the vault has identities of."""
    held = {(stored.source, stored.delivery_id) for stored in vault.deliveries()}
    wanted = [
        row
        for row in con.execute("select d, source, delivery_id from delivery_no order by d").fetchall()
        if row[1:] in held
    ]
    seals = pa.table(
        {
            "d": pa.array([d for d, _, _ in wanted], pa.int32()),
            "seal": pa.array([seal_of(vault, source, delivery_id) for _, source, delivery_id in wanted], pa.string()),
        }
    )
    con.register("seal_read", seals)
    con.execute("""
        create or replace temp table keep_delivery as
        with said as (
            select d, sum(hash(row_number, event, l.year, is_present, seen_at)::hugeint)::varchar as sum
            from landed l left join event_no using (e) group by d)
        select d, n.source, n.delivery_id, s.seal, sum, k.seal is null as is_changed
        from said join delivery_no n using (d) join seal_read s using (d)
        left join kept_delivery k using (source, delivery_id, seal, sum)""")
    con.unregister("seal_read")


def _identify(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Create `row_of` (d, row_number, i, e, year, is_present, seen_at) and `everyone`, the identities of rows in force."""
    changed = con.execute("select source, delivery_id from keep_delivery where is_changed order by d").fetchall()
    begin(con)
    for _ in vault.load_in_parts(con, purpose="matching", deliveries=changed, name="typed", columns=IDENTITY_COLUMNS):
        identify(con, vault)
    finish(con)
    con.execute("""
        create or replace temp table row_of as
        select d, row_number, i, e, year, is_present, seen_at from landed join (
            select d, row_number, i from kept_row join keep_delivery using (source, delivery_id) where not is_changed
            union all select d, row_number, i from fresh_row) using (d, row_number);
        drop table landed;
        insert into fresh_identity
        select i, email, is_generic, name, given, family, roots, is_known, phone, org, postcode, scope
        from kept_identity semi join row_of using (i) anti join fresh_identity using (i);
        alter table fresh_identity rename to everyone""")


def _touched(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Create `keep_decided`, the decided pairs of who is there, and `touched` (i): identities that gained or lost a row, or that are in a pair
    which was decided otherwise, or was not there, when matching ended last."""
    apart, together = pairs(decisions(vault))
    rows = [(*pair, True) for pair in sorted(apart)] + [(*pair, False) for pair in sorted(together)]
    left, right, said = zip(*rows, strict=True) if rows else ((), (), ())
    con.register(
        "decided_read",
        pa.table(
            {
                "a": pa.array(left, pa.uint64()),
                "b": pa.array(right, pa.uint64()),
                "is_apart": pa.array(said, pa.bool_()),
            }
        ),
    )
    con.execute("""
        create or replace temp table keep_decided as
        from decided_read semi join everyone x on x.i = a semi join everyone y on y.i = b;
        create or replace temp table touched as
        with other as ((from keep_decided except from kept_decided) union all (from kept_decided except from keep_decided))
        select i from fresh_row
        union select i from kept_row anti join (select source, delivery_id from keep_delivery where not is_changed) using (source, delivery_id)
        union select a from other union select b from other""")
    con.unregister("decided_read")


def _on_list(con: duckdb.DuckDBPyConnection) -> None:
    """Create `on_list` (i, e, d) for the events of the touched identities."""
    con.execute("""
        create or replace temp table on_list as
        with hot as (select e from row_of semi join touched using (i))
        select distinct i, e, d from row_of semi join hot using (e)""")


def _tables_of_the_affected(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        create or replace temp table keep_scored as
        from scored_now
        union all
        select k.* from kept_scored k semi join everyone x on x.i = a semi join everyone y on y.i = b
        anti join touched t on t.i = a anti join touched u on u.i = b;
        drop table scored_now""")


def _first_seen(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        create or replace temp table first_seen as
        select n, min(coalesce(seen_at, make_timestamp(year, 12, 31, 0, 0, 0))) as first_at from row_of join node using (i) group by n""")


def _put_together(con: duckdb.DuckDBPyConnection) -> None:
    """Create `whose` (i, uid, cluster, w), `why` (w, basis, method, probability, evidence), `keep_identity`, `keep_doubt`, `keep_row`: what was
    joined now, and what no change reached."""
    con.execute(f"""
        create or replace temp table told as
        with strong as (
            select *, dense_rank() over (order by list_position(
                ['exact_email', 'same_name_event', 'model', 'manual'], method), probability desc) as strength
            from reason),
        held as (
            select a, b, strength, r from pair join strong using (r) join person_of p on p.n = a join person_of q on q.n = b where p.label = q.label),
        -- the strongest, then the first of the others: one number to compare
        best as (
            select n, arg_min(r, (strength << 32) | other) as r
            from (select a as n, b as other, strength, r from held union all select b, a, strength, r from held) group by n)
        select x.i, u.uid, c.cluster, basis,
            coalesce(r, case basis when 'email' then {MAIL} when 'phone' then {PHONE_NAME} else {LIST_NAME} end) as r
        from node x join person_of p using (n) join person u using (label) join cluster_of c using (n) left join best using (n);
        drop table pair; drop table person; drop table person_of; drop table cluster_of;
        create or replace temp table unmoved as
        select i, uid, cluster, n_basis(email, phone) as basis,
            method, probability, evidence
        from kept_identity semi join everyone using (i) anti join affected using (i);
        create or replace temp table why as
        select (row_number() over ())::integer as w, * from (
            select basis, method, probability, evidence from (select distinct basis, r from told) join reason using (r)
            union select distinct basis, method, probability, evidence from unmoved);
        create or replace temp table whose as
        with here as (select w, basis, r from why join reason using (method, probability, evidence))
        select i, uid, cluster, w from told join here using (basis, r)
        union all select i, uid, cluster, w from unmoved join why using (basis, method, probability, evidence);
        drop table told; drop table unmoved; drop table reason;
        create or replace temp view keep_identity as
        select x.*, uid, cluster, method, probability, evidence from everyone x join whose using (i) join why using (w);
        create or replace temp table keep_doubt as
        select i, other, method, probability, evidence from doubt
        union all
        select i, other, method, probability, evidence from kept_doubt semi join everyone using (i) anti join affected using (i);
        create or replace temp view keep_row as
        select n.source, n.delivery_id, r.row_number, r.i from row_of r join delivery_no n using (d) order by r.d, r.row_number""")


def _nothing_changed(con: duckdb.DuckDBPyConnection, vault: Vault, out_dir: Path) -> bool:
    """Whether the tables that were written last are those that would be written now, and are there: a backup of theirs alone brings older ones."""
    written = con.execute("select version from kept_written").fetchall()
    if written != [(current_version(out_dir),)] or con.execute("select count(*) from touched").fetchall()[0][0]:
        return False
    deliveries = con.execute(
        "select count(*), count(*) filter (is_changed), (select count(*) from kept_delivery) from keep_delivery"
    ).fetchall()[0]
    keys = con.execute("select distinct year, key_id from kept_alias").fetchall()
    return deliveries == (deliveries[2], 0, deliveries[2]) and all(
        vault.keyring.key_for(year).key_id == key_id for year, key_id in keys
    )


def _counted(con: duckdb.DuckDBPyConnection, which: str) -> Matched:
    """The counts of the tables named `which`_…: those that were kept, or those to keep."""
    whose = "whose" if which == "keep" else "kept_identity"
    rows, participants, review = (
        con.execute(f"select count(*) from {which}_{table}").fetchall()[0][0] for table in ("row", "alias", "doubt")
    )
    identities, persons = con.execute(f"select count(*), count(distinct uid) from {whose}").fetchall()[0]
    return Matched(rows, identities, persons, participants, review)


def _version(con: duckdb.DuckDBPyConnection) -> str:
    """A name for what the three tables say."""
    said = (
        "select hash(source, delivery_id, row_number, participant_key) as h from row_said join delivery_no using (d)",
        "select hash(p) as h from participant p",
        "select hash(participant_key, source_identity, source, is_review, l.probability, l.method, l.evidence, basis, y.method, y.probability, y.evidence) as h "
        "from link_said l join source_no using (s) join why y using (w)",
    )
    found = [con.execute(f"select sum(h::hugeint)::varchar, count(*) from ({each})").fetchall() for each in said]
    return hashlib.sha256(repr(found).encode()).hexdigest()[:16]
