"""Releases as readers meet them: whole, read-only, one at a time, whatever happens to the writer."""

import errno
import os
import re
import shutil
import threading
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import hand_made
import pytest

from publication import changelog, labels, portal, quality, releases, shelf, tables, warehouse, workbook
from publication.decision import Refused


class Crash(BaseException):
    """What no handler of the publisher catches."""


STEPS = (
    (labels, "read"),
    (tables, "csv_bytes"),
    (warehouse, "copy_rows"),
    (warehouse, "add_figures"),
    (changelog, "markdown"),
    (quality, "write"),
    (workbook, "write"),
    (portal, "write"),
    (shelf, "seal"),
    (shelf, "note"),
    (os, "rename"),
    (shelf, "sync_directory"),
    (shelf, "point"),
    (os, "replace"),
)


def crash(*_, **__):
    raise Crash


def after(function):
    def run(*arguments, **named):
        function(*arguments, **named)
        raise Crash

    return run


# what a crash just after one file leaves is what a crash just before the next leaves
CRASHES = [(*step, "before") for step in STEPS] + [(*step, "after") for step in STEPS[-6:]]


@pytest.mark.nights
@pytest.mark.parametrize(
    ("module", "name", "when"), CRASHES, ids=[f"{when} {m.__name__}.{n}" for m, n, when in CRASHES]
)
def test_a_crash_anywhere_leaves_a_whole_current_and_is_swept(started_desk, monkeypatch, module, name, when):
    step = (module, name)
    made = started_desk.candidate(ind_events=hand_made.events(35))
    with monkeypatch.context() as patch:
        patch.setattr(module, name, crash if when == "before" else after(getattr(module, name)))
        with pytest.raises(Crash):
            started_desk.publish(made)
    current = releases.current(started_desk.releases)
    assert releases.verify(current) == []
    pointer_moved = when == "after" and step in ((shelf, "point"), (os, "replace"))
    assert current.number == (2 if pointer_moved else 1)
    assert [r.number for r in releases.list_releases(started_desk.releases)] == ([1, 2] if pointer_moved else [1])

    again = started_desk.publish(made)
    assert again.changed is not pointer_moved
    assert releases.verify(again) == []
    assert started_desk.current == str(again.number)
    assert not list(started_desk.releases.glob(".tmp-*"))
    listed = [r.number for r in releases.list_releases(started_desk.releases)]
    assert listed == [1, again.number] == shelf.directories(started_desk.releases)


@pytest.mark.nights
def test_what_a_full_disk_or_an_interruption_stopped_takes_no_room(started_desk, monkeypatch):
    made = started_desk.candidate(ind_events=hand_made.events(35))
    for stop in (OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()):
        with monkeypatch.context() as patch, pytest.raises(type(stop)):
            patch.setattr(shelf, "seal", Mock(side_effect=stop))
            started_desk.publish(made)
        assert not list(started_desk.releases.glob(".tmp-*"))
    assert started_desk.publish(made).number == 2


@pytest.mark.nights
def test_a_crash_after_the_pointer_keeps_its_release_for_ever(started_desk, monkeypatch):
    """The journal missed a line; the release was current, so people saw it: it is not swept two nights later."""
    with monkeypatch.context() as patch:
        patch.setattr(shelf, "point", after(shelf.point))
        with pytest.raises(Crash):
            started_desk.night(ind_events=hand_made.events(35))
    started_desk.night(ind_events=hand_made.events(34))
    started_desk.night(ind_events=hand_made.events(33))
    assert [r.number for r in releases.list_releases(started_desk.releases)] == [1, 2, 3, 4]


def test_the_number_of_what_a_crash_left_is_not_used_again(started_desk, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(shelf, "point", crash)
        with pytest.raises(Crash):
            started_desk.night(ind_events=hand_made.events(35))
    assert started_desk.night(ind_events=hand_made.events(34)).number == 3


def test_a_lost_journal_sweeps_nothing(started_desk):
    started_desk.night(ind_events=hand_made.events(35))
    (started_desk.releases / "history.jsonl").unlink()
    assert started_desk.night(ind_events=hand_made.events(34)).number == 3
    assert [r.number for r in releases.list_releases(started_desk.releases)] == [1, 2, 3]


def test_a_journal_cut_in_the_middle_of_a_line_goes_on(started_desk):
    path = started_desk.releases / "history.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    started_desk.night(ind_events=hand_made.events(35))
    assert [r.number for r in releases.list_releases(started_desk.releases)] == [1, 2]
    assert shelf.history(started_desk.releases)[-1]["event"] == "published"


def test_everything_is_read_only(small_desk):
    release = small_desk.night()
    for folder, _, files in os.walk(release.path):
        assert Path(folder).stat().st_mode & 0o777 == 0o555
        for name in files:
            assert (Path(folder) / name).stat().st_mode & 0o777 == 0o444
    assert not list(release.path.rglob("*.wal"))


def test_a_second_release_leaves_the_first_untouched(small_desk):
    first = small_desk.night()
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in first.path.rglob("*") if p.is_file()}
    second = small_desk.night(ind_events=hand_made.events(35))
    assert second.number == 2 and small_desk.current == "2"
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in first.path.rglob("*") if p.is_file()} == before


def test_a_night_with_nothing_new_writes_nothing(started_desk):
    seen = {p: p.lstat().st_mtime_ns for p in started_desk.releases.rglob("*") if p.name != ".lock"}
    release = started_desk.night()
    assert release.changed is False and release.number == 1
    assert {p: p.lstat().st_mtime_ns for p in started_desk.releases.rglob("*") if p.name != ".lock"} == seen


def test_a_carried_dataset_refused_again_for_the_same_reason_is_nothing_new(started_desk):
    for changed in (True, False):
        made = started_desk.candidate(ind_events=hand_made.events(35))
        release = started_desk.publish(made, hand_made.failed(started_desk.verdict(made), "ind_events"))
        assert release.changed is changed and release.number == 2


def test_a_new_reserve_is_something_new(started_desk):
    made = started_desk.candidate()
    assert started_desk.publish(made, hand_made.failed(started_desk.verdict(made), "ind_events", "reserve")).number == 2


def test_a_row_set_aside_is_something_new(started_desk):
    assert started_desk.night(quarantined=2).number == 2


def test_rollback_moves_the_pointer_only_and_says_why(started_desk):
    started_desk.night(ind_events=hand_made.events(35))
    back = releases.rollback(started_desk.releases, 1, reason="Erreur de saisie en Somme", now=hand_made.NOW)
    assert started_desk.current == "1" and back.number == 1
    assert shelf.directories(started_desk.releases) == [1, 2]
    last = hand_made.journal(started_desk.releases)[-1]
    assert (last["event"], last["release"], last["previous"]) == ("rolled_back", 1, 2)
    assert last["reason"] == "Erreur de saisie en Somme"


@pytest.mark.nights
def test_of_many_releases_the_last_are_named_and_a_version_still_comes_after_all(started_desk, monkeypatch):
    monkeypatch.setattr("publication.files.MOST_EARLIER", 2)
    for total in (35, 34, 33):
        started_desk.night(ind_events=hand_made.events(total))
    releases.rollback(started_desk.releases, 1, reason="Erreur", now=hand_made.NOW)
    new = started_desk.night(ind_events=hand_made.events(32))
    listed = (new.public / "CHANGELOG.md").read_text().splitlines()
    assert [line.split(" | ")[0] for line in listed if re.match(r"\| \d", line)] == ["| 4", "| 3"]
    assert new.version == "1.0.4"


@pytest.mark.nights
def test_a_night_with_nothing_new_does_not_undo_a_rollback(started_desk):
    started_desk.night(ind_events=hand_made.events(35))
    releases.rollback(started_desk.releases, 1, reason="Erreur", now=hand_made.NOW)
    same = started_desk.night(ind_events=hand_made.events(35))
    assert same.changed is False and same.number == 1 and started_desk.current == "1"
    assert started_desk.night().changed is False
    new = started_desk.night(ind_events=hand_made.events(34))
    assert new.changed and new.number == 3 and new.previous == 1 and started_desk.current == "3"
    assert not list(started_desk.releases.glob(".tmp-*"))


@pytest.mark.nights
def test_after_a_new_release_the_old_rollback_is_over(started_desk):
    started_desk.night(ind_events=hand_made.events(35))
    releases.rollback(started_desk.releases, 1, reason="Erreur", now=hand_made.NOW)
    started_desk.night(ind_events=hand_made.events(34))
    assert started_desk.night(ind_events=hand_made.events(35)).number == 4


@pytest.mark.parametrize("reason", ["", "  "])
def test_rollback_needs_a_reason(started_desk, reason):
    with pytest.raises(Refused, match="raison"):
        releases.rollback(started_desk.releases, 1, reason=reason, now=hand_made.NOW)


def test_rollback_to_what_does_not_exist_or_is_damaged(small_desk):
    first = small_desk.night()
    small_desk.night(ind_events=hand_made.events(35))
    with pytest.raises(releases.NoRelease, match="n’existe pas"):
        releases.rollback(small_desk.releases, 7, reason="x", now=hand_made.NOW)
    path = first.public / "QUALITE.json"
    path.chmod(0o644)
    path.write_text("{}")
    with pytest.raises(Refused, match="endommagée"):
        releases.rollback(small_desk.releases, 1, reason="x", now=hand_made.NOW)
    assert small_desk.current == "2"


@pytest.mark.parametrize("left", ["", "{}", "null", "[]", '{"datasets": {"ind_events": null}}', '{"datasets": {}}'])
def test_a_description_that_is_none_is_said_with_its_name(tmp_path, left):
    release = tmp_path / "3"
    release.mkdir()
    (release / "release.json").write_text(left)
    with pytest.raises(shelf.Damaged, match=r"La version 3 est abîmée \(.*release\.json\)"):
        shelf.read_release(release)


@pytest.mark.nights
def test_a_shelf_that_somebody_disarranged_says_what_to_do_and_is_whole_again_then(small_desk):
    small_desk.night()
    shelf.remove(small_desk.night(ind_events=hand_made.events(35)).path)
    with pytest.raises(shelf.Damaged, match=r"La version 2 n’est plus là .* rollback"):
        small_desk.night(ind_events=hand_made.events(34))
    assert releases.rollback(small_desk.releases, 1, reason="perdue", now=hand_made.NOW).number == 1
    link = small_desk.releases / "current"
    link.unlink()
    link.mkdir()
    with pytest.raises(shelf.Damaged, match=r"current n’est plus un lien"):
        small_desk.night(ind_events=hand_made.events(34))
    link.rmdir()
    assert small_desk.night(ind_events=hand_made.events(34)).number == 3 and small_desk.current == "3"


@pytest.mark.nights
def test_a_reader_that_pins_never_sees_two_versions(small_desk):
    """Nine releases while readers read: every file a pinned reader opens tells the same number of events."""
    totals = [(36, 35, 34, 33)[n % 4] for n in range(9)]
    made = [small_desk.candidate(ind_events=hand_made.events(total)) for total in totals]
    verdicts = [small_desk.verdict(candidate) for candidate in made]
    small_desk.publish(made[0], verdicts[0])
    stop, mixtures, reads = threading.Event(), [], []

    def reader():
        while not stop.is_set():
            with releases.pin(small_desk.releases) as release:
                told = {str(totals[release.number - 1])}
                text = (release.public / "data" / "ind_events.csv").read_text()
                told.add(next(line for line in text.splitlines() if ",EV01," in line).split(",")[6])
                table = tables.read_parquet((release.public / "data" / "ind_events.parquet").read_bytes())
                told |= {tables.csv_cell(r["value"]) for r in table.to_pylist() if r["indicator"] == "EV01"}
                loaded = warehouse.read(release.warehouse, "ind_events").to_pylist()
                told |= {tables.csv_cell(r["value"]) for r in loaded if r["indicator"] == "EV01"}
                reads.append(release.number)
                if len(told) != 1:
                    mixtures.append(told)
            stop.wait(0.2)

    threads = [threading.Thread(target=reader) for _ in range(2)]
    for thread in threads:
        thread.start()
    for candidate, verdict in zip(made[1:], verdicts[1:], strict=True):
        small_desk.publish(candidate, verdict)
    stop.set()
    for thread in threads:
        thread.join()
    assert small_desk.current == "9" and mixtures == []
    assert len(set(reads)) > 3


def test_pin_without_a_release(small_desk):
    with pytest.raises(releases.NoRelease), releases.pin(small_desk.releases):
        pass


def test_times_are_those_of_the_night_not_of_the_clock(small_desk):
    release = small_desk.night()
    assert release.made_at == (hand_made.NOW + timedelta(days=1)).isoformat()
    assert release.data_until == "2024-02-05"


# --- withdrawal ----------------------------------------------------------------------------------------------------------


def test_a_release_is_withdrawn_for_good_and_the_next_ones_say_so(started_desk):
    for total in (35, 34):
        started_desk.night(ind_events=hand_made.events(total))
    releases.rollback(started_desk.releases, 2, reason="contesté", now=hand_made.NOW)
    last = releases.show(started_desk.releases, 3)
    [gone] = releases.withdraw(started_desk.releases, [3], reason="Un nom | y était", now=hand_made.NOW)
    assert gone.number == 3 and shelf.directories(started_desk.releases) == [1, 2] and started_desk.current == "2"
    with pytest.raises(
        releases.NoRelease, match=r"La version 3 a été retirée le 1er\sdécembre\s2023 : Un nom | y était"
    ):
        releases.show(started_desk.releases, 3)
    new = started_desk.night(ind_events=hand_made.events(33))
    assert new.number == 4 and new.version != last.version, "neither number is given again"
    told = (new.public / "CHANGELOG.md").read_text()
    assert "Un nom \\| y était" in told and "retirée le" in told
    assert [release.number for release in releases.list_releases(started_desk.releases)] == [1, 2, 4]


def test_what_was_gone_back_from_and_withdrawn_is_not_published_again(started_desk):
    started_desk.night(ind_events=hand_made.events(35))
    releases.rollback(started_desk.releases, 1, reason="faux", now=hand_made.NOW)
    releases.withdraw(started_desk.releases, [2], reason="faux", now=hand_made.NOW)
    assert not started_desk.night(ind_events=hand_made.events(35)).changed and started_desk.current == "1"
    assert started_desk.night(ind_events=hand_made.events(34)).number == 3


def test_what_a_withdrawn_release_left_or_a_backup_brings_back_is_swept(started_desk, tmp_path):
    started_desk.night(ind_events=hand_made.events(35))
    shutil.copytree(started_desk.releases / "1", tmp_path / "backup")
    releases.withdraw(started_desk.releases, [1], reason="x", now=hand_made.NOW)
    shutil.copytree(tmp_path / "backup", started_desk.releases / "1")
    assert [release.number for release in releases.list_releases(started_desk.releases)] == [2]
    started_desk.night(ind_events=hand_made.events(34))
    assert shelf.directories(started_desk.releases) == [2, 3]
    assert [e["event"] for e in hand_made.journal(started_desk.releases)].count("discarded") == 0


@pytest.mark.nights
def test_what_is_shown_or_needed_is_not_withdrawn(started_desk):
    started_desk.night(ind_events=hand_made.events(35))
    made = started_desk.candidate(ind_events=hand_made.events(34))
    started_desk.publish(made, hand_made.failed(started_desk.verdict(made), "ind_events"))  # 3 carries the table of 2
    for numbers, said in (
        ([3], "celle en place"),
        ([1, 2], r"La version 3 montre « Événements » tel que l’a fait la version 2.*publié de nouveau"),
    ):
        with pytest.raises(Refused, match=said):
            releases.withdraw(started_desk.releases, numbers, reason="x", now=hand_made.NOW)
    started_desk.night(ind_events=hand_made.events(33))
    with pytest.raises(Refused, match=r"La version 3 montre .* Retirez-les ensemble"):
        releases.withdraw(started_desk.releases, [2], reason="x", now=hand_made.NOW)
    with pytest.raises(Refused, match="raison"):
        releases.withdraw(started_desk.releases, [2, 3], reason=" ", now=hand_made.NOW)
    with pytest.raises(releases.NoRelease):
        releases.withdraw(started_desk.releases, [2, 3, 9], reason="x", now=hand_made.NOW)
    assert shelf.directories(started_desk.releases) == [1, 2, 3, 4]
    assert len(releases.withdraw(started_desk.releases, [2, 3], reason="x", now=hand_made.NOW)) == 2
    assert shelf.directories(started_desk.releases) == [1, 4]
