"""Pooling over the pictures of an NCHW array.

A window is gone through tap by tap, not pixel by pixel: tap (i, j) of *all* windows is one strided slice of the input, so a
K x K pool is K*K passes of a whole-array operation; of means it is K passes over the rows, and K over the columns. Where a tap
falls into the padding, its slice leaves those windows out; nothing is ever padded. Inside, arrays are (C, H, W, N), the memory
order of activations, and so are the outputs.
"""

from typing import NamedTuple

import numpy as np

from minimix.kernels import memory
from minimix.ops.excite import squeeze
from minimix.ops.layout import channel_major, nchw
from minimix.ops.op import Op
from minimix.ops.sums import summed


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
        rows, columns = ([self.along(axis, k, n) for k in range(self.kernel[axis])] for axis, n in ((0, height), (1, width)))
        for out_rows, in_rows in rows:
            for out_columns, in_columns in columns:
                yield (out_rows, out_columns), (in_rows, in_columns)

    def along(self, axis: int, k: int, n: int) -> tuple[slice, slice]:
        stride, offset = self.stride[axis], k * self.dilation[axis] - self.padding[axis]
        first = max(0, -(offset // stride))  # smallest window with offset + window * stride >= 0
        end = max(first, min(self.output[axis], (n - 1 - offset) // stride + 1))  # ... and <= n - 1
        start = offset + first * stride
        return slice(first, end), slice(start, start + (end - first) * stride if end > first else start, stride)

    def spans(self, axis: int, n: int) -> list[tuple[int, int]]:
        """(start, end) of each window on an axis of n pixels, without the padding. For windows without dilation."""
        starts = [i * self.stride[axis] - self.padding[axis] for i in range(self.output[axis])]
        return [(max(0, start), min(n, start + self.kernel[axis])) for start in starts]


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


def window_sizes(windows, height, width, count_padding):
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
    h, w = x.shape[1:3]
    output = _window_sums(_window_sums(x, windows, 0), windows, 1)  # of rows, and then of columns
    sizes = window_sizes(windows, h, w, count_padding).astype(x.dtype)[:, :, None]  # (OH, OW, 1)
    output /= sizes
    return nchw(output), (x.shape, sizes, windows)


def avg_pool2d_backward(gradient, saved):
    (_, h, w, _), sizes, windows = saved
    share = channel_major(gradient) / sizes
    return (nchw(_window_sums_backward(_window_sums_backward(share, windows, 1, w), windows, 0, h)),)


def _at(axis, part) -> tuple:
    """Index of a part of the rows (0) or columns (1) of an array (C, H, W, N)."""
    return (slice(None),) * (axis + 1) + (part,)


def _window_sums(x, windows, axis):
    """Sums along one axis of (C, H, W, N): tap by tap, or window by window, whichever are fewer."""
    n = x.shape[axis + 1]
    if windows.kernel[axis] > windows.output[axis]:
        return _span_sums(x, axis, windows.spans(axis, n))
    output = np.zeros((*x.shape[: axis + 1], windows.output[axis], *x.shape[axis + 2 :]), x.dtype)
    for k in range(windows.kernel[axis]):
        to, source = windows.along(axis, k, n)
        output[_at(axis, to)] += x[_at(axis, source)]
    return output


def _window_sums_backward(gradient, windows, axis, n):
    if windows.kernel[axis] > windows.output[axis]:
        return _span_sums_backward(gradient, axis, windows.spans(axis, n), n)
    to_x = np.zeros((*gradient.shape[: axis + 1], n, *gradient.shape[axis + 2 :]), gradient.dtype)
    for k in range(windows.kernel[axis]):
        to, source = windows.along(axis, k, n)
        to_x[_at(axis, source)] += gradient[_at(axis, to)]
    return to_x


def _span_sums(x, axis, spans):
    """Sums of x[start:end] along one axis of (C, H, W, N), for each of the spans."""
    output = memory.empty((*x.shape[: axis + 1], len(spans), *x.shape[axis + 2 :]), x.dtype)
    for i, span in enumerate(spans):
        output[_at(axis, i)] = summed(x[_at(axis, slice(*span))], axis + 1)
    return output


def _span_sums_backward(gradient, axis, spans, n):
    to_x = np.zeros((*gradient.shape[: axis + 1], n, *gradient.shape[axis + 2 :]), gradient.dtype)
    for i, span in enumerate(spans):
        to_x[_at(axis, slice(*span))] += gradient[_at(axis, slice(i, i + 1))]
    return to_x


AVG_POOL2D = Op("avg_pool2d", avg_pool2d_forward, avg_pool2d_backward)


def global_avg_pool2d_forward(x):
    """(N, C, H, W) -> (N, C)."""
    n, c = x.shape[:2]
    if x.dtype.kind == "c" or not x.size:
        return x.mean(axis=(2, 3)), x.shape
    planes = channel_major(x)
    mean = memory.empty((c, n), planes.dtype)
    squeeze(planes, mean)
    return mean.T, x.shape


def global_avg_pool2d_backward(gradient, shape):
    n, c, h, w = shape
    to_x = memory.empty((c, h, w, n), gradient.dtype.newbyteorder("="))
    to_x[...] = (gradient.T / max(1, h * w))[:, None, None]
    return (nchw(to_x),)


GLOBAL_AVG_POOL2D = Op("global_avg_pool2d", global_avg_pool2d_forward, global_avg_pool2d_backward)


def adaptive_avg_pool2d_forward(x, output_size):
    """Sums of rows, then of columns. Output i is the mean of what lies between floor(i*n/outputs) and ceil((i+1)*n/outputs):
    PyTorch's windows."""
    x = channel_major(x)
    spans = [
        [(i * n // outputs, -(-(i + 1) * n // outputs)) for i in range(outputs)]
        for n, outputs in zip(x.shape[1:3], output_size, strict=True)
    ]
    sizes = np.outer(*([end - start for start, end in part] for part in spans)).astype(x.dtype)[:, :, None]  # (OH, OW, 1)
    output = _span_sums(_span_sums(x, 0, spans[0]), 1, spans[1])
    output /= sizes
    return nchw(output), (x.shape, sizes, spans)


def adaptive_avg_pool2d_backward(gradient, saved):
    (_, h, w, _), sizes, (rows, columns) = saved
    share = channel_major(gradient) / sizes
    return (nchw(_span_sums_backward(_span_sums_backward(share, 1, columns, w), 0, rows, h)),)


ADAPTIVE_AVG_POOL2D = Op("adaptive_avg_pool2d", adaptive_avg_pool2d_forward, adaptive_avg_pool2d_backward)
