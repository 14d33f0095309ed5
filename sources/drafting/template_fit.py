"""Which shipped template a file was exported for: reading it as each template says, and binding its header.

Here: the fit of one contract on one sheet, and the choice among templates. Not here: the text of the draft (`writing.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from sources.contract import Contract, ContractField, LoadedContract, header_key
from sources.drafting.shapes import Reading
from sources.entities import ENTITIES
from sources.headers import Cells, Unbound, bind, header_row
from sources.judge import in_sql, judge
from sources.kinds import OTHER, References
from sources.layouts import flat
from sources.readers import Sheet, Unreadable, read
from sources.readers.records import Pairs
from sources.readers.repaired import repaired
from sources.values.text import clean

DISTINCTIVE = 3
"""Headers that only one platform writes: with as many, the file is its own, whatever the other questions are."""


@dataclass(frozen=True)
class Fit:
    """How a contract and a sheet meet: labels that feed a field (`mapped`), labels the contract ignores, labels it does not
    know, and the fields a column feeds among those that columns could feed."""

    contract: Contract
    sheet: Sheet
    mapped: tuple[str, ...]
    ignored: tuple[str, ...]
    unmapped: tuple[str, ...]
    nb_fed: int
    nb_fields: int
    header_row: int
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> tuple[str, ...]:
        return (*self.mapped, *self.ignored)


def fit(contract: Contract, sheet: Sheet) -> Fit | None:
    """The fit of a contract on a flat sheet; None when no row of the sheet has a header of it."""
    found = header_row(contract, _first_rows(contract, sheet))
    if found is None:
        return None
    header = {header_key(cell): clean(cell) for cell in found[1] if cell and header_key(cell)}
    fields = [each for each in contract.fields.values() if _read_by(each)]
    fed = [each for each in fields if {header_key(h) for h in _read_by(each)} & header.keys()]
    read_in = {header_key(h) for each in fields for h in each.headers}
    read_in |= {header_key(h) for h in contract.headers_besides()}
    ignored = {header_key(h) for h in contract.ignore}
    unmapped = tuple(shown for key, shown in header.items() if key not in read_in | ignored)
    return Fit(
        contract=contract.model_copy(update={"ignore": (*contract.ignore, *unmapped)}),
        sheet=sheet,
        mapped=tuple(shown for key, shown in header.items() if key in read_in),
        ignored=tuple(shown for key, shown in header.items() if key in ignored),
        unmapped=unmapped,
        nb_fed=len(fed),
        nb_fields=len(fields),
        header_row=found[0],
    )


def _first_rows(contract: Contract, sheet: Sheet) -> list[tuple[int, Cells]]:
    rows = sheet.table.slice(0, contract.layout.header_within).to_pylist()
    return [(row.pop("row_number"), tuple(row.values())) for row in rows]


def _binds(found: Fit) -> bool:
    """Whether the header binds once the unknown columns are ignored: nothing required is missing, nothing claimed twice."""
    rows = _first_rows(found.contract, found.sheet)
    try:
        bind(found.contract, rows, [False] * (found.sheet.table.num_columns - 1))
    except Unbound:
        return False
    return True


def _read_by(each: ContractField) -> list[str]:
    return [*each.headers, *each.compose, *(header for accepted in each.ticked.values() for header in accepted)]


class Readings:
    """The file read as contracts say, each way once."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._seen: dict[str, list[Sheet]] = {}

    def ways(self, contract: Contract) -> Iterable[tuple[Mapping[str, Any], Sheet]]:
        """The sheets a contract could read, flat, with the options of `files` to change for it."""
        reading, files = self.reading, contract.files
        if files.shape != reading.shape or (files.shape == "json" and (files.records or "") not in reading.lists):
            return
        if files.shape == "spreadsheet":
            named = [sheet for sheet in reading.sheets if sheet.name == files.sheet]
            renamed = {} if files.sheet is None else {"sheet": reading.sheet.name}
            changed = {} if named else reading.options or renamed
            yield from self._flat(contract, changed, named or reading.sheets[:1])
        elif files.shape == "delimited":
            own = reading.options.get("delimiter")
            if own is None or files.delimiter in (None, own):
                yield from self._flat(contract, {}, reading.sheets)
            else:
                yield from self._flat(contract, {"delimiter": own}, reading.sheets)
        elif files.tagged_lists or not reading.options.get("tagged_lists"):
            yield from self._flat(contract, {}, self._read(files.shape, files.options))

    @staticmethod
    def _flat(
        contract: Contract, changed: Mapping[str, Any], sheets: list[Sheet]
    ) -> Iterable[tuple[Mapping[str, Any], Sheet]]:
        for sheet in sheets[:1]:
            with contextlib.suppress(Unreadable):
                yield changed, flat(contract.layout, sheet)

    def _read(self, shape: str, options: dict[str, Any]) -> list[Sheet]:
        key = repr((shape, sorted(options.items())))
        if key not in self._seen:
            given = dict(options)
            if "pairs" in given:
                given["pairs"] = [Pairs(pair.path, pair.name, pair.value) for pair in given["pairs"]]
            try:
                sheets = read(self.reading.path, file_name=self.reading.file_name, shape=shape, **given)
                self._seen[key] = [repaired(sheet) for sheet in sheets]
            except Unreadable:
                self._seen[key] = []
        return self._seen[key]


def platform(template: str) -> str:
    """`google_forms_xlsx` → `google`: templates of one platform share headers."""
    return template.split("_")[0]


def distinctive_headers(templates: Mapping[str, LoadedContract], common: Iterable[str]) -> dict[str, str]:
    """Headers that the templates of one platform alone know, → platform. `common`: words of everyday lists."""
    owners: dict[str, set[str]] = {}
    for name, loaded in templates.items():
        contract = loaded.contract
        headers = [h for each in contract.fields.values() for h in each.headers]
        for header in (*headers, *contract.headers_besides(), *contract.ignore):
            owners.setdefault(header_key(header), set()).add(platform(name))
    everyday = set(common)
    return {key: next(iter(names)) for key, names in owners.items() if len(names) == 1 and key not in everyday}


def best_fit(
    reading: Reading, templates: Mapping[str, LoadedContract], distinctive: Mapping[str, str], today: date
) -> tuple[str, Fit, list[str]] | None:
    """The template whose columns the file has: its name, its fit, and the templates that fit as well.

    Most columns known, then fewest unknown, then no option to change. Templates of one platform that know the same columns,
    nine in ten, are told apart by the options, then the fewest rows refused, the fewest answers read « Autre », and the name:
    how many columns feed a field does not count, an annex that reads more of the same columns is still an annex.
    """
    readings = Readings(reading)
    candidates = []
    for name, loaded in sorted(templates.items()):
        for options, sheet in readings.ways(loaded.contract):
            found = fit(loaded.contract, sheet) if sheet.table.num_columns > 1 else None
            if found is None or not _is_of(found, platform(name), distinctive) or not _binds(found):
                continue
            rank = (-len(found.known), len(found.unmapped), bool(options))
            candidates.append((rank, name, replace(found, options=options)))
    if not candidates:
        return None
    candidates.sort(key=lambda item: item[:2])
    (_, first, top), alike = candidates[0], []
    for _, name, found in candidates:
        same = platform(name) == platform(first) and len(found.unmapped) == len(top.unmapped)
        if same and len(found.known) * 10 >= len(top.known) * 9:
            alike.append((name, found))
    alike = [item for item in alike if bool(item[1].options) == min(bool(found.options) for _, found in alike)]
    if len(alike) > 1:
        alike.sort(key=lambda item: (*_unread(item[1], reading.file_name, today), item[0]))
    name, found = alike[0]
    others = [other for other, _ in alike[1:]]
    return name, found, others + [other for _, other, _ in candidates if other != name and other not in others]


def _is_of(found: Fit, name: str, distinctive: Mapping[str, str]) -> bool:
    own = sum(1 for header in found.known if distinctive.get(header_key(header)) == name)
    enough = len(found.known) >= 2 and len(found.known) * 2 >= len(found.known) + len(found.unmapped)
    return own >= DISTINCTIVE or (enough and found.nb_fed * 2 > found.nb_fields)


def _unread(found: Fit, file_name: str, today: date) -> tuple[int, int]:
    """How many rows a contract would refuse, and how many answers it would read « Autre ». What the template leaves to be
    filled in (constants) refuses nothing here."""
    contract = found.contract
    fixed = [name for name, each in contract.fields.items() if each.constant is not None]
    lists = [
        column for slot in ENTITIES[contract.entity].slots.values() if slot.kind == "choices" for column in slot.columns
    ]
    try:
        judged = judge(contract, found.sheet, (), _references(), today, file_name)
    except (Unbound, Unreadable):
        return (1 << 30, 0)
    if not judged.rows_read:
        return (0, 0)
    with in_sql(**judged.tables) as con:
        refused = con.execute(
            "select count(distinct row_number) from quarantined where not list_contains(?, field)", [fixed]
        ).fetchall()[0][0]
        counts = ", ".join(f"coalesce(sum(len(list_filter({name}, lambda x: x = '{OTHER}'))), 0)" for name in lists)
        others = sum(con.execute(f"select {counts} from canonical").fetchall()[0]) if lists else 0
    return refused, int(others)


@cache
def _references() -> References:
    return References()
