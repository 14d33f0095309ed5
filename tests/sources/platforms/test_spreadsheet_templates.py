"""Sheets people keep by hand: sign-in sheets as attendance, a list of partners as organisations."""

import pytest
from shipped import FILES, land

PROGRAMME = {"PROGRAMME-A-PRECISER": "ERROL-CONSULT-2025"}
SHEET = "tableurs/emargement_2025-11-18.xlsx"
GROUPED = "spreadsheets/lo_emargement"
PARTNERS = "tableurs/partenaires_cp1252_semicolon.csv"
PEOPLE = ("DURAND-LEROY", "Maëlle", "LE GOFF", "N’DIAYE", "PETIT", "example.org", "ylegoff")
GROUPED_PEOPLE = (
    "LEFÈVRE",
    "Aïcha",
    "Dupont",
    "O'Brien",
    "Œuvrard",
    "Élodie",
    "Škoda",
    "exemple.fr",
    "0320010203",
    "Z.N.",
)


def test_sign_in_sheet(tmp_path):
    """Six lines, one without number; the last excused herself. Below: a total and who typed it."""
    landed = land(tmp_path, "emargement", SHEET, name="EV-2025-12.xlsx", edits=PROGRAMME)
    assert landed.counts == (6, 6, 0, 0, 2)
    assert landed.column("row_number") == [7, 8, 9, 10, 11, 12]
    assert landed.column("is_present") == [True, True, True, True, True, False]
    assert set(landed.column("event_id")) == {"EV-2025-12"}
    assert landed.column("gender") == ["F", "M", None, "F", "M", "F"]
    assert landed.column("organisation_text")[:3] == ["L’Établi / directrice", "L’Établi", "étudiante"]
    # « ylegoff@example,org » is no address; the last two lines are one person by her address
    assert landed.column("person_basis") == ["email", "name", "name", "email", "none", "email"]
    assert landed.rows[3]["person_key"] == landed.rows[5]["person_key"]
    assert landed.identities[1]["email_typed"] == "ylegoff@example,org"
    assert landed.identities[0]["signature"] == "(signé)"
    assert [note.rule for note in landed.report.notes] == ["adresses_illisibles"]
    assert not landed.leaks(*PEOPLE)


def test_list_of_presence(tmp_path):
    """VRAI and FAUX are typed in an ODS, which other readers turn into FAUX twice."""
    landed = land(tmp_path, "liste_presence", "tableurs/liste_presence.ods", name="EV-1.ods", edits=PROGRAMME)
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("is_present") == [True, False]
    assert landed.column("organisation_text") == ["Coopérative L’Établi", None]
    assert [row["full_name"] for row in landed.identities] == ["LE GOFF Yann", "N’DIAYE Awa"]
    assert not landed.leaks(*PEOPLE)


@pytest.mark.parametrize(
    ("template", "file"),
    [
        ("emargement_groupes", f"{GROUPED}.xlsx"),
        ("emargement_groupes", f"{GROUPED}.ods"),
        ("emargement_groupes_csv", f"{GROUPED}.tab.utf16.csv"),
    ],
)
def test_sheet_written_by_libreoffice(tmp_path, template, file):
    """Seven lines (one « dont », under a merged cell), then a total. « A / A » is absent all day."""
    landed = land(tmp_path, template, file, edits=PROGRAMME)
    assert landed.counts == (7, 7, 0, 0, 1)
    assert landed.column("row_number") == [6, 7, 8, 9, 10, 11, 12]
    assert landed.column("is_present") == [True] * 6 + [False]
    assert landed.column("postcode") == ["59000", "59000", "01000", None, "94240", "42000", "20000"]
    assert landed.column("organisation_text")[5] == "Association sur deux lignes"
    assert landed.column("person_basis") == ["email", "email", "email", "name", "name", "name", "name"]
    assert landed.identities[2]["family_name"] == "Nguyễn"
    assert landed.identities[2]["signature"] == "Z.N."
    assert not landed.leaks(*GROUPED_PEOPLE, "Nguyễn")


def test_the_same_sheet_in_an_encoding_without_ticks(tmp_path):
    """« ✓ / ✗ » were saved as « ? / ? »: nobody can say, so the line is refused and not counted present."""
    landed = land(tmp_path, "emargement_groupes_csv", f"{GROUPED}.fr.semicolon.cp1252.csv", edits=PROGRAMME)
    assert landed.counts == (7, 6, 1, 0, 1)
    ((cell, rule, field),) = [(row["cell"], row["rule"], row["field"]) for row in landed.quarantine]
    assert (cell, rule, field) == ("H11", "mot_inconnu", "present")
    assert landed.column("is_present") == [True] * 5 + [False]
    assert not landed.leaks(*GROUPED_PEOPLE)


def test_a_line_inserted_changes_no_other_key(tmp_path):
    file = f"{GROUPED}.fr.semicolon.cp1252.csv"
    before = land(tmp_path, "emargement_groupes_csv", file, name="EV-1.csv", edits=PROGRAMME)
    content = (FILES / file).read_text("cp1252")
    new = "SCOP;Lille;59000;BENALI;Samia;samia@exemple.fr;;X;;;;;;;\n"
    at = content.index("Emmaüs Défi")
    more = (content[:at] + new + content[at:]).encode("cp1252")
    after = land(tmp_path, "emargement_groupes_csv", more, name="EV-1.csv", edits=PROGRAMME)
    assert after.counts == (8, 7, 1, 0, 1)
    assert after.column("attendance_id")[1:] == before.column("attendance_id")
    assert after.column("person_key")[1:] == before.column("person_key")


SIRETS = [None, "99900012800010", "99900013600013"]
STATES = ["irrecoverable", "valid", "valid"]
NAMES = ["Coopérative L’Établi", "Association « Les Ressorts »", "BŒUF & Fils – coop…"]


@pytest.mark.parametrize(
    ("change", "notes"),
    [
        (lambda content: content, ["separateur_deduit"]),
        (lambda content: b"sep=;\r\n" + content, []),
        (lambda content: content.decode("cp1252").encode("utf-8-sig"), ["separateur_deduit"]),
        (lambda content: content.decode("cp1252").encode("utf-16"), ["separateur_deduit"]),
        # read as Windows-1252 by a program, and saved: the sample of that is the same file
        (lambda content: (FILES / "tableurs/partenaires_mojibake_utf8_lu_en_cp1252.csv").read_bytes(),
         ["separateur_deduit", "texte_repare"]),
    ],
    ids=["cp1252", "sep=", "utf-8", "utf-16", "mojibake"],
)  # fmt: skip
def test_partners_whatever_the_encoding(tmp_path, change, notes):
    """Three partners and a total, under a title. The SIRET of the first lost its digits in a spreadsheet program."""
    landed = land(tmp_path, "partenaires", change((FILES / PARTNERS).read_bytes()), name="partenaires.csv")
    assert landed.counts == (3, 3, 0, 0, 1)
    assert landed.column("organisation_name") == NAMES
    assert (landed.column("siret"), landed.column("siret_state")) == (SIRETS, STATES)
    assert landed.column("department_code") == ["02", "2A", "974"]
    assert [row["phone"] for row in landed.identities] == ["612345678", "0400000000", "06-00-00-00-02"]
    assert [note.rule for note in landed.report.notes] == notes
    assert not landed.leaks("612345678", "0400000000", "06-00-00-00-02")


def test_another_list_is_held(tmp_path):
    landed = land(tmp_path, "partenaires", "tableurs/sep_line_excel.csv")
    assert (landed.report.outcome, landed.report.rule) == ("held", "entete_introuvable")
