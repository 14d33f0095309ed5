"""What the observatory looks like now: deliveries, quarantine, checks, release, freshness.

Belongs here: reading the state and putting it into French lines. Changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestration import rooms
from orchestration.candidates import AUDITED, latest
from orchestration.console import Lines
from orchestration.freshness import freshness
from orchestration.home import Home
from orchestration.lock import is_night_under_way
from orchestration.novelty import LEFT, RETURNS, last_night, left_by_last_night, sources_with_contract
from rulebook.numbers import plural

if TYPE_CHECKING:
    from sources.contract import LoadedContract

MOST_RETURNS = 5
MOST_REMARKS = 40


@dataclass(frozen=True)
class QuarantineLine:
    """Refused rows of one source, file and rule that are still waiting for somebody."""

    source: str
    delivery_id: str
    file_name: str
    rule: str
    rows: int


def print_status(home: Home, lines: Lines, now: datetime | None = None) -> None:
    contracts = rooms.contracts(home)
    known = deliveries(home)
    _sources(lines, home, contracts, known, now or datetime.now(UTC))
    _attention(lines, not_given_up(home, known))
    _remarks(lines, known)
    _overtaken(lines, home, known)
    _inbox(lines, home)
    _returns(lines, known)
    _release(lines, home)
    _checks(lines, home)
    _night(lines, home)


def deliveries(home: Home, source: str | None = None) -> list[dict[str, Any]]:
    """Every delivery of the ledger, oldest first; none when there is no ledger yet."""
    from sources.ledger import deliveries, open_ledger

    if not home.ledger.exists():
        return []
    with open_ledger(home.ledger) as ledger:
        return deliveries(ledger, source)


def not_given_up(home: Home, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Deliveries without those that could not be read and that somebody said are not to be. Raises ContractError."""
    from sources.explanations import given_up

    mistaken = given_up(known, home.explanations)
    return [row for row in known if (row["source"], row["delivery_id"]) not in mistaken]


def quarantine(home: Home, source: str | None = None) -> list[QuarantineLine]:
    """Quarantined rows of the deliveries in force, by source, file and rule."""
    return [
        QuarantineLine(*row)
        for row in _query(home, source, "source, delivery_id, file_name, rule, count(*)", "1, 2, 3, 4")
    ]


def quarantined_rows(home: Home, source: str) -> list[tuple]:
    """(file, sheet, row, cell, field, value, message) of one source's refused rows. The value is sealed in a list of persons."""
    from sources.readers.sheet import ROWS_OF_A_SHEET

    row = f"case when sheet is null then row_number else row_number % {ROWS_OF_A_SHEET} end"
    columns = f"file_name, coalesce(sheet, ''), {row}, coalesce(cell, ''), coalesce(field, ''), value, message"
    return _query(home, source, columns, "")


def _query(home: Home, source: str | None, columns: str, group: str) -> list[tuple]:
    in_force = [row for row in deliveries(home, source) if row["state"] == "accepted" and row["rows_quarantined"]]
    paths = [home.landing / "quarantine" / f"{row['source']}__{row['delivery_id']}.parquet" for row in in_force]
    files = [str(path) for path in paths if path.exists()]
    if not files:
        return []
    import duckdb

    with duckdb.connect() as connection:
        grouped = f"group by {group} order by {group}" if group else "order by file_name, row_number, cell"
        return connection.execute(f"select {columns} from read_parquet($files) {grouped}", {"files": files}).fetchall()


def _sources(
    lines: Lines, home: Home, contracts: dict[str, LoadedContract], known: list[dict[str, Any]], now: datetime
) -> None:
    lines.say("Sources (lignes des livraisons en vigueur)")
    rows = []
    for fresh in freshness(home, contracts, now):
        own = [row for row in known if row["source"] == fresh.source]
        force = [row for row in own if row["state"] == "accepted"]
        counts = [
            sum(row[f"rows_{what}"] for row in force) for what in ("read", "accepted", "quarantined", "duplicate")
        ]
        late = "  EN RETARD" if fresh.is_late else ""
        rows.append((fresh.source, len(own), *counts, fresh.sentence() + late))
    header = ("source", "livraisons", "lues", "acceptées", "quarantaine", "doubles", "dernière livraison")
    lines.table(rows, header)


def _attention(lines: Lines, known: list[dict[str, Any]]) -> None:
    from publication.wording import DELIVERY_STATES
    from sources.redaction import EMPTIED

    waiting = [row for row in known if row["state"] in ("held", "refused") and row["rule"] != EMPTIED]
    if emptied := [row for row in known if row["rule"] == EMPTIED]:
        lines.say()
        lines.say("Fichiers dont il ne reste rien (effacement demandé, ou durée de conservation passée)")
    for row in emptied:
        lines.say(f"  {row['source']} / {row['file_name']}")
    if waiting:
        lines.say()
        lines.say("Livraisons à corriger")
    for row in waiting:
        named = f"{DELIVERY_STATES[row['state']]}, livraison {row['delivery_id']}"
        lines.say(f"  {row['source']} / {row['file_name']} ({named}) : {row['message']}")


def _remarks(lines: Lines, known: list[dict[str, Any]]) -> None:
    """What was worth saying of the deliveries in force (a total that is not that of the rows, a hidden sheet), once per source and sentence."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in known:
        if row["state"] == "accepted" and row["source"] != RETURNS:
            for note in row["notes"]:
                found.setdefault((row["source"], note.message), []).append(row["file_name"])
    if found:
        lines.say()
        lines.say("Remarques sur les livraisons en vigueur")
    for (source, message), files in list(found.items())[:MOST_REMARKS]:
        others = f" et {plural(len(files) - 1, 'autre')}" if len(files) > 1 else ""
        lines.say(f"  {source} / {files[0]}{others} : {message}")
    if len(found) > MOST_REMARKS:
        others = plural(len(found) - MOST_REMARKS, "autre remarque", "autres remarques")
        lines.say(f"  … et {others} : « observatoire sources check FICHIER » dit toutes celles d'un fichier")


def _overtaken(lines: Lines, home: Home, known: list[dict[str, Any]]) -> None:
    """What came last and does not count, because a file that was there is newer by its own time."""
    from sources.ledger import open_ledger, overtaken, overtaken_sentence

    if not known:
        return
    with open_ledger(home.ledger) as ledger:
        found = overtaken(ledger)
    if found:
        lines.say()
        lines.say("Versions arrivées qui ne comptent pas")
    for row in found[:MOST_REMARKS]:
        lines.say(f"  {row['source']} : {overtaken_sentence(row)}")


def _inbox(lines: Lines, home: Home) -> None:
    """What a night does not read of the inbox as it is, and why: a night that nobody watches says it to nobody."""
    from sources.inbox import look

    notes = look(home.inbox, home.ledger, sources_with_contract(home)).notes
    if notes:
        lines.say()
        lines.say("Dans le dépôt, pas lu")
    for note in notes:
        lines.say(f"  {note.message}")


def _returns(lines: Lines, known: list[dict[str, Any]]) -> None:
    """Workbooks that came back, the last first: what was taken, and why the rest was not."""
    came = [row for row in reversed(known) if row["source"] == RETURNS and row["outcome"] == "accepted"]
    if came:
        lines.say()
        lines.say("Classeurs de retour")
    for row in came[:MOST_RETURNS]:
        lines.say(f"  {row['file_name']} : {row['message'] or ''}")
        for note in row["notes"]:
            lines.say(f"      {note.message}")
    if len(came) > MOST_RETURNS:
        lines.say(f"  … et {plural(len(came) - MOST_RETURNS, 'plus ancien, pris', 'plus anciens, pris')} avant ceux-là")


def _release(lines: Lines, home: Home) -> None:
    from publication import releases
    from publication.wording import state

    lines.say()
    current = releases.current(home.releases)
    if current is None:
        lines.say("Aucune version publiée.")
        return
    lines.say(f"Version {current.number}, faite le {current.made_at[:16].replace('T', ' à ')} UTC")
    rows = []
    for name, status in sorted(current.datasets.items()):
        rows.append((name, state(status)))
    lines.table(rows)
    for name, status in sorted(current.datasets.items()):
        for reason in (*status.reasons, *status.reserves):
            lines.say(f"  {name} : {reason}")


def _checks(lines: Lines, home: Home) -> None:
    from expectations.verdict import not_judged, tally

    audited = latest(home.warehouse, AUDITED)
    verdict = rooms.kept_verdict(audited) if audited else None
    if verdict is None:
        return
    failed = [outcome for outcome in verdict.outcomes if not outcome.holds]
    lines.say()
    lines.say(f"Contrôles : {tally(verdict.outcomes)}")
    for dataset in dict.fromkeys(outcome.dataset for outcome in failed):
        for sentence in not_judged(verdict.of(dataset)):
            lines.say(f"  {dataset} : {sentence}")
    for outcome in failed:
        if not outcome.error:
            lines.say(f"  {outcome.dataset} / {outcome.expectation_id} ({outcome.severity}) : {outcome.sentence()}")


def _night(lines: Lines, home: Home) -> None:
    lines.say()
    last = last_night(home)
    if last:
        lines.say(f"Dernière nuit menée à son terme : {last['finished_at'][:16].replace('T', ' à ')} UTC")
    if is_night_under_way(home.lock):
        lines.say("Une nuit est en cours.")
    elif (left := left_by_last_night(home)) is not None:
        for source in left.get("failed_sources", ()):
            lines.say(
                f"Source {source} : la dernière nuit n'a pas pu la lire, et a dit pourquoi ; ce qui en avait été lu reste en place."
            )
        lines.say(f"{LEFT.capitalize()} : lancez `observatoire run`.")
