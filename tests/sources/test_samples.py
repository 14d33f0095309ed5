"""Contracts and samples go in pairs: each shipped contract reads its sample whole, and no sample is without a contract.

The invented year (`mess_*`) holds mistakes on purpose: `tests/benchmarks/test_sample_year.py` says how many of each.
"""

import shutil

import pytest
from deliveries import CONTRACTS, land, settle

from sources.contract import CONTRACTS as FOLDER

SAMPLES = FOLDER.with_name("samples")


def test_each_sample_has_its_contract_and_each_contract_its_sample():
    assert sorted(path.name for path in SAMPLES.iterdir() if path.is_dir()) == sorted(CONTRACTS)


@pytest.mark.parametrize("source", sorted(source for source in CONTRACTS if not source.startswith("mess_")))
def test_a_sample_lands_whole(tmp_path, source):
    inbox = tmp_path / "inbox" / source
    shutil.copytree(SAMPLES / source, inbox)
    files = [settle(path) for path in inbox.iterdir()]
    reports = land(tmp_path, source)
    assert len(reports) == len(files)
    for report in reports:
        assert report.outcome == "accepted", report.message
        assert report.rows_accepted == report.rows_read > 0
        assert not report.notes, [note.message for note in report.notes]
