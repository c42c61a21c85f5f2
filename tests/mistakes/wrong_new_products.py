"""Matrix products, einsums and broadcast biases with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm
from minimix import functional as F


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def einsum(subscripts, for_a, for_b):
    """Of two factors; for_a takes (g, b), for_b (g, a)."""

    def backward(g, saved):
        a, b = saved
        return np.einsum(for_a, g, b), np.einsum(for_b, g, a)

    return op("einsum", lambda a, b: (np.einsum(subscripts, a, b), (a, b)), backward)


def score_keys_backward(g, saved):
    q, k = saved
    return g @ k, np.einsum("bij,bid->bdj", g, q)


def contraction_forward(x, w):
    return np.einsum("ijk,k->ij", x, w), (x, w)


def contraction_backward(g, saved):
    x, w = saved
    dx = np.empty_like(x)
    for i in range(len(x)):
        dx[i] = np.outer(g[i], w)
        dw = g[i] @ x[i]
    return dx, dw


def three_backward(g, saved):
    a, b, c = saved
    return g @ (b @ c).T, a.T @ g @ c, (a @ b).T @ g


def adapted_forward(x, w, a, b):
    """A linear layer with a low-rank part of scale 4 / rank."""
    scale = 4 / len(a)
    return x @ w + scale * (x @ a.T @ b), (x, w, a, b, scale)


def adapted_backward(g, saved):
    x, w, a, b, scale = saved
    dx = g @ w.T + scale * g @ b.T @ a
    return dx, x.T @ g, (x.T @ (g @ b.T)).T, scale * (x @ a.T).T @ g


def heads_forward(x, w):
    """x (B, 1, N, K) @ w (H, K, M)."""
    return x @ w, (x, w)


def heads_backward(g, saved):
    x, w = saved
    dw = (np.swapaxes(x, -1, -2) @ g).sum(axis=1)
    return (g @ np.swapaxes(w, -1, -2)).sum(axis=1, keepdims=True), dw


def loops_backward(g, saved):
    a, b = saved
    da, db = np.zeros_like(a), np.zeros_like(b)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(b.shape[0] - 1):
                da[i, k] += g[i, j] * b[k, j]
            db[:, j] += g[i, j] * a[i]
    return da, db


def style_forward(x):
    """Gram matrices of features (N, C, L), divided by L."""
    return x @ np.swapaxes(x, 1, 2) / x.shape[2], x


def style_backward(g, x):
    return ((g + np.swapaxes(g, 1, 2)) @ x,)


def distances_forward(a, b):
    return (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T, (a, b)


def distances_backward(g, saved):
    a, b = saved
    return 2 * a * g.sum(1)[:, None] - g @ b, 2 * b * g.sum(0)[:, None] - 2 * g.T @ a


def features_forward(x):
    """All products of two features, squares with them."""
    i, j = np.triu_indices(x.shape[1])
    return x[:, i] * x[:, j], (x, i, j)


def features_backward(g, saved):
    x, i, j = saved
    dx = np.zeros_like(x)
    for column, (a, b) in enumerate(zip(i, j, strict=True)):
        dx[:, a] += g[:, column] * x[:, b]
        if a != b:
            dx[:, b] += g[:, column] * x[:, a]
    return (dx,)


def channels_last_backward(g, shapes):
    return g, g.sum(axis=(0, 2))


def token_shift_forward(x, mix):
    """Features (B, T, C) mixed with those of the step before."""
    before = np.pad(x, [(0, 0), (1, 0), (0, 0)])[:, :-1]
    return mix * x + (1 - mix) * before, (x, before, mix)


def token_shift_backward(g, saved):
    x, before, mix = saved
    later = np.pad(g, [(0, 0), (0, 1), (0, 0)])[:, 1:]
    return mix * g + (1 - mix) * later, (g * (x + before)).sum(axis=(0, 1))


def low_rank_field_forward(u, v, w):
    """Sum over r of u[r, i] v[r, j] w[r, k]."""
    return np.einsum("ri,rj,rk->ijk", u, v, w), (u, v, w)


def low_rank_field_backward(g, saved):
    u, v, w = saved
    return (
        np.einsum("ijk,rj,rk->ri", g, v, w),
        np.einsum("ijk,ri,rk->rj", g, u, w),
        np.einsum("ijk,ri,rj->rk", g, u, u),
    )


ROW_BIAS = op(
    "add_row_bias",
    lambda x, b: (x + b[:, None], None),
    lambda g, _: (g, g.sum(axis=0)),
)


def layer_with_row_bias(x, w, b):
    return F.tanh(ROW_BIAS(F.matmul(x, w), b))


WRONG = [
    Wrong(
        "scores of queries and keys: keys' gradient transposed",
        op("scores", lambda q, k: (q @ np.swapaxes(k, 1, 2), (q, k)), score_keys_backward),
        (normal((2, 3, 3), (2, 3, 3)), normal((1, 4, 4), (1, 4, 4)), normal((3, 2, 5), (3, 5, 5))),
        "transposed",
        "the keys' gradient comes out as (features, keys) for (keys, features), of equal lengths",
        ("memory order",),
    ),
    Wrong(
        "einsum of heads: batch and heads exchanged in one factor",
        einsum("bhid,bhjd->bhij", "bhij,hbjd->bhid", "bhij,bhid->bhjd"),
        (normal((2, 2, 3, 2), (2, 2, 3, 2)), normal((3, 3, 2, 2), (3, 3, 4, 2)), normal((2, 2, 1, 5), (2, 2, 2, 5))),
        "permuted",
        "the keys are read as (heads, batch): slices in each other's places",
        ("transposed", "groups"),
    ),
    Wrong(
        "contraction by loops: vector's gradient of the last slice",
        op("contraction", contraction_forward, contraction_backward),
        (normal((3, 2, 4), (4,)), normal((4, 4, 4), (4,)), normal((2, 5, 2), (2,))),
        "overwritten",
        "dw = in the loop where += is needed: the last slice's remains",
        ("not summed", "left out"),
    ),
    Wrong(
        "three matrices: the last one not transposed",
        op("three", lambda a, b, c: (a @ b @ c, (a, b, c)), three_backward),
        (normal((2, 3), (3, 3), (3, 3)), normal((4, 4), (4, 4), (4, 4)), normal((1, 2), (2, 5), (5, 5))),
        "transposed",
        "the middle one's gradient is a.T @ g @ c for a.T @ g @ c.T",
        ("wrong formula",),
    ),
    Wrong(
        "low-rank adapter: scale missing for the first factor",
        op("adapter", adapted_forward, adapted_backward),
        (
            normal((4, 3), (3, 5), (2, 3), (2, 5)),
            normal((3, 3), (3, 3), (3, 3), (3, 3)),
            normal((2, 6), (6, 2), (1, 6), (1, 2)),
        ),
        "factor",
        "the first low-rank factor's gradient lacks 4 / rank",
        ("wrong constant", "averaged", "not averaged"),
    ),
    Wrong(
        "one batch for several heads: weights summed over the heads",
        op("heads", heads_forward, heads_backward),
        (normal((2, 1, 3, 4), (2, 4, 3)), normal((3, 1, 2, 2), (3, 2, 2)), normal((4, 1, 1, 3), (4, 3, 2))),
        "summed",
        "the weights' gradient is summed over axis 1, the heads, in place of the batch, of the same length",
        ("transposed", "permuted", "groups"),
    ),
    Wrong(
        "matmul by loops: last inner index",
        op("matmul", lambda a, b: (a @ b, (a, b)), loops_backward),
        (normal((2, 4), (4, 3)), normal((3, 3), (3, 3)), normal((4, 2), (2, 5))),
        "left out",
        "range(K - 1): the last column of the first factor's gradient stays zero",
        ("zero", "border"),
    ),
    Wrong(
        "Gram matrices of features: not divided by their length",
        op("style", style_forward, style_backward),
        (normal((2, 3, 4)), normal((1, 4, 4)), normal((2, 2, 6))),
        "not averaged",
        "forward divides by L, backward does not",
        ("factor",),
    ),
    Wrong(
        "squared distances by a product: the first one's 2",
        op("distances", distances_forward, distances_backward),
        (normal((4, 3), (5, 3)), normal((3, 3), (3, 3)), normal((2, 6), (3, 6))),
        "wrong constant",
        "the first input's gradient has g @ b where -2 a b gives 2 g @ b",
        ("wrong formula", "term missing"),
    ),
    Wrong(
        "products of two features: squares counted once",
        op("features", features_forward, features_backward),
        (normal((4, 3)), normal((3, 3)), normal((2, 5))),
        "term missing",
        "a square's gradient is 2 x g: the second of its two uses is left out",
        ("not summed", "wrong constant", "left out"),
    ),
    Wrong(
        "bias of channels last: summed over the channels",
        op("bias", lambda x, b: (x + b, None), channels_last_backward),
        (normal((2, 3, 3), (3,)), normal((4, 4, 4), (4,)), normal((1, 5, 5), (5,))),
        "transposed",
        "g is summed over axes 0 and 2, the channels, leaving the steps; both have the same length",
        ("summed", "other place"),
    ),
    Wrong(
        "mixing with the step before: the mix's minus",
        op("token_shift", token_shift_forward, token_shift_backward),
        (normal((2, 4, 3), (3,)), normal((3, 3, 3), (3,)), normal((1, 6, 2), (2,))),
        "sign of a term",
        "1 - mix has the slope -1: the mix's gradient is g (x - before)",
        ("wrong formula",),
    ),
    Wrong(
        "sum of three-way products: first factor for the second",
        op("low_rank_field", low_rank_field_forward, low_rank_field_backward),
        (normal((2, 3), (2, 3), (2, 4)), normal((3, 3), (3, 3), (3, 3)), normal((1, 4), (1, 4), (1, 2))),
        "wrong formula",
        "the third one's gradient is made from u twice, v is not used",
        ("exchanged", "wrong point", "chain factor"),
    ),
    Wrong(
        "bias of rows in a square layer: sums of columns",
        layer_with_row_bias,
        (normal((4, 3), (3, 4), (4,)), normal((3, 3), (3, 3), (3,)), normal((5, 2), (2, 5), (5,))),
        "transposed",
        "the bias is one number a row: its gradient must be summed over axis 1, not 0",
        ("summed", "other place"),
    ),
]
