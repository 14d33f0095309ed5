"""One session: what it waits for, what it refuses, what it says, and what it never lets out."""

from __future__ import annotations

import gzip
import logging
import pickle
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from sources.clients.api import Auth
from sources.clients.credentials import Credentials
from sources.clients.outcomes import PlatformDown
from sources.clients.session import TRIES, Clock, Session


class Scripted:
    """A server that answers each connection with the next script: bytes, or pairs (bytes, seconds to wait after them)."""

    def __init__(self, *scripts) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.heads: list[bytes] = []
        self._scripts = list(scripts)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while self._scripts:
            connection, _ = self._socket.accept()
            script = self._scripts.pop(0)
            threading.Thread(target=self._play, args=(connection, script), daemon=True).start()

    def _play(self, connection, script) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (piece := connection.recv(65536)):
                    return
                head += piece
            self.heads.append(head)
            for each in script if isinstance(script, list) else [(script, 0)]:
                try:
                    connection.sendall(each[0])
                except OSError:
                    return
                time.sleep(each[1])


def http(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def session(server: Scripted, slept: list | None = None, *, auth: Auth | None = None, **options) -> Session:
    slept = slept if slept is not None else []
    clock = Clock(lambda: time.monotonic() + sum(slept), slept.append)
    defaults = {"deadline_s": 300, "timeout_s": 5, "max_bytes": 1 << 20}
    credentials = Credentials(auth, {"KEY": "canary-key"}, "Essai")
    return Session(title="Essai", base_url=server.base_url, credentials=credentials, clock=clock, **defaults | options)


def down(server: Scripted, slept: list | None = None, path: str = "/a", **options) -> PlatformDown:
    with pytest.raises(PlatformDown) as caught:
        session(server, slept, **options).get(server.base_url + path)
    return caught.value


QUERY = Auth(env={"key": "KEY"}, params={"key": "{key}"})


def test_backoff_grows_and_stops():
    slept: list[float] = []
    problem = down(Scripted(*[http(b"", "500 Oops")] * TRIES), slept)
    assert problem.rule == "platform_error" and slept == [1, 2, 4, 8, 16]


def test_a_retry_after_is_obeyed_up_to_a_minute_and_not_beyond():
    slept: list[float] = []
    server = Scripted(http(b"", "429 Slow down", "Retry-After: 60"), http(b"{}"))
    assert session(server, slept).get(server.base_url).document == {}
    assert slept == [60]
    at = format_datetime(datetime.now(UTC) + timedelta(hours=3), usegmt=True)
    for header in ("Retry-After: 3600", "Retry-After: 61", f"Retry-After: {at}"):
        slept.clear()
        problem = down(Scripted(http(b"", "503 Busy", header)), slept)
        assert problem.rule == "platform_busy" and slept == []
    assert "3 h" in problem.message


def test_no_wait_goes_past_the_deadline():
    slept: list[float] = []
    problem = down(Scripted(*[http(b"", "429 Slow down", "Retry-After: 50")] * 3), slept, deadline_s=120)
    assert problem.rule == "platform_busy" and slept == [50, 50]


def test_a_body_that_drips_is_stopped_at_the_deadline():
    server = Scripted([(http(b"[", length=1000), 0.05), *[(b" ", 0.05)] * 100])
    began = time.monotonic()
    assert down(server, deadline_s=0.5).rule == "platform_slow"
    assert time.monotonic() - began < 2


def test_a_silent_server_is_a_timeout_each_time():
    slept: list[float] = []
    problem = down(Scripted(*[[(b"", 1)]] * TRIES), slept, timeout_s=0.05)
    assert problem.rule == "platform_unreachable" and "à temps" in problem.message and len(slept) == TRIES - 1


def test_nobody_listening_is_said():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Scripted()
    server.base_url = f"http://127.0.0.1:{port}"
    assert "injoignable" in down(server).message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<html>",
        b"\n <!doctype html>",
        b'{"a": 1',
        b'{"a": NaN}',
        b'{"a": 1}}',
        b'{"a": "\xe9"}',
        b"[" * 100000,
    ],
)
def test_what_is_not_json_is_retried_then_named(body):
    problem = down(Scripted(*[http(body)] * TRIES))
    assert problem.rule == "platform_garbled"
    server = Scripted(http(body), http(b'\xef\xbb\xbf{"a": 1.50}'))
    assert session(server).get(server.base_url).document == {"a": "1.50"}


@pytest.mark.parametrize(
    ("status", "rule"),
    [
        ("400 No", "platform_rejected"),
        ("403 No", "platform_forbidden"),
        ("404 No", "platform_not_found"),
        ("422 No", "platform_rejected"),
    ],
)
def test_refusals_are_not_repeated(status, rule):
    slept: list[float] = []
    assert down(Scripted(http(b'{"detail": "maelle@example.org"}', status)), slept).rule == rule
    assert slept == []


def test_a_body_that_is_too_big_is_not_read_to_the_end():
    server = Scripted([(http(b"x" * 70000, length=1 << 30), 0)])
    assert down(server, max_bytes=60000).rule == "platform_too_big"
    packed = gzip.compress(b"[" + b" " * (50 << 20) + b"]")
    server = Scripted(http(packed, "200 OK", "Content-Encoding: gzip"))
    assert down(server).rule == "platform_too_big"


def test_a_chunked_body_that_is_cut_is_not_believed():
    cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n"
    server = Scripted(cut, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n")
    assert session(server).get(server.base_url).document == []
    assert len(server.heads) == 2


def test_a_redirection_stays_on_the_host():
    there = Scripted(http(b"{}"))
    for target in (there.base_url + "/b", "//127.0.0.1:1/b", "https://127.0.0.1/b"):
        problem = down(Scripted(http(b"", "302 Found", f"Location: {target}")), auth=QUERY)
        assert problem.rule == "platform_redirects"
    assert there.heads == []
    server = Scripted(http(b"", "301 Moved", "Location: /b/"), http(b'{"ok": true}'))
    assert session(server).get(server.base_url + "/b").document == {"ok": True}
    assert down(Scripted(*[http(b"", "302 Found", "Location: /a")] * 5)).rule == "platform_redirects"


def test_another_host_is_never_asked():
    server, other = Scripted(http(b"{}")), Scripted(http(b"{}"))
    with pytest.raises(PlatformDown) as caught:
        session(server).get(other.base_url)
    assert caught.value.rule == "platform_redirects" and other.heads == []


def test_a_secret_never_shows(caplog, tmp_path, monkeypatch):
    caplog.set_level(logging.DEBUG)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login canary-login password canary-netrc")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    server = Scripted(http(b"{}"), http(b"", "404 No"))
    asking = session(server, auth=QUERY)
    asking.get(server.base_url + "/a?x=1")
    with pytest.raises(PlatformDown) as caught:
        asking.get(server.base_url + "/b")
    assert b"GET /a?x=1&key=canary-key" in server.heads[0] and b"canary-netrc" not in server.heads[0]
    shown = [
        repr(asking.credentials),
        str(vars(asking)),
        repr(caught.value),
        caplog.text,
        repr(caught.value.__context__),
    ]
    assert "canary" not in "".join(shown)
    with pytest.raises(TypeError):
        pickle.dumps(asking.credentials)


def test_basic_and_header_templates():
    signed = Credentials(Auth(env={"key": "KEY"}, basic=("{key}", "{key}")), {"KEY": "é"}, "Essai")
    request = signed(requests.Request("GET", "http://127.0.0.1/").prepare())
    assert request.headers["Authorization"] == "Basic w6k6w6k="
    signed = Credentials(Auth(env={"key": "KEY"}, headers={"X-Key": "k {key}"}), {"KEY": " a\n"}, "Essai")
    assert signed(requests.Request("GET", "http://127.0.0.1/").prepare()).headers["X-Key"] == "k a"


def test_a_token_is_renewed_once_per_request():
    auth = Auth.model_validate(
        {
            "env": {"key": "KEY"},
            "params": {"t": "{access_token}"},
            "login": {"path": "/login", "form": {"k": "{key}"}, "token": "a.t"},
        }
    )
    unauthorised = http(b"{}", "401 No")
    server = Scripted(
        http(b'{"a": {"t": "one"}}'), unauthorised, http(b'{"a": {"t": "two"}}'), http(b"{}"), unauthorised,
        http(b'{"a": {"t": "three"}}'), unauthorised,
    )  # fmt: skip
    asking = session(server, auth=auth)
    asking.credentials.log_in(asking)
    asking.get(server.base_url + "/x?y=1")
    with pytest.raises(PlatformDown) as caught:
        asking.get(server.base_url + "/x")
    assert caught.value.rule == "platform_refused_key"
    lines = [head.split(b" HTTP")[0] for head in server.heads]
    assert lines == [
        b"POST /login", b"GET /x?y=1&t=one", b"POST /login", b"GET /x?y=1&t=two", b"GET /x?t=two", b"POST /login", b"GET /x?t=three",
    ]  # fmt: skip


def test_a_login_that_gives_no_token_is_a_refused_key():
    auth = Auth.model_validate({"env": {"key": "KEY"}, "login": {"path": "/login", "form": {"k": "{key}"}}})
    for answer in (http(b'{"error": "canary"}'), http(b"{}", "401 No"), http(b'{"access_token": null}')):
        server = Scripted(answer)
        asking = session(server, auth=auth)
        with pytest.raises(PlatformDown) as caught:
            asking.credentials.log_in(asking)
        assert caught.value.rule == "platform_refused_key" and "canary" not in caught.value.message


def test_requests_are_spaced():
    slept: list[float] = []
    server = Scripted(*[http(b"{}")] * 3)
    asking = session(server, slept, per_minute=30)
    for _ in range(3):
        asking.get(server.base_url)
    assert len(slept) == 2 and all(1.5 < seconds <= 2 for seconds in slept)
