"""The one exception of the value parsers. It carries a rule for machines and a sentence for the person who typed."""

from collections.abc import Iterator
from contextlib import contextmanager

from rulebook import contacts
from sources.values.text import clean

QUOTE_LENGTH = 80


class Refused(Exception):
    """A text that a parser does not accept.

    `rule` is a stable code in snake case, grouped in the quarantine listings. `message` is one or two French sentences:
    what is wrong, quoting the text, and what to do about it. `slot` names the field whose cell is at fault, where a value is read from several and it
    is not the first.
    """

    def __init__(self, rule: str, message: str, *, slot: str | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.slot = slot


@contextmanager
def said_in(slot: str) -> Iterator[None]:
    """What is refused in here is the cell of another field than the one that is being read."""
    try:
        yield
    except Refused as refused:
        refused.slot = slot
        raise


def masked(message: str, typed: str) -> str:
    """A refusal's message without what it quotes of the cell: for what is about persons."""
    for quoted in (quote(clean(typed)), quote(typed)):
        message = message.replace(quoted, "« (valeur masquée) »")
    return message


def quote(text: str) -> str:
    """The text between French quotation marks, on one line, without the addresses and telephones it holds, cut after 80 characters."""
    line = contacts.hidden(" ".join(text.split()).strip("«» "))
    if len(line) > QUOTE_LENGTH:
        line = line[: QUOTE_LENGTH - 1] + "…"
    return f"« {line} »"
