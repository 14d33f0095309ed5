"""Workbooks that come back: something new, taken before anything is landed, said in the status, never in the way of a night."""

import openpyxl
import pytest
from small_project import an_hour_old

from orchestration import rooms
from orchestration.console import Lines
from orchestration.novelty import is_anything_new
from orchestration.progress import listening
from orchestration.status import print_status


@pytest.fixture
def sent_back(observatory):
    """After a good night, a workbook comes back with one line filled, which speaks of no cell that is set aside."""
    an_hour_old(observatory.deliver_sample())
    observatory.night()
    book = openpyxl.Workbook()
    book.active.append(["Cellule", "Valeur corrigée", "Auteur", "Date", "clé"])
    book.active.append(
        ["G7", "21 avril", "Zélie Exemple", "2026-11-23", '["evenements_ess", "0000000000000000", 7, "date", "x"]']
    )
    hidden = book.create_sheet("observatoire-retour")
    for fact in (("kind", "corrections"), ("release", "1"), ("made_on", "2026-11-22")):
        hidden.append(fact)
    path = observatory.home.inbox / "retours" / "rempli.xlsx"
    path.parent.mkdir()
    book.save(path)
    an_hour_old(path)
    return observatory


def test_it_is_something_new_once(sent_back):
    assert is_anything_new(sent_back.home).reasons == ("1 livraison à lire (retours)",)
    steps = []
    with listening(lambda step: steps.append((step.key, step.said)) if step.state == "done" else None):
        assert sent_back.night().exit_code == 0
    assert [key for key, _ in steps][:3] == ["returns", "rules", "deliver:evenements_ess"]
    assert steps[0][1].startswith("retours/rempli.xlsx : 1 ligne(s) remplie(s) : 0 prise(s) en compte")
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
