"""A sentence that counts says one number, never « ligne(s) »."""

import ast
import re
from pathlib import Path

import pytest

from rulebook.numbers import agreed, grouped, plural

ROOT = Path(__file__).parents[2]
ROOMS = ("rulebook", "identity", "sources", "expectations", "publication", "orchestration")
HEDGED = re.compile(r"[^\W\d_]\((?:s|es|nt)\)(?!\w)")


def hedges(text: str) -> list[str]:
    """Texts of a module that say « (s) »; its docstrings are nobody's sentence."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr | ast.Constant)]
    docstrings = {id(node.value) for node in found if isinstance(node, ast.Expr)}
    texts = [node.value for node in found if isinstance(node, ast.Constant) and id(node) not in docstrings]
    return [text for text in texts if isinstance(text, str) and HEDGED.search(text)]


def test_words_agree_with_their_number():
    assert [plural(n, "ligne") for n in (0, 1, 2)] == ["0 ligne", "1 ligne", "2 lignes"]
    assert plural(2, "ligne est gardée", "lignes sont gardées") == "2 lignes sont gardées"
    assert [agreed(n, "Personne") for n in (1, 2)] == ["Personne", "Personnes"]


@pytest.mark.parametrize("room", ROOMS)
def test_no_sentence_leaves_its_number_open(room):
    for path in sorted((ROOT / room).rglob("*.py")):
        assert not hedges(path.read_text(encoding="utf-8")), path


def test_a_number_left_open_is_found():
    assert hedges('f"{n} ligne(s) lue(s)."') == [" ligne(s) lue(s)."]
    assert hedges('"""« Organisateur(s) »"""\nprint(f"{len(s)} lignes")') == []


def test_thousands_stand_apart():
    assert (
        grouped(1055) == "1\u202f055"
        and plural(1204, "ligne") == "1\u202f204 lignes"
        and plural(-1, "jour") == "-1 jour"
    )
