"""In which order evidence joins identities, so that nobody without an address ties two persons together.

Here: the three rounds, and the pairs left for somebody to look at. Not here: the evidence (`exact.py`, `scoring.py`), components
(`clusters.py`).

1. Identities with an address are joined by exact and scored pairs, and by hand: these are the persons with an address.
2. One without an address is given to the best of these persons, when it is clearly the best; again for those whose best evidence is
   somebody of the round before. A name that two homonyms bear goes to neither, and is listed.
3. Those left join one another.
"""

from __future__ import annotations

import duckdb

from identity.matching.clusters import label_components, make_persons
from identity.matching.exact import CERTAIN, DECIDED, exact_pairs, same_name_in_list
from identity.matching.model import Model

ROUNDS = 2


def join(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Create `person_of`, `cluster_of`, `pair` (a, b, r: its `reason`) and `doubt` for the identities of `node`, from `keep_scored` and `keep_decided`.

    `node` is closed: whatever any evidence ties to one of its rows is in it (`affected`).
    """
    _number(con)
    exact_pairs(con)
    con.execute(f"insert into pair select a, b, {DECIDED} from said where not is_apart")
    con.execute(
        "insert into pair select a, b, r from chance where a_has_mail and b_has_mail and probability >= ?",
        [model.accept_from],
    )
    make_persons(con)
    for _ in range(ROUNDS):
        _give_to_persons(con, model)
        make_persons(con)
    _join_the_rest(con, model)
    make_persons(con)
    _doubts(con)
    label_components(con, _TIES)
    con.execute("drop table mailed; drop table listed; drop table chance; drop table said; drop table apart")


def _number(con: duckdb.DuckDBPyConnection) -> None:
    """Create from `affected`, `everyone`, `keep_scored` and `keep_decided`, where identities then go by number:

    node     n: its rank by fingerprint, i, basis: what it is known by
    listed   n, t: the first of its name on its list, org: who holds within one event
    reason   r, method, probability, evidence
    chance   a, b, bits, r, probability, is_apart, a_has_mail, b_has_mail: the scored pairs
    said     a, b, is_apart: the decided ones
    apart    a, b: identities that must not be one person
    pair     a, b, r: empty
    """
    certain = ", ".join(f"({r}, '{method}', 1.0::double, '{evidence}')" for r, (method, evidence) in enumerate(CERTAIN))
    con.execute(f"""
        create or replace temp table node as
        with numbered as (select (row_number() over (order by i) - 1)::integer as n, i from affected)
        select n, i, n_basis(email, phone) as basis
        from everyone join numbered using (i);
        create or replace temp table listed as
        select n, min(n) over (partition by scope, name) as t, org from everyone join node using (i) where scope is not null;
        create or replace temp table reason as
        select r, method, probability, evidence from (values {certain}) certain (r, method, probability, evidence)
        union all
        select ({len(CERTAIN)} + row_number() over ())::integer, * from (
            select distinct method, probability, evidence from keep_scored semi join affected on affected.i = a);
        create or replace temp table chance as
        select x.n as a, y.n as b, s.bits, r.r, s.probability, s.is_apart, x.basis = 'email' as a_has_mail, y.basis = 'email' as b_has_mail
        from keep_scored s join node x on x.i = s.a join node y on y.i = s.b
            join reason r on r.r >= {len(CERTAIN)} and r.method = s.method and r.probability = s.probability and r.evidence = s.evidence;
        create or replace temp table said as
        select x.n as a, y.n as b, is_apart from keep_decided join node x on x.i = a join node y on y.i = b;
        create or replace temp table apart as select a, b from said where is_apart union select a, b from chance where is_apart;
        create or replace temp table pair (a integer, b integer, r integer)""")


_TIES = """
    select m as a, n as b from mailed union all select t, n from listed union all select a, b from chance union all select a, b from said
"""
"""Everything that may tie two identities, as pairs: what no tie reaches cannot change what becomes of an identity."""


def affected(con: duckdb.DuckDBPyConnection) -> None:
    """Create `affected` (i): the identities that must be joined anew since some of theirs are `touched`: all that evidence
    tied to them when matching ended last, or ties to them now."""
    con.execute("""
        create or replace temp table near as
        select i from touched union select a from scored_now union select b from scored_now;
        create or replace temp table reopened as
        select cluster from kept_identity semi join near using (i)
        union select cluster from kept_identity k semi join (from everyone semi join touched using (i)) x on n_mailbox(x.email) = n_mailbox(k.email)
        union select cluster from kept_identity semi join (from everyone semi join touched using (i)) using (scope, name);
        drop table near;
        create or replace temp table affected as
        select e.i from everyone e left join kept_identity k using (i)
        where k.i is null or k.cluster in (from reopened) or e.i in (select i from touched)""")


def _give_to_persons(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Give who is in no person with an address to the one it fits clearly best."""
    con.execute(
        """
        insert into pair
        with way as (
            select p.n, q.label, s.b as other, s.bits, s.probability, s.r
            from chance s join person_of p on p.n = s.a join person_of q on q.n = s.b where not p.is_held and q.is_held
            union all
            select q.n, p.label, s.a, s.bits, s.probability, s.r
            from chance s join person_of p on p.n = s.a join person_of q on q.n = s.b where not q.is_held and p.is_held),
        -- the best of each person, then the best person
        fit as (select * from way anti join apart on apart.a = least(n, other) and apart.b = greatest(n, other)
            qualify row_number() over (partition by n, label order by bits desc, other) = 1),
        ranked as (
            select *, row_number() over (partition by n order by bits desc, label) as rank,
                lead(bits) over (partition by n order by bits desc, label) as second
            from fit)
        select least(n, other), greatest(n, other), r from ranked
        where rank = 1 and probability >= $accept and (second is null or bits - second >= $margin)""",
        {"accept": model.accept_from, "margin": model.margin_bits},
    )


def _join_the_rest(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    con.execute(
        """
        insert into pair
        select a, b, r from chance semi join (from person_of where not is_held) x on x.n = a semi join (from person_of where not is_held) y on y.n = b
        where probability >= $accept""",
        {"accept": model.accept_from},
    )
    same_name_in_list(con)


def _doubts(con: duckdb.DuckDBPyConnection) -> None:
    """Create `doubt` (i, other, method, probability, evidence): scored pairs of two persons, the best one for each two."""
    con.execute("""
        create or replace temp table doubt as
        with best as (
            select s.* from chance s join person_of p on p.n = s.a join person_of q on q.n = s.b anti join apart t on t.a = s.a and t.b = s.b
            where p.label <> q.label
            qualify row_number() over (partition by least(p.label, q.label), greatest(p.label, q.label) order by s.bits desc, s.a, s.b) = 1)
        select case when a_has_mail and not b_has_mail then y.i else x.i end as i,
            case when a_has_mail and not b_has_mail then x.i else y.i end as other, method, probability, evidence
        from best join reason using (r, probability) join node x on x.n = a join node y on y.n = b""")
