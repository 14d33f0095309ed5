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

from identity.matching.clusters import make_persons
from identity.matching.exact import exact_pairs, same_name_in_list
from identity.matching.model import Model

ROUNDS = 2


def join(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Create `pair`, `person_of` and `doubt` for the identities of `identity`, from `scored` and `decided`.

    `identity` is closed: whatever any evidence ties to one of its rows is in it (`affected`).
    """
    exact_pairs(con)
    con.execute("""
        insert into pair select a, b, 'manual', 1.0, 'decided' from decided where not is_apart;
        create or replace temp table apart as
        select a, b from decided where is_apart union select a, b from scored where is_apart""")
    con.execute(
        "insert into pair select a, b, method, probability, evidence from scored join identity x on x.i = a join identity y on y.i = b "
        "where x.email is not null and y.email is not null and probability >= ?",
        [model.accept_from],
    )
    make_persons(con)
    for _ in range(ROUNDS):
        _give_to_persons(con, model)
        make_persons(con)
    _join_the_rest(con, model)
    make_persons(con)
    _doubts(con)


TIES = """
    select min(i) over (partition by email) as a, i as b from {identities} where email is not null
    union all select min(i) over (partition by scope, name), i from {identities} where scope is not null
    union all select a, b from scored union all select a, b from decided
"""
"""Everything that may tie two identities, as pairs: what no tie reaches cannot change what becomes of an identity."""


def affected(con: duckdb.DuckDBPyConnection) -> None:
    """Create `affected` (i): the identities that must be joined anew since some of theirs are `touched`: all that evidence
    tied to them when matching ended last, or ties to them now."""
    con.execute("""
        create or replace temp table near as
        select i from touched union select a from scored_now union select b from scored_now union select a from decided union select b from decided;
        create or replace temp table reopened as
        select cluster from kept_identity semi join near using (i)
        union select cluster from kept_identity semi join (from everyone semi join touched using (i)) using (email)
        union select cluster from kept_identity semi join (from everyone semi join touched using (i)) using (scope, name);
        drop table near;
        create or replace temp table affected as
        select e.i from everyone e left join kept_identity k using (i)
        where k.i is null or k.cluster in (from reopened) or e.i in (select i from touched)""")


# candidates of the identities that no person with an address has yet
_OPEN = """
    with anchored as (select distinct label from person_of join identity using (i) where email is not null),
    held as (select i, label from person_of join anchored using (label)),
    way as (select a as i, b as other, bits, probability, evidence, method from scored
            union all select b, a, bits, probability, evidence, method from scored),
    chance as (
        select w.i, h.label, max(bits) as bits, arg_min(other, (-bits, other)) as other, arg_min(probability, (-bits, other)) as probability,
            arg_min(evidence, (-bits, other)) as evidence, arg_min(method, (-bits, other)) as method
        from way w join held h on h.i = w.other anti join held mine on mine.i = w.i
        where not exists (select 1 from apart p where p.a = least(w.i, w.other) and p.b = greatest(w.i, w.other))
        group by w.i, h.label)
"""


def _give_to_persons(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    con.execute(
        f"""insert into pair {_OPEN}
        select least(i, other), greatest(i, other), method, probability, evidence
        from (select *, row_number() over (partition by i order by bits desc, label) as rank, lead(bits) over (partition by i order by bits desc, label) as second from chance)
        where rank = 1 and probability >= $accept and (second is null or bits - second >= $margin)""",
        {"accept": model.accept_from, "margin": model.margin_bits},
    )


def _join_the_rest(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    con.execute(
        """create or replace temp table loose as
        select i from person_of where label not in (select label from person_of join identity using (i) where email is not null);
        insert into pair select a, b, method, probability, evidence from scored semi join loose x on x.i = a semi join loose y on y.i = b
        where probability >= $accept""",
        {"accept": model.accept_from},
    )
    same_name_in_list(con)


def _doubts(con: duckdb.DuckDBPyConnection) -> None:
    """Create `doubt` (i, other, method, probability, evidence): scored pairs of two persons, the best one for each two."""
    con.execute("""
        create or replace temp table doubt as
        select i, other, method, probability, evidence from (
            select case when y.email is null and x.email is not null then b else a end as i,
                case when y.email is null and x.email is not null then a else b end as other, s.method, s.probability, s.evidence,
                row_number() over (partition by least(p.label, q.label), greatest(p.label, q.label) order by s.bits desc, a, b) as rank
            from scored s join person_of p on p.i = a join person_of q on q.i = b join identity x on x.i = a join identity y on y.i = b
            anti join apart t on t.a = s.a and t.b = s.b
            where p.label <> q.label)
        where rank = 1""")
