"""Look-up tables, indices, slices, distances and polynomials, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def rows_and_ids(n, width, ids):
    return lambda rng: [rng.standard_normal((n, width)), np.array(ids)]


PADDING = 0


def padded_embedding_forward(w, ids):
    """Words of number 0 are padding, and become zeros."""
    return np.where((ids == PADDING)[..., None], 0, w[ids]), (ids, w.shape)


def padded_embedding_backward(g, saved):
    ids, shape = saved
    d = np.zeros(shape)
    np.add.at(d, ids, g)
    return d, None


def shared_rows_forward(w, ids):
    """Each row times the share of the words that are it."""
    share = np.bincount(ids.ravel(), minlength=len(w)) / ids.size
    return w[ids] * share[ids][..., None], (ids, share, w.shape)


def shared_rows_backward(g, saved):
    ids, _share, shape = saved
    d = np.zeros(shape)
    np.add.at(d, ids, g)
    return d, None


def bags_forward(w, ids):
    """Sums of the rows of each bag: bags begin at every third word."""
    starts = np.arange(0, len(ids), 3)
    return np.add.reduceat(w[ids], starts), (ids, starts, w.shape)


def bags_backward(g, saved):
    ids, starts, shape = saved
    d = np.zeros(shape)
    for b in range(len(starts) - 1):
        for i in ids[starts[b] : starts[b + 1]]:
            d[i] += g[b]
    return d, None


def sentences_backward(g, saved):
    """ids (N, T); the gradient is brought to one row for each word with steps first."""
    ids, shape = saved
    d = np.zeros(shape)
    np.add.at(d, ids.ravel(), g.transpose(1, 0, 2).reshape(-1, shape[1]))
    return d, None


def codebook_forward(x, book):
    """Each row of x replaced by the nearest row of the book."""
    k = ((x[:, None] - book) ** 2).sum(2).argmin(1)
    return book[k], (k, book.shape)


def codebook_backward(g, saved):
    return g, np.zeros(saved[1])


def pairs_forward(x):
    """x[r, c] for a list of rows and columns."""
    r = np.arange(8) % x.shape[0]
    c = (3 * np.arange(8)) % x.shape[1]
    return x[r, c], (r, x.shape)


def pairs_backward(g, saved):
    r, shape = saved
    d = np.zeros(shape)
    for row, value in zip(r, g, strict=True):
        d[row] += value
    return (d,)


def wrapped_backward(g, saved):
    ids, shape = saved
    d = np.zeros(shape)
    np.add.at(d, np.clip(ids, 0, shape[0] - 1), g)
    return d, None


def backwards_slice_backward(g, shape):
    d = np.zeros(shape)
    d[..., (shape[-1] - 1) % 2 :: 2] = g
    return (d,)


def second_difference_backward(g, n):
    d = np.zeros((*g.shape[:-1], n))
    d[..., 2:] += g
    d[..., 1:-1] += 2 * g
    d[..., :-2] += g
    return (d,)


def index_add_forward(base, source):
    """base[ids] += 0.3 source, ids repeat."""
    ids = np.arange(len(source)) * 2 % len(base)
    y = base.copy()
    np.add.at(y, ids, 0.3 * source)
    return y, ids


def triangle_forward(v):
    """A vector of n (n + 1) / 2 into a lower triangle, row by row."""
    n = int(np.sqrt(2 * len(v)))
    y = np.zeros((n, n))
    y[np.tril_indices(n)] = v
    return y, n


def triangle_backward(g, n):
    r, c = np.triu_indices(n)
    return (g[c, r],)


def manhattan_forward(a, b):
    """All distances |a - b| between the rows of a and of b."""
    d = a[:, None] - b
    return np.abs(d).sum(2), np.sign(d)


def manhattan_backward(g, s):
    d = g[..., None] * s
    return d.sum(1), d.sum(0)


def cosine_table_forward(a, b):
    ra, rb = np.linalg.norm(a, axis=1, keepdims=True), np.linalg.norm(b, axis=1, keepdims=True)
    ua, ub = a / ra, b / rb
    return ua @ ub.T, (ua, ub, ra, rb)


def cosine_table_backward(g, saved):
    ua, ub, ra, rb = saved
    da, db = g @ ub, g.T @ ua
    return (da - ua * (da * ua).sum(1, keepdims=True)) / ra, db / rb


WRONG = [
    Wrong(
        "embedding with padding words: padding learns",
        op("embedding", padded_embedding_forward, padded_embedding_backward),
        (rows_and_ids(4, 3, [[1, 0, 2], [3, 0, 0]]), rows_and_ids(3, 2, [2, 0, 1, 0])),
        "no mask",
        "padding words come out as zeros, but their row gets a gradient",
    ),
    Wrong(
        "embedding scaled by frequency: not in backward",
        op("embedding", shared_rows_forward, shared_rows_backward),
        (rows_and_ids(4, 2, [0, 1, 1, 3, 2, 3, 3]), rows_and_ids(3, 3, [[0, 1], [2, 2]])),
        "scale",
        "each row is scaled by the share of its look-ups, which is missing in backward",
        ("chain factor",),
    ),
    Wrong(
        "bags of words by their beginnings: last bag",
        op("bags", bags_forward, bags_backward),
        (rows_and_ids(5, 2, [0, 1, 1, 3, 2, 4, 4]), rows_and_ids(3, 3, [2, 2, 1, 0, 1, 2])),
        "left out",
        "the last bag has no end in the list of beginnings, and is never handled",
    ),
    Wrong(
        "embedding of sentences: steps before sentences",
        op("embedding", lambda w, ids: (w[ids], (ids, w.shape)), sentences_backward),
        (rows_and_ids(4, 2, [[0, 1, 2], [3, 3, 0]]), rows_and_ids(5, 3, [[0, 1], [2, 3]])),
        "permuted",
        "the gradient is flattened with steps first, the ids with sentences first",
        ("transposed", "memory order", "other place"),
    ),
    Wrong(
        "nearest code word: to what was replaced",
        op("codebook", codebook_forward, codebook_backward),
        (normal((4, 2), (3, 2)), normal((3, 3), (5, 3))),
        "independent",
        "the rows that are replaced get the gradient, the code words, which come out, none",
        ("exchanged", "zero", "approximate"),
    ),
    Wrong(
        "elements by row and column: whole rows",
        op("elements", pairs_forward, pairs_backward),
        (normal((3, 4)), normal((5, 5))),
        "summed",
        "the column is forgotten: the whole row gets each element's gradient",
        ("other place", "independent", "no mask"),
    ),
    Wrong(
        "rows by number, wrapped around: clipped in backward",
        op("take", lambda x, ids: (np.take(x, ids, axis=0, mode="wrap"), (ids, x.shape)), wrapped_backward),
        (rows_and_ids(4, 2, [0, 5, 3, -2, 6]), rows_and_ids(3, 3, [4, 1, 2, 3])),
        "other place",
        "numbers beyond the end are wrapped forwards and clipped backwards",
        ("border",),
    ),
    Wrong(
        "every second one from the end: in forward order",
        op("slice", lambda x: (x[..., ::-2].copy(), x.shape), backwards_slice_backward),
        (normal((2, 5)), normal((6,)), normal((3, 3))),
        "flipped",
        "the gradient is put back from front to back",
    ),
    Wrong(
        "second differences: 2 for -2",
        op(
            "second difference",
            lambda x: (x[..., 2:] - 2 * x[..., 1:-1] + x[..., :-2], x.shape[-1]),
            second_difference_backward,
        ),
        (normal((2, 5)), normal((7,))),
        "sign of a term",
        "the middle weight is +2 in backward, -2 in forward",
    ),
    Wrong(
        "scaled rows added to a table: scale",
        op("index add", index_add_forward, lambda g, ids: (g, g[ids])),
        (normal((4, 2), (3, 2)), normal((3, 3), (5, 3))),
        "factor",
        "the rows' gradient lacks forward's 0.3",
        ("wrong constant",),
    ),
    Wrong(
        "vector into a lower triangle: by columns in backward",
        op("triangle", triangle_forward, triangle_backward),
        (normal((6,)), normal((10,))),
        "permuted",
        "the triangle is filled by rows and read by columns",
        ("transposed", "memory order", "other place"),
    ),
    Wrong(
        "Manhattan distances: second's minus",
        op("Manhattan", manhattan_forward, manhattan_backward),
        (normal((3, 2), (4, 2)), normal((2, 3), (2, 3))),
        "sign",
        "the second input's gradient lacks its minus",
    ),
    Wrong(
        "cosines of all pairs: second's length as a constant",
        op("cosines", cosine_table_forward, cosine_table_backward),
        (normal((3, 2), (4, 2)), normal((3, 3), (3, 3))),
        "term missing",
        "the second input's gradient lacks the projection",
    ),
]
