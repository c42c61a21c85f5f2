"""Pooling over the pictures of an NCHW array.

A window is gone through tap by tap, not pixel by pixel: tap (i, j) of *all* windows is one strided slice of the input, so a
K x K pool is K*K passes of a whole-array operation. Where a tap falls into the padding, its slice leaves those windows out;
nothing is ever padded. Inside, arrays are (C, H, W, N), the memory order of activations, and so are the outputs.
"""

from typing import NamedTuple

import numpy as np

from minimix.kernels import gate, memory
from minimix.kernels.threads import parallel, threads_for
from minimix.ops.layout import channel_major, nchw, ready
from minimix.ops.op import Op


class Windows(NamedTuple):
    """Where the windows of a pool lie; every field a pair (vertical, horizontal)."""

    kernel: tuple
    stride: tuple
    padding: tuple
    dilation: tuple
    output: tuple  # how many windows: (OH, OW)

    def taps(self, height: int, width: int):
        """For each tap, in window order: which windows it exists for, and which elements of the input it takes there.

        Both are pairs of slices, for the axes (H, W) of the output and of the input.
        """
        rows, columns = ([self._along(axis, k, n) for k in range(self.kernel[axis])] for axis, n in ((0, height), (1, width)))
        for out_rows, in_rows in rows:
            for out_columns, in_columns in columns:
                yield (out_rows, out_columns), (in_rows, in_columns)

    def _along(self, axis: int, k: int, n: int) -> tuple[slice, slice]:
        stride, offset = self.stride[axis], k * self.dilation[axis] - self.padding[axis]
        first = max(0, -(offset // stride))  # smallest window with offset + window * stride >= 0
        end = max(first, min(self.output[axis], (n - 1 - offset) // stride + 1))  # ... and <= n - 1
        start = offset + first * stride
        return slice(first, end), slice(start, start + (end - first) * stride if end > first else start, stride)


def max_pool2d_forward(x, windows):
    x = channel_major(x)
    c, h, w, n = x.shape
    output = np.full((c, *windows.output, n), -np.inf, x.dtype)
    winner = np.zeros(output.shape, np.uint8 if windows.kernel[0] * windows.kernel[1] < 256 else np.int64)  # taps from 1
    for tap, (to, source) in enumerate(windows.taps(h, w), start=1):
        value, best, chosen = x[:, source[0], source[1]], output[:, to[0], to[1]], winner[:, to[0], to[1]]
        # the first of equal taps wins; NaN beats all; and some tap must win even where all are -inf
        better = (value.real > best.real) | np.isnan(value) | (chosen == 0)
        np.copyto(best, value, where=better)
        np.copyto(chosen, winner.dtype.type(tap), where=better)
    return nchw(output), (x.shape, winner, windows)


def max_pool2d_backward(gradient, saved):
    shape, winner, windows = saved
    gradient = channel_major(gradient)
    to_x = np.zeros(shape, gradient.dtype)
    for tap, (to, source) in enumerate(windows.taps(*shape[1:3]), start=1):
        won = winner[:, to[0], to[1]] == tap
        to_x[:, source[0], source[1]] += np.where(won, gradient[:, to[0], to[1]], 0)
    return (nchw(to_x),)


MAX_POOL2D = Op("max_pool2d", max_pool2d_forward, max_pool2d_backward)


def _window_sizes(windows, height, width, count_padding):
    """What each window's sum is divided by: (OH, OW). What ceil_mode's last windows take beyond the padding never counts."""
    sizes = []
    for axis, n in ((0, height), (1, width)):
        start = np.arange(windows.output[axis]) * windows.stride[axis] - windows.padding[axis]
        end = np.minimum(start + windows.kernel[axis], n + windows.padding[axis])
        if not count_padding:
            start, end = np.maximum(start, 0), np.minimum(end, n)
        sizes.append(end - start)
    return np.outer(*sizes)


def avg_pool2d_forward(x, windows, count_padding):
    x = channel_major(x)
    c, h, w, n = x.shape
    output = np.zeros((c, *windows.output, n), x.dtype)
    for to, source in windows.taps(h, w):
        output[:, to[0], to[1]] += x[:, source[0], source[1]]
    sizes = _window_sizes(windows, h, w, count_padding).astype(x.dtype)[:, :, None]  # (OH, OW, 1)
    output /= sizes
    return nchw(output), (x.shape, sizes, windows)


def avg_pool2d_backward(gradient, saved):
    shape, sizes, windows = saved
    share = channel_major(gradient) / sizes
    to_x = np.zeros(shape, share.dtype)
    for to, source in windows.taps(*shape[1:3]):
        to_x[:, source[0], source[1]] += share[:, to[0], to[1]]
    return (nchw(to_x),)


AVG_POOL2D = Op("avg_pool2d", avg_pool2d_forward, avg_pool2d_backward)


def global_avg_pool2d_forward(x):
    """(N, C, H, W) -> (N, C)."""
    n, c, h, w = x.shape
    if x.dtype.kind == "c" or not x.size:
        return x.mean(axis=(2, 3)), x.shape
    planes = channel_major(x)
    mean = memory.empty((c, n), planes.dtype)
    parallel(gate.squeeze, planes.reshape(-1), mean, h * w, threads=threads_for(0.1 * x.size))
    return mean.T, x.shape


def global_avg_pool2d_backward(gradient, shape):
    n, c, h, w = shape
    to_x = memory.empty((c, h, w, n), gradient.dtype.newbyteorder("="))
    if gradient.size:
        parallel(gate.spread, ready(gradient.T), to_x.reshape(-1), h * w, threads=threads_for(0.1 * to_x.size))
    return (nchw(to_x),)


GLOBAL_AVG_POOL2D = Op("global_avg_pool2d", global_avg_pool2d_forward, global_avg_pool2d_backward)


def _averages(n, parts, dtype):
    """Matrix (parts, n) whose row i averages elements floor(i*n/parts) to ceil((i+1)*n/parts): PyTorch's adaptive windows."""
    matrix = np.zeros((parts, n), dtype)
    for i in range(parts):
        start, end = i * n // parts, -(-(i + 1) * n // parts)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


def adaptive_avg_pool2d_forward(x, output_size):
    """Averages of rows, then of columns: two matrix products."""
    h, w = x.shape[2:]
    rows, columns = _averages(h, output_size[0], x.dtype), _averages(w, output_size[1], x.dtype)
    return nchw(_both_ways(channel_major(x), rows, columns)), (rows, columns)


def _both_ways(x, rows, columns):
    c, h, w, n = x.shape
    x = rows @ x.reshape(c, h, w * n)  # (C, OH, W * N)
    return (columns @ x.reshape(c * len(rows), w, n)).reshape(c, len(rows), len(columns), n)


def adaptive_avg_pool2d_backward(gradient, saved):
    rows, columns = saved
    return (nchw(_both_ways(channel_major(gradient), rows.T, columns.T)),)


ADAPTIVE_AVG_POOL2D = Op("adaptive_avg_pool2d", adaptive_avg_pool2d_forward, adaptive_avg_pool2d_backward)
