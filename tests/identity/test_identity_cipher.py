import base64
import hashlib
import io
import os
import stat
import subprocess
import sys

import duckdb
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from identity.cipher import CHUNK_BYTES, Cipher, Secret, Tampered, VaultError, WrongKey, held_in_memory

MASTER = bytes(range(32))
HEADER = 8 + 1 + 8 + 32 + 7
SEALED = CHUNK_BYTES + 16


@pytest.fixture
def cipher():
    return Cipher(Secret(MASTER))


def _bytes(size):
    return hashlib.shake_128(b"seed").digest(size)


def _encrypt(cipher, path, data, **options):
    return cipher.encrypt_file(io.BytesIO(data), path, **{"purpose": "originals", **options})


def _decrypt(cipher, path, **options):
    with cipher.open_decrypted(path, **{"purpose": "originals", **options}) as decrypted, decrypted.open() as file:
        return file.read()


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7]
)
def test_a_file_comes_back_as_it_was(cipher, tmp_path, size):
    data = _bytes(size)
    written = _encrypt(cipher, tmp_path / "x", data, context="a")
    assert (written.sha256, written.bytes) == (hashlib.sha256(data).hexdigest(), size)
    assert _decrypt(cipher, tmp_path / "x", context="a") == data
    chunks = max(1, -(-size // CHUNK_BYTES))
    assert (tmp_path / "x").stat().st_size == HEADER + size + 16 * chunks
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("piece", [1000, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES])
def test_the_size_of_the_writes_does_not_matter(cipher, tmp_path, piece):
    data = _bytes(2 * CHUNK_BYTES + 500)
    with cipher.create(tmp_path / "x", purpose="identities") as file:
        for start in range(0, len(data), piece):
            assert file.write(data[start : start + piece]) == len(data[start : start + piece])
        assert file.tell() == len(data)
    assert _decrypt(cipher, tmp_path / "x", purpose="identities") == data


def test_the_format_is_the_documented_one(cipher, tmp_path):
    """Decrypted here by hand from the module's docstring: files written today must open for years."""
    data = _bytes(CHUNK_BYTES + 10)
    _encrypt(cipher, tmp_path / "x", data, context="ctx")
    raw = (tmp_path / "x").read_bytes()
    header, body = raw[:HEADER], raw[HEADER:]
    assert header[:9] == b"OBSVAULT\x01"

    def derive(key, info, salt=None, length=32):
        return HKDF(SHA256(), length, salt, b"observatoire-ess " + info).derive(key)

    assert header[9:17] == derive(MASTER, b"key id", length=8)
    aead = AESGCM(derive(derive(MASTER, b"purpose originals"), b"file", salt=header[17:49]))
    first = aead.decrypt(header[49:] + b"\0\0\0\0\0", body[:SEALED], header + b"ctx")
    last = aead.decrypt(header[49:] + b"\0\0\0\1\1", body[SEALED:], header + b"ctx")
    assert first + last == data


def test_a_value_sealed_by_the_first_version_still_opens(cipher):
    token = "AbXlmeP4zvsWRD47sOJBIwF7Dyuchf6pDPCmhUG3X_2BCVQufAGkZ07hdQZ2hT-fbZX7LTf7"
    assert cipher.open_text(token, purpose="quarantine", context="livraison/12") == "06 12 34 56 78 é"


def _flip(raw, at):
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


SPOILED = {
    "magic": lambda raw: _flip(raw, 0),
    "version": lambda raw: _flip(raw, 8),
    "salt": lambda raw: _flip(raw, 20),
    "nonce prefix": lambda raw: _flip(raw, 50),
    "first chunk": lambda raw: _flip(raw, HEADER + 10),
    "tag of the first chunk": lambda raw: _flip(raw, HEADER + SEALED - 1),
    "last byte": lambda raw: _flip(raw, len(raw) - 1),
    "empty": lambda raw: b"",
    "half a header": lambda raw: raw[:30],
    "header alone": lambda raw: raw[:HEADER],
    "cut inside a chunk": lambda raw: raw[: HEADER + 100],
    "cut after the first chunk": lambda raw: raw[: HEADER + SEALED],
    "cut after the second chunk": lambda raw: raw[: HEADER + 2 * SEALED],
    "last chunk lost a byte": lambda raw: raw[:-1],
    "one byte more": lambda raw: raw + b"\0",
    "last chunk twice": lambda raw: raw + raw[HEADER + 2 * SEALED :],
    "first chunk removed": lambda raw: raw[:HEADER] + raw[HEADER + SEALED :],
    "chunks swapped": lambda raw: (
        raw[:HEADER]
        + raw[HEADER + SEALED : HEADER + 2 * SEALED]
        + raw[HEADER : HEADER + SEALED]
        + raw[HEADER + 2 * SEALED :]
    ),
    "first chunk twice": lambda raw: (
        raw[: HEADER + SEALED] + raw[HEADER : HEADER + SEALED] + raw[HEADER + 2 * SEALED :]
    ),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_file_gives_nothing(cipher, tmp_path, how):
    path = tmp_path / "x"
    _encrypt(cipher, path, _bytes(2 * CHUNK_BYTES + 50))
    path.write_bytes(SPOILED[how](path.read_bytes()))
    with pytest.raises(Tampered):
        _decrypt(cipher, path)


def test_a_chunk_of_another_file_is_refused(cipher, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        _encrypt(cipher, path, _bytes(CHUNK_BYTES + 50))
    raw, foreign = one.read_bytes(), other.read_bytes()
    one.write_bytes(raw[:HEADER] + foreign[HEADER : HEADER + SEALED] + raw[HEADER + SEALED :])
    with pytest.raises(Tampered):
        _decrypt(cipher, one)


def test_another_purpose_or_context_does_not_open(cipher, tmp_path):
    _encrypt(cipher, tmp_path / "x", b"abc", context="a")
    for options in ({"context": "b"}, {"context": ""}, {"context": "a", "purpose": "identities"}):
        with pytest.raises(Tampered):
            _decrypt(cipher, tmp_path / "x", **options)
    token = cipher.seal_text("abc", purpose="quarantine", context="a")
    for options in ({"purpose": "quarantine", "context": "b"}, {"purpose": "keyring", "context": "a"}):
        with pytest.raises(Tampered):
            cipher.open_text(token, **options)


def test_another_master_key_is_named_and_does_not_open(cipher, tmp_path):
    other = Cipher(Secret(MASTER[::-1]))
    _encrypt(cipher, tmp_path / "x", b"abc")
    with pytest.raises(WrongKey, match=f"{cipher.key_id}.*{other.key_id}"):
        _decrypt(other, tmp_path / "x")
    with pytest.raises(WrongKey, match="autre clé maîtresse"):
        other.open_text(cipher.seal_text("abc", purpose="quarantine"), purpose="quarantine")
    assert cipher.key_id not in MASTER.hex()


def test_the_same_bytes_never_give_the_same_file_or_token(cipher, tmp_path):
    for name in ("a", "b"):
        _encrypt(cipher, tmp_path / name, b"abc")
    assert (tmp_path / "a").read_bytes()[17:] != (tmp_path / "b").read_bytes()[17:]
    assert len({cipher.seal_text("abc", purpose="quarantine") for _ in range(100)}) == 100


@pytest.mark.parametrize("text", ["", "é", "06 12 34 56 78", "x" * 10_000, "a\0b"])
def test_a_value_comes_back_as_it_was(cipher, text):
    token = cipher.seal_text(text, purpose="quarantine", context="livraison/12")
    assert token.isascii() and (len(text) < 4 or text not in token)
    assert cipher.open_text(token, purpose="quarantine", context="livraison/12") == text


def test_a_spoiled_value_is_refused(cipher):
    token = cipher.seal_text("canari", purpose="quarantine")
    raw = base64.urlsafe_b64decode(token)
    spoiled = ["", "canari", "é", token[:-4], token + "AAAA", base64.urlsafe_b64encode(_flip(raw, 0)).decode()]
    spoiled += [base64.urlsafe_b64encode(_flip(raw, at)).decode() for at in range(9, len(raw))]
    for text in spoiled:
        with pytest.raises(Tampered):
            cipher.open_text(text, purpose="quarantine")


def test_bytes_that_changed_while_they_were_copied_are_not_kept(cipher, tmp_path):
    expected = hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(Tampered, match="rien n'est écrit"):
        _encrypt(cipher, tmp_path / "x", b"abd", sha256=expected)
    assert os.listdir(tmp_path) == []
    assert _encrypt(cipher, tmp_path / "x", b"abc", sha256=expected).sha256 == expected


def test_an_interrupted_write_leaves_what_was_there(cipher, tmp_path):
    _encrypt(cipher, tmp_path / "x", b"before")
    with pytest.raises(ZeroDivisionError), cipher.create(tmp_path / "x", purpose="originals") as file:
        file.write(_bytes(2 * CHUNK_BYTES))
        raise ZeroDivisionError
    assert _decrypt(cipher, tmp_path / "x") == b"before"
    assert os.listdir(tmp_path) == ["x"]


def test_decrypted_bytes_are_in_memory_and_cannot_be_written(cipher, tmp_path):
    _encrypt(cipher, tmp_path / "x", b"nom;ville\ncanari;Lens\n")
    with cipher.open_decrypted(tmp_path / "x", purpose="originals") as decrypted:
        assert os.readlink(decrypted.path).startswith("/memfd:")
        assert decrypted.size == 22
        with pytest.raises(OSError):
            os.pwrite(decrypted.fd, b"X", 0)
        with pytest.raises(OSError):
            os.ftruncate(decrypted.fd, 0)
        with decrypted.open() as one, decrypted.open() as other:
            assert one.read(3) == b"nom" and other.read(9) == b"nom;ville"
        rows = duckdb.connect().execute("from read_csv(?, delim=';')", [str(decrypted.path)]).fetchall()
        assert rows == [("canari", "Lens")]
        read = "import sys; print(open(sys.argv[1]).read().count('canari'))"
        child = [sys.executable, "-c", read, str(decrypted.path)]
        assert subprocess.run(child, pass_fds=[decrypted.fd], capture_output=True, check=True).stdout == b"1\n"
        assert subprocess.run(child, capture_output=True).returncode != 0
    with pytest.raises(OSError):
        os.fstat(decrypted.fd)


def test_bytes_held_in_memory_are_those_of_a_file_whatever_becomes_of_it(tmp_path):
    (tmp_path / "sent").write_bytes(b"nom;ville")
    with (tmp_path / "sent").open("rb") as file, held_in_memory(file) as held:
        (tmp_path / "sent").write_bytes(b"autre")
        assert held.size == 9 and held.path.read_bytes() == b"nom;ville"
        with pytest.raises(OSError):
            os.pwrite(held.fd, b"X", 0)
    with pytest.raises(OSError):
        os.fstat(held.fd)


def test_without_memfd_the_bytes_go_to_unnamed_shared_memory(cipher, tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(38, "not implemented")

    _encrypt(cipher, tmp_path / "x", b"abc")
    monkeypatch.setattr(os, "memfd_create", refused)
    with cipher.open_decrypted(tmp_path / "x", purpose="originals") as decrypted:
        assert os.readlink(decrypted.path).startswith("/dev/shm/") and os.readlink(decrypted.path).endswith("(deleted)")
        assert decrypted.path.read_bytes() == b"abc"
    monkeypatch.delattr(os, "O_TMPFILE")
    with (
        pytest.raises(VaultError, match="sans l'écrire en clair"),
        cipher.open_decrypted(tmp_path / "x", purpose="originals"),
    ):
        raise AssertionError("nothing may be given")
