"""Words of status: those of the platforms, those of a contract, and those nobody has explained."""

import pytest

from sources.values.statuses import PLATFORM_WORDS, STATUSES, parse_registration_status
from sources.values.text import fold


@pytest.mark.parametrize(
    ("text", "status"),
    [
        # pretix, in French, from its own exports
        ("Payé", "registered"),
        ("annulé", "cancelled"),
        ("expiré", "cancelled"),
        ("en attente", "waiting"),
        ("approbation en attente", "waiting"),
        ("annulé (frais payés)", "cancelled"),
        ("pending (confirmed)", "registered"),
        # Eventbrite
        ("Attending", "registered"),
        ("Checked In", "attended"),
        ("Not Attending", "cancelled"),
        ("not_attending", "cancelled"),
        ("Deleted", "cancelled"),
        ("Unpaid", "waiting"),
        # HelloAsso
        ("Validé", "registered"),
        ("Processed", "registered"),
        ("Waiting", "waiting"),
        ("Canceled", "cancelled"),
        ("Abandoned", "cancelled"),
        ("Refunded", "refunded"),
        ("Unknown", "unknown"),
        # case, accents and spaces
        (" PAYE ", "registered"),
        ("checked in", "attended"),
    ],
)
def test_words_of_the_platforms(text, status):
    assert parse_registration_status(text) == (status, True)


@pytest.mark.parametrize("text", [None, "", "  ", "--", "n.d."])
def test_no_word_is_not_an_unknown_word(text):
    assert parse_registration_status(text) == ("unknown", True)


@pytest.mark.parametrize("text", ["Excusé", "liste d'attente", "à rappeler", "Contested", "p", "n"])
def test_unknown_words_are_reported(text):
    assert parse_registration_status(text) == ("unknown", False)


def test_the_contract_comes_first():
    words = {"no_show": ["Excusé", "absent"], "attended": ["p", "x"], "refunded": ["annulé (frais payés)"]}
    assert parse_registration_status("EXCUSE", words) == ("no_show", True)
    assert parse_registration_status("P", words) == ("attended", True)
    assert parse_registration_status("annulé (frais payés)", words) == ("refunded", True)
    assert parse_registration_status("annulé", words) == ("cancelled", True)


def test_a_contract_with_a_status_that_does_not_exist():
    with pytest.raises(ValueError, match="no_shows"):
        parse_registration_status("absent", {"no_shows": ["absent"]})


def test_no_two_platforms_give_one_word_two_meanings():
    meanings = {}
    for statuses in PLATFORM_WORDS.values():
        assert set(statuses) <= set(STATUSES)
        for status, words in statuses.items():
            for word in words:
                assert meanings.setdefault(fold(word), status) == status, word
