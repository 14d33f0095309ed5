"""The process that opens workbooks: `python -m sources.readers.spreadsheet_worker`, started by `spreadsheet`.

It imports what it needs once, then forks for each workbook: a fork may die without harm, and costs milliseconds where a
new interpreter costs half a second. (multiprocessing's forkserver would do the same, but imports the caller's main module in
every child and gives it the caller's environment, secrets included.)

Belongs here: the limits a fork sets on itself, the scan, the parse, cells to text, Arrow files for the parent.
Does not belong here: starting processes and judging how they died (`spreadsheet`), headers and types (contracts).

A fork writes `<n>.arrow` per sheet, then `report.json`, in the directory asked for, and what went wrong in `errors`. A
report that is missing means that it died.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import resource
import sys
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from rulebook.numbers import plural
from sources.readers.archive import DAMAGED, SheetFacts, damaged, password, refuse_encrypted, scan
from sources.readers.sheet import Note, Sheet, TableBuilder, Unreadable, cell_name, enumerate_in_french
from sources.readers.signature import require_workbook
from sources.readers.together import alike_but_not_read, rows_alike

CHUNK_ROWS = 4_096
MOST_CELLS_BESIDE = 200_000
"""Cells of a sheet that nobody asked for, above which it is not looked at."""
EXACT_INTEGERS = 1e15
"""A spreadsheet program keeps 15 significant digits: from 16 on, the last ones are no longer those typed."""

_ODS_DURATION = re.compile(r"(-?)P(?:(\d+)D)?T(\d+)H(\d+)M(\d+)(?:[.,](\d+))?S")


class _WithoutPandas:
    """pyarrow imports pandas, if it can, for its first array: 0.4 s and 80 MB for nothing here."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ImportError(name)


def main() -> None:
    """Serve the requests on standard input, one JSON line each, one fork each; answer how each fork ended, one line each."""
    sys.meta_path.insert(0, _WithoutPandas)
    pa.array([""])  # what pyarrow imports at its first array
    for line in sys.stdin.buffer:
        child = os.fork()
        if not child:
            _serve(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.buffer.write(b"%d\n" % os.waitstatus_to_exitcode(status))
        sys.stdout.buffer.flush()


def _serve(request: dict) -> NoReturn:
    """Open one workbook, within limits, and end: `path, file_name, sheet, directory, memory_bytes, cpu_seconds`."""
    code = 1
    directory = Path(request["directory"])
    os.dup2(os.open(directory / "errors", os.O_WRONLY | os.O_CREAT, 0o600), 2)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (request["memory_bytes"], request["memory_bytes"]))
        resource.setrlimit(resource.RLIMIT_CPU, (request["cpu_seconds"], request["cpu_seconds"] + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        report = _report(request, directory)
        (directory / "report.json").write_text(json.dumps(report), encoding="utf-8")
        code = 0
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode("utf-8", "replace"))
    finally:
        os._exit(code)  # the fork never goes back to serving


def _report(request: dict, directory: Path) -> dict:
    try:
        return {"sheets": convert(Path(request["path"]), request["file_name"], request["sheet"], directory)}
    except Unreadable as reason:
        if reason.rule == DAMAGED and _short_of_memory(request["memory_bytes"]):
            raise MemoryError from reason
        return {"unreadable": [reason.rule, reason.message]}


def _short_of_memory(limit: int) -> bool:
    """Whether more than half of the address space was taken. A refused allocation reaches us as a damaged archive (zlib
    and expat have no other word for it), and buffers that double are refused from half of the limit on."""
    peak = re.search(r"^VmPeak:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return peak is not None and int(peak[1]) << 10 > limit // 2


def convert(path: Path, file_name: str, only: str | None, directory: Path) -> list[list]:
    """Write one Arrow file per worksheet; returns `Sheet.beside()` of each in the order of the workbook."""
    facts = _facts(path, file_name)
    try:
        with _open(path, directory, is_archive=facts is not None) as workbook:
            names = _wanted(workbook, only, file_name)
            return [
                _convert_sheet(workbook, name, facts, directory / f"{i}.arrow", file_name, only is not None)
                for i, name in enumerate(names)
            ]
    except PasswordError as error:
        raise password(f"« {file_name} »") from error
    except CalamineError as error:
        raise damaged(f"« {file_name} »") from error


def _open(path: Path, directory: Path, *, is_archive: bool) -> CalamineWorkbook:
    """calamine tells formats apart by itself from an open file, but then forgets why an .xls is refused (password)."""
    if is_archive:
        return CalamineWorkbook.from_filelike(open(path, "rb"))  # closed with the workbook
    named = directory / "classeur.xls"
    named.symlink_to(path.absolute())  # not resolved: a descriptor under /proc has no other name
    return CalamineWorkbook.from_path(named)


def cell_text(value: object) -> str:
    """Text of a value as calamine gives it; "" for an empty cell.

    12.0 gives "12", a date "2023-04-06", an instant "2023-04-06 09:30:00" (rounded to the second; a midnight is a
    date), a time of day or a duration "09:30:00", a boolean "VRAI" or "FAUX". No exponent below 1e15.
    """
    match value:
        case str():
            return value
        case bool():
            return "VRAI" if value else "FAUX"
        case float() | int():
            return _number_text(float(value))
        case dt.datetime():
            moment = _to_second(value)
            return moment.date().isoformat() if moment.time() == dt.time() else moment.isoformat(" ")
        case dt.date():
            return value.isoformat()
        case dt.time():
            return _to_second(dt.datetime.combine(dt.date(2000, 1, 1), value)).time().isoformat()
        case dt.timedelta():
            return _duration_text(value.total_seconds())
        case _:
            return str(value)


def _number_text(value: float) -> str:
    if value.is_integer() and abs(value) < EXACT_INTEGERS:
        return str(int(value))
    text = repr(value)
    if abs(value) < EXACT_INTEGERS:
        return format(Decimal(text), "f")
    return text.removesuffix(".0")


def _to_second(value: dt.datetime) -> dt.datetime:
    """Instants are stored as fractions of days, so their microseconds are noise."""
    return (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)


def _duration_text(seconds: float) -> str:
    sign = "-" if seconds < 0 else ""
    minutes, second = divmod(round(abs(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{sign}{hours:02d}:{minute:02d}:{second:02d}"


def _ods_duration(text: str) -> str:
    """ODS stores times of day as ISO 8601 durations, which calamine gives as text: "PT09H30M00S" gives "09:30:00"."""
    found = _ODS_DURATION.fullmatch(text)
    if not found:
        return text
    sign, days, hours, minutes, seconds, _ = found.groups()
    total = int(days or 0) * 86_400 + int(hours) * 3_600 + int(minutes) * 60 + int(seconds)
    return _duration_text(-total if sign else total)


class _Rows:
    """Rows of calamine values to rows of text, remembering the cells whose digits were lost."""

    def __init__(self, facts: SheetFacts) -> None:
        self.texts = facts.texts
        self.rows_with_texts = {row for row, _ in facts.texts}
        self.text_of_text = _ods_duration if facts.has_iso_durations else str
        self.rounded: list[tuple[int, int]] = []

    def convert(self, number: int, values: list) -> list[str]:
        row = [
            (self.text_of_text(value) if value[:1] in ("P", "-") else value) if type(value) is str else cell_text(value)
            for value in values
        ]
        if number in self.rows_with_texts:
            row = self._with_texts(number, row)
        self.rounded += [
            (number, column)
            for column, value in enumerate(values, 1)
            if type(value) is float and not -EXACT_INTEGERS < value < EXACT_INTEGERS
        ]
        return row

    def _with_texts(self, number: int, row: list[str]) -> list[str]:
        last = max(column for at, column in self.texts if at == number)
        row = row + [""] * (last - len(row))
        return [cell or self.texts.get((number, column), "") for column, cell in enumerate(row, 1)]

    def notes(self) -> tuple[Note, ...]:
        if not self.rounded:
            return ()
        cells = enumerate_in_french([cell_name(row, column) for row, column in self.rounded])
        message = f"Nombre de plus de 15 chiffres, dont les derniers sont perdus (saisissez-le comme texte) : {cells}."
        return (Note("nombre_arrondi", message),)


def _facts(path: Path, file_name: str) -> list[SheetFacts] | None:
    """Facts of the archive; None for an old .xls, about which nothing of the kind is known."""
    if require_workbook(path, file_name) == "zip":
        return scan(path, file_name=file_name)
    refuse_encrypted(path, file_name=file_name)
    return None


def _wanted(workbook: CalamineWorkbook, only: str | None, file_name: str) -> list[str]:
    names = [sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    if only is None:
        return names
    if only not in names:
        # the sentence is published, and a sheet may be called by somebody's name: who sent the workbook sees its tabs
        found = f"{plural(len(names), 'feuille')}, d'un autre nom"
        raise Unreadable(
            "feuille_absente",
            f"« {file_name} » n'a pas de feuille « {only} » ({found}) : renommez "
            "la bonne feuille et renvoyez le classeur.",
        )
    return [only]


def _convert_sheet(
    workbook: CalamineWorkbook, name: str, facts: list[SheetFacts] | None, target: Path, file_name: str, is_alone: bool
) -> list:
    sheet_facts = _facts_of(workbook, name, facts)
    rows = _Rows(sheet_facts)
    table = _table(workbook.get_sheet_by_name(name), rows, f"« {file_name} », feuille « {name} »,")
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    notes = (*sheet_facts.notes(), *rows.notes(), *(_old_format_notes() if facts is None else ()))
    if is_alone:
        notes += _alike(workbook, name, table, facts)
    return Sheet(name, table, notes, sheet_facts.marks).beside()


def _alike(workbook: CalamineWorkbook, name: str, table: pa.Table, facts: list[SheetFacts] | None) -> tuple[Note, ...]:
    """The other visible sheets that have the columns of the one asked for: nobody would miss their rows. Those that are too large to be looked at for a remark are not."""
    found = []
    for each in workbook.sheets_metadata:
        own = _facts_of(workbook, each.name, facts)
        is_small = own.last_row * own.last_column <= MOST_CELLS_BESIDE
        if each.name == name or each.typ != SheetTypeEnum.WorkSheet or own.hidden or not is_small:
            continue
        other = _table(workbook.get_sheet_by_name(each.name), _Rows(own), f"feuille « {each.name} »")
        if nb_rows := rows_alike(table, other):
            found.append((each.name, nb_rows))
    return (alike_but_not_read(name, found),) if found else ()


def _table(sheet: CalamineSheet, rows: _Rows, where: str) -> pa.Table:
    builder = TableBuilder(where)
    values = sheet.iter_rows()
    if sheet.start and sheet.start[1]:  # empty columns at the left are left out, unlike empty rows at the top
        left = [""] * sheet.start[1]
        values = (left + row for row in values)
    number = 1
    while chunk := list(islice(values, CHUNK_ROWS)):
        builder.add(number, [rows.convert(number + i, row) for i, row in enumerate(chunk)])
        number += len(chunk)
    for missing in sorted(row for row in rows.rows_with_texts if row >= number):
        builder.add(missing, [rows.convert(missing, [])])
    return builder.finish()


def _facts_of(workbook: CalamineWorkbook, name: str, facts: list[SheetFacts] | None) -> SheetFacts:
    if facts is not None:
        return next((fact for fact in facts if fact.name == name), SheetFacts(name))
    visible = next(sheet.visible for sheet in workbook.sheets_metadata if sheet.name == name)
    return SheetFacts(name, hidden=visible != SheetVisibleEnum.Visible)


def _old_format_notes() -> tuple[Note, ...]:
    message = (
        "Dans l'ancien format .xls, les lignes masquées, les couleurs, les commentaires, les formules sans résultat et les cellules en "
        "erreur ne peuvent pas être signalées : préférez .xlsx ou .ods."
    )
    return (Note("format_ancien", message),)


if __name__ == "__main__":
    main()
