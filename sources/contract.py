"""The grammar of a source contract: one YAML file says all that is particular to one source.

Here: reading `contracts/<source>.yml`, validating it (unknown key = error, messages in French with the line).
Not here: reading deliveries (`readers/`), what an entity is made of (`entities.py`), applying the contract (`headers.py`, `origins.py`, `judge.py`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, field_validator, model_validator

import rulebook
from rulebook.strict import Strict
from sources.clients.api import ApiShape
from sources.entities import ENTITIES, Slot
from sources.values.choices import Encoding
from sources.values.text import clean, fold

Model = TypeVar("Model", bound=BaseModel)

CONTRACTS = Path(__file__).with_name("contracts")


class ContractError(Exception):
    """A contract (or another declaration in YAML) that cannot be used. The message is French and names file and line."""


class PairList(Strict):
    """A list of label/value objects of a JSON record that becomes one column per label (`readers.records.Pairs`)."""

    path: str
    name: str
    value: str | tuple[str, ...]


class FileShape(Strict):
    """Which files of the source's folder are deliveries, and how their bytes become sheets.

    `series`: a regular expression found in the names of files that are versions of one document, whatever else their names say: each
    replaces the one written before it, and what it leaves out is withdrawn. What its groups capture tells several documents apart
    (`programme_(\\d{4})`: one a year); without groups there is one. Without `series`, only a file of the same name replaces another.

    `every_sheet`: every sheet of a workbook that has the columns of the contract is read (a sheet a month, an event), as one list; else one is,
    the first filled or the one called `sheet`."""

    pattern: str = "*"
    series: str | None = None
    shape: Literal["delimited", "spreadsheet", "json", "learning_dashboard"]
    sheet: str | None = None
    every_sheet: bool = False
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: str | None = None
    records: str | None = None
    explode: str | None = None
    keep_empty: bool | None = None
    pairs: tuple[PairList, ...] | None = None
    leave_out: tuple[str, ...] | None = None
    tagged_lists: bool | None = None

    @model_validator(mode="after")
    def _options_of_the_shape(self) -> FileShape:
        strange = [
            name
            for name in self.model_fields_set - {"pattern", "series", "shape"}
            if name not in SHAPE_OPTIONS[self.shape]
        ]
        if strange:
            raise ValueError(f"{', '.join(sorted(strange))} n'a pas de sens pour la forme {self.shape}")
        if self.every_sheet and self.sheet is not None:
            raise ValueError(
                "donnez soit « sheet » (une seule feuille), soit « every_sheet: true » (toutes celles qui ont ces colonnes)"
            )
        return self

    @field_validator("series")
    @classmethod
    def _series_is_an_expression(cls, series: str | None) -> str | None:
        try:
            re.compile(series or "")
        except re.error as error:
            raise ValueError(f"« series » n'est pas une expression régulière ({error})") from None
        return series

    def document_of(self, file_name: str) -> str:
        """What a file is a version of: files with one document replace one another. No file name holds a slash. A « é » that one system writes
        as one character and another as two is one letter."""
        file_name = unicodedata.normalize("NFC", file_name)
        found = self.series is not None and re.search(self.series, file_name)
        return "/" + "/".join(text or "" for text in found.groups()) if found else file_name

    def expects(self, file_name: str) -> bool:
        """Whether the files of the source have names like this one."""
        return fnmatch(file_name.lower(), self.pattern.lower())

    @property
    def options(self) -> dict[str, Any]:
        """The options given, as `sources.readers.read` takes them."""
        names = [name for name in SHAPE_OPTIONS[self.shape] if name != "every_sheet"]
        return {name: value for name in names if (value := getattr(self, name)) is not None}


SHAPE_OPTIONS = {
    "delimited": ("delimiter", "encoding"),
    "spreadsheet": ("sheet", "every_sheet"),
    "learning_dashboard": ("encoding",),
    "json": ("records", "explode", "keep_empty", "pairs", "leave_out", "tagged_lists", "encoding"),
}


class Table(Strict):
    """One of several tables of a sheet (`readers.tables.cut`): where it begins and ends, by the text of a row. `besides`: sections of
    the same sheet that nobody has to be told are not read."""

    after: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    until_gap: bool = False
    besides: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _begins_once(self) -> Table:
        if bool(self.after) == bool(self.at):
            raise ValueError("donnez soit « after » (la ligne qui précède le tableau), soit « at » (son en-tête)")
        return self


class StackedHeaders(Strict):
    """Several header rows read as one (`readers.tables.stack_headers`)."""

    rows: int = Field(ge=2, le=5)
    skip: int = Field(default=0, ge=0)
    fill: tuple[int, ...] = ()
    without: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()


class LeftOut(Strict):
    """Rows that are not what the contract reads (a meal bought with a ticket): counted as structure, with a reason."""

    header: str
    words: tuple[str, ...] = ()
    empty: bool = False
    reason: str


class ControlTotal(Strict):
    """A total printed in the delivery, compared with the rows read: a difference is reported, never repaired."""

    row: str
    field: str
    measure: Literal["sum", "rows"]


MOST_ABOVE = 100
"""The furthest down that a header is looked for."""


class Layout(Strict):
    """Rows of a sheet that are not data: what stands above the header, section rows, totals.

    `sections: month`: a row that says only a month (« AVRIL 2023 ») gives its year to the dates below. With `days_of_section` it gives
    its month too to a day alone (« jeudi 6 »), and a row alone that is no month holds the delivery: the days below would be another month's.
    `totals`: a row that begins with one of these words, unless more words follow it and other cells have words too: « Total Solidaire » is an
    organiser.
    """

    header_within: int = Field(default=10, ge=1, le=MOST_ABOVE)
    table: Table | None = None
    stacked_headers: StackedHeaders | None = None
    number_duplicates: bool = False
    left_out: tuple[LeftOut, ...] = ()
    sections: Literal["month"] | None = None
    days_of_section: bool = False
    totals: tuple[str, ...] = ()
    control_totals: tuple[ControlTotal, ...] = ()

    @model_validator(mode="after")
    def _days_have_a_section(self) -> Layout:
        if self.days_of_section and self.sections is None:
            raise ValueError("« days_of_section » va avec « sections: month »")
        return self


class Rule(Strict):
    """A value said by another column: where `header` holds one of `words` (or anything, if `filled`), the field reads `gives`."""

    header: str
    words: tuple[str, ...] = ()
    filled: bool = False
    gives: str

    @model_validator(mode="after")
    def _has_a_condition(self) -> Rule:
        if bool(self.words) == self.filled:
            raise ValueError("donnez soit « words » (les textes), soit « filled: true » (n'importe quel texte)")
        return self


class When(Strict):
    """The only rows a field is read in: those where `header` holds one of `words`."""

    header: str
    words: Annotated[tuple[str, ...], Field(min_length=1)]


class ContractField(Strict):
    """Where one canonical field comes from: accepted headers, several columns put together, or a constant; `rules`, tried
    in order, come before.

    `between` stands between composed columns. `ranked` tells rows of one key apart. `sealed`: a key made of personal columns lands as its
    keyed fingerprint. `nothing`: texts that mean an empty cell (`--`, `Info Requested`); `blank` is read where the cell is empty. `pick`: of a list of instants, which one counts.
    `when`: rows elsewhere read blank. `file_name`: the value is the name of the delivered file, without its extension; `sheet_name`:
    that of the sheet. Answers to
    a multiple choice stand in one cell (`encoding`, and `options` or `words`: what is none of them is « Autre »), or in
    one column each (`ticked`: answer → headers), or in either, according to the export.
    """

    headers: tuple[str, ...] = ()
    compose: tuple[str, ...] = ()
    between: Annotated[str, Field(min_length=1)] = " / "
    ranked: bool = False
    sealed: bool = False
    constant: str | None = None
    nothing: tuple[str, ...] = ()
    blank: str | None = None
    rules: tuple[Rule, ...] = ()
    required: bool = False
    privacy: Literal["none", "indirect", "direct"] = "none"
    split: tuple[str, ...] = ()
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    template: str | None = None
    order: Literal["dmy", "mdy", "ymd"] | None = None
    zone: str = "Europe/Paris"
    epoch: bool = False
    pick: Literal["earliest", "latest"] | None = None
    unit: Literal["euro", "cent"] = "euro"
    best: float = 5
    worst: float = 0
    when: When | None = None
    file_name: bool = False
    sheet_name: bool = False
    encoding: Encoding | None = None
    options: tuple[str, ...] = ()
    ticked: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_origin(self) -> ContractField:
        alone = bool(self.ticked) and not self.headers
        named = self.file_name, self.sheet_name
        if sum(map(bool, (self.headers, self.compose, self.constant is not None, *named, alone))) != 1:
            raise ValueError(
                "donnez soit « headers » (les en-têtes acceptés), soit « compose » (plusieurs colonnes mises bout à bout), "
                "soit « constant » (une valeur fixe), soit « file_name: true » (le nom du fichier), soit « sheet_name: true » (celui de la "
                "feuille), soit « ticked » (une colonne par réponse)"
            )
        if self.ranked and not self.compose:
            raise ValueError(
                "« ranked » n'a de sens qu'avec « compose » : il distingue les lignes de même clé par leur rang"
            )
        if self.template is not None:
            try:
                has_place = self.template.format("a") != self.template.format("b")
            except (IndexError, KeyError, ValueError):
                has_place = False
            if not has_place:
                raise ValueError("« template » doit contenir {} à l'endroit de la valeur, par exemple « A-{} »")
        return self

    @property
    def as_said(self) -> frozenset[str]:
        """Texts that are already canonical values: the constant, and what a rule gives."""
        return frozenset(rule.gives for rule in self.rules) | ({self.constant} if self.constant is not None else set())


_WORDED = ("choice", "choices", "status", "score", "event_ref", "boolean", "hint")


class Contract(Strict):
    """One source: its files, their layout, and how columns become canonical fields of one entity."""

    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: str
    description: str = ""
    entity: str
    expected_every_days: int | None = Field(default=None, ge=1)
    api: ApiShape | None = None
    files: FileShape
    layout: Layout = Layout()
    fields: dict[str, ContractField]
    ignore: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Contract:
        entity = ENTITIES.get(self.entity)
        if entity is None:
            raise ValueError(f"entité inconnue « {self.entity} » ; entités possibles : {', '.join(ENTITIES)}")
        unknown = [name for name in self.fields if name not in entity.slots]
        if unknown:
            raise ValueError(
                f"champ inconnu de l'entité {self.entity} : {', '.join(unknown)} ; champs possibles : {', '.join(entity.slots)}"
            )
        missing = [slot.name for slot in entity.slots.values() if slot.required and slot.name not in self.fields]
        if missing:
            raise ValueError(f"champ obligatoire de l'entité {self.entity} absent : {', '.join(missing)}")
        for name, field in self.fields.items():
            self._words_fit(entity.slots[name], field)
            if (entity.slots[name].kind == "personal") != (field.privacy == "direct") and field.constant is None:
                raise ValueError(f"{name} : « privacy: direct » va avec les champs de personnes, et avec eux seuls")
        self._headers_are_distinct()
        self._persons_are_sealed()
        if self.api is not None and (self.files.shape != "json" or (self.files.records or "") != self.api.records):
            raise ValueError(
                f"une source interrogée par API se lit avec « files: {{shape: json, records: {self.api.records}}} »"
            )
        if self.api is not None and self.files.series is not None:
            raise ValueError("« series » n'a pas de sens pour une source interrogée par API")
        for name, field in self.fields.items():
            if field.sheet_name and self.files.shape != "spreadsheet":
                raise ValueError(f"{name} : « sheet_name » n'a de sens que pour un classeur (shape: spreadsheet)")
        for total in self.layout.control_totals:
            if total.field not in self.fields:
                raise ValueError(f"control_totals : champ inconnu « {total.field} »")
        return self

    @staticmethod
    def _words_fit(slot: Slot, field: ContractField) -> None:
        """What a field gives is among what its slot may hold, what it declares has a meaning there, and nothing it needs is left out."""
        constant = [] if field.constant is None else [field.constant]
        for values in (field.words, constant, [rule.gives for rule in field.rules]):
            strange = [value for value in values if slot.choices and value not in slot.choices]
            if strange:
                known = ", ".join(slot.choices)
                raise ValueError(f"{slot.name} : valeur inconnue {', '.join(strange)} ; valeurs possibles : {known}")
        of_choices = field.encoding or field.options or field.ticked
        for declared, kinds, problem in (
            (field.words, _WORDED, "« words » n'a pas de sens pour ce champ"),
            (
                of_choices,
                ("choices",),
                "« encoding », « options » et « ticked » n'ont de sens que pour un choix multiple",
            ),
            (field.pick, ("instant",), "« pick » n'a de sens que pour un champ fait d'un jour et d'une heure"),
            (field.sealed, ("identifier",), "« sealed » n'a de sens que pour un identifiant"),
        ):
            if declared and slot.kind not in kinds:
                raise ValueError(f"{slot.name} : {problem}")
        if slot.kind in ("choice", "hint") and slot.choices and field.headers and not field.words:
            raise ValueError(f"{slot.name} : « words » doit dire quels mots valent {', '.join(slot.choices)}")
        if slot.kind == "choices" and field.headers and not (field.encoding and (field.options or field.words)):
            raise ValueError(
                f"{slot.name} : « encoding » doit dire comment les réponses sont jointes, et « options » (ou « words ») "
                "lesquelles sont proposées"
            )

    def _persons_are_sealed(self) -> None:
        """A column of persons lands nowhere but in the vault; a key that needs one lands sealed."""
        entity = ENTITIES[self.entity]
        personal = {
            header_key(header)
            for field in self.fields.values()
            if field.privacy == "direct"
            for header in (*field.headers, *field.compose)
        }
        for name, field in self.fields.items():
            if field.sealed and not entity.personal:
                raise ValueError(f"{name} : « sealed » n'a pas de sens pour l'entité {self.entity}, sans personnes")
            if field.sealed or field.privacy == "direct":
                continue
            shared = [header for header in (*field.headers, *field.compose) if header_key(header) in personal]
            if shared:
                raise ValueError(
                    f"{name} : « {shared[0]} » est une colonne de personnes ; une clé qui s'en sert doit être scellée "
                    "(« sealed: true »), un autre champ ne peut pas la lire"
                )

    def _headers_are_distinct(self) -> None:
        """Two fields may be composed of one column, but only one may be that column."""
        claimed: dict[str, str] = {}
        for name, field in self.fields.items():
            for header in {header_key(header) for header in field.headers}:
                if header in claimed:
                    raise ValueError(f"l'en-tête « {header} » est réclamé deux fois : {claimed[header]} et {name}")
                claimed[header] = name
        read = claimed.keys() | {header_key(header) for header in self.headers_besides()}
        for header in self.ignore:
            if header_key(header) in read:
                raise ValueError(f"l'en-tête « {header} » est à la fois lu et ignoré")

    @property
    def is_named(self) -> bool:
        """Whether the name of a file is one of its values."""
        return any(field.file_name for field in self.fields.values())

    def headers_besides(self) -> list[str]:
        """Headers that no field is read from alone: parts of composed fields, conditions of rules, rows left out."""
        fields = self.fields.values()
        return [
            *(header for field in fields for header in field.compose),
            *(header for field in fields for accepted in field.ticked.values() for header in accepted),
            *(field.when.header for field in fields if field.when),
            *(rule.header for field in fields for rule in field.rules),
            *(item.header for item in self.layout.left_out),
        ]


@lru_cache(maxsize=1 << 15)
def header_key(header: str) -> str:
    """What makes two headers the same: the folded text, HTML entities read (« Structure&nbsp;? »), or the cleaned one where
    it is made of signs (« # »)."""
    cleaned = clean(header)
    return fold(cleaned) or cleaned


@dataclass(frozen=True)
class LoadedContract:
    """A contract and the hash of the bytes it was read from (a changed contract re-reads its deliveries)."""

    contract: Contract
    sha256: str
    path: Path


def load_yaml(path: Path, model: type[Model]) -> Model:
    """Read `path` as one `model`, or raise ContractError in French with the line of what is wrong."""
    return rulebook.read(path, model, ContractError)


def load_contract(path: Path) -> LoadedContract:
    """Read one contract; its `source` must be the file's name. Raises ContractError, in French with the line."""
    contract: Contract = load_yaml(path, Contract)
    if contract.source != path.stem:
        raise ContractError(
            f"{path.name}, ligne 1 : source vaut « {contract.source} » mais le fichier s'appelle {path.stem}.yml."
        )
    return LoadedContract(contract, hashlib.sha256(path.read_bytes()).hexdigest(), path)


def load_contracts(directory: Path = CONTRACTS) -> dict[str, LoadedContract]:
    """Every contract of `directory` by source. Raises ContractError listing all that is wrong in all of them."""
    loaded, problems = {}, []
    for path in sorted(directory.glob("*.yml")):
        try:
            loaded[path.stem] = load_contract(path)
        except ContractError as error:
            problems.append(str(error))
    if problems:
        raise ContractError("\n".join(problems))
    return loaded
