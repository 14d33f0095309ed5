"""A column whose dates have day and month the other way round holds its delivery: what can be read in both orders would be read wrongly."""

import csv
import io
from pathlib import Path

import pytest
from deliveries import CONTRACTS, NOW, contract, places, raw

from sources.landing import deliver

LIST = """\
source: essai
title: Un essai
entity: registration
files: {shape: delimited, delimiter: ";"}
fields:
  registration_id: {headers: [N]}
  event: {headers: [Événement]}
  status: {constant: registered}
  registered_at: {headers: [Inscrit le], order: ORDER}
"""


def report_on(home, order, *days):
    loaded = contract(home, LIST.replace("ORDER", order))
    lines = ["N;Événement;Inscrit le", *(f"{number};A;{day}" for number, day in enumerate(days, 1))]
    raw(home, "essai", "a.csv", "\n".join(lines).encode())
    (report,) = deliver(places(home), loaded, now=NOW)
    return report


@pytest.mark.parametrize(
    ("order", "days", "sentence"),
    [
        (
            "mdy",
            ["29/11/2025 10:00", "05/11/2025 10:00", "05/11/2025 11:00"],
            "est lue avec le mois devant, mais 1 date n’a de sens qu'avec le jour devant",
        ),
        (
            "dmy",
            ["11/29/2025", "11/30/2025", "11/05/2025"],
            "est lue avec le jour devant, mais 2 dates n’ont de sens qu'avec le mois devant",
        ),
    ],
)
def test_a_column_in_the_other_order_holds_its_delivery(tmp_path, order, days, sentence):
    report = report_on(tmp_path, order, *days)
    assert (report.outcome, report.rule) == ("held", "colonne_a_l_envers")
    assert report.message.startswith(f"La colonne « Inscrit le » {sentence}")
    assert "2025" not in report.message


@pytest.mark.parametrize(
    ("order", "days", "counts"),
    [
        (
            "mdy",
            ["29/11/2025", "11/05/2025", "11/29/2025"],
            (2, 1),
        ),  # one date proves the order: the other is a typing error
        ("dmy", ["11/29/2025", "05/11/2025", "mer. 29.11.2025"], (2, 1)),
        ("dmy", ["11/29/2025", "2025-11-05", "5 novembre 2025"], (2, 1)),  # these say their order themselves
        ("dmy", ["11/29/2025", "11/30/2025"], (0, 2)),  # nothing is read wrongly
        ("dmy", ["05/11/2025", "06/11/2025"], (2, 0)),
    ],
)
def test_a_date_in_the_other_order_costs_its_row_where_the_others_are_sure(tmp_path, order, days, counts):
    report = report_on(tmp_path, order, *days)
    assert (report.outcome, report.rows_accepted, report.rows_quarantined) == ("accepted", *counts)


def test_the_sample_with_its_dates_the_other_way_round_is_held(tmp_path):
    sample = next(Path("sources/samples/mess_eventbrite").glob("*.csv"))
    first, *rows = csv.reader(io.StringIO(sample.read_text("utf-8-sig")))
    at = first.index("Order Date")
    for row in rows:
        month, day, rest = row[at].split("/", 2)
        row[at] = f"{day}/{month}/{rest}"
    spoiled = io.StringIO(newline="")
    csv.writer(spoiled).writerows([first, *rows])
    raw(tmp_path, "mess_eventbrite", sample.name, spoiled.getvalue().encode())
    (report,) = deliver(places(tmp_path), CONTRACTS["mess_eventbrite"], now=NOW)
    assert (report.outcome, report.rule) == ("held", "colonne_a_l_envers")
