"""Runs of the notebooks, beside the other tests: they take minutes, and most keep one core busy.

conftest.py starts them as soon as it is known which are wanted; test_notebooks.py waits for what came of each.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

HERE = Path(__file__).parent


class Runs:
    """paths: of notebooks. at_once: so many at a time; the last ones, which train, come first."""

    def __init__(self, paths: Iterable[Path], at_once: int):
        self._pool, self._lock = ThreadPoolExecutor(at_once), Lock()
        self._processes: set[subprocess.Popen] | None = set()
        self._results: dict[Path, Future] = {path: self._pool.submit(self._run, path) for path in sorted(paths, reverse=True)}

    def result(self, path: Path) -> tuple[int, str]:
        """(exit code, what it said), as soon as this notebook has run."""
        return self._results[path].result()

    def end(self) -> None:
        """Whatever still runs is interrupted, as by Ctrl-C, so that it can end its own kernel."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            running, self._processes = self._processes or set(), None
        for process in running:
            process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        self._pool.shutdown()

    def _run(self, path: Path) -> tuple[int, str]:
        command = [sys.executable, str(HERE / "refresh.py"), "--solved", str(path)]
        with self._lock:
            if self._processes is None:
                raise CancelledError
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                env={**os.environ, "PYTHONUTF8": "1"},
            )  # fmt: skip
            self._processes.add(process)
        said, _ = process.communicate()
        with self._lock:
            if self._processes is not None:
                self._processes.discard(process)
        return process.returncode, said
