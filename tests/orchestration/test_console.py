"""What is printed: French seconds, aligned columns, and a reader who leaves early."""

import os

import pytest

from orchestration.console import Lines
from orchestration.progress import Step, listening, step


class Heard:
    def __init__(self):
        self.steps: list[Step] = []

    def __call__(self, told: Step) -> None:
        self.steps.append(told)


def test_a_step_is_told_from_start_to_end():
    heard = Heard()
    with listening(heard), step("build", "Construction") as running:
        running.move(1, 2)
        running.say("2 tables")
    assert [(s.state, s.done, s.total) for s in heard.steps] == [("started", 0, 0), ("moving", 1, 2), ("done", 0, 0)]
    assert heard.steps[-1].said == "2 tables" and heard.steps[-1].seconds >= heard.steps[0].seconds >= 0


def test_a_step_that_goes_over_items_tells_how_many_came_before():
    heard = Heard()
    with listening(heard), step("search", "Recherche") as running:
        assert list(running.over("abc")) == ["a", "b", "c"]
    assert [(s.done, s.total) for s in heard.steps if s.state == "moving"] == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("a cell"), "Construction : n'a pas abouti (ValueError)"),
        (KeyboardInterrupt(), "Construction : interrompu"),
    ],
)
def test_a_step_that_fails_says_so_and_goes_on_failing(error, said):
    heard = Heard()
    with pytest.raises(type(error)), listening(heard), step("build", "Construction"):
        raise error
    assert (heard.steps[-1].state, heard.steps[-1].said) == ("failed", said)


def test_plain_lines(capfd):
    lines = Lines()
    lines.hear(Step("a", "Livraisons", "started"))
    lines.hear(Step("a", "Livraisons", "done", 1.26, "3 lignes"))
    lines.hear(Step("b", "Publication", "failed", 0.04, "Publication : n'a pas abouti."))
    lines.say_once("Publication : n'a pas abouti.")
    lines.table([("a", 10, "x"), ("bcd", 2, "")], ("nom", "n", ""))
    assert capfd.readouterr().out.splitlines() == [
        "✓    1,3 s  Livraisons – 3 lignes",
        "✗    0,0 s  Publication : n'a pas abouti.",
        "  nom   n",
        "  a    10  x",
        "  bcd   2",
    ]


def test_a_reader_who_leaves_does_not_stop_the_night():
    lines = Lines()
    reader, writer = os.pipe()
    os.close(reader)
    lines._out = os.fdopen(writer, "w")
    lines.say("nobody reads this")
    lines.say("nor that")


def test_a_full_disk_under_its_output_does_not_stop_the_night():
    lines = Lines()
    lines._out = open("/dev/full", "w")  # noqa: SIM115
    lines.say("nobody keeps this")
    lines.say("nor that")
