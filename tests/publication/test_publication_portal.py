"""The pages as a browser without a network meets them: whole, linked, escaped, French, and saying what is held back."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import hand_made
import pytest
from hand_made import Desk

from publication import portal
from publication.changelog import CHANGED, Change
from publication.decision import Refused
from publication.labels import Labels, Sign
from publication.portal import paging, search, views
from publication.wording import document_words, long_date, long_period, plural, short_month, typeset

VOID = {"meta", "link", "br", "input", "img", "hr"}


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in order; links, ids and text are kept."""

    def __init__(self, path: Path):
        super().__init__(convert_charrefs=True)
        self.path, self.open, self.links, self.ids, self.words, self.problems = path, [], [], [], [], []
        self.scripts = self.handlers = 0
        self.feed(path.read_text(encoding="utf-8"))
        self.problems += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        self.links += [named[name] for name in ("href", "src") if name in named]
        self.ids += [named["id"]] if "id" in named else []
        self.scripts += tag == "script"
        self.handlers += sum(name.startswith("on") for name in named)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words).replace("\u00a0", " ").replace("\u202f", " "))


@pytest.fixture(scope="module")
def public(tmp_path_factory, stock):
    """A second release: events revised, territories withheld since the start, participation carried, a reserve."""
    desk = Desk(tmp_path_factory.mktemp("portal"), stock)
    made = desk.candidate()
    desk.publish(made, hand_made.failed(desk.verdict(made), "ind_territories"))
    made = desk.candidate(ind_events=hand_made.events(35))
    verdict = hand_made.failed(desk.verdict(made), "ind_territories")
    verdict = hand_made.failed(hand_made.failed(verdict, "ind_participation"), "ind_events", "reserve")
    return desk.publish(made, verdict).public


@pytest.fixture(scope="module")
def pages(public):
    return {path.name: Page(path) for path in sorted(public.glob("*.html"))}


def test_every_page_is_there(pages):
    expected = {"index.html", "qualite.html", "definitions.html", "historique.html", "recherche.html"}
    expected |= {f"{name}.html" for name in hand_made.DATASETS}
    assert pages.keys() == expected | {f"programme-{code}.html" for code in (hand_made.HDF, hand_made.CVL)}


def test_pages_are_well_formed_and_ids_are_unique(pages):
    for page in pages.values():
        assert page.problems == [], page.path.name
        assert len(page.ids) == len(set(page.ids)), page.path.name


def test_nothing_is_asked_of_a_network(public, pages):
    for page in pages.values():
        assert not [link for link in page.links if re.match(r"(https?:)?//", link)]
    for asset in (public / "assets").iterdir():
        text = re.sub(r"http://schemas\.openxmlformats\.org/[\w/.]+", "", asset.read_text())  # names inside a workbook
        assert not re.search(r"https?://|//[a-z]+\.|@import|url\(|fetch\(|XMLHttp|import\(", text), asset.name


def test_relative_links_resolve_to_files_and_anchors(public, pages):
    for page in pages.values():
        for link in page.links:
            if link.startswith("data:,"):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = public / name if name else page.path
            assert target.is_file(), (page.path.name, link)
            if anchor and "=" not in anchor:
                assert anchor in pages[target.name].ids, (page.path.name, link)


def test_pages_are_light(public):
    for path in public.glob("*.html"):
        assert path.stat().st_size < 500_000


def test_every_printed_sheet_names_the_observatory_and_the_version(public):
    style = (public / "assets" / "style.css").read_text()
    assert re.search(
        r'content: "Observatoire de l’économie sociale et solidaire. Version 2 \(1\.\d\.\d\), publiée le', style
    )
    assert "counter(page)" in style and portal.pages.ON_PAPER not in style
    assert "thead button { display: contents; }" in style, "else the heads that Chromium repeats are blank"


def test_home_says_what_when_and_what_is_held_back(pages):
    text = pages["index.html"].text
    dated = r"Version 2 \(1\.\d\.\d\), publiée le 8 février 2024, sur les données reçues jusqu’au 5 février 2024"
    assert re.search(dated, text)
    assert "« Territoires » n’est pas publié." in text and "35 au lieu de 36." in text
    assert "« Participation » reste celui de la version 1." in text
    assert "« Chiffres déjà publiés »" not in text  # no rhythm was promised for that source
    assert "« Programme de la conférence (tableur) » : 1 livraison en attente d’une correction." in text
    assert "sur 33 des 36 événements" in text and "au moins 1 055" in text
    assert (
        "15 e 12 à 18" in text
    )  # an estimate never stands without its bounds, in the list of programmes as under « En bref »
    assert "participations déclarées 12 à 18" in pages[f"programme-{hand_made.CVL}.html"].text
    assert "36 dans la version 1" in text and "inchangé depuis la version 1" in text
    assert "38 lues = 36 acceptées + 1 mise de côté + 1 doublon" in text


def test_withheld_dataset_page_gives_the_reason_and_no_figure(public, pages):
    page = pages["ind_territories.html"]
    assert "35 au lieu de 36." in page.text and "Vérifier le tableur livré." in page.text
    assert "Aucune version antérieure n’existe" in page.text
    assert "26,5" not in page.text and not [link for link in page.links if link.startswith("data/")]


def test_carried_and_reserved_pages_say_so(pages):
    assert "Les chiffres ci-dessous sont ceux de la version 1." in pages["ind_participation.html"].text
    text = pages["ind_events.html"].text
    assert "publié avec réserve" in text and "Réserve. Toutes les fiches sont arrivées. 33 fiches sur 36." in text
    text = pages[f"programme-{hand_made.HDF}.html"].text
    assert (
        "« Participation » reste celui de la version 1. Ses chiffres, ci-dessous, sont ceux de cette version." in text
    )


def test_figures_are_printed_with_signs_bounds_and_coverage(pages):
    text = pages["ind_participation.html"].text
    assert "12 à 18" in text and "33/36" in text and "///" in text
    assert "Participations déclarées au moins 1 055 participations 33/36" in text
    assert "Nord 9/10 au moins 450" in text  # n/N beside the department, then its figures
    assert "Moyenne de participants par événement 32 par événement 33/36" in text
    assert "À distance À distance : sans département. ///" in text


def test_a_programme_is_seen_at_a_glance_with_what_was_printed_beside_ours(pages):
    text = pages[f"programme-{hand_made.HDF}.html"].text
    assert "36 dans la version 1" in text and "Nombre d'événements par département" in text.replace("’", "'")
    assert "4 chiffres imprimés : diffère (3), concorde (1)." in text
    assert "département : 62 12 11 −1 L’atelier du 2 juin n’a pas de lieu imprimé" in text


def test_the_editions_of_a_series_stand_side_by_side_oldest_first(pages):
    for code in (hand_made.HDF, hand_made.CVL):
        text = pages[f"programme-{code}.html"].text
        table = text[text.index("D’une édition à l’autre") :]
        assert table.index("Conférence régionale") < table.index("Stratégie régionale"), "2023, then 2024"
        assert "Participations déclarées au moins 1 055 sur 33 des 36 événements 15 e 12 à 18" in table
        assert "Nombre d’événements tenus 35 r …" in table, "what a table does not say is not zero"


def test_every_cell_of_a_dataset_stands_on_its_page(pages, public):
    """One value per row of the file, whatever the layout: the twin has a row more in the file."""
    for name in ("ind_events", "ind_participation", "ind_quality"):
        rows = (public / "data" / f"{name}.csv").read_text().count("\n") - 1
        raw = (public / f"{name}.html").read_text()
        assert len(re.findall(r'<td class="n v">[^<]|<td class="n v"><span', raw)) == rows


def test_search_finds_indicators_members_and_pages(public, pages):
    index = (public / "assets" / "index.js").read_text()
    words = json.loads(index.partition("=")[2].rstrip(";\n"))["words"]
    assert "Nord" in sought(index) and {"Département 59", "PA01, participations déclarées"} <= set(words)
    for link in re.findall(r'"([\w.#=&%-]+\.html[^"]*)"', index):
        assert (public / link.partition("#")[0]).is_file(), link
    assert "Toutes les pages" in pages["recherche.html"].text


def test_a_heavy_dataset_has_a_page_per_programme(tmp_path, stock, monkeypatch):
    monkeypatch.setattr(paging, "HEAVY", 20_000)
    public = Desk(tmp_path, stock, ("ind_participation", "ind_quality")).night().public
    assert (public / f"ind_participation-{hand_made.CVL}.html").is_file()
    assert not (public / f"ind_participation-{hand_made.HDF}.html").exists(), "the largest keeps the name"
    whole, other = Page(public / "ind_participation.html"), Page(public / f"ind_participation-{hand_made.CVL}.html")
    assert "1 055" in whole.text and "18 par événement" in whole.text and "15 e 12 à 18" in other.text
    assert "15 e 12 à 18" not in whole.text
    linked = Page(public / f"programme-{hand_made.CVL}.html").links
    assert f"ind_participation-{hand_made.CVL}.html#programme={hand_made.CVL}" in linked


def sought(index: str) -> dict[str, str]:
    """The page of each title in the index of the search."""
    found = json.loads(index.partition("=")[2].rstrip(";\n"))
    return {title: found["words"][link].partition("#")[0] for title, _, link, _ in found["entries"]}


@pytest.fixture
def long_list(tmp_path, stock, monkeypatch):
    """A programme of 900 events, on pages of 60 kB."""
    monkeypatch.setattr(paging, "HEAVY", 60_000)
    monkeypatch.setattr(search, "MOST", 800)
    members = [f"E-{n:04}" for n in range(900)]
    rows = [hand_made.row("ind_participation", "PA01", value=900)]
    rows += [hand_made.row("ind_participation", "PA01", "event", member, 1) for member in members]
    public = Desk(tmp_path, stock, ("ind_participation", "ind_quality")).night(ind_participation=rows).public
    return public, members


def test_a_long_list_stands_on_light_pages_each_row_once(long_list):
    public, members = long_list
    texts = {path.name: path.read_text() for path in public.glob("ind_participation*.html")}
    assert len(texts) > 2 and max(len(text.encode()) for text in texts.values()) < 75_000
    shown = [member for text in texts.values() for member in re.findall(r'<tr data-m="(E-\d+)"', text)]
    assert sorted(shown) == members and 'data-m="total"' in texts["ind_participation.html"]
    first = Page(public / "ind_participation.html")
    sheets = [name for name in texts if name != "ind_participation.html"]
    assert set(sheets) <= set(first.links) and "900 lignes, sur" in first.text
    second = Page(public / f"ind_participation-{hand_made.HDF}-event-2.html")
    assert second.problems == [] and f"page 2 sur {len(sheets)}" in second.text
    assert f"ind_participation-{hand_made.HDF}-event.html" in second.links
    assert f"ind_participation-{hand_made.HDF}-event-3.html" in second.links
    assert f"ind_participation.html#{hand_made.HDF}-event" in second.links


def test_the_search_leads_to_the_page_of_a_member_and_says_whom_it_leaves_out(long_list):
    public, members = long_list
    index = (public / "assets" / "index.js").read_text()
    pages = sought(index)
    for member in members[:800:97]:
        assert f"Événement {member}" in index, "a reserve names it so"
        assert f'data-m="{member}"' in (public / pages[member]).read_text()
    assert members[850] not in pages
    assert "100 noms" in Page(public / "recherche.html").text


def test_reconciliation_shows_both_figures_and_why(pages):
    text = pages["ind_reconciliation.html"].text
    assert "Nombre d’événements département : 62 12 11 −1 diffère L’atelier du 2 juin n’a pas de lieu imprimé" in text
    assert "concorde (1)" in text and "diffère (3)" in text
    assert "Période calendrier : cycle avril à novembre décembre +1 mois diffère" in text


def test_quality_page_names_the_cell_and_the_sentence(public, pages):
    text = pages["qualite.html"].text
    assert "5 février 2024 38 36 1 1" in text  # read = accepted + set aside + duplicates
    assert "D17" in text and "« 32 juin » n’est pas une date : écrire le jour et le mois" in text
    assert "Colonne inconnue : « Nb pers. »." in text
    sheet = (public / "a-corriger.csv").read_text()
    assert sheet.splitlines()[0].startswith("source,delivery_id,file_name") and "D17" in sheet


def test_history_page_has_the_cell_before_and_after(pages):
    text = pages["historique.html"].text
    assert "valeur 36 35" in text and "Participation publié reporté" in text


def test_a_revision_is_printed_as_tables_print_figures():
    def shown(column, old, new, indicator="PA07"):
        change = Change(
            "ind_participation",
            CHANGED,
            ("ind_participation", "P", indicator, "total", "total", "total"),
            column,
            old,
            new,
        )
        (found,), _ = views.revisions(SimpleNamespace(changes=[change], labels=labels))
        return found["old"], found["new"]

    labels = Labels(
        indicators={"PA07": {"rounding": "1 déc.", "unit": "attendance_per_event"}, "TE02": {"rounding": "1 déc.", "unit": "share"}},
        signs={("P", "F"): Sign("p", "provisoire"), ("A", "F"): Sign("", "valeur normale")},
    )  # fmt: skip
    assert shown("value", "1055.0", "31.966667") == ("1\u202f055,0", "32,0")
    assert shown("value", "31.966667", "31.96") == ("31,97", "31,96"), "less than the rounding"
    assert shown("upper", "0.25", "", "TE02") == ("25,0\u202f%", "")
    assert shown("obs_status", "A", "P") == ("valeur normale", "provisoire")
    assert shown("n_total", "1200", "36") == ("1\u202f200", "36")
    assert shown("caveat", "5 sur 12.", "") == ("5 sur 12.", "")


def test_definitions_come_from_the_candidate(pages):
    text = pages["definitions.html"].text
    assert "Taux de couverture des EPCI TE02" in text and "EV01" in pages["definitions.html"].ids


def test_what_organisers_typed_is_escaped(public, pages):
    """An indicator named « <b> », a file named « <script> »: shown, never obeyed."""
    raw = (public / "qualite.html").read_text()
    assert "programme &lt;script&gt;.xlsx" in raw and "<script>.xlsx" not in raw
    assert "Part d’élus &lt;b&gt;" in (public / "definitions.html").read_text()
    assert {page.scripts for page in pages.values()} <= {0, 2, 3}  # files of the portal, never one in the page
    assert not any(page.handlers for page in pages.values())
    assert "| safe" not in "".join(p.read_text() for p in Path(portal.__file__).parent.glob("templates/*.html"))


def test_every_page_has_language_title_landmarks_and_skip_link(public):
    for path in public.glob("*.html"):
        text = path.read_text()
        assert '<html lang="fr">' in text and 'href="#contenu"' in text and '<main id="contenu"' in text
        assert len(re.findall(r"<h1[ >]", text)) == 1 and "<title>" in text


def test_french_wording():
    assert long_date("2023-04-06") == "6\u00a0avril\u00a02023" and long_date("2023-05-01").startswith("1er")
    assert long_period("2023-04/2023-12") == "avril à décembre\u00a02023"
    assert long_period("2023-11/2024-02") == "novembre\u00a02023 à février\u00a02024" and long_period("2023") == "2023"
    assert short_month("2023-09") == "sept. 2023" and short_month("undated") == "undated"
    assert typeset("le 2 juin, 1er mai, n° 7") == "le 2\u00a0juin, 1er\u00a0mai, n°\u00a07"
    assert typeset("d'où ? « oui » : 12 %") == "d’où\u202f? «\u00a0oui\u00a0»\u00a0: 12\u202f%"
    assert plural(1, "ligne") == "1\u00a0ligne" and plural(1055, "ligne") == "1\u202f055\u00a0lignes"
    assert document_words("nb_evenements") == "nombre d’événements"


def test_a_card_says_what_the_table_covers_and_how_fresh_it_is(pages):
    text = pages["index.html"].text
    assert "1 programme, données reçues jusqu’au 5 février 2024" in text.replace("\u00a0", " ")
    assert "2 programmes, données reçues jusqu’au" in text.replace("\u00a0", " "), (
        "participation, carried: of its own release"
    )


@pytest.fixture
def desk_without_printed_figures(tmp_path, stock):
    desk = hand_made.Desk(tmp_path, stock)
    rule = desk.suites / "ind_reconciliation.yml"
    rule.write_text(rule.read_text().replace("expectations:", "may_be_empty: true\nexpectations:"))
    return desk


def test_a_table_that_may_be_empty_is_no_reason_for_a_release(desk_without_printed_figures):
    desk = desk_without_printed_figures
    with pytest.raises(Refused, match="Aucun tableau"):
        desk.publish(desk.candidate(ind_reconciliation=[], without=set(hand_made.DATASETS) - {"ind_reconciliation"}))


def test_where_nothing_was_printed_elsewhere_the_page_says_so(desk_without_printed_figures):
    desk = desk_without_printed_figures
    release = desk.publish(desk.candidate(ind_reconciliation=[]))
    assert release.datasets["ind_reconciliation"].status == "published"
    page = Page(release.public / "ind_reconciliation.html")
    assert "Aucun chiffre imprimé ailleurs n’a été reçu" in page.text and not page.problems
    assert "aucun chiffre, données reçues" in Page(release.public / "index.html").text


def test_a_dataset_page_opens_on_a_programme_that_has_figures(tmp_path, stock):
    rows = [
        hand_made.row("ind_events", "EV01", obs_status="L"),
        hand_made.row("ind_events", "EV01", value=1, programme_id=hand_made.CVL),
    ]
    desk = hand_made.Desk(tmp_path, stock)
    page = (desk.night(ind_events=rows).public / "ind_events.html").read_text()
    assert f'data-opens="{hand_made.CVL}"' in page
    assert page.index(f'data-p="{hand_made.CVL}"') < page.index(f'data-p="{hand_made.HDF}"')


def test_a_reserve_about_one_programme_is_not_said_of_another(tmp_path, stock, monkeypatch):
    desk = hand_made.Desk(tmp_path, stock)
    made = desk.candidate()
    about = ({"programme_id": hand_made.HDF, "member": "HDF23-A02"},)
    verdict = hand_made.with_outcome(
        desk.verdict(made), "ind_participation", "reporting_is_complete", success=False, observed="HDF23-A02 (150).",
        failing_keys=about,
    )  # fmt: skip
    monkeypatch.setattr(paging, "HEAVY", 0)  # a page per programme
    public = desk.publish(made, verdict).public
    mine, other = (
        (public / name).read_text() for name in ("ind_participation.html", f"ind_participation-{hand_made.CVL}.html")
    )
    assert "HDF23-A02" in mine and f'data-about="{hand_made.HDF}"' in mine
    assert "HDF23-A02" not in other and "Une réserve porte sur un autre programme" in other
