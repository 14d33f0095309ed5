"""What is drawn and how tables are laid out: bars, maps, blocks, on a few rows written by hand."""

import hashlib
import json
import re
import subprocess
import sys
import time

import pytest

from publication.figures import printed
from publication.labels import Labels, Sign
from publication.portal import blocks, charts, drawing, maps
from publication.portal.charts import Bar, Chart, Line


def line(member, number, breakdown="department", indicator="EV04", unit="event", **more) -> Line:
    row = {
        "dataset": "ind_other",
        "programme_id": "P",
        "indicator": indicator,
        "breakdown": breakdown,
        "member": member,
    }
    row |= {"value": number, "unit": unit, "period": "2023", "caveat": None} | more
    return Line(row, printed(row, Labels()), "P", "Événements", breakdown, member)


def test_bars_are_sorted_unless_time_and_absences_keep_their_line():
    (series,) = charts.chosen([line("a", 1.0), line("b", 4.0), line("c", 2.0), line("d", None), line("online", 9.0)])
    chart = charts.chart(series)
    assert [(bar.label, bar.value) for bar in chart.bars] == [("b", 4), ("c", 2), ("a", 1), ("d", None), ("online", 9)]
    assert chart.bars[-1].is_aside and "Le plus élevé : b, 4." in chart.says and "Sans valeur : d (n.d.)" in chart.says
    months = [line(f"2023-0{m}", n, "month") for m, n in ((4, 2.0), (5, 6.0), (6, 1.0))]
    chart = charts.chart(months)
    assert "Le plus élevé : mai 2023, 6." in charts.says(
        [Line(m.row, m.printed, "P", "E", "Mois", "Mai 2023") for m in months[1:2]]
    )
    assert [bar.label for bar in chart.bars] == ["avr. 2023", "mai 2023", "juin 2023"] and chart.is_upright


def test_sizes_stand_in_their_order_on_lines_of_their_own_and_none_employed_is_one_of_them():
    sizes = [line(m, n, "size_band") for m, n in (("none", 12.0), ("1_9", 22.0), ("10_49", 15.0), ("unknown", 5.0))]
    chart = charts.chart(sizes)
    assert [bar.label for bar in chart.bars] == ["none", "1_9", "10_49", "unknown"]
    assert not chart.is_upright, "« 10 à 49 salariés » does not fit under a column"
    assert [bar.is_aside for bar in chart.bars] == [False, False, False, True]
    assert blocks.blocks(sizes, Labels(), "2023")[0].tables[0].entries[0].is_aside is False
    assert charts.chart([line("none", 1.0, "theme"), line("ECO", 2.0, "theme")]).bars[-1].is_aside


def test_an_estimate_that_is_incomplete_says_what_is_certain():
    more = {"indicator": "PA01", "lower": 430.0, "n_with_data": 3, "n_total": 4, "obs_status": "E", "conf_status": "F"}
    labels = Labels(signs={("E", "F"): Sign("e", "estimé", "estimated")})
    figures = [printed(line("a", 450.0, **more).row, labels), line("b", 9.0).printed]
    assert [charts.marked(figure) for figure in figures] == ["450\u202fᵉ (≥\u202f430)", "9"]
    assert [charts.marked(figure, short=True) for figure in figures] == ["≥\u202f430\u202fᵉ", "9"]
    assert "Le plus élevé : a, b, 9." in charts.says([line("a", 9.0), line("b", 9.0), line("c", 1.0)])
    assert "Le plus élevé connu : a, 450 (au\u00a0moins\u00a0430)." in charts.says(
        [line("a", 450.0, **more), line("b", 9.0)]
    )


def test_a_breakdown_in_a_title_keeps_its_capitals_but_the_first():
    (family, _) = rows = [line(member, 3.0, "organisation_family") for member in ("mutual", "foundation")]
    titled = Line(family.row, family.printed, "P", "Organisations", "Famille de l’ESS", "Mutuelles")
    assert charts.title(titled) == "Organisations, par famille de l’ESS"
    assert blocks.blocks(rows, Labels(), "2023")[0].title == "Par famille de l’ESS"


def test_a_series_that_shows_nothing_is_not_drawn():
    assert charts.chosen([line("a", 1.0), line("b", 1.0), line("c", 1.0)]) == []
    assert charts.chosen([line("a", 1.0), line("b", 0.0), line("c", 0.0)]) == []
    assert charts.chosen([line(m, float(n), "organiser") for n, m in enumerate("abcd")]) == []


def test_a_share_that_answers_the_question_is_drawn_as_the_parts_of_its_whole():
    def of(member, value, breakdown="total", indicator="SA02", **more) -> Line:
        more = {"dataset": "ind_satisfaction", "obs_status": "A", "conf_status": "F", "unit": "share"} | more
        return line(member, value, breakdown, indicator, **more)

    total = of("total", 0.75, numerator=30.0, denominator=40.0, n_with_data=40, n_total=42)
    secret = of("e1", None, "event", numerator=None, denominator=None, obs_status="Q", conf_status="A")
    chart = charts.in_parts([total, secret, of("total", 0.2, indicator="SA04", numerator=42.0, denominator=210.0)])
    assert [(bar.label, bar.figure, bar.value) for bar in chart.bars] == [
        ("Note d’au moins 4", "30 (75\u202f%)", 30), ("Note de moins de 4", "10", 10), ("Réponse sans note", "2", 2),
    ]  # fmt: skip
    assert chart.whole == 42 and [r["value"] for r in drawing.specification(chart)["data"][0]["values"]] == [
        30 / 42,
        10 / 42,
        2 / 42,
    ]
    assert (
        "30 sur 40\u00a0notes" in chart.says and "20\u202f%" in chart.says and "s (secret) pour 1 sur 1" in chart.says
    )
    (block, _) = blocks.blocks([total, secret], Labels(), "2023")
    assert block.charts and not block.map and block.stands_beside
    hidden = of("total", None, numerator=None, denominator=None, obs_status="Q", conf_status="A")
    assert charts.in_parts([hidden]) is None and charts.in_parts([line("a", 1.0)]) is None


LEVEL = Chart("d.P.X.theme", "T", "s", (Bar("<b> & social", "≥ 45", 45.0, 40.0, 50.0), Bar("Oise", "///", None)), False)


def test_bars_start_at_zero_and_their_lengths_are_their_figures():
    made = drawing.specification(LEVEL)
    (bars,) = (data["values"] for data in made["data"] if data["name"] == "bars")
    assert [bar["value"] for bar in bars] == [0.9, 0]
    (scale,) = (scale for scale in made["scales"] if scale["name"] == "x")
    assert (scale["domain"], scale["range"]) == ([0, 1], [0, drawing.WIDTH - drawing.GUTTER - drawing.ROOM])
    svg = str(drawing.inline(drawing.render(LEVEL)))
    assert 'd="M0,0h133.2v20.5h-133.2Z"' in svg  # nine tenths of the 148 pixels between gutter and figures


def test_a_drawing_in_a_page_has_known_shapes_classes_for_colours_and_escaped_text():
    svg = str(drawing.inline(drawing.render(LEVEL)))
    assert set(re.findall(r"<(\w+)", svg)) <= {"svg", "g", "path", "text", "tspan", "line"}
    assert "&lt;b&gt; &amp; social" in svg and 'class="f-bar"' in svg and 'class="s-range"' in svg
    assert not re.search(r"#[0-9a-f]{6}|style=|font-family|on\w+=|href", svg)
    hostile = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>x</script><image href="http://a"/><g onload="x"><path d="M0,0"/></g></svg>'
    assert str(drawing.inline(hostile)).endswith('<path d="M0,0"></path></svg>')


def test_the_marks_are_those_that_altair_writes():
    from publication.portal.marks import rebuild_marks

    kept = {path.stem: path.read_text() for path in rebuild_marks.HERE.glob("*.json")}
    assert {name: rebuild_marks.text(marks) for name, marks in rebuild_marks.made().items()} == kept


def test_one_chart_is_drawn_as_it_would_be_from_vega_lite():
    """Marks are compiled without figures: with them, the compiler says the same."""
    import vl_convert

    from publication.portal.marks import rebuild_marks

    upright = Chart("d.P.X.month", "T", "s", (Bar("avr. 2023", "1 200", 1200.0), Bar("mai 2023", "n.d.", None)), True)
    for chart, lite in ((LEVEL, rebuild_marks.level(has_ranges=True)), (upright, rebuild_marks.upright())):
        specification = drawing.specification(chart)
        (bars,) = (data["values"] for data in specification["data"] if data["name"] == "bars")
        height = {"height": specification["height"]}
        filled = lite | height | {"datasets": {"bars": bars, "once": [{}]}}
        assert vl_convert.vegalite_to_vega(filled, vl_version="6.4") == specification


def released(tmp_path, data: bytes, digest: str):
    name = drawing.file_name(LEVEL)
    (tmp_path / drawing.FOLDER).mkdir()
    (tmp_path / drawing.FOLDER / name).write_bytes(data)
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  {drawing.FOLDER}/{name}\n")
    return tmp_path


SMALL = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M1,1"/></svg>'
DIGEST = "6f0f5ac3a3b8a3a8f7b0e3ab44e9f9f5"


def test_a_drawing_of_the_same_figures_is_taken_from_the_release_before(tmp_path, monkeypatch):
    import hashlib

    monkeypatch.setattr(drawing, "render", lambda chart: pytest.fail("nothing is to be rendered"))
    before = tmp_path / "before"
    before.mkdir()
    released(before, SMALL, hashlib.sha256(SMALL).hexdigest())
    public = tmp_path / "public"
    public.mkdir()
    made = drawing.Drawings([LEVEL], public, before).done()
    assert (public / drawing.FOLDER / drawing.file_name(LEVEL)).read_bytes() == SMALL
    assert "M1,1" in made[LEVEL.name]


def test_a_drawing_that_changed_since_or_shows_other_figures_is_rendered(tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "render", lambda chart: SMALL.replace(b"M1,1", b"M2,2"))
    before = tmp_path / "before"
    before.mkdir()
    released(before, SMALL, DIGEST)
    public = tmp_path / "public"
    public.mkdir()
    assert "M2,2" in drawing.Drawings([LEVEL], public, before).done()[LEVEL.name]
    other = Chart(LEVEL.name, "T", "s", (Bar("Oise", "1", 1.0),), False)
    assert drawing.file_name(other) != drawing.file_name(LEVEL)


def test_the_process_beside_renders_what_this_one_would(tmp_path, monkeypatch):
    expected = drawing.render(LEVEL)
    monkeypatch.setattr(drawing, "render", lambda chart: pytest.fail("the other process renders"))
    drawings = drawing.Drawings([LEVEL], tmp_path, None, drawing.Renderer())
    assert set(drawings.done()) == {LEVEL.name}
    assert {path.name: path.read_bytes() for path in (tmp_path / drawing.FOLDER).iterdir()} == {
        drawing.file_name(LEVEL): expected
    }


def test_what_the_process_beside_leaves_undone_is_rendered_here(tmp_path, monkeypatch):
    renderer = drawing.Renderer()
    drawings = drawing.Drawings([LEVEL], tmp_path, None, renderer)
    renderer.close()
    (tmp_path / drawing.FOLDER / f".{drawing.file_name(LEVEL)}").write_bytes(b"<svg")
    monkeypatch.setattr(drawing, "render", lambda chart: SMALL)
    assert "M1,1" in drawings.done()[LEVEL.name]
    assert [path.name for path in (tmp_path / drawing.FOLDER).iterdir()] == [drawing.file_name(LEVEL)]


def test_a_release_whose_charts_are_those_of_the_one_before_does_not_wait_for_the_renderer(tmp_path, monkeypatch):
    before, public = tmp_path / "before", tmp_path / "public"
    for place in (before, public):
        place.mkdir()
    drawing.Drawings([LEVEL], before, None).done()
    name = f"{drawing.FOLDER}/{drawing.file_name(LEVEL)}"
    (before / "SHA256SUMS").write_text(f"{hashlib.sha256((before / name).read_bytes()).hexdigest()}  {name}\n")
    renderer = drawing.Renderer()
    waits = []
    monkeypatch.setattr(renderer._process, "wait", lambda timeout=None: waits.append(timeout))
    assert set(drawing.Drawings([LEVEL], public, before, renderer).done()) == {LEVEL.name}
    assert waits == [None]  # for the end of a process that was told to end


@pytest.mark.nights
def test_the_process_beside_does_not_stay_behind_the_one_that_asked(tmp_path):
    asks = f"""
from pathlib import Path
from publication.portal.charts import Bar, Chart
from publication.portal.drawing import Renderer
charts = [Chart(f"c{{n}}", "T", "s", (Bar("a", "1", 1.0), Bar("b", "2", 2.0)), False) for n in range(2_000)]
renderer = Renderer()
renderer.draw(charts, Path({str(tmp_path)!r}))
renderer.close(within_s=60)
"""

    def drawn() -> int:
        return len(list(tmp_path.glob("c*.svg")))

    with subprocess.Popen([sys.executable, "-c", asks]) as asking:
        while not drawn() and asking.poll() is None:
            time.sleep(0.05)
        asking.kill()
    time.sleep(1)
    left = drawn()
    time.sleep(1)
    assert 0 < drawn() == left < 2_000


def test_a_night_without_a_chart_does_not_start_the_renderer(tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "render", lambda chart: pytest.fail("nothing is to be rendered"))
    assert drawing.Drawings([], tmp_path, None).done() == {} and not (tmp_path / drawing.FOLDER).exists()


# --- maps ----------------------------------------------------------------------------------------------------------


def test_the_ground_holds_the_96_departments_and_its_licence():
    ground = maps.ground()
    assert len(ground) == 96 and {"2A", "2B", "59", "75"} <= ground.keys()
    assert all(len(ring) % 2 == 0 and len(ring) >= 6 for rings in ground.values() for ring in rings)
    licence = maps.GROUND.with_name("LICENCE-CC-BY-4.0.md").read_text()
    assert "Attribution 4.0 International" in licence and "CC BY 4.0" in maps.CREDIT


def test_amounts_are_circles_and_what_has_no_place_stands_aside():
    drawn = maps.drawn([line("59", 16.0), line("62", 4.0), line("60", None), line("online", 5.0)], "t", "s")
    by_name = {place.name.split(" ")[0]: place for place in drawn.places}
    assert [p.radius for p in drawn.places] == [maps.LARGEST, maps.LARGEST / 2, 0]  # areas 4 to 1
    assert not drawn.is_rate and drawn.aside == (("online", "5"),)
    assert by_name["60"].figure == "n.d." and by_name["60"].outline.startswith("M")
    assert by_name["59"].x > by_name["62"].x, "the Nord is east of the Pas-de-Calais"


def test_rates_are_shades():
    drawn = maps.drawn(
        [line(c, n, unit="per_100k") for c, n in (("02", 26.5), ("59", 17.3), ("60", 0.0), ("80", None))], "t", "s"
    )
    assert drawn.is_rate and [(p.shade, p.radius) for p in drawn.places] == [(4, 0), (1, 0), (1, 0), (0, 0)]


def test_a_single_department_is_no_map():
    assert maps.drawn([line("59", 3.0), line("online", 4.0)], "t", "s") is None


# --- tables --------------------------------------------------------------------------------------------------------


def test_members_are_rows_and_indicators_columns_and_no_cell_is_lost():
    rows = [line(m, 1.0, "theme", i) for i in ("PA01", "PA07") for m in ("ECOL", "SOC")] + [
        line("ECOL", 2.0, "theme", "PA01")
    ]
    (block,) = blocks.blocks(rows, Labels(), "2023")
    (table,) = block.tables
    assert [c.code for c in table.columns] == ["PA01", "PA07"]
    assert [(e.member, [x and x.row["value"] for x in e.cells]) for e in table.entries] == [
        ("ECOL", [1.0, 1.0]),
        ("ECOL", [2.0, None]),  # a repeated key keeps its cell
        ("SOC", [1.0, 1.0]),
    ]


def test_wide_tables_are_cut_and_long_ones_folded():
    wide = [line("ECOL", 1.0, "theme", f"I{n:02}") for n in range(11)]
    (block,) = blocks.blocks(wide, Labels(), "2023")
    assert [len(t.columns) for t in block.tables] == [blocks.MOST_COLUMNS, 2] and not block.is_folded
    (totals,) = blocks.blocks([line("total", 1.0, "total", f"I{n:02}") for n in range(11)], Labels(), "2023")
    assert [len(t.columns) for t in totals.tables] == [11], "totals are rows"
    long = [line(f"c{n}", 1.0, "commune") for n in range(17)] + [
        line("total", 1.0, "total"),
        line("ECOL", 1.0, "theme"),
    ]
    made = blocks.blocks(long, Labels(), "2023")
    assert [(b.breakdown, b.is_folded) for b in made] == [("total", False), ("theme", False), ("commune", True)]


def test_a_caveat_is_said_once_and_not_what_the_columns_say():
    told = (
        "Au moins 1\u202f055 : effectif connu pour 33 événements sur 36. Participations, et non personnes différentes."
    )
    assert blocks.notes([told, "Effectif connu pour 33 événements sur 36."]) == (
        "Participations, et non personnes différentes.",
    )
    assert blocks.notes(["Aucun événement.", "Aucun événement."]) == ("Aucun événement.",)
    rows = [
        line(m, 1.0, "theme", caveat=f"Population 2023.{more}") for m, more in (("a", ""), ("b", " Un."), ("c", ""))
    ]
    (block,) = blocks.blocks(rows, Labels(), "2023")
    assert block.tables[0].notes == ("Population 2023.",) and [e.notes for e in block.tables[0].entries] == [
        (),
        ("Un.",),
        (),
    ]


def test_a_note_says_of_which_indicators_it_speaks_when_not_of_all():
    def row(member: str, *caveats: str) -> list[Line]:
        return [line(member, 1.0, "theme", f"I{n}", caveat=caveat) for n, caveat in enumerate(caveats, 1)]

    lines = [*row("A", "Une.", "Une. Deux."), *row("B", "Une.", "Deux."), *row("C", "Une.", "Deux. Trois.")]
    (block,) = blocks.blocks(sorted(lines, key=lambda x: x.row["indicator"]), Labels(), "2023")
    (table,) = block.tables
    assert table.notes == ("Une.", "Deux.") and table.about == {"Deux.": "I2"}
    assert [(e.notes, {n: e.about[n] for n in e.notes if n in e.about}) for e in table.entries] == [
        ((), {}), ((), {}), (("Trois.",), {"Trois.": "I2"}),
    ]  # fmt: skip


def test_a_note_of_every_figure_stands_once_and_not_of_a_secret():
    told = [line(member, 1.0, "theme", "I1", caveat="Une.") for member in "ABC"]
    secret = line("D", None, "theme", "I1", obs_status="Q", caveat="Trop peu.")
    (block,) = blocks.blocks([*told, secret], Labels(), "2023")
    (table,) = block.tables
    assert table.notes == ("Une.",)
    assert [(e.notes, e.without) for e in table.entries] == [((), ()), ((), ()), ((), ()), (("Trop peu.",), (0,))]
    silent = line("D", 2.0, "theme", "I1")
    assert blocks.blocks([*told, silent], Labels(), "2023")[0].tables[0].notes == (), "a figure that does not say it"
    other = [line(member, 1.0, "theme", "I2") for member in "ABCD"]
    (table,) = blocks.blocks([*told, secret, *other], Labels(), "2023")[0].tables
    assert table.about == {"Une.": "I1"}


def test_coverage_stands_once_when_all_cells_share_it_and_beside_each_otherwise():
    same = [line("a", 1.0, "theme", i, n_with_data=3, n_total=4) for i in ("PA01", "PA07")]
    other = [
        line("b", 1.0, "theme", "PA01", n_with_data=1, n_total=2),
        line("b", 1.0, "theme", "PA07", n_with_data=2, n_total=2),
    ]
    (block,) = blocks.blocks(same + other, Labels(), "2023")
    assert [e.coverage for e in block.tables[0].entries] == ["3/4", ""]
    third = [
        line("c", 1.0, "theme", "PA01", n_with_data=1, n_total=3),
        line("c", 1.0, "theme", "PA07", n_with_data=2, n_total=3),
    ]
    (block,) = blocks.blocks(same + other + third, Labels(), "2023")
    assert not block.tables[0].has_coverage, "a column for one member of three"


def test_slugs_are_safe_in_names_and_anchors():
    assert (
        blocks.slug("HDF-CONF-2023") == "HDF-CONF-2023" and blocks.slug("../é <x>") == "x" and blocks.slug("é") == "x"
    )
    assert json.dumps(blocks.slug('a"b')) == '"a-b"'
