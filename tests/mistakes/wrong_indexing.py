"""Take, gather, scatter, slices, masks and triangles, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def take_columns_backward(g, saved):
    shape, i = saved
    dx = np.zeros(shape)
    np.add.at(dx, i, g)
    return dx, None


def gather_forward(x, i):
    return np.take_along_axis(x, i, axis=1), (x.shape, i)


def gather_put(g, saved):
    shape, i = saved
    dx = np.zeros(shape)
    np.put_along_axis(dx, i, g, axis=1)
    return dx, None


def gather_first_column(g, saved):
    """Adds up along each row before it is placed."""
    shape, i = saved
    dx = np.zeros(shape)
    rows = np.arange(shape[0])[:, None]
    np.add.at(dx, (rows, i), np.broadcast_to(g.sum(axis=1, keepdims=True), g.shape))
    return dx, None


def gather_on_columns(g, saved):
    shape, i = saved
    dx = np.zeros(shape)
    np.add.at(dx, (i, np.arange(shape[0])[:, None]), g)
    return dx, None


def scatter_forward(base, source, i):
    y = base.copy()
    y[i] = source
    return y, i


def scatter_base_unmasked(g, i):
    return g, g[i], None


def scatter_base_right(g, i):
    base = g.copy()
    base[i] = 0
    return base, g[i], None


def scatter_add_forward(base, source, i):
    y = base.copy()
    np.add.at(y, i, source)
    return y, i


def base_and_source(n, columns, indices):
    m = len(indices)
    return lambda rng: [rng.standard_normal((n, columns)), rng.standard_normal((m, columns)), np.array(indices)]


def neighbour_indices(n):
    return np.arange(-2, n + 2)


def clamped_backward(g, n):
    dx = np.zeros(n)
    np.add.at(dx, neighbour_indices(n) % n, g)
    return (dx,)


def slice_step_backward(g, n):
    dx = np.zeros(n)
    dx[: len(g)] = g
    return (dx,)


def cropped_backward(g, shape):
    dx = np.zeros(shape)
    dx[: g.shape[0], : g.shape[1]] = g
    return (dx,)


def diagonal_backward(g, shape):
    dx = np.zeros(shape)
    np.fill_diagonal(dx[: len(g), : len(g)], g)
    return (dx,)


def pack_backward(g, shape):
    dx = np.zeros(shape)
    dx[np.tril_indices(shape[0])] = g
    return (dx,)


def symmetric_forward(v):
    n = int(np.sqrt(2 * len(v)))
    i, j = np.triu_indices(n)
    y = np.zeros((n, n))
    y[i, j] = y[j, i] = v
    return y, (i, j)


def checkerboard(x):
    return np.indices(x.shape).sum(axis=0) % 2 == 0


DISTINCT = (base_and_source(5, 3, [1, 4]), base_and_source(4, 4, [2, 0, 3]), base_and_source(3, 2, [0]))
GATHERED = (
    lambda rng: [rng.standard_normal((3, 5)), np.array([[1, 1], [0, 4], [3, 3]])],
    lambda rng: [rng.standard_normal((4, 4)), np.array([[1, 2, 2], [0, 0, 3], [3, 3, 3], [0, 1, 2]])],
)


def taken(n, indices):
    return lambda rng: [rng.standard_normal((n, n)), np.array(indices)]


WRONG = [
    Wrong(
        "take along axis 1: added along axis 0",
        op("take", lambda x, i: (x[:, i], (x.shape, i)), take_columns_backward),
        (taken(4, [1, 0, 3, 3]), taken(3, [2, 2, 0]), taken(5, [4, 3, 2, 0, 0])),
        "transposed",
        "columns were taken, rows get the gradient",
        ("other place",),
    ),
    Wrong(
        "gather along rows: put_along_axis",
        op("gather", gather_forward, gather_put),
        GATHERED,
        "overwritten",
        "the last of several gradients of one element replaces the others",
        ("not summed",),
    ),
    Wrong(
        "gather along rows: each gets the row's sum",
        op("gather", gather_forward, gather_first_column),
        GATHERED,
        "summed",
        "the gradient is summed along the row before it is added at each index",
    ),
    Wrong(
        "gather along rows: row and column exchanged",
        op("gather", gather_forward, gather_on_columns),
        (
            lambda rng: [rng.standard_normal((3, 3)), np.array([[1, 1], [0, 2], [0, 1]])],
            lambda rng: [rng.standard_normal((5, 5)), np.array([[4], [2], [0], [0], [1]])],
        ),
        "transposed",
        "dx[i, row] for dx[row, i]",
        ("other place",),
    ),
    Wrong(
        "scatter into rows: what is replaced gets a gradient",
        op("scatter", scatter_forward, scatter_base_unmasked),
        DISTINCT,
        "no mask",
        "rows of the base that forward replaces do not matter, but get g",
        ("independent",),
    ),
    Wrong(
        "scatter into rows: repeated indices",
        op("scatter", scatter_forward, scatter_base_right),
        (base_and_source(5, 3, [1, 1, 4]), base_and_source(4, 4, [2, 0, 2, 2]), base_and_source(2, 3, [0, 0])),
        "no mask",
        "of several sources for one row the last remains in forward, all of them get its gradient",
        ("independent",),
    ),
    Wrong(
        "scatter-add: the base blocked where something is added",
        op("scatter_add", scatter_add_forward, scatter_base_right),
        DISTINCT,
        "wrong mask",
        "the base's rows are set to zero as for a scatter that replaces",
        ("left out",),
    ),
    Wrong(
        "look-up with clamped indices: wrapped in backward",
        op("edge_look_up", lambda x: (np.take(x, neighbour_indices(len(x)), mode="clip"), len(x)), clamped_backward),
        (normal((5,)), normal((4,)), normal((12,))),
        "border",
        "indices outside go to the nearest end in forward, around to the other end in backward",
        ("other place",),
    ),
    Wrong(
        "slice with a step: as a block",
        op("slice", lambda x: (x[::2], len(x)), slice_step_backward),
        (normal((7,)), normal((12,)), normal((4,))),
        "stride",
        "the gradient fills the first elements in place of every second one",
        ("shifted", "other place"),
    ),
    Wrong(
        "crop of the middle: put into the corner",
        op("crop", lambda x: (x[1:-1, 2:], x.shape), cropped_backward),
        (normal((4, 5)), normal((6, 6)), normal((3, 4))),
        "shifted",
        "the offsets 1 and 2 are forgotten",
    ),
    Wrong(
        "second diagonal: to the main one",
        op("diagonal", lambda x: (np.diagonal(x, 1).copy(), x.shape), diagonal_backward),
        (normal((4, 4)), normal((3, 5)), normal((6, 6))),
        "shifted",
        "the offset of the diagonal is forgotten",
        ("other place",),
    ),
    Wrong(
        "diagonal matrix of a vector: sums of rows",
        op("diag", lambda v: (np.diag(v), None), lambda g, _: (g.sum(axis=1),)),
        (normal((4,)), normal((2,)), normal((9,))),
        "summed",
        "the gradients beside the diagonal, of constants, are added",
        ("term extra", "no mask"),
    ),
    Wrong(
        "lower triangle: without the diagonal",
        op("tril", lambda x: (np.tril(x), None), lambda g, _: (np.tril(g, -1),)),
        (normal((4, 4)), normal((3, 5)), normal((2, 2))),
        "wrong mask",
        "the diagonal passes in forward only",
        ("left out",),
    ),
    Wrong(
        "upper triangle as a vector: back into the lower one",
        op("pack", lambda x: (x[np.triu_indices(len(x))], x.shape), pack_backward),
        (normal((4, 4)), normal((3, 3)), normal((2, 2))),
        "transposed",
        "tril_indices for triu_indices",
        ("other place", "memory order"),
    ),
    Wrong(
        "symmetric matrix of a vector: one of two places",
        op("symmetric", symmetric_forward, lambda g, ij: (g[ij],)),
        (normal((6,)), normal((10,)), normal((3,))),
        "not summed",
        "each number off the diagonal stands in two places, the gradient of one is taken",
        ("term missing", "left out"),
    ),
    Wrong(
        "masked fill: the mask is not negated",
        op("masked_fill", lambda x: (np.where(checkerboard(x), -1.0, x), checkerboard(x)), lambda g, m: (g * m,)),
        (normal((6,)), normal((3, 4)), normal((2, 2, 3))),
        "inverted mask",
        "the gradient passes where forward fills in a constant",
    ),
    Wrong(
        "where: gradients exchanged",
        op(
            "where",
            lambda a, b: (np.where(checkerboard(a), a, b), checkerboard(a)),
            lambda g, m: (np.where(m, 0, g), np.where(m, g, 0)),
        ),
        (normal((6,), (6,)), normal((3, 4), (3, 4)), normal((2, 2, 3), (2, 2, 3))),
        "exchanged",
        "the first input gets the gradient where the second was chosen",
        ("inverted mask",),
    ),
    Wrong(
        "one row of many: to all rows",
        op("select", lambda x: (x[1], x.shape), lambda g, shape: (np.broadcast_to(g, shape),)),
        (normal((4, 3)), normal((3, 3)), normal((2, 2, 2))),
        "independent",
        "rows that are not selected get the gradient, too",
        ("no mask",),
    ),
]
