"""Platforms on 127.0.0.1 that answer with recorded records, page as documented, and fail on demand.

Here: a `World` (the records of one platform, which tests add to, edit, cancel and delete), an `answer_<platform>` for each, and the
`Server`. Records are those of `tests/sources/platforms/files`, repeated under other identifiers. Faults are named as in the
mitmproxy addon that the real pretix is tested with: 429[:seconds], 500, 502, 503, timeout, reset, truncate, halfjson,
droprows, html200, 401, latin1.
"""

from __future__ import annotations

import base64
import copy
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

FILES = Path(__file__).parents[1] / "platforms" / "files"
START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")

SECRETS = {
    "HELLOASSO_CLIENT_ID": "canary-ha-id", "HELLOASSO_CLIENT_SECRET": "canary-ha-secret", "EVENTBRITE_TOKEN": "canary-eb",
    "PRETIX_TOKEN": "canary-pretix", "WEEZEVENT_USER": "canary-wz-user", "WEEZEVENT_PASSWORD": "canary-wz-password",
    "WEEZEVENT_API_KEY": "canary-wz-key", "BILLETWEB_USER": "canary-bw-user", "BILLETWEB_KEY": "canary-bw-key",
    "KOBO_TOKEN": "canary-kobo", "LIMESURVEY_USER": "canary-ls-user", "LIMESURVEY_PASSWORD": "canary-ls-password",
    "GRIST_API_KEY": "canary-grist", "DEMARCHE_NUMERIQUE_TOKEN": "canary-dn", "OPENAGENDA_KEY": "canary-oa",
    "TALLY_API_KEY": "canary-tally", "TYPEFORM_TOKEN": "canary-tf", "AIRTABLE_TOKEN": "canary-at",
    "BASEROW_TOKEN": "canary-br", "NOCODB_TOKEN": "canary-nc", "YURPLAN_CLIENT_ID": "canary-yp-id",
    "YURPLAN_CLIENT_SECRET": "canary-yp-secret", "LIVESTORM_TOKEN": "canary-ls", "OTHER_KEY": "canary-other",
}  # fmt: skip


@dataclass
class Request:
    """What a client sent: `query` and `form` with the last value of each name."""

    method: str
    path: str
    query: dict[str, str]
    lists: dict[str, list[str]]
    form: dict[str, str]
    document: Any
    headers: Any


@dataclass
class Reply:
    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """The records of a platform, oldest first, and its clock. `mark`: what an edit, and the platform's stamp of it, look like."""

    rows: list[dict[str, Any]]
    key: str
    mark: Callable[[dict, datetime], None]
    cancel_mark: Callable[[dict], None]
    new_key: Callable[[int], Any]
    now: datetime = START
    updated: dict[str, datetime] = field(default_factory=dict)
    deleted: list[tuple[Any, datetime]] = field(default_factory=list)
    nb_made: int = 0

    def tick(self, minutes: float = 1) -> datetime:
        self.now += timedelta(minutes=minutes)
        return self.now

    def add(self, number: int = 1) -> None:
        samples = self.samples
        for _ in range(number):
            row = copy.deepcopy(samples[self.nb_made % len(samples)])
            self.nb_made += 1
            row[self.key] = self.new_key(self.nb_made)
            self.rows.append(row)
            self._touch(row)

    def edit(self, rank: int) -> None:
        self.rows[rank]["edited"] = f"édité {self.now:%H:%M}"
        self._touch(self.rows[rank])

    def cancel(self, rank: int) -> None:
        self.cancel_mark(self.rows[rank])
        self._touch(self.rows[rank])

    def delete(self, rank: int) -> None:
        row = self.rows.pop(rank)
        self.deleted.append((row[self.key], self.tick()))

    def stamp(self, row: dict) -> datetime:
        return self.updated[str(row[self.key])]

    def since(self, instant: datetime | None) -> list[dict]:
        return [row for row in self.rows if instant is None or self.stamp(row) >= instant]

    def _touch(self, row: dict) -> None:
        self.updated[str(row[self.key])] = self.tick()
        self.mark(row, self.now)

    samples: list[dict] = field(default_factory=list)


# -- what each platform answers ------------------------------------------------------------------------------------------------


def answer_helloasso(world: World, asked: Request) -> Reply:
    if asked.path == "/oauth2/token":
        return _login(
            asked, client_id="canary-ha-id", client_secret="canary-ha-secret", grant_type="client_credentials"
        )
    if not asked.headers.get("Authorization", "").startswith("Bearer canary-session-"):
        return Reply({"message": "unauthorized"}, 401)
    rows = list(world.rows)
    if asked.query.get("sortField") == "UpdateDate":
        rows.sort(key=world.stamp)
    if asked.query.get("sortOrder") == "Desc":
        rows.reverse()
    if asked.query.get("withDetails") != "true":
        rows = [{name: value for name, value in row.items() if name != "customFields"} for row in rows]
    size, token = int(asked.query["pageSize"]), asked.query.get("continuationToken")
    start = next((n for n, row in enumerate(rows, 1) if f"20261122_{row['id']}" == token), 0)
    page = rows[start : start + size]
    last = f"20261122_{page[-1]['id']}" if page else token
    return Reply({"data": page, "pagination": {"pageSize": size, "totalCount": len(rows), "continuationToken": last}})


def answer_eventbrite(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "Bearer canary-eb":
        return Reply({"error": "INVALID_AUTH"}, 401)
    rows = world.since(_iso(asked.query.get("changed_since")))
    start = int(base64.b64decode(asked.query.get("continuation", "MA==")))
    page, more = rows[start : start + 3], start + 3 < len(rows)
    pagination = {"object_count": len(rows), "has_more_items": more}
    if more:
        pagination["continuation"] = base64.b64encode(str(start + 3).encode()).decode()
    return Reply({"pagination": pagination, "attendees": page})


def answer_pretix(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "Token canary-pretix":
        return Reply({"detail": "Invalid token."}, 401)
    if not asked.path.endswith("/"):
        return Reply(None, 301, {"Location": asked.path + "/"})
    rows = world.since(_iso(asked.query.get("modified_since")))
    if asked.query.get("include_canceled_positions") != "true":
        rows = [row | {"positions": [each for each in row["positions"] if not each["canceled"]]} for row in rows]
    page, size = int(asked.query.get("page", "1")), min(50, int(asked.query.get("page_size", "50")))
    if page > 1 and (page - 1) * size >= len(rows):
        return Reply({"detail": "Page non valide."}, 404)
    more = page * size < len(rows)
    following = f"http://autre-nom.example{asked.path}?page={page + 1}" if more else None
    return Reply(
        {"count": len(rows), "next": following, "previous": None, "results": rows[(page - 1) * size : page * size]},
        headers={"X-Page-Generated": world.now.astimezone(PARIS).isoformat()},
    )


def answer_weezevent(world: World, asked: Request) -> Reply:
    if asked.path == "/auth/access_token":
        return _login(
            asked,
            token="accessToken",
            username="canary-wz-user",
            password="canary-wz-password",
            api_key="canary-wz-key",
        )
    if asked.query.get("api_key") != "canary-wz-key" or not asked.query.get("access_token", "").startswith(
        "canary-session"
    ):
        return Reply({"error": "auth"}, 401)
    since = asked.query.get("last_update")
    rows = world.since(datetime.fromisoformat(since).replace(tzinfo=PARIS) if since else None)
    if asked.query.get("include_deleted") != "true":
        rows = [row for row in rows if row["deleted"] == "0"]
    page, size = int(asked.query["page"]), int(asked.query["max"])
    return Reply(
        {
            "participants": rows[(page - 1) * size : page * size],
            "server_time": world.now.astimezone(PARIS).strftime("%Y-%m-%d %H:%M:%S"),
            "counter_total": len(rows),
        }
    )


def answer_billetweb(world: World, asked: Request) -> Reply:
    if asked.query.get("user") != "canary-bw-user" or asked.query.get("key") != "canary-bw-key":
        return Reply({"error": "1", "description": "auth"}, 401)
    since = asked.query.get("last_update")
    return Reply(world.since(datetime.fromtimestamp(int(since), UTC) if since else None))


def answer_kobotoolbox(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "Token canary-kobo":
        return Reply({"detail": "Invalid token."}, 401)
    rows, since = world.rows, json.loads(asked.query.get("query", "{}"))
    if since:
        rows = [row for row in rows if row["_submission_time"] >= since["_submission_time"]["$gte"]]
    start, size = int(asked.query["start"]), min(3, int(asked.query["limit"]))  # the server caps what is asked
    following = f"https://eu.kobotoolbox.org{asked.path}?limit={size}&start={start + size}"
    more = start + size < len(rows)
    return Reply({"count": len(rows), "next": following if more else None, "results": rows[start : start + size]})


def answer_limesurvey(world: World, asked: Request) -> Reply:
    method, parameters, number = (asked.document[name] for name in ("method", "params", "id"))
    if method == "get_session_key":
        good = parameters[:2] == ["canary-ls-user", "canary-ls-password"]
        result: Any = "canary-session-1" if good else {"status": "Invalid user name or password"}
    elif parameters[0] != "canary-session-1":
        result = {"status": "Invalid session key"}
    elif method == "get_summary":
        result = {"completed_responses": "0", "full_responses": str(len(world.rows))}
    elif method == "export_responses":
        nothing = {"status": "No Data, could not get max id."}
        result = base64.b64encode(json.dumps({"responses": world.rows}).encode()).decode() if world.rows else nothing
    else:
        result = "OK"
    return Reply({"id": number, "result": result, "error": None})


def answer_grist(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "Bearer canary-grist":
        return Reply({"error": "invalid API key"}, 401)
    return Reply({"records": world.rows})


def answer_demarche_numerique(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "Bearer canary-dn":
        return Reply({"errors": [{"message": "no", "extensions": {"code": "unauthorized"}}], "data": None}, 401)
    assert asked.document["queryId"] == "ds-query-v2" and asked.document["operationName"] == "getDemarche"
    variables = asked.document["variables"]
    if type(variables["demarcheNumber"]) is not int or variables["demarcheNumber"] != 12345:
        return Reply(json.loads((FILES / "demarche_numerique/graphql_error_http200.json").read_text()))
    demarche: dict[str, Any] = {"id": "x", "number": 12345}

    def connection(nodes: list, first: int, after: str | None) -> dict:
        start = int(after or 0)
        more = start + min(first, 100) < len(nodes)
        return {
            "pageInfo": {"hasNextPage": more, "endCursor": str(min(start + first, len(nodes))) if nodes else None},
            "nodes": nodes[start : start + first],
        }

    if variables.get("includeDossiers"):
        nodes = world.since(_iso(variables.get("updatedSince")))
        demarche["dossiers"] = connection(nodes, variables["first"], variables.get("after"))
    for name, prefix in (("deletedDossiers", "deleted"), ("pendingDeletedDossiers", "pendingDeleted")):
        if variables.get(f"include{name[0].upper()}{name[1:]}"):
            since = _iso(variables.get(f"{prefix}Since"))
            gone = [{"number": key} for key, at in world.deleted if since is None or at >= since]
            nodes = gone[::2] if prefix == "deleted" else gone[1::2]
            demarche[name] = connection(nodes, variables[f"{prefix}First"], variables.get(f"{prefix}After"))
    return Reply({"data": {"demarche": demarche}})


def answer_openagenda(world: World, asked: Request) -> Reply:
    if asked.query.get("key") != "canary-oa":
        return Reply({"message": "invalid key"}, 401)
    after = int(asked.lists["after[]"][1]) if "after[]" in asked.lists else 0
    rows = [row for row in world.rows if row["uid"] > after]
    page = rows[: int(asked.query["size"])]
    more = len(page) < len(rows)
    return Reply(
        {"total": len(world.rows), "events": page, "after": [1, page[-1]["uid"]] if more else None, "success": True}
    )


def answer_tally(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "Bearer canary-tally":
        return Reply({}, 401)
    page, size = int(asked.query["page"]), int(asked.query["limit"])
    return Reply(
        {
            "page": page, "limit": size, "hasMore": page * size < len(world.rows),
            "totalNumberOfSubmissionsPerFilter": {"all": len(world.rows)}, "questions": [{"id": "q1", "title": "Nom ?"}],
            "submissions": world.rows[(page - 1) * size : page * size],
        }
    )  # fmt: skip


def answer_typeform(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "Bearer canary-tf":
        return Reply({"code": "AUTHENTICATION_FAILED"}, 401)
    assert "sort" not in asked.query
    since = asked.query.get("since")
    rows = world.since(datetime.fromtimestamp(int(since), UTC) if since else None)[::-1]
    if before := asked.query.get("before"):
        rows = rows[next(n for n, row in enumerate(rows, 1) if row["token"] == before) :]
    return Reply({"total_items": len(rows), "page_count": 1, "items": rows[: int(asked.query["page_size"])]})


def answer_airtable(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "Bearer canary-at":
        return Reply({"error": {"type": "AUTHENTICATION_REQUIRED"}}, 401)
    start = int(asked.query.get("offset", "itr/0").partition("/")[2])
    page = {"records": world.rows[start : start + 3]}
    return Reply(page | ({"offset": f"itr/{start + 3}"} if start + 3 < len(world.rows) else {}))


def answer_baserow(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "Token canary-br":
        return Reply({"error": "ERROR_TOKEN"}, 401)
    page, size = int(asked.query["page"]), int(asked.query["size"])
    more = page * size < len(world.rows)
    following = f"https://ailleurs.example{asked.path}?page={page + 1}" if more else None
    return Reply({"count": len(world.rows), "next": following, "results": world.rows[(page - 1) * size : page * size]})


def answer_nocodb(world: World, asked: Request) -> Reply:
    if asked.headers.get("xc-token") != "canary-nc":
        return Reply({"msg": "no"}, 401)
    start, size = int(asked.query["offset"]), int(asked.query["limit"])
    last = start + size >= len(world.rows)
    return Reply(
        {"list": world.rows[start : start + size], "pageInfo": {"totalRows": len(world.rows), "isLastPage": last}}
    )


def answer_yurplan(world: World, asked: Request) -> Reply:
    if asked.path == "/v1/token":
        return _login(asked, client_id="canary-yp-id", client_secret="canary-yp-secret", scope="pro")
    if not asked.headers.get("Authorization", "").startswith("Bearer canary-session-"):
        return Reply({"status": 401}, 401)
    rows = sorted(world.rows, key=world.stamp, reverse=True)
    start, end = map(int, asked.form["range"].split("-"))
    following = f"{end}-{end + 30}" if end < len(rows) else None
    return Reply(
        {"status": 200, "results": rows[start:end], "paging": {"nb_per_page": 30, "cursors": {"next": following}}}
    )


def answer_livestorm(world: World, asked: Request) -> Reply:
    if asked.headers.get("Authorization") != "canary-ls":
        return Reply({"errors": []}, 401)
    page, size = int(asked.query["page[number]"]), int(asked.query["page[size]"])
    more = (page + 1) * size < len(world.rows)
    meta = {"record_count": len(world.rows), "current_page": page, "next_page": page + 1 if more else None}
    return Reply({"data": world.rows[page * size : (page + 1) * size], "meta": meta})


def answer_rest(world: World, asked: Request) -> Reply:
    """A platform of the header Link kind, whose links repeat the key and name another host."""
    if asked.query.get("apikey") != "canary-other":
        return Reply({}, 401)
    start = int(asked.query.get("from", "0"))
    rows = world.since(_iso(asked.query.get("updated_after")))
    headers = {}
    if start + 3 < len(rows):
        query = f"from={start + 3}&apikey=canary-other&updated_after={asked.query.get('updated_after', '')}"
        headers["Link"] = f'<https://autre.example{asked.path}?{query}>; rel="next", <https://x/>; rel="last"'
    return Reply({"items": rows[start : start + 3], "nb": len(rows)}, headers=headers)


def _login(asked: Request, token: str = "access_token", **expected: str) -> Reply:
    if asked.method != "POST" or any(asked.form.get(name) != value for name, value in expected.items()):
        return Reply({"error": "invalid_client"}, 401)
    return Reply({token: f"canary-session-{time.monotonic_ns()}", "expires_in": 1799})


def _iso(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# -- the records ---------------------------------------------------------------------------------------------------------------


@cache
def _recorded(path: str, *, at: str = "") -> list[dict]:
    value = json.loads((FILES / path).read_text(encoding="utf-8"))
    for step in at.split(".") if at else ():
        value = value[step]
    return value


def _set(path: str, write: Callable[[datetime], Any]) -> Callable[[dict, datetime], None]:
    *above, last = path.split(".")

    def mark(row: dict, now: datetime) -> None:
        for step in above:
            row = row[step]
        row[last] = write(now)

    return mark


def _unmarked(row: dict, now: datetime) -> None:
    """These platforms show no stamp of an edit."""


def _z(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _cancelled(name: str, value: Any) -> Callable[[dict], None]:
    return lambda row: row.update({name: value})


def _first_stamp(name: str, write: Callable[[datetime], Any]) -> Callable[[dict, datetime], None]:
    """A stamp of the submission, which an edit leaves as it was."""

    def mark(row: dict, now: datetime) -> None:
        if "edited" not in row and row.get("made") is None:
            row[name], row["made"] = write(now), True

    return mark


def world_of(platform: str, number: int = 8) -> World:
    """`number` recorded records of a platform, under identifiers of their own."""
    samples, key, mark, cancel, new_key = {
        "helloasso": lambda: (
            _recorded("helloasso/api_form_items_page1.json", at="data") + _recorded("helloasso/api_form_items_page2.json", at="data"),
            "id", _set("order.meta.updatedAt", lambda now: now.astimezone(PARIS).isoformat()), _cancelled("state", "Canceled"),
            lambda n: 153200000 + n,
        ),
        "eventbrite": lambda: (
            _recorded("eventbrite/api_event_attendees_page1.json", at="attendees"), "id", _set("changed", _z),
            _cancelled("cancelled", True), lambda n: str(19441583000 + n),
        ),
        "pretix": lambda: (
            [row for page in "123" for row in _recorded(f"pretix/journee-ess.orders.p{page}.json", at="results")],
            "code", _set("last_modified", lambda now: now.astimezone(PARIS).isoformat()), _cancelled("status", "c"),
            lambda n: f"ZZ{n:03}",
        ),
        "weezevent": lambda: (
            _recorded("weezevent/api_participant_list_full1.json", at="participants"), "id_participant", _unmarked,
            _cancelled("deleted", "1"), lambda n: 58000000 + n,
        ),
        "billetweb": lambda: (
            _recorded("billetweb/api_attendees.json"), "id", _unmarked, _cancelled("disabled", "1"), lambda n: str(9000000 + n)
        ),
        "kobotoolbox": lambda: (
            _recorded("kobo/api_v2_data.json", at="results"), "_id",
            _first_stamp("_submission_time", lambda now: now.strftime("%Y-%m-%dT%H:%M:%S")),
            _cancelled("_validation_status", {}), lambda n: 345000000 + n,
        ),
        "limesurvey": lambda: (
            _recorded("limesurvey/responses.code.short.json", at="responses"), "id", _unmarked, _cancelled("submitdate", None),
            lambda n: n,
        ),
        "grist": lambda: (
            _recorded("grist/records.json", at="records"), "id", _unmarked, _cancelled("fields", {}), lambda n: n
        ),
        "demarche_numerique": lambda: (
            _recorded("demarche_numerique/graphql_getDemarche_page1.json", at="data.demarche.dossiers.nodes"), "number",
            _set("dateDerniereModification", lambda now: now.astimezone(PARIS).isoformat()), _cancelled("state", "refuse"),
            lambda n: 19000000 + n,
        ),
        "openagenda": lambda: (
            _recorded("openagenda/v2_events_page1.json", at="events"), "uid", _set("updatedAt", _z), _cancelled("status", 6),
            lambda n: 91000000 + n,
        ),
        "tally": lambda: (
            _recorded("tally/api_submissions.json", at="submissions"), "id", _unmarked, _cancelled("isCompleted", False),
            lambda n: f"Pg{n:04}",
        ),
        "typeform": lambda: (
            _recorded("typeform/api_responses.json", at="items"), "response_id", _typeform, _cancelled("hidden", {}),
            lambda n: f"odw{n:05}",
        ),
        "airtable": lambda: (
            _recorded("airtable/list_records_page1.json", at="records"), "id", _unmarked, _cancelled("fields", {}),
            lambda n: f"recAAAAAAAAAA{n:04}",
        ),
        "baserow": lambda: (
            _recorded("baserow/rows_page1.json", at="results"), "id", _unmarked, _cancelled("Gratuit", False), lambda n: n
        ),
        "nocodb": lambda: (
            _recorded("nocodb/records_page1.json", at="list"), "Id", _unmarked, _cancelled("Gratuit", False), lambda n: n
        ),
        "yurplan": lambda: (
            _recorded("yurplan/api_recentlyUpdatedOrders.PARTIAL.json", at="results"), "id",
            _set("updated_at", lambda now: int(now.timestamp())), _cancelled("status", "canceled"), lambda n: 880000 + n,
        ),
        "livestorm": lambda: (
            _recorded("livestorm/api_session_people.PARTIAL.json", at="data"), "id", _unmarked,
            _cancelled("type", "removed"), lambda n: f"a1b2c3d4-{n:04}",
        ),
        "rest": lambda: ([{"name": "Aïcha", "amount": 12}], "ref", _set("updated", _z), _cancelled("gone", True), lambda n: f"R{n}"),
    }[platform]()  # fmt: skip
    world = World([], key, mark, cancel, new_key, samples=samples)
    world.add(number)
    return world


def _typeform(row: dict, now: datetime) -> None:
    """Typeform answers are not edited: what changes is stamped again, as a new submission is."""
    row["token"] = row["landing_id"] = row["response_id"]
    row["submitted_at"] = _z(now)


SHAPES: dict[str, dict[str, Any]] = {
    "helloasso": {"ids": {"organization": "cress-exemplie", "form_type": "Event", "form": "forum"}, "paging": {"size": 3}},
    "eventbrite": {"ids": {"event": 151214834641}},
    "pretix": {"ids": {"organizer": "ess", "event": "journee-ess"}, "paging": {"size": 3}},
    "weezevent": {"ids": {"event": 251249}, "paging": {"size": 3}},
    "billetweb": {"ids": {"event": 1220831}},
    "kobotoolbox": {"ids": {"asset": "aXYZ"}},
    "limesurvey": {"ids": {"survey": 123456}},
    "grist": {"ids": {"doc": "abc", "table": "Inscriptions"}},
    "demarche_numerique": {"ids": {"demarche": 12345}, "paging": {"size": 3}},
    "openagenda": {"ids": {"agenda": 60000001}, "paging": {"size": 3}},
    "tally": {"ids": {"form": "AbC123"}, "paging": {"size": 3}},
    "typeform": {"ids": {"form": "u6nXL7"}, "paging": {"size": 3}},
    "airtable": {"ids": {"base": "appAAAAAAAAAAAAAA", "table": "Mes événements"}},
    "baserow": {"ids": {"table": 12}, "paging": {"size": 3}},
    "nocodb": {"ids": {"table": "m1"}, "paging": {"size": 3}},
    "yurplan": {"ids": {"organization": 7}, "paging": {"size": 3}},
    "livestorm": {"ids": {"session": "s-1"}, "paging": {"size": 3}},
    "rest": {
        "title": "Plateforme maison", "paths": ["/lists/{list}"], "ids": {"list": "été"}, "records": "items", "count": "nb",
        "count_is_filtered": True, "key": ["ref"], "paging": {"style": "link"},
        "auth": {"env": {"key": "OTHER_KEY"}, "params": {"apikey": "{key}"}},
        "since": {"param": "updated_after", "watermark": "record:updated"},
    },
}  # fmt: skip
PLATFORMS = tuple(SHAPES)


# -- the server ----------------------------------------------------------------------------------------------------------------


class Server:
    """One platform on a port of 127.0.0.1. `fail(kind, nth)` spoils the nth page asked from now (1-based), once or for ever;
    `on_page(nth, do)` changes the world just before that page is answered. Logins are not counted."""

    world: World

    def __init__(self, platform: str) -> None:
        self.platform = platform
        handler = type("Handler", (_Handler,), {"server_of": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def show(self, world: World) -> None:
        """Serve `world` from now on, with neither faults nor memory."""
        self.world, self.nb_pages = world, 0
        self.asked: list[Request] = []
        self._faults: list[tuple[int, str, bool]] = []
        self._hooks: dict[int, Callable[[], None]] = {}

    def shape(self, **changes: Any) -> dict[str, Any]:
        """The contract's `api` section for this server."""
        shape = {"platform": self.platform, "base_url": self.base_url, **SHAPES[self.platform]}
        return shape | {"per_minute": None, "timeout_s": 5} | changes

    def fail(self, kind: str, nth: int = 1, *, for_ever: bool = False) -> None:
        self._faults.append((self.nb_pages + nth, kind, for_ever))

    def on_page(self, nth: int, do: Callable[[], Any]) -> None:
        self._hooks[self.nb_pages + nth] = do

    def heal(self) -> None:
        self._faults.clear()

    def fault(self) -> str | None:
        return next(
            (kind for at, kind, ever in self._faults if at == self.nb_pages or (ever and at <= self.nb_pages)), None
        )

    def answer(self, asked: Request) -> tuple[Reply, str | None]:
        self.asked.append(asked)
        is_page = asked.path not in ("/oauth2/token", "/auth/access_token", "/v1/token")
        if self.platform == "limesurvey":
            is_page = asked.document["method"] == "export_responses"
        fault = None
        if is_page:
            self.nb_pages += 1
            fault = self.fault()
            if hook := self._hooks.pop(self.nb_pages, None):
                hook()
        return globals()[f"answer_{self.platform}"](self.world, asked), fault

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    server_of: Server
    protocol_version = "HTTP/1.1"
    timeout = 10

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        lists = parse_qs(parts.query, keep_blank_values=True)
        kind = self.headers.get("Content-Type", "")
        form = {name: values[-1] for name, values in parse_qs(body.decode()).items()} if "form" in kind else {}
        asked = Request(
            self.command, parts.path, {name: values[-1] for name, values in lists.items()}, lists, form,
            json.loads(body) if body and "json" in kind else None, self.headers,
        )  # fmt: skip
        reply, fault = self.server_of.answer(asked)
        self._spoil(reply, fault) if fault else self._send(reply.status, _bytes(reply.document), reply.headers)

    do_POST = do_GET

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], kind: str = "application/json", cut: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True

    def _spoil(self, reply: Reply, fault: str) -> None:
        kind, _, argument = fault.partition(":")
        body = _bytes(reply.document)
        match kind:
            case "429":
                self._send(429, b'{"detail":"Request was throttled."}', {"Retry-After": argument or "2"})
            case "500" | "502" | "503":
                self._send(
                    int(kind),
                    b"<html><h1>Bad Gateway</h1></html>",
                    {"Retry-After": argument} if argument else {},
                    "text/html",
                )
            case "timeout":
                time.sleep(float(argument or 0.4))
                self.close_connection = True
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
            case "html200":
                self._send(200, b"<!doctype html><title>Maintenance canary-html</title>", {}, "text/html")
            case "401":
                self._send(401, b'{"detail":"Invalid token."}', {})
            case "truncate":
                self._send(reply.status, body, reply.headers, cut=True)
            case "halfjson":
                self._send(reply.status, body[: len(body) // 2], reply.headers)
            case "latin1":
                text = json.dumps(reply.document, ensure_ascii=False) + " é"
                self._send(reply.status, text.encode("latin-1", "replace"), reply.headers)
            case "droprows":
                self._send(reply.status, _bytes(_dropped(self.server_of.platform, reply.document)), reply.headers)
            case "422":
                self._send(422, b'{"error":{"type":"LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}}', {})
            case _:
                raise AssertionError(fault)


def _bytes(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _dropped(platform: str, document: Any) -> Any:
    """The document less half of its records."""
    if platform == "limesurvey":
        inner = json.loads(base64.b64decode(document["result"]))
        inner["responses"] = inner["responses"][: len(inner["responses"]) // 2]
        return document | {"result": base64.b64encode(json.dumps(inner).encode()).decode()}
    from sources.clients.api import ApiShape
    from sources.clients.documents import dig, put

    path = ApiShape.model_validate({"platform": platform, "base_url": "http://127.0.0.1", **SHAPES[platform]}).records
    rows = dig(document, path)
    return put(copy.deepcopy(document), path, rows[: len(rows) // 2]) if rows else document
