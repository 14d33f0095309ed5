"""What a publication needs before it has anything to publish, made ready in a thread once all is landed: half a second of imports, the
policies, and the renderer of charts, which takes a second to begin."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publication.portal.drawing import Renderer


class Publisher:
    """`renderer` is ready sooner after `start`, and is there without. `stop` ends what it started."""

    def __init__(self) -> None:
        self._ready: Future[Renderer] | None = None

    def start(self) -> None:
        if self._ready is None:
            thread = ThreadPoolExecutor(1)
            self._ready = thread.submit(_get_ready)
            thread.shutdown(wait=False)

    @property
    def renderer(self) -> Renderer:
        self.start()
        assert self._ready is not None
        return self._ready.result()

    def stop(self) -> None:
        if self._ready is not None and not self._ready.exception():
            self._ready.result().close()
        self._ready = None


def _get_ready() -> Renderer:
    from publication.portal.drawing import Renderer

    renderer = Renderer()
    import publication.package
    import publication.portal
    import publication.publish
    import publication.returns
    import publication.workbook  # noqa: F401
    from publication.disclosure import read

    read()
    return renderer
