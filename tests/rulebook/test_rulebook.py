"""Whatever a file of rules gets wrong is said in French: over every model of the rooms, and every type of error that it can raise."""

import importlib
import re
import typing
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import core_schema

from rulebook import SENTENCES, not_read, read, sentences
from rulebook.strict import Strict

ROOT = Path(__file__).parents[2]
ROOMS = ("identity", "sources", "expectations", "publication", "orchestration")
#: What each kind of pydantic's core schema can refuse, by itself and by each of its constraints. Kinds that only hold others refuse nothing.
REFUSES = {
    "any": {},
    "bool": {"": ("bool_type", "bool_parsing")},
    "date": {"": ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact")},
    "default": {},
    "definition-ref": {"": ("recursion_loop",)},
    "definitions": {},
    "dict": {"": ("dict_type",), "min_length": ("too_short",), "max_length": ("too_long",)},
    "float": {
        "": ("float_type", "float_parsing"),
        "gt": ("greater_than",), "ge": ("greater_than_equal",), "lt": ("less_than",), "le": ("less_than_equal",),
    },
    "function-after": {"": ("value_error",)},
    "function-before": {"": ("value_error",)},
    "function-plain": {"": ("value_error",)},
    "int": {
        "": ("int_type", "int_parsing", "int_from_float", "int_parsing_size", "finite_number"),
        "gt": ("greater_than",), "ge": ("greater_than_equal",), "lt": ("less_than",), "le": ("less_than_equal",),
    },
    "list": {"": ("list_type",), "min_length": ("too_short",), "max_length": ("too_long",)},
    "literal": {"": ("literal_error",)},
    "model": {"": ("model_type",)},
    "model-field": {"": ("missing",)},
    "model-fields": {"": ("model_attributes_type", "extra_forbidden", "invalid_key")},
    "no-info": {},
    "nullable": {},
    "str": {
        "": ("string_type", "string_unicode"),
        "min_length": ("string_too_short",), "max_length": ("string_too_long",), "pattern": ("string_pattern_mismatch",),
    },
    "tuple": {"": ("tuple_type", "missing", "too_long"), "min_length": ("too_short",), "max_length": ("too_long",)},
    "union": {},
}  # fmt: skip
CONSTRAINTS = {"ge", "gt", "le", "lt", "min_length", "max_length", "pattern", "multiple_of", "max_digits"}
#: Values that a file may hold where a model wants something else.
STRANGE = (
    *(None, True, 0, -1, 1.5, 10**30, "1" * 5000, float("nan"), float("inf"), "", "a", "Été", "2026-02-30", [], ["a"]),
    *([None], {}, {"a": "b"}, {1: 2}, {"a": [1]}, datetime(2026, 3, 31, 9, tzinfo=UTC), "2026-03-31T09:00", b"\xff"),
)


def models() -> list[type[BaseModel]]:
    """Every model of the rooms: of each file that speaks of pydantic, or of our own base."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if any(
                base in path.read_text(encoding="utf-8") for base in ("from pydantic import", "from rulebook.strict")
            ):
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    found, waiting = [], [BaseModel]
    while waiting:
        waiting += (below := waiting.pop().__subclasses__())
        found += [model for model in below if model.__module__.partition(".")[0] in ROOMS]
    return found


def refused_by(schema: object) -> set[str]:
    """The types of error that a core schema can raise. A kind or a constraint that REFUSES does not know is a KeyError."""
    if isinstance(schema, list | tuple):
        return {name for inner in schema for name in refused_by(inner)}
    if not isinstance(schema, dict):
        return set()
    inner = [value for key, value in schema.items() if key not in ("metadata", "serialization")]
    found = refused_by(inner)
    if isinstance(schema.get("type"), str):
        refuses = REFUSES[schema["type"]]
        found |= {name for key in CONSTRAINTS & schema.keys() for name in refuses[key]} | set(refuses.get("", ()))
    return found


def raised_by(model: type[BaseModel]) -> set[str]:
    """The types of error that strange values do raise, everywhere in a model, whatever else is missing. Each is said without pydantic's words."""
    found = set()
    for value in (*STRANGE, *({name: value} for name in model.model_fields for value in STRANGE)):
        try:
            model.model_validate(value)
        except ValidationError as error:
            found |= {item["type"] for item in error.errors()}
            said = sentences("regles.yml", error)
            assert not any(item["msg"] in said for item in error.errors() if item["type"] != "value_error"), said
    return found


def test_every_type_of_error_that_our_models_can_raise_has_its_sentence():
    can, did = set(), set()
    for model in models():
        can |= refused_by(model.__pydantic_core_schema__)
        did |= raised_by(model)
    assert len(models()) > 40 and len(did) > 20
    assert did <= can, "what a kind refuses is not all in REFUSES"
    assert can <= SENTENCES.keys()


def test_every_sentence_is_of_a_type_that_pydantic_knows():
    assert SENTENCES.keys() <= set(typing.get_args(core_schema.ErrorType))


def test_a_kind_that_nobody_knows_is_found():
    with pytest.raises(KeyError, match="uuid"):
        refused_by({"type": "model", "schema": {"type": "uuid"}})
    with pytest.raises(KeyError, match="multiple_of"):
        refused_by({"type": "int", "multiple_of": 2})


def test_no_room_turns_an_error_of_pydantic_into_words_of_its_own():
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert "ValidationError" not in text or re.search(r"rulebook\.(sentences|what)\(", text), path


class Wrong(Exception):
    pass


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    nombre: int | bool = 0
    texte: str = Field("", max_length=4)

    @model_validator(mode="after")
    def _coherent(self):
        if self.texte == "faux":
            raise ValueError("« texte » ne peut pas être faux")
        return self


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: tuple[Part, ...] = Field(min_length=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parts:\n  - {texte: a}\n  - txte: b\n", "regles.yml, ligne 3 : parts › 1 › txte : clé inconnue."),
        ("parts:\n  -\n    texte: 3\n", "regles.yml, ligne 3 : parts › 0 › texte : un texte est attendu (entre guillemets"),
        ("parts:\n  - texte: faux\n", "regles.yml, ligne 2 : parts › 0 : « texte » ne peut pas être faux."),
        ("parts:\n  - nombre: [1]\n", "ligne 2 : parts › 0 › nombre : un nombre entier est attendu ou oui ou non (true/false) est attendu."),
        ("\nparties: []\n", "regles.yml, ligne 1 : parts : clé obligatoire absente.\nregles.yml, ligne 2 : parties : clé inconnue."),
        ("parts: []\n", "regles.yml, ligne 1 : parts : il faut ici au moins 1 élément."),
        ("parts:\n  - texte: quatre\n", "ligne 2 : parts › 0 › texte : un texte d'au plus 4 caractères est attendu."),
        ("parts: un\n", "regles.yml, ligne 1 : parts : une liste est attendue, par exemple [a, b]."),
        ("- a\n", "regles.yml, ligne 1 : une suite de « clé: valeur » est attendue."),
        ("", "regles.yml : une suite de « clé: valeur » est attendue."),
        ("parts: [\n", "regles.yml, ligne 2 : YAML illisible ; vérifiez"),
        ("parts: []\nparts: []\n", "regles.yml, ligne 2 : une clé est écrite deux fois"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_file_and_line(tmp_path, text, said):
    path = tmp_path / "regles.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Wrong) as caught:
        read(path, Whole, Wrong)
    assert said in str(caught.value)


def test_a_file_that_is_not_there_or_is_no_text_is_said(tmp_path):
    with pytest.raises(Wrong, match="regles.yml : ce fichier n'existe pas."):
        read(tmp_path / "regles.yml", Whole, Wrong)
    (tmp_path / "regles.yml").write_bytes("parts: [é]".encode("latin-1"))
    with pytest.raises(Wrong, match="pas en UTF-8"):
        read(tmp_path / "regles.yml", Whole, Wrong)
    assert not_read("regles.yml", PermissionError()) == "regles.yml ne peut pas être lu (PermissionError)."


def test_a_type_without_sentence_is_still_said_in_french():
    class Hour(BaseModel):
        heure: time

    with pytest.raises(ValidationError) as caught:
        Hour.model_validate({"heure": "midi"})
    said = sentences("regles.yml", caught.value)
    assert said == "regles.yml : heure : cette valeur ne peut pas être lue ici (pydantic : time_parsing)."


class Dated(Strict):
    jour: date


def test_a_day_that_no_calendar_has_is_said_with_its_line(tmp_path):
    """YAML makes dates of what looks like one, and the reader of YAML ended with an error of its own."""
    path = tmp_path / "regles.yml"
    for said in ("2026-02-30", "2026-02-30T09:00:00", "[a, b"):
        path.write_text(f"# jours\njour: {said}\n", encoding="utf-8")
        with pytest.raises(Wrong, match=r"regles\.yml, ligne [23]"):
            read(path, Dated, Wrong)
    path.write_text("jour: 2026-02-28", encoding="utf-8")
    assert read(path, Dated, Wrong).jour == date(2026, 2, 28)
