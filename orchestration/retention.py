"""What has been kept long enough goes: the rules of `identity/retention.yml` applied to every layer, or only counted.

Belongs here: finding by sets what is too old, in which order it goes, the French report. Does not belong here: the durations, how a layer is
erased. A person whose last participation is too old is erased as one who asks for it, in bulk and without a tombstone: a later
delivery of the same list is simply too old again at the next turn.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestration import rooms
from orchestration.erasure import certificates, participants_of, remember_releases, throw_candidates_away, vault_of
from orchestration.home import Home
from orchestration.novelty import leave_for_next_night

if TYPE_CHECKING:
    import duckdb

    from identity.retention import Due, Rule, Rules
    from identity.tombstones import Tombstone
    from identity.vault import Vault

Delivery = tuple[str, str]


@dataclass
class Plan:
    """What is too old. `gone`: delivery → rows → the stone of their person; `blanks`: delivery → slot → rows; `refused`: deliveries
    so old that their refused rows go too."""

    gone: dict[Delivery, dict[int, Tombstone]] = field(default_factory=dict)
    blanks: dict[Delivery, dict[str, list[int]]] = field(default_factory=dict)
    refused: set[Delivery] = field(default_factory=set)

    @property
    def deliveries(self) -> set[Delivery]:
        return self.gone.keys() | self.blanks.keys() | self.refused


def retention(home: Home, now: datetime, *, apply: bool) -> list[Due]:
    """Every rule in order, and what it would take (or took, with `apply`). To be called under the night's lock."""
    from identity.retention import Due, load_rules

    rules, vault, plan = load_rules(), vault_of(home), Plan()
    report: list[Due] = []
    with _rows(home, vault) as con:
        for rule in rules.of("persons"):
            persons, rows = _expired_persons(con, rule, now, plan)
            report.append(Due(rule.id, rule.title, persons, f"personne(s), {rows} ligne(s)"))
        for rule in rules.of("slot"):
            report.append(Due(rule.id, rule.title, _expired_cells(con, rule, now, plan), "cellule(s)"))
        used = {key for (key,) in con.execute("select distinct person_key_id from known").fetchall()}
    if apply and plan.deliveries:
        _apply(home, plan, now)
    for rule in rules.of("quarantine"):
        report.append(Due(rule.id, rule.title, _refused_values(home, rule.keep.before(now), apply), "valeur(s)"))
    report += _of_the_vault(home, vault, rules, now, used, apply)
    return report


@contextlib.contextmanager
def _rows(home: Home, vault: Vault):
    """A private connection with `known`: every identified row, its person, its instant, and the key it was named under."""
    import duckdb as engine

    from identity.cipher import VaultError
    from identity.matching.registry import recall
    from identity.tombstones import STAND_IN_DOMAIN
    from identity.vault import open_private

    with contextlib.closing(open_private()) as con:
        vault.load(con, purpose="retention", name="held")
        try:
            recall(con, vault, purpose="retention", tables=("identity", "row"))
        except VaultError:
            con.execute("create temp table kept_row (source varchar, delivery_id varchar, row_number int, i ubigint)")
            con.execute("create temp table kept_identity (i ubigint, uid ubigint)")
        with contextlib.closing(engine.connect()) as plain:
            con.register("landed", _landed(plain, home))
        con.execute(f"""
            create temp table placed as
            select h.*, l.entity, l.instant, x.uid, h.email is not null and ends_with(h.email, '@{STAND_IN_DOMAIN}') as is_erased,
                lower(coalesce(h.full_name, concat_ws(' ', h.given_name, h.family_name))) as name, l.event_id
            from held h join landed l using (source, delivery_id, row_number)
            left join kept_row r using (source, delivery_id, row_number) left join kept_identity x using (i);
            create temp table uid_of as select email, min(uid) as email_uid from placed where email is not null and uid is not null group by email;
            create temp table known as
            select p.* , coalesce('u' || coalesce(uid, email_uid), 'e' || email, 'n' || event_id || '|' || nullif(name, ''),
                'r' || source || '/' || delivery_id || '/' || row_number) as person
            from placed p left join uid_of using (email)""")
        yield con


def _landed(con: duckdb.DuckDBPyConnection, home: Home):
    """source, delivery_id, row_number, entity, event_id, at (UTC): the row's own instant, else its event's day, else its arrival."""
    from sources.entities import ENTITIES

    events = [str(path) for path in (home.landing / "event").glob("*.parquet")]
    con.execute("create temp table event_day (event_id varchar, day timestamp)")
    if events:
        con.execute(
            "insert into event_day select event_id, max(coalesce(ends_on, starts_on))::timestamp from read_parquet($files) group by 1",
            {"files": events},
        )
    con.execute(
        "create temp table landed (source varchar, delivery_id varchar, row_number integer, entity varchar, event_id varchar, instant timestamp)"
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
        latest = f"greatest({', '.join([*own, 'cast(null as timestamp)'])})"
        con.execute(
            f"insert into landed select l.source, l.delivery_id, l.row_number, '{entity.name}', {event}, "
            f"coalesce(greatest({latest}, d.day), l.delivered_at) from read_parquet($files) l "
            f"left join event_day d on d.event_id = {event}",
            {"files": files},
        )
    return con.sql("from landed").to_arrow_table()


def _expired_persons(con: duckdb.DuckDBPyConnection, rule: Rule, now: datetime, plan: Plan) -> tuple[int, int]:
    """Persons whose every row is older than the rule allows; how many, and how many rows."""
    from identity.tombstones import Tombstone

    rows = con.execute(
        """with expired as (
               select person from known where list_contains($entities, entity) group by person
               having max(instant) < $before and not bool_or(is_erased))
           select person, source, delivery_id, row_number from known join expired using (person)
           where list_contains($entities, entity) order by all""",
        {"entities": [*rule.entities], "before": _naive(rule.keep.before(now))},
    ).fetchall()
    stones: dict[str, Tombstone] = {}
    for person, source, delivery_id, number in rows:
        stone = stones.setdefault(person, Tombstone("retention", now.isoformat(), secret=os.urandom(32).hex()))
        plan.gone.setdefault((source, delivery_id), {})[number] = stone
    plan.refused |= {
        (source, delivery_id)
        for source, delivery_id in con.execute(
            "select source, delivery_id from known where list_contains($entities, entity) group by all having max(instant) < $before",
            {"entities": [*rule.entities], "before": _naive(rule.keep.before(now))},
        ).fetchall()
    } & plan.gone.keys()
    return len(stones), len(rows)


def _expired_cells(con: duckdb.DuckDBPyConnection, rule: Rule, now: datetime, plan: Plan) -> int:
    """Cells of some roles that are older than the rule allows, in rows that stay."""
    from sources.entities import ENTITIES

    count = 0
    for role in rule.roles:
        held = f"{role} is not null" if role != "email" else "(email is not null or email_typed is not null)"
        rows = con.execute(
            f"select source, delivery_id, entity, list(row_number order by row_number) from known "
            f"where list_contains($entities, entity) and {held} and not is_erased and instant < $before group by all order by all",
            {"entities": [*rule.entities], "before": _naive(rule.keep.before(now))},
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


def _apply(home: Home, plan: Plan, now: datetime) -> None:
    """Deliveries first, then matching, candidates and releases."""
    from identity.matching import registry
    from publication import redaction
    from sources.erasure import Going, clear_inbox, erase_in
    from sources.ledger import deliveries, open_ledger

    places, contracts, vault = rooms.places(home), rooms.contracts(home), vault_of(home)
    rows = [(*delivery, number) for delivery, numbers in plan.gone.items() for number in numbers]
    participants = participants_of(home, rows) | redaction.participants_of(home.releases, rows)
    with open_ledger(home.ledger) as ledger:
        known = {(row["source"], row["delivery_id"]): row for row in deliveries(ledger)}
    for key in sorted(plan.deliveries & known.keys()):
        numbers = plan.gone.get(key, {})
        vault.log.record("retention", "erase", ["/".join(key)], len(numbers))
        going = Going(gone=numbers, blanks=plan.blanks.get(key), refused_too=key in plan.refused)
        erase_in(places, contracts.get(key[0]), known[key], going, now=now)
    clear_inbox(places)
    registry.forget(vault)
    rooms.match(home, contracts)
    throw_candidates_away(home)
    if participants:
        secret = next(iter(next(iter(plan.gone.values())).values()))
        names = {key: int(secret.token("participant", str(key))[:15], 16) for key in participants}
        renamed = redaction.Renamed(names, lambda column, value: secret.token(f"release {column}", value))
        redaction.redact(home.releases, renamed, now=now)
        remember_releases(home)
    leave_for_next_night(home)


def _refused_values(home: Home, before: datetime, apply: bool) -> int:
    """Sealed texts of refused cells that are older; the cell's place and its sentence stay."""
    import duckdb as engine

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
                os.replace(aside, path)
    return count


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
        report.append(Due(rule.id, rule.title, len(old), "lien(s)"))
    for rule in rules.of("certificates"):
        past = [each for each in certificates(home) if datetime.fromisoformat(each.erased_at) < rule.keep.before(now)]
        for each in past if apply else ():
            for suffix in ("json", "txt"):
                (home.certificates / f"{each.id}.{suffix}").unlink(missing_ok=True)
        report.append(Due(rule.id, rule.title, len(past), "certificat(s)"))
    for rule in rules.of("keys"):
        keys = [
            key
            for key in vault.keyring.key_ids()
            if key not in used and int(key.split("-")[0]) < rule.keep.before(now).year
        ]
        for key in keys if apply else ():
            vault.keyring.destroy(key)
        report.append(Due(rule.id, rule.title, len(keys), "clé(s) qui ne nomment plus personne"))
    for rule in rules.of("log"):
        limit = rule.keep.before(now)
        lines = [line for line in vault.log.lines() if datetime.fromisoformat(line["at"]) < limit]
        if apply:
            vault.log.forget(limit)
        report.append(Due(rule.id, rule.title, len(lines), "ligne(s)"))
    return report


def sentences(report: list[Due], *, apply: bool) -> list[str]:
    """The report in French, a line per rule."""
    total = sum(due.count for due in report)
    verb = "supprimé" if apply else "à supprimer"
    head = "Rien n'a dépassé sa durée de conservation." if not total else f"Durées de conservation : {verb}"
    return [head, *(f"  {due.title} : {due.count} {due.unit}" for due in report if due.count or total)]


def by_rule(report: list[Due]) -> Mapping[str, int]:
    return {due.rule: due.count for due in report}


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
