"""Writing the descriptions beside the tables. The tables must be there already: their sizes and digests are read from the disk."""

from __future__ import annotations

import json
from pathlib import Path

from publication.package import csvw, datapackage, dcat, licence, methodology
from publication.package.registry import Package

FILES = ("datapackage.json", "csv-metadata.json", "dcat.jsonld", "METHODOLOGIE.md", "LICENCE.txt")


def write(package: Package) -> None:
    """Every form of the registry, under the same release."""
    for name, document in zip(FILES, (datapackage, csvw, dcat), strict=False):
        _put(package.public / name, json.dumps(document.document(package), ensure_ascii=False, indent=2) + "\n")
    _put(package.public / "METHODOLOGIE.md", methodology.text(package))
    _put(package.public / "LICENCE.txt", licence.text(package))


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
