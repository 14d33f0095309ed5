"""The file a crawl gives: opening it, and telling its rows from its tombstones.

Here: the format of `api-<instant>.jsonl`. Each line is one page as the platform sent it, line breaks made spaces; a page none of
whose records is new is left out, and a record that a later page of the same crawl shows again is cut from the earlier
one, so that a key stands once. When records disappeared, the last line is the *tombstone page*

    {"_deleted": [{"code": "A1B2C"}, …], "_crawl": {"kind": "full", "started_at": "2026-11-22T01:11:40+00:00"}}

whose objects give, for each path of the contract's `api.key`, the text that the column of that name showed for the deleted
record. Not here: reading rows (`sources.readers`), what a deletion does to them (`sources.handover`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from identity.cipher import Cipher, Decrypted
from sources.clients.documents import dump, parse, put
from sources.clients.outcomes import Bundle

TOMBSTONES = "_deleted"
_TOMBSTONE_LINE = b'{"_deleted":'


@dataclass(frozen=True)
class Content:
    """What a bundle says. `rows`: path of a file that holds the pages only; `deleted`: keys of deleted records, as `key_text`
    writes them. Both for as long as the `with` block lasts."""

    rows: Path
    nb_pages: int
    deleted: tuple[str, ...]


def key_text(values: Sequence[Any]) -> str:
    """The key of a record as one text: the value itself, or a JSON array of texts when it takes several."""
    texts = ["" if value is None else str(value) for value in values]
    return texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def key_values(key: str, width: int) -> list[str]:
    """The inverse of `key_text`."""
    return [key] if width == 1 else json.loads(key)


@contextmanager
def open_bundle(bundle: Bundle, cipher: Cipher) -> Iterator[Decrypted]:
    """The plaintext of a bundle, in memory (see `Cipher.open_decrypted`)."""
    with cipher.open_decrypted(bundle.path, purpose="originals", context=bundle.context) as decrypted:
        yield decrypted


@contextmanager
def content_of(path: Path, key: Sequence[str], records: str | None = None) -> Iterator[Content]:
    """Split a decrypted bundle. `key` is the contract's `api.key`; with its `api.records`, the rows of a bundle that only deletes
    are one page without records, which a reader takes. The rows go to an anonymous file in memory, never to a disk."""
    fd = os.memfd_create("observatoire-rows", os.MFD_CLOEXEC)
    try:
        nb_pages, deleted = 0, []
        with path.open("rb") as bundle, open(fd, "wb", closefd=False) as rows:
            for line in bundle:
                if line.startswith(_TOMBSTONE_LINE):
                    tombstones = parse(line)[TOMBSTONES]
                    deleted = [key_text([tombstone[name] for name in key]) for tombstone in tombstones]
                else:
                    rows.write(line)
                    nb_pages += 1
            if not nb_pages and records is not None:
                rows.write(dump(put({}, records, [])).encode() + b"\n")
        yield Content(Path(f"/proc/self/fd/{fd}"), nb_pages, tuple(deleted))
    finally:
        os.close(fd)


def tombstone_line(keys: Sequence[str], paths: Sequence[str], kind: str, started_at: str) -> bytes:
    """The last line of a bundle."""
    deleted = [dict(zip(paths, key_values(key, len(paths)), strict=True)) for key in keys]
    return dump({TOMBSTONES: deleted, "_crawl": {"kind": kind, "started_at": started_at}}).encode()
