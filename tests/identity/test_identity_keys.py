import base64
import json
import os
import pickle
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from identity.cipher import Cipher, Secret, Tampered, VaultError, WrongKey
from identity.keys import Keyring, open_master_key

KEY = bytes(range(32))


def _keyring(vault, environ=None):
    return Keyring(vault, Cipher(open_master_key(vault, environ or {})))


def _mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_run_makes_a_key_that_only_its_owner_reads(tmp_path):
    vault = tmp_path / "vault"
    first = open_master_key(vault, {})
    assert _mode(vault) == 0o700
    assert _mode(vault / "master.key") == 0o600
    assert len(first.reveal()) == 32
    assert open_master_key(vault, {}) == first
    assert open_master_key(tmp_path / "other", {}) != first
    assert sorted(path.name for path in vault.iterdir()) == [".lock", "master.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    open_master_key(tmp_path, {})
    (tmp_path / "master.key").chmod(mode)
    with pytest.raises(VaultError, match="accessible à d'autres"):
        open_master_key(tmp_path, {})


def test_a_symbolic_link_is_no_key(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    open_master_key(elsewhere, {})
    vault = tmp_path / "vault"
    vault.mkdir()
    (vault / "master.key").symlink_to(elsewhere / "master.key")
    with pytest.raises(VaultError, match="ne peut pas être lue"):
        open_master_key(vault, {})


def test_a_directory_open_to_others_is_tightened(tmp_path):
    vault = tmp_path / "vault"
    vault.mkdir(mode=0o755)
    open_master_key(vault, {})
    assert _mode(vault) == 0o700


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        KEY.hex().upper(),
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(KEY).decode().rstrip("="),
        f"  {KEY.hex()}\n",
    ],
)
def test_the_environment_gives_the_key_in_hexadecimal_or_base64(tmp_path, text):
    assert open_master_key(tmp_path / "vault", {"OBSERVATOIRE_VAULT_KEY": text}) == Secret(KEY)
    assert not (tmp_path / "vault" / "master.key").exists()


@pytest.mark.parametrize("text", ["motdepasse-canari", KEY.hex()[:-2], base64.b64encode(KEY[:16]).decode(), "é" * 64])
def test_a_malformed_key_is_refused_without_being_repeated(tmp_path, text):
    with pytest.raises(VaultError, match="256 bits") as caught:
        open_master_key(tmp_path, {"OBSERVATOIRE_VAULT_KEY": text})
    assert text not in str(caught.value)


def test_a_vault_without_its_key_does_not_get_a_new_one(tmp_path):
    _keyring(tmp_path)
    (tmp_path / "master.key").unlink()
    with pytest.raises(VaultError, match="clé maîtresse manque"):
        open_master_key(tmp_path, {})
    assert not (tmp_path / "master.key").exists()


def test_one_key_per_year_the_same_for_all_who_open_the_vault(tmp_path):
    first = _keyring(tmp_path)
    key = first.key_for(2026)
    assert (key.key_id, key.year, len(key.secret.reveal())) == ("2026-1", 2026, 32)
    assert _keyring(tmp_path).key_for(2026) == key
    assert first.key_for(2027).secret != key.secret
    assert first.key_ids() == ["2026-1", "2027-1"]
    assert _mode(tmp_path / "keyring.json") == 0o600


def test_two_processes_at_once_make_one_key(tmp_path):
    _keyring(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: _keyring(tmp_path).key_for(2026), range(16)))
    assert len({(key.key_id, key.secret.reveal()) for key in keys}) == 1


def test_a_keyring_that_is_not_that_of_the_identities_is_refused(tmp_path):
    keyring = _keyring(tmp_path)
    keyring.key_for(2025)
    older = (tmp_path / "keyring.json").read_bytes()
    keyring.destroy("2025-1")
    first = keyring.key_for(2026)
    newer = (tmp_path / "keyring.json").read_bytes()

    (tmp_path / "keyring.json").write_bytes(older)
    for use in (_keyring, lambda _: keyring.key_for(2026), lambda _: keyring.key_for(2025)):
        with pytest.raises(VaultError, match="sauvegarde plus ancienne") as caught:
            use(tmp_path)
        assert "« 2026-1 »" in str(caught.value) and "2025" not in str(caught.value)
    assert (tmp_path / "keyring.json").read_bytes() == older, "no key was made"

    # the way out that the sentence gives, for a keyring that is lost; then it is found, too late
    (tmp_path / "identities").rename(tmp_path / "aside")
    second = _keyring(tmp_path).key_for(2026)
    assert second.key_id == first.key_id and second.secret != first.secret
    (tmp_path / "keyring.json").write_bytes(newer)
    with pytest.raises(VaultError, match="sauvegarde plus ancienne"):
        _keyring(tmp_path)

    # and a vault put back whole is of one piece
    shutil.rmtree(tmp_path / "identities")
    (tmp_path / "aside").rename(tmp_path / "identities")
    assert _keyring(tmp_path).key_for(2026) == first


def test_a_vault_of_before_notes_its_keys_when_it_is_opened(tmp_path):
    _keyring(tmp_path)
    older = (tmp_path / "keyring.json").read_bytes()
    _keyring(tmp_path).key_for(2026)
    (tmp_path / "identities" / "keys.json").unlink()
    _keyring(tmp_path)
    (tmp_path / "keyring.json").write_bytes(older)
    with pytest.raises(VaultError, match="« 2026-1 »"):
        _keyring(tmp_path)


@pytest.mark.parametrize("left", ["", "null", "[]", '{"2026-1'])
def test_a_note_of_keys_that_cannot_be_read_is_named(tmp_path, left):
    _keyring(tmp_path).key_for(2026)
    (tmp_path / "identities" / "keys.json").write_text(left)
    with pytest.raises(Tampered, match=r"keys\.json est illisible"):
        _keyring(tmp_path)


@pytest.mark.parametrize("keys", ["null", "[null]", '[{"key_id": "2026-1"}]', "3"])
def test_a_keyring_whose_keys_are_none_is_named(tmp_path, keys):
    master = _keyring(tmp_path)._cipher.key_id
    (tmp_path / "keyring.json").write_text(f'{{"master": "{master}", "keys": {keys}}}')
    with pytest.raises(Tampered, match="trousseau .* est illisible"):
        _keyring(tmp_path)


def test_a_destroyed_key_is_gone_and_its_name_is_not_given_again(tmp_path):
    keyring = _keyring(tmp_path)
    lost = keyring.key_for(2026)
    before = (tmp_path / "keyring.json").read_bytes()
    wrapped = json.loads(before)["keys"][0]["wrapped"]
    keyring.destroy("2026-1")
    assert wrapped.encode() not in b"".join(path.read_bytes() for path in filter(Path.is_file, tmp_path.rglob("*")))
    assert keyring.key_ids() == []
    after = keyring.key_for(2026)
    assert after.key_id == "2026-2"
    assert after.secret != lost.secret
    with pytest.raises(VaultError, match="2026-1"):
        keyring.destroy("2026-1")


@pytest.mark.parametrize("year", [0, 26, 20263, 1989, 2101])
def test_a_year_that_is_a_typing_error_makes_no_key(tmp_path, year):
    keyring = _keyring(tmp_path)
    with pytest.raises(VaultError, match="hors de 1990-2100"):
        keyring.key_for(year)
    assert keyring.key_ids() == []


def test_another_master_key_is_told_in_one_sentence(tmp_path):
    _keyring(tmp_path, {"OBSERVATOIRE_VAULT_KEY": KEY.hex()}).key_for(2026)
    content = (tmp_path / "keyring.json").read_bytes()
    with pytest.raises(WrongKey, match="n'est pas celle du coffre") as caught:
        _keyring(tmp_path, {"OBSERVATOIRE_VAULT_KEY": KEY[::-1].hex()})
    assert KEY.hex() not in str(caught.value) and KEY[::-1].hex() not in str(caught.value)
    assert (tmp_path / "keyring.json").read_bytes() == content


def test_a_wrapped_key_moved_to_another_year_is_refused(tmp_path):
    keyring = _keyring(tmp_path)
    keyring.key_for(2025)
    keyring.key_for(2026)
    content = json.loads((tmp_path / "keyring.json").read_text())
    first, second = content["keys"]
    first["wrapped"], second["wrapped"] = second["wrapped"], first["wrapped"]
    (tmp_path / "keyring.json").write_text(json.dumps(content))
    with pytest.raises(Tampered):
        keyring.key_for(2026)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"master": "x"}'])
def test_a_damaged_keyring_is_told_and_left_as_it_is(tmp_path, content):
    _keyring(tmp_path)
    (tmp_path / "keyring.json").write_bytes(content)
    with pytest.raises(Tampered, match="sauvegarde"):
        _keyring(tmp_path)
    assert (tmp_path / "keyring.json").read_bytes() == content


def test_keys_do_not_print_and_do_not_travel(tmp_path):
    environ = {"OBSERVATOIRE_VAULT_KEY": KEY.hex()}
    master = open_master_key(tmp_path, environ)
    keyring = _keyring(tmp_path, environ)
    key = keyring.key_for(2026)
    shown = " ".join(f"{thing!r} {thing}" for thing in (master, key, keyring, Cipher(master)))
    for secret in (KEY, key.secret.reveal()):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(master)
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_nothing_in_the_vault_holds_a_key_in_clear(tmp_path):
    environ = {"OBSERVATOIRE_VAULT_KEY": KEY.hex()}
    key = _keyring(tmp_path, environ).key_for(2026).secret.reveal()
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        content = path.read_bytes()
        for secret in (KEY, key):
            for form in (secret, secret.hex().encode(), base64.b64encode(secret), base64.urlsafe_b64encode(secret)):
                assert form not in content
    assert os.listdir(tmp_path)
