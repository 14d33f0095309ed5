"""Charts as SVG: figures put into marks (`marks/`), rendered in a process beside the one that publishes.

Belongs here: sizes, colours, and taking a drawing from the release before when its figures are the same (most nights change no
chart). Does not belong here: what is drawn (`charts`), the renderer (`rendering`).

A drawing stands twice: as a file of its own with plain colours, to be put in a document, and inside the page, where the
style gives the colours (light, dark, print). Sizes are fixed and labels are wrapped here, so that no width of text is
ever measured: the same figures give the same bytes on any machine.
"""

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Self
from xml.etree import ElementTree

from markupsafe import Markup

from publication.portal.charts import Chart

HERE = Path(__file__).parent
FOLDER = "graphiques"
RENDERED_WITHIN_S = 120
VERSION = 2  # to be raised when marks or sizes change: drawings of releases before are then not taken
WIDTH = 380
GUTTER, ROOM = 128, 104  # for the labels at the left, for the figures at the right
STEP = 32
TALL = 168

# colour in the file -> class in the page
COLOURS = {
    "#2b7f8f": "bar",
    "#9aaab0": "aside",
    "#1c262b": "ink",
    "#56656d": "quiet",
    "#8a989e": "axis",
    "#b45309": "range",
}
BAR, ASIDE, INK, QUIET, AXIS, RANGE = COLOURS
FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif"
SVG = "{http://www.w3.org/2000/svg}"
KEPT = (
    "d",
    "transform",
    "x",
    "y",
    "dy",
    "x1",
    "x2",
    "y1",
    "y2",
    "width",
    "height",
    "text-anchor",
    "font-size",
    "font-weight",
)


def file_name(chart: Chart) -> str:
    """Readable, and of its content: another figure is another name."""
    content = json.dumps([VERSION, asdict(chart)], ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9._-]', '-', chart.name)}.{digest}.svg"


class Renderer:
    """Another process that renders charts. It loads what it needs as soon as it is there, before any chart is known, and ends when its
    input does, with this one.

    What it leaves undone, for whatever reason, is for the caller to do.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_asked = False
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(HERE / "rendering.py")],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if not name.startswith("OBSERVATOIRE_")},
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def draw(self, charts: Sequence[Chart], folder: Path) -> None:
        """Begin to write the file of each chart in `folder`. Once per process."""
        if self._process and self._process.stdin:
            specifications = {file_name(chart): specification(chart) for chart in charts}
            question = {"folder": str(folder.resolve()), "specifications": specifications}
            self._is_asked = True
            with contextlib.suppress(OSError):
                self._process.stdin.write(json.dumps(question).encode() + b"\n")
                self._process.stdin.flush()

    def close(self, *, within_s: float = 0) -> None:
        """End the process; `within_s`: the time it has to finish what it was asked."""
        process, self._process = self._process, None
        if process is None:
            return
        if self._is_asked:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=within_s)
        process.kill()
        process.wait()
        if process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()


class Drawings:
    """The drawings of one edition, begun beside whoever writes the rest of a release: rendering takes as long as all of it.

    Drawings of the same content are taken from `before`, the public files of the release before; `renderer` makes what is left.
    """

    def __init__(self, charts: Iterable[Chart], public: Path, before: Path | None, renderer: Renderer | None = None):
        self._folder = public / FOLDER
        self._charts = list(charts)
        self._renderer = renderer
        announced = _announced(before) if before else {}
        if self._charts:
            self._folder.mkdir(exist_ok=True)
        missing = []
        for chart in self._charts:
            data = _from_before(before, file_name(chart), announced)
            if data is None:
                missing.append(chart)
            else:
                (self._folder / file_name(chart)).write_bytes(data)
        if missing and renderer:
            renderer.draw(missing, self._folder)

    def done(self) -> dict[str, Markup]:
        """The drawings for the pages, by the name of the chart, once the file of each is written."""
        if self._renderer:
            self._renderer.close(within_s=RENDERED_WITHIN_S)
        for unfinished in self._folder.glob(".*.svg"):
            unfinished.unlink()
        drawings: dict[str, Markup] = {}
        for chart in self._charts:
            path = self._folder / file_name(chart)
            if not path.exists():
                path.write_bytes(render(chart))
            drawings[chart.name] = inline(path.read_bytes())
        return drawings


def _announced(before: Path) -> dict[str, str]:
    """Digest of each file of a release, from its own list; empty when there is none."""
    try:
        lines = (before / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return {path: digest for digest, _, path in (line.partition("  ") for line in lines)}


def _from_before(before: Path | None, name: str, announced: dict[str, str]) -> bytes | None:
    """The bytes of a drawing as they were released; None when there are none, or when they are others."""
    digest = announced.get(f"{FOLDER}/{name}")
    if before is None or digest is None:
        return None
    try:
        data = (before / FOLDER / name).read_bytes()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == digest else None


def render(chart: Chart) -> bytes:
    from publication.portal import rendering  # of no use where another process renders

    return rendering.svg(specification(chart))


def specification(chart: Chart) -> dict:
    """The Vega of one chart: marks with the figures of this chart."""
    if chart.is_upright:
        marks = _marks("upright")
    elif any(bar.lower is not None and bar.upper is not None for bar in chart.bars):
        marks = _marks("level_with_ranges") | {"height": len(chart.bars) * STEP}
    else:
        marks = _marks("level") | {"height": len(chart.bars) * STEP}
    data = [each | {"values": _values(chart)} if each["name"] == "bars" else each for each in marks["data"]]
    return marks | {"data": data}


@cache
def _marks(name: str) -> dict:
    """Made by `marks/rebuild_marks.py`."""
    return json.loads((HERE / "marks" / f"{name}.json").read_text(encoding="utf-8"))


def _values(chart: Chart) -> list[dict]:
    """One record per bar; sizes as parts of the whole, else of the longest."""
    most = chart.whole or max((bar.upper or bar.value or 0 for bar in chart.bars), default=0) or 1
    return [
        {
            "at": rank,
            "label": bar.label.split(" ") if chart.is_upright else _wrapped(bar.label, 19),
            "value": (bar.value or 0) / most,
            "end": max(bar.value or 0, bar.upper or 0) / most,
            "lower": None if bar.lower is None or bar.upper is None else bar.lower / most,
            "upper": None if bar.lower is None or bar.upper is None else bar.upper / most,
            "figure": bar.figure,
            "colour": ASIDE if bar.is_aside else BAR,
            "ink": QUIET if bar.value is None else INK,
        }
        for rank, bar in enumerate(chart.bars)
    ]


def _wrapped(label: str, width: int) -> list[str]:
    """At most two lines."""
    lines = textwrap.wrap(label.replace("\u202f", " "), width, break_long_words=False)
    return lines if len(lines) <= 2 else [lines[0], textwrap.shorten(" ".join(lines[1:]), width, placeholder="…")]


# --- into the page -------------------------------------------------------------------------------------------------


def inline(data: bytes) -> Markup:
    """The drawing as it stands inside a page: known shapes and attributes only, colours as classes, short numbers."""
    root = ElementTree.fromstring(data)
    width, height = float(root.get("width", WIDTH)), float(root.get("height", TALL))
    parts = "".join(_clean(child) for child in root)
    return Markup(
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" aria-hidden="true" '
        f'focusable="false">{parts}</svg>'
    )


def _clean(element: ElementTree.Element) -> str:
    tag = element.tag.removeprefix(SVG)
    if tag not in ("g", "path", "text", "tspan", "line"):
        return ""
    if "background" in (element.get("class") or ""):
        return ""
    kept = [(name, _short(element.get(name))) for name in KEPT if element.get(name)]
    kept = [(name, value) for name, value in kept if (name, value) != ("transform", "translate(0,0)")]
    colour = element.get("fill") if element.get("fill") not in (None, "none") else element.get("stroke")
    if colour in COLOURS:
        kept.insert(0, ("class", f"{'s' if tag == 'line' else 'f'}-{COLOURS[colour]}"))
    inside = "".join(_clean(child) for child in element)
    text = str(Markup.escape(element.text)) if element.text and element.text.strip() else ""
    if tag == "g" and not kept:
        return inside
    if tag in ("g", "text") and not inside and not text or tag == "path" and not element.get("d"):
        return ""
    attributes = "".join(f' {name}="{Markup.escape(value)}"' for name, value in kept)
    return f"<{tag}{attributes}>{text}{inside}</{tag}>"


def _short(text: str | None) -> str:
    """Numbers of a path or a transform to a tenth."""
    return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), text or "")
