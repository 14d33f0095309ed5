"""The templates of ticketing, agendas, candidatures and hand-kept sheets: valid, one per platform, and of columns met in a file."""

import json

import pytest
from ruamel.yaml import YAML
from shipped import FILES, NOW, REFERENCES, TEMPLATES, read_with

from sources import references
from sources.contract import header_key, load_contract
from sources.entities import ENTITIES
from sources.landing import judge_file

CANDIDATURES = "demarche_numerique/dossiers_candidature-mois-ess_2025-10-06_09-30"
PRETIX = "pretix/journee-ess"
SAMPLES = {
    "helloasso": ["helloasso/export_billetterie_2025_bom_semicolon_crlf.csv"],
    "helloasso_xlsx": ["helloasso/export_billetterie_2025.xlsx"],
    "helloasso_ancien": ["helloasso/export_adhesions_2019_legacy.csv"],
    "helloasso_api": ["helloasso/api_form_items_page1.json", "helloasso/api_form_items_page2.json"],
    "eventbrite": ["eventbrite/attendee_report_en_2025.csv"],
    "eventbrite_api": ["eventbrite/api_event_attendees_page1.json"],
    "pretix": [
        "pretix/positions_fr_semicolon.csv",
        *(f"{PRETIX}.orderlist.positions.{kind}.csv" for kind in ("semicolon", "mc-ungrouped")),
        "pretix/org.orderlist.positions.semicolon.csv",
    ],
    "pretix_virgules": [
        "pretix/positions_fr_default_commas_quotenonnumeric.csv",
        *(f"{PRETIX}.orderlist.positions.{kind}.csv" for kind in ("default", "excel")),
    ],
    "pretix_xlsx": [f"{PRETIX}.orderlist.xlsx"],
    "pretix_pointage": ["pretix/checkin_list_fr_semicolon.csv", f"{PRETIX}.checkinlist.semicolon.csv"],
    "pretix_pointage_virgules": [f"{PRETIX}.checkinlist.default.csv", f"{PRETIX}.checkinlist.csvexcel.csv"],
    "pretix_pointage_xlsx": [f"{PRETIX}.checkinlist.xlsx"],
    "pretix_api": ["pretix/api_orders_page.json", f"{PRETIX}.orders.p1.json", f"{PRETIX}.orders.p3.json"],
    "billetweb_api": ["billetweb/api_attendees.json"],
    "weezevent_api": ["weezevent/api_participant_list_full1.json"],
    "yurplan_api": ["yurplan/api_recentlyUpdatedOrders.PARTIAL.json"],
    "livestorm_api": ["livestorm/api_session_people.PARTIAL.json"],
    "openagenda_api": ["openagenda/v2_events_page1.json", "openagenda/v2_events_page2_last.json"],
    "demarche_numerique": [f"{CANDIDATURES}.csv"],
    "demarche_numerique_xlsx": [f"{CANDIDATURES}.xlsx"],
    "demarche_numerique_particuliers": ["demarche_numerique/dossiers_procedure_particuliers.csv"],
    "demarche_numerique_organisations": [f"{CANDIDATURES}.csv"],
    "demarche_numerique_api": ["demarche_numerique/graphql_getDemarche_page1.json"],
    "programme": ["tableurs/programme_mois_ess_2025.xlsx"],
    "emargement": ["tableurs/emargement_2025-11-18.xlsx"],
    "liste_presence": ["tableurs/liste_presence.ods"],
    "emargement_groupes": ["spreadsheets/lo_emargement.xlsx", "spreadsheets/lo_emargement.ods"],
    "emargement_groupes_csv": [
        "spreadsheets/lo_emargement.fr.semicolon.cp1252.csv",
        "spreadsheets/lo_emargement.tab.utf16.csv",
    ],
    "partenaires": ["tableurs/partenaires_cp1252_semicolon.csv", "tableurs/partenaires_mojibake_utf8_lu_en_cp1252.csv"],
}  # fmt: skip
PLATFORMS = [
    *("helloasso", "eventbrite", "pretix", "openagenda", "demarche_numerique", "billetweb", "weezevent", "yurplan"),
    *("livestorm", "tableurs", "spreadsheets"),
]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_has_a_template(platform):
    assert platform in {file.split("/")[0] for files in SAMPLES.values() for file in files}


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.yml")), ids=lambda path: path.stem)
def test_every_shipped_template_is_a_valid_contract(path):
    contract = load_contract(path).contract
    assert contract.source == path.stem
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("template", SAMPLES)
def test_a_template_says_what_to_edit_and_leaves_no_key_optional(template):
    contract = load_contract(TEMPLATES / f"{template}.yml").contract
    head = (TEMPLATES / f"{template}.yml").read_text(encoding="utf-8").split("\nsource: ")[0]
    assert "À modifier : source" in head
    required = {slot.name for slot in ENTITIES[contract.entity].slots.values() if slot.required}
    assert not [
        name
        for name in required
        if (contract.fields[name].headers or contract.fields[name].compose) and not contract.fields[name].required
    ]


@pytest.mark.parametrize("template", SAMPLES)
def test_a_template_names_no_real_event(template):
    text = (TEMPLATES / f"{template}.yml").read_text(encoding="utf-8").casefold()
    assert not [
        row["programme_id"] for row in references.rows("programmes.csv") if row["programme_id"].casefold() in text
    ]
    assert not [
        name for name in ("forum-ess", "journee-ess", "webinaires", "entreprendre autrement", "1220831") if name in text
    ]
    fields = YAML(typ="safe").load(text)["fields"]
    constants = {name: fields[name].get("constant") for name in ("event", "programme") if name in fields}
    assert set(constants.values()) <= {None, "evenement-a-preciser", "programme-a-preciser"}


@pytest.mark.parametrize("template", SAMPLES)
def test_what_a_template_ignores_exists_in_a_sample(template, monkeypatch):
    loaded, seen = read_with(template, SAMPLES[template], monkeypatch)
    contract = loaded.contract
    looked_at = [*contract.ignore, *(rule.header for field in contract.fields.values() for rule in field.rules)]
    assert [header for header in looked_at if header_key(header) not in seen] == []


@pytest.mark.parametrize("template", [name for name in SAMPLES if name.endswith("_api")])
def test_what_a_template_leaves_unread_exists_in_a_sample(template):
    shape = load_contract(TEMPLATES / f"{template}.yml").contract.files
    paths = set()
    for file in SAMPLES[template]:
        paths |= set(_paths(json.loads((FILES / file).read_text("utf-8"))))
    inside = f"{shape.records}." if shape.records else ""
    assert [path for path in shape.leave_out or () if inside + path not in paths] == []


def _paths(value: object, above: str = "") -> list[str]:
    """Dotted paths of a document, lists being passed through."""
    if isinstance(value, list):
        return [path for each in value for path in _paths(each, above)]
    if not isinstance(value, dict):
        return []
    found = []
    for key, inner in value.items():
        path = f"{above}.{key}" if above else key
        found += [path, *_paths(inner, path)]
    return found


def test_a_template_that_nobody_edited_lets_no_row_in():
    """The programme to fill in is none that exists: every row says so instead of counting somewhere."""
    loaded = load_contract(TEMPLATES / "helloasso.yml")
    file = SAMPLES["helloasso"][0]
    judged, _ = judge_file(loaded, FILES / file, "a.csv", REFERENCES, NOW)
    refused = judged.tables["quarantined"].select(["rule", "field"]).to_pylist()
    assert (judged.rows_accepted, judged.rows_quarantined) == (0, 6)
    assert refused == [{"rule": "programme_inconnu", "field": "programme"}] * 6
    assert "fixé par le contrat « helloasso »" in judged.tables["quarantined"]["message"][0].as_py(), "no cell to mend"
