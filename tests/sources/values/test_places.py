"""Places: the labels of the documents, the names in use, every refusal with its sentence, every commune of France."""

import csv
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import references
from sources.values.departments import ALL
from sources.values.places import Commune, Gazetteer, Place
from sources.values.refusal import Refused

with (Path(__file__).parent / "place_labels.csv").open(encoding="utf-8", newline="") as file:
    LABELS = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def gazetteer():
    return references.gazetteer()


def in_person(commune, department, region):
    return Place(commune, department, region, "located", "in_person", "inferred")


@pytest.mark.parametrize("row", LABELS, ids=lambda row: row["label"])
def test_the_labels_of_the_documents(gazetteer, row):
    found = gazetteer.locate(row["label"], department=row["department_code"] or None)
    assert (found.commune_code, found.status, found.modality) == (row["commune_code"], "located", "in_person")


@pytest.mark.parametrize(
    ("label", "department", "region", "expected"),
    [
        ("WALLERS", "59", "32", in_person("59632", "59", "32")),
        ("WALLERS (59)", None, None, in_person("59632", "59", "32")),
        ("MONT-ST-ÉLOI", "62", "32", in_person("62589", "62", "32")),
        ("Cepoy (Loiret)", None, "24", in_person("45061", "45", "24")),
        ("Saint Paterne Racan (Indre-et-Loire)", None, "24", in_person("37231", "37", "24")),
        ("Orléans", None, "24", in_person("45234", "45", "24")),
        ("Paris", None, "11", in_person("75056", "75", "11")),
        ("Saint-Omer", None, "32", in_person("62765", "62", "32")),
        ("Lille", ALL, "32", in_person("59350", "59", "32")),
        # other ways of writing the department
        ("59000 Lille", None, None, in_person("59350", "59", "32")),
        ("59000 Lille", "59", None, in_person("59350", "59", "32")),
        ("62500 Saint-Omer", None, None, in_person("62765", "62", "32")),
        ("Lille (59800)", None, None, in_person("59350", "59", "32")),
        ("Lille 59", None, None, in_person("59350", "59", "32")),
        ("Lille Cedex 9", "59", None, in_person("59350", "59", "32")),
        ("59033 Lille Cedex", None, None, in_person("59350", "59", "32")),
        ("20000 Ajaccio", None, None, in_person("2A004", "2A", "94")),
        ("Lille (SIILAB)", "59", "32", in_person("59350", "59", "32")),
        # names in use, and parts of communes
        ("St Ouen (93)", None, None, in_person("93070", "93", "11")),
        ("Templeuve", "59", None, in_person("59586", "59", "32")),
        ("Hellemmes", "59", None, in_person("59350", "59", "32")),
        ("Lomme", "59", None, in_person("59350", "59", "32")),
        ("La Roche-Derrien", "22", None, in_person("22264", "22", "53")),
        ("Paris 20e", None, None, in_person("75056", "75", "11")),
        ("Lyon 8", None, None, in_person("69123", "69", "84")),
        ("Marseille 1er arrondissement", None, None, in_person("13055", "13", "93")),
        # online, both, neither
        ("EN VISIO", ALL, "32", Place(None, None, "32", "online", "online", "stated")),
        ("EN VISIO", "59", "32", Place(None, None, "32", "online", "online", "stated")),
        ("visioconférence", None, None, Place(None, None, None, "online", "online", "stated")),
        ("en ligne (Zoom)", None, "32", Place(None, None, "32", "online", "online", "stated")),
        ("Distanciel", None, "32", Place(None, None, "32", "online", "online", "stated")),
        ("Lille et en visio", "59", "32", Place("59350", "59", "32", "located", "hybrid", "stated")),
        ("Lille (hybride)", "59", "32", Place("59350", "59", "32", "located", "hybrid", "stated")),
        ("Lille, en présentiel", "59", "32", Place("59350", "59", "32", "located", "in_person", "stated")),
        ("en présentiel", None, "32", Place(None, None, "32", "unknown", "in_person", "stated")),
        ("", None, "32", Place(region_code="32")),
        (None, None, None, Place()),
        ("à définir", ALL, "32", Place(region_code="32")),
        ("", "59", "32", Place(None, "59", "32", "located", "unknown", "missing")),
        ("!", "59", "32", Place(None, "59", "32", "located", "unknown", "missing")),
    ],
)
def test_places(gazetteer, label, department, region, expected):
    assert gazetteer.locate(label, department=department, region=region) == expected


@pytest.mark.parametrize(
    ("label", "department", "region", "rule", "message"),
    [
        (
            "Wallerss",
            "59",
            None,
            "commune_inconnue",
            "« Wallerss » n'est pas une commune connue dans le département Nord (59). Vouliez-vous dire Wallers ? "
            "Écrivez le seul nom de la commune, « en visio », ou laissez la cellule vide.",
        ),
        (
            "Hôtel de ville, Lille",
            "59",
            None,
            "commune_inconnue",
            "« Hôtel de ville, Lille » n'est pas une commune connue dans le département Nord (59). Vouliez-vous dire "
            "Lille ? Écrivez le seul nom de la commune, « en visio », ou laissez la cellule vide.",
        ),
        (
            "Atlantis",
            None,
            None,
            "commune_inconnue",
            "« Atlantis » n'est pas une commune connue. Écrivez le seul nom de la commune, « en visio », ou laissez la "
            "cellule vide.",
        ),
        (
            "LENS",
            "59",
            None,
            "departement_contradictoire",
            "« LENS » n'est pas une commune du département Nord (59) ; ce nom existe dans : Pas-de-Calais (62). "
            "Corrigez la commune ou le département.",
        ),
        (
            "LENS (62)",
            "59",
            None,
            "departement_contradictoire",
            "« LENS (62) » porte le département Pas-de-Calais (62), mais la colonne du département dit Nord (59). "
            "Corrigez l'un des deux.",
        ),
        (
            "59000 Arras",
            None,
            None,
            "departement_contradictoire",
            "« 59000 Arras » n'est pas une commune du département Nord (59) ; ce nom existe dans : Pas-de-Calais (62). "
            "Corrigez la commune ou le département.",
        ),
        (
            "62033 Lille Cedex",
            None,
            None,
            "departement_contradictoire",
            "« 62033 Lille Cedex » n'est pas une commune du département Pas-de-Calais (62) ; ce nom existe dans : Nord (59). "
            "Corrigez la commune ou le département.",
        ),
        (
            "",
            "59",
            "24",
            "region_contradictoire",
            "« département 59 » est en région Hauts-de-France, pas en région Centre-Val de Loire. Corrigez le lieu ou la "
            "région, ou écrivez le département entre parenthèses.",
        ),
        (
            "Saint-Omer",
            None,
            "24",
            "commune_ambigue",
            "« Saint-Omer » est le nom de plusieurs communes : Calvados (14), Pas-de-Calais (62). Écrivez le numéro du "
            "département entre parenthèses.",
        ),
        (
            "Saint-Omer",
            None,
            None,
            "commune_ambigue",
            "« Saint-Omer » est le nom de plusieurs communes : Calvados (14), Pas-de-Calais (62). Écrivez le numéro du "
            "département entre parenthèses.",
        ),
        (
            "Arras",
            "62",
            "24",
            "region_contradictoire",
            "« Arras » est en région Hauts-de-France, pas en région Centre-Val de Loire. Corrigez le lieu ou la "
            "région, ou écrivez le département entre parenthèses.",
        ),
        (
            "Le Pont des Âges de Malakoff",
            None,
            "24",
            "lieu_non_localisable",
            "« Le Pont des Âges de Malakoff » est le nom d'une structure, pas d'une commune. Écrivez la commune où "
            "l'événement a eu lieu.",
        ),
        (
            "Lille (99)",
            None,
            None,
            "departement_inconnu",
            "« 99 » : il n'y a pas de département 99. Écrivez son numéro (59) ou son nom (Nord).",
        ),
    ],
)
def test_refusals(gazetteer, label, department, region, rule, message):
    with pytest.raises(Refused) as refusal:
        gazetteer.locate(label, department=department, region=region)
    assert (refusal.value.rule, refusal.value.message) == (rule, message)


@given(label=st.text(max_size=40), department=st.sampled_from([None, ALL, "59", "2A"]))
def test_any_text_gives_a_place_or_a_refusal(gazetteer, label, department):
    try:
        found = gazetteer.locate(label, department=department)
    except Refused as refusal:
        assert refusal.message.endswith(".")
    else:
        assert found.status in ("located", "online", "unknown")


@pytest.mark.nights
def test_every_commune_is_found_by_its_name_and_department(gazetteer):
    """All 35,039: no official name is taken for a modality, a department, an arrondissement or a remark."""
    lost = []
    for commune in gazetteer.communes():
        found = gazetteer.locate(commune.name, department=commune.department_code)
        if (found.commune_code, found.modality_basis) != (commune.code, "inferred"):
            lost.append((commune.name, commune.code, found))
    assert lost == []


def test_building_is_quick():
    started = time.process_time()
    references.gazetteer()
    assert time.process_time() - started < 1  # 0.27 s measured


def test_a_commune_wins_over_a_part_of_another_with_the_same_name():
    gazetteer = Gazetteer(
        [
            Commune("01001", "Bourg", "bourg", "01", "84", "commune", None),
            Commune("01002", "Val", "val", "01", "84", "commune", None),
            Commune("01003", "Bourg", "bourg", "01", "84", "deleguee", "01002"),
            Commune("01004", "Hameau", "hameau", "01", "84", "deleguee", "01001"),
            Commune("01005", "Hameau", "hameau", "01", "84", "deleguee", "01002"),
        ]
    )
    assert gazetteer.locate("Bourg", department="01").commune_code == "01001"
    with pytest.raises(Refused, match=r"plusieurs communes : Bourg \(01001\), Val \(01002\)"):
        gazetteer.locate("Hameau", department="01")
    assert [commune.code for commune in gazetteer.communes()] == ["01001", "01002"]


def test_the_postcode_tells_two_communes_of_one_name_and_department_apart():
    communes = [Commune(code, "Bourg", "bourg", "01", "84", "commune", None) for code in ("01001", "01006")]
    gazetteer = Gazetteer(communes, postcodes={"01200": {"01006"}, "01000": {"01001"}})
    assert gazetteer.locate("01200 Bourg").commune_code == "01006"
    with pytest.raises(Refused, match="plusieurs communes"):
        gazetteer.locate("01900 Bourg")
