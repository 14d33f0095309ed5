"""What earlier releases print: it is public, what it hides stays hidden, and its difference to today tells nothing.

The numbers are made by hand or drawn. Not here: releases as files, and what a reader opens of them (`test_disclosure_releases`).
"""

import math
import random
from types import MappingProxyType

import hand_made
import pyarrow as pa
import pytest
import watched
from watched import CATEGORIES, NAMES, POLICIES, count, nothing, protect, public, share, signs, walk_ins

from publication.disclosure import audit, earlier, protection
from publication.disclosure import cells as reading
from publication.disclosure.attack import Attacker, Unsolved
from publication.disclosure.system import System


@pytest.fixture(autouse=True)
def _is_piecemeal(request, monkeypatch):
    """Where a test asks for it, every part is taken for a large one."""
    if getattr(request, "param", False):
        monkeypatch.setattr(audit, "MOST_VARIABLES", 0)


whole_or_piecemeal = pytest.mark.parametrize("_is_piecemeal", [False, True], ids=["whole", "piecemeal"], indirect=True)


def test_cancellations_below_the_threshold_do_not_hold_the_table_for_ever(monkeypatch, tmp_path):
    """7 registered at a1, of whom 3 came; 3 are cancelled. That 3 came was printed, so that 4 cannot seem to be 0."""
    places = [count("PA02", "event", "a1", 3), count("PA06", "event", "a1", 0), *walk_ins()[1::2]]

    def night(registered):
        return protect(*places, share("PA04", "event", "a1", 3, registered, "ind_participation"), releases=tmp_path)

    monkeypatch.setattr(earlier, "releases_with", lambda *_: [])
    before = night(7)
    printed = earlier.Printed(hand_made.HDF, before.tables, earlier.secret_lines(before.tables), [1])
    monkeypatch.setattr(earlier, "releases_with", lambda *_: [printed])
    after = night(4)
    assert not after.reasons and signs(after, "ind_participation")["PA04|event|a1"] == "Q/A"
    [reserve] = after.reserves["ind_participation"]
    assert "withdraw 1" in reserve


@pytest.mark.parametrize(
    "again, is_free, hidden",
    [
        (None, False, {"PA03|event|a2": "Q/D", "PA03|total|total": "Q/D"}),
        (20, False, {}),  # release 2 prints the 20: it is known
        ("s", False, {"PA03|event|a2": "Q/D"}),  # release 2 does not, but 50 less 30 is
        (None, True, {}),  # registrations are no secret any more
    ],
)
def test_what_was_hidden_beside_an_event_that_is_gone_stays_hidden(monkeypatch, tmp_path, again, is_free, hidden):
    """3 registered at a1, hidden with the 20 of a2: of 53, 30 are printed. a1 is cancelled: were the 20 printed, or 50 in all, 3 would follow.
    Nothing of the categories is gone: the 17 others, hidden with 3, are printed once both have changed."""

    def night(*events, elected=3, other=17, **more):
        rows = [count("PA03", "event", name, n) for name, n in events]
        members = (("elected", elected), ("agent", 20), ("ess", 60), ("other", other))
        return protect(
            *rows,
            count("PA03", "total", "total", sum(n for _, n in events)),
            *(share("PE02", "participant_category", m, n, 80 + elected + other) for m, n in members),
            events=lambda: public(*(name for name, _ in events)),
            **more,
        )

    monkeypatch.setattr(earlier, "releases_with", lambda *_: printed_)
    printed_ = []
    before, after = night(("a1", 3), ("a2", 20), ("a3", 30)), night(("a2", 20), ("a3", 30), elected=6, other=40)
    assert signs(before, "ind_participation")["PA03|event|a2"] == "Q/D"
    assert set(signs(after, "ind_participation").values()) == {"A/F"}
    printed_ = [earlier.Printed(hand_made.HDF, before.tables, earlier.secret_lines(before.tables), [1])]
    if again:
        tables = dict(after.tables)
        if again == "s":
            cells = reading.read(tables, POLICIES)
            tables = {name: protection._marked(t, name, cells, {4}) for name, t in tables.items()}
        printed_.append(earlier.Printed(hand_made.HDF, tables, earlier.secret_lines(tables), [2]))
    if is_free:
        thresholds = POLICIES.vocabulary.thresholds | {"personnes": POLICIES.vocabulary.thresholds["au_besoin"]}
        words = POLICIES.vocabulary.model_copy(update={"thresholds": thresholds})
        monkeypatch.setattr(watched, "POLICIES", POLICIES.model_copy(update={"vocabulary": words}))
    after = night(("a2", 20), ("a3", 30), elected=6, other=40, releases=tmp_path)
    assert not after.reasons and set(signs(after).values()) == {"A/F"}
    assert {cell: sign for cell, sign in signs(after, "ind_participation").items() if sign != "A/F"} == hidden


@whole_or_piecemeal
def test_a_number_is_asked_to_stay_uncertain_where_anything_can_make_it_so():
    """Of two that a printed sum ties, each may seem to be the other's; one that a public number gives follows whatever is hidden."""
    system = System()
    numbers = [system.variable((name,), value=value) for name, value in (("a", 20.0), ("b", 30.0), ("given", 7.0))]
    total = system.variable(("total",), value=50.0, is_public=True)
    for number in numbers:
        system.row((number,), [number])
    system.equation([(numbers[0], 1.0), (numbers[1], 1.0), (total, -1.0)])
    system.equation([(numbers[2], 1.0)], 7.0)
    earlier.keep_uncertain(system, {numbers[0]: 5.0, numbers[2]: 5.0})
    needs = [(v.need_low, v.need_high) if v.is_sensitive else None for v in system.variables[:3]]
    assert needs == [(15.0, 20.0), None, None]


def test_an_old_secret_of_which_the_solver_says_nothing_is_not_told(monkeypatch):
    """Whatever is not concluded counts as found."""
    system = System()
    secret, other = system.variable("secret"), system.variable("other")
    system.equation([(secret, 1.0), (other, 1.0)], 9.0)
    assert earlier._is_narrowed(system, {secret: 5.0}, {}) is False

    def lost(*_):
        raise Unsolved

    monkeypatch.setattr(Attacker, "highest", lost)
    assert earlier._is_narrowed(system, {secret: 5.0}, {}) is True


BREAKDOWNS = ("department", "theme")


def lines_and_events(programme):
    """Tables of registrations, and the list of events, of a programme: event → (department, theme, registered)."""
    lines = {("event", event): own[2] for event, own in sorted(programme.items())}
    lines["total", "total"] = sum(lines.values())
    for place, breakdown in enumerate(BREAKDOWNS):
        for _, own in sorted(programme.items()):
            lines[breakdown, own[place]] = lines.get((breakdown, own[place]), 0) + own[2]
    stands = {
        event: {("total", "total"), ("event", event), *zip(BREAKDOWNS, own, strict=False)}
        for event, own in sorted(programme.items())
    }
    return [count("PA03", *about, n) for about, n in lines.items()], stands


def known_of(programme, lines, known=MappingProxyType({})):
    """What anybody knows of each event who reads these lines and knows these events: at least, at most."""
    system, stands = System(), lines_and_events(programme)[1]
    at = {
        event: system.variable((event,), lower=known.get(event, 0.0), upper=known.get(event, math.inf))
        for event in programme
    }
    for line in lines:
        if line["value"] is not None:
            system.equation(
                [(at[event], 1.0) for event in programme if (line["breakdown"], line["member"]) in stands[event]],
                line["value"],
            )
    attacker = Attacker(system)
    return {event: (attacker.lowest(index).value, attacker.highest(index).value) for event, index in at.items()}


@whole_or_piecemeal
@pytest.mark.parametrize(
    "seed",
    [
        *(3, 17, 19, 76, 97, 6, 136),
        *(
            pytest.param(n, marks=pytest.mark.nights)
            for n in (20, 42, 53, 63, 70, 74, 95, 101, 122, 128, 129, 138, 143, *range(150, 180), 252, 300)
        ),
    ],
)
def test_what_a_release_hides_does_not_come_out_of_the_next(seed, monkeypatch, tmp_path):
    """The definition: who knows which events have the number that they had puts what the next release gives of them in the first, by the list of
    events of then. Meanwhile events are cancelled, change, move and come."""
    draw, d = random.Random(seed), "ind_participation"
    first = {
        f"a{n}": (draw.choice(["02", "59"]), draw.choice(["ECOL", "SOC"]), draw.choice([1, 2, 3, 4, 7, 9, 15, 20, 30]))
        for n in range(5)
    }
    second = {}
    for event, own in first.items():
        luck = draw.random()
        if luck < 0.2:
            continue
        if luck < 0.45:
            own = (*own[:2], own[2] + draw.choice([1, 3, 6]))
        if draw.random() < 0.15:
            own = (draw.choice(["02", "59"]), *own[1:])
        second[event] = own
    if draw.random() < 0.4:
        second["a9"] = (draw.choice(["02", "59"]), draw.choice(["ECOL", "SOC"]), draw.choice([2, 8, 20]))

    def lists(programme):
        return {hand_made.HDF: [frozenset(members) for members in lines_and_events(programme)[1].values()]}

    printed_ = []
    monkeypatch.setattr(earlier, "releases_with", lambda *_: printed_)
    monkeypatch.setattr(earlier, "events_of", lambda _: lists(first))
    then = protect(*lines_and_events(first)[0], events=lambda: lists(first)).tables
    printed_ = [earlier.Printed(hand_made.HDF, then, earlier.secret_lines(then), [1])]
    result = protect(*lines_and_events(second)[0], events=lambda: lists(second), releases=tmp_path)
    assert not result.reasons
    lines, today = then[d].to_pylist(), known_of(second, result.tables[d].to_pylist())
    told = {
        event: low
        for event, (low, high) in today.items()
        if high - low < 1e-6 and event in first and first[event][2] == second[event][2]
    }
    before, after = known_of(first, lines), known_of(first, lines, told)
    for line in lines:
        if line["breakdown"] == "event" and line["conf_status"] == "A":
            widths = [ends[line["member"]][1] - ends[line["member"]][0] for ends in (before, after)]
            assert widths[1] >= min(widths[0], 5) - 1e-6
    assert not told_by_both((first, lines), (second, result.tables[d].to_pylist()))


def told_by_both(*releases):
    """The secret events of two releases that come out rightly when an event is supposed to have what it had, where nothing contradicts that."""
    system, at = System(), {}
    for release, (programme, lines) in enumerate(releases):
        stands = lines_and_events(programme)[1]
        for event in programme:
            at[release, event] = system.variable((release, event))
        for line in lines:
            if line["value"] is not None:
                own = [event for event in programme if (line["breakdown"], line["member"]) in stands[event]]
                system.equation([(at[release, event], 1.0) for event in own], line["value"])

    def attacker(same_events):
        supposed = System(system.variables, equations=list(system.equations))
        for event in same_events:
            supposed.equation([(at[0, event], 1.0), (at[1, event], -1.0)])
        return Attacker(supposed)

    kept = []
    for event in (event for event in releases[0][0] if event in releases[1][0]):
        if attacker([*kept, event]).has_solution():
            kept.append(event)
    found = attacker(kept)
    return [
        (release, line["member"])
        for release, (programme, lines) in enumerate(releases)
        for line in lines
        if line["breakdown"] == "event" and line["conf_status"] == "A"
        for ends in [
            (found.lowest(at[release, line["member"]]).value, found.highest(at[release, line["member"]]).value)
        ]
        if max(abs(end - programme[line["member"]][2]) for end in ends) < 1e-6
    ]


@whole_or_piecemeal
@pytest.mark.parametrize(
    "first, second, hidden",
    [
        # 43 then and 45 now: the new event has 2
        ({}, {"a3": 2}, {"a1", "a2", "a3", "total"}),
        # of five more, three registered for an event that is printed both times
        ({}, {"a4": 33, "a3": 2}, {"a1", "a2", "a3", "a4"}),
        # an event that nobody registered for says so
        ({"a0": 0}, {"a0": 0, "a3": 2}, {"a1", "a2", "a3", "total"}),
        # one that nobody had registered for has 8: it is known by how many it changed
        ({"a0": 0}, {"a0": 8, "a3": 2}, {"a0", "a1", "a2", "a3"}),
        # what two new events have together tells of neither
        ({}, {"a3": 2, "a5": 3}, {"a1", "a2", "a3", "a5"}),
        # one of those that were hidden changed, which nobody sees
        ({}, {"a1": 4, "a3": 2}, {"a1", "a2", "a3"}),
    ],
)
def test_a_sum_less_that_of_another_release_does_not_give_an_event(monkeypatch, tmp_path, first, second, hidden):
    """3 of a1 were hidden with the 10 of a2."""
    first, second = ({"a1": 3, "a2": 10, "a4": 30} | more for more in (first, second))
    monkeypatch.setattr(earlier, "events_of", lambda _: public(*first))
    released(monkeypatch, registered(first))
    today = registered(second, releases=tmp_path)
    assert not today.reasons and not today.reserves
    assert hidden_of(today) == hidden


def registered(programme, **more):
    rows = [count("PA03", "event", name, n) if n else nothing("PA03", name) for name, n in programme.items()]
    total = count("PA03", "total", "total", sum(programme.values()))
    return protect(*rows, total, events=lambda: public(*programme), **more)


def released(monkeypatch, *results):
    """These are what the earlier releases print; the warehouse of each is its place in that."""
    printed_ = [
        earlier.Printed(hand_made.HDF, result.tables, earlier.secret_lines(result.tables), [place + 1], place)
        for place, result in enumerate(results)
    ]
    monkeypatch.setattr(earlier, "releases_with", lambda *_: printed_)


def hidden_of(result) -> set[str]:
    return {cell.split("|")[2] for cell, sign in signs(result, "ind_participation").items() if sign.startswith("Q")}


@whole_or_piecemeal
def test_both_releases_whose_difference_tells_a_secret_are_to_be_withdrawn(monkeypatch, tmp_path):
    """43 in one release and 45 in the next, as somebody careless had printed it, are both public: the new event has 2, whatever is hidden."""
    first, second = {"a1": 3, "a2": 10, "a4": 30}, {"a1": 3, "a2": 10, "a4": 30, "a3": 2}
    monkeypatch.setattr(earlier, "events_of", lambda place: public(*(first, second)[place]))
    careless = registered(second)
    assert "total" not in hidden_of(careless)
    released(monkeypatch, registered(first), careless)
    today = registered(second, releases=tmp_path)
    [reserve] = today.reserves["ind_participation"]
    assert not today.reasons and "withdraw 1 2 " in reserve
    assert today.report["ind_participation"]["suppressed_whole"] == [], "what nothing can keep costs no line"


def test_what_is_told_is_let_go_until_nothing_more_is(monkeypatch, tmp_path):
    """What is let go for anybody may leave something that only single contributors find."""
    released(monkeypatch, registered({"a1": 3, "a2": 10, "a4": 30}))
    rounds = iter([True, True, False])
    monkeypatch.setattr(earlier, "let_go_what_follows", lambda *_: next(rounds))
    assert not registered({"a1": 3, "a2": 10, "a4": 33}, releases=tmp_path).reasons
    assert next(rounds, None) is None


@whole_or_piecemeal
@pytest.mark.parametrize("nb_twice, is_hidden", [(0, True), (1, False)])
def test_the_difference_of_persons_is_that_of_events_where_nobody_came_to_two(
    monkeypatch, tmp_path, nb_twice, is_hidden
):
    def night(programme, nb_twice=0, **more):
        rows = [share("PE01", "event", name, women, 40) for name, women in programme.items()]
        nb_women, nb_persons = sum(programme.values()) - nb_twice, 40 * len(programme) - nb_twice
        total = share("PE01", "total", "total", nb_women, nb_persons)
        return protect(*rows, total, events=lambda: public(*programme), **more)

    first, second = {"a1": 3, "a2": 10, "a4": 30}, {"a1": 3, "a2": 10, "a4": 30, "a3": 2}
    monkeypatch.setattr(earlier, "events_of", lambda _: public(*first))
    released(monkeypatch, night(first))
    today = signs(night(second, nb_twice, releases=tmp_path))
    assert (today["PE01|total|total"] == "Q/D") is is_hidden


@pytest.mark.parametrize("budget, is_held", [(300.0, False), (0.0, True)])
def test_past_the_deadline_all_that_was_secret_stays_so(monkeypatch, tmp_path, budget, is_held):
    """3 elected and 17 others were hidden together; 6 and 40 give neither back, which nobody has the time to find out of two programmes."""

    def night(elected, other):
        members = (("elected", elected), ("agent", 20), ("ess", 60), ("other", other))
        rows = [
            share("PE02", "participant_category", member, n, 80 + elected + other, programme_id=programme)
            for programme in (hand_made.HDF, hand_made.CVL)
            for member, n in members
        ]
        return protect(*rows, releases=tmp_path, budget=budget)

    monkeypatch.setattr(earlier, "releases_with", lambda *_: [])
    [before] = protect(*CATEGORIES).tables.values()
    printed = []
    for programme in (hand_made.HDF, hand_made.CVL):
        ids = pa.array([programme] * before.num_rows)
        tables = {"ind_participants": before.set_column(NAMES.index("programme_id"), "programme_id", ids)}
        printed.append(earlier.Printed(programme, tables, earlier.secret_lines(tables), [1]))
    monkeypatch.setattr(earlier, "releases_with", lambda *_: printed)
    after = night(6, 40)
    statuses = after.tables["ind_participants"]["conf_status"].to_pylist()
    assert not after.reasons and statuses == (["D", "F", "F", "D"] if is_held else ["F"] * 4) * 2
