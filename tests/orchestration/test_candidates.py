from datetime import datetime, timedelta

import pytest

from orchestration import candidates as module
from orchestration.candidates import AUDITED, BUILT, PUBLISHED, SEALED, latest, new_candidate, prune, write_json


def made(warehouse, state=None):
    candidate = new_candidate(warehouse, "0123456789abcdef")
    candidate.database.write_bytes(b"rows")
    if state:
        candidate.mark(state)
    return candidate


def test_a_name_is_never_given_twice(tmp_path):
    assert len({made(tmp_path).name for _ in range(20)}) == 20


def test_the_last_one_made_is_the_last_one_also_when_the_clock_was_put_back(tmp_path, monkeypatch):
    before = made(tmp_path, PUBLISHED)

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - timedelta(days=1)

    monkeypatch.setattr(module, "datetime", Yesterday)
    after = made(tmp_path, PUBLISHED)
    assert latest(tmp_path, SEALED) == after and prune(tmp_path) == [before.name]


def test_only_the_last_good_one_and_the_one_in_progress_are_kept(tmp_path):
    old, good, crashed, audited, mine = (made(tmp_path, s) for s in (PUBLISHED, PUBLISHED, None, AUDITED, None))
    assert prune(tmp_path, keep=mine) == [old.name, crashed.name, audited.name]
    assert {path.name for path in tmp_path.iterdir()} == {
        good.name, f"{good.name}.json", mine.name, f"{mine.name}.json",
    }  # fmt: skip


def test_a_read_only_candidate_can_be_thrown_away(tmp_path):
    candidate = made(tmp_path, SEALED)
    candidate.verdict_file.write_text("{}")
    candidate.database.chmod(0o444)
    candidate.directory.chmod(0o555)
    candidate.throw_away()
    assert list(tmp_path.iterdir()) == []


def test_doing_a_step_again_does_not_unpublish(tmp_path):
    candidate = made(tmp_path, PUBLISHED)
    candidate.mark(SEALED, hash="new")
    assert candidate.state == PUBLISHED and candidate.record["hash"] == "new"


def test_the_newest_that_got_far_enough(tmp_path):
    sealed, built = made(tmp_path, SEALED), made(tmp_path, BUILT)
    assert latest(tmp_path, SEALED) == sealed
    assert latest(tmp_path, BUILT) == built
    assert latest(tmp_path, PUBLISHED) is None
    built.record_file.write_text('{"state": "bu')  # cut by a crash: it never got anywhere
    assert latest(tmp_path, BUILT) == sealed


def test_a_record_that_cannot_be_written_leaves_nothing_beside(tmp_path):
    path = tmp_path / "night.json"
    write_json(path, {"a": 1})
    path.unlink()
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_json(path, {"a": 2})
    assert list(tmp_path.iterdir()) == [path]
