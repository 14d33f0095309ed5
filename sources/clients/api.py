"""The grammar of a contract's `api` section: which platform, what to ask it, how its pages follow each other.

Here: the pydantic models (unknown key = error, sentences in French) and the presets of `platforms/<name>.yml`, which say for a
platform all that its documentation says; a contract adds its identifiers and may change anything. `platform: rest` starts from
nothing: a platform that is not in the list needs YAML, not code. Not here: asking (`rest.py`), secrets (a contract only
knows the names of environment variables).
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from ruamel.yaml import YAML

from rulebook.strict import Strict

PLATFORMS = Path(__file__).with_name("platforms")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Scalar = str | int | bool
Parameters = dict[str, Scalar | list[Scalar]]


class Login(Strict):
    """A call that exchanges secrets for a token, which the templates of `Auth` then name `{access_token}`."""

    path: str
    form: dict[str, str]
    token: str = "access_token"


class Auth(Strict):
    """How requests are signed. `env` gives each secret a role and the NAME of the environment variable that holds it; `headers`,
    `params`, `basic` and `login.form` are templates over these roles (`Token {token}`)."""

    env: dict[Annotated[str, Field(pattern=r"^[a-z_]+$")], Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]]
    headers: dict[str, str] = Field(default_factory=dict)
    params: dict[str, str] = Field(default_factory=dict)
    basic: tuple[str, str] | None = None
    login: Login | None = None

    @model_validator(mode="after")
    def _only_templates(self) -> Auth:
        roles = self.env.keys() | ({"access_token"} if self.login else set())
        templates = [*self.headers.values(), *self.params.values(), *(self.basic or ())]
        form = list(self.login.form.values()) if self.login else []
        for template in templates:
            if not _PLACEHOLDER.search(template):
                raise ValueError(
                    "un secret ne s'écrit pas dans un contrat : donnez le nom d'une variable d'environnement dans « env »"
                )
        for role in (role for template in templates + form for role in _PLACEHOLDER.findall(template)):
            if role not in roles:
                raise ValueError(f"« {{{role}}} » n'est pas dans « env » ; possibles : {', '.join(sorted(roles))}")
        return self


class Paging(Strict):
    """How the next page is asked for, and how the last one is known.

    `page`: page number from `first`. `offset`: number of records received so far (never what was asked for: platforms cap it).
    `range`: `<start>-<end>`, end exclusive. `token`: what stands at `token` in the page. `last`: what stands at `token` in the
    page's last record. `link`: the URL at `token`, or the header Link. `none`: one page.
    It ends when `more` is null or false, when `is_last` is true, or when neither is given at a page without records; a token
    or link also ends by its absence.
    """

    style: Literal["none", "page", "offset", "range", "token", "last", "link"] = "none"
    param: str | None = None
    first: int = 1
    size_param: str | None = None
    size: int | None = Field(default=None, ge=1)
    token: str | None = None
    more: str | None = None
    is_last: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Paging:
        needed = {
            "none": (), "page": ("param",), "offset": ("param",), "range": ("param", "size"), "token": ("param", "token"),
            "last": ("param", "token"), "link": (),
        }[self.style]  # fmt: skip
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"la pagination « {self.style} » demande {', '.join(missing)}")
        return self

    @property
    def is_stable(self) -> bool:
        """Whether a row that appears or disappears before the current page leaves the following pages as they were."""
        return self.style not in ("page", "offset", "range")


class Since(Strict):
    """Asking only for what changed. `param` filters at the platform; without it, `walk`: pages come newest first and are turned
    until one is wholly older. `watermark` says where the next crawl starts: `started` (our clock), `header:<name>` or
    `page:<path>` of the first page, or the latest `record:<path>`. The overlap is taken off each time."""

    param: str | None = None
    template: str = "{since}"
    format: str = "iso"
    zone: str = "Europe/Paris"
    watermark: Annotated[str, Field(pattern=r"^(started|(header|page|record):.+)$")] = "started"
    walk: bool = False
    overlap_minutes: int = Field(default=60, ge=0)

    @model_validator(mode="after")
    def _one_way(self) -> Since:
        if self.walk == (self.param is not None):
            raise ValueError(
                "donnez soit « param » (le filtre de la plateforme), soit « walk: true » (du plus récent au plus ancien)"
            )
        if self.walk and not self.watermark.startswith("record:"):
            raise ValueError("« walk » demande « watermark: record:<chemin de la date de modification> »")
        if "{since}" not in self.template:
            raise ValueError("« template » doit contenir {since}")
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"fuseau horaire inconnu « {self.zone} »") from None
        return self


class DeletedFeed(Strict):
    """A list of what was deleted, that the platform keeps itself. `key` says, for each path of the record's key, where it
    stands in the feed."""

    records: str
    key: dict[str, str]
    params: Parameters = Field(default_factory=dict)
    paging: Paging = Paging()
    since_param: str | None = None


class ApiShape(Strict):
    """One source at one platform. Given as `platform` and what differs from its preset; once validated, everything is there.

    `paths`: the first whose `{identifiers}` are all in `ids` is asked. `params` go in the query, or in a body (`send`: form,
    json) under `under`, on top of the constant `body`. `full_params` and `incremental_params` are added for one kind only.
    `records`, `count`: dotted paths in a page. `key`: dotted paths in a record, as the columns of the sheet are named.
    `count_is_filtered`: the count follows the since filter, so that it can be held against an incremental crawl;
    `count_shrinks`: it may be that of what remains, so that only the first page's is held.
    `errors`: path of a list of errors in an answer that has status 200. `volatile`: paths that change by themselves (signed
    links) and make no record new. `full_every_days`: 0 reads everything each time. `max_deleted_share`: a full pass that finds
    more of the known records gone is refused. Times in seconds.
    """

    platform: str
    title: str
    base_url: str
    paths: tuple[str, ...] = Field(min_length=1)
    ids: dict[str, int | str] = Field(default_factory=dict)
    method: Literal["GET", "POST"] = "GET"
    send: Literal["query", "form", "json"] = "query"
    under: str = ""
    body: dict[str, Any] = Field(default_factory=dict)
    params: Parameters = Field(default_factory=dict)
    full_params: Parameters = Field(default_factory=dict)
    incremental_params: Parameters = Field(default_factory=dict)
    auth: Auth | None = None
    paging: Paging = Paging()
    records: str
    count: str | None = None
    count_is_filtered: bool = False
    count_shrinks: bool = False
    key: tuple[str, ...] = Field(min_length=1)
    since: Since | None = None
    deleted: tuple[DeletedFeed, ...] = ()
    errors: str | None = None
    volatile: tuple[str, ...] = ()
    full_every_days: int = Field(default=7, ge=0)
    per_minute: int | None = Field(default=None, ge=1)
    deadline_s: float = Field(default=900, gt=0)
    timeout_s: float = Field(default=60, gt=0)
    max_page_mb: int = Field(default=64, ge=1)
    max_deleted_share: float = Field(default=0.5, ge=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _over_the_preset(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("platform"), str):
            return given
        name = given["platform"]
        if name != "rest" and name not in presets():
            raise ValueError(f"plateforme inconnue « {name} » ; possibles : {', '.join(sorted(presets()))}, rest")
        preset = (
            {"title": urlsplit(str(given.get("base_url", ""))).hostname or ""} if name == "rest" else presets()[name]
        )
        return merged(preset, given)

    @model_validator(mode="after")
    def _coherent(self) -> ApiShape:
        url = urlsplit(self.base_url)
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in _LOOPBACK):
            raise ValueError("« base_url » commence par https:// (http n'est accepté que vers cette machine)")
        if not url.hostname or url.username or url.query or url.fragment:
            raise ValueError("« base_url » est une adresse sans identifiant, sans « ? » et sans « # »")
        unused = self.ids.keys() - set(_placeholders([self._template, self._sent]))
        if unused:
            raise ValueError(
                f"identifiant inutilisé : {', '.join(sorted(unused))} ; possibles : {', '.join(self._known_ids)}"
            )
        missing = set(_placeholders(self._sent)) - self.ids.keys()
        if missing:
            raise ValueError(f"identifiant absent de « ids » : {', '.join(sorted(missing))}")
        for feed in self.deleted:
            if set(feed.key) != set(self.key):
                raise ValueError("« deleted.key » doit dire où se trouve chaque chemin de « key »")
        if self.deleted and not (self.since and self.since.param):
            raise ValueError("« deleted » n'a de sens qu'avec « since.param »")
        return self

    @property
    def _sent(self) -> list:
        return [
            self.params,
            self.full_params,
            self.incremental_params,
            self.body,
            [feed.params for feed in self.deleted],
        ]

    @property
    def _known_ids(self) -> list[str]:
        return sorted(set(_placeholders([list(self.paths), self._sent])))

    @property
    def _template(self) -> str:
        for path in self.paths:
            if set(_placeholders(path)) <= self.ids.keys():
                return path
        choices = " ou ".join(", ".join(dict.fromkeys(_placeholders(path))) for path in self.paths)
        raise ValueError(f"« ids » doit donner : {choices}")

    @property
    def path(self) -> str:
        """The path to ask, identifiers in place and quoted."""
        return _PLACEHOLDER.sub(lambda found: quote(str(self.ids[found[1]]), safe=""), self._template)

    def filled(self, value: Any) -> Any:
        """`value` (parameters, body) with the identifiers in place; an identifier alone keeps its type."""
        if isinstance(value, dict):
            return {key: self.filled(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.filled(inner) for inner in value]
        if not isinstance(value, str):
            return value
        alone = _PLACEHOLDER.fullmatch(value)
        if alone:
            return self.ids[alone[1]]
        return _PLACEHOLDER.sub(lambda found: str(self.ids[found[1]]), value)

    @property
    def place(self) -> str:
        """Hash of where the records live: another event or table is another place, whose absences are no deletions."""
        sent = self.filled([self.params, self.body])
        return _hash([self.base_url, self.path, sent, self.records, list(self.key)])

    @property
    def recipe(self) -> str:
        """Hash of everything that decides what a crawl asks: pages of another recipe are not resumed."""
        return _hash(
            self.model_dump(
                mode="json", exclude={"title", "deadline_s", "timeout_s", "per_minute", "max_deleted_share"}
            )
        )


@cache
def presets() -> dict[str, dict[str, Any]]:
    """The presets by platform, as plain dictionaries."""
    return {
        path.stem: YAML(typ="safe").load(path.read_text(encoding="utf-8")) for path in sorted(PLATFORMS.glob("*.yml"))
    }


def merged(below: dict, above: dict) -> dict:
    """`below` with what `above` says; objects are merged, anything else replaced."""
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def _placeholders(value: Any) -> list[str]:
    if isinstance(value, str):
        return _PLACEHOLDER.findall(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [name for each in inner for name in _placeholders(each)]


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
