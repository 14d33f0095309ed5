"""The verdict: it opens the door only for the bytes it judged, under the suites on disk, when everything ran."""

import json
import shutil
from dataclasses import replace

import pytest
from example import build, required

from expectations import SuiteError, Verdict, candidate_hash, refusals, seal, suites_hash
from expectations.suite import SUITES, read_suites
from expectations.verdict import Outcome, tally


@pytest.fixture(scope="module")
def candidate(tmp_path_factory):
    directory = tmp_path_factory.mktemp("candidate")
    build(directory)
    return directory


@pytest.fixture(scope="module")
def clean(candidate):
    """A verdict as the audit writes it when everything holds."""
    severities = {(s.dataset, e.id): e.severity for s in read_suites() for e in s.expectations}
    outcomes = tuple(Outcome(d, e, severities[d, e], True, 10) for d, e in required())
    return Verdict(candidate_hash(candidate), suites_hash(), "2024-02-06T04:30:00+00:00", outcomes)


def _with(verdict, dataset, expectation_id, **changes):
    outcomes = tuple(
        replace(o, **changes) if (o.dataset, o.expectation_id) == (dataset, expectation_id) else o
        for o in verdict.outcomes
    )
    assert outcomes != verdict.outcomes
    return replace(verdict, outcomes=outcomes)


def test_a_clean_verdict_opens_every_dataset(clean, candidate):
    assert refusals(clean, candidate) == {suite.dataset: [] for suite in read_suites()}


def test_it_survives_its_json(clean):
    spoilt = _with(clean, "ind_events", "coverage", success=False, failing_keys=({"indicator": "EV01"},), error="é")
    assert Verdict.from_json(spoilt.to_json()) == spoilt


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"outcomes": 1}', '{"outcomes": [], "more": 1}', "nul"])
def test_anything_else_is_not_a_verdict(text):
    with pytest.raises(ValueError):
        Verdict.from_json(text)


@pytest.mark.parametrize("change", [{"success": "true"}, {"success": 1}, {"rows": "5"}, {"rows": True}])
def test_a_truth_that_is_not_one_is_refused(clean, change):
    record = json.loads(clean.to_json())
    record["outcomes"][0].update(change)
    with pytest.raises(ValueError):
        Verdict.from_json(json.dumps(record))


@pytest.mark.parametrize("what", ["candidate_hash", "suites_hash", "audited_at"])
def test_a_hash_that_is_none_is_refused(clean, what):
    with pytest.raises(ValueError):
        Verdict.from_json(json.dumps(json.loads(clean.to_json()) | {what: None}))


def test_what_could_not_be_judged_is_told_by_its_name_when_it_is_alone(clean, candidate):
    error = "Un contrôle n’a pas donné de résultat (1 cas)."
    alone = _with(clean, "ind_events", "coverage", success=None, error=error)
    (reason,) = refusals(alone, candidate)["ind_events"]
    assert reason.replace("\u00a0", " ") == f"Le contrôle « coverage » n’a pas pu conclure : {error}"
    two = _with(alone, "ind_events", "columns", success=None, error=error.replace("(1", "(2"))
    (reason,) = refusals(two, candidate)["ind_events"]
    assert reason.replace("\u00a0", " ") == "2 contrôles n’ont pas pu conclure : Un contrôle n’a pas donné de résultat."


def test_the_verdict_of_another_candidate_is_refused(clean, tmp_path):
    build(tmp_path, "UPDATE ind_events SET caveat = 'Autre.' WHERE indicator = 'EV01'")
    reasons = refusals(clean, tmp_path)["ind_events"]
    assert len(reasons) == 1 and "d’autres fichiers" in reasons[0]


def test_a_candidate_changed_after_the_audit_is_refused(clean, candidate, tmp_path):
    shutil.copytree(candidate, tmp_path / "c")
    with (tmp_path / "c/data/ind_quality.parquet").open("ab") as file:
        file.write(b" ")
    # all datasets: the warehouse that would ship beside them is no longer known to be theirs
    assert all(refusals(clean, tmp_path / "c").values())


def test_a_warehouse_reopened_for_writing_is_refused(clean, candidate, tmp_path):
    shutil.copytree(candidate, tmp_path / "c")
    (tmp_path / "c/warehouse.duckdb.wal").write_bytes(b"")
    assert refusals(clean, tmp_path / "c")["ind_events"]


def test_a_candidate_never_sealed_is_refused(clean, tmp_path):
    assert refusals(clean, tmp_path)["ind_events"]
    assert refusals(replace(clean, candidate_hash=""), tmp_path)["ind_events"]


def test_suites_that_changed_since_the_audit_are_refused(clean, candidate, tmp_path):
    shutil.copytree(SUITES, tmp_path / "suites")
    with (tmp_path / "suites/ind_events.yml").open("a") as file:
        file.write("# changed\n")
    assert "ont changé" in refusals(clean, candidate, tmp_path / "suites")["ind_events"][0]


def test_unreadable_suites_refuse_everything(clean, candidate, tmp_path):
    (tmp_path / "ind_events.yml").write_text("dataset: ind_events")
    assert all(refusals(clean, candidate, suites=tmp_path).values())
    with pytest.raises(SuiteError):
        read_suites(tmp_path)


def test_a_required_expectation_that_did_not_run_is_refused(clean, candidate):
    gone = replace(clean, outcomes=tuple(o for o in clean.outcomes if o.expectation_id != "no_outlier"))
    assert "no_outlier" in refusals(gone, candidate)["ind_participation"][0]
    assert refusals(gone, candidate)["ind_events"] == []


def test_a_verdict_of_nothing_refuses_everything(clean, candidate):
    assert all(refusals(replace(clean, outcomes=()), candidate).values())


@pytest.mark.parametrize(
    "change", [{"success": False}, {"rows": 0}, {"error": "Le contrôle a échoué techniquement."}, {"success": None}]
)
def test_a_bloquant_that_does_not_hold_is_refused(clean, candidate, change):
    spoilt = _with(clean, "ind_events", "coverage", **change)
    assert refusals(spoilt, candidate)["ind_events"]
    assert spoilt.blocking("ind_events") and not spoilt.reserves("ind_events")
    assert not refusals(spoilt, candidate)["ind_quality"]


def test_a_reservation_is_published_with_the_table(clean, candidate):
    spoilt = _with(clean, "ind_participation", "no_outlier", success=False)
    assert refusals(spoilt, candidate)["ind_participation"] == []
    assert [o.expectation_id for o in spoilt.reserves("ind_participation")] == ["no_outlier"]
    assert spoilt.blocking("ind_participation") == ()


@pytest.mark.parametrize("change", [{"error": "Le contrôle a échoué techniquement."}, {"rows": 0}])
def test_a_reservation_that_could_not_be_judged_is_refused(clean, candidate, change):
    spoilt = _with(clean, "ind_participation", "no_outlier", success=False, **change)
    assert refusals(spoilt, candidate)["ind_participation"]
    assert spoilt.blocking("ind_participation")


def test_a_severity_weakened_in_the_verdict_changes_nothing(clean, candidate):
    forged = _with(clean, "ind_events", "coverage", success=False, severity="reserve")
    assert refusals(forged, candidate)["ind_events"]


def test_a_second_outcome_does_not_hide_the_first(clean, candidate):
    failed = next(o for o in clean.outcomes if o.expectation_id == "coverage" and o.dataset == "ind_events")
    forged = replace(clean, outcomes=(replace(failed, success=False), *clean.outcomes))
    assert refusals(forged, candidate)["ind_events"]


def test_an_outcome_no_suite_asked_for_is_refused(clean, candidate):
    forged = replace(clean, outcomes=(*clean.outcomes, Outcome("ind_events", "invented", "reserve", True, 1)))
    assert refusals(forged, candidate)["ind_events"]


def test_a_table_without_a_suite_is_refused(clean, tmp_path):
    build(tmp_path, "CREATE TABLE ind_secret AS SELECT 1 AS value")
    verdict = replace(clean, candidate_hash=candidate_hash(tmp_path))
    assert refusals(verdict, tmp_path)["ind_secret"] == ["Aucune règle de contrôle n’existe pour ce tableau."]
    assert refusals(verdict, tmp_path)["ind_events"] == []


def test_a_suite_without_a_table_is_refused(clean, tmp_path):
    build(tmp_path, "DROP TABLE ind_quality")
    verdict = replace(clean, candidate_hash=seal(tmp_path, {"models": {}}))
    assert "absent" in refusals(verdict, tmp_path)["ind_quality"][0]


def test_the_package_and_the_verdict_load_without_pandas(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys, expectations, expectations.verdict, expectations.candidate;"
        "heavy = {'pandas', 'duckdb', 'great_expectations', 'pyarrow', 'pydantic'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SUITES.parent.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_checks_are_counted_by_what_they_do_to_a_table():
    outcomes = [Outcome("ind_events", "a", severity, False, 1) for severity in ("bloquant", "reserve", "reserve")]
    assert tally(outcomes) == "3 menés ; non satisfaits : 1 bloquant, 2 réserves"
    could_not_judge = replace(outcomes[1], error="Il manque une colonne.")
    assert tally([could_not_judge]) == "1 mené ; non satisfaits : 1 bloquant, 0 réserve"
