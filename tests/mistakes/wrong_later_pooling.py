"""Pooling and upsampling with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


# max pooling by loops, windows of k at a stride of s


def max_pool_forward(x, k=2, s=3):
    n, c, h, w = x.shape
    oh, ow = (h - k) // s + 1, (w - k) // s + 1
    y = np.empty((n, c, oh, ow))
    for i in range(oh):
        for j in range(ow):
            y[:, :, i, j] = x[:, :, i * s : i * s + k, j * s : j * s + k].max(axis=(2, 3))
    return y, (x, k, s)


def max_pool_stride_is_kernel(g, saved):
    x, k, _ = saved
    dx = np.zeros_like(x)
    for i in range(g.shape[2]):
        for j in range(g.shape[3]):
            window = x[:, :, i * k : i * k + k, j * k : j * k + k]
            mask = window == window.max(axis=(2, 3), keepdims=True)
            dx[:, :, i * k : i * k + k, j * k : j * k + k] += mask * g[:, :, i, j][:, :, None, None]
    return (dx,)


def max_pool_sample_loop(x):
    """Windows of 2, stride 2, sample by sample, with the mask of the largest number in all channels of the window."""

    def backward(g, x):
        dx = np.zeros_like(x)
        n, _, oh, ow = g.shape
        for b in range(n):
            for i in range(oh):
                for j in range(ow):
                    window = x[b, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                    dx[b, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = (window == window.max()) * g[b, :, i, j][:, None, None]
        return (dx,)

    return op("max_pool", lambda x: (max_pool_forward(x, 2, 2)[0], x), backward)(x)


def max1d_forward(x):
    out = (x.shape[1] - 3) // 2 + 1
    windows = np.stack([x[:, 2 * i : 2 * i + 3] for i in range(out)], axis=1)
    return windows.max(-1), (x.shape, windows.argmax(-1))


def max1d_without_stride(g, saved):
    shape, place = saved
    dx = np.zeros(shape)
    for n in range(len(g)):
        for i in range(g.shape[1]):
            dx[n, i + place[n, i]] += g[n, i]
    return (dx,)


def min_of_rows(g, x):
    dx = np.zeros_like(x)
    dx[:, x.argmin(axis=1)] = g[:, None]
    return (dx,)


class MaxPoolOfPairs:
    """Keeps the mask of its last forward pass, as layers do; here two of its calls meet in one graph."""

    def forward(self, x):
        pairs = x.reshape(len(x), -1, 2)
        self.mask = pairs == pairs.max(-1, keepdims=True)
        return pairs.max(-1), x.shape

    def backward(self, g, shape):
        return ((self.mask * g[..., None]).reshape(shape),)


def two_branches(x):
    layer = MaxPoolOfPairs()
    pool = op("max_pool", layer.forward, layer.backward)
    return pool(F.tanh(x)) + pool(-1.0 * x)


# averages


def average_pool_forward(x, k=3, p=1):
    h, w = x.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    y = sum(padded[:, :, i : i + h, j : j + w] for i in range(k) for j in range(k)) / k**2
    return y, (x.shape, k, p)


def average_pool_from_corner(g, saved):
    (n, c, h, w), k, p = saved
    padded = np.zeros((n, c, h + 2 * p, w + 2 * p))
    for i in range(h):
        for j in range(w):
            padded[:, :, i : i + k, j : j + k] += g[:, :, i, j, None, None] / k**2
    return (padded[:, :, :h, :w],)


def blocks_forward(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5)), None


def average_rows_of_three(x):
    n, length = x.shape
    return x[:, : length // 3 * 3].reshape(n, -1, 3).mean(-1), x.shape


def average_rows_backward(g, shape):
    dx = np.zeros(shape)
    dx[:, : 3 * g.shape[1]] = np.tile(g / 3, 3)
    return (dx,)


# upsampling


def aligned(length, factor):
    """Left neighbours and shares of the right ones for length * factor places from the first element to the last."""
    place = np.arange(length * factor) * (length - 1) / (length * factor - 1)
    left = np.minimum(place.astype(int), length - 2)
    return left, place - left


def unaligned(length, factor):
    place = np.clip((np.arange(length * factor) + 0.5) / factor - 0.5, 0, length - 1)
    left = np.minimum(place.astype(int), length - 2)
    return left, place - left


def linear_forward(x, factor=2):
    left, share = aligned(x.shape[-1], factor)
    return x[..., left] * (1 - share) + x[..., left + 1] * share, (x.shape, factor)


def linear_backward(g, saved):
    shape, factor = saved
    left, share = unaligned(shape[-1], factor)
    dx = np.zeros(shape)
    for i in range(g.shape[-1]):
        dx[..., left[i]] += g[..., i] * (1 - share[i])
        dx[..., left[i] + 1] += g[..., i] * share[i]
    return (dx,)


def enlarged_forward(x):
    return x.repeat(2, axis=2).repeat(3, axis=3), x.shape


def enlarged_backward(g, shape):
    dx = np.zeros(shape)
    for i in range(2):
        for j in range(2):
            dx += g[:, :, i::2, j::3]
    return (dx,)


WRONG = [
    Wrong(
        "max pooling, windows of 2, stride 3: laid at multiples of 2",
        op("max_pool", max_pool_forward, max_pool_stride_is_kernel),
        (normal((2, 2, 5, 5)), normal((1, 3, 5, 8)), normal((2, 1, 8, 6))),
        "stride",
        "backward finds its windows at i * k, forward at i * stride",
        ("other place", "shifted"),
    ),
    Wrong(
        "max pooling sample by sample: maximum over the channels",
        max_pool_sample_loop,
        (normal((2, 3, 4, 4)), normal((1, 2, 4, 6)), normal((3, 3, 2, 2))),
        "wrong mask",
        "window.max() is the largest of all channels: the other channels' maxima get nothing",
        ("left out", "zero"),
    ),
    Wrong(
        "max pooling of rows, windows of 3, stride 2: place i + argmax",
        op("max_pool", max1d_forward, max1d_without_stride),
        (normal((2, 9)), normal((4, 7)), normal((1, 11))),
        "stride",
        "the place of a maximum is 2 i + argmax",
        ("other place", "shifted"),
    ),
    Wrong(
        "smallest of each row: dx[:, index] = g",
        op("min", lambda x: (x.min(axis=1), x), min_of_rows),
        (normal((3, 4)), normal((4, 4)), normal((2, 7))),
        "other place",
        "dx[:, index] writes each row's gradient to the places of all rows; np.arange(n) belongs in front",
        ("independent", "no mask", "wrong mask"),
    ),
    Wrong(
        "max pooling of pairs, used twice: mask of the last call",
        two_branches,
        (normal((3, 6)), normal((2, 8)), normal((4, 4))),
        "state",
        "the layer keeps one mask, that of its last forward pass, for both backward passes",
        ("other place", "wrong mask"),
    ),
    Wrong(
        "average pooling, padded: cropped from the corner",
        op("average_pool", average_pool_forward, average_pool_from_corner),
        (normal((2, 2, 4, 4)), normal((1, 3, 3, 5)), normal((3, 1, 5, 2))),
        "shifted",
        "the padded gradient is cut as [:h, :w], not from the padding on",
    ),
    Wrong(
        "mean of 2 x 2 blocks: divided by 2",
        op("block_mean", blocks_forward, lambda g, _: (np.kron(g, np.ones((2, 2))) / 2,)),
        (normal((2, 2, 4, 4)), normal((1, 3, 2, 6)), normal((2, 2, 2, 2))),
        "factor",
        "each mean is of four pixels",
        ("not averaged", "wrong constant"),
    ),
    Wrong(
        "means of three in a row, a rest cut off: tiled for repeated",
        op("mean_of_three", average_rows_of_three, average_rows_backward),
        (normal((2, 7)), normal((3, 9)), normal((1, 8))),
        "memory order",
        "np.tile writes the whole gradient three times in a row where each number should stand three times",
        ("other place", "permuted"),
    ),
    Wrong(
        "global average of pictures: gradient along the width",
        op(
            "global_average",
            lambda x: (x.mean((2, 3)), x.shape),
            lambda g, shape: (np.ones(shape) * g[:, None, None, :] / (shape[2] * shape[3]),),
        ),
        (normal((2, 4, 3, 4)), normal((3, 3, 3, 3)), normal((1, 5, 2, 5))),
        "transposed",
        "g[:, None, None, :] lays the channels' gradients along the width, which is as long",
        ("permuted",),
    ),
    Wrong(
        "upsampling by 3 in a row: reshaped with the 3 in front",
        op(
            "upsample",
            lambda x: (np.repeat(x, 3, axis=-1), x.shape),
            lambda g, shape: (g.reshape(*shape[:-1], 3, shape[-1]).sum(axis=-2),),
        ),
        (normal((2, 3, 4)), normal((5, 3)), normal((6,))),
        "memory order",
        "copies stand beside each other: (..., L, 3), not (..., 3, L)",
        ("other place", "permuted"),
    ),
    Wrong(
        "linear upsampling, ends aligned: backward with half pixels",
        op("upsample", linear_forward, linear_backward),
        (normal((2, 5)), normal((1, 2, 4)), normal((3, 3))),
        "shifted",
        "backward takes its neighbours and shares for places (i + 1/2) / 2 - 1/2, forward for aligned ends",
        ("wrong constant", "wrong formula", "other place", "scale"),
    ),
    Wrong(
        "upsampling by 2 and 3: third column's copies",
        op("upsample", enlarged_forward, enlarged_backward),
        (normal((2, 2, 2, 3)), normal((1, 3, 3, 3)), normal((2, 1, 4, 2))),
        "left out",
        "both loops run to 2, but columns were repeated three times",
        ("not summed",),
    ),
]
