"""Tables of the tidy shape: what becomes secret, what is hidden with it, and every way a spoiled table is caught.

The numbers are made by hand. `leaky` prints a table as somebody careless would have (only what is small is emptied), and
the audit must find what follows from it.
"""

import json
import math
import random
import sys
from dataclasses import replace

import hand_made
import numpy as np
import pyarrow as pa
import pytest
import watched
from watched import CATEGORIES, NAMES, POLICIES, count, nothing, protect, public, share, signs, table

from publication import disclosure
from publication.disclosure import cells as reading
from publication.disclosure import protection
from publication.disclosure.attack import Attacker
from publication.disclosure.audit import audit, is_exact
from publication.disclosure.policy import VOCABULARY, PolicyError, read
from publication.disclosure.system import System, Variable

SECRET = "Secret statistique : trop peu de personnes, ou masqué pour qu’une autre case ne puisse pas être retrouvée."


def leaky(events=dict, **emptied):
    """The audit of tables where only the named lines are emptied. `emptied`: dataset → rows and members to empty."""

    def audited(*rows):
        by_dataset = {}
        for row in rows:
            by_dataset.setdefault(row[0], []).append(row)
        tables = {name: table(r) for name, r in by_dataset.items()}
        cells = reading.read(tables, POLICIES)
        reading.tie(cells, POLICIES, events())
        suppressed = {n for n, line in enumerate(cells.lines) if line.key[3] in emptied.get(line.dataset, ())}
        return audit(cells, {name: protection._marked(t, name, cells, suppressed) for name, t in tables.items()})

    return audited


# --- what is secret by itself --------------------------------------------------------------------------------------


def test_a_small_cell_takes_the_cheapest_other_with_it():
    """3 elected out of 100: without another empty cell, 100 − 20 − 60 − 17 gives them back; 17 is the cheapest."""
    result = protect(*CATEGORIES)
    assert not result.reasons
    assert signs(result) == {
        "PE02|participant_category|elected": "Q/A",
        "PE02|participant_category|agent": "A/F",
        "PE02|participant_category|ess": "A/F",
        "PE02|participant_category|other": "Q/D",
    }
    report = result.report["ind_participants"]
    assert (report["primary"], report["secondary"]) == (1, 1)
    assert report["cells"][0]["cell"] == f"{hand_made.HDF}|PE02|participant_category|elected|2023-04/2023-12"
    assert report["cells"][0]["width"] == 20  # 0 to 20, what the two hide together
    assert [cell["conf_status"] for cell in report["cells"]] == ["A", "D"]
    assert report["held"] == report["suppressed_whole"] == []


def test_a_secret_line_keeps_no_number_and_says_why():
    """How many persons said their category, and how many there are, are numbers too."""
    members = (("elected", 3), ("agent", 20), ("ess", 60), ("other", 17))
    rows = [share("PE02", "participant_category", m, n, 100, n_with_data=100, n_total=120) for m, n in members]
    printed_ = protect(*rows).tables["ind_participants"]
    [secret] = [row for row in printed_.to_pylist() if row["conf_status"] == "A"]
    numbers = ("value", "lower", "upper", "numerator", "denominator", "n_with_data", "n_total")
    assert all(secret[name] is None for name in numbers)
    assert secret["caveat"] == SECRET
    assert disclosure.reasons(printed_) == []
    # of how many events registrations came is no number of persons
    [line] = protect(count("PA03", "event", "a1", 3, n_with_data=1, n_total=1)).tables["ind_participation"].to_pylist()
    assert (line["conf_status"], line["value"], line["n_with_data"], line["n_total"]) == ("A", None, 1, 1)


def test_the_twin_a_table_where_only_the_small_cell_is_emptied_is_caught():
    audited = leaky(ind_participants={"elected"})(*CATEGORIES)
    assert [finding.width for finding in audited.narrow] == [0]


def test_two_small_cells_that_hide_less_than_the_threshold_are_caught():
    """1 and 2 persons: together 3, so that each lies between 0 and 3, and not between 0 and 5."""
    rows = [share("PE02", "participant_category", m, n, 93) for m, n in (("elected", 1), ("agent", 2), ("ess", 90))]
    audited = leaky(ind_participants={"elected", "agent"})(*rows)
    # the 90 that are printed give the 3 exactly
    assert {finding.width for finding in audited.narrow if finding.single is None} == {3, 0}
    result = protect(*rows)
    assert not result.reasons and set(signs(result).values()) == {"Q/A"}  # the 90 are all but 3


def test_all_but_a_few_is_as_telling_as_a_few():
    """38 women out of 40: two persons are not women."""
    rows = [
        share("PE01", "month", "2023-04", 38, 40),
        share("PE01", "month", "2023-05", 20, 40),
        share("PE01", "total", "total", 58, 80),
    ]
    assert signs(protect(*rows))["PE01|month|2023-04"] == "Q/A"
    assert leaky()(*rows).narrow


def test_a_zero_is_printed():
    rows = [
        share("PE01", "gender", "F", 30, 50),
        share("PE01", "gender", "H", 20, 50),
        share("PE01", "gender", "X", 0, 50),
    ]
    assert set(signs(protect(*rows)).values()) == {"A/F"}


def test_no_personal_trait_for_an_event_of_less_than_eleven():
    rows = [
        share("PE01", "event", "a1", 5, 10),
        share("PE01", "event", "a2", 5, 11),
        share("PE01", "total", "total", 40, 80),
    ]
    found = signs(protect(*rows))
    assert found["PE01|event|a1"] == "Q/A" and found["PE01|event|a2"] in ("A/F", "Q/D")


def test_one_to_four_women_or_men_of_an_event_are_secret_too():
    """2 of 20 women, all but 3, none, all of them, and ten of each."""
    rows = [
        share("PE01", "event", member, women, 20)
        for member, women in (("a1", 2), ("a2", 17), ("a3", 0), ("a4", 20), ("a5", 10))
    ]
    found = signs(protect(*rows))
    assert found == {
        "PE01|event|a1": "Q/A",
        "PE01|event|a2": "Q/A",
        "PE01|event|a3": "A/F",
        "PE01|event|a4": "A/F",
        "PE01|event|a5": "A/F",
    }


def test_organisations_are_secret_under_three():
    rows = [
        share("OR02", "organisation_family", m, n, 60, "ind_organisations")
        for m, n in (("association", 50), ("foundation", 2), ("mutual", 3), ("non_ess", 5))
    ]
    found = signs(protect(*rows), "ind_organisations")
    assert found["OR02|organisation_family|foundation"] == "Q/A"
    assert found["OR02|organisation_family|mutual"] == "Q/D"
    assert found["OR02|organisation_family|association"] == "A/F"


def test_few_applications_are_hidden_in_every_column_and_line():
    """2 applications, one accepted: n_total says the 2, n_with_data that both are settled, and n_total of the labelled events held the 1."""
    d, more = "ind_events", {"n_with_data": 2, "n_total": 2}
    labelled = share("EV10", "total", "total", 1, 1, d, n_with_data=1, n_total=1)
    result = protect(share("EV09", "total", "total", 1, 2, d, **more), labelled, count("EV01", "total", "total", 30, d))
    assert not result.reasons
    assert signs(result, d) == {"EV09|total|total": "Q/A", "EV10|total|total": "Q/D", "EV01|total|total": "A/F"}
    assert result.tables[d]["n_with_data"].to_pylist() == result.tables[d]["n_total"].to_pylist() == [None, None, None]
    enough = share("EV09", "total", "total", 1, 3, d, n_with_data=3, n_total=3)
    assert set(signs(protect(enough, labelled), d).values()) == {"A/F"}


def test_organisations_of_a_directory_are_some_of_the_organisations():
    """The lower bound counts those that a directory knows, of one family too; how many presences name an organisation is said of all of them."""
    d, more = "ind_organisations", {"n_with_data": 30, "n_total": 40}
    families = (("association", 9, 7), ("mutual", 6, 0), ("foundation", 5, 4))
    rows = [
        count("OR01", "organisation_family", member, n, d, lower=float(listed_), **more)
        for member, n, listed_ in families
    ]
    rows.append(count("OR01", "total", "total", 20, d, lower=11.0, **more))
    assert not protect(*rows).reasons
    cells = reading.read({d: table(rows)}, POLICIES)
    names = {variable.name[1:4] for variable in cells.system.variables}
    assert ("presences", (), ("total", "total")) in names and len(names) == 10
    reading.tie(cells, POLICIES, {})
    place = cells.system.by_name[hand_made.HDF, "structures_presentes", (), ("total", "total"), ""]
    attacker = Attacker(cells.system)
    attacker.print([variable.name[1] == "structures_presentes" for variable in cells.system.variables])
    assert attacker.lowest(place).value == 11


def test_satisfaction_needs_eleven_answers_and_recommendation_thirty():
    d = "ind_satisfaction"
    rows = [
        hand_made.row(d, "SA01", "event", "a1", 0.8, numerator=8.0, denominator=10.0),
        hand_made.row(d, "SA01", "event", "a2", 0.8, numerator=9.6, denominator=12.0),
        hand_made.row(d, "SA01", "event", "a3", 0.7, numerator=28.0, denominator=40.0),
        hand_made.row(d, "SA03", "total", "total", 20.0, numerator=4.0, denominator=20.0, unit="nps"),
        hand_made.row(d, "SA03", "event", "a1", 10.0, numerator=1.0, denominator=10.0, unit="nps"),
        hand_made.row(d, "SA03", "event", "a4", 20.0, numerator=6.0, denominator=30.0, unit="nps"),
    ]
    result = protect(*rows, *(count("PA02", "event", f"a{n}", 40) for n in range(1, 7)))
    assert set(signs(result, "ind_participation").values()) == {"A/F"}
    found = signs(result, d)
    assert found["SA01|event|a1"] == "Q/A" and found["SA01|event|a2"] == found["SA01|event|a3"] == "A/F"
    assert found["SA03|total|total"] == "N/F" and found["SA03|event|a1"] == "Q/A" and found["SA03|event|a4"] == "A/F"


def answered(**events):
    """The rate of answers by event and of all: who answered, of the present."""
    rows = [share("SA04", "event", name, top, base, "ind_satisfaction") for name, (top, base) in events.items()]
    tops, bases = zip(*events.values(), strict=True)
    return [*rows, share("SA04", "total", "total", sum(tops), sum(bases), "ind_satisfaction")]


def test_answers_are_no_more_than_the_present_and_one_at_least():
    """Of 3 present 1 to 3 answered, as there is a line and 3 came, which is public. Hidden with the 4 of 12 they leave these 4 to 2, and not 5."""
    tables = {"ind_satisfaction": table(answered(a1=(2, 3), a2=(4, 12), a3=(10, 30), a4=(12, 40)))}
    cells = reading.read(tables, POLICIES)
    reading.tie(cells, POLICIES, public("a1", "a2", "a3", "a4"))
    place = {line.key[3]: line.columns["numerator"] for line in cells.lines}
    attacker = Attacker(cells.system)
    suppressed = {n for n, line in enumerate(cells.lines) if line.key[3] in ("a1", "a2")}
    attacker.print(cells.system.hidden(suppressed))
    assert [(attacker.lowest(place[n]).value, attacker.highest(place[n]).value) for n in ("a1", "a2")] == [(1, 3), (3, 5)]  # fmt: skip
    secret = cells.system.variables[place["a1"]]
    assert (secret.need_low, secret.need_high) == (1, 3)
    [rest] = [v for v in cells.system.variables if v.name[0] == "complement" and v.name[1] == secret.name]
    assert (rest.need_low, rest.need_high) == (0, 2)


def test_who_was_alone_at_an_event_hides_nobody():
    """1 of 1 answered, as there is a line: hidden with 3 of 3 it leaves the 3, and 1 to 3 of 3 must seem possible. 5 of them are 1 and these 4."""
    result = protect(
        *answered(a1=(1, 1), a2=(3, 3), a3=(10, 30), a4=(12, 40)), events=lambda: public("a1", "a2", "a3", "a4")
    )
    assert not result.reasons
    found = signs(result, "ind_satisfaction")
    assert found["SA04|event|a1"] == found["SA04|event|a2"] == "Q/A"
    assert "Q/D" in (found["SA04|event|a3"], found["SA04|event|a4"], found["SA04|total|total"])


@pytest.mark.parametrize("balance", [0, 1, -2])
def test_as_many_promoters_as_detractors_is_a_secret_too(balance):
    """0 of 10 answers: 10 % of nothing is nothing, and the total less the other event would give it. 1 more is nobody alone, and 2 less are fewer
    than none."""
    lines = (("event", "a1", balance, 10), ("event", "a2", 12, 40), ("total", "total", 12 + balance, 50))
    rows = [
        hand_made.row(
            "ind_satisfaction", "SA03", breakdown, member, 100 * n / of, numerator=float(n), denominator=float(of)
        )
        for breakdown, member, n, of in lines
    ]
    numbers = reading.read({"ind_satisfaction": table(rows)}, POLICIES).system.variables
    [secret] = [number for number in numbers if number.is_sensitive]
    assert secret.need_low == balance - max(abs(balance), 1) / 10 and not any(number.is_single for number in numbers)
    result = protect(*rows, events=lambda: public("a1", "a2"))
    found = signs(result, "ind_satisfaction")
    assert not result.reasons and found["SA03|event|a1"] == "Q/A" and "Q/D" in found.values()


def test_one_dominant_contributor(tmp_path):
    """A budget where one structure makes 90 %: secret by dominance, and known to nobody within 10 %: 89 hide too little of 900."""
    (tmp_path / "ind_organisations.yml").write_text("""
dataset: ind_organisations
why: Budgets des structures, pour l’essai.
rules:
  - {indicators: [OR90], threshold: montants, why: Un montant décrit qui le fait.}
  - {indicators: ["OR90_max*"], threshold: libre, why: Sert à juger la dominance.}
counts:
  OR90: {value: {of: montants_declares}, denominator: {of: structures_presentes}}
""")
    words = tmp_path / "vocabulary" / "words.yml"
    words.parent.mkdir()
    words.write_text(
        disclosure.policy.VOCABULARY.read_text().replace(
            "quantities:\n",
            "quantities:\n  montants_declares: {adds_up: events, is_sum: true, why: Euros déclarés.}\n",
            1,
        )
    )
    d = "ind_organisations"
    rows = [
        hand_made.row(d, "OR90", "department", "02", 900.0, denominator=6.0),
        hand_made.row(d, "OR90", "department", "59", 800.0, denominator=7.0),
        hand_made.row(d, "OR90", "total", "total", 1789.0, denominator=16.0),
        hand_made.row(d, "OR90_max_share", "department", "02", 0.9),
        hand_made.row(d, "OR90_max_share", "department", "59", 0.2),
        hand_made.row(d, "OR90", "department", "62", 89.0, denominator=3.0),
    ]
    result = disclosure.protect({d: table(rows)}, read(tmp_path, words))
    assert not result.reasons
    found = signs(result, d)
    assert found["OR90|department|02"] == "Q/O" and found["OR90|department|59"] == "Q/D"
    assert found["OR90|department|62"] == "A/F"
    rows[3] = hand_made.row(d, "OR90_max_share", "department", "02", 0.85)  # 85 % is not more than 85 %
    assert set(signs(disclosure.protect({d: table(rows)}, read(tmp_path, words)), d).values()) == {"A/F"}


def test_public_facts_are_never_touched():
    rows = [
        count("PA01", "department", "02", 3),
        count("PA02", "event", "a1", 2),
        hand_made.row("ind_events", "EV01", "commune", "02691", 1),
    ]
    result = protect(*rows)
    assert result.tables["ind_participation"].equals(table(rows[:2]))
    assert result.report["ind_events"] == {"primary": 0, "secondary": 0, "cells": []}


def test_a_mean_above_one_leaves_nobody_over():
    """6 presences of 3 persons: what is left of the 3 counts nothing, and contradicts nothing."""
    lines = (("department", "02", 6, 3), ("department", "59", 40, 30), ("department", "80", 50, 30), ("total", "total", 96, 63))  # fmt: skip
    result = protect(*(share("PA11", *line, "ind_participation") for line in lines))
    assert not result.reasons
    assert [sign for sign in signs(result, "ind_participation").values()] == ["Q/A", "Q/D", "A/F", "A/F"]


def test_of_what_two_lines_ask_of_a_number_the_wider_holds():
    number = Variable(("a number",), 4.0)
    for low, high in ((2.0, 5.0), (0.0, 11.0), (1.0, 6.0)):
        reading._need(number, low, high)
    assert (number.need_low, number.need_high) == (0.0, 11.0)


def test_a_line_that_no_rule_covers_keeps_the_table_back():
    result = protect(count("PA99", "total", "total", 12))
    assert result.reasons == {
        "ind_participation": [
            "Aucune règle de secret ne couvre PA99 : l’ajouter à publication/disclosure/policies/ind_participation.yml."
        ]
    }
    assert protect(hand_made.row("ind_unheard_of", "XX01", value=1.0)).reasons.keys() == {"ind_unheard_of"}


def test_two_lines_that_disagree_on_what_they_count_keep_the_table_back():
    """13 or 14 persons of one department: one of the two is something else, and what ties it to the others would be lost. A table is held against those
    that come before it too."""
    d, rows = "ind_participation", [share("PA11", "department", "60", 14, 14, "ind_participation")]
    [reason] = protect(*rows, share("PA10", "department", "60", 6, 13, d)).reasons[d]
    assert (
        f"({hand_made.HDF}|PA10|department|60|2023-04/2023-12)" in reason and "policies/ind_participation.yml" in reason
    )
    assert not protect(*rows, share("PA10", "department", "60", 6, 14, d)).reasons
    people = share("PE02", "participant_category", "ess", 6, 12, n_with_data=12, n_total=15)
    for total, kept in ((14, {d}), (15, set())):
        assert protect(people, share("PA11", "total", "total", 20, total, d)).reasons.keys() == kept


# --- equations: for each, the printed table that forgets it is caught ------------------------------------------------


def test_shares_and_their_complements():
    """PA05 is 1 − PA04: hiding one of them hides nothing."""
    rows = [
        share("PA04", "event", "a1", 3, 4, "ind_participation"),
        share("PA05", "event", "a1", 1, 4, "ind_participation"),
    ]
    result = protect(*rows)
    assert set(signs(result, "ind_participation").values()) == {"Q/A"} and not result.reasons
    cells = reading.read({"ind_participation": table(rows)}, POLICIES)
    reading.tie(cells, POLICIES, {})
    only_one = protection._marked(table(rows), "ind_participation", cells, {0})
    assert audit(cells, {"ind_participation": only_one}).narrow


def test_a_mean_and_its_count_give_the_sum():
    """A table that keeps the mean and the count of a secret line gives the sum: the audit reads what is printed."""
    d = "ind_satisfaction"
    tables = {d: table([hand_made.row(d, "SA01", "event", "a1", 0.8, numerator=8.0, denominator=10.0)])}
    cells = reading.read(tables, POLICIES)
    reading.tie(cells, POLICIES, {})
    marked = protection._marked(tables[d], d, cells, {0})
    assert not audit(cells, {d: marked}).narrow
    spoiled = marked.set_column(NAMES.index("value"), "value", pa.array([0.8]))
    assert audit(cells, {d: spoiled}).narrow
    # of so many answers, no more than the highest note each
    answers = marked.set_column(NAMES.index("denominator"), "denominator", pa.array([10.0]))
    assert [(finding.low, finding.high) for finding in audit(cells, {d: answers}).findings] == [(0, 10)]


def test_the_numbers_of_a_table_are_those_that_it_is_read_for():
    """Of earlier releases only the numbers are asked for: repeated members, shares and their rest, tables that disagree."""
    d = "ind_participation"
    by_period = [hand_made.row(d, "PA02", "event", "a3", n, period=p) for n, p in ((4.0, "2023"), (5.0, "2024"))]
    rows = [
        *watched.walk_ins(),
        *by_period,
        count("PA02", "total", "total", 80),
        hand_made.row(d, "PA02", "event", "a4", None),
    ]
    others = [
        share("PE02", "participant_category", m, n, 41, "ind_participants") for m, n in (("agent", 1), ("ess", 40))
    ]
    disagreeing = [
        share("PE02", "total", "total", 3, 17, "ind_participants"),
        share("PE03", "total", "total", 3, 18, "ind_participants"),
    ]
    disagreeing += [share("PE02", "event", "a1", top, base, "ind_participants") for top, base in ((20, 30), (20, 31))]
    rows.append(hand_made.row(d, "PA02", "event", "a5", None, n_with_data=0))
    given = {d: table(rows), "ind_participants": table([*others, *disagreeing])}
    system = reading.read(given, POLICIES).system
    found = reading.Numbers(system, reading.Naming(POLICIES))
    assert found.of(given).tolist() == [v.true_value for v in system.variables]
    assert {v.name[0] for v in system.variables} > {"complement"} and any(len(v.name) == 6 for v in system.variables)
    # the same lines with other numbers, and in another release a line less
    agents = next(n for n, v in enumerate(system.variables) if v.name[2] == (("participant_category", "agent"),))
    others[0] = share("PE02", "participant_category", "agent", 4, 41, "ind_participants")
    assert found.of({"ind_participants": table(others)})[agents] == 4
    assert np.isnan(found.of({"ind_participants": table(others[1:])})[agents])
    # where today's tables agree, in another release they may not
    system = reading.read({d: table(rows[:2])}, POLICIES).system
    found = reading.Numbers(system, reading.Naming(POLICIES))
    assert found.of({d: table([*rows[:2], count("PA02", "event", "a1", 41)])}).tolist() == [40, 40]


def test_how_many_a_line_without_a_number_is_about_is_a_number():
    """2 of 3 present answered, and gave no note: beside the share that is secret, n_total of the notes is the 2. Nobody said her gender: n_total
    is the 3 persons there are. What else is said of the event does not add up, and hides none of it."""

    def without(indicator, breakdown, member, n_total, dataset):
        return hand_made.row(
            dataset, indicator, breakdown, member, None, obs_status="L", n_with_data=0, n_total=n_total
        )

    answers, people = "ind_satisfaction", "ind_participants"
    result = protect(
        share("SA04", "event", "a1", 2, 3, answers),
        *(
            without(code, "event", member, 2, answers)
            for code, member in (("SA01", "a1"), ("SA02", "a1"), ("SA01", "a2"))
        ),
        without("PE01", "total", "total", 3, people),
        count("PA09", "total", "total", 3, lower=3.0),
        count("PA02", "event", "a1", 40),
        count("PA06", "event", "a1", 3),
        share("PA04", "event", "a1", 20, 30, "ind_participation"),
    )
    assert not result.reasons
    assert signs(result, answers) == {
        "SA04|event|a1": "Q/A",
        "SA01|event|a1": "Q/D",
        "SA02|event|a1": "Q/D",
        "SA01|event|a2": "L/F",
    }
    assert signs(result, people) == {"PE01|total|total": "Q/D"}
    assert result.tables[answers]["n_total"].to_pylist() == [None, None, None, 2]
    assert result.tables[people]["n_total"].to_pylist() == [None]


def test_indicators_that_count_the_same_people_share_their_numbers():
    """The public total (PA02) less those who came unregistered (PA06) is the registered who came (PA04)."""
    rows = watched.walk_ins()
    tables = {"ind_participation": table(rows)}
    cells = reading.read(tables, POLICIES)
    reading.tie(cells, POLICIES, {})
    only_small = protection._marked(tables["ind_participation"], "ind_participation", cells, {4})
    assert 0 in {finding.width for finding in audit(cells, {"ind_participation": only_small}).narrow}
    result = protect(*rows)
    assert not result.reasons
    assert {name: sign for name, sign in signs(result, "ind_participation").items() if sign[0] == "Q"} == {
        "PA06|event|a1": "Q/D",
        "PA04|event|a1": "Q/A",
    }


def test_a_table_of_another_dataset_may_have_to_give_way():
    """2 of the 40 are recognised (QU02): no more than 2 of the 3 registered came, which narrows what is to be hidden."""
    quality = [share("QU02", "event", "a1", 2, 40, "ind_quality"), share("QU02", "event", "a2", 30, 40, "ind_quality")]
    result = protect(*watched.walk_ins(), *quality)
    assert not result.reasons
    assert signs(result, "ind_quality") == {"QU02|event|a1": "Q/D", "QU02|event|a2": "A/F"}
    tables = {"ind_participation": table(watched.walk_ins()), "ind_quality": table(quality)}
    cells = reading.read(tables, POLICIES)
    reading.tie(cells, POLICIES, {})
    assert audit(cells, result.tables | {"ind_quality": tables["ind_quality"]}).narrow


def listed(*events):
    """Tables by event and of the programme. An event: (name, registered, came, walk-ins); None for a list that never came, and for
    walk-ins that are not given because too few are recognised."""
    d, rows = "ind_participation", []
    for name, registered, came, walk_ins in events:
        if registered is None:
            rows.append(nothing("PA03", name))
        else:
            rows.append(count("PA03", "event", name, registered))
        if registered is None or came is None:
            rows += [nothing(code, name) for code in ("PA04", "PA05", "PA06")]
            continue
        rows += [
            share("PA04", "event", name, came, registered, d),
            share("PA05", "event", name, registered - came, registered, d),
        ]
        if isinstance(walk_ins, int):
            rows += [count("PA02", "event", name, came + walk_ins), count("PA06", "event", name, walk_ins)]
        else:
            (walk_ins,) = walk_ins
            rows += [count("PA02", "event", name, came + walk_ins), nothing("PA06", name, n_with_data=1)]
    both = [event for event in events if event[1] is not None and event[2] is not None]
    registered, came = sum(event[1] for event in both), sum(event[2] for event in both)
    walk_ins = sum(event[3] if isinstance(event[3], int) else event[3][0] for event in both)
    return [
        *rows,
        count("PA03", "total", "total", sum(event[1] or 0 for event in events)),
        share("PA04", "total", "total", came, registered, d),
        share("PA05", "total", "total", registered - came, registered, d),
        count("PA02", "total", "total", came + walk_ins),
        count("PA06", "total", "total", walk_ins),
    ]


def printed(rows, events, *secret):
    """The audit when only these lines (indicator, event) are emptied."""
    tables = {"ind_participation": table(rows)}
    cells = reading.read(tables, POLICIES)
    reading.tie(cells, POLICIES, events)
    assert not cells.not_additive
    hidden = {n for n, line in enumerate(cells.lines) if (line.key[1], line.key[3]) in secret}
    assert len(hidden) == len(secret)
    return audit(cells, {name: protection._marked(t, name, cells, hidden) for name, t in tables.items()})


def lines_of(event):
    return [(code, event) for code in ("PA03", "PA04", "PA05", "PA06")]


def test_the_total_less_the_other_events_does_not_give_a_small_one():
    """3 registered at a1, 20 at a2, 30 at a3: 53 − 20 − 30 is the 3."""
    rows, events = listed(("a1", 3, 2, 5), ("a2", 20, 10, 4), ("a3", 30, 20, 6)), public("a1", "a2", "a3")
    assert 0 in {finding.width for finding in printed(rows, events, *lines_of("a1")).narrow}
    result = protect(*rows, events=lambda: events)
    found = signs(result, "ind_participation")
    assert not result.reasons
    assert found["PA03|event|a1"] == found["PA04|event|a1"] == found["PA05|event|a1"] == "Q/A"
    # the cheapest other event goes with it, whole; how many came is public
    assert {cell: sign for cell, sign in found.items() if sign == "Q/D"} == {
        f"{code}|event|{event}": "Q/D"
        for code, event in (("PA06", "a1"), ("PA03", "a2"), ("PA04", "a2"), ("PA05", "a2"), ("PA06", "a2"))
    }
    assert all(found[f"PA02|event|{event}"] == "A/F" for event in ("a1", "a2", "a3"))


def test_registrations_are_those_of_the_show_up_rate_where_both_lists_came():
    """Of a1 and a2 no registration is printed; the show-up rate of a2 is, and its 20 give the 3 of a1."""
    rows, events = listed(("a1", 3, 2, 5), ("a2", 20, 10, 4), ("a3", 30, 20, 6)), public("a1", "a2", "a3")
    assert printed(rows, events, *lines_of("a1"), ("PA03", "a2")).narrow
    assert not printed(rows, events, *lines_of("a1"), *lines_of("a2")).narrow


def test_an_event_without_a_list_hides_nobody():
    """Only a1 is emptied. a2 says that no list came: it cannot be thought to hold some of the 3."""
    rows, events = (
        listed(("a1", 3, None, 0), ("a2", None, None, 0), ("a3", 30, None, 0)),
        public("a1", "a2", "a3", "a4"),
    )
    rows = [row for row in rows if row[2] in ("PA03",)]
    assert {finding.width for finding in printed(rows, events, ("PA03", "a1")).narrow} == {0}
    result = protect(*rows, events=lambda: events)
    assert not result.reasons and signs(result, "ind_participation")["PA03|event|a3"] == "Q/D"


@pytest.mark.parametrize("walk_ins", [5, 0])
def test_walk_ins_that_are_not_given_are_not_nobody(walk_ins):
    """Too few are recognised at a1 for its walk-ins to be given: the total less those of the others gives them, and PA02 the registered."""
    rows, events = listed(("a1", 3, 2, (walk_ins,)), ("a2", 20, 10, 4), ("a3", 30, 20, 6)), public("a1", "a2", "a3")
    rows = [row for row in rows if row[3] == "event" or row[2] in ("PA02", "PA03", "PA06")]
    emptied = [line for line in lines_of("a1") if line[0] != "PA06"]
    others = [("PA03", "a2"), ("PA04", "a2"), ("PA05", "a2")]
    assert printed(rows, events, *emptied, *others).narrow
    assert not printed(rows, events, *emptied, *others, ("PA06", "a2")).narrow
    result = protect(*rows, events=lambda: events)
    assert not result.reasons and signs(result, "ind_participation")["PA06|event|a2"] == "Q/D"


def test_fewer_came_than_the_few_who_registered():
    """4 registered, 1 present in all: nobody is asked to believe that 4 of them came."""
    rows, events = listed(("a1", 4, 1, 0), ("a2", 20, 10, 4), ("a3", 30, 20, 6)), public("a1", "a2", "a3")
    result = protect(*rows, events=lambda: events)
    assert not result.reasons
    assert not any(result.report["ind_participation"]["suppressed_whole"])
    assert signs(result, "ind_participation")["PA04|event|a1"] == "Q/A"


def test_a_trait_crossed_with_a_place_is_that_trait_there():
    """3 women in a department of 30: its 27 men would give them."""
    rows = [
        count("PA02", "department_gender", m, n) for m, n in (("59|F", 3), ("59|H", 27), ("80|F", 20), ("80|H", 20))
    ]
    rows += [count("PA02", "department", m, n) for m, n in (("59", 30), ("80", 40))]
    result = protect(*(count("PA02", "department_gender", m, 30) for m in ("02|F", "02|H")), *rows)  # 02 has no total
    hidden = {name: sign for name, sign in signs(result, "ind_participation").items() if sign[0] == "Q"}
    assert not result.reasons
    assert hidden == {"PA02|department_gender|59|F": "Q/A", "PA02|department_gender|59|H": "Q/D"}


def test_an_unknown_place_is_not_an_unknown_trait():
    """3 of the 30 persons whose events are at no known place: they are 3 persons all the same."""
    rows = [share("PE02", "department", m, n, 60) for m, n in (("unknown", 3), ("59", 20))]
    assert signs(protect(*rows))["PE02|department|unknown"] == "Q/A"


def test_an_unknown_trait_is_nobodys():
    rows = [
        count("OR01", "organisation_family", m, n, "ind_organisations")
        for m, n in (("association", 20), ("unknown", 2))
    ]
    rows.append(count("OR01", "total", "total", 22, "ind_organisations"))
    assert set(signs(protect(*rows), "ind_organisations").values()) == {"A/F"}
    rows[0] = count("OR01", "organisation_family", "mutual", 2, "ind_organisations")
    rows[2] = count("OR01", "total", "total", 4, "ind_organisations")
    assert signs(protect(*rows), "ind_organisations")["OR01|organisation_family|mutual"] == "Q/A"


def test_a_remark_beside_a_secret_line_holds_no_number():
    """« Présents sans inscription, comptés à part : 38. » beside a registration count that is secret."""
    rows = [
        count("PA03", "event", "a1", 3),
        share(
            "PA04", "event", "a1", 20, 50, "ind_participation", caveat="Listes reçues. Présents sans inscription : 38."
        ),
        share("PA04", "event", "a2", 20, 50, "ind_participation", caveat="Présents sans inscription : 12."),
    ]
    rows.append(hand_made.row("ind_territories", "TE04", "event", "a1", 0.1, caveat="Présents sans inscription : 38."))
    tables = protect(*rows).tables
    assert tables["ind_territories"]["caveat"].to_pylist() == [None]  # all that is in that table is public
    assert tables["ind_participation"]["caveat"].to_pylist() == [
        SECRET,
        "Listes reçues.",
        "Présents sans inscription : 12.",
    ]


THEMES = [
    frozenset({("total", "total"), ("theme", "ECOL")}),
    frozenset({("total", "total"), ("theme", "ECOL"), ("theme", "SOC")}),
    frozenset({("total", "total"), ("theme", "SOC")}),
]


def registrations(only_ecol: int, both: int, only_soc: int):
    return [
        count("PA03", "theme", "ECOL", only_ecol + both),
        count("PA03", "theme", "SOC", both + only_soc),
        count("PA03", "total", "total", only_ecol + both + only_soc),
    ]


def test_themes_are_sums_of_sets_of_themes_and_not_parts_of_the_total():
    """3 for ECOL alone and 0 for both: the total less SOC is ECOL alone, though no line prints it as such."""
    rows = registrations(3, 0, 40)
    assert leaky(events=lambda: {hand_made.HDF: THEMES}, ind_participation={"ECOL"})(*rows).narrow
    result = protect(*rows, events=lambda: {hand_made.HDF: THEMES})
    assert not result.reasons
    assert set(signs(result, "ind_participation").values()) <= {"Q/A", "Q/D", "A/F"}
    assert list(signs(result, "ind_participation").values()).count("Q/D") >= 1


def test_a_model_of_themes_as_parts_would_be_wrong():
    """30 + 45 is more than 70: as parts of a total they would contradict each other, and nothing could be concluded."""
    cells = reading.read({"ind_participation": table(registrations(25, 5, 40))}, POLICIES)
    reading.tie(cells, POLICIES, {hand_made.HDF: THEMES[::-1]})
    atoms = [v.name for v in cells.system.variables if v.name[0] == "atom"]
    assert len(atoms) == 3 and not cells.not_additive
    assert atoms == sorted(atoms)  # whatever the order in which sets give their members


def by_place(*themes):
    """An event in each of two departments, of these themes."""
    return [frozenset({("total", "total"), ("department", d), *(("theme", t) for t in themes)}) for d in ("02", "59")]


@pytest.mark.parametrize(
    "events, total",
    [
        ([event - {("theme", "SOC")} for event in THEMES], 43),  # 40 of a theme that no event has
        (by_place("ECOL", "SOC")[:1], 43),  # 3 and 40 of the same event
        (by_place("ECOL", "SOC") + by_place("ECOL", "SOC", "ECO"), 43),  # and of the same four
        ([THEMES[0], THEMES[2]], 50),  # more than there are in all
    ],
)
def test_an_event_list_that_does_not_explain_the_numbers_is_not_used(events, total):
    """Parts are then compared with their total: 43 − 40 is 3, and nothing is found of what is missing from 50."""
    rows = [count("PA03", *line) for line in (("theme", "ECOL", 3), ("theme", "SOC", 40), ("total", "total", total))]
    rows += [count("PA03", "department", member, n) for member, n in (("02", 20), ("59", total - 20))]
    cells = reading.read({"ind_participation": table(rows)}, POLICIES)
    reading.tie(cells, POLICIES, {hand_made.HDF: events})
    assert cells.not_additive
    assert bool(leaky(events=lambda: {hand_made.HDF: events}, ind_participation={"ECOL"})(*rows).narrow) == (
        total == 43
    )
    result = protect(*rows, events=lambda: {hand_made.HDF: events})
    assert not result.reasons and ("Q/D" in signs(result, "ind_participation").values()) == (total == 43)


def test_events_without_a_line_are_unknown_where_the_sums_need_them():
    """a3 has no line, and the total has 7 more than a1 and a2: they are its registrations. The 23 of the theme of a1 and a2 give the 3."""
    events = [
        frozenset({("total", "total"), ("event", name), ("theme", theme)})
        for name, theme in (("a1", "ECOL"), ("a2", "ECOL"), ("a3", "SOC"))
    ]
    lines = (("event", "a1", 3), ("event", "a2", 20), ("theme", "ECOL", 23), ("total", "total", 30))
    rows = [count("PA03", *line) for line in lines]
    assert leaky(events=lambda: {hand_made.HDF: events}, ind_participation={"a1"})(*rows).narrow
    result = protect(*rows, events=lambda: {hand_made.HDF: events})
    assert not result.reasons and signs(result, "ind_participation")["PA03|event|a2"] == "Q/D"


@pytest.mark.parametrize("seed", range(12))
def test_what_comes_out_of_sums_over_events_is_what_comes_out_of_the_events(seed):
    """The definition: a number for each event of the list, none where its line says so; a line is the sum of those that stand in it."""
    draw, system = random.Random(seed), System()
    events, rows, unknown = [], [], []
    for number in range(5):
        stands = {("total", "total"), ("event", f"a{number}"), ("department", draw.choice(["02", "59"]))}
        events.append(
            frozenset(stands | {("theme", t) for t in draw.sample(["ECOL", "SOC", "ECO"], draw.randrange(3))})
        )
        has_list = draw.random() < 0.7
        value = draw.randrange(9) if has_list else 0
        unknown.append(system.variable((number,), value=float(value), upper=math.inf if has_list else 0.0))
        rows += [count("PA06", "event", f"a{number}", value) if has_list else nothing("PA06", f"a{number}")]
    inside = {
        about: [index for index, event in zip(unknown, events, strict=True) if about in event]
        for about in sorted(set().union(*events))
    }
    for about, places in inside.items():
        if about[0] != "event" and draw.random() < 0.8:
            rows.append(count("PA06", *about, sum(system.variables[index].value for index in places)))
    draw.shuffle(rows)
    cells = reading.read({"ind_participation": table(rows)}, POLICIES)
    reading.tie(cells, POLICIES, {hand_made.HDF: events})
    hidden = {n for n in range(len(cells.lines)) if draw.random() < 0.5}
    found = Attacker(cells.system)
    found.print(cells.system.hidden(hidden))
    for number, line in enumerate(cells.lines):
        about = system.variable(line.key, value=cells.system.variables[line.columns["value"]].value)
        system.equation([(about, -1.0), *((index, 1.0) for index in inside[line.key[2:4]])])
        if number not in hidden:
            system.variables[about].lower = system.variables[about].upper = system.variables[about].true_value
    asked = Attacker(system)
    for number in hidden:
        place, index = system.by_name[cells.lines[number].key], cells.lines[number].columns["value"]
        ends = [(attack.lowest(n).value, attack.highest(n).value) for attack, n in ((asked, place), (found, index))]
        assert ends[0] == pytest.approx(ends[1])


def test_persons_of_several_months_overlap():
    """3 of one month and 60 of another, 62 in all: the 3 are at least 2, and no more than all."""
    rows = [
        count("PA09", "month", "2023-04", 3),
        count("PA09", "month", "2023-05", 60),
        count("PA09", "total", "total", 62),
    ]
    audited = leaky(ind_participation={"2023-04"})(*rows)
    assert [(finding.low, finding.high) for finding in audited.narrow] == [(2, 62)]
    result = protect(*rows)
    assert not result.reasons and "Q/D" in signs(result, "ind_participation").values()


def persons(department, present, known, addressed):
    """Of the present, all known, so many different persons, some of them with an address: how many there are (PA09), and how often each came (PA11)."""
    more = dict(unit="person", n_with_data=1, n_total=1)
    estimated = hand_made.row(
        "ind_participation", "PA09", "department", department, float(known), lower=float(addressed), upper=float(known), **more
    )  # fmt: skip
    mean = hand_made.row(
        "ind_participation", "PA11", "department", department, present / known, lower=present / known,
        upper=present / addressed, numerator=float(present), denominator=float(known), **more,
    )  # fmt: skip
    return [count("PA02", "department", department, present), estimated, mean]


def test_a_mean_and_the_count_of_its_persons_are_hidden_together():
    """12 persons came once each, 3 of them have an address: 12 presences, which are public, over the upper bound 4 of their mean are the 3, and over
    the mean the 12."""
    result = protect(*persons("59", 12, 12, 3), *persons("62", 40, 40, 35))
    assert not result.reasons
    assert signs(result, "ind_participation") == {
        "PA02|department|59": "A/F",
        "PA09|department|59": "Q/A",
        "PA11|department|59": "Q/A",
        "PA02|department|62": "A/F",
        "PA09|department|62": "A/F",
        "PA11|department|62": "A/F",
    }
    audited = leaky()(*persons("62", 40, 40, 35))
    assert not audited.findings  # 5 are known by their name only, and nobody counts them


@pytest.mark.parametrize("printed_", ["PA09", "PA11"])
def test_the_twin_either_of_the_two_gives_the_other(printed_):
    """The audit reads what is printed: all that both say is then known, though the cells of the other are empty."""
    rows = persons("59", 12, 12, 3)
    tables = {"ind_participation": table(rows)}
    cells = reading.read(tables, POLICIES)
    reading.tie(cells, POLICIES, {})
    hidden = {n for n, line in enumerate(cells.lines) if line.key[1] not in ("PA02", printed_)}
    audited = audit(cells, {"ind_participation": protection._marked(table(rows), "ind_participation", cells, hidden)})
    assert [(finding.low, finding.high) for finding in audited.narrow] == [(3, 3)]
    assert len(set(cells.system.rows[n].shows for n in (1, 2))) == 1


def test_the_upper_bound_of_a_mean_is_a_number():
    """14 presences over 14 / 13 are 13 persons, without the noise of the division; left in a table by mistake it tells them, of an earlier release
    too. Another bound than the table's is an error."""
    rows = persons("59", 14, 14, 3)
    given = {"ind_participation": table(rows)}
    cells = reading.read(given, POLICIES)
    reading.tie(cells, POLICIES, {})
    name = (hand_made.HDF, "personnes_avec_adresse", (), ("department", "59"), "")
    place = cells.system.by_name[name]
    assert cells.system.variables[place].value == 3
    assert cells.lines[2].columns["upper"] == cells.lines[1].columns["lower"] == place
    found = reading.Numbers(cells.system, reading.Naming(POLICIES))
    assert found.of({"ind_participation": table([rows[0], rows[2]])})[place] == 3
    assert np.isnan(found.of({"ind_participation": table([rows[0]])})[place])
    marked = protection._marked(given["ind_participation"], "ind_participation", cells, {1, 2})
    assert not audit(cells, {"ind_participation": marked}).narrow
    column = NAMES.index("upper")
    left = marked.set_column(column, "upper", pa.array([None, None, 14 / 3]))
    assert [finding.low for finding in audit(cells, {"ind_participation": left}).narrow] == [3]
    other = table(rows).set_column(column, "upper", pa.array([None, 14.0, 14 / 4]))
    assert audit(cells, {"ind_participation": other}).wrong == [("ind_participation", *cells.lines[2].key)]
    assert reading.said({"upper": 14 / 13, "numerator": 14.0}, "upper") == 13
    assert reading.said({"upper": None, "numerator": 14.0}, "upper") is None
    assert reading.said({"upper": 0.0, "numerator": 0.0}, "upper") is None


def test_persons_with_an_address_are_some_of_the_persons():
    """Of 60 persons known, which the share of first comers says, no more than 60 have an address, and there are 75 at most: nothing is printed where
    less than 80 % of the presences have a person."""
    quantities = ("personnes_avec_adresse", "personnes", "personnes_estimees")
    cells = reading.read({"ind_participation": table(persons("59", 80, 60, 55))}, POLICIES)
    reading.tie(cells, POLICIES, {})
    place = {v.name[1]: n for n, v in enumerate(cells.system.variables)}
    addressed, known, estimated = (place[quantity] for quantity in quantities)
    attacker = Attacker(cells.system)
    attacker.print([index not in (known, place["presences"]) for index in range(len(cells.system.variables))])
    assert attacker.highest(addressed).value == 60
    assert (attacker.lowest(estimated).value, attacker.highest(estimated).value) == (60, 75)


def test_nobody_is_more_persons_than_were_present():
    """4 persons of 4 presences and 16 of 16, which are public; 20 in all. With the 16 hidden, 20 less the 16 who came at most are the 4."""
    rows = [
        count(code, breakdown, member, n)
        for code in ("PA02", "PA09")
        for breakdown, member, n in (("department", "59", 16), ("department", "60", 4), ("total", "total", 20))
    ]
    tables = {"ind_participation": table(rows)}
    cells = reading.read(tables, POLICIES)
    assert [v.need_high for v in cells.system.variables if v.is_sensitive] == [5]
    reading.tie(cells, POLICIES, {})
    assert [v.need_high for v in cells.system.variables if v.is_sensitive] == [
        4
    ]  # 5 persons of 4 present are not asked to seem possible
    hidden = {n for n, line in enumerate(cells.lines) if line.key[1] == "PA09" and line.key[3] in ("59", "60")}
    marked = protection._marked(tables["ind_participation"], "ind_participation", cells, hidden)
    assert [(finding.low, finding.high) for finding in audit(cells, {"ind_participation": marked}).narrow] == [(4, 4)]
    result = protect(*rows)
    assert not result.reasons
    left = {line: sign for line, sign in signs(result, "ind_participation").items() if sign[0] == "Q"}
    assert left == {"PA09|department|60": "Q/A", "PA09|total|total": "Q/D"}


def test_no_part_is_asked_to_seem_more_than_a_public_total():
    """3 women and a man of 4 present, which is public: 5 women cannot seem possible."""
    rows = [count("PA02", "gender", "F", 3), count("PA02", "gender", "H", 1), count("PA02", "total", "total", 4)]
    result = protect(*rows)
    assert not result.reasons
    assert list(signs(result, "ind_participation").values()) == ["Q/A", "Q/A", "A/F"]


def test_places_within_places_follow_from_the_list_of_events():
    """One department, one commune in it: hiding the department alone hides nothing."""
    events = [
        frozenset({("total", "total"), ("department", "02"), ("commune", "02691")}),
        frozenset({("total", "total"), ("department", "59"), ("commune", "59350")}),
        frozenset({("total", "total"), ("department", "62"), ("commune", "62041")}),
    ]
    rows = [
        count("PA03", breakdown, member, n)
        for member_of in (("02", "02691", 3), ("59", "59350", 20), ("62", "62041", 50))
        for breakdown, member, n in (
            ("department", member_of[0], member_of[2]),
            ("commune", member_of[1], member_of[2]),
        )
    ]
    rows.append(count("PA03", "total", "total", 73))
    result = protect(*rows, events=lambda: {hand_made.HDF: events})
    found = signs(result, "ind_participation")
    assert not result.reasons
    assert found["PA03|department|02"] == found["PA03|commune|02691"] == "Q/A"
    assert found["PA03|department|59"] == found["PA03|commune|59350"] == "Q/D"
    assert leaky(events=lambda: {hand_made.HDF: events}, ind_participation={"02", "02691", "59"})(*rows).narrow


def test_one_person_alone_in_a_cell_knows_it():
    """1 and 3 hidden together with 40: whoever is the 1 must not find the 3."""
    rows = [share("PE02", "participant_category", m, n, 44) for m, n in (("elected", 1), ("agent", 3), ("ess", 40))]
    audited = leaky(ind_participants={"elected", "agent"})(*rows)
    assert audited.narrow
    cells = reading.read({"ind_participants": table(rows)}, POLICIES)
    singles = [variable for variable in cells.system.variables if variable.is_single]
    assert len(singles) == 1
    result = protect(*rows)
    assert not result.reasons and set(signs(result).values()) == {"Q/A"}  # the 40 are all but 4


def test_the_attack_of_a_single_contributor_is_found_where_the_plain_one_fails():
    """1 and 4 hidden: 5 together, each between 0 and 5, which is enough for anybody but the one who is the 1."""
    rows = [share("PE02", "participant_category", m, n, 65) for m, n in (("elected", 1), ("agent", 4), ("ess", 60))]
    audited = leaky(ind_participants={"elected", "agent"})(*rows)
    assert {finding.single is not None for finding in audited.narrow} == {True}
    assert audited.narrow[0].width == 0


# --- what happens when it cannot be done -----------------------------------------------------------------------------


def test_a_spent_budget_suppresses_the_whole_breakdown():
    result = protect(
        *CATEGORIES, share("PE01", "gender", "F", 30, 80), share("PE01", "gender", "H", 50, 80), budget=0.0
    )
    assert not result.reasons
    assert [s for cell, s in signs(result).items() if "category" in cell] == ["Q/A", "Q/D", "Q/D", "Q/D"]
    assert [s for cell, s in signs(result).items() if "gender" in cell] == ["A/F", "A/F"]
    assert result.report["ind_participants"]["suppressed_whole"] == [f"{hand_made.HDF}|PE02|participant_category"]


def test_what_is_tied_to_a_breakdown_is_suppressed_whole_with_it_where_it_gives_it_away():
    """PA04 alone would not do: who came (PA02, public) less who came unregistered (PA06)."""
    result = protect(*watched.walk_ins(), budget=0.0)
    assert not result.reasons
    of_event = [f"{hand_made.HDF}|{code}|event" for code in ("PA04", "PA06")]
    assert result.report["ind_participation"]["suppressed_whole"] == of_event


def test_the_last_resort_never_takes_a_public_fact():
    """What is secret, its whole breakdown, the same breakdown of the indicators tied to it, all that may be."""
    system = System()
    for name, indicator, breakdown, facts in (
        ("secret", "PE02", "category", {"is_primary": True}),
        ("beside", "PE02", "category", {}),
        ("public", "PE02", "category", {"is_fixed": True}),
        ("tied", "PE01", "category", {}),
        ("other", "PE02", "month", {}),
        ("secret for ever", "PE02", "total", {"is_held": True, "is_fixed": True}),
    ):
        system.row((name,), (), group=("ind_participants", hand_made.HDF, indicator, breakdown), **facts)
    taken = [{system.rows[n].name[0] for n in rows} for rows in (*protection._wholes(system), system.hideable())]
    of_breakdown = {"secret", "beside", "secret for ever"}
    assert taken == [of_breakdown, of_breakdown | {"tied"}, of_breakdown | {"tied", "other"}]


def test_what_cannot_be_protected_is_kept_back(monkeypatch):
    """2 of 3 registered came to an event whose sheet says 40: were the 38 others a public fact, the 2 would follow."""
    thresholds = dict(POLICIES.vocabulary.thresholds)
    thresholds["au_besoin"] = thresholds["libre"]
    words = POLICIES.vocabulary.model_copy(update={"thresholds": thresholds})
    monkeypatch.setattr(watched, "POLICIES", POLICIES.model_copy(update={"vocabulary": words}))
    result = protect(*watched.walk_ins())
    [reason] = result.reasons["ind_participation"]
    assert "pas à l’abri" in reason and f"({hand_made.HDF}|PA04|event|a1|" in reason


def test_a_solver_that_fails_keeps_the_table_back(monkeypatch):
    monkeypatch.setattr(protection, "_chosen", lambda *_: 1 / 0)
    result = protect(*CATEGORIES, hand_made.row("ind_events", "EV01", value=1.0), count("PA02", "total", "total", 9))
    assert result.reasons == {
        "ind_participants": ["Le secret n’a pas pu être vérifié (ZeroDivisionError) : le tableau n’est pas publié."]
    }


def test_a_choice_that_hides_too_little_is_kept_back(monkeypatch):
    """Whatever the choice claims, the audit reads the tables that would leave."""
    chosen = protection._chosen
    monkeypatch.setattr(protection, "_chosen", lambda *a: ({min(chosen(*a)[0])}, set()))
    result = protect(*CATEGORIES)
    [reason] = result.reasons["ind_participants"]
    assert reason.startswith("Une case n’est pas à l’abri")


def test_a_number_changed_on_its_way_is_caught():
    cells = reading.read({"ind_participants": table(CATEGORIES)}, POLICIES)
    reading.tie(cells, POLICIES, {})
    good = protection._marked(table(CATEGORIES), "ind_participants", cells, {0, 3})
    assert not audit(cells, {"ind_participants": good}).wrong
    other = good.set_column(NAMES.index("numerator"), "numerator", pa.array([None, 21.0, 60.0, None]))
    assert audit(cells, {"ind_participants": other}).wrong
    assert audit(cells, {"ind_participants": good.take([1, 0, 2, 3])}).wrong  # the same lines, elsewhere


def test_a_table_with_a_number_changed_on_its_way_is_kept_back(monkeypatch):
    changed = pa.array([None, 21.0, 60.0, None])
    monkeypatch.setattr(
        protection,
        "_without_numbers",
        lambda tables: {
            name: t.set_column(NAMES.index("numerator"), "numerator", changed) for name, t in tables.items()
        },
    )
    assert protect(*CATEGORIES).reasons == {"ind_participants": [protection.OTHER_BYTES]}


def test_the_report_holds_no_number_of_a_table():
    result = protect(
        *[row if row[4] != "agent" else share("PE02", "participant_category", "agent", 20.0, 100) for row in CATEGORIES]
    )
    report = json.dumps(result.report)
    cells = reading.read({"ind_participants": table(CATEGORIES)}, POLICIES)
    secret = {v.value for v in cells.system.variables if v.is_sensitive}
    assert secret == {3.0}
    for entry in result.report["ind_participants"]["cells"]:
        assert set(entry) <= {"cell", "conf_status", "width"}
    assert '"value"' not in report and "numerator" not in report


def test_nothing_secret_does_not_import_the_solver():
    import subprocess

    code = (
        "import sys, pyarrow as pa; from publication import disclosure\n"
        "t = pa.table({n: pa.array([v]) for n, v in dict(dataset='ind_events', programme_id='p', indicator='EV01', "
        "breakdown='total', member='total', period='2023', value=3.0, lower=None, upper=None, numerator=None, "
        "denominator=None, n_with_data=3, n_total=3, unit='event', obs_status='A', conf_status='F', caveat=None).items()})\n"
        "assert disclosure.protect({'ind_events': t}, disclosure.read()).reasons == {}\n"
        "sys.exit('highspy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- policies ------------------------------------------------------------------------------------------------------


POLICY = """
dataset: ind_x
why: Une raison assez longue.
rules:
  - {indicators: [XX01], threshold: personnes, why: Une raison assez longue.}
counts:
  XX01: {value: {of: personnes}}
"""


@pytest.mark.parametrize(
    "before, after, said",
    [
        ("why: Une raison assez longue.\nrules", "whi: Une raison assez longue.\nrules", "why"),
        ("threshold: personnes", "threshold: persones", "jeu de seuils persones n’existe pas"),
        ("{of: personnes}", "{of: gens}", "grandeur inconnue gens"),
        ("XX01: {value", "XX02: {value", "rien ne dit ce qu’il compte"),
        (
            "counts:",
            "together: [[XX01, XX02]]\ncounts:",
            "XX02 se déduit d’un autre indicateur, et rien ne dit ce qu’il compte",
        ),
        ("{value: {of: personnes}}", "{upper: {of: personnes}}", "divides"),
        ("dataset: ind_x", "dataset: ind_y", "parle de ind_y"),
        (
            "personnes, why: Une raison assez longue.}",
            "personnes, why: Court}",
            "ind_x.yml, ligne 5 : rules › 0 › why : un texte d'au moins 10 caract",
        ),
        ("[XX01], threshold", "[XX01], seuil: 3, threshold", "ind_x.yml, ligne 5 : rules › 0 › seuil : clé inconnue"),
        ("[XX01], threshold", "[XX01, threshold", "ind_x.yml, ligne [0-9]+ : YAML illisible"),
    ],
)
def test_a_policy_is_read_strictly(tmp_path, before, after, said):
    path = tmp_path / "ind_x.yml"
    path.write_text(POLICY)
    assert read(tmp_path).threshold("ind_x", "XX01", "gender").minimum == 5
    read.cache_clear()
    path.write_text(POLICY.replace(before, after, 1))
    with pytest.raises(PolicyError, match=said):
        read(tmp_path)


@pytest.mark.parametrize(
    "before, after, said",
    [
        *(
            (line, "", "donnez « minimum », « look_at »")
            for line in (
                "    minimum: 5\n",
                "    look_at: [value, lower, numerator, denominator, complement]\n",
                "    protect: [value, lower, numerator, denominator, complement]\n",
                "    contributors: personnes\n",
            )
        ),
        *(
            ("level: linked\n", f"level: linked\n    {more}\n", "seul un jeu de seuils « level: protected »")
            for more in ("minimum: 5", "minimum_in_all: 11", "dominance: 0.85", "look_at: [value]", "protect: [value]")
        ),
        ("{of: inscriptions_suivies, times: -1}", "{of: gens, times: -1}", "grandeurs inconnues : gens"),
    ],
)
def test_the_vocabulary_is_read_strictly(tmp_path, before, after, said):
    path = tmp_path / "vocabulary.yml"
    written = VOCABULARY.read_text()
    assert before in written
    path.write_text(written.replace(before, after, 1))
    with pytest.raises(PolicyError, match=said):
        read(tmp_path, path)


def test_every_published_indicator_has_a_rule():
    """The codes of the definitions, each in the policy of its dataset."""
    import csv

    for line in csv.DictReader((hand_made.Path(__file__).parents[2] / "sources/references/indicators.csv").open()):
        assert POLICIES.threshold(line["dataset"], line["code"], "total"), line["code"]


def test_thresholds_are_those_of_the_trade():
    words = POLICIES.vocabulary.thresholds
    assert words["personnes"].minimum == 5 and words["personnes_par_evenement"].minimum == 5
    assert words["personnes_par_evenement"].minimum_in_all == 11
    assert (
        words["organisations"].minimum == 3 and words["montants"].dominance == 0.85 and words["montants"].percent == 10
    )
    assert words["satisfaction"].minimum == 11
    assert (words["recommandation"].minimum, words["recommandation"].significant) == (11, 30)


def test_protecting_twice_gives_the_same_tables():
    first, second = protect(*CATEGORIES), protect(*CATEGORIES)
    assert first.tables["ind_participants"].equals(second.tables["ind_participants"])
    assert first.report == second.report
    assert replace(first).reasons == {}


# --- whole tables drawn at random --------------------------------------------------------------------------------------


def drawn(seed: int):
    """A small programme: its public events, and tables of who registered and came, consistent with each other."""
    draw = random.Random(seed)
    events = []
    for number in range(6):
        department = draw.choice(["02", "59"])
        themes = draw.sample(["ECOL", "SOC", "ECO"], draw.choice([1, 1, 2]))
        events.append(
            frozenset(
                {("total", "total"), ("event", f"a{number}"), ("department", department)}
                | {("theme", t) for t in themes}
            )
        )
    places = [
        (event, draw.choice("FH"), draw.random() < 0.7) for event in range(6) for _ in range(draw.choice([2, 6, 15]))
    ]
    rows = []
    for breakdown, member in sorted(set().union(*events)):
        here = [place for place in places if (breakdown, member) in events[place[0]]]
        came = [place for place in here if place[2]]
        women = sum(place[1] == "F" for place in came)
        rows += [
            count("PA03", breakdown, member, len(here)),
            share("PA04", breakdown, member, len(came), len(here), "ind_participation"),
            share("PA05", breakdown, member, len(here) - len(came), len(here), "ind_participation"),
            *([share("PE01", breakdown, member, women, len(came))] if came else []),
        ]
    return rows, events


@pytest.mark.parametrize("seed", range(4))
def test_nothing_secret_can_be_worked_out_of_tables_drawn_at_random(seed):
    rows, events = drawn(seed)
    result = protect(*rows, events=lambda: {hand_made.HDF: events})
    assert not result.reasons
    by_dataset = {}
    for row in rows:
        by_dataset.setdefault(row[0], []).append(row)
    cells = reading.read({name: table(r) for name, r in by_dataset.items()}, POLICIES)
    reading.tie(cells, POLICIES, {hand_made.HDF: events})
    assert not cells.not_additive and cells.has_secrets
    careless = {name: _only_primary(name, table(r), cells) for name, r in by_dataset.items()}
    assert audit(cells, careless).narrow  # the twin: the small cells alone are not enough
    found = audit(cells, result.tables)
    assert not found.narrow and not any(is_exact(finding) for finding in found.findings)


def _only_primary(name, whole, cells):
    return protection._marked(whole, name, cells, {n for n, line in enumerate(cells.lines) if line.primary})
