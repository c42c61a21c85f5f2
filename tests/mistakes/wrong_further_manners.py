"""Ops that change arrays, share or misread memory, lose digits or forget their contract."""

import numpy as np
from corpus import Wrong
from numpy.lib.stride_tricks import as_strided

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def positive(*shapes):
    return lambda rng: [rng.uniform(0.5, 2, shape) for shape in shapes]


def hinge_mean_forward(x):
    slope = -(x < 1).astype(float) / x.size
    return np.asarray(np.maximum(0, 1 - x).mean()), slope


def hinge_mean_backward(g, slope):
    slope *= g
    return (slope.copy(),)


def pruned_forward(x):
    return x * (np.arange(x.size).reshape(x.shape) % 3 > 0), None


def pruned_backward(g, _):
    g[np.arange(g.size).reshape(g.shape) % 3 == 0] = 0
    return (g.copy(),)


def surprisal_forward(x):
    total = x.sum(axis=-1, keepdims=True)
    x /= total
    return -np.log(x), (x.copy(), total)


def surprisal_backward(g, saved):
    p, total = saved
    return ((-g / p + g.sum(axis=-1, keepdims=True)) / total,)


def directions_forward(x):
    r = np.linalg.norm(x, axis=1, keepdims=True)
    return x / r, ((x / r).astype(np.float16), r)


def directions_backward(g, saved):
    u, r = saved
    return ((g - u * (g * u).sum(axis=1, keepdims=True)) / r,)


def pair_sums_forward(x):
    return x.reshape(-1, 2).sum(axis=1), None


def pair_sums_backward(g, _):
    return (as_strided(g, (g.size, 2), (g.itemsize, 0)).ravel(),)


def triples_forward(x):
    windows = as_strided(x, (x.size - 2, 3), (x.itemsize, x.itemsize))
    return windows @ np.array([1.0, -2.0, 0.5]), x.size


def triples_backward(g, n):
    dx = np.zeros(n)
    for k, c in enumerate((1.0, -2.0, 0.5)):
        dx[k : k + g.size] += c * g
    return (dx,)


class TopOfFirstCall:
    """Maxima of rows; where they were is asked once for each shape."""

    def __init__(self):
        self.places = {}

    def forward(self, x):
        return x.max(axis=1), (x.shape, x.argmax(axis=1))

    def backward(self, g, saved):
        shape, place = saved
        place = self.places.setdefault(shape, place)
        dx = np.zeros(shape)
        dx[np.arange(shape[0]), place] = g
        return (dx,)


LAYER = TopOfFirstCall()


def counts(*shape):
    return np.arange(np.prod(shape)).reshape(shape) % 4


def power_of_counts_backward(g, saved):
    n, p = saved
    return (None, g * n**p * np.log(n))


def softsign_forward(x):
    d = 1 + np.abs(x)
    y = x / d
    return y, (y, d)


def softsign_backward(g, saved):
    y, d = saved
    np.divide(1, d * d, out=y)
    return (g * y,)


def vector_matrix_backward(g, saved):
    v, m = saved
    return g[None] @ m.T, np.outer(v, g)


WRONG = [
    Wrong(
        "mean hinge: saved slope multiplied in place",
        op("hinge_mean", hinge_mean_forward, hinge_mean_backward),
        (normal((8,)), normal((3, 5)), normal((4, 4))),
        "changes saved",
        "slope *= g writes into what was saved: a second backward pass has g twice",
        ("state",),
    ),
    Wrong(
        "pruned entries: zeros written into the gradient",
        op("pruned", pruned_forward, pruned_backward),
        (normal((9,)), normal((4, 5)), normal((3, 3))),
        "changes gradient",
        "g[mask] = 0 changes the incoming gradient",
    ),
    Wrong(
        "surprisal of counts: normalised in place",
        op("surprisal", surprisal_forward, surprisal_backward),
        (positive((5,)), positive((3, 4)), positive((4, 4))),
        "changes input",
        "x /= sum writes into the input",
    ),
    Wrong(
        "directions of rows: kept as float16",
        op("directions", directions_forward, directions_backward),
        (normal((4, 5)), normal((3, 3)), normal((8, 2))),
        "precision",
        "the unit vectors are saved with three digits",
    ),
    Wrong(
        "sums of pairs: gradient repeated by strides of a dense array",
        op("pair_sums", pair_sums_forward, pair_sums_backward),
        (normal((8,)), normal((14,)), normal((26,))),
        "gradient strides",
        "as_strided takes the gradient's elements for neighbours in memory",
    ),
    Wrong(
        "weighted triples: windows of dense memory",
        op("triples", triples_forward, triples_backward),
        (normal((7,)), normal((12,))),
        "input strides",
        "as_strided takes x's elements for neighbours in memory",
    ),
    Wrong(
        "maxima of rows: places of the first call",
        op("row_maxima", LAYER.forward, LAYER.backward),
        (normal((4, 5)), normal((6, 6)), normal((3, 8))),
        "state",
        "setdefault keeps the places of the first backward pass of a shape",
        ("other place",),
    ),
    Wrong(
        "counts to a learned power: logarithm of zero",
        op("count_power", lambda n, p: (n**p, (n, p)), power_of_counts_backward),
        (
            lambda rng: [counts(8), rng.uniform(1.2, 2.5, 8)],
            lambda rng: [counts(3, 5), rng.uniform(1.2, 2.5, (3, 5))],
            lambda rng: [counts(4, 4), rng.uniform(1.2, 2.5, (4, 4))],
        ),
        "not finite",
        "0 times log(0) is NaN where the count is 0",
    ),
    Wrong(
        "softsign: slope written into the output",
        op("softsign_out", softsign_forward, softsign_backward),
        (normal((7,)), normal((4, 4)), normal((2, 3, 3))),
        "changes output",
        "y is the output itself, np.divide(out=y) replaces it",
        ("changes saved",),
    ),
    Wrong(
        "vector times matrix: gradient of shape (1, n)",
        op("vector_matrix", lambda v, m: (v @ m, (v, m)), vector_matrix_backward),
        (normal((4,), (4, 3)), normal((5,), (5, 5)), normal((3,), (3, 2))),
        "shape",
        "the vector's gradient keeps the row axis",
    ),
]
