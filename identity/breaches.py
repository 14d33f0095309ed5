"""The journal of personal data breaches (RGPD art. 33(5)): what happened, to how many persons, what was done, and by when to notify.

Here: adding an entry, reading them all. Nothing is changed or removed: what is learnt later is an entry about an earlier one. Not here:
deciding whether to notify, notifying (people do), the log of accesses (`access.py`).

`<vault>/breaches.sealed` is one sealed text, since somebody may be named in it: nobody can change a word without the master key. Who can put
back an old copy of the file is not detected: keep a copy on another machine.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from identity.cipher import Cipher, VaultError
from identity.keys import locked, private_directory, replace_file

FILE = "breaches.sealed"
TO_NOTIFY_WITHIN = timedelta(hours=72)
"""From when the breach was noticed, unless it is no risk for anybody (art. 33(1))."""


@dataclass(frozen=True)
class Breach:
    """One entry. `noticed_at` is aware; `about` is the number of the entry it adds to; `notified_at` when the CNIL was told."""

    number: int
    written_at: datetime
    who: str
    text: str
    noticed_at: datetime
    nb_persons: int | None = None
    about: int | None = None
    notified_at: datetime | None = None

    @property
    def notify_before(self) -> datetime:
        return self.noticed_at + TO_NOTIFY_WITHIN


class Breaches:
    """The journal of one vault."""

    def __init__(self, vault: Path, cipher: Cipher) -> None:
        self._vault, self._cipher = private_directory(vault), cipher
        self._file = self._vault / FILE

    def entries(self) -> list[Breach]:
        """Every entry, oldest first. Raises Tampered."""
        if not self._file.exists():
            return []
        sealed = self._file.read_text(encoding="ascii", errors="replace")
        rows = json.loads(self._cipher.open_text(sealed, purpose="breaches"))
        return [Breach(**{name: _moment(name, value) for name, value in row.items()}) for row in rows]

    def add(
        self,
        text: str,
        *,
        who: str,
        now: datetime,
        noticed_at: datetime | None = None,
        nb_persons: int | None = None,
        about: int | None = None,
        notified_at: datetime | None = None,
    ) -> Breach:
        """Append one entry, durable before this returns; a first one needs `noticed_at`. Raises VaultError."""
        with locked(self._vault):
            before = self.entries()
            first = next((entry for entry in before if entry.number == about), None)
            if about is not None and (first is None or first.about is not None):
                raise VaultError(f"Aucune violation n'a le numéro {about}.")
            noticed_at = first.noticed_at if first else noticed_at
            if not text.strip() or noticed_at is None:
                raise VaultError("Dites ce qui s'est passé, et quand cela a été constaté.")
            if noticed_at > now or (notified_at is not None and not noticed_at <= notified_at <= now):
                raise VaultError("Une violation est constatée, puis notifiée, avant d'être écrite ici.")
            entry = Breach(len(before) + 1, now, who, text.strip(), noticed_at, nb_persons, about, notified_at)
            rows = json.dumps(
                [asdict(each) for each in [*before, entry]], default=datetime.isoformat, ensure_ascii=False
            )
            replace_file(self._file, self._cipher.seal_text(rows, purpose="breaches").encode("ascii"))
            return entry


def _moment(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name.endswith("_at") and isinstance(value, str) else value
