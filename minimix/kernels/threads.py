"""A pool of Python threads that run jitted kernels side by side.

``parallel(kernel, *args)`` calls ``kernel(start, step, *args)`` once on each thread, with start = 0 .. step - 1. A kernel goes
through its items (mostly channels) as ``range(start, n, step)`` and owns all that it writes for an item, so that the result
is the same to the last bit for any number of threads; and since neighbours (which cost about the same) go to different
threads, the work is shared evenly.

Why not Numba's own ``prange``: of its threading layers one aborts the process when two Python threads call it at once, and
the other dies in a forked child and keeps cores spinning. Threads of our own need neither, start a kernel in half the time,
and leave the kernels plain loops that compile in half the time too.
"""

import contextlib
import os
import re
import threading

import numpy as np
from numba.core import config

from minimix.kernels import barrier, cores

LOOKS = 200_000  # at whether there is a next job, some 200 microseconds

_pool: list = []  # workers that wait, all in step
_turn = threading.Lock()  # one parallel call at a time; who finds it taken works alone
_threads = None


def _default_threads() -> int:
    for variable in ("MINIMIX_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(variable, "").strip()
        first = text.split(",")[0].strip()  # of OpenMP: further entries are for nested regions
        number = first if variable == "OMP_NUM_THREADS" else text
        if re.fullmatch(r"0*[1-9][0-9]{0,5}", number):
            return int(number)
        if text and variable == "MINIMIX_NUM_THREADS":  # the others are not minimix's own: OpenMP, too, passes over what is bad
            raise ValueError(f"{variable}={text!r}: expected a whole number of threads, 1 or more")
    return cores.usable()


def get_num_threads() -> int:
    """How many threads a kernel runs on: MINIMIX_NUM_THREADS, else NUMBA_NUM_THREADS, OMP_NUM_THREADS, else every core."""
    global _threads
    if _threads is None:
        _threads = _default_threads()
    return _threads


def threads_for(nanoseconds: float) -> int:
    """How many threads to use for work that takes one thread about so long: waking another costs some 50 microseconds."""
    return get_num_threads() if nanoseconds > 60_000 else 1


def set_num_threads(n: int) -> None:
    """Run kernels on ``n`` threads from now on. Changes speed only, never a result."""
    global _threads
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"set_num_threads: expected a whole number, 1 or more, not {n!r}")
    _threads = n


class _Worker:
    """One waiting thread. Locks serve as one-shot signals: the cheapest thing that wakes a Python thread.

    Who has done a job looks for the next one for a moment before going to sleep: in a training step it comes soon, and a core
    that sleeps takes long to wake. calls: how many times this worker was started.
    """

    def __init__(self):
        self.calls = np.zeros(1, np.int64)
        self.go, self.done = threading.Lock(), threading.Lock()
        self.go.acquire()
        self.done.acquire()
        self.job = self.error = None
        self.retired = False
        threading.Thread(target=self._run, name="minimix", daemon=True).start()

    def _run(self):
        seen = 0
        while True:
            self.go.acquire()
            seen += 1
            if self.retired:
                return
            function, args, meeting = self.job
            try:
                function(*args)
            except BaseException as error:  # raised again in the thread that asked
                self.error = error
                barrier.call_off(meeting)
            self.job = function = args = meeting = None
            self.done.release()
            barrier.linger(self.calls, seen, LOOKS)

    def start(self, function, args, meeting):
        self.job = function, args, meeting
        self.calls[0] += 1
        self.go.release()

    def retire(self):
        """End this thread: now, or when it has done what it is at."""
        self.retired = True
        with contextlib.suppress(RuntimeError):  # it has not even begun with its job, and will find the sign then
            self.go.release()

    def finish(self):
        self.done.acquire()
        error, self.error = self.error, None
        return error


def _after_fork() -> None:
    """A forked child has no workers, and nobody whose turn it is."""
    global _pool, _turn
    _pool, _turn = [], threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def parallel(kernel, *args, threads: int | None = None, meets: bool = False) -> None:
    """Run ``kernel(start, step, *args)`` for start = 0 .. step - 1, each on a thread of its own.

    threads: at most so many: the caller may have scratch space for no more (see ``threads_for``). Only one, where another
        Python thread has the pool.
    meets: the kernel has several phases, between which its threads meet: it is called as kernel(start, step, meeting, *args).
    """
    n = get_num_threads() if threads is None else max(1, min(threads, get_num_threads()))
    if meets and config.DISABLE_JIT:
        n = 1  # plain Python cannot wait without stopping all others
    turn = _turn
    if n == 1 or turn.locked():  # by another thread, or further up in this one
        if meets:
            args = barrier.new_meeting(1), *args
        kernel(0, 1, *args)
        return
    with turn:  # not acquire() and try: no interrupt comes between the two halves of a ``with``
        _together(kernel, args, n, meets)


def _together(kernel, args, n: int, meets: bool) -> None:
    """``parallel`` on n threads, in its turn."""
    global _pool
    meeting = barrier.new_meeting(n)
    if meets:
        args = meeting, *args
    errors = []
    pool, _pool = _pool, []  # put back when all are done. Otherwise some may be at work still, and out of step with us
    try:
        while len(pool) < n - 1:
            pool.append(_Worker())
        workers = pool[: n - 1]
        for i, worker in enumerate(workers, start=1):
            worker.start(kernel, (i, n, *args), meeting)
        try:
            kernel(0, n, *args)
        except Exception as error:
            barrier.call_off(meeting)
            errors.append(error)
        errors += [error for error in [worker.finish() for worker in workers] if error is not None]
    except BaseException:  # Ctrl-C: whoever comes next gets a new pool
        barrier.call_off(meeting)
        for worker in pool:
            worker.retire()
        raise
    _pool = pool
    for error in errors:
        raise error
