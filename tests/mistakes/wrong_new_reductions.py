"""Softmax and its kin, reductions over axes, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0, shift=0.0):
    return lambda rng: [shift + scale * rng.standard_normal(shape) for shape in shapes]


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(g, p, axis=-1):
    return p * (g - (g * p).sum(axis=axis, keepdims=True))


def base_two_forward(x):
    p = softmax(x * np.log(2))
    return p, p


def biased_forward(scores, bias):
    p = softmax(scores + bias)
    return p, p


def biased_backward(g, p):
    ds = softmax_backward(g, p)
    return ds, ds.mean(axis=tuple(range(ds.ndim - 1)))


def keypoint_forward(x):
    """Expected row and column (N, 2) of a heat map (N, H, W)."""
    n, h, w = x.shape
    p = softmax(x.reshape(n, -1)).reshape(x.shape)
    row, column = np.mgrid[:h, :w]
    return np.stack([(p * row).sum((1, 2)), (p * column).sum((1, 2))], axis=1), p


def keypoint_backward(g, p):
    row, column = np.mgrid[: p.shape[1], : p.shape[2]]
    dp = g[:, 0, None, None] * column + g[:, 1, None, None] * row
    return (p * (dp - (dp * p).sum(axis=(1, 2), keepdims=True)),)


def log_softmax_forward(x):
    y = x - x.max(axis=1, keepdims=True)
    y = y - np.log(np.exp(y).sum(axis=1, keepdims=True))
    return y, y


def log_softmax_over_pixels(g, y):
    return (g - np.exp(y) * g.sum(axis=(2, 3), keepdims=True),)


def entmax_forward(x):
    """1.5-entmax of each row: squares above a threshold, found by bisection."""
    z = x / 2
    low, high = z.max(axis=-1, keepdims=True) - 1, z.max(axis=-1, keepdims=True)
    for _ in range(60):
        tau = (low + high) / 2
        above = (np.maximum(z - tau, 0) ** 2).sum(axis=-1, keepdims=True) > 1
        low, high = np.where(above, tau, low), np.where(above, high, tau)
    p = np.maximum(z - low, 0) ** 2
    return p, p


def entmax_backward(g, p):
    return (p * (g - (g * p).sum(axis=-1, keepdims=True) / p.sum(axis=-1, keepdims=True)),)


def sparsemax_forward(x):
    ranked = -np.sort(-x, axis=-1)
    sums = np.cumsum(ranked, axis=-1) - 1
    count = np.arange(1, x.shape[-1] + 1)
    support = (ranked * count > sums).sum(axis=-1, keepdims=True)
    tau = np.take_along_axis(sums, support - 1, axis=-1) / support
    p = np.maximum(x - tau, 0)
    return p, p > 0


def sparsemax_backward(g, support):
    return (support * (g - (g * support).mean(axis=-1, keepdims=True)),)


def segments(n):
    return np.arange(n) * 3 % 4 % 3


def segment_softmax_forward(x):
    ids = segments(len(x))
    e = np.exp(x)
    sums = np.zeros((3, *x.shape[1:]))
    np.add.at(sums, ids, e)
    p = e / sums[ids]
    return p, p


def segment_softmax_backward(g, p):
    ids = segments(len(p))
    dots = np.zeros((3, *p.shape[1:]))
    dots[ids] = g * p
    return (p * (g - dots[ids]),)


def weighted_lse_forward(x, w):
    total = (w * np.exp(x)).sum(axis=-1, keepdims=True)
    return np.log(total[..., 0]), (x, w, total)


def weighted_lse_backward(g, saved):
    x, _, total = saved
    share = g[..., None] * np.exp(x) / total
    return share, share


def positive_weights(shape):
    return lambda rng: [rng.standard_normal(shape), rng.uniform(0.2, 3, shape)]


def lse_outer_forward(x):
    """log-sum-exp over the first and the last axis."""
    y = np.log(np.exp(x).sum(axis=(0, 2)))
    return y, (x, y)


def lse_outer_backward(g, saved):
    x, y = saved
    return (g[:, None, None] * np.exp(x - y[None, :, None]),)


def boltzmann_forward(x):
    p = softmax(x)
    y = (p * x).sum(axis=-1, keepdims=True)
    return y[..., 0], (x, p, y)


def boltzmann_backward(g, saved):
    x, p, y = saved
    return (g[..., None] * p * (x - y),)


def column_norm_forward(x):
    return np.sqrt((x * x).sum(axis=0)), x


def column_norm_backward(g, x):
    return (g * x / np.sqrt((x * x).sum(axis=1, keepdims=True)),)


def column_var_backward(g, x):
    return (g * 2 * (x - x.mean(axis=0)) / x.shape[1],)


def rms_forward(x):
    y = np.sqrt((x * x).mean(axis=-1))
    return y, (x, y)


def first_below_zero(shape):
    def point(rng):
        x = rng.standard_normal(shape)
        x[0] = -np.abs(x[0])
        return [x]

    return point


def largest_backward(g, x):
    place = np.abs(x).argmax(axis=-1)[..., None]
    dx = np.zeros_like(x)
    np.put_along_axis(dx, place, g[..., None], axis=-1)
    return (dx,)


def curvature_forward(x):
    return x[..., :-2] - 2 * x[..., 1:-1] + x[..., 2:], x.shape


def curvature_backward(g, shape):
    dx = np.zeros(shape)
    dx[..., :-2] += g
    dx[..., 1:-1] -= g
    dx[..., 2:] += g
    return (dx,)


def tail_sums_forward(x):
    return np.cumsum(x[:, ::-1], axis=1)[:, ::-1], None


def integral_backward(g, saved):
    return (np.cumsum(np.cumsum(g[..., ::-1, :], axis=-2)[..., ::-1, :], axis=-1),)


def product_of_sums_forward(x):
    rows, columns = x.sum(axis=1), x.sum(axis=0)
    return rows * columns, (rows, columns)


def product_of_sums_backward(g, saved):
    _, columns = saved
    return ((g * columns)[:, None] + g * columns,)


WRONG = [
    Wrong(
        "softmax to base 2: log 2 forgotten",
        op("softmax2", base_two_forward, lambda g, p: (softmax_backward(g, p),)),
        (normal((4, 5)), normal((3, 3)), normal((7,))),
        "factor",
        "the inner derivative log 2 of 2^x is missing",
        ("wrong constant", "chain factor"),
    ),
    Wrong(
        "softmax of scores and a bias: the bias's gradient averaged",
        op("biased_softmax", biased_forward, biased_backward),
        (normal((4, 5), (5,)), normal((3, 3), (3,)), normal((2, 3, 4), (4,))),
        "averaged",
        "the bias's gradient is a mean over the rows in place of a sum",
        ("factor",),
    ),
    Wrong(
        "expected place in a heat map: rows for columns",
        op("keypoint", keypoint_forward, keypoint_backward),
        (normal((2, 3, 4)), normal((3, 3, 3)), normal((1, 5, 2))),
        "exchanged",
        "the gradient of the expected row is multiplied by the grid of columns, and the other way round",
        ("transposed", "wrong formula"),
    ),
    Wrong(
        "log-softmax over channels: summed over the pixels",
        op("log_softmax", log_softmax_forward, log_softmax_over_pixels),
        (normal((2, 3, 2, 2)), normal((3, 3, 3, 3)), normal((1, 4, 2, 3))),
        "summed",
        "the sum of g goes over height and width where forward normalises over axis 1",
        ("transposed", "wrong formula"),
    ),
    Wrong(
        "1.5-entmax: p for its root",
        op("entmax", entmax_forward, entmax_backward),
        (normal((4, 4), scale=1.5), normal((3, 5)), normal((2, 2, 3))),
        "wrong formula",
        "softmax's backward: entmax needs the roots of the probabilities as weights",
        ("chain factor", "wrong point"),
    ),
    Wrong(
        "sparsemax: mean over all classes",
        op("sparsemax", sparsemax_forward, sparsemax_backward),
        (normal((4, 6), scale=1.5), normal((5, 5), scale=2.0), normal((2, 3, 4), scale=2.0)),
        "wrong constant",
        "the mean of the supported gradients is divided by the number of classes, not of the supported ones",
        ("averaged", "wrong formula"),
    ),
    Wrong(
        "softmax of segments: inner products assigned",
        op("segment_softmax", segment_softmax_forward, segment_softmax_backward),
        (normal((9,)), normal((8, 2)), normal((6, 6))),
        "overwritten",
        "dots[ids] = g p: of a segment's elements only the last one counts in the inner product",
        ("not summed", "term missing"),
    ),
    Wrong(
        "log-sum-exp with weights: x's gradient without them",
        op("weighted_lse", weighted_lse_forward, weighted_lse_backward),
        (positive_weights((4, 3)), positive_weights((3, 3)), positive_weights((2, 2, 5))),
        "chain factor",
        "x's gradient is w exp(x) / total: the factor w is missing",
        ("scale", "wrong formula"),
    ),
    Wrong(
        "log-sum-exp over the outer axes: g along the first",
        op("lse", lse_outer_forward, lse_outer_backward),
        (normal((3, 3, 2)), normal((4, 4, 4)), normal((2, 2, 5))),
        "transposed",
        "the gradient of the middle axis is laid along the first one, of the same length",
        ("other place", "permuted"),
    ),
    Wrong(
        "softmax-weighted mean of x itself: its direct share",
        op("boltzmann", boltzmann_forward, boltzmann_backward),
        (normal((4, 5)), normal((3, 3)), normal((2, 2, 4))),
        "term missing",
        "x is also the value that is averaged: p itself is missing",
        ("wrong formula",),
    ),
    Wrong(
        "lengths of columns: divided by those of rows",
        op("norm", column_norm_forward, column_norm_backward),
        (normal((4, 4)), normal((3, 5)), normal((2, 2))),
        "scale",
        "each column must be divided by its own length, backward takes the rows'",
        ("transposed", "wrong formula", "chain factor", "summed"),
    ),
    Wrong(
        "variance of columns: divided by their number",
        op("var", lambda x: (x.var(axis=0), x), column_var_backward),
        (normal((4, 3)), normal((2, 6)), normal((7, 2))),
        "factor",
        "divided by the length of axis 1 in place of axis 0",
        ("wrong constant", "averaged", "not averaged", "transposed"),
    ),
    Wrong(
        "root mean square of rows: the mean's 1 / n",
        op("rms", rms_forward, lambda g, saved: ((g / saved[1])[..., None] * saved[0],)),
        (normal((4, 5)), normal((3, 3)), normal((2, 2, 6))),
        "not averaged",
        "the division by the length of a row is forgotten",
        ("factor",),
    ),
    Wrong(
        "log of the mean of squares: the logarithm's derivative",
        op(
            "log_power",
            lambda x: (np.log((x * x).mean(axis=-1)), x),
            lambda g, x: (g[..., None] * 2 * x / x.shape[-1],),
        ),
        (normal((4, 5), scale=2.0), normal((3, 3), scale=0.5), normal((2, 2, 4), scale=3.0)),
        "scale",
        "each row must be divided by its own mean of squares",
        ("chain factor", "wrong formula"),
    ),
    Wrong(
        "largest absolute value: sign forgotten",
        op("max_abs", lambda x: (np.abs(x).max(axis=-1), x), largest_backward),
        (first_below_zero((6, 3)), first_below_zero((4, 4)), first_below_zero((2, 4, 3))),
        "value",
        "where the largest element is negative the sign is wrong",
        ("sign", "chain factor", "wrong formula"),
    ),
    Wrong(
        "second differences: weight of the middle",
        op("curvature", curvature_forward, curvature_backward),
        (normal((8,)), normal((4, 5)), normal((2, 3, 4))),
        "wrong constant",
        "the middle element counts -2 in forward, -1 in backward",
        ("not summed", "left out", "term missing"),
    ),
    Wrong(
        "sums to the end of a row: turned along columns",
        op("tail_sums", tail_sums_forward, lambda g, _: (np.cumsum(g, axis=0),)),
        (normal((4, 4)), normal((3, 5)), normal((2, 2))),
        "transposed",
        "backward sums along axis 0, forward along axis 1",
        ("summed",),
    ),
    Wrong(
        "integral image: turned along rows only",
        op("integral", lambda x: (x.cumsum(-1).cumsum(-2), None), integral_backward),
        (normal((4, 4)), normal((2, 5)), normal((2, 3, 3))),
        "flipped",
        "along the last axis the gradient must be summed from the end, too",
        ("transposed", "other place"),
    ),
    Wrong(
        "sums of rows times sums of columns: columns for both",
        op("sums", product_of_sums_forward, product_of_sums_backward),
        (normal((4, 4)), normal((3, 3)), normal((2, 2))),
        "wrong formula",
        "the columns' share must be multiplied by the rows' sums",
        ("chain factor", "scale", "wrong point", "exchanged"),
    ),
]
