"""dcat.jsonld: the release as a catalogue entry, in the words of DCAT-AP.

Addresses are relative to the file itself unless the publisher has a homepage. Territories are named by the addresses of
Insee's official geographic code.
"""

from __future__ import annotations

import hashlib
import re
from calendar import monthrange
from typing import Any

from publication.package.registry import LICENCE_URL, Package, Table

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "spdx": "http://spdx.org/rdf/terms#",
    "adms": "http://www.w3.org/ns/adms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
AUTHORITY = "http://publications.europa.eu/resource/authority"
COG = "http://id.insee.fr/geo"
TABLE_SCHEMA = "https://specs.frictionlessdata.io/table-schema/"
MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}  # fmt: skip


def document(package: Package) -> dict[str, Any]:
    publisher = package.publisher
    catalogue = {
        "@id": address(package, ""),
        "@type": "dcat:Catalog",
        "dct:title": french(publisher.title),
        "dct:description": french(publisher.description),
        "dct:publisher": agent(package),
        "dct:license": {"@id": LICENCE_URL},
        "dct:language": {"@id": f"{AUTHORITY}/language/FRA"},
        "dct:modified": typed(package.made_at.isoformat(), "dateTime"),
        "dcat:version": package.version.number,
        "dcat:dataset": [_dataset(package, table) for table in package.tables],
    }
    if publisher.homepage:
        catalogue["foaf:homepage"] = {"@id": publisher.homepage}
    return {"@context": CONTEXT, **catalogue}


def _dataset(package: Package, table: Table) -> dict[str, Any]:
    publisher = package.publisher
    entry: dict[str, Any] = {
        "@id": f"{address(package, '')}#{table.name}",
        "@type": "dcat:Dataset",
        "dct:identifier": table.name,
        "dct:title": french(table.title),
        "dct:description": french(table.question),
        "dct:publisher": agent(package),
        "dcat:keyword": [french(word) for word in publisher.keywords],
        "dcat:theme": {"@id": f"{AUTHORITY}/data-theme/{publisher.theme}"},
        "dct:accrualPeriodicity": {"@id": f"{AUTHORITY}/frequency/{publisher.frequency}"},
        "dct:issued": typed(table.issued or package.made_at.date().isoformat(), "date"),
        "dct:modified": typed(package.made_at.date().isoformat(), "date"),
        "dct:license": {"@id": LICENCE_URL},
        "dct:language": {"@id": f"{AUTHORITY}/language/FRA"},
        "dcat:version": package.version.number,
        "adms:versionNotes": french(package.version.sentence()),
        "dct:conformsTo": {"@id": TABLE_SCHEMA},
        "dcat:distribution": [
            _distribution(package, table, path, ending)
            for path, ending in ((table.csv, "csv"), (table.parquet, "parquet"))
        ],
    }
    if publisher.contact:
        entry["dcat:contactPoint"] = {
            "@type": "vcard:Organization",
            "vcard:fn": publisher.name,
            "vcard:hasEmail": {"@id": f"mailto:{publisher.contact}"},
        }
    if places := spatial(package, table):
        entry["dct:spatial"] = places
    if span := temporal(table.periods):
        entry["dct:temporal"] = {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": typed(span[0], "date"),
            "dcat:endDate": typed(span[1], "date"),
        }
    return entry


def _distribution(package: Package, table: Table, path: str, ending: str) -> dict[str, Any]:
    data = (package.public / path).read_bytes()
    return {
        "@type": "dcat:Distribution",
        "dct:title": french(f"{table.title} ({ending.upper() if ending == 'csv' else ending.capitalize()})"),
        "dcat:accessURL": {"@id": address(package, path)},
        "dcat:downloadURL": {"@id": address(package, path)},
        "dcat:mediaType": MEDIA[ending],
        "dcat:byteSize": typed(str(len(data)), "nonNegativeInteger"),
        "dct:license": {"@id": LICENCE_URL},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"},
            "spdx:checksumValue": typed(hashlib.sha256(data).hexdigest(), "hexBinary"),
        },
    }


def spatial(package: Package, table: Table) -> list[dict[str, str]]:
    """Regions of the programmes that the table speaks of; the country when one of them has no region."""
    programmes = [package.labels.programmes.get(code, {}) for code in table.programmes]
    regions = sorted({code for row in programmes if (code := row.get("region_code"))})
    found = [{"@id": f"{COG}/region/{code}"} for code in regions]
    if any(not row.get("region_code") for row in programmes):
        found.append({"@id": f"{COG}/pays/FRA"})
    return found


def temporal(periods: tuple[str, ...]) -> tuple[str, str] | None:
    """First and last day of periods such as 2023, 2023-04 and 2023-04/2023-12."""
    ends = []
    for period in periods:
        for part in period.split("/"):
            if found := re.fullmatch(r"(\d{4})(?:-(\d{2}))?", part):
                year, month = int(found[1]), int(found[2] or 0)
                last = month or 12
                ends.append((f"{year}-{month or 1:02}-01", f"{year}-{last:02}-{monthrange(year, last)[1]:02}"))
    return (min(first for first, _ in ends), max(last for _, last in ends)) if ends else None


def address(package: Package, path: str) -> str:
    home = package.publisher.homepage
    return f"{home.rstrip('/')}/{path}" if home else f"./{path}"


def agent(package: Package) -> dict[str, Any]:
    named = {"@type": "foaf:Organization", "foaf:name": package.publisher.name}
    return named | ({"foaf:homepage": {"@id": package.publisher.homepage}} if package.publisher.homepage else {})


def french(text: str) -> dict[str, str]:
    return {"@value": text, "@language": "fr"}


def typed(text: str, kind: str) -> dict[str, str]:
    return {"@value": text, "@type": f"xsd:{kind}"}
