"""A person's identifiers, and where a text mentions them: addresses, phones, whole names, whatever the spelling; numbers of tickets.

Here: pure functions on text and Arrow columns. Not here: whose identifiers these are, what is done to what mentions them.

A family name or a first name alone is nobody's: it counts only where the other one stands in the same row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from identity.pseudonyms import LIGATURES, beyond_ascii

MASK = "(effacé)"


@dataclass(frozen=True)
class Identifiers:
    """What one person is known by. `names`: (given, family) as typed, one of them None in a full name typed in one cell. `tickets`: numbers that
    nobody else's rows carry; those that a text may hold by chance are looked for nowhere (`is_telling`)."""

    emails: frozenset[str] = frozenset()
    names: frozenset[tuple[str | None, str | None]] = frozenset()
    phones: frozenset[str] = frozenset()
    tickets: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.emails or self.names or self.phones or self.tickets)

    def __or__(self, other: Identifiers) -> Identifiers:
        return Identifiers(
            self.emails | other.emails,
            self.names | other.names,
            self.phones | other.phones,
            self.tickets | other.tickets,
        )

    @cached_property
    def without_tickets(self) -> Identifiers:
        """The same, for the cells in which a row says its own number: at another event it may be somebody else's."""
        return replace(self, tickets=frozenset()) if self.tickets else self

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        """Matches one whole identifier inside a text."""
        parts = [_email_pattern(email) for email in sorted(self.emails)]
        parts += [pattern for phone in sorted(self.phones) if (pattern := _phone_pattern(phone))]
        parts += [rf"(?<![^\W_]){re.escape(ticket)}(?![^\W_])" for ticket in sorted(self._told)]
        orders = {(*one, *other) for pair in self._pairs for one, other in (pair, pair[::-1])}
        parts += [rf"(?<![^\W_]){_BETWEEN.join(map(_letters, words))}(?![^\W_])" for words in sorted(orders)]
        return re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)

    @cached_property
    def _pairs(self) -> frozenset[tuple[tuple[str, ...], tuple[str, ...]]]:
        """(words of the first name, words of the family name), folded. A full name says not where one ends: each place is one."""
        pairs = set()
        for given, family in self.names:
            if given and family:
                pairs.add((tuple(_words(given)), tuple(_words(family))))
            else:
                words = tuple(_words(given or family or ""))
                pairs |= {(words[:index], words[index:]) for index in range(1, len(words))}
        return frozenset(pair for pair in pairs if all(pair))

    @cached_property
    def _told(self) -> frozenset[str]:
        return frozenset(ticket for ticket in self.tickets if is_telling(ticket))

    @cached_property
    def _alone(self) -> frozenset[str]:
        """Folded first names and family names, each alone."""
        return frozenset(" ".join(part) for pair in self._pairs for part in pair)

    def is_in(self, text: str | None) -> bool:
        return text is not None and self._whole.search(text) is not None

    def masked(self, text: str) -> str:
        """`text` with each whole identifier replaced."""
        return self._whole.sub(MASK, text)

    def parts_in(self, cells: Iterable[str | None]) -> list[int]:
        """Positions of the cells of one row that are exactly a first or family name, when both names stand in the row."""
        folded = [None if cell is None else _folded(cell) for cell in cells]
        here = self._alone.intersection(folded)
        names = ((" ".join(given), " ".join(family)) for given, family in self._pairs) if len(here) > 1 else ()
        found = {part for pair in names if here.issuperset(pair) for part in pair}
        return [index for index, text in enumerate(folded) if text in found]

    def suspects(self, column: pa.ChunkedArray) -> pa.BooleanArray:
        """Cells worth looking at: a superset of those that hold an identifier or are a part of a name, computed by Arrow."""
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks)
        encoded = column.dictionary_encode()
        perhaps = encoded.dictionary.filter(self._perhaps(encoded.dictionary)).to_pylist()
        found = [text for text in perhaps if self.is_in(text) or _folded(text) in self._alone]
        if not found:
            return pa.repeat(False, len(column))
        here = pc.indices_nonzero(pc.is_in(encoded.dictionary, pa.array(found, pa.string())))
        return pc.is_in(encoded.indices, here.cast(encoded.indices.type))

    def _perhaps(self, texts: pa.Array) -> pa.BooleanArray:
        """Texts, folded by Arrow, in which the longest word of one of the identifiers stands."""
        needles = {_folded(email) for email in self.emails}
        needles |= {re.sub(r"\D", "", phone)[-2:] for phone in self.phones}
        needles |= {_fold(ticket) for ticket in self._told}
        needles |= {max(part, key=len) for pair in self._pairs for part in pair}
        if not needles:
            return pa.array([False] * len(texts), pa.bool_())
        folded = beyond_ascii(pc.utf8_lower(texts), _letters_of_texts)
        pattern = "|".join(re.escape(needle) for needle in sorted(needles) if needle)
        return pc.fill_null(pc.match_substring_regex(folded, pattern), False)


@dataclass(frozen=True)
class Crowd:
    """Many persons at once, whom no pattern could hold: normal addresses, and names as `normalise_names` writes them."""

    emails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def __or__(self, other: Crowd) -> Crowd:
        return Crowd(self.emails | other.emails, self.names | other.names)

    @cached_property
    def _lengths(self) -> frozenset[int]:
        return frozenset(len(name.split()) for name in self.names)

    def is_in(self, text: str) -> bool:
        """Whether one of the addresses, or all the words of one of the names side by side, stands in the text."""
        if not self.emails.isdisjoint(addresses_in(text.lower())):
            return True
        words = _words(text)
        return any(
            " ".join(sorted(words[start : start + length])) in self.names
            for length in self._lengths
            for start in range(len(words) - length + 1)
        )


def is_telling(ticket: str) -> bool:
    """Whether the number of a ticket, read in any text, is that ticket: five letters and digits with both, or seven digits."""
    told = re.sub(r"[\W_]", "", ticket)
    return len(told) >= (7 if told.isdigit() else 5) and any(c.isdigit() for c in told)


def addresses_in(text: str) -> list[str]:
    """What may be an address in a text, as typed."""
    return [found.strip(".!?…") for found in re.findall(rf"{_OF_ADDRESS}+@{_OF_ADDRESS}+", text)]


def tickets_in(text: str, lengths: Collection[int]) -> list[str]:
    """What may be the number of a ticket of one of these lengths in a text, as typed: letters and digits, and those that one sign joins."""
    found = []
    for word in _JOINED.findall(text):
        if len(word) in lengths:
            found.append(word)
        if not word.isalnum():
            found += [part for part in _JOINT.split(word) if len(part) in lengths]
    return found


_JOINED = re.compile(r"[^\W_]+(?:[-_./#][^\W_]+)*")
_JOINT = re.compile(r"[-_./#]")
_OF_ADDRESS = r"[^\s<>()\[\],;:\"'«»@/|=]"

_BETWEEN = r"[\W_]{1,3}"


def _fold(text: str) -> str:
    lowered = text.lower()
    for ligature, letters in LIGATURES.items():
        lowered = lowered.replace(ligature, letters)
    return "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))


def _letters_of_texts(lowered: pa.Array) -> pa.Array:
    """As `_fold`, of texts in lower case."""
    lowered = pc.replace_substring_regex(pc.utf8_normalize(lowered, "NFKD"), r"\p{M}+", "")
    for ligature, letters in LIGATURES.items():
        lowered = pc.replace_substring(lowered, ligature, letters)
    return lowered


def _folded(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", _fold(text))) if "@" not in text else _fold(text).strip()


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _fold(text))


_VARIANTS: dict[str, str] = {}
for _code in range(0xC0, 0x250):
    _base = _fold(chr(_code))
    if len(_base) == 1 and _base.isalpha() and _base.isascii():
        _VARIANTS[_base] = _VARIANTS.get(_base, "") + chr(_code)


def _letters(word: str) -> str:
    """A pattern of the word with or without accents, composed or not."""
    pattern = "".join(rf"[{c}{_VARIANTS.get(c, '')}][\u0300-\u036f]*" if c.isalpha() else re.escape(c) for c in word)
    for ligature, letters in LIGATURES.items():
        if len(letters) > 1:  # one letter alone is a variant
            both = "".join(rf"[{c}{_VARIANTS.get(c, '')}][\u0300-\u036f]*" for c in letters)
            pattern = pattern.replace(both, f"(?:{both}|{ligature})")
    return pattern


def _email_pattern(email: str) -> str:
    return rf"(?<![\w.+-]){re.escape(email)}(?![\w-])"


def _phone_pattern(phone: str) -> str | None:
    """The nine last digits of a number, however they are spaced, with the prefix that was typed."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) < 9:
        return None
    spaced = r"[\s.\-/()]*".join(digits[-9:])
    return rf"(?<!\d)(?:(?:\+\s*|00\s*)?\d{{1,3}}[\s.\-/()]*)?{spaced}(?!\d)"
