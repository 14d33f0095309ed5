"""What takes the time of a hundred small tests is made once: the first night on the samples, shared by every worker of a run, and
the warehouse of `dbt_project/`, whose tests one worker runs."""

import fcntl
import functools
import gc
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import observatoire
from hypothesis import settings

# how long an example takes says how busy the machine is; the same examples each time, so that a change is not refused for another's luck
settings.register_profile("same", deadline=None, derandomize=True)
# `pytest --hypothesis-profile=others`: many more, never the same
settings.register_profile("others", deadline=None, max_examples=2_000)
settings.load_profile("same")

MADE_TOGETHER = "tests/dbt_project/"
"""The tests of this folder read one warehouse, which the worker that runs them builds."""
LONGEST = (
    "tests/test_erasure_everywhere.py", "tests/test_lives.py", "tests/test_docs.py", MADE_TOGETHER, "tests/expectations/test_twins.py",
    "tests/identity/test_matching_cases.py", "tests/publication/test_publication_shelf.py", "tests/orchestration/test_beside.py",
    "tests/expectations/test_audit.py", "tests/sources/clients/test_clients_platforms.py", "tests/test_end_to_end.py",
    "tests/test_equivalence.py", "tests/test_privacy.py", "tests/publication/test_publication_gate.py",
    "tests/sources/test_drafts.py", "tests/identity/test_matching_nights.py", "tests/publication/test_disclosure_large.py",
    "tests/orchestration/test_warehouse.py", "tests/orchestration/test_historian.py",
    "tests/sources/platforms/test_registration_templates.py",
)  # fmt: skip
"""Begun first, so that no worker is left with one of them while the other has nothing more to do. The two that read the first night
do not stand side by side: one of them would wait for the other to make it."""


def scope(nodeid: str) -> str:
    """What one worker runs whole: a file, or a folder that is made together."""
    return MADE_TOGETHER if nodeid.startswith(MADE_TOGETHER) else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """`--dist loadfile`, by `scope`, the longest first instead of those with most tests."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByFileOrFolder(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    config.option.loadscopereorder = False
    return ByFileOrFolder(config, log)


def pytest_collection_modifyitems(items):
    if "PYTEST_XDIST_WORKER" in os.environ:
        rank = {name: number for number, name in enumerate(LONGEST)}
        items.sort(key=lambda item: rank.get(scope(item.nodeid), len(rank)))


def pytest_collection_finish():
    """Thousands of tests and what they import stay to the end: the garbage collector need not look at them again after each."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_unconfigure():
    """A library that counts what is left of it at the end (nanobind) is to find nothing."""
    gc.unfreeze()


class Unhurried(sqlite3.Connection):
    """Lets the system write when it likes, whatever is asked."""

    def execute(self, sql, *values):
        return super().execute("pragma synchronous = off" if sql.startswith("pragma synchronous") else sql, *values)


@pytest.fixture(scope="session", autouse=True)
def written_and_not_waited_for():
    """What would be left after a power failure is asked where it is promised (`test_clients_crawl.py`): elsewhere no test waits for
    the disk, of which a landing asks forty times. Nor for a file of the inbox to be believed complete (`test_inbox.py`)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda fd: None)
        patch.setattr("sources.inbox.STILL_WRITTEN_WITHIN_S", 0.0)
        patch.setattr(sqlite3, "connect", functools.partial(sqlite3.connect, factory=Unhurried))
        yield


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """`once(name, make)`: a folder that `make` filled, once for all workers of a run; who asks meanwhile waits."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared

    def made(name: str, make: Callable[[Path], object]) -> Path:
        place, done = shared / name, shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(place, ignore_errors=True)  # what a failure left
                place.mkdir()
                make(place)
                done.touch()
        return place

    return made


@pytest.fixture(scope="session")
def first_night(once) -> Path:
    """A home after `observatoire demo`, for all workers: read it; what changes it belongs in `own_home`."""

    def demo(place: Path) -> None:
        done = observatoire(place / "var", "demo")
        (place / "said").write_text(f"{done.returncode}\n{done.stdout}{done.stderr}", encoding="utf-8")

    place = once("first night", demo)
    said = (place / "said").read_text(encoding="utf-8")
    assert said.startswith("0\n"), said
    return place / "var"


@pytest.fixture(scope="module")
def own_home(first_night, tmp_path_factory) -> Path:
    """A copy of that home, to be changed by the tests of one file."""
    home = tmp_path_factory.mktemp("own") / "var"
    shutil.copytree(first_night, home, symlinks=True)
    return home
