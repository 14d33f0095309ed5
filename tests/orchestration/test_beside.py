"""Processes beside the night: the auditor gives the verdict that the night would give by itself, or none; the builder builds what
dbt would here, or says why not."""

import sys
from pathlib import Path

import pytest

from expectations import audit
from expectations.suite import SUITES
from orchestration import rooms, warehouse
from orchestration.auditor import Auditor
from orchestration.builder import Builder
from orchestration.candidates import new_candidate
from orchestration.home import PROJECT, Home, Settings
from orchestration.warehouse import WarehouseError

sys.path.append(str(Path(__file__).parents[1] / "expectations"))
import example

pytestmark = pytest.mark.nights


@pytest.fixture
def auditor(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    beside = Auditor(PROJECT)
    yield beside
    beside.stop()


def test_the_same_verdict_as_in_this_process(auditor, tmp_path):
    example.build(tmp_path / "candidate")
    auditor.start()
    beside = auditor.audit(tmp_path / "candidate", SUITES)
    here = audit(tmp_path / "candidate")
    assert beside.outcomes == here.outcomes
    assert (beside.candidate_hash, beside.suites_hash) == (here.candidate_hash, here.suites_hash)
    assert auditor.audit(tmp_path / "candidate", SUITES) is None, "one question per process"


def test_a_process_that_died_gives_no_verdict(auditor, tmp_path):
    auditor.start()
    auditor._process.kill()
    assert auditor.audit(tmp_path, SUITES) is None


def test_nothing_is_started_on_a_single_core_and_a_process_nobody_asked_ends(auditor, monkeypatch):
    auditor.start()
    process = auditor._process
    auditor.stop()
    assert process.returncode is not None
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    auditor.start()
    assert auditor._process is None


@pytest.fixture
def builder(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setenv("OBSERVATOIRE_HOME", str(tmp_path))
    home = Home(tmp_path).ensure()
    warehouse.load_manifest(home)
    beside = Builder(home)
    beside.start()
    yield home, beside
    beside.stop()


def test_the_builder_builds_and_tells_how_far_it_got(builder):
    home, beside = builder
    candidate = new_candidate(home.warehouse, "run")
    rooms.hand_over(home, candidate, rooms.contracts(home))
    moves = []
    built = beside.build(Settings(), candidate, lambda done, total: moves.append((done, total)))
    assert built.rows["dim_territory"] > 30_000 and built.rows["ind_events"] == 0, "nothing was delivered"
    assert moves and moves[-1][0] == moves[-1][1]


def test_what_dbt_says_of_a_failure_comes_back_as_such(builder):
    home, beside = builder
    candidate = new_candidate(home.warehouse, "run")
    with pytest.raises(WarehouseError) as caught:
        beside.build(Settings(), candidate, lambda done, total: None)
    assert "n'a pas pu être construit" in str(caught.value), "there is no landing schema: models fail, and are named"


def test_a_builder_that_never_began_leaves_the_work_to_the_night(builder):
    home, beside = builder
    beside.stop()
    assert beside.build(Settings(), new_candidate(home.warehouse, "run"), lambda done, total: None) is None
