"""Disclosure control: what of a table must stay secret, hidden so that nobody can work it out.

    policy        what is secret, read from policies/<dataset>.yml and vocabulary.yml
    cells         lines of the tables as numbers tied by equations
    system        those numbers and equations, as plain data
    attack        what somebody can work out: linear programs
    suppression   the cheapest other lines to hide: a mixed-integer program
    blocks        a large system as small blocks and the sums that run through them
    piecemeal     lines to hide in a large part, block by block, with a proof
    proofs        the check of such a proof
    perturbation  others that are enough, when the cheapest would take too long
    earlier       what earlier releases print, and will print for ever
    audit         the attack on what is about to leave, independent of the choice
    public_events the list of events that everybody has
    protection    the order of all this, and the report
    last_look     a cell marked secret must be empty of what it hides, and does not say why

Belongs here: secrecy of what is printed. Does not belong here: identities (`identity`), writing files (`publish`).
"""

from publication.disclosure.last_look import as_printed, reasons, report_as_printed
from publication.disclosure.policy import Policies, PolicyError, read
from publication.disclosure.protection import Protected, protect
from publication.disclosure.public_events import read as public_events

__all__ = [
    "Policies", "PolicyError", "Protected", "as_printed", "protect", "public_events", "read", "reasons", "report_as_printed",
]  # fmt: skip
