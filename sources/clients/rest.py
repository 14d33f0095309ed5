"""The generic client: what an `ApiShape` says, as requests; what a page answers, as records.

Here: one page at a time, in two halves that share nothing but bytes: `fetch` asks, `read` understands. Between the two the page is
kept on disk; a resumed crawl only needs `read`. Not here: the order of pages, keeping, completeness (`crawl.py`).

A *cursor* is a JSON object `{"feed": n, "place": …}`: feed 0 is the records, the others are the lists of deletions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import requests

from sources.clients.api import ApiShape, DeletedFeed, Paging, Since
from sources.clients.documents import Number, dig, dump, parse, put
from sources.clients.instants import read_instant, write_instant
from sources.clients.outcomes import PlatformDown
from sources.clients.paging import END, asked, first, following
from sources.clients.session import NotAnAnswer, Session, body_as_json

Cursor = dict[str, Any]
KEPT_HEADERS = ("Link",)


@dataclass(frozen=True)
class Raw:
    """A page as it came: its bytes and the few headers that are read."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """What a page says. `deleted`: keys of deleted records. `following`: the next cursor, None after the last page.
    `watermark`: the candidate this page offers."""

    document: Any
    records: list[dict[str, Any]]
    deleted: list[dict[str, Any]]
    count: int | None
    following: Cursor | None
    watermark: datetime | None


@dataclass(frozen=True)
class Asked:
    """What one crawl asks: everything (`since` None), or what changed since an instant, overlap taken off."""

    since: datetime | None = None

    @property
    def is_full(self) -> bool:
        return self.since is None


class Client(Protocol):
    """What `crawl.py` needs of a platform."""

    is_stable: bool

    def first(self) -> Cursor: ...
    def fetch(self, cursor: Cursor) -> Raw: ...
    def read(self, cursor: Cursor, raw: Raw) -> Page: ...
    def beyond(self, cursor: Cursor) -> Cursor | None: ...
    def paging_at(self, cursor: Cursor) -> Paging: ...


class RestClient:
    """See the module."""

    def __init__(self, api: ApiShape, session: Session, asked_for: Asked) -> None:
        self.api, self.session, self.asked_for = api, session, asked_for
        self.is_stable = api.paging.is_stable

    def first(self) -> Cursor:
        return {"feed": 0, "place": first(self.api.paging)}

    def fetch(self, cursor: Cursor) -> Raw:
        """The page at `cursor`. Raises PlatformDown."""
        with self.session.accepting(lambda document: self._accept(document, cursor)):
            response = self._ask(cursor)
        names = [*KEPT_HEADERS, *self._watermark_header()]
        return Raw(response.content, {name: response.headers[name] for name in names if name in response.headers})

    def read(self, cursor: Cursor, raw: Raw) -> Page:
        """What the page says. Raises PlatformDown `platform_changed`."""
        document = parse(raw.body)
        paging, path = self.paging_at(cursor), self._records_path(cursor)
        records = self._records(document, path)
        place = following(
            paging, cursor["place"], document, records, raw.headers, self.session.credentials.sent_params()
        )
        if cursor["feed"]:
            feed = self.api.deleted[cursor["feed"] - 1]
            deleted = [{key: dig(record, at) for key, at in feed.key.items()} for record in records]
            return Page(document, [], deleted, None, self._after(cursor, place), None)
        if self._is_older(records):
            place = END
        is_counted = cursor == self.first() or not self.api.count_shrinks
        return Page(
            document=document,
            records=records,
            deleted=[],
            count=self._count(document) if is_counted else None,
            following=self._after(cursor, place),
            watermark=self._watermark(cursor, document, records, raw.headers),
        )

    def _ask(self, cursor: Cursor) -> requests.Response:
        api, place = self.api, cursor["place"]
        if api.paging.style == "link" and isinstance(place, str):
            scheme, name, port = self.session.origin
            host = f"[{name}]" if name and ":" in name else name
            return self.session.request(api.method, f"{scheme}://{host}:{port}{place}")
        sent = self._parameters(cursor)
        url = self.session.url(api.path)
        if api.send == "query":
            return self.session.request(api.method, url, params=_words(sent))
        body = put(api.filled(api.body), api.under, sent) if api.under else api.filled(api.body) | sent
        if api.send == "form":
            return self.session.request(api.method, url, data=_words(body))
        return self.session.request(api.method, url, **body_as_json(dump(body)))

    def _parameters(self, cursor: Cursor) -> dict[str, Any]:
        api = self.api
        sent = dict(api.params) | dict(api.full_params if self.asked_for.is_full else api.incremental_params)
        since_param = api.since.param if api.since else None
        if cursor["feed"]:
            feed = self._feed(cursor)
            sent |= feed.params
            since_param = feed.since_param
        sent = api.filled(sent) | asked(self.paging_at(cursor), cursor["place"])
        if since_param and api.since and self.asked_for.since:
            written = write_instant(self.asked_for.since, api.since.format, api.since.zone)
            sent[since_param] = api.since.template.replace("{since}", written)
        return sent

    def _accept(self, document: Any, cursor: Cursor) -> None:
        """Judge an answer while it can still be asked again."""
        errors = dig(document, self.api.errors) if self.api.errors else None
        if errors:
            raise _refusal(errors)
        try:
            self._records(document, self._records_path(cursor))
        except PlatformDown as problem:
            raise NotAnAnswer(
                "platform_changed", problem.message.removeprefix(f"La plateforme {self.session.name} ")
            ) from None

    def _records(self, document: Any, path: str) -> list[dict[str, Any]]:
        records = dig(document, path)
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            where = f"« {path} »" if path else "en tête du document"
            raise PlatformDown(
                "platform_changed",
                f"La plateforme {self.session.name} ne répond plus sous la forme attendue (liste {where} absente) : vérifiez "
                "« records » et « ids » dans le contrat.",
            )
        return records

    def _count(self, document: Any) -> int | None:
        value = dig(document, self.api.count) if self.api.count else None
        return int(value) if isinstance(value, Number | str) and value.isdigit() else None

    def _watermark_header(self) -> list[str]:
        kind, _, name = (self.api.since.watermark if self.api.since else "").partition(":")
        return [name] if kind == "header" else []

    def _watermark(self, cursor: Cursor, document: Any, records: list, headers: Mapping[str, str]) -> datetime | None:
        """What happened at the platform while pages were turned is after the first page, hence in the next crawl."""
        if self.api.since is None:
            return None
        kind, _, where = self.api.since.watermark.partition(":")
        if kind == "record":
            return max(filter(None, (_instant(record, where, self.api.since) for record in records)), default=None)
        if cursor != self.first() or kind == "started":
            return None
        return read_instant(headers.get(where) if kind == "header" else dig(document, where), self.api.since.zone)

    def _is_older(self, records: list) -> bool:
        """Whether a walk from the newest has gone past the watermark: the whole page is older, a page being ordered only so far."""
        since, asked = self.api.since, self.asked_for.since
        if asked is None or since is None or not since.walk or not records:
            return False
        instants = [_instant(record, since.watermark.partition(":")[2], since) for record in records]
        return all(instant is not None and instant < asked for instant in instants)

    def _after(self, cursor: Cursor, place: Any) -> Cursor | None:
        return self.beyond(cursor) if place is END else {"feed": cursor["feed"], "place": place}

    def beyond(self, cursor: Cursor) -> Cursor | None:
        """The first page of the next feed, None after the last. A full pass finds deletions by itself and needs no feed of them."""
        if self.asked_for.is_full or cursor["feed"] == len(self.api.deleted):
            return None
        return {"feed": cursor["feed"] + 1, "place": first(self.api.deleted[cursor["feed"]].paging)}

    def _feed(self, cursor: Cursor) -> DeletedFeed:
        return self.api.deleted[cursor["feed"] - 1]

    def paging_at(self, cursor: Cursor) -> Paging:
        """The paging of the feed that `cursor` is in."""
        return self._feed(cursor).paging if cursor["feed"] else self.api.paging

    def _records_path(self, cursor: Cursor) -> str:
        return self._feed(cursor).records if cursor["feed"] else self.api.records


def _instant(record: Any, path: str, since: Since) -> datetime | None:
    return read_instant(dig(record, path), since.zone)


def since_of(watermark: datetime, overlap_minutes: int) -> datetime:
    """Rows stamped before the watermark may be committed after it: the next crawl starts a little earlier."""
    return watermark - timedelta(minutes=overlap_minutes)


def _words(sent: dict[str, Any]) -> dict[str, Any]:
    """Parameters as a query writes them: booleans in lower case."""
    return {name: ("true" if value else "false") if isinstance(value, bool) else value for name, value in sent.items()}


def _refusal(errors: Any) -> NotAnAnswer:
    """GraphQL answers 200 with `errors`. Only their codes are read: their texts may quote what was asked."""
    codes = {str(dig(error, "extensions.code") or "").lower() for error in errors if isinstance(error, dict)}
    if "not_found" in codes:
        return NotAnAnswer(
            "platform_not_found", "ne connaît pas ce qui est demandé : vérifiez « ids » dans le contrat.", False
        )
    if codes & {"unauthorized", "forbidden", "unauthenticated"}:
        return NotAnAnswer("platform_forbidden", "n'autorise pas cette lecture : vérifiez la clé et ses droits.", False)
    return NotAnAnswer("platform_error", "signale une erreur dans sa réponse : réessayez plus tard.")
