"""Damage repaired when certain; everything that people really write left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.values.mojibake import repair


@pytest.mark.parametrize(
    ("damaged", "repaired"),
    [
        ("CoopÃ©rative Lâ€™Ã‰tabli", "Coopérative L’Établi"),
        ("Liste des partenaires â€“ export du 04/11/2025", "Liste des partenaires – export du 04/11/2025"),
        ("NÂ° ", "N° "),
        ("DÃ©pt", "Dépt"),
        ("Association Â« Les Ressorts Â»", "Association « Les Ressorts »"),
        ("BÅ’UF & Fils â€“ coopâ€¦", "BŒUF & Fils – coop…"),
        ("1Â\u00a0250,50 â‚¬", "1\u00a0250,50 €"),
        ("Ã\u00a0 Lille", "à Lille"),
        ("ÃŽle-de-France", "Île-de-France"),
        ("Nguyá»…n", "Nguyễn"),
        ("NguyÃ¡Â»â€¦n", "Nguyễn"),  # twice
        ("Ã‡ELIK", "ÇELIK"),
        ("ÃƒÂ©", "é"),  # twice
        ("Å“uvre", "œuvre"),
        ("DoÄŸan Ã–ztÃ¼rk", "Doğan Öztürk"),
        ("Åžahin", "Şahin"),
    ],
)
def test_damage(damaged, repaired):
    assert repair(damaged) == (repaired, True)


@pytest.mark.parametrize(
    "text",
    [
        "Coopérative L’Établi",
        "« Les Ressorts »",
        "“guillemets” et l'apostrophe ’",
        "ﬁnance ½ ² №",
        "Ｆｕｌｌ",
        "&eacute; &amp; &nbsp;",
        "SÃO PAULO",
        "Ângela",
        "Â",
        "âge",
        "PÂTES À PÂTÉ",
        "château d'Îf, Noël",
        "Åsa Öberg",
        "Łódź",
        "ÄŒ",  # capitals, not a Č
        "né ÄŒ",
        "L'HÄŸ",
        "Îœ",  # ftfy would make it a Greek Μ
        "fin\u0085de ligne",
        "L\u0092asso",  # cp1252 read as Latin-1: the reader's business
        "cafÃ? perdu",
        "caf� perdu",
        "NÃ©e à Lille",  # half damaged: not certain
        "a\r\nb\u2028c",
        "e\u0301",
        "",
        "plain",
    ],
)
def test_left_alone(text):
    assert repair(text) == (text, False)


SMALL = "abcdefghijklmnopqrstuvwxyzéèêëàâäçîïôöùûüÿœæ'’-"
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÉÈÊËÀÂÄÇÎÏÔÖÙÛÜŸŒÆ'’-"
french_words = st.one_of(
    st.text(alphabet=SMALL, min_size=1, max_size=12),
    st.text(alphabet=CAPITALS, min_size=1, max_size=12),
    st.sampled_from(["«", "»", "–", "…", "50€", "n°", "N°", "½", "12,5", "m²", "(", ")", ":", "•"]),
)


@given(st.lists(french_words, max_size=8))
def test_french_is_never_touched(words):
    """Words in small letters or in capitals, signs between spaces."""
    text = " ".join(words)
    assert repair(text) == (text, False)


WORDS = ["été", "Établi", "cœur", "œuvre", "l’État", "naïve", "août", "garçon", "Noël", "Île", "à", "–", "12,50€", "N°"]


@given(st.lists(st.sampled_from([*WORDS, "« bien »", "plus"]), min_size=1))
def test_french_damaged_once_comes_back(words):
    import ftfy.bad_codecs  # noqa: F401

    text = " ".join(words)
    damaged = text.encode().decode("sloppy-windows-1252")
    assert repair(damaged) == (text, damaged != text)
