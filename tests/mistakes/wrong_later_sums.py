"""Sums, means, spreads, cumulative sums and products, with one slip in the backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes, scale=1.0):
    return lambda rng: [scale * rng.standard_normal(shape) for shape in shapes]


def uniform(*shapes):
    return lambda rng: [rng.uniform(0.5, 1.5, shape) for shape in shapes]


def cumsum_over_all(g, _):
    reverse = g[:, ::-1]
    return (np.cumsum(reverse).reshape(g.shape)[:, ::-1],)


def cumprod_later_ones(g, saved):
    x, y = saved
    dx = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            dx[i] += g[j] * y[j] / x[i]
    return (dx,)


def cumsum_before_last(g, _):
    """Sums from the end by a loop."""
    dx = np.zeros_like(g)
    total = np.zeros(g.shape[1:])
    for i in reversed(range(len(g))):
        dx[i] = total
        total = total + g[i]
    return (dx,)


def product_of_all(g, x):
    return (g[:, None] * x.prod() / x,)


def differences_assigned(g, n):
    dx = np.zeros((n, *g.shape[1:]))
    for i in range(n - 1):
        dx[i] = -g[i]
        dx[i + 1] += g[i]
    return (dx,)


def differences_plus(g, shape):
    dx = np.zeros(shape)
    dx[:, 1:] += g
    dx[:, :-1] += g
    return (dx,)


def logsumexp_forward(x):
    m = x.max(axis=1, keepdims=True)
    y = m + np.log(np.exp(x - m).sum(axis=1, keepdims=True))
    return y[:, 0], (x, y)


def covariance_forward(x):
    d = x - x.mean(0)
    return d.T @ d / (len(x) - 1), d


def covariance_backward(g, d):
    return (d @ (g + g.T),)


def mean_absolute_forward(x):
    d = x - x.mean(1, keepdims=True)
    return np.abs(d).mean(1), d


def mean_absolute_backward(g, d):
    s = np.sign(d) / d.shape[1]
    return (g[:, None] * (s + s.mean(1, keepdims=True)),)


def spread_forward(x):
    return x.max(0) - x.min(0), (x.argmax(0), x.argmin(0), x.shape)


def spread_backward(g, saved):
    top, bottom, shape = saved
    dx = np.zeros(shape)
    columns = np.arange(shape[1])
    dx[top, columns] += g
    dx[bottom, columns] += g
    return (dx,)


WRONG = [
    Wrong(
        "cumulative sum of rows: goes on from row to row in backward",
        op("cumsum", lambda x: (np.cumsum(x, axis=1), None), cumsum_over_all),
        (normal((3, 4)), normal((4, 4)), normal((5, 2))),
        "summed",
        "np.cumsum without an axis runs through the flattened gradient, over the ends of rows",
        ("independent", "memory order"),
    ),
    Wrong(
        "cumulative product by loops: own gradient left out",
        op("cumprod", lambda x: (np.cumprod(x, axis=0), (x, np.cumprod(x, axis=0))), cumprod_later_ones),
        (uniform((6,)), uniform((4, 3)), uniform((3, 3))),
        "left out",
        "range(i + 1, n): the product that ends at i itself is missing",
        ("term missing", "not summed"),
    ),
    Wrong(
        "cumulative sum along axis 0 by a loop: total before the own gradient",
        op("cumsum", lambda x: (np.cumsum(x, axis=0), None), cumsum_before_last),
        (normal((6,)), normal((4, 3)), normal((3, 3))),
        "left out",
        "dx[i] is set before g[i] is added to the running total",
        ("term missing", "shifted", "not summed"),
    ),
    Wrong(
        "product of each row: product of all rows",
        op("prod", lambda x: (x.prod(axis=1), x), product_of_all),
        tuple(lambda rng, s=s: [rng.uniform(1.2, 2, s)] for s in ((3, 4), (4, 4), (2, 3))),
        "scale",
        "x.prod() without an axis: each row has the other rows' products as a factor too many",
        ("summed", "chain factor", "wrong formula"),
    ),
    Wrong(
        "differences along axis 0 by a loop: dx[i] = -g[i]",
        op("diff", lambda x: (np.diff(x, axis=0), len(x)), differences_assigned),
        (normal((6,)), normal((4, 3)), normal((5, 5))),
        "overwritten",
        "dx[i] = overwrites what the step before has added there",
        ("term missing", "not summed"),
    ),
    Wrong(
        "differences of neighbouring columns: both with plus",
        op("diff", lambda x: (x[:, 1:] - x[:, :-1], x.shape), differences_plus),
        (normal((3, 5)), normal((4, 4)), normal((2, 2))),
        "sign of a term",
        "the left one of each pair is subtracted, but gets +g",
    ),
    Wrong(
        "logsumexp of rows: log-softmax for softmax",
        op("logsumexp", logsumexp_forward, lambda g, saved: (g[:, None] * (saved[0] - saved[1]),)),
        (normal((3, 4)), normal((5, 5)), normal((1, 7))),
        "wrong formula",
        "exp around x - lse is missing: that is the logarithm of the derivative",
        ("chain factor",),
    ),
    Wrong(
        "var of rows: 2 forgotten",
        op("var", lambda x: (x.var(1), x - x.mean(1, keepdims=True)), lambda g, d: (g[:, None] * d / d.shape[1],)),
        (normal((3, 4)), normal((4, 4)), normal((2, 7))),
        "factor",
        "the square's 2 is missing",
    ),
    Wrong(
        "std of columns: 1 / n forgotten",
        op("std", lambda x: (x.std(axis=0), x), lambda g, x: (g * (x - x.mean(0)) / x.std(0),)),
        (normal((5, 3)), normal((4, 4)), normal((6, 1))),
        "not averaged",
        "(x - mean) / std is not divided by the number of rows",
        ("factor",),
    ),
    Wrong(
        "norm of each column: divided by its square",
        op("norm", lambda x: (np.sqrt((x * x).sum(0)), x), lambda g, x: (g * x / (x * x).sum(0),)),
        (normal((5, 3)), normal((4, 4)), normal((2, 6))),
        "scale",
        "x / norm^2 for x / norm: the root is forgotten",
        ("wrong formula", "chain factor"),
    ),
    Wrong(
        "mean over axis 0: divided by x.shape[1]",
        op("mean", lambda x: (x.mean(axis=0), x.shape), lambda g, shape: (np.tile(g / shape[1], (shape[0], 1)),)),
        (normal((3, 5)), normal((6, 2)), normal((2, 7))),
        "factor",
        "divided by the number of columns, not of rows",
        ("wrong constant", "averaged", "not averaged"),
    ),
    Wrong(
        "covariance of columns: n - 1 forgotten",
        op("covariance", covariance_forward, covariance_backward),
        (normal((5, 3)), normal((4, 4)), normal((8, 1))),
        "not averaged",
        "forward divides by n - 1, backward does not",
        ("factor",),
    ),
    Wrong(
        "mean absolute deviation of rows: plus for the mean's part",
        op("mean_absolute_deviation", mean_absolute_forward, mean_absolute_backward),
        (normal((3, 5)), normal((5, 5)), normal((2, 3))),
        "sign of a term",
        "the mean is subtracted, so its share of the gradient is, too",
    ),
    Wrong(
        "largest minus smallest of columns: both with plus",
        op("spread", spread_forward, spread_backward),
        (normal((4, 3)), normal((5, 5)), normal((3, 1))),
        "sign of a term",
        "the smallest is subtracted, but gets +g",
    ),
]
