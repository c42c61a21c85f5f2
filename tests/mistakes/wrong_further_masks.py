"""Masks, clips and branches by value, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def dead_zone_backward(g, x):
    return (g * (np.abs(x) < 1.3),)


def valid_places(x):
    """A mask (N, T): row n has its first 1 + n % (T - 1) places."""
    n, t = x.shape
    return np.arange(t) <= np.arange(n)[:, None] % (t - 1)


def masked_lse_forward(x):
    filled = np.where(valid_places(x), x, -np.inf)
    top = filled.max(axis=1)
    y = top + np.log(np.exp(filled - top[:, None]).sum(axis=1))
    return y, (x, y)


def masked_lse_backward(g, saved):
    x, y = saved
    return (g[:, None] * np.exp(x - y[:, None]),)


def band(n, width):
    i = np.arange(n)
    return (np.abs(i[:, None] - i) <= width).astype(float)


def banded_forward(s, v):
    return (s * band(len(s), 1)) @ v, (s, v)


def banded_backward(g, saved):
    s, v = saved
    ds = (g @ v.T) * band(len(s), 2)
    dv = (s * band(len(s), 1)).T @ g
    return ds, dv


def strictly_lower_backward(g, saved):
    a, x = saved
    return np.tril(np.outer(g, x)), np.tril(a, -1).T @ g


def kept(n):
    return (np.arange(n) % 3 != 1).astype(float)


def row_drop_forward(x):
    shape = (-1,) + (1,) * (x.ndim - 1)
    return x * kept(len(x)).reshape(shape), None


def above_mean_forward(x):
    return np.where(x > x.mean(axis=1, keepdims=True), x, 0.0), x


def hat_forward(x, c):
    d = x - c
    return np.maximum(0, 1 - np.abs(d)), (x, d)


def hat_backward(g, saved):
    x, d = saved
    slope = -g * np.sign(d) * (np.abs(x) < 1)
    return slope, -slope


def largest_magnitude_backward(g, saved):
    a, b = saved
    first = np.abs(a) > np.abs(b)
    return g * first, g * ~first


def two_slopes_forward(x):
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        y[i] = np.log1p(x[i]) if x[i] > 0 else x[i] ** 2
    return y, x


def two_slopes_backward(g, x):
    dx = np.empty_like(x)
    for i in np.ndindex(x.shape):
        dx[i] = g[i] / (1 + x[i]) if x[i] > 0 else g[i] * x[i]
    return (dx,)


WRONG = [
    Wrong(
        "dead zone with limits: dead zone unmasked",
        op("dead_zone", lambda x: (np.sign(x) * np.clip(np.abs(x) - 0.3, 0, 1), x), dead_zone_backward),
        (normal((14,)), normal((4, 6)), normal((2, 3, 3, 3))),
        "no mask",
        "forward is 0 where |x| < 0.3; backward masks only beyond 1.3",
        ("wrong mask",),
    ),
    Wrong(
        "relu of sums of rows: mask of the elements",
        op("relu_sum", lambda x: (np.maximum(x.sum(axis=1), 0), x), lambda g, x: (g[:, None] * (x > 0),)),
        (lambda rng: [rng.standard_normal((9, 4)) + 0.6 * (-1.0) ** np.arange(9)[:, None]], normal((8, 8)), normal((12, 2))),
        "wrong mask",
        "the mask is x > 0 element by element, not that of the sum of the row",
        ("no mask", "wrong point"),
    ),
    Wrong(
        "epsilon-insensitive loss: inside, too",
        op("insensitive", lambda d: (np.maximum(np.abs(d) - 0.5, 0), d), lambda g, d: (g * np.sign(d),)),
        (normal((10,)), normal((5, 5)), normal((3, 1, 8))),
        "no mask",
        "within 0.5 the loss is flat, but gets the slope sign(d)",
        ("wrong mask", "value"),
    ),
    Wrong(
        "relu of a difference: second input unmasked",
        op("relu_sub", lambda a, b: (np.maximum(a - b, 0), a > b), lambda g, mask: (g * mask, -g)),
        (normal((9,), (9,)), normal((4, 4), (4, 4)), normal((2, 3, 4), (2, 3, 4))),
        "no mask",
        "the mask a > b is only applied to a's gradient",
    ),
    Wrong(
        "log-sum-exp of valid places: padding gets a gradient",
        op("masked_lse", masked_lse_forward, masked_lse_backward),
        (normal((4, 5)), normal((6, 6)), normal((3, 10))),
        "no mask",
        "exp(x - y) is not masked: the padding gets a gradient",
        ("independent", "wrong mask"),
    ),
    Wrong(
        "banded matrix of scores times values: band one wider",
        op("banded", banded_forward, banded_backward),
        (normal((6, 6), (6, 3)), normal((5, 5), (5, 5)), normal((8, 8), (8, 2))),
        "wrong mask",
        "the scores' gradient is masked with a band of width 2, forward has 1",
        ("no mask", "independent", "wrong constant"),
    ),
    Wrong(
        "strictly lower triangle times vector: diagonal passes",
        op("strictly_lower", lambda a, x: (np.tril(a, -1) @ x, (a, x)), strictly_lower_backward),
        (normal((5, 5), (5,)), normal((8, 8), (8,)), normal((3, 3), (3,))),
        "wrong mask",
        "the matrix's gradient is cut by tril(0) instead of tril(-1): the diagonal gets one",
        ("no mask", "independent"),
    ),
    Wrong(
        "dropped rows: the mask along the last axis",
        op("row_drop", row_drop_forward, lambda g, _: (g * kept(g.shape[-1]),)),
        (normal((5, 5)), normal((7, 7)), normal((4, 3, 4))),
        "wrong mask",
        "the mask of the rows is applied to the columns",
        ("transposed", "no mask"),
    ),
    Wrong(
        "product with a ceiling: mask of the first factor",
        op(
            "min_mul",
            lambda a, b: (np.minimum(a * b, 0.4), (a, b)),
            lambda g, s: (g * s[1] * (s[0] < 0.4), g * s[0] * (s[0] < 0.4)),
        ),
        (normal((12,), (12,)), normal((4, 5), (4, 5)), normal((3, 3, 3), (3, 3, 3))),
        "wrong mask",
        "a < 0.4 is asked, not a b < 0.4",
        ("wrong point", "no mask"),
    ),
    Wrong(
        "scaled and clipped: the mask of what is cut",
        op("scaled_clip", lambda x: (np.clip(2.5 * x, -1, 1), x), lambda g, x: (2.5 * g * (np.abs(2.5 * x) > 1),)),
        (normal((11,)), normal((5, 4)), normal((2, 2, 3, 3))),
        "inverted mask",
        "the comparison is the wrong way round: > 1 for < 1",
    ),
    Wrong(
        "truncated cubic: parabola below zero",
        op("cubic_plus", lambda x: (np.maximum(x, 0) ** 3, x), lambda g, x: (3 * g * x**2,)),
        (normal((8,)), normal((6, 3)), normal((4, 4))),
        "no mask",
        "3 x^2 is not zero where x < 0",
        ("value", "wrong point"),
    ),
    Wrong(
        "elements above their row's mean: threshold of all",
        op("above_mean", above_mean_forward, lambda g, x: (g * (x > x.mean()),)),
        (
            lambda rng: [rng.standard_normal((4, 5)) + 0.7 * np.arange(4)[:, None]],
            lambda rng: [rng.standard_normal((6, 6)) + np.arange(6)[:, None]],
        ),
        "wrong mask",
        "the mask compares with the mean of everything, not of the row",
        ("no mask",),
    ),
    Wrong(
        "hat function of learned centres: asks |x| < 1",
        op("hat", hat_forward, hat_backward),
        (normal((10,), (10,)), normal((4, 6), (4, 6)), normal((3, 3, 3), (3, 3, 3))),
        "wrong mask",
        "the hat ends where |x - c| = 1, the mask is of x without c",
        ("wrong point", "no mask"),
    ),
    Wrong(
        "larger magnitude of two: signs forgotten",
        op("max_abs", lambda a, b: (np.maximum(np.abs(a), np.abs(b)), (a, b)), largest_magnitude_backward),
        (normal((9,), (9,)), normal((5, 5), (5, 5)), normal((2, 4, 3), (2, 4, 3))),
        "value",
        "|a| has the slope sign(a): wrong where the larger one is negative",
        ("chain factor",),
    ),
    Wrong(
        "logarithm right, parabola left: 2 forgotten",
        op("two_slopes", two_slopes_forward, two_slopes_backward),
        (normal((10,)), normal((3, 7)), normal((2, 2, 5))),
        "value",
        "x**2 for negative x has the slope 2 x, not x",
        ("wrong formula", "wrong constant", "chain factor"),
    ),
]
