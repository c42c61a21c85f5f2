"""Indexing, scatter and gather, wrong in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def central_backward(g, n):
    dx = np.zeros(n)
    dx[1:-1] += g / 2
    dx[:-2] -= g / 2
    return (dx,)


def thirds_backward(g, shape):
    dx = np.zeros(shape)
    dx[:, ::3][:, : g.shape[1]] = g
    return (dx,)


def codes(n, k, step):
    return (np.arange(n) * step + 1) % k


def two_tables_forward(a, b):
    i, j = codes(6, len(a), 2), codes(6, len(b), 3)
    return a[i] * 2 + b[j], (a.shape, b.shape, i, j)


def two_tables_backward(g, saved):
    shape_a, shape_b, _, j = saved
    da, db = np.zeros(shape_a), np.zeros(shape_b)
    np.add.at(da, j % len(da), 2 * g)
    np.add.at(db, j, g)
    return da, db


def histogram_forward(x):
    bins = (np.arange(len(x)) * 5 + 2) % 4
    return np.bincount(bins, weights=x, minlength=4), bins


def placed_forward(x):
    n = len(x)
    places = (np.arange(n) * 2 + 3) % (2 * n + 1)
    y = np.zeros(2 * n + 1)
    y[places] = x
    return y, places


def edges(n):
    start = np.repeat(np.arange(n), 2)
    return start, (start + np.tile([1, 2], n)) % n


def edge_differences_forward(x):
    source, target = edges(len(x))
    return x[target] - x[source], x.shape


def edge_differences_backward(g, shape):
    dx = np.zeros(shape)
    source, target = edges(shape[0])
    dx[target] += g
    dx[source] -= g
    return (dx,)


def antidiagonal_forward(x):
    return np.fliplr(x).diagonal().copy(), None


def steps_forward(x):
    y = x.copy()
    y[1:] -= x[:-1]
    return y, None


def steps_backward(g, _):
    dx = np.zeros_like(g)
    for i in range(len(g) - 1):
        dx[i] = g[i] - g[i + 1]
    return (dx,)


def long_repeat_forward(x):
    length = 3 * x.shape[1] - 1
    return np.repeat(x, 3, axis=1)[:, :length], x.shape


def long_repeat_backward(g, shape):
    dx = np.zeros(shape)
    whole = g.shape[1] // 3
    dx[:, :whole] = g[:, : whole * 3].reshape(len(g), whole, 3).sum(axis=2)
    return (dx,)


def joined_backward(g, widths):
    first, _ = widths
    return g[:, :first], g[:, first:]


def row_of_each_forward(x):
    k = np.arange(len(x)) % x.shape[1]
    return x[np.arange(len(x)), k], (x.shape, k)


def row_of_each_backward(g, saved):
    shape, k = saved
    dx = np.zeros(shape)
    for n in range(shape[0]):
        dx[n, k[n] - 1] = g[n]
    return (dx,)


WRONG = [
    Wrong(
        "central differences: one place early",
        op("central", lambda x: ((x[2:] - x[:-2]) / 2, len(x)), central_backward),
        (normal((6,)), normal((13,)), normal((40,))),
        "shifted",
        "the right neighbour's share is at 1:-1, it belongs at 2:",
        ("other place",),
    ),
    Wrong(
        "every third column from the second: from the first in backward",
        op("thirds", lambda x: (x[:, 1::3].copy(), x.shape), thirds_backward),
        (normal((2, 6)), normal((5, 5)), normal((3, 12))),
        "shifted",
        "the start of the slice, 1, is forgotten",
        ("other place", "stride"),
    ),
    Wrong(
        "two tables by two codes: first one's by the second code",
        op("two_tables", two_tables_forward, two_tables_backward),
        (normal((5, 3), (5, 3)), normal((4, 4), (7, 4)), normal((3, 2), (5, 2))),
        "other place",
        "np.add.at uses j for both tables",
        ("permuted", "exchanged"),
    ),
    Wrong(
        "weighted histogram: bins sorted",
        op("histogram", histogram_forward, lambda g, bins: (g[np.sort(bins)],)),
        (normal((6,)), normal((10,)), normal((25,))),
        "permuted",
        "the bins are sorted in backward, the weights are not",
        ("other place",),
    ),
    Wrong(
        "elements placed in a longer vector: read from its front",
        op("placed", placed_forward, lambda g, places: (g[: len(places)].copy(),)),
        (normal((4,)), normal((9,)), normal((16,))),
        "other place",
        "g[places] is needed",
        ("permuted", "shifted"),
    ),
    Wrong(
        "differences along edges: -= with repeated nodes",
        op("edge_differences", edge_differences_forward, edge_differences_backward),
        (normal((5,)), normal((4, 3)), normal((6, 6))),
        "overwritten",
        "+= and -= with repeated indices keep one contribution of several",
        ("not summed", "left out"),
    ),
    Wrong(
        "antidiagonal: back to the diagonal",
        op("antidiagonal", antidiagonal_forward, lambda g, _: (np.diag(g),)),
        (normal((4, 4)), normal((5, 5)), normal((2, 2))),
        "other place",
        "np.diag(g) is not mirrored",
        ("flipped",),
    ),
    Wrong(
        "increments with the first value: last one left at zero",
        op("increments", steps_forward, steps_backward),
        (normal((7,)), normal((4, 4)), normal((3, 2, 5))),
        "left out",
        "the loop ends one before the last element",
        ("border", "term missing"),
    ),
    Wrong(
        "repeated by three and cut: the remainder",
        op("long_repeat", long_repeat_forward, long_repeat_backward),
        (normal((2, 4)), normal((5, 5)), normal((3, 7))),
        "left out",
        "the last column has two copies; backward drops what is no whole block",
        ("border",),
    ),
    Wrong(
        "second beside first, other order: cut as first, second",
        op("joined", lambda a, b: (np.concatenate([b, a], axis=1), (a.shape[1], b.shape[1])), joined_backward),
        (normal((3, 2), (3, 5)), normal((4, 3), (4, 1)), normal((2, 4), (2, 4))),
        "exchanged",
        "b comes first in the output, backward gives its place to a",
        ("other place", "permuted", "shifted"),
    ),
    Wrong(
        "one element of each row: column one less",
        op("row_of_each", row_of_each_forward, row_of_each_backward),
        (normal((5, 3)), normal((4, 4)), normal((6, 5))),
        "other place",
        "classes counted from one in backward, from zero in forward",
        ("shifted",),
    ),
]
