"""How a kernel gets onto several threads: it hands itself to them.

To start a thread from Python takes 60 to 100 microseconds, for the system must wake it, and then it must wait for Python's lock
and look at the types of thirty arguments. A block of a small network takes no longer than that. So the threads of a *team* wait
in compiled code, without Python and for a while without sleeping, and a kernel that begins with

    if share(team, start, step):
        return

lets them begin, too, in less than a microsecond: it writes its own address and its arguments where they look. Then all, the
caller's thread among them, run the same kernel with the same arguments, and only ``start`` differs. The first call returns when
all have done their share: until then its arguments stay.

A team is an array of integers. It begins as a meeting (``barrier.py``); then follow what is to be called, how many have done
it, whether one failed, and whether they are at it; behind each thread's count of meetings its task and the lock that it sleeps
at; and at the end the room for a kernel's arguments.
"""

import ctypes

import numpy as np
from llvmlite import binding as llvm
from llvmlite import ir
from numba import njit, types
from numba.core import config
from numba.extending import intrinsic

from minimix.kernels.atomic import increment, read, replace, swap
from minimix.kernels.barrier import ARRIVED, CALLED_OFF, LINE, new_meeting, wait_for
from minimix.kernels.jit import inlined, kernel

WORKERS, ENTRY, DONE, FAILED, BUSY, NOTHING = 2, 3, 4, 5, 6, 7  # behind a meeting's first two
TASK, LOCK = 1, 2  # in a thread's own line, behind how many times it has come to the meeting
ASLEEP, IDLE, KERNEL, PYTHON, RETIRE = -1, 0, 1, 2, 3  # tasks
FRAME = 2048  # integers, room for a kernel's arguments
LOOKS = 1_000_000  # for the next task before going to sleep, some 300 microseconds: in a network it comes soon

_python = ctypes.pythonapi
_python.PyThread_allocate_lock.restype = ctypes.c_void_p
_python.PyThread_acquire_lock.argtypes = ctypes.c_void_p, ctypes.c_int
for _name in ("PyThread_acquire_lock", "PyThread_release_lock"):  # Python's own locks: there are some on every system
    llvm.add_symbol(_name, ctypes.cast(getattr(_python, _name), ctypes.c_void_p).value)
_acquire = types.ExternalFunction("PyThread_acquire_lock", types.int32(types.intp, types.int32))
_release = types.ExternalFunction("PyThread_release_lock", types.void(types.intp))


def new_team(threads: int) -> np.ndarray:
    """Of one who calls kernels, and ``threads - 1`` workers, each of which must ``serve``."""
    team = np.concatenate([new_meeting(threads), np.zeros(FRAME, np.int64)])
    team[WORKERS] = threads - 1
    for worker in range(1, threads):
        lock = _python.PyThread_allocate_lock()
        _python.PyThread_acquire_lock(lock, 1)
        team[(1 + worker) * LINE + LOCK] = lock
    return team


@intrinsic
def _this_call(typing_context, team):
    """Write the arguments of the kernel that this is in to the end of ``team``. The address of a function that calls the kernel
    with them: ``call(address, where they are, start)``."""

    def generate(context, builder, signature, args):
        function, integer, index = builder.function, ir.IntType(64), ir.IntType(32)
        result, error, *arguments = function.args  # this is how Numba's functions begin; then come ours, arrays in parts
        frame = ir.LiteralStructType([argument.type for argument in arguments])
        if context.get_abi_sizeof(frame) > FRAME * 8:
            raise ValueError(f"the arguments of {function.name} take more room than a team has for them")
        places = [[ir.Constant(index, 0), ir.Constant(index, i)] for i in range(len(arguments))]
        array = context.make_array(signature.args[0])(context, builder, args[0])
        start = builder.sub(array.nitems, ir.Constant(integer, FRAME))
        here = builder.bitcast(builder.gep(array.data, [start]), frame.as_pointer())
        for place, argument in zip(places, arguments, strict=True):
            builder.store(argument, builder.gep(here, place))

        enter = ir.Function(builder.module, ir.FunctionType(index, [integer, integer]), function.name + ".enter")
        enter.linkage = "internal"
        inside = ir.IRBuilder(enter.append_basic_block())
        there = inside.inttoptr(enter.args[0], frame.as_pointer())
        given = [inside.load(inside.gep(there, place)) for place in places]
        given[0] = enter.args[1]  # start
        outcome, problem = inside.alloca(result.type.pointee), inside.alloca(error.type.pointee)
        inside.store(ir.Constant(error.type.pointee, None), problem)
        inside.ret(inside.call(function, [outcome, problem, *given], attrs=("noinline",)))
        return builder.ptrtoint(enter, integer)

    return types.int64(team), generate


@intrinsic
def _call(typing_context, address, frame, start):
    """The kernel whose ``_this_call`` gave the address: 0, or another number where it raised an exception."""

    def generate(context, builder, signature, args):
        function = ir.FunctionType(ir.IntType(32), [ir.IntType(64), ir.IntType(64)])
        return builder.call(builder.inttoptr(args[0], function.as_pointer()), args[1:])

    return types.int32(types.int64, types.int64, types.int64), generate


if config.DISABLE_JIT:  # then kernels run on one thread only

    def share(team, start, step):
        return False

else:

    @inlined
    def _hand(team, worker, task):
        mine = (1 + worker) * LINE
        if swap(team, mine + TASK, task) == ASLEEP:
            _release(team[mine + LOCK])

    @kernel
    def hand(team, worker, task):
        """Give a worker its task, and wake it if it sleeps."""
        _hand(team, worker, task)

    @inlined
    def _together(team, step, entry):
        team[ENTRY], team[BUSY] = entry, 1
        team[ARRIVED] = team[CALLED_OFF] = team[DONE] = team[FAILED] = 0
        for thread in range(step):
            team[(1 + thread) * LINE] = 0
        for worker in range(1, step):
            _hand(team, worker, KERNEL)
        if _call(entry, team.ctypes.data + 8 * (team.size - FRAME), 0) != 0:
            team[FAILED] = team[CALLED_OFF] = 1
        wait_for(team, DONE, step - 1, NOTHING)
        team[BUSY] = 0

    @njit(inline="always")  # in its own sense: ``_this_call`` must be in the kernel itself
    def share(team, start, step):
        """Who calls a kernel with start = 0 calls it on all threads, here, and waits for them: True, there is nothing left to
        do. False: this is one of these calls, or there is one thread only."""
        if start > 0 or step == 1 or team[WORKERS] == 0 or team[BUSY] != 0:
            return False
        _together(team, step, _this_call(team))
        return True

    @kernel
    def serve(team, worker):
        """Do one kernel after the other, and sleep in between when there is none for long. Returns with any other task."""
        mine = (1 + worker) * LINE
        frame = team.ctypes.data + 8 * (team.size - FRAME)
        while True:
            looks = 0
            task = read(team, mine + TASK)
            while task <= IDLE:
                looks += 1
                if looks > LOOKS and replace(team, mine + TASK, IDLE, ASLEEP):
                    _acquire(team[mine + LOCK], 1)
                task = read(team, mine + TASK)
            if task == RETIRE:
                return task
            if task == KERNEL and _call(team[ENTRY], frame, worker) != 0:
                team[FAILED] = team[CALLED_OFF] = 1
            replace(team, mine + TASK, task, IDLE)  # unless it is to retire
            if task != KERNEL:
                return task
            increment(team, DONE)
