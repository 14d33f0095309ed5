"""Which rows of which lists are one person.

    normal.py       the forms under which two spellings of a name, phone or organisation are the same
    identities.py   rows → distinct source identities: what is known of a person in one place
    exact.py        identities that are one person without a doubt
    scoring.py      the others, scored by Splink under the declared model (model.yml, model.py)
    joining.py      in which order evidence joins identities
    clusters.py     pairs and constraints → persons, and their lasting uid
    constraints.py  what somebody decided by hand: split, merge
    outcome.py      persons → the three tables without identity that the warehouse receives
    registry.py     what is kept in the vault from night to night
    persons.py      questions about one person: its rows, candidates for a name or an address
    steps.py        the order of all this: `match`

Not here: reading files or the landing zone (`sources` describes the rows), keys, encryption. Whatever leaves has no identity: keys
made with the vault's secrets, counts, and the names of the evidence.

The same deliveries give the same persons and the same keys in any order, at once or night by night: a decision depends on the
identities it is about, never on what was decided before, except by hand.
"""

from identity.matched import Matched
from identity.matching.steps import match

__all__ = ["Matched", "match"]
