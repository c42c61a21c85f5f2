"""How long things take on the reader's machine."""

import contextlib
import time
from collections.abc import Callable, Mapping

import numpy as np

from minimix.kernels.threads import get_num_threads, set_num_threads

LONG = 2e-3  # seconds: what is faster is called several times in a row, so that the clock's steps do not count


def timed(
    functions: Mapping[str, Callable], seconds: float = 1.0, rounds: int = 9, threads: int | None = None
) -> dict[str, tuple[float, float, float]]:
    """{name: (fastest, median, upper quartile)} of the seconds that a call takes: what ``viz.ladder`` draws.

    functions: {name: function without arguments}. Each is called once before the clock starts, for compilers and caches. Then
    they take turns, ``rounds`` times, or until ``seconds`` are over, so that a machine that grows slower or faster treats all
    alike. Compare the fastest where other programs may be at work: they make things slower, never faster.
    threads: for minimix, and for the matrix products behind NumPy; None leaves both as they are.

    Raises ValueError for no functions, or less than one thread.

    >>> fastest, middle, high = timed({"a sum": lambda: sum(range(1000))}, seconds=0.1, threads=1)["a sum"]
    >>> 0 < fastest <= middle <= high
    True
    """
    if not functions:
        raise ValueError("functions is empty: give {name: function}")
    calls, found = {}, {}
    with _threads(threads):
        for name, function in functions.items():
            function()
            calls[name], found[name] = max(1, int(LONG / max(_clocked(function, 1), 1e-9))), []
        end = time.perf_counter() + seconds
        for turn in range(rounds):
            if turn and time.perf_counter() > end:
                break
            for name, function in functions.items():
                found[name].append(_clocked(function, calls[name]) / calls[name])
    return {name: tuple(map(float, np.quantile(values, (0, 0.5, 0.75)))) for name, values in found.items()}


def _clocked(function: Callable, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        function()
    return time.perf_counter() - start


@contextlib.contextmanager
def _threads(n: int | None):
    """So many inside, as many as before afterwards."""
    if n is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    before = get_num_threads()
    set_num_threads(n)
    try:
        with threadpool_limits(limits=n, user_api="blas"):
            yield
    finally:
        set_num_threads(before)
