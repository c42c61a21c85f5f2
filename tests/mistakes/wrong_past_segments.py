"""Sums by segment, products with sparse matrices, messages along the edges of graphs, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def positive(*shapes):
    return lambda rng: [rng.uniform(0.5, 2, shape) for shape in shapes]


def starts_of(n):
    return np.array([0, 1, 3]) if n < 7 else np.array([0, 2, 3, 6])


def reduceat_backward(g, n):
    lengths = np.diff(starts_of(n))
    dx = np.zeros((n, *g.shape[1:]))
    dx[: lengths.sum()] = np.repeat(g[:-1], lengths, axis=0)
    return (dx,)


def mixed_ids(n):
    """Segments 0, 1, 2 of n rows in no order; the first is the longest."""
    return np.array([2, 0, 1, 0, 0, 2, 0, 1, 2, 0, 0, 1])[:n]


def scattered(x):
    y = np.zeros((3, *x.shape[1:]))
    np.add.at(y, mixed_ids(len(x)), x)
    return y


def mean_by_id(x):
    counts = np.bincount(mixed_ids(len(x)), minlength=3)
    return scattered(x) / counts[:, None], len(x)


def mean_by_id_backward(g, n):
    ids = mixed_ids(n)
    return (g[ids] / np.bincount(ids).max(),)


def maxima_by_segment(x):
    places = [part.argmax() for part in np.split(x, starts_of(len(x))[1:])]
    return np.maximum.reduceat(x, starts_of(len(x))), (places, len(x))


def maxima_backward(g, saved):
    places, n = saved
    dx = np.zeros(n)
    for place, value in zip(places, g, strict=True):
        dx[place] += value
    return (dx,)


def products_by_id(x):
    ids = mixed_ids(len(x))
    y = np.ones(3)
    np.multiply.at(y, ids, x)
    return y, (y, ids)


def coordinates(n):
    """Rows and columns of the entries of a sparse n by n matrix, more than one in some rows and columns."""
    rows = np.concatenate([np.arange(n), np.arange(n - 1)])
    columns = np.concatenate([(np.arange(n) * 2) % n, np.full(n - 1, n - 1)])
    return rows, columns


def sparse_product(values, x):
    rows, columns = coordinates(len(x))
    y = np.zeros(x.shape)
    np.add.at(y, rows, values.reshape((-1,) + (1,) * (x.ndim - 1)) * x[columns])
    return y, (values, x)


def values_from_the_other_end(g, saved):
    values, x = saved
    rows, columns = coordinates(len(x))
    dx = np.zeros(len(x))
    np.add.at(dx, columns, values * g[rows])
    return g[columns] * x[rows], dx


def sparse_x_by_rows(g, saved):
    values, x = saved
    rows, columns = coordinates(len(x))
    dx = np.zeros_like(x)
    for v, r, c in zip(values, rows, columns, strict=True):
        dx[r] += v * g[c]
    return (g[rows] * x[columns]).sum(1), dx


def sparse_x_assigned(g, saved):
    values, x = saved
    rows, columns = coordinates(len(x))
    dx = np.zeros_like(x)
    dx[columns] += values[:, None] * g[rows]
    return np.einsum("ed,ed->e", g[rows], x[columns]), dx


def sparse_values_mean(g, saved):
    values, x = saved
    rows, columns = coordinates(len(x))
    dx = np.zeros_like(x)
    np.add.at(dx, columns, values[:, None] * g[rows])
    return (g[rows] * x[columns]).mean(1), dx


def edges(n):
    """A directed graph: i -> i + 1 and i -> 0, so that node 0 has many neighbours and the others one."""
    return np.concatenate([np.arange(n - 1), np.arange(1, n)]), np.concatenate([np.arange(1, n), np.zeros(n - 1, int)])


def mean_of_neighbours(x):
    sender, receiver = edges(len(x))
    y = np.zeros(x.shape)
    np.add.at(y, receiver, x[sender])
    return y / np.bincount(receiver, minlength=len(x))[:, None], len(x)


def mean_of_neighbours_backward(g, n):
    sender, receiver = edges(n)
    degree = np.maximum(np.bincount(sender, minlength=n), 1)
    dx = np.zeros((n, g.shape[1]))
    np.add.at(dx, sender, g[receiver] / degree[sender][:, None])
    return (dx,)


def tree_sums(x):
    """Sums of all subtrees of a binary heap: node i has the children 2 i + 1 and 2 i + 2."""
    y = x.copy()
    for i in range(len(x) - 1, 0, -1):
        y[(i - 1) // 2] += y[i]
    return y, None


def tree_sums_backward(g, _):
    dx = g.copy()
    dx[1:] += g[(np.arange(1, len(g)) - 1) // 2]
    return (dx,)


def index_add(base, source):
    y = base.copy()
    np.add.at(y, np.arange(len(source)) % 2, 0.5 * source)
    return y, len(source)


def laid_into_mask(base, source):
    mask = np.arange(len(base)) % 3 == 1
    y = base.copy()
    y[mask] = source[: mask.sum()]
    return y, (mask, len(source))


def laid_into_mask_backward(g, saved):
    mask, n = saved
    d = np.zeros(n)
    d[n - mask.sum() :] = g[mask]
    return np.where(mask, 0, g), d


NEIGHBOURS = np.array([[1, 2, -1], [0, -1, -1], [0, 1, 3], [2, -1, -1]])  # -1: none


def neighbour_sums(x):
    return (x[NEIGHBOURS] * (NEIGHBOURS >= 0)[..., None]).sum(1), x.shape


def neighbour_sums_backward(g, shape):
    dx = np.zeros(shape)
    np.add.at(dx, NEIGHBOURS, np.repeat(g[:, None], 3, axis=1))
    return (dx,)


def edge_softmax(scores, x):
    """Attention of each node over its incoming edges, summed up there."""
    sender, receiver = edges(len(x))
    weight = np.exp(scores)
    weight /= np.bincount(receiver, weight, minlength=len(x))[receiver]
    y = np.zeros(x.shape)
    np.add.at(y, receiver, weight[:, None] * x[sender])
    return y, (weight, x)


def edge_softmax_backward(g, saved):
    weight, x = saved
    sender, receiver = edges(len(x))
    dweight = (g[receiver] * x[sender]).sum(1)
    dx = np.zeros(x.shape)
    np.add.at(dx, sender, weight[:, None] * g[receiver])
    return weight * dweight, dx


def difference_on_edges(x):
    sender, receiver = edges(len(x))
    return (x[sender] - x[receiver]) ** 2, (x, sender, receiver)


def difference_on_edges_backward(g, saved):
    x, sender, receiver = saved
    slope = 2 * g * (x[sender] - x[receiver])
    return (np.bincount(sender, slope, minlength=len(x)) + np.bincount(receiver, slope, minlength=len(x)),)


def padded_rows(x):
    """Rows of the lengths 1, 2, 3 and the rest, packed in x, in a padded array."""
    parts = np.split(x, [1, 3, 6])
    y = np.zeros((4, max(map(len, parts))))
    for row, part in zip(y, parts, strict=True):
        row[: len(part)] = part
    return y, [len(part) for part in parts]


def padded_rows_backward(g, lengths):
    width = g.shape[1]
    places = np.concatenate([np.arange(n) + i * width for i, n in enumerate(lengths)])
    return (g.T.ravel()[places],)


WRONG = [
    Wrong(
        "segment sum by reduceat: last segment",
        op("segment_sum", lambda x: (np.add.reduceat(x, starts_of(len(x)), axis=0), len(x)), reduceat_backward),
        (normal((9, 2)), normal((5, 3)), normal((4, 1))),
        "left out",
        "np.diff(starts) has no length for the last segment: its rows get zero",
        also=("border",),
    ),
    Wrong(
        "segment sum, ids in no order: repeated by counts",
        op(
            "scatter_sum",
            lambda x: (scattered(x), len(x)),
            lambda g, n: (np.repeat(g, np.bincount(mixed_ids(n), minlength=3), axis=0),),
        ),
        (normal((8, 2)), normal((12, 1)), normal((6, 3))),
        "permuted",
        "np.repeat by counts fits sorted ids only: rows get the gradients of other segments",
        also=("other place",),
    ),
    Wrong(
        "segment mean: count of the longest segment for all",
        op("segment_mean", mean_by_id, mean_by_id_backward),
        (normal((8, 2)), normal((12, 3)), normal((7, 1))),
        "scale",
        "divided by the count of the longest segment in place of each segment's own",
        also=("wrong constant", "chain factor"),
    ),
    Wrong(
        "maxima of segments: places within the segment",
        op("segment_max", maxima_by_segment, maxima_backward),
        (normal(9), normal(7), normal(11)),
        "other place",
        "the place of a maximum within its segment is used without the segment's start",
        also=("shifted",),
    ),
    Wrong(
        "products by id: own factor not taken out",
        op("scatter_product", products_by_id, lambda g, saved: ((g * saved[0])[saved[1]],)),
        (positive(8), positive(12), positive(5)),
        "chain factor",
        "the product of a segment is not divided by the element itself",
    ),
    Wrong(
        "sparse matrix times vector: entries by column and row",
        op("coo_matvec", sparse_product, values_from_the_other_end),
        (normal(9, 5), normal(5, 3), normal(13, 7)),
        "transposed",
        "an entry's gradient is g[column] x[row] in place of g[row] x[column]",
        also=("exchanged", "other place"),
    ),
    Wrong(
        "sparse matrix times matrix: not transposed for x",
        op("coo_matmul", sparse_product, sparse_x_by_rows),
        (normal(9, (5, 2)), normal(5, (3, 3)), normal(7, (4, 1))),
        "transposed",
        "x's gradient is the matrix times g, not its transpose times g",
    ),
    Wrong(
        "sparse matrix times matrix: += with repeated columns",
        op("coo_matmul", sparse_product, sparse_x_assigned),
        (normal(9, (5, 2)), normal(5, (3, 4)), normal(11, (6, 6))),
        "overwritten",
        "dx[columns] += keeps one contribution of a column that occurs several times",
        also=("not summed",),
    ),
    Wrong(
        "sparse matrix times matrix: entries' mean over features",
        op("coo_matmul", sparse_product, sparse_values_mean),
        (normal(9, (5, 2)), normal(5, (3, 4)), normal(7, (4, 5))),
        "averaged",
        "an entry's gradient is the mean over the features of x, not their sum",
        also=("factor",),
    ),
    Wrong(
        "mean of neighbours: degree of the sender",
        op("neighbour_mean", mean_of_neighbours, mean_of_neighbours_backward),
        (normal((5, 2)), normal((4, 4)), normal((6, 1))),
        "scale",
        "divided by the number of edges that leave the sender, not by those that reach the receiver",
        also=("wrong constant", "transposed", "chain factor"),
    ),
    Wrong(
        "sums of subtrees: parent only",
        op("tree_sums", tree_sums, tree_sums_backward),
        (normal(7), normal((9, 2)), normal(15)),
        "term missing",
        "the gradients of grandparents and further up are missing",
        also=("not summed", "left out"),
    ),
    Wrong(
        "half of some rows added to others: half forgotten",
        op("index_add", index_add, lambda g, n: (g, g[np.arange(n) % 2])),
        (normal((3, 2), (5, 2)), normal((2, 4), (3, 4)), normal((6, 1), (4, 1))),
        "factor",
        "the 0.5 in front of the added rows is forgotten",
    ),
    Wrong(
        "source laid into a mask: taken from its end",
        op("masked_scatter", laid_into_mask, laid_into_mask_backward),
        (normal(9, 5), normal(6, 4), normal(12, 7)),
        "shifted",
        "forward uses the first entries of the source, backward gives to its last ones",
        also=("other place", "left out"),
    ),
    Wrong(
        "sums over padded lists of neighbours: -1 counts",
        op("neighbour_sums", neighbour_sums, neighbour_sums_backward),
        (normal((4, 2)), normal((4, 4)), normal((4, 1))),
        "no mask",
        "the padding, index -1, sends gradients to the last node",
        also=("other place", "term extra"),
    ),
    Wrong(
        "attention over incoming edges: softmax' sum",
        op("edge_softmax", edge_softmax, edge_softmax_backward),
        (normal(8, (5, 2)), normal(6, (4, 3)), normal(10, (6, 1))),
        "term missing",
        "the inner product over a node's edges is not subtracted: the softmax' denominator is a constant",
        also=("wrong formula",),
    ),
    Wrong(
        "squared differences on edges: both ends alike",
        op("edge_energy", difference_on_edges, difference_on_edges_backward),
        (normal(5), normal(8), normal(3)),
        "sign of a term",
        "the receiver's contribution needs a minus",
    ),
    Wrong(
        "packed rows to a padded array: gradient read by columns",
        op("pad_packed", padded_rows, padded_rows_backward),
        (normal(9), normal(11), normal(8)),
        "memory order",
        "places of row-major memory are looked up in g.T.ravel()",
        also=("transposed", "permuted", "other place"),
    ),
]
