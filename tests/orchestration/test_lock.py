import fcntl
import os
import subprocess
import sys
import threading

import pytest

from orchestration.lock import AnotherNight, is_night_under_way, only_one_night

HOLD = """
import sys, time
from pathlib import Path
from orchestration.lock import only_one_night
with only_one_night(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_process_is_told_who_holds_it(tmp_path, holder):
    assert is_night_under_way(tmp_path / "lock")
    with pytest.raises(AnotherNight, match=f"processus {holder.pid}"), only_one_night(tmp_path / "lock"):
        pass


def test_the_lock_of_a_dead_process_is_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert not is_night_under_way(tmp_path / "lock")
    with only_one_night(tmp_path / "lock"):
        assert is_night_under_way(tmp_path / "lock")


def test_one_process_holds_it_once_and_frees_it_at_the_end(tmp_path):
    path = tmp_path / "deep" / "lock"
    with only_one_night(path):
        with pytest.raises(AnotherNight, match=f"processus {os.getpid()}"), only_one_night(path):
            pass
        assert is_night_under_way(path)
    assert not is_night_under_way(path)
    assert path.read_text() == ""


def test_it_is_free_again_after_a_failure(tmp_path):
    with pytest.raises(RuntimeError), only_one_night(tmp_path / "lock"):
        raise RuntimeError
    assert not is_night_under_way(tmp_path / "lock")


def test_who_only_looks_refuses_no_night(tmp_path):
    """The look of another process falls on the instant at which a night begins."""
    (tmp_path / "lock").touch()
    with (tmp_path / "lock").open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.03, fcntl.flock, (looking, fcntl.LOCK_UN)).start()
        with only_one_night(tmp_path / "lock"):
            assert is_night_under_way(tmp_path / "lock")
