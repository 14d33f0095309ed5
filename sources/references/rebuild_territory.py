"""Rewrite `territory/<vintage>/*.parquet` from the published npm package. Run by hand, never at night.

    python -m sources.references.rebuild_territory [2023 …]

What belongs here: the version and digest of the package of each vintage, and the mapping of its JSON to our tables.
What does not: geometry, and any territory the package does not hold. The same package and the same DuckDB give the
same bytes.

Source: https://www.npmjs.com/package/@etalab/decoupage-administratif (Licence Ouverte; see README.md beside this file).
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import duckdb

from sources.values.text import fold

PACKAGE = "@etalab/decoupage-administratif"
# vintage (1 January) → version of the package, sha256 of its tarball
VINTAGES = {2023: ("3.1.1", "225079c8cd185379fd494993e99fe712523e2f16e4a1170d8391a76a304e7073")}

KINDS = {
    "commune-actuelle": "commune",
    "commune-deleguee": "deleguee",
    "commune-associee": "associee",
    "arrondissement-municipal": "arrondissement",
}
COLUMNS = {
    "region": "code VARCHAR, name VARCHAR, chief_commune_code VARCHAR, vintage INTEGER",
    "department": "code VARCHAR, name VARCHAR, region_code VARCHAR, vintage INTEGER",
    "epci": "code VARCHAR, name VARCHAR, kind VARCHAR, vintage INTEGER",
    "commune": (
        "code VARCHAR, name VARCHAR, name_key VARCHAR, department_code VARCHAR, region_code VARCHAR, "
        "epci_code VARCHAR, population INTEGER, population_in_epci INTEGER, kind VARCHAR, parent_code VARCHAR, vintage INTEGER"
    ),
    "postcode": "postcode VARCHAR, commune_code VARCHAR, vintage INTEGER",
}


def fetch(version: str, sha256: str, directory: Path) -> Path:
    """Download the package's tarball with npm into `directory`; stop if its digest is not the expected one."""
    subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{version}"], cwd=directory, check=True, timeout=300)
    (tarball,) = directory.glob("*.tgz")
    found = hashlib.sha256(tarball.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(f"{tarball.name}: sha256 is {found}, expected {sha256}")
    return tarball


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise SystemExit(f"{name} is no file of the package")
    return file.read()


def read_package(tarball: Path) -> dict[str, list[dict]]:
    """The JSON lists of the package, by file name without extension."""
    with tarfile.open(tarball) as archive:
        return {
            name: json.loads(_content(archive, f"package/data/{name}.json"))
            for name in ("regions", "departements", "epci", "communes")
        }


def tables(package: dict[str, list[dict]], vintage: int) -> dict[str, list[tuple]]:
    """Our tables, as sorted lists of tuples in the order of `COLUMNS`.

    Municipal population comes twice, and both are official: `population` is that of the commune list, summed for
    departments and regions; `population_in_epci` that of the EPCI's member list, summed for EPCI. They differ for the
    communes merged on 1 January, of which the commune list keeps the population of one of the merged ones.
    """
    member_of, population_in_epci = {}, {}
    for epci in package["epci"]:
        for member in epci["membres"]:
            member_of[member["code"]] = epci["code"]
            population_in_epci[member["code"]] = member["populationMunicipale"]
    communes, postcodes = [], []
    for c in package["communes"]:
        kind = KINDS[c["type"]]
        parent = c.get("commune") or c.get("chefLieu")
        epci_code = member_of.get(c["code"] if kind == "commune" else parent)
        in_epci = population_in_epci.get(c["code"]) if kind == "commune" else None
        if kind == "commune":
            postcodes += [(postcode, c["code"], vintage) for postcode in c.get("codesPostaux", [])]
        row = (c["code"], c["nom"], fold(c["nom"]), c["departement"], c["region"])
        parent = None if kind == "commune" else parent
        communes.append((*row, epci_code, c.get("population"), in_epci, kind, parent, vintage))
    return {
        "region": sorted((r["code"], r["nom"], r["chefLieu"], vintage) for r in package["regions"]),
        "department": sorted((d["code"], d["nom"], d["region"], vintage) for d in package["departements"]),
        "epci": sorted((e["code"], e["nom"], e["type"], vintage) for e in package["epci"]),
        "commune": sorted(communes, key=lambda c: (c[8] != "commune", c[8], c[0])),
        "postcode": sorted(postcodes),
    }


def write(rows: dict[str, list[tuple]], directory: Path) -> None:
    """One Parquet file per table, the same bytes for the same rows."""
    directory.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 1}) as con:
        for name, values in rows.items():
            con.execute(f"CREATE TABLE {name} ({COLUMNS[name]})")
            # JSON carries the rows into one statement: executemany takes a minute for the communes
            con.execute(
                f"INSERT INTO {name} SELECT {', '.join(f'row ->> {i}' for i in range(len(values[0])))} "
                "FROM (SELECT unnest(CAST(? AS JSON[])) AS row)",
                [json.dumps(values, ensure_ascii=False)],
            )
            target = str(directory / f"{name}.parquet").replace("'", "''")
            con.execute(f"COPY {name} TO '{target}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19)")


def main(vintages: list[int]) -> None:
    """Fetch and rewrite the given vintages."""
    for vintage in vintages:
        version, sha256 = VINTAGES[vintage]
        with tempfile.TemporaryDirectory() as temporary:
            package = read_package(fetch(version, sha256, Path(temporary)))
        rows = tables(package, vintage)
        write(rows, Path(__file__).parent / "territory" / str(vintage))
        print(vintage, {name: len(values) for name, values in rows.items()})


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or sorted(VINTAGES))
