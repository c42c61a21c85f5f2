"""Arrays whose memory is used again: nothing is allocated anew in a training loop.

Fresh memory is expensive: the system hands it out page by page at the first touch, at about the price of a whole pass over
it (64 MB: 4.8 ms against 0.3 ms when it is already there). So blocks go back to a shelf when the last array that views them is
gone, and the next request of that size takes them from there. Every block starts at a multiple of 64 bytes: a cache line,
and the widest vector register.

The shelf holds no more than four times what was in use at once (a network that evaluates needs three), so that the sizes of
every picture that ever came by do not pile up. What has waited longest goes first. Large blocks are asked of the system itself:
it has them back as soon as they are given up, while those of C's allocator stay with the process where anything is in use
behind them.
"""

import contextlib
import math
import mmap
import os
import threading

import numpy as np

ALIGNMENT = 64  # bytes
GRAIN = 4096  # sizes are rounded up to this, so that nearly equal requests share blocks
SMALL = 1 << 15  # below this, NumPy's own allocator is as good
MAPPED = 1 << 17  # from here on the system is asked
HUGE = 1 << 22  # from here on for large pages, too, as NumPy does: fewer entries in the processor's table of pages
FLOOR, LIMIT = 1 << 28, 1 << 30  # the shelf may always hold the first, and never more than the second

_shelf: dict[int, list] = {}  # lists by size, the size used last at the end
_shelved = 0  # bytes in them
_in_use = _most = 0  # bytes in blocks that somebody has; the most that these have been
_lock = threading.RLock()  # the same thread can come twice: __del__ can run at any moment


class _Block:
    """Owner of one piece of memory. Arrays that view it keep it alive; when the last one goes, the memory is shelved."""

    __slots__ = ("__array_interface__", "memory")

    def __init__(self, nbytes: int):
        self.memory = _take(nbytes)
        self.__array_interface__ = self.memory.__array_interface__

    def __del__(self):
        try:  # not contextlib.suppress: when Python is ending, that may be gone already
            _put(self.memory)
        except (AttributeError, TypeError):  # no memory in __init__; or Python is ending
            pass


def _take(nbytes: int) -> np.ndarray:
    global _shelved
    with _lock:
        blocks = _shelf.get(nbytes)
        if blocks:
            _shelved -= nbytes
            _count(nbytes)
            return blocks.pop()
    memory = _new(nbytes)
    with _lock:
        _count(nbytes)
    return memory


def _count(nbytes: int) -> None:
    global _in_use, _most
    _in_use += nbytes
    _most = max(_most, _in_use)


def _new(nbytes: int) -> np.ndarray:
    if nbytes >= MAPPED:
        private = {} if os.name == "nt" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}  # a forked child has its own
        with contextlib.suppress(OSError, OverflowError, ValueError):  # NumPy's own error says more
            pages = mmap.mmap(-1, nbytes, **private)
            if nbytes >= HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
                with contextlib.suppress(OSError):  # Linux without them
                    pages.madvise(mmap.MADV_HUGEPAGE)
            return np.frombuffer(pages, np.uint8)
    raw = np.empty(nbytes + ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes]


def _put(memory: np.ndarray) -> None:
    global _shelved, _in_use
    with _lock:
        _in_use -= memory.nbytes
        limit = min(LIMIT, max(FLOOR, 4 * _most))
        if memory.nbytes > limit:
            return
        while _shelved + memory.nbytes > limit:  # sizes that nobody asks for any more are in the way
            size = next(iter(_shelf))
            if _shelf[size]:
                _shelf[size].pop()
                _shelved -= size
            else:
                del _shelf[size]
        _shelved += memory.nbytes
        blocks = _shelf.pop(memory.nbytes, [])
        blocks.append(memory)
        _shelf[memory.nbytes] = blocks


def empty(shape, dtype=np.float32) -> np.ndarray:
    """``np.empty``, from shelved memory where there is some of that size. The content is whatever was there.

    >>> from minimix.kernels import memory
    >>> memory.empty((3, 5)).shape
    (3, 5)
    """
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes < SMALL:
        return np.empty(shape, dtype)
    block = _Block(-(-nbytes // GRAIN) * GRAIN)
    return np.asarray(block)[:nbytes].view(dtype).reshape(shape)


def empty_like(array: np.ndarray) -> np.ndarray:
    """The same for the shape, dtype and memory order of an array."""
    order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))  # slowest axis first
    block = empty([array.shape[axis] for axis in order], array.dtype)
    return block.transpose([order.index(axis) for axis in range(array.ndim)])


def shelved_bytes() -> int:
    """Memory that waits to be used again, in bytes."""
    return _shelved


def _new_lock() -> None:
    """A forked child may find the lock taken by a thread that it does not have."""
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def release() -> None:
    """Give all waiting memory back to the system."""
    global _shelved, _most
    with _lock:
        _shelf.clear()
        _shelved, _most = 0, _in_use
