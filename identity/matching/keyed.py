"""Keyed hashes of a column, in SQL: HMAC-SHA256 (RFC 2104), so that nobody can try names or addresses on what leaves.

Here: the SQL expressions. Not here: the keys of programme years (`keys.py`).
"""

from __future__ import annotations

import hmac

import duckdb

from identity.keys import PseudonymKey
from identity.vault import Vault


def keyed(con: duckdb.DuckDBPyConnection, vault: Vault, domain: str, text: str) -> str:
    """SQL of the first 64 bits, as UBIGINT, of the HMAC of the expression `text` under a key of this vault made for `domain`."""
    return f"('0x' || substr({_hmac(con, domain, _key(vault, domain), text)}, 1, 16))::ubigint"


def pseudonym(con: duckdb.DuckDBPyConnection, key: PseudonymKey, domain: str, text: str, digits: int = 32) -> str:
    """SQL of what `identity.pseudonyms.pseudonyms_under` computes, its first hex `digits`."""
    name = f"{key.key_id}_{domain}"
    return f"substr({_hmac(con, name, key.secret.reveal(), text, domain.encode() + bytes(1))}, 1, {digits})"


def keyed_value(vault: Vault, domain: str, text: str) -> int:
    """What `keyed` gives for one text."""
    return int.from_bytes(hmac.digest(_key(vault, domain), text.encode(), "sha256")[:8], "big")


def _key(vault: Vault, domain: str) -> bytes:
    return bytes.fromhex(vault.cipher.mac("matching", domain.encode()))


def _hmac(con: duckdb.DuckDBPyConnection, name: str, key: bytes, text: str, prefix: bytes = b"") -> str:
    """SQL: 64 hex digits. `prefix` comes before the text, under the hash. The key is a variable of the connection: a message
    of DuckDB may quote a statement, never a variable."""
    padded = key.ljust(64, b"\0")
    inner, outer = (f"hmac_{half}_{name}" for half in ("inner", "outer"))
    con.execute(f'set variable "{inner}" = $value', {"value": bytes(byte ^ 0x36 for byte in padded) + prefix})
    con.execute(f'set variable "{outer}" = $value', {"value": bytes(byte ^ 0x5C for byte in padded)})
    return f"sha256(getvariable('{outer}') || unhex(sha256(getvariable('{inner}') || encode({text}))))"
