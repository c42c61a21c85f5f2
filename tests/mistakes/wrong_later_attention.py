"""Attention, embeddings, gather and scatter, with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def through_softmax(dp, p):
    return p * (dp - (dp * p).sum(-1, keepdims=True))


def swap(x):
    return np.swapaxes(x, -1, -2)


def attention_forward(q, k, v):
    scale = q.shape[-1] ** -0.5
    p = softmax(q @ swap(k) * scale)
    return p @ v, (q, k, v, p, scale)


def keys_unscaled(g, saved):
    q, k, v, p, scale = saved
    ds = through_softmax(g @ swap(v), p)
    return ds @ k * scale, swap(ds) @ q, swap(p) @ g


def scaled_twice(g, saved):
    q, k, v, p, scale = saved
    ds = through_softmax(g @ swap(v), p) * scale
    return ds @ k * scale, swap(ds) @ q * scale, swap(p) @ g


def self_attention_forward(x, wq, wk, wv):
    y, saved = attention_forward(x @ wq, x @ wk, x @ wv)
    return y, (x, wq, wk, wv, *saved)


def keys_path_forgotten(g, saved):
    x, wq, _, wv, q, k, v, p, scale = saved
    ds = through_softmax(g @ v.T, p) * scale
    dq, dk, dv = ds @ k, ds.T @ q, p.T @ g
    dx = dq @ wq.T + dv @ wv.T
    return dx, x.T @ dq, x.T @ dk, x.T @ dv


def dropped_attention(q, k, v):
    """With a given mask of dropped weights, rate 0.5."""

    def forward(q, k, v):
        p = softmax(q @ k.T * q.shape[-1] ** -0.5)
        mask = (np.arange(p.size).reshape(p.shape) % 3 > 0) / 0.5
        return (p * mask) @ v, (q, k, v, p, mask)

    def backward(g, saved):
        q, k, v, p, mask = saved
        dp = g @ v.T
        ds = through_softmax(dp, p) * q.shape[-1] ** -0.5
        return ds @ k, ds.T @ q, (p * mask).T @ g

    return op("attention", forward, backward)(q, k, v)


def pool_forward(x, u):
    p = softmax(x @ u)
    return np.einsum("nt,ntc->nc", p, x), (x, u, p)


def pool_backward(g, saved):
    x, _, p = saved
    ds = through_softmax(np.einsum("nc,ntc->nt", g, x), p)
    return p[..., None] * g[:, None], np.einsum("nt,ntc->c", ds, x)


def causal_forward(s):
    mask = np.tril(np.ones(s.shape[-2:], bool))
    return softmax(np.where(mask, s, -1e9)), None


def causal_recomputed(x):
    """Weights of scores that are recomputed in backward, to save memory."""

    def backward(g, s):
        p = softmax(s)
        return (through_softmax(g, p) * np.tril(np.ones(s.shape[-2:])),)

    return op("causal_softmax", lambda s: (causal_forward(s)[0], s), backward)(x)


# rows of tables


def ids(*shape, rows):
    return np.arange(np.prod(shape)).reshape(shape) ** 2 % rows


def mean_of_words(w):
    i = ids(3, 4, rows=len(w))

    def backward(g, shape):
        dw = np.zeros(shape)
        for n, row in enumerate(i):
            for word in row:
                dw[word] += g[n]
        return (dw,)

    return op("bag", lambda w: (w[i].mean(axis=1), w.shape), backward)(w)


def words_from_one(w):
    i = ids(2, 5, rows=len(w))

    def backward(g, shape):
        dw = np.zeros(shape)
        np.add.at(dw, i, g)
        return (dw,)

    return op("embedding", lambda w: (w[i - 1], w.shape), backward)(w)


def entries_by_put(x):
    i = np.array([2, 0, 3, 2, 1, 3, 3])

    def backward(g, shape):
        dx = np.zeros(shape)
        np.put(dx, i, g)
        return (dx,)

    return op("take", lambda x: (np.take(x, i), x.shape), backward)(x)


def sums_at(x):
    """Rows of x added up where their numbers say; some places get several, some none."""
    i = np.array([1, 3, 1, 0, 3])

    def forward(x):
        y = np.zeros((5, x.shape[1]))
        np.add.at(y, i, x[:5])
        return y, x.shape

    def backward(g, shape):
        dx = np.zeros(shape)
        dx[i] = g
        return (dx[:5],)

    return op("scatter_add", forward, backward)(x)


def submatrix(x):
    """Some rows, and of these some columns."""
    rows, columns = np.array([2, 0, 1]), np.array([1, 2])

    def backward(g, shape):
        dx = np.zeros(shape)
        dx[rows][:, columns] += g
        return (dx,)

    return op("submatrix", lambda x: (x[rows][:, columns], x.shape), backward)(x)


def both_tables(w, p):
    """Words and positions, whose table is longer than the sentence."""
    i = ids(3, 4, rows=len(w))

    def backward(g, saved):
        w, p = saved
        dw, dp = np.zeros_like(w), np.zeros_like(p)
        np.add.at(dw, i, g)
        for sentence in g:
            dp[: g.shape[1]] = sentence
        return dw, dp

    return op("embedding", lambda w, p: (w[i] + p[:4], (w, p)), backward)(w, p)


WRONG = [
    Wrong(
        "rows and columns picked: dx[rows][:, columns] += g",
        submatrix,
        (normal((4, 3)), normal((3, 5)), normal((3, 3))),
        "zero",
        "dx[rows] is a copy, and what is added to it is lost",
    ),
    Wrong(
        "attention: scale forgotten for the keys",
        op("attention", attention_forward, keys_unscaled),
        (normal((3, 4), (5, 4), (5, 2)), normal((2, 3, 3), (2, 3, 3), (2, 3, 3)), normal((1, 6), (3, 6), (3, 6))),
        "factor",
        "the keys' gradient lacks 1 / sqrt(d)",
    ),
    Wrong(
        "attention: scale applied twice",
        op("attention", attention_forward, scaled_twice),
        (normal((3, 4), (3, 4), (3, 4)), normal((2, 4, 3), (2, 5, 3), (2, 5, 2))),
        "factor",
        "the scores' gradient is scaled, and so are queries' and keys' made of it",
    ),
    Wrong(
        "self-attention: x's gradient through the keys",
        op("self_attention", self_attention_forward, keys_path_forgotten),
        (normal((4, 3), (3, 2), (3, 2), (3, 3)), normal((3, 3), (3, 3), (3, 3), (3, 3))),
        "term missing",
        "x makes queries, keys and values; the keys' share of its gradient is not added",
    ),
    Wrong(
        "attention with a mask of dropped weights: mask forgotten before the softmax",
        dropped_attention,
        (normal((3, 4), (4, 4), (4, 2)), normal((4, 3), (4, 3), (4, 3))),
        "no mask",
        "the gradient of the weights is not multiplied by the mask and its 1 / keep",
        ("chain factor",),
    ),
    Wrong(
        "pooling by a learned query: path through the scores",
        op("attention_pool", pool_forward, pool_backward),
        (normal((2, 4, 3), (3,)), normal((3, 3, 3), (3,)), normal((1, 5, 2), (2,))),
        "term missing",
        "x's gradient has its share as values, but not that as scores",
    ),
    Wrong(
        "causal weights, recomputed: mask behind the softmax only",
        causal_recomputed,
        (normal((4, 4)), normal((2, 3, 3)), normal((2, 2))),
        "no mask",
        "backward's softmax runs over all keys, and only its result is masked",
        ("wrong mask", "wrong formula"),
    ),
    Wrong(
        "mean of looked-up words: not divided",
        mean_of_words,
        (normal((6, 3)), normal((4, 4)), normal((5, 1))),
        "not averaged",
        "each word gets the whole gradient of its sentence, not a fourth of it",
        ("factor",),
    ),
    Wrong(
        "embedding of words counted from one: added to the row behind",
        words_from_one,
        (normal((6, 2)), normal((5, 5)), normal((7, 1))),
        "other place",
        "forward reads row i - 1, backward adds to row i",
        ("shifted",),
    ),
    Wrong(
        "take with repeated indices: np.put",
        entries_by_put,
        (normal((5,)), normal((2, 3))),
        "overwritten",
        "np.put keeps the last gradient of an index that was taken several times",
        ("not summed",),
    ),
    Wrong(
        "rows added up by number: scattered once more",
        sums_at,
        (normal((5, 3)), normal((5, 1)), normal((5, 5))),
        "permuted",
        "backward of y[i] += x is g[i]; dx[i] = g stands there",
        ("other place", "overwritten", "transposed", "left out"),
    ),
    Wrong(
        "words plus positions: positions' gradient of the last sentence",
        both_tables,
        (normal((6, 3), (5, 3)), normal((4, 4), (4, 4))),
        "overwritten",
        "dp[:t] = in the loop over sentences keeps the last one's",
        ("not summed",),
    ),
]
