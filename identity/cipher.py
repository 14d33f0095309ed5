"""Encryption at rest: files and single values, each purpose under its own key, all from one master key.

Here: deriving keys, sealing and opening bytes, and giving a path to decrypted bytes that never touch a disk.
Not here: where the master key comes from (`keys.py`), what is worth encrypting (`vault.py`, and `sources` for originals and
refused cells).

Formats. Keys: HKDF-SHA256 (RFC 5869) of the 256-bit master key, `info` = purpose. Values: AES-256-GCM (NIST SP 800-38D)
with a random 96-bit nonce. Files: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, « Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance », 2015) with the nonce layout of Tink's AES-GCM-HKDF streaming:

    header   magic 8 | version 1 | key id 8 | salt 32 | nonce prefix 7
    chunk i  AES-256-GCM of at most 1 MiB, nonce = prefix 7 | i (uint32, big-endian) | 1 when it is the last chunk else 0
             associated data = header | context

The key of a file is HKDF-SHA256(purpose key, salt), that of values HKDF-SHA256(purpose key), so no file nonce is ever used twice
under one key. A chunk lost,
added, moved, taken from another file or from another context does not authenticate, nor does a file cut between two chunks.

What this does not hide: the size of a file, and its name.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Purpose = Literal[
    "originals", "identities", "matching", "quarantine", "keyring", "access", "tombstones", "erasures", "breaches"
]

KEY_BYTES = 32
CHUNK_BYTES = 1 << 20

_MAGIC = b"OBSVAULT"
_VERSION = b"\x01"
_KEY_ID_BYTES, _SALT_BYTES, _PREFIX_BYTES, _NONCE_BYTES, _TAG_BYTES = 8, 32, 7, 12, 16
_HEADER_BYTES = len(_MAGIC) + len(_VERSION) + _KEY_ID_BYTES + _SALT_BYTES + _PREFIX_BYTES
_MAX_CHUNKS = 1 << 32


class VaultError(Exception):
    """Something of the vault cannot be used. The message is French and holds neither key nor identity."""


class WrongKey(VaultError):
    """The master key in use is not the one that sealed these bytes."""


class Tampered(VaultError):
    """Sealed bytes were cut, reordered, spliced or changed."""


class Secret:
    """Key material that prints as nothing, cannot be pickled and compares in constant time."""

    __slots__ = ("_material",)

    def __init__(self, material: bytes) -> None:
        self._material = bytes(material)

    def reveal(self) -> bytes:
        """The bytes. Never bind them to a name that outlives the call they are meant for."""
        return self._material

    def __repr__(self) -> str:
        return "<Secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._material, other._material)

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled")


@dataclass(frozen=True)
class Written:
    """What went into an encrypted file: sha256 (hex) and size of the plaintext, in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Decrypted:
    """Decrypted bytes in memory, as long as the `with` block lasts.

    `path` can be opened any number of times, each with its own position, by this process; by a child process too when it
    is started with `pass_fds=[fd]`. The bytes cannot be modified. `size` in bytes.
    """

    path: Path
    fd: int
    size: int

    def open(self) -> BinaryIO:
        return self.path.open("rb")


class Cipher:
    """Sealing and opening under one master key. `key_id` (16 hex digits) names the master key without revealing it.

    `context` binds sealed bytes to what they are (a sha256, a delivery): opened under another context, they are refused.
    """

    def __init__(self, master: Secret) -> None:
        self._master = master
        self._keys: dict[Purpose, Secret] = {}
        self._aeads: dict[Purpose, AESGCM] = {}
        self.key_id = _derive(master, b"key id", length=_KEY_ID_BYTES).reveal().hex()

    def __repr__(self) -> str:
        return f"<Cipher {self.key_id}>"

    def mac(self, purpose: Purpose, data: bytes) -> str:
        """HMAC-SHA256 of `data` under the key of `purpose`, 64 hex digits."""
        return hmac.digest(self._key(purpose).reveal(), data, "sha256").hex()

    def seal_text(self, text: str, *, purpose: Purpose, context: str = "") -> str:
        """One value as a URL-safe base64 token: version | key id | nonce | AES-256-GCM. Twice the same text: two tokens."""
        header, nonce = _VERSION + bytes.fromhex(self.key_id), os.urandom(_NONCE_BYTES)
        sealed = self._value_aead(purpose).encrypt(nonce, text.encode(), header + context.encode())
        return base64.urlsafe_b64encode(header + nonce + sealed).decode()

    def open_text(self, token: str, *, purpose: Purpose, context: str = "") -> str:
        """The value of a token. Raises WrongKey or Tampered."""
        try:
            raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            raise Tampered("Valeur chiffrée illisible : elle a été modifiée ou tronquée.") from None
        header, rest = raw[: 1 + _KEY_ID_BYTES], raw[1 + _KEY_ID_BYTES :]
        if header[:1] != _VERSION or len(rest) < _NONCE_BYTES + _TAG_BYTES:
            raise Tampered("Valeur chiffrée illisible : elle a été modifiée ou tronquée.")
        self._same_key(header[1:], "Cette valeur")
        try:
            opened = self._value_aead(purpose).decrypt(
                rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + context.encode()
            )
        except InvalidTag:
            raise Tampered("Valeur chiffrée refusée : elle a été modifiée, ou n'est pas à sa place.") from None
        return opened.decode()

    def encrypt_file(
        self, src: BinaryIO, dst: Path, *, purpose: Purpose, context: str = "", sha256: str | None = None
    ) -> Written:
        """Encrypt what `src` still has to read into `dst` (0600, written aside, fsynced, renamed).

        With `sha256` (hex), nothing is written unless the bytes read have that hash; Tampered otherwise.
        """
        with self.create(dst, purpose=purpose, context=context) as file:
            while block := src.read(CHUNK_BYTES):
                file.write(block)
            if sha256 is not None and file.written().sha256 != sha256:
                raise Tampered(
                    f"Les octets lus pour « {Path(dst).name} » ne sont pas ceux attendus : rien n'est écrit."
                )
        return file.written()

    @contextmanager
    def create(self, dst: Path, *, purpose: Purpose, context: str = "") -> Iterator[EncryptedWriter]:
        """A writable file object whose bytes end encrypted in `dst` when the block ends without exception; not at all otherwise.

        `dst` is replaced in one rename, mode 0600; its directory is created 0700.
        """
        dst = Path(dst)
        dst.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = aside_of(dst)
        aside.unlink(missing_ok=True)
        try:
            fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(fd, "wb", buffering=0) as raw:
                salt, prefix = os.urandom(_SALT_BYTES), os.urandom(_PREFIX_BYTES)
                header = _MAGIC + _VERSION + bytes.fromhex(self.key_id) + salt + prefix
                raw.write(header)
                writer = EncryptedWriter(raw, self._file_aead(purpose, salt), prefix, header + context.encode())
                yield writer
                writer.finish()
                os.fsync(raw.fileno())
            os.replace(aside, dst)
            sync_directory(dst.parent)
        finally:
            aside.unlink(missing_ok=True)

    @contextmanager
    def open_decrypted(self, path: Path, *, purpose: Purpose, context: str = "") -> Iterator[Decrypted]:
        """Decrypt a whole file into memory and give a readable path to it; nothing is given before all of it is authentic.

        The bytes live in a sealed anonymous file (`memfd_create`, Linux), named `/proc/self/fd/N`. Where the kernel
        refuses it, in an unlinked file of `/dev/shm`. Where neither exists, VaultError: plaintext is never put on a disk.
        Both may be swapped out like any memory: encrypt the swap. Raises WrongKey, Tampered, FileNotFoundError.
        """
        path = Path(path)

        def fill(fd: int) -> int:
            with path.open("rb", buffering=0) as raw:
                return self._decrypt(raw, fd, path.name, purpose, context)

        with _in_memory(fill) as decrypted:
            yield decrypted

    def _decrypt(self, raw: BinaryIO, fd: int, name: str, purpose: Purpose, context: str) -> int:
        header = _read_up_to(raw, _HEADER_BYTES)
        if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC + _VERSION):
            raise Tampered(f"« {name} » n'est pas un fichier chiffré de l'observatoire, ou il a été tronqué.")
        at = len(_MAGIC) + len(_VERSION)
        self._same_key(header[at : at + _KEY_ID_BYTES], f"« {name} »")
        salt, prefix = header[at + _KEY_ID_BYTES : -_PREFIX_BYTES], header[-_PREFIX_BYTES:]
        aead, associated = self._file_aead(purpose, salt), header + context.encode()
        size, index, chunk = 0, 0, _read_up_to(raw, CHUNK_BYTES + _TAG_BYTES)
        while True:
            following = _read_up_to(raw, CHUNK_BYTES + _TAG_BYTES)
            try:
                plain = aead.decrypt(_chunk_nonce(prefix, index, not following), chunk, associated)
            except (InvalidTag, ValueError, OverflowError):
                raise Tampered(
                    f"« {name} » a été modifié, tronqué, ou n'est pas à sa place (bloc {index + 1})."
                ) from None
            _write_all(fd, plain)
            size += len(plain)
            if not following:
                return size
            index, chunk = index + 1, following

    def _same_key(self, key_id: bytes, what: str) -> None:
        if key_id.hex() != self.key_id:
            raise WrongKey(
                f"{what} a été chiffré avec une autre clé maîtresse ({key_id.hex()}, clé actuelle {self.key_id}). "
                "Rétablissez la clé d'origine (variable OBSERVATOIRE_VAULT_KEY ou fichier master.key du coffre)."
            )

    def _key(self, purpose: Purpose) -> Secret:
        if purpose not in self._keys:
            self._keys[purpose] = _derive(self._master, f"purpose {purpose}".encode())
        return self._keys[purpose]

    def _value_aead(self, purpose: Purpose) -> AESGCM:
        if purpose not in self._aeads:
            self._aeads[purpose] = _aead(_derive(self._key(purpose), b"value"))
        return self._aeads[purpose]

    def _file_aead(self, purpose: Purpose, salt: bytes) -> AESGCM:
        return _aead(_derive(self._key(purpose), b"file", salt=salt))


@contextmanager
def held_in_memory(src: BinaryIO) -> Iterator[Decrypted]:
    """What `src` still has to read, as `Cipher.open_decrypted` gives what it decrypts: bytes that are to be encrypted are the same ones
    for whoever reads them meanwhile."""

    def fill(fd: int) -> int:
        size = 0
        while block := src.read(CHUNK_BYTES):
            _write_all(fd, block)
            size += len(block)
        return size

    with _in_memory(fill) as held:
        yield held


class EncryptedWriter(io.RawIOBase):
    """A write-only file object that encrypts what it is given, chunk by chunk. Made by `Cipher.create` only."""

    def __init__(self, raw: BinaryIO, aead: AESGCM, prefix: bytes, associated: bytes) -> None:
        super().__init__()
        self._raw, self._aead, self._prefix, self._associated = raw, aead, prefix, associated
        self._pending, self._index, self._bytes = bytearray(), 0, 0
        self._sha256 = hashlib.sha256()
        self._finished = False

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        """Position in the plaintext."""
        return self._bytes

    def write(self, data: ReadableBuffer) -> int:
        """Take some bytes; they leave by whole chunks. Raises ValueError once the file is finished."""
        if self._finished:
            raise ValueError("the encrypted file is finished")
        with memoryview(data) as whole, whole.cast("B") as view:
            self._sha256.update(view)
            self._bytes += len(view)
            start = min(CHUNK_BYTES - len(self._pending), len(view))
            self._pending += view[:start]
            if start < len(view):
                # A full chunk leaves only when more follows: the last one must be known as such, were it full.
                self._emit(self._pending, last=False)
                self._pending.clear()
                while len(view) - start > CHUNK_BYTES:
                    self._emit(view[start : start + CHUNK_BYTES], last=False)
                    start += CHUNK_BYTES
                self._pending += view[start:]
            return len(view)

    def finish(self) -> None:
        """Write the last chunk. Called by `Cipher.create`; a file without it does not open."""
        if not self._finished:
            self._emit(self._pending, last=True)
            self._pending.clear()
            self._finished = True

    def written(self) -> Written:
        return Written(self._sha256.hexdigest(), self._bytes)

    def _emit(self, plain: bytearray | memoryview, *, last: bool) -> None:
        if self._index >= _MAX_CHUNKS:
            raise VaultError("Fichier trop gros pour être chiffré (4 Pio).")
        sealed = self._aead.encrypt(_chunk_nonce(self._prefix, self._index, last), plain, self._associated)
        _write_all(self._raw.fileno(), sealed)
        self._index += 1


def aside_of(path: Path) -> Path:
    """Where a file is written before it is renamed to `path`: same directory, hidden, one per process."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def sync_directory(directory: Path) -> None:
    """Make a rename or a removal in `directory` survive a power cut."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _derive(secret: Secret, info: bytes, *, salt: bytes | None = None, length: int = KEY_BYTES) -> Secret:
    return Secret(HKDF(SHA256(), length, salt, b"observatoire-ess " + info).derive(secret.reveal()))


def _aead(key: Secret) -> AESGCM:
    return AESGCM(key.reveal())


def _chunk_nonce(prefix: bytes, index: int, last: bool) -> bytes:
    return prefix + index.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


@contextmanager
def _in_memory(fill: Callable[[int], int]) -> Iterator[Decrypted]:
    """What `fill` writes to a file descriptor (the number of bytes), in memory, sealed."""
    fd, sealable = _anonymous_file()
    try:
        size = fill(fd)
        if sealable:
            fcntl.fcntl(
                fd,
                fcntl.F_ADD_SEALS,
                fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE,
            )
        yield Decrypted(Path(f"/proc/self/fd/{fd}"), fd, size)
    finally:
        os.close(fd)


def _anonymous_file() -> tuple[int, bool]:
    """A file descriptor on memory with no name anywhere, and whether it can be sealed against writing."""
    try:
        return os.memfd_create("observatoire", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), True
    except (AttributeError, OSError):
        pass
    try:
        return os.open("/dev/shm", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600), False
    except (AttributeError, OSError):
        raise VaultError(
            "Ce système ne permet pas d'ouvrir un fichier chiffré sans l'écrire en clair sur un disque "
            "(ni memfd_create ni /dev/shm) : utilisez Linux."
        ) from None


def _read_up_to(raw: BinaryIO, size: int) -> bytes:
    """`size` bytes, less only at the end of the file."""
    parts = []
    while size and (part := raw.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _write_all(fd: int, data: bytes) -> None:
    with memoryview(data) as view:
        done = 0
        while done < len(view):
            done += os.write(fd, view[done:])
