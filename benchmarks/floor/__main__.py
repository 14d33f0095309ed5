"""`python -m benchmarks.floor INBOX DATABASE`: read the deliveries of an inbox into a new DuckDB file, with its star and indicators."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

TERRITORY = Path(__file__).parents[2] / "sources" / "references" / "territory" / "2023"


def _workbook(path: Path, skip: int) -> list[list[str | None]]:
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    return [[None if cell == "" else str(cell) for cell in row] for row in rows[skip:]]


def _table(columns: str, rows: list[list[str | None]]) -> pa.Table:
    names = columns.split()
    cells = list(zip(*([row[: len(names)] for row in rows] or [[None] * len(names)]), strict=True))
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, cells, strict=True)})


def _events(inbox: Path) -> pa.Table:
    # the last version of each year's
    latest = {path.name[: len("programme_mess_2025")]: path for path in sorted(inbox.glob("mess_programme/*.xlsx"))}
    rows = [row for path in latest.values() for row in _workbook(path, 4) if row[0] != "TOTAL"]
    return _table(
        "code programme title kind status application counts parent organisers themes date_text commune department modality",
        rows,
    )


def _own_sheets(inbox: Path) -> pa.Table:
    rows = [
        [path.stem, *row]
        for path in sorted(inbox.glob("mess_emargement/*.xlsx"))
        for row in _workbook(path, 6)
        if len(row) > 6 and row[0] and not str(row[0]).startswith("Total")
    ]
    table = _table("code line gender family given organisation email morning", rows)
    return table.append_column("present", pa.compute.equal(table["morning"], "X"))


def _connections(inbox: Path) -> pa.Table:
    rows = []
    for path in sorted(inbox.glob("mess_teams/*.csv")):
        lines = path.read_bytes().decode("utf-16").split("\r\n")
        for line in lines[lines.index("3. In-Meeting Activities") + 2 :]:
            cells = line.split("\t")
            if len(cells) == 6:
                rows.append(
                    [
                        path.stem,
                        cells[0].removesuffix(" (Unverified)"),
                        cells[4] or None,
                        cells[3].split("m")[0].replace("h ", ""),
                    ]
                )
    for path in sorted(inbox.glob("mess_zoom/*.csv")):
        table = pa.csv.read_csv(path)
        rows += [
            [path.stem, name, email, str(minutes)]
            for name, email, minutes in zip(*(table.column(i).to_pylist() for i in (0, 1, 4)), strict=True)
        ]
    table = _table("code name email minutes", rows)
    return table.set_column(3, "minutes", pa.compute.cast(table["minutes"], pa.float64()))


def _partners(inbox: Path) -> pa.Table:
    tables = []
    for path in sorted(inbox.glob("mess_partenaires/*.csv")):
        text = "\n".join(path.read_bytes().decode("cp1252").split("\r\n")[2:])
        table = pa.csv.read_csv(
            io.BytesIO(text.encode()), parse_options=pa.csv.ParseOptions(delimiter=";"),
            convert_options=pa.csv.ConvertOptions(column_types={"N° SIRET": pa.string(), "Dépt": pa.string()}),
        )  # fmt: skip
        tables.append(
            table.select(["N°", "Structure", "Famille", "Catégorie juridique"]).rename_columns(
                ["organisation_id", "name", "family", "legal_category"]
            )
        )
    return pa.concat_tables(tables)


def _contributions(inbox: Path) -> pa.Table:
    rows = [row for path in sorted(inbox.glob("mess_contributions/*.xlsx")) for row in _workbook(path, 1)]
    return _table("id programme code kind theme", rows)


def build(inbox: Path, database: Path) -> None:
    """The star and the indicators of the deliveries of `inbox`, in the new file `database`."""
    script = Path(__file__).with_name("floor.sql").read_text(encoding="utf-8")
    with duckdb.connect(str(database), config={"threads": 2, "preserve_insertion_order": False}) as con:
        for name, read in (
            ("sheet_event", _events), ("sheet_own", _own_sheets), ("sheet_connection", _connections), ("sheet_partner", _partners),
            ("sheet_contribution", _contributions),
        ):  # fmt: skip
            con.register(name, read(inbox))
        con.execute(script.replace("$inbox", str(inbox)).replace("$territory", str(TERRITORY)))


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
