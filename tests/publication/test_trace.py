"""Tracing on a warehouse of four events and seven people: recomputing, telling, counting without telling, keeping secrets."""

import json
import os
import subprocess
import sys
import time

import duckdb
import pytest

from publication import trace
from publication.trace import declared, figures, writing
from publication.trace.documents import numbers, ranges

ROWS = """
select programme.programme_id, 'total' as breakdown, 'total' as member, event.event_key, event.participants
from (values ('P1')) as programme (programme_id) left join dim_event as event on true
"""
PEOPLE = """
select 'P1' as programme_id, 'gender' as breakdown, gender as member, delivery_key, row_number
from fct_attendance
"""
ENTRIES = {
    "ind_a": [
        {
            "indicators": ["A1"],
            "one_row_is": "event",
            "fields": ["title", "participants"],
            "shows": "participants",
            "rows": ROWS,
            "value": "sum(participants)",
            "lower": "sum(participants)",
        },
        {
            "indicators": ["A2"],
            "one_row_is": "event",
            "rows": ROWS,
            "value": "sum(participants) / nullif(count(participants), 0)",
            "numerator": "sum(participants)",
            "denominator": "count(participants)",
        },
        {"indicators": ["A3"], "one_row_is": "person", "rows": PEOPLE, "value": "count(row_number)"},
    ]
}
TIDY = (
    "programme_id, indicator, breakdown, member, value, numerator, denominator, lower, upper, obs_status, conf_status"
)


@pytest.fixture
def warehouse(tmp_path):
    """12 + 30 + 18 attendances at three events, none known for the fourth; five women and two men."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as c:
        c.execute(
            "create table dim_event as select * from (values "
            "(1, 'E1', 'Atelier <b>', date '2023-04-06', null, 'LENS', 's', 'd1', 2, 12), "
            "(2, 'E2', 'Café', date '2023-05-06', null, 'LILLE', 's', 'd1', 3, 30), "
            "(3, 'E3', 'Visite', null, 'juin', null, 's', 'd1', 4, 18), "
            "(4, 'E4', 'Fresque', null, null, null, 's', 'd1', 6, null)) "
            "as event (event_key, event_id, title, starts_on, date_text, place_label, source, delivery_id, row_number, participants)"
        )
        c.execute(
            "create table fct_delivery as select * from (values "
            "(10, 's', 'd1', 'Programme', 'programme.xlsx', timestamp '2024-01-02', 5, 4, 1, 0), "
            "(11, 'f', 'd2', 'Feuilles', 'feuille.csv', timestamp '2024-01-03', 7, 7, 0, 0)) as delivery "
            "(delivery_key, source, delivery_id, source_title, file_name, received_at, rows_read, rows_accepted, rows_quarantined, rows_duplicate)"
        )
        c.execute(
            "create table fct_landed_column as select * from (values (10, 'Ateliers', 'title', 'C', 'Intitulé'), "
            "(10, 'Ateliers', 'participants', 'H', 'Présents'), (11, null, 'gender', 'B', 'Genre')) as bound "
            "(delivery_key, sheet, field, column_letter, header)"
        )
        c.execute(
            "create table fct_correction as select 10 as delivery_key, 3 as row_number, 'deux-zeros' as correction_id, "
            "'participants' as fields, 'Trente, et non trois cents.' as reason, date '2024-02-01' as added_on"
        )
        c.execute(
            "create table fct_quarantine as select 10 as delivery_key, 5 as row_number, 'G5' as cell, 'date' as rule, "
            "'« 32 juin » n’est pas une date.' as message"
        )
        c.execute(
            "create table fct_attendance as select 11 as delivery_key, cast(n as integer) as row_number, "
            "case when n <= 6 then 'F' else 'H' end as gender from range(2, 9) as rows (n)"
        )
        c.execute(f"create table ind_a ({TIDY.replace(',', ' VARCHAR,', 4).replace('value', 'value DOUBLE')} VARCHAR)".replace(
            "numerator,", "numerator DOUBLE,").replace("denominator,", "denominator DOUBLE,").replace("lower,", "lower DOUBLE,").replace(
            "upper,", "upper DOUBLE,").replace("obs_status,", "obs_status VARCHAR,"))  # fmt: skip
        c.execute(
            "insert into ind_a values ('P1', 'A1', 'total', 'total', 60, null, null, 60, null, 'P', 'F'), "
            "('P1', 'A2', 'total', 'total', 20, 60, 3, null, null, 'A', 'F'), "
            "('P1', 'A3', 'gender', 'F', 5, null, null, null, null, 'A', 'F'), "
            "('P1', 'A3', 'gender', 'H', null, null, null, null, null, 'Q', 'A')"
        )
    return path


@pytest.fixture
def traces():
    return declared.parse(ENTRIES)


def changed(warehouse, sql: str):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(sql)
    return warehouse


def test_every_figure_recomputes(warehouse, traces):
    with trace.opened(warehouse) as connection:
        assert trace.mismatches(connection, traces, "ind_a") == []


@pytest.mark.parametrize(
    ("sql", "broken"),
    [
        ("update dim_event set participants = 13 where event_id = 'E1'", {("A1", "value"), ("A1", "lower"), ("A2", "value"), ("A2", "numerator")}),
        ("update ind_a set value = 21 where indicator = 'A2'", {("A2", "value")}),
        ("update ind_a set denominator = 4 where indicator = 'A2'", {("A2", "denominator")}),
        ("delete from fct_attendance where row_number = 2", {("A3", "value")}),
        ("delete from fct_attendance", {("A3", "value")}),
        ("update dim_event set participants = null", {("A1", "value"), ("A1", "lower"), ("A2", "value"), ("A2", "numerator"), ("A2", "denominator")}),
    ],
)  # fmt: skip
def test_a_spoilt_row_or_figure_is_found(warehouse, traces, sql, broken):
    with trace.opened(changed(warehouse, sql)) as connection:
        found = trace.mismatches(connection, traces, "ind_a")
    assert {(m.figure[1], m.measure) for m in found} == broken
    assert all("ses lignes donnent" in m.sentence() for m in found)


def test_a_figure_without_an_entry_is_found(warehouse):
    only = declared.parse({"ind_a": ENTRIES["ind_a"][:2]})
    with trace.opened(warehouse) as connection:
        found = trace.mismatches(connection, only, "ind_a")
    assert {m.figure for m in found} == {("P1", "A3", "gender", "F"), ("P1", "A3", "gender", "H")}
    assert "aucun tracé" in found[0].sentence()


def test_a_figure_leads_to_its_cells(warehouse, traces):
    with trace.opened(warehouse) as connection:
        figure = next(f for f in trace.released(connection, "ind_a") if f["indicator"] == "A1")
        entry = trace.entry_of(traces, "ind_a", "A1", "total")
        origin = trace.origin(connection, trace.read_places(connection), entry, figure)
    assert origin.is_exact and [line.shown for line in origin.lines] == [12, 30, 18, None]
    second = origin.lines[1]
    assert (second.file.file_name, second.file.sheet, second.row_number) == ("programme.xlsx", "Ateliers", 3)
    assert second.cells == (("C3", "Intitulé"), ("H3", "Présents"))
    assert [correction.correction_id for correction in second.corrections] == ["deux-zeros"]
    assert [(file.file_name, refused[0].cell) for file, refused in origin.aside] == [("programme.xlsx", "G5")]


def test_persons_are_only_counted_and_a_secret_tells_nothing(warehouse, traces):
    with trace.opened(warehouse) as connection:
        where = trace.read_places(connection)
        entry = trace.entry_of(traces, "ind_a", "A3", "gender")
        women, men = (f for f in trace.released(connection, "ind_a") if f["indicator"] == "A3")
        told, kept = trace.origin(connection, where, entry, women), trace.origin(connection, where, entry, men)
    assert (
        told.is_exact
        and told.lines == ()
        and [(file.file_name, count) for file, count in told.counted] == [("feuille.csv", 5)]
    )
    assert (kept.lines, kept.counted, kept.recomputed) == ((), (), None)


def origin_of(warehouse, traces, indicator, member="total"):
    with trace.opened(warehouse) as connection:
        figure = next(
            f for f in trace.released(connection, "ind_a") if (f["indicator"], f["member"]) == (indicator, member)
        )
        entry = trace.entry_of(traces, "ind_a", indicator, figure["breakdown"])
        return trace.origin(connection, trace.read_places(connection), entry, figure)


def test_why_a_figure_is_not_what_it_was(warehouse, traces):
    """One event came, one went, one counts otherwise; the fourth is read from another row of another file, and says the same."""
    before = origin_of(warehouse, traces, "A1")
    changed(warehouse, "delete from dim_event where event_id = 'E1'")
    changed(warehouse, "update dim_event set participants = 19, event_key = 33 where event_id = 'E3'")
    changed(warehouse, "update dim_event set row_number = 9, delivery_id = 'd2', source = 's' where event_id = 'E4'")
    changed(warehouse, "insert into dim_event values (5, 'E5', 'Repas', null, null, null, 's', 'd1', 7, 8)")
    found = trace.revision(before, origin_of(warehouse, traces, "A1"))
    assert [line.title for line in found.came] == ["E5 Repas"] and [line.title for line in found.gone] == [
        "E1 Atelier <b>"
    ]
    assert [(was.title, was.shown, now.shown) for was, now in found.moved] == [("E3 Visite", 18, 19)]
    assert not found.is_defined_otherwise
    same = trace.revision(before, before)
    assert not same.has_other_rows and not same.is_defined_otherwise


def test_why_a_count_of_persons_is_not_what_it_was(warehouse, traces):
    before = origin_of(warehouse, traces, "A3", "F")
    secret = origin_of(warehouse, traces, "A3", "H")
    changed(warehouse, "delete from fct_attendance where row_number = 2")
    found = trace.revision(before, origin_of(warehouse, traces, "A3", "F"))
    assert [(file.file_name, old, new) for file, old, new in found.counted] == [
        ("feuille.csv", 5, 4)
    ] and not found.came
    new = trace.revision(None, origin_of(warehouse, traces, "A3", "F"))
    assert [(old, number) for _, old, number in new.counted] == [(0, 4)]
    kept = trace.revision(secret, before)
    assert kept.is_secret and not kept.has_other_rows, "secret in one of the two: nothing is compared"
    otherwise = declared.parse({"ind_a": [ENTRIES["ind_a"][2] | {"value": "count(row_number) + 0"}]})
    assert trace.revision(before, origin_of(warehouse, otherwise, "A3", "F")).is_defined_otherwise


def test_documents_point_at_what_is_written_once(warehouse, traces, tmp_path):
    with trace.opened(warehouse) as connection:
        (found,) = trace.documents(connection, traces, ["ind_a"], release=3)
    document = found["P1"]
    assert [event[0] for event in document["events"]] == ["E1", "E2", "E3", "E4"]
    way, events, values, count, beside, files = document["figures"]["A1|total|total"]
    assert document["ways"][way]["fields"] == ["title", "participants"]
    assert [document["events"][n][0] for n in numbers(document["sets"][events])] == ["E1", "E2", "E3", "E4"]
    assert document["values"][values] == [12, 30, 18, None] and count == 4 and beside is None and files is None
    assert document["figures"]["A2|total|total"][1] == events, "one set for two figures made of the same events"
    assert document["files"][0]["columns"]["participants"] == [["H", "Présents"]]
    assert document["files"][0]["refused"] == [["G5", "« 32 juin » n’est pas une date."]]
    assert document["corrections"] == [["deux-zeros", "participants", "Trente, et non trois cents.", "2024-02-01"]]
    assert document["events"][1][6] == [0] and document["events"][0][6] == []
    (name,) = trace.write(tmp_path, found)
    script = (tmp_path / name).read_text(encoding="utf-8")
    assert json.loads(script.removeprefix("observatoire_origine(").removesuffix(");\n")) == document


def test_documents_are_the_same_from_a_process_beside(warehouse, tmp_path, monkeypatch):
    dictionary = tmp_path / "dictionary.json"
    dictionary.write_text(json.dumps({"traces": ENTRIES}))
    made = [writing.Made(3, str(warehouse), str(dictionary), ["ind_a"])]

    def written(name: str, rows: int) -> list[tuple[str, bytes]]:
        public = tmp_path / name
        public.mkdir()
        writing.write_all(public, made, rows=rows)
        return [(path.name, path.read_bytes()) for path in sorted((public / "origine").iterdir())]

    here = written("here", 4)
    assert [name for name, _ in here] == ["ind_a--P1.js"]
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    with monkeypatch.context() as without:
        without.setattr(writing, "_write", None)  # not in this process
        assert written("beside", writing.MANY_ROWS) == here
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert written("undone", writing.MANY_ROWS) == here
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no such program"))
    assert written("not begun", writing.MANY_ROWS) == here


def test_a_process_beside_does_not_stay_behind_the_one_that_asked(warehouse, tmp_path):
    dictionary = tmp_path / "dictionary.json"
    os.mkfifo(dictionary)  # who reads it waits for us
    asks = f"""
import os
from pathlib import Path
from publication.trace import writing
os.cpu_count = lambda: 2
made = [writing.Made(3, {str(warehouse)!r}, {str(dictionary)!r}, ["ind_a"])]
writing.write_all(Path({str(tmp_path)!r}), made, rows=writing.MANY_ROWS)
"""
    with subprocess.Popen([sys.executable, "-c", asks]) as asking, dictionary.open("wb", buffering=0) as told:
        asking.kill()
        asking.wait()
        with pytest.raises(BrokenPipeError):  # nobody reads any more
            for _ in range(200):
                told.write(b" ")
                time.sleep(0.05)


def test_documents_that_were_interrupted_are_not_written_again(warehouse, tmp_path, monkeypatch):
    interrupted = tmp_path / "interrupted"
    # whoever runs the tests in the background has the signal ignored, by what is started too
    program = "import os, signal; signal.signal(signal.SIGINT, signal.SIG_DFL); os.kill(os.getpid(), signal.SIGINT)"
    interrupted.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{program}'\n")  # a space may stand in the path
    interrupted.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(interrupted))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(writing, "_write", lambda *_: pytest.fail("begun again"))
    with pytest.raises(KeyboardInterrupt):
        writing.write_all(tmp_path, [], rows=writing.MANY_ROWS)


def test_a_page_learns_nothing_of_persons_but_the_files(warehouse, traces):
    with trace.opened(warehouse) as connection:
        (found,) = trace.documents(connection, traces, ["ind_a"], release=3)
        document = found["P1"]
    women = document["figures"]["A3|gender|F"]
    assert women[1:5] == [None, None, None, None]
    assert [document["files"][n]["file"] for n in women[5]] == ["feuille.csv"]
    assert "A3|gender|H" not in document["figures"], "a secret figure has no origin"


def test_a_script_cannot_be_closed_by_a_title(warehouse, traces, tmp_path):
    changed(warehouse, "update dim_event set title = '</script><script>alert(1)' where event_id = 'E1'")
    with trace.opened(warehouse) as connection:
        (found,) = trace.documents(connection, traces, ["ind_a"], release=1)
        (name,) = trace.write(tmp_path, found)
    assert "</script" not in (tmp_path / name).read_text(encoding="utf-8")


def test_ranges_come_back():
    for listed in ([], [0], [0, 1, 2, 5], [3, 4, 8, 9, 10]):
        assert list(numbers(ranges(listed))) == listed
    assert ranges([0, 1, 2, 5]) == "0-2,5"


def test_names_of_programmes_never_leave_the_folder():
    assert trace.file_name("ind_a", "../P 1") == "origine/ind_a--_2e__2e__2f_P_20_1.js"
    assert trace.file_name("ind_a", "HDF-CONF-2023") == "origine/ind_a--HDF-CONF-2023.js"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"valeu": "1"}, "valeu : clé inconnue"),
        ({"value": None}, "value : clé obligatoire absente"),
        ({"one_row_is": "people"}, "one_row_is : valeur « people » inconnue"),
        ({"one_row_is": "person", "shows": "title"}, "« shows » imprimerait"),
    ],
)
def test_an_entry_outside_the_grammar_is_refused(change, said):
    entry = {key: value for key, value in (ENTRIES["ind_a"][0] | change).items() if value is not None}
    with pytest.raises(trace.TraceError, match=said):
        declared.parse({"ind_a": [entry]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dataset: ind_a\ntraces: [\n", "ind_a.yml, ligne 3 : YAML illisible"),
        ("dataset: ind_a\ntraces:\n  - indicators: A1\n", "ind_a.yml, ligne 3 : traces › 0 › indicators : une liste est attendue"),
        ("dataset: ind_b\ntraces: []\n", "ind_a.yml : « dataset » vaut ind_b"),
    ],
)  # fmt: skip
def test_a_file_of_traces_that_cannot_be_read_is_said_in_french(tmp_path, text, said):
    (tmp_path / "ind_a.yml").write_text(text, encoding="utf-8")
    with pytest.raises(trace.TraceError, match=said):
        declared.read_files(tmp_path)


def test_the_entry_that_names_a_breakdown_comes_first(traces):
    both = declared.parse(
        {
            "ind_a": [
                ENTRIES["ind_a"][0],
                ENTRIES["ind_a"][0] | {"breakdowns": ["theme"], "value": "count(event_key)"},
            ]
        }
    )
    assert trace.entry_of(both, "ind_a", "A1", "theme").value == "count(event_key)"
    assert trace.entry_of(both, "ind_a", "A1", "total").value == "sum(participants)"
    assert trace.entry_of(both, "ind_a", "B1", "total") is None


def test_two_sums_of_the_same_fractions_are_one_figure():
    assert figures.same(0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1) and figures.same(None, None)
    assert not figures.same(1.0, 1.0001) and not figures.same(0.0, None) and not figures.same(0.0, 1e-300)
