"""Threads that meet between the phases of a kernel: all wait for all, and nobody waits for one who will never come."""

import threading
import time

import numba
import numpy as np
import pytest
from numba.core import config

import minimix as mm
from minimix.kernels import barrier, threads
from minimix.kernels.threads import parallel

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="plain Python runs on one thread, which meets nobody")


def settles(condition, seconds=60) -> bool:
    """Whether ``condition()`` comes true in that time. Counted in short waits, of which a process that is stopped loses one."""
    for _ in range(100 * seconds):
        if condition():
            return True
        time.sleep(0.01)
    return False


def within(function, *args, **options):
    """What ``function(...)`` returns or raises, on a thread that is given up after a minute: no test waits for ever."""
    outcome = []

    def work():
        try:
            outcome.append((function(*args, **options), None))
        except BaseException as error:
            outcome.append((None, error))

    threading.Thread(target=work, daemon=True).start()
    assert settles(lambda: outcome), "threads wait for each other in vain"
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


@numba.njit(nogil=True)
def meet(meeting, start, step):
    barrier.meet(meeting, start, step)


@numba.njit(nogil=True)
def relay(start, step, meeting, table):
    """In each round a thread writes what it makes of all that the others wrote in the round before."""
    for r in range(1, len(table)):
        barrier.meet(meeting, start, step)
        total = np.int64(0)
        for i in range(step):
            total += table[r - 1, i]
        table[r, start] = (total * (start + 3) + r) % 1_000_003


def tables(n, rounds=6) -> tuple:
    """As ``relay`` finds its table, and as it should leave it."""
    after = np.ones((rounds, n), np.int64)
    before = after * [[1], *[[-1]] * (rounds - 1)]
    for r in range(1, rounds):
        after[r] = (after[r - 1].sum() * (np.arange(n) + 3) + r) % 1_000_003
    return before, after


def together(n) -> bool:
    """Whether ``n`` threads wait for each other, the first of which comes last."""
    mm.set_num_threads(n)
    table, expected = tables(n)

    def late(start, step, *args):
        time.sleep(0.002 * (step - start))
        relay(start, step, *args)

    parallel(late, table, meets=True)
    return np.array_equal(table, expected)


# -- meeting -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_nobody_goes_on_before_all_have_come(n):
    for _ in range(3):
        assert within(together, n)


def test_who_does_not_wait_is_noticed():
    table, expected = tables(3)
    meeting = barrier.new_meeting(3)
    barrier.call_off(meeting)
    for start in (2, 1, 0):
        relay(start, 3, meeting, table)
    assert not np.array_equal(table, expected)


def test_each_call_has_a_meeting_of_its_own():
    mm.set_num_threads(2)
    seen = []

    def kernel(start, step, meeting, *args):
        meet(meeting, start, step)
        seen.append((start, step, meeting, *args))

    for call in ("first", "second"):
        within(parallel, kernel, call, meets=True)
    within(parallel, kernel, "alone", threads=1, meets=True)
    assert sorted(s[:2] + s[3:] for s in seen[:4]) == [(i, 2, call) for i in range(2) for call in ("first", "second")]
    assert len({id(meeting) for _, _, meeting, _ in seen}) == 3
    assert [meeting[:2].tolist() for _, _, meeting, _ in seen] == [[2, 0]] * 4 + [[0, 0]]


def test_who_is_called_off_goes_on():
    meeting = barrier.new_meeting(2)
    thread = threading.Thread(target=meet, args=(meeting, 0, 2), daemon=True)
    thread.start()
    assert settles(lambda: meeting[barrier.ARRIVED] == 1) and thread.is_alive()
    barrier.call_off(meeting)
    assert settles(lambda: not thread.is_alive())
    within(meet, meeting, 0, 2)  # and nobody stops there later


@pytest.mark.skipif(not barrier.SLEEPS, reason="threads wait awake on this system")
def test_who_waits_for_long_sleeps():
    """And so leaves the core to those who could use it."""
    meet(barrier.new_meeting(1), 0, 1)  # compiled
    meeting, spent = barrier.new_meeting(2), []

    def wait():
        before = time.thread_time()
        meet(meeting, 0, 2)
        spent.append(time.thread_time() - before)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert settles(lambda: meeting[barrier.ARRIVED] == 1)
    time.sleep(0.5)
    within(meet, meeting, 1, 2)
    assert settles(lambda: spent) and spent[0] < 0.25


def test_a_kernel_that_calls_parallel_meets_alone_in_there():
    mm.set_num_threads(2)
    inner = []

    def nested(start, step, meeting):
        meet(meeting, start, step)
        parallel(lambda s, n, m: (meet(m, s, n), inner.append((start, s, n))), meets=True)
        meet(meeting, start, step)

    within(parallel, nested, meets=True)
    assert sorted(inner) == [(0, 0, 1), (1, 0, 1)]


# -- errors and Ctrl-C -------------------------------------------------------------------------------------------------------


def pool_threads() -> list:
    return [thread for thread in threading.enumerate() if thread.name == "minimix"]


@pytest.mark.parametrize("phase", [0, 1])
@pytest.mark.parametrize("bad", [{0}, {1}, {2}, {0, 1, 2}], ids=str)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_in_one_thread_lets_the_others_go(error, bad, phase):
    """The pool stays, or goes where the caller itself was interrupted; either way threads meet again, and none is left over."""
    mm.set_num_threads(3)
    meetings = []

    def kernel(start, step, meeting):
        meetings.append(meeting)
        for p in range(2):
            if start in bad and p == phase:
                raise error(f"on purpose in {start}")
            meet(meeting, start, step)

    assert within(together, 3)
    before = pool_threads()
    with pytest.raises(error, match=f"on purpose in {min(bad)}"):
        within(parallel, kernel, meets=True)
    assert meetings[0][barrier.CALLED_OFF]
    if error is KeyboardInterrupt and 0 in bad:
        assert settles(lambda: not any(thread.is_alive() for thread in before)), "threads wait for one who never comes"
    assert within(together, 3)
    assert len(pool_threads()) <= len(before)


@pytest.mark.parametrize("method", ["start", "finish"])
def test_interrupted_while_others_begin_or_end(method, monkeypatch):
    """As if the signal came during the second call of a worker's method: one has begun, the other has not; one has ended ..."""
    assert within(together, 3)
    pool, calls = threads._pool, []
    real = getattr(threads._Worker, method)

    def interrupted(worker, *args):
        calls.append(worker)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(worker, *args)

    def kernel(start, step, meeting):
        meet(meeting, start, step)

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(threads._Worker, method, interrupted)
        within(parallel, kernel, meets=True)
    assert calls == pool.workers and threads._pool is not pool
    assert within(together, 3)
