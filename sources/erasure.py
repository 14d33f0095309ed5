"""Taking persons out of deliveries that landed: of the kept original, the landed and refused rows, the identities, the inbox.

Here: one delivery at a time, by redacting what is kept of it and landing it again; the copies of the inbox. Not here: who is erased and
why (`identity.tombstones`, `orchestration/erasure.py`), how a table is redacted (`redaction.py`), crawls that are not
landed yet (`forget_pages`), releases.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import io
import os
import re
import shutil
import unicodedata
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from identity.cipher import Tampered
from identity.held import REFUSED, still_named
from identity.mentions import MASK, Crowd, Identifiers
from identity.tombstones import Sought, Tombstone
from identity.vault import Vault
from sources.contract import Contract, LoadedContract
from sources.entities import ENTITIES
from sources.erased_files import erased_deliveries, is_lost, replaced_since
from sources.headers import Unbound, says
from sources.inbox import RETURNS, readable, stamp_of_file
from sources.judge import Judged, in_sql
from sources.kinds import References
from sources.landing import (
    NotReadAgain,
    Places,
    bound_sheet,
    forget_landed,
    judge_file,
    keep_redacted,
    may_go_unread,
    original_path,
    read_delivery,
    records_in,
    remember_erased,
    replay,
    spoken_corrections,
)
from sources.ledger import deliveries, empty_delivery, file_names, open_ledger
from sources.readers import Unreadable
from sources.readers.signature import signature, signature_of
from sources.redaction import (
    EMPTIED,
    NOTHING_LEFT,
    Kept,
    Redacted,
    erased_persons,
    is_redacted,
    people_of,
    read_kept,
    redact,
)
from sources.returned import forget
from sources.unread import reads_the_same, without_unread
from sources.zipped import UNREADABLE


@dataclass(frozen=True)
class ErasedDelivery:
    """What went from one delivery. `cells`: (sheet, row_number, column) masked in rows of others; `nb_emptied`: those of `rows` that were no
    data; `is_emptied`: nothing was left."""

    source: str
    delivery_id: str
    rows: tuple[int, ...]
    cells: tuple[tuple[int, int, int], ...]
    nb_blanked: int
    nb_refused: int
    nb_emptied: int = 0
    is_emptied: bool = False


@dataclass(frozen=True)
class Going:
    """What goes from one delivery, besides the persons under a tombstone: what mentions `masks`; `cells` (sheet, row_number, column);
    the rows `named` by the coordinates of somebody who goes, which tell of her also where nothing is read any more; the slots of `blanks`
    (slot → row numbers); the rows of `gone` (row_number → Tombstone, not kept anywhere), and what names their `crowd` outside the rows of data; `rows` that are no data, to be emptied too; every refused row, under the tombstone of nobody in `refused`; what is
    `unread` (the columns whose headers hold one of these words; everything where there is none); `whole`, all that is kept of it. `purpose`: why."""

    masks: Identifiers | None = None
    named: Collection[int] = ()
    rows: Iterable[int] = ()
    cells: Iterable[tuple[int, int, int]] = ()
    blanks: Mapping[str, Sequence[int]] | None = None
    gone: Mapping[int, Tombstone] | None = None
    crowd: Crowd | None = None
    refused: Tombstone | None = None
    unread: Sequence[str] | None = None
    whole: bool = False
    purpose: str = "person_rights"


def erase_in(
    places: Places,
    loaded: LoadedContract | None,
    row: Mapping[str, Any],
    going: Going,
    *,
    now: datetime,
    renamed: bool = False,
) -> ErasedDelivery | None:
    """Take out of one delivery (`row`: of `ledger.deliveries`) the persons under a tombstone and all that is `going`; then land it again.
    None when it holds nothing of this. `renamed`: its file has another name since it landed.

    What cannot be read, for its own sake or for want of a contract (`loaded` None), goes whole when it mentions the person. But the rows of a
    delivery that was accepted are those of many: what nothing reads any more of it stays, and NotReadAgain is raised, unless it is to
    go whole or somebody confirmed that its rows may (`may_go_unread`).
    """
    vault = Vault(places.vault)
    sha256, source, delivery_id = row["sha256"], row["source"], row["delivery_id"]
    original = original_path(places.originals, sha256)
    if not sha256 or not original.exists():
        return None
    with contextlib.ExitStack() as stack:
        decrypted = stack.enter_context(vault.cipher.open_decrypted(original, purpose="originals", context=sha256))
        redacted, nb_refused = None, 0
        is_more = False
        problem: Unreadable | Unbound | None = None
        if loaded is not None and not going.whole:
            try:
                redacted, nb_refused, problem = _redacted(stack, places, decrypted.path, vault, loaded, row, going)
                if going.unread is not None:
                    redacted, is_more = _without_unread(
                        places, decrypted.path, vault, loaded, row, redacted, going.unread
                    )
            except Unreadable as found:
                problem = found
        if redacted is None:
            holds = going.whole or bool(going.masks and mentioned_in_bytes(decrypted.path, going.masks))
        else:
            holds = redacted.has_changed or renamed or is_more or _is_beside_cells(decrypted.path, going.masks)
        is_read = going.whole or (loaded is not None and problem is None)
        holds = holds or (not is_read and bool(_left_of(decrypted.path, going.named)))
        stays = not is_read and _stays_unread(row)
        if stays and (holds or renamed):
            raise _not_read(row, problem, going.masks)
        if not holds:
            return None
        keep_redacted(places.originals, vault.cipher, sha256, redacted.kept if redacted is not None else None)
    # what came back in workbooks goes once it was read for the last time, and before it is applied again
    if redacted is not None:
        forget(places.returned, vault.cipher, rows=[(source, delivery_id, number) for number in redacted.rows])
    if loaded is not None:
        replay(places, loaded, dict(row), now, may_go=not is_read or going.whole, purpose=going.purpose)
    else:
        forget_landed(places, vault, source, delivery_id, purpose=going.purpose)
        with open_ledger(places.ledger) as ledger:
            empty_delivery(ledger, source, delivery_id, EMPTIED, NOTHING_LEFT)
    remember_erased(places, source, delivery_id, sha256)
    if redacted is None:
        return ErasedDelivery(source, delivery_id, (), (), 0, 0, is_emptied=True)
    return ErasedDelivery(
        source, delivery_id, redacted.rows, redacted.cells, redacted.nb_blanked, nb_refused, redacted.nb_emptied
    )


def _stays_unread(row: Mapping[str, Any]) -> bool:
    """Whether a delivery stays as it was read when nothing reads it any more: its rows count, and nobody confirmed that they may go."""
    return row["outcome"] == "accepted" and row["delivery_id"] not in may_go_unread(row["source"])


def _left_of(path: Path, named: Collection[int]) -> set[int]:
    """Those of these rows that are still somebody's in what is kept of a delivery."""
    if not named or not is_redacted(path):
        return set(named)
    try:
        return set(named) - read_kept(path).erased_rows
    except Unreadable:
        return set()


def _not_read(row: Mapping[str, Any], problem: Unreadable | Unbound | None, masks: Identifiers | None) -> NotReadAgain:
    """What to say of a delivery that stays although somebody is to go from it; it does not name the person."""
    texts = f"« {row['file_name']} » (livraison {row['delivery_id']})", problem.message if problem else ""
    name, why = (masks.masked(text) if masks else text for text in texts)
    if problem is None:
        return NotReadAgain(row["source"], orphans=[name])
    return NotReadAgain(row["source"], unread={name: why})


@dataclass(frozen=True)
class Standing:
    """Where a person stands in one delivery: row numbers, (sheet, row_number, column) of mentions in rows of others, and whether bytes
    that no contract reads, or a part of a workbook beside its cells, mention the person. `stays`: why an erasure would not take her out of it."""

    rows: tuple[int, ...] = ()
    cells: tuple[tuple[int, int, int], ...] = ()
    is_in_bytes: bool = False
    stays: str = ""

    def __bool__(self) -> bool:
        return bool(self.rows or self.cells or self.is_in_bytes or self.stays)


def found_in(
    places: Places, loaded: LoadedContract | None, row: Mapping[str, Any], sought: Sought, masks: Identifiers
) -> Standing:
    """Where a person stands in one delivery, refused and left-out rows included: what `erase_in` would take. Changes nothing."""
    vault, original = Vault(places.vault), original_path(places.originals, row["sha256"])
    if not row["sha256"] or not original.exists():
        return Standing()
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(
            vault.cipher.open_decrypted(original, purpose="originals", context=row["sha256"])
        ).path
        named = rows_of(sought.tombstone.rows, row["source"], row["delivery_id"])
        problem: Unreadable | Unbound | None = None
        standing = None
        if loaded is not None:
            try:
                read = _read(stack, path, loaded.contract, row["file_name"])
                is_beside = _is_beside_cells(path, masks)
                if not named and not is_beside and not _is_mentioned(read, masks):
                    return Standing()
                redacted, _, problem = _redacted(stack, places, path, vault, loaded, row, Going(masks), sought)
                standing = Standing(redacted.rows, redacted.cells, is_beside)
            except Unreadable as found:
                problem = found
        if standing is None:
            standing = Standing(is_in_bytes=mentioned_in_bytes(path, masks))
        is_read = loaded is not None and problem is None
        if not is_read and _stays_unread(row) and (standing or _left_of(path, named)):
            standing = replace(standing, stays=str(_not_read(row, problem, masks)))
        return standing


def rows_of(coordinates: Iterable[str], source: str, delivery_id: str) -> frozenset[int]:
    """The row numbers of one delivery among coordinates `source/delivery_id/row_number`."""
    start = f"{source}/{delivery_id}/"
    return frozenset(int(key.removeprefix(start)) for key in coordinates if key.startswith(start))


def _is_mentioned(kept: Kept, masks: Identifiers) -> bool:
    """Whether a cell of any sheet holds an identifier, or a part of a name: what is asked of every delivery costs no judging."""
    columns = (column for sheet in kept.sheets for column in sheet.table.columns[1:])
    return any(masks.suspects(column).true_count for column in columns)


def refused_people(
    places: Places,
    contracts: Mapping[str, LoadedContract],
    purpose: str,
    among: Collection[tuple[str, str]] | None = None,
    *,
    with_places: bool = False,
) -> pa.Table:
    """Who the refused rows of every delivery (of those `among`, source and delivery_id) say they are (`identity.held.REFUSED`): read in
    the kept bytes, since nothing of them landed; `with_places`, those too that say the number of a ticket alone. Logged first."""
    with open_ledger(places.ledger) as ledger:
        known = [row for row in deliveries(ledger) if row["sha256"] and row["rows_quarantined"]]
    known = [row for row in known if among is None or (row["source"], row["delivery_id"]) in among]
    vault, found = Vault(places.vault), [REFUSED.empty_table()]
    if known:
        read = [f"{row['source']}/{row['delivery_id']}" for row in known]
        vault.log.record(purpose, "read", read, sum(row["rows_quarantined"] for row in known))
    for row in known:
        loaded, original = contracts.get(row["source"]), original_path(places.originals, row["sha256"])
        if loaded is None or not ENTITIES[loaded.contract.entity].personal or not original.exists():
            continue
        with contextlib.ExitStack() as stack:
            path = stack.enter_context(
                vault.cipher.open_decrypted(original, purpose="originals", context=row["sha256"])
            ).path
            try:
                kept = _read(stack, path, loaded.contract, row["file_name"])
                judged = _judged(places, vault, loaded, row, path, kept)
            except (Unreadable, Unbound):
                continue
            with in_sql(**judged.tables) as con:
                con.register("people", people_of(con, ENTITIES[loaded.contract.entity], with_places=with_places))
                people = con.sql(
                    "select $source as source, $delivery as delivery_id, row_number, event_id, registration_id, email, name, phone from people "
                    "where row_number in (select row_number from quarantined)",
                    params={"source": row["source"], "delivery": row["delivery_id"]},
                ).to_arrow_table()
        found.append(people.cast(REFUSED))
    return pa.concat_tables(found)


def _read(stack: contextlib.ExitStack, path: Path, contract: Contract, file_name: str) -> Kept:
    """What a delivery holds, its deleted records included. Raises Unreadable."""
    path, deleted = stack.enter_context(records_in(contract, path, file_name))
    kept = read_delivery(contract, path, file_name)
    return replace(kept, deleted=deleted if kept.deleted is None else kept.deleted)


def _judged(
    places: Places, vault: Vault, loaded: LoadedContract, row: Mapping[str, Any], path: Path, kept: Kept
) -> Judged:
    """What was read, judged as when it landed. Raises Unreadable, Unbound."""
    spoken = spoken_corrections(places, vault, loaded.contract, kept, row["delivery_id"], row["file_name"])
    delivered_at = datetime.fromisoformat(row["delivered_at"])
    return judge_file(loaded, path, row["file_name"], References(), delivered_at, kept, spoken)[0]


def _redacted(
    stack: contextlib.ExitStack,
    places: Places,
    path: Path,
    vault: Vault,
    loaded: LoadedContract,
    row: Mapping[str, Any],
    going: Going,
    sought: Sought | None = None,
) -> tuple[Redacted, int, Unbound | None]:
    """What is left of a delivery, how many of its refused rows went, and why it does not fit its contract, when it does not. `sought`: the only
    person whose rows are covered. Raises Unreadable."""
    contract, file_name = loaded.contract, row["file_name"]
    tables: Mapping[str, pa.Table] = {}
    kept = _read(stack, path, contract, file_name)
    covered: dict[int, Any] = {}
    problem: Unbound | None = None
    try:
        tables = _judged(places, vault, loaded, row, path, kept).tables
        index, binding = bound_sheet(contract, kept, file_name)
    except Unbound as found:
        index, binding, problem = bound_sheet(contract, kept, file_name)[0], None, found
    nb_refused, rows = 0, {*going.rows}
    if problem is not None:  # nothing tells what its rows are: those of the person are emptied
        rows |= {*going.named} - kept.erased_rows
    con = stack.enter_context(in_sql(**tables))
    if binding is not None:
        covered = dict(going.gone or {}) | erased_persons(con, contract, vault.tombstones, row["delivery_id"], sought)
        if going.refused is not None:
            covered = dict.fromkeys(_refused_rows(con), going.refused) | covered
        nb_refused = con.execute(
            "select count(distinct row_number) from quarantined where list_contains($rows, row_number)",
            {"rows": sorted(covered)},
        ).fetchall()[0][0]
    redacted = redact(
        con, contract, kept, index, binding,
        covered=covered, masks=going.masks, rows=rows, cells=going.cells, blanks=going.blanks, crowd=going.crowd,
    )  # fmt: skip
    return redacted, nb_refused, problem


def has_unread(places: Places, loaded: LoadedContract, row: Mapping[str, Any], words: Sequence[str] = ()) -> bool:
    """Whether something is kept of a delivery that nothing reads: what `erase_in` would take where that is `going`. Changes nothing."""
    vault, original = Vault(places.vault), original_path(places.originals, row["sha256"])
    if not row["sha256"] or not original.exists():
        return False
    with contextlib.ExitStack() as stack:
        decrypted = vault.cipher.open_decrypted(original, purpose="originals", context=row["sha256"])
        path = stack.enter_context(decrypted).path
        try:
            kept = _read(stack, path, loaded.contract, row["file_name"])
            if _has_more(loaded.contract, path, words):
                return True
            return bool(_unread(places, path, vault, loaded, row, kept, words)[1])
        except (Unreadable, Unbound):
            return False


def _has_more(contract: Contract, path: Path, words: Sequence[str]) -> bool:
    """Whether these bytes hold more than the cells that are read of them: a workbook, what a platform gave; with `words`, a part of it that the
    contract leaves out and whose name holds one."""
    if contract.files.shape == "delimited" or is_redacted(path):
        return False
    return not words or any(says(part, words) for part in contract.files.leave_out or ())


def _unread(
    places: Places,
    path: Path,
    vault: Vault,
    loaded: LoadedContract,
    row: Mapping[str, Any],
    kept: Kept,
    words: Sequence[str],
) -> tuple[Kept, int, Judged]:
    """What was read without what nothing reads, how many cells that were, and how it was judged with them. Raises Unreadable, Unbound."""
    before = _judged(places, vault, loaded, row, path, kept)
    index, binding = bound_sheet(loaded.contract, kept, row["file_name"])
    if binding is None:
        return kept, 0, before
    return *without_unread(loaded.contract, kept, index, binding, before, words), before


def _without_unread(
    places: Places,
    path: Path,
    vault: Vault,
    loaded: LoadedContract,
    row: Mapping[str, Any],
    redacted: Redacted,
    words: Sequence[str],
) -> tuple[Redacted, bool]:
    """Without what nothing reads either, where the rest is then read as before; and whether the kept bytes gave way to that. Raises Unreadable."""
    try:
        kept, nb_cells, before = _unread(places, path, vault, loaded, row, redacted.kept, words)
        is_same = not nb_cells or reads_the_same(before, _judged(places, vault, loaded, row, path, kept))
    except Unbound:
        return redacted, False
    if not is_same:
        return redacted, False
    return replace(redacted, kept=kept, nb_unread=nb_cells), _has_more(loaded.contract, path, words)


def _refused_rows(con: duckdb.DuckDBPyConnection) -> list[int]:
    """Refused rows that still say something."""
    rows = con.execute("select distinct row_number from quarantined where rule <> 'personne_effacee'").fetchall()
    return [row for (row,) in rows]


def mentioned_in_bytes(path: Path, masks: Identifiers) -> bool:
    """Whether bytes that no reader understands mention the person: as text, or inside a ZIP archive (workbooks)."""
    data = path.read_bytes()
    if _is_in(data, masks) or (signature_of(data) == "ole" and _is_in_binary(data, masks)):
        return True
    if data[:4] == b"PK\x03\x04":
        with contextlib.suppress(*UNREADABLE), zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(_is_in(_inflated(archive, member), masks) for member in archive.infolist())
    return False


_OF_CELLS = re.compile(r"xl/worksheets/[^/]+\.xml|content\.xml", re.IGNORECASE)
"""Parts of an XLSX or ODS archive in which cells stand. All others say something beside them: remarks and who wrote them, copies that a
pivot table keeps, addresses that a cell links to, who made the file."""

_BESIDE = re.compile(
    rb"<((?:\w+:)?(?:annotation|shapes|frame|custom-shape|tracked-changes|content-validations|headerFooter|dataValidations))\b.*?</\1>",
    re.DOTALL,
)
"""Elements of these parts that are no cell: remarks and drawings of ODS, and what is printed at the edges or asked of who types."""

_NO_TEXT = ("xl/sharedstrings.xml", "xl/media/", "pictures/", "thumbnails/")
"""Parts that are texts of cells, or pictures."""


def _is_beside_cells(path: Path, masks: Identifiers | None) -> bool:
    """Whether a workbook mentions the person where no cell is: what takes its place when it is redacted has none of that. Of an old .xls,
    whether it mentions her at all: its cells and its remarks are not told apart."""
    kind = signature(path)
    if not masks or kind not in ("zip", "ole"):
        return False
    if kind == "ole":
        return mentioned_in_bytes(path, masks)
    with contextlib.suppress(*UNREADABLE), zipfile.ZipFile(path) as archive:
        return any(_is_in(_beside_cells(archive, member), masks) for member in archive.infolist())
    return False


def _beside_cells(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.filename.lower().startswith(_NO_TEXT):
        return b""
    data = _inflated(archive, member)
    if not _OF_CELLS.fullmatch(member.filename):
        return data
    return b"\n\n\n\n".join(it[0] for it in _BESIDE.finditer(data, max(data.rfind(b"</sheetData>"), 0)))


def _inflated(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Nothing of a member that cannot be inflated: the others are still looked into."""
    try:
        return archive.read(member)
    except UNREADABLE:
        return b""


_TAGS = re.compile(r"(?:<[^>]*>\s*)+")
"""Tags with nothing but blanks between them: as many as there are between two cells are one space between two words."""

_TAG = re.compile(r"<[^>]*>")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def _is_in(data: bytes, masks: Identifiers) -> bool:
    """In any encoding, as JSON escapes letters, and across the tags of XML."""
    if any(masks.is_in(data.decode(encoding, "replace")) for encoding in ("utf-8", "cp1252", "utf-16-le", "utf-16-be")):
        return True
    if b"\\u" in data:
        letters = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), data.decode("utf-8", "replace"))
        if masks.is_in(letters):
            return True
    text = html.unescape(data.decode("utf-8", "replace")) if b"<" in data else ""
    return masks.is_in(_TAG.sub("", text)) or masks.is_in(_TAGS.sub(" ", text))


def _is_in_binary(data: bytes, masks: Identifiers) -> bool:
    """In a text of an old .xls: a zero byte stands before it, or after each of its letters."""
    return any(masks.is_in(data.replace(b"\0", between).decode("cp1252", "replace")) for between in (b" ", b""))


def forget_leftovers(places: Places, *, purpose: str) -> int:
    """Remove the identities of deliveries of which no row is landed any more, which earlier releases left behind; how many."""
    with open_ledger(places.ledger) as ledger:
        accepted = {(row["source"], row["delivery_id"]) for row in deliveries(ledger) if row["outcome"] == "accepted"}
    vault = Vault(places.vault)
    left = [each for each in vault.deliveries() if (each.source, each.delivery_id) not in accepted]
    return sum(vault.forget_delivery(each.source, each.delivery_id, purpose=purpose) for each in left)


def reapply(places: Places, contracts: Mapping[str, LoadedContract], now: datetime, *, everywhere: bool = False) -> int:
    """Erase again where a backup brought somebody back: deliveries of which a file was replaced since (all of them when a tombstone
    came from elsewhere, or when the lists of what was erased are lost). Also removes what the inbox holds again of them. How many deliveries were
    done again. Raises NotReadAgain, after all others, for one that was accepted, holds somebody again and that its contract no longer reads."""
    replaced = replaced_since(places.vault)
    if not replaced and not everywhere:
        return 0
    vault = Vault(places.vault)
    with open_ledger(places.ledger) as ledger:
        known = [row for row in deliveries(ledger) if row["sha256"]]
    cells: dict[tuple[str, str], set[tuple[int, int, int]]] = {}
    rows: dict[tuple[str, str], set[int]] = {}
    for tombstone in vault.tombstones.all():
        for key, masked in tombstone.cells.items():
            source, delivery_id = key.split("/")
            cells.setdefault((source, delivery_id), set()).update(masked)
        for coordinates in tombstone.rows:
            source, delivery_id, number = coordinates.split("/")
            rows.setdefault((source, delivery_id), set()).add(int(number))
    if is_lost(places.vault):
        # what was erased from is known by what is left of it, and by the tombstones
        redacted = {(row["source"], row["delivery_id"]) for row in known if _was_redacted(vault, places, row)}
        replaced |= redacted | {*cells, *rows}
    again, not_read = 0, None
    reached = replaced | ({*cells, *rows} if everywhere else set())
    for row in known:
        at = (row["source"], row["delivery_id"])
        if at not in replaced and not everywhere:
            continue
        loaded, brought_back = contracts.get(row["source"]), _is_brought_back(vault, places, row)
        if loaded is None:
            # nobody can tell any more whose its rows are: where somebody was erased from it, it goes whole
            if at in reached:
                if not brought_back or erase_in(places, None, row, Going(whole=True), now=now) is None:
                    forget_landed(places, vault, *at, purpose="person_rights")
                    remember_erased(places, *at, row["sha256"])
                again += 1
            continue
        theirs = rows.get(at, ())
        going = Going(named=theirs, rows=theirs, cells=cells.get(at, ())) if brought_back else Going()
        try:
            done = erase_in(places, loaded, row, going, now=now)
            if done is None and at in replaced:
                # the original is as it was left: what landed from it is not
                replay(places, loaded, row, now, may_go=not _stays_unread(row), purpose="person_rights")
                remember_erased(places, *at, row["sha256"])
        except NotReadAgain as found:
            if brought_back or found.lost or at in cells or _are_named(vault, *at, theirs):
                not_read = not_read or found
                continue
            remember_erased(places, *at, row["sha256"])  # other files, which hold nobody who was erased
            done = None
        again += done is not None or at in replaced
    if not_read is not None:
        raise not_read
    return again


def _are_named(vault: Vault, source: str, delivery_id: str, numbers: Collection[int]) -> bool:
    """Whether the identities of a delivery say again who one of these rows is."""
    rows = [(source, delivery_id, number) for number in numbers]
    return bool(rows) and bool(still_named(vault, rows, purpose="person_rights"))


def _was_redacted(vault: Vault, places: Places, row: Mapping[str, Any]) -> bool:
    """Whether what is kept of a delivery is a redacted table. Of what is damaged, nobody can say; it is said where it is read."""
    with contextlib.suppress(Tampered):
        return original_path(places.originals, row["sha256"]).exists() and not _is_brought_back(vault, places, row)
    return False


def _is_brought_back(vault: Vault, places: Places, row: Mapping[str, Any]) -> bool:
    """Whether what is kept of a delivery is bytes again: coordinates hold in them, and are dealt with in a redacted table."""
    original = original_path(places.originals, row["sha256"])
    if not original.exists():
        return False
    with vault.cipher.open_decrypted(original, purpose="originals", context=row["sha256"]) as decrypted:
        return not is_redacted(decrypted.path)


def clear_inbox(places: Places) -> int:
    """Remove from the inbox the files whose bytes are those of a delivery somebody was erased from; how many. Such a file is read
    no more: its delivery is known, and stays in force."""
    erased = erased_deliveries(places.vault)
    if not erased:
        return 0
    with open_ledger(places.ledger) as ledger:
        hashes = {
            (row["source"], row["sha256"])
            for row in deliveries(ledger)
            if (row["source"], row["delivery_id"]) in erased
        }
        seen = {
            (row["source"], row["file_name"]): (row["stamp"], row["delivery_id"])
            for row in ledger.execute("select source, file_name, stamp, delivery_id from sighting order by sighting_id")
        }
    # a workbook that came back is known by the folder it was put into, which may be that of any source
    workbooks = {
        name.split("/")[0] for source, name in seen if source == RETURNS and (RETURNS, seen[source, name][1]) in erased
    }
    hashes |= {(folder, sha256) for source, sha256 in hashes if source == RETURNS for folder in workbooks}
    removed = 0
    for source in {source for source, _ in hashes}:
        folder = places.inbox / source
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if not path.is_file() or path.is_symlink():
                continue
            stamp, delivery_id = seen.get((source, path.name), ("", ""))
            same = (
                (source, delivery_id) in erased if stamp == stamp_of_file(path) else (source, _sha256(path)) in hashes
            )
            if same:
                path.unlink()
                removed += 1
    return removed


def copies_in_inbox(
    places: Places, masks: Identifiers, *, sources: Collection[str] = (), hashes: Collection[str] = ()
) -> list[Path]:
    """The files of the inbox that nothing reads and that mention the person, or have the bytes of a delivery that holds her (`hashes`): those
    of other folders than those of `sources`, and in these, what lies deeper, what programs write beside a file or leave of one, names that
    cannot be read. The others are left: those that wait will land, and the door knows the person. Raises OSError for what the system
    does not open: who may be in it is not known."""
    read = readable(places.inbox, sources)
    return [
        path
        for path in (_files_under(places.inbox) if places.inbox.is_dir() else [])
        if path not in read and path.is_file() and not path.is_symlink()
        if _cites(path, masks) or mentioned_in_bytes(path, masks) or (hashes and _sha256(path) in hashes)
    ]


def folders_citing(
    places: Places, masks: Identifiers, stone: Tombstone, *, sources: Collection[str] = ()
) -> dict[Path, Path]:
    """Folders of the inbox in whose name the person stands → the same without; the deepest first. A source's own keeps the name that its
    contract gives it."""
    found = [
        Path(place, name)
        for place, names, _ in os.walk(places.inbox, topdown=False)
        for name in names
        if not (Path(place) == places.inbox and name in sources) and not Path(place, name).is_symlink()
    ]
    return {
        path: path.with_name(masks.masked(name).replace(MASK, f"(effacé {stone.token('file', name)[:6]})"))
        for path in found
        if _cites(path, masks)
        for name in [_as_typed(path.name)]
    }


def _cites(path: Path, masks: Identifiers) -> bool:
    return masks.is_in(_as_typed(path.name))


def _as_typed(name: str) -> str:
    """A name of the file system, its accents composed; one that is not UTF-8, as a Latin-1 program wrote it."""
    try:
        return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8"))
    except UnicodeDecodeError:
        return os.fsencode(name).decode("cp1252", "replace")


def unrecorded_originals(places: Places) -> list[Path]:
    """What is kept of files that no delivery of the ledger speaks of: an interruption came between their bytes and its line, and another
    file took their place in the inbox."""
    with open_ledger(places.ledger) as ledger:
        known = {row["sha256"] for row in deliveries(ledger)}
    return sorted(path for path in places.originals.glob("??/*") if len(path.name) == 64 and path.name not in known)


def unrecorded_mentioning(places: Places, masks: Identifiers) -> list[Path]:
    """Those of them that mention the person. One that is damaged says nothing any more."""
    cipher, found = Vault(places.vault).cipher, []
    for path in unrecorded_originals(places):
        with (
            contextlib.suppress(Tampered),
            cipher.open_decrypted(path, purpose="originals", context=path.name) as kept,
        ):
            if mentioned_in_bytes(kept.path, masks):
                found.append(path)
    return found


def _files_under(folder: Path) -> list[Path]:
    """What lies in a folder and in those of it, by name. Unlike `rglob`, passes over no folder that it may not open."""

    def refuse(error: OSError) -> None:
        raise error

    return sorted(Path(place, name) for place, _, names in os.walk(folder, onerror=refuse) for name in names)


def forget_pages(places: Places) -> int:
    """Remove the pages of crawls that were not landed yet: the platform is asked for them again, and the door knows the person.
    How many files went."""
    removed = 0
    for source in sorted(places.crawls.iterdir()) if places.crawls.is_dir() else []:
        for folder in (source / "running", source / "bundle"):
            if folder.is_dir():
                removed += sum(path.is_file() for path in folder.rglob("*"))
                shutil.rmtree(folder)
    return removed


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def forget_returned(places: Places, masks: Identifiers) -> int:
    """Drop the lines of returned workbooks that mention the person, wherever they are; how many."""
    return forget(places.returned, Vault(places.vault).cipher, mentions=masks.is_in)


def names_citing(places: Places, masks: Identifiers, stone: Tombstone) -> dict[str, str]:
    """Names of delivered files in which the person stands → the same without."""
    with open_ledger(places.ledger) as ledger:
        return {
            name: masks.masked(whole).replace(MASK, f"(effacé {stone.token('file', whole)[:6]})")
            for name in file_names(ledger)
            for whole in [unicodedata.normalize("NFC", name)]  # one name whether its accents stand apart or not
            if masks.is_in(name)
        }
