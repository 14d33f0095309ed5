"""What has been kept long enough goes: the rules of `identity/retention.yml` applied to every layer, or only counted.

Belongs here: finding by sets what is too old, in which order it goes, the French report. Does not belong here: the durations, how a layer is
erased. A person whose last participation is too old is erased as one who asks for it, in bulk and without a tombstone: a later
delivery of the same list is simply too old again at the next turn.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration import rooms
from orchestration.erasure import (
    certificates,
    damaged_certificates,
    participants_of,
    remember_releases,
    throw_candidates_away,
    vault_of,
)
from orchestration.home import Home
from orchestration.novelty import leave_for_next_night
from orchestration.progress import step
from rulebook.numbers import plural

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from identity.mentions import Crowd
    from identity.retention import Due, Rule, Rules
    from identity.tombstones import Tombstone
    from identity.vault import Vault
    from sources.contract import LoadedContract

Delivery = tuple[str, str]


@dataclass
class Plan:
    """What is too old. `gone`: delivery → rows → the stone of their person; `crowds`: who they are; `blanks`: delivery → slot → rows;
    `refused`: deliveries so old that their refused rows go too; `unread`: of what nothing reads, which columns go by words of their headers (all
    when there is none); `whole`: deliveries of which nothing stays, since no contract reads them; `unrecorded`: originals of no delivery."""

    gone: dict[Delivery, dict[int, Tombstone]] = field(default_factory=dict)
    crowds: dict[Delivery, Crowd] = field(default_factory=dict)
    blanks: dict[Delivery, dict[str, list[int]]] = field(default_factory=dict)
    refused: set[Delivery] = field(default_factory=set)
    unread: dict[Delivery, tuple[str, ...]] = field(default_factory=dict)
    whole: set[Delivery] = field(default_factory=set)
    unrecorded: list[Path] = field(default_factory=list)

    @property
    def deliveries(self) -> set[Delivery]:
        return self.gone.keys() | self.blanks.keys() | self.refused | self.unread.keys() | self.whole


def retention(home: Home, now: datetime, *, apply: bool) -> list[Due]:
    """Every rule in order, and what it would take (or took, with `apply`). To be called under the night's lock."""
    from identity.retention import Due, load_rules

    rules, vault, plan, contracts = load_rules(), vault_of(home), Plan(), rooms.contracts(home)
    report: list[Due] = []
    with _rows(home, vault) as con:
        for rule in rules.of("persons"):
            persons, rows = _expired_persons(con, rule, now, plan, contracts)
            report.append(Due(rule.id, rule.title, persons, f"{plural(persons, 'personne')}, {plural(rows, 'ligne')}"))
        for rule in rules.of("slot"):
            cells = _expired_cells(con, rule, now, plan, contracts)
            report.append(Due(rule.id, rule.title, cells, plural(cells, "cellule")))
        refused = _expired_refusals(home, con, rules, now, plan, contracts)
        title = "personnes et contacts des lignes refusées"
        report.append(Due("refused_rows", title, refused, plural(refused, "ligne")))
        for rule in rules.of("unread"):
            unread = _expired_unread(home, con, rule, now, plan, contracts)
            report.append(Due(rule.id, rule.title, unread, plural(unread, "fichier")))
        used = {key for (key,) in con.execute("select distinct person_key_id from known").fetchall()}
    files = _expired_files(home, rules, now, plan, contracts)
    title = "fichiers qu'aucun contrat n'a pu lire, originaux de lectures interrompues et classeurs de retour"
    report.append(Due("unread_files", title, files, plural(files, "fichier")))
    # counted before anything goes: what goes with its row is said as it is without « --apply »
    for rule in rules.of("quarantine"):
        count = _refused_values(home, rule.keep.before(now), apply=False)
        report.append(Due(rule.id, rule.title, count, plural(count, "valeur")))
    if apply and plan.unrecorded:
        vault.log.record("retention", "erase", ["originals"], 0)
        for path in plan.unrecorded:
            path.unlink()
    if apply and plan.deliveries:
        left = _apply(home, plan, now)
        title = "livraisons qui n'ont pas pu être relues, laissées telles quelles"
        report.append(Due("left", title, left, plural(left, "livraison")))
    for rule in rules.of("quarantine") if apply else ():
        _refused_values(home, rule.keep.before(now), apply=True)
    report += _authors(home, rules, now, apply)
    report += _of_the_vault(home, vault, rules, now, used, apply)
    return report


@contextlib.contextmanager
def _rows(home: Home, vault: Vault) -> Iterator[duckdb.DuckDBPyConnection]:
    """A private connection with `held`: what names the person of each row of the vault; and `known`: every row of somebody (identified, or by the
    number of a place), its person, its instant, the key it was named under, and whether it fills each role.

    `person` is a hash of 64 bits: the texts it stands for would take gigabytes of a large home. Two persons of one hash, should there ever be
    any, are kept until both are too old."""
    import duckdb as engine

    from identity.cipher import VaultError
    from identity.matching.registry import recall
    from identity.tombstones import STAND_IN_DOMAIN
    from identity.vault import open_private

    with contextlib.closing(open_private()) as con:
        flags = ", ".join(_hold(con, vault))
        try:
            recall(con, vault, purpose="retention", tables=("identity", "row"), columns=_KEPT)
        except VaultError:
            con.execute("create temp table kept_row (source varchar, delivery_id varchar, row_number int, i ubigint)")
            con.execute("create temp table kept_identity (i ubigint, uid ubigint)")
        with contextlib.closing(engine.connect()) as plain:
            con.register("landed", _landed(plain, home))
        con.execute(f"""
            create temp macro hashed(words) as case when words is not null then hash(words) end;
            create temp table placed as
            select source, delivery_id, row_number, l.entity, l.instant, l.event_id, l.registration_id, h.source is not null as is_held, x.uid,
                h.email, hashed('n' || l.event_id || '|' || nullif(h.name, '')) as by_name, h.person_key_id, {flags}
            from landed l left join held h using (source, delivery_id, row_number)
            left join kept_row r using (source, delivery_id, row_number) left join kept_identity x using (i);
            create temp table uid_of as select email, min(uid) as email_uid from placed where email is not null and uid is not null group by email;
            -- who is only known by the number of a place is whose place it is
            create temp table known as
            with told as (
                select p.*, hashed('r' || source || '/' || delivery_id || '/' || row_number) as by_row,
                    hashed(coalesce('u' || coalesce(uid, email_uid), 'e' || email)) as person
                from placed p left join uid_of using (email)),
            owner as (
                select event_id, registration_id, any_value(coalesce(person, by_name, by_row)) as owner from told
                where entity = 'registration' and is_held group by event_id, registration_id having count(*) = 1)
            select source, delivery_id, row_number, entity, instant, coalesce(person, owner, by_name, by_row) as person, person_key_id,
                coalesce(ends_with(email, '@{STAND_IN_DOMAIN}'), false) as is_erased, {flags}
            from told left join owner
                on told.entity = 'attendance' and owner.event_id = told.event_id and owner.registration_id = told.registration_id
            where is_held or owner is not null;
            drop table placed;
            drop table uid_of""")
        con.unregister("landed")
        yield con


_KEPT = {"identity": ["i", "uid"], "row": ["source", "delivery_id", "row_number", "i"]}


def _hold(con: duckdb.DuckDBPyConnection, vault: Vault) -> list[str]:
    """Make `held` in `con`, a part of the vault at a time; the names of its flags, one per role: whether the row says something of it."""
    from identity.vault import IDENTITIES, MAP_ROLES, TEXT_ROLES

    roles = [*TEXT_ROLES, *MAP_ROLES]
    texts = ["email", "email_typed", *(role for role in roles if role != "email"), "person_key_id"]
    flags = [f"{role} is not null as has_{role}" for role in roles if role != "email"]
    shape = f"""select source, delivery_id, row_number, email, person_key_id, {", ".join(flags)},
            (email is not null or email_typed is not null) as has_email,
            lower(coalesce(full_name, concat_ws(' ', given_name, family_name))) as name,
            case when given_name is not null and family_name is not null then given_name || ' ' || family_name
                else coalesce(full_name, given_name, family_name, email_typed) end as name_typed"""
    deliveries = [(stored.source, stored.delivery_id) for stored in vault.deliveries()]
    con.register("part", IDENTITIES.empty_table())
    con.execute(f"create temp table held as {shape} from part")
    con.unregister("part")
    for _ in vault.load_in_parts(con, purpose="retention", deliveries=deliveries, name="part", columns=texts):
        con.execute(f"insert into held {shape} from part")
    return [f"has_{role}" for role in roles]


def _landed(con: duckdb.DuckDBPyConnection, home: Home) -> pa.Table:
    """source, delivery_id, row_number, entity, event_id, registration_id, instant (UTC): the row's own instant, else its event's day, else its arrival."""
    from sources.entities import ENTITIES
    from sources.persons import with_spelled_events

    events = [str(path) for path in (home.landing / "event").glob("*.parquet")]
    con.execute("create temp table event_day (letters varchar, day timestamp)")
    if events:
        con.execute(
            "insert into event_day select lower(event_id), max(coalesce(ends_on, starts_on))::timestamp from read_parquet($files) group by 1",
            {"files": events},
        )
    con.execute(
        "create temp table landed (source varchar, delivery_id varchar, row_number integer, entity varchar, event_id varchar, registration_id varchar, "
        "instant timestamp)"
    )
    for entity in ENTITIES.values():
        files = [str(path) for path in (home.landing / entity.name).glob("*.parquet")]
        if not entity.personal or not files:
            continue
        own = [
            name
            for slot in entity.slots.values()
            if slot.kind == "instant"
            for name in slot.columns
        ]  # fmt: skip
        event = "l.event_id" if "event_id" in entity.columns else "cast(null as varchar)"
        place = "l.registration_id" if "registration_id" in entity.columns else "cast(null as varchar)"
        latest = f"greatest({', '.join([*own, 'cast(null as timestamp)'])})"
        con.execute(
            f"insert into landed select l.source, l.delivery_id, l.row_number, '{entity.name}', {event}, {place}, "
            f"coalesce(greatest({latest}, d.day), l.delivered_at) from read_parquet($files) l "
            f"left join event_day d on d.letters = lower({event})",
            {"files": files},
        )
    return with_spelled_events(con.sql("from landed").to_arrow_table(), home.landing)


def _expired_persons(
    con: duckdb.DuckDBPyConnection, rule: Rule, now: datetime, plan: Plan, contracts: Collection[str]
) -> tuple[int, int]:
    """Persons whose every row is older than the rule allows; how many, and how many rows. Nothing reads the rows of a source whose
    contract is gone: its delivery goes whole, once all of them are too old."""
    from identity.tombstones import Tombstone

    rows = con.execute(
        """with expired as (
               select person from known where list_contains($entities, entity) group by person
               having max(instant) < $before and not bool_or(is_erased)),
           theirs as (
               select known.*, expired.person is not null as is_expired,
                   list_contains($sources, source) or bool_and(is_expired) over (partition by source, delivery_id) as may_go
               from known left join expired using (person) where list_contains($entities, entity))
           select person, source, delivery_id, row_number, email, name_typed
           from theirs left join held using (source, delivery_id, row_number) where is_expired and may_go order by all""",
        {"entities": [*rule.entities], "before": _naive(rule.keep.before(now)), "sources": [*contracts]},
    ).fetchall()
    stones: dict[int, Tombstone] = {}
    for key, crowd in _crowds(rows).items():
        plan.crowds[key] = plan.crowds[key] | crowd if key in plan.crowds else crowd
    for person, source, delivery_id, number, *_ in rows:
        stone = stones.setdefault(person, Tombstone("retention", now.isoformat(), secret=os.urandom(32).hex()))
        plan.gone.setdefault((source, delivery_id), {})[number] = stone
        if source not in contracts:
            plan.whole.add((source, delivery_id))
    return len(stones), len(rows)


def _crowds(rows: Sequence[tuple]) -> dict[Delivery, Crowd]:
    """Delivery → the persons of its rows (person, source, delivery_id, row_number, email, name as typed)."""
    import pyarrow as pa

    from identity.mentions import Crowd
    from identity.pseudonyms import normalise_names

    emails: dict[Delivery, set[str]] = {}
    names: dict[Delivery, set[str]] = {}
    normal = normalise_names(pa.array([row[5] for row in rows], pa.string())).to_pylist()
    for (_, source, delivery_id, _, email, _), name in zip(rows, normal, strict=True):
        emails.setdefault((source, delivery_id), set()).update([email] if email else [])
        names.setdefault((source, delivery_id), set()).update([name] if name else [])
    return {key: Crowd(frozenset(emails[key]), frozenset(names[key])) for key in emails}


def _expired_cells(
    con: duckdb.DuckDBPyConnection, rule: Rule, now: datetime, plan: Plan, contracts: Collection[str]
) -> int:
    """Cells of some roles that are older than the rule allows, in rows that stay."""
    from sources.entities import ENTITIES

    count = 0
    for role in rule.roles:
        rows = con.execute(
            f"select source, delivery_id, entity, list(row_number order by row_number) from known "
            f"where list_contains($entities, entity) and list_contains($sources, source) and has_{role} and not is_erased "
            "and instant < $before group by all order by all",
            {"entities": [*rule.entities], "before": _naive(rule.keep.before(now)), "sources": [*contracts]},
        ).fetchall()
        for source, delivery_id, entity, numbers in rows:
            going = plan.gone.get((source, delivery_id), {})
            left = [number for number in numbers if number not in going]
            slots = [slot for slot, own in ENTITIES[entity].personal.items() if own == role]
            if left:
                count += len(left)
                for slot in slots:
                    plan.blanks.setdefault((source, delivery_id), {}).setdefault(slot, []).extend(left)
    return count


def _limits(rules: Rules, now: datetime) -> dict[str, datetime]:
    """Entity → before when nothing personal of its rows is kept: the longest of the durations that the rules give them."""
    limits: dict[str, datetime] = {}
    for rule in (*rules.of("persons"), *rules.of("slot")):
        for entity in rule.entities:
            limits[entity] = min(limits.get(entity, now), rule.keep.before(now))
    return limits


def _expired_refusals(
    home: Home,
    con: duckdb.DuckDBPyConnection,
    rules: Rules,
    now: datetime,
    plan: Plan,
    contracts: Mapping[str, LoadedContract],
) -> int:
    """Refused rows that still say something of a person, in deliveries whose every accepted row is too old, or whose file was written
    too long ago when none was accepted; how many. They are read in the kept bytes of these deliveries alone."""
    from sources.erasure import refused_people

    last, limits, old = _last_instants(con), _limits(rules, now), set()
    for row in _deliveries(home):
        key, loaded = (row["source"], row["delivery_id"]), contracts.get(row["source"])
        limit = limits.get(loaded.contract.entity) if loaded is not None else None
        is_refused = row["outcome"] == "accepted" and row["rows_quarantined"]
        if limit is not None and is_refused and last.get(key, _written_at(row)) < limit:
            old.add(key)
    found = refused_people(rooms.places(home), contracts, "retention", old)
    people = list(zip(found["source"].to_pylist(), found["delivery_id"].to_pylist(), strict=True))
    plan.refused |= {*people} | (old & plan.gone.keys())
    return len(people)


def _last_instants(con: duckdb.DuckDBPyConnection) -> dict[Delivery, datetime]:
    """Delivery → the latest instant of its rows of persons."""
    rows = con.execute("select source, delivery_id, max(instant) from known group by all").fetchall()
    return {(source, delivery_id): instant.replace(tzinfo=UTC) for source, delivery_id, instant in rows}


def _expired_unread(
    home: Home,
    con: duckdb.DuckDBPyConnection,
    rule: Rule,
    now: datetime,
    plan: Plan,
    contracts: Mapping[str, LoadedContract],
) -> int:
    """Accepted deliveries whose every row is too old and of which something is kept that nothing reads; how many. Of a source that announces
    nobody, the age is counted from the reception, as in `_expired_files`: its contract may still learn to read a column."""
    from sources.erasure import has_unread
    from sources.headers import passes_over

    last, limit, old = _last_instants(con), rule.keep.before(now), []
    for row in _deliveries(home):
        key, loaded = (row["source"], row["delivery_id"]), contracts.get(row["source"])
        if loaded is None or not passes_over(loaded.contract, rule.headers):
            continue
        if row["outcome"] == "accepted" and _age_of(row, loaded, last.get(key)) < limit:
            old.append((key, loaded, row))
    if old:
        vault_of(home).log.record("retention", "read", ["/".join(key) for key, *_ in old], len(old))
    due = [key for key, loaded, row in old if has_unread(rooms.places(home), loaded, row, rule.headers)]
    for key in due:
        others = plan.unread.get(key, rule.headers)
        plan.unread[key] = tuple(dict.fromkeys((*others, *rule.headers))) if others and rule.headers else ()
    return len(due)


def _age_of(row: Mapping, loaded: LoadedContract | None, last: datetime | None = None) -> datetime:
    """From when the age of a delivery counts: `last` if its rows tell it, else when its file was written, or received if it announces nobody."""
    from sources.entities import ENTITIES

    announces_nobody = loaded is not None and not ENTITIES[loaded.contract.entity].personal
    return last or (datetime.fromisoformat(row["received_at"]) if announces_nobody else _written_at(row))


def _expired_files(home: Home, rules: Rules, now: datetime, plan: Plan, contracts: Mapping[str, LoadedContract]) -> int:
    """Files of which nobody can tell whom they hold, older than the longest duration of the rows of persons: held or refused, originals
    of no delivery, and workbooks that came back. Of a source that announces nobody, the age is counted from the reception: what an old programme says of events
    is kept until somebody had the time to mend its contract. How many."""
    from sources.erasure import unrecorded_originals
    from sources.inbox import RETURNS
    from sources.landing import original_path
    from sources.redaction import EMPTIED

    limit = min(_limits(rules, now).values(), default=None)
    if limit is None:
        return 0
    for row in _deliveries(home):
        loaded = contracts.get(row["source"])
        nobody_reads = row["source"] == RETURNS or (loaded is None and not row["rows_accepted"])
        is_unread = row["outcome"] != "accepted" or nobody_reads
        is_kept = row["sha256"] and row["rule"] != EMPTIED and original_path(home.originals, row["sha256"]).exists()
        if is_unread and is_kept and _age_of(row, loaded) < limit:
            plan.whole.add((row["source"], row["delivery_id"]))
    kept_before = limit.timestamp()
    plan.unrecorded = [path for path in unrecorded_originals(rooms.places(home)) if path.stat().st_mtime < kept_before]
    return sum(key not in plan.gone for key in plan.whole) + len(plan.unrecorded)


def _deliveries(home: Home) -> list[dict]:
    from sources.ledger import deliveries, open_ledger

    with open_ledger(home.ledger) as ledger:
        return deliveries(ledger)


def _written_at(row: Mapping) -> datetime:
    return datetime.fromisoformat(row["delivered_at"])


def _apply(home: Home, plan: Plan, now: datetime) -> int:
    """Releases first, deliveries last: a row says until it goes that its person is to go from everything made of it, so that what is
    interrupted is found again by the next turn, or made anew by the next night. How many deliveries could not be read any more, and stayed."""
    from identity.matching import registry
    from identity.tombstones import Tombstone
    from publication import redaction
    from sources.erasure import Going, clear_inbox, erase_in, forget_leftovers
    from sources.landing import NotReadAgain

    places, contracts, vault = rooms.places(home), rooms.contracts(home), vault_of(home)
    rows = [(*delivery, number) for delivery, numbers in plan.gone.items() for number in numbers]
    participants = participants_of(home, rows) | redaction.participants_of(home.releases, rows)
    known = {(row["source"], row["delivery_id"]): row for row in _deliveries(home)}
    nobody = Tombstone("retention", now.isoformat(), secret=os.urandom(32).hex())
    left = 0
    leave_for_next_night(home)
    throw_candidates_away(home)
    if participants:
        secret = next(iter(next(iter(plan.gone.values())).values()))
        names = {key: int(secret.token("participant", str(key))[:15], 16) for key in participants}
        renamed = redaction.Renamed(names, lambda column, value: secret.token(f"release {column}", value))
        with step("retention:releases", "Versions publiées") as running:
            redaction.redact(home.releases, renamed, now=now, moved=running.move)
        remember_releases(home)
    registry.forget(vault)
    with step("retention:deliveries", "Livraisons") as running:
        for key in running.over(sorted(plan.deliveries & known.keys())):
            numbers = plan.gone.get(key, {})
            vault.log.record("retention", "erase", ["/".join(key)], len(numbers))
            refused = nobody if key in plan.refused else None
            crowd = plan.crowds.get(key)
            going = Going(
                gone=numbers, crowd=crowd, blanks=plan.blanks.get(key), refused=refused, unread=plan.unread.get(key), whole=key in plan.whole,
                purpose="retention",
            )  # fmt: skip
            try:
                left += erase_in(places, contracts.get(key[0]), known[key], going, now=now) is None
            except NotReadAgain:
                left += 1
        forget_leftovers(places, purpose="retention")
        clear_inbox(places)
    with step("retention:matching", "Rapprochement des personnes"):
        rooms.match(home, contracts)
    return left


def _refused_values(home: Home, before: datetime, apply: bool) -> int:
    """Sealed texts of refused cells that are older; the cell's place and its sentence stay. What is written anew here is no backup put back."""
    import duckdb as engine

    from sources.erased_files import rewritten, stamp_of

    count = 0
    for path in sorted((home.landing / "quarantine").glob("*.parquet")):
        with contextlib.closing(engine.connect()) as con:
            old = "value is not null and delivered_at < $before"
            found = con.execute(
                f"select count(*) from read_parquet($path) where {old}", {"path": str(path), "before": _naive(before)}
            ).fetchall()[0][0]
            count += found
            if found and apply:
                aside = path.with_name(f".{path.name}.{os.getpid()}")
                con.execute(
                    f"create temp table kept as select * replace (case when {old} then null else value end as value) "
                    "from read_parquet($path)",
                    {"path": str(path), "before": _naive(before)},
                )
                con.execute(
                    f"copy kept to '{str(aside).replace(chr(39), chr(39) * 2)}' (format parquet, compression zstd)"
                )
                before_it = stamp_of(path)
                os.replace(aside, path)
                rewritten(home.vault, path, before_it)
    return count


def _authors(home: Home, rules: Rules, now: datetime, apply: bool) -> list[Due]:
    """Names under the lines of workbooks that came back. Those of corrections declared in the project are not in the home: its files say them."""
    from identity.retention import Due
    from sources.returned import forget_authors

    report = []
    for rule in rules.of("authors"):
        count = forget_authors(home.returned, rule.keep.before(now).date(), apply=apply)
        if count and apply:
            leave_for_next_night(home)
        report.append(Due(rule.id, rule.title, count, plural(count, "nom")))
    return report


def _of_the_vault(
    home: Home, vault: Vault, rules: Rules, now: datetime, used: set[str | None], apply: bool
) -> list[Due]:
    """Log, certificates, links of tombstones, keys of past years."""
    from identity.retention import Due

    report = []
    for rule in rules.of("links"):
        old = [
            stone
            for stone in vault.tombstones.all()
            if stone.secret and datetime.fromisoformat(stone.erased_at) < rule.keep.before(now)
        ]
        if apply:
            vault.tombstones.forget_secrets(rule.keep.before(now))
        report.append(Due(rule.id, rule.title, len(old), plural(len(old), "lien")))
    for rule in rules.of("certificates"):
        past = [each for each in certificates(home) if datetime.fromisoformat(each.erased_at) < rule.keep.before(now)]
        for each in past if apply else ():
            for suffix in ("json", "txt"):
                (home.certificates / f"{each.id}.{suffix}").unlink(missing_ok=True)
        report.append(Due(rule.id, rule.title, len(past), plural(len(past), "certificat")))
        if damaged := damaged_certificates(home):
            title = "certificats illisibles, laissés tels quels (voir observatoire doctor)"
            report.append(Due("damaged_certificates", title, len(damaged), plural(len(damaged), "certificat")))
    for rule in rules.of("keys"):
        keys = [
            key
            for key in vault.keyring.key_ids()
            if key not in used and int(key.split("-")[0]) < rule.keep.before(now).year
        ]
        for key in keys if apply else ():
            vault.keyring.destroy(key)
        counted = plural(len(keys), "clé qui ne nomme plus personne", "clés qui ne nomment plus personne")
        report.append(Due(rule.id, rule.title, len(keys), counted))
    for rule in rules.of("log"):
        limit = rule.keep.before(now)
        lines = vault.log.forget(limit) if apply else vault.log.nb_older(limit)
        report.append(Due(rule.id, rule.title, lines, plural(lines, "ligne")))
    return report


def sentences(report: list[Due], *, apply: bool) -> list[str]:
    """The report in French, a line per rule."""
    total = sum(due.count for due in report)
    verb = "supprimé" if apply else "à supprimer"
    head = "Rien n'a dépassé sa durée de conservation." if not total else f"Durées de conservation : {verb}"
    return [head, *(f"  {due.title} : {due.counted}" for due in report if due.count or total)]


def by_rule(report: list[Due]) -> Mapping[str, int]:
    return {due.rule: due.count for due in report}


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
