"""What takes the time of a hundred small tests is made once: the first night on the samples, shared by every worker of a run, and
the warehouse of `dbt_project/`, whose tests one worker runs."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest
from command_line import observatoire

MADE_TOGETHER = "tests/dbt_project/"
"""The tests of this folder read one warehouse, which the worker that runs them builds."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """`--dist loadfile`, where a folder that is made together counts as one file."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByFileOrFolder(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return MADE_TOGETHER if nodeid.startswith(MADE_TOGETHER) else super()._split_scope(nodeid)

    return ByFileOrFolder(config, log)


@pytest.fixture(scope="session")
def first_night(tmp_path_factory) -> Path:
    """A home after `observatoire demo`, for all workers: read it; what changes it belongs in `own_home`."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    home, said = shared / "first night" / "var", shared / "first night" / "said"
    home.parent.mkdir(exist_ok=True)
    with (home.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            done = observatoire(home, "demo")
            said.write_text(f"{done.returncode}\n{done.stdout}{done.stderr}", encoding="utf-8")
    assert said.read_text(encoding="utf-8").startswith("0\n"), said.read_text(encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def own_home(first_night, tmp_path_factory) -> Path:
    """A copy of that home, to be changed by the tests of one file."""
    home = tmp_path_factory.mktemp("own") / "var"
    shutil.copytree(first_night, home, symlinks=True)
    return home
