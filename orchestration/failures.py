"""What a log may keep of an exception: which kinds, where, and our own sentences; never what a library says of it.

DuckDB, Arrow, Pydantic and Python itself quote the cell that they could not take, and a cell may be personal. Belongs here: an exception as
text for a log, and which exceptions speak in sentences made for people. Does not belong here: where a log is (`night.py`, `command.py`,
`historian.py`), what a screen says.
"""

from __future__ import annotations

import traceback

MADE_FOR_PEOPLE = frozenset(
    {
        "expectations.suite.SuiteError",
        "identity.cipher.VaultError",
        "identity.matching.model.ModelError",
        "identity.retention.RetentionError",
        "orchestration.home.HomeError",
        "orchestration.lock.AnotherNight",
        "orchestration.night.StructureFailed",
        "orchestration.trace_command.NoFigure",
        "orchestration.warehouse.WarehouseError",
        "publication.decision.Refused",
        "publication.package.registry.PublisherError",
        "publication.releases.NoRelease",
        "publication.shelf.Damaged",
        "publication.trace.declared.TraceError",
        "sources.contract.ContractError",
        "sources.landing.NotLanded",
        "sources.landing.NotReadAgain",
        "sources.ledger.LedgerError",
    }
)
"""Exceptions whose text is one French sentence that quotes no cell. By name: importing them costs what the command does not need."""


def is_made_for_people(error: BaseException) -> bool:
    """Whether the text of the exception may be shown, and logged, as it is."""
    return any(f"{kind.__module__}.{kind.__qualname__}" in MADE_FOR_PEOPLE for kind in type(error).__mro__)


def for_log(error: BaseException) -> str:
    """What `traceback` prints of the exception and of those that led to it, the first one first, without the text of any that is not
    made for people, without notes nor values of variables. An OSError keeps its number."""
    told: list[str] = []
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        told.append(_alone(following))
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\nwhich led to:\n\n".join(reversed(told))


def _alone(error: BaseException) -> str:
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__)).format()
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return "".join([*frames, f"{kind}{_said(error)}\n", *_members(error)])


def _said(error: BaseException) -> str:
    if is_made_for_people(error):
        return f": {error}"
    return f": errno {error.errno}" if isinstance(error, OSError) and error.errno is not None else ""


def _members(error: BaseException) -> list[str]:
    members = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return [f"which holds:\n\n{for_log(member)}" for member in members]
