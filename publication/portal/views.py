"""What each page says, as plain data: headline figures, cards, sources, rows set aside, expectations.

Belongs here: choosing and counting. Does not belong here: markup (templates), how a figure is written (`figures`).
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from expectations import Outcome
from expectations.verdict import MAX_KEYS
from publication.changelog import Change, figures_first, in_words, where
from publication.figures import Printed, Printing, printed
from publication.portal.blocks import slug
from publication.portal.charts import Line
from publication.portal.edition import Edition
from publication.returns.books import CORRECTIONS
from publication.shelf import CARRIED, WITHHELD, DatasetStatus, read_release
from publication.tables import KEY, by_key
from publication.wording import (
    BREAKDOWNS,
    DATASETS,
    DELIVERY_STATES,
    NBSP,
    WAITS,
    cell_column,
    dataset_question,
    dataset_title,
    long_date,
    plural,
    state,
)

# what the first screen shows, when it exists: (dataset, indicator, breakdown, member, words under the figure)
HEADLINES = (
    ("ind_events", "EV01", "total", "total", "événements tenus"),
    ("ind_participation", "PA01", "total", "total", "participations déclarées"),
    ("ind_participation", "PA09", "total", "total", "personnes différentes"),
    ("ind_participation", "PA07", "total", "total", "participants en moyenne par événement"),
    ("ind_participation", "PA03", "total", "total", "inscriptions"),
    ("ind_participation", "PA04", "total", "total", "des inscrits sont venus"),
    ("ind_events", "EV08", "role", "any", "structures organisatrices"),
    ("ind_territories", "TE01", "total", "total", "des départements de la région accueillent un événement"),
    ("ind_satisfaction", "SA02", "total", "total", "de participants satisfaits"),
    ("ind_quality", "QU01", "total", "total", "des fiches de synthèse reçues avec un effectif"),
)
MOST_HEADLINES = 6
RECONCILIATION = "ind_reconciliation"


@dataclass(frozen=True)
class Headline:
    """One figure of the first page, and the words after it."""

    dataset: str
    programme: str
    indicator: str
    words: str
    printed: Printed
    on: str  # « sur 33 des 36 événements »
    change: str


@dataclass(frozen=True)
class Compared:
    """One figure of the first page in the editions of a series, oldest first; None where a table has no line of it."""

    dataset: str
    indicator: str
    lines: dict[str, Line | None]  # by programme

    def on(self, code: str) -> str:
        line = self.lines[code]
        return _on(line.row) if line and has_figure(line) else ""


@dataclass(frozen=True)
class Reserve:
    """What a check found in a table, and the codes of the programmes that it is about; none when it is about all, or nobody can tell."""

    text: str
    programmes: tuple[str, ...] = ()

    def concerns(self, codes: Collection[str]) -> bool:
        return not self.programmes or any(code in codes for code in self.programmes)


@dataclass(frozen=True)
class Card:
    """One dataset on the first page and at the head of its own: what it answers, how it stands, what its files cover."""

    dataset: str
    title: str
    question: str
    status: DatasetStatus
    state: str
    badge: str  # how the state looks
    rows: str
    covers: str  # « 3 programmes »: those of which it has a figure, or that it has none
    until: str  # « données reçues jusqu’au 6 avril 2024 »
    has_files: bool
    reserves: tuple[Reserve, ...] = ()


@dataclass(frozen=True)
class Source:
    """One source: what its accepted deliveries brought, and how fresh it is."""

    source: str
    title: str
    last: str
    is_late: bool
    late: str
    read: int
    accepted: int
    set_aside: int
    duplicates: int
    structure: int
    is_conserved: bool
    waiting: int  # deliveries held or refused

    @property
    def slug(self) -> str:
        return slug(self.source)


def key_of(row: dict) -> tuple[str, ...]:
    return tuple("" if row.get(name) is None else str(row.get(name)) for name in KEY)


def lines(edition: Edition, dataset: str) -> list[Line]:
    """Rows of a dataset, labelled and printed, programme by programme, in the order of the definitions."""
    labels, table = edition.labels, edition.tables.get(dataset)
    if table is None:
        return []
    rows = sorted(table.to_pylist(), key=labels.rank)
    figures = Printing(labels)
    return [
        Line(
            row=row,
            printed=figures.of(row, revised=bool(edition.revised) and key_of(row) in edition.revised),
            programme=labels.programme(row["programme_id"]),
            indicator=labels.indicator(row["indicator"]),
            breakdown=labels.breakdown(row["breakdown"]),
            member=labels.member(row["breakdown"], row["member"], row["programme_id"]),
        )
        for row in rows
    ]


def programmes(
    edition: Edition, all_lines: Mapping[str, list[Line]], first_figures: Mapping[str, list[Headline]]
) -> list[dict]:
    """Programmes that have figures, each with its few totals.

    Those that can say most of the headlines (`first_figures`) come first; then those whose figures were printed before, which people compare.
    """
    printed_before = {line.row["programme_id"] for line in all_lines.get(RECONCILIATION, ())}
    totals: dict[str, dict[str, Printed]] = {}
    for name, each in all_lines.items():
        for line in each:
            of_programme = totals.setdefault(line.row["programme_id"], {})
            if name != RECONCILIATION and line.row["breakdown"] == "total":
                of_programme[line.row["indicator"]] = line.printed
    chosen = []
    for code, of_programme in totals.items():
        facts = edition.labels.programmes.get(code, {})
        chosen.append(
            {
                "code": code,
                "title": edition.labels.programme(code),
                "period": facts.get("period") or str(facts.get("year") or ""),
                "period_code": facts.get("period") or "",
                "year": facts.get("year") or 0,
                "series": facts.get("series") or "",
                "region": facts.get("region_name") or "",
                "caveat": facts.get("caveat") or "",
                "nb_events": facts.get("nb_events") or 0,
                "totals": of_programme,
                "nb_headlines": len(first_figures.get(code, ())),
            }
        )
    return sorted(
        chosen, key=lambda p: (-p["nb_headlines"], p["code"] not in printed_before, -p["nb_events"], p["code"])
    )


FirstLines = dict[tuple[str, ...], dict[str, Line]]


def headlines(edition: Edition, first: FirstLines) -> dict[str, list[Headline]]:
    """Those of each programme that has some."""
    found: dict[str, list[Headline]] = {}
    before = {}
    if edition.release.previous is not None:
        before = {
            name: by_key(_with_headlines(edition.before[name]))
            for name in {line[0] for line in HEADLINES} & edition.before.keys()
        }
    for dataset, indicator, breakdown, member, words in HEADLINES:
        for programme, line in first[dataset, indicator, breakdown, member].items():
            if has_figure(line):
                change = _change(edition, before.get(dataset, {}), line)
                headline = Headline(dataset, programme, indicator, words, line.printed, _on(line.row), change)
                found.setdefault(programme, []).append(headline)
    return {programme: each[:MOST_HEADLINES] for programme, each in found.items()}


def editions(first: FirstLines, programmes: list[dict]) -> dict[str, list[Compared]]:
    """The headlines of the programmes of one series side by side, by the code of each: nothing of a series that has a single one."""
    by_series: dict[str, list[str]] = {}
    for programme in sorted(programmes, key=lambda p: (p["year"], p["code"])):
        by_series.setdefault(programme["series"], []).append(programme["code"])
    found: dict[str, list[Compared]] = {}
    for headline, lines in first.items():
        for series, codes in by_series.items():
            own = {code: lines[code] for code in codes if code in lines}
            if series and len(codes) > 1 and any(map(has_figure, own.values())):
                compared = Compared(headline[0], next(iter(own.values())).indicator, {c: own.get(c) for c in codes})
                for code in codes:
                    found.setdefault(code, []).append(compared)
    return found


def first_lines(all_lines: Mapping[str, list[Line]]) -> FirstLines:
    """Of each of HEADLINES, by its first four words, the line of each programme: the first that has a figure, else one that says why there is
    none."""
    found: FirstLines = {headline[:4]: {} for headline in HEADLINES}
    for dataset in {headline[0] for headline in HEADLINES}:
        for line in all_lines.get(dataset, ()):
            row = line.row
            lines = found.get((dataset, row["indicator"], row["breakdown"], row["member"]))
            if lines is not None:
                before = lines.setdefault(row["programme_id"], line)
                if has_figure(line) and not has_figure(before):
                    lines[row["programme_id"]] = line
    return found


def _with_headlines(table: pa.Table) -> pa.Table:
    """The rows of a table among which headlines are found."""
    codes = pa.array(sorted({line[1] for line in HEADLINES}))
    breakdowns = pa.array(sorted({line[2] for line in HEADLINES}))
    return table.filter(pc.and_(pc.is_in(table["indicator"], codes), pc.is_in(table["breakdown"], breakdowns)))


def members(all_lines: list[Line], *breakdowns: str) -> list[tuple[str, str]]:
    """(code, label) of the members of some breakdowns, in the order of the rows, each once."""
    return list({x.row["member"]: x.member for x in all_lines if x.row["breakdown"] in breakdowns}.items())


def territories(all_lines: list[Line]) -> list[tuple[str, list[tuple[str, str]]]]:
    """(« Département », [(`department:59`, « Nord »), …]), widest first; what is nowhere on a map is left out."""
    found: dict[str, dict[str, str]] = {name: {} for name in ("region", "department", "epci", "commune")}
    for line in all_lines:
        breakdown, member = line.row["breakdown"], line.row["member"]
        if breakdown in found and member not in ("online", "unknown"):
            found[breakdown].setdefault(f"{breakdown}:{member}", line.member)
    return [
        (BREAKDOWNS[name], sorted(each.items(), key=lambda item: item[0] if name == "department" else item[1]))
        for name, each in found.items()
        if each
    ]


def public_before(edition: Edition) -> Path | None:
    """The public files of the release before, on the same shelf."""
    release = edition.release
    return None if release.previous is None else release.path.parent / str(release.previous) / "public"


def _on(row: dict) -> str:
    n, total = row["n_with_data"], row["n_total"]
    if row["denominator"] is not None and row["unit"] == "share" and row["numerator"] is not None:
        return f"{row['numerator']:.0f} sur {row['denominator']:.0f}"
    if n is None or total is None or n == total:
        return ""
    return f"sur{NBSP}{n} des {plural(total, 'événement')}"


def _change(edition: Edition, before: Mapping[tuple[str, ...], dict], line: Line) -> str:
    """What a line says beside the rows of the release before, by key."""
    previous = edition.release.previous
    if previous is None:
        return ""
    row = before.get(key_of(line.row))
    if row is None:
        return "nouveau dans cette version"
    old = printed(row, edition.labels)
    if old.full == line.printed.full:
        return f"inchangé depuis la version{NBSP}{previous}"
    return f"{old.full} dans la version{NBSP}{previous}"


def cards(edition: Edition, all_lines: dict[str, list[Line]]) -> list[Card]:
    """In the order in which people ask: how many, who, where, how well; then what no list foresaw."""
    order = list(DATASETS)
    standing = {waits.dataset: WAITS.get(waits.waits, "à publier") for waits in edition.previewed}

    def rank(item: tuple[str, DatasetStatus]) -> tuple[int, str]:
        return (order.index(item[0]) if item[0] in order else len(order), item[0])

    return [
        Card(
            dataset=name,
            title=dataset_title(name),
            question=dataset_question(name),
            status=status,
            state=standing.get(name) or state(status),
            badge="carried" if name in standing else status.status,
            rows=plural(status.rows, "ligne") if status.is_available else "",
            covers=_covers({line.row["programme_id"] for line in all_lines.get(name, ()) if has_figure(line)}),
            until=_until(edition, status),
            reserves=tuple(Reserve(text, _concerned(edition, name, text)) for text in status.reserves),
            has_files=status.is_available,
        )
        for name, status in sorted(edition.release.datasets.items(), key=rank)
    ]


def _covers(programmes: set[str]) -> str:
    return plural(len(programmes), "programme") if programmes else "aucun chiffre"


def has_figure(line: Line) -> bool:
    """Whether a line prints a figure, rather than the reason why there is none."""
    return line.printed.number is not None


def _until(edition: Edition, status: DatasetStatus) -> str:
    """How fresh a table is: of one carried on, as fresh as the release that made it."""
    made_by, until = status.from_release, edition.release.data_until
    if made_by is not None and made_by != edition.release.number:
        try:
            until = read_release(edition.release.path.parent / str(made_by)).data_until
        except OSError:
            until = None
    return f"données reçues jusqu’au {long_date(until)}" if until and status.is_available else ""


def _concerned(edition: Edition, dataset: str, reserve: str) -> tuple[str, ...]:
    """The programmes of the check behind a reserve; none when the check is that of another night."""
    return next((_at_fault(o) for o in edition.verdict.reserves(dataset) if o.sentence() == reserve), ())


def _at_fault(outcome: Outcome) -> tuple[str, ...]:
    """The programmes that a check found fault with; none when there are more than it lists."""
    if len(outcome.failing_keys) >= MAX_KEYS:
        return ()
    return tuple(sorted({key["programme_id"] for key in outcome.failing_keys if key.get("programme_id")}))


def sources(edition: Edition) -> list[Source]:
    """One per source, by name: sums over its accepted deliveries, and whether every row read is among them."""
    by_source: dict[str, list[dict]] = {}
    for delivery in edition.supply.deliveries:
        by_source.setdefault(delivery["source"], []).append(delivery)
    found = []
    for name, deliveries in sorted(by_source.items()):
        accepted = [d for d in deliveries if d["state"] == "accepted"]
        counted = {
            column: sum(d[column] or 0 for d in accepted)
            for column in ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_structure")
        }
        last = max((str(d["received_at"])[:10] for d in accepted if d["received_at"]), default="")
        every = max((d["expected_every_days"] or 0 for d in deliveries), default=0)
        age = (edition.made_at.date() - date.fromisoformat(last)).days if last else None
        late = bool(every and (age is None or age > every))
        found.append(
            Source(
                source=name,
                title=next((d["source_title"] for d in deliveries if d["source_title"]), name),
                last=long_date(last) if last else "",
                is_late=late,
                late=f"attendue tous les {every} jours" if late else "",
                read=counted["rows_read"],
                accepted=counted["rows_accepted"],
                set_aside=counted["rows_quarantined"],
                duplicates=counted["rows_duplicate"],
                structure=counted["rows_structure"],
                is_conserved=counted["rows_read"]
                == counted["rows_accepted"] + counted["rows_quarantined"] + counted["rows_duplicate"],
                waiting=sum(d["state"] in ("held", "refused") for d in deliveries),
            )
        )
    return found


def waiting(edition: Edition) -> list[dict]:
    """Deliveries that were not taken in, with what to do."""
    return [
        {**d, "state_word": DELIVERY_STATES.get(d["state"], d["state"]), "on": long_date(str(d["received_at"])[:10])}
        for d in edition.supply.deliveries
        if d["state"] in ("held", "refused")
    ]


MOST_LISTED = 600  # cells to fix on one page, over all who typed them


def to_fix(edition: Edition) -> list[dict]:
    """What to fix by who typed it: the workbook to send, and its first lines; `more` lines of each stand in the workbook only."""
    found, room = [], MOST_LISTED
    for book in edition.books:
        if book.kind == CORRECTIONS:
            rows = [
                {
                    "source": source,
                    "file": file_name,
                    "sheet": sheet or "",
                    "cell": cell,
                    "says": f"{problem}. {advice}",
                }
                for source, file_name, sheet, cell, _, _, problem, advice, *_ in book.shown[:room]
            ]
            room -= len(rows)
            found.append({"book": book, "rows": rows, "more": book.lines - len(rows)})
    return found


def by_reason(edition: Edition) -> list[tuple[str, str, int, str]]:
    """(rule, what it says, how many rows, share of the largest in percent), the most frequent first."""
    counts = Counter(row["rule"] or "" for row in edition.supply.quarantine)
    sentences = {row["rule"] or "": row["message"] or "" for row in reversed(edition.supply.quarantine)}
    most = max(counts.values(), default=1)
    return [(rule, sentences[rule], n, f"{100 * n / most:.1f}") for rule, n in counts.most_common()]


def notices(edition: Edition, all_sources: list[Source]) -> list[dict]:
    """What the banner says: datasets that are not tonight's, sources that are late or waiting."""
    found = []
    for name, status in edition.release.datasets.items():
        if status.status in (CARRIED, WITHHELD):
            what = (
                "n’est pas publié"
                if status.status == WITHHELD
                else f"reste celui de la version{NBSP}{status.from_release}"
            )
            found.append({"title": f"« {dataset_title(name)} » {what}.", "why": status.reasons, "page": f"{name}.html"})
    for source in all_sources:
        if source.is_late:
            title = f"« {source.title} » est en retard : dernière livraison le {source.last}, {source.late}."
            if not source.last:
                title = f"« {source.title} » n’a encore rien livré."
            found.append({"title": title, "why": (), "page": "qualite.html#sources"})
        if source.waiting:
            title = f"« {source.title} » : {plural(source.waiting, 'livraison')} en attente d’une correction."
            found.append({"title": title, "why": (), "page": "qualite.html#attente"})
    return found


def judged(edition: Edition, dataset: str) -> list[dict]:
    """Outcomes of one dataset, those that do not hold first."""

    def record(outcome: Outcome) -> dict:
        kind = "tenu" if outcome.holds else "non tenu"
        weight = "bloquant" if outcome.is_blocking else "réserve"
        found = Reserve(outcome.error or outcome.observed, _at_fault(outcome))
        return {"outcome": outcome, "kind": kind, "weight": weight, "found": found}

    outcomes = sorted(edition.verdict.of(dataset), key=lambda o: (o.holds, o.severity, o.expectation_id))
    return [record(outcome) for outcome in outcomes]


def tally(edition: Edition, dataset: str) -> str:
    """« 12 contrôles, tous tenus »."""
    counts = Counter(o.holds for o in edition.verdict.of(dataset))
    total = counts[True] + counts[False]
    if not total:
        return "aucun contrôle n’a été mené"
    end = "tous tenus" if not counts[False] else f"dont {plural(counts[False], 'non tenu', 'non tenus')}"
    return f"{plural(total, 'contrôle')}, {end}"


def revisions(edition: Edition, most: int = 400) -> tuple[list[dict], int]:
    """Cells that changed, in words, those of figures first, and how many more are only in revisions.csv."""
    changed = figures_first(edition.changes)
    return [_revision(change, edition) for change in changed[:most]], max(0, len(changed) - most)


def _revision(change: Change, edition: Edition) -> dict:
    old, new = in_words(change, edition.labels)
    return {
        "dataset": dataset_title(change.dataset),
        "where": where(change, edition.labels),
        "column": cell_column(change.column),
        "old": old,
        "new": new,
    }
