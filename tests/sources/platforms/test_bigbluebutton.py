"""BigBlueButton: the learning dashboard, English labels and French values."""

from datetime import datetime

from shipped import FILES, land

FILE = "bigbluebutton/learning_dashboard_en_labels_fr_values.csv"


def test_connections(tmp_path):
    landed = land(tmp_path, "bigbluebutton", FILE, name="EV-3.csv")
    assert landed.counts == (2, 2, 0, 0, 0)
    staff, person = landed.rows
    assert (staff["joined_at"], staff["left_at"], staff["minutes"]) == (
        datetime(2025, 11, 18, 10, 45, 31),
        datetime(2025, 11, 18, 12, 3, 31),
        78,
    )
    # still there at the end: no time of leaving, 59 min 55 s
    assert (person["joined_at"], person["left_at"]) == (datetime(2025, 11, 18, 11, 1, 39), None)
    assert round(person["minutes"] * 60) == 59 * 60 + 55
    assert landed.column("attendance_role") == ["modérateur", "participant"]
    assert landed.column("event_id") == ["EV-3", "EV-3"]
    assert [row["full_name"] for row in landed.identities] == ["CRESS Exemplie", "Yann Le Goff"]
    # the last line gathers two anonymous answers to the poll
    assert [note.rule for note in landed.report.notes] == ["reponses_anonymes"]
    assert not landed.leaks("Yann Le Goff", "CRESS Exemplie")


def test_a_poll_of_another_meeting_holds_the_delivery_until_it_is_declared(tmp_path):
    content = (FILES / FILE).read_text("utf-8").replace("Avez-vous déjà participé, au Mois de l’ESS ?", "Quel âge ?")
    landed = land(tmp_path, "bigbluebutton", content.encode(), name="EV-3.csv")
    assert landed.report.outcome == "held" and "« Quel âge ? »" in landed.report.message
    edits = {"Avez-vous déjà participé, au Mois de l'ESS ?": "Quel âge ?"}
    landed = land(tmp_path, "bigbluebutton", content.encode(), name="EV-3.csv", edits=edits)
    assert landed.counts == (2, 2, 0, 0, 0)
