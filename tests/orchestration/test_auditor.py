"""The audit beside the night gives the verdict that the night would give by itself, or none."""

import sys
from pathlib import Path

import pytest

from expectations import audit
from expectations.suite import SUITES
from orchestration.auditor import Auditor
from orchestration.home import PROJECT

sys.path.append(str(Path(__file__).parents[1] / "expectations"))
import example


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
