"""The order of the steps, what a failure throws away and what it keeps."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from small_project import DATASETS, SOURCE, an_hour_old

from identity.matching.constraints import decide, path_of
from identity.vault import Vault
from orchestration import night as nights
from orchestration import rooms, warehouse
from orchestration.home import Settings
from orchestration.lock import AnotherNight
from orchestration.night import alert_lines, delivery_sentence, release_sentence
from orchestration.novelty import WORDS, is_anything_new, leave_for_next_night, left_by_last_night
from orchestration.progress import listening
from publication.shelf import DatasetStatus
from sources import landing
from sources.contract import ContractError
from sources.ledger import DeliveryReport, deliveries, open_ledger
from sources.note import OVERTAKEN, Note


@pytest.fixture
def told(observatory):
    """Every step of every night, as (key, state)."""
    steps = []
    with listening(lambda step: steps.append((step.key, step.state, step.said)) if step.state != "moving" else None):
        yield steps


def test_a_night_goes_from_the_inbox_to_a_release(observatory, told):
    observatory.real_audit()
    observatory.deliver_sample()
    outcome = observatory.night()
    assert (outcome.exit_code, outcome.release, outcome.changed) == (0, 1, True)
    assert outcome.datasets == dict.fromkeys(DATASETS, "published")
    assert [key for key, state, _ in told if state == "done"] == [
        "rules", f"deliver:{SOURCE}", "match", "handover", "build", "seal", "audit", "publish",
    ]  # fmt: skip
    landed = next(said for key, state, said in told if key == f"deliver:{SOURCE}" and state == "done")
    assert landed == "1 livraison, 24 lignes : 24 acceptées, 0 en quarantaine, 0 en double"
    assert observatory.current == 1 and len(observatory.candidates()) == 1
    assert not observatory.home.unfinished.exists()


def test_a_decision_taken_once_the_night_has_matched_is_for_the_next_one(observatory, monkeypatch):
    observatory.deliver_sample()
    home, seal = observatory.home, rooms.seal

    def decided_meanwhile(*arguments):
        decide(Vault(home.vault), "merge", [1], [2], reason="vu au guichet")
        leave_for_next_night(home)
        return seal(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(rooms, "seal", decided_meanwhile)
        assert observatory.night().exit_code == 0
    assert path_of(Vault(home.vault)) == home.decisions
    assert WORDS["decisions"] in is_anything_new(home).reasons
    assert observatory.night().exit_code == 0 and not is_anything_new(home).is_new


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("expectations/suites/ind_events.yml", "dataset: ind_events\nexpectation: []\n"),
        (f"sources/corrections/{SOURCE}.yml", "- id: [\n"),
        ("sources/explanations.yml", "explanations: []\nwithdrawals: [\n"),
    ],
)
def test_a_mistake_in_a_rule_is_said_before_anything_is_read(observatory, told, path, text):
    observatory.deliver_sample()
    rule = observatory.home.project / path
    rule.write_text(text, encoding="utf-8")
    outcome = observatory.night()
    assert outcome.exit_code == 4 and rule.name in outcome.sentence
    assert [key for key, state, _ in told if state == "started"] == ["rules"]


def test_a_mistake_in_a_rule_is_said_as_it_is_by_whichever_step_meets_it(observatory, monkeypatch):
    """Dagster starts the steps one by one: none has read the rules before them."""

    def broken(*_):
        raise ContractError("explanations.yml, ligne 2 : YAML illisible.")

    monkeypatch.setattr(rooms, "hand_over", broken)
    assert "explanations.yml, ligne 2" in observatory.night().sentence


def test_a_night_with_no_new_fact_makes_no_release(observatory):
    observatory.deliver_sample()
    observatory.night()
    again = observatory.night()
    assert (again.exit_code, again.release, again.changed) == (0, 1, False)
    assert len(observatory.candidates()) == 1


def test_a_source_whose_program_fails_stops_neither_the_others_nor_the_release(observatory, monkeypatch):
    other = (observatory.home.contracts / f"{SOURCE}.yml").read_text().replace(f"source: {SOURCE}", "source: autre")
    (observatory.home.contracts / "autre.yml").write_text(other)
    observatory.deliver_sample()
    deliver, cell = rooms.deliver, "Jeanne Canari"

    def fails(home, contract, now):
        if contract.contract.source == "autre":
            raise ZeroDivisionError(f"cell of {cell}")
        return deliver(home, contract, now)

    monkeypatch.setattr(rooms, "deliver", fails)
    sent = []
    monkeypatch.setattr(nights, "send", lambda settings, subject, lines: sent.append((subject, lines)) or [])
    outcome = observatory.night()
    assert (outcome.exit_code, outcome.release, outcome.failed_sources) == (3, 1, ("autre",))
    assert left_by_last_night(observatory.home)["failed_sources"] == ["autre"], "it will be done again"
    assert "source autre" in sent[0][1][0] and "Canari" not in str(sent)
    logs = "".join(path.read_text() for path in observatory.home.logs.glob("night-*.log"))
    assert "ZeroDivisionError" in logs and "test_night.py" in logs, "the trace is for engineers, in a file"
    assert "Canari" not in logs, "which quotes a cell"


def test_a_delivery_over_which_the_program_fails_stops_no_other_of_its_source(observatory, told, monkeypatch):
    sample = observatory.deliver_sample()
    lines = sample.read_bytes().splitlines(keepends=True)
    for name, more in (("a.csv", lines[1:3]), ("z.csv", lines[3:4])):
        sample.with_name(name).write_bytes(b"".join([lines[0], *more]))
        an_hour_old(sample.with_name(name))
    read, cell = landing.read_delivery, "Jeanne Canari"

    def fails(contract, path, file_name):
        if file_name == "a.csv":
            raise ZeroDivisionError(f"cell of {cell}")
        return read(contract, path, file_name)

    with monkeypatch.context() as broken:
        broken.setattr(landing, "read_delivery", fails)
        for _ in range(2):
            outcome = observatory.night()
            assert (outcome.exit_code, outcome.release, outcome.failed_sources) == (3, 1, (SOURCE,))
            assert in_the_ledger(observatory) == {sample.name: 24, "z.csv": 1}
    found = [said for key, state, said in told if state == "failed"]
    assert len(found) == 2 and "le programme a échoué sur « a.csv » (ZeroDivisionError) : il sera relu" in found[0]
    logs = "".join(path.read_text() for path in observatory.home.logs.glob("night-*.log"))
    assert "ZeroDivisionError" in logs and "in fails" in logs and "Canari" not in logs + str(told)
    assert observatory.night().exit_code == 0
    assert in_the_ledger(observatory) == {sample.name: 24, "a.csv": 2, "z.csv": 1}


def in_the_ledger(observatory):
    """File name → rows read, all of them accepted, quarantined or duplicates."""
    with open_ledger(observatory.home.ledger) as ledger:
        return {row["file_name"]: row["rows_read"] for row in deliveries(ledger)}


@pytest.mark.nights
@pytest.mark.parametrize(
    ("room", "step", "error", "says"),
    [
        (warehouse, "build", warehouse.WarehouseError("Le modèle « x » n'a pas pu être construit."), "« x »"),
        (rooms, "hand_over", OSError(28, "No space left on device"), "le disque est plein"),
        (rooms, "seal", ValueError("Jeanne Canari"), "Scellement"),
        (rooms, "audit", MemoryError(), "Contrôles"),
        (rooms, "publish", OSError(30, "Read-only file system"), "Publication"),
    ],
)
def test_a_failure_of_the_structure_keeps_the_last_good_state(observatory, monkeypatch, room, step, error, says):
    observatory.night()
    good = observatory.candidates()
    observatory.total = 37

    def fails(*_, **__):
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(room, step, fails)
        outcome = observatory.night()
    assert (outcome.exit_code, outcome.release) == (4, None)
    assert says in outcome.sentence and "Canari" not in outcome.sentence
    assert observatory.current == 1 and observatory.candidates() == good, "the candidate went, whole"
    assert observatory.home.unfinished.exists()
    assert observatory.night().release == 2, "the next night is the one that was due"
    assert not observatory.home.unfinished.exists()


@pytest.mark.parametrize("step", ["deliver", "hand_over", "seal", "audit", "publish"])
def test_a_process_that_dies_between_two_steps_is_taken_up_by_the_next_night(observatory, monkeypatch, step):
    observatory.deliver_sample()

    def killed(*_, **__):
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(rooms, step, killed)
        # a process that is killed throws nothing away
        dying.setattr("orchestration.candidates.Candidate.throw_away", lambda self: None)
        with pytest.raises(SystemExit):
            observatory.night()
    assert observatory.home.unfinished.exists() and observatory.current is None
    outcome = observatory.night()
    assert (outcome.exit_code, outcome.release) == (0, 1)
    assert len(observatory.candidates()) == 1, "what the dead process left is gone"


def test_a_dataset_that_fails_keeps_its_last_good_version_and_somebody_is_told(observatory, monkeypatch):
    sent = []
    monkeypatch.setattr(nights, "send", lambda settings, subject, lines: sent.append((subject, lines)) or [])
    observatory.night()
    assert sent == []
    observatory.spoil("ind_events")
    observatory.total = 37
    outcome = observatory.night()
    assert outcome.exit_code == 3 and outcome.kept_back == {"ind_events": "carried"}
    assert sent[0][1] == ["ind_events : reporté de la dernière bonne version"]


def test_when_everything_is_refused_and_nothing_was_ever_good_nothing_is_released(observatory):
    observatory.spoil(*DATASETS)
    outcome = observatory.night()
    assert (outcome.exit_code, outcome.release, observatory.current) == (3, None, None)
    assert outcome.kept_back == dict.fromkeys(DATASETS, "withheld")
    assert observatory.home.unfinished.exists(), "nothing was dealt with: the next night tries again"
    observatory.spoil()
    assert observatory.night().exit_code == 0


def test_rules_that_change_during_a_night_are_for_the_next_one(observatory, monkeypatch):
    from orchestration.novelty import is_anything_new

    audit = rooms.audit

    def slow(home, candidate):
        verdict = audit(home, candidate)
        (home.corrections / "x.yml").write_text("# somebody corrects while the night runs\n")
        return verdict

    monkeypatch.setattr(rooms, "audit", slow)
    assert observatory.night().exit_code == 0
    assert is_anything_new(observatory.home).reasons == ("des corrections ont changé",)


def test_two_nights_at_once(observatory):
    import subprocess
    import sys

    from test_lock import HOLD

    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(observatory.home.lock)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(AnotherNight):
            observatory.night()
    finally:
        other.kill()
        other.wait()
    assert observatory.candidates() == []


def test_the_record_of_a_night(observatory):
    observatory.night()
    record = json.loads(observatory.home.last_night.read_text())
    assert (record["exit_code"], record["release"], record["failed_sources"]) == (0, 1, [])
    assert record["datasets"] == dict.fromkeys(DATASETS, "published")


def test_a_table_carried_is_not_said_to_be_withheld():
    states = {"a": "published", "b": "carried", "c": "carried", "d": "withheld"}
    datasets = {name: DatasetStatus(status, None) for name, status in states.items()}
    made = SimpleNamespace(changed=True, number=4, datasets=datasets)
    assert release_sentence(made) == "version 4, 1 publié, reportés : b, c, retenu : d"


def test_words():
    assert delivery_sentence([]) == "rien de nouveau"
    late = Note(
        OVERTAKEN, "« v3 » est plus ancien que « v2 » : il ne compte pas. Enregistrez-le de nouveau si c'est le bon."
    )
    report = DeliveryReport(
        "s", "d", "", "v3", 1, datetime.now(UTC), "accepted", rows_read=2, rows_accepted=2, notes=(late,)
    )
    assert delivery_sentence([report]) == (
        "1 livraison, 2 lignes : 2 acceptées, 0 en quarantaine, 0 en double, 1 remarque. « v3 » est plus ancien que « v2 » : "
        "il ne compte pas. Enregistrez-le de nouveau si c'est le bon"
    )
    outcome = nights.Outcome(3, 2, True, {"ind_a": "withheld", "ind_b": "published"}, ("s",), {"t": 2})
    assert alert_lines(outcome) == [
        "ind_a : retenu, aucune bonne version n'existe",
        "source s : le programme n'a pas pu la lire",
        "source t : 2 livraisons à corriger avant d'être lues",
    ]
    assert Settings() == Settings()
