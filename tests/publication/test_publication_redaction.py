"""A released warehouse loses a person and nothing else, under new seals; public files keep every byte."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import hand_made
import pytest

from publication import redaction, releases, shelf, trace

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HER, HIM, NEW = 1234567890, 42, 999
PEOPLE = """
create table dim_participant (participant_key bigint, pseudonym varchar, programme_year integer, gender varchar, epci_code varchar, is_erased boolean);
insert into dim_participant values (1234567890, 'aaaa', 2023, 'F', '200040947', false), (42, 'bbbb', 2023, 'H', '200040947', false);
create table fct_delivery as select 'd1' as delivery_key, 'billets' as source, 'abc' as delivery_id, 'Billets' as source_title,
    'ventes.csv' as file_name, timestamp '2026-11-22 04:00:00' as received_at, 3 as rows_read, 3 as rows_accepted, 0 as rows_quarantined,
    0 as rows_duplicate;
create table fct_registration (source varchar, registration_key bigint, registration_id varchar, participant_key bigint, is_checked_in boolean,
    delivery_key varchar, row_number integer, is_erased boolean);
insert into fct_registration values ('billets', 7, 'A1-CANARI', 1234567890, true, 'd1', 2, false), ('billets', 8, 'A2', 42, false, 'd1', 3, false),
    ('billets', 9, 'A3', null, false, 'd1', 4, false);
create table fct_attendance (attendance_key bigint, participant_key bigint, registration_key bigint);
insert into fct_attendance values (1, 1234567890, 7), (2, 42, 8);
create table bridge_participant_link (participant_key bigint, source_identity varchar);
insert into bridge_participant_link values (1234567890, 'fp-canari'), (42, 'fp-other');
"""


def renamed(keys=None):
    def token(column, value):
        return hashlib.sha256(f"secret {column} {value}".encode()).hexdigest()[:32]

    return redaction.Renamed({HER: NEW} if keys is None else keys, token)


@pytest.fixture
def shelf_of_people(tmp_path, light, monkeypatch):
    """A shelf with one release whose warehouse holds two persons."""
    plain = hand_made.warehouse

    def with_people(path, content, quarantined=1):
        plain(path, content, quarantined)
        with duckdb.connect(str(path)) as con:
            con.execute(PEOPLE)

    monkeypatch.setattr(hand_made, "warehouse", with_people)
    desk = hand_made.Desk(tmp_path, tmp_path / "stock", ("ind_events", "ind_quality"))
    desk.night()
    return desk.releases


def read(release, query):
    with duckdb.connect(str(release.warehouse), read_only=True) as con:
        return con.execute(query).fetchall()


def public_bytes(release):
    return {path: path.read_bytes() for path in sorted(release.public.rglob("*")) if path.is_file()}


def test_the_person_goes_the_counts_and_the_public_files_stay(shelf_of_people):
    before = releases.show(shelf_of_people, 1)
    public = public_bytes(before)
    heard: list[tuple[int, int]] = []
    found = redaction.redact(shelf_of_people, renamed(), now=NOW, moved=lambda *how_far: heard.append(how_far))
    assert (found, heard) == ([redaction.RedactedRelease(1, 4)], [(0, 1)])
    after = releases.show(shelf_of_people, 1)
    assert public_bytes(after) == public
    assert read(after, "from dim_participant order by participant_key") == [
        (42, "bbbb", 2023, "H", "200040947", False),
        (NEW, renamed().token("pseudonym", "aaaa"), 2023, "F", None, True),
    ]
    ((key, id_),) = read(after, "select registration_key, registration_id from fct_registration where row_number = 2")
    assert key not in (7, 8, 9) and "CANARI" not in id_
    assert read(after, f"select registration_key from fct_attendance where participant_key = {NEW}") == [(key,)]
    assert read(after, "select source_identity from bridge_participant_link") == [("fp-other",)]
    assert read(
        after, "select count(*), count(distinct participant_key), count(*) filter (is_checked_in) from fct_registration"
    ) == [(3, 2, 1)]
    data = after.warehouse.read_bytes()
    assert b"CANARI" not in data and b"fp-canari" not in data and HER.to_bytes(8, "little") not in data


def test_the_release_is_sealed_again_and_says_that_it_was_redacted(shelf_of_people):
    redaction.redact(shelf_of_people, renamed(), now=NOW)
    release = releases.show(shelf_of_people, 1)
    assert releases.verify(release) == []
    (note,) = release.redactions
    assert note["rows"] == 4 and "article 17" in note["why"] and str(HER) not in json.dumps(note)
    assert [line["event"] for line in hand_made.journal(shelf_of_people)][-1] == "redacted"
    assert not list(shelf_of_people.glob(f"{shelf.TEMPORARY}*"))
    release.warehouse.chmod(0o644)
    release.warehouse.write_bytes(release.warehouse.read_bytes() + b"x")
    assert releases.verify(release), "a redacted release is held to its new bytes"


@pytest.mark.parametrize(
    ("indicator", "measure", "released", "recomputed", "is_explained"),
    [
        ("O1", "value", 12, 11, True),
        ("O1", "value", 1, None, True),
        # more than was erased, or more than was published
        ("O1", "value", 12, 9, False),
        ("O1", "value", 12, 13, False),
        ("O1", "upper", 12, None, True),
        # a ratio follows its parts, which are held
        ("O2", "value", 0.5, 0.48, True),
        ("O2", "denominator", 40, 30, False),
        # neither persons nor events lose a row
        ("P1", "value", 12, 11, False),
        ("T1", "value", 12, 11, False),
    ],
)
def test_only_what_erased_rows_said_may_be_missing(indicator, measure, released, recomputed, is_explained):
    entry = {"rows": "select organisation_key from fct_attendance", "value": "count(distinct organisation_key)"}
    traces = trace.declared.parse(
        {
            "ind_o": [
                {"indicators": ["O1"], "one_row_is": "organisation", **entry},
                {"indicators": ["O2"], "one_row_is": "organisation", **entry, "denominator": "count(*)"},
                {
                    "indicators": ["P1"],
                    "one_row_is": "person",
                    "rows": "select gender from dim_participant",
                    "value": "count(gender)",
                },
                {
                    "indicators": ["T1"],
                    "one_row_is": "event",
                    "rows": "select epci_code from dim_event",
                    "value": "count(epci_code)",
                },
            ]
        }
    )
    mismatch = trace.Mismatch("ind_o", ("P", indicator, "total", "total"), measure, released, recomputed)
    assert releases._is_left_by_erasure(mismatch, traces, 2) is is_explained
    assert not releases._is_left_by_erasure(mismatch, traces, 0), "nobody was erased"


def test_it_is_done_once_and_only_where_the_person_is(shelf_of_people):
    redaction.redact(shelf_of_people, renamed(), now=NOW)
    digest = releases.show(shelf_of_people, 1).files
    assert redaction.redact(shelf_of_people, renamed(), now=NOW) == []
    assert redaction.redact(shelf_of_people, renamed({77: 1}), now=NOW) == []
    assert redaction.redact(shelf_of_people, renamed({}), now=NOW) == []
    assert releases.show(shelf_of_people, 1).files == digest


def test_a_person_is_known_by_the_rows_it_came_from(shelf_of_people):
    assert redaction.participants_of(shelf_of_people, [("billets", "abc", 2)]) == {HER}
    assert redaction.participants_of(shelf_of_people, [("billets", "abc", 4), ("billets", "other", 2)]) == set()


def test_nothing_is_rewritten_while_somebody_publishes(shelf_of_people):
    from publication.decision import Refused

    with shelf.locked(shelf_of_people), pytest.raises(Refused):
        redaction.redact(shelf_of_people, renamed(), now=NOW)
    assert read(
        releases.show(shelf_of_people, 1), f"select count(*) from dim_participant where participant_key = {HER}"
    ) == [(1,)]


def test_a_row_that_is_no_participants_goes_by_its_place_in_a_delivery_once(shelf_of_people):
    bare = replace(renamed({}), rows=(("billets", "abc", 4),))
    assert redaction.redact(shelf_of_people, bare, now=NOW) == [redaction.RedactedRelease(1, 1)]
    release = shelf.read_release(shelf_of_people / "1")
    (line,) = read(release, "select registration_id, is_erased from fct_registration where participant_key is null")
    assert line[0] != "A3" and line[1]
    assert read(release, "select registration_id from fct_registration order by row_number")[:2] == [
        ("A1-CANARI",),
        ("A2",),
    ]
    assert redaction.redact(shelf_of_people, bare, now=NOW) == [], "safe to repeat"
