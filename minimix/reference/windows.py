"""What the taps of a sliding window see. Shared by the convolutions and the pooling layers of this package."""

import numpy as np

from minimix.padding import Pads, Pair


def padded(x: np.ndarray, pads: Pads, value: float = 0.0) -> np.ndarray:
    """x (N, C, H, W) with a border of ``value``: (N, C, top + H + bottom, left + W + right).

    >>> padded(np.ones((1, 1, 1, 2)), ((0, 1), (1, 0)))[0, 0]
    array([[0., 1., 1.],
           [0., 0., 0.]])
    """
    return np.pad(x, ((0, 0), (0, 0), *pads), constant_values=value)


def seen(x: np.ndarray, tap: Pair, places: Pair, stride: Pair, dilation: Pair) -> np.ndarray:
    """The pixels that one tap (i, j) of the kernel meets at all places of the window: a view (N, C, OH, OW) of padded x.

    At place (0, 0) the tap lies on pixel (i*D, j*D), and each step moves it by the stride. So the taps see the same picture,
    shifted: a convolution is a weighted sum of shifted pictures. A view: what is written into it is written into ``x``.

    >>> seen(np.arange(6.0).reshape(1, 1, 1, 6), (0, 1), (1, 2), stride=(1, 2), dilation=(1, 3))
    array([[[[3., 5.]]]])
    """
    rows, columns = (slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in zip(tap, dilation, places, stride, strict=True))
    return x[:, :, rows, columns]


def met(tap: tuple[int, ...], places: Pair, size: Pair, pads: Pads, stride: Pair, dilation: Pair) -> tuple[tuple, tuple]:
    """For one tap (i, j): at which places of the window it meets the picture rather than its border, and which pixels there.

    Both as pairs of slices, of rows and of columns: what the border gives is nothing, and nothing need be padded.

    >>> met((0, 0), (2, 2), (2, 2), ((1, 1), (1, 1)), stride=(1, 1), dilation=(1, 1))
    ((slice(1, 2, None), slice(1, 2, None)), (slice(0, 1, 1), slice(0, 1, 1)))
    """
    outputs, pixels = [], []
    for t, n, length, (before, _), s, d in zip(tap, places, size, pads, stride, dilation, strict=True):
        shift = t * d - before  # place p meets pixel p * s + shift
        first = min(n, max(0, -(shift // s)))
        last = max(first, min(n, (length - 1 - shift) // s + 1))
        outputs.append(slice(first, last))
        pixels.append(slice(first * s + shift, max(first * s + shift, (last - 1) * s + shift + 1), s))
    return tuple(outputs), tuple(pixels)


def check_gradient(gradient: np.ndarray, shape: tuple) -> None:
    """Refuse a gradient that is not of the output's shape, rather than broadcast it."""
    if gradient.shape != shape:
        raise RuntimeError(f"gradient has shape {gradient.shape}, but the output that it belongs to has {shape}")
