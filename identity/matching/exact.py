"""Identities that are one person without a doubt: one address with compatible names.

Here: these pairs, in SQL. Not here: probable pairs (`scoring.py`), persons (`clusters.py`).

Two names are compatible when one may be another way of writing the other: the same words in any order, more words, a nickname,
a shortened given name, an initial, one typing error. « Jean Dupont » and « Marie Dupont » are not, so that a mailbox or a telephone that several people
share makes several persons; who wrote without a name from such a mailbox is joined to none of them.
"""

from __future__ import annotations

import duckdb

SHARED_NAMES = 20
"""More names than this on one address, and only equal names are one person there: a list, not a person's own spellings."""


def compatible(x: str, y: str) -> str:
    """SQL: may the names of the identities `x` and `y` be two ways of writing one name?"""
    family = f"(jaro_winkler_similarity({x}.family, {y}.family) >= 0.92 or list_has_all(string_split({x}.family, ' '), string_split({y}.family, ' ')) or list_has_all(string_split({y}.family, ' '), string_split({x}.family, ' ')))"
    typing_error = f"(not ({x}.is_known and {y}.is_known) and length({x}.given) > 3 and damerau_levenshtein({x}.given, {y}.given) = 1)"
    initial = f"((length({x}.given) = 1 or length({y}.given) = 1) and {x}.given[1] = {y}.given[1] and {x}.family = {y}.family)"
    shortened = (
        f"(not ({x}.is_known and {y}.is_known) and least(length({x}.given), length({y}.given)) > 2 "
        f"and (starts_with({x}.given, {y}.given) or starts_with({y}.given, {x}.given)))"
    )
    return (
        f"({x}.name = {y}.name or list_has_all({x}.words, {y}.words) or list_has_all({y}.words, {x}.words) "
        f"or {initial} or ((list_has_any({x}.roots, {y}.roots) or {typing_error} or {shortened}) and {family}))"
    )


def exact_pairs(con: duckdb.DuckDBPyConnection) -> None:
    """Create `pair` (a, b, a < b; method; probability; evidence) from `identity`."""
    con.execute(f"""
        create or replace temp table pair (a ubigint, b ubigint, method varchar, probability double, evidence varchar);
        create or replace temp table mail as
        select email, count(distinct name) as nb_names from identity where email is not null group by email having count(*) > 1;
        create or replace temp table several as
        select i, email, is_generic, name, given, family, is_known, string_split(roots, '|') as roots, string_split(name, ' ') as words
        from identity semi join (from mail where nb_names between 2 and {SHARED_NAMES}) using (email) where name is not null;
        create or replace temp table mail_pair as
        select x.email, x.i as a, y.i as b, true as is_one from identity x join identity y on x.email = y.email and x.name = y.name and y.i > x.i
        union all
        select x.email, x.i, y.i, {compatible("x", "y")} or (not x.is_generic and list_has_any(x.roots, y.roots))
        from several x join several y on x.email = y.email and x.name <> y.name and y.i > x.i;
        drop table several;
        insert into pair select a, b, 'exact_email', 1.0, 'email+name' from mail_pair where is_one;
        -- without a name: whoever has the address, when it is one person
        insert into pair
        select least(x.i, y.i), greatest(x.i, y.i), 'exact_email', 1.0, 'email'
        from mail m join identity x using (email) join identity y on y.email = m.email and y.i <> x.i
        where x.name is null and (y.name is not null or y.i > x.i) and m.nb_names <= {SHARED_NAMES}
            and m.email not in (select email from mail_pair where not is_one);
        drop table mail; drop table mail_pair;
    """)


def same_name_in_list(con: duckdb.DuckDBPyConnection) -> None:
    """Add to `pair` the lines of one event that have one name and no address, unless they say two organisations."""
    con.execute("""
        insert into pair
        select x.i, y.i, 'same_name_event', 1.0, 'name+event' from identity x join identity y
            on x.scope = y.scope and x.name = y.name and y.i > x.i
        where x.org is null or y.org is null or jaro_winkler_similarity(x.org, y.org) >= 0.85
            or contains(x.org, y.org) or contains(y.org, x.org)""")
