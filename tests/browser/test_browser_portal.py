"""The portal in a real Chromium: accessible in both themes and on a phone, whole without a network, driven by keyboard."""

import csv
import io
import re
from urllib.parse import unquote, urlsplit

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from tests.browser.conftest import LAPTOP, PHONE

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HEAVIEST = 500_000
PARTICIPATION = "ind_participation.html"
HDF = "HDF-CONF-2023"

RUN_AXE = """async ([tags, rules]) => {
  const options = rules.length ? { runOnly: { type: 'rule', values: rules } } : { runOnly: { type: 'tag', values: tags } };
  const found = await axe.run(document, { ...options, resultTypes: ['violations'] });
  return found.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '));
}"""


def violations(page, rules=()) -> list[str]:
    return page.evaluate(RUN_AXE, [TAGS, list(rules)])


# --- accessibility -------------------------------------------------------------------------------------------------


def test_axe_finds_what_it_should(visit, axe):
    """The twin: a picture without a text and grey on grey are found, so that an empty list means something."""
    page = visit().page
    page.set_content(
        '<html lang="fr"><body><img src="data:,"><p style="color:#bbb;background:#ccc">gris</p></body></html>'
    )
    page.evaluate(axe)
    found = " ".join(violations(page))
    assert "image-alt" in found and "color-contrast" in found


@pytest.mark.parametrize("width", ["laptop", "phone"])
def test_no_violation_on_any_page_in_both_themes(visit, axe, names, width):
    tab = visit(viewport=LAPTOP if width == "laptop" else PHONE)
    wrong = {}
    for name in names:
        tab.page.emulate_media(color_scheme="light")
        page = tab.open(name)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        page.evaluate(axe)
        found = violations(page)
        page.emulate_media(color_scheme="dark")
        found += [f"dark {text}" for text in violations(page, ["color-contrast", "link-in-text-block"])]
        if found:
            wrong[name] = found
    assert not wrong, wrong


def test_the_panel_of_a_figure_and_a_filtered_table_have_no_violation(visit, axe):
    for scheme in ("light", "dark"):
        tab = visit(color_scheme=scheme)
        page = tab.open(f"{PARTICIPATION}#programme={HDF}&territoire=department:59")
        page.evaluate(axe)
        assert violations(page) == []
        page.locator("button.figure-button:visible").first.click()
        assert page.locator("#origine").is_visible() and violations(page) == []


def test_a_phone_never_scrolls_sideways_where_a_table_waits(visit, awaiting):
    """« reporté de la version 1, en attente d’approbation » is the longest state."""
    page = visit(viewport=PHONE).page
    for path in sorted(awaiting[1].glob("*.html")):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path.name


def test_a_phone_never_scrolls_sideways(visit, names):
    tab = visit(viewport=PHONE)
    wide = {}
    for name in names:
        page = tab.open(name)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[name] = width
    assert not wide


def test_everything_that_is_pressed_is_large_enough_or_apart(visit, axe):
    """WCAG 2.5.8 on the page with most buttons, on a phone."""
    tab = visit(viewport=PHONE)
    page = tab.open(PARTICIPATION)
    page.evaluate(axe)
    assert violations(page, ["target-size"]) == []


# --- whole, light, and without a network ---------------------------------------------------------------------------


@pytest.mark.parametrize("server", [False, True], ids=["file", "server"])
def test_no_request_leaves_the_page_and_nothing_complains(visit, names, server):
    tab = visit(server=server)
    for name in names:
        tab.open(name)
    away = [url for url in tab.asked if not url.startswith((tab.base, "data:", "about:"))]
    assert away == [] and tab.complaints == []
    assert len(tab.asked) > len(names), "the twin: requests were seen"


def test_every_page_is_light_and_opens_at_once(visit, names, public):
    tab = visit(server=True)
    heavy = {}
    for name in names:
        before = len(tab.asked)
        tab.open(name)
        files = {unquote(urlsplit(url).path).lstrip("/") for url in tab.asked[before:] if url.startswith(tab.base)}
        weight = sum((public / file).stat().st_size for file in files)
        if weight > HEAVIEST:
            heavy[name] = weight
    assert not heavy


@pytest.mark.parametrize("server", [False, True], ids=["file", "server"])
def test_every_link_leads_somewhere(visit, names, public, server):
    tab = visit(server=server)
    ids, links = {}, []
    for name in names:
        page = tab.open(name)
        ids[name] = set(page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)"))
        links += [(name, href) for href in page.evaluate("[...document.querySelectorAll('a[href]')].map(a => a.href)")]
    lost = []
    for name, link in sorted(set(links)):
        address, _, anchor = link.partition("#")
        target = unquote(address.removeprefix(tab.base))
        found = address.startswith(tab.base) and (public / target).is_file()
        if not found or (anchor and "=" not in anchor and unquote(anchor) not in ids[target]):
            lost.append((name, link))
    assert not lost
    if server:
        assert {tab.context.request.get(url).status for url in {link.partition("#")[0] for _, link in links}} == {200}


def test_what_the_whole_tables_download_is_the_released_file(visit, public):
    page = visit(server=True).open(PARTICIPATION)
    for kind, file in (
        ("CSV", "data/ind_participation.csv"),
        ("XLSX", "observatoire.xlsx"),
        ("Parquet", "data/ind_participation.parquet"),
    ):
        with page.expect_download() as started:
            page.locator(".downloads a", has_text=kind).click()
        assert started.value.path().read_bytes() == (public / file).read_bytes()


@pytest.mark.parametrize("server", [False, True], ids=["file", "server"])
def test_what_is_shown_downloads_as_csv_xlsx_and_parquet(visit, server):
    page = visit(server=server).open(f"{PARTICIPATION}#programme={HDF}&territoire=department:59")
    shown = page.locator("td.v:visible").count()
    content = {}
    for kind in ("csv", "xlsx", "parquet"):
        with page.expect_download() as started:
            page.locator(f"button[data-shown={kind}]").click()
        assert started.value.suggested_filename == f"ind_participation-affiche.{kind}"
        content[kind] = started.value.path().read_bytes()
    read = list(csv.reader(io.StringIO(content["csv"].decode())))
    assert len(read) == shown + 1 and read[0][:3] == ["Programme", "Code", "Indicateur"]
    nord = next(row for row in read if row[1] == "PA01" and row[4] == "Nord")
    assert nord[5:8] == ["au moins", "450", "p"] and nord[9] == "9/10"
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content["xlsx"])).get_sheet_by_index(0).to_python()
    table = pq.read_table(io.BytesIO(content["parquet"]))
    assert table.column_names == read[0] == sheet[0] and table.num_rows == shown

    def plain(cell) -> str:
        return "" if cell is None else f"{cell:g}" if isinstance(cell, float | int) else cell

    assert [[plain(c) for c in row.values()] for row in table.to_pylist()] == [
        [plain(c) for c in row] for row in sheet[1:]
    ]
    assert [[plain(c) for c in row] for row in sheet[1:]] == [
        [re.sub(r"^(-?\d+)\.0$", r"\1", c) for c in row] for row in read[1:]
    ]


def test_a_figure_leaves_with_what_is_said_of_it_and_not_of_its_neighbours(visit):
    page = visit().open("ind_satisfaction.html#programme=MESS-2025")
    with page.expect_download() as started:
        page.locator("button[data-shown=csv]").click()
    rows = list(csv.DictReader(io.StringIO(started.value.path().read_text(encoding="utf-8"))))
    secret = next(r for r in rows if r["Code"] == "SA01" and r["Valeur"] == "s")
    assert secret["Couverture (n/N)"] == secret["Encadrement"] == ""
    assert "trop peu de réponses" in secret["Remarque"] and "présences" not in secret["Remarque"]
    rate = next(r for r in rows if r["Code"] == "SA04" and r["Modalité"] == secret["Modalité"])
    assert rate["Couverture (n/N)"] == "1/1" and rate["Encadrement"] == ""
    assert "présences" in rate["Remarque"] and "réponses." not in rate["Remarque"]


# --- by keyboard ---------------------------------------------------------------------------------------------------


def test_the_first_stop_skips_to_the_content(visit):
    page = visit().open(PARTICIPATION)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"


def test_filters_by_keyboard_stand_in_the_address_and_survive_it(visit):
    tab = visit()
    page = tab.open(f"{PARTICIPATION}#programme={HDF}")
    everything = page.locator("td.v:visible").count()
    page.locator("select[name=territoire]").focus()
    page.keyboard.type("Nord")
    assert page.locator("select[name=territoire]").input_value() == "department:59"
    page.keyboard.press("Tab")
    fewer = page.locator("td.v:visible").count()
    assert 0 < fewer < everything
    folded = page.locator("details.block:visible summary .quiet").all_inner_texts()
    assert folded and all(re.fullmatch(r"\d+ lignes? sur \d+", said) for said in folded), folded
    address = page.url
    assert f"programme={HDF}" in address and "territoire=department%3A59" in address
    texts = page.locator("tbody tr:visible th[scope=row]").all_inner_texts()
    assert all("Nord" in text for text in texts) and "Pas-de-Calais" not in " ".join(texts)
    again = tab.context.new_page()
    again.goto(address)
    assert again.locator("td.v:visible").count() == fewer
    page.locator("#filtres button[type=reset]").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(
        "count => [...document.querySelectorAll('td.v')].filter(c => c.checkVisibility()).length === count",
        arg=everything,
    )
    assert "territoire=" not in page.url


def test_a_programme_with_a_page_of_its_own_is_reached_with_its_filters(visit, tmp_path, monkeypatch):
    from publication.portal import paging
    from tests.publication import hand_made

    monkeypatch.setattr(paging, "HEAVY", 20_000)
    (tmp_path / "stock").mkdir()
    public = hand_made.Desk(tmp_path, tmp_path / "stock", ("ind_participation", "ind_quality")).night().public
    page = visit().page
    page.goto(f"{(public / PARTICIPATION).as_uri()}#programme={hand_made.CVL}&q=estimé")
    page.wait_for_url(f"**/ind_participation-{hand_made.CVL}.html#programme={hand_made.CVL}&q=*")
    assert page.locator("input[name=q]").last.input_value() == "estimé"
    page.locator("#filtres button[type=reset]").click()
    page.locator("select[name=programme]").select_option(hand_made.HDF)
    page.wait_for_url(f"**/{PARTICIPATION}#programme={hand_made.HDF}")
    assert page.locator("td.v:visible").count() >= 5


def test_an_event_of_a_long_list_is_found_from_the_search_and_turned_to(visit, axe, tmp_path, monkeypatch):
    from publication.portal import paging
    from tests.publication import hand_made

    monkeypatch.setattr(paging, "HEAVY", 60_000)
    (tmp_path / "stock").mkdir()
    rows = [hand_made.row("ind_participation", "PA01", value=900)]
    rows += [hand_made.row("ind_participation", "PA01", "event", f"E-{n:04}", 1) for n in range(900)]
    desk = hand_made.Desk(tmp_path, tmp_path / "stock", ("ind_participation", "ind_quality"))
    page = visit().page
    page.goto((desk.night(ind_participation=rows).public / "recherche.html").as_uri() + "?q=E-0444")
    page.locator("#resultats a").first.click()
    page.wait_for_url(f"**/ind_participation-{hand_made.HDF}-event-*")
    assert page.locator("td.v:visible").count() == 1 and "1 ligne sur" in page.locator("output").inner_text()
    page.evaluate(axe)
    assert violations(page) == []
    following = page.locator("nav.turn a[rel=next]").first
    address = following.get_attribute("href")
    following.click()
    page.wait_for_url(f"**/{address}*")
    assert page.locator("td.v:visible").count() > 20
    page.locator("nav.turn a").last.click()
    page.wait_for_url("**/ind_participation.html#*")
    assert page.locator("section.apart a:visible").count() > 2
    assert "#" in page.url, "the address goes on saying which table"
    page.evaluate(axe)
    assert violations(page) == []
    page.locator("input[name=q]").last.fill("zzzz")
    assert page.locator("section.apart").is_visible(), "its rows are elsewhere: nobody looked there"


def test_searching_in_a_page_opens_what_it_folded(visit):
    page = visit().open(f"{PARTICIPATION}#programme={HDF}&q=lille")
    assert page.locator("details.block[open] tbody tr:visible").count() >= 1
    page.locator("input[name=q]").last.fill("zzzz")
    assert page.locator("td.v:visible").count() == 0 and page.locator("output").inner_text().startswith("0 ligne")


def test_sorting_by_keyboard_puts_absences_last_both_ways(visit):
    page = visit().open(f"{PARTICIPATION}#programme={HDF}")
    table = page.locator(f"section[data-p='{HDF}'] table[data-b=department]").first
    head = table.locator("th[data-i=PA01]")
    head.locator("button").focus()
    page.keyboard.press("Enter")
    column = head.evaluate("cell => cell.cellIndex")
    cells = table.locator(f"tbody tr > :nth-child({column + 1})")

    def figures() -> list[str]:
        return [re.sub(r"\D", "", text) for text in cells.all_inner_texts()]

    up = figures()
    assert (
        head.get_attribute("aria-sort") == "ascending"
        and up[-1] == ""
        and [int(x) for x in up[:-1]] == sorted(int(x) for x in up[:-1])
    )
    page.keyboard.press("Enter")
    down = figures()
    assert head.get_attribute("aria-sort") == "descending" and down[-1] == "" and down[:-1] == up[:-1][::-1]


def test_arrows_walk_figures_and_enter_tells_where_one_comes_from(visit):
    page = visit().open(f"{PARTICIPATION}#programme={HDF}")
    first = page.locator(f"section[data-p='{HDF}'] table[data-b=total] button.figure-button").first
    assert page.locator(f"section[data-p='{HDF}'] table[data-b=total] button.figure-button[tabindex='0']").count() == 1
    first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    panel = page.locator("#origine")
    assert panel.is_visible()
    told = re.sub(r"\s+", " ", panel.inner_text())
    assert "au moins 1 055" in told and "33/36" in told and "p : " in told
    assert f"observatoire trace ind_participation PA01 --programme {HDF}" in told
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert page.evaluate("document.activeElement.className") == "figure-button"


def test_the_search_page_finds_and_leads(visit):
    for server in (False, True):
        tab = visit(server=server)
        page = tab.open("index.html")
        page.locator("#chercher").focus()
        page.keyboard.type("pas-de-calais")
        page.keyboard.press("Enter")
        page.wait_for_url("**/recherche.html?q=*")
        first = page.locator("#resultats a").first
        assert "Pas-de-Calais" in first.inner_text()
        first.click()
        page.wait_for_url("**/ind_*.html#*")
        assert page.locator("td.v:visible").count() > 0


# --- on paper and at first sight -----------------------------------------------------------------------------------


def test_home_says_the_essential_without_scrolling(visit):
    page = visit().open("index.html")
    last = page.locator(".tiles li").last.bounding_box()
    assert last["y"] + last["height"] <= LAPTOP["height"]
    assert 4 <= page.locator(".tiles li").count() <= 6
    text = re.sub(r"\s+", " ", page.locator("main").inner_text())
    assert "publiée le" in text and "sur les données reçues jusqu’au" in text


def test_home_keeps_its_figures_on_the_first_screen_when_tables_are_held_back(visit, axe, held, shots):
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme).page
        for name in ("index.html", "ind_territories.html", "historique.html", "qualite.html"):
            page.goto((held / name).as_uri())
            page.evaluate(axe)
            assert violations(page) == [], name
        page.goto((held / "index.html").as_uri())
        last = page.locator(".tiles li").last.bounding_box()
        assert last["y"] + last["height"] <= LAPTOP["height"]
        banner = page.locator(".banner li")
        assert banner.count() == 3 and "n’est pas publié" in " ".join(banner.all_inner_texts())
    page.screenshot(path=str(shots / "index-retenu-sombre.png"))


def test_a_preview_is_accessible_and_says_what_it_is_wherever_one_looks(visit, axe, previewed, shots):
    for scheme in ("light", "dark"):
        page = visit(color_scheme=scheme).page
        for name in ("index.html", "ind_events.html", "historique.html"):
            page.goto((previewed / name).as_uri())
            page.evaluate(axe)
            assert violations(page) == [], name
            page.mouse.wheel(0, 5000)
            box = page.locator(".not-published").bounding_box()
            assert box["y"] >= 0 and box["width"] >= LAPTOP["width"] - 20, "it stays in sight"
    page.goto((previewed / "index.html").as_uri())
    page.screenshot(path=str(shots / "apercu.png"))
    page.emulate_media(media="print")
    assert page.locator(".not-published").is_visible()


def test_without_scripts_every_table_is_whole(visit, public):
    page = visit(java_script_enabled=False).open(PARTICIPATION)
    assert page.locator("td.v").count() >= 100 and not page.locator("#filtres").is_visible()
    assert page.locator("td.v button").count() == 0


def test_pages_print(visit, names, shots):
    tab = visit()
    for name in names:
        page = tab.open(name)
        paper = page.pdf(prefer_css_page_size=True, path=str(shots / f"{name.removesuffix('.html')}.pdf"))
        assert (
            paper.startswith(b"%PDF")
            and paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") + paper.count(b"/Type /Page/") >= 1
        )
    page = tab.open(PARTICIPATION)
    page.emulate_media(media="print")
    assert not page.locator("#filtres").is_visible() and not page.locator("nav[aria-label=Principale]").is_visible()
    assert page.locator("table[data-b=department]:visible").count() >= 1


def test_screenshots_are_kept(visit, names, shots):
    for look, options in (
        ("clair", {"color_scheme": "light"}),
        ("sombre", {"color_scheme": "dark"}),
        ("telephone", {"viewport": PHONE}),
    ):
        tab = visit(**options)
        for name in names:
            page = tab.open(name)
            # a whole page in one look, the first screen in the others
            page.screenshot(path=str(shots / f"{name.removesuffix('.html')}-{look}.png"), full_page=look == "clair")
    kept = list(shots.glob("*-clair.png")) + list(shots.glob("*-telephone.png"))
    assert len(kept) == 2 * len(names)


def test_a_figure_leads_to_the_cells_it_is_written_in(visit):
    """The three workshops of the Somme, each with its cell in the spreadsheet that was received."""
    for server in (False, True):
        tab = visit(server=server)
        page = tab.open(f"{PARTICIPATION}#programme={HDF}")
        assert not [url for url in tab.asked if "/origine/" in url], "nothing is loaded before it is asked for"
        somme = page.locator(f"section[data-p='{HDF}'] table[data-b=department] tr[data-m='80']").first
        somme.locator("button.figure-button").first.click()
        page.wait_for_selector("#origine-lignes:not([hidden])")
        rows = [re.sub(r"\s+", " ", text) for text in page.locator("#origine-lignes tbody tr").all_inner_texts()]
        assert len(rows) == 3 and sum(int(row.rsplit(" ", 1)[1]) for row in rows) == 42
        assert all(re.search(r" H\d+ \d+$", row) for row in rows), rows
        said = page.locator("#origine-lignes").inner_text().replace("\u00a0", " ")
        assert "36 lues = 36 acceptées + 0 mise de côté + 0 doublon." in said
        page.keyboard.press("Escape")


def test_a_printed_figure_leads_to_its_line_and_to_ours(visit):
    page = visit().open(f"ind_reconciliation.html#programme={HDF}")
    page.locator("tr[data-k='nb_evenements|total|total'] button.figure-button").click()
    page.wait_for_selector("#origine-lignes:not([hidden])")
    assert "36\u00a0événements comptés" in page.locator("#origine-lignes").inner_text()
    assert "--breakdown total --member total" in page.locator("#origine code").inner_text()
