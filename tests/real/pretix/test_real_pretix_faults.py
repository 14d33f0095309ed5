"""A real pretix behind a real mitmproxy that does it every harm: a crawl ends whole or by name, never with fewer rows unsaid.

Pages hold 25 of the series' orders, so that there are four of them, or a little more.
"""

import socket

import pytest
from organiser import DAY, SERIES

pytestmark = pytest.mark.real

FAULTS = (
    "429:1", "429", "503:1", "500", "502", "503", "timeout:5", "reset", "truncate", "halfjson", "droprows", "html200", "401",
    "latin1",
)  # fmt: skip
FOR_EVER = {
    "429": "platform_busy", "429:3600": "platform_busy", "503:3600": "platform_busy", "500": "platform_error",
    "502": "platform_error", "503": "platform_error", "timeout:5": "platform_unreachable", "reset": "platform_unreachable",
    "truncate": "platform_unreachable", "halfjson": "platform_garbled", "droprows": "platform_incomplete",
    "html200": "platform_garbled", "401": "platform_refused_key", "latin1": "platform_garbled",
}  # fmt: skip
SMALL_PAGES = ("paging: {size: 25}", "since: {overlap_minutes: 0}", "timeout_s: 3")


@pytest.fixture(autouse=True)
def little_patience(monkeypatch):
    """The waits between two tries, which the platform does not ask for, are short."""
    monkeypatch.setattr("sources.clients.session.BACKOFF_S", (0.05,) * 5)


@pytest.fixture
def series(organiser, source, proxy):
    """A source of the series through the proxy, and what it must land."""
    s = source(url=proxy.url, event=SERIES, also=SMALL_PAGES)

    def expected():
        return {key: status for key, status in organiser.states().items() if key[0] == SERIES}

    return s, expected


@pytest.mark.parametrize("page", [1, 3, 4])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_passing_fault_loses_nothing(series, proxy, fault, page):
    s, expected = series
    proxy.plan({page: fault})
    report = s.night()
    assert report.outcome == "accepted"
    assert s.states() == expected()
    assert proxy.met.count(fault) == 1 and len(proxy.met) > 4


@pytest.mark.parametrize("fault", FOR_EVER)
def test_a_lasting_fault_is_named_and_leaves_what_was_landed(organiser, series, proxy, monkeypatch, fault):
    monkeypatch.setattr("sources.clients.session.TRIES", 3)
    s, expected = series
    s.night()
    before = s.rows()
    organiser.order(SERIES)
    proxy.plan({0: fault})
    report = s.night()
    assert (report.outcome, report.rule) == ("refused", FOR_EVER[fault])
    assert proxy.url not in report.message and organiser.server.token not in report.message
    assert s.rows() == before
    proxy.plan()
    s.night()
    assert s.states() == expected()


@pytest.mark.parametrize("fault", ["503", "reset", "truncate", "halfjson"])
def test_a_first_crawl_cut_at_its_third_page_is_resumed(organiser, series, proxy, monkeypatch, fault):
    nb_pages = -(-organiser.ask("GET", f"/events/{SERIES}/orders/")["count"] // 25)
    monkeypatch.setattr("sources.clients.session.TRIES", 1)
    s, expected = series
    proxy.plan({3: fault})
    assert s.night().outcome == "refused" and s.rows() == []
    proxy.plan()
    report = s.night()
    assert len(proxy.met) == nb_pages - 1, (
        "the first page is not asked again, the second is, to see whether orders slid"
    )
    assert s.states() == expected() and "collecte_reprise" in {note.rule for note in report.notes}


def test_every_fault_in_one_night(organiser, source, proxy):
    """The whole organizer, a fault at every other request."""
    s = source(url=proxy.url, also=("timeout_s: 4",))
    proxy.plan({2 * rank + 1: fault for rank, fault in enumerate(FAULTS)})
    reports = [s.night()]
    while len(reports) < 4 and reports[-1] is not None and reports[-1].outcome == "refused":
        assert s.rows() == [], "nothing is landed of a crawl that is not whole"
        reports.append(s.night())
    assert s.states() == organiser.states()


@pytest.mark.parametrize("fault", ["droprows", "truncate", "latin1"])
def test_what_is_new_is_not_lost_to_a_fault_either(organiser, source, proxy, fault):
    s = source(url=proxy.url, event=DAY, also=SMALL_PAGES)
    s.night()
    for _ in range(3):
        organiser.check_in(organiser.order(DAY))
    proxy.plan({1: fault})
    s.night()
    assert s.states() == {key: status for key, status in organiser.states().items() if key[0] == DAY}


def test_a_server_that_is_down(source):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    s = source(url=nobody)
    report = s.night()
    assert (report.outcome, report.rule) == ("refused", "platform_unreachable")
    assert s.rows() == []


@pytest.mark.parametrize(
    ("token", "rule"), [("wrong", "platform_refused_key"), ("", "secret_missing"), ("\n", "secret_missing")]
)
def test_a_token_that_does_not_open(organiser, source, monkeypatch, token, rule):
    s = source()
    s.night()
    before = s.rows()
    monkeypatch.setenv("PRETIX_TOKEN", token)
    report = s.night()
    assert (report.outcome, report.rule) == ("refused", rule)
    assert s.rows() == before


def test_an_event_that_the_token_may_not_read(source):
    report = source(event="inconnu").night()
    assert (report.outcome, report.rule) == ("refused", "platform_forbidden")
