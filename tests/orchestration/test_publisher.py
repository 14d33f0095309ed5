"""What is made ready for a publication in a thread: it is there when asked for, and nothing depends on it."""

from contextlib import closing

from orchestration.publisher import Publisher
from publication import disclosure, secrecy


def test_what_was_foreseen_is_given_once(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    publisher = Publisher()
    publisher.foresee(tmp_path, tmp_path)
    foreseen = publisher.foreseen()
    assert foreseen is not None and foreseen.tables == {}
    assert publisher.foreseen() is None


def test_nothing_is_foreseen_on_a_single_core(tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    publisher = Publisher()
    publisher.foresee(tmp_path, tmp_path)
    assert publisher.foreseen() is None


def test_what_fails_is_left_to_whoever_publishes(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("the disk")

    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(secrecy, "foresee", fail)
    publisher = Publisher()
    publisher.foresee(tmp_path, tmp_path)
    assert publisher.foreseen() is None


def test_rules_that_cannot_be_read_are_left_to_whoever_publishes(monkeypatch):
    def unread():
        raise disclosure.PolicyError("vocabulary.yml, ligne 3")

    monkeypatch.setattr(disclosure, "read", unread)
    publisher = Publisher()
    with closing(publisher.renderer):
        assert publisher.foreseen() is None
