"""What an organiser does at a pretix during the tests, and what the server then says, asked in other ways than our client's.

Here: a day and a series of webinars, 205 orders in every state, changes to them; `states` and `counted`. The people are
made up: their names say so, their addresses end in .example, their phones are of the range kept for fiction.
Requests are the standard library's, one by one. Not here: installing and starting (`recipe.py`).
"""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from recipe import Pretix

DAY, SERIES = "journee-ess", "webinaires"
GIVEN = ("Aïcha", "Benoît", "Chloé", "Gwenaëlle", "Œdipe", "Ny'ala", "Zoé-Maëlle")
FAMILY = ("Fictivière", "D'INVENTÉE", "Le Fictivœu", "Inventéeova")
TELEPHONE = ("331990001", "01990001")
"""How every telephone begins, abroad and at home. Long enough not to be found by chance among the digits of a key: five of them were."""
PEOPLE = (*FAMILY, "inconnu.example", *TELEPHONE)
"""Texts of which each order's people have at least one in every personal field."""
ORGANISATIONS = ("Association Essai & Co", "=2+3 asso", "France; Essai", 'Coopérative "Le Modèle"', "  SCOP Gabarit ")
COMMUNES = ("Lille", "St Etienne", "L'Haÿ-les-Roses", "59000 Lille")
QUESTIONS = {
    "ORGA": ("Nom de votre organisation", "S", ()),
    "COMMUNE": ("Commune", "S", ()),
    "FONCTION": ("Fonction", "C", ("Salarié·e", "Bénévole")),
    "THEMES": ("Thématiques", "M", ("Gouvernance", "Financement", "Numérique")),
    "RGPD": ("J'accepte d'être recontacté·e", "B", ()),
}


@dataclass
class Organiser:
    """An organiser signed in at `server`. `items`: numbers of the products; `codes`: the orders of each event, as made."""

    server: Pretix
    items: dict[str, int] = field(default_factory=dict)
    codes: dict[str, list[str]] = field(default_factory=lambda: {DAY: [], SERIES: []})
    _questions: dict[str, dict] = field(default_factory=dict)
    _sessions: list[int] = field(default_factory=list)
    _lists: dict[str, int] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    # -- asking ----------------------------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's document. Raises AssertionError with what the server says when it refuses."""
        request = urllib.request.Request(
            f"{self.server.url}/api/v1/organizers/ess{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {self.server.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{method} {path}: {refusal.code} {refusal.read()[:500]!r}") from None

    def listed(self, path: str) -> list[dict]:
        """Every page of a list."""
        rows, number = [], 1
        while True:
            page = self.ask("GET", f"{path}{'&' if '?' in path else '?'}page={number}")
            rows += page["results"]
            if page["next"] is None:
                assert len(rows) == page["count"]
                return rows
            number += 1

    # -- the events ------------------------------------------------------------------------------------------------------------

    def open(self) -> Organiser:
        """Two events, not on sale: orders come through the API, which asks for no means of payment."""
        self.ask("PATCH", "/", {"plugins": ["pretix.plugins.banktransfer"]})
        for slug, name, is_series in ((DAY, "Journée d'essai", False), (SERIES, "Webinaires « Essai »", True)):
            self._event(slug, name, is_series)
        self._item(DAY, "entrée", "15.00")
        self._item(DAY, "gratuit", "0.00")
        self._item(DAY, "repas", "12.50", admission=False, personalized=False)
        self._item(SERIES, "webinaire", "0.00")
        for number in (1, 2):
            created = {
                "name": {"fr": f"Séance {number}"}, "active": True, "date_from": _in_days(20 + number),
                "item_price_overrides": [], "variation_price_overrides": [], "meta_data": {}, "seating_plan": None,
                "seat_category_mapping": {},
            }  # fmt: skip
            self._sessions.append(self.ask("POST", f"/events/{SERIES}/subevents/", created)["id"])
        everything = {"name": "Places", "size": None, "variations": []}
        day = [self.items[name] for name in ("entrée", "gratuit", "repas")]
        self.ask("POST", f"/events/{DAY}/quotas/", everything | {"items": day})
        for session in self._sessions:
            quota = everything | {"items": [self.items["webinaire"]], "subevent": session}
            self.ask("POST", f"/events/{SERIES}/quotas/", quota)
        self._ask_questions(DAY, [self.items["entrée"], self.items["gratuit"]])
        self._ask_questions(SERIES, [self.items["webinaire"]])
        door = {"name": "Accueil", "all_products": True, "limit_products": [], "include_pending": True}
        self._lists[DAY] = self.ask("POST", f"/events/{DAY}/checkinlists/", door)["id"]
        return self

    def _event(self, slug: str, name: str, is_series: bool) -> None:
        created = {
            "name": {"fr": name}, "slug": slug, "live": False, "testmode": False, "currency": "EUR",
            "date_from": _in_days(20), "timezone": "Europe/Paris", "has_subevents": is_series,
            "plugins": ["pretix.plugins.banktransfer", "pretix.plugins.manualpayment"],
        }  # fmt: skip
        self.ask("POST", "/events/", created)
        asked = ("attendee_names_asked", "attendee_emails_asked", "attendee_company_asked", "order_phone_asked")
        self.ask("PATCH", f"/events/{slug}/settings/", {"locales": ["fr"], "locale": "fr"} | dict.fromkeys(asked, True))

    def _item(self, slug: str, name: str, price: str, **said) -> None:
        created = {
            "name": {"fr": name}, "default_price": price, "active": True, "admission": True, "personalized": True,
            "category": None, "description": None, "tax_rule": None,
        }  # fmt: skip
        self.items[name] = self.ask("POST", f"/events/{slug}/items/", created | said)["id"]

    def _ask_questions(self, slug: str, items: list[int]) -> None:
        self._questions[slug] = {}
        for identifier, (text, type_, options) in QUESTIONS.items():
            created = {
                "question": {"fr": text}, "type": type_, "required": False, "items": items, "identifier": identifier,
                "options": [
                    {"answer": {"fr": option}, "identifier": f"{identifier}-{rank}", "position": rank}
                    for rank, option in enumerate(options)
                ],
            }  # fmt: skip
            made = self.ask("POST", f"/events/{slug}/questions/", created)
            self._questions[slug][identifier] = made["id"], {o["answer"]["fr"]: o["id"] for o in made["options"]}

    # -- the orders ------------------------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """205 orders: three people in one of six, a meal with one of four, one of seven unpaid; then cancelled, refunded and
        expired ones, places cancelled inside a paid order, people checked in, unpaid orders confirmed, three test orders."""
        for _ in range(120):
            self.order(DAY)
        for _ in range(85):
            self.order(SERIES)
        day = self.codes[DAY]
        for code in day[3:90:11]:
            self.cancel(code)
        for code in day[5:110:13]:
            self._refund(code)
        for code in day[0:120:28]:
            self.ask("POST", f"/events/{DAY}/orders/{code}/mark_expired/", {})
        for code in day[6:60:18]:
            self.cancel_place(code)
        for code in day[1:70:2]:
            self.check_in(code)
        for code in self.codes[SERIES][0:30:7]:
            self.ask("PATCH", f"/events/{SERIES}/orders/{code}/", {"valid_if_pending": True})
        for _ in range(3):
            self.order(DAY, testmode=True)

    def order(self, slug: str, **said) -> str:
        """One more order; its code. Every seventh waits for its payment."""
        number = next(self._numbers)
        email = f"personne-{number % 90}@inconnu.example"
        positions = [self._place(slug, number, rank, email) for rank in range(3 if number % 6 == 0 else 1)]
        if slug == DAY and number % 4 == 0:
            positions.append({"item": self.items["repas"], "answers": []})
        created = {
            "email": email.upper() if number % 17 == 0 else email, "locale": "fr", "sales_channel": "web",
            "phone": f"+{TELEPHONE[0]}{number % 90:02}" if number % 3 == 0 else None, "send_email": False, "force": True,
            "status": "p" if number % 7 else "n", "payment_provider": "manual", "fees": [],
            "comment": "" if number % 10 else "À rappeler\nsemaine 50",
            "positions": [position | {"positionid": rank} for rank, position in enumerate(positions, 1)],
        }  # fmt: skip
        if number % 5 == 0:
            created["invoice_address"] = {
                "is_business": True, "company": ORGANISATIONS[0], "street": "1 rue de l'Essai", "zipcode": "59000",
                "city": "Lille", "country": "FR", "internal_reference": "", "vat_id": "",
                "name_parts": {"_scheme": "given_family", "given_name": GIVEN[0], "family_name": FAMILY[0]},
            }  # fmt: skip
        code = self.ask("POST", f"/events/{slug}/orders/", created | said)["code"]
        if not said:
            self.codes[slug].append(code)
        return code

    def _place(self, slug: str, number: int, rank: int, email: str) -> dict:
        name = {"given_name": GIVEN[(number + rank) % 7], "family_name": f"{FAMILY[(number + rank) % 4]}-{number % 90}"}
        place = {
            "item": self.items["webinaire" if slug == SERIES else "entrée" if number % 3 else "gratuit"],
            "attendee_name_parts": {"_scheme": "given_family"} | name,
            "attendee_email": email if rank == 0 else None,
            "answers": list(self._answers(slug, number)),
        }
        return place | ({"subevent": self._sessions[number % 2]} if slug == SERIES else {})

    def _answers(self, slug: str, number: int) -> Iterator[dict]:
        said = {
            "ORGA": [ORGANISATIONS[number % 5]],
            "COMMUNE": [COMMUNES[number % 4]] if number % 5 else [],
            "FONCTION": [QUESTIONS["FONCTION"][2][number % 2]] if number % 3 else [],
            "THEMES": list(QUESTIONS["THEMES"][2][: number % 4]),
            "RGPD": ["True" if number % 2 else "False"],
        }
        for identifier, answers in said.items():
            question, options = self._questions[slug][identifier]
            if answers:
                chosen = [options[answer] for answer in answers] if options else []
                yield {"question": question, "answer": ", ".join(answers), "options": chosen}

    # -- changes ---------------------------------------------------------------------------------------------------------------

    def found(self, status: str, *, places: int = 1) -> str:
        """The code of an order of the day in this state, nobody of it checked in, of at least so many places."""
        for code in self.codes[DAY]:
            order = self.ask("GET", f"/events/{DAY}/orders/{code}/")
            scanned = any(position["checkins"] for position in order["positions"])
            if order["status"] == status and not scanned and len(order["positions"]) >= places:
                return code
        raise AssertionError(f"no order is in state {status}")

    def cancel(self, code: str) -> None:
        self.ask("POST", f"/events/{DAY}/orders/{code}/mark_canceled/", {"send_email": False})

    def cancel_place(self, code: str) -> None:
        """Cancel the first place of an order, when it has another."""
        positions = self.ask("GET", f"/events/{DAY}/orders/{code}/")["positions"]
        if len(positions) > 1:
            self.ask("DELETE", f"/events/{DAY}/orderpositions/{positions[0]['id']}/")

    def check_in(self, code: str) -> None:
        """Scan the first place of an order; a ticket that is not valid is refused, as at the door."""
        positions = self.ask("GET", f"/events/{DAY}/orders/{code}/")["positions"]
        if positions:
            scanned = {"secret": positions[0]["secret"], "lists": [self._lists[DAY]], "nonce": code, "force": False}
            try:
                self.ask("POST", "/checkinrpc/redeem/", scanned | {"source_type": "barcode", "ignore_unpaid": False})
            except AssertionError as refusal:
                assert "400" in str(refusal), refusal

    def pay(self, code: str) -> None:
        self.ask("POST", f"/events/{DAY}/orders/{code}/mark_paid/", {"send_email": False})

    def answer_again(self, code: str, commune: str) -> None:
        """Change what the first place of an order answered."""
        (position, *_) = self.ask("GET", f"/events/{DAY}/orders/{code}/")["positions"]
        question, _ = self._questions[DAY]["COMMUNE"]
        changed = {"answers": [{"question": question, "answer": commune, "options": []}]}
        self.ask("PATCH", f"/events/{DAY}/orderpositions/{position['id']}/", changed)

    def delete(self, code: str) -> None:
        """Only a test order can be deleted."""
        self.ask("DELETE", f"/events/{DAY}/orders/{code}/")

    def _refund(self, code: str) -> None:
        order = self.ask("GET", f"/events/{DAY}/orders/{code}/")
        if order["status"] == "p" and order["payments"] and float(order["total"]) > 0:
            given_back = {
                "payment": order["payments"][0]["local_id"], "amount": order["total"], "provider": "manual",
                "source": "admin", "state": "done",
                "mark_canceled": True,
            }  # fmt: skip
            self.ask("POST", f"/events/{DAY}/orders/{code}/refunds/", given_back)

    # -- what the server says --------------------------------------------------------------------------------------------------

    def states(self, *, test_orders: bool = False) -> dict[tuple[str, str], str]:
        """The status of every place by (event, place), read from the server's own tables. Meals are no place."""
        with closing(sqlite3.connect(f"file:{self.server.database}?mode=ro", uri=True)) as con:
            rows = con.execute(
                """
                select e.slug, o.code || '-' || p.positionid,
                       case when p.canceled or o.status in ('c', 'e') then 'cancelled'
                            when exists (select 1 from pretixbase_checkin c where c.position_id = p.id and c.successful)
                            then 'attended'
                            when o.status = 'n' and not coalesce(o.valid_if_pending, 0) then 'waiting'
                            else 'registered' end
                from pretixbase_orderposition p
                join pretixbase_order o on o.id = p.order_id
                join pretixbase_event e on e.id = o.event_id
                where p.item_id <> ? and (? or not o.testmode)
                """,
                [self.items["repas"], test_orders],
            ).fetchall()
        states = {(event, place): status for event, place, status in rows}
        assert len(states) == len(rows)
        return states

    def canceled_places(self) -> list[str]:
        """Places cancelled by themselves, of any event."""
        return [
            f"{position['order']}-{position['positionid']}"
            for slug in (DAY, SERIES)
            for position in self.listed(f"/events/{slug}/orderpositions/?include_canceled_positions=true")
            if position["canceled"] and position["item"] != self.items["repas"]
        ]

    def counted(self) -> Counter:
        """What other lists of the API say: orders event by event, positions, the cancelled ones too, people checked in."""
        counts: Counter = Counter()
        for slug in (DAY, SERIES):
            positions = f"/events/{slug}/orderpositions/?include_canceled_positions=true"
            counts["positions"] += self.ask("GET", positions)["count"]
            counts["orders"] += self.ask("GET", f"/events/{slug}/orders/")["count"]
        status = self.ask("GET", f"/events/{DAY}/checkinlists/{self._lists[DAY]}/status/")
        counts["checked_in"] = status["checkin_count"]
        return counts


def _in_days(number: int) -> str:
    return (datetime.now(UTC) + timedelta(days=number)).replace(microsecond=0).isoformat()
