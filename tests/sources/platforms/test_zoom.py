"""Zoom: the report of a webinar, table by table, and both reports of meetings. One row per connection."""

from datetime import datetime

from shipped import FILES, land

WEBINAR = "zoom/webinar_attendee_report_2025.csv"
PEOPLE = (
    "maelle.durand-leroy@example.org",
    "DURAND-LEROY",
    "iPad de Yann",
    "Zoé PETIT",
    "0600000001",
    "33600000000",
    "ÇELIK",
    "contact@cress.example.org",
    "siobhan@example.org",
    "Le Goff Yann",
)
NOVEMBER = (2025, 11, 18)


def test_attendees_of_a_webinar(tmp_path):
    """Two connections of one person, one of a tablet, then two registered who did not come (one had cancelled)."""
    landed = land(tmp_path, "zoom_webinar", WEBINAR, name="EV-2025-12.csv")
    assert landed.counts == (5, 5, 0, 0, 0)
    assert landed.column("row_number") == [13, 14, 15, 16, 17]
    assert set(landed.column("event_id")) == {"EV-2025-12"}
    assert landed.column("is_present") == [True, True, True, False, False]
    # Paris in winter
    assert [(row["joined_at"], row["left_at"], row["minutes"]) for row in landed.rows] == [
        (datetime(*NOVEMBER, 10, 58, 2), datetime(*NOVEMBER, 11, 20, 45), 23),
        (datetime(*NOVEMBER, 11, 22), datetime(*NOVEMBER, 12, 1, 59), 40),
        (datetime(*NOVEMBER, 11, 1), datetime(*NOVEMBER, 11, 40), 39),
        (None, None, None),
        (None, None, None),
    ]
    first, second, tablet, *_ = landed.column("person_key")
    assert first == second != tablet and None not in landed.column("person_key")
    assert landed.column("person_basis") == ["email", "email", "name", "email", "email"]
    assert landed.column("organisation_text") == ["L’Établi, coop", None, None, None, None]
    assert [row["email"] for row in landed.identities] == [
        *["maelle.durand-leroy@example.org"] * 2,
        None,
        "zoe.petit@example.org",
        "derya.celik@example.org",
    ]
    assert landed.identities[3]["phone"] == "0600000001"
    # « -- » is not an address that could not be read
    (note,) = landed.report.notes
    assert note.message.endswith("lignes 8 à 10 (« Panelist Details »), 18 à 20 (« Other Attended »)."), (
        "no word on the summary and the host"
    )
    assert not landed.leaks(*PEOPLE)


def test_the_other_dialect_of_dates(tmp_path):
    content = (FILES / WEBINAR).read_text("utf-8")
    content = content.replace('"Nov 18, 2025 11:58:02"', "11/18/2025 11:58:02 AM")
    landed = land(tmp_path, "zoom_webinar", content.encode(), name="EV.csv")
    assert landed.rows[0]["joined_at"] == datetime(*NOVEMBER, 10, 58, 2)


def test_panellists_and_callers_of_a_webinar(tmp_path):
    panel = land(tmp_path, "zoom_webinar_intervenants", WEBINAR, name="EV-2025-12.csv")
    assert panel.counts == (1, 1, 0, 0, 0)
    (row,) = panel.rows
    assert (row["row_number"], row["attendance_role"], row["minutes"]) == (10, "intervenant", 71)
    assert (row["joined_at"], row["left_at"]) == (datetime(*NOVEMBER, 10, 50), datetime(*NOVEMBER, 12, 1))
    assert [identity["full_name"] for identity in panel.identities] == ["Siobhán O’Connell"]
    callers = land(tmp_path, "zoom_webinar_telephone", WEBINAR, name="EV-2025-12.csv")
    assert callers.counts == (1, 1, 0, 0, 0)
    (row,) = callers.rows
    assert (row["row_number"], row["is_present"], row["minutes"]) == (20, True, 10)
    assert (row["joined_at"], row["left_at"]) == (datetime(*NOVEMBER, 11, 5), datetime(*NOVEMBER, 11, 15))
    assert [identity["phone"] for identity in callers.identities] == ["33600000000"]
    assert not callers.leaks(*PEOPLE)


def test_hosts_are_read_by_a_copy_of_the_template(tmp_path):
    edits = {
        "after: [Panelist Details]": "after: [Host Details]",
        "until: [Host Details,": "until: [Panelist Details,",
        "{constant: intervenant}": "{constant: animateur}",
    }
    hosts = land(tmp_path, "zoom_webinar_intervenants", WEBINAR, name="EV.csv", edits=edits)
    assert (hosts.counts, hosts.rows[0]["minutes"]) == ((1, 1, 0, 0, 0), 77)


def test_connections_keep_their_key_in_a_later_report(tmp_path):
    """The same report with two connections more, one of them above, of somebody who joined at the same second."""
    before = land(tmp_path, "zoom_webinar", WEBINAR, name="EV-2025-12.csv")
    content = (FILES / WEBINAR).read_text("utf-8")
    line = 'Yes,Nadia,Nadia,BEN,nadia.ben@example.org,,,,"Nov 18, 2025 {}","Nov 18, 2025 13:00:00",1,Yes,France,\n'
    marks = ("Yes,Maëlle (DURAND", "No,Zoé PETIT")
    for mark, time in zip(marks, ("11:58:02", "12:59:00"), strict=True):
        content = content.replace(mark, line.format(time) + mark, 1)
    after = land(tmp_path, "zoom_webinar", content.encode(), name="EV-2025-12.csv")
    assert after.counts == (7, 7, 0, 0, 0)
    keys = after.column("attendance_id")
    assert [keys[1], keys[2], keys[3], keys[5], keys[6]] == before.column("attendance_id")
    assert len(set(keys)) == 7


def test_a_connection_twice_in_one_report_is_a_duplicate_of_nothing(tmp_path):
    """The rank tells apart lines that are equal in all the columns of the key: two devices of one account, to the second."""
    content = (FILES / "zoom/meeting_participants_flat_2024.csv").read_text("utf-8").rstrip("\n")
    landed = land(tmp_path, "zoom_reunion", (content + "\n" + content.splitlines()[-1] + "\n").encode(), name="EV.csv")
    assert landed.counts == (2, 2, 0, 0, 1)


def test_a_meeting(tmp_path):
    """The first line is nine seconds in the waiting room."""
    landed = land(tmp_path, "zoom_reunion", "zoom/meeting_participants_flat_2024.csv", name="EV-7.csv")
    assert landed.counts == (1, 1, 0, 0, 1)
    (row,) = landed.rows
    assert (row["event_id"], row["is_present"], row["minutes"]) == ("EV-7", True, 39)
    assert (row["joined_at"], row["left_at"]) == (datetime(*NOVEMBER, 11, 1, 9), datetime(*NOVEMBER, 11, 40))
    assert [identity["full_name"] for identity in landed.identities] == ["Yann (Le Goff Yann)"]
    assert not landed.leaks(*PEOPLE)


def test_a_meeting_in_two_blocks(tmp_path):
    landed = land(tmp_path, "zoom_reunion_2020", "zoom/meeting_participants_two_blocks_2020.csv", name="EV-7.csv")
    assert landed.counts == (3, 3, 0, 0, 0)
    assert [(row["joined_at"], row["minutes"]) for row in landed.rows] == [(None, 63), (None, 40), (None, 12)]
    assert landed.column("person_basis") == ["email", "name", "name"]
    assert [row["full_name"] for row in landed.identities] == ["CRESS Exemplie", "Yann (Le Goff Yann)", "iPad (2)"]
    assert not landed.leaks(*PEOPLE)
