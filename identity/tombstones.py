"""Tombstones: who was erased, as keyed fingerprints that recognise the person when a file or a backup brings them back.

Here: making, keeping and finding them, and the stand-ins that take the place of an erased person. Not here: what is done to
files (`sources/redaction.py`), finding a person's rows (`held.py`).

One file per erasure, `<vault>/tombstones/<id>.enc`, encrypted: a copy of the directory added to a restored vault is
enough to erase again. A tombstone holds no identity, only HMAC-SHA256 under a key derived from the master key:

    emails   of each address              names   of each (event, normalised name), and (shared address, normalised name)
    places   of each (event, number of a ticket): for rows that name nobody
    tickets  of each number of a ticket that nobody else's rows carry and no text holds by chance: for whoever quotes it
    An event is its letters, whatever their case: a later list may spell it otherwise, as its programme may.
    rows     source/delivery/row that were erased, in the clear: coordinates, not persons

`secret` makes the stand-ins: the same for every row of the person, so that an erased person still counts once, and equal
again when a backup comes back. Once `secret` is destroyed (retention), nothing links a tally to a tombstone any more.

An erasure covers what existed: a row whose own instant is later than `erased_at` is a new participation, unless the
person objected to any further processing (`objection`, RGPD art. 21).
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache, reduce
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from identity.cipher import Cipher
from identity.keys import private_directory
from identity.mentions import addresses_in, tickets_in
from identity.pseudonyms import normalise_emails, normalise_names

STAND_IN_DOMAIN = "effacee.invalid"
"""Of the addresses that stand for erased persons (RFC 2606: `.invalid` never exists). No letter of them is the person's."""

BY_NAME = f".nom@{STAND_IN_DOMAIN}"
"""How a stand-in ends in a row that was known by a name alone, and goes on counting so: before it, what the person's other stand-in has."""

OF_NOBODY = f".anonyme@{STAND_IN_DOMAIN}"
"""How it ends in a row that names nobody (a first name alone, a telephone alone, a name at no event), and goes on being nobody's."""

ANY_LENGTH = range(100)
"""Of the ticket that a tombstone made before lengths stood with fingerprints knows."""

_FOLDER = "tombstones"


@dataclass(frozen=True)
class Tombstone:
    """One erasure. `emails`, `names`, `places`, `tickets`: fingerprints; `rows`: `source/delivery_id/row_number`; `cells`: `source/delivery_id` →
    [sheet, row_number, column] masked elsewhere; `decisions`: decisions by hand → the keyed numbers of identities that went from them, `reasons`:
    those whose reason named the person (`matching/constraints.py`); `participants`: participant keys of releases made before → what replaced them."""

    id: str
    erased_at: str
    emails: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    cells: Mapping[str, tuple[tuple[int, int, int], ...]] = field(default_factory=dict)
    decisions: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    participants: Mapping[str, str] = field(default_factory=dict)
    secret: str | None = None
    objection: bool = False

    @property
    def deliveries(self) -> set[tuple[str, str]]:
        """(source, delivery_id) of everything this erasure reached."""
        named = {tuple(row.split("/")[:2]) for row in self.rows} | {tuple(key.split("/")) for key in self.cells}
        return {(source, delivery_id) for source, delivery_id in named}

    def token(self, kind: str, text: str = "") -> str:
        """32 hex digits that stand for `text` of this person: HMAC-SHA256 under the secret, which no identity determines. Raises
        ValueError once the secret was destroyed."""
        secret = bytes.fromhex(self.secret or "")
        if not secret:
            raise ValueError("this tombstone has no secret any more: give it a passing one (`with_passing_secret`)")
        return hmac.digest(secret, f"{kind}\0{text}".encode(), "sha256")[:16].hex()

    @property
    def stand_in(self) -> str:
        """The address that takes the place of the person's, in a row that had an address or a telephone."""
        return f"{self.token('person')}@{STAND_IN_DOMAIN}"

    @property
    def stand_in_by_name(self) -> str:
        """The same person's, in a row that had neither."""
        return f"{self.token('person')}{BY_NAME}"

    @property
    def stand_in_of_nobody(self) -> str:
        """What is in the place of an address in a row that names nobody: it says that the row was erased, and makes nobody of it."""
        return f"{self.token('person')}{OF_NOBODY}"

    def with_passing_secret(self) -> Tombstone:
        """Itself, or a copy whose secret is forgotten with it: rows that come back later count apart."""
        return self if self.secret else replace(self, secret=os.urandom(32).hex())


@dataclass(frozen=True)
class Sought:
    """Somebody who is looked for, and not erased: the tombstone there would be, kept nowhere, and in the clear the normal addresses and names
    that it fingerprints, so that the rows of others are not hashed."""

    tombstone: Tombstone
    emails: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True)
class Quote:
    """An address, or else the number of a ticket, as a text says it, of whom these tombstones erased."""

    email: str | None
    ticket: str | None
    stones: Sequence[Tombstone]

    def holds(self, instant: datetime | None) -> bool:
        """Whether the erasure covers a row of this instant (UTC; None: unknown)."""
        return still_covered(self.stones, instant) is not None


class Tombstones:
    """Those of one vault."""

    def __init__(self, vault: Path, cipher: Cipher) -> None:
        self._folder, self._cipher = Path(vault) / _FOLDER, cipher
        self._known: dict[str, Tombstone] | None = None

    def __repr__(self) -> str:
        return f"<Tombstones {self._folder}>"

    def new(self, erased_at: datetime, *, objection: bool = False) -> Tombstone:
        """An empty one, not kept yet."""
        return Tombstone(
            os.urandom(8).hex(),
            erased_at.isoformat(timespec="seconds"),
            secret=os.urandom(32).hex(),
            objection=objection,
        )

    def of_email(self, email: str) -> str:
        """Fingerprint of a normalised address."""
        return self._cipher.mac("tombstones", f"email\0{email}".encode())

    def of_name(self, scope: str, name: str) -> str:
        """Fingerprint of a normalised name at an event, or behind a shared address (`@address`)."""
        return self._name_typed(scope.lower(), name)

    def _name_typed(self, scope: str, name: str) -> str:
        return self._cipher.mac("tombstones", f"name\0{len(scope)}:{scope}\0{name}".encode())

    def of_place(self, event_id: str, number: str) -> str:
        """Fingerprint of a ticket at an event."""
        return self._place_typed(event_id.lower(), number)

    def _place_typed(self, event_id: str, number: str) -> str:
        return self._cipher.mac("tombstones", f"place\0{len(event_id)}:{event_id}\0{number}".encode())

    def of_ticket(self, number: str) -> str:
        """Fingerprint of a ticket, whatever its event and the case of its letters: behind its length, so that few words of a text are hashed."""
        mac = self._cipher.mac("tombstones", f"ticket\0{number.lower()}".encode())
        return f"{len(number)}:{mac}"

    def keep(self, tombstone: Tombstone) -> None:
        """Write it, in place of what had its id; durable when this returns."""
        path = private_directory(self._folder) / f"{tombstone.id}.enc"
        with self._cipher.create(path, purpose="tombstones", context=tombstone.id) as file:
            file.write(json.dumps(asdict(tombstone)).encode())
        self._known = None

    def all(self) -> list[Tombstone]:
        """Oldest first."""
        if self._known is None:
            paths = sorted(self._folder.glob("*.enc")) if self._folder.is_dir() else []
            self._known = {path.stem: self._read(path) for path in paths}
        return sorted(self._known.values(), key=lambda each: (each.erased_at, each.id))

    def forget_secrets(self, before: datetime) -> int:
        """Destroy the links between old tombstones and their tallies; how many."""
        old = [each for each in self.all() if each.secret and datetime.fromisoformat(each.erased_at) < before]
        for each in old:
            self.keep(replace(each, secret=None, participants={}))
        return len(old)

    def covering(
        self, people: pa.Table, source: str, delivery_id: str, sought: Sought | None = None
    ) -> dict[int, Tombstone]:
        """Rows of a delivery that belong to erased persons → their tombstone; with `sought`, those of this person alone.

        `people`: row_number (int32), email, name (as typed), event_id, registration_id, at (timestamp, UTC, the row's own instant); nulls where
        unsaid. Each distinct address and name is hashed once; nothing is hashed when nobody was erased.
        """
        tombstones = self.all() if sought is None else [sought.tombstone]
        if sought is not None:
            people = people.filter(_perhaps(people, source, delivery_id, sought))
        if not tombstones or not people.num_rows:
            return {}
        by_row = {key: each for each in tombstones for key in each.rows}
        known = _Known(
            _by(tombstones, lambda each: each.emails),
            _by(tombstones, lambda each: each.names),
            _by(tombstones, lambda each: each.places),
        )
        emails = normalise_emails(people["email"])
        names = normalise_names(people["name"]) if known.by_name else pa.nulls(people.num_rows)
        names_somebody = pc.or_(pc.is_valid(people["email"]), pc.is_valid(people["name"]))
        columns = (
            people["row_number"], people["at"], emails, names, names_somebody, people["event_id"], people["registration_id"],
        )  # fmt: skip
        of_email = cache(self.of_email)
        found: dict[int, Tombstone] = {}
        for number, instant, email, *said in zip(*(column.to_pylist() for column in columns), strict=True):
            if email is not None and email.endswith(f"@{STAND_IN_DOMAIN}"):
                continue  # erased already
            by = by_row.get(f"{source}/{delivery_id}/{number}") or next(
                filter(None, (still_covered(stones, instant) for stones in self._found(known, of_email, email, *said))),
                None,
            )
            if by is not None:
                found[number] = by
        passing = {each.id: each.with_passing_secret() for each in found.values()}
        return {number: passing[each.id] for number, each in found.items()}

    def _found(
        self,
        known: _Known,
        of_email: Callable[[str], str],
        email: str | None,
        name: str | None,
        names_somebody: bool,
        event_id: str | None,
        number: str | None,
    ) -> Iterator[Sequence[Tombstone]]:
        """The tombstones that each thing said in a row finds, the surest first. An event is looked for as it is typed too: the case of its letters
        counted in earlier tombstones."""
        if email is not None and known.by_email:
            yield known.by_email.get(of_email(email), ())
        scope = f"@{email}" if email is not None else event_id
        if name is not None and scope is not None and known.by_name:
            for typed in dict.fromkeys((scope.lower(), scope)):
                yield known.by_name.get(self._name_typed(typed, name), ())
        if number is not None and event_id is not None and not names_somebody and known.by_place:
            for typed in dict.fromkeys((event_id.lower(), event_id)):
                yield known.by_place.get(self._place_typed(typed, number), ())

    def know(self, what: Literal["emails", "tickets"]) -> bool:
        """Whether one of them holds such a fingerprint."""
        return any(getattr(each, what) for each in self.all())

    def quoted(self, texts: Iterable[str]) -> dict[str, list[Quote]]:
        """The texts that quote an address or the number of a ticket of somebody erased, and what each quotes."""
        by_email, by_ticket = _by(self.all(), lambda each: each.emails), _by(self.all(), lambda each: each.tickets)
        typed = [length for length, mark, _ in (fingerprint.partition(":") for fingerprint in by_ticket) if mark]
        lengths = {int(length) for length in typed} if len(typed) == len(by_ticket) else ANY_LENGTH
        said = {
            text: found
            for text in texts
            if any(found := (addresses_in(text) if by_email and "@" in text else [], tickets_in(text, lengths)))
        }
        addresses = sorted({address for found, _ in said.values() for address in found})
        normal = zip(addresses, normalise_emails(pa.array(addresses, pa.string())).to_pylist(), strict=True)
        of_address = {address: by_email.get(self.of_email(email), []) for address, email in normal if email is not None}
        tickets = {ticket for _, found in said.values() for ticket in found}
        of_ticket = {
            ticket: [*by_ticket.get(known, []), *by_ticket.get(known.partition(":")[2], [])]
            for ticket, known in ((ticket, self.of_ticket(ticket)) for ticket in tickets)
        }
        quotes = {
            text: [Quote(address, None, stones) for address in found if (stones := of_address.get(address))]
            + [Quote(None, ticket, stones) for ticket in others if (stones := of_ticket[ticket])]
            for text, (found, others) in said.items()
        }
        return {text: found for text, found in quotes.items() if found}

    def _read(self, path: Path) -> Tombstone:
        with (
            self._cipher.open_decrypted(path, purpose="tombstones", context=path.stem) as decrypted,
            decrypted.open() as file,
        ):
            kept = json.loads(file.read())
        for name in ("emails", "names", "places", "tickets", "rows", "reasons"):
            kept[name] = tuple(kept.get(name, ()))
        kept["cells"] = {key: tuple(tuple(cell) for cell in cells) for key, cells in kept["cells"].items()}
        return Tombstone(**kept)


class _Known(NamedTuple):
    """Tombstones by the fingerprints they hold."""

    by_email: Mapping[str, Sequence[Tombstone]]
    by_name: Mapping[str, Sequence[Tombstone]]
    by_place: Mapping[str, Sequence[Tombstone]]


def _perhaps(people: pa.Table, source: str, delivery_id: str, sought: Sought) -> pa.ChunkedArray:
    """The rows that can be the person's: one of its rows, its address, its name, or nobody's address or name."""
    here = f"{source}/{delivery_id}/"
    own = [int(row.removeprefix(here)) for row in sought.tombstone.rows if row.startswith(here)]
    named_to = (
        (people["row_number"], pa.array(own, pa.int32())),
        (normalise_emails(people["email"]), pa.array(sorted(sought.emails), pa.string())),
        (normalise_names(people["name"]), pa.array(sorted(sought.names), pa.string())),
    )
    nobody = pc.and_(pc.is_null(people["email"]), pc.is_null(people["name"]))
    return reduce(pc.or_, (pc.is_in(column, known) for column, known in named_to), nobody)


def _by(
    tombstones: Iterable[Tombstone], fingerprints: Callable[[Tombstone], Iterable[str]]
) -> dict[str, list[Tombstone]]:
    found: dict[str, list[Tombstone]] = {}
    for each in tombstones:
        for fingerprint in fingerprints(each):
            found.setdefault(fingerprint, []).append(each)
    return found


def still_covered(tombstones: Iterable[Tombstone], instant: datetime | None) -> Tombstone | None:
    """The first that covers a row of this instant: what is later than an erasure is new, unless the person objected."""
    for each in tombstones:
        erased_at = datetime.fromisoformat(each.erased_at).replace(tzinfo=None)
        if each.objection or instant is None or instant <= erased_at:
            return each
    return None
