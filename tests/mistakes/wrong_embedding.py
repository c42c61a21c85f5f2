"""Embeddings, segments and interpolation in tables, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
import minimix.functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def table(rows, columns, indices):
    """A table and indices into it, given as a list."""
    return lambda rng: [rng.standard_normal((rows, columns)), np.array(indices)]


def look_up(w, i):
    return w[i], (w.shape, i)


def embedding_plus_equals(g, saved):
    shape, i = saved
    dw = np.zeros(shape)
    dw[i] += g
    return dw, None


def embedding_by_count(g, saved):
    shape, i = saved
    dw = np.zeros(shape)
    np.add.at(dw, i, g)
    count = np.bincount(i, minlength=shape[0])
    return dw / np.maximum(count, 1)[:, None], None


def embedding_padding_row(g, saved):
    shape, i = saved
    dw = np.zeros(shape)
    for row, gradient in zip(i.ravel(), g.reshape(-1, shape[1]), strict=True):
        if row != 0:
            dw[row] += gradient
    return dw, None


def embedding_shifted_one_hot(g, saved):
    shape, i = saved
    return np.eye(shape[0], k=1)[i].T @ g, None


def embedding_one_hot_untransposed(g, saved):
    shape, i = saved
    return np.eye(shape[0])[i] @ g, None


def embedding_up_to_largest(g, saved):
    _, i = saved
    dw = np.zeros((i.max() + 1, g.shape[-1]))
    np.add.at(dw, i, g)
    return dw, None


def scaled_look_up(w, i):
    """Times the root of the width, as transformers do."""
    return w[i] * np.sqrt(w.shape[1]), (w.shape, i)


def right_embedding(g, saved):
    shape, i = saved
    dw = np.zeros(shape)
    np.add.at(dw, i, g)
    return dw, None


def bag_forward(w, i):
    """i (N, L): the sum of L rows for each of N bags."""
    return w[i].sum(axis=1), (w.shape, i)


def bag_first_only(g, saved):
    shape, i = saved
    dw = np.zeros(shape)
    np.add.at(dw, i[:, 0], g)
    return dw, None


def bag_repeated(g, saved):
    """Pairs each index with a gradient, but np.tile puts the bags in another order than i.ravel()."""
    shape, i = saved
    dw = np.zeros(shape)
    np.add.at(dw, i.ravel(), np.tile(g, (i.shape[1], 1)))
    return dw, None


def segment_mean_forward(x, segments):
    count = np.bincount(segments, minlength=3)
    total = np.zeros((3, x.shape[1]))
    np.add.at(total, segments, x)
    return total / np.maximum(count, 1)[:, None], segments


def interpolated_forward(values, place):
    """Linear interpolation in a table: values (N), places (M) between 0 and N - 1."""
    low = np.clip(np.floor(place).astype(int), 0, len(values) - 2)
    t = place - low
    return (1 - t) * values[low] + t * values[low + 1], (values, low, t)


def interpolated_exchanged(g, saved):
    values, low, t = saved
    dv = np.zeros_like(values)
    np.add.at(dv, low, t * g)
    np.add.at(dv, low + 1, (1 - t) * g)
    return dv, g * (values[low + 1] - values[low])


def interpolated_no_place(g, saved):
    values, low, t = saved
    dv = np.zeros_like(values)
    np.add.at(dv, low, (1 - t) * g)
    np.add.at(dv, low + 1, t * g)
    return dv, None


def places(n, m):
    return lambda rng: [rng.standard_normal(n), rng.integers(0, n - 1, m) + rng.uniform(0.1, 0.4, m)]


HALF = op("look_up", look_up, embedding_plus_equals)


def tied_scores(w, i):
    """A table that embeds and, transposed, scores: the embedding's use of it is wrong."""
    return F.matmul(HALF(w, i), F.transpose(w, 0, 1))


REPEATED = (table(5, 3, [1, 1, 4, 0]), table(4, 4, [2, 2, 2, 3]), table(3, 2, [0, 1, 0, 2, 0, 1]))
WRONG = [
    Wrong(
        "embedding: dw[i] += g",
        op("embedding", look_up, embedding_plus_equals),
        REPEATED,
        "overwritten",
        "+= with an index array keeps one of several gradients of a repeated index: np.add.at is needed",
        ("not summed",),
    ),
    Wrong(
        "embedding: divided by how often a row is used",
        op("embedding", look_up, embedding_by_count),
        REPEATED,
        "averaged",
        "rows that occur several times get the mean of their gradients, not the sum",
        ("scale",),
    ),
    Wrong(
        "embedding: row 0 taken for padding",
        op("embedding", look_up, embedding_padding_row),
        (table(5, 3, [1, 0, 4, 0]), table(4, 4, [2, 0, 0, 3]), table(3, 2, [[0, 1], [2, 0]])),
        "left out",
        "forward looks row 0 up like any other, backward leaves it out",
    ),
    Wrong(
        "embedding: one-hot array with a diagonal beside the main one",
        op("embedding", look_up, embedding_shifted_one_hot),
        REPEATED,
        "shifted",
        "each gradient arrives one row below its own, that of the last row is lost",
        ("other place",),
    ),
    Wrong(
        "embedding: one-hot array not transposed",
        op("embedding", look_up, embedding_one_hot_untransposed),
        (table(4, 3, [1, 2, 0, 0]), table(5, 5, [1, 2, 3, 4, 0]), table(3, 2, [2, 0, 2])),
        "transposed",
        "onehot @ g for onehot.T @ g, which fits where there are as many indices as rows",
        ("permuted",),
    ),
    Wrong(
        "embedding: as many rows as the largest index needs",
        op("embedding", look_up, embedding_up_to_largest),
        (table(5, 3, [1, 1, 3, 0]), table(4, 4, [2, 0]), table(6, 1, [0])),
        "shape",
        "rows above the largest index are not part of the gradient",
    ),
    Wrong(
        "embedding times the root of its width: forgotten",
        op("embedding", scaled_look_up, right_embedding),
        REPEATED,
        "factor",
        "the gradient is not multiplied by sqrt(D)",
    ),
    Wrong(
        "tied embedding and scores: dw[i] += g",
        tied_scores,
        (table(5, 3, [1, 1, 4, 0]), table(4, 4, [2, 2, 2, 3])),
        "overwritten",
        "the table's use as an embedding keeps one gradient of each repeated index; its use as a matrix is right",
        ("not summed",),
    ),
    Wrong(
        "embedding bag: the first of each bag",
        op("embedding_bag", bag_forward, bag_first_only),
        (table(5, 3, [[1, 1], [4, 0]]), table(4, 4, [[0, 1, 2], [3, 3, 0]]), table(3, 2, [[2, 0]])),
        "left out",
        "only the first index of each bag gets the gradient",
        ("not summed",),
    ),
    Wrong(
        "embedding bag: tile for repeat",
        op("embedding_bag", bag_forward, bag_repeated),
        (table(5, 3, [[1, 2], [4, 0]]), table(4, 4, [[0, 1, 2], [3, 3, 0]]), table(6, 2, [[2, 0], [1, 3], [5, 4]])),
        "memory order",
        "the gradients of bags are tiled, where each must be repeated for its own indices",
        ("other place", "permuted"),
    ),
    Wrong(
        "segment mean: not divided",
        op("segment_mean", segment_mean_forward, lambda g, segments: (g[segments], None)),
        (
            lambda rng: [rng.standard_normal((6, 2)), np.array([0, 1, 1, 2, 2, 2])],
            lambda rng: [rng.standard_normal((4, 4)), np.array([2, 0, 2, 2])],
        ),
        "not averaged",
        "each element of a segment gets g, not g / count",
        ("scale",),
    ),
    Wrong(
        "linear interpolation in a table: weights exchanged",
        op("interpolate", interpolated_forward, interpolated_exchanged),
        (places(5, 6), places(8, 3), places(2, 4)),
        "exchanged",
        "the left neighbour gets t, the right one 1 - t; the places' gradient is right",
        ("other place", "chain factor", "wrong formula"),
    ),
    Wrong(
        "linear interpolation in a table: none for the places",
        op("interpolate", interpolated_forward, interpolated_no_place),
        (places(5, 6), places(8, 3), places(2, 4)),
        "zero",
        "places are taken for constants, as whole indices would be",
    ),
]
