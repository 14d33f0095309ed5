"""A sentence that counts says one number, never « ligne(s) »."""

from rulebook.numbers import agreed, grouped, plural


def test_words_agree_with_their_number():
    assert [plural(n, "ligne") for n in (0, 1, 2)] == ["0 ligne", "1 ligne", "2 lignes"]
    assert plural(2, "ligne est gardée", "lignes sont gardées") == "2 lignes sont gardées"
    assert [agreed(n, "Personne") for n in (1, 2)] == ["Personne", "Personnes"]


def test_thousands_stand_apart():
    assert (
        grouped(1055) == "1\u202f055"
        and plural(1204, "ligne") == "1\u202f204 lignes"
        and plural(-1, "jour") == "-1 jour"
    )
