"""One session for one crawl: a `requests.Session` whose every answer is whole, is JSON, comes in time and from the right host.

Here: the total deadline, timeouts, retries, Retry-After, the size limit, redirections, what each failure is called and the
sentence that goes with it. citric and pyairtable are given this session, so that they are held to the same rules.
Not here: which requests (`rest.py`, `platforms/`), where secrets come from (`credentials.py`).

This session only reads: whatever the verb, asking again changes nothing at the platform, so POST is retried like GET.
urllib3's own retries are off: they obey a Retry-After of an hour, do not see half a body, and may return an exhausted 503
without raising (urllib3#3688). A slow server is stopped between two pieces of the body; its headers are bounded by the read
timeout only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from sources.clients.credentials import Credentials
from sources.clients.documents import NotJson, parse
from sources.clients.outcomes import PlatformDown

TRIES = 6
BACKOFF_S = (1, 2, 4, 8, 16)
MAX_RETRY_AFTER_S = 60
CONNECT_TIMEOUT_S = 10
MAX_REDIRECTIONS = 3
PIECE_BYTES = 1 << 16

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


@dataclass(frozen=True)
class Clock:
    """Time that passes, in seconds; tests give another one."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class _Problem:
    """Why one attempt failed. `again`: whether another may succeed; `wait`: what the platform asked for, seconds."""

    down: PlatformDown
    again: bool = True
    wait: float | None = None
    status: int | None = None


class NotAnAnswer(Exception):
    """A document that has not the shape asked for. `rule` and `message` become those of a PlatformDown."""

    def __init__(self, rule: str, message: str, again: bool = True) -> None:
        super().__init__(message)
        self.rule, self.message, self.again = rule, message, again


class Session(requests.Session):
    """See the module. `accept`, when set, judges the document of a successful answer by raising NotAnAnswer. `last` is the
    last answer given.

    A response has, besides what requests gives, `document`: its JSON as `documents.parse` gives it.
    """

    def __init__(
        self,
        *,
        title: str,
        base_url: str,
        credentials: Credentials,
        deadline_s: float,
        timeout_s: float,
        max_bytes: int,
        per_minute: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.base_url = base_url.rstrip("/")
        self.origin = _origin(base_url)
        self.name = f"{title} ({urlsplit(base_url).hostname})"
        self.accept: Callable[[Any], None] | None = None
        self.last: requests.Response | None = None
        self.headers.update({"Accept": "application/json", "User-Agent": "observatoire-ess"})
        # An auth object, even one that adds nothing, keeps requests from taking a password of ~/.netrc instead.
        self.auth = self.credentials = credentials
        self._clock = clock or Clock()
        self._ends_at = self._clock.monotonic() + deadline_s
        self._deadline_s, self._timeout_s, self._max_bytes = deadline_s, timeout_s, max_bytes
        self._interval_s = 60 / per_minute if per_minute else 0
        self._last_start: float | None = None
        self.mount("http://", HTTPAdapter(max_retries=0))
        self.mount("https://", HTTPAdapter(max_retries=0))

    @contextmanager
    def accepting(self, accept: Callable[[Any], None] | None) -> Iterator[None]:
        before, self.accept = self.accept, accept
        try:
            yield
        finally:
            self.accept = before

    def url(self, path: str) -> str:
        """`path` at the platform's base."""
        return f"{self.base_url}/{path.lstrip('/')}"

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Answer `request` whole, or raise PlatformDown. Every way of asking of `requests` ends here."""
        renewed = False
        problem: _Problem | None = None
        for attempt in range(TRIES):
            if problem is not None:
                self._wait(problem, attempt)
            self._pace(problem)
            answer = self._attempt(request, kwargs)
            if isinstance(answer, requests.Response):
                self.last = answer
                return answer
            problem = answer
            if problem.status == 401 and not renewed and not getattr(request, "is_login", False):
                renewed = True
                request = self.credentials.renewed(self, request)
            elif not problem.again:
                break
        assert problem is not None
        raise problem.down

    def _attempt(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response | _Problem:
        """One exchange, redirections on the same host included. Never raises for what the platform did."""
        for _ in range(MAX_REDIRECTIONS + 1):
            answer = self._exchange(request, kwargs)
            if isinstance(answer, _Problem) or not answer.is_redirect:
                return answer
            target = urljoin(_url(request), answer.headers["location"])
            if _origin(target) != self.origin or request.method not in ("GET", "HEAD"):
                break
            request = request.copy()
            request.url = target
        return self._problem(
            "platform_redirects",
            "renvoie vers une autre adresse, où aucun secret n'est envoyé : vérifiez « base_url » dans le contrat.",
            again=False,
        )

    def _exchange(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response | _Problem:
        left = self._left()
        if left <= 0:
            return self._too_slow()
        if _origin(_url(request)) != self.origin:
            return self._problem(
                "platform_redirects", "demande d'aller sur un autre serveur : rien n'y est envoyé.", again=False
            )
        response: requests.Response | None = None
        try:
            response = self.get_adapter(url=_url(request)).send(
                request,
                stream=True,
                timeout=(min(CONNECT_TIMEOUT_S, left, self._timeout_s), min(self._timeout_s, left)),
                verify=kwargs.get("verify", self.verify),
                cert=kwargs.get("cert", self.cert),
                proxies=kwargs.get("proxies"),
            )
            body: bytes | _Problem = self._body(response)
        except requests.exceptions.SSLError:
            return self._problem(
                "platform_insecure", "présente un certificat qui n'est pas valable : rien n'est envoyé.", again=False
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            body = self._problem("platform_unreachable", _unreached(error))
        finally:
            if response is not None:
                response.close()
        if response is None or isinstance(body, _Problem):
            assert isinstance(body, _Problem)
            return body
        response._content, response._content_consumed = body, True
        return response if response.is_redirect else self._judged(response)

    def _body(self, response: requests.Response) -> bytes | _Problem:
        """The whole body, read as it comes so that the deadline and the size hold whatever the server does."""
        pieces, size = [], 0
        while piece := response.raw.read1(PIECE_BYTES, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > self._max_bytes:
                return self._problem(
                    "platform_too_big",
                    f"envoie plus de {self._max_bytes >> 20} Mo en une page : réduisez « paging.size » dans le contrat.",
                    again=False,
                )
            if self._left() <= 0:
                return self._too_slow()
        return b"".join(pieces)

    def _judged(self, response: requests.Response) -> requests.Response | _Problem:
        """A response that can be used, or what is wrong with it."""
        status = response.status_code
        if status in _AGAIN:
            return self._busy(response)
        if status >= 300:
            return self._refused(status)
        try:
            document = parse(response.content)
            response.document = document  # type: ignore[attr-defined]  # see the class
            if self.accept is not None:
                self.accept(document)
        except NotJson as problem:
            return self._problem("platform_garbled", f"a répondu {problem} : réessayez plus tard.")
        except NotAnAnswer as problem:
            return self._problem(problem.rule, problem.message, again=problem.again)
        return response

    def _busy(self, response: requests.Response) -> _Problem:
        asked = _retry_after(response.headers.get("Retry-After"))
        if response.status_code in (429, 503) and asked is not None and asked > MAX_RETRY_AFTER_S:
            return self._problem(
                "platform_busy",
                f"demande d'attendre {_duration(asked)} : la collecte reprendra d'elle-même à la prochaine exécution, "
                "lancée après ce délai.",
                again=False,
            )
        if response.status_code == 429:
            said = "reçoit trop de demandes : espacez-les (« per_minute » dans le contrat) ou réessayez plus tard."
            return self._problem("platform_busy", said, wait=asked)
        return self._problem(
            "platform_error", f"est en panne (erreur {response.status_code}) : réessayez plus tard.", wait=asked
        )

    def _refused(self, status: int) -> _Problem:
        match status:
            case 401:
                said = (
                    "platform_refused_key",
                    "refuse la clé d'accès : vérifiez qu'elle est valable et qu'elle n'a pas expiré.",
                )
            case 403:
                said = (
                    "platform_forbidden",
                    "n'autorise pas cette lecture : vérifiez les droits de la clé et les identifiants (« ids »).",
                )
            case 404 | 410:
                said = (
                    "platform_not_found",
                    "ne connaît pas cette adresse : vérifiez « base_url » et « ids » dans le contrat.",
                )
            case _:
                said = (
                    "platform_rejected",
                    f"refuse la demande (erreur {status}) : vérifiez « ids » et « params » dans le contrat.",
                )
        return self._problem(*said, again=False, status=status)

    def _problem(
        self, rule: str, what: str, *, again: bool = True, wait: float | None = None, status: int | None = None
    ) -> _Problem:
        return _Problem(PlatformDown(rule, f"La plateforme {self.name} {what}"), again, wait, status)

    def _too_slow(self) -> _Problem:
        return self._problem(
            "platform_slow",
            f"n'a pas tout donné en {_duration(self._deadline_s)} : ce qui est reçu est gardé et la prochaine exécution reprend là.",
            again=False,
        )

    def _left(self) -> float:
        return self._ends_at - self._clock.monotonic()

    def pause(self, seconds: float) -> None:
        """Wait between two tries of several exchanges. Raises PlatformDown when there is no time left for another."""
        if seconds >= self._left():
            raise self._too_slow().down
        self._clock.sleep(seconds)

    def _wait(self, problem: _Problem, attempt: int) -> None:
        """Wait before another attempt; raise what happened when there is no time left for one."""
        if problem.status == 401:
            return
        seconds = problem.wait if problem.wait is not None else BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1]
        if seconds >= self._left():
            raise problem.down
        self._clock.sleep(seconds)

    def _pace(self, problem: _Problem | None) -> None:
        """Keep the platform's rate: requests start at least `60 / per_minute` seconds apart."""
        if self._last_start is not None and self._interval_s:
            seconds = self._last_start + self._interval_s - self._clock.monotonic()
            if seconds >= self._left():
                raise (problem or self._too_slow()).down
            if seconds > 0:
                self._clock.sleep(seconds)
        self._last_start = self._clock.monotonic()


def body_as_json(text: str) -> dict[str, Any]:
    """The arguments of `Session.request` that send a JSON text as it is."""
    return {"data": text.encode(), "headers": {"Content-Type": "application/json"}}


def _no_addresses(record: logging.LogRecord) -> bool:
    """urllib3 logs each request's path and query at DEBUG; some platforms want their key there."""
    return record.levelno > logging.DEBUG


logging.getLogger("urllib3.connectionpool").addFilter(_no_addresses)


def _url(request: requests.PreparedRequest) -> str:
    """The address of a request, which has one once it is prepared."""
    return request.url or ""


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _unreached(error: Exception) -> str:
    text = f"{type(error).__name__} {type(error.args[0]).__name__ if error.args else ''}"
    if "Timeout" in text:
        return "ne répond pas à temps : réessayez plus tard."
    if "Incomplete" in text or "Chunked" in text or "Protocol" in text or "Decode" in text:
        return "coupe ses réponses : réessayez plus tard."
    return "est injoignable : vérifiez « base_url » et l'accès au réseau, ou réessayez plus tard."


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number or an HTTP date (RFC 9110 §10.2.3)."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
