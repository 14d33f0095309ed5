import base64
import bz2
import gzip
import html
import json
import sqlite3
import urllib.parse
import zipfile
import zlib

import duckdb
import pyarrow as pa
import pytest
from scanner import find

CANARY = "Zoé.Canari@exemple.fr"


def _sqlite(path, blob=False):
    with sqlite3.connect(path) as con:
        con.execute("create table t (x)")
        con.execute("insert into t values (?)", [zlib.compress(CANARY.encode()) if blob else CANARY])
    con.close()


def _duckdb(path):
    with duckdb.connect(path) as con:
        con.execute("create schema s")
        con.execute(f"create table s.t as select '{CANARY}' || (i % 3) as x, i from range(50000) r(i)")


def _zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", "<si>" + CANARY * 3 + "</si>")
        archive.writestr("inner.gz", gzip.compress(b"nothing"))


HIDDEN = {
    "plain": lambda path: path.write_text(f"a;{CANARY};b"),
    "capitals": lambda path: path.write_text(CANARY.upper()),
    "utf-16": lambda path: path.write_text(CANARY, encoding="utf-16"),
    "cp1252": lambda path: path.write_text(CANARY, encoding="cp1252"),
    "json": lambda path: path.write_text(json.dumps({"x": CANARY})),
    "url": lambda path: path.write_text("https://x/?q=" + urllib.parse.quote(CANARY)),
    "html": lambda path: path.write_text(html.escape(CANARY).encode("ascii", "xmlcharrefreplace").decode()),
    "hexadecimal": lambda path: path.write_text(CANARY.encode().hex()),
    "base64": lambda path: path.write_bytes(base64.b64encode(CANARY.encode())),
    "base64 + 1": lambda path: path.write_bytes(base64.b64encode(f"x{CANARY}yz".encode())),
    "base64 + 2": lambda path: path.write_bytes(base64.urlsafe_b64encode(f"xy{CANARY}z".encode())),
    "gzip": lambda path: path.write_bytes(gzip.compress(CANARY.encode() * 3)),
    "gzip in gzip": lambda path: path.write_bytes(gzip.compress(gzip.compress(CANARY.encode() * 3))),
    "bzip2": lambda path: path.write_bytes(bz2.compress(CANARY.encode() * 3)),
    "zlib": lambda path: path.write_bytes(zlib.compress(CANARY.encode() * 3)),
    "zstd": lambda path: path.write_bytes(pa.compress(CANARY.encode() * 3, "zstd", asbytes=True)),
    "zip": _zip,
    "parquet": lambda path: duckdb.sql(f"select {{'a': ['{CANARY}']}} as x from range(9)").write_parquet(
        str(path), compression="zstd"
    ),
    "duckdb": _duckdb,
    "sqlite": _sqlite,
    "sqlite blob": lambda path: _sqlite(path, blob=True),
    "name": lambda path: path.with_name(f"export {CANARY}.csv").write_text(""),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_a_canary_is_found_wherever_it_hides(tmp_path, how):
    (tmp_path / "a").mkdir()
    HIDDEN[how](tmp_path / "a" / "file")
    assert {hit.canary for hit in find(tmp_path, [CANARY, "autre.canari@exemple.fr"])} == {CANARY}


def test_silence_where_there_is_none(tmp_path):
    for how, hide in HIDDEN.items():
        (tmp_path / how).mkdir()
        hide(tmp_path / how / "file")
    assert find(tmp_path, ["autre.canari@exemple.fr"]) == []
    assert find(tmp_path, [CANARY], leave_out=["*", "*/*"]) == []


def test_what_cannot_be_decoded_is_an_error(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(duckdb.Error):
        find(tmp_path, [CANARY])


@pytest.mark.parametrize("canaries", [[], [CANARY, "B1"]], ids=["none", "found by chance"])
def test_looking_for_nothing_is_an_error(tmp_path, canaries):
    with pytest.raises(ValueError):
        find(tmp_path, canaries)
