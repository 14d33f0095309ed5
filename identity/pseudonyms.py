"""Pseudonyms, and the forms under which two spellings of one e-mail address or one name are the same.

Here: `normalise_email`, `normalise_names`, and the keyed hash of a column. Pure functions: text or Arrow in, text or Arrow out.
Not here: deciding that two different addresses or names are one person, keys (`keys.py`), tables (`door.py`).
"""

from __future__ import annotations

import array
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from identity.keys import PseudonymKey

PSEUDONYM_BYTES = 16


class NotAnEmail(ValueError):
    """A text that is no e-mail address. `rule` names why; `message` is French and does not repeat the text."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule, self.message = rule, message


# The shape of nearly every address, already normal: nothing more to do. Anything else takes the long way. Read by `re` and
# by Arrow's RE2: nothing here that they understand differently.
_PLAIN = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}")
_PLAIN_LENGTH = 64
_IN_BRACKETS = re.compile(r"<([^<>]*)>")
_MAILTO = re.compile(r"^mailto\s*:\s*([^?]*)(?:\?.*)?$", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"\s*\([^()]*\)\s*")
_AROUND_AT = re.compile(r"\s*@\s*")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad\u202a-\u202e]")
_AROUND = " \t\r\n\v\f\"'«»“”‘’<>()[]{},;:."
# RFC 5321 dot-string, with the letters of RFC 6531.
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def normalise_email(text: str) -> str:
    """The address in `text`, in the one form under which it is compared. Raises NotAnEmail.

    NFKC, invisible characters removed, display name, `mailto:`, comment and quoting removed, lower case, spaces around `@`
    removed, an internationalised domain in its ASCII form (RFC 3490). Dots and `+` tags of the local part are kept: only
    its provider knows what they mean. At most 64 octets before `@` and 254 in all (RFC 5321).
    """
    plain = text.strip().lower()
    if len(plain) <= _PLAIN_LENGTH and _PLAIN.fullmatch(plain):
        return plain
    if len(text) > 1000:
        raise NotAnEmail("trop_long", "Le texte est trop long pour une adresse électronique.")
    address = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip()
    brackets = _IN_BRACKETS.findall(address)
    if len(brackets) > 1:
        raise NotAnEmail("plusieurs_adresses", "Une seule adresse électronique est attendue.")
    if brackets and "@" in brackets[0]:
        address = brackets[0].strip()
    if mailto := _MAILTO.match(address):
        address = mailto[1]
    address = _AROUND_AT.sub("@", _COMMENT.sub(" ", address).strip(_AROUND)).lower()
    if "@" not in address:
        raise NotAnEmail("sans_arobase", "Une adresse électronique contient le signe @.")
    if address.count("@") > 1:
        raise NotAnEmail("plusieurs_adresses", "Une seule adresse électronique est attendue.")
    if any(character.isspace() for character in address):
        raise NotAnEmail("espace", "Une adresse électronique ne contient pas d'espace.")
    local, domain = address.split("@")
    if not _LOCAL.fullmatch(local) or len(local.encode()) > 64:
        raise NotAnEmail("avant_arobase", "Ce qui précède le signe @ n'est pas valable.")
    domain = _ascii_domain(domain)
    if len(local.encode()) + 1 + len(domain) > 254:
        raise NotAnEmail("trop_long", "Le texte est trop long pour une adresse électronique.")
    return f"{local}@{domain}"


def normalise_emails(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """`normalise_email` of a column; null where it is null or NotAnEmail."""
    encoded = _dictionary(texts)
    lowered = pc.ascii_lower(pc.ascii_trim_whitespace(encoded.dictionary))
    plain = pc.and_(
        pc.less_equal(pc.binary_length(lowered), _PLAIN_LENGTH),
        pc.match_substring_regex(lowered, f"^(?:{_PLAIN.pattern})$"),
    )
    others = pc.invert(plain)
    repaired = pa.array([_email_or_none(text) for text in encoded.dictionary.filter(others).to_pylist()], pa.string())
    return pc.replace_with_mask(lowered, others, repaired).take(encoded.indices)


def _email_or_none(text: str) -> str | None:
    try:
        return normalise_email(text)
    except NotAnEmail:
        return None


def _ascii_domain(domain: str) -> str:
    problem = NotAnEmail("domaine", "Ce qui suit le signe @ n'est pas un nom de domaine (exemple : asso.fr).")
    if len(domain) > 253:
        raise problem
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise problem from None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise problem
    if not (labels[-1].isalpha() or labels[-1].startswith("xn--")) or len(labels[-1]) < 2:
        raise problem
    return ascii_domain


# Letters that canonical decomposition leaves alone.
LIGATURES = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
TITLES = frozenset(["m", "mr", "mme", "mlle", "mlles", "mmes", "mm", "monsieur", "madame", "mademoiselle", "dr", "pr"])
NOBODY = frozenset(
    ["anonyme", "anonymous", "inconnu", "inconnue", "invite", "invitee", "guest", "participant", "participante", "personne",
     "nom", "prenom", "test", "nc", "na", "nr", "nd", "non", "renseigne", "renseignee", "communique", "x", "xx", "xxx"]
)  # fmt: skip


def normalise_names(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The keys of persons' names: accents, ligatures, case, punctuation and the order of the words do not matter.

    « Mme DUPONT-LÉVÊQUE Zoé » and « Zoé Dupont Lévêque » give `dupont leveque zoe`. Null when the text is not the name of
    one person: fewer than two words (a first name alone identifies nobody), or words that stand for nobody (« Invité
    12 »). A title counts only as the first word. Letters are folded by Arrow, ten times faster than text by text.
    """
    encoded = _dictionary(texts)
    folded = beyond_ascii(pc.utf8_lower(encoded.dictionary), _letters_of_names)
    folded = pc.replace_substring_regex(folded, r"[^\pL\pN]+", " ")
    keys = pa.array([_sorted_words(text) for text in folded.to_pylist()], pa.string())
    return keys.take(encoded.indices)


def beyond_ascii(texts: pa.Array, fold: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """`texts` with `fold` of those that have a letter outside ASCII: taking accents off costs ten times finding out that there are none."""
    others = pc.fill_null(pc.invert(pc.string_is_ascii(texts)), False)
    return pc.replace_with_mask(texts, others, fold(texts.filter(others)))


def _letters_of_names(lowered: pa.Array) -> pa.Array:
    for ligature, letters in LIGATURES.items():
        lowered = pc.replace_substring(lowered, ligature, letters)
    return pc.replace_substring_regex(pc.utf8_normalize(lowered, "NFKD"), r"[\p{M}\p{Cf}]+", "")


def _sorted_words(folded: str) -> str | None:
    words = folded.split()
    if words and words[0] in TITLES:
        del words[0]
    if len(words) < 2:
        return None
    first = words[0]
    # One look at the first word spares most names the look at all of them.
    if len(first) < 2 and all(len(word) < 2 for word in words):
        return None
    if (first in NOBODY or first.isdigit()) and all(word in NOBODY or word.isdigit() for word in words):
        return None
    words.sort()
    return " ".join(words)


def pseudonyms_under(key: PseudonymKey, domain: str, values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """HMAC-SHA256(K, domain ‖ 0x00 ‖ value), its first 128 bits as 32 hex digits; K the key of a programme year.

    `values` are already normalised texts; nulls stay null; each distinct value is hashed once (HMAC: RFC 2104).
    """
    if not domain or "\0" in domain:
        raise ValueError("a domain is a non-empty text without 0x00")
    encoded = _dictionary(values)
    return _hashed(key, domain, encoded.dictionary).take(encoded.indices)


def _hashed(key: PseudonymKey, domain: str, texts: pa.Array) -> pa.Array:
    inner, outer = _prepared(key, domain)
    new_inner, new_outer = inner.copy, outer.copy
    digests = []
    for text in texts.cast(pa.binary()).to_pylist():
        inner = new_inner()
        inner.update(text)
        outer = new_outer()
        outer.update(inner.digest())
        digests.append(outer.digest()[:PSEUDONYM_BYTES])
    width = 2 * PSEUDONYM_BYTES
    offsets = array.array("q", range(0, width * len(digests) + 1, width))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(binascii.hexlify(b"".join(digests)))]
    return pa.Array.from_buffers(pa.large_string(), len(digests), buffers).cast(pa.string())


def _prepared(key: PseudonymKey, domain: str) -> tuple[hashlib._Hash, hashlib._Hash]:
    """The two hash states of HMAC after the padded key: copied for each value, half the work of a whole HMAC."""
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key.secret.reveal().ljust(64, b"\0")))
    inner.update(domain.encode() + b"\0")
    return inner, hashlib.sha256(bytes(byte ^ 0x5C for byte in key.secret.reveal().ljust(64, b"\0")))


def _dictionary(values: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
        if isinstance(values, pa.ChunkedArray):  # more than one chunk can hold
            values = pa.concat_arrays(values.chunks)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if values.type != pa.string():
        values = values.cast(pa.string())
    return values.dictionary_encode()
