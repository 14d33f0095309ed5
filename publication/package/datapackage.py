"""datapackage.json: the package as Frictionless reads and checks it.

Two resources per table: its CSV with its schema, and the Parquet beside it, which holds the same cells (`observatoire releases verify`) and
its own types. The Parquet is a plain file to Frictionless: it reads its cells only with an optional reader, and checks its size and digest.
"""

from __future__ import annotations

import hashlib
from typing import Any

from publication.package.registry import LICENCE, LICENCE_TITLE, LICENCE_URL, TYPES, Column, Package, Table
from publication.wording import plain_letters


def document(package: Package) -> dict[str, Any]:
    publisher = package.publisher
    contributor = {"title": publisher.name, "role": "publisher"}
    contributor |= {"email": publisher.contact} if publisher.contact else {}
    contributor |= {"path": publisher.homepage} if publisher.homepage else {}
    described = {
        "profile": "data-package",
        "name": "observatoire-ess",
        "title": publisher.title,
        "description": publisher.description,
        "version": package.version.number,
        "created": package.made_at.isoformat(),
        "keywords": list(publisher.keywords),
        "licenses": [{"name": LICENCE, "title": LICENCE_TITLE, "path": LICENCE_URL}],
        "contributors": [contributor],
        "sources": [{"title": title} for title in sources(package)],
        "resources": [make(package, table) for table in package.tables for make in (_resource, _parquet)],
    }
    return described | ({"homepage": publisher.homepage} if publisher.homepage else {})


def sources(package: Package) -> list[str]:
    """Titles of the sources whose deliveries are in force."""
    accepted = [row for row in package.supply.deliveries if row["state"] == "accepted"]
    return sorted({row["source_title"] or row["source"] for row in accepted}, key=plain_letters)


def _resource(package: Package, table: Table) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": table.name.replace("_", "-"),
        **_file(package, table, table.csv),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": {
            "fields": [_field(column) for column in table.columns],
            "primaryKey": list(table.key),
            "missingValues": [""],
        },
    }


def _parquet(package: Package, table: Table) -> dict[str, Any]:
    return {
        "name": f"{table.name.replace('_', '-')}-parquet",
        "type": "file",
        **_file(package, table, table.parquet),
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
    }


def _file(package: Package, table: Table, path: str) -> dict[str, Any]:
    data = (package.public / path).read_bytes()
    return {
        "path": path,
        "title": table.title,
        "description": table.question,
        "bytes": len(data),
        "hash": f"sha256:{hashlib.sha256(data).hexdigest()}",
    }


def _field(column: Column) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if column.name in ("dataset", "indicator", "breakdown", "member", "period"):
        constraints["required"] = True
    if column.codes:
        constraints |= {"required": True, "enum": list(column.codes)}
    field = {"name": column.name, "type": TYPES[column.kind][0], "description": column.description}
    return field | ({"constraints": constraints} if constraints else {})
