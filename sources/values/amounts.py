"""Amounts of money in euros, exact to the cent.

Grammar: digits, with spaces between thousands, a comma or a point before the decimals, « € » or « EUR » on either side;
« Gratuit » is 0. With both signs the last one is the decimal (« 1.250,50 »). One sign before exactly three digits
(« 1.250 ») is refused: it is 1250, or 1 euro 25. Platforms that count in cents are declared so.

More than two decimals come from a formula (« 4,1667 », « 4.166666666666667 », a third of 12,50): they are rounded half up to the
cent, as the spreadsheet shows them and as accountants do. Refusing them would lose a person's row over less than a cent; `judge` says
which cells were rounded. Ten digits before the decimals are the most that lands.

What does not belong here: ranges and conditions (« 15 à 20 € », « prix libre »), which are not one amount.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from sources.values.refusal import Refused, quote
from sources.values.text import clean, fold, is_missing

_FREE = frozenset({"gratuit", "gratuite", "gratuits", "gratuites", "entree libre", "offert", "offerte", "free"})
_CURRENCY = re.compile(r"^(?:€|eur\b|euros?\b)\s*|\s*(?:€|eur|euros?)(?: ?ttc)?$", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?P<sign>[-−–]?) ?(?P<number>\d{1,3}(?: \d{3})+(?:[.,]\d+)?|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:,\d{3})+\.\d+|\d+(?:[.,]\d+)?)"
)
_TWO_READINGS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_CENT = Decimal("0.01")
_TOO_MUCH = Decimal(10) ** 10
"""What DECIMAL(12,2), the type that lands, does not hold."""


def parse_amount(text: str | None, *, unit: Literal["euro", "cent"] = "euro") -> Decimal | None:
    """The amount in euros; None when nothing was typed. `unit` is that of the text.

    Raises `Refused`; also for a negative amount, which is a typing error, or a discount in the wrong column.
    """
    if text is None or is_missing(text):
        return None
    shown = clean(text)
    if fold(shown) in _FREE:
        return Decimal(0)
    match = _AMOUNT.fullmatch(_CURRENCY.sub("", shown))
    if match is None:
        raise Refused(
            "montant_incompris",
            f"{quote(shown)} n'est pas un montant en euros. Écrivez un seul nombre, par exemple 12,50, ou « Gratuit ».",
        )
    if _TWO_READINGS.fullmatch(match["number"]):
        raise Refused(
            "montant_ambigu",
            f"{quote(shown)} peut se lire de deux façons. Écrivez les milliers sans point ni virgule, et deux décimales.",
        )
    amount = _decimal(match["number"])
    if unit == "cent":
        if amount != amount.to_integral_value():
            raise Refused(
                "montant_non_entier",
                f"{quote(shown)} n'est pas un nombre entier de centimes, alors que cette colonne compte en centimes. "
                "Corrigez la cellule ; si toute la colonne est en euros, dites-le à l'observatoire.",
            )
        amount = amount.to_integral_value() / 100
    if match["sign"] and amount:
        raise Refused(
            "montant_negatif",
            f"{quote(shown)} est négatif. Un remboursement a sa colonne ; sinon, écrivez le montant sans le signe moins.",
        )
    if amount < _TOO_MUCH:
        amount = amount.quantize(_CENT, ROUND_HALF_UP)
    if amount >= _TOO_MUCH:
        raise Refused(
            "montant_excessif",
            f"{quote(shown)} dépasse dix milliards d'euros. Vérifiez que ce n'est pas un numéro de téléphone ou de commande, et corrigez "
            "le montant.",
        )
    return amount


def _decimal(number: str) -> Decimal:
    """The last sign is the decimal one; spaces and the other sign separate thousands."""
    parts = re.fullmatch(r"(.*)[.,](\d+)", number)
    whole, decimals = (parts[1], "." + parts[2]) if parts else (number, "")
    return Decimal(re.sub(r"\D", "", whole) + decimals)
