"""Tell somebody, by mail or webhook, when a night failed or kept something back.

Belongs here: the two ways out and the heartbeat. Messages name steps, sources, datasets and counts: never a file name,
a cell or an exception's text, which may hold a person's name. An alert that cannot leave never breaks a night: `send`
returns what went wrong, without the address, which may hold a password.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from orchestration.home import Settings, host_of

TIMEOUT_SECONDS = 10


def send(settings: Settings, subject: str, lines: Sequence[str]) -> list[str]:
    """Send by every way that is set. The failures (French, empty when all left or none is set)."""
    failures = []
    for address, way in ((settings.alert_smtp, _mail), (settings.alert_webhook, _webhook)):
        if address:
            try:
                way(address, subject, "\n".join(lines))
            except Exception as error:  # whatever the server or the address did, the night goes on
                failures.append(f"L'alerte n'a pas pu partir vers {host_of(address)} ({type(error).__name__}).")
    return failures


def heartbeat(settings: Settings) -> list[str]:
    """Fetch the dead-man's switch: when it stops being fetched, somebody outside notices."""
    if not settings.heartbeat_url:
        return []
    import requests

    try:
        requests.get(settings.heartbeat_url, timeout=TIMEOUT_SECONDS).raise_for_status()
    except Exception as error:
        return [f"Le signal de vie n'a pas pu partir vers {host_of(settings.heartbeat_url)} ({type(error).__name__})."]
    return []


def _mail(address: str, subject: str, text: str) -> None:
    import smtplib

    parts = urlsplit(address)
    query = parse_qs(parts.query)
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = query["from"][0]
    message["To"] = ", ".join(query["to"])
    message.set_content(text)
    secure = parts.scheme == "smtps"
    connect = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with connect(parts.hostname or "", parts.port or (465 if secure else 25), timeout=TIMEOUT_SECONDS) as server:
        if not secure and server.ehlo()[0] == 250 and server.has_extn("starttls"):
            import ssl

            server.starttls(context=ssl.create_default_context())
            secure = True
        if parts.username and not secure and parts.hostname not in ("127.0.0.1", "localhost"):
            raise smtplib.SMTPNotSupportedError("refusing to send a password in clear")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _webhook(address: str, subject: str, text: str) -> None:
    import requests

    requests.post(address, json={"text": f"{subject}\n{text}"}, timeout=TIMEOUT_SECONDS).raise_for_status()
