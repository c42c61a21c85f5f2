"""Pooling of NCHW Tensors, with PyTorch's rules for shapes."""

import numpy as np

from minimix.convargs import DTYPES
from minimix.functional.promotion import as_tensor
from minimix.functional.shape import squeeze, unsqueeze
from minimix.ops import pool as ops
from minimix.tensor import Tensor, apply

Pair = int | tuple[int, int]


def _pair(name: str, argument: str, value, smallest: int) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) == 1:
        pair *= 2
    if len(pair) != 2 or any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) for n in pair):
        raise TypeError(f"{name}: {argument}={value!r}: expected an int or a pair of them (vertical, horizontal)")
    if min(pair) < smallest:
        raise ValueError(f"{name}: {argument}={value!r}: expected {smallest} or more")
    return int(pair[0]), int(pair[1])


def _windows(name: str, x: Tensor, kernel_size, stride, padding, dilation, ceil_mode: bool) -> ops.Windows:
    kernel = _pair(name, "kernel_size", kernel_size, 1)
    stride = kernel if stride is None or stride in ((), []) else _pair(name, "stride", stride, 1)
    padding = _pair(name, "padding", padding, 0)
    dilation = _pair(name, "dilation", dilation, 1)
    output = []
    for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True):
        reach = (k - 1) * d + 1
        if p > k // 2:
            raise ValueError(
                f"{name}: padding {p} is more than half of kernel_size {k}: whole windows could lie in the padding"
            )
        room = n + 2 * p - reach
        count = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (count - 1) * s >= n + p:
            count -= 1  # the last window must start in the picture or its left padding
        if count < 1 or n == 0:
            raise ValueError(
                f"{name}: windows of {reach} pixels do not fit {n} pixels padded by {p}: pictures of shape {x.shape}"
            )
        output.append(count)
    return ops.Windows(kernel, stride, padding, dilation, tuple(output))


def _images(name: str, x, then) -> Tensor:
    """Check x, (N, C, H, W) or one image (C, H, W), and hand it on as the former."""
    x = as_tensor(x)
    if x.ndim not in (3, 4):
        raise ValueError(f"{name}: x has shape {x.shape}, expected (N, C, H, W), or (C, H, W) for one image")
    if x.dtype not in DTYPES:
        raise TypeError(f"{name}: x must be floating-point, not {x.dtype}: use x.astype(np.float32)")
    if 0 in x.shape[-3:]:
        raise ValueError(f"{name}: x has shape {x.shape}: only N may be 0")
    return then(x) if x.ndim == 4 else squeeze(then(unsqueeze(x, 0)), 0)


def max_pool2d(
    x, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, dilation: Pair = 1, ceil_mode: bool = False
) -> Tensor:
    """Largest value of each window, x (N, C, H, W). NaN wins; of equal values the first in the window gets the gradient.

    stride: kernel_size where None. padding: as of -infinity, at most half a window. ceil_mode: keep a last, partial window.
    Raises ValueError where no window fits.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).data
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """

    def pool(x):
        windows = _windows("max_pool2d", x, kernel_size, stride, padding, dilation, ceil_mode)
        return apply(ops.MAX_POOL2D, x, windows=windows)

    return _images("max_pool2d", x, pool)


def avg_pool2d(
    x, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0, ceil_mode: bool = False, count_include_pad: bool = True
) -> Tensor:
    """Mean of each window, x (N, C, H, W).

    stride: kernel_size where None. count_include_pad: whether the zeros of the padding count in the mean.
    Raises ValueError where no window fits.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).data
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """

    def pool(x):
        windows = _windows("avg_pool2d", x, kernel_size, stride, padding, 1, ceil_mode)
        return apply(ops.AVG_POOL2D, x, windows=windows, count_padding=count_include_pad)

    return _images("avg_pool2d", x, pool)


def adaptive_avg_pool2d(x, output_size: int | tuple[int | None, int | None] | None) -> Tensor:
    """Means of ``output_size`` windows that share x (N, C, H, W) out evenly, overlapping by a pixel where they must.

    output_size: (OH, OW), or one number for both; None keeps the input's.

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.adaptive_avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), (1, 2)).data
    array([[[[6.5, 8.5]]]])
    """

    def pool(x):
        size = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
        if len(size) != 2:
            raise ValueError(f"adaptive_avg_pool2d: output_size={output_size!r}: expected an int or a pair of them")
        size = tuple(n if wanted is None else wanted for n, wanted in zip(x.shape[2:], size, strict=True))
        return apply(ops.ADAPTIVE_AVG_POOL2D, x, output_size=_pair("adaptive_avg_pool2d", "output_size", size, 0))

    return _images("adaptive_avg_pool2d", x, pool)


def global_avg_pool2d(x) -> Tensor:
    """Mean of each whole channel: (N, C, H, W) -> (N, C).

    >>> import numpy as np
    >>> import minimix.functional as F
    >>> F.global_avg_pool2d(np.arange(8.0).reshape(1, 2, 2, 2)).data
    array([[1.5, 5.5]])
    """
    return _images("global_avg_pool2d", x, lambda x: apply(ops.GLOBAL_AVG_POOL2D, x))
