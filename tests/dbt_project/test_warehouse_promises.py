"""What every model promises, and twins: a spoiled cell must be seen."""

import re
import string
from pathlib import Path

import duckdb
import pytest
from golden_landing import golden

from publication.wording import document_words
from sources.values.text import _MISSING, fold

ROOT = Path(__file__).parents[2]
TIDY = [
    "dataset",
    "programme_id",
    "indicator",
    "breakdown",
    "member",
    "period",
    "value",
    "lower",
    "upper",
    "numerator",
    "denominator",
    "n_with_data",
    "n_total",
    "unit",
    "obs_status",
    "conf_status",
    "caveat",
]
DATASETS = (
    "events",
    "participation",
    "participants",
    "territories",
    "quality",
    "reconciliation",
    "organisations",
    "satisfaction",
)
ALL = "every_promise_is_kept"
STAR = ("dim_", "fct_", "bridge_", "ind_")


def models(candidate):
    return [node for node in candidate.manifest.nodes.values() if node.resource_type == "model"]


def test_every_model_opens_with_its_grain_and_tests_it(candidate):
    tested = {
        node.attached_node
        for node in candidate.manifest.nodes.values()
        if node.resource_type == "test" and node.name.startswith("keeps_")
    }
    assert [m.name for m in models(candidate) if not m.description.startswith("One row per ")] == []
    assert [m.name for m in models(candidate) if m.unique_id not in tested] == []


def test_contracts_are_enforced_on_all_that_leaves(candidate):
    assert [m.name for m in models(candidate) if m.name.startswith(STAR) and not m.config.contract.enforced] == []


def test_every_column_says_what_it_is_and_whether_it_may_leave(candidate):
    for model in models(candidate):
        if model.name.startswith((*STAR, "ctl_")):
            found = [name for (name,) in candidate.rows(f"select column_name from (describe {model.name})")]
            assert found == list(model.columns), model.name
            for column in model.columns.values():
                assert column.description and isinstance(column.meta["publish"], bool), (model.name, column.name)
                assert column.meta["privacy"] == "none" or not column.meta["publish"], (model.name, column.name)


def test_an_indicator_reads_the_star_only(candidate):
    for model in models(candidate):
        if model.name.startswith("ind_"):
            read = [parent.split(".")[-1] for parent in model.depends_on.nodes]
            assert [name for name in read if not name.startswith(("dim_", "fct_", "bridge_"))] == [], model.name


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_tidy_columns_come_first_and_in_order(candidate, dataset):
    found = [name for (name,) in candidate.rows(f"select column_name from (describe ind_{dataset})")]
    assert found[: len(TIDY)] == TIDY
    assert dataset == "reconciliation" or found == TIDY


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_control_holds(candidate, dataset):
    # largest_share and outliers are measures; the list of 2023 has two of the errors that the others look for
    assert candidate.rows(f"select count(*) > 0 from ctl_{dataset}") == [(True,)]
    assert (
        candidate.rows(
            f"select control, programme_id, member, difference from ctl_{dataset} "
            "where difference <> 0 and control not in ('largest_share', 'outliers', 'same_title_other_theme', 'list_order')"
        )
        == []
    )


def test_outliers_are_the_large_workshops_of_the_brief(candidate):
    ((detail,),) = candidate.rows(
        "select detail from ctl_participation where control = 'outliers' and programme_id = 'HDF-CONF-2023'"
    )
    assert all(f"({value})" in detail for value in (150, 120, 90))


def test_the_errors_of_the_list_of_2023_are_found_and_no_other(candidate):
    found = candidate.rows(
        "select control, member, actual, detail from ctl_events where control in ('same_title_other_theme', 'list_order') and actual > 0"
    )
    assert sorted(found) == [
        ("list_order", "hdf_2023_programme/hdf_2023_program", 1, "hdf_2023_programme.csv : ligne 34 (12/10/2023 après 17/10/2023)"),
        ("same_title_other_theme", "total", 1, "HDF23-A25 (ORG), HDF23-A34 (SOC)"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "nb"),
    [
        ("1 2 3 4 4 5 6 7", 0),
        ("1 2 3 9 4 5 6 7", 1),
        ("1 2 3 4 5 6 7 1", 1),
        ("9 1 2 3 4 5 6 7", 1),
        ("1 3 5 7 2 4 6 8", 0),
        ("1 2 3 9 4 5 6", 0),
        ("8 7 6 5 4 3 2 1", 0),
        ("1 2 9 3 4 5 6 1", 0),
    ],
)
def test_a_date_leaves_the_order_of_a_list_that_has_one(candidate, tmp_path, days, nb):
    rows = ", ".join(f"({number}, date '2025-01-0{day}')" for number, day in enumerate(days.split()))
    spoil = (
        "insert into landing.event by name select 'liste' as source, 'd' as delivery_id, 'l.csv' as file_name, 'day' as date_precision, "
        f"* from (values {rows}) as line (row_number, starts_on)"
    )
    with candidate.spoiled(tmp_path, spoil) as con:
        found = con.execute(candidate.compiled("ctl_events")).fetchall()
    assert [row[5] for row in found if row[3] == "liste/d"] == [nb]


DELIVERIES_BEFORE = (
    "insert into landing.delivery by name select 'evenements_ess' as source, 'd' || n as delivery_id, 'x.csv' as file_name, "
    "'superseded' as state, 'event' as entity, timestamp '2025-01-01' + interval 1 day * n as received_at, 500 as rows_read "
    "from generate_series(1, 3) as numbers (n)"
)
CUT = (
    "insert into landing.delivery by name select 'billets' as source, state as delivery_id, 'billets' || nb || '.csv' as file_name, "
    "'/billets' as document, state, "
    "'registration' as entity, received_at, nb as rows_read, nb as rows_accepted from (values ('superseded', timestamp '2025-01-01', 700), "
    "('accepted', timestamp '2025-01-02', {rows})) as version (state, received_at, nb)"
)
PRINTED_BEFORE = (
    "insert into landing.previous_figure by name select n as age, 'ind_events' as dataset, '{programme}' as programme_id, "
    "'EV01' as indicator, '{breakdown}' as breakdown, '{member}' as member, 100 as value "
    "from generate_series(0, 2) as numbers (n)"
)

SPOILS = [
    (
        "events",
        "departments_add_up",
        "update ind_events set value = value + 1 where indicator = 'EV04' and member = '62'",
    ),
    ("events", "months_add_up", "delete from ind_events where indicator = 'EV05' and member = '2023-06'"),
    ("events", "theme_shares_add_up", "update ind_events set value = 14 where indicator = 'EV03' and member = 'ECOL'"),
    ("events", "modalities_add_up", "delete from ind_events where breakdown = 'modality' and member = 'online'"),
    ("events", "every_department_printed", "delete from ind_events where indicator = 'EV04' and member = '60'"),
    ("events", "every_month", "delete from ind_events where indicator = 'EV05' and member = '2023-08'"),
    ("events", "lead_within_any", "update ind_events set value = 25 where indicator = 'EV08' and member = 'lead'"),
    ("events", "recount", "update ind_events set value = 37 where indicator = 'EV01' and breakdown = 'total'"),
    ("events", "every_programme", "delete from ind_events where programme_id = 'AVISE-RNA-2024'"),
    ("events", "every_programme", "delete from ind_events"),
    ("events", "unexplained_difference", "update ind_reconciliation set is_explained = false where member = '62'"),
    ("events", "rows_conserved", "update landing.delivery set rows_quarantined = 1 where entity = 'event'"),
    ("events", "landed_rows", "delete from landing.event where event_id = 'HDF23-A31'"),
    (
        "participation",
        "departments_add_up",
        "update ind_participation set value = 0 where indicator = 'PA01' and member = '59'",
    ),
    ("participation", "months_add_up", "delete from ind_participation where member = '2023-09'"),
    ("participation", "events_covered", "update ind_participation set n_total = 33 where breakdown = 'total'"),
    ("participation", "recount", "update ind_participation set value = 1056 where breakdown = 'total'"),
    (
        "participation",
        "shown_up_add_up",
        "update ind_participation set numerator = 5 where indicator = 'PA04' and breakdown = 'total'",
    ),
    (
        "participation",
        "presences_split",
        "insert into ind_participation select * replace ('event' as breakdown, 'E1' as member, "
        "case indicator when 'PA02' then 10 else 3 end as value) from ind_participation "
        "where breakdown = 'total' and indicator in ('PA02', 'PA06')",
    ),
    (
        "participation",
        "events_with_a_list",
        "update fct_event_count set counting_method = 'registered' where value = 150",
    ),
    (
        "participation",
        "modalities_add_up",
        "delete from ind_participation where breakdown = 'modality' and member = 'in_person'",
    ),
    *(
        (
            "participation",
            control,
            f"update ind_participation set {column} = 3 where indicator = '{indicator}' and breakdown = 'total'",
        )
        for control, indicator, column in (
            ("presences_add_up", "PA02", "value"),
            ("registrations_add_up", "PA03", "value"),
            ("registrations_recounted", "PA03", "value"),
            ("expected_add_up", "PA04", "denominator"),
            ("absent_add_up", "PA05", "numerator"),
        )
    ),
    (
        "participation",
        "lines_in_presences",
        "insert into fct_attendance by name select programme_key, 2 as nb_lines from dim_programme where programme_id = 'HDF-CONF-2023'",
    ),
    (
        "participants",
        "shares_make_one",
        "insert into ind_participants select * replace ('gender' as breakdown, 'F' as member, 0.4 as value) "
        "from ind_participants where indicator = 'PE01' and breakdown = 'total'",
    ),
    (
        "quality",
        "same_presences",
        "update ind_quality set denominator = 4 where indicator = 'QU02' and breakdown = 'total'",
    ),
    (
        "quality",
        "matches_add_up",
        "update ind_quality set numerator = 4 where indicator = 'QU02' and breakdown = 'total'",
    ),
    (
        "participants",
        "persons_recounted",
        "insert into ind_participants select * replace ('event' as breakdown, 'E1' as member, 4 as n_total) "
        "from ind_participants where breakdown = 'total'",
    ),
    ("territories", "every_department_printed", "delete from ind_territories where member = '60'"),
    ("territories", "population_adds_up", "delete from dim_territory where level = 'department' and code = '60'"),
    ("territories", "denominator", "update ind_territories set denominator = 4 where indicator = 'TE01'"),
    ("territories", "same_attendances", "update ind_territories set numerator = 151 where member = '62'"),
    ("quality", "same_reports", "update ind_quality set numerator = 36"),
    ("reconciliation", "figures_compared", "delete from ind_reconciliation where indicator = 'nb_axes'"),
    (
        "reconciliation",
        "stale_explanation",
        "update ind_reconciliation set reconciliation_status = 'match' where member = '62'",
    ),
    ("organisations", "presences_covered", "update ind_organisations set n_total = 5 where indicator = 'OR01'"),
    ("organisations", "families_add_up", "update ind_organisations set value = 3 where indicator = 'OR01'"),
    ("organisations", "sizes_add_up", "update ind_organisations set value = 3 where indicator = 'OR01'"),
    (
        "organisations",
        "withheld_deletions",
        "insert into stg_organisation_history by name select 'd' as source, '1' as organisation_id, true as is_current; "
        "insert into stg_file_showings by name select 'd' as source, 'x.csv' as file_name, 'd1' as delivery_id, 9 as nb_missing, "
        "10 as nb_open, true as is_withheld, true as is_last",
    ),
    ("satisfaction", "recount", "update ind_satisfaction set n_total = 1 where indicator = 'SA01'"),
    ("satisfaction", "answers_add_up", "update ind_satisfaction set n_total = 1 where indicator = 'SA01'"),
    (
        "satisfaction",
        "more_answers_than_present",
        "insert into fct_feedback by name select n as response_key, event_key, true as is_complete "
        "from fct_event_count, generate_series(1, 3) as numbers (n) where value = 2",
    ),
    (
        "events",
        "withheld_deletions",
        "insert into stg_file_showings by name select source, file_name, delivery_id, 9 as nb_missing, 10 as nb_open, "
        "true as is_withheld, true as is_last from stg_events limit 1",
    ),
    (
        "events",
        "deleted_after_people_came",
        "update dim_event set is_deleted = true where event_id = 'HDF23-A01'; insert into int_event_references by name "
        "select event_key, true as has_presence_lines from dim_event where is_deleted",
    ),
    (
        "events",
        "came_but_not_held",
        "update dim_event set event_status = 'announced' where event_id = 'HDF23-A02'; "
        "update fct_event_count set counting_method = 'reported' where value = 150",
    ),
    (
        "events",
        "part_of_nothing",
        "insert into int_event_parents by name select source, event_id, 'E9O' as said_event_id, 'unknown' as resolution, false as is_part "
        "from dim_event where event_id = 'HDF23-A02'",
    ),
    (
        "events",
        "part_of_what_does_not_count",
        "update dim_event set event_status = 'announced', is_counted = false where event_id = 'HDF23-A01'; "
        "update dim_event set is_counted = false, parent_event_key = (select event_key from dim_event where event_id = 'HDF23-A01') "
        "where event_id = 'HDF23-A02'",
    ),
    (
        "events",
        "held_before_its_day",
        "update dim_event set starts_on = date '2026-01-06' where event_id = 'HDF23-A02'",
    ),
    ("quality", "usual_volume", DELIVERIES_BEFORE),
    ("quality", "usual_volume", CUT.format(rows=349)),
    ("quality", "usual_volume", CUT.format(rows=0)),
    (
        "quality",
        "unknown_event",
        "insert into int_event_references by name select 'listes' as source, 'E1 (1)' as event_id, 9 as nb_rows, true as is_placeholder",
    ),
    (
        "quality",
        "same_bytes_again",
        "insert into landing.copied_file values ('listes', 'd1', 'E2.xlsx', 'E1.xlsx')",
    ),
    (
        "quality",
        "source_late",
        "update landing.delivery set expected_every_days = 1, received_at = received_at - interval 9 day "
        "where source = 'evenements_ess'",
    ),
    ("events", "programmes_kept", PRINTED_BEFORE.format(programme="GONE", breakdown="total", member="total")),
    ("events", "members_kept", PRINTED_BEFORE.format(programme="HDF-CONF-2023", breakdown="commune", member="59001")),
    ("events", "as_usual", PRINTED_BEFORE.format(programme="HDF-CONF-2023", breakdown="total", member="total")),
]


@pytest.mark.parametrize(
    ("dataset", "control", "spoil"), SPOILS, ids=[f"{d}-{c}-{i}" for i, (d, c, _) in enumerate(SPOILS)]
)
def test_a_spoiled_cell_is_seen_by_its_control(candidate, tmp_path, dataset, control, spoil):
    with candidate.spoiled(tmp_path, spoil) as con:
        if "landing." in spoil:
            con.execute(f"create or replace table stg_deliveries as {candidate.compiled('stg_deliveries')}")
        found = con.execute(candidate.compiled(f"ctl_{dataset}")).fetchall()
    assert [row for row in found if row[1] == control and row[6] != 0]


def test_every_control_has_its_twin(candidate):
    # two measures, and two that the list of 2023 spoils by itself (test_the_errors_of_the_list_of_2023…)
    of_their_own = {"outliers", "largest_share", "same_title_other_theme", "list_order"}
    counted = {c for dataset in DATASETS for (c,) in candidate.rows(f"select distinct control from ctl_{dataset}")}
    assert counted <= {control for _, control, _ in SPOILS} | of_their_own


# what three releases printed (or two), what is printed now, in which unit, and whether it leaves the usual bounds
USUAL = [
    ([72] * 3, 36, "event", 0),
    ([73] * 3, 36, "event", 1),
    ([18] * 3, 36, "event", 0),
    ([17] * 3, 36, "event", 1),
    ([90, 40, 1], 36, "event", 0),
    ([2] * 3, 6, "event", 0),
    ([2] * 3, 7, "event", 1),
    ([0.2] * 3, 0.5, "share", 1),
    ([0.16] * 3, 0.4, "share", 0),
    ([72] * 3, None, "event", 1),
    ([73] * 2, 36, "event", None),
]


def test_a_total_leaves_its_usual_bounds_beyond_half_and_twice_of_three_releases(candidate, tmp_path):
    statements = [
        f"insert into ind_events select * replace ('P{number}' as programme_id, {'null' if now is None else now}::double as value, '{unit}' as unit) "
        "from ind_events where programme_id = 'HDF-CONF-2023' and indicator = 'EV01' and breakdown = 'total'; "
        "insert into landing.previous_figure by name select n as age, dataset, "
        f"'P{number}' as programme_id, 'EV01' as indicator, breakdown, 'total' as member, value from (values "
        + ", ".join(f"({age}, 'ind_events', 'total', {value})" for age, value in enumerate(before))
        # neither another table nor a part is the total
        + ", (0, 'ind_quality', 'total', 9999), (0, 'ind_events', 'month', 9999)) as said (n, dataset, breakdown, value)"
        for number, (before, now, unit, _) in enumerate(USUAL)
    ]
    with candidate.spoiled(tmp_path, *statements) as con:
        found = {
            row[2]: row[5] for row in con.execute(candidate.compiled("ctl_events")).fetchall() if row[1] == "as_usual"
        }
    assert found == {f"P{number}": odd for number, (*_, odd) in enumerate(USUAL) if odd is not None}


def test_members_that_the_last_release_counted_something_for_are_still_there(candidate, tmp_path):
    lines = ", ".join(
        f"({age}, '{dataset}', '{programme}', '{breakdown}', '{member}', {value})"
        for age, dataset, programme, breakdown, member, value in [
            (0, "ind_events", "HDF-CONF-2023", "total", "total", 36),
            (0, "ind_events", "HDF-CONF-2023", "department", "59", 3),
            (0, "ind_events", "HDF-CONF-2023", "department", "01", 3),
            (0, "ind_events", "HDF-CONF-2023", "commune", "01001", "null"),
            (0, "ind_events", "HDF-CONF-2023", "month", "2022-01", 1),
            (0, "ind_events", "HDF-CONF-2023", "epci", "200000172", 1),
            # nothing was counted, a theme may be renamed, an older release, another table
            (0, "ind_events", "HDF-CONF-2023", "department", "02", 0),
            (0, "ind_events", "HDF-CONF-2023", "theme", "GONE", 3),
            (1, "ind_events", "HDF-CONF-2023", "department", "03", 3),
            (0, "ind_quality", "HDF-CONF-2023", "department", "04", 3),
            # a programme that is gone is told once
            (0, "ind_events", "GONE", "department", "05", 3),
            (1, "ind_events", "GONE BEFORE", "total", "total", 3),
            (0, "ind_quality", "GONE ELSEWHERE", "total", "total", 3),
        ]
    )
    spoil = (
        "insert into landing.previous_figure by name select 'EV04' as indicator, * from "
        f"(values {lines}) as line (age, dataset, programme_id, breakdown, member, value)"
    )
    with candidate.spoiled(tmp_path, spoil) as con:
        rows = con.execute(candidate.compiled("ctl_events")).fetchall()
    found = {row[1]: (row[2], row[5], row[7]) for row in rows if row[1] in ("members_kept", "programmes_kept")}
    assert found["programmes_kept"] == (None, 1, "GONE")
    programme, nb, detail = found["members_kept"]
    assert (programme, nb) == ("HDF-CONF-2023", 4)
    assert sorted(part.split()[-1] for part in detail.split(", ")) == ["01", "01001", "200000172", "2022-01"]


# source: (document, state, rows), in the order they came; whether the last one is of another size than usual
VOLUMES = {
    "just_half": ([("a", "accepted", 100), ("b", "accepted", 100), ("c", "accepted", 100), ("d", "accepted", 50)], 0),
    "under_half": ([("a", "accepted", 100), ("b", "accepted", 100), ("c", "accepted", 100), ("d", "accepted", 49)], 1),
    "just_twice": ([("a", "accepted", 100), ("b", "accepted", 100), ("c", "accepted", 100), ("d", "accepted", 200)], 0),
    "over_twice": ([("a", "accepted", 100), ("b", "accepted", 100), ("c", "accepted", 100), ("d", "accepted", 201)], 1),
    "four_less": ([("a", "accepted", 7), ("b", "accepted", 7), ("c", "accepted", 7), ("d", "accepted", 3)], 0),
    "five_less": ([("a", "accepted", 7), ("b", "accepted", 7), ("c", "accepted", 7), ("d", "accepted", 2)], 1),
    "two_before": ([("a", "accepted", 100), ("b", "accepted", 100), ("d", "accepted", 1)], None),
    "unread_before": ([("a", "accepted", 100), ("b", "held", 100), ("c", "accepted", 0), ("c", "accepted", 100), ("d", "accepted", 1)], None),
    # three versions of its document tell more than the other documents
    "versions": ([*[("other", "accepted", 900)] * 4, *[("d", "superseded", 10)] * 3, ("d", "accepted", 10)], 0),
    "few_versions": ([*[("other", "accepted", 900)] * 2, *[("d", "superseded", 10)] * 2, ("d", "accepted", 10)], 1),
}  # fmt: skip
REPLACED = {
    "five_less": ([8, 3], 1),
    "four_less": ([7, 3], 0),
    "the_last_version_counts": ([10, 1000, 400], 1),
    "and_no_other": ([1000, 10, 9], 0),
}


def test_the_size_of_a_file_is_that_of_the_versions_or_files_before(candidate, tmp_path):
    came = [(source, *line) for source, (lines, _) in VOLUMES.items() for line in lines]
    came += [
        (f"replaced_{source}", "d", "superseded" if at < len(sizes) - 1 else "accepted", rows)
        for source, (sizes, _) in REPLACED.items()
        for at, rows in enumerate(sizes)
    ]
    lines = ", ".join(
        f"({at}, '{source}', '{document}', '{state}', {rows})"
        for at, (source, document, state, rows) in enumerate(came)
    )
    spoil = (
        "insert into landing.delivery by name select source, 'd' || lpad(n::varchar, 3, '0') as delivery_id, document || '.csv' as file_name, "
        "document, state, 'registration' as entity, timestamp '2025-01-01' + interval 1 hour * n as received_at, rows as rows_read, "
        f"rows as rows_accepted from (values {lines}) as line (n, source, document, state, rows)"
    )
    with candidate.spoiled(tmp_path, spoil) as con:
        con.execute(f"create or replace table stg_deliveries as {candidate.compiled('stg_deliveries')}")
        rows = con.execute(candidate.compiled("ctl_quality")).fetchall()
    found = {row[3].split("/")[0]: row[5] for row in rows if row[1] == "usual_volume" and "/" not in row[3]}
    assert {source: found.get(source) for source in VOLUMES} == {source: odd for source, (_, odd) in VOLUMES.items()}
    found = {row[3].split("/")[0]: row[5] for row in rows if row[1] == "usual_volume" and "/" in row[3]}
    assert {name: found[f"replaced_{name}"] for name in REPLACED} == {name: odd for name, (_, odd) in REPLACED.items()}


def test_a_file_that_keeps_half_of_its_rows_is_of_usual_size(candidate, tmp_path):
    with candidate.spoiled(tmp_path, CUT.format(rows=350)) as con:
        con.execute(f"create or replace table stg_deliveries as {candidate.compiled('stg_deliveries')}")
        found = con.execute(candidate.compiled("ctl_quality")).fetchall()
    (row,) = [row for row in found if row[1] == "usual_volume" and row[3] == "billets/accepted"]
    assert row[6] == 0 and row[7] == "billets350.csv : 350 lignes, 700 dans la version remplacée"


def test_a_file_is_compared_with_its_own_versions_once_there_are_some(candidate, tmp_path):
    """A long programme beside that of a short year: each is as long as it was."""
    of_another = DELIVERIES_BEFORE.replace("'d' || n", "'e' || n").replace("500", "900")
    of_its_own = DELIVERIES_BEFORE.replace(
        "500 as", "(select rows_read from landing.delivery where source = 'evenements_ess') as"
    )
    of_its_own = of_its_own.replace("'x.csv' as file_name", "document, file_name").replace(
        "from generate", "from landing.delivery, generate"
    )
    of_its_own += " where source = 'evenements_ess' and state = 'accepted'"
    with candidate.spoiled(tmp_path, f"{of_its_own}; {of_another}") as con:
        con.execute(f"create or replace table stg_deliveries as {candidate.compiled('stg_deliveries')}")
        found = con.execute(candidate.compiled("ctl_quality")).fetchall()
    (row,) = [row for row in found if row[1] == "usual_volume" and row[3] == "evenements_ess"]
    assert row[6] == 0 and "médiane de 3 livraisons" in row[7]


@pytest.mark.nights
def test_the_day_in_france_is_that_of_the_zone(candidate):
    """Around every hour of 100 years, read where the model of reports asks for it."""
    (day,) = re.findall(
        r"date_diff\('day', described.ends_on, (.+?)\) as integer\)", candidate.compiled("fct_event_report"), re.DOTALL
    )
    day = day.replace("coalesce(report.submitted_at, report.delivered_at)", "moment")
    instants = "select unnest(generate_series(timestamp '1999-12-31 23:00:00', timestamp '2099-12-31 22:00:00', interval 1 hour)) as whole"
    wrong = candidate.rows(
        f"select moment, {day} from ({instants}) as hours, lateral (values (whole), (whole + interval 3599 second)) as edge (moment) "
        f"where {day} <> timezone('Europe/Paris', timezone('UTC', moment))::date"
    )
    assert wrong == []


def test_the_days_of_a_year_are_there_when_it_has_begun_in_france(candidate, tmp_path):
    registered = "timestamp '2031-12-31 23:30:00' as registered_at"  # half past midnight
    spoil = f"create or replace table stg_registrations as from stg_registrations union all by name select {registered}"
    with candidate.spoiled(tmp_path, spoil) as con:
        ((last_on,),) = con.execute(f"select max(date_on) from ({candidate.compiled('dim_date')})").fetchall()
    assert str(last_on) == "2032-12-31"


def test_a_source_is_late_by_days_of_france(candidate, tmp_path):
    # twice the same day there, half an hour past midnight and in the evening: received on two days of UTC
    lines = "('2025-06-30 22:30:00'), ('2025-07-01 20:00:00')"
    spoil = (
        "insert into landing.delivery by name select 'billets' as source, 'Billets' as source_title, 'd' || received_at as delivery_id, "
        "'accepted' as state, 'registration' as entity, 0 as expected_every_days, received_at::timestamp as received_at "
        f"from (values {lines}) as line (received_at)"
    )
    seen = "delete from landing.delivery"
    late = "update landing.delivery set state = 'held' where received_at = '2025-07-01 20:00:00'"
    with candidate.spoiled(tmp_path, seen, spoil, late) as con:
        con.execute(f"create or replace table stg_deliveries as {candidate.compiled('stg_deliveries')}")
        found = con.execute(candidate.compiled("ctl_quality")).fetchall()
    assert [(row[5], row[7]) for row in found if row[1] == "source_late"] == [
        (0, "Billets : 0 jours, attendue tous les 0")
    ]


def test_a_withdrawn_explanation_leaves_the_difference_unexplained(candidate, tmp_path):
    spoil = "delete from fct_explanation where member = 'économique'"
    with candidate.spoiled(tmp_path, spoil) as con:
        con.execute(f"create or replace table ind_reconciliation as {candidate.compiled('ind_reconciliation')}")
        found = con.execute(candidate.compiled("ctl_events")).fetchall()
    (row,) = [row for row in found if row[1] == "unexplained_difference" and row[2] == "HDF-CONF-2023"]
    assert row[5] == 1 and "nombre d’événements, transition économique : « 9 » imprimé, 11 pour nous" in row[7]


def test_a_programme_said_to_have_ended_is_not_missed(candidate, tmp_path):
    gone = PRINTED_BEFORE.format(programme="GONE", breakdown="total", member="total")
    with candidate.spoiled(tmp_path, gone, "insert into landing.ended_programme values ('GONE')") as con:
        found = con.execute(candidate.compiled("ctl_events")).fetchall()
    assert [row for row in found if row[1] == "programmes_kept"] == []


def test_a_changed_difference_is_no_longer_the_explained_one(candidate, tmp_path):
    spoil = "update fct_published_figure set figure_value = 8 where member = 'économique'"
    with candidate.spoiled(tmp_path, spoil) as con:
        rows = con.execute(
            f"select difference, is_explained from ({candidate.compiled('ind_reconciliation')}) where member = 'économique'"
        ).fetchall()
    assert rows == [(3.0, False)]


@pytest.mark.parametrize(
    ("test", "spoil"),
    [
        ("dim_event", "insert into dim_event select * from dim_event limit 1"),
        ("fct_event_count", "update fct_event_count set programme_key = 1 where value = 150"),
        ("bridge_event_theme", "delete from dim_theme where code = 'ECOL'"),
        ("ind_events", "update ind_events set obs_status = 'Z' where member = '62'"),
        ("ind_quality", "update ind_quality set period = null"),
    ],
)
def test_a_broken_promise_is_seen_by_the_test_of_the_model(candidate, tmp_path, test, spoil):
    name = next(
        r.node.name
        for r in candidate.results
        if r.node.name.startswith("keeps_") and r.node.attached_node.endswith(f".{test}")
    )
    together = f"select promise, nb_broken from ({candidate.compiled(ALL)}) where model = '{test}'"
    with candidate.spoiled(tmp_path) as con:
        assert con.execute(candidate.compiled(name)).fetchall() == con.execute(together).fetchall() == []
        con.execute(spoil)
        assert con.execute(together).fetchall() == con.execute(candidate.compiled(name)).fetchall() != []


def test_the_promises_of_every_model_are_asked_together_at_night(candidate):
    (night,) = (node for node in candidate.manifest.nodes.values() if node.name == ALL)
    assert set(night.depends_on.nodes) == {model.unique_id for model in models(candidate)}
    asked = candidate.compiled(ALL)
    for model in models(candidate):
        assert asked.count(f"select '{model.name}' as model") == 1, model.name


def test_whoever_says_that_they_do_not_know_names_no_organisation():
    macro = (ROOT / "dbt_project/macros/organisations.sql").read_text(encoding="utf-8")
    words = set(re.findall(r"'([^']+)'", macro.partition("macro names_no_organisation")[2].partition("endmacro")[0]))
    # this feminine is nobody's spelling
    assert _MISSING - words <= {"non disponiblee"}


def test_labels_fold_in_sql_as_they_do_in_python(candidate):
    compiled = candidate.compiled("int_event_organisers")
    expression = compiled.split("organiser_text,", 1)[1].split(" as label_key", 1)[0]
    texts = [row["organiser_label_published"] for row in golden("events")]
    texts += [
        "L'Œuvre de Sainte-Anne",
        "MONT-ST-ÉLOI",
        "Ste Marie – st st",
        "« nous » (Errol)",
        "Ça & là/ici",
        "été_2023 n°4",
    ]
    with duckdb.connect() as con:
        for text in texts:
            ((found,),) = con.execute(f"select {expression} from (select ? as organiser_text)", [text]).fetchall()
            assert found == fold(text), text


def test_printed_figures_are_called_in_sql_as_the_pages_call_them(candidate):
    compiled = candidate.compiled("ctl_reconciliation")
    expression = compiled.split("string_agg(", 1)[1].split(" || ', ' ||", 1)[0]
    codes = sorted({row["indicator"] for row in golden("reconciliation")} | {"identite", "nb_evenements_avec_donnee"})
    with duckdb.connect() as con:
        for code in codes:
            ((found,),) = con.execute(f"select {expression} from (select ? as indicator) as figure", [code]).fetchall()
            assert found == document_words(code), code


def test_an_event_s_identifier_is_a_code_only_when_the_gate_says_so():
    """The member of a figure by event is the event's identifier, or its fingerprint where the gate would refuse it."""
    macro = (ROOT / "dbt_project" / "macros" / "keys.sql").read_text(encoding="utf-8")
    kept = re.search(
        r"macro unknown_event_id.*?regexp_full_match\(\{\{ event_id \}\}, '([^']+)'", macro, re.DOTALL
    ).group(1)
    suite = (ROOT / "expectations" / "suites" / "shared" / "coded.yml").read_text(encoding="utf-8")
    gate = re.search(r'id: members_are_codes.*?regex: "([^"]+)"', suite, re.DOTALL).group(1)
    readable = [name for sign in string.printable if re.fullmatch(kept, name := f"AT{sign}25-1")]
    assert len(readable) > 60 and all(re.match(gate, name) for name in readable)
    assert not re.fullmatch(kept, "AT/25-1") and re.fullmatch(kept, "MESS25-001")


def test_two_builds_of_the_same_rows_give_the_same_figures(candidate, tmp_path):
    """The last bit too: a night without a new fact makes no release."""
    with candidate.spoiled(tmp_path) as con:
        for name in ("ind_events", "ind_participation", "ind_territories", "ind_reconciliation"):
            again = f"({candidate.compiled(name)})"
            assert con.execute(f"select count(*) from (from {name} except from {again})").fetchall() == [(0,)], name
            assert con.execute(f"select count(*) from (from {again} except from {name})").fetchall() == [(0,)], name


@pytest.mark.nights
def test_unit_tests_of_the_models_pass(candidate):
    run = candidate.invoke("test", "--select", "test_type:unit")
    assert run.success, [f"{r.node.name}: {r.message}" for r in run.result.results if str(r.status) != "pass"]
    assert len(run.result.results) >= 8


NODE = (
    "{resource_type: model, name: dim_person, description: 'One row per person.', config: {contract: {enforced: true}}, "
    "columns: {email: {description: E-mail, meta: {publish: %s, privacy: direct}}}}"
)


@pytest.mark.parametrize(("publish", "refused"), [("true", True), ("false", False)])
def test_a_personal_column_cannot_be_published(candidate, publish, refused):
    run = candidate.invoke("run-operation", "refuse_unsafe_nodes", "--args", f"{{nodes: [{NODE % publish}]}}")
    assert run.success is not refused


def test_events_that_name_no_event_they_are_a_part_of_count_and_are_named(candidate, tmp_path):
    """What was typed is quoted when it is a code: it may be a name."""
    spoil = "; ".join(
        f"update stg_event_history set parent_event_id = '{said}' where event_id = '{event}'"
        for event, said in {
            "HDF23-A01": "HDF23-AO2",
            "HDF23-A02": "Jeanne Canari",
            "HDF23-A03": "HDF23-A04",
            "HDF23-A04": "HDF23-A03",
            "HDF23-A05": "hdf23-a01",
        }.items()
    )
    with candidate.spoiled(tmp_path, spoil) as con:
        for model in ("int_event_parents", "dim_event"):
            con.execute(f"create or replace table {model} as {candidate.compiled(model)}")
        found = con.execute(candidate.compiled("ctl_events")).fetchall()
        counted = con.execute(
            "select event_id from dim_event where is_counted and event_id between 'HDF23-A01' and 'HDF23-A05' order by 1"
        ).fetchall()
    assert counted == [("HDF23-A01",), ("HDF23-A02",), ("HDF23-A03",), ("HDF23-A04",)]
    (row,) = [row for row in found if row[1] == "part_of_nothing" and row[2] == "HDF-CONF-2023"]
    assert row[5] == 4 and row[7] == (
        "HDF23-A01 (« HDF23-AO2 »), HDF23-A02, HDF23-A03 (renvois en boucle), HDF23-A04 (renvois en boucle)"
    )
    # recounted past dim_event, one is a part
    assert [row[3:6] for row in found if row[1] == "recount" and row[2] == "HDF-CONF-2023"] == [("total", 35, 36)]


def test_an_event_is_held_from_its_first_day_on_and_by_the_clock_of_paris(candidate, tmp_path):
    """The list came on 5 January 2026 at 22:30 UTC, 23:30 in Paris."""
    spoil = "; ".join(
        f"update dim_event set starts_on = date '{day}', event_status = '{status}', is_counted = {status == 'held'} where event_id = '{event}'"
        for event, day, status in (
            ("HDF23-A01", "2026-01-05", "held"),
            ("HDF23-A02", "2026-01-06", "held"),
            ("HDF23-A03", "2026-01-06", "announced"),
        )
    )
    late = "update stg_deliveries set received_at = timestamp '2026-01-05 22:30:00'"
    for moment, actual in ((late, 1), (late.replace("22:30", "23:30"), 0)):
        with candidate.spoiled(tmp_path, spoil, moment) as con:
            found = con.execute(candidate.compiled("ctl_events")).fetchall()
        (row,) = [row for row in found if row[1] == "held_before_its_day" and row[2] == "HDF-CONF-2023"]
        assert row[5] == actual
        assert row[7] == ("HDF23-A02 (06/01/2026, reçu le 05/01/2026)" if actual else None)
