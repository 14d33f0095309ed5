"""New figures that wait for somebody's approval or for an instant: nothing of them leaves before, exactly what was looked at leaves after."""

import re
from datetime import UTC, datetime, timedelta

import hand_made
import pytest
from hand_made import NOW, events, journal

from publication import preview, releases
from publication.calendar import CALENDAR, CalendarError, read
from publication.decision import Refused
from publication.waiting import approvals

APPROVAL = "{ind_events: {approval: required}}"


def embargo(days: float) -> str:
    return f"{{ind_events: {{embargo: {NOW + timedelta(days=days):%Y-%m-%dT%H:%M} UTC}}}}"


def totals(release) -> int:
    from publication.decision import released_tables

    return next(
        row["value"] for row in released_tables(release)["ind_events"].to_pylist() if row["indicator"] == "EV01"
    )


def look_and_approve(desk, made, by="direction", **more):
    preview.preview(desk.door(made), desk.home / "preview")
    return preview.approve(desk.door(made), "ind_events", desk.home / "preview", by=by, **more)


# --- approval ------------------------------------------------------------------------------------------------------


def test_new_figures_wait_and_the_published_ones_stay(started_desk):
    started_desk.rule(APPROVAL)
    release = started_desk.night(ind_events=events(37), quarantined=2)
    state = release.datasets["ind_events"]
    assert (state.status, state.waits, state.from_release) == ("carried", "approval", 1) and totals(release) == 36
    assert state.reasons == ("De nouveaux chiffres attendent une approbation.",)
    assert release.datasets["ind_quality"].status == "published", "the others do not wait"
    assert releases.verify(release) == []


@pytest.mark.nights
def test_what_was_looked_at_is_published_byte_for_byte_and_the_journal_says_who(started_desk):
    started_desk.rule(APPROVAL)
    made = started_desk.candidate(ind_events=events(37))
    started_desk.publish(made)
    (waits,) = preview.list_waiting(started_desk.door(made))
    assert waits.may_be_approved and "cellule" in waits.changed
    approved = look_and_approve(started_desk, made)
    assert approved.waits == "" and approved.sha256 == waits.sha256
    entry = journal(started_desk.releases)[-1]
    assert (entry["event"], entry["dataset"], entry["by"], entry["sha256"]) == (
        "approved", "ind_events", "direction", waits.sha256,
    )  # fmt: skip
    release = started_desk.publish(made)
    state = release.datasets["ind_events"]
    assert (state.status, state.waits, state.sha256) == ("published", "", waits.sha256) and totals(release) == 37
    assert release.version == "1.0.2" and releases.verify(release) == []
    assert [change.new for change in releases.diff(releases.show(started_desk.releases, 1), release)] == ["37"]
    assert preview.list_waiting(started_desk.door(made)) == []


def test_what_the_calendar_no_longer_names_waits_for_the_next_publication_only(started_desk):
    started_desk.rule(APPROVAL)
    made = started_desk.candidate(ind_events=events(37))
    started_desk.publish(made)
    started_desk.rule("{}")
    (waits,) = preview.list_waiting(started_desk.door(made))
    assert waits.sentence() == "Ils paraissent à la prochaine publication." and not waits.may_be_approved
    assert totals(started_desk.publish(made)) == 37 and preview.list_waiting(started_desk.door(made)) == []


@pytest.mark.nights
def test_other_content_needs_another_approval_and_the_same_content_does_not(started_desk):
    started_desk.rule(APPROVAL)
    made = started_desk.candidate(ind_events=events(37))
    started_desk.publish(made)
    look_and_approve(started_desk, made)
    later = started_desk.night(ind_events=events(38))
    assert later.datasets["ind_events"].waits == "approval" and totals(later) == 36
    assert totals(started_desk.night(ind_events=events(37))) == 37, "the approved content, delivered once more"


def test_figures_that_do_not_change_wait_for_nobody(started_desk):
    started_desk.rule(APPROVAL)
    release = started_desk.night(quarantined=2)
    assert release.changed and release.datasets["ind_events"].status == "published"


def test_a_first_table_that_waits_is_nowhere(desk, light):
    desk.rule(APPROVAL)
    release = desk.night()
    assert (release.datasets["ind_events"].status, release.datasets["ind_events"].waits) == ("withheld", "approval")
    assert not list(release.public.rglob("*ind_events*")) and releases.verify(release) == []


@pytest.mark.nights
def test_when_everything_waits_and_nothing_was_ever_published(small_desk):
    small_desk.rule("{ind_events: {approval: required}, ind_quality: {approval: required}}")
    made = small_desk.candidate()
    with pytest.raises(Refused) as refused:
        small_desk.publish(made)
    assert {name: status.waits for name, status in refused.value.datasets.items()} == dict.fromkeys(
        ("ind_events", "ind_quality"), "approval"
    )
    look_and_approve(small_desk, made)
    release = small_desk.publish(made)
    assert (release.number, release.datasets["ind_quality"].status) == (1, "withheld")


@pytest.mark.nights
def test_approving_twice_is_approving_once(started_desk):
    started_desk.rule(APPROVAL)
    made = started_desk.candidate(ind_events=events(37))
    look_and_approve(started_desk, made)
    again = look_and_approve(started_desk, made, by="présidence")
    assert again.approved["by"] == "direction" and len(approvals(started_desk.releases)) == 1
    started_desk.publish(made)
    assert look_and_approve(started_desk, made) is None, "published: nothing waits"


def test_approving_what_does_not_wait(started_desk):
    made = started_desk.candidate()
    assert look_and_approve(started_desk, made) is None


def test_approving_a_table_that_does_not_exist(started_desk):
    door = started_desk.door(started_desk.candidate())
    with pytest.raises(Refused, match="n’est pas un tableau. Tableaux : ind_events, ind_quality"):
        preview.approve(door, "ind_evnts", started_desk.home / "preview", by="direction")


@pytest.mark.parametrize("by", ["", "  ", "a.b@exemple.test", "x" * 81])
def test_approving_without_a_role(started_desk, by):
    started_desk.rule(APPROVAL)
    made = started_desk.candidate(ind_events=events(37))
    with pytest.raises(Refused, match="par son rôle"):
        look_and_approve(started_desk, made, by=by)
    assert not approvals(started_desk.releases)


def test_what_nobody_looked_at_is_not_approved(started_desk):
    started_desk.rule(APPROVAL)
    place, made = started_desk.home / "preview", started_desk.candidate(ind_events=events(37))
    with pytest.raises(Refused, match="n’est pas ce qui a été regardé"):
        preview.approve(started_desk.door(made), "ind_events", place, by="direction")
    preview.preview(started_desk.door(made), place)
    newer = started_desk.candidate(ind_events=events(38))
    with pytest.raises(Refused, match="n’est pas ce qui a été regardé"):
        preview.approve(started_desk.door(newer), "ind_events", place, by="direction")
    (seen,) = preview.list_waiting(started_desk.door(made))
    with pytest.raises(Refused, match="n’est pas ce qui a été regardé"):
        look_and_approve(started_desk, newer, seen=seen.fingerprint)
    assert not approvals(started_desk.releases)
    assert look_and_approve(started_desk, made, seen=seen.fingerprint).waits == ""


def test_an_approval_opens_no_other_gate(started_desk):
    started_desk.rule(APPROVAL)
    made = started_desk.candidate(ind_events=events(37))
    look_and_approve(started_desk, made)
    refused = hand_made.failed(started_desk.verdict(made), "ind_events")
    release = started_desk.publish(made, refused)
    state = release.datasets["ind_events"]
    assert (state.status, state.waits) == ("carried", "") and "35 au lieu de 36" in state.reasons[0]
    with pytest.raises(Refused, match="ne passe pas ses contrôles.*35 au lieu de 36"):
        preview.approve(started_desk.door(made, refused), "ind_events", started_desk.home / "preview", by="direction")


def test_a_candidate_that_changed_after_its_audit_cannot_be_approved(started_desk):
    started_desk.rule(APPROVAL)
    made = started_desk.candidate(ind_events=events(37))
    door = started_desk.door(made)
    with (made / "dictionary.json").open("ab") as file:
        file.write(b" ")
    with pytest.raises(Refused, match="autres fichiers"):
        preview.approve(door, "ind_events", started_desk.home / "preview", by="direction")


@pytest.mark.nights
@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_going_back_takes_the_approval_back(started_desk, is_withdrawn):
    started_desk.rule(APPROVAL)
    made = started_desk.candidate(ind_events=events(37))
    look_and_approve(started_desk, made)
    assert started_desk.publish(made).number == 2
    releases.rollback(started_desk.releases, 1, reason="chiffre contesté", now=started_desk.now)
    if is_withdrawn:
        releases.withdraw(started_desk.releases, [2], reason="chiffre contesté", now=started_desk.now)
    assert not approvals(started_desk.releases)
    assert not started_desk.publish(made).changed, "the same night again does not undo the return"
    release = started_desk.night(ind_events=events(37), quarantined=2)
    assert (release.number, release.datasets["ind_events"].waits) == (3, "approval") and totals(release) == 36


# --- embargo -------------------------------------------------------------------------------------------------------


def test_nothing_new_leaves_before_the_instant_and_the_next_night_publishes_it(started_desk):
    started_desk.rule(embargo(days=5))
    made = started_desk.candidate(ind_events=events(37))
    release = started_desk.publish(made)
    state = release.datasets["ind_events"]
    assert (state.waits, totals(release)) == ("embargo", 36)
    (reason,) = state.reasons
    assert (
        reason.replace("\u00a0", " ")
        == "De nouveaux chiffres sont sous embargo jusqu’au 11 février 2024 à 4 h 30 (UTC)."
    )
    assert datetime.fromisoformat(state.until) == NOW + timedelta(days=5)
    almost = NOW + timedelta(days=5) - timedelta(seconds=1)
    assert not started_desk.publish(made, now=almost).changed
    after = started_desk.publish(made, now=NOW + timedelta(days=5))
    assert (after.datasets["ind_events"].waits, totals(after)) == ("", 37) and releases.verify(after) == []


def test_an_embargo_in_the_past_holds_nothing_back(started_desk):
    started_desk.rule(embargo(days=-1))
    assert totals(started_desk.night(ind_events=events(37))) == 37


@pytest.mark.nights
def test_an_approval_may_come_before_the_end_of_the_embargo(started_desk):
    started_desk.rule(embargo(days=5).replace("embargo", "approval: required, embargo"))
    made = started_desk.candidate(ind_events=events(37))
    assert "attendent aussi une approbation" in started_desk.publish(made).datasets["ind_events"].reasons[1]
    approved = look_and_approve(started_desk, made)
    assert approved.waits == "embargo" and "Approuvés par direction" in approved.sentence()
    assert totals(started_desk.publish(made)) == 36, "approved, and still under embargo"
    assert totals(started_desk.publish(made, now=NOW + timedelta(days=6))) == 37


def test_an_embargo_that_ends_does_not_stand_for_an_approval(started_desk):
    started_desk.rule(embargo(days=5).replace("embargo", "approval: required, embargo"))
    made = started_desk.candidate(ind_events=events(37))
    release = started_desk.publish(made, now=NOW + timedelta(days=6))
    assert release.datasets["ind_events"].waits == "approval"


@pytest.mark.nights
def test_no_file_of_a_release_says_a_figure_under_embargo(desk):
    """The whole portal, workbook and documents: 4711 is new, and is printed, quoted and found by a check nowhere."""
    desk.night()
    desk.rule(embargo(days=50))
    quoting = [(*row[:6], 4711.0, *row[7:]) if row[3] == "total" else row for row in hand_made.reconciliation()]
    unexplained = [(*row[:-3], False, None, None) for row in quoting]
    made = desk.candidate(ind_events=events(4711), ind_reconciliation=unexplained, quarantined=0)
    judged = hand_made.with_outcome(
        desk.verdict(made), "ind_events", "reporting_is_complete", success=False, observed="4711 événements.",
        failing_keys=({"member": "4711"},),
    )  # fmt: skip
    release = desk.publish(made, judged)
    assert {name: s.waits for name, s in release.datasets.items() if s.waits} == {
        "ind_events": "embargo", "ind_reconciliation": "embargo",
    }  # fmt: skip
    from zipfile import ZipFile

    for path in release.public.rglob("*"):
        if path.is_file():
            texts = [path.read_bytes()]
            if path.suffix == ".xlsx":
                with ZipFile(path) as book:
                    texts = [book.read(name) for name in book.namelist()]
            said = b"".join(texts).replace("\u202f".encode(), b"")
            said = re.sub(rb"\b[0-9a-f]{12,}\b", b"", said)  # digests hold any four digits
            assert b"4711" not in said, path
    preview.preview(desk.door(made, judged), desk.home / "preview")
    assert "4\u202f711" in (desk.home / "preview" / "index.html").read_text(), (
        "the canary is printed when it is published"
    )
    lifted = desk.publish(made, judged, now=NOW + timedelta(days=51))
    assert totals(lifted) == 4711 and not any(status.waits for status in lifted.datasets.values())


# --- the preview ---------------------------------------------------------------------------------------------------


@pytest.mark.nights
def test_the_preview_says_on_every_page_that_nothing_is_published(desk):
    desk.night()
    desk.rule(APPROVAL)
    made, place = desk.candidate(ind_events=events(37)), desk.home / "preview"
    desk.publish(made)
    before = journal(desk.releases), sorted(path.name for path in desk.releases.iterdir())
    (waits,) = preview.preview(desk.door(made), place)
    assert (journal(desk.releases), sorted(path.name for path in desk.releases.iterdir())) == before
    pages = sorted(place.glob("*.html"))
    assert len(pages) > 10
    for page in pages:
        assert "Ne le diffusez pas" in page.read_text(), page
        assert "publiée le" not in page.read_text(), page
    home, changes = (place / "index.html").read_text(), (place / "historique.html").read_text()
    assert waits.command in home and "De nouveaux chiffres attendent une approbation." in home
    assert "en attente d’approbation" in home and "en attente d’approbation" in (place / "ind_events.html").read_text()
    assert ">36<" in changes and ">37<" in changes, "the diff against what is published"
    assert (place / "CHANGELOG.md").read_text().startswith("> Aperçu")
    from openpyxl import load_workbook

    book = load_workbook(place / "observatoire.xlsx")
    assert "non publié" in book.worksheets[0]["A2"].value
    assert all("aperçu non publié" in sheet.oddFooter.left.text for sheet in book.worksheets)
    assert not (place / "dcat.jsonld").exists() and not (place / "datapackage.json").exists()
    assert place.stat().st_mode & 0o777 == 0o700
    assert not list((desk.releases / "2").rglob("apercu.json"))


def test_the_preview_goes_when_nothing_waits_any_more(started_desk):
    started_desk.rule(APPROVAL)
    made = started_desk.candidate(ind_events=events(37))
    look_and_approve(started_desk, made)
    started_desk.publish(made)
    assert preview.preview(started_desk.door(made), started_desk.home / "preview") == []
    assert not (started_desk.home / "preview").exists()


# --- the calendar --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("datasets:\n  ind_events:\n    embargo: demain", "ligne 3 : datasets › ind_events › embargo : « demain » n’est pas un instant"),
        ("datasets:\n  ind_events:\n    embargo: 2026-12-01", "ligne 3 : datasets › ind_events › embargo : « 2026-12-01 » n’est pas un instant"),
        ("datasets:\n  ind_events:\n    embargo: 2026-02-30T09:00", "ligne 3 : datasets › ind_events › embargo : « 2026-02-30T09:00 » n’existe pas au calendrier"),
        ("datasets:\n  ind_events:\n    embargo: 2026-12-01T09:00 Europe/Pari", "le fuseau « Europe/Pari » n’existe pas"),
        ("datasets:\n  ind_events:\n    approval: oui", "ligne 3 : datasets › ind_events › approval : valeur « oui » inconnue ; valeurs possibles : required, none"),
        ("datasets:\n\n  ind_evnts: {approval: required}", "« ind_evnts » n’est pas un tableau ; attendu : ind_events"),
        ("datasets:\n  ind_events:\n    aproval: required", "ligne 3 : datasets › ind_events › aproval : clé inconnue"),
        ("datasets:\n  ind_events: required", "ligne 2 : datasets › ind_events : une suite de « clé: valeur » est attendue"),
        ("datasets:\n  ind_events: {approval: none}\n  ind_events: {approval: required}", "ligne 3 : une clé est écrite deux fois"),
        ("datasets:\n  - ind_events", "datasets : une suite de « clé: valeur » est attendue"),
        ("datasets:\n  ind_events:\n    embargo: 2026-02-30T09:00:00", "« 2026-02-30T09:00:00 » n’existe pas au calendrier"),
        ("datasets: {ind_events: [", "YAML illisible"),
        ("embargos: {}", "ligne 1 : embargos : clé inconnue"),
    ],
)  # fmt: skip
def test_a_calendar_that_cannot_be_followed_publishes_nothing_and_names_the_line(started_desk, text, says):
    started_desk.calendar.write_text(text, encoding="utf-8")
    with pytest.raises(CalendarError, match="calendar.yml") as error:
        read(started_desk.calendar, ["ind_events"])
    assert says in str(error.value)
    with pytest.raises(Refused, match="calendrier de publication"):
        started_desk.night(ind_events=events(37))
    assert started_desk.current == "1"


def test_a_calendar_that_is_gone_publishes_nothing(started_desk):
    started_desk.calendar.unlink()
    with pytest.raises(Refused, match="calendar.yml : ce fichier n'existe pas"):
        started_desk.night(ind_events=events(37))


def test_instants_are_those_of_paris_unless_said_otherwise(tmp_path):
    path = tmp_path / "calendar.yml"
    path.write_text(
        "datasets:\n  ind_events: {embargo: 2026-12-01T09:00}\n  ind_quality:\n    embargo: 2026-07-01 09:00 Indian/Reunion"
    )
    rules = read(path, ["ind_events", "ind_quality"])
    assert rules["ind_events"].embargo.astimezone(UTC) == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert rules["ind_quality"].embargo.astimezone(UTC) == datetime(2026, 7, 1, 5, tzinfo=UTC)


def test_the_calendar_that_ships_holds_nothing_back_and_its_example_is_right(tmp_path):
    assert read(CALENDAR, []) == {}
    text = CALENDAR.read_text(encoding="utf-8")
    example = text[text.index("# Exemple :") :].split("\n#\n")[1].replace("#   ", "")
    path = tmp_path / "calendar.yml"
    path.write_text(example)
    rule = read(path, ["ind_satisfaction"])["ind_satisfaction"]
    assert rule.needs_approval and rule.embargo is not None
