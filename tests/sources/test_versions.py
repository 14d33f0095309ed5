"""What is handed over for history: every version ever accepted, and until when each held."""

import os
from contextlib import closing
from datetime import UTC, datetime

import duckdb
from deliveries import CONTRACTS, NOW, ROWS, places, programme

from sources.explanations import load_ended_programmes, load_withdrawals
from sources.handover import hand_over
from sources.landing import deliver
from sources.ledger import deliveries, open_ledger

LOADED = {"hdf_2023_programme": CONTRACTS["hdf_2023_programme"]}


def land(home, rows, written: datetime) -> None:
    path = programme(home, rows)
    os.utime(path, (written.timestamp(), written.timestamp()))
    deliver(places(home), LOADED["hdf_2023_programme"], now=NOW)


def test_superseded_rows_are_handed_over_with_the_time_of_their_file(tmp_path):
    first, second = datetime(2025, 5, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
    land(tmp_path, ROWS, first)
    land(tmp_path, ROWS[:1], second)
    with closing(duckdb.connect()) as con:
        hand_over(con, places(tmp_path), LOADED)
        count = "select delivered_at, count(*) from landing.{} group by all order by all"
        naive = [moment.replace(tzinfo=None) for moment in (first, second)]
        assert con.execute(count.format("event_version")).fetchall() == [(naive[0], 2), (naive[1], 1)]
        assert con.execute(count.format("event")).fetchall() == [(naive[1], 1)]
        assert con.execute("select shown_at, rank from landing.showing order by rank").fetchall() == [
            (naive[0], 1),
            (naive[1], 2),
        ]
        assert con.execute("select count(*) from landing.organisation_version").fetchall() == [(0,)]


def test_a_delivery_read_again_keeps_its_time(tmp_path, monkeypatch):
    written = datetime(2025, 5, 1, tzinfo=UTC)
    land(tmp_path, ROWS, written)
    monkeypatch.setattr("sources.landing.code_hash", lambda: "another program")
    deliver(places(tmp_path), LOADED["hdf_2023_programme"], now=datetime(2026, 12, 1, tzinfo=UTC))
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        (row,) = deliveries(ledger)
    assert row["delivered_at"] == written.isoformat() and row["received_at"] == NOW.isoformat()


def test_withdrawals_and_ended_programmes_are_explained_beside_the_differences(tmp_path):
    path = tmp_path / "explanations.yml"
    signed = "author: observatoire"
    path.write_text(
        "explanations: []\n"
        f"withdrawals:\n  - {{source: s, delivery_id: ab12, reason: Édition refaite., {signed}, confirmed_on: 2026-11-25}}\n"
        f"ended_programmes:\n  - {{programme_id: P, reason: Terminé., {signed}, ended_on: 2026-11-25}}\n",
        encoding="utf-8",
    )
    assert [(item.source, item.delivery_id) for item in load_withdrawals(path)] == [("s", "ab12")]
    assert [item.programme_id for item in load_ended_programmes(path)] == ["P"]
