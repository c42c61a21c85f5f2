"""Max and average pooling: windows as in a convolution, but every channel for itself and no weights."""

import numpy as np

from minimix.padding import Ints, output_size, pair
from minimix.reference.windows import padded, seen


def max_pool2d(
    x: np.ndarray, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, dilation: Ints = 1
) -> np.ndarray:
    """The largest value in each window. NaN in a window makes its output NaN.

    x: (N, C, H, W). kernel_size, stride (None: the kernel size), padding, dilation: integer or pair. The border holds -inf,
    so that it never wins. Returns (N, C, OH, OW). Raises TypeError and RuntimeError as ``minimix.padding`` does, and
    RuntimeError for a padding of more than half the kernel size: there would be windows without a pixel.

    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    kernel, stride, dilation, pads, out = _windows(x, kernel_size, stride, padding, dilation)
    x = padded(x, pads, -np.inf)
    taps = [seen(x, tap, out, stride, dilation) for tap in np.ndindex(kernel)]
    return np.maximum.reduce(taps)


def avg_pool2d(
    x: np.ndarray, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0, count_include_pad: bool = True
) -> np.ndarray:
    """The mean of each window. The zeros of the border count as values, unless ``count_include_pad`` is False.

    The rest as in ``max_pool2d``.

    >>> avg_pool2d(np.ones((1, 1, 2, 2)), 2, padding=1)[0, 0]
    array([[0.25, 0.25],
           [0.25, 0.25]])
    >>> avg_pool2d(np.ones((1, 1, 2, 2)), 2, padding=1, count_include_pad=False)[0, 0]
    array([[1., 1.],
           [1., 1.]])
    """
    kernel, stride, dilation, pads, out = _windows(x, kernel_size, stride, padding, 1)
    image = padded(x, pads)
    values = sum(seen(image, tap, out, stride, dilation) for tap in np.ndindex(kernel))
    counts = padded(np.ones((1, 1, *x.shape[2:]), x.dtype), pads, value=1 if count_include_pad else 0)
    return values / sum(seen(counts, tap, out, stride, dilation) for tap in np.ndindex(kernel))


def _windows(x, kernel_size, stride, padding, dilation):
    if x.ndim != 4:
        raise RuntimeError(f"x must have 4 axes, (N, C, H, W), got shape {x.shape}")
    kernel, dilation = pair(kernel_size, "kernel_size", 1), pair(dilation, "dilation", 1)
    stride = kernel if stride is None else pair(stride, "stride", 1)
    top, left = pair(padding, "padding", 0)
    if 2 * top > kernel[0] or 2 * left > kernel[1]:
        raise RuntimeError(f"padding {(top, left)} must be at most half of kernel_size {kernel}")
    pads = ((top, top), (left, left))
    return kernel, stride, dilation, pads, output_size(x.shape[2:], pads, kernel, stride, dilation)
