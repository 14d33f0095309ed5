"""What a crawl does besides turning pages: drift, resumption, duplicates, deletions, memory, and the bundle a reader opens."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from replay import START

from identity.cipher import Cipher, Secret, WrongKey
from sources.clients.bundle import content_of, key_text, key_values, open_bundle
from sources.clients.crawl import confirm
from sources.clients.outcomes import Incomplete, PlatformDown
from sources.clients.store import Store, open_store
from sources.readers.records import Pairs, read_records


def rules(crawl) -> list[str]:
    return [note.rule for note in crawl.notes]


class TestThe120OrdersOfARealPretix:
    def test_are_read_in_three_pages_and_by_the_reader(self, desk):
        d = desk("pretix", 120, paging={})
        crawl = d.collect()
        assert (crawl.nb_pages, crawl.nb_records, crawl.counted_by_api) == (3, 120, 120)
        with open_bundle(crawl.bundle, d.cipher) as bundle:
            assert bundle.size == crawl.bundle.bytes
            with content_of(bundle.path, d.api.key) as content:
                (sheet,) = read_records(
                    content.rows, file_name=crawl.bundle.file_name, records="results", explode="positions",
                    pairs=[Pairs("positions.answers", "question_identifier", "answer")],
                )  # fmt: skip
        # The 120 recorded orders have 207 positions, counted with Python's json module; and the header.
        assert sheet.table.num_rows == 207 + 1

    def test_the_watermark_is_the_server_s_own_minute(self, desk):
        d = desk("pretix", 3)
        crawl = d.land(d.collect())
        assert crawl.watermark == d.world.now
        d.now += timedelta(days=1)
        d.collect()
        assert d.server.asked[-1].query["modified_since"] == (d.world.now - timedelta(minutes=15)).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )

    def test_a_change_during_the_crawl_is_caught_by_the_next(self, desk):
        d = desk("pretix", 9)
        d.server.on_page(3, lambda: d.world.edit(0))
        d.land(d.collect())
        assert d.landed != d.expected
        d.night()
        assert d.landed == d.expected

    def test_a_test_order_deleted_during_the_crawl_makes_it_start_again(self, desk):
        """drift_output.txt: the row after the deleted one slides to a page already read."""
        d = desk("pretix", 9)
        d.server.on_page(2, lambda: d.world.delete(0))
        crawl = d.land(d.collect())
        assert d.landed == d.expected
        assert crawl.nb_pages == 3 and d.server.nb_pages == 6

    def test_as_many_added_as_deleted_during_a_full_pass_are_no_deletion(self, desk):
        """The count is the same at both ends and rows slid: only a second pass tells who is gone."""
        d = desk("pretix", 9)
        d.land(d.collect())
        first = d.server.nb_pages

        def swap():
            d.world.delete(0)
            d.world.add()

        d.server.on_page(2, swap)
        crawl = d.night(full=True)
        assert d.server.nb_pages - first == 6
        assert crawl.nb_deleted == 0  # the deleted one was still seen: it is believed at the next full pass
        assert d.landed.keys() - d.expected.keys() == {d.key({"event": "journee-ess", "code": "ZZ001"})}
        assert d.night(full=True).nb_deleted == 1
        assert d.landed == d.expected

    def test_orders_that_keep_vanishing_end_incomplete(self, desk):
        d = desk("pretix", 20)
        for page in (2, 9, 15, 21):
            d.server.on_page(page, lambda: (d.world.delete(0), d.world.delete(0)))
        with pytest.raises(Incomplete) as caught:
            d.collect()
        assert caught.value.rule == "platform_incomplete"
        assert "perd des fiches pendant la collecte, 3 fois de suite" in caught.value.message
        d.land(d.collect())
        assert d.landed == d.expected

    def test_a_page_that_no_longer_exists_is_drift(self, desk):
        d = desk("pretix", 9)
        d.server.on_page(3, lambda: [d.world.delete(0) for _ in range(4)])
        d.land(d.collect())
        assert d.landed == d.expected

    def test_a_resumed_crawl_starts_again_when_pages_slid_meanwhile(self, desk):
        d = desk("pretix", 9)
        d.server.fail("500", 3, for_ever=True)
        with pytest.raises(PlatformDown):
            d.collect()
        d.server.heal()
        d.world.delete(0)
        crawl = d.land(d.collect())
        assert d.landed == d.expected
        assert "collecte_reprise" not in rules(crawl)

    def test_every_position_of_an_order_stands_under_its_key(self, desk):
        d = desk("pretix", 2)
        rows, _ = d.content(d.collect())
        assert d.key(rows[0]) == '["journee-ess","ZZ001"]'
        assert key_values(d.key(rows[0]), 2) == ["journee-ess", "ZZ001"]
        assert key_text(["ZZ001"]) == "ZZ001"


class TestResuming:
    def test_a_process_killed_between_two_pages_loses_none(self, desk, monkeypatch):
        d = desk("helloasso")
        real = Store.keep_page

        def killed(self, number, cursor, raw):
            real(self, number, cursor, raw)
            if number == 2:
                raise KeyboardInterrupt

        monkeypatch.setattr(Store, "keep_page", killed)
        with pytest.raises(KeyboardInterrupt):
            d.collect()
        monkeypatch.undo()
        before = d.server.nb_pages
        crawl = d.land(d.collect())
        assert d.landed == d.expected
        assert "collecte_reprise" in rules(crawl)
        assert d.server.nb_pages - before == 2  # of 4: the third, and the empty one

    @pytest.mark.parametrize("step", ["bundle", "remember", "forget_pages"])
    def test_a_process_killed_at_the_end_delivers_once(self, step, desk, monkeypatch):
        d = desk("eventbrite")
        real = getattr(Store, step)

        def killed(self, *args):
            real(self, *args)
            raise KeyboardInterrupt

        if step == "forget_pages":  # the first call begins the crawl

            def killed(self, *args):
                if self.page(1) is not None:
                    raise KeyboardInterrupt
                real(self, *args)

        monkeypatch.setattr(Store, step, killed)
        with pytest.raises(KeyboardInterrupt):
            d.collect()
        monkeypatch.undo()
        before = d.server.nb_pages
        crawl = d.land(d.collect())
        assert d.server.nb_pages == before
        assert crawl.nb_changed == 8 and d.landed == d.expected
        assert d.night().bundle is None

    def test_an_expired_token_starts_again(self, desk):
        d = desk("airtable")
        d.server.fail("500", 2, for_ever=True)
        with pytest.raises(PlatformDown):
            d.collect()
        d.server.heal()
        d.server.fail("422", 1)
        crawl = d.land(d.collect())
        assert d.landed == d.expected and "collecte_reprise" not in rules(crawl)

    def test_rows_always_dropped_end_incomplete_and_land_nothing(self, desk):
        d = desk("kobotoolbox")
        d.server.fail("droprows", 3, for_ever=True)
        with pytest.raises(Incomplete) as caught:
            d.collect()
        assert "annonce 8 fiches et en donne " in caught.value.message
        assert not list(d.state.rglob("*.page")) and not list(d.state.rglob("*.jsonl"))

    def test_what_was_asked_otherwise_or_long_ago_is_not_resumed(self, desk):
        d = desk("helloasso")
        d.server.fail("500", 3, for_ever=True)
        for _ in range(2):
            with pytest.raises(PlatformDown):
                d.collect()
            d.now += timedelta(days=3)
        d.server.heal()
        before = d.server.nb_pages
        assert "collecte_reprise" not in rules(d.land(d.collect()))
        assert d.server.nb_pages - before == 4


class TestTheBundle:
    def test_is_given_again_until_it_is_confirmed(self, desk):
        d = desk("grist")
        first = d.collect()
        d.world.edit(0)
        before = d.server.nb_pages
        again = d.collect()
        assert d.server.nb_pages == before
        assert (again.bundle, again.watermark, again.nb_records) == (first.bundle, first.watermark, first.nb_records)
        assert "collecte_en_attente" in rules(again)
        d.land(again)
        confirm(again, state=d.state, cipher=d.cipher)  # twice does nothing
        assert not list(d.state.rglob("*.jsonl"))
        d.night()
        assert d.landed == d.expected

    def test_that_was_lost_before_it_landed_is_fetched_again(self, desk):
        d = desk("eventbrite")
        d.collect().bundle.path.unlink()
        d.night()
        assert d.landed == d.expected

    def test_shows_a_key_once_when_pages_repeat_it(self, desk):
        """A record added in front while numbered pages are turned: the last of page 1 comes again, edited, on page 2."""
        d = desk("livestorm", 6)

        def insert():
            d.world.edit(2)
            d.world.add()
            d.world.rows.insert(0, d.world.rows.pop())

        d.server.on_page(2, insert)
        crawl = d.collect()
        rows, _ = d.content(crawl)
        assert [d.key(row)[-4:] for row in rows] == ["0001", "0002", "0003", "0004", "0005", "0006"]
        assert "edited" in rows[2]
        d.land(crawl)
        d.night()
        assert d.landed == d.expected

    def test_leaves_out_pages_that_hold_nothing_new(self, desk):
        d = desk("baserow")
        d.land(d.collect())
        d.world.edit(4)
        crawl = d.collect()
        rows, deleted = d.content(crawl)
        assert (crawl.nb_records, crawl.nb_changed, deleted) == (8, 1, ())
        assert [row["id"] for row in rows] == ["4", "5", "6"]

    def test_says_what_was_deleted_in_its_last_line(self, desk):
        d = desk("nocodb")
        d.land(d.collect())
        d.world.delete(7)
        d.world.delete(1)
        d.now += timedelta(days=1)
        crawl = d.collect()
        with open_bundle(crawl.bundle, d.cipher) as bundle:
            (line,) = bundle.path.read_text().splitlines()
        assert json.loads(line) == {
            "_deleted": [{"Id": "2"}, {"Id": "8"}],
            "_crawl": {"kind": "full", "started_at": d.now.isoformat()},
        }

    def test_takes_a_later_name_each_time(self, desk):
        d = desk("tally")
        names = []
        for _ in range(3):
            d.world.edit(0)
            names.append(d.land(d.collect()).bundle.file_name)
        assert names == [f"api-20261123T01000{n}Z.jsonl" for n in range(3)]

    def test_numbers_keep_their_text(self, desk):
        d = desk("openagenda", 2)
        d.world.rows[0]["exact"] = 99900011000018000001
        crawl = d.collect()
        with open_bundle(crawl.bundle, d.cipher) as bundle:
            assert b"99900011000018000001" in bundle.path.read_bytes()


class TestDeletions:
    def test_a_feed_tells_what_was_deleted_before_any_full_pass(self, desk):
        d = desk("demarche_numerique")
        d.land(d.collect())
        d.world.now = d.now
        d.world.delete(3)
        d.world.delete(0)
        crawl = d.night()
        assert crawl.kind == "incremental" and crawl.nb_deleted == 2
        assert d.landed == d.expected

    def test_rows_dropped_on_the_way_are_not_deleted(self, desk):
        for platform in ("grist", "billetweb", "airtable"):
            d = desk(platform)
            d.land(d.collect())
            d.server.fail("droprows", 1)
            assert d.night(full=True).nb_deleted == 0
            assert d.landed == d.expected

    def test_a_collapse_is_refused_until_it_is_said_to_be_true(self, desk):
        d = desk("baserow", 20)
        d.land(d.collect())
        del d.world.rows[5:]
        with pytest.raises(PlatformDown) as caught:
            d.night()
        assert caught.value.rule == "platform_shrunk"
        assert "15 fiches sur 20 connues" in caught.value.message
        d.changes["max_deleted_share"] = 0.8
        d.night()
        assert d.landed == d.expected

    def test_another_place_deletes_nothing_of_the_first(self, desk):
        d = desk("pretix", 4)
        d.land(d.collect())
        d.changes["ids"] = {"organizer": "ess", "event": "webinaires"}
        d.world.rows = d.world.rows[:1]
        d.world.rows[0]["event"] = "webinaires"
        crawl = d.night()
        assert "lieu_change" in rules(crawl) and crawl.nb_deleted == 0
        assert len(d.landed) == 5
        assert d.night(full=True).nb_deleted == 0

    def test_without_memory_the_keys_in_force_serve(self, desk):
        d = desk("grist")
        d.land(d.collect())
        (d.state / "essai" / "memory").write_bytes(b"damaged")
        d.world.delete(2)
        crawl = d.night(known_keys=lambda: set(d.landed))
        assert crawl.nb_deleted == 1
        assert d.landed == d.expected


class TestAsking:
    def test_full_when_asked_delivers_everything_again(self, desk):
        d = desk("eventbrite")
        d.land(d.collect())
        crawl = d.night(full=True)
        assert (crawl.kind, crawl.nb_changed) == ("full", 8) and crawl.bundle is not None

    def test_a_changed_recipe_reads_everything_and_delivers_the_difference(self, desk):
        d = desk("eventbrite")
        d.land(d.collect())
        d.changes["full_every_days"] = 3
        crawl = d.night()
        assert crawl.kind == "full" and crawl.bundle is None

    def test_what_changes_by_itself_makes_nothing_new(self, desk):
        d = desk("airtable", volatile=["fields.Lien", "pieces.url"])
        for row in d.world.rows:
            row["pieces"] = [{"nom": "a", "url": 1}]
        d.land(d.collect())
        for rank, row in enumerate(d.world.rows):
            row["fields"]["Lien"] = rank
            row["pieces"][0]["url"] += 1
        assert d.night().bundle is None
        d.world.rows[0]["pieces"][0]["nom"] = "b"
        assert d.night().nb_changed == 1

    def test_a_short_incremental_crawl_becomes_a_full_one(self, desk):
        d = desk("eventbrite", 6)
        d.land(d.collect())
        d.world.now = d.now
        d.world.edit(0)
        d.world.edit(1)
        for page in (1, 3):
            d.server.fail("droprows", page)
        crawl = d.night()
        assert crawl.kind == "full" and "passe_complete" in rules(crawl)
        assert d.landed == d.expected

    def test_a_weezevent_that_ignores_pages_ends_by_itself(self, desk):
        d = desk("weezevent", 4, paging={"size": 100})
        d.land(d.collect())
        assert d.server.nb_pages == 2 and d.landed == d.expected

    def test_billetweb_is_asked_ten_times_a_minute_at_most(self, desk):
        d = desk("billetweb", per_minute=10)
        d.land(d.collect())
        d.world.delete(0)
        d.night(full=True)
        assert len(d.clock.slept) == 1 and 5.5 < d.clock.slept[0] <= 6

    def test_an_empty_platform_is_an_answer(self, desk):
        for platform in ("helloasso", "limesurvey", "demarche_numerique", "grist"):
            d = desk(platform, 0)
            crawl = d.land(d.collect())
            assert crawl.bundle is None and crawl.nb_records == 0
            d.world.now = d.now
            d.world.add(2)
            d.night()
            assert d.landed == d.expected

    def test_a_graphql_error_with_status_200_is_an_error(self, desk):
        d = desk("demarche_numerique", ids={"demarche": 999})
        with pytest.raises(PlatformDown) as caught:
            d.collect()
        assert caught.value.rule == "platform_not_found" and d.server.nb_pages == 1

    def test_a_list_that_moved_is_a_change_of_the_platform(self, desk):
        d = desk("tally", records="reponses")
        with pytest.raises(PlatformDown) as caught:
            d.collect()
        assert caught.value.rule == "platform_changed" and "« reponses »" in caught.value.message

    def test_a_record_without_its_key_is_a_change_of_the_platform(self, desk):
        d = desk("tally", key=["uuid"])
        with pytest.raises(PlatformDown) as caught:
            d.collect()
        assert caught.value.rule == "platform_changed" and "uuid" in caught.value.message
        assert not list(d.state.rglob("*.page"))


class TestTheState:
    def test_is_encrypted_private_and_made_durable(self, desk, monkeypatch):
        synced = []
        d = desk("billetweb")
        monkeypatch.setattr(os, "fsync", synced.append)
        d.collect()
        files = [path for path in d.state.rglob("*") if path.is_file()]
        assert {path.name for path in files} == {".lock", "memory", "api-20261123T010000Z.jsonl"}
        assert all(b"DURAND" not in path.read_bytes() and path.stat().st_mode & 0o077 == 0 for path in files)
        assert len(synced) >= 8  # plan, page, bundle, memory: the file and its directory

    def test_one_crawl_of_a_source_at_a_time(self, desk):
        d = desk("grist")
        with open_store(d.state, "essai", d.cipher), pytest.raises(PlatformDown) as caught:
            d.collect()
        assert caught.value.rule == "crawl_running"

    def test_another_key_is_said_and_nothing_is_lost(self, desk):
        d = desk("grist")
        d.land(d.collect())
        good, d.cipher = d.cipher, Cipher(Secret(os.urandom(32)))
        with pytest.raises(WrongKey):
            d.collect()
        d.cipher = good
        assert d.night().bundle is None

    def test_a_damaged_page_is_asked_for_again(self, desk):
        d = desk("helloasso")
        d.server.fail("500", 3, for_ever=True)
        with pytest.raises(PlatformDown):
            d.collect()
        d.server.heal()
        (page,) = d.state.rglob("00002.page")
        page.write_bytes(page.read_bytes()[:-1])
        d.land(d.collect())
        assert d.landed == d.expected

    def test_a_record_stamped_in_the_future_hides_nothing(self, desk):
        d = desk("eventbrite")
        d.world.rows[0]["changed"] = "2999-01-01T00:00:00Z"
        assert d.land(d.collect()).watermark == d.now

    def test_the_watermark_never_goes_back(self, desk):
        d = desk("eventbrite")
        high = d.land(d.collect()).watermark
        d.world.rows = d.world.rows[:3]
        assert d.night(full=True).watermark == high > START
