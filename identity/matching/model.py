"""The declared model of matching: what each agreement weighs, when two identities are one person, when somebody has to look.

Here: reading `model.yml`, strictly. Not here: the SQL of each agreement (`scoring.py`).
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

from pydantic import Field, model_validator

import rulebook
from rulebook.strict import Strict

PATH = Path(__file__).parent / "model.yml"

LEVELS = {
    "name": ("same_words", "other_form", "typing_error", "different"),
    "email": ("same", "typing_error", "different"),
    "phone": ("same", "same_with_two_addresses", "different"),
    "organisation": ("same", "alike", "different"),
    "postcode": ("same", "different"),
    "event": ("same", "otherwise"),
}
"""The levels of each comparison, the most telling first; the last one takes what the others leave."""


class ModelError(Exception):
    """The model cannot be used; a French sentence."""


class Weight(Strict):
    """One level. `neutral`: it says nothing either way, whatever m and u would."""

    m: float = Field(gt=0, lt=1)
    u: float = Field(gt=0, lt=1)
    neutral: bool = False

    @property
    def bits(self) -> float:
        return 0.0 if self.neutral else math.log2(self.m / self.u)


class Model(Strict):
    """The whole model; probabilities of a comparison add up to 1."""

    prior: float = Field(gt=0, lt=0.5)
    accept_from: float = Field(gt=0.5, lt=1)
    review_from: float = Field(gt=0, lt=1)
    margin_bits: float = Field(gt=0)
    comparisons: dict[str, dict[str, Weight]]

    @model_validator(mode="after")
    def _whole(self) -> Model:
        if self.review_from >= self.accept_from:
            raise ValueError("« review_from » doit être plus petit que « accept_from »")
        if {name: tuple(levels) for name, levels in self.comparisons.items()} != LEVELS:
            raise ValueError(
                "« comparisons » doit dire, dans cet ordre : "
                + " ; ".join(f"{name} ({', '.join(levels)})" for name, levels in LEVELS.items())
            )
        for name, levels in self.comparisons.items():
            for side in ("m", "u"):
                total = sum(getattr(level, side) for level in levels.values())
                if abs(total - 1) > 1e-6:
                    raise ValueError(f"{name} : la somme des « {side} » de ses niveaux est {total:g}, pas 1")
        return self

    def probability(self, **levels: str) -> float:
        """What a pair with these levels scores; a comparison that is not named has nothing to compare."""
        bits = math.log2(self.prior / (1 - self.prior)) + sum(
            self.comparisons[name][level].bits for name, level in levels.items()
        )
        return 1 / (1 + 2**-bits)


@cache
def load_model(path: Path = PATH) -> Model:
    """The model of a file. Raises ModelError for an unknown or missing key, or numbers that do not add up."""
    return rulebook.read(path, Model, ModelError)
