"""Great Expectations without what it imports and this room never uses: half of its import, a third of a night's fixed cost.

Measured on 1.24.1 (CPU seconds): 5.7 as it comes; 3.5 with altair and scipy.stats put off until somebody uses them (two
expectations about distributions do); 2.8 without SQLAlchemy, which it takes for absent, as it is from a plain installation.
Belongs here: how modules are found while it is imported. Does not belong here: what is asked of it.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PUT_OFF = frozenset({"altair", "scipy", "scipy.stats"})
HIDDEN = frozenset({"sqlalchemy", "pyspark", "boto3"})


class _Finder:
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name not in PUT_OFF:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


@contextmanager
def lean_import() -> Iterator[None]:
    """While this lasts, imports find modules as said above; what was imported before stays as it is."""
    _have_a_home()
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def _have_a_home() -> None:
    """GX, imported, asks where its user's home is, to read a configuration that none of its contexts here has. An account of a service, or a
    number without a name in a container, may have no home: it then is `/`, as container programs have it."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/"
