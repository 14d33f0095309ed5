"""A shelf, a set of suites, and a desk that makes candidates and publishes them."""

import shutil
from datetime import timedelta
from pathlib import Path

import hand_made
import pytest

from publication import Release, publish, workbook


class Desk:
    """What a night holds in its hands: releases, suites, and candidates numbered as they are made."""

    def __init__(self, home: Path, stock: Path, datasets: tuple[str, ...] = hand_made.DATASETS):
        self.releases = home / "releases"
        self.suites = hand_made.suites(home / "suites", datasets)
        self.home, self.stock = home, stock
        self.left_out = set(hand_made.DATASETS) - set(datasets)
        self.nights = 0

    def candidate(self, *, without=(), **what) -> Path:
        """A candidate of its own directory, copied from one made before when there is one with the same content."""
        what["without"] = sorted(self.left_out | set(without))
        made = self.stock / str(abs(hash(repr(sorted(what.items())))))
        if not made.exists():
            hand_made.candidate(made, **what)
        self.nights += 1
        return Path(shutil.copytree(made, self.home / "warehouse" / str(self.nights)))

    def verdict(self, candidate: Path):
        return hand_made.verdict(candidate, self.suites)

    def publish(self, candidate: Path, verdict=None) -> Release:
        now = hand_made.NOW + timedelta(days=self.nights)
        return publish(candidate, verdict or self.verdict(candidate), self.releases, now=now, suites=self.suites)

    def night(self, **what) -> Release:
        return self.publish(self.candidate(**what))

    @property
    def current(self) -> str:
        return (self.releases / "current").readlink().name


@pytest.fixture(scope="session")
def stock(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("stock")


@pytest.fixture
def desk(tmp_path, stock):
    return Desk(tmp_path, stock)


@pytest.fixture
def small_desk(tmp_path, stock, monkeypatch):
    """For what is said of any release whatever it holds: two datasets, and a workbook of a few bytes."""
    monkeypatch.setattr(workbook, "write", lambda path, *_, **__: path.write_bytes(b"PK"))
    return Desk(tmp_path, stock, ("ind_events", "ind_quality"))
