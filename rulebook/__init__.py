"""Files of rules that people write in YAML: read into one strict model, or said to be wrong in French, with the file and the line.

Here: the one way from a file to a model, and every sentence about what a file cannot say (pydantic's are English); how any sentence says a number
(`numbers`), and what none may hold (`contacts`). All rooms may import this one, which imports none. Not here: any rule, any model (each room has its
own, with the sentences that only it can know).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rulebook.numbers import plural

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, model: type[Model], wrong: Callable[[str], Exception]) -> Model:
    """`path` as one `model`, which is frozen: the same text is the same object. Raises `wrong`, one line per thing that is not right."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise wrong(not_read(path.name, error)) from None
    return _model_of(text, path.name, model, wrong)


def not_read(name: str, error: Exception) -> str:
    """Why a file of rules cannot be read: the system does not give it, or it is no YAML, and from which line on."""
    from ruamel.yaml.constructor import DuplicateKeyError

    if isinstance(error, FileNotFoundError):
        return f"{name} : ce fichier n'existe pas."
    if isinstance(error, UnicodeDecodeError):
        return f"{name} : le fichier n'est pas en UTF-8 (octet {error.start})."
    if isinstance(error, OSError):
        return f"{name} ne peut pas être lu ({type(error).__name__})."
    mark = getattr(error, "problem_mark", None)
    line = f", ligne {mark.line + 1}" if mark else ""
    if isinstance(error, DuplicateKeyError):
        return f"{name}{line} : une clé est écrite deux fois ; gardez une seule des deux."
    return f"{name}{line} : YAML illisible ; vérifiez les espaces, les guillemets et les deux-points."


def sentences(name: str, error: ValidationError, document: Any = None) -> str:
    """What pydantic refuses of a file, one line per place. `document`: the file as ruamel's round trip reads it, which knows its lines."""
    said: dict[str, list[str]] = {}
    for item in error.errors(include_url=False):
        line, found = _place(document, item["loc"])
        keys = [*found, item["loc"][-1]] if item["type"] == "missing" else found
        place = [f"{name}, ligne {line}" if line else name, " › ".join(str(key) for key in keys)]
        said.setdefault(" : ".join(filter(None, place)), []).append(what(item))
    # of a value that may be of several kinds, pydantic says what each kind lacks
    return "\n".join(f"{place} : {' ou '.join(dict.fromkeys(whats))}." for place, whats in said.items())


@lru_cache(maxsize=512)
def _model_of(text: str, name: str, model: type[Model], wrong: Callable[[str], Exception]) -> Model:
    """A night asks several times for the same files, and parsing is what they cost."""
    from pydantic import ValidationError
    from ruamel.yaml import YAMLError

    with suppress(YAMLError, UnicodeEncodeError, ValidationError):
        return model.model_validate(_loaded(text, typ="safe"))
    # libyaml is fast, refuses some plain words that YAML allows (`[h:m, vraiment?]`) and knows no line but its own
    try:
        return model.model_validate(_loaded(text, typ="safe", pure=True))
    except YAMLError as error:
        raise wrong(not_read(name, error)) from None
    except ValidationError as error:
        # only a round-trip document knows its lines, and takes twice as long
        raise wrong(sentences(name, error, _loaded(text, typ="rt"))) from None


TIMESTAMP = "tag:yaml.org,2002:timestamp"


def _loaded(text: str, **kind: Any) -> Any:
    """The document of a YAML text. A date that no calendar has (2026-02-30) stays a text, for the model to refuse with its place."""
    from ruamel.yaml import YAML

    reader = YAML(**kind)
    own: Any = type("Constructor", (reader.Constructor,), {})  # ruamel keeps what constructs a value by class
    of_an_instant = own.yaml_constructors[TIMESTAMP]

    def of_an_instant_or_text(constructor: Any, node: Any) -> Any:
        try:
            return of_an_instant(constructor, node)
        except ValueError:
            return node.value

    own.add_constructor(TIMESTAMP, of_an_instant_or_text)
    reader.Constructor = own
    return reader.load(text)


def _place(document: Any, loc: tuple[str | int, ...]) -> tuple[int | None, list[str | int]]:
    """The 1-based line of the innermost node of `loc` that the document has, and the keys that lead there. The rest of `loc` is what the
    model calls it (a branch of a union, a key that is missing)."""
    if document is None:
        return None, list(loc)
    node, line, found = document, 1, []
    for key in loc:
        try:
            lines = node.lc
            line = (lines.item(key) if isinstance(key, int) and isinstance(node, list) else lines.key(key))[0] + 1
            node = node[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
        found.append(key)
    return line, found


_MAPPING = "une suite de « clé: valeur » est attendue"
_LIST = "une liste est attendue, par exemple [a, b]"
_TEXT = "un texte est attendu (entre guillemets s'il ressemble à un nombre, à une date ou à oui/non)"
_YES_OR_NO = "oui ou non (true/false) est attendu"
_INTEGER = "un nombre entier est attendu"
_NUMBER = "un nombre est attendu"
_DATE = "une date est attendue, par exemple 2026-03-31"
_INSTANT = "un jour et une heure sont attendus, par exemple 2026-03-31T09:30"

SENTENCES = {
    "missing": "clé obligatoire absente",
    "extra_forbidden": "clé inconnue",
    "invalid_key": "une clé est un texte : mettez celle-ci entre guillemets",
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "recursion_loop": "cette partie du fichier se contient elle-même",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "too_short": "il faut ici au moins {min_length}",
    "too_long": "il faut ici au plus {max_length}",
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_short": "un texte d'au moins {min_length} est attendu",
    "string_too_long": "un texte d'au plus {max_length} est attendu",
    "string_pattern_mismatch": "ce texte n'a pas la forme attendue, que dit l'expression {pattern}",
    "literal_error": "valeur « {input} » inconnue ; valeurs possibles : {expected}",
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "int_type": _INTEGER,
    "int_parsing": _INTEGER,
    "int_from_float": _INTEGER,
    "int_parsing_size": "ce nombre est trop grand",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "un nombre fini est attendu",
    "greater_than": "un nombre plus grand que {gt} est attendu",
    "greater_than_equal": "un nombre d'au moins {ge} est attendu",
    "less_than": "un nombre plus petit que {lt} est attendu",
    "less_than_equal": "un nombre d'au plus {le} est attendu",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": "une date sans heure est attendue, par exemple 2026-03-31",
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "value_error": "{error}",
}
"""By pydantic's type of error; the braces are what it says of one (`ctx`)."""


def what(item: Any) -> str:
    """One item of `ValidationError.errors()`, without its place."""
    sentence = SENTENCES.get(item["type"], f"cette valeur ne peut pas être lue ici (pydantic : {item['type']})")
    said = dict(item.get("ctx", {}), input=item["input"])
    if "expected" in said:
        said["expected"] = said["expected"].replace(" or ", ", ").replace("'", "")
    unit = "caractère" if item["type"].startswith("string_") else "élément"
    said |= {name: plural(said[name], unit) for name in ("min_length", "max_length") if name in said}
    return sentence.format_map(said)
