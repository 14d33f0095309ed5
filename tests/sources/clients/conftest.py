"""A replayed platform per test, a clock whose sleeps cost nothing, and a landing that upserts."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from replay import SECRETS, START, Server, world_of

from identity.cipher import Cipher, Secret
from sources.clients.api import ApiShape
from sources.clients.bundle import content_of, key_text, open_bundle
from sources.clients.crawl import collect, confirm
from sources.clients.documents import dig, parse
from sources.clients.outcomes import Crawl
from sources.clients.session import Clock

MEMORY = Path("/dev/shm")


class Skipping:
    """Real time, plus what was slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class Desk:
    """One source: its server, its state, and what is landed of it: record by key, the latest delivery winning."""

    server: Server
    state: Path
    cipher: Cipher
    clock: Skipping = field(default_factory=Skipping)
    landed: dict[str, Any] = field(default_factory=dict)
    now: datetime = START + timedelta(days=1)
    changes: dict[str, Any] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    _api: tuple[dict, ApiShape] | None = None

    @property
    def api(self) -> ApiShape:
        if self._api is None or self._api[0] != self.changes:
            self._api = dict(self.changes), ApiShape.model_validate(self.server.shape(**self.changes))
        return self._api[1]

    @property
    def world(self):
        return self.server.world

    def collect(self, **options: Any) -> Crawl:
        return collect(
            self.api, source="essai", state=self.state, environ=self.environ, cipher=self.cipher, now=self.now,
            clock=Clock(self.clock.monotonic, self.clock.sleep), **options,
        )  # fmt: skip

    def land(self, crawl: Crawl) -> Crawl:
        """What the landing does with a crawl."""
        if crawl.bundle is not None:
            rows, deleted = self.content(crawl)
            keys = [self.key(row) for row in rows]
            assert len(keys) == len(set(keys)), "a key stands once in a bundle"
            self.landed |= dict(zip(keys, rows, strict=True))
            for key in deleted:
                del self.landed[key]
            confirm(crawl, state=self.state, cipher=self.cipher)
        return crawl

    def night(self, *, after: timedelta = timedelta(days=1), **options: Any) -> Crawl:
        """A later night: the platform's clock follows."""
        self.now += after
        self.world.now = max(self.world.now, self.now)
        return self.land(self.collect(**options))

    def content(self, crawl: Crawl) -> tuple[list[dict], tuple[str, ...]]:
        api = self.api
        with open_bundle(crawl.bundle, self.cipher) as decrypted, content_of(decrypted.path, api.key) as content:
            pages = [parse(line) for line in content.rows.read_bytes().splitlines()]
            assert len(pages) == content.nb_pages
            return [row for page in pages for row in dig(page, api.records)], content.deleted

    def key(self, record: dict) -> str:
        return key_text([dig(record, path) for path in self.api.key])

    @property
    def expected(self) -> dict[str, Any]:
        """What the platform holds, by key, numbers as text."""
        rows = parse(json.dumps(self.world.rows).encode())
        return {self.key(row): row for row in rows}


@pytest.fixture
def cipher() -> Cipher:
    return Cipher(Secret(os.urandom(32)))


@pytest.fixture
def desk(cipher, monkeypatch):
    """A factory: `desk(platform, number, **changes of the contract)`. A platform shows one world at a time."""
    # Thousands of files are made durable here; test_clients_crawl.py counts the calls.
    monkeypatch.setattr("os.fsync", lambda fd: None)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    made: dict[str, Server] = {}

    def make(platform: str, number: int = 8, **changes: Any) -> Desk:
        if platform not in made:
            made[platform] = Server(platform)
        made[platform].show(world_of(platform, number))
        return Desk(made[platform], next(states), cipher, changes=changes)

    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as directory:
        states = (Path(directory) / f"crawls{number}" for number in count(1))
        yield make
        for server in made.values():
            server.close()
