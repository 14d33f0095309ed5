"""What crawls keep under `crawls/<source>/`, all of it encrypted: pages as they came, what is known of the platform, the bundle.

Here: the directory, its lock, the order of writes that lets a crash happen anywhere. Not here: what is asked, or judged.

    .lock              one crawl of a source at a time
    running/plan       what the unfinished crawl asks
    running/00001.page its pages, one file each, written before they are read
    memory             watermark, a digest per known record, the bundle not yet landed; replaced in one rename
    bundle/api-….jsonl the file to land

A page is durable before the next is asked for. A bundle is durable before the memory names it, the memory before the pages go.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, overload

from identity.cipher import Cipher, Tampered
from sources.clients.outcomes import Bundle, Kind, PlatformDown
from sources.clients.rest import Cursor, Raw

PURPOSE: Final = "originals"


@dataclass
class Memory:
    """What is known of a platform. `index`: digest of each known record by key; `spared`: keys of places asked before, whose
    absence now says nothing. `pending`: the crawl whose bundle is not confirmed landed. Instants in ISO 8601."""

    place: str = ""
    recipe: str = ""
    watermark: str | None = None
    full_at: str | None = None
    index: dict[str, str] = field(default_factory=dict)
    spared: list[str] = field(default_factory=list)
    last_file: str = ""
    pending: dict[str, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """What a crawl asks, fixed when it starts and kept until it ends."""

    recipe: str
    kind: Kind
    since: str | None
    started_at: str
    everything: bool


class Store:
    """The directory of one source. Made by `open_store`."""

    def __init__(self, directory: Path, source: str, cipher: Cipher) -> None:
        self._directory, self._source, self._cipher = directory, source, cipher
        self._running = directory / "running"
        self._memory = directory / "memory"

    def memory(self) -> Memory | None:
        """What is known, None at first or when the file was damaged."""
        kept = self._read(self._memory, "memory")
        return Memory(**json.loads(kept)) if kept is not None else None

    def remember(self, memory: Memory) -> None:
        self._write(self._memory, "memory", json.dumps(asdict(memory)).encode())

    def plan(self) -> Plan | None:
        """The unfinished crawl, if any."""
        kept = self._read(self._running / "plan", "plan")
        return Plan(**json.loads(kept)) if kept is not None else None

    def begin(self, plan: Plan) -> None:
        """Forget any unfinished crawl and start another."""
        self.forget_pages()
        self._write(self._running / "plan", "plan", json.dumps(asdict(plan)).encode())

    def keep_page(self, number: int, cursor: Cursor, raw: Raw) -> None:
        """Make a page durable as it came. `number` from 1."""
        head = json.dumps({"cursor": cursor, "headers": raw.headers}).encode()
        packed = gzip.compress(head + b"\n" + raw.body, compresslevel=6, mtime=0)
        self._write(self._running / f"{number:05}.page", f"page/{number}", packed)

    def page(self, number: int) -> tuple[Cursor, Raw] | None:
        """The page kept under `number`, or None."""
        packed = self._read(self._running / f"{number:05}.page", f"page/{number}")
        if packed is None:
            return None
        head, _, body = gzip.decompress(packed).partition(b"\n")
        kept = json.loads(head)
        return kept["cursor"], Raw(body, kept["headers"])

    def kept_page(self, number: int) -> tuple[Cursor, Raw]:
        """A page that was kept a moment ago. Raises PlatformDown when it cannot be read any more: the next crawl asks for it again."""
        kept = self.page(number)
        if kept is None:
            raise PlatformDown(
                "page_lost",
                f"La page {number} gardée pendant la collecte ne peut plus être relue (disque ?) : la prochaine exécution la redemande.",
            )
        return kept

    def forget_pages(self) -> None:
        """Forget the unfinished crawl. The plan goes first: pages without a plan are never read."""
        (self._running / "plan").unlink(missing_ok=True)
        shutil.rmtree(self._running, ignore_errors=True)

    def bundle(self, file_name: str, lines: Iterator[bytes]) -> Bundle:
        """Write the bundle, one document per line; durable on return."""
        path, context = self._directory / "bundle" / file_name, self._context(file_name)
        with self._cipher.create(path, purpose=PURPOSE, context=context) as file:
            for line in lines:
                file.write(line + b"\n")
        written = file.written()
        return Bundle(path, file_name, written.sha256, written.bytes, context)

    def forget_bundles(self) -> None:
        """Remove the bundles that were landed, or that a crash left without a name in the memory."""
        for path in (self._directory / "bundle").glob("*"):
            path.unlink(missing_ok=True)

    def bundle_path(self, file_name: str) -> Path:
        return self._directory / "bundle" / file_name

    def _context(self, name: str) -> str:
        return f"crawl/{self._source}/{name}"

    def _write(self, path: Path, name: str, content: bytes) -> None:
        with self._cipher.create(path, purpose=PURPOSE, context=self._context(name)) as file:
            file.write(content)

    def _read(self, path: Path, name: str) -> bytes | None:
        """The content, None when the file is absent or damaged (a damaged file is asked for again, not repaired)."""
        try:
            with self._cipher.open_decrypted(path, purpose=PURPOSE, context=self._context(name)) as decrypted:
                return decrypted.path.read_bytes()
        except (FileNotFoundError, Tampered):
            return None


@contextmanager
def open_store(state: Path, source: str, cipher: Cipher) -> Iterator[Store]:
    """The store of `source` under `state`, held by this process. Raises PlatformDown `crawl_running`."""
    directory = state / source
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PlatformDown(
                "crawl_running", f"Une collecte de « {source} » est déjà en cours : attendez qu'elle se termine."
            ) from None
        yield Store(directory, source, cipher)
    finally:
        os.close(fd)


@overload
def instant(text: str) -> datetime: ...
@overload
def instant(text: str | None) -> datetime | None: ...
def instant(text: str | None) -> datetime | None:
    """An instant of the memory or of a plan."""
    return datetime.fromisoformat(text) if text else None
