import hashlib
import hmac
import io
import logging
import traceback
from pathlib import Path

import pytest
from scanner import find

import identity
from identity.cipher import VaultError
from identity.door import split
from identity.vault import Vault, open_private

ROOM = str(Path(identity.__file__).parent)
CANARIES = ["marie.canari@exemple-canari.fr", "Canarine", "Lévêque-Canari", "0612349876", "allergie aux canaris"]

# row_number, event, year, email, given, family, phone, note, other note, organisation, places
ROWS = [
    (2, "E1", 2026, " Marie.Canari@Exemple-Canari.fr ", "Canarine", "Lévêque-Canari", "0612349876", "allergie aux canaris", None, "Asso A", 2),
    (3, "E2", 2026, "marie.canari@exemple-canari.fr", None, None, None, None, "vélo", "Asso A", 1),
    (4, "E1", 2027, "marie.canari@exemple-canari.fr", None, None, None, None, None, None, 1),
    (5, "E1", 2026, "canarine chez canari", "Canarine", "LEVEQUE CANARI", None, None, None, "Asso B", 1),
    (6, "E1", 2026, None, "Lévêque Canari", "Canarine", None, "", "", None, 1),
    (7, "E2", 2026, "  ", "Canarine", "Lévêque-Canari", None, None, None, None, 1),
    (8, None, 2026, None, "Canarine", "Lévêque-Canari", None, None, None, None, 1),
    (9, "E1", 2026, None, "Canarine", None, None, None, None, None, 1),
    (10, "E1", 2026, None, None, None, None, None, None, "Asso C", 3),
]  # fmt: skip
PERSONAL = {
    "courriel": "email",
    "prénom": "given_name",
    "nom": "family_name",
    "tel": "phone",
    "note": "free_text",
    "autre note": "free_text",
}


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "vault", {})


@pytest.fixture
def con():
    with open_private() as con:
        yield con


def _fill(con, rows=ROWS, table="accepted"):
    con.execute(
        f'create or replace temp table {table} (row_number integer, event_id varchar, year integer, courriel varchar, "prénom" varchar, '
        'nom varchar, tel varchar, note varchar, "autre note" varchar, organisation varchar, places integer)'
    )
    con.executemany(f"insert into {table} values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [list(row) for row in rows])


def _split(con, vault, **options):
    call = {
        "personal": PERSONAL,
        "alongside": {"organisation": "organisation_text"},
        "row_id": "row_number",
        "year": "year",
        "event_scope": ["event_id"],
        "vault": vault,
        "source": "helloasso",
        "delivery_id": "0123456789abcdef",
    }
    table, seen = split(con.sql("from accepted").to_arrow_table(), **{**call, **options})
    con.register("kept", table)
    con.execute("create or replace temp table accepted as from kept")
    return seen


def _keys(con):
    return {
        row[0]: row[1:]
        for row in con.execute("select row_number, person_key, person_key_id, person_basis from accepted").fetchall()
    }


def _stored(vault):
    with open_private() as con:
        vault.load(con, purpose="verification")
        return {row["row_number"]: row for row in con.sql("from identities").to_arrow_table().to_pylist()}


def test_rows_keep_a_pseudonym_and_nothing_personal(con, vault):
    _fill(con)
    seen = _split(con, vault)
    assert (seen.rows, seen.nb_email, seen.nb_name, seen.nb_none) == (9, 3, 3, 3)
    assert (seen.nb_not_email, seen.nb_stored) == (1, 8)
    columns = [row[0] for row in con.execute("describe accepted").fetchall()]
    assert columns == [
        "row_number", "event_id", "year", "organisation", "places", "person_key", "person_key_id", "person_basis",
    ]  # fmt: skip
    kept = con.execute("select row_number, event_id, year, organisation, places from accepted order by 1").fetchall()
    assert kept == [(row[0], row[1], row[2], row[9], row[10]) for row in ROWS]


def test_who_gets_the_same_pseudonym_and_who_does_not(con, vault):
    _fill(con)
    _split(con, vault)
    keys = _keys(con)

    def expected(year, text):
        key = vault.keyring.key_for(year).secret.reveal()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]

    marie = expected(2026, "email\0marie.canari@exemple-canari.fr")
    assert keys[2] == keys[3] == (marie, "2026-1", "email")
    assert keys[4] == (expected(2027, "email\0marie.canari@exemple-canari.fr"), "2027-1", "email")
    in_e1 = expected(2026, "name+event\x009:helloasso2:E1|canari canarine leveque")
    assert keys[5] == keys[6] == (in_e1, "2026-1", "name")
    assert keys[7] == (expected(2026, "name+event\x009:helloasso2:E2|canari canarine leveque"), "2026-1", "name")
    assert keys[8] == keys[9] == keys[10] == (None, None, "none")


def test_the_vault_holds_what_was_typed(con, vault):
    _fill(con)
    _split(con, vault)
    stored = _stored(vault)
    assert sorted(stored) == [2, 3, 4, 5, 6, 7, 8, 9]  # row 10 has nothing personal
    assert stored[2] == {
        "source": "helloasso", "delivery_id": "0123456789abcdef", "row_number": 2, "person_key": _keys(con)[2][0],
        "person_key_id": "2026-1", "person_basis": "email", "email": "marie.canari@exemple-canari.fr",
        "email_typed": "Marie.Canari@Exemple-Canari.fr", "given_name": "Canarine", "family_name": "Lévêque-Canari", "full_name": None,
        "phone": "0612349876", "organisation_text": "Asso A", "postcode": None, "address": None, "signature": None,
        "free_text": [("note", "allergie aux canaris")], "consent": None, "other": None,
    }  # fmt: skip
    assert stored[3]["email_typed"] is None and stored[3]["free_text"] == [("autre note", "vélo")]
    assert (stored[5]["email"], stored[5]["email_typed"]) == (None, "canarine chez canari")
    assert stored[6]["free_text"] is None


def test_two_deliveries_of_one_source_agree_and_two_sources_do_not(con, vault):
    _fill(con)
    _split(con, vault)
    first = _keys(con)
    _fill(con, ROWS[::-1])
    _split(con, vault, delivery_id="fedcba9876543210")
    assert _keys(con) == first
    _fill(con)
    _split(con, vault, source="pretix")
    other = _keys(con)
    assert other[2] == first[2] and other[5][0] != first[5][0]


def test_scopes_that_read_the_same_end_to_end_stay_apart(con, vault):
    rows = [(1, "1", "23"), (2, "12", "3"), (3, "1", None)]
    con.execute("create temp table accepted (row_number integer, a varchar, b varchar, nom varchar)")
    con.executemany("insert into accepted values (?, ?, ?, 'Zoé Canari')", [list(row) for row in rows])
    _split(con, vault, personal={"nom": "full_name"}, alongside={}, year=2026, event_scope=["a", "b"])
    keys = _keys(con)
    assert keys[1][0] != keys[2][0] and keys[3] == (None, None, "none")


def test_without_an_event_a_name_identifies_nobody(con, vault):
    _fill(con)
    seen = _split(con, vault, event_scope=[])
    assert (seen.nb_email, seen.nb_name, seen.nb_none) == (3, 0, 6)


def test_a_delivery_without_personal_column_gets_empty_pseudonyms(con, vault):
    con.execute("create temp table accepted as select 1 as row_number, 2 as places")
    seen = _split(con, vault, personal={}, alongside={}, year=2026, event_scope=[])
    assert con.execute("from accepted").fetchall() == [(1, 2, None, None, "none")]
    assert (seen.nb_none, seen.nb_stored, vault.keyring.key_ids()) == (1, 0, [])


def test_no_row_at_all(con, vault):
    _fill(con)
    con.execute("delete from accepted")
    assert _split(con, vault).rows == 0
    assert con.execute("select count(*), count(person_key) from accepted").fetchall() == [(0, 0)]


def test_many_rows_in_any_order_keep_their_own_identity(con, vault):
    """Batches, threads and sorting must not move a pseudonym to a neighbour: each row's key is that of its own number."""
    con.execute(
        "create temp table accepted as select i::integer as row_number, 'p' || (i % 70000) || '@asso.fr' as courriel, i % 70000 as who "
        "from range(300000) r(i) order by hash(i)"
    )
    _split(con, vault, personal={"courriel": "email"}, alongside={}, year=2026, event_scope=[])
    assert con.execute(
        "select count(*), count(distinct person_key), count(distinct (person_key, who)), bool_and(row_number % 70000 = who) from accepted"
    ).fetchall() == [(300000, 70000, 70000, True)]
    with open_private() as other:
        vault.load(other, purpose="verification")
        other.register("kept", con.sql("select row_number, person_key from accepted").to_arrow_table())
        assert other.execute(
            "select count(*) from identities i join kept k using (row_number, person_key) "
            "where i.email = 'p' || (row_number % 70000) || '@asso.fr'"
        ).fetchall() == [(300000,)]


WRONG = {
    "absent column": {"personal": {"inconnue": "email"}},
    "unknown role": {"personal": {"courriel": "mail"}},
    "role given twice": {"personal": {"courriel": "email", "nom": "email"}},
    "row_id repeated": {"row_id": "places"},
    "row_id null": {"row_id": "event_id"},
    "row_id personal": {"personal": {"row_number": "other"}},
    "event personal": {"personal": {"event_id": "other"}},
    "no year": {"year": "organisation"},
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_call_changes_nothing_and_shows_no_value(con, vault, how):
    _fill(con)
    before = con.execute("from accepted order by row_number").fetchall()
    with pytest.raises(ValueError) as caught:
        _split(con, vault, **WRONG[how])
    assert con.execute("from accepted order by row_number").fetchall() == before
    assert vault.deliveries() == []
    _shows_nothing(caught.value, vault)


def test_a_table_that_went_through_the_door_does_not_go_twice(con, vault):
    _fill(con)
    _split(con, vault)
    with pytest.raises(ValueError, match="already has"):
        _split(con, vault, personal={}, alongside={})


def test_a_vault_that_cannot_be_written_leaves_the_table(con, vault, monkeypatch):
    _fill(con)
    before = con.execute("from accepted order by row_number").fetchall()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vault.cipher, "create", full)
    with pytest.raises(OSError) as caught:
        _split(con, vault)
    assert con.execute("from accepted order by row_number").fetchall() == before
    _shows_nothing(caught.value, vault)


def _shows_nothing(error, vault):
    """Neither message, nor chained exceptions, nor the local variables of this room's frames hold an identity or a key."""
    secrets = [vault.keyring.key_for(2026).secret.reveal(), vault.cipher._master.reveal()]
    shown = [str(error), repr(error), *traceback.format_exception(error)]
    for chained in (error, error.__cause__, error.__context__):
        frame = chained.__traceback__ if chained else None
        while frame:
            if frame.tb_frame.f_code.co_filename.startswith(ROOM):
                shown += [repr(value) for value in frame.tb_frame.f_locals.values()]
            frame = frame.tb_next
    text = "\n".join(shown)
    for secret in secrets:
        assert secret.hex() not in text and repr(secret)[2:-1] not in text
    messages = "\n".join([str(error), *map(str, error.args)])
    assert not any(canary.lower() in messages.lower() for canary in CANARIES)


def test_a_year_that_no_key_can_have_shows_nothing(con, vault):
    _fill(con, [(1, "E1", 20266, *ROWS[0][3:])])
    with pytest.raises(VaultError, match="20266") as caught:
        _split(con, vault)
    _shows_nothing(caught.value, vault)


def test_canaries_stay_behind_the_door(con, vault, tmp_path, caplog, capfd):
    """What a landing would write after the door, the vault beside it, the logs: every byte is searched."""
    caplog.set_level(logging.DEBUG)
    (tmp_path / "before").mkdir()
    _fill(con)
    con.execute(f"copy accepted to '{tmp_path / 'before' / 'x.parquet'}'")
    assert {hit.canary for hit in find(tmp_path / "before", CANARIES)} == set(CANARIES)  # the search can find

    _split(con, vault)
    home = tmp_path / "home"
    home.mkdir()
    con.execute(f"copy accepted to '{home / 'landed.parquet'}' (format parquet, compression zstd)")
    with vault.cipher.create(home / "original", purpose="originals") as file:
        file.write((tmp_path / "before" / "x.parquet").read_bytes())
    sealed = [vault.cipher.seal_text(canary, purpose="quarantine") for canary in CANARIES]
    (home / "quarantine.txt").write_text("\n".join(sealed))
    _stored(vault)
    (home / "log.txt").write_text(caplog.text + "".join(capfd.readouterr()))
    assert find(home, CANARIES) == []
    assert find(vault.directory, CANARIES) == []
    with vault.cipher.open_decrypted(home / "original", purpose="originals") as decrypted:
        assert io.FileIO(decrypted.path).read(4) == b"PAR1"
