"""Every expectation of every suite can fail: one spoilt cell or row of the example, and exactly that verdict flips."""

import re
from pathlib import Path

import duckdb
import pytest
from example import T, build, required
from spoils import SPOILS

from expectations import audit, read_suites, seal
from expectations.suite import SUITES

SUITE = {suite.dataset: {e.id: e for e in suite.expectations} for suite in read_suites()}


def test_every_expectation_has_its_twin_and_every_twin_its_expectation():
    assert sorted(SPOILS) == sorted(required())


@pytest.fixture(scope="module", params=sorted(SUITE))
def spoilt_programmes(request, tmp_path_factory):
    """(dataset, verdict): beside the example, one copy of its programme per spoil, named by the expectation spoilt."""
    dataset, directory = request.param, tmp_path_factory.mktemp("spoilt")
    build(directory)
    tables = (dataset, dataset.replace("ind_", "ctl_"))
    with duckdb.connect(str(directory / "warehouse.duckdb"), config={"fsync_mode": "NONE"}) as connection:
        for (_, name), spoil in ((key, s) for key, s in SPOILS.items() if key[0] == dataset and not s.alone):
            connection.execute("CREATE SCHEMA apart")
            for table in tables:
                connection.execute(
                    f"CREATE TABLE apart.{table} AS SELECT * REPLACE ('{name}' AS programme_id) FROM main.{table} "
                    f"WHERE programme_id = '{T}' OR programme_id IS NULL"
                )
            connection.execute("USE apart")
            connection.execute(spoil.sql)
            connection.execute("USE main")
            for table in tables:
                connection.execute(f"INSERT INTO main.{table} SELECT * FROM apart.{table}")
            connection.execute("DROP SCHEMA apart CASCADE")
        connection.execute("CHECKPOINT")
    seal(directory, {"models": {}})
    return dataset, audit(directory, datasets=[dataset])


@pytest.mark.nights
def test_each_spoil_makes_exactly_its_expectation_fail(spoilt_programmes):
    dataset, verdict = spoilt_programmes
    found = {o.expectation_id: {key["programme_id"] for key in o.failing_keys} for o in verdict.outcomes}
    expected = {name: set() for name in SUITE[dataset]}
    for (of, name), spoil in SPOILS.items():
        for failing in (name, *spoil.also) if of == dataset and not spoil.alone else ():
            expected[failing].add(name)
    assert found == expected
    for outcome in verdict.outcomes:
        # judged and found false: a spoil that only breaks the machinery proves nothing
        assert outcome.error == ""
        assert outcome.success is not bool(expected[outcome.expectation_id])


@pytest.mark.nights
def test_failures_hold_back_by_their_severity(spoilt_programmes):
    dataset, verdict = spoilt_programmes
    for held_back, severity in ((verdict.blocking(dataset), "bloquant"), (verdict.reserves(dataset), "reserve")):
        failed = {o.expectation_id for o in verdict.of(dataset) if not o.holds}
        assert {o.expectation_id for o in held_back} == {n for n in failed if SUITE[dataset][n].severity == severity}


@pytest.mark.parametrize(("dataset", "expectation_id"), sorted(key for key, spoil in SPOILS.items() if spoil.alone))
def test_a_spoilt_table_makes_exactly_its_expectation_fail(tmp_path, dataset, expectation_id):
    build(tmp_path, SPOILS[dataset, expectation_id].sql)
    verdict = audit(tmp_path, datasets=[dataset])
    failed = [o for o in verdict.outcomes if not o.holds]
    assert [(o.expectation_id, o.error) for o in failed] == [(expectation_id, "")]
    assert failed[0].observed and verdict.blocking(dataset) == tuple(failed)


def test_suites_judge_every_control_that_dbt_counts_and_no_other():
    """Read in the text of the models: a control nobody judges, or a judged control nobody counts, is a hole."""
    project = Path(SUITES).parents[1] / "dbt_project"
    macros = (project / "macros/controls.sql").read_text(encoding="utf-8")
    inside = {
        name: set(re.findall(r"'(\w+)' as control", body))
        for name, body in re.findall(r"{% macro (ctl_\w+)\(.*?%}(.*?){%-? endmacro %}", macros, re.S)
    }
    for suite in read_suites():
        model = (project / f"models/controls/{suite.dataset.replace('ind_', 'ctl_')}.sql").read_text(encoding="utf-8")
        counted = set(re.findall(r"'(\w+)' as control", model)) | set(re.findall(r"ctl_members_add_up\('(\w+)'", model))
        for name in re.findall(r"\b(ctl_\w+)\(", model):
            counted |= inside.get(name, set())
        for several in re.findall(r"for control, .*? in \[(.*?)\] %}", model, re.S):
            counted |= set(re.findall(r"\('(\w+)'", several))
        conditions = " ".join(e.where or "" for e in suite.expectations if e.on == "control")
        judged = set(re.findall(r"control == '(\w+)'", conditions))
        for several in re.findall(r"control in \[(.*?)\]", conditions):
            judged |= set(re.findall(r"'(\w+)'", several))
        assert judged == counted, suite.dataset
