"""Writing the pages: which there are, and what each template is given.

Everything stands in `public/` as relative files, without scripts or styles from elsewhere, so that the portal works from
a disk, a share or any web server. Text is escaped by the templates (autoescape is on and nothing is marked safe).
"""

import re
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from publication import wording
from publication.changelog import counted, summary
from publication.figures import Rounding
from publication.figures import write as write_number
from publication.labels import QUARANTINE
from publication.portal import charts, views
from publication.portal.edition import Edition
from publication.tables import text_csv
from publication.workbook import legend

HERE = Path(__file__).parent
# a page stays under 500 KB: rows beyond are in the files, and the page says so
MOST_ROWS = 1100

NAVIGATION = (
    ("index.html", "Accueil"),
    ("ind_reconciliation.html", "Rapprochement"),
    ("qualite.html", "Qualité"),
    ("definitions.html", "Définitions"),
    ("historique.html", "Révisions"),
)


@cache
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "fr": lambda text: wording.typeset(text or ""),
        "date_fr": wording.long_date,
        "period": lambda text: wording.long_period(text or ""),
        "number": wording.grouped,
        "cap": wording.capitalised,
    }
    made.globals |= {"wording": wording, "navigation": NAVIGATION}
    return made


def write(public: Path, edition: Edition) -> None:
    """Every page, the style and the script, and the spreadsheet of what organisers have to correct."""
    shutil.copytree(HERE / "assets", public / "assets", copy_function=shutil.copyfile)
    lines = {name: views.lines(edition, name) for name in edition.release.datasets}
    sources = views.sources(edition)
    shared = {
        "edition": edition,
        "release": edition.release,
        "labels": edition.labels,
        "cards": views.cards(edition),
    }

    def page(name: str, template: str, **content) -> None:
        text = environment().get_template(template).render(here=name, **shared, **content)
        # blank lines and indentation of loops are a third of a large page
        (public / name).write_text(re.sub(r"\n\s*\n+", "\n", re.sub(r"(?m)^[ \t]+", "", text)), encoding="utf-8")

    programmes = views.programmes(edition, lines)
    first = programmes[0]["code"] if programmes else ""
    page(
        "index.html",
        "index.html",
        headlines=views.headlines(edition, lines, first),
        first=programmes[0] if programmes else None,
        programmes=programmes,
        sources=sources,
        notices=views.notices(edition, sources),
        summary=summary(counted(edition.changes)),
    )
    for card in shared["cards"]:
        common = {
            "card": card,
            "judged": views.judged(edition, card.dataset),
            "tally": views.tally(edition, card.dataset),
        }
        rows = lines[card.dataset]
        if card.dataset == views.RECONCILIATION and "reconciliation_status" in (rows[0].row if rows else {}):
            page(
                f"{card.dataset}.html",
                "reconciliation.html",
                count=len(rows),
                results=_results(rows),
                groups=_reconciled(rows, programmes),
                **common,
            )
        else:
            codes = list(dict.fromkeys(line.row["indicator"] for line in rows))
            page(
                f"{card.dataset}.html",
                "dataset.html",
                groups=_by_programme(rows, programmes, MOST_ROWS),
                left_out=max(0, len(rows) - MOST_ROWS),
                breakdowns=sorted({line.row["breakdown"]: line.breakdown for line in rows}.items(), key=lambda b: b[1]),
                charts=[c for p in programmes for c in charts.charts(card.dataset, rows, p["code"])][:6],
                definitions=[(code, edition.labels.indicators.get(code, {})) for code in codes],
                signs=sorted(
                    {(x.printed.sign, x.printed.meaning) for x in rows if x.printed.sign and x.printed.meaning}
                ),
                **common,
            )
    if views.RECONCILIATION not in edition.release.datasets:
        page("ind_reconciliation.html", "no_reconciliation.html")
    page(
        "qualite.html",
        "quality.html",
        sources=sources,
        waiting=views.waiting(edition),
        groups=views.set_aside(edition),
        tallies={c.dataset: views.tally(edition, c.dataset) for c in shared["cards"]},
        judgements={c.dataset: views.judged(edition, c.dataset) for c in shared["cards"]},
    )
    page("definitions.html", "definitions.html", indicators=_definitions(edition), legend=legend(edition.labels))
    revisions, more = views.revisions(edition)
    page("historique.html", "history.html", revisions=revisions, more=more, summary=summary(counted(edition.changes)))
    (public / "a-corriger.csv").write_bytes(text_csv(QUARANTINE, edition.supply.quarantine))


def _definitions(edition: Edition) -> list[tuple[str, list[dict]]]:
    """Definitions by dataset, those of published datasets first, in the order of their codes."""
    by_dataset: dict[str, list[dict]] = {}
    for _, row in sorted(edition.labels.indicators.items()):
        by_dataset.setdefault(row["dataset"] or "", []).append(row)
    order = [name for name in wording.DATASETS if name in by_dataset]
    return [(name, by_dataset[name]) for name in [*order, *(n for n in by_dataset if n not in order)]]


def _by_programme(lines: list[charts.Line], programmes: list[dict], most: int) -> list[tuple[dict, list[charts.Line]]]:
    """Lines under their programme, in the order of the programmes; no more than `most` in all."""
    groups = []
    for programme in programmes:
        found = [line for line in lines if line.row["programme_id"] == programme["code"]][: max(0, most)]
        if found:
            groups.append((programme, found))
            most -= len(found)
    return groups


def _reconciled(lines: list[charts.Line], programmes: list[dict]) -> list[tuple[dict, list[dict]]]:
    """Printed figures under their programme: what differs and is not explained first, what agrees last."""

    def rank(line: charts.Line) -> tuple:
        row = line.row
        agrees = row["reconciliation_status"] in ("match", "implicit_zero_match")
        return (row["is_explained"] is not False, row["is_explained"] is None, agrees, *views.key_of(row))

    def record(line: charts.Line) -> dict:
        row = line.row
        return {
            "line": line,
            "row": row,
            "what": wording.capitalised(wording.document_words(row["indicator"])),
            "where": _place(row),
            "result": wording.RECONCILIATION.get(row["reconciliation_status"], row["reconciliation_status"]),
            "difference": _difference(row["difference"]),
        }

    groups = _by_programme(sorted(lines, key=rank), programmes, MOST_ROWS)
    return [(programme, [record(line) for line in found]) for programme, found in groups]


def _results(lines: list[charts.Line]) -> list[tuple[str, int]]:
    """(result in words, how many), the most frequent first."""
    statuses = Counter(line.row["reconciliation_status"] for line in lines)
    return [(wording.RECONCILIATION.get(status, status), number) for status, number in statuses.most_common()]


def _place(row: dict) -> str:
    if row["breakdown"] == row["member"] == "total":
        return "total"
    return f"{wording.document_words(row['breakdown'] or '')} : {row['member']}"


def _difference(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) < 1e-9:
        return "0"
    return write_number(value, Rounding(0 if float(value).is_integer() else 1, signed=True))
