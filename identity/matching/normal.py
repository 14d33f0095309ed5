"""The forms under which two spellings of a name, a telephone number or an organisation are the same, as SQL over columns.

Here: macros for DuckDB, and the telephone numbers that only `phonenumbers` understands. Not here: which columns a person has
(`identities.py`), whether two different forms are one person (`exact.py`, `scoring.py`).

    n_fold(text)        lower case, accents and ligatures folded, everything but letters and digits to one space
    n_untitled(words)   words without a title in front
    n_has_word(words), n_has_name(words)   whether they may name somebody: not initials alone, not « Invité 12 »
    n_org(words)        an organisation without its legal form and articles
    n_digits(text)      a telephone number without what separates its digits
    n_phone(digits)     E.164 of a French number; null for what `phonenumbers` has to look at
    n_mailbox(email)    the address, of which an erased person has two: one for rows that were known by a name alone
    n_of_nobody(email)  whether it stands in an erased row that named nobody
    n_basis(email, phone)   what an identity is known by: `email`, `phone`, else `name`
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from identity.pseudonyms import LIGATURES, NOBODY, TITLES
from identity.tombstones import BY_NAME, OF_NOBODY, STAND_IN_DOMAIN

GENERIC_LOCALS = (
    "accueil", "administration", "admin", "adherent", "adherents", "asso", "association", "billetterie", "bonjour", "bureau",
    "compta", "comptabilite", "communication", "contact", "contacts", "coordination", "courrier", "direction",
    "equipe", "evenement", "evenements", "event", "formation", "formations", "hello", "info", "infos", "information",
    "informations", "inscription", "inscriptions", "mail", "mairie", "nepasrepondre", "noreply", "no reply", "partenariat",
    "partenariats", "presidence", "president", "presse", "rh", "secretaire", "secretariat", "service", "services", "siege",
    "standard", "support", "team", "tresorier", "vie associative",
)  # fmt: skip
"""Local parts that several people read: such an address alone says nothing of who wrote."""

_LEGAL = (
    "association", "asso", "ass", "societe", "ste", "sa", "sas", "sarl", "scop", "scic", "eurl", "loi 1901", "fondation",
    "cooperative", "mutuelle", "entreprise", "le", "la", "les", "l", "de", "des", "du", "d", "et", "a", "au", "aux",
)  # fmt: skip


def _folding() -> str:
    text = "lower(strip_accents(t))"
    for ligature, letters in LIGATURES.items():
        text = f"replace({text}, '{ligature}', '{letters}')"
    return f"trim(regexp_replace({text}, '[^\\pL\\pN]+', ' ', 'g'))"


def _listed(words: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{word}'" for word in words) + "]"


def install(con: duckdb.DuckDBPyConnection) -> None:
    """Create the macros and the table `nickname(name, roots)` in `con`."""
    macros = {
        "n_fold(t)": f"nullif({_folding()}, '')",
        "n_untitled(w)": f"case when list_contains({_listed(sorted(TITLES))}, w[1]) then w[2:] else w end",
        "n_has_word(w)": "len(list_filter(w, lambda x: length(x) > 1)) > 0",
        "n_has_name(w)": f"len(list_filter(w, lambda x: not list_contains({_listed(sorted(NOBODY))}, x) and try_cast(x as bigint) is null)) > 0",
        "n_shouted(x)": "length(regexp_replace(x, '[^\\pL]+', '', 'g')) > 1 and x = upper(x) and x <> lower(x)",
        "n_org(w)": f"array_to_string(list_filter(w, lambda x: not list_contains({_listed(_LEGAL)}, x)), ' ')",
        "n_digits(t)": "regexp_replace(replace(t, '(0)', ''), '[\\s.,/()_-]+', '', 'g')",
        "n_phone(d)": "case when regexp_full_match(d, '0[1-9][0-9]{8}') then '+33' || d[2:] "
        "when regexp_full_match(d, '(\\+|00)33[1-9][0-9]{8}') then '+33' || right(d, 9) end",
        "n_mailbox(e)": f"replace(e, '{BY_NAME}', '@{STAND_IN_DOMAIN}')",
        "n_of_nobody(e)": f"ends_with(coalesce(e, ''), '{OF_NOBODY}')",
        "n_basis(e, p)": f"case when e is not null and not ends_with(e, '{BY_NAME}') then 'email' "
        "when e is null and p is not null then 'phone' else 'name' end",
        "n_generic(e)": "replace(replace(replace(split_part(e, '@', 1), '.', ' '), '-', ' '), '_', ' ') in "
        + _listed(GENERIC_LOCALS).replace("[", "(").replace("]", ")"),
    }
    for signature, body in macros.items():
        con.execute(f"create or replace temp macro {signature} as {body}")
    con.register("nickname_read", nicknames())
    con.execute("create or replace temp table nickname as from nickname_read")
    con.unregister("nickname_read")


@cache
def nicknames() -> pa.Table:
    """name, roots (list): given names and those they are forms of, folded. A name of the list is a form of itself too."""
    roots: dict[str, list[str]] = {}
    with (Path(__file__).parent / "nicknames.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in [row["root"], *filter(None, row["forms"].split(" "))]:
                roots.setdefault(name, []).append(row["root"])
    return pa.table({"name": list(roots), "roots": pa.array(roots.values(), pa.list_(pa.string()))})


def phones(typed: Iterable[str]) -> dict[str, str]:
    """E.164 of what `n_phone` leaves aside; absent where it is no possible number. French where it does not say its country."""
    import phonenumbers

    found = {}
    for text in typed:
        try:
            number = phonenumbers.parse(text, "FR")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            found[text] = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return found
