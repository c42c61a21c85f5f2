"""A meeting point of threads that run one kernel: none goes on before all have come.

To hand a kernel to other threads takes time, and in a training step there are a hundred kernels. So a kernel may have several
phases: its threads begin together (``team.py``), and meet between them here. They wait without sleeping, for a few microseconds
as a rule.

Who has waited much longer waits for a thread whose core another program has at the moment. Then it sleeps, a little at a time:
the system can give the free core to whoever wants one, and lets a sleeper go on soon after it wakes. (``sched_yield`` instead
gives the core away for milliseconds, at every meeting anew: beside two busy programs on two cores, a training step took 330 ms
that way, 150 to 190 this way, and 160 on one thread.)

A meeting is an array of integers: how many times threads have come, taken together; whether the meeting is called off because
one will never come; and how many times each of them has come, a cache line apart. ``threads.py`` makes it.
"""

import os

import numpy as np
from numba import types
from numba.core import config

from minimix.kernels.atomic import increment, read
from minimix.kernels.jit import inlined

ARRIVED, CALLED_OFF = 0, 1
LINE = 8  # integers in a cache line
PATIENCE = 1_000_000  # looks, some 300 microseconds
SLEEP = 50  # microseconds


def new_meeting(threads: int) -> np.ndarray:
    return np.zeros((1 + threads) * LINE, np.int64)


def call_off(meeting: np.ndarray) -> None:
    """Let those go on who wait: their results are of no use any more."""
    meeting[CALLED_OFF] = 1


SLEEPS = os.name == "posix"
_sleep = types.ExternalFunction("usleep", types.int32(types.uint32))


if config.DISABLE_JIT:  # then kernels run on one thread only

    def wait_for(array, index, count, sign):
        pass

    def meet(meeting, start, step):
        pass

else:

    @inlined
    def wait_for(array, index, count, sign):
        """Wait until array[index] is ``count`` or more, or array[sign] is not 0."""
        looks = 0
        while read(array, index) < count and read(array, sign) == 0:
            looks += 1
            if SLEEPS and looks > PATIENCE:
                _sleep(SLEEP)

    @inlined
    def meet(meeting, start, step):
        """Thread ``start`` waits for all ``step`` threads to come here, too."""
        if step > 1:
            mine = (1 + start) * LINE
            meeting[mine] += 1
            increment(meeting, ARRIVED)
            wait_for(meeting, ARRIVED, step * meeting[mine], CALLED_OFF)
