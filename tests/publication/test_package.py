"""The descriptions of a release say what its files are: the same columns, sizes and digests, nothing invented."""

import csv
import hashlib
import json
import re
import shutil

import hand_made
import pyarrow as pa
import pytest
from hand_made import Desk

from publication import package, releases
from publication.package import dcat, registry
from publication.wording import plain_letters


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    home = tmp_path_factory.mktemp("package")
    return Desk(home / "desk", home / "stock").night()


def read(release, name: str) -> dict:
    return json.loads((release.public / name).read_text(encoding="utf-8"))


def header(release, path: str) -> list[str]:
    with (release.public / path).open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def writable(release, tmp_path):
    """A copy of the public files that a test may spoil."""
    copy = tmp_path / "public"
    shutil.copytree(release.public, copy, copy_function=shutil.copyfile)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


def test_every_form_is_in_the_release_and_in_its_sums(release):
    listed = (release.public / "SHA256SUMS").read_text()
    for name in package.FILES:
        assert (release.public / name).is_file() and f"  {name}\n" in listed


def test_the_package_is_valid_and_so_are_its_data(release):
    from frictionless import Package

    report = Package(str(release.public / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "message"])
    assert len(report.tasks) == 2 * len(hand_made.CONTENT), "CSV and Parquet"


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda text: text.replace(",36,", ",trente-six,", 1), "type-error"),
        (lambda text: text.replace("member", "modalité", 1), "incorrect-label"),
        (lambda text: text + text.splitlines()[1] + "\n", "primary-key"),
    ],
)
def test_spoilt_data_are_not(release, tmp_path, spoil, error):
    from frictionless import Package

    copy = writable(release, tmp_path)
    path = copy / "data" / "ind_events.csv"
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    report = Package(str(copy / "datapackage.json")).validate()
    assert error in {row[0] for row in report.flatten(["type"])}


def test_a_parquet_file_that_is_not_the_one_described_is_noticed(release, tmp_path):
    from frictionless import Package

    copy = writable(release, tmp_path)
    (copy / "data" / "ind_events.parquet").write_bytes((copy / "data" / "ind_quality.parquet").read_bytes())
    report = Package(str(copy / "datapackage.json")).validate()
    assert {row[0] for row in report.flatten(["type"])} == {"hash-count", "byte-count"}


def holds_as_csvw(public) -> bool:
    """Whether a maintained reader of the W3C's standard finds the tables to be what csv-metadata.json says."""
    from csvw import CSVW

    try:
        found = CSVW(str(public / "csv-metadata.json"), validate=True)
        return found.is_valid and not found.warnings and len(found.tables) == len(hand_made.CONTENT)
    except ValueError:
        return False


def test_the_tables_are_what_their_csvw_metadata_say(release):
    assert holds_as_csvw(release.public)


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("data/ind_events.csv", lambda text: text.replace(",36,", ",trente-six,", 1)),
        ("data/ind_events.csv", lambda text: text.replace("member", "modalité", 1)),
        ("csv-metadata.json", lambda text: text.replace('"datatype"', '"data_type"')),
    ],
)
def test_tables_that_are_not_are_noticed(release, tmp_path, name, spoil):
    path = writable(release, tmp_path) / name
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert not holds_as_csvw(tmp_path / "public")


def test_forms_have_the_columns_of_the_files(release):
    data, web = read(release, "datapackage.json"), read(release, "csv-metadata.json")
    for resource in data["resources"]:
        content = (release.public / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}" and resource["bytes"] == len(content)
        if resource["format"] == "csv":
            assert [field["name"] for field in resource["schema"]["fields"]] == header(release, resource["path"])
    for table in web["tables"]:
        assert [column["name"] for column in table["tableSchema"]["columns"]] == header(release, table["url"])
        assert set(table["tableSchema"]["primaryKey"]) <= set(header(release, table["url"]))
    assert len(web["tables"]) == len(data["resources"]) // 2 == len(hand_made.CONTENT)


def test_the_catalogue_points_at_files_that_are_there(release):
    document = read(release, "dcat.jsonld")
    for dataset in document["dcat:dataset"]:
        assert dataset["dct:conformsTo"] and dataset["adms:versionNotes"]["@value"].startswith("Version 1.0.0")
        assert dataset["dct:accrualPeriodicity"] and dataset["dct:license"]["@id"].endswith("v2.0.pdf")
        for distribution in dataset["dcat:distribution"]:
            content = (release.public / distribution["dcat:downloadURL"]["@id"]).read_bytes()
            assert distribution["spdx:checksum"]["spdx:checksumValue"]["@value"] == hashlib.sha256(content).hexdigest()
    events = next(d for d in document["dcat:dataset"] if d["dct:identifier"] == "ind_events")
    assert events["dct:temporal"]["dcat:startDate"]["@value"] == "2023-04-01"
    prefixes = set(re.findall(r'"@?([a-z]+):[A-Za-z]', json.dumps(document)))
    assert prefixes - {"http", "https", "mailto"} <= document["@context"].keys()


def test_periods_become_days():
    assert dcat.temporal(("2023-04/2023-12", "2024")) == ("2023-04-01", "2024-12-31")
    assert dcat.temporal(("2024-02",)) == ("2024-02-01", "2024-02-29")
    assert dcat.temporal(("undated",)) is None


def test_the_methodology_defines_every_figure_published(release):
    text = (release.public / "METHODOLOGIE.md").read_text(encoding="utf-8")
    published = {
        row["indicator"]
        for name in ("ind_events", "ind_participation", "ind_territories", "ind_quality")
        for row in csv.DictReader((release.public / "data" / f"{name}.csv").open(encoding="utf-8"))
    }
    for code in published:
        assert re.search(rf"^### {code} : .+\n\n- Formule : \S", text, re.MULTILINE), code
    assert "33/36" in text and "Licence Ouverte" in text and "moins de 5 personnes" in text
    assert "<b>" not in text, "a name cannot open a tag"


def test_the_methodology_gives_a_code_beside_its_words(release):
    text = (release.public / "METHODOLOGIE.md").read_text(encoding="utf-8")
    assert "| PA02 | genre (`gender`), " in text


def test_titles_of_sources_stand_in_french_order():
    assert sorted(["Fiches", "Émargements", "enquête"], key=plain_letters) == ["Émargements", "enquête", "Fiches"]


def test_the_licence_names_publisher_and_version(release):
    text = (release.public / "LICENCE.txt").read_text(encoding="utf-8")
    assert registry.LICENCE in text and "version 1.0.0" in text and package.read_publisher().name in text
    for part in (
        "Avril 2017",
        "Sous réserve de :",
        "RESPONSABILITÉ",
        "DROIT APPLICABLE",
        "informations qu’ils ont obtenues sous cette licence",
    ):
        assert part in text, "the whole licence, not its address alone"


def test_the_publisher_is_read_strictly(tmp_path):
    text = registry.PUBLISHER.read_text(encoding="utf-8")
    path = tmp_path / "publisher.yml"
    path.write_text(text + "contct: x\n", encoding="utf-8")
    with pytest.raises(registry.PublisherError, match="publisher.yml, ligne 17 : contct : clé inconnue."):
        package.read_publisher(path)
    path.write_text(text.replace("name: Obs", "name: [Obs"), encoding="utf-8")
    with pytest.raises(
        registry.PublisherError, match=r"^publisher.yml, ligne \d+ : YAML illisible ; vérifiez les espaces"
    ):
        package.read_publisher(path)


def test_kinds_of_columns():
    kinds = [registry.kind_of(kind) for kind in (pa.string(), pa.float64(), pa.int32(), pa.bool_(), pa.date32())]
    assert kinds == ["string", "number", "integer", "boolean", "date"]


@pytest.mark.nights
def test_versions_follow_what_changed(tmp_path, stock, light):
    desk = Desk(tmp_path, stock, ("ind_events", "ind_quality"))
    assert desk.night().version == "1.0.0"
    assert desk.night(ind_events=hand_made.events(35)).version == "1.0.1"
    more = [*hand_made.events(35), hand_made.row("ind_events", "EV01", programme_id="HDF-2025", value=3)]
    third = desk.night(ind_events=more)
    assert (third.version, third.step) == ("1.1.0", "minor")
    assert [release.version for release in releases.list_releases(desk.releases)] == ["1.0.0", "1.0.1", "1.1.0"]
    text = (third.public / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "Version 1.1.0, mineure : Nouveau programme : HDF-2025." in text


@pytest.mark.nights
def test_a_changed_definition_alone_makes_a_new_major_version(tmp_path, stock, light, monkeypatch):
    desk = Desk(tmp_path, stock, ("ind_events", "ind_quality"))
    desk.night()
    assert not desk.night().changed, "nothing is new"
    redefined = [
        (*row[:5], "COUNT(DISTINCT event)", row[6]) if row[0] == "EV01" else row for row in hand_made.INDICATORS
    ]
    monkeypatch.setattr(hand_made, "INDICATORS", redefined)
    desk.stock = tmp_path / "other stock"
    release = desk.night()
    assert release.changed and (release.version, release.step) == ("2.0.0", "major")
    assert "Définition changée dans « Événements » : EV01." in (release.public / "CHANGELOG.md").read_text(
        encoding="utf-8"
    )
