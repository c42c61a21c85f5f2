"""Fewer threads while other programs want the cores.

The threads of a kernel have equal shares, and all wait for the last. When the system gives one thread's core to another program
for some milliseconds, all of them lose these milliseconds, and where a kernel's threads meet between its phases, they lose them
at every meeting: beside two busy programs on two cores, a training step took twice as long on two threads as on one.

So the pool notes how much of its time each thread did not get: from when it was called to when it was done, less what it
computed. If that comes to a good part of a core, kernels run on so many threads fewer for a while, and then all are tried
again. Results do not depend on it: they are the same for any number of threads.
"""

import math
import os
import time

WATCHED = os.name == "posix"  # Windows counts the time of a thread in steps of 16 ms
ENOUGH = 0.05  # seconds of work to judge by
TOLERATED = 0.25  # cores that others may have
WAKING = 1e-4  # seconds that it may take to wake a thread
FIRST, LONGEST = 0.2, 2.0  # seconds until all threads are tried again


class Crowding:
    """What is known of the other programs. ``limit`` says how many threads to use, ``note`` tells how they got on."""

    def __init__(self):
        self._wall = self._lost = 0.0
        self._fewer, self._until, self._pause = 0, -math.inf, FIRST

    def limit(self, threads: int) -> int:
        return threads if time.perf_counter() >= self._until else max(1, threads - self._fewer)

    def note(self, asked: int, used: int, wall: float, lost: float) -> None:
        """A kernel ran for ``wall`` seconds on ``used`` of ``asked`` threads, which did not get ``lost`` seconds in all."""
        self._wall += wall
        self._lost += lost
        if self._wall < ENOUGH:
            return
        taken, self._wall, self._lost = self._lost / self._wall, 0.0, 0.0  # cores that others had
        if taken > TOLERATED:
            self._fewer = asked - used + math.ceil(taken)
            self._until = time.perf_counter() + self._pause
            self._pause = min(2 * self._pause, LONGEST)
        elif used == asked:
            self._pause = FIRST


class Clock:
    """Of one thread: the time since ``begun``, and how much of it the thread did not compute."""

    def __init__(self, begun: float):
        self.begun, self.before = begun, time.thread_time()

    def stop(self) -> tuple[float, float]:
        """(seconds, seconds of them without a core)"""
        wall = time.perf_counter() - self.begun
        return wall, max(0.0, wall - WAKING - (time.thread_time() - self.before))
