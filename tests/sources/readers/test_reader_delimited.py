"""Delimited files as organisers and platforms really send them; every expected cell is written by hand."""

import codecs
import csv

import pytest

from sources.readers import Unreadable, read_delimited
from sources.readers.delimited import NO_DELIMITER, deduce_delimiter


@pytest.fixture
def deliver(tmp_path):
    """Write bytes as a delivered file and read them."""

    def _deliver(content, **options):
        path = tmp_path / "delivered"
        path.write_bytes(content)
        (sheet,) = read_delimited(path, file_name="liste.csv", **options)
        return sheet

    return _deliver


def rows(sheet):
    return [tuple(row.values()) for row in sheet.table.to_pylist()]


def rules(sheet):
    return [note.rule for note in sheet.notes]


def test_cells_stay_as_typed(deliver):
    sheet = deliver('Nom;Dépt;Note\r\n "  Zoé  ";02;4,50 \r\n'.encode(), delimiter=";")
    assert rows(sheet) == [(1, "Nom", "Dépt", "Note"), (2, ' "  Zoé  "', "02", "4,50 ")]
    assert sheet.name is None and sheet.notes == ()


def test_quoted_line_break_starts_no_row_and_blank_lines_are_rows(deliver):
    sheet = deliver(b'a;b\n"x\r\ny";"say ""hi"""\n\n;\nc;d\n', delimiter=";")
    assert rows(sheet) == [(1, "a", "b"), (2, "x\r\ny", 'say "hi"'), (5, "c", "d")]


def test_duplicate_headers_are_untouched(deliver):
    assert rows(deliver(b"X,X,X\n1,2,3\n", delimiter=","))[0] == (1, "X", "X", "X")


def test_short_rows_are_padded_and_long_rows_widen(deliver):
    sheet = deliver(b"a;b;c\nd\ne;f;g;h;i\n", delimiter=";")
    assert rows(sheet) == [
        (1, "a", "b", "c", None, None),
        (2, "d", None, None, None, None),
        (3, "e", "f", "g", "h", "i"),
    ]


def test_rows_beyond_one_batch_keep_their_numbers(deliver):
    content = b"".join(b"%d;x\n" % i for i in range(10_000)) + b"\nlast;y;z\n"
    sheet = deliver(content, delimiter=";")
    assert sheet.table.num_rows == 10_001
    assert sheet.table.slice(9_999, 2).to_pylist() == [
        {"row_number": 10_000, "c1": "9999", "c2": "x", "c3": None},
        {"row_number": 10_002, "c1": "last", "c2": "y", "c3": "z"},
    ]


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(
    ("mark", "codec"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_marks_and_line_endings(deliver, ending, mark, codec):
    text = f"Nom\tÂge{ending}Zoé\t30{ending}"
    assert rows(deliver(mark + text.encode(codec), delimiter="\t")) == [(1, "Nom", "Âge"), (2, "Zoé", "30")]


def test_cp1252_bytes_that_guessers_get_wrong(deliver):
    sheet = deliver(b"Nom;Prix\nB\x9cuf \x85 caf\xe9;12 \x80\n", delimiter=";")
    assert rows(sheet)[1] == (2, "Bœuf … café", "12 €")
    assert sheet.notes == ()


@pytest.mark.parametrize("ending", ["\r", "\r\n"])
def test_excel_for_mac_is_read_with_a_remark(deliver, ending):
    text = ending.join(
        ["Intitulé;Thème;Où", "L’accès aux droits;Égalité;Être là", "Ça; à venir;«\u00a0œuvre\u00a0»", ""]
    )
    sheet = deliver(text.encode("mac_roman"), delimiter=";")
    assert rows(sheet) == [
        (1, "Intitulé", "Thème", "Où"), (2, "L’accès aux droits", "Égalité", "Être là"), (3, "Ça", " à venir", "«\u00a0œuvre\u00a0»"),
    ]  # fmt: skip
    assert rules(sheet) == ["encodage_macintosh"]


@pytest.mark.parametrize("text", ["de 9h à 17h", "Un;École", "MARIE-HÉLÈNE", "Le Rhône", "L;l’APES"])
def test_one_accent_is_enough_to_know_excel_for_mac(deliver, text):
    sheet = deliver(f"Nom;Lieu\n{text}\n".encode("mac_roman"), delimiter=";")
    assert [cell for cell in rows(sheet)[1][1:] if cell] == text.split(";")
    for encoding in ("cp1252", "cp850"):
        if encoding == "cp1252" or "’" not in text:
            assert "encodage_macintosh" not in rules(deliver(f"Nom;Lieu\n{text}\n".encode(encoding), delimiter=";"))


@pytest.mark.parametrize(
    "content",
    [
        "3,5 ƒ;Widget™;ˆ\nTÕES;“ Õ ”".encode("cp1252"),
        "Žižek;São\nIntitulé;Noël".encode("cp1252"),
        "Dragan Žižek;a\nSaša;b".encode("cp1252"),
        "Être;Forêt;Libellé;où".encode("cp850"),
    ],
)
def test_what_is_not_from_a_mac_is_not_read_so(deliver, content):
    assert "encodage_macintosh" not in rules(deliver(content, delimiter=";"))


def test_undefined_cp1252_byte_is_kept_and_noted(deliver):
    sheet = deliver(b"a;\xe9t\xe9\nx\x81;b\n", delimiter=";")
    assert rows(sheet)[1] == (2, "x\x81", "b")
    assert rules(sheet) == ["octet_indefini"] and "ligne 2" in sheet.notes[0].message


def test_two_encodings_in_one_file_are_noted(deliver):
    sheet = deliver("été;a\n".encode() + b"\xe9t\xe9;b\n", delimiter=";")
    assert rules(sheet) == ["encodage_melange"] and sheet.table.num_rows == 2


def test_last_letter_accented_in_cp1252_is_not_a_cut(deliver):
    assert rows(deliver(b"nom\ncaf\xe9", delimiter=";"))[1] == (2, "café")


def test_declared_encoding_is_strict(deliver):
    with pytest.raises(Unreadable) as reason:
        deliver(b"caf\xe9;b\n", delimiter=";", encoding="utf-8")
    assert reason.value.rule == "encodage_invalide"


def test_mark_wins_over_declared_encoding(deliver):
    sheet = deliver(codecs.BOM_UTF8 + "é;b\n".encode(), delimiter=";", encoding="cp1252")
    assert rows(sheet) == [(1, "é", "b")] and rules(sheet) == ["encodage_annonce"]


def test_few_nul_bytes_are_removed_and_noted(deliver):
    sheet = deliver(b"a;b\nc\0d;\0\n", delimiter=";")
    assert rows(sheet) == [(1, "a", "b"), (2, "cd", None)]
    assert rules(sheet) == ["octets_nuls"] and "2" in sheet.notes[0].message


def test_sep_line_is_obeyed_and_not_a_row(deliver):
    sheet = deliver(codecs.BOM_UTF8 + b"sep=;\r\nNom;Note\r\nForum;4,5\r\n", delimiter=None)
    assert rows(sheet) == [(1, "Nom", "Note"), (2, "Forum", "4,5")]


def test_sep_line_wins_over_the_contract(deliver):
    sheet = deliver(b"sep=,\na,b\n", delimiter=";")
    assert rows(sheet) == [(1, "a", "b")] and rules(sheet) == ["separateur_annonce"]


def test_unexpected_delimiter_is_noted(deliver):
    assert rules(deliver(b"a,b\nc,d\n", delimiter=";")) == ["separateur_inattendu"]


def test_one_column_without_delimiter(deliver):
    sheet = deliver("Remarques\nTrès bien, merci\nRien ; à bientôt\nParfait\n".encode())
    assert rows(sheet)[2] == (3, "Rien ; à bientôt")
    assert sheet.table.column_names == ["row_number", "c1"]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("Nom;Note\nForum;4,5\nAtelier;3,0\n", ";"),
        ("Nom,Publics\nForum,Salariés; Étudiants\nAtelier,Tous\n", ","),
        ("Nom, prénom;Date;Lieu\nLE GOFF, Yann;1;Laon\nPETIT, Zoé;2;Laon\n", ";"),
        ("a\tb\tc\n1,5\t2,5\t3,5\n", "\t"),
        ("a|b\nc|d\n", "|"),
        ('"Nom;complet",Date\n"x;y",2\n', ","),
        ("Titre\n\nNom;Date\nx;1\ny;2\n", ";"),
        ("seul\n", NO_DELIMITER),
    ],
)
def test_deduced_delimiter(sample, expected):
    assert deduce_delimiter(sample) == expected


def test_deduced_delimiter_is_said(deliver):
    assert rules(deliver(b"a;b\nc;d\n")) == ["separateur_deduit"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "fichier_vide"),
        (codecs.BOM_UTF8, "fichier_vide"),
        (b";;;\r\n\r\n;;\r\n", "fichier_vide"),
        (b"PK\x03\x04" + bytes(60), "classeur_au_lieu_de_csv"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "classeur_au_lieu_de_csv"),
        (b"%PDF-1.7\n...", "pdf"),
        (b"\n <!DOCTYPE html><html><body>Connexion</body></html>", "page_web"),
        (codecs.BOM_UTF8 + b"<html>", "page_web"),
        (b"<?xml version='1.0'?><Workbook/>", "page_web"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "fichier_binaire"),
        (bytes(range(256)) * 20, "fichier_binaire"),
        ("a;b\nc;d\n".encode("utf-16-le"), "fichier_binaire"),
        ("a;b\n".encode("utf-32"), "encodage_inconnu"),
        (b'a;b\n"c;d\ne;f\n', "fichier_coupe"),
        ("é;b\nc;é".encode()[:-1], "fichier_coupe"),
        (codecs.BOM_UTF16_LE + "a;b\n".encode("utf-16-le")[:-1], "fichier_coupe"),
        (b'a;b\n"c"d;e\n', "guillemets"),
        (b'a;b\n"' + b"x" * 200_000 + b'";c\n', "guillemets"),
        (b"a" + b";b" * 20_000 + b"\n", "trop_de_colonnes"),
    ],
)
def test_refusals(deliver, content, rule):
    with pytest.raises(Unreadable) as reason:
        deliver(content, delimiter=";")
    assert reason.value.rule == rule
    assert "« liste.csv »" in reason.value.message


def test_the_longest_cell_is_ours_whatever_a_library_set(deliver):
    before = csv.field_size_limit(10**9)
    try:
        with pytest.raises(Unreadable, match="plus de 131072 caractères"):
            deliver(b'a;b\n"' + b"x" * 200_000 + b'"\n', delimiter=";")
        assert csv.field_size_limit() == 10**9
    finally:
        csv.field_size_limit(before)


def test_quote_errors_name_the_line_where_the_cell_starts(deliver):
    with pytest.raises(Unreadable, match="ligne 3"):
        deliver(b'a;b\nc;d\n"e;f\ng;h\n', delimiter=";")
    with pytest.raises(Unreadable, match="ligne 4"):
        deliver(b'sep=;\na;"b\n"\n"c"d;e\n', delimiter=";")


WIDE = ["N;Titre;Date;Salle;Note"] + [f"{i};Atelier {i};06/04/2023;Salle {i};rien" for i in range(1, 8)]


def wide(**changed):
    """The lines of WIDE, some of them (`l3`) written otherwise."""
    lines = [changed.get(f"l{number}", line) for number, line in enumerate(WIDE, 1)]
    return "\r\n".join(lines).encode("cp1252") + b"\r\n"


@pytest.mark.parametrize("before", [b"", b"sep=;\r\n"])
@pytest.mark.parametrize(
    ("last", "spoiled"),
    [
        (6, {"l3": '2;Atelier;06/04/2023;"Salle;rien', "l6": '5;Atelier;06/04/2023;Salle";rien'}),
        (4, {"l3": '2;Atelier;06/04/2023;"Salle;rien', "l4": '3;Atelier;06/04/2023;Salle";rien'}),  # the next row
        (5, {"l3": '2;Atelier;06/04/2023;Salle;"rien', "l5": '4;"";Salle";06/04/2023;rien'}),  # another column
    ],
)
def test_stray_quotes_that_would_glue_rows_are_refused_with_their_lines(deliver, before, last, spoiled):
    with pytest.raises(Unreadable) as refused:
        deliver(before + wide(**spoiled), delimiter=";")
    assert refused.value.rule == "guillemets"
    more = 1 if before else 0
    assert f"ouvert à la ligne {3 + more} qui n'est refermé qu'à la ligne {last + more} :" in refused.value.message


def test_stray_quotes_far_into_a_file_are_refused_too(deliver):
    rows_ = [f"{i};a;b;c;d" for i in range(20_000)]
    rows_[17_000], rows_[17_003] = '17000;a;b;"c;d', '17003;a;b;c";d'
    rows_[3] = "3;a"  # irregular: read record by record
    with pytest.raises(Unreadable, match="ouvert à la ligne 17001 .* la ligne 17004 "):
        deliver("\n".join(rows_).encode(), delimiter=";")


@pytest.mark.parametrize(
    "note",
    [
        "prévoir ; des chaises ; un micro\net ; si possible ; un écran ; deux tables ; merci",
        "Bonjour,\nsalle au 1er étage;\nescalier à gauche;\nmerci",
        "a;b\nc;d",
    ],
)
@pytest.mark.parametrize("regular", [True, False])
def test_comments_of_several_lines_keep_their_separators(deliver, note, regular):
    spoiled = {"l3": f'2;Atelier;06/04/2023;Salle;"{note}"'} | ({} if regular else {"l5": "4;court"})
    assert (3, "2", "Atelier", "06/04/2023", "Salle", note) in rows(deliver(wide(**spoiled), delimiter=";"))


def test_sentences_between_quotes_are_no_rows_of_a_table_with_commas(deliver):
    note = "Présents : Ana, Bob, Carl, Dan, Eve\nExcusés : Flo, Gus, Hugo, Ines"
    assert rows(deliver(f'a,b,c,d\n1,2,3,"{note}"\n'.encode(), delimiter=","))[1] == (2, "1", "2", "3", note)


def test_short_last_row_without_line_break_is_kept_and_noted(deliver):
    sheet = deliver(b"Titre\na;b;c\nd;e;f\ng;h", delimiter=";")
    assert rows(sheet)[-1] == (4, "g", "h", None)
    assert rules(sheet) == ["fin_de_fichier"] and "(4)" in sheet.notes[0].message


@pytest.mark.parametrize("content", [b"a;b\nc;d", b"a;b\nc;d\nTotal\n"])
def test_whole_files_are_not_called_cut(deliver, content):
    assert deliver(content, delimiter=";").notes == ()


def test_lines_that_stand_whole_in_their_first_cell_are_put_back_into_columns(deliver):
    """Opened in one column by a program of another separator, then saved: lines with quotes are quoted whole, and theirs doubled."""
    header, one, two = "N°,Nom,Ville,Note", "1,Phare,Lille,5", '2,"Mutuelle, ""Vallon""",,4'
    wrapped = '"' + two.replace('"', '""') + '"'
    read = [
        (1, "N°", "Nom", "Ville", "Note"),
        (2, "1", "Phare", "Lille", "5"),
        (3, "2", 'Mutuelle, "Vallon"', None, "4"),
    ]
    sheet = deliver("\n".join([header, one, wrapped, ""]).encode(), delimiter=",")
    assert rows(sheet) == read and rules(sheet) == ["lignes_entre_guillemets"]
    assert "1 ligne était" in sheet.notes[0].message
    whole = deliver("\n".join([f'"{header}"', f'"{one}"', wrapped, ""]).encode(), delimiter=",")
    assert rows(whole) == read and "3 lignes étaient" in whole.notes[0].message


@pytest.mark.parametrize(
    "content", ['N°,Nom,Ville,Note\n"Une remarque, puis une autre",,,\n', '"N°,Nom,Ville,Note"\n"1,Phare"\n', '"a,b"\n"c,d"\n']
)  # fmt: skip
def test_a_text_with_separators_stays_in_its_cell(deliver, content):
    sheet = deliver(content.encode(), delimiter=",")
    assert rules(sheet) == [] and "," in rows(sheet)[1][1]
