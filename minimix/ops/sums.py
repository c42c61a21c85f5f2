"""Sums that stay right however many numbers go into them.

float32 has 24 bits. Added one by one, a million equal numbers lose the last 20: when the sum is large, what is still added
falls mostly below its last bit. NumPy adds in pairs where the numbers lie side by side in memory, but one by one over every
other axis. So here sums of float32 are kept in float64 until they are complete, those of float64 are taken in blocks; and
float16, which ends at 65504, is never summed in float16.
"""

import numpy as np

BLOCK = 128  # float64 numbers that may be added one by one


def total(x: np.ndarray, axis=None, keepdims: bool = False) -> np.ndarray:
    """``x.sum(axis, keepdims=keepdims)``, of floating-point numbers in float64 (complex128), not yet rounded to x's dtype.

    >>> rows = np.full((1 << 20, 2), 0.1, np.float32)  # 2**20 / 10 is 104857.6
    >>> bool(rows.sum(axis=0)[0] > 105800), float(np.float32(total(rows, axis=0)[0]))
    (True, 104857.6015625)
    >>> float(total(np.ones(70000, np.float16)))
    70000.0
    """
    dtype = accumulator(x.dtype)
    if dtype != x.dtype or x.dtype.kind not in "fc" or x.size <= BLOCK:
        return x.sum(axis=axis, dtype=dtype, keepdims=keepdims)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted({a % x.ndim for a in axes}, key=lambda a: -x.shape[a]))  # the longest first: little is left
    for a in axes:
        x = _blocks(x, a)
    return x if keepdims else x.squeeze(axes)


def summed(x: np.ndarray, axis=None, keepdims: bool = False) -> np.ndarray:
    """The same, rounded to x's dtype. Booleans and integers become int64, as NumPy has it.

    >>> summed(np.ones((2, 3), np.float16), axis=1), int(summed(np.ones(3, bool)))
    (array([3., 3.], dtype=float16), 3)
    """
    return rounded(total(x, axis, keepdims), x.dtype)


def accumulator(dtype: np.dtype) -> np.dtype | None:
    """In which dtype sums are kept: float64 or better. None for integers: as NumPy has it."""
    return np.result_type(dtype, np.float64) if dtype.kind in "fc" else None


def _blocks(x: np.ndarray, axis: int) -> np.ndarray:
    """Sum of float64 numbers over one axis, which stays: in blocks, then of the blocks' sums."""
    before, after, n = x.shape[:axis], x.shape[axis + 1 :], x.shape[axis]
    if n <= BLOCK:
        return x.sum(axis=axis, keepdims=True)
    whole = n // BLOCK * BLOCK
    first, rest = np.split(x, [whole], axis)
    parts = first.reshape(*before, n // BLOCK, BLOCK, *after).sum(axis=axis + 1)  # a view: an axis can always be cut
    return _blocks(np.concatenate([parts, rest.sum(axis=axis, keepdims=True)], axis), axis)


def rounded(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A sum, or what was made of it, in the dtype of the numbers that it is made of. Integers stay as they are."""
    return x.astype(dtype.newbyteorder("="), copy=False) if dtype.kind in "fc" else x


def wide(x: np.ndarray) -> np.ndarray:
    """float16 as float32, for formulas whose intermediate results need more room; all else as it is."""
    return x.astype(np.float32) if x.dtype == np.float16 else x
