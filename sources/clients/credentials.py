"""Signing requests: secrets from the environment, in headers, in the query, as Basic, or exchanged for a token.

Here: the only place that holds a secret. It prints as nothing and is never written. Not here: which requests (`rest.py`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import requests
from requests.auth import AuthBase

from sources.clients.documents import dig
from sources.clients.outcomes import PlatformDown

if TYPE_CHECKING:
    from sources.clients.api import Auth
    from sources.clients.session import Session

_ROLE = re.compile(r"\{([a-z_]+)\}")


class Credentials(AuthBase):
    """Signs each request of a session. A request signed again (after a renewal) loses its first signature."""

    __slots__ = ("_auth", "_secrets")

    def __init__(self, auth: Auth | None, environ: Mapping[str, str], title: str) -> None:
        """Raises PlatformDown `secret_missing` when a variable is unset or empty."""
        names = dict(auth.env) if auth else {}
        absent = [name for name in names.values() if not environ.get(name, "").strip()]
        if absent:
            raise PlatformDown(
                "secret_missing",
                f"L'accès à {title} demande la variable d'environnement {', '.join(absent)}, qui n'est pas définie : "
                "demandez la clé à qui administre la plateforme et définissez la variable.",
            )
        self._auth = auth
        self._secrets = {role: environ[name].strip() for role, name in names.items()}

    def __repr__(self) -> str:
        return "<Credentials>"

    def __reduce__(self) -> str:
        raise TypeError("credentials cannot be pickled")

    def secret(self, role: str) -> str:
        """One secret, for the libraries that take it themselves."""
        return self._secrets[role]

    def sent_params(self) -> tuple[str, ...]:
        """Names of the query parameters that carry a secret: never kept in a cursor."""
        return tuple(self._auth.params) if self._auth else ()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._auth is None or getattr(request, "is_login", False):
            return request
        for name, template in self._auth.headers.items():
            request.headers[name] = self._filled(template)
        if self._auth.basic:
            pair = ":".join(self._filled(template) for template in self._auth.basic)
            request.headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        if self._auth.params:
            unsigned: str = getattr(request, "unsigned_url", request.url or "")
            request.unsigned_url = unsigned  # type: ignore[attr-defined]  # kept for when it is signed again
            request.prepare_url(unsigned, {name: self._filled(value) for name, value in self._auth.params.items()})
        return request

    def log_in(self, session: Session) -> None:
        """Exchange the secrets for a token, when the platform wants one. Raises PlatformDown."""
        login = self._auth.login if self._auth else None
        if login is None:
            return
        form = {name: self._filled(template) for name, template in login.form.items()}
        request = requests.Request("POST", session.url(login.path), data=form, headers={"Accept": "application/json"})
        prepared = request.prepare()
        prepared.is_login = True  # type: ignore[attr-defined]  # so that it is not signed with what it asks for
        settings = session.merge_environment_settings(session.url(login.path), {}, None, None, None)
        with session.accepting(None):
            answer = session.send(prepared, **settings)
            token = dig(answer.document, login.token)  # type: ignore[attr-defined]  # see `Session`
        if not isinstance(token, str) or not token:
            raise PlatformDown(
                "platform_refused_key",
                f"La plateforme {session.name} n'a pas donné de jeton d'accès : vérifiez la clé et ses droits.",
            )
        self._secrets["access_token"] = token

    def renewed(self, session: Session, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """`request` signed again, with a new token where there is a login."""
        self.log_in(session)
        return self(request)

    def _filled(self, template: str) -> str:
        return _ROLE.sub(lambda found: self._secrets[found[1]], template)
