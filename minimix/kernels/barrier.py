"""A meeting point of threads that run one kernel: none goes on before all have come.

Waking a thread takes some 50 microseconds, and in a training step there are a hundred kernels. So a kernel may have several
phases: its threads are woken once, and meet between them here. They wait without sleeping, for a few microseconds as a rule.

Who has waited much longer waits for a thread whose core another program has at the moment. Then it sleeps, a little at a time:
the system can give the free core to whoever wants one, and lets a sleeper go on soon after it wakes. (``sched_yield`` instead
gives the core away for milliseconds, at every meeting anew: beside two busy programs on two cores, a training step took 330 ms
that way, 150 to 190 this way, and 160 on one thread.)

A meeting is an array of integers: how many times threads have come, taken together; whether the meeting is called off because
one will never come; and how many times each of them has come, a cache line apart. ``threads.py`` makes it.
"""

import os

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from minimix.kernels.jit import inlined, kernel

ARRIVED, CALLED_OFF = 0, 1
LINE = 8  # integers in a cache line
PATIENCE = 100_000  # looks, some 100 microseconds
SLEEP = 50  # microseconds


def new_meeting(threads: int) -> np.ndarray:
    return np.zeros((1 + threads) * LINE, np.int64)


def call_off(meeting: np.ndarray) -> None:
    """Let those go on who wait: their results are of no use any more."""
    meeting[CALLED_OFF] = 1


def _pointer(context, builder, signature, args):
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return cgutils.get_item_pointer(context, builder, signature.args[0], array, [args[1]])


@intrinsic
def _increment(typing_context, array, index):
    """array[index] += 1, in one step that no other thread can come between."""

    def generate(context, builder, signature, args):
        pointer = _pointer(context, builder, signature, args)
        return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "seq_cst")

    return types.int64(array, types.intp), generate


@intrinsic
def _read(typing_context, array, index):
    """array[index], read anew: another thread may have changed it."""

    def generate(context, builder, signature, args):
        return builder.load_atomic(_pointer(context, builder, signature, args), "seq_cst", 8)

    return types.int64(array, types.intp), generate


SLEEPS = os.name == "posix"
_sleep = types.ExternalFunction("usleep", types.int32(types.uint32))


if config.DISABLE_JIT:  # then kernels run on one thread only

    def meet(meeting, start, step):
        pass

    def linger(calls, seen, looks):
        pass

else:

    @kernel
    def linger(calls, seen, looks):
        """Wait until calls[0] is no longer ``seen``, awake, but look no more than so many times."""
        while looks > 0 and _read(calls, 0) == seen:
            looks -= 1

    @inlined
    def meet(meeting, start, step):
        """Thread ``start`` waits for all ``step`` threads to come here, too."""
        if step > 1:
            mine = (1 + start) * LINE
            meeting[mine] += 1
            _increment(meeting, ARRIVED)
            looks = 0
            while _read(meeting, ARRIVED) < step * meeting[mine] and _read(meeting, CALLED_OFF) == 0:
                looks += 1
                if SLEEPS and looks > PATIENCE:
                    _sleep(SLEEP)
