"""Writing the pages."""

from pathlib import Path

from publication.portal.edition import Edition


def write(public: Path, edition: Edition) -> None:
    (public / "index.html").write_text("<!doctype html><title>Observatoire</title>", encoding="utf-8")
