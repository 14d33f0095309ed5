"""What identifies a person: phone, e-mail, civility – read, or refused without ever being repeated.

What belongs here: values on their way to the vault. What does not: who is who (`identity/`).

**The sentences of this module are constants.** A refusal travels to reports, logs and the quarantine; a text that holds a
name, an address or a number must not. No message is built from its input, and none says anything about its content
beyond what is wrong with it.

Phones are E.164 by `phonenumbers`: only numbers that its tables call valid. Nine digits whose 0 was eaten by a
spreadsheet are read when that makes a valid French number; a number in 0262, 0590, 0594, 0596, 0692… takes the prefix
of its overseas department.

E-mails are checked by their form alone: one `@`, a local part of the usual ASCII characters, a domain with a dot. Only
the domain is put in lower case; comparing is for `identity/`.
"""

import re

from sources.values.refusal import Refused
from sources.values.text import clean, fold, is_missing

MESSAGES = {
    "telephone_invalide": "Ce numéro de téléphone n'existe pas. Vérifiez ses chiffres ; hors de France, commencez par « + » et "
    "l'indicatif du pays.",
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

_GENDERS = {
    "F": ("mme", "madame", "mlle", "mademoiselle", "mmes", "f", "femme", "feminin", "une femme", "fille", "female", "woman", "ms", "mrs"),
    "M": ("m", "mr", "monsieur", "h", "homme", "masculin", "un homme", "garcon", "male", "man"),
    "other": ("autre", "autres", "mx", "x", "nb", "non binaire", "autre non binaire", "neutre", "other", "non binary", "iel"),
    # a profession, or a wish not to say
    None: ("dr", "docteur", "pr", "professeur", "me", "maitre", "ne se prononce pas", "ne souhaite pas repondre", "nspp", "nsp")
    + ("je ne souhaite pas repondre", "prefere ne pas repondre", "je prefere ne pas repondre", "non precise", "autre ne se prononce pas"),
}  # fmt: skip
_GENDER_OF = {word: gender for gender, words in _GENDERS.items() for word in words}


def normalise_phones(text: str | None) -> tuple[str, ...]:
    """The numbers of a cell in E.164, each once, in order; () when nothing was typed.

    A number without country code is French. Raises `Refused` (`telephone_invalide`) as soon as one number is not valid.
    """
    if text is None or is_missing(text):
        return ()
    shown = clean(text.replace("\n", " ; ").replace("\r", ""))
    whole = _one_phone(shown)
    if whole:
        return (whole,)
    for separator in _PHONE_SEPARATORS:
        pieces = [piece for piece in re.split(separator, shown) if re.search(r"\d", piece)]
        numbers = [_one_phone(piece) for piece in pieces]
        if len(pieces) > 1 and all(numbers):
            return tuple(dict.fromkeys(number for number in numbers if number))
    raise _refused("telephone_invalide")


def _one_phone(text: str) -> str | None:
    """One number in E.164, or None. Letters are refused: phonenumbers would dial them."""
    import phonenumbers

    number = _PHONE_WORDS.sub("", text).strip(" .,;:'’")
    number = re.sub(r"(?<=\d)\.0$", "", number) if re.fullmatch(r"\d{8,12}\.0", number) else number
    if not re.search(r"\d", number) or re.search(r"[^\W\d_]", number):
        return None
    for nation in ("FR", *_OVERSEAS) if re.match(r"\(?0?[2569]", number) else ("FR",):
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
