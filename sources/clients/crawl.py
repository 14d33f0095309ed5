"""One crawl: from what is known of a platform to the file of what is new, or a `PlatformDown`.

Here: full or incremental, turning pages and keeping each before reading it, resuming, judging completeness, finding deletions,
remembering. Not here: requests (`rest.py`), files on disk (`store.py`), landing.

What makes a crawl complete. The platform's own count, on the first page and on the last, against the distinct keys seen:

- fewer keys than both counts: pages were lost; everything is asked again, and after `SWEEPS` times the crawl is `Incomplete`.
- the count went down while pages were turned and pages are numbered: the rest may have slid past; the same.
- an incremental crawl that is short becomes a full one: not every platform's count follows its filter.

A platform without a count (Grist, Billetweb) can drop rows unseen, once: what is *deleted* is only believed when two full
passes agree, unless pages are stable and counted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from identity.cipher import Cipher
from rulebook.numbers import grouped, plural
from sources.clients.api import ApiShape
from sources.clients.bundle import key_text, tombstone_line
from sources.clients.credentials import Credentials
from sources.clients.documents import dig, dump, one_line, put, without
from sources.clients.outcomes import Bundle, Crawl, Incomplete, Kind, PlatformDown
from sources.clients.platforms import client_of
from sources.clients.rest import Asked, Client, Cursor, Page, Raw, since_of
from sources.clients.session import Clock, Session
from sources.clients.store import Memory, Plan, Store, instant, open_store
from sources.note import Note

SWEEPS = 3
RESUMED_WITHIN = timedelta(days=2)
FEW_RECORDS = 10
MAX_PAGES = 20_000

_DRIFTED = ("platform_not_found", "platform_rejected")
"""How platforms refuse a page number that no longer exists, or a token that expired."""


@dataclass
class _Sweep:
    """One turn of all the pages. `last`: for each key, the page (from 1) and rank where it was last seen, and its digest."""

    nb_pages: int = 0
    last: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    first_count: int | None = None
    last_count: int | None = None
    watermark: datetime | None = None


class _Drifted(Exception):
    """Pages changed under the crawl: it starts again."""


def collect(
    api: ApiShape,
    *,
    source: str,
    state: Path,
    environ: Mapping[str, str],
    cipher: Cipher,
    now: datetime,
    full: bool | None = None,
    known_keys: Callable[[], set[str]] | None = None,
    clock: Clock | None = None,
) -> Crawl:
    """Fetch what is new of `source` and keep it under `state/<source>/`, encrypted, until `confirm` says it was landed.

    `now`: aware instant, the crawl's name and age. `full`: True asks for and delivers everything again, False avoids a full pass when
    it can, None follows `full_every_days`. `known_keys`: keys (`bundle.key_text`) of the rows in force that came from this source's
    bundles; they serve to find deletions when the memory of earlier crawls is gone. `clock`: time that passes, for tests.

    A crawl whose bundle was never confirmed is returned again, without asking the platform. Raises PlatformDown (nothing new is to be
    landed; what was fetched is kept and resumed within two days) and identity's VaultError.
    """
    clock = clock or Clock()
    began = clock.monotonic()
    with open_store(state, source, cipher) as store:
        memory = store.memory()
        if memory is not None and memory.pending is not None:
            if store.bundle_path(memory.pending["file_name"]).exists():
                return _crawl_of(store, source, memory.pending)
            memory = None  # what it calls known was never landed
        store.forget_bundles()
        crawler = _Crawler(api, source, store, environ, clock, memory, known_keys)
        crawl = crawler.run(now.astimezone(UTC), full)
        crawl = replace(crawl, seconds=round(clock.monotonic() - began, 3))
        crawler.commit(crawl)
        return crawl


def confirm(crawl: Crawl, *, state: Path, cipher: Cipher) -> None:
    """Say that the crawl's bundle was landed (or kept among the originals): it is removed from here. Safe to repeat."""
    if crawl.bundle is None:
        return
    with open_store(state, crawl.source, cipher) as store:
        memory = store.memory()
        if memory is not None and memory.pending is not None and memory.pending["file_name"] == crawl.bundle.file_name:
            store.remember(replace(memory, pending=None))
            store.forget_bundles()


class _Crawler:
    """The state of one call of `collect`."""

    def __init__(
        self,
        api: ApiShape,
        source: str,
        store: Store,
        environ: Mapping[str, str],
        clock: Clock,
        memory: Memory | None,
        known_keys: Callable[[], set[str]] | None,
    ) -> None:
        self.api, self.source, self.store, self.environ, self.clock = api, source, store, environ, clock
        self.known_keys = known_keys
        self.notes: list[Note] = []
        self.memory = memory or Memory(place=api.place)
        self.next_memory = self.memory

    def run(self, now: datetime, full: bool | None) -> Crawl:
        credentials = Credentials(self.api.auth, self.environ, self.api.title)
        self._look_at_the_place()
        plan = self._plan(now, full)
        session = Session(
            title=self.api.title,
            base_url=self.api.base_url,
            credentials=credentials,
            deadline_s=self.api.deadline_s,
            timeout_s=self.api.timeout_s,
            max_bytes=self.api.max_page_mb << 20,
            per_minute=self.api.per_minute,
            clock=self.clock,
        )
        try:
            credentials.log_in(session)
            plan, client, sweep, deleted = self._complete(session, plan)
        finally:
            session.close()
        return self._conclude(plan, client, sweep, deleted)

    def commit(self, crawl: Crawl) -> None:
        """Make the outcome durable: the memory names the bundle in one rename, then the pages go."""
        if crawl.bundle is not None:
            self.next_memory.pending = _pending(crawl, crawl.bundle)
        self.store.remember(self.next_memory)
        self.store.forget_pages()

    def _look_at_the_place(self) -> None:
        """When the contract now looks elsewhere, what was known is spared: its absence there says nothing."""
        if self.memory.place == self.api.place:
            return
        keys = set(self.memory.index) | set(self.memory.spared) | self.keys_in_force
        self.memory = replace(self.memory, place=self.api.place, spared=sorted(keys), watermark=None, full_at=None)
        self._note(
            "lieu_change",
            f"Le contrat interroge désormais un autre endroit : {plural(len(keys), 'fiche déjà reçue est gardée', 'fiches déjà reçues sont gardées')}. "
            "Pour suivre deux événements à la fois, faites deux contrats.",
        )

    @cached_property
    def keys_in_force(self) -> set[str]:
        return set(self.known_keys()) if self.known_keys is not None else set()

    def _plan(self, now: datetime, full: bool | None) -> Plan:
        """Resume the unfinished crawl when it asks the same thing, or begin one."""
        kind, since = self._kind(now, full)
        plan = Plan(self.api.recipe, kind, since.isoformat() if since else None, now.isoformat(), bool(full))
        unfinished = self.store.plan()
        if unfinished is not None and replace(plan, started_at=unfinished.started_at) == unfinished:
            age = now - instant(unfinished.started_at)
            if timedelta(0) <= age <= RESUMED_WITHIN:
                return unfinished
        self.store.begin(plan)
        return plan

    def _kind(self, now: datetime, full: bool | None) -> tuple[Kind, datetime | None]:
        since, memory = self.api.since, self.memory
        watermark = instant(memory.watermark)
        if full or since is None or watermark is None or memory.recipe != self.api.recipe:
            return "full", None
        age = (now.date() - instant(memory.full_at).date()).days if memory.full_at else None
        if full is None and (age is None or age >= self.api.full_every_days):
            return "full", None
        return "incremental", since_of(watermark, since.overlap_minutes)

    def _complete(self, session: Session, plan: Plan) -> tuple[Plan, Client, _Sweep, set[str]]:
        """Turn the pages until they are all there. Returns the plan followed in the end, its client and sweep, the keys deleted."""
        known = self.memory.index.keys() | self.keys_in_force
        seen_before: set[str] | None = None
        sweeps = 0
        while True:
            client = client_of(self.api, session, Asked(instant(plan.since)))
            sweeps += 1
            try:
                sweep = self._sweep(client)
            except _Drifted:
                self._ask_again(plan, sweeps, f"La plateforme {session.name} a changé ses pages pendant la collecte")
                continue
            state = self._judge(client, plan, sweep)
            if state == "short" and plan.kind == "incremental" and sweeps > 1:
                plan, sweeps = replace(plan, kind="full", since=None), 0
                self._note("passe_complete", "La collecte incrémentale était incomplète : tout a été redemandé.")
                self.store.begin(plan)
                continue
            if state != "whole":
                counted, seen = sweep.first_count or 0, len(sweep.last)
                happened = (
                    f"annonce {plural(counted, 'fiche')} et en donne {grouped(seen)}"
                    if state == "short"
                    else "perd des fiches pendant la collecte"
                )
                self._ask_again(plan, sweeps, f"La plateforme {session.name} {happened}")
                continue
            if plan.kind == "incremental":
                return plan, client, sweep, (sweep.deleted & known) - sweep.last.keys()
            absent = known - set(self.memory.spared) - sweep.last.keys() - (seen_before or set())
            sure = client.is_stable and sweep.last_count is not None
            if not absent or sure or seen_before is not None:
                self._refuse_a_collapse(session.name, len(absent), len(known), len(sweep.last))
                return plan, client, sweep, absent
            seen_before, sweeps = set(sweep.last), 0
            self.store.begin(plan)

    def _ask_again(self, plan: Plan, sweeps: int, sentence: str) -> None:
        """Forget the pages and start over, unless that was done enough."""
        if sweeps >= SWEEPS:
            self.store.forget_pages()
            raise Incomplete(
                "platform_incomplete",
                f"{sentence}, {SWEEPS} fois de suite : les dernières données complètes restent en place. Réessayez plus tard ; si "
                "cela dure, prévenez la plateforme.",
            )
        self.store.begin(plan)

    def _sweep(self, client: Client) -> _Sweep:
        """Turn every page from where the kept ones end. Raises PlatformDown, _Drifted."""
        sweep = _Sweep()
        cursor: Cursor | None = client.first()
        visited: set[str] = set()
        number = self._kept_pages(client)
        resumed = number > 0
        for kept in range(1, number + 1):
            at, raw = self.store.kept_page(kept)
            cursor = self._count_in(client, sweep, kept, at, raw, visited)
        while cursor is not None:
            number += 1
            if number > MAX_PAGES:
                self.store.forget_pages()
                raise PlatformDown(
                    "platform_changed", f"{self.api.title} donne plus de {MAX_PAGES} pages : vérifiez « paging »."
                )
            try:
                raw = client.fetch(cursor)
            except PlatformDown as problem:
                if number > 1 and problem.rule in _DRIFTED and not isinstance(problem, Incomplete):
                    raise _Drifted from None
                raise
            self.store.keep_page(number, cursor, raw)
            try:
                cursor = self._count_in(client, sweep, number, cursor, raw, visited)
            except PlatformDown:
                self.store.forget_pages()
                raise
        if resumed:
            self._note("collecte_reprise", "La collecte a repris là où la précédente s'était arrêtée.")
        return sweep

    def _kept_pages(self, client: Client) -> int:
        """How many kept pages can be trusted. Where pages slide, the last one is asked again: other bytes, and all start over."""
        number = 0
        while self.store.page(number + 1) is not None:
            number += 1
        if number == 0 or client.is_stable:
            return number
        cursor, raw = self.store.kept_page(number)
        try:
            again = client.fetch(cursor)
        except PlatformDown as problem:
            if problem.rule in _DRIFTED:
                raise _Drifted from None
            raise
        before, after = (client.read(cursor, each) for each in (raw, again))
        if before.count != after.count or self._keys(before) != self._keys(after):
            raise _Drifted
        return number

    def _keys(self, page: Page) -> list[str]:
        return [self._key(record) for record in page.records]

    def _key(self, record: dict[str, Any]) -> str:
        values = [dig(record, path) for path in self.api.key]
        if any(value is None or isinstance(value, dict | list) for value in values):
            raise PlatformDown(
                "platform_changed",
                f"Une fiche de {self.api.title} n'a pas l'identifiant {', '.join(self.api.key)} : vérifiez « key » dans le contrat.",
            )
        return key_text(values)

    def _count_in(
        self, client: Client, sweep: _Sweep, number: int, cursor: Cursor, raw: Raw, visited: set[str]
    ) -> Cursor | None:
        """Take a page into the sweep; the cursor of the next one, or None."""
        page = client.read(cursor, raw)
        sweep.nb_pages = number
        new = 0
        for rank, record in enumerate(page.records):
            key = self._key(record)
            new += key not in sweep.last
            sweep.last[key] = (number, rank, _digest(without(record, self.api.volatile)))
        sweep.deleted.update(key_text([each[path] for path in self.api.key]) for each in page.deleted)
        if page.count is not None:
            sweep.first_count = page.count if sweep.first_count is None else sweep.first_count
            sweep.last_count = page.count
        if page.watermark is not None:
            sweep.watermark = max(filter(None, (sweep.watermark, page.watermark)))
        visited.add(dump(cursor))
        if page.following is None or page.following["feed"] != cursor["feed"]:
            return page.following
        paging = client.paging_at(cursor)
        repeats = dump(page.following) in visited
        if repeats and paging.more is not None:
            self.store.forget_pages()
            raise PlatformDown(
                "platform_changed",
                f"{self.api.title} renvoie sans fin la même page : vérifiez « paging » dans le contrat.",
            )
        says_when_it_ends = paging.more is not None or paging.is_last is not None or paging.style in ("token", "link")
        if repeats or (page.records and not new and not says_when_it_ends):
            # The token of the last page again, or a platform that ignores its page parameter: the count will judge.
            return client.beyond(cursor)
        return page.following

    def _judge(self, client: Client, plan: Plan, sweep: _Sweep) -> str:
        """`whole`, `moving` (may have lost rows to sliding pages) or `short` (has lost rows)."""
        counted = [count for count in (sweep.first_count, sweep.last_count) if count is not None]
        walked = plan.kind == "incremental" and self.api.since is not None and self.api.since.walk
        if not counted or walked or (plan.kind == "incremental" and not self.api.count_is_filtered):
            return "whole"
        if len(sweep.last) < min(counted):
            return "short"
        return "moving" if not client.is_stable and counted[-1] < counted[0] else "whole"

    def _refuse_a_collapse(self, name: str, nb_absent: int, nb_known: int, nb_seen: int) -> None:
        share = self.api.max_deleted_share
        too_many = nb_known >= FEW_RECORDS and nb_absent > share * nb_known
        if too_many or (nb_known and not nb_seen and share < 1):
            self.store.forget_pages()
            raise PlatformDown(
                "platform_shrunk",
                f"La plateforme {name} ne montre plus {plural(nb_absent, 'fiche')} sur {plural(nb_known, 'connue')} : rien n'est retiré. Vérifiez "
                "les droits de la clé ; si ces fiches ont bien été supprimées, mettez « max_deleted_share: 1 » dans le contrat.",
            )

    def _conclude(self, plan: Plan, client: Client, sweep: _Sweep, deleted: set[str]) -> Crawl:
        index = self.memory.index
        changed = {key for key, (_, _, digest) in sweep.last.items() if plan.everything or index.get(key) != digest}
        started_at = instant(plan.started_at)
        watermark = self._watermark(sweep, started_at)
        bundle = None
        if changed or deleted:
            bundle = self.store.bundle(self._file_name(plan), self._lines(plan, client, sweep, changed, deleted))
        found = {key: digest for key, (_, _, digest) in sweep.last.items()}
        kept = {key: digest for key, digest in index.items() if key not in deleted}
        self.next_memory = replace(
            self.memory,
            recipe=self.api.recipe,
            watermark=watermark.isoformat() if watermark else None,
            full_at=plan.started_at if plan.kind == "full" else self.memory.full_at,
            index=kept | found,
            spared=sorted(set(self.memory.spared) - found.keys()),
            last_file=bundle.file_name if bundle else self.memory.last_file,
        )
        return Crawl(
            source=self.source,
            kind=plan.kind,
            bundle=bundle,
            nb_pages=sweep.nb_pages,
            nb_records=len(sweep.last),
            nb_changed=len(changed),
            nb_deleted=len(deleted),
            counted_by_api=sweep.last_count,
            watermark=watermark,
            started_at=started_at,
            seconds=0.0,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _watermark(self, sweep: _Sweep, started_at: datetime) -> datetime | None:
        if self.api.since is None:
            return None
        found = started_at if self.api.since.watermark == "started" else sweep.watermark
        if found is not None:
            found = min(found, started_at)  # a record stamped in the future would hide all that comes before
        return max(filter(None, (found, instant(self.memory.watermark))), default=None)

    def _lines(
        self, plan: Plan, client: Client, sweep: _Sweep, changed: set[str], deleted: set[str]
    ) -> Iterator[bytes]:
        """The pages that hold something new, each key once, then the tombstones."""
        for number in range(1, sweep.nb_pages + 1):
            cursor, raw = self.store.kept_page(number)
            page = client.read(cursor, raw)
            keys = self._keys(page)
            current = [sweep.last[key][:2] == (number, rank) for rank, key in enumerate(keys)]
            if not any(key in changed for key, is_current in zip(keys, current, strict=True) if is_current):
                continue
            if all(current):
                yield one_line(raw.body)
            else:
                kept = [record for record, is_current in zip(page.records, current, strict=True) if is_current]
                yield dump(put(page.document, self.api.records, kept)).encode()
        if deleted:
            yield tombstone_line(sorted(deleted), self.api.key, plan.kind, plan.started_at)

    def _file_name(self, plan: Plan) -> str:
        """`api-<UTC instant>.jsonl`, later than any before: the same name with other bytes would be a correction."""
        at = instant(plan.started_at).replace(microsecond=0)
        while (name := f"api-{at:%Y%m%dT%H%M%SZ}.jsonl") <= self.memory.last_file:
            at += timedelta(seconds=1)
        return name

    def _note(self, rule: str, message: str) -> None:
        self.notes.append(Note(rule, message))


def _digest(record: Any) -> str:
    """Of what the record says, whatever the order of its fields. 12 and "12" are the same cell."""
    return hashlib.sha256(json.dumps(record, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]


def _pending(crawl: Crawl, bundle: Bundle) -> dict[str, Any]:
    """What the memory keeps of a crawl whose bundle is not landed yet."""
    return {
        "file_name": bundle.file_name,
        "sha256": bundle.sha256,
        "bytes": bundle.bytes,
        "context": bundle.context,
        "kind": crawl.kind,
        "counts": [crawl.nb_pages, crawl.nb_records, crawl.nb_changed, crawl.nb_deleted],
        "counted_by_api": crawl.counted_by_api,
        "watermark": crawl.watermark.isoformat() if crawl.watermark else None,
        "started_at": crawl.started_at.isoformat(),
        "seconds": crawl.seconds,
        "notes": [[note.rule, note.message] for note in crawl.notes],
    }


def _crawl_of(store: Store, source: str, kept: dict[str, Any]) -> Crawl:
    name = kept["file_name"]
    nb_pages, nb_records, nb_changed, nb_deleted = kept["counts"]
    return Crawl(
        source=source,
        kind=kept["kind"],
        bundle=Bundle(store.bundle_path(name), name, kept["sha256"], kept["bytes"], kept["context"]),
        nb_pages=nb_pages,
        nb_records=nb_records,
        nb_changed=nb_changed,
        nb_deleted=nb_deleted,
        counted_by_api=kept["counted_by_api"],
        watermark=instant(kept["watermark"]),
        started_at=instant(kept["started_at"]),
        seconds=kept["seconds"],
        notes=(
            *(Note(*note) for note in kept["notes"]),
            Note("collecte_en_attente", "Cette collecte était déjà faite et attendait d'être prise en compte."),
        ),
    )
