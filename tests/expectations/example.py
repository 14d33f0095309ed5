"""A small candidate that passes every expectation, counted by hand.

Five events held in a region of three departments (02, 59, 60), programme TEST-2023:

    A  2023-04-06  02       in person  ECOL        20 participants   organised by O1
    B  2023-04-20  59       in person  ECOL, SOC   30                O2 and O4
    C  2023-05-11  online              SOC         10                O1
    D  2023-06-01  59       in person  ECO         25                O3
    E  2023-06-15  unknown  unknown    ORG         15                O2

A second programme, APPROX-2024, held one event in 02 and printed only « une trentaine » of participants. One earlier document
printed 5 events, and 3 in department 59 where the list has 2; the second difference is explained.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import duckdb

from expectations import candidate_hash, read_suites, seal

DICTIONARY = {"models": {}}

COLUMNS = (
    "dataset VARCHAR, programme_id VARCHAR, indicator VARCHAR, breakdown VARCHAR, member VARCHAR, period VARCHAR, "
    'value DOUBLE, "lower" DOUBLE, "upper" DOUBLE, numerator DOUBLE, denominator DOUBLE, '
    "n_with_data INTEGER, n_total INTEGER, unit VARCHAR, obs_status VARCHAR, conf_status VARCHAR, caveat VARCHAR"
)
CONTROL_COLUMNS = (
    "dataset VARCHAR, control VARCHAR, programme_id VARCHAR, member VARCHAR, expected DOUBLE, actual DOUBLE, "
    "difference DOUBLE, detail VARCHAR"
)
UNITS = {
    "EV02": "mention",
    "EV06": "share",
    "EV07": "share",
    "EV08": "organisation",
    "PA01": "attendance",
    "PA01_min": "attendance",
    "PA01_max": "attendance",
    "PA01_max_share": "share",
    "PA07": "attendance_per_event",
    "PA08": "attendance_per_event",
    "TE01": "share",
    "TE02": "share",
    "TE03": "share",
    "TE04": "per_100k",
    "QU01": "share",
    "QU02": "share",
    "QU03": "relative_gap",
    "PA02": "attendance",
    "PA03": "registration",
    "PA04": "share",
    "PA05": "share",
    "PA06": "attendance",
    "PA09": "person",
    "PA10": "share",
    "PA11": "attendance_per_person",
    "PE01": "share",
    "PE02": "share",
    "QU04": "day",
    "EV09": "share",
    "EV10": "share",
    "OR01": "organisation",
    "OR02": "share",
    "OR03": "share",
    "SA01": "score",
    "SA02": "share",
    "SA03": "nps",
    "SA04": "share",
}
T, A = "TEST-2023", "APPROX-2024"


def _row(indicator, breakdown, member, value, n, total, programme=T, numerator=None, denominator=None, **more):
    dataset = {
        "EV": "ind_events",
        "PA": "ind_participation",
        "TE": "ind_territories",
        "QU": "ind_quality",
        "PE": "ind_participants",
        "OR": "ind_organisations",
        "SA": "ind_satisfaction",
    }
    year = programme[-4:]
    return {
        "dataset": dataset[indicator[:2]],
        "programme_id": programme,
        "indicator": indicator,
        "breakdown": breakdown,
        "member": member,
        "period": member if breakdown == "month" else year,
        "value": value,
        "lower": None,
        "upper": None,
        "numerator": numerator,
        "denominator": denominator,
        "n_with_data": n,
        "n_total": total,
        "unit": UNITS.get(indicator, "event"),
        "obs_status": "A",
        "conf_status": "F",
        "caveat": None,
        **more,
    }


def _share(indicator, numerator, denominator, n, total, programme=T):
    value = numerator / denominator
    return _row(indicator, "total", "total", value, n, total, programme, numerator, denominator)


def events():
    return [
        _row("EV01", "total", "total", 5, 5, 5),
        *(_row("EV02", "theme", m, v, v, 5) for m, v in (("ECOL", 2), ("SOC", 2), ("ECO", 1), ("ORG", 1), ("none", 0))),
        *(_row("EV03", "theme", m, v, 5, 5) for m, v in (("ECOL", 1.5), ("SOC", 1.5), ("ECO", 1), ("ORG", 1))),
        *(_row("EV04", "department", m, v, v, 5) for m, v in (("02", 1), ("59", 2), ("60", 0))),
        _row("EV04", "department", "online", 1, 1, 5, obs_status="M"),
        _row("EV04", "department", "unknown", 1, 1, 5, obs_status="O"),
        *(_row("EV05", "month", m, v, v, 5) for m, v in (("2023-04", 2), ("2023-05", 1), ("2023-06", 2))),
        _row("EV05", "month", "undated", 0, 0, 5, period="2023"),
        _share("EV06", 1, 4, 4, 5),
        _share("EV07", 1, 5, 5, 5),
        _row("EV08", "role", "any", 4, 5, 5),
        _row("EV08", "role", "lead", 3, 5, 5),
        _share("EV09", 5, 8, 8, 8),
        _share("EV10", 4, 5, 5, 5),
        _row("EV01", "total", "total", 1, 1, 1, A),
    ]


def participation():
    return [
        _row("PA01", "total", "total", 100, 5, 5),
        *(_row("PA01", "month", f"2023-0{m}", v, n, n) for m, v, n in ((4, 50, 2), (5, 10, 1), (6, 40, 2))),
        *(_row("PA01", "department", m, v, n, n) for m, v, n in (("02", 20, 1), ("59", 55, 2))),
        # nothing to add up where nothing took place
        _row("PA01", "department", "60", None, 0, 0, obs_status="M", caveat="Aucun événement."),
        _row("PA01", "department", "online", 10, 1, 1),
        _row("PA01", "department", "unknown", 15, 1, 1),
        *(
            _row("PA01", "modality", m, v, n, n)
            for m, v, n in (("in_person", 75, 3), ("online", 10, 1), ("unknown", 15, 1))
        ),
        _row("PA01_min", "total", "total", 10, 5, 5),
        _row("PA01_max", "total", "total", 30, 5, 5),
        _row("PA01_max_share", "total", "total", 0.3, 5, 5, numerator=30, denominator=100),
        _row("PA07", "total", "total", 20, 5, 5, numerator=100, denominator=5),
        _row("PA08", "total", "total", 20, 5, 5),
        # event A alone has lists: 25 registered, 18 of them came, and 2 others; 16 are women
        _row("PA02", "total", "total", 20, 1, 5),
        _row("PA02", "event", "A", 20, 1, 1),
        *(
            row
            for about in (("total", "total", 5), ("event", "A", 1))
            for row in (
                _row("PA03", about[0], about[1], 25, 1, about[2]),
                _row("PA04", about[0], about[1], 0.72, 1, about[2], numerator=18, denominator=25),
                _row("PA05", about[0], about[1], 0.28, 1, about[2], numerator=7, denominator=25),
                _row("PA06", about[0], about[1], 2, 1, about[2]),
            )
        ),
        _row("PA09", "total", "total", 20, 1, 5, lower=20),
        _row("PA10", "total", "total", 0.6, 1, 5, numerator=12, denominator=20),
        _row("PA11", "total", "total", 1, 1, 5, numerator=20, denominator=20),
        _row("PA01", "total", "total", 30, 1, 1, A, lower=24, upper=36, obs_status="E", caveat="Effectif approché."),
    ]


def territories():
    return [
        _share("TE01", 2, 3, 5, 5),
        _share("TE02", 2, 4, 5, 5),
        _share("TE03", 600_000, 1_000_000, 5, 5),
        _row("TE04", "total", "total", 10.0, 5, 5, numerator=100, denominator=1_000_000),
        _row("TE04", "department", "60", 0, 0, 0, numerator=0, denominator=250_000),
    ]


def quality():
    return [
        _share("QU01", 5, 5, 5, 5),
        _share("QU02", 20, 20, 1, 5),
        _row("QU02", "event", "A", 1, 1, 1, numerator=20, denominator=20),
        _row("QU03", "total", "total", 0.1, 1, 5, numerator=2, denominator=20),
        _row("QU03", "event", "A", 0.1, 1, 1, numerator=2, denominator=20),
        _share("QU01", 1, 1, 1, 1, A),
        _row("QU04", "total", "total", 12, 5, 5),
    ]


def participants():
    return [
        _row("PE01", "total", "total", 0.8, 20, 20, numerator=16, denominator=20),
        _row("PE01", "event", "A", 0.8, 20, 20, numerator=16, denominator=20),
        _row("PE01", "gender", "F", 0.8, 20, 20, numerator=16, denominator=20),
        _row("PE01", "gender", "H", 0.2, 20, 20, numerator=4, denominator=20),
        _row("PE02", "category", "ess", 1.0, 10, 20, numerator=10, denominator=10),
        _row("PE01", "total", "total", None, 0, 0, A, obs_status="L"),
    ]


def organisations():
    """Twelve of the 100 present named one of three organisations: two associations, of which one without a known size."""
    family, size = "organisation_family", "size_band"
    return [
        _row("OR01", "total", "total", 3, 12, 100, obs_status="P"),
        *(_row("OR01", family, m, v, 12, 100, obs_status="P") for m, v in (("association", 2), ("unknown", 1))),
        *(_row("OR01", size, m, v, 12, 100, obs_status="P") for m, v in (("1_9", 2), ("unknown", 1))),
        _row("OR02", family, "association", 1, 2, 3, numerator=2, denominator=2, obs_status="P"),
        _row("OR03", size, "1_9", 1, 2, 3, numerator=2, denominator=2, obs_status="P"),
        _row("OR01", "total", "total", None, 0, 0, A, obs_status="L", caveat="Aucune liste de présence n’a été reçue."),
    ]


def satisfaction():
    """Forty answers about event A: notes add up to 32 (of 40 × 1), 30 satisfied, 24 promoters and 4 detractors."""
    return [
        _row("SA01", "total", "total", 4.0, 40, 40, numerator=32, denominator=40),
        _row("SA01", "event", "A", 4.0, 40, 40, numerator=32, denominator=40),
        _share("SA02", 30, 40, 40, 40),
        _row("SA03", "total", "total", 50, 40, 40, numerator=20, denominator=40, lower=28.9, upper=71.1),
        _row("SA03", "event", "B", 0, 20, 20, numerator=0, denominator=20, lower=-40, upper=40, obs_status="N"),
        _share("SA04", 40, 100, 5, 5),
        _row("SA01", "total", "total", None, 0, 0, A, obs_status="L", caveat="Aucune réponse reçue."),
    ]


RECONCILIATION_COLUMNS = COLUMNS + (
    ", figure_text VARCHAR, figure_value DOUBLE, recomputed DOUBLE, difference DOUBLE, reconciliation_status VARCHAR, "
    "blocks_dataset VARCHAR, is_explained BOOLEAN, explanation VARCHAR, treatment VARCHAR, event_ids VARCHAR"
)


def reconciliation():
    def line(breakdown, member, value, printed, status, explained=None, cause=None, treatment=None):
        row = _row("EV", breakdown, member, value, value, 5, dataset="ind_reconciliation", period="2023")
        return row | {
            "indicator": "nb_evenements",
            "figure_text": str(printed),
            "figure_value": printed,
            "recomputed": value,
            "difference": None if value is None else value - printed,
            "reconciliation_status": status,
            "blocks_dataset": "ind_events",
            "is_explained": explained,
            "explanation": cause,
            "treatment": treatment,
            "event_ids": None,
        }

    return [
        line("total", "total", 5, 5, "match"),
        line("departement", "59", 2, 3, "MISMATCH", True, "Atelier compté chez son organisateur.", "Publier 2."),
        line("departement", "non disponible", None, 1, "not_recomputable")
        | {"obs_status": "L", "n_with_data": None, "n_total": None},
    ]


def controls():
    """Rows as dbt makes them: dataset, control, programme, member, expected, actual, difference, detail."""
    e, p, t, q, r = "ind_events", "ind_participation", "ind_territories", "ind_quality", "ind_reconciliation"
    w = "ind_participants"
    o, s = "ind_organisations", "ind_satisfaction"

    def agreed(dataset, control, programme, member, count, detail=None):
        return (dataset, control, programme, member, count, count, 0, detail)

    rows = []
    for dataset in (e, p, t, q, o, s, w):
        rows += [
            agreed(dataset, "programmes_kept", None, "total", 0),
            *(agreed(dataset, name, T, "total", 0) for name in ("members_kept", "as_usual")),
        ]
    for dataset in (e, p, t, q, r, o, s, w):
        rows += [
            agreed(dataset, "every_programme", None, "total", 2),
            *(agreed(dataset, "unexplained_difference", programme, "total", 0) for programme in (T, A)),
            agreed(dataset, "rows_conserved", None, "synthese/ab12", 6, "synthese.xlsx"),
            agreed(dataset, "landed_rows", None, "synthese/ab12", 6, "synthese.xlsx"),
        ]
    for programme, events_held, attended in ((T, 5, 100), (A, 1, 30)):
        sums = ("departments_add_up", "months_add_up", "modalities_add_up")
        rows += [agreed(e, name, programme, "total", events_held) for name in (*sums, "theme_shares_add_up")]
        rows += [agreed(p, name, programme, "total", attended) for name in sums]
        rows += [
            agreed(e, "every_department_printed", programme, "department", 3),
            agreed(e, "every_month", programme, "month", 3),
            agreed(e, "lead_within_any", programme, "role", 1),
            agreed(e, "recount", programme, "total", events_held),
            agreed(p, "recount", programme, "total", attended),
            (p, "largest_share", programme, "total", 0, 0.3, 0.3, "5 événements renseignés"),
            agreed(p, "outliers", programme, "total", 0),
            agreed(p, "events_covered", programme, "total", events_held),
            agreed(q, "same_reports", programme, "QU01", events_held),
            agreed(q, "same_presences", programme, "QU02", 20),
            agreed(p, "presences_add_up", programme, "event", 20),
            agreed(p, "registrations_add_up", programme, "event", 25),
            agreed(p, "expected_add_up", programme, "event", 25),
            agreed(p, "shown_up_add_up", programme, "event", 18),
            agreed(p, "absent_add_up", programme, "event", 7),
            agreed(p, "presences_split", programme, "event", 0),
            agreed(p, "events_with_a_list", programme, "PA03", 1),
            agreed(q, "matches_add_up", programme, "denominator", 20),
            agreed(p, "lines_in_presences", programme, "total", 20),
            agreed(p, "registrations_recounted", programme, "total", 25),
            agreed(w, "persons_recounted", programme, "total", 20),
            agreed(w, "shares_make_one", programme, "gender", 1),
            agreed(e, "deleted_after_people_came", programme, "total", 0),
            agreed(e, "came_but_not_held", programme, "total", 0),
            agreed(e, "part_of_nothing", programme, "total", 0),
            agreed(e, "part_of_what_does_not_count", programme, "total", 0),
            agreed(e, "held_before_its_day", programme, "total", 0),
            agreed(e, "same_title_other_theme", programme, "total", 0),
            agreed(o, "presences_covered", programme, "total", attended),
            agreed(o, "families_add_up", programme, "organisation_family", 3),
            agreed(o, "sizes_add_up", programme, "size_band", 3),
            agreed(s, "answers_add_up", programme, "event", 40),
            agreed(s, "recount", programme, "total", 40),
            agreed(s, "more_answers_than_present", programme, "total", 0),
        ]
    return [
        *rows,
        agreed(e, "withheld_deletions", None, "synthese/ab12", 0),
        agreed(e, "list_order", None, "synthese/ab12", 0),
        agreed(o, "withheld_deletions", None, "annuaire/cd34", 0),
        agreed(q, "usual_volume", None, "synthese", 0),
        agreed(q, "unknown_event", None, "emargement", 0),
        agreed(q, "same_bytes_again", None, "emargement/ef56", 0),
        agreed(q, "source_late", None, "synthese", 0),
        agreed(t, "every_department_printed", T, "department", 3),
        agreed(t, "population_adds_up", T, "department", 1_000_000),
        agreed(t, "denominator", T, "TE01", 3),
        agreed(t, "same_attendances", T, "total", 100),
        agreed(r, "figures_compared", T, "total", 3),
        agreed(r, "stale_explanation", T, "total", 0),
    ]


@functools.cache
def _made() -> dict[str, bytes]:
    """The files of the example, sealed. Row by row they take longer to write than an audit to judge: they are written once."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        with duckdb.connect(str(directory / "warehouse.duckdb")) as connection:
            for rows in (
                events(),
                participation(),
                participants(),
                territories(),
                quality(),
                reconciliation(),
                organisations(),
                satisfaction(),
            ):
                table = rows[0]["dataset"]
                columns = RECONCILIATION_COLUMNS if table == "ind_reconciliation" else COLUMNS
                connection.execute(f"CREATE TABLE {table} ({columns})")
                connection.execute(f"CREATE TABLE {table.replace('ind_', 'ctl_')} ({CONTROL_COLUMNS})")
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [list(row.values()) for row in rows])
            for row in controls():
                connection.execute(f"INSERT INTO {row[0].replace('ind_', 'ctl_')} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        seal(directory, DICTIONARY)
        return {str(path.relative_to(place)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def required() -> list[tuple[str, str]]:
    """(dataset, expectation id) of everything that must have run."""
    return [(suite.dataset, expectation.id) for suite in read_suites() for expectation in suite.expectations]


def build(directory: Path, *statements: str) -> str:
    """The example as a sealed candidate in `directory`, after `statements` on its warehouse; the candidate hash."""
    for name, content in _made().items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if not statements:
        return candidate_hash(directory)
    with duckdb.connect(str(directory / "warehouse.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
    return seal(directory, DICTIONARY)
