"""What is worth saying of a delivery that does not stop it. Standard library only: the look at the inbox says notes too."""

from dataclasses import dataclass

from rulebook import contacts


@dataclass(frozen=True)
class Note:
    """Something the sender should know. `rule` is a stable code in snake case, `message` a French sentence: whatever it quotes, no address or
    telephone is in it."""

    rule: str
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", contacts.hidden(self.message))


OVERTAKEN = "version_plus_ancienne"
"""Rule of the note on what came last and does not count: the file in force is newer by its own time (`ledger.overtaken`)."""
