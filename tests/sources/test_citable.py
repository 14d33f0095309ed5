"""What is quoted of a refused cell, and what is not: names, addresses and telephones typed into the wrong column."""

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from rulebook import contacts
from sources.citable import quotable
from sources.judge import FINDING
from sources.kinds import References
from sources.note import Note
from sources.readers import Unreadable
from sources.values.refusal import quote
from tests.sources.deliveries import CONTRACTS, land, raw

EVENTS = CONTRACTS["evenements_ess"].contract
REFERENCES = References()
PEOPLE = "Zoé Quenouille, Marie Bidule 06 12 34 56 78 zq@exemple.test"
HEADER = (
    "Référence;Programme;Statut;Intitulé;Organisateur(s);Thèmes;Date;Lieu;Format;Participants;Compte dans le programme"
)
NAMES = ("zoe", "zoé", "quenouille", "bidule", "zq@", "exemple.test", "06 12", "0612")


def told(field: str, text: str, message: str | None = None) -> tuple[str, str | None]:
    """Message and value of one finding whose sentence quotes the whole cell."""
    findings = pa.Table.from_pylist(
        [
            {
                "row_number": 2,
                "field": field,
                "rule": "r",
                "message": message or f"{quote(text)} ne va pas.",
                "value": text,
            }
        ],
        schema=FINDING,
    )
    raw_columns = {"row_number": pa.array([2], pa.int32()), field: pa.array([text], pa.string())}
    row = quotable(EVENTS, REFERENCES, raw_columns, findings).to_pylist()[0]
    return row["message"], row["value"]


@pytest.mark.parametrize(
    "field", ["participants", "date", "place", "status", "programme", "themes", "format", "region", "counts"]
)
@pytest.mark.parametrize(
    "text",
    [PEOPLE, "Zoé Quenouille", "QUENOUILLE Zoé", "Marie Martin", "Mme Quenouille", "Z. Quenouille", "Jean-Marie"],
)
def test_a_name_is_not_quoted_where_a_number_a_date_or_a_known_word_is_expected(field, text):
    message, value = told(field, text)
    assert "non citée" in message and value is None
    assert not [name for name in (*NAMES, "marie", "martin") if name in message.lower()]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("participants", "une trentaine"),
        ("participants", "12 personnes environ"),
        ("participants", "65 adultes et 12 enfants"),
        ("participants", "12 ou 13 salariés de la structure"),
        ("participants", "salle comble"),
        ("participants", "à compter"),
        ("date", "mardi 14 novembre"),
        ("date", "le 31 février 2023, de 9h à 12h"),
        ("date", "3ème semaine de novembre, date à confirmer"),
        ("place", "Armentieres (62)"),
        ("place", "VILLENEUVE D'ASCQ et Saint-Omer"),
        ("place", "Lille, Roubaix, Tourcoing"),
        ("place", "Maison de l'ESS"),
        ("format", "présentiel"),
        ("format", "en présentiel et en visio"),
        ("status", "reporté ou annulé"),
        ("themes", "transition écologique, numérique"),
        ("programme", "HDF-CONF-2031"),
        ("region", "Nord-Pas-de-Calais"),
        ("counts", "peut-être"),
    ],
)
def test_what_helps_to_find_the_error_is_quoted(field, text):
    assert told(field, text) == (f"{quote(text)} ne va pas.", text)


def test_addresses_and_telephones_are_never_quoted_even_in_free_text():
    message, value = told("title", "Rencontre (zq@exemple.test, 0033 6.12.34.56.78)")
    assert message == "« Rencontre (adresse électronique) (téléphone)) » ne va pas." and value is None
    # the whole of an address goes, wherever the quotation would have cut it
    assert quote("x" * 70 + " zoe.quenouille@exemple.test").endswith("x (adresse… »")
    assert told("participants", "612345678")[0] == "« (téléphone ?) » ne va pas."


def test_a_part_of_the_cell_is_no_more_quoted_than_the_whole():
    text = "ÉCO, Zoé, Quenouille"
    message, _ = told(
        "themes", text, f"« Zoé » n'est pas un thème connu, dans {quote(text)}. Les thèmes sont : « ÉCO »."
    )
    assert "Zoé" not in message and "Quenouille" not in message and message.endswith("Les thèmes sont : « ÉCO ».")
    text = "Zoé « la fileuse » Quenouille"
    message, _ = told("participants", text, f"Le mot « {text[:10]} » de « {text} » Quenouille ne va pas.")
    assert not [name for name in (*NAMES, "fileuse") if name in message.lower()]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Zoé Quenouille zq@exemple.test", "Zoé Quenouille"),
        ("Collectif Phare (tél. : 06 12 34 56 78)", "Collectif Phare"),
        ("Phare – contact : zq@exemple.test / Hauts les coop", "Phare – / Hauts les coop"),
        ("zq@exemple.test", ""),
        ("Le 06 12 2023 à 14 h, 150 personnes", "Le 06 12 2023 à 14 h, 150 personnes"),
        ("par exemple 06/04/2023 14:30, ou 06-04-2023 14:30", "par exemple 06/04/2023 14:30, ou 06-04-2023 14:30"),
        ("SIRET 01234567800012", "SIRET 01234567800012"),
        ("Phare +33 (0)6 12 34 56 78", "Phare"),
        ("Phare 0033612345678", "Phare"),
        ("Phare 06/12/34/56/78", "Phare"),
        ("Rendez-vous @ Lille", "Rendez-vous @ Lille"),
        ("Solid@rité : l'@telier de Jeun'ESS@Lille.", "Solid@rité : l'@telier de Jeun'ESS@Lille."),
    ],
)
def test_contacts_are_taken_out_of_a_text(text, left):
    assert contacts.removed(text) == left
    assert not contacts.holds(left)
    assert pc.match_substring_regex(pa.array([text]), contacts.CONTACT)[0].as_py() or text == left, "as Arrow reads it"


def test_nobody_is_named_by_the_refusals_of_a_delivery(tmp_path):
    """The cell is said, so that who typed it finds it; what it holds is not."""
    good = ["E1", "HDF-CONF-2023", "tenu", "Rencontre", "Phare", "", "06/04/2023", "LILLE", "", "12", "oui"]
    lines = [HEADER]
    for column in (1, 2, 5, 6, 7, 8, 9, 10):
        lines.append(";".join([f"E{column}", *good[1:column], PEOPLE, *good[column + 1 :]]))
    raw(tmp_path, "evenements_ess", "a.csv", "\n".join(lines).encode())
    (report,) = land(tmp_path, "evenements_ess")
    path = f"{tmp_path}/landing/quarantine/evenements_ess__{report.delivery_id}.parquet"
    rows = duckdb.sql(f"select cell, message, value from '{path}' order by row_number").fetchall()
    assert [cell for cell, _, _ in rows] == ["B2", "C3", "F4", "G5", "H6", "I7", "J8", "K9"]
    said = str(rows).lower() + str(report.notes).lower() + str(report.message).lower()
    assert not [name for name in NAMES if name in said], said


@pytest.mark.parametrize(
    ("header", "place"),
    [("Inscriptions : zq@exemple.test", "L1"), ("06 12 34 56 78", "L1"), ("Zoé 06.12.34.56.78", "L1")],
)
def test_an_unknown_header_that_is_a_contact_is_said_by_its_cell(tmp_path, header, place):
    raw(tmp_path, "evenements_ess", "a.csv", f"{HEADER};{header}\n".encode())
    (report,) = land(tmp_path, "evenements_ess")
    assert report.rule == "colonnes_inattendues" and report.message.count(f"cellule {place}") == 2
    assert "« Participants »" in report.message, "the other columns are quoted"
    assert not [name for name in NAMES if name in report.message.lower()] and "06.12" not in report.message


def test_what_is_read_in_place_of_a_header_is_quoted_without_contacts(tmp_path):
    raw(tmp_path, "evenements_ess", "a.csv", f"Fiche;{'x' * 100} zoe.quenouille@exemple.test\n1;2\n".encode())
    (report,) = land(tmp_path, "evenements_ess")
    assert report.rule == "entete_introuvable" and not [name for name in NAMES if name in report.message.lower()]


def test_the_name_of_a_sheet_or_file_is_quoted_without_contacts():
    assert "zq" not in Unreadable("r", "Pas de feuille « zq@exemple.test » dans « a.xlsx ».").message
    assert "zq" not in Note("r", "La feuille « zq@exemple.test » est masquée.").message


LABELLED = ["E1", "HDF-CONF-2023", "tenu", "Rencontre", "Phare", "", "06/04/2023", "LILLE", "", "12", "oui"]


def events(tmp_path, **cells: str) -> tuple[list[tuple], list[Note]]:
    """What lands of one event in which some cells are these, and what is said."""
    named = dict(zip(("title", "organisers", "themes", "date", "place"), LABELLED[3:8], strict=True)) | cells
    line = ";".join([*LABELLED[:3], *named.values(), *LABELLED[8:]])
    raw(tmp_path, "evenements_ess", "a.csv", f"{HEADER}\n{line}\n".encode())
    (report,) = land(tmp_path, "evenements_ess")
    path = f"{tmp_path}/landing/event/evenements_ess__{report.delivery_id}.parquet"
    columns = "event_id, title, organiser_text, organiser_labels, place_label"
    said = [note for note in report.notes if note.rule == "contact_retire"]
    return duckdb.sql(f"select {columns} from '{path}'").fetchall(), said


def test_a_contact_beside_a_label_is_not_published_and_its_event_stays(tmp_path):
    rows, said = events(
        tmp_path,
        title="Rencontre (06\u202f12\u00a034 56 78)",
        organisers="Phare zq@exemple.test, Zoé Quenouille",
        place="LILLE (zq@exemple.test)",
    )
    assert rows == [("E1", "Rencontre", "Phare, Zoé Quenouille", ["Phare", "Zoé Quenouille"], "LILLE")]
    (note,) = said
    assert "de D2, E2, H2 :" in note.message and "zq" not in note.message


def test_an_organiser_that_is_a_contact_alone_is_nobody(tmp_path):
    rows, said = events(tmp_path, organisers="zq@exemple.test")
    assert rows == [("E1", "Rencontre", None, [], "LILLE")] and len(said) == 1


def test_nothing_is_said_of_labels_without_a_contact(tmp_path):
    rows, said = events(tmp_path, title="Rendez-vous @ Lille, le 06 12", organisers="Phare")
    assert rows[0][1] == "Rendez-vous @ Lille, le 06 12" and not said
