"""Find planted texts in every byte under a directory, however a program may have stored them.

For tests of any room: `assert not find(home, canaries)`. Reads raw bytes, names of files, gzip, zstd and bzip2 streams, members of ZIP archives
(XLSX, ODS), Parquet and DuckDB files (decoded, every column of every table), SQLite (every cell, blobs inflated). Each canary is looked for in
UTF-8, UTF-16, cp1252, decomposed, without accents, escaped for JSON, URL or HTML, in hexadecimal and in base64, whatever the case.
A file that pretends to be one of these and cannot be decoded is an error, not a pass.
Not seen: text inside images, PDF streams, encrypted bytes.
"""

from __future__ import annotations

import base64
import bz2
import functools
import gzip
import html
import io
import json
import sqlite3
import tempfile
import unicodedata
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

MAX_DEPTH = 4
#: Of each form: shorter ones are found by chance, like two characters in hexadecimal, which are in every other key.
SHORTEST, OF_ANY_FORM = {"hexadecimal": 8, "base64": 6}, 4


@dataclass(frozen=True)
class Hit:
    """A canary found: in which file, inside what of it, and in which form."""

    path: str
    inside: str
    canary: str
    form: str


def find(directory: Path, canaries: Iterable[str], *, leave_out: Iterable[str] = ()) -> list[Hit]:
    """Every hit under `directory` (or in one file), symbolic links not followed. `leave_out`: glob patterns of paths relative to it."""
    directory = Path(directory)
    canaries = set(canaries)
    forms = [(canary, form, needle) for canary in sorted(canaries) for form, needle in _forms(canary).items()]
    if not forms or {canary for canary, form, _ in forms if form == "utf-8"} != canaries:
        raise ValueError("nothing to look for, or a text that is too short not to be found by chance")
    hits = []
    for path in sorted(directory.rglob("*")) if directory.is_dir() else [directory]:
        relative = path.relative_to(directory) if directory.is_dir() else Path(path.name)
        if any(relative.match(pattern) for pattern in leave_out):
            continue
        hits += _search(str(relative), "name", str(relative).encode(), forms)
        if path.is_file() and not path.is_symlink():
            for inside, data in _layers(path.read_bytes(), "bytes", MAX_DEPTH):
                hits += _search(str(relative), inside, data, forms)
    return hits


def _search(path: str, inside: str, data: bytes, forms: list[tuple[str, str, bytes]]) -> Iterator[Hit]:
    """A text that several forms have alike is looked for once, as the first of them."""
    lowered = data.lower()
    for canary, form, needle in forms:
        if needle in (data if form.startswith("base64") else lowered):
            yield Hit(path, inside, canary, form)


def _forms(canary: str) -> dict[str, bytes]:
    forms = {}
    composed = unicodedata.normalize("NFC", canary)
    # Accented letters have no case once they are bytes: both are looked for.
    for case, text in (("", composed.lower()), (", capitals", composed.upper())):
        bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        written = {
            "utf-8": text.encode(),
            "utf-16-le": text.encode("utf-16-le"),
            "utf-16-be": text.encode("utf-16-be"),
            "cp1252": text.encode("cp1252", "replace"),
            "decomposed": unicodedata.normalize("NFD", text).encode(),
            "without accents": bare.encode(),
            "json": json.dumps(text)[1:-1].encode(),
            "url": urllib.parse.quote(text).encode(),
            "url, +": urllib.parse.quote_plus(text).encode(),
            "html": html.escape(text).encode(),
            "html, numeric": "".join(c if c.isascii() else f"&#{ord(c)};" for c in text).encode(),
        }
        forms |= {form + case: needle.lower() for form, needle in written.items()}
    forms["hexadecimal"] = canary.encode().hex().encode()
    # Base64 of a text inside a longer one: three alignments, without the characters that neighbours change.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + canary.encode()).rstrip(b"=")
        inner = encoded[(0, 2, 3)[shift] : len(encoded) - 1]
        forms[f"base64, shift {shift}"] = inner
        forms[f"base64, shift {shift}, url"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    first = {needle: form for form, needle in reversed(forms.items())}
    return {
        form: needle
        for needle, form in first.items()
        if len(needle) >= SHORTEST.get(form.partition(",")[0], OF_ANY_FORM)
    }


def _layers(data: bytes, name: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """`data` itself, and what a program would read in it."""
    yield name, data
    if not depth:
        return
    if data[:2] == b"\x1f\x8b":
        yield from _layers(gzip.decompress(data), f"{name} > gzip", depth - 1)
    elif data[:3] == b"BZh":
        yield from _layers(bz2.decompress(data), f"{name} > bzip2", depth - 1)
    elif data[:4] == b"\x28\xb5\x2f\xfd":
        with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
            yield from _layers(stream.read(), f"{name} > zstd", depth - 1)
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from _layers(archive.read(member), f"{name} > {member}", depth - 1)
    elif data[:4] == b"PAR1" and data[-4:] == b"PAR1":
        yield f"{name} > parquet", _parquet(data)
    elif data[8:12] == b"DUCK":
        yield f"{name} > duckdb", _duckdb(data)
    elif data[:16] == b"SQLite format 3\0":
        for cell in _sqlite(data):
            yield from _layers(cell, f"{name} > sqlite", depth - 1)
    elif data[:1] == b"\x78" and data[1:2] in b"\x01\x5e\x9c\xda":
        try:
            yield from _layers(zlib.decompress(data), f"{name} > zlib", depth - 1)
        except zlib.error:
            return  # two bytes are no proof that this is zlib


def _parquet(data: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "x.parquet"
        file.write_bytes(data)
        return "\n".join(map(_cells, _memory().read_parquet(str(file)).fetchall())).encode()


@functools.cache
def _memory() -> duckdb.DuckDBPyConnection:
    """One for all files: to open one and end it takes longer than to read most of them."""
    return duckdb.connect()


def _duckdb(data: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "x.duckdb"
        file.write_bytes(data)
        out = []
        with duckdb.connect(str(file), read_only=True) as con:
            for schema, table in con.execute(
                "select schema_name, table_name from duckdb_tables() where not internal"
            ).fetchall():
                rows = con.execute(f'from "{schema}"."{table}"').fetchall()
                out.append("\n".join(map(_cells, rows)))
            out += [row[0] for row in con.execute("select sql from duckdb_views() where not internal").fetchall()]
        return "\n".join(out).encode()


def _cells(row: tuple) -> str:
    return "\t".join(value if isinstance(value, str) else str(value) for value in row)


def _sqlite(data: bytes) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "x.sqlite"
        # Without its -wal file a copy in WAL mode must be told to be a plain one; the -wal itself is scanned as bytes.
        file.write_bytes(data[:18] + b"\x01\x01" + data[20:])
        con = sqlite3.connect(file)
        con.text_factory = bytes
        try:
            names = con.execute("select name from sqlite_master where type = 'table'").fetchall()
            for (table,) in names:
                for row in con.execute('select * from "' + table.decode().replace('"', '""') + '"'):
                    for value in row:
                        if isinstance(value, bytes):
                            yield value
        finally:
            con.close()
