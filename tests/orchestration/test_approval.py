"""A night keeps what has to wait, shows it beside the releases, and the command lets it leave."""

import json
import pwd
from datetime import UTC, datetime, timedelta

import pytest
from small_project import DATASETS
from test_command import observatoire  # noqa: F401

from orchestration import night as nights
from orchestration import rooms
from orchestration.lock import only_one_night
from orchestration.novelty import is_anything_new
from orchestration.progress import listening

pytestmark = pytest.mark.nights
APPROVAL = "{ind_events: {approval: required}}"


@pytest.fixture
def waiting(observatory):
    """One release of 36 events, and 37 that wait for an approval."""
    observatory.night()
    observatory.rule(APPROVAL)
    observatory.total = 37
    observatory.night()
    return observatory


def status_of(observatory, dataset="ind_events"):
    from publication import releases

    return releases.show(observatory.home.releases).datasets[dataset]


def test_a_night_says_what_waits_and_tells_somebody(observatory, monkeypatch):
    sent = []
    monkeypatch.setattr(nights, "send", lambda settings, subject, lines: sent.append(lines) or [])
    observatory.night()
    observatory.rule(APPROVAL)
    observatory.total = 37
    said = {}
    with listening(lambda step: said.update({step.key: step.said})):
        outcome = observatory.night()
    assert said["publish"] == "version 2, 1 publié, en attente : ind_events" and said["preview"] == "ind_events"
    assert (outcome.exit_code, outcome.release, outcome.waits) == (3, 2, {"ind_events": "approval"})
    assert sent == [["ind_events : de nouveaux chiffres attendent une approbation (observatoire releases waiting)"]]
    assert (observatory.home.preview / "index.html").exists()
    assert json.loads((observatory.home.preview / "apercu.json").read_text()).keys() == {"ind_events"}


def test_the_command_shows_approves_and_publishes(observatoire, waiting):  # noqa: F811
    code, said = observatoire("status")
    assert code == 0 and "reporté de la version\u00a01, en attente d’approbation" in said
    code, said = observatoire("releases", "waiting")
    assert code == 0 and "ind_events" in said and "1\u00a0cellule révisée" in said
    shown = next(line.strip() for line in said.splitlines() if "releases approve" in line)
    assert str(waiting.home.preview / "index.html") in said
    code, said = observatoire(*shown.split()[1:], "--by", "direction")
    assert code == 0 and "approuvé" in said and "Approuvés par direction" in said and "Version 3" in said
    assert (waiting.current, status_of(waiting).status) == (3, "published")
    assert not waiting.home.preview.exists() and observatoire("releases", "verify")[0] == 0
    assert observatoire("releases", "approve", "ind_events") == (0, "Rien n'attend pour ind_events : ce qui est publié est à jour.\n")  # fmt: skip
    assert observatoire("releases", "waiting") == (0, "Rien n'attend : tout ce qui tient est publié.\n")
    assert "des approbations ont été données" in observatoire("run")[1], "one more night looks at everything"
    assert waiting.current == 3


def test_careless_approvals(observatoire, waiting, monkeypatch):  # noqa: F811
    code, said = observatoire("releases", "approve", "ind_evnts")
    assert code == 2 and "n'est pas un tableau" in said and "ind_events" in said
    assert observatoire("releases", "approve", "ind_quality")[1].startswith("Rien n'attend pour ind_quality")
    code, said = observatoire("releases", "approve", "ind_events", "--seen", "0123456789ab")
    assert code == 3 and "n’est pas ce qui a été regardé" in said
    code, said = observatoire("releases", "approve", "ind_events", "--by", "a.b@exemple.test")
    assert code == 3 and "par son rôle" in said
    waiting.total = 38
    assert observatoire("run", "--force")[0] == 3
    waiting.home.preview.rename(waiting.home.root / "gone")
    code, said = observatoire("releases", "approve", "ind_events")
    assert code == 3 and "refaites l’aperçu" in said and status_of(waiting).waits == "approval"
    assert "Aperçu écrit, non publié" in observatoire("releases", "preview")[1]
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}[uid])  # a number without a name, in a container
    assert observatoire("releases", "approve", "ind_events")[0] == 0 and waiting.current == 3


def test_an_approval_does_not_open_a_gate_that_a_check_closes(observatoire, waiting):  # noqa: F811
    waiting.spoil("ind_events")
    observatoire("run", "--force")
    code, said = observatoire("releases", "approve", "ind_events", "--by", "direction")
    assert code == 3 and "ne passe pas ses contrôles" in said and status_of(waiting).status == "carried"


def test_what_waits_outlives_a_night_that_fails(waiting, monkeypatch):
    (kept,) = waiting.candidates()
    waiting.total = 38

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(rooms, "seal", full)
        assert waiting.night().exit_code == 4
    assert waiting.candidates() == [kept]


def test_everything_waits_and_nothing_was_ever_published(observatoire, observatory, monkeypatch):  # noqa: F811
    observatory.rule("{ind_events: {approval: required}, ind_quality: {approval: required}}")
    outcome = observatory.night()
    assert (outcome.exit_code, outcome.release, outcome.waits) == (3, None, dict.fromkeys(DATASETS, "approval"))
    assert "observatoire releases waiting" in outcome.sentence and observatory.current is None
    (kept,) = observatory.candidates()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(rooms, "seal", full)
        observatory.night()
    assert observatory.candidates() == [kept], "not even a later failure throws it away"
    code, said = observatoire("releases", "approve", "ind_events", "--by", "direction")
    assert code == 0 and observatory.current == 1 and status_of(observatory, "ind_quality").waits == "approval"


def test_the_night_after_an_embargo_publishes(observatory, monkeypatch):
    observatory.night()
    ends = datetime.now(UTC) + timedelta(days=2)
    observatory.rule(f"{{ind_events: {{embargo: {ends:%Y-%m-%dT%H:%M} UTC}}}}")
    observatory.total = 37
    assert observatory.night().waits == {"ind_events": "embargo"}
    assert not is_anything_new(observatory.home).is_new
    record = json.loads(observatory.home.last_night.read_text())
    assert len(record["embargoes"]) == 1

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=3)

    for module in ("orchestration.novelty", "orchestration.night"):
        monkeypatch.setattr(f"{module}.datetime", Later)
    assert is_anything_new(observatory.home).reasons == ("un embargo est levé",)
    assert observatory.night().exit_code == 0 and status_of(observatory).status == "published"
    assert is_anything_new(observatory.home).reasons == ()


def test_a_calendar_that_changes_is_something_new_and_one_that_is_wrong_is_a_sentence(observatoire, observatory):  # noqa: F811
    observatory.night()
    observatory.rule("{ind_events: {embargo: demain}}")
    assert is_anything_new(observatory.home).reasons == ("le calendrier de publication a changé",)
    code, said = observatoire("run")
    assert (
        code == 4
        and "calendar.yml, ligne 1 : datasets › ind_events › embargo : « demain » n’est pas un instant" in said
        and observatory.current == 1
    )
    code, said = observatoire("doctor")
    assert code == 4 and "calendar.yml, ligne 1" in said


def test_without_a_preview_the_night_is_what_it_is(observatory, monkeypatch):
    observatory.night()
    observatory.rule(APPROVAL)
    observatory.total = 37

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rooms, "preview", fails)
    outcome = observatory.night()
    assert (outcome.exit_code, outcome.release) == (3, 2) and outcome.waits
    assert not observatory.home.unfinished.exists()


def test_after_an_erasure_there_is_nothing_to_approve_until_a_night_builds_it_again(observatoire, waiting):  # noqa: F811
    from orchestration.erasure import throw_candidates_away

    throw_candidates_away(waiting.home)
    code, said = observatoire("releases", "approve", "ind_events")
    assert code == 4 and "lancez `observatoire run --force`" in said
    with only_one_night(waiting.home.lock):
        code, said = observatoire("releases", "waiting")
    assert code == 4 and "Une nuit est en cours" in said and "--force" not in said
    assert observatoire("run", "--force")[0] == 3
    assert observatoire("releases", "approve", "ind_events")[0] == 0 and status_of(waiting).status == "published"
