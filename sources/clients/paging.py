"""How one page leads to the next, for every style of `api.Paging`.

Here: pure functions over a page already decoded. A *place* is a JSON value that says which page: a number, a token, or None for the
first one. Not here: asking (`rest.py`), keeping (`store.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sources.clients.api import Paging
from sources.clients.documents import Number, dig

END = object()
"""There is no further page."""

_NEXT_LINK = re.compile(r'<([^>]*)>\s*;[^,]*?\brel="?next"?')


def first(paging: Paging) -> Any:
    """The place of the first page."""
    return {"page": paging.first, "offset": 0, "range": 0}.get(paging.style)


def asked(paging: Paging, place: Any) -> dict[str, Any]:
    """The parameters that ask for the page at `place` (a `link` is a place of its own: see `rest.py`)."""
    sized: dict[str, Any] = {paging.size_param: paging.size} if paging.size_param and paging.size else {}
    param = paging.param
    if param is None or place is None:
        return sized
    if paging.style == "range":
        assert paging.size is not None
        return {param: f"{place}-{place + paging.size}"}
    return sized | {param: place}


def following(
    paging: Paging,
    place: Any,
    document: Any,
    records: list,
    headers: Mapping[str, str],
    secret_params: tuple[str, ...] = (),
) -> Any:
    """The place after the page at `place`, or END."""
    if paging.style == "none":
        return END
    if paging.style == "link":
        return _link(paging, document, headers, secret_params)
    if paging.is_last is not None and dig(document, paging.is_last) is True:
        return END
    if paging.more is not None and dig(document, paging.more) in (None, False, ""):
        return END
    if paging.more is None and not records:
        return END
    if paging.style == "page":
        return place + 1
    if paging.style in ("offset", "range"):
        return place + len(records) if records else END
    assert paging.token is not None
    if paging.style == "token":
        token = dig(document, paging.token)
    else:
        token = dig(records[-1], paging.token) if records else None
    return END if token in (None, "", []) else _plain(token)


def _link(paging: Paging, document: Any, headers: Mapping[str, str], secret_params: tuple[str, ...]) -> Any:
    """The path and query of the next link, without its host (the platform's base is the only host ever asked) and without what
    carries a secret."""
    if paging.token is not None:
        link = dig(document, paging.token)
    else:
        found = _NEXT_LINK.search(headers.get("Link", ""))
        link = found[1] if found else None
    if not isinstance(link, str) or not link:
        return END
    parts = urlsplit(link)
    query = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in secret_params
    ]
    return parts.path + ("?" + urlencode(query) if query else "")


def _plain(token: Any) -> Any:
    """A token as JSON can keep it."""
    if isinstance(token, list):
        return [_plain(each) for each in token]
    if isinstance(token, Number):
        return int(token) if token.lstrip("-").isdigit() else str(token)
    return token
