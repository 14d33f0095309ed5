"""`make score`: 50,000 invented persons go through the real rooms; the result is compared with what is known to be true.

    precision, recall   of pairs of rows said to be one person, within a programme year
    stability           share of rows whose participant is the same after a further night of one row in a hundred
    indicators          equal to the truth where the deliveries determine it, within its bounds elsewhere; those that count persons
                        also equal to what the persons found by matching give
    by hand             what the SQL of `floor/` says of the same deliveries, shown and not judged: what its speed leaves out

Exits 1 when one of the first three is below its threshold. Landing, matching, handover and dbt run in this process, without Dagster, without the gate
and without a release. Not here: the truth (`region/truth.py`), times (`bench.py`).
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from benchmarks.bench import settle
from benchmarks.floor.__main__ import build
from benchmarks.region import deliveries, truth, world

MIN_STABILITY = 0.995
_CODE = re.compile("[A-Z]{2}[0-9]{2}")
Key = tuple[str, str, str, str]
"""Indicator, programme, breakdown, member."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows that are one person in truth, that are said to be, and both."""

    true: int
    said: int
    both: int

    @property
    def precision(self) -> float:
        return self.both / self.said if self.said else 1.0

    @property
    def recall(self) -> float:
        return self.both / self.true if self.true else 1.0


def pairs(rows: Iterable[tuple[object, object]]) -> Pairs:
    """Of (true person, said person) per row; a row whose said person is None is one of nobody else."""
    with duckdb.connect() as con:
        con.execute("create table row_ (person varchar, said varchar)")
        con.executemany("insert into row_ values (?, ?)", [list(row) for row in rows])
        return _pairs(con, "row_")


def _pairs(con: duckdb.DuckDBPyConnection, table: str) -> Pairs:
    two = "coalesce(sum(n * (n - 1) // 2), 0)::bigint"
    true = con.execute(f"select {two} from (select count(*) n from {table} group by person)").fetchall()[0][0]
    said = con.execute(
        f"select {two} from (select count(*) n from {table} where said is not null group by said)"
    ).fetchall()[0][0]
    both = con.execute(
        f"select {two} from (select count(*) n from {table} where said is not null group by person, said)"
    ).fetchall()[0][0]
    return Pairs(true, said, both)


def stability(before: Mapping[tuple, int], after: Mapping[tuple, int]) -> float:
    """Share of the rows of `before` that have the same participant in `after`."""
    return sum(after.get(row) == said for row, said in before.items()) / len(before) if before else 1.0


def night(home_directory: Path) -> Path:
    """Deliver, match, hand over and build; the warehouse's file."""
    from orchestration.home import Home, Settings
    from orchestration.night import Night

    one = Night(Home(home_directory), Settings.from_environment())
    with one.under_lock():
        for source in one.contracts:
            one.deliver(source)
        one.match()
        candidate, _ = one.build()
    return candidate.database


_ROWS = """select w.source, w.file_name, w.row_number, w.person || '/' || e.programme as person, p.participant_key as said
    from written w join truth_event e using (event) join w_.landing.delivery d on d.source = w.source and d.file_name = w.file_name
    join (select source, delivery_id, row_number, person_basis from w_.landing.registration union all
          select source, delivery_id, row_number, person_basis from w_.landing.attendance union all
          select source, delivery_id, row_number, person_basis from w_.landing.feedback) l
        on l.source = w.source and l.delivery_id = d.delivery_id and l.row_number = w.row_number and l.person_basis <> 'none'
    left join w_.landing.participant_row p on p.source = w.source and p.delivery_id = d.delivery_id and p.row_number = w.row_number
    where w.fate = 'kept' and w.person is not null"""


def _scored(made: world.World, warehouse: Path) -> tuple[Pairs, dict[tuple, int]]:
    """Pairs over every row that carries an identity, and whose each row is said to be."""
    con = made.con
    con.execute(f"attach '{warehouse}' as w_ (read_only)")
    con.execute("create or replace temp view truth_event as select event, programme from event")
    con.execute(f"create or replace temp table scored as {_ROWS}")
    con.execute("detach w_")
    said = con.execute("select source, file_name, row_number, said from scored").fetchall()
    return _pairs(con, "scored"), {row[:3]: row[3] for row in said}


def _said(made: world.World, warehouse: Path) -> None:
    """Create `said` in the world's connection: whose each landed row is, to matching."""
    made.con.execute(f"attach '{warehouse}' as w_ (read_only)")
    made.con.execute(
        "create or replace temp table said as select d.source, d.file_name, p.row_number, p.participant_key "
        "from w_.landing.participant_row p join w_.landing.delivery d using (source, delivery_id)"
    )
    made.con.execute("detach w_")


def ours(warehouse: Path) -> dict[Key, tuple[float | None, float | None, float | None]]:
    """Value, lower, upper of every figure of the indicator tables of the warehouse."""
    found: dict[Key, tuple[float | None, float | None, float | None]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as con:
        for table in _indicator_tables(con):
            if table == "ind_reconciliation":
                continue
            rows = con.execute(
                f"select indicator, programme_id, breakdown, member, value, lower, upper from {table}"
            ).fetchall()
            found |= {row[:4]: row[4:] for row in rows}
    return found


def _indicator_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    found = con.execute("select table_name from duckdb_tables() where starts_with(table_name, 'ind_')").fetchall()
    return [name for (name,) in found]


def by_hand(inbox: Path, database: Path) -> dict[Key, float]:
    """What `floor` makes of the same deliveries, of the indicators it has."""
    build(inbox, database)
    found: dict[Key, float] = {}
    with duckdb.connect(str(database), read_only=True) as con:
        for table in _indicator_tables(con):
            for row in con.sql(f"from {table}").to_arrow_table().to_pylist():
                place = row["programme"], row.get("breakdown", "total"), row.get("member", "total")
                found |= {
                    (name, *place): value for name, value in row.items() if value is not None and _CODE.fullmatch(name)
                }
    return found


def score(persons: int, folder: Path) -> bool:
    """Generate, run two nights, print; whether everything is above its threshold."""
    made = world.make(world.Size.of(2 * persons, persons))
    home = folder / "home"
    deliveries.write(made, home / "inbox", "base")
    settle(home / "inbox")
    warehouse = night(home)
    found, before = _scored(made, warehouse)
    deliveries.write(made, home / "inbox", "night")
    settle(home / "inbox")
    warehouse = night(home)
    _, after = _scored(made, warehouse)
    same = stability(before, after)
    published, figures = ours(warehouse), truth.figures(made)
    _said(made, warehouse)
    as_matched = truth.figures_as_matched(made)
    made.con.close()
    print(f"rows with an identity {len(before):,}, pairs of one person {found.true:,}, said {found.said:,}")
    good = [
        _line("precision", found.precision, truth.MIN_PRECISION),
        _line("recall", found.recall, truth.MIN_RECALL),
        _line("stability after a 1 % night", same, MIN_STABILITY),
    ]
    good.append(_indicators(figures, published))
    print("\nof the persons that matching found:")
    good.append(_indicators(as_matched, published))
    _beside(by_hand(home / "inbox", folder / "floor.duckdb"), figures, published)
    missing = _defined(warehouse) - {figure.indicator for figure in figures}
    print(
        f"{'✗' if missing else '✓'} indicators compared: {len({figure.indicator for figure in figures})}; not compared: {sorted(missing)}"
    )
    return all([*good, not missing])


def _defined(warehouse: Path) -> set[str]:
    """Codes of the 38 definitions."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        return {
            code
            for (code,) in con.execute(
                "select code from dim_indicator where regexp_full_match(code, ?)", [_CODE.pattern]
            ).fetchall()
        }


def _line(what: str, value: float, least: float) -> bool:
    print(f"{'✓' if value >= least else '✗'} {what}: {value:.4f} (at least {least})")
    return value >= least


def _indicators(figures: list[truth.Figure], published: dict) -> bool:
    """One line per indicator and programme; breakdowns are summed up, their differences shown."""
    good = True
    print(
        f"{'':2}{'indicator':10}{'programme':12}{'breakdown':20}{'truth':>12}{'ours':>12}  {'must lie in':24}printed bounds"
    )
    groups: dict[tuple[str, str, str], list[truth.Figure]] = {}
    for figure in figures:
        groups.setdefault((figure.indicator, figure.programme, figure.breakdown), []).append(figure)
    for (indicator, programme, breakdown), members in groups.items():
        found = {figure: published.get(figure.key) for figure in members}
        wrong = [figure for figure, row in found.items() if not figure.holds(row)]
        start = f"{'✗' if wrong else '✓'} {indicator:10}{programme:12}{breakdown:20}"
        if breakdown == "total":
            print(start + _compared(members[0], found[members[0]]))
        else:
            print(f"{start}{len(members):>4} members{len(members) - len(wrong):>4} as they must be")
            for figure in wrong[:3]:
                print(f"      {figure.member:38}{_compared(figure, found[figure])}")
        good = good and not wrong
    return good


def _beside(hand: Mapping[Key, float], figures: list[truth.Figure], published: dict) -> None:
    """The figures by hand beside ours, of those that both have: each whole, and how many are as they must be, printed bounds left aside."""
    both = [figure for figure in figures if figure.key in hand and figure.key in published]
    ours = {figure.key: published[figure.key][0] for figure in both}
    print("\nby SQL written by hand (benchmarks/floor), of the same deliveries:")
    print(f"{'':2}{'indicator':10}{'programme':12}{'truth':>12}{'by hand':>12}{'ours':>12}")
    for figure in both:
        if figure.breakdown == "total":
            values = f"{figure.value:>12.6g}{_shown(hand[figure.key]):>12}{_shown(ours[figure.key]):>12}"
            print(f"{'':2}{figure.indicator:10}{figure.programme:12}{values}")
    right = [
        sum(replace(figure, is_bounded=False).holds((said[figure.key], None, None)) for figure in both)
        for said in (hand, ours)
    ]
    print(f"as they must be: {right[0]} of {len(both)} by hand, {right[1]} of {len(both)} ours")


def _compared(figure: truth.Figure, ours: tuple[float | None, float | None, float | None] | None) -> str:
    value, lower, upper = ours or (None, None, None)
    where = f"{figure.value:.6g}" if figure.is_determined else f"{figure.lower:.6g} … {figure.upper:.6g}"
    if figure.is_determined and figure.lower != figure.value:
        where = f"{figure.lower:.6g} (declared)"
    bounds = f"{_shown(lower)} … {_shown(upper)}" if figure.is_bounded else ""
    return f"{figure.value:>12.6g}{_shown(value):>12}  {where:24}{bounds}"


def _shown(value: float | None) -> str:
    return "—" if value is None else f"{value:.6g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--persons", type=int, default=50_000)
    parser.add_argument("--keep", type=Path, help="work in this directory and leave it")
    asked = parser.parse_args()
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with tempfile.TemporaryDirectory(prefix="score-") as temporary:
        sys.exit(0 if score(asked.persons, asked.keep or Path(temporary)) else 1)


if __name__ == "__main__":
    main()
