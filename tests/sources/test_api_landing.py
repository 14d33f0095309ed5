"""A source asked by API: what the platform shows is landed, shown again it is replaced, deleted it goes, down it is said."""

import json
import threading
from contextlib import closing
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from deliveries import NOW, places

from sources import landing
from sources.contract import load_contract
from sources.handover import hand_over
from sources.landing import deliver, record_keys_in_force
from sources.ledger import deliveries, open_ledger

CONTRACT = """\
source: billetterie
title: Billetterie d'essai
entity: registration
api:
  platform: rest
  base_url: http://127.0.0.1:{port}
  paths: [/places]
  records: results
  count: count
  key: [order.code]
  paging: {{style: page, param: page, more: next}}
  auth: {{env: {{token: TEST_TOKEN}}, headers: {{Authorization: "Token {{token}}"}}}}
  full_every_days: 0
  deadline_s: 5
files: {{shape: json, records: results, explode: seats}}
fields:
  registration_id: {{headers: [seats.id], required: true}}
  order: {{headers: [order.code]}}
  event: {{constant: HDF23-A01}}
  status: {{headers: [seats.state], words: {{registered: [ok], cancelled: [gone]}}}}
  email: {{headers: [seats.mail], privacy: direct}}
"""
TOKEN = "canari-secret-9c1"


@pytest.fixture
def platform(monkeypatch):
    """A small platform: `records` are what it shows, two to a page; `down` makes it fail."""
    monkeypatch.setenv("TEST_TOKEN", TOKEN)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            page = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
            records = self.server.records
            body = {
                "count": len(records),
                "results": records[2 * page - 2 : 2 * page],
                "next": "more" if len(records) > 2 * page else None,
            }
            content = json.dumps(body).encode()
            self.send_response(503 if self.server.down else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.records, server.down = [], False
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def record(code: str, *seats: tuple[str, str]) -> dict:
    return {
        "order": {"code": code},
        "seats": [{"id": id_, "state": state, "mail": f"{id_}@exemple.test"} for id_, state in seats],
    }


class Source:
    def __init__(self, home, port: int):
        path = home / "billetterie.yml"
        path.write_text(CONTRACT.format(port=port), encoding="utf-8")
        self.loaded, self.places, self.nights = load_contract(path), places(home), 0

    def night(self):
        self.nights += 1
        return deliver(self.places, self.loaded, now=NOW + timedelta(days=self.nights))

    def in_force(self) -> list[tuple]:
        with closing(duckdb.connect()) as con:
            hand_over(con, self.places, {"billetterie": self.loaded})
            return con.execute("select registration_id, status from landing.registration order by all").fetchall()

    def conserved(self) -> bool:
        """Every accepted row is in force, or was replaced by a later crawl."""
        with closing(duckdb.connect()) as con:
            hand_over(con, self.places, {"billetterie": self.loaded})
            return con.execute(
                "select bool_and(rows_accepted = rows_replaced + coalesce(nb, 0)) from landing.delivery left join "
                "(select delivery_id, count(*) as nb from landing.registration group by all) using (delivery_id)"
            ).fetchall() == [(True,)]


@pytest.fixture
def source(tmp_path, platform, without_references):
    return Source(tmp_path, platform.server_address[1])


def test_everything_shown_lands_and_nothing_new_lands_nothing(source, platform):
    platform.records = [record("A", ("a1", "ok"), ("a2", "ok")), record("B", ("b1", "gone")), record("C", ("c1", "ok"))]
    (report,) = source.night()
    assert (report.outcome, report.rows_read, report.rows_accepted) == ("accepted", 4, 4)
    assert source.in_force() == [("a1", "registered"), ("a2", "registered"), ("b1", "cancelled"), ("c1", "registered")]
    assert source.night() == []


def test_a_record_shown_again_replaces_all_its_rows_and_a_deleted_one_goes(source, platform):
    platform.records = [record("A", ("a1", "ok"), ("a2", "ok")), record("B", ("b1", "ok")), record("C", ("c1", "ok"))]
    source.night()
    platform.records = [record("A", ("a1", "gone")), record("B", ("b1", "ok"))]
    source.night()
    source.night()
    assert source.in_force() == [("a1", "cancelled"), ("b1", "registered")]
    assert source.conserved()
    assert record_keys_in_force(source.places.landing, "billetterie") == {"A", "B"}


def test_a_night_with_nothing_but_a_deletion_applies_it(source, platform):
    platform.records = [record(code, (f"{code.lower()}1", "ok")) for code in "ABC"]
    source.night()
    platform.records = platform.records[:2]
    reports = [report for _ in range(3) for report in source.night()]
    assert all(report.outcome == "accepted" for report in reports)
    assert source.in_force() == [("a1", "registered"), ("b1", "registered")]


@pytest.mark.nights
def test_a_platform_that_is_down_leaves_what_it_gave_and_says_so_until_it_answers(source, platform):
    platform.records = [record("A", ("a1", "ok"))]
    source.night()
    platform.down = True
    (report,) = source.night()
    assert report.outcome == "refused" and report.message
    assert source.in_force() == [("a1", "registered")]
    with open_ledger(source.places.ledger) as ledger:
        assert sorted(row["state"] for row in deliveries(ledger)) == ["accepted", "refused"]
    platform.down = False
    source.night()
    with open_ledger(source.places.ledger) as ledger:
        assert [row["state"] for row in deliveries(ledger)] == ["accepted"]


@pytest.mark.nights
def test_a_replay_reads_the_kept_pages_again_without_asking(source, platform, monkeypatch):
    platform.records = [record("A", ("a1", "ok"))]
    source.night()
    monkeypatch.setattr("sources.landing.code_hash", lambda: "another program")
    platform.down = True
    reports = source.night()
    assert [report.outcome for report in reports] == ["refused", "accepted"]
    assert source.in_force() == [("a1", "registered")]


def test_neither_the_secret_nor_an_address_is_left_anywhere(source, platform, tmp_path):
    from tests.identity.scanner import find

    platform.records = [record("A", ("a1", "ok"))]
    source.night()
    assert not find(tmp_path, [TOKEN, "a1@exemple.test"])


def test_the_shape_must_read_what_is_asked(tmp_path):
    from sources.contract import ContractError

    path = tmp_path / "billetterie.yml"
    path.write_text(
        CONTRACT.format(port=1).replace("records: results, explode", "records: autre, explode"), encoding="utf-8"
    )
    with pytest.raises(ContractError, match="records: results"):
        load_contract(path)


def test_a_crawl_over_which_the_program_fails_stops_nothing_else_of_its_source(platform, source, monkeypatch):
    platform.records = [record("A", ("a1", "ok"))]
    source.night()

    def fails(*_, **__):
        raise ZeroDivisionError(f"a1@exemple.test {TOKEN}")

    with open_ledger(source.places.ledger) as ledger:
        before = deliveries(ledger)[0]["processing_hash"]
    with monkeypatch.context() as broken:
        broken.setattr("sources.clients.crawl.collect", fails)
        broken.setattr(landing, "code_hash", lambda: "another program")
        with pytest.raises(landing.NotLanded, match="ZeroDivisionError. : il sera relu la nuit prochaine") as told:
            source.night()
    assert "exemple" not in str(told.value) and TOKEN not in str(told.value)
    with open_ledger(source.places.ledger) as ledger:
        (row,) = deliveries(ledger)
    assert row["processing_hash"] != before, "what was kept of it was read again"
    assert source.in_force() == [("a1", "registered")], "what was landed stays"
    platform.records = [record("A", ("a1", "gone"))]
    source.night()
    assert source.in_force() == [("a1", "cancelled")]
