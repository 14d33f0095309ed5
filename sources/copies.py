"""Known bytes under another name, where a file's name says what it is about (its event): the same bytes are one delivery, read as one name.

Here: which files of the inbox are such copies, from the ledger. Not here: reading them under another name (`landing.py`), judging them (dbt).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from sources.contract import Contract
from sources.ledger import deliveries, stamps
from sources.values.text import fold


@dataclass(frozen=True)
class Copy:
    """A file of the inbox that shows the bytes of `delivery`, which were read under another name."""

    file_name: str
    delivery: dict[str, Any]
    is_original_there: bool

    @property
    def delivery_id(self) -> str:
        return self.delivery["delivery_id"]

    @property
    def read_as(self) -> str:
        return self.delivery["file_name"]

    @property
    def is_another(self) -> bool:
        """Whether its name means something else: « MESS25-014 (1) » and « Copie de MESS25-014 » are copies of MESS25-014."""
        read_as, name = (f" {fold(PurePath(each).stem)} " for each in (self.read_as, self.file_name))
        return read_as not in name


def _is_there(path: Path) -> bool:
    """Where the system does not let it be seen, what was there last is there still: the look at the inbox says what is closed."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def copies(inbox: Path, ledger: sqlite3.Connection, contract: Contract) -> list[Copy]:
    """The copies that lie in the inbox of a source, by name; none where names say nothing."""
    if not contract.is_named:
        return []
    shown = {
        name: delivery_id for (source, name), (_, delivery_id) in stamps(ledger).items() if source == contract.source
    }
    there = {name for name in shown if _is_there(inbox / contract.source / name)}
    read = {row["delivery_id"]: row for row in deliveries(ledger, contract.source)}
    found = []
    for name in sorted(there):
        delivery = read.get(shown[name])
        if delivery is None or delivery["file_name"] == name or not contract.files.expects(name):
            continue
        before = delivery["file_name"]
        found.append(Copy(name, delivery, before in there and shown[before] == shown[name]))
    return found
