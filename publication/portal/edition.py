"""Everything the pages of one release are made from, and nothing else: an edition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from expectations import Verdict
from publication.changelog import Change
from publication.labels import Labels, Supply
from publication.returns.books import Book
from publication.shelf import Release
from publication.waiting import Waiting


@dataclass(frozen=True)
class Edition:
    """`tables`, and `before` those of the last release, by dataset. `moved`: (dataset, status before, status now, reasons). `earlier`: (number,
    date, what had changed) of each release before. `revised`: the keys of the rows whose figures changed."""

    release: Release
    tables: Mapping[str, pa.Table]
    labels: Labels
    supply: Supply
    verdict: Verdict
    made_at: datetime
    changes: Sequence[Change] = ()
    moved: Sequence[tuple[str, str, str, tuple[str, ...]]] = ()
    earlier: Sequence[tuple[int, str, str]] = ()
    revised: set[tuple[str, ...]] = field(default_factory=set)
    before: Mapping[str, pa.Table] = field(default_factory=dict)
    books: Sequence[Book] = ()
    previewed: Sequence[Waiting] = ()  # of a preview: what it is about
