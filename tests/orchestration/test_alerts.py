"""Alerts leave by a mail server and a webhook that the test runs itself on the loopback."""

import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from orchestration.alerts import heartbeat, send
from orchestration.home import Settings


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Web(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def do_GET(self):
        self.server.seen.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Quiet."""


def web(status=200):
    server = HTTPServer(("127.0.0.1", 0), Web)
    server.seen, server.status = [], status
    return server


class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 here\r\n")
        data = False
        for raw in self.rfile:
            line = raw.decode().rstrip("\r\n")
            self.server.seen.append(line)
            if data:
                data = line != "."
                if not data:
                    self.wfile.write(b"250 kept\r\n")
            elif line.upper().startswith("DATA"):
                data = True
                self.wfile.write(b"354 go on\r\n")
            elif line.upper().startswith("QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 fine\r\n")


def test_by_webhook():
    server = web()
    with serving(server) as port:
        settings = Settings(alert_webhook=f"http://127.0.0.1:{port}/hook")
        assert send(settings, "Observatoire : un tableau attend", ["ind_events : retenu"]) == []
    assert server.seen == [{"text": "Observatoire : un tableau attend\nind_events : retenu"}]


def test_by_mail():
    server = socketserver.TCPServer(("127.0.0.1", 0), Mail)
    server.seen = []
    with serving(server) as port:
        address = f"smtp://127.0.0.1:{port}?from=robot@example.org&to=staff@example.org,chief@example.org"
        assert send(Settings(alert_smtp=address), "La nuit a échoué", ["build : arrêté"]) == []
    assert any(line.lower().startswith("rcpt to:<chief@example.org>") for line in server.seen)
    assert "To: staff@example.org,chief@example.org" in [line.replace(", ", ",") for line in server.seen]


def test_what_cannot_leave_is_said_without_the_secret():
    server = web(status=500)
    with serving(server) as port:
        settings = Settings(
            alert_webhook=f"http://127.0.0.1:{port}/hook/s3cret", alert_smtp="smtp://u:s3cret@127.0.0.1:1"
        )
        failures = send(settings, "x", [])
    assert len(failures) == 2 and "127.0.0.1" in failures[0]
    assert "s3cret" not in "".join(failures)


def test_the_heartbeat_is_fetched_when_there_is_one():
    assert heartbeat(Settings()) == []
    server = web()
    with serving(server) as port:
        assert heartbeat(Settings(heartbeat_url=f"http://127.0.0.1:{port}/alive")) == []
    assert server.seen == ["/alive"]
    assert len(heartbeat(Settings(heartbeat_url="http://127.0.0.1:1/alive"))) == 1
