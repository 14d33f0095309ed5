"""Platforms: a preset each (`<name>.yml`, data for the generic client), and code only where pages cannot be told in YAML.

Here: which client a platform needs. Not here: how a crawl goes (`sources.clients.crawl`). Every preset says, with `FORMATS` in mind,
what was verified and what is only seen in third-party code; what is neither is not relied on.
"""

from __future__ import annotations

from sources.clients.api import ApiShape
from sources.clients.rest import Asked, Client, RestClient
from sources.clients.session import Session


def client_of(api: ApiShape, session: Session, asked_for: Asked) -> Client:
    """The client of `api.platform`."""
    if api.platform == "limesurvey":
        from sources.clients.platforms.limesurvey import LimeSurveyClient

        return LimeSurveyClient(api, session, asked_for)
    if api.platform == "airtable":
        from sources.clients.platforms.airtable import AirtableClient

        return AirtableClient(api, session, asked_for)
    return RestClient(api, session, asked_for)
