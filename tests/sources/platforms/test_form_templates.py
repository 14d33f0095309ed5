"""The templates of forms, databases and connections: one per platform at least, and none that names a column nobody has seen."""

import shutil

import pytest
from shipped import TEMPLATES, read_with

from sources.contract import Contract, header_key, load_contract
from sources.entities import ENTITIES

SAMPLES = {
    "airtable": ["airtable/list_records_page1.json"],
    "baserow": ["baserow/rows_page1.json"],
    "bigbluebutton": ["bigbluebutton/learning_dashboard_en_labels_fr_values.csv"],
    "framaforms_fiche": [
        "framaforms/resultats_tsv_separate.tsv",
        "framaforms/resultats_csv_compact.csv",
        "framaforms/resultats_header_keys.tsv",
        "framaforms/resultats_excel_ancien_utf16le_tab.xls",
        "framaforms/resultats_fr.UNVERIFIED_LABELS.tsv",
    ],
    "framaforms_fiche_xlsx": ["framaforms/resultats_xlsx.xlsx"],
    "framaforms_satisfaction": [
        "framaforms/resultats_tsv_separate.tsv",
        "framaforms/resultats_csv_compact.csv",
        "framaforms/resultats_header_keys.tsv",
        "framaforms/resultats_excel_ancien_utf16le_tab.xls",
        "framaforms/resultats_fr.UNVERIFIED_LABELS.tsv",
    ],
    "google_forms": ["googleforms/forms_download_zip_fr.csv"],
    "google_forms_feuille": ["googleforms/sheets_export_fr.csv"],
    "google_forms_xlsx": ["googleforms/sheets_export_fr.xlsx"],
    "grist": ["grist/export_download_csv.tableId-Inscriptions"],
    "grist_api": ["grist/records.json"],
    "kobo_api": ["kobo/api_v2_data.json"],
    "kobo_api_intervenants": ["kobo/api_v2_data.json"],
    "kobo_fiche_xlsx": ["kobo/export_labels_with_repeat.xlsx"],
    "kobo_intervenants_xlsx": ["kobo/export_labels_with_repeat.xlsx"],
    "kobo_satisfaction": ["kobo/export_labels_fr_semicolon.csv", "kobo/export_xml_values_semicolon.csv"],
    "limesurvey": ["limesurvey/responses.code.short.csv", "limesurvey/responses.full.long.csv"],
    "limesurvey_api": ["limesurvey/responses.code.short.json"],
    "limesurvey_xls": ["limesurvey/responses.full.long.xls"],
    "microsoft_forms": ["msforms/reponses_fr.xlsx"],
    "microsoft_forms_quiz": ["msforms/quiz_fr_header_on_row2.xlsx"],
    "nextcloud_forms": ["nextcloud_forms/Fiche de synthèse (réponses).csv"],
    "nocodb": ["nocodb/records_page1.json"],
    "tally": ["tally/export.csv", "tally/gsheet_published_html_entities.csv"],
    "tally_api": ["tally/api_submissions.json"],
    "teams_2020": ["teams/attendance_list_eventlog_2020_utf16le.csv"],
    "teams_2021": ["teams/rapport_presence_fr_2021_utf16le.csv"],
    "teams_connexions": [
        "teams/attendance_report_en_gb_3sections_utf16be_lf.csv",
        "teams/attendance_report_en_us_3sections_utf16le.csv",
    ],
    "teams_participants": [
        "teams/attendance_report_en_gb_3sections_utf16be_lf.csv",
        "teams/attendance_report_en_us_3sections_utf16le.csv",
    ],
    "typeform": ["typeform/responses.csv"],
    "typeform_api": ["typeform/api_responses.json"],
    "zoom_reunion": ["zoom/meeting_participants_flat_2024.csv"],
    "zoom_reunion_2020": ["zoom/meeting_participants_two_blocks_2020.csv"],
    "zoom_webinar": ["zoom/webinar_attendee_report_2025.csv"],
    "zoom_webinar_intervenants": ["zoom/webinar_attendee_report_2025.csv"],
    "zoom_webinar_telephone": ["zoom/webinar_attendee_report_2025.csv"],
}
# « By file » of what is to be read, and the folder of its samples
PLATFORMS = [
    *("zoom", "teams", "bigbluebutton", "framaforms", "limesurvey", "kobo", "googleforms", "msforms", "tally"),
    *("typeform", "grist", "airtable", "nextcloud_forms", "baserow", "nocodb"),
]


def contract_of(template: str) -> Contract:
    return load_contract(TEMPLATES / f"{template}.yml").contract


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_has_a_template(platform):
    served = {file.split("/")[0] for files in SAMPLES.values() for file in files}
    assert platform in served


@pytest.mark.parametrize("template", SAMPLES)
def test_a_template_is_a_contract_that_says_where_its_file_comes_from_and_what_to_edit(template):
    contract = contract_of(template)
    head = (TEMPLATES / f"{template}.yml").read_text(encoding="utf-8").split("\nsource: ")[0]
    assert all(line.startswith("# ") for line in head.splitlines())
    assert "À modifier :" in head
    required = {slot.name for slot in ENTITIES[contract.entity].slots.values() if slot.required}
    assert {name for name in required if contract.fields[name].headers} <= {
        name for name, field in contract.fields.items() if field.required
    }


@pytest.mark.parametrize("template", SAMPLES)
def test_no_column_of_a_template_is_absent_from_every_sample(template, monkeypatch):
    loaded, seen = read_with(template, SAMPLES[template], monkeypatch)
    contract = loaded.contract
    named = [
        *(header for field in contract.fields.values() for header in field.headers),
        *contract.headers_besides(),
        *contract.ignore,
    ]
    assert [header for header in named if header_key(header) not in seen] == []


@pytest.mark.parametrize("template", SAMPLES)
def test_an_address_of_a_machine_is_never_read(template):
    contract = contract_of(template)
    read = [header for field in contract.fields.values() for header in (*field.headers, *field.compose)]
    assert not [header for header in read if header_key(header) in ("ip address", "webform ip address", "adresse ip")]


def test_a_template_dropped_among_the_contracts_is_a_contract(tmp_path):
    for template in SAMPLES:
        shutil.copy(TEMPLATES / f"{template}.yml", tmp_path)
        assert load_contract(tmp_path / f"{template}.yml").contract.source == template
