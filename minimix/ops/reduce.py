"""Reductions: sums, means, extremes, variances over some axes or all.

axis: None (all), an int, or a tuple of ints; keepdims: whether reduced axes stay, with length 1.
"""

import numpy as np

from minimix.ops.op import Op
from minimix.ops.sums import rounded, summed, total, wide


def restore(reduced: np.ndarray, shape: tuple, axis, keepdims: bool) -> np.ndarray:
    """Repeat a reduced array along the axes that were reduced: the way back to ``shape``. A view, nothing is copied."""
    if not keepdims:
        axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = {a % len(shape) for a in axes}
        reduced = np.reshape(reduced, tuple(1 if i in axes else n for i, n in enumerate(shape)))
    return np.broadcast_to(reduced, shape)


def _count(shape: tuple, axis) -> int:
    """How many numbers go into one."""
    if axis is None:
        return int(np.prod(shape))
    return int(np.prod([shape[a] for a in (axis if isinstance(axis, tuple) else (axis,))]))


def sum_forward(x, axis=None, keepdims=False):
    return summed(x, axis, keepdims), (x.shape, axis, keepdims)


def sum_backward(gradient, saved):
    return (restore(gradient, *saved),)


SUM = Op("sum", sum_forward, sum_backward)


def mean_forward(x, axis=None, keepdims=False):
    return rounded(total(x, axis, keepdims) / _count(x.shape, axis), x.dtype), (x.shape, axis, keepdims)


def mean_backward(gradient, saved):
    shape, axis, _ = saved
    return (restore(rounded(wide(gradient) / _count(shape, axis), gradient.dtype), *saved),)


MEAN = Op("mean", mean_forward, mean_backward)


def max_forward(x, axis=None, keepdims=False):
    return _extreme(np.max, x, axis, keepdims)


def _extreme(extreme_of, x, axis, keepdims):
    value = extreme_of(x.real, axis=axis, keepdims=True)  # of complex numbers the real part decides
    chosen = x.real == value
    ties = chosen.sum(axis=axis, keepdims=True)
    if np.iscomplexobj(x):
        value = summed(np.where(chosen, x, 0), axis, True) / ties
    output = value if keepdims else value.squeeze(axis)
    return output, (chosen, ties, axis, keepdims)


def max_backward(gradient, saved):
    """Ties share the gradient evenly (``torch.amax``'s rule; ``torch.max(dim=)`` would pick one of them)."""
    chosen, ties, _, keepdims = saved
    share = wide(gradient if keepdims else gradient.reshape(ties.shape)) / ties  # of more ties than float16 can count, too
    return (rounded(share, gradient.dtype) * chosen,)


MAX = Op("max", max_forward, max_backward)


def min_forward(x, axis=None, keepdims=False):
    return _extreme(np.min, x, axis, keepdims)


min_backward = max_backward

MIN = Op("min", min_forward, min_backward)


def var_forward(x, axis=None, keepdims=False, correction=1):
    """Sum of squared deviations from the mean, divided by count - ``correction``."""
    variance, saved = _variance(x, axis, keepdims, correction)
    return rounded(variance, x.dtype), saved


def _variance(x, axis, keepdims, correction):
    """In float64."""
    count = _count(x.shape, axis)
    deviation = wide(x)
    deviation = deviation - rounded(total(x, axis, True) / count, deviation.dtype)
    # what is left where the mean was rounded: with little variance far from 0 that would count
    squares = total(deviation * deviation, axis, keepdims) - total(deviation, axis, keepdims) ** 2 / count
    squares = squares if np.iscomplexobj(x) else np.maximum(squares, 0)
    divisor = max(count - correction, 0)
    return squares / divisor, (deviation, divisor, axis, keepdims)


def var_backward(gradient, saved):
    # the mean depends on x too, but that term vanishes: deviations sum to 0
    deviation, divisor, axis, keepdims = saved
    to_x = restore(wide(gradient), deviation.shape, axis, keepdims) * 2 * deviation / divisor
    return (rounded(to_x, gradient.dtype),)


VAR = Op("var", var_forward, var_backward)


def std_forward(x, axis=None, keepdims=False, correction=1):
    variance, saved = _variance(x, axis, keepdims, correction)
    output = np.sqrt(variance)
    return rounded(output, x.dtype), (output, saved)


def std_backward(gradient, saved):
    output, saved_by_var = saved
    slope = np.where(output == 0, 0, gradient / (2 * output))  # a corner, like |x| at 0: PyTorch says 0 too
    (to_x,) = var_backward(rounded(slope, saved_by_var[0].dtype), saved_by_var)
    return (rounded(to_x, gradient.dtype),)


STD = Op("std", std_forward, std_backward)
