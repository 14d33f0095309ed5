"""Which sources are late: the last delivery received against `expected_every_days` of the contract.

Does not belong here: what is done about it (`watch.py` alerts, `status.py` shows, the portal has its own banner).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestration.home import Home

if TYPE_CHECKING:
    from sources.contract import LoadedContract


@dataclass(frozen=True)
class Freshness:
    """One source. `expected_every_days` None: nobody said how often, so it is never late."""

    source: str
    title: str
    expected_every_days: int | None
    days_since: int | None

    @property
    def is_late(self) -> bool:
        if self.expected_every_days is None:
            return False
        return self.days_since is None or self.days_since > self.expected_every_days

    def sentence(self) -> str:
        if self.days_since is None:
            return "rien reçu"
        ago = "aujourd'hui" if self.days_since in (-1, 0) else f"il y a {self.days_since} j"
        if self.days_since < -1:
            ago = f"dans {-self.days_since} j (l'horloge avançait quand elle est arrivée)"
        return f"{ago}, attendu tous les {self.expected_every_days} j" if self.expected_every_days else ago


def freshness(home: Home, contracts: dict[str, LoadedContract], now: datetime) -> list[Freshness]:
    """Every source of the contracts, by name."""
    from sources.ledger import deliveries, open_ledger

    last: dict[str, datetime] = {}
    if home.ledger.exists():
        with open_ledger(home.ledger) as ledger:
            for row in deliveries(ledger):
                received = datetime.fromisoformat(row["received_at"])
                received = received if received.tzinfo else received.replace(tzinfo=UTC)
                last[row["source"]] = max(received, last.get(row["source"], received))
    return [
        Freshness(
            source,
            loaded.contract.title,
            loaded.contract.expected_every_days,
            (now - last[source]).days if source in last else None,
        )
        for source, loaded in sorted(contracts.items())
    ]
