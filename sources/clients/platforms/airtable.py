"""Airtable through pyairtable: it names tables and options, and moves a query that is too long into a POST.

Here: one page per call, on our session (deadline, retries, whole bodies). Not here: paging (`airtable.yml`), retries (pyairtable's are
not used).
"""

from __future__ import annotations

import pyairtable
import requests

from sources.clients.api import ApiShape
from sources.clients.rest import Asked, Cursor, RestClient
from sources.clients.session import Session

_UNUSED = "the session signs"


class AirtableClient(RestClient):
    """`ids`: `base`, `table` (name or id). `params` are pyairtable's options: `view`, `formula`, `fields`…"""

    def __init__(self, api: ApiShape, session: Session, asked_for: Asked) -> None:
        super().__init__(api, session, asked_for)
        airtable = pyairtable.Api(_UNUSED, endpoint_url=api.base_url, retry_strategy=None)
        airtable.session = session
        self._table = airtable.table(str(api.ids["base"]), str(api.ids["table"]))

    def _ask(self, cursor: Cursor) -> requests.Response:
        self._table.api.request(
            "GET",
            self._table.urls.records,
            fallback=("POST", self._table.urls.records_post),
            options=self.api.filled(dict(self.api.params)),
            params={"offset": cursor["place"]} if cursor["place"] else {},
        )
        assert self.session.last is not None  # pyairtable asked through our session
        return self.session.last
