"""JSON documents of a platform: decoding them strictly, digging by dotted path, writing them back without changing a number.

Here: bytes to plain Python values and back. Numbers stay the text that was sent (`12.50`, `99900011000018`): a float would lose
digits and an identifier is no quantity. Not here: which path means what (`api.py`), rows and columns (`sources.readers`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


class NotJson(ValueError):
    """Bytes that are not one whole JSON document in UTF-8. The message says what they look like, in French, quoting nothing."""


class Number(str):
    """The text of a JSON number."""

    __slots__ = ()


def parse(body: bytes) -> Any:
    """The document of an answer's body. Raises NotJson."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotJson("un texte qui n'est pas en UTF-8") from None
    start = text[:256].lstrip()
    if not start:
        raise NotJson("une réponse vide")
    if start.startswith("<"):
        raise NotJson("une page web au lieu de données")
    try:
        return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotJson("du JSON incomplet ou mal formé") from None


def dump(value: Any) -> str:
    """JSON on one line, numbers as they were; the inverse of `parse`."""
    match value:
        case Number():
            return str(value)
        case dict():
            return (
                "{"
                + ",".join(f"{json.dumps(str(key), ensure_ascii=False)}:{dump(v)}" for key, v in value.items())
                + "}"
            )
        case list() | tuple():
            return "[" + ",".join(dump(v) for v in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def one_line(body: bytes) -> bytes:
    """The same document on one line: in JSON a line break can only stand between tokens, where a space says the same."""
    return body.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b" ").replace(b"\n", b" ").strip()


def dig(value: Any, path: str) -> Any:
    """What stands at a dotted path, None when nothing does. "" is the document itself."""
    for step in path.split(".") if path else ():
        value = value.get(step) if isinstance(value, dict) else None
    return value


def put(document: Any, path: str, value: Any) -> Any:
    """`document` with `value` at a dotted path, objects being made on the way."""
    if not path:
        return value
    *above, last = path.split(".")
    node = document
    for step in above:
        node = node.setdefault(step, {})
    node[last] = value
    return document


def without(value: Any, paths: Sequence[str]) -> Any:
    """`value` less what stands at some dotted paths; lists on the way are gone through."""
    if not paths:
        return value
    if isinstance(value, list):
        return [without(each, paths) for each in value]
    if not isinstance(value, dict):
        return value
    below: dict[str, list[str]] = {}
    for path in paths:
        step, _, rest = path.partition(".")
        below.setdefault(step, []).append(rest)
    return {key: without(inner, below.get(key, ())) for key, inner in value.items() if "" not in below.get(key, ())}


def _refuse(constant: str) -> None:
    raise ValueError(constant)
