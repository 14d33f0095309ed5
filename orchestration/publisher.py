"""What a publication needs before it may publish, made ready in a thread while others work: half a second of imports, the policies, the
templates and the renderer of charts (a second to begin) while the warehouse is built; the secrecy of the tables while they are audited."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from publication.portal.drawing import Renderer
    from publication.secrecy import Settled

Done = TypeVar("Done")


class Publisher:
    """`renderer` is ready sooner after `start`, and is there without. `stop` ends what it started."""

    def __init__(self) -> None:
        self._ready: Future[Renderer] | None = None
        self._foreseen: Future[Settled] | None = None

    def start(self) -> None:
        if self._ready is None:
            self._ready = _in_a_thread(_get_ready)

    @property
    def renderer(self) -> Renderer:
        self.start()
        assert self._ready is not None
        return self._ready.result()

    def foresee(self, candidate: Path, releases: Path) -> None:
        """Settle the secrecy of a sealed candidate's tables; on a machine with a single core that would only stand in the way."""
        if (os.cpu_count() or 1) > 1:
            self._foreseen = _in_a_thread(_foresee, candidate, releases)

    def foreseen(self) -> Settled | None:
        """What `foresee` found. None when it was not asked or failed: whoever publishes then does it, and says what failed."""
        foreseen, self._foreseen = self._foreseen, None
        return None if foreseen is None or foreseen.exception() else foreseen.result()

    def stop(self) -> None:
        if self._ready is not None and not self._ready.exception():
            self._ready.result().close()
        self._ready = self._foreseen = None


def _in_a_thread(work: Callable[..., Done], *given: Path) -> Future[Done]:
    thread = ThreadPoolExecutor(1)
    future = thread.submit(work, *given)
    thread.shutdown(wait=False)
    return future


def _get_ready() -> Renderer:
    from publication.portal.drawing import Renderer

    renderer = Renderer()
    import publication.package
    import publication.publish
    import publication.returns
    import publication.workbook  # noqa: F401
    from publication.disclosure import PolicyError, read
    from publication.portal import warm_up

    with suppress(PolicyError):  # whoever publishes says it
        read()
    warm_up()
    return renderer


def _foresee(candidate: Path, releases: Path) -> Settled:
    from publication.secrecy import foresee

    return foresee(candidate, releases)
