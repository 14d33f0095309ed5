"""Erasures that are under way: whom, until the certificate is written.

Here: keeping what an interrupted erasure needs to go on, and forgetting it. Not here: erasing (`orchestration.erasure`), what recognises the
person afterwards (`tombstones.py`). Read every night before anything heavy: at the top, the standard library only.

One file per erasure, `<vault>/under_way/<id of its tombstone>.enc`, encrypted. A tombstone holds no identity; this does, since logs and releases
are searched last, and is gone with the certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from identity.cipher import Cipher
    from identity.held import Held

_FOLDER = "under_way"


@dataclass(frozen=True)
class UnderWay:
    """One erasure that has begun. `id`: of its tombstone; `asked_on`, `started_at`: as ISO 8601 says them; `participants`: keys of the person in the
    warehouse there was; `names`: file names that cite the person → what they become; `counts`: what was erased so far, by
    layer; grows as it goes on; `waits`: French sentences, what somebody has to do before it can end."""

    id: str
    found: Held
    asked_on: str
    started_at: str
    purpose: str
    objection: bool
    participants: tuple[int, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    waits: tuple[str, ...] = ()


def is_any_under_way(vault: Path) -> bool:
    """Whether an erasure began and its certificate is not written."""
    return any((Path(vault) / _FOLDER).glob("*.enc"))


class ErasuresUnderWay:
    """Those of one vault."""

    def __init__(self, vault: Path, cipher: Cipher) -> None:
        self._folder, self._cipher = Path(vault) / _FOLDER, cipher

    def keep(self, erasure: UnderWay) -> None:
        """Write it, in place of what had its id; durable when this returns."""
        path = self._folder / f"{erasure.id}.enc"
        with self._cipher.create(path, purpose="erasures", context=erasure.id) as file:
            file.write(_as_json().dump_json(erasure))

    def all(self) -> list[UnderWay]:
        """Oldest first. Raises VaultError."""
        read = map(self._read, sorted(self._folder.glob("*.enc")))
        return sorted(read, key=lambda each: (each.started_at, each.id))

    def forget(self, erasure: UnderWay) -> None:
        (self._folder / f"{erasure.id}.enc").unlink(missing_ok=True)

    def _read(self, path: Path) -> UnderWay:
        with (
            self._cipher.open_decrypted(path, purpose="erasures", context=path.stem) as decrypted,
            decrypted.open() as file,
        ):
            return _as_json().validate_json(file.read())


def _as_json() -> TypeAdapter[UnderWay]:
    """As tuples and sets of the dataclasses, which `json` alone would read back as lists."""
    from pydantic import TypeAdapter

    from identity.held import Held

    adapter = TypeAdapter(UnderWay)
    adapter.rebuild(_types_namespace={"Held": Held, "Mapping": Mapping})
    return adapter
