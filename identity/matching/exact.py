"""Identities that are one person without a doubt: one address with compatible names.

Here: these pairs, in SQL. Not here: probable pairs (`scoring.py`), persons (`clusters.py`).

Two names are compatible when one may be another way of writing the other: the same words in any order, more words, a nickname,
a shortened given name, an initial, one typing error. « Jean Dupont » and « Marie Dupont » are not, so that a mailbox or a telephone that several people
share makes several persons; who wrote without a name from such a mailbox is joined to none of them.
"""

from __future__ import annotations

import duckdb

CERTAIN = (
    ("exact_email", "email+name"), ("exact_email", "email"), ("same_name_event", "name+event"), ("model", "phone+name"), ("manual", "decided"),
)  # fmt: skip
"""Reasons that need no score, of pairs and of who is in no pair: method, evidence. Their probability is 1."""
MAIL_NAME, MAIL, LIST_NAME, PHONE_NAME, DECIDED = range(len(CERTAIN))

SHARED_NAMES = 20
"""More names than this on one address, and only equal names are one person there: a list, not a person's own spellings."""


def compatible(x: str, y: str) -> str:
    """SQL: may the names of the identities `x` and `y` be two ways of writing one name?"""
    family = f"(jaro_winkler_similarity({x}.family, {y}.family) >= 0.92 or list_has_all(string_split({x}.family, ' '), string_split({y}.family, ' ')) or list_has_all(string_split({y}.family, ' '), string_split({x}.family, ' ')))"
    typing_error = f"(not ({x}.is_known and {y}.is_known) and least(length({x}.given), length({y}.given)) > 3 and damerau_levenshtein({x}.given, {y}.given) = 1)"
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
    """Add to `pair` from `node` and `everyone`, and create `mailed` (n, m: the first of its address), who shares an address with somebody."""
    con.execute(f"""
        create or replace temp table mailed as
        with mail as (
            select (row_number() over ())::integer as m, n_mailbox(email) as mailbox from everyone semi join node using (i)
            where email is not null group by mailbox having count(*) > 1)
        select n, m, name from everyone join mail on mailbox = n_mailbox(email) join node using (i);
        create or replace temp table mail as select m, min(n) as first, count(distinct name) as nb_names from mailed group by m;
        create or replace temp table several as
        select n, m, is_generic, x.name, given, family, is_known, string_split(roots, '|') as roots, string_split(x.name, ' ') as words
        from (from mailed semi join (from mail where nb_names between 2 and {SHARED_NAMES}) using (m) where name is not null)
            join node using (n) join everyone x using (i);
        create or replace temp table mail_pair as
        select x.m, x.n as a, y.n as b, true as is_one from mailed x join mailed y on x.m = y.m and x.name = y.name and y.n > x.n
        union all
        select x.m, x.n, y.n, {compatible("x", "y")} or (not x.is_generic and list_has_any(x.roots, y.roots))
        from several x join several y on x.m = y.m and x.name <> y.name and y.n > x.n;
        drop table several;
        insert into pair select a, b, {MAIL_NAME} from mail_pair where is_one;
        -- without a name: whoever has the address, when it is one person
        insert into pair
        select least(x.n, y.n), greatest(x.n, y.n), {MAIL}
        from mail join mailed x using (m) join mailed y on y.m = mail.m and y.n <> x.n
        where x.name is null and (y.name is not null or y.n > x.n) and mail.nb_names <= {SHARED_NAMES}
            and mail.m not in (select m from mail_pair where not is_one);
        create or replace temp table mailed as select first as m, n from mailed join mail using (m);
        drop table mail; drop table mail_pair""")


def same_name_in_list(con: duckdb.DuckDBPyConnection) -> None:
    """Add to `pair` the lines of one event that have one name and no address, unless they say two organisations. `listed` (n, t: the
    first of its name on its list, org)."""
    con.execute(f"""
        insert into pair
        select x.n, y.n, {LIST_NAME} from listed x join listed y on x.t = y.t and y.n > x.n
        where x.org is null or y.org is null or jaro_winkler_similarity(x.org, y.org) >= 0.85
            or contains(x.org, y.org) or contains(y.org, x.org)""")
