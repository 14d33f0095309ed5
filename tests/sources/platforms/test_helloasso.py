"""HelloAsso: the export of today (CSV and workbook), that of before 2020, and the API. One row per ticket."""

import json
from datetime import datetime
from decimal import Decimal

import pytest
from shipped import FILES, land

EDITS = {"EVENEMENT-A-PRECISER": "EV-2025-12", "PROGRAMME-A-PRECISER": "ERROL-CONSULT-2025"}
API = {"PROGRAMME-A-PRECISER": "ERROL-CONSULT-2025"}
CSV = "helloasso/export_billetterie_2025_bom_semicolon_crlf.csv"
PEOPLE = ("DURAND-LEROY", "Maëlle", "LE GOFF", "Zoé", "N’Diaye", "Müller", "ÇELIK", "@example.org")


@pytest.mark.parametrize(
    ("template", "file"), [("helloasso", CSV), ("helloasso_xlsx", "helloasso/export_billetterie_2025.xlsx")]
)
def test_one_row_per_ticket_of_the_current_export(tmp_path, template, file):
    """Three tickets in one order, one free, one paid back, one cancelled."""
    landed = land(tmp_path, template, file, edits=EDITS)
    assert landed.counts == (6, 6, 0, 0, 0)
    assert landed.column("status") == [*["registered"] * 4, "refunded", "cancelled"]
    assert landed.column("order_id")[:4] == ["153201001"] * 3 + ["153214410"]
    assert landed.column("registration_id")[:2] == [
        "153201001 / 153201001 / Plein tarif",
        "153201001 / 153201002 / Plein tarif",
    ]
    assert set(landed.column("event_id")) == {"EV-2025-12"}
    assert landed.column("price") == [Decimal(text) for text in ("15.00", "15.00", "5.00", "0.00", "15.00", "15.00")]
    assert landed.column("registered_at") == [
        *[datetime(2025, 10, 2, 7, 14)] * 3,  # 09:14 in Paris, summer time
        datetime(2025, 10, 7, 20, 45),
        datetime(2025, 10, 14, 22, 3),  # 00:03 the next day in Paris
        datetime(2025, 10, 31, 17, 30),  # winter time
    ]
    assert landed.column("siret") == ["99900011000018", "99900011000018", None, None, "99900014400017", None]
    assert landed.column("organisation_text")[3:5] == [None, "Mutuelle du Vallon"]
    assert not landed.leaks(*PEOPLE)


def test_who_pays_is_not_who_comes(tmp_path):
    landed = land(tmp_path, "helloasso", CSV, edits=EDITS)
    yann = landed.identities[1]
    assert (yann["given_name"], yann["family_name"], yann["email"]) == ("Yann", "LE GOFF", None)
    assert yann["other"] == {"payer_name": "Maëlle DURAND-LEROY", "payer_email": "maelle.durand-leroy@example.org"}
    assert len(set(landed.column("person_key"))) == 6
    assert set(landed.column("person_basis")) == {"name"}, "only the payer's address is in the export"


def test_more_tickets_change_no_key(tmp_path):
    before = land(tmp_path, "helloasso", CSV, edits=EDITS)
    lines = (FILES / CSV).read_text("utf-8-sig").splitlines()
    new = lines[4].replace("153214410", "153260000")
    more = land(tmp_path, "helloasso", "\r\n".join([lines[0], new, *lines[1:]]).encode(), name="b.csv", edits=EDITS)
    assert more.counts == (7, 7, 0, 0, 0)
    assert more.column("registration_id")[1:] == before.column("registration_id")
    assert more.column("person_key")[1:] == before.column("person_key")


def test_two_tickets_that_nothing_tells_apart_are_two_places(tmp_path):
    lines = (FILES / CSV).read_text("utf-8-sig").splitlines()
    landed = land(tmp_path, "helloasso", "\n".join([*lines[:2], lines[1]]).encode(), name="a.csv", edits=EDITS)
    assert landed.column("registration_id")[1] == "153201001 / 153201001 / Plein tarif #2"


def test_a_question_of_another_form_holds_the_export(tmp_path):
    content = (FILES / CSV).read_text("utf-8-sig").replace("Droit à l'image", "Régime alimentaire")
    landed = land(tmp_path, "helloasso", content.encode(), name="a.csv", edits=EDITS)
    assert landed.report.outcome == "held" and "« Régime alimentaire » (colonne W)" in landed.report.message


def test_an_unknown_status_is_kept_and_reported(tmp_path):
    content = (FILES / CSV).read_text("utf-8-sig").replace(";Annulé;", ";Contesté;")
    landed = land(tmp_path, "helloasso", content.encode(), name="a.csv", edits=EDITS)
    assert landed.rows[5]["status"] == "unknown" and landed.rows[5]["status_text"] is None
    (note,) = landed.report.notes
    assert note.rule == "mot_inconnu" and "en C7 (1 ligne" in note.message
    assert "Contesté" not in note.message, "it may be a person's name"
    assert "« Validé », « En attente »" in note.message


def test_a_name_that_many_rows_have_for_a_status_is_not_quoted(tmp_path):
    """Cells that have moved by one: the same name in four rows."""
    lines = (FILES / CSV).read_text("utf-8-sig").splitlines()
    status = lines[0].split(";").index("Statut de la commande")
    moved = []
    for number, typed in enumerate(("Zoe Quenouille",) * 4 + ("Bidule",)):
        cells = lines[1].split(";")
        cells[0], cells[status] = f"9{number}", typed
        moved.append(";".join(cells))
    landed = land(tmp_path, "helloasso", "\n".join([lines[0], *moved]).encode(), name="a.csv", edits=EDITS)
    (note,) = [note for note in landed.report.notes if note.rule == "mot_inconnu"]
    assert "Statuts inconnus en C2, C6 (5 lignes)" in note.message
    assert "Quenouille" not in note.message and "Bidule" not in note.message


def test_the_export_of_before_2020(tmp_path):
    landed = land(tmp_path, "helloasso_ancien", "helloasso/export_adhesions_2019_legacy.csv", edits=EDITS)
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("registration_id") == ["2", "1"]
    assert landed.column("registered_at") == [datetime(2019, 10, 1, 18, 36), datetime(2019, 9, 30, 16, 56)]
    assert landed.column("price") == [Decimal("80.00"), Decimal("250.00")]
    assert landed.column("siret") == ["99900012800010", "99900015100012"]
    assert landed.column("organisation_text") == ["Association Les Ressorts", "Fondation Terre & Mer"]
    assert [row["email"] for row in landed.identities] == [
        "anne-sophie.lefevre@example.org",
        "joao.ferreiradasilva@example.org",
    ]
    assert landed.identities[1]["phone"] == "+33 6 00 00 00 02"
    assert landed.identities[1]["other"] == {"payer_name": "João Ferreira da Silva"}
    assert not landed.leaks("Lefèvre", "Ferreira", "@example.org", "0600000001", "6 00 00 00 02")


def test_items_of_the_api(tmp_path):
    landed = land(tmp_path, "helloasso_api", "helloasso/api_form_items_page1.json", edits=API)
    assert landed.counts == (3, 3, 0, 0, 0)
    assert landed.column("registration_id") == ["153201001", "153201002", "153230077"]
    assert landed.column("order_id") == ["153201001", "153201001", "153230077"]
    assert landed.column("event_id") == ["forum-ess-2025"] * 3
    assert landed.column("status") == ["registered", "registered", "cancelled"]
    assert landed.column("price") == [Decimal("15.00")] * 3, "cents"
    assert landed.rows[0]["registered_at"] == datetime(2025, 10, 2, 7, 14, 22, 133700)
    assert landed.column("siret") == ["99900011000018", None, None]
    assert landed.identities[2]["family_name"] == "Müller"
    assert landed.identities[2]["other"]["payer_name"] == "Maëlle DURAND-LEROY"
    assert not landed.leaks(*PEOPLE)


def test_the_last_page_of_the_api_is_empty_and_lands(tmp_path):
    second = land(tmp_path, "helloasso_api", "helloasso/api_form_items_page2.json", edits=API)
    assert second.counts == (1, 1, 0, 0, 0) and second.column("status") == ["cancelled"]
    empty = "helloasso/api_form_items_page3_empty_but_token.json"
    assert land(tmp_path, "helloasso_api", empty, edits=API).counts == (0, 0, 0, 0, 0)


def test_a_payment_given_back_and_a_donation_beside_a_ticket(tmp_path):
    page = json.loads((FILES / "helloasso/api_form_items_page1.json").read_text("utf-8"))
    first, second, third = page["data"]
    second["payments"][0]["state"] = "Refunded"
    third["type"] = "Donation"
    landed = land(tmp_path, "helloasso_api", json.dumps(page).encode(), name="a.json", edits=API)
    assert landed.counts == (2, 2, 0, 0, 1)
    assert landed.column("status") == ["registered", "refunded"]
