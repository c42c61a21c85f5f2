"""A second process compiles the kernel that will be needed next, while this one compiles the one that is needed now.

Numba compiles one kernel at a time in a process. A first training step needs a large kernel for the forward pass of blocks
and a larger one for the backward pass; with a second core the wait is not much longer than for one of them. The processes meet
in the cache on disk (``cache.py``): where the second one fails, this one finds nothing there, and compiles as it would have
done anyhow.
"""

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

from numba.core import event

from minimix.kernels import cache
from minimix.kernels.threads import get_num_threads

_ROOT = str(Path(__file__).parents[2])  # the other Python shall import this very minimix


class Ahead(event.Listener):
    """When ``first``, a kernel, is compiled within ``watching(what)``, another Python runs ``code``, its ``{}`` being ``what``.

    Who needs what that leaves in the cache says ``wait()`` before. There is one other Python at a time, for one other core;
    with one thread (``set_num_threads``), or no place for a cache, there is none.
    """

    def __init__(self, first, code: str):
        self.first, self.code = first, code
        self._seen: set[str] = set()
        self._what = ""
        self._run: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self, what: str):
        if what in self._seen or get_num_threads() == 1 or cache.folder() is None:
            yield
            return
        self._seen.add(what)
        self._what = what
        event.register("numba:compile", self)  # tells of compilations, not of what comes out of the cache
        try:
            yield
        finally:
            event.unregister("numba:compile", self)

    def on_start(self, event) -> None:
        if event.data["dispatcher"] is self.first and self._run is None and sys.executable:
            self._run = threading.Thread(target=_run, args=(self.code.format(self._what),), daemon=True)
            self._run.start()

    def on_end(self, event) -> None:
        pass

    def wait(self) -> None:
        if (run := self._run) is not None:
            run.join()
            self._run = None


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
