"""Shapes are (N, C, H, W), as in PyTorch; memory is (C, H, W, N). These two functions are the only places that turn one into
the other.

With channels first, the channels of a group are one slab, a pointwise convolution is one matrix product and batch norm's
statistics are sums over a run. With images last, pixels that are treated alike lie side by side, whatever the stride.
"""

import numpy as np

from minimix.kernels import layout, memory
from minimix.kernels.threads import parallel


def channel_major(x: np.ndarray) -> np.ndarray:
    """x (N, C, H, W), or (N, C, ...), as a C-contiguous array (C, H, W, N): a view where it lies so already, else a copy.

    >>> x = np.zeros((2, 3, 4, 5), np.float32)
    >>> channel_major(x).shape
    (3, 4, 5, 2)
    """
    view = x.transpose(*range(1, x.ndim), 0)
    if view.flags.c_contiguous and view.flags.aligned and view.flags.writeable:
        return view
    out = memory.empty(view.shape, x.dtype)
    if x.flags.c_contiguous and x.dtype in (np.float32, np.float64) and x.size > 4096:
        x = x if x.flags.writeable and x.flags.aligned else x.copy()
        parallel(layout.transpose, x.reshape(-1), out.reshape(-1), x.shape[0], x.size // x.shape[0])
    else:
        out[...] = view
    return out


def nchw(x: np.ndarray) -> np.ndarray:
    """The other way, always a view: x (C, H, W, N) as (N, C, H, W)."""
    return x.transpose(x.ndim - 1, *range(x.ndim - 1))
