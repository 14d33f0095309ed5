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


def begin(con: duckdb.DuckDBPyConnection) -> None:
    """Create `fresh_row` (d, row_number, i) and `fresh_identity`, empty, and what `identify` reads texts with: `part`, `org_part`."""
    normal.install(con)
    con.execute("""
        create or replace temp table fresh_row (d integer, row_number integer, i ubigint);
        create or replace temp table fresh_identity (i ubigint, email varchar, is_generic boolean, name varchar, given varchar, family varchar,
            roots varchar, is_known boolean, phone varchar, org varchar, postcode varchar, scope varchar);
        create or replace temp table part (text varchar, words varchar[], joined varchar, has_word boolean, has_name boolean,
            guessed_given varchar, guessed_family varchar, roots varchar, is_known boolean, guessed_roots varchar, is_guess_known boolean);
        create or replace temp table org_part (text varchar, org varchar)""")


def identify(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Add the rows of `typed` (source, delivery_id, row_number, IDENTITY_COLUMNS) that are in `landed` to `fresh_row`, their identities to
    `fresh_identity`. Rows that name nobody have no identity. Called part by part: what a row says is read alone."""
    con.execute(_SPELLED)
    _finish_phones(con)
    con.execute(_TEXTS)
    con.execute(f"""
        create or replace temp table named as select *, {keyed(con, vault, "identity", _WHOLE)} as i from ({_NAMED});
        insert into fresh_row select d, row_number, i from named;
        insert into fresh_identity
        select i, email, coalesce(n_generic(email), false), name, given, family, roots, is_known, phone, org, postcode, scope
        from named semi join (
            select min((d::bigint << 32) | row_number) as at from named anti join fresh_identity using (i) group by i) first
            on first.at = ((d::bigint << 32) | row_number);
        drop table named; drop table spelled; drop table person_name; drop table phone_part""")


def finish(con: duckdb.DuckDBPyConnection) -> None:
    """Let go of what only `identify` needs."""
    con.execute("drop table part; drop table org_part; drop table nickname")


_WHOLE = (
    "concat_ws(chr(31), coalesce(email, ''), coalesce(name, ''), coalesce(given, ''), coalesce(family, ''), "
    "coalesce(phone, ''), coalesce(org, ''), coalesce(postcode, ''), coalesce(scope, ''))"
)

_SPELLED = """
create or replace temp table spelled as
with here as (
    select n.d, t.* from typed t join delivery_no n using (source, delivery_id)),
told as (
    select h.d, h.row_number, h.email, given_name, family_name, phone, organisation_text, postcode,
        case when h.email is null then e.event end as event,
        -- the last one: a name typed in the column of addresses
        coalesce(full_name, given_name, family_name, case when h.email is null and not contains(email_typed, '@') then email_typed end) as whole,
        given_name is not null and family_name is not null as is_parted
    from here h join landed l using (d, row_number) left join event_no e using (e))
select d, row_number, email, case when is_parted then given_name end as given_name, case when is_parted then family_name end as family_name,
    case when not is_parted then whole end as whole, phone, organisation_text, postcode, event
from told;
create or replace temp table phone_part as
select text, n_phone(n_digits(text)) as phone from (select distinct phone as text from spelled where phone is not null);
"""

# Each distinct text is folded once, in whichever part it comes first, and each name put together once per part. One expression per step: a
# macro that repeats its argument, inside another, makes a statement that takes seconds to plan.
_TEXTS = """
create or replace temp table folded as
select text, string_split(n_fold(text), ' ') as words, string_split_regex(text, '[\\s,;]+') as tokens from (
    select given_name as text from spelled union select family_name from spelled union select whole from spelled)
where text is not null and text not in (select text from part);
create or replace temp table cut as
select text, n_untitled(words) as words, list_filter(tokens, lambda x: n_shouted(x)) as shouted,
    list_filter(tokens, lambda x: not n_shouted(x)) as whispered
from folded;
create or replace temp table told as
select text, words, array_to_string(words, ' ') as joined, n_has_word(words) as has_word, n_has_name(words) as has_name,
    -- « DUPONT Jean » says which is which, « Jean Dupont » does not: the first word is then taken for the given name
    string_split(n_fold(array_to_string(shouted, ' ')), ' ') as loud,
    case when len(shouted) > 0 then n_untitled(string_split(n_fold(array_to_string(whispered, ' ')), ' ')) end as quiet
from cut;
insert into part
with guessed as (
    select * exclude (loud, quiet), case when len(quiet) > 0 then array_to_string(quiet, ' ') else words[1] end as guessed_given,
        case when len(quiet) > 0 then array_to_string(n_untitled(loud), ' ') else array_to_string(words[2:], ' ') end as guessed_family
    from told)
select g.*, array_to_string(coalesce(a.roots, b.roots, [joined]), '|') as roots, a.name is not null or b.name is not null as is_known,
    array_to_string(coalesce(c.roots, d.roots, [guessed_given]), '|') as guessed_roots, c.name is not null or d.name is not null as is_guess_known
from guessed g left join nickname a on a.name = joined left join nickname b on b.name = words[1]
left join nickname c on c.name = guessed_given left join nickname d on d.name = split_part(guessed_given, ' ', 1);
drop table folded; drop table cut; drop table told;
insert into org_part
select text, nullif(n_org(string_split(n_fold(text), ' ')), '') from (
    select distinct organisation_text as text from spelled
    where organisation_text is not null and organisation_text not in (select text from org_part));
create or replace temp table person_name as
with met as (select distinct given_name, family_name, whole from spelled),
said as (
    select m.*, list_concat(g.words, f.words) as words, (g.has_word or f.has_word) and (g.has_name or f.has_name) as is_somebody,
        g.joined as given, f.joined as family, g.roots, g.is_known
    from met m join part g on g.text = m.given_name join part f on f.text = m.family_name
    union all
    select m.*, w.words, w.has_word and w.has_name, w.guessed_given, w.guessed_family, w.guessed_roots, w.is_guess_known
    from met m join part w on w.text = m.whole)
select given_name, family_name, whole, array_to_string(list_sort(words), ' ') as name, given, family, roots, is_known
from said where is_somebody and len(words) > 1;
"""

_NAMED = """
select d, row_number, email, n.name, n.given, n.family, n.roots, coalesce(n.is_known, false) as is_known, p.phone, o.org,
    nullif(replace(s.postcode, ' ', ''), '') as postcode, case when email is null and p.phone is null then event end as scope
from spelled s
left join person_name n on n.given_name is not distinct from s.given_name and n.family_name is not distinct from s.family_name
    and n.whole is not distinct from s.whole
left join org_part o on o.text = s.organisation_text left join phone_part p on p.text = s.phone
-- a telephone alone, a first name alone, a name without an event: nobody can be told by that
where (email is not null and not n_of_nobody(email)) or (n.name is not null and (p.phone is not null or event is not null))
"""


def _finish_phones(con: duckdb.DuckDBPyConnection) -> None:
    """The numbers that are not written the French way, one by one: there are few."""
    odd = con.execute("select text from phone_part where phone is null").fetchall()
    found = normal.phones(text for (text,) in odd)
    con.register("odd_phone", pa.table({"text": list(found), "e164": list(found.values())}))
    con.execute("update phone_part set phone = e164 from odd_phone where phone_part.text = odd_phone.text")
    con.unregister("odd_phone")
