"""A cell of which a part is struck: every library reads « ~~65~~ 70 » as 6570. Its row is refused, with what to do."""

import duckdb
import pytest
from deliveries import NOW, contract, places
from reader_files import HEAD, MAIN, RELATIONS, write_ods, write_zip, xlsx_parts

from sources.landing import deliver

COUNTED = """\
source: essai
title: Un essai
entity: event
files: {pattern: "*.xlsx", shape: spreadsheet}
fields:
  event_id: {headers: ["N°"], required: true}
  programme: {constant: HDF-CONF-2023}
  status: {constant: held}
  counts: {constant: "oui"}
  title: {headers: [Intitulé], required: true}
  participants: {headers: [Participants]}
"""
STRIKE, PLAIN = "<r><rPr><strike/></rPr><t>{}</t></r>", "<r><rPr><b/></rPr><t xml:space='preserve'>{}</t></r>"
RICH = {
    "in part": STRIKE.format(65) + PLAIN.format("70"),
    "plain first": "<r><t>65</t></r>" + STRIKE.format(70),
    "whole": STRIKE.format(6) + STRIKE.format(5) + PLAIN.format(" "),
    "not at all": PLAIN.format(6) + "<r><rPr><strike val='0'/></rPr><t>5</t></r><rPh sb='0' eb='1'><t>x</t></rPh>",
}


def counted(home, cells, *, shared, column="C"):
    """The report on two events and what is refused, the second with this rich text in a cell."""
    strings = ["N°", "Intitulé", "Participants", "Café", "Thé", "1", "2", "12"]
    rows = [[0, 1, 2], [5, 3, 7], [6, 4, 7]]
    items = [f"<t>{text}</t>" for text in strings] + [cells]
    rows[2]["ABC".index(column)] = len(strings)

    def written(rank, address):
        if shared:
            return f'<c r="{address}" t="s"><v>{rank}</v></c>'
        return f'<c r="{address}" t="inlineStr"><is>{items[rank]}</is></c>'

    inner = "".join(
        f'<row r="{n}">{"".join(written(rank, f"{letter}{n}") for letter, rank in zip("ABC", row, strict=True))}</row>'
        for n, row in enumerate(rows, 1)
    )
    parts = xlsx_parts(f"<sheetData>{inner}</sheetData>")
    relations = parts["xl/_rels/workbook.xml.rels"]
    parts["xl/_rels/workbook.xml.rels"] = relations.replace(
        "</Relationships>",
        f'<Relationship Id="s" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    )
    parts["xl/sharedStrings.xml"] = f'{HEAD}<sst xmlns="{MAIN}">{"".join(f"<si>{item}</si>" for item in items)}</sst>'
    place = home / "inbox" / "essai"
    place.mkdir(parents=True)
    write_zip(place / "a.xlsx", parts)
    (report,) = deliver(places(home), contract(home, COUNTED), now=NOW)
    assert report.outcome == "accepted", report.message
    files = f"{home}/landing/quarantine/*.parquet"
    refused = duckdb.sql(f"select cell, rule, message from '{files}'").fetchall() if report.rows_quarantined else []
    return report, refused


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(("text", "column"), [("in part", "C"), ("plain first", "C"), ("in part", "B")])
def test_a_cell_struck_in_part_is_refused_with_its_row(tmp_path, shared, text, column):
    report, refused = counted(tmp_path, RICH[text], shared=shared, column=column)
    assert report.rows_accepted == 1
    assert refused == [
        (
            f"{column}3",
            "texte_barre_en_partie",
            f"Une partie du texte de la cellule {column}3 est barrée, et le reste non : les deux se liraient à la suite. Effacez ce qui est barré, et "
            "redéposez le fichier.",
        )
    ]


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(("text", "rules"), [("whole", ["texte_barre"]), ("not at all", [])])
def test_a_rich_text_that_is_struck_whole_or_not_at_all_is_read(tmp_path, shared, text, rules):
    report, refused = counted(tmp_path, RICH[text], shared=shared)
    assert (report.rows_accepted, refused, [note.rule for note in report.notes]) == (2, [], rules)


def test_a_cell_of_an_ods_struck_in_part_is_refused_too(tmp_path):
    style = '<style:style style:name="T1" style:family="text"><style:text-properties style:text-line-through-style="solid"/></style:style>'
    rows = [
        ("N°", "Intitulé", "Participants"),
        ("1", "Café", "12"),
        ("2", "Thé", '<text:span text:style-name="T1">65</text:span>70'),
    ]
    cells = [
        [f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>' for text in row]
        for row in rows
    ]
    table = "".join(f"<table:table-row>{''.join(row)}</table:table-row>" for row in cells)
    place = tmp_path / "inbox" / "essai"
    place.mkdir(parents=True)
    write_ods(place / "a.ods", f'<table:table table:name="F">{table}</table:table>', styles=style)
    (report,) = deliver(places(tmp_path), contract(tmp_path, COUNTED.replace("*.xlsx", "*.ods")), now=NOW)
    assert report.outcome == "accepted", report.message
    refused = duckdb.sql(f"select cell, rule from '{tmp_path}/landing/quarantine/*.parquet'").fetchall()
    assert (report.rows_accepted, refused) == (1, [("C3", "texte_barre_en_partie")])
