"""Workbooks for the people who type: what to fix, per source and cell by cell; differences to explain.

They are filled in and dropped into the inbox as they are; `sources/returns.py` reads them back. What both rooms agree on is in
docs/architecture.md (« What comes back »). Belongs here: choosing the lines and writing the books. Does not belong here: reading
them back.
"""

from publication.returns.books import Book, write

__all__ = ["Book", "write"]
