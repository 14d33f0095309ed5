"""Whatever comes to a home, in any order: lists, decisions by hand, erasures, terms of retention, backups of parts, and power cuts at any
rename or removal.

At the end of each life: every row read is accepted, refused or a double; what many nights know is what one reading of everything gives; of
whom was erased nothing is left, decrypted with the keys of the vault; every erasure has its certificate.
"""

import contextlib
import itertools
import os
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import duckdb
import pytest

from identity.matching import registry
from identity.matching.constraints import decide, decisions, in_force, undo
from identity.under_way import is_any_under_way
from identity.vault import Vault
from orchestration import erasure, rooms
from orchestration.retention import by_rule, retention
from sources.erased_files import are_tombstones_new, replaced_since
from sources.ledger import deliveries, open_ledger
from tests.identity.opened import opened
from tests.identity.scanner import find
from tests.orchestration.ticket_office import home_with
from tests.power_cut import PowerCut, cut

pytestmark = pytest.mark.nights

FILES = 'files: {{pattern: "*.csv", shape: delimited, delimiter: ";"{series}}}\nfields:\n  programme: {{constant: MESS-{year}}}\n  event: {{headers: [Code], required: true}}\n'
BILLETS = """\
  registration_id: {headers: [Billet], required: true}
  status: {headers: [Statut], required: true, words: {registered: [validé], cancelled: [annulé]}}
  registered_at: {headers: [Le], order: dmy}
  price: {headers: [Prix]}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
  email: {headers: [Courriel], privacy: direct}
  phone: {headers: [Tél], privacy: direct}
  comment: {headers: [Remarque], privacy: direct}
"""
PLACES = """\
  registration_id: {headers: [Place], required: true}
  status: {headers: [Statut], required: true, words: {registered: [validé], waiting: [en attente]}}
  full_name: {headers: [Nom], privacy: direct}
  email: {headers: [Courriel], privacy: direct}
"""
FEUILLES = """\
  attendance_id: {headers: [Ligne], required: true}
  family_name: {headers: [Nom], privacy: direct}
  given_name: {headers: [Prénom], privacy: direct}
  email: {headers: [Courriel], privacy: direct}
"""
CONTRACTS = {
    "billets": "entity: registration\n" + FILES.format(series="", year=2025) + BILLETS,
    # the files of one list are versions of it, whatever their names
    "places": "entity: registration\n" + FILES.format(series=', series: "csv$"', year=2024) + PLACES,
    "feuilles": "entity: attendance\n" + FILES.format(series="", year=2025) + FEUILLES,
}
HEADERS = {
    "billets": "Billet;Code;Statut;Le;Prix;Nom;Prénom;Courriel;Tél;Remarque",
    "places": "Place;Code;Statut;Nom;Courriel",
    "feuilles": "Ligne;Code;Nom;Prénom;Courriel",
}
PERSONS = tuple(
    (given, family, f"{family.lower()}@exemple{number % 2}.test", f"06 12 34 5{number} {number}0")
    for number, (given, family) in enumerate(
        [("Zélie", "Aubrequin"), ("Gontran", "Bellavoix"), ("Zélie", "Carambole"), ("Perpétue", "Dandelot"), ("Eustache", "Estragonet"),
         ("Aldegonde", "Fanfreluche"), ("Gontran", "Galipette"), ("Wilhelmine", "Huluberlu")]
    )
)  # fmt: skip
LATER = datetime(2028, 10, 5, tzinfo=UTC)
PARTS = ("landing", "originals", "vault/identities", "vault/matching", "landing/participant", "inbox")


@contextlib.contextmanager
def power_cut(moment: int, *, after: bool):
    """The `moment`-th rename or removal of a file is the last thing that happens, or the first that does not."""
    calls = itertools.count(1)
    with contextlib.ExitStack() as stack, contextlib.suppress(PowerCut):
        for name in ("replace", "rename", "unlink"):
            stack.enter_context(mock.patch.object(os, name, cut(getattr(os, name), calls, moment, after=after)))
        yield


class Life:
    """One home, and what comes to it: the same for the same seed."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.random, self.now = root, random.Random(seed), datetime(2025, 12, 1, 8, tzinfo=UTC)
        texts = {name: f"source: {name}\ntitle: Liste {name}\n{text}" for name, text in CONTRACTS.items()}
        self.home = home_with(root, texts, {}, 0)
        self.contracts = rooms.contracts(self.home)
        self.erased: set[int] = set()
        self.backups: list[Path] = []
        self.sent: dict[str, list[list[str]]] = {}

    def goes_on(self, nb_steps: int) -> None:
        happenings = (
            self.lists_come, self.lists_come, self.a_night, self.a_night, self.somebody_is_erased, self.somebody_decides,
            self.a_backup_is_made, self.a_part_comes_back, self.terms_are_over,
        )  # fmt: skip
        self.lists_come()
        self._night()
        self.a_backup_is_made()
        for _ in range(nb_steps):
            self.random.choice(happenings)()
        self.a_part_comes_back()

    # --- what happens ------------------------------------------------------------------------------------------------

    def _anybody(self) -> int:
        return self.random.choice([who for who in range(len(PERSONS)) if who not in self.erased])

    def lists_come(self) -> None:
        for _ in range(self.random.randint(1, 3)):
            source = self.random.choice(sorted(CONTRACTS))
            path = self.home.inbox / source / f"{self.random.choice('ab')}.csv"
            path.parent.mkdir(exist_ok=True)
            lines = [self._line(source) for _ in range(self.random.randint(1, 9))]
            if source in self.sent and self.random.random() < 0.3:
                # who was erased since is back, in other bytes
                lines = [*self.random.choice(self.sent[source]), *lines[:1]]
            self.sent.setdefault(source, []).append(lines)
            path.write_text("\n".join([HEADERS[source], *lines, ""]), "utf-8")
            self.now += timedelta(hours=5)
            os.utime(path, (self.now.timestamp(),) * 2)

    def _line(self, source: str) -> str:
        number, event, (given, family, email, phone) = (
            self.random.randint(1, 9), self.random.randint(1, 3), PERSONS[self._anybody()],
        )  # fmt: skip
        family = self.random.choice((family, family.upper()))
        email = self.random.choice((email, email, ""))
        if source == "feuilles":
            # a family name alone is nobody's
            given = self.random.choice((given, "")) if email else given
            return f"L{number};Q{event};{family};{given};{email}"
        if source == "places":
            name = self.random.choice((f"{given} {family}", f"{family} {given}", ""))
            return f"P{number};Q{event};{self.random.choice(('validé', 'en attente'))};{name};{email}"
        remark = self.random.choice(("", f"voir {PERSONS[self._anybody()][2]}"))
        state, price = self.random.choice(("validé", "annulé")), self.random.choice(("3", "", "dix"))
        return f"B{number};Q{event};{state};0{number}/10/2025 09:00;{price};{family};{given};{email};{phone};{remark}"

    def a_night(self) -> None:
        with self._perhaps_a_cut():
            self._night()

    def _perhaps_a_cut(self) -> contextlib.AbstractContextManager[None]:
        if self.random.random() < 0.5:
            return contextlib.nullcontext()
        return power_cut(self.random.randint(1, 20), after=self.random.choice((False, True)))

    def _night(self) -> None:
        """What `Night` does, up to the warehouse."""
        self.now += timedelta(hours=10)
        if is_any_under_way(self.home.vault):
            erasure.finish(self.home, self.now)
        if replaced_since(self.home.vault) or are_tombstones_new(self.home.vault):
            erasure.erase_again(self.home, self.now)
        for loaded in self.contracts.values():
            rooms.deliver(self.home, loaded, self.now)
            rooms.clear_inbox(self.home)
        rooms.match(self.home, self.contracts)

    def somebody_is_erased(self) -> None:
        if len(self.erased) > len(PERSONS) // 2:
            return
        self._night()  # what is not read is not found, and the command says so
        who = self._anybody()
        with self._perhaps_a_cut():
            self._erase(who)
        if is_any_under_way(self.home.vault) and self.random.choice((False, True)):
            self._night()
        erasure.finish(self.home, self.now)
        self._erase(who)
        self.erased.add(who)

    def _erase(self, who: int) -> None:
        given, family, email, _ = PERSONS[who]
        for asked in (email, f"{given} {family}"):
            found = erasure.held(self.home, asked, purpose="person_rights", same_name=True)
            if found.rows or erasure.everywhere(self.home, found, purpose="person_rights", now=self.now):
                erasure.erase(self.home, found, asked_on=self.now.date(), now=self.now, purpose="person_rights")

    def somebody_decides(self) -> None:
        vault = Vault(self.home.vault)
        alive = [decision.number for decision in in_force(decisions(vault))]
        left, right = self._anybody(), self._anybody()
        one, other = (
            erasure.held(self.home, PERSONS[who][2], purpose="matching").fingerprints for who in (left, right)
        )
        if alive and self.random.random() < 0.3:
            undo(vault, alive[-1], reason="repris")
        elif len(one) > 1 and self.random.random() < 0.5:
            decide(vault, "split", one[:1], one[1:], reason="ce n'est pas elle")
        elif one and other and not {*one} & {*other}:
            decide(vault, "merge", one, other, reason=f"comme {' '.join(PERSONS[left][:2])}")
        erasure.remember_decisions(self.home)

    def terms_are_over(self) -> None:
        """Three years later for the terms of retention alone: of who bought a place in the first days of October and did not come since."""
        with self._perhaps_a_cut():
            retention(self.home, LATER, apply=True)

    def a_backup_is_made(self) -> None:
        self.backups.append(shutil.copytree(self.home.root, self.root / f"backup{len(self.backups)}", symlinks=True))

    def a_part_comes_back(self) -> None:
        if not self.backups:
            return
        part = self.random.choice(PARTS)
        kept, here = self.random.choice(self.backups) / part, self.home.root / part
        if kept.exists():
            if part != "originals":  # the bytes of later deliveries are nowhere else
                shutil.rmtree(here, ignore_errors=True)
            shutil.copytree(kept, here, symlinks=True, dirs_exist_ok=True)

    # --- what holds --------------------------------------------------------------------------------------------------

    def ends_well(self) -> None:
        self._night()
        retention(self.home, LATER, apply=True)
        left = by_rule(retention(self.home, LATER, apply=False))
        assert {rule for rule, count in left.items() if count} <= {"year_keys", "access_log"}
        self._night()
        with open_ledger(self.home.ledger) as ledger:
            known = deliveries(ledger)
        for row in known:
            assert row["rows_read"] == row["rows_accepted"] + row["rows_quarantined"] + row["rows_duplicate"]
        assert not is_any_under_way(self.home.vault)
        assert {made.id for made in erasure.certificates(self.home)} == {
            stone.id for stone in Vault(self.home.vault).tombstones.all()
        }
        accepted = {f"{row['source']}__{row['delivery_id']}" for row in known if row["state"] == "accepted"}
        before = self._content(accepted)
        registry.forget(Vault(self.home.vault))
        with mock.patch("sources.landing.code_hash", lambda: "another program"):
            for loaded in self.contracts.values():
                rooms.deliver(self.home, loaded, self.now)
        rooms.match(self.home, self.contracts)
        assert self._content(accepted) == before, "one reading of everything"
        gone = [text for who in self.erased for text in PERSONS[who][1:]]
        if gone:
            assert not find(opened(self.home.root, self.root / "opened"), gone)

    def _content(self, accepted: set[str]) -> dict[str, list]:
        """Every landed row in force, and what matching says of them."""
        files = {
            entity: [str(path) for path in (self.home.landing / entity).glob("*.parquet") if path.stem in accepted]
            for entity in ("registration", "attendance")
        }
        files |= {path.stem: [str(path)] for path in (self.home.participants / "current").glob("*.parquet")}
        with contextlib.closing(duckdb.connect()) as con:
            return {
                name: con.execute(
                    "select cast(line as varchar) from read_parquet($paths, union_by_name = true) line order by all",
                    {"paths": paths},
                ).fetchall()
                for name, paths in files.items()
                if paths
            }


@pytest.mark.parametrize("seed", range(6))
def test_a_life(tmp_path, seed):
    life = Life(tmp_path, seed)
    life.goes_on(10)
    life.ends_well()
