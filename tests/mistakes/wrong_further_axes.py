"""Axes, broadcasting, transposes, flips and orders of memory, wrong in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def rows_and_columns_forward(u, a, v):
    return u[:, None] * a * v, (u, a, v)


def rows_and_columns_backward(g, saved):
    u, a, v = saved
    return (g * a * v).sum(axis=1), u[:, None] * g * v, (g * a * u[:, None]).sum(axis=1)


def step_scale_backward(g, saved):
    x, s = saved
    return g * s, (g * x).sum(axis=(0, 1)).reshape(s.shape)


def temperature_backward(g, saved):
    x, t = saved
    return g / t, np.array([-(g * x / t**2).mean()])


def each_matrix_backward(g, saved):
    x, m = saved
    return np.einsum("bj,bij->bi", g, m), np.einsum("bj,bi->bji", g, x)


def periodic_shuffle_forward(x):
    n, c, t = x.shape
    r = 2
    return x.reshape(n, c // r, r, t).transpose(0, 1, 3, 2).reshape(n, c // r, t * r), x.shape


def mean_over_heads_backward(g, shape):
    heads = shape[1]
    return (np.broadcast_to(g[:, :, None, :] / heads, shape).copy(),)


def three_sums_backward(g, shapes):
    return g.sum(axis=(1, 2)), g.sum(axis=(0, 1)), g.sum(axis=(0, 2))


def product_diagonal_backward(g, saved):
    a, b = saved
    return g[:, None] * b.T, g[:, None] * a


def turned_weighted_forward(x):
    w = 1.0 + np.arange(x.size).reshape(x.shape) / 4
    return x[::-1, ::-1] * w, w


def pick_time_forward(x):
    return x[:, :, -1] - x[:, :, 0], x.shape


def pick_time_backward(g, shape):
    dx = np.zeros(shape)
    dx[:, -1] += g
    dx[:, 0] -= g
    return (dx,)


def prototypes_backward(g, saved):
    d = saved
    dx = 2 * (g[:, :, None] * d).sum(axis=1)
    dp = -2 * (g[:, :, None] * d)[0]
    return dx, dp


def per_head_scale_forward(x, s):
    return x * s[None, :, None, None], (x, s)


def per_head_scale_backward(g, saved):
    x, s = saved
    return g * s[None, None, :, None], (g * x).sum(axis=(0, 2, 3))


def stacked_forward(a, b):
    return np.stack([a, b], axis=1), None


def stacked_backward(g, _):
    return g[0].copy(), g[1].copy()


def halves_forward(x):
    h = x.shape[1] // 2
    return x[:, :h] * x[:, h:][:, ::-1], x


def halves_backward(g, x):
    h = x.shape[1] // 2
    return (np.concatenate([g * x[:, h:][:, ::-1], g * x[:, :h]], axis=1),)


WRONG = [
    Wrong(
        "rows and columns scaled: columns' gradient over the rows' axis",
        op("row_column_scale", rows_and_columns_forward, rows_and_columns_backward),
        (normal((4,), (4, 4), (4,)), normal((6,), (6, 6), (6,)), normal((3,), (3, 3), (3,))),
        "summed",
        "v's gradient is summed over axis 1, it should be over axis 0",
        ("transposed", "not summed"),
    ),
    Wrong(
        "scale for each step: gradient for each channel",
        op("step_scale", lambda x, s: (x * s, (x, s)), step_scale_backward),
        (normal((2, 4, 4), (4, 1)), normal((5, 3, 3), (3, 1)), normal((1, 6, 6), (6, 1))),
        "summed",
        "summed over samples and steps, not over samples and channels",
        ("transposed", "not summed"),
    ),
    Wrong(
        "scores over a temperature: its gradient a mean",
        op("temperature", lambda x, t: (x / t, (x, t)), temperature_backward),
        (
            lambda rng: [rng.standard_normal((3, 4)), np.array([1.7])],
            lambda rng: [rng.standard_normal((5, 5)), np.array([0.8])],
        ),
        "averaged",
        "t is used by every score: the sum, not the mean",
        ("factor",),
    ),
    Wrong(
        "a square matrix for each row vector: written transposed",
        op("each_matrix", lambda x, m: (np.einsum("bi,bij->bj", x, m), (x, m)), each_matrix_backward),
        (normal((3, 4), (3, 4, 4)), normal((2, 3), (2, 3, 3)), normal((5, 2), (5, 2, 2))),
        "transposed",
        "einsum's output bji for bij",
        ("exchanged",),
    ),
    Wrong(
        "sequences and features exchanged, then back by other axes",
        op("swap_last", lambda x: (np.swapaxes(x, 1, 2).copy(), None), lambda g, _: (np.swapaxes(g, 0, 1).copy(),)),
        (normal((3, 3, 3)), normal((4, 4, 4)), normal((2, 2, 2))),
        "transposed",
        "axes 0 and 1 are exchanged in backward, 1 and 2 in forward",
        ("permuted", "memory order"),
    ),
    Wrong(
        "periodic shuffle of channels into time: reshaped back",
        op("periodic_shuffle", periodic_shuffle_forward, lambda g, shape: (g.reshape(shape),)),
        (normal((2, 4, 3)), normal((1, 2, 6)), normal((3, 6, 2))),
        "memory order",
        "the transpose of step and block is missing in backward",
        ("transposed", "permuted"),
    ),
    Wrong(
        "mean over heads: spread over the queries",
        op("mean_heads", lambda x: (x.mean(axis=1), x.shape), mean_over_heads_backward),
        (normal((2, 3, 3, 2)), normal((1, 4, 4, 4)), normal((3, 2, 2, 5))),
        "transposed",
        "the new axis is put at 2, the mean was over axis 1",
        ("summed", "not summed", "memory order"),
    ),
    Wrong(
        "sum on a grid of three vectors: second and third exchanged",
        op("grid_sum", lambda a, b, c: (a[:, None, None] + b[:, None] + c, None), three_sums_backward),
        (normal((4,), (4,), (4,)), normal((2,), (5,), (5,)), normal((3,), (6,), (6,))),
        "exchanged",
        "the gradients of b and c are exchanged",
        ("transposed", "summed"),
    ),
    Wrong(
        "diagonal of a product: second factor's gradient transposed",
        op("product_diagonal", lambda a, b: (np.einsum("ij,ji->i", a, b), (a, b)), product_diagonal_backward),
        (normal((4, 4), (4, 4)), normal((6, 6), (6, 6)), normal((3, 3), (3, 3))),
        "transposed",
        "dB = (g[:, None] * A).T without the transpose",
    ),
    Wrong(
        "running sums from the end: left in mirrored order",
        op(
            "reverse_cumsum",
            lambda x: (np.cumsum(x[..., ::-1], axis=-1), None),
            lambda g, _: (np.cumsum(g[..., ::-1], axis=-1)[..., ::-1],),
        ),
        (normal((6,)), normal((4, 4)), normal((2, 3, 5))),
        "flipped",
        "the gradient of the mirrored x is returned, not mirrored back",
    ),
    Wrong(
        "picture turned by half, weighted: turned back along rows only",
        op("half_turn", turned_weighted_forward, lambda g, w: ((g * w)[::-1],)),
        (normal((4, 4)), normal((3, 5)), normal((6, 2))),
        "flipped",
        "the columns are not mirrored back",
    ),
    Wrong(
        "last step minus first: put along the channels",
        op("last_minus_first", pick_time_forward, pick_time_backward),
        (normal((2, 4, 4)), normal((3, 3, 3)), normal((1, 5, 5))),
        "transposed",
        "dx[:, -1] indexes the channels, forward takes [:, :, -1]",
        ("other place",),
    ),
    Wrong(
        "squared distances to prototypes: theirs from the first point",
        op("prototypes", lambda x, p: (((x[:, None] - p) ** 2).sum(axis=2), x[:, None] - p), prototypes_backward),
        (normal((5, 3), (4, 3)), normal((4, 4), (4, 4)), normal((7, 2), (3, 2))),
        "not summed",
        "only point 0 counts in the prototypes' gradient",
        ("left out",),
    ),
    Wrong(
        "heads with a scale each: scale along the queries for x",
        op("head_scale", per_head_scale_forward, per_head_scale_backward),
        (normal((2, 3, 3, 2), (3,)), normal((1, 4, 4, 4), (4,)), normal((3, 2, 2, 3), (2,))),
        "transposed",
        "x's gradient is scaled along axis 2, not 1",
        ("scale", "groups", "chain factor"),
    ),
    Wrong(
        "two batches stacked at axis 1: taken apart at axis 0",
        op("stack_one", stacked_forward, stacked_backward),
        (normal((2, 3), (2, 3)), normal((2, 2), (2, 2)), normal((2, 3, 4), (2, 3, 4))),
        "transposed",
        "g[0] for g[:, 0]: samples for inputs",
        ("permuted", "exchanged", "memory order", "other place"),
    ),
    Wrong(
        "first half times mirrored second: second not mirrored back",
        op("mirrored_halves", halves_forward, halves_backward),
        (normal((3, 6)), normal((4, 4)), normal((2, 10))),
        "flipped",
        "the second half's gradient keeps the order of the output",
    ),
]
