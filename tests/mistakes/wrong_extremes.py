"""Maxima, minima and nearest neighbours, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def max_forward(x):
    return x.max(axis=1), x


def max_to_smallest(g, x):
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), x.argmin(axis=1)] = g
    return (dx,)


def max_flat_index(g, x):
    dx = np.zeros(x.size)
    dx[x.argmax(axis=1)] = g  # the columns' numbers, not yet offset by their rows
    return (dx.reshape(x.shape),)


def max_times_value(g, x):
    return (np.where(x == x.max(axis=1, keepdims=True), x, 0) * g[:, None],)


def range_backward(g, x):
    dx = np.zeros_like(x)
    for i, row in enumerate(x):
        dx[i, row.argmax()] += g[i]
        dx[i, row.argmin()] += g[i]
    return (dx,)


def maxout_forward(x):
    n, c = x.shape
    pieces = x.reshape(n, c // 2, 2)
    return pieces.max(axis=2), pieces.argmax(axis=2)


def maxout_backward(g, winner):
    n, half = g.shape
    dx = np.zeros((n, 2, half))
    for piece in range(2):
        dx[:, piece] = g * (winner == piece)
    return (dx.reshape(n, 2 * half),)


def segment_max_forward(x):
    segments = np.arange(len(x)) % 3
    y = np.array([x[segments == s].max() for s in range(3)])
    return y, segments


def logsumexp_pool_forward(x):
    m = x.max(axis=-1, keepdims=True)
    return (m + np.log(np.exp(x - m).sum(axis=-1, keepdims=True)))[..., 0], x


def hard_choice_forward(x):
    y = np.eye(x.shape[1])[x.argmax(axis=1)]
    p = np.exp(x - x.max(axis=1, keepdims=True))
    return y, p / p.sum(axis=1, keepdims=True)


def min_over_channels_backward(g, x):
    lowest = -((-x).max(axis=1, keepdims=True))
    return (-g[:, None] * (x == lowest),)


def chamfer_forward(a, b):
    """Each point of a to its nearest in b: sum of squared distances. a (N, D), b (M, D)."""
    d = ((a[:, None] - b[None]) ** 2).sum(axis=2)
    nearest = d.argmin(axis=1)
    return d.min(axis=1).sum(), (a, b, nearest)


def chamfer_backward(g, saved):
    a, b, nearest = saved
    da = 2 * g * (a - b[nearest])
    db = np.zeros_like(b)
    db[nearest] -= da
    return da, db


WRONG = [
    Wrong(
        "max over rows: everyone gets it",
        op("max", max_forward, lambda g, x: (np.repeat(g[:, None], x.shape[1], axis=1),)),
        (normal((3, 4)), normal((5, 5)), normal((4, 2))),
        "no mask",
        "the gradient goes to all elements of a row, not only to the largest",
    ),
    Wrong(
        "max over rows: argmin",
        op("max", max_forward, max_to_smallest),
        (normal((3, 4)), normal((5, 5)), normal((4, 2))),
        "other place",
        "the smallest element gets the gradient of the largest",
    ),
    Wrong(
        "max over rows: compared with the maximum of all",
        op("max", max_forward, lambda g, x: ((x == x.max()) * g[:, None],)),
        (normal((3, 4)), normal((5, 5)), normal((6, 2))),
        "wrong mask",
        "only the largest element of the whole array gets a gradient: the maximum lacks axis and keepdims",
        ("left out",),
    ),
    Wrong(
        "max over rows: flat index without the row's offset",
        op("max", max_forward, max_flat_index),
        (normal((3, 4)), normal((5, 5)), normal((6, 3))),
        "other place",
        "argmax along a row is used as an index into the flat array: everything lands in the first row",
        ("overwritten",),
    ),
    Wrong(
        "max over rows: times its value",
        op("max", max_forward, max_times_value),
        (normal((3, 4)), normal((5, 5)), normal((2, 7))),
        "chain factor",
        "the mask holds the maximum itself where it should hold 1",
        ("scale",),
    ),
    Wrong(
        "min as -max(-x): one minus forgotten",
        op("min", lambda x: (x.min(axis=1), x), min_over_channels_backward),
        (normal((3, 4)), normal((2, 3, 3)), normal((5, 2))),
        "sign",
        "both minus signs cancel, backward has only one of them",
    ),
    Wrong(
        "max minus min: both added",
        op("range", lambda x: (np.ptp(x, axis=1), x), range_backward),
        (normal((3, 4)), normal((5, 5)), normal((1, 6))),
        "sign of a term",
        "the smallest element's gradient should be -g",
        ("value",),
    ),
    Wrong(
        "cumulative maximum: only where it rises",
        op(
            "cummax",
            lambda x: (np.maximum.accumulate(x, axis=-1), x == np.maximum.accumulate(x, axis=-1)),
            lambda g, record: (g * record,),
        ),
        (normal((4, 8)), normal((3, 6)), normal((5, 5))),
        "not summed",
        "an element that stays the maximum for several steps gets the gradient of the first of them only",
        ("term missing",),
    ),
    Wrong(
        "maxout: channels grouped in another way",
        op("maxout", maxout_forward, maxout_backward),
        (normal((3, 6)), normal((8, 8)), normal((1, 10))),
        "memory order",
        "forward takes neighbours as pairs, backward writes to channels c and c + C/2",
        ("groups", "permuted"),
    ),
    Wrong(
        "segment maximum: to the whole segment",
        op("segment_max", segment_max_forward, lambda g, segments: (g[segments],)),
        (normal((7,)), normal((12,)), normal((5,))),
        "no mask",
        "each element of a segment gets the gradient of its maximum",
    ),
    Wrong(
        "logsumexp: only the largest",
        op("smooth_max", logsumexp_pool_forward, lambda g, x: (g[..., None] * (x == x.max(axis=-1, keepdims=True)),)),
        (normal((5,)), normal((3, 4)), normal((2, 2, 3))),
        "approximate",
        "the gradient of the maximum, of which logsumexp is a smooth version, for softmax",
        ("wrong formula", "wrong mask"),
    ),
    Wrong(
        "argmax as one-hot: straight through softmax",
        op("hard_choice", hard_choice_forward, lambda g, p: (p * (g - (p * g).sum(1, keepdims=True)),)),
        (normal((3, 4)), normal((5, 5)), normal((2, 2))),
        "approximate",
        "forward is piecewise constant, its derivative is zero: backward is that of softmax",
        ("independent",),
    ),
    Wrong(
        "chamfer distance: a point that is nearest to several",
        op("chamfer", chamfer_forward, chamfer_backward),
        (normal((8, 2), (3, 2)), normal((10, 3), (5, 3)), normal((8, 1), (4, 1))),
        "overwritten",
        "db[nearest] -= ... with repeated indices keeps one of several contributions",
        ("not summed",),
    ),
]
