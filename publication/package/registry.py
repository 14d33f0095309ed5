"""The one registry: what the released tables are, column by column, with what names, signs and programmes they use.

Belongs here: gathering it from the candidate's dictionary and labels, and the types of cells as CSV writes them. Does not
belong here: any of the forms it is written in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

import rulebook
from publication.labels import Labels, Supply
from publication.shelf import Release
from publication.tables import KEY, csv_cell
from publication.versions import Version
from publication.wording import dataset_question, dataset_title
from rulebook.strict import Strict

PUBLISHER = Path(__file__).with_name("publisher.yml")
LICENCE = "etalab-2.0"
LICENCE_TITLE = "Licence Ouverte / Open Licence version 2.0"
LICENCE_URL = "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf"

# kind of a cell → (frictionless, XML schema)
TYPES = {
    "string": ("string", "string"),
    "number": ("number", "double"),
    "integer": ("integer", "integer"),
    "boolean": ("boolean", "boolean"),
    "date": ("date", "date"),
    "datetime": ("datetime", "dateTime"),
}

CODED = ("obs_status", "conf_status")


class PublisherError(Exception):
    """The publisher's own words cannot be read. The message is French and names file and line."""


class Publisher(Strict):
    """Who publishes; empty fields are left out of every form."""

    name: str
    title: str
    description: str
    keywords: tuple[str, ...]
    theme: str
    frequency: str
    contact: str = ""
    homepage: str = ""
    next_release_on: str = ""


@dataclass(frozen=True)
class Column:
    """`kind`: the type of its cells as the CSV writes them; `codes`: all that they may say, when that is a closed list."""

    name: str
    description: str
    kind: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One dataset: `columns` in the order of the CSV, `key` columns that name a row, `period` first and last."""

    name: str
    title: str
    question: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rows: int
    data: pa.Table
    programmes: tuple[str, ...]
    periods: tuple[str, ...]
    issued: str

    @property
    def csv(self) -> str:
        return f"data/{self.name}.csv"

    @property
    def parquet(self) -> str:
        return f"data/{self.name}.parquet"


@dataclass(frozen=True)
class Package:
    """Everything the forms are written from."""

    publisher: Publisher
    release: Release
    version: Version
    made_at: datetime
    tables: tuple[Table, ...]
    labels: Labels
    supply: Supply
    public: Path = field(repr=False)


def read_publisher(path: Path = PUBLISHER) -> Publisher:
    """The publisher's own words. Raises PublisherError."""
    return rulebook.read(path, Publisher, PublisherError)


def tables_of(
    contents: Mapping[str, pa.Table], dictionary: Path, labels: Labels, issued: Mapping[str, str]
) -> tuple[Table, ...]:
    """The released tables as the registry describes them. `issued`: date of the release that made each one."""
    models = json.loads(dictionary.read_text(encoding="utf-8")).get("models", {})
    return tuple(
        _table(name, data, models.get(name, {}), labels, issued.get(name, ""))
        for name, data in sorted(contents.items())
    )


def _table(name: str, data: pa.Table, model: Mapping[str, Any], labels: Labels, issued: str) -> Table:
    described = model.get("columns") or {}
    columns = tuple(
        Column(
            name=item.name,
            description=(described.get(item.name) or {}).get("description") or "",
            kind=kind_of(item.type),
            codes=_codes(item.name, data, labels),
        )
        for item in data.schema
    )
    key = tuple(column for column in KEY if column in data.column_names)
    return Table(
        name=name,
        title=dataset_title(name),
        question=dataset_question(name),
        description=model.get("description") or "",
        columns=columns,
        key=key,
        rows=data.num_rows,
        data=data,
        programmes=tuple(sorted({str(v) for v in data["programme_id"].to_pylist() if v})),
        periods=tuple(sorted({str(v) for v in data["period"].to_pylist() if v})),
        issued=issued,
    )


def kind_of(arrow: pa.DataType) -> str:
    """The kind of a column as its cells are written in the CSV."""
    if pa.types.is_boolean(arrow):
        return "boolean"
    if pa.types.is_integer(arrow):
        return "integer"
    if pa.types.is_floating(arrow) or pa.types.is_decimal(arrow):
        return "number"
    if pa.types.is_date(arrow):
        return "date"
    return "datetime" if pa.types.is_timestamp(arrow) else "string"


def _codes(name: str, data: pa.Table, labels: Labels) -> tuple[str, ...]:
    """The codes a status column may hold: those of the list of signs, and whatever the table holds besides."""
    if name not in CODED:
        return ()
    place = CODED.index(name)
    known = {pair[place] for pair in labels.signs if pair[place]}
    return tuple(sorted(known | {csv_cell(value) for value in data[name].to_pylist() if value}))
