"""Kernels that hand themselves to other threads: all begin, with the same arguments, and nobody is left behind."""

import signal
import time
from typing import NamedTuple

import numpy as np
import pytest
from numba.core import config

import minimix as mm
from minimix.kernels import threads
from minimix.kernels.barrier import meet
from minimix.kernels.jit import kernel
from minimix.kernels.team import share
from minimix.kernels.threads import parallel

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="plain Python runs on one thread")


class Pair(NamedTuple):
    array: np.ndarray
    factor: float


@kernel
def count(start, step, team, calls, pair):
    """calls[start] += 1, and each thread adds its items of the pair to the last row, after all have come."""
    if share(team, start, step):
        return
    calls[0, start] += step
    meet(team, start, step)
    for i in range(start, pair.array.size, step):
        calls[1, i] += pair.factor * pair.array[i] * calls[0].sum()


@kernel
def fails(start, step, team, bad, calls):
    if share(team, start, step):
        return
    if start == bad:
        raise ValueError("on purpose")
    meet(team, start, step)
    calls[start] += 1


def shared(n, **options):
    """Run ``count``, and check what it did."""
    mm.set_num_threads(n)
    calls, step = np.zeros((2, 8)), min(n, options.get("threads", n))
    parallel(count, calls, Pair(np.arange(8.0), 0.5), meets=True, **options)
    np.testing.assert_array_equal(calls[0], [step] * step + [0] * (8 - step))
    np.testing.assert_array_equal(calls[1], 0.5 * np.arange(8) * step**2)


def test_each_start_runs_once_with_the_same_arguments():
    for n in (1, 2, 5, 3, 8, 2):
        shared(n)
        shared(n)
    shared(4, threads=2)
    shared(4, threads=1)
    shared(4)


@pytest.mark.parametrize("seconds", [0, 0.00005, 0.0003, 0.002, 0.05])
def test_threads_that_sleep_or_are_about_to_wake(seconds):
    for _ in range(40):
        shared(3)
        time.sleep(seconds)


def test_idle_threads_take_no_time():
    shared(3)
    time.sleep(0.05)
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.1


def test_between_kernels_that_python_starts():
    seen: list = []
    for _ in range(20):
        shared(3)
        parallel(lambda start, step: seen.append(start))
        assert sorted(seen) == [0, 1, 2]
        seen.clear()


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_an_error_lets_the_others_go_and_reaches_the_caller(bad):
    mm.set_num_threads(3)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="fails failed"):
            parallel(fails, bad, np.zeros(3), meets=True)
    calls = np.zeros(3)
    parallel(fails, 3, calls, meets=True)
    np.testing.assert_array_equal(calls, 1)
    shared(3)


def test_a_kernel_that_cannot_be_compiled_waits_for_nobody():
    mm.set_num_threads(2)
    shared(2)
    with pytest.raises(Exception, match="(?s)Failed in nopython mode"):
        parallel(fails, "text", {}, meets=True)
    shared(2)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no such timer")
def test_interrupts_at_any_moment():
    """Whoever comes next finds all threads in step."""

    def interrupt(*_):
        raise KeyboardInterrupt

    shared(3)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for delay in np.random.default_rng(0).uniform(1e-6, 3e-4, 500):
            with pytest.raises(KeyboardInterrupt):
                try:
                    signal.setitimer(signal.ITIMER_REAL, delay)
                    while True:
                        parallel(count, np.zeros((2, 8)), Pair(np.arange(8.0), 0.5), meets=True)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            assert not threads._turn.locked()
            shared(3)
    finally:
        signal.signal(signal.SIGALRM, before)
