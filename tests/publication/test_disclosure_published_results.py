"""The programs against answers that others published, and against exhaustive search.

- The first batch example of τ-ARGUS's own tests (sdcTools/checkTauArgus, tests/Batch/ex1).
- sdcTable's `microdata1` (data-raw/microdata1.R, tests/testthat/test-protectTable.r), its counts made by hand here.
- sdcTable's `problemdata` (R/test_problems.R, tests/testthat/test-simpleheuristic.R).
- sdcTable's two linked tables (tests/testthat/test-linked-tables.r).
"""

import itertools
import random

import pytest

from publication.disclosure.audit import attacked, is_exact
from publication.disclosure.perturbation import quickly
from publication.disclosure.suppression import NoPattern, OutOfTime, solve
from publication.disclosure.system import System

TAU_ARGUS_1 = """
         Total  male female
Total     5146  2757   2389
A         1032   895    137
B         1726   753    973
C         1055   569    486
D         1333   540    793
"""

MICRODATA_1 = """
         Total  male female
Total      100    55     45
A           20    18      2
B           33    14     19
C           22    12     10
D           25    11     14
"""

PROBLEMDATA = """
         tot     a     b     c     d
tot     3943  1012  1262   779   890
w        230    30    47    64    89
x        250    90   124     5    31
y        336    92   100    59    85
z       3127   800   991   651   685
"""


def parsed(text: str) -> dict[tuple[str, str], int]:
    header, *lines = [line.split() for line in text.strip().splitlines()]
    return {(row, column): int(n) for row, *cells in lines for column, n in zip(header, cells, strict=True)}


def two_way(values, primary, need=lambda v: (v - 1, v + 1), fixed=()) -> System:
    """A table with margins in its first row and column, and its equations."""
    system = System()
    rows = list(dict.fromkeys(row for row, _ in values))
    columns = list(dict.fromkeys(column for _, column in values))
    for cell, value in values.items():
        index = system.variable(cell, value=float(value))
        system.row(cell, [index], cost=value, is_primary=cell in primary, is_fixed=cell in fixed)
        if cell in primary:
            system.variables[index].need_low, system.variables[index].need_high = need(value)
    for row in rows:
        system.equation((system.by_name[row, c], -1.0 if c == columns[0] else 1.0) for c in columns)
    for column in columns:
        system.equation((system.by_name[r, column], -1.0 if r == rows[0] else 1.0) for r in rows)
    return system


def names(system: System, suppressed) -> set:
    return {system.rows[row].name for row in suppressed}


def test_first_example_of_tau_argus():
    """MAN(20) gives the same pattern there: A-male, C-male and C-female, at a cost of 895 + 569 + 486."""
    system = two_way(parsed(TAU_ARGUS_1), {("A", "female")}, lambda v: (v - 1, v + 1))
    pattern = solve(system)
    assert names(system, pattern.suppressed) == {("A", "female"), ("A", "male"), ("C", "male"), ("C", "female")}
    assert pattern.cost == 1950
    assert all(finding.is_enough for finding in attacked(system, set(pattern.suppressed)))


def test_microdata1_of_sdctable():
    """Optimal there: three secondary suppressions, the cells 5, 6, 11 and 12 of the table."""
    system = two_way(parsed(MICRODATA_1), {("A", "female")})
    pattern = solve(system)
    assert names(system, pattern.suppressed) == {("A", "female"), ("A", "male"), ("C", "male"), ("C", "female")}


PROBLEM_SUPPRESSED = {("w", c) for c in "abc"} | {("x", c) for c in "ac"} | {(r, c) for r in "yz" for c in "bd"}


def test_problemdata_two_suppressions_per_line_are_not_enough():
    """(w, b) is (230 + 250) − (89 + 124 + 31) − ((1012 + 779) − (92 + 59 + 800 + 651)) = 236 − 189 = 47."""
    system = two_way(parsed(PROBLEMDATA), PROBLEM_SUPPRESSED)
    rows = {number for number, row in enumerate(system.rows) if row.name in PROBLEM_SUPPRESSED}
    for line in "wxyz":
        assert sum(row == line for row, _ in PROBLEM_SUPPRESSED) >= 2
    exact = {system.variables[f.variable].name for f in attacked(system, rows) if is_exact(f)}
    assert exact == {("w", "b")}


def test_problemdata_is_protected_with_one_more_cell():
    """sdcTable adds (x, b); then (w, b) lies between 0 and 141."""
    system = two_way(parsed(PROBLEMDATA), PROBLEM_SUPPRESSED)
    pattern = solve(system)
    findings = attacked(system, set(pattern.suppressed))
    assert all(finding.is_enough for finding in findings)
    assert not any(is_exact(finding) for finding in findings)
    theirs = {n for n, row in enumerate(system.rows) if row.name in PROBLEM_SUPPRESSED | {("x", "b")}}
    width = {system.variables[f.variable].name: f.width for f in attacked(system, theirs)}
    assert width["w", "b"] == pytest.approx(141)
    assert pattern.cost <= 124


REGIONS = {"A": 2, "B": 2, "I": 8, "J": 8, "K": 3, "L": 3, "M": 3, "N": 7}
COUNTIES = {"county-1": "ABIJ", "county-2": "KLMN", "Total": "ABIJKLMN"}
SIZES = {"big": "LM", "small": "ABIJKN", "Total": "ABIJKLMN"}


def linked(*tables: dict[str, str]) -> System:
    """Regions counted in one or both tables; those of 1 to 3 are primary, as in the example; totals are printed."""
    system = System()
    for region, count in REGIONS.items():
        index = system.variable(region, value=float(count))
        system.row(region, [index], cost=count, is_primary=count <= 3)
        if count <= 3:
            system.variables[index].need_low, system.variables[index].need_high = count - 1.0, count + 1.0
    for table in tables:
        for total, parts in table.items():
            if total not in system.by_name:
                value = float(sum(REGIONS[part] for part in parts))
                system.row(total, [system.variable(total, value=value)], cost=value, is_fixed=True)
            system.equation([(system.by_name[total], -1.0), *((system.by_name[part], 1.0) for part in parts)])
    return system


@pytest.mark.parametrize("tables", [(COUNTIES,), (SIZES,)])
def test_each_of_two_linked_tables_is_safe_alone(tables):
    system = linked(*tables)
    assert solve(system).cost == 0


def test_two_linked_tables_are_unsafe_together_and_safe_without_n():
    """small − county-1 = K + N = 10, and N = 7 is printed: K is 3."""
    system = linked(COUNTIES, SIZES)
    primary = {number for number, row in enumerate(system.rows) if row.is_primary}
    found = {system.variables[f.variable].name: f for f in attacked(system, primary)}
    assert is_exact(found["K"]) and not found["K"].is_enough
    pattern = solve(system)
    assert names(system, pattern.suppressed - primary) == {"N"}
    assert all(finding.is_enough for finding in attacked(system, set(pattern.suppressed)))


# --- exhaustive search ---------------------------------------------------------------------------------------------


def random_table(seed: int, rows: int = 3, columns: int = 3, most: int = 9) -> dict[tuple, int]:
    draw = random.Random(seed)
    inside = {(r, c): draw.randint(0, most) for r in range(rows) for c in range(columns)}
    values = {("T", "T"): sum(inside.values())}
    values |= {("T", c): sum(inside[r, c] for r in range(rows)) for c in range(columns)}
    for r in range(rows):
        values[r, "T"] = sum(inside[r, c] for c in range(columns))
        values |= {(r, c): inside[r, c] for c in range(columns)}
    return values


def is_safe(system: System, suppressed: set[int]) -> bool:
    return all(finding.is_enough for finding in attacked(system, suppressed))


def cheapest(system: System) -> float:
    """By trying every set of cells, the cheapest first; margins are printed."""
    forced = {n for n, row in enumerate(system.rows) if row.is_primary}
    free = [n for n, row in enumerate(system.rows) if not row.is_primary and not row.is_fixed]
    subsets = (s for size in range(len(free) + 1) for s in itertools.combinations(free, size))
    for cost, subset in sorted((sum(system.rows[n].cost for n in s), s) for s in subsets):
        if is_safe(system, forced | set(subset)):
            return cost
    return -1


def small_problem(seed: int) -> System:
    values = random_table(seed)
    primary = {cell for cell, value in values.items() if 0 < value < 3 and "T" not in cell}
    system = two_way(values, primary, lambda v: (0, 3), fixed={cell for cell in values if "T" in cell})
    for cell in primary:
        system.variables[system.by_name[cell]].is_single = values[cell] == 1
    return system


@pytest.mark.parametrize("seed", range(4))
def test_as_cheap_as_the_best_of_all_patterns(seed):
    system = small_problem(seed)
    best = cheapest(system)
    if best < 0:
        with pytest.raises(NoPattern):
            solve(system)
    else:
        pattern = solve(system)
        assert pattern.cost == best
        assert is_safe(system, set(pattern.suppressed))


def test_no_number_is_ever_exact_after_solving():
    """Random tables of three lines: whatever is found, nothing secret can be worked out."""
    solved = 0
    for seed in range(100, 115):
        system = small_problem(seed)
        try:
            pattern = solve(system)
        except NoPattern:
            continue
        solved += 1
        assert not any(is_exact(f) or not f.is_enough for f in attacked(system, set(pattern.suppressed)))
    assert solved > 7


def test_the_same_system_gives_the_same_pattern_and_ties_go_to_the_first_rows():
    values = {("T", "T"): 24, ("T", "a"): 12, ("T", "b"): 12}
    for row, a in (("p", 2), ("q", 5), ("r", 5)):
        values |= {(row, "T"): 2 * a, (row, "a"): a, (row, "b"): a}
    system = two_way(values, {("p", "a")}, fixed={cell for cell in values if "T" in cell})
    first, second = solve(system), solve(system)
    assert first.suppressed == second.suppressed
    assert ("q", "a") in names(system, first.suppressed)  # r would cost the same


def test_a_spent_budget_is_said():
    with pytest.raises(OutOfTime):
        solve(small_problem(1), deadline=0.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_quick_pattern_is_safe_and_no_cheaper_than_the_cheapest(seed):
    system = small_problem(seed)
    try:
        best = solve(system)
    except NoPattern:
        with pytest.raises(NoPattern):
            quickly(system)
        return
    pattern = quickly(system)
    assert is_safe(system, set(pattern.suppressed))
    assert pattern.cost >= best.cost


def test_the_quick_pattern_of_the_first_example_is_the_cheapest():
    assert quickly(two_way(parsed(TAU_ARGUS_1), {("A", "female")})).cost == 1950


def test_the_search_for_the_cheapest_stops_after_so_many_cuts():
    system = small_problem(1)
    with pytest.raises(OutOfTime):
        solve(system, most_cuts=0)
