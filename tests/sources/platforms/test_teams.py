"""Microsoft Teams: three generations of reports, in UTF-16 of both orders and saved again by other programs."""

import csv
import io
from datetime import datetime

import pytest
from shipped import FILES, land

PEOPLE = ("LE GOFF", "Zoé PETIT", "yann.legoff@example.org", "contact@cress.example.org")
GB = "teams/attendance_report_en_gb_3sections_utf16be_lf.csv"
US = "teams/attendance_report_en_us_3sections_utf16le.csv"
FRENCH_2021 = "teams/rapport_presence_fr_2021_utf16le.csv"
MONTH_FIRST = {"order: dmy": "order: mdy"}
NOVEMBER = (2025, 11, 18)
CONNECTIONS = [
    (datetime(*NOVEMBER, 11, 1, 39), datetime(*NOVEMBER, 11, 27, 3), 25.4),  # 25 min 24 s
    (datetime(*NOVEMBER, 11, 29), datetime(*NOVEMBER, 12, 3, 31), pytest.approx(34 + 31 / 60)),
]


def intervals(landed) -> list[tuple]:
    return [(row["joined_at"], row["left_at"], row["minutes"]) for row in landed.rows]


def test_the_log_of_2020(tmp_path):
    """Each line says when somebody came, or when somebody left: neither is made up."""
    file = "teams/attendance_list_eventlog_2020_utf16le.csv"
    landed = land(tmp_path, "teams_2020", file, name="EV-2020-3.csv")
    assert landed.counts == (3, 3, 0, 0, 0)
    assert intervals(landed) == [
        (datetime(2020, 11, 18, 8, 50, 12), None, None),
        (None, datetime(2020, 11, 18, 9, 6, 45), None),
        (datetime(2020, 11, 18, 8, 55, 12), None, None),
    ]
    came, left, other = landed.column("person_key")
    assert came == left != other
    assert set(landed.column("event_id")) == {"EV-2020-3"}
    assert [row["full_name"] for row in landed.identities] == ["LE GOFF Yann", "LE GOFF Yann", "Zoé PETIT"]
    assert not landed.leaks(*PEOPLE)


def test_the_report_of_2021(tmp_path):
    landed = land(tmp_path, "teams_2021", FRENCH_2021, name="EV-1.csv")
    assert landed.counts == (4, 4, 0, 0, 0)
    assert intervals(landed) == [
        (datetime(*NOVEMBER, 10, 45, 31), datetime(*NOVEMBER, 12, 3, 31), 78),
        *CONNECTIONS,
        (datetime(*NOVEMBER, 11, 5), datetime(*NOVEMBER, 11, 5, 48), 0.8),
    ]
    assert landed.column("attendance_role") == ["Organisateur", "Présentateur", "Présentateur", "Participant"]
    assert landed.column("person_basis") == ["email", "email", "email", "name"]
    assert not landed.report.notes, "the summary is known, and of no use"
    assert not landed.leaks(*PEOPLE)


@pytest.mark.parametrize(("file", "edits"), [(GB, None), (US, MONTH_FIRST)])
def test_connections_since_2022(tmp_path, file, edits):
    landed = land(tmp_path, "teams_connexions", file, name="EV-1.csv", edits=edits)
    assert landed.counts == (2, 2, 0, 0, 0)
    assert landed.column("row_number") == [17, 18]
    assert intervals(landed) == CONNECTIONS
    assert len(set(landed.column("person_key"))) == 1
    assert "hors_tableau" not in {note.rule for note in landed.report.notes}, "the two other parts are known"
    assert [row["full_name"] for row in landed.identities] == ["LE GOFF, Yann"] * 2
    assert not landed.leaks(*PEOPLE)


@pytest.mark.parametrize(("file", "edits"), [(GB, None), (US, MONTH_FIRST)])
def test_participants_since_2022(tmp_path, file, edits):
    landed = land(tmp_path, "teams_participants", file, name="EV-1.csv", edits=edits)
    assert landed.counts == (3, 3, 0, 0, 0)
    # 12:01:39 to 13:03:31 is more than 59 min 55 s: this person left and came back
    assert intervals(landed) == [
        (datetime(*NOVEMBER, 10, 45, 31), datetime(*NOVEMBER, 12, 3, 31), 78),
        (datetime(*NOVEMBER, 11, 1, 39), datetime(*NOVEMBER, 12, 3, 31), pytest.approx(59 + 55 / 60)),
        (datetime(*NOVEMBER, 11, 5), datetime(*NOVEMBER, 11, 5, 48), 0.8),
    ]
    assert landed.column("attendance_role") == ["Organizer", "Presenter", "Attendee"]
    assert "hors_tableau" not in {note.rule for note in landed.report.notes}
    assert not landed.leaks(*PEOPLE)


def test_the_wrong_order_of_day_and_month_is_refused_and_not_guessed(tmp_path):
    landed = land(tmp_path, "teams_connexions", US, name="EV-1.csv")
    assert landed.counts == (2, 0, 2, 0, 0)
    assert {(row["field"], row["rule"]) for row in landed.quarantine} == {
        ("joined_at", "ordre_contraire"),
        ("left_at", "ordre_contraire"),
    }


def again(file: str, delimiter: str) -> str:
    """The report as another program writes it: the same cells, another separator."""
    out = io.StringIO()
    rows = csv.reader(io.StringIO((FILES / file).read_bytes().decode("utf-16")), delimiter="\t")
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


@pytest.fixture(
    scope="module", params=[("teams_2021", FRENCH_2021), ("teams_connexions", GB)], ids=lambda param: param[0]
)
def as_exported(request, tmp_path_factory):
    """A template, a report, and what it lands as Teams writes it."""
    template, file = request.param
    return template, file, land(tmp_path_factory.mktemp("exported"), template, file, name="EV-2.csv")


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8-sig", "\t"), ("utf-8", "\t"), ("cp1252", ";"), ("utf-8-sig", ";"), ("utf-8", ","), ("utf-16", ",")],
)
def test_a_report_saved_again(tmp_path, as_exported, encoding, delimiter):
    template, file, before = as_exported
    edits = {'delimiter: "\\t"': f'delimiter: "{delimiter}"'} if delimiter != "\t" else None
    content = again(file, delimiter).encode(encoding)
    landed = land(tmp_path, template, content, name="EV-1.csv", edits=edits)
    assert (landed.counts, intervals(landed)) == (before.counts, intervals(before))


def test_french_labels_of_2022_are_not_guessed(tmp_path):
    """The sample's labels were never met: the sections are found by their numbers, and the delivery waits for its header, of which nothing is
    quoted: so little of it is known that it could be a person's row."""
    file = "teams/rapport_presence_fr_2024.UNVERIFIED_LABELS.utf16le.csv"
    for template, columns in (("teams_connexions", "A, B, C, D, E"), ("teams_participants", "A, B, C, D, E, F")):
        landed = land(tmp_path, template, file, name="EV-1.csv")
        assert (landed.report.outcome, landed.report.rule, landed.rows) == ("held", "colonnes_inattendues", [])
        assert f": colonnes inconnues {columns} ; " in landed.report.message
        assert "LE GOFF" not in landed.report.message


def test_connections_keep_their_key_in_a_later_report(tmp_path):
    before = land(tmp_path, "teams_connexions", GB, name="EV-1.csv")
    text = (FILES / GB).read_bytes().decode("utf-16").rstrip("\n")
    text = text.replace(
        "Email\tRole\nLE", "Email\tRole\nBEN, Nadia\t18/11/25, 12:01:39\t18/11/25, 12:02:39\t1m\t\tAttendee\nLE"
    )
    after = land(tmp_path, "teams_connexions", text.encode("utf-16"), name="EV-1.csv")
    assert after.counts == (3, 3, 0, 0, 0)
    assert after.column("attendance_id")[1:] == before.column("attendance_id")
