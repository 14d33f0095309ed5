"""A real pretix, crawled and landed: everything it holds, then what changes, also while pages are turned.

The expected statuses come from the server's own tables, the expected counts from other lists of its API (`organiser.py`).
"""

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import timedelta

import pytest
from organiser import DAY, PEOPLE, SERIES, TELEPHONE
from scanner import find

from sources.landing import record_keys_in_force

pytestmark = pytest.mark.real

AT_ONCE = ("since: {overlap_minutes: 0}",)
"""Everything here happened in the last quarter of an hour: the usual overlap would hide what is asked again."""


class TestEverythingTheServerHolds:
    def test_is_landed_with_the_status_it_has_there(self, organiser, source):
        s = source()
        report = s.night()
        assert report.outcome == "accepted"
        assert s.states() == organiser.states()
        assert {"registered", "waiting", "cancelled", "attended"} == set(s.states().values())

    def test_is_as_many_as_its_other_lists_say(self, organiser, source):
        s = source()
        report = s.night()
        counted = organiser.counted()
        assert len(record_keys_in_force(s.places.landing, "pretix_api")) == counted["orders"] > 200
        assert report.rows_read + report.rows_structure == counted["positions"]
        rows = s.rows()
        assert sum(row["checked_in"] for row in rows) == counted["checked_in"] > 10
        landed = {row["registration_id"]: row["status"] for row in rows}
        canceled = organiser.canceled_places()
        assert len(canceled) > 2 and {landed[place] for place in canceled} == {"cancelled"}

    @pytest.mark.parametrize("event", [DAY, SERIES])
    def test_of_one_event(self, organiser, source, event):
        s = source(event=event)
        s.night()
        assert s.states() == {key: status for key, status in organiser.states().items() if key[0] == event}

    def test_has_a_pseudonym_per_person_and_no_identity_outside_the_vault(self, organiser, source):
        s = source()
        s.night()
        rows = s.rows()
        assert all(row["person_key"] for row in rows)
        with closing(sqlite3.connect(f"file:{organiser.server.database}?mode=ro", uri=True)) as con:
            (nb_addresses,) = con.execute(
                "select count(distinct lower(p.attendee_email)) from pretixbase_orderposition p "
                "join pretixbase_order o on o.id = p.order_id where not o.testmode"
            ).fetchone()
        by_address = {row["person_key"] for row in rows if row["person_basis"] == "email"}
        assert len(by_address) == nb_addresses > 80
        said = " ".join(str(value) for identity in s.identities() for value in identity.values())
        assert all(text in said for text in PEOPLE if text not in TELEPHONE), "the template leaves telephones out"
        assert not find(s.home, [*PEOPLE, organiser.server.token])

    def test_asked_again_gives_nothing_new(self, organiser, source):
        s = source(also=AT_ONCE)
        s.night()
        assert s.night() is None
        assert s.states() == organiser.states()


class TestWhatChanges:
    def test_comes_with_the_next_night_which_asks_for_nothing_else(self, organiser, source):
        s = source(also=AT_ONCE)
        s.night()
        before = s.states()
        cancelled, answered, scanned = organiser.found("p"), organiser.found("p", places=3), organiser.order(DAY)
        organiser.cancel(cancelled)
        organiser.answer_again(answered, "Tourcoing")
        organiser.check_in(scanned)
        organiser.cancel_place(answered)
        organiser.pay(organiser.found("n"))
        organiser.order(SERIES)
        report = s.night()
        assert report.rows_read < 50
        assert s.states() == organiser.states() != before
        assert all(status == "cancelled" for (_, place), status in s.states().items() if place.startswith(cancelled))
        again = next(row for row in s.rows() if row["registration_id"].startswith(f"{answered}-"))
        assert again["commune_text"] == "Tourcoing"

    def test_during_a_crawl_is_there_after_the_next(self, organiser, source, before_page):
        s = source(also=AT_ONCE)
        made = []

        def meanwhile():
            made.append(organiser.order(DAY))
            organiser.cancel(organiser.found("p"))
            organiser.check_in(organiser.order(DAY))
            made.append(organiser.order(SERIES))

        before_page(3, meanwhile)
        s.night()
        assert made
        s.night()
        assert s.states() == organiser.states()

    def test_a_test_order_deleted_during_a_crawl_slides_no_order_away(self, organiser, source, before_page):
        first = organiser.order(DAY, testmode=True)
        s = source()
        before_page(5, lambda: organiser.delete(first))
        s.night()
        assert s.states() == organiser.states()

    def test_a_landed_order_that_is_deleted_goes_with_the_next_full_pass(self, organiser, source):
        """Only test orders can be deleted: this contract counts them."""
        kept = ("{header: testmode, words: [VRAI]", "{header: testmode, words: [JAMAIS]")
        gone = organiser.order(DAY, testmode=True)
        s = source(edits=[kept], also=("full_every_days: 3",))
        s.night()
        assert s.states() == organiser.states(test_orders=True)
        organiser.delete(gone)
        s.night()
        assert (DAY, f"{gone}-1") in s.states(), "nothing tells an incremental crawl"
        s.night(later=timedelta(days=4))
        assert s.states() == organiser.states(test_orders=True)
        assert (DAY, f"{gone}-1") not in s.states()

    def test_incremental_equals_full(self, organiser, source, before_page):
        """After several nights of changes, some of them under the crawl, as a source that never saw them but today."""
        s = source(also=AT_ONCE)
        s.night()
        for number in range(3):
            organiser.order(DAY)
            organiser.cancel(organiser.found("p"))
            before_page(1, lambda: organiser.check_in(organiser.order(DAY)))
            if number == 1:
                organiser.delete(organiser.order(DAY, testmode=True))
            s.night()
        s.night()
        fresh = source(name="fresh")
        fresh.night()
        assert _facts(s.rows()) == _facts(fresh.rows())
        assert Counter(s.states().values()) == Counter(organiser.states().values())


def _facts(rows: list[dict]) -> list[dict]:
    """Rows less what says by which delivery they came, and pseudonyms, whose keys differ from one home to the next."""
    of_the_delivery = {"delivery_id", "file_name", "sheet", "row_number", "delivered_at"}
    return [
        {name: v for name, v in row.items() if name not in of_the_delivery and not name.startswith("person_key")}
        for row in rows
    ]
