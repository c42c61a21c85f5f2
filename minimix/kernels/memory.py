"""Arrays whose memory is used again: nothing is allocated anew in a training loop.

Fresh memory is expensive: the system hands it out page by page at the first touch, at about the price of a whole pass over
it (64 MB: 4.8 ms against 0.3 ms when it is already there). So blocks go back to a shelf when the last array that views them is
gone, and the next request of that size takes them from there. Every block starts at a page, and so at a multiple of 64 bytes: a
cache line, and the widest vector register.

The shelf holds no more than four times what was in use at once (a network that evaluates needs three), so that the sizes of
every picture that ever came by do not pile up. What has waited longest goes first. What is needed for a moment only has a
shelf of its own, where one piece, the largest, serves requests of all sizes. Blocks are asked of the system itself: it has them
back as soon as they are given up, while those of C's allocator stay with the process where anything is in use behind them.
"""

import contextlib
import math
import mmap
import os
import threading
import weakref

import numpy as np

ALIGNMENT = 64  # bytes
GRAIN = 4096  # sizes are rounded up to this, so that nearly equal requests share blocks
SMALL = 1 << 15  # below this, NumPy's own allocator is as good
HUGE = 1 << 22  # from here on we ask for large pages, too, as NumPy does: fewer entries in the processor's table of pages
FLOOR, LIMIT = 1 << 28, 1 << 30  # the shelf may always hold the first, and never more than the second

_shelf: dict[int, list[mmap.mmap]] = {}  # lists by size, the size used last at the end
_scratch: list[mmap.mmap] = []  # blocks for what is needed for a moment
_shelved = 0  # bytes in both
_in_use = _most = 0  # bytes in blocks that somebody has; the most that these have been
_watched: "dict[int, _Watch]" = {}  # of every block that somebody has, by its id
_lock = threading.RLock()  # the same thread can come twice: arrays can end at any moment


class _Watch(weakref.ref):
    """Of the array that was made in ``block``: views of it, and of these, keep it alive. When it ends the block is shelved."""

    __slots__ = ("block", "scratch")
    block: mmap.mmap
    scratch: bool


def empty(shape, dtype=np.float32, scratch: bool = False) -> np.ndarray:
    """``np.empty``, from shelved memory where there is some of that size. The content is whatever was there.

    scratch: it is needed for a moment only, as something of another size may be next. A larger piece will do; where there is
        none, a new one takes the place of the smaller ones.

    >>> from minimix.kernels import memory
    >>> memory.empty((3, 5)).shape
    (3, 5)
    """
    global _shelved, _in_use, _most
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes < SMALL:
        return np.empty(shape, dtype)
    size = -(-nbytes // GRAIN) * GRAIN
    with _lock:
        block = _large_enough(size) if scratch else _shelf[size].pop() if _shelf.get(size) else None
        if block is not None:
            _shelved -= len(block)
        else:
            try:
                block = _new(size)
            except (OSError, OverflowError, ValueError):
                return np.empty(shape, dtype)  # whose error says more
        array = np.ndarray(shape, dtype, block)
        watch = _watched[id(block)] = _Watch(array, _put)
        watch.block, watch.scratch = block, scratch
        _in_use += len(block)
        _most = max(_most, _in_use)
    return array


def _large_enough(size: int) -> mmap.mmap | None:
    """The smallest of the pieces that will do. Where none does, all are given up: the next ones get the new, larger one."""
    global _shelved
    fit = min((block for block in _scratch if len(block) >= size), key=len, default=None)
    if fit is None:
        _shelved -= sum(map(len, _scratch))
        _scratch.clear()
    else:
        _scratch.remove(fit)
    return fit


def _new(size: int) -> mmap.mmap:
    private = {} if os.name == "nt" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}  # a forked child has its own
    block = mmap.mmap(-1, size, **private)
    if size >= HUGE and hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # Linux without them
            block.madvise(mmap.MADV_HUGEPAGE)
    return block


def _put(watch: _Watch) -> None:
    global _shelved, _in_use
    block, size = watch.block, len(watch.block)
    with _lock:
        del _watched[id(block)]
        _in_use -= size
        limit = min(LIMIT, max(FLOOR, 4 * _most))
        if size > limit:
            return
        while _shelved + size > limit and _shelf:  # sizes that nobody asks for any more are in the way
            oldest = next(iter(_shelf))
            if _shelf[oldest]:
                _shelf[oldest].pop()
                _shelved -= oldest
            else:
                del _shelf[oldest]
        _shelved += size
        if watch.scratch:
            _scratch.append(block)
            return
        blocks = _shelf.pop(size, [])
        blocks.append(block)
        _shelf[size] = blocks


def several(sizes, dtype, scratch: bool = False, whole: np.ndarray | None = None) -> list[np.ndarray]:
    """Flat arrays of these sizes in one piece of memory, for what is needed equally long. Each begins at a cache line.

    scratch: as of ``empty``: the next who needs some gets the same piece, which is in the cache.
    whole: the piece, if there is one already. Raises MemoryError where it is too small.

    >>> [array.size for array in several((5, 0, 7), np.float32)]
    [5, 0, 7]
    """
    line = ALIGNMENT // np.dtype(dtype).itemsize
    starts = [0]
    for size in sizes:
        starts.append(starts[-1] + -(-size // line) * line)
    total = starts[-1]
    if whole is None:
        whole = empty((total,), dtype, scratch)
    elif whole.size < total:
        raise MemoryError(f"{total} numbers are wanted of {whole.size}")
    return [whole[start : start + size] for start, size in zip(starts, sizes, strict=False)]


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
        _scratch.clear()
        _shelved, _most = 0, _in_use
