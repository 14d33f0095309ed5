"""Damaged text is repaired in the whole sheet, counted and never quoted."""

from sources.readers.repaired import repaired
from sources.readers.sheet import Sheet, TableBuilder


def sheet(*rows):
    builder = TableBuilder("le fichier")
    builder.add(1, rows)
    return Sheet("Liste", builder.finish())


def cells(table):
    return [list(row.values())[1:] for row in table.to_pylist()]


def test_headers_and_cells_are_repaired_and_counted():
    damaged = sheet(("NÂ°", "Nom"), ("1", "CoopÃ©rative"), ("2", "Coopérative"), ("3", "CoopÃ©rative"), ("4", None))
    better = repaired(damaged)
    assert cells(better.table) == [
        ["N°", "Nom"],
        ["1", "Coopérative"],
        ["2", "Coopérative"],
        ["3", "Coopérative"],
        ["4", None],
    ]
    assert better.table.column("row_number").to_pylist() == [1, 2, 3, 4, 5]
    (note,) = better.notes
    assert (
        note.rule == "texte_repare" and note.message.startswith("3 cellules contenaient") and "Coop" not in note.message
    )


def test_a_sound_sheet_is_the_same_sheet():
    sound = sheet(("N°", "Nom"), ("1", "Ça et là, l’Île – 12 €"))
    assert repaired(sound) is sound


def test_what_has_two_readings_stays():
    doubtful = sheet(("Nom",), ("Ã",), ("Å",))
    assert repaired(doubtful) is doubtful
