"""Processes that do jobs, one thread each. Two jobs side by side get more done than one job on two threads.

Each process is told one job at a time, through a pipe. Where it dies (killed, out of memory), that is what came of its job,
and another process takes its place. Where the coordinator dies, its processes end by themselves.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Generator, Iterable
from multiprocessing import connection
from typing import NamedTuple

from minimix.study.job import Job, perform


class Ended(NamedTuple):
    """What came of a job: ``result``, or the reason why there is none."""

    job: Job
    result: dict | None
    error: str
    seconds: float


class _Worker:
    job: Job  # that it was given last

    def __init__(self):
        context = multiprocessing.get_context("spawn")  # a fork would have the parent's threads' locks, but not its threads
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_work, args=(other,), daemon=True)
        with _environment(MINIMIX_NUM_THREADS="1"), _no_script():  # the variable is read when the process imports minimix
            self.process.start()
        other.close()
        self.began = 0.0

    def give(self, job: Job) -> None:
        self.job, self.began = job, time.monotonic()
        with contextlib.suppress(OSError):  # it has died: ``answer`` tells
            self.pipe.send(job.config)

    def answer(self) -> Ended:
        try:
            result, error, seconds = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            result, error, seconds = None, _death(self.process.exitcode), time.monotonic() - self.began
        return Ended(self.job, result, error, seconds)

    def end(self) -> None:
        self.process.terminate()
        self.process.join(1.0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def ended(jobs: Iterable[Job], workers: int) -> Generator[Ended, None, None]:
    """What comes of the jobs, in the order in which they end. Closing this generator ends all processes, and what they do.

    workers: so many processes, no more than there are jobs.

    >>> jobs = [Job("a", "b", seed, {"job": "nothing", "name": "b", "seed": seed}) for seed in range(2)]
    >>> [one.result["accuracy"] for one in ended(jobs, 1)]
    [0.0, 1.0]
    """
    waiting = list(jobs)[::-1]
    crew = [_Worker() for _ in range(min(workers, len(waiting)))]
    try:
        for worker in crew:
            worker.give(waiting.pop())
        while crew:
            ready = connection.wait([worker.pipe for worker in crew])
            for worker in [worker for worker in crew if worker.pipe in ready]:
                yield worker.answer()
                if not waiting:
                    crew.remove(worker)
                    worker.end()
                    continue
                if not worker.process.is_alive():
                    crew.remove(worker)
                    worker.end()
                    worker = _Worker()
                    crew.append(worker)
                worker.give(waiting.pop())
    finally:
        for worker in crew:
            worker.end()


def _work(pipe) -> None:
    """What a process does until there is nothing more to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal: the coordinator decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            config, began = pipe.recv(), time.monotonic()
            result, error = attempt(config)
            pipe.send((result, error, time.monotonic() - began))


def attempt(config: dict) -> tuple[dict | None, str]:
    """(result, "") of a job, or (None, the reason): a job that fails stops no others."""
    try:
        return perform(config), ""
    except MemoryError:
        return None, "out of memory"
    except Exception as error:
        return None, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no more is known'}"


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # only called in a worker
    connection.wait([parent.sentinel])
    os._exit(1)


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"its process was ended by {name}" + (": out of memory, or killed by hand" if name == "SIGKILL" else "")
    return f"its process ended with exit code {code}"


@contextlib.contextmanager
def _no_script():
    """A new process would run the user's script again, up to the very call that starts the process; jobs need none of it."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@contextlib.contextmanager
def _environment(**variables: str):
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
