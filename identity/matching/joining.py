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
from identity.matching.scoring import score

ROUNDS = 2


def join(
    con: duckdb.DuckDBPyConnection, model: Model, apart: set[tuple[int, int]], together: set[tuple[int, int]]
) -> None:
    """Create `pair`, `person_of` and `doubt` from `identity` and `on_list`. `apart`, `together`: pairs of fingerprints, decided
    by hand."""
    exact_pairs(con)
    score(con, model)
    _decided(con, apart, together)
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


def _decided(con: duckdb.DuckDBPyConnection, apart: set[tuple[int, int]], together: set[tuple[int, int]]) -> None:
    con.execute("create or replace temp table decided (left_fp ubigint, right_fp ubigint, is_apart boolean)")
    rows = [(*pair, True) for pair in sorted(apart)] + [(*pair, False) for pair in sorted(together)]
    if rows:
        con.executemany("insert into decided values (?, ?, ?)", rows)
    con.execute("""
        create or replace temp table decided_pair as
        select least(x.i, y.i) as a, greatest(x.i, y.i) as b, is_apart
        from decided join identity x on x.fingerprint = left_fp join identity y on y.fingerprint = right_fp;
        insert into pair select a, b, 'manual', 1.0, 'decided' from decided_pair where not is_apart;
        create or replace temp table apart as select a, b from decided_pair where is_apart
        union
        -- two places of one list with two addresses and two telephones are two people, whatever joins them elsewhere
        select x.i, y.i from on_list e join on_list f on e.event = f.event and e.d = f.d and e.i < f.i
            join identity x on x.i = e.i join identity y on y.i = f.i
        where x.email <> y.email and x.phone <> y.phone
            and exists (select 1 from scored s where s.a = x.i and s.b = y.i)""")


# candidates of the identities that no person with an address has yet
_OPEN = """
    with anchored as (select distinct label from person_of join identity using (i) where email is not null),
    held as (select i, label from person_of join anchored using (label)),
    way as (select a as i, b as other, bits, probability, evidence, method from scored
            union all select b, a, bits, probability, evidence, method from scored),
    chance as (
        select w.i, h.label, max(bits) as bits, arg_max(other, (bits, -other)) as other, arg_max(probability, (bits, -other)) as probability,
            arg_max(evidence, (bits, -other)) as evidence, arg_max(method, (bits, -other)) as method
        from way w join held h on h.i = w.other anti join held mine on mine.i = w.i
        where not exists (select 1 from apart p where p.a = least(w.i, w.other) and p.b = greatest(w.i, w.other))
        group by w.i, h.label)
"""


def _give_to_persons(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    con.execute(
        f"""insert into pair {_OPEN}
        select least(i, other), greatest(i, other), method, probability, evidence
        from (select *, max(bits) over (partition by i) as best, count(*) filter (true) over (partition by i) as nb,
                  row_number() over (partition by i order by bits desc, label) as rank,
                  lead(bits) over (partition by i order by bits desc, label) as second from chance)
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
