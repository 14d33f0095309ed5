"""How one figure is printed for a person: rounding, sign, bounds, coverage.

Belongs here: display only. Rounding is half up (never half to even), follows the `rounding` of the indicator's
definition, and never touches what is stored. Does not belong here: any computation of a figure.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from publication.labels import Labels
from publication.wording import MONTHS, NBSP
from rulebook.numbers import THIN, grouped

NOT_AVAILABLE = "n.d."
REVISED = "r"
EPSILON = "ε"
AT_LEAST = f"au{NBSP}moins{NBSP}"
SECRET = "s"

# statuses whose sign stands in place of the value, even when the table keeps one (a mean of two events); five events
# online have a value although their department is /// : both are printed
REPLACED = ("N", "Q")


@dataclass(frozen=True)
class Rounding:
    """Digits after the decimal point (of the percentage when it is a share), or a step."""

    decimals: int = 0
    step: Decimal | None = None
    signed: bool = False


@dataclass(frozen=True)
class Printed:
    """A figure ready to show. `number`: what to put in a numeric cell, None when the sign stands alone."""

    text: str
    sign: str = ""
    meaning: str = ""
    bounds: str = ""
    coverage: str = ""
    at_least: bool = False
    number: float | None = None
    decimals: int = 0
    is_share: bool = False
    signed: bool = False

    @property
    def full(self) -> str:
        """« au moins 1 055 », « 14,7 % », « /// »."""
        return f"{AT_LEAST}{self.text}" if self.at_least else self.text

    @property
    def floor(self) -> str:
        """« 430 » of an estimate that is incomplete, whose bounds are « au moins 430 »; empty of any other figure."""
        return self.bounds.removeprefix(AT_LEAST) if self.bounds.startswith(AT_LEAST) else ""


READ = (
    "indicator", "breakdown", "unit", "value", "lower", "upper", "n_with_data", "n_total", "obs_status", "conf_status",
)  # fmt: skip
"""What `printed` reads of a row."""


class Printing:
    """Figures as they are printed, those that say the same written once: thousands of events have the same few numbers."""

    def __init__(self, labels: Labels):
        self._labels = labels
        self._known: dict[tuple, Printed] = {}

    def of(self, row: Mapping, *, revised: bool) -> Printed:
        key = (revised, *map(row.get, READ))
        if key not in self._known:
            self._known[key] = printed(dict(zip(READ, key[1:], strict=True)), self._labels, revised=revised)
        return self._known[key]


def printed(row: Mapping, labels: Labels, *, revised: bool = False) -> Printed:
    """One row of a dataset as it is printed."""
    definition = labels.indicators.get(row.get("indicator") or "", {})
    status = labels.signs.get((row.get("obs_status") or "", row.get("conf_status") or ""))
    sign = status.printed if status else _unknown_sign(row)
    meaning = status.meaning if status else ""
    value = _number(row.get("value"))
    coverage = covered(row.get("n_with_data"), row.get("n_total"))
    is_share = row.get("unit") == "share"
    if value is None or (sign and row.get("obs_status") in REPLACED):
        return Printed(
            text=sign or NOT_AVAILABLE,
            sign=sign or NOT_AVAILABLE,
            meaning=meaning,
            coverage=coverage,
            is_share=is_share,
        )
    rule = rounding(definition.get("rounding") or "", row, value)
    text = write(value, rule, is_share)
    if row.get("unit") == "month_number" and value in range(1, 13):
        text = MONTHS[int(value) - 1]
    elif value != 0 and not any(digit in text for digit in "123456789") and not sign:
        sign, meaning = EPSILON, "non nul mais inférieur à la moitié de l’unité d’arrondi"
    if revised and not sign:
        sign, meaning = REVISED, "révisé depuis la version précédente"
    lower, upper = _number(row.get("lower")), _number(row.get("upper"))
    at_least = _is_floor(row, definition, lower, upper)
    return Printed(
        text=text,
        sign=sign,
        meaning=meaning,
        bounds="" if at_least else bounds(lower, upper, rule, is_share),
        coverage=coverage,
        at_least=at_least,
        number=float(stepped(Decimal(repr(value)), rule.step)) if rule.step else value,
        decimals=rule.decimals,
        is_share=is_share,
        signed=rule.signed,
    )


def rounding(text: str, row: Mapping, value: float) -> Rounding:
    """The `rounding` of a definition, as words, turned into digits for this row."""
    signed = "signe" in text
    if threshold := re.search(r"entier si n\s*<\s*(\d+)", text):
        n = row.get("n_with_data")
        return Rounding(0 if n is not None and n < int(threshold[1]) else 1, signed=signed)
    if "dizaine" in text and row.get("obs_status") == "E" and row.get("breakdown") == "total":
        # « une quinzaine » is 15, between 12 and 18: a ten that leaves its own bounds would be printed beside them
        ten = stepped(Decimal(repr(value)), Decimal(10))
        lower, upper = _number(row.get("lower")), _number(row.get("upper"))
        outside = (lower is not None and ten < lower) or (upper is not None and ten > upper)
        return Rounding(0) if outside else Rounding(0, Decimal(10))
    if re.match(r"\s*0,5\b", text):
        half = stepped(Decimal(repr(value)), Decimal("0.5"))
        return Rounding(0 if half == half.to_integral_value() else 1, Decimal("0.5"))
    if decimals := re.search(r"(\d+)\s*déc", text):
        return Rounding(int(decimals[1]), signed=signed)
    if "entier" in text or "jours" in text:
        return Rounding(0, signed=signed)
    scaled = value * 100 if row.get("unit") == "share" else value
    return Rounding(0 if float(scaled).is_integer() else 1, signed=signed)


def stepped(value: Decimal, step: Decimal) -> Decimal:
    """The nearest multiple of `step`, halves away from zero."""
    return (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def write(value: float, rule: Rounding, is_share: bool = False) -> str:
    """French figures: « 1 055 », « 31,97 », « 14,7 % ». Halves go up, on the decimal writing of the number."""
    number = Decimal(repr(float(value)))
    if is_share:
        number *= 100
    if rule.step:
        number = stepped(number, rule.step)
    number = number.quantize(Decimal(1).scaleb(-rule.decimals), ROUND_HALF_UP)
    if number == 0:
        number = abs(number)
    text = f"{abs(number):,f}".replace(",", THIN).replace(".", ",")
    mark = "−" if number < 0 else "+" if rule.signed and number > 0 else ""
    return f"{mark}{text}{THIN}%" if is_share else f"{mark}{text}"


def bounds(lower: float | None, upper: float | None, rule: Rounding, is_share: bool = False) -> str:
    """« 12 à 18 »; empty when the figure is exact, or when both bounds are printed alike."""
    if lower == upper:
        return ""
    fine = Rounding(rule.decimals)
    if lower is None:
        return "" if upper is None else f"au{NBSP}plus{NBSP}{write(upper, fine, is_share)}"
    if upper is None:
        return f"{AT_LEAST}{write(lower, fine, is_share)}"
    low, high = write(lower, fine, is_share), write(upper, fine, is_share)
    return "" if low == high else f"{low}{NBSP}à{NBSP}{high}"


def covered(with_data: int | None, total: int | None) -> str:
    """« 33/36 »; empty when the indicator has no coverage, or when no event is behind it."""
    if with_data is None or not total:
        return ""
    return f"{grouped(int(with_data))}/{grouped(int(total))}"


def by_sign(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(sign, meaning) with one line per sign: a secret is printed « s » whatever its reason."""
    found: dict[str, list[str]] = {}
    for sign, meaning in dict.fromkeys(pairs):
        if sign and meaning:
            found.setdefault(sign, []).append(meaning)
    return [(sign, " ; ".join(meanings)) for sign, meanings in found.items()]


def _is_floor(row: Mapping, definition: Mapping, lower: float | None, upper: float | None) -> bool:
    """A total of what was reported, when something was not: the definition says so, or only the upper bound is open.

    When counts are estimated too, the floor is the lower bound and not the value: it is printed as a bound.
    """
    value = _number(row.get("value"))
    n, total = row.get("n_with_data"), row.get("n_total")
    incomplete = n is not None and total is not None and n < total
    told = "au moins" in (definition.get("missing_rule") or "") or (upper is None and lower is not None)
    return incomplete and told and lower in (None, value)


def _unknown_sign(row: Mapping) -> str:
    """A pair that the candidate's list of signs lacks is shown as its code, so that somebody sees it."""
    obs, conf = row.get("obs_status") or "", row.get("conf_status") or ""
    if obs in ("", "A") and conf in ("", "F"):
        return ""
    if obs == "Q":
        return SECRET
    return obs if conf in ("", "F") else f"{obs}/{conf}"


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    number = float(value)
    return None if math.isnan(number) else number
