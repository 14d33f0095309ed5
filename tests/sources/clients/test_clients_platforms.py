"""Every platform, replayed: full, incremental, resumed and spoiled crawls end with the platform's own records, or with a reason."""

from __future__ import annotations

import contextlib
import logging
import traceback
from datetime import timedelta

import pytest
from replay import PLATFORMS, SECRETS

from sources.clients.outcomes import PlatformDown

INCREMENTAL = {
    "helloasso", "eventbrite", "pretix", "weezevent", "billetweb", "demarche_numerique", "typeform", "yurplan", "rest",
}  # fmt: skip
COUNTLESS = {"billetweb", "grist", "demarche_numerique", "airtable", "yurplan"}
FAULTS = (
    "429",
    "500",
    "502",
    "503",
    "timeout",
    "reset",
    "truncate",
    "halfjson",
    "html200",
    "401",
    "latin1",
    "droprows",
)
LASTING = {
    "429:2": "platform_busy", "429:3600": "platform_busy", "503:3600": "platform_busy", "500": "platform_error", "reset": "platform_unreachable", "truncate": "platform_unreachable",
    "halfjson": "platform_garbled", "html200": "platform_garbled", "401": "platform_refused_key", "latin1": "platform_garbled",
}  # fmt: skip


def nb_pages_of(desk) -> int:
    before = desk.server.nb_pages
    desk.night()
    return desk.server.nb_pages - before


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_full_crawl_gives_what_the_platform_holds(platform, desk):
    d = desk(platform)
    crawl = d.land(d.collect())
    assert crawl.kind == "full"
    assert d.landed == d.expected
    assert (crawl.nb_records, crawl.nb_changed, crawl.nb_deleted) == (8, 8, 0)
    assert crawl.counted_by_api == (None if platform in COUNTLESS else 8)
    assert crawl.bundle_path.name == "api-20261123T010000Z.jsonl"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_new_gives_no_bundle(platform, desk):
    d = desk(platform)
    d.land(d.collect())
    again = d.night()
    assert again.kind == ("incremental" if platform in INCREMENTAL else "full")
    assert again.bundle is None and again.nb_changed == again.nb_deleted == 0


@pytest.mark.parametrize("platform", PLATFORMS)
def test_incremental_then_full_equal_the_platform(platform, desk):
    d = desk(platform, 10)
    d.land(d.collect())
    d.world.now = d.now + timedelta(hours=1)
    d.world.edit(1)
    d.world.edit(8)
    d.world.cancel(4)
    d.world.add(3)
    gone = [d.key(d.world.rows[rank]) for rank in (2, 6)]
    d.world.delete(6)
    d.world.delete(2)
    crawl = d.night()
    if platform in INCREMENTAL - {"demarche_numerique"}:
        assert crawl.kind == "incremental" and crawl.nb_deleted == 0
        assert {key: row for key, row in d.landed.items() if key not in gone} == d.expected
    else:
        assert crawl.nb_deleted == 2
        assert d.landed == d.expected
    weekly = d.night(after=timedelta(days=7))
    assert weekly.kind == "full"
    assert d.landed == d.expected


@pytest.mark.parametrize("platform", sorted(INCREMENTAL))
def test_an_incremental_crawl_asks_for_less(platform, desk):
    d = desk(platform, 12)
    d.world.tick(4 * 24 * 60)
    d.world.edit(11)
    d.now = d.world.now + timedelta(hours=1)
    d.land(d.collect())
    d.world.now = d.now + timedelta(hours=20)
    d.world.edit(0)
    crawl = d.night()
    assert crawl.kind == "incremental" and crawl.nb_changed == 1 and crawl.nb_records < 12
    assert d.landed == d.expected


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_crawl_cut_after_any_page_resumes_and_gives_the_same(platform, desk):
    nb_pages = nb_pages_of(desk(platform))
    for page in range(1, nb_pages + 1):
        d = desk(platform)
        d.server.fail("reset", page, for_ever=True)
        with pytest.raises(PlatformDown):
            d.collect()
        d.server.heal()
        before = d.server.nb_pages
        crawl = d.land(d.collect())
        assert d.landed == d.expected
        stable = platform not in (
            "pretix",
            "weezevent",
            "kobotoolbox",
            "tally",
            "baserow",
            "nocodb",
            "yurplan",
            "livestorm",
        )
        assert d.server.nb_pages - before == nb_pages - page + 1 + (0 if stable or page == 1 else 1)
        assert any(note.rule == "collecte_reprise" for note in crawl.notes) == (page > 1)


@pytest.mark.nights
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_passing_fault_at_any_page_leaves_the_crawl_whole(platform, fault, desk):
    page, reached = 1, True
    while reached:
        d = desk(platform, 4, timeout_s=0.15 if fault == "timeout" else 5)
        if fault == "droprows" and platform in COUNTLESS:
            # Nothing counts: rows can be missed once, but no row that was known is believed deleted.
            d.land(d.collect())
        before = d.server.nb_pages
        d.server.fail(fault, page)
        d.land(d.collect(full=True))
        assert d.landed == d.expected, page
        reached = d.server.nb_pages - before >= page
        page += 1
    assert page > 2


@pytest.mark.nights
@pytest.mark.parametrize(("fault", "rule"), LASTING.items())
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_lasting_fault_is_named_and_lands_nothing(platform, fault, rule, desk, caplog):
    """And no secret nor name is in the exception, the logs or any file."""
    caplog.set_level(logging.DEBUG)
    d = desk(platform, 4)
    d.land(d.collect())
    before = dict(d.landed)
    d.world.now = d.now + timedelta(hours=1)
    d.world.edit(3)
    d.now += timedelta(days=1)
    d.server.fail(fault, 1, for_ever=True)
    with pytest.raises(PlatformDown) as caught:
        d.collect(full=True)
    assert caught.value.rule == rule
    assert caught.value.message.startswith("La plateforme ")
    assert sum(d.clock.slept) <= 6 * 60 and max(d.clock.slept, default=0) <= 60
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    files = b"".join(path.read_bytes() for path in d.state.rglob("*") if path.is_file())
    for canary in [*SECRETS.values(), "canary-session", "canary-html", "DURAND", "maelle"]:
        assert canary not in said
        assert canary.encode() not in files
    d.server.heal()
    crawl = d.land(d.collect())
    assert crawl.nb_changed >= 1
    assert d.landed == d.expected != before


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_that_shows_nothing_any_more_deletes_nothing(platform, desk):
    d = desk(platform, 12)
    d.land(d.collect())
    d.world.rows.clear()
    with pytest.raises(PlatformDown) as caught:
        d.night(full=True)
    assert caught.value.rule == "platform_shrunk"
    d.changes["max_deleted_share"] = 1
    d.night(full=True)
    assert d.landed == {}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_secret_that_is_not_set_is_asked_for_by_name(platform, desk):
    d = desk(platform)
    d.environ = {}
    with pytest.raises(PlatformDown) as caught:
        d.collect()
    assert caught.value.rule == "secret_missing"
    assert any(name in caught.value.message for name in SECRETS)
    assert d.server.asked == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_wrong_secret_is_refused_in_a_sentence(platform, desk):
    d = desk(platform)
    d.environ = {name: "wrong" for name in SECRETS}
    with pytest.raises(PlatformDown) as caught:
        d.collect()
    assert caught.value.rule == "platform_refused_key"
    with contextlib.suppress(PlatformDown):
        d.collect()
    assert d.landed == {}
