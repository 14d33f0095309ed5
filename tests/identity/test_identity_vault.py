import os
import stat

import duckdb
import pyarrow as pa
import pytest
from scanner import find

from identity.cipher import Tampered, VaultError, WrongKey
from identity.vault import IDENTITIES, Vault, open_private

CANARIES = ["canari.leveque@exemple-canari.fr", "Canarine", "Lévêque-Canari", "0612349876", "allergie aux canaris"]
DELIVERY = ("helloasso", "0123456789abcdef")


def identities(source, delivery_id, row_numbers=(1, 2)):
    rows = [
        {
            "source": source, "delivery_id": delivery_id, "row_number": number, "person_key": f"{number:032x}",
            "person_key_id": "2026-1", "person_basis": "email", "email": CANARIES[0], "given_name": CANARIES[1],
            "family_name": CANARIES[2], "phone": CANARIES[3], "free_text": [("remarque", CANARIES[4])],
        }
        for number in row_numbers
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, IDENTITIES)


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "vault", {"OBSERVATOIRE_ACTOR": "dpo"})


def _rows(vault, **options):
    with open_private() as con:
        vault.load(con, purpose="verification", **options)
        return con.execute("from identities order by source, delivery_id, row_number").fetchall()


def test_identities_come_back_as_they_were(vault):
    table = identities(*DELIVERY)
    assert vault.store(*DELIVERY, table) == 2
    with open_private() as con:
        assert vault.load(con, purpose="matching", name="who") == 2
        assert con.sql("from who").to_arrow_table().cast(IDENTITIES).equals(table)
        assert con.execute("select free_text['remarque'] from who where row_number = 2").fetchall() == [(CANARIES[4],)]


def test_nothing_of_a_person_is_readable_in_the_vault(vault):
    vault.store(*DELIVERY, identities(*DELIVERY))
    _rows(vault)
    assert find(vault.directory, CANARIES) == []
    modes = {
        str(path.relative_to(vault.directory)): stat.S_IMODE(path.stat().st_mode) for path in vault.directory.rglob("*")
    }
    assert modes.pop("identities") == 0o700
    assert modes == dict.fromkeys(
        [
            ".lock",
            "master.key",
            "keyring.json",
            "access.jsonl",
            "access.head",
            "identities/helloasso__0123456789abcdef.parquet.enc",
        ],
        0o600,
    )


def test_a_delivery_replaces_itself_and_leaves_the_others(vault):
    other = ("emargement__lens", "fedcba9876543210")
    for delivery in (DELIVERY, other):
        vault.store(*delivery, identities(*delivery))
    vault.store(*DELIVERY, identities(*DELIVERY, row_numbers=[7]))
    assert [row[:3] for row in _rows(vault)] == [(*other, 1), (*other, 2), (*DELIVERY, 7)]
    assert [(stored.source, stored.delivery_id) for stored in vault.deliveries()] == [other, DELIVERY]
    assert len(_rows(vault, deliveries=[DELIVERY])) == 1


def test_a_reader_is_stored_batch_by_batch(vault):
    batches = [identities(*DELIVERY, row_numbers=[number]).to_batches()[0] for number in (1, 2, 3)]
    assert vault.store(*DELIVERY, pa.RecordBatchReader.from_batches(IDENTITIES, batches)) == 3
    assert len(_rows(vault)) == 3


def test_a_store_that_fails_keeps_what_was_there(vault):
    vault.store(*DELIVERY, identities(*DELIVERY))

    def broken():
        yield identities(*DELIVERY, row_numbers=[9]).to_batches()[0]
        raise OSError("the disk is full")

    with pytest.raises(OSError):
        vault.store(*DELIVERY, pa.RecordBatchReader.from_batches(IDENTITIES, broken()))
    assert [row[2] for row in _rows(vault)] == [1, 2]
    assert os.listdir(vault.directory / "identities") == ["helloasso__0123456789abcdef.parquet.enc"]


def test_an_empty_vault_gives_an_empty_table(vault):
    assert _rows(vault) == []
    assert vault.deliveries() == []


def test_every_reading_is_logged_before_it_gives_anything(vault, monkeypatch):
    vault.store(*DELIVERY, identities(*DELIVERY))
    assert vault.log.verify() == 0
    _rows(vault)
    assert vault.log.verify() == 1
    with open_private() as con, pytest.raises(VaultError, match="Finalité"):
        vault.load(con, purpose="curiosité")

    def unwritable(*_):
        raise OSError("read-only file system")

    monkeypatch.setattr(vault.log, "record", unwritable)
    with open_private() as con:
        with pytest.raises(OSError):
            vault.load(con, purpose="matching")
        with pytest.raises(duckdb.CatalogException):
            con.execute("from identities")


def test_parts_hold_so_many_rows_at_most_and_each_is_logged_before_it_is_given(vault, monkeypatch):
    other = ("emargement__lens", "fedcba9876543210")
    for delivery, numbers in ((other, [1]), (DELIVERY, [1, 2, 3, 4])):
        vault.store(*delivery, identities(*delivery, row_numbers=numbers))
    monkeypatch.setattr("identity.vault.PART_ROWS", 3)
    seen = []
    with open_private() as con:
        asked = dict(purpose="matching", deliveries=[other, DELIVERY], name="part", columns=["email"])
        for rows in vault.load_in_parts(con, **asked):
            found = con.execute("select source, row_number from part").fetchall()
            assert rows == len(found) == vault.log.lines()[-1]["rows"] <= 3
            seen += found
        with pytest.raises(duckdb.CatalogException):
            con.execute("from part")
    assert seen == [(other[0], 1), *((DELIVERY[0], number) for number in (1, 2, 3, 4))]
    about = [name for line in vault.log.lines() for name in line["what"]]
    assert {"/".join(other), "/".join(DELIVERY)} == set(about) and sum(line["rows"] for line in vault.log.lines()) == 5


def test_a_forgotten_delivery_is_gone_and_said(vault):
    vault.store(*DELIVERY, identities(*DELIVERY))
    leftover = vault.directory / "identities" / ".helloasso__0123456789abcdef.parquet.enc.99"
    leftover.write_bytes(b"of a process that was stopped")
    assert vault.forget_delivery(*DELIVERY, purpose="retention") is True
    assert os.listdir(vault.directory / "identities") == []
    assert '"action":"erase"' in (vault.directory / "access.jsonl").read_text()
    assert vault.forget_delivery(*DELIVERY, purpose="retention") is False
    assert vault.log.verify() == 1
    with open_private() as con, pytest.raises(VaultError, match="n'a pas d'identités"):
        vault.load(con, purpose="verification", deliveries=[DELIVERY])


def test_the_file_of_one_delivery_does_not_pass_for_another(vault):
    other = ("helloasso", "fedcba9876543210")
    for delivery in (DELIVERY, other):
        vault.store(*delivery, identities(*delivery))
    folder = vault.directory / "identities"
    os.replace(folder / f"{'__'.join(other)}.parquet.enc", folder / f"{'__'.join(DELIVERY)}.parquet.enc")
    with pytest.raises(Tampered):
        _rows(vault)


def test_another_master_key_opens_nothing_and_says_so(vault):
    vault.store(*DELIVERY, identities(*DELIVERY))
    with pytest.raises(WrongKey, match="OBSERVATOIRE_VAULT_KEY"):
        Vault(vault.directory, {"OBSERVATOIRE_VAULT_KEY": "ab" * 32})


def test_identities_are_not_given_to_a_connection_that_writes_to_a_disk(vault, tmp_path):
    vault.store(*DELIVERY, identities(*DELIVERY))
    with duckdb.connect(tmp_path / "x.duckdb", config={"temp_directory": ""}) as con, pytest.raises(ValueError):
        vault.load(con, purpose="matching")
    with duckdb.connect(config={"temp_directory": str(tmp_path)}) as con, pytest.raises(ValueError):
        vault.load(con, purpose="matching")
    with open_private() as con:
        con.execute(f"attach '{tmp_path / 'y.duckdb'}' as y")
        with pytest.raises(ValueError):
            vault.load(con, purpose="matching")
    assert vault.log.verify() == 0


def test_a_connection_for_personal_data_does_not_spill(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_private(memory_limit="60MB") as con, pytest.raises(duckdb.OutOfMemoryException):
        con.execute(
            "create temp table t as select md5(i::varchar) as a, md5((i + 1)::varchar) as b from range(3000000) r(i)"
        )
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "delivery", [("../x", "0123"), ("x", "../0123"), ("", "0123"), ("x", ""), ("X", "0123"), ("x", "a/b"), (".x", "0")]
)
def test_a_name_that_would_leave_the_vault_is_refused(vault, delivery):
    with pytest.raises(ValueError):
        vault.store(*delivery, identities(*DELIVERY))


def test_another_schema_is_refused_without_showing_values(vault):
    with pytest.raises(TypeError) as caught:
        vault.store(*DELIVERY, identities(*DELIVERY).drop_columns(["phone"]))
    assert not any(canary in str(caught.value) for canary in CANARIES)
    assert vault.deliveries() == []


@pytest.mark.parametrize(("lost", "said"), [
    (["master.key"], "clé maîtresse manque"),
    (["keyring.json"], "trousseau keyring.json manque"),
    (["master.key", "keyring.json"], "clé maîtresse manque"),
])  # fmt: skip
def test_a_vault_that_lost_a_key_says_so_and_makes_no_other(tmp_path, lost, said):
    vault = Vault(tmp_path / "vault", {})
    vault.store(*DELIVERY, identities(*DELIVERY))
    secret = vault.keyring.key_for(2026).secret.reveal()
    kept = {name: (tmp_path / "vault" / name).read_bytes() for name in lost}
    for name in lost:
        (tmp_path / "vault" / name).unlink()
    with pytest.raises(VaultError, match=said):
        Vault(tmp_path / "vault", {})
    assert not [name for name in lost if (tmp_path / "vault" / name).exists()]
    for name, content in kept.items():
        (tmp_path / "vault" / name).write_bytes(content)
        (tmp_path / "vault" / name).chmod(0o600)
    assert Vault(tmp_path / "vault", {}).keyring.key_for(2026).secret.reveal() == secret
