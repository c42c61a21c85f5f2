"""Derivatives from function values alone: central differences, and the complex step.

Central differences: (f(x + h v) - f(x - h v)) / 2h, wrong by O(h^2) and by rounding/h; h = 1e-6 balances the two in float64.
Complex step (Squire and Trapp 1998; Martins, Sturdza and Alonso 2003, eq. 6): Im f(x + i h v) / h. No two close numbers are
subtracted, so h can be 1e-20, and what is left is exact to rounding, provided that f is analytic.
"""

import warnings

import numpy as np

from minimix.gradcheck.probe import Probe

COMPLEX_STEP = 1e-20
FACTORS = (
    1.0,
    1 / 8,
    1 / 64,
    1 / 512,
    1 / 4096,
    8.0,
    64.0,
    512.0,
)  # of eps: the steps that are tried where eps itself is in doubt
PARTS = (1e-5, 1e-3)  # of the entry's own value
ComplexWarning = getattr(np, "exceptions", np).ComplexWarning


def _ordered_as(array: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """``direction`` in the memory order of ``array``: a sum of two orders would come out in neither."""
    ordered = np.empty_like(array, dtype=float)
    ordered[...] = direction
    return ordered


class CentralDifferences:
    """Jacobian columns and directional derivatives of ``probe`` by central differences with step ``eps``."""

    def __init__(self, probe: Probe, eps: float):
        self.probe, self.eps, self.base = probe, eps, probe.dense()

    def entry(self, k: int, position: int) -> np.ndarray:
        """Derivatives of all outputs with respect to entry ``position`` (C order) of Tensor k."""
        index = np.unravel_index(position, self.base[k].shape)
        return self._quotient(k, index, float(steps(self.base[k][index], self.eps)))[0]

    def candidates(self, k: int, position: int) -> tuple[np.ndarray, np.ndarray]:
        """(derivatives, how far they may be off), (S, M), as ``entry`` with S other steps.

        A step is too large where the function bends, near a kink and near the edge of its domain, too small where the outputs
        are so large that their difference is rounded away. The error is taken for what halving the step changes, and rounding.
        """
        index = np.unravel_index(position, self.base[k].shape)
        middle = self.base[k][index]
        found, doubts = [], []
        for step in [self.eps * factor for factor in FACTORS] + [abs(middle) * part for part in PARTS if middle]:
            if step < 4 * np.spacing(abs(middle)):
                continue
            wide, size = self._quotient(k, index, step)
            near, _ = self._quotient(k, index, step / 2)
            with np.errstate(invalid="ignore"):
                doubt = np.abs(near - wide) + 4 * 2.0**-53 * size / step
            doubt[np.isnan(doubt)] = np.inf
            found.append(near)
            doubts.append(doubt)
        return np.stack(found), np.stack(doubts)

    def _quotient(self, k: int, index: tuple, step: float) -> tuple[np.ndarray, np.ndarray]:
        """(the difference quotients, the size of the values)."""
        array = self.base[k]
        middle = array[index]
        high, low = middle + step, middle - step
        try:
            array[index] = high
            above = self.probe.values(self.base)
            array[index] = low
            below = self.probe.values(self.base)
        finally:
            array[index] = middle
        with np.errstate(all="ignore"):  # inf - inf: the report will say so
            return (above - below) / (high - low), np.maximum(np.abs(above), np.abs(below))

    def along(self, k: int, direction: np.ndarray, shrink: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """(Jacobian times v, v). v is ``direction`` as it came out after rounding x + h v and x - h v; huge entries take
        larger steps."""
        step, middle = self.eps / shrink, self.base[k]
        direction = _ordered_as(middle, direction) * (steps(middle, step) / step)
        high, low = middle + step * direction, middle - step * direction
        above = self.probe.values([*self.base[:k], high, *self.base[k + 1 :]])
        below = self.probe.values([*self.base[:k], low, *self.base[k + 1 :]])
        with np.errstate(invalid="ignore"):
            return (above - below) / (2 * step), (high - low) / (2 * step)

    def noise(self, k: int, direction: np.ndarray) -> np.ndarray:
        """How noisy each output is: what rounding inside of the function adds to it.

        Fifth differences over tiny steps, in which what is smooth leaves nothing (J. More and S. Wild, Estimating
        computational noise, 2011, sec. 2).
        """
        middle = self.base[k]
        direction = _ordered_as(middle, direction)
        with np.errstate(all="ignore"):
            rows = [
                self.probe.values([*self.base[:k], middle + i * self.eps / 64 * direction, *self.base[k + 1 :]])
                for i in range(8)
            ]
            differences = np.diff(np.stack(rows), 5, axis=0)
            return np.nan_to_num(np.max(np.abs(differences), axis=0) / np.sqrt(252), posinf=0)


def steps(x, eps: float):
    """The step for each entry: eps, but a millionth of those beside which eps vanishes."""
    size = np.abs(x)
    return np.where(eps < 4 * np.spacing(size), 1e-6 * size, eps)


class ComplexStep:
    """The same by the complex step."""

    def __init__(self, probe: Probe):
        self.probe = probe
        # All of them, for ops that refuse to mix dtypes.
        self.base = [p.astype(complex) if p.dtype == np.float64 else p for p in probe.dense()]

    def _imaginary(self, arrays) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ComplexWarning)  # a cast to real would quietly lose the derivative
            values = self.probe.values(arrays)
        return values.imag / COMPLEX_STEP

    def entry(self, k: int, position: int) -> np.ndarray:
        array, index = self.base[k], np.unravel_index(position, self.base[k].shape)
        middle = array[index]
        small = float(_small(middle.real))
        array[index] = middle + 1j * COMPLEX_STEP * small
        result = self._imaginary(self.base)
        array[index] = middle
        return result / small

    def along(self, k: int, direction: np.ndarray, shrink: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """(Jacobian times v, v), v being ``direction``, but shorter at entries that are tiny."""
        direction = _ordered_as(self.base[k], direction) * _small(self.base[k].real)
        moved = self.base[k] + 1j * COMPLEX_STEP * direction
        return self._imaginary([*self.base[:k], moved, *self.base[k + 1 :]]), direction


def _small(x):
    """1, but for entries so tiny that the complex step would be large beside them: their own size."""
    size = np.abs(x)
    return np.where((size < 1e-8) & (size > 0), np.maximum(size, 1e-280), 1.0)
