"""How much more several threads compute than one, here and now: measured, since no system tells it all.

Cores may be shared with other programs, or be two halves of one, or be lent by a host that has others to serve.
"""

import statistics
import time

import numpy as np

from minimix.kernels.barrier import LINE
from minimix.kernels.jit import kernel
from minimix.kernels.threads import get_num_threads, parallel

STEPS = 200_000  # less than a millisecond's work, as in small layers


@kernel
def _work(start, step, count, out):
    """Arithmetic that needs no memory, the same on every thread."""
    x = start
    for _ in range(count):
        x = x * 6364136223846793005 + 1442695040888963407
    out[start * LINE] = x


def speedup(threads: int | None = None, seconds: float = 0.2) -> float:
    """How many times the work of one thread ``threads`` of them (None: all) do in the same time: 2.0 is best for two."""
    threads = min(get_num_threads() if threads is None else threads, get_num_threads())
    out = np.zeros(threads * LINE, np.int64)

    def spent(n: int) -> float:
        start = time.perf_counter()
        parallel(_work, STEPS, out, threads=n)
        return time.perf_counter() - start

    spent(1), spent(threads)  # compiles, and wakes the threads
    ratios, end = [], time.perf_counter() + seconds
    while not ratios or time.perf_counter() < end:
        ratios.append(threads * spent(1) / spent(threads))
    return min(float(statistics.median(ratios)), float(threads))
