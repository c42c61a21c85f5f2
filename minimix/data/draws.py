"""Random numbers that stay the same for ever: on every platform, and with every version of NumPy.

NumPy promises that a bit generator (PCG64) keeps its stream, but not that ``Generator.integers`` or ``permutation`` keep
theirs. So everything here is made from PCG64's raw 64-bit words, by arithmetic that can be read below. And nothing has a state
that a checkpoint would have to hold: a stream is named by its *key* (what for, seed, epoch, batch, ...), and the same key
starts the same stream again.
"""

import numpy as np

# The first number of a key: what the stream is for.
SHUFFLE, AUGMENT, PATTERNS, VALIDATION, OWN_AUGMENT, FLIP = 1, 2, 3, 4, 5, 6


class Draws:
    """A stream of random numbers, named by a key of whole numbers, 0 or more.

    >>> from minimix.data.draws import Draws
    >>> bool((Draws(1, 2).integers(10, 5) == Draws(1, 2).integers(10, 5)).all())
    True
    >>> Draws(1, 2).integers(10, 5)
    array([4, 4, 4, 2, 8])
    """

    def __init__(self, *key: int):
        self._bits = np.random.PCG64(np.random.SeedSequence(key))

    def raw(self, n: int) -> np.ndarray:
        """``n`` uint64, all 64 bits random."""
        return self._bits.random_raw(n)

    def integers(self, high: int, n: int) -> np.ndarray:
        """``n`` int64, each of 0 .. high - 1 equally likely (to within high / 2**32, for high up to 2**31)."""
        return ((self.raw(n) >> np.uint64(32)) * np.uint64(high) >> np.uint64(32)).astype(np.int64)

    def between(self, low: int, high: int, n: int) -> np.ndarray:
        """``n`` int64 from low to high, both included."""
        return self.integers(high - low + 1, n) + low

    def bytes(self, n: int) -> np.ndarray:
        """``n`` uint8, eight from each word, lowest byte first."""
        return self.raw(-(-n // 8)).astype("<u8").view(np.uint8)[:n]

    def permutation(self, n: int) -> np.ndarray:
        """0 .. n - 1 in random order, int64: the order that sorts ``n`` random words."""
        return np.argsort(self.raw(n), kind="stable").astype(np.int64)
