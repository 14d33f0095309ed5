"""What moves a version, and that none is ever given twice."""

import pyarrow as pa
import pytest

from publication import versions
from publication.versions import MAJOR, MINOR, PATCH, definitions_of, next_version

DEFINITIONS = {"EV01": {"formula": "COUNT", "unit": "event", "name_fr": "Événements"}}


def table(*rows: tuple, column: str = "value") -> pa.Table:
    names = ("programme_id", "indicator", "period", column)
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


ONE = {"ind_events": table(("P1", "EV01", "2023", 36.0))}


def state(tables, indicators=DEFINITIONS):
    return definitions_of(tables, indicators), tables


def test_the_first_version():
    version = next_version([], None, state(ONE))
    assert (version.number, version.step, version.reasons) == ("1.0.0", "", ())
    assert version.sentence() == "Version 1.0.0, première version."


@pytest.mark.parametrize(
    ("now", "number", "step", "said"),
    [
        (state({"ind_events": table(("P1", "EV01", "2023", 35.0))}), "1.0.1", PATCH, ""),
        (state({"ind_events": table(("P1", "EV01", "2023", 36.0), ("P1", "EV01", "2024", 2.0))}), "1.1.0", MINOR, "2024"),
        (state({"ind_events": table(("P1", "EV01", "2023", 36.0), ("P2", "EV01", "2023", 2.0))}), "1.1.0", MINOR, "P2"),
        (state(ONE | {"ind_quality": table(("P1", "QU01", "2023", 1.0))}), "1.1.0", MINOR, "Qualité"),
        (state(ONE, {"EV01": {"formula": "COUNT DISTINCT", "unit": "event"}}), "2.0.0", MAJOR, "EV01"),
        (state({"ind_events": table(("P1", "EV01", "2023", "36"), column="valeur")}), "2.0.0", MAJOR, "colonnes"),
        (state({"ind_events": table(("P1", "EV04", "2023", 36.0))}, DEFINITIONS | {"EV04": {}}), "2.0.0", MAJOR, "EV01"),
        (state(ONE, {"EV01": {"formula": "COUNT", "unit": "event", "name_fr": "Événements tenus"}}), "1.0.1", PATCH, ""),
    ],
)  # fmt: skip
def test_what_moves_it(now, number, step, said):
    version = next_version(["1.0.0"], state(ONE), now)
    assert (version.number, version.step) == (number, step)
    assert said in version.sentence() and bool(said) == bool(version.reasons)


def test_a_version_is_never_given_twice():
    """1.1.0 was rolled back from: what follows 1.0.0 again comes after it."""
    revised = state({"ind_events": table(("P1", "EV01", "2023", 35.0))})
    assert next_version(["1.0.0", "1.1.0"], state(ONE), revised).number == "1.1.1"
    assert next_version(["1.9.0", "1.10.0"], state(ONE), revised).number == "1.10.1"
    assert next_version([""], ({}, {}), state(ONE)).number == "1.1.0", "releases made before versions count as 1.0.0"


def test_a_table_withheld_for_a_night_changes_no_definition():
    both = ONE | {"ind_quality": table(("P1", "QU01", "2023", 1.0))}
    assert next_version(["1.0.0"], state(both), state(ONE)).step == PATCH


def test_words_of_a_document_have_no_definition():
    found = definitions_of({"ind_reconciliation": table(("P1", "nb_evenements", "2023", 1.0))}, DEFINITIONS)
    assert list(found["ind_reconciliation"]) == [versions.COLUMNS]
