"""Persons → the three tables without identity that leave the vault.

Here: `participant_row`, `participant`, `participant_link`, and writing them so that a reader sees all of them, or all of the former ones. Not
here: who is who.

    participant_row   source, delivery_id, row_number, participant_key     one row per landed row of somebody
    participant       participant_key, pseudonym, key_id, programme_year, is_returning, nb_identities
                      one row per person and programme year: the pseudonym changes with the year's key
    participant_link  participant_key, source_identity, source, basis, method, match_probability, status, evidence
                      one row per participant, source identity, source and status; `review`: perhaps this participant's too

Nothing in them links two programme years: `source_identity` changes with the year's key as the pseudonym does.

The tables are in `<out_dir>/<version>/`; the link `<out_dir>/current` is what readers follow, and changes in one rename.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb

from identity.cipher import sync_directory
from identity.matching.keyed import pseudonym
from identity.vault import Vault

TABLES = ("participant_row", "participant", "participant_link")
CURRENT = "current"
PSEUDONYM_DOMAIN, IDENTITY_DOMAIN = "person", "source identity"


def make_participants(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Create the three tables from `landed`, `delivery_no`, `row_identity`, `person_of`, `identity`, `best_pair`, `doubt`."""
    con.execute("""
        create or replace temp table seen as
        select r.d, r.row_number, r.i, p.uid, l.year, l.is_present
        from row_identity r join landed l using (d, row_number) join person_of p using (i);
        create or replace temp table person_year as
        select uid, year, count(distinct i)::integer as nb_identities from seen group by uid, year;
        create or replace temp table first_presence as select uid, min(year) as year from seen where is_present group by uid;
        create or replace temp table participant (uid ubigint, participant_key bigint, pseudonym varchar, key_id varchar, programme_year integer,
            is_returning boolean, nb_identities integer);
        create or replace temp table identity_year (i integer, year integer, source_identity varchar);
    """)
    for (year,) in con.execute("select distinct year from person_year order by year").fetchall():
        key = vault.keyring.key_for(year)
        con.execute(f"""
            insert into participant
            select uid, ('0x' || substr(pseudonym, 1, 15))::bigint, pseudonym, '{key.key_id}', {year}, was.year is not null and was.year < {year}, nb_identities
            from (select *, {pseudonym(con, key, PSEUDONYM_DOMAIN, "printf('%016x', uid)")} as pseudonym from person_year where year = {year})
            left join first_presence was using (uid);
            insert into identity_year
            select i, {year}, {pseudonym(con, key, IDENTITY_DOMAIN, "printf('%016x', fingerprint)", 16)}
            from (select distinct i from seen where year = {year}) join identity using (i)""")
    con.execute("""
        create or replace temp table participant_row as
        select n.source, n.delivery_id, s.row_number, p.participant_key
        from seen s join participant p on p.uid = s.uid and p.programme_year = s.year join delivery_no n using (d)
        order by n.source, n.delivery_id, s.row_number;
        create or replace temp table participant_link as
        with placed as (select distinct s.i, s.uid, s.year, n.source from seen s join delivery_no n using (d))
        select p.participant_key, y.source_identity, s.source,
            case when x.email is not null then 'email' when x.phone is not null then 'phone' else 'name' end as basis,
            coalesce(b.method, case when x.email is not null then 'exact_email' when x.phone is not null then 'model' else 'same_name_event' end) as method,
            coalesce(b.probability, 1.0) as match_probability, 'accepted' as status,
            coalesce(b.evidence, case when x.email is not null then 'email' when x.phone is not null then 'phone+name' else 'name+event' end) as evidence
        from placed s join participant p on p.uid = s.uid and p.programme_year = s.year join identity x using (i)
            join identity_year y on y.i = s.i and y.year = s.year left join best_pair b on b.i = s.i
        union all
        select distinct p.participant_key, y.source_identity, s.source,
            case when x.email is not null then 'email' when x.phone is not null then 'phone' else 'name' end,
            q.method, q.probability, 'review', q.evidence
        from doubt q join person_of o on o.i = q.other join placed s on s.i = q.i
            join participant p on p.uid = o.uid and p.programme_year = s.year join identity x on x.i = q.i
            join identity_year y on y.i = s.i and y.year = s.year
        order by all;
    """)


def write_participants(con: duckdb.DuckDBPyConnection, out_dir: Path, version: str) -> None:
    """Write the tables aside, then point `current` to them and remove the former ones."""
    out_dir.mkdir(parents=True, exist_ok=True)
    aside = out_dir / f".{version}.{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for table in TABLES:
        columns = "* exclude (uid)" if table == "participant" else "*"
        order = " order by participant_key" if table == "participant" else ""
        con.execute(
            f"copy (select {columns} from {table}{order}) to '{_quoted(aside / table)}.parquet' (format parquet, compression zstd)"
        )
    final = out_dir / version
    shutil.rmtree(final, ignore_errors=True)
    os.replace(aside, final)
    link = out_dir / f".{CURRENT}.{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(version)
    os.replace(link, out_dir / CURRENT)
    sync_directory(out_dir)
    for other in out_dir.iterdir():
        if other.name not in (version, CURRENT):
            shutil.rmtree(other, ignore_errors=True)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
