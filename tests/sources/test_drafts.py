"""Contracts drafted from files: the fixtures of every platform, the shipped samples, sheets made for a trap, hostile files."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import openpyxl
import pytest
import yaml
from deliveries import contract

from sources.contract import LoadedContract, load_contract, load_contracts
from sources.drafts import Draft, draft, source_name
from sources.readers import Unreadable

FILES = Path(__file__).with_name("platforms") / "files"
SAMPLES = Path(__file__).parents[2] / "sources" / "samples"
EVERY_FILE = sorted(
    str(path.relative_to(FILES)) for path in FILES.rglob("*") if path.is_file() and path.name != ".gitattributes"
)

# By hand: which template each export was made for; None where no template is for it.
OWN_TEMPLATE = {
    "airtable/list_records_page1.json": "airtable",
    "baserow/rows_page1.json": "baserow",
    "bigbluebutton/learning_dashboard_en_labels_fr_values.csv": "bigbluebutton",
    "billetweb/api_attendees.json": "billetweb_api",
    "demarche_numerique/dossiers_candidature-mois-ess_2025-10-06_09-30.csv": "demarche_numerique",
    "demarche_numerique/dossiers_candidature-mois-ess_2025-10-06_09-30.xlsx": "demarche_numerique_xlsx",
    "demarche_numerique/dossiers_procedure_particuliers.csv": "demarche_numerique_particuliers",
    "demarche_numerique/graphql_getDemarche_page1.json": "demarche_numerique_api",
    "eventbrite/api_event_attendees_page1.json": "eventbrite_api",
    "eventbrite/attendee_report_en_2025.csv": "eventbrite",
    "framaforms/resultats_csv_compact.csv": "framaforms_fiche",
    "framaforms/resultats_excel_ancien_utf16le_tab.xls": "framaforms_fiche",
    "framaforms/resultats_header_keys.tsv": "framaforms_fiche",
    "framaforms/resultats_tsv_separate.tsv": "framaforms_fiche",
    "framaforms/resultats_xlsx.xlsx": "framaforms_fiche_xlsx",
    "googleforms/forms_download_zip_fr.csv": "google_forms",
    "googleforms/sheets_export_fr.csv": "google_forms_feuille",
    "googleforms/sheets_export_fr.xlsx": "google_forms_xlsx",
    "grist/export_download_csv.tableId-Inscriptions": "grist",
    "grist/records.json": "grist_api",
    "helloasso/api_form_items_page1.json": "helloasso_api",
    "helloasso/api_form_items_page2.json": "helloasso_api",
    "helloasso/export_adhesions_2019_legacy.csv": "helloasso_ancien",
    "helloasso/export_billetterie_2025.xlsx": "helloasso_xlsx",
    "helloasso/export_billetterie_2025_bom_semicolon_crlf.csv": "helloasso",
    "kobo/api_v2_data.json": "kobo_api",
    "kobo/export_labels_fr_semicolon.csv": "kobo_satisfaction",
    "kobo/export_labels_with_repeat.xlsx": "kobo_fiche_xlsx",
    "kobo/export_xml_values_semicolon.csv": "kobo_satisfaction",
    "limesurvey/responses.code.short.csv": "limesurvey",
    "limesurvey/responses.code.short.json": "limesurvey_api",
    "limesurvey/responses.full.long.csv": "limesurvey",
    "limesurvey/responses.full.long.xls": "limesurvey_xls",
    "limesurvey/results-survey123456_code_short_semicolon.csv": "limesurvey",  # other questions: its own columns suffice
    "livestorm/api_session_people.PARTIAL.json": "livestorm_api",
    "msforms/quiz_fr_header_on_row2.xlsx": "microsoft_forms_quiz",
    "msforms/reponses_fr.xlsx": "microsoft_forms",
    "nextcloud_forms/Fiche de synthèse (réponses).csv": "nextcloud_forms",
    "nocodb/records_page1.json": "nocodb",
    "openagenda/v2_events_page1.json": "openagenda_api",
    "pretix/api_orders_page.json": "pretix_api",
    "pretix/checkin_list_fr_semicolon.csv": "pretix_pointage",
    "pretix/journee-ess.checkinlist.default.csv": "pretix_pointage_virgules",
    "pretix/journee-ess.checkinlist.semicolon.csv": "pretix_pointage",
    "pretix/journee-ess.checkinlist.xlsx": "pretix_pointage_xlsx",
    "pretix/journee-ess.orderlist.positions.default.csv": "pretix_virgules",
    "pretix/journee-ess.orderlist.positions.semicolon.csv": "pretix",
    "pretix/journee-ess.orderlist.xlsx": "pretix_xlsx",
    "pretix/journee-ess.orders.p1.json": "pretix_api",
    "pretix/org.orderlist.positions.semicolon.csv": "pretix",
    "pretix/positions_fr_semicolon.csv": "pretix",
    "spreadsheets/lo_emargement.fr.semicolon.cp1252.csv": "emargement_groupes_csv",
    "spreadsheets/lo_emargement.ods": "emargement_groupes",
    "spreadsheets/lo_emargement.tab.utf16.csv": "emargement_groupes_csv",
    "spreadsheets/lo_emargement.xlsx": "emargement_groupes",
    "tableurs/emargement_2025-11-18.xlsx": "emargement",
    "tableurs/liste_presence.ods": "liste_presence",
    "tableurs/partenaires_cp1252_semicolon.csv": "partenaires",
    "tableurs/partenaires_mojibake_utf8_lu_en_cp1252.csv": "partenaires",
    "tableurs/programme_mois_ess_2025.xlsx": "programme",
    "tally/api_submissions.json": "tally_api",
    "tally/export.csv": "tally",
    "tally/gsheet_published_html_entities.csv": "tally",
    "teams/attendance_list_eventlog_2020_utf16le.csv": "teams_2020",
    "teams/attendance_report_en_us_3sections_utf16le.csv": "teams_participants",
    "teams/rapport_presence_fr_2021_utf16le.csv": "teams_2021",
    "typeform/api_responses.json": "typeform_api",
    "typeform/responses.csv": "typeform",
    "weezevent/api_participant_list_full1.json": "weezevent_api",
    "yurplan/api_recentlyUpdatedOrders.PARTIAL.json": "yurplan_api",
    "zoom/meeting_participants_flat_2024.csv": "zoom_reunion",
    "zoom/meeting_participants_two_blocks_2020.csv": "zoom_reunion_2020",
    "zoom/webinar_attendee_report_2025.csv": "zoom_webinar",
    # nobody ships a template for these
    "grist/columns.json": None,
    "helloasso/api_oauth2_token_response.json": None,
    "limesurvey/results-survey123456_full_long_comma.csv": None,  # headers in English
    "pretix/journee-ess.checkinlists.p1.json": None,
    "pretix/journee-ess.items.p1.json": None,
    "pretix/journee-ess.paymentlist.csvexcel.csv": None,
    "pretix/journee-ess.questions.p1.json": None,
    "pretix/org.transactions.json": None,
    "tableurs/sep_line_excel.csv": None,
}
NO_RECORD = {
    "helloasso/api_form_items_page3_empty_but_token.json",
    "pretix/journee-ess.invoices.p1.json",
    "pretix/journee-ess.subevents.p1.json",
    "pretix/journee-ess.waitinglistentries.p1.json",
}
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
PERSONS = ("DURAND-LEROY", "Maëlle", "LE GOFF", "Yann", "Derya", "NDIAYE", "Awa ", "Lefèvre", "612345678", "06 12")


@cache
def drafted(file: str) -> Draft:
    return draft(FILES / file, file_name=Path(file).name, source=source_name(Path(file).name), contracts=shipped())


@cache
def shipped() -> dict[str, LoadedContract]:
    return load_contracts()


def load(tmp_path: Path, drafted: Draft) -> LoadedContract:
    return contract(tmp_path, drafted.yaml, drafted.source)


@pytest.mark.parametrize("file", [file for file in EVERY_FILE if file not in NO_RECORD])
def test_every_fixture_gives_a_draft_that_loads_unless_something_required_is_missing(file):
    made = drafted(file)
    if made.open_slots:
        for slot in made.open_slots:
            assert f"  # obligatoire : {slot}: " in made.yaml
        completed = made.yaml.replace("# obligatoire : ", "").replace("fields: {}", "fields:")
        assert set(made.open_slots) <= yaml.safe_load(completed)["fields"].keys()
        assert f"champ obligatoire de l'entité {made.entity} absent : {', '.join(made.open_slots)}" in made.problem
        assert made.template is None
    else:
        assert made.problem is None, "load_contract takes it"


@pytest.mark.parametrize("file", [file for file in EVERY_FILE if file not in NO_RECORD])
def test_no_draft_holds_a_value_of_a_person(file):
    made = drafted(file)
    said = made.yaml + "\n".join(made.reasons)
    assert not EMAIL.findall(said)
    assert not [person for person in PERSONS if person in said]


@pytest.mark.parametrize("file", sorted(NO_RECORD))
def test_a_page_without_a_record_has_no_column_to_describe(file):
    with pytest.raises(Unreadable, match="aucun enregistrement") as refused:
        drafted(file)
    assert refused.value.rule == "aucun_enregistrement"


@pytest.mark.parametrize("file", OWN_TEMPLATE)
def test_an_export_is_recognised_as_its_own_template(file):
    made = drafted(file)
    assert made.template == OWN_TEMPLATE[file]
    if made.template:
        assert f"le fichier a les colonnes du modèle {made.template}" in made.yaml


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("pretix/journee-ess.orderlist.xlsx", "feuille « Position de commande » ; les autres ne sont pas lues"),
        ("tally/api_submissions.json", "JSON, la liste « submissions »"),
        ("helloasso/api_form_items_page1.json", "JSON, 3 enregistrements dans la liste « data »"),
    ],
)
def test_a_draft_says_what_its_template_reads(file, read):
    assert f"# Lu : {read}.\n" in drafted(file).yaml


def test_a_report_in_numbered_parts_is_drafted_by_its_numbers(tmp_path):
    """In French, Teams has labels that no template knows: the part of the persons is found all the same, without the rows of the next."""
    made = drafted("teams/rapport_presence_fr_2024.UNVERIFIED_LABELS.utf16le.csv")
    assert 'layout:\n  table: {after: ["2. *"], until: ["3. *"], besides: ["1. *", "3. *"]}\n' in made.yaml
    assert "en-tête en ligne 10, 1 ligne de données." in made.yaml and made.open_slots == ("event",)


def test_the_draft_of_a_template_keeps_its_text_under_another_name(tmp_path):
    made = drafted("helloasso/export_billetterie_2025_bom_semicolon_crlf.csv")
    contract = load(tmp_path, made).contract
    assert contract.source == "export_billetterie_2025_bom_semicolon_crlf"
    assert contract.title.endswith("– export_billetterie_2025_bom_semicolon_crlf")
    assert "# Une ligne par billet." in made.yaml and contract.fields["payer_email"].privacy == "direct"


def test_columns_a_template_does_not_know_are_ignored_and_said(tmp_path):
    text = (FILES / "tally/export.csv").read_text("utf-8")
    header, first, *rest = text.split("\n")
    path = tmp_path / "tally.csv"
    path.write_text("\n".join([header.rstrip() + ",Quel ressenti ?,Téléphone", first, *rest]), "utf-8")
    made = draft(path, file_name="tally.csv", source="essai", contracts={})
    assert (made.template, made.to_check, made.problem) == ("tally", ("Quel ressenti ?", "Téléphone"), None)
    assert '  - "Quel ressenti ?"   # à vérifier : colonne vide' in made.yaml
    assert "pourrait être « phone », à ajouter sous « fields »" in made.yaml
    assert load(tmp_path, made).contract.ignore[-2:] == ("Quel ressenti ?", "Téléphone")


def test_another_delimiter_or_sheet_than_the_template_s_is_written(tmp_path):
    text = (FILES / "eventbrite/attendee_report_en_2025.csv").read_text("utf-8-sig").replace(",", ";")
    path = tmp_path / "participants.csv"
    path.write_text(text, "utf-8")
    made = draft(path, file_name="participants.csv", source="essai", contracts={})
    assert (made.template, load(tmp_path, made).contract.files.delimiter) == ("eventbrite", ";")
    book = openpyxl.load_workbook(FILES / "tableurs/programme_mois_ess_2025.xlsx")
    book["Programme 2025"].title = "Programme 2026"
    path = tmp_path / "programme.xlsx"
    book.save(path)
    made = draft(path, file_name="programme.xlsx", source="essai", contracts={})
    assert (made.template, load(tmp_path, made).contract.files.sheet) == ("programme", "Programme 2026")


# By hand, from each sample's own contract: field → header; those without a column cannot be guessed.
FROM_SCRATCH = {
    "hdf_2023_programme": (
        "event",
        {
            "event_id": "N°", "title": "Intitulé de l’atelier", "organisers": "Structure organisatrice", "date": "Date", "place": "Lieu",
            "themes": "Transition(s) abordée(s)", "department": "Dépt", "participants": "Participants",
        },
        ("programme", "status", "counts"),
    ),
    "evenements_ess": (
        "event",
        {
            "event_id": "Référence", "programme": "Programme", "parent": "Rattaché à", "kind": "Nature", "status": "Statut",
            "organisers": "Organisateur(s)", "title": "Intitulé", "themes": "Thèmes", "date": "Date", "place": "Lieu", "venue": "Salle",
            "region": "Région", "format": "Format", "participants": "Participants", "counts": "Compte dans le programme",
        },
        (),
    ),
    "chiffres_publies": (
        "published_figure",
        {
            "programme": "Programme", "indicator": "Indicateur", "dimension": "Dimension", "member": "Modalité",
            "figure": "Chiffre publié", "precision": "Précision", "document": "Document",
        },
        (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("source", FROM_SCRATCH)
def test_the_samples_drafted_without_their_contracts(source, tmp_path):
    (path,) = (SAMPLES / source).iterdir()
    made = draft(path, file_name=path.name, source="essai", contracts={})
    entity, fields, open_slots = FROM_SCRATCH[source]
    assert (made.template, made.entity, made.open_slots) == (None, entity, open_slots)
    for field, header in fields.items():
        quoted = f"[{header}]" if f"[{header}]" in made.yaml else f'["{header}"]'
        assert re.search(rf"^  {field}: {{headers: {re.escape(quoted)}", made.yaml, re.MULTILINE), field
    assert not made.to_check
    # a person says what no column says
    said = {"programme": "{constant: HDF-CONF-2023}", "status": "{constant: held}", "counts": '{constant: "oui"}'}
    text = made.yaml
    for slot in open_slots:
        text = re.sub(rf"^  # obligatoire : {slot}: .*$", f"  {slot}: {said[slot]}", text, flags=re.MULTILINE)
    (tmp_path / "essai.yml").write_text(text, encoding="utf-8")
    assert load_contract(tmp_path / "essai.yml").contract.entity == entity


def test_the_layout_of_a_workbook_is_said(tmp_path):
    made = drafted_sample("hdf_2023_programme")
    assert "  sections: month" in made.yaml and "  totals: [TOTAL, Moyenne]" in made.yaml
    assert "36 valeurs sur 36 se lisent comme des dates" in made.yaml


def test_days_alone_under_months_and_a_version_in_the_name_are_proposed(tmp_path):
    path = tmp_path / "programme.csv"
    rows = [
        "N°;Intitulé;Structure;Date;Lieu",
        "AVRIL 2023;;;;",
        "1;Café;Asso A;jeudi 6;Lille",
        "2;Forum;Asso B;7 et 8;Lens",
    ]
    path.write_text("\n".join([*rows, "MAI 2023;;;;", "3;Atelier;Asso C;mardi 9;Arras"]), encoding="utf-8")
    made = draft(path, file_name="Récap (été) 2023_v2.csv", source="essai", contracts={})
    assert "  sections: month\n  days_of_section: true\n" in made.yaml
    assert "3 valeurs sur 3 se lisent comme des dates" in made.yaml
    assert '  series: "Récap \\\\(été\\\\) (\\\\d{4})"\n' in made.yaml
    assert "Date" not in made.to_check


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("Récap ateliers conférence 2023 v3.xlsx", r"Récap ateliers conférence (\d{4})"),
        ("programme_mess_2025_v2.xlsx", r"programme_mess_(\d{4})"),
        ("annuaire version 12.csv", "annuaire"),
        ("Bilan (définitif).ods", "Bilan"),
        ("programme_2025.xlsx", None),
        ("Atelier vélo.xlsx", None),
        ("v2.xlsx", None),
    ],
)
def test_a_version_in_a_name_gives_a_series(tmp_path, name, series):
    path = tmp_path / "programme.csv"
    path.write_text("N°;Intitulé;Structure;Date;Lieu\n1;Café;Asso A;06/04/2023;Lille\n", encoding="utf-8")
    made = draft(path, file_name=name, source="essai", contracts={})
    (tmp_path / "essai.yml").write_text(
        re.sub(r"(?s)^fields:.*", FIELDS, made.yaml, flags=re.MULTILINE), encoding="utf-8"
    )
    assert load_contract(tmp_path / "essai.yml").contract.files.series == series


FIELDS = """fields:
  event_id: {headers: [N°], required: true}
  programme: {constant: HDF-CONF-2023}
  title: {headers: [Intitulé], required: true}
  status: {constant: held}
  counts: {constant: "oui"}
"""


def drafted_sample(source: str) -> Draft:
    (path,) = (SAMPLES / source).iterdir()
    return draft(path, file_name=path.name, source="essai", contracts={})


def workbook(path: Path, *rows: list) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_sheets_of_the_same_columns_are_proposed_as_one_list(tmp_path):
    book = openpyxl.load_workbook(FILES / "tableurs/programme_mois_ess_2025.xlsx")
    book.active.title = "Octobre"
    book.copy_worksheet(book.active).title = "Novembre"
    book.save(tmp_path / "a.xlsx")
    made = draft(tmp_path / "a.xlsx", file_name="a.xlsx", source="essai", contracts={})
    files = load(tmp_path, made).contract.files
    assert (made.template, files.every_sheet, files.sheet) == ("programme", True, None)
    assert "comme une seule liste (« every_sheet ») : « Novembre »" in made.yaml
    assert "autres feuilles, non lues : « 2024 »" in made.yaml


def test_two_header_rows_and_titles_above(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx",
        ["CALENDRIER DES ACTIONS"],
        ["Mis à jour le 4 novembre"],
        ["Réf", "Action", None, "Où", None, "Public", None],
        [None, "Titre", "Date", "Ville", "Dépt", "Hommes", "Femmes"],
        ["A1", "Forum", "12/11/2025", "Lille", "59", "12", "14"],
        ["A2", "Atelier", "13/11/2025", "Arras", "62", "3", "4"],
        ["TOTAL", None, None, None, None, "15", "18"],
    )
    made = draft(path, file_name="a.xlsx", source="essai", contracts={})
    assert "  table: {at: [Réf]}" in made.yaml and "  stacked_headers: {rows: 2, fill: [1]}" in made.yaml
    assert "  totals: [TOTAL]" in made.yaml and '"Action [Titre]"' in made.yaml and '"Où [Ville]"' in made.yaml
    assert made.entity == "event" and set(made.to_check) == {"Public [Hommes]", "Public [Femmes]"}


def test_repeated_headers_are_numbered(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Référence;Intitulé;Date;Date\nA1;Forum;12/11/2025;13/11/2025\n", "utf-8")
    made = draft(path, file_name="a.csv", source="essai", contracts={})
    assert "  number_duplicates: true" in made.yaml and '  - "Date (2)"   # à vérifier' in made.yaml


def test_json_pairs_and_lists(tmp_path):
    records = [
        {"id": str(i), "reponses": [{"label": "Structure", "value": "Asso"}], "places": [{"n": "1"}]} for i in range(3)
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"meta": {"pages": [{"n": 1}]}, "data": {"items": records}}), "utf-8")
    made = draft(path, file_name="a.json", source="essai", contracts={})
    assert "  records: data.items" in made.yaml
    assert "  pairs: [{path: reponses, name: label, value: value}]" in made.yaml
    assert "explode: places" in made.yaml and "reponses.Structure" in made.yaml


PEOPLE = """\
Nom;Prénom;Courriel;Structure;Présent;Animé par;Statut de l'inscription;Remarques
CANARI;Jeanne;jeanne.canari@exemple.fr;Asso A;Jeanne Canari;Paul Canari;inscrit;appeler le 06 39 98 12 34
CANARI;Jeanne;jeanne.canari@exemple.fr;Asso A;Jeanne Canari;Paul Canari;inscrit;appeler le 06 39 98 12 34
MERLE;Awa;awa.merle@exemple.fr;Asso B;oui;Paul Canari;Jeanne Canari;rien
MERLE;Awa;awa.merle@exemple.fr;Asso B;oui;Paul Canari;Jeanne Canari;rien
"""


@pytest.mark.parametrize("columns", [None, ("Statut de l'inscription", "Animé par"), ("Courriel", "Animé par"), ("Présent",)])  # fmt: skip
def test_people_typed_anywhere_stay_out_of_the_draft(tmp_path, columns):
    header, *rows = [line.split(";") for line in PEOPLE.splitlines()]
    kept = [i for i, label in enumerate(header) if columns is None or label in columns]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(";".join(row[i] for i in kept) for row in [header, *rows]) + "\n", "utf-8")
    made = draft(path, file_name="a.csv", source="essai", contracts={})
    said = made.yaml + "\n".join(made.reasons)
    for canary in ("Canari", "CANARI", "Jeanne", "Paul", "Merle", "MERLE", "Awa", "39 98", "@"):
        assert canary not in said, canary


@pytest.mark.parametrize("rest", [";jeanne.canari@exemple.fr", "", ";Lille"])
def test_a_list_without_header_is_refused_without_a_word_of_it(tmp_path, rest):
    path = tmp_path / "a.csv"
    path.write_text(f"CANARI;Jeanne{rest}\n" + f"MERLE;Awa{rest}\n" * 12, "utf-8")
    with pytest.raises(Unreadable) as refused:
        draft(path, file_name="a.csv", source="essai", contracts={})
    assert refused.value.rule == "entete_introuvable" and "anari" not in refused.value.message.lower()


def test_personal_columns_are_direct_and_the_key_made_of_them_is_sealed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(PEOPLE, "utf-8")
    made = draft(path, file_name="a.csv", source="essai", contracts={})
    text = re.sub(r"# obligatoire : event: \S+ \S+.*", "event: {constant: E1}", made.yaml)
    text = re.sub(r"# obligatoire : status: .*", "status: {constant: registered}", text)
    (tmp_path / "essai.yml").write_text(text, encoding="utf-8")
    contract = load_contract(tmp_path / "essai.yml").contract
    assert contract.entity in ("registration", "attendance")
    direct = {name for name, field in contract.fields.items() if field.privacy == "direct"}
    assert {"family_name", "given_name", "email", "comment"} <= direct
    assert next(field for field in contract.fields.values() if field.ranked).sealed


def test_words_of_a_closed_choice_are_proposed(tmp_path):
    path = tmp_path / "a.csv"
    rows = "".join(
        f"A{i};Forum {i};{word};12/11/2025\n"
        for i, word in enumerate(["tenu", "tenu", "annulé", "gelé", "gelé", "tenu"])
    )
    path.write_text("Référence;Intitulé;Statut;Date\n" + rows, "utf-8")
    made = draft(path, file_name="a.csv", source="essai", contracts={})
    assert "words: {held: [tenu], cancelled: [annulé]}" in made.yaml and "mots à classer : gelé" in made.yaml


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.csv", b"", "fichier_vide"),
        ("a.csv", b"%PDF-1.7 rapport", "pdf"),
        ("a.xlsx", b"PK\x03\x04" + b"\0" * 200, None),
        ("a.csv", b"<!doctype html><html><body>Connexion</body></html>", "page_web"),
        ("a.csv", b'a;b\n"1;2\n', "fichier_coupe"),
        ("a.json", b'{"data": [{"a": 1}', "fichier_coupe"),
        ("a.json", b"[" * 20_000, None),
        ("a.json", b'{"a": NaN}', None),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "fichier_binaire"),
        ("a.csv", b"12;13;14\n15;16;17\n", "entete_introuvable"),
    ],
)
def test_a_hostile_file_is_one_sentence(tmp_path, name, content, rule):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        draft(path, file_name=name, source="essai", contracts={})
    assert rule in (None, refused.value.rule)
    assert f"« {name} »" in refused.value.message


def test_names_of_sources():
    assert source_name("Récap ateliers (v3).xlsx") == "recap_ateliers_v3"
    assert source_name("2025-11 émargement.ods") == "source_2025_11_emargement"
    assert source_name("….csv") == "source"
