"""A pool of Python threads that run jitted kernels side by side.

``parallel(kernel, *args)`` calls ``kernel(start, step, *args)`` once on each thread, with start = 0 .. step - 1. A kernel goes
through its items (mostly channels) as ``range(start, n, step)`` and owns all that it writes for an item, so that the result
is the same to the last bit for any number of threads; and since neighbours (which cost about the same) go to different
threads, the work is shared evenly.

minimix's own kernels hand themselves to the others (``team.py``); whatever else can be called is started on them by Python,
which takes longer.

Why not Numba's own ``prange``: of its threading layers one aborts the process when two Python threads call it at once, and
the other dies in a forked child and keeps cores spinning. Threads of our own need neither, start a kernel in less time,
and leave the kernels plain loops that compile in half the time too.
"""

import os
import re
import threading

from numba.core import config
from numba.core.dispatcher import Dispatcher

from minimix.kernels import barrier, cores
from minimix.kernels import team as teams

_pool = None  # workers that wait, all in step
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


def threads_for(nanoseconds: float, shared: bool = False) -> int:
    """How many threads to use for work that takes one thread about so long: to hand it out costs time, too.

    shared: it is a kernel that hands itself out, which costs little.
    """
    return get_num_threads() if nanoseconds > (10_000 if shared else 60_000) else 1


def set_num_threads(n: int) -> None:
    """Run kernels on ``n`` threads from now on. Changes speed only, never a result."""
    global _threads
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"set_num_threads: expected a whole number, 1 or more, not {n!r}")
    _threads = n


class _Pool:
    """Threads that wait for work, and the team that they are."""

    def __init__(self, n: int):
        self.team = teams.new_team(n)
        self.workers = [_Worker(self, number) for number in range(1, n)]

    def retire(self) -> None:
        """End its threads: now, or when they have done what they are at."""
        for worker in self.workers:
            teams.hand(self.team, worker.number, teams.RETIRE)


class _Worker:
    """One waiting thread. Kernels that hand themselves out it does by itself; whatever else, it is started with."""

    def __init__(self, pool: _Pool, number: int):
        self.pool, self.number = pool, number
        self.done = threading.Lock()
        self.done.acquire()
        self.job = self.error = None
        threading.Thread(target=self._run, name="minimix", daemon=True).start()

    def _run(self):
        while teams.serve(self.pool.team, self.number) != teams.RETIRE:
            function, args, meeting = self.job
            try:
                function(*args)
            except BaseException as error:  # raised again in the thread that asked
                self.error = error
                barrier.call_off(meeting)
            self.job = function = args = meeting = None
            self.done.release()

    def start(self, function, args, meeting):
        self.job = function, args, meeting
        teams.hand(self.pool.team, self.number, teams.PYTHON)

    def finish(self):
        self.done.acquire()
        error, self.error = self.error, None
        return error


def _after_fork() -> None:
    """A forked child has no workers, and nobody whose turn it is."""
    global _pool, _turn
    _pool, _turn = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def parallel(kernel, *args, threads: int | None = None, shares: bool = False, meets: bool = False) -> None:
    """Run ``kernel(start, step, *args)`` for start = 0 .. step - 1, each on a thread of its own.

    threads: at most so many: the caller may have scratch space for no more (see ``threads_for``). Only one, where another
        Python thread has the pool.
    shares: it is called as kernel(start, step, team, *args), and begins with ``share`` (``team.py``).
    meets: the same, and it has several phases, between which its threads meet.
    """
    n = get_num_threads() if threads is None else max(1, min(threads, get_num_threads()))
    turn = _turn
    if n == 1 or turn.locked() or config.DISABLE_JIT:  # by another thread, or further up in this one
        if shares or meets:
            args = barrier.new_meeting(1), *args
        kernel(0, 1, *args)
        return
    with turn:  # not acquire() and try: no interrupt comes between the two halves of a ``with``
        _together(kernel, args, n, shares or meets)


def _together(kernel, args, n: int, shares: bool) -> None:
    """``parallel`` on n threads, in its turn."""
    global _pool
    pool, _pool = _pool, None  # put back when all are done. Otherwise some may be at work still, and out of step with us
    try:
        if pool is None or len(pool.workers) < n - 1:
            if pool is not None:
                pool.retire()
            pool = _Pool(n)
        if shares and isinstance(kernel, Dispatcher):
            errors = _shared(kernel, args, n, pool)
        else:
            errors = _started(kernel, args, n, pool, shares)
    except BaseException:  # Ctrl-C: whoever comes next gets a new pool
        if pool is not None:
            pool.retire()
        raise
    _pool = pool
    for error in errors:
        raise error


def _shared(kernel, args, n: int, pool: _Pool) -> list:
    """A kernel that hands itself to the others."""
    pool.team[teams.FAILED] = 0
    try:
        kernel(0, n, pool.team, *args)
    except Exception as error:  # it cannot be compiled
        return [error]
    return [RuntimeError(f"{kernel.__name__} failed: set_num_threads(1) shows why")] if pool.team[teams.FAILED] else []


def _started(kernel, args, n: int, pool: _Pool, shares: bool) -> list:
    """Anything else that can be called."""
    meeting, errors = barrier.new_meeting(n), []
    if shares:
        args = meeting, *args
    workers = pool.workers[: n - 1]
    try:
        for i, worker in enumerate(workers, start=1):
            worker.start(kernel, (i, n, *args), meeting)
        try:
            kernel(0, n, *args)
        except Exception as error:
            barrier.call_off(meeting)
            errors.append(error)
        return errors + [error for error in [worker.finish() for worker in workers] if error is not None]
    except BaseException:
        barrier.call_off(meeting)
        raise
