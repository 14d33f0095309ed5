"""Every way around the gate that was measured or imagined, tried on the door itself."""

import hashlib
import threading
from contextlib import ExitStack
from dataclasses import replace

import hand_made
import pyarrow.parquet as pq
import pytest

from publication import portal, publish, releases, shelf
from publication.decision import Refused


def nothing_released(desk) -> bool:
    left = [*desk.releases.glob("[0-9]*"), *desk.releases.glob(".tmp-*")]
    return not (desk.releases / "current").exists() and not left


def test_a_candidate_where_all_holds_is_published_whole(desk):
    release = desk.night()
    assert release.changed and release.number == 1 and desk.current == "1"
    assert {name: s.status for name, s in release.datasets.items()} == dict.fromkeys(hand_made.DATASETS, "published")


def test_verdict_of_another_candidate(small_desk):
    judged, other = small_desk.candidate(), small_desk.candidate(ind_events=hand_made.events(35))
    with pytest.raises(Refused, match="autres fichiers"):
        small_desk.publish(other, small_desk.verdict(judged))
    assert nothing_released(small_desk)


@pytest.mark.parametrize(
    "name", ["data/ind_events.parquet", "warehouse.duckdb", "dictionary.json", "control/x.parquet"]
)
def test_one_byte_changed_after_the_audit(small_desk, name):
    made = small_desk.candidate()
    verdict = small_desk.verdict(made)
    with (made / name).open("ab") as file:
        file.write(b"\0")
    with pytest.raises(Refused, match="autres fichiers"):
        small_desk.publish(made, verdict)
    assert nothing_released(small_desk)


def test_a_verdict_without_a_hash(small_desk):
    made = small_desk.candidate()
    with pytest.raises(Refused):
        small_desk.publish(made, replace(small_desk.verdict(made), candidate_hash=""))
    assert nothing_released(small_desk)


def test_the_manifest_rewritten_to_match_other_bytes(small_desk):
    """Sealed again after the audit: the manifest agrees with the bytes, the verdict with neither."""
    made = small_desk.candidate()
    verdict = small_desk.verdict(made)
    hand_made.seal(made, {"models": {}})
    with pytest.raises(Refused, match="autres fichiers"):
        small_desk.publish(made, verdict)


def test_a_candidate_that_changes_while_it_is_published(small_desk, monkeypatch):
    made = small_desk.candidate()
    verdict = small_desk.verdict(made)
    write = portal.write

    def meanwhile(*arguments):
        write(*arguments)
        with (made / "dictionary.json").open("ab") as file:
            file.write(b" ")

    monkeypatch.setattr(portal, "write", meanwhile)
    with pytest.raises(Refused, match="autres fichiers"):
        small_desk.publish(made, verdict)
    assert nothing_released(small_desk)


def test_rules_changed_since_the_audit(small_desk):
    made = small_desk.candidate()
    verdict = small_desk.verdict(made)
    suite = small_desk.suites / "ind_events.yml"
    suite.write_text(suite.read_text().replace("severity: bloquant", "severity: reserve", 1) + "\n")
    with pytest.raises(Refused, match="règles de contrôle ont changé"):
        small_desk.publish(made, verdict)
    assert nothing_released(small_desk)


def refused_ways(verdict):
    """(name, verdict that must keep ind_events back, words of the reason)."""
    dropped = tuple(o for o in verdict.outcomes if (o.dataset, o.severity) != ("ind_events", "bloquant"))
    name = "figures_add_up"
    return {
        "a blocking failure": (hand_made.failed(verdict, "ind_events"), "35 au lieu de 36"),
        "a failure disguised as a reserve": (
            hand_made.with_outcome(verdict, "ind_events", name, success=False, severity="reserve", observed="35."),
            "35.",
        ),
        "a required expectation that did not run": (replace(verdict, outcomes=dropped), "n’a pas été exécuté"),
        "no outcome at all": (
            replace(verdict, outcomes=tuple(o for o in verdict.outcomes if o.dataset != "ind_events")),
            "n’a pas été exécuté",
        ),
        "judged on no row": (hand_made.with_outcome(verdict, "ind_events", name, rows=0), "aucune ligne"),
        "an exception": (
            hand_made.with_outcome(verdict, "ind_events", name, error="colonne absente"),
            "colonne absente",
        ),
        "an exception on a reserve": (
            hand_made.with_outcome(verdict, "ind_events", "reporting_is_complete", error="colonne absente"),
            "colonne absente",
        ),
    }


WAYS = (
    "a blocking failure",
    "a failure disguised as a reserve",
    "a required expectation that did not run",
    "no outcome at all",
    "judged on no row",
    "an exception",
    "an exception on a reserve",
)


@pytest.mark.parametrize("way", WAYS)
def test_a_dataset_refused_is_withheld_and_the_rest_is_released(small_desk, way):
    made = small_desk.candidate()
    verdict, words = refused_ways(small_desk.verdict(made))[way]
    release = small_desk.publish(made, verdict)
    entry = release.datasets["ind_events"]
    assert entry.status == "withheld" and words in " ".join(entry.reasons)
    assert release.datasets["ind_quality"].status == "published"
    assert not list(release.public.rglob("ind_events.csv")) + list(release.public.rglob("ind_events.parquet"))


@pytest.mark.parametrize("way", WAYS)
def test_a_dataset_refused_later_is_carried_with_its_reasons(started_desk, way):
    first = releases.show(started_desk.releases, 1)
    made = started_desk.candidate(ind_events=hand_made.events(35))
    verdict, words = refused_ways(started_desk.verdict(made))[way]
    release = started_desk.publish(made, verdict)
    entry = release.datasets["ind_events"]
    assert entry.status == "carried" and entry.from_release == 1 and words in " ".join(entry.reasons)
    name = "data/ind_events.parquet"
    assert (release.public / name).read_bytes() == (first.public / name).read_bytes()
    assert (
        "ind_events,HDF-CONF-2023,EV01,total,total,2023-04/2023-12,36,"
        in (release.public / "data/ind_events.csv").read_text()
    )


def test_an_empty_table_is_not_published_whatever_the_verdict_says(started_desk):
    release = started_desk.night(ind_events=[])
    assert release.datasets["ind_events"].status == "carried"
    assert "vide" in " ".join(release.datasets["ind_events"].reasons)


def test_a_dataset_that_vanished_is_carried(started_desk):
    release = started_desk.night(without=["ind_quality"])
    assert release.datasets["ind_quality"].status == "carried"
    assert "absent" in " ".join(release.datasets["ind_quality"].reasons)


def test_a_dataset_that_vanished_with_its_suite_is_carried_too(started_desk):
    (started_desk.suites / "ind_quality.yml").unlink()
    release = started_desk.night(without=["ind_quality"])
    assert release.datasets["ind_quality"].status == "carried"
    assert release.datasets["ind_quality"].reasons == ("Le tableau est absent de la version candidate.",)


def test_a_dataset_without_a_suite_is_not_published(small_desk):
    made = small_desk.candidate()
    (small_desk.suites / "ind_quality.yml").unlink()
    release = small_desk.publish(made)
    assert release.datasets["ind_quality"].status == "withheld"


def test_a_secret_cell_that_still_holds_its_value_keeps_the_table_back(small_desk):
    rows = hand_made.events()
    rows.append(hand_made.row("ind_events", "EV01", "organisation", "ORG-APES", 2, obs_status="Q", conf_status="A"))
    release = small_desk.night(ind_events=rows)
    assert release.datasets["ind_events"].status == "withheld"
    assert "1 cellule secrète" in " ".join(release.datasets["ind_events"].reasons)


def test_nothing_to_publish_and_nothing_to_carry(small_desk):
    made = small_desk.candidate()
    verdict = small_desk.verdict(made)
    with pytest.raises(Refused, match="Aucun tableau"):
        small_desk.publish(made, replace(verdict, outcomes=()))
    assert nothing_released(small_desk)


def test_all_refused_but_all_carried_makes_a_flagged_release(started_desk):
    made = started_desk.candidate()
    release = started_desk.publish(made, replace(started_desk.verdict(made), outcomes=()))
    assert release.number == 2 and {s.status for s in release.datasets.values()} == {"carried"}


def test_reserves_travel_with_the_table(small_desk):
    made = small_desk.candidate()
    release = small_desk.publish(made, hand_made.failed(small_desk.verdict(made), "ind_events", "reserve"))
    entry = release.datasets["ind_events"]
    assert entry.status == "published_with_reserve" and "33 fiches sur 36" in entry.reserves[0]


@pytest.mark.nights
def test_what_is_carried_twice_still_says_where_it_comes_from(started_desk):
    for total in (35, 34):
        made = started_desk.candidate(
            ind_events=hand_made.events(total), ind_quality=hand_made.quality() * (36 - total)
        )
        release = started_desk.publish(made, hand_made.failed(started_desk.verdict(made), "ind_events"))
    assert release.number == 3 and release.datasets["ind_events"].from_release == 1


def test_damaged_bytes_are_not_carried(small_desk):
    first = small_desk.night()
    path = first.public / "data" / "ind_events.parquet"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    made = small_desk.candidate(ind_events=hand_made.events(35))
    release = small_desk.publish(made, hand_made.failed(small_desk.verdict(made), "ind_events"))
    assert release.datasets["ind_events"].status == "withheld"
    assert "endommagé" in " ".join(release.datasets["ind_events"].reasons)


def test_two_publishers_at_once(small_desk, monkeypatch):
    monkeypatch.setattr(publish, "SHELF_FREE_WITHIN_S", 0.1)
    made = small_desk.candidate()
    with shelf.locked(small_desk.releases), pytest.raises(Refused, match="autre publication"):
        small_desk.publish(made)
    assert small_desk.publish(made).number == 1


def test_a_publication_waits_for_whoever_only_looks_at_the_shelf(small_desk):
    made, looking = small_desk.candidate(), ExitStack()
    looking.enter_context(shelf.locked(small_desk.releases))
    threading.Timer(0.3, looking.close).start()
    assert small_desk.publish(made).number == 1


def test_the_sealed_bytes_are_those_that_ship(desk):
    made = desk.candidate()
    release = desk.publish(made)
    for name, status in release.datasets.items():
        data = (made / "data" / f"{name}.parquet").read_bytes()
        assert (release.public / "data" / f"{name}.parquet").read_bytes() == data
        assert hashlib.sha256(data).hexdigest() == status.sha256
        assert pq.read_metadata(made / "data" / f"{name}.parquet").num_rows == status.rows
