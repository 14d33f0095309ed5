"""A value read from several cells is refused for the one that is wrong: its field, its cell, its text; a correction typed for it goes there."""

import duckdb
import pytest

from tests.sources.deliveries import land, programme, raw

EVENTS = "Référence;Programme;Statut;Intitulé;Thèmes;Lieu;Région;Format;Compte dans le programme"


def refused(tmp_path, line: str) -> list[tuple]:
    raw(tmp_path, "evenements_ess", "a.csv", f"{EVENTS}\n{line}\n".encode())
    (report,) = land(tmp_path, "evenements_ess")
    return found(tmp_path, report)


def found(tmp_path, report) -> list[tuple]:
    path = f"{tmp_path}/landing/quarantine/{report.source}__{report.delivery_id}.parquet"
    return duckdb.sql(f"select cell, field, rule, value from '{path}' order by field").fetchall()


def test_a_department_that_is_none_is_refused_in_its_own_cell(tmp_path):
    programme(tmp_path, [[1, "UDES", "T", None, 5900, "ARMENTIÈRES", "6 avril", 5]])
    (report,) = land(tmp_path)
    assert found(tmp_path, report) == [("E5", "department", "departement_inconnu", "5900")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("E1;HDF-CONF-2023;tenu;T;;ARRAS;;sur la lune;oui", [("H2", "format", "mot_inconnu", "sur la lune")]),
        ("E1;HDF-CONF-2023;tenu;T;;ARRAS;Picardy;;oui", [("G2", "region", "region_inconnue", "Picardy")]),
        # both cells are right, and contradict each other: the place is the one that is refused
        ("E1;HDF-CONF-2023;tenu;T;;ARRAS;Bretagne;;oui", [("F2", "place", "region_contradictoire", "ARRAS")]),
    ],
)
def test_region_and_format_are_refused_in_their_own_cells(tmp_path, line, expected):
    assert refused(tmp_path, line) == expected


@pytest.mark.parametrize(("typed", "rule"), [("HDF-CONF-2031", "programme_inconnu"), ("", "valeur_manquante")])
def test_themes_are_not_refused_beside_a_programme_that_is(tmp_path, typed, rule):
    rows = refused(tmp_path, f"E1;{typed};tenu;T;TRANSITION LUNAIRE;ARRAS;;;oui")
    assert [(cell, field, found_rule) for cell, field, found_rule, _ in rows] == [("B2", "programme", rule)]


def test_themes_are_refused_again_once_the_programme_is_right(tmp_path):
    rows = refused(tmp_path, "E1;HDF-CONF-2023;tenu;T;TRANSITION LUNAIRE;ARRAS;;;oui")
    assert rows == [("E2", "themes", "theme_inconnu", "TRANSITION LUNAIRE")]
