"""Workbooks that come back: something new, taken before anything is landed, said in the status, never in the way of a night."""

from dataclasses import replace

import dagster as dg
import openpyxl
import pytest
from small_project import an_hour_old, whole_night
from typer.testing import CliRunner

from orchestration import command, history, rooms, watch
from orchestration.console import Lines
from orchestration.home import Home, Settings
from orchestration.novelty import is_anything_new, last_night, leave_for_next_night
from orchestration.progress import listening
from orchestration.status import print_status


def send_back(observatory, typed: str | None) -> None:
    """A workbook comes back with one line, which speaks of no cell that is set aside."""
    book = openpyxl.Workbook()
    book.active.append(["Cellule", "Valeur corrigée", "Auteur", "Date", "clé"])
    book.active.append(
        ["G7", typed, "Zélie Exemple", "2026-11-23", '["evenements_ess", "0000000000000000", 7, "date", "x"]']
    )
    hidden = book.create_sheet("observatoire-retour")
    for fact in (("kind", "corrections"), ("release", "1"), ("made_on", "2026-11-22")):
        hidden.append(fact)
    path = observatory.home.inbox / "retours" / "rempli.xlsx"
    path.parent.mkdir()
    book.save(path)
    an_hour_old(path)


@pytest.fixture
def sent_back(observatory):
    """After a good night, a workbook comes back with its line filled in."""
    an_hour_old(observatory.deliver_sample())
    observatory.night()
    send_back(observatory, "21 avril")
    return observatory


@pytest.fixture
def run(monkeypatch):
    """`observatoire run`, its nights without Dagster: exit code and words."""

    def run(observatory):
        monkeypatch.setattr(Home, "from_environment", classmethod(lambda cls, environment=None: observatory.home))
        monkeypatch.setattr(history, "night_with_history", lambda home, settings: whole_night(home, settings))
        done = CliRunner().invoke(command.app, ["run"])
        return done.exit_code, done.output

    return run


def test_it_is_something_new_once(sent_back):
    assert is_anything_new(sent_back.home).reasons == ("1 livraison à lire (retours)",)
    steps = []
    with listening(lambda step: steps.append((step.key, step.said)) if step.state == "done" else None):
        assert sent_back.night().exit_code == 0
    assert [key for key, _ in steps][:3] == ["returns", "rules", "deliver:evenements_ess"]
    assert steps[0][1].startswith("retours/rempli.xlsx : 1 ligne remplie : 0 prise en compte")
    assert not is_anything_new(sent_back.home).is_new


def test_the_status_says_why_a_line_was_not_taken(sent_back, capfd):
    sent_back.night()
    print_status(sent_back.home, Lines())
    said = capfd.readouterr().out
    assert "Classeurs de retour" in said and "Ligne 2 : la cellule G7 n'est plus mise de côté" in said


def test_a_night_goes_on_without_what_it_cannot_take(sent_back, monkeypatch):
    def fails(home, loaded, now):
        raise ZeroDivisionError

    monkeypatch.setattr(rooms, "take_returns", fails)
    outcome = sent_back.night()
    assert (outcome.exit_code, outcome.failed_sources, outcome.release) == (3, ("retours",), 1)
    assert is_anything_new(sent_back.home).is_new, "the next night tries again"


@pytest.fixture
def left_empty(observatory):
    an_hour_old(observatory.deliver_sample())
    observatory.night()
    send_back(observatory, None)
    return observatory


def test_a_workbook_without_anything_costs_no_night(left_empty, run, capfd):
    before = last_night(left_empty.home)
    code, said = run(left_empty)
    assert code == 0 and "Nuit commencée" not in said and "Rien de nouveau" in said
    assert "Classeur de retour retours/rempli.xlsx : rien n'y est rempli (1 ligne laissée vide)." in said
    assert last_night(left_empty.home) == before and not left_empty.home.unfinished.exists()
    code, said = run(left_empty)
    assert code == 0 and "Rien de nouveau" in said and "Classeur" not in said, "it is said once"
    print_status(left_empty.home, Lines())
    assert "rien n'y est rempli" in capfd.readouterr().out


def test_lines_that_are_all_refused_cost_no_night(sent_back, run):
    code, said = run(sent_back)
    assert code == 0 and "1 ligne remplie : 0 prise en compte" in said and "Rien de nouveau" in said


def test_it_does_not_hold_back_what_else_is_new(left_empty, run):
    left_empty.rule("{ind_events: {approval: none}}")
    code, said = run(left_empty)
    assert code == 0 and "Nuit commencée : 1 livraison à lire (retours) ; le calendrier" in said
    assert "Classeurs de retour – retours/rempli.xlsx : rien n'y est rempli" in said


def test_a_line_that_is_taken_is_owed_a_night(sent_back, run, monkeypatch):
    take = rooms.take_returns

    def taken(home, loaded, now):
        return [replace(report, rows_accepted=1, message="1 prise") for report in take(home, loaded, now)]

    monkeypatch.setattr(rooms, "take_returns", taken)
    monkeypatch.setattr(command, "_night", lambda home, lines: 4)
    code, said = run(sent_back)
    assert code == 4 and "Classeur de retour retours/rempli.xlsx : 1 prise" in said and "Nuit commencée" in said
    assert is_anything_new(sent_back.home).is_new, "whatever becomes of that night"


def test_what_a_night_left_meanwhile_stays(left_empty, run, monkeypatch):
    seen = is_anything_new(left_empty.home)
    monkeypatch.setattr("orchestration.novelty.is_anything_new", lambda home: seen)
    leave_for_next_night(left_empty.home)
    code, said = run(left_empty)
    assert code == 0 and "Nuit commencée" in said


def test_what_cannot_be_taken_alone_is_said_by_the_night(left_empty, run, monkeypatch):
    def fails(home, loaded, now):
        raise ZeroDivisionError

    monkeypatch.setattr(rooms, "take_returns", fails)
    code, said = run(left_empty)
    assert code == 3 and "Classeurs de retour : n'ont pas pu être lus (ZeroDivisionError)." in said
    assert is_anything_new(left_empty.home).is_new


def test_neither_the_schedule_nor_the_sensor_asks_for_a_night(left_empty):
    job = watch.nightly_job()
    with dg.DagsterInstance.ephemeral() as instance:
        sensor, cursor = watch.new_in_inbox(left_empty.home, job), None
        for _ in range(2):
            context = dg.build_sensor_context(instance, cursor=cursor)
            answer, cursor = sensor(context), context.cursor
        assert isinstance(answer, dg.SkipReason) and "classeurs de retour" in answer.skip_message
    assert isinstance(watch.every_night(left_empty.home, Settings(), job)(dg.build_schedule_context()), dg.SkipReason)
