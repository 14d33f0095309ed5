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
    """Create `fresh_identity` and `fresh_row` (d, row_number, i), empty, and what `identify` reads names with."""
    normal.install(con)
    con.execute("""
        create or replace temp table fresh_row (d integer, row_number integer, i ubigint);
        create or replace temp table fresh_identity (i ubigint, email varchar, is_generic boolean, name varchar, given varchar, family varchar,
            roots varchar, is_known boolean, phone varchar, org varchar, postcode varchar, scope varchar)""")


def identify(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Add the rows of `typed` (source, delivery_id, row_number, IDENTITY_COLUMNS) that are in `landed` to `fresh_row`, their identities to
    `fresh_identity`. Rows that name nobody have no identity. Called part by part: what a row says is read alone."""
    con.execute(_SPELLED)
    _finish_phones(con)
    con.execute(_NORMAL)
    con.execute(f"""
        create or replace temp table keyed as select *, {keyed(con, vault, "identity", _WHOLE)} as i from named;
        insert into fresh_row select d, row_number, i from keyed;
        insert into fresh_identity
        select i, email, coalesce(n_generic(email), false), name, given, family, roots, is_known, phone, org, postcode, scope
        from keyed semi join (select min((d, row_number)) as at, i from keyed anti join fresh_identity using (i) group by i) first
            on first.i = keyed.i and first.at = (keyed.d, keyed.row_number);
        drop table keyed; drop table named""")


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
        -- a name typed in the column of addresses
        case when h.email is null and email_typed is not null and not contains(email_typed, '@') and given_name is null and family_name is null
            then coalesce(full_name, email_typed) else full_name end as full_name
    from here h join landed l using (d, row_number) left join event_no e using (e))
select * exclude (full_name), given_name is not null and family_name is not null as is_parted,
    case when given_name is null or family_name is null then coalesce(full_name, given_name, family_name) end as whole
from told;
create or replace temp table phone_part as
select text, n_phone(n_digits(text)) as phone from (select distinct phone as text from spelled where phone is not null);
"""

# Each distinct text is folded once, however many rows have it. One expression per step: a macro that repeats its argument, inside
# another, makes a statement that takes seconds to plan.
_NORMAL = """
create or replace temp table folded as
select text, string_split(n_fold(text), ' ') as words, string_split_regex(trim(text), '[\\s,;]+') as tokens from (
    select given_name as text from spelled where is_parted union select family_name from spelled where is_parted
    union select whole from spelled where whole is not null);
create or replace temp table cut as
select text, n_untitled(words) as words, list_filter(tokens, lambda x: n_shouted(x)) as shouted,
    list_filter(tokens, lambda x: not n_shouted(x)) as whispered
from folded;
create or replace temp table told as
select text, words, array_to_string(words, ' ') as joined, n_has_word(words) as has_word, n_has_name(words) as has_name,
    -- « DUPONT Jean » says which is which, « Jean Dupont » does not: the first word is then taken for the given name
    case when len(shouted) > 0 and len(whispered) > 0 then string_split(n_fold(array_to_string(shouted, ' ')), ' ') end as loud,
    case when len(shouted) > 0 and len(whispered) > 0 then n_untitled(string_split(n_fold(array_to_string(whispered, ' ')), ' ')) end as quiet
from cut;
create or replace temp table part as
with guessed as (
    select * exclude (loud, quiet), case when len(quiet) > 0 then array_to_string(quiet, ' ') else words[1] end as guessed_given,
        case when len(quiet) > 0 then array_to_string(n_untitled(loud), ' ') else array_to_string(words[2:], ' ') end as guessed_family
    from told)
select g.*, array_to_string(coalesce(a.roots, b.roots, [joined]), '|') as roots, a.name is not null or b.name is not null as is_known,
    array_to_string(coalesce(c.roots, d.roots, [guessed_given]), '|') as guessed_roots, c.name is not null or d.name is not null as is_guess_known
from guessed g left join nickname a on a.name = joined left join nickname b on b.name = words[1]
left join nickname c on c.name = guessed_given left join nickname d on d.name = split_part(guessed_given, ' ', 1);
create or replace temp table org_part as
select text, nullif(n_org(string_split(n_fold(text), ' ')), '') as org from (select distinct organisation_text as text from spelled where organisation_text is not null);
create or replace temp table named as
with parted as (
    select s.d, s.row_number, s.email, case when s.is_parted then list_concat(g.words, f.words) else w.words end as words,
        case when s.is_parted then (g.has_word or f.has_word) and (g.has_name or f.has_name) else w.has_word and w.has_name end as is_somebody,
        case when s.is_parted then g.joined else w.guessed_given end as given, case when s.is_parted then f.joined else w.guessed_family end as family,
        case when s.is_parted then g.roots else w.guessed_roots end as roots, case when s.is_parted then g.is_known else w.is_guess_known end as is_known,
        p.phone, o.org, nullif(replace(s.postcode, ' ', ''), '') as postcode, s.event
    from spelled s left join part g on s.is_parted and g.text = s.given_name left join part f on s.is_parted and f.text = s.family_name
    left join part w on w.text = s.whole left join org_part o on o.text = s.organisation_text left join phone_part p on p.text = s.phone),
sure as (select * replace (case when is_somebody and len(words) > 1 then array_to_string(list_sort(words), ' ') end as words) from parted)
select d, row_number, email, words as name, case when words is not null then given end as given, case when words is not null then family end as family,
    case when words is not null then roots end as roots, words is not null and is_known as is_known, phone, org, postcode,
    case when email is null and phone is null then event end as scope
from sure
-- a telephone alone, a first name alone, a name without an event: nobody can be told by that
where email is not null or (words is not null and (phone is not null or event is not null));
drop table spelled; drop table folded; drop table cut; drop table told; drop table part; drop table org_part; drop table phone_part;
"""


def _finish_phones(con: duckdb.DuckDBPyConnection) -> None:
    """The numbers that are not written the French way, one by one: there are few."""
    odd = con.execute("select text from phone_part where phone is null").fetchall()
    found = normal.phones(text for (text,) in odd)
    if found:
        con.register("odd_phone", pa.table({"text": list(found), "e164": list(found.values())}))
        con.execute("update phone_part set phone = e164 from odd_phone where phone_part.text = odd_phone.text")
        con.unregister("odd_phone")
