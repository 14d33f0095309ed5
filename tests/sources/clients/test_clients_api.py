"""The grammar of `api`, and the small pure pieces: documents, instants, paging."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from sources.clients.api import ApiShape, Paging, presets
from sources.clients.documents import NotJson, dig, dump, one_line, parse, put, without
from sources.clients.instants import read_instant, write_instant
from sources.clients.paging import END, asked, first, following

REST = {
    "platform": "rest", "base_url": "https://api.example.org/v1", "paths": ["/events/{event}/people"], "ids": {"event": "é/1"},
    "records": "people", "key": ["id"],
}  # fmt: skip


def refused(**changes) -> str:
    with pytest.raises(ValidationError) as caught:
        ApiShape.model_validate(REST | changes)
    return str(caught.value)


class TestTheGrammar:
    def test_a_preset_is_completed_and_changed_by_the_contract(self):
        api = ApiShape.model_validate(
            {"platform": "pretix", "base_url": "https://billetterie.example.org", "ids": {"organizer": "ess"}, "auth": {"env": {"token": "CRESS_KEY"}},
             "params": {"testmode": False}}
        )  # fmt: skip
        assert api.path == "/api/v1/organizers/ess/orders/"
        assert api.auth.env == {"token": "CRESS_KEY"} and api.auth.headers == {"Authorization": "Token {token}"}
        assert api.params == {"include_canceled_positions": True, "testmode": False}
        assert api.paging.size == 50

    def test_the_presets_are_those_of_the_issue(self):
        assert set(presets()) == {
            "helloasso", "eventbrite", "pretix", "weezevent", "billetweb", "kobotoolbox", "limesurvey", "grist",
            "demarche_numerique", "openagenda", "tally", "typeform", "airtable", "baserow", "nocodb", "yurplan", "livestorm",
        }  # fmt: skip

    def test_identifiers_are_quoted_and_keep_their_type(self):
        api = ApiShape.model_validate(REST | {"ids": {"event": "é/1", "n": 12}, "params": {"n": "{n}", "t": "n°{n}"}})
        assert api.path == "/events/%C3%A9%2F1/people"
        assert api.filled(api.params) == {"n": 12, "t": "n°12"}

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"ids": {}}, "« ids » doit donner : event"),
            ({"ids": {"event": 1, "evnt": 2}}, "identifiant inutilisé : evnt"),
            ({"params": {"f": "{form}"}}, "identifiant absent de « ids » : form"),
            ({"platform": "helloaso"}, "plateforme inconnue « helloaso »"),
            ({"base_url": "http://api.example.org"}, "https://"),
            ({"base_url": "https://moi:secret@api.example.org"}, "sans identifiant"),
            ({"auth": {"env": {"t": "T"}, "headers": {"Authorization": "Bearer abc"}}}, "variable d'environnement"),
            ({"auth": {"env": {"t": "abc-secret"}}}, "pattern"),
            ({"auth": {"env": {"t": "T"}, "headers": {"Authorization": "{u}"}}}, "n'est pas dans « env »"),
            ({"paging": {"style": "token", "param": "after"}}, "demande token"),
            ({"paging": {"style": "scroll"}}, "scroll"),
            ({"since": {"param": "a", "walk": True}}, "soit « param »"),
            ({"since": {"walk": True}}, "watermark"),
            ({"since": {"param": "a", "template": "x"}}, "{since}"),
            ({"since": {"param": "a", "zone": "Europe/Lyon"}}, "fuseau"),
            ({"deleted": [{"records": "r", "key": {"uid": "id"}}]}, "« deleted.key »"),
            ({"deleted": [{"records": "r", "key": {"id": "id"}}]}, "since.param"),
            ({"retries": 5}, "Extra inputs"),
            ({"key": []}, "at least 1"),
        ],
    )
    def test_what_is_refused(self, changes, said):
        assert said in refused(**changes)

    def test_the_place_is_where_records_live_and_the_recipe_how_they_are_asked(self):
        base = ApiShape.model_validate(REST)
        other_event = ApiShape.model_validate(REST | {"ids": {"event": 2}})
        weekly = ApiShape.model_validate(REST | {"full_every_days": 1})
        patient = ApiShape.model_validate(REST | {"deadline_s": 5})
        assert base.place != other_event.place
        assert base.place == weekly.place and base.recipe != weekly.recipe
        assert base.recipe == patient.recipe


class TestDocuments:
    @pytest.mark.parametrize(
        "text", ['{"a":[1.50,99900011000018,-0.0,1E5],"é":"12","b":null,"c":true}', "[]", '"x"', "12.50"]
    )
    def test_are_written_back_as_they_came(self, text):
        assert dump(parse(text.encode())) == text

    def test_one_line_says_the_same(self):
        body = b'\xef\xbb\xbf{\r\n "a": "x\\ny\xc2\x85\xe2\x80\xa8z",\n "b": 1.0\n}\n'
        assert b"\n" not in one_line(body) and parse(one_line(body)) == parse(body)

    @pytest.mark.parametrize("body", [b"", b"<p>", b"{", b'{"a":Infinity}', "é".encode("latin-1"), b"1 2"])
    def test_what_is_not_one(self, body):
        with pytest.raises(NotJson):
            parse(body)

    def test_paths(self):
        document = {"a": {"b": [1]}, "c": None}
        assert dig(document, "a.b") == [1] and dig(document, "c.d") is None and dig(document, "") is document
        assert put({"a": 1}, "x.y", 2) == {"a": 1, "x": {"y": 2}} and put([], "", [3]) == [3]
        row = {"id": 1, "url": "u", "f": [{"n": 1, "url": 2}, {"n": 2}], "g": {"h": {"i": 1}}}
        assert without(row, ["url", "f.url", "g.h"]) == {"id": 1, "f": [{"n": 1}, {"n": 2}], "g": {}}


class TestInstants:
    @pytest.mark.parametrize(
        ("value", "zone", "expected"),
        [
            ("2025-10-02T09:14:22.1337+02:00", "Europe/Paris", datetime(2025, 10, 2, 7, 14, 22, 133700, UTC)),
            ("2025-11-18T16:41:38Z", "Europe/Paris", datetime(2025, 11, 18, 16, 41, 38, tzinfo=UTC)),
            ("2025-11-18 18:30:00", "Europe/Paris", datetime(2025, 11, 18, 17, 30, tzinfo=UTC)),
            ("2025-11-18T17:09:50", "UTC", datetime(2025, 11, 18, 17, 9, 50, tzinfo=UTC)),
            (1760000000, "UTC", datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)),
            ("1763452800000", "UTC", datetime(2025, 11, 18, 8, 0, tzinfo=UTC)),
        ],
    )  # fmt: skip
    def test_are_read(self, value, zone, expected):
        assert read_instant(value, zone) == expected

    @pytest.mark.parametrize("value", [None, "", "0000-00-00 00:00:00", "hier", True, "0", "-5", "1e400", [], "nan"])
    def test_or_not(self, value):
        assert read_instant(value, "Europe/Paris") is None

    def test_are_written_rounded_down(self):
        instant = datetime(2026, 11, 22, 0, 11, 40, 999999, UTC)
        assert write_instant(instant, "iso", "Europe/Paris") == "2026-11-22T00:11:40Z"
        assert write_instant(instant, "epoch", "Europe/Paris") == "1795306300"
        assert write_instant(instant, "%Y-%m-%d %H:%M:%S", "Europe/Paris") == "2026-11-22 01:11:40"


class TestPaging:
    def turn(self, paging: dict, place, document, records=None, headers=None, secret=()):
        records = [{"id": 1}] if records is None else records
        return following(Paging.model_validate(paging), place, document, records, headers or {}, secret)

    def test_page_numbers(self):
        paging = {"style": "page", "param": "page", "size_param": "n", "size": 50, "more": "next"}
        model = Paging.model_validate(paging)
        assert first(model) == 1 and asked(model, 3) == {"n": 50, "page": 3}
        assert self.turn(paging, 1, {"next": "http://x/"}) == 2
        assert self.turn(paging, 2, {"next": None}) is END
        without_more = {"style": "page", "param": "page", "first": 0}
        assert self.turn(without_more, 0, {}) == 1 and self.turn(without_more, 4, {}, []) is END

    def test_offsets_follow_what_came(self):
        paging = {"style": "offset", "param": "start", "size_param": "limit", "size": 1000, "more": "next"}
        assert self.turn(paging, 100, {"next": "x"}, [{}] * 7) == 107
        assert self.turn({"style": "offset", "param": "o", "is_last": "last"}, 0, {"last": True}) is END
        ranged = Paging.model_validate({"style": "range", "param": "range", "size": 30})
        assert asked(ranged, 60) == {"range": "60-90"}

    def test_tokens(self):
        paging = {"style": "token", "param": "after[]", "token": "after"}
        model = Paging.model_validate(paging)
        assert asked(model, None) == {}
        assert self.turn(paging, None, parse(b'{"after": [1763452800000, 91000002]}')) == [1763452800000, 91000002]
        assert self.turn(paging, [1, 2], {"after": None}) is END
        assert self.turn(paging, "t", {"after": "t"}, []) is END
        more = paging | {"more": "has_more"}
        assert self.turn(more, "t", {"after": "u", "has_more": False}) is END
        assert self.turn(more, "t", {"after": "u", "has_more": True}, []) == "u"
        last = {"style": "last", "param": "before", "token": "token"}
        assert self.turn(last, None, {}, [{"token": "a"}, {"token": "b"}]) == "b"

    def test_links_lose_their_host_and_their_secret(self):
        paging = {"style": "link", "token": "links.next"}
        link = "https://evil.example/v1/people?page=2&key=canary&q=a%20b"
        assert self.turn(paging, None, {"links": {"next": link}}, secret=("key",)) == "/v1/people?page=2&q=a+b"
        assert self.turn(paging, None, {"links": {}}) is END
        header = {"Link": '<https://x/a?p=1>; rel="prev", <https://x/a?p=3>; rel="next"'}
        assert self.turn({"style": "link"}, None, {}, headers=header) == "/a?p=3"
        assert self.turn({"style": "link"}, None, {}) is END
