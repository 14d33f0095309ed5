"""What the command says of a figure that is not what it was."""

from dataclasses import replace
from types import SimpleNamespace

from orchestration.trace_command import _print_revision
from publication.labels import Labels
from publication.trace import Line, Origin, revision
from publication.trace.declared import Trace
from publication.trace.places import File

FILE = File(1, "programme", "Programme", "d1", "programme.xlsx", "2026-01-01", "Ateliers", 9, 9, 0, 0)
FIGURE = {
    "programme_id": "P1", "indicator": "A1", "breakdown": "total", "member": "total", "obs_status": "A", "conf_status": "F",
}  # fmt: skip


def line(event: str, shown: float, row: int) -> Line:
    return Line(("s", event), (("n", str(shown)),), event, "", "", shown, FILE, row, ((f"H{row}", "Présents"),), ())


def origin(value: float, *found: Line, status: str = "A", counted: int = 0) -> Origin:
    trace = Trace(indicators=("A1",), one_row_is="person" if counted else "event", rows="select 1", value="sum(n)")
    figure = FIGURE | {"value": value, "obs_status": status}
    return Origin(figure, trace, value, found, (), ((FILE, counted),) if counted else (), ())


def said(before: Origin | None, after: Origin) -> list[str]:
    found: list[str] = []
    releases = (SimpleNamespace(number=1), SimpleNamespace(number=2))
    _print_revision(SimpleNamespace(say=found.append), *releases, revision(before, after), Labels())
    return [sentence.strip() for sentence in found[1:]]


def test_what_came_went_and_counts_otherwise():
    before, after = origin(32, line("E1", 12, 3), line("E2", 20, 4)), origin(33, line("E2", 25, 5), line("E3", 8, 6))
    told = said(before, after)
    assert told[0] == "32 → 33"
    assert told.index("1 événement de plus :") + 1 == told.index("E3 → 8")
    assert told.index("1 événement de moins :") + 1 == told.index("E1 → 12")
    moved = told.index("E2 : 20 → 25")
    assert "H4 « Présents »" in told[moved + 1] and "H5 « Présents »" in told[moved + 2]
    assert said(before, before)[1:] == ["Les mêmes lignes, qui disent la même chose."]


def test_a_release_of_before_there_were_traces_is_not_compared():
    before = replace(origin(32), trace=None)
    told = said(before, origin(33, line("E2", 25, 5)))
    assert told[0] == "32 → 33" and "aucun tracé" in told[1] and len(told) == 2


def test_persons_are_counted_and_secrets_kept():
    told = said(origin(5, counted=5), origin(7, counted=7))
    assert any(sentence.startswith("5 → 7 dans « programme.xlsx »") for sentence in told)
    assert "secret" in said(origin(5, counted=5, status="Q"), origin(7, counted=7))[0]
    assert "n'avait pas ce chiffre" in said(None, origin(7, counted=7))[0]
