"""Landing an export with a shipped template, as a user does: copy it, edit some lines, drop the file, run a night."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path

import duckdb

from identity.vault import Vault, open_private
from sources.contract import LoadedContract, header_key, load_contract
from sources.headers import bind
from sources.kinds import References
from sources.landing import Places, deliver, judge_file
from sources.ledger import DeliveryReport

sys.path.append(str(Path(__file__).parents[2] / "identity"))

from scanner import find

FILES = Path(__file__).with_name("files")
TEMPLATES = Path(__file__).parents[3] / "sources" / "templates"
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
REFERENCES = References()
"""Of every judgement of a file: its gazetteer takes longer to build than a sample to judge."""
_NIGHTS = count()


@dataclass(frozen=True)
class Landed:
    """What one delivery became: its report, its rows and refusals as landed, and what the vault holds of it."""

    home: Path
    report: DeliveryReport
    rows: list[dict]
    quarantine: list[dict]

    @cached_property
    def identities(self) -> list[dict]:
        """Read when they are asked for: opening them takes as long as a small landing."""
        return _identities(self.home / "vault", self.report.source, self.report.delivery_id)

    @property
    def counts(self) -> tuple[int, int, int, int, int]:
        """Rows read, accepted, quarantined, duplicate, of structure; the first is the sum of the next three."""
        report = self.report
        assert report.rows_read == report.rows_accepted + report.rows_quarantined + report.rows_duplicate
        return (
            report.rows_read, report.rows_accepted, report.rows_quarantined, report.rows_duplicate, report.rows_structure
        )  # fmt: skip

    def column(self, name: str) -> list:
        return [row[name] for row in self.rows]

    def leaks(self, *canaries: str) -> list:
        """Where these texts stand outside the vault, the kept originals being encrypted; the inbox is the sender's."""
        return find(self.home, canaries, leave_out=["inbox/*", "inbox/*/*", "contracts/*"])


def drop(home: Path, template: str, file: str | bytes, name: str | None = None) -> Path:
    """Put a file of `files/`, or bytes, in the source's inbox, old enough to be believed complete."""
    content = file if isinstance(file, bytes) else (FILES / file).read_bytes()
    path = home / "inbox" / template / (name or Path(str(file)).name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - 60, time.time() - 60))
    return path


def land(
    home: Path,
    template: str,
    file: str | bytes,
    *,
    name: str | None = None,
    edits: dict[str, str] | None = None,
    text: str | None = None,
) -> Landed:
    """Land one file with the template `template`, of which each text of `edits` (met at least once) is replaced; or with
    the contract `text`, whose source is `template`."""
    drop(home, template, file, name)
    text = text or (TEMPLATES / f"{template}.yml").read_text(encoding="utf-8")
    for old, new in (edits or {}).items():
        assert old in text, f"« {old} » is not in the template {template}"
        text = text.replace(old, new)
    contract = home / "contracts" / f"{template}.yml"
    contract.parent.mkdir(parents=True, exist_ok=True)
    contract.write_text(text, encoding="utf-8")
    loaded = load_contract(contract)
    places = Places(
        home / "inbox", home / "originals", home / "landing", home / "ledger.sqlite", home / "vault", home / "crawls"
    )
    reports = deliver(places, loaded, now=NOW + timedelta(days=next(_NIGHTS)))
    (report,) = reports[:1]
    stored = f"{template}__{report.delivery_id}.parquet"
    rows, refused = (_rows(places.landing / folder / stored) for folder in (loaded.contract.entity, "quarantine"))
    return Landed(home, report, rows, refused)


def read_with(template: str, files: list[str], monkeypatch) -> tuple[LoadedContract, set[str]]:
    """A template, and every header (its key) that some of these files have under it."""
    loaded, seen = load_contract(TEMPLATES / f"{template}.yml"), set()

    def watched(*arguments):
        binding = bind(*arguments)
        seen.update(header_key(label) for label in binding.labels if label)
        return binding

    monkeypatch.setattr("sources.judge.bind", watched)
    for file in files:
        judge_file(loaded, FILES / file, Path(file).name, REFERENCES, NOW)
    return loaded, seen


def _identities(vault: Path, source: str, delivery_id: str) -> list[dict]:
    with closing(open_private()) as con:
        Vault(vault).load(con, purpose="matching")
        query = "select * from identities where source = ? and delivery_id = ? order by row_number"
        found = con.execute(query, [source, delivery_id])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _rows(path: Path) -> list[dict]:
    if not path.exists():
        return []
    found = duckdb.sql(f"select * from read_parquet('{path}') order by row_number")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
