"""The grammar of suites: anything it does not know is refused before anything runs."""

import re

import pytest

from expectations.french import spaced
from expectations.suite import CLASSES, SuiteError, read_suite, read_suites, suites_hash

GOOD = """
dataset: ind_x
expectations:
  - id: indicator_present
    expectation: ExpectColumnValuesToNotBeNull
    kwargs: {column: indicator}
    severity: bloquant
    why: Chaque ligne dit ce qu’elle compte.
    what_to_do: Corriger le modèle.
"""


def _write(directory, text, name="ind_x.yml"):
    (directory / name).write_text(text, encoding="utf-8")
    return directory / name


def test_a_good_suite_is_read(tmp_path):
    suite = read_suite(_write(tmp_path, GOOD))
    assert [(e.id, e.on, e.severity) for e in suite.expectations] == [("indicator_present", "data", "bloquant")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("dataset: ind_x", "dataset: ind_x\nnote: a"), "note"),
        (("    severity", "    mostly: 0.9\n    severity"), "mostly"),
        (("{column: indicator}", "{column: indicator, mostly: 0.9}"), "mostly"),
        (("ExpectColumnValuesToNotBeNull", "ExpectColumnValuesToNotBeNul"), "attente inconnue"),
        (("severity: bloquant", "severity: warning"), "severity"),
        (("severity: bloquant", "severity: reserve"), "au moins une attente"),
        (("    why: Chaque ligne dit ce qu’elle compte.\n", ""), "why"),
        (("what_to_do: Corriger le modèle.", "what_to_do: ''"), "what_to_do"),
        (("dataset: ind_x", "dataset: ind_y"), "ind_y"),
        (("id: indicator_present", "id: Indicator present"), "id"),
        (("dataset: ind_x", "dataset: ind_x\ninclude: [nowhere]"), "nowhere"),
        (("severity: bloquant", "on: warehouse\n    severity: bloquant"), "on"),
        (("dataset: ind_x", "- a"), "ind_x.yml"),
    ],
)
def test_a_departure_is_refused_and_named(tmp_path, change, said):
    assert change[0] in GOOD
    with pytest.raises(SuiteError, match=said):
        read_suite(_write(tmp_path, GOOD.replace(*change)))


def test_an_id_used_twice_is_refused(tmp_path):
    entry = GOOD.split("expectations:\n")[1]
    with pytest.raises(SuiteError, match="portent le même id"):
        read_suite(_write(tmp_path, GOOD + entry))


def test_an_id_already_used_by_an_included_file_is_refused(tmp_path):
    (tmp_path / "shared").mkdir()
    _write(tmp_path / "shared", "expectations:" + GOOD.split("expectations:")[1], "same.yml")
    with pytest.raises(SuiteError, match="portent le même id"):
        read_suite(_write(tmp_path, GOOD.replace("dataset: ind_x", "dataset: ind_x\ninclude: [same]")))


@pytest.mark.parametrize("text", ["dataset: ind_x\nexpectations: []\n", "dataset: ind_x\n", "", "{"])
def test_an_empty_suite_is_refused(tmp_path, text):
    with pytest.raises(SuiteError):
        read_suite(_write(tmp_path, text))


def test_no_suite_at_all_is_refused(tmp_path):
    with pytest.raises(SuiteError):
        read_suites(tmp_path)


def test_the_hash_changes_with_any_suite_or_shared_file(tmp_path):
    (tmp_path / "shared").mkdir()
    _write(tmp_path, GOOD)
    first = suites_hash(tmp_path)
    _write(tmp_path, GOOD + "# a comment\n")
    second = suites_hash(tmp_path)
    _write(tmp_path / "shared", "expectations: []", "more.yml")
    assert len({first, second, suites_hash(tmp_path)}) == 3


def test_the_suites_of_the_observatory_cover_its_datasets():
    names = {suite.dataset for suite in read_suites()}
    assert names == {
        "ind_events",
        "ind_organisations",
        "ind_participants",
        "ind_participation",
        "ind_quality",
        "ind_reconciliation",
        "ind_satisfaction",
        "ind_territories",
    }


def test_sentences_for_staff_are_french_sentences():
    for suite in read_suites():
        for e in suite.expectations:
            for text in (e.why, e.what_to_do):
                assert text.endswith("."), (suite.dataset, e.id)
                assert "'" not in text and '"' not in text, (suite.dataset, e.id)
                assert not re.search(r" [;:?!%»]|« ", text), (suite.dataset, e.id)


def test_spaces_that_must_not_break_are_set():
    assert spaced("« mot » : 1 055 ; 14 % à 10:30 ?") == (
        "«\u00a0mot\u00a0»\u00a0: 1\u202f055\u202f; 14\u202f% à 10:30\u202f?"
    )


@pytest.mark.nights
def test_the_classes_known_exist_in_great_expectations():
    import great_expectations.expectations as gxe

    assert [name for name in CLASSES if not hasattr(gxe, name)] == []
