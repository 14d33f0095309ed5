"""Pairs that only probably are one person: which are worth comparing, and what Splink gives them under the declared model.

Here: blocking, the SQL of each level of `model.yml`, one call of Splink. Not here: the numbers (`model.yml`), what becomes of a
pair (`clusters.py`). Splink is imported when there is a pair to score, and only then.

Blocking joins two identities that agree on something rare enough to scale (name and organisation, name and postcode, telephone,
name and beginning of the address, event and half of the name) and whose names may be the same. Pairs with the same address are left to
`exact.py`.
"""

from __future__ import annotations

import logging
import warnings

import duckdb

from identity.matching.exact import compatible
from identity.matching.model import Model

_BLOCKS: tuple[tuple[str, ...], ...] = (
    ("name", "org"), ("name", "postcode"), ("name", "phone"), ("name", "mail_start"), ("name", "mail_end"), ("local", "family"),
    ("phone", "family_start"), ("phone", "given"), ("org", "family"), ("org", "given", "family_start"),
)  # fmt: skip
"""Two identities that agree on all of one of these may be compared; their names are checked then."""
_AT_EVENT: tuple[tuple[str, ...], ...] = (("name",), ("family",), ("given", "family_start"))

_CLOSE_FAMILY = (
    "(jaro_winkler_similarity({x}.family, {y}.family) >= 0.88 or damerau_levenshtein({x}.family, {y}.family) <= 2)"
)


def may_be(x: str, y: str) -> str:
    """SQL: may the names be one, by their forms or but for a letter or two?"""
    close = _CLOSE_FAMILY.format(x=x, y=y)
    given = f"(list_has_any({x}.roots, {y}.roots) or jaro_winkler_similarity({x}.given, {y}.given) >= 0.9)"
    return f"({compatible(x, y)} or ({close} and {given} and not {two_given(x, y)}))"


def two_given(x: str, y: str) -> str:
    """SQL: two given names that are both known, and not forms of one another: two people."""
    return f"({x}.is_known and {y}.is_known and not list_has_any({x}.roots, {y}.roots))"


def score(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Create `scored` for the pairs of `everyone` with one of `touched` that may be one person, from review_from on.

    `scored`: a, b (a < b), bits, probability, evidence, method, and `is_apart`: two places of one list with two addresses and two
    telephones, two people whatever joins them elsewhere. `on_list` (i, e, d): who is on which list of the events of `touched`.
    """
    con.execute(SCORED)
    if not con.execute("select count(*) from touched").fetchall()[0][0]:
        return
    _block(con)
    pairs = con.execute("select count(*) from candidate").fetchall()[0][0]
    parts = -(-pairs // PART_PAIRS)
    for part in range(parts):
        _run_splink(con, model, part, parts)
    con.execute("drop table candidate; drop table scored_identity")


PART_PAIRS = 500_000
"""How many pairs Splink is given at once: it copies all that it compares, and joins the copies."""

SCORED = (
    "create or replace temp table scored (a ubigint, b ubigint, bits double, probability double, evidence varchar, method varchar, "
    "is_apart boolean)"
)


def _block(con: duckdb.DuckDBPyConnection) -> None:
    """Create `candidate` (a, b, is_two: two addresses and two telephones), the pairs worth scoring, and `scored_identity`, those who are in one."""
    hashed = ", ".join(
        f"case when {text} is not null then hash({text}) end as {column}" for column, text in _BLOCKED.items()
    )
    con.execute(f"""
        create or replace temp table blocked as
        select (row_number() over ())::integer as n, x.i, {hashed}, t.i is not null as is_new
        from (select *, split_part(email, '@', 1) as local from everyone where name is not null) x left join touched t using (i);
        create or replace temp table blocked_pair (a integer, b integer, is_same boolean, is_two boolean)""")
    new, all_ = con.execute("select count(*) filter (is_new), count(*) from blocked").fetchall()[0]
    # one rule after the other: of all their keys together most make no pair
    for columns in _BLOCKS:
        _pair_up(con, columns, "blocked", few=3 * new < all_)
    con.execute("""
        create or replace temp table at_event as
        select e, n, mail, name, given, family, family_start, phone, is_new from (select distinct i, e from on_list) join blocked using (i)""")
    for columns in _AT_EVENT:
        _pair_up(con, ("e", *columns), "at_event", few=3 * new < all_)
    con.execute(f"""
        drop table at_event;
        create or replace temp table candidate as
        select least(x.i, y.i) as a, greatest(x.i, y.i) as b, is_same, is_two
        from (select distinct a, b, is_same, is_two from blocked_pair) p join blocked x on x.n = p.a join blocked y on y.n = p.b;
        drop table blocked; drop table blocked_pair;
        -- most pairs have one name: the others are looked at more closely
        create or replace temp table named as
        with involved as (select a as i from candidate where not is_same union select b from candidate where not is_same)
        select i, name, string_split(name, ' ') as words, given, family, string_split(roots, '|') as roots, is_known
        from everyone semi join involved using (i);
        create or replace temp table candidate as
        select a, b, is_two from candidate where is_same
        union all
        select a, b, is_two from candidate p join named x on x.i = a join named y on y.i = b where not is_same and {may_be("x", "y")};
        drop table named;
        create or replace temp table scored_identity as
        with involved as (select a as i from candidate union select b from candidate),
        events as (select i, list(e) as events, list(e::bigint * 1000000 + d) as lists from on_list semi join involved using (i) group by i)
        select i, email, regexp_replace(email, '[^0-9]+', '', 'g') as digits, name, string_split(name, ' ') as words, given, family,
            string_split(roots, '|') as roots, is_known, phone, org, postcode, events, lists
        from everyone semi join involved using (i) left join events using (i)""")


_BLOCKED = {
    "mail": "email", "name": "name", "given": "given", "family": "family", "phone": "phone", "org": "org", "postcode": "postcode",
    "mail_start": "left(local, 3)", "mail_end": "right(local, 3)", "family_start": "left(family, 3)",
    "local": "case when not is_generic then local end",
}  # fmt: skip
"""What the rules block on, hashed. Two identities with one hash by chance (64 bits) are only compared for nothing."""


def _pair_up(con: duckdb.DuckDBPyConnection, columns: tuple[str, ...], table: str, *, few: bool) -> None:
    """Add to `blocked_pair` those who agree on these columns of `table`, at least one of each pair new, not by the same address. `few`: little
    is new, so that only its keys are counted."""
    filled = " and ".join(f"{column} is not null" for column in columns)
    counted = "keyed semi join (select k from keyed where is_new) using (k)" if few else "keyed"
    con.execute(f"""
        insert into blocked_pair
        with keyed as materialized (select hash({", ".join(columns)}) as k, n, mail, name, phone, is_new from {table} where {filled}),
        -- a key that nobody shares, or only lines of one address, or nobody new has, makes no pair: most of them
        shared as (
            select k from {counted} group by k
            having count(*) > 1 and bool_or(is_new) and (min(mail) <> max(mail) or count(mail) < count(*))),
        block as materialized (from keyed semi join shared using (k))
        select least(x.n, y.n), greatest(x.n, y.n), x.name = y.name, coalesce(x.mail <> y.mail and x.phone <> y.phone, false)
        from block x join block y on x.k = y.k and x.is_new and x.n <> y.n and (x.n < y.n or not y.is_new)
            and (x.mail <> y.mail or x.mail is null or y.mail is null)""")


_LEVEL_SQL = {
    "name": {
        None: "name_l is null or name_r is null",
        "same_words": "name_l = name_r",
        "other_form": "{compatible}",
        "typing_error": "{may_be}",
    },
    "email": {
        None: "email_l is null or email_r is null",
        "same": "email_l = email_r",
        "typing_error": "{mistyped}",
    },
    "phone": {
        None: "phone_l is null or phone_r is null",
        "same_with_two_addresses": "phone_l = phone_r and email_l <> email_r and not ({mistyped})",
        "same": "phone_l = phone_r",
    },
    "organisation": {
        None: "org_l is null or org_r is null",
        "same": "org_l = org_r",
        "alike": "jaro_winkler_similarity(org_l, org_r) >= 0.92 or contains(org_l, org_r) or contains(org_r, org_l)",
    },
    "postcode": {None: "postcode_l is null or postcode_r is null", "same": "postcode_l = postcode_r"},
    "event": {None: "not ({at_one_event})", "same": "{at_one_event}"},
}


def _settings(model: Model) -> dict:
    """Splink's settings: the levels above with the numbers of the model."""
    sides = {
        "compatible": _suffixed(compatible("x", "y")),
        "may_be": _suffixed(may_be("x", "y")),
        # another number is another address, not a slip of the finger; the distance is the most expensive question of all, and asked last
        "mistyped": "abs(length(email_l) - length(email_r)) <= 2 and digits_l = digits_r and damerau_levenshtein(email_l, email_r) <= 2",
        "at_one_event": "coalesce(list_has_any(events_l, events_r) and (email_l is null or email_r is null or not list_has_any(lists_l, lists_r)), false)",
    }
    comparisons = []
    for name, levels in model.comparisons.items():
        told = [
            {
                "sql_condition": _LEVEL_SQL[name][None].format(**sides),
                "label_for_charts": "nothing",
                "is_null_level": True,
            }
        ]
        for level in (*[level for level in _LEVEL_SQL[name] if level], [*levels][-1]):
            condition = _LEVEL_SQL[name].get(level, "ELSE").format(**sides)
            told.append(
                {
                    "sql_condition": condition,
                    "label_for_charts": level,
                    "m_probability": levels[level].m,
                    "u_probability": levels[level].u,
                }
            )
        comparisons.append({"output_column_name": name, "comparison_levels": told})
    return {
        "link_type": "dedupe_only", "unique_id_column_name": "i", "comparisons": comparisons,
        "probability_two_random_records_match": model.prior, "blocking_rules_to_generate_predictions": ["l.name = r.name"],
        "retain_matching_columns": False, "retain_intermediate_calculation_columns": True,
    }  # fmt: skip


def _suffixed(sql: str) -> str:
    """x.name, y.name → name_l, name_r, as Splink calls the two sides of a pair."""
    import re

    return re.sub(r"\b([xy])\.(\w+)", lambda found: f"{found[2]}_{'l' if found[1] == 'x' else 'r'}", sql)


def _run_splink(con: duckdb.DuckDBPyConnection, model: Model, part: int, parts: int) -> None:
    """Add to `scored` what Splink says of one of so many parts of `candidate`."""
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    con.execute(
        "create or replace temp table splink_pair as "
        f"select 0 as match_key, a as join_key_l, b as join_key_r from candidate where a % {parts} = {part}"
    )
    api = DuckDBAPI(connection=con)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        linker = Linker(api.register("scored_identity"), _settings(model), log_level=None, validate_settings=False)
        linker.table_management.register_blocked_pairs_for_predict(api.register("splink_pair"))
        found = linker.inference.predict(
            threshold_match_probability=model.review_from, warning_mode="never"
        ).physical_name
    told = ", ".join(f"case when mw_{name} > 0 then '{name}' end" for name in model.comparisons)
    same_words = model.comparisons["name"]["same_words"].bits - 0.01
    con.execute(f"""
        insert into scored
        with two as (
            select a, b from candidate semi join {found} f on f.i_l = a and f.i_r = b join scored_identity x on x.i = a join scored_identity y on y.i = b
            where is_two and list_has_any(x.lists, y.lists))
        select i_l, i_r, match_weight, match_probability, concat_ws('+', {told}),
            case when mw_name >= {same_words} and mw_event > 0 then 'same_name_event' else 'model' end, two.a is not null
        from {found} left join two on two.a = i_l and two.b = i_r;
        drop table {found}; drop table splink_pair""")
