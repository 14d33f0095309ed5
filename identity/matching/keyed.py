"""Keyed hashes of a column, in SQL, so that nobody can try names or addresses on what leaves.

Here: the SQL expressions; pseudonyms are HMAC-SHA256 (RFC 2104). Not here: the keys of programme years (`keys.py`).
"""

from __future__ import annotations

import duckdb

from identity.keys import PseudonymKey
from identity.vault import Vault


def keyed(con: duckdb.DuckDBPyConnection, vault: Vault, domain: str, text: str) -> str:
    """SQL of 64 bits, as UBIGINT, that depend on the expression `text` and on a key of this vault made for `domain`.

    SHA-256 of the key, padded to a block, and the text: what HMAC adds guards against lengthening a text whose whole hash is known,
    and three quarters of this one are thrown away. Half the cost, a million times a night.
    """
    con.execute(f'set variable "keyed_{domain}" = $value', {"value": _key(vault, domain)})
    return f"('0x' || substr(sha256(getvariable('keyed_{domain}') || encode({text})), 1, 16))::ubigint"


def pseudonym(con: duckdb.DuckDBPyConnection, key: PseudonymKey, domain: str, text: str, digits: int = 32) -> str:
    """SQL of what `identity.pseudonyms.pseudonyms_under` computes, its first hex `digits`."""
    name = f"{key.key_id}_{domain}"
    return f"substr({_hmac(con, name, key.secret.reveal(), text, domain.encode() + bytes(1))}, 1, {digits})"


def _key(vault: Vault, domain: str) -> bytes:
    return bytes.fromhex(vault.cipher.mac("matching", domain.encode())).ljust(64, b"\0")


def _hmac(con: duckdb.DuckDBPyConnection, name: str, key: bytes, text: str, prefix: bytes = b"") -> str:
    """SQL: 64 hex digits. `prefix` comes before the text, under the hash. The key is a variable of the connection: a message
    of DuckDB may quote a statement, never a variable."""
    padded = key.ljust(64, b"\0")
    inner, outer = (f"hmac_{half}_{name}" for half in ("inner", "outer"))
    con.execute(f'set variable "{inner}" = $value', {"value": bytes(byte ^ 0x36 for byte in padded) + prefix})
    con.execute(f'set variable "{outer}" = $value', {"value": bytes(byte ^ 0x5C for byte in padded)})
    return f"sha256(getvariable('{outer}') || unhex(sha256(getvariable('{inner}') || encode({text}))))"
