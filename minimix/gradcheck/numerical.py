"""Derivatives from function values alone: central differences, and the complex step.

Central differences: (f(x + h v) - f(x - h v)) / 2h, wrong by O(h^2) and by rounding/h; h = 1e-6 balances the two in float64.
Complex step (Squire and Trapp 1998; Martins, Sturdza and Alonso 2003, eq. 6): Im f(x + i h v) / h. No two close numbers are
subtracted, so h can be 1e-20, and what is left is exact to rounding, provided that f is analytic.
"""

import warnings

import numpy as np

from minimix.gradcheck.probe import Probe

COMPLEX_STEP = 1e-20
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
