"""Fewer threads while other programs want the cores: what is noticed, for how long it counts, and that results stay."""

import time

import numpy as np
import pytest
from numba.core import config

import minimix as mm
from minimix.kernels import crowding, threads
from minimix.kernels.jit import kernel
from minimix.kernels.threads import parallel


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still; ``clock[0] += 1`` makes a second pass."""
    now = [100.0]
    monkeypatch.setattr(crowding.time, "perf_counter", lambda: now[0])
    return now


def told(state, asked, used, taken, seconds=crowding.ENOUGH, calls=10):
    """``calls`` kernels, ``seconds`` in all, while others had ``taken`` cores."""
    for _ in range(calls + 1):  # one more: ten tenths may be less than one
        state.note(asked, used, seconds / calls, taken * seconds / calls)


@pytest.mark.parametrize("threads, taken, left", [(2, 0.5, 1), (2, 1.7, 1), (8, 0.5, 7), (8, 1.5, 6), (8, 7.9, 1), (2, 0.1, 2)])
def test_as_many_threads_fewer_as_others_have_cores(threads, taken, left, clock):
    state = crowding.Crowding()
    assert state.limit(threads) == threads
    told(state, threads, threads, taken)
    assert state.limit(threads) == left and state.limit(1) == 1


def test_a_short_disturbance_is_passed_over(clock):
    state = crowding.Crowding()
    told(state, 2, 2, 2.0, seconds=0.005)
    told(state, 2, 2, 0.0)
    assert state.limit(2) == 2


def test_all_threads_are_tried_again_later_and_later(clock):
    state, pauses = crowding.Crowding(), []
    for _ in range(8):
        told(state, 2, 2, 1.0)
        begun = clock[0]
        while state.limit(2) == 1:
            clock[0] += 0.01
        pauses.append(clock[0] - begun)
    assert pauses[0] == pytest.approx(crowding.FIRST, abs=0.02) and pauses[-1] == pytest.approx(crowding.LONGEST, abs=0.02)
    assert pauses == sorted(pauses)
    told(state, 2, 2, 0.0)  # the cores are free
    told(state, 2, 2, 1.0)
    clock[0] += crowding.FIRST
    assert state.limit(2) == 2


def test_those_that_are_left_may_still_be_too_many(clock):
    state = crowding.Crowding()
    told(state, 8, 8, 1.9)
    assert state.limit(8) == 6
    told(state, 8, 6, 0.0)
    assert state.limit(8) == 6
    told(state, 8, 6, 2.9)
    assert state.limit(8) == 3


@pytest.mark.skipif(not crowding.WATCHED, reason="the system does not say how long a thread computed")
def test_a_clock_tells_waiting_from_computing():
    clock = crowding.Clock(time.perf_counter())
    time.sleep(0.05)
    wall, lost = clock.stop()
    assert 0.04 < lost < wall
    clock, end = crowding.Clock(time.perf_counter()), time.thread_time() + 0.05
    while time.thread_time() < end:
        pass
    wall, lost = clock.stop()
    assert lost < wall - 0.04


@kernel
def steps(start, step, seen):
    seen[start] = step


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="no compiled kernels")
def test_a_compiled_kernel_runs_on_what_is_left(monkeypatch):
    mm.set_num_threads(3)

    def used(**options):
        seen = np.zeros(3, np.int64)
        parallel(steps, seen, **options)
        return seen.tolist()

    assert used() == [3, 3, 3] and used(threads=2) == [2, 2, 0]
    monkeypatch.setattr(crowding.Crowding, "limit", lambda self, n: max(1, n - 1))
    assert used() == [2, 2, 0] and used(threads=2) == [1, 0, 0]
    starts = []
    parallel(lambda start, step: starts.append((start, step)))  # may sleep, or wait for Python's lock
    assert sorted(starts) == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.skipif(bool(config.DISABLE_JIT) or not crowding.WATCHED, reason="nothing is measured")
def test_lost_time_is_noted_and_a_new_number_of_threads_forgets_it(monkeypatch):
    mm.set_num_threads(2)
    steps(0, 1, np.zeros(2, np.int64))  # compiled
    noted, note = [], crowding.Crowding.note
    monkeypatch.setattr(crowding.Crowding, "note", lambda self, *told: noted.append(told) or note(self, *told))
    monkeypatch.setattr(crowding.Clock, "stop", lambda self: (1.0, 0.75))
    monkeypatch.setattr(crowding, "ENOUGH", 0.0)
    parallel(steps, np.zeros(2, np.int64))
    parallel(lambda start, step: None)
    (asked, used, wall, lost), *more = noted
    assert (asked, used, lost) == (2, 2, 1.5) and wall > 0 and not more
    assert threads._crowding.limit(2) == 1 and mm.get_num_threads() == 2
    mm.set_num_threads(2)
    assert threads._crowding.limit(2) == 2


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="no compiled kernels")
def test_to_wait_for_the_compiler_is_not_a_sign_of_others(monkeypatch):
    @kernel
    def fresh(start, step, seen):
        seen[start] += step

    noted, seen = [], np.zeros(2, np.int64)
    monkeypatch.setattr(crowding.Crowding, "note", lambda self, *told: noted.append(told))
    mm.set_num_threads(2)
    parallel(fresh, seen)
    assert seen.tolist() == [2, 2] and not noted
    parallel(fresh, seen)
    assert seen.tolist() == [4, 4] and len(noted) == crowding.WATCHED
