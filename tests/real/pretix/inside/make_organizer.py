"""Make the organizer « ess » of an empty pretix and print the token of a team that may do everything there.

Run by pretix's own Python, with Django's settings module in the environment.
"""

import django

django.setup()

from django_scopes import scopes_disabled  # noqa: E402
from pretix.base.models import Organizer, Team  # noqa: E402

with scopes_disabled():
    organizer = Organizer.objects.create(slug="ess", name="Réseau d'essai")
    organizer.settings.set("locale", "fr")
    organizer.settings.set("timezone", "Europe/Paris")
    team = organizer.teams.create(
        name="Collecte", all_events=True, all_event_permissions=True, all_organizer_permissions=True
    )
    assert isinstance(team, Team)
    print(team.tokens.create(name="Collecte").token)
