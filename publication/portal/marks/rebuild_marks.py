"""Make `level.json`, `level_with_ranges.json` and `upright.json` again: the marks of a chart, in Vega, without figures.

    python -m publication.portal.marks.rebuild_marks

They are written with Altair and compiled from Vega-Lite once, not at each publication: importing and compiling cost as much as
drawing twenty charts. Belongs here: marks and encodings. Does not belong here: sizes, colours and figures (`publication.portal.drawing`).
"""

import json
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from publication.portal.drawing import AXIS, FONT, GUTTER, INK, QUIET, RANGE, ROOM, STEP, TALL, WIDTH

HERE = Path(__file__).parent


def made() -> dict[str, dict]:
    """Each file and what it holds."""
    charts = {"level": level(has_ranges=False), "level_with_ranges": level(has_ranges=True), "upright": upright()}
    return {name: vl_convert.vegalite_to_vega(chart, vl_version="6.4") for name, chart in charts.items()}


def text(marks: dict) -> str:
    return json.dumps(marks, indent=1) + "\n"


def level(has_ranges: bool) -> dict:
    """Horizontal bars, the label at the left on one or two lines, the printed figure at the end of the bar."""
    plot = WIDTH - GUTTER - ROOM
    base = alt.Chart(alt.NamedData(name="bars")).encode(
        y=alt.Y("at:O", axis=None, scale=alt.Scale(paddingInner=0.36, paddingOuter=0.18))
    )
    across = alt.Scale(domain=[0, 1], range=[0, plot])
    layers = [
        base.mark_bar(cornerRadiusEnd=2).encode(
            x=alt.X("value:Q", scale=across, axis=None), color=alt.Color("colour:N", scale=None)
        ),
        *(
            base.transform_filter(f"length(datum.label) == {count}")
            .mark_text(align="right", baseline="middle", dx=-8, dy=shift, lineHeight=14, fontSize=12)
            .encode(x=alt.value(0), text="label:N", color=alt.value(INK))
            for count, shift in ((1, 0), (2, -7))
        ),
        base.mark_text(align="left", baseline="middle", dx=6, fontSize=12, fontWeight=600).encode(
            x=alt.X("end:Q", scale=across), text="figure:N", color=alt.Color("ink:N", scale=None)
        ),
        alt.Chart(alt.NamedData(name="once"))
        .mark_rule(strokeWidth=1)
        .encode(x=alt.value(0), y=alt.value(0), y2=alt.value("height"), color=alt.value(AXIS)),
    ]
    if has_ranges:
        layers.append(
            base.transform_filter("datum.lower != null")
            .mark_rule(strokeWidth=2)
            .encode(x=alt.X("lower:Q", scale=across), x2="upper:Q", color=alt.value(RANGE))
        )
    return _whole(layers, plot, STEP, {"left": GUTTER, "right": ROOM, "top": 2, "bottom": 2})


def upright() -> dict:
    """Columns in the order of time, the printed figure above each."""
    base = alt.Chart(alt.NamedData(name="bars")).encode(
        x=alt.X("at:O", axis=None, scale=alt.Scale(paddingInner=0.2, paddingOuter=0.1))
    )
    up = alt.Scale(domain=[0, 1], range=[TALL, 0])
    layers = [
        base.mark_bar(cornerRadiusEnd=2).encode(
            y=alt.Y("value:Q", scale=up, axis=None), color=alt.Color("colour:N", scale=None)
        ),
        base.mark_text(align="center", baseline="bottom", dy=-5, fontSize=12, fontWeight=600).encode(
            y=alt.Y("value:Q", scale=up), text="figure:N", color=alt.Color("ink:N", scale=None)
        ),
        base.mark_text(align="center", baseline="top", dy=8, lineHeight=14, fontSize=11).encode(
            y=alt.value(TALL), text="label:N", color=alt.value(QUIET)
        ),
        alt.Chart(alt.NamedData(name="once"))
        .mark_rule(strokeWidth=1)
        .encode(x=alt.value(0), x2=alt.value(WIDTH - 8), y=alt.value(TALL), color=alt.value(AXIS)),
    ]
    return _whole(layers, WIDTH - 8, TALL, {"left": 4, "right": 4, "top": 22, "bottom": 40})


def _whole(layers: list, width: int, height: int, padding: dict) -> dict:
    whole = alt.layer(*layers).properties(
        width=width, height=height, padding=padding, autosize=alt.AutoSizeParams(type="none")
    )
    look: dict[str, Any] = {"font": FONT, "background": "#ffffff", "aria": False, "view": {"stroke": None}}
    return whole.configure(**look).to_dict() | {"datasets": {"bars": [], "once": [{}]}}


if __name__ == "__main__":
    for name, marks in made().items():
        (HERE / f"{name}.json").write_text(text(marks), encoding="utf-8")
