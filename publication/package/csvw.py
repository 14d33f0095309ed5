"""csv-metadata.json: the same tables for readers of the W3C's CSV on the Web."""

from __future__ import annotations

from typing import Any

from publication.package.registry import LICENCE_URL, TYPES, Package, Table


def document(package: Package) -> dict[str, Any]:
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "fr"}],
        "dc:title": package.publisher.title,
        "dc:description": package.publisher.description,
        "dc:publisher": package.publisher.name,
        "dc:license": {"@id": LICENCE_URL},
        "dc:modified": {"@value": package.made_at.date().isoformat(), "@type": "xsd:date"},
        "schema:version": package.version.number,
        "dialect": {"delimiter": ",", "encoding": "utf-8", "header": True, "quoteChar": '"', "doubleQuote": True},
        "tables": [_table(table) for table in package.tables],
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "url": table.csv,
        "dc:title": table.title,
        "dc:description": table.question,
        "tableSchema": {
            "columns": [
                {
                    "name": column.name,
                    "titles": column.name,
                    "dc:description": column.description,
                    "datatype": TYPES[column.kind][1],
                    "required": column.name in table.key and column.name != "programme_id",
                }
                for column in table.columns
            ],
            "primaryKey": list(table.key),
        },
    }
