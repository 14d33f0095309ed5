"""The journal of breaches: entries add up, nothing is changed unseen, and the delay is counted from when it was noticed."""

from datetime import UTC, datetime, timedelta

import pytest

from identity.breaches import FILE, Breaches
from identity.cipher import Cipher, Secret, Tampered, VaultError

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
NOTICED = NOW - timedelta(hours=3)


def journal(vault):
    return Breaches(vault, Cipher(Secret(b"k" * 32)))


def test_what_is_learnt_later_is_added_and_the_clock_starts_when_it_was_noticed(tmp_path):
    first = journal(tmp_path).add("Feuille de Zélie Canari envoyée à tort.", who="dpo", now=NOW, noticed_at=NOTICED)
    assert first.notify_before == datetime(2026, 11, 28, 9, tzinfo=UTC)
    journal(tmp_path).add("CNIL informée.", who="dpo", now=NOW, nb_persons=12, about=1, notified_at=NOW)
    one, two = journal(tmp_path).entries()
    assert one == first and (two.number, two.about, two.nb_persons, two.notified_at) == (2, 1, 12, NOW)
    assert two.noticed_at == NOTICED
    assert b"Canari" not in (tmp_path / FILE).read_bytes()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("byte", [b"A", b"B", b"\xe9"], ids=["a letter", "another", "no letter of it"])
def test_a_changed_byte_shows(tmp_path, byte):
    journal(tmp_path).add("Clé perdue.", who="dpo", now=NOW, noticed_at=NOTICED)
    sealed = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(sealed[:-9] + (byte if sealed[-9:-8] != byte else b"C") + sealed[-8:])
    with pytest.raises(Tampered):
        journal(tmp_path).entries()


@pytest.mark.parametrize(
    "said",
    [
        {"text": " ", "noticed_at": NOTICED},
        {"text": "Sans date."},
        {"text": "De rien.", "about": 7},
        {"text": "Demain.", "noticed_at": NOW + timedelta(days=1)},
        {"text": "Notifiée avant.", "noticed_at": NOTICED, "notified_at": NOTICED - timedelta(hours=1)},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(tmp_path, said):
    with pytest.raises(VaultError):
        journal(tmp_path).add(said.pop("text"), who="dpo", now=NOW, **said)
    assert journal(tmp_path).entries() == []
