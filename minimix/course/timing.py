"""How long things take on the reader's machine."""

import time
from collections.abc import Callable, Mapping

import numpy as np

LONG = 2e-3  # seconds: what is faster is called several times in a row, so that the clock's steps do not count


def timed(functions: Mapping[str, Callable], seconds: float = 1.0, rounds: int = 9) -> dict[str, tuple[float, float, float]]:
    """{name: (lower quartile, median, upper quartile)} of the seconds that a call takes: what ``viz.ladder`` draws.

    functions: {name: function without arguments}. Each is called once before the clock starts, for compilers and caches. Then
    they take turns, ``rounds`` times, or until ``seconds`` are over, so that a machine that grows slower or faster treats all
    alike.

    Raises ValueError for no functions.

    >>> low, middle, high = timed({"a sum": lambda: sum(range(1000))}, seconds=0.1)["a sum"]
    >>> 0 < low <= middle <= high
    True
    """
    if not functions:
        raise ValueError("functions is empty: give {name: function}")
    calls, found = {}, {}
    for name, function in functions.items():
        function()
        once = _clocked(function, 1)
        calls[name], found[name] = max(1, int(LONG / max(once, 1e-9))), []
    end = time.perf_counter() + seconds
    for turn in range(rounds):
        if turn and time.perf_counter() > end:
            break
        for name, function in functions.items():
            found[name].append(_clocked(function, calls[name]) / calls[name])
    return {name: tuple(map(float, np.quantile(values, (0.25, 0.5, 0.75)))) for name, values in found.items()}


def _clocked(function: Callable, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        function()
    return time.perf_counter() - start
