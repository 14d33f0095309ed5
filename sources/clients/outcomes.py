"""How a crawl ends: a `Crawl`, or `PlatformDown` with a rule and a French sentence.

A sentence says what happened and what to do. It never holds a URL's query, a token, an answer's text or a person: it is shown in
the ledger, in logs and in Dagster. Not here: what decides an outcome (`session.py`, `crawl.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sources.note import Note

Kind = Literal["full", "incremental"]
"""Whether everything is asked, or what changed."""


class PlatformDown(Exception):
    """A platform did not give all that was asked. `rule` is a stable code, `message` French. What was landed before stays."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


class Incomplete(PlatformDown):
    """The platform counts more records than it gave, several times in a row."""


@dataclass(frozen=True)
class Bundle:
    """The file a crawl gives, encrypted at `path`; open it with `sources.clients.bundle.open_bundle`.

    `file_name` is the name to land it under, `sha256` (hex) and `bytes` those of the plaintext.
    """

    path: Path
    file_name: str
    sha256: str
    bytes: int
    context: str


@dataclass(frozen=True)
class Crawl:
    """One crawl that ended well. `bundle` is None when the platform has nothing new.

    `nb_pages` and `nb_records` count what was fetched (records by distinct key), `nb_changed` those that are new or differ from
    what was fetched before, `nb_deleted` the tombstones. `counted_by_api` is the platform's own count, None when it gives none.
    `watermark`: where the next incremental crawl starts from, before its overlap. `seconds` of real time.
    """

    source: str
    kind: Kind
    bundle: Bundle | None
    nb_pages: int
    nb_records: int
    nb_changed: int
    nb_deleted: int
    counted_by_api: int | None
    watermark: datetime | None
    started_at: datetime
    seconds: float
    notes: tuple[Note, ...] = ()

    @property
    def bundle_path(self) -> Path | None:
        """Where the encrypted bundle is, or None."""
        return self.bundle.path if self.bundle else None
