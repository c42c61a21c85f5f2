"""Filters, windows, strides and padding, wrong in the backward pass."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import sliding_window_view

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def frames_forward(x):
    size, hop = 4, 2
    count = (len(x) - size) // hop + 1
    return np.stack([x[i * hop : i * hop + size] for i in range(count)]), x.shape


def frames_backward(g, shape):
    dx = np.zeros(shape)
    for i in range(len(g) - 1):
        dx[i * 2 : i * 2 + 4] += g[i]
    return (dx,)


RING = np.array([0.1, 0.7, 1.0, -0.4, 0.3])


def ring_forward(x):
    return sum(c * np.roll(x, 2 - k, axis=-1) for k, c in enumerate(RING)), None


def ring_backward(g, _):
    n = g.shape[-1]
    dx = np.zeros_like(g)
    for i in range(n):
        for k, c in enumerate(RING):
            j = i + k - 2
            if 0 <= j < n:
                dx[..., j] += c * g[..., i]
    return (dx,)


def holes_forward(x):
    n = x.shape[-1] - 4
    return x[..., :n] + 2 * x[..., 2 : n + 2] - x[..., 4:], x.shape


def holes_backward(g, shape):
    dx = np.zeros(shape)
    n = g.shape[-1]
    dx[..., :n] += g
    dx[..., 1 : n + 1] += 2 * g
    dx[..., 2 : n + 2] -= g
    return (dx,)


def spread_conv_forward(x, w):
    y = np.zeros(2 * (len(x) - 1) + len(w) + 1)
    for i, value in enumerate(x):
        y[2 * i : 2 * i + len(w)] += value * w
    return y, (x, w)


def spread_conv_backward(g, saved):
    x, w = saved
    dx = np.array([g[2 * i + 1 : 2 * i + 1 + len(w)] @ w for i in range(len(x))])
    dw = sum(x[i] * g[2 * i : 2 * i + len(w)] for i in range(len(x)))
    return dx, dw


def grouped_linear_forward(x, w):
    return np.einsum("ngi,goi->ngo", x, w), (x, w)


def grouped_linear_backward(g, saved):
    x, w = saved
    dx = np.einsum("ngo,goi->ngi", g, w)
    dw = np.stack([g[:, k].T @ x[:, k - 1] for k in range(x.shape[1])])
    return dx, dw


def framed_forward(x, v):
    y = np.full((x.shape[0] + 2, x.shape[1] + 2), v[0])
    y[1:-1, 1:-1] = x
    return y, None


def conv_strided_forward(x, w):
    windows = sliding_window_view(x, w.shape)[::2, ::3]
    return np.einsum("ijkl,kl->ij", windows, w), (x, w)


def conv_strided_backward(g, saved):
    x, w = saved
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i, j in np.ndindex(g.shape):
        dx[2 * i : 2 * i + w.shape[0], 3 * j : 3 * j + w.shape[1]] += g[i, j] * w
        dw += g[i, j] * x[2 * i : 2 * i + w.shape[0], 2 * j : 2 * j + w.shape[1]]
    return dx, dw


def same_conv_forward(x, w):
    """(T,) with a kernel of odd length, zeros around, as cross-correlation."""
    p = len(w) // 2
    return sliding_window_view(np.pad(x, p), len(w)) @ w, (x, w)


def same_conv_backward(g, saved):
    x, w = saved
    p = len(w) // 2
    dx = sliding_window_view(np.pad(g, p), len(w)) @ w[::-1]
    dw = np.array([g[max(0, -s) : len(g) - max(0, s)] @ x[max(0, s) : len(x) - max(0, -s)] for s in range(p, -p - 1, -1)])
    return dx, dw


def strided_max_forward(x):
    windows = sliding_window_view(x, 3, axis=1)[:, ::2]
    return windows.max(axis=2), (x.shape, windows.argmax(axis=2))


def strided_max_backward(g, saved):
    shape, winners = saved
    dx = np.zeros(shape)
    for n in range(shape[0]):
        for i in range(g.shape[1]):
            dx[n, i + winners[n, i]] += g[n, i]
    return (dx,)


WRONG = [
    Wrong(
        "frames of a signal: last frame",
        op("frames", frames_forward, frames_backward),
        (normal((8,)), normal((13,)), normal((30,))),
        "left out",
        "the last frame's gradient is not added",
        ("border", "not summed"),
    ),
    Wrong(
        "filter on a ring: taps beyond the ends dropped",
        op("ring", ring_forward, ring_backward),
        (normal((8,)), normal((3, 6)), normal((5, 5))),
        "border",
        "the index is not taken modulo n: contributions around the end are lost",
        ("left out", "not summed", "term missing"),
    ),
    Wrong(
        "filter with holes: taps next to each other",
        op("holes", holes_forward, holes_backward),
        (normal((9,)), normal((3, 8)), normal((2, 2, 12))),
        "stride",
        "the dilation of 2 is forgotten",
        ("shifted", "other place"),
    ),
    Wrong(
        "kernel laid down at every second place: read one place late",
        op("spread_conv", spread_conv_forward, spread_conv_backward),
        (normal((4,), (3,)), normal((6,), (4,)), normal((10,), (2,))),
        "shifted",
        "x's gradient reads g from 2 i + 1",
        ("stride", "other place"),
    ),
    Wrong(
        "grouped linear: weights from the group before",
        op("grouped_linear", grouped_linear_forward, grouped_linear_backward),
        (normal((4, 3, 2), (3, 2, 2)), normal((5, 2, 3), (2, 4, 3)), normal((3, 3, 3), (3, 3, 3))),
        "groups",
        "x[:, k - 1] for x[:, k] in the weight's gradient",
        ("permuted", "shifted", "other place"),
    ),
    Wrong(
        "picture in a learned frame: inside counted for the frame",
        op("framed", framed_forward, lambda g, _: (g[1:-1, 1:-1], np.array([g.sum()]))),
        (normal((3, 4), (1,)), normal((4, 4), (1,)), normal((2, 6), (1,))),
        "summed",
        "the frame's gradient is the sum over everything, not over the frame",
        ("no mask", "term extra", "factor", "wrong mask"),
    ),
    Wrong(
        "strides 2 and 3: the weight's gradient with 2 for both",
        op("conv_strided", conv_strided_forward, conv_strided_backward),
        (normal((7, 9), (3, 3)), normal((6, 8), (2, 2)), normal((5, 11), (1, 3))),
        "stride",
        "the columns of x are read with the stride of the rows",
        ("shifted", "other place"),
    ),
    Wrong(
        "same cross-correlation: taps collected from the other end",
        op("same_conv", same_conv_forward, same_conv_backward),
        (normal((9,), (3,)), normal((12,), (5,)), normal((6,), (3,))),
        "flipped",
        "the loop over shifts runs from +p to -p: the weight's gradient is mirrored",
    ),
    Wrong(
        "overlapping maxima, stride 2: stride forgotten",
        op("strided_max", strided_max_forward, strided_max_backward),
        (normal((3, 7)), normal((2, 11)), normal((5, 9))),
        "stride",
        "window i begins at 2 i, backward counts from i",
        ("other place", "shifted"),
    ),
]
