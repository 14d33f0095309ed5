"""The command takes the real deliveries to a published, gated release whose figures are those computed by hand."""

import csv
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from command_line import ROOT, observatoire

from publication import releases, trace
from rulebook.numbers import plural

GOLDEN = Path(__file__).with_name("golden")
PROGRAMME = "HDF-CONF-2023"
DATASETS = (
    "ind_events",
    "ind_participation",
    "ind_participants",
    "ind_territories",
    "ind_quality",
    "ind_reconciliation",
    "ind_organisations",
    "ind_satisfaction",
)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def published(first_night) -> dict[str, list[dict[str, str]]]:
    return {name: rows(first_night / "releases" / "current" / "public" / "data" / f"{name}.csv") for name in DATASETS}


def cell(
    table: list[dict[str, str]],
    indicator: str,
    breakdown: str = "total",
    member: str = "total",
    programme: str = PROGRAMME,
):
    found = [
        row
        for row in table
        if (row["programme_id"], row["indicator"], row["breakdown"], row["member"])
        == (programme, indicator, breakdown, member)
    ]
    assert len(found) == 1, f"{indicator} {breakdown}={member} of {programme}: {len(found)} rows"
    return found[0]


def number(text: str) -> float | None:
    return float(text) if text else None


BREAKDOWNS = {
    "total": "total", "departement": "department", "transition": "theme", "nb_transitions": "theme_count", "mois": "month",
    "modalite": "modality", "commune": "commune", "epci": "epci", "organisateur (tout rôle)": "organiser",
    "departement x transition": "department_theme",
}  # fmt: skip
MEMBERS = {"visio": "online", "non localisé": "unknown", "presentiel": "in_person"}


def _golden_cells():
    for row in rows(GOLDEN / "derived_facts.csv"):
        breakdown, member = BREAKDOWNS[row["dimension"]], row["member"]
        if member == "4 transitions (multi)":
            breakdown, member = "theme_count", "4"
        if breakdown == "department_theme":
            department, theme = member.split(" x ")
            member = f"{MEMBERS.get(department, department)}|{theme}"
        elif breakdown == "modality" and member == "visio":
            member = "online"
        yield breakdown, MEMBERS.get(member, member), row


@pytest.mark.parametrize(
    ("breakdown", "member", "expected"),
    list(_golden_cells()),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_derived_fact(published, breakdown, member, expected):
    events = "EV02" if breakdown == "theme" else "EV01"
    codes = {"department": "EV04", "month": "EV05"}
    assert number(cell(published["ind_events"], codes.get(breakdown, events), breakdown, member)["value"]) == int(
        expected["n_events"]
    )
    if expected["n_events"] == "0":
        return
    total = cell(published["ind_participation"], "PA01", breakdown, member)
    assert (int(total["n_with_data"]), int(total["n_total"])) == (
        int(expected["n_events_with_participants"]),
        int(expected["n_events"]),
    )
    assert int(total["n_total"]) - int(total["n_with_data"]) == int(expected["n_missing"])
    assert number(total["value"]) == number(expected["participants_sum"])
    mean = number(cell(published["ind_participation"], "PA07", breakdown, member)["value"])
    assert (mean is None) == (expected["participants_mean_2dp"] == "")
    if mean is not None:
        assert math.isclose(mean, float(expected["participants_mean_2dp"]), abs_tol=0.00501)
    for code, column in (
        ("PA08", "participants_median"),
        ("PA01_min", "participants_min"),
        ("PA01_max", "participants_max"),
    ):
        assert number(cell(published["ind_participation"], code, breakdown, member)["value"]) == number(
            expected[column]
        )
    share = number(cell(published["ind_participation"], "PA01_max_share", breakdown, member)["value"])
    assert (share is None) == (expected["largest_share"] == "")
    if share is not None:
        assert math.isclose(share, float(expected["largest_share"]), abs_tol=0.0000501)


def test_events_by_month_department_and_theme(published):
    table = published["ind_events"]
    months = [f"2023-{month:02}" for month in range(4, 13)]
    assert [number(cell(table, "EV05", "month", month)["value"]) for month in months] == [2, 6, 10, 2, 0, 6, 7, 2, 1]
    departments = {
        code: number(cell(table, "EV04", "department", code)["value"]) for code in ("02", "59", "60", "62", "80")
    }
    assert departments == {"02": 5, "59": 10, "60": 0, "62": 11, "80": 3}
    online, unknown = cell(table, "EV04", "department", "online"), cell(table, "EV04", "department", "unknown")
    assert (number(online["value"]), online["obs_status"]) == (5, "M")
    assert number(unknown["value"]) == 2
    assert {code: number(cell(table, "EV02", "theme", code)["value"]) for code in ("ECOL", "SOC", "ECO", "ORG")} == {
        "ECOL": 14, "SOC": 9, "ECO": 11, "ORG": 12,
    }  # fmt: skip
    fractional = {code: number(cell(table, "EV03", "theme", code)["value"]) for code in ("ECOL", "SOC", "ECO", "ORG")}
    assert {code: round(value, 2) for code, value in fractional.items()} == {
        "ECOL": 11.83,
        "SOC": 5.83,
        "ECO": 8.83,
        "ORG": 9.5,
    }
    assert math.isclose(sum(fractional.values()), 36)


def test_shares_and_organisers(published):
    table = published["ind_events"]
    online = cell(table, "EV06")
    assert (online["numerator"], online["denominator"], online["unit"]) == ("5", "34", "share")
    assert math.isclose(float(cell(table, "EV07")["value"]), 3 / 36)
    assert number(cell(table, "EV08", "role", "any")["value"]) == 24
    assert number(cell(table, "EV08", "role", "lead")["value"]) == 22


def test_attendance_is_at_least_what_was_counted(published):
    total = cell(published["ind_participation"], "PA01")
    assert (number(total["value"]), number(total["lower"]), number(total["upper"])) == (1055, 1055, None)
    assert "au moins" in total["caveat"].lower()
    assert number(cell(published["ind_participation"], "PA08")["value"]) == 18


def test_an_event_has_the_registrations_of_its_platform_and_few_are_secret(published):
    """Nine valid tickets of MESS25-013 in the export of its platform, seven of them came; three of MESS24-014."""
    table = published["ind_participation"]
    assert number(cell(table, "PA03", "event", "MESS25-013", "MESS-2025")["value"]) == 9
    for indicator, came in (("PA04", 7), ("PA05", 2)):
        rate = cell(table, indicator, "event", "MESS25-013", "MESS-2025")
        assert (number(rate["numerator"]), number(rate["denominator"])) == (came, 9)
    assert number(cell(table, "PA06", "event", "MESS25-013", "MESS-2025")["value"]) == 0
    few = cell(table, "PA03", "event", "MESS24-014", "MESS-2024")
    assert (few["value"], few["obs_status"], few["conf_status"]) == ("", "Q", "C")
    # another goes with it: the total less the others is not the three
    events = [r for r in table if (r["programme_id"], r["indicator"], r["breakdown"]) == ("MESS-2024", "PA03", "event")]
    hidden = [r["conf_status"] for r in events if r["obs_status"] == "Q"]
    assert len(hidden) > 1 and set(hidden) == {"C"}, "nothing tells which of them is the three"
    assert not any(0 < number(r["value"]) < 5 for r in events if r["value"])


def test_the_share_of_women_of_an_event_is_that_of_eleven_persons_at_least(published):
    events = [row for row in published["ind_participants"] if row["breakdown"] == "event"]
    printed = [row for row in events if row["value"]]
    assert {row["indicator"] for row in events} == {"PE01"} and len(printed) > len(events) / 2
    for row in printed:
        women, answers = number(row["numerator"]), number(row["denominator"])
        assert answers >= 11 and not 0 < women < 5 and not 0 < answers - women < 5
    assert all(row["obs_status"] in ("Q", "L") for row in events if not row["value"])


def test_territories(published):
    table = published["ind_territories"]
    for code, numerator, denominator in (("TE01", 4, 5), ("TE02", 12, 90), ("TE03", 2871156, 5979394)):
        row = cell(table, code)
        assert (number(row["numerator"]), number(row["denominator"])) == (numerator, denominator)
        assert math.isclose(float(row["value"]), numerator / denominator)
    per_100k = {"02": 26.5, "59": 17.3, "60": 0, "62": 17.2, "80": 7.4}
    assert {code: round(float(cell(table, "TE04", "department", code)["value"]), 1) for code in per_100k} == per_100k
    assert round(float(cell(table, "TE04")["value"]), 1) == 17.6
    assert math.isclose(float(cell(published["ind_quality"], "QU01")["value"]), 33 / 36)


def test_the_other_programmes(published):
    def attendances(programme):
        row = cell(published["ind_participation"], "PA01", programme=programme)
        return number(row["value"]), number(row["lower"]), number(row["upper"])

    assert attendances("CVL-CONF-2018") == (150, 135, 165)
    assert attendances("ERROL-CONSULT-2025") == (15, 12, 18)
    assert attendances("AVISE-RNA-2024") == (None, None, None), "« en grand nombre » is never a number"
    held = {p: number(cell(published["ind_events"], "EV01", programme=p)["value"]) for p in
            ("CVL-CONF-2018", "CVL-CONCERT-2024", "ERROL-CONSULT-2025", "AVISE-RNA-2024")}  # fmt: skip
    assert held == {"CVL-CONF-2018": 1, "CVL-CONCERT-2024": 6, "ERROL-CONSULT-2025": 1, "AVISE-RNA-2024": 1}


def test_every_printed_figure_is_reconciled(published):
    scopes = {"HDF-CONF-2023", "CVL-CONF-2018", "CVL-CONCERT-2024", "ERROL-CONSULT-2025", "AVISE-RNA-2024"}
    programme_of = {"HDF": "HDF-CONF-2023", "CVL18": "CVL-CONF-2018", "CVL24": "CVL-CONCERT-2024", "ERR25": "ERROL-CONSULT-2025", "AVI24": "AVISE-RNA-2024"}  # fmt: skip
    ours = {
        (row["programme_id"], row["indicator"], row["breakdown"], row["member"]): row
        for row in published["ind_reconciliation"]
    }
    golden = rows(GOLDEN / "reconciliation.csv")
    assert len(golden) == 55 and {key[0] for key in ours} <= scopes
    for expected in golden:
        key = (
            programme_of[expected["agg_id"].split("-")[0]],
            expected["indicator"],
            expected["dimension"],
            expected["member"],
        )
        assert key in ours, expected["agg_id"]
        found = ours[key]
        assert found["reconciliation_status"] == expected["status"], expected["agg_id"]
        assert number(found["difference"]) == number(expected["diff"]), expected["agg_id"]
        if expected["status"].isupper():
            assert found["is_explained"].lower() == "true" and found["explanation"], expected["agg_id"]


def test_the_second_night_is_quick_and_makes_no_release(first_night, published):
    home = first_night
    before = sorted(path.name for path in (home / "releases").iterdir())
    again = observatoire(home, "demo")
    assert again.returncode == 0, again.stdout + again.stderr
    assert sorted(path.name for path in (home / "releases").iterdir()) == before


def copy_of_the_project(project: Path) -> Path:
    """The rooms as they are compiled, to be changed by a test; caches, state and environment stay behind."""
    left_out = (".venv", ".git", ".cache", "var", "*.egg-info", ".hypothesis", ".pytest_cache", "tests")
    ignored = shutil.ignore_patterns(*left_out)
    # only here: without `dbt_project/tests`, which belongs to what was parsed, each home would parse the project again
    shutil.copytree(
        ROOT, project, ignore=lambda folder, names: ignored(folder, names) if folder == str(ROOT) else set()
    )
    return project


def in_copy(project: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command of a copied project, on a home of its own."""
    environment = {**os.environ, "OBSERVATOIRE_HOME": str(home), "PYTHONPATH": str(project)}
    command = [sys.executable, "-m", "orchestration.command", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=project, timeout=300, env=environment)


def test_every_figure_of_the_release_recomputes_from_the_rows_it_ships(first_night, published):
    home = first_night
    release = releases.show(home / "releases")
    for dataset in DATASETS:
        with trace.opened(release.warehouse) as connection:
            assert trace.mismatches(connection, trace.of_dictionary(release.dictionary), dataset) == []
    # a secret tells nothing, even to whoever recomputes it
    told = sum(row["obs_status"] != "Q" for rows in published.values() for row in rows)
    assert releases.nb_recomputable(release) == told > 1000
    done = observatoire(home, "releases", "verify")
    assert done.returncode == 0 and plural(told, "chiffre") in done.stdout


SPOILT = {
    "update fct_event_count set value = value + 1 where value = 65": {"PA01", "PA07", "TE04"},
    "update dim_event set nb_organisers = 1": {"EV07"},
    "update bridge_event_breakdown set weight = 1": {"EV03"},
    "update dim_event set modality = 'online' where event_id = 'HDF23-A01'": {"EV06"},
    "delete from bridge_event_organiser": {"EV08"},
    "update dim_event set epci_code = null": {"TE02", "TE03"},
    "update ind_quality set value = 1": {"QU01"},
}


@pytest.mark.parametrize(("sql", "found"), SPOILT.items(), ids=SPOILT)
def test_a_warehouse_whose_rows_no_longer_give_its_figures_is_found(first_night, published, tmp_path, sql, found):
    home = first_night
    release = releases.show(home / "releases")
    copy = shutil.copy(release.warehouse, tmp_path / "warehouse.duckdb")
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as connection:
        connection.execute(sql)
    traces, broken = trace.of_dictionary(release.dictionary), set()
    for dataset in DATASETS:
        with trace.opened(copy) as connection:
            broken |= {mismatch.figure[1] for mismatch in trace.mismatches(connection, traces, dataset)}
        if found <= broken:
            break
    assert found <= broken


def test_verify_says_which_figure_its_rows_no_longer_give(first_night, published, tmp_path):
    """Two workshops of 65 become 66: besides the bytes, verify names the figures that no longer follow."""
    home = first_night
    shelf = tmp_path / "releases"
    shutil.copytree(home / "releases", shelf, symlinks=True)
    for path in shelf.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    release = releases.show(shelf)
    with duckdb.connect(str(release.warehouse)) as connection:
        connection.execute("update fct_event_count set value = value + 1 where value = 65")
    problems = [problem.problem for problem in releases.verify(release)]
    assert any("PA01 / total / total : value vaut 1055, ses lignes donnent 1057" in problem for problem in problems)


def test_the_package_of_the_release_is_valid_and_says_what_the_dictionary_says(first_night, published):
    from frictionless import Package

    home = first_night
    release = releases.show(home / "releases")
    report = Package(str(release.public / "datapackage.json")).validate()
    assert report.valid, report.flatten(["title", "type", "message"])[:5]
    models = json.loads(release.dictionary.read_text(encoding="utf-8"))["models"]
    package = json.loads((release.public / "datapackage.json").read_text(encoding="utf-8"))
    described = {resource["path"]: resource for resource in package["resources"]}
    assert described.keys() >= {f"data/{name}.{form}" for name in DATASETS for form in ("csv", "parquet")}
    for resource in (each for path, each in described.items() if path.endswith(".csv")):
        columns = models[Path(resource["path"]).stem]["columns"]
        assert {f["name"]: f["description"] for f in resource["schema"]["fields"]} == {
            name: column["description"] for name, column in columns.items()
        }


@pytest.mark.nights
def test_a_figure_is_traced_to_its_cells(first_night, published):
    home = first_night
    done = observatoire(
        home,
        "trace",
        "ind_participation",
        "PA01",
        "--programme",
        PROGRAMME,
        "--breakdown",
        "department",
        "--member",
        "80",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ 42" in done.stdout and "Récap ateliers conférence 2023 v3.xlsx" in done.stdout
    assert "H21 « Participants »" in done.stdout, "row 21 of the workbook holds the 16 participants of Amiens, 23 June"
    why = observatoire(home, "trace", "ind_events", "EV01", "--programme", PROGRAMME, "--since", "1")
    assert why.returncode == 0 and "36 → 36\n  Les mêmes lignes, qui disent la même chose." in why.stdout
    several = observatoire(home, "trace", "ind_events", "EV04", "--programme", PROGRAMME)
    assert several.returncode == 4 and "--breakdown department --member '62'" in several.stdout + several.stderr
    asked = ("trace", "ind_events", "EV04", "--programme", PROGRAMME, "--breakdown")
    assert "--breakdown 'department'   (Département)" in observatoire(home, *asked, "departement").stderr
    assert "--member '59'   (Nord)" in observatoire(home, *asked, "department", "--member", "Nord").stderr


def test_what_was_typed_in_a_refused_cell_about_a_person_is_not_shown_even_sealed(first_night):
    done = observatoire(first_night, "quarantine", "show", "mess_enquete")
    assert (
        done.returncode == 0 and "results-survey202511.csv, cellule L11\n    « (valeur masquée) » sort" in done.stdout
    )


@pytest.mark.nights
def test_a_difference_nobody_explained_withholds_its_dataset_alone(tmp_path):
    """The shipped explanations live in the sources room; a copy without one of them is used for this night."""
    project = copy_of_the_project(tmp_path / "project")
    explanations = project / "sources" / "explanations.yml"
    text = explanations.read_text(encoding="utf-8")
    first, second = text.index("  - programme_id"), text.index("  - programme_id", text.index("  - programme_id") + 1)
    explanations.write_text(text[:first] + text[second:], encoding="utf-8")
    home = tmp_path / "var"
    done = in_copy(project, home, "demo")
    assert done.returncode == 3, done.stdout + done.stderr
    release = json.loads((home / "releases" / "current" / "release.json").read_text(encoding="utf-8"))
    statuses = {name: state["status"] for name, state in release["datasets"].items()}
    assert statuses["ind_events"] == "withheld"
    assert {status for name, status in statuses.items() if name != "ind_events"} <= {
        "published",
        "published_with_reserve",
    }
    assert not (home / "releases" / "current" / "public" / "data" / "ind_events.csv").exists()
    portal = (home / "releases" / "current" / "public" / "index.html").read_text(encoding="utf-8")
    assert "retenu" in portal and "62" in portal


@pytest.mark.nights
def test_a_delivery_that_does_not_fit_is_said_and_the_last_good_one_stays(own_home):
    home = own_home
    inbox = home / "inbox" / "evenements_ess"
    good = next(inbox.glob("*.csv")).read_bytes()
    (inbox / "evenements_ess_regions.csv").write_bytes(good.replace(b"Statut;", b"Etat d'avancement;", 1))
    (inbox / "coupe.csv").write_bytes(good[: len(good) // 2] + b'"')
    done = observatoire(home, "run")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    release = home / "releases" / "current"
    figures = rows(release / "public" / "data" / "ind_events.csv")
    assert number(cell(figures, "EV01", programme="ERROL-CONSULT-2025")["value"]) == 1, (
        "the last good delivery stays in force"
    )
    pages = "".join(path.read_text(encoding="utf-8") for path in (release / "public").glob("*.html"))
    assert "Etat d" in pages and "coupe.csv" in pages, "the portal says what was not read"
    status = observatoire(home, "status").stdout
    assert "Etat d" in status
