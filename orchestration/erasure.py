"""Erasing a person everywhere, in the order that no crash can undo, and proving it.

Belongs here: the order across the rooms, what each layer lost, the certificate. Does not belong here: how a layer is erased (`sources.erasure`,
`publication.redaction`, `identity`), words on the screen.

    1 tombstone     written first, beside whom it is about: whatever stops afterwards, the next night goes on (`finish`)
    2 deliveries    originals, landed and refused rows, identities, one delivery at a time; then the inbox and unlanded pages
    3 matching      decisions, registry and participants, made again without the person
    4 warehouse     every candidate is thrown away: the next night builds one from what is left
    5 releases      by `publication`
    6 the rest      Dagster's storage, logs, ledger: no identity is ever written there on purpose, and they are searched
    7 certificate   counts per layer, no identity, in `vault/certificates/`; whom it was about is forgotten
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration import rooms
from orchestration.candidates import candidates
from orchestration.home import Home
from orchestration.home_copy import discard
from orchestration.novelty import leave_for_next_night
from orchestration.progress import Running, step
from rulebook.numbers import plural

if TYPE_CHECKING:
    import pyarrow as pa

    from identity.held import Held
    from identity.mentions import Identifiers
    from identity.tombstones import Sought, Tombstone
    from identity.under_way import UnderWay
    from identity.vault import Vault
    from publication.redaction import RedactedRelease
    from sources.erasure import Standing

LAYERS = {
    "deliveries": "livraisons où la personne figurait",
    "originals": "originaux conservés, réécrits sans elle",
    "emptied": "originaux illisibles, ou d'une lecture interrompue, détruits",
    "rows": "lignes effacées, gardées comme décompte anonyme",
    "refused": "dont lignes en quarantaine",
    "rows_emptied": "lignes vidées, qui ne comptaient pas (fichier retenu faute de contrat qui le lise, ligne laissée de côté)",
    "cells": "cellules masquées dans les lignes d'autres personnes",
    "contacts": "cellules de contact vidées (la structure, ou la fiche, reste)",
    "names": "fichiers, ou dossiers du dépôt, renommés, dont le nom la citait",
    "inbox": "copies retirées du dépôt",
    "pages": "pages de plateformes retirées avant lecture",
    "returned": "lignes de classeurs de retour qui la citaient",
    "decisions": "décisions de rapprochement nettoyées",
    "candidates": "entrepôts de travail détruits",
    "releases": "versions publiées réécrites (fichiers des analystes ; les agrégats publics ne changent pas)",
    "release_rows": "lignes réécrites dans ces versions",
    "traces": "traces effacées dans les journaux, le registre des livraisons et l'historique de Dagster",
}
"""What a certificate counts, layer by layer."""

MONTHS = 1
"""Time to answer (RGPD art. 12(3)), in months."""

IN_FORCE_ON = date(2018, 5, 25)
"""Day from which the RGPD applies (art. 99(2)): nobody asked under it before."""


@dataclass(frozen=True)
class Certificate:
    """What was erased, without saying whom. `asked_on`: day of the request; `due_on`: a month later. `resumed`: after an interruption, of which
    the counts may lack the last moment. `is_day_corrected`: the day that was noted was none of a request, and `asked_on` the nearest that is."""

    id: str
    asked_on: str
    due_on: str
    erased_at: str
    objection: bool
    counts: dict[str, int] = field(default_factory=dict)
    resumed: bool = False
    is_day_corrected: bool = False

    @property
    def is_on_time(self) -> bool:
        return self.erased_at[:10] <= self.due_on

    def text(self) -> str:
        lines = [
            f"Certificat d'effacement n° {self.id}",
            "",
            f"Demande reçue le {french_day(self.asked_on)}, à traiter avant le {french_day(self.due_on)} (RGPD, article 12).",
            f"Effacement mené le {french_day(self.erased_at[:10])}"
            f"{', dans le délai' if self.is_on_time else ', hors délai'}.",
            *(["La personne s'oppose aussi à tout traitement futur (article 21)."] if self.objection else []),
            *(
                ["Le jour de demande qui avait été noté était impossible : le plus proche qui se puisse en tient lieu."]
                if self.is_day_corrected
                else []
            ),
            *(["Interrompu, puis repris jusqu'au bout : chaque nombre est un minimum."] if self.resumed else []),
            "",
            *(f"{count:>8}  {LAYERS[layer]}" for layer, count in self.counts.items()),
            "",
            "Les lignes effacées restent comptées sans identité, sous une clé tirée au hasard : les totaux passés ne changent pas.",
            "Une empreinte chiffrée, qui ne permet de retrouver personne, fait que la personne est effacée de nouveau si un fichier",
            "ou une sauvegarde la ramène. Ce certificat ne contient aucune identité.",
        ]
        return "\n".join(lines) + "\n"


def french_day(day: str) -> str:
    return f"{date.fromisoformat(day):%d/%m/%Y}"


def month_later(day: date) -> date:
    """The same day of the next month, or its last day."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    for last in (day.day, 30, 29, 28):
        with contextlib.suppress(ValueError):
            return date(year, month, min(day.day, last))
    raise AssertionError("every month has a 28th")


def why_not_asked_on(day: date, now: datetime) -> str | None:
    """Why nobody can have asked that day, in French; None when they can. It may be tomorrow already where the machine is, and not in UTC."""
    if day > _today(now):
        return f"le {day:%d/%m/%Y} n'est pas encore venu : une demande ne peut pas avoir été reçue après ce jour"
    if day < IN_FORCE_ON:
        return f"le {day:%d/%m/%Y} est d'avant le {IN_FORCE_ON:%d/%m/%Y}, premier jour où le RGPD s'applique"
    return None


def _today(now: datetime) -> date:
    return max(now.date(), now.astimezone().date())


# --- finding -------------------------------------------------------------------------------------------------------


def landed_rows(home: Home) -> pa.Table:
    """Rows of every delivery that landed, their event and their place (`identity.held.LANDED`)."""
    import duckdb
    import pyarrow as pa

    from identity.held import LANDED
    from sources.entities import ENTITIES
    from sources.persons import with_spelled_events

    found = []
    with contextlib.closing(duckdb.connect()) as con:
        for entity in ENTITIES.values():
            files = [str(path) for path in (home.landing / entity.name).glob("*.parquet")]
            if entity.personal and files:
                said = [
                    name if name in entity.columns else "cast(null as varchar)"
                    for name in ("event_id", "registration_id")
                ]
                found.append(
                    con.sql(
                        f"select source, delivery_id, row_number, {said[0]} as event_id, {said[1]} as registration_id from read_parquet($files)",
                        params={"files": files},
                    )
                    .to_arrow_table()
                    .cast(LANDED)
                )
    return with_spelled_events(pa.concat_tables([LANDED.empty_table(), *found]), home.landing)


UID_DIGITS = 16


def is_number(who: str) -> bool:
    """Whether this is the number of a person (16 hexadecimal digits) or the key of a participant (decimal digits), rather than a name."""
    return who.isdecimal() or (len(who) == UID_DIGITS and all(character in "0123456789abcdef" for character in who))


def held(home: Home, who: str, *, purpose: str, same_name: bool = False, is_ticket: bool = False) -> Held:
    """Everything held on `who`: an address, a person's number (16 hexadecimal digits), a participant's key, a name, or (`is_ticket`) the
    number of a ticket, `event/number` where several events have one. What was asked
    is among the identifiers, so that it is looked for also where nobody knows whose it is (`everywhere`)."""
    import pyarrow as pa

    from identity.held import Held, held_on
    from identity.mentions import Identifiers
    from identity.pseudonyms import normalise_emails
    from sources.erasure import refused_people
    from sources.persons import with_spelled_events

    vault, landed = vault_of(home), landed_rows(home)
    asked: dict = {}
    identifiers = Identifiers()
    if is_ticket:
        asked["ticket"] = who
    elif "@" in who:
        asked["email"] = who
        identifiers = Identifiers(emails=frozenset(normalise_emails(pa.array([who])).drop_null().to_pylist()))
    elif is_number(who):
        # sixteen decimal digits are a number of both kinds: whoever has it is meant
        asked["uid"] = who if len(who) == UID_DIGITS else None
        asked["rows"] = _rows_of_participants(home, [int(who)] if who.isdecimal() else [])
        if not any(asked.values()):
            return Held()
    else:
        asked["name"] = who
        identifiers = Identifiers(names=frozenset([(who, None)]))
    refused = refused_people(rooms.places(home), rooms.contracts(home), purpose, with_places=True)
    refused = with_spelled_events(refused, home.landing)
    found = held_on(vault, landed, purpose=purpose, same_name=same_name, refused=refused, **asked)
    if found.rows and "email" in asked:  # an address that others use too names nobody
        return found
    both = found.identifiers | identifiers
    return replace(found, identifiers=both, emails=tuple(sorted({*found.emails, *identifiers.emails})))


@dataclass(frozen=True)
class Everywhere:
    """Where an erasure would find somebody. `deliveries`: as the ledger has them, and how the person stands in each; `nb_returned`:
    lines of returned workbooks; `nb_names`: names of files, and of folders of the inbox; `nb_inbox`: files of the inbox that nothing reads; `nb_unrecorded`: originals
    that no delivery speaks of; `nb_decisions`: decisions by hand about the person, or whose reason mentions her."""

    deliveries: tuple[tuple[dict[str, Any], Standing], ...] = ()
    nb_returned: int = 0
    nb_names: int = 0
    nb_inbox: int = 0
    nb_unrecorded: int = 0
    nb_decisions: int = 0

    def __bool__(self) -> bool:
        return any(getattr(self, place.name) for place in fields(self))


def everywhere(home: Home, found: Held, *, purpose: str, now: datetime) -> Everywhere:
    """Look through every kept delivery for who was found, or for what was asked where nobody was. Changes nothing. Logged first."""
    from identity.matching.constraints import concerning
    from sources.erasure import copies_in_inbox, folders_citing, found_in, unrecorded_mentioning
    from sources.ledger import deliveries, file_names, open_ledger
    from sources.returned import nb_mentioning

    vault, places, contracts = vault_of(home), rooms.places(home), rooms.contracts(home)
    masks, sought = found.identifiers, _sought(vault, found, now)
    with open_ledger(home.ledger) as ledger:
        known, names = deliveries(ledger), file_names(ledger)
    vault.log.record(purpose, "read", ["originals"], sum(row["rows_read"] for row in known))
    with step("search", "Recherche dans les livraisons gardées") as running:
        standings = [
            (row, standing)
            for row in running.over(known)
            if (standing := found_in(places, contracts.get(row["source"]), row, sought, masks))
        ]
        running.say(plural(len(known), "livraison"))
    theirs = {row["sha256"] for row, standing in standings if not standing.stays}
    return Everywhere(
        tuple(standings),
        nb_mentioning(places.returned, vault.cipher, masks.is_in),
        sum(map(masks.is_in, names)) + len(folders_citing(places, masks, sought.tombstone, sources=contracts.keys())),
        len(copies_in_inbox(places, masks, sources=contracts.keys(), hashes=theirs)),
        len(unrecorded_mentioning(places, masks)),
        len({key for keys in concerning(vault, found.fingerprints, masks) for key in keys}),
    )


def _sought(vault: Vault, found: Held, now: datetime) -> Sought:
    from identity.tombstones import Sought

    names = frozenset(name for _, name in (*found.names_at, *found.shared))
    return Sought(tombstone_of(vault, found, now), frozenset(found.emails), names)


def _rows_of_participants(home: Home, keys: Sequence[int]) -> tuple[tuple[str, str, int], ...]:
    known = [key for key in keys if key < 1 << 63]
    return tuple(
        _participants(home, "list_contains($asked, participant_key)", known, "source, delivery_id, row_number")
    )


def participants_of(home: Home, rows: Sequence[tuple[str, str, int]]) -> set[int]:
    """Keys under which tonight's warehouse knows these rows."""
    wanted = [f"{source}/{delivery_id}/{number}" for source, delivery_id, number in rows]
    condition = "list_contains($asked, source || '/' || delivery_id || '/' || row_number)"
    return {key for (key,) in _participants(home, condition, wanted, "distinct participant_key")}


def _participants(home: Home, condition: str, asked: list, what: str) -> list[tuple]:
    import duckdb

    path = home.participants / "current" / "participant_row.parquet"
    if not path.exists() or not asked:
        return []
    with contextlib.closing(duckdb.connect()) as con:
        return con.execute(
            f"select {what} from read_parquet($path) where {condition}", {"path": str(path), "asked": asked}
        ).fetchall()


def vault_of(home: Home) -> Vault:
    from identity.vault import Vault

    return Vault(home.vault)


# --- erasing -------------------------------------------------------------------------------------------------------


def erase(
    home: Home, found: Held, *, asked_on: date, now: datetime, purpose: str, objection: bool = False
) -> Certificate | None:
    """Erase what was found, everywhere. To be called under the night's lock. Interrupted, it stays under way: `finish` goes on. None when
    it has to wait for somebody: `waiting` says what for. Raises ValueError, before anything is written, for a day that cannot be that of a
    request."""
    from identity.under_way import UnderWay
    from sources.erasure import names_citing

    if why := why_not_asked_on(asked_on, now):
        raise ValueError(why)
    vault = vault_of(home)
    stone = tombstone_of(vault, found, now, objection)
    under_way = UnderWay(
        stone.id,
        found,
        asked_on.isoformat(),
        stone.erased_at,
        purpose,
        objection,
        tuple(sorted(participants_of(home, found.rows))),
        names_citing(rooms.places(home), found.identifiers, stone),
        dict.fromkeys(LAYERS, 0),
    )
    return _carried_out(home, vault, under_way, stone, now, resumed=False)


def finish(home: Home, now: datetime) -> list[Certificate]:
    """Carry out to its end what an interruption left under way, as far as it does not wait for somebody. To be called under the night's lock."""
    vault = vault_of(home)
    stones = {stone.id: stone for stone in vault.tombstones.all()}
    written = {certificate.id for certificate in certificates(home)}
    made = []
    for each in vault.under_way.all():
        if each.id in written:
            vault.under_way.forget(each)
            continue
        began = datetime.fromisoformat(each.started_at)
        stone = stones.get(each.id) or replace(tombstone_of(vault, each.found, began, each.objection), id=each.id)
        if certificate := _carried_out(home, vault, each, stone, now, resumed=True):
            made.append(certificate)
    return made


def waiting(home: Home) -> list[str]:
    """What the erasures under way wait for, in French sentences; none where they were only interrupted."""
    from identity.under_way import is_any_under_way

    if not is_any_under_way(home.vault):
        return []
    return [sentence for each in vault_of(home).under_way.all() for sentence in each.waits]


def _carried_out(
    home: Home, vault: Vault, under_way: UnderWay, stone: Tombstone, now: datetime, *, resumed: bool
) -> Certificate | None:
    """Every step is safe to repeat, and adds what it erased to the counts. None while the person is still in something that nothing reads."""
    from sources.erased_files import tombstones_applied

    found, counts = under_way.found, under_way.counts
    # earlier programs took any day; what began with one is finished all the same
    noted, latest = date.fromisoformat(under_way.asked_on), _today(datetime.fromisoformat(under_way.started_at))
    asked_on = min(max(noted, IN_FORCE_ON), latest)
    due_on = month_later(asked_on)
    vault.log.record(under_way.purpose, "erase", sorted({f"{s}/{d}" for s, d, _ in found.rows}), len(found.rows))
    vault.under_way.keep(under_way)
    vault.tombstones.keep(stone)
    with step("erase:deliveries", "Livraisons") as running:
        stone, waits = _erase_deliveries(home, vault, stone, under_way, now, running)
        vault.under_way.keep(under_way)
    with step("erase:matching", "Rapprochement des personnes"):
        stone = _with_decisions(vault, stone, found)
        counts["decisions"] += _matched_again(home, vault, found)
        remember_decisions(home)
    counts["candidates"] += throw_candidates_away(home)
    vault.under_way.keep(under_way)
    with step("erase:releases", "Versions publiées") as running:
        stone = _erase_releases(home, vault, stone, under_way, now, running)
    vault.under_way.keep(under_way)
    with step("erase:traces", "Journaux, registre des livraisons et historique de Dagster") as running:
        if under_way.names:
            _vacuum(home.ledger)
        counts["traces"] += sum(scrub(path, found.identifiers) for path in running.over([*_traces(home)]))
    tombstones_applied(home.vault)
    leave_for_next_night(home)
    if waits:
        vault.under_way.keep(replace(under_way, waits=waits))
        return None
    certificate = Certificate(
        stone.id,
        asked_on.isoformat(),
        due_on.isoformat(),
        now.isoformat(),
        under_way.objection,
        counts,
        resumed,
        is_day_corrected=asked_on != noted,
    )
    keep_certificate(home, certificate)
    vault.under_way.forget(under_way)
    return certificate


def tombstone_of(vault: Vault, found: Held, now: datetime, objection: bool = False) -> Tombstone:
    """The tombstone of who was found, not kept yet."""
    from identity.mentions import is_telling

    stones = vault.tombstones
    names = [stones.of_name(event_id, name) for event_id, name in found.names_at]
    names += [stones.of_name(f"@{email}", name) for email, name in found.shared]
    return replace(
        stones.new(now, objection=objection),
        emails=tuple(stones.of_email(email) for email in found.emails),
        names=tuple(names),
        places=tuple(stones.of_place(event_id, number) for event_id, number in found.places),
        tickets=tuple(stones.of_ticket(number) for number in sorted(found.identifiers.tickets) if is_telling(number)),
        rows=tuple(f"{source}/{delivery_id}/{number}" for source, delivery_id, number in found.rows),
    )


def _erase_deliveries(
    home: Home,
    vault: Vault,
    stone: Tombstone,
    under_way: UnderWay,
    now: datetime,
    running: Running,
) -> tuple[Tombstone, tuple[str, ...]]:
    """The tombstone, with all that went, and what has to be done before the person is in no delivery any more."""
    from sources.erasure import (
        Going,
        clear_inbox,
        copies_in_inbox,
        erase_in,
        folders_citing,
        forget_leftovers,
        forget_pages,
        forget_returned,
        unrecorded_mentioning,
    )
    from sources.landing import NotReadAgain
    from sources.ledger import deliveries, open_ledger, rename_files

    places, contracts = rooms.places(home), rooms.contracts(home)
    masks, counts = under_way.found.identifiers, under_way.counts
    with open_ledger(home.ledger) as ledger:
        renamed = rename_files(ledger, under_way.names)
        counts["names"] = max(counts["names"], len(renamed))
        known = deliveries(ledger)
    cells, rows = dict(stone.cells), set(stone.rows)
    named: dict[tuple[str, str], set[int]] = {}
    for source, delivery_id, number in under_way.found.rows:
        named.setdefault((source, delivery_id), set()).add(number)
    stay: dict[tuple[str, str], str] = {}
    for row in running.over(known):
        at = row["source"], row["delivery_id"]
        going = Going(masks, named=named.get(at, ()), purpose=under_way.purpose)
        try:
            done = erase_in(places, contracts.get(row["source"]), row, going, now=now, renamed=at in renamed)
        except NotReadAgain as found:
            stay[at] = str(found)
            continue
        if done is None:
            continue
        key = f"{done.source}/{done.delivery_id}"
        cells[key] = done.cells
        rows |= {f"{key}/{number}" for number in done.rows}
        counts["deliveries"] += 1
        counts["emptied" if done.is_emptied else "originals"] += 1
        counts["rows"] += len(done.rows) - done.nb_emptied
        counts["rows_emptied"] += done.nb_emptied
        counts["refused"] += done.nb_refused
        counts["cells"] += len(done.cells)
        counts["contacts"] += done.nb_blanked
        # what must be masked again in a backup is known before the next delivery is touched
        stone = replace(stone, cells=cells, rows=tuple(sorted(rows)))
        vault.tombstones.keep(stone)
        vault.under_way.keep(under_way)
    forget_leftovers(places, purpose=under_way.purpose)
    counts["returned"] += forget_returned(places, masks)
    counts["inbox"] += clear_inbox(places)
    hashes = {row["sha256"] for row in known if f"{row['source']}/{row['delivery_id']}" in cells}
    for copy in copies_in_inbox(places, masks, sources=contracts.keys(), hashes=hashes):
        copy.unlink()
        counts["inbox"] += 1
    for folder, other in folders_citing(places, masks, stone, sources=contracts.keys()).items():
        folder.rename(other)
        counts["names"] += 1
    for original in unrecorded_mentioning(places, masks):
        original.unlink()
        counts["emptied"] += 1
    counts["pages"] += forget_pages(places)
    return stone, (*stay.values(), *_still_there(home, vault, under_way, known, stay))


def _still_there(
    home: Home, vault: Vault, under_way: UnderWay, known: Sequence[dict[str, Any]], stay: Collection[tuple[str, str]]
) -> list[str]:
    """Proof before the certificate: a sentence for each delivery, besides those that `stay`, in which a row still says that it is the person's."""
    from identity.held import still_named
    from sources.erasure import refused_people
    from sources.landing import NotReadAgain, original_path

    deliveries = {(source, delivery_id) for source, delivery_id, _ in under_way.found.rows}
    places, purpose = rooms.places(home), under_way.purpose
    refused = refused_people(places, rooms.contracts(home), purpose, deliveries)
    left = still_named(vault, under_way.found.rows, purpose=purpose, refused=refused)
    found: dict[tuple[str, str], int] = {}
    for source, delivery_id, _ in left:
        if (source, delivery_id) not in stay:
            found[source, delivery_id] = found.get((source, delivery_id), 0) + 1
    rows, sentences = {(row["source"], row["delivery_id"]): row for row in known}, []
    for at, count in found.items():
        row = rows.get(at)
        name = (
            f"{row['file_name']} » (livraison {at[1]}" if row else f"{'/'.join(at)} » (livraison inconnue du registre"
        )
        if row and not original_path(places.originals, row["sha256"]).exists():
            sentences.append(str(NotReadAgain(at[0], lost=[row["file_name"]])))
        else:
            sentences.append(f"« {name}) tient encore {plural(count, 'ligne', 'lignes')} de cette personne")
    return sentences


def _with_decisions(vault: Vault, stone: Tombstone, found: Held) -> Tombstone:
    """The tombstone says which decisions by hand are about the person before they are changed."""
    from identity.matching.constraints import concerning

    decisions, reasons = concerning(vault, found.fingerprints, found.identifiers)
    stone = replace(
        stone, decisions={**decisions, **stone.decisions}, reasons=tuple(sorted({*reasons, *stone.reasons}))
    )
    vault.tombstones.keep(stone)
    return stone


def _matched_again(home: Home, vault: Vault, found: Held) -> int:
    from identity.matching import constraints, registry

    forgotten = constraints.forget(vault, found.fingerprints, found.identifiers)
    registry.forget(vault)
    rooms.match(home, rooms.contracts(home))
    return forgotten


def throw_candidates_away(home: Home) -> int:
    """Candidates hold pseudonyms and places of residence: they go whole, the next night builds another. So does what a rehearsal that died left."""
    discard(home)
    found = candidates(home.warehouse)
    for candidate in found:
        candidate.throw_away()
    return len(found)


def _erase_releases(
    home: Home,
    vault: Vault,
    stone: Tombstone,
    under_way: UnderWay,
    now: datetime,
    running: Running,
) -> Tombstone:
    from publication import redaction

    # an interruption may have found some releases without the person already; a wait may have published others with her
    participants = {*under_way.participants, *redaction.participants_of(home.releases, under_way.found.rows)}
    keys = {*map(str, participants)} - stone.participants.keys() - set(stone.participants.values())
    if keys:
        renamed = {key: str(int(stone.token("participant", key)[:15], 16)) for key in keys}
        stone = replace(stone, participants={**stone.participants, **renamed})
        vault.tombstones.keep(stone)
    done = redact_releases(home, stone, now, running.move)
    under_way.counts["releases"] += len(done)
    under_way.counts["release_rows"] += sum(release.nb_rows for release in done)
    remember_releases(home)
    return stone


def redact_releases(
    home: Home, stone: Tombstone, now: datetime, moved: Callable[[int, int], None] = lambda done, total: None
) -> list[RedactedRelease]:
    """The person leaves the analysts' files of every release, under the keys and tokens of its tombstone. What `publication.redaction` changed."""
    from publication import redaction

    keys = {int(before): int(after) for before, after in stone.participants.items()}
    known, rows = stone.with_passing_secret(), []
    for row in stone.rows:
        source, delivery_id, number = row.split("/")
        rows.append((source, delivery_id, int(number)))
    renamed = redaction.Renamed(keys, lambda column, value: known.token(f"release {column}", value), tuple(rows))
    return redaction.redact(home.releases, renamed, now=now, moved=moved)


RELEASES = ("#releases", "analysts")
"""Stands for a delivery in the list of erased files."""


def remember_releases(home: Home) -> None:
    """Note the analysts' files as they are now, so that an older one put back shows."""
    from sources.erased_files import remember

    files = sorted(home.releases.glob("[0-9]*/analysts/*.duckdb"))
    remember(home.vault, *RELEASES, files)


DECISIONS = ("#matching", "decisions")
"""Stands there for the decisions by hand."""


def remember_decisions(home: Home) -> None:
    """Take erased persons out of the decisions by hand, which an older list may have brought back, and note the list as it is now. To be called
    after each decision too: what the list became is then no older one put back."""
    from identity.matching.constraints import forget_again, path_of
    from sources.erased_files import remember

    vault = vault_of(home)
    forget_again(vault, vault.tombstones.all())
    remember(home.vault, *DECISIONS, [path_of(vault)])


# --- again ---------------------------------------------------------------------------------------------------------


def erase_again(home: Home, now: datetime) -> int:
    """Where a backup brought erased persons back, erase them again; how many deliveries and releases were done again. Costs the stat of
    the erased files when nothing came back. To be called under the night's lock. Raises NotReadAgain, after everything else, when somebody is back in a
    delivery that its contract no longer reads: nothing is read nor published with her."""
    from sources.erased_files import are_tombstones_new, found_again, replaced_since, tombstones_applied
    from sources.erasure import clear_inbox, reapply
    from sources.landing import NotReadAgain

    replaced, brought = replaced_since(home.vault), are_tombstones_new(home.vault)
    if not replaced and not brought:
        return 0
    vault, places = vault_of(home), rooms.places(home)
    vault.log.record("person_rights", "erase", ["tombstones"], len(vault.tombstones.all()))
    again, stays = 0, None
    try:
        again = reapply(places, rooms.contracts(home), now, everywhere=brought)
    except NotReadAgain as found:
        stays = found
    clear_inbox(places)
    remember_decisions(home)
    if RELEASES in replaced or brought:
        for stone in vault.tombstones.all():
            again += len(redact_releases(home, stone, now))
        remember_releases(home)
    throw_candidates_away(home)
    if stays is not None:
        raise stays
    tombstones_applied(home.vault)
    found_again(home.vault)
    return again


# --- what should hold nothing --------------------------------------------------------------------------------------


def _traces(home: Home) -> Iterator[Path]:
    """Files that nobody writes an identity into on purpose: the name of a delivered file may hold one."""
    yield home.ledger
    for folder in (home.dagster, home.logs):
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file())
    yield from sorted(home.warehouse.glob("*.json"))


def scrub(path: Path, masks: Identifiers) -> int:
    """Mask every mention of the person in a log or in an SQLite file; how many lines or cells held one."""
    if not path.exists() or path.name.endswith(("-wal", "-shm", "-journal")):
        return 0
    with path.open("rb") as file:
        is_database = file.read(16) == b"SQLite format 3\0"
    if is_database:
        return _scrub_database(path, masks)
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except UnicodeDecodeError:
        return 0
    found = sum(masks.is_in(line) for line in lines)
    if found:
        path.write_text("".join(masks.masked(line) for line in lines), encoding="utf-8")
    return found


def _scrub_database(path: Path, masks: Identifiers) -> int:
    """Nothing of the old bytes is left: what is freed is overwritten, and the write-ahead log emptied."""
    found = 0
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as con:
        con.create_function("holds", 1, lambda value: int(isinstance(value, str) and masks.is_in(value)))
        con.create_function("masked", 1, masks.masked)
        con.execute("pragma secure_delete = on")
        tables = [name for (name,) in con.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            for column in [row[1] for row in con.execute(f'pragma table_info("{table}")')]:
                changed = con.execute(
                    f'update "{table}" set "{column}" = masked("{column}") where typeof("{column}") = \'text\' and holds("{column}")'
                )
                found += changed.rowcount
        con.commit()
    if found:
        _vacuum(path)
    return found


def _vacuum(path: Path) -> None:
    """Rewrite an SQLite file without what was freed in it, and empty its log."""
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as con:
        con.execute("vacuum")
        con.execute("pragma wal_checkpoint(truncate)")


# --- certificates --------------------------------------------------------------------------------------------------


def keep_certificate(home: Home, certificate: Certificate) -> Path:
    """Write the certificate twice under `vault/certificates/`: for people and for programs."""
    from identity.keys import private_directory, replace_file

    folder = private_directory(home.certificates)
    replace_file(folder / f"{certificate.id}.json", json.dumps(asdict(certificate), indent=1).encode() + b"\n")
    path = folder / f"{certificate.id}.txt"
    replace_file(path, certificate.text().encode())
    return path


def certificates(home: Home) -> list[Certificate]:
    """Every certificate that can be read, oldest first."""
    found = [made for path in home.certificates.glob("*.json") if (made := _certificate_at(path)) is not None]
    return sorted(found, key=lambda each: (each.erased_at, each.id))


def damaged_certificates(home: Home) -> list[Path]:
    """Those that cannot be."""
    return sorted(path for path in home.certificates.glob("*.json") if _certificate_at(path) is None)


def why_damaged(certificate: Path) -> str:
    """In French, with what to do."""
    return f"{certificate} est illisible : remettez-le d'une sauvegarde ; {certificate.with_suffix('.txt').name}, à côté, dit la même chose"


def _certificate_at(path: Path) -> Certificate | None:
    try:
        made = Certificate(**json.loads(path.read_text(encoding="utf-8")))
        datetime.fromisoformat(made.erased_at)
        return made if isinstance(made.counts["rows"], int) else None
    except (ValueError, TypeError, KeyError):
        return None
