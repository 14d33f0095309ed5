"""How a contract makes one field of several columns: rules, composition, sealed keys, lists; each landed from a small file."""

import contextlib
import json

import duckdb
import pytest
from deliveries import NOW, contract, landed, places, raw

from identity.vault import Vault, open_private
from sources.contract import ContractError
from sources.landing import deliver

PLACE = """\
source: essai
title: Un essai
entity: registration
files: {shape: delimited, delimiter: ";"}
fields:
  registration_id: {headers: [Numéro], required: true}
  event: {constant: E1}
  status: {headers: [Statut], words: {registered: [ok]}}
"""
LINE = """\
source: essai
title: Un essai
entity: attendance
files: {shape: delimited, delimiter: ";"}
fields:
  attendance_id: {compose: [Commande, Nom], ranked: true, sealed: true, required: true}
  event: {constant: E1}
  programme: {constant: HDF-CONF-2023}
  present: {compose: [Matin, Soir], blank: "non", words: {"true": [✓, P], "false": [✗, excusé]}}
  full_name: {headers: [Nom], nothing: ["--"], privacy: direct}
"""


def test_rules_come_before_the_field_s_own_text_and_in_their_order(tmp_path):
    text = PLACE.replace(
        "words: {registered: [ok]}",
        "words: {registered: [ok]}, rules: [{header: Annulé, words: [Oui], gives: cancelled}, "
        "{header: Scan, filled: true, gives: attended}]",
    )
    content = "Numéro;Statut;Annulé;Scan\n1;ok;oui ;08:57\n2;ok;non;08:57\n3;ok;;\n4;peut-être;;\n"
    assert landed(tmp_path, text, content, "status, status_text") == [
        ("cancelled", None),
        ("attended", None),
        ("registered", "ok"),
        ("unknown", None),
    ]


def test_rules_come_before_a_constant(tmp_path):
    text = PLACE.replace(
        "{headers: [Statut], words: {registered: [ok]}}",
        "{constant: registered, rules: [{header: Statut, words: [annulé], gives: cancelled}]}",
    )
    assert landed(tmp_path, text, "Numéro;Statut\n1;ok\n2;ANNULE\n", "status") == [("registered",), ("cancelled",)]


def test_a_rule_gives_a_value_of_the_field(tmp_path):
    text = PLACE.replace(
        "words: {registered: [ok]}", "words: {registered: [ok]}, rules: [{header: A, filled: true, gives: venu}]"
    )
    with pytest.raises(ContractError, match="valeur inconnue venu"):
        contract(tmp_path, text)


def test_columns_are_put_together_with_what_stands_between(tmp_path):
    text = PLACE + '  registered_at: {compose: [Jour, Heure], between: " "}\n'
    content = "Numéro;Statut;Jour;Heure\n1;ok;2025-10-02;09:14:22\n2;ok;2025-10-02;\n"
    assert landed(tmp_path, text, content, "registered_at::varchar") == [
        ("2025-10-02 07:14:22",),
        ("2025-10-01 22:00:00",),
    ]


def test_a_boolean_of_several_columns_is_true_when_one_is(tmp_path):
    content = "Commande;Nom;Matin;Soir\n1;A B;✓;✗\n2;C D;;\n3;E F;excusé;✗\n4;G H;;P\n5;I J;✗;?\n"
    rows = landed(tmp_path, LINE, content, "row_number, is_present")
    assert rows == [(2, True), (3, False), (4, False), (5, True)]
    ((cell, message),) = duckdb.sql(f"select cell, message from '{tmp_path}/landing/quarantine/*.parquet'").fetchall()
    assert cell == "C6" and "✓" in message


def test_a_key_made_of_persons_lands_sealed_and_stays_the_same(tmp_path):
    rows = landed(tmp_path, LINE, "Commande;Nom;Matin;Soir\nA1;Zoé PETIT;x;\nA1;Zoé PETIT;x;\n", "attendance_id")
    keys = [key for (key,) in rows]
    assert len(set(keys)) == 2 and all(len(key) == 32 and "PETIT" not in key for key in keys)
    more = "Commande;Nom;Matin;Soir\nA1;Awa NDIAYE;x;\nA1;Zoé PETIT;x;\nA1;Zoé PETIT;;\n"
    again = landed(tmp_path, LINE, more, "attendance_id", name="b.csv")
    assert [key for (key,) in again][1:] == keys


def test_a_text_that_means_nothing_is_an_empty_cell(tmp_path):
    content = "Commande;Nom;Matin;Soir\nA1;--;x;\nA2;Zoé PETIT;x;\n"
    assert landed(tmp_path, LINE, content, "person_basis") == [("none",), ("name",)]
    with contextlib.closing(open_private()) as con:
        assert Vault(tmp_path / "vault").load(con, purpose="verification") == 1
        assert con.execute("select row_number, full_name from identities").fetchall() == [(3, "Zoé PETIT")]


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        (["A1;Zoé P;x;", "A2;Ana B;x;", "A1;Zoé P;x;", "A2;Ana B;x;"], "4 à 5"),
        (["A1;Zoé P;x;", "A2;Ana B;x;", "Commande;Nom;Matin;Soir", "A1;Zoé P;x;", "A2;Ana B;x;"], "5 à 6"),
        (["A1;Zoé P;x;", "A2;Ana B;x;", "A1;Zoé P;x;", "A2;Ana B;;x"], None),  # somebody else's second ticket
        (["A1;Zoé P;x;", "A1;Zoé P;x;", "A1;Zoé P;x;", "A1;Zoé P;x;"], None),  # four places of one order
        (["A1;Zoé P;x;", "A2;Ana B;x;", "A1;Zoé P;x;"], None),
    ],
)
def test_a_list_pasted_twice_is_remarked_where_a_rank_tells_its_rows_apart(tmp_path, lines, rows):
    raw(tmp_path, "essai", "a.csv", "\n".join(["Commande;Nom;Matin;Soir", *lines]).encode())
    (report,) = deliver(places(tmp_path), contract(tmp_path, LINE), now=NOW)
    said = [note.message for note in report.notes if note.rule == "liste_en_double"]
    assert (f"Les lignes {rows} redisent" in said[0]) if rows else not said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((", sealed: true", ""), "« Nom » est une colonne de personnes"),
        (("event: {constant: E1}", "event: {headers: [Nom]}"), "réclamé deux fois"),
        (("event: {constant: E1}", "event: {compose: [Nom]}"), "« Nom » est une colonne de personnes"),
        (("event: {constant: E1}", "event: {constant: E1, sealed: true}"), "« sealed » n'a de sens"),
        (("event: {constant: E1}", "event: {constant: E1, pick: latest}"), "« pick » n'a de sens"),
        (("entity: attendance", "entity: event"), "champ inconnu"),
    ],
)
def test_a_column_of_persons_reaches_no_other_field(tmp_path, change, said):
    with pytest.raises(ContractError, match=said):
        contract(tmp_path, LINE.replace(*change))


def test_one_instant_of_a_list_counts(tmp_path):
    text = PLACE.replace('{shape: delimited, delimiter: ";"}', "{shape: json}")
    text = text.replace("Numéro", "id").replace("Statut", "s") + "  checked_in_at: {headers: [scans], pick: earliest}\n"
    scans = ["2025-11-18T09:30:00Z", "2025-11-18T08:57:01+01:00"]
    content = [{"id": 1, "s": "ok", "scans": scans}, {"id": 2, "s": "ok", "scans": scans[:1]}, {"id": 3, "s": "ok"}]
    assert landed(tmp_path, text, json.dumps(content), "checked_in_at::varchar", name="a.json") == [
        ("2025-11-18 07:57:01",),
        ("2025-11-18 09:30:00",),
        (None,),
    ]
    (tmp_path / "again").mkdir()
    latest = landed(
        tmp_path / "again",
        text.replace("earliest", "latest"),
        json.dumps(content[:1]),
        "checked_in_at::varchar",
        name="a.json",
    )
    assert latest == [("2025-11-18 09:30:00",)]


def test_the_sessions_of_an_event_go_from_the_first_day_to_the_last(tmp_path):
    text = """\
source: essai
title: Un essai
entity: event
files: {shape: json}
fields:
  event_id: {headers: [id], required: true}
  programme: {constant: HDF-CONF-2023}
  status: {constant: announced}
  counts: {constant: "oui"}
  title: {headers: [t]}
  date: {compose: [b, e], between: " ; ", split: [" ; "]}
"""
    content = [
        {"id": 1, "t": "deux jours", "b": ["2023-04-06T09:00:00+02:00", "2023-04-07T00:00:00+02:00"],
         "e": ["2023-04-06T17:30:00+02:00", "2023-04-07T23:59:00+02:00"]},
        {"id": 2, "t": "une heure", "b": ["2023-04-06T09:00:00+02:00"], "e": ["2023-04-06T10:30:00+02:00"]},
        {"id": 3, "t": "un jour", "b": ["2023-04-06T00:00:00+02:00"], "e": ["2023-04-06T23:59:00+02:00"]},
    ]  # fmt: skip
    columns = "starts_on::varchar, ends_on::varchar, date_precision, start_time::varchar, end_time::varchar"
    assert landed(tmp_path, text, json.dumps(content), columns, name="a.json") == [
        ("2023-04-06", "2023-04-07", "day", None, None),
        ("2023-04-06", "2023-04-06", "day", "09:00:00", "10:30:00"),
        ("2023-04-06", "2023-04-06", "day", None, None),
    ]


def test_a_page_without_any_record_is_a_delivery_of_no_row(tmp_path):
    text = PLACE.replace('{shape: delimited, delimiter: ";"}', "{shape: json, records: data}")
    text += "  email: {headers: [mail], privacy: direct}\n"
    assert landed(tmp_path, text, '{"data": []}', "*", name="a.json") == []


def test_a_refused_half_day_is_masked_whole(tmp_path):
    landed(tmp_path, LINE, "Commande;Nom;Matin;Soir\n1;A B;x;\n2;Z P;✗;Zoé Petit\n", "1")
    ((message, value),) = duckdb.sql(f"select message, value from '{tmp_path}/landing/quarantine/*.parquet'").fetchall()
    assert "Petit" not in message and "masquée" in message and "Petit" not in value


def test_a_list_of_people_without_header_stays_out_of_the_ledger(tmp_path):
    loaded = contract(tmp_path, LINE)
    raw(tmp_path, "essai", "a.csv", "A1;Zoé PETIT;x\nA2;Awa N’DIAYE;x\n".encode())
    (report,) = deliver(places(tmp_path), loaded, now=NOW)
    assert (report.outcome, report.rule) == ("held", "entete_introuvable")
    assert "PETIT" not in report.message and "« Nom »" in report.message


def test_a_postcode_keeps_its_five_digits(tmp_path):
    text = PLACE + "  postcode: {headers: [CP]}\n"
    content = "Numéro;Statut;CP\n1;ok;1000\n2;ok;42 000\n3;ok;59000.0\n4;ok;B-1000\n5;ok;-\n"
    assert landed(tmp_path, text, content, "postcode") == [("01000",), ("42000",), ("59000",), ("B-1000",), (None,)]


def test_an_entity_without_programme_finds_its_places(tmp_path):
    text = """\
source: essai
title: Un essai
entity: organisation
files: {shape: delimited, delimiter: ";"}
fields:
  organisation_id: {headers: [N°], required: true}
  name: {headers: [Nom]}
  place: {headers: [Ville]}
"""
    assert landed(tmp_path, text, "N°;Nom;Ville\n1;A;Lille\n", "commune_code") == [("59350",)]


EVENT = """\
source: essai
title: Un essai
entity: event
files: {shape: delimited, delimiter: ";"}
fields:
  event_id: {headers: [Code], required: true}
  programme: {constant: HDF-CONF-2023}
  status: {constant: held}
  counts: {constant: "oui"}
  title: {headers: [Titre], required: true}
  organisers: {headers: [Qui], split: [" / "]}
"""


def test_an_organiser_that_nobody_knows_is_no_organiser(tmp_path):
    said = ["n.d.", "NC", "À préciser", "#N/A", "#REF!", "APES / à préciser", "#NOM? / n.d. / APES", "#LesAssos / NCR"]
    content = "Code;Titre;Qui\n" + "".join(f"E{n};Visite;{text}\n" for n, text in enumerate(said))
    assert landed(tmp_path, EVENT, content, "organiser_text, organiser_labels") == [
        ("n.d.", []),
        ("NC", []),
        ("À préciser", []),
        ("#N/A", []),
        ("#REF!", []),
        ("APES / à préciser", ["APES"]),
        ("#NOM? / n.d. / APES", ["APES"]),
        ("#LesAssos / NCR", ["#LesAssos", "NCR"]),
    ]


@pytest.mark.parametrize(
    "code",
    ["mess25-001", "ＭＥＳＳ25-001", "MESS25–001", "MESS25\N{MINUS SIGN}001", "Mess25\N{NON-BREAKING HYPHEN}001"],
)
def test_a_code_in_other_letters_is_that_of_the_event_above(tmp_path, code):
    content = f"Code;Titre;Qui\nMESS25-001;Visite;\n{code};Atelier;\nMESS25-002;Atelier;\n{code};Atelier;\n"
    events = landed(tmp_path, EVENT, content, "event_id, title")
    assert events == [("MESS25-001", "Visite"), ("MESS25-002", "Atelier")]
    refused = f"select rule, message, value from '{tmp_path}/landing/quarantine/*.parquet'"
    ((rule, message, value),) = duckdb.sql(refused).fetchall()
    assert (rule, value) == ("cle_en_double", code)
    assert "La ligne 2 porte déjà « MESS25-001 »" in message and f"« {code} »" in message


def test_the_number_of_a_registration_is_as_it_was_typed(tmp_path):
    content = "Numéro;Statut\na1;ok\nA1;ok\n"
    assert landed(tmp_path, PLACE, content, "registration_id") == [("a1",), ("A1",)]


def test_a_place_online_and_a_format_in_person_contradict_each_other(tmp_path):
    text = EVENT + (
        "  place: {headers: [Lieu]}\n  department: {headers: [Dépt]}\n"
        "  format: {headers: [Format], words: {in_person: [présentiel], online: [visio], hybrid: [hybride]}}\n"
    )
    content = "Code;Titre;Qui;Lieu;Dépt;Format\nE1;A;;visio;59;présentiel\nE2;B;;visio;59;hybride\nE3;C;;visio;59;\nE4;D;;Lille;59;présentiel\n"
    assert landed(tmp_path, text, content, "event_id, place_status, modality") == [
        ("E2", "online", "hybrid"),
        ("E3", "online", "online"),
        ("E4", "located", "in_person"),
    ]
    ((cell, rule, message),) = duckdb.sql(
        f"select cell, rule, message from '{tmp_path}/landing/quarantine/*.parquet'"
    ).fetchall()
    assert (cell, rule) == ("D2", "format_contradictoire")
    assert "« visio »" in message and "« présentiel »" in message
