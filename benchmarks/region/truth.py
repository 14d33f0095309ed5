"""Every indicator as the world knows it, by SQL of its own over the world's tables: no model, macro or parser of the pipeline is used.

`figures(world)` gives for each a value and how far the deliveries determine it:

    determined   each row says it without doubt: ours must be equal
    bounded      somebody has to be recognised, or an organiser rounded: ours must lie between `lower` and `upper`

The bounds are those of the definition where there is one (persons at least, lines at most), else TOLERANCE around the truth.
Not here: reading ours (`benchmarks/score.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.region.world import World

TOLERANCE = 0.03
"""Relative, for counts of persons; the same in points of a share."""

_HELD = "(select * from event where status = 'held' and counts and parent is null)"


@dataclass(frozen=True)
class Figure:
    """One true value. `member` is `total` or the code of the breakdown's member."""

    indicator: str
    programme: str
    breakdown: str
    member: str
    value: float
    lower: float
    upper: float
    is_determined: bool

    def holds(self, ours: float | None) -> bool:
        """Equal where determined (to the ninth digit), within the bounds elsewhere."""
        if ours is None:
            return False
        if self.is_determined:
            return abs(ours - self.value) <= 1e-9 * max(1.0, abs(self.value))
        return self.lower - 1e-9 <= ours <= self.upper + 1e-9


_DETERMINED = {
    ("EV01", "total"): f"select programme, 'total', count(*) from {_HELD} group by 1",
    ("EV05", "month"): f"""select programme, strftime(day, '%Y-%m'), count(*) from {_HELD} where precision <> 'missing' group by 1, 2""",
    ("EV04", "department"): f"select programme, department, count(*) from {_HELD} where format <> 'online' and department is not null group by 1, 2",
    ("EV02", "theme"): f"select programme, theme, count(*) from {_HELD} join event_theme using (event) group by 1, 2",
    ("EV03", "theme"): f"""select programme, theme, sum(1 / nb) from {_HELD} join event_theme using (event)
        join (select event, count(*) as nb from event_theme group by 1) using (event) group by 1, 2""",
    ("EV06", "total"): f"select programme, 'total', avg((format = 'online')::int) from {_HELD} group by 1",
    ("EV07", "total"): f"""select programme, 'total', avg((nb >= 2)::int) from (
        select programme, event, count(org) as nb from {_HELD} left join event_organiser using (event) group by 1, 2) group by 1""",
    ("EV08", "role"): f"select programme, 'any', count(distinct org) from {_HELD} join event_organiser using (event) group by 1",
    ("QU01", "total"): f"select programme, 'total', avg((report.value is not null)::int) from {_HELD} left join report using (event) group by 1",
    ("TE01", "total"): f"select programme, 'total', count(distinct department) filter (format <> 'online') / 5 from {_HELD} group by 1",
    ("SA01", "total"): """select programme, 'total', avg(note) from told group by 1""",
    ("SA02", "total"): """select programme, 'total', avg((note >= 4)::int) from told group by 1""",
    ("SA03", "total"): """select programme, 'total', 100 * (count(*) filter (recommendation >= 9) - count(*) filter (recommendation <= 6)) / count(recommendation)
        from told group by 1""",
}  # fmt: skip

_BOUNDED = {
    "PA01": f"""select programme, sum(report.value), sum(report.value - case precision_ when 'approximate' then 0.25 * report.value else 0 end),
            sum(report.value + case precision_ when 'approximate' then 0.25 * report.value else 0 end)
        from {_HELD} join (select event, value, precision as precision_ from report) report using (event) group by 1""",
    # persons at least: two lines of one person may not be recognised as hers
    "PA02": f"""select programme, count(*), count(*) * {1 - TOLERANCE}, count(*) * {1 + TOLERANCE} from {_HELD} join seen using (event) group by 1""",
    "PA03": f"""select programme, count(distinct (event, person)), count(distinct (event, person)) * {1 - TOLERANCE}, count(*)
        from {_HELD} join registered using (event) group by 1""",
    "PA09": f"""select programme, count(distinct person), count(distinct person) * {1 - TOLERANCE}, count(distinct person) * {1 + 3 * TOLERANCE}
        from {_HELD} join seen using (event) group by 1""",
    "PA04": f"""select programme, r, r - {TOLERANCE}, r + {TOLERANCE} from (
        select programme, count(*) filter (came) / count(*) as r from {_HELD} join (
            select distinct event, person, (event, person) in (select (event, person) from seen) as came from registered
            where event in (select event from seen)) using (event) group by 1)""",
    "PA07": f"""select programme, avg(report.value), avg(report.value) * {1 - TOLERANCE}, avg(report.value) * {1 + TOLERANCE}
        from {_HELD} join report using (event) group by 1""",
    "PA11": f"""select programme, count(*) / count(distinct person), count(*) / count(distinct person) * {1 - 3 * TOLERANCE},
            count(*) / count(distinct person) * {1 + TOLERANCE} from {_HELD} join seen using (event) group by 1""",
    "PE01": f"""select programme, avg(f), avg(f) - {TOLERANCE}, avg(f) + {TOLERANCE} from (
        select distinct programme, person, (gender = 'F')::int as f from {_HELD} join seen using (event) join person using (person)) group by 1""",
}  # fmt: skip


def prepare(world: World) -> None:
    """What the deliveries tell, by the true person: tables `signed`, `registered`, `seen` and `told` of the world's connection. Needs `written`."""
    world.con.execute(
        """create or replace temp table kept_row as select w.*, e.programme from written w left join event e using (event) where fate = 'kept';
        create or replace temp table signed as
            select r.event, r.person, r.row_number from kept_row r join presence p on p.event = r.event and p.person = r.person and p.mode = 'room'
            where r.source in ('mess_emargement', 'mess_emargement_saisi') and r.file_name <> 'MESS25-999X.xlsx';
        create or replace temp table registered as
            select distinct on (p.place) p.event, p.person, p.place from kept_row r join place p using (place)
            where r.entity = 'registration' and p.status = 'registered' and r.person is not null;
        create or replace temp table seen as
            select distinct event, person from signed union
            select event, person from kept_row where source in ('mess_teams', 'mess_zoom') union
            select p.event, p.person from presence p join registered using (event, person) join event e on e.event = p.event
            where e.has_check_in and p.place is not null;
        create or replace temp table told as select r.programme, a.* from kept_row r
            join answer a on a.event = r.event and a.person = r.person where r.entity = 'feedback' and a.is_complete"""
    )


def figures(world: World) -> list[Figure]:
    """Every figure of both programmes, after `deliveries.write`."""
    prepare(world)
    found = []
    for (indicator, breakdown), query in _DETERMINED.items():
        for programme, member, value in world.con.execute(query).fetchall():
            found.append(
                Figure(indicator, programme, breakdown, member, float(value), float(value), float(value), True)
            )
    for indicator, query in _BOUNDED.items():
        for programme, value, lower, upper in world.con.execute(query).fetchall():
            found.append(
                Figure(indicator, programme, "total", "total", float(value), float(lower), float(upper), False)
            )
    return sorted(found, key=lambda figure: (figure.indicator, figure.programme, figure.breakdown, figure.member))
