"""A home, a project of one real source and small suites, and nights that build a warehouse made by hand instead of by dbt.

Landing, seal, gate and releases are real (portal and workbook are a few bytes); the audit is where a test asks for it. dbt itself is in `test_warehouse.py`.
"""

import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_project import DATASETS, MANIFEST, SOURCE, an_hour_old, whole_night

from orchestration import rooms, warehouse
from orchestration.home import PROJECT, Home, Settings
from orchestration.night import Night, Outcome
from orchestration.novelty import is_anything_new
from publication import portal, workbook

sys.path.append(str(Path(__file__).parents[1] / "publication"))
import hand_made

AUDIT = rooms.audit


class NobodyBeside:
    """The auditor of a machine that has no room for one: the night audits by itself."""

    def __init__(self, project: Path):
        self.project = project

    def start(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""

    def audit(self, directory: Path, suites: Path) -> None:
        return None


class NobodyDraws:
    """The renderer of a portal that has no charts."""

    def close(self) -> None:
        """Nothing."""


class Observatory:
    """One home and its project. `spoil(dataset)`: the next builds hold a row that its blocking expectation refuses."""

    def __init__(self, root: Path, stock: Path, monkeypatch):
        self.stock = stock
        project = root / "project"
        for folder in (
            "sources/contracts",
            "sources/corrections",
            "sources/references",
            "dbt_project",
            "sources/samples",
        ):
            (project / folder).mkdir(parents=True)
        contract = PROJECT / "sources" / "contracts" / f"{SOURCE}.yml"
        shutil.copy(contract, project / "sources" / "contracts")
        shutil.copytree(PROJECT / "sources" / "samples" / SOURCE, project / "sources" / "samples" / SOURCE)
        (project / "sources" / "explanations.yml").write_text("explanations: []\n")
        hand_made.suites(project / "expectations" / "suites", DATASETS)
        self.home = Home(root / "var", project).ensure()
        self.home.calendar.parent.mkdir()
        self.rule("{}")
        self.spoilt: set[str] = set()
        self.total = 36
        self.settings = Settings()
        self.monkeypatch = monkeypatch
        monkeypatch.setattr(rooms, "hand_over", lambda home, candidate, loaded: None)
        monkeypatch.setattr(warehouse, "load_manifest", lambda home: MANIFEST)
        monkeypatch.setattr(warehouse, "build", self._build)
        monkeypatch.setattr(rooms, "audit", self._audit)
        # no process beside the night: it would import the real audit for each of these nights
        monkeypatch.setattr("orchestration.night.Auditor", NobodyBeside, raising=False)
        monkeypatch.setattr(workbook, "write", lambda path, *_, **__: path.write_bytes(b"PK"))
        monkeypatch.setattr("publication.portal.drawing.Renderer", NobodyDraws)
        monkeypatch.setattr(portal, "Portal", lambda public, *_: SimpleNamespace(public=public, lines=()))
        monkeypatch.setattr(portal, "write", lambda pages: (pages.public / "index.html").write_text("<html>"))
        monkeypatch.setenv("OBSERVATOIRE_HOME", str(self.home.root))

    def _build(self, home, settings, candidate, moved) -> warehouse.Built:
        content = {"ind_events": hand_made.events(self.total), "ind_quality": hand_made.quality()}
        for dataset in self.spoilt:
            content[dataset].append(hand_made.row(dataset, None))
        made = self.stock / f"{self.total}-{'-'.join(sorted(self.spoilt))}.duckdb"
        if not made.exists():
            hand_made.warehouse(made, content)
        shutil.copyfile(made, candidate.database)
        moved(1, 1)
        return warehouse.Built({name: len(rows) for name, rows in content.items()}, {}, 1, ())

    def _audit(self, home, candidate):
        """What the real audit would say, in no time; `real_audit` puts it back."""
        verdict = hand_made.verdict(candidate.directory, home.suites)
        for dataset in self.spoilt & set(DATASETS):
            verdict = hand_made.failed(verdict, dataset)
        return verdict

    def real_audit(self) -> None:
        self.monkeypatch.setattr(rooms, "audit", AUDIT)

    def spoil(self, *datasets: str) -> None:
        self.spoilt = set(datasets)

    def rule(self, datasets: str) -> None:
        """What the calendar of publication says from now on."""
        self.home.calendar.write_text(f"datasets: {datasets}\n", encoding="utf-8")

    def deliver_sample(self) -> Path:
        sample = next((self.home.samples / SOURCE).iterdir())
        target = self.home.inbox / SOURCE / sample.name
        target.parent.mkdir(exist_ok=True)
        shutil.copy2(sample, target)
        return target

    def night(self) -> Outcome:
        return whole_night(self.home, self.settings)

    def steps(self, run_id: str = "0" * 32) -> Night:
        return Night(self.home, self.settings, run_id)

    @property
    def current(self) -> int | None:
        link = self.home.current_release
        return int(os.readlink(link)) if link.is_symlink() else None

    def candidates(self) -> list[str]:
        return sorted(path.name for path in self.home.warehouse.glob("2*T*-*") if path.is_dir())


@pytest.fixture(scope="session")
def stock(tmp_path_factory) -> Path:
    """Warehouses made once, copied for each build."""
    return tmp_path_factory.mktemp("stock")


@pytest.fixture
def observatory(tmp_path, stock, monkeypatch) -> Observatory:
    return Observatory(tmp_path, stock, monkeypatch)


@pytest.fixture(scope="session")
def settled(tmp_path_factory, stock) -> Path:
    """The project and the home of an observatory whose first night ended well, to be copied."""
    root = tmp_path_factory.mktemp("settled")
    with pytest.MonkeyPatch.context() as patch:
        made = Observatory(root, stock, patch)
        an_hour_old(made.deliver_sample())
        assert is_anything_new(made.home).is_new
        assert made.night().exit_code == 0
    return root
