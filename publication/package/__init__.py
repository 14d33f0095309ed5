"""What travels with the tables of a release: descriptions that machines and people read, all written from one registry.

    registry      the tables and their columns as the dictionary of the candidate describes them, the publisher, the licence
    datapackage   datapackage.json (Frictionless)
    csvw          csv-metadata.json (CSV on the Web)
    dcat          dcat.jsonld (catalogue)
    methodology   METHODOLOGIE.md
    licence       LICENCE.txt

Belongs here: putting the registry into these forms. Does not belong here: a description of a column (dbt's YAML), a definition of an
indicator (`sources/references/indicators.csv`), a figure.
"""

from publication.package.registry import Package, Publisher, read_publisher, tables_of
from publication.package.writing import FILES, write

__all__ = ["FILES", "Package", "Publisher", "read_publisher", "tables_of", "write"]
