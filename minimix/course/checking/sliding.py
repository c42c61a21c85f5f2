"""Convolutions whose every step can be altered: what the wrong functions of several exercises are made of.

A window slides over a picture: the picture gets a border, the window's places are counted, each place begins somewhere, each
tap looks somewhere from there, and what the window sees is multiplied by a kernel and added up.
"""

from collections.abc import Callable

import numpy as np


def sliding(product: Callable, padding: Callable = lambda p, k, d: p) -> Callable:
    """``sliding(product)(**parts)`` makes f(x, weight, stride, padding, dilation), the right one where no part is given.

    product: what is made of windows (N, C, OH, OW, K, K) and weight. The parts:

    border:         (top, bottom, left, right) rows and columns around x, of (padding, kernel, dilation)
    fill:           what is in them: a mode of np.pad, or a number
    beyond:         zeros behind the border that no place is counted for, where an index reaches too far: of (k, s, d)
    rows, columns:  how many places there are, of (own length, other length, pixels covered by the kernel, stride, padding)
    row, column:    where place o begins, of (o, stride, kernel size)
    down, across:   how far tap i is from there, of (i, dilation, stride, kernel size)
    picture, weight, seen: change what comes in, and the windows of it; kernels: which kernel belongs to which channel
    scale:          a factor, of the weight; after: changes what comes out, of (result, x)

    >>> depthwise = sliding(depthwise_product)
    >>> x, weight = np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2))
    >>> depthwise()(x, weight, 2, 0), depthwise(rows=lambda own, other, covered, s, p: own // s)(x, weight, 2, 0)
    (array([[[[8.]]]]), array([[[[8.]]]]))
    """

    def built(
        border=lambda p, k, d: (p, p, p, p),
        fill="constant",
        beyond=lambda k, s, d: 0,
        rows=lambda own, other, covered, s, p: (own - covered) // s + 1,
        columns=lambda own, other, covered, s, p: (own - covered) // s + 1,
        row=lambda o, s, k: o * s,
        column=lambda o, s, k: o * s,
        down=lambda i, d, s, k: i * d,
        across=lambda i, d, s, k: i * d,
        picture=lambda x: x,
        weight=lambda weight, x: weight,
        kernels=lambda weight: weight,
        seen=lambda windows: windows,
        product=product,
        scale=lambda weight: 1,
        after=lambda result, x: result,
    ):
        def convolution(x, given, stride, wide=0, dilation=1):
            k, wide = given.shape[-1], padding(wide, given.shape[-1], dilation)
            top, bottom, left, right = border(wide, k, dilation)
            padded = _bordered(picture(x), (top, bottom, left, right), fill)
            (height, width), covered = padded.shape[2:], dilation * (k - 1) + 1
            if more := beyond(k, stride, dilation):
                padded = _bordered(padded, (0, more, 0, more), "constant")
            taps = np.arange(k)
            places = [
                np.arange(max(0, rows(height, width, covered, stride, wide))),
                np.arange(max(0, columns(width, height, covered, stride, wide))),
            ]
            y = row(places[0], stride, k)[:, None] + down(taps, dilation, stride, k)
            z = column(places[1], stride, k)[:, None] + across(taps, dilation, stride, k)
            windows = padded[:, :, y[:, None, :, None], z[None, :, None, :]]  # (N, C, OH, OW, K, K)
            return after(scale(given) * product(seen(windows), kernels(weight(given, x))), x)

        return convolution

    return built


def _bordered(x: np.ndarray, wide: tuple[int, int, int, int], fill: str | float) -> np.ndarray:
    """As np.pad, which is slow where it is called thousands of times."""
    top, bottom, left, right = wide
    if fill != "constant" or min(wide) < 0:
        around = ((0, 0), (0, 0), (top, bottom), (left, right))
        return np.pad(x, around, fill) if isinstance(fill, str) else np.pad(x, around, constant_values=fill)
    height, width = x.shape[2:]
    padded = np.zeros((*x.shape[:2], top + height + bottom, left + width + right), x.dtype)
    padded[:, :, top : top + height, left : left + width] = x
    return padded


def depthwise_product(windows: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(N, C, OH, OW, K, K) with (C, 1, K, K): (N, C, OH, OW)."""
    return np.einsum("ncyzij,cij->ncyz", windows, weight[:, 0])


def dense_product(windows: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(N, C, OH, OW, K, K) with (C_out, C, K, K): (N, C_out, OH, OW)."""
    return np.einsum("ncyzij,ocij->noyz", windows, weight)
