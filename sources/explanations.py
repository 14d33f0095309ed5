"""What somebody has looked into and explained: `explanations.yml`, read and handed to dbt.

Here: the grammar of differences between a figure printed elsewhere and ours, and of deliveries that rightly withdraw most of what
their source described before. An explanation names the figure as the document prints it, says why it differs and what was decided; it ships
as a revision note. A difference nobody has explained blocks the dataset it belongs to (judged in `expectations/`).
Not here: corrections of a source (`corrections.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from rulebook.strict import Strict
from sources.contract import ContractError, load_yaml

EXPLANATIONS = Path(__file__).with_name("explanations.yml")


class Explanation(Strict):
    """Why one printed figure is not ours. `expected_difference` (ours − printed), when given, is the only one explained."""

    programme_id: str
    indicator: str
    dimension: str
    member: str
    expected_difference: float | None = None
    cause: str
    treatment: str
    author: str
    explained_on: date


class Withdrawal(Strict):
    """A delivery that leaves out more than half of the events or organisations of its file, and is right: they are closed. With `unread`, one
    that its contract no longer reads, and rightly: its rows go. The one does not confirm the other. Of a delivery that was never read, either
    says that it is not to be (`given_up`)."""

    source: str
    delivery_id: str
    unread: bool = False
    reason: str
    author: str
    confirmed_on: date


class EndedProgramme(Strict):
    """A programme that is no longer published, and why: its disappearance is not an accident."""

    programme_id: str
    reason: str
    author: str
    ended_on: date


class _ExplanationFile(Strict):
    explanations: tuple[Explanation, ...]
    withdrawals: tuple[Withdrawal, ...] = ()
    ended_programmes: tuple[EndedProgramme, ...] = ()


def load_explanations(path: Path = EXPLANATIONS) -> tuple[Explanation, ...]:
    """Every explanation; raises ContractError (French, with the line) when the file is not valid or repeats a figure."""
    explanations = load_yaml(path, _ExplanationFile).explanations
    seen = set()
    for item in explanations:
        figure = (item.programme_id, item.indicator, item.dimension, item.member)
        if figure in seen:
            raise ContractError(f"{path.name} : le chiffre {' / '.join(figure)} est expliqué deux fois.")
        seen.add(figure)
    return explanations


def load_withdrawals(path: Path = EXPLANATIONS) -> tuple[Withdrawal, ...]:
    """Every confirmed withdrawal; raises ContractError as `load_explanations` does."""
    return load_yaml(path, _ExplanationFile).withdrawals


def given_up(known: Iterable[Mapping[str, Any]], path: Path = EXPLANATIONS) -> set[tuple[str, str]]:
    """(source, delivery_id) of the deliveries, of those of `ledger.deliveries`, that could not be read and that somebody said are not to be:
    dropped by mistake, or sent again under another name. Raises ContractError."""
    unread = {(row["source"], row["delivery_id"]) for row in known if row["outcome"] != "accepted"}
    return unread & {(item.source, item.delivery_id) for item in load_withdrawals(path)} if unread else set()


def load_ended_programmes(path: Path = EXPLANATIONS) -> tuple[EndedProgramme, ...]:
    """Every programme said to have ended; raises ContractError as `load_explanations` does."""
    return load_yaml(path, _ExplanationFile).ended_programmes
