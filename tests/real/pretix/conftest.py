"""One real pretix for all these tests, filled once; a proxy before it; and a source that crawls and lands it night after night.

Tests change what the server holds and compare with what it then says, so that their order does not matter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from organiser import Organiser
from recipe import Proxy, mitmproxy, pretix

from identity.vault import Vault, open_private
from sources.clients.rest import RestClient
from sources.contract import LoadedContract, load_contract
from sources.handover import hand_over
from sources.landing import Places, deliver
from sources.ledger import DeliveryReport

sys.path.append(str(Path(__file__).parents[2] / "identity"))

TEMPLATE = Path(__file__).parents[3] / "sources" / "templates" / "pretix_api.yml"
PROGRAMME = "ERROL-CONSULT-2025"


@pytest.fixture(scope="session")
def organiser(tmp_path_factory):
    """An organiser and the server that was filled by it."""
    with pretix(tmp_path_factory.mktemp("pretix")) as server:
        organiser = Organiser(server).open()
        organiser.fill()
        yield organiser


@pytest.fixture(scope="session")
def proxy_running(organiser, tmp_path_factory):
    with mitmproxy(organiser.server.url, tmp_path_factory.mktemp("proxy")) as proxy:
        yield proxy


@pytest.fixture
def proxy(proxy_running) -> Proxy:
    """The proxy, doing no harm yet."""
    proxy_running.plan()
    return proxy_running


@dataclass
class Source:
    """A contract made from the shipped template, and what its nights landed in `home`."""

    home: Path
    places: Places
    loaded: LoadedContract
    last: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(seconds=1))

    def night(self, *, later: timedelta = timedelta()) -> DeliveryReport | None:
        """Ask and land; the report, None when there was nothing new. No two nights share a second."""
        self.last = max(datetime.now(UTC), self.last + timedelta(seconds=1)).replace(microsecond=0) + later
        reports = deliver(self.places, self.loaded, now=self.last)
        assert len(reports) <= 1
        report = reports[0] if reports else None
        if report is not None and report.outcome == "accepted":
            assert (report.rows_accepted, report.rows_quarantined, report.rows_duplicate) == (report.rows_read, 0, 0)
        return report

    def rows(self) -> list[dict]:
        """The registrations in force, as dbt receives them."""
        with closing(duckdb.connect()) as con:
            hand_over(con, self.places, {self.loaded.contract.source: self.loaded})
            found = con.sql("select * from landing.registration order by event_id, registration_id")
            return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    def states(self) -> dict[tuple[str, str], str]:
        """Status by (event, place). A place stands once."""
        rows = self.rows()
        states = {(row["event_id"], row["registration_id"]): row["status"] for row in rows}
        assert len(states) == len(rows)
        return states

    def identities(self) -> list[dict]:
        with closing(open_private()) as con:
            Vault(self.places.vault).load(con, purpose="matching")
            found = con.execute("select * from identities")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture
def source(organiser, tmp_path, monkeypatch) -> Callable[..., Source]:
    """A factory: `source(url=…, event=…, also=…, edits=…)`, what a user writes in the copied template. `also`: lines of the
    section `api`."""
    # nobody asks for a territory here, and they take longer than all the rest of what is handed over
    monkeypatch.setattr("sources.handover.references.load", lambda con: None)
    monkeypatch.setenv("PRETIX_TOKEN", organiser.server.token)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def make(
        url: str = organiser.server.url, event: str | None = None, also: tuple[str, ...] = (), edits=(), name: str = "a"
    ) -> Source:
        home = tmp_path / name
        text = TEMPLATE.read_text(encoding="utf-8")
        meal = ('words: ["3"]', f'words: ["{organiser.items["repas"]}"]')
        for old, new in (("PROGRAMME-A-PRECISER", PROGRAMME), meal, *edits):
            assert old in text, old
            text = text.replace(old, new)
        ids = f"{{organizer: ess, event: {event}}}" if event else "{organizer: ess}"
        section = ("api:", "platform: pretix", f"base_url: {url}", f"ids: {ids}", *also)
        contract = home / "contracts" / "pretix_api.yml"
        contract.parent.mkdir(parents=True, exist_ok=True)
        contract.write_text(text + "\n" + "\n  ".join(section) + "\n", encoding="utf-8")
        places = Places(
            home / "inbox",
            home / "originals",
            home / "landing",
            home / "ledger.sqlite",
            home / "vault",
            home / "crawls",
        )
        return Source(home, places, load_contract(contract))

    return make


@pytest.fixture
def before_page(monkeypatch) -> Callable[[int, Callable[[], object]], None]:
    """`before_page(3, action)`: the action happens once, when a crawl is about to ask for its third page."""
    actions: dict[int, Callable[[], object]] = {}
    fetch, asked = RestClient.fetch, [0]

    def fetch_after_the_action(self, cursor):
        asked[0] += 1
        actions.pop(asked[0], lambda: None)()
        return fetch(self, cursor)

    def plan(number: int, action: Callable[[], object]) -> None:
        asked[0] = 0
        actions[number] = action

    monkeypatch.setattr(RestClient, "fetch", fetch_after_the_action)
    return plan
