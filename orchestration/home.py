"""Where things are, and what the environment may set.

Belongs here: every path of the state directory and of the project, every environment variable.
Does not belong here: reading or writing any of these places (except `ensure`, which makes the empty directories).

    OBSERVATOIRE_HOME            state directory, default `var/` beside the project
    OBSERVATOIRE_ALERT_SMTP      smtp://user:password@host:587?from=a@b.fr&to=c@d.fr,e@f.fr (`smtps://` for TLS from the start)
    OBSERVATOIRE_ALERT_WEBHOOK   https address that receives {"text": …} (Mattermost, Slack, Rocket.Chat, Teams relay)
    OBSERVATOIRE_HEARTBEAT_URL   address fetched by each good night, also one with nothing to do: a dead-man's switch lives outside of here
    OBSERVATOIRE_KEEP_RUNS_DAYS  how long Dagster's history is kept, default 90
    OBSERVATOIRE_DBT_THREADS     default 2

The three addresses may hold secrets: nothing here or elsewhere prints more of them than their host.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[1]


READ_OTHERWISE = "?*[\\"
"""What DuckDB reads in the name of a file as something else: a query after `?`, files that are named alike for `*` and `[`, and `/` for `\\`."""


class HomeError(Exception):
    """The state directory cannot be one. The message is French."""


@dataclass(frozen=True)
class Home:
    """Every path of the state directory (`root`) and of the read-only project."""

    root: Path
    project: Path = PROJECT

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Home:
        """`OBSERVATOIRE_HOME`, or `var/` beside the project. The directory need not exist yet."""
        environment = os.environ if environment is None else environment
        chosen = environment.get("OBSERVATOIRE_HOME", "").strip()
        return cls(Path(chosen).expanduser().resolve() if chosen else PROJECT / "var")

    # state
    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def originals(self) -> Path:
        return self.root / "originals"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def participants(self) -> Path:
        """Which landed rows are whose, without identity: what matching leaves."""
        return self.landing / "participant"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.sqlite"

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def certificates(self) -> Path:
        """What was erased, and when: counts, no identity."""
        return self.vault / "certificates"

    @property
    def decisions(self) -> Path:
        """What was decided by hand of who is one person, sealed (`identity.matching.constraints.path_of`)."""
        return self.vault / "matching" / "decisions.sealed"

    @property
    def crawls(self) -> Path:
        """Pages of platforms between their arrival and their landing, encrypted."""
        return self.root / "crawls"

    @property
    def returned(self) -> Path:
        """Corrections and explanations that came back in workbooks, one file per workbook; texts about persons are sealed."""
        return self.root / "corrections"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def last_night(self) -> Path:
        return self.warehouse / "last_night.json"

    @property
    def unfinished(self) -> Path:
        return self.warehouse / "unfinished_night.json"

    @property
    def lock(self) -> Path:
        return self.warehouse / "night.lock"

    @property
    def releases(self) -> Path:
        return self.root / "releases"

    @property
    def current_release(self) -> Path:
        return self.releases / "current"

    @property
    def preview(self) -> Path:
        """How what waits would look, for whoever approves it: not published."""
        return self.root / "preview"

    @property
    def copy(self) -> Path:
        """The state once more, while a night is rehearsed on it."""
        return self.root / "copy"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def dbt_target(self) -> Path:
        """dbt's manifest and compiled SQL: here, so that an installation may be read-only."""
        return self.root / "dbt"

    @property
    def installed_manifest_dir(self) -> Path:
        """dbt's manifest as the installation parsed it; a home copies it while the project has not changed."""
        return self.dbt_project / "target" / "installed"

    @property
    def manifest(self) -> Path:
        return self.dbt_target / "manifest.json"

    # project, never written
    @property
    def contracts(self) -> Path:
        return self.project / "sources" / "contracts"

    @property
    def corrections(self) -> Path:
        return self.project / "sources" / "corrections"

    @property
    def explanations(self) -> Path:
        return self.project / "sources" / "explanations.yml"

    @property
    def references(self) -> Path:
        return self.project / "sources" / "references"

    @property
    def samples(self) -> Path:
        return self.project / "sources" / "samples"

    @property
    def dbt_project(self) -> Path:
        return self.project / "dbt_project"

    @property
    def traces(self) -> Path:
        """How each figure is made from rows, beside the models that make it."""
        return self.dbt_project / "traces"

    @property
    def suites(self) -> Path:
        return self.project / "expectations" / "suites"

    @property
    def calendar(self) -> Path:
        """When new figures of each table may leave."""
        return self.project / "publication" / "calendar.yml"

    @property
    def rooms_with_rules(self) -> tuple[Path, ...]:
        """Rooms whose code changes what is published; `orchestration` is not one of them."""
        return tuple(self.project / room for room in ("rulebook", "identity", "sources", "expectations", "publication"))

    @property
    def why_not(self) -> str | None:
        """Why nothing can be kept here, in French: the engine would read and write elsewhere, perhaps in another home."""
        found = [character for character in READ_OTHERWISE if character in str(self.root)]
        if not found:
            return None
        return (
            f"{self.root} : le moteur de calcul lit autrement {' et '.join(f'« {character} »' for character in found)} dans le nom d'un dossier ; "
            "donnez à OBSERVATOIRE_HOME un chemin sans ? ni * ni [ ni \\"
        )

    def ensure(self) -> Home:
        """Make the directories of the state that are missing; the vault is for its owner alone. Raises HomeError where nothing can be kept."""
        if self.why_not:
            raise HomeError(f"{self.why_not}.")
        made = (self.inbox, self.originals, self.landing, self.warehouse, self.releases, self.dagster, self.logs)
        for directory in (*made, self.dbt_target):
            directory.mkdir(parents=True, exist_ok=True)
        self.vault.mkdir(mode=0o700, exist_ok=True)
        return self


@dataclass(frozen=True)
class Settings:
    """What the environment sets besides the home. `repr` hides the addresses, which may hold passwords."""

    alert_smtp: str = field(default="", repr=False)
    alert_webhook: str = field(default="", repr=False)
    heartbeat_url: str = field(default="", repr=False)
    keep_runs_days: int = 90
    dbt_threads: int = 2

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """What is not set, or is no positive number, has its default."""
        environment = os.environ if environment is None else environment
        return cls(
            alert_smtp=environment.get("OBSERVATOIRE_ALERT_SMTP", "").strip(),
            alert_webhook=environment.get("OBSERVATOIRE_ALERT_WEBHOOK", "").strip(),
            heartbeat_url=environment.get("OBSERVATOIRE_HEARTBEAT_URL", "").strip(),
            keep_runs_days=_positive(environment, "OBSERVATOIRE_KEEP_RUNS_DAYS", 90),
            dbt_threads=_positive(environment, "OBSERVATOIRE_DBT_THREADS", 2),
        )


def host_of(address: str) -> str:
    """The host of an address and nothing else of it: safe to print."""
    try:
        return urlsplit(address).hostname or "?"
    except ValueError:
        return "?"


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip()
    return int(text) if text.isdigit() and int(text) > 0 else default
