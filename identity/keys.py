"""The keys: one master key for everything at rest, and one pseudonym key per programme year.

Here: where the master key comes from, the keyring file, creating and destroying pseudonym keys.
Not here: what the keys are used for (`cipher.py`, `pseudonyms.py`).

The master key is `OBSERVATOIRE_VAULT_KEY` (64 hex digits, or base64 of 32 bytes), else `<vault>/master.key`, made on first use.
A key in a file beside the data it protects defends a stolen copy of the other directories only: production sets the
variable. Pseudonym keys are random, never derived from the master key: destroying one is final even for who holds the
master key. Copies of `keyring.json` in backups escape destruction until they are gone too.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from identity.cipher import KEY_BYTES, Cipher, Secret, Tampered, VaultError, WrongKey, aside_of, sync_directory

MASTER_KEY_VARIABLE = "OBSERVATOIRE_VAULT_KEY"
MASTER_KEY_FILE = "master.key"
KEYRING_FILE = "keyring.json"
IDENTITIES_FOLDER = "identities"
"""Folder of a vault with the identities of each delivery (`vault.py`)."""
NAMED_UNDER_FILE = "keys.json"
"""In that folder: the keys that its identities may be named under, key_id → fingerprint. It is there to outlive the keyring."""
YEARS = range(1990, 2101)
"""Programme years for which a key can be made: a year outside is a typing error, not an epoch."""

_HEX = re.compile(r"[0-9a-fA-F]{64}")
_OTHER_PSEUDONYMS = (
    "les mêmes personnes recevraient d'autres pseudonymes que dans ce qui est déjà lu : rien n'a été modifié. S'il est perdu pour toujours, "
    "mettez de côté landing/ et le dossier identities/ du coffre : la nuit relit tout des originaux, sous de nouveaux pseudonymes."
)


@dataclass(frozen=True)
class PseudonymKey:
    """The key of one epoch. `key_id` is `<year>-<n>`, n counting the keys made for that year."""

    key_id: str
    year: int
    secret: Secret


def holds_identities(vault: Path) -> bool:
    """Whether something was sealed in this vault already: a key made now would not be the one it was sealed or named under."""
    return any((vault / IDENTITIES_FOLDER).glob("*.enc"))


def private_directory(directory: Path) -> Path:
    """`directory`, created or tightened to 0700."""
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    if stat.S_IMODE(directory.stat().st_mode) != 0o700:
        directory.chmod(0o700)
    return directory


@contextmanager
def locked(vault: Path) -> Iterator[None]:
    """Hold the vault's lock: one process at a time changes the keys or the access log. Not re-entrant."""
    fd = os.open(private_directory(vault) / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def replace_file(path: Path, content: bytes) -> None:
    """Write `path` aside (0600), fsync, rename."""
    aside = aside_of(path)
    aside.unlink(missing_ok=True)
    try:
        _write_new(aside, content)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    sync_directory(path.parent)


def open_master_key(vault: Path, environ: Mapping[str, str] = os.environ) -> Secret:
    """The master key (256 bits) from the environment, else from `<vault>/master.key`, created when absent.

    Raises VaultError when the key is malformed, or its file is readable by anybody but its owner.
    """
    if environ.get(MASTER_KEY_VARIABLE, "").strip():
        return _usable(_secret_in(environ[MASTER_KEY_VARIABLE]), f"La variable {MASTER_KEY_VARIABLE}")
    path = private_directory(vault) / MASTER_KEY_FILE
    with locked(vault):
        if not path.exists() and not path.is_symlink():
            if (vault / KEYRING_FILE).exists() or holds_identities(vault):
                raise VaultError(
                    f"Le coffre {vault} existe mais sa clé maîtresse manque : définissez {MASTER_KEY_VARIABLE} ou remettez "
                    f"le fichier {MASTER_KEY_FILE}. Sans elle, les identités ne peuvent pas être lues."
                )
            _create_master_key(path)
        return _read_master_key(path)


def _create_master_key(path: Path) -> None:
    """Written aside then linked: the name appears with its whole content, or never, and an existing key is never replaced."""
    aside = aside_of(path)
    aside.unlink(missing_ok=True)
    try:
        _write_new(aside, base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
        with suppress(FileExistsError):
            os.link(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    sync_directory(path.parent)


def _write_new(path: Path, content: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read_master_key(path: Path) -> Secret:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise VaultError(f"La clé maîtresse {path} ne peut pas être lue ({error.strerror}).") from None
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(file.fileno())
        mode = stat.S_IMODE(status.st_mode)
        if not stat.S_ISREG(status.st_mode) or mode & 0o177:
            raise VaultError(
                f"La clé maîtresse {path} est accessible à d'autres (droits {mode:04o}) : elle est refusée. "
                f"Si personne ne l'a copiée, corrigez par : chmod 600 {path}"
            )
        return _usable(_secret_in(file.read(1024).decode("ascii", "replace")), f"Le fichier {path}")


def _secret_in(text: str) -> Secret | None:
    """The 256-bit key written in `text`. Raises nothing: what was typed must not stay in the frames of a traceback."""
    text = text.strip()
    if _HEX.fullmatch(text):
        return Secret(bytes.fromhex(text))
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        material = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
    return Secret(material) if len(material) == KEY_BYTES else None


def _usable(key: Secret | None, where: str) -> Secret:
    if key is None:
        raise VaultError(
            f"{where} ne contient pas une clé de 256 bits (64 chiffres hexadécimaux, ou 32 octets en base64). "
            "Pour en faire une : openssl rand -base64 32"
        )
    return key


class Keyring:
    """The pseudonym keys of a vault, wrapped in `<vault>/keyring.json`. Read again at each call: processes may share it."""

    def __init__(self, vault: Path, cipher: Cipher) -> None:
        """Raises WrongKey when the keyring was made under another master key, VaultError when it is not that of the identities."""
        self._vault, self._cipher = private_directory(vault), cipher
        self._path = self._vault / KEYRING_FILE
        with locked(self._vault):
            if not self._path.exists():
                if holds_identities(self._vault):
                    raise VaultError(
                        f"Le coffre {self._vault} tient des identités mais son trousseau {KEYRING_FILE} manque : remettez ce fichier depuis une "
                        f"sauvegarde. Sans lui, {_OTHER_PSEUDONYMS}"
                    )
                self._write([])
            self._hold_to_identities(self._read())

    def __repr__(self) -> str:
        return f"<Keyring {self._path}>"

    def key_for(self, year: int) -> PseudonymKey:
        """The key in use for a programme year, created when there is none (or when the last one was destroyed).

        Raises VaultError for a year out of bounds, and for a keyring that lacks a key of the identities beside it."""
        if year not in YEARS:
            raise VaultError(
                f"L'année de programme {year} est hors de {YEARS.start}-{YEARS.stop - 1} : aucune clé n'est créée."
            )
        with locked(self._vault):
            entries = self._read()
            self._hold_to_identities(entries)
            of_year = [entry for entry in entries if entry["year"] == year]
            alive = [entry for entry in of_year if entry["wrapped"] is not None]
            if alive:
                return self._unwrap(alive[-1])
            key = PseudonymKey(f"{year}-{len(of_year) + 1}", year, Secret(os.urandom(KEY_BYTES)))
            entry = {
                "key_id": key.key_id,
                "year": year,
                "created_at": _now(),
                "destroyed_at": None,
                "wrapped": self._wrap(key),
            }
            self._write([*entries, entry])
            self._hold_to_identities([*entries, entry])
            return key

    def key_ids(self) -> list[str]:
        """Keys that still exist, in order of creation."""
        return [entry["key_id"] for entry in self._read() if entry["wrapped"] is not None]

    def destroy(self, key_id: str) -> None:
        """Forget a key for ever: pseudonyms made with it can no longer be computed from an identity, by anybody.

        They still link the rows that carry them to one another. Raises VaultError when there is no such living key.
        """
        with locked(self._vault):
            entries = self._read()
            living = [entry for entry in entries if entry["key_id"] == key_id and entry["wrapped"] is not None]
            if not living:
                raise VaultError(f"Aucune clé « {key_id} » à détruire : elle n'existe pas ou plus.")
            living[0].update(wrapped=None, destroyed_at=_now())
            self._write(entries)

    def _hold_to_identities(self, entries: list[dict[str, Any]]) -> None:
        """Refuse a keyring that lacks a key of the identities, or has another under its name; note the keys that it has."""
        path = self._vault / IDENTITIES_FOLDER / NAMED_UNDER_FILE
        try:
            noted: dict[str, str] = dict(json.loads(path.read_bytes()).items()) if path.exists() else {}
        except (ValueError, AttributeError):
            raise Tampered(f"Le fichier {path} est illisible : rétablissez-le depuis une sauvegarde.") from None
        destroyed = {entry["key_id"]: noted.get(entry["key_id"]) for entry in entries if entry["wrapped"] is None}
        held = destroyed | {
            entry["key_id"]: self._cipher.mac("keyring", self._unwrap(entry).secret.reveal())
            for entry in entries
            if entry["wrapped"] is not None
        }
        if lost := [key_id for key_id, fingerprint in noted.items() if held.get(key_id) != fingerprint]:
            raise VaultError(
                f"Le trousseau {KEYRING_FILE} du coffre {self._vault} n'est pas celui de ses identités : il lui manque leur clé "
                f"{' et '.join(f'« {key_id} »' for key_id in lost)}, sans doute parce qu'il vient d'une sauvegarde plus ancienne. Remettez le plus "
                f"récent. Avec celui-ci, {_OTHER_PSEUDONYMS}"
            )
        known = {key_id: fingerprint for key_id, fingerprint in held.items() if fingerprint}
        if known != noted:
            private_directory(path.parent)
            replace_file(path, json.dumps(known, indent=1).encode() + b"\n")

    def _wrap(self, key: PseudonymKey) -> str:
        return self._cipher.seal_text(key.secret.reveal().hex(), purpose="keyring", context=f"{key.key_id}/{key.year}")

    def _unwrap(self, entry: dict[str, Any]) -> PseudonymKey:
        key_id, year = entry["key_id"], entry["year"]
        opened = self._cipher.open_text(entry["wrapped"], purpose="keyring", context=f"{key_id}/{year}")
        return PseudonymKey(key_id, year, Secret(bytes.fromhex(opened)))

    def _read(self) -> list[dict[str, Any]]:
        try:
            content = json.loads(self._path.read_bytes())
            master, entries = content["master"], content["keys"]
            if not all({"key_id", "year", "wrapped"} <= entry.keys() for entry in entries):
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Tampered(f"Le trousseau {self._path} est illisible : rétablissez-le depuis une sauvegarde.") from None
        if master != self._cipher.key_id:
            raise WrongKey(
                f"La clé maîtresse ({self._cipher.key_id}) n'est pas celle du coffre {self._vault} ({master}). Rétablissez la clé "
                f"d'origine (variable {MASTER_KEY_VARIABLE} ou fichier {MASTER_KEY_FILE}) : rien n'a été modifié."
            )
        return entries

    def _write(self, entries: list[dict[str, Any]]) -> None:
        content = {"version": 1, "master": self._cipher.key_id, "keys": entries}
        replace_file(self._path, json.dumps(content, indent=1).encode() + b"\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
