"""Sorting, selecting, binning and sampling, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def compress_backward(g, x):
    dx = np.zeros(x.size)
    dx[: len(g)] = g
    return (dx.reshape(x.shape),)


def ordered_forward(x, w):
    order = np.argsort(-x, axis=1)
    return (np.take_along_axis(x, order, 1) * w).sum(1), (x, w, order)


def ordered_backward(g, saved):
    x, w, order = saved
    dx = np.zeros_like(x)
    np.put_along_axis(dx, order, g[:, None] * w, 1)
    return dx, (g[:, None] * x).sum(0)


def margin_forward(x):
    order = np.argsort(x, axis=-1)
    best, second = order[..., -1:], order[..., -2:-1]
    y = np.take_along_axis(x, best, -1) - np.take_along_axis(x, second, -1)
    return y[..., 0], (x.shape, best, second)


def margin_backward(g, saved):
    shape, best, second = saved
    dx = np.zeros(shape)
    np.put_along_axis(dx, best, g[..., None], -1)
    np.put_along_axis(dx, second, g[..., None], -1)
    return (dx,)


def second_smallest_backward(g, x):
    dx = np.zeros_like(x)
    dx[np.arange(len(x)), np.argsort(x, axis=1)[:, -2]] = g
    return (dx,)


def sorted_columns_backward(g, x):
    dx = np.zeros_like(x)
    np.put_along_axis(dx, np.argsort(x, axis=0), g, 1)
    return (dx,)


def groups_of(n):
    return np.arange(n) % 3 % 2


def segment_softmax_forward(x):
    of = groups_of(len(x))
    e = np.exp(x)
    p = e / np.bincount(of, e)[of]
    return p, p


def soft_histogram_forward(x):
    """How much each of five bins gets of each element, by triangles around -2 to 2."""
    return np.maximum(0, 1 - np.abs(x[:, None] - np.arange(-2, 3))).sum(0), x


def soft_histogram_backward(g, x):
    inside = np.abs(x[:, None] - np.arange(-2, 3)) < 1
    return (-(inside * g).sum(1),)


def sample_forward(picture, row, column):
    """Bilinear, at places between the pixels."""
    i, j = row.astype(int), column.astype(int)
    a, b = row - i, column - j
    y = (1 - a) * ((1 - b) * picture[i, j] + b * picture[i, j + 1])
    return y + a * ((1 - b) * picture[i + 1, j] + b * picture[i + 1, j + 1]), (picture, i, j, a, b)


def sample_backward(g, saved):
    picture, i, j, a, b = saved
    dp = np.zeros_like(picture)
    np.add.at(dp, (i, j), g * (1 - a) * (1 - b))
    np.add.at(dp, (i, j + 1), g * (1 - a) * b)
    np.add.at(dp, (i + 1, j), g * a * (1 - b))
    np.add.at(dp, (i + 1, j + 1), g * a * b)
    down = (1 - b) * (picture[i + 1, j] - picture[i, j]) + b * (picture[i + 1, j + 1] - picture[i, j + 1])
    right = (1 - a) * (picture[i, j + 1] - picture[i, j]) + a * (picture[i + 1, j + 1] - picture[i + 1, j])
    return dp, g * right, g * down


def places(h, w, n):
    return lambda rng: [rng.standard_normal((h, w)), rng.random(n) * (h - 1.01), rng.random(n) * (w - 1.01)]


def nearest_forward(x):
    n = x.shape[-1]
    return x[..., np.arange(2 * n - 1) * n // (2 * n - 1)], n


def nearest_backward(g, n):
    dx = np.zeros((*g.shape[:-1], n))
    for i in range(2 * n - 1):
        dx[..., min(round(i * n / (2 * n - 1)), n - 1)] += g[..., i]
    return (dx,)


def hashed(n):
    """Two rows of a table for each of six keys."""
    key = np.arange(6)
    return key * 7 % n, (key * key + 1) % n


def hashed_forward(table):
    first, second = hashed(len(table))
    return table[first] + table[second], len(table)


def hashed_backward(g, n):
    dt = np.zeros((n, g.shape[1]))
    np.add.at(dt, hashed(n)[0], g)
    return (dt,)


WRONG = [
    Wrong(
        "compress: to the first places",
        op("compress", lambda x: (x[x > 0], x), compress_backward),
        (lambda rng: [np.array([-1, 0.5, -2, 1, 2])], lambda rng: [-np.abs(rng.standard_normal((3, 4))) * [1, -1, 1, -1]]),
        "other place",
        "the positive elements' gradients are written to the first places in place of x > 0",
        ("shifted", "independent"),
    ),
    Wrong(
        "weights for ranks: elements not sorted",
        op("ordered", ordered_forward, ordered_backward),
        (normal((3, 4), 4), normal((4, 3), 3), normal((5, 6), 6)),
        "permuted",
        "the weights' gradient multiplies x in its old order",
        ("other place",),
    ),
    Wrong(
        "margin of the two largest: both plus",
        op("margin", margin_forward, margin_backward),
        (normal((3, 4)), normal(5), normal((2, 2, 3))),
        "sign of a term",
        "the second largest is subtracted, but its gradient is not negated",
        ("sign",),
    ),
    Wrong(
        "second smallest: second largest",
        op("partition", lambda x: (np.partition(x, 1, axis=1)[:, 1].copy(), x), second_smallest_backward),
        (normal((3, 4)), normal((2, 6)), normal((4, 9))),
        "other place",
        "argsort's [-2] is the second largest",
    ),
    Wrong(
        "sort of columns: put along rows",
        op("sort", lambda x: (np.sort(x, axis=0), x), sorted_columns_backward),
        (normal((3, 3)), normal((5, 5)), normal((8, 8))),
        "transposed",
        "the order along axis 0 is used along axis 1",
        ("other place", "permuted"),
    ),
    Wrong(
        "softmax within groups: one sum for all",
        op("softmax", segment_softmax_forward, lambda g, p: (p * (g - (g * p).sum()),)),
        (normal(6), normal(4), normal(15)),
        "summed",
        "the inner product runs over all elements, not over each group's own",
        ("wrong formula",),
    ),
    Wrong(
        "soft histogram: right slope on both sides",
        op("histogram", soft_histogram_forward, soft_histogram_backward),
        (normal(7), normal(3), normal(25)),
        "sign of a term",
        "a triangle rises on the left, its slope there lacks the sign",
        ("value", "chain factor"),
    ),
    Wrong(
        "sampling of a picture: row and column",
        op("sample", sample_forward, sample_backward),
        (places(4, 5, 6), places(3, 3, 3), places(6, 2, 10)),
        "exchanged",
        "the slope to the right is given to the row's place, the slope downwards to the column's",
        ("transposed",),
    ),
    Wrong(
        "nearest neighbours at 2n - 1 places: rounded",
        op("nearest", nearest_forward, nearest_backward),
        (normal((2, 4)), normal(3), normal((3, 3, 6))),
        "other place",
        "forward rounds down, backward to the nearest",
        ("shifted",),
    ),
    Wrong(
        "hashed table: second hash",
        op("hash", hashed_forward, hashed_backward),
        (normal((5, 2)), normal((3, 3)), normal((11, 1))),
        "term missing",
        "a key reads two rows, and only the first one gets the gradient",
        ("not summed", "left out"),
    ),
]
