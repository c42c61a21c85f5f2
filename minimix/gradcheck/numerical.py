"""Derivatives from function values alone: central differences, and the complex step.

Central differences: (f(x + h v) - f(x - h v)) / 2h, wrong by O(h^2) and by rounding/h; h = 1e-6 balances the two in float64.
Complex step (Squire and Trapp 1998; Martins, Sturdza and Alonso 2003, eq. 6): Im f(x + i h v) / h. No two close numbers are
subtracted, so h can be 1e-20, and what is left is exact to rounding, provided that f is analytic.
"""

import warnings

import numpy as np

from minimix.gradcheck.probe import Probe

COMPLEX_STEP = 1e-20
FACTORS = (1.0, 1 / 8, 1 / 64, 8.0, 64.0, 512.0)  # of eps: the steps that are tried where eps itself is in doubt
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
        self.size = 1  # of the outputs; known after the first difference

    def entry(self, k: int, position: int) -> np.ndarray:
        """Derivatives of all outputs with respect to entry ``position`` (C order) of Tensor k."""
        array, index = self.base[k], np.unravel_index(position, self.base[k].shape)
        middle = array[index]
        high, low = middle + self.eps, middle - self.eps
        if high == low:
            raise ValueError(
                f"eps={self.eps} vanishes beside {self.probe.names[k]}{tuple(map(int, index))} = {middle}: use a larger eps"
            )
        array[index] = high
        above = self.probe.values(self.base)
        array[index] = low
        below = self.probe.values(self.base)
        array[index] = middle
        with np.errstate(invalid="ignore"):  # inf - inf: the report will say so
            return (above - below) / (high - low)

    def best(self, k: int, position: int) -> tuple[np.ndarray, np.ndarray]:
        """The derivatives of ``entry`` with the steps that suit each output best, and how far they may be off.

        A step is too large where the function bends, near a kink and near the edge of its domain, too small where the outputs
        are so large that their difference is rounded away. The error is taken for what halving the step changes, and rounding.
        """
        array, index = self.base[k], np.unravel_index(position, self.base[k].shape)
        middle = array[index]
        steps = [self.eps * factor for factor in FACTORS] + [abs(middle) * part for part in PARTS if middle]
        best = doubt = None
        try:
            for step in steps:
                wide, size = self._difference(k, index, middle, step)
                near, _ = self._difference(k, index, middle, step / 2)
                with np.errstate(invalid="ignore"):
                    error = np.abs(near - wide) + 4 * 2.0**-53 * size / step
                error[np.isnan(error)] = np.inf
                if best is None:
                    best, doubt = near, error
                else:
                    better = error < doubt
                    best, doubt = np.where(better, near, best), np.where(better, error, doubt)
        finally:
            array[index] = middle
        return best, doubt

    def _difference(self, k: int, index: tuple, middle: float, step: float) -> tuple[np.ndarray, np.ndarray]:
        """(the quotient, the size of the values) for one step."""
        array = self.base[k]
        high, low = middle + step, middle - step
        if high == low:
            return np.full(self.size, np.nan), np.ones(self.size)
        with np.errstate(all="ignore"):
            array[index] = high
            above = self.probe.values(self.base)
            array[index] = low
            below = self.probe.values(self.base)
            self.size = above.size
            return (above - below) / (high - low), np.maximum(np.abs(above), np.abs(below))

    def along(self, k: int, direction: np.ndarray, shrink: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """(Jacobian times v, v). v is ``direction`` as it came out after rounding x + h v and x - h v."""
        step, middle = self.eps / shrink, self.base[k]
        direction = _ordered_as(middle, direction)
        high, low = middle + step * direction, middle - step * direction
        above = self.probe.values([*self.base[:k], high, *self.base[k + 1 :]])
        below = self.probe.values([*self.base[:k], low, *self.base[k + 1 :]])
        with np.errstate(invalid="ignore"):
            return (above - below) / (2 * step), (high - low) / (2 * step)


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
        array[index] = middle + 1j * COMPLEX_STEP
        result = self._imaginary(self.base)
        array[index] = middle
        return result

    def along(self, k: int, direction: np.ndarray, shrink: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        moved = self.base[k] + 1j * COMPLEX_STEP * _ordered_as(self.base[k], direction)
        return self._imaginary([*self.base[:k], moved, *self.base[k + 1 :]]), direction
