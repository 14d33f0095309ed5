"""Large parts, where a program is run only on what is asked: which attacks succeed whatever is hidden, and what is made of them.

Every part is taken for a large one. What is expected comes from numbers made by hand, or of the exact programs on a small part.
"""

import math

import pytest

from publication.disclosure import audit, earlier, protection
from publication.disclosure.blocks import Blocks
from publication.disclosure.piecemeal import point_of
from publication.disclosure.system import THEN, System


@pytest.fixture(autouse=True)
def _is_large(monkeypatch):
    monkeypatch.setattr(audit, "MOST_VARIABLES", 0)


def sums(*values, need=5.0):
    """One part: each number is to seem able to move by `need`, in a sum that is public."""
    system = System()
    for place, value in enumerate(values):
        number = system.variable((place,), value=value, need_low=value - need, need_high=value + need)
        system.row((place,), [number], group=("a",))
    total = system.variable(("total",), value=math.fsum(values), is_public=True)
    system.equation([*((number, 1.0) for number in range(len(values))), (total, -1.0)])
    return system


def found(system, asked):
    return {(each.variable, each.single): each for each in audit.attacked(system, system.hideable(), asked)}


def test_what_a_program_is_told_of_one_number_is_not_told_of_the_next():
    """The first is asked to go to 21, the second to 25, where the first is 25."""
    system = sums(20.0, 30.0)
    system.variables[0].need_low, system.variables[0].need_high = 19.0, 21.0
    everything = found(system, [(0, None), (1, None)])
    assert len(everything) == 2 and all(each.is_enough for each in everything.values())


def test_a_number_that_is_to_go_one_way_is_found_between_what_it_is_and_where_it_goes():
    """3 is to seem able to be 10, of which no more than 8 are left: 3 to 8 is asked for still."""
    system = sums(3.0, 5.0)
    system.variables[0].need_low, system.variables[0].need_high = None, 10.0
    [narrow] = found(system, [(0, None)]).values()
    assert (narrow.low, narrow.high, narrow.is_enough) == (3.0, 8.0, False)


def test_as_many_programs_as_there_are_attacks(monkeypatch):
    monkeypatch.setattr(audit, "MOST_PROGRAMS", 1)
    numbers = [float(n) for n in range(20, 40)]
    everything = found(sums(*numbers), [(n, None) for n in range(20)])
    assert len(everything) == 20 and all(each.is_enough for each in everything.values())


def test_of_attacks_that_are_too_many_nothing_is_said_nor_asked(monkeypatch):
    monkeypatch.setattr(audit, "MOST_ASKED", 2)
    system = sums(20.0, 30.0, 10.0)
    assert found(system, [(0, None), (1, None), (2, None)]).keys() == {(0, None), (1, None)}
    for variable in system.variables:
        variable.need_low = variable.need_high = None
    earlier.keep_uncertain(system, {0: 5.0, 1: 5.0, 2: 5.0})
    assert [variable.is_sensitive for variable in system.variables] == [True, True, False, False]


def test_what_anybody_finds_is_not_said_of_single_contributors_too():
    """No more than 8 are left for the first, which is to seem able to be 10; who is alone in the second knows it, as anybody knows enough."""
    system = sums(3.0, 5.0, 10.0)
    system.variables[0].need_low, system.variables[0].need_high = 0.0, 10.0
    for variable in system.variables[1:3]:
        variable.need_low = variable.need_high = None
    system.variables[1].is_single = True
    [attack] = [(each.variable, each.single) for each in audit.attacked(system, {0, 1}) if not each.is_enough]
    assert attack == (0, None)


def test_nothing_is_hidden_for_the_sake_of_what_nothing_can_keep():
    """A secret line shows 3, which is public, and 20, which needs a line beside it, and no more."""
    system = sums(20.0, 30.0, 10.0, 40.0, need=2.0)
    for variable in system.variables[1:]:
        variable.need_low = variable.need_high = None
    told = system.variable(("told",), value=3.0, need_low=0.0, need_high=5.0)
    public = system.variable(("public",), value=3.0, is_public=True)
    system.row(("told", 0), [told, 0], group=("a",), is_primary=True)
    system.equation([(told, 1.0), (public, -1.0)])
    [part] = system.sensitive_parts(system.unhideable())
    settled = protection._settled(part, math.inf)
    assert not settled.whole and len(settled.suppressed) == 3


def test_what_is_left_of_a_sum_is_no_block():
    """An event that is new, the only one, is tied to what its department has more. They move together, but others do too."""
    system = sums(*(float(n) for n in range(20, 40)))
    department = system.variable(("department",), value=500.0)
    then = system.variable((THEN, 0), value=480.0, is_public=True)
    system.equation([(department, 1.0), (0, -1.0), (then, -1.0)])
    [part] = system.parts(system.unhideable())
    blocks = Blocks(part, point_of(part)).block
    assert blocks[part.at[department]] != blocks[part.at[0]]
