"""A small candidate made by hand: figures of the 2023 regional conference as anybody can count them from its list.

Belongs here: candidates, suites and verdicts for the tests of `publication`. No file of another room is read and no
expectation is run: a verdict is written as the auditor would have written it.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from expectations import Outcome, Verdict, candidate_hash, seal, suites_hash
from publication.decision import Desk as Door
from publication.publish import publish
from publication.shelf import Release

NOW = datetime(2024, 2, 6, 4, 30, tzinfo=UTC)
HDF, CVL = "HDF-CONF-2023", "CVL-STRAT-2024"
SERIES = "Rencontres (exemple)"
DATASETS = ("ind_events", "ind_participation", "ind_quality", "ind_reconciliation", "ind_territories")

TIDY = (
    "dataset VARCHAR, programme_id VARCHAR, indicator VARCHAR, breakdown VARCHAR, member VARCHAR, period VARCHAR, "
    "value DOUBLE, lower DOUBLE, upper DOUBLE, numerator DOUBLE, denominator DOUBLE, n_with_data INTEGER, "
    "n_total INTEGER, unit VARCHAR, obs_status VARCHAR, conf_status VARCHAR, caveat VARCHAR"
)

MONTHS = {"04": 2, "05": 6, "06": 10, "07": 2, "08": 0, "09": 6, "10": 7, "11": 2, "12": 1}
DEPARTMENTS = {"02": 5, "59": 10, "60": 0, "62": 11, "80": 3, "online": 5, "unknown": 2}
THEMES = {"ECOL": 14, "SOC": 9, "ECO": 11, "ORG": 12}
PARTICIPATIONS = {"02": (140, 5, 5), "59": (450, 9, 10), "62": (251, 10, 11), "80": (42, 3, 3)}


def row(dataset, indicator, breakdown="total", member="total", value=None, **more) -> tuple:
    cells = {
        "dataset": dataset,
        "programme_id": HDF,
        "indicator": indicator,
        "breakdown": breakdown,
        "member": member,
        "period": "2023-04/2023-12",
        "value": value,
        "lower": None,
        "upper": None,
        "numerator": None,
        "denominator": None,
        "n_with_data": None,
        "n_total": None,
        "unit": "event",
        "obs_status": "A",
        "conf_status": "F",
        "caveat": None,
    }
    unknown = more.keys() - cells.keys()
    assert not unknown, unknown
    return tuple((cells | more).values())


def events(total: int = 36) -> list[tuple]:
    d = "ind_events"
    rows = [row(d, "EV01", value=total)]
    rows += [row(d, "EV05", "month", f"2023-{m}", n) for m, n in MONTHS.items()]
    rows += [row(d, "EV04", "department", code, n) for code, n in DEPARTMENTS.items()]
    rows += [
        row(d, "EV02", "theme", code, n, caveat="Un événement compte dans chacun de ses thèmes.")
        for code, n in THEMES.items()
    ]
    rows += [row(d, "EV06", value=5 / 34, numerator=5, denominator=34, n_with_data=34, n_total=36, unit="share")]
    rows += [
        row(d, "EV08", "role", "any", 24, unit="organisation"),
        row(d, "EV08", "role", "lead", 22, unit="organisation"),
    ]
    rows += [row(d, "EV09", obs_status="L", unit="share", n_with_data=0, n_total=36)]
    return rows


def participation(total: int = 1055) -> list[tuple]:
    d, unit = "ind_participation", "attendance"
    rows = [row(d, "PA01", value=total, lower=total, n_with_data=33, n_total=36, unit=unit)]
    rows += [
        row(
            d,
            "PA01",
            "department",
            code,
            s,
            lower=s,
            upper=s if n == of else None,
            n_with_data=n,
            n_total=of,
            unit=unit,
        )
        for code, (s, n, of) in PARTICIPATIONS.items()
    ]
    rows += [
        row(
            d, "PA01", "department", "online", None, obs_status="M", unit=unit, caveat="À distance : sans département."
        ),
        row(d, "PA07", value=total / 33, n_with_data=33, n_total=36, unit="attendance_per_event"),
        row(d, "PA08", value=18, n_with_data=33, n_total=36, unit="attendance_per_event"),
        row(
            d,
            "PA01",
            value=15,
            lower=12,
            upper=18,
            n_with_data=1,
            n_total=1,
            unit=unit,
            obs_status="E",
            programme_id=CVL,
        ),
        row(d, "PE02", "participant_category", "elus", None, obs_status="Q", conf_status="C", unit="share"),
    ]
    return rows


def territories() -> list[tuple]:
    d = "ind_territories"
    return [
        row(d, "TE01", value=0.8, numerator=4, denominator=5, unit="share"),
        row(d, "TE02", value=12 / 90, numerator=12, denominator=90, unit="share"),
        row(d, "TE04", "department", "02", 26.5, unit="per_100k"),
        row(d, "TE04", "department", "60", 0, unit="per_100k"),
    ]


def quality() -> list[tuple]:
    return [
        row(
            "ind_quality", "QU01", value=33 / 36, numerator=33, denominator=36, n_with_data=33, n_total=36, unit="share"
        )
    ]


def reconciliation() -> list[tuple]:
    """Tidy columns in the words of the document, then those of the reconciliation."""

    def line(
        indicator,
        dimension,
        member,
        ours,
        text,
        figure,
        status,
        explained=None,
        explanation=None,
        treatment=None,
        **more,
    ):
        tidy = row("ind_reconciliation", indicator, dimension, member, ours, **more)
        return (*tidy, text, figure, ours, ours - figure, status, "ind_events", explained, explanation, treatment)

    place = "L’atelier du 2 juin n’a pas de lieu imprimé : il avait été compté dans le département de l’organisateur."
    return [
        line("nb_evenements", "total", "total", 36, "36 ateliers", 36.0, "match"),
        line("nb_evenements", "departement", "62", 11, "12", 12.0, "MISMATCH", True, place, "Publier 11."),
        line("nb_evenements", "transition", "écologique", 14, "15", 15.0, "MISMATCH", True, '=HYPERLINK("x")', "14."),
        line(
            "periode",
            "calendrier",
            "cycle",
            12,
            "avril à novembre",
            11.0,
            "MISMATCH",
            True,
            "Il va jusqu’en décembre.",
            unit="month_number",
        ),
    ]


CONTENT = {
    "ind_events": events,
    "ind_participation": participation,
    "ind_territories": territories,
    "ind_quality": quality,
    "ind_reconciliation": reconciliation,
}

RECONCILIATION_COLUMNS = (
    ", figure_text VARCHAR, figure_value DOUBLE, recomputed DOUBLE, difference DOUBLE, reconciliation_status VARCHAR, "
    "blocks_dataset VARCHAR, is_explained BOOLEAN, explanation VARCHAR, treatment VARCHAR"
)

# code, dataset, name_fr, rounding, missing_rule, formula, denominator
INDICATORS = (
    ("EV01", "ind_events", "Nombre d'événements tenus", "entier", "sous-événements exclus", "COUNT(event)", "—"),
    ("EV02", "ind_events", "Nombre d'événements par thème (mentions)", "entier", "", "COUNT par thème", "—"),
    ("EV04", "ind_events", "Nombre d'événements par département", "entier", "", "COUNT par département du lieu", "—"),
    ("EV05", "ind_events", "Nombre d'événements par mois", "entier; mois sans événement = 0", "", "COUNT", "—"),
    ("EV06", "ind_events", "Part d'événements à distance", "1 déc. %", "modalité inconnue exclue", "visio", "EV01"),
    ("EV08", "ind_events", "Nombre de structures organisatrices", "entier", "", "COUNT(DISTINCT organisation)", "—"),
    ("EV09", "ind_events", "Taux de labellisation", "1 déc. %", "", "acceptées/reçues", "reçues"),
    ("PA01", "ind_participation", "Participations déclarées", "entier; total approximatif arrondi à la dizaine",
     "manquant ≠ 0; total publié « au moins » si n<N", "Σ participants", "événements avec donnée"),
    ("PA07", "ind_participation", "Moyenne de participants par événement",
     "entier si n<50 (demi vers le pair interdit: arrondi commercial), 1 déc. sinon", "manquants exclus", "Σ/n", "n"),
    ("PA08", "ind_participation", "Médiane de participants", "0,5", "idem", "médiane", "n"),
    ("PE02", "ind_participants", "Part d'élus <b>", "entier %", "", "k/connue", "connue"),
    ("TE01", "ind_territories", "Taux de couverture départementale", "entier", "", "4/5", "départements"),
    ("TE02", "ind_territories", "Taux de couverture des EPCI", "1 déc. %", "", "12/90", "EPCI"),
    ("TE04", "ind_territories", "Participations pour 100 000 habitants", "1 déc.", "", "PA01/pop", "population"),
    ("QU01", "ind_quality", "Taux de complétude des remontées", "entier/entier et 1 déc. %", "", "33/36", "EV01"),
)  # fmt: skip

STATUSES = (
    ("valeur", None, "A", "F", "valeur normale"),
    ("p", "p", "P", "F", "provisoire (fiches de synthèse non toutes reçues)"),
    ("r", "r", "A", "F", "révisé"),
    ("e", "e", "E", "F", "estimé (comptes « environ », imputation)"),
    ("n.d.", "…", "L", "F", "donnée existante mais non recueillie"),
    ("///", "///", "M", "F", "sans objet (ex.: département d'un atelier en visio)"),
    ("n.s.", "n.s.", "N", "F", "non significatif"),
    ("s", "s", "Q", "C", "secret: trop peu de contributeurs, ou pour en protéger un autre"),
    ("interne", "(non diffusé)", "Q", "N", "non diffusable"),
)


def fill(connection, table: str, rows) -> None:
    """All rows in one statement: DuckDB takes a millisecond per row otherwise."""
    places = ", ".join(f"({', '.join('?' * len(line))})" for line in rows)
    if rows:
        connection.execute(f"INSERT INTO {table} VALUES {places}", [cell for line in rows for cell in line])


def warehouse(path: Path, content: dict[str, list[tuple]], quarantined: int = 1) -> None:
    with duckdb.connect(str(path)) as c:
        c.execute(
            "CREATE TABLE dim_programme(programme_id VARCHAR, title VARCHAR, theme_scheme VARCHAR, "
            "year INTEGER, caveat VARCHAR, period VARCHAR, nb_events INTEGER, region_name VARCHAR, series VARCHAR)"
        )
        fill(c, "dim_programme", [
            (HDF, "Conférence régionale de l'ESS Hauts-de-France 2023", "HDF2023", 2023, None, "2023-04/2023-12", 36,
             "Hauts-de-France", SERIES),
            (CVL, "Stratégie régionale Centre-Val de Loire 2024", None, 2024, "Chiffres « environ ».", "2024", 1,
             "Centre-Val de Loire", SERIES)])  # fmt: skip
        c.execute("CREATE TABLE dim_territory(level VARCHAR, code VARCHAR, name VARCHAR, vintage INTEGER)")
        departments = {"02": "Aisne", "59": "Nord", "60": "Oise", "62": "Pas-de-Calais", "80": "Somme"}
        fill(c, "dim_territory", [("department", code, name, 2023) for code, name in departments.items()])
        c.execute("CREATE TABLE dim_theme(scheme VARCHAR, code VARCHAR, label VARCHAR)")
        themes = {"ECOL": "écologique", "SOC": "sociale", "ECO": "économique", "ORG": "organisationnelle"}
        fill(c, "dim_theme", [("HDF2023", code, f"Transition {name}") for code, name in themes.items()])
        c.execute(
            "CREATE TABLE dim_breakdown(programme_id VARCHAR, breakdown VARCHAR, member VARCHAR, label VARCHAR, rank INTEGER)"
        )
        fill(c, "dim_breakdown", [
            (HDF, "total", "total", "Total", 1), (CVL, "total", "total", "Total", 1),
            (HDF, "month", "2023-04", "avril 2023", 1000), (HDF, "department", "02", "Aisne", 2),
            (HDF, "department", "59", "Nord", 59), (HDF, "department", "60", "Oise", 60),
            (HDF, "department", "62", "Pas-de-Calais", 62), (HDF, "department", "80", "Somme", 80),
            (HDF, "department", "online", "À distance", 9998), (HDF, "department", "unknown", "Non localisé", 9999),
            (HDF, "theme", "ECOL", "Transition écologique", 1), (HDF, "role", "any", "Tout rôle", 1),
            (HDF, "role", "lead", "Chefs de file", 2)])  # fmt: skip
        c.execute("CREATE TABLE dim_organisation(organisation_id VARCHAR, name VARCHAR, contact VARCHAR)")
        c.execute("INSERT INTO dim_organisation VALUES ('ORG-APES', 'APES', 'canari@example.org')")
        c.execute(
            "CREATE TABLE dim_indicator(code VARCHAR, dataset VARCHAR, name_fr VARCHAR, rounding VARCHAR, "
            "missing_rule VARCHAR, formula VARCHAR, denominator VARCHAR)"
        )
        fill(c, "dim_indicator", INDICATORS)
        c.execute("CREATE TABLE fct_event_count AS SELECT 1 AS event_key, 65 AS participants")
        c.execute("CREATE TABLE stg_events AS SELECT 'canari@example.org' AS email")
        c.execute(
            "CREATE TABLE dim_observation_status(status VARCHAR, "
            "printed_sign VARCHAR, obs_status VARCHAR, conf_status VARCHAR, meaning VARCHAR)"
        )
        fill(c, "dim_observation_status", STATUSES)
        c.execute("CREATE SCHEMA landing")
        c.execute(
            "CREATE TABLE landing.delivery(source VARCHAR, delivery_id VARCHAR, file_name VARCHAR, state VARCHAR, "
            "entity VARCHAR, received_at TIMESTAMP, rows_read INTEGER, rows_accepted INTEGER, "
            "rows_quarantined INTEGER, rows_duplicate INTEGER, "
            "rows_structure INTEGER, message VARCHAR, source_title VARCHAR, expected_every_days INTEGER)"
        )
        fill(c, "landing.delivery", [
            ("programme_hdf", "aa01", "programme_2023.xlsx", "accepted", "event", datetime(2024, 2, 5, 9, 0), 38, 36,
             quarantined, 2 - quarantined, 4, None, "Programme de la conférence (tableur)", 30),
            ("chiffres_publies", "aa02", "synthese.csv", "accepted", "published_figure", datetime(2023, 12, 12), 25, 25,
             0, 0, 0, None, "Chiffres déjà publiés", None),
            ("programme_hdf", "aa03", "programme <script>.xlsx", "held", "event", datetime(2024, 2, 5, 10, 0), 0, 0,
             0, 0, 0, "Colonne inconnue : « Nb pers. ».", "Programme de la conférence (tableur)", 30)])  # fmt: skip
        c.execute(
            "CREATE TABLE landing.quarantine(source VARCHAR, delivery_id VARCHAR, file_name VARCHAR, sheet VARCHAR, "
            "row_number INTEGER, cell VARCHAR, field VARCHAR, rule VARCHAR, message VARCHAR, value VARCHAR)"
        )
        fill(c, "landing.quarantine", [
            ("programme_hdf", "aa01", "programme_2023.xlsx", "Ateliers", 17, "D17", "starts_on", "date_unreadable",
             "« 32 juin » n’est pas une date : écrire le jour et le mois, par exemple 2 juin 2023.", "32 juin")
        ] * quarantined)  # fmt: skip
        for dataset, rows in content.items():
            columns = TIDY + (RECONCILIATION_COLUMNS if dataset == "ind_reconciliation" else "")
            c.execute(f"CREATE TABLE {dataset}({columns})")
            if rows:
                fill(c, dataset, rows)
        c.execute("CREATE TABLE ctl_events(dataset VARCHAR, control VARCHAR)")
        c.execute("CHECKPOINT")


DICTIONARY = {"models": {"dim_organisation": {"columns": {"contact": {"meta": {"privacy": "direct"}}}}}}


def candidate(directory: Path, *, without: Iterable[str] = (), quarantined: int = 1, **rows) -> Path:
    """A sealed candidate. `without`: datasets left out; `ind_events=[…]`: other rows for a dataset."""
    content = {name: make() for name, make in CONTENT.items() if name not in without} | rows
    directory.mkdir(parents=True)
    warehouse(directory / "warehouse.duckdb", content, quarantined)
    seal(directory, DICTIONARY)
    return directory


SUITE = """dataset: {dataset}
expectations:
  - id: figures_add_up
    expectation: ExpectColumnValuesToNotBeNull
    kwargs: {{column: indicator}}
    severity: bloquant
    why: La somme des parties est le total.
    what_to_do: Vérifier le tableur livré.
  - id: reporting_is_complete
    expectation: ExpectColumnValuesToNotBeNull
    kwargs: {{column: unit}}
    severity: reserve
    why: Toutes les fiches de synthèse sont arrivées.
    what_to_do: Relancer les organisateurs.
"""


def suites(directory: Path, datasets: Iterable[str] = DATASETS) -> Path:
    directory.mkdir(parents=True)
    for dataset in datasets:
        (directory / f"{dataset}.yml").write_text(SUITE.format(dataset=dataset), encoding="utf-8")
    return directory


def verdict(made: Path, rules: Path) -> Verdict:
    """The verdict of an audit where everything held."""
    outcomes = tuple(
        Outcome(
            dataset,
            name,
            severity,
            True,
            10,
            observed="Rien à signaler.",
            why="La somme des parties est le total." if severity == "bloquant" else "Toutes les fiches sont arrivées.",
            what_to_do="Vérifier le tableur livré." if severity == "bloquant" else "Relancer les organisateurs.",
        )
        for dataset in sorted(path.stem for path in rules.glob("*.yml"))
        for name, severity in (("figures_add_up", "bloquant"), ("reporting_is_complete", "reserve"))
    )
    return Verdict(candidate_hash(made), suites_hash(rules), NOW.isoformat(), outcomes)


def with_outcome(judged: Verdict, dataset: str, expectation_id: str, **changes) -> Verdict:
    """The verdict with one outcome replaced; the others as they were."""
    return replace(
        judged,
        outcomes=tuple(
            replace(o, **changes) if (o.dataset, o.expectation_id) == (dataset, expectation_id) else o
            for o in judged.outcomes
        ),
    )


def failed(judged: Verdict, dataset: str, severity: str = "bloquant") -> Verdict:
    name = "figures_add_up" if severity == "bloquant" else "reporting_is_complete"
    observed = "35 au lieu de 36." if severity == "bloquant" else "33 fiches sur 36."
    return with_outcome(judged, dataset, name, success=False, observed=observed)


def journal(releases: Path) -> list[dict]:
    return [json.loads(line) for line in (releases / "history.jsonl").read_text().splitlines()]


class Desk:
    """What a night holds in its hands: releases, suites, and candidates numbered as they are made."""

    def __init__(self, home: Path, stock: Path, datasets: tuple[str, ...] = DATASETS):
        self.releases = home / "releases"
        self.suites = suites(home / "suites", datasets)
        self.home, self.stock = home, stock
        self.left_out = set(DATASETS) - set(datasets)
        self.nights = 0
        self.calendar = home / "calendar.yml"
        self.rule("{}")

    def candidate(self, *, without=(), **what) -> Path:
        """A candidate of its own directory, copied from one made before when there is one with the same content."""
        what["without"] = sorted(self.left_out | set(without))
        made = self.stock / str(abs(hash(repr(sorted(what.items())))))
        if not made.exists():
            candidate(made, **what)
        self.nights += 1
        return Path(shutil.copytree(made, self.home / "warehouse" / str(self.nights)))

    def verdict(self, made: Path) -> Verdict:
        return verdict(made, self.suites)

    def rule(self, datasets: str) -> None:
        """What the calendar says from now on: `{ind_events: {approval: required}}`."""
        self.calendar.parent.mkdir(parents=True, exist_ok=True)
        self.calendar.write_text(f"datasets: {datasets}\n", encoding="utf-8")

    @property
    def now(self) -> datetime:
        return NOW + timedelta(days=self.nights)

    def door(self, made: Path, judged: Verdict | None = None, now: datetime | None = None) -> Door:
        """What the door decides from, as `preview` and `approve` take it."""
        return Door(made, judged or self.verdict(made), self.releases, now or self.now, self.suites, self.calendar)

    def publish(self, made: Path, judged: Verdict | None = None, now: datetime | None = None, **more) -> Release:
        door = self.door(made, judged, now)
        return publish(
            made, door.verdict, self.releases, now=door.now, suites=self.suites, calendar=self.calendar, **more
        )

    def night(self, **what) -> Release:
        return self.publish(self.candidate(**what))

    @property
    def current(self) -> str:
        return (self.releases / "current").readlink().name
