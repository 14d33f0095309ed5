"""One spoil per expectation: SQL that makes exactly that expectation fail.

It runs on the rows of one programme of the example, in tables of the same names (`test_twins`). `also` names expectations
of the same dataset that cannot but fail with it, because their rules touch the same cell. `alone`: what is spoilt is the
table itself, not the rows of one programme.
"""

from __future__ import annotations

from typing import NamedTuple


class Spoil(NamedTuple):
    sql: str
    also: tuple[str, ...] = ()
    alone: bool = False


def _control(table: str, control: str, column: str = "difference") -> Spoil:
    return Spoil(f"UPDATE {table} SET {column} = 1 WHERE control = '{control}'")


def _anywhere(table: str, row: str, other: str) -> dict[str, Spoil]:
    """What holds for every tidy table. `row`: a condition for one row that has a value; `other`: another indicator."""
    ctl = table.replace("ind_", "ctl_")
    return {
        "key_unique": Spoil(f"INSERT INTO {table} SELECT * FROM {table} WHERE {row}"),
        "required_cells": Spoil(f"UPDATE {table} SET period = NULL WHERE {row}"),
        "statuses_known": Spoil(f"UPDATE {table} SET conf_status = 'D' WHERE {row}"),
        "value_or_status": Spoil(f"UPDATE {table} SET value = NULL, obs_status = 'A' WHERE {other}"),
        "uncollected_has_no_value": Spoil(f"UPDATE {table} SET obs_status = 'L' WHERE {row}"),
        "values_not_negative": Spoil(f"UPDATE {table} SET value = -value WHERE {row}"),
        "lower_bound": Spoil(f'UPDATE {table} SET "lower" = value + 0.5 WHERE {row}'),
        "upper_bound": Spoil(f'UPDATE {table} SET "upper" = value - 0.5 WHERE {row}'),
        "coverage": Spoil(f"UPDATE {table} SET n_with_data = n_total + 1 WHERE {other}"),
        "caveats_without_contact": Spoil(f"UPDATE {table} SET caveat = 'Voir a.b@exemple.fr' WHERE {row}"),
        "columns": Spoil(f"ALTER TABLE {table} ADD COLUMN more INTEGER", alone=True),
        "dataset_name": Spoil(f"UPDATE {table} SET dataset = 'ind_other' WHERE {row}"),
        "every_programme": _control(ctl, "every_programme"),
        "no_unexplained_difference": _control(ctl, "unexplained_difference", "actual"),
        "rows_conserved": _control(ctl, "rows_conserved"),
        "landed_rows_in_warehouse": _control(ctl, "landed_rows"),
    }


def _coded(table: str, row: str, share: str) -> dict[str, Spoil]:
    ctl = table.replace("ind_", "ctl_")
    return {
        "programmes_kept": _control(ctl, "programmes_kept", "actual"),
        "members_kept": _control(ctl, "members_kept", "actual"),
        "as_usual": _control(ctl, "as_usual", "actual"),
        "coverage_said": Spoil(f"UPDATE {table} SET n_with_data = NULL, n_total = NULL WHERE {row}"),
        "breakdowns_known": Spoil(f"UPDATE {table} SET breakdown = 'village' WHERE {row}"),
        "members_are_codes": Spoil(f"UPDATE {table} SET member = 'Jeanne Canari' WHERE {row}"),
        "shares_between_0_and_1": Spoil(f"UPDATE {table} SET value = 3, numerator = 3 * denominator WHERE {share}"),
        "shares_are_their_ratio": Spoil(f"UPDATE {table} SET value = 0.15 WHERE {share}"),
        "indicators_known": Spoil(f"UPDATE {table} SET unit = 'shares' WHERE {share}"),
    }


EV = "indicator = 'EV08' AND member = 'any'"
EVENTS = {
    **_anywhere("ind_events", EV, EV),
    **_coded("ind_events", EV, "indicator = 'EV07'"),
    "indicators_present": Spoil("DELETE FROM ind_events WHERE indicator = 'EV07'", alone=True),
    "months_add_up": _control("ctl_events", "months_add_up"),
    "departments_add_up": _control("ctl_events", "departments_add_up"),
    "modalities_add_up": _control("ctl_events", "modalities_add_up"),
    "theme_shares_add_up": _control("ctl_events", "theme_shares_add_up"),
    "every_department_printed": _control("ctl_events", "every_department_printed"),
    "every_month_printed": _control("ctl_events", "every_month"),
    "leads_within_organisers": _control("ctl_events", "lead_within_any"),
    "recounted_from_landing": _control("ctl_events", "recount"),
    "deletions_believed": _control("ctl_events", "withheld_deletions", "actual"),
    "held_when_people_came": _control("ctl_events", "came_but_not_held", "actual"),
    "parts_of_a_known_event": _control("ctl_events", "part_of_nothing", "actual"),
    "parts_of_an_event_that_counts": _control("ctl_events", "part_of_what_does_not_count", "actual"),
    "held_on_a_day_gone_by": _control("ctl_events", "held_before_its_day", "actual"),
    "one_theme_per_title": _control("ctl_events", "same_title_other_theme", "actual"),
    "dates_in_order": _control("ctl_events", "list_order", "actual"),
    "deleted_without_people": _control("ctl_events", "deleted_after_people_came", "actual"),
}

PA = "indicator = 'PA08'"
PARTICIPATION = {
    **_anywhere("ind_participation", PA, PA),
    **_coded("ind_participation", PA, "indicator = 'PA01_max_share'"),
    "indicators_present": Spoil("DELETE FROM ind_participation WHERE indicator = 'PA01_min'", alone=True),
    "partial_total_says_at_least": Spoil(
        "UPDATE ind_participation SET n_total = n_total + 1 WHERE indicator = 'PA01' AND member = '02'"
    ),
    "no_total_without_data": Spoil(f"UPDATE ind_participation SET n_with_data = 0 WHERE {PA}"),
    "partial_total_has_no_upper_bound": Spoil(
        "UPDATE ind_participation SET n_total = n_total + 1, \"upper\" = value, caveat = 'Au moins 20.' "
        "WHERE indicator = 'PA01' AND member = '02'"
    ),
    "estimates_have_bounds": Spoil(f"UPDATE ind_participation SET obs_status = 'E' WHERE {PA}"),
    "means_are_their_ratio": Spoil(
        "UPDATE ind_participation SET denominator = 6, value = 100 / 6 WHERE indicator = 'PA07'"
    ),
    "months_add_up": _control("ctl_participation", "months_add_up"),
    "departments_add_up": _control("ctl_participation", "departments_add_up"),
    "modalities_add_up": _control("ctl_participation", "modalities_add_up"),
    "recounted_from_landing": _control("ctl_participation", "recount"),
    "events_covered": _control("ctl_participation", "events_covered"),
    "every_event_reported": Spoil(
        "UPDATE ind_participation SET n_total = n_total + 1, caveat = 'Au moins 100.' "
        "WHERE indicator = 'PA01' AND breakdown = 'total'"
    ),
    "no_dominant_event": _control("ctl_participation", "largest_share", "actual"),
    "no_outlier": _control("ctl_participation", "outliers", "actual"),
    "show_up_at_most_whole": Spoil(
        "UPDATE ind_participation SET numerator = 26, value = 26 / 25 WHERE indicator = 'PA04' AND breakdown = 'event'",
        also=("shares_between_0_and_1",),
    ),
    "frequencies_are_their_ratio": Spoil("UPDATE ind_participation SET value = 2 WHERE indicator = 'PA11'"),
    "lists_add_up": _control("ctl_participation", "registrations_add_up"),
    "followed_add_up": _control("ctl_participation", "shown_up_add_up"),
    "presences_split": _control("ctl_participation", "presences_split"),
    "every_listed_event_printed": _control("ctl_participation", "events_with_a_list"),
    "lines_in_presences": _control("ctl_participation", "lines_in_presences"),
    "registrations_recounted": _control("ctl_participation", "registrations_recounted"),
    "persons_known_enough": Spoil(
        "UPDATE ind_participation SET value = NULL, obs_status = 'L' WHERE indicator = 'PA09'"
    ),
}

TE = "indicator = 'TE04' AND breakdown = 'total'"
TERRITORIES = {
    **_anywhere("ind_territories", TE, TE),
    **_coded("ind_territories", TE, "indicator = 'TE02'"),
    "values_not_negative": Spoil(f"UPDATE ind_territories SET value = -value, numerator = -numerator WHERE {TE}"),
    "indicators_present": Spoil("DELETE FROM ind_territories WHERE indicator = 'TE03'", alone=True),
    "rates_are_their_ratio": Spoil(f"UPDATE ind_territories SET denominator = 2000000 WHERE {TE}"),
    "every_department_printed": _control("ctl_territories", "every_department_printed"),
    "populations_add_up": _control("ctl_territories", "population_adds_up"),
    "departments_in_denominator": _control("ctl_territories", "denominator"),
    "same_attendances": _control("ctl_territories", "same_attendances"),
}

QU = "indicator = 'QU01'"
QUALITY = {
    **_anywhere("ind_quality", QU, QU),
    **_coded("ind_quality", QU, QU),
    "values_not_negative": Spoil(
        f"UPDATE ind_quality SET value = -1, numerator = -5 WHERE {QU}", also=("shares_between_0_and_1",)
    ),
    "indicators_present": Spoil("DELETE FROM ind_quality WHERE indicator = 'QU03'", alone=True),
    "same_reports": _control("ctl_quality", "same_reports"),
    "deliveries_of_usual_size": _control("ctl_quality", "usual_volume", "actual"),
    "events_known": _control("ctl_quality", "unknown_event", "actual"),
    "each_sheet_for_one_event": _control("ctl_quality", "same_bytes_again", "actual"),
    "sources_on_time": _control("ctl_quality", "source_late", "actual"),
    "same_presences": _control("ctl_quality", "same_presences"),
    "matches_add_up": _control("ctl_quality", "matches_add_up"),
    "gaps_are_their_ratio": Spoil("UPDATE ind_quality SET value = 0.12 WHERE indicator = 'QU03'"),
    "declared_near_signed": Spoil(
        "UPDATE ind_quality SET value = 0.3, numerator = 6 WHERE indicator = 'QU03' AND breakdown = 'event'"
    ),
    "presences_recognised": Spoil("UPDATE ind_quality SET value = 0.75, numerator = 15 WHERE indicator = 'QU02'"),
}

PE = "indicator = 'PE01' AND member = 'H'"
PARTICIPANTS = {
    **_anywhere("ind_participants", PE, PE),
    **_coded("ind_participants", PE, PE),
    "values_not_negative": Spoil(
        f"UPDATE ind_participants SET value = -value, numerator = -numerator WHERE {PE}",
        also=("shares_between_0_and_1",),
    ),
    "breakdowns_known": Spoil(
        f"UPDATE ind_participants SET breakdown = 'village' WHERE {PE}", also=("only_the_share_of_women_by_event",)
    ),
    "indicators_present": Spoil("DELETE FROM ind_participants WHERE indicator = 'PE02'", alone=True),
    "only_the_share_of_women_by_event": Spoil(
        "UPDATE ind_participants SET breakdown = 'event' WHERE indicator = 'PE02'"
    ),
    "answers_make_one": _control("ctl_participants", "shares_make_one"),
    "persons_recounted": _control("ctl_participants", "persons_recounted"),
    "enough_answers": Spoil("UPDATE ind_participants SET n_with_data = 9 WHERE indicator = 'PE02'"),
}

OR = "indicator = 'OR01' AND breakdown = 'total'"
ORGANISATIONS = {
    **_anywhere("ind_organisations", OR, OR),
    **_coded("ind_organisations", OR, "indicator = 'OR02'"),
    "indicators_present": Spoil("DELETE FROM ind_organisations WHERE indicator = 'OR03'", alone=True),
    "families_add_up": _control("ctl_organisations", "families_add_up"),
    "sizes_add_up": _control("ctl_organisations", "sizes_add_up"),
    "presences_covered": _control("ctl_organisations", "presences_covered"),
    "deletions_believed": _control("ctl_organisations", "withheld_deletions", "actual"),
}

SA = "indicator = 'SA01' AND breakdown = 'total'"
NPS = "indicator = 'SA03' AND breakdown = 'total'"
SATISFACTION = {
    **_anywhere("ind_satisfaction", SA, SA),
    **_coded("ind_satisfaction", SA, "indicator = 'SA02'"),
    "values_not_negative": Spoil(
        f"UPDATE ind_satisfaction SET value = -1, numerator = -8 WHERE {SA}", also=("notes_within_their_scale",)
    ),
    "upper_bound": Spoil(f'UPDATE ind_satisfaction SET "upper" = 49 WHERE {NPS}'),
    "lower_bound": Spoil(f'UPDATE ind_satisfaction SET "lower" = 51 WHERE {NPS}'),
    "indicators_present": Spoil("DELETE FROM ind_satisfaction WHERE indicator = 'SA04'", alone=True),
    "notes_within_their_scale": Spoil(f"UPDATE ind_satisfaction SET value = 8, numerator = 64 WHERE {SA}"),
    "notes_are_their_mean": Spoil(f"UPDATE ind_satisfaction SET value = 4.1 WHERE {SA}"),
    "scores_within_a_hundred": Spoil(
        f'UPDATE ind_satisfaction SET value = 150, numerator = 60, "upper" = 160 WHERE {NPS}'
    ),
    "scores_are_their_balance": Spoil(f"UPDATE ind_satisfaction SET value = 51 WHERE {NPS}"),
    "few_recommendations_say_nothing": Spoil(
        "UPDATE ind_satisfaction SET obs_status = 'A' WHERE indicator = 'SA03' AND breakdown = 'event'"
    ),
    "scores_have_an_interval": Spoil(f'UPDATE ind_satisfaction SET "lower" = NULL WHERE {NPS}'),
    "answers_add_up": _control("ctl_satisfaction", "answers_add_up"),
    "answers_recounted": _control("ctl_satisfaction", "recount"),
    "answers_within_presence": _control("ctl_satisfaction", "more_answers_than_present", "actual"),
}

RE = "breakdown = 'total'"
RECONCILIATION = {
    **_anywhere("ind_reconciliation", RE, RE),
    "comparisons_known": Spoil(
        "UPDATE ind_reconciliation SET reconciliation_status = NULL WHERE reconciliation_status = 'match'"
    ),
    "differences_are_computed": Spoil(f"UPDATE ind_reconciliation SET recomputed = 4 WHERE {RE}"),
    "matches_have_no_difference": Spoil(f"UPDATE ind_reconciliation SET recomputed = 4, difference = -1 WHERE {RE}"),
    "differences_await_explanation": Spoil(
        "UPDATE ind_reconciliation SET is_explained = NULL WHERE reconciliation_status = 'MISMATCH'"
    ),
    "explanations_are_complete": Spoil("UPDATE ind_reconciliation SET treatment = NULL WHERE is_explained"),
    "words_without_contact": Spoil(f"UPDATE ind_reconciliation SET member = '06 12 34 56 78' WHERE {RE}"),
    "every_figure_compared": _control("ctl_reconciliation", "figures_compared"),
    "every_difference_explained": Spoil("UPDATE ind_reconciliation SET is_explained = false WHERE is_explained"),
    "no_stale_explanation": _control("ctl_reconciliation", "stale_explanation"),
}

SPOILS: dict[tuple[str, str], Spoil] = {
    (dataset, name): spoil
    for dataset, spoils in {
        "ind_events": EVENTS,
        "ind_participation": PARTICIPATION,
        "ind_participants": PARTICIPANTS,
        "ind_territories": TERRITORIES,
        "ind_quality": QUALITY,
        "ind_reconciliation": RECONCILIATION,
        "ind_organisations": ORGANISATIONS,
        "ind_satisfaction": SATISFACTION,
    }.items()
    for name, spoil in spoils.items()
}
