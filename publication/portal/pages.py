"""Writing the pages: which there are, and what each template is given.

Everything stands in `public/` as relative files, without scripts or styles from elsewhere, so that the portal works from
a disk, a share or any web server. Text is escaped by the templates (autoescape is on and nothing is marked safe; drawings
are rebuilt from known shapes in `drawing`).
"""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from publication import trace, wording
from publication.changelog import counted, summary
from publication.figures import Rounding, by_sign
from publication.figures import write as write_number
from publication.labels import QUARANTINE
from publication.package import read_publisher
from publication.portal import drawing, paging, search, views
from publication.portal.blocks import Block, Sheet, blocks, notes, slug
from publication.portal.charts import Chart, Line, counts
from publication.portal.edition import Edition
from publication.portal.maps import CREDIT
from publication.shelf import CARRIED
from publication.tables import text_csv
from publication.workbook import legend
from rulebook.numbers import grouped

HERE = Path(__file__).parent
MOST_ROWS = 1100  # of the reconciliation: rows beyond are in the files, and the page says so

NAVIGATION = (
    ("index.html", "Accueil"),
    ("ind_reconciliation.html", "Rapprochement"),
    ("qualite.html", "Qualité"),
    ("definitions.html", "Méthode"),
    ("historique.html", "Révisions"),
)
FILES = (
    ("METHODOLOGIE.md", "Méthodologie (texte)"),
    ("QUALITE.json", "Contrôles (JSON)"),
    ("datapackage.json", "Description des données (JSON)"),
    ("CHANGELOG.md", "Révisions (texte)"),
    ("revisions.csv", "Révisions (CSV)"),
    ("LICENCE.txt", "Licence"),
)
# what a programme shows at a glance, when it is worth drawing: (dataset, breakdown), at most GLANCE of them
GLIMPSES = (
    ("ind_events", "month"),
    ("ind_events", "department"),
    ("ind_events", "theme"),
    ("ind_participation", "month"),
    ("ind_participation", "department"),
    ("ind_participation", "theme"),
    ("ind_participants", "participant_category"),
    ("ind_organisations", "organisation_family"),
)
GLANCE = 6
ON_PAPER = "NOM ET VERSION"  # in style.css


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
        "number": grouped,
        "cap": wording.capitalised,
    }
    made.globals |= {
        "wording": wording,
        "navigation": NAVIGATION,
        "credit": CREDIT,
        "noted": notes,
    }
    return made


def warm_up() -> None:
    """Compile the templates: half of the time of the first pages."""
    for name in environment().list_templates():
        environment().get_template(name)


@dataclass(frozen=True)
class Part:
    """One programme on the page of one dataset."""

    programme: dict
    slug: str
    page: str
    blocks: Sequence[Block]


class Portal:
    """The pages of one release as they are being written."""

    def __init__(self, public: Path, edition: Edition, renderer: drawing.Renderer | None = None):
        self.public, self.edition = public, edition
        self.lines = {name: views.lines(edition, name) for name in edition.release.datasets}
        first = views.first_lines(self.lines)
        self.headlines = views.headlines(edition, first)
        self.programmes = views.programmes(edition, self.lines, self.headlines)
        self.editions = views.editions(first, self.programmes)
        self.cards = views.cards(edition, self.lines)
        self.parts = {
            name: [
                Part(
                    p,
                    slug(p["code"]),
                    programme_page(p["code"]),
                    blocks(found, edition.labels, p["period_code"]),
                )
                for p in self._with_figures_first(name)
                if (found := [line for line in self.lines[name] if line.row["programme_id"] == p["code"]])
            ]
            for name in edition.release.datasets
            if name != views.RECONCILIATION
        }
        drawn = {c.name: c for parts in self.parts.values() for p in parts for b in p.blocks for c in b.charts}
        self.results = _drawn_results(self.lines.get(views.RECONCILIATION, ()))
        drawn |= {chart.name: chart for chart in self.results}
        self.drawing_files = {name: drawing.file_name(chart) for name, chart in drawn.items()}
        self.drawings = drawing.Drawings(drawn.values(), public, views.public_before(edition), renderer)
        self.shared: dict[str, Any] = {}
        # (dataset, programme) -> the page that shows it; (dataset, programme, breakdown, member) -> another one that shows that member
        self.pages: dict[tuple[str, str], str] = {}
        self.elsewhere: dict[tuple[str, ...], str] = {}

    def begin(self) -> None:
        """What every page is given, once the drawings and the other files are there."""
        self.shared = {
            "edition": self.edition,
            "release": self.edition.release,
            "labels": self.edition.labels,
            "cards": self.cards,
            "observatory": read_publisher().name,
            "files": [
                *((name, title) for name, title in FILES if (self.public / name).exists()),
                ("SHA256SUMS", "Empreintes"),
            ],
            "scripts": (),
            "drawings": self.drawings.done(),
            "drawing_files": self.drawing_files,
        }

    def _with_figures_first(self, dataset: str) -> list[dict]:
        """The programmes in the order of a dataset's page, which opens on the first: those of which it has a figure, then the others."""
        filled = {line.row["programme_id"] for line in self.lines[dataset] if views.has_figure(line)}
        return sorted(self.programmes, key=lambda programme: programme["code"] not in filled)

    def origin(self, dataset: str, programme: str) -> str:
        name = trace.file_name(dataset, programme)
        return name if (self.public / name).is_file() else ""

    def page(self, name: str, template: str, **content: Any) -> None:
        text = environment().get_template(template).render(here=name, **(self.shared | content))
        # blank lines and indentation of loops are a third of a large page
        text = re.sub(r"\n\s*\n+", "\n", re.sub(r"(?m)^[ \t]+", "", text))
        (self.public / name).write_text(text, encoding="utf-8")


def write(portal: Portal) -> None:
    """Every page, the style and the scripts, and the spreadsheet of what organisers have to correct. To be called when the other
    files of the release are written: the pages link those that are there."""
    public, edition = portal.public, portal.edition
    shutil.copytree(HERE / "assets", public / "assets", copy_function=shutil.copyfile)
    portal.begin()
    _name_on_paper(
        public / "assets" / "style.css", f"{portal.shared['observatory']}. {wording.presented(edition.release)}"
    )
    for card in portal.cards:
        if card.dataset == views.RECONCILIATION:
            _reconciliation(portal, card)
        else:
            _dataset(portal, card)
    if views.RECONCILIATION not in edition.release.datasets:
        portal.page("ind_reconciliation.html", "no_reconciliation.html")
    for programme in portal.programmes:
        _programme(portal, programme)
    _home(portal)
    _quality(portal)
    portal.page(
        "definitions.html",
        "definitions.html",
        indicators=_definitions(edition),
        legend=legend(edition.labels),
        shown_in={
            line.row["indicator"]: name
            for name, each in portal.lines.items()
            if name != views.RECONCILIATION
            for line in each
        },
    )
    revisions, more = views.revisions(edition)
    portal.page(
        "historique.html", "history.html", revisions=revisions, more=more, summary=summary(counted(edition.changes))
    )
    _search(portal)
    (public / "a-corriger.csv").write_bytes(text_csv(QUARANTINE, edition.supply.quarantine))


def _name_on_paper(style: Path, words: str) -> None:
    """The head of every printed sheet: no page can give it to its margin otherwise."""
    text = style.read_text(encoding="utf-8")
    quoted = words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    style.write_text(text.replace(ON_PAPER, quoted), encoding="utf-8")


def programme_page(code: str) -> str:
    return f"programme-{slug(code)}.html"


# --- one page or several -------------------------------------------------------------------------------------------


def _dataset(portal: Portal, card: views.Card) -> None:
    """One page with all programmes; when it would be heavy a page per programme, the first keeping its name, and further pages for
    long lists."""
    name, parts = card.dataset, portal.parts[card.dataset]
    if not paging.is_heavy(part.blocks for part in parts):
        pages = {part.programme["code"]: f"{name}.html" for part in parts}
        _dataset_page(portal, card, f"{name}.html", parts, pages)
    else:
        pages = {
            part.programme["code"]: f"{name}-{part.slug}.html" if n else f"{name}.html" for n, part in enumerate(parts)
        }
        for part in parts:
            _programme_of_dataset(portal, card, part, pages, part.programme["title"] if len(parts) > 1 else "")
    portal.pages |= {(name, code): page for code, page in pages.items()}


def _programme_of_dataset(portal: Portal, card: views.Card, part: Part, pages: Mapping[str, str], only: str) -> None:
    """The page of one programme, and those of the lists that are too long for it."""
    name, code = card.dataset, part.programme["code"]
    sheets = {
        block.id: tuple(
            Sheet(f"{name}-{part.slug}-{slug(block.breakdown)}{f'-{n}' if n > 1 else ''}.html", cut)
            for n, cut in enumerate(paging.sheets(block), 1)
        )
        for block in paging.set_apart(part.blocks)
    }
    shown = [replace(block, sheets=sheets.get(block.id, ())) for block in part.blocks]
    _dataset_page(portal, card, pages[code], [replace(part, blocks=shown)], pages, only)
    for of_block in sheets.values():
        for n, sheet in enumerate(of_block):
            alone = replace(part, blocks=[sheet.block])
            here, turn = {**pages, code: sheet.page}, (pages[code], of_block, n)
            _dataset_page(portal, card, sheet.page, [alone], here, part.programme["title"], turn)
            for entry in sheet.block.tables[0].entries:
                portal.elsewhere.setdefault((name, code, sheet.block.breakdown, entry.member), sheet.page)


def _dataset_page(
    portal: Portal,
    card: views.Card,
    name: str,
    parts: list[Part],
    pages: Mapping[str, str],
    only: str = "",
    turn: tuple[str, Sequence[Sheet], int] | None = None,
) -> None:
    """`only`: the programme that the page is about, when it is about one. `turn`: of a page of a long list, the page of its programme, all
    the pages of the list and which of them this is."""
    edition = portal.edition
    codes = {part.programme["code"] for part in parts}
    shown = [b for part in parts for b in part.blocks if not b.sheets]
    lines = [cell for b in shown for t in b.tables for entry in t.entries for cell in entry.cells if cell is not None]
    portal.page(
        name,
        "dataset.html",
        card=card,
        parts=parts,
        codes=codes,
        only=only,
        turn=turn,
        origins={part.programme["code"]: portal.origin(card.dataset, part.programme["code"]) for part in parts},
        choices=[(part.programme, pages[part.programme["code"]]) for part in portal.parts[card.dataset]],
        territories=views.territories(lines),
        themes=views.members(lines, "theme"),
        periods=views.members(lines, "month", "year"),
        definitions=[
            (code, edition.labels.indicators.get(code, {}))
            for code in sorted({line.row["indicator"] for line in lines})
        ],
        signs=_signs(lines),
        judged=views.judged(edition, card.dataset),
        tally=views.tally(edition, card.dataset),
        scripts=("feuille.js", "origine.js", "portal.js"),
    )


def _reconciliation(portal: Portal, card: views.Card) -> None:
    rows, edition = portal.lines[card.dataset], portal.edition
    portal.page(
        f"{card.dataset}.html",
        "reconciliation.html",
        card=card,
        codes={p["code"] for p in portal.programmes},
        count=len(rows),
        results=_results(rows),
        drawn=portal.results,
        signs=_signs(rows),
        groups=_reconciled(rows, portal.programmes),
        origins={p["code"]: portal.origin(card.dataset, p["code"]) for p in portal.programmes},
        judged=views.judged(edition, card.dataset),
        tally=views.tally(edition, card.dataset),
        scripts=("feuille.js", "origine.js", "portal.js"),
    )


def _programme(portal: Portal, programme: dict) -> None:
    code = programme["code"]
    mine = [line for line in portal.lines.get(views.RECONCILIATION, ()) if line.row["programme_id"] == code]
    ((_, records),) = _reconciled(mine, [programme]) or (("", []),)
    agreeing = ("match", "implicit_zero_match", "compatible_approx")
    by_block = {
        (name, block.breakdown): block
        for name, parts in portal.parts.items()
        for part in parts
        if part.programme["code"] == code
        for block in part.blocks
        if block.is_drawn
    }
    its = [(card, portal.pages[card.dataset, code]) for card in portal.cards if (card.dataset, code) in portal.pages]
    portal.page(
        programme_page(code),
        "programme.html",
        programme=programme,
        headlines=portal.headlines.get(code, []),
        editions=portal.editions.get(code, []),
        titles={p["code"]: (p["title"], programme_page(p["code"])) for p in portal.programmes},
        pages=portal.pages,
        glance=[by_block[key] for key in GLIMPSES if key in by_block][:GLANCE],
        printed_elsewhere={
            "count": len(mine),
            "results": _results(mine),
            "differing": [r for r in records if r["row"]["reconciliation_status"] not in agreeing],
        }
        if mine
        else None,
        its=its,
        carried=[(card, page) for card, page in its if card.status.status == CARRIED],
    )


def _home(portal: Portal) -> None:
    edition = portal.edition
    sources = views.sources(edition)
    first = portal.programmes[0] if portal.programmes else None
    portal.page(
        "index.html",
        "index.html",
        headlines=portal.headlines.get(first["code"], []) if first else [],
        first=first,
        pages=portal.pages,
        programmes=[(p, programme_page(p["code"])) for p in portal.programmes],
        sources=sources,
        notices=views.notices(edition, sources),
        summary=summary(counted(edition.changes)),
    )


def _quality(portal: Portal) -> None:
    edition = portal.edition
    sources = views.sources(edition)
    portal.page(
        "qualite.html",
        "quality.html",
        sources=sources,
        waiting=views.waiting(edition),
        groups=views.to_fix(edition),
        by_reason=views.by_reason(edition),
        tallies={c.dataset: views.tally(edition, c.dataset) for c in portal.cards},
        judgements={c.dataset: views.judged(edition, c.dataset) for c in portal.cards},
        codes={p["code"] for p in portal.programmes},
    )


def _search(portal: Portal) -> None:
    edition = portal.edition
    fixed = [(title, "Page", page, "") for page, title in NAVIGATION]
    tables = [(c.title, "Tableau", f"{c.dataset}.html", c.question) for c in portal.cards]
    programmes = [
        (p["title"], "Programme", programme_page(p["code"]), p["region"] or wording.long_period(p["period"]))
        for p in portal.programmes
    ]
    map_of_pages = [*fixed, *tables, *programmes]
    words = {indicator: said for _, indicator, _, _, said in views.HEADLINES}
    index = search.index(
        map_of_pages, portal.lines, portal.pages, portal.elsewhere, edition, views.sources(edition), words
    )
    (portal.public / "assets" / "index.js").write_text(search.script(index), encoding="utf-8")
    portal.page(
        "recherche.html",
        "search.html",
        map=map_of_pages,
        left_out=index.left_out,
        scripts=("index.js", "recherche.js"),
    )


# --- what the templates are given ----------------------------------------------------------------------------------


def _definitions(edition: Edition) -> list[tuple[str, list[dict]]]:
    """Definitions by dataset, those of published datasets first, in the order of their codes."""
    by_dataset: dict[str, list[dict]] = {}
    for _, row in sorted(edition.labels.indicators.items()):
        by_dataset.setdefault(row["dataset"] or "", []).append(row)
    order = [name for name in wording.DATASETS if name in by_dataset]
    return [(name, by_dataset[name]) for name in [*order, *(n for n in by_dataset if n not in order)]]


def _by_programme(lines: list[Line], programmes: list[dict], most: int) -> list[tuple[dict, list[Line]]]:
    """Lines under their programme, in the order of the programmes; no more than `most` in all."""
    groups = []
    for programme in programmes:
        found = [line for line in lines if line.row["programme_id"] == programme["code"]][: max(0, most)]
        if found:
            groups.append((programme, found))
            most -= len(found)
    return groups


def _reconciled(lines: list[Line], programmes: list[dict]) -> list[tuple[dict, list[dict]]]:
    """Printed figures under their programme: what differs and is not explained first, what agrees last."""

    def rank(line: Line) -> tuple:
        row = line.row
        agrees = row["reconciliation_status"] in ("match", "implicit_zero_match")
        return (row["is_explained"] is not False, row["is_explained"] is None, agrees, *views.key_of(row))

    def record(line: Line) -> dict:
        row = line.row
        return {
            "line": line,
            "row": row,
            "what": wording.capitalised(wording.document_words(row["indicator"])),
            "where": _place(row),
            "result": wording.RECONCILIATION.get(row["reconciliation_status"], row["reconciliation_status"]),
            "difference": _difference(row),
        }

    groups = _by_programme(sorted(lines, key=rank), programmes, MOST_ROWS)
    return [(programme, [record(line) for line in found]) for programme, found in groups]


def _results(lines: Sequence[Line]) -> list[tuple[str, int]]:
    """(result in words, how many), the most frequent first."""
    statuses = Counter(line.row["reconciliation_status"] for line in lines)
    return [(wording.RECONCILIATION.get(status, status), number) for status, number in statuses.most_common()]


def _drawn_results(lines: Sequence[Line]) -> list[Chart]:
    """What became of the printed figures, drawn when they did not all come out alike."""
    results = _results(lines)
    if len(results) < 2:
        return []
    said = ", ".join(f"{result} ({number})" for result, number in results)
    says = f"{wording.plural(len(lines), 'chiffre imprimé', 'chiffres imprimés')} ailleurs{wording.NBSP}: {said}."
    return [counts(f"{views.RECONCILIATION}.results", "Tous les chiffres imprimés, par résultat", says, results)]


def _signs(lines: Iterable[Line]) -> list[tuple[str, str]]:
    """What the signs of some figures mean."""
    return by_sign(sorted({(line.printed.sign, line.printed.meaning) for line in lines}))


def _place(row: dict) -> str:
    if row["breakdown"] == row["member"] == "total":
        return "total"
    return f"{wording.document_words(row['breakdown'] or '')} : {row['member']}"


def _difference(row: dict) -> str:
    """« +2 »; of the last months of two periods, which are printed as words, « +1 mois »."""
    value = row["difference"]
    if value is None:
        return ""
    if abs(value) < 1e-9:
        return "0"
    text = write_number(value, Rounding(0 if float(value).is_integer() else 1, signed=True))
    return f"{text}{wording.NBSP}mois" if row["unit"] == "month_number" else text
