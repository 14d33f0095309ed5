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
from identity.matched import CURRENT
from identity.matching.keyed import pseudonym
from identity.matching.registry import TABLES as KEPT
from identity.vault import Vault

TABLES = ("participant_row", "participant", "participant_link")
PSEUDONYM_DOMAIN, IDENTITY_DOMAIN = "person", "source identity"


def make_participants(con: duckdb.DuckDBPyConnection, vault: Vault) -> None:
    """Create the three tables, and `keep_alias`, `keep_alias_identity`, from `row_of`, `whose`, `why`, `keep_doubt`, `delivery_no`.

    Pseudonyms are computed once for a person and a year, and kept while the year's key is the same.
    """
    con.execute("""
        create or replace temp table identity_year as select i, year, bool_or(is_present) as is_present from row_of group by i, year;
        create or replace temp table person_year as
        select uid, year, count(*)::integer as nb_identities, bool_or(is_present) as is_present from identity_year join whose using (i) group by uid, year""")
    years = con.execute("select distinct year from person_year order by year").fetchall()
    for table, key, column in (("alias", "uid", "pseudonym"), ("alias_identity", "i", "source_identity")):
        con.execute(f"create or replace temp table keep_{table} ({KEPT[table]})")
        domain, digits = (PSEUDONYM_DOMAIN, 32) if key == "uid" else (IDENTITY_DOMAIN, 16)
        wanted = "person_year" if key == "uid" else "identity_year"
        for (year,) in years:
            secret = vault.keyring.key_for(year)
            hashed = pseudonym(con, secret, domain, f"printf('%016x', {key})", digits)
            if key == "i":
                hashed = f"('0x' || {hashed})::ubigint"
            con.execute(f"""
                insert into keep_{table}
                select {key}, {year}, '{secret.key_id}', coalesce(k.{column}, {hashed})
                from (select {key} from {wanted} where year = {year})
                left join (select {key}, {column} from kept_{table} where year = {year} and key_id = '{secret.key_id}') k using ({key})""")
    con.execute("""
        create or replace temp table participant as
        select ('0x' || substr(a.pseudonym, 1, 15))::bigint as participant_key, a.pseudonym, a.key_id, a.year as programme_year,
            coalesce(f.year < a.year, false) as is_returning, p.nb_identities, a.uid
        from keep_alias a join person_year p using (uid, year)
        left join (select uid, min(year) as year from person_year where is_present group by uid) f using (uid);
        create or replace temp table row_said as
        select r.d, r.row_number, p.participant_key from row_of r join whose k using (i) join participant p on p.uid = k.uid and p.programme_year = r.year;
        create or replace temp view participant_row as
        select n.source, n.delivery_id, r.row_number, r.participant_key from row_said r join delivery_no n using (d) order by r.d, r.row_number;
        create or replace temp table source_no as
        select (row_number() over (order by source))::integer as s, source from (select distinct source from delivery_no);
        create or replace temp table placed as
        select distinct r.i, r.year, n.s from row_of r join (select d, s from delivery_no join source_no using (source)) n using (d);
        create or replace temp table link_said as
        select p.participant_key, y.source_identity, s.s, k.w, false as is_review, null::double as probability, null as method, null as evidence
        from placed s join whose k using (i) join participant p on p.uid = k.uid and p.programme_year = s.year
            join keep_alias_identity y on y.i = s.i and y.year = s.year
        union all
        select p.participant_key, y.source_identity, s.s, k.w, true, q.probability, q.method, q.evidence
        from keep_doubt q join whose k using (i) join whose o on o.i = q.other join placed s on s.i = q.i
            join participant p on p.uid = o.uid and p.programme_year = s.year join keep_alias_identity y on y.i = s.i and y.year = s.year;
        drop table placed;
        create or replace temp view participant_link as
        select l.participant_key, printf('%016x', l.source_identity) as source_identity, n.source, y.basis, coalesce(l.method, y.method) as method,
            coalesce(l.probability, y.probability) as match_probability, case when l.is_review then 'review' else 'accepted' end as status,
            coalesce(l.evidence, y.evidence) as evidence
        from link_said l join source_no n using (s) join why y using (w)
        order by l.participant_key, l.source_identity, l.s, l.is_review""")


def write_participants(con: duckdb.DuckDBPyConnection, out_dir: Path, version: str) -> None:
    """Write the tables aside, then point `current` to them and remove the former ones."""
    out_dir.mkdir(parents=True, exist_ok=True)
    aside = out_dir / f".{version}.{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for table in TABLES:
        columns = "* exclude (uid)" if table == "participant" else "*"
        order = " order by participant_key" if table == "participant" else ""
        # digits of hashes, in which nothing repeats; numbers of rows do, and take a fifth more room at the first level
        level = 3 if table == "participant_row" else 1
        con.execute(
            f"copy (select {columns} from {table}{order}) to '{_quoted(aside / table)}.parquet' (format parquet, compression zstd, compression_level {level})"
        )
    final = out_dir / version
    shutil.rmtree(final, ignore_errors=True)
    os.replace(aside, final)
    if not (out_dir / CURRENT).is_symlink():  # a backup that follows links put a folder there
        shutil.rmtree(out_dir / CURRENT, ignore_errors=True)
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
