"""Text damaged by a program that read UTF-8 as Windows-1252 (« CoopÃ©rative »), repaired when that is certain.

Certain means: the whole text goes back to bytes in Windows-1252 (or Latin-1, for the bytes Windows-1252 has no letter
for), these bytes are UTF-8, no letter that comes out is of another script, and either ftfy's evidence says that nobody
wrote the first text, or all that comes out is French (or Turkish, or Vietnamese, three bytes a letter: no chance does that). Nothing else that ftfy can do is asked of it: quotes, ligatures, widths, HTML entities and line
breaks are what people typed.

Repair comes before `text.clean`, which would turn the no-break space of « Ã\u00a0 » (à) into a plain one. What does not belong here:
the encoding of files (`sources/readers/encoding.py`), and damage that has lost letters (`?`, `�`).
"""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

_SUSPECT = re.compile("[\u00c2-\u00f4][^\\x00-\\x7f]")  # a leading byte of UTF-8, and one that may follow
_FRENCH = frozenset("àâäçéèêëîïôöùûüÿœæÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆ«»’‘“”–—…€°·•§№²³½\u00a0\u202f")
_TURKISH = frozenset("ğĞŞ")
"""« ÄŸ », « Äž » and « Åž »: ftfy takes two letters for no evidence, and no language has these side by side."""
_ENCODINGS = frozenset({"latin-1", "sloppy-windows-1252"})


def repair(text: str) -> tuple[str, bool]:
    """The text, repaired or as it was, and whether it was repaired – which the delivery's report says."""
    current = text
    while _SUSPECT.search(current) and (repaired := _by_evidence(current) or _by_letters(current)):
        current = repaired  # each turn is shorter: damage done twice is undone twice
    return current, current != text


def _by_evidence(text: str) -> str | None:
    """What ftfy makes of the text, if it did nothing but read Windows-1252 back as UTF-8, once or several times."""
    import ftfy

    fixed, steps = ftfy.fix_encoding_and_explain(text, _only_encoding())
    decoded = [step for step in steps or () if step.action == "decode"]
    encoded = [step for step in steps or () if step.action == "encode"]
    alone = len(decoded) + len(encoded) == len(steps or ())
    certain = all(step.parameter in _ENCODINGS for step in encoded) and all(
        step.parameter == "utf-8" for step in decoded
    )
    return fixed if steps and alone and certain and _is_latin(fixed) and not _may_be_typed(text, fixed) else None


def _may_be_typed(text: str, repaired: str) -> bool:
    """« ÄŒ », a word in French capitals, is not a Č."""
    typed = any(
        word.isupper() and _SUSPECT.search(word) and all(letter.isascii() or letter in _FRENCH for letter in word)
        for word in text.split()
    )
    return typed and any(not letter.isascii() and letter not in _FRENCH for letter in repaired)


def _by_letters(text: str) -> str | None:
    """« ÃŽle » (Île), « DoÄŸan » and « Nguyá»…n » are short of evidence for ftfy."""
    import ftfy.bad_codecs  # noqa: F401  registers the codec

    try:
        repaired = text.encode("sloppy-windows-1252").decode("utf-8")
    except UnicodeError:
        return None
    beyond = {letter for letter in repaired if not letter.isascii()}
    known = all(letter in _FRENCH | _TURKISH or "\u1e00" <= letter <= "\u1eff" for letter in beyond)
    return repaired if beyond and known and not _may_be_typed(text, repaired) else None


def _is_latin(text: str) -> bool:
    """Every letter is Latin, and there is no control character: « Îœ » is not a Greek Μ."""
    return all(
        unicodedata.name(letter, "").startswith("LATIN")
        if letter.isalpha()
        else letter.isprintable() or letter.isspace()
        for letter in text
        if not letter.isascii()
    )


@cache
def _only_encoding() -> "TextFixerConfig":
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        restore_byte_a0=False,
        replace_lossy_sequences=False,
        decode_inconsistent_utf8=False,
        fix_c1_controls=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
    )
