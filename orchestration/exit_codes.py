"""How a command ends, as a number: what a scheduler, or whoever calls it, may decide upon.

Belongs here: the numbers. Does not belong here: which of them something ends with. Wrong usage is 2 everywhere, which typer says by itself.
"""

DONE = 0
"""What was asked is done, or there was nothing to do."""

NOT_WHOLE = 3
"""Done, but for a part: a dataset that is withheld or carried, a source or a file that could not be read."""

FAILED = 4
"""Nothing was done, and the reason is said; of a night, nothing was released."""
