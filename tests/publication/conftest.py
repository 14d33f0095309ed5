"""A shelf, a set of suites, and a desk that makes candidates and publishes them."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from hand_made import Desk

from publication import portal, workbook


@pytest.fixture(scope="session")
def stock(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("stock")


@pytest.fixture
def desk(tmp_path, stock):
    return Desk(tmp_path, stock)


SMALL = ("ind_events", "ind_quality")


@pytest.fixture
def light(monkeypatch):
    """A workbook and a portal of a few bytes, for what is said of any release whatever its files hold."""
    monkeypatch.setattr(workbook, "write", lambda path, *_, **__: path.write_bytes(b"PK"))
    monkeypatch.setattr(portal, "Portal", lambda public, *_: SimpleNamespace(public=public, lines={}))
    monkeypatch.setattr(portal, "write", lambda pages: (pages.public / "index.html").write_text("<!doctype html>"))


@pytest.fixture
def small_desk(tmp_path, stock, light):
    return Desk(tmp_path, stock, SMALL)


@pytest.fixture
def started_desk(tmp_path, stock, light):
    """A small desk whose first release is there already, copied from one made once."""
    made = stock / "started"
    if not made.exists():
        Desk(made, stock, SMALL).night()
    shutil.copytree(made / "releases", tmp_path / "releases", symlinks=True)
    desk = Desk(tmp_path, stock, SMALL)
    desk.nights = 1
    return desk
