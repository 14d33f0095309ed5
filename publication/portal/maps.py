"""The map of the departments of a region: amounts as circles, rates as shades, each with its printed figure.

Belongs here: geometry and choice, as plain data for the templates. Does not belong here: markup, colours. A place that has
no figure keeps its outline and its sign. Outlines: `ground/` (svg-maps, CC BY 4.0).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path

from publication.portal.charts import Line, marked

GROUND = Path(__file__).parent / "ground" / "departments.json"
CREDIT = "Fond de carte : svg-maps, CC BY 4.0, simplifié."

WIDTH, TALLEST = 360, 300
LARGEST = 26  # radius of the largest circle
SHADES = 4
ROOMY = 64  # pixels of width from which a department carries its name
# an amount is drawn as a circle: a large department is not a large figure
RATES = ("share", "per_100k", "attendance_per_event", "attendance_per_person", "score", "nps", "day", "relative_gap")

Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Place:
    """A department: its outline as a path of SVG, its centre and the radius of its circle in pixels."""

    outline: str
    name: str
    figure: str
    x: float
    y: float
    radius: float
    shade: int  # 0: no figure; 1 … SHADES from low to high


@dataclass(frozen=True)
class Map:
    title: str
    says: str
    height: float
    places: tuple[Place, ...]
    is_rate: bool
    aside: tuple[tuple[str, str], ...]  # (« À distance », figure): what no map can show


@cache
def ground() -> dict[str, list[list[float]]]:
    """Rings of each department, x, y, x, y…"""
    return json.loads(GROUND.read_text(encoding="utf-8"))


def drawn(lines: Sequence[Line], title: str, says: str) -> Map | None:
    """The map of one series by department; None when fewer than two of its departments have an outline."""
    known = [line for line in lines if line.row["member"] in ground()]
    if len(known) < 2:
        return None
    rings, height = _fitted({line.row["member"]: ground()[line.row["member"]] for line in known})
    is_rate = known[0].row["unit"] in RATES
    values = {line.row["member"]: line.printed.number for line in known}
    shown = sorted({value for value in values.values() if value is not None and value > 0})
    places = []
    for line in known:
        code, value = line.row["member"], values[line.row["member"]]
        x, y, width = _middle(rings[code])
        places.append(
            Place(
                outline="".join(_path(ring) for ring in rings[code]),
                name=line.member if width >= ROOMY else code,
                figure=marked(line.printed, short=True),
                x=round(x, 1),
                y=round(y, 1),
                radius=round(LARGEST * sqrt(value / shown[-1]), 1) if not is_rate and value and shown else 0,
                shade=_shade(value, shown) if is_rate else 0,
            )
        )
    return Map(
        title=title,
        says=says,
        height=height,
        places=tuple(places),
        is_rate=is_rate,
        aside=tuple((line.member, marked(line.printed)) for line in lines if line.row["member"] not in ground()),
    )


def _fitted(outlines: dict[str, list[list[float]]]) -> tuple[dict[str, list[Ring]], float]:
    """The rings of each department in pixels, centred on the WIDTH of the map, and the height that they take."""
    xs = [x for rings in outlines.values() for ring in rings for x in ring[::2]]
    ys = [y for rings in outlines.values() for ring in rings for y in ring[1::2]]
    scale = min((WIDTH - 8) / (max(xs) - min(xs)), (TALLEST - 8) / (max(ys) - min(ys)))
    left = (WIDTH - scale * (max(xs) - min(xs))) / 2 - scale * min(xs)
    top = 4 - scale * min(ys)
    fitted = {
        code: [[(left + scale * x, top + scale * y) for x, y in zip(r[::2], r[1::2], strict=True)] for r in rings]
        for code, rings in outlines.items()
    }
    return fitted, round(scale * (max(ys) - min(ys)) + 8, 1)


def _shade(value: float | None, steps: Sequence[float]) -> int:
    """1 … SHADES by rank among the figures shown; a zero is the lowest shade, an absence has none."""
    if value is None:
        return 0
    if value <= 0 or len(steps) < 2:
        return 1
    return 1 + round((SHADES - 1) * steps.index(value) / (len(steps) - 1))


def _middle(rings: list[Ring]) -> tuple[float, float, float]:
    """Centroid and width of the largest ring."""
    best, found = -1.0, (0.0, 0.0, 0.0)
    for ring in rings:
        area = cx = cy = 0.0
        for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
            cross = x1 * y2 - x2 * y1
            area, cx, cy = area + cross, cx + (x1 + x2) * cross, cy + (y1 + y2) * cross
        if abs(area) > best and area:
            best = abs(area)
            xs = [x for x, _ in ring]
            found = (cx / (3 * area), cy / (3 * area), max(xs) - min(xs))
    return found


def _path(ring: Ring) -> str:
    (x, y), *rest = [(round(x, 1), round(y, 1)) for x, y in ring]
    return f"M{x:g} {y:g}" + "".join(f"L{a:g} {b:g}" for a, b in rest) + "Z"
