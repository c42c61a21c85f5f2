"""Reductions: sums, means, extremes, variances over some axes or all.

axis: None (all), an int, or a tuple of ints; keepdims: whether reduced axes stay, with length 1.
"""

import numpy as np

from minimix.ops.op import Op


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
    return x.sum(axis=axis, keepdims=keepdims), (x.shape, axis, keepdims)


def sum_backward(gradient, saved):
    return (restore(gradient, *saved),)


SUM = Op("sum", sum_forward, sum_backward)


def mean_forward(x, axis=None, keepdims=False):
    return x.sum(axis=axis, keepdims=keepdims) / _count(x.shape, axis), (x.shape, axis, keepdims)


def mean_backward(gradient, saved):
    shape, axis, _ = saved
    return (restore(gradient / _count(shape, axis), *saved),)


MEAN = Op("mean", mean_forward, mean_backward)


def max_forward(x, axis=None, keepdims=False):
    return _extreme(np.max, x, axis, keepdims)


def _extreme(extreme_of, x, axis, keepdims):
    value = extreme_of(x.real, axis=axis, keepdims=True)  # of complex numbers the real part decides
    chosen = x.real == value
    ties = chosen.sum(axis=axis, keepdims=True)
    if np.iscomplexobj(x):
        value = np.where(chosen, x, 0).sum(axis=axis, keepdims=True) / ties
    output = value if keepdims else value.squeeze(axis)
    return output, (chosen, ties, axis, keepdims)


def max_backward(gradient, saved):
    """Ties share the gradient evenly (``torch.amax``'s rule; ``torch.max(dim=)`` would pick one of them)."""
    chosen, ties, axis, keepdims = saved
    return (restore(gradient, chosen.shape, axis, keepdims) * chosen / ties.astype(gradient.dtype),)


MAX = Op("max", max_forward, max_backward)


def min_forward(x, axis=None, keepdims=False):
    return _extreme(np.min, x, axis, keepdims)


min_backward = max_backward

MIN = Op("min", min_forward, min_backward)


def var_forward(x, axis=None, keepdims=False, correction=1):
    """Sum of squared deviations from the mean, divided by count - ``correction``."""
    count = _count(x.shape, axis)
    deviation = x - x.sum(axis=axis, keepdims=True) / count
    divisor = max(count - correction, 0)
    return (deviation * deviation).sum(axis=axis, keepdims=keepdims) / divisor, (deviation, divisor, axis, keepdims)


def var_backward(gradient, saved):
    # the mean depends on x too, but that term vanishes: deviations sum to 0
    deviation, divisor, axis, keepdims = saved
    return (restore(gradient, deviation.shape, axis, keepdims) * 2 * deviation / divisor,)


VAR = Op("var", var_forward, var_backward)


def std_forward(x, axis=None, keepdims=False, correction=1):
    variance, saved = var_forward(x, axis, keepdims, correction)
    output = np.sqrt(variance)
    return output, (output, saved)


def std_backward(gradient, saved):
    output, saved_by_var = saved
    slope = np.where(output == 0, 0, gradient / (2 * output))  # a corner, like |x| at 0: PyTorch says 0 too
    return var_backward(slope, saved_by_var)


STD = Op("std", std_forward, std_backward)
