"""Secrets through the door: every public form of a release, its report, and what earlier releases have printed."""

import csv
import json
from functools import cache

import hand_made
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from publication import disclosure, preview, releases, secrecy, tables, warehouse
from publication.decision import Refused
from publication.disclosure import cells as reading
from publication.disclosure import earlier, protection

PEOPLE = ("ind_events", "ind_participants")


def categories(elected=3, agent=20, ess=60, other=17, **columns) -> list[tuple]:
    base = elected + agent + ess + other
    members = {"elected": elected, "agent": agent, "ess": ess, "other": other}
    return [
        hand_made.row(
            "ind_participants",
            "PE02",
            "participant_category",
            m,
            n / base,
            numerator=n,
            denominator=base,
            unit="share",
            **columns,
        )
        for m, n in members.items()
    ]


@pytest.fixture
def people_desk(tmp_path, stock, light):
    desk = hand_made.Desk(tmp_path, stock, ("ind_events",))
    hand_made.suites(desk.home / "more", PEOPLE)
    desk.suites = desk.home / "more"
    return desk


def printed(release) -> dict[str, str]:
    """Of each category, F when it is printed and otherwise why it is not, which only the report that stays inside says."""
    rows = pq.read_table(release.public / "data" / "ind_participants.parquet").to_pylist()
    assert {row["conf_status"] for row in rows} <= {"F", "C"}
    why = {cell["cell"].split("|")[3]: cell["conf_status"] for cell in release.disclosure["ind_participants"]["cells"]}
    assert why.keys() == {row["member"] for row in rows if row["conf_status"] == "C"}
    return {row["member"]: why.get(row["member"], "F") for row in rows}


@pytest.mark.nights
def test_every_public_form_is_written_from_the_protected_table(tmp_path, stock):
    desk = hand_made.Desk(tmp_path, stock, ("ind_events",))
    desk.suites = hand_made.suites(desk.home / "more", PEOPLE)
    release = desk.night(ind_participants=categories())
    assert printed(release) == {"agent": "F", "elected": "A", "ess": "F", "other": "D"}
    data = release.public / "data"
    lines = [
        line
        for line in tables.read_csv((data / "ind_participants.csv").read_bytes())
        if line[4] in ("elected", "other")
    ]
    assert [line[6:11] for line in lines] == [[""] * 5] * 2
    in_warehouse = warehouse.read(release.warehouse, "ind_participants").to_pylist()
    assert [r["numerator"] for r in in_warehouse if r["obs_status"] == "Q"] == [None, None]
    text = (release.public / "ind_participants.html").read_text()
    assert "Secret statistique" in text and "0.03" not in text and "3,0" not in text
    sheets = load_workbook(release.public / "observatoire.xlsx", read_only=True)
    cells = [cell for sheet in sheets for row in sheet.iter_rows(values_only=True) for cell in row]
    assert cells.count("s") >= 2 and 0.03 not in cells and 0.17 not in cells
    assert releases.verify(release) == []


def test_the_report_is_in_the_release_and_in_qualite(people_desk):
    release = people_desk.night(ind_participants=categories())
    report = json.loads((release.path / "release.json").read_text())["disclosure"]["ind_participants"]
    assert (report["primary"], report["secondary"]) == (1, 1)
    quality = json.loads((release.public / "QUALITE.json").read_text())["datasets"]
    told = quality["ind_participants"]["disclosure"]
    assert told == {
        "cells": [cell["cell"] for cell in report["cells"]],
        "earlier_releases": [],
        "suppressed_whole": [],
    } | {name: report[name] for name in ("numbers", "equations")}
    assert quality["ind_events"]["disclosure"] == {"cells": []}
    assert releases.current(people_desk.releases).disclosure["ind_participants"] == report


def test_nothing_public_tells_a_small_cell_from_the_one_hidden_for_it(people_desk):
    """1 and 5, of which 6 together follow from the rest: who knows which of them is under the threshold has both."""
    release = people_desk.night(ind_participants=categories(elected=1, other=5))
    assert printed(release) == {"agent": "F", "elected": "A", "ess": "F", "other": "D"}
    rows = pq.read_table(release.public / "data" / "ind_participants.parquet").to_pylist()
    hidden = [{**row, "member": ""} for row in rows if row["obs_status"] == "Q"]
    assert hidden[0] == hidden[1]
    alike = [
        {name: value for name, value in line.items() if name != "member"}
        for line in csv.DictReader((release.public / "data" / "ind_participants.csv").read_text().splitlines())
        if line["member"] in ("elected", "other")
    ]
    assert alike[0] == alike[1]
    for path in release.public.rglob("*.json"):
        for word in ('"primary"', '"secondary"', '"width"', '"attacks"'):
            assert word not in path.read_text(encoding="utf-8"), path.name


def test_a_preview_hides_what_the_release_will_hide(people_desk):
    people_desk.rule("{ind_participants: {approval: required}}")
    made, place = people_desk.candidate(ind_participants=categories()), people_desk.home / "preview"
    assert people_desk.publish(made).datasets["ind_participants"].waits == "approval"
    preview.preview(people_desk.door(made), place)
    shown = (place / "data" / "ind_participants.parquet").read_bytes()
    preview.approve(people_desk.door(made), "ind_participants", place, by="direction")
    release = people_desk.publish(made)
    assert printed(release) == {"agent": "F", "elected": "A", "ess": "F", "other": "D"}
    assert (release.public / "data" / "ind_participants.parquet").read_bytes() == shown
    assert release.disclosure["ind_participants"]["primary"] == 1


def test_the_same_night_makes_no_new_release(people_desk):
    assert people_desk.night(ind_participants=categories()).changed
    assert not people_desk.night(ind_participants=categories()).changed
    assert people_desk.current == "1"


def test_a_table_whose_secret_can_be_worked_out_is_kept_back(people_desk, monkeypatch):
    people_desk.night(ind_participants=categories(elected=5))
    chosen = protection._chosen
    monkeypatch.setattr(protection, "_chosen", lambda *a: ({min(chosen(*a)[0])}, set()))
    release = people_desk.night(ind_participants=categories(elected=6, agent=3))
    status = release.datasets["ind_participants"]
    assert status.status == "carried" and "pas à l’abri" in status.reasons[0]
    assert release.datasets["ind_events"].status == "published"
    assert printed(release) == dict.fromkeys(("agent", "elected", "ess", "other"), "F")


@pytest.mark.parametrize("left", ["value", "lower", "upper", "numerator", "denominator"])
def test_a_line_marked_secret_with_one_number_left_keeps_its_table_back(left):
    line = dict.fromkeys(("value", "lower", "upper", "numerator", "denominator")) | {"conf_status": "A"}
    schema = pa.schema([(name, pa.string() if name == "conf_status" else pa.float64()) for name in line])
    assert disclosure.reasons(pa.Table.from_pylist([line], schema)) == []
    [reason] = disclosure.reasons(pa.Table.from_pylist([line | {left: 4.0}, line], schema))
    assert reason.startswith("1 cellule secrète porte encore sa valeur")


def test_every_status_but_free_is_secret_and_none_at_all_keeps_the_table_back():
    def of(*statuses):
        return disclosure.reasons(
            pa.table({"conf_status": pa.array(statuses, pa.string()), "value": [4.0] * len(statuses)})
        )

    assert of() == of("F", None) == []
    for status in "AOTGDNC":
        assert of("F", status)[0].startswith("1 cellule secrète")
    [reason] = disclosure.reasons(pa.table({"value": [4.0]}))
    assert "« conf_status » manque" in reason


def test_the_last_look_is_at_what_leaves(people_desk, monkeypatch):
    """The step before it marks lines and forgets to empty them."""

    def forgetful(given, *_, **__):
        table = given["ind_participants"]
        marks = pa.array(["A"] * table.num_rows)
        table = table.set_column(table.column_names.index("conf_status"), "conf_status", marks)
        return disclosure.Protected(given | {"ind_participants": table}, report={name: {"cells": []} for name in given})

    monkeypatch.setattr(disclosure, "protect", forgetful)
    status = people_desk.night(ind_participants=categories()).datasets["ind_participants"]
    assert status.status == "withheld" and "4 cellules secrètes" in " ".join(status.reasons)


def test_without_readable_policies_nothing_is_published(people_desk, monkeypatch):
    def unreadable():
        raise disclosure.PolicyError("a policy that cannot be read")

    monkeypatch.setattr(disclosure, "read", unreadable)
    with pytest.raises(Refused, match="secret statistique sont illisibles"):
        people_desk.night(ind_participants=categories())


# --- what earlier releases have printed -----------------------------------------------------------------------------


def test_another_cell_is_not_hidden_in_place_of_one_already_printed(people_desk):
    """« other » was hidden with « elected » while agents were 20 and printed: hiding agents instead would hide nothing."""
    people_desk.night(ind_participants=categories())
    release = people_desk.night(ind_participants=categories(ess=61))
    assert printed(release) == {"agent": "F", "elected": "A", "ess": "F", "other": "D"}


def test_a_secret_of_an_earlier_release_does_not_come_out_later(people_desk):
    """3 elected, hidden with the 17 others; now 6: nothing is small any more, but 17 printed would give the 3 back, also of a programme that
    goes on: its lines are then about a longer period."""
    people_desk.night(ind_participants=categories())
    release = people_desk.night(ind_participants=categories(elected=6, period="2023-04/2024-01"))
    assert printed(release) == {"agent": "F", "elected": "D", "ess": "F", "other": "D"}
    report = release.disclosure["ind_participants"]
    assert len(report["held"]) == 2 and report["primary"] == 0


def test_a_secret_is_let_go_when_everything_hidden_with_it_has_changed(people_desk):
    """The others are 40 now, more than the two were together: the old 3 cannot be worked out from it."""
    people_desk.night(ind_participants=categories())
    release = people_desk.night(ind_participants=categories(elected=6, other=40))
    assert set(printed(release).values()) == {"F"}


def test_when_earlier_secrets_are_never_settled_all_of_them_stay(people_desk, monkeypatch):
    monkeypatch.setattr(protection, "MAX_ROUNDS", 0)
    people_desk.night(ind_participants=categories())
    release = people_desk.night(ind_participants=categories(elected=6, other=40, period="2023-04/2024-01"))
    assert printed(release) == {"agent": "F", "elected": "D", "ess": "F", "other": "D"}


FIRST_TIMERS = [hand_made.row("ind_participation", "PA10", value=2 / 3, numerator=2, denominator=3, unit="share")]
NO_GENDER = [hand_made.row("ind_participants", "PE01", obs_status="L", n_with_data=0, n_total=3, unit="share")]


def night_without(desk, refused, **content):
    """The release of a night that refuses this table, and what it prints of the other."""
    made = desk.candidate(**content)
    release = desk.publish(made, hand_made.failed(desk.verdict(made), refused))
    assert release.datasets[refused].status == "carried"
    [other] = content.keys() - {refused}
    return release.datasets[other], pq.read_table(release.public / "data" / f"{other}.parquet").to_pylist()


@pytest.fixture
def three_desk(people_desk):
    people_desk.suites = hand_made.suites(people_desk.home / "three", (*PEOPLE, "ind_participation"))
    return people_desk


@pytest.mark.nights
@pytest.mark.parametrize("before", [NO_GENDER, categories()], ids=["hidden before", "new"])
def test_a_table_that_is_carried_keeps_its_secrets_beside_those_of_the_night(three_desk, before):
    """2 of 3 persons came for the first time, which is secret: nobody may read elsewhere that they are 3, also when that table is refused and
    ships as it was."""
    three_desk.night(ind_participation=FIRST_TIMERS, ind_participants=before)
    content = {"ind_participation": FIRST_TIMERS, "ind_participants": NO_GENDER}
    status, [line] = night_without(three_desk, "ind_participation", **content)
    assert status.status == "published" and (line["obs_status"], line["n_total"]) == ("Q", None)


@pytest.mark.nights
def test_a_line_that_is_gone_keeps_its_secret_on_a_night_without_any(three_desk):
    """Its table leaves, without it, and nothing that does is secret by itself."""
    three_desk.night(ind_participation=FIRST_TIMERS, ind_participants=categories())
    many = [hand_made.row("ind_participation", "PA03", value=500)]
    three_desk.night(ind_participation=many, ind_participants=NO_GENDER)
    release = releases.show(three_desk.releases)
    [line] = pq.read_table(release.public / "data" / "ind_participants.parquet").to_pylist()
    assert (line["obs_status"], line["n_total"]) == ("Q", None)


@pytest.mark.nights
def test_a_release_that_cannot_be_read_keeps_the_watched_tables_back(three_desk):
    path = (
        three_desk.night(ind_participation=FIRST_TIMERS, ind_participants=NO_GENDER).public
        / "data"
        / "ind_participation.parquet"
    )
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    release = three_desk.night(ind_participation=FIRST_TIMERS, ind_participants=categories())
    status = release.datasets["ind_participants"]
    assert status.status == "carried" and "ArrowInvalid" in " ".join(status.reasons)


@pytest.mark.nights
def test_what_a_table_that_is_carried_prints_of_a_secret_of_the_night_is_said(three_desk):
    """That they are 3 was no secret before somebody counted who came for the first time."""
    three_desk.night(ind_participants=NO_GENDER)
    content = {"ind_participation": FIRST_TIMERS, "ind_participants": NO_GENDER}
    status, [line] = night_without(three_desk, "ind_participants", **content)
    assert line["obs_status"] == "Q" and "withdraw 1" in status.reserves[0]


def is_silent_once_withdrawn(desk, people) -> bool:
    """Whether version 2 tells nothing by itself: without version 1 the next one hides the same, and has no reserve."""
    before = printed(releases.show(desk.releases, 2))
    releases.withdraw(desk.releases, [1], reason="elle le redisait", now=desk.now)
    release = desk.night(ind_participants=people)
    status = release.datasets["ind_participants"]
    return printed(release) == before and status.status == "published" and status.reserves == ()


def test_what_an_earlier_release_printed_is_said(people_desk, monkeypatch):
    """A policy that comes late: the number is secret from now on, and still to be read in version 1."""
    real = disclosure.protect
    monkeypatch.setattr(
        disclosure,
        "protect",
        lambda t, *_, **__: disclosure.Protected(dict(t), report={name: {"cells": []} for name in t}),
    )
    people_desk.night(ind_participants=categories())
    monkeypatch.setattr(disclosure, "protect", real)
    release = people_desk.night(ind_participants=categories())
    status = release.datasets["ind_participants"]
    assert printed(release) == {"agent": "F", "elected": "A", "ess": "F", "other": "D"}
    assert status.status == "published_with_reserve"
    assert status.reserves == (
        "Une case désormais secrète se lit encore dans une version publique, ou s’en déduit : la retirer (« observatoire releases withdraw 1 »).",
    )
    assert is_silent_once_withdrawn(people_desk, categories())


@pytest.fixture
def protections(monkeypatch) -> list[list[str]]:
    """Of which tables the secrecy was worked out, time after time."""
    real, found = disclosure.protect, []
    monkeypatch.setattr(
        disclosure, "protect", lambda given, *a, **k: found.append(sorted(given)) or real(given, *a, **k)
    )
    return found


def test_secrecy_settled_before_the_verdict_is_not_worked_out_again(people_desk, protections):
    made = people_desk.candidate(ind_participants=categories())
    foreseen = secrecy.foresee(made, people_desk.releases)
    release = people_desk.publish(made, foreseen=lambda: foreseen)
    assert protections == [sorted(PEOPLE)]
    assert printed(release) == {"agent": "F", "elected": "A", "ess": "F", "other": "D"}
    assert release.datasets["ind_events"].sha256 == people_desk.publish(made).datasets["ind_events"].sha256


def test_secrecy_of_other_tables_than_those_that_leave_is_worked_out_again(people_desk, protections):
    made = people_desk.candidate(ind_participants=categories())
    foreseen = secrecy.foresee(made, people_desk.releases)
    refused = hand_made.failed(people_desk.verdict(made), "ind_events")
    people_desk.publish(made, refused, foreseen=lambda: foreseen)
    assert protections == [sorted(PEOPLE), ["ind_participants"]]


def test_secrecy_foreseen_beside_other_releases_is_worked_out_again(people_desk, protections):
    """A release that came meanwhile prints what the night's tables must not give away."""
    made = people_desk.candidate(ind_participants=categories())
    foreseen = secrecy.foresee(made, people_desk.releases)
    people_desk.night(ind_participants=categories(elected=12))
    people_desk.publish(made, foreseen=lambda: foreseen)
    assert len(protections) == 3


def test_secrecy_foreseen_of_another_candidate_is_worked_out_again(people_desk, protections):
    foreseen = secrecy.foresee(people_desk.candidate(ind_participants=categories(elected=12)), people_desk.releases)
    release = people_desk.publish(people_desk.candidate(ind_participants=categories()), foreseen=lambda: foreseen)
    assert printed(release)["elected"] == "A" and len(protections) == 2


@pytest.mark.nights
def test_releases_that_print_the_same_are_read_once(people_desk):
    people_desk.night(ind_participants=categories())
    people_desk.night(ind_participants=categories(), ind_events=hand_made.events(37))
    people_desk.night(ind_participants=categories(ess=70))
    found = earlier.releases_with(people_desk.releases, ["ind_participants"])
    assert [printed_.releases for printed_ in found] == [[1], [3]]
    assert found[1].warehouse == releases.show(people_desk.releases, 3).warehouse and found[1].warehouse.exists()


@pytest.mark.nights
def test_a_programme_of_which_releases_print_the_same_is_looked_at_once(people_desk):
    """Of two programmes one changes: three to look at in two releases, and what both print is told of both."""
    last = categories(elected=30, programme_id=hand_made.CVL)
    for ess in (60, 70):
        people_desk.night(ind_participants=categories(elected=12, ess=ess) + last)
    found, policies = earlier.releases_with(people_desk.releases, ["ind_participants"]), disclosure.read()
    assert [(printed_.programme_id, printed_.releases) for printed_ in found] == [
        (hand_made.CVL, [1, 2]),
        (hand_made.HDF, [1]),
        (hand_made.HDF, [2]),
    ]
    today = {"ind_participants": pq.read_table(people_desk.releases / "current/public/data/ind_participants.parquet")}
    cells = reading.read(today, policies)
    for variable in cells.system.variables:
        variable.need_low, variable.need_high = 0.0, 1.0
    read = reading.Numbers(cells.system, reading.Naming(policies))
    numbers = cache(lambda printed_: read.of(printed_.tables))
    given_away = earlier.mark_public(cells, found, numbers)
    hidden = set(range(len(cells.system.rows)))
    told = earlier.told_by(cells, found, numbers, hidden, given_away)
    assert {cells.system.variables[index].name[0] for index in told} >= {hand_made.CVL, hand_made.HDF}
    assert set(map(tuple, told.values())) == {(1, 2)}


def test_what_a_policy_has_since_made_public_is_let_go(people_desk, monkeypatch):
    people_desk.night(ind_participants=categories())
    policies = disclosure.read()
    free = policies.vocabulary.thresholds | {"personnes": policies.vocabulary.thresholds["au_besoin"]}
    words = policies.vocabulary.model_copy(update={"thresholds": free})
    monkeypatch.setattr(disclosure, "read", lambda: policies.model_copy(update={"vocabulary": words}))
    release = people_desk.night(ind_participants=categories())
    assert set(printed(release).values()) == {"F"}


def test_what_follows_from_earlier_releases_is_said_and_does_not_hold_the_table_for_ever(people_desk, monkeypatch):
    """3 elected and 7 others were hidden together; all below 12 is secret since, and the 10 that they are together was printed."""
    people_desk.night(ind_participants=categories(elected=3, other=7))
    policies = disclosure.read()
    higher = policies.vocabulary.thresholds["personnes"].model_copy(update={"minimum": 12})
    words = policies.vocabulary.model_copy(
        update={"thresholds": policies.vocabulary.thresholds | {"personnes": higher}}
    )
    monkeypatch.setattr(disclosure, "read", lambda: policies.model_copy(update={"vocabulary": words}))
    release = people_desk.night(ind_participants=categories(elected=3, other=7))
    status = release.datasets["ind_participants"]
    assert printed(release) == {"agent": "D", "elected": "A", "ess": "F", "other": "A"}
    assert status.status == "published_with_reserve"
    assert status.reserves == (
        "Une case désormais secrète se lit encore dans une version publique, ou s’en déduit : la retirer (« observatoire releases withdraw 1 »).",
    )
    assert release.disclosure["ind_participants"]["already_public_in"] == [1]
    assert is_silent_once_withdrawn(people_desk, categories(elected=3, other=7))
