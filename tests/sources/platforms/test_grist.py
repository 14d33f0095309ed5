"""Grist: a real table of 120 rows as CSV and by the API, and the synthetic ones."""

from datetime import datetime
from decimal import Decimal

import pytest
from shipped import land

EXPORTS = [
    ("grist", "export_download_csv.tableId-Inscriptions", "Emmaüs Défi / 2025-12-03", "E9"),
    ("grist_api", "records.json", "1", "fields.Montant"),
]


@pytest.mark.parametrize(("template", "file", "first", "cell"), EXPORTS)
def test_the_real_table(tmp_path, template, file, first, cell):
    """One amount of the 120 is « douze euros », and 24 are blank."""
    landed = land(tmp_path, template, f"grist/{file}")
    assert landed.counts == (120, 119, 1, 0, 0)
    assert landed.rows[0]["registration_id"] == first
    assert len(set(landed.column("registration_id"))) == 119
    prices = landed.column("price")
    assert (prices[:3], prices.count(None)) == ([None, Decimal("12.50"), Decimal("25.00")], 24)
    assert landed.column("status") == ["registered"] * 119
    # 2026-11-22 1:37am in Paris, to the second in the API
    assert {instant.replace(second=0, microsecond=0) for instant in landed.column("updated_at")} == {
        datetime(2026, 11, 22, 0, 37)
    }
    # rows 8 and 10: the amount of row 9 is refused; « 3 déc. », in row 10, is a text in a column of dates
    assert [(row["organisation_text"], row["commune_text"]) for row in landed.rows[6:8]] == [
        ("France; Bénévolat", "Lille"),
        ("Emmaüs Défi", None),
    ]
    (refused,) = landed.quarantine
    assert (refused["row_number"], refused["cell"], refused["rule"]) == (9, cell, "montant_incompris")
    assert "douze euros" not in refused["message"] and refused["value"] != "douze euros"


# what the template becomes for the synthetic table, whose « Budget » is no price
ANOTHER_TABLE = """\
source: autre_table
title: Une autre table
entity: registration
files: {shape: delimited, delimiter: ","}
fields:
  registration_id: {compose: [Horodatage, Structure], ranked: true, required: true}
  event: {headers: [Nom], required: true}
  status: {constant: registered}
  registered_at: {headers: [Horodatage]}
  organisation: {headers: [Structure], privacy: indirect}
ignore: [Date, Publics, Gratuit, Budget]
"""


def test_the_synthetic_csv(tmp_path):
    landed = land(tmp_path, "autre_table", "grist/export.csv", text=ANOTHER_TABLE)
    assert landed.counts == (2, 1, 1, 0, 0)
    (row,) = landed.rows
    assert (row["registration_id"], row["organisation_text"]) == (
        "2025-11-18 10:02 / Mutuelle du Vallon",
        "Mutuelle du Vallon",
    )
    assert row["registered_at"] == datetime(2025, 11, 18, 9, 2)
    # the second row has only a toggle and a zero: neither a key nor an event
    assert [(each["field"], each["rule"]) for each in landed.quarantine] == [
        ("event", "valeur_manquante"),
        ("registration_id", "valeur_manquante"),
    ]


def test_the_synthetic_api(tmp_path):
    text = ANOTHER_TABLE.replace('delimited, delimiter: ","', "json, records: records, tagged_lists: true")
    text = text.replace("{compose: [Horodatage, Structure], ranked: true, required: true}", "{headers: [id]}")
    text = text.replace("[Nom]", "[fields.Nom]").replace("{headers: [Structure]", "{headers: [fields.Structure]")
    text = text.replace("{headers: [Horodatage]}", "{headers: [fields.Horodatage], epoch: true}")
    text = (
        text[: text.index("ignore")]
        + "ignore: ["
        + ", ".join(f"fields.{name}" for name in ("Date", "Publics", "Gratuit", "Budget", "Piece", "Calcul"))
    )
    landed = land(tmp_path, "autre_table", "grist/api_records.json", text=text + ", errors.Calcul]\n")
    assert landed.counts == (2, 1, 1, 0, 0)
    (row,) = landed.rows
    # 1763456531 seconds after 1970
    assert (row["registration_id"], row["registered_at"]) == ("1", datetime(2025, 11, 18, 9, 2, 11))
    assert [(each["row_number"], each["field"]) for each in landed.quarantine] == [(3, "event")]
