"""The access log: who read or erased identities, for which purpose, in what, how many rows, when.

Here: appending a line, and proving that none was removed or changed. Not here: reading identities (`vault.py` does, and
calls `AccessLog.record` first). No identity ever enters a line: purposes are a closed list, `what` names deliveries.

`<vault>/access.jsonl` holds one JSON object per line. `mac` is HMAC-SHA256, under a key derived from the master key, of the
previous line's `mac` and of the line without its own: nobody can rewrite the log without the master key. `access.head`
says how many lines there were at least, so that removing the last ones shows too, and so does removing both files once persons were
matched. Who can put back old copies of both together is not detected: keep the log on another machine as well.

Lines are kept as long as the law wants (`retention.yml`), then the oldest go: `access.base` seals the number and the `mac` of the last
one that went, from which the chain goes on.
"""

from __future__ import annotations

import hmac
import json
import os
import pwd
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

from identity.cipher import Cipher, Tampered, VaultError
from identity.keys import locked, private_directory, replace_file
from rulebook.numbers import grouped, plural

ACTOR_VARIABLE = "OBSERVATOIRE_ACTOR"
LOG_FILE = "access.jsonl"
HEAD_FILE = "access.head"
BASE_FILE = "access.base"

PURPOSES: dict[str, str] = {
    "matching": "rapprochement des personnes entre les listes",
    "person_rights": "droits d'une personne (accès, rectification, effacement, opposition)",
    "retention": "durées de conservation",
    "replay": "relecture d'une livraison",
    "verification": "vérification du coffre",
}
"""Why identities may be read (RGPD art. 5(1)(b)). A purpose that is not listed is refused."""

Action = Literal["read", "erase", "decide"]


class AccessLog:
    """The access log of one vault."""

    def __init__(self, vault: Path, cipher: Cipher, environ: Mapping[str, str] = os.environ) -> None:
        self._vault, self._cipher = private_directory(vault), cipher
        self._log, self._head, self._base = (self._vault / name for name in (LOG_FILE, HEAD_FILE, BASE_FILE))
        self.actor = environ.get(ACTOR_VARIABLE, "").strip() or system_user()

    def __repr__(self) -> str:
        return f"<AccessLog {self._log}>"

    def record(self, purpose: str, action: Action, what: Sequence[str], rows: int) -> None:
        """Append one line, durable before this returns. `what` names deliveries (`source/delivery_id`) or a table.

        Raises VaultError when the purpose is not one of PURPOSES, Tampered when the log was cut: nothing may be read then.
        """
        if purpose not in PURPOSES:
            raise VaultError(f"Finalité « {purpose} » inconnue ; finalités possibles : {', '.join(PURPOSES)}.")
        with locked(self._vault):
            lines = self._lines()
            written, previous = self._catch_up(lines)
            line: dict[str, Any] = {
                "n": written + 1, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), "who": self.actor,
                "purpose": purpose, "action": action, "what": list(what), "rows": rows,
            }  # fmt: skip
            line["mac"] = self._mac(previous, line)
            self._append(line)
            replace_file(self._head, _json(self._sealed_head(line["n"], line["mac"])))

    def verify(self) -> int:
        """The number of lines, every one of which is authentic, in its place, and none missing. Raises Tampered."""
        with locked(self._vault):
            lines = self._lines()
            gone, previous = self._read_base()
            for number, line in enumerate(lines, gone + 1):
                if line.get("n") != number or not hmac.compare_digest(str(line.get("mac")), self._mac(previous, line)):
                    raise Tampered(
                        f"Journal des accès : la ligne {number} a été modifiée, déplacée, ou la précédente retirée."
                    )
                previous = line["mac"]
            self._compare_with_head(lines)
            return len(lines)

    def lines(self) -> list[dict[str, Any]]:
        """Every line that is kept, oldest first: n, at, who, purpose, action, what, rows."""
        with locked(self._vault):
            return self._lines()

    def nb_older(self, before: datetime) -> int:
        """How many lines `forget` would remove."""
        return len(_older(self.lines(), before))

    def forget(self, before: datetime) -> int:
        """Remove the lines older than `before` (aware); how many. The log must be whole first; what is left still proves itself."""
        self.verify()
        with locked(self._vault):
            lines = self._lines()
            old = _older(lines, before)
            if not old:
                return 0
            self._catch_up(lines)
            replace_file(self._base, _json(self._sealed_head(old[-1]["n"], old[-1]["mac"], "base")))
            replace_file(self._log, b"".join(map(_json, lines[len(old) :])))
        self.record("retention", "erase", [LOG_FILE], len(old))
        return len(old)

    def _read_base(self) -> tuple[int, str]:
        """Number and `mac` of the last line that was removed for its age; (0, "") when none was."""
        if not self._base.exists():
            return 0, ""
        try:
            base = json.loads(self._base.read_bytes())
            number, mac = base["n"], base["mac"]
            authentic = base == self._sealed_head(number, mac, "base")
        except (ValueError, KeyError, TypeError):
            authentic = False
        if not authentic:
            raise Tampered(f"Journal des accès : le fichier {BASE_FILE} a été modifié.")
        return number, mac

    def _lines(self) -> list[dict[str, Any]]:
        """Every complete line. What follows the last line end was being written when the machine stopped: no access came of it."""
        if not self._log.exists():
            return []
        lines = []
        for number, text in enumerate(self._log.read_bytes().split(b"\n")[:-1], 1):
            try:
                line = json.loads(text)
                if not isinstance(line["mac"], str):
                    raise TypeError
            except (ValueError, KeyError, TypeError):
                raise Tampered(f"Journal des accès : la ligne {number} est illisible.") from None
            lines.append(line)
        # those the base speaks of were being removed when the machine stopped
        gone, _ = self._read_base()
        return [line for line in lines if not isinstance(line.get("n"), int) or line["n"] > gone] if gone else lines

    def _compare_with_head(self, lines: list[dict[str, Any]]) -> int:
        """How many lines the head says were written. A log may be one line ahead of it (machine stopped in between), never behind."""
        gone, base = self._read_base()
        if not self._head.exists():
            if gone + len(lines) > 1 or (not lines and self._was_read()):
                raise Tampered(f"Journal des accès : le fichier {HEAD_FILE} a été retiré.")
            return 0
        try:
            head = json.loads(self._head.read_bytes())
            number, mac = head["n"], head["mac"]
            authentic = head == self._sealed_head(number, mac)
        except (ValueError, KeyError, TypeError):
            authentic = False
        if not authentic:
            raise Tampered(f"Journal des accès : le fichier {HEAD_FILE} a été modifié.")
        if gone + len(lines) < number:
            raise Tampered(
                f"Journal des accès : {plural(number, 'ligne a été écrite', 'lignes ont été écrites')}, il en reste {grouped(gone + len(lines))}."
            )
        at_head = base if number == gone else lines[number - gone - 1]["mac"] if number > gone else None
        if gone + len(lines) > number + 1 or (number and at_head != mac):
            raise Tampered(f"Journal des accès : la ligne {number} n'est plus celle qui a été écrite.")
        return int(number)

    def _catch_up(self, lines: list[dict[str, Any]]) -> tuple[int, str]:
        """Number and `mac` of the last line ever written, which the head says from now on: of two machines that stop before it does, the
        second would leave it two lines behind."""
        number = self._compare_with_head(lines)
        gone, base = self._read_base()
        written, mac = gone + len(lines), lines[-1]["mac"] if lines else base
        if written > number:
            replace_file(self._head, _json(self._sealed_head(written, mac)))
        return written, mac

    def _was_read(self) -> bool:
        """Whether identities were matched, which leaves files in the vault and a line here before them."""
        return any((self._vault / "matching").glob("*.enc"))

    def _append(self, line: dict[str, Any]) -> None:
        fd = os.open(self._log, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(fd, "r+b") as file:
            file.truncate(file.read().rfind(b"\n") + 1)
            file.seek(0, os.SEEK_END)
            file.write(_json(line))
            file.flush()
            os.fsync(file.fileno())

    def _mac(self, previous: str, line: dict[str, Any]) -> str:
        content = {key: value for key, value in line.items() if key != "mac"}
        return self._cipher.mac("access", f"line\0{previous}\0".encode() + _json(content))

    def _sealed_head(self, number: int, mac: str, what: str = "head") -> dict[str, Any]:
        return {"n": number, "mac": mac, "seal": self._cipher.mac("access", f"{what}\0{number}\0{mac}".encode())}


def _older(lines: list[dict[str, Any]], before: datetime) -> list[dict[str, Any]]:
    """The lines that were written before then: the first ones, as far as that holds of each."""
    return [line for line, _ in takewhile(lambda dated: dated[1] < before, zip(lines, _written(lines), strict=True))]


def _written(lines: list[dict[str, Any]]) -> list[datetime]:
    """When each line was written, as far as the others let it be. Lines are in the order of their writing, so that dates out of order are of a
    clock that was wrong: the fewest that leave the others in order, the earliest where it is as few either way. Such a line has the date of the
    next that is in order (the last one's at the end)."""
    said = [datetime.fromisoformat(line["at"]) for line in lines]
    starts: list[
        float
    ] = []  # of the lines read so far from the end, the latest date at which a run in order of each length starts, negated
    at: list[int] = []
    after: dict[int, int | None] = {}
    for index in reversed(range(len(said))):
        date = -said[index].timestamp()
        length = bisect_right(starts, date)
        after[index] = at[length - 1] if length else None
        starts[length : length + 1], at[length : length + 1] = [date], [index]
    in_order: list[int] = []
    following = at[-1] if at else None
    while following is not None:
        in_order.append(following)
        following = after[following]
    ranks = (min(bisect_left(in_order, index), len(in_order) - 1) for index in range(len(said)))
    return [said[in_order[rank]] for rank in ranks]


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def system_user() -> str:
    """The account that this process runs as; its number where it has no name, as in a container."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
