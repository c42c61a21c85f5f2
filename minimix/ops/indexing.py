"""Parts of an array: x[...]."""

import numpy as np

from minimix.ops.op import Op
from minimix.ops.sums import accumulator, rounded


def getitem_forward(x, index):
    """index: all that NumPy takes: ints, slices, None, ..., integer and boolean arrays, and tuples of these."""
    return x[index], (x.shape, index)


def getitem_backward(gradient, saved):
    shape, index = saved
    to_x = np.zeros(shape, gradient.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, (np.ndarray, list)) and np.asarray(part).dtype != bool for part in parts):
        sums = to_x.astype(accumulator(to_x.dtype))
        np.add.at(sums, index, gradient)  # an element may have been taken several times: add up
        to_x = rounded(sums, gradient.dtype)
    else:
        to_x[index] = gradient
    return (to_x,)


GETITEM = Op("getitem", getitem_forward, getitem_backward)
