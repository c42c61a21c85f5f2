"""Which kernels are being compiled: the one long wait of a first run should not look like a hang."""

import contextlib
import threading
import time

from numba.core import event


class Compilations(event.Listener):
    """Counts compilations: ``count``, ``seconds``, and ``running``, those under way. Calls ``tell(name of the kernel)`` at the
    beginning of each.

    Numba reports real compilations only, not what comes from its cache on disk; a kernel's helpers within the kernel's own.
    """

    def __init__(self, tell):
        self.tell, self.count, self.seconds, self.running = tell, 0, 0.0, 0
        self._own = threading.local()  # kernels compile in whatever thread first calls them

    def on_start(self, event) -> None:
        self._own.depth = getattr(self._own, "depth", 0) + 1
        if self._own.depth == 1:
            self._own.start = time.monotonic()
            self.count, self.running = self.count + 1, self.running + 1
            self.tell(event.data["dispatcher"].__name__)

    def on_end(self, event) -> None:
        before = getattr(self._own, "depth", 0)
        self._own.depth = max(0, before - 1)
        if before == 1:
            self.running -= 1
            self.seconds += time.monotonic() - getattr(self._own, "start", time.monotonic())


@contextlib.contextmanager
def watched(tell):
    """Within it, ``tell(name)`` is called whenever a kernel starts to compile. Gives the ``Compilations``."""
    listener = Compilations(tell)
    event.register("numba:compile", listener)
    try:
        yield listener
    finally:
        event.unregister("numba:compile", listener)
