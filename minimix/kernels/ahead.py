"""A second process compiles the kernel that will be needed next, while this one compiles the one that is needed now.

Numba compiles one kernel at a time in a process. A first training step needs a large kernel for the forward pass of blocks
and a larger one for the backward pass; with a second core the wait is not much longer than for one of them. The processes meet
in the cache on disk: where the second one fails, this one finds nothing there, and compiles as it would have done anyhow.
"""

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

from numba.core import event

from minimix.kernels.threads import get_num_threads

_ROOT = str(Path(__file__).parents[2])  # the other Python shall import this very minimix


class Ahead(event.Listener):
    """When ``first``, a kernel, is compiled within ``watching(what)``, another Python runs ``code``, its ``{}`` being ``what``.

    Who needs what that leaves in the cache says ``wait(what)`` before. With one thread (``set_num_threads``) nothing is run.
    """

    def __init__(self, first, code: str):
        self.first, self.code = first, code
        self._runs: dict[str, threading.Thread | None] = {}  # None where nothing runs
        self._what = ""

    @contextlib.contextmanager
    def watching(self, what: str):
        if what in self._runs or get_num_threads() == 1:
            yield
            return
        self._what, self._runs[what] = what, None
        event.register("numba:compile", self)  # tells of compilations, not of what comes out of the cache
        try:
            yield
        finally:
            event.unregister("numba:compile", self)

    def on_start(self, event) -> None:
        if event.data["dispatcher"] is self.first and sys.executable:
            run = self._runs[self._what] = threading.Thread(target=_run, args=(self.code.format(self._what),), daemon=True)
            run.start()

    def on_end(self, event) -> None:
        pass

    def wait(self, what: str) -> None:
        if (run := self._runs.get(what)) is not None:
            run.join()
            self._runs[what] = None


def _run(code: str) -> None:
    """No window and no words: this process can do without it."""
    with contextlib.suppress(OSError):
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {_ROOT!r}); {code}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
