"""One night: deliver each source, build a candidate aside, seal it, audit it, publish what may be.

Belongs here: the order of the steps, what a failure throws away and what it keeps, the record of a night. Each step is
a method of `Night`, called in this order by `Night.whole`, or one by one by the assets that show them to Dagster
(`assets.py`). Does not belong here: any rule of the trade, any judgement on the data: the gate is in
`publication.publish`.

What failed, and what then:

- one delivery's program fails: its bytes are kept, the others go on, those of its source too, the night ends with exit code 3 and will be done
  again;
- a build, a seal, an audit or a publication fails: the candidate is thrown away whole, the last good one and the
  releases stay as they were, exit code 4;
- the process dies: `warehouse/unfinished_night.json` stays, so that the next night does everything again from what was
  landed. Delivering again finds known bytes, building starts from an empty file, a candidate left behind is removed.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from identity.matched import current_version
from orchestration import failures, interruption, rooms, system_errors, warehouse
from orchestration.alerts import heartbeat, send
from orchestration.auditor import Auditor
from orchestration.builder import Builder
from orchestration.candidates import (
    AUDITED,
    BUILT,
    PUBLISHED,
    SEALED,
    Candidate,
    latest,
    new_candidate,
    prune,
    write_json,
)
from orchestration.exit_codes import DONE, FAILED, NOT_WHOLE
from orchestration.home import Home, Settings
from orchestration.home_copy import discard
from orchestration.lock import only_one_night
from orchestration.novelty import RETURNS, any_return, fingerprint, leave_for_next_night
from orchestration.process import give_memory_back
from orchestration.progress import Running
from orchestration.progress import step as timed
from orchestration.publisher import Publisher
from orchestration.warehouse import Built, WarehouseError
from rulebook.numbers import agreed, grouped, plural
from sources.note import OVERTAKEN

if TYPE_CHECKING:
    from expectations.verdict import Verdict
    from identity.matched import Matched
    from publication.shelf import DatasetStatus, Release
    from sources.contract import LoadedContract
    from sources.ledger import DeliveryReport

HELD_BACK = ("carried", "withheld")
Found = TypeVar("Found")


class StructureFailed(Exception):
    """The night cannot go on. The message is one French sentence without data; `log` holds the details."""

    def __init__(self, sentence: str, log: Path | None = None):
        super().__init__(sentence)
        self.sentence = sentence
        self.log = log


@dataclass(frozen=True)
class Outcome:
    """How a night ended. `datasets` maps each dataset to its status in the release, `waits` those whose new figures passed the checks and
    wait to what for (`approval`, `embargo`)."""

    exit_code: int
    release: int | None = None
    changed: bool = False
    datasets: dict[str, str] = field(default_factory=dict)
    failed_sources: tuple[str, ...] = ()
    held: dict[str, int] = field(default_factory=dict)
    sentence: str = ""
    waits: dict[str, str] = field(default_factory=dict)

    @property
    def kept_back(self) -> dict[str, str]:
        return {name: status for name, status in self.datasets.items() if status in HELD_BACK}


def told(step: Callable[..., Found]) -> Callable[..., Found]:
    """A step of `Night` whose result, or failure, and seconds are told to whoever writes the history."""

    @wraps(step)
    def telling(night: Night, *arguments: str) -> Found:
        key, started = ":".join((step.__name__, *arguments)), time.perf_counter()

        def tell(found: Any) -> None:
            night.seconds[key] = round(time.perf_counter() - started, 3)
            night.tell(key, found, night.seconds[key])

        try:
            found = step(night, *arguments)
        except StructureFailed as failure:
            tell(failure)
            raise
        except Exception as error:
            # beside what the step times: the night's own notes of itself, on a disk that is full or is somebody else's
            ended = night.failure("La nuit", "n'a pas abouti", error)
            tell(ended)
            raise ended from error
        tell(found)
        return found

    return telling


class Night:
    """The steps of one night and what they leave to one another. To be used inside `under_lock`.

    `tell(step, found, seconds)` hears the end of every step, `seconds` remembers how long each took.
    """

    def __init__(self, home: Home, settings: Settings | None = None, run_id: str | None = None):
        self.home = home
        self.settings = settings or Settings.from_environment()
        self.run_id = run_id or uuid4().hex
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.failed_sources: list[str] = []
        self.held: dict[str, int] = {}
        self.outcome: Outcome | None = None
        self.seconds: dict[str, float] = {}
        self.tell: Callable[[str, Any, float], None] = lambda step, found, seconds: None
        self.auditor = Auditor(home.project)
        self.builder = Builder(home)
        self.publisher = Publisher()
        self._own: Candidate | None = None
        self._contracts: dict[str, LoadedContract] | None = None
        self._fingerprint: dict[str, str] | None = None

    @contextmanager
    def under_lock(self) -> Iterator[Night]:
        """Hold the night's lock; raises AnotherNight at once when somebody else does."""
        from sources.ledger import kept_open

        self.home.ensure()
        with only_one_night(self.home.lock), kept_open(self.home.ledger):
            discard(self.home)
            try:
                yield self
            finally:
                self.auditor.stop()
                self.builder.stop()
                self.publisher.stop()

    @property
    def contracts(self) -> dict[str, LoadedContract]:
        if self._contracts is None:
            self._contracts = rooms.contracts(self.home)
        return self._contracts

    def whole(self) -> Outcome:
        """Every step in order. A step that fails ends the night with exit code 4; a source that fails does not."""
        try:
            self.make_ready()
            for source in self.contracts:
                with suppress(StructureFailed):
                    self.deliver(source)
            self.match()
            self.build()
            self.seal()
            self.audit()
            self.publish()
        except StructureFailed as failure:
            return failed_outcome(self, failure.sentence)
        assert self.outcome is not None
        return self.outcome

    @told
    def make_ready(self) -> None:
        """All that a night does before it reads a source."""
        self.begin()
        self.read_rules()

    def read_rules(self) -> None:
        """Contracts, suites, what was declared by hand and the keys of who was read before, before anything is read by them: what is wrong there
        is the whole night's (StructureFailed)."""
        from expectations.suite import SuiteError
        from identity.keys import holds_identities
        from identity.retention import load_rules
        from identity.vault import Vault
        from sources.contract import ContractError

        with self.step("rules", "Règles et coffre", "n'a pas abouti") as running:
            try:
                if holds_identities(self.home.vault):
                    Vault(self.home.vault)
                load_rules()
                rooms.declared_by_hand(self.home, self.contracts)
                suites = plural(len(rooms.suites(self.home)), "liste de contrôles", "listes de contrôles")
                running.say(f"{plural(len(self.contracts), 'contrat')}, {suites}")
            except (ContractError, SuiteError) as mistake:
                raise StructureFailed(str(mistake)) from mistake

    def begin(self) -> None:
        """Remember the rules before anything is read: what changes during the night is for the next one."""
        if self._fingerprint is None:
            self._erase_again()
            self._fingerprint = fingerprint(self.home)
            leave_for_next_night(self.home, run_id=self.run_id, started_at=self.now.isoformat())
            self._take_returns()

    def _take_returns(self) -> None:
        """Workbooks that organisers sent back become corrections and explanations before anything is landed tonight. When they
        cannot be read the night goes on without them and says so."""
        if not any_return(self.home):
            return
        try:
            with self.step("returns", "Classeurs de retour", "n'ont pas pu être lus") as running:
                reports = rooms.take_returns(self.home, self.contracts, self.now)
                running.say(" ; ".join(returns_sentences(reports)))
        except StructureFailed:
            self.failed_sources.append(RETURNS)

    def _erase_again(self) -> None:
        """An erasure that was interrupted goes on, and whoever was erased and is back with a backup goes again, before anything is read;
        otherwise there is no night. One that waits for somebody (a contract to be put back) says so, and holds nothing else up."""
        from identity.under_way import is_any_under_way
        from sources.erased_files import are_tombstones_new, is_lost, mend, replaced_since

        mend(self.home.vault)
        if is_any_under_way(self.home.vault):
            from orchestration.erasure import finish, waiting

            with self.step("erase_on", "Effacement interrompu, à terminer", "n'a pas abouti") as running:
                made = [f"certificat n° {each.id}" for each in finish(self.home, self.now)]
                running.say(", ".join([*made, *(f"reste à terminer : {why}" for why in waiting(self.home))]))
        if replaced_since(self.home.vault) or are_tombstones_new(self.home.vault):
            from orchestration.erasure import erase_again

            why = "liste des fichiers effacés illisible" if is_lost(self.home.vault) else "sauvegarde rétablie ?"
            with self.step("erase_again", f"Effacements à refaire ({why})", "n'ont pas abouti") as running:
                count = erase_again(self.home, self.now)
                running.say(
                    plural(count, "livraison ou version effacée", "livraisons ou versions effacées") + " de nouveau"
                )

    @told
    def deliver(self, source: str) -> list[DeliveryReport]:
        """Land what is new of one source. A bug or an unreadable place raises StructureFailed: the caller goes on."""
        self.begin()
        with self.step(f"deliver:{source}", f"Livraisons « {source} »", "n'ont pas pu être lues") as running:
            try:
                reports = rooms.deliver(self.home, self.contracts[source], self.now)
                rooms.clear_inbox(self.home)
            except Exception:
                self.failed_sources.append(source)
                raise
            held = sum(report.outcome in ("held", "refused") for report in reports)
            if held:
                self.held[source] = held
            running.say(delivery_sentence(reports))
        return reports

    @told
    def match(self) -> Matched | None:
        """Tell which landed rows are one person, over all deliveries in force. None when no list of persons is landed."""
        self.begin()
        with self.step("match", "Rapprochement des personnes", "n'a pas abouti") as running:
            matched = rooms.match(self.home, self.contracts)
            running.say(matching_sentence(matched))
        give_memory_back()  # the largest step of this process is over, and that of another begins
        return matched

    @told
    def build(self) -> tuple[Candidate, Built]:
        """Hand the landed rows over to a new candidate and let dbt build it; both or nothing."""
        self.begin()
        prune(self.home.warehouse)
        candidate = new_candidate(self.home.warehouse, self.run_id)
        with self._throwing_away(candidate):
            with self.step("handover", "Remise à l'entrepôt", "n'a pas abouti") as running:
                rooms.hand_over(self.home, candidate, self.contracts)
            self.auditor.start()
            self.publisher.start()
            with self.step("build", "Construction de l'entrepôt", "n'a pas abouti") as running:
                built = self.builder.build(self.settings, candidate, running.move)
                built = built or warehouse.build(self.home, self.settings, candidate, running.move)
                tables = sum(name.startswith("ind_") for name in built.rows)
                warned = f", {plural(len(built.warnings), 'avertissement')}" if built.warnings else ""
                running.say(
                    f"{plural(len(built.rows), 'table')} dont {plural(tables, 'publiable')}, {plural(built.tests, 'test')}{warned}"
                )
            candidate.mark(BUILT, tests=built.tests, warnings=list(built.warnings), complete=not self.failed_sources)
        self._own = candidate
        return candidate, built

    @told
    def seal(self) -> tuple[Candidate, str]:
        """Close the candidate, and name it by its bytes: the candidate and its hash. Raises StructureFailed; the candidate is then gone."""
        candidate = self.candidate(BUILT)
        with (
            self._throwing_away(candidate),
            self.step("seal", "Scellement de la version candidate", "n'a pas abouti") as running,
        ):
            digest = rooms.seal(self.home, candidate, warehouse.dictionary(warehouse.load_manifest(self.home)))
            candidate.verdict_file.unlink(missing_ok=True)
            candidate.mark(SEALED, hash=digest)
            running.say(digest[:16])
        return candidate, digest

    @told
    def audit(self) -> tuple[Candidate, Verdict]:
        """The sealed candidate and the verdict on it, which is kept beside it. Raises StructureFailed when there is no verdict, not when checks
        do not hold."""
        candidate = self.candidate(SEALED)
        with self._throwing_away(candidate), self.step("audit", "Contrôles", "n'ont pas pu être menés") as running:
            self.publisher.foresee(candidate.directory, self.home.releases)
            from expectations.verdict import tally

            verdict = self.auditor.audit(candidate.directory, self.home.suites) or rooms.audit(self.home, candidate)
            candidate.verdict_file.write_text(verdict.to_json(), encoding="utf-8")
            candidate.mark(AUDITED)
            running.say(tally(verdict.outcomes))
        return candidate, verdict

    def verdict(self) -> tuple[Candidate, Verdict]:
        """The verdict kept beside the candidate of this run if it is bound to it, otherwise that of a new audit."""
        candidate = self.candidate(SEALED)
        verdict = rooms.bound_verdict(self.home, candidate)
        return (candidate, verdict) if verdict else self.audit()

    @told
    def publish(self) -> Release:
        """Publish the candidate of this run, or the newest sealed one. `publication` alone decides what may pass."""
        candidate, verdict = self.verdict()
        with self._throwing_away(candidate), self.step("publish", "Publication", "n'a pas abouti") as running:
            release = self._past_the_gate(candidate, verdict)
            candidate.mark(PUBLISHED, release=release.number)
            running.say(release_sentence(release))
        prune(self.home.warehouse, keep=candidate)
        self._show_what_waits(candidate, verdict, _waits(release.datasets))
        self._end(candidate, release)
        return release

    def _show_what_waits(self, candidate: Candidate, verdict: Verdict, waits: dict[str, str]) -> None:
        """The portal of what waits, for whoever approves it. Without it the night is what it is, and says so."""
        if not waits and not self.home.preview.exists():
            return
        with (
            suppress(StructureFailed),
            self.step("preview", "Aperçu de ce qui attend", "n'a pas pu être fait") as running,
        ):
            shown = rooms.preview(self.home, candidate, verdict, self.now)
            running.say(", ".join(each.dataset for each in shown) or "rien n'attend plus")

    def _past_the_gate(self, candidate: Candidate, verdict: Verdict) -> Release:
        """Publish; a refusal of everything is an outcome of its own (exit code 3), not a broken structure."""
        from publication.decision import Refused

        try:
            return rooms.publish(self.home, candidate, verdict, self.now, self.publisher)
        except Refused as refused:
            sentence = str(refused)
            if refused.datasets:
                # the reasons are those of the verdict, which stays beside the candidate until the next night
                waits, datasets = _waits(refused.datasets), dict.fromkeys(refused.datasets, "withheld")
                where = "observatoire releases waiting" if waits else "observatoire status"
                sentence = f"Aucun tableau ne peut être publié : voir `{where}`."
                self.outcome = Outcome(
                    NOT_WHOLE, datasets=datasets, held=dict(self.held), sentence=sentence, waits=waits
                )
                candidate.mark(AUDITED, waits=sorted(waits))
                self._show_what_waits(candidate, verdict, waits)
            raise StructureFailed(sentence) from refused

    def is_sealed(self) -> bool:
        """Whether there is a candidate to judge: that of this run, or an earlier one when this run built none."""
        found = self._own or latest(self.home.warehouse, SEALED)
        return found is not None and found.reached(SEALED)

    def candidate(self, at_least: str) -> Candidate:
        """The candidate of this run, or the newest that got far enough. Raises StructureFailed without one."""
        found = self._own or latest(self.home.warehouse, at_least)
        if found is None or not found.reached(at_least):
            what = {BUILT: "construite", SEALED: "scellée"}[at_least]
            raise StructureFailed(f"Aucune version candidate n'est {what} : lancez la nuit entière.")
        return found

    def _end(self, candidate: Candidate, release: Release) -> None:
        """Record the night; tell somebody when something was kept back."""
        datasets = {name: status.status for name, status in release.datasets.items()}
        kept_back = any(status in HELD_BACK for status in datasets.values())
        code = NOT_WHOLE if kept_back or self.failed_sources else DONE
        self.outcome = Outcome(
            code, release.number, release.changed, datasets, tuple(self.failed_sources), dict(self.held),
            waits=_waits(release.datasets),
        )  # fmt: skip
        record = {
            "run_id": self.run_id,
            "started_at": self.now.isoformat(),
            "finished_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
            "exit_code": code,
            "release": release.number,
            "changed": release.changed,
            "datasets": datasets,
            "embargoes": [status.until for status in release.datasets.values() if status.until],
            "failed_sources": self.failed_sources,
            "candidate": candidate.name,
            "matched": current_version(self.home.participants),
        }
        # only a night that built from the state of the rules it began with may say that they are dealt with
        whole = self._own is not None and self._fingerprint is not None
        if whole and not self.failed_sources:
            write_json(self.home.last_night, record | {"fingerprint": self._fingerprint})
            self.home.unfinished.unlink(missing_ok=True)
        if self.failed_sources:
            leave_for_next_night(self.home, run_id=self.run_id, failed_sources=self.failed_sources)
        else:
            self._log_all(heartbeat(self.settings))
        lines = alert_lines(self.outcome)
        if lines:
            subject = f"Observatoire : des tableaux ou des livraisons attendent (version {release.number})"
            self._log_all(send(self.settings, subject, lines))

    @contextmanager
    def _throwing_away(self, candidate: Candidate) -> Iterator[None]:
        """On any failure the candidate goes, whole, unless it is the good one of an earlier night."""
        was_good = candidate.reached(PUBLISHED)
        try:
            yield
        except BaseException:
            if not was_good and self.outcome is None:
                candidate.throw_away()
                self._own = None
            raise

    @contextmanager
    def step(self, key: str, title: str, failure: str) -> Iterator[Running]:
        """Time a step; whatever goes wrong inside becomes one sentence (StructureFailed), its details going to the log."""
        with timed(key, title) as running:
            try:
                with interruption.kept():
                    yield running
            except StructureFailed as ended:
                running.say(ended.sentence)
                raise
            except Exception as error:
                told_as = self.failure(title, failure, error)
                running.say(told_as.sentence)
                raise told_as from error

    def failure(self, title: str, what: str, error: Exception) -> StructureFailed:
        """The end of a step that met an exception: one sentence, its details in the log."""
        log = self.log(failures.for_log(error) + getattr(error, "detail", ""))
        return StructureFailed(f"{title} : {self._cause(error, what)}", log)

    def _cause(self, error: Exception, failure: str) -> str:
        if system_errors.is_full(self.home.root):
            return f"{failure} ({system_errors.SENTENCES[errno.ENOSPC]})."
        if isinstance(error, WarehouseError):
            return error.sentence
        from sources.landing import NotReadAgain

        if isinstance(error, NotReadAgain):
            return f"{error}."
        if failures.is_made_for_people(error):
            return str(error)
        if isinstance(error, OSError) and (cause := system_errors.told(error)):
            return f"{failure} ({cause})."
        # the text of an unforeseen exception may quote a cell: only its kind is said
        return f"{failure} ({type(error).__name__})."

    @property
    def log_file(self) -> Path:
        return self.home.logs / f"night-{self.now:%Y%m%dT%H%M%S}-{self.run_id[:8]}.log"

    def log(self, text: str) -> Path:
        """Add to the log, as far as the disk lets: what was to be told is worth more than its details."""
        with suppress(OSError), self.log_file.open("a", encoding="utf-8") as file:
            file.write(text.rstrip() + "\n")
        return self.log_file

    def _log_all(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self.log(sentence)


def take_returns_alone(home: Home) -> tuple[list[str], bool]:
    """Of workbooks that are all that is new: what to say of each, and whether a night has anything to do. What cannot be done here (another
    night is under way, a contract is broken) is the night's to say. Of what is taken, no line waits for whoever only looks: a night is owed."""
    try:
        with only_one_night(home.lock):
            if home.unfinished.exists():
                return [], True
            leave_for_next_night(home)
            reports = rooms.take_returns(home, rooms.contracts(home), datetime.now(UTC).replace(microsecond=0))
            is_owed = any(report.rows_accepted for report in reports)
            if not is_owed:
                home.unfinished.unlink()
    except Exception:
        return [], True
    return returns_sentences(reports), is_owed


def returns_sentences(reports: list[DeliveryReport]) -> list[str]:
    return [f"{report.file_name} : {report.message or 'déjà pris en compte.'}" for report in reports]


def failed_outcome(night: Night, sentence: str) -> Outcome:
    """The outcome of a night that could not go on; the one it already has when every dataset was refused."""
    return night.outcome or Outcome(
        FAILED, failed_sources=tuple(night.failed_sources), held=dict(night.held), sentence=sentence
    )


def delivery_sentence(reports: list[DeliveryReport]) -> str:
    """In French: « 1 livraison, 60 lignes : 58 acceptées, 2 en quarantaine, 0 en double »."""
    if not reports:
        return "rien de nouveau"
    accepted = [report for report in reports if report.outcome == "accepted"]
    parts = [plural(len(reports), "livraison")]
    if accepted:
        read = sum(report.rows_read for report in accepted)
        kept = sum(report.rows_accepted for report in accepted)
        aside = sum(report.rows_quarantined for report in accepted)
        twice = sum(report.rows_duplicate for report in accepted)
        parts.append(
            f"{plural(read, 'ligne')} : {plural(kept, 'acceptée')}, {grouped(aside)} en quarantaine, {grouped(twice)} en double"
        )
    if nb_remarks := sum(len(report.notes) for report in accepted):
        parts.append(plural(nb_remarks, "remarque"))
    refused = len(reports) - len(accepted)
    if refused:
        parts.append(plural(refused, "à corriger avant d'être lue"))
    late = [note.message for report in accepted for note in report.notes if note.rule == OVERTAKEN]
    return ". ".join([", ".join(parts), *late]).removesuffix(".")


def matching_sentence(matched: Matched | None) -> str:
    """In French: « 1 204 lignes, 310 personnes, 4 paires à examiner »."""
    if matched is None:
        return "aucune liste de personnes"
    review = f", {plural(matched.review, 'paire')} à examiner" if matched.review else ""
    return f"{plural(matched.rows, 'ligne')}, {plural(matched.persons, 'personne')}{review}"


def release_sentence(release: Release) -> str:
    """What became of the datasets, in French, without its full stop: « version 12, 7 publiés, reporté : ind_events »."""
    if not release.changed:
        return f"aucun chiffre nouveau : la version {release.number} reste en place"
    kept_back = [name for name, status in release.datasets.items() if status.status in HELD_BACK]
    published = len(release.datasets) - len(kept_back)
    waits = _waits(release.datasets)
    tail = ""
    for status, word in (("carried", "reporté"), ("withheld", "retenu")):
        refused = sorted(name for name in set(kept_back) - waits.keys() if release.datasets[name].status == status)
        tail += f", {agreed(len(refused), word)} : {', '.join(refused)}" if refused else ""
    tail += f", en attente : {', '.join(sorted(waits))}" if waits else ""
    return f"version {release.number}, {plural(published, 'publié')}{tail}"


WAITING = {
    "approval": "de nouveaux chiffres attendent une approbation (observatoire releases waiting)",
    "embargo": "de nouveaux chiffres sont sous embargo (observatoire releases waiting)",
}


def _waits(datasets: Mapping[str, DatasetStatus]) -> dict[str, str]:
    return {name: status.waits for name, status in datasets.items() if status.waits}


def kept_back_lines(outcome: Outcome) -> list[str]:
    """What is not tonight's, and whether it was refused or only waits."""
    words = {"carried": "reporté de la dernière bonne version", "withheld": "retenu, aucune bonne version n'existe"}
    kept = sorted(outcome.kept_back.items())
    return [f"{name} : {WAITING.get(outcome.waits.get(name, ''), words[status])}" for name, status in kept]


def alert_lines(outcome: Outcome) -> list[str]:
    """Names of datasets and sources, and counts: never a cell, a file name or an exception's text."""
    lines = kept_back_lines(outcome)
    lines += [f"source {source} : le programme n'a pas pu la lire" for source in outcome.failed_sources]
    lines += [
        f"source {source} : "
        + plural(n, "livraison à corriger avant d'être lue", "livraisons à corriger avant d'être lues")
        for source, n in sorted(outcome.held.items())
    ]
    return lines
