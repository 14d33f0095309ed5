"""Answers ticked in several columns, fields read in some rows only, and the name of the file as a value; each landed from
a small file."""

import json

import pytest
from deliveries import contract, landed

from sources.contract import ContractError, header_key

ANSWERS = """\
source: essai
title: Un essai
entity: feedback
files: {shape: delimited, delimiter: ";"}
fields:
  response_id: {headers: [N]}
  selections:
    headers: [Publics]
    encoding: plain_comma
    options: [Salariés]
    ticked: {Salariés: [A], Étudiants: [B, B bis], Autre: [C]}
"""
LOG = """\
source: essai
title: Un essai
entity: attendance
files: {shape: delimited, delimiter: ";"}
fields:
  attendance_id: {headers: [N]}
  event: {file_name: true, words: {EV-1: [forum 2025]}}
  joined_at: {compose: [Heure], when: {header: Action, words: [Entrée]}}
  left_at: {compose: [Heure], when: {header: Action, words: [Sortie]}}
"""


def test_one_column_per_answer_becomes_a_list(tmp_path):
    content = "N;A;B;C\n1;X;;retraités\n2;1;0;non\n3;Oui;Étudiants;\n4;;;\n5;N/A;N/A;\n6;no;false;faux\n7;VRAI;y; \n"
    assert landed(tmp_path, ANSWERS, content, "selections") == [
        (["Salariés", "Autre"],),
        (["Salariés"],),
        (["Salariés", "Étudiants"],),
        (None,),
        (None,),
        ([],),
        (["Salariés", "Étudiants"],),
    ]


def test_the_same_field_is_read_from_one_cell_when_the_export_has_no_column_per_answer(tmp_path):
    content = "N;Publics\n1;Étudiants,Salariés,\n2;Salariés,Michel au bureau 12\n3;\n"
    assert landed(tmp_path, ANSWERS, content, "selections") == [
        (["Étudiants", "Salariés"],),
        (["Salariés", "Autre"],),
        (None,),
    ]


def test_a_column_may_have_another_name_in_another_export(tmp_path):
    assert landed(tmp_path, ANSWERS, "N;A;B bis\n1;;x\n", "selections") == [(["Étudiants"],)]


def test_a_question_seen_and_left_blank_is_an_empty_list_where_the_file_tells(tmp_path):
    text = ANSWERS.replace('files: {shape: delimited, delimiter: ";"}', "files: {shape: json}")
    records = [{"N": 1, "A": "", "B": "", "C": None}, {"N": 2, "A": None, "B": None, "C": None}]
    assert landed(tmp_path, text, json.dumps(records), "selections", "a.json") == [([],), (None,)]


def test_words_give_the_names_of_the_answers(tmp_path):
    text = ANSWERS[: ANSWERS.index("    headers")] + (
        "    headers: [Publics]\n    encoding: plain_space\n    words: {Salariés: [salaries], Étudiants: [etudiants]}\n"
    )
    content = "N;Publics\n1;etudiants salaries\n2;salaries chomeurs\n"
    assert landed(tmp_path, text, content, "selections") == [(["Étudiants", "Salariés"],), (["Salariés", "Autre"],)]


def test_a_list_that_no_separator_can_hold_is_read_from_its_json(tmp_path):
    text = ANSWERS.replace('files: {shape: delimited, delimiter: ";"}', "files: {shape: json}")
    text = text.replace("plain_comma", "spaced_semicolon").replace("options: [Salariés]", 'options: ["a ; b", c]')
    records = [{"N": 1, "Publics": ["a ; b", "c"]}, {"N": 2, "Publics": ["c"]}]
    assert landed(tmp_path, text, json.dumps(records), "selections", "a.json") == [(["a ; b", "c"],), (["c"],)]


def test_a_field_is_read_in_the_rows_that_its_condition_names(tmp_path):
    content = "N;Action;Heure\n1;entree;2025-11-18 10:00\n2;Sortie;2025-11-18 11:00\n3;pause;2025-11-18 10:30\n"
    assert landed(tmp_path, LOG, content, "joined_at::varchar, left_at::varchar") == [
        ("2025-11-18 09:00:00", None),
        (None, "2025-11-18 10:00:00"),
        (None, None),
    ]


def test_a_condition_on_a_column_that_is_not_there_reads_nothing(tmp_path):
    assert landed(tmp_path, LOG, "N;Heure\n1;2025-11-18 10:00\n", "joined_at, left_at") == [(None, None)]


@pytest.mark.parametrize(("name", "event"), [("EV-7.csv", "EV-7"), ("Forum 2025.csv", "EV-1"), ("a.b.csv", "a.b")])
def test_the_name_of_the_file_says_the_event(tmp_path, name, event):
    assert landed(tmp_path, LOG, "N;Action;Heure\n1;x;\n", "event_id", name) == [(event,)]


def test_headers_are_compared_without_their_html_entities():
    assert header_key("Nom de votre structure&nbsp;?") == header_key("Nom de votre structure ?")
    assert header_key("Financement &amp; mécénat") == header_key("FINANCEMENT & MECENAT")
    assert header_key("R&D") != header_key("R et D")
    assert header_key("#") == "#"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    encoding: plain_comma\n", "", ["selections", "« encoding »"]),
        ("    options: [Salariés]\n", "", ["selections", "« options »"]),
        ("{headers: [N]}", "{headers: [N], ticked: {A: [B]}}", ["response_id", "choix multiple"]),
        ("{headers: [N]}", "{headers: [N], file_name: true}", ["« file_name: true »"]),
        ("{headers: [N]}", "{headers: [N], when: {header: A, words: []}}", ["response_id", "words"]),
        ("title: Un essai", "title: Un essai\nignore: [B bis]", ["« B bis »", "lu et ignoré"]),
    ],
)
def test_what_makes_no_sense_is_said(tmp_path, old, new, words):
    assert old in ANSWERS
    with pytest.raises(ContractError) as error:
        contract(tmp_path, ANSWERS.replace(old, new))
    for word in words:
        assert word in str(error.value)
