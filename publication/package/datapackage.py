"""datapackage.json: the package as Frictionless reads and checks it.

One resource per table, its CSV; the Parquet beside it holds the same cells (`observatoire releases verify`).
"""

from __future__ import annotations

import hashlib
from typing import Any

from publication.package.registry import LICENCE, LICENCE_TITLE, LICENCE_URL, TYPES, Column, Package, Table


def document(package: Package) -> dict[str, Any]:
    publisher = package.publisher
    contributor = {"title": publisher.name, "role": "publisher"}
    contributor |= {"email": publisher.contact} if publisher.contact else {}
    contributor |= {"path": publisher.homepage} if publisher.homepage else {}
    described = {
        "profile": "tabular-data-package",
        "name": "observatoire-ess",
        "title": publisher.title,
        "description": publisher.description,
        "version": package.version.number,
        "created": package.made_at.isoformat(),
        "keywords": list(publisher.keywords),
        "licenses": [{"name": LICENCE, "title": LICENCE_TITLE, "path": LICENCE_URL}],
        "contributors": [contributor],
        "sources": [{"title": title} for title in sources(package)],
        "resources": [_resource(package, table) for table in package.tables],
    }
    return described | ({"homepage": publisher.homepage} if publisher.homepage else {})


def sources(package: Package) -> list[str]:
    """Titles of the sources whose deliveries are in force."""
    accepted = [row for row in package.supply.deliveries if row["state"] == "accepted"]
    return sorted({row["source_title"] or row["source"] for row in accepted})


def _resource(package: Package, table: Table) -> dict[str, Any]:
    data = (package.public / table.csv).read_bytes()
    return {
        "profile": "tabular-data-resource",
        "name": table.name.replace("_", "-"),
        "path": table.csv,
        "title": table.title,
        "description": table.question,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": f"sha256:{hashlib.sha256(data).hexdigest()}",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": {
            "fields": [_field(column, table) for column in table.columns],
            "primaryKey": list(table.key),
            "missingValues": [""],
        },
    }


def _field(column: Column, table: Table) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if column.name in ("dataset", "indicator", "breakdown", "member", "period"):
        constraints["required"] = True
    if column.codes:
        constraints |= {"required": True, "enum": list(column.codes)}
    field = {"name": column.name, "type": TYPES[column.kind][0], "description": column.description}
    return field | ({"constraints": constraints} if constraints else {})
