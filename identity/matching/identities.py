"""Rows → distinct source identities: what is known of a person in one place, in normal form, once.

Here: the tables `fresh_identity` and `fresh_row` of a private connection, from the rows that were not identified before. Not here: which
identities are one person.

A source identity is a distinct (address, name, telephone, organisation, postcode), and event where there is neither address nor
telephone: a name alone identifies within one event only.

    i UBIGINT            keyed hash of all this (64 bits: one chance in 40 million that two among a million are the same)
    email, is_generic    the normalised address, and whether several people read it by its very name (contact@…)
    name                 the words of the name, sorted
    given, family        as said or as guessed from a full name; `roots`: the given names that `given` may be a form of, between
                         bars; `is_known`: `given` is in the list of given names
    phone, org, postcode
    scope                event, when the identity only holds within it
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from identity.matching import normal
from identity.matching.keyed import keyed
from identity.vault import Vault

IDENTITY_COLUMNS = (
    "email", "email_typed", "given_name", "family_name", "full_name", "phone", "organisation_text", "postcode",
)  # fmt: skip
"""What matching reads of the vault."""


def identify(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """From `landed` and `typed` (d, row_number, IDENTITY_COLUMNS): make `fresh_identity`, and `fresh_row` (d, row_number, i).
    Rows that name nobody have no identity."""
    con.execute(_RAW)
    _finish_phones(con)
    con.execute(_NORMAL)
    con.execute(f"""
        create or replace temp table keyed as select *, {keyed(con, vault, "identity", _WHOLE)} as i from named;
        create or replace temp table fresh_row as select rr.d, rr.row_number, k.i from raw_of_row rr join keyed k using (r);
        create or replace temp table fresh_identity as
        select i, any_value(email) as email, coalesce(n_generic(any_value(email)), false) as is_generic, any_value(name) as name,
            any_value(given) as given, any_value(family) as family, any_value(roots) as roots, any_value(is_known) as is_known,
            any_value(phone) as phone, any_value(org) as org, any_value(postcode) as postcode, any_value(scope) as scope
        from keyed group by i;
        drop table keyed; drop table named; drop table raw; drop table raw_of_row""")


_WHOLE = (
    "concat_ws(chr(31), coalesce(email, ''), coalesce(name, ''), coalesce(given, ''), coalesce(family, ''), "
    "coalesce(phone, ''), coalesce(org, ''), coalesce(postcode, ''), coalesce(scope, ''))"
)

# what was typed, once per distinct way of typing it
_RAW = """
create or replace temp table raw_row as
select t.d, t.row_number, t.email,
    -- a name typed in the column of addresses
    case when t.email is null and t.email_typed is not null and not contains(t.email_typed, '@') and t.given_name is null
        and t.family_name is null then coalesce(t.full_name, t.email_typed) else t.full_name end as full_name,
    t.given_name, t.family_name, t.phone, t.organisation_text, t.postcode,
    case when t.email is null then e.event end as event
from typed t join landed l using (d, row_number) left join event_no e using (e);
create or replace temp table raw as
select row_number() over () as r, email, full_name, given_name, family_name, phone, organisation_text, postcode, event,
    null::varchar as e164
from raw_row group by email, full_name, given_name, family_name, phone, organisation_text, postcode, event;
create or replace temp table raw_of_row as
select t.d, t.row_number, r.r from raw_row t join raw r
    on t.email is not distinct from r.email and t.full_name is not distinct from r.full_name
    and t.given_name is not distinct from r.given_name and t.family_name is not distinct from r.family_name
    and t.phone is not distinct from r.phone and t.organisation_text is not distinct from r.organisation_text
    and t.postcode is not distinct from r.postcode and t.event is not distinct from r.event;
drop table raw_row;
"""

# one expression per step: a macro that repeats its argument, inside another, makes a statement that takes seconds to plan
_NORMAL = """
create or replace temp table folded as
select r, email, phone, e164, n_fold(organisation_text) as org, nullif(regexp_replace(postcode, '\\s', '', 'g'), '') as postcode, event,
    given_name is not null and family_name is not null as is_parted,
    n_fold(given_name) as given, n_fold(family_name) as family, coalesce(full_name, given_name, family_name) as full_name,
    n_digits(phone) as digits
from raw;
create or replace temp table cut as
select * exclude (given, family, digits), n_phone(digits) as french, string_split(n_fold(full_name), ' ') as full_words,
    string_split(given, ' ') as given_words, string_split(family, ' ') as family_words, string_split(org, ' ') as org_words,
    case when not is_parted then string_split_regex(trim(full_name), '[\\s,;]+') end as tokens
from folded;
create or replace temp table untitled as
select * exclude (given_words, full_words), n_untitled(given_words) as given_words, n_untitled(full_words) as full_words,
    n_org(org_words) as org_key, list_filter(tokens, lambda x: n_shouted(x)) as shouted, list_filter(tokens, lambda x: not n_shouted(x)) as whispered
from cut;
create or replace temp table said as
select r, email, coalesce(french, e164) as phone, nullif(org_key, '') as org, postcode, event, is_parted,
    given_words, family_words, case when is_parted then list_concat(given_words, family_words) else full_words end as words,
    -- « DUPONT Jean » says which is which, « Jean Dupont » does not: the first word is then taken for the given name
    case when not is_parted and len(shouted) > 0 and len(whispered) > 0 then string_split(n_fold(array_to_string(shouted, ' ')), ' ') end as loud,
    case when not is_parted and len(shouted) > 0 and len(whispered) > 0 then string_split(n_fold(array_to_string(whispered, ' ')), ' ') end as quiet
from untitled;
create or replace temp table spoken as
select * exclude (words, loud, quiet), case when n_somebody(words) then words end as words, loud, n_untitled(quiet) as quiet
from said;
create or replace temp table parted as
select r, email, phone, org, postcode, event, case when len(words) > 1 then list_sort(words) end as words,
    case when len(words) < 2 then null when is_parted then array_to_string(given_words, ' ')
        when len(quiet) > 0 then array_to_string(quiet, ' ') else words[1] end as given,
    case when len(words) < 2 then null when is_parted then array_to_string(family_words, ' ')
        when len(quiet) > 0 then array_to_string(loud, ' ') else array_to_string(words[2:], ' ') end as family
from spoken;
create or replace temp table named as
select n.r, n.email, array_to_string(n.words, ' ') as name, n.words, n.given, n.family,
    case when n.words is not null then array_to_string(coalesce(whole.roots, first.roots, [n.given]), '|') end as roots,
    whole.name is not null or first.name is not null as is_known,
    n.phone, n.org, n.postcode, case when n.email is null and n.phone is null then n.event end as scope
from parted n
left join nickname whole on whole.name = n.given
left join nickname first on first.name = split_part(n.given, ' ', 1)
-- a telephone alone, a first name alone, a name without an event: nobody can be told by that
where n.email is not null or (n.words is not null and (n.phone is not null or n.event is not null));
drop table folded; drop table cut; drop table untitled; drop table said; drop table spoken; drop table parted;
"""


def _finish_phones(con: duckdb.DuckDBPyConnection) -> None:
    """The numbers that are not written the French way, one by one: there are few."""
    odd = con.execute(
        "select distinct phone from raw where phone is not null and n_phone(n_digits(phone)) is null"
    ).fetchall()
    found = normal.phones(text for (text,) in odd)
    if found:
        con.register("odd_phone", pa.table({"phone": list(found), "e164": list(found.values())}))
        con.execute("update raw set e164 = odd_phone.e164 from odd_phone where raw.phone = odd_phone.phone")
        con.unregister("odd_phone")
