"""What is handed over for history: every version ever accepted, and until when each held."""

import os
import unicodedata
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import pytest
from deliveries import CONTRACTS, NOW, ROWS, places, programme

from sources.explanations import Withdrawal, load_ended_programmes, load_withdrawals
from sources.handover import hand_over
from sources.landing import deliver
from sources.ledger import deliveries, follow_series, open_ledger, overtaken, rename_files
from sources.note import OVERTAKEN

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


def versions(home, names_and_rows, order, series) -> tuple[dict, list]:
    """Programmes of several names, written in that order and read in another; state of each file, and events in force."""
    contract = LOADED["hdf_2023_programme"]
    with_series = replace(
        contract,
        contract=contract.contract.model_copy(
            update={"files": contract.contract.files.model_copy(update={"series": series})}
        ),
    )
    for night in order:
        name, rows = names_and_rows[night]
        path = programme(home, rows, name=name)
        written = datetime(2025, 5, 1 + night, tzinfo=UTC).timestamp()
        os.utime(path, (written, written))
        deliver(places(home), with_series, now=NOW)
    with open_ledger(places(home).ledger) as ledger:
        states = {row["file_name"]: row["state"] for row in deliveries(ledger)}
    with closing(duckdb.connect()) as con:
        hand_over(con, places(home), {"hdf_2023_programme": with_series})
        return states, con.execute("select event_id from landing.event order by all").fetchall()


FILES = [
    ("programme_2023.xlsx", ROWS),
    ("programme_2023 v2 corrigé.xlsx", ROWS[:1]),
    ("autre_2024.xlsx", [[9, *ROWS[0][1:]]]),
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_files_of_one_series_replace_one_another_in_the_order_written(tmp_path, order):
    found = versions(tmp_path, FILES, order, r"_(\d{4})")
    states = {
        "programme_2023.xlsx": "superseded",
        "programme_2023 v2 corrigé.xlsx": "accepted",
        "autre_2024.xlsx": "accepted",
    }
    assert found == (states, [("HDF23-A01",), ("HDF23-A09",)])


def test_without_a_series_only_the_same_name_replaces_and_without_groups_there_is_one(tmp_path):
    states, events = versions(tmp_path / "names", FILES, (0, 1, 2), None)
    assert set(states.values()) == {"accepted"} and len(events) == 4
    states, events = versions(tmp_path / "one", FILES, (1, 0, 2), r"xlsx$")
    assert sorted(states.values()) == ["accepted", "superseded", "superseded"] and events == [("HDF23-A09",)]


@pytest.mark.parametrize("series", [None, r"récap_(\d{4})"])
def test_a_name_with_its_accents_apart_is_the_same_name(tmp_path, series):
    files = [
        (unicodedata.normalize(form, "récap_2023.xlsx"), ROWS[: 3 - n]) for n, form in enumerate(["NFC", "NFD"], 1)
    ]
    assert files[0][0] != files[1][0]
    _, events = versions(tmp_path, files, (0, 1), series)
    assert events == [("HDF23-A01",)]
    with open_ledger(places(tmp_path).ledger) as ledger:
        assert sorted(row["state"] for row in deliveries(ledger)) == ["accepted", "superseded"]
        rename_files(ledger, {name: "(effacé).xlsx" for name, _ in files})
        assert not ledger.execute("select document from sighting where document like '%cap%.xlsx'").fetchall()


def test_a_series_declared_later_is_followed(tmp_path):
    versions(tmp_path, FILES, (0, 1, 2), None)
    states, _ = versions(tmp_path, FILES, (), None)
    assert set(states.values()) == {"accepted"}
    with open_ledger(places(tmp_path).ledger) as ledger:
        follow_series(ledger, "hdf_2023_programme", lambda name: "/" + name.partition("_")[2][:4])
        assert [row["file_name"] for row in deliveries(ledger) if row["state"] == "superseded"] == [
            "programme_2023.xlsx"
        ]


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


def test_a_file_dropped_by_mistake_is_given_up_by_a_withdrawal(tmp_path, monkeypatch):
    path = programme(tmp_path, ROWS)
    path.with_name("autre.csv").write_text("Nom;Quoi\nx;y\n")
    deliver(places(tmp_path), LOADED["hdf_2023_programme"], now=NOW)
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        (mistaken,) = [row for row in deliveries(ledger) if row["file_name"] == "autre.csv"]
    entry = Withdrawal(
        source=mistaken["source"], delivery_id=mistaken["delivery_id"], reason="Mauvais dossier.", author="obs", confirmed_on=NOW.date()
    )  # fmt: skip

    def state() -> str:
        with closing(duckdb.connect()) as con:
            hand_over(con, places(tmp_path), LOADED)
            return con.execute("select state from landing.delivery where file_name = 'autre.csv'").fetchall()[0][0]

    assert state() == "refused"
    monkeypatch.setattr("sources.explanations.load_withdrawals", lambda _: (entry,))
    assert state() == "superseded"
    monkeypatch.setattr("sources.landing.processing_hash_of", lambda *_: "another contract")
    read = deliver(places(tmp_path), LOADED["hdf_2023_programme"], now=NOW)
    assert [report.file_name for report in read] == [path.name], "it is not read again"


def test_only_withdrawals_of_rows_are_handed_over_for_history(tmp_path, monkeypatch):
    rows = Withdrawal(source="s", delivery_id="ab12", reason="Refait.", author="obs", confirmed_on=NOW.date())
    whole = rows.model_copy(update={"delivery_id": "cd34", "unread": True})
    monkeypatch.setattr("sources.handover.load_withdrawals", lambda: (rows, whole))
    with closing(duckdb.connect()) as con:
        hand_over(con, places(tmp_path), LOADED)
        assert con.execute("from landing.withdrawal").fetchall() == [("s", "ab12")]


def nights(home, files) -> list[list]:
    """(name, rows, day it was written) land on the 1st, 2nd… of June: the remarks of each night that say a version came too late."""
    contract = LOADED["hdf_2023_programme"]
    shape = contract.contract.files.model_copy(update={"series": r"_(\d{4})"})
    with_series = replace(contract, contract=contract.contract.model_copy(update={"files": shape}))
    said = []
    for night, (name, rows, day) in enumerate(files):
        written = datetime(2025, 5, day, 10, tzinfo=UTC).timestamp()
        os.utime(programme(home, rows, name=name), (written, written))
        reports = deliver(places(home), with_series, now=datetime(2025, 6, 1 + night, tzinfo=UTC))
        said.append([note.message for report in reports for note in report.notes if note.rule == OVERTAKEN])
    return said


def test_a_version_that_its_file_s_time_puts_before_the_one_there_says_that_it_does_not_count(tmp_path):
    files = [("prog_2023_v1.xlsx", ROWS, 8), ("prog_2023_v2.xlsx", ROWS[:1], 20), ("prog_2023_v3.xlsx", ROWS[1:], 9)]
    assert nights(tmp_path, files) == [
        [],
        [],
        [
            "« prog_2023_v3.xlsx » est plus ancien (09/05/2025) que « prog_2023_v2.xlsx » (20/05/2025) : il ne compte pas. "
            "Enregistrez-le de nouveau si c'est le bon."
        ],
    ]
    with open_ledger(places(tmp_path).ledger) as ledger:
        assert [row["file_name"] for row in overtaken(ledger)] == ["prog_2023_v3.xlsx"]


def test_it_is_said_until_a_newer_version_comes(tmp_path):
    files = [("prog_2023_v2.xlsx", ROWS, 20), ("prog_2023_v3.xlsx", ROWS[1:], 9), ("prog_2023_v4.xlsx", ROWS[:1], 21)]
    assert [len(said) for said in nights(tmp_path, files)] == [0, 1, 0]
    with open_ledger(places(tmp_path).ledger) as ledger:
        assert overtaken(ledger) == []


def test_files_written_the_same_day_are_told_apart_by_the_hour(tmp_path):
    ((), (sentence,)) = nights(tmp_path, [("prog_2023_v2.xlsx", ROWS, 20), ("prog_2023_v10.xlsx", ROWS[1:], 20)])
    assert "n'est pas plus récent (20/05/2025 à 12:00:00) que « prog_2023_v2.xlsx » (20/05/2025 à 12:00:00)" in sentence
