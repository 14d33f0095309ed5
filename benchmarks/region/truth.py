"""Every indicator as the world knows it, by SQL of its own over the world's tables: no model, macro or parser of the pipeline is used.

`figures(world)` gives the true value of each, and where ours must lie:

    determined   each row says it without doubt: ours must be equal
    declared     organisers round: ours must be what they declare, and the bounds printed beside it must hold the true value
    matched      somebody, or an organisation, has to be recognised: ours must lie between `lower` and `upper`

What a matching may cost is derived from what is asked of it. Of the lines beyond the first of a person, at most one in ten (1 − MIN_RECALL)
may be taken for somebody new and one in fifty (1 − MIN_PRECISION) for somebody else: D such lines leave a count of persons
between V − D/50 and V + D/10. A presence that repeats a registration is such a line, so that show-up may lose one in ten of its numerator.
A label of an organisation that is misspelt may be taken for one more organisation, or its own: what the exact labels say, but for
presences taken for somebody else's, is the least, as many more as there are misspelt labels the most.

With `as_matched` the same SQL is run on what matching said (`said`: source, file_name, row_number, participant_key) instead of on the
true persons: ours must then be equal, so that a wide tolerance hides no wrong sum. Not here: reading ours (`benchmarks/score.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.region.world import REGION, TERRITORY, World

MIN_PRECISION, MIN_RECALL = 0.98, 0.90
"""Of pairs of rows said to be one person. `make score` fails below them."""


@dataclass(frozen=True)
class Figure:
    """One true value. `member` is `total` or the code of the breakdown's member; ours lies between `lower` and `upper`, and `is_bounded`
    says that the bounds printed beside ours must hold `value`, give or take `slack`."""

    indicator: str
    programme: str
    breakdown: str
    member: str
    value: float
    lower: float
    upper: float
    is_bounded: bool = False
    slack: float = 0.0

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.indicator, self.programme, self.breakdown, self.member

    @property
    def is_determined(self) -> bool:
        return self.lower == self.upper

    def holds(self, ours: tuple[float | None, float | None, float | None] | None) -> bool:
        """Whether (value, lower, upper) as published is right, to the ninth digit."""
        value, lower, upper = ours or (None, None, None)
        if value is None:
            return False
        grain = 1e-9 * max(1.0, abs(self.value))
        if not self.lower - grain <= value <= self.upper + grain:
            return False
        if not self.is_bounded:
            return True
        least = self.value - self.slack <= (upper if upper is not None else float("inf")) + grain
        most = (lower if lower is not None else float("-inf")) <= self.value + self.slack + grain
        return least and most and (lower is not None or upper is not None)


_HELD = "(select * from event where status = 'held' and counts and parent is null and (not is_withdrawn or event in (select event from seen)))"
"""Held, counting, no part of another; gone from the programme only when nobody is known to have come."""

_SHOWN = "(select * from event where not is_withdrawn or event in (select event from seen))"

_EPCI = f"""(with member as (select epci_code, region_code, population_in_epci as population from read_parquet('{TERRITORY}/commune.parquet')
        where kind = 'commune' and epci_code is not null),
    whole as (select epci_code, region_code, sum(population) as inside, sum(sum(population)) over (partition by epci_code) as population
        from member group by 1, 2)
    select epci_code, population from whole
    qualify row_number() over (partition by epci_code order by inside desc, region_code) = 1 and region_code = '{REGION}')"""

_REACHED = f"""(select distinct programme, epci_code from {_HELD} join
    (select code as commune_code, epci_code from read_parquet('{TERRITORY}/commune.parquet')) using (commune_code) where format <> 'online')"""

_DEPARTMENTS = f"""(select department_code as department, sum(population) as population from read_parquet('{TERRITORY}/commune.parquet')
    where kind = 'commune' and region_code = '{REGION}' group by 1)"""

DETERMINED = {
    ("EV01", "total"): f"select programme, 'total', count(*) from {_HELD} group by 1",
    ("EV02", "theme"): f"select programme, theme, count(*) from {_HELD} join event_theme using (event) group by 1, 2",
    ("EV03", "theme"): f"""select programme, theme, sum(1 / nb) from {_HELD} join event_theme using (event)
        join (select event, count(*) as nb from event_theme group by 1) using (event) group by 1, 2""",
    ("EV04", "department"): f"select programme, department, count(*) from {_HELD} where format <> 'online' and department is not null group by 1, 2",
    ("EV05", "month"): f"""select programme, strftime(day, '%Y-%m'), count(*) from {_HELD} where precision <> 'missing' group by 1, 2""",
    ("EV06", "total"): f"select programme, 'total', avg((format = 'online')::int) from {_HELD} group by 1",
    ("EV07", "total"): f"""select programme, 'total', avg((nb >= 2)::int) from (
        select programme, event, count(org) as nb from {_HELD} left join event_organiser using (event) group by 1, 2) group by 1""",
    ("EV08", "role"): f"""select programme, 'any', count(distinct org) from {_HELD} join event_organiser using (event) group by 1
        union all select programme, 'lead', count(distinct org) from {_HELD} join event_organiser using (event) where rank = 0 group by 1""",
    # of the complete candidatures; of the labelled events whose fate is known
    ("EV09", "total"): f"""select programme, 'total', count(*) filter (application = 'accepted') / count(*) filter (application <> 'incomplete')
        from {_SHOWN} where application is not null group by 1""",
    ("EV10", "total"): f"""select programme, 'total', count(*) filter (status = 'held') / count(*) from {_SHOWN}
        where application = 'accepted' and status <> 'announced' group by 1""",
    ("QU01", "total"): f"select programme, 'total', avg((report.value is not null)::int) from {_HELD} left join report using (event) group by 1",
    ("QU04", "total"): f"""select programme, 'total', median(greatest(date_diff('day', day::date, sent_at::date), 0)) from {_HELD} h join report using (event)
        where h.precision = 'day' group by 1""",
    ("TE01", "total"): f"select programme, 'total', count(distinct department) filter (format <> 'online') / 5 from {_HELD} group by 1",
    ("TE02", "total"): f"select programme, 'total', count(*) / (select count(*) from {_EPCI}) from {_REACHED} semi join {_EPCI} using (epci_code) group by 1",
    ("TE03", "total"): f"""select programme, 'total', sum(population) / (select sum(population) from {_EPCI})
        from {_REACHED} join {_EPCI} using (epci_code) group by 1""",
    ("SA01", "total"): "select programme, 'total', avg(note) from told group by 1",
    ("SA02", "total"): "select programme, 'total', avg((note >= 4)::int) from told group by 1",
    ("SA03", "total"): """select programme, 'total', 100 * (count(*) filter (recommendation >= 9) - count(*) filter (recommendation <= 6)) / count(recommendation)
        from told group by 1""",
}  # fmt: skip
"""programme, member, value"""

_DECLARED = f"""(select *, case when about = 'approximate' then came else declared end as meant from {_HELD} join
    (select event, value as declared, precision as about, came from report) r using (event))"""
"""`came` is how many an organiser who says « une trentaine » had in front of her."""

DECLARED = {
    ("PA01", "total"): f"select programme, 'total', sum(meant), sum(declared) from {_DECLARED} group by 1",
    ("PA07", "total"): f"select programme, 'total', sum(meant) / count(declared), avg(declared) from {_DECLARED} where declared is not null group by 1",
    ("PA08", "total"): f"select programme, 'total', median(meant), median(declared) from {_DECLARED} where declared is not null group by 1",
    ("TE04", "total"): f"""select programme, 'total', sum(meant) * 100000 / (select sum(population) from {_DEPARTMENTS}),
        sum(declared) * 100000 / (select sum(population) from {_DEPARTMENTS}) from {_DECLARED} group by 1""",
    ("TE04", "department"): f"""select programme, department, sum(meant) * 100000 / any_value(population), sum(declared) * 100000 / any_value(population)
        from {_DECLARED} join {_DEPARTMENTS} using (department) where format <> 'online' group by 1, 2 having count(declared) > 0""",
}  # fmt: skip
"""programme, member, true value, value declared"""

CELLS = {
    "total": "'total'",
    "month": "case when precision = 'missing' then 'undated' else strftime(day, '%Y-%m') end",
    "department": "case when format = 'online' then 'online' else coalesce(department, 'unknown') end",
    "modality": "format",
    "event": "code",
}
"""Breakdown → SQL of the member that an event stands in: `{member}` of the queries below."""

# of each counted event: registered (listed, doubles), present (lines beyond the first), present among the registered
_LISTS = f"""(select programme, {{member}} as member, event,
        event in (select event from place_of) as has_list, event in (select event from listed) as has_sheet,
        (select count(*) from registered r where r.event = e.event) as registered,
        (select count(*) from place_of p where p.event = e.event and p.status = 'registered') as places,
        (select count(*) from seen s where s.event = e.event) as present,
        (select count(*) from presence_line l where l.event = e.event) as lines,
        (select count(*) from seen s semi join registered r on r.event = s.event and r.who = s.who where s.event = e.event) as met,
        (select sum(value) from report r where r.event = e.event) as declared
    from {_HELD} e)"""

_PERSONS = f"""(select programme, {{member}} as member, count(distinct who) as persons, count(*) as presences, sum(nb_lines) as lines,
        count(distinct who) filter (who in (select who from seen join event using (event) where year = 2024) and year = 2025) as returned
    from {_HELD} join (select event, who, count(*) as nb_lines from presence_line group by all) using (event) group by 1, 2)"""

_MISSED, _MIXED = round(1 - MIN_RECALL, 9), round(1 - MIN_PRECISION, 9)

MATCHED = {
    "PA02": f"""select programme, member, sum(present), sum(present) - {_MIXED} * sum(lines - present), sum(present) + {_MISSED} * sum(lines - present)
        from {_LISTS} where has_sheet group by 1, 2""",
    "PA03": f"""select programme, member, sum(registered), sum(registered) - {_MIXED} * sum(places - registered), sum(registered) + {_MISSED} * sum(places - registered)
        from {_LISTS} where has_list group by 1, 2""",
    "PA04": f"""select programme, member, sum(met) / sum(registered), {MIN_RECALL} * sum(met) / (sum(registered) + {_MISSED} * sum(places - registered)),
        (1 + {_MIXED}) * sum(met) / (sum(registered) - {_MIXED} * sum(places - registered)) from {_LISTS} where has_list and has_sheet group by 1, 2 having sum(registered) > 0""",
    "PA05": f"""select programme, member, 1 - sum(met) / sum(registered), 1 - (1 + {_MIXED}) * sum(met) / (sum(registered) - {_MIXED} * sum(places - registered)),
        1 - {MIN_RECALL} * sum(met) / (sum(registered) + {_MISSED} * sum(places - registered)) from {_LISTS} where has_list and has_sheet group by 1, 2 having sum(registered) > 0""",
    "PA06": f"""select programme, member, sum(present - met), sum(present - met) - {_MIXED} * sum(met + lines - present),
        sum(present - met) + {_MISSED} * sum(met + lines - present) from {_LISTS} where has_list and has_sheet group by 1, 2""",
    "PA09": f"""select programme, member, persons, persons - {_MIXED} * (lines - persons), persons + {_MISSED} * (lines - persons) from {_PERSONS}""",
    # who is not recognised as somebody of an earlier year is new
    "PA10": f"""select programme, member, 1 - returned / persons, 1 - (1 + {_MIXED}) * returned / (persons - {_MIXED} * (lines - persons)),
        1 - {MIN_RECALL} * returned / (persons + {_MISSED} * (lines - persons)) from {_PERSONS}""",
    "PA11": f"""select programme, member, presences / persons, presences / (persons + {_MISSED} * (lines - persons)),
        (presences + {_MISSED} * (lines - presences)) / (persons - {_MIXED} * (lines - persons)) from {_PERSONS}""",
    "QU02": f"select distinct programme, member, 1.0, {MIN_RECALL}, 1.0 from {_LISTS} where has_sheet",
    "QU03": f"""select programme, member, sum(declared - present) / sum(present),
        sum(declared) / (sum(present) + {_MISSED} * sum(lines - present)) - 1, sum(declared) / (sum(present) - {_MIXED} * sum(lines - present)) - 1
        from {_LISTS} where has_sheet and present > 0 and declared is not null group by 1, 2""",
    # answers on the presences of their event: signed or connected, else declared; more answers than presences says that one is wrong
    "SA04": f"""select programme, member, sum(answers) / sum(there), sum(answers) / (sum(there) + {_MISSED} * sum(extra)), sum(answers) / (sum(there) - {_MIXED} * sum(extra)) from (
        select event.programme, {{member}} as member, event, count(*) as answers, case when any_value(has_sheet) then any_value(present) else any_value(r.value) end as there,
            case when any_value(has_sheet) then any_value(lines - present) else 0 end as extra
        from told join event using (event) left join (select event, true as has_sheet, present, lines from
            (select event, count(distinct who) as present, count(*) as lines from presence_line group by 1)) s using (event)
            left join report r using (event) group by 1, 2, 3) where there >= answers group by 1, 2""",
}  # fmt: skip
"""programme, member, value, lower, upper"""

_WATCHED = ("total", "month", "department", "modality")
EXACT = {
    **dict.fromkeys(("PA02", "PA03", "PA04", "PA05", "PA06"), (*_WATCHED, "event")),
    **dict.fromkeys(("PA09", "PA11"), _WATCHED),
    "QU03": ("total", "event"),
    "SA04": ("total", "event"),
}
"""Indicators of which `as_matched` recomputes the value, and the breakdowns it does so for."""

_ANSWERED = f"""(select programme, {{answer}} as member, count(*) as nb, sum(nb_lines) as lines from
        (select programme, who, sum(nb_lines) as nb_lines from {_HELD} join (select event, who, count(*) as nb_lines from presence_line group by all)
            using (event) group by 1, 2)
        join (select programme, who, max({{answer}}) as {{answer}} from answer_line where {{answer}} is not null group by 1, 2)
            using (programme, who) group by 1, 2)"""
"""Persons present whose answer some row of the programme holds."""


def _answers(answer: str, said: str) -> str:
    """Share of each answer: k of it may be one in ten fewer (not recognised as the person who gave it), and as many more as persons
    split in two; so may the others."""
    least, most = f"{MIN_RECALL} * nb", f"(nb + {_MISSED} * (lines - nb))"
    return f"""select programme, member, nb / whole, {least} / ({least} + others_most), {most} / ({most} + others_least) from (
        select programme, {said} as member, nb, lines, sum(nb) over programme as whole,
            sum({MIN_RECALL} * nb) over programme - {MIN_RECALL} * nb as others_least,
            sum(nb + {_MISSED} * (lines - nb)) over programme - (nb + {_MISSED} * (lines - nb)) as others_most
        from {_ANSWERED.format(answer=answer)} window programme as (partition by programme))"""


# the organisations that presences name: on the line of presence, else on the registration. `is_sure`: written without a mistake there
_NAMED = f"""(select h.programme, org, bool_or(is_exact and is_own) as is_sure from {_HELD} h join (
        select event, who, org, is_exact, true as is_own from presence_line where label is not null
        union all select p.event, p.who, p.org, p.is_exact, l.event is null from place_of p semi join seen s on s.event = p.event and s.who = p.who
            left join (select distinct event, who from presence_line where label is not null) l on l.event = p.event and l.who = p.who
            where p.label is not null) using (event) group by 1, 2)"""

_SLIPS = f"""(select h.programme, count(distinct lower(strip_accents(label))) as slips from {_HELD} h join (
        select event, label, is_exact from presence_line union all select event, label, is_exact from place_of) using (event)
        where label is not null and not is_exact group by 1)"""

# presences that may be taken for one of somebody else, which then names one organisation for two
_MIXES = f"(select programme, ceil({_MIXED} * sum(lines - present)) as mixed from {_LISTS.format(member=CELLS['total'])} group by 1)"

# what the directory of partners says: a legal category, else a declared family; an active one has a size
_KINDS = """(select org, case when org % 17 <> 3 or org % 4 = 0 then family else 'unknown' end as organisation_family,
        case when org % 13 = 4 then 'unknown' else case headcount when '0 salarié' then 'none' when '1 à 9' then '1_9' when '10 à 49' then '10_49'
            else '50_249' end end as size_band from organisation)"""


def _kinds(breakdown: str) -> str:
    """Share of each kind: between what the exact labels say of it and the others, and all that is named."""
    least, others_least = "greatest(sure - mixed, 0)", "greatest(whole_sure - sure - mixed, 0)"
    return f"""select programme, member, nb / whole, coalesce({least} / nullif({least} + whole - nb, 0), 0), nb / nullif(nb + {others_least}, 0) from (
        select *, sum(nb) over programme as whole, sum(sure) over programme as whole_sure from (
            select programme, {breakdown} as member, count(*) as nb, count(*) filter (is_sure) as sure from {_NAMED} join {_KINDS} using (org)
            where {breakdown} <> 'unknown' group by 1, 2) join {_MIXES} using (programme) window programme as (partition by programme))"""


MEMBERS = {
    ("OR01", "total"): f"""select programme, 'total', count(*), count(*) filter (is_sure) - any_value(mixed), count(*) + any_value(coalesce(slips, 0))
        from {_NAMED} join {_MIXES} using (programme) left join {_SLIPS} using (programme) group by 1""",
    ("OR02", "organisation_family"): _kinds("organisation_family"),
    ("OR03", "size_band"): _kinds("size_band"),
    ("PE01", "gender"): _answers("gender", "case member when 'Mme' then 'F' when 'M.' then 'H' else 'X' end"),
    ("PE02", "category"): _answers("category",
        """case member when 'Élu·e' then 'elected' when 'Agent·e de collectivité' then 'agent' when 'Autre public' then 'other' else 'ess' end"""),
}  # fmt: skip
"""programme, member, value, lower, upper"""

BOUNDED = {"PA09", "PA11", "OR01"}
"""Matched figures that are printed with bounds, which must hold the truth."""


def prepare(world: World, *, as_matched: bool = False) -> None:
    """What the deliveries tell, as temporary tables: every kept row (`line`), lines of presence, places with their last row, who registered
    (`registered`), who is known to have come (`seen`), whose answer is complete (`told`). Needs `written`; `said` for `as_matched`."""
    said = (
        "said"
        if as_matched
        else "(select null::varchar as source, null::varchar as file_name, null::int as row_number, null as participant_key)"
    )
    who = "'k' || s.participant_key" if as_matched else "'p' || w.person"
    world.con.execute(
        f"""create or replace temp table line as
        select w.* exclude (label), w.label, e.programme, e.has_check_in, {who} as identified, row_number() over (order by w.source, w.file_name, w.row_number) as nth,
            p.org, lower(strip_accents(w.label)) = lower(strip_accents(o.name)) as is_exact
        from written w left join event e on e.event = w.event left join person p on p.person = w.person left join organisation o on o.org = p.org
        left join {said} s on s.source = w.source and s.file_name = w.file_name and s.row_number = w.row_number
        where w.fate = 'kept' and not (w.source = 'mess_emargement' and w.file_name = 'MESS25-999X.xlsx')
            and w.entity in ('registration', 'attendance', 'feedback');
        create or replace temp table place_of as
            select distinct on (l.place) l.event, l.place, p.status, coalesce(l.identified, 'place' || l.place) as who, l.label, l.org, l.is_exact,
                l.has_check_in and p.status = 'registered' and exists (select 1 from presence c where c.place = l.place) as is_checked_in
            from line l join place p using (place) where l.entity = 'registration' order by l.place, l.file_name desc;
        create or replace temp table registered as select distinct event, who from place_of where status = 'registered';
        create or replace temp table listed as
            select distinct event from line where entity = 'attendance' union select event from place_of where is_checked_in;
        create or replace temp table presence_line as
            select l.event, coalesce(l.identified, 'line' || nth) as who, l.label, l.org, l.is_exact from line l
            join presence c on c.event = l.event and c.person = l.person
            where l.entity = 'attendance' and (l.source in ('mess_teams', 'mess_zoom') or c.mode = 'room')
            union all select event, who, label, org, is_exact from place_of where is_checked_in;
        create or replace temp table seen as select distinct event, who from presence_line;
        create or replace temp view answer_line as select programme, identified as who, gender, category from line where identified is not null;
        create or replace temp table told as select l.programme, a.* from line l
            join answer a on a.event = l.event and a.person = l.person where l.entity = 'feedback' and a.is_complete"""
    )  # fmt: skip


def figures(world: World) -> list[Figure]:
    """Every figure of both programmes, after `deliveries.write`."""
    prepare(world)
    found = []
    for (indicator, breakdown), query in DETERMINED.items():
        for programme, member, value in _rows(world, query):
            found.append(Figure(indicator, programme, breakdown, member, value, value, value))
    for (indicator, breakdown), query in DECLARED.items():
        for programme, member, value, declared in _rows(world, query):
            found.append(Figure(indicator, programme, breakdown, member, value, declared, declared, is_bounded=True))
    for indicator, query in MATCHED.items():
        for programme, member, value, lower, upper in _rows(world, query.format(member=CELLS["total"])):
            slack = upper - value if indicator in BOUNDED else 0.0
            found.append(
                Figure(indicator, programme, "total", member, value, lower, upper, indicator in BOUNDED, slack)
            )
    for (indicator, breakdown), query in MEMBERS.items():
        for programme, member, value, lower, upper in _rows(world, query):
            found.append(Figure(indicator, programme, breakdown, member, value, lower, upper, indicator in BOUNDED))
    return sorted(found, key=lambda figure: figure.key)


def figures_as_matched(world: World) -> list[Figure]:
    """What the EXACT indicators are when persons are those that matching found: needs the table `said`."""
    prepare(world, as_matched=True)
    return [
        Figure(indicator, programme, breakdown, member, value, value, value)
        for indicator, breakdowns in EXACT.items()
        for breakdown in breakdowns
        for programme, member, value, *_ in _rows(world, MATCHED[indicator].format(member=CELLS[breakdown]))
    ]


def _rows(world: World, query: str) -> list[tuple]:
    """Rows of a query, its numbers as floats."""
    return [
        tuple(cell if isinstance(cell, str) else float(cell) for cell in row)
        for row in world.con.execute(query).fetchall()
    ]
