"""One release of the samples, Debian's Chromium, and the pages as files and behind a server on this machine.

`make browser` installs what is asked for here. OBSERVATOIRE_BROWSER_HOME names a home whose release is read instead of making
one: it saves a minute while working on the style.
"""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".cache" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "build" / "screenshots"
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 360, "height": 740}
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.fspath).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def public(request) -> Path:
    """The public files of a release of the samples."""
    home = os.environ.get("OBSERVATOIRE_BROWSER_HOME") or request.getfixturevalue("first_night")
    return (Path(home) / "releases" / "current").resolve() / "public"


@pytest.fixture(scope="session")
def held(tmp_path_factory) -> Path:
    """The public files of a second release, made by hand: a table carried, one withheld, one with a reserve, a revision."""
    from tests.publication import hand_made

    place = tmp_path_factory.mktemp("held")
    (place / "stock").mkdir()
    desk = hand_made.Desk(place / "home", place / "stock")
    made = desk.candidate()
    desk.publish(made, hand_made.failed(desk.verdict(made), "ind_territories"))
    made = desk.candidate(ind_events=hand_made.events(35))
    verdict = hand_made.failed(desk.verdict(made), "ind_territories")
    verdict = hand_made.failed(hand_made.failed(verdict, "ind_participation"), "ind_events", "reserve")
    return desk.publish(made, verdict).public


@pytest.fixture(scope="session")
def previewed(awaiting) -> Path:
    """The preview of a table that waits for an approval, after a release made by hand."""
    return awaiting[0]


@pytest.fixture(scope="session")
def awaiting(tmp_path_factory) -> tuple[Path, Path]:
    """That preview, and the public files of the release in which the table waits."""
    from publication import preview
    from tests.publication import hand_made

    place = tmp_path_factory.mktemp("previewed")
    (place / "stock").mkdir()
    desk = hand_made.Desk(place / "home", place / "stock")
    desk.night()
    desk.rule("{ind_events: {approval: required}}")
    made = desk.candidate(ind_events=hand_made.events(37))
    release = desk.publish(made)
    assert preview.preview(desk.door(made), place / "preview")
    return place / "preview", release.public


@pytest.fixture(scope="session")
def names(public) -> list[str]:
    found = sorted(path.relative_to(public).as_posix() for path in public.rglob("*.html"))
    assert "index.html" in found and len(found) > 10
    return found


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site(public):
    """The same files behind a web server: its address, with a final slash."""
    handler = functools.partial(_Silent, directory=str(public))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    from playwright.sync_api import sync_playwright

    path = os.environ.get("OBSERVATOIRE_CHROMIUM") or shutil.which("chromium")
    assert path, "Chromium is not installed: run `make browser`"
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


class Visit:
    """One tab, and everything that it asked for or complained of."""

    def __init__(self, browser, base: str, **options):
        self.base = base
        self.context = browser.new_context(**({"viewport": LAPTOP, "locale": "fr-FR"} | options))
        self.page = self.context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)

    def open(self, name: str):
        self.page.goto("about:blank")
        self.page.goto(self.base + name)
        return self.page


@pytest.fixture
def visit(chromium, public, site):
    """Opens tabs: `visit()` on the files, `visit(server=True)` behind the server; closes them all."""
    opened = []

    def start(*, server: bool = False, **options) -> Visit:
        made = Visit(chromium, site if server else public.as_uri() + "/", **options)
        opened.append(made)
        return made

    yield start
    for each in opened:
        each.context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    assert AXE.is_file(), "axe-core is not installed: run `make browser`"
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def shots(once) -> Path:
    """Where pictures are kept: emptied by the first worker of a run."""

    def empty(_: Path) -> None:
        shutil.rmtree(SHOTS, ignore_errors=True)
        SHOTS.mkdir(parents=True)

    once("shots", empty)
    return SHOTS
