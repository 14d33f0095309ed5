"""Large tables: parts attacked apart are the whole attacked, what is settled by blocks is safe, and a proof that is wrong is not believed.

The tables are those of `benchmarks/secrets.py`; expected values come from the exact program on the whole system.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import secrets
from publication import disclosure
from publication.disclosure import audit as auditing
from publication.disclosure import cells as reading
from publication.disclosure import earlier, protection
from publication.disclosure.attack import Attacker, Nearby
from publication.disclosure.blocks import Move
from publication.disclosure.piecemeal import by_blocks
from publication.disclosure.proofs import Proof, Proven
from publication.disclosure.suppression import solve
from publication.disclosure.system import Equation, System

POLICIES = disclosure.read()

pytestmark = pytest.mark.nights


def drawn(events: int, seed: int, tiny: float = 0.6):
    con = secrets.draw(events, tiny, seed)
    return secrets.tables(con), secrets.public_events(con)


def tied(tables, events):
    cells = reading.read(tables, POLICIES)
    reading.tie(cells, POLICIES, events)
    return cells


def parts_of(events: int, seed: int):
    system = tied(*drawn(events, seed)).system
    return [part for part in system.parts(system.unhideable()) if any(v.is_sensitive for v in part.variables)]


# --- parts -----------------------------------------------------------------------------------------------------------


@st.composite
def systems(draw):
    """Several tables with margins, some of whose lines they share, and which lines are suppressed."""
    system, tables = System(), draw(st.integers(1, 3))
    for table in range(tables):
        width = draw(st.integers(2, 4))
        values = [draw(st.integers(0, 9)) for _ in range(width)]
        for place, value in enumerate(values):
            index = system.variable((table, place), value=float(value), need_low=0.0, need_high=value + 2.0)
            system.row((table, place), [index], cost=value)
        total = system.variable((table, "total"), value=float(sum(values)))
        system.row((table, "total"), [total], cost=10)
        system.equation([(total, -1.0), *((system.by_name[table, place], 1.0) for place in range(width))])
    if tables > 1 and draw(st.booleans()):
        totals = [system.by_name[table, "total"] for table in range(tables)]
        whole = system.variable("all", value=sum(system.variables[index].value for index in totals))
        system.row("all", [whole], cost=10)
        system.equation([(whole, -1.0), *((index, 1.0) for index in totals)])
    return system, draw(st.sets(st.integers(0, len(system.rows) - 1)))


@settings(max_examples=60, deadline=None)
@given(systems())
def test_parts_attacked_apart_are_the_whole_attacked(drawn_system):
    system, suppressed = drawn_system
    found = {finding.variable: finding for finding in auditing.attacked(system, suppressed)}
    attacker = Attacker(system)
    attacker.print(system.hidden(suppressed))
    sensitive = [index for index, variable in enumerate(system.variables) if variable.is_sensitive]
    assert found.keys() == set(sensitive)
    for index in sensitive:
        low, high = attacker.lowest(index).value, attacker.highest(index).value
        variable = system.variables[index]
        assert found[index].width == pytest.approx(high - low, abs=1e-6)
        assert found[index].is_enough == (low <= variable.need_low + 1e-6 and high >= variable.need_high - 1e-6)


def test_what_is_known_ties_nothing_together():
    """Two departments whose totals are printed are two parts; the grand total is in neither."""
    system = System()
    for department in "ab":
        cells = [system.variable((department, place), value=2.0) for place in range(3)]
        for index in cells:
            system.row(system.variables[index].name, [index])
        total = system.variable(department, value=6.0)
        system.row(department, [total], is_fixed=True)
        system.equation([(total, -1.0), *((index, 1.0) for index in cells)])
    assert [part.places for part in system.parts(system.unhideable())] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(system.parts()) == 2
    system.equation([(system.by_name["a"], 1.0), (system.by_name["b"], -1.0)])
    assert len(system.parts()) == 1
    assert len(system.parts(system.unhideable())) == 2


def test_parts_where_nothing_is_to_be_protected_are_left_out():
    system = System()
    for table in "ab":
        numbers = [system.variable((table, place), value=2.0) for place in range(2)]
        system.equation([(index, 1.0) for index in numbers], 4.0)
    system.variables[3].need_high = 5.0
    assert [part.places for part in system.sensitive_parts([False] * 4)] == [[2, 3]]
    assert system.sensitive_parts([False, False, False, True]) == []


def test_what_is_known_is_taken_from_the_sums():
    system = System()
    a, b, whole = (system.variable(name, value=value) for name, value in (("a", 2.0), ("b", 3.0), ("whole", 5.0)))
    system.equation([(a, 1.0), (b, 1.0), (whole, -1.0)])
    system.equation([(b, 2.0)], 7.0, at_most=True)
    left = system.given([True, False, True])
    assert [variable.name for variable in left.variables] == ["b"]
    assert left.equations == [Equation(((0, 1.0),), 3.0), Equation(((0, 2.0),), 7.0, at_most=True)]
    nothing = system.given([True, True, True])
    assert nothing.equations == [Equation((), 0.0), Equation((), 1.0, at_most=True)]


@settings(max_examples=150, deadline=None)
@given(systems(), st.data())
def test_an_old_secret_among_few_numbers_comes_out_as_among_all(drawn_system, data):
    """The numbers of today put into the whole old table, one by one, and every old secret attacked there."""
    system, suppressed = drawn_system
    numbers = range(len(system.variables))
    then = {n: variable.value for n, variable in enumerate(system.variables)}
    for n in data.draw(st.sets(st.sampled_from(numbers), max_size=3)):
        system.variables[n].value += data.draw(st.integers(-1, 2))
    was_secret = data.draw(st.sets(st.sampled_from(numbers)))
    hidden = [data.draw(st.booleans()) for _ in numbers]
    needed = {n: float(data.draw(st.integers(1, 4))) for n in was_secret}
    for n in data.draw(st.sets(st.sampled_from(numbers), max_size=1)):
        then[n] += 1  # a table that does not add up, or another one
    printed = {system.variables[n].name: value for n, value in then.items() if n not in was_secret}

    parts, old_secrets = system.parts(), earlier.OldSecrets()
    told = np.array([printed.get(variable.name, np.nan) for variable in system.variables])
    found = [old_secrets.are_narrowed(part, told, needed, hidden) for part in parts]
    assert found == [old_secrets.are_narrowed(part, told, needed, hidden) for part in parts], "asked once more"
    assert found == [_comes_out(part, printed, needed, hidden) for part in parts]


def _comes_out(part, printed, needed, hidden) -> bool:
    old = System(
        [replace(variable, value=printed.get(variable.name)) for variable in part.variables], [], part.equations
    )
    attacker = Attacker(old)

    def fits() -> bool:
        attacker.print([variable.value is None for variable in old.variables])
        return attacker.has_solution()

    secret = [n for n, variable in enumerate(old.variables) if variable.value is None]
    if not fits():
        return False
    for n in sorted(secret, key=lambda n: (part.places[n] in needed, n)):
        if not hidden[part.places[n]]:
            old.variables[n].value = part.variables[n].value
            if not fits():
                old.variables[n].value = None
    widths = {}
    for n in secret:
        supposed, old.variables[n].value = old.variables[n].value, None
        assert fits()
        widths[part.places[n]] = attacker.highest(n).value - attacker.lowest(n).value
        old.variables[n].value = supposed
    return any(widths[place] < needed[place] - 1e-6 for place in widths)


# --- block by block ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_settled_by_blocks_is_safe_and_no_cheaper_than_the_cheapest(seed):
    for part in parts_of(5, seed):
        chosen = by_blocks(part)
        assert not chosen.missed
        assert all(finding.is_enough for finding in auditing.attacked(part, set(chosen.pattern.suppressed)))
        assert chosen.pattern.cost >= solve(part).cost - 1e-9


def settled(events=40, seed=1):
    """A part, what of it is known once it is settled by blocks, and the proof."""
    part = max(parts_of(events, seed), key=lambda part: len(part.rows))
    chosen = by_blocks(part)
    known = [not hidden for hidden in part.hidden(set(chosen.pattern.suppressed))]
    return part, known, chosen, Proof(np.arange(len(part.variables)), chosen.point, chosen.moves)


def test_proofs_conclude_as_the_exact_attack_does(monkeypatch):
    part, known, chosen, proof = settled()
    exact = auditing._attacked(part, known)
    monkeypatch.setattr(auditing, "MOST_VARIABLES", 0)
    monkeypatch.setattr(auditing, "MOST_PROGRAMS", 0)
    proven = auditing._attacked(part, known, [proof])
    assert exact and not [f for f in exact if not f.is_enough] and not [f for f in proven if not f.is_enough]
    widths = {f.variable: f.width for f in exact if f.single is None}
    assert all(f.width <= widths[f.variable] + 1e-6 for f in proven if f.single is None)
    assert len([f for f in proven if f.single is None]) == len(widths)
    # the twins: without a proof nothing is concluded, and with one row printed again something is found
    assert [f for f in auditing._attacked(part, known) if not f.is_enough]
    row = next(row for number, row in enumerate(part.rows) if row.is_primary)
    leaky = [k or index in row.shows for index, k in enumerate(known)]
    assert [f for f in auditing._attacked(part, leaky, [proof]) if not f.is_enough]


def test_a_movement_that_does_not_fit_is_not_believed():
    part, known, chosen, proof = settled()

    def held(*moves):
        return set(Proven(part, known, [replace(proof, moves=list(moves))]).move.tolist())

    good = chosen.moves[0]
    assert held(good) == {0}
    assert (
        held(Move(good.places, good.by * np.where(np.arange(len(good.by)) == 0, 2, 1))) == set()
    )  # one number too far
    assert held(Move(good.places, good.by * 1e6)) == set()  # under what a count can be
    printed = next(index for index, k in enumerate(known) if k)
    assert held(Move(np.append(good.places, printed), np.append(good.by, 1.0))) == set()  # a printed number moves
    assert held(Move(good.places[:1], good.by[:1]), good) == {1}


def test_single_contributors_are_attacked_where_all_that_is_proven_moves_their_number(monkeypatch):
    part, known, chosen, proof = settled()
    monkeypatch.setattr(auditing, "MOST_VARIABLES", 0)
    monkeypatch.setattr(auditing, "MOST_PROGRAMS", 0)
    [single] = [i for i, v in enumerate(part.variables) if v.is_single and not known[i]][:1]
    without = [move for move in chosen.moves if single in move.places]
    findings = auditing._attacked(part, known, [replace(proof, moves=without)])
    assert any(finding.single == single and not finding.is_enough for finding in findings)


# --- whole tables ------------------------------------------------------------------------------------------------------


def test_thousands_of_tiny_events_are_protected_and_audited():
    tables, events = drawn(2000, 1, tiny=0.9)
    result = disclosure.protect(tables, POLICIES, events=lambda: events)
    assert result.reasons == {}
    report = result.report["ind_participation"]
    assert report["primary"] > 3000 and report["attacks"] > 5000 and not report["suppressed_whole"]
    assert report["settled_by_blocks"] == report["primary"] + report["secondary"]
    signs = {(r["breakdown"], r["conf_status"]) for r in result.tables["ind_participation"].to_pylist()}
    assert ("total", "D") not in signs and ("department", "D") not in signs  # the region keeps its totals


def test_a_large_part_is_hidden_whole_when_there_is_no_time():
    """Whatever happens it ends: more is hidden, and the audit finds nothing in what leaves."""
    tables, events = drawn(150, 1)
    result = disclosure.protect(tables, POLICIES, events=lambda: events, budget=0.0)
    assert result.reasons == {}
    report = result.report["ind_participation"]
    assert f"{secrets.PROGRAMME}|PA03|event" in report["suppressed_whole"] and report["settled_by_blocks"]
    rows = result.tables["ind_participation"].to_pylist()
    assert {r["obs_status"] for r in rows if (r["indicator"], r["breakdown"]) == ("PA03", "event")} == {"Q"}


def test_a_program_that_does_not_conclude_keeps_the_table_back(monkeypatch):
    tables, events = drawn(80, 1)
    monkeypatch.setattr(auditing, "MOST_PROGRAMS", 0)
    monkeypatch.setattr(protection, "_by_blocks", lambda part, *_: ({n for n, r in enumerate(part.rows) if r.is_forced}, set(), None))  # fmt: skip
    result = disclosure.protect(tables, POLICIES, events=lambda: events)
    assert "pas à l’abri" in result.reasons["ind_participation"][0]


# --- what no table can hide ----------------------------------------------------------------------------------------------


def test_a_single_contributor_is_not_asked_to_forget_public_facts():
    """5 came, which is public; the one who had not registered knows that 4 had, whatever the tables print."""
    system = System()
    came, registered, others = (
        system.variable(n, value=v) for n, v in (("came", 5.0), ("registered", 4.0), ("others", 1.0))
    )
    system.variables[registered].need_low, system.variables[registered].need_high = 0.0, 5.0
    system.variables[others].is_single = True
    system.row("came", [came], is_fixed=True)
    system.row("registered", [registered], is_primary=True)
    system.row("others", [others])
    system.equation([(came, 1.0), (registered, -1.0), (others, -1.0)])
    [part] = system.parts(system.unhideable())
    place = {name: part.by_name[name] for name in ("registered", "others")}
    nearby = Nearby(part)
    assert (
        nearby.farthest(place["others"], place["registered"], -1)
        == nearby.farthest(place["others"], place["registered"], 1)
        == 4
    )
    assert {row for row in solve(part).suppressed} == {part.rows.index(row) for row in part.rows if row.name != "came"}
    assert all(finding.is_enough for finding in auditing.attacked(system, {1, 2}))
    assert not all(finding.is_enough for finding in auditing.attacked(system, {1}))  # the twin: printed, anybody knows
