"""Every figure of the golden files comes out of the rows, to the last one."""

import pytest
from golden_landing import golden, programme_of

HDF = "HDF-CONF-2023"
BREAKDOWN = {
    "total": "total",
    "departement": "department",
    "transition": "theme",
    "nb_transitions": "theme_count",
    "mois": "month",
    "modalite": "modality",
    "commune": "commune",
    "epci": "epci",
    "organisateur (tout rôle)": "organiser",
    "departement x transition": "department_theme",
}
MEMBER = {"visio": "online", "non localisé": "unknown", "presentiel": "in_person"}
COUNTED_BY = {"theme": "EV02", "department": "EV04", "month": "EV05"}


def cell_of(fact: dict[str, str]) -> tuple[str, str]:
    """Our breakdown and member for one golden fact."""
    if fact["member"] == "4 transitions (multi)":
        return "theme_count", "4"
    breakdown = BREAKDOWN[fact["dimension"]]
    parts = fact["member"].split(" x ") if breakdown == "department_theme" else [fact["member"]]
    return breakdown, "|".join(MEMBER.get(part, part) for part in parts)


def number(text: str) -> float | None:
    return float(text) if text else None


@pytest.mark.parametrize("fact", golden("derived_facts"), ids=lambda f: f"{f['dimension']}:{f['member']}")
def test_derived_fact(candidate, fact):
    breakdown, member = cell_of(fact)
    found = {
        indicator: (value, n_with, n_total)
        for indicator, value, n_with, n_total in candidate.rows(
            "select indicator, value, n_with_data, n_total from ind_participation "
            "where programme_id = ? and breakdown = ? and member = ?",
            *(HDF, breakdown, member),
        )
    }
    assert candidate.rows(
        "select value from ind_events where programme_id = ? and indicator = ? and breakdown = ? and member = ?",
        *(HDF, COUNTED_BY.get(breakdown, "EV01"), breakdown, member),
    ) == [(float(fact["n_events"]),)]
    assert found["PA01"] == (
        number(fact["participants_sum"]),
        int(fact["n_events_with_participants"]),
        int(fact["n_events"]),
    )
    assert found["PA01"][2] - found["PA01"][1] == int(fact["n_missing"])
    assert found["PA08"][0] == number(fact["participants_median"])
    assert found["PA01_min"][0] == number(fact["participants_min"])
    assert found["PA01_max"][0] == number(fact["participants_max"])
    assert found["PA07"][0] == pytest.approx(number(fact["participants_mean_2dp"]), abs=0.00501)
    assert found["PA01_max_share"][0] == pytest.approx(number(fact["largest_share"]), abs=0.0000501)


def french(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace(".", ",")


# indicator → the cells its golden text gives, and how it writes them
GOLDEN_WORDING = {
    "EV01": [("total", "total", lambda r: f"{r['value']:.0f}")],
    "EV02": [("theme", code, lambda r, c=code: f"{c} {r['value']:.0f}") for code in ("ECOL", "SOC", "ECO", "ORG")]
    + [("total", "total", lambda r: f"somme des mentions {r['value']:.0f}")],
    "EV03": [("theme", code, lambda r, c=code: f"{c} {french(r['value'], 2)}") for code in ("ECOL", "SOC", "ECO")]
    + [("theme", "ORG", lambda r: f"ORG {french(r['value'], 1)}")],
    "EV04": [
        ("department", member, lambda r, label=label: f"{label}:{r['value']:.0f}")
        for member, label in [(d, d) for d in ("02", "59", "60", "62", "80")]
        + [("online", "visio"), ("unknown", "n.d.")]
    ],
    "EV05": [("month", f"2023-{month:02}", lambda r: f"{r['member'][-2:]}:{r['value']:.0f}") for month in range(4, 13)],
    "EV06": [
        ("total", "total", lambda r: f"{r['numerator']:.0f}/{r['denominator']:.0f} = {french(100 * r['value'], 1)} %")
    ],
    "EV07": [
        ("total", "total", lambda r: f"{r['numerator']:.0f}/{r['denominator']:.0f} = {french(100 * r['value'], 1)} %")
    ],
    "EV08": [
        ("role", "any", lambda r: f"{r['value']:.0f} ("),
        ("role", "lead", lambda r: f"({r['value']:.0f} chefs de file"),
    ],
    "PA01": [("total", "total", lambda r: f"{r['value']:.0f} ({r['n_with_data']}/{r['n_total']})")],
    "PA07": [
        ("total", "total", lambda r: f"{r['numerator']:.0f}/{r['denominator']:.0f} = {french(r['value'], 2)}"),
    ],
    "PA08": [("total", "total", lambda r: f"{r['value']:.0f}")],
    "TE01": [
        ("total", "total", lambda r: f"{r['numerator']:.0f}/{r['denominator']:.0f} = {french(100 * r['value'], 0)} %")
    ],
    "TE02": [
        ("total", "total", lambda r: f"{r['numerator']:.0f}/{r['denominator']:.0f} = {french(100 * r['value'], 1)} %")
    ],
    "TE03": [
        (
            "total",
            "total",
            lambda r: (
                f"{r['numerator']:_.0f}/{r['denominator']:_.0f} = ".replace("_", " ")
                + f"{french(100 * r['value'], 1)} %"
            ),
        )
    ],
    "TE04": [("total", "total", lambda r: f"région {french(r['value'], 1)}")]
    + [("department", code, lambda r: f"{r['member']} {french(r['value'], 1)}") for code in ("02", "59", "62", "80")]
    + [("department", "60", lambda r: f"60 {r['value']:.0f}")],
    "QU01": [
        ("total", "total", lambda r: f"{r['numerator']:.0f}/{r['denominator']:.0f} = {french(100 * r['value'], 1)} %")
    ],
}
TABLE = {"EV": "ind_events", "PA": "ind_participation", "TE": "ind_territories", "QU": "ind_quality"}


@pytest.mark.parametrize("code", GOLDEN_WORDING)
def test_indicator_as_its_golden_text_writes_it(candidate, code):
    text = next(row["golden_hdf2023"] for row in golden("indicators") if row["code"] == code)
    for breakdown, member, wording in GOLDEN_WORDING[code]:
        columns = ("member", "value", "numerator", "denominator", "n_with_data", "n_total")
        (row,) = candidate.rows(
            f"select {', '.join(columns)} from {TABLE[code[:2]]} "
            "where programme_id = ? and indicator = ? and breakdown = ? and member = ?",
            *(HDF, code, breakdown, member),
        )
        assert wording(dict(zip(columns, row, strict=True))) in text


def test_fractional_themes_add_up_to_the_events(candidate):
    ((total,),) = candidate.rows("select sum(value) from ind_events where programme_id = ? and indicator = 'EV03'", HDF)
    assert total == pytest.approx(36)


@pytest.mark.parametrize("line", golden("reconciliation"), ids=lambda line: line["agg_id"])
def test_reconciliation_line(candidate, line):
    found = candidate.rows(
        "select reconciliation_status, recomputed, difference from ind_reconciliation "
        "where programme_id = ? and indicator = ? and breakdown = ? and member = ?",
        *(programme_of(line["agg_id"]), line["indicator"], line["dimension"], line["member"]),
    )
    assert found == [(line["status"], number(line["recomputed"]), number(line["diff"]))]


def test_a_figure_set_beside_a_printed_one_says_of_itself_what_its_own_table_says(candidate):
    told = """from ind_reconciliation as ours
        join ind_participation as own using (programme_id)
        where own.breakdown = 'total' and ours.breakdown = 'total' and ours.value = own.value
            and own.indicator = case ours.indicator when 'nb_participants' then 'PA01' when 'moyenne_participants' then 'PA07' end"""
    same = "(own.upper, own.obs_status) is not distinct from (ours.upper, ours.obs_status)"
    assert candidate.rows(f"select ours.programme_id, ours.indicator {told} and not ({same})") == []
    assert candidate.rows(f"select count(*) {told} and ours.obs_status = 'P'")[0][0] > 0


def test_reconciliation_has_the_golden_lines_and_no_other(candidate):
    assert candidate.rows("select count(*) from ind_reconciliation") == [(len(golden("reconciliation")),)]


@pytest.mark.parametrize(
    "line",
    [line for line in golden("reconciliation") if line["indicator"] == "nb_evenements" and "HDF" in line["event_ids"]],
    ids=lambda line: line["agg_id"],
)
def test_the_events_behind_a_reconciled_figure(candidate, line):
    ((found,),) = candidate.rows(
        "select event_ids from ind_reconciliation where programme_id = ? and indicator = ? and breakdown = ? and member = ?",
        *(programme_of(line["agg_id"]), line["indicator"], line["dimension"], line["member"]),
    )
    assert found == line["event_ids"]


def test_organisers_and_roles_are_the_golden_ones(candidate):
    # the golden file names the organisations of an event; a label that names none (« 10 ans de la loi ») has none
    expected = {(row["event_id"], row["organiser_id"], int(row["rank"])) for row in golden("event_organiser")}
    found = candidate.rows(
        "select event_id, organisation_id, rank from bridge_event_organiser "
        "join dim_event using (event_key) join dim_organisation using (organisation_key)"
    )
    assert set(found) == expected
    assert all(
        is_lead == (rank == 1) == (role == "organiser")
        for role, rank, is_lead in candidate.rows("select role, rank, is_lead from bridge_event_organiser")
    )


def test_every_conflict_is_explained_and_nothing_else_asks_to_be(candidate):
    needing = {"MISMATCH", "TITLE_CONFLICT", "LABEL_CONFLICT", "EXTERNAL_CONFLICT"}
    expected = {line["agg_id"] for line in golden("reconciliation") if line["status"] in needing}
    found = candidate.rows("select is_explained from ind_reconciliation where is_explained is not null")
    assert [explained for (explained,) in found] == [True] * len(expected)


@pytest.mark.parametrize(
    ("programme", "indicator", "expected"),
    [
        # BRIEF: « environ 150 » ± 10 %, « une quinzaine » 12 to 18, « en grand nombre » is no number
        ("CVL-CONF-2018", "PA01", (150, 135, 165, 1, 1, "E")),
        ("ERROL-CONSULT-2025", "PA01", (15, 12, 18, 1, 1, "E")),
        ("AVISE-RNA-2024", "PA01", (None, None, None, 0, 1, "L")),
        ("CVL-CONCERT-2024", "PA01", (None, None, None, 0, 6, "L")),
        (HDF, "PA01", (1055, 1055, None, 33, 36, "P")),
        ("AVISE-RNA-2024", "TE02", (None, None, None, 1, 1, "M")),
        ("ERROL-CONSULT-2025", "TE01", (None, None, None, 0, 1, "L")),
    ],
)
def test_what_is_not_exactly_known_says_so(candidate, programme, indicator, expected):
    columns = "value, lower, upper, n_with_data, n_total, obs_status"
    assert candidate.rows(
        f"select {columns} from {TABLE[indicator[:2]]} where programme_id = ? and indicator = ? and breakdown = 'total'",
        *(programme, indicator),
    ) == [expected]


def test_a_partial_total_says_at_least(candidate):
    ((caveat,),) = candidate.rows(
        "select caveat from ind_participation where programme_id = ? and indicator = 'PA01' and breakdown = 'total'",
        HDF,
    )
    assert caveat.startswith("Au moins 1\u202f055 : effectif connu pour 33 événements sur 36.")
