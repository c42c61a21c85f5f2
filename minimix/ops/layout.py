"""In what form arrays reach the kernels, whatever users hand in: everything goes through one of these functions.

Kernels are compiled for arrays that are C-contiguous, aligned, writable and in the machine's own byte order; any other would
need a version of its own, and a compiler for it. ``channel_major`` makes that of activations, ``ready`` of all else: weights,
biases, statistics. Where an array is right already, and in a network nearly all are, it is taken as it is.

Shapes are (N, C, H, W), as in PyTorch; memory is (C, H, W, N). With channels first, the channels of a group are one slab, a
pointwise convolution is one matrix product and batch norm's statistics are sums over a run. With images last, pixels that are
treated alike lie side by side, whatever the stride.
"""

import numpy as np

from minimix.kernels import layout, memory
from minimix.kernels.threads import parallel


def ready(array: np.ndarray) -> np.ndarray:
    """``array`` as kernels want it: itself where it is so, else a copy. It must not be written into: it may be a user's.

    >>> weight = np.broadcast_to(np.float32(3), (2, 4))  # read-only, and all its numbers are one
    >>> ready(weight).flags.carray, ready(ready(weight)) is ready(weight), ready(np.ones(2, ">f4")).dtype
    (True, False, dtype('float32'))
    """
    if array.flags.carray and array.dtype.isnative and type(array) is np.ndarray:
        return array
    return np.array(array, array.dtype.newbyteorder("="), order="C")


def channel_major(x: np.ndarray) -> np.ndarray:
    """x (N, C, H, W), or (N, C, ...), as a ``ready`` array (C, H, W, N): a view where it lies so already, else a copy.

    >>> x = np.zeros((2, 3, 4, 5), np.float32)
    >>> channel_major(x).shape
    (3, 4, 5, 2)
    """
    view = x.transpose(*range(1, x.ndim), 0)
    if view.flags.carray and view.dtype.isnative and type(view) is np.ndarray:
        return view
    out = memory.empty(view.shape, x.dtype.newbyteorder("="))
    if x.flags.c_contiguous and x.dtype in (np.float32, np.float64) and x.size > 4096:
        parallel(layout.transpose, ready(x).reshape(-1), out.reshape(-1), x.shape[0], x.size // x.shape[0], shares=True)
    else:
        out[...] = view
    return out


def nchw(x: np.ndarray) -> np.ndarray:
    """The other way, always a view: x (C, H, W, N) as (N, C, H, W)."""
    return x.transpose(x.ndim - 1, *range(x.ndim - 1))
