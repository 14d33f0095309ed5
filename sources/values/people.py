"""What identifies a person: phone, e-mail, name, civility – read, or refused without ever being repeated.

What belongs here: values on their way to the vault. What does not: who is who (`identity/`).

**The sentences of this module are constants.** A refusal travels to reports, logs and the quarantine; a text that holds a
name, an address or a number must not. No message is built from its input, and none says anything about its content
beyond what is wrong with it.

Phones are E.164 by `phonenumbers`: only numbers that its tables call valid. Nine digits whose 0 was eaten by a
spreadsheet are read when that makes a valid French number; a number in 0262, 0590, 0594, 0596, 0692… takes the prefix
of its overseas department.

E-mails are checked by their form alone: one `@`, a local part of the usual ASCII characters, a domain with a dot. Only
the domain is put in lower case; comparing is for `identity/`.

Names are split only on evidence: a comma (« Nom, Prénom »), capitals (« NOM Prénom », « Prénom NOM »), a particle
(« Gwenaëlle de la Tour »), or the order that the contract gives. « Camille Martin » alone is not split: half of the
lists write the family name first.
"""

import re
from dataclasses import dataclass
from typing import Literal

from sources.values.refusal import Refused
from sources.values.text import clean, fold, is_missing

NameOrder = Literal["family_first", "given_first"]

MESSAGES = {
    "telephone_invalide": "Ce numéro de téléphone n'existe pas. Vérifiez ses chiffres ; hors de France, commencez par « + » et "
    "l'indicatif du pays.",
    "plusieurs_telephones": "La cellule contient plusieurs numéros de téléphone. Gardez-en un seul.",
    "adresse_invalide": "Cette cellule ne contient pas une adresse électronique. Corrigez-la, ou laissez-la vide ; un nom se "
    "met dans la colonne du nom.",
    "plusieurs_adresses": "La cellule contient plusieurs adresses électroniques. Mettez une personne, et une adresse, par ligne.",
    "civilite_inconnue": "Cette cellule n'est pas une civilité connue. Écrivez Mme, M. ou Autre, ou laissez-la vide.",
}

# Where a national number that is not valid in France may be: Guadeloupe, Martinique, French Guiana, Réunion, Mayotte.
_OVERSEAS = ("GP", "MQ", "GF", "RE", "YT")
_PHONE_WORDS = re.compile(
    r"\(?\b(?:t[eé]l(?:[eé]phone)?|portable|port|mobile|mob|fixe|domicile|bureau|pro|perso|standard|gsm|n°)\b\.? ?:?\)?",
    re.IGNORECASE,
)
_PHONE_SEPARATORS = (r"[;|\n]|\bou\b|\bet\b", r",", r"/", r"\s[-–]\s")

_LOCAL = r"[A-Za-z0-9!#$%&'*+=?^_`{}~-]+(?:\.[A-Za-z0-9!#$%&'*+=?^_`{}~-]+)*"
_EMAIL = re.compile(rf"({_LOCAL})@([^\s@<>()\[\]:;,/|\"']+)")
_AROUND = " ;,.<>'\"«»"
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:xn--[a-z0-9-]{1,59}|[a-z]{2,63})")
# Microsoft Forms writes « anonymous » in its e-mail column
_NO_ADDRESS = frozenset(
    {"anonymous", "anonyme", "aucun", "aucune", "aucune adresse", "pas d adresse", "pas de mail", "sans", "x"}
)

_NOTE = re.compile(r"\s*\(([^()]*)\)\s*$")
_CIVILITY = re.compile(
    r"^(?:m\.|mr\.?|mme\.?|mlle\.?|madame|monsieur|mademoiselle|dr\.?|pr\.?|ma[iî]tre)\s+(?=\S)", re.IGNORECASE
)
_PARTICLES = frozenset(
    {"de", "du", "des", "d", "la", "le", "les", "van", "von", "der", "den", "da", "das", "do", "dos", "di"}
)
_PARTICLES |= {"del", "della", "el", "al", "ben", "ibn", "bin", "bint", "ter", "zu", "y", "e"}

_GENDERS = {
    "F": ("mme", "madame", "mlle", "mademoiselle", "mmes", "f", "femme", "feminin", "une femme", "fille", "female", "woman", "ms", "mrs"),
    "M": ("m", "mr", "monsieur", "h", "homme", "masculin", "un homme", "garcon", "male", "man"),
    "other": ("autre", "autres", "mx", "x", "nb", "non binaire", "autre non binaire", "neutre", "other", "non binary", "iel"),
    # a profession, or a wish not to say
    None: ("dr", "docteur", "pr", "professeur", "me", "maitre", "ne se prononce pas", "ne souhaite pas repondre", "nspp", "nsp")
    + ("je ne souhaite pas repondre", "prefere ne pas repondre", "je prefere ne pas repondre", "non precise", "autre ne se prononce pas"),
}  # fmt: skip
_GENDER_OF = {word: gender for gender, words in _GENDERS.items() for word in words}


@dataclass(frozen=True)
class FullName:
    """A name as typed and, when they are certain, its two parts. `full` is never lost; civility and notes are not in it."""

    full: str | None = None
    family: str | None = None
    given: str | None = None


def normalise_phone(text: str | None, region: str = "FR") -> str | None:
    """The only number of a cell, in E.164; None when nothing was typed.

    Raises `Refused` (`telephone_invalide`, `plusieurs_telephones`). A column known to hold several: `normalise_phones`.
    """
    numbers = normalise_phones(text, region)
    if len(numbers) > 1:
        raise _refused("plusieurs_telephones")
    return numbers[0] if numbers else None


def normalise_phones(text: str | None, region: str = "FR") -> tuple[str, ...]:
    """The numbers of a cell in E.164, each once, in order; () when nothing was typed.

    `region` is where a number without country code is. Raises `Refused` as soon as one number is not valid.
    """
    if text is None or is_missing(text):
        return ()
    shown = clean(text.replace("\n", " ; ").replace("\r", ""))
    whole = _one_phone(shown, region)
    if whole:
        return (whole,)
    for separator in _PHONE_SEPARATORS:
        pieces = [piece for piece in re.split(separator, shown) if re.search(r"\d", piece)]
        numbers = [_one_phone(piece, region) for piece in pieces]
        if len(pieces) > 1 and all(numbers):
            return tuple(dict.fromkeys(number for number in numbers if number))
    raise _refused("telephone_invalide")


def _one_phone(text: str, region: str) -> str | None:
    """One number in E.164, or None. Letters are refused: phonenumbers would dial them."""
    import phonenumbers

    number = _PHONE_WORDS.sub("", text).strip(" .,;:'’")
    number = re.sub(r"(?<=\d)\.0$", "", number) if re.fullmatch(r"\d{8,12}\.0", number) else number
    if not re.search(r"\d", number) or re.search(r"[^\W\d_]", number):
        return None
    nations = (region, *_OVERSEAS) if region == "FR" and re.match(r"\(?0?[2569]", number) else (region,)
    for nation in nations:
        try:
            parsed = phonenumbers.parse(number, nation)
        except phonenumbers.NumberParseException:
            return None
        if phonenumbers.is_valid_number(parsed) and not parsed.extension:
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return None


def parse_email(text: str | None) -> str | None:
    """The address, its domain in lower case (in ASCII when it is international); None when nothing was typed.

    `mailto:`, « Nom <adresse> », quotes and a final `;` are taken off. Raises `Refused` (`adresse_invalide`,
    `plusieurs_adresses`).
    """
    if text is None or is_missing(text):
        return None
    shown = clean(text)
    if fold(shown) in _NO_ADDRESS:
        return None
    found = ["@".join(parts) for parts in _EMAIL.findall(re.sub("mailto:", " ", shown, flags=re.IGNORECASE))]
    if len({address.lower() for address in found}) > 1:
        raise _refused("plusieurs_adresses")
    bare = shown.strip(_AROUND)
    bracketed = re.search(r"<([^<>]*)>?$", bare)
    inner = found[0] if len(found) > 1 else bracketed[1] if bracketed else bare
    match = _EMAIL.fullmatch(re.sub("^mailto:", "", inner.strip(_AROUND), flags=re.IGNORECASE))
    if match is None:
        raise _refused("adresse_invalide")
    local, domain = match[1], _ascii_domain(match[2])
    if domain is None or len(local) > 64:
        raise _refused("adresse_invalide")
    return f"{local}@{domain}"


def _ascii_domain(domain: str) -> str | None:
    try:
        encoded = domain.lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return encoded if _DOMAIN.fullmatch(encoded) and len(encoded) <= 253 else None


def split_full_name(text: str | None, order: NameOrder | None = None) -> FullName:
    """The name, and its parts when the text or `order` makes them certain.

    A note at the end (« (EXT) », « (Invité) ») is dropped; Zoom's « Yann (LE GOFF Yann) » is read from its brackets. With
    `order`, the given name is one word (or the words without capitals), the family name all the others.
    """
    if text is None or is_missing(text):
        return FullName()
    shown = clean(text)
    note = _NOTE.search(shown)
    outside = _NOTE.sub("", shown) if note else shown
    if note and outside:
        inside = note[1].strip()
        if len(inside.split()) > 1 and set(fold(outside).split()) & set(fold(inside).split()):
            return _zoom(outside, inside, order)
        shown = outside
    return _split(_CIVILITY.sub("", shown), order)


def _zoom(display: str, original: str, order: NameOrder | None) -> FullName:
    """« Display (Original) »: a display name of one word tells the given name of the original."""
    split = _split(_CIVILITY.sub("", original), order)
    words = original.split()
    if split.family or len(display.split()) > 1:
        return split
    if fold(display) == fold(words[0]):
        return FullName(split.full, " ".join(words[1:]), words[0])
    if fold(display) == fold(words[-1]):
        return FullName(split.full, " ".join(words[:-1]), words[-1])
    return split


def _split(full: str, order: NameOrder | None) -> FullName:
    family, comma, given = (part.strip() for part in full.partition(","))
    if comma:
        return FullName(full, family, given) if family and given and "," not in given else FullName(full)
    words = full.split()
    if len(words) < 2:
        return FullName(full)
    position = _by_capitals(words) or _by_particle(words, order)
    if position is None and order:
        position = (len(words) - 1, "family_first") if order == "family_first" else (1, "given_first")
    if position is None:
        return FullName(full)
    cut, first = position
    front, back = " ".join(words[:cut]), " ".join(words[cut:])
    return FullName(full, front, back) if first == "family_first" else FullName(full, back, front)


def _by_capitals(words: list[str]) -> tuple[int, str] | None:
    """Where the words in capitals end or begin, particles included, when they are all on one side."""
    capital = [_is_capital(word) for word in words]
    if True not in capital or all(capital[i] or _is_particle(words[i]) for i in range(len(words))):
        return None
    first, last = capital.index(True), len(capital) - 1 - capital[::-1].index(True)
    while first > 0 and _is_particle(words[first - 1]):
        first -= 1
    if not all(capital[i] or _is_particle(words[i]) for i in range(first, last + 1)):
        return None
    if first == 0:
        return (last + 1, "family_first") if last + 1 < len(words) else None
    return (first, "given_first") if last == len(words) - 1 else None


def _by_particle(words: list[str], order: NameOrder | None) -> tuple[int, str] | None:
    """« Gwenaëlle de la Tour »: one word, particles, one word. With more (« João Ferreira da Silva »), who knows."""
    if order == "family_first" or _is_particle(words[0]) or any(_is_capital(word) for word in words):
        return None
    rest = words[1:]
    elided = len(rest) == 1 and rest[0] not in _PARTICLES and _is_particle(rest[0])
    return (1, "given_first") if elided or (len(rest) > 1 and _one_name(rest)) else None


def _one_name(words: list[str]) -> bool:
    """Particles, then a last word: « de la Tour », « de l'Isle »."""
    return all(word in _PARTICLES for word in words[:-1]) and words[-1] not in _PARTICLES


def _is_capital(word: str) -> bool:
    """A word in capitals of two letters or more; an initial (« J. ») is none."""
    return word.isupper() and sum(letter.isalpha() for letter in word) > 1


def _is_particle(word: str) -> bool:
    """« de », « du », « van » in small letters, or a word that begins with « d' » or « l' »."""
    return word in _PARTICLES or re.match(r"[dl]['’]\w", word) is not None


def parse_gender(text: str | None) -> str | None:
    """`F`, `M` or `other` from a civility or a gender; None when nothing is said (« Dr », « ne se prononce pas »).

    Raises `Refused` (`civilite_inconnue`).
    """
    if text is None or is_missing(text):
        return None
    key = fold(text.replace("·", "").replace("(", "").replace(")", ""))
    if key not in _GENDER_OF:
        raise _refused("civilite_inconnue")
    return _GENDER_OF[key]


def _refused(rule: str) -> Refused:
    return Refused(rule, MESSAGES[rule])
