"""Small deliveries written by the tests as organisers would write them, good or spoiled."""

from __future__ import annotations

import itertools
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import openpyxl

from sources.contract import LoadedContract, load_contract, load_contracts
from sources.landing import Places, deliver
from sources.ledger import DeliveryReport

CONTRACTS = load_contracts()
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)

HEADER = [
    "N°",
    "Structure organisatrice",
    "Intitulé de l’atelier",
    "Transition(s) abordée(s)",
    "Dépt",
    "Lieu",
    "Date",
    "Participants",
]
ROWS = [
    [1, "COLLECTIF PHARE", "Coconstruire", "TRANSITION ÉCONOMIQUE", 59, "WALLERS", "6 avril", 65],
    [2, "HAUTS LES COOP !", "Rencontre", "TRANSITION ÉCONOMIQUE", 59, "DUNKERQUE", "14 avril", 150],
]


def places(home: Path) -> Places:
    return Places(
        home / "inbox", home / "originals", home / "landing", home / "ledger.sqlite", home / "vault", home / "crawls"
    )


def settle(path: Path) -> Path:
    """Make the file old enough to be believed complete."""
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path


def programme(
    home: Path, rows=ROWS, header=HEADER, *, name="recap.xlsx", above=("Titre", None), sheet="Ateliers 2023"
) -> Path:
    """A programme workbook like the shipped sample: title rows, header, a month row, data."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for title in above:
        book.active.append([title])
    book.active.append(header)
    book.active.append(["AVRIL 2023"])
    for row in rows:
        book.active.append(row)
    path = home / "inbox" / "hdf_2023_programme" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return settle(path)


def raw(home: Path, source: str, name: str, content: bytes) -> Path:
    path = home / "inbox" / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return settle(path)


def contract(home: Path, text: str, source: str = "essai") -> LoadedContract:
    """A contract of this text, in a file of its source's name."""
    path = home / f"{source}.yml"
    path.write_text(text, encoding="utf-8")
    return load_contract(path)


def landed(home: Path, text: str, content: str | bytes, columns: str, name: str = "a.csv") -> list[tuple]:
    """Some columns of the rows of one file that the contract `text`, of source `essai`, accepts, in the order of the file."""
    loaded = contract(home, text)
    raw(home, "essai", name, content if isinstance(content, bytes) else content.encode())
    (report,) = deliver(places(home), loaded, now=NOW)
    assert report.outcome == "accepted", report.message
    file = f"{home}/landing/{loaded.contract.entity}/essai__{report.delivery_id}.parquet"
    return duckdb.sql(f"select {columns} from '{file}' order by row_number").fetchall()


_NIGHTS = itertools.count()


def land(home: Path, source: str = "hdf_2023_programme") -> list[DeliveryReport]:
    """One night later each time."""
    return deliver(places(home), CONTRACTS[source], now=NOW + timedelta(days=next(_NIGHTS)))
