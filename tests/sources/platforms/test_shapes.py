"""Every export of a platform, brought to one header row and its data rows, as a contract would ask for it.

Row counts and headers were counted by eye in the samples; those of the real exports with Python's csv and json modules
and with openpyxl, which the product does not use to read. `README.md` says what the columns mean.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sources.readers import Sheet, Unreadable, read
from sources.readers.dialects import read_learning_dashboard
from sources.readers.records import Pairs, join_list, read_records, split_list
from sources.readers.sheet import TableBuilder
from sources.readers.tables import cut, number_duplicates, number_labels, stack_headers

FILES = Path(__file__).with_name("files")

ZOOM_SECTIONS = ["Host Details", "Panelist Details", "Attendee Details", "Other Attended"]
ZOOM_SUMMARY = (
    "Topic|Webinar ID|Actual Start Time|Actual Duration (minutes)|# Registered|# Cancelled|Unique Viewers|Total Users|"
    "Max Concurrent Views|Enable Registration"
)
ZOOM_ATTENDEES = (
    "Attended|User Name (Original Name)|First Name|Last Name|Email|Phone|Registration Time|Approval Status|Join Time|"
    "Leave Time|Time in Session (minutes)|Is Guest|Country/Region Name|Structure"
)
ZOOM_HOSTS = (
    "Attended|User Name (Original Name)|Email|Join Time|Leave Time|Time in Session (minutes)|Is Guest|"
    "Country/Region Name"
)
FRAMAFORMS_META = (
    "Serial|SID|Submitted Time|Completed Time|Modified Time|Draft|IP Address|UID|Username|Nom de l'événement|"
    "Structure organisatrice|N° SIRET|Date de l'événement|Nombre de participants"
)
FRAMAFORMS_KEYS = (
    "webform_serial|webform_sid|webform_time|webform_completed_time|webform_modified_time|webform_draft|"
    "webform_ip_address|webform_uid|webform_username|Nom de l'événement|Structure organisatrice|N° SIRET|"
    "Date de l'événement|Nombre de participants"
)
FRAMAFORMS_FRENCH = (
    "Numéro de série|SID|Heure de soumission|Heure de fin|Heure de modification|Brouillon|Adresse IP|UID|"
    "Nom d'utilisateur|Nom de l'événement|Structure organisatrice|N° SIRET|Date de l'événement|Nombre de participants"
)
FRAMAFORMS_OPTIONS = (
    "|Publics touchés [Salariés]|Publics touchés [Étudiants]|Publics touchés [Demandeurs d'emploi]|"
    "Publics touchés [Autre...]"
)
FRAMAFORMS_END = "|Satisfaction [Organisation]|Satisfaction [Contenu]|Satisfaction [Lieu]|Commentaires"
PRETIX_ANSWERS = [Pairs("positions.answers", "question_identifier", "answer")]
HELLOASSO_PAIRS = [Pairs("customFields", "name", "answer"), Pairs("options", "name", "amount")]
TYPEFORM_PAIRS = [Pairs("answers", "field.ref", ("text", "number", "boolean", "choice.label", "choices"))]
CHAMPS = [Pairs("champs", "label", ("checked", "date", "values", "rows", "stringValue"))]


def text(delimiter: str | None = None) -> Callable[[str], Sheet]:
    def open_it(name: str) -> Sheet:
        return read(FILES / name, file_name=name, shape="delimited", delimiter=delimiter)[0]

    return open_it


def workbook(sheet: str | None = None) -> Callable[[str], Sheet]:
    def open_it(name: str) -> Sheet:
        return read(FILES / name, file_name=name, shape="spreadsheet", sheet=sheet)[0]

    return open_it


def documents(records: str = "", **options: object) -> Callable[[str], Sheet]:
    def open_it(name: str) -> Sheet:
        return read(FILES / name, file_name=name, shape="json", records=records, **options)[0]

    return open_it


def then(open_it: Callable[[str], Sheet], *steps: Callable[[Sheet], Sheet]) -> Callable[[str], Sheet]:
    def reshape(name: str) -> Sheet:
        sheet = open_it(name)
        for step in steps:
            sheet = step(sheet)
        return sheet

    return reshape


def dashboard(name: str) -> Sheet:
    return read(FILES / name, file_name=name, shape="learning_dashboard")[0]


def framaforms(sheet: Sheet) -> Sheet:
    untitled = ["Submission Details", "submission_details", "Détails de soumission"]
    return stack_headers(sheet, rows=2, skip=1, fill=[1], without=untitled, alone=["Commentaires"])


def zoom(section: str) -> Callable[[Sheet], Sheet]:
    return lambda sheet: cut(sheet, after=[section], until=ZOOM_SECTIONS)


def numbered(section: int) -> Callable[[Sheet], Sheet]:
    return lambda sheet: cut(sheet, after=[f"{section}. *"], until=[f"{section + 1}. *"])


def begin(*names: str, **options: object) -> Callable[[Sheet], Sheet]:
    return lambda sheet: cut(sheet, at=names, **options)


def header_of(sheet: Sheet) -> list[str | None]:
    """Cells of the first row, without the empty ones at the end."""
    cells = list(sheet.table.slice(0, 1).to_pylist()[0].values())[1:] if sheet.table.num_rows else []
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def rows_of(sheet: Sheet) -> list[dict[str | None, str | None]]:
    """Data rows by header; `row` is the row number."""
    header = header_of(sheet)
    return [
        {"row": row["row_number"]} | dict(zip(header, list(row.values())[1:], strict=False))
        for row in sheet.table.slice(1).to_pylist()
    ]


# (file, how it is read, rows of data below the header, header). A header that ends with `…` is the beginning of it.
CASES: list[tuple[str, Callable[[str], Sheet], int, str]] = [
    (
        "airtable/list_records_page1.json",
        documents("records"),
        2,
        "id|createdTime|fields.Nom|fields.Date|fields.Publics|fields.Structure|fields.Gratuit",
    ),
    (
        "baserow/rows_page1.json",
        documents("results"),
        1,
        "id|order|Nom|Date|Publics.id|Publics.value|Publics.color|Structure.id|Structure.value|Gratuit|Budget",
    ),
    (
        "bigbluebutton/learning_dashboard_en_labels_fr_values.csv",
        dashboard,
        2,
        "Name|Moderator|Activity Score|Talk Time|Webcam Time|Messages|Reactions|Poll Votes|Raise Hands|Join|Left|"
        "Duration|Avez-vous déjà participé, au Mois de l’ESS ?",
    ),
    ("billetweb/api_attendees.json", documents(), 4, "id|ext_id|firstname|name|email|barcode|used|lane|used_date|…"),
    (
        "demarche_numerique/dossiers_candidature-mois-ess_2025-10-06_09-30.csv",
        text(","),
        3,
        "ID|Email|FranceConnect ?|Établissement SIRET|…",
    ),
    (
        "demarche_numerique/dossiers_candidature-mois-ess_2025-10-06_09-30.xlsx",
        workbook("Dossiers"),
        3,
        "ID|Email|FranceConnect ?|Entreprise raison sociale|À archiver|État du dossier|…",
    ),
    (
        "demarche_numerique/dossiers_procedure_particuliers.csv",
        text(","),
        1,
        "ID|Email|FranceConnect ?|Civilité|Nom|Prénom|Dépôt pour un tiers|Nom du mandataire|Prénom du mandataire|"
        "À archiver|État du dossier|Dernière mise à jour le|Dernière mise à jour du dossier le|Déposé le|"
        "Passé en instruction le|Traité le|Motivation de la décision|Instructeurs|Intitulé de l’événement|"
        "Date de l’événement",
    ),
    (
        "demarche_numerique/graphql_getDemarche_page1.json",
        documents("data.demarche.dossiers.nodes", pairs=CHAMPS, leave_out=["demandeur.address", "groupeInstructeur"]),
        1,
        "id|number|archived|state|dateDerniereModification|dateDerniereModificationChamps|dateDepot|"
        "datePassageEnConstruction|datePassageEnInstruction|dateTraitement|motivation|usager.email|"
        "demandeur.__typename|demandeur.siret|demandeur.siegeSocial|demandeur.naf|demandeur.libelleNaf|"
        "demandeur.entreprise.siren|demandeur.entreprise.raisonSociale|demandeur.association.rna|"
        "demandeur.association.titre|champs.Intitulé de l’événement|champs.Date de l’événement|champs.Commune|"
        "champs.Thématiques|champs.Engagement sur l’honneur|champs.Partenaires.id|…",
    ),
    (
        "demarche_numerique/graphql_getDemarche_page1.json",
        documents("data.demarche.deletedDossiers.nodes"),
        1,
        "id|number|dateSupression|state|reason",
    ),
    (
        "demarche_numerique/graphql_request.json",
        documents(),
        1,
        "queryId|operationName|variables.demarcheNumber|variables.includeDossiers|variables.includeDeletedDossiers|"
        "variables.includePendingDeletedDossiers|variables.first|variables.after|variables.updatedSince|"
        "variables.deletedSince",
    ),
    (
        "eventbrite/api_event_attendees_page1.json",
        documents("attendees", pairs=[Pairs("answers", "question", "answer")], leave_out=["costs"]),
        1,
        "resource_uri|id|changed|created|quantity|variant_id|profile.first_name|profile.last_name|profile.name|"
        "profile.email|profile.company|barcodes.status|barcodes.barcode|barcodes.created|barcodes.changed|"
        "barcodes.checkin_type|barcodes.is_printed|answers.Quels ateliers vous intéressent ?|answers.Votre fonction|"
        "checked_in|cancelled|refunded|affiliate|guestlist_id|invited_by|status|ticket_class_name|delivery_method|"
        "event_id|order_id|ticket_class_id",
    ),
    (
        "eventbrite/attendee_report_en_2025.csv",
        text(","),
        4,
        "Order #|Order Date|First Name|Last Name|Email|Quantity|Price Tier|Ticket Type|Attendee #|…",
    ),
    (
        "framaforms/resultats_csv_compact.csv",
        then(text(","), framaforms),
        2,
        FRAMAFORMS_META + "|Publics touchés" + FRAMAFORMS_END,
    ),
    (
        "framaforms/resultats_excel_ancien_utf16le_tab.xls",
        then(text("\t"), framaforms),
        2,
        FRAMAFORMS_META + FRAMAFORMS_OPTIONS + FRAMAFORMS_END,
    ),
    (
        "framaforms/resultats_fr.UNVERIFIED_LABELS.tsv",
        then(text("\t"), framaforms),
        2,
        FRAMAFORMS_FRENCH + FRAMAFORMS_OPTIONS + FRAMAFORMS_END,
    ),
    (
        "framaforms/resultats_header_keys.tsv",
        then(text("\t"), framaforms),
        2,
        FRAMAFORMS_KEYS + FRAMAFORMS_OPTIONS + FRAMAFORMS_END,
    ),
    (
        "framaforms/resultats_tsv_separate.tsv",
        then(text("\t"), framaforms),
        2,
        FRAMAFORMS_META + FRAMAFORMS_OPTIONS + FRAMAFORMS_END,
    ),
    (
        "framaforms/resultats_xlsx.xlsx",
        then(workbook(), framaforms),
        2,
        FRAMAFORMS_META + FRAMAFORMS_OPTIONS + FRAMAFORMS_END,
    ),
    (
        "googleforms/forms_download_zip_fr.csv",
        then(text(","), number_duplicates),
        2,
        "Horodateur|Adresse e-mail|Nom de la structure |Votre note sur 5|Quels ateliers avez-vous suivis ?|"
        "Recommanderiez-vous cet événement ? [À un collègue]|Recommanderiez-vous cet événement ? [À un ami]|"
        "Commentaire\n(facultatif)|Votre note sur 5 (2)",
    ),
    (
        "googleforms/sheets_export_fr.csv",
        then(text(","), number_duplicates),
        2,
        "Horodateur|Adresse e-mail|Nom de la structure |Votre note sur 5|…",
    ),
    (
        "googleforms/sheets_export_fr.xlsx",
        then(workbook(), number_duplicates),
        2,
        "Horodateur|Adresse e-mail|Nom de la structure |Votre note sur 5|…",
    ),
    (
        "grist/api_records.json",
        documents("records", tagged_lists=True),
        2,
        "id|fields.Nom|fields.Date|fields.Horodatage|fields.Publics|fields.Structure|fields.Gratuit|fields.Budget|"
        "fields.Piece|fields.Calcul",
    ),
    ("grist/columns.json", documents("columns"), 8, "id|fields.colRef|fields.label|…"),
    ("grist/export.csv", text(","), 2, "Nom|Date|Horodatage|Publics|Structure|Gratuit|Budget"),
    (
        "grist/export_download_csv.tableId-Inscriptions",
        text(","),
        120,
        "Nom de la structure|Commune|Date d'évènement|Mise à jour|Montant|Thèmes|Adhérent|x2",
    ),
    (
        "grist/records.json",
        documents("records", tagged_lists=True),
        120,
        "id|fields.Organisation|fields.Commune|fields.Date_evt|fields.Maj|fields.Montant|fields.Themes|"
        "fields.Adherent|fields.Double|errors.Double",
    ),
    (
        "helloasso/api_form_items_page1.json",
        documents("data", pairs=HELLOASSO_PAIRS, leave_out=["order.meta", "payments"]),
        3,
        "order.id|order.date|order.formSlug|order.formType|order.organizationName|order.organizationSlug|"
        "order.organizationType|order.organizationIsUnderColucheLaw|payer.email|payer.country|payer.firstName|"
        "payer.lastName|payer.company|name|user.firstName|user.lastName|priceCategory|tierId|tierDescription|"
        "customFields.Structure représentée|customFields.N° SIRET|customFields.Département|"
        "customFields.Droit à l'image|options.Déjeuner|ticketUrl|qrCode|id|amount|type|initialAmount|state",
    ),
    ("helloasso/api_form_items_page2.json", documents("data", pairs=HELLOASSO_PAIRS), 1, "order.id|order.date|…"),
    ("helloasso/api_form_items_page3_empty_but_token.json", documents("data"), 0, ""),
    ("helloasso/api_oauth2_token_response.json", documents(), 1, "access_token|refresh_token|token_type|expires_in"),
    (
        "helloasso/export_adhesions_2019_legacy.csv",
        text(";"),
        2,
        "Numéro|Formule|Montant adhésion|Code promo|Statut|Moyen de paiement|Nom|Prénom|Société|Date|Email|"
        "Date de naissance|Attestation|Reçu|Numéro de reçu|Carte d'adhérent|Nom acheteur|Prénom acheteur|"
        "Adresse acheteur|Code Postal acheteur|Ville acheteur|Pays acheteur|"
        "Champ additionnel: N° SIRET de la structure|Champ additionnel: Téléphone|"
        "Champ additionnel: Secteur(s) d'activité",
    ),
    ("helloasso/export_billetterie_2025.xlsx", workbook(), 6, "Référence commande|Date de la commande|…"),
    (
        "helloasso/export_billetterie_2025_bom_semicolon_crlf.csv",
        text(";"),
        6,
        "Référence commande|Date de la commande|Statut de la commande|Nom participant|Prénom participant|Nom payeur|"
        "Prénom payeur|Email payeur|Raison sociale|Moyen de paiement|Billet|Numéro de billet|Tarif|Montant tarif|"
        "Code Promo|Montant code promo|Déjeuner |Montant Déjeuner |Structure représentée|N° SIRET|Département|"
        "Comment avez-vous connu l'événement ?  |Droit à l'image",
    ),
    (
        "kobo/api_v2_data.json",
        documents("results", leave_out=["_attachments", "_geolocation"]),
        1,
        "_id|formhub/uuid|start|end|evenement/nom|evenement/siret|publics|intervenants.intervenants/nom|lieu|"
        "__version__|meta/instanceID|_xform_id_string|_uuid|_status|_submission_time|_validation_status.uid|"
        "_validation_status.label|_submitted_by",
    ),
    (
        "kobo/api_v2_data.json",
        documents("results", explode="intervenants"),
        2,
        "_id|formhub/uuid|start|end|evenement/nom|evenement/siret|publics|lieu|…",
    ),
    ("kobo/export_labels_fr_semicolon.csv", text(";"), 2, "start|end|Événement/Nom de l'événement|…"),
    ("kobo/export_labels_with_repeat.xlsx", workbook("Fiche de synthèse"), 2, "start|end|…"),
    (
        "kobo/export_labels_with_repeat.xlsx",
        workbook("intervenants"),
        2,
        "Nom|Structure|_index|_parent_table_name|_parent_index|_submission__id|_submission__uuid|"
        "_submission__submission_time",
    ),
    ("kobo/export_xml_values_semicolon.csv", text(";"), 2, "start|end|evenement/nom|evenement/siret|…"),
    ("limesurvey/fieldmap.json", documents(), 1, "id.fieldname|id.sid|id.type|…"),
    (
        "limesurvey/rc2_export_responses_decoded.json",
        documents("responses"),
        2,
        "id|submitdate|lastpage|startlanguage|seed|startdate|datestamp|G1Q1|G1SIRET|G2Q1[SQ001]|G2Q1[SQ002]|"
        "G2Q1[other]|G2NOTE[1]|G2NOTE[2]|G3DATE|G3MONTANT|G4TXT",
    ),
    (
        "limesurvey/rc2_export_responses_request.json",
        documents(),
        1,
        "method|params|id",
    ),
    ("limesurvey/responses.code.short.csv", text(";"), 61, "id|submitdate|lastpage|startlanguage|seed|…"),
    ("limesurvey/responses.code.short.json", documents("responses"), 61, "id|submitdate|lastpage|startlanguage|…"),
    ("limesurvey/responses.full.long.csv", text(";"), 61, "ID de la réponse|Date de soumission|Dernière page|…"),
    ("limesurvey/responses.full.long.xls", workbook(), 61, "ID de la réponse|Date de soumission|Dernière page|…"),
    (
        "limesurvey/results-survey123456_code_short_semicolon.csv",
        text(";"),
        2,
        "id|submitdate|lastpage|startlanguage|seed|startdate|datestamp|G1Q1|G1SIRET|G2Q1[SQ001]|G2Q1[SQ002]|"
        "G2Q1[other]|G2NOTE[1]|G2NOTE[2]|G3DATE|G3MONTANT|G4TXT",
    ),
    (
        "limesurvey/results-survey123456_full_long_comma.csv",
        text(","),
        2,
        "Response ID|Date submitted|Last page|Start language|Seed|Date started|Date last action|"
        "Quel est le nom de votre structure ?|…",
    ),
    (
        "livestorm/api_session_people.PARTIAL.json",
        documents("data", pairs=[Pairs("attributes.registrant_detail.fields", "id", "value")]),
        1,
        "id|type|attributes.role|attributes.created_at|attributes.updated_at|attributes.timezone|"
        "attributes.first_name|attributes.last_name|attributes.email|attributes.registrant_detail.fields.first_name|"
        "attributes.registrant_detail.fields.structure|attributes.registrant_detail.attended|"
        "attributes.registrant_detail.attendance_rate|attributes.registrant_detail.attendance_duration|"
        "attributes.registrant_detail.has_viewed_replay|attributes.registrant_detail.registration_type",
    ),
    (
        "msforms/quiz_fr_header_on_row2.xlsx",
        then(workbook(), begin("ID")),
        1,
        "ID|Heure de début|Heure de fin|Adresse de messagerie|Nom|Total points|Quiz feedback|"
        "Heure de la dernière modification|Structure|Points - Structure|Feedback - Structure|Q1|Points - Q1|"
        "Feedback - Q1",
    ),
    (
        "msforms/reponses_fr.xlsx",
        workbook(),
        2,
        "ID|Heure de début|Heure de fin|Adresse de messagerie|Nom|Heure de la dernière modification|Structure\xa0:|"
        "Quels publics ?|Note globale|Date de l’événement",
    ),
    (
        "nextcloud_forms/Fiche de synthèse (réponses).csv",
        text(","),
        2,
        "User ID|User display name|Timestamp|Nom de la structure|Publics touchés|Note",
    ),
    ("nocodb/records_page1.json", documents("list"), 1, "Id|CreatedAt|UpdatedAt|Nom|Publics|Gratuit"),
    ("openagenda/v2_events_page1.json", documents("events"), 2, "uid|slug|title.fr|description.fr|…"),
    ("openagenda/v2_events_page2_last.json", documents("events"), 1, "uid|slug|title.fr|description.fr|…"),
    (
        "pretix/api_orders_page.json",
        documents("results", explode="positions", pairs=PRETIX_ANSWERS),
        1,
        "code|event|status|testmode|secret|email|phone|locale|datetime|…",
    ),
    (
        "pretix/checkin_list_fr_semicolon.csv",
        then(text(";"), number_duplicates),
        2,
        "Code de commande|Nom du participant|Nom du participant : Prénom|Nom du participant : Nom de famille|Produit|"
        "Prix|Enregistrement effectué|Passé en caisse|Enregistrement automatique|E-Mail|Numéro de téléphone|"
        "Votre structure|Entreprise|Code du bon d'achat|Date de commande|Heure de commande|"
        "Nécessite une attention particulière|Commentaire|Texte d'enregistrement|ID du siège|Nom du siège|"
        "Zone du siège|Rangée de sièges|Nom du siège (2)|Bloqué|Valable depuis|Valable jusqu'au|Adresse|Code postal|"
        "Ville|Pays|État",
    ),
    ("pretix/journee-ess.checkinlist.csvexcel.csv", then(text(","), number_duplicates), 131, "Code de commande|…"),
    ("pretix/journee-ess.checkinlist.default.csv", then(text(","), number_duplicates), 131, "Code de commande|…"),
    ("pretix/journee-ess.checkinlist.semicolon.csv", then(text(";"), number_duplicates), 131, "Code de commande|…"),
    ("pretix/journee-ess.checkinlist.xlsx", then(workbook(), number_duplicates), 131, "Code de commande|…"),
    (
        "pretix/journee-ess.checkinlists.p1.json",
        documents("results"),
        1,
        "id|name|all_products|…",
    ),
    (
        "pretix/journee-ess.checkinlog.semicolon.csv",
        text(";"),
        35,
        "Date|Heure|Liste d'enregistrement|Type de scan|Code de commande|ID de la position|Secret|Produit|Nom|"
        "Appareil|Hors-ligne|Remplacement hors ligne|Enregistrement automatique|Pont|Résultat|Message d'erreur|"
        "Date de téléchargement|Temps de chargement",
    ),
    ("pretix/journee-ess.invoices.p1.json", documents("results"), 0, ""),
    ("pretix/journee-ess.items.p1.json", documents("results"), 3, "id|category|name.fr|…"),
    (
        "pretix/journee-ess.json-export.json",
        documents("event.orders", explode="positions", pairs=[Pairs("positions.answers", "question", "answer")]),
        207,
        "code|status|customer|testmode|user|email|phone|locale|…",
    ),
    ("pretix/journee-ess.orderlist.orders.default.csv", text(","), 120, "Titre de l'événement|Nom de l'événement|…"),
    (
        "pretix/journee-ess.orderlist.positions.default.csv",
        then(text(","), number_duplicates),
        210,
        "Titre de l'événement|Nom de l'événement|Code de commande|ID de la position|Statut|…",
    ),
    (
        "pretix/journee-ess.orderlist.positions.excel.csv",
        then(text(","), number_duplicates),
        210,
        "Titre de l'événement|Nom de l'événement|Code de commande|ID de la position|Statut|…",
    ),
    (
        "pretix/journee-ess.orderlist.positions.mc-ungrouped.csv",
        then(text(";"), number_duplicates),
        210,
        "Titre de l'événement|Nom de l'événement|Code de commande|ID de la position|Statut|…",
    ),
    (
        "pretix/journee-ess.orderlist.positions.semicolon.csv",
        then(text(";"), number_duplicates),
        210,
        "Titre de l'événement|Nom de l'événement|Code de commande|ID de la position|Statut|…",
    ),
    (
        "pretix/journee-ess.orderlist.xlsx",
        then(workbook("Position de commande"), number_duplicates),
        210,
        "Titre de l'événement|Nom de l'événement|Code de commande|ID de la position|Statut|…",
    ),
    ("pretix/journee-ess.orderlist.xlsx", workbook("Commandes"), 120, "Titre de l'événement|…"),
    (
        "pretix/journee-ess.orderpositions.p1.json",
        documents("results", pairs=[Pairs("answers", "question_identifier", "answer")]),
        50,
        "id|order|positionid|item|variation|price|attendee_name|…",
    ),
    (
        "pretix/journee-ess.orders.p1.json",
        documents("results", explode="positions", pairs=PRETIX_ANSWERS),
        88,
        "code|event|status|testmode|secret|email|phone|locale|datetime|…",
    ),
    ("pretix/journee-ess.orders.p1.json", documents("results", leave_out=["positions"]), 50, "code|event|status|…"),
    (
        "pretix/journee-ess.orders.p2.json",
        documents("results", explode="positions", pairs=PRETIX_ANSWERS),
        86,
        "code|event|status|…",
    ),
    (
        "pretix/journee-ess.orders.p3.json",
        documents("results", explode="positions", pairs=PRETIX_ANSWERS),
        33,
        "code|event|status|…",
    ),
    (
        "pretix/journee-ess.orders.with_canceled_positions.json",
        documents("results", explode="positions", pairs=PRETIX_ANSWERS),
        91,
        "code|event|status|…",
    ),
    (
        "pretix/journee-ess.paymentlist.csvexcel.csv",
        text(","),
        120,
        "Titre de l'événement|Commande|ID de paiement|Date de création|Date de finalisation|Statut|code de statut|"
        "Montant|Mode de paiement|Commentaire|ID correspondant|Détails du paiement|Numéros de facture",
    ),
    ("pretix/journee-ess.questions.p1.json", documents("results"), 7, "id|question.fr|…"),
    ("pretix/journee-ess.quotas.p1.json", documents("results"), 2, "id|name|size|…"),
    ("pretix/journee-ess.subevents.p1.json", documents("results"), 0, ""),
    (
        "pretix/journee-ess.waitinglist.semicolon.csv",
        then(text(";"), number_duplicates),
        0,
        "Date|Nom|E-Mail|Numéro de téléphone|Produit|ID produit|Variante|ID variant|Titre de l'événement|"
        "Nom de l'événement|Date (2)|Date de début|Date de fin|Langue|Priorité|Statut|Code du bon d'achat",
    ),
    ("pretix/journee-ess.waitinglistentries.p1.json", documents("results"), 0, ""),
    (
        "pretix/org.orderlist.positions.semicolon.csv",
        then(text(";"), number_duplicates),
        325,
        "Titre de l'événement|Nom de l'événement|Code de commande|ID de la position|Statut|…",
    ),
    (
        "pretix/org.orders.p1.json",
        documents("results", explode="positions", pairs=PRETIX_ANSWERS),
        88,
        "code|event|status|…",
    ),
    ("pretix/org.transactions.json", documents("results"), 50, "id|order|created|datetime|positionid|count|item|…"),
    (
        "pretix/positions_fr_default_commas_quotenonnumeric.csv",
        then(text(","), number_duplicates),
        4,
        "Titre de l'événement|Nom de l'événement|Code de commande|ID de la position|Statut|…",
    ),
    (
        "pretix/positions_fr_semicolon.csv",
        then(text(";"), number_duplicates),
        4,
        "Titre de l'événement|Nom de l'événement|Code de commande|ID de la position|Statut|…",
    ),
    (
        "spreadsheets/lo_emargement.fr.semicolon.cp1252.csv",
        then(text(";"), begin("Structure"), lambda sheet: stack_headers(sheet, rows=2, fill=[1])),
        8,
        "Structure [Nom de la structure]|Structure [Commune]|Structure [CP]|Personne [Nom]|Personne [Prénom]|"
        "Personne [Courriel]|Personne [Tél.]|Présence [Matin]|Présence [Après-midi]|Présence [Signature]|"
        "Divers [Adhésion (€)]|Divers [Taux]|Divers [Inscrit le]|Divers [Heure]|Divers [RGPD]",
    ),
    (
        "spreadsheets/lo_emargement.tab.utf16.csv",
        then(text("\t"), begin("Structure"), lambda sheet: stack_headers(sheet, rows=2, fill=[1])),
        8,
        "Structure [Nom de la structure]|Structure [Commune]|Structure [CP]|Personne [Nom]|…",
    ),
    (
        "spreadsheets/lo_emargement.xlsx",
        then(workbook("Émargement 3 déc."), begin("Structure"), lambda s: stack_headers(s, rows=2, fill=[1])),
        8,
        "Structure [Nom de la structure]|Structure [Commune]|Structure [CP]|Personne [Nom]|…",
    ),
    (
        "spreadsheets/lo_emargement.ods",
        then(workbook("Émargement 3 déc."), begin("Structure"), lambda s: stack_headers(s, rows=2, fill=[1])),
        8,
        "Structure [Nom de la structure]|Structure [Commune]|Structure [CP]|Personne [Nom]|…",
    ),
    (
        "tableurs/emargement_2025-11-18.xlsx",
        then(workbook(), begin("N°", until_gap=True)),
        6,
        "N°|Civilité|NOM|Prénom|Structure / fonction|Courriel|Matin|Après-midi|Signature",
    ),
    (
        "tableurs/liste_presence.ods",
        then(workbook(), begin("Nom Prénom")),
        2,
        "Nom Prénom|Structure|Date|Dépt|Présent|Montant",
    ),
    (
        "tableurs/partenaires_cp1252_semicolon.csv",
        then(text(";"), begin("N°")),
        4,
        "N° |Structure|N° SIRET|Tél|Dépt|Montant|Adhérent",
    ),
    (
        "tableurs/partenaires_mojibake_utf8_lu_en_cp1252.csv",
        then(text(";"), begin("NÂ°")),
        4,
        "NÂ° |Structure|NÂ° SIRET|TÃ©l|DÃ©pt|Montant|AdhÃ©rent",
    ),
    (
        "tableurs/programme_mois_ess_2025.xlsx",
        then(workbook("Programme 2025"), begin("N°"), lambda s: stack_headers(s, rows=2, fill=[1])),
        8,
        "N°|Événement [Intitulé]|Événement [Date]|Événement [Horaires]|Organisateur [Structure]|Organisateur [SIRET]|"
        "Organisateur [Tél.]|Lieu [Ville]|Lieu [Dépt]|Fréquentation [Inscrits]|Fréquentation [Présents]|Coût [€]",
    ),
    ("tableurs/sep_line_excel.csv", text(), 1, "Nom|Note"),
    (
        "tally/api_submissions.json",
        documents("submissions", pairs=[Pairs("responses", "questionId", "answer")]),
        1,
        "id|formId|respondentId|isCompleted|submittedAt|responses.q1|responses.q2",
    ),
    ("tally/api_submissions.json", documents("questions"), 2, "id|type|title"),
    (
        "tally/export.csv",
        text(","),
        2,
        "Submission ID|Respondent ID|Submitted at|utm_source|Nom de votre structure\xa0?|N° SIRET|"
        "Quel(s) public(s) touchez-vous ?|Quel(s) public(s) touchez-vous ? (Salariés)|"
        "Quel(s) public(s) touchez-vous ? (Étudiants )|Quel(s) public(s) touchez-vous ? (Autres)|"
        "D'après vous,  [l'organisation était fluide ]|D'après vous,  [le contenu était utile]|"
        'Vous avez répondu "@Quel(s) public(s) touche..." : pourquoi ?|Note',
    ),
    (
        "tally/gsheet_published_html_entities.csv",
        text(","),
        2,
        "Submission ID|Respondent ID|Submitted at|utm_source|Nom de votre structure&nbsp;?|…",
    ),
    ("teams/attendance_list_eventlog_2020_utf16le.csv", text("\t"), 3, "Full Name|User Action|Timestamp"),
    (
        "teams/attendance_report_en_gb_3sections_utf16be_lf.csv",
        then(text("\t"), numbered(2)),
        3,
        "Name|First join|Last leave|In-meeting duration|Email|Participant ID (UPN)|Role",
    ),
    (
        "teams/attendance_report_en_gb_3sections_utf16be_lf.csv",
        then(text("\t"), numbered(3)),
        2,
        "Name|Join time|Leave time|Duration|Email|Role",
    ),
    (
        "teams/attendance_report_en_us_3sections_utf16le.csv",
        then(text("\t"), numbered(2)),
        3,
        "Name|First Join|Last Leave|In-Meeting Duration|Email|Participant ID (UPN)|Role",
    ),
    (
        "teams/attendance_report_en_us_3sections_utf16le.csv",
        then(text("\t"), numbered(3)),
        2,
        "Name|Join Time|Leave Time|Duration|Email|Role",
    ),
    (
        "teams/rapport_presence_fr_2021_utf16le.csv",
        then(text("\t"), begin("Nom complet")),
        4,
        "Nom complet|Heure d'arrivée|Heure de départ|Durée|E-mail|Rôle",
    ),
    (
        "teams/rapport_presence_fr_2024.UNVERIFIED_LABELS.utf16le.csv",
        then(text("\t"), numbered(2)),
        1,
        "Nom|Première participation|Dernier départ|Durée dans la réunion|E-mail|ID du participant (UPN)|Rôle",
    ),
    (
        "typeform/api_responses.json",
        documents("items", pairs=TYPEFORM_PAIRS, leave_out=["metadata"]),
        1,
        "landing_id|token|response_id|response_type|landed_at|submitted_at|hidden.source|calculated.score|"
        "answers.structure|answers.publics.ids|answers.publics.labels|answers.publics.refs|answers.nps",
    ),
    (
        "typeform/responses.csv",
        text(","),
        2,
        "#|Nom de votre structure ?|Salariés|Étudiants|Other|Recommanderiez-vous ?|Acceptez-vous ?|source|"
        "Response Type|Start Date (UTC)|Stage Date (UTC)|Submit Date (UTC)|Network ID|Tags",
    ),
    (
        "weezevent/api_participant_list_full1.json",
        documents("participants", pairs=[Pairs("answers", "label", "value"), Pairs("buyer.answers", "label", "value")]),
        2,
        "id_participant|barcode|id_evenement|id_ticket|create_date|deleted|paid|owner.first_name|owner.last_name|"
        "owner.email|control_status.status|control_status.scan_date|answers.Structure|answers.Département|"
        "buyer.id_acheteur|buyer.email_acheteur|buyer.acheteur_last_name|buyer.acheteur_first_name|"
        "buyer.answers.Téléphone",
    ),
    ("yurplan/api_recentlyUpdatedOrders.PARTIAL.json", documents("results"), 1, "id|updated_at|event.id"),
    (
        "zoom/meeting_participants_flat_2024.csv",
        text(","),
        2,
        "Name (original name)|Email|Join time|Leave time|Duration (minutes)|Guest|Recording disclaimer response|"
        "In waiting room",
    ),
    (
        "zoom/meeting_participants_two_blocks_2020.csv",
        then(text(","), begin("Name (Original Name)")),
        3,
        "Name (Original Name)|User Email|Total Duration (Minutes)|Guest",
    ),
    (
        "zoom/meeting_participants_two_blocks_2020.csv",
        then(text(","), begin("Meeting ID", until_gap=True)),
        1,
        "Meeting ID|Topic|Start Time|End Time|User Email|Duration (Minutes)|Participants",
    ),
    ("zoom/webinar_attendee_report_2025.csv", then(text(","), zoom("Attendee Details")), 5, ZOOM_ATTENDEES),
    ("zoom/webinar_attendee_report_2025.csv", then(text(","), zoom("Host Details")), 1, ZOOM_HOSTS),
    ("zoom/webinar_attendee_report_2025.csv", then(text(","), zoom("Panelist Details")), 1, ZOOM_HOSTS),
    (
        "zoom/webinar_attendee_report_2025.csv",
        then(text(","), zoom("Other Attended")),
        1,
        "User Name|Join Time|Leave Time|Time in Session (minutes)|Country/Region Name",
    ),
    (
        "zoom/webinar_attendee_report_2025.csv",
        then(text(","), begin("Topic", until=ZOOM_SECTIONS)),
        1,
        ZOOM_SUMMARY,
    ),
]

REFUSED = {"demarche_numerique/graphql_error_http200.json"}


@pytest.mark.parametrize(
    ("name", "open_it", "rows", "header"), CASES, ids=[f"{name}-{index}" for index, (name, *_) in enumerate(CASES)]
)
def test_each_export_gives_its_rows_under_one_header(name, open_it, rows, header):
    sheet = open_it(name)
    found = header_of(sheet)
    expected = header.split("|") if header else []
    if expected and expected[-1] == "…":
        assert found[: len(expected) - 1] == expected[:-1]
    else:
        assert found == expected
    assert max(sheet.table.num_rows - 1, 0) == rows
    numbers = sheet.table.column("row_number").to_pylist()
    assert numbers == sorted(set(numbers))
    assert sheet.table.column_names == ["row_number", *(f"c{i}" for i in range(1, sheet.table.num_columns))]


def test_every_fixture_is_used():
    there = {str(path.relative_to(FILES)) for path in FILES.rglob("*") if path.is_file() and path.name[0] != "."}
    assert there == {name for name, *_ in CASES} | REFUSED


# ---------------------------------------------------------------------------------------------------- cells of the files


def test_zoom_keeps_row_numbers_and_counts_what_it_leaves_out():
    sheet = then(text(","), zoom("Attendee Details"))("zoom/webinar_attendee_report_2025.csv")
    rows = rows_of(sheet)
    assert [row["row"] for row in rows] == [13, 14, 15, 16, 17]
    assert [row["Attended"] for row in rows] == ["Yes", "Yes", "Yes", "No", "No"]
    assert rows[0]["Structure"] == "L’Établi, coop"
    note = next(note for note in sheet.notes if note.rule == "hors_tableau")
    assert note.message.startswith("13 lignes remplies hors") and note.message.endswith(
        "lignes 1 à 4, 5 à 7 (« Host Details »), 8 à 10 (« Panelist Details »), 18 à 20 (« Other Attended »)."
    )
    assert "Yann" not in note.message


def test_pretix_positions_carry_their_order_and_their_answers():
    rows = rows_of(documents("results", explode="positions", pairs=PRETIX_ANSWERS)("pretix/journee-ess.orders.p1.json"))
    first = rows[0]
    assert (first["row"], first["code"], first["status"], first["positions.positionid"]) == (2, "BPKEC", "e", "1")
    assert (first["positions.price"], first["total"]) == ("0.00", "37.50")
    assert first["positions.answers.THEMES"] == "Gouvernance, Financement, Numérique"
    assert (rows[1]["code"], rows[1]["positions.attendee_name"]) == ("BPKEC", None)
    # 66 of the 88 positions of the page answer this question: counted with the json module
    assert sum(row["positions.answers.ORGA"] is not None for row in rows) == 66
    assert sum(row["status"] == "c" for row in rows) == sum(
        len(order["positions"])
        for order in json.loads((FILES / "pretix/journee-ess.orders.p1.json").read_text())["results"]
        if order["status"] == "c"
    )


def test_three_pages_in_one_bundle_are_one_sheet(tmp_path):
    pages = [FILES / f"pretix/journee-ess.orders.p{i}.json" for i in (1, 2, 3)]
    bundle = tmp_path / "orders.jsonl"
    bundle.write_text("".join(json.dumps(json.loads(page.read_text())) + "\n" for page in pages), encoding="utf-8")
    sheet = read_records(bundle, file_name="orders.jsonl", records="results", explode="positions")[0]
    assert sheet.table.num_rows - 1 == 88 + 86 + 33
    assert sheet.table.column("row_number").to_pylist() == list(range(1, 209))
    again = read_records(bundle, file_name="orders.jsonl", records="results", explode="positions")[0]
    assert again.table.equals(sheet.table)


def test_cancelled_positions_are_rows():
    rows = rows_of(documents("results", explode="positions")("pretix/journee-ess.orders.with_canceled_positions.json"))
    assert sum(row["positions.canceled"] == "VRAI" for row in rows) == 3


def test_limesurvey_null_is_not_an_empty_answer():
    second = rows_of(documents("responses")("limesurvey/rc2_export_responses_decoded.json"))[1]
    assert (second["G1Q1"], second["G1SIRET"], second["submitdate"]) == ("", None, None)


def test_grist_lists_lose_their_code_and_errors_are_said():
    sheet = documents("records", tagged_lists=True)("grist/api_records.json")
    first, second = rows_of(sheet)
    assert (first["fields.Publics"], first["fields.Piece"]) == ("Salariés ; Étudiants", "12")
    assert (first["fields.Calcul"], second["fields.Calcul"], second["fields.Publics"]) == (None, "", None)
    assert (first["fields.Gratuit"], first["fields.Budget"], second["fields.Budget"]) == ("VRAI", "1250.5", "0")
    assert [note.rule for note in sheet.notes] == ["cellule_en_erreur"]


def test_billetweb_and_helloasso_identifiers_are_texts():
    rows = rows_of(documents()("billetweb/api_attendees.json"))
    assert [row["disabled"] for row in rows] == ["0", "0", "1", "0"]
    assert (rows[0]["custom.SIRET"], rows[0]["barcode"], rows[3]["price"]) == (
        "99900011000018",
        "005220000000",
        "12.50",
    )
    items = rows_of(documents("data", pairs=HELLOASSO_PAIRS)("helloasso/api_form_items_page1.json"))
    assert [item["state"] for item in items] == ["Processed", "Processed", "Canceled"]
    assert [item["options.Déjeuner"] for item in items] == ["1250", None, None]
    assert [item["customFields.N° SIRET"] for item in items] == ["99900011000018", None, None]


def test_a_repeated_question_of_the_organiser_export_is_numbered():
    header = header_of(then(text(";"), number_duplicates)("pretix/org.orderlist.positions.semicolon.csv"))
    assert [label for label in header if label.endswith("(2)")] == [
        "Nom du siège (2)",
        "Nom de votre organisation (2)",
        "Fonction (2)",
        "Thématiques (plusieurs choix) – Gouvernance (2)",
        "Thématiques (plusieurs choix) – Financement (2)",
        "Thématiques (plusieurs choix) – Numérique (2)",
        "Effectif (ETP) (2)",
        "Date de création (2)",
        "J'accepte d'être recontacté·e (2)",
    ]
    sample = header_of(then(text(";"), number_duplicates)("pretix/positions_fr_semicolon.csv"))
    assert [label for label in sample if label.endswith("(2)")] == ["Nom du siège (2)", "État (2)"]


def test_the_header_of_a_programme_keeps_the_number_of_its_last_row():
    sheet = then(workbook("Programme 2025"), begin("N°"), lambda s: stack_headers(s, rows=2, fill=[1]))(
        "tableurs/programme_mois_ess_2025.xlsx"
    )
    assert sheet.table.column("row_number").to_pylist() == [5, 6, 7, 8, 10, 11, 12, 13, 14]
    assert rows_of(sheet)[2]["Organisateur [Structure]"] == "SCIC Énergies d’Ici"


def test_the_anonymous_row_of_a_dashboard_is_answers_and_not_a_person():
    sheet = dashboard("bigbluebutton/learning_dashboard_en_labels_fr_values.csv")
    assert [row["Name"] for row in rows_of(sheet)] == ["CRESS Exemplie", "Yann Le Goff"]
    assert [row["Avez-vous déjà participé, au Mois de l’ESS ?"] for row in rows_of(sheet)] == ["-", "Oui"]
    assert "2 réponses" in next(note for note in sheet.notes if note.rule == "reponses_anonymes").message


# ------------------------------------------------------------------------------------------------------------- records


def sheet_of_json(tmp_path: Path, content: str | bytes, **options: object) -> Sheet:
    path = tmp_path / "export.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_records(path, file_name="export.json", **options)[0]


def refusal(tmp_path: Path, content: str | bytes, **options: object) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        sheet_of_json(tmp_path, content, **options)
    return caught.value


def test_null_absent_and_empty_text(tmp_path):
    sheet = sheet_of_json(tmp_path, '[{"a": null, "b": "", "c": 1}, {"c": 2, "d": "x"}]')
    assert header_of(sheet) == ["a", "b", "c", "d"]
    assert sheet.table.to_pylist()[1:] == [
        {"row_number": 2, "c1": None, "c2": "", "c3": "1", "c4": None},
        {"row_number": 3, "c1": None, "c2": None, "c3": "2", "c4": "x"},
    ]


def test_numbers_keep_their_digits(tmp_path):
    sheet = sheet_of_json(
        tmp_path, '[{"price": 12.50, "siret": 99900011000018, "tiny": 1E-7, "yes": true, "no": false}]'
    )
    assert list(rows_of(sheet)[0].values()) == [2, "12.50", "99900011000018", "1E-7", "VRAI", "FAUX"]


def test_a_path_that_is_null_here_and_an_object_there_has_no_column_of_its_own(tmp_path):
    sheet = sheet_of_json(tmp_path, '[{"id": "1", "place": null, "tags": []}, {"id": "2", "place": {"city": "Lille"}}]')
    assert header_of(sheet) == ["id", "place.city"]
    assert header_of(sheet_of_json(tmp_path, '[{"id": "1", "place": null, "tags": []}]')) == ["id", "place"]


def test_explode_repeats_the_record_and_says_which_gave_nothing(tmp_path):
    content = '[{"code": "A", "places": [{"who": "x"}, {"who": "y"}], "total": 2}, {"code": "B", "places": []}, {"code": "C"}]'
    sheet = sheet_of_json(tmp_path, content, explode="places")
    assert [list(row.values()) for row in rows_of(sheet)] == [[2, "A", "2", "x"], [3, "A", "2", "y"]]
    assert "2 enregistrements" in sheet.notes[0].message and "aucune ligne" in sheet.notes[0].message
    kept = sheet_of_json(tmp_path, content, explode="places", keep_empty=True)
    assert [(row["row"], row["code"], row["places.who"]) for row in rows_of(kept)] == [
        (2, "A", "x"),
        (3, "A", "y"),
        (4, "B", None),
        (5, "C", None),
    ]


def test_explode_goes_through_the_lists_on_its_way(tmp_path):
    content = '[{"id": "1", "days": [{"on": "lun", "slots": ["9h", "10h"]}, {"on": "mar", "slots": ["11h"]}]}]'
    sheet = sheet_of_json(tmp_path, content, explode="days.slots")
    assert header_of(sheet) == ["id", "days.on", "days.slots"]
    assert [list(row.values())[1:] for row in rows_of(sheet)] == [
        ["1", "lun", "9h"],
        ["1", "lun", "10h"],
        ["1", "mar", "11h"],
    ]


def test_a_wrong_path_to_explode_never_loses_every_record(tmp_path):
    refused = refusal(tmp_path, '[{"code": "A", "positions": [{"x": 1}]}]', explode="position")
    assert refused.rule == "liste_absente" and "« positions »" in refused.message


def test_pairs_name_columns_and_number_repeated_labels(tmp_path):
    content = """[{"id": "1", "answers": [{"q": "Structure", "a": "X"}, {"q": "Note", "n": 4}, {"q": "Note", "n": 5},
                   {"a": "seul"}, {"q": "Vide"}]}, {"id": "2", "answers": []}]"""
    sheet = sheet_of_json(tmp_path, content, pairs=[Pairs("answers", "q", ("a", "n"))])
    assert header_of(sheet) == [
        "id",
        "answers.Structure",
        "answers.Note",
        "answers.Note (2)",
        "answers.(sans libellé)",
        "answers.Vide",
    ]
    assert list(rows_of(sheet)[0].values())[1:] == ["1", "X", "4", "5", "seul", None]
    assert list(rows_of(sheet)[1].values())[1:] == ["2", None, None, None, None, None]


@pytest.mark.parametrize(
    ("values", "cell"),
    [
        ([], None),
        ([None, None], None),
        (["a"], "a"),
        ([""], ""),
        (["a", "b"], "a ; b"),
        (["a;b", "c"], "a;b ; c"),
        (["a ; b"], '["a ; b"]'),
        (["a ;", "b"], '["a ;", "b"]'),
        (["a", None], '["a", null]'),
        (["a", ""], '["a", ""]'),
        (["[1]", "x"], '["[1]", "x"]'),
    ],
)
def test_a_list_in_a_cell_can_be_taken_apart(values, cell):
    assert join_list(values) == cell
    if cell is not None:
        assert split_list(cell) == values


def test_a_list_of_objects_gives_lists_by_path(tmp_path):
    sheet = sheet_of_json(tmp_path, '[{"p": [{"state": "ok", "x": {"y": 1}}, {"state": "ko"}]}]')
    assert list(rows_of(sheet)[0].items())[1:] == [("p.state", "ok ; ko"), ("p.x.y", '["1", null]')]


def test_two_paths_with_one_name_stay_two_columns(tmp_path):
    assert header_of(sheet_of_json(tmp_path, '[{"a.b": "1", "a": {"b": "2"}, "A_b": "3"}]')) == [
        "a.b",
        "a.b (2)",
        "A_b (3)",
    ]


def test_json_lines_one_record_each_or_one_document_over_many_lines(tmp_path):
    assert sheet_of_json(tmp_path, '{"a": 1}\n\n{"a": 2}\r\n{"a": 3}').table.num_rows == 4
    assert sheet_of_json(tmp_path, '[\n {"a":\n 1},\n {"a": 2}\n]\n').table.num_rows == 3


def test_an_empty_record_is_left_out_and_keeps_its_number(tmp_path):
    sheet = sheet_of_json(tmp_path, '[{"a": 1}, {}, {"a": ""}, {"a": 2}]')
    assert [row["row"] for row in rows_of(sheet)] == [2, 5]
    assert [note.rule for note in sheet.notes] == ["enregistrement_vide"]


def test_byte_order_marks_and_utf16(tmp_path):
    assert rows_of(sheet_of_json(tmp_path, b'\xef\xbb\xbf[{"n": "\xc3\xa9"}]'))[0]["n"] == "é"
    assert rows_of(sheet_of_json(tmp_path, '[{"n": "é"}]'.encode("utf-16")))[0]["n"] == "é"


def test_half_a_character_and_nul_are_repaired_and_said(tmp_path):
    sheet = sheet_of_json(tmp_path, '[{"a": "x\\ud800y", "b": "n\\u0000n", "c": "\\ud83d\\ude00"}]')
    assert list(rows_of(sheet)[0].values())[1:] == ["x\ufffdy", "nn", "😀"]
    assert [note.rule for note in sheet.notes] == ["caractere_invalide"]


def test_a_record_longer_than_the_pieces_that_are_read(tmp_path):
    long = "é" * 3_000_000
    sheet = sheet_of_json(tmp_path, json.dumps([{"a": long}, {"a": "b"}], ensure_ascii=False))
    assert [len(row["a"]) for row in rows_of(sheet)] == [3_000_000, 1]


def test_pieces_may_end_anywhere(tmp_path, monkeypatch):
    content = (
        '{"n": 1, "list": [{"a": "\\ud83d\\ude00\\"", "b": -12.5e3, "c": true, "d": null}, {"b": 7}]}\n{"list": []}'
    )
    whole = sheet_of_json(tmp_path, content, records="list").table
    for size in (1, 2, 3, 5, 7, 11):
        monkeypatch.setattr("sources.readers.json_documents.CHUNK_CHARACTERS", size)
        assert sheet_of_json(tmp_path, content, records="list").table.equals(whole)


@pytest.mark.parametrize(
    ("content", "options", "rule", "said"),
    [
        ("", {}, "fichier_vide", "est vide"),
        (" \n ", {}, "fichier_vide", "est vide"),
        ("<!DOCTYPE html><html><body>Connexion</body></html>", {}, "page_web", "session"),
        (b"PK\x03\x04rest", {}, "fichier_binaire", "JSON"),
        ("a;b\n1;2\n", {}, "json_illisible", "ligne 1"),
        ('[{"a": 1}, {"a": 2', {}, "fichier_coupe", "après 1 enregistrement"),
        ('[{"a": 1}, {"a": "abc', {}, "fichier_coupe", "coupé"),
        ('[{"a": 1}, {"a": tru', {}, "fichier_coupe", "coupé"),
        ('[{"a": 1},', {}, "fichier_coupe", "coupé"),
        ('[{"a": 1}', {}, "fichier_coupe", "coupé"),
        ('{"results": [{"a": 1}]', {"records": "results"}, "fichier_coupe", "coupé"),
        ('[{"a": 1},]', {}, "json_illisible", "ponctuation"),
        ('[{"a": 1}] trop', {}, "json_illisible", "même ligne"),
        ('{"a": 1}{"a": 2}', {}, "json_illisible", "même ligne"),
        ('[{"a": 1}\n{"a": 2}]', {}, "json_illisible", "« , » ou « ] »"),
        ("[{'a': 1}]", {}, "json_illisible", "ponctuation"),
        ('[{"a": NaN}]', {}, "json_illisible", "NaN"),
        ('[{"a": "x\ty"}]', {}, "json_illisible", "tabulation"),
        ('[{"a": 1}, {"b": 1, "b": 2}]', {}, "cle_en_double", "« b »"),
        ('{"results": [], "results": [{"a": 1}]}', {"records": "results"}, "cle_en_double", "« results »"),
        ('{"count": 1, "results": [{"a": 1}]}', {"records": "data"}, "liste_absente", "« results »"),
        ('{"data": {"x": {"nodes": []}}}', {"records": "data.nodes"}, "liste_absente", "« data.x.nodes »"),
        ('{"results": {"a": 1}}', {"records": "results"}, "liste_absente", "aucune"),
        ('{"results": null}', {"records": "results"}, "liste_absente", "aucune"),
        ('[{"a": 1}]', {"records": "results"}, "liste_absente", "le document lui-même"),
        ('{"r": [{"a": 1}]}\n{"e": "panne"}', {"records": "r"}, "liste_absente", "document n° 2"),
        ('[{"a": 1}, null]', {}, "enregistrement_inattendu", "n° 2"),
        ('[["a", "b"], ["1", "2"]]', {}, "enregistrement_inattendu", "une liste"),
        ('"texte"', {}, "enregistrement_inattendu", "n° 1"),
        ("[" * 100_000, {}, "json_trop_profond", "niveaux"),
        ('[{"a": ' + '{"a": ' * 400 + "1" + "}" * 401 + "]", {}, "json_trop_profond", "niveaux"),
    ],
)
def test_what_is_not_an_export_is_refused_with_a_sentence(tmp_path, content, options, rule, said):
    refused = refusal(tmp_path, content, **options)
    assert (refused.rule, said in refused.message) == (rule, True), refused.message
    assert "export.json" in refused.message


def test_the_platform_s_own_error_is_repeated(tmp_path):
    path = FILES / "demarche_numerique/graphql_error_http200.json"
    with pytest.raises(Unreadable, match="Demarche not found") as caught:
        read_records(path, file_name=path.name, records="data.demarche.dossiers.nodes")
    assert caught.value.rule == "liste_absente"


@pytest.mark.nights
def test_records_that_share_no_field_do_not_fill_the_memory(tmp_path):
    strangers = "[" + ",".join(f'{{"k{i}": 1}}' for i in range(16_000)) + "]"
    assert refusal(tmp_path, strangers).rule == "tableau_demesure"
    giant = "{" + ",".join(f'"k{i}": 1' for i in range(17_000)) + "}"
    assert refusal(tmp_path, giant).rule == "trop_de_colonnes"


# -------------------------------------------------------------------------------------------------------------- tables


def sheet_of(*rows: tuple[str | None, ...], first: int = 1) -> Sheet:
    builder = TableBuilder("le fichier")
    builder.add(first, rows)
    return Sheet(None, builder.finish())


def numbers(sheet: Sheet) -> list[int]:
    return sheet.table.column("row_number").to_pylist()


SECTIONS = sheet_of(
    ("Rapport",),
    ("1. Résumé",),
    ("Titre", "Réunion"),
    (),
    ("2. Participants",),
    ("Nom", "Rôle"),
    ("Awa", "Participante"),
    ("3. Bob", "Participant"),
    (),
    ("3. Activités",),
    ("Nom", "Durée"),
    ("Awa", "12"),
)


def test_a_section_is_found_by_its_shape_or_its_folded_name():
    assert numbers(cut(SECTIONS, after=["2. *"], until=["3. *"])) == [6, 7, 8]
    assert numbers(cut(SECTIONS, after=["2 PARTICIPANTS"], until=["3. activites"])) == [6, 7, 8]
    assert numbers(cut(SECTIONS, after=["3. *"])) == [11, 12]
    assert numbers(cut(SECTIONS, after=["2. *"], until_gap=True)) == [6, 7, 8]
    assert numbers(cut(SECTIONS, after=["2. *"])) == [6, 7, 8, 10, 11, 12]


def test_a_participant_named_like_a_section_ends_no_table():
    assert numbers(cut(SECTIONS, after=["2. *"], until=["3. *"], alone=True))[-1] == 8
    assert numbers(cut(SECTIONS, after=["2. *"], until=["3. *"], alone=False)) == [6, 7]


def test_a_missing_section_names_those_that_are_there():
    with pytest.raises(Unreadable) as caught:
        cut(SECTIONS, after=["4. *"])
    assert caught.value.rule == "section_absente"
    assert "« 2. Participants »" in caught.value.message and "Awa" not in caught.value.message


def test_a_section_that_comes_twice_is_refused_rather_than_half_read():
    twice = sheet_of(("A",), ("x", "y"), ("1", "2"), ("A",), ("x", "y"), ("3", "4"))
    with pytest.raises(Unreadable) as caught:
        cut(twice, after=["A"])
    assert caught.value.rule == "section_en_double" and "1, 4" in caught.value.message


def test_a_section_without_a_row_is_refused():
    with pytest.raises(Unreadable) as caught:
        cut(sheet_of(("A",), ("B",), ("x", "y")), after=["A"], until=["B"])
    assert caught.value.rule == "section_vide"
    with pytest.raises(Unreadable) as caught:
        cut(sheet_of(("x", "y"), ("A",)), after=["A"])
    assert caught.value.rule == "section_vide"


def test_cut_needs_one_way_to_begin():
    with pytest.raises(ValueError):
        cut(SECTIONS)
    with pytest.raises(ValueError):
        cut(SECTIONS, after=["2. *"], at=["Nom"])


def test_sections_that_are_known_not_to_be_read_are_not_remarked():
    ends = {"after": ["2. *"], "until": ["3. Act*"]}
    (note,) = cut(SECTIONS, **ends).notes
    assert note.message.startswith("6 lignes remplies hors")
    (note,) = cut(SECTIONS, **ends, besides=["1. *"]).notes
    assert note.message.startswith("4 lignes remplies hors") and note.message.endswith(
        "lignes 1, 10 à 12 (« 3. Activités »)."
    ), "« Rapport » is unknown"
    assert cut(SECTIONS, **ends, besides=["Rapport", "1. *", "3. *"]).notes == ()


def test_stacked_headers_stretch_only_where_something_is_below():
    sheet = sheet_of(
        ("Structure", None, "Public", None, None, None),
        ("Nom", "Ville", "Élus", "Élus", None, "Seul"),
        ("Lien", "Lille", "X", None, None, "oui"),
        first=4,
    )
    stacked = stack_headers(sheet, rows=2, fill=[1], alone=["seul"])
    assert header_of(stacked) == [
        "Structure [Nom]",
        "Structure [Ville]",
        "Public [Élus]",
        "Public [Élus]",
        None,
        "Seul",
    ]
    assert numbers(stacked) == [5, 6]
    assert header_of(number_duplicates(stacked))[3] == "Public [Élus] (2)"
    assert header_of(stack_headers(sheet, rows=2)) == [
        "Structure [Nom]",
        "Ville",
        "Public [Élus]",
        "Élus",
        None,
        "Seul",
    ]


def test_stacked_headers_three_rows_and_repeated_labels():
    sheet = sheet_of(("A", None), ("B", "A"), ("C", "C"), ("1", "2"))
    assert header_of(stack_headers(sheet, rows=3, fill=[1])) == ["A [B] [C]", "A [C]"]


def test_stacked_headers_need_their_rows():
    with pytest.raises(Unreadable) as caught:
        stack_headers(sheet_of(("A",)), rows=2)
    assert caught.value.rule == "entetes_absents"
    with pytest.raises(ValueError):
        stack_headers(sheet_of(("A",), ("B",)), rows=2, fill=[3])


def test_numbering_compares_as_headers_are_bound():
    assert number_labels(["État", "Etat ", None, "État (2)", "#", "#", None, "€"]) == [
        "État",
        "Etat (3)",
        None,
        "État (2)",
        "#",
        "# (2)",
        None,
        "€",
    ]
    empty = Sheet(None, TableBuilder("le fichier").finish())
    assert number_duplicates(empty).table.num_rows == 0


# ------------------------------------------------------------------------------------------------------------ dialects

LABELS = (
    "Name,Moderator,Activity Score,Talk Time,Webcam Time,Messages,Reactions,Poll Votes,Raise Hands,Join,Left,Duration"
)


def dashboard_of(tmp_path: Path, *lines: str) -> Sheet:
    path = tmp_path / "dashboard.csv"
    path.write_text("\r\n".join(lines), encoding="utf-8", newline="")
    return read_learning_dashboard(path, file_name="dashboard.csv")[0]


def person(name: str, *polls: str) -> str:
    return ",".join(
        f'"{cell}"' for cell in (name, "FALSE", *"00000", "1", "0", "18/11/2025 12:00", "-", "01:00", *polls)
    )


def test_dashboard_quotes_inside_a_name_are_kept(tmp_path):
    sheet = dashboard_of(tmp_path, LABELS, person('Zoé "Zo" PETIT'), person("Awa, N’Diaye"))
    assert [row["Name"] for row in rows_of(sheet)] == ['Zoé "Zo" PETIT', "Awa, N’Diaye"]


def test_dashboard_questions_with_commas_are_put_together(tmp_path):
    sheet = dashboard_of(tmp_path, LABELS + ",Oui, non, ou bien ?,Et vous ?", person("Awa", "Oui", "Non"))
    assert header_of(sheet)[12:] == ["Oui, non, ou bien ?", "Et vous ?"]


def test_dashboard_that_cannot_be_told_apart_is_refused(tmp_path):
    with pytest.raises(Unreadable) as caught:
        dashboard_of(tmp_path, LABELS + ",1,5 ?,Et vous ?", person("Awa", "Oui", "Non"))
    assert caught.value.rule == "entete_decalee"
    with pytest.raises(Unreadable) as caught:
        dashboard_of(tmp_path, LABELS, person("Awa"), person('B","C'))
    assert caught.value.rule == "guillemets"
