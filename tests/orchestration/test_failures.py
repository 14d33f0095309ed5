"""What a log keeps of an exception: kinds, places and our own sentences; no cell that a library quotes."""

from importlib import import_module
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from pydantic import BaseModel

from identity.cipher import VaultError
from orchestration.failures import MADE_FOR_PEOPLE, for_log, is_made_for_people
from orchestration.night import StructureFailed
from sources.values.refusal import Refused

CELL = "Jeanne Canari"


class Counted(BaseModel):
    places: int


ENGINES = {
    "ConversionException": lambda: duckdb.execute("select cast(? as integer)", [CELL]).fetchall(),
    "ArrowInvalid": lambda: pa.array([CELL]).cast(pa.int32()),
    "ValidationError": lambda: Counted(places=CELL),
    "ValueError": lambda: int(CELL),
    "KeyError": lambda: {}[CELL],
    "FileNotFoundError": lambda: Path(f"/nowhere/{CELL}.csv").read_bytes(),
}


def caught(work) -> BaseException:
    with pytest.raises(BaseException) as found:
        work()
    return found.value


@pytest.mark.parametrize("name", sorted(MADE_FOR_PEOPLE))
def test_an_exception_made_for_people_is_where_it_is_said_to_be(name):
    module, _, kind = name.rpartition(".")
    found = getattr(import_module(module), kind)
    assert issubclass(found, Exception) and is_made_for_people(found.__new__(found))


@pytest.mark.parametrize("kind", ENGINES)
def test_the_text_of_a_library_stays_out_and_its_kind_and_place_stay(kind):
    error = caught(ENGINES[kind])
    assert "Canari" in str(error), "it quotes the cell"
    told = for_log(error)
    assert "Canari" not in told
    assert kind in told and "test_failures.py" in told and ", line " in told


def test_what_led_to_our_sentence_is_told_first_without_its_text():
    def fails():
        try:
            ENGINES["ValueError"]()
        except ValueError as error:
            error.add_note(CELL)
            raise StructureFailed("La nuit s'arrête.") from error

    told = for_log(caught(fails))
    assert told.index("builtins.ValueError") < told.index("StructureFailed: La nuit s'arrête.")
    assert "Canari" not in told


def test_a_cause_that_was_put_aside_is_not_told():
    def fails():
        try:
            ENGINES["ValueError"]()
        except ValueError:
            raise VaultError("Le coffre ne s'ouvre pas.") from None

    told = for_log(caught(fails))
    assert "ValueError" not in told and "VaultError: Le coffre ne s'ouvre pas." in told


def test_ours_that_speaks_of_a_cell_and_each_of_a_group_keep_their_text_to_themselves():
    refused = Refused("pas_un_nombre", f"« {CELL} » n'est pas un nombre.")
    told = for_log(ExceptionGroup(CELL, [refused, caught(ENGINES["KeyError"])]))
    assert "Canari" not in told and "Refused" in told and "KeyError" in told
