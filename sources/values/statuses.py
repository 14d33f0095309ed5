"""The status of a registered place, in the words of the platform that sold it.

| status | meaning |
|---|---|
| registered | the place is held |
| waiting | not held yet: payment, approval or waiting list |
| cancelled | given up, expired, refused or deleted |
| refunded | paid back |
| attended | the person came |
| no_show | the person was expected and did not come |
| unknown | no word, or a word nobody has explained |

The contract's words come first. Behind them stand the words of the platforms read in their own code or documents, and no
other: a guess would count people. A word of neither list is `unknown` and reported, so that the contract can say it.

What does not belong here: booleans and dates that imply a status (`used`, `checked_in`, a position cancelled inside a
paid order), which the reader of the platform turns into one of these words.
"""

from sources.values.text import fold, is_blank, is_missing

STATUSES = ("registered", "waiting", "cancelled", "refunded", "attended", "no_show", "unknown")

PLATFORM_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    # pretix 2026.8: exporters and locale/fr; « pending (confirmed) », untranslated, is unpaid with a valid ticket
    "pretix": {
        "registered": ("Payé", "pending (confirmed)"),
        "waiting": ("en attente", "approbation en attente"),
        "cancelled": ("annulé", "annulé (frais payés)", "expiré"),
    },
    # Attendee Status of the attendee report; the API writes not_attending, which folds the same
    "eventbrite": {
        "registered": ("Attending",),
        "waiting": ("Unpaid",),
        "cancelled": ("Not Attending", "Deleted"),
        "attended": ("Checked In",),
    },
    # ItemState and PaymentState of the OpenAPI description, and « Validé », the only word seen in exports
    "helloasso": {
        "registered": ("Validé", "Processed", "Registered"),
        "waiting": ("Waiting",),
        "cancelled": ("Canceled", "Deleted", "Refused", "Abandoned"),
        "refunded": ("Refunded", "Refunding"),
        "unknown": ("Unknown",),
    },
}
_BUILT_IN = {
    fold(word): status for words in PLATFORM_WORDS.values() for status, listed in words.items() for word in listed
}


def parse_registration_status(text: str | None, words: dict[str, list[str]] | None = None) -> tuple[str, bool]:
    """The status and whether the word is known. `words` (status → accepted words) are those of the contract.

    A blank cell, or a sign of absence, is `("unknown", True)`: there is no word to explain. Raises ValueError for a status that is none.
    """
    if text is None or is_blank(text):
        return "unknown", True
    key = fold(text)
    for status, accepted in (words or {}).items():
        if status not in STATUSES:
            raise ValueError(f"{status!r} is not a registration status: {', '.join(STATUSES)}")
        if any(fold(word) == key for word in accepted):
            return status, True
    # before the signs of absence: « en attente » is one of them elsewhere
    if key in _BUILT_IN:
        return _BUILT_IN[key], True
    return "unknown", is_missing(text)
