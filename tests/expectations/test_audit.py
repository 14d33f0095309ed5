"""The audit never concludes from nothing, never raises, and shows no cell."""

from datetime import UTC, datetime

import pytest
from example import build, required

from expectations import Verdict, audit, questions, refusals
from expectations.suite import read_suites
from expectations.trial import shortened

ONE = """
dataset: ind_events
expectations:
  - id: only_one
    expectation: {expectation}
    on: {on}
    {more}
    kwargs: {kwargs}
    severity: bloquant
    why: Une phrase qui dit pourquoi.
    what_to_do: Une phrase qui dit quoi faire.
"""


def _one(directory, expectation="ExpectColumnValuesToNotBeNull", kwargs="{column: value}", on="data", more=""):
    directory.mkdir(exist_ok=True)
    text = ONE.format(expectation=expectation, kwargs=kwargs, on=on, more=more)
    (directory / "ind_events.yml").write_text(text, encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    directory = tmp_path_factory.mktemp("good")
    build(directory)
    return directory


def _only(directory, suites):
    (outcome,) = audit(directory, suites=suites, datasets=["ind_events"]).of("ind_events")
    return outcome


def test_the_example_holds_and_opens_every_door(good):
    verdict = audit(good, now=datetime(2024, 2, 6, 5, 30, tzinfo=UTC))
    assert [o for o in verdict.outcomes if not o.holds] == []
    assert [(o.dataset, o.expectation_id) for o in verdict.outcomes] == required()
    assert verdict.audited_at == "2024-02-06T05:30:00+00:00"
    assert not any(refusals(verdict, good).values())
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_a_verdict_on_part_of_the_datasets_publishes_only_these(good):
    verdict = audit(good, datasets=["ind_quality"])
    assert refusals(verdict, good)["ind_quality"] == []
    assert refusals(verdict, good)["ind_events"]


@pytest.mark.parametrize("table", ["ind_events", "ctl_events"])
def test_an_empty_table_holds_nothing(tmp_path, table):
    build(tmp_path, f"DELETE FROM {table}")
    on = "data" if table == "ind_events" else "control"
    by_id = {e.id: e for suite in read_suites() for e in suite.expectations if suite.dataset == "ind_events"}
    verdict = audit(tmp_path, datasets=["ind_events"])
    assert all(not o.holds and o.rows == 0 for o in verdict.outcomes if by_id[o.expectation_id].on == on)
    assert refusals(verdict, tmp_path)["ind_events"]


def test_an_empty_table_stops_all_its_checks_with_one_sentence(tmp_path):
    build(tmp_path, "DELETE FROM ind_events")
    reasons = refusals(audit(tmp_path, datasets=["ind_events"]), tmp_path)["ind_events"]
    assert [reason for reason in reasons if "est vide" in reason] == [
        f"{sum(e.on == 'data' for suite in read_suites() if suite.dataset == 'ind_events' for e in suite.expectations)} contrôles n’ont pas pu "
        "conclure\u00a0: Le tableau data/ind_events.parquet est vide\u00a0: rien de ce qui a été reçu n’y donne de ligne."
    ]


def test_a_table_that_may_be_empty_is_judged_by_its_controls(tmp_path):
    build(tmp_path, "DELETE FROM ind_reconciliation")
    verdict = audit(tmp_path, datasets=["ind_reconciliation"])
    assert verdict.blocking("ind_reconciliation") == ()
    assert refusals(verdict, tmp_path)["ind_reconciliation"] == []
    spoilt = tmp_path / "spoilt"
    build(
        spoilt,
        "DELETE FROM ind_reconciliation",
        "UPDATE ctl_reconciliation SET actual = 0, difference = -expected WHERE control = 'figures_compared'",
        "UPDATE ctl_reconciliation SET expected = 1, difference = -1 WHERE control = 'figures_compared' AND difference = 0",
    )
    assert "Chaque chiffre relevé" in " ".join(
        refusals(audit(spoilt, datasets=["ind_reconciliation"]), spoilt)["ind_reconciliation"]
    )


@pytest.mark.parametrize("table", ["ind_events", "ctl_events"])
def test_a_missing_table_holds_nothing(tmp_path, table):
    build(tmp_path, f"DROP TABLE {table}")
    verdict = audit(tmp_path, datasets=["ind_events"])
    assert any("absent" in o.error for o in verdict.outcomes)
    assert refusals(verdict, tmp_path)["ind_events"]


def test_a_missing_column_is_said(tmp_path):
    build(tmp_path, "ALTER TABLE ind_events DROP COLUMN n_total")
    verdict = audit(tmp_path, datasets=["ind_events"])
    by_id = {o.expectation_id: o for o in verdict.outcomes}
    assert by_id["coverage"].error == "Colonne absente\u00a0: n_total."
    assert not by_id["columns"].holds and by_id["dataset_name"].holds
    assert refusals(verdict, tmp_path)["ind_events"]


def test_a_missing_control_is_a_failure(tmp_path):
    build(tmp_path, "DELETE FROM ctl_events WHERE control = 'months_add_up'")
    failed = [o for o in audit(tmp_path, datasets=["ind_events"]).outcomes if not o.holds]
    assert [o.expectation_id for o in failed] == ["months_add_up"] and failed[0].error


def test_a_control_missing_for_one_programme_is_a_failure_that_names_it(tmp_path):
    where = "control = 'months_add_up' AND programme_id = 'APPROX-2024'"
    build(tmp_path, f"DELETE FROM ctl_events WHERE {where}")
    (failed,) = [o for o in audit(tmp_path, datasets=["ind_events"]).outcomes if not o.holds]
    assert "APPROX-2024" in failed.error


def test_a_count_that_could_not_be_made_does_not_agree(tmp_path):
    where = "control = 'recount' AND programme_id = 'TEST-2023'"
    build(tmp_path, f"UPDATE ctl_events SET actual = NULL, difference = NULL WHERE {where}")
    (failed,) = [o for o in audit(tmp_path, datasets=["ind_events"]).outcomes if not o.holds]
    assert failed.expectation_id == "recounted_from_landing" and "pas donné de résultat" in failed.error


@pytest.mark.parametrize(
    ("expectation", "kwargs"),
    [
        ("ExpectColumnValuesToBeBetween", "{column: value, min_value: 0}"),
        ("ExpectColumnValuesToBeInSet", "{column: value, value_set: [1]}"),
        (
            "ExpectColumnPairValuesAToBeGreaterThanB",
            "{column_A: n_total, column_B: value, ignore_row_if: either_value_is_missing}",
        ),
    ],
)
def test_an_all_null_column_holds_nothing(tmp_path, expectation, kwargs):
    build(tmp_path / "c", "UPDATE ind_events SET value = NULL")
    outcome = _only(tmp_path / "c", _one(tmp_path / "s", expectation, kwargs))
    assert not outcome.holds and "Aucune valeur" in outcome.error


def test_a_condition_that_matches_nothing_holds_nothing_unless_it_says_so(good, tmp_path):
    assert "Aucune valeur" in _only(good, _one(tmp_path, more="where: indicator == 'EV99'")).error
    more = "where: indicator == 'EV99'\n    may_be_absent: true"
    assert _only(good, _one(tmp_path, more=more)).holds


@pytest.mark.parametrize("more", ["where: nothing_like_it > 1", "where: 'value >'", "compute: {gap: value - caveat}"])
def test_a_condition_that_cannot_be_computed_holds_nothing(good, tmp_path, more):
    assert "impossibles à choisir" in _only(good, _one(tmp_path, more=more)).error


def test_arguments_great_expectations_refuses_are_a_failure(good, tmp_path):
    suites = _one(tmp_path, "ExpectColumnValuesToBeBetween", "{column: value, least: 3}")
    assert "arguments" in _only(good, suites).error


def test_an_exception_inside_great_expectations_is_a_failure_without_its_message(tmp_path):
    canary = "jeanne.canari@exemple.fr"
    build(tmp_path / "c", f"UPDATE ind_events SET caveat = '{canary}'")
    suites = _one(tmp_path / "s", "ExpectColumnValuesToBeBetween", "{column: caveat, min_value: 3}")
    verdict = audit(tmp_path / "c", suites=suites)
    assert "échoué techniquement" in verdict.of("ind_events")[0].error
    assert canary not in verdict.to_json()


def test_an_exception_around_great_expectations_is_a_failure(good, monkeypatch):
    monkeypatch.setattr(questions, "open_context", lambda: 1 / 0)
    verdict = audit(good, datasets=["ind_quality"])
    assert {o.error for o in verdict.outcomes} == {"Le contrôle s’est interrompu (ZeroDivisionError)."}
    assert [(o.dataset, o.expectation_id) for o in verdict.outcomes] == [r for r in required() if r[0] == "ind_quality"]


def test_a_result_that_never_comes_is_a_failure(good, monkeypatch):
    monkeypatch.setattr(questions, "_ask", lambda *_: None)
    outcomes = {o.expectation_id: o for o in audit(good, datasets=["ind_quality"]).outcomes}
    assert "aucun résultat" in outcomes["coverage"].error and not outcomes["coverage"].holds


def test_a_directory_that_is_not_a_candidate_gives_a_verdict_of_failures(tmp_path):
    verdict = audit(tmp_path / "nowhere")
    assert [(o.dataset, o.expectation_id) for o in verdict.outcomes] == required()
    assert verdict.candidate_hash == "" and not any(o.holds for o in verdict.outcomes)


def test_suites_that_are_not_there_give_a_verdict_of_failures(good, tmp_path):
    verdict = audit(good, suites=tmp_path)
    assert [o.holds for o in verdict.outcomes] == [False]
    assert all(refusals(verdict, good).values())


def test_bytes_changed_after_the_seal_are_not_judged(tmp_path):
    import shutil

    build(tmp_path / "a")
    build(tmp_path / "b", "UPDATE ind_quality SET value = 0.5, numerator = 2.5")
    shutil.copy(tmp_path / "b/data/ind_quality.parquet", tmp_path / "a/data/ind_quality.parquet")
    verdict = audit(tmp_path / "a")
    assert not any(o.holds for o in verdict.of("ind_quality"))
    assert all(refusals(verdict, tmp_path / "a").values())


def test_a_table_without_a_suite_is_said(tmp_path):
    build(tmp_path, "CREATE TABLE ind_secret AS SELECT 1 AS value")
    assert [o.error for o in audit(tmp_path, datasets=[]).of("ind_secret")]


TEXTS = ("programme_id", "indicator", "breakdown", "member", "period", "unit", "obs_status", "conf_status", "caveat")
CONTACTS = ("jeanne.canari@exemple.fr", "06 12 34 56 78", "0612345678", "+33612345678")


@pytest.mark.parametrize("canary", [*CONTACTS, "Jeanne Canari"])
def test_no_person_reaches_the_verdict(tmp_path, canary):
    """Planted in every text cell of rows that fail. A name cannot be told from the words of a control's `detail`, which
    dbt writes from what has no identity; a contact can, and is planted there too."""
    planted = ", ".join(f"{name} = '{canary}'" for name in TEXTS)
    detail = f"lu : {canary}, écrit {canary}." if canary in CONTACTS else "lu"
    build(
        tmp_path,
        f"UPDATE ind_events SET {planted}, value = -1, n_with_data = 9 WHERE indicator IN ('EV06', 'EV07')",
        f"UPDATE ctl_events SET difference = 3, actual = 3, member = '{canary}', detail = '{detail}'",
    )
    verdict = audit(tmp_path, datasets=["ind_events"])
    failed = {o.expectation_id for o in verdict.outcomes if not o.holds}
    assert {"key_unique", "members_are_codes", "values_not_negative", "coverage", "months_add_up"} <= failed
    assert any("lu" in o.observed for o in verdict.outcomes)
    assert canary not in verdict.to_json()
    assert canary not in " ".join(refusals(verdict, tmp_path)["ind_events"])


def test_what_is_counted_is_named(tmp_path):
    """A control has a row per programme: they are no rows of the table."""
    build(tmp_path, "UPDATE ctl_events SET difference = 3 WHERE control = 'months_add_up'")
    outcomes = {o.expectation_id: o.observed for o in audit(tmp_path, datasets=["ind_events"]).of("ind_events")}
    assert outcomes["months_add_up"] == "2\u00a0programmes en défaut sur\u00a02."
    assert "lignes contrôlées" in outcomes["values_not_negative"].replace("\u00a0", " ")


def test_events_at_fault_are_named(tmp_path):
    """« Demander à l'organisateur » needs to know of which event."""
    build(
        tmp_path, "UPDATE ind_quality SET value = 0.5, numerator = 10 WHERE indicator = 'QU03' AND breakdown = 'event'"
    )
    outcomes = {o.expectation_id: o.observed for o in audit(tmp_path, datasets=["ind_quality"]).of("ind_quality")}
    assert outcomes["declared_near_signed"] == "1\u00a0ligne en défaut sur\u00a01\u202f; A."


def test_no_file_is_written_and_no_network_is_needed(good, tmp_path, monkeypatch):
    import socket

    before = {path: path.stat().st_mtime_ns for path in good.rglob("*")}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("a socket was opened"))
    audit(good, datasets=["ind_quality"])
    assert {path: path.stat().st_mtime_ns for path in good.rglob("*")} == before
    assert list(tmp_path.iterdir()) == []


def test_what_is_too_long_ends_with_a_whole_item_and_says_so():
    assert shortened("A1 (1), A2 (22), A3 (333)", 25) == "A1 (1), A2 (22), A3 (333)"
    assert shortened("A1 (1), A2 (22), A3 (333)", 22) == "A1 (1), A2 (22), …"
    assert shortened("abcdefghij", 6) == "abc, …"
