"""What the vault holds on one person: every row of every delivery, replaced deliveries included, and what the person is known by.

Here: from an address, a name or a person's number to rows and identifiers. Not here: which identities are one person (`matching/`), what
is done with the answer (export, erasure).

Matching speaks of the rows in force; rights reach further. A row is the person's when

- matching gave it to the person;
- or it carries an address that only this person uses;
- or it carries no address, but the person's name, at an event where the person is known to be;
- or it names nobody, but the number of a ticket that the person's rows carry at this event, and nobody else's do.

A row with the same name, no address, at another event may be a namesake's: it is counted (`namesakes`), and taken only when asked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from identity.cipher import VaultError
from identity.matching.registry import recall
from identity.mentions import Identifiers
from identity.pseudonyms import normalise_emails, normalise_names
from identity.tombstones import STAND_IN_DOMAIN
from identity.vault import Vault, open_private

LANDED = pa.schema(
    [
        ("source", pa.string()),
        ("delivery_id", pa.string()),
        ("row_number", pa.int32()),
        ("event_id", pa.string()),
        ("registration_id", pa.string()),
    ]
)
"""Rows of every delivery that landed, their event and the number of their place: what `held_on` needs to know of the landing zone."""

REFUSED = (
    LANDED.append(pa.field("email", pa.string()))
    .append(pa.field("name", pa.string()))
    .append(pa.field("phone", pa.string()))
)
"""Rows that were set aside, of which the vault has nothing: who they say they are, as it was typed."""

Row = tuple[str, str, int]


@dataclass(frozen=True)
class Held:
    """What is held on one person. `emails`: addresses nobody else uses; `shared`: those somebody else uses too, with the names under
    which the person does; `names_at`: (event, normalised name); `rows`: (source, delivery_id, row_number). A name that a homonym, told
    apart by hand, carries behind the same address or at the same event is in neither: only the rows say whose they are. `places`: (event,
    number of a ticket) that nobody else's rows carry. `nb_unmatched`:
    addresses of rows that matching gave to nobody (contacts, refused rows)."""

    uids: tuple[str, ...] = ()
    nb_unmatched: int = 0
    rows: tuple[Row, ...] = ()
    namesakes: tuple[Row, ...] = ()
    identifiers: Identifiers = field(default_factory=Identifiers)
    emails: tuple[str, ...] = ()
    shared: tuple[tuple[str, str], ...] = ()
    names_at: tuple[tuple[str, str], ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    fingerprints: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rows or self.namesakes)

    @property
    def nb_persons(self) -> int:
        """How many persons answer, at most: those of matching, and as many as there are addresses that it was not asked about."""
        return len(self.uids) + self.nb_unmatched


def held_on(
    vault: Vault,
    landed: pa.Table,
    *,
    purpose: str,
    email: str | None = None,
    name: str | None = None,
    rows: tuple[Row, ...] = (),
    uid: str | None = None,
    ticket: str | None = None,
    same_name: bool = False,
    refused: pa.Table | None = None,
) -> Held:
    """Everything held on who is asked for by one of `email`, `name`, `rows` (some of the person's rows), `uid` or
    `ticket` (its number, or `event/number`). Logged first.

    A name may be that of several persons: all of them are in the answer, `nb_persons` says how many. `same_name`: rows of
    possible namesakes are the person's too. `refused` (REFUSED): rows that were set aside, of which the vault has nothing. Raises
    VaultError when what is asked for is no address and no name, or a ticket of several events.
    """
    wanted_email = normalise_emails(pa.array([email], pa.string()))[0].as_py() if email else None
    wanted_name = normalise_names(pa.array([name], pa.string()))[0].as_py() if name else None
    if not (wanted_email or wanted_name or rows or uid or ticket):
        raise VaultError(
            "Donnez une adresse électronique, un nom (prénom et nom), le numéro d'une personne, ou celui d'un billet (--ticket)."
        )
    with contextlib.closing(open_private()) as con:
        vault.load(con, purpose=purpose, name="held_identities", columns=_SAYING_WHO)
        _said(con, vault, landed, REFUSED.empty_table() if refused is None else refused, purpose)
        con.register("asked", _rows_table(rows))
        _places_of(con, ticket)
        who = {"uid": int(uid, 16) if uid else None, "email": wanted_email}
        _near(con, who, wanted_name)
        _known(con)
        con.execute(
            """create temp table seed as select row_id from known where uid = $uid or email = $email or name = $name
               union select row_id from known join asked using (source, delivery_id, row_number)
               union select row_id from known join asked_place using (event_id, registration_id)""",
            {**who, "name": wanted_name},
        )
        _spread(con, same_name)
        _placed(con)
        return _answer(con)


def still_named(vault: Vault, rows: Iterable[Row], *, purpose: str, refused: pa.Table | None = None) -> tuple[Row, ...]:
    """Which of these rows say who they are: none, once their person was erased. `refused` as of `held_on`. Logged first."""
    asked = tuple(rows)
    there = {(stored.source, stored.delivery_id) for stored in vault.deliveries()}
    deliveries = sorted({(source, delivery_id) for source, delivery_id, _ in asked} & there)
    with contextlib.closing(open_private()) as con:
        vault.load(con, purpose=purpose, deliveries=deliveries, name="held_identities", columns=_SAYING_WHO)
        _said(con, vault, LANDED.empty_table(), REFUSED.empty_table() if refused is None else refused, purpose)
        con.register("asked", _rows_table(asked))
        return tuple(
            con.execute(
                f"select distinct {_KEY} from said semi join asked using ({_KEY}) where coalesce(email, typed, phone) is not null order by all"
            ).fetchall()
        )


_SAYING_WHO = ("email", "email_typed", "given_name", "family_name", "full_name", "phone")


def _said(con: duckdb.DuckDBPyConnection, vault: Vault, landed: pa.Table, refused: pa.Table, purpose: str) -> None:
    """Views `said`: every identified row, refused ones included, with its address in normal form; `placed_rows`: their events and places;
    `matched`: the persons that matching gave them to."""
    aside = refused.cast(REFUSED)
    con.register("refused_rows", aside.append_column("normal_email", normalise_emails(aside["email"])))
    con.register("landed_rows", landed.cast(LANDED))
    con.execute(
        """create temp view said as select source, delivery_id, row_number, email, given_name, family_name, full_name, phone,
            case when given_name is not null and family_name is not null then given_name || ' ' || family_name
                else coalesce(full_name, given_name, family_name, case when email is null and not contains(email_typed, '@') then email_typed end) end as typed
        from held_identities where email is null or not ends_with(email, '@"""
        + STAND_IN_DOMAIN
        + """')
            union all select source, delivery_id, row_number, normal_email, null, null, name, phone, name from refused_rows"""
    )
    con.execute(
        "create temp view placed_rows as from landed_rows union all select * exclude (email, normal_email, name, phone) from refused_rows"
    )
    try:
        recall(con, vault, purpose=purpose, tables=("identity", "row"), columns={"identity": ["i", "uid"]})
    except VaultError:  # no night has matched yet: addresses and names alone speak
        con.execute("create temp table kept_row (source varchar, delivery_id varchar, row_number int, i ubigint)")
        con.execute("create temp table kept_identity (i ubigint, uid ubigint)")
    con.execute(
        "create temp view matched as select source, delivery_id, row_number, i, uid from kept_row join kept_identity using (i)"
    )


def _near(con: duckdb.DuckDBPyConnection, who: dict[str, int | str | None], name: str | None) -> None:
    """Table `near`: the only rows that the answer can depend on. Those asked for and their persons'; those with one of their addresses; those
    without address with one of all these rows' names; and those with one of all these rows' tickets. What they are to the person is
    decided later: of the others, nothing needs a normal form."""
    con.execute("create temp table near (source varchar, delivery_id varchar, row_number int)")
    con.execute(f"insert into near select {_KEY} from matched where uid = $uid", {"uid": who["uid"]})
    con.execute(f"insert into near select {_KEY} from said where email = $email", {"email": who["email"]})
    con.execute("insert into near from asked")
    con.execute(
        f"insert into near select {_KEY} from placed_rows semi join asked_place using (event_id, registration_id)"
    )
    if name is not None:
        _near_by_name(con, pa.array([name]), "true")
    con.execute(
        f"insert into near select {_KEY} from matched where uid in (select uid from matched semi join near using ({_KEY}))"
    )
    con.execute(
        f"insert into near select {_KEY} from said where email in (select email from said semi join near using ({_KEY}))"
    )
    texts = con.sql(f"select distinct typed from said semi join near using ({_KEY})").to_arrow_table()
    _near_by_name(con, normalise_names(texts["typed"]).drop_null(), "email is null")
    con.execute(
        f"""insert into near select {_KEY} from placed_rows semi join
            (from placed_rows semi join near using ({_KEY})) using (event_id, registration_id)"""
    )


_KEY = "source, delivery_id, row_number"


def _near_by_name(con: duckdb.DuckDBPyConnection, names: pa.Array, where: str) -> None:
    """Add the rows with one of these normalised names. A text of ASCII holds each word of its normal form: only those that hold the longest
    one of a name, and those that have accents, are normalised."""
    words = {max(name.split(), key=len) for name in names.to_pylist()}
    if not words:
        return
    perhaps = con.sql(
        f"select {_KEY}, typed from said where {where} and (strlen(typed) > length(typed) or regexp_matches(lower(typed), $words))",
        params={"words": "|".join(sorted(words))},
    ).to_arrow_table()
    con.register("named", perhaps.filter(pc.is_in(normalise_names(perhaps["typed"]), names)))
    con.execute(f"insert into near select {_KEY} from named")


def _known(con: duckdb.DuckDBPyConnection) -> None:
    """Table `known`: the rows of `near` that say who they are, with their name in normal form, their event, and the person matching gave them
    to."""
    typed = con.sql(
        f"select row_number() over (order by {_KEY}) as row_id, * from said semi join near using ({_KEY}) order by 1"
    ).to_arrow_table()
    con.register("typed_rows", typed.append_column("name", normalise_names(typed["typed"])))
    con.execute(
        f"""create temp table known as select t.*, l.event_id, l.registration_id, m.uid, m.i as fingerprint
        from typed_rows t left join placed_rows l using ({_KEY}) left join matched m using ({_KEY})"""
    )


def _places_of(con: duckdb.DuckDBPyConnection, ticket: str | None) -> None:
    """Table `asked_place`: the event at which a ticket has this number; `asked_number`: the number, with and without its event. Raises VaultError
    when there are several events."""
    asked = (ticket or "").strip()
    event, _, number = asked.rpartition("/")
    con.execute(
        """create temp table asked_place as select distinct event_id, registration_id
           from (select *, $ticket in (registration_id, event_id || '/' || registration_id) as is_as_typed from placed_rows
               where event_id is not null and (is_as_typed or ($number = registration_id and lower($event) = lower(event_id)))
               qualify is_as_typed or not bool_or(is_as_typed) over ())
           order by all""",
        {"ticket": asked or None, "event": event, "number": number},
    )
    con.execute(
        "create temp table asked_number as select number from (values ($asked), ($number)) t (number) where number <> ''",
        {"asked": asked, "number": number},
    )
    found = [f"« {event}/{number} »" for event, number in con.execute("from asked_place").fetchall()]
    if len(found) > 1:
        raise VaultError(f"Plusieurs événements ont un billet de ce numéro : demandez l'un de {', '.join(found)}.")


def _placed(con: duckdb.DuckDBPyConnection) -> None:
    """Table `own_place`: the tickets that only this person's rows carry; `bare`: the rows that name nobody and carry one."""
    con.execute(
        """create temp table own_place as
           from (select event_id, registration_id from known join theirs using (row_id) union from asked_place) p
           where event_id is not null and registration_id is not null and not exists (
               from known o where o.event_id = p.event_id and o.registration_id = p.registration_id
               and coalesce(o.email, o.typed, o.phone) is not null and o.row_id not in (from theirs))"""
    )
    con.execute(
        """create temp table bare as select source, delivery_id, row_number from placed_rows
           semi join own_place using (event_id, registration_id)
           anti join held_identities using (source, delivery_id, row_number)
           anti join known using (source, delivery_id, row_number)
           union select source, delivery_id, row_number from known semi join own_place using (event_id, registration_id)
           where coalesce(email, typed, phone) is null and row_id not in (from theirs)"""
    )


def _rows_table(rows: tuple[Row, ...]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    types = (pa.string(), pa.string(), pa.int32())
    return pa.table(
        [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)],
        names=["source", "delivery_id", "row_number"],
    )


def _spread(con: duckdb.DuckDBPyConnection, same_name: bool) -> None:
    """Table `theirs`: from the rows found first to all that are the same person's; `namesake`: rows of the same name elsewhere."""
    con.execute(
        "create temp table uids as select distinct uid from known join seed using (row_id) where uid is not null"
    )
    con.execute(
        "create temp table theirs as select row_id from seed union select row_id from known where uid in (from uids)"
    )
    # an address is the person's own when no row of somebody else carries it
    con.execute(
        """create temp table addresses as select email, bool_and(row_id in (from theirs) or uid is null or uid in (from uids)) as is_own
           from known where email in (select email from known join theirs using (row_id)) group by email""",
    )
    con.execute(
        "insert into theirs select row_id from known join addresses using (email) where is_own and row_id not in (from theirs)"
    )
    con.execute(
        "create temp table names as select distinct name from known join theirs using (row_id) where name is not null"
    )
    con.execute(
        """create temp table names_at as select distinct event_id, name from
           (select distinct event_id from known join theirs using (row_id) where event_id is not null), names"""
    )
    con.execute(
        """insert into theirs select row_id from known join names_at using (event_id, name)
           where email is null and uid is null and row_id not in (from theirs)"""
    )
    con.execute(
        """create temp table namesake as select row_id from known join names using (name)
           where email is null and row_id not in (from theirs)"""
    )
    if same_name:  # the person is known to be at these events too, and is recognised there later
        con.execute("insert into theirs from namesake")
        con.execute(
            """insert into names_at select distinct event_id, names.name from known join namesake using (row_id), names
               where event_id is not null and (event_id, names.name) not in (from names_at)"""
        )
        con.execute("delete from namesake")


def _answer(con: duckdb.DuckDBPyConnection) -> Held:
    def rows(table: str) -> tuple[Row, ...]:
        return tuple(
            con.execute(
                f"select source, delivery_id, row_number from known join {table} using (row_id) order by all"
            ).fetchall()
        )

    def column(query: str) -> list:
        return [row[0] for row in con.execute(query).fetchall()]

    theirs = "known join theirs using (row_id)"
    parted = con.execute(
        f"select distinct given_name, family_name from {theirs} where given_name is not null and family_name is not null"
    ).fetchall()
    full = column(f"select distinct full_name from {theirs} where full_name is not null")
    own = column("select email from addresses where is_own order by 1")
    others = "from known o where o.row_id not in (from theirs) and o.name = t.name"
    shared = con.execute(
        f"""select distinct email, name from (select email, name from {theirs}) t join addresses using (email)
            where not is_own and name is not null and not exists ({others} and o.email = t.email) order by all"""
    ).fetchall()
    names_at = con.execute(
        f"select event_id, name from names_at t where not exists ({others} and o.event_id = t.event_id and o.email is null) order by all"
    ).fetchall()
    return Held(
        uids=tuple(f"{uid:016x}" for uid in column("select uid from uids order by 1")),
        nb_unmatched=con.execute(
            f"""select count(distinct email) from {theirs} where uid is null
                and email not in (select email from known where email is not null and uid in (from uids))"""
        ).fetchall()[0][0],
        rows=tuple(sorted({*rows("theirs"), *con.execute("from bare").fetchall()})),
        namesakes=rows("namesake"),
        identifiers=Identifiers(
            emails=frozenset(own),
            names=frozenset(parted) | frozenset((text, None) for text in full),
            phones=frozenset(column(f"select distinct phone from {theirs} where phone is not null")),
            tickets=frozenset(
                column(
                    """select registration_id from own_place where registration_id not in (
                           select registration_id from placed_rows anti join own_place using (event_id, registration_id)
                           where registration_id is not null)
                       union select number from asked_number where number not in (
                           select registration_id from placed_rows where registration_id is not null)"""
                )
            ),
        ),
        emails=tuple(own),
        shared=tuple(shared),
        names_at=tuple(names_at),
        places=tuple(con.execute("from own_place order by all").fetchall()),
        fingerprints=tuple(
            column(f"select distinct fingerprint from {theirs} where fingerprint is not null order by 1")
        ),
    )
