"""The audit beside the night (`beside.py`). When its process fails the night audits by itself: slower, the same verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.beside import Beside, answer, say, step_back
from orchestration.process import run_process

if TYPE_CHECKING:
    from expectations.verdict import Verdict


class Auditor(Beside):
    """The process that imports Great Expectations while the night lands and builds."""

    def __init__(self, project: Path):
        super().__init__("orchestration.auditor", project)

    def audit(self, directory: Path, suites: Path) -> Verdict | None:
        """The verdict of the process on a sealed candidate, or None."""
        from expectations import Verdict

        said = self.ask({"directory": str(directory), "suites": str(suites)})
        return Verdict.from_json(said["verdict"]) if said else None


def main() -> None:
    step_back(2)
    from expectations.auditing import audit, warm_up

    warm_up()
    question = answer()
    if question:
        verdict = audit(Path(question["directory"]), suites=Path(question["suites"]))
        say({"verdict": verdict.to_json()})


if __name__ == "__main__":
    run_process(main)
