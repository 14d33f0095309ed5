"""Canaries planted in the deliveries of a night are nowhere in what the night writes: files, logs, Dagster's storage, releases."""

import os
import time
from pathlib import Path

import pytest
from command_line import ROOT
from test_end_to_end import copy_of_the_project, in_copy

from tests.identity.scanner import find

pytestmark = pytest.mark.nights

FILES = ROOT / "tests" / "sources" / "platforms" / "files"
CANARIES = (
    "Canarinette",
    "canarinette@exemple.test",
    "0612345699",
    "DURAND-LEROY",
    "maelle.durand-leroy@example.org",
    "Maëlle",
)


def contract(project: Path, template: str, source: str, **changes: str) -> None:
    text = (project / "sources" / "templates" / f"{template}.yml").read_text(encoding="utf-8")
    changes = {
        f"source: {template}": f"source: {source}",
        "EVENEMENT-A-PRECISER": "HDF23-A01",
        "PROGRAMME-A-PRECISER": "HDF-CONF-2023",
    } | changes
    for before, after in changes.items():
        text = text.replace(before, after)
    (project / "sources" / "contracts" / f"{source}.yml").write_text(text, encoding="utf-8")


def put(home: Path, source: str, name: str, content: bytes) -> None:
    path = home / "inbox" / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - 60, time.time() - 60))


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """One night on ticket sales where people typed names and addresses in every wrong place."""
    place = tmp_path_factory.mktemp("privacy")
    project, home = copy_of_the_project(place / "project"), place / "var"
    contract(project, "helloasso", "billets")
    (export,) = (FILES / "helloasso").glob("export_billetterie_2025_bom*.csv")
    lines = export.read_bytes().decode("utf-8-sig").splitlines()
    price, status = lines[0].split(";").index("Montant tarif"), lines[0].split(";").index("Statut de la commande")
    spoiled = []
    for column, typed in ((price, "Jeanne Canarinette"), (price, "canarinette@exemple.test"), (status, "0612345699")):
        cells = lines[1].split(";")
        cells[0], cells[column] = f"9{len(spoiled)}", typed
        spoiled.append(";".join(cells))
    put(home, "billets", "ventes.csv", "\r\n".join([*lines, *spoiled, ""]).encode())
    put(home, "billets", "mauvais.csv", b"Nom;Courriel\r\nCanarinette;canarinette@exemple.test\r\n")
    return home, in_copy(project, home, "demo")


def test_the_night_went_well_and_read_the_people(night):
    home, done = night
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert "« billets »" in done.stdout
    assert list((home / "landing" / "registration").glob("billets__*.parquet"))
    assert list((home / "vault" / "identities").iterdir()), "identities were kept, where they belong"
    assert list((home / "landing" / "quarantine").glob("billets__*.parquet")), "a name in a price is refused"


def test_no_identity_is_in_what_the_night_wrote_or_said(night):
    home, done = night
    assert not [canary for canary in CANARIES if canary.lower() in (done.stdout + done.stderr).lower()]
    written = [path for path in home.iterdir() if path.name != "inbox"]
    assert {"dagster", "logs", "releases", "landing", "ledger.sqlite", "warehouse", "vault", "originals"} <= {
        path.name for path in written
    }
    # what the audit found (Great Expectations' results as they are kept), the pages, their index and the origin of figures
    looked_at = {"warehouse/*.verdict.json", "releases/*/public/QUALITE.json", "releases/*/public/*.html"}
    looked_at |= {"releases/*/public/assets/index.js", "releases/*/public/origine/*.js", "dagster/**/*.db"}
    assert not [pattern for pattern in looked_at if not list(home.glob(pattern))]
    assert not find(home, CANARIES, leave_out=["inbox/*/*"])


def test_what_is_said_of_a_refused_cell_does_not_repeat_it(night):
    import duckdb

    home, _ = night
    rows = duckdb.sql(f"select message, value from '{home}/landing/quarantine/billets__*.parquet'").fetchall()
    assert len(rows) >= 2 and all("masquée" in message for message, _ in rows)
    assert all(value and "canari" not in value.lower() for _, value in rows)
