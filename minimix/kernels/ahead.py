"""A second process compiles the kernels of the backward pass, while this one compiles those of the forward pass.

Numba compiles one kernel at a time in a process. But who compiles a layer's ``forward`` will soon want its ``backward``, for
types that follow from those of ``forward`` (``follows``). With a second core, the wait before a first training step is then
little more than half as long. The processes meet in the cache on disk (``cache.py``): where the second one fails, this one
finds nothing there, and compiles as it would have done anyhow.
"""

import atexit
import contextlib
import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

from numba.core import config, event

from minimix.kernels import cache
from minimix.kernels.threads import get_num_threads
from minimix.recording import is_grad_enabled

_ROOT = str(Path(__file__).parents[2])  # the other Python shall import this very minimix
_next: dict = {}  # forward: (backward, types)


def follows(forward, backward, types) -> None:
    """After the kernel ``forward``, ``backward`` will be wanted, both at the top of a module. types: makes the types of its
    arguments from those of ``forward``'s."""
    if not config.DISABLE_JIT:
        _next[forward] = backward, types


class _Other:
    """The other process. Every method is called by whoever compiles, and so by one thread at a time.

    asked: where in the cache each kernel will be that it was asked for; it takes one after the other. done: how many it is
    known to be through with.
    """

    def __init__(self):
        self.process: subprocess.Popen | None = None
        self.asked: list[Path] = []
        self.done = 0

    def ask(self, kernel, types: tuple) -> None:
        path = kernel._cache.path(types)
        if path in self.asked or path.exists():
            return
        if self.process is not None and self.process.stdin.closed:  # it ends when it has done what it was asked for
            if self.process.poll() is None:
                return
            self.end()
        with contextlib.suppress(OSError):
            self.process = self.process or _start()
            pickle.dump((kernel.__module__, kernel.__name__, types), self.process.stdin)
            self.process.stdin.flush()
            self.asked.append(path)

    def wait(self, path: Path) -> None:
        """Until the kernel is in the cache, if the process is just at it. If it has others to do first, this one is faster."""
        if path not in self.asked or self.process is None:
            return
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # the backward pass has begun: that was all
        place = self.asked.index(path)
        if all(earlier.exists() for earlier in self.asked[:place]):
            while self.done <= place and self.process.stdout.read(1):
                self.done += 1

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.forget()

    def forget(self) -> None:
        """Close what leads to it, and take note of its end."""
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        self.process.wait()
        self.__init__()


def _start() -> subprocess.Popen:
    """No window and no words: this process can do without it."""
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {_ROOT!r}); from minimix.kernels import ahead; ahead._serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _serve() -> None:
    """The other process: compile what comes in by ``ask``, and answer each with one byte."""
    with contextlib.suppress(EOFError):
        while True:
            module, name, types = pickle.load(sys.stdin.buffer)
            with contextlib.suppress(Exception):
                getattr(importlib.import_module(module), name).compile(types)
            sys.stdout.buffer.write(b".")
            sys.stdout.buffer.flush()


class _Compiling(event.Listener):
    """Hears of compilations, not of what comes out of the cache."""

    def on_start(self, event) -> None:
        kernel = event.data["dispatcher"]
        wanted = kernel in _next and is_grad_enabled() and get_num_threads() > 1
        if wanted and sys.executable and cache.folder() is not None:
            backward, types = _next[kernel]
            _other.ask(backward, types(*event.data["args"]))

    def on_end(self, event) -> None:
        pass


_other = _Other()
cache.waits.append(lambda path: _other.wait(path))
event.register("numba:compile", _Compiling())
atexit.register(lambda: _other.end())


def _after_fork() -> None:
    """The process is the parent's, not a forked child's."""
    if _other.process is not None:
        _other.process.returncode = 0
        _other.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
