"""dbt beside the night (`beside.py`): imported, its manifest loaded, before there is anything to build."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from orchestration.beside import Beside, Message, answer, say, step_back
from orchestration.candidates import Candidate
from orchestration.home import Home, Settings
from orchestration.process import run_process
from orchestration.warehouse import Built, WarehouseError, build, is_parsed, parsed_manifest, warm_up


class Builder(Beside):
    """The process that imports dbt while the night reads and lands. Only for a project parsed already."""

    def __init__(self, home: Home):
        super().__init__("orchestration.builder", home.project)
        self._home = home

    def start(self) -> None:
        if is_parsed(self._home):
            super().start()

    def build(self, settings: Settings, candidate: Candidate, moved: Callable[[int, int], None]) -> Built | None:
        """What `warehouse.build` gives, or None when the process never began. Raises WarehouseError."""

        def heard(message: Message) -> None:
            if "moved" in message:
                moved(*message["moved"])

        said = self.ask({"candidate": str(candidate.directory), "threads": settings.dbt_threads}, heard)
        if said is None:
            return None
        if "built" in said:
            return Built(**{**said["built"], "warnings": tuple(said["built"]["warnings"])})
        failed = said.get("failed") or {"sentence": "La construction de l'entrepôt s'est interrompue.", "detail": ""}
        raise WarehouseError(**failed)


def main() -> None:
    step_back(1)
    home = Home.from_environment()
    manifest = parsed_manifest(home)
    warm_up(home, manifest)
    question = answer()
    if question is None:
        return
    settings, candidate = Settings(dbt_threads=question["threads"]), Candidate(Path(question["candidate"]))
    try:
        built = build(home, settings, candidate, lambda done, total: say({"moved": [done, total]}), manifest)
    except WarehouseError as error:
        say({"failed": {"sentence": error.sentence, "detail": error.detail}})
    else:
        say({"built": asdict(built)})


if __name__ == "__main__":
    run_process(main)
