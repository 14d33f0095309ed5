"""Which encoding a text file is in: the mark at its head, else strict UTF-8, else Macintosh where cp1252 has no such word, else cp1252.
Never a statistic.

Belongs here: the rule, and the notes or refusals that follow from it.
Does not belong here: separators, quotes, cells.

The 5 bytes that cp1252 leaves undefined (81 8D 8F 90 9D) become the control characters of the same number, as
browsers do (WHATWG, windows-1252): nothing is lost and a note says where.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from rulebook.numbers import plural
from sources.readers.sheet import Note, Unreadable

CP1252_ERRORS = "observatoire_cp1252"
_CHUNK = 1 << 20
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_UTF8_PAIR = re.compile(rb"[\xc3-\xc5][\x80-\xbf]|\xe2[\x80-\x82][\x80-\xbf]")
_MACINTOSH = re.compile(
    rb"[a-z][\x8d-\x90\x9d]|[A-Z]\x8e[a-z]"  # ç é è ê ù in a word
    rb"|(?<![^ ;,\t\r\n])\x88(?![^ ])"  # à alone, a circumflex without its letter in cp1252
    rb"|(?<![A-Za-z\x80-\xff])\x83[a-z]|[A-Z]\x83[A-Z]"  # École, RÉGION: a sign of money
    rb"|[a-z]\x99[a-z]|[a-z]\xd5[A-Za-z\x80-\xa0]"  # côté, l’accès: a trade mark, a capital inside a word
)
_NOT_MACINTOSH = re.compile(rb"[a-z][\x82\x85\x87\x8a\xe0-\xff]")  # of DOS, or accents of cp1252
SHOWN = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows (cp1252)",
    "mac_roman": "Macintosh",
}
"""What people call each."""


def _undefined_to_control(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(map(chr, error.object[error.start : error.end])), error.end


codecs.register_error(CP1252_ERRORS, _undefined_to_control)


@dataclass(frozen=True)
class Encoding:
    """How to open the text: `open(path, "rb")`, skip `mark_bytes`, decode as `codec` with `errors`.

    `nuls` counts NUL characters, which the reader removes; `ends_with_newline` looks at the last character.
    """

    codec: str
    errors: str
    mark_bytes: int
    nuls: int
    ends_with_newline: bool
    notes: tuple[Note, ...]


def find_encoding(path: Path, *, file_name: str, declared: str | None = None) -> Encoding:
    """Apply the rule to the whole of `path` (read by 1 MB chunks).

    `declared`: the contract's encoding, decoded strictly. A mark at the head wins over it, with a note.
    Raises Unreadable: `encodage_inconnu` (UTF-32, or a codec that Python does not know), `encodage_invalide` (the mark
    or the contract says one thing, a byte another), `fichier_coupe` (a UTF-8 file that ends inside a character).
    """
    with open(path, "rb") as file:
        head = file.read(4)
    if head.startswith(codecs.BOM_UTF32_BE) or head == codecs.BOM_UTF32_LE:
        raise Unreadable("encodage_inconnu", f"« {file_name} » est en UTF-32 : enregistrez-le en UTF-8 et renvoyez-le.")
    mark, codec = next(((mark, codec) for mark, codec in _MARKS if head.startswith(mark)), (b"", None))
    if codec is not None:
        notes = _contradiction(codec, declared, file_name)
        return _decoded_or_refused(path, codec, len(mark), file_name, notes)
    if declared is not None:
        codec = _known_codec(declared, file_name)
        return _decoded_or_refused(path, codec, 0, file_name, _cp1252_notes(path) if codec == "cp1252" else ())
    try:
        return _measure(path, "utf-8", "strict", 0, ())
    except UnicodeDecodeError as error:
        _refuse_cut_character(path, error, file_name)
        if is_macintosh(path.read_bytes()):
            return _measure(path, "mac_roman", "strict", 0, (_MACINTOSH_NOTE,))
        return _measure(path, "cp1252", CP1252_ERRORS, 0, _cp1252_notes(path))


def is_macintosh(data: bytes) -> bool:
    """Whether a text that is no UTF-8 was saved by Excel for Mac: its accents stand in words where those of cp1252 cannot, and no word has one
    of cp1252, nor of DOS."""
    return _MACINTOSH.search(data) is not None and _NOT_MACINTOSH.search(data) is None


_MACINTOSH_NOTE = Note(
    "encodage_macintosh",
    "Le fichier est enregistré dans l'encodage « Macintosh » : ses accents ont été lus ainsi, vérifiez-les. La prochaine fois, enregistrez-le en "
    "« CSV UTF-8 ».",
)


def _measure(path: Path, codec: str, errors: str, mark_bytes: int, notes: tuple[Note, ...]) -> Encoding:
    """Decode the whole file once, keeping only counts. Raises UnicodeDecodeError."""
    decoder = codecs.getincrementaldecoder(codec)(errors)
    nuls, last = 0, ""
    with open(path, "rb") as file:
        file.seek(mark_bytes)
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            nuls += text.count("\0") if b"\0" in chunk else 0
            last = text[-1:] or last
    decoder.decode(b"", final=True)
    return Encoding(codec, errors, mark_bytes, nuls, last in ("\n", "\r"), notes)


def _decoded_or_refused(path: Path, codec: str, mark_bytes: int, file_name: str, notes: tuple[Note, ...]) -> Encoding:
    errors = CP1252_ERRORS if codec == "cp1252" else "strict"
    try:
        return _measure(path, codec, errors, mark_bytes, notes)
    except UnicodeDecodeError as error:
        _refuse_cut_character(path, error, file_name, known=True)
        raise Unreadable(
            "encodage_invalide",
            f"« {file_name} » est annoncé en {SHOWN.get(codec, codec)} mais contient des octets qui n'en sont pas : "
            "ouvrez-le dans votre tableur, vérifiez les accents, puis enregistrez-le en CSV UTF-8.",
        ) from error


def _known_codec(declared: str, file_name: str) -> str:
    try:
        return codecs.lookup(declared).name
    except LookupError:
        raise Unreadable(
            "encodage_inconnu", f"L'encodage « {declared} », prévu pour « {file_name} », n'existe pas."
        ) from None


def _contradiction(codec: str, declared: str | None, file_name: str) -> tuple[Note, ...]:
    if declared is None or _known_codec(declared, file_name).split("-")[:2] == codec.split("-")[:2]:
        return ()
    message = f"Le fichier porte la marque {SHOWN[codec]} alors que {declared} était prévu : la marque a été suivie."
    return (Note("encodage_annonce", message),)


def _refuse_cut_character(path: Path, error: UnicodeDecodeError, file_name: str, known: bool = False) -> None:
    """A UTF-8 or UTF-16 file whose last character is incomplete was cut on its way.

    Without a mark, the same bytes may be a cp1252 text whose very last letter is accented: it is a cut only
    if other accented letters, before, are UTF-8.
    """
    if error.reason not in ("unexpected end of data", "truncated data"):
        return
    if known or _UTF8_PAIR.search(path.read_bytes()):
        raise Unreadable(
            "fichier_coupe",
            f"« {file_name} » s'arrête au milieu d'un caractère : le transfert a été interrompu, renvoyez "
            "le fichier complet.",
        )


def _cp1252_notes(path: Path) -> tuple[Note, ...]:
    data = path.read_bytes()
    notes = []
    if undefined := _UNDEFINED.search(data):
        line, nb = _line_of(data, undefined.start()), len(_UNDEFINED.findall(data))
        message = f"{plural(nb, 'octet')} sans caractère dans l'encodage Windows, le premier vers la ligne {line}."
        notes.append(Note("octet_indefini", message))
    if pair := _UTF8_PAIR.search(data):
        message = (
            f"Des accents semblent écrits en deux encodages différents, par exemple vers la ligne "
            f"{_line_of(data, pair.start())} : "
            "vérifiez-les, et enregistrez de préférence le fichier en CSV UTF-8."
        )
        notes.append(Note("encodage_melange", message))
    return tuple(notes)


def _line_of(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1
