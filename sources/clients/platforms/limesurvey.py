"""LimeSurvey through citric: RemoteControl 2 opens a session key, exports all responses at once in base64, counts them apart.

Here: the export as one page, LimeSurvey's statuses as rules. Not here: which columns mean what. `from_response_id` does not
see edited responses, so everything is exported each time and compared.
"""

from __future__ import annotations

import binascii
from dataclasses import replace
from typing import Any

import citric
import requests
from citric.exceptions import LimeSurveyError, LimeSurveyStatusError

from sources.clients.documents import NotJson, parse
from sources.clients.outcomes import PlatformDown
from sources.clients.rest import Cursor, Page, Raw, RestClient
from sources.clients.session import Session

TRIES = 3
_COUNT = "responses counted apart"
_EMPTY = b'{"responses": []}'


class LimeSurveyClient(RestClient):
    """`ids`: `survey`. `params`: `language` and citric's `completion_status`, `heading_type`, `response_type`."""

    def fetch(self, cursor: Cursor) -> Raw:
        problem: Any = None
        for attempt in range(TRIES):
            if problem is not None:
                self.session.pause(2**attempt)
            try:
                return self._export()
            except LimeSurveyStatusError as status:
                problem = _down(self.session.name, str(status))
                if problem.rule != "platform_error":
                    break
            except (LimeSurveyError, NotJson, binascii.Error, KeyError, TypeError, ValueError):
                problem = PlatformDown(
                    "platform_garbled",
                    f"La plateforme {self.session.name} a répondu un export illisible : réessayez plus tard.",
                )
        raise problem

    def _export(self) -> Raw:
        secret, survey = self.session.credentials.secret, int(self.api.ids["survey"])
        with citric.Client(
            self.session.url(self.api.path),
            secret("user"),
            secret("password"),
            requests_session=_Lent(self.session),  # type: ignore[arg-type]  # what citric uses of a session
        ) as client:
            count = _count(client.get_summary(survey))
            try:
                options: dict[str, Any] = dict(self.api.params)
                body = client.export_responses(survey, file_format="json", **options)
            except LimeSurveyStatusError as status:
                if not str(status).startswith("No Data"):
                    raise
                body = _EMPTY
        self._accept(parse(body), self.first())
        return Raw(body, {_COUNT: count} if count else {})

    def read(self, cursor: Cursor, raw: Raw) -> Page:
        page = super().read(cursor, raw)
        return replace(page, count=int(raw.headers[_COUNT]) if _COUNT in raw.headers else None)


class _Lent:
    """Our session in the hands of citric, which closes the one it is given."""

    def __init__(self, session: Session) -> None:
        self._session, self.headers = session, dict[str, str]()

    def post(self, *args: Any, **kwargs: Any) -> requests.Response:
        return self._session.post(*args, **kwargs)

    def close(self) -> None:
        """The session goes on living."""


def _count(summary: Any) -> str | None:
    """Complete and incomplete responses together."""
    value = str((summary or {}).get("full_responses", ""))
    return value if value.isdigit() else None


def _down(name: str, status: str) -> PlatformDown:
    """LimeSurvey's statuses (application/helpers/remotecontrol) as rules; their texts are not quoted."""
    said = status.lower()
    if "user name or password" in said:
        return PlatformDown("platform_refused_key", f"La plateforme {name} refuse l'identifiant ou le mot de passe.")
    if "permission" in said:
        return PlatformDown(
            "platform_forbidden", f"La plateforme {name} n'autorise pas cette lecture : vérifiez les droits du compte."
        )
    if "survey id" in said:
        return PlatformDown(
            "platform_not_found",
            f"La plateforme {name} ne connaît pas ce questionnaire : vérifiez « ids » dans le contrat.",
        )
    return PlatformDown("platform_error", f"La plateforme {name} signale une erreur : réessayez plus tard.")
