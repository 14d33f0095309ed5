"""The reference tables: complete, consistent, and giving the figures established by hand for 2023.

Expected figures were established by hand from the documents (EPCI of two regions, organisers of sixty events), never
copied from the output of the loader.
"""

import csv
import re
from pathlib import Path

import duckdb
import pytest

from sources import references
from sources.references import rebuild_territory
from sources.values.text import fold

HERE = Path(__file__).parent

EPCI_OF_REGION = """
    WITH share AS (
        SELECT epci_code, region_code, sum(population_in_epci) AS inhabitants
        FROM reference.commune WHERE kind = 'commune' AND epci_code IS NOT NULL GROUP BY ALL
    )
    SELECT epci_code, arg_max(region_code, inhabitants) AS majority_region, list(region_code) AS regions,
           sum(inhabitants) AS inhabitants
    FROM share GROUP BY epci_code
"""


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        references.load(connection)
        yield connection


def answer(con, sql, *parameters):
    return con.execute(sql, list(parameters)).fetchall()


def test_load_is_repeatable(con):
    before = answer(con, "SELECT count(*) FROM reference.commune")
    references.load(con)
    assert answer(con, "SELECT count(*) FROM reference.commune") == before


def test_tables_are_exactly_those_of_the_architecture(con):
    columns = {}
    for table, column in answer(
        con,
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'reference' ORDER BY table_name, ordinal_position",
    ):
        columns.setdefault(table, []).append(column)
    assert columns == {
        "region": ["code", "name", "chief_commune_code", "vintage"],
        "department": ["code", "name", "region_code", "vintage"],
        "epci": ["code", "name", "kind", "vintage"],
        "commune": [
            "code",
            "name",
            "name_key",
            "department_code",
            "region_code",
            "epci_code",
            "population",
            "population_in_epci",
            "kind",
            "parent_code",
            "vintage",
        ],
        "programme": [
            "programme_id",
            "title",
            "region_code",
            "year",
            "series",
            "theme_scheme",
            "territory_vintage",
            "audience",
            "caveat",
        ],
        "theme": ["scheme", "code", "label", "rank"],
        "organisation": ["organisation_id", "name", "kind", "siren", "network"],
        "organisation_alias": ["label_key", "programme_id", "organisation_id", "rank"],
        "legal_category": ["code", "label", "family", "perimeter", "note", "label_source", "status"],
        "activity_exclusion": ["code", "nomenclature", "label", "reason", "status"],
        "indicator": [
            "code",
            "dataset",
            "name_fr",
            "name_en",
            "unit",
            "formula",
            "grain",
            "denominator",
            "missing_rule",
            "approximate_rule",
            "rounding",
            "disclosure_rule",
            "practice",
        ],
        "observation_status": ["status", "printed_sign", "obs_status", "conf_status", "meaning"],
        "document_recount": ["programme_id", "indicator", "dimension", "member", "value", "relation", "source", "note"],
    }


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("region", "vintage, code"),
        ("department", "vintage, code"),
        ("epci", "vintage, code"),
        ("commune", "vintage, kind, code"),
        ("programme", "programme_id"),
        ("theme", "scheme, code"),
        ("organisation", "organisation_id"),
        ("organisation_alias", "label_key, programme_id, organisation_id"),
        ("organisation_alias", "label_key, programme_id, rank"),
        ("indicator", "code"),
        ("observation_status", "status"),
        ("document_recount", "programme_id, indicator, dimension, member"),
    ],
)
def test_keys_are_unique(con, table, key):
    assert answer(con, f"SELECT {key}, count(*) FROM reference.{table} GROUP BY ALL HAVING count(*) > 1") == []


@pytest.mark.parametrize(
    ("child", "column", "parent", "key"),
    [
        ("department", "region_code", "region", "code"),
        ("commune", "department_code", "department", "code"),
        ("commune", "region_code", "region", "code"),
        ("commune", "epci_code", "epci", "code"),
        ("commune", "parent_code", "commune", "code"),
        ("region", "chief_commune_code", "commune", "code"),
        ("programme", "region_code", "region", "code"),
        ("organisation_alias", "organisation_id", "organisation", "organisation_id"),
        ("organisation_alias", "programme_id", "programme", "programme_id"),
        ("document_recount", "programme_id", "programme", "programme_id"),
        ("theme", "scheme", "programme", "theme_scheme"),
    ],
)
def test_relations_hold(con, child, column, parent, key):
    only_current = " WHERE kind = 'commune'" if parent == "commune" else ""
    orphans = answer(
        con,
        f"SELECT DISTINCT {column} FROM reference.{child} WHERE {column} IS NOT NULL "
        f"AND {column} NOT IN (SELECT {key} FROM reference.{parent}{only_current})",
    )
    assert orphans == []


def test_name_keys_are_folded_names(con):
    wrong = [name for name, key in answer(con, "SELECT name, name_key FROM reference.commune") if fold(name) != key]
    assert wrong == []


def test_label_keys_are_folded_labels():
    for file_name in ("organisation_aliases.csv", "place_aliases.csv", "places_never_located.csv"):
        for row in references.rows(file_name):
            assert row["label_key"] == fold(row["label"]), row


@pytest.mark.parametrize(("region", "by_majority", "by_one_commune"), [("32", 90, 92), ("24", 79, 82)])
def test_epci_of_a_region(con, region, by_majority, by_one_commune):
    ((majority, any_commune),) = answer(
        con,
        f"SELECT count(*) FILTER (majority_region = $1), count(*) FILTER (list_contains(regions, $1)) "
        f"FROM ({EPCI_OF_REGION})",
        region,
    )
    assert (majority, any_commune) == (by_majority, by_one_commune)


def test_population_of_the_epci_of_hauts_de_france(con):
    ((inhabitants,),) = answer(con, f"SELECT sum(inhabitants) FROM ({EPCI_OF_REGION}) WHERE majority_region = '32'")
    assert inhabitants == 5_979_394


def test_population_of_the_epci_where_a_workshop_was_held(con):
    # the twelve EPCI of the sixteen communes of the 2023 workshops
    held_in = [
        "59632",
        "59183",
        "02691",
        "59606",
        "62498",
        "59350",
        "62589",
        "62119",
        "80021",
        "62193",
        "62146",
        "62609",
        "62753",
        "62041",
        "02722",
        "62765",
    ]
    ((epci, inhabitants),) = answer(
        con,
        f"SELECT count(*), sum(inhabitants) FROM ({EPCI_OF_REGION}) WHERE epci_code IN "
        "(SELECT epci_code FROM reference.commune WHERE kind = 'commune' AND list_contains($1, code))",
        held_in,
    )
    assert (epci, inhabitants) == (12, 2_871_156)


def test_hauts_de_france_has_five_departments(con):
    found = answer(con, "SELECT code FROM reference.department WHERE region_code = '32' ORDER BY code")
    assert [code for (code,) in found] == ["02", "59", "60", "62", "80"]


def test_kinds_of_communes(con):
    found = answer(con, "SELECT kind, count(*) FROM reference.commune WHERE vintage = 2023 GROUP BY kind ORDER BY kind")
    assert found == [("arrondissement", 45), ("associee", 492), ("commune", 35_039), ("deleguee", 2_081)]


def test_every_organiser_label_resolves_as_established_by_hand(con):
    """Whole label with its programme, whole label everywhere, then its parts: same organisations, same order."""
    aliases = {}
    for key, programme, organisation, _ in answer(con, "SELECT * FROM reference.organisation_alias ORDER BY rank"):
        aliases.setdefault((key, programme), []).append(organisation)

    def lookup(label, programme):
        return aliases.get((fold(label), programme)) or aliases.get((fold(label), None))

    with (HERE / "organiser_labels.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    assert len(expected) > 35
    for row in expected:
        programme, text = row["programme_id"], row["organiser_text"]
        found = lookup(text, programme)
        if found is None:
            found = [o for part in text.split(" / ") for o in lookup(part, programme)]
        assert found == row["organisation_ids"].split(";"), text


def test_thirty_eight_indicators_in_seven_datasets(con):
    found = dict(answer(con, "SELECT dataset, count(*) FROM reference.indicator GROUP BY dataset"))
    assert found == {
        "ind_events": 10,
        "ind_participation": 11,
        "ind_organisations": 3,
        "ind_participants": 2,
        "ind_territories": 4,
        "ind_satisfaction": 4,
        "ind_quality": 4,
    }


def test_every_cell_of_an_indicator_is_written_out(con):
    for row in references.rows("indicators.csv"):
        assert all(row.values()), row
        assert "idem" not in " ".join(row.values()).split(), row


def test_what_an_indicator_counts_is_said_in_words(con):
    """Staff read it under every table: no query, no code of another indicator."""
    for code, formula in con.execute("SELECT code, formula FROM reference.indicator").fetchall():
        assert not re.search(r"COUNT|DISTINCT|WHERE|Σ|_|\b[A-Z]{2}\d{2}\b", formula), (code, formula)


def test_recounts_that_no_row_can_give(con):
    found = answer(con, "SELECT programme_id, indicator, value, relation FROM reference.document_recount ORDER BY ALL")
    assert found == [
        ("AVISE-RNA-2024", "nb_accompagnatrices", 3.0, "enumerated"),
        ("CVL-CONCERT-2024", "nb_themes", 6.0, "enumerated"),
        ("CVL-CONCERT-2024", "periode", 6.0, "external"),
        ("CVL-CONF-2018", "echeance", 2020.0, "contradicts"),
        ("CVL-CONF-2018", "nb_axes", 4.0, "enumerated"),
        ("CVL-CONF-2018", "rang_conference", 2.0, "enumerated"),
        ("ERROL-CONSULT-2025", "nb_departements", 3.0, "enumerated"),
        ("ERROL-CONSULT-2025", "nb_participants", 11.0, "enumerated"),
        ("ERROL-CONSULT-2025", "nb_questions", 2.0, "enumerated"),
        ("HDF-CONF-2023", "nb_enjeux", 7.0, "enumerated"),
    ]


# --- rebuilding

PACKAGE = {
    "regions": [{"code": "32", "nom": "Hauts-de-France", "chefLieu": "59350"}],
    "departements": [{"code": "59", "nom": "Nord", "region": "32"}],
    "epci": [
        {
            "code": "200093201",
            "nom": "Métropole Européenne de Lille",
            "type": "METRO",
            "membres": [{"code": "59350", "populationMunicipale": 236_234}],
        }
    ],
    "communes": [
        {"code": "59355", "nom": "Lomme", "type": "commune-associee", "chefLieu": "59350", "departement": "59"},
        {"code": "59350", "nom": "Lille", "type": "commune-actuelle", "departement": "59", "population": 1},
    ],
}
for commune in PACKAGE["communes"]:
    commune["region"] = "32"
PACKAGE["communes"][1]["codesPostaux"] = ["59800", "59000"]


def test_rebuild_keeps_both_populations_and_gives_children_their_parent():
    rows = rebuild_territory.tables(PACKAGE, 2023)
    assert rows["commune"] == [
        ("59350", "Lille", "lille", "59", "32", "200093201", 1, 236_234, "commune", None, 2023),
        ("59355", "Lomme", "lomme", "59", "32", "200093201", None, None, "associee", "59350", 2023),
    ]
    assert rows["postcode"] == [("59000", "59350", 2023), ("59800", "59350", 2023)]


def test_rebuild_writes_the_same_bytes_twice(tmp_path):
    rows = rebuild_territory.tables(PACKAGE, 2023)
    for name in ("once", "twice"):
        rebuild_territory.write(rows, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "once").iterdir())
    assert files == ["commune.parquet", "department.parquet", "epci.parquet", "postcode.parquet", "region.parquet"]
    for name in files:
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "twice" / name).read_bytes()


def test_rebuild_stops_at_another_tarball(tmp_path, monkeypatch):
    (tmp_path / "package.tgz").write_bytes(b"something else")
    monkeypatch.setattr(rebuild_territory.subprocess, "run", lambda *_, **__: None)
    with pytest.raises(SystemExit, match="expected 225079c8"):
        rebuild_territory.fetch(*rebuild_territory.VINTAGES[2023], tmp_path)


def test_families_are_those_of_the_proposal(con):
    found = answer(con, "SELECT family, perimeter, count(*) FROM reference.legal_category GROUP BY ALL ORDER BY ALL")
    # 52 coopératives, 3 mutuelles, 6 associations, 1 fondation, 6 formes commerciales : BRIEF, part 2
    assert found == [
        ("association", "included", 6),
        ("cooperative", "included", 52),
        ("ess_company", "on_flag", 6),
        ("foundation", "included", 1),
        ("mutual", "included", 3),
        (None, "excluded", 9),
    ]
    assert answer(con, "SELECT count(*) FROM reference.legal_category WHERE code !~ '^\\d{4}$'") == [(0,)]
