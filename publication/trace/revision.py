"""Why a figure is not what it was: the rows behind it in two releases, side by side.

Belongs here: comparing two origins. Does not belong here: finding them (`origin`), printing.
"""

from __future__ import annotations

from dataclasses import dataclass

from publication.trace import figures
from publication.trace.origin import Line, Origin
from publication.trace.places import File


@dataclass(frozen=True)
class Revision:
    """One figure in an earlier release and in a later one; None where it has no such figure. `came` and `gone`: rows that only one of them has,
    `moved`: the same event or row, saying something else. `counted`: (file, rows before, rows after) where rows are only counted and the
    numbers differ."""

    before: Origin | None
    after: Origin | None
    came: tuple[Line, ...] = ()
    gone: tuple[Line, ...] = ()
    moved: tuple[tuple[Line, Line], ...] = ()
    counted: tuple[tuple[File | None, int, int], ...] = ()

    @property
    def is_secret(self) -> bool:
        """In one of both: then neither its values nor its rows are told."""
        return any(origin is not None and figures.is_secret(origin.figure) for origin in (self.before, self.after))

    @property
    def is_untold(self) -> bool:
        """In one of both nothing says which rows the figure is made of: a release of before there were traces."""
        return any(origin is not None and origin.trace is None for origin in (self.before, self.after))

    @property
    def is_defined_otherwise(self) -> bool:
        """Whether the figure is made from rows in another way."""
        return self.before is not None and self.after is not None and self.before.trace != self.after.trace

    @property
    def has_other_rows(self) -> bool:
        return bool(self.came or self.gone or self.moved or self.counted)


def revision(before: Origin | None, after: Origin | None) -> Revision:
    """What came, went and moved behind one figure between two releases. Of a secret, and where one of both tells no rows, nothing is compared."""
    found = Revision(before, after)
    if found.is_secret or found.is_untold:
        return found
    old, new = ({line.name: line for line in origin.lines} if origin else {} for origin in (before, after))
    return Revision(
        before,
        after,
        came=tuple(line for name, line in new.items() if name not in old),
        gone=tuple(line for name, line in old.items() if name not in new),
        moved=tuple((old[name], line) for name, line in new.items() if name in old and old[name].says != line.says),
        counted=_counted(before, after),
    )


def _counted(before: Origin | None, after: Origin | None) -> tuple[tuple[File | None, int, int], ...]:
    """By file name: a list that is delivered again under its name is the same list."""
    files: dict[tuple[str, str] | None, File | None] = {}
    numbers: dict[tuple[str, str] | None, list[int]] = {}
    for side, origin in enumerate((before, after)):
        for file, number in origin.counted if origin else ():
            name = (file.source, file.file_name) if file else None
            files[name] = file
            numbers.setdefault(name, [0, 0])[side] += number
    return tuple((files[name], old, new) for name, (old, new) in numbers.items() if old != new)
