"""The doors of the other rooms, all in one place, with their imports inside: the night calls them, and the commands beside it.

Belongs here: turning `Home` into the arguments each room asks for. Does not belong here: order, errors, time.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.candidates import Candidate
from orchestration.home import Home
from orchestration.publisher import Publisher

if TYPE_CHECKING:
    from expectations.suite import Suite
    from expectations.verdict import Verdict
    from identity.matched import Matched
    from publication.decision import Desk
    from publication.shelf import Release
    from publication.waiting import Waiting
    from sources.contract import LoadedContract
    from sources.drafts import Draft
    from sources.landing import Places
    from sources.ledger import DeliveryReport
    from sources.trial import NoFit, Trial


def contracts(home: Home) -> dict[str, LoadedContract]:
    """Every contract by source. Raises ContractError, in French."""
    from sources.contract import load_contracts

    return load_contracts(home.contracts)


def declared_by_hand(home: Home, loaded: dict[str, LoadedContract]) -> tuple[int, int]:
    """How many corrections, and how many explanations, withdrawals and ended programmes, somebody declared. Raises ContractError."""
    from sources.corrections import load_corrections
    from sources.explanations import load_ended_programmes, load_explanations, load_withdrawals

    corrections = sum(len(load_corrections(each.contract, home.corrections)[0]) for each in loaded.values())
    lists = [load(home.explanations) for load in (load_explanations, load_withdrawals, load_ended_programmes)]
    return corrections, sum(map(len, lists))


def places(home: Home) -> Places:
    from sources.landing import Places

    return Places(
        inbox=home.inbox,
        originals=home.originals,
        landing=home.landing,
        ledger=home.ledger,
        vault=home.vault,
        crawls=home.crawls,
        returned=home.returned,
    )


def deliver(home: Home, contract: LoadedContract, now: datetime) -> list[DeliveryReport]:
    """Land what is new of a source. Raises NotReadAgain when a delivery in force could not be read again, NotLanded where the program failed over
    some; the others are landed."""
    from sources.landing import deliver

    return deliver(places(home), contract, now=now)


def cells_of_rows(home: Home, contract: LoadedContract, delivery: dict, rows: list[int]) -> dict[int, dict[str, str]]:
    """row_number → {header: text} of these rows of a delivery, as they were sent."""
    from sources.cells import cells_of_rows

    return cells_of_rows(places(home), contract, delivery, rows)


def clear_inbox(home: Home) -> int:
    """Copies of deliveries somebody was erased from leave the inbox; how many. Nothing to do where nobody ever was."""
    from sources.erased_files import erased_deliveries

    if not erased_deliveries(home.vault):
        return 0
    from sources.erasure import clear_inbox

    return clear_inbox(places(home))


def match(home: Home, contracts: dict[str, LoadedContract]) -> Matched | None:
    """Tell which landed rows are one person; None when nobody's rows are landed, nor ever were."""
    from identity.matched import current_version
    from sources.persons import rows_of_persons

    rows = rows_of_persons(places(home), contracts)
    if not rows.num_rows and current_version(home.participants) is None:
        return None
    from identity.matching import match
    from identity.vault import Vault

    return match(Vault(home.vault), rows, home.participants)


def take_returns(home: Home, loaded: dict[str, LoadedContract], now: datetime) -> list[DeliveryReport]:
    """Workbooks that came back filled in; a report each."""
    from sources.returns import take_returns

    return take_returns(places(home), loaded, now=now)


def hand_over(home: Home, candidate: Candidate, loaded: dict[str, LoadedContract]) -> None:
    """Fill the schemas `landing` and `reference` of the candidate's file, and close it without a `.wal`."""
    import duckdb

    from publication.earlier import previous_figures
    from sources.handover import hand_over as fill

    # as in dbt_project/profiles.yml: a candidate is whole or thrown away
    with duckdb.connect(str(candidate.database), config={"fsync_mode": "NONE"}) as connection:
        fill(connection, places(home), loaded, previous_figures(home.releases))
        connection.execute("checkpoint")


def suites(home: Home) -> list[Suite]:
    """Every suite. Raises SuiteError, in French."""
    from expectations.suite import read_suites

    return read_suites(home.suites)


def seal(home: Home, candidate: Candidate, dictionary: dict) -> str:
    """Seal the candidate with its dictionary: what each table and column is, and how each figure is made from rows."""
    from expectations import seal
    from publication.trace.declared import read_files

    return seal(candidate.directory, dictionary | {"traces": read_files(home.traces)})


def audit(home: Home, candidate: Candidate) -> Verdict:
    """The verdict on a sealed candidate; whatever goes wrong inside is a failure that the verdict says."""
    from expectations import audit

    return audit(candidate.directory, suites=home.suites)


def bound_verdict(home: Home, candidate: Candidate) -> Verdict | None:
    """The verdict kept beside the candidate, if it speaks of exactly these bytes and of the suites as they are now."""
    from expectations.verdict import of_other_bytes

    verdict = kept_verdict(candidate)
    return verdict if verdict and not of_other_bytes(verdict, candidate.directory, home.suites) else None


def publish(home: Home, candidate: Candidate, verdict: Verdict, now: datetime, publisher: Publisher) -> Release:
    """Raises `publication.decision.Refused`, a French sentence, when nothing may be released."""
    from publication.publish import publish

    return publish(
        candidate.directory,
        verdict,
        home.releases,
        now=now,
        suites=home.suites,
        calendar=home.calendar,
        renderer=publisher.renderer,
        foreseen=publisher.foreseen,
    )


def desk(home: Home, candidate: Candidate, verdict: Verdict, now: datetime) -> Desk:
    from publication.decision import Desk

    return Desk(candidate.directory, verdict, home.releases, now, home.suites, home.calendar)


def preview(home: Home, candidate: Candidate, verdict: Verdict, now: datetime) -> list[Waiting]:
    """Write the portal of what waits beside the releases; nothing is left of an earlier one when nothing waits."""
    from publication.preview import preview

    return preview(desk(home, candidate, verdict, now), home.preview)


def kept_verdict(candidate: Candidate) -> Verdict | None:
    """The verdict beside a candidate, to show it: `bound_verdict` is the one to act upon."""
    from expectations import Verdict

    try:
        return Verdict.from_json(candidate.verdict_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def replay(home: Home, contract: LoadedContract, delivery: dict, now: datetime) -> DeliveryReport:
    """Judge a delivery again from its kept bytes. Raises NotReadAgain when they are lost or the contract no longer reads them."""
    from identity.vault import Vault
    from sources.landing import replay

    # somebody asks for the identities of a delivery to be read again, through what is kept of it
    what = f"{delivery['source']}/{delivery['delivery_id']}"
    Vault(home.vault).log.record("replay", "read", [what], delivery["rows_read"])
    return replay(places(home), contract, delivery, now)


def contract_at(path: Path) -> dict[str, LoadedContract]:
    """One contract by its source, wherever the file is: a draft that is not in its place yet."""
    from sources.contract import load_contract

    return {path.stem: load_contract(path)}


def try_file(contracts: dict[str, LoadedContract], path: Path, now: datetime) -> tuple[list[Trial], list[NoFit]]:
    """What a file would give with each contract it fits, and why the others do not take it, the nearest first; lands nothing."""
    from sources.trial import try_contracts

    return try_contracts(contracts, path, file_name=path.name, today=now)


def is_a_return(path: Path) -> bool:
    from sources.inbox import is_a_return

    return is_a_return(path)


def returns_folder(home: Home) -> Path:
    from sources.inbox import RETURNS

    return home.inbox / RETURNS


def why_unreadable(path: Path) -> str | None:
    """What no contract could change: why nothing reads a file, in French; None of one that is read."""
    from sources.drafting.shapes import look_at
    from sources.readers import Unreadable

    try:
        look_at(path, path.name)
    except Unreadable as problem:
        return problem.message
    return None


def source_name(path: Path) -> str:
    from sources.drafts import source_name

    return source_name(path.name)


def draft_contract(home: Home, path: Path, source: str) -> Draft:
    """A contract drafted from a file. Raises `Unreadable`, with a French `message`."""
    from sources.drafts import draft

    return draft(path, file_name=path.name, source=source, contracts=contracts(home))
